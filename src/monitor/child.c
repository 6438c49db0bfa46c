/* Beginning, reading and ending a run. */
#include "monitor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/utf8.h"
#include "monitor/monitor.h"

enum { PIECE_BYTES = 65536, SHOWN_BYTES = 300 };

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- beginning ---- */

static int spawn(struct child *c, char *const argv[], int out, int errors)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&files);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&how);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    if (posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&files, out, 1) != 0 ||
        posix_spawn_file_actions_adddup2(&files, errors, 2) != 0 ||
        posix_spawnattr_setpgroup(&how, 0) != 0 || posix_spawnattr_setsigmask(&how, &none) != 0 ||
        posix_spawnattr_setsigdefault(&how, &all) != 0 ||
        posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                           POSIX_SPAWN_SETSIGDEF) != 0)
        error = ENOMEM;
    else
        error = posix_spawn(&c->pid, argv[0], &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* A pipe whose near end does not block. */
static bool open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

int child_start(struct child *c, char *const argv[], size_t max_bytes, struct mp_err *err)
{
    int out[2] = {-1, -1}, errors[2] = {-1, -1}, error = 0;
    *c = (struct child){.fds = {-1, -1, -1}, .status = -1};
    if (!open_pipe(out) || !open_pipe(errors))
        error = errno;
    if (error == 0)
        error = spawn(c, argv, out[1], errors[1]);
    if (error == 0 && (c->fds[CHILD_END] = (int)syscall(SYS_pidfd_open, c->pid, 0)) < 0) {
        error = errno;
        kill(-c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    shut(&out[1]);
    shut(&errors[1]);
    if (error != 0) {
        shut(&out[0]);
        shut(&errors[0]);
        c->pid = 0;
        return mp_fail(err, MP_E_IO, error, "%s: %s", argv[0], strerror(error));
    }
    fcntl(c->fds[CHILD_END], F_SETFD, FD_CLOEXEC);
    c->fds[CHILD_OUT] = out[0];
    c->fds[CHILD_ERR] = errors[0];
    buf_init(&c->out, max_bytes);
    buf_init(&c->errors, MONITOR_MAX_ERRORS_BYTES);
    return MP_OK;
}

/* ---- reading ---- */

/* False: there is no more at present, or ever. */
static bool read_piece(struct child *c, enum child_fd which)
{
    char piece[PIECE_BYTES];
    ssize_t n = read(c->fds[which], piece, sizeof piece);
    if (n < 0)
        return errno == EINTR;
    if (n == 0) {
        shut(&c->fds[which]);
        return false;
    }
    struct buf *b = which == CHILD_OUT ? &c->out : &c->errors;
    struct str text = str_make(piece, (size_t)n);
    if (which == CHILD_ERR)
        text = str_slice(text, 0, b->max_bytes - b->n);
    buf_add(b, text);
    c->too_much = c->too_much || b->failed;
    return true;
}

/* At most so much at once that others have their turn, and its killer too. */
void child_read(struct child *c, enum child_fd which)
{
    enum { PIECES = 64 };
    for (int i = 0; i < PIECES && c->fds[which] >= 0 && read_piece(c, which); i++)
        continue;
}

/* ---- ending ---- */

void child_kill(struct child *c)
{
    c->killed = true;
    kill(-c->pid, SIGKILL);
}

void child_end(struct child *c)
{
    siginfo_t info = {0};
    /* still there as a zombie, so that its number, which its group has, is nobody else's */
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) == 0)
        kill(-c->pid, SIGKILL);
    if (waitpid(c->pid, &c->status, 0) != c->pid)
        c->status = -1;
    child_read(c, CHILD_OUT);
    child_read(c, CHILD_ERR);
    for (int i = 0; i < CHILD_FDS; i++)
        shut(&c->fds[i]);
    c->pid = 0;
}

void child_clear(struct child *c)
{
    buf_clear(&c->out);
    buf_clear(&c->errors);
}

/* ---- its fate ---- */

static bool is_report_code(int code)
{
    return code == 0 || code == 1 || code == 3;
}

const char *child_fate(const struct child *c, char *room, size_t n)
{
    struct buf said;
    buf_init(&said, 16 * SHOWN_BYTES);
    utf8_add_printable(&said, str_trim(buf_str(&c->errors)), SHOWN_BYTES);
    room[0] = '\0';
    if (c->too_much)
        snprintf(room, n, "the run wrote more than %zu bytes", c->out.max_bytes);
    else if (c->status == -1)
        snprintf(room, n, "nobody knows how the run ended");
    else if (WIFSIGNALED(c->status))
        snprintf(room, n, "the run was ended by signal %d", WTERMSIG(c->status));
    else if (!is_report_code(WEXITSTATUS(c->status)))
        snprintf(room, n, "the run ended with exit code %d: %.*s", WEXITSTATUS(c->status),
                 STR_ARG(buf_str(&said)));
    buf_clear(&said);
    return room;
}
