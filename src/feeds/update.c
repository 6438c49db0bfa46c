/* One run: which feeds are due, what is believed of what they sent, what is kept. */
#include "feeds/update_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "feeds/parse_internal.h"
#include "feeds/vault.h"
#include "io/own_dir.h"

enum { RUN_ARENA_BYTES = 4 * 1024 * 1024 /* texts of one feed */ };

struct result_memory {
    struct update_result result;
    struct arena *arenas; /* one a feed */
};

const char *update_phase_name(enum update_phase p)
{
    static const char *const names[] = {[UPDATE_FETCHING] = "fetching",
                                        [UPDATE_READING] = "reading",
                                        [UPDATE_DONE] = "done",
                                        [UPDATE_BUILDING] = "building"};
    return (size_t)p < ARRAY_LEN(names) ? names[p] : "?";
}

const char *update_outcome_name(enum update_outcome o)
{
    static const char *const names[] = {
        [UPDATE_NOT_DUE] = "not-due", [UPDATE_NOT_MODIFIED] = "not-modified",
        [UPDATE_CHANGED] = "changed", [UPDATE_FAILED] = "failed",
        [UPDATE_REFUSED] = "refused", [UPDATE_NO_KEY] = "no-key",
        [UPDATE_STOPPED] = "stopped"};
    return (size_t)o < ARRAY_LEN(names) ? names[o] : "?";
}

/* ---- between threads ---- */

bool update_tell(struct feed_run *r, enum update_phase phase, uint64_t bytes, uint64_t total,
                 uint64_t entries)
{
    struct update *u = r->u;
    const struct update_progress p = {r->feed->name, phase, bytes, total, entries};
    pthread_mutex_lock(&u->lock);
    if (u->o->progress != NULL && !u->stopped && !u->o->progress(u->o->progress_ctx, &p))
        u->stopped = true;
    bool goes_on = !u->stopped;
    pthread_mutex_unlock(&u->lock);
    return goes_on;
}

bool update_is_stopped(struct update *u)
{
    pthread_mutex_lock(&u->lock);
    bool stopped = u->stopped;
    pthread_mutex_unlock(&u->lock);
    return stopped || (u->o->deadline_us != 0 && clock_mono_us() >= u->o->deadline_us);
}

/* ---- before it is asked ---- */

/* A copy that was read in another way says nothing of what is read now. */
static int hash_definition(struct feed_run *r, struct str *out, struct mp_err *err)
{
    enum { DEFINITION_MAX_BYTES = 128 * 1024 };
    const struct feed *f = r->feed;
    unsigned char hash[DIGEST_MAX_BYTES];
    struct buf text;
    buf_init(&text, DEFINITION_MAX_BYTES);
    feed_request_pack(&text, f, 0);
    buf_add(&text, f->url);
    buf_addc(&text, '\n');
    buf_add(&text, f->body);
    bool ok = !text.failed && digest_once(DIGEST_SHA256, buf_str(&text), hash);
    buf_clear(&text);
    *out = ok ? hex_encode(r->arena, str_make((const char *)hash, sizeof hash)) : STR_NONE;
    return out->p != NULL ? MP_OK
                          : mp_fail(err, MP_E_NOMEM, 0, "no memory for the definition of a feed");
}

static int load(struct feed_run *r, struct mp_err *err)
{
    struct feed_state *s = &r->state;
    struct str definition;
    int st = feed_state_load(r->arena, r->u->states, r->feed->name, s, err);
    if (st == MP_OK)
        st = hash_definition(r, &definition, err);
    if (st != MP_OK)
        return st;
    r->has_old = feed_copy_open(r->u->states, r->feed->name, s, &r->old);
    r->redefined = !str_eq(definition, s->definition);
    s->definition = definition;
    if (!r->has_old || r->redefined) {
        s->etag = s->last_modified = s->cursor = STR_NONE;
        s->next_s = s->failures > 0 && !r->redefined ? s->next_s : 0;
    }
    if (!r->has_old)
        s->success_s = 0;
    if (!r->has_old || r->redefined)
        s->entries = 0; /* nothing to compare with */
    r->is_news = feed_tells_news(r->feed) && r->has_old && !r->redefined && s->cursor.n > 0 &&
                 !r->u->o->force && r->u->o->now_s - s->whole_s < UPDATE_WHOLE_S &&
                 s->whole_s <= r->u->o->now_s;
    return MP_OK;
}

