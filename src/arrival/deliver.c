/* One tagged message through one server: the conversation, and which reply decided. */
#include "arrival/deliver.h"

#include <stdio.h>

#include "arrival/deliver_internal.h"
#include "base/clock.h"
#include "dns/dns.h"
#include "flow/flow_dns.h"

enum { MICROSECONDS = 1000, AUTH_MECHANISM_UNKNOWN = 504 /* RFC 4954 4 */ };

struct sender {
    const struct deliver_request *r;
    struct arena *arena;
    struct deliver_result *out;
    struct target target;
    struct route route;
    int64_t deadline_us;
    bool settled; /* out->outcome stands: no other address is tried */
};

const char *deliver_outcome_name(enum deliver_outcome o)
{
    static const char *const names[] = {
        [DELIVER_SENT] = "sent",           [DELIVER_PARTLY] = "partly",
        [DELIVER_DEFERRED] = "deferred",   [DELIVER_REFUSED] = "refused",
        [DELIVER_UNDECIDED] = "undecided", [DELIVER_UNMET] = "unmet"};
    return (size_t)o < ARRAY_LEN(names) ? names[o] : "?";
}

static void tell(const struct sender *s, const char *what)
{
    char text[256];
    if (s->r->progress == NULL)
        return;
    snprintf(text, sizeof text, "%.*s: %s", STR_ARG(s->out->group), what);
    s->r->progress(s->r->progress_ctx, text);
}

/* ---- how it ended ---- */

/* The sentence of an error; the conversation is over. */
static bool broke(struct sender *s, const struct mp_err *err)
{
    struct deliver_result *out = s->out;
    struct str text = arena_copy(s->arena, str_from(err->text));
    out->outcome = DELIVER_UNDECIDED;
    out->at = out->client.fault != SMTP_FAULT_NONE ? out->client.fault_stage : SMTP_STAGE_OTHER;
    out->reason = text.n > 0 ? text : STR("the conversation broke");
    return false;
}

static bool unmet(struct sender *s, enum smtp_stage at, const char *what)
{
    s->out->outcome = DELIVER_UNMET;
    s->out->at = at;
    s->out->reason = arena_fmt(s->arena, "%.*s: %s", STR_ARG(s->out->group), what);
    s->settled = true;
    return false;
}

static struct str one_line(struct arena *a, struct str text)
{
    struct str copy = arena_copy(a, str_trim(text));
    char *p = (char *)(uintptr_t)copy.p; /* ours */
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            p[i] = ' ';
    return copy;
}

static bool refused(struct sender *s, enum smtp_stage at, const struct smtp_reply *reply)
{
    struct deliver_result *out = s->out;
    out->outcome = smtp_reply_permanent(reply)   ? DELIVER_REFUSED
                   : smtp_reply_temporary(reply) ? DELIVER_DEFERRED
                                                 : DELIVER_UNDECIDED;
    out->at = at;
    out->reply = *reply;
    out->reason =
        arena_fmt(s->arena, "%.*s answered %s: %u %.*s", STR_ARG(out->group), smtp_stage_name(at),
                  reply->code, STR_ARG(one_line(s->arena, reply->text)));
    s->settled = true;
    return false;
}

static bool is_ok(struct sender *s, int st, enum smtp_stage at, const struct mp_err *err)
{
    const struct smtp_reply *last = &s->out->client.last;
    if (st != MP_OK)
        return broke(s, err);
    return smtp_reply_ok(last) || refused(s, at, last);
}

/* ---- one step after the other ---- */

static struct str our_name(const struct deliver_request *r)
{
    size_t at = str_rfind(r->mail_from, '@');
    if (r->helo.n > 0)
        return r->helo;
    if (r->message.host.n > 0)
        return r->message.host;
    return at + 1 < r->mail_from.n ? str_slice(r->mail_from, at + 1, r->mail_from.n)
                                   : STR("localhost.localdomain");
}

