/* A table in Markdown, as GitHub shows it in the summary of a step and on pull requests: a row for
 * each message, host, domain or case; what did not pass with its reason. */
#include "report/case_internal.h"

enum { CELL_MAX_BYTES = 600, BODY_MAX_BYTES = 1 << 20 /* GitHub's limit of a summary */ };

/* On one line, and nothing in it is markup, a link or the end of a cell: what could be is written
 * as a character reference. */
static void add_cell(struct buf *out, struct str s)
{
    static const struct str special = STR_INIT("\\`*_{}[]<>#!|&~$");
    struct buf shown;
    buf_init(&shown, 16 * CELL_MAX_BYTES);
    utf8_add_printable(&shown, s, CELL_MAX_BYTES);
    for (size_t i = 0; i < shown.n; i++) {
        bool link = shown.p[i] == ':' && i + 1 < shown.n && shown.p[i + 1] == '/';
        if (link || str_has(special, shown.p[i]))
            buf_addf(out, "&#%u;", (unsigned)(unsigned char)shown.p[i]);
        else
            buf_addc(out, shown.p[i]);
    }
    buf_clear(&shown);
}

static void add_row(struct report *r, int outcome, struct str name, struct str place,
                    struct str why, int64_t elapsed_us)
{
    static const char *const marks[] = {[EXIT_PASSED] = "&#9989; passed",
                                        [EXIT_FAILED] = "&#10060; **failed**",
                                        [EXIT_UNDECIDED] = "&#9888; **undecided**",
                                        [CASE_SKIPPED] = "skipped"};
    struct buf b;
    buf_init(&b, 64 * CELL_MAX_BYTES);
    buf_addf(&b, "| %s | ", marks[outcome]);
    add_cell(&b, name);
    buf_addz(&b, " | ");
    add_cell(&b, place);
    if (elapsed_us >= 0)
        buf_addf(&b, " | %lld.%02d s | ", (long long)(elapsed_us / 1000000),
                 (int)(elapsed_us % 1000000 / 10000));
    else
        buf_addz(&b, " | | ");
    add_cell(&b, why);
    buf_addz(&b, " |\n");
    if (b.failed || r->side.failed || r->side.n + b.n > BODY_MAX_BYTES / 2)
        r->left_out++;
    else
        buf_add(&r->side, buf_str(&b));
    buf_clear(&b);
}

static void markdown_begin(struct report *r)
{
    (void)r;
}

static void markdown_message(struct report *r, const struct job *job, int outcome)
{
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    if (outcome != EXIT_PASSED)
        add_why(&why, job, r->options.fail_on, outcome);
    add_row(r, outcome, job->source, STR(""), buf_str(&why), job->elapsed_us);
    buf_clear(&why);
}

static void add_place(struct buf *out, const struct subject *s)
{
    buf_add(out, s->file);
    if (s->file.n > 0 && s->line > 0)
        buf_addf(out, " %zu", s->line);
}

static void markdown_subject(struct report *r, const struct subject *s, int outcome)
{
    struct buf name, place, why;
    buf_init(&name, 64 * SHOWN_MAX_BYTES);
    buf_init(&place, 64 * SHOWN_MAX_BYTES);
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    add_place(&place, s);
    if (subject_is_case(s))
        case_add_name(&name, s);
    else
        buf_add(&name, s->name);
    if (outcome == EXIT_PASSED)
        buf_add(&why, s->headline);
    else if (subject_is_case(s))
        case_add_why(&why, s, r->options.fail_on, outcome);
    else
        subject_add_why(&why, s, r->options.fail_on, outcome);
    add_row(r, outcome, buf_str(&name), buf_str(&place), buf_str(&why), s->elapsed_us);
    buf_clear(&why);
    buf_clear(&place);
    buf_clear(&name);
}

static void markdown_error(struct report *r, const struct report_error *e)
{
    add_row(r, EXIT_UNDECIDED, e->source, STR(""), e->text, -1);
}

static void markdown_end(struct report *r)
{
    bool bad = r->failed + r->undecided + r->unreadable > 0 || r->entries == 0;
    buf_addf(r->out, "### mailproof: %s\n\n%zu passed, %zu failed, %zu undecided",
             bad ? "not passed" : "passed", r->passed, r->failed, r->undecided + r->unreadable);
    if (r->skipped > 0)
        buf_addf(r->out, ", %zu skipped", r->skipped);
    buf_addz(r->out, "\n\n");
    if (r->side.n > 0) {
        buf_addz(r->out, "| | what | where | time | why |\n|---|---|---|---|---|\n");
        buf_add(r->out, buf_str(&r->side));
    }
    if (r->left_out > 0)
        buf_addf(r->out, "\n%zu more are not listed.\n", r->left_out);
}

const struct report_ops report_markdown_ops = {markdown_begin, markdown_message, markdown_subject,
                                               markdown_error, markdown_end};
