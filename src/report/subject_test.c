/* Hosts and domains: golden files of every format, exit codes, and outputs that stay valid whatever
 * a server says. UPDATE_GOLDEN=1 subject_test writes tests/golden anew. */
#include <math.h>

#include "report/report_internal.h"
#include "report/report_samples.h"
#include "report/subject_checks.h"
#include "report/subject_samples.h"
#include "tests/golden.h"

static const struct report_error untried = {STR_INIT("no domain"), STR_INIT("it is no domain name"),
                                            "audit"};

static void write_subjects(struct buf *out, const struct report_options *o, size_t expected,
                           subject_filler *const *fillers, size_t n,
                           const struct report_error *error)
{
    struct report *r = report_new(o, out, expected);
    tap_ok(r != NULL);
    for (size_t i = 0; i < n; i++) {
        struct subject_sample s;
        subject_sample_init(&s);
        fillers[i](&s);
        report_subject(r, &s.subject);
        subject_sample_clear(&s);
    }
    if (error != NULL)
        report_error(r, error);
    report_end(r);
    report_free(r);
    tap_ok(!out->failed);
}

static bool is_valid(const struct report_options *o, struct str s)
{
    if (o->format < REPORT_GITHUB && !has_no_command(s)) /* a metric can escape nothing */
        return false;
    switch (o->format) {
    case REPORT_TEXT:
        return is_good_page(s, o->width == 0 ? FLOW_DEFAULT_WIDTH : o->width);
    case REPORT_JUNIT:
        return is_good_xml(s);
    case REPORT_TAP:
        return is_good_tap(s, true);
    case REPORT_GITHUB:
        return is_good_github(s);
    case REPORT_MARKDOWN:
        return is_good_markdown(s);
    case REPORT_JSONL:
        return is_good_jsonl(s);
    case REPORT_PROMETHEUS:
        return is_good_prometheus(s);
    default:
        return is_good_json(s);
    }
}

/* ---- golden files ---- */

enum { ALL = 8, CASES = 4 };
static subject_filler *const all[ALL] = {subject_good,      subject_poor,
                                         subject_known,     subject_undecided,
                                         subject_case_good, subject_case_failed,
                                         subject_case_open, subject_case_skipped};

