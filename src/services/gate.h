/* May a service be asked now? Its limits, its pauses, and whether it works at all. Pure: the clock
 * and chance are arguments, and nothing is remembered but in the struct. */
#ifndef MP_SERVICES_GATE_H
#define MP_SERVICES_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GATE_MAX_PER_MINUTE = 6000, /* more than that is never asked */
    GATE_MAX_PAUSE_S = 86400,   /* whatever a server says */
    GATE_FIRST_PAUSE_S = 60,    /* after a 429 that does not say how long; doubled each time */
    GATE_BREAKER_FAILURES = 5,  /* in a row: then one question alone tries whether it works again */
    GATE_BACKOFF_FIRST_MS = 1000,
    GATE_BACKOFF_MAX_MS = 15 * 60 * 1000,
    GATE_SHORT_WINDOW_S = 3600 /* rate headers of a shorter window say nothing about the day */
};

struct gate_now {
    int64_t mono_us, wall_s;
    uint32_t chance; /* any number */
};

struct gate_limits {
    unsigned per_minute, per_day; /* 0: no limit of ours */
    unsigned reserve_percent;     /* of the day */
};

enum gate_state {
    GATE_OPEN,
    GATE_MINUTE,  /* the questions of this minute are used up */
    GATE_DAY,     /* those of this day */
    GATE_RESERVE, /* what is left of them is kept for mail that is grave already */
    GATE_PAUSED,  /* it said 429 */
    GATE_BACKOFF, /* it failed */
    GATE_BROKEN,  /* it failed again and again */
    GATE_STATE_COUNT
};

struct gate {
    struct gate_limits limits;
    int64_t *asked_us; /* when each of the last per_minute questions was asked; a ring */
    size_t n_asked, next;
    int64_t day;       /* since 1970, in UTC */
    uint64_t used;     /* of that day */
    int64_t told_left; /* of that day, by the server; -1: not told */
    int64_t paused_until_us;
    unsigned pauses; /* in a row, without an answer in between */
    unsigned failures;
    int64_t retry_us, failed_us; /* not asked before; when it failed last */
    bool probing;
};

/* One question that went through. */
struct gate_pass {
    int64_t asked_us;
    bool is_probe;
};

/* As the server tells; -1: not told. */
struct gate_rates {
    int64_t limit, remaining, reset_s, retry_after_s;
};
#define GATE_NO_RATES ((struct gate_rates){-1, -1, -1, -1})

/* False: no memory. Then gate_clear. */
bool gate_init(struct gate *g, const struct gate_limits *limits);
void gate_clear(struct gate *g); /* accepts one that is zero */

/* Take one question. Anything but GATE_OPEN: not now; *until_us, of the monotonic clock, says when
 * to try again, 0 when only an answer tells. */
enum gate_state gate_take(struct gate *g, const struct gate_now *now, bool is_grave,
                          struct gate_pass *pass, int64_t *until_us);
/* The same without taking. */
enum gate_state gate_look(const struct gate *g, const struct gate_now *now, bool is_grave,
                          int64_t *until_us);
/* Has the service been shut since that one was taken: GATE_PAUSED, GATE_BACKOFF, GATE_BROKEN? */
enum gate_state gate_recheck(const struct gate *g, const struct gate_now *now,
                             const struct gate_pass *pass, int64_t *until_us);
/* It was not asked after all. */
void gate_give_back(struct gate *g, const struct gate_pass *pass);

/* What came of it: an answer of any kind; 429; or no answer that can be used. */
void gate_answered(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                   const struct gate_rates *rates);
void gate_limited(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                  const struct gate_rates *rates);
void gate_failed(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                 const struct gate_rates *rates);

/* Questions of this day that are left to any mail, and to grave mail; -1: no limit. */
int64_t gate_left(const struct gate *g, const struct gate_now *now, bool is_grave);

uint64_t gate_used(const struct gate *g, const struct gate_now *now); /* of this day */

/* What was counted by an earlier run or by another process, and the pause it was told. */
void gate_restore(struct gate *g, const struct gate_now *now, int64_t day, uint64_t used,
                  int64_t paused_until_s);

#endif
