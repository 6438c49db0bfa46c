/* A process of the daemon: what it was given, and its line to the supervisor. */
#include "daemon/role.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memfd.h"
#include "daemon/log.h"

enum { ACCOUNT_BYTES = 256, ROLE_ARENA_BYTES = 64 << 20, EXIT_ROLE_FAILED = 1 };

static int read_config(struct role *r, struct mp_err *err)
{
    uint64_t n = memfd_size(ROLE_CONFIG_FD);
    char *text = n == 0 || n > SERVE_CONFIG_MAX_BYTES ? NULL : arena_new(&r->arena, char, n);
    r->config = arena_new(&r->arena, struct serve_config, 1);
    if (text == NULL || r->config == NULL || !memfd_read(ROLE_CONFIG_FD, 0, text, (size_t)n))
        return mp_fail(err, MP_E_USAGE, 0, "no configuration was handed over");
    close(ROLE_CONFIG_FD);
    return serve_config_load(&r->arena, str_make(text, (size_t)n), r->config_path, r->config, err);
}

/* "work=5,http=6" */
static int read_fds(struct role *r, struct str list, struct mp_err *err)
{
    while (list.n > 0) {
        struct str item = str_cut(&list, ',');
        struct str name = str_cut(&item, '=');
        uint64_t fd;
        if (r->n_fds == ROLE_MAX_FDS || !str_to_u64(item, INT32_MAX, &fd) ||
            fcntl((int)fd, F_GETFD) < 0)
            return mp_fail(err, MP_E_USAGE, 0, "a socket that was not handed over: " STR_FMT,
                           STR_ARG(name));
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        r->fds[r->n_fds++] = (struct role_fd){arena_copy(&r->arena, name), (int)fd};
    }
    return MP_OK;
}

int role_open(struct role *r, enum serve_role which, const char *fds, const char *config_path,
              const char *generation, struct mp_err *err)
{
    struct mp_err none = {0};
    uint64_t number = 0;
    *r = (struct role){.role = which, .config_path = config_path == NULL ? "" : config_path};
    arena_init(&r->arena, ROLE_ARENA_BYTES);
    if (fds == NULL || generation == NULL || fcntl(ROLE_CONTROL_FD, F_GETFD) < 0 ||
        !str_to_u64(str_from(generation), UINT32_MAX, &number))
        return mp_fail(err, MP_E_USAGE, 0, "only `mailproof serve` starts this");
    fcntl(ROLE_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    r->generation = (unsigned)number;
    int st = read_config(r, err == NULL ? &none : err);
    if (st == MP_OK)
        log_open(serve_role_name(which), r->config->log_format == SERVE_LOG_JSON);
    return st == MP_OK ? read_fds(r, str_from(fds), err) : st;
}

void role_clear(struct role *r)
{
    arena_clear(&r->arena);
}

int role_fd(const struct role *r, const char *name)
{
    for (size_t i = 0; i < r->n_fds; i++)
        if (str_eq(r->fds[i].name, str_from(name)))
            return r->fds[i].fd;
    return -1;
}

struct str role_socket_path(struct arena *arena, const struct serve_config *c, unsigned generation,
                            const char *name)
{
    return arena_fmt(arena, STR_FMT "/%u/%s", STR_ARG(c->runtime_dir), generation, name);
}

int role_account(const struct serve_config *c, uid_t *uid, gid_t *gid, struct mp_err *err)
{
    char name[ACCOUNT_BYTES];
    *uid = geteuid();
    *gid = getegid();
    if (*uid != 0 || c->user.n == 0)
        return MP_OK;
    snprintf(name, sizeof name, STR_FMT, STR_ARG(c->user));
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        return mp_fail(err, MP_E_USAGE, 0,
                       "there is no user %s: make one, or name another by `user:`", name);
    *uid = user->pw_uid;
    *gid = user->pw_gid;
    return MP_OK;
}

int role_become(struct role *r, struct confine_facts *facts, struct mp_err *err)
{
    *facts = (struct confine_facts){0};
    int st = confine_identity(r->role, r->config, facts, err);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* another user does not inherit it: prctl(2) */
    return st;
}

int role_confine(struct role *r, struct confine_facts *facts, struct mp_err *err)
{
    int st = confine_role(r->role, r->config, facts, err);
    if (st == MP_OK && facts->missing[0] != '\0')
        log_note(LOG_WARNING_LEVEL, "process.not_confined", "%s", facts->missing);
    return st;
}

void role_ready(void)
{
    control_send(ROLE_CONTROL_FD, CONTROL_READY, 0, STR_NONE);
}

int role_failed(const struct mp_err *err)
{
    log_note(LOG_ERROR_LEVEL, "process.failed", "%s", err->text);
    control_send(ROLE_CONTROL_FD, CONTROL_FAILED, 0, str_from(err->text));
    return EXIT_ROLE_FAILED;
}

bool role_obey(void)
{
    static struct control c; /* too large for a stack; one thread alone comes here */
    if (control_recv(ROLE_CONTROL_FD, &c) != FD_PASS_GOT || c.word == CONTROL_STOP)
        return false;
    if (c.word == CONTROL_PING)
        control_send(ROLE_CONTROL_FD, CONTROL_PONG, 0, STR_NONE);
    return true;
}
