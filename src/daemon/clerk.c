/* What the clerk does: a thread for webhooks, and commands of ours by their schedule. */
#include "daemon/clerk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/clerk_monitor.h"
#include "daemon/clerk_reports.h"
#include "daemon/log.h"
#include "daemon/serve_hooks.h"

enum {
    EXIT_OK = 0,
    TICK_MS = 1000,
    COMMANDS_MAX = 4,
    EXIT_NOT_EXECUTED = 127,
    LOOK_EVERY_S = 60,
    STATE_MAX_BYTES = 1024
};

/* A command of ours that runs now and then. */
struct command {
    const char *name;
    const char *argv[CLERK_ARGS_MAX];
    unsigned every_s;
    int64_t next_s, kill_s; /* monotonic */
    pid_t pid;              /* 0: it does not run */
};

struct clerk {
    struct role *role;
    struct hooks *hooks;
    struct clerk_monitor *monitor;
    struct clerk_reports *reports;
    int64_t look_s; /* monotonic: when reports are looked at again */
    pthread_t hooks_thread;
    bool has_thread;
    atomic_bool stop;
    struct command commands[COMMANDS_MAX];
    size_t n_commands;
};

static int64_t now_s(void)
{
    return clock_mono_us() / 1000000;
}

/* ---- webhooks ---- */

static void *send_hooks(void *arg)
{
    struct clerk *c = arg;
    struct mp_err err = {0};
    if (hooks_run(c->hooks, &c->stop, &err) != MP_OK) {
        log_note(LOG_ERROR_LEVEL, "webhooks.failed", "%s", err.text);
        _exit(1); /* the supervisor starts another one, later and later */
    }
    return NULL;
}

static int start_hooks(struct clerk *c, struct mp_err *err)
{
    if (c->hooks == NULL)
        return MP_OK;
    c->has_thread = pthread_create(&c->hooks_thread, NULL, send_hooks, c) == 0;
    return c->has_thread ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
}

/* ---- commands ---- */

static void start_command(struct command *k)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* or the next clerk would start a second one */
        execv("/proc/self/exe", (char *const *)(uintptr_t)k->argv);
        _exit(EXIT_NOT_EXECUTED);
    }
    if (pid < 0) {
        log_note(LOG_ERROR_LEVEL, "command.not_started", "%s: %s", k->name, strerror(errno));
        k->next_s = now_s() + CLERK_RETRY_S;
        return;
    }
    k->pid = pid;
    k->kill_s = now_s() + CLERK_COMMAND_MS / 1000;
}

