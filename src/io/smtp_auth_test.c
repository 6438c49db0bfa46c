/* AUTH with every mechanism against servers that know it, and servers that cheat. */
#include "base/base64.h"
#include "crypto/hmac.h"
#include "io/smtp_test_kit.h"

#define BANNER SCRIPT_SAY("220 mx.test ESMTP\r\n")
#define QUIT   SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"), SCRIPT_END

enum { SCRATCH_BYTES = 1 << 20 };

static const struct sasl_credentials alice = {.user = STR_INIT("alice"),
                                              .password = STR_INIT("open-sesame"),
                                              .host = STR_INIT("mx.test"),
                                              .port = 587};

/* ---- a server of SCRAM ---- */

enum scram_cheat {
    SCRAM_HONEST,
    SCRAM_NO_PROOF,    /* 235 instead of the server's signature */
    SCRAM_WRONG_PROOF, /* a signature made without the password */
    SCRAM_OTHER_NONCE, /* not ours continued */
    SCRAM_FEW_ROUNDS,  /* 1 iteration: to guess the password from our proof */
    SCRAM_MANY_ROUNDS, /* a thousand million: to keep us busy */
    SCRAM_AT_ONCE      /* 235 to the first message */
};

struct scram_server {
    enum hmac_alg alg;
    enum scram_cheat cheat;
    const char *gs2; /* header that the client must send: "n,,", "p=tls-exporter,," */
    const struct kit_tls *end_point; /* bound to this certificate, else to the exporter */
    const char *problem;
};

static struct str b64(struct arena *a, struct str bytes)
{
    struct buf b;
    buf_init(&b, SCRATCH_BYTES);
    base64_encode(&b, bytes);
    struct str out = arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return out;
}

static bool say_334(struct script_peer *p, struct arena *a, struct str message)
{
    struct str text = b64(a, message);
    struct str parts[] = {STR("334 "), text, STR("\r\n")};
    return script_say(p, arena_join(a, parts, 3));
}

/* One line of base64 behind `head`. */
static bool hear(struct script_peer *p, struct arena *a, struct str head, struct str *out)
{
    struct str line;
    if (!script_line(p, &line) || !str_starts(line, head))
        return false;
    line = arena_copy(a, str_slice(line, head.n, line.n));
    return base64_decode(a, line, BASE64_STRICT, out);
}

/* What the client's c= must say: the header, and the channel as the server sees it. */
static struct str binding_wanted(struct script_peer *p, struct arena *a, struct scram_server *s)
{
    unsigned char key[HMAC_MAX_BYTES];
    struct str parts[] = {str_from(s->gs2), STR_NONE};
    if (s->end_point != NULL && hmac_hash(HMAC_SHA256, kit_tls_leaf(s->end_point), key))
        parts[1] = str_make((const char *)key, sizeof key);
    else if (str_starts(parts[0], STR("p=")) && script_exporter(p, key))
        parts[1] = str_make((const char *)key, sizeof key);
    return b64(a, arena_join(a, parts, 2));
}

struct scram_talk {
    struct str first_bare, server_first, final_bare, proof;
    unsigned char salted[HMAC_MAX_BYTES];
};

static bool refuse(struct scram_server *s, const char *why)
{
    s->problem = why;
    return false;
}

/* RFC 5802 3: is the proof one that only the password gives? */
static bool proof_is_right(struct arena *a, struct scram_server *s, struct scram_talk *t,
                           struct str auth_message)
{
    unsigned char key[HMAC_MAX_BYTES], stored[HMAC_MAX_BYTES], signature[HMAC_MAX_BYTES],
        again[HMAC_MAX_BYTES];
    size_t n = hmac_bytes(s->alg);
    struct str proof;
    if (!base64_decode(a, t->proof, BASE64_STRICT, &proof) || proof.n != n ||
        !hmac_once(s->alg, str_make((char *)t->salted, n), STR("Client Key"), key) ||
        !hmac_hash(s->alg, str_make((char *)key, n), stored) ||
        !hmac_once(s->alg, str_make((char *)stored, n), auth_message, signature))
        return false;
    for (size_t i = 0; i < n; i++)
        signature[i] ^= (unsigned char)proof.p[i];
    return hmac_hash(s->alg, str_make((char *)signature, n), again) &&
           memcmp(again, stored, n) == 0;
}