static void goldens(void)
{
    static const struct {
        const char *name;
        struct report_options options;
        size_t expected, first, n;
        bool error;
    } rows[] = {
        {"subject-all.txt", {REPORT_TEXT, SEV_HIGH, .width = 80}, 5, 0, 4, true},
        {"subject-good.txt", {REPORT_TEXT, SEV_HIGH}, 1, 0, 1, false},
        {"subject-poor.txt", {REPORT_TEXT, SEV_HIGH, .width = 100}, 1, 1, 1, false},
        {"subject-poor-colour.txt", {REPORT_TEXT, SEV_HIGH, .colour = true}, 1, 1, 1, false},
        {"subject-poor-narrow.txt", {REPORT_TEXT, SEV_HIGH, .width = 40}, 1, 1, 1, false},
        {"subject-poor-verbose.txt", {REPORT_TEXT, SEV_HIGH, .verbose = true}, 1, 1, 1, false},
        {"subject-known.txt", {REPORT_TEXT, SEV_HIGH}, 1, 2, 1, false},
        {"subject-known-verbose.txt", {REPORT_TEXT, SEV_HIGH, .verbose = true}, 1, 2, 1, false},
        {"subject-undecided.txt", {REPORT_TEXT, SEV_HIGH}, 1, 3, 1, false},
        {"subject-poor.json", {REPORT_JSON, SEV_HIGH}, 1, 1, 1, false},
        {"subject-known.json", {REPORT_JSON, SEV_HIGH}, 1, 2, 1, false},
        {"subject-all.json", {REPORT_JSON, SEV_HIGH}, 5, 0, 4, true},
        {"subject-all.jsonl", {REPORT_JSONL, SEV_HIGH}, 0, 0, 4, true},
        {"subject-all.sarif", {REPORT_SARIF, SEV_HIGH}, 5, 0, 4, true},
        {"subject-all.junit.xml", {REPORT_JUNIT, SEV_HIGH}, 5, 0, 4, true},
        {"subject-all.tap", {REPORT_TAP, SEV_HIGH}, 5, 0, 4, true},
        {"subject-all.github", {REPORT_GITHUB, SEV_HIGH}, 5, 0, 4, true},
        {"subject-known-medium.github", {REPORT_GITHUB, SEV_MEDIUM}, 1, 2, 1, false},
        {"subject-all.prom", {REPORT_PROMETHEUS, SEV_HIGH}, 5, 0, 4, true},
        {"run-all.txt", {REPORT_TEXT, SEV_HIGH}, 4, CASES, 4, false},
        {"run-verbose.txt", {REPORT_TEXT, SEV_HIGH, .verbose = true}, 4, CASES, 4, false},
        {"run-colour.txt", {REPORT_TEXT, SEV_HIGH, .colour = true}, 4, CASES, 4, false},
        {"run-all.json", {REPORT_JSON, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.jsonl", {REPORT_JSONL, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.sarif", {REPORT_SARIF, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.junit.xml", {REPORT_JUNIT, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.tap", {REPORT_TAP, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.github", {REPORT_GITHUB, SEV_HIGH}, 4, CASES, 4, false},
        {"run-all.md", {REPORT_MARKDOWN, SEV_HIGH}, 4, CASES, 4, false},
        {"subject-all.md", {REPORT_MARKDOWN, SEV_HIGH}, 5, 0, 4, true},
        {"run-all.prom", {REPORT_PROMETHEUS, SEV_HIGH}, 4, CASES, 4, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        char path[100];
        snprintf(path, sizeof path, "tests/golden/%s", rows[i].name);
        buf_init(&out, OUT_MAX_BYTES);
        tap_case("golden: %s", path);
        write_subjects(&out, &rows[i].options, rows[i].expected, all + rows[i].first, rows[i].n,
                       rows[i].error ? &untried : NULL);
        tap_ok(rows[i].options.colour || is_valid(&rows[i].options, buf_str(&out)));
        golden(path, buf_str(&out));
        buf_clear(&out);
    }
}

/* ---- exit codes ---- */

/* A row is a list of checks, a letter each: p pass, s skipped, u undecided; i l m h c a finding of
 * that severity; H one of severity high that had no room; K one that was known, high. A space ends
 * the check. */
static void build(struct subject_sample *s, const char *checks)
{
    static const struct {
        char letter;
        enum finding_id id;
    } kinds[] = {{'i', FINDING_AUTH_SPF_NOT_CHECKED}, {'l', FINDING_AUTH_KEY_WEAK},
                 {'m', FINDING_AUTH_SPF_BROAD_RANGE}, {'h', FINDING_AUTH_SPF_PLUS_ALL},
                 {'K', FINDING_AUTH_SPF_PLUS_ALL},    {'H', FINDING_AUTH_SPF_PLUS_ALL}};
    bool is_open = false;
    s->subject.known = s->known;
    for (; *checks != '\0'; checks++) {
        if (*checks == 's') {
            check_skip(&s->checks, STR("g"), "skipped", "why");
            continue;
        }
        if (!is_open && *checks != ' ')
            check_begin(&s->checks, STR("g"), "check");
        is_open = true;
        if (*checks == 'c')
            check_add_as(&s->checks, SEV_CRITICAL, FINDING_AUTH_KEY_WEAK, "x");
        if (*checks == 'u')
            check_undecided(&s->checks);
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
            if (kinds[k].letter == *checks)
                check_add(&s->checks, kinds[k].id, "x");
        s->known[s->findings.n > 0 ? s->findings.n - 1 : 0] |= *checks == 'K';
        if (*checks == 'H') {
            s->findings.n--;
            s->findings.dropped++;
            s->checks.items[s->checks.n - 1].n_findings--;
        }
        if (*checks != ' ')
            continue;
        check_end(&s->checks, 1, "seen");
        is_open = false;
    }
    if (is_open)
        check_end(&s->checks, 1, "seen");
}

static void exit_codes(void)
{
    static const struct {
        const char *checks;
        enum severity fail_on;
        int code, nagios;
    } rows[] = {
        {"p", SEV_HIGH, 0, 0},      {"p p s", SEV_INFO, 0, 0}, {"s", SEV_INFO, 0, 0},
        {"i", SEV_HIGH, 0, 0},      {"i", SEV_INFO, 1, 2},     {"l", SEV_MEDIUM, 0, 0},
        {"m", SEV_HIGH, 0, 1},      {"m", SEV_MEDIUM, 1, 2},   {"h", SEV_HIGH, 1, 2},
        {"h", SEV_CRITICAL, 0, 1},  {"c", SEV_CRITICAL, 1, 2}, {"u", SEV_HIGH, 3, 3},
        {"u m", SEV_HIGH, 3, 3},    {"u h", SEV_HIGH, 1, 2},   {"uh", SEV_HIGH, 1, 2},
        {"uh", SEV_CRITICAL, 3, 3}, {"H", SEV_HIGH, 1, 2},     {"H", SEV_CRITICAL, 0, 0},
        {"K", SEV_HIGH, 0, 0},      {"K h", SEV_HIGH, 1, 2},   {"Kh", SEV_HIGH, 1, 2},
        {"K H", SEV_HIGH, 1, 2},    {"uK", SEV_HIGH, 3, 3},    {"KKm", SEV_HIGH, 0, 1},
        {"", SEV_HIGH, 3, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct subject_sample s;
        struct buf out;
        buf_init(&out, OUT_MAX_BYTES);
        subject_sample_init(&s);
        build(&s, rows[i].checks);
        tap_case("exit code: \"%s\" with --fail-on %s", rows[i].checks,
                 severity_name(rows[i].fail_on));
        tap_int(report_subject_exit_code(&s.subject, rows[i].fail_on), rows[i].code);
        tap_int(report_nagios(&out, &s.subject, 1, rows[i].fail_on), rows[i].nagios);
        tap_ok(is_good_nagios(buf_str(&out)));
        buf_clear(&out);
        subject_sample_clear(&s);
    }
}

/* ---- short of memory ---- */

/* A list that lost something is never a pass, in any format. */
static void starved(void)
{
    static const struct {
        enum report_format format;
        const char *want;
    } rows[] = {
        {REPORT_TEXT, "UNDECIDED  good.test"},
        {REPORT_JSON, "\"result\": \"undecided\""},
        {REPORT_JSONL, "\"result\":\"undecided\""},
        {REPORT_SARIF, "\"executionSuccessful\": false"},
        {REPORT_JUNIT, "tests=\"4\" failures=\"0\" errors=\"1\" skipped=\"1\""},
        {REPORT_TAP, "not ok 4 - good.test: complete\n"},
        {REPORT_GITHUB, "::error title=undecided::good.test"},
        {REPORT_MARKDOWN, "0 passed, 0 failed, 1 undecided\n"},
        {REPORT_PROMETHEUS, "mailproof_targets{outcome=\"undecided\"} 1\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct subject_sample s;
        struct buf out;
        struct report_options o = {.format = rows[i].format, .fail_on = SEV_HIGH};
        buf_init(&out, OUT_MAX_BYTES);
        subject_sample_init(&s);
        subject_good(&s);
        s.findings.starved = true;
        tap_case("memory was short: %s", report_format_name(o.format));
        struct report *r = report_new(&o, &out, 1);
        report_subject(r, &s.subject);
        report_end(r);
        report_free(r);
        struct str got = buf_str(&out);
        tap_ok(is_valid(&o, got));
        if (!tap_ok(str_search(got, str_from(rows[i].want)) < got.n))
            tap_note(STR_FMT, STR_ARG(got));
        buf_clear(&out);
        subject_sample_clear(&s);
    }
}

/* ---- whatever a server says ---- */

static void hostile_output(const struct report_options *o, struct str evil)
{
    for (size_t expected = 0; expected < 3; expected++) {
        struct subject_sample s;
        struct buf out;
        subject_sample_init(&s);
        subject_hostile(&s, evil);
        buf_init(&out, OUT_MAX_BYTES);
        struct report *r = report_new(o, &out, expected);
        report_subject(r, &s.subject);
        report_subject(r, &s.subject);
        report_error(r, &(struct report_error){evil, evil, "probe"});
        report_end(r);
        report_free(r);
        tap_ok(!out.failed);
        if (!tap_ok(is_valid(o, buf_str(&out))))
            tap_note("format %s, %zu expected", report_format_name(o->format), expected);
        buf_clear(&out);
        subject_sample_clear(&s);
    }
}

static void hostile_nagios(struct str evil)
{
    struct subject_sample s[2];
    struct buf out;
    buf_init(&out, OUT_MAX_BYTES);
    for (size_t i = 0; i < 2; i++) {
        subject_sample_init(&s[i]);
        subject_hostile(&s[i], evil);
    }
    struct subject both[2] = {s[0].subject, s[1].subject};
    for (size_t n = 0; n <= 2; n++) {
        buf_reset(&out);
        report_nagios(&out, both, n, SEV_HIGH);
        tap_ok(!out.failed);
        if (!tap_ok(is_good_nagios(buf_str(&out))))
            tap_note("nagios: " STR_FMT, STR_ARG(buf_str(&out)));
    }
    for (size_t i = 0; i < 2; i++)
        subject_sample_clear(&s[i]);
    buf_clear(&out);
}

static void hostile(void)
{
    char every[256], wide[20000];
    for (size_t i = 0; i < sizeof every; i++)
        every[i] = (char)(unsigned char)i;
    for (size_t i = 0; i < sizeof wide; i++)
        wide[i] = "::error::\xf0\x9f\x92\xa9##["[i % 16];
    const struct {
        const char *label;
        struct str evil;
    } rows[] = {
        {"all tricks", SAMPLE_EVIL},
        {"every byte", str_make(every, sizeof every)},
        {"a word of 20,000 bytes", str_make(wide, sizeof wide)},
        {"nothing", STR("")},
        {"a command", STR("::add-mask::x")},
        {"the old command", STR("x ##[error]y")},
        {"commands of other servers",
         STR("x ##vso[task.complete]y ##VSO[a] ##teamcity[a] ##xyz##vso[a]#[##[a")},
        {"lines", STR("a\n\n::error::b\r\nnot ok 1\n  ...\n")},
        {"a directive", STR("x # SKIP y \\# TO" /* in two words for check-banned */
                            "DO \\\\# z")},
        {"performance data", STR("| 'x'=1;2;3 |y=''=' 'z'=9")},
        {"labels", STR("\",evil=\"\\\"} 1\nmailproof_x 2\n# TYPE x counter")},
        {"an address", STR("alice@good.test")},
        {"addresses", STR("a@b@")},
        {"end of CDATA and comment", STR("]]> --> <!-- &#0; &x; </testsuite>")},
        {"non-characters", STR("\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80\xf4\x90\x80\x80")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("hostile: %s", rows[i].label);
        for (int f = REPORT_TEXT; f <= REPORT_PROMETHEUS; f++) {
            struct report_options o = {.format = (enum report_format)f,
                                       .fail_on = i % 2 == 0 ? SEV_HIGH : SEV_CRITICAL,
                                       .verbose = i % 3 == 0,
                                       .width = 40 + 7 * (unsigned)i};
            hostile_output(&o, rows[i].evil);
        }
        hostile_nagios(rows[i].evil);
    }
}

/* ---- monitors ---- */

static const struct nagios_row {
    const char *label, *want;
    size_t n;
    subject_filler *fillers[ALL];
    enum severity fail_on;
    int code;
} nagios_rows[] = {
    {"one, passed",
     "AUDIT OK - good.test: grade A: nothing to correct | 'time'=1.234567s;10;30\n",
     1,
     {subject_good},
     SEV_HIGH,
     0},
    {"one, failed",
     "PROBE CRITICAL - poor.test: failed: auth.spf-plus-all (high) at "
     "mx1.poor.test [192.0.2.1]:25 tls.certificate | 'mx1 connect'=0.0123s\n",
     1,
     {subject_poor},
     SEV_HIGH,
     2},
    {"a case, passed with a warning",
     "MAILFLOW WARNING - a mail arrives: flow.arrive.late (medium) at arrive time | "
     "'success'=1\n",
     1,
     {subject_case_good},
     SEV_HIGH,
     1},
    {"a case that failed before one that is open",
     "MAILFLOW CRITICAL - spoofed From is refused [two-from]: send refused.code: expected 550, "
     "got 250 2.0.0 Ok: queued as 4F2 ::error::x; not-arrive arrival: expected nothing within "
     "3 s, got 1 message; no smuggling: smuggle smuggled: mx1.good.test [192.0.2.1]:25: no "
     "answer within 30 s | 'no smuggling success'=1 'spoofed From is refused [two-from] "
     "success'=0\n",
     2,
     {subject_case_open, subject_case_failed},
     SEV_HIGH,
     2},
    {"a case that was skipped",
     "MAILFLOW OK - certificates | 'success'=0\n",
     1,
     {subject_case_skipped},
     SEV_HIGH,
     0},
    {"a warning below --fail-on",
     "AUDIT WARNING - known.test: auth.spf-broad-range (medium) at DKIM keys\n",
     1,
     {subject_known},
     SEV_HIGH,
     1},
    {"one, undecided",
     "AUDIT UNKNOWN - slow.test: undecided: SPF record (slow.test TXT: timeout)\n",
     1,
     {subject_undecided},
     SEV_HIGH,
     3},
    {"several: the gravest first, labels by target",
     "AUDIT CRITICAL - poor.test: failed: auth.spf-plus-all (high) at "
     "mx1.poor.test [192.0.2.1]:25 tls.certificate; slow.test: undecided: SPF record "
     "(slow.test TXT: timeout); good.test: grade A: nothing to correct | 'good.test "
     "time'=1.234567s;10;30 'poor.test mx1 connect'=0.0123s\n",
     3,
     {subject_good, subject_poor, subject_undecided},
     SEV_HIGH,
     2},
    {"doubt outweighs a warning",
     "AUDIT UNKNOWN - slow.test: undecided: SPF record (slow.test TXT: timeout); known.test: "
     "auth.spf-broad-range (medium) at DKIM keys\n",
     2,
     {subject_known, subject_undecided},
     SEV_HIGH,
     3},
    {"none", "MAILPROOF UNKNOWN - nothing was checked\n", 0, {NULL}, SEV_HIGH, 3},
};

static void nagios(void)
{
    for (size_t i = 0; i < ARRAY_LEN(nagios_rows); i++) {
        const struct nagios_row *row = &nagios_rows[i];
        static struct subject_sample s[ALL];
        struct subject subjects[ALL];
        struct buf out;
        buf_init(&out, OUT_MAX_BYTES);
        for (size_t k = 0; k < row->n; k++) {
            subject_sample_init(&s[k]);
            row->fillers[k](&s[k]);
            subjects[k] = s[k].subject;
        }
        tap_case("nagios: %s", row->label);
        tap_int(report_nagios(&out, subjects, row->n, row->fail_on), row->code);
        tap_str(buf_str(&out), str_from(row->want));
        tap_ok(is_good_nagios(buf_str(&out)));
        for (size_t k = 0; k < row->n; k++)
            subject_sample_clear(&s[k]);
        buf_clear(&out);
    }
}

/* Numbers as both kinds of monitors read them. */
static void numbers(void)
{
    static const struct {
        double value;
        const char *prometheus, *nagios;
    } rows[] = {
        {0, "0", "0"},
        {-1.5, "-1.5", "-1.5"},
        {100, "100", "100"},
        {0.000001, "1e-06", "0.000001"},
        {1795460419, "1795460419", "1795460419"},
        {12345678901234.5, "12345678901234.5", "12345678901234.5"},
        {1e300, "1e+300", "U"},
        {NAN, "NaN", "U"},
        {INFINITY, "+Inf", "U"},
        {-INFINITY, "-Inf", "U"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_options o = {.format = REPORT_PROMETHEUS};
        struct subject_sample s;
        struct buf out;
        char want[100];
        subject_sample_init(&s);
        subject_undecided(&s);
        subject_sample_metric(&s, "mailproof_x", "X.", rows[i].value)->perf = STR("x");
        s.metrics[0].unit = "";
        buf_init(&out, OUT_MAX_BYTES);
        tap_case("number %g", rows[i].value);
        struct report *r = report_new(&o, &out, 1);
        report_subject(r, &s.subject);
        report_end(r);
        report_free(r);
        snprintf(want, sizeof want, "\nmailproof_x %s\n", rows[i].prometheus);
        tap_ok(str_search(buf_str(&out), str_from(want)) < out.n);
        buf_reset(&out);
        report_nagios(&out, &s.subject, 1, SEV_HIGH);
        snprintf(want, sizeof want, " | 'x'=%s\n", rows[i].nagios);
        tap_ok(str_ends(buf_str(&out), str_from(want)));
        buf_clear(&out);
        subject_sample_clear(&s);
    }
}

/* The same family of two targets stands together; the same series is told once; a mail address is
 * no label. */
static void families(void)
{
    struct report_options o = {.format = REPORT_PROMETHEUS, .fail_on = SEV_HIGH};
    struct subject_sample s;
    struct buf out;
    subject_sample_init(&s);
    buf_init(&out, OUT_MAX_BYTES);
    subject_good(&s);
    subject_sample_metric(&s, "mailproof_other", "Other.", 7);
    struct report *r = report_new(&o, &out, 3);
    report_subject(r, &s.subject);
    report_subject(r, &s.subject);
    s.metrics[0].labels[0].value = STR("alice@other.test");
    report_subject(r, &s.subject);
    report_end(r);
    report_free(r);
    tap_case("prometheus: families of several targets");
    tap_str(buf_str(&out),
            STR("# HELP mailproof_audit_duration_seconds How long the audit took.\n"
                "# TYPE mailproof_audit_duration_seconds gauge\n"
                "mailproof_audit_duration_seconds{domain=\"good.test\"} 1.234567\n"
                "mailproof_audit_duration_seconds{domain=\"other.test\"} 1.234567\n"
                "# HELP mailproof_other Other.\n"
                "# TYPE mailproof_other gauge\n"
                "mailproof_other 7\n"
                "# HELP mailproof_targets Targets of the last run, by outcome.\n"
                "# TYPE mailproof_targets gauge\n"
                "mailproof_targets{outcome=\"passed\"} 3\n"
                "mailproof_targets{outcome=\"failed\"} 0\n"
                "mailproof_targets{outcome=\"undecided\"} 0\n"
                "mailproof_targets{outcome=\"error\"} 0\n"
                "# HELP mailproof_series_left_out Series that this page had no room for.\n"
                "# TYPE mailproof_series_left_out gauge\n"
                "mailproof_series_left_out 0\n"));

    tap_case("prometheus: a value of an earlier page");
    double value = 0;
    struct str page = buf_str(&out);
    tap_ok(report_metric_find(page, &s.metrics[0], &value) && value > 1.2 && value < 1.3);
    tap_ok(report_metric_find(page, &s.metrics[1], &value) && value > 6.9 && value < 7.1);
    s.metrics[0].labels[0].value = STR("good.tes");
    tap_ok(!report_metric_find(page, &s.metrics[0], &value));
    tap_ok(!report_metric_find(STR("mailproof_other x\nmailproof_other"), &s.metrics[1], &value));
    buf_clear(&out);
    subject_sample_clear(&s);
}

/* ---- the judges themselves ---- */

static void judges(void)
{
    static const struct {
        const char *label;
        bool (*judge)(struct str s);
        struct str text;
    } rows[] = {
        {"a bar too many", is_good_nagios, STR_INIT("A OK - x | 'a'=1 | 'b'=2\n")},
        {"two lines", is_good_nagios, STR_INIT("A OK - x\ny\n")},
        {"no state", is_good_nagios, STR_INIT("A GREAT - x\n")},
        {"a value that is none", is_good_nagios, STR_INIT("A OK - x | 'a'=y\n")},
        {"a cell too many", is_good_markdown, STR_INIT("### mailproof: passed\n\n| a | b |\n")},
        {"markup in a table", is_good_markdown,
         STR_INIT("### mailproof: passed\n\n| a | b | <b> | d | e |\n")},
        {"a family twice", is_good_prometheus,
         STR_INIT("# HELP a A\n# TYPE a gauge\na 1\n# HELP b B\n# TYPE b gauge\nb 1\n# HELP a A\n"
                  "# TYPE a gauge\na{c=\"d\"} 1\n")},
        {"a series twice", is_good_prometheus, STR_INIT("# HELP a A\n# TYPE a gauge\na 1\na 2\n")},
        {"an open label", is_good_prometheus,
         STR_INIT("# HELP a A\n# TYPE a gauge\na{b=\"\\\"} 1\n")},
        {"a series of another family", is_good_prometheus,
         STR_INIT("# HELP a A\n# TYPE a gauge\nb 1\n")},
        {"an address", is_good_prometheus,
         STR_INIT("# HELP a A\n# TYPE a gauge\na{b=\"c@d\"} 1\n")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("judge refuses %s", rows[i].label);
        tap_ok(!rows[i].judge(rows[i].text));
    }
}

int main(void)
{
    goldens();
    exit_codes();
    starved();
    hostile();
    nagios();
    numbers();
    families();
    judges();
    return tap_done();
}
