/* Kinds, options and writers: what tests/e2e/forge_test.py cannot see from outside. */
#include "tests/tap.h"

#include "dns/zone.h"
#include "finding/finding.h"
#include "forge/forge_internal.h"

enum { ARENA_BYTES = 1 << 28, TIGHT_STEPS = 40 };
static const int64_t now_s = 1795460400; /* 2026-11-23T19:00:00Z */

static struct private_key *victim, *attacker;

static struct forge_options usual(void)
{
    return (struct forge_options){.key = victim,
                                  .selector = STR("mail"),
                                  .attacker_key = attacker,
                                  .attacker_selector = STR("mail"),
                                  .seed = 1,
                                  .now_s = now_s};
}

/* ---- the table ---- */

static bool term_known(struct str term)
{
    static const char *const words[] = {"spf", "dkim", "dmarc", "arc", "author", "part", "file"};
    struct str value = term, what = str_cut(&value, '='), id;
    enum finding_id row;
    if (value.n == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(what, str_from(words[i])))
            return true;
    bool known = str_eq(what, STR("finding"));
    while (known && value.p != NULL) {
        id = str_cut(&value, '|');
        known = finding_by_name(id, &row);
    }
    return known;
}

static void test_table(void)
{
    tap_case("each kind has a name of its own, a sentence, and terms that exist");
    for (size_t i = 0; i < n_forge_kinds; i++) {
        const struct forge_kind *k = &forge_kinds[i];
        struct str expect = str_from(k->expect), summary = str_from(k->summary);
        tap_ok(forge_kind_by_name(str_from(k->name)) == k);
        tap_ok(str_ends(summary, STR(".")));
        while (expect.p != NULL) {
            struct str term = str_cut(&expect, ' ');
            if (!term_known(term))
                tap_note("%s: %.*s", k->name, STR_ARG(term));
            tap_ok(term_known(term));
        }
    }
    tap_ok(forge_kind_by_name(STR("goo")) == NULL);
    tap_ok(forge_kind_by_name(STR("")) == NULL);
}

/* ---- messages ---- */

static int make(const struct forge_kind *k, const struct forge_options *o, size_t budget,
                struct buf *out, struct mp_err *err)
{
    struct arena a;
    struct forge_envelope envelope = {0};
    arena_init(&a, budget);
    int st = forge_make(&a, k, o, out, &envelope, err);
    if (st == MP_OK)
        tap_ok(envelope.helo.n > 0);
    arena_clear(&a);
    return st;
}

static void test_all_kinds(void)
{
    struct forge_options o = usual();
    struct buf first, again;
    struct mp_err err = {0};
    buf_init(&first, FORGE_MAX_BYTES);
    buf_init(&again, FORGE_MAX_BYTES);
    for (size_t i = 0; i < n_forge_kinds; i++) {
        tap_case("%s: made twice, the same bytes; with little memory an error",
                 forge_kinds[i].name);
        buf_reset(&first);
        buf_reset(&again);
        tap_int(make(&forge_kinds[i], &o, ARENA_BYTES, &first, &err), MP_OK);
        tap_int(make(&forge_kinds[i], &o, ARENA_BYTES, &again, &err), MP_OK);
        tap_ok(first.n > 0 && str_eq(buf_str(&first), buf_str(&again)));
        bool refused = false;
        for (size_t step = 0; step < TIGHT_STEPS; step++) {
            buf_reset(&again);
            int st = make(&forge_kinds[i], &o, step * step * 8, &again, &err);
            tap_ok(st == MP_OK || st == MP_E_NOMEM || st == MP_E_CRYPTO || st == MP_E_USAGE);
            tap_ok(st == MP_OK || again.n == 0);
            refused = refused || st != MP_OK;
        }
        tap_ok(refused);
    }
    buf_clear(&again);
    buf_clear(&first);
}

static const struct option_row {
    const char *label;
    struct forge_options o;
    const char *error;
} option_rows[] = {
    {"from with a line break", {.from = STR_INIT("a@b.example\r\nX: y")}, "--from"},
    {"from with two @", {.from = STR_INIT("a@b@c.example")}, "--from"},
    {"from without a local part", {.from = STR_INIT("@b.example")}, "--from"},
    {"from without a domain", {.from = STR_INIT("a@")}, "--from"},
    {"to with a comma", {.to = STR_INIT("a@b.example,c@d.example")}, "--to"},
    {"subject with a NUL", {.subject = STR_INIT("a\0b")}, "--subject"},
    {"subject that is not UTF-8", {.subject = STR_INIT("caf\xe9")}, "UTF-8"},
    {"tag with a space", {.tag = STR_INIT("a b")}, "--tag"},
    {"tag with a bracket", {.tag = STR_INIT("a>b")}, "--tag"},
    {"attacker that is no domain", {.attacker = STR_INIT("a b")}, "--attacker"},
    {"receiver that is no name", {.authserv_id = STR_INIT("a;b")}, "--authserv-id"},
};

static void test_options(void)
{
    struct buf out;
    struct mp_err err = {0};
    buf_init(&out, FORGE_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        const struct option_row *r = &option_rows[i];
        tap_case("refused: %s", r->label);
        tap_int(make(forge_kind_by_name(STR("good")), &r->o, ARENA_BYTES, &out, &err), MP_E_USAGE);
        tap_ok(str_search(str_from(err.text), str_from(r->error)) < strlen(err.text));
        tap_int(out.n, 0);
    }
    tap_case("a kind that needs a key says so");
    struct forge_options none = {.now_s = now_s};
    for (size_t i = 0; i < n_forge_kinds; i++) {
        const struct forge_kind *k = &forge_kinds[i];
        bool needs = k->needs_key || k->needs_attacker_key;
        buf_reset(&out);
        tap_int(make(k, &none, ARENA_BYTES, &out, &err), needs ? MP_E_USAGE : MP_OK);
        if (needs)
            tap_ok(str_search(str_from(err.text), STR("mailproof keygen")) < strlen(err.text));
    }
    buf_clear(&out);
}

