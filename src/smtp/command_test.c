/* Commands: what is written, what is refused; dots and line ends of DATA; PROXY headers. */
#include "smtp/command.h"

#include "tests/tap.h"

static struct arena arena;

/* The whole of what one writer wrote, and its status. */
struct written {
    int st;
    struct str text;
};

static struct written take(struct buf *b, int st)
{
    struct written w = {st, arena_copy(&arena, buf_str(b))};
    buf_clear(b);
    return w;
}

static const struct {
    const char *label, *verb;
    struct str argument;
    int st;
    const char *want;
} verb_rows[] = {
    {"bare", "QUIT", STR_INIT(""), MP_OK, "QUIT\r\n"},
    {"argument", "EHLO", STR_INIT("a.test"), MP_OK, "EHLO a.test\r\n"},
    {"spaces", "VRFY", STR_INIT("Some One"), MP_OK, "VRFY Some One\r\n"},
    {"UTF-8", "VRFY", STR_INIT("\xc3\xbc"), MP_OK, "VRFY \xc3\xbc\r\n"},
    {"CRLF", "EHLO", STR_INIT("a\r\nMAIL FROM:<>"), MP_E_USAGE, ""},
    {"CR", "EHLO", STR_INIT("a\r"), MP_E_USAGE, ""},
    {"LF", "EHLO", STR_INIT("\na"), MP_E_USAGE, ""},
    {"NUL", "EHLO", STR_INIT("a\0b"), MP_E_USAGE, ""},
    {"CR in the verb", "NO\rOP", STR_INIT(""), MP_E_USAGE, ""},
    {"space in the verb", "NO OP", STR_INIT(""), MP_E_USAGE, ""},
};

static void test_verbs(void)
{
    struct buf b;
    for (size_t i = 0; i < ARRAY_LEN(verb_rows); i++) {
        struct mp_err err = {0};
        buf_init(&b, 1000);
        tap_case("verb: %s", verb_rows[i].label);
        struct written w =
            take(&b, smtp_write_verb(&b, verb_rows[i].verb, verb_rows[i].argument, &err));
        tap_int(w.st, verb_rows[i].st);
        tap_str(w.text, str_from(verb_rows[i].want));
        tap_int(err.text[0] != '\0', verb_rows[i].st != MP_OK);
    }
    tap_case("verb: the longest line, one byte more, a full buffer");
    char *long_text = arena_new(&arena, char, SMTP_COMMAND_MAX_BYTES);
    memset(long_text, 'a', SMTP_COMMAND_MAX_BYTES);
    buf_init(&b, 2 * SMTP_COMMAND_MAX_BYTES);
    tap_int(smtp_write_verb(&b, "AUTH", str_make(long_text, SMTP_COMMAND_MAX_BYTES - 7), NULL),
            MP_OK);
    tap_int(b.n, SMTP_COMMAND_MAX_BYTES);
    tap_int(smtp_write_verb(&b, "AUTH", str_make(long_text, SMTP_COMMAND_MAX_BYTES - 6), NULL),
            MP_E_LIMIT);
    tap_int(b.n, SMTP_COMMAND_MAX_BYTES);
    buf_clear(&b);
    buf_init(&b, 5);
    tap_int(smtp_write_verb(&b, "QUIT", STR_NONE, NULL), MP_E_NOMEM);
    tap_int(b.n, 0);
    buf_clear(&b);
}