static bool greet(struct sender *s, const struct route_host *h)
{
    const struct deliver_request *r = s->r;
    struct smtp_client *c = &s->out->client;
    struct mp_err err = {0};
    bool is_name = s->target.kind == TARGET_DOMAIN || s->target.kind == TARGET_HOST;
    struct smtp_client_config config = {
        .target = {.ip = s->out->ip,
                   .port = s->out->port,
                   .unix_path = s->target.kind == TARGET_SOCKET ? s->target.path : NULL,
                   .local = r->local},
        .lmtp = s->target.lmtp,
        .implicit_tls = s->target.tls == TARGET_TLS_IMPLICIT,
        .tls = r->tls,
        .sni = is_name ? h->name : STR(""),
        .helo = our_name(r),
        .proxy = r->proxy,
        .deadline_us = s->deadline_us,
        .stage_timeout_ms = r->stage_timeout_ms,
        .now_s = clock_wall_s(),
    };
    if (config.implicit_tls && r->tls == NULL)
        return unmet(s, SMTP_STAGE_TLS, "TLS is needed and cannot be used here");
    tell(s, "connecting");
    s->out->talked = true;
    if (smtp_open(c, &config, s->arena, &err) != MP_OK)
        return broke(s, &err);
    if (!smtp_reply_ok(&c->banner)) {
        refused(s, SMTP_STAGE_BANNER, &c->banner);
        s->settled = smtp_reply_permanent(&c->banner); /* a busy one: the next may have time */
        return false;
    }
    return is_ok(s, smtp_ehlo(c, &err), SMTP_STAGE_EHLO, &err);
}

static bool start_tls(struct sender *s)
{
    struct smtp_client *c = &s->out->client;
    struct mp_err err = {0};
    bool required = s->target.tls == TARGET_TLS_STARTTLS;
    bool offered = (c->ehlo.extensions & SMTP_EXT_STARTTLS) != 0;
    if (s->target.tls == TARGET_TLS_NONE || s->target.tls == TARGET_TLS_IMPLICIT)
        return true;
    if (!offered || s->r->tls == NULL)
        return !required || unmet(s, SMTP_STAGE_STARTTLS,
                                  offered ? "TLS is required and cannot be used here"
                                          : "TLS is required and not offered");
    if (smtp_starttls(c, &err) != MP_OK)
        return broke(s, &err);
    if (!c->has_tls)
        return !required || refused(s, SMTP_STAGE_STARTTLS, &c->last);
    return smtp_reply_ok(&c->last) || refused(s, SMTP_STAGE_EHLO_TLS, &c->last);
}

static bool verify(struct sender *s, const struct route_host *h)
{
    const struct tls_facts *f = &s->out->client.tls;
    bool by_cn;
    if (!s->r->tls_verify)
        return true;
    if (!s->out->client.has_tls)
        return unmet(s, SMTP_STAGE_TLS, "a verified certificate is required, and there is no TLS");
    if (f->pkix != X509_OK)
        return unmet(s, SMTP_STAGE_TLS, "the certificate does not verify");
    if (!f->has_leaf || !x509_matches(&f->leaf, h->name, &by_cn))
        return unmet(s, SMTP_STAGE_TLS, "the certificate is not for this host");
    return true;
}

static bool play_client(struct sender *s)
{
    struct smtp_client *c = &s->out->client;
    struct mp_err err = {0};
    if (s->r->n_xclient == 0)
        return true;
    if ((c->ehlo.extensions & SMTP_EXT_XCLIENT) == 0)
        return unmet(s, SMTP_STAGE_XCLIENT, "XCLIENT is not offered");
    return is_ok(s, smtp_xclient(c, s->r->xclient, s->r->n_xclient, &err), SMTP_STAGE_XCLIENT,
                 &err);
}

/* ---- login ---- */

