/* The parent's side: calls, workers and the zygote, all guarded by one lock. */
#ifndef MP_SANDBOX_POOL_INTERNAL_H
#define MP_SANDBOX_POOL_INTERNAL_H

#include <pthread.h>

#include "sandbox/frame.h"
#include "sandbox/sandbox_internal.h"

enum call_state { CALL_QUEUED, CALL_RUNNING, CALL_DONE };

struct sandbox_call {
    struct sandbox *sb;
    struct sandbox_call *next; /* in the queue */
    pthread_cond_t is_done;
    enum call_state state;
    bool is_start;    /* of sandbox_start: done as soon as a worker is there */
    bool abandoned;   /* nobody will finish it */
    bool needs_fresh; /* a worker that served others failed it: once more */
    bool was_fresh;   /* the worker that has it, or had it last, served nobody before */
    int in_fd, out_fd;
    uint64_t frame_bytes, object_bytes; /* of the request */
    size_t object;
    struct content_budget sent;
    uint64_t serial, worker; /* of the last try */
    int64_t deadline_us, started_us;
    uint64_t answer_frame_bytes, answer_object_bytes;
    struct sandbox_result result;
};

enum slot_state {
    SLOT_FREE,
    SLOT_ASKED, /* the zygote was told to fork it */
    SLOT_IDLE,
    SLOT_BUSY,
    SLOT_GONE /* dead or dying; the zygote was told to reap it */
};

struct slot {
    enum slot_state state;
    uint64_t serial;
    int fd, pidfd;
    int32_t pid;
    unsigned n_requests;
    struct sandbox_call *call; /* BUSY; GONE: it waits to hear what the worker died of */
    int64_t until_us;          /* then it is killed; GONE: then the zygote is */
    struct sandbox_facts facts;
};

enum zygote_state { ZYGOTE_NONE, ZYGOTE_LOADING, ZYGOTE_READY };

struct sandbox {
    struct sandbox_config config;
    pthread_mutex_t lock;
    pthread_t thread;
    bool has_thread, stopping;
    int epoll, wake, timer;
    int64_t armed_us; /* of the timer; INT64_MAX: not */
    uint64_t next_serial;
    struct sandbox_call *first, *last; /* the queue */
    struct slot slots[SANDBOX_MAX_WORKERS];
    enum zygote_state zygote;
    int zygote_fd, zygote_pidfd;
    int32_t zygote_pid;
    int64_t zygote_since_us, zygote_until_us;
    unsigned failures;     /* of the zygote, one after the other */
    unsigned early_deaths; /* of zygotes and workers before they were ready, one after the other */
    int64_t not_before_us; /* the next try */
    char trouble[160];     /* why the last try failed; empty: it did not */
    struct sandbox_counts counts;
};

/* What epoll hands back: a worker's serial, or one of these. */
enum { TAG_WAKE = 1, TAG_TIMER, TAG_ZYGOTE, TAG_FIRST_WORKER };

/* pool.c */
void call_done(struct sandbox_call *call, enum sandbox_outcome outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void call_free(struct sandbox_call *call);
void queue_add(struct sandbox *sb, struct sandbox_call *call, bool in_front);
void queue_fail(struct sandbox *sb, const char *why);

/* schedule.c: what can be done now with what is there. */
void pool_schedule(struct sandbox *sb);
void pool_overdue(struct sandbox *sb);    /* kill and give up what took too long */
int64_t pool_next_us(struct sandbox *sb); /* the next thing that may be overdue */
void pool_arm(struct sandbox *sb, int64_t at_us);
bool worker_assign(struct sandbox *sb, struct slot *w, struct sandbox_call *call);
unsigned pool_alive(const struct sandbox *sb); /* workers that may answer */
/* The worker for it, of those that are idle; NULL: none is. */
struct slot *worker_choose(struct sandbox *sb, const struct sandbox_call *call);
void call_failed(struct sandbox *sb, struct sandbox_call *call, enum sandbox_outcome outcome,
                 const char *text);

/* Somebody may kill one while it starts: that is no reason yet to give up who waits. */
enum { EARLY_DEATHS_OF_ZYGOTES = 3, EARLY_DEATHS_OF_WORKERS = 10 };

/* children.c: beginnings and ends of processes. */
struct slot *slot_by_serial(struct sandbox *sb, uint64_t serial);
void zygote_start(struct sandbox *sb);
void zygote_event(struct sandbox *sb);
void zygote_lost(struct sandbox *sb, const char *why);
void zygote_end(struct sandbox *sb);
void worker_ask(struct sandbox *sb, struct slot *w);
/* Kill it and have it reaped. `call` of it, if still there, is told what it died of. */
void worker_end(struct sandbox *sb, struct slot *w);
/* Why no worker can be had: tried again only later; who waits learns it, unless some worker lives.
 */
void pool_trouble(struct sandbox *sb, const char *why);
bool pool_watch(struct sandbox *sb, int fd, uint64_t tag);

/* loop.c */
int loop_start(struct sandbox *sb, struct mp_err *err);
void loop_wake(struct sandbox *sb);
void loop_stop(struct sandbox *sb);

#endif
