/* Reports of our own: read back by our reader, as mails, and who may get them. */
#include "feedback/compose.h"

#include <stdio.h>
#include <stdlib.h>

#include "dns/zone.h"
#include "tests/tap.h"

enum { DAY_0 = 1700006400, NOW = DAY_0 + 90000 };

static struct arena arena;
static struct mp_err err;

static const struct report_sender sender = {STR_INIT("rcv.test"), STR_INIT("dmarc@rcv.test"),
                                            STR_INIT("see <us> & co"), REPORT_FORM_9990};

/* ---- XML ---- */

static struct dmarc_aggregate seen(struct dmarc_row *row)
{
    static struct dmarc_auth dkim = {.domain = STR_INIT("a.test"),
                                     .selector = STR_INIT("s1"),
                                     .result = STR_INIT("pass")};
    static struct dmarc_auth spf = {.domain = STR_INIT("<b>.test"),
                                    .scope = STR_INIT("mfrom"),
                                    .result = STR_INIT("fail")};
    static struct dmarc_reason reason = {STR_INIT("local_policy"),
                                         STR_INIT("arc=pass & \x01 \xff")};
    *row = (struct dmarc_row){.count = 7,
                              .disposition = DISPOSITION_PASS,
                              .dkim = ALIGNED_PASS,
                              .spf = ALIGNED_FAIL,
                              .header_from = STR("a.test"),
                              .envelope_from = STR("b.test"),
                              .reasons = &reason,
                              .dkim_results = &dkim,
                              .spf_results = &spf,
                              .n_reasons = 1,
                              .n_dkim = 1,
                              .n_spf = 1};
    ip_parse(STR("2001:db8::1"), &row->source);
    return (struct dmarc_aggregate){.begin_s = DAY_0,
                                    .end_s = DAY_0 + 86399,
                                    .published = {.domain = STR("a.test"),
                                                  .p = STR("reject"),
                                                  .np = STR("none"),
                                                  .adkim = STR("r"),
                                                  .testing = STR("n"),
                                                  .discovery_method = STR("treewalk")},
                                    .rows = row,
                                    .n_rows = 1,
                                    .messages = 7};
}

static void test_xml(enum report_form form)
{
    struct dmarc_row row;
    struct dmarc_aggregate r = seen(&row);
    struct report_sender s = sender;
    struct report_mail mail;
    struct feedback_content c = {0};
    bool late = form == REPORT_FORM_9990;
    s.form = form;
    tap_case("what is written is read, form %d", form);
    tap_int(report_compose(&arena, &s, &r, STR("x@a.test"), NOW, &mail, &err), MP_OK);
    tap_int(feedback_read(&arena, buf_str(&mail.xml), &c, &err), MP_OK);
    tap_int(c.problems.n, 0);
    if (tap_int(c.n, 1)) {
        const struct dmarc_aggregate *x = c.items[0].aggregate;
        tap_str(x->ns, late ? STR("urn:ietf:params:xml:ns:dmarc-2.0") : STR(""));
        tap_str(x->org_name, STR("rcv.test"));
        tap_str(x->extra_contact, STR("see <us> & co"));
        tap_str(x->published.np, late ? STR("none") : STR(""));
        tap_str(x->published.discovery_method, late ? STR("treewalk") : STR(""));
        tap_ok((x->generator.n > 0) == late);
        tap_int(x->rows[0].disposition, late ? DISPOSITION_PASS : DISPOSITION_NONE);
        tap_int(x->rows[0].count, 7);
        tap_ok(ip_eq(&x->rows[0].source, &row.source));
        tap_str(x->rows[0].spf_results[0].domain, STR("<b>.test"));
        tap_str(x->rows[0].reasons[0].comment, STR("arc=pass & \xef\xbf\xbd \xef\xbf\xbd"));
        tap_int(x->begin_s, DAY_0);
    }
    tap_case("and so is the mail, form %d", form);
    tap_int(feedback_read(&arena, buf_str(&mail.bytes), &c, &err), MP_OK);
    tap_int(c.n, 1);
    tap_int(c.problems.n, 0);
    report_mail_clear(&mail);
}