static bool is_possible(const struct sender *s, enum sasl_mech m)
{
    const struct smtp_client *c = &s->out->client;
    bool binds = m == SASL_SCRAM_SHA_256_PLUS || m == SASL_SCRAM_SHA_1_PLUS;
    bool has_binding = c->tls.exporter_binding.n > 0 || c->tls.channel_binding.n > 0;
    bool in_clear = !c->has_tls && s->target.kind != TARGET_SOCKET;
    if ((binds && !(c->has_tls && has_binding)) ||
        (in_clear && sasl_mech_shows_secret(m) && !s->r->auth_plaintext))
        return false;
    for (size_t i = 0; i < c->ehlo.n_mechs; i++)
        if (str_ieq(c->ehlo.mechs[i], str_from(sasl_mech_name(m))))
            return true;
    return false;
}

/* Strongest first; tokens only when they are asked for: what is given is a password as a rule. */
static const enum sasl_mech by_default[] = {SASL_SCRAM_SHA_256_PLUS,
                                            SASL_SCRAM_SHA_1_PLUS,
                                            SASL_SCRAM_SHA_256,
                                            SASL_SCRAM_SHA_1,
                                            SASL_CRAM_MD5,
                                            SASL_PLAIN,
                                            SASL_LOGIN};

static bool log_in(struct sender *s, const struct route_host *h)
{
    struct smtp_client *c = &s->out->client;
    const struct deliver_request *r = s->r;
    const enum sasl_mech *list = r->n_mechs > 0 ? r->mechs : by_default;
    size_t n = r->n_mechs > 0 ? r->n_mechs : ARRAY_LEN(by_default);
    struct sasl_credentials who = r->credentials;
    bool tried = false;
    if (!r->has_credentials)
        return true;
    who.host = who.host.n > 0 ? who.host : h->name;
    who.port = who.port != 0 ? who.port : s->out->port;
    for (size_t i = 0; i < n; i++) {
        struct mp_err err = {0};
        if (!is_possible(s, list[i]))
            continue;
        tried = true;
        if (smtp_auth(c, list[i], &who, &err) != MP_OK)
            return broke(s, &err);
        if (smtp_reply_ok(&c->last)) {
            s->out->auth_mech = sasl_mech_name(list[i]);
            return true;
        }
        if (c->last.code != AUTH_MECHANISM_UNKNOWN)
            break;
    }
    return tried ? refused(s, SMTP_STAGE_AUTH, &c->last)
                 : unmet(s, SMTP_STAGE_AUTH,
                         "no mechanism is offered that may be used (in the clear none that shows "
                         "the password)");
}

/* ---- the transaction ---- */

/* Which refusal of several tells how it ended: a 4xx if there is one, else the first. */
static void note_worst(const struct deliver_rcpt *rcpts, size_t n, bool at_end,
                       const struct smtp_reply **worst)
{
    *worst = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct smtp_reply *reply = at_end ? &rcpts[i].end : &rcpts[i].reply;
        if (reply->code == 0 || smtp_reply_ok(reply))
            continue;
        if (*worst == NULL || (smtp_reply_temporary(reply) && !smtp_reply_temporary(*worst)))
            *worst = reply;
    }
}

static bool name_rcpts(struct sender *s, size_t *accepted)
{
    struct deliver_result *out = s->out;
    struct smtp_client *c = &out->client;
    const struct smtp_reply *worst;
    *accepted = 0;
    for (size_t i = 0; i < out->n_rcpts; i++) {
        struct mp_err err = {0};
        if (smtp_rcpt(c, out->rcpts[i].address, &s->r->rcpt_params, &err) != MP_OK)
            return broke(s, &err);
        out->rcpts[i].reply = c->last;
        *accepted += smtp_reply_ok(&c->last);
    }
    note_worst(out->rcpts, out->n_rcpts, false, &worst);
    return *accepted > 0 || refused(s, SMTP_STAGE_RCPT, worst);
}

