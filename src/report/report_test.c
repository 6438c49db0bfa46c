/* Golden files of every format, and outputs that stay valid whatever a mail holds.
 * UPDATE_GOLDEN=1 report_test writes tests/golden anew; the change is then read in review. */
#include "report/report_checks.h"
#include "report/report_internal.h"
#include "report/report_samples.h"
#include "tests/golden.h"

static const struct report_error unreadable = {
    STR_INIT("mail/gone.eml"), STR_INIT("mail/gone.eml: No such file or directory")};

/* ---- golden files ---- */

typedef void filler(struct sample *s);

static void write_report(struct buf *out, const struct report_options *o, size_t expected,
                         filler *const *fillers, size_t n, const struct report_error *error)
{
    struct report *r = report_new(o, out, expected);
    tap_ok(r != NULL);
    for (size_t i = 0; i < n; i++) {
        struct sample s;
        sample_init(&s);
        fillers[i](&s);
        report_message(r, &s.job);
        sample_clear(&s);
    }
    if (error != NULL)
        report_error(r, error);
    report_end(r);
    report_free(r);
    tap_ok(!out->failed);
}

static filler *const all[] = {sample_good, sample_spoof, sample_undecided};

/* ---- pages with DNS answers ---- */

static void pin(struct sample *s, const char *name, enum dns_status status, const char *text,
                const char *why)
{
    struct dns_record record = {.data = str_from(text), .ttl_s = 300};
    struct dns_answer *a =
        dns_answer_new(status, str_from(name), DNS_TXT, DNSSEC_SECURE, 300, str_from(name),
                       str_from(why), &record, status == DNS_DATA ? 1 : 0);
    tap_ok(a != NULL && dns_view_put(s->job.dns, str_from(name), DNS_TXT, a) == MP_OK);
}

static void sample_with_dns(struct sample *s)
{
    sample_good(s);
    s->job.dns = dns_view_new(&s->arena, NULL, NULL);
    pin(s, "example.org", DNS_DATA, "v=spf1 include:_spf.example.com -all", "");
    pin(s, "gone.example", DNS_NXDOMAIN, "", "");
    pin(s, "evil.example", DNS_SERVFAIL, "", "broken \x1b[31m packet");
}

static void goldens(void)
{
    static const struct {
        const char *name;
        struct report_options options;
        size_t expected, first, n;
        bool error;
    } rows[] = {
        {"tests/golden/all.txt",
         {.format = REPORT_TEXT, .fail_on = SEV_HIGH, .width = 80},
         4,
         0,
         3,
         true},
        {"tests/golden/good.txt", {.format = REPORT_TEXT, .fail_on = SEV_HIGH}, 1, 0, 1, false},
        {"tests/golden/good-colour.txt",
         {.format = REPORT_TEXT, .fail_on = SEV_HIGH, .colour = true},
         1,
         0,
         1,
         false},
        {"tests/golden/spoof-narrow.txt",
         {.format = REPORT_TEXT, .fail_on = SEV_HIGH, .width = 40},
         1,
         1,
         1,
         false},
        {"tests/golden/spoof-verbose.txt",
         {.format = REPORT_TEXT, .fail_on = SEV_HIGH, .verbose = true, .width = 100},
         1,
         1,
         1,
         false},
        {"tests/golden/undecided.txt",
         {.format = REPORT_TEXT, .fail_on = SEV_HIGH},
         1,
         2,
         1,
         false},
        {"tests/golden/good.json", {.format = REPORT_JSON, .fail_on = SEV_HIGH}, 1, 0, 1, false},
        {"tests/golden/spoof.json", {.format = REPORT_JSON, .fail_on = SEV_HIGH}, 1, 1, 1, false},
        {"tests/golden/all.json", {.format = REPORT_JSON, .fail_on = SEV_HIGH}, 4, 0, 3, true},
        {"tests/golden/unreadable.json",
         {.format = REPORT_JSON, .fail_on = SEV_HIGH},
         1,
         0,
         0,
         true},
        {"tests/golden/all.jsonl", {.format = REPORT_JSONL, .fail_on = SEV_HIGH}, 0, 0, 3, true},
        {"tests/golden/all.sarif", {.format = REPORT_SARIF, .fail_on = SEV_HIGH}, 4, 0, 3, true},
        {"tests/golden/good.sarif", {.format = REPORT_SARIF, .fail_on = SEV_HIGH}, 1, 0, 1, false},
        {"tests/golden/all.junit.xml",
         {.format = REPORT_JUNIT, .fail_on = SEV_HIGH},
         4,
         0,
         3,
         true},
        {"tests/golden/all.tap", {.format = REPORT_TAP, .fail_on = SEV_HIGH}, 4, 0, 3, true},
        {"tests/golden/all.github", {.format = REPORT_GITHUB, .fail_on = SEV_HIGH}, 4, 0, 3, true},
        {"tests/golden/good-low.github",
         {.format = REPORT_GITHUB, .fail_on = SEV_LOW},
         1,
         0,
         1,
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, OUT_MAX_BYTES);
        tap_case("golden: %s", rows[i].name);
        write_report(&out, &rows[i].options, rows[i].expected, all + rows[i].first, rows[i].n,
                     rows[i].error ? &unreadable : NULL);
        golden(rows[i].name, buf_str(&out));
        buf_clear(&out);
    }
}

