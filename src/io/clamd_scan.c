/* Items to answers: what is known already, who is asked, and what is asked once more. */
#include <stdlib.h>

#include "base/clock.h"
#include "io/clamd_internal.h"

/* One call of clamd_scan. */
struct work {
    struct clamd *c;
    struct clamd_task *tasks;
    size_t n;
    int64_t deadline_us;
    size_t refused_bytes; /* a stream of so many was over the limit; 0: none was */
};

/* ---- whom to ask ---- */

/* The next address in turn that has not failed lately, but for the one that was just asked; if
 * there is no other, it must do. */
static struct clamd_peer *pick(struct clamd *c, const struct clamd_peer *last)
{
    struct clamd_peer *best = NULL;
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&c->lock);
    size_t first = c->turn++;
    for (size_t i = 0; i < c->n_peers; i++) {
        struct clamd_peer *p = &c->peers[(first + i) % c->n_peers];
        if (best == NULL || (best == last && p != last) ||
            (best->down_until_us > now_us && p->down_until_us <= now_us && p != last))
            best = p;
    }
    pthread_mutex_unlock(&c->lock);
    return best;
}

static void mark_down(struct clamd *c, struct clamd_peer *p)
{
    pthread_mutex_lock(&c->lock);
    p->down_until_us = clock_mono_us() + (int64_t)CLAMD_DOWN_MS * 1000;
    pthread_mutex_unlock(&c->lock);
}

/* How long this address may take: half of what is left where another one could be asked. */
static int64_t patience(const struct work *w, unsigned round)
{
    int64_t now_us = clock_mono_us();
    if (w->c->n_peers == 1 || round > 0)
        return w->deadline_us;
    return now_us + (w->deadline_us - now_us) / 2;
}

/* ---- versions of databases, and what is known by them ---- */

/* False: it was not asked lately. */
static bool known_version(struct clamd *c, const struct clamd_peer *p, char out[CLAMD_TEXT_MAX])
{
    pthread_mutex_lock(&c->lock);
    bool is_fresh = p->version_at_us != 0 &&
                    clock_mono_us() - p->version_at_us < (int64_t)CLAMD_VERSION_S * 1000000;
    if (is_fresh)
        memcpy(out, p->version, CLAMD_TEXT_MAX);
    pthread_mutex_unlock(&c->lock);
    return is_fresh;
}

static int ask_version(struct clamd *c, struct clamd_peer *p, struct clamd_session *s,
                       int64_t deadline_us, char out[CLAMD_TEXT_MAX], struct mp_err *err)
{
    int64_t asked_us = clock_mono_us();
    int st = clamd_session_ask(s, "VERSION", out, CLAMD_TEXT_MAX, deadline_us, err);
    if (st != MP_OK)
        return st;
    pthread_mutex_lock(&c->lock);
    memcpy(p->version, out, CLAMD_TEXT_MAX);
    p->version_at_us = asked_us;
    pthread_mutex_unlock(&c->lock);
    return MP_OK;
}

/* Verdicts are kept only where a change of the databases shows. */
static bool may_keep(const struct work *w, const char *version)
{
    struct clamd_version v;
    return w->c->cache != NULL && clamd_version_parse(str_from(version), &v) && v.database != 0;
}

static int64_t now_s(void)
{
    return clock_mono_us() / 1000000;
}

static void take_known(const struct work *w, const char *version)
{
    size_t n = may_keep(w, version) ? w->n : 0;
    for (size_t i = 0; i < n; i++) {
        struct clamd_task *t = &w->tasks[i];
        if (t->state == CLAMD_TASK_OPEN && t->item->has_sha256 &&
            clamd_cache_get(w->c->cache, t->item->sha256, str_from(version), now_s(), t->answer))
            t->state = CLAMD_TASK_ANSWERED;
    }
}

static void keep_new(const struct work *w, const char *version)
{
    size_t n = may_keep(w, version) ? w->n : 0;
    for (size_t i = 0; i < n; i++) {
        const struct clamd_task *t = &w->tasks[i];
        if (t->state == CLAMD_TASK_ANSWERED && t->item->has_sha256 && !t->answer->is_cached)
            clamd_cache_put(w->c->cache, t->item->sha256, str_from(version), now_s(), t->answer);
    }
}

/* ---- rounds ---- */

static bool has_open(const struct work *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->tasks[i].state != CLAMD_TASK_ANSWERED)
            return true;
    return false;
}

/* What its answer is now is the last word unless it is tried again. */
static void lose_try(struct clamd_task *t)
{
    t->state = ++t->tries < CLAMD_TRIES ? CLAMD_TASK_OPEN : CLAMD_TASK_ANSWERED;
}

/* It has no answer, for this reason. */
static void fail_task(struct clamd_task *t, enum clamd_verdict why, const char *text)
{
    *t->answer = (struct clamd_answer){.verdict = why};
    clamd_copy_text(t->answer->text, sizeof t->answer->text, str_from(text));
    lose_try(t);
}

/* A session is over. Those that were on their way have lost a try; if none was, it is the fault of
 * nobody but clamd, and all have. After a stream over the limit the others have lost nothing. */
