/* What history and the store of reports hold, over HTTP: lists, one mail, numbers, suites, audits,
 * reports, a policy on trial for a mail of the past. */
#include "tests/tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "feedback/feedback_store.h"
#include "webapi/webapi_test_kit.h"

enum { MAILS = 5, HOUR_MS = 3600000, DAY_S = 86400 };

struct world {
    struct kit k;
    char dir[64];
    int64_t now_ms;
};

static json_t *get(struct world *w, const char *target, unsigned status)
{
    char line[1000];
    snprintf(line, sizeof line, "GET %s", target);
    struct buf a = kit_http(w->k.port, line, KIT_READ, STR_NONE);
    struct str body = kit_body(&a);
    if (!tap_int(kit_status(&a), status))
        tap_note("%.*s", (int)a.n, a.p);
    json_t *v = json_loadb(body.p, body.n, 0, NULL);
    if (!tap_ok(v != NULL))
        tap_note("%.*s", (int)body.n, body.p);
    buf_clear(&a);
    return v;
}

/* "messages.0.from": members and places. */
static const json_t *at(const json_t *v, const char *path)
{
    struct str rest = str_from(path);
    while (rest.p != NULL && rest.n != 0) {
        struct str one = str_cut(&rest, '.');
        uint64_t i;
        if (str_to_u64(one, 1000000, &i))
            v = json_array_get(v, (size_t)i);
        else
            v = json_object_getn(v, one.p, one.n);
    }
    return v;
}

static void is_text(const json_t *v, const char *path, const char *want)
{
    const char *got = json_string_value(at(v, path));
    if (!tap_ok(got != NULL ? want != NULL && strcmp(got, want) == 0
                            : want == NULL && json_is_null(at(v, path))))
        tap_note("%s: %s", path, got);
}

static void is_number(const json_t *v, const char *path, int64_t want)
{
    const json_t *got = at(v, path);
    if (!tap_ok(json_is_integer(got) && json_integer_value(got) == want))
        tap_note("%s: %lld", path, (long long)json_integer_value(got));
}

/* ---- what is there ---- */

static const char *const ids[MAILS] = {"00000000000000000000000000000000",
                                       "00000000000000000000000000000001",
                                       "00000000000000000000000000000002",
                                       "00000000000000000000000000000003",
                                       "00000000000000000000000000000004"};

static void add_mails(struct world *w)
{
    for (int i = 0; i < MAILS; i++) {
        struct mail_summary s = {.id = str_from(ids[i]),
                                 .time_ms = w->now_ms - 10000 - (MAILS - i) * 1000,
                                 .elapsed_us = 1000,
                                 .mode = i == 4 ? STR("outbound") : STR("inbound"),
                                 .listener = STR("mx"),
                                 .client = {IP_V4, {192, 0, 2, (unsigned char)i}},
                                 .mail_from = STR("bounce@sender.test"),
                                 .has_mail_from = true,
                                 .rcpt_to = {STR("bob@example.org")},
                                 .n_rcpts = 1,
                                 .n_rcpt_to = 1,
                                 .from = i < 3 ? STR("ann@a.test") : STR("ann@b.test"),
                                 .from_domain = i < 3 ? STR("a.test") : STR("b.test"),
                                 .subject = STR("hello"),
                                 .message_id = STR("<1@a.test>"),
                                 .size_bytes = 100,
                                 .action = i == 1 ? ACTION_REJECT : ACTION_ACCEPT,
                                 .done = i == 1 ? STR("reject") : STR("accept"),
                                 .complete = true,
                                 .spf = STR("pass"),
                                 .dmarc = i == 1 ? STR("fail") : STR("pass"),
                                 .dmarc_domain = STR("a.test"),
                                 .policy = {.p = STR("reject"), .disposition = STR("reject")}};
        if (i == 1) {
            s.findings[0] = (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 2, STR("e")};
            s.n_findings = 1;
        }
        struct str report =
            i == 2
                ? STR("{\"schema\":\"mailproof/report/1\",\"findings\":[{\"id\":\"auth.spf.fail\","
                      "\"severity\":\"medium\",\"evidence\":\"x\"}],\"hops\":[]}")
            : i == 3 ? STR("{\"broken\":")
                     : STR_NONE;
        if (!history_add(w->k.c.history, &s, report, STR_NONE))
            abort();
    }
}

