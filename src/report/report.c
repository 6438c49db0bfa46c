/* The stream of reports: dispatch by format, counting, and what all formats read from a job. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "message/encoded_word.h"
#include "message/limits.h"
#include "report/case_internal.h"

enum { SUITE_NAME_MAX_BYTES = 4096 };

static const struct format_row {
    struct str name;
    const struct report_ops *ops;
} formats[] = {
    [REPORT_TEXT] = {STR_INIT("text"), &report_text_ops},
    [REPORT_JSON] = {STR_INIT("json"), &report_json_ops},
    [REPORT_JSONL] = {STR_INIT("jsonl"), &report_jsonl_ops},
    [REPORT_SARIF] = {STR_INIT("sarif"), &report_sarif_ops},
    [REPORT_JUNIT] = {STR_INIT("junit"), &report_junit_ops},
    [REPORT_TAP] = {STR_INIT("tap"), &report_tap_ops},
    [REPORT_GITHUB] = {STR_INIT("github"), &report_github_ops},
    [REPORT_MARKDOWN] = {STR_INIT("markdown"), &report_markdown_ops},
    [REPORT_PROMETHEUS] = {STR_INIT("prometheus"), &report_prometheus_ops},
};

bool report_format_by_name(struct str s, enum report_format *out)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (str_eq(formats[i].name, s)) {
            *out = (enum report_format)i;
            return true;
        }
    }
    return false;
}

const char *report_format_name(enum report_format f)
{
    return formats[f].name.p;
}

/* A check that failed stays failed, whatever else is open; only then doubt is told. */
int report_exit_code(const struct job *job, enum severity fail_on)
{
    if (job->verdict.any && job->verdict.worst >= fail_on)
        return EXIT_FAILED;
    return job->finished && job->verdict.complete ? EXIT_PASSED : EXIT_UNDECIDED;
}

/* ---- the stream ---- */

struct report *report_new(const struct report_options *o, struct buf *out, size_t expected)
{
    struct report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->options = *o;
    r->ops = formats[o->format].ops;
    r->out = out;
    r->expected = expected;
    arena_init(&r->scratch, SCRATCH_BUDGET_BYTES);
    buf_init(&r->side, SIDE_MAX_BYTES);
    buf_init(&r->suite, SUITE_NAME_MAX_BYTES);
    buf_init(&r->suites.whole, SIDE_MAX_BYTES);
    if (o->format == REPORT_PROMETHEUS && (r->metrics = metrics_new()) == NULL) {
        report_free(r);
        return NULL;
    }
    r->ops->begin(r);
    return r;
}

static void count_entry(struct report *r, int outcome, int64_t elapsed_us)
{
    arena_reset(&r->scratch);
    r->entries++;
    r->passed += outcome == EXIT_PASSED;
    r->failed += outcome == EXIT_FAILED;
    r->undecided += outcome == EXIT_UNDECIDED;
    r->skipped += outcome == CASE_SKIPPED;
    r->elapsed_us += elapsed_us;
}

void count_case(struct report *r, int outcome)
{
    r->cases.n++;
    r->cases.failed += outcome == EXIT_FAILED;
    r->cases.errors += outcome == EXIT_UNDECIDED;
    r->cases.skipped += outcome == CASE_SKIPPED;
}

static void add_message(struct report *r, const struct job *job, int outcome)
{
    count_entry(r, outcome, job->elapsed_us);
    r->incomplete += outcome == EXIT_UNDECIDED;
    count_case(r, outcome);
    r->ops->message(r, job, outcome);
}

void report_message(struct report *r, const struct job *job)
{
    add_message(r, job, report_exit_code(job, r->options.fail_on));
}

void report_expected(struct report *r, const struct job *job, bool held)
{
    add_message(r, job, held ? EXIT_PASSED : EXIT_FAILED);
}

void report_subject(struct report *r, const struct subject *s)
{
    bool is_case = subject_is_case(s);
    int outcome = is_case ? case_outcome(s, r->options.fail_on)
                          : report_subject_exit_code(s, r->options.fail_on);
    count_entry(r, outcome, s->elapsed_us);
    r->subjects++;
    r->n_cases += is_case;
    r->incomplete += subject_is_incomplete(s);
    r->ops->subject(r, s, outcome);
    buf_reset(&r->suite);
    if (is_case)
        buf_add(&r->suite, s->suite);
}

bool case_opens_suite(const struct report *r, const struct subject *s)
{
    return !str_eq(buf_str(&r->suite), s->suite);
}

void report_error(struct report *r, const struct report_error *e)
{
    r->entries++;
    r->unreadable++;
    r->subjects += e->kind != NULL;
    count_case(r, EXIT_UNDECIDED);
    r->ops->error(r, e);
}

void report_end(struct report *r)
{
    r->ops->end(r);
}

void report_free(struct report *r)
{
    if (r == NULL)
        return;
    arena_clear(&r->scratch);
    buf_clear(&r->side);
    buf_clear(&r->suite);
    buf_clear(&r->suites.whole);
    metrics_free(r->metrics);
    free(r);
}

/* ---- facts ---- */

static struct str decoded_field(struct arena *arena, const struct job *job, struct str name)
{
    const struct header *h = header_first(&job->message, name);
    return h == NULL ? STR_NONE : encoded_word_decode(arena, str_trim(h->value), NULL);
}

