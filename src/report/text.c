/* The page for people: what a postmaster must know in five seconds, then why, then what to do. */
#include "base/idna.h"
#include "report/text_internal.h"

enum flow_style severity_style(enum severity s)
{
    return s >= SEV_HIGH     ? FLOW_BAD
           : s == SEV_MEDIUM ? FLOW_WARN
           : s == SEV_LOW    ? FLOW_INFO
                             : FLOW_DIM;
}

enum flow_style action_style(enum verdict_action a)
{
    return a == ACTION_ACCEPT ? FLOW_GOOD : a == ACTION_REJECT ? FLOW_BAD : FLOW_WARN;
}

enum flow_style result_style(const char *result)
{
    struct str word = str_from(result);
    if (str_eq(word, STR("pass")))
        return FLOW_GOOD;
    if (str_eq(word, STR("fail")) || str_eq(word, STR("permerror")))
        return FLOW_BAD;
    return str_eq(word, STR("none")) ? FLOW_DIM : FLOW_WARN;
}

/* ---- the head ---- */

void text_upper(struct flow *f, enum flow_style style, const char *word)
{
    char text[32];
    size_t n = 0;
    for (; word[n] != '\0' && n < sizeof text; n++)
        text[n] = word[n] >= 'a' && word[n] <= 'z' ? (char)(word[n] - 'a' + 'A') : word[n];
    flow_put(f, style, str_make(text, n));
}

static void field(struct flow *f, const char *name, struct str value)
{
    flow_putz(f, FLOW_DIM, name);
    flow_putz(f, FLOW_PLAIN, " ");
    if (value.p == NULL)
        flow_putz(f, FLOW_DIM, "(none)");
    else
        flow_put(f, FLOW_BOLD, value);
}

static void head_lines(struct flow *f, const struct job *job, const struct facts *facts)
{
    const struct verdict *v = &job->verdict;
    flow_line(f, 0, COLUMN_FINDING);
    text_upper(f, action_style(v->action), action_name(v->action));
    if (!v->complete)
        flow_putz(f, FLOW_WARN, " undecided");
    flow_putz(f, FLOW_PLAIN, "  ");
    field(f, "From:", facts->from);
    flow_putz(f, FLOW_PLAIN, "  ");
    field(f, "Subject:", facts->subject);
    flow_end(f);

    flow_line(f, COLUMN_NAME, COLUMN_FINDING);
    flow_value(f, FLOW_DIM, job->source);
    flow_putz(f, FLOW_DIM, ", ");
    flow_num(f, FLOW_DIM, job->raw.n);
    flow_putz(f, FLOW_DIM, " bytes");
    for (size_t i = 0; i < v->n_reasons; i++) {
        flow_putz(f, FLOW_PLAIN, i == 0 ? "; because of " : ", ");
        flow_put(f, FLOW_PLAIN, finding_kind(v->reasons[i])->name);
    }
    flow_end(f);
}

/* ---- authentication, a line each ---- */

static void result_line(struct flow *f, const char *name, const char *result)
{
    flow_line(f, COLUMN_NAME, COLUMN_DETAIL);
    flow_putz(f, FLOW_PLAIN, name);
    flow_pad(f, COLUMN_RESULT);
    flow_putz(f, result_style(result), result);
    flow_pad(f, COLUMN_DETAIL);
}

/* A further statement about the subject of the line, after a comma when there was one before. */
static void also(struct flow *f, bool *any, const char *words, struct str value)
{
    flow_putz(f, FLOW_PLAIN, *any ? ", " : "");
    flow_pair(f, FLOW_PLAIN, words, value);
    *any = true;
}

static void reason(struct flow *f, bool any, struct str text)
{
    if (text.n == 0)
        return;
    flow_putz(f, FLOW_PLAIN, any ? ": " : "");
    flow_put(f, FLOW_PLAIN, text);
}

