/* The run of a suite: threads that take cases in order, results that are told in order, what was
 * skipped, and the exit code. What one case does: run_case.c. */
#include "suite/run_internal.h"

#include <stdlib.h>

#include "base/clock.h"

enum { RUN_OUTCOME_PASSED = 0, RUN_OUTCOME_FAILED = 1, RUN_OUTCOME_UNDECIDED = 3 };

struct runner {
    const struct suite *suite;
    const struct suite_world *world;
    const struct suite_run_options *options;
    struct suite_results *out;
    struct running_sinks sinks;
    pthread_mutex_t lock; /* of all below, and while done() is called */
    pthread_mutex_t telling;
    size_t next, told;
    bool stop; /* fail-fast: nothing new begins */
};

/* ---- outcomes ---- */

/* Skipped: none of its checks was made. Any finding of severity high or above fails. */
static int outcome_of(const struct suite_result *r)
{
    bool failed = false;
    for (size_t i = 0; i < r->checks.n; i++)
        failed |= check_status_of(&r->checks.items[i]) == CHECK_FAIL;
    if (failed)
        return RUN_OUTCOME_FAILED;
    bool open = r->checks.n == 0 || check_list_undecided(&r->checks);
    return open ? RUN_OUTCOME_UNDECIDED : RUN_OUTCOME_PASSED;
}

bool result_is_skipped(const struct suite_result *r)
{
    for (size_t i = 0; i < r->checks.n; i++)
        if (check_status_of(&r->checks.items[i]) != CHECK_SKIPPED)
            return false;
    return r->checks.n > 0;
}

bool result_is_passed(const struct suite_result *r)
{
    return outcome_of(r) == RUN_OUTCOME_PASSED;
}

static void count(struct suite_results *all, const struct suite_result *r)
{
    int outcome = outcome_of(r);
    bool skipped = result_is_skipped(r);
    all->failed += outcome == RUN_OUTCOME_FAILED;
    all->undecided += outcome == RUN_OUTCOME_UNDECIDED;
    all->skipped += skipped;
    all->passed += outcome == RUN_OUTCOME_PASSED && !skipped;
}

int suite_exit_code(const struct suite_results *r)
{
    return r->failed > 0      ? RUN_OUTCOME_FAILED
           : r->undecided > 0 ? RUN_OUTCOME_UNDECIDED
                              : RUN_OUTCOME_PASSED;
}

/* ---- results ---- */

static struct str masked(const struct suite *s, struct arena *a, struct str text)
{
    struct buf b;
    buf_init(&b, SUITE_MAX_TEXT_BYTES * 4);
    suite_mask(s, text, &b);
    struct str copy = b.failed ? STR("***") : arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return copy;
}

void result_begin(struct suite_result *x)
{
    struct arena *a = &x->arena;
    arena_reset(a);
    finding_list_init(&x->findings, a);
    check_list_init(&x->checks, a, &x->findings);
    x->name = masked(x->suite, a, x->suite->cases[x->index].name);
    x->tag = x->headline = STR("");
    x->transcripts = NULL;
    x->metrics = NULL;
    x->n_transcripts = x->cap_transcripts = x->n_metrics = x->cap_metrics = 0;
    x->delivered_ms = -1;
}

/* ---- telling in order ---- */

static void tell_finished(struct runner *r)
{
    pthread_mutex_lock(&r->telling);
    for (;;) {
        pthread_mutex_lock(&r->lock);
        bool ready = r->told < r->out->n && r->out->items[r->told].finished;
        const struct suite_result *x = ready ? &r->out->items[r->told++] : NULL;
        pthread_mutex_unlock(&r->lock);
        if (x == NULL)
            break;
        if (r->options->done != NULL)
            r->options->done(r->options->ctx, x);
    }
    pthread_mutex_unlock(&r->telling);
}

static void finish(struct runner *r, struct suite_result *x)
{
    result_metrics(x);
    pthread_mutex_lock(&r->lock);
    x->finished = true;
    count(r->out, x);
    if (r->options->fail_fast && outcome_of(x) != RUN_OUTCOME_PASSED)
        r->stop = true;
    pthread_mutex_unlock(&r->lock);
    tell_finished(r);
}

void runner_progress(struct runner *r, const struct suite_result *x, const char *text)
{
    if (r->options->progress == NULL)
        return;
    pthread_mutex_lock(&r->telling);
    r->options->progress(r->options->ctx, x, text);
    pthread_mutex_unlock(&r->telling);
}

/* ---- the threads ---- */

static bool is_cancelled(const struct runner *r)
{
    return r->options->cancel != NULL && atomic_load(r->options->cancel);
}

static void skip(struct suite_result *x, const struct suite_case *c, struct str why)
{
    check_skip(&x->checks, STR("case"), "not run", "%.*s", STR_ARG(why));
    if (x->checks.n > 0) {
        x->checks.items[0].file = str_from(c->at.file);
        x->checks.items[0].line = c->at.line;
    }
}

/* What could not even begin: never a pass. */
static void leave(struct suite_result *x, const struct suite_case *c, struct str why)
{
    check_begin(&x->checks, STR("case"), "started");
    check_expect(&x->checks, str_from(c->at.file), c->at.line, STR(""), STR(""));
    check_undecided(&x->checks);
    check_end(&x->checks, -1, "%.*s", STR_ARG(why));
}

