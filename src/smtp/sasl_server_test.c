/* The server side of SASL: against our own client, and against what strangers send. */
#include "smtp/sasl_server.h"

#include "base/hex.h"
#include "crypto/hmac.h"
#include "tests/tap.h"

static struct arena arena;
static const char password_file[] = "# who may\n\nalice:open sesame\r\nb\xc3\xbc:p:w\n";

static struct sasl_users *users(void)
{
    struct sasl_users *u = NULL;
    struct mp_err err = {0};
    if (sasl_users_parse(str_from(password_file), &u, &err) != MP_OK)
        tap_note("%s", err.text);
    return u;
}

static struct sasl_server *start(enum sasl_mech m, struct sasl_users *u)
{
    struct sasl_server *s = NULL;
    tap_int(sasl_server_start(&arena, m, u, STR("mx.test"), STR_NONE, &s, NULL), MP_OK);
    return s;
}

/* Our client and our server talk until one of them is done. */
static enum sasl_outcome converse(enum sasl_mech m, struct sasl_users *u, const char *user,
                                  const char *password, bool *client_believes)
{
    struct sasl_credentials c = {.user = str_from(user), .password = str_from(password)};
    struct sasl *client = NULL;
    struct sasl_server *server = start(m, u);
    struct str line, challenge;
    bool has;
    if (server == NULL || sasl_start(&arena, m, &c, STR_NONE, &client, NULL) != MP_OK)
        return SASL_BROKEN;
    sasl_initial(client, &line, &has);
    enum sasl_outcome o = sasl_server_step(server, has ? line : STR_NONE, &challenge);
    for (unsigned i = 0; o == SASL_CONTINUE && i < 5; i++) {
        if (sasl_step(client, challenge, &line, NULL) != MP_OK)
            break;
        o = sasl_server_step(server, line.p == NULL ? STR("") : line, &challenge);
    }
    *client_believes = sasl_proved(client);
    if (o == SASL_SUCCESS)
        tap_str(sasl_server_user(server), str_from(user));
    sasl_done(client);
    return o;
}

static const struct {
    enum sasl_mech mech;
    bool for_users, for_anybody;
} mech_rows[] = {
    {SASL_PLAIN, true, true},          {SASL_LOGIN, true, true},
    {SASL_CRAM_MD5, true, true},       {SASL_SCRAM_SHA_1, true, false},
    {SASL_SCRAM_SHA_256, true, false}, {SASL_XOAUTH2, false, true},
    {SASL_OAUTHBEARER, false, true},   {SASL_SCRAM_SHA_256_PLUS, false, false},
};

static void test_mechanisms(void)
{
    bool believes;
    for (size_t i = 0; i < ARRAY_LEN(mech_rows); i++) {
        struct sasl_users *u = users();
        enum sasl_mech m = mech_rows[i].mech;
        tap_case("%s: users of a file", sasl_mech_name(m));
        tap_int(sasl_server_has(m, u), mech_rows[i].for_users);
        tap_int(sasl_server_has(m, NULL), mech_rows[i].for_anybody);
        if (mech_rows[i].for_users) {
            tap_int(converse(m, u, "alice", "open sesame", &believes), SASL_SUCCESS);
            tap_ok(believes);
            tap_int(converse(m, u, "alice", "open sesame", &believes), SASL_SUCCESS); /* cached */
            tap_int(converse(m, u, "b\xc3\xbc", "p:w", &believes), SASL_SUCCESS);
            tap_int(converse(m, u, "alice", "open Sesame", &believes), SASL_WRONG);
            tap_int(converse(m, u, "alic", "open sesame", &believes), SASL_WRONG);
            tap_int(converse(m, u, "nobody", "x", &believes), SASL_WRONG);
        }
        tap_case("%s: anybody", sasl_mech_name(m));
        struct sasl_server *s = NULL;
        if (mech_rows[i].for_anybody)
            tap_int(converse(m, NULL, "who", "ever", &believes), SASL_SUCCESS);
        else
            tap_int(sasl_server_start(&arena, m, NULL, STR(""), STR_NONE, &s, NULL), MP_E_USAGE);
        sasl_users_free(u);
    }
}

