/* One case: its attempts, each with a tag of its own; its steps in order; what is kept of it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arrival/arrival.h"
#include "base/clock.h"
#include "io/tls.h"
#include "run/read_file.h"
#include "suite/run_internal.h"

enum { PAUSE_SLICE_US = 100 * 1000, PROXY_SOURCE_PORT = 40000, PROXY_TARGET_PORT = 25 };

/* ---- for the verbs ---- */

void work_progress(void *ctx, const char *text)
{
    struct work *w = ctx;
    struct buf b;
    buf_init(&b, 8 << 10);
    suite_mask(w->suite, str_from(text), &b);
    buf_addc(&b, '\0');
    if (!b.failed)
        runner_progress(w->runner, w->result, b.p);
    buf_clear(&b);
}

int work_tls(const struct work *w, const struct suite_host *h, struct tls_client **use,
             struct tls_client **own, struct mp_err *err)
{
    *use = w->world->tls;
    *own = NULL;
    if (h == NULL || h->ca_file == NULL)
        return MP_OK;
    int st = tls_client_new(&(struct tls_settings){.ca_file = h->ca_file}, own, err);
    *use = st == MP_OK ? *own : NULL;
    return st;
}

/* Where the proxy was talked to is its own matter: any address of the family will do. */
struct smtp_proxy work_proxy(const struct suite_host *h, const struct suite_as *as)
{
    struct smtp_proxy p = h->proxy;
    p.local = as->addr.family == IP_NONE;
    if (p.local)
        return p;
    p.source = as->addr;
    p.source_port = PROXY_SOURCE_PORT;
    p.target_port = PROXY_TARGET_PORT;
    ip_parse(as->addr.family == IP_V6 ? STR("::1") : STR("127.0.0.1"), &p.target);
    return p;
}

