/* How intelligence fares, each source as a check. */
#include "flow/intel_checks.h"

#include "base/clock.h"
#include "feeds/update.h"

enum { TIME_TEXT = 32, HOUR_S = 3600, DAY_S = 86400 };

/* "2 minutes", "5 hours", "3 days" */
static struct str age_text(struct arena *arena, int64_t seconds)
{
    if (seconds < 2 * HOUR_S)
        return arena_fmt(arena, "%lld minutes", (long long)(seconds < 0 ? 0 : seconds / 60));
    if (seconds < 2 * DAY_S)
        return arena_fmt(arena, "%lld hours", (long long)(seconds / HOUR_S));
    return arena_fmt(arena, "%lld days", (long long)(seconds / DAY_S));
}

static const struct snapshot *snapshot_of(const struct intel_checks *c)
{
    return c->source->hold == NULL ? NULL : vault_snapshot(c->source->hold);
}

/* ---- the store ---- */

static uint64_t count_all(const struct snapshot *s)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < INDICATOR_KIND_COUNT; k++)
        n += snapshot_count(s, (enum indicator_kind)k);
    return n;
}

void intel_check_store(const struct intel_checks *c, struct check_list *checks)
{
    const struct snapshot *s = snapshot_of(c);
    char built[TIME_TEXT];
    if (c->store_dir == NULL) {
        check_skip(checks, STR("intel store"), "snapshot", "there is none");
        return;
    }
    check_begin(checks, STR("intel store"), "snapshot");
    for (size_t i = 0; i < c->source->n_faults; i++)
        check_add(checks, FINDING_INTEL_STORE_BROKEN, "%s: %s", c->source->faults[i].file,
                  c->source->faults[i].why);
    if (s == NULL) {
        struct str fault = c->source->settings.store_fault;
        check_add(checks, FINDING_INTEL_UNAVAILABLE, "%s" STR_FMT,
                  fault.n > 0 ? "" : "the local store: there is none yet", STR_ARG(fault));
        check_undecided(checks);
        check_end(checks, -1, "%s: no store that can be used", c->store_dir);
        return;
    }
    clock_ms_text(snapshot_built_s(s) * 1000, built, sizeof built);
    check_end(checks, -1, "%llu entries in %llu bytes, built %.16s, %zu feeds",
              (unsigned long long)count_all(s), (unsigned long long)vault_bytes(c->source->hold),
              built, snapshot_feeds(s));
}

/* ---- feeds ---- */

/* `name` outlives the metrics. */
static void feed_metrics(struct metric_list *metrics, const struct update_feed *f, struct str name,
                         int64_t now_s)
{
    if (f->success_s > 0)
        metric_label(metric_add(metrics, "mailproof_intel_feed_age_seconds",
                                "Since the entries of a feed were known to be its present ones.",
                                (double)(now_s - f->success_s)),
                     "feed", name);
    metric_label(metric_add(metrics, "mailproof_intel_feed_entries",
                            "Entries of a feed that are kept.", (double)f->entries),
                 "feed", name);
}

/* One that nobody enables any more, or that the configuration at hand does not know: mails are told
 * of it all the same. */
static void check_other(const struct intel_checks *c, const struct snapshot_feed *f,
                        struct arena *arena, struct check_list *checks)
{
    struct str age = age_text(arena, c->now_s - f->fetched_s);
    check_begin(checks, f->name, "feed");
    if (f->stale_s > 0 && f->fetched_s + f->stale_s < c->now_s) {
        check_add(checks, FINDING_INTEL_STALE, STR_FMT " is " STR_FMT " old", STR_ARG(f->name),
                  STR_ARG(age));
        check_undecided(checks);
    }
    check_end(checks, -1, "%llu entries, fetched " STR_FMT " ago; it is not enabled any more",
              (unsigned long long)f->entries, STR_ARG(age));
}

static size_t check_others(const struct intel_checks *c, struct arena *arena,
                           struct check_list *checks)
{
    const struct snapshot *s = snapshot_of(c);
    struct snapshot_feed f;
    size_t others = 0;
    for (size_t i = 0; s != NULL && snapshot_feed_at(s, i, &f); i++) {
        bool enabled = false;
        for (size_t k = 0; !enabled && k < c->config->n_feeds; k++)
            enabled = c->config->feeds[k].enabled && str_eq(c->config->feeds[k].name, f.name);
        if (enabled)
            continue;
        others++;
        check_other(c, &f, arena, checks);
    }
    return others;
}

