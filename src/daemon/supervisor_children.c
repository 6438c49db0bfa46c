/* One process after another in its place: start, words, death, and the pause before the next. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/supervisor_internal.h"

void child_init(struct child *c, enum serve_role role, unsigned number)
{
    *c = (struct child){.role = role, .number = number, .control = -1, .state = CHILD_WAITING};
}

bool child_is_alive(const struct child *c)
{
    return c->state == CHILD_STARTING || c->state == CHILD_RUNNING || c->state == CHILD_STOPPING;
}

static void add_fd(struct process_start *p, struct str name, int fd)
{
    if (fd >= 0 && p->n_fds < ROLE_MAX_FDS)
        p->fds[p->n_fds++] = (struct role_fd){name, fd};
}

static void add_listeners(struct supervisor *s, struct generation *g, struct process_start *p)
{
    const struct serve_config *c = g->config;
    for (size_t i = 0; i < c->n_milters; i++)
        add_fd(p, arena_fmt(&g->arena, "milter." STR_FMT, STR_ARG(c->milters[i].name)),
               listener_fd(s, &c->milters[i].listen));
    if (c->http.enabled)
        add_fd(p, STR("http"), listener_fd(s, &c->http.listen));
}

int child_begin(struct supervisor *s, struct generation *g, struct child *c, struct mp_err *err)
{
    struct process_start p = {.role = c->role,
                              .command = s->options.command,
                              .config_path = s->options.config_path,
                              .config_fd = g->config_fd,
                              .generation = g->number};
    if (c->role == ROLE_FRONT)
        add_listeners(s, g, &p);
    if (c->role == ROLE_WORKER)
        add_fd(&p, STR(ROLE_WORK_SOCKET), g->work_fd);
    if (c->role == ROLE_SIGNER)
        add_fd(&p, STR(ROLE_SIGNER_SOCKET), g->signer_fd);
    int st = process_start(&p, &c->pid, &c->control, err);
    if (st != MP_OK)
        return st;
    c->state = CHILD_STARTING;
    c->since_ms = c->ping_ms = c->pong_ms = s->now_ms;
    c->started_wall_ms = clock_wall_ms();
    s->peers_changed = true;
    return MP_OK;
}

void child_word(struct child *c, enum control_word word, uint32_t value, struct str text)
{
    if (c->control >= 0)
        control_send(c->control, word, value, text);
}

void child_stop(struct supervisor *s, struct child *c)
{
    if (c->state == CHILD_WAITING)
        c->state = CHILD_GONE;
    if (!child_is_alive(c) || c->state == CHILD_STOPPING)
        return;
    c->state = CHILD_STOPPING;
    c->kill_ms = s->now_ms + SUPERVISOR_KILL_MS;
    child_word(c, CONTROL_STOP, 0, STR_NONE);
}

static void say_how(struct child *c, int status)
{
    if (WIFSIGNALED(status))
        snprintf(c->last_exit, sizeof c->last_exit, "signal %d", WTERMSIG(status));
    else
        snprintf(c->last_exit, sizeof c->last_exit, "exit code %d", WEXITSTATUS(status));
}

static void plan_restart(struct supervisor *s, struct child *c)
{
    bool steady = c->once && s->now_ms - c->since_ms >= SUPERVISOR_STEADY_MS;
    if (steady || c->backoff_ms == 0)
        c->backoff_ms = SUPERVISOR_BACKOFF_MIN_MS;
    else if (c->backoff_ms < SUPERVISOR_BACKOFF_MAX_MS)
        c->backoff_ms *= 2;
    if (c->backoff_ms > SUPERVISOR_BACKOFF_MAX_MS)
        c->backoff_ms = SUPERVISOR_BACKOFF_MAX_MS;
    c->state = CHILD_WAITING;
    c->next_ms = s->now_ms + c->backoff_ms;
    c->restarts++;
}

void child_ended(struct supervisor *s, struct generation *g, struct child *c, int status)
{
    bool meant = c->state == CHILD_STOPPING || (g->draining && c->role == ROLE_FRONT);
    struct log_event e;
    say_how(c, status);
    log_begin(&e, meant ? LOG_INFO_LEVEL : LOG_ERROR_LEVEL, "process.ended");
    log_word(&e, "role", serve_role_name(c->role));
    log_int(&e, "ended_pid", c->pid);
    log_int(&e, "generation", g->number);
    log_word(&e, "how", c->last_exit);
    log_end(&e);
    if (c->control >= 0)
        close(c->control);
    c->control = -1;
    c->pid = 0;
    s->peers_changed = true;
    if (meant)
        c->state = CHILD_GONE;
    else
        plan_restart(s, c);
}

static void keep_status(struct supervisor *s, const struct child *c, const struct control *w)
{
    char *to = c->role == ROLE_WORKER   ? s->worker_status
               : c->role == ROLE_SIGNER ? s->signer_status
                                        : NULL;
    if (to == NULL || w->text_bytes >= PEER_STATUS_BYTES)
        return;
    memcpy(to, w->text, w->text_bytes);
    to[w->text_bytes] = '\0';
    s->peers_changed = true;
}

/* Told to each front when it has come to serve, whoever was first. */
static void keep_schedules(struct supervisor *s, const struct control *w)
{
    if (w->text_bytes > sizeof s->schedules)
        return;
    memcpy(s->schedules, w->text, w->text_bytes);
    s->schedules_bytes = w->text_bytes;
    s->peers_changed = true;
}