int work_read_file(const struct work *w, struct str path, size_t max_bytes, struct str *out,
                   struct mp_err *err)
{
    struct str name = arena_copy(w->arena, path); /* with a NUL behind it */
    struct buf b;
    buf_init(&b, max_bytes);
    int st = name.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a path")
                            : read_file(name.p, &b, err);
    struct str copy = st == MP_OK ? arena_copy(w->arena, b.n > 0 ? buf_str(&b) : STR("")) : STR("");
    buf_clear(&b);
    if (st == MP_OK && copy.p == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for %s", name.p);
    if (st == MP_OK)
        *out = copy;
    return st;
}

static void keep(struct work *w, struct str name, struct str text)
{
    struct suite_result *r = w->result;
    enum { FIRST = 8 };
    if (r->n_transcripts == r->cap_transcripts) {
        size_t cap = r->cap_transcripts == 0 ? FIRST : 2 * r->cap_transcripts;
        struct suite_transcript *items =
            arena_grow(&r->arena, r->transcripts, r->n_transcripts, cap, sizeof *items);
        if (items == NULL)
            return;
        r->transcripts = items;
        r->cap_transcripts = cap;
    }
    struct suite_transcript t = {arena_copy(&r->arena, name), arena_copy(&r->arena, text)};
    if (t.name.p != NULL && t.text.p != NULL)
        r->transcripts[r->n_transcripts++] = t;
}

void work_keep_text(struct work *w, const char *what, struct str group, struct str text)
{
    struct buf name, body;
    if (!w->options->transcripts || text.n == 0)
        return;
    buf_init(&name, SUITE_MAX_TEXT_BYTES);
    buf_init(&body, SUITE_TRANSCRIPT_MAX_BYTES);
    suite_mask(w->suite,
               group.n > 0 ? arena_fmt(w->arena, "%s %.*s", what, STR_ARG(group)) : str_from(what),
               &name);
    suite_mask_begin(w->suite, text, SUITE_TRANSCRIPT_MAX_BYTES / 2, &body);
    if (!name.failed && !body.failed)
        keep(w, buf_str(&name), body.n > 0 ? buf_str(&body) : STR(""));
    buf_clear(&name);
    buf_clear(&body);
}

void work_keep_conversation(struct work *w, const char *what, struct str group,
                            const struct transcript *t)
{
    struct buf text;
    if (!w->options->transcripts || t->n == 0)
        return;
    buf_init(&text, 4 * SUITE_TRANSCRIPT_MAX_BYTES);
    transcript_write(&text, t);
    work_keep_text(w, what, group, text.n > 0 ? buf_str(&text) : STR(""));
    buf_clear(&text);
}

/* ---- metrics ---- */

struct metric *work_metric(struct work *w, const char *name, const char *help, double value)
{
    struct suite_result *r = w->result;
    enum { FIRST = 16 };
    if (r->n_metrics == r->cap_metrics) {
        size_t cap = r->cap_metrics == 0 ? FIRST : 2 * r->cap_metrics;
        struct metric *items = arena_grow(&r->arena, r->metrics, r->n_metrics, cap, sizeof *items);
        if (items == NULL)
            return NULL;
        r->metrics = items;
        r->cap_metrics = cap;
    }
    struct metric *m = &r->metrics[r->n_metrics++];
    *m = (struct metric){.name = name, .help = help, .value = value};
    work_label(w, m, "suite", w->suite->name);
    work_label(w, m, "case", r->name);
    return m;
}

/* Names of hosts and hops are a stranger's words. */
static struct str masked_label(struct work *w, struct str value)
{
    struct buf b;
    buf_init(&b, SUITE_MAX_TEXT_BYTES);
    suite_mask(w->suite, value, &b);
    struct str copy =
        b.failed ? STR("***") : arena_copy(&w->result->arena, b.n > 0 ? buf_str(&b) : STR(""));
    buf_clear(&b);
    return copy.p == NULL ? STR("***") : copy;
}

void work_label(struct work *w, struct metric *m, const char *name, struct str value)
{
    if (m == NULL || m->n_labels == METRIC_MAX_LABELS)
        return;
    m->labels[m->n_labels].name = name;
    m->labels[m->n_labels++].value = masked_label(w, value);
}

/* ---- steps ---- */

static int (*const verbs[SUITE_VERB_COUNT])(struct work *, const struct suite_step *,
                                            struct mp_err *) = {
    [SUITE_SCRIPT] = verb_script,     [SUITE_PROBE] = verb_probe,
    [SUITE_SEND] = verb_send,         [SUITE_ARRIVE] = verb_arrive,
    [SUITE_NOT_ARRIVE] = verb_arrive, [SUITE_RELAY_TEST] = verb_relay,
    [SUITE_SMUGGLE] = verb_smuggle,   [SUITE_AUDIT] = verb_audit,
    [SUITE_SCAN] = verb_scan,
};

/* What we could not do is told where it was asked for, and never a pass. */
static void run_step(struct work *w, const struct suite_step *s)
{
    struct mp_err err = {0};
    int st = verbs[s->verb](w, s, &err);
    if (st != MP_OK)
        judge_open(w, str_from(suite_verb_name(s->verb)), "made", s->at,
                   err.text[0] != '\0' ? str_from(err.text) : STR("it could not be done"));
}

/* Scripts last as long as the attempt. */
int verb_script(struct work *w, const struct suite_step *s, struct mp_err *err)
{
    struct running_sink *sink = sinks_find(w->sinks, s->script->sink);
    const struct str *to = NULL;
    size_t n_to = 0;
    for (size_t i = 0; i < w->c->n_steps; i++)
        if (w->c->steps[i].verb == SUITE_SEND) {
            to = w->c->steps[i].send->to;
            n_to = w->c->steps[i].send->n_to;
        }
    return sink == NULL ? mp_fail(err, MP_E_INTERNAL, 0, "the sink does not run")
                        : sink_script(sink, s->script->script, to, n_to, err);
}

static void end_scripts(struct work *w)
{
    for (size_t i = 0; i < w->c->n_steps; i++) {
        const struct suite_step *s = &w->c->steps[i];
        struct running_sink *sink =
            s->verb == SUITE_SCRIPT ? sinks_find(w->sinks, s->script->sink) : NULL;
        if (sink != NULL)
            sink_script_end(sink, NULL);
    }
}

/* check -w -c: a delivery, else the whole attempt. */
static void judge_time(struct work *w, int64_t elapsed_ms)
{
    const struct suite_run_options *o = w->options;
    bool delivered = w->result->delivered_ms >= 0;
    int64_t ms = delivered ? w->result->delivered_ms : elapsed_ms;
    unsigned limit = o->crit_ms > 0 && ms > o->crit_ms ? o->crit_ms : o->warn_ms;
    if (o->warn_ms == 0 && o->crit_ms == 0)
        return;
    bool crit = o->crit_ms > 0 && ms > o->crit_ms, warn = o->warn_ms > 0 && ms > o->warn_ms;
    struct str got = judge_ms(w, ms);
    struct judged j = {.verdict = crit   ? JUDGE_UNMET
                                  : warn ? JUDGE_WARN
                                         : JUDGE_MET,
                       .expected = arena_fmt(w->arena, "at most %.*s", STR_ARG(judge_ms(w, limit))),
                       .got = got,
                       .has_finding = true,
                       .finding = FINDING_FLOW_ARRIVE_LATE};
    judge_tell(w, delivered ? STR("delivery") : STR("case"), "time", w->c->at, &j);
}

/* ---- attempts ---- */

static int make(struct work *w, struct suite_case *made, struct mp_err *err)
{
    struct suite_result *x = w->result;
    w->tag = arrival_tag(w->arena, err);
    if (w->tag.p == NULL)
        return MP_E_NOMEM;
    x->tag = arena_copy(&x->arena, w->tag);
    return suite_case_make(w->suite, x->index, w->tag, w->arena, made, err);
}

static void attempt(struct work *w)
{
    struct suite_case made;
    struct mp_err err = {0};
    int64_t started_us = clock_mono_us();
    result_begin(w->result);
    w->now_s = clock_wall_s();
    w->started_ms = clock_wall_ms();
    if (make(w, &made, &err) != MP_OK) {
        judge_open(w, STR("case"), "made", w->suite->cases[w->result->index].at,
                   str_from(err.text));
        return;
    }
    w->c = &made;
    sinks_lock(w->sinks, w->c);
    sinks_mark(w);
    for (size_t i = 0; i < w->c->n_steps; i++)
        run_step(w, &w->c->steps[i]);
    end_scripts(w);
    sinks_unlock(w->sinks, w->c);
    judge_time(w, (clock_mono_us() - started_us) / 1000);
}

static bool is_over(const struct suite_run_options *o)
{
    return o->cancel != NULL && atomic_load(o->cancel);
}

static void pause_ms(const struct suite_run_options *o, unsigned ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)ms * 1000;
    for (int64_t left; (left = until_us - clock_mono_us()) > 0 && !is_over(o);)
        usleep((useconds_t)(left < PAUSE_SLICE_US ? left : PAUSE_SLICE_US));
}