static struct suite_result *take(struct runner *r, bool *stop)
{
    pthread_mutex_lock(&r->lock);
    struct suite_result *x = r->next < r->out->n ? &r->out->items[r->next++] : NULL;
    *stop = r->stop;
    pthread_mutex_unlock(&r->lock);
    return x;
}

static void *run_thread(void *ctx)
{
    struct runner *r = ctx;
    bool stop;
    for (struct suite_result *x; (x = take(r, &stop)) != NULL;) {
        const struct suite_case *c = &r->suite->cases[x->index];
        if (is_cancelled(r))
            leave(x, c, STR("the run was stopped"));
        else if (stop || c->skip.n > 0)
            skip(x, c,
                 c->skip.n > 0 ? c->skip : STR("a case before it did not pass (--fail-fast)"));
        else
            case_run(r, &r->sinks, r->world, r->options, x);
        finish(r, x);
    }
    return NULL;
}

/* The calling thread is one of them; fewer than asked for are no fault. */
static void run_threads(struct runner *r)
{
    pthread_t threads[SUITE_MAX_JOBS];
    size_t n = 0, want = r->options->jobs > SUITE_MAX_JOBS ? SUITE_MAX_JOBS : r->options->jobs;
    for (; n + 1 < want && n + 1 < r->out->n; n++)
        if (pthread_create(&threads[n], NULL, run_thread, r) != 0)
            break;
    run_thread(r);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

/* ---- the whole ---- */

/* Without its sinks no case can be run. */
static void leave_open(struct runner *r, const char *why)
{
    for (size_t i = 0; i < r->out->n; i++) {
        struct suite_result *x = &r->out->items[i];
        const struct suite_case *c = &r->suite->cases[i];
        leave(x, c, masked(r->suite, &x->arena, str_from(why)));
        finish(r, x);
    }
}

static int prepare(struct runner *r, struct mp_err *err)
{
    const struct suite *s = r->suite;
    r->out->items = calloc(s->n_cases + 1, sizeof *r->out->items);
    if (r->out->items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for results");
    for (size_t i = 0; i < s->n_cases; i++) {
        struct suite_result *x = &r->out->items[r->out->n++];
        x->suite = s;
        x->index = i;
        x->started_s = clock_wall_s();
        arena_init(&x->arena, SUITE_RESULT_ARENA_BYTES);
        result_begin(x);
        x->file = str_from(s->cases[i].at.file);
    }
    return MP_OK;
}

int suite_run(const struct suite *s, const struct suite_world *w, const struct suite_run_options *o,
              struct suite_results *out, struct mp_err *err)
{
    struct runner r = {.suite = s, .world = w, .options = o, .out = out};
    int64_t started_us = clock_mono_us();
    *out = (struct suite_results){0};
    if (s->has_unset)
        return mp_fail(err, MP_E_USAGE, 0, "%s: some references have no value", s->file);
    pthread_mutex_init(&r.lock, NULL);
    pthread_mutex_init(&r.telling, NULL);
    struct mp_err why = {0};
    int st = prepare(&r, err);
    if (st == MP_OK && sinks_start(&r.sinks, s, &why) == MP_OK)
        run_threads(&r);
    else if (st == MP_OK)
        leave_open(&r, why.text);
    sinks_stop(&r.sinks);
    pthread_mutex_destroy(&r.telling);
    pthread_mutex_destroy(&r.lock);
    out->elapsed_us = clock_mono_us() - started_us;
    return st;
}

void suite_results_clear(struct suite_results *r)
{
    for (size_t i = 0; i < r->n; i++)
        arena_clear(&r->items[i].arena);
    free(r->items);
    *r = (struct suite_results){0};
}

/* ---- as a subject ---- */

static void result_json(struct json *j, const void *ctx)
{
    const struct suite_result *r = ctx;
    json_kopt(j, "tag", r->tag);
    json_kint(j, "attempts", r->attempts);
    json_key(j, "delivered_ms");
    if (r->delivered_ms >= 0)
        json_int(j, r->delivered_ms);
    else
        json_write_null(j);
}

static void transcript_lines(struct flow *f, const void *ctx)
{
    const struct suite_result *r = ctx;
    for (size_t i = 0; i < r->n_transcripts; i++) {
        flow_line(f, 13, 15);
        flow_put(f, FLOW_BOLD, r->transcripts[i].name);
        flow_end(f);
        for (struct str rest = r->transcripts[i].text; rest.p != NULL && rest.n > 0;) {
            struct str line = str_cut(&rest, '\n');
            flow_line(f, 15, 19);
            flow_put(f, FLOW_DIM,
                     str_ends(line, STR("\r")) ? str_slice(line, 0, line.n - 1) : line);
            flow_end(f);
        }
    }
}

void suite_subject(const struct suite_result *r, struct subject *out)
{
    *out = (struct subject){.kind = "run",
                            .name = r->name,
                            .file = r->file,
                            .suite = r->suite->name,
                            .line = r->suite->cases[r->index].at.line,
                            .headline = r->headline,
                            .checks = &r->checks,
                            .started_s = r->started_s,
                            .elapsed_us = r->elapsed_us,
                            .metrics = r->metrics,
                            .n_metrics = r->n_metrics,
                            .json = result_json,
                            .verbose = transcript_lines,
                            .ctx = r};
}
