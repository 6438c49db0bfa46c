/* DANE and MTA-STS: what the domain promises, whether each server keeps it, who would deliver. */
#include "base/clock.h"
#include "flow/probe_internal.h"
#include "io/https.h"
#include "io/sts_cache.h"

/* ---- the MTA-STS policy of the domain ---- */

static bool is_failure(enum dns_status s)
{
    return s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS;
}

static int say(struct prober *p, enum probe_sts state, struct mp_err *err, struct str reason)
{
    p->sts = state;
    p->probe->sts_reason = reason;
    return reason.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a policy");
}

/* Take the text of a policy; false: it cannot be read, and why. */
static bool take_policy(struct prober *p, struct str body, struct str *why)
{
    struct mp_err err = {0};
    struct mta_sts_policy policy = {0};
    if (mta_sts_policy_parse(body, &policy, &err) != MP_OK) {
        *why = probe_sentence(&p->probe->arena, &err);
        return false;
    }
    p->probe->sts = policy;
    p->probe->has_sts = policy.mode != MTA_STS_NONE;
    return true;
}

static int take_cached(struct prober *p, const struct sts_cached *cached, const char *because,
                       struct mp_err *err)
{
    struct str why;
    struct arena *a = &p->probe->arena;
    if (!take_policy(p, cached->body, &why))
        return say(p, PROBE_STS_BROKEN, err,
                   arena_fmt(a, "the policy in the cache: %.*s", STR_ARG(why)));
    return say(p, PROBE_STS_FOUND, err,
               arena_fmt(a, "%s, kept from an earlier run (%s)",
                         mta_sts_mode_name(p->probe->sts.mode), because));
}

static int find_addresses(struct prober *p, struct str host, struct ip *out, size_t *n,
                          bool *failed, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_AAAA, DNS_A};
    *n = 0;
    *failed = false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        dns_prefetch(p->dns.view, host, types[i]);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct dns_answer *answer;
        int st = flow_dns_ask(&p->dns, host, types[i], &answer, err);
        if (st != MP_OK)
            return st;
        *failed |= is_failure(answer->status);
        for (size_t k = 0; k < answer->n && *n < HTTPS_MAX_ADDRESSES; k++)
            out[(*n)++] = answer->records[k].ip;
    }
    return MP_OK;
}

static int64_t fetch_deadline_us(const struct prober *p)
{
    int64_t own = clock_mono_us() + (int64_t)PROBE_FETCH_DEADLINE_MS * 1000;
    return own < p->deadline_us ? own : p->deadline_us;
}

static int fetch_file(struct prober *p, struct str host, struct https_reply *reply,
                      struct mp_err *err)
{
    const struct probe_options *o = p->options;
    struct arena *a = &p->probe->arena;
    struct ip addresses[HTTPS_MAX_ADDRESSES];
    size_t n;
    bool failed;
    int st = find_addresses(p, host, addresses, &n, &failed, err);
    if (st != MP_OK)
        return st;
    if (n == 0) {
        *reply = (struct https_reply){.fault = failed ? HTTPS_TIMEOUT : HTTPS_CONNECT,
                                      .reason = arena_fmt(a, "%.*s has no address", STR_ARG(host))};
        return MP_OK;
    }
    struct https_request request = {.url = arena_fmt(a, "https://%.*s/.well-known/mta-sts.txt",
                                                     STR_ARG(host)),
                                    .addresses = addresses,
                                    .n_addresses = n,
                                    .port_override = o->https_port,
                                    .ca_file = o->ca_file,
                                    .max_bytes = MTA_STS_POLICY_MAX_BYTES,
                                    .allow_private = o->allow_private_https,
                                    .deadline_us = fetch_deadline_us(p)};
    probe_progress(p, "fetching the MTA-STS policy");
    return https_get(a, &request, reply, err);
}

static int store(struct prober *p, struct str id, struct str body, struct mp_err *err)
{
    struct sts_cached entry = {.id = id,
                               .body = body,
                               .fetched_s = p->options->now_s,
                               .max_age_s = p->probe->sts.max_age_s};
    if (p->options->sts_cache == NULL)
        return MP_OK;
    return sts_cache_store(p->options->sts_cache, p->probe->target.name, &entry, err);
}

