/* What looks like what: skeletons, and near misses of known domains. */
#include "url/lookalike.h"

#include "tests/tap.h"
#include "url/skeleton.h"

static const struct {
    const char *text, *letters, *digits;
} looks[] = {
    {"Example", "exarnple", "exarnple"},
    {"rn", "rn", "rn"},
    {"m", "rn", "rn"},
    {"0O1lI", "oolli", "oolli"},
    {"n3tfl1x", "n3tfllx", "netfllx"},
    {"vvord", "vvord", "word"},
    {"$4@5", "$4@5", "saas"},
    {"p\xd0\xb0yp\xd0\xb0l", "paypal", "paypal"},
    {"\xd1\x80\xd0\xb0\xd1\x83\xd1\x80\xd0\xb0l", "paypal", "paypal"},
    {"\xef\xbd\x90\xef\xbd\x81y", "pay", "pay"},
    {"\xf0\x9d\x97\xbd\xf0\x9d\x97\xaey", "pay", "pay"},
    {"p\xc3\xa1ypal", "paypal", "paypal"},
    {"pa\xcc\x81ypal", "paypal", "paypal"},
    {"pay\xe2\x80\x8bpal", "paypal", "paypal"},
    {"\xc9\xa1oogle", "google", "google"},
    {"\xc4\xb1nstagram", "instagrarn", "instagrarn"},
    {"\xce\xb1\xce\xbf", "ao", "ao"},
    {"\xd0\xba\xd1\x82", "kt", "kt"},
    {"\xe4\xbd\xa0", "\xe4\xbd\xa0", "\xe4\xbd\xa0"},
    {"\xff", "\xff", "\xff"},
    {"", "", ""},
};

static void test_skeleton(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        tap_case("skeleton: %s", looks[i].text);
        tap_str(skeleton(&a, str_from(looks[i].text), SKELETON_LETTERS),
                str_from(looks[i].letters));
        tap_str(skeleton(&a, str_from(looks[i].text), SKELETON_DIGITS), str_from(looks[i].digits));
    }
    arena_clear(&a);
}

static const struct str known[] = {
    STR_INIT("microsoft.com"),
    STR_INIT("paypal.com"),
    STR_INIT("www.Contoso.co.uk"),
    STR_INIT("apple.com"),
    STR_INIT("ebay.de"),
    STR_INIT("dhl.de"),
    STR_INIT("paypal.fr"),
    STR_INIT("b\xc3\xbc"
             "cherei.example"),
    STR_INIT("co.uk"),
    STR_INIT("my-bank.example"),
};

static const struct {
    const char *site;
    enum lookalike_kind kind;
    size_t domain;
} rows[] = {
    {"microsoft.com", LOOKALIKE_SAME, 0},
    {"paypal.fr", LOOKALIKE_SAME, 6},
    {"contoso.co.uk", LOOKALIKE_SAME, 2},
    {"rnicrosoft.com", LOOKALIKE_GLYPH, 0},
    {"micr0soft.com", LOOKALIKE_GLYPH, 0},
    {"xn--icrosoft-fph.com", LOOKALIKE_NONE, 0},
    {"xn--pypal-4ve.com", LOOKALIKE_GLYPH, 1},
    {"paypa1.com", LOOKALIKE_GLYPH, 1},
    {"paypai.com", LOOKALIKE_GLYPH, 1},
    {"c0nt0s0.com", LOOKALIKE_GLYPH, 2},
    {"mircosoft.com", LOOKALIKE_SWAP, 0},
    {"paypla.com", LOOKALIKE_SWAP, 1},
    {"payppal.com", LOOKALIKE_REPETITION, 1},
    {"aple.com", LOOKALIKE_REPETITION, 3},
    {"microsft.com", LOOKALIKE_OMISSION, 0},
    {"icrosoft.com", LOOKALIKE_OMISSION, 0},
    {"microsof.com", LOOKALIKE_OMISSION, 0},
    {"microsofts.com", LOOKALIKE_ADDITION, 0},
    {"xmicrosoft.com", LOOKALIKE_ADDITION, 0},
    {"pay-pal.com", LOOKALIKE_HYPHEN, 1},
    {"mybank.example", LOOKALIKE_HYPHEN, 9},
    {"paypel.com", LOOKALIKE_VOWEL, 1},
    {"contoso.com", LOOKALIKE_SUFFIX, 2},
    {"paypal.net", LOOKALIKE_SUFFIX, 1},
    {"paypwl.com", LOOKALIKE_NONE, 0},
    {"paypsl.com", LOOKALIKE_REPLACEMENT, 1},
    {"microsokt.com", LOOKALIKE_REPLACEMENT, 0},
    {"microsoft-login.com", LOOKALIKE_WORD, 0},
    {"secure-paypal-account.com", LOOKALIKE_WORD, 1},
    {"bucherei.example", LOOKALIKE_GLYPH, 7},
    /* near misses of near misses */
    {"macrosaft.com", LOOKALIKE_NONE, 0},
    {"example.com", LOOKALIKE_NONE, 0},
    {"microsoftpaypal.com", LOOKALIKE_NONE, 0},
    {"eba.de", LOOKALIKE_NONE, 0},
    {"ebaz.de", LOOKALIKE_NONE, 0},
    {"bay.de", LOOKALIKE_NONE, 0},
    {"ebya.de", LOOKALIKE_SWAP, 4},
    {"e-bay.de", LOOKALIKE_HYPHEN, 4},
    {"dh1.de", LOOKALIKE_NONE, 0},
    {"dhll.de", LOOKALIKE_NONE, 0},
    {"dhl-paket.de", LOOKALIKE_NONE, 0},
    {"apqle.com", LOOKALIKE_NONE, 0},
    {"com", LOOKALIKE_NONE, 0},
    {"", LOOKALIKE_NONE, 0},
    {"a.com", LOOKALIKE_NONE, 0},
};

static void test_lookalikes(void)
{
    struct arena a = {0};
    struct lookalikes *set = NULL;
    struct lookalike found;
    arena_init(&a, 1 << 20);
    tap_case("lookalike: the set is made");
    tap_int(lookalikes_new(&a, known, ARRAY_LEN(known), &set, NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("lookalike: %s", rows[i].site);
        tap_int(lookalike_find(&a, set, str_from(rows[i].site), &found, NULL), MP_OK);
        tap_cstr(lookalike_text(found.kind), lookalike_text(rows[i].kind));
        tap_int(found.domain, rows[i].domain);
    }
    tap_case("lookalike: no memory is said");
    struct arena small = {0};
    arena_init(&small, 64);
    tap_int(lookalikes_new(&small, known, ARRAY_LEN(known), &set, NULL), MP_E_NOMEM);
    arena_clear(&small);
    tap_case("lookalike: nothing known");
    tap_int(lookalikes_new(&a, NULL, 0, &set, NULL), MP_OK);
    tap_int(lookalike_find(&a, set, STR("example.com"), &found, NULL), MP_OK);
    tap_int(found.kind, LOOKALIKE_NONE);
    arena_clear(&a);
}

int main(void)
{
    test_skeleton();
    test_lookalikes();
    return tap_done();
}