static void test_subject(void)
{
    static const char text[] = "Gr\xc3\xbc\xc3\x9f"
                               "e aus K\xc3\xb6ln und aus M\xc3\xbcnchen, \xe2\x82\xac 5, und mehr";
    struct forge_options o = {.subject = STR(text), .tag = STR("t1"), .now_s = now_s};
    struct buf out;
    struct mp_err err = {0};
    tap_case("a subject of any language stands in lines of at most 76 characters");
    buf_init(&out, FORGE_MAX_BYTES);
    tap_int(make(forge_kind_by_name(STR("good")), &o, ARENA_BYTES, &out, &err), MP_OK);
    struct str rest = buf_str(&out);
    while (rest.n > 0) {
        struct str line = str_cut(&rest, '\n');
        tap_ok(line.n <= 90);
        for (size_t i = 0; i < line.n; i++)
            tap_ok((unsigned char)line.p[i] < 0x80);
    }
    buf_clear(&out);
}

/* ---- zone ---- */

static void test_zone(void)
{
    struct forge_options o = usual();
    struct mp_err err = {0};
    struct buf out;
    struct dns_zone *zone = dns_zone_new();
    static const char *const names[] = {
        "example.org",      "_dmarc.example.org",      "mail._domainkey.example.org",
        "attacker.example", "_dmarc.attacker.example", "mail._domainkey.attacker.example"};
    tap_case("the zone loads and has the records of both");
    buf_init(&out, FORGE_MAX_BYTES);
    tap_int(forge_zone(&o, STR("2001:db8::10"), STR("192.0.2.66"), &out, &err), MP_OK);
    tap_int(dns_zone_load(zone, buf_str(&out), "zone.db", &err), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct dns_answer *a = dns_zone_lookup(zone, str_from(names[i]), DNS_TXT);
        tap_int(a->status, DNS_DATA);
        dns_answer_unref(a);
    }
    tap_case("an address that is none is refused");
    tap_int(forge_zone(&o, STR("x"), STR("192.0.2.66"), &out, &err), MP_E_USAGE);
    buf_clear(&out);
    dns_zone_free(zone);
}

/* ---- writers ---- */

static void test_writers(void)
{
    struct buf out;
    struct arena a;
    struct str zip;
    struct mp_err err = {0};
    struct forge_random r = {1};
    struct forge_file files[17];
    arena_init(&a, ARENA_BYTES);
    buf_init(&out, FORGE_MAX_BYTES);
    tap_case("CRC-32 of the check string of its catalogue");
    tap_int(forge_crc32(0, STR("123456789")), 0xcbf43926);
    tap_int(forge_crc32(0, STR("")), 0);
    tap_case("MS-OVBA 3.2.3: text with nothing to copy, and the example that repeats");
    forge_vba_compress(&out, STR("abcdefghijklmnopqrstuv."));
    tap_str(buf_str(&out), STR("\x01\x19\xb0\x00"
                               "abcdefgh\x00"
                               "ijklmnop\x00"
                               "qrstuv."));
    buf_reset(&out);
    forge_vba_compress(
        &out, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "a"));
    tap_str(buf_str(&out), STR("\x01\x03\xb0\x02"
                               "a\x45\x00"));
    tap_case("a macro longer than a chunk is refused, not cut");
    char *big = arena_new(&a, char, FORGE_VBA_CHUNK_BYTES + 1);
    memset(big, 'x', FORGE_VBA_CHUNK_BYTES + 1);
    tap_int(forge_vba_project(&a, str_make(big, FORGE_VBA_CHUNK_BYTES + 1), &zip, &err),
            MP_E_LIMIT);
    tap_case("more files than an archive takes are refused");
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        files[i] = (struct forge_file){STR("a"), STR("b")};
    tap_int(forge_zip(&a, files, 17, FORGE_ZIP_STORED, STR_NONE, &r, &zip, &err), MP_E_LIMIT);
    tap_case("attachments: unknown, without number, too deep");
    struct forge_attachment attachment;
    tap_int(forge_attachment(&a, STR("nothing"), 1, &attachment, &err), MP_E_USAGE);
    tap_ok(str_search(str_from(err.text), STR("eicar, ")) < strlen(err.text));
    tap_int(forge_attachment(&a, STR("eicar:1"), 1, &attachment, &err), MP_E_USAGE);
    tap_int(forge_attachment(&a, STR("nested-zip:0"), 1, &attachment, &err), MP_E_USAGE);
    tap_int(forge_attachment(&a, STR("nested-zip:51"), 1, &attachment, &err), MP_E_USAGE);
    tap_int(forge_attachment(&a, STR("nested-zip:50"), 1, &attachment, &err), MP_OK);
    tap_str(attachment.type, STR("application/zip"));
    buf_clear(&out);
    arena_clear(&a);
}

int main(void)
{
    struct mp_err err = {0};
    tap_case("keys");
    tap_int(private_key_generate(KEY_RSA, KEY_RSA_MIN_BITS, &victim, &err), MP_OK);
    tap_int(private_key_generate(KEY_ED25519, 0, &attacker, &err), MP_OK);
    test_table();
    test_all_kinds();
    test_options();
    test_subject();
    test_zone();
    test_writers();
    private_key_free(victim);
    private_key_free(attacker);
    return tap_done();
}
