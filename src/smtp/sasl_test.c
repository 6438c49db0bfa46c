/* SASL exchanges: the RFCs' vectors, channel binding, lying servers, credentials that cannot be. */
#include "smtp/sasl.h"

#include "tests/tap.h"

static struct arena arena;

#define BINDING_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

/* Whole exchanges that go well: challenge and answer in turns, NULL ends. Where the RFC has no
 * vector, the numbers were computed with Python's hashlib. */
static const struct {
    const char *label;
    enum sasl_mech mech;
    struct sasl_credentials c;
    const char *nonce;
    struct str initial; /* p == NULL: none */
    const char *turns[5];
    bool proved;
} good_rows[] = {
    {"PLAIN (RFC 4616 4)",
     SASL_PLAIN,
     {.user = STR_INIT("tim"), .password = STR_INIT("tanstaaftanstaaf")},
     "",
     STR_INIT("\0tim\0tanstaaftanstaaf"),
     {NULL},
     true},
    {"PLAIN for another user (RFC 4616 4)",
     SASL_PLAIN,
     {.user = STR_INIT("Kurt"),
      .password = STR_INIT("xipj3plmq"),
      .authorize_as = STR_INIT("Ursel")},
     "",
     STR_INIT("Ursel\0Kurt\0xipj3plmq"),
     {NULL},
     true},
    {"LOGIN",
     SASL_LOGIN,
     {.user = STR_INIT("tim"), .password = STR_INIT("secret")},
     "",
     {NULL, 0},
     {"Username:", "tim", "Password:", "secret", NULL},
     true},
    {"LOGIN, other words",
     SASL_LOGIN,
     {.user = STR_INIT("tim"), .password = STR_INIT("secret")},
     "",
     {NULL, 0},
     {"User Name", "tim", "", "secret", NULL},
     true},
    {"CRAM-MD5 (RFC 2195 2)",
     SASL_CRAM_MD5,
     {.user = STR_INIT("tim"), .password = STR_INIT("tanstaaftanstaaf")},
     "",
     {NULL, 0},
     {"<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890", NULL},
     true},
    {"SCRAM-SHA-1 (RFC 5802 5)",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("user"), .password = STR_INIT("pencil")},
     "fyko+d2lbbFgONRv9qkxdawL",
     STR_INIT("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
     {"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "", NULL},
     true},
    {"SCRAM-SHA-256 (RFC 7677 3)",
     SASL_SCRAM_SHA_256,
     {.user = STR_INIT("user"), .password = STR_INIT("pencil")},
     "rOprNGfwEbeRWgbNEkqO",
     STR_INIT("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
     {"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "", NULL},
     true},
    {"SCRAM-SHA-256, extensions are passed over",
     SASL_SCRAM_SHA_256,
     {.user = STR_INIT("user"), .password = STR_INIT("pencil")},
     "rOprNGfwEbeRWgbNEkqO",
     STR_INIT("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
     {"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=more", "", NULL},
     true},
    {"SCRAM-SHA-256-PLUS",
     SASL_SCRAM_SHA_256_PLUS,
     {.user = STR_INIT("user"),
      .password = STR_INIT("pencil"),
      .binding_type = "tls-server-end-point",
      .binding = STR_INIT(BINDING_B),
      .server_offers_plus = true},
     "clientnonce",
     STR_INIT("p=tls-server-end-point,,n=user,r=clientnonce"),
     {"r=clientnonce+server,s=c2FsdHNhbHQ=,i=4096",
      "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=,"
      "r=clientnonce+server,p=fGmRXMB+w3bzj1pvNLRdMb1VWw4GBXv0Eye7V0CibHA=",
      "v=zt/DAjDbS2ICdTv/an4GjjUMcGqF0l/yOWufUwvUQWY=", "", NULL},
     true},
    {"SCRAM-SHA-1-PLUS, odd names, soft hyphen and no-break space in the password",
     SASL_SCRAM_SHA_1_PLUS,
     {.user = STR_INIT("a,b=c"),
      .password = STR_INIT("p\xc2\xad\xc3\xa4\xc2\xa0ss"),
      .authorize_as = STR_INIT("boss"),
      .binding_type = "tls-exporter",
      .binding = STR_INIT("\0\x01\xff,"),
      .server_offers_plus = true},
     "cn",
     STR_INIT("p=tls-exporter,a=boss,n=a=2Cb=3Dc,r=cn"),
     {"r=cnsn,s=cw==,i=5000",
      "c=cD10bHMtZXhwb3J0ZXIsYT1ib3NzLAAB/yw=,r=cnsn,p=y8UOwP7QlexjJjioUYzWu5AElDw=",
      "v=48wOr+Abk6u+4nkU5TDyJPEKQDo=", "", NULL},
     true},
    {"SCRAM-SHA-256 in TLS, PLUS not offered: y",
     SASL_SCRAM_SHA_256,
     {.user = STR_INIT("user"),
      .password = STR_INIT("pencil"),
      .binding_type = "tls-exporter",
      .binding = STR_INIT("x")},
     "clientnonce",
     STR_INIT("y,,n=user,r=clientnonce"),
     {"r=clientnonce+server,s=c2FsdHNhbHQ=,i=4096",
      "c=eSws,r=clientnonce+server,p=o8aZH4V5tH6Sey2bu3W48HJh7V2tmRNf5iKpcpJmEwE=",
      "v=yvkl1mGh+4psM1Aqki/8643hF7VxL2kVuhxaunOSE98=", "", NULL},
     true},
    {"SCRAM-SHA-256 in TLS, PLUS offered but not used: n, never y",
     SASL_SCRAM_SHA_256,
     {.user = STR_INIT("user"),
      .password = STR_INIT("pencil"),
      .binding_type = "tls-exporter",
      .binding = STR_INIT("x"),
      .server_offers_plus = true},
     "clientnonce",
     STR_INIT("n,,n=user,r=clientnonce"),
     {NULL},
     false},
    {"XOAUTH2",
     SASL_XOAUTH2,
     {.user = STR_INIT("a@b.test"), .password = STR_INIT("vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGE=")},
     "",
     STR_INIT("user=a@b.test\x01"
              "auth=Bearer vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGE=\x01\x01"),
     {NULL},
     true},
    {"XOAUTH2, refused",
     SASL_XOAUTH2,
     {.user = STR_INIT("a@b.test"), .password = STR_INIT("t")},
     "",
     STR_INIT("user=a@b.test\x01"
              "auth=Bearer t\x01\x01"),
     {"{\"status\":\"401\"}", "", NULL},
     false},
    {"OAUTHBEARER (as RFC 7628 4.1)",
     SASL_OAUTHBEARER,
     {.user = STR_INIT("user@example.com"),
      .password = STR_INIT("token=="),
      .host = STR_INIT("server.example.com"),
      .port = 587},
     "",
     STR_INIT("n,a=user@example.com,\x01"
              "host=server.example.com\x01port=587\x01"
              "auth=Bearer token==\x01\x01"),
     {NULL},
     true},
    {"OAUTHBEARER, nothing but a token",
     SASL_OAUTHBEARER,
     {.password = STR_INIT("t")},
     "",
     STR_INIT("n,,\x01"
              "auth=Bearer t\x01\x01"),
     {NULL},
     true},
    {"OAUTHBEARER, odd user, refused: a ^A is the answer (RFC 7628 3.2.3)",
     SASL_OAUTHBEARER,
     {.user = STR_INIT("a,=b"), .password = STR_INIT("t")},
     "",
     STR_INIT("n,a=a=2C=3Db,\x01"
              "auth=Bearer t\x01\x01"),
     {"{\"status\":\"invalid_token\"}", "\x01", NULL},
     false},
};

static void test_good(void)
{
    for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
        struct sasl *s = NULL;
        struct mp_err err = {0};
        struct str out;
        bool has;
        tap_case("good: %s", good_rows[i].label);
        if (!tap_int(sasl_start(&arena, good_rows[i].mech, &good_rows[i].c,
                                str_from(good_rows[i].nonce), &s, &err),
                     MP_OK)) {
            tap_note("%s", err.text);
            continue;
        }
        sasl_initial(s, &out, &has);
        tap_int(has, good_rows[i].initial.p != NULL);
        tap_str(out, good_rows[i].initial);
        const char *const *turn = good_rows[i].turns;
        for (; turn[0] != NULL; turn += 2) {
            if (!tap_int(sasl_step(s, str_from(turn[0]), &out, &err), MP_OK))
                tap_note("%s", err.text);
            tap_str(out, str_from(turn[1]));
        }
        tap_int(sasl_proved(s), good_rows[i].proved);
        if (turn != good_rows[i].turns) /* the exchange is over: one challenge more is too many */
            tap_int(sasl_step(s, STR("more"), &out, &err), MP_E_SYNTAX);
        sasl_done(s);
    }
}

#define FIRST "r=clientnonce+server,s=c2FsdHNhbHQ=,i=4096"

/* A SCRAM-SHA-256 server that does not play by the rules: the last challenge must fail. */
static const struct {
    const char *label;
    struct str first, final;
} bad_servers[] = {
    {"empty", STR_INIT(""), {NULL, 0}},
    {"garbage", STR_INIT("garbage"), {NULL, 0}},
    {"NUL", STR_INIT("\0\0"), {NULL, 0}},
    {"nonce is ours alone", STR_INIT("r=clientnonce,s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"nonce is another", STR_INIT("r=othernonce+server,s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"nonce ends in ours", STR_INIT("r=xclientnonce,s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"nonce with NUL", STR_INIT("r=clientnonce\0x,s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"nonce with a space", STR_INIT("r=clientnonce x,s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"no nonce", STR_INIT("s=c2FsdHNhbHQ=,i=4096"), {NULL, 0}},
    {"no salt", STR_INIT("r=clientnonce+server,i=4096"), {NULL, 0}},
    {"empty salt", STR_INIT("r=clientnonce+server,s=,i=4096"), {NULL, 0}},
    {"salt is no base64", STR_INIT("r=clientnonce+server,s=c2F$,i=4096"), {NULL, 0}},
    {"other order", STR_INIT("s=c2FsdHNhbHQ=,r=clientnonce+server,i=4096"), {NULL, 0}},
    {"no iterations", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ="), {NULL, 0}},
    {"no iteration", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=0"), {NULL, 0}},
    {"one iteration", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=1"), {NULL, 0}},
    {"too few iterations", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=4095"), {NULL, 0}},
    {"too many iterations", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=1000001"), {NULL, 0}},
    {"iterations beyond 64 bits",
     STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=99999999999999999999999"),
     {NULL, 0}},
    {"negative iterations", STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=-4096"), {NULL, 0}},
    {"iterations with a zero first",
     STR_INIT("r=clientnonce+server,s=c2FsdHNhbHQ=,i=04096"),
     {NULL, 0}},
    {"a mandatory extension", STR_INIT("m=x," FIRST), {NULL, 0}},
    {"the end too early", STR_INIT("v=yvkl1mGh+4psM1Aqki/8643hF7VxL2kVuhxaunOSE98="), {NULL, 0}},
    {"signature of another", STR_INIT(FIRST),
     STR_INIT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")},
    {"signature cut", STR_INIT(FIRST), STR_INIT("v=yvkl")},
    {"empty signature", STR_INIT(FIRST), STR_INIT("v=")},
    {"signature is no base64", STR_INIT(FIRST), STR_INIT("v=!!!!")},
    {"no signature", STR_INIT(FIRST), STR_INIT("")},
    {"the first message again", STR_INIT(FIRST), STR_INIT(FIRST)},
};

static const struct sasl_credentials pencil = {.user = STR_INIT("user"),
                                               .password = STR_INIT("pencil")};

static void test_bad_servers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_servers); i++) {
        struct sasl *s = NULL;
        struct mp_err err = {0};
        struct str out = STR("untouched");
        tap_case("server: %s", bad_servers[i].label);
        sasl_start(&arena, SASL_SCRAM_SHA_256, &pencil, STR("clientnonce"), &s, &err);
        int st = sasl_step(s, bad_servers[i].first, &out, &err);
        if (bad_servers[i].final.p != NULL) {
            tap_int(st, MP_OK);
            out = STR("untouched");
            st = sasl_step(s, bad_servers[i].final, &out, &err);
        }
        tap_int(st, MP_E_SYNTAX);
        tap_ok(err.text[0] != '\0');
        tap_str(out, STR("untouched"));
        tap_ok(!sasl_proved(s));
        tap_int(sasl_step(s, STR(FIRST), &out, &err), MP_E_SYNTAX); /* it stays broken */
        sasl_done(s);
    }
}

static void test_told_errors(void)
{
    struct sasl *s = NULL;
    struct str out = STR_NONE;
    tap_case("SCRAM: e= is answered, kept, and never proves anything");
    sasl_start(&arena, SASL_SCRAM_SHA_256, &pencil, STR("clientnonce"), &s, NULL);
    tap_int(sasl_step(s, STR(FIRST), &out, NULL), MP_OK);
    tap_int(sasl_step(s, STR("e=invalid-proof"), &out, NULL), MP_OK);
    tap_str(out, STR(""));
    tap_str(sasl_server_error(s), STR("invalid-proof"));
    tap_ok(!sasl_proved(s));
    sasl_done(s);
    tap_case("SCRAM: 235 before the signature is not believed");
    sasl_start(&arena, SASL_SCRAM_SHA_256, &pencil, STR("clientnonce"), &s, NULL);
    tap_ok(!sasl_proved(s));
    tap_int(sasl_step(s, STR(FIRST), &out, NULL), MP_OK);
    tap_ok(!sasl_proved(s));
    sasl_done(s);
    tap_case("OAuth: the words of the error; an empty one counts as well");
    sasl_start(&arena, SASL_XOAUTH2, &pencil, STR_NONE, &s, NULL);
    tap_int(sasl_step(s, STR("{\0}"), &out, NULL), MP_OK);
    tap_str(sasl_server_error(s), STR("{\0}"));
    sasl_start(&arena, SASL_OAUTHBEARER, &pencil, STR_NONE, &s, NULL);
    tap_int(sasl_step(s, STR(""), &out, NULL), MP_OK);
    tap_str(out, STR("\x01"));
    tap_ok(!sasl_proved(s));
    tap_case("PLAIN has no challenge; CRAM-MD5 none that is empty");
    sasl_start(&arena, SASL_PLAIN, &pencil, STR_NONE, &s, NULL);
    tap_int(sasl_step(s, STR(""), &out, NULL), MP_E_SYNTAX);
    sasl_start(&arena, SASL_CRAM_MD5, &pencil, STR_NONE, &s, NULL);
    tap_int(sasl_step(s, STR(""), &out, NULL), MP_E_SYNTAX);
    tap_case("a challenge of 1 MB");
    char *mb = arena_new(&arena, char, 1 << 20);
    memset(mb, 'a', 1 << 20);
    sasl_start(&arena, SASL_CRAM_MD5, &pencil, STR_NONE, &s, NULL);
    tap_int(sasl_step(s, str_make(mb, 1 << 20), &out, NULL), MP_E_SYNTAX);
}

static const struct {
    const char *label;
    enum sasl_mech mech;
    struct sasl_credentials c;
    const char *nonce;
} refused_rows[] = {
    {"no user", SASL_PLAIN, {.password = STR_INIT("p")}, ""},
    {"no password", SASL_LOGIN, {.user = STR_INIT("u")}, ""},
    {"no token", SASL_OAUTHBEARER, {.user = STR_INIT("u")}, ""},
    {"NUL in the user", SASL_PLAIN, {.user = STR_INIT("u\0x"), .password = STR_INIT("p")}, ""},
    {"NUL in the password", SASL_PLAIN, {.user = STR_INIT("u"), .password = STR_INIT("p\0")}, ""},
    {"NUL in the other user",
     SASL_PLAIN,
     {.user = STR_INIT("u"), .password = STR_INIT("p"), .authorize_as = STR_INIT("\0")},
     ""},
    {"LOGIN for another user",
     SASL_LOGIN,
     {.user = STR_INIT("u"), .password = STR_INIT("p"), .authorize_as = STR_INIT("x")},
     ""},
    {"PLUS without TLS",
     SASL_SCRAM_SHA_256_PLUS,
     {.user = STR_INIT("u"), .password = STR_INIT("p")},
     ""},
    {"PLUS without a type",
     SASL_SCRAM_SHA_1_PLUS,
     {.user = STR_INIT("u"), .password = STR_INIT("p"), .binding = STR_INIT("x")},
     ""},
    {"^A in the user", SASL_XOAUTH2, {.user = STR_INIT("u\x01x"), .password = STR_INIT("t")}, ""},
    {"LF in the host",
     SASL_OAUTHBEARER,
     {.user = STR_INIT("u"), .password = STR_INIT("t"), .host = STR_INIT("h\n")},
     ""},
    {"^A in the token",
     SASL_OAUTHBEARER,
     {.user = STR_INIT("u"), .password = STR_INIT("t\x01")},
     ""},
    {"space in the token", SASL_XOAUTH2, {.user = STR_INIT("u"), .password = STR_INIT("a b")}, ""},
    {"a nonce with a comma",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("u"), .password = STR_INIT("p")},
     "a,b"},
    {"SASLprep: control (RFC 4013 3)",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("\a"), .password = STR_INIT("p")},
     ""},
    {"SASLprep: DEL in the password",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("u"), .password = STR_INIT("\x7f")},
     ""},
    {"SASLprep: not UTF-8",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("u"), .password = STR_INIT("\xfc")},
     ""},
    {"SASLprep: right to left and digit (RFC 4013 3)",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("\xd8\xa7\x31"), .password = STR_INIT("p")},
     ""},
    {"SASLprep: private use",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("\xee\x80\x80"), .password = STR_INIT("p")},
     ""},
    {"SASLprep: to be normalized (U+00AA, RFC 4013 3)",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("\xc2\xaa"), .password = STR_INIT("p")},
     ""},
    {"SASLprep: a combining accent",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("u"), .password = STR_INIT("e\xcc\x81")},
     ""},
    {"SASLprep: nothing left",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("\xc2\xad"), .password = STR_INIT("p")},
     ""},
    {"SASLprep: the other user too",
     SASL_SCRAM_SHA_1,
     {.user = STR_INIT("u"), .password = STR_INIT("p"), .authorize_as = STR_INIT("\x02")},
     ""},
    {"no such mechanism", SASL_MECH_COUNT, {.user = STR_INIT("u"), .password = STR_INIT("p")}, ""},
};

static void test_refused(void)
{
    for (size_t i = 0; i < ARRAY_LEN(refused_rows); i++) {
        struct sasl *s = NULL;
        struct mp_err err = {0};
        tap_case("refused: %s", refused_rows[i].label);
        tap_int(sasl_start(&arena, refused_rows[i].mech, &refused_rows[i].c,
                           str_from(refused_rows[i].nonce), &s, &err),
                MP_E_USAGE);
        tap_ok(s == NULL && err.text[0] != '\0');
    }
    char *long_text = arena_new(&arena, char, SASL_MAX_BYTES + 1);
    memset(long_text, 'p', SASL_MAX_BYTES + 1);
    struct sasl_credentials c = {.user = STR("u")};
    struct sasl *s = NULL;
    tap_case("refused: one byte more than a line can carry");
    c.password = str_make(long_text, SASL_MAX_BYTES - 1);
    tap_int(sasl_start(&arena, SASL_PLAIN, &c, STR_NONE, &s, NULL), MP_OK);
    c.password.n++;
    tap_int(sasl_start(&arena, SASL_PLAIN, &c, STR_NONE, &s, NULL), MP_E_USAGE);
    tap_case("refused: no memory");
    for (size_t budget = 0; budget < 1200; budget += 16) {
        struct arena small;
        arena_init(&small, budget);
        int st = sasl_start(&small, SASL_SCRAM_SHA_256, &pencil, STR_NONE, &s, NULL);
        tap_ok(st == MP_OK || st == MP_E_NOMEM);
        tap_ok(budget > 100 || st == MP_E_NOMEM);
        arena_clear(&small);
    }
}

static bool all_zero(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != 0)
            return false;
    return true;
}

static void test_secrets(void)
{
    static const enum sasl_mech shown[] = {SASL_PLAIN, SASL_XOAUTH2, SASL_OAUTHBEARER};
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        struct sasl *s = NULL;
        struct str out;
        bool has;
        tap_case("secrets: what %s sends is wiped", sasl_mech_name(shown[i]));
        sasl_start(&arena, shown[i], &pencil, STR_NONE, &s, NULL);
        sasl_initial(s, &out, &has);
        tap_ok(str_search(out, STR("pencil")) < out.n);
        sasl_done(s);
        tap_ok(all_zero(out));
    }
    struct sasl *s = NULL;
    struct str out;
    tap_case("secrets: LOGIN's password is wiped");
    sasl_start(&arena, SASL_LOGIN, &pencil, STR_NONE, &s, NULL);
    sasl_step(s, STR("a"), &out, NULL);
    sasl_step(s, STR("b"), &out, NULL);
    tap_str(out, STR("pencil"));
    sasl_done(s);
    tap_ok(all_zero(out));
    sasl_done(s);
    sasl_done(NULL);
    tap_case("secrets: nonces are new each time");
    struct str one, two;
    bool has;
    sasl_start(&arena, SASL_SCRAM_SHA_1, &pencil, STR_NONE, &s, NULL);
    sasl_initial(s, &one, &has);
    sasl_start(&arena, SASL_SCRAM_SHA_1, &pencil, STR_NONE, &s, NULL);
    sasl_initial(s, &two, &has);
    tap_ok(one.n > 40 && !str_eq(one, two));
}

