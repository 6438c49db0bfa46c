/* Waiting for a message, and describing what arrived. */
#include "arrival/arrival.h"

#include <stdio.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"
#include "run/envelope.h"

enum {
    ARRIVAL_LAST_LOOK_MS = 10000, /* beyond the deadline, for a look that had begun */
    LOOK_ARENA_BYTES = 1 << 30    /* of one look: all copies */
};

struct waiting {
    struct mailbox_reader *mailbox;
    const struct arrival_request *r;
    struct arena *arena;
    struct arrival *out;
    int64_t deadline_us, started_ms;
    bool answered; /* the last look was answered */
    char reason[MP_ERR_TEXT_MAX];
};

static void tell(const struct waiting *w, const char *text)
{
    if (w->r->progress != NULL)
        w->r->progress(w->r->progress_ctx, text);
}

/* ---- until it is there ---- */

static size_t drop_older(const struct arrival_request *r, struct mailbox_hit *hits, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (r->since_ms == 0 || hits[i].arrived_ms <= 0 ||
            hits[i].arrived_ms + ARRIVAL_CLOCK_MS >= r->since_ms)
            hits[kept++] = hits[i];
    return kept;
}

/* One look. What a mailbox cannot answer is remembered: it may answer the next one. *stop: it will
 * not. Each look has memory of its own, so that waiting long costs nothing; what more copies were
 * found in is kept. */
static int look(struct waiting *w, bool *stop, struct mp_err *err)
{
    struct arrival *out = w->out;
    struct mp_err own = {0};
    struct arena mail = {0};
    struct mailbox_hit *hits = NULL;
    size_t n = 0;
    int64_t last_us = w->deadline_us + (int64_t)ARRIVAL_LAST_LOOK_MS * 1000;
    arena_init(&mail, LOOK_ARENA_BYTES);
    int st = mailbox_find(w->mailbox, &w->r->match, &mail, last_us, &hits, &n, &own);
    w->answered = st == MP_OK;
    n = st == MP_OK ? drop_older(w->r, hits, n) : 0;
    if (st == MP_OK && n > out->n_copies) {
        struct arena before = out->mail;
        out->mail = mail;
        out->copies = hits;
        out->n_copies = n;
        mail = before;
    }
    arena_clear(&mail);
    if (st == MP_OK)
        return MP_OK;
    if (st != MP_E_IO && st != MP_E_TIMEOUT && st != MP_E_SYNTAX && st != MP_E_LIMIT)
        return mp_fail(err, st, own.detail, "%s", own.text);
    *stop = own.detail == MAILBOX_FAULT_FINAL || st == MP_E_LIMIT;
    snprintf(w->reason, sizeof w->reason, "%s", own.text);
    tell(w, own.text);
    return MP_OK;
}

static void tell_time(const struct waiting *w, int64_t until_us)
{
    char text[128];
    int64_t left_us = until_us - clock_mono_us();
    if (!w->answered || left_us <= 0)
        return; /* what does not answer was told */
    snprintf(text, sizeof text, "%zu %s, waiting for %lld s more", w->out->n_copies,
             w->out->n_copies == 1 ? "message" : "messages",
             (long long)((left_us + 999999) / 1000000));
    tell(w, text);
}

static void pause_until(struct waiting *w, int64_t until_us)
{
    struct mp_err own = {0};
    tell_time(w, until_us);
    /* One that does not answer is left alone for a moment. */
    if (!w->answered || mailbox_wait(w->mailbox, until_us, &own) != MP_OK)
        mailbox_pause(until_us);
}

static void measure(struct waiting *w)
{
    struct arrival *out = w->out;
    int64_t from_ms = w->r->sent_ms > 0 ? w->r->sent_ms : w->started_ms;
    int64_t seen_ms = clock_wall_ms(), came_ms = out->copies[0].arrived_ms;
    bool is_told = came_ms >= from_ms && came_ms < seen_ms;
    out->took_ms = (is_told ? came_ms : seen_ms) - from_ms;
    out->took_ms = out->took_ms < 0 ? 0 : out->took_ms;
}

static int wait_for_enough(struct waiting *w, struct mp_err *err)
{
    struct arrival *out = w->out;
    size_t wanted = w->r->min_copies > 0 ? w->r->min_copies : 1;
    bool stop = false;
    for (;;) {
        size_t had = out->n_copies;
        bool is_last = clock_mono_us() >= w->deadline_us;
        int st = look(w, &stop, err);
        if (st != MP_OK)
            return st;
        if (had == 0 && out->n_copies > 0)
            measure(w);
        if (out->n_copies >= wanted || is_last || stop)
            break;
        pause_until(w, w->deadline_us);
    }
    out->arrived = out->n_copies > 0;
    out->undecided = out->n_copies < wanted && !w->answered;
    out->missing = mailbox_missing(w->mailbox, w->arena);
    return MP_OK;
}