/* Behind the final dot: one reply for all, or with LMTP one for each that was accepted. */
static void note_ends(struct sender *s, const struct smtp_reply *replies, size_t n_replies)
{
    struct deliver_result *out = s->out;
    const struct smtp_reply *worst;
    size_t next = 0;
    for (size_t i = 0; i < out->n_rcpts; i++) {
        struct deliver_rcpt *rcpt = &out->rcpts[i];
        if (!smtp_reply_ok(&rcpt->reply))
            continue;
        rcpt->end = n_replies == 0 ? out->client.last : replies[next++];
        rcpt->delivered = smtp_reply_ok(&rcpt->end);
        out->n_delivered += rcpt->delivered;
    }
    note_worst(out->rcpts, out->n_rcpts, true, &worst);
    bool at_end = worst != NULL;
    if (!at_end)
        note_worst(out->rcpts, out->n_rcpts, false, &worst);
    s->settled = true;
    if (worst != NULL) {
        refused(s, at_end ? SMTP_STAGE_END : SMTP_STAGE_RCPT, worst);
        out->outcome = out->n_delivered > 0 ? DELIVER_PARTLY : out->outcome;
        return;
    }
    out->outcome = DELIVER_SENT;
    out->at = SMTP_STAGE_END;
    out->reply = out->client.last;
    out->reason = STR("");
}

static bool send_message(struct sender *s, size_t accepted)
{
    struct deliver_result *out = s->out;
    struct smtp_client *c = &out->client;
    struct mp_err err = {0};
    bool in_chunks = s->r->chunking && (c->ehlo.extensions & SMTP_EXT_CHUNKING) != 0;
    size_t n = s->target.lmtp ? accepted : 0;
    struct smtp_reply *replies = arena_new(s->arena, struct smtp_reply, n + 1);
    if (replies == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory for the replies");
        return broke(s, &err);
    }
    if (!in_chunks && smtp_data(c, &err) != MP_OK)
        return broke(s, &err);
    if (!in_chunks && c->last.code != 354)
        return refused(s, SMTP_STAGE_DATA, &c->last);
    s->settled = true; /* from here on it may be there: no second try elsewhere */
    tell(s, "sending the message");
    int st = in_chunks ? smtp_chunks(c, out->bytes, 0, n > 0 ? replies : NULL, n, &err)
                       : smtp_message(c, out->bytes, true, n > 0 ? replies : NULL, n, &err);
    if (st != MP_OK)
        return broke(s, &err);
    note_ends(s, replies, n);
    return true;
}

static void transact(struct sender *s, const struct route_host *h)
{
    struct mp_err err = {0};
    size_t accepted;
    if (!greet(s, h) || !start_tls(s) || !verify(s, h) || !play_client(s) || !log_in(s, h))
        return;
    s->out->sent_ms = clock_wall_ms();
    struct smtp_mail_params params = s->r->mail_params;
    if (!is_ok(s, smtp_mail(&s->out->client, s->r->mail_from, &params, &err), SMTP_STAGE_MAIL,
               &err))
        return;
    if (name_rcpts(s, &accepted))
        send_message(s, accepted);
}

/* ---- addresses ---- */

static int try_address(struct sender *s, const struct route_host *h, const struct ip *ip,
                       struct mp_err *err)
{
    struct deliver_result *out = s->out;
    const struct deliver_request *r = s->r;
    char text[IP_TEXT_MAX];
    struct str address = str_make(text, ip->family == IP_NONE ? 0 : ip_write(ip, text));
    out->host = h->name;
    out->ip = *ip;
    out->port = s->target.port;
    out->group = ip->family == IP_NONE ? h->name
                                       : arena_fmt(s->arena, "%.*s [%.*s]:%u", STR_ARG(h->name),
                                                   STR_ARG(address), out->port);
    if (r->allowed != NULL && !r->allowed(r->allowed_ctx, h->name, *ip))
        return mp_fail(err, MP_E_USAGE, 0, "%.*s may not be reached: it is not allowed",
                       STR_ARG(out->group));
    out->client = (struct smtp_client){0};
    transact(s, h);
    smtp_quit(&out->client);
    return MP_OK;
}

