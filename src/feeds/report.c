/* What a run found about its feeds, as checks. */
#include "base/buf.h"
#include "feeds/update.h"

static const struct {
    enum update_outcome outcome;
    enum finding_id id;
} failures[] = {
    {UPDATE_FAILED, FINDING_INTEL_FEED_FAILED},
    {UPDATE_REFUSED, FINDING_INTEL_FEED_REFUSED},
    {UPDATE_NO_KEY, FINDING_INTEL_FEED_KEY},
};

static void add_count(struct buf *b, uint64_t n, const char *what)
{
    if (n > 0)
        buf_addf(b, ", %llu %s", (unsigned long long)n, what);
}

/* What came of it, in one line. */
static void end_check(struct check_list *checks, const struct update_result *r,
                      const struct update_feed *f)
{
    int64_t age_s = r->now_s - f->success_s;
    struct buf b;
    buf_init(&b, 2 * CHECK_DETAIL_MAX);
    buf_addf(&b, "%s: %llu entr%s", update_outcome_name(f->outcome), (unsigned long long)f->entries,
             f->entries == 1 ? "y" : "ies");
    if (f->success_s > 0 && age_s >= 60)
        buf_addf(&b, " of %lld %s ago", (long long)(age_s < 7200 ? age_s / 60 : age_s / 3600),
                 age_s < 7200 ? "minutes" : "hours");
    add_count(&b, f->added, "new");
    add_count(&b, f->removed, "gone");
    add_count(&b, f->expired + f->counts.expired, "expired");
    add_count(&b, f->allowed, "left out by the allow list");
    add_count(&b, f->counts.low, "of too little confidence");
    add_count(&b, f->counts.revoked, "revoked");
    add_count(&b, f->counts.compound, "compound patterns left out");
    add_count(&b, f->counts.refused, "not readable");
    if (f->why.n > 0)
        buf_addf(&b, " (" STR_FMT ")", STR_ARG(f->why));
    check_end(checks, -1, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

static void check_feed(const struct update_result *r, const struct update_feed *f,
                       struct check_list *checks)
{
    int64_t age_h = (r->now_s - f->success_s) / 3600, wait_s = f->next_s - r->now_s;
    bool waits = f->outcome == UPDATE_NOT_DUE && f->failures > 0;
    check_begin(checks, f->name, "feed");
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        if (failures[i].outcome == f->last && waits)
            check_add(checks, failures[i].id,
                      STR_FMT ": " STR_FMT "; asked again in %lld minutes, or with --force",
                      STR_ARG(f->name), STR_ARG(f->reason), (long long)(wait_s + 59) / 60);
        else if (failures[i].outcome == f->last)
            check_add(checks, failures[i].id, STR_FMT ": " STR_FMT, STR_ARG(f->name),
                      STR_ARG(f->reason));
    if (f->stale && f->success_s == 0)
        check_add(checks, FINDING_INTEL_STALE, STR_FMT ": never fetched", STR_ARG(f->name));
    else if (f->stale)
        check_add(checks, FINDING_INTEL_STALE, STR_FMT ": its entries are %lld hours old",
                  STR_ARG(f->name), (long long)age_h);
    if (f->last == UPDATE_FAILED || f->last == UPDATE_NO_KEY || f->last == UPDATE_STOPPED ||
        f->success_s == 0 || f->stale)
        check_undecided(checks);
    end_check(checks, r, f);
}

void update_check(const struct update_result *r, struct check_list *checks)
{
    for (size_t i = 0; i < r->n; i++)
        check_feed(r, &r->feeds[i], checks);
}
