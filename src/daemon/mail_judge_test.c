/* What the daemon makes of one mail: modes, edits, replies, hostile requests. */
#include "daemon/judge.h"

#include "dns/zone.h"
#include "ipc/mail_request.h"
#include "tests/tap.h"

enum { FRAME_BYTES = 4 << 20 };

static const char zone_text[] = "good.example. TXT \"v=spf1 ip4:192.0.2.8 -all\"\n"
                                "_dmarc.good.example. TXT \"v=DMARC1; p=reject\"\n";
#define HEAD   "From: a@good.example\r\nSubject: hello\r\nMessage-ID: <1@good.example>\r\n"
#define FORGED "Authentication-Results: MX.example.org.; spf=pass\r\n"
#define BODY   "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n"

static struct serve_config config; /* 150 KB */
static struct policy policy;
static struct judge_setup setup;
static struct judge *judge;
static struct arena arena;
static struct buf request, answer;

static void open_all(void)
{
    struct mp_err err = {0};
    struct dns_zone *zone = dns_zone_new();
    arena_init(&arena, 64 << 20);
    buf_init(&request, FRAME_BYTES);
    buf_init(&answer, FRAME_BYTES);
    policy_default(&policy);
    tap_int(dns_zone_load(zone, str_from(zone_text), "zone", &err), MP_OK);
    config.milters[0] = (struct serve_milter){.name = STR("mta"),
                                              .quarantine = true,
                                              .add_headers = true,
                                              .strip_results = true,
                                              .subject_tag = STR("[odd] ")};
    config.n_milters = 1;
    setup = (struct judge_setup){.config = &config,
                                 .job = {.policy = &policy},
                                 .source = {.zone = zone, .deadline_ms = 5000}};
    auth_config_init(&setup.job.auth);
    setup.job.auth.authserv_id = STR("mx.example.org");
    judge = mail_judge_new(&setup);
    tap_ok(judge != NULL);
}

static struct mail_request a_request(const char *ip)
{
    struct mail_request r = {.number = 5,
                             .mode = MAIL_INBOUND,
                             .id = STR("00112233445566778899aabbccddeeff"),
                             .listener = STR("mta"),
                             .now_s = 1790000000,
                             .helo = STR("mx.good.example"),
                             .has_mail_from = true,
                             .mail_from = STR("a@good.example"),
                             .want_edits = true};
    tap_ok(ip_parse(str_from(ip), &r.client));
    return r;
}

static struct mail_answer ask(struct mail_request r, const char *raw)
{
    struct mail_answer a = {0};
    struct mp_err err = {0};
    buf_reset(&request);
    buf_reset(&answer);
    r.message_bytes = r.kind == MAIL_WARM ? 0 : strlen(raw);
    mail_request_write(&request, &r);
    judge_answer(judge, buf_str(&request), str_make(raw, (size_t)r.message_bytes), &answer);
    tap_int(mail_answer_read(&arena, buf_str(&answer), &a, &err), MP_OK);
    tap_int(a.number, 5);
    return a;
}

static const struct mail_edit *find_edit(const struct mail_answer *a, enum edit_kind kind,
                                         const char *name)
{
    for (size_t i = 0; i < a->n_edits; i++)
        if (a->edits[i].kind == kind && str_ieq(a->edits[i].name, str_from(name)))
            return &a->edits[i];
    return NULL;
}

