/* What arrived against what a suite expects of it: place, copies, hops, changes, bounce, text. */
#include "message/encoded_word.h"
#include "suite/arrive_internal.h"

typedef const struct suite_expect_arrival expect_arrival;

static const struct arrival_seen *seen_of(const void *seen)
{
    return seen;
}

/* ---- place, time, number ---- */

static struct judged judge_folder(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    struct judged j = judged_one_of(w, &e->folder, seen_of(seen)->hit->folder);
    j.has_finding = true;
    j.finding = FINDING_FLOW_ARRIVE_FOLDER;
    return j;
}

static struct judged judge_time(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    int64_t ms = seen_of(seen)->arrival->took_ms;
    struct judged j = judged_compare(&e->time, ms, judge_ms(w, ms));
    j.has_finding = true;
    j.finding = FINDING_FLOW_ARRIVE_LATE;
    return j;
}

static struct judged judge_copies(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    const struct arrival *x = seen_of(seen)->arrival;
    if (x->undecided)
        return judged_open(e->copies.text, x->reason);
    struct judged j =
        judged_compare(&e->copies, (int64_t)x->n_copies, arena_fmt(w->arena, "%zu", x->n_copies));
    j.has_finding = true;
    j.finding = FINDING_FLOW_ARRIVE_COPIES;
    return j;
}

static struct judged judge_attempts(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    unsigned n = seen_of(seen)->hit->attempts;
    return n == 0 ? judged_open(e->attempts.text, STR("this mailbox does not tell"))
                  : judged_compare(&e->attempts, n, arena_fmt(w->arena, "%u", n));
}

static const struct judge_row place_rows[] = {
    {"folder", offsetof(expect_arrival, folder.at), judge_folder},
    {"time", offsetof(expect_arrival, time.at), judge_time},
    {"copies", offsetof(expect_arrival, copies.at), judge_copies},
    {"attempts", offsetof(expect_arrival, attempts.at), judge_attempts},
};

/* ---- hops ---- */

static struct str hop_text(struct work *w, const struct trace_hops *h, size_t i)
{
    const struct received *r = &h->items[i].received;
    return arena_fmt(w->arena, "%.*s at hop %zu, %.*s",
                     STR_ARG(judge_ms(w, h->items[i].delay_s * 1000)), i + 1,
                     STR_ARG(r->by_name.n > 0 ? r->by_name : STR("an unnamed server")));
}

static struct judged judge_hop_count(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_hops *e = expect;
    const struct trace_hops *h = &seen_of(seen)->arrival->hops;
    return h->cut ? judged_open(e->count.text, STR("there are more than can be read"))
                  : judged_compare(&e->count, (int64_t)h->n, arena_fmt(w->arena, "%zu", h->n));
}

static struct judged judge_hop_slowest(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_hops *e = expect;
    const struct trace_hops *h = &seen_of(seen)->arrival->hops;
    if (h->slowest >= h->n)
        return judged_open(e->slowest.text, STR("no hop tells its time"));
    struct judged j = judged_compare(&e->slowest, h->items[h->slowest].delay_s * 1000,
                                     hop_text(w, h, h->slowest));
    j.has_finding = true;
    j.finding = FINDING_FLOW_HOP_SLOW;
    return j;
}

static struct judged judge_hop_total(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_hops *e = expect;
    const struct trace_hops *h = &seen_of(seen)->arrival->hops;
    return h->has_total
               ? judged_compare(&e->total, h->total_s * 1000, judge_ms(w, h->total_s * 1000))
               : judged_open(e->total.text, STR("no hop tells its time"));
}

static struct judged judge_hop_skew(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_hops *e = expect;
    const struct trace_hops *h = &seen_of(seen)->arrival->hops;
    bool timed = false;
    for (size_t i = 0; i < h->n; i++)
        timed |= h->items[i].has_time;
    if (!timed)
        return judged_open(e->skew.text, STR("no hop tells its time"));
    return judged_compare(&e->skew, h->skew_s * 1000, judge_ms(w, h->skew_s * 1000));
}

