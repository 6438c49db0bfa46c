/* Conversations that a suite has with a server without sending mail through it: options, reach,
 * what is kept. */
#include "suite/ask_internal.h"

#include "base/clock.h"

enum { PLAIN_MS = 15000 };

static const enum sasl_mech token_mechs[] = {SASL_OAUTHBEARER, SASL_XOAUTH2};

static void take_credentials(struct probe_options *o, const struct suite_host *h)
{
    o->has_credentials = h->has_auth;
    o->auth_plaintext = h->auth_plaintext;
    o->credentials = (struct sasl_credentials){.user = h->user,
                                               .password = h->token.n > 0 ? h->token : h->password,
                                               .authorize_as = h->authorize_as};
    o->mechs = h->mechs;
    o->n_mechs = h->n_mechs;
    if (h->token.n > 0 && h->n_mechs == 0) {
        o->mechs = token_mechs;
        o->n_mechs = ARRAY_LEN(token_mechs);
    }
}

/* As in send: XCLIENT, PROXY, or the name alone. */
static int play(struct probe_options *o, const struct suite_host *h, const struct suite_as *as,
                struct mp_err *err)
{
    o->helo = as->helo.n > 0 ? as->helo : o->helo;
    if (h != NULL && h->xclient) {
        o->xclient = as->xclient;
        o->n_xclient = as->n_xclient;
    } else if (h != NULL && h->proxy.version != 0) {
        o->proxy = work_proxy(h, as);
    } else if (as->addr.family != IP_NONE) {
        return mp_fail(err, MP_E_USAGE, 0,
                       "'as' has an address, and the host neither 'xclient: allowed' nor 'proxy'");
    }
    return MP_OK;
}

static int find_target(struct work *w, const struct suite_host *h, struct ask *a,
                       struct mp_err *err)
{
    struct running_sink *sink =
        h != NULL && h->kind == SUITE_HOST_SINK ? sinks_find(w->sinks, h->sink) : NULL;
    if (h == NULL || h->kind == SUITE_HOST_SERVER)
        return MP_OK;
    if (sink == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "'%.*s' speaks no SMTP", STR_ARG(h->name));
    a->target = sink_url(sink, w->arena);
    return MP_OK;
}

int ask_prepare(struct work *w, const struct suite_host *h, const struct suite_as *as,
                struct str helo, struct str target, struct ask **out, struct mp_err *err)
{
    struct ask *a = arena_new(w->arena, struct ask, 1);
    if (a == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a probe");
    struct probe_options *o = &a->options;
    probe_options_init(o);
    *out = a;
    o->dns = w->world->dns;
    o->ca_file = h != NULL && h->ca_file != NULL ? h->ca_file : w->world->ca_file;
    o->https_port = w->world->https_port;
    o->allow_private_https = w->world->allow_private;
    o->helo = helo.n > 0 ? helo : h != NULL && h->helo.n > 0 ? h->helo : w->world->helo;
    o->catch_all = false;
    o->injection_test = false;
    o->now_s = w->now_s;
    o->deadline_ms = w->c->timeout_ms;
    o->progress = work_progress;
    o->progress_ctx = w;
    if (h != NULL) {
        o->local = h->local;
        take_credentials(o, h);
    }
    a->target = target.n > 0 || h == NULL ? target : h->url;
    int st = find_target(w, h, a, err);
    st = st == MP_OK ? play(o, h, as, err) : st;
    return st == MP_OK ? work_tls(w, h, &o->tls, &a->own_tls, err) : st;
}

int ask_run(struct work *w, struct ask *a, const char *what, struct mp_err *err)
{
    int st = probe_run(&a->probe, a->target, &a->options, err);
    for (size_t i = 0; st == MP_OK && i < a->probe.n_servers; i++) {
        const struct probe_server *s = &a->probe.servers[i];
        if (!s->tried)
            continue;
        work_keep_conversation(w, what, s->group, &s->client.transcript);
        for (size_t k = 0; k < s->n_transcripts; k++)
            work_keep_conversation(w, what, s->group, &s->transcripts[k]);
    }
    return st;
}

void ask_clear(struct ask *a)
{
    if (a == NULL)
        return;
    probe_clear(&a->probe);
    tls_client_free(a->own_tls);
}

bool ask_allowed(void *ctx, struct str host, struct ip ip)
{
    const struct work *w = ctx;
    return suite_allows((void *)(uintptr_t)w->suite, host, ip);
}

bool ask_is_open(const struct probe_server *s)
{
    return !s->tried || s->fault == SMTP_FAULT_TIMEOUT || s->fault == SMTP_FAULT_UNREACHABLE ||
           s->fault == SMTP_FAULT_LOCAL;
}

/* The sentence that the probe itself says of it. */
struct str ask_fault(struct work *w, const struct probe *p, const struct probe_server *s)
{
    if (!s->tried)
        return STR("there was no time for it");
    if (s->fault == SMTP_FAULT_NONE)
        return STR("the server did not go on");
    for (size_t i = 0; i < p->checks.n; i++) {
        const struct check *c = &p->checks.items[i];
        if (str_eq(c->group, s->group) && check_status_of(c) != CHECK_PASS && c->detail.n > 0)
            return c->detail;
    }
    return arena_fmt(w->arena, "%s at %s", smtp_fault_name(s->fault),
                     smtp_stage_name(s->fault_stage));
}

/* ---- MAIL before TLS ---- */

static struct smtp_client_config plain_config(struct work *w, const struct ask *a,
                                              const struct probe_server *s)
{
    const struct target *t = &a->probe.target;
    return (struct smtp_client_config){.target = {.ip = s->ip,
                                                  .port = s->port,
                                                  .unix_path =
                                                      t->kind == TARGET_SOCKET ? t->path : NULL,
                                                  .local = a->options.local},
                                       .lmtp = t->lmtp,
                                       .helo = a->options.helo,
                                       .proxy = a->options.proxy,
                                       .deadline_us = clock_mono_us() + (int64_t)PLAIN_MS * 1000,
                                       .now_s = w->now_s};
}

enum ask_plain ask_plain_mail(struct work *w, const struct ask *a, const struct probe_server *s,
                              struct str *got)
{
    struct smtp_client c = {0};
    struct mp_err err = {0};
    struct smtp_client_config config = plain_config(w, a, s);
    int st = smtp_open(&c, &config, w->arena, &err);
    st = st == MP_OK ? smtp_ehlo(&c, &err) : st;
    st = st == MP_OK ? smtp_mail(&c, STR(""), &(struct smtp_mail_params){0}, &err) : st;
    work_keep_conversation(w, "probe without TLS", s->group, &c.transcript);
    smtp_quit(&c);
    if (st != MP_OK) {
        *got = arena_copy(w->arena, str_from(err.text));
        return ASK_PLAIN_OPEN;
    }
    *got = arena_fmt(w->arena, "MAIL FROM before TLS: %.*s", STR_ARG(judge_reply(w, &c.last)));
    return smtp_reply_permanent(&c.last) ? ASK_PLAIN_REFUSED
           : smtp_reply_ok(&c.last)      ? ASK_PLAIN_TAKEN
                                         : ASK_PLAIN_OPEN;
}