static void describe(struct work *w)
{
    struct suite_result *x = w->result;
    const char *comma = x->delivered_ms >= 0 && x->attempts > 1 ? ", " : "";
    char times[40] = "";
    if (x->attempts > 1)
        snprintf(times, sizeof times, "attempt %u", x->attempts);
    x->headline = x->delivered_ms >= 0
                      ? arena_fmt(&x->arena, "delivered in %.*s%s%s",
                                  STR_ARG(judge_ms(w, x->delivered_ms)), comma, times)
                      : arena_fmt(&x->arena, "%s", times);
}

/* The series of every case are there from the first run on, whatever came of it; but those of one
 * that was skipped say only that. */
void result_metrics(struct suite_result *x)
{
    struct work w = {.suite = x->suite, .result = x};
    bool skipped = result_is_skipped(x), passed = result_is_passed(x);
    struct metric *m;
    work_metric(&w, "mailproof_flow_skipped", "1 when the case was not run on purpose.", skipped);
    if (skipped)
        return;
    work_metric(&w, "mailproof_flow_success", "1 when the case passed.", passed);
    work_metric(&w, "probe_success", "1 when the case passed.", passed);
    work_metric(&w, "probe_duration_seconds", "How long the case took.",
                (double)x->elapsed_us / 1e6);
    m = work_metric(&w, "mailproof_flow_duration_seconds", "How long the case took.",
                    (double)x->elapsed_us / 1e6);
    if (m != NULL) {
        m->perf = STR("time");
        m->unit = "s";
    }
    work_metric(&w, "mailproof_flow_timestamp_seconds", "When the case was run, Unix time.",
                (double)x->started_s);
    if (passed)
        work_metric(&w, "mailproof_flow_last_success_timestamp_seconds",
                    "When the case passed last, Unix time.", (double)x->started_s);
    work_metric(&w, "mailproof_flow_attempts", "Attempts that were made.", x->attempts);
}

/* What once got through that never may is no accident of a moment: a luckier attempt would hide it.
 */
static bool is_final(const struct suite_result *x)
{
    static const enum finding_id never[] = {FINDING_FLOW_ARRIVE_UNEXPECTED, FINDING_FLOW_RELAY_OPEN,
                                            FINDING_FLOW_SMUGGLE_SMUGGLED};
    for (size_t i = 0; i < x->findings.n; i++)
        for (size_t k = 0; k < ARRAY_LEN(never); k++)
            if (x->findings.items[i].id == never[k])
                return true;
    return false;
}

void case_run(struct runner *r, struct running_sinks *sinks, const struct suite_world *world,
              const struct suite_run_options *options, struct suite_result *x)
{
    struct arena arena = {0};
    struct suite_retry retry = x->suite->cases[x->index].retry;
    int64_t started_us = clock_mono_us();
    x->started_s = clock_wall_s();
    for (unsigned i = 0; i <= retry.times; i++) {
        struct work w = {.runner = r,
                         .suite = x->suite,
                         .world = world,
                         .options = options,
                         .sinks = sinks,
                         .result = x,
                         .arena = &arena};
        arena_init(&arena, SUITE_WORK_ARENA_BYTES);
        x->attempts++;
        attempt(&w);
        x->elapsed_us = clock_mono_us() - started_us;
        bool last = result_is_passed(x) || is_final(x) || i == retry.times || is_over(options);
        if (last)
            describe(&w);
        arena_clear(&arena);
        if (last)
            break;
        pause_ms(options, retry.every_ms);
    }
}