/* A policy that was fetched before outlives a failing web server (RFC 8461 3.3). */
static int fetch_policy(struct prober *p, const struct mta_sts_record *record,
                        const struct sts_cached *cached, struct mp_err *err)
{
    struct arena *a = &p->probe->arena;
    struct https_reply reply = {0};
    struct str why = STR("");
    struct str host = arena_fmt(a, "mta-sts.%.*s", STR_ARG(p->probe->target.name));
    if (host.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a policy");
    int st = fetch_file(p, host, &reply, err);
    if (st != MP_OK)
        return st;
    if (reply.fault == HTTPS_OK && take_policy(p, reply.body, &why)) {
        st = store(p, record->id, reply.body, err);
        return st != MP_OK ? st
                           : say(p, PROBE_STS_FOUND, err,
                                 arena_fmt(a, "%s, fetched from %.*s",
                                           mta_sts_mode_name(p->probe->sts.mode), STR_ARG(host)));
    }
    if (cached != NULL)
        return take_cached(p, cached, "the present one cannot be had", err);
    if (reply.fault == HTTPS_OK)
        return say(p, PROBE_STS_BROKEN, err, why);
    bool may_pass = reply.fault == HTTPS_TIMEOUT || reply.fault == HTTPS_CONNECT ||
                    (reply.fault == HTTPS_STATUS && reply.status >= 500);
    return say(p, may_pass ? PROBE_STS_UNDECIDED : PROBE_STS_BROKEN, err,
               arena_fmt(a, "%s: %.*s", https_fault_name(reply.fault), STR_ARG(reply.reason)));
}

static int find_by_record(struct prober *p, const struct dns_answer *txt,
                          const struct sts_cached *cached, struct mp_err *err)
{
    struct arena *a = &p->probe->arena;
    struct mta_sts_record record = {0};
    enum mta_sts_presence presence =
        is_failure(txt->status) ? MTA_STS_ABSENT : mta_sts_record_of(txt, &record);
    if (presence == MTA_STS_PRESENT && (cached == NULL || !str_eq(cached->id, record.id)))
        return fetch_policy(p, &record, cached, err);
    if (cached != NULL)
        return take_cached(p, cached,
                           presence == MTA_STS_PRESENT ? "the same id" : "no usable record", err);
    if (is_failure(txt->status))
        return say(p, PROBE_STS_UNDECIDED, err,
                   arena_fmt(a, "the record: %s %.*s", dns_status_name(txt->status),
                             STR_ARG(txt->why)));
    if (presence == MTA_STS_ABSENT)
        return say(p, PROBE_STS_NONE, err, STR("no record"));
    return say(p, PROBE_STS_BROKEN, err,
               presence == MTA_STS_SEVERAL ? STR("more than one record")
                                           : arena_fmt(a, "the record: %s", record.problem));
}

int probe_find_sts(struct prober *p, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    const struct probe *x = p->probe;
    struct arena *a = &p->probe->arena;
    struct sts_cached cached = {0};
    const struct dns_answer *txt;
    bool found = false;
    if (x->target.kind != TARGET_DOMAIN || o->no_sts || p->lmtp || o->stop < PROBE_STOP_TLS ||
        p->tls == TARGET_TLS_NONE || x->n_servers == 0)
        return MP_OK;
    struct str name = arena_fmt(a, "_mta-sts.%.*s", STR_ARG(x->target.name));
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a policy");
    int st = flow_dns_ask(&p->dns, name, DNS_TXT, &txt, err);
    if (st == MP_OK && o->sts_cache != NULL)
        st = sts_cache_load(a, o->sts_cache, x->target.name, o->now_s, &cached, &found, err);
    return st == MP_OK ? find_by_record(p, txt, found ? &cached : NULL, err) : st;
}

/* ---- DANE, and the decision of both ---- */

static bool was_offered_tls(const struct probe_server *s)
{
    return s->client.has_tls && s->client.tls.established;
}

int probe_find_dane(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    struct probe *x = p->probe;
    bool named = x->target.kind == TARGET_DOMAIN || x->target.kind == TARGET_HOST;
    bool reached = s->notes->ehlo_ok || probe_broke_at(s, SMTP_STAGE_STARTTLS, SMTP_STAGE_EHLO_TLS);
    int st = MP_OK;
    if (!named || !reached || p->lmtp || p->tls == TARGET_TLS_NONE || o->stop < PROBE_STOP_TLS)
        return MP_OK;
    const struct tls_facts *facts = was_offered_tls(s) ? &s->client.tls : NULL;
    bool secure = x->route.mx_dnssec == DNSSEC_SECURE;
    while (!o->no_dane && (st = dane_find(p->dns.view, &x->arena, s->host->name, s->port, secure,
                                          &s->dane, err)) == MP_WAIT)
        if ((st = flow_dns_fill(&p->dns, err)) != MP_OK)
            return st;
    if (st != MP_OK)
        return st;
    const struct str names[] = {s->dane.base, s->host->name, x->target.name};
    if (!o->no_dane)
        dane_judge(&s->dane, &x->arena, facts, names, ARRAY_LEN(names), o->now_s);
    tls_decide(&x->arena, &s->dane, x->has_sts ? &x->sts : NULL, facts, s->host->name,
               &s->decision);
    s->has_decision = true;
    return MP_OK;
}

/* ---- judgement ---- */

void probe_judge_sts_policy(struct prober *p)
{
    struct check_list *checks = &p->probe->checks;
    struct str name = p->probe->target.text, reason = p->probe->sts_reason;
    if (p->probe->target.kind != TARGET_DOMAIN || reason.n == 0)
        return;
    if (p->sts == PROBE_STS_NONE) {
        check_skip(checks, name, "mta-sts", "%.*s", STR_ARG(reason));
        return;
    }
    check_begin(checks, name, "mta-sts");
    if (p->sts != PROBE_STS_FOUND)
        check_add(checks, FINDING_FLOW_STS_UNAVAILABLE, "%.*s", STR_ARG(reason));
    if (p->sts == PROBE_STS_UNDECIDED)
        check_undecided(checks);
    check_end(checks, -1, "%.*s", STR_ARG(reason));
}

/* No answer in time says nothing about the zone; all other failures are what senders meet too. */
static bool tlsa_timed_out(struct prober *p, const struct probe_server *s)
{
    const struct dns_answer *answer = NULL;
    struct mp_err err = {0};
    struct str name = arena_fmt(&p->probe->arena, "_%u._tcp.%.*s", s->port,
                                STR_ARG(s->dane.base.n > 0 ? s->dane.base : s->host->name));
    return name.p != NULL && dns_ask(p->dns.view, name, DNS_TLSA, &answer, &err) == MP_OK &&
           answer->status == DNS_TIMEOUT;
}

static void judge_dane(struct prober *p, const struct probe_server *s)
{
    static const enum finding_id ids[] = {
        [DANE_MISMATCH] = FINDING_FLOW_DANE_MISMATCH,
        [DANE_NO_STARTTLS] = FINDING_FLOW_DANE_NO_STARTTLS,
        [DANE_UNUSABLE] = FINDING_FLOW_DANE_UNUSABLE,
        [DANE_FAILED] = FINDING_FLOW_DANE_FAILED,
    };
    struct check_list *checks = &p->probe->checks;
    const struct dane *d = &s->dane;
    struct str reason = d->reason.n > 0 ? d->reason : str_from(dane_verdict_name(d->verdict));
    if (d->verdict == DANE_NONE) {
        check_skip(checks, s->group, "dane", "does not apply: %.*s", STR_ARG(reason));
        return;
    }
    check_begin(checks, s->group, "dane");
    if (d->verdict == DANE_FAILED && tlsa_timed_out(p, s)) {
        check_add_as(checks, SEV_MEDIUM, FINDING_FLOW_DANE_FAILED, "%.*s", STR_ARG(reason));
        check_undecided(checks);
    } else if (d->verdict != DANE_VERIFIED) {
        check_add(checks, ids[d->verdict], "%.*s", STR_ARG(reason));
    }
    check_end(checks, -1, "%s: %.*s", dane_verdict_name(d->verdict), STR_ARG(reason));
}

static void judge_sts(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe *x = p->probe;
    const struct tls_decision *d = &s->decision;
    bool refused = d->delivery == TLS_DELIVERY_REFUSED && str_eq(str_from(d->by), STR("mta-sts"));
    const char *why = !mta_sts_allows(&x->sts, s->host->name) ? "the policy does not list the host"
                      : !was_offered_tls(s)                   ? "there is no TLS"
                                                              : "the certificate does not verify";
    check_begin(checks, s->group, "mta-sts");
    if (refused)
        check_add(checks, FINDING_FLOW_STS_REFUSED, "%.*s: %s", STR_ARG(s->host->name), why);
    else if (d->sts_would_refuse)
        check_add(checks, FINDING_FLOW_STS_WOULD_REFUSE, "%.*s, mode %s: %s",
                  STR_ARG(s->host->name), mta_sts_mode_name(x->sts.mode), why);
    check_end(checks, -1, "mode %s: %s", mta_sts_mode_name(x->sts.mode),
              refused || d->sts_would_refuse ? why : "fulfilled");
}

void probe_judge_policies(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct tls_decision *d = &s->decision;
    if (!s->has_decision)
        return;
    if (!p->options->no_dane)
        judge_dane(p, s);
    if (p->probe->has_sts)
        judge_sts(p, s);
    check_begin(checks, s->group, "delivery");
    check_end(checks, -1, "%s (%s): %.*s", tls_delivery_name(d->delivery), d->by,
              STR_ARG(d->reason));
}
