/* The parts without a server: times, form data, tokens and how often they may ask. */
#include "tests/tap.h"

#include <stdlib.h>

#include "webapi/webapi_internal.h"

static const int64_t now_ms = 1790000000123;

static const struct {
    const char *text;
    int64_t want_ms; /* -1: refused */
} times[] = {
    {"1790000000", 1790000000000},
    {"0", 0},
    {"24h", 1790000000123 - 86400000LL},
    {"30m", 1790000000123 - 1800000LL},
    {"7d", 1790000000123 - 7 * 86400000LL},
    {"2w", 1790000000123 - 14 * 86400000LL},
    {"99999999d", 0},
    {"2026-09-21T14:13:20Z", 1790000000000},
    {"2026-09-21T14:13:20.25Z", 1790000000250},
    {"2026-09-21T16:13:20+02:00", 1790000000000},
    {"2026-09-21T16:13:20 02:00", 1790000000000},
    {"2026-09-21T12:43:20-01:30", 1790000000000},
    {"2026-09-21", 1789948800000},
    {"2024-02-29", 1709164800000},
    {"2023-02-29", -1},
    {"2026-13-01", -1},
    {"2026-09-31", -1},
    {"2026-09-21T24:00:00Z", -1},
    {"2026-09-21T14:13:20", -1},
    {"2026-09-21T14:13:20Zx", -1},
    {"2026-09-21T14:13:20.Z", -1},
    {"1969-12-31", -1},
    {"yesterday", -1},
    {"", -1},
    {"h", -1},
    {"-1h", -1},
    {"999999999999999999", -1},
};

static void test_times(void)
{
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        int64_t ms = -1;
        tap_case("time: '%s'", times[i].text);
        if (!webapi_time_parse(str_from(times[i].text), now_ms, &ms))
            ms = -1;
        tap_int(ms, times[i].want_ms);
    }
}

/* ---- form data ---- */

#define TYPE "multipart/form-data; boundary="
static const struct {
    const char *label, *type, *body;
    const char *want; /* "name=body|..."; NULL: refused */
} forms[] = {
    {"one part", TYPE "b",
     "--b\r\nContent-Disposition: form-data; name=\"ip\"\r\n\r\n192.0.2.1\r\n--b--\r\n",
     "ip=192.0.2.1|"},
    {"preamble, quoted boundary, padding, another field", TYPE "\"b c\"",
     "nothing\r\n--b c  \r\nX: y\r\ncontent-disposition: FORM-DATA; filename=\"a;b\"; "
     "NAME=m\r\n\r\n"
     "a\r\n-- b\r\n\r\n--b c--",
     "m=a\r\n-- b\r\n|"},
    {"two parts, one empty", TYPE "b",
     "--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n\r\n--b\r\n"
     "Content-Disposition: form-data; name=c\r\n\r\nd\r\n--b--",
     "a\"b=|c=d|"},
    {"no end", TYPE "b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n", NULL},
    {"a delimiter that goes on", TYPE "b",
     "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--bc--", NULL},
    {"no boundary", "multipart/form-data", "--b--", NULL},
    {"an empty boundary", TYPE "\"\"", "----", NULL},
    {"a boundary without an end", TYPE "\"b", "--b--", NULL},
    {"a boundary with odd characters", TYPE "\"b\\\"<\"", "--b--", NULL},
    {"no name", TYPE "b", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", NULL},
    {"no head", TYPE "b", "--b\r\n\r\nx\r\n--b--", NULL},
    {"an encoded part", TYPE "b",
     "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
     "eA==\r\n--b--",
     NULL},
    {"no delimiter", TYPE "b", "nothing", NULL},
    {"only the end", TYPE "b", "--b--", ""},
    {"nothing", TYPE "b", "", NULL},
};

static void test_forms(void)
{
    struct arena a = {0};
    struct mp_err err = {0};
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct form f = {0};
        struct str got = STR("");
        tap_case("form: %s", forms[i].label);
        int st =
            webapi_multipart_read(&a, str_from(forms[i].type), str_from(forms[i].body), &f, &err);
        tap_int(st, forms[i].want == NULL ? MP_E_SYNTAX : MP_OK);
        for (size_t k = 0; k < f.n; k++)
            got = arena_fmt(&a, STR_FMT STR_FMT "=" STR_FMT "|", STR_ARG(got),
                            STR_ARG(f.parts[k].name), STR_ARG(f.parts[k].body));
        tap_str(got, str_from(forms[i].want == NULL ? "" : forms[i].want));
    }
    tap_case("form: too many parts");
    struct buf b;
    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i <= WEBAPI_MULTIPART_MAX_PARTS; i++)
        buf_addz(&b, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n");
    buf_addz(&b, "--b--");
    struct form f;
    tap_int(webapi_multipart_read(&a, STR(TYPE "b"), buf_str(&b), &f, &err), MP_E_SYNTAX);
    tap_ok(str_search(str_from(err.text), STR("more than")) < strlen(err.text));
    buf_clear(&b);
    arena_clear(&a);
}

/* ---- tokens ---- */

static const struct str good = STR_INIT("0123456789abcdef"), other = STR_INIT("fedcba9876543210");