static struct judged judge_hop_tls(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_hops *e = expect;
    const struct trace_hops *h = &seen_of(seen)->arrival->hops;
    bool all = e->tls.value == SUITE_HOPS_ALL_TLS;
    struct str plain = STR(""), wanted = all ? STR("every hop in TLS") : STR("any");
    if (h->n == 0 || (h->cut && h->n_plain == 0))
        return judged_open(wanted, h->n == 0 ? STR("it has no hops")
                                             : STR("there are more than can be read"));
    for (size_t i = 0; i < h->n; i++)
        if (!h->items[i].tls && !h->items[i].internal)
            plain = arena_fmt(w->arena, "%.*s%s%zu %.*s", STR_ARG(plain), plain.n > 0 ? ", " : "",
                              i + 1, STR_ARG(h->items[i].received.by_name));
    struct judged j =
        judged_if(!all || h->n_plain == 0, wanted,
                  h->n_plain == 0 ? STR("every hop between hosts in TLS")
                                  : arena_fmt(w->arena, "no TLS at hop %.*s", STR_ARG(plain)));
    j.has_finding = true;
    j.finding = FINDING_FLOW_HOP_PLAIN;
    return j;
}

static const struct judge_row hop_rows[] = {
    {"hops.count", offsetof(struct suite_expect_hops, count.at), judge_hop_count},
    {"hops.slowest", offsetof(struct suite_expect_hops, slowest.at), judge_hop_slowest},
    {"hops.total", offsetof(struct suite_expect_hops, total.at), judge_hop_total},
    {"hops.skew", offsetof(struct suite_expect_hops, skew.at), judge_hop_skew},
    {"hops.tls", offsetof(struct suite_expect_hops, tls.at), judge_hop_tls},
};

/* ---- what was altered ---- */

/* The word of a change that lists name: a field, or "appended" of "body-appended". */
static struct str change_word(const struct trace_change *c)
{
    struct str name = str_from(trace_change_name(c->kind));
    bool of_field = c->kind <= TRACE_HEADER_MOVED;
    return of_field ? c->name : str_slice(name, str_find(name, '-') + 1, name.n);
}

static struct judged judge_changes(struct work *w, const struct suite_list *l,
                                   const struct arrival *x, enum trace_change_kind first,
                                   enum trace_change_kind last, enum finding_id finding)
{
    struct str other = STR(""), wanted = judge_list_text(w, l);
    if (l->n > 0)
        wanted = arena_fmt(w->arena, "none but %.*s", STR_ARG(wanted));
    if (l->all)
        return judged_met(STR("any"), STR("not looked at"));
    if (!x->compared)
        return judged_open(wanted, STR("what was sent is not known"));
    for (size_t i = 0; i < x->altered.n; i++) {
        const struct trace_change *c = &x->altered.items[i];
        if (c->kind < first || c->kind > last || suite_list_matches(l, change_word(c)))
            continue;
        other = arena_fmt(w->arena, "%.*s%s%s%s%.*s%s%.*s", STR_ARG(other), other.n > 0 ? "; " : "",
                          trace_change_name(c->kind), c->name.n > 0 ? " " : "", STR_ARG(c->name),
                          c->detail.n > 0 ? ": " : "", STR_ARG(c->detail));
    }
    if (other.n == 0 && x->altered.cut)
        return judged_open(wanted, STR("there are more changes than are listed"));
    struct judged j = judged_if(other.n == 0, wanted, other.n == 0 ? STR("nothing else") : other);
    j.has_finding = true;
    j.finding = finding;
    return j;
}

static struct judged judge_body(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_altered *e = expect;
    return judge_changes(w, &e->body, seen_of(seen)->arrival, TRACE_BODY_LINE_ENDS,
                         TRACE_BODY_CHANGED, FINDING_FLOW_ALTERED_BODY);
}

static struct judged judge_parts(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_altered *e = expect;
    return judge_changes(w, &e->parts, seen_of(seen)->arrival, TRACE_PART_ADDED, TRACE_PART_CHANGED,
                         FINDING_FLOW_ALTERED_PART);
}

static struct judged judge_added(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_altered *e = expect;
    return judge_changes(w, &e->headers_added, seen_of(seen)->arrival, TRACE_HEADER_ADDED,
                         TRACE_HEADER_ADDED, FINDING_FLOW_ALTERED_HEADER);
}

static struct judged judge_removed(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_altered *e = expect;
    return judge_changes(w, &e->headers_removed, seen_of(seen)->arrival, TRACE_HEADER_REMOVED,
                         TRACE_HEADER_REMOVED, FINDING_FLOW_ALTERED_HEADER);
}

static struct judged judge_changed(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_altered *e = expect;
    return judge_changes(w, &e->headers_changed, seen_of(seen)->arrival, TRACE_HEADER_CHANGED,
                         TRACE_HEADER_CHANGED, FINDING_FLOW_ALTERED_HEADER);
}