static int try_all(struct sender *s, struct mp_err *err)
{
    size_t tried = 0;
    int st = MP_OK;
    if (s->target.kind == TARGET_SOCKET)
        return try_address(s, &s->route.hosts[0], &(struct ip){.family = IP_NONE}, err);
    for (size_t i = 0; i < s->route.n_hosts; i++) {
        const struct route_host *h = &s->route.hosts[i];
        for (size_t k = 0; k < h->n_addresses; k++) {
            if (st != MP_OK || s->settled || tried == DELIVER_MAX_SERVERS ||
                (tried > 0 && clock_mono_us() >= s->deadline_us))
                return st;
            tried++;
            st = try_address(s, h, &h->addresses[k], err);
        }
    }
    return st;
}

static int find_route(struct sender *s, struct mp_err *err)
{
    bool needs_dns = s->target.kind == TARGET_DOMAIN || s->target.kind == TARGET_HOST;
    struct dns_view *view = NULL;
    if (needs_dns && s->r->dns == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "%.*s: a name needs DNS; give an address",
                       STR_ARG(s->r->server));
    if (needs_dns && (view = flow_dns_view(s->r->dns, s->arena)) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for DNS");
    int st = route_find(s->r->dns, view, s->arena, &s->target, s->deadline_us, &s->route, err);
    if (view != NULL)
        dns_view_release(view);
    return st;
}

static int check_request(const struct deliver_request *r, struct mp_err *err)
{
    if (r->n_rcpts == 0 || r->n_rcpts > DELIVER_MAX_RCPTS)
        return mp_fail(err, MP_E_USAGE, DELIVER_MAX_RCPTS, "1 to %d recipients are needed",
                       DELIVER_MAX_RCPTS);
    for (size_t i = 0; i <= r->n_rcpts; i++) {
        struct str address = i < r->n_rcpts ? r->rcpts[i] : r->mail_from;
        for (size_t k = 0; k < address.n; k++)
            if ((unsigned char)address.p[k] < ' ' || address.p[k] == 0x7f)
                return mp_fail(err, MP_E_USAGE, 0, "an address holds control characters");
    }
    return MP_OK;
}

int deliver(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
            struct mp_err *err)
{
    struct sender s = {.r = r, .arena = a, .out = out};
    int64_t started = clock_mono_us();
    unsigned ms = r->deadline_ms > 0 ? r->deadline_ms : DELIVER_DEADLINE_MS;
    *out = (struct deliver_result){.outcome = DELIVER_UNDECIDED, .at = SMTP_STAGE_CONNECT};
    s.deadline_us = started + (int64_t)ms * MICROSECONDS;
    int st = check_request(r, err);
    st = st == MP_OK ? target_parse(a, r->server, &s.target, err) : st;
    st = st == MP_OK ? deliver_compose(r, a, out, err) : st;
    out->rcpts = st == MP_OK ? arena_new(a, struct deliver_rcpt, r->n_rcpts) : NULL;
    if (st == MP_OK && out->rcpts == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the recipients");
    for (size_t i = 0; st == MP_OK && i < r->n_rcpts; i++)
        out->rcpts[out->n_rcpts++] = (struct deliver_rcpt){.address = r->rcpts[i]};
    st = st == MP_OK ? find_route(&s, err) : st;
    if (st != MP_OK)
        return st;
    out->sent_ms = clock_wall_ms();
    out->group = r->server;
    out->reason = s.route.reason.n > 0 ? s.route.reason : STR("no server of it has an address");
    if (s.route.kind == ROUTE_NULL_MX)
        unmet(&s, SMTP_STAGE_CONNECT, "takes no mail (null MX)");
    else
        st = try_all(&s, err);
    out->elapsed_us = clock_mono_us() - started;
    return st;
}
