/* fork and exec of a role, with its descriptors where it looks for them. */
#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENV_BYTES = 4096, EXIT_NOT_EXECUTED = 127 };

extern char **environ;

/* Between fork and exec: only what signal(7) allows. Above all that it will have, so that no
 * descriptor is overwritten before it was copied. */
static bool move_up(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, ROLE_FIRST_FD + ROLE_MAX_FDS);
    *fd = moved;
    return moved >= 0;
}

static bool place(int from, int to)
{
    return dup2(from, to) == to; /* without close-on-exec */
}

static void become(const struct process_start *s, pid_t supervisor, int control, char *const argv[],
                   char *const env[])
{
    int fds[ROLE_MAX_FDS], config = s->config_fd;
    sigset_t none;
    bool ok = move_up(&config) && move_up(&control);
    for (size_t i = 0; i < s->n_fds; i++) {
        fds[i] = s->fds[i].fd;
        ok = ok && move_up(&fds[i]);
    }
    ok = ok && place(config, ROLE_CONFIG_FD) && place(control, ROLE_CONTROL_FD);
    for (size_t i = 0; ok && i < s->n_fds; i++)
        ok = place(fds[i], ROLE_FIRST_FD + (int)i);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();                           /* Ctrl-C is for the supervisor, who ends us in order */
    prctl(PR_SET_PDEATHSIG, SIGKILL);   /* nobody would restart our peers */
    ok = ok && getppid() == supervisor; /* else it has died before that counted */
    if (ok)
        execve("/proc/self/exe", argv, env);
    _exit(EXIT_NOT_EXECUTED);
}

/* "work=5,http=6" */
static bool name_fds(const struct process_start *s, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < s->n_fds; i++) {
        int k = snprintf(out + n, size - n, "%s" STR_FMT "=%zu", i == 0 ? "" : ",",
                         STR_ARG(s->fds[i].name), ROLE_FIRST_FD + i);
        if (k < 0 || (size_t)k >= size - n)
            return false;
        n += (size_t)k;
    }
    return true;
}

/* Ours, with what the role needs in front: the first of a name counts. */
static char **make_env(char *fds, char *path, char *generation)
{
    size_t n = 0;
    while (environ[n] != NULL)
        n++;
    char **env = calloc(n + 4, sizeof *env);
    if (env == NULL)
        return NULL;
    env[0] = fds;
    env[1] = path;
    env[2] = generation;
    memcpy(env + 3, environ, n * sizeof *env);
    return env;
}

int process_start(const struct process_start *s, pid_t *pid, int *control, struct mp_err *err)
{
    char list[ENV_BYTES], fds[ENV_BYTES + 32], path[ENV_BYTES], generation[64];
    const char *argv[] = {"mailproof", s->command, serve_role_name(s->role), NULL};
    int pair[2];
    if (!name_fds(s, list, sizeof list))
        return mp_fail(err, MP_E_LIMIT, 0, "too many sockets to hand over");
    snprintf(fds, sizeof fds, ROLE_FDS_ENV "=%s", list);
    snprintf(path, sizeof path, ROLE_ENV "=%s", s->config_path);
    snprintf(generation, sizeof generation, ROLE_GENERATION_ENV "=%u", s->generation);
    char **env = make_env(fds, path, generation);
    if (env == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(env);
        return mp_fail(err, MP_E_IO, errno, "cannot start the %s: %s", serve_role_name(s->role),
                       strerror(errno));
    }
    pid_t self = getpid(), child = fork();
    if (child == 0)
        become(s, self, pair[1], (char *const *)(uintptr_t)argv, env);
    free(env);
    close(pair[1]);
    if (child < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
        close(pair[0]);
        return mp_fail(err, MP_E_IO, errno, "cannot start the %s: %s", serve_role_name(s->role),
                       strerror(errno));
    }
    *pid = child;
    *control = pair[0];
    return MP_OK;
}