static const struct judge_row altered_rows[] = {
    {"altered.body", offsetof(struct suite_expect_altered, body.at), judge_body},
    {"altered.parts", offsetof(struct suite_expect_altered, parts.at), judge_parts},
    {"altered.headers-added", offsetof(struct suite_expect_altered, headers_added.at), judge_added},
    {"altered.headers-removed", offsetof(struct suite_expect_altered, headers_removed.at),
     judge_removed},
    {"altered.headers-changed", offsetof(struct suite_expect_altered, headers_changed.at),
     judge_changed},
};

/* ---- a bounce ---- */

static struct str rcpt_status(const struct trace_dsn_rcpt *r)
{
    return r->status;
}
static struct str rcpt_action(const struct trace_dsn_rcpt *r)
{
    return r->action;
}
static struct str rcpt_final(const struct trace_dsn_rcpt *r)
{
    return r->final_rcpt;
}
static struct str rcpt_diagnostic(const struct trace_dsn_rcpt *r)
{
    return r->diagnostic;
}

/* Some recipient of the report has it. */
static struct judged judge_report(struct work *w, const struct trace_dsn *d,
                                  const struct suite_list *l,
                                  struct str (*field)(const struct trace_dsn_rcpt *))
{
    struct str got = STR("");
    bool ok = false;
    for (size_t i = 0; i < d->n_rcpts; i++) {
        struct str value = field(&d->rcpts[i]);
        ok |= suite_list_matches(l, value);
        got = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(got), i > 0 ? ", " : "", STR_ARG(value));
    }
    struct judged j = judged_if(ok, judge_list_text(w, l),
                                got.n > 0   ? got
                                : d->is_dsn ? STR("a report about nobody")
                                            : STR("no delivery report"));
    j.has_finding = true;
    j.finding = FINDING_FLOW_BOUNCE_STATUS;
    return j;
}

static struct judged judge_report_text(struct work *w, const struct trace_dsn *d,
                                       const struct suite_text *t,
                                       struct str (*field)(const struct trace_dsn_rcpt *))
{
    struct suite_list one = {.items = &t->text, .n = 1};
    return judge_report(w, d, &one, field);
}

static struct judged judge_status(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_bounce *e = expect;
    return judge_report(w, &seen_of(seen)->arrival->dsn, &e->status, rcpt_status);
}
static struct judged judge_action(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_bounce *e = expect;
    return judge_report_text(w, &seen_of(seen)->arrival->dsn, &e->action, rcpt_action);
}
static struct judged judge_rcpt(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_bounce *e = expect;
    return judge_report_text(w, &seen_of(seen)->arrival->dsn, &e->recipient, rcpt_final);
}
static struct judged judge_diagnostic(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_bounce *e = expect;
    return judge_report_text(w, &seen_of(seen)->arrival->dsn, &e->diagnostic, rcpt_diagnostic);
}

static const struct judge_row bounce_rows[] = {
    {"bounce.status", offsetof(struct suite_expect_bounce, status.at), judge_status},
    {"bounce.action", offsetof(struct suite_expect_bounce, action.at), judge_action},
    {"bounce.recipient", offsetof(struct suite_expect_bounce, recipient.at), judge_rcpt},
    {"bounce.diagnostic", offsetof(struct suite_expect_bounce, diagnostic.at), judge_diagnostic},
};

/* ---- text ---- */

static struct str decoded(struct work *w, const struct header *h)
{
    return h == NULL ? STR("") : encoded_word_decode(w->arena, str_trim(h->value), NULL);
}

static struct judged judge_subject(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    const struct header *h = header_first(&seen_of(seen)->arrival->message, STR("Subject"));
    return judged_glob(&e->subject, decoded(w, h));
}

static struct judged judge_contains(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    const struct arrival_seen *s = seen;
    struct str missing = STR("");
    for (size_t i = 0; i < e->contains.n; i++)
        if (str_search(s->extract.text, e->contains.items[i]) >= s->extract.text.n)
            missing = arena_fmt(w->arena, "%.*s%s'%.*s'", STR_ARG(missing),
                                missing.n > 0 ? ", " : "", STR_ARG(e->contains.items[i]));
    struct str wanted = judge_list_text(w, &e->contains);
    if (!s->extracted)
        return judged_open(wanted, STR("the text could not be read"));
    return judged_if(missing.n == 0, wanted,
                     missing.n == 0 ? STR("all of it")
                                    : arena_fmt(w->arena, "no %.*s", STR_ARG(missing)));
}

static struct judged judge_count(struct work *w, const struct suite_compare *c,
                                 const struct arrival_seen *s, size_t n)
{
    return s->extracted ? judged_compare(c, (int64_t)n, arena_fmt(w->arena, "%zu", n))
                        : judged_open(c->text, STR("the text could not be read"));
}

static struct judged judge_links(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    return judge_count(w, &e->links, seen, seen_of(seen)->extract.n_links);
}

