/* Limits, pauses, back-off and circuit breaker, by a clock of our own. */
#include "services/gate.h"

#include <stdlib.h>

#include "base/str.h"
#include "tests/tap.h"

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US, DAY_S = 86400 };
static const int64_t noon_s = 20700 * (int64_t)DAY_S + DAY_S / 2;

static struct gate gate;
static struct gate_now now;
static struct gate_pass pass; /* of the last question */
static int64_t until_us;

static void begin(struct gate_limits limits)
{
    gate_clear(&gate);
    now = (struct gate_now){.mono_us = 1000 * (int64_t)SECOND_US, .wall_s = noon_s};
    if (!gate_init(&gate, &limits))
        abort();
}

static void pass_time(int64_t seconds)
{
    now.mono_us += seconds * SECOND_US;
    now.wall_s += seconds;
}

static const char *const state_names[GATE_STATE_COUNT] = {"open",   "minute",  "day",   "reserve",
                                                          "paused", "backoff", "broken"};

static void expect(enum gate_state want)
{
    tap_cstr(state_names[gate_take(&gate, &now, false, &pass, &until_us)], state_names[want]);
}

static void expect_grave(enum gate_state want)
{
    tap_cstr(state_names[gate_take(&gate, &now, true, &pass, &until_us)], state_names[want]);
}

static int64_t seconds_left(void)
{
    return (until_us - now.mono_us) / SECOND_US;
}

/* ---- minutes and days ---- */

static void test_minute(void)
{
    begin((struct gate_limits){.per_minute = 4});
    for (int i = 0; i < 4; i++) {
        expect(GATE_OPEN);
        pass_time(10);
    }
    expect(GATE_MINUTE);
    tap_int(seconds_left(), 20);
    pass_time(19);
    expect(GATE_MINUTE);
    pass_time(1);
    expect(GATE_OPEN); /* the first one is a minute old, the others are not */
    expect(GATE_MINUTE);
    tap_int(seconds_left(), 10);
    pass_time(60);
    for (int i = 0; i < 4; i++)
        expect(GATE_OPEN);
    expect(GATE_MINUTE);
}

/* Whatever the times: never more than the limit within any minute. */
static void test_any_minute(void)
{
    enum { LIMIT = 7, TRIES = 5000 };
    int64_t asked[TRIES];
    size_t n = 0;
    uint32_t random = 1;
    begin((struct gate_limits){.per_minute = LIMIT});
    for (int i = 0; i < TRIES; i++) {
        random = random * 1664525U + 1013904223U;
        now.mono_us += (int64_t)(random >> 8) % (4 * SECOND_US);
        if (gate_take(&gate, &now, false, &pass, &until_us) == GATE_OPEN)
            asked[n++] = now.mono_us;
    }
    bool holds = n > LIMIT;
    for (size_t i = LIMIT; i < n; i++)
        holds = holds && asked[i] - asked[i - LIMIT] >= MINUTE_US;
    tap_ok(holds);
}

static void test_day(void)
{
    begin((struct gate_limits){.per_day = 10, .reserve_percent = 20});
    tap_int(gate_left(&gate, &now, false), 8);
    tap_int(gate_left(&gate, &now, true), 10);
    for (int i = 0; i < 8; i++)
        expect(GATE_OPEN);
    expect(GATE_RESERVE);
    tap_int(seconds_left(), DAY_S / 2);
    expect_grave(GATE_OPEN);
    expect_grave(GATE_OPEN);
    expect_grave(GATE_DAY);
    expect(GATE_DAY);
    tap_int(seconds_left(), DAY_S / 2); /* until 00:00 UTC */
    tap_int(gate_used(&gate, &now), 10);
    pass_time(DAY_S / 2 - 1);
    expect_grave(GATE_DAY);
    pass_time(1);
    tap_int(gate_used(&gate, &now), 0);
    tap_int(gate_left(&gate, &now, true), 10);
    expect(GATE_OPEN);
}

static void test_clock_set(void)
{
    begin((struct gate_limits){.per_day = 1});
    now.wall_s += 60;
    expect(GATE_OPEN);
    now.wall_s -= DAY_S; /* a little back gives no second day */
    expect(GATE_DAY);
    now.wall_s -= 100 * DAY_S; /* it was far ahead */
    expect(GATE_OPEN);
    expect(GATE_DAY);
}

static void test_no_limits(void)
{
    begin((struct gate_limits){.reserve_percent = 50});
    tap_int(gate_left(&gate, &now, false), -1);
    for (int i = 0; i < GATE_MAX_PER_MINUTE; i++)
        if (gate_take(&gate, &now, false, &pass, &until_us) != GATE_OPEN)
            tap_ok(false);
    expect(GATE_MINUTE);
}

