/* What the files of the loop share. */
#ifndef MP_MONITOR_INTERNAL_H
#define MP_MONITOR_INTERNAL_H

#include "monitor/child.h"
#include "monitor/outcome.h"
#include "monitor/state.h"

/* A target and what is known of it. */
struct tracked {
    const struct monitor_target *target;
    struct str key;
    struct arena arena; /* of `state` */
    struct target_state state;
    int64_t grid_ms, due_ms; /* monotonic: the next time by `every`; with jitter, or sooner */
    unsigned running;
    bool wanted; /* monitor_now */
};

/* A run. */
struct slot {
    struct child child; /* pid 0: free */
    struct tracked *of;
    int64_t started_ms, began_ms, until_ms; /* Unix time; monotonic, until it is ended */
    bool late;
};

struct monitor {
    struct monitor_config config;
    struct monitor_calls calls;
    struct monitor_clock clock;
    struct arena arena; /* of keys */
    struct tracked *tracked;
    struct slot *slots;
    unsigned n_slots;
};

/* ---- monitor_record.c: what a run says is told and remembered ---- */

struct ended {
    int64_t started_ms, duration_ms, now_ms; /* Unix time */
    struct str out;
    const char *fate; /* what broke it; empty: nothing did */
};
/* *open: something waits for a further run to be confirmed. MP_OK, also when it said nonsense;
 * MP_E_NOMEM: nothing was told. */
int monitor_record(struct monitor *m, struct tracked *t, const struct ended *e, bool *open,
                   struct mp_err *err);
/* What is remembered of it, if anything. */
void monitor_recall(struct monitor *m, struct tracked *t);
void monitor_complain(struct monitor *m, const struct mp_err *err);

#endif