/* A time further away than any wait is one of a clock that was wrong. */
static bool is_due(const struct feed_run *r)
{
    int64_t wait_s = r->state.next_s - r->u->o->now_s;
    int64_t most_s =
        r->feed->refresh_s > UPDATE_MAX_RETRY_S ? r->feed->refresh_s : UPDATE_MAX_RETRY_S;
    return r->u->o->force || wait_s <= 0 || wait_s > most_s;
}

static int take_key(struct feed_run *r, struct attempt *a, struct mp_err *err)
{
    const struct intel_secret *secret = &r->feed->key;
    const struct update_options *o = r->u->o;
    r->key = STR_NONE;
    if (secret->env.n + secret->file.n == 0)
        return MP_OK;
    pthread_mutex_lock(&r->u->lock);
    bool is_there = o->secret != NULL && o->secret(o->secret_ctx, r->arena, secret, &r->key);
    pthread_mutex_unlock(&r->u->lock);
    if (is_there && r->key.n > 0)
        return MP_OK;
    return attempt_fail(r, a, UPDATE_NO_KEY, err, "its key is not there: %s " STR_FMT,
                        secret->env.n > 0 ? "environment variable" : "file",
                        STR_ARG(secret->env.n > 0 ? secret->env : secret->file));
}

/* ---- is it believed? ---- */

static int refuse_count(struct feed_run *r, uint64_t now, struct mp_err *err)
{
    struct attempt *a = &r->pages.attempt;
    const struct feed_counts *c = &r->pages.counts;
    uint64_t last = (uint64_t)r->state.entries;
    if (now == 0 && c->refused > 0)
        return attempt_fail(r, a, UPDATE_REFUSED, err,
                            "none of its %llu records is taken: " STR_FMT,
                            (unsigned long long)c->lines, STR_ARG(r->pages.why));
    if (r->is_news || last == 0)
        return MP_OK;
    if (now == 0)
        return attempt_fail(r, a, UPDATE_REFUSED, err, "it is empty, and had %llu entries",
                            (unsigned long long)last);
    if (now * 100 < last * UPDATE_LEAST_PERCENT || now * 100 > last * UPDATE_MOST_PERCENT)
        return attempt_fail(r, a, UPDATE_REFUSED, err, "%llu entries, where there were %llu",
                            (unsigned long long)now, (unsigned long long)last);
    return MP_OK;
}

/* The new copy, when it is believed: sets r->fresh, and the counts. */
static int compare(struct feed_run *r, struct mp_err *err)
{
    const struct update_options *o = r->u->o;
    struct entry_set before = {NULL, 0}, now = {NULL, 0}, both = {NULL, 0};
    struct entry_change change;
    struct str old = r->has_old ? r->old.packed : STR("");
    int st = entry_set_of(r->pages.packed, &now, err);
    if (st == MP_OK && !o->force)
        st = refuse_count(r, now.n, err);
    if (st != MP_OK || r->pages.attempt.outcome != UPDATE_CHANGED)
        goto out;
    r->fresh = r->pages.packed;
    st = entry_set_of(old, &before, err);
    if (st == MP_OK && r->is_news) {
        st = entries_join(r->feed, old, r->state.success_s, r->pages.packed, &now, o->now_s,
                          &r->joined, err);
        r->fresh = buf_str(&r->joined);
    }
    if (st == MP_OK && r->is_news)
        st = entry_set_of(r->fresh, &both, err);
    if (st != MP_OK)
        goto out;
    change = entry_sets_compare(&before, r->is_news ? &both : &now);
    r->out->added = change.added;
    r->out->removed = change.removed;
    r->out->kept = change.kept;
    r->state.entries = (int64_t)(r->is_news ? both.n : now.n);
    r->is_fresh = true;
out:
    free(before.items);
    free(now.items);
    free(both.items);
    return st;
}

/* ---- what is kept ---- */