static struct judged judge_codes(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_arrival *e = expect;
    return judge_count(w, &e->codes, seen, seen_of(seen)->extract.n_codes);
}

static const struct judge_row text_rows[] = {
    {"subject", offsetof(expect_arrival, subject.at), judge_subject},
    {"contains", offsetof(expect_arrival, contains.at), judge_contains},
    {"links", offsetof(expect_arrival, links.at), judge_links},
    {"codes", offsetof(expect_arrival, codes.at), judge_codes},
};

/* One of the fields of that name fits; or there is none, as was asked for. */
static void judge_header(struct work *w, struct str group, const struct suite_expect_header *e,
                         const struct message *m)
{
    struct str wanted = e->pattern.p == NULL ? arena_fmt(w->arena, "no %.*s", STR_ARG(e->name))
                                             : arena_fmt(w->arena, "%.*s: %.*s", STR_ARG(e->name),
                                                         STR_ARG(e->pattern));
    struct str got = STR("");
    bool fits = false;
    for (const struct header *h = header_last(m, e->name); h != NULL; h = header_above(m, h)) {
        struct str value = decoded(w, h);
        fits |= e->pattern.p != NULL && suite_glob(e->pattern, value);
        got = value.n > 0 ? value : STR("an empty field");
    }
    struct judged j = judged_if(e->pattern.p == NULL ? got.n == 0 : fits, wanted,
                                got.n > 0 ? got : STR("no such field"));
    judge_tell(w, group, "header", e->at, &j);
}

/* ---- all ---- */

bool arrival_wants_job(const struct suite_arrive *a)
{
    return judge_auth_given(&a->expect.auth) || judge_findings_given(&a->expect.findings);
}

static void judge_authentication(struct work *w, struct str group, const struct suite_step *step,
                                 const struct suite_host *host, const struct arrival *x)
{
    const struct suite_expect_arrival *e = &step->arrive->expect;
    bool by_receiver = SUITE_GIVEN(e->authserv_id) || host->authserv_id.n > 0;
    struct str id = SUITE_GIVEN(e->authserv_id) ? e->authserv_id.text : host->authserv_id;
    struct suite_place at = SUITE_GIVEN(e->auth) ? e->auth.at : step->at;
    if (!judge_auth_given(&e->auth))
        return;
    if (by_receiver && x->has_own_results) {
        judge_auth_by(w, group, &e->auth, &x->own_results);
    } else if (by_receiver) {
        struct judged j =
            judged_if(false,
                      arena_fmt(w->arena, "Authentication-Results of %.*s on top", STR_ARG(id)),
                      STR("none that can be believed"));
        judge_tell(w, group, "auth", at, &j);
    } else if (x->judged) {
        judge_auth(w, group, &e->auth, &x->job);
    } else {
        judge_open(w, group, "auth", at, STR("it could not be judged here"));
    }
}

static void judge_message(struct work *w, struct str group, const struct suite_expect_arrival *e,
                          const struct arrival *x)
{
    if (!judge_findings_given(&e->findings))
        return;
    struct finding_list none = {0};
    judge_findings(w, group, &e->findings, x->has_job ? &x->job.findings : &none,
                   x->judged && x->job.verdict.complete);
}

void judge_arrival(struct work *w, const struct suite_step *step, const struct suite_host *host,
                   const struct arrival *x)
{
    const struct suite_expect_arrival *e = &step->arrive->expect;
    struct arrival_seen seen = {.asked = step->arrive, .arrival = x, .hit = &x->copies[0]};
    struct str group = STR("arrive");
    if (SUITE_GIVEN(e->contains) || SUITE_GIVEN(e->links) || SUITE_GIVEN(e->codes))
        seen.extracted = trace_extract(w->arena, &x->message, &seen.extract, NULL) == MP_OK;
    judge_rows(w, group, place_rows, ARRAY_LEN(place_rows), e, &seen);
    judge_authentication(w, group, step, host, x);
    judge_rows(w, group, hop_rows, ARRAY_LEN(hop_rows), &e->hops, &seen);
    judge_rows(w, group, altered_rows, ARRAY_LEN(altered_rows), &e->altered, &seen);
    judge_client(w, group, &e->client, step->at, &seen);
    judge_rows(w, group, bounce_rows, ARRAY_LEN(bounce_rows), &e->bounce, &seen);
    judge_rows(w, group, text_rows, ARRAY_LEN(text_rows), e, &seen);
    for (size_t i = 0; i < e->n_headers; i++)
        judge_header(w, group, &e->headers[i], &x->message);
    judge_message(w, group, e, x);
}