static void take_word(struct supervisor *s, struct generation *g, struct child *c,
                      const struct control *w)
{
    switch (w->word) {
    case CONTROL_READY:
        if (c->state == CHILD_STARTING)
            c->state = CHILD_RUNNING;
        c->once = true;
        c->pong_ms = s->now_ms;
        s->peers_changed = true;
        log_note(LOG_INFO_LEVEL, "process.ready", "%s %u of generation %u, pid %d",
                 serve_role_name(c->role), c->number, g->number, (int)c->pid);
        return;
    case CONTROL_PONG:
        c->pong_ms = s->now_ms;
        return;
    case CONTROL_STATUS:
        keep_status(s, c, w);
        return;
    case CONTROL_RAN:
    case CONTROL_MONITOR:
        child_word(generation_child(g, ROLE_FRONT), (enum control_word)w->word, w->value,
                   str_make(w->text, w->text_bytes));
        return;
    case CONTROL_SCHEDULES:
        keep_schedules(s, w);
        return;
    case CONTROL_FAILED:
        log_note(LOG_ERROR_LEVEL, "process.refused", "%s: " STR_FMT, serve_role_name(c->role),
                 STR_ARG(str_make(w->text, w->text_bytes)));
        return;
    default:
        return;
    }
}

void child_listen(struct supervisor *s, struct generation *g, struct child *c)
{
    static struct control w; /* too large for a stack; there is one thread */
    enum fd_pass_status st;
    while ((st = control_recv(c->control, &w)) == FD_PASS_GOT)
        take_word(s, g, c, &w);
    if (st == FD_PASS_NOTHING)
        return;
    close(c->control); /* its end is told by the signal */
    c->control = -1;
}

/* Killed at once: what it held comes back to us as the end of its connections. */
static void kill_child(struct child *c, const char *why)
{
    log_note(LOG_ERROR_LEVEL, "process.killed", "%s, pid %d: %s", serve_role_name(c->role),
             (int)c->pid, why);
    kill(c->pid, SIGKILL);
}

static void tick_alive(struct supervisor *s, struct child *c)
{
    if (c->state == CHILD_STARTING && s->now_ms - c->since_ms > SUPERVISOR_START_MS) {
        c->since_ms = s->now_ms;
        kill_child(c, "it does not come to serve");
    } else if (c->state == CHILD_STOPPING && s->now_ms > c->kill_ms) {
        c->kill_ms = s->now_ms + SUPERVISOR_KILL_MS;
        kill_child(c, "it does not end");
    } else if (c->state == CHILD_RUNNING && s->now_ms - c->pong_ms > SUPERVISOR_DEAF_MS) {
        c->pong_ms = s->now_ms;
        kill_child(c, "it does not answer");
    }
    if (c->state == CHILD_RUNNING && s->now_ms - c->ping_ms >= SUPERVISOR_PING_MS) {
        c->ping_ms = s->now_ms;
        child_word(c, CONTROL_PING, 0, STR_NONE);
    }
}

/* The first start of the front waits for the others: generation_step. */
static bool may_start(const struct supervisor *s, const struct generation *g, const struct child *c)
{
    if (c->state != CHILD_WAITING || s->now_ms < c->next_ms)
        return false;
    if (c->role == ROLE_FRONT)
        return c->restarts > 0 && !g->draining;
    return c->role == ROLE_CLERK ? !g->draining && generation_may_have_clerk(s, g) : true;
}

void child_tick(struct supervisor *s, struct generation *g, struct child *c)
{
    struct mp_err err = {0};
    if (child_is_alive(c))
        tick_alive(s, c);
    if (!may_start(s, g, c))
        return;
    if (child_begin(s, g, c, &err) == MP_OK)
        return;
    log_note(LOG_ERROR_LEVEL, "process.not_started", "%s", err.text);
    plan_restart(s, c);
}