static bool say_proof(struct script_peer *p, struct arena *a, struct scram_server *s,
                      struct scram_talk *t, struct str auth_message)
{
    unsigned char key[HMAC_MAX_BYTES], signature[HMAC_MAX_BYTES];
    size_t n = hmac_bytes(s->alg);
    if (!hmac_once(s->alg, str_make((char *)t->salted, n), STR("Server Key"), key) ||
        !hmac_once(s->alg, str_make((char *)key, n), auth_message, signature))
        return false;
    signature[0] ^= s->cheat == SCRAM_WRONG_PROOF;
    struct str parts[] = {STR("v="), b64(a, str_make((char *)signature, n))};
    return say_334(p, a, arena_join(a, parts, 2));
}

static bool scram_first(struct script_peer *p, struct arena *a, struct scram_server *s,
                        struct scram_talk *t)
{
    struct str line, message, head;
    if (!script_line(p, &line) || !str_istarts(line, STR("AUTH SCRAM-SHA-")))
        return refuse(s, "no AUTH SCRAM");
    line = arena_copy(a, line);
    head = str_slice(line, 0, str_rfind(line, ' ') + 1);
    if (!base64_decode(a, str_slice(line, head.n, line.n), BASE64_STRICT, &message) ||
        !str_starts(message, str_from(s->gs2)))
        return refuse(s, "another gs2 header");
    t->first_bare = str_slice(message, strlen(s->gs2), message.n);
    if (!str_starts(t->first_bare, STR("n=alice,r=")))
        return refuse(s, "another user");
    struct str nonce = str_slice(t->first_bare, 10, t->first_bare.n);
    struct str salt = STR("salt of the test");
    unsigned rounds = s->cheat == SCRAM_FEW_ROUNDS    ? 1
                      : s->cheat == SCRAM_MANY_ROUNDS ? 1000000000
                                                      : 4096;
    if (s->cheat == SCRAM_OTHER_NONCE)
        nonce = STR("anothernonce");
    if (!hmac_pbkdf2(s->alg, alice.password, salt, 4096, t->salted))
        return refuse(s, "no PBKDF2");
    t->server_first = arena_fmt(a, "r=" STR_FMT "server,s=" STR_FMT ",i=%u", STR_ARG(nonce),
                                STR_ARG(b64(a, salt)), rounds);
    return s->cheat == SCRAM_AT_ONCE || say_334(p, a, t->server_first);
}

static bool scram_final(struct script_peer *p, struct arena *a, struct scram_server *s,
                        struct scram_talk *t)
{
    struct str message, line;
    if (!hear(p, a, STR_NONE, &message))
        return refuse(s, "no final message");
    struct str wanted = binding_wanted(p, a, s);
    size_t at = str_search(message, STR(",p="));
    t->final_bare = str_slice(message, 0, at);
    t->proof = str_slice(message, at + 3, message.n);
    if (!str_starts(message, STR("c=")) || !str_starts(str_slice(message, 2, message.n), wanted) ||
        message.p[2 + wanted.n] != ',')
        return refuse(s, "another channel");
    struct str parts[] = {t->first_bare, STR(","), t->server_first, STR(","), t->final_bare};
    struct str auth_message = arena_join(a, parts, 5);
    if (!proof_is_right(a, s, t, auth_message))
        return refuse(s, "the proof is wrong");
    if (s->cheat == SCRAM_NO_PROOF)
        return true;
    if (!say_proof(p, a, s, t, auth_message))
        return refuse(s, "no signature");
    if (s->cheat == SCRAM_WRONG_PROOF)
        return true;
    return (script_line(p, &line) && line.n == 0) || refuse(s, "no empty last answer");
}

static bool play_scram(struct script_peer *p, void *ctx)
{
    struct scram_server *s = ctx;
    struct scram_talk t = {.first_bare = STR_NONE};
    struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    bool ok = scram_first(p, &a, s, &t);
    bool is_over = s->cheat >= SCRAM_OTHER_NONCE;
    ok = ok && (is_over || scram_final(p, &a, s, &t));
    arena_clear(&a);
    return ok;
}

/* ---- what never may be seen ---- */

static void check_secret(struct talk *t)
{
    struct str shown = talk_transcript(t);
    tap_ok(!has_text(shown, "sesame"));
    tap_ok(!has_text(shown, "b3Blbi1zZXNhbW")); /* base64 of the password */
    tap_ok(!has_text(shown, "AGFsaWNl"));       /* and of PLAIN's beginning */
}

