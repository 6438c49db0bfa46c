/* An SMTP, ESMTP or LMTP conversation: how it begins, goes into TLS, and ends. */
#include "io/smtp_client.h"

#include <stdio.h>

#include "base/clock.h"
#include "io/smtp_client_internal.h"

enum { PROXY_MAX_BYTES = 256, IN_MAX_BYTES = 2 * SMTP_REPLY_MAX_BYTES };

static const char *config_problem(const struct smtp_client_config *config)
{
    if (config->helo.n == 0)
        return "our own name for EHLO is missing";
    if (config->implicit_tls && config->tls == NULL)
        return "TLS from the start is wanted, and there are no TLS settings";
    return NULL;
}

/* ---- opening ---- */

static int fail_connect(struct smtp_client *c, enum conn_fault fault, int st,
                        const struct mp_err *why, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    client_peer(c, peer);
    switch (fault) {
    case CONN_REFUSED:
        return client_fail(c, SMTP_STAGE_CONNECT, SMTP_FAULT_REFUSED, st, err,
                           "%s refuses the connection: nothing listens there, or a firewall "
                           "answers for it; check address and port",
                           peer);
    case CONN_UNREACHABLE:
        return client_fail(c, SMTP_STAGE_CONNECT, SMTP_FAULT_UNREACHABLE, st, err,
                           "%s cannot be reached from here (%s)", peer, why->text);
    case CONN_TIMED_OUT:
        return client_fail(
            c, SMTP_STAGE_CONNECT, SMTP_FAULT_TIMEOUT, st, err,
            "%s did not take the connection in time: it is down, or a firewall drops "
            "what we send (many networks block port 25 outward)",
            peer);
    case CONN_CLOSED:
        return client_fail(c, SMTP_STAGE_CONNECT, SMTP_FAULT_CLOSED, st, err,
                           "%s broke the connection off at once", peer);
    default:
        return client_fail(c, SMTP_STAGE_CONNECT, SMTP_FAULT_LOCAL, st, err, "%s", why->text);
    }
}

static int connect_client(struct smtp_client *c, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX], text[CONN_HOST_TEXT_MAX + 32];
    enum conn_fault fault;
    struct mp_err why = {0};
    int64_t since_us = clock_mono_us();
    int st = conn_open(&c->config.target, client_deadline(c, SMTP_STAGE_CONNECT, 0), &c->conn,
                       &fault, &why);
    client_count(c, SMTP_STAGE_CONNECT, since_us);
    if (st != MP_OK)
        return fail_connect(c, fault, st, &why, err);
    snprintf(text, sizeof text, "Connected to %s", client_peer(c, peer));
    client_note(c, TRANSCRIPT_INFO, str_from(text));
    return MP_OK;
}

static int send_proxy(struct smtp_client *c, struct mp_err *err)
{
    struct buf header;
    if (c->config.proxy.version == 0)
        return MP_OK;
    buf_init(&header, PROXY_MAX_BYTES);
    int st = smtp_write_proxy(&header, &c->config.proxy, err);
    if (st != MP_OK) {
        client_fail_local(c, SMTP_STAGE_CONNECT, st);
    } else if (c->config.proxy.version == 1) {
        st = client_send(c, SMTP_STAGE_CONNECT, buf_str(&header), false, err);
    } else {
        char text[64];
        snprintf(text, sizeof text, "PROXY protocol version 2, %zu bytes", header.n);
        client_note(c, TRANSCRIPT_INFO, str_from(text));
        st = client_write(c, SMTP_STAGE_CONNECT, buf_str(&header), err);
    }
    buf_clear(&header);
    return st;
}

int smtp_open(struct smtp_client *c, const struct smtp_client_config *config, struct arena *a,
              struct mp_err *err)
{
    const char *problem = config_problem(config);
    *c = (struct smtp_client){.config = *config, .arena = a, .started_us = clock_mono_us()};
    for (size_t i = 0; i < SMTP_STAGE_COUNT; i++)
        c->stage_us[i] = -1;
    buf_init(&c->in, IN_MAX_BYTES);
    transcript_init(&c->transcript, a);
    if (problem != NULL)
        return client_fail(c, SMTP_STAGE_CONNECT, SMTP_FAULT_LOCAL, MP_E_USAGE, err, "%s", problem);
    int st = connect_client(c, err);
    if (st == MP_OK)
        st = send_proxy(c, err);
    if (st == MP_OK && config->implicit_tls)
        st = client_start_tls(c, err);
    if (st == MP_OK)
        st = client_reply(c, SMTP_STAGE_BANNER, 0, err);
    if (st == MP_OK)
        c->banner = c->last;
    else
        c->wire_lost = true;
    return st;
}

/* ---- EHLO ---- */

static int say_hello(struct smtp_client *c, const char *verb, enum smtp_stage stage,
                     struct mp_err *err)
{
    struct buf command;
    buf_init(&command, SMTP_COMMAND_MAX_BYTES);
    int st = smtp_write_verb(&command, verb, c->config.helo, err);
    st = st == MP_OK ? client_talk(c, stage, buf_str(&command), err)
                     : client_fail_local(c, stage, st);
    buf_clear(&command);
    return st;
}

