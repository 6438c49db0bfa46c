/* What is to be run, from suite files and domains. */
#include "monitor/monitor.h"

enum { SUITE_CONFIRM = 2 };

static bool copy(struct arena *arena, struct str from, struct str *to)
{
    *to = from.n == 0 ? STR("") : arena_copy(arena, from);
    return to->p != NULL;
}

static int take(struct arena *arena, const char *file, const struct suite *s,
                struct monitor_target *out, struct mp_err *err)
{
    struct monitor_target t = {.kind = MONITOR_SUITE,
                               .profile = STR(""),
                               .every_ms = s->schedule.every_ms,
                               .jitter_ms = s->schedule.jitter_ms,
                               .only_one = s->schedule.only_one,
                               .confirm = SUITE_CONFIRM,
                               .prometheus = s->report.prometheus,
                               .webhook_on = s->report.webhook_on,
                               .keep_s = s->report.keep_s};
    if (s->schedule.every_ms == 0)
        return mp_fail(err, MP_E_USAGE, 0,
                       "%s: no `schedule`, so nobody knows how often: add `schedule: {every: 5m}`",
                       file);
    if (!copy(arena, s->name, &t.name) || !copy(arena, str_from(file), &t.file) ||
        !copy(arena, s->report.webhook_url, &t.webhook_url) ||
        !copy(arena, s->report.webhook_secret, &t.webhook_secret))
        return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", file);
    *out = t;
    return MP_OK;
}

int monitor_suite_target(struct arena *arena, const char *file, const struct suite_outside *outside,
                         struct monitor_target *out, struct mp_err *err)
{
    struct suite s = {0};
    struct suite_options o = {.outside = outside};
    int st = suite_read(file, &o, &s, NULL, err);
    if (st == MP_OK)
        st = take(arena, file, &s, out, err);
    suite_clear(&s);
    return st;
}

struct monitor_target monitor_audit_target(struct str domain, struct str profile, int64_t every_ms)
{
    return (struct monitor_target){.kind = MONITOR_AUDIT,
                                   .name = domain,
                                   .file = STR(""),
                                   .profile = profile,
                                   .every_ms = every_ms,
                                   .jitter_ms = every_ms / 20,
                                   .only_one = true,
                                   .confirm = 1,
                                   .prometheus = true};
}

unsigned monitor_run_on(const struct monitor_run *r)
{
    unsigned on = SUITE_ON_ALWAYS;
    if (r->result == MONITOR_UNDECIDED)
        on |= SUITE_ON_UNDECIDED;
    for (size_t i = 0; i < r->n_cases; i++)
        on |= r->cases[i].result == MONITOR_FAILED      ? SUITE_ON_FAIL
              : r->cases[i].result == MONITOR_UNDECIDED ? SUITE_ON_UNDECIDED
                                                        : 0;
    return on;
}
