/* Requests and answers: read back as they were written; cut or spoiled at any byte refused or read
 * as another valid one, never past the end. */
#include "ipc/mail_answer.h"
#include "ipc/mail_request.h"
#include "ipc/summary_json.h"
#include "tests/tap.h"

static struct str rcpts[] = {STR_INIT("a@example.org"), STR_INIT("b@example.org")};

static struct mail_request a_request(void)
{
    return (struct mail_request){.number = 7,
                                 .mode = MAIL_OUTBOUND,
                                 .id = STR("00112233445566778899aabbccddeeff"),
                                 .listener = STR("submission"),
                                 .now_s = 1790000000,
                                 .deadline_ms = 20000,
                                 .client = {IP_V4, {192, 0, 2, 7}},
                                 .client_port = 2525,
                                 .helo = STR("client.example"),
                                 .tls = STR("TLSv1.3"),
                                 .auth_user = STR("ann"),
                                 .has_mail_from = true,
                                 .mail_from = STR("ann@example.org"),
                                 .rcpt_to = rcpts,
                                 .n_rcpt_to = 2,
                                 .local = true,
                                 .want_edits = true,
                                 .message_bytes = 4711};
}

static struct mail_edit edits[] = {
    {EDIT_REMOVE, STR_INIT("Authentication-Results"), STR_INIT(""), 2},
    {EDIT_PREPEND, STR_INIT("Authentication-Results"), STR_INIT("mx.example; none"), 0}};

static struct mail_answer an_answer(void)
{
    struct mail_answer a = {.number = 7,
                            .action = ACTION_REJECT,
                            .code = 550,
                            .enhanced = STR("5.7.1"),
                            .text = STR("no"),
                            .edits = edits,
                            .n_edits = 2,
                            .report = STR("{}")};
    struct mail_summary *s = &a.summary;
    s->id = STR("00112233445566778899aabbccddeeff");
    s->time_ms = 1790000000123;
    s->client = (struct ip){IP_V6, {0x20, 1, 0xd, 0xb8}};
    s->rcpt_to[0] = rcpts[0];
    s->n_rcpts = s->n_rcpt_to = 1;
    s->dkim[0] = (struct summary_signature){STR("example.org"), STR("s1"), STR("pass")};
    s->n_dkim = 1;
    s->policy.p = STR("reject");
    s->policy.testing = true;
    s->findings[0] =
        (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 1, STR("example.org")};
    s->n_findings = 1;
    s->signed_by = STR("example.org:s1");
    return a;
}

static void test_request(struct arena *a)
{
    struct mail_request in = a_request(), out;
    struct buf b, again;
    buf_init(&b, IPC_MAX_REQUEST_BYTES);
    buf_init(&again, IPC_MAX_REQUEST_BYTES);
    mail_request_write(&b, &in);
    tap_case("request: is read as it was written");
    tap_int(mail_request_read(a, buf_str(&b), &out, NULL), MP_OK);
    tap_int(out.mode, MAIL_OUTBOUND);
    tap_str(out.mail_from, STR("ann@example.org"));
    tap_int(out.n_rcpt_to, 2);
    tap_str(out.rcpt_to[1], rcpts[1]);
    tap_ok(out.has_mail_from && out.local && out.want_edits && !out.want_report);
    mail_request_write(&again, &out);
    tap_str(buf_str(&again), buf_str(&b));
    tap_case("request: cut anywhere it is refused");
    for (size_t n = 0; n < b.n; n++)
        tap_int(mail_request_read(a, str_slice(buf_str(&b), 0, n), &out, NULL), MP_E_SYNTAX);
    tap_case("request: more than there should be is refused");
    buf_addc(&b, 0);
    tap_int(mail_request_read(a, buf_str(&b), &out, NULL), MP_E_SYNTAX);
    buf_clear(&b);
    buf_clear(&again);
}