static void add_runs(struct world *w)
{
    static const struct {
        const char *suite, *name, *text;
        enum history_run_state state;
        int64_t ago_ms;
    } rows[] = {{"inbound", "smtp", "", HISTORY_PASSED, 9000},
                {"inbound", "imap", "", HISTORY_PASSED, 8000},
                {"inbound", "smtp", "connection refused", HISTORY_FAILED, 7000},
                {"inbound", "imap", "", HISTORY_PASSED, 6000},
                {"outbound", "dkim", "no answer", HISTORY_UNDECIDED, 5000}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct history_run r = {.suite = str_from(rows[i].suite),
                                .name = str_from(rows[i].name),
                                .time_ms = w->now_ms - rows[i].ago_ms,
                                .duration_ms = 40,
                                .state = rows[i].state,
                                .text = str_from(rows[i].text)};
        if (!history_add_run(w->k.c.history, &r))
            abort();
    }
    struct history_audit a = {.domain = STR("a.test"),
                              .grade = STR("B"),
                              .score = 80,
                              .time_ms = w->now_ms - 5000,
                              .findings = STR("[{\"id\":\"auth.spf.fail\",\"severity\":\"low\"}]")};
    history_add_audit(w->k.c.history, &a);
    a.time_ms += 1000;
    a.grade = STR("A");
    a.findings = STR("not JSON");
    history_add_audit(w->k.c.history, &a);
}

static void add_reports(struct world *w)
{
    struct mp_err err = {0};
    struct feedback_put put = {0};
    struct dmarc_auth dkim = {.domain = STR("a.test"), .result = STR("pass")};
    struct dmarc_row row = {.source = {IP_V4, {192, 0, 2, 1}},
                            .count = 10,
                            .disposition = DISPOSITION_REJECT,
                            .dkim = ALIGNED_FAIL,
                            .spf = ALIGNED_FAIL,
                            .header_from = STR("a.test"),
                            .dkim_results = &dkim,
                            .n_dkim = 1};
    int64_t begin_s = (w->now_ms / 1000 / DAY_S - 1) * DAY_S;
    struct dmarc_aggregate aggregate = {.org_name = STR("big.test"),
                                        .report_id = STR("1"),
                                        .begin_s = begin_s,
                                        .end_s = begin_s + DAY_S - 1,
                                        .published = {.domain = STR("a.test"), .p = STR("reject")},
                                        .rows = &row,
                                        .n_rows = 1,
                                        .messages = 10};
    struct tls_failure failure = {.result_type = STR("certificate-expired"),
                                  .receiving_mx = STR("mx.a.test"),
                                  .count = 2};
    struct tls_result result = {.policy_type = STR("sts"),
                                .domain = STR("a.test"),
                                .successful = 5,
                                .failed = 2,
                                .failures = &failure,
                                .n_failures = 1};
    struct tls_report tls = {.org_name = STR("big.test"),
                             .report_id = STR("t1"),
                             .begin_s = begin_s,
                             .end_s = begin_s + DAY_S,
                             .results = &result,
                             .n_results = 1,
                             .successful = 5,
                             .failed = 2};
    struct feedback_item items[] = {{.kind = FEEDBACK_AGGREGATE, .aggregate = &aggregate},
                                    {.kind = FEEDBACK_TLS, .tls = &tls}};
    struct feedback_content content = {.items = items, .n = ARRAY_LEN(items)};
    if (feedback_store_put(w->k.c.feedback, &content, STR("test"), w->now_ms / 1000, &put, &err) !=
        MP_OK)
        abort();
}

static void open_world(struct world *w)
{
    static const struct webapi_schedule schedules[] = {{STR_INIT("inbound"), STR_INIT("5m")},
                                                       {STR_INIT("later"), STR_INIT("24h")}};
    struct mp_err err = {0};
    *w = (struct world){.dir = "/tmp/mailproof-webapi-XXXXXX", .now_ms = clock_wall_ms()};
    kit_init(&w->k);
    if (mkdtemp(w->dir) == NULL ||
        history_open(&(struct history_config){.dir = w->dir, .keep_reports = 1}, &w->k.c.history,
                     &err) != MP_OK ||
        feedback_store_open(&(struct feedback_store_config){.dir = NULL}, &w->k.c.feedback, &err) !=
            MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    w->k.c.schedules = schedules;
    w->k.c.n_schedules = ARRAY_LEN(schedules);
    add_mails(w);
    add_runs(w);
    add_reports(w);
    history_flush(w->k.c.history);
    kit_start(&w->k);
}

static void close_world(struct world *w)
{
    kit_end(&w->k);
    history_close(w->k.c.history);
    feedback_store_close(w->k.c.feedback);
    DIR *d = opendir(w->dir);
    char path[400];
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", w->dir, e->d_name);
        unlink(path);
    }
    closedir(d);
    rmdir(w->dir);
}

