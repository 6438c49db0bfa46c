/* What an endpoint's answer means, and when it is tried again: pure. */
#include "hooks/hooks_internal.h"

enum {
    PAUSE_S = 30,       /* it says that it is overloaded, and not for how long */
    BREAK_AFTER = 5,    /* failures in a row: then one delivery alone tries */
    BREAK_FIRST_S = 10, /* doubled with each further failure */
    BREAK_MAX_S = 15 * 60,
    JITTER = 20 /* percent, at most, that a wait is longer */
};

/* Behind the first try, the second, ...: the schedule of Standard Webhooks 1.0.0, "Deliverability
 * and reliability". */
static const int32_t schedule_s[HOOKS_MAX_TRIES - 1] = {5,         5 * 60,    30 * 60,
                                                        2 * 3600,  5 * 3600,  10 * 3600,
                                                        14 * 3600, 20 * 3600, 24 * 3600};

static int64_t wait_ms(unsigned tries, uint32_t chance, unsigned percent)
{
    int64_t ms = 1000LL * schedule_s[tries - 1] * percent / 100;
    return ms + ms * (int64_t)(chance % 1000) * JITTER / 100000;
}

/* One that is busy, or asks for it, is left alone. */
static bool is_overloaded(unsigned status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static int64_t pause_ms(const struct hook_answer *a, unsigned in_row, unsigned percent)
{
    int64_t s = 0;
    if (a->retry_after_s >= 0 && a->status >= 300)
        s = a->retry_after_s < HOOKS_MAX_PAUSE_S ? a->retry_after_s : HOOKS_MAX_PAUSE_S;
    else if (is_overloaded(a->status))
        s = PAUSE_S;
    if (in_row >= BREAK_AFTER) {
        unsigned twice = in_row - BREAK_AFTER < 8 ? in_row - BREAK_AFTER : 8;
        int64_t b = (int64_t)BREAK_FIRST_S << twice;
        b = b < BREAK_MAX_S ? b : BREAK_MAX_S;
        s = s > b ? s : b;
    }
    return 1000 * s * percent / 100;
}

/* The status counts, however long the body is; one that breaks off does not. */
static bool is_delivered(const struct hook_answer *a)
{
    bool whole = a->fault == HTTPS_OK || a->fault == HTTPS_STATUS || a->fault == HTTPS_TOO_LARGE;
    return whole && a->status >= 200 && a->status < 300;
}

struct hook_next hook_judge(const struct hook_answer *a, unsigned tries, unsigned in_row,
                            uint32_t chance, unsigned percent)
{
    if (is_delivered(a))
        return (struct hook_next){.outcome = HOOK_DELIVERED};
    if (a->status == 410)
        return (struct hook_next){.outcome = HOOK_GONE};
    struct hook_next n = {.outcome = HOOK_DEAD, .pause_ms = pause_ms(a, in_row, percent)};
    if (tries >= HOOKS_MAX_TRIES || tries == 0)
        return n;
    n.outcome = HOOK_AGAIN;
    n.wait_ms = wait_ms(tries, chance, percent);
    if (n.wait_ms < n.pause_ms)
        n.wait_ms = n.pause_ms;
    return n;
}
