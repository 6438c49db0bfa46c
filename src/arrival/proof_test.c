/* A proof whole: how sending ended and what arrived, as checks, document, text and numbers. */
#include "arrival/proof.h"

#include <stdio.h>

#include "arrival/deliver_test_kit.h"
#include "arrival/store_test_kit.h"
#include "dns/zone.h"
#include "report/report_checks.h"
#include "report/subject_checks.h"
#include "tests/tap.h"

#include "tests/schema_check.h" /* behind tap.h */

#define TAG     "mp-proof1"
#define HOSTILE "\x1b[2J\x07 \xe2\x80\xae ::error::x ##[set] \xff\xfe\" </a> \\ %"
#define HEAD    "X-Mailproof-Tag: " TAG "\r\nSubject: x\r\nFrom: a@good.test\r\n"
#define MAIL    HEAD "\r\nhello https://a.test/x\r\ncode: 123456\r\n"

static const struct script_step takes_it[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK, SCRIPT_SAY("250 2.0.0 " HOSTILE "\r\n"), BYE};
static const struct script_step refuses_ehlo[] = {
    SCRIPT_SAY("220 mx.test\r\n"), SCRIPT_EXPECT("EHLO"),          SCRIPT_SAY("550 5.7.0 no\r\n"),
    SCRIPT_EXPECT("HELO"),         SCRIPT_SAY("550 5.7.0 no\r\n"), BYE};
static const struct script_step refuses_mail[] = {GREETING, SCRIPT_EXPECT("MAIL"),
                                                  SCRIPT_SAY("550 5.7.1 " HOSTILE "\r\n"), BYE};
static const struct script_step defers_mail[] = {GREETING, SCRIPT_EXPECT("MAIL"),
                                                 SCRIPT_SAY("450 4.3.0 later\r\n"), BYE};
static const struct script_step refuses_end[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK, SCRIPT_SAY("550 5.7.1 spam\r\n"), BYE};
static const struct script_step defers_end[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK, SCRIPT_SAY("451 4.3.0 disk\r\n"), BYE};
static const struct script_step vanishes[] = {GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK,
                                              SCRIPT_CLOSE};
static const struct script_step no_starttls[] = {GREETING, BYE};
static const struct script_step takes_one[] = {GREETING,
                                               MAIL_OK,
                                               RCPT("250 ok\r\n"),
                                               RCPT("550 5.1.1 nobody\r\n"),
                                               BODY_OK,
                                               SCRIPT_SAY("250 ok\r\n"),
                                               BYE};

enum { EXPECT_NOTHING = -1 };