static const struct {
    const char *label;
    enum sasl_mech mech;
    struct str first;
    enum sasl_outcome want;
} response_rows[] = {
    {"PLAIN", SASL_PLAIN, STR_INIT("\0alice\0open sesame"), SASL_SUCCESS},
    {"PLAIN as herself", SASL_PLAIN, STR_INIT("alice\0alice\0open sesame"), SASL_SUCCESS},
    {"PLAIN as another", SASL_PLAIN, STR_INIT("bob\0alice\0open sesame"), SASL_WRONG},
    {"PLAIN empty", SASL_PLAIN, STR_INIT(""), SASL_MALFORMED},
    {"PLAIN one NUL", SASL_PLAIN, STR_INIT("\0alice"), SASL_MALFORMED},
    {"PLAIN three NULs", SASL_PLAIN, STR_INIT("\0alice\0open sesame\0"), SASL_MALFORMED},
    {"PLAIN no user", SASL_PLAIN, STR_INIT("\0\0x"), SASL_MALFORMED},
    {"PLAIN no password", SASL_PLAIN, STR_INIT("\0alice\0"), SASL_MALFORMED},
    {"PLAIN not UTF-8", SASL_PLAIN, STR_INIT("\0alice\0\xff"), SASL_MALFORMED},
    {"PLAIN CR LF in the user", SASL_PLAIN, STR_INIT("\0a\r\nb\0x"), SASL_MALFORMED},
    {"LOGIN a name with NUL", SASL_LOGIN, STR_INIT("a\0"), SASL_MALFORMED},
    {"LOGIN a name", SASL_LOGIN, STR_INIT("alice"), SASL_CONTINUE},
    {"CRAM with an initial response", SASL_CRAM_MD5, STR_INIT("alice 00"), SASL_MALFORMED},
    {"SCRAM", SASL_SCRAM_SHA_256, STR_INIT("n,,n=alice,r=abc"), SASL_CONTINUE},
    {"SCRAM nobody is asked on", SASL_SCRAM_SHA_256, STR_INIT("n,,n=nobody,r=abc"), SASL_CONTINUE},
    {"SCRAM y", SASL_SCRAM_SHA_1, STR_INIT("y,,n=alice,r=abc,x=ext"), SASL_CONTINUE},
    {"SCRAM binding", SASL_SCRAM_SHA_256, STR_INIT("p=tls-exporter,,n=alice,r=abc"),
     SASL_MALFORMED},
    {"SCRAM mandatory extension", SASL_SCRAM_SHA_256, STR_INIT("n,,m=x,n=alice,r=abc"),
     SASL_MALFORMED},
    {"SCRAM as another", SASL_SCRAM_SHA_256, STR_INIT("n,a=bob,n=alice,r=abc"), SASL_WRONG},
    {"SCRAM name with a bad escape", SASL_SCRAM_SHA_256, STR_INIT("n,,n=al=20ce,r=abc"),
     SASL_MALFORMED},
    {"SCRAM no nonce", SASL_SCRAM_SHA_256, STR_INIT("n,,n=alice,r="), SASL_MALFORMED},
    {"SCRAM nonce with a space", SASL_SCRAM_SHA_256, STR_INIT("n,,n=alice,r=a b"), SASL_MALFORMED},
    {"SCRAM rubbish", SASL_SCRAM_SHA_256, STR_INIT("hello"), SASL_MALFORMED},
    {"SCRAM empty", SASL_SCRAM_SHA_256, STR_INIT(""), SASL_MALFORMED},
};

static void test_responses(void)
{
    struct sasl_users *u = users();
    for (size_t i = 0; i < ARRAY_LEN(response_rows); i++) {
        struct str challenge;
        tap_case("response: %s", response_rows[i].label);
        struct sasl_server *s = start(response_rows[i].mech, u);
        enum sasl_outcome o = sasl_server_step(s, response_rows[i].first, &challenge);
        tap_int(o, response_rows[i].want);
        if (o != SASL_CONTINUE)
            tap_int(sasl_server_step(s, response_rows[i].first, &challenge), SASL_MALFORMED);
    }
    sasl_users_free(u);
}

static const struct {
    const char *label;
    enum sasl_mech mech;
    struct str first;
    enum sasl_outcome want;
} token_rows[] = {
    {"XOAUTH2", SASL_XOAUTH2,
     STR_INIT("user=a\x01"
              "auth=Bearer t\x01\x01"),
     SASL_SUCCESS},
    {"XOAUTH2 no end", SASL_XOAUTH2,
     STR_INIT("user=a\x01"
              "auth=Bearer t\x01"),
     SASL_MALFORMED},
    {"XOAUTH2 no token", SASL_XOAUTH2,
     STR_INIT("user=a\x01"
              "auth=Bearer \x01\x01"),
     SASL_MALFORMED},
    {"XOAUTH2 Basic", SASL_XOAUTH2,
     STR_INIT("user=a\x01"
              "auth=Basic t\x01\x01"),
     SASL_MALFORMED},
    {"OAUTHBEARER", SASL_OAUTHBEARER,
     STR_INIT("n,a=u,\x01host=h\x01port=1\x01"
              "auth=Bearer t\x01\x01"),
     SASL_SUCCESS},
    {"OAUTHBEARER nameless", SASL_OAUTHBEARER,
     STR_INIT("n,,\x01"
              "auth=Bearer t\x01\x01"),
     SASL_SUCCESS},
    {"OAUTHBEARER no auth", SASL_OAUTHBEARER, STR_INIT("n,,\x01host=h\x01\x01"), SASL_MALFORMED},
    {"OAUTHBEARER header", SASL_OAUTHBEARER,
     STR_INIT("y,,\x01"
              "auth=Bearer t\x01\x01"),
     SASL_MALFORMED},
    {"OAUTHBEARER empty", SASL_OAUTHBEARER, STR_INIT(""), SASL_MALFORMED},
};

