/* Command lines as strangers write them: what is read, and what a wrong one is answered. */
#include "smtp/request.h"

#include "tests/tap.h"

static const struct smtp_offer esmtp = {.extended = true, .max_bytes = 1000};
static const struct smtp_offer all = {
    .extended = true, .requiretls = true, .xclient = true, .max_bytes = 1000};
static const struct smtp_offer helo = {.max_bytes = 1000};

/* One line: 0 means that it is read, else the code it is answered with. */
static const struct {
    const char *label;
    struct str line;
    enum smtp_verb verb;
    unsigned code;
    const char *enhanced;
} line_rows[] = {
    {"EHLO", STR_INIT("EHLO a.test"), SMTP_EHLO, 0, ""},
    {"any case", STR_INIT("eHlO a.test"), SMTP_EHLO, 0, ""},
    {"spaces behind", STR_INIT("NOOP  "), SMTP_NOOP, 0, ""},
    {"LHLO", STR_INIT("LHLO a.test"), SMTP_LHLO, 0, ""},
    {"HELO without a name", STR_INIT("HELO"), SMTP_HELO, 501, "5.5.4"},
    {"EHLO with two words", STR_INIT("EHLO a b"), SMTP_EHLO, 501, "5.5.4"},
    {"EHLO address literal", STR_INIT("EHLO [192.0.2.1]"), SMTP_EHLO, 0, ""},
    {"EHLO IPv6 literal", STR_INIT("EHLO [IPv6:2001:db8::1]"), SMTP_EHLO, 0, ""},
    {"EHLO bare IPv6", STR_INIT("EHLO 2001:db8::1"), SMTP_EHLO, 501, "5.5.4"},
    {"EHLO open literal", STR_INIT("EHLO [192.0.2.1"), SMTP_EHLO, 501, "5.5.4"},
    {"EHLO empty literal", STR_INIT("EHLO []"), SMTP_EHLO, 501, "5.5.4"},
    {"EHLO with an underscore", STR_INIT("EHLO my_host"), SMTP_EHLO, 0, ""},
    {"EHLO with a final dot", STR_INIT("EHLO a.test."), SMTP_EHLO, 0, ""},
    {"EHLO with a U-label", STR_INIT("EHLO \xc3\xbc.test"), SMTP_EHLO, 0, ""},
    {"EHLO ..", STR_INIT("EHLO .."), SMTP_EHLO, 501, "5.5.4"},
    {"DATA", STR_INIT("DATA"), SMTP_DATA, 0, ""},
    {"DATA with an argument", STR_INIT("DATA now"), SMTP_DATA, 501, "5.5.4"},
    {"RSET with an argument", STR_INIT("RSET x"), SMTP_RSET, 501, "5.5.4"},
    {"QUIT", STR_INIT("quit"), SMTP_QUIT, 0, ""},
    {"VRFY", STR_INIT("VRFY a"), SMTP_VRFY, 0, ""},
    {"VRFY without", STR_INIT("VRFY"), SMTP_VRFY, 501, "5.5.4"},
    {"HELP", STR_INIT("HELP MAIL"), SMTP_HELP, 0, ""},
    {"empty", STR_INIT(""), SMTP_VERB_UNKNOWN, 500, "5.5.2"},
    {"unknown", STR_INIT("TURN"), SMTP_VERB_UNKNOWN, 500, "5.5.2"},
    {"HTTP", STR_INIT("GET / HTTP/1.1"), SMTP_VERB_UNKNOWN, 500, "5.5.2"},
    {"verb run into its argument", STR_INIT("EHLOa.test"), SMTP_VERB_UNKNOWN, 500, "5.5.2"},
    {"space before the verb", STR_INIT(" NOOP"), SMTP_VERB_UNKNOWN, 500, "5.5.2"},
    {"NUL", STR_INIT("NOOP \0"), SMTP_NOOP, 500, "5.5.2"},
    {"bare CR", STR_INIT("NOOP a\rb"), SMTP_NOOP, 500, "5.5.2"},
    {"DEL", STR_INIT("NOOP \x7f"), SMTP_NOOP, 500, "5.5.2"},
    {"Latin-1", STR_INIT("NOOP \xfc"), SMTP_NOOP, 500, "5.5.2"},
    {"BDAT", STR_INIT("BDAT 1000"), SMTP_BDAT, 0, ""},
    {"BDAT LAST", STR_INIT("BDAT 0 last"), SMTP_BDAT, 0, ""},
    {"BDAT without", STR_INIT("BDAT"), SMTP_BDAT, 501, "5.5.4"},
    {"BDAT -1", STR_INIT("BDAT -1"), SMTP_BDAT, 501, "5.5.4"},
    {"BDAT 2^64", STR_INIT("BDAT 18446744073709551616"), SMTP_BDAT, 501, "5.5.4"},
    {"BDAT with more", STR_INIT("BDAT 1 LAST x"), SMTP_BDAT, 501, "5.5.4"},
    {"AUTH", STR_INIT("AUTH PLAIN AGEAYg=="), SMTP_AUTH, 0, ""},
    {"AUTH without", STR_INIT("AUTH"), SMTP_AUTH, 501, "5.5.4"},
    {"AUTH with two words", STR_INIT("AUTH PLAIN a b"), SMTP_AUTH, 501, "5.5.4"},
    {"STARTTLS", STR_INIT("STARTTLS"), SMTP_STARTTLS, 0, ""},
    {"STARTTLS with an argument", STR_INIT("STARTTLS a"), SMTP_STARTTLS, 501, "5.5.4"},
    {"XCLIENT where it is off", STR_INIT("XCLIENT NAME=a"), SMTP_XCLIENT, 550, "5.7.0"},
};