static void end_command(struct command *k, int status)
{
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    struct log_event e;
    log_begin(&e, ok ? LOG_INFO_LEVEL : LOG_WARNING_LEVEL, "command.ended");
    log_word(&e, "command", k->name);
    log_int(&e, WIFEXITED(status) ? "exit_code" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    log_end(&e);
    k->pid = 0;
    unsigned pause_s = ok || k->every_s < CLERK_RETRY_S ? k->every_s : CLERK_RETRY_S;
    k->next_s = now_s() + pause_s;
}

static void tick_command(struct command *k)
{
    int status;
    if (k->pid > 0 && waitpid(k->pid, &status, WNOHANG) == k->pid)
        end_command(k, status);
    else if (k->pid > 0 && now_s() >= k->kill_s)
        kill(-k->pid, SIGKILL);
    else if (k->pid == 0 && now_s() >= k->next_s)
        start_command(k);
}

static void stop_command(struct command *k)
{
    if (k->pid <= 0)
        return;
    kill(-k->pid, SIGTERM); /* what it keeps survives that: tested where it is written */
    waitpid(k->pid, NULL, 0);
}

static struct command *add_command(struct clerk *c, const char *name, unsigned every_s)
{
    struct command *k = &c->commands[c->n_commands++];
    *k = (struct command){.name = name, .every_s = every_s, .argv = {"mailproof"}};
    return k;
}

static void add_word(struct command *k, const char *word)
{
    size_t n = 0;
    while (k->argv[n] != NULL)
        n++;
    if (n + 1 < CLERK_ARGS_MAX)
        k->argv[n] = word;
}

static void add_option(struct clerk *c, struct command *k, const char *option, struct str value)
{
    if (value.n == 0)
        return;
    add_word(k, option);
    add_word(k, arena_copy(&c->role->arena, value).p);
}

static void plan_commands(struct clerk *c)
{
    const struct serve_config *config = c->role->config;
    if (config->intel.update_every_s > 0) {
        struct command *k = add_command(c, "intel update", config->intel.update_every_s);
        add_word(k, "intel");
        add_word(k, "update");
        add_option(c, k, "--intel-store", config->intel.store_dir);
        add_option(c, k, "--intel-config", config->intel.config_file);
    }
    if (config->reports.enabled && config->reports.imap_url.n > 0) {
        struct command *k = add_command(c, "report", config->reports.imap_every_s);
        add_word(k, "report");
        add_option(c, k, "--store", config->reports.dir);
        add_option(c, k, "--imap", config->reports.imap_url);
        add_option(c, k, "--user", config->reports.imap_user);
        add_option(c, k, "--password-file", config->reports.imap_password_file);
        add_option(c, k, "--keep", arena_fmt(&c->role->arena, "%u", config->reports.keep_days));
        add_option(c, k, "--format", STR("none"));
    }
}

/* ---- the whole ---- */

static void attend(struct clerk *c)
{
    for (;;) {
        struct pollfd p = {.fd = ROLE_CONTROL_FD, .events = POLLIN};
        int n = poll(&p, 1, TICK_MS);
        if ((n < 0 && errno != EINTR) || (n > 0 && !role_obey()))
            return;
        for (size_t i = 0; i < c->n_commands; i++)
            tick_command(&c->commands[i]);
        if (now_s() >= c->look_s) {
            c->look_s = now_s() + LOOK_EVERY_S;
            clerk_reports_look(c->reports, c->hooks);
        }
    }
}

/* For webhooks: this generation of the daemon works, or ends. */
static void tell_state(struct clerk *c, const char *state)
{
    struct buf b;
    struct json j;
    if (c->hooks == NULL)
        return;
    buf_init(&b, STATE_MAX_BYTES);
    json_init(&j, &b, 0);
    json_object_begin(&j);
    json_kword(&j, "state", state);
    json_kint(&j, "generation", c->role->generation);
    json_kword(&j, "version", MP_VERSION);
    json_object_end(&j);
    if (!b.failed)
        hooks_put(c->hooks, HOOK_DAEMON_STATE, clock_wall_ms(), buf_str(&b));
    buf_clear(&b);
}

static int open_clerk(struct clerk *c, struct role *r, const struct suite_outside *outside,
                      struct mp_err *err)
{
    struct mp_err why = {0};
    struct confine_facts facts;
    c->role = r;
    int st = role_become(r, &facts, err);
    if (st == MP_OK)
        st = role_confine(r, &facts, err); /* before threads are started */
    if (st == MP_OK && r->config->n_webhooks > 0)
        st = serve_hooks_open(r, &c->hooks, err);
    if (st == MP_OK)
        st = start_hooks(c, err);
    if (st == MP_OK)
        st = clerk_monitor_start(r, outside, c->hooks, &c->monitor, err);
    if (st == MP_OK && clerk_reports_open(r, &c->reports, &why) != MP_OK)
        log_note(LOG_ERROR_LEVEL, "reports.failed", "the clerk goes on without: %s", why.text);
    if (st == MP_OK)
        plan_commands(c);
    return st;
}

static void close_clerk(struct clerk *c)
{
    atomic_store(&c->stop, true);
    if (c->has_thread)
        pthread_join(c->hooks_thread, NULL);
    clerk_monitor_stop(c->monitor);
    for (size_t i = 0; i < c->n_commands; i++)
        stop_command(&c->commands[i]);
    clerk_reports_close(c->reports);
    hooks_close(c->hooks);
    free(c);
}

int clerk_run(struct role *r, const struct suite_outside *outside)
{
    struct mp_err err = {0};
    struct clerk *c = calloc(1, sizeof *c);
    int code = EXIT_OK;
    if (c == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory for the clerk");
        return role_failed(&err);
    }
    if (open_clerk(c, r, outside, &err) == MP_OK) {
        role_ready();
        tell_state(c, "running");
        attend(c);
        tell_state(c, "stopping");
    } else {
        code = role_failed(&err);
    }
    close_clerk(c);
    return code;
}