static void test_token_texts(void)
{
    unsigned char of_file[DIGEST_MAX_BYTES], of_hex[DIGEST_MAX_BYTES];
    struct mp_err err = {0};
    /* printf %s 0123456789abcdef | sha256sum */
    static const struct str hex =
        STR_INIT("9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f");
    tap_case("token: of a file, and its hash");
    tap_int(webapi_token_of(STR("0123456789abcdef\n"), of_file, &err), MP_OK);
    tap_ok(webapi_token_hash(hex, of_hex));
    tap_ok(memcmp(of_file, of_hex, sizeof of_hex) == 0);
    static const char *const not_tokens[] = {"", "short", "0123456789abcde f",
                                             "0123456789abcdef\nx", "0123456789abcd\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_LEN(not_tokens); i++) {
        tap_case("token: '%s' is none", not_tokens[i]);
        tap_int(webapi_token_of(str_from(not_tokens[i]), of_file, &err), MP_E_SYNTAX);
    }
    tap_case("token: texts that are no hash");
    tap_ok(webapi_token_hash(
        STR("sha256:9F9F5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f\n"), of_hex));
    tap_ok(memcmp(of_file, of_hex, 4) == 0);
    tap_ok(!webapi_token_hash(str_slice(hex, 0, 62), of_hex));
    tap_ok(!webapi_token_hash(
        STR("zf9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"), of_hex));
}

static enum gate_answer ask(struct gate *g, struct str token, const char *ip, int64_t at_s)
{
    struct ip from;
    if (!ip_parse(str_from(ip), &from))
        abort();
    return webapi_gate_ask(g, token, &from, at_s * 1000000 + 1).answer;
}

static void test_gate(void)
{
    struct webapi_token tokens[2] = {{.name = STR("a"), .scopes = WEBAPI_READ},
                                     {.name = STR("b"), .scopes = WEBAPI_ADMIN}};
    struct webapi_config c = {.tokens = tokens, .n_tokens = 2, .rate_per_min = 60};
    struct mp_err err = {0};
    webapi_token_of(good, tokens[0].sha256, &err);
    webapi_token_of(other, tokens[1].sha256, &err);
    struct gate *g = webapi_gate_new(&c);
    tap_case("gate: a right token, a wrong one");
    tap_int(ask(g, good, "192.0.2.1", 1000), GATE_OPEN);
    tap_int(ask(g, STR("0123456789abcdeg"), "192.0.2.2", 1000), GATE_WRONG);

    tap_case("gate: wrong tokens are refused unseen after a while, from that address");
    for (int i = 1; i < WEBAPI_LOGINS_FAILED_MAX; i++)
        tap_int(ask(g, STR("wrong"), "192.0.2.2", 1000), GATE_WRONG);
    tap_int(ask(g, STR("wrong"), "192.0.2.2", 1000), GATE_LATER);
    tap_int(ask(g, good, "192.0.2.2", 1000), GATE_LATER); /* guessing right does not help */
    tap_int(ask(g, STR("wrong"), "192.0.2.3", 1000), GATE_WRONG);
    tap_case("gate: a token that was good from there stays good");
    for (int i = 0; i < WEBAPI_LOGINS_FAILED_MAX; i++)
        ask(g, STR("wrong"), "192.0.2.1", 1000);
    tap_int(ask(g, STR("wrong"), "192.0.2.1", 1000), GATE_LATER);
    tap_int(ask(g, good, "192.0.2.1", 1000), GATE_OPEN);
    tap_int(ask(g, other, "192.0.2.1", 1000), GATE_LATER);
    tap_case("gate: a network of IPv6 is one address");
    for (int i = 0; i < WEBAPI_LOGINS_FAILED_MAX; i++) {
        char text[40];
        snprintf(text, sizeof text, "2001:db8::%x", i + 1);
        tap_int(ask(g, STR("wrong"), text, 1000), GATE_WRONG);
    }
    tap_int(ask(g, STR("wrong"), "2001:db8::ffff", 1000), GATE_LATER);
    tap_int(ask(g, STR("wrong"), "2001:db8:0:1::1", 1000), GATE_WRONG);
    tap_case("gate: time forgives");
    tap_int(ask(g, STR("wrong"), "192.0.2.2", 1000 + WEBAPI_LOGIN_REFILL_S), GATE_WRONG);
    tap_int(ask(g, STR("wrong"), "192.0.2.2", 1000 + WEBAPI_LOGIN_REFILL_S), GATE_LATER);

    tap_case("gate: the rate of a token");
    unsigned open = 0;
    for (int i = 0; i < 100; i++)
        open += ask(g, other, "192.0.2.9", 2000) == GATE_OPEN;
    tap_int(open, WEBAPI_RATE_BURST_S + 1);
    tap_int(ask(g, good, "192.0.2.1", 2000), GATE_OPEN); /* another token */
    tap_int(ask(g, other, "192.0.2.9", 2001), GATE_OPEN);
    tap_int(ask(g, other, "192.0.2.9", 2001), GATE_LATER);
    tap_case("gate: addresses that are too many forget the quiet ones, and nothing else happens");
    for (unsigned i = 0; i < 5 * WEBAPI_MAX_CLIENTS; i++) {
        struct ip ip = {IP_V4,
                        {10, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
        if (webapi_gate_ask(g, STR("wrong"), &ip, 3000000000).answer != GATE_WRONG)
            tap_ok(false);
    }
    webapi_gate_free(g);
    tap_case("scopes: what they imply");
    tap_int(webapi_token_scopes(&tokens[0]), WEBAPI_READ | WEBAPI_ANY);
    tap_int(webapi_token_scopes(&tokens[1]),
            WEBAPI_SCAN | WEBAPI_READ | WEBAPI_METRICS | WEBAPI_ADMIN | WEBAPI_ANY | WEBAPI_CHECK);
}

int main(void)
{
    test_times();
    test_forms();
    test_token_texts();
    test_gate();
    return tap_done();
}
