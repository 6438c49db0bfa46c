/* What arrived against what was expected: checks and their findings. */
#include "arrival/arrival.h"

static void judge_arrival(struct check_list *c, struct str group, const struct arrival *x,
                          const struct arrival_expect *e)
{
    const char *what = e->bounce ? "bounce" : "message";
    double took_s = (double)x->took_ms / 1000;
    check_begin(c, group, "arrival");
    if (x->undecided) {
        check_add(c, FINDING_FLOW_ARRIVE_UNDECIDED, "%.*s", STR_ARG(x->reason));
        check_undecided(c);
    }
    if (x->missing.n > 0 && !x->undecided)
        check_add(c, FINDING_FLOW_ARRIVE_NO_FOLDER, "%.*s", STR_ARG(x->missing));
    if (x->arrived && e->must_not_arrive)
        check_add(c, FINDING_FLOW_ARRIVE_UNEXPECTED, "in %.*s after %.1f s",
                  STR_ARG(x->copies[0].folder), took_s);
    else if (x->arrived && e->crit_ms > 0 && x->took_ms > e->crit_ms)
        check_add_as(c, SEV_HIGH, FINDING_FLOW_ARRIVE_LATE, "%.1f s, at most %.1f s", took_s,
                     (double)e->crit_ms / 1000);
    else if (x->arrived && e->warn_ms > 0 && x->took_ms > e->warn_ms)
        check_add(c, FINDING_FLOW_ARRIVE_LATE, "%.1f s, better within %.1f s", took_s,
                  (double)e->warn_ms / 1000);
    else if (!x->arrived && !x->undecided && !e->must_not_arrive)
        check_add(c, FINDING_FLOW_ARRIVE_MISSING, "no such %s came", what);
    if (x->arrived)
        check_end(c, x->took_ms * 1000, "%s in %.*s after %.1f s", what,
                  STR_ARG(x->copies[0].folder), took_s);
    else
        check_end(c, -1, x->undecided ? "the mailbox did not answer" : "nothing arrived");
}

static void judge_place(struct check_list *c, struct str group, const struct arrival *x,
                        const struct arrival_expect *e)
{
    struct str folder = x->copies[0].folder;
    if (e->folder.n > 0) {
        check_begin(c, group, "folder");
        if (!str_ieq(folder, e->folder))
            check_add(c, FINDING_FLOW_ARRIVE_FOLDER, "in %.*s, not in %.*s", STR_ARG(folder),
                      STR_ARG(e->folder));
        check_end(c, -1, "%.*s", STR_ARG(folder));
    }
    if (e->copies > 0) {
        check_begin(c, group, "copies");
        if (x->n_copies != e->copies)
            check_add(c, FINDING_FLOW_ARRIVE_COPIES, "%zu, not %zu", x->n_copies, e->copies);
        if (x->undecided)
            check_undecided(c);
        check_end(c, -1, "%zu", x->n_copies);
    }
}

enum { SKEW_ALLOWED_S = 2 }; /* clocks that are set by NTP, and whole seconds */

static void judge_hops(struct check_list *c, struct str group, const struct trace_hops *h,
                       const struct arrival_expect *e)
{
    bool asked = e->hops_tls || e->slow_hop_s > 0;
    if (h->n == 0 && !asked) {
        check_skip(c, group, "hops", "no Received field");
        return;
    }
    check_begin(c, group, "hops");
    /* What no field tells is not as it should be; with more than can be read the oldest are not. */
    if (asked && (h->n == 0 || h->cut || (e->slow_hop_s > 0 && h->slowest >= h->n)))
        check_undecided(c);
    for (size_t i = 0; i < h->n; i++) {
        const struct trace_hop *hop = &h->items[i];
        struct str from = hop->received.from_name, by = hop->received.by_name;
        if (e->slow_hop_s > 0 && hop->has_delay && hop->delay_s > e->slow_hop_s)
            check_add(c, FINDING_FLOW_HOP_SLOW, "%.*s to %.*s: %lld s", STR_ARG(from), STR_ARG(by),
                      (long long)hop->delay_s);
        if (!hop->tls && !hop->internal)
            check_add_as(c, e->hops_tls ? SEV_HIGH : SEV_INFO, FINDING_FLOW_HOP_PLAIN,
                         "%.*s to %.*s with %.*s", STR_ARG(from), STR_ARG(by),
                         STR_ARG(hop->received.with));
    }
    if (h->skewed && h->skew_s > SKEW_ALLOWED_S)
        check_add(c, FINDING_FLOW_HOP_SKEW, "%lld s backwards", (long long)h->skew_s);
    if (h->n == 0) {
        check_end(c, -1, "no Received field");
        return;
    }
    check_end(c, h->has_total ? h->total_s * 1000000 : -1, "%zu, %zu of them without TLS", h->n,
              h->n_plain);
}

/* Fields that go when a message is handed over. */
static bool may_go(struct str name)
{
    return str_ieq(name, STR("Bcc")) || str_ieq(name, STR("Return-Path"));
}

static enum finding_id change_id(const struct trace_change *t, bool *counts)
{
    *counts = true;
    switch (t->kind) {
    case TRACE_HEADER_ADDED: /* every server adds its trace */
        *counts = false;
        return FINDING_FLOW_ALTERED_HEADER;
    case TRACE_HEADER_REMOVED:
        *counts = !may_go(t->name);
        return FINDING_FLOW_ALTERED_HEADER;
    case TRACE_HEADER_CHANGED:
        return FINDING_FLOW_ALTERED_HEADER;
    case TRACE_HEADER_REFOLDED:
    case TRACE_HEADER_MOVED:
    case TRACE_BODY_LINE_ENDS:
    case TRACE_BODY_WHITESPACE:
    case TRACE_BODY_ENCODING:
        return FINDING_FLOW_ALTERED_FORM;
    case TRACE_BODY_APPENDED:
    case TRACE_BODY_CHANGED:
        return FINDING_FLOW_ALTERED_BODY;
    case TRACE_PART_ADDED:
    case TRACE_PART_REMOVED:
    case TRACE_PART_CHANGED:
        break;
    }
    return FINDING_FLOW_ALTERED_PART;
}

