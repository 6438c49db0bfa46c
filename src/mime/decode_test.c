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

/* Rows of signs, and one byte that is no digit behind them. */
static void test_signs(void)
{
    static const struct qp_way kept = {.bad = QP_BAD_KEPT}, without = {.bad = QP_BAD_WITHOUT_SIGN},
                               dropped = {.bad = QP_BAD_DROPPED}, whole = {.bad = QP_BAD_WHOLE};
    tap_case("signs in a row");
    bool ok = true;
    for (size_t n = 1; n < LENGTH_MAX && ok; n++) {
        char in[LENGTH_MAX + 1], out[LENGTH_MAX + 1];
        unsigned odd;
        memset(in, '=', n);
        in[n] = 'x';
        struct str all = str_make(in, n + 1);
        ok = tap_str(str_make(out, qp_read(all, &kept, out, &odd)), all) &&
             tap_int(odd, ODD_ESCAPE) &&
             tap_str(str_make(out, qp_read(all, &whole, out, &odd)), all) &&
             tap_str(str_make(out, qp_read(all, &without, out, &odd)), STR("x")) &&
             tap_str(str_make(out, qp_read(all, &dropped, out, &odd)), STR(""));
    }
}

/* A way whose oddity was not met gives what the first one gives: all texts of five bytes. */
static void test_oddities(void)
{
    static const char letters[] = {'=', '4', 'x', ' ', '\r', '\n'};
    static const struct qp_way first = {.bad = QP_BAD_KEPT};
    static const struct {
        struct qp_way way;
        unsigned odd;
    } others[] = {{{.bad = QP_BAD_KEPT, .one_digit = true}, ODD_DIGIT},
                  {{.bad = QP_BAD_KEPT, .break_is_lf = true}, ODD_CRLF}};
    enum { N = 5, TEXTS = 6 * 6 * 6 * 6 * 6 };
    for (size_t k = 0; k < ARRAY_LEN(others); k++) {
        size_t differ = 0;
        tap_case("oddity %u tells whether the way differs", others[k].odd);
        for (unsigned i = 0, rest = 0; i < TEXTS; i++) {
            char in[N], a[N], b[N];
            unsigned odd, other;
            rest = i;
            for (size_t at = 0; at < N; at++, rest /= 6)
                in[at] = letters[rest % 6];
            struct str x = str_make(a, qp_read(str_make(in, N), &first, a, &odd));
            struct str y = str_make(b, qp_read(str_make(in, N), &others[k].way, b, &other));
            differ += !str_eq(x, y);
            if (!tap_ok(((odd & others[k].odd) != 0) == !str_eq(x, y)))
                break;
        }
        tap_ok(differ > 0);
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
    test_signs();
    test_oddities();
    return tap_done();
}
