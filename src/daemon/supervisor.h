/* The supervisor: starts the processes of the daemon, restarts what dies, reloads, ends. It parses
 * its operator's configuration and nothing else. */
#ifndef MP_DAEMON_SUPERVISOR_H
#define MP_DAEMON_SUPERVISOR_H

#include "daemon/config.h"

enum {
    SUPERVISOR_START_MS = 60000,     /* until a process serves */
    SUPERVISOR_BACKOFF_MIN_MS = 100, /* before a dead one is started again, doubled each time ... */
    SUPERVISOR_BACKOFF_MAX_MS = 30000, /* ... up to here ... */
    SUPERVISOR_STEADY_MS = 60000,      /* ... and anew for one that has lived that long */
    SUPERVISOR_PING_MS = 5000,
    SUPERVISOR_DEAF_MS = 60000,    /* one that does not answer for so long is killed */
    SUPERVISOR_STOP_MS = 30000,    /* for what is on its way, when the daemon ends */
    SUPERVISOR_KILL_MS = 10000,    /* from the word to stop until it is killed */
    SUPERVISOR_MAX_GENERATIONS = 8 /* at once: a reload waits for the oldest to end */
};

struct supervisor_options {
    const char *config_path;
    const char *command; /* that runs roles: process.h */
};

/* Runs until SIGTERM or SIGINT. SIGHUP reloads. An exit code: 0, or 1 when it could not start. */
int supervisor_run(const struct supervisor_options *o);

/* Reads `path` and checks it as a start would. Into `warnings`, a line each: what is no mistake,
 * but will be one or is not what it looks like. */
int supervisor_check(const char *path, struct buf *warnings, struct mp_err *err);

#endif
