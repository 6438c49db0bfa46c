/* Names in the environment, a child process, a word to systemd. */
#include "cli/sink_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES_MAX_BYTES = 16384, NOT_FOUND = 127, NOT_RUNNABLE = 126 };

/* ---- names ---- */

static void add_listener(struct buf *b, const char *name, const struct sink_command *c,
                         const struct sink *s, size_t i)
{
    char text[IP_TEXT_MAX];
    const struct sink_listener *l = &c->listeners[i];
    if (l->ip.family == IP_NONE) {
        buf_addf(b, "%s=unix:%s\n", name, l->unix_path);
        return;
    }
    ip_write(&l->ip, text);
    buf_addf(b, l->ip.family == IP_V6 ? "%s=[%s]:%u\n" : "%s=%s:%u\n", name, text,
             sink_listener_port(s, i));
}

static void add_first(struct buf *b, const char *name, const struct sink_command *c,
                      const struct sink *s, bool lmtp, bool implicit)
{
    for (size_t i = 0; i < c->n_listeners; i++)
        if (c->listeners[i].lmtp == lmtp &&
            (c->listeners[i].tls == SINK_TLS_IMPLICIT) == implicit) {
            add_listener(b, name, c, s, i);
            return;
        }
}

/* The certificate, where a client that shall trust it can read it. */
static int write_certificate(struct sink_names *n, struct str pem, struct mp_err *err)
{
    const char *tmp = getenv("TMPDIR");
    int length = snprintf(n->dir, sizeof n->dir, "%s/mailproof-sink.XXXXXX",
                          tmp == NULL || strlen(tmp) > 30 ? "/tmp" : tmp);
    if (length < 0 || mkdtemp(n->dir) == NULL) {
        int st = mp_fail(err, MP_E_IO, errno, "%s: %s", n->dir, strerror(errno));
        n->dir[0] = '\0';
        return st;
    }
    snprintf(n->ca, sizeof n->ca, "%s/ca.pem", n->dir);
    return write_whole(n->ca, pem, err);
}

int sink_names_make(struct sink_names *n, const struct sink_command *c, const struct sink *s,
                    const char *http, struct mp_err *err)
{
    *n = (struct sink_names){.dir = ""};
    buf_init(&n->lines, NAMES_MAX_BYTES);
    struct str pem = sink_certificate_pem(s);
    if (c->wait_file == NULL && c->child == NULL)
        return MP_OK;
    add_first(&n->lines, "MAILPROOF_SINK_SMTP", c, s, false, false);
    add_first(&n->lines, "MAILPROOF_SINK_SMTPS", c, s, false, true);
    add_first(&n->lines, "MAILPROOF_SINK_LMTP", c, s, true, false);
    if (http != NULL)
        buf_addf(&n->lines, "MAILPROOF_SINK_HTTP=%s\n", http);
    int st = pem.n == 0 ? MP_OK : write_certificate(n, pem, err);
    if (st == MP_OK && pem.n > 0)
        buf_addf(&n->lines, "MAILPROOF_SINK_CA=%s\n", n->ca);
    if (st == MP_OK && c->wait_file != NULL)
        st = write_whole(c->wait_file, buf_str(&n->lines), err);
    return st;
}

void sink_names_clear(struct sink_names *n)
{
    if (n->ca[0] != '\0')
        unlink(n->ca);
    if (n->dir[0] != '\0')
        rmdir(n->dir);
    buf_clear(&n->lines);
}

/* ---- the child ---- */

/* Between fork and exec: nothing here may wait or take memory of another thread's. */
static void become(char **argv, char **env, int tell)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(argv[0], argv, env);
    int error = errno;
    ssize_t n = write(tell, &error, sizeof error);
    (void)n;
    _exit(error == ENOENT ? NOT_FOUND : NOT_RUNNABLE);
}

/* Our environment with the names in front; they win over older ones of the same name. */
static char **make_environment(const struct buf *lines, char *room)
{
    size_t n = 1, count = 0;
    for (char **e = environ; *e != NULL; e++)
        n++;
    for (size_t i = 0; i < lines->n; i++)
        n += lines->p[i] == '\n';
    char **env = calloc(n, sizeof *env);
    if (env == NULL)
        return NULL;
    memcpy(room, lines->p, lines->n);
    for (size_t at = 0; at < lines->n;) {
        size_t end = at + str_find(str_make(room + at, lines->n - at), '\n');
        room[end] = '\0';
        env[count++] = room + at;
        at = end + 1;
    }
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e, "MAILPROOF_SINK_", 15) != 0)
            env[count++] = *e;
    return env;
}

int sink_child_start(const struct sink_command *c, const struct sink_names *n, pid_t *pid,
                     struct mp_err *err)
{
    char room[NAMES_MAX_BYTES];
    int tell[2], error = 0, st = MP_OK;
    char **env = make_environment(&n->lines, room);
    if (env == NULL || pipe2(tell, O_CLOEXEC) != 0) {
        free(env);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory or descriptors for a child process");
    }
    *pid = fork();
    if (*pid == 0)
        become(c->child, env, tell[1]);
    close(tell[1]);
    if (*pid < 0)
        st = mp_fail(err, MP_E_IO, errno, "no child process: %s", strerror(errno));
    else if (read(tell[0], &error, sizeof error) == sizeof error) {
        waitpid(*pid, NULL, 0);
        st = mp_fail(err, MP_E_IO, error, "%s: %s", c->child[0], strerror(error));
    }
    close(tell[0]);
    free(env);
    return st;
}

int sink_child_code(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* ---- systemd ---- */

void sink_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = path == NULL ? 0 : strlen(path);
    if (n == 0 || n >= sizeof at.sun_path)
        return;
    memcpy(at.sun_path, path, n);
    if (at.sun_path[0] == '@')
        at.sun_path[0] = '\0'; /* the abstract namespace */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&at,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}