static const struct row {
    const char *label;
    const struct script_step *steps; /* NULL: nothing is sent */
    const char *in_box;              /* what is there already; NULL: nothing */
    const char *scheme;              /* of the server; NULL: smtp:// */
    bool two_rcpts, wants_login, wants_xclient;
    struct arrival_expect expect;
    int code, finding;
    bool waited;
} rows[] = {
    {.label = "sent and arrived",
     .steps = takes_it,
     .in_box = MAIL,
     .code = 0,
     .finding = FINDING_FLOW_ALTERED_BODY,
     .waited = true},
    {.label = "sent and lost",
     .steps = takes_it,
     .code = 1,
     .finding = FINDING_FLOW_ARRIVE_MISSING,
     .waited = true},
    {.label = "arrived, sent by others",
     .in_box = MAIL,
     .code = 0,
     .finding = EXPECT_NOTHING,
     .waited = true},
    {.label = "busy", .steps = busy, .code = 3, .finding = FINDING_FLOW_SMTP_BANNER_REFUSED},
    {.label = "refused at EHLO",
     .steps = refuses_ehlo,
     .code = 1,
     .finding = FINDING_FLOW_SMTP_EHLO_REFUSED},
    {.label = "refused at MAIL",
     .steps = refuses_mail,
     .code = 1,
     .finding = FINDING_FLOW_MAIL_REFUSED},
    {.label = "deferred at MAIL",
     .steps = defers_mail,
     .code = 3,
     .finding = FINDING_FLOW_MAIL_DEFERRED},
    {.label = "refused at RCPT",
     .steps = refuses_rcpt,
     .code = 1,
     .finding = FINDING_FLOW_RCPT_REFUSED},
    {.label = "greylisted", .steps = greylists, .code = 3, .finding = FINDING_FLOW_RCPT_DEFERRED},
    {.label = "refused at the end",
     .steps = refuses_end,
     .code = 1,
     .finding = FINDING_FLOW_MESSAGE_REFUSED},
    {.label = "deferred at the end",
     .steps = defers_end,
     .code = 3,
     .finding = FINDING_FLOW_MESSAGE_DEFERRED},
    {.label = "hangs up behind the message: it may be there",
     .steps = vanishes,
     .in_box = MAIL,
     .code = 3,
     .finding = FINDING_FLOW_MESSAGE_UNDECIDED,
     .waited = true},
    {.label = "no STARTTLS where it is demanded",
     .steps = no_starttls,
     .scheme = "smtp+starttls://",
     .code = 1,
     .finding = FINDING_FLOW_STARTTLS_MISSING},
    {.label = "no AUTH where it is demanded",
     .steps = no_starttls,
     .wants_login = true,
     .code = 1,
     .finding = FINDING_FLOW_AUTH_UNAVAILABLE},
    {.label = "no XCLIENT where it is demanded",
     .steps = no_starttls,
     .wants_xclient = true,
     .code = 3,
     .finding = FINDING_FLOW_XCLIENT_REFUSED},
    {.label = "one recipient of two",
     .steps = takes_one,
     .in_box = MAIL,
     .two_rcpts = true,
     .code = 1,
     .finding = FINDING_FLOW_RCPT_REFUSED,
     .waited = true},
    {.label = "must not arrive, and is refused",
     .steps = refuses_end,
     .expect = {.must_not_arrive = true},
     .code = 0,
     .finding = FINDING_FLOW_MESSAGE_REFUSED,
     .waited = true},
    {.label = "must not arrive, is refused, and arrives",
     .steps = refuses_end,
     .in_box = MAIL,
     .expect = {.must_not_arrive = true},
     .code = 1,
     .finding = FINDING_FLOW_MESSAGE_REFUSED,
     .waited = true},
    {.label = "must not arrive, and was never sent",
     .steps = no_starttls,
     .wants_xclient = true,
     .expect = {.must_not_arrive = true},
     .code = 3,
     .finding = FINDING_FLOW_XCLIENT_REFUSED},
    {.label = "a hostile message",
     .steps = takes_it,
     .in_box = "Received: from " HOSTILE " by " HOSTILE " with " HOSTILE "; " HOSTILE "\r\n" HEAD
               "X-" HOSTILE ": y\r\nTo: " HOSTILE "\r\nMessage-ID: <" HOSTILE ">\r\n\r\n" HOSTILE
               "\r\n::error::y\r\nhttps://a.test/##[x\r\n",
     .code = 1,
     .finding = FINDING_FLOW_ALTERED_BODY,
     .waited = true},
};

static struct arena arena;
static json_t *schema;
static const struct str rcpts[] = {STR_INIT("b@far.test"), STR_INIT("c@far.test")};
static const struct str any_link = STR_INIT("");
static const struct smtp_attribute played[] = {{STR_INIT("ADDR"), STR_INIT("192.0.2.9")}};

static struct deliver_request sending(struct script_server *s, const struct row *r)
{
    const char *scheme = r->scheme != NULL ? r->scheme : "smtp://";
    return (struct deliver_request){
        .server = arena_fmt(&arena, "%s127.0.0.1:%u", scheme, script_port(s)),
        .helo = STR("client.test"),
        .mail_from = STR("a@good.test"),
        .rcpts = rcpts,
        .n_rcpts = r->two_rcpts ? 2 : 1,
        .tag = STR(TAG),
        .has_credentials = r->wants_login,
        .xclient = played,
        .n_xclient = r->wants_xclient,
    };
}

/* ---- what is told of it ---- */