static bool begin(struct talk *t, const struct script_step *steps, bool tls)
{
    talk_begin(t, steps);
    return tap_int(talk_open(t), MP_OK) && tap_int(smtp_ehlo(&t->client, &t->err), MP_OK) &&
           (!tls || tap_int(smtp_starttls(&t->client, &t->err), MP_OK));
}

/* ---- SCRAM ---- */

enum scram_tls { TLS_NONE, TLS_12, TLS_13 };

static const struct scram_row {
    const char *label;
    enum sasl_mech mech;
    enum scram_tls tls;
    bool offers_plus;
    enum scram_cheat cheat;
    const char *gs2;
    unsigned code;
    const char *says; /* "": the login succeeds */
} scram_rows[] = {
    {"SHA-256 in plain text", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_HONEST, "n,,", 235, ""},
    {"SHA-1 in plain text", SASL_SCRAM_SHA_1, TLS_NONE, false, SCRAM_HONEST, "n,,", 235, ""},
    {"SHA-256 in TLS, no PLUS offered: we say that we could", SASL_SCRAM_SHA_256, TLS_13, false,
     SCRAM_HONEST, "y,,", 235, ""},
    {"SHA-256 in TLS by choice", SASL_SCRAM_SHA_256, TLS_13, true, SCRAM_HONEST, "n,,", 235, ""},
    {"SHA-256-PLUS in TLS 1.3", SASL_SCRAM_SHA_256_PLUS, TLS_13, true, SCRAM_HONEST,
     "p=tls-exporter,,", 235, ""},
    {"SHA-1-PLUS in TLS 1.3", SASL_SCRAM_SHA_1_PLUS, TLS_13, true, SCRAM_HONEST, "p=tls-exporter,,",
     235, ""},
    {"SHA-256-PLUS in TLS 1.2", SASL_SCRAM_SHA_256_PLUS, TLS_12, true, SCRAM_HONEST,
     "p=tls-server-end-point,,", 235, ""},
    {"a server without proof", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_NO_PROOF, "n,,", 235,
     "without proving"},
    {"a server with a wrong proof", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_WRONG_PROOF, "n,,",
     501, "broken off"},
    {"235 at once", SASL_SCRAM_SHA_1, TLS_NONE, false, SCRAM_AT_ONCE, "n,,", 235,
     "without proving"},
    {"another nonce", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_OTHER_NONCE, "n,,", 501, "nonce"},
    {"one iteration", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_FEW_ROUNDS, "n,,", 501,
     "iterations"},
    {"endless iterations", SASL_SCRAM_SHA_256, TLS_NONE, false, SCRAM_MANY_ROUNDS, "n,,", 501,
     "iterations"},
};

static void write_scram_script(struct script_step steps[16], const struct scram_row *row,
                               const struct kit_tls *tls, struct scram_server *server)
{
    static const char both[] = "250-mx.test\r\n250 AUTH SCRAM-SHA-1 SCRAM-SHA-256 "
                               "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS\r\n";
    static const char bare[] = "250-mx.test\r\n250 AUTH SCRAM-SHA-1 SCRAM-SHA-256\r\n";
    const char *text = row->offers_plus ? both : bare;
    const struct script_step ehlo = {.op = SCRIPT_OP_SAY, .text = text, .n = strlen(text)};
    size_t n = 0;
    steps[n++] = (struct script_step)BANNER;
    steps[n++] = (struct script_step)SCRIPT_EXPECT("EHLO");
    if (tls != NULL) {
        steps[n++] = (struct script_step)SCRIPT_SAY(GOOD_EHLO);
        steps[n++] = (struct script_step)SCRIPT_EXPECT("STARTTLS");
        steps[n++] = (struct script_step)SCRIPT_SAY("220 go\r\n");
        steps[n++] = (struct script_step)SCRIPT_TLS(tls);
        steps[n++] = (struct script_step)SCRIPT_EXPECT("EHLO");
    }
    steps[n++] = ehlo;
    steps[n++] = (struct script_step)SCRIPT_CALL(play_scram, server);
    if (row->code == 501)
        steps[n++] = (struct script_step)SCRIPT_EXPECT("*");
    steps[n++] = row->code == 501 ? (struct script_step)SCRIPT_SAY("501 left\r\n")
                                  : (struct script_step)SCRIPT_SAY("235 2.7.0 in\r\n");
    steps[n++] = (struct script_step)SCRIPT_EXPECT("QUIT");
    steps[n] = (struct script_step)SCRIPT_END;
}