/* `note` tells which identity it was when the name of the line does not. */
static void spf_line(struct flow *f, const char *name, const char *note,
                     const struct spf_outcome *s, bool aligned)
{
    bool any = s->domain.n > 0;
    result_line(f, name, spf_result_name(s->result));
    flow_value(f, FLOW_BOLD, s->domain);
    flow_putz(f, FLOW_PLAIN, any ? note : "");
    if (aligned)
        also(f, &any, "aligned", STR_NONE);
    if (s->mechanism.n > 0)
        also(f, &any, "by ", s->mechanism);
    if (s->matched_in.n > 0 && !domain_eq(s->matched_in, s->domain))
        flow_pair(f, FLOW_PLAIN, " of ", s->matched_in);
    reason(f, any, s->reason);
    if (s->explanation.n > 0)
        also(f, &any, "it says: ", s->explanation);
    flow_end(f);
}

static void signature_line(struct flow *f, const struct dkim_signature *s)
{
    bool any = s->domain.n > 0;
    result_line(f, "DKIM", dkim_result_name(s->result));
    flow_value(f, FLOW_BOLD, s->domain);
    if (s->selector.n > 0)
        also(f, &any, "selector ", s->selector);
    if (s->result == DKIM_PASS)
        also(f, &any, s->aligned ? "aligned" : "not aligned", STR_NONE);
    if (s->unsigned_tail)
        also(f, &any, "unsigned text at the end", STR_NONE);
    if (s->key_testing)
        also(f, &any, "test key", STR_NONE);
    reason(f, any, s->reason);
    flow_end(f);
}

static void dkim_lines(struct flow *f, const struct dkim_outcome *d)
{
    for (size_t i = 0; i < d->n; i++)
        signature_line(f, &d->sigs[i]);
    if (d->n > 0)
        return;
    result_line(f, "DKIM", dkim_result_name(d->result));
    flow_putz(f, FLOW_DIM, d->seen == 0 ? "no signature" : "no signature was evaluated");
    flow_end(f);
}

static void arc_line(struct flow *f, const struct arc_outcome *a)
{
    bool any = a->instances > 0;
    result_line(f, "ARC", arc_result_name(a->result));
    if (!any && a->reason.n == 0)
        flow_putz(f, FLOW_DIM, "no chain");
    if (any) {
        flow_num(f, FLOW_PLAIN, a->instances);
        flow_putz(f, FLOW_PLAIN, a->instances == 1 ? " set, sealed by " : " sets, sealed by ");
    }
    for (unsigned i = 0; a->sets != NULL && i < a->instances; i++) {
        flow_putz(f, FLOW_PLAIN, i == 0 ? "" : ", ");
        flow_value(f, FLOW_BOLD, a->sets[i].sealer);
    }
    if (a->result == ARC_PASS)
        also(f, &any, a->trusted ? "trusted" : "not trusted", STR_NONE);
    if (a->result == ARC_PASS && a->untrusted_sealer.n > 0)
        flow_pair(f, FLOW_PLAIN, ": ", a->untrusted_sealer);
    reason(f, any, a->reason);
    flow_end(f);
}

static void dmarc_policy_words(struct flow *f, bool *any, const struct dmarc_outcome *d)
{
    static const char *const tags[] = {"p=", "sp=", "np="};
    if (d->policy_domain.n == 0 || d->published == DMARC_P_UNSET)
        return;
    also(f, any, tags[d->applies], str_from(dmarc_policy_name(d->published)));
    if (!domain_eq(d->policy_domain, d->author_domain))
        flow_pair(f, FLOW_PLAIN, " of ", d->policy_domain);
    if (d->testing)
        flow_putz(f, FLOW_PLAIN, " (t=y)");
    if (d->result == DMARC_FAIL)
        also(f, any, "asks for ", str_from(dmarc_policy_name(d->disposition)));
}

static void dmarc_line(struct flow *f, const struct dmarc_outcome *d)
{
    bool any = d->author_domain.n > 0;
    result_line(f, "DMARC", dmarc_result_name(d->result));
    flow_value(f, FLOW_BOLD, d->author_domain);
    dmarc_policy_words(f, &any, d);
    if (d->result == DMARC_PASS)
        also(f, &any, d->spf_aligned ? d->dkim_aligned ? "by SPF and DKIM" : "by SPF" : "by DKIM",
             STR_NONE);
    if (d->override_reason.n > 0)
        also(f, &any, "overridden: ", d->override_reason);
    reason(f, any, d->reason);
    flow_end(f);
}

