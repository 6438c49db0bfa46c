/* The driver of a probe: route, servers, their conversations, and then the judgement of all. */
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "crypto/hmac.h"
#include "flow/probe_internal.h"

enum { WAIT_SLICE_US = 500000 };

void probe_options_init(struct probe_options *o)
{
    *o = (struct probe_options){.injection_test = true,
                                .catch_all = true,
                                .stop = PROBE_STOP_END,
                                .cert_warn_days = PROBE_CERT_WARN_DAYS,
                                .cert_high_days = PROBE_CERT_HIGH_DAYS,
                                .deadline_ms = PROBE_DEADLINE_MS};
}

/* ---- servers: every address of every host ---- */

static uint16_t port_of(const struct prober *p)
{
    const struct probe_options *o = p->options;
    const struct target *t = &p->probe->target;
    if (o->port != 0)
        return o->port;
    if (!t->port_given && p->tls == TARGET_TLS_IMPLICIT && t->tls != TARGET_TLS_IMPLICIT)
        return 465;
    if (!t->port_given && p->lmtp && !t->lmtp)
        return 24;
    return t->port;
}

static struct str group_of(struct prober *p, const struct route_host *h, const struct ip *ip,
                           uint16_t port)
{
    const struct target *t = &p->probe->target;
    char text[IP_TEXT_MAX];
    if (t->kind == TARGET_SOCKET)
        return h->name;
    ip_write(ip, text);
    bool is_name = t->kind != TARGET_ADDRESS;
    return arena_fmt(&p->probe->arena, "%.*s%s[%s]:%u", STR_ARG(is_name ? h->name : STR("")),
                     is_name ? " " : "", text, port);
}

static bool is_wanted(const struct prober *p, const struct ip *ip)
{
    const struct probe_options *o = p->options;
    bool family = !(o->only_v4 && ip->family == IP_V6) && !(o->only_v6 && ip->family == IP_V4);
    if (!family || (o->local.family != IP_NONE && o->local.family != ip->family))
        return false;
    for (size_t i = 0; i < p->probe->n_servers; i++)
        if (ip_eq(&p->probe->servers[i].ip, ip))
            return false; /* two names of one machine: once is enough */
    return true;
}