/* ---- lists and one mail ---- */

static const struct {
    const char *query;
    const char *ids; /* last digits, newest first */
} lists[] = {
    {"", "43210"},
    {"?mode=inbound", "3210"},
    {"?domain=a.test", "210"},
    {"?domain=sender.test", ""},
    {"?domain=sender.test&role=mail_from", "43210"},
    {"?domain=example.org&role=rcpt", "43210"},
    {"?from=b.test", "43"},
    {"?from=ann%40a.test", "210"},
    {"?rcpt=bob%40example.org&domain=b.test", "43"},
    {"?rcpt=example.org", "43210"},
    {"?address=bounce%40sender.test", "43210"},
    {"?action=reject", "1"},
    {"?done=accept", "4320"},
    {"?severity=medium", "1"},
    {"?finding=auth.*", "1"},
    {"?finding=auth.spf.fail", ""},
    {"?message_id=1%40a.test", "43210"},
    {"?ip=192.0.2.3", "3"},
    {"?ip=::ffff:192.0.2.3", "3"},
    {"?q=HELLO", "43210"},
    {"?q=nothing", ""},
    {"?listener=mx&limit=500", "43210"},
    {"?until=1h", ""},
    {"?since=2h&until=2100-01-01", "43210"},
};

static void test_lists(struct world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char target[300], got[MAILS + 1] = "";
        tap_case("messages%s", lists[i].query);
        snprintf(target, sizeof target, "/v1/messages%s", lists[i].query);
        if (str_eq(str_from(lists[i].query), STR("?until=1h")))
            snprintf(target, sizeof target, "/v1/messages?since=2h&until=1h");
        json_t *v = get(w, target, 200);
        size_t n = json_array_size(at(v, "messages"));
        for (size_t k = 0; k < n && k < MAILS; k++) {
            const char *id = json_string_value(at(json_array_get(at(v, "messages"), k), "id"));
            got[k] = id == NULL ? '?' : id[strlen(id) - 1];
        }
        tap_str(str_from(got), str_from(lists[i].ids));
        is_text(v, "next", NULL);
        json_decref(v);
    }
    static const char *const refused[] = {"limit=0",           "limit=501", "cursor=x",
                                          "cursor=1.2.3",      "mode=x",    "action=x",
                                          "severity=x",        "ip=x",      "since=x",
                                          "since=1h&until=2h", "role=x",    "q=",
                                          "domain=a&from=b.c", "unknown=1", "rcpt=a@b&from=c@d"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char target[300];
        tap_case("messages?%s is refused", refused[i]);
        snprintf(target, sizeof target, "/v1/messages?%s", refused[i]);
        json_decref(get(w, target, 400));
    }
    tap_case("messages: page by page");
    char target[200] = "/v1/messages?limit=2", seen[MAILS + 1] = "";
    for (size_t n = 0; target[0] != '\0' && n < MAILS;) {
        json_t *v = get(w, target, 200);
        const char *next = json_string_value(at(v, "next"));
        for (size_t k = 0; k < json_array_size(at(v, "messages")) && n < MAILS; k++)
            seen[n++] = json_string_value(at(json_array_get(at(v, "messages"), k), "id"))[31];
        target[0] = '\0';
        if (next != NULL)
            snprintf(target, sizeof target, "/v1/messages?limit=2&cursor=%s", next);
        json_decref(v);
    }
    tap_str(str_from(seen), STR("43210"));
}

static void test_one_mail(struct world *w)
{
    tap_case("one mail, without a report");
    json_t *v = get(w, "/v1/messages/00000000000000000000000000000001", 200);
    is_text(v, "mail.from", "ann@a.test");
    is_text(v, "mail.findings.0.id", "auth.dmarc.fail");
    is_text(v, "mail.authentication.dmarc.policy.p", "reject");
    is_text(v, "report", NULL);
    json_decref(v);
    tap_case("one mail, with its report");
    v = get(w, "/v1/messages/00000000000000000000000000000002", 200);
    is_text(v, "report.schema", "mailproof/report/1");
    json_decref(v);
    tap_case("one mail, with a report that is broken: the answer is not");
    v = get(w, "/v1/messages/00000000000000000000000000000003", 200);
    is_text(v, "report", NULL);
    json_decref(v);
    tap_case("one mail, that is not there");
    json_decref(get(w, "/v1/messages/x", 404));
}