static void test_mail(void)
{
    struct dmarc_row row;
    struct dmarc_aggregate r = seen(&row);
    struct report_mail mail, again;
    tap_int(report_compose(&arena, &sender, &r, STR("x@a.test"), NOW, &mail, &err), MP_OK);
    struct str text = buf_str(&mail.bytes);
    tap_case("subject and file name as RFC 9990 has them");
    tap_ok(str_search(text, STR("Subject: Report Domain: a.test\r\n Submitter: rcv.test\r\n"
                                " Report-ID: <")) < text.n);
    tap_ok(str_starts(mail.filename, STR("rcv.test!a.test!1700006400!1700092799!")));
    tap_ok(str_ends(mail.filename, STR(".xml.gz")));
    tap_case("no line is too long, and none ends with LF alone");
    size_t longest = 0;
    bool bare = false;
    for (struct str left = text; left.p != NULL && left.n > 0;) {
        struct str line = str_cut(&left, '\n');
        longest = line.n > longest ? line.n : longest;
        bare |= left.p != NULL && !str_ends(line, STR("\r"));
    }
    tap_ok(longest < 200 && !bare);
    tap_case("the same report has the same id, another day has another");
    tap_int(report_compose(&arena, &sender, &r, STR("y@a.test"), NOW + 5, &again, &err), MP_OK);
    tap_str(again.report_id, mail.report_id);
    report_mail_clear(&again);
    r.begin_s += 86400;
    tap_int(report_compose(&arena, &sender, &r, STR("y@a.test"), NOW + 5, &again, &err), MP_OK);
    tap_ok(!str_eq(again.report_id, mail.report_id));
    report_mail_clear(&again);
    report_mail_clear(&mail);
}

static const struct {
    const char *org, *email;
    int want;
} senders[] = {
    {"rcv.test", "a@rcv.test", MP_OK},
    {"rcv.test\r\nBcc: x", "a@rcv.test", MP_E_USAGE},
    {"", "a@rcv.test", MP_E_USAGE},
    {"rcv.test", "a", MP_E_USAGE},
    {"rcv.test", "", MP_E_USAGE},
    {"rcv.test", "<a@rcv.test>", MP_E_USAGE},
    {"rcv.test", "a@rcv.test\r\nBcc: x@y.test", MP_E_USAGE},
};

static void test_senders(void)
{
    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        struct report_sender s = {str_from(senders[i].org), str_from(senders[i].email), STR(""),
                                  REPORT_FORM_9990};
        tap_case("sender %zu", i);
        tap_int(report_sender_check(&arena, &s, &err), senders[i].want);
    }
}

/* ---- URIs ---- */

static const struct {
    const char *uri, *address; /* NULL: none */
    uint64_t most;
} uris[] = {
    {"mailto:a@b.test", "a@b.test", 0},
    {"MAILTO:a@b.test!10m", "a@b.test", 10 << 20},
    {"mailto:a@b.test!50k", "a@b.test", 50 << 10},
    {"mailto:a@b.test!7", "a@b.test", 7},
    {"mailto:a%2Bb@b.test", "a+b@b.test", 0},
    {"mailto:a@b.test?subject=x", "a@b.test", 0},
    {"mailto:a@b.test!18446744073709551615t", NULL, 0},
    {"mailto:a%0D%0ABcc:x@b.test", NULL, 0},
    {"mailto:a%20b@b.test", NULL, 0},
    {"mailto:a", NULL, 0},
    {"https://b.test/report", NULL, 0},
    {"a@b.test", NULL, 0},
    {"", NULL, 0},
};

static void test_uris(void)
{
    for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
        struct str address = STR("");
        uint64_t most = 0;
        tap_case("rua: %s", uris[i].uri);
        bool ok = report_uri_parse(&arena, str_from(uris[i].uri), &address, &most);
        tap_int(ok, uris[i].address != NULL);
        tap_str(address, str_from(uris[i].address));
        tap_int(most, uris[i].most);
    }
}

