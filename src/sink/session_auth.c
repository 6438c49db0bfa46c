/* AUTH (RFC 4954): one exchange of SASL, line by line; no secret is written anywhere. */
#include "base/base64.h"
#include "crypto/hmac.h"
#include "sink/sink_internal.h"

/* Only in TLS, unless the configuration says that secrets may be read by anybody on the way. */
bool session_auth_offered(const struct conn *c)
{
    const struct sink_config *config = &c->sink->config;
    return config->auth != SINK_AUTH_OFF && (c->in_tls || config->auth_without_tls);
}

static void forget_login(struct conn *c)
{
    c->login = NULL;
    c->input = INPUT_COMMAND;
    arena_clear(&c->login_arena);
}

static void finish_login(struct conn *c, enum sasl_outcome o)
{
    struct answer a = {235, "2.7.0", STR_INIT("you are logged in")};
    struct str user = STR_NONE;
    if (o == SASL_SUCCESS)
        user = arena_copy(&c->arena, sasl_server_user(c->login));
    forget_login(c);
    if (o == SASL_WRONG)
        a = ANSWER(535, "5.7.8", "user or password is wrong");
    else if (o == SASL_MALFORMED)
        a = ANSWER(501, "5.5.2", "that is not what the mechanism says");
    else if (o == SASL_BROKEN || user.p == NULL)
        a = ANSWER(454, "4.7.0", "logging in does not work at the moment");
    unsigned code = answer(c, SCRIPT_AUTH, NULL, a);
    if (code >= 200 && code < 300 && user.p != NULL) {
        c->auth_user = user;
        SINK_COUNT(c->sink, auth_ok);
        return;
    }
    SINK_COUNT(c->sink, auth_failed);
    if (++c->errors >= SINK_MAX_ERRORS && c->ending == OPEN)
        session_end(c, 421, "4.7.0", "too many errors, closing");
}

/* 334 and the challenge in base64. */
static bool challenge(struct conn *c, struct str text)
{
    struct buf b;
    buf_init(&b, 4 * SASL_MAX_BYTES);
    base64_encode(&b, text);
    bool ok = !b.failed && b.n < 500; /* ours are short */
    if (ok)
        answer_line(c, (struct answer){334, NULL, buf_str(&b)});
    buf_clear(&b);
    return ok;
}

static void step(struct conn *c, struct str response)
{
    struct str text;
    enum sasl_outcome o = sasl_server_step(c->login, response, &text);
    if (o == SASL_CONTINUE && challenge(c, text))
        c->input = INPUT_AUTH;
    else
        finish_login(c, o == SASL_CONTINUE ? SASL_BROKEN : o);
}

/* "=" is the empty initial response (RFC 4954 4). */
static bool decode(struct conn *c, struct str line, bool initial, struct str *out)
{
    *out = STR("");
    if (line.n == 0 || (initial && str_eq(line, STR("="))))
        return true;
    return base64_decode(&c->login_arena, line, BASE64_STRICT, out);
}

void session_auth_line(struct conn *c, struct str line)
{
    struct str response;
    if (str_eq(line, STR("*"))) {
        forget_login(c);
        answer_error(c, 501, "5.7.0", "logging in is cancelled");
    } else if (!decode(c, line, false, &response)) {
        forget_login(c);
        answer_error(c, 501, "5.5.2", "that is no base64");
    } else {
        step(c, response);
    }
}

void session_auth(struct conn *c)
{
    enum sasl_mech m;
    const struct smtp_request *r = &c->request;
    struct str initial = STR_NONE;
    if (c->sink->config.auth == SINK_AUTH_OFF) {
        answer_error(c, 502, "5.5.1", "AUTH is not offered here");
    } else if (!session_auth_offered(c)) {
        answer_error(c, 538, "5.7.11", "only in TLS: say STARTTLS first");
    } else if (c->auth_user.n > 0 || c->tx.open) {
        answer_error(c, 503, "5.5.1", "you are logged in already, or inside of a transaction");
    } else if (!sasl_mech_by_name(r->mechanism, &m) || !sasl_server_has(m, c->sink->users)) {
        answer_error(c, 504, "5.5.4", "this mechanism is not offered");
    } else if (r->has_initial && !decode(c, r->initial, true, &initial)) {
        answer_error(c, 501, "5.5.2", "the initial response is no base64");
    } else if (sasl_server_start(&c->login_arena, m, c->sink->users,
                                 str_from(c->sink->config.hostname), STR_NONE, &c->login,
                                 NULL) != MP_OK) {
        answer_error(c, 454, "4.7.0", "logging in does not work at the moment");
    } else {
        step(c, initial);
    }
}
