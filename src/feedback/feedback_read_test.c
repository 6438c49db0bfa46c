/* Reading reports: each deviation that is taken, and next to it what is not. */
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "feedback/read_internal.h"
#include "tests/tap.h"

static struct arena arena;
static struct feedback_content content;
static struct mp_err err;

static void read_bytes(struct str bytes)
{
    arena_reset(&arena);
    content = (struct feedback_content){0};
    tap_int(feedback_read(&arena, bytes, &content, &err), MP_OK);
}

static bool has_problem(enum feedback_problem_kind kind)
{
    for (size_t i = 0; i < content.problems.n; i++)
        if (content.problems.items[i].kind == kind)
            return true;
    return false;
}

/* ---- aggregate reports: one piece of a good one is replaced ---- */

static const char good[] =
    "<?xml version=\"1.0\"?>\n<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">"
    "<version>1.0</version><report_metadata><org_name>big.test</org_name>"
    "<email>d@big.test</email><report_id>r1</report_id><date_range><begin>1700000000</begin>"
    "<end>1700086399</end></date_range><generator>g</generator></report_metadata>"
    "<policy_published><domain>a.test</domain><p>reject</p><np>none</np><testing>n</testing>"
    "<discovery_method>treewalk</discovery_method></policy_published>"
    "<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated>"
    "<disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf><reason><type>other</type>"
    "<comment>c</comment></reason></policy_evaluated></row><identifiers>"
    "<header_from>a.test</header_from><envelope_from>b.test</envelope_from></identifiers>"
    "<auth_results><dkim><domain>a.test</domain><selector>s</selector><result>pass</result>"
    "</dkim><spf><domain>b.test</domain><scope>mfrom</scope><result>fail</result></spf>"
    "</auth_results></record></feedback>";

static const struct {
    const char *label, *old, *new;
    enum feedback_problem_kind problem; /* PROBLEM_COUNT: none */
    enum feedback_gravity gravity;
    size_t rows;
} xml_rows[] = {
    {"a good one", "", "", PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"of 2012: no namespace, no version", " xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"", "",
     PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"elements in capitals", "<count>2</count>", "<COUNT>2</COUNT>", PROBLEM_COUNT, GRAVITY_NOTE,
     1},
    {"words in capitals", "<dkim>pass</dkim>", "<dkim>Pass</dkim>", PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"an extension is passed over", "</record>",
     "</record><x:y xmlns:x=\"u\"><record><row/></record></x:y>", PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"blanks around values", "<count>2</count>", "<count>\n 2 </count>", PROBLEM_COUNT,
     GRAVITY_NOTE, 1},
    {"no version", "<version>1.0</version>", "", PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"an address of IPv6", "192.0.2.1", "2001:db8::1", PROBLEM_COUNT, GRAVITY_NOTE, 1},
    {"times with fractions", "<begin>1700000000<", "<begin>1700000000.0<", PROBLEM_COUNT,
     GRAVITY_NOTE, 1},
    {"times in words", "<begin>1700000000<", "<begin>2023-11-14T22:13:20Z<", PROBLEM_COUNT,
     GRAVITY_NOTE, 1},
    {"no time", "<begin>1700000000<", "<begin>yesterday<", PROBLEM_NUMBER, GRAVITY_NOTE, 1},
    {"a range that ends before it begins", "<begin>1700000000<", "<begin>1800000000<",
     PROBLEM_RANGE, GRAVITY_NOTE, 1},
    {"no such disposition", ">pass</disposition>", ">bounce</disposition>", PROBLEM_WORD,
     GRAVITY_NOTE, 1},
    {"a result where pass or fail is wanted", "<spf>fail</spf>", "<spf>softfail</spf>",
     PROBLEM_WORD, GRAVITY_NOTE, 1},
    {"the same element twice", "<count>2</count>", "<count>2</count><count>9</count>",
     PROBLEM_DUPLICATE, GRAVITY_NOTE, 1},
    {"no organization", "<org_name>big.test</org_name>", "", PROBLEM_MISSING, GRAVITY_NOTE, 1},
    {"something behind its end", "</feedback>", "</feedback>\n<more/>", PROBLEM_DEVIATION,
     GRAVITY_NOTE, 1},
    {"a count of nothing", "<count>2</count>", "<count></count>", PROBLEM_NUMBER, GRAVITY_PARTIAL,
     0},
    {"the largest count", "<count>2</count>", "<count>1000000000</count>", PROBLEM_COUNT,
     GRAVITY_NOTE, 1},
    {"a larger one", "<count>2</count>", "<count>1000000001</count>", PROBLEM_NUMBER,
     GRAVITY_PARTIAL, 0},
    {"a negative one", "<count>2</count>", "<count>-2</count>", PROBLEM_NUMBER, GRAVITY_PARTIAL, 0},
    {"no address", "192.0.2.1", "192.0.2.256", PROBLEM_ADDRESS, GRAVITY_PARTIAL, 0},
    {"another document", "<feedback xmlns", "<feedbacks xmlns", PROBLEM_NOT_A_REPORT,
     GRAVITY_REFUSED, 0},
    {"a DTD", "<feedback xmlns", "<!DOCTYPE feedback><feedback xmlns", PROBLEM_DOCTYPE,
     GRAVITY_REFUSED, 0},
    {"an entity of nobody", "big.test<", "&big;<", PROBLEM_NOT_WELL_FORMED, GRAVITY_REFUSED, 0},
    {"cut", "</record></feedback>", "</record>", PROBLEM_NOT_WELL_FORMED, GRAVITY_REFUSED, 0},
    {"an encoding of nobody", "version=\"1.0\"?", "version=\"1.0\" encoding=\"x-none\"?",
     PROBLEM_NOT_WELL_FORMED, GRAVITY_REFUSED, 0},
    {"windows-1252", "version=\"1.0\"?", "version=\"1.0\" encoding=\"windows-1252\"?",
     PROBLEM_COUNT, GRAVITY_NOTE, 1},
};

