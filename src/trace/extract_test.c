/* Rows for links, codes and text. */
#include "trace/trace_test_kit.h"

#define TEXT(body) "Subject: s\r\n\r\n" body
#define HTML(body) "Content-Type: text/html; charset=utf-8\r\n\r\n" body
#define BOTH(plain, html)                                                                          \
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n"                                      \
    "--b\r\nContent-Type: text/plain\r\n\r\n" plain "\r\n"                                         \
    "--b\r\nContent-Type: text/html\r\n\r\n" html "\r\n--b--\r\n"

static const struct {
    const char *label, *message, *links, *codes, *text; /* joined by a space; NULL: not looked at */
} rows[] = {
    {"nothing", TEXT("hello\r\n"), "", "", "hello\r\n"},
    {"a link in a sentence", TEXT("Go to https://a.test/x?y=1&z=2.\r\n"),
     "https://a.test/x?y=1&z=2", "", NULL},
    {"in brackets", TEXT("(see http://a.test/x_(y)) and <https://b.test/>\r\n"),
     "http://a.test/x_(y) https://b.test/", "", NULL},
    {"each once, in order", TEXT("https://b.test https://a.test https://b.test\r\n"),
     "https://b.test https://a.test", "", NULL},
    {"no other schemes", TEXT("ftp://a.test mailto:a@b.test xhttp://a.test javascript:x\r\n"), "",
     "", NULL},
    {"href with entities", HTML("<a href=\"https://a.test/?a=1&amp;b=2&#x26;c=3\">x</a>"),
     "https://a.test/?a=1&b=2&c=3", "", "x"},
    {"attributes of all kinds",
     HTML("<A class=x HREF='https://a.test/1'>x</A><a href=https://a.test/2>y</a>"
          "<a data-href=\"https://no.test\" href = \"https://a.test/3\"/>z"),
     "https://a.test/1 https://a.test/2 https://a.test/3", "", "xyz"},
    {"line breaks in an attribute", HTML("<a href=\"\r\n https://a.test/\r\n\tpath\">x</a>"),
     "https://a.test/path", "", NULL},
    {"a greater-than sign in an attribute", HTML("<a title=\"a>b\" href=\"https://a.test/\">x</a>"),
     "https://a.test/", "", "x"},
    {"comments and styles are not shown",
     HTML("<style>a{b:c}</style>x<!-- <a href=\"https://no.test\"> --><script>https://no.test"
          "</script>y"),
     "", "", "xy"},
    {"blocks begin lines", HTML("<p>one <b>two</b></p><p>three<br>four &lt;5&gt;</p>"), "", "",
     "one two\nthree\nfour <5>"},
    {"a tag that never ends", HTML("x<a href=\"https://a.test"), "https://a.test", "", "x"},
    {"a comment that never ends", HTML("x<!-- y"), "", "", "x"},
    {"both kinds: the plain text, links of both",
     BOTH("plain https://a.test", "<a href=\"https://b.test\">html</a>"),
     "https://b.test https://a.test", "", "plain https://a.test"},
    {"six digits", TEXT("Your code is 493027.\r\n"), "", "493027", NULL},
    {"behind the word in the line before", TEXT("Your verification code:\r\n\r\n  8841\r\n"), "",
     "8841", NULL},
    {"before the word", TEXT("550123 is your login code\r\n"), "", "550123", NULL},
    {"with a space", TEXT("Use code 123 456 now\r\n"), "", "123456", NULL},
    {"with a dash", TEXT("Code: 123-456\r\n"), "", "123456", NULL},
    {"a colon behind it", TEXT("Your code is 493027: type it.\r\n"), "", "493027", NULL},
    {"no part of a longer word", TEXT("Your code is 4930:2748.\r\n"), "", "", NULL},
    {"letters and digits", TEXT("Your one-time code is X7Q9PL.\r\n"), "", "X7Q9PL", NULL},
    {"in the subject", "Subject: 884422 is your code\r\n\r\nhello\r\n", "", "884422", NULL},
    {"directly behind a colon", TEXT("OTP:445566\r\n"), "", "445566", NULL},
    {"the most likely first", TEXT("Order 123456789 of 2026. Your PIN: 4711\r\n"), "",
     "4711 123456789", NULL},
    {"no amounts, dates, times, versions, addresses",
     TEXT("$1234.50 2026-11-23 10:30:15 v1.2345 192.0.2.1000 a1234@b.test #99999 +4912345678\r\n"),
     "", "", NULL},
    {"not inside of links", TEXT("code: https://a.test/123456\r\n"), "https://a.test/123456", "",
     NULL},
    {"not too short, not too long", TEXT("code 123 code 12345678901\r\n"), "", "", NULL},
    {"in HTML", HTML("<p>Your code</p><h1 style=\"x\">907 412</h1>"), "", "907412", NULL},
    {"quoted-printable",
     "Content-Type: text/plain; charset=iso-8859-1\r\n"
     "Content-Transfer-Encoding: quoted-printable\r\n\r\nIhr Code f=FCr https://a.t=\r\nest/: "
     "1234=\r\n56",
     "https://a.test/", "123456", "Ihr Code f\xc3\xbcr https://a.test/: 123456"},
    {"not of an attachment",
     "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\ncode 123456 "
     "https://a.test\r\n",
     "", "", ""},
};

static struct str joined(const struct str *items, size_t n)
{
    struct str s = STR("");
    for (size_t i = 0; i < n; i++)
        s = arena_fmt(&arena, "%.*s%s%.*s", STR_ARG(s), i > 0 ? " " : "", STR_ARG(items[i]));
    return s;
}

static void test_limits(void)
{
    struct trace_extract x;
    struct mp_err err = {0};
    struct buf b;
    tap_case("extract: more links and codes than are kept");
    buf_init(&b, 8 << 20);
    buf_addz(&b, "\r\n");
    for (int i = 0; i < 3000; i++)
        buf_addf(&b, "https://a.test/%d %d\r\n", i, 100000 + i);
    buf_addc(&b, '\0');
    struct message m = parsed(b.p);
    tap_int(trace_extract(&arena, &m, &x, &err), MP_OK);
    tap_int(x.n_links, TRACE_MAX_LINKS);
    tap_int(x.n_codes, TRACE_MAX_CODES);
    buf_clear(&b);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct trace_extract x = {0};
        struct mp_err err = {0};
        tap_case("extract: %s", rows[i].label);
        struct message m = parsed(rows[i].message);
        tap_int(trace_extract(&arena, &m, &x, &err), MP_OK);
        tap_str(joined(x.links, x.n_links), str_from(rows[i].links));
        tap_str(joined(x.codes, x.n_codes), str_from(rows[i].codes));
        if (rows[i].text != NULL)
            tap_str(x.text, str_from(rows[i].text));
    }
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
