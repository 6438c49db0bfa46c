/* What is known of each case of a target: pure, so that every sequence of results can be tested. */
#ifndef MP_MONITOR_STATE_H
#define MP_MONITOR_STATE_H

#include "monitor/monitor.h"

enum {
    STATE_WINDOW = 20,    /* results that flapping is judged by */
    STATE_FLAPS_FROM = 6, /* changes among them: it flaps ... */
    STATE_RESTS_AFTER = 8 /* ... until so many in a row were no change */
};

struct case_state {
    struct str name;
    enum monitor_result last;            /* of the last run */
    enum monitor_result told, candidate; /* confirmed; what the last runs agree about */
    uint64_t told_print, candidate_print;
    uint32_t agree; /* runs in a row that gave the candidate */
    uint32_t flips; /* a bit a run, the last one lowest: another result than before */
    bool flapping;
    int64_t since_ms; /* of told */
};

/* A result of the next run; `confirm` runs must agree. True: *change (but name and text) is to be
 * told. */
bool case_state_add(struct case_state *s, const struct monitor_case *c, unsigned confirm,
                    int64_t now_ms, struct monitor_change *change);
/* Is something not confirmed yet, so that a further run should not wait for long? */
bool case_state_is_open(const struct case_state *s, unsigned confirm);

struct target_state {
    int64_t ran_ms;           /* Unix time of the last begin; 0: never */
    struct case_state *cases; /* sorted by name */
    size_t n;
};

struct case_state *target_state_find(const struct target_state *t, struct str name);

/* As bytes that are kept. Reading: MP_OK; MP_E_SYNTAX: not written by us, or by another version;
 * MP_E_NOMEM. Names are views into `text`. */
void target_state_write(struct buf *out, const struct target_state *t);
int target_state_read(struct arena *arena, struct str text, struct target_state *out,
                      struct mp_err *err);

#endif