static void test_lines(void)
{
    for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
        struct smtp_request r;
        struct smtp_refusal why = {0, "", ""};
        tap_case("line: %s", line_rows[i].label);
        tap_int(smtp_request_parse(line_rows[i].line, &esmtp, &r, &why), line_rows[i].code == 0);
        tap_int(r.verb, line_rows[i].verb);
        tap_int(why.code, line_rows[i].code);
        tap_cstr(why.enhanced, line_rows[i].enhanced);
        tap_int(why.text[0] != '\0', line_rows[i].code != 0);
    }
}

/* Paths: NULL means that it is refused. */
static const struct {
    const char *label, *path, *local, *domain;
} path_rows[] = {
    {"usual", "<a@b.test>", "a", "b.test"},
    {"null path", "<>", "", ""},
    {"dots", "<a.b.c@d.test>", "a.b.c", "d.test"},
    {"all of atext", "<!#$%&'*+-/=?^_`{|}~@b.test>", "!#$%&'*+-/=?^_`{|}~", "b.test"},
    {"quoted", "<\"a b\"@c.test>", "\"a b\"", "c.test"},
    {"quoted with > and @", "<\"a>@b\"@c.test>", "\"a>@b\"", "c.test"},
    {"quoted pair", "<\"a\\\"b\\\\\"@c.test>", "\"a\\\"b\\\\\"", "c.test"},
    {"quoted, empty", "<\"\"@c.test>", "\"\"", "c.test"},
    {"quoted UTF-8 behind a backslash pair", "<\"\\\\\xc3\xbc\"@c.test>", "\"\\\\\xc3\xbc\"",
     "c.test"},
    {"UTF-8", "<\xc3\xbc@\xc3\xa4.test>", "\xc3\xbc", "\xc3\xa4.test"},
    {"address literal", "<a@[192.0.2.1]>", "a", "[192.0.2.1]"},
    {"IPv6 literal", "<a@[IPv6:::1]>", "a", "[IPv6:::1]"},
    {"general literal", "<a@[x-tag:some.text]>", "a", "[x-tag:some.text]"},
    {"source route", "<@x.test,@y.test:a@b.test>", "a", "b.test"},
    {"one label", "<a@localhost>", "a", "localhost"},
    {"postmaster alone", "<Postmaster>", "Postmaster", ""},
    {"no brackets", "a@b.test", NULL, ""},
    {"space first", " <a@b.test>", NULL, ""},
    {"space inside", "<a@b.test >", NULL, ""},
    {"space in front inside", "< a@b.test>", NULL, ""},
    {"not closed", "<a@b.test", NULL, ""},
    {"something behind", "<a@b.test>x", NULL, ""},
    {"two", "<a@b.test><c@d.test>", NULL, ""},
    {"no domain", "<a>", NULL, ""},
    {"empty local part", "<@b.test>", NULL, ""},
    {"empty domain", "<a@>", NULL, ""},
    {"first dot", "<.a@b.test>", NULL, ""},
    {"last dot", "<a.@b.test>", NULL, ""},
    {"two dots", "<a..b@c.test>", NULL, ""},
    {"final dot of the domain", "<a@b.test.>", NULL, ""},
    {"hyphen first", "<a@-b.test>", NULL, ""},
    {"underscore in the domain", "<a@b_c.test>", NULL, ""},
    {"two @", "<a@b@c.test>", NULL, ""},
    {"quote not closed", "<\"a@b.test>", NULL, ""},
    {"quote, then text", "<\"a\"b@c.test>", NULL, ""},
    {"control in quotes", "<\"a\tb\"@c.test>", NULL, ""},
    {"quoted pair of UTF-8", "<\"\\\xc3\xbc\"@c.test>", NULL, ""},
    {"literal of nothing", "<a@[]>", NULL, ""},
    {"literal of a name", "<a@[b.test]>", NULL, ""},
    {"literal IPv6 without its tag", "<a@[::1]>", NULL, ""},
    {"literal 256", "<a@[192.0.2.256]>", NULL, ""},
    {"route without a colon", "<@x.test,a@b.test>", NULL, ""},
    {"route to nothing", "<@x.test:>", NULL, ""},
    {"route of a literal", "<@[192.0.2.1]:a@b.test>", NULL, ""},
    {"only a route", "<@>", NULL, ""},
    {"somebody without a domain", "<root>", NULL, ""},
    {"empty", "", NULL, ""},
};