static void golden_pages(void)
{
    struct buf out;
    filler *const one[] = {sample_with_dns};
    struct report_options o = {.format = REPORT_TEXT, .fail_on = SEV_HIGH, .verbose = true};
    buf_init(&out, OUT_MAX_BYTES);
    tap_case("golden: tests/golden/good-verbose.txt");
    write_report(&out, &o, 1, one, 1, NULL);
    tap_ok(is_good_page(buf_str(&out), FLOW_DEFAULT_WIDTH));
    golden("tests/golden/good-verbose.txt", buf_str(&out));
    buf_reset(&out);
    tap_case("golden: tests/golden/explain.txt");
    report_explain(&out, FINDING_AUTH_DMARC_FAIL, false, 60);
    report_explain(&out, FINDING_LIMIT_MEMORY, true, 0);
    golden("tests/golden/explain.txt", buf_str(&out));
    buf_clear(&out);
}

/* ---- whatever a mail holds ---- */

static bool is_valid(const struct report_options *o, struct str s)
{
    switch (o->format) {
    case REPORT_TEXT:
        return is_good_page(s, o->width);
    case REPORT_JUNIT:
        return is_good_xml(s);
    case REPORT_TAP:
        return is_good_tap(s, false);
    case REPORT_GITHUB:
        return is_good_github(s);
    case REPORT_MARKDOWN:
        return is_good_markdown(s);
    case REPORT_JSONL:
        return is_good_jsonl(s);
    default:
        return is_good_json(s);
    }
}

static void hostile_output(const struct report_options *o, struct str raw, struct str evil)
{
    for (size_t expected = 0; expected < 3; expected++) {
        struct sample s;
        struct buf out;
        sample_init(&s);
        sample_hostile(&s, raw, evil);
        buf_init(&out, OUT_MAX_BYTES);
        struct report *r = report_new(o, &out, expected);
        report_message(r, &s.job);
        report_message(r, &s.job);
        report_error(r, &(struct report_error){evil, evil});
        report_end(r);
        report_free(r);
        tap_ok(!out.failed);
        if (!tap_ok(is_valid(o, buf_str(&out))))
            tap_note("format %s, %zu expected", report_format_name(o->format), expected);
        buf_clear(&out);
        sample_clear(&s);
    }
}

