/* The loop: what is due is begun, what has ended is recorded, what does not end is ended. */
#include "monitor/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "monitor/monitor_internal.h"

enum {
    RUNNING_DEFAULT = 2,
    OVERLAP_MAX = 2,         /* runs of one target that may overlap */
    FIRST_WITHIN_MS = 30000, /* those that never ran begin spread over it */
    ARGUMENTS_MAX = 64,
    KEYS_ARENA_BYTES = 64 << 20,
    FATE_BYTES = 512,
    US_PER_MS = 1000,
    SLOT_FDS = CHILD_FDS
};

/* ---- the machine's clock ---- */

static int64_t machine_wall(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static int64_t machine_mono(void *ctx)
{
    (void)ctx;
    return clock_mono_us() / US_PER_MS;
}

static uint64_t machine_random(void *ctx)
{
    uint64_t v = 0;
    (void)ctx;
    (void)!getrandom(&v, sizeof v, GRND_NONBLOCK); /* for jitter, no more */
    return v;
}

static int64_t mono(const struct monitor *m)
{
    return m->clock.mono_ms(m->clock.ctx);
}

static int64_t at_random(struct monitor *m, int64_t below)
{
    return below <= 0 ? 0 : (int64_t)(m->clock.random(m->clock.ctx) % (uint64_t)below);
}

/* ---- beginning and end of it all ---- */

static int check_target(const struct monitor_target *t, struct mp_err *err)
{
    if (t->every_ms < MONITOR_MIN_EVERY_MS || t->jitter_ms < 0 || t->time_limit_ms < 0)
        return mp_fail(err, MP_E_USAGE, 0, STR_FMT ": runs are at least %d ms apart",
                       STR_ARG(t->name), MONITOR_MIN_EVERY_MS);
    if (t->confirm > MONITOR_MAX_CONFIRM)
        return mp_fail(err, MP_E_LIMIT, MONITOR_MAX_CONFIRM,
                       STR_FMT ": at most %d runs are to agree", STR_ARG(t->name),
                       MONITOR_MAX_CONFIRM);
    return MP_OK;
}

/* A target that ran before is due when it would have been; others soon, not all at once. */
static void plan_first(struct monitor *m, struct tracked *t)
{
    int64_t now = mono(m), every = t->target->every_ms, wait;
    if (t->state.ran_ms > 0) {
        wait = t->state.ran_ms + every - m->clock.wall_ms(m->clock.ctx);
        wait = wait < 0 ? 0 : wait > every ? every : wait;
    } else
        wait = at_random(m, every < FIRST_WITHIN_MS ? every : FIRST_WITHIN_MS);
    t->grid_ms = t->due_ms = now + wait;
}

static int compare_keys(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int check_keys(struct monitor *m, struct mp_err *err)
{
    size_t n = m->config.n_targets;
    struct str *keys = arena_new(&m->arena, struct str, n + 1);
    if (keys == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the monitor");
    for (size_t i = 0; i < n; i++)
        keys[i] = m->tracked[i].key;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (str_eq(keys[i - 1], keys[i]))
            return mp_fail(err, MP_E_USAGE, 0, "the monitor has " STR_FMT " twice",
                           STR_ARG(keys[i]));
    return MP_OK;
}

static int track(struct monitor *m, size_t i, struct mp_err *err)
{
    const struct monitor_target *t = &m->config.targets[i];
    int st = check_target(t, err);
    if (st != MP_OK)
        return st;
    m->tracked[i].target = t;
    m->tracked[i].key = t->kind == MONITOR_SUITE
                            ? arena_fmt(&m->arena, "suite:" STR_FMT, STR_ARG(t->file))
                            : arena_fmt(&m->arena, "audit:" STR_FMT "/" STR_FMT, STR_ARG(t->name),
                                        STR_ARG(t->profile));
    return m->tracked[i].key.p != NULL ? MP_OK
                                       : mp_fail(err, MP_E_NOMEM, 0, "no memory for the monitor");
}

static int start_up(struct monitor *m, struct mp_err *err)
{
    int st = MP_OK;
    m->tracked = calloc(m->config.n_targets + 1, sizeof *m->tracked);
    m->slots = calloc(m->n_slots, sizeof *m->slots);
    if (m->tracked == NULL || m->slots == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the monitor");
    for (size_t i = 0; st == MP_OK && i < m->config.n_targets; i++)
        st = track(m, i, err);
    if (st == MP_OK)
        st = check_keys(m, err);
    for (size_t i = 0; st == MP_OK && i < m->config.n_targets; i++) {
        monitor_recall(m, &m->tracked[i]);
        plan_first(m, &m->tracked[i]);
    }
    return st;
}

int monitor_new(const struct monitor_config *config, const struct monitor_calls *calls,
                struct monitor **out, struct mp_err *err)
{
    if (config->n_targets > MONITOR_MAX_TARGETS || config->running > MONITOR_MAX_RUNNING)
        return mp_fail(err, MP_E_LIMIT, MONITOR_MAX_TARGETS,
                       "the monitor has at most %d targets and runs at most %d at a time",
                       MONITOR_MAX_TARGETS, MONITOR_MAX_RUNNING);
    struct monitor *m = calloc(1, sizeof *m);
    if (m == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the monitor");
    m->config = *config;
    m->calls = *calls;
    m->clock = config->clock != NULL
                   ? *config->clock
                   : (struct monitor_clock){machine_wall, machine_mono, machine_random, NULL};
    m->n_slots = config->running == 0 ? RUNNING_DEFAULT : config->running;
    arena_init(&m->arena, KEYS_ARENA_BYTES);
    int st = start_up(m, err);
    if (st == MP_OK)
        *out = m;
    else
        monitor_free(m);
    return st;
}

void monitor_free(struct monitor *m)
{
    if (m == NULL)
        return;
    for (unsigned i = 0; m->slots != NULL && i < m->n_slots; i++)
        if (m->slots[i].child.pid != 0) {
            child_kill(&m->slots[i].child);
            child_end(&m->slots[i].child);
            child_clear(&m->slots[i].child);
        }
    for (size_t i = 0; m->tracked != NULL && i < m->config.n_targets; i++)
        arena_clear(&m->tracked[i].arena);
    free(m->slots);
    free(m->tracked);
    arena_clear(&m->arena);
    free(m);
}

size_t monitor_running(const struct monitor *m)
{
    size_t n = 0;
    for (unsigned i = 0; i < m->n_slots; i++)
        n += m->slots[i].child.pid != 0;
    return n;
}

void monitor_now(struct monitor *m, size_t target)
{
    if (target < m->config.n_targets)
        m->tracked[target].wanted = true;
}

/* ---- a run ---- */

/* Behind "--" nothing is an option, however a file or a domain begins. */
static void arguments(const struct monitor *m, const struct monitor_target *t,
                      char *argv[ARGUMENTS_MAX + 1])
{
    const char *words[ARGUMENTS_MAX] = {m->config.program};
    size_t n = 1;
    bool suite = t->kind == MONITOR_SUITE;
    const char *const *more = suite ? m->config.suite_arguments : m->config.audit_arguments;
    const char *const run[] = {"run", "--quiet", "--jsonl", "-"}, *const audit[] = {"audit",
                                                                                    "--format",
                                                                                    "jsonl"};
    for (size_t i = 0; i < (suite ? ARRAY_LEN(run) : ARRAY_LEN(audit)); i++)
        words[n++] = suite ? run[i] : audit[i];
    if (!suite && t->profile.n > 0) {
        words[n++] = "--profile";
        words[n++] = t->profile.p;
    }
    for (; more != NULL && *more != NULL && n < ARGUMENTS_MAX - 2; more++)
        words[n++] = *more;
    words[n++] = "--";
    words[n++] = suite ? t->file.p : t->name.p;
    for (size_t i = 0; i < n; i++)
        argv[i] = (char *)(uintptr_t)words[i]; /* execve(2) takes them so, and changes nothing */
    argv[n] = NULL;
}

/* What is not confirmed is tried again soon. */
static void record(struct monitor *m, struct tracked *t, const struct ended *e)
{
    struct mp_err err = {0};
    bool open = false;
    if (monitor_record(m, t, e, &open, &err) != MP_OK)
        monitor_complain(m, &err);
    int64_t soon = mono(m) + MONITOR_RECHECK_MS;
    if (open && soon < t->due_ms)
        t->due_ms = soon;
}

static void begin(struct monitor *m, struct slot *s, struct tracked *t)
{
    char *argv[ARGUMENTS_MAX + 1];
    struct mp_err err = {0};
    int64_t limit = t->target->time_limit_ms;
    arguments(m, t->target, argv);
    *s = (struct slot){.of = t, .started_ms = m->clock.wall_ms(m->clock.ctx), .began_ms = mono(m)};
    s->until_ms = s->began_ms + (limit == 0 ? MONITOR_TIME_LIMIT_MS : limit);
    if (child_start(&s->child, argv, MONITOR_MAX_OUTPUT_BYTES, &err) == MP_OK)
        t->running++;
    else
        record(m, t,
               &(struct ended){.started_ms = s->started_ms,
                               .now_ms = s->started_ms,
                               .out = STR(""),
                               .fate = err.text});
}

static void finish(struct monitor *m, struct slot *s)
{
    char fate[FATE_BYTES];
    struct child *c = &s->child;
    struct tracked *t = s->of;
    child_end(c);
    child_fate(c, fate, sizeof fate);
    if (s->late)
        snprintf(fate, sizeof fate, "the run did not end within %lld s",
                 (long long)((s->until_ms - s->began_ms) / 1000));
    t->running--;
    record(m, t,
           &(struct ended){.started_ms = s->started_ms,
                           .duration_ms = mono(m) - s->began_ms,
                           .now_ms = m->clock.wall_ms(m->clock.ctx),
                           .out = buf_str(&c->out),
                           .fate = fate});
    child_clear(c);
}

/* ---- what is due ---- */

static bool may_begin(const struct tracked *t)
{
    return t->running < (t->target->only_one ? 1u : OVERLAP_MAX);
}

/* The next time by the grid that is still to come, and up to `jitter` later. */
static void plan_next(struct monitor *m, struct tracked *t, int64_t now)
{
    int64_t every = t->target->every_ms;
    if (t->grid_ms <= now)
        t->grid_ms += (1 + (now - t->grid_ms) / every) * every;
    t->due_ms = t->grid_ms + at_random(m, t->target->jitter_ms + 1);
    t->wanted = false;
}

/* That which is due for longest; a time at which one still runs is passed over. NULL: none. */
static struct tracked *next_due(struct monitor *m, int64_t now)
{
    struct tracked *next = NULL;
    for (size_t i = 0; i < m->config.n_targets; i++) {
        struct tracked *t = &m->tracked[i];
        if (!t->wanted && t->due_ms > now)
            continue;
        if (!may_begin(t)) {
            if (!t->wanted)
                plan_next(m, t, now);
            continue;
        }
        if (next == NULL || (t->wanted && !next->wanted) ||
            (t->wanted == next->wanted && t->due_ms < next->due_ms))
            next = t;
    }
    return next;
}

static void begin_due(struct monitor *m)
{
    int64_t now = mono(m);
    for (unsigned i = 0; i < m->n_slots; i++) {
        struct tracked *t = m->slots[i].child.pid != 0 ? NULL : next_due(m, now);
        if (t == NULL)
            continue;
        plan_next(m, t, now);
        begin(m, &m->slots[i], t);
    }
}

static void end_late(struct monitor *m)
{
    int64_t now = mono(m);
    for (unsigned i = 0; i < m->n_slots; i++) {
        struct slot *s = &m->slots[i];
        if (s->child.pid == 0 || s->child.killed)
            continue;
        s->late = s->until_ms <= now;
        if (s->late || s->child.too_much)
            child_kill(&s->child);
    }
}

/* Milliseconds until something is due or late. */
static int wait_ms(const struct monitor *m, int max_wait_ms)
{
    int64_t now = mono(m), next = max_wait_ms < 0 ? INT32_MAX : max_wait_ms;
    bool room = false;
    for (unsigned i = 0; i < m->n_slots; i++) {
        const struct slot *s = &m->slots[i];
        room = room || s->child.pid == 0;
        if (s->child.pid != 0 && !s->child.killed && s->until_ms - now < next)
            next = s->until_ms - now;
    }
    for (size_t i = 0; room && i < m->config.n_targets; i++) {
        const struct tracked *t = &m->tracked[i];
        if (t->wanted && may_begin(t))
            return 0;
        if (t->due_ms - now < next)
            next = t->due_ms - now;
    }
    return next < 0 ? 0 : (int)next;
}

/* ---- the loop ---- */

static void take(struct monitor *m, const struct pollfd *fds)
{
    for (unsigned i = 0; i < m->n_slots; i++) {
        struct slot *s = &m->slots[i];
        const struct pollfd *of = &fds[1 + i * SLOT_FDS];
        for (int k = CHILD_OUT; s->child.pid != 0 && k < CHILD_END; k++)
            if (of[k].revents != 0)
                child_read(&s->child, (enum child_fd)k);
        if (s->child.pid != 0 && of[CHILD_END].revents != 0)
            finish(m, s);
    }
}

int monitor_turn(struct monitor *m, int stop_fd, int max_wait_ms, bool *stop, struct mp_err *err)
{
    struct pollfd fds[1 + MONITOR_MAX_RUNNING * SLOT_FDS];
    begin_due(m);
    end_late(m);
    fds[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
    for (unsigned i = 0; i < m->n_slots; i++)
        for (int k = 0; k < SLOT_FDS; k++)
            fds[1 + i * SLOT_FDS + (unsigned)k] =
                (struct pollfd){.fd = m->slots[i].child.pid == 0 ? -1 : m->slots[i].child.fds[k],
                                .events = POLLIN};
    int n = poll(fds, 1 + m->n_slots * SLOT_FDS, wait_ms(m, max_wait_ms));
    if (n < 0 && errno != EINTR)
        return mp_fail(err, MP_E_IO, errno, "monitor: poll: %s", strerror(errno));
    *stop = n > 0 && fds[0].revents != 0;
    if (n > 0)
        take(m, fds);
    return MP_OK;
}

int monitor_run(struct monitor *m, int stop_fd, struct mp_err *err)
{
    bool stop = false;
    int st = MP_OK;
    while (st == MP_OK && !stop)
        st = monitor_turn(m, stop_fd, -1, &stop, err);
    return st;
}
