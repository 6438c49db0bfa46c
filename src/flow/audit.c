/* The driver of an audit: run the checks, fetch what they miss in parallel, until nothing is. */
#include "flow/audit_internal.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/idna.h"
#include "dns/zone.h"

void audit_options_init(struct audit_options *o)
{
    *o = (struct audit_options){.deadline_ms = AUDIT_DEADLINE_MS};
    posture_config_init(&o->posture);
}

/* ---- answers: the zone before it is published, over what is public ---- */

static struct dns_answer *ready_answer(void *ctx, struct str name, enum dns_type type)
{
    const struct audit_options *o = ctx;
    if (o->zone != NULL && domain_is_below(name, o->zone_apex))
        return dns_zone_lookup((void *)(uintptr_t)o->zone, name, type);
    if (o->dns->zone != NULL)
        return dns_zone_lookup(o->dns->zone, name, type);
    return resolver_ready(o->dns->resolver, name, type);
}

/* ---- facts ---- */

static struct str host_of(const struct fact_question *q)
{
    struct str s = q->key;
    if (q->kind == FACT_SMTP)
        return s;
    s = str_slice(s, STR("https://").n, s.n);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || s.p[i] == ':' || s.p[i] == '?' || s.p[i] == '#')
            return str_slice(s, 0, i);
    return s;
}

static void take_addresses(struct audit_fact *f, const struct dns_answer *a)
{
    for (size_t i = 0; i < a->n && f->n_addresses < ARRAY_LEN(f->addresses); i++)
        f->addresses[f->n_addresses++] = a->records[i].ip;
    if (a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT || a->status == DNS_BOGUS)
        f->dns_failed = true;
}

/* MP_WAIT: an address is not known yet. */
static int find_addresses(struct audit *a, struct audit_fact *f, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_AAAA, DNS_A};
    struct str host = host_of(&f->question);
    int waiting = MP_OK;
    f->n_addresses = 0;
    f->dns_failed = false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct dns_answer *answer;
        int st = dns_ask(a->dns, host, types[i], &answer, err);
        if (st < 0)
            return st;
        if (st == MP_WAIT)
            waiting = MP_WAIT;
        else
            take_addresses(f, answer);
    }
    return waiting;
}

static int note_missing(struct audit *a, const struct audit_options *o, int64_t deadline_us,
                        struct audit_fact **out, struct mp_err *err)
{
    struct fact_question q;
    size_t cursor = 0;
    *out = NULL;
    while (fact_missing(a->facts, &cursor, &q)) {
        struct audit_fact *f = arena_new(&a->arena, struct audit_fact, 1);
        if (f == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the audit of %.*s", STR_ARG(a->name));
        int64_t own = clock_mono_us() + (int64_t)AUDIT_FACT_DEADLINE_MS * 1000;
        *f = (struct audit_fact){.next = *out,
                                 .options = o,
                                 .question = q,
                                 .deadline_us = own < deadline_us ? own : deadline_us};
        arena_init(&f->arena, AUDIT_FACT_ARENA_BYTES);
        *out = f;
    }
    return MP_OK;
}

struct crew {
    pthread_mutex_t lock;
    struct audit_fact *next;
};

static void *crew_run(void *arg)
{
    struct crew *crew = arg;
    for (;;) {
        pthread_mutex_lock(&crew->lock);
        struct audit_fact *f = crew->next;
        if (f != NULL)
            crew->next = f->next;
        pthread_mutex_unlock(&crew->lock);
        if (f == NULL)
            return NULL;
        audit_fetch(f);
    }
}

/* With at least this thread at work: one that cannot be started only makes it slower. */
static void fetch_all(struct audit_fact *first)
{
    struct crew crew = {PTHREAD_MUTEX_INITIALIZER, first};
    pthread_t threads[AUDIT_THREADS - 1];
    size_t n = 0;
    for (const struct audit_fact *f = first->next; f != NULL && n < ARRAY_LEN(threads); f = f->next)
        if (pthread_create(&threads[n], NULL, crew_run, &crew) == 0)
            n++;
    crew_run(&crew);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&crew.lock);
}