static void authentication(struct flow *f, const struct job *job)
{
    spf_line(f, "SPF", job->spf.identity == SPF_HELO ? " (HELO)" : "", &job->spf,
             job->dmarc.spf_aligned);
    if (job->helo_checked)
        spf_line(f, "HELO", "", &job->helo, false);
    dkim_lines(f, &job->dkim);
    arc_line(f, &job->arc);
    dmarc_line(f, &job->dmarc);
}

/* ---- findings ---- */

void text_labelled(struct flow *f, const char *label)
{
    flow_line(f, COLUMN_FINDING, COLUMN_FINDING + 6);
    flow_putz(f, FLOW_DIM, label);
    flow_pad(f, COLUMN_FINDING + 6);
}

static bool has_place(const struct finding_where *w)
{
    return w->header.n > 0 || w->part.n > 0 || w->has_offset;
}

static void place(struct flow *f, const struct finding_where *w)
{
    bool any = false;
    text_labelled(f, "at");
    if (w->header.n > 0)
        also(f, &any, "field ", w->header);
    if (w->part.n > 0)
        also(f, &any, "part ", w->part);
    if (w->member.n > 0)
        also(f, &any, "packed as ", w->member);
    if (w->has_offset) {
        also(f, &any, "byte ", STR_NONE);
        flow_num(f, FLOW_PLAIN, w->offset);
    }
    flow_end(f);
}

static void seen(struct flow *f, struct str evidence)
{
    if (evidence.n == 0)
        return;
    text_labelled(f, "seen");
    flow_put(f, FLOW_PLAIN, evidence);
    flow_end(f);
}

void text_finding_head(struct flow *f, const struct finding *item, bool known)
{
    const struct finding_kind *kind = finding_kind(item->id);
    flow_line(f, COLUMN_NAME, COLUMN_FINDING);
    text_upper(f, known ? FLOW_DIM : severity_style(item->severity), severity_name(item->severity));
    flow_pad(f, COLUMN_FINDING);
    flow_put(f, known ? FLOW_PLAIN : FLOW_BOLD, kind->name);
    flow_putz(f, FLOW_DIM, known ? " (known)" : "");
    flow_putz(f, FLOW_PLAIN, "  ");
    flow_putz(f, FLOW_PLAIN, kind->title);
    flow_end(f);
    seen(f, item->evidence);
}

void text_finding_remedy(struct flow *f, const struct finding *item)
{
    const struct finding_kind *kind = finding_kind(item->id);
    text_labelled(f, "do");
    flow_putz(f, FLOW_PLAIN, kind->remedy);
    if (*kind->reference != '\0') {
        flow_putz(f, FLOW_DIM, " (");
        flow_putz(f, FLOW_DIM, kind->reference);
        flow_putz(f, FLOW_DIM, ")");
    }
    flow_end(f);
}

static bool alike(const struct finding *a, const struct finding *b)
{
    return a->id == b->id && a->severity == b->severity;
}

/* order[at] and all of its kind behind it: told once, seen in several places. Info and low stand in
 * one paragraph unless more is asked for: they need no action now. */
static void finding(struct flow *f, const struct finding *items, const size_t *order, size_t n,
                    size_t at, bool verbose)
{
    const struct finding *first = &items[order[at]];
    bool brief = !verbose && first->severity <= SEV_LOW;
    text_finding_head(f, first, false);
    for (size_t i = at; i < n; i++) {
        const struct finding *item = &items[order[i]];
        if (!alike(first, item))
            continue;
        if (i != at)
            seen(f, item->evidence);
        if (!brief && has_place(&item->where))
            place(f, &item->where);
    }
    if (!brief)
        text_finding_remedy(f, first);
}

static bool told_before(const struct finding *items, const size_t *order, size_t at)
{
    for (size_t i = at; i > 0 && items[order[i - 1]].severity == items[order[at]].severity; i--)
        if (items[order[i - 1]].id == items[order[at]].id)
            return true;
    return false;
}