static void test_xml(void)
{
    char text[4096];
    for (size_t i = 0; i < ARRAY_LEN(xml_rows); i++) {
        const char *at = strstr(good, xml_rows[i].old);
        tap_case("xml: %s", xml_rows[i].label);
        if (!tap_ok(at != NULL))
            continue;
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, xml_rows[i].new,
                 at + strlen(xml_rows[i].old));
        read_bytes(str_from(text));
        bool refused = xml_rows[i].gravity == GRAVITY_REFUSED;
        tap_int(content.problems.worst, xml_rows[i].gravity);
        tap_ok(xml_rows[i].problem == PROBLEM_COUNT ? content.problems.n == 0
                                                    : has_problem(xml_rows[i].problem));
        tap_int(content.n, refused ? 0 : 1);
        if (!refused && content.n == 1)
            tap_int(content.items[0].aggregate->n_rows, xml_rows[i].rows);
    }
}

static void test_values(void)
{
    tap_case("xml: every value");
    read_bytes(str_from(good));
    const struct dmarc_aggregate *r = content.items[0].aggregate;
    const struct dmarc_row *row = &r->rows[0];
    tap_str(r->ns, STR("urn:ietf:params:xml:ns:dmarc-2.0"));
    tap_str(r->generator, STR("g"));
    tap_str(r->published.discovery_method, STR("treewalk"));
    tap_int(row->disposition, DISPOSITION_PASS);
    tap_int(row->dkim, ALIGNED_PASS);
    tap_int(row->spf, ALIGNED_FAIL);
    tap_str(row->envelope_from, STR("b.test"));
    tap_str(row->reasons[0].comment, STR("c"));
    tap_str(row->dkim_results[0].selector, STR("s"));
    tap_str(row->spf_results[0].scope, STR("mfrom"));
    tap_int(r->messages, 2);
}

/* ---- depth and number ---- */