static void test_tokens(void)
{
    for (size_t i = 0; i < ARRAY_LEN(token_rows); i++) {
        struct str challenge;
        tap_case("token: %s", token_rows[i].label);
        tap_int(sasl_server_step(start(token_rows[i].mech, NULL), token_rows[i].first, &challenge),
                token_rows[i].want);
    }
}

/* The example of RFC 7677 3, which fixes both nonces and the salt, cannot be replayed (our salts
 * are random): but a server must take no proof that it did not ask for. */
static void test_scram_abuse(void)
{
    static const char *const finals[] = {"c=biws,r=WRONG,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                         "c=biws",
                                         "",
                                         "c=biws,r=x,p=!",
                                         "p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                         "c=eSws,r=x,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    struct sasl_users *u = users();
    struct str challenge;
    for (size_t i = 0; i < ARRAY_LEN(finals); i++) {
        struct sasl_server *s = start(SASL_SCRAM_SHA_1, u);
        tap_case("SCRAM: final message '%s'", finals[i]);
        tap_int(sasl_server_step(s, STR("n,,n=alice,r=abc"), &challenge), SASL_CONTINUE);
        tap_ok(str_starts(challenge, STR("r=abc")));
        enum sasl_outcome o = sasl_server_step(s, str_from(finals[i]), &challenge);
        tap_ok(o == SASL_WRONG || o == SASL_MALFORMED);
    }
    tap_case("SCRAM: the right nonce and a wrong proof");
    struct sasl_server *s = start(SASL_SCRAM_SHA_1, u);
    sasl_server_step(s, STR("n,,n=alice,r=abc"), &challenge);
    struct str nonce = str_slice(challenge, 2, str_find(challenge, ','));
    struct str final =
        arena_fmt(&arena, "c=biws,r=%.*s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", STR_ARG(nonce));
    tap_int(sasl_server_step(s, final, &challenge), SASL_WRONG);
    tap_case("SCRAM: salts do not tell who exists, and stay the same");
    struct sasl_server *x = start(SASL_SCRAM_SHA_1, u), *y = start(SASL_SCRAM_SHA_1, u);
    struct str cx, cy;
    sasl_server_step(x, STR("n,,n=nobody,r=a"), &cx);
    sasl_server_step(y, STR("n,,n=nobody,r=a"), &cy);
    tap_str(str_slice(cx, str_search(cx, STR(",s=")), cx.n),
            str_slice(cy, str_search(cy, STR(",s=")), cy.n));
    sasl_users_free(u);
}

static const struct {
    const char *label;
    struct str text;
    int st;
} file_rows[] = {
    {"one", STR_INIT("a:b"), MP_OK},
    {"comments and blank lines", STR_INIT("#x\n\n  \na:b\n"), MP_OK},
    {"empty", STR_INIT(""), MP_E_SYNTAX},
    {"no colon", STR_INIT("ab"), MP_E_SYNTAX},
    {"no password", STR_INIT("a:"), MP_E_SYNTAX},
    {"no user", STR_INIT(":b"), MP_E_SYNTAX},
    {"twice", STR_INIT("a:b\na:c"), MP_E_SYNTAX},
    {"NUL", STR_INIT("a:b\0c"), MP_E_SYNTAX},
    {"control in the name", STR_INIT("a\tb:c"), MP_E_SYNTAX},
};

static void test_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(file_rows); i++) {
        struct sasl_users *u = NULL;
        struct mp_err err = {0};
        tap_case("users: %s", file_rows[i].label);
        tap_int(sasl_users_parse(file_rows[i].text, &u, &err), file_rows[i].st);
        tap_int(err.text[0] != '\0', file_rows[i].st != MP_OK);
        sasl_users_free(u);
    }
}

int main(void)
{
    arena_init(&arena, 16u << 20);
    test_mechanisms();
    test_responses();
    test_tokens();
    test_scram_abuse();
    test_files();
    arena_clear(&arena);
    return tap_done();
}
