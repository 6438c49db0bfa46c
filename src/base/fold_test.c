/* Words written in many ways fold to the same, and other letters stay what they are. */
#include "base/fold.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "tests/tap.h"

static const struct {
    const char *label;
    struct str text, want;
} rows[] = {
    {"nothing", STR_INIT(""), STR_INIT("")},
    {"no word", STR_INIT(" \t.,;-!\r\n"), STR_INIT("")},
    {"case", STR_INIT("PayPal"), STR_INIT(" paypal ")},
    {"what parts words", STR_INIT("sign-in,  now\r\n(e-mail)"), STR_INIT(" sign in now e mail ")},
    {"digits", STR_INIT("Office365"), STR_INIT(" office365 ")},
    {"NUL", STR_INIT("a\0b"), STR_INIT(" a b ")},
    {"accents",
     STR_INIT("V\xc3\xa9rifiez \xc3\x9c"
              "ber \xc5\xbb\xc3\xb3\xc5\x82w"),
     STR_INIT(" verifiez uber zolw ")},
    {"accents on their own", STR_INIT("ve\xcc\x81rifiez"), STR_INIT(" verifiez ")},
    {"pairs",
     STR_INIT("Stra\xc3\x9f"
              "e \xc3\x86on"),
     STR_INIT(" strasse aeon ")},
    {"zero width", STR_INIT("pass\xe2\x80\x8bword ver\xc2\xadify"), STR_INIT(" password verify ")},
    {"Cyrillic that looks Latin", STR_INIT("\xd0\xa0\xd0\xb0y\xd0\xa0\xd0\xb0l"),
     STR_INIT(" paypal ")},
    {"Greek that looks Latin", STR_INIT("\xce\x91mazon G\xce\xbf\xce\xbfgle"),
     STR_INIT(" amazon google ")},
    {"wide", STR_INIT("\xef\xbc\xb0\xef\xbc\xa1\xef\xbd\x99"), STR_INIT(" pay ")},
    {"mathematics", STR_INIT("\xf0\x9d\x90\x8f\xf0\x9d\x90\x9a\xf0\x9d\x94\x82 \xf0\x9d\x9f\x9c"),
     STR_INIT(" pay 4 ")},
    {"small capitals", STR_INIT("\xe1\xb4\x98\xe1\xb4\x80\xca\x8f"), STR_INIT(" pay ")},
    {"Cyrillic in lower case", STR_INIT("\xd0\x9f\xd0\x98\xd0\x9b"),
     STR_INIT(" \xd0\xbf\xd0\xb8\xd0\xbb ")},
    {"Han stays", STR_INIT("\xe5\xaf\x86\xe7\xa0\x81"), STR_INIT(" \xe5\xaf\x86\xe7\xa0\x81 ")},
    {"signs and pictures part words",
     STR_INIT("a\xe2\x80\x93"
              "b\xf0\x9f\x8e\x81"
              "c\xc2\xa0"
              "d\xe3\x80\x80"
              "e"),
     STR_INIT(" a b c d e ")},
    {"no UTF-8",
     STR_INIT("a\xff"
              "b\xe2\x82"),
     STR_INIT(" a b ")},
};

/* What is folded already stays as it is, and the room is enough for any code point. */
static void test_all(void)
{
    static char text[0x110000 * 4], once[FOLD_BYTES(sizeof text)], twice[FOLD_BYTES(sizeof once)];
    struct buf b;
    buf_init(&b, sizeof text);
    for (int32_t c = 1; c < 0x110000; c++)
        if (c < 0xd800 || c > 0xdfff)
            utf8_add(&b, c);
    struct str first = fold_text(buf_str(&b), once);
    tap_case("every code point");
    tap_ok(utf8_valid(first) && first.n <= FOLD_BYTES(b.n));
    tap_case("folding twice changes nothing");
    tap_str(fold_text(first, twice), first);
    buf_clear(&b);
}

/* ASCII goes by blocks and by bytes: wherever the blocks begin, the same comes out. */
static void test_blocks(void)
{
    static const struct str text = STR_INIT("Dear  Customer,\r\n your PayPal-account (No. 12) is "
                                            "LOCKED!! Verify it at once: sign in NOW");
    static const struct str want = STR_INIT(" dear customer your paypal account no 12 is locked "
                                            "verify it at once sign in now ");
    enum { SHIFTS = 40 };
    char in[SHIFTS + 200], out[FOLD_BYTES(sizeof in)];
    for (size_t shift = 0; shift < SHIFTS; shift++) {
        memset(in, 'X', shift);
        memcpy(in + shift, text.p, text.n);
        struct str got = fold_text(str_make(in, shift + text.n), out);
        tap_case("a text behind %zu letters", shift);
        tap_str(str_slice(got, 1 + shift, got.n), str_slice(want, 1, want.n));
        memset(in, '-', shift);
        tap_case("a text behind %zu signs", shift);
        tap_str(fold_text(str_make(in, shift + text.n), out), want);
    }
}

int main(void)
{
    char out[200];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = malloc(rows[i].text.n + 1); /* so that a reader beyond the end is seen */
        if (text == NULL)
            abort();
        memcpy(text, rows[i].text.p, rows[i].text.n);
        tap_case("fold: %s", rows[i].label);
        tap_str(fold_text(str_make(text, rows[i].text.n), out), rows[i].want);
        free(text);
    }
    test_blocks();
    test_all();
    return tap_done();
}