static struct str write_report(const struct proof *p, enum report_format format, struct buf *out)
{
    struct report_options o = {.format = format, .fail_on = SEV_HIGH, .verbose = true};
    struct subject s;
    proof_subject(p, &s);
    buf_init(out, 64 << 20);
    struct report *report = report_new(&o, out, 1);
    report_subject(report, &s);
    report_end(report);
    report_free(report);
    return buf_str(out);
}

static void check_document(const struct proof *p)
{
    struct buf out;
    struct str text = write_report(p, REPORT_JSON, &out);
    json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    tap_ok(is_good_json(text));
    tap_cstr(json_string_value(json_object_get(doc, "schema")), "mailproof/wait/1");
    tap_ok(json_is_object(json_object_get(doc, "authentication")) == p->arrival.judged);
    json_object_set_new(doc, "authentication", json_null()); /* another schema has it */
    tap_ok(schema_fits_subject(schema, doc));
    json_decref(doc);
    buf_clear(&out);
}

static void check_texts(const struct proof *p)
{
    struct buf out;
    struct subject s;
    tap_ok(is_good_page(write_report(p, REPORT_TEXT, &out), FLOW_DEFAULT_WIDTH));
    buf_clear(&out);
    tap_ok(is_good_xml(write_report(p, REPORT_JUNIT, &out)));
    buf_clear(&out);
    tap_ok(is_good_tap(write_report(p, REPORT_TAP, &out), true));
    buf_clear(&out);
    tap_ok(is_good_github(write_report(p, REPORT_GITHUB, &out)));
    buf_clear(&out);
    tap_ok(is_good_prometheus(write_report(p, REPORT_PROMETHEUS, &out)));
    buf_clear(&out);
    proof_subject(p, &s);
    buf_init(&out, 1 << 20);
    report_nagios(&out, &s, 1, SEV_HIGH);
    tap_ok(is_good_nagios(buf_str(&out)));
    buf_clear(&out);
    tap_ok(p->headline.n > 0 && p->n_metrics <= PROOF_MAX_METRICS);
}

static double value_of(const struct proof *p, const char *name)
{
    for (size_t i = 0; i < p->n_metrics; i++)
        if (strcmp(p->metrics[i].name, name) == 0)
            return p->metrics[i].value;
    return -1;
}

/* ---- rows ---- */

static void test_row(const struct row *r)
{
    struct mp_err err = {0};
    struct proof p;
    struct subject s;
    struct store *store = kit_store();
    struct script_server *server = r->steps != NULL ? script_play(r->steps) : NULL;
    struct deliver_request send = {0};
    if (server != NULL)
        send = sending(server, r);
    struct proof_request request = {.mailbox = {.store = store},
                                    .send = server != NULL ? &send : NULL,
                                    .wait = {.match = {.tag = STR(TAG)}, .within_ms = 1},
                                    .expect = r->expect};
    if (r->in_box != NULL)
        kit_put(store, STORE_ACCEPTED, str_from(r->in_box));
    tap_int(proof_run(&p, &request, &err), MP_OK);
    proof_subject(&p, &s);
    int code = report_subject_exit_code(&s, SEV_HIGH);
    /* A body of our own differs from what was put there: told, and failed by its own finding. */
    bool is_altered = p.arrival.compared && !p.arrival.altered.body_intact;
    tap_int(code, is_altered ? 1 : r->code);
    tap_ok(r->finding < 0 ? p.findings.n == 0
                          : finding_has(&p.findings, (enum finding_id)r->finding));
    tap_int(p.waited, r->waited);
    tap_ok(value_of(&p, "probe_success") == (code == 0));
    tap_ok(value_of(&p, "mailproof_wait_arrived") == p.arrival.arrived);
    check_document(&p);
    check_texts(&p);
    proof_clear(&p);
    script_free(server);
    store_close(store);
}

static void test_nobody_listens(void)
{
    struct mp_err err = {0};
    struct proof p;
    struct script_server *server = script_play(busy);
    struct deliver_request send = sending(server, &rows[0]);
    struct store *store = kit_store();
    struct proof_request request = {.mailbox = {.store = store},
                                    .send = &send,
                                    .wait = {.within_ms = 1}};
    script_stop(server);
    tap_int(proof_run(&p, &request, &err), MP_OK);
    tap_ok(finding_has(&p.findings, FINDING_FLOW_CONNECT_REFUSED) && !p.waited);
    check_document(&p);
    proof_clear(&p);
    script_free(server);
    store_close(store);
}