static void check_scram(const struct scram_row *row, const struct kit_tls *tls)
{
    bool sha1 = row->mech == SASL_SCRAM_SHA_1 || row->mech == SASL_SCRAM_SHA_1_PLUS;
    bool succeeds = row->says[0] == '\0';
    struct scram_server server = {.alg = sha1 ? HMAC_SHA1 : HMAC_SHA256,
                                  .cheat = row->cheat,
                                  .gs2 = row->gs2,
                                  .end_point = row->tls == TLS_12 ? tls : NULL};
    struct script_step steps[16];
    struct talk t;
    write_scram_script(steps, row, tls, &server);
    if (begin(&t, steps, tls != NULL)) {
        tap_int(smtp_auth(&t.client, row->mech, &alice, &t.err), succeeds ? MP_OK : MP_E_SYNTAX);
        tap_int(t.client.last.code, row->code);
        tap_cstr(smtp_fault_name(t.client.fault), succeeds ? "none" : "auth");
        if (!tap_ok(has_text(str_from(t.err.text), row->says)))
            tap_note("%s", t.err.text);
        if (!succeeds)
            tap_int(smtp_mail(&t.client, STR("a"), NULL, NULL), MP_E_USAGE);
    }
    talk_end(&t);
    tap_cstr(server.problem == NULL ? "" : server.problem, "");
    check_secret(&t);
    tap_ok(!has_text(talk_transcript(&t), "334 dj")); /* "v=": the server's signature */
    talk_clear(&t);
}

static void test_scram(void)
{
    struct kit_tls_options o = {.names = {"mx.test"}};
    struct kit_tls *tls[3] = {NULL};
    tls[TLS_13] = kit_tls_new(&o);
    o.max_version = "TLSv1.2";
    tls[TLS_12] = kit_tls_new(&o);
    for (size_t i = 0; i < ARRAY_LEN(scram_rows); i++) {
        tap_case("SCRAM: %s", scram_rows[i].label);
        check_scram(&scram_rows[i], tls[scram_rows[i].tls]);
    }
    kit_tls_free(tls[TLS_13]);
    kit_tls_free(tls[TLS_12]);
}

/* ---- the others ---- */

static bool play_cram(struct script_peer *p, void *ctx)
{
    static const char digits[] = "0123456789abcdef";
    static const struct str challenge = STR_INIT("<17.42@mx.test>");
    unsigned char mac[HMAC_MAX_BYTES];
    struct str answer;
    struct arena a;
    char want[64] = "alice ";
    (void)ctx;
    arena_init(&a, SCRATCH_BYTES);
    bool ok = say_334(p, &a, challenge) && hear(p, &a, STR_NONE, &answer) &&
              hmac_once(HMAC_MD5, alice.password, challenge, mac);
    for (size_t i = 0; ok && i < hmac_bytes(HMAC_MD5); i++) {
        want[6 + 2 * i] = digits[mac[i] >> 4];
        want[7 + 2 * i] = digits[mac[i] & 15];
    }
    ok = ok && str_eq(answer, str_from(want));
    arena_clear(&a);
    return ok;
}

#define SAY_YES SCRIPT_SAY("235 2.7.0 in\r\n")
#define SAY_NO  SCRIPT_SAY("535 5.7.8 no\r\n")