int smtp_ehlo(struct smtp_client *c, struct mp_err *err)
{
    enum smtp_stage stage =
        c->has_tls && !c->config.implicit_tls ? SMTP_STAGE_EHLO_TLS : SMTP_STAGE_EHLO;
    bool extended = !c->config.force_helo || c->config.lmtp;
    const char *verb = c->config.lmtp ? "LHLO" : extended ? "EHLO" : "HELO";
    int st = client_begin(c, stage, err);
    if (st == MP_OK)
        st = say_hello(c, verb, stage, err);
    if (st == MP_OK && extended && !c->config.lmtp && smtp_reply_permanent(&c->last)) {
        extended = false; /* RFC 5321 3.2: an old server */
        st = say_hello(c, "HELO", stage, err);
    }
    c->ehlo = (struct smtp_ehlo){.extended = false};
    if (st != MP_OK || !smtp_reply_ok(&c->last))
        return st;
    c->did_ehlo = true;
    smtp_ehlo_parse(c->arena, &c->last, &c->ehlo);
    if (!extended) /* HELO offers nothing, whatever its reply says */
        c->ehlo = (struct smtp_ehlo){.greeting_name = c->ehlo.greeting_name};
    return MP_OK;
}

/* ---- STARTTLS, XCLIENT ---- */

/* What lies behind the 220 came in plain text: from the server before TLS, or from someone on the
 * way who wants it taken for a reply in TLS (CVE-2011-0411 seen from the other side). */
static int refuse_injected(struct smtp_client *c, struct mp_err *err)
{
    char peer[CONN_HOST_TEXT_MAX];
    if (c->in.n == 0 && !conn_readable(c->conn, 0))
        return MP_OK;
    if (c->in.n > 0)
        client_note(c, TRANSCRIPT_UNEXPECTED, buf_str(&c->in));
    return client_fail(c, SMTP_STAGE_STARTTLS, SMTP_FAULT_INJECTED, MP_E_SYNTAX, err,
                       "%s sent plain text behind its reply to STARTTLS: the server is broken, or "
                       "someone writes into the connection; nothing it says can be trusted",
                       client_peer(c, peer));
}

int smtp_starttls(struct smtp_client *c, struct mp_err *err)
{
    int st = client_begin(c, SMTP_STAGE_STARTTLS, err);
    if (st != MP_OK)
        return st;
    if (c->config.tls == NULL || c->has_tls)
        return client_fail_local(c, SMTP_STAGE_STARTTLS,
                                 mp_fail(err, MP_E_USAGE, 0,
                                         c->has_tls ? "TLS is on already"
                                                    : "there are no TLS settings"));
    st = client_talk(c, SMTP_STAGE_STARTTLS, STR("STARTTLS\r\n"), err);
    if (st != MP_OK || c->last.code != 220)
        return st;
    st = refuse_injected(c, err);
    if (st == MP_OK)
        st = client_start_tls(c, err);
    if (st != MP_OK)
        return st;
    c->ehlo_plain = c->ehlo; /* what was said in plain text no longer counts (RFC 3207 4.2) */
    c->ehlo = (struct smtp_ehlo){.extended = false};
    c->did_ehlo = false;
    return smtp_ehlo(c, err);
}

int smtp_xclient(struct smtp_client *c, const struct smtp_attribute *attrs, size_t n,
                 struct mp_err *err)
{
    struct buf command;
    int st = client_begin(c, SMTP_STAGE_XCLIENT, err);
    if (st != MP_OK)
        return st;
    buf_init(&command, SMTP_COMMAND_MAX_BYTES);
    st = smtp_write_xclient(&command, attrs, n, err);
    st = st == MP_OK ? client_talk(c, SMTP_STAGE_XCLIENT, buf_str(&command), err)
                     : client_fail_local(c, SMTP_STAGE_XCLIENT, st);
    buf_clear(&command);
    if (st != MP_OK || c->last.code != 220)
        return st;
    c->did_ehlo = false; /* the session begins anew */
    return smtp_ehlo(c, err);
}

/* ---- the end ---- */

static bool can_quit(const struct smtp_client *c)
{
    return c->conn != NULL && !c->wire_lost && !c->mid_message && c->banner.code != 0 &&
           clock_mono_us() < c->config.deadline_us;
}

void smtp_quit(struct smtp_client *c)
{
    if (can_quit(c)) {
        struct smtp_reply last = c->last;
        enum smtp_fault fault = c->fault;
        enum smtp_stage fault_stage = c->fault_stage;
        c->config.stage_timeout_ms =
            c->config.stage_timeout_ms != 0 && c->config.stage_timeout_ms < SMTP_QUIT_WAIT_MS
                ? c->config.stage_timeout_ms
                : SMTP_QUIT_WAIT_MS;
        c->fault = SMTP_FAULT_NONE;
        if (client_send(c, SMTP_STAGE_QUIT, STR("QUIT\r\n"), false, NULL) == MP_OK)
            client_reply(c, SMTP_STAGE_QUIT, 0, NULL);
        c->last = last;
        c->fault = fault;
        c->fault_stage = fault_stage;
    }
    smtp_close(c);
}

void smtp_close(struct smtp_client *c)
{
    conn_close(c->conn);
    c->conn = NULL;
    c->wire_lost = true;
    buf_clear(&c->in);
}