/* Before anything is sent. */
static void test_usage(void)
{
    struct mp_err err = {0};
    struct proof p;
    struct script_server *server = script_play(takes_it);
    struct deliver_request send = sending(server, &rows[0]);
    struct store *store = kit_store();
    struct proof_request request = {.mailbox = {.url = STR("gopher://x")},
                                    .send = &send,
                                    .wait = {.within_ms = 1}};
    tap_case("usage: a mailbox that is none");
    tap_int(proof_run(&p, &request, &err), MP_E_USAGE);
    proof_clear(&p);
    tap_case("usage: bytes as they are, without an identity");
    request.mailbox = (struct mailbox_config){.store = store};
    send.raw = STR("Subject: x\r\n\r\ny\r\n");
    send.keep_raw = true;
    tap_int(proof_run(&p, &request, &err), MP_E_USAGE);
    proof_clear(&p);
    tap_int(script_connections(server), 0);
    script_free(server);
    store_close(store);
}

static void test_identity(void)
{
    struct mp_err err = {0};
    struct proof p;
    struct script_server *server = script_play(takes_it);
    struct deliver_request send = sending(server, &rows[0]);
    struct store *store = kit_store();
    struct proof_request request = {
        .mailbox = {.store = store}, .send = &send, .wait = {.within_ms = 1}, .remove = true};
    tap_case("bytes as they are, found by their Message-ID, and deleted");
    send.raw = STR("Message-ID: <own@id.test>\r\nSubject: x\r\n\r\ny\r\n");
    send.keep_raw = true;
    kit_put(store, STORE_ACCEPTED, send.raw);
    tap_int(proof_run(&p, &request, &err), MP_OK);
    tap_ok(p.arrival.arrived && p.arrival.altered.identical);
    proof_clear(&p);
    request.send = NULL;
    request.remove = false;
    request.wait.match.message_id = STR("own@id.test");
    tap_int(proof_run(&p, &request, &err), MP_OK);
    tap_ok(!p.arrival.arrived);
    proof_clear(&p);
    script_free(server);
    store_close(store);
}

static void test_judged(void)
{
    struct mp_err err = {0};
    struct proof p;
    struct policy policy;
    struct job_config config = {.policy = &policy};
    struct dns_zone *zone = dns_zone_new();
    struct dns_source dns = {.zone = zone, .deadline_ms = RUN_DEADLINE_MS};
    struct store *store = kit_store();
    struct proof_request request = {
        .mailbox = {.store = store},
        .wait = {.match = {.tag = STR(TAG)}, .within_ms = 1, .dns = &dns, .job_config = &config},
        .expect = {.authentic = true, .links = &any_link, .n_links = 1, .code = true}};
    tap_case("authentic: judged with the envelope of the sink");
    policy_default(&policy);
    auth_config_init(&config.auth);
    tap_int(dns_zone_load(zone,
                          STR("good.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
                              "_dmarc.good.test. TXT \"v=DMARC1; p=reject\"\n"),
                          "zone", &err),
            MP_OK);
    kit_put(store, STORE_ACCEPTED, STR(MAIL));
    tap_int(proof_run(&p, &request, &err), MP_OK);
    tap_ok(p.arrival.judged && p.findings.n == 0);
    tap_int(p.arrival.extract.n_links, 1);
    check_document(&p);
    check_texts(&p);
    proof_clear(&p);
    store_close(store);
    dns_zone_free(zone);
}

int main(void)
{
    schema = schema_load("docs/schema/wait-1.schema.json");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("proof: %s", rows[i].label);
        arena_clear(&arena);
        arena_init(&arena, 64u << 20);
        test_row(&rows[i]);
    }
    tap_case("proof: nobody listens");
    test_nobody_listens();
    test_usage();
    test_identity();
    test_judged();
    json_decref(schema);
    arena_clear(&arena);
    return tap_done();
}
