/* The line that Nagios, Icinga and their kin read: state, reason, performance data. */
#include <math.h>
#include <stdio.h>

#include "report/case_internal.h"

enum {
    NAGIOS_OK,
    NAGIOS_WARNING,
    NAGIOS_CRITICAL,
    NAGIOS_UNKNOWN,
    LINE_MAX_BYTES = 8000, /* Nagios 4 reads 8 KiB of a plugin */
    TEXT_MAX_BYTES = 3000, /* of it for people; the rest is for performance data */
    REASON_MAX_BYTES = 400,
    LABEL_MAX_BYTES = 100
};

/* On one line, without the bar that begins performance data. */
static void add_text(struct buf *out, struct str s, size_t max_bytes)
{
    struct buf shown;
    buf_init(&shown, 16 * max_bytes);
    utf8_add_printable(&shown, s, max_bytes);
    for (size_t i = 0; i < shown.n; i++)
        buf_addc(out, shown.p[i] == '|' ? '/' : shown.p[i]);
    buf_clear(&shown);
}

static bool has_warning(const struct subject *s)
{
    const struct finding_list *list = s->checks->findings;
    for (size_t i = 0; i < list->n && i < FINDINGS_MAX; i++)
        if (list->items[i].severity >= SEV_MEDIUM && !subject_is_known(s, i))
            return true;
    return false;
}

static int state_of(const struct subject *s, enum severity fail_on)
{
    int outcome = report_subject_exit_code(s, fail_on);
    if (outcome != EXIT_PASSED)
        return outcome == EXIT_FAILED ? NAGIOS_CRITICAL : NAGIOS_UNKNOWN;
    return has_warning(s) ? NAGIOS_WARNING : NAGIOS_OK;
}

/* Doubt outweighs a warning, and what is certainly wrong outweighs doubt. */
static int graver(int a, int b)
{
    static const int weight[] = {
        [NAGIOS_OK] = 0, [NAGIOS_WARNING] = 1, [NAGIOS_UNKNOWN] = 2, [NAGIOS_CRITICAL] = 3};
    return weight[b] > weight[a] ? b : a;
}

/* ---- the reason ---- */

static void warning_text(struct buf *out, const struct subject *s)
{
    const struct check *owners[FINDINGS_MAX];
    size_t order[FINDINGS_MAX], n = subject_findings(s, order), told = 0;
    subject_owners(s, owners);
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &s->checks->findings->items[order[i]];
        const struct check *c = owners[order[i]];
        if (f->severity < SEV_MEDIUM || subject_is_known(s, order[i]))
            continue;
        buf_addf(out, "%s" STR_FMT " (%s)", told++ == 0 ? "" : ", ",
                 STR_ARG(finding_kind(f->id)->name), severity_name(f->severity));
        if (c != NULL)
            buf_addf(out, " at " STR_FMT " %s", STR_ARG(c->group), c->name);
    }
}

static void add_reason(struct buf *out, const struct subject *s, enum severity fail_on, int state)
{
    struct buf why;
    buf_init(&why, LINE_MAX_BYTES * 64);
    if (state == NAGIOS_WARNING)
        warning_text(&why, s);
    else if (state == NAGIOS_OK)
        buf_add(&why, s->headline);
    else if (subject_is_case(s))
        case_add_why(&why, s, fail_on, state == NAGIOS_CRITICAL ? EXIT_FAILED : EXIT_UNDECIDED);
    else
        subject_add_why(&why, s, fail_on, state == NAGIOS_CRITICAL ? EXIT_FAILED : EXIT_UNDECIDED);
    add_text(out, s->name, LABEL_MAX_BYTES);
    if (why.n > 0) {
        buf_addz(out, ": ");
        add_text(out, buf_str(&why), REASON_MAX_BYTES);
    }
    buf_clear(&why);
}

/* Cases of suites that are all well are only counted. */
static void add_all_well(struct buf *out, const struct subject *subjects, size_t n)
{
    if (n == 1) {
        add_text(out, subjects[0].name, LABEL_MAX_BYTES);
        buf_addz(out, subjects[0].headline.n > 0 ? ": " : "");
        add_text(out, subjects[0].headline, REASON_MAX_BYTES);
        return;
    }
    buf_addf(out, "%zu cases passed", n);
}