static void test_paths(void)
{
    for (size_t i = 0; i < ARRAY_LEN(path_rows); i++) {
        struct smtp_path p = {0};
        const char *why = "";
        bool ok = path_rows[i].local != NULL;
        tap_case("path: %s", path_rows[i].label);
        tap_int(smtp_path_read(str_from(path_rows[i].path), true, true, &p, &why), ok);
        tap_str(p.local, str_from(path_rows[i].local));
        tap_cstr(path_rows[i].domain, p.domain.n == 0 ? "" : path_rows[i].domain);
        tap_str(p.domain, str_from(path_rows[i].domain));
        tap_int(why[0] != '\0', !ok);
    }
    struct smtp_path p;
    const char *why;
    tap_case("path: limits");
    char text[SMTP_PATH_MAX_OCTETS + 100];
    memset(text, 'a', sizeof text);
    memcpy(text, "<", 1);
    memcpy(text + 1 + SMTP_LOCAL_MAX_OCTETS, "@b>", 3);
    tap_ok(smtp_path_read(str_make(text, SMTP_LOCAL_MAX_OCTETS + 4), true, true, &p, &why));
    memset(text + 1, 'a', sizeof text - 1);
    memcpy(text + 2 + SMTP_LOCAL_MAX_OCTETS, "@b>", 3);
    tap_ok(!smtp_path_read(str_make(text, SMTP_LOCAL_MAX_OCTETS + 5), true, true, &p, &why));
    tap_case("path: what the caller does not allow");
    tap_ok(!smtp_path_read(STR("<>"), false, true, &p, &why));
    tap_ok(!smtp_path_read(STR("<postmaster>"), true, false, &p, &why));
}

