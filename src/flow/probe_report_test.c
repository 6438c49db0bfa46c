/* The report of a probe: JSON by its schema, metrics, verbose text, and nothing of a server that
 * could harm who reads it. */
#include "flow/probe_test_kit.h"
#include "report/report_checks.h"
#include "tests/schema_check.h"

static json_t *schema;

static struct str write_report(const struct rig *r, enum report_format format, struct buf *out)
{
    struct report_options o = {.format = format, .fail_on = SEV_HIGH, .verbose = true};
    buf_init(out, 64 << 20);
    struct report *report = report_new(&o, out, 1);
    report_subject(report, &r->subject);
    report_end(report);
    report_free(report);
    return buf_str(out);
}

static void check_document(const struct rig *r)
{
    struct buf out;
    struct str text = write_report(r, REPORT_JSON, &out);
    json_t *document = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    json_t *doc = json_is_array(document) ? json_array_get(document, 0) : document;
    tap_ok(is_good_json(text));
    tap_cstr(json_string_value(json_object_get(doc, "schema")), "mailproof/probe/1");
    tap_ok(schema_fits_subject(schema, doc));
    json_decref(document);
    buf_clear(&out);
}

/* ---- servers whose words try to get out ---- */

#define HOSTILE "\x1b[2J\x07 \xe2\x80\xae ::error::x ##[set] \xff\xfe\" </a> \\ %"

static const struct plan hostile = {
    {{"banner", "220 " HOSTILE "\r\n"},
     {"EHLO", "250-" HOSTILE "\r\n250-STARTTLS " HOSTILE "\r\n250-AUTH PLAIN " HOSTILE
              "\r\n250 X-" HOSTILE "\r\n"},
     {"LHLO", "250-" HOSTILE "\r\n250 X-" HOSTILE "\r\n"},
     {"STARTTLS", "454 " HOSTILE "\r\n"},
     {"MAIL", "250 " HOSTILE "\r\n"},
     {"RCPT TO:<bob", "250 " HOSTILE "\r\n"},
     {"RCPT", "451 4.7.1 " HOSTILE "\r\n"},
     {".", "554 " HOSTILE "\r\n"}}};

static const char zone[] = "$TTL 300\n"
                           "good.test MX 10 mx.good.test\n"
                           "mx.good.test A 127.0.0.1\n"
                           "null.test MX 0 .\n"
                           "broken.test SERVFAIL\n"
                           "dead.test MX 10 mx.dead.test\n"
                           "mx.dead.test A 127.0.0.9\n";

static const struct {
    const char *label, *target;
    const struct plan *plan; /* NULL: no server */
    bool everything;         /* recipients, relaying, smuggling, a message */
} rows[] = {
    {"a good server", "good.test", &good_plan, false},
    {"all that can be asked", "good.test", &good_plan, true},
    {"all, in LMTP", "lmtp://mx.good.test", &good_plan, true},
    {"a hostile server", "good.test", &hostile, true},
    {"no mail", "null.test", NULL, false},
    {"no DNS", "broken.test", NULL, false},
    {"nobody there", "dead.test", NULL, true},
    {"an address", "[127.0.0.9]:9", NULL, false},
    {"a socket that is none", "/nonexistent/socket", NULL, false},
};

static void ask_everything(struct rig *r, const struct smuggle_sequence *const *sequence)
{
    static const struct str to[] = {STR_INIT("bob@good.test"), STR_INIT("eve@good.test")};
    r->options.rcpts = to;
    r->options.n_rcpts = ARRAY_LEN(to);
    r->options.vrfy = r->options.relay_test = r->options.smuggle = true;
    r->options.sequences = sequence;
    r->options.n_sequences = 1;
    r->options.has_message = true;
    r->options.message = STR("Subject: x\r\n\r\ntext\r\n");
    r->options.no_ptr = false;
}

static void check_text(const struct rig *r)
{
    struct buf out;
    tap_ok(is_good_page(write_report(r, REPORT_TEXT, &out), FLOW_DEFAULT_WIDTH));
    buf_clear(&out);
    tap_ok(is_good_xml(write_report(r, REPORT_JUNIT, &out)));
    buf_clear(&out);
    tap_ok(is_good_tap(write_report(r, REPORT_TAP, &out), true));
    buf_clear(&out);
    struct str metrics = write_report(r, REPORT_PROMETHEUS, &out);
    tap_ok(str_search(metrics, STR("probe_success{")) < metrics.n);
    tap_ok(str_search(metrics, STR("bob@")) == metrics.n); /* no person in a label */
    buf_clear(&out);
}

static void test_reports(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct plan *const plans[] = {rows[i].plan, NULL};
        const struct smuggle_sequence *sequence = smuggle_by_name(STR("LF.LF"));
        struct rig r;
        tap_case("report: %s", rows[i].label);
        rig_init(&r, zone);
        if (rows[i].plan != NULL)
            rig_serve(&r, NULL, plans, NULL, false);
        if (rows[i].everything)
            ask_everything(&r, &sequence);
        rig_run(&r, rows[i].target);
        check_document(&r);
        check_text(&r);
        tap_ok(r.subject.headline.n > 0 && r.subject.n_metrics <= PROBE_MAX_METRICS);
        rig_clear(&r);
    }
}

/* The judge itself: what is missing, of another type, or in no schema does not pass. */
static void test_judge(void)
{
    static const char *const texts[] = {"{}", "{\"target\":1}", "{\"unknown\":1}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *v = json_loads(texts[i], 0, NULL);
        tap_case("schema: %s does not fit", texts[i]);
        tap_ok(v != NULL && !schema_fits(schema, schema, v, "document"));
        json_decref(v);
    }
}

/* ---- metrics ---- */

static double value_of(const struct rig *r, const char *name)
{
    for (size_t i = 0; i < r->probe.n_metrics; i++)
        if (strcmp(r->probe.metrics[i].name, name) == 0)
            return r->probe.metrics[i].value;
    return -1;
}

static void test_metrics(void)
{
    static const struct plan starttls = {{{"tls:EHLO", EHLO_PLAIN}, {"EHLO", EHLO_STARTTLS}}};
    static const struct plan *const plans[] = {&starttls, NULL};
    struct kit_tls *tls =
        kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S});
    struct rig r;
    tap_case("metrics: of a good server");
    rig_init(&r, zone);
    rig_serve(&r, NULL, plans, tls, false);
    rig_run(&r, "good.test");
    tap_ok(value_of(&r, "probe_success") == 1);
    tap_ok(value_of(&r, "mailproof_probe_up") == 1);
    tap_ok(value_of(&r, "mailproof_probe_cert_days") > 80);
    tap_ok(value_of(&r, "mailproof_tls_cert_not_after_timestamp_seconds") > 0);
    tap_ok(value_of(&r, "probe_duration_seconds") >= 0);
    tap_str(r.subject.headline, STR("1 of 1 servers answer, 1 in TLS"));
    rig_clear(&r);
    kit_tls_free(tls);
    tap_case("metrics: of a dead one");
    rig_init(&r, zone);
    r.options.port = 9;
    rig_run(&r, "dead.test");
    tap_ok(value_of(&r, "probe_success") == 0 && value_of(&r, "mailproof_probe_up") == 0);
    rig_clear(&r);
}

int main(void)
{
    schema = schema_load("docs/schema/probe-1.schema.json");
    test_judge();
    test_reports();
    test_metrics();
    json_decref(schema);
    return tap_done();
}