int intel_check_feeds(const struct intel_checks *c, struct arena *arena, struct check_list *checks,
                      struct metric_list *metrics, struct mp_err *err)
{
    struct update_result *r = NULL;
    struct mp_err why = {0};
    if (c->store_dir == NULL) {
        check_skip(checks, STR("feeds"), "feed", "there is no store");
        return MP_OK;
    }
    int st = update_status(c->store_dir, c->config, c->now_s, &r, &why);
    if (st == MP_E_NOMEM)
        return mp_fail(err, st, 0, "%s", why.text);
    if (st != MP_OK) {
        check_begin(checks, STR("feeds"), "feed");
        check_add(checks, FINDING_INTEL_FEED_FAILED, "%s", why.text);
        check_undecided(checks);
        check_end(checks, -1, "how they stand is not known");
        return MP_OK;
    }
    update_check(r, checks);
    if (r->n + check_others(c, arena, checks) == 0)
        check_skip(checks, STR("feeds"), "feed", "none is enabled");
    for (size_t i = 0; metrics != NULL && i < r->n; i++)
        feed_metrics(metrics, &r->feeds[i], arena_copy(arena, r->feeds[i].name), c->now_s);
    update_result_free(r);
    return MP_OK;
}

/* ---- DNS lists ---- */

int intel_check_lists(const struct intel_checks *c, struct flow_dns *dns, struct arena *arena,
                      struct check_list *checks, struct mp_err *err)
{
    const struct dns_list_facts facts = {.test_all = true};
    struct dns_list_result result = {.n = 0};
    struct finding_list found;
    int64_t begun_us = clock_mono_us();
    int st;
    if (c->source->lists.n == 0) {
        check_skip(checks, STR("DNS lists"), "self-test", "none is enabled");
        return MP_OK;
    }
    finding_list_init(&found, arena);
    while ((st = dns_list_check(arena, dns->view, &c->source->lists, c->source->health, &facts,
                                c->now_s, &found, &result, err)) == MP_WAIT)
        if ((st = flow_dns_fill(dns, err)) != MP_OK)
            break;
    check_begin(checks, STR("DNS lists"), "self-test");
    for (size_t i = 0; i < found.n; i++)
        check_add_as(checks, found.items[i].severity, found.items[i].id, STR_FMT,
                     STR_ARG(found.items[i].evidence));
    if (result.missing)
        check_undecided(checks);
    check_end(checks, clock_mono_us() - begun_us, "%zu lists", c->source->lists.n);
    return st;
}

/* ---- services ---- */

static void check_service(const struct service_status *s, struct arena *arena,
                          struct check_list *checks, struct metric_list *metrics)
{
    struct finding_list found;
    struct str left = s->left_today < 0
                          ? STR("no limit a day")
                          : arena_fmt(arena, "%lld left today", (long long)s->left_today);
    finding_list_init(&found, arena);
    service_status_findings(s, &found);
    check_begin(checks, str_from(s->title), "service");
    for (size_t i = 0; i < found.n; i++)
        check_add_as(checks, found.items[i].severity, found.items[i].id, STR_FMT,
                     STR_ARG(found.items[i].evidence));
    if (!s->is_on)
        check_undecided(checks);
    if (metrics != NULL)
        metric_label(metric_add(metrics, "mailproof_intel_service_requests_today",
                                "Requests to a service since midnight UTC.", (double)s->used_today),
                     "service", str_from(s->name));
    check_end(checks, -1, "%llu asked today, " STR_FMT "%s%s", (unsigned long long)s->used_today,
              STR_ARG(left), s->why[0] == '\0' ? "" : "; ", s->why);
}

void intel_check_services(const struct intel_checks *c, struct arena *arena,
                          struct check_list *checks, struct metric_list *metrics)
{
    struct service_status status;
    size_t enabled = 0;
    for (unsigned i = 0; c->source->services != NULL && i < SERVICE_COUNT; i++) {
        if (!services_status(c->source->services, (enum intel_service)i, &status) ||
            !status.enabled)
            continue;
        enabled++;
        check_service(&status, arena, checks, metrics);
    }
    if (enabled == 0)
        check_skip(checks, STR("services"), "service", "none is enabled");
}
