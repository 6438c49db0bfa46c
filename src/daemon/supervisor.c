/* The supervisor's loop: signals, words, deaths and time. */
#include "daemon/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/supervisor_internal.h"

enum {
    TICK_MS = 100,
    IDLE_TICK_MS = 1000,
    CONFIG_ARENA_BYTES = 64 << 20,
    EXIT_GOOD = 0,
    EXIT_NOT_STARTED = 1,
    WARNINGS_MAX_BYTES = 256 * 1024,
    POLL_MAX = 1 + SUPERVISOR_MAX_GENERATIONS * CHILDREN_MAX
};

static void read_clock(struct supervisor *s)
{
    s->now_ms = clock_mono_us() / 1000;
}

static size_t count_generations(const struct supervisor *s)
{
    size_t n = 0;
    for (const struct generation *g = s->generations; g != NULL; g = g->next)
        n++;
    return n;
}

/* ---- start and reload ---- */

static void log_warnings(struct generation *g)
{
    struct buf b;
    buf_init(&b, WARNINGS_MAX_BYTES);
    supervisor_warnings(&g->arena, g->config, &b);
    for (struct str left = buf_str(&b), line; left.n > 0;) {
        line = str_cut(&left, '\n');
        log_note(LOG_WARNING_LEVEL, "config.warning", STR_FMT, STR_ARG(line));
    }
    buf_clear(&b);
}

/* A new generation with the file as it is now. Its processes start; the old ones go on until it
 * serves. */
static int begin_generation(struct supervisor *s, struct mp_err *err)
{
    struct arena arena;
    struct serve_config *config = NULL;
    struct generation *g = NULL;
    struct str text = STR_NONE;
    if (count_generations(s) == SUPERVISOR_MAX_GENERATIONS)
        return mp_fail(err, MP_E_LIMIT, 0, "%d generations are still ending: reload later",
                       SUPERVISOR_MAX_GENERATIONS);
    arena_init(&arena, CONFIG_ARENA_BYTES);
    int st = supervisor_load(&arena, s->options.config_path, &config, &text, err);
    if (st == MP_OK)
        st = listeners_open(s, config, err);
    if (st != MP_OK) {
        arena_clear(&arena);
        return st;
    }
    st = generation_new(s, &arena, config, text, &g, err);
    if (st != MP_OK)
        return st;
    g->next = s->generations;
    s->generations = g;
    log_warnings(g);
    return MP_OK;
}

static void reload(struct supervisor *s)
{
    struct mp_err err = {0};
    if (s->stopping)
        return;
    notify_reloading(&s->notify, "reads its configuration again");
    if (begin_generation(s, &err) == MP_OK) {
        log_note(LOG_INFO_LEVEL, "daemon.reload", "generation %u starts", s->last_number);
        return;
    }
    listeners_sweep(s);
    log_note(LOG_ERROR_LEVEL, "daemon.reload_refused", "%s", err.text);
    notify_ready(&s->notify, "the new configuration has mistakes: the old one stays");
}

static void stop(struct supervisor *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    notify_stopping(&s->notify, "ends what is on its way");
    log_note(LOG_INFO_LEVEL, "daemon.stopping", "what is on its way is ended first");
    for (struct generation *g = s->generations; g != NULL; g = g->next)
        generation_drain(s, g, true);
}

static bool is_alone_left(const struct supervisor *s, const struct generation *g)
{
    for (const struct generation *o = s->generations; o != NULL; o = o->next)
        if (o != g && !o->draining)
            return false;
    return true;
}

/* A reload whose processes do not come to serve is taken back. At the start that is the end. */
static void give_up(struct supervisor *s, struct generation *g)
{
    bool is_alone = is_alone_left(s, g);
    log_note(LOG_ERROR_LEVEL, is_alone ? "daemon.not_started" : "daemon.reload_refused",
             "generation %u does not come to serve", g->number);
    generation_drain(s, g, true);
    if (is_alone) {
        s->exit_code = EXIT_NOT_STARTED;
        stop(s);
    } else {
        listeners_sweep(s);
        notify_ready(&s->notify, "the new configuration does not work: the old one stays");
    }
}

/* ---- what happens ---- */

static struct child *find_child(struct supervisor *s, pid_t pid, struct generation **of)
{
    for (struct generation *g = s->generations; g != NULL; g = g->next)
        for (size_t i = 0; i < g->n_children; i++)
            if (g->children[i].pid == pid) {
                *of = g;
                return &g->children[i];
            }
    return NULL;
}

static void reap(struct supervisor *s)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct generation *g = NULL;
        struct child *c = find_child(s, pid, &g);
        if (c == NULL)
            continue;
        if (c->control >= 0)
            child_listen(s, g, c); /* its last words */
        child_ended(s, g, c, status);
    }
}