static void test_limits(void)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    tap_case("xml: deeper than any report");
    for (int i = 0; i < 100000; i++)
        buf_addz(&b, i == 0 ? "<feedback>" : "<a>");
    read_bytes(buf_str(&b));
    tap_ok(has_problem(PROBLEM_DEPTH));
    tap_int(content.n, 0);
    tap_case("xml: more results than are kept");
    buf_reset(&b);
    buf_addz(&b, "<feedback><record><row><source_ip>192.0.2.1</source_ip><count>1</count></row>"
                 "<auth_results>");
    for (int i = 0; i < FEEDBACK_MAX_RESULTS + 1; i++)
        buf_addz(&b, "<dkim><domain>a.test</domain><result>pass</result></dkim>");
    buf_addz(&b, "</auth_results></record></feedback>");
    read_bytes(buf_str(&b));
    tap_ok(has_problem(PROBLEM_LIMIT));
    tap_int(content.items[0].aggregate->rows[0].n_dkim, FEEDBACK_MAX_RESULTS);
    tap_case("more problems than are told: why it was refused is");
    buf_reset(&b);
    buf_addz(&b, "<feedback>");
    for (int i = 0; i < 3 * FEEDBACK_MAX_PROBLEMS; i++)
        buf_addz(&b, "<record/>");
    read_bytes(buf_str(&b));
    tap_int(content.problems.n, FEEDBACK_MAX_PROBLEMS);
    tap_ok(content.problems.dropped > 0);
    tap_int(content.problems.items[FEEDBACK_MAX_PROBLEMS - 1].kind, PROBLEM_NOT_WELL_FORMED);
    tap_case("json: deeper than any report, and brackets in a text");
    read_bytes(STR(
        "{\"organization-name\":\"a\",\"policies\":[],\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"));
    tap_ok(has_problem(PROBLEM_DEPTH));
    read_bytes(STR("{\"organization-name\":\"[[[[[[[[[[[[[[[[[[\\\"[[\",\"policies\":[]}"));
    tap_ok(!has_problem(PROBLEM_DEPTH));
    tap_int(content.n, 1);
    buf_clear(&b);
}

/* ---- TLS ---- */

static const struct {
    const char *label, *json;
    enum feedback_problem_kind problem;
    enum feedback_gravity gravity;
    size_t policies;
    uint64_t failed;
} json_rows[] = {
    {"a good one",
     "{\"organization-name\":\"b\",\"date-range\":{\"start-datetime\":\"2024-01-01T00:00:00Z\","
     "\"end-datetime\":\"2024-01-01T23:59:59Z\"},\"report-id\":\"r\",\"policies\":[{\"policy\":{"
     "\"policy-type\":\"sts\",\"policy-domain\":\"a.test\",\"mx-host\":\"*.a.test\"},\"summary\":{"
     "\"total-successful-session-count\":1,\"total-failure-session-count\":2}}]}",
     PROBLEM_COUNT, GRAVITY_NOTE, 1, 2},
    {"a number as text",
     "{\"organization-name\":\"b\",\"policies\":[{\"summary\":{\"total-failure-session-count\":"
     "\"3\"}}]}",
     PROBLEM_TYPE, GRAVITY_NOTE, 1, 3},
    {"a whole number with a dot",
     "{\"organization-name\":\"b\",\"policies\":[{\"summary\":{\"total-failure-session-count\":"
     "3.0}}]}",
     PROBLEM_MISSING, GRAVITY_NOTE, 1, 3},
    {"half a session",
     "{\"organization-name\":\"b\",\"policies\":[{\"summary\":{\"total-failure-session-count\":"
     "3.5}}]}",
     PROBLEM_NUMBER, GRAVITY_PARTIAL, 0, 0},
    {"a policy that is none", "{\"organization-name\":\"b\",\"policies\":[7]}", PROBLEM_TYPE,
     GRAVITY_PARTIAL, 0, 0},
    {"a list instead of an object", "[1]", PROBLEM_NOT_A_REPORT, GRAVITY_REFUSED, 0, 0},
    {"JSON of something else", "{\"policy\":[]}", PROBLEM_NOT_A_REPORT, GRAVITY_REFUSED, 0, 0},
    {"no policies", "{\"organization-name\":\"b\"}", PROBLEM_MISSING, GRAVITY_REFUSED, 0, 0},
    {"a key twice", "{\"policies\":[],\"policies\":[]}", PROBLEM_DUPLICATE, GRAVITY_REFUSED, 0, 0},
    {"cut", "{\"policies\":[", PROBLEM_NOT_WELL_FORMED, GRAVITY_REFUSED, 0, 0},
};