static void test_inbound(void)
{
    tap_case("inbound: good mail passes, our results topmost");
    struct mail_answer a = ask(a_request("192.0.2.8"), HEAD BODY);
    tap_int(a.status, ANSWER_JUDGED);
    tap_int(a.action, ACTION_ACCEPT);
    tap_int(a.code, 250);
    tap_ok(a.n_edits >= 2);
    tap_str(a.edits[a.n_edits - 1].name, STR("Authentication-Results"));
    tap_ok(str_starts(a.edits[a.n_edits - 1].value, STR("mx.example.org;")));
    tap_ok(find_edit(&a, EDIT_REMOVE, "Authentication-Results") == NULL);
    tap_str(a.summary.dmarc, STR("pass"));

    tap_case("inbound: forged results go by their occurrence, and the subject is tagged once");
    a = ask(a_request("192.0.2.8"),
            "Authentication-Results: other.example; none\r\n" FORGED HEAD BODY);
    const struct mail_edit *gone = find_edit(&a, EDIT_REMOVE, "authentication-results");
    tap_ok(gone != NULL && gone->occurrence == 2);
    const struct mail_edit *subject = find_edit(&a, EDIT_REPLACE, "Subject");
    tap_str(subject == NULL ? STR_NONE : subject->value, STR("[odd] hello"));
    a = ask(a_request("192.0.2.8"), FORGED "From: a@good.example\r\nSubject: [odd] x\r\n" BODY);
    tap_ok(find_edit(&a, EDIT_REPLACE, "Subject") == NULL);

    tap_case("inbound: the report tells the edits, in the order in which they are made");
    struct mail_request r = a_request("192.0.2.8");
    r.want_report = true;
    a = ask(r, FORGED HEAD BODY);
    tap_ok(str_search(a.report, STR(",\"edits\":[{\"kind\":\"remove\",\"name\":\"Authentication-"
                                    "Results\",\"value\":null,\"occurrence\":1},")) < a.report.n);
    tap_ok(str_search(a.report, STR("{\"kind\":\"prepend\",\"name\":\"Authentication-Results\","
                                    "\"value\":\"mx.example.org;")) < a.report.n);
    tap_ok(str_ends(a.report, STR("\"occurrence\":null}]}")));

    tap_case("inbound: a refusal has code, reason and id, and edits nothing");
    a = ask(a_request("203.0.113.9"), FORGED HEAD BODY);
    tap_int(a.action, ACTION_REJECT);
    tap_int(a.code, 550);
    tap_str(a.text,
            STR("refused by policy: auth.dmarc.fail (id 00112233445566778899aabbccddeeff)"));
    tap_int(a.n_edits, 0);
    tap_str(a.summary.done, STR("reject"));
}

static void test_modes(void)
{
    struct mail_request r = a_request("203.0.113.9");
    tap_case("monitor: passes untouched, the verdict is told");
    r.mode = MAIL_MONITOR;
    struct mail_answer a = ask(r, FORGED HEAD BODY);
    tap_int(a.action, ACTION_ACCEPT);
    tap_int(a.n_edits, 0);
    tap_int(a.summary.action, ACTION_REJECT);
    tap_str(a.summary.done, STR("accept"));

    tap_case("outbound: its client is not authenticated against itself");
    r.mode = MAIL_OUTBOUND;
    a = ask(r, HEAD BODY);
    tap_int(a.action, ACTION_ACCEPT);
    tap_str(a.summary.dmarc, STR(""));

    tap_case("scan: the verdict as it is, and no edits");
    r.mode = MAIL_SCAN;
    r.want_edits = false;
    r.want_report = true;
    a = ask(r, HEAD BODY);
    tap_int(a.action, ACTION_REJECT);
    tap_int(a.n_edits, 0);
    tap_ok(str_starts(a.report, STR("{\"schema\":\"mailproof/report/1\"")));

    tap_case("quarantine: held with a reason, or tagged where the MTA is not to be asked");
    r = a_request("203.0.113.9");
    r.policy = STR("rules:\n  - {finding: auth.dmarc.fail, action: quarantine}\n");
    a = ask(r, HEAD BODY);
    tap_int(a.action, ACTION_QUARANTINE);
    tap_ok(a.quarantine.n > 0);
    config.milters[0].quarantine = false;
    a = ask(r, HEAD BODY);
    tap_int(a.action, ACTION_TAG);
    tap_ok(a.quarantine.n == 0 && find_edit(&a, EDIT_REPLACE, "Subject") != NULL);
    config.milters[0].quarantine = true;

    tap_case("a policy with a mistake: a failure with its place, and no verdict");
    r.policy = STR("rules: 7\n");
    a = ask(r, HEAD BODY);
    tap_int(a.status, ANSWER_FAILED);
    tap_int(a.action, ACTION_TEMPFAIL);
    tap_ok(str_starts(a.reason, STR("policy:1:")));
}