static const struct {
    const char *label;
    enum sasl_mech mech;
    struct script_step steps[7];
    unsigned code;
    const char *shown; /* in the transcript */
} others[] = {
    {"PLAIN", SASL_PLAIN, {SCRIPT_EXPECT("AUTH PLAIN AGFsaWNlAG9wZW4tc2VzYW1l"), SAY_YES}, 235},
    {"PLAIN refused", SASL_PLAIN, {SCRIPT_EXPECT("AUTH PLAIN "), SAY_NO}, 535},
    {"PLAIN put off", SASL_PLAIN, {SCRIPT_EXPECT("AUTH PLAIN "), SCRIPT_SAY("454 later\r\n")}, 454},
    {"LOGIN",
     SASL_LOGIN,
     {SCRIPT_EXPECT("AUTH LOGIN"), SCRIPT_SAY("334 VXNlcm5hbWU6\r\n"), SCRIPT_EXPECT("YWxpY2U="),
      SCRIPT_SAY("334 UGFzc3dvcmQ6\r\n"), SCRIPT_EXPECT("b3Blbi1zZXNhbWU="), SAY_YES},
     235},
    {"LOGIN with empty prompts",
     SASL_LOGIN,
     {SCRIPT_EXPECT("AUTH LOGIN"), SCRIPT_SAY("334 \r\n"), SCRIPT_EXPECT("YWxpY2U="),
      SCRIPT_SAY("334\r\n"), SCRIPT_EXPECT("b3Blbi1zZXNhbWU="), SAY_YES},
     235},
    {"LOGIN refused at the user",
     SASL_LOGIN,
     {SCRIPT_EXPECT("AUTH LOGIN"), SCRIPT_SAY("334 VXNlcm5hbWU6\r\n"), SCRIPT_EXPECT("YWxpY2U="),
      SAY_NO},
     535},
    {"PLAIN, sent back in the refusal",
     SASL_PLAIN,
     {SCRIPT_EXPECT("AUTH PLAIN AGFsaWNlAG9wZW4tc2VzYW1l"),
      SCRIPT_SAY("535-you said AUTH PLAIN AGFsaWNlAG9wZW4tc2VzYW1l\r\n"
                 "535 open-sesame is wrong, open-sesame\r\n")},
     535,
     "535 *********** is wrong, ***********"},
    {"LOGIN, sent back in the refusal",
     SASL_LOGIN,
     {SCRIPT_EXPECT("AUTH LOGIN"), SCRIPT_SAY("334 VXNlcm5hbWU6\r\n"), SCRIPT_EXPECT("YWxpY2U="),
      SCRIPT_SAY("334 UGFzc3dvcmQ6\r\n"), SCRIPT_EXPECT("b3Blbi1zZXNhbWU="),
      SCRIPT_SAY("500 b3Blbi1zZXNhbWU=: what?\r\n")},
     500,
     "500 ****************: what?"},
    {"OAUTHBEARER, the token in the reason",
     SASL_OAUTHBEARER,
     {SCRIPT_EXPECT("AUTH OAUTHBEARER "), SCRIPT_SAY("334 b3Blbi1zZXNhbWUgbm90\r\n"),
      SCRIPT_EXPECT("AQ=="), SAY_NO},
     535,
     "=== The server's reason: *********** not"},
    {"CRAM-MD5",
     SASL_CRAM_MD5,
     {SCRIPT_EXPECT("AUTH CRAM-MD5"), SCRIPT_CALL(play_cram, NULL), SAY_YES},
     235},
    {"XOAUTH2",
     SASL_XOAUTH2,
     {SCRIPT_EXPECT("AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciBvcGVuLXNlc2FtZQEB"), SAY_YES},
     235},
    {"XOAUTH2 refused with a reason",
     SASL_XOAUTH2,
     {SCRIPT_EXPECT("AUTH XOAUTH2 "), SCRIPT_SAY("334 eyJzdGF0dXMiOiI0MDAifQ==\r\n"),
      SCRIPT_EXPECT(""), SAY_NO},
     535},
    {"OAUTHBEARER",
     SASL_OAUTHBEARER,
     {SCRIPT_EXPECT("AUTH OAUTHBEARER bixhPWFsaWNlLAFob3N0PW14LnRlc3QBcG9ydD01"
                    "ODcBYXV0aD1CZWFyZXIgb3Blbi1zZXNhbWUBAQ=="),
      SAY_YES},
     235},
    {"OAUTHBEARER refused with a reason",
     SASL_OAUTHBEARER,
     {SCRIPT_EXPECT("AUTH OAUTHBEARER "), SCRIPT_SAY("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
      SCRIPT_EXPECT("AQ=="), SAY_NO},
     535,
     "=== The server's reason: {\"status\":\"401\"}"},
};

static void test_others(void)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct script_step steps[16] = {BANNER, SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(GOOD_EHLO)};
        size_t n = 3;
        for (size_t k = 0; k < 7 && others[i].steps[k].op != SCRIPT_OP_END; k++)
            steps[n++] = others[i].steps[k];
        steps[n++] = (struct script_step)SCRIPT_EXPECT("QUIT");
        struct talk t;
        tap_case("AUTH %s", others[i].label);
        if (begin(&t, steps, false)) {
            if (!tap_int(smtp_auth(&t.client, others[i].mech, &alice, &t.err), MP_OK))
                tap_note("%s", t.err.text);
            tap_int(t.client.last.code, others[i].code);
            tap_int(t.client.fault, SMTP_FAULT_NONE);
        }
        talk_end(&t);
        check_secret(&t);
        tap_ok(has_text(talk_transcript(&t), "<masked, "));
        if (others[i].shown != NULL)
            tap_ok(has_text(talk_transcript(&t), others[i].shown));
        talk_clear(&t);
    }
}