void text_findings_dropped(struct flow *f, size_t dropped)
{
    if (dropped == 0)
        return;
    flow_line(f, COLUMN_NAME, COLUMN_FINDING);
    flow_putz(f, FLOW_WARN, "and ");
    flow_num(f, FLOW_WARN, dropped);
    flow_putz(f, FLOW_WARN, " more that are only counted");
    flow_end(f);
}

static void findings(struct flow *f, const struct job *job, bool verbose)
{
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(&job->findings, order);
    if (n > 0)
        buf_addc(f->out, '\n');
    for (size_t i = 0; i < n; i++)
        if (!told_before(job->findings.items, order, i))
            finding(f, job->findings.items, order, n, i, verbose);
    text_findings_dropped(f, job->findings.dropped);
}

/* ---- the stream ---- */

/* One line for a message that passed, when there are many: what needs no one must not hide the
 * rest. */
static void one_line(struct flow *f, const struct job *job, const struct facts *facts)
{
    flow_line(f, 0, COLUMN_FINDING);
    text_upper(f, action_style(job->verdict.action), action_name(job->verdict.action));
    flow_pad(f, COLUMN_FINDING);
    flow_value(f, FLOW_PLAIN, job->source);
    flow_putz(f, FLOW_PLAIN, "  ");
    field(f, "From:", facts->from);
    flow_end(f);
}

static void text_begin(struct report *r)
{
    (void)r;
}

static void text_message(struct report *r, const struct job *job, int outcome)
{
    struct flow f;
    struct facts facts;
    bool many = r->expected != 1, verbose = r->options.verbose;
    flow_init(&f, r->out, r->options.width, r->options.colour);
    facts_of(&r->scratch, job, &facts);
    if (many && !verbose && outcome == EXIT_PASSED && job->verdict.action == ACTION_ACCEPT) {
        one_line(&f, job, &facts);
    } else {
        head_lines(&f, job, &facts);
        if (!job->auth_skipped)
            authentication(&f, job);
        findings(&f, job, verbose);
        if (verbose)
            text_verbose(&f, &r->scratch, job);
        if (many)
            buf_addc(r->out, '\n');
    }
    flow_clear(&f);
}

static void text_error(struct report *r, const struct report_error *e)
{
    struct flow f;
    flow_init(&f, r->out, r->options.width, r->options.colour);
    flow_line(&f, 0, COLUMN_FINDING);
    flow_putz(&f, FLOW_BAD, "ERROR");
    flow_pad(&f, COLUMN_FINDING);
    flow_value(&f, FLOW_BOLD, e->source);
    flow_putz(&f, FLOW_PLAIN, ": ");
    flow_put(&f, FLOW_PLAIN, e->text);
    flow_end(&f);
    flow_clear(&f);
}

void text_count(struct flow *f, enum flow_style style, size_t n, const char *what)
{
    style = n > 0 ? style : FLOW_DIM;
    flow_num(f, style, n);
    flow_putz(f, style, what);
}

static const char *entry_words(const struct report *r)
{
    if (r->n_cases > 0)
        return r->entries == 1 ? " case: " : " cases: ";
    if (r->subjects > 0)
        return r->entries == 1 ? " target: " : " targets: ";
    return r->entries == 1 ? " message: " : " messages: ";
}

static void text_end(struct report *r)
{
    struct flow f;
    if (r->expected == 1 && r->entries == 1)
        return;
    flow_init(&f, r->out, r->options.width, r->options.colour);
    flow_line(&f, 0, COLUMN_NAME);
    text_count(&f, FLOW_BOLD, r->entries, entry_words(r));
    text_count(&f, FLOW_GOOD, r->passed, " passed, ");
    text_count(&f, FLOW_BAD, r->failed, " failed, ");
    text_count(&f, FLOW_WARN, r->undecided, " undecided");
    if (r->skipped > 0) {
        flow_putz(&f, FLOW_PLAIN, ", ");
        text_count(&f, FLOW_DIM, r->skipped, " skipped");
    }
    if (r->unreadable > 0) {
        flow_putz(&f, FLOW_PLAIN, ", ");
        text_count(&f, FLOW_BAD, r->unreadable, " with an error");
    }
    flow_end(&f);
    flow_clear(&f);
}

const struct report_ops report_text_ops = {text_begin, text_message, text_subject, text_error,
                                           text_end};
