/* What the service manager is told, and what it handed over: protocols of systemd, by hand. */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { FIRST_PASSED_FD = 3 };

/* ---- the environment: each variable is taken out, it is not for those whom we start ---- */

static bool take(const char *name, char *out, size_t size, bool *fits)
{
    const char *value = getenv(name);
    if (value == NULL)
        return false;
    int n = snprintf(out, size, "%s", value);
    *fits = n >= 0 && (size_t)n < size;
    unsetenv(name);
    return true;
}

/* A number for this process: `pid_name` may say that it is for another. False: none. */
static bool take_own_number(const char *name, const char *pid_name, uint64_t max, uint64_t *out,
                            bool *broken)
{
    char text[24], pid_text[24];
    uint64_t pid = 0;
    bool fits = true, pid_fits = true;
    bool is_there = take(name, text, sizeof text, &fits);
    bool has_pid = take(pid_name, pid_text, sizeof pid_text, &pid_fits);
    if (!is_there)
        return false;
    *broken = !fits || !pid_fits || !str_to_u64(str_from(text), max, out) ||
              (has_pid && !str_to_u64(str_from(pid_text), INT32_MAX, &pid));
    return !*broken && (!has_pid || pid == (uint64_t)getpid());
}

/* ---- telling ---- */

/* "/path", or "@name" of the abstract ones. */
static bool fill_address(struct notify *n, const char *text)
{
    size_t length = strlen(text);
    if (length < 2 || length >= sizeof n->to.sun_path || (text[0] != '/' && text[0] != '@'))
        return false;
    n->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(n->to.sun_path, text, length);
    if (text[0] == '@')
        n->to.sun_path[0] = '\0';
    n->to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (text[0] == '/'));
    return true;
}

int notify_open(struct notify *n, struct mp_err *err)
{
    char text[sizeof n->to.sun_path + 8];
    bool fits = true, broken = false;
    uint64_t us = 0;
    *n = (struct notify){.fd = -1};
    bool is_there = take("NOTIFY_SOCKET", text, sizeof text, &fits);
    bool watched = take_own_number("WATCHDOG_USEC", "WATCHDOG_PID", UINT64_MAX, &us, &broken);
    if (broken || (watched && us == 0))
        return mp_fail(err, MP_E_USAGE, 0,
                       "WATCHDOG_USEC or WATCHDOG_PID of the environment is no number");
    if (!is_there)
        return MP_OK;
    if (!fits || !fill_address(n, text))
        return mp_fail(err, MP_E_USAGE, 0,
                       "NOTIFY_SOCKET of the environment is no socket of this machine");
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd < 0)
        return mp_fail(err, MP_E_IO, errno, "no socket for the service manager: %s",
                       strerror(errno));
    n->watchdog_us = watched ? us : 0;
    return MP_OK;
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    *n = (struct notify){.fd = -1};
}

static bool tell(const struct notify *n, const char *text)
{
    if (n->fd < 0)
        return true;
    ssize_t sent;
    do
        sent = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                      (const struct sockaddr *)&n->to, n->to_bytes);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static bool tell_state(const struct notify *n, const char *state, const char *status)
{
    char text[NOTIFY_MAX_BYTES];
    int head = snprintf(text, sizeof text, "%s%s", state, status == NULL ? "" : "STATUS=");
    if (head < 0 || (size_t)head >= sizeof text)
        return false;
    if (status != NULL) {
        snprintf(text + head, sizeof text - (size_t)head, "%s", status);
        for (char *p = text + head; *p != '\0'; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                *p = ' ';
    }
    return tell(n, text);
}

bool notify_ready(const struct notify *n, const char *status)
{
    return tell_state(n, "READY=1\n", status);
}

bool notify_reloading(const struct notify *n, const char *status)
{
    char state[80];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n", clock_mono_us());
    return tell_state(n, state, status);
}

bool notify_stopping(const struct notify *n, const char *status)
{
    return tell_state(n, "STOPPING=1\n", status);
}

bool notify_status(const struct notify *n, const char *status)
{
    return tell_state(n, "", status);
}

bool notify_alive(const struct notify *n)
{
    return tell(n, "WATCHDOG=1");
}

bool notify_trigger(const struct notify *n)
{
    return tell(n, "WATCHDOG=trigger");
}

bool notify_main_pid(const struct notify *n, int pid)
{
    char text[40];
    snprintf(text, sizeof text, "MAINPID=%d", pid);
    return tell(n, text);
}

bool notify_extend(const struct notify *n, uint64_t us)
{
    char text[60];
    snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%" PRIu64, us);
    return tell(n, text);
}

/* ---- sockets that were handed over ---- */

/* Each closes itself when we execute something. */
static bool keep_to_ourselves(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
}

static int name_them(struct passed_fds *p, char *names, struct mp_err *err)
{
    struct str rest = str_from(names);
    for (size_t i = 0; i < p->n; i++) {
        struct str name = str_cut(&rest, ':');
        if (name.n > PASSED_MAX_NAME_BYTES || (i + 1 < p->n) != (rest.p != NULL))
            return mp_fail(err, MP_E_USAGE, 0,
                           "LISTEN_FDNAMES of the environment has not the names of %zu sockets",
                           p->n);
        memcpy(p->items[i].name, name.p, name.n);
        p->items[i].name[name.n] = '\0';
    }
    return MP_OK;
}

int passed_fds_take(struct passed_fds *out, struct mp_err *err)
{
    char names[PASSED_MAX_FDS * (PASSED_MAX_NAME_BYTES + 1)];
    struct passed_fds p = {.n = 0};
    bool fits = true, broken = false;
    uint64_t n = 0;
    bool ours = take_own_number("LISTEN_FDS", "LISTEN_PID", PASSED_MAX_FDS, &n, &broken);
    bool named = take("LISTEN_FDNAMES", names, sizeof names, &fits);
    if (broken)
        return mp_fail(err, MP_E_USAGE, 0,
                       "LISTEN_FDS of the environment is no number from 0 to %d, or LISTEN_PID "
                       "none",
                       PASSED_MAX_FDS);
    for (; ours && p.n < n; p.n++) {
        struct passed_fd *one = &p.items[p.n];
        one->fd = FIRST_PASSED_FD + (int)p.n;
        snprintf(one->name, sizeof one->name, "unknown");
        if (!keep_to_ourselves(one->fd))
            return mp_fail(err, MP_E_USAGE, errno,
                           "LISTEN_FDS of the environment says %d sockets, and descriptor %d is "
                           "not open",
                           (int)n, one->fd);
    }
    if (p.n > 0 && named && !fits)
        return mp_fail(err, MP_E_USAGE, 0, "LISTEN_FDNAMES of the environment is too long");
    int st = p.n > 0 && named ? name_them(&p, names, err) : MP_OK;
    if (st == MP_OK)
        *out = p;
    return st;
}

int passed_fds_find(const struct passed_fds *p, struct str name)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(str_from(p->items[i].name), name))
            return p->items[i].fd;
    return -1;
}