static void hostile(void)
{
    struct str every = {malloc(512), 512}, wide = {malloc(40000), 40000};
    for (size_t i = 0; i < every.n; i++)
        ((char *)every.p)[i] = (char)(unsigned char)i;
    for (size_t i = 0; i < wide.n; i++)
        ((char *)wide.p)[i] = "::error::\xf0\x9f\x92\xa9##["[i % 16];
    const struct {
        const char *label;
        struct str evil;
    } rows[] = {
        {"all tricks", SAMPLE_EVIL},
        {"every byte", every},
        {"a word of 40,000 bytes", wide},
        {"nothing", STR("")},
        {"a command", STR("::add-mask::x")},
        {"the old command", STR("x ##[error]y")},
        {"commands of other servers",
         STR("x ##vso[task.complete]y ##VSO[a] ##teamcity[a] ##xyz##vso[a]#[##[a")},
        {"spaces", STR("                                                              ")},
        {"directives", STR("# SKIP \\# TO"
                           "DO \\\\# x")},
        {"end of a YAML block", STR("...\n  ...\n---\nnot ok 7")},
        {"end of CDATA and comment", STR("]]> --> <!-- &#0; &x; </testsuite>")},
        {"non-characters", STR("\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80\xf4\x90\x80\x80")},
        {"a line of combining marks", STR("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81 b")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("hostile: %s", rows[i].label);
        for (int f = REPORT_TEXT; f <= REPORT_MARKDOWN; f++) {
            struct report_options o = {.format = (enum report_format)f,
                                       .fail_on = SEV_HIGH,
                                       .verbose = i % 2 == 0,
                                       .width = 40 + (unsigned)i};
            hostile_output(&o, rows[i].evil, rows[i].evil);
        }
    }
    free((char *)every.p);
    free((char *)wide.p);
}

/* ---- what machines read from it ---- */

static json_t *load(const struct report_options *o, filler *const *fillers, size_t n,
                    const struct report_error *error)
{
    struct buf out;
    buf_init(&out, OUT_MAX_BYTES);
    write_report(&out, o, n, fillers, n, error);
    json_t *doc = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    buf_clear(&out);
    tap_ok(doc != NULL);
    return doc;
}

static const char *text_at(const json_t *o, const char *a, const char *b, const char *c)
{
    o = a == NULL ? o : json_object_get(o, a);
    o = b == NULL ? o : json_object_get(o, b);
    o = c == NULL ? o : json_object_get(o, c);
    return json_is_string(o) ? json_string_value(o) : "(no string)";
}

static void document(void)
{
    struct report_options o = {.format = REPORT_JSON, .fail_on = SEV_HIGH};
    filler *const good[] = {sample_good};
    json_t *doc = load(&o, good, 1, NULL);
    tap_case("document: the values of a good message");
    tap_cstr(text_at(doc, "schema", NULL, NULL), "mailproof/report/1");
    tap_cstr(text_at(doc, "message", "subject", NULL), "R\xc3\xa9sum\xc3\xa9 of the week");
    tap_cstr(text_at(doc, "message", "date", NULL), "2026-11-23T19:00:19Z");
    tap_cstr(text_at(doc, "message", "message_id", NULL), "<1@example.org>");
    const json_t *from = json_object_get(json_object_get(doc, "message"), "from");
    tap_int(json_array_size(from), 1);
    tap_cstr(json_string_value(json_array_get(from, 0)), "renee@example.org");
    tap_cstr(text_at(doc, "envelope", "ip", NULL), "192.0.2.10");
    tap_cstr(text_at(doc, "authentication", "spf", "result"), "pass");
    tap_cstr(text_at(doc, "authentication", "dmarc", "disposition"), "none");
    tap_cstr(text_at(doc, "authentication", "authentication_results", NULL),
             "mx.example.net; spf=pass smtp.mailfrom=renee@example.org; dkim=pass "
             "header.d=example.org");
    tap_int(json_array_size(json_object_get(doc, "hops")), 2);
    tap_cstr(text_at(doc, "verdict", "action", NULL), "accept");
    tap_ok(json_is_true(json_object_get(json_object_get(doc, "verdict"), "complete")));
    json_decref(doc);

    filler *const undecided[] = {sample_undecided};
    doc = load(&o, undecided, 1, NULL);
    tap_case("document: an undecided message, the null sender");
    tap_cstr(text_at(doc, "envelope", "mail_from", NULL), "");
    tap_cstr(text_at(doc, "verdict", "action", NULL), "tempfail");
    tap_ok(json_is_false(json_object_get(json_object_get(doc, "verdict"), "complete")));
    tap_ok(json_is_null(json_object_get(json_object_get(doc, "message"), "date")));
    tap_int(json_array_size(json_object_get(json_object_get(doc, "verdict"), "reasons")), 3);
    json_decref(doc);
}

/* Each result names a rule by id and by index; both must be the same. */
static void sarif(void)
{
    struct report_options o = {.format = REPORT_SARIF, .fail_on = SEV_HIGH};
    json_t *doc = load(&o, all, 3, &unreadable);
    const json_t *run = json_array_get(json_object_get(doc, "runs"), 0);
    const json_t *rules =
        json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
    const json_t *results = json_object_get(run, "results");
    const json_t *invocation = json_array_get(json_object_get(run, "invocations"), 0);
    const json_t *notes = json_object_get(invocation, "toolExecutionNotifications");
    tap_case("sarif: rules are the catalogue, results point into it");
    tap_int(json_array_size(rules), FINDING_COUNT);
    tap_int(json_array_size(results), 1 + 3 + 3);
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        json_int_t index = json_integer_value(json_object_get(result, "ruleIndex"));
        tap_cstr(text_at(json_array_get(rules, (size_t)index), "id", NULL, NULL),
                 text_at(result, "ruleId", NULL, NULL));
        tap_int(json_array_size(json_object_get(result, "locations")), 1);
    }
    tap_case("sarif: an undecided and an unreadable message are no successful run");
    tap_ok(json_is_false(json_object_get(invocation, "executionSuccessful")));
    tap_int(json_array_size(notes), 2);
    json_decref(doc);

    filler *const good[] = {sample_good};
    doc = load(&o, good, 1, NULL);
    run = json_array_get(json_object_get(doc, "runs"), 0);
    invocation = json_array_get(json_object_get(run, "invocations"), 0);
    tap_case("sarif: a successful run");
    tap_ok(json_is_true(json_object_get(invocation, "executionSuccessful")));
    json_decref(doc);
}

