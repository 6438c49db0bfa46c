/* A configuration and its processes: from the first start to the last message. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memfd.h"
#include "daemon/link.h"
#include "daemon/supervisor_internal.h"

/* ---- the sockets of the outside ---- */

static struct shared_listener *find_listener(const struct supervisor *s, struct str text)
{
    for (struct shared_listener *l = s->listeners; l != NULL; l = l->next)
        if (str_eq(l->text, text))
            return l;
    return NULL;
}

int listener_fd(const struct supervisor *s, const struct serve_address *a)
{
    const struct shared_listener *l = find_listener(s, a->text);
    return l == NULL ? -1 : l->listening.fd;
}

static int open_one(struct supervisor *s, const struct serve_address *a, struct mp_err *err)
{
    if (find_listener(s, a->text) != NULL)
        return MP_OK;
    struct shared_listener *l = calloc(1, sizeof *l);
    char *text = l == NULL ? NULL : strndup(a->text.p, a->text.n);
    int st = text == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory")
                          : listen_open(a, &s->passed, &l->listening, err);
    if (st != MP_OK) {
        free(text);
        free(l);
        return st;
    }
    l->text = str_make(text, a->text.n);
    l->next = s->listeners;
    s->listeners = l;
    return MP_OK;
}

int listeners_open(struct supervisor *s, const struct serve_config *c, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < c->n_milters; i++)
        st = open_one(s, &c->milters[i].listen, err);
    return st == MP_OK && c->http.enabled ? open_one(s, &c->http.listen, err) : st;
}

static void mark_wanted(struct supervisor *s, const struct serve_config *c)
{
    struct shared_listener *l;
    for (size_t i = 0; i < c->n_milters; i++)
        if ((l = find_listener(s, c->milters[i].listen.text)) != NULL)
            l->wanted = true;
    if (c->http.enabled && (l = find_listener(s, c->http.listen.text)) != NULL)
        l->wanted = true;
}

void listeners_sweep(struct supervisor *s)
{
    for (struct shared_listener *l = s->listeners; l != NULL; l = l->next)
        l->wanted = false;
    for (const struct generation *g = s->generations; g != NULL; g = g->next)
        if (!g->draining)
            mark_wanted(s, g->config);
    for (struct shared_listener **at = &s->listeners; *at != NULL;) {
        struct shared_listener *l = *at;
        if (l->wanted) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        listen_close(&l->listening);
        free((char *)(uintptr_t)l->text.p);
        free(l);
    }
}

/* ---- the sockets of the inside ---- */

/* Folder and sockets belong to the user that the processes become. */
static int give_to_user(const struct serve_config *c, const char *path, struct mp_err *err)
{
    uid_t uid;
    gid_t gid;
    int st = role_account(c, &uid, &gid, err);
    if (st != MP_OK || geteuid() != 0)
        return st;
    return chown(path, uid, gid) == 0
               ? MP_OK
               : mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
}

static int make_dir(const struct serve_config *c, const char *path, unsigned mode,
                    struct mp_err *err)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    return give_to_user(c, path, err);
}

static int open_inside(struct generation *g, const char *name, int *fd, struct mp_err *err)
{
    struct str path = role_socket_path(&g->arena, g->config, g->number, name);
    if (path.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    unlink(path.p);
    *fd = link_listen(path.p, err);
    return *fd < 0 ? MP_E_IO : give_to_user(g->config, path.p, err);
}

/* What processes write to is there before they are confined to it. */
static int make_state(struct generation *g, struct mp_err *err)
{
    const struct serve_config *c = g->config;
    const struct {
        struct str path;
        bool wanted;
    } dirs[] = {
        {arena_copy(&g->arena, c->state_dir), true},
        {arena_copy(&g->arena, c->history.dir), c->history.enabled},
        {arena_copy(&g->arena, c->reports.dir), c->reports.enabled},
        {arena_fmt(&g->arena, STR_FMT "/webhooks", STR_ARG(c->state_dir)), c->n_webhooks > 0},
        {arena_copy(&g->arena, c->intel.store_dir),
         c->intel.enabled && c->intel.update_every_s > 0},
        {arena_fmt(&g->arena, STR_FMT "/monitor", STR_ARG(c->state_dir)),
         c->monitor.n_suites + c->monitor.n_audits > 0},
    };
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(dirs); i++)
        if (dirs[i].wanted)
            st = dirs[i].path.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory")
                                        : make_dir(c, dirs[i].path.p, 0700, err);
    return st;
}

static int open_sockets(struct generation *g, struct mp_err *err)
{
    const struct serve_config *c = g->config;
    struct str runtime = arena_copy(&g->arena, c->runtime_dir);
    g->dir = arena_fmt(&g->arena, STR_FMT "/%u", STR_ARG(c->runtime_dir), g->number);
    if (runtime.p == NULL || g->dir.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    int st = make_dir(c, runtime.p, 0755, err);
    if (st == MP_OK)
        st = make_state(g, err);
    if (st == MP_OK)
        st = make_dir(c, g->dir.p, 0700, err);
    if (st == MP_OK)
        st = open_inside(g, ROLE_WORK_SOCKET, &g->work_fd, err);
    return st == MP_OK && c->signing != NULL
               ? open_inside(g, ROLE_SIGNER_SOCKET, &g->signer_fd, err)
               : st;
}

/* ---- a generation ---- */

static bool needs_clerk(const struct serve_config *c)
{
    return c->n_webhooks > 0 || c->monitor.n_suites > 0 || c->monitor.n_audits > 0 ||
           c->reports.enabled || c->intel.update_every_s > 0;
}

/* At least two: one may die of a mail, and the other goes on. */
static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 2 ? 2 : (unsigned)n;
}