static void test_give_back(void)
{
    begin((struct gate_limits){.per_minute = 2, .per_day = 2});
    expect(GATE_OPEN);
    expect(GATE_OPEN);
    expect(GATE_DAY);
    gate_give_back(&gate, &pass);
    expect(GATE_OPEN);
    expect(GATE_DAY);
}

/* ---- what the server tells ---- */

static void answered(int64_t limit, int64_t remaining, int64_t reset_s)
{
    const struct gate_rates r = {limit, remaining, reset_s, -1};
    gate_answered(&gate, &now, &pass, &r);
}

static void test_rates(void)
{
    begin((struct gate_limits){.per_day = 1000});
    expect(GATE_OPEN);
    answered(1000, 3, -1); /* another program uses the same key */
    tap_int(gate_left(&gate, &now, false), 3);
    for (int i = 0; i < 3; i++)
        expect(GATE_OPEN);
    expect(GATE_DAY);
    answered(3000, 2500, -1); /* more than we allow ourselves */
    tap_int(gate_left(&gate, &now, false), 1000 - 4);
    answered(1000, 0, 7200); /* it says when */
    expect(GATE_PAUSED);
    tap_int(seconds_left(), 7200);
    pass_time(7200);
    expect(GATE_OPEN);
    answered(60, 0, 30); /* of a minute */
    expect(GATE_PAUSED);
    pass_time(30);
    expect(GATE_OPEN);
    answered(60, 1, 30); /* of a minute: says nothing about the day */
    expect(GATE_OPEN);
    expect(GATE_OPEN);
    answered(5, 9, -1); /* nonsense */
    expect(GATE_OPEN);
    answered(1000, 1, -1);
    pass_time(DAY_S); /* forgotten with its day */
    expect(GATE_OPEN);
    expect(GATE_OPEN);
}

static void limited(int64_t retry_after_s, int64_t reset_s)
{
    const struct gate_rates r = {-1, -1, reset_s, retry_after_s};
    gate_limited(&gate, &now, &pass, &r);
}

static void test_limited(void)
{
    begin((struct gate_limits){.per_day = 1000});
    expect(GATE_OPEN);
    limited(90, 5);
    expect_grave(GATE_PAUSED);
    tap_int(seconds_left(), 90);
    pass_time(90);
    expect(GATE_OPEN);
    limited(-1, 40);
    expect(GATE_PAUSED);
    tap_int(seconds_left(), 40);
    pass_time(40);
    expect(GATE_OPEN);
    answered(-1, -1, -1);
    expect(GATE_OPEN);
    limited(INT64_MAX, -1); /* nobody is believed for ever */
    expect(GATE_PAUSED);
    tap_int(seconds_left(), GATE_MAX_PAUSE_S);
    pass_time(GATE_MAX_PAUSE_S);
    expect(GATE_OPEN);
    answered(-1, -1, -1);
    expect(GATE_OPEN);
    limited(0, -1); /* at once means soon */
    expect(GATE_PAUSED);
    pass_time(1);
    expect(GATE_OPEN);
}

static void test_limited_untold(void)
{
    static const int64_t pauses[] = {60, 120, 240, 480};
    begin((struct gate_limits){.per_day = 1000});
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
        expect(GATE_OPEN);
        limited(-1, -1);
        limited(-1, -1); /* another that was under way */
        expect(GATE_PAUSED);
        tap_int(seconds_left(), pauses[i]);
        pass_time(pauses[i]);
    }
    expect(GATE_OPEN);
    answered(-1, -1, -1);
    expect(GATE_OPEN);
    limited(-1, -1);
    expect(GATE_PAUSED);
    tap_int(seconds_left(), 60);
}

/* ---- failures ---- */

static void failed(void)
{
    gate_failed(&gate, &now, &pass, &GATE_NO_RATES);
}

static void test_backoff(void)
{
    int64_t ms = GATE_BACKOFF_FIRST_MS;
    begin((struct gate_limits){.per_day = 1000});
    for (int i = 0; i < 20; i++) {
        expect(GATE_OPEN);
        now.chance = i % 2 == 0 ? 0 : UINT32_MAX;
        failed();
        expect(i + 1 < GATE_BREAKER_FAILURES ? GATE_BACKOFF : GATE_BROKEN);
        int64_t wait_us = until_us - now.mono_us;
        tap_ok(wait_us >= ms / 2 * 1000 && wait_us <= ms * 1000);
        now.mono_us += wait_us - 1;
        expect(i + 1 < GATE_BREAKER_FAILURES ? GATE_BACKOFF : GATE_BROKEN);
        now.mono_us++;
        ms = 2 * ms < GATE_BACKOFF_MAX_MS ? 2 * ms : GATE_BACKOFF_MAX_MS;
    }
}