static void judge_altered(struct check_list *c, struct str group, const struct trace_altered *t)
{
    check_begin(c, group, "altered");
    for (size_t i = 0; i < t->n; i++) {
        bool counts;
        enum finding_id id = change_id(&t->items[i], &counts);
        if (counts)
            check_add(c, id, "%s %.*s: %.*s", trace_change_name(t->items[i].kind),
                      STR_ARG(t->items[i].name), STR_ARG(t->items[i].detail));
    }
    if (t->cut)
        check_undecided(c);
    check_end(c, -1, "%s, %zu changes", t->body_intact ? "body whole" : "body changed", t->n);
}

/* "5.7.*": each part as it is, or any; fewer parts fit too. */
static bool status_fits(struct str status, struct str pattern)
{
    while (pattern.p != NULL) {
        struct str want = str_cut(&pattern, '.');
        struct str is = str_cut(&status, '.');
        if (!str_eq(want, STR("*")) && !str_eq(want, is))
            return false;
    }
    return true;
}

static void judge_bounce(struct check_list *c, struct str group, const struct trace_dsn *d,
                         struct str pattern)
{
    bool fits = pattern.n == 0;
    struct str first = d->n_rcpts > 0 ? d->rcpts[0].status : STR("");
    for (size_t i = 0; i < d->n_rcpts; i++)
        fits |= status_fits(d->rcpts[i].status, pattern);
    check_begin(c, group, "bounce");
    if (!fits)
        check_add(c, FINDING_FLOW_BOUNCE_STATUS, "%.*s, not %.*s", STR_ARG(first),
                  STR_ARG(pattern));
    check_end(c, -1, "%.*s %.*s", STR_ARG(first),
              STR_ARG(d->n_rcpts > 0 ? d->rcpts[0].diagnostic : STR("")));
}

static struct str own_dmarc(const struct authres *own)
{
    for (size_t i = 0; i < own->n; i++)
        if (str_eq(own->results[i].method, STR("dmarc")))
            return own->results[i].result;
    return STR("none");
}

static void judge_authentic(struct check_list *c, struct str group, const struct arrival *x,
                            const struct arrival_expect *e)
{
    if (e->by_receiver && !x->has_own_results) {
        check_begin(c, group, "authentication");
        check_add(c, FINDING_FLOW_ARRIVE_UNAUTHENTIC,
                  "no Authentication-Results of the receiver that can be believed");
        check_end(c, -1, "the receiver does not say");
        return;
    }
    if (!x->has_own_results && !x->judged) {
        check_begin(c, group, "authentication");
        check_undecided(c);
        check_end(c, -1, "nobody judged it: no DNS, no results of the receiver");
        return;
    }
    struct str dmarc = x->has_own_results ? own_dmarc(&x->own_results)
                                          : str_from(dmarc_result_name(x->job.dmarc.result));
    check_begin(c, group, "authentication");
    if (str_eq(dmarc, STR("temperror")))
        check_undecided(c);
    else if (!str_eq(dmarc, STR("pass")))
        check_add(c, FINDING_FLOW_ARRIVE_UNAUTHENTIC, "dmarc=%.*s%s", STR_ARG(dmarc),
                  x->has_own_results ? " by the receiver" : "");
    check_end(c, -1, "dmarc=%.*s", STR_ARG(dmarc));
}

bool arrival_link(const struct arrival *x, struct str with, struct str *out)
{
    for (size_t i = 0; i < x->extract.n_links; i++) {
        if (str_search(x->extract.links[i], with) == x->extract.links[i].n && with.n > 0)
            continue;
        *out = x->extract.links[i];
        return true;
    }
    return false;
}

static void judge_extract(struct check_list *c, struct str group, const struct arrival *x,
                          const struct arrival_expect *e)
{
    struct str link;
    check_begin(c, group, "extract");
    for (size_t i = 0; i < e->n_links; i++)
        if (!arrival_link(x, e->links[i], &link))
            check_add(c, FINDING_FLOW_EXTRACT_MISSING, "no link%s%.*s among %zu",
                      e->links[i].n > 0 ? " with " : "", STR_ARG(e->links[i]), x->extract.n_links);
    if (e->code && x->extract.n_codes == 0)
        check_add(c, FINDING_FLOW_EXTRACT_MISSING, "no one-time code");
    check_end(c, -1, "links: %zu, codes: %zu", x->extract.n_links, x->extract.n_codes);
}

void arrival_judge(struct check_list *checks, struct str group, const struct arrival *x,
                   const struct arrival_expect *e)
{
    judge_arrival(checks, group, x, e);
    if (!x->arrived || e->must_not_arrive)
        return;
    judge_place(checks, group, x, e);
    judge_hops(checks, group, &x->hops, e);
    if (x->compared)
        judge_altered(checks, group, &x->altered);
    if (e->bounce)
        judge_bounce(checks, group, &x->dsn, e->bounce_status);
    if (e->authentic)
        judge_authentic(checks, group, x, e);
    if (e->n_links > 0 || e->code)
        judge_extract(checks, group, x, e);
}