static const struct {
    const char *label;
    struct str from;
    struct smtp_mail_params p;
    int st;
    const char *want;
} mail_rows[] = {
    {"plain", STR_INIT("a@b.test"), {0}, MP_OK, "MAIL FROM:<a@b.test>\r\n"},
    {"empty", STR_INIT(""), {0}, MP_OK, "MAIL FROM:<>\r\n"},
    {"odd but harmless", STR_INIT("<a b@"), {0}, MP_OK, "MAIL FROM:<<a b@>\r\n"},
    {"'>' in quotes", STR_INIT("\"a>b\"@c"), {0}, MP_OK, "MAIL FROM:<\"a>b\"@c>\r\n"},
    {"escaped quote in quotes",
     STR_INIT("\"a\\\">\"@c"),
     {0},
     MP_OK,
     "MAIL FROM:<\"a\\\">\"@c>\r\n"},
    {"everything",
     STR_INIT("a@b.test"),
     {.size_bytes = 1000,
      .body = SMTP_BODY_8BITMIME,
      .smtputf8 = true,
      .requiretls = true,
      .ret = "HDRS",
      .envid = STR_INIT("id=1+ x"),
      .auth = STR_INIT("<>"),
      .extra = STR_INIT("MT-PRIORITY=3 X=y")},
     MP_OK,
     "MAIL FROM:<a@b.test> SIZE=1000 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS "
     "ENVID=id+3D1+2B+20x AUTH=<> MT-PRIORITY=3 X=y\r\n"},
    {"7BIT, AUTH with an address",
     STR_INIT(""),
     {.body = SMTP_BODY_7BIT, .auth = STR_INIT("e+m@a.test")},
     MP_OK,
     "MAIL FROM:<> BODY=7BIT AUTH=e+2Bm@a.test\r\n"},
    {"BINARYMIME",
     STR_INIT(""),
     {.body = SMTP_BODY_BINARYMIME},
     MP_OK,
     "MAIL FROM:<> BODY=BINARYMIME\r\n"},
    {"xtext takes line ends",
     STR_INIT(""),
     {.envid = STR_INIT("a\r\n\0")},
     MP_OK,
     "MAIL FROM:<> ENVID=a+0D+0A+00\r\n"},
    {"'>'", STR_INIT("a@b> SIZE=1"), {0}, MP_E_USAGE, ""},
    {"'>' behind closed quotes", STR_INIT("\"a\">"), {0}, MP_E_USAGE, ""},
    {"'>' behind an open quote", STR_INIT("\"a>"), {0}, MP_E_USAGE, ""},
    {"'>' behind an escaped quote", STR_INIT("a\\\"b>"), {0}, MP_E_USAGE, ""},
    {"CRLF", STR_INIT("a@b.test>\r\nDATA\r\n"), {0}, MP_E_USAGE, ""},
    {"CR in quotes", STR_INIT("\"a\rb\"@c"), {0}, MP_E_USAGE, ""},
    {"escaped LF in quotes", STR_INIT("\"a\\\nb\"@c"), {0}, MP_E_USAGE, ""},
    {"NUL", STR_INIT("a\0@b"), {0}, MP_E_USAGE, ""},
    {"LF in extra", STR_INIT(""), {.extra = STR_INIT("X\nDATA")}, MP_E_USAGE, ""},
    {"CR in extra", STR_INIT(""), {.extra = STR_INIT("X\r")}, MP_E_USAGE, ""},
    {"NUL in extra", STR_INIT(""), {.extra = STR_INIT("X\0")}, MP_E_USAGE, ""},
    {"space in RET", STR_INIT(""), {.ret = "FULL X"}, MP_E_USAGE, ""},
    {"CRLF in RET", STR_INIT(""), {.ret = "FULL\r\n"}, MP_E_USAGE, ""},
};

static const struct {
    const char *label;
    struct str to;
    struct smtp_rcpt_params p;
    int st;
    const char *want;
} rcpt_rows[] = {
    {"plain", STR_INIT("a@b.test"), {STR_INIT("")}, MP_OK, "RCPT TO:<a@b.test>\r\n"},
    {"route", STR_INIT("@a,@b:c@d"), {STR_INIT("")}, MP_OK, "RCPT TO:<@a,@b:c@d>\r\n"},
    {"DSN",
     STR_INIT("a@b.test"),
     {STR_INIT("SUCCESS,FAILURE"), STR_INIT("x+y@b.test"), STR_INIT("")},
     MP_OK,
     "RCPT TO:<a@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x+2By@b.test\r\n"},
    {"ORCPT beyond ASCII",
     STR_INIT("a@b"),
     {STR_INIT(""), STR_INIT("\xc3\xbc=\\ @\xe2\x82\xac.test"), STR_INIT("Z")},
     MP_OK,
     "RCPT TO:<a@b> ORCPT=utf-8;\\x{FC}\\x{3D}\\x{5C}\\x{20}@\\x{20AC}.test Z\r\n"},
    {"ORCPT is not UTF-8",
     STR_INIT("a@b"),
     {STR_INIT(""), STR_INIT("\xfc@b"), STR_INIT("")},
     MP_E_USAGE,
     ""},
    {"NOTIFY with a space", STR_INIT("a@b"), {STR_INIT("A B")}, MP_E_USAGE, ""},
    {"NOTIFY with LF", STR_INIT("a@b"), {STR_INIT("A\n")}, MP_E_USAGE, ""},
    {"extra with CR",
     STR_INIT("a@b"),
     {STR_INIT(""), STR_INIT(""), STR_INIT("\r")},
     MP_E_USAGE,
     ""},
    {"path with LF", STR_INIT("a@b\n"), {STR_INIT("")}, MP_E_USAGE, ""},
    {"path with '>'", STR_INIT("a@b>"), {STR_INIT("")}, MP_E_USAGE, ""},
};

