/* Limits by the minute and the day, pauses, back-off and circuit breaker of one service. */
#include "services/gate.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US, MS_US = 1000, DAY_S = 86400 };

bool gate_init(struct gate *g, const struct gate_limits *limits)
{
    *g = (struct gate){.limits = *limits, .told_left = -1};
    if (g->limits.per_minute > GATE_MAX_PER_MINUTE || g->limits.per_minute == 0)
        g->limits.per_minute = GATE_MAX_PER_MINUTE;
    if (g->limits.reserve_percent > 100)
        g->limits.reserve_percent = 100;
    g->asked_us = calloc(g->limits.per_minute, sizeof *g->asked_us);
    return g->asked_us != NULL;
}

void gate_clear(struct gate *g)
{
    free(g->asked_us);
    *g = (struct gate){.told_left = -1};
}

/* ---- the day ---- */

static int64_t day_of(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

/* Counts end with their day (VirusTotal's do at 00:00 UTC). A clock that is set back a little must
 * not give a day twice; one that was far ahead must not keep us from asking. */
static bool is_other_day(const struct gate *g, const struct gate_now *now)
{
    int64_t day = day_of(now->wall_s);
    return day != g->day && day != g->day - 1;
}

static void turn_day(struct gate *g, const struct gate_now *now)
{
    if (!is_other_day(g, now))
        return;
    g->day = day_of(now->wall_s);
    g->used = 0;
    g->told_left = -1;
}

int64_t gate_left(const struct gate *g, const struct gate_now *now, bool is_grave)
{
    bool is_new = is_other_day(g, now);
    uint64_t used = is_new ? 0 : g->used;
    int64_t told = is_new ? -1 : g->told_left;
    int64_t ours = (int64_t)g->limits.per_day - (int64_t)used;
    int64_t reserve = (int64_t)g->limits.per_day * g->limits.reserve_percent / 100;
    if (g->limits.per_day == 0 && told < 0)
        return -1;
    if (g->limits.per_day == 0 || (told >= 0 && told < ours))
        ours = told;
    if (!is_grave)
        ours -= reserve;
    return ours < 0 ? 0 : ours;
}

uint64_t gate_used(const struct gate *g, const struct gate_now *now)
{
    return is_other_day(g, now) ? 0 : g->used;
}

static int64_t next_day_us(const struct gate_now *now)
{
    int64_t left_s = (day_of(now->wall_s) + 1) * DAY_S - now->wall_s;
    return now->mono_us + left_s * SECOND_US;
}

/* ---- taking ---- */

/* Each question counts for a whole minute: never more than per_minute of them in any minute, where
 * a bucket that fills steadily would let twice as many through. */
static int64_t minute_until(const struct gate *g, const struct gate_now *now)
{
    size_t size = g->limits.per_minute;
    if (g->n_asked < size)
        return 0;
    int64_t oldest = g->asked_us[g->next]; /* the ring is full: the next place has the oldest */
    return now->mono_us - oldest >= MINUTE_US ? 0 : oldest + MINUTE_US;
}

/* Whatever is left: the service does not want to be asked, or does not work. */
static enum gate_state shut(const struct gate *g, const struct gate_now *now, int64_t *until_us)
{
    *until_us = 0;
    if (now->mono_us < g->paused_until_us) {
        *until_us = g->paused_until_us;
        return GATE_PAUSED;
    }
    if (g->failures == 0 || now->mono_us >= g->retry_us)
        return GATE_OPEN;
    *until_us = g->retry_us;
    return g->failures >= GATE_BREAKER_FAILURES ? GATE_BROKEN : GATE_BACKOFF;
}

enum gate_state gate_look(const struct gate *g, const struct gate_now *now, bool is_grave,
                          int64_t *until_us)
{
    enum gate_state state = shut(g, now, until_us);
    if (state != GATE_OPEN)
        return state;
    if (g->failures >= GATE_BREAKER_FAILURES && g->probing)
        return GATE_BROKEN;
    if (gate_left(g, now, is_grave) == 0) {
        *until_us = next_day_us(now);
        return !is_grave && gate_left(g, now, true) != 0 ? GATE_RESERVE : GATE_DAY;
    }
    *until_us = minute_until(g, now);
    return *until_us != 0 ? GATE_MINUTE : GATE_OPEN;
}

enum gate_state gate_recheck(const struct gate *g, const struct gate_now *now,
                             const struct gate_pass *pass, int64_t *until_us)
{
    enum gate_state state = shut(g, now, until_us);
    bool is_broken = g->failures >= GATE_BREAKER_FAILURES && !pass->is_probe;
    return state == GATE_OPEN && is_broken ? GATE_BROKEN : state;
}

enum gate_state gate_take(struct gate *g, const struct gate_now *now, bool is_grave,
                          struct gate_pass *pass, int64_t *until_us)
{
    enum gate_state state = gate_look(g, now, is_grave, until_us);
    if (state != GATE_OPEN)
        return state;
    turn_day(g, now);
    g->used++;
    if (g->told_left > 0)
        g->told_left--;
    g->asked_us[g->next] = now->mono_us;
    g->next = (g->next + 1) % g->limits.per_minute;
    if (g->n_asked < g->limits.per_minute)
        g->n_asked++;
    *pass = (struct gate_pass){now->mono_us, g->failures >= GATE_BREAKER_FAILURES};
    g->probing = g->probing || pass->is_probe;
    return GATE_OPEN;
}

void gate_give_back(struct gate *g, const struct gate_pass *pass)
{
    if (pass->is_probe)
        g->probing = false;
    if (g->used != 0)
        g->used--;
    if (g->told_left >= 0)
        g->told_left++;
    if (g->n_asked != 0) { /* whichever it was: the latest place is free again */
        g->n_asked--;
        g->next = (g->next + g->limits.per_minute - 1) % g->limits.per_minute;
    }
}

/* ---- what came of it ---- */

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static void pause_for(struct gate *g, const struct gate_now *now, int64_t seconds)
{
    int64_t until = now->mono_us + clamp(seconds, 1, GATE_MAX_PAUSE_S) * SECOND_US;
    if (until > g->paused_until_us)
        g->paused_until_us = until;
}

/* The server counts better than we do: other programs use the same key. */
static void take_rates(struct gate *g, const struct gate_now *now, const struct gate_rates *r)
{
    bool is_short = r->reset_s >= 0 && r->reset_s < GATE_SHORT_WINDOW_S;
    if (r->remaining < 0 || (r->limit >= 0 && r->limit < r->remaining))
        return;
    if (r->remaining == 0 && r->reset_s >= 0) {
        pause_for(g, now, r->reset_s); /* behind it there are new ones */
        g->told_left = -1;
    } else if (!is_short) {
        g->told_left = r->remaining;
    }
}

static void works(struct gate *g, const struct gate_pass *pass)
{
    if (pass->is_probe)
        g->probing = false;
    g->failures = 0;
}

void gate_answered(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                   const struct gate_rates *rates)
{
    turn_day(g, now);
    works(g, pass);
    g->pauses = 0;
    take_rates(g, now, rates);
}

void gate_limited(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                  const struct gate_rates *rates)
{
    int64_t seconds = rates->retry_after_s >= 0 ? rates->retry_after_s : rates->reset_s;
    turn_day(g, now);
    works(g, pass);
    /* Those that were under way when the first 429 came say nothing new. */
    if (g->pauses == 0 || pass->asked_us >= g->paused_until_us)
        g->pauses++;
    unsigned doubled = g->pauses - 1 < 12 ? g->pauses - 1 : 12;
    pause_for(g, now, seconds >= 0 ? seconds : (int64_t)GATE_FIRST_PAUSE_S << doubled);
}

void gate_failed(struct gate *g, const struct gate_now *now, const struct gate_pass *pass,
                 const struct gate_rates *rates)
{
    turn_day(g, now);
    if (pass->is_probe)
        g->probing = false;
    /* Several at once fail together: that is one failure, not as many. */
    if (g->failures == 0 || pass->asked_us >= g->failed_us)
        g->failures++;
    g->failed_us = now->mono_us;
    unsigned doubled = g->failures - 1 < 16 ? g->failures - 1 : 16;
    int64_t ms = clamp((int64_t)GATE_BACKOFF_FIRST_MS << doubled, 0, GATE_BACKOFF_MAX_MS);
    /* Half of it by chance, so that many of us do not come back at once. */
    ms = ms / 2 + (int64_t)(now->chance % (uint32_t)(ms / 2 + 1));
    g->retry_us = now->mono_us + ms * MS_US;
    if (rates->retry_after_s > 0)
        pause_for(g, now, rates->retry_after_s);
}

void gate_restore(struct gate *g, const struct gate_now *now, int64_t day, uint64_t used,
                  int64_t paused_until_s)
{
    turn_day(g, now);
    if (day == g->day && used > g->used)
        g->used = used;
    if (paused_until_s > now->wall_s)
        pause_for(g, now, paused_until_s - now->wall_s);
}