static const struct {
    const char *label, *line;
    const struct smtp_offer *offer;
    unsigned code;
    const char *enhanced;
} envelope_rows[] = {
    {"MAIL", "MAIL FROM:<a@b.test>", &esmtp, 0, ""},
    {"MAIL in lower case", "mail from:<a@b.test>", &helo, 0, ""},
    {"all parameters",
     "MAIL FROM:<a@b.test> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<> "
     "REQUIRETLS",
     &all, 0, ""},
    {"a space behind the colon", "MAIL FROM: <a@b.test>", &esmtp, 501, "5.1.7"},
    {"a space before the colon", "MAIL FROM :<a@b.test>", &esmtp, 501, "5.5.4"},
    {"no FROM", "MAIL <a@b.test>", &esmtp, 501, "5.5.4"},
    {"nothing", "MAIL", &esmtp, 501, "5.5.4"},
    {"postmaster cannot send without a domain", "MAIL FROM:<postmaster>", &esmtp, 501, "5.1.7"},
    {"parameters behind HELO", "MAIL FROM:<a@b.test> SIZE=1", &helo, 555, "5.5.4"},
    {"unknown parameter", "MAIL FROM:<a@b.test> SOLICIT=x", &esmtp, 555, "5.5.4"},
    {"glued parameter", "MAIL FROM:<a@b.test>SIZE=1", &esmtp, 501, "5.5.4"},
    {"two spaces", "MAIL FROM:<a@b.test>  SIZE=1", &esmtp, 501, "5.5.4"},
    {"twice", "MAIL FROM:<a@b.test> SIZE=1 SIZE=2", &esmtp, 501, "5.5.4"},
    {"SIZE=", "MAIL FROM:<a@b.test> SIZE=", &esmtp, 501, "5.5.4"},
    {"SIZE", "MAIL FROM:<a@b.test> SIZE", &esmtp, 501, "5.5.4"},
    {"SIZE=x", "MAIL FROM:<a@b.test> SIZE=1x", &esmtp, 501, "5.5.4"},
    {"SIZE one too many", "MAIL FROM:<a@b.test> SIZE=1001", &esmtp, 552, "5.3.4"},
    {"SIZE of 20 digits", "MAIL FROM:<a@b.test> SIZE=99999999999999999999", &esmtp, 552, "5.3.4"},
    {"BODY=x", "MAIL FROM:<a@b.test> BODY=x", &esmtp, 501, "5.5.4"},
    {"SMTPUTF8 with a value", "MAIL FROM:<a@b.test> SMTPUTF8=1", &esmtp, 501, "5.5.4"},
    {"UTF-8 without SMTPUTF8", "MAIL FROM:<\xc3\xbc@b.test>", &esmtp, 553, "5.6.7"},
    {"UTF-8 with SMTPUTF8", "MAIL FROM:<\xc3\xbc@b.test> SMTPUTF8", &esmtp, 0, ""},
    {"REQUIRETLS without TLS", "MAIL FROM:<a@b.test> REQUIRETLS", &esmtp, 530, "5.7.10"},
    {"RET=x", "MAIL FROM:<a@b.test> RET=x", &esmtp, 501, "5.5.4"},
    {"ENVID that is no xtext", "MAIL FROM:<a@b.test> ENVID=a+zz", &esmtp, 501, "5.5.4"},
    {"ENVID with lower-case hex", "MAIL FROM:<a@b.test> ENVID=a+2b", &esmtp, 501, "5.5.4"},
    {"AUTH that is no xtext", "MAIL FROM:<a@b.test> AUTH=a=b", &esmtp, 501, "5.5.4"},
    {"RCPT", "RCPT TO:<a@b.test>", &helo, 0, ""},
    {"RCPT postmaster", "RCPT TO:<postmaster>", &helo, 0, ""},
    {"RCPT with DSN", "RCPT TO:<a@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.test", &esmtp, 0,
     ""},
    {"RCPT with an ORCPT of UTF-8", "RCPT TO:<a@b.test> ORCPT=utf-8;\xc3\xbc@d.test", &esmtp, 0,
     ""},
    {"RCPT null", "RCPT TO:<>", &esmtp, 501, "5.1.3"},
    {"RCPT without TO", "RCPT <a@b.test>", &esmtp, 501, "5.5.4"},
    {"NOTIFY=NEVER", "RCPT TO:<a@b.test> NOTIFY=never", &esmtp, 0, ""},
    {"NOTIFY=NEVER with more", "RCPT TO:<a@b.test> NOTIFY=NEVER,DELAY", &esmtp, 501, "5.5.4"},
    {"NOTIFY=", "RCPT TO:<a@b.test> NOTIFY=", &esmtp, 501, "5.5.4"},
    {"ORCPT without a type", "RCPT TO:<a@b.test> ORCPT=c@d.test", &esmtp, 501, "5.5.4"},
    {"SIZE is not for RCPT", "RCPT TO:<a@b.test> SIZE=1", &esmtp, 555, "5.5.4"},
};