static void test_json(void)
{
    for (size_t i = 0; i < ARRAY_LEN(json_rows); i++) {
        tap_case("json: %s", json_rows[i].label);
        read_bytes(str_from(json_rows[i].json));
        bool refused = json_rows[i].gravity == GRAVITY_REFUSED;
        tap_int(content.problems.worst, json_rows[i].gravity);
        tap_ok(json_rows[i].problem == PROBLEM_COUNT ? content.problems.n == 0
                                                     : has_problem(json_rows[i].problem));
        tap_int(content.n, refused ? 0 : 1);
        if (refused || content.n != 1)
            continue;
        tap_int(content.items[0].tls->n_results, json_rows[i].policies);
        tap_int(content.items[0].tls->failed, json_rows[i].failed);
    }
}

/* ---- mails ---- */

#define ARF_HEAD                                                                                   \
    "From: Abuse <abuse@isp.test>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"                     \
    "Message-ID: <f1@isp.test>\r\nMIME-Version: 1.0\r\n"                                           \
    "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"              \
    "--b\r\nContent-Type: text/plain\r\n\r\nan abuse report\r\n"                                   \
    "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
#define ARF_TAIL                                                                                   \
    "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@victim.test\r\nSubject: hi\r\n"        \
    "Content-Type: text/xml\r\n\r\n<feedback></feedback>\r\n--b--\r\n"

static const struct {
    const char *label, *fields;
    enum feedback_problem_kind problem;
    const char *ip;
    uint64_t incidents;
    size_t domains;
} arf_rows[] = {
    {"a good one",
     "Feedback-Type: abuse\r\nVersion: 1\r\nSource-IP: 192.0.2.9\r\nReported-Domain: "
     "victim.test\r\n"
     "Incidents: 4\r\n",
     PROBLEM_COUNT, "192.0.2.9", 4, 1},
    {"lines that end with LF, folded, another case",
     "feedback-type:\n abuse\nSOURCE-IP: 2001:db8::1 (mail.test)\nReported-Domain: a.test\n"
     "Reported-Domain: b.test\n",
     PROBLEM_COUNT, "2001:db8::1", 1, 2},
    {"a source in brackets", "Feedback-Type: abuse\r\nSource-IP: [IPv6:2001:db8::2]\r\n",
     PROBLEM_COUNT, "2001:db8::2", 1, 0},
    {"no address", "Feedback-Type: abuse\r\nSource-IP: mail.test\r\n", PROBLEM_ADDRESS, "", 1, 0},
    {"no number", "Feedback-Type: abuse\r\nIncidents: many\r\n", PROBLEM_NUMBER, "", 1, 0},
    {"a field twice", "Feedback-Type: abuse\r\nVersion: 1\r\nVersion: 2\r\n", PROBLEM_DUPLICATE, "",
     1, 0},
    {"no type", "Version: 1\r\n", PROBLEM_MISSING, "", 1, 0},
};

static void test_arf(void)
{
    char text[4096], ip[IP_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(arf_rows); i++) {
        tap_case("arf: %s", arf_rows[i].label);
        snprintf(text, sizeof text, ARF_HEAD "%s" ARF_TAIL, arf_rows[i].fields);
        read_bytes(str_from(text));
        tap_ok(arf_rows[i].problem == PROBLEM_COUNT ? content.problems.n == 0
                                                    : has_problem(arf_rows[i].problem));
        if (!tap_int(content.n, 1) || !tap_int(content.items[0].kind, FEEDBACK_FAILURE))
            continue;
        const struct failure_report *r = content.items[0].failure;
        bool has_ip = r->ip.family != IP_NONE;
        tap_str(has_ip ? str_make(ip, ip_write(&r->ip, ip)) : STR(""), str_from(arf_rows[i].ip));
        tap_int(r->incidents, arf_rows[i].incidents);
        tap_int(r->n_domains, arf_rows[i].domains);
        tap_str(r->from_domain, STR("victim.test"));
        tap_str(r->reporter, STR("isp.test"));
        tap_str(r->original_part, STR("message/rfc822"));
    }
    tap_case("arf: without a field it is refused");
    read_bytes(STR(ARF_HEAD "\r\nnothing" ARF_TAIL));
    tap_int(content.n, 0);
    tap_int(content.problems.worst, GRAVITY_REFUSED);
}

