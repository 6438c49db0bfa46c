/* What the monitor finds, on its way to where it is kept and told. */
#include "daemon/clerk_monitor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/serve_stores.h"
#include "monitor/monitor.h"

enum { CHANGE_MAX_BYTES = 16 * 1024, SCORE_UNKNOWN = 0 };

struct clerk_monitor {
    struct role *role;
    struct hooks *hooks;
    struct history *history; /* NULL: nothing is kept */
    struct monitor *monitor;
    struct monitor_target *targets;
    size_t n;
    char *state_dir;
    int stop_fd;
    pthread_t thread;
    bool has_thread;
};

/* ---- what happened ---- */

static enum history_run_state state_of(enum monitor_result r)
{
    return r == MONITOR_PASSED   ? HISTORY_PASSED
           : r == MONITOR_FAILED ? HISTORY_FAILED
                                 : HISTORY_UNDECIDED;
}

static void keep_audit(struct clerk_monitor *m, const struct monitor_target *t,
                       const struct monitor_run *run)
{
    const struct history_audit a = {.domain = t->name,
                                    .grade = run->grade,
                                    .time_ms = run->started_ms,
                                    .score = SCORE_UNKNOWN,
                                    .findings = run->findings};
    if (run->grade.n > 0)
        history_add_audit(m->history, &a);
}

static void keep_case(struct clerk_monitor *m, const struct monitor_target *t,
                      const struct monitor_run *run, const struct monitor_case *c)
{
    const struct history_run r = {.suite = t->name,
                                  .name = c->name,
                                  .time_ms = run->started_ms,
                                  .duration_ms = c->duration_ms,
                                  .state = state_of(c->result),
                                  .text = c->text};
    history_add_run(m->history, &r);
}

static void ran(void *ctx, const struct monitor_target *t, const struct monitor_run *run)
{
    struct clerk_monitor *m = ctx;
    struct log_event e;
    log_begin(&e, run->result == MONITOR_PASSED ? LOG_INFO_LEVEL : LOG_WARNING_LEVEL,
              "monitor.ran");
    log_word(&e, "kind", t->kind == MONITOR_SUITE ? "suite" : "audit");
    log_str(&e, "name", t->name);
    log_word(&e, "result", monitor_result_name(run->result));
    if (run->why.n > 0)
        log_str(&e, "why", run->why);
    log_int(&e, "duration_ms", run->duration_ms);
    log_end(&e);
    control_send(ROLE_CONTROL_FD, CONTROL_RAN, run->result, STR_NONE);
    if (t->kind == MONITOR_AUDIT) {
        keep_audit(m, t, run);
        return;
    }
    for (size_t i = 0; i < run->n_cases; i++)
        keep_case(m, t, run, &run->cases[i]);
    if (run->whole)
        return;
    const struct monitor_case broken = {.name = STR(MONITOR_RUN_NAME),
                                        .text = run->why,
                                        .result = MONITOR_UNDECIDED,
                                        .duration_ms = run->duration_ms};
    keep_case(m, t, run, &broken);
}

/* MonitorChange of docs/schema/api.openapi.yaml. */
static void write_change(struct json *j, const struct monitor_target *t,
                         const struct monitor_change *c)
{
    json_object_begin(j);
    json_ktime_ms(j, "time", c->time_ms);
    json_kword(j, "kind", t->kind == MONITOR_SUITE ? "suite" : "audit");
    json_kstr(j, "suite", t->kind == MONITOR_SUITE ? t->name : STR_NONE);
    json_ktext(j, "name", c->name);
    json_kword(j, "before", monitor_result_name(c->from));
    json_kword(j, "state", monitor_result_name(c->to));
    json_ktext(j, "detail", c->text);
    json_kword(j, "change", monitor_change_name(c->kind));
    json_object_end(j);
}

static void changed(void *ctx, const struct monitor_target *t, const struct monitor_change *c)
{
    struct clerk_monitor *m = ctx;
    struct buf b;
    struct json j;
    log_note(LOG_WARNING_LEVEL, "monitor.changed", STR_FMT ", " STR_FMT ": %s, from %s to %s",
             STR_ARG(t->name), STR_ARG(c->name), monitor_change_name(c->kind),
             monitor_result_name(c->from), monitor_result_name(c->to));
    buf_init(&b, CHANGE_MAX_BYTES);
    json_init(&j, &b, 0);
    write_change(&j, t, c);
    if (!b.failed) {
        control_send(ROLE_CONTROL_FD, CONTROL_MONITOR, c->to, buf_str(&b));
        if (m->hooks != NULL)
            hooks_put(m->hooks, HOOK_MONITOR_CHANGED, c->time_ms, buf_str(&b));
    }
    buf_clear(&b);
}

static int load_state(void *ctx, struct str key, struct buf *out, struct mp_err *err)
{
    struct clerk_monitor *m = ctx;
    return monitor_file_load(m->state_dir, key, out, err);
}

static int save_state(void *ctx, struct str key, struct str state, struct mp_err *err)
{
    struct clerk_monitor *m = ctx;
    return monitor_file_save(m->state_dir, key, state, err);
}

static void state_failed(void *ctx, const struct mp_err *err)
{
    (void)ctx;
    log_note(LOG_WARNING_LEVEL, "monitor.state", "%s", err->text);
}

/* ---- opening ---- */