static void note_success(struct feed_run *r)
{
    struct feed_state *s = &r->state;
    const struct pages *p = &r->pages;
    int64_t now_s = r->u->o->now_s;
    s->checked_s = s->success_s = now_s;
    s->next_s = now_s + (r->feed->refresh_s > 0 ? r->feed->refresh_s : 0);
    s->failures = 0;
    s->reason = STR_NONE;
    s->outcome = p->attempt.outcome;
    if (p->attempt.outcome != UPDATE_CHANGED)
        return;
    if (!r->is_news)
        s->whole_s = now_s;
    s->etag = p->etag;
    s->last_modified = p->last_modified;
    s->cursor = p->cursor;
    s->source = p->source;
}

/* 1, 2, 4 ... minutes, up to hours; more when the server asks for it. What was sent and is not
 * believed is not fetched again before it may be another. */
static void note_failure(struct feed_run *r, const struct attempt *a)
{
    struct feed_state *s = &r->state;
    int64_t wait_s = UPDATE_BACKOFF_S;
    for (int64_t i = 0; i < s->failures && wait_s < UPDATE_MAX_BACKOFF_S; i++)
        wait_s *= 2;
    wait_s = wait_s > UPDATE_MAX_BACKOFF_S ? UPDATE_MAX_BACKOFF_S : wait_s;
    if (a->outcome == UPDATE_REFUSED && wait_s < r->feed->refresh_s)
        wait_s = r->feed->refresh_s;
    if (a->retry_after_s > wait_s)
        wait_s = a->retry_after_s > UPDATE_MAX_RETRY_S ? UPDATE_MAX_RETRY_S : a->retry_after_s;
    s->checked_s = r->u->o->now_s;
    s->next_s = r->u->o->now_s + wait_s;
    s->failures++;
    s->reason = a->reason;
    s->outcome = a->outcome;
}

static int save(struct feed_run *r, struct mp_err *err)
{
    struct mp_err why = {0};
    if (r->u->o->dry_run)
        return MP_OK;
    int st = feed_state_save(r->arena, r->u->states, r->feed->name, &r->state,
                             r->is_fresh ? &r->fresh : NULL, &why);
    return st == MP_OK ? MP_OK : mp_fail(err, st, why.detail, "%s", why.text);
}

static int settle(struct feed_run *r, struct mp_err *err)
{
    struct attempt *a = &r->pages.attempt;
    int st = MP_OK;
    struct str before = r->state.source;
    if (a->outcome == UPDATE_CHANGED)
        st = compare(r, err);
    if (st != MP_OK)
        return st;
    if (a->outcome == UPDATE_CHANGED || a->outcome == UPDATE_NOT_MODIFIED)
        note_success(r);
    else if (a->outcome != UPDATE_STOPPED)
        note_failure(r, a);
    if (a->outcome == UPDATE_CHANGED && !r->is_news && !r->redefined &&
        str_eq(before, r->state.source) && r->out->added + r->out->removed == 0)
        a->outcome = UPDATE_NOT_MODIFIED; /* the same once more, from a server without ETag */
    return a->outcome == UPDATE_STOPPED ? MP_OK : save(r, err);
}

/* What the state tells. */
static void report_state(struct feed_run *r)
{
    struct update_feed *out = r->out;
    const struct feed *f = r->feed;
    out->success_s = r->state.success_s;
    out->next_s = r->state.next_s;
    out->failures = r->state.failures;
    out->stale = r->state.success_s == 0 ||
                 (f->stale_s > 0 && r->state.success_s < r->u->o->now_s - f->stale_s);
}

static void report(struct feed_run *r, const struct attempt *a)
{
    struct update_feed *out = r->out;
    out->outcome = out->last = a->outcome;
    out->reason = a->outcome == UPDATE_NOT_DUE ? r->state.reason : a->reason;
    if (a->outcome == UPDATE_NOT_DUE && r->state.outcome <= UPDATE_STOPPED)
        out->last = (enum update_outcome)r->state.outcome;
    out->bytes = r->pages.bytes;
    out->pages = r->pages.n;
    out->counts = r->pages.counts;
    out->why = r->pages.why;
    report_state(r);
    update_tell(r, UPDATE_DONE, out->bytes, out->bytes, (uint64_t)r->state.entries);
}