static void settle(struct work *w, int st, const struct mp_err *err, size_t limit_bytes)
{
    enum clamd_verdict why = st == MP_E_TIMEOUT ? CLAMD_TIMEOUT
                             : st == MP_E_IO    ? CLAMD_UNAVAILABLE
                                                : CLAMD_ERROR;
    bool any_sent = false;
    if (limit_bytes != 0 && (w->refused_bytes == 0 || limit_bytes < w->refused_bytes))
        w->refused_bytes = limit_bytes;
    for (size_t i = 0; i < w->n; i++)
        any_sent = any_sent || w->tasks[i].state == CLAMD_TASK_SENT;
    for (size_t i = 0; i < w->n; i++) {
        struct clamd_task *t = &w->tasks[i];
        if (t->state == CLAMD_TASK_ANSWERED)
            continue;
        if (limit_bytes != 0)
            t->state = CLAMD_TASK_OPEN;
        else if (t->state == CLAMD_TASK_SENT || !any_sent)
            fail_task(t, why, err->text);
    }
}

/* What clamd said it could not scan is tried again too; as a stream, if it was a descriptor that it
 * did not like. True: there was such an answer. */
static bool settle_errors(struct work *w, struct clamd_peer *p)
{
    bool any = false, of_file = false;
    for (size_t i = 0; i < w->n; i++) {
        struct clamd_task *t = &w->tasks[i];
        if (t->state != CLAMD_TASK_ANSWERED || t->answer->verdict != CLAMD_ERROR ||
            t->tries == CLAMD_TRIES)
            continue;
        any = true;
        of_file = of_file || !t->by_stream;
        lose_try(t);
    }
    pthread_mutex_lock(&w->c->lock);
    p->no_file_passing = p->no_file_passing || of_file;
    pthread_mutex_unlock(&w->c->lock);
    return any;
}

/* How each open item goes to this address. Streams as long as one that was refused are not sent. */
static void choose_ways(struct work *w, const struct clamd_peer *p)
{
    pthread_mutex_lock(&w->c->lock);
    bool by_stream = !p->is_unix || p->no_file_passing || w->c->no_file_passing;
    pthread_mutex_unlock(&w->c->lock);
    for (size_t i = 0; i < w->n; i++) {
        struct clamd_task *t = &w->tasks[i];
        if (t->state == CLAMD_TASK_ANSWERED)
            continue;
        t->by_stream = by_stream || t->answer->verdict == CLAMD_ERROR;
        if (t->by_stream && w->refused_bytes != 0 && t->item->bytes.n >= w->refused_bytes) {
            *t->answer = (struct clamd_answer){.verdict = CLAMD_LIMIT,
                                               .text = "as long as a stream that was refused"};
            t->state = CLAMD_TASK_ANSWERED;
        }
    }
}

static void attempt(struct work *w, struct clamd_peer *p, int64_t until_us)
{
    struct clamd *c = w->c;
    struct clamd_session *s = NULL;
    struct mp_err err = {0};
    char version[CLAMD_TEXT_MAX];
    size_t limit_bytes = 0;
    bool is_known = known_version(c, p, version);
    if (is_known)
        take_known(w, version);
    if (!has_open(w))
        return;
    int st = clamd_take(c, p, until_us, &s, &err);
    if (st == MP_OK && !is_known) {
        st = ask_version(c, p, s, until_us, version, &err);
        is_known = st == MP_OK;
        if (is_known)
            take_known(w, version);
    }
    if (st == MP_OK) {
        choose_ways(w, p);
        st = clamd_session_scan(s, w->tasks, w->n, until_us, &limit_bytes, &err);
    }
    if (is_known)
        keep_new(w, version);
    if (st != MP_OK && limit_bytes == 0)
        mark_down(c, p);
    if (st != MP_OK)
        settle(w, st, &err, limit_bytes);
    if (!settle_errors(w, p) && st == MP_OK)
        clamd_give(c, p, s);
    else
        clamd_session_close(s);
}

static void give_up(struct work *w, const char *text)
{
    for (size_t i = 0; i < w->n; i++) {
        w->tasks[i].tries = CLAMD_TRIES;
        if (w->tasks[i].state != CLAMD_TASK_ANSWERED)
            fail_task(&w->tasks[i], CLAMD_TIMEOUT, text);
    }
}

void clamd_scan(struct clamd *c, const struct clamd_item *items, size_t n, int64_t deadline_us,
                struct clamd_answer *answers)
{
    struct work w = {.c = c, .n = n, .tasks = calloc(n + 1, sizeof *w.tasks)};
    const struct clamd_peer *last = NULL;
    w.deadline_us = deadline_us;
    if (deadline_us == 0)
        w.deadline_us = clock_mono_us() + (int64_t)c->deadline_ms * 1000;
    for (size_t i = 0; i < n; i++) {
        answers[i] = (struct clamd_answer){.verdict = CLAMD_UNAVAILABLE, .text = "no memory"};
        if (w.tasks != NULL)
            w.tasks[i] = (struct clamd_task){.item = &items[i], .answer = &answers[i]};
    }
    /* Each round answers an item, or takes a try from one. */
    for (unsigned round = 0; w.tasks != NULL && has_open(&w); round++) {
        if (clock_mono_us() >= w.deadline_us) {
            give_up(&w, "clamd did not answer in time");
            break;
        }
        struct clamd_peer *p = pick(c, last);
        attempt(&w, p, patience(&w, round));
        last = p;
    }
    free(w.tasks);
}