static void test_envelope(void)
{
    struct buf b;
    for (size_t i = 0; i < ARRAY_LEN(mail_rows); i++) {
        buf_init(&b, 1000);
        tap_case("mail: %s", mail_rows[i].label);
        struct written w = take(&b, smtp_write_mail(&b, mail_rows[i].from, &mail_rows[i].p, NULL));
        tap_int(w.st, mail_rows[i].st);
        tap_str(w.text, str_from(mail_rows[i].want));
    }
    for (size_t i = 0; i < ARRAY_LEN(rcpt_rows); i++) {
        buf_init(&b, 1000);
        tap_case("rcpt: %s", rcpt_rows[i].label);
        struct written w = take(&b, smtp_write_rcpt(&b, rcpt_rows[i].to, &rcpt_rows[i].p, NULL));
        tap_int(w.st, rcpt_rows[i].st);
        tap_str(w.text, str_from(rcpt_rows[i].want));
    }
    tap_case("mail, rcpt: no parameters at all");
    buf_init(&b, 1000);
    smtp_write_mail(&b, STR("a"), NULL, NULL);
    smtp_write_rcpt(&b, STR("b"), NULL, NULL);
    smtp_write_bdat(&b, 5, false);
    smtp_write_bdat(&b, 0, true);
    tap_str(buf_str(&b), STR("MAIL FROM:<a>\r\nRCPT TO:<b>\r\nBDAT 5\r\nBDAT 0 LAST\r\n"));
    buf_clear(&b);
}

