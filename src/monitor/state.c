/* From results to changes worth telling. */
#include "monitor/state.h"

#include <stdlib.h>

#include "base/wire.h"

static const char *const result_names[] = {"unknown", "passed", "failed", "undecided"};

const char *monitor_result_name(enum monitor_result r)
{
    return result_names[r];
}

const char *monitor_change_name(enum monitor_change_kind k)
{
    static const char *const names[] = {"worse", "better", "other-reason", "flaps", "rests"};
    return names[k];
}

/* ---- one case ---- */

static enum monitor_change_kind kind_of(enum monitor_result from, enum monitor_result to)
{
    static const int badness[] = {
        [MONITOR_UNKNOWN] = 0, [MONITOR_PASSED] = 0, [MONITOR_UNDECIDED] = 1, [MONITOR_FAILED] = 2};
    if (from == to)
        return MONITOR_OTHER_REASON;
    return badness[to] > badness[from] ? MONITOR_WORSE : MONITOR_BETTER;
}

/* Reasons count only where something failed: what is undecided differs from run to run. */
static bool is_told(const struct case_state *s)
{
    return s->candidate == s->told &&
           (s->told != MONITOR_FAILED || s->candidate_print == s->told_print);
}

static void note(struct case_state *s, const struct monitor_case *c)
{
    bool flip = s->last != MONITOR_UNKNOWN && c->result != s->last;
    bool same = c->result == s->candidate &&
                (c->result != MONITOR_FAILED || c->print == s->candidate_print);
    s->flips = (s->flips << 1 | flip) & ((1u << STATE_WINDOW) - 1);
    s->last = c->result;
    s->agree = same ? s->agree + (s->agree < MONITOR_MAX_CONFIRM) : 1;
    s->candidate = c->result;
    s->candidate_print = c->print;
}

static void confirm_state(struct case_state *s, int64_t now_ms)
{
    if (s->told != s->candidate)
        s->since_ms = now_ms;
    s->told = s->candidate;
    s->told_print = s->candidate_print;
}

bool case_state_add(struct case_state *s, const struct monitor_case *c, unsigned confirm,
                    int64_t now_ms, struct monitor_change *change)
{
    note(s, c);
    int flips = __builtin_popcount(s->flips);
    bool confirmed = s->agree >= confirm, first = s->told == MONITOR_UNKNOWN;
    *change = (struct monitor_change){
        .from = s->told, .to = s->told, .time_ms = now_ms, .since_ms = s->since_ms};
    if (!s->flapping && flips >= STATE_FLAPS_FROM) {
        s->flapping = true;
        change->kind = MONITOR_FLAPS;
        return true;
    }
    if (s->flapping && (s->flips & ((1u << STATE_RESTS_AFTER) - 1)) != 0)
        return false;
    if (s->flapping) {
        s->flapping = false;
        s->flips = 0;
        confirm_state(s, now_ms);
        change->kind = MONITOR_RESTS;
        change->to = s->told;
        return true;
    }
    if (!confirmed || is_told(s))
        return false;
    confirm_state(s, now_ms);
    change->to = s->told;
    change->kind = kind_of(change->from, change->to);
    return !(first && s->told == MONITOR_PASSED);
}

bool case_state_is_open(const struct case_state *s, unsigned confirm)
{
    return !s->flapping && s->last != MONITOR_UNKNOWN && s->agree < confirm && !is_told(s);
}

/* ---- those of a target ---- */

static int compare_name(const void *name, const void *state)
{
    return str_cmp(*(const struct str *)name, ((const struct case_state *)state)->name);
}

struct case_state *target_state_find(const struct target_state *t, struct str name)
{
    return t->n == 0 ? NULL : bsearch(&name, t->cases, t->n, sizeof *t->cases, compare_name);
}

/* ---- as bytes ---- */

static const struct str magic = STR_INIT("mailproof monitor 1\n");
enum { STATE_LEAST_BYTES = 4 + 3 * 4 + 2 * 8 + 2 * 4 + 1 + 8 };

void target_state_write(struct buf *out, const struct target_state *t)
{
    buf_add(out, magic);
    wire_put_u64(out, (uint64_t)t->ran_ms);
    wire_put_u32(out, (uint32_t)t->n);
    for (size_t i = 0; i < t->n; i++) {
        const struct case_state *s = &t->cases[i];
        wire_put_str(out, s->name);
        wire_put_u32(out, s->last);
        wire_put_u32(out, s->told);
        wire_put_u32(out, s->candidate);
        wire_put_u64(out, s->told_print);
        wire_put_u64(out, s->candidate_print);
        wire_put_u32(out, s->agree);
        wire_put_u32(out, s->flips);
        wire_put_bool(out, s->flapping);
        wire_put_u64(out, (uint64_t)s->since_ms);
    }
}

static void read_case(struct wire_in *in, struct case_state *s)
{
    s->name = wire_get_str(in, MONITOR_MAX_NAME_BYTES, "name");
    s->last = (enum monitor_result)wire_get_u32(in, MONITOR_UNDECIDED, "result");
    s->told = (enum monitor_result)wire_get_u32(in, MONITOR_UNDECIDED, "result");
    s->candidate = (enum monitor_result)wire_get_u32(in, MONITOR_UNDECIDED, "result");
    s->told_print = wire_get_u64(in, UINT64_MAX, "print");
    s->candidate_print = wire_get_u64(in, UINT64_MAX, "print");
    s->agree = wire_get_u32(in, MONITOR_MAX_CONFIRM, "count");
    s->flips = wire_get_u32(in, (1u << STATE_WINDOW) - 1, "changes");
    s->flapping = wire_get_bool(in, "flapping");
    s->since_ms = (int64_t)wire_get_u64(in, INT64_MAX, "time");
}

int target_state_read(struct arena *arena, struct str text, struct target_state *out,
                      struct mp_err *err)
{
    struct wire_in in = {.left = str_slice(text, magic.n, text.n)};
    struct target_state t = {0};
    wire_expect(&in, str_starts(text, magic), "not a state of this version");
    t.ran_ms = (int64_t)wire_get_u64(&in, INT64_MAX, "time");
    uint32_t n = wire_get_count(&in, MONITOR_MAX_CASES + 1, STATE_LEAST_BYTES, "cases");
    t.cases = n == 0 ? NULL : arena_new(arena, struct case_state, n);
    wire_expect_memory(&in, n == 0 || t.cases != NULL);
    for (uint32_t i = 0; in.bad == NULL && i < n; i++) {
        read_case(&in, &t.cases[i]);
        wire_expect(&in, i == 0 || str_cmp(t.cases[i - 1].name, t.cases[i].name) < 0, "order");
        t.n++;
    }
    wire_expect(&in, in.left.n == 0, "bytes behind the end");
    if (in.bad != NULL)
        return mp_fail(err, in.starved ? MP_E_NOMEM : MP_E_SYNTAX, 0, "state of the monitor: %s",
                       in.bad);
    *out = t;
    return MP_OK;
}
