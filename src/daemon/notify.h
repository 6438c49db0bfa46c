/* The service manager: what it is told (sd_notify(3)) and the sockets that it hands over
 * (sd_listen_fds(3)), by our own few lines. */
#ifndef MP_DAEMON_NOTIFY_H
#define MP_DAEMON_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/str.h"

enum {
    NOTIFY_MAX_BYTES = 2048, /* of one message */
    PASSED_MAX_FDS = 64,
    PASSED_MAX_NAME_BYTES = 255
};

/* fd -1: nobody listens, and nothing is sent. */
struct notify {
    int fd;
    struct sockaddr_un to;
    socklen_t to_bytes;
    uint64_t watchdog_us; /* notify_alive at least that often, better twice; 0: it is not wanted */
};

/* From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment: they
 * are not for processes that we start. MP_OK, also without a manager; MP_E_USAGE: they are broken;
 * MP_E_IO. `n` can be used in any case. */
int notify_open(struct notify *n, struct mp_err *err);
void notify_close(struct notify *n);

/* False: it could not be told (errno), which is no reason to end. A line end in a status becomes a
 * space. Never waits. Threads: any. */
bool notify_ready(const struct notify *n, const char *status);     /* READY=1: start, reload done */
bool notify_reloading(const struct notify *n, const char *status); /* with MONOTONIC_USEC */
bool notify_stopping(const struct notify *n, const char *status);
bool notify_status(const struct notify *n, const char *status);
bool notify_alive(const struct notify *n);   /* WATCHDOG=1 */
bool notify_trigger(const struct notify *n); /* WATCHDOG=trigger: we know that we are ill */
bool notify_main_pid(const struct notify *n, int pid);
bool notify_extend(const struct notify *n, uint64_t us); /* EXTEND_TIMEOUT_USEC */

/* Sockets that were handed over, close-on-exec. */
struct passed_fd {
    int fd;
    char name[PASSED_MAX_NAME_BYTES + 1]; /* FileDescriptorName= of the unit; "unknown" */
};
struct passed_fds {
    struct passed_fd items[PASSED_MAX_FDS];
    size_t n;
};

/* From LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES, which are taken out of the environment. None of
 * them, or for another process: MP_OK with none. MP_E_USAGE: broken, or a descriptor that is not
 * open. */
int passed_fds_take(struct passed_fds *out, struct mp_err *err);
/* The first of that name; -1: none. */
int passed_fds_find(const struct passed_fds *p, struct str name);

#endif