/* ---- servers that do not follow the mechanism ---- */

static void test_broken(void)
{
#define PROMPT SCRIPT_SAY("334 VXNlcm5hbWU6\r\n")
#define LEFT   SCRIPT_EXPECT("*"), SCRIPT_SAY("501 left\r\n"), SCRIPT_EXPECT("QUIT")
    static const struct {
        const char *label;
        enum sasl_mech mech;
        struct script_step steps[10];
        const char *says;
    } rows[] = {
        {"a challenge that is no base64",
         SASL_CRAM_MD5,
         {SCRIPT_EXPECT("AUTH"), SCRIPT_SAY("334 not base64!\r\n"), LEFT},
         "base64"},
        {"a challenge of two lines",
         SASL_CRAM_MD5,
         {SCRIPT_EXPECT("AUTH"), SCRIPT_SAY("334-PDE3\r\n334 LjQy\r\n"), LEFT},
         "base64"},
        {"a challenge where none may be",
         SASL_PLAIN,
         {SCRIPT_EXPECT("AUTH"), PROMPT, LEFT},
         "broken off"},
        {"a third question of LOGIN",
         SASL_LOGIN,
         {SCRIPT_EXPECT("AUTH"), PROMPT, SCRIPT_EXPECT(""), PROMPT, SCRIPT_EXPECT(""), PROMPT,
          LEFT},
         "broken off"},
        {"the end instead of an answer to the cancelling",
         SASL_CRAM_MD5,
         {SCRIPT_EXPECT("AUTH"), SCRIPT_SAY("334 !\r\n"), SCRIPT_EXPECT("*"), SCRIPT_CLOSE},
         "broken off"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script_step steps[16] = {BANNER, SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(GOOD_EHLO)};
        for (size_t k = 0; k < 10; k++)
            steps[3 + k] = rows[i].steps[k];
        struct talk t;
        tap_case("AUTH broken: %s", rows[i].label);
        if (begin(&t, steps, false)) {
            tap_int(smtp_auth(&t.client, rows[i].mech, &alice, &t.err), MP_E_SYNTAX);
            tap_int(t.client.fault, SMTP_FAULT_AUTH);
            tap_int(t.client.fault_stage, SMTP_STAGE_AUTH);
            if (!tap_ok(has_text(str_from(t.err.text), rows[i].says)))
                tap_note("%s", t.err.text);
        }
        talk_end(&t);
        check_secret(&t);
        talk_clear(&t);
    }
}

static void test_usage(void)
{
    static const struct script_step steps[] = {
        BANNER, SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(GOOD_EHLO), SCRIPT_EXPECT("AUTH PLAIN"), SAY_YES,
        QUIT};
    struct sasl_credentials nul = alice;
    nul.password = STR("a\0b");
    struct talk t;
    tap_case("AUTH: what cannot be sent is refused, and the conversation goes on");
    if (begin(&t, steps, false)) {
        tap_int(smtp_auth(&t.client, SASL_PLAIN, &nul, &t.err), MP_E_USAGE);
        tap_int(t.client.fault, SMTP_FAULT_LOCAL);
        tap_int(smtp_auth(&t.client, SASL_SCRAM_SHA_256_PLUS, &alice, &t.err), MP_E_USAGE);
        tap_ok(has_text(str_from(t.err.text), "TLS"));
        tap_int(smtp_auth(&t.client, SASL_PLAIN, &alice, &t.err), MP_OK);
        tap_int(t.client.last.code, 235);
    }
    talk_end(&t);
    talk_clear(&t);
}

int main(void)
{
    test_scram();
    test_others();
    test_broken();
    test_usage();
    kit_trust_done();
    return tap_done();
}