static void test_xclient(void)
{
    static const struct {
        const char *label;
        struct smtp_attribute attrs[2];
        size_t n;
        int st;
        const char *want;
    } rows[] = {
        {"two",
         {{STR_INIT("NAME"), STR_INIT("a.test")}, {STR_INIT("ADDR"), STR_INIT("IPV6:2001:db8::1")}},
         2,
         MP_OK,
         "XCLIENT NAME=a.test ADDR=IPV6:2001:db8::1\r\n"},
        {"value as xtext",
         {{STR_INIT("LOGIN"), STR_INIT("a b\r\n=")}},
         1,
         MP_OK,
         "XCLIENT LOGIN=a+20b+0D+0A+3D\r\n"},
        {"name with a space", {{STR_INIT("A B"), STR_INIT("c")}}, 1, MP_E_USAGE, ""},
        {"name with LF", {{STR_INIT("A\n"), STR_INIT("c")}}, 1, MP_E_USAGE, ""},
        {"name with '='", {{STR_INIT("A="), STR_INIT("c")}}, 1, MP_E_USAGE, ""},
        {"no name", {{STR_INIT(""), STR_INIT("c")}}, 1, MP_E_USAGE, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        buf_init(&b, 1000);
        tap_case("xclient: %s", rows[i].label);
        struct written w = take(&b, smtp_write_xclient(&b, rows[i].attrs, rows[i].n, NULL));
        tap_int(w.st, rows[i].st);
        tap_str(w.text, str_from(rows[i].want));
    }
}

static const struct {
    const char *label;
    struct str in, normal, as_is;
} data_rows[] = {
    {"empty", STR_INIT(""), STR_INIT(".\r\n"), STR_INIT(".\r\n")},
    {"one line", STR_INIT("a\r\n"), STR_INIT("a\r\n.\r\n"), STR_INIT("a\r\n.\r\n")},
    {"no end", STR_INIT("a"), STR_INIT("a\r\n.\r\n"), STR_INIT("a\r\n.\r\n")},
    {"a dot first", STR_INIT(".\r\n"), STR_INIT("..\r\n.\r\n"), STR_INIT("..\r\n.\r\n")},
    {"a dot alone", STR_INIT("."), STR_INIT("..\r\n.\r\n"), STR_INIT("..\r\n.\r\n")},
    {"a dot behind CRLF", STR_INIT("a\r\n.b\r\n.\r\n"), STR_INIT("a\r\n..b\r\n..\r\n.\r\n"),
     STR_INIT("a\r\n..b\r\n..\r\n.\r\n")},
    {"a dot inside", STR_INIT("a.b\r\n"), STR_INIT("a.b\r\n.\r\n"), STR_INIT("a.b\r\n.\r\n")},
    {"two dots", STR_INIT("..\r\n"), STR_INIT("...\r\n.\r\n"), STR_INIT("...\r\n.\r\n")},
    {"bare LF", STR_INIT("a\nb\n"), STR_INIT("a\r\nb\r\n.\r\n"), STR_INIT("a\nb\n\r\n.\r\n")},
    {"bare CR", STR_INIT("a\rb\r"), STR_INIT("a\r\nb\r\n.\r\n"), STR_INIT("a\rb\r\r\n.\r\n")},
    {"LF.LF", STR_INIT("a\n.\nb"), STR_INIT("a\r\n..\r\nb\r\n.\r\n"), STR_INIT("a\n.\nb\r\n.\r\n")},
    {"CR.CR", STR_INIT("a\r.\rb"), STR_INIT("a\r\n..\r\nb\r\n.\r\n"), STR_INIT("a\r.\rb\r\n.\r\n")},
    {"CRLF.LF", STR_INIT("a\r\n.\nb"), STR_INIT("a\r\n..\r\nb\r\n.\r\n"),
     STR_INIT("a\r\n..\nb\r\n.\r\n")},
    {"empty lines", STR_INIT("\r\n\r\n"), STR_INIT("\r\n\r\n.\r\n"), STR_INIT("\r\n\r\n.\r\n")},
    {"CR CRLF", STR_INIT("a\r\r\n"), STR_INIT("a\r\n\r\n.\r\n"), STR_INIT("a\r\r\n.\r\n")},
    {"NUL stays", STR_INIT("\0\r\n.\0"), STR_INIT("\0\r\n..\0\r\n.\r\n"),
     STR_INIT("\0\r\n..\0\r\n.\r\n")},
};

/* What a server that knows only CRLF reads until the end, dots taken off: the message again. */
static bool read_back(struct str sent, struct str *message)
{
    struct buf b;
    bool ended = false;
    buf_init(&b, 1000);
    while (sent.n > 0 && !ended) {
        size_t n = str_search(sent, STR("\r\n"));
        struct str line = str_slice(sent, 0, n);
        sent = str_slice(sent, n + 2, sent.n);
        ended = str_eq(line, STR("."));
        if (!ended) {
            buf_add(&b, str_slice(line, str_starts(line, STR(".")), line.n));
            buf_addz(&b, "\r\n");
        }
    }
    *message = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return ended && sent.n == 0;
}

static void test_data(void)
{
    struct buf b;
    for (size_t i = 0; i < ARRAY_LEN(data_rows); i++) {
        struct str back, in = data_rows[i].in;
        buf_init(&b, 1000);
        tap_case("data: %s", data_rows[i].label);
        smtp_write_data(&b, in, false);
        tap_str(buf_str(&b), data_rows[i].normal);
        tap_ok(read_back(buf_str(&b), &back));
        buf_reset(&b);
        smtp_write_data(&b, in, true);
        tap_str(buf_str(&b), data_rows[i].as_is);
        tap_ok(read_back(buf_str(&b), &back));
        tap_str(str_slice(back, 0, in.n), in);
        buf_clear(&b);
    }
}

static void test_proxy(void)
{
    static const struct {
        const char *label;
        int version;
        bool local;
        const char *source, *target;
        int st;
        struct str want;
    } rows[] = {
        {"none", 0, false, "", "", MP_OK, STR_INIT("")},
        {"v1, IPv4", 1, false, "192.0.2.1", "192.0.2.2", MP_OK,
         STR_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n")},
        {"v1, IPv6", 1, false, "2001:db8::1", "2001:db8::2", MP_OK,
         STR_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 4000 25\r\n")},
        {"v1, local", 1, true, "", "", MP_OK, STR_INIT("PROXY UNKNOWN\r\n")},
        {"v2, IPv4", 2, false, "192.0.2.1", "192.0.2.2", MP_OK,
         STR_INIT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x0f\xa0\0\x19")},
        {"v2, IPv6", 2, false, "::1", "::2", MP_OK,
         STR_INIT("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"
                  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
                  "\x0f\xa0\0\x19")},
        {"v2, local", 2, true, "", "", MP_OK, STR_INIT("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")},
        {"families differ", 1, false, "192.0.2.1", "::2", MP_E_USAGE, STR_INIT("")},
        {"no addresses", 2, false, "", "", MP_E_USAGE, STR_INIT("")},
        {"version 3", 3, false, "192.0.2.1", "192.0.2.2", MP_E_USAGE, STR_INIT("")},
        {"version -1", -1, true, "", "", MP_E_USAGE, STR_INIT("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_proxy p = {.version = rows[i].version,
                               .local = rows[i].local,
                               .source_port = 4000,
                               .target_port = 25};
        struct buf b;
        ip_parse(str_from(rows[i].source), &p.source);
        ip_parse(str_from(rows[i].target), &p.target);
        buf_init(&b, 1000);
        tap_case("proxy: %s", rows[i].label);
        struct written w = take(&b, smtp_write_proxy(&b, &p, NULL));
        tap_int(w.st, rows[i].st);
        tap_str(w.text, rows[i].want);
    }
}

int main(void)
{
    arena_init(&arena, 16u << 20);
    test_verbs();
    test_envelope();
    test_xclient();
    test_data();
    test_proxy();
    arena_clear(&arena);
    return tap_done();
}
