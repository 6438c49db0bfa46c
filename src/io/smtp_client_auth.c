/* AUTH: one SASL exchange over SMTP (RFC 4954), bound to the TLS session, secrets unseen. */
#include <stdio.h>

#include "base/base64.h"
#include "crypto/hmac.h"
#include "io/smtp_client_internal.h"

enum { REASON_MAX_BYTES = 4096 }; /* shown of it */

struct exchange {
    struct smtp_client *c;
    struct buf sent; /* the last line that held a secret */
    struct sasl *sasl;
    enum sasl_mech mech;
    struct mp_err *err;
};

/* ---- channel binding ---- */

static bool offers(const struct smtp_client *c, enum sasl_mech mech)
{
    struct str name = str_from(sasl_mech_name(mech));
    for (size_t i = 0; i < c->ehlo.n_mechs; i++)
        if (str_ieq(c->ehlo.mechs[i], name))
            return true;
    return false;
}

/* tls-exporter where TLS has it (RFC 9266 says: instead of tls-unique), else the certificate. */
static void bind_channel(const struct smtp_client *c, enum sasl_mech mech,
                         struct sasl_credentials *who)
{
    bool is_sha1 = mech == SASL_SCRAM_SHA_1 || mech == SASL_SCRAM_SHA_1_PLUS;
    if (who->binding_type != NULL)
        return;
    who->server_offers_plus = offers(c, is_sha1 ? SASL_SCRAM_SHA_1_PLUS : SASL_SCRAM_SHA_256_PLUS);
    if (!c->has_tls)
        return;
    if (c->tls.exporter_binding.n > 0) {
        who->binding_type = "tls-exporter";
        who->binding = c->tls.exporter_binding;
    } else if (c->tls.channel_binding.n > 0) {
        who->binding_type = "tls-server-end-point";
        who->binding = c->tls.channel_binding;
    }
}

/* ---- lines ---- */

static void forget_sent(struct exchange *x)
{
    x->c->secrets[1] = STR_NONE;
    if (x->sent.p != NULL)
        crypto_wipe(x->sent.p, x->sent.n);
    buf_clear(&x->sent);
}

/* "HEAD secret CRLF"; the transcript gets the head and a length. */
static int send_secret(struct exchange *x, struct str head, struct str secret, bool is_initial)
{
    struct smtp_client *c = x->c;
    struct buf line;
    size_t room = head.n + base64_encoded_bytes(secret.n) + 4;
    buf_init(&line, room);
    if (buf_reserve(&line, room) == NULL) /* at once: growing would leave copies behind */
        return client_fail(c, SMTP_STAGE_AUTH, SMTP_FAULT_LOCAL, MP_E_NOMEM, x->err,
                           "no memory for AUTH");
    buf_add(&line, head);
    if (is_initial)
        buf_addc(&line, ' ');
    size_t before = line.n;
    if (is_initial && secret.n == 0)
        buf_addc(&line, '='); /* RFC 4954 4: an empty one */
    base64_encode(&line, secret);
    transcript_add_masked(&c->transcript, TRANSCRIPT_SENT, conn_in_tls(c->conn), client_at(c), head,
                          line.n - before);
    buf_addz(&line, "\r\n");
    int st = client_write(c, SMTP_STAGE_AUTH, buf_str(&line), x->err);
    forget_sent(x);
    x->sent = line;
    c->secrets[1] = str_slice(buf_str(&line), before, line.n - 2);
    return st;
}

static int await_reply(struct exchange *x, int st)
{
    if (st != MP_OK)
        return client_last_words(x->c, SMTP_STAGE_AUTH) ? MP_OK : st;
    return client_reply(x->c, SMTP_STAGE_AUTH, 0, x->err);
}

/* The signature of a SCRAM server (RFC 5802 7) lets whoever reads it try passwords at leisure; the
 * reason of an OAuth server may hold the token, and is told decoded. */
static bool masks_challenges(enum sasl_mech m)
{
    return m != SASL_PLAIN && m != SASL_LOGIN && m != SASL_CRAM_MD5;
}