static void add_child(struct generation *g, enum serve_role role, unsigned number)
{
    if (g->n_children < CHILDREN_MAX)
        child_init(&g->children[g->n_children++], role, number);
}

int generation_new(struct supervisor *s, struct arena *arena, struct serve_config *config,
                   struct str text, struct generation **out, struct mp_err *err)
{
    struct generation *g = calloc(1, sizeof *g);
    if (g == NULL) {
        arena_clear(arena);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    }
    g->arena = *arena;
    g->config = config;
    g->number = ++s->last_number;
    g->work_fd = g->signer_fd = -1;
    g->began_ms = s->now_ms;
    g->config_fd = memfd_sealed(&text, 1);
    int st = g->config_fd < 0 ? mp_fail(err, MP_E_IO, errno, "no memory for the configuration")
                              : open_sockets(g, err);
    if (st != MP_OK) {
        generation_free(s, g);
        return st;
    }
    unsigned workers = config->workers > 0 ? config->workers : processors();
    for (unsigned i = 0; i < workers && i < SERVE_MAX_WORKERS; i++)
        add_child(g, ROLE_WORKER, i);
    if (config->signing != NULL)
        add_child(g, ROLE_SIGNER, 0);
    if (needs_clerk(config))
        add_child(g, ROLE_CLERK, 0);
    add_child(g, ROLE_FRONT, 0);
    *out = g;
    return MP_OK;
}

static void remove_inside(struct generation *g, const char *name, int fd)
{
    struct str path = role_socket_path(&g->arena, g->config, g->number, name);
    if (fd < 0)
        return;
    close(fd);
    if (path.p != NULL)
        unlink(path.p);
}

void generation_free(struct supervisor *s, struct generation *g)
{
    for (struct generation **at = &s->generations; *at != NULL; at = &(*at)->next)
        if (*at == g) {
            *at = g->next;
            break;
        }
    remove_inside(g, ROLE_WORK_SOCKET, g->work_fd);
    remove_inside(g, ROLE_SIGNER_SOCKET, g->signer_fd);
    if (g->dir.p != NULL)
        rmdir(g->dir.p);
    if (g->config_fd >= 0)
        close(g->config_fd);
    arena_clear(&g->arena);
    free(g);
}

struct child *generation_child(struct generation *g, enum serve_role role)
{
    for (size_t i = 0; i < g->n_children; i++)
        if (g->children[i].role == role)
            return &g->children[i];
    return NULL;
}

/* Those that the front needs. */
static bool are_served(const struct generation *g)
{
    for (size_t i = 0; i < g->n_children; i++) {
        const struct child *c = &g->children[i];
        if ((c->role == ROLE_WORKER || c->role == ROLE_SIGNER) && !c->once)
            return false;
    }
    return true;
}

static void stop_role(struct supervisor *s, struct generation *g, enum serve_role role)
{
    for (size_t i = 0; i < g->n_children; i++)
        if (g->children[i].role == role)
            child_stop(s, &g->children[i]);
}

void generation_drain(struct supervisor *s, struct generation *g, bool soon)
{
    int64_t ms = soon ? SUPERVISOR_STOP_MS : g->config->drain_ms;
    struct child *front = generation_child(g, ROLE_FRONT);
    if (!g->draining || soon) {
        g->draining = true;
        g->drain_until_ms = s->now_ms + ms;
    }
    stop_role(s, g, ROLE_CLERK); /* there is one at a time */
    if (front->state == CHILD_WAITING)
        front->state = CHILD_GONE;
    child_word(front, CONTROL_DRAIN, soon ? 1 : 0, STR_NONE);
}

/* The front is gone, or has had its time: then nobody asks the others any more. */
static void step_draining(struct supervisor *s, struct generation *g)
{
    struct child *front = generation_child(g, ROLE_FRONT);
    if (s->now_ms > g->drain_until_ms)
        child_stop(s, front);
    if (child_is_alive(front))
        return;
    stop_role(s, g, ROLE_WORKER);
    stop_role(s, g, ROLE_SIGNER);
}

/* A newer one that still starts is what the operator asked for last: it goes on. */
static void drain_older(struct supervisor *s, const struct generation *g)
{
    for (struct generation *o = g->next; o != NULL; o = o->next)
        if (!o->draining)
            generation_drain(s, o, false);
}

void generation_step(struct supervisor *s, struct generation *g)
{
    struct mp_err err = {0};
    struct child *front = generation_child(g, ROLE_FRONT);
    if (g->draining) {
        step_draining(s, g);
        return;
    }
    if (front->state == CHILD_WAITING && front->restarts == 0 && s->now_ms >= front->next_ms &&
        are_served(g) && child_begin(s, g, front, &err) != MP_OK) {
        log_note(LOG_ERROR_LEVEL, "process.not_started", "%s", err.text);
        front->next_ms = s->now_ms + SUPERVISOR_BACKOFF_MIN_MS;
    }
    if (g->live || !front->once)
        return;
    g->live = true;
    drain_older(s, g);
    listeners_sweep(s);
    log_note(LOG_INFO_LEVEL, "daemon.ready", "generation %u takes mail", g->number);
    notify_ready(&s->notify, "takes mail");
}

/* Webhooks and runs are not to be doubled: the clerk of the one before has ended first. */
bool generation_may_have_clerk(const struct supervisor *s, const struct generation *g)
{
    for (const struct generation *o = s->generations; o != NULL; o = o->next)
        for (size_t i = 0; i < o->n_children; i++)
            if (o != g && o->children[i].role == ROLE_CLERK && child_is_alive(&o->children[i]))
                return false;
    return g->live;
}

bool generation_is_over(const struct generation *g)
{
    for (size_t i = 0; i < g->n_children; i++)
        if (g->children[i].state != CHILD_GONE)
            return false;
    return true;
}