static void take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(s);
        else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(s);
        else if (info.ssi_signo == SIGCHLD)
            reap(s);
    }
}

static size_t fill_poll(struct supervisor *s, struct pollfd p[POLL_MAX], struct child *of[POLL_MAX],
                        struct generation *in[POLL_MAX])
{
    size_t n = 0;
    p[n++] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
    for (struct generation *g = s->generations; g != NULL; g = g->next)
        for (size_t i = 0; i < g->n_children && n < POLL_MAX; i++)
            if (g->children[i].control >= 0) {
                of[n] = &g->children[i];
                in[n] = g;
                p[n++] = (struct pollfd){.fd = g->children[i].control, .events = POLLIN};
            }
    return n;
}

static void wait_for_words(struct supervisor *s)
{
    static struct pollfd p[POLL_MAX]; /* one thread */
    static struct child *of[POLL_MAX];
    static struct generation *in[POLL_MAX];
    bool busy = s->stopping || s->generations->next != NULL || !s->generations->live;
    size_t n = fill_poll(s, p, of, in);
    int ready = poll(p, n, busy ? TICK_MS : IDLE_TICK_MS);
    read_clock(s);
    for (size_t i = 1; ready > 0 && i < n; i++)
        if (p[i].revents != 0 && of[i]->control == p[i].fd)
            child_listen(s, in[i], of[i]);
    if (ready > 0 && p[0].revents != 0)
        take_signals(s);
}

/* A process whose configuration is wrong would only die again. */
static bool is_hopeless(const struct supervisor *s, const struct generation *g)
{
    enum { TRIES = 3 };
    if (g->live || g->draining)
        return false;
    for (size_t i = 0; i < g->n_children; i++)
        if (!g->children[i].once && g->children[i].role != ROLE_CLERK &&
            g->children[i].restarts >= TRIES)
            return true;
    return s->now_ms - g->began_ms > SUPERVISOR_START_MS;
}

static void tick(struct supervisor *s)
{
    for (struct generation *g = s->generations, *next; g != NULL; g = next) {
        next = g->next;
        for (size_t i = 0; i < g->n_children; i++)
            child_tick(s, g, &g->children[i]);
        generation_step(s, g);
        if (is_hopeless(s, g))
            give_up(s, g);
        if (generation_is_over(g))
            generation_free(s, g);
    }
    supervisor_tell_peers(s);
    if (s->notify.watchdog_us > 0 &&
        (s->now_ms - s->alive_ms) * 2000 >= (int64_t)s->notify.watchdog_us) {
        s->alive_ms = s->now_ms;
        notify_alive(&s->notify);
    }
}

/* ---- the whole ---- */

static int open_signals(struct supervisor *s, struct mp_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 ? MP_OK : mp_fail(err, MP_E_IO, errno, "signals: %s", strerror(errno));
}

static int open_supervisor(struct supervisor *s, struct mp_err *err)
{
    struct confine_facts facts = {0};
    read_clock(s);
    int st = open_signals(s, err);
    if (st == MP_OK)
        st = notify_open(&s->notify, err);
    if (st == MP_OK)
        st = passed_fds_take(&s->passed, err);
    if (st == MP_OK)
        st = begin_generation(s, err);
    if (st == MP_OK)
        st = confine_identity(ROLE_SUPERVISOR, s->generations->config, &facts, err);
    if (st == MP_OK)
        st = confine_role(ROLE_SUPERVISOR, s->generations->config, &facts, err);
    if (st == MP_OK && facts.missing[0] != '\0')
        log_note(LOG_WARNING_LEVEL, "process.not_confined", "%s", facts.missing);
    return st;
}

static void close_supervisor(struct supervisor *s)
{
    while (s->generations != NULL)
        generation_free(s, s->generations);
    listeners_sweep(s);
    notify_close(&s->notify);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
    free(s);
}

int supervisor_run(const struct supervisor_options *o)
{
    struct mp_err err = {0};
    struct supervisor *s = calloc(1, sizeof *s);
    if (s == NULL)
        return EXIT_NOT_STARTED;
    s->options = *o;
    s->started_wall_ms = clock_wall_ms();
    s->signal_fd = -1;
    s->notify.fd = -1;
    if (open_supervisor(s, &err) != MP_OK) {
        log_note(LOG_ERROR_LEVEL, "daemon.not_started", "%s", err.text);
        s->exit_code = EXIT_NOT_STARTED;
    } else {
        log_open("supervisor", s->generations->config->log_format == SERVE_LOG_JSON);
        for (tick(s); s->generations != NULL; tick(s))
            wait_for_words(s);
    }
    int code = s->exit_code;
    close_supervisor(s);
    return code;
}