/* The gravest first, so that what is cut matters least. */
static void add_reasons(struct buf *out, const struct subject *subjects, size_t n,
                        enum severity fail_on)
{
    static const int order[] = {NAGIOS_CRITICAL, NAGIOS_UNKNOWN, NAGIOS_WARNING, NAGIOS_OK};
    size_t told = 0, last = ARRAY_LEN(order) - (subject_is_case(&subjects[0]) ? 1 : 0);
    for (size_t o = 0; o < last; o++) {
        for (size_t i = 0; i < n; i++) {
            if (state_of(&subjects[i], fail_on) != order[o])
                continue;
            if (out->n > TEXT_MAX_BYTES) {
                buf_addf(out, "; and %zu more", n - told);
                return;
            }
            buf_addz(out, told++ == 0 ? "" : "; ");
            add_reason(out, &subjects[i], fail_on, order[o]);
        }
    }
    if (told == 0)
        add_all_well(out, subjects, n);
}

/* ---- performance data: 'label'=value[unit];warn;crit ---- */

/* Labels may hold anything but = and the quote that ends them. */
static void add_label(struct buf *out, struct str prefix, struct str name)
{
    struct buf label;
    buf_init(&label, 64 * LABEL_MAX_BYTES);
    if (prefix.n > 0) {
        add_text(&label, prefix, LABEL_MAX_BYTES);
        buf_addc(&label, ' ');
    }
    add_text(&label, name, LABEL_MAX_BYTES);
    buf_addc(out, '\'');
    for (size_t i = 0; i < label.n; i++)
        buf_addc(out, label.p[i] == '=' || label.p[i] == '\'' ? '_' : label.p[i]);
    buf_addc(out, '\'');
    buf_clear(&label);
}

/* Digits, sign and point only: readers know no exponent. "U" for what is no number. */
static void add_number(struct buf *out, double value)
{
    enum { DECIMALS_MAX = 6 };
    char text[64];
    static const double most = 1e18;
    if (isnan(value) || value > most || value < -most) {
        buf_addz(out, "U");
        return;
    }
    int n = snprintf(text, sizeof text, "%.*f", DECIMALS_MAX, value);
    while (n > 1 && text[n - 1] == '0')
        n--;
    n -= n > 0 && text[n - 1] == '.';
    buf_add(out, str_make(text, (size_t)n));
}

static void add_threshold(struct buf *out, struct str s)
{
    static const struct str allowed = STR_INIT("0123456789.:~@-");
    for (size_t i = 0; i < s.n; i++)
        if (str_has(allowed, s.p[i]))
            buf_addc(out, s.p[i]);
}

static void add_datum(struct buf *out, struct str prefix, const struct metric *m)
{
    add_label(out, prefix, m->perf);
    buf_addc(out, '=');
    add_number(out, m->value);
    add_text(out, str_from(m->unit), LABEL_MAX_BYTES);
    if (m->warn.n == 0 && m->crit.n == 0)
        return;
    buf_addc(out, ';');
    add_threshold(out, m->warn);
    if (m->crit.n == 0)
        return;
    buf_addc(out, ';');
    add_threshold(out, m->crit);
}

/* Each whole or not at all. */
static void add_data(struct buf *out, const struct subject *subjects, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < subjects[i].n_metrics; k++) {
            const struct metric *m = &subjects[i].metrics[k];
            struct buf one;
            if (m->perf.n == 0)
                continue;
            buf_init(&one, LINE_MAX_BYTES);
            buf_addz(&one, any ? " " : " | ");
            add_datum(&one, n > 1 ? subjects[i].name : STR_NONE, m);
            if (!one.failed && out->n + one.n <= LINE_MAX_BYTES) {
                buf_add(out, buf_str(&one));
                any = true;
            }
            buf_clear(&one);
        }
    }
}

static void add_upper(struct buf *out, const char *word)
{
    for (; *word != '\0'; word++)
        buf_addc(out, *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word);
}

int report_nagios(struct buf *out, const struct subject *subjects, size_t n, enum severity fail_on)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    int state = n == 0 ? NAGIOS_UNKNOWN : NAGIOS_OK;
    struct buf line;
    buf_init(&line, 64 * LINE_MAX_BYTES);
    for (size_t i = 0; i < n; i++)
        state = graver(state, state_of(&subjects[i], fail_on));
    add_upper(&line, n == 0                          ? "mailproof"
                     : subject_is_case(&subjects[0]) ? "mailflow"
                                                     : subjects[0].kind);
    buf_addf(&line, " %s - ", names[state]);
    if (n == 0)
        buf_addz(&line, "nothing was checked");
    else
        add_reasons(&line, subjects, n, fail_on);
    add_data(&line, subjects, n);
    buf_addc(&line, '\n');
    out->failed |= line.failed;
    buf_add(out, buf_str(&line));
    buf_clear(&line);
    return state;
}