/* ---- destinations ---- */

static const char zone_text[] =
    "_dmarc.a.test. TXT \"v=DMARC1; p=none; rua=mailto:d@a.test,mailto:d@sub.a.test,"
    "mailto:x@agrees.test,mailto:x@silent.test,mailto:x@down.test,https://a.test/"
    ",mailto:d@a.test\"\n"
    "_dmarc.agrees.test. TXT \"v=DMARC1; p=none\"\n_dmarc.silent.test. TXT \"v=DMARC1; p=none\"\n"
    "_dmarc.down.test. TXT \"v=DMARC1; p=none\"\n"
    "a.test._report._dmarc.agrees.test. TXT \"v=DMARC1; rua=mailto:other@agrees.test\"\n"
    "a.test._report._dmarc.silent.test. TXT \"hello\"\n"
    "a.test._report._dmarc.down.test. SERVFAIL\n"
    "_dmarc.none.test. TXT \"v=DMARC1; p=none\"\n_dmarc.broken.test. SERVFAIL\n"
    "_dmarc.moved.test. TXT \"v=DMARC1; p=none; rua=mailto:x@elsewhere.test\"\n"
    "moved.test._report._dmarc.elsewhere.test. TXT \"v=DMARC1; rua=mailto:x@third.test\"\n";

static struct report_destinations find(struct dns_zone *zone, const char *domain)
{
    struct auth_config config;
    struct report_destinations out = {0};
    auth_config_init(&config);
    struct auth_ctx ctx = {.arena = &arena,
                           .dns = dns_view_new(&arena, dns_zone_lookup, zone),
                           .config = &config,
                           .now_s = NOW};
    if (!tap_int(report_destinations_find(&ctx, str_from(domain), &out, &err), MP_OK))
        tap_note("%s", err.text);
    dns_view_release(ctx.dns);
    return out;
}

static void test_destinations(void)
{
    static const struct {
        const char *address;
        enum destination_state state;
        bool external;
    } want[] = {
        {"d@a.test", DESTINATION_OK, false},          {"d@sub.a.test", DESTINATION_OK, false},
        {"other@agrees.test", DESTINATION_OK, true},  {"x@silent.test", DESTINATION_REFUSED, true},
        {"x@down.test", DESTINATION_UNDECIDED, true}, {"", DESTINATION_UNUSABLE, false},
    };
    struct dns_zone *zone = dns_zone_new();
    if (zone == NULL || dns_zone_load(zone, str_from(zone_text), "test", &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    tap_case("destinations: how many, and none twice");
    struct report_destinations got = find(zone, "a.test");
    tap_int(got.n, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want) && i < got.n; i++) {
        tap_case("destination %s", want[i].address);
        tap_str(got.items[i].address, str_from(want[i].address));
        tap_int(got.items[i].state, want[i].state);
        tap_int(got.items[i].external, want[i].external);
        tap_ok((got.items[i].reason.n == 0) == (want[i].state == DESTINATION_OK));
    }
    tap_case("destinations: a record without rua");
    got = find(zone, "none.test");
    tap_ok(got.has_record && got.n == 0 && !got.undecided);
    tap_case("destinations: no record");
    got = find(zone, "absent.test");
    tap_ok(!got.has_record && got.n == 0 && !got.undecided);
    tap_case("destinations: no answer");
    got = find(zone, "broken.test");
    tap_ok(got.undecided);
    tap_case("destinations: who agrees may not send it on to somebody else");
    got = find(zone, "moved.test");
    tap_int(got.n, 1);
    tap_str(got.items[0].address, STR("x@elsewhere.test"));
    dns_zone_free(zone);
}

int main(void)
{
    arena_init(&arena, 256 << 20);
    test_xml(REPORT_FORM_9990);
    test_xml(REPORT_FORM_7489);
    test_mail();
    test_senders();
    test_uris();
    test_destinations();
    arena_clear(&arena);
    return tap_done();
}