static int run_feed(struct feed_run *r, struct mp_err *err)
{
    const struct update_options *o = r->u->o;
    struct attempt early = {.outcome = UPDATE_CHANGED, .retry_after_s = -1};
    bool asked = false;
    int st = load(r, err);
    r->deadline_us = clock_mono_us() + UPDATE_FEED_S * 1000000LL;
    if (o->deadline_us != 0 && o->deadline_us < r->deadline_us)
        r->deadline_us = o->deadline_us;
    if (st == MP_OK && !is_due(r))
        early.outcome = UPDATE_NOT_DUE;
    else if (st == MP_OK && update_is_stopped(r->u))
        early.outcome = UPDATE_STOPPED;
    else if (st == MP_OK)
        st = take_key(r, &early, err);
    if (st == MP_OK && early.outcome == UPDATE_CHANGED) {
        asked = true;
        st = pages_get(r, &r->pages, err);
        if (st == MP_OK && r->pages.attempt.outcome == UPDATE_FAILED && update_is_stopped(r->u))
            r->pages.attempt.outcome = UPDATE_STOPPED;
        if (st == MP_OK)
            st = settle(r, err);
    }
    if (st == MP_OK)
        report(r, asked ? &r->pages.attempt : &early);
    feed_copy_close(&r->old);
    if (st != MP_OK || !o->dry_run) {
        pages_close(&r->pages);
        buf_clear(&r->joined);
        r->is_fresh = false;
    }
    return st;
}

/* ---- all of them ---- */

static struct feed_run *take_next(struct update *u)
{
    pthread_mutex_lock(&u->lock);
    struct feed_run *r = u->status == MP_OK && u->next < u->result->n ? &u->runs[u->next++] : NULL;
    pthread_mutex_unlock(&u->lock);
    return r;
}

static void *run_feeds(void *ctx)
{
    struct update *u = ctx;
    for (struct feed_run *r; (r = take_next(u)) != NULL;) {
        struct mp_err err = {0};
        int st = run_feed(r, &err);
        pthread_mutex_lock(&u->lock);
        if (st != MP_OK && u->status == MP_OK) {
            u->status = st;
            u->err = err;
            u->stopped = true;
        }
        pthread_mutex_unlock(&u->lock);
    }
    return NULL;
}

static int run_all(struct update *u, struct mp_err *err)
{
    pthread_t threads[UPDATE_MAX_THREADS];
    size_t wanted = u->o->threads == 0 ? UPDATE_THREADS : u->o->threads, n = 0;
    wanted = wanted > UPDATE_MAX_THREADS ? UPDATE_MAX_THREADS : wanted;
    wanted = wanted > u->result->n ? u->result->n : wanted;
    while (n + 1 < wanted && pthread_create(&threads[n], NULL, run_feeds, u) == 0)
        n++;
    run_feeds(u);
    while (n > 0)
        pthread_join(threads[--n], NULL);
    return u->status == MP_OK ? MP_OK : mp_fail(err, u->status, u->err.detail, "%s", u->err.text);
}

static bool is_wanted(const struct update_options *o, struct str name)
{
    bool wanted = o->n_only == 0;
    for (size_t i = 0; i < o->n_only; i++)
        wanted = wanted || str_eq(o->only[i], name);
    return wanted;
}

static int check_only(const struct update_options *o, struct mp_err *err)
{
    for (size_t i = 0; i < o->n_only; i++) {
        const struct feed *found = NULL;
        for (size_t k = 0; k < o->config->n_feeds; k++)
            if (str_eq(o->config->feeds[k].name, o->only[i]))
                found = &o->config->feeds[k];
        if (found == NULL)
            return mp_fail(err, MP_E_USAGE, 0, "there is no feed \"" STR_FMT "\"",
                           STR_ARG(o->only[i]));
        if (!found->enabled)
            return mp_fail(err, MP_E_USAGE, 0, "feed \"" STR_FMT "\" is not enabled",
                           STR_ARG(o->only[i]));
    }
    return MP_OK;
}