static int add_server(struct prober *p, const struct route_host *h, const struct ip *ip,
                      struct mp_err *err)
{
    const struct probe_options *o = p->options;
    struct probe *x = p->probe;
    struct probe_server *s = &x->servers[x->n_servers];
    *s = (struct probe_server){.host = h, .ip = *ip, .port = port_of(p)};
    s->group = group_of(p, h, ip, s->port);
    s->notes = arena_new(&x->arena, struct probe_notes, 1);
    s->rcpts = arena_new(&x->arena, struct probe_rcpt, o->n_rcpts + 1);
    if (s->group.p == NULL || s->notes == NULL || s->rcpts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a server");
    if (o->allowed != NULL && !o->allowed(o->allowed_ctx, h->name, *ip))
        return mp_fail(err, MP_E_USAGE, 0, "%.*s may not be reached: it is not allowed",
                       STR_ARG(s->group));
    for (size_t i = 0; i < SMTP_STAGE_COUNT; i++)
        s->client.stage_us[i] = -1;
    for (size_t i = 0; i < o->n_rcpts; i++)
        s->rcpts[i] = (struct probe_rcpt){.address = o->rcpts[i], .class_ = RCPT_UNDECIDED};
    s->n_rcpts = o->n_rcpts;
    x->n_servers++;
    return MP_OK;
}

static int list_servers(struct prober *p, struct mp_err *err)
{
    struct probe *x = p->probe;
    int st = MP_OK;
    x->servers = arena_new(&x->arena, struct probe_server, PROBE_MAX_CONNECTIONS);
    if (x->servers == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for servers");
    if (x->target.kind == TARGET_SOCKET)
        return add_server(p, &x->route.hosts[0], &(struct ip){.family = IP_NONE}, err);
    for (size_t i = 0; i < x->route.n_hosts; i++) {
        const struct route_host *h = &x->route.hosts[i];
        for (size_t k = 0; k < h->n_addresses && st == MP_OK; k++) {
            if (!is_wanted(p, &h->addresses[k]))
                continue;
            if (x->n_servers < PROBE_MAX_CONNECTIONS)
                st = add_server(p, h, &h->addresses[k], err);
            else
                x->route.dropped++;
        }
    }
    return st;
}

/* ---- conversations ---- */

static bool is_time_up(const struct prober *p)
{
    return clock_mono_us() >= p->deadline_us;
}

static int talk_to_all(struct prober *p, struct mp_err *err)
{
    struct probe *x = p->probe;
    int st = MP_OK;
    for (size_t i = 0; i < x->n_servers && st == MP_OK && !is_time_up(p); i++) {
        struct probe_server *s = &x->servers[i];
        p->servers_left = x->n_servers - i;
        st = probe_talk(p, s, err);
        if (p->options->first_only && s->notes->ehlo_ok)
            break;
        if (p->options->first_only && s->notes->banner_ok && p->options->stop == PROBE_STOP_CONNECT)
            break;
    }
    return st;
}

/* This wait is what the option asks for, so that the deadline moves on with it. */
static void wait_until(struct prober *p, int64_t until_us)
{
    int64_t from_us = clock_mono_us();
    for (int64_t left; (left = until_us - clock_mono_us()) > 0;) {
        probe_progress(p, "waiting %llds before the second try",
                       (long long)((left + 999999) / 1000000));
        usleep((useconds_t)(left < WAIT_SLICE_US ? left : WAIT_SLICE_US));
    }
    p->deadline_us += clock_mono_us() - from_us;
}

static void try_deferred_again(struct prober *p)
{
    struct probe *x = p->probe;
    const struct probe_options *o = p->options;
    if (o->retry_after_ms == 0 || o->stop < PROBE_STOP_RCPT)
        return;
    for (size_t i = 0; i < x->n_servers; i++) {
        struct probe_server *s = &x->servers[i];
        if (!s->notes->rcpts_asked || !probe_is_deferred(s))
            continue;
        wait_until(p, s->notes->rcpt_us + (int64_t)o->retry_after_ms * 1000);
        p->servers_left = x->n_servers - i;
        probe_retry(p, s);
    }
}

static int test_all(struct prober *p, struct mp_err *err)
{
    struct probe *x = p->probe;
    int st = MP_OK;
    for (size_t i = 0; i < x->n_servers && st == MP_OK; i++) {
        struct probe_server *s = &x->servers[i];
        p->servers_left = x->n_servers - i;
        if (!s->tried)
            continue;
        probe_inject(p, s);
        st = probe_relay(p, s, err);
        if (st == MP_OK)
            st = probe_smuggle(p, s, err);
        if (st == MP_OK)
            st = probe_find_dane(p, s, err);
        if (st == MP_OK)
            st = probe_find_names(p, s, err);
    }
    return st;
}

/* ---- judgement of the route ---- */

static bool is_dns_failure(enum dns_status s)
{
    return s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS;
}

static void add_dns_failure(struct prober *p, enum dns_status status, bool elsewhere,
                            struct str evidence)
{
    struct check_list *checks = &p->probe->checks;
    if (status == DNS_BOGUS) {
        check_add_as(checks, elsewhere ? SEV_MEDIUM : SEV_HIGH, FINDING_FLOW_ROUTE_DNS_BOGUS,
                     "%.*s", STR_ARG(evidence));
        return;
    }
    check_add(checks, FINDING_FLOW_ROUTE_DNS_FAILED, "%.*s", STR_ARG(evidence));
    check_undecided(checks);
}

static void judge_host(struct prober *p, const struct route_host *h)
{
    struct probe *x = p->probe;
    struct check_list *checks = &x->checks;
    bool elsewhere = x->n_servers > 0;
    if (h->is_literal)
        check_add_as(checks, elsewhere ? SEV_MEDIUM : SEV_HIGH, FINDING_FLOW_ROUTE_MX_LITERAL,
                     "MX %u %.*s", h->preference, STR_ARG(h->name));
    if (h->is_alias && x->route.kind == ROUTE_MX)
        check_add(checks, FINDING_FLOW_ROUTE_MX_ALIAS, "%.*s is an alias of %.*s", STR_ARG(h->name),
                  STR_ARG(h->alias_of));
    if (h->n_addresses > 0 || h->is_literal || x->target.kind == TARGET_SOCKET)
        return;
    struct str evidence =
        arena_fmt(&x->arena, "%.*s: %s", STR_ARG(h->name), dns_status_name(h->status));
    if (is_dns_failure(h->status))
        add_dns_failure(p, h->status, elsewhere, evidence);
    else
        check_add_as(checks, elsewhere ? SEV_MEDIUM : SEV_HIGH, FINDING_FLOW_ROUTE_NO_ADDRESS,
                     "%.*s", STR_ARG(evidence));
}

static void judge_kind(struct prober *p)
{
    const struct route *r = &p->probe->route;
    struct check_list *checks = &p->probe->checks;
    struct str name = p->probe->target.name;
    enum dns_status status = r->n_hosts == 1 ? r->hosts[0].status : r->status;
    switch (r->kind) {
    case ROUTE_FAILED:
        add_dns_failure(p, status, false, r->reason);
        break;
    case ROUTE_NONE:
        check_add(checks, FINDING_FLOW_ROUTE_NONE, "%.*s", STR_ARG(r->reason));
        break;
    case ROUTE_NULL_MX: /* no answer to those who ask about a recipient there, but a clear one */
        check_add_as(checks, p->options->n_rcpts > 0 ? SEV_HIGH : SEV_INFO,
                     FINDING_FLOW_ROUTE_NULL_MX, "%.*s MX 0 .", STR_ARG(name));
        break;
    case ROUTE_IMPLICIT:
        check_add(checks, FINDING_FLOW_ROUTE_IMPLICIT, "%.*s", STR_ARG(name));
        break;
    default:
        break;
    }
}

static struct str route_text(struct prober *p)
{
    const struct route *r = &p->probe->route;
    struct arena *a = &p->probe->arena;
    struct str all = STR("");
    if (r->kind == ROUTE_NULL_MX)
        return STR("null MX: the domain takes no mail");
    if (r->reason.n > 0)
        return r->reason;
    for (size_t i = 0; i < r->n_hosts && all.n < CHECK_DETAIL_MAX; i++)
        all =
            arena_fmt(a, "%.*s%s%.*s", STR_ARG(all), i > 0 ? ", " : "", STR_ARG(r->hosts[i].name));
    return all;
}

static void judge_route(struct prober *p)
{
    struct probe *x = p->probe;
    struct check_list *checks = &x->checks;
    const struct route *r = &x->route;
    check_begin(checks, x->target.text, "route");
    judge_kind(p);
    if (r->null_mx_mixed)
        check_add(checks, FINDING_FLOW_ROUTE_NULL_MX_MIXED, "%.*s MX 0 . and %zu more",
                  STR_ARG(x->target.name), r->n_hosts);
    bool known = r->kind == ROUTE_MX || r->kind == ROUTE_IMPLICIT || r->kind == ROUTE_DIRECT;
    for (size_t i = 0; known && i < r->n_hosts; i++)
        judge_host(p, &r->hosts[i]);
    if (r->dropped > 0) {
        check_add(checks, FINDING_LIMIT_PROBE, "%zu hosts or addresses are left out", r->dropped);
        check_undecided(checks);
    }
    struct str text = route_text(p);
    check_end(checks, -1, "%.*s", STR_ARG(text));
}

/* Addresses there are, but none that the options allow. */
static void judge_choice(struct prober *p)
{
    struct probe *x = p->probe;
    struct check_list *checks = &x->checks;
    size_t addresses = 0;
    for (size_t i = 0; i < x->route.n_hosts; i++)
        addresses += x->route.hosts[i].n_addresses;
    if (x->n_servers > 0 || addresses == 0)
        return;
    check_begin(checks, x->target.text, "reachable");
    check_add_as(checks, SEV_HIGH, FINDING_FLOW_ROUTE_NO_ADDRESS,
                 "none of %zu addresses is of the wanted family", addresses);
    check_end(checks, -1, "no address to try");
}

static void judge_reach(struct prober *p)
{
    struct probe *x = p->probe;
    struct check_list *checks = &x->checks;
    size_t tried = 0, answered = 0, open = 0;
    for (size_t i = 0; i < x->n_servers; i++) {
        const struct probe_server *s = &x->servers[i];
        tried += s->tried;
        answered += s->answered;
        open += s->fault == SMTP_FAULT_UNREACHABLE || s->fault == SMTP_FAULT_LOCAL;
    }
    if (x->n_servers == 0)
        return;
    check_begin(checks, x->target.text, "reachable");
    if (tried > 0 && answered == 0 && open == tried)
        check_undecided(checks); /* it may be our own network */
    else if (tried > 0 && answered == 0)
        check_add(checks, FINDING_FLOW_ROUTE_UNREACHABLE, "%zu addresses were tried", tried);
    if (tried < x->n_servers && !p->options->first_only) {
        check_add(checks, FINDING_LIMIT_PROBE, "no time for %zu of %zu addresses",
                  x->n_servers - tried, x->n_servers);
        check_undecided(checks);
    }
    check_end(checks, -1, "%zu of %zu servers answer", answered, tried);
}

static bool another_answers(const struct probe *x, const struct probe_server *than)
{
    for (size_t i = 0; i < x->n_servers; i++)
        if (&x->servers[i] != than && x->servers[i].answered)
            return true;
    return false;
}

static void judge_server(struct prober *p, const struct probe_server *s)
{
    probe_judge_connection(p, s, another_answers(p->probe, s));
    probe_judge_injection(p, s);
    probe_judge_policies(p, s);
    probe_judge_auth(p, s);
    probe_judge_names(p, s);
    probe_judge_envelope(p, s);
    probe_judge_message(p, s);
    probe_judge_relay(p, s);
    probe_judge_smuggle(p, s);
}

static void judge_all(struct prober *p)
{
    struct probe *x = p->probe;
    judge_route(p);
    judge_choice(p);
    judge_reach(p);
    probe_judge_sts_policy(p);
    for (size_t i = 0; i < x->n_servers; i++)
        if (x->servers[i].tried)
            judge_server(p, &x->servers[i]);
}

/* ---- the run ---- */

static int prepare(struct prober *p, struct str target, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    struct probe *x = p->probe;
    unsigned char random[PROBE_RANDOM_BYTES];
    int st = target_parse(&x->arena, target, &x->target, err);
    if (st != MP_OK)
        return st;
    x->dns = flow_dns_view(o->dns, &x->arena);
    if (!crypto_random(random, sizeof random))
        return mp_fail(err, MP_E_CRYPTO, 0, "no random numbers");
    p->random = hex_encode(&x->arena, str_make((const char *)random, sizeof random));
    if (x->dns == NULL || p->random.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a probe");
    p->dns = (struct flow_dns){o->dns, x->dns, p->deadline_us};
    p->tls = o->tls_mode != TARGET_TLS_AUTO ? o->tls_mode : x->target.tls;
    p->lmtp = o->lmtp || x->target.lmtp;
    return MP_OK;
}

static int run(struct prober *p, struct str target, struct mp_err *err)
{
    struct probe *x = p->probe;
    int st = prepare(p, target, err);
    if (st != MP_OK)
        return st;
    probe_progress(p, "%.*s: asking DNS", STR_ARG(x->target.text));
    st = route_find(p->options->dns, x->dns, &x->arena, &x->target, p->deadline_us, &x->route, err);
    if (st == MP_OK)
        st = list_servers(p, err);
    if (st == MP_OK)
        st = probe_find_sts(p, err);
    if (st == MP_OK)
        st = talk_to_all(p, err);
    if (st != MP_OK)
        return st;
    try_deferred_again(p);
    p->dns.deadline_us = p->deadline_us;
    st = test_all(p, err);
    if (st == MP_OK)
        judge_all(p);
    return st;
}

int probe_run(struct probe *p, struct str target, const struct probe_options *o, struct mp_err *err)
{
    int64_t started_us = clock_mono_us();
    struct prober work = {.probe = p, .options = o};
    *p = (struct probe){.started_s = o->now_s};
    arena_init(&p->arena, PROBE_ARENA_BYTES);
    arena_init(&work.scratch, PROBE_SCRATCH_BYTES);
    finding_list_init(&p->findings, &p->arena);
    check_list_init(&p->checks, &p->arena, &p->findings);
    work.deadline_us = started_us + (int64_t)o->deadline_ms * 1000;
    int st = run(&work, target, err);
    arena_clear(&work.scratch);
    p->elapsed_us = clock_mono_us() - started_us;
    return st == MP_OK ? probe_describe(p, o, err) : st;
}

void probe_clear(struct probe *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_servers; i++)
        smtp_close(&p->servers[i].client);
    dns_view_release(p->dns);
    arena_clear(&p->arena);
    p->dns = NULL;
    p->n_servers = 0;
}