static void test_mails(void)
{
    char text[4096];
    tap_case("mail: a report as a part, by what it is and not by its name");
    snprintf(text, sizeof text,
             "From: a@b.test\r\nContent-Type: application/octet-stream\r\n\r\n%s", good);
    read_bytes(str_from(text));
    tap_int(content.n, 1);
    tap_str(content.items[0].place, STR("part 1"));
    tap_case("mail: none is a problem");
    read_bytes(STR("From: a@b.test\r\nSubject: hi\r\n\r\nhello"));
    tap_int(content.n, 0);
    tap_ok(has_problem(PROBLEM_NOT_A_REPORT));
    tap_case("mail: a part that says it is a report and is none");
    read_bytes(STR("From: a@b.test\r\nContent-Type: application/gzip\r\n\r\nhello"));
    tap_ok(has_problem(PROBLEM_NOT_WELL_FORMED));
    tap_case("mail: text that begins as JSON does is no report");
    read_bytes(STR("From: a@b.test\r\nContent-Type: text/plain\r\n\r\n{ hello"));
    tap_ok(has_problem(PROBLEM_NOT_A_REPORT));
    tap_case("bytes: nothing, and anything");
    read_bytes(STR(""));
    tap_ok(has_problem(PROBLEM_NOT_A_REPORT));
    read_bytes(STR("\1\2\3"));
    tap_ok(has_problem(PROBLEM_NOT_A_REPORT));
}

/* ---- what was wrong must get out of the worker, too ---- */

static void test_told(void)
{
    static const char *const broken[] = {
        "{\"policies\":\"\\\xd2\x8b\x9a\x8c",
        "\xff{",
        "{\"\xd2\":1}",
        "<feedback><record><row><source_ip>\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4x\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4</source_ip></row></record></feedback>",
        "From: a@b.test\r\nContent-Type: application/gzip; name=\"\xff\xfe.gz\"\r\n\r\nhello",
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        tap_case("problems are UTF-8 whatever they quote: %zu", i);
        read_bytes(str_from(broken[i]));
        tap_ok(content.problems.n > 0);
        for (size_t k = 0; k < content.problems.n; k++)
            tap_ok(utf8_valid(content.problems.items[k].text) &&
                   utf8_valid(content.problems.items[k].where));
    }
}

/* ---- times ---- */

static const struct {
    const char *text;
    int64_t want; /* -1: none */
} time_rows[] = {
    {"1538413632", 1538413632},
    {"1538413632.5", 1538413632},
    {"100", 100},
    {"2016-04-01T00:00:00Z", 1459468800},
    {"2016-04-01 00:00:00", 1459468800},
    {"2016-04-01", 1459468800},
    {"2016-04-01T00:00:00.123Z", 1459468800},
    {"2016-04-01T02:00:00+02:00", 1459468800},
    {"2016-03-31T23:00:00-0100", 1459468800},
    {"2016-02-30T00:00:00Z", -1},
    {"2015-02-29", -1},
    {"2016-13-01", -1},
    {"2016-04-01T25:00:00Z", -1},
    {"2016-04-01T00:00:00+99:00", -1},
    {"2016-04-01T00:00:00Zx", -1},
    {"99999999999999999999", -1},
    {"-5", -1},
    {"", -1},
    {"1538413632.5x", -1},
};

static void test_times(void)
{
    for (size_t i = 0; i < ARRAY_LEN(time_rows); i++) {
        int64_t got = -1;
        tap_case("time: %s", time_rows[i].text);
        bool ok = feedback_time_parse(str_from(time_rows[i].text), &got);
        tap_int(ok, time_rows[i].want >= 0);
        tap_int(got, time_rows[i].want);
    }
}

int main(void)
{
    arena_init(&arena, FEEDBACK_ARENA_MAX_BYTES);
    test_xml();
    test_values();
    test_limits();
    test_json();
    test_arf();
    test_mails();
    test_told();
    test_times();
    arena_clear(&arena);
    return tap_done();
}