/* The others go on, and so do webhooks. */
static void leave_out(struct clerk_monitor *m, struct str file, const char *why)
{
    const struct history_run r = {.suite = file,
                                  .name = STR(MONITOR_RUN_NAME),
                                  .time_ms = clock_wall_ms(),
                                  .state = HISTORY_UNDECIDED,
                                  .text = str_from(why)};
    log_note(LOG_ERROR_LEVEL, "monitor.left_out", STR_FMT ": %s", STR_ARG(file), why);
    history_add_run(m->history, &r);
}

static int read_targets(struct clerk_monitor *m, const struct suite_outside *outside,
                        struct mp_err *err)
{
    const struct serve_monitor *c = &m->role->config->monitor;
    struct arena *a = &m->role->arena;
    m->targets = arena_new(a, struct monitor_target, c->n_suites + c->n_audits);
    if (m->targets == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the monitor");
    for (size_t i = 0; i < c->n_suites; i++) {
        struct mp_err why = {0};
        const char *file = arena_copy(a, c->suites[i]).p;
        int st = file == NULL ? mp_fail(&why, MP_E_NOMEM, 0, "no memory for a suite")
                              : monitor_suite_target(a, file, outside, &m->targets[m->n], &why);
        if (st == MP_OK)
            m->n++;
        else
            leave_out(m, c->suites[i], why.text);
    }
    for (size_t i = 0; i < c->n_audits; i++)
        m->targets[m->n++] = monitor_audit_target(c->audits[i].domain, c->audits[i].profile,
                                                  (int64_t)c->audit_every_s * 1000);
    return MP_OK;
}

static void open_history(struct clerk_monitor *m)
{
    struct mp_err err = {0};
    if (serve_history_open(m->role, &m->history, &err) != MP_OK)
        log_note(LOG_ERROR_LEVEL, "history.failed", "the monitor goes on without: %s", err.text);
}

static int make_monitor(struct clerk_monitor *m, struct mp_err *err)
{
    const struct monitor_config config = {.targets = m->targets,
                                          .n_targets = m->n,
                                          .program = "/proc/self/exe"};
    const struct monitor_calls calls = {.ran = ran,
                                        .changed = changed,
                                        .load = load_state,
                                        .save = save_state,
                                        .failed = state_failed,
                                        .ctx = m};
    m->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct str dir =
        arena_fmt(&m->role->arena, STR_FMT "/monitor", STR_ARG(m->role->config->state_dir));
    m->state_dir = (char *)(uintptr_t)dir.p; /* for a ctx */
    if (m->stop_fd < 0 || m->state_dir == NULL)
        return mp_fail(err, MP_E_IO, errno, "the monitor cannot be started");
    return monitor_new(&config, &calls, &m->monitor, err);
}

static void add_every(struct buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (ms % units[i].ms == 0) {
            buf_addf(out, "%lld%s\n", (long long)(ms / units[i].ms), units[i].unit);
            return;
        }
}

/* For the dashboard: what is watched, and how often. */
static void tell_schedules(const struct clerk_monitor *m)
{
    struct buf b;
    buf_init(&b, CONTROL_TEXT_BYTES);
    for (size_t i = 0; i < m->n; i++)
        if (m->targets[i].kind == MONITOR_SUITE) {
            buf_add(&b, m->targets[i].name);
            buf_addc(&b, '\n');
            add_every(&b, m->targets[i].every_ms);
        }
    control_send(ROLE_CONTROL_FD, CONTROL_SCHEDULES, 0, buf_str(&b));
    buf_clear(&b);
}

static void *run(void *arg)
{
    struct clerk_monitor *m = arg;
    struct mp_err err = {0};
    if (monitor_run(m->monitor, m->stop_fd, &err) != MP_OK) {
        log_note(LOG_ERROR_LEVEL, "monitor.failed", "%s", err.text);
        _exit(1); /* the supervisor starts another clerk, later and later */
    }
    return NULL;
}

int clerk_monitor_start(struct role *r, const struct suite_outside *outside, struct hooks *hooks,
                        struct clerk_monitor **out, struct mp_err *err)
{
    const struct serve_monitor *c = &r->config->monitor;
    struct clerk_monitor *m = c->n_suites + c->n_audits == 0 ? NULL : calloc(1, sizeof *m);
    if (m == NULL)
        return c->n_suites + c->n_audits == 0 ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory");
    m->role = r;
    m->hooks = hooks;
    m->stop_fd = -1;
    open_history(m);
    int st = read_targets(m, outside, err);
    if (st == MP_OK && m->n == 0)
        log_note(LOG_ERROR_LEVEL, "monitor.failed", "there is nothing left to watch");
    if (st == MP_OK)
        st = make_monitor(m, err);
    if (st == MP_OK) {
        tell_schedules(m);
        m->has_thread = pthread_create(&m->thread, NULL, run, m) == 0;
        st = m->has_thread ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
    }
    if (st != MP_OK) {
        clerk_monitor_stop(m);
        return st;
    }
    *out = m;
    return MP_OK;
}

void clerk_monitor_stop(struct clerk_monitor *m)
{
    static const uint64_t one = 1;
    if (m == NULL)
        return;
    if (m->has_thread && write(m->stop_fd, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(m->thread, NULL);
    monitor_free(m->monitor);
    history_close(m->history);
    if (m->stop_fd >= 0)
        close(m->stop_fd);
    free(m);
}