static void test_envelopes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(envelope_rows); i++) {
        struct smtp_request r;
        struct smtp_refusal why = {0, "", ""};
        tap_case("envelope: %s", envelope_rows[i].label);
        tap_int(smtp_request_parse(str_from(envelope_rows[i].line), envelope_rows[i].offer, &r,
                                   &why),
                envelope_rows[i].code == 0);
        tap_int(why.code, envelope_rows[i].code);
        tap_cstr(why.enhanced, envelope_rows[i].enhanced);
    }
}

static void test_values(void)
{
    struct smtp_request r;
    struct smtp_refusal why;
    tap_case("values: MAIL");
    tap_ok(smtp_request_parse(STR("MAIL FROM:<@x.test:a@b.test> SIZE=7 BODY=BINARYMIME SMTPUTF8 "
                                  "RET=FULL ENVID=x REQUIRETLS"),
                              &all, &r, &why));
    tap_str(r.path.mailbox, STR("a@b.test"));
    tap_str(r.path.route, STR("@x.test"));
    tap_int(r.size_bytes, 7);
    tap_int(r.body, SMTP_BODY_BINARYMIME);
    tap_ok(r.smtputf8 && r.requiretls && !r.path.utf8);
    tap_str(r.envid, STR("x"));
    tap_str(r.ret, STR("FULL"));
    tap_str(r.params_text, STR("SIZE=7 BODY=BINARYMIME SMTPUTF8 RET=FULL ENVID=x REQUIRETLS"));
    tap_case("values: BDAT");
    tap_ok(smtp_request_parse(STR("BDAT 9223372036854775807 LAST"), &all, &r, &why));
    tap_ok(r.chunk_bytes == INT64_MAX && r.last);
    tap_case("values: AUTH");
    tap_ok(smtp_request_parse(STR("AUTH XOAUTH2 ="), &all, &r, &why));
    tap_str(r.mechanism, STR("XOAUTH2"));
    tap_ok(r.has_initial);
    tap_str(r.initial, STR("="));
    tap_ok(smtp_request_parse(STR("AUTH LOGIN"), &all, &r, &why) && !r.has_initial);
    tap_case("values: XCLIENT");
    tap_ok(smtp_request_parse(STR("XCLIENT NAME=a.test ADDR=192.0.2.1"), &all, &r, &why));
    tap_int(r.n_attributes, 2);
    tap_str(r.attributes[1].name, STR("ADDR"));
    tap_str(r.attributes[1].value, STR("192.0.2.1"));
    tap_ok(!smtp_request_parse(STR("XCLIENT NAME"), &all, &r, &why));
    tap_ok(!smtp_request_parse(STR("XCLIENT"), &all, &r, &why));
    tap_case("xtext: what is written is read");
    struct arena a;
    struct buf b;
    char every[256];
    for (size_t i = 0; i < sizeof every; i++)
        every[i] = (char)i;
    arena_init(&a, 10000);
    buf_init(&b, 10000);
    smtp_write_xtext(&b, str_make(every, sizeof every));
    tap_str(smtp_read_xtext(&a, buf_str(&b)), str_make(every, sizeof every));
    tap_ok(smtp_read_xtext(&a, STR("a+4")).p == NULL);
    tap_ok(smtp_read_xtext(&a, STR("a b")).p == NULL);
    buf_clear(&b);
    arena_clear(&a);
}

int main(void)
{
    test_lines();
    test_paths();
    test_envelopes();
    test_values();
    return tap_done();
}