static void test_warm(void)
{
    struct mail_request r = a_request("203.0.113.9");
    tap_case("warm: what SPF says, without a message");
    r.kind = MAIL_WARM;
    struct mail_answer a = ask(r, "");
    tap_str(a.summary.spf, STR("fail"));
    tap_case("warm: what DMARC would say without the signatures of the message refuses nobody");
    tap_int(a.action, ACTION_ACCEPT);
    tap_case("warm: a policy that refuses for SPF alone");
    r.policy = STR("rules:\n  - {finding: auth.spf.fail, action: reject}\n");
    a = ask(r, "");
    tap_int(a.action, ACTION_REJECT);
    tap_case("warm: what is missing in a message that is none refuses nobody");
    r.policy = STR("rules:\n  - {finding: 'message.*', action: reject}\n");
    a = ask(r, "");
    tap_int(a.action, ACTION_ACCEPT);
}

static struct mail_answer ask_forged(int n)
{
    struct buf many;
    buf_init(&many, FRAME_BYTES);
    for (int i = 0; i < n; i++)
        buf_addz(&many, FORGED);
    buf_addz(&many, HEAD BODY);
    buf_addc(&many, '\0');
    struct mail_answer a = ask(a_request("192.0.2.8"), many.p);
    buf_clear(&many);
    return a;
}

static void test_hostile(void)
{
    struct mail_answer a = {0};
    struct mail_request r = a_request("192.0.2.8");
    tap_case("hostile: what is no request is answered by a failure");
    for (size_t n = 0; n < 60; n += 7) {
        buf_reset(&request);
        buf_reset(&answer);
        mail_request_write(&request, &r);
        judge_answer(judge, str_slice(buf_str(&request), 0, n), STR(""), &answer);
        tap_int(mail_answer_read(&arena, buf_str(&answer), &a, NULL), MP_OK);
        tap_int(a.status, ANSWER_FAILED);
        tap_int(a.action, ACTION_TEMPFAIL);
    }
    tap_case("hostile: a message of another length than was told");
    buf_reset(&request);
    buf_reset(&answer);
    r.message_bytes = 100;
    mail_request_write(&request, &r);
    judge_answer(judge, buf_str(&request), STR("short"), &answer);
    tap_int(mail_answer_read(&arena, buf_str(&answer), &a, NULL), MP_OK);
    tap_int(a.status, ANSWER_FAILED);

    tap_case("hostile: forged results without number are refused for good, not put off");
    a = ask_forged(ANSWER_MAX_EDITS + 1);
    tap_int(a.status, ANSWER_JUDGED);
    tap_int(a.action, ACTION_REJECT);
    tap_int(a.code, 550);
    tap_int(a.n_edits, 0);
    tap_str(a.text, STR("refused: more than 300 fields of the header would have to be changed (id "
                        "00112233445566778899aabbccddeeff)"));
    tap_str(a.summary.done, STR("reject"));
    tap_ok(str_starts(a.summary.reply, STR("550 5.6.0 refused: ")));
    tap_case("hostile: as many as can be taken away are");
    a = ask_forged(ANSWER_MAX_EDITS - 5);
    tap_int(a.code, 250);
    tap_ok(a.n_edits >= ANSWER_MAX_EDITS - 5);
}

int main(void)
{
    tap_case("open");
    open_all();
    test_inbound();
    test_modes();
    test_warm();
    test_hostile();
    mail_judge_free(judge);
    dns_zone_free(setup.source.zone);
    buf_clear(&request);
    buf_clear(&answer);
    arena_clear(&arena);
    return tap_done();
}