static void test_answer(struct arena *a)
{
    struct mail_answer in = an_answer(), out;
    struct mail_summary copy;
    struct buf b, again;
    buf_init(&b, ANSWER_MAX_REPORT_BYTES);
    buf_init(&again, ANSWER_MAX_REPORT_BYTES);
    mail_answer_write(&b, &in);
    tap_case("answer: is read as it was written");
    tap_int(mail_answer_read(a, buf_str(&b), &out, NULL), MP_OK);
    tap_int(out.n_edits, 2);
    tap_int(out.edits[0].occurrence, 2);
    tap_str(out.edits[1].value, STR("mx.example; none"));
    tap_str(out.summary.findings[0].id, STR("auth.dmarc.fail"));
    tap_str(out.summary.policy.p, STR("reject"));
    tap_int(out.summary.client.family, IP_V6);
    mail_answer_write(&again, &out);
    tap_str(buf_str(&again), buf_str(&b));
    tap_case("answer: a copy outlives the frame");
    tap_int(mail_summary_copy(a, &out.summary, &copy, NULL), MP_OK);
    memset(b.p, 'x', b.n);
    tap_str(copy.dkim[0].selector, STR("s1"));
    tap_str(copy.signed_by, STR("example.org:s1"));
    buf_reset(&b);
    mail_answer_write(&b, &in);
    tap_case("answer: cut anywhere it is refused");
    for (size_t n = 0; n < b.n; n++)
        tap_int(mail_answer_read(a, str_slice(buf_str(&b), 0, n), &out, NULL), MP_E_SYNTAX);
    buf_clear(&b);
    buf_clear(&again);
}

static void test_long_texts(struct arena *a)
{
    static char long_text[SUMMARY_MAX_TEXT_BYTES * 2];
    struct mail_answer in = an_answer(), out;
    struct buf b;
    memset(long_text, 's', sizeof long_text);
    in.summary.subject = str_make(long_text, sizeof long_text);
    buf_init(&b, ANSWER_MAX_REPORT_BYTES);
    mail_answer_write(&b, &in);
    tap_case("summary: long texts are cut when they are written");
    tap_int(mail_answer_read(a, buf_str(&b), &out, NULL), MP_OK);
    tap_int(out.summary.subject.n, SUMMARY_MAX_TEXT_BYTES);
    buf_clear(&b);
}

static void test_summary_json(void)
{
    struct mail_answer a = an_answer();
    struct mail_summary none = {0};
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 0);
    tap_case("summary as JSON: what is known");
    summary_json(&j, &a.summary);
    static const char *const has[] = {
        "\"id\":\"00112233445566778899aabbccddeeff\",\"time\":\"2026-09-21T14:13:20.123Z\"",
        "\"client\":{\"ip\":\"2001:db8::\",\"name\":null}",
        "\"rcpt_to\":[\"a@example.org\"]",
        "\"signatures\":[{\"domain\":\"example.org\",\"selector\":\"s1\",\"result\":\"pass\"}]",
        "\"id\":\"auth.dmarc.fail\",\"severity\":\"high\",\"title\":\"",
        "\"signed_by\":[\"example.org:s1\"]"};
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (!tap_ok(str_search(buf_str(&b), str_from(has[i])) < b.n))
            tap_note("wanted %s", has[i]);
    tap_case("summary as JSON: what is not known is null, an empty sender is not");
    buf_reset(&b);
    json_init(&j, &b, 0);
    none.dmarc_domain = STR("example.org");
    none.signed_by = STR(" a:b  c:d ");
    none.findings[0] = (struct summary_finding){.id = STR("of.later")};
    none.n_findings = 1;
    summary_json(&j, &none);
    static const char *const nulls[] = {"\"mail_from\":null",
                                        "\"ip\":null",
                                        "\"mode\":null",
                                        "\"policy\":{\"p\":null",
                                        "\"signed_by\":[\"a:b\",\"c:d\"]",
                                        "\"title\":null"};
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
        if (!tap_ok(str_search(buf_str(&b), str_from(nulls[i])) < b.n))
            tap_note("wanted %s", nulls[i]);
    buf_reset(&b);
    json_init(&j, &b, 0);
    none.has_mail_from = true;
    summary_json(&j, &none);
    tap_ok(str_search(buf_str(&b), STR("\"mail_from\":\"\"")) < b.n);
    buf_clear(&b);
}

int main(void)
{
    struct arena a;
    arena_init(&a, 16 << 20);
    test_request(&a);
    test_answer(&a);
    test_long_texts(&a);
    arena_clear(&a);
    test_summary_json();
    return tap_done();
}
