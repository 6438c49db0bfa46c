/* GitHub workflow commands: annotations at file and line. Each line is a command of ours; text of a
 * mail stands only inside one, escaped, so it can neither end a line nor begin a command. */
#include "report/case_internal.h"

/* In values : and , have a meaning too. The text is printable first: no CR, LF or ESC is left. */
static void add_escaped_most(struct buf *out, struct str s, bool is_value, size_t max_bytes)
{
    struct buf b;
    buf_init(&b, 16 * max_bytes);
    utf8_add_printable(&b, s, max_bytes);
    for (size_t i = 0; i < b.n; i++) {
        char c = b.p[i];
        if (c == '%' || (is_value && (c == ':' || c == ',')))
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
        else
            buf_addc(out, c);
    }
    buf_clear(&b);
}

static void add_escaped(struct buf *out, struct str s, bool is_value)
{
    add_escaped_most(out, s, is_value, 4 * SHOWN_MAX_BYTES);
}

/* Without a file the annotation belongs to the whole run. */
static void command(struct buf *out, const char *name, struct str file, size_t line,
                    struct str title)
{
    buf_addf(out, "::%s ", name);
    if (file.n > 0) {
        buf_addz(out, "file=");
        add_escaped(out, file, true);
    }
    if (line > 0)
        buf_addf(out, ",line=%zu", line);
    buf_addz(out, file.n > 0 ? ",title=" : "title=");
    add_escaped(out, title, true);
    buf_addz(out, "::");
}

static void add_finding(struct buf *out, const struct finding *f)
{
    const struct finding_kind *kind = finding_kind(f->id);
    add_escaped(out, str_from(kind->title), false);
    if (f->evidence.n > 0) {
        buf_addz(out, "%0ASeen: ");
        add_escaped(out, f->evidence, false);
    }
    buf_addz(out, "%0ADo: ");
    add_escaped(out, str_from(kind->remedy), false);
}

static void annotate(struct report *r, const struct job *job, int outcome, size_t index,
                     size_t line)
{
    const struct finding *f = &job->findings.items[index];
    const struct finding_kind *kind = finding_kind(f->id);
    bool fails = outcome != EXIT_PASSED && f->severity >= r->options.fail_on;
    const char *name = fails ? "error" : f->severity >= SEV_MEDIUM ? "warning" : "notice";
    command(r->out, name, job->source, line, kind->name);
    add_finding(r->out, f);
    buf_addc(r->out, '\n');
}

static void github_begin(struct report *r)
{
    (void)r;
}

/* Findings of severity info are left out: GitHub shows ten annotations of a kind and step. */
static void github_message(struct report *r, const struct job *job, int outcome)
{
    size_t lines[FINDINGS_MAX], order[FINDINGS_MAX];
    struct buf why;
    finding_lines(job, lines);
    size_t n = findings_by_severity(&job->findings, order);
    for (size_t i = 0; i < n; i++) {
        enum severity s = job->findings.items[order[i]].severity;
        if (s > SEV_INFO || s >= r->options.fail_on)
            annotate(r, job, outcome, order[i], lines[order[i]]);
    }
    if (outcome != EXIT_UNDECIDED)
        return;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    add_why(&why, job, r->options.fail_on, outcome);
    command(r->out, "error", job->source, 0, STR("undecided"));
    add_escaped(r->out, buf_str(&why), false);
    buf_addc(r->out, '\n');
    buf_clear(&why);
}

/* ---- hosts and domains ---- */

static void annotate_check(struct report *r, const struct subject *s, size_t index, bool fails,
                           const struct check *c)
{
    const struct finding *f = &s->checks->findings->items[index];
    const struct remedy *fix = subject_remedy(s, index);
    bool known = subject_is_known(s, index);
    const char *name = fails ? "error" : f->severity >= SEV_MEDIUM && !known ? "warning" : "notice";
    command(r->out, name, s->file, 0, finding_kind(f->id)->name);
    add_escaped(r->out, s->name, false);
    if (c != NULL) {
        buf_addz(r->out, ", ");
        add_escaped(r->out, c->group, false);
        buf_addf(r->out, " %s", c->name);
    }
    buf_addz(r->out, known ? " (known): " : ": ");
    add_finding(r->out, f);
    for (struct str rest = fix == NULL ? STR_NONE : fix->text; rest.p != NULL;) {
        buf_addz(r->out, rest.p == fix->text.p ? "%0AFix: " : "%0A     ");
        add_escaped_most(r->out, str_cut(&rest, '\n'), false, WHOLE_MAX_BYTES);
    }
    buf_addc(r->out, '\n');
}

