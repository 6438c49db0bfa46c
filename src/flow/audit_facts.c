/* The facts of an audit that are missing: their addresses first, then all of them in parallel. */
#include "flow/audit_internal.h"

#include <pthread.h>
#include <signal.h>

/* ---- what is missing, and where it is ---- */

static int note_missing(struct audit *a, struct audit_fact **out, struct mp_err *err)
{
    struct fact_question q;
    *out = NULL;
    for (size_t cursor = 0; fact_missing(a->facts, &cursor, &q);) {
        struct audit_fact *f = arena_new(&a->arena, struct audit_fact, 1);
        if (f == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the audit of %.*s", STR_ARG(a->name));
        *f = (struct audit_fact){
            .next = *out, .options = a->options, .question = q, .deadline_us = a->deadline_us};
        arena_init(&f->arena, AUDIT_FACT_ARENA_BYTES);
        *out = f;
    }
    return MP_OK;
}

/* Half of the room for each family: this machine may have no use for the other. */
static void take_addresses(struct audit_fact *f, const struct dns_answer *a)
{
    for (size_t i = 0; i < a->n && i < ARRAY_LEN(f->addresses) / 2; i++)
        f->addresses[f->n_addresses++] = a->records[i].ip;
    if (a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT || a->status == DNS_BOGUS)
        f->dns_failed = true;
}

/* MP_WAIT: an address is not known yet. */
static int find_addresses(struct audit *a, struct audit_fact *f, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_AAAA, DNS_A};
    struct str host = f->question.kind == FACT_SMTP ? f->question.key
                                                    : audit_url_host(&a->arena, f->question.key);
    int waiting = MP_OK;
    f->n_addresses = 0;
    f->dns_failed = false;
    for (size_t i = 0; i < ARRAY_LEN(types) && host.n > 0; i++) {
        const struct dns_answer *answer;
        int st = dns_ask(a->dns, host, types[i], &answer, err);
        if (st < 0)
            return st;
        if (st == MP_OK)
            take_addresses(f, answer);
        else
            waiting = MP_WAIT;
    }
    return waiting;
}

static int find_all_addresses(struct audit *a, struct audit_fact *first, struct mp_err *err)
{
    for (bool waiting = true; waiting;) {
        waiting = false;
        for (struct audit_fact *f = first; f != NULL; f = f->next) {
            int st = find_addresses(a, f, err);
            if (st < 0)
                return st;
            waiting |= st == MP_WAIT;
        }
        int st = waiting ? audit_dns_fill(a, err) : MP_OK;
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

/* ---- the crew ---- */

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

/* With at least this thread at work: one that cannot be started only makes it slower. Each fact is
 * touched by the thread that took it alone, until all have come back. */
static void fetch_all(struct audit_fact *first)
{
    struct crew crew = {PTHREAD_MUTEX_INITIALIZER, first};
    pthread_t threads[AUDIT_THREADS - 1];
    sigset_t all, old;
    size_t n = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for the program's own threads */
    for (const struct audit_fact *f = first->next; f != NULL && n < ARRAY_LEN(threads); f = f->next)
        if (pthread_create(&threads[n], NULL, crew_run, &crew) == 0)
            n++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    crew_run(&crew);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&crew.lock);
}

/* ---- the round ---- */

/* What was fetched lives as long as the audit: the checks borrow its texts. */
static int keep(struct audit *a, struct audit_fact *f)
{
    f->next = a->fetched;
    a->fetched = f;
    return f->question.kind == FACT_HTTPS ? fact_put_https(a->facts, f->question.key, &f->https)
                                          : fact_put_smtp(a->facts, f->question.key, &f->smtp);
}

int audit_facts_fill(struct audit *a, struct mp_err *err)
{
    struct audit_fact *first;
    int st = note_missing(a, &first, err);
    if (st == MP_OK)
        st = find_all_addresses(a, first, err);
    if (st != MP_OK || first == NULL)
        return st;
    fetch_all(first);
    for (struct audit_fact *f = first, *next; f != NULL; f = next) {
        next = f->next;
        if (keep(a, f) != MP_OK)
            st = MP_E_NOMEM;
    }
    return st == MP_OK ? MP_OK : mp_fail(err, st, 0, "no memory for a file or host");
}

void audit_facts_close(struct audit *a)
{
    for (struct audit_fact *f = a->fetched; f != NULL; f = f->next)
        arena_clear(&f->arena);
    a->fetched = NULL;
}