static int wait_for_more(struct waiting *w, struct mp_err *err)
{
    struct arrival *out = w->out;
    int64_t until_us = clock_mono_us() + (int64_t)w->r->settle_ms * 1000;
    bool stop = false;
    int st = MP_OK;
    if (!out->arrived || w->r->settle_ms == 0)
        return MP_OK;
    w->deadline_us = until_us;
    while (st == MP_OK && !stop) {
        bool is_last = clock_mono_us() >= until_us;
        st = look(w, &stop, err);
        if (is_last)
            break;
        if (st == MP_OK && !stop)
            pause_until(w, until_us);
    }
    out->undecided |= !w->answered; /* how many there are is open; that one came is not */
    return st;
}

/* ---- what arrived ---- */

static int64_t seconds_or_none(int64_t ms)
{
    return ms > 0 ? ms / 1000 : -1;
}

static void find_own_results(struct waiting *w)
{
    struct arrival *out = w->out;
    struct str id = w->r->own_authserv_id, name = STR("Authentication-Results");
    for (size_t i = 0; id.n > 0 && i < out->message.n_headers; i++) {
        const struct header *h = &out->message.headers[i];
        const char *why;
        if (!str_ieq(h->name, name) || !authres_claims(w->arena, h->value, id))
            continue;
        out->has_own_results = authres_parse(w->arena, h->value, &out->own_results, &why) &&
                               str_ieq(out->own_results.authserv_id, id);
        return; /* the topmost alone: those below may be a stranger's */
    }
}

static struct envelope envelope_of(struct waiting *w, const struct mailbox_hit *hit)
{
    struct envelope e = {0};
    const struct store_delivery *d = &hit->delivery;
    if (!hit->has_delivery) {
        envelope_from_headers(w->arena, &w->out->message, &e);
        return e;
    }
    if (!ip_parse(d->client_ip, &e.client))
        e.client = (struct ip){0};
    e.helo = d->helo;
    e.mail_from = d->mail_from;
    e.has_mail_from = true;
    e.rcpt_to = d->rcpts;
    e.n_rcpt_to = d->n_rcpts;
    return e;
}

static int judge(struct waiting *w, struct mp_err *err)
{
    struct arrival *out = w->out;
    const struct arrival_request *r = w->r;
    if (r->dns == NULL || r->job_config == NULL)
        return MP_OK;
    struct envelope e = envelope_of(w, &out->copies[0]);
    tell(w, "judging what arrived");
    job_init(&out->job, r->job_config);
    out->has_job = true;
    int st =
        run_start(&out->job, r->dns, STR("arrived"), out->copies[0].raw, &e, clock_wall_s(), err);
    st = st == MP_OK ? run_job(&out->job, r->dns, err) : st;
    out->judged = st == MP_OK && out->job.finished;
    return st;
}

static int describe(struct waiting *w, struct mp_err *err)
{
    struct arrival *out = w->out;
    const struct mailbox_hit *hit = &out->copies[0];
    int st = message_parse(w->arena, hit->raw, &out->message, err);
    st = st == MP_OK ? trace_hops(w->arena, &out->message, seconds_or_none(w->r->sent_ms),
                                  seconds_or_none(hit->arrived_ms), &out->hops, err)
                     : st;
    st = st == MP_OK ? trace_dsn(w->arena, &out->message, &out->dsn, err) : st;
    if (st == MP_OK && w->r->sent.n > 0 && !w->r->match.bounce) {
        st = trace_altered(w->arena, w->r->sent, hit->raw, &out->altered, err);
        out->compared = st == MP_OK;
    }
    if (st == MP_OK && !w->r->match.bounce)
        st = trace_extract(w->arena, &out->message, &out->extract, err);
    if (st == MP_OK)
        find_own_results(w);
    return st == MP_OK ? judge(w, err) : st;
}

int arrival_wait(struct mailbox_reader *m, const struct arrival_request *r, struct arena *a,
                 struct arrival *out, struct mp_err *err)
{
    struct waiting w = {.mailbox = m,
                        .r = r,
                        .arena = a,
                        .out = out,
                        .started_ms = clock_wall_ms(),
                        .deadline_us = clock_mono_us() + (int64_t)r->within_ms * 1000};
    int st = wait_for_enough(&w, err);
    st = st == MP_OK ? wait_for_more(&w, err) : st;
    if (st == MP_OK && out->undecided)
        out->reason = arena_copy(a, str_from(w.reason));
    return st == MP_OK && out->arrived ? describe(&w, err) : st;
}

void arrival_clear(struct arrival *x)
{
    if (x->has_job)
        job_clear(&x->job);
    arena_clear(&x->mail);
    x->copies = NULL;
    x->n_copies = 0;
    x->has_job = x->judged = false;
}