static void annotate_subject(struct report *r, const struct subject *s, int outcome)
{
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    subject_add_why(&why, s, r->options.fail_on, outcome);
    command(r->out, "error", s->file, 0, str_from(outcome_name(outcome)));
    add_escaped(r->out, s->name, false);
    buf_addz(r->out, ": ");
    add_escaped(r->out, buf_str(&why), false);
    buf_addc(r->out, '\n');
    buf_clear(&why);
}

/* ---- cases of suites ---- */

static void case_command(struct buf *out, const char *name, const struct subject *s,
                         const struct check *c)
{
    struct buf title;
    buf_init(&title, 64 * SHOWN_MAX_BYTES);
    case_add_name(&title, s);
    command(out, name, case_file(s, c), case_line(s, c), buf_str(&title));
    buf_clear(&title);
}

static void annotate_case_check(struct report *r, const struct subject *s, size_t i, bool undecided)
{
    size_t order[FINDINGS_MAX], n = subject_case_findings(s, i, order);
    struct subject_case c = subject_case_at(s, i, r->options.fail_on);
    bool bad = c.outcome == EXIT_FAILED || (undecided && c.outcome == EXIT_UNDECIDED);
    bool warns = c.check != NULL && c.check->worst >= SEV_MEDIUM;
    struct buf why;
    if (!bad && (c.outcome != EXIT_PASSED || !warns))
        return;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    case_add_reason(&why, &c);
    case_command(r->out, bad ? "error" : "warning", s, c.check);
    buf_addz(r->out, c.outcome == EXIT_UNDECIDED ? "undecided: " : "");
    add_escaped(r->out, buf_str(&why), false);
    for (size_t k = 0; k < n; k++) {
        const struct finding *f = &s->checks->findings->items[order[k]];
        if (f->severity < SEV_MEDIUM || case_told(s, order[k]))
            continue;
        buf_addz(r->out, "%0A");
        add_escaped(r->out, finding_kind(f->id)->name, false);
        buf_addz(r->out, ": ");
        add_finding(r->out, f);
    }
    buf_addc(r->out, '\n');
    buf_clear(&why);
}

static void github_case(struct report *r, const struct subject *s, int outcome)
{
    for (size_t i = 0, n = subject_cases(s); i < n; i++)
        annotate_case_check(r, s, i, outcome == EXIT_UNDECIDED);
}

/* A failure whose findings were only counted has a line all the same. */
static void github_subject(struct report *r, const struct subject *s, int outcome)
{
    if (subject_is_case(s)) {
        github_case(r, s, outcome);
        return;
    }
    const struct check *owners[FINDINGS_MAX];
    size_t order[FINDINGS_MAX], n = subject_findings(s, order), told = 0;
    subject_owners(s, owners);
    for (size_t i = 0; i < n; i++) {
        enum severity severity = s->checks->findings->items[order[i]].severity;
        bool fails = severity >= r->options.fail_on && !subject_is_known(s, order[i]);
        told += fails;
        if (severity > SEV_INFO || fails)
            annotate_check(r, s, order[i], fails, owners[order[i]]);
    }
    if (outcome == EXIT_UNDECIDED || (outcome == EXIT_FAILED && told == 0))
        annotate_subject(r, s, outcome);
}

static void github_error(struct report *r, const struct report_error *e)
{
    bool of_subject = e->kind != NULL;
    command(r->out, "error", of_subject ? STR_NONE : e->source, 0,
            of_subject ? STR("not tried") : STR("unreadable"));
    if (of_subject) {
        add_escaped(r->out, e->source, false);
        buf_addz(r->out, ": ");
    }
    add_escaped(r->out, e->text, false);
    buf_addc(r->out, '\n');
}

static void github_end(struct report *r)
{
    bool bad = r->failed + r->undecided + r->unreadable > 0 || r->entries == 0;
    buf_addf(r->out, "::%s title=mailproof::%zu passed, %zu failed, %zu undecided, ",
             bad ? "error" : "notice", r->passed, r->failed, r->undecided);
    if (r->skipped > 0)
        buf_addf(r->out, "%zu skipped, ", r->skipped);
    buf_addf(r->out, "%zu with an error\n", r->unreadable);
}

const struct report_ops report_github_ops = {github_begin, github_message, github_subject,
                                             github_error, github_end};