static int prepare(struct update *u, struct mp_err *err)
{
    const struct update_options *o = u->o;
    size_t n = o->config->n_feeds + 1;
    struct result_memory *m = calloc(1, sizeof *m);
    u->runs = calloc(n, sizeof *u->runs);
    if (m != NULL) {
        u->result = &m->result;
        m->result.now_s = o->now_s;
        m->result.feeds = calloc(n, sizeof *m->result.feeds);
        m->arenas = calloc(n, sizeof *m->arenas);
    }
    if (m == NULL || u->runs == NULL || m->result.feeds == NULL || m->arenas == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to update feeds");
    for (size_t i = 0; i < o->config->n_feeds; i++) {
        const struct feed *f = &o->config->feeds[i];
        size_t at = m->result.n;
        if (!f->enabled || !is_wanted(o, f->name))
            continue;
        arena_init(&m->arenas[at], RUN_ARENA_BYTES);
        u->runs[at] = (struct feed_run){
            .u = u, .feed = f, .out = &m->result.feeds[at], .arena = &m->arenas[at]};
        buf_init(&u->runs[at].joined, FEED_MAX_PACKED_BYTES);
        m->result.feeds[at].name = arena_copy(&m->arenas[at], f->name);
        m->result.n++;
    }
    return MP_OK;
}

void update_result_free(struct update_result *r)
{
    struct result_memory *m = (struct result_memory *)(void *)r;
    if (m == NULL)
        return;
    for (size_t i = 0; m->arenas != NULL && i < r->n; i++)
        arena_clear(&m->arenas[i]);
    free(m->arenas);
    free(r->feeds);
    free(m);
}

/* Did a feed bring its entries, or say that they are still good? */
static bool is_worth_building(const struct update *u)
{
    for (size_t i = 0; i < u->result->n; i++)
        if (u->result->feeds[i].outcome == UPDATE_CHANGED ||
            u->result->feeds[i].outcome == UPDATE_NOT_MODIFIED)
            return true;
    return false;
}

int intel_update(const struct update_options *o, struct update_result **out, struct mp_err *err)
{
    struct update u = {.o = o};
    const struct own_dir states = {u.states, "states of feeds"};
    int st = check_only(o, err);
    if (snprintf(u.states, sizeof u.states, "%s/feeds", o->dir) >= (int)sizeof u.states)
        return mp_fail(err, MP_E_IO, 0, "directory %s: its name is too long", o->dir);
    if (st != MP_OK)
        return st;
    pthread_mutex_init(&u.lock, NULL);
    st = prepare(&u, err);
    if (st == MP_OK && !o->dry_run)
        st = vault_lock(o->dir, &u.vault, err);
    if (st == MP_OK && !o->dry_run)
        st = own_dir_make(&states, err);
    if (st == MP_OK && !o->dry_run)
        feed_state_sweep(u.states);
    if (st == MP_OK)
        st = run_all(&u, err);
    if (st == MP_OK && (is_worth_building(&u) || !update_store_fits(&u)))
        st = update_build(&u, err);
    else if (st == MP_OK)
        st = update_count(&u, err);
    for (size_t i = 0; u.runs != NULL && u.result != NULL && i < u.result->n; i++) {
        pages_close(&u.runs[i].pages);
        buf_clear(&u.runs[i].joined);
    }
    free(u.runs);
    vault_unlock(u.vault);
    pthread_mutex_destroy(&u.lock);
    if (st == MP_OK)
        *out = u.result;
    else
        update_result_free(u.result);
    return st;
}

int update_status(const char *dir, const struct intel_config *config, int64_t now_s,
                  struct update_result **out, struct mp_err *err)
{
    const struct update_options o = {.dir = dir, .config = config, .now_s = now_s};
    struct update u = {.o = &o};
    int st = MP_OK;
    if (snprintf(u.states, sizeof u.states, "%s/feeds", dir) >= (int)sizeof u.states)
        return mp_fail(err, MP_E_IO, 0, "directory %s: its name is too long", dir);
    st = prepare(&u, err);
    for (size_t i = 0; st == MP_OK && i < u.result->n; i++) {
        struct feed_run *r = &u.runs[i];
        st = feed_state_load(r->arena, u.states, r->feed->name, &r->state, err);
        if (st != MP_OK)
            break;
        report_state(r);
        r->out->entries = (uint64_t)r->state.entries;
        r->out->reason = r->state.reason;
        if (r->state.checked_s > 0 && r->state.outcome <= UPDATE_STOPPED)
            r->out->outcome = r->out->last = (enum update_outcome)r->state.outcome;
    }
    free(u.runs);
    if (st == MP_OK)
        *out = u.result;
    else
        update_result_free(u.result);
    return st;
}
