/* GitHub workflow commands: annotations at file and line. Each line is a command of ours; text of a
 * mail stands only inside one, escaped, so it can neither end a line nor begin a command. */
#include "report/report_internal.h"

/* In values : and , have a meaning too. The text is printable first: no CR, LF or ESC is left. */
static void add_escaped(struct buf *out, struct str s, bool is_value)
{
    struct buf b;
    buf_init(&b, 64 * SHOWN_MAX_BYTES);
    utf8_add_printable(&b, s, 4 * SHOWN_MAX_BYTES);
    for (size_t i = 0; i < b.n; i++) {
        char c = b.p[i];
        if (c == '%' || (is_value && (c == ':' || c == ',')))
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
        else
            buf_addc(out, c);
    }
    buf_clear(&b);
}

static void command(struct buf *out, const char *name, struct str file, size_t line,
                    struct str title)
{
    buf_addf(out, "::%s file=", name);
    add_escaped(out, file, true);
    if (line > 0)
        buf_addf(out, ",line=%zu", line);
    buf_addz(out, ",title=");
    add_escaped(out, title, true);
    buf_addz(out, "::");
}

static void annotate(struct report *r, const struct job *job, int outcome, size_t index,
                     size_t line)
{
    const struct finding *f = &job->findings.items[index];
    const struct finding_kind *kind = finding_kind(f->id);
    bool fails = outcome != EXIT_PASSED && f->severity >= r->options.fail_on;
    const char *name = fails ? "error" : f->severity >= SEV_MEDIUM ? "warning" : "notice";
    command(r->out, name, job->source, line, kind->name);
    add_escaped(r->out, str_from(kind->title), false);
    if (f->evidence.n > 0) {
        buf_addz(r->out, "%0ASeen: ");
        add_escaped(r->out, f->evidence, false);
    }
    buf_addz(r->out, "%0ADo: ");
    add_escaped(r->out, str_from(kind->remedy), false);
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
    size_t n = findings_by_severity(job, order);
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

static void github_error(struct report *r, const struct report_error *e)
{
    command(r->out, "error", e->source, 0, STR("unreadable"));
    add_escaped(r->out, e->text, false);
    buf_addc(r->out, '\n');
}

static void github_end(struct report *r)
{
    bool bad = r->failed + r->undecided + r->unreadable > 0 || r->entries == 0;
    buf_addf(r->out,
             "::%s title=mailproof::%zu passed, %zu failed, %zu undecided, %zu with an error\n",
             bad ? "error" : "notice", r->passed, r->failed, r->undecided, r->unreadable);
}

const struct report_ops report_github_ops = {github_begin, github_message, github_error,
                                             github_end};