static int start(struct exchange *x)
{
    char head[64];
    struct str initial = STR_NONE;
    bool has_initial = false;
    snprintf(head, sizeof head, "AUTH %s", sasl_mech_name(x->mech));
    sasl_initial(x->sasl, &initial, &has_initial);
    x->c->mask_challenge = x->mech == SASL_XOAUTH2 || x->mech == SASL_OAUTHBEARER;
    if (has_initial)
        return await_reply(x, send_secret(x, str_from(head), initial, true));
    return smtp_command(x->c, str_from(head), SMTP_STAGE_AUTH, x->err);
}

/* Leave the exchange (RFC 4954 4): the server answers 501, and nobody is logged in. */
static int cancel(struct exchange *x, const char *why)
{
    char peer[CONN_HOST_TEXT_MAX];
    int st = client_send(x->c, SMTP_STAGE_AUTH, STR("*\r\n"), false, x->err);
    if (st == MP_OK)
        st = client_reply(x->c, SMTP_STAGE_AUTH, 0, x->err);
    if (st != MP_OK)
        x->c->wire_lost = true;
    return client_fail(x->c, SMTP_STAGE_AUTH, SMTP_FAULT_AUTH, MP_E_SYNTAX, x->err,
                       "AUTH %s with %s was broken off: %s", sasl_mech_name(x->mech),
                       client_peer(x->c, peer), why);
}

static int answer(struct exchange *x)
{
    struct smtp_client *c = x->c;
    struct mp_err why = {0};
    struct str challenge, response = STR_NONE;
    if (c->last.n_lines != 1 ||
        !base64_decode(c->arena, str_trim_wsp(c->last.lines[0]), BASE64_STRICT, &challenge))
        return cancel(x, "its challenge is not one line of base64");
    int st = sasl_step(x->sasl, challenge, &response, &why);
    if (st == MP_E_NOMEM)
        return client_fail(c, SMTP_STAGE_AUTH, SMTP_FAULT_LOCAL, st, x->err, "%s", why.text);
    if (st != MP_OK)
        return cancel(x, why.text);
    c->mask_challenge = masks_challenges(x->mech);
    return await_reply(x, send_secret(x, STR_NONE, response, false));
}

static void note_reason(struct smtp_client *c, struct str reason)
{
    struct buf text;
    buf_init(&text, REASON_MAX_BYTES);
    buf_addz(&text, "The server's reason: ");
    buf_add(&text, str_slice(reason, 0, REASON_MAX_BYTES - text.n));
    client_blank(c, text.p, text.n);
    client_note(c, TRANSCRIPT_INFO, buf_str(&text));
    buf_clear(&text);
}

static int run(struct exchange *x)
{
    char peer[CONN_HOST_TEXT_MAX];
    struct smtp_client *c = x->c;
    int st = start(x);
    for (int i = 0; st == MP_OK && c->last.code == 334; i++)
        st = i < SMTP_AUTH_MAX_STEPS ? answer(x) : cancel(x, "it asks without end");
    c->mask_challenge = false;
    struct str reason = sasl_server_error(x->sasl);
    if (reason.n > 0)
        note_reason(c, reason);
    if (st == MP_OK && smtp_reply_ok(&c->last) && !sasl_proved(x->sasl))
        return client_fail(c, SMTP_STAGE_AUTH, SMTP_FAULT_AUTH, MP_E_SYNTAX, x->err,
                           "%s took AUTH %s without proving that it knows the password: it may not "
                           "be the server it claims to be",
                           client_peer(c, peer), sasl_mech_name(x->mech));
    return st;
}

int smtp_auth(struct smtp_client *c, enum sasl_mech mech, const struct sasl_credentials *who,
              struct mp_err *err)
{
    struct sasl_credentials bound = *who;
    struct exchange x = {.c = c, .mech = mech, .err = err};
    int st = client_begin(c, SMTP_STAGE_AUTH, err);
    if (st != MP_OK)
        return st;
    bind_channel(c, mech, &bound);
    st = sasl_start(c->arena, mech, &bound, STR_NONE, &x.sasl, err);
    if (st != MP_OK)
        return client_fail_local(c, SMTP_STAGE_AUTH, st);
    c->secrets[0] = who->password;
    st = run(&x);
    forget_sent(&x);
    c->secrets[0] = STR_NONE;
    sasl_done(x.sasl);
    return st;
}