/* ---- numbers ---- */

static void test_numbers(struct world *w)
{
    tap_case("traffic: buckets without a gap");
    json_t *v = get(w, "/v1/stats/traffic?since=3h&step=1h", 200);
    is_number(v, "step_s", 3600);
    is_number(v, "totals.total", 5);
    is_number(v, "totals.reject", 1);
    is_number(v, "totals.bytes", 500);
    is_number(v, "totals.elapsed_us_mean", 1000);
    size_t n = json_array_size(at(v, "buckets"));
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += json_integer_value(at(json_array_get(at(v, "buckets"), i), "total"));
    tap_int(n, 4);
    tap_int(sum, 5);
    json_decref(v);
    v = get(w, "/v1/stats/traffic?mode=outbound", 200);
    is_number(v, "totals.total", 1);
    tap_ok(json_array_size(at(v, "buckets")) <= 201);
    json_decref(v);
    static const char *const refused[] = {"step=0",  "step=30s",         "step=90s", "step=x",
                                          "step=60", "since=7d&step=1m", "limit=1"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char target[300];
        tap_case("traffic?%s is refused", refused[i]);
        snprintf(target, sizeof target, "/v1/stats/traffic?%s", refused[i]);
        json_decref(get(w, target, 400));
    }
    tap_case("domains: results add up");
    v = get(w, "/v1/stats/domains", 200);
    is_text(v, "domains.0.domain", "a.test");
    is_number(v, "domains.0.total", 3);
    is_number(v, "domains.0.dmarc.pass", 2);
    is_number(v, "domains.0.dmarc.fail", 1);
    is_number(v, "domains.0.dmarc.other", 0);
    is_number(v, "domains.0.dkim.other", 3);
    is_text(v, "domains.0.dmarc.aligned", NULL);
    json_decref(v);
    tap_case("findings: most mails first");
    v = get(w, "/v1/stats/findings?limit=1", 200);
    is_text(v, "findings.0.id", "auth.dmarc.fail");
    is_number(v, "findings.0.mails", 1);
    is_number(v, "findings.0.count", 2);
    json_decref(v);
}

/* ---- the monitor ---- */

static void test_monitor(struct world *w)
{
    tap_case("monitor: suites, those too that have not run");
    json_t *v = get(w, "/v1/monitor", 200);
    tap_int(json_array_size(at(v, "suites")), 3);
    is_text(v, "suites.0.name", "inbound");
    is_text(v, "suites.0.schedule", "5m");
    is_text(v, "suites.0.state", "failed");
    is_number(v, "suites.0.tests", 2);
    is_number(v, "suites.0.failed", 1);
    is_number(v, "suites.0.elapsed_ms", 80);
    is_text(v, "suites.0.detail", "smtp: connection refused");
    is_text(v, "suites.1.name", "later");
    is_text(v, "suites.1.state", "pending");
    is_text(v, "suites.1.last_run", NULL);
    is_text(v, "suites.2.name", "outbound");
    is_text(v, "suites.2.state", "undecided");
    is_text(v, "suites.2.schedule", NULL);
    json_decref(v);
    tap_case("monitor: one suite");
    v = get(w, "/v1/monitor/inbound", 200);
    tap_int(json_array_size(at(v, "tests")), 2);
    tap_int(json_array_size(at(v, "runs")), 4);
    is_text(v, "suite.state", "failed");
    is_text(v, "next", NULL);
    json_decref(v);
    v = get(w, "/v1/monitor/inbound?test=smtp&changes=1", 200);
    tap_int(json_array_size(at(v, "runs")), 2);
    is_text(v, "runs.0.state", "failed");
    is_text(v, "runs.0.before", "passed");
    is_text(v, "runs.1.before", NULL);
    json_decref(v);
    tap_case("monitor: page by page");
    v = get(w, "/v1/monitor/inbound?limit=3", 200);
    char target[100];
    snprintf(target, sizeof target, "/v1/monitor/inbound?limit=3&before=%lld",
             (long long)json_integer_value(at(v, "next")));
    json_decref(v);
    v = get(w, target, 200);
    tap_int(json_array_size(at(v, "runs")), 1);
    json_decref(v);
    v = get(w, "/v1/monitor/later", 200);
    is_text(v, "suite.state", "pending");
    json_decref(v);
    json_decref(get(w, "/v1/monitor/nothing", 404));
    tap_case("audits: domains, and one domain's");
    v = get(w, "/v1/audits", 200);
    tap_int(json_array_size(at(v, "audits")), 1);
    is_text(v, "audits.0.grade", "A");
    is_text(v, "audits.0.before", "B");
    is_text(v, "audits.0.findings", NULL); /* what is there is not JSON */
    json_decref(v);
    v = get(w, "/v1/audits/a.test", 200);
    is_text(v, "history.1.findings.0.id", "auth.spf.fail");
    json_decref(v);
    json_decref(get(w, "/v1/audits/b.test", 404));
}

