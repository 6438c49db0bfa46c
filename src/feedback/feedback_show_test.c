/* Tables, JSON and CSV of the same reports, as goldens; and what is advised. UPDATE_GOLDEN=1 writes
 * them anew; the change is then read in review. */
#include "feedback/show.h"
#include "tests/golden.h"

enum { NOW = 1700100000, DAY_0 = 1700006400 };

static struct arena arena;
static struct mp_err err;

/* ---- reports of our own, with what strangers put into texts ---- */

static const char report_1[] =
    "<feedback><report_metadata><org_name>Big &lt;b&gt; &#x202e;gro</org_name><email>d@big.test"
    "</email><report_id>r1</report_id><date_range><begin>1700006400</begin><end>1700092799</end>"
    "</date_range></report_metadata><policy_published><domain>a.test</domain><p>none</p>"
    "</policy_published>"
    "<record><row><source_ip>192.0.2.1</source_ip><count>90</count><policy_evaluated>"
    "<disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>"
    "<identifiers><header_from>a.test</header_from></identifiers><auth_results><dkim><domain>a.test"
    "</domain><selector>s1</selector><result>pass</result></dkim><spf><domain>a.test</domain>"
    "<result>pass</result></spf></auth_results></record>"
    "<record><row><source_ip>192.0.2.2</source_ip><count>7</count><policy_evaluated>"
    "<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>"
    "<identifiers><header_from>a.test</header_from></identifiers><auth_results><dkim><domain>"
    "=cmd|evil.test</domain><result>pass</result></dkim></auth_results></record>"
    "<record><row><source_ip>2001:db8::3</source_ip><count>2</count><policy_evaluated>"
    "<disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf><reason><type>forwarded"
    "</type><comment>=HYPERLINK(\"x\")</comment></reason></policy_evaluated></row><identifiers>"
    "<header_from>=1+1</header_from></identifiers><auth_results/></record></feedback>";

static const char report_2[] =
    "{\"organization-name\":\"big.test\",\"date-range\":{\"start-datetime\":"
    "\"2023-11-15T00:00:00Z\",\"end-datetime\":\"2023-11-15T23:59:59Z\"},\"report-id\":\"t1\","
    "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a.test\"},\"summary\":"
    "{\"total-successful-session-count\":50,\"total-failure-session-count\":3},"
    "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":"
    "\"192.0.2.9\",\"receiving-mx-hostname\":\"mx.a.test\",\"failed-session-count\":3}]}]}";

static const char report_3[] =
    "From: fbl@isp.test\r\nDate: Wed, 15 Nov 2023 12:00:00 +0000\r\nMessage-ID: <f@isp.test>\r\n"
    "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: auth-failure\r\n"
    "Auth-Failure: dmarc\r\nSource-IP: 192.0.2.7\r\nReported-Domain: a.test\r\n";

static void fill(struct feedback_store *s)
{
    const char *const all[] = {report_1, report_2, report_3};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct feedback_content c;
        struct feedback_put put = {0};
        if (feedback_read(&arena, str_from(all[i]), &c, &err) != MP_OK || c.n != 1 ||
            feedback_store_put(s, &c, STR("test"), NOW, &put, &err) != MP_OK)
            abort();
    }
}

/* ---- goldens ---- */

static struct str name_of(void *ctx, const struct ip *ip)
{
    (void)ctx;
    return ip->family == IP_V4 && ip->octets[3] == 2 ? STR("mail.evil.test") : STR("");
}

static void test_goldens(struct feedback_store *s)
{
    static const char *const names[] = {"tests/golden/feedback.txt", "tests/golden/feedback.json",
                                        "tests/golden/feedback.jsonl", "tests/golden/feedback.csv"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct feedback_show how = {.format = (enum feedback_format)i, .name_of = name_of};
        struct buf out;
        buf_init(&out, OUT_MAX_BYTES);
        tap_case("shown as %s", names[i]);
        tap_int(feedback_show(s, &how, &arena, &out, &err), MP_OK);
        if (getenv("UPDATE_GOLDEN") != NULL)
            golden_write(names[i], buf_str(&out));
        else
            golden_difference(buf_str(&out), tap_source_file(names[i]));
        buf_clear(&out);
    }
}

