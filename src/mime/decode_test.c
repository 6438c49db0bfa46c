/* Decoders read sixteen bytes at a time where they can: the same comes out as byte by byte. */
#include "mime/decode.h"
#include "tests/tap.h"

enum { LENGTH_MAX = 70, OUT_MAX = 4 * LENGTH_MAX };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Octet by octet: "=" begins anew, what is no digit is passed over. */
static struct str plain_base64(struct str in, char out[OUT_MAX])
{
    uint32_t bits = 0;
    size_t held = 0, n = 0;
    for (size_t i = 0; i < in.n; i++) {
        const char *digit = memchr(alphabet, in.p[i], 64);
        if (in.p[i] == '=')
            held = bits = 0;
        if (digit == NULL)
            continue;
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        out[n++] = (char)(unsigned char)(bits >> held & 0xff);
    }
    return str_make(out, n);
}

static struct str plain_qp(struct str in, char out[OUT_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        bool escape = in.p[i] == '=' && i + 2 < in.n && in.p[i + 1] == '4' && in.p[i + 2] == '1';
        out[n++] = escape ? 'A' : in.p[i];
        i += escape ? 2 : 0;
    }
    return str_make(out, n);
}

static bool decodes_alike(struct str in)
{
    static const struct base64_way base64 = {PAD_RESTARTS, JUNK_SKIPPED, false};
    static const struct qp_way qp = {.bad = QP_BAD_KEPT};
    char out[OUT_MAX], want[OUT_MAX];
    unsigned odd;
    struct str got = str_make(out, base64_read(in, &base64, out, &odd));
    bool ok = tap_str(got, plain_base64(in, want));
    got = str_make(out, qp_read(in, &qp, out, &odd));
    return ok & tap_str(got, plain_qp(in, want));
}

/* `text` of every length, with `mark` in every place of it. */
static void test_places(const char *name, const char *text, struct str mark)
{
    tap_case("%s", name);
    bool ok = true;
    for (size_t n = 0; n < LENGTH_MAX && ok; n++)
        for (size_t at = 0; at <= n && ok; at++) {
            char in[LENGTH_MAX + 8];
            memcpy(in, text, at);
            memcpy(in + at, mark.p, mark.n);
            memcpy(in + at + mark.n, text + at, n - at);
            ok = decodes_alike(str_make(in, n + mark.n));
        }
}

/* The first digit that is none, the first of two bytes, the first of three in succession. */
static void test_searches(void)
{
    tap_case("searches end where they should");
    bool ok = true;
    for (size_t n = 0; n < LENGTH_MAX && ok; n++)
        for (size_t at = 0; at <= n && ok; at++) {
            char in[LENGTH_MAX + 8];
            memset(in, 'A', sizeof in);
            in[n] = '\n'; /* behind the end: is not looked at */
            if (at < n)
                in[at] = '-';
            ok = tap_int(base64_digits(str_make(in, n)), at) &&
                 tap_int(vec_find(in, n, '\n', '-'), at) && tap_int(vec_find(in, n, '-', '\n'), at);
            if (at + 3 > n)
                continue;
            in[at + 1] = in[at + 2] = '-';
            ok = ok && tap_int(vec_find3(in, n, "---"), at);
        }
}

int main(void)
{
    static const char text[] =
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5"
        "ejAxMjM0";
    test_places("digits alone", text, STR(""));
    test_places("a line end", text, STR("\n"));
    test_places("CRLF", text, STR("\r\n"));
    test_places("junk", text, STR("-"));
    test_places("an octet above 127", text, STR("\xc1"));
    test_places("an escape", text, STR("=41"));
    test_places("neighbours of the alphabet", text, STR("@[`{.:"));
    test_places("the ends of the alphabet", text, STR("+/AZaz09"));
    test_searches();
    return tap_done();
}