/* ---- reports ---- */

static void test_reports(struct world *w)
{
    tap_case("reports: DMARC, by domain, source and day");
    json_t *v = get(w, "/v1/reports/dmarc", 200);
    is_text(v, "domains.0.domain", "a.test");
    is_number(v, "domains.0.messages", 10);
    is_number(v, "domains.0.rejected", 10);
    is_text(v, "sources.0.ip", "192.0.2.1");
    is_number(v, "sources.0.dkim_passed", 10);
    is_number(v, "days.0.messages", 10);
    tap_ok(json_is_false(at(v, "more")));
    json_decref(v);
    v = get(w, "/v1/reports/dmarc?domain=b.test&failing=1", 200);
    tap_int(json_array_size(at(v, "domains")), 0);
    json_decref(v);
    tap_case("reports: TLS");
    v = get(w, "/v1/reports/tls?domain=a.test", 200);
    is_text(v, "policies.0.policy_type", "sts");
    is_number(v, "policies.0.failed", 2);
    is_text(v, "failures.0.result_type", "certificate-expired");
    is_number(v, "failures.0.sessions", 2);
    json_decref(v);
    json_decref(get(w, "/v1/reports/tls?failing=1", 400));
}

/* ---- a policy on trial ---- */

static json_t *try(struct world *w, const char *policy, const char *id, unsigned status)
{
    struct buf body;
    buf_init(&body, 10000);
    buf_addf(&body, "{\"policy\":\"%s\",\"id\":\"%s\"}", policy, id);
    struct buf a = kit_http(w->k.port, "POST /v1/policy/test",
                            KIT_ADMIN "Content-Type: application/json\r\n", buf_str(&body));
    if (!tap_int(kit_status(&a), status))
        tap_note("%.*s", (int)a.n, a.p);
    json_t *v = json_loadb(kit_body(&a).p, kit_body(&a).n, 0, NULL);
    buf_clear(&a);
    buf_clear(&body);
    return v;
}

static void test_policy(struct world *w)
{
    tap_case("policy: a mail of the past, from its summary");
    json_t *v = try(w, "", ids[1], 200);
    is_text(v, "verdict.action", "reject"); /* as the domain asks */
    is_text(v, "verdict.reasons.0", "auth.dmarc.fail");
    is_text(v, "before", "reject");
    is_text(v, "source", "summary");
    json_decref(v);
    v = try(w, "follow_dmarc: false", ids[1], 200);
    is_text(v, "verdict.action", "quarantine");
    json_decref(v);
    tap_case("policy: from its report");
    v = try(w, "rules: [{finding: auth.spf.*, severity: low, action: tag}]", ids[2], 200);
    is_text(v, "verdict.action", "tag");
    is_text(v, "source", "report");
    is_text(v, "findings.0.severity", "low");
    is_text(v, "before", "accept");
    json_decref(v);
    tap_case("policy: no such mail");
    json_decref(try(w, "", "x", 404));
}

static void test_old_scan(struct world *w)
{
    tap_case("async: a scan before the last restart is found in history");
    struct buf a =
        kit_http(w->k.port, "GET /v1/scans/00000000000000000000000000000002", KIT_ADMIN, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "\"state\":\"done\"") && kit_has(&a, "auth.spf.fail"));
    buf_clear(&a);
    a = kit_http(w->k.port, "GET /v1/scans/00000000000000000000000000000002", KIT_SCAN, STR_NONE);
    tap_int(kit_status(&a), 404);
    buf_clear(&a);
}

int main(void)
{
    struct world w;
    open_world(&w);
    test_lists(&w);
    test_one_mail(&w);
    test_numbers(&w);
    test_monitor(&w);
    test_reports(&w);
    test_policy(&w);
    test_old_scan(&w);
    close_world(&w);
    return tap_done();
}