static void test_pages(void)
{
    struct feedback_store *s = NULL;
    struct feedback_show how = {.format = FEEDBACK_FORMAT_CSV};
    struct buf xml, out;
    size_t lines = 0;
    buf_init(&xml, OUT_MAX_BYTES);
    buf_init(&out, OUT_MAX_BYTES);
    tap_case("all lines are written, however many pages they are");
    buf_addz(&xml, "<feedback>");
    for (int i = 0; i <= 2 * FEEDBACK_LIST_MAX; i++)
        buf_addz(&xml,
                 "<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row></record>");
    buf_addz(&xml, "</feedback>");
    struct feedback_content c;
    struct feedback_put put = {0};
    tap_int(feedback_store_open(&(struct feedback_store_config){0}, &s, &err), MP_OK);
    tap_int(feedback_read(&arena, buf_str(&xml), &c, &err), MP_OK);
    tap_int(feedback_store_put(s, &c, STR("test"), NOW, &put, &err), MP_OK);
    arena_reset(&arena);
    tap_int(feedback_show(s, &how, &arena, &out, &err), MP_OK);
    for (size_t i = 0; i < out.n; i++)
        lines += out.p[i] == '\n';
    tap_int(lines, 1 + 2 * FEEDBACK_LIST_MAX + 1);
    feedback_store_close(s);
    buf_clear(&out);
    buf_clear(&xml);
}

/* ---- advice ---- */

static const struct {
    const char *label;
    uint64_t passed, dkim, spf, dkim_any, spf_any; /* of 10 */
    const char *dkim_domain, *spf_domain, *reason, *policy, *want;
} advice[] = {
    {"all passes", 10, 10, 0, 10, 0, "a.test", "", "", "none", ""},
    {"signs as another", 0, 0, 0, 10, 0, "b.test", "", "", "none", "signs as b.test"},
    {"a signature of a name below", 0, 0, 0, 10, 0, "x.a.test", "", "", "none",
     "not authenticated"},
    {"SPF of another", 0, 0, 0, 0, 10, "", "b.test", "", "none", "SPF passes for b.test"},
    {"forwarded", 0, 0, 0, 10, 0, "b.test", "", "mailing_list", "none", "forwarded"},
    {"a part passes", 5, 5, 0, 5, 0, "a.test", "", "", "none", "a part"},
    {"nothing, and no policy", 0, 0, 0, 0, 0, "", "", "", "none", "not authenticated"},
    {"nothing", 0, 0, 0, 0, 0, "", "", "", "reject", "not authenticated"},
};

static void test_advice(void)
{
    for (size_t i = 0; i < ARRAY_LEN(advice); i++) {
        struct feedback_source x = {.domain = STR("a.test"),
                                    .sums = {.messages = 10,
                                             .passed = advice[i].passed,
                                             .dkim_aligned = advice[i].dkim,
                                             .spf_aligned = advice[i].spf},
                                    .dkim_passed = advice[i].dkim_any,
                                    .spf_passed = advice[i].spf_any,
                                    .dkim_domain = str_from(advice[i].dkim_domain),
                                    .spf_domain = str_from(advice[i].spf_domain),
                                    .reason = str_from(advice[i].reason)};
        tap_case("advice: %s", advice[i].label);
        struct str got = feedback_advice(&arena, &x, str_from(advice[i].policy));
        struct str want = str_from(advice[i].want);
        tap_ok(want.n == 0 ? got.n == 0 : str_starts(got, want));
    }
    tap_case("advice: p=reject is advised only where it is not published");
    struct feedback_source x = {.domain = STR("a.test"), .sums = {.messages = 1}};
    struct str none = feedback_advice(&arena, &x, STR("none"));
    struct str reject = feedback_advice(&arena, &x, STR("reject"));
    tap_ok(str_search(none, STR("p=reject")) < none.n);
    tap_ok(str_search(reject, STR("p=reject")) == reject.n);
    tap_case("advice: a result of RFC 8460, and none");
    tap_ok(feedback_tls_advice(STR("certificate-expired"))[0] != '\0');
    tap_ok(feedback_tls_advice(STR("hello"))[0] == '\0');
}

int main(void)
{
    struct feedback_store *s = NULL;
    arena_init(&arena, 1 << 30);
    if (feedback_store_open(&(struct feedback_store_config){0}, &s, &err) != MP_OK)
        abort();
    fill(s);
    test_goldens(s);
    test_pages();
    test_advice();
    feedback_store_close(s);
    arena_clear(&arena);
    return tap_done();
}