static void break_it(void)
{
    begin((struct gate_limits){.per_day = 1000});
    for (int i = 0; i < GATE_BREAKER_FAILURES; i++) {
        expect(GATE_OPEN);
        failed();
        now.mono_us = gate.retry_us;
    }
}

static void test_breaker(void)
{
    break_it();
    expect(GATE_OPEN); /* one alone tries */
    tap_ok(pass.is_probe);
    const struct gate_pass probe = pass;
    expect(GATE_BROKEN);
    tap_int(until_us, 0);
    pass = probe;
    failed();
    expect(GATE_BROKEN);
    now.mono_us = gate.retry_us;
    expect(GATE_OPEN);
    answered(-1, -1, -1);
    expect(GATE_OPEN); /* it works again, for all */
    expect(GATE_OPEN);
    tap_ok(!pass.is_probe);
    break_it();
    expect(GATE_OPEN);
    gate_give_back(&gate, &pass); /* nobody waited for the probe */
    expect(GATE_OPEN);
    tap_ok(pass.is_probe);
    limited(10, -1); /* 429 is an answer too */
    pass_time(10);
    expect(GATE_OPEN);
    tap_ok(!pass.is_probe);
}

/* Ten that were under way together fail together: that is once, and no circuit is broken. */
static void test_together(void)
{
    struct gate_pass many[10];
    begin((struct gate_limits){.per_day = 1000});
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        expect(GATE_OPEN);
        many[i] = pass;
    }
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        now.mono_us++;
        pass = many[i];
        failed();
    }
    tap_int(gate.failures, 1);
    expect(GATE_BACKOFF);
}

/* What waited in a queue is looked at again before it is asked. */
static void test_recheck(void)
{
    struct gate_pass first;
    begin((struct gate_limits){.per_day = 2});
    expect(GATE_OPEN);
    first = pass;
    expect(GATE_OPEN);
    expect(GATE_DAY);
    tap_int(gate_recheck(&gate, &now, &first, &until_us), GATE_OPEN); /* it has its place */
    failed();
    tap_int(gate_recheck(&gate, &now, &first, &until_us), GATE_BACKOFF);
    now.mono_us = gate.retry_us;
    tap_int(gate_recheck(&gate, &now, &first, &until_us), GATE_OPEN);
    limited(10, -1);
    tap_int(gate_recheck(&gate, &now, &first, &until_us), GATE_PAUSED);
    tap_int(seconds_left(), 10);
    break_it();
    tap_int(gate_recheck(&gate, &now, &first, &until_us), GATE_BROKEN);
    expect(GATE_OPEN);
    tap_int(gate_recheck(&gate, &now, &pass, &until_us), GATE_OPEN); /* the probe itself */
}

static void test_failed_retry_after(void)
{
    const struct gate_rates r = {-1, -1, -1, 300};
    begin((struct gate_limits){.per_day = 1000});
    expect(GATE_OPEN);
    gate_failed(&gate, &now, &pass, &r); /* 503 with Retry-After */
    expect(GATE_PAUSED);
    tap_int(seconds_left(), 300);
}

static void test_restore(void)
{
    begin((struct gate_limits){.per_day = 10});
    gate_restore(&gate, &now, 20700, 9, noon_s + 30);
    expect(GATE_PAUSED);
    tap_int(seconds_left(), 30);
    pass_time(30);
    expect(GATE_OPEN);
    expect(GATE_DAY);
    begin((struct gate_limits){.per_day = 10});
    gate_restore(&gate, &now, 20699, 10, noon_s - 1); /* of yesterday */
    tap_int(gate_used(&gate, &now), 0);
    expect(GATE_OPEN);
    gate_restore(&gate, &now, 20700, 0, 0); /* fewer than we know of */
    tap_int(gate_used(&gate, &now), 1);
    gate_restore(&gate, &now, 20700, 5, INT64_MAX);
    expect(GATE_PAUSED);
    tap_int(seconds_left(), GATE_MAX_PAUSE_S);
}

static const struct {
    const char *label;
    void (*run)(void);
} rows[] = {
    {"questions of a minute", test_minute},
    {"any minute", test_any_minute},
    {"questions of a day, and the reserve", test_day},
    {"a clock that is set", test_clock_set},
    {"no limits of ours", test_no_limits},
    {"given back", test_give_back},
    {"rate headers", test_rates},
    {"429", test_limited},
    {"429 that does not say how long", test_limited_untold},
    {"back-off", test_backoff},
    {"circuit breaker", test_breaker},
    {"failing together", test_together},
    {"waiting meanwhile", test_recheck},
    {"a failure that says when to come back", test_failed_retry_after},
    {"what earlier runs counted", test_restore},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("%s", rows[i].label);
        rows[i].run();
    }
    gate_clear(&gate);
    return tap_done();
}