static void test_names(void)
{
    for (int m = 0; m < SASL_MECH_COUNT; m++) {
        enum sasl_mech got = SASL_MECH_COUNT;
        const char *name = sasl_mech_name((enum sasl_mech)m);
        tap_case("names: %s", name);
        tap_ok(sasl_mech_by_name(str_from(name), &got));
        tap_int(got, m);
        tap_int(sasl_mech_shows_secret((enum sasl_mech)m),
                m == SASL_PLAIN || m == SASL_LOGIN || m == SASL_XOAUTH2 || m == SASL_OAUTHBEARER);
    }
    enum sasl_mech got = SASL_PLAIN;
    tap_case("names: case, and none");
    tap_ok(sasl_mech_by_name(STR("login"), &got) && got == SASL_LOGIN);
    tap_ok(!sasl_mech_by_name(STR("SCRAM-SHA-25"), &got) && !sasl_mech_by_name(STR(""), &got));
    tap_cstr(sasl_mech_name(SASL_MECH_COUNT), "?");
    tap_ok(sasl_mech_shows_secret(SASL_MECH_COUNT)); /* unknown: rather too careful */
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_good();
    test_bad_servers();
    test_told_errors();
    test_refused();
    test_secrets();
    test_names();
    arena_clear(&arena);
    return tap_done();
}
