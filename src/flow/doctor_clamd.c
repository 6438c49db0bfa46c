/* What the doctor asks a clamd. */
#include "base/clock.h"
#include "flow/doctor_internal.h"

enum { DAY_S = 86400 };

static bool check_answer(struct doctor *d, size_t i, struct str group, struct clamd_status *out)
{
    struct mp_err err = {0};
    int64_t begun_us = clock_mono_us();
    check_begin(&d->checks, group, "answer");
    if (clamd_status(d->options->clamd, i, doctor_deadline_us(d), out, &err) != MP_OK) {
        check_add_as(&d->checks, SEV_HIGH, FINDING_AV_UNAVAILABLE, "%s", err.text);
        check_end(&d->checks, clock_mono_us() - begun_us, "it does not answer");
        return false;
    }
    check_end(&d->checks, out->ping_us, "ClamAV %s", out->version.engine);
    return true;
}

static void check_database(struct doctor *d, struct str group, const struct clamd_version *v,
                           struct metric_list *metrics)
{
    struct check_list *l = &d->checks;
    int year = 0, month = 0, day = 0, hour, minute, second;
    check_begin(l, group, "database");
    if (v->database == 0) {
        check_add(l, FINDING_AV_DATABASE_UNKNOWN, "VERSION names no database");
        check_end(l, -1, "none of the official ones");
        return;
    }
    if (v->database_s == 0) {
        check_undecided(l);
        check_end(l, -1, "number %lu, of an unknown day", (unsigned long)v->database);
        return;
    }
    int64_t age_s = d->options->now_s > v->database_s ? d->options->now_s - v->database_s : 0;
    long long days = (long long)(age_s / DAY_S);
    unix_to_civil(v->database_s, &year, &month, &day, &hour, &minute, &second);
    if (days >= DOCTOR_OLD_DAYS)
        check_add_as(l, days >= DOCTOR_VERY_OLD_DAYS ? SEV_HIGH : SEV_MEDIUM,
                     FINDING_AV_DATABASE_OLD, "number %lu of %04d-%02d-%02d, %lld days old",
                     (unsigned long)v->database, year, month, day, days);
    check_end(l, -1, "number %lu of %04d-%02d-%02d, %lld day%s old", (unsigned long)v->database,
              year, month, day, days, days == 1 ? "" : "s");
    metric_add(metrics, "mailproof_doctor_clamd_database_age_seconds",
               "Age of clamd's databases, within a day.", (double)age_s);
}

static void check_queue(struct doctor *d, struct str group, const struct clamd_status *s,
                        struct metric_list *metrics)
{
    struct check_list *l = &d->checks;
    const struct clamd_stats *t = &s->stats;
    check_begin(l, group, "queue");
    if (!s->has_stats) {
        check_undecided(l);
        check_end(l, -1, "STATS is not answered");
        return;
    }
    if (!t->is_valid)
        check_undecided(l);
    if (t->queued > t->threads_max)
        check_add(l, FINDING_AV_QUEUE, "%u wait for %u threads", t->queued, t->threads_max);
    check_end(l, -1, "%s%u waiting, %u threads of at most %u",
              t->is_valid ? "" : "it is not ready; ", t->queued, t->threads_live, t->threads_max);
    metric_add(metrics, "mailproof_doctor_clamd_queue_items", "What waits for clamd's threads.",
               t->queued);
}

static void check_limits(struct doctor *d, size_t i, struct str group)
{
    struct check_list *l = &d->checks;
    struct mp_err err = {0};
    enum clamd_limits limits = CLAMD_LIMITS_UNKNOWN;
    char text[CLAMD_TEXT_MAX] = "";
    int64_t begun_us = clock_mono_us();
    check_begin(l, group, "limits");
    int st = clamd_limits(d->options->clamd, i, doctor_deadline_us(d), &limits, text, &err);
    int64_t elapsed_us = clock_mono_us() - begun_us;
    if (st == MP_OK && limits == CLAMD_LIMITS_SILENT) {
        check_add(l, FINDING_AV_LIMITS_SILENT, "a file nested beyond MaxRecursion is called OK");
        check_end(l, elapsed_us, "silent");
    } else if (st == MP_OK && limits == CLAMD_LIMITS_TOLD) {
        check_end(l, elapsed_us, "told: %s", text);
    } else {
        check_undecided(l);
        check_end(l, elapsed_us, "undecided: %s", st == MP_OK ? text : err.text);
    }
}

void doctor_clamd(struct doctor *d, size_t i, struct metric_list *metrics)
{
    static const char *const rest[] = {"database", "queue", "limits"};
    struct clamd_status status;
    const char *address = clamd_address(d->options->clamd, i);
    struct str group = arena_fmt(&d->arena, "clamd %s", address);
    metrics->value = str_from(address);
    if (!check_answer(d, i, group, &status)) {
        for (size_t k = 0; k < ARRAY_LEN(rest); k++)
            check_skip(&d->checks, group, rest[k], "it does not answer");
        return;
    }
    metric_add(metrics, "mailproof_doctor_clamd_ping_seconds", "Connection with clamd, and PING.",
               (double)status.ping_us / 1e6);
    check_database(d, group, &status.version, metrics);
    check_queue(d, group, &status, metrics);
    check_limits(d, i, group);
}