/* local@domain as a program would write it: the local part quoted again when it was. */
static struct str address_text(struct arena *arena, const struct mailbox *m)
{
    struct buf b;
    buf_init(&b, 2 * MESSAGE_MAX_HEAD_BYTES);
    if (m->local_quoted)
        buf_addc(&b, '"');
    for (size_t i = 0; i < m->local.n; i++) {
        if (m->local_quoted && (m->local.p[i] == '"' || m->local.p[i] == '\\'))
            buf_addc(&b, '\\');
        buf_addc(&b, m->local.p[i]);
    }
    if (m->local_quoted)
        buf_addc(&b, '"');
    if (m->domain.n > 0) {
        buf_addc(&b, '@');
        buf_add(&b, m->domain);
    }
    struct str s = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return s;
}

void facts_of(struct arena *arena, const struct job *job, struct facts *out)
{
    const struct header *id = header_first(&job->message, STR("Message-ID"));
    const struct header *date = header_first(&job->message, STR("Date"));
    const struct address_list *list = &job->author.list;
    struct mail_date when;
    *out = (struct facts){.from = decoded_field(arena, job, STR("From")),
                          .subject = decoded_field(arena, job, STR("Subject"))};
    if (id != NULL)
        out->message_id = header_unfold(arena, id->value);
    if (date != NULL && date_parse(date->value, &when)) {
        out->has_date = true;
        out->date_s = when.unix_s;
    }
    out->addresses = list->n == 0 ? NULL : arena_new(arena, struct str, list->n);
    for (size_t i = 0; out->addresses != NULL && i < list->n; i++)
        out->addresses[out->n_addresses++] = address_text(arena, &list->items[i]);
}

bool time_text(int64_t unix_s, char out[TIME_TEXT_MAX])
{
    static const int64_t year_1 = -62135596800, year_10000 = 253402300800;
    int y, mo, d, h, mi, s;
    out[0] = '\0';
    if (unix_s < year_1 || unix_s >= year_10000)
        return false;
    unix_to_civil(unix_s, &y, &mo, &d, &h, &mi, &s);
    int n = snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, mo, d, h, mi, s);
    return n > 0 && n < TIME_TEXT_MAX;
}

static size_t shown_findings(const struct finding_list *list)
{
    return list->n < FINDINGS_MAX ? list->n : FINDINGS_MAX;
}

size_t findings_by_severity(const struct finding_list *list, size_t order[FINDINGS_MAX])
{
    size_t n = 0;
    for (int severity = SEV_CRITICAL; severity >= SEV_INFO; severity--)
        for (size_t i = 0; i < shown_findings(list); i++)
            if ((int)list->items[i].severity == severity)
                order[n++] = i;
    return n;
}

/* Indexes of the findings with an offset, by offset; at most FINDINGS_MAX, so insertion will do. */
static size_t by_offset(const struct job *job, size_t order[FINDINGS_MAX])
{
    size_t n = 0;
    const struct finding *items = job->findings.items;
    for (size_t i = 0; i < shown_findings(&job->findings); i++) {
        size_t at = n;
        if (!items[i].where.has_offset)
            continue;
        for (; at > 0 && items[order[at - 1]].where.offset > items[i].where.offset; at--)
            order[at] = order[at - 1];
        order[at] = i;
        n++;
    }
    return n;
}

void finding_lines(const struct job *job, size_t lines[FINDINGS_MAX])
{
    size_t order[FINDINGS_MAX];
    size_t n = by_offset(job, order), line = 1, at = 0;
    for (size_t i = 0; i < FINDINGS_MAX; i++)
        lines[i] = 0;
    for (size_t k = 0; k < n; k++) {
        struct str ahead =
            str_slice(job->message.raw, at, job->findings.items[order[k]].where.offset);
        at += ahead.n;
        for (size_t lf; (lf = str_find(ahead, '\n')) < ahead.n; line++)
            ahead = str_slice(ahead, lf + 1, ahead.n);
        lines[order[k]] = line;
    }
}

const char *outcome_name(int outcome)
{
    return outcome == EXIT_PASSED    ? "passed"
           : outcome == EXIT_FAILED  ? "failed"
           : outcome == CASE_SKIPPED ? "skipped"
                                     : "undecided";
}

static void add_quoted_most(struct buf *out, struct str s, size_t max_bytes)
{
    struct buf shown;
    struct json j;
    buf_init(&shown, 16 * max_bytes);
    utf8_add_printable(&shown, s, max_bytes);
    json_init(&j, out, 0);
    json_str(&j, buf_str(&shown));
    buf_clear(&shown);
}

void add_quoted(struct buf *out, struct str s)
{
    add_quoted_most(out, s, SHOWN_MAX_BYTES);
}

void add_quoted_whole(struct buf *out, struct str s)
{
    add_quoted_most(out, s, WHOLE_MAX_BYTES);
}

static void add_reasons(struct buf *out, const struct job *job)
{
    for (size_t i = 0; i < job->verdict.n_reasons; i++) {
        buf_addz(out, i == 0 ? "" : ", ");
        buf_add(out, finding_kind(job->verdict.reasons[i])->name);
    }
    if (job->verdict.n_reasons == 0)
        buf_addz(out, "something could not be decided");
}

void add_why(struct buf *out, const struct job *job, enum severity fail_on, int outcome)
{
    buf_addf(out, "%s: ", action_name(job->verdict.action));
    if (outcome == EXIT_UNDECIDED) {
        buf_addz(out, "undecided, ");
        add_reasons(out, job);
        return;
    }
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(&job->findings, order), told = 0;
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &job->findings.items[order[i]];
        if (f->severity < fail_on)
            continue;
        buf_addf(out, "%s" STR_FMT " (%s)", told++ == 0 ? "" : ", ",
                 STR_ARG(finding_kind(f->id)->name), severity_name(f->severity));
    }
}
