/* What the files of the supervisor share. */
#ifndef MP_DAEMON_SUPERVISOR_INTERNAL_H
#define MP_DAEMON_SUPERVISOR_INTERNAL_H

#include <sys/types.h>

#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/process.h"
#include "daemon/supervisor.h"

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_RUNNING, CHILD_STOPPING, CHILD_GONE };

/* A place for one process; when it dies the next one takes it. */
struct child {
    enum serve_role role;
    unsigned number; /* of workers, from 0 */
    enum child_state state;
    pid_t pid;
    int control;                                          /* -1: none */
    int64_t since_ms, next_ms, ping_ms, pong_ms, kill_ms; /* monotonic; next: when it starts */
    int64_t started_wall_ms;
    unsigned restarts, backoff_ms;
    bool once; /* it has served: the generation does not depend on it any more */
    char last_exit[64];
};

enum { CHILDREN_MAX = SERVE_MAX_WORKERS + 3, PEER_STATUS_BYTES = 16 * 1024 };

/* All processes of one configuration. */
struct generation {
    struct generation *next;
    unsigned number;
    struct arena arena;
    struct serve_config *config;
    int config_fd;
    int work_fd, signer_fd; /* the sockets they meet at; -1 */
    struct str dir;         /* where these are */
    struct child children[CHILDREN_MAX];
    size_t n_children;
    bool live;     /* it takes mail */
    bool draining; /* another one has taken over, or the end has come */
    int64_t began_ms, drain_until_ms;
};

/* One listening socket, whatever generation uses it. */
struct shared_listener {
    struct shared_listener *next;
    struct str text; /* of its address; in heap */
    struct listening listening;
    bool wanted;
};

struct supervisor {
    struct supervisor_options options;
    struct notify notify;
    struct passed_fds passed;
    struct shared_listener *listeners;
    struct generation *generations; /* newest first */
    unsigned last_number;
    int signal_fd;
    bool stopping;
    int64_t now_ms, alive_ms, started_wall_ms;
    char worker_status[PEER_STATUS_BYTES], signer_status[PEER_STATUS_BYTES];
    char schedules[CONTROL_TEXT_BYTES]; /* of the monitor: CONTROL_SCHEDULES */
    size_t schedules_bytes;
    bool peers_changed;
    int exit_code;
};

/* ---- supervisor_config.c ---- */

/* The file, read and checked. The text stays in `arena`. */
int supervisor_load(struct arena *arena, const char *path, struct serve_config **out,
                    struct str *text, struct mp_err *err);

/* Of a configuration that holds: a line each. */
void supervisor_warnings(struct arena *arena, const struct serve_config *c, struct buf *out);

/* ---- supervisor_children.c ---- */

void child_init(struct child *c, enum serve_role role, unsigned number);
int child_begin(struct supervisor *s, struct generation *g, struct child *c, struct mp_err *err);
/* It has ended: how, and when it is started again. */
void child_ended(struct supervisor *s, struct generation *g, struct child *c, int status);
void child_word(struct child *c, enum control_word word, uint32_t value, struct str text);
void child_stop(struct supervisor *s, struct child *c);
/* Its words. */
void child_listen(struct supervisor *s, struct generation *g, struct child *c);
/* Time has passed: pings, kills, restarts. */
void child_tick(struct supervisor *s, struct generation *g, struct child *c);
bool child_is_alive(const struct child *c);

/* ---- supervisor_generation.c ---- */

/* From a configuration that was loaded; `arena` goes over. MP_E_IO: sockets. */
int generation_new(struct supervisor *s, struct arena *arena, struct serve_config *config,
                   struct str text, struct generation **out, struct mp_err *err);
void generation_free(struct supervisor *s, struct generation *g);
/* Once workers and signer serve the front is started; once that does, the one before is drained. */
void generation_step(struct supervisor *s, struct generation *g);
void generation_drain(struct supervisor *s, struct generation *g, bool soon);
bool generation_is_over(const struct generation *g);
bool generation_may_have_clerk(const struct supervisor *s, const struct generation *g);
struct child *generation_child(struct generation *g, enum serve_role role);

/* Sockets of `config`; those that no generation wants are closed. */
int listeners_open(struct supervisor *s, const struct serve_config *config, struct mp_err *err);
void listeners_sweep(struct supervisor *s);
int listener_fd(const struct supervisor *s, const struct serve_address *a);

/* What the front shows of all processes. */
void supervisor_tell_peers(struct supervisor *s);

#endif