static int keep_all(struct audit *a, struct audit_fact *first)
{
    int st = MP_OK;
    for (struct audit_fact *f = first, *next; f != NULL; f = next) {
        next = f->next;
        f->next = a->fetched;
        a->fetched = f;
        if (st == MP_OK)
            st = f->question.kind == FACT_HTTPS
                     ? fact_put_https(a->facts, f->question.key, &f->https)
                     : fact_put_smtp(a->facts, f->question.key, &f->smtp);
    }
    return st;
}

static int fetch_facts(struct audit *a, const struct audit_options *o, struct flow_dns *dns,
                       struct mp_err *err)
{
    struct audit_fact *first;
    int st = note_missing(a, o, dns->deadline_us, &first, err);
    if (st != MP_OK || first == NULL)
        return st;
    for (bool waiting = true; waiting && st == MP_OK;) {
        waiting = false;
        for (struct audit_fact *f = first; f != NULL && st >= MP_OK; f = f->next) {
            st = find_addresses(a, f, err);
            waiting |= st == MP_WAIT;
        }
        if (st >= MP_OK)
            st = waiting ? flow_dns_fill(dns, err) : MP_OK;
    }
    if (st == MP_OK && o->progress != NULL)
        o->progress(o->progress_ctx, "asking MX hosts and policy hosts");
    if (st == MP_OK)
        fetch_all(first);
    int kept = keep_all(a, first); /* also on errors: their arenas are released with the audit */
    return st != MP_OK ? st : kept;
}

/* ---- the run ---- */

static int prepare(struct audit *a, struct str domain, const struct audit_options *o,
                   struct mp_err *err)
{
    arena_init(&a->arena, AUDIT_ARENA_BYTES);
    a->started_s = o->now_s;
    a->name = arena_copy(&a->arena, domain);
    a->dns = dns_view_new_large(&a->arena, ready_answer, (void *)(uintptr_t)o);
    a->facts = fact_view_new(&a->arena);
    if (a->name.p == NULL || a->dns == NULL || a->facts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an audit");
    return MP_OK;
}

static int fill(struct audit *a, const struct audit_options *o, struct flow_dns *dns,
                struct mp_err *err)
{
    int st = flow_dns_fill(dns, err);
    return st == MP_OK ? fetch_facts(a, o, dns, err) : st;
}

static int run_checks(struct audit *a, const struct audit_options *o, struct mp_err *err)
{
    struct flow_dns dns = {o->dns, a->dns, clock_mono_us() + (int64_t)o->deadline_ms * 1000};
    int st;
    if (o->progress != NULL)
        o->progress(o->progress_ctx, "asking DNS");
    while ((st = posture_run(&a->ctx, &a->arena, a->dns, a->facts, &o->posture, a->name, o->now_s,
                             &a->posture, err)) == MP_WAIT)
        if ((st = fill(a, o, &dns, err)) != MP_OK)
            return st;
    if (st == MP_OK && o->progress != NULL)
        o->progress(o->progress_ctx, "trying out remedies");
    while (st == MP_OK && (st = posture_verify(&a->ctx, err)) == MP_WAIT)
        st = fill(a, o, &dns, err);
    return st;
}

int audit_run(struct audit *a, struct str domain, const struct audit_options *o,
              const struct saved_audit *before, struct mp_err *err)
{
    int64_t started_us = clock_mono_us();
    *a = (struct audit){0};
    int st = prepare(a, domain, o, err);
    if (st == MP_OK)
        st = run_checks(a, o, err);
    a->elapsed_us = clock_mono_us() - started_us;
    if (st == MP_OK && before != NULL)
        st = audit_compare(a, before, err);
    return st == MP_OK ? audit_describe(a, err) : st;
}

void audit_clear(struct audit *a)
{
    if (a == NULL)
        return;
    dns_view_release(a->dns);
    for (struct audit_fact *f = a->fetched; f != NULL; f = f->next)
        arena_clear(&f->arena);
    arena_clear(&a->arena);
    a->dns = NULL;
    a->fetched = NULL;
}
