/* Test messages: tokens, headers, attachments, and what is refused. */
#include "flow/compose.h"

#include "tests/tap.h"

static const struct compose base = {.from = STR_INIT("a@good.test"),
                                    .to = STR_INIT("b@good.test, c@good.test"),
                                    .id = STR_INIT("0123456789ab"),
                                    .host = STR_INIT("client.test"),
                                    .now_s = 1795500000};

static bool has(const struct buf *b, const char *needle)
{
    struct str s = buf_str(b);
    return str_search(s, str_from(needle)) < s.n;
}

static void check(const char *label, const struct compose *c, const char *const *wanted,
                  const char *const *unwanted)
{
    struct buf out;
    struct mp_err err = {0};
    buf_init(&out, COMPOSE_MAX_BYTES);
    tap_case("compose: %s", label);
    tap_int(compose_message(c, &out, &err), MP_OK);
    for (size_t i = 0; wanted != NULL && wanted[i] != NULL; i++)
        if (!tap_ok(has(&out, wanted[i])))
            tap_note("missing: %s in\n%.*s", wanted[i], STR_ARG(buf_str(&out)));
    for (size_t i = 0; unwanted != NULL && unwanted[i] != NULL; i++)
        tap_ok(!has(&out, unwanted[i]));
    bool bare_lf = false;
    for (size_t i = 0; i < out.n; i++)
        bare_lf |= out.p[i] == '\n' && (i == 0 || out.p[i - 1] != '\r');
    tap_ok(!bare_lf);
    buf_clear(&out);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_messages(void)
{
    struct compose c = base;
    struct str headers[] = {STR("Subject: mine"), STR("X-A: 1"), STR("x-a: 2")};
    struct compose_part part = {STR("a\"b.bin"), STR("application/octet-stream"),
                                STR("\0\1\2binary")};
    check("the template", &c,
          LIST("Date: Tue, 24 Nov 2026 06:00:00 +0000\r\n", "To: b@good.test, c@good.test\r\n",
               "From: a@good.test\r\n", "Message-ID: <0123456789ab@client.test>\r\n\r\nThis is"),
          LIST("%"));
    c.headers = headers;
    c.n_headers = ARRAY_LEN(headers);
    check("headers replace those of the template", &c,
          LIST("\r\nSubject: mine\r\n", "\r\nX-A: 1\r\n", "\r\nx-a: 2\r\n"),
          LIST("mailproof test"));
    c = base;
    c.body = STR("one\\ntwo\nthree");
    check("a body of several lines", &c, LIST("\r\n\r\none\r\ntwo\r\nthree\r\n"), NULL);
    c.data = STR("Subject: %TO_ADDRESS% %UNKNOWN% 100%\\n%NEW_HEADERS%\\nfrom %FROM_ADDRESS%");
    check("a message of one's own", &c,
          LIST("Subject: b@good.test, c@good.test %UNKNOWN% 100%\r\n\r\nfrom a@good.test"),
          LIST("This is"));
    c.data = STR("Subject: a\\nb\r\n\r\n%BODY%");
    c.is_raw = true;
    check("a message from a file keeps its backslashes", &c,
          LIST("Subject: a\\nb\r\n\r\none\r\ntwo"), NULL);
    c = base;
    c.from = STR("%BODY%@good.test");
    check("values are not read for tokens", &c, LIST("From: %BODY%@good.test\r\n"), NULL);
    c = base;
    c.parts = &part;
    c.n_parts = 1;
    check("an attachment", &c,
          LIST("MIME-Version: 1.0\r\n", "multipart/mixed; boundary=\"mailproof-0123456789ab\"",
               "filename=\"a_b.bin\"", "\r\n\r\nAAECYmluYXJ5\r\n",
               "\r\n--mailproof-0123456789ab--\r\n"),
          NULL);
    c = base;
    c.data = STR("Subject: folded\\n  over lines\\nX-Keep: 1\\n\\nbody");
    c.headers = headers;
    c.n_headers = 1;
    check("a folded header is replaced whole", &c, LIST("Subject: mine\r\nX-Keep: 1\r\n\r\nbody"),
          LIST("over lines"));
}

static void test_refusals(void)
{
    static const struct {
        const char *label;
        struct str header;
    } rows[] = {{"a line break", STR_INIT("Subject: a\r\nBcc: x@y.test")},
                {"no colon", STR_INIT("Subject")},
                {"no name", STR_INIT(": a")},
                {"a space in the name", STR_INIT("Sub ject: a")},
                {"NUL", STR_INIT("Subject: \0")}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct compose c = base;
        struct mp_err err = {0};
        struct buf out;
        buf_init(&out, COMPOSE_MAX_BYTES);
        c.headers = &rows[i].header;
        c.n_headers = 1;
        tap_case("compose: refused: %s", rows[i].label);
        tap_int(compose_message(&c, &out, &err), MP_E_USAGE);
        tap_ok(err.text[0] != '\0');
        buf_clear(&out);
    }
}

static void test_dates(void)
{
    static const struct {
        int64_t unix_s;
        const char *text;
    } rows[] = {{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
                {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
                {-1, "Wed, 31 Dec 1969 23:59:59 +0000"},
                {1795500000, "Tue, 24 Nov 2026 06:00:00 +0000"}};
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("compose: date %s", rows[i].text);
        tap_str(compose_date(&a, rows[i].unix_s), str_from(rows[i].text));
    }
    arena_clear(&a);
}

int main(void)
{
    test_messages();
    test_refusals();
    test_dates();
    return tap_done();
}