/* ---- what has no room ---- */

/* Cases that cannot be listed are never silent: one more case fails for them. */
static void junit_limit(void)
{
    struct report_options o = {.format = REPORT_JUNIT, .fail_on = SEV_HIGH};
    struct sample s;
    struct buf out;
    sample_init(&s);
    sample_good(&s);
    buf_init(&out, OUT_MAX_BYTES);
    tap_case("junit: messages above the limit are counted and told");
    struct report *r = report_new(&o, &out, 0);
    r->side.max_bytes = 250;
    for (int i = 0; i < 10; i++)
        report_message(r, &s.job);
    report_end(r);
    struct str got = buf_str(&out);
    tap_ok(is_good_xml(got));
    tap_ok(str_search(got, STR("tests=\"11\" failures=\"0\" errors=\"1\"")) < got.n);
    tap_int(r->left_out, 7);
    tap_ok(str_search(got, STR("7 messages are not listed")) < got.n);
    report_free(r);
    buf_clear(&out);
    sample_clear(&s);
}

/* ---- small things ---- */

/* Of a world its expectations are reported: a spoof that was expected passes. */
static void expected(void)
{
    static const struct {
        enum report_format format;
        bool held;
        const char *has, *has_not;
    } rows[] = {{REPORT_TAP, true, "\nok 1 - ", "\nnot ok"},
                {REPORT_TAP, false, "\nnot ok 1 - ", "\nok "},
                {REPORT_JUNIT, true, "failures=\"0\" errors=\"0\"", "<failure"},
                {REPORT_JUNIT, false, "failures=\"1\" errors=\"0\"", "<error"},
                {REPORT_GITHUB, true, "1 passed, 0 failed", "\n::error"},
                {REPORT_GITHUB, false, "0 passed, 1 failed", "1 passed"},
                {REPORT_MARKDOWN, true, "1 passed, 0 failed", "**failed**"},
                {REPORT_MARKDOWN, false, "0 passed, 1 failed", "1 passed"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_options o = {.format = rows[i].format, .fail_on = SEV_HIGH};
        struct sample s;
        struct buf out;
        sample_init(&s);
        sample_spoof(&s);
        buf_init(&out, OUT_MAX_BYTES);
        tap_case("%s: a spoof that %s expected", report_format_name(o.format),
                 rows[i].held ? "was" : "was not");
        struct report *r = report_new(&o, &out, 1);
        report_expected(r, &s.job, rows[i].held);
        report_end(r);
        struct str got = buf_str(&out);
        tap_ok(str_search(got, str_from(rows[i].has)) < got.n);
        tap_ok(str_search(got, str_from(rows[i].has_not)) == got.n);
        tap_ok(!rows[i].held || !str_starts(got, STR("::error")));
        report_free(r);
        buf_clear(&out);
        sample_clear(&s);
    }
}

static void exit_codes(void)
{
    static const struct {
        const char *label;
        filler *fill;
        enum severity fail_on;
        int want;
    } rows[] = {
        {"good at high", sample_good, SEV_HIGH, 0},
        {"good at low, with a low finding", sample_good, SEV_LOW, 1},
        {"spoof at high", sample_spoof, SEV_HIGH, 1},
        {"spoof at critical", sample_spoof, SEV_CRITICAL, 0},
        {"undecided at high", sample_undecided, SEV_HIGH, 3},
        {"undecided at medium: the failure is certain", sample_undecided, SEV_MEDIUM, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample s;
        tap_case("exit code: %s", rows[i].label);
        sample_init(&s);
        rows[i].fill(&s);
        tap_int(report_exit_code(&s.job, rows[i].fail_on), rows[i].want);
        s.job.finished = false;
        if (rows[i].want == 0)
            tap_int(report_exit_code(&s.job, rows[i].fail_on), 3);
        sample_clear(&s);
    }
}

static void names(void)
{
    enum report_format back;
    tap_case("names of formats read back");
    for (int f = REPORT_TEXT; f <= REPORT_MARKDOWN; f++) {
        tap_ok(report_format_by_name(str_from(report_format_name((enum report_format)f)), &back));
        tap_int(back, f);
    }
    tap_ok(!report_format_by_name(STR("xml"), &back));
}

static void nothing(void)
{
    static const char *const want[] = {
        [REPORT_TEXT] = "0 messages: 0 passed, 0 failed, 0 undecided\n",
        [REPORT_JSON] = "[]\n",
        [REPORT_JSONL] = "",
        [REPORT_TAP] = "TAP version 14\nBail out! No message was checked.\n",
        [REPORT_MARKDOWN] = "### mailproof: not passed\n\n0 passed, 0 failed, 0 undecided\n\n",
        [REPORT_GITHUB] =
            "::error title=mailproof::0 passed, 0 failed, 0 undecided, 0 with an error\n",
        [REPORT_JUNIT] = NULL,
        [REPORT_SARIF] = NULL,
    };
    for (int f = REPORT_TEXT; f <= REPORT_MARKDOWN; f++) {
        for (size_t expected = 0; expected < 2; expected++) {
            struct report_options o = {.format = (enum report_format)f,
                                       .fail_on = SEV_HIGH,
                                       .width = 80};
            struct buf out;
            buf_init(&out, OUT_MAX_BYTES);
            tap_case("no message at all: %s, %zu expected", report_format_name(o.format), expected);
            write_report(&out, &o, expected, NULL, 0, NULL);
            tap_ok(is_valid(&o, buf_str(&out)));
            if (want[f] != NULL)
                tap_str(buf_str(&out), str_from(want[f]));
            buf_clear(&out);
        }
    }
}

static void lines(void)
{
    static const size_t offsets[] = {0, 700, 65, 400, 67, 66, SIZE_MAX, 1};
    struct sample s;
    size_t got[FINDINGS_MAX];
    sample_init(&s);
    sample_good(&s);
    tap_case("lines of findings, in any order of offsets");
    struct str raw = s.job.message.raw;
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
        finding_add(&s.job.findings, FINDING_MESSAGE_LONG_LINE,
                    (struct finding_where){.offset = offsets[i], .has_offset = true}, "x");
    finding_add(&s.job.findings, FINDING_MESSAGE_LF_ONLY, NOWHERE, "x");
    finding_lines(&s.job, got);
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
        size_t line = 1;
        for (size_t k = 0; k < raw.n && k < offsets[i]; k++)
            line += raw.p[k] == '\n';
        tap_int(got[1 + i], line);
    }
    tap_int(got[1], 1);
    tap_int(got[1 + ARRAY_LEN(offsets)], 0);
    sample_clear(&s);
}

static void times(void)
{
    static const struct {
        int64_t unix_s;
        const char *want;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {1795460419, "2026-11-23T19:00:19Z"},
                {-62135596800, "0001-01-01T00:00:00Z"},
                {253402300799, "9999-12-31T23:59:59Z"},
                {253402300800, ""},
                {-62135596801, ""},
                {INT64_MAX, ""},
                {INT64_MIN, ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[TIME_TEXT_MAX];
        tap_case("time %lld", (long long)rows[i].unix_s);
        tap_int(time_text(rows[i].unix_s, text), rows[i].want[0] != '\0');
        tap_cstr(text, rows[i].want);
    }
}

static void explain(void)
{
    tap_case("explain: every finding, at every width, plain and coloured");
    for (int id = 0; id < FINDING_COUNT; id++) {
        struct buf out;
        buf_init(&out, OUT_MAX_BYTES);
        report_explain(&out, (enum finding_id)id, false, 40 + (unsigned)id);
        tap_ok(is_good_page(buf_str(&out), 40 + (unsigned)id));
        tap_ok(str_starts(buf_str(&out), finding_kind((enum finding_id)id)->name));
        buf_clear(&out);
    }
}

int main(void)
{
    goldens();
    golden_pages();
    hostile();
    document();
    sarif();
    junit_limit();
    expected();
    exit_codes();
    names();
    nothing();
    lines();
    times();
    explain();
    return tap_done();
}
