/* A queue and one thread that writes what was seen, many at once. */
#include "daemon/observer.h"

#include <pthread.h>
#include <stdlib.h>

#include "daemon/log.h"

enum { ITEM_ARENA_BYTES = 256 * 1024 };

struct item {
    struct item *next;
    struct arena arena;
    struct mail_summary summary;
};

struct observer {
    struct feedback_store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *first, **last;
    size_t n;
    uint64_t lost;
    bool stopping;
};

static void free_items(struct item *i)
{
    while (i != NULL) {
        struct item *next = i->next;
        arena_clear(&i->arena);
        free(i);
        i = next;
    }
}

/* ---- a summary as a row ---- */

static enum feedback_disposition disposition_of(const struct mail_summary *s)
{
    if (str_eq(s->done, STR("reject")))
        return DISPOSITION_REJECT;
    if (str_eq(s->done, STR("quarantine")))
        return DISPOSITION_QUARANTINE;
    return str_eq(s->dmarc, STR("pass")) ? DISPOSITION_PASS : DISPOSITION_NONE;
}

static struct dmarc_auth *auth_results(struct arena *a, const struct mail_summary *s, size_t *n)
{
    struct dmarc_auth *r = s->n_dkim == 0 ? NULL : arena_new(a, struct dmarc_auth, s->n_dkim);
    *n = r == NULL ? 0 : s->n_dkim;
    for (size_t i = 0; i < *n; i++)
        r[i] = (struct dmarc_auth){.domain = s->dkim[i].domain,
                                   .selector = s->dkim[i].selector,
                                   .result = s->dkim[i].result};
    return r;
}

static struct str domain_of(struct str address)
{
    size_t at = str_rfind(address, '@');
    return at < address.n ? str_slice(address, at + 1, address.n) : STR_NONE;
}

/* RFC 9990 3.1: another action than the policy asked for has a reason. */
static void add_reason(struct arena *a, const struct mail_summary *s, struct dmarc_row *row)
{
    struct str type =
        s->policy.override.n > 0 ? s->policy.override
        : str_eq(s->done, s->policy.disposition) || str_eq(s->policy.disposition, STR("none"))
            ? STR_NONE
            : STR("local_policy");
    if (type.n == 0 || str_eq(s->dmarc, STR("pass")))
        return;
    row->reasons = arena_new(a, struct dmarc_reason, 1);
    row->n_reasons = row->reasons == NULL ? 0 : 1;
    if (row->reasons != NULL)
        row->reasons[0] = (struct dmarc_reason){type, s->policy.comment};
}

static void fill_seen(struct item *i, struct feedback_seen *out)
{
    const struct mail_summary *s = &i->summary;
    struct dmarc_auth *spf = s->spf.n == 0 ? NULL : arena_new(&i->arena, struct dmarc_auth, 1);
    *out = (struct feedback_seen){.time_s = s->time_ms / 1000,
                                  .published = {.domain = s->dmarc_domain,
                                                .adkim = s->policy.adkim,
                                                .aspf = s->policy.aspf,
                                                .p = s->policy.p,
                                                .sp = s->policy.sp,
                                                .np = s->policy.np,
                                                .testing = s->policy.testing ? STR("y") : STR("n"),
                                                .discovery_method = s->policy.discovery},
                                  .row = {.source = s->client,
                                          .count = 1,
                                          .disposition = disposition_of(s),
                                          .dkim = s->dkim_aligned ? ALIGNED_PASS : ALIGNED_FAIL,
                                          .spf = s->spf_aligned ? ALIGNED_PASS : ALIGNED_FAIL,
                                          .header_from = s->from_domain,
                                          .envelope_from = domain_of(s->mail_from)}};
    out->row.dkim_results = auth_results(&i->arena, s, &out->row.n_dkim);
    if (spf != NULL) {
        *spf =
            (struct dmarc_auth){.domain = s->spf_domain, .scope = s->spf_scope, .result = s->spf};
        out->row.spf_results = spf;
        out->row.n_spf = 1;
    }
    add_reason(&i->arena, s, &out->row);
}

/* ---- the thread ---- */

/* Up to OBSERVER_BATCH_MAX of them, once there is one; NULL: it is time to stop. */
static struct item *take_batch(struct observer *o)
{
    struct item *batch, **end;
    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->stopping)
        pthread_cond_wait(&o->changed, &o->lock);
    batch = o->first;
    end = &batch;
    for (size_t n = 0; *end != NULL && n < OBSERVER_BATCH_MAX; n++, o->n--)
        end = &(*end)->next;
    o->first = *end;
    *end = NULL;
    if (o->first == NULL)
        o->last = &o->first;
    pthread_mutex_unlock(&o->lock);
    return batch;
}

static void *run(void *arg)
{
    struct observer *o = arg;
    struct feedback_seen *seen = calloc(OBSERVER_BATCH_MAX, sizeof *seen);
    for (struct item *batch; (batch = take_batch(o)) != NULL; free_items(batch)) {
        struct mp_err err = {0};
        size_t n = 0;
        for (struct item *i = batch; seen != NULL && i != NULL; i = i->next)
            fill_seen(i, &seen[n++]);
        if (seen != NULL && feedback_observe(o->store, seen, n, &err) == MP_OK)
            continue;
        log_note(LOG_WARNING_LEVEL, "reports.observe", "%zu mails are not counted: %s", n,
                 err.text);
        pthread_mutex_lock(&o->lock);
        o->lost += n;
        pthread_mutex_unlock(&o->lock);
    }
    free(seen);
    return NULL;
}

int observer_new(struct feedback_store *store, struct observer **out, struct mp_err *err)
{
    struct observer *o = calloc(1, sizeof *o);
    if (o == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    o->store = store;
    o->last = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, NULL);
    if (pthread_create(&o->thread, NULL, run, o) != 0) {
        free(o);
        return mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
    }
    *out = o;
    return MP_OK;
}

void observer_free(struct observer *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    free_items(o->first);
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static struct item *make_item(const struct mail_summary *s)
{
    struct item *i = calloc(1, sizeof *i);
    if (i == NULL)
        return NULL;
    arena_init(&i->arena, ITEM_ARENA_BYTES);
    if (mail_summary_copy(&i->arena, s, &i->summary, NULL) == MP_OK)
        return i;
    free_items(i);
    return NULL;
}

bool observer_add(struct observer *o, const struct mail_summary *s)
{
    if (o == NULL || !s->policy.wants_reports || s->dmarc_domain.n == 0 ||
        !str_eq(s->mode, STR("inbound")))
        return false;
    struct item *i = make_item(s);
    pthread_mutex_lock(&o->lock);
    bool taken = i != NULL && o->n < OBSERVER_QUEUE_MAX && !o->stopping;
    if (taken) {
        *o->last = i;
        o->last = &i->next;
        o->n++;
        pthread_cond_signal(&o->changed);
    } else {
        o->lost++;
    }
    pthread_mutex_unlock(&o->lock);
    if (!taken)
        free_items(i);
    return taken;
}

uint64_t observer_lost(struct observer *o)
{
    if (o == NULL)
        return 0;
    pthread_mutex_lock(&o->lock);
    uint64_t n = o->lost;
    pthread_mutex_unlock(&o->lock);
    return n;
}
