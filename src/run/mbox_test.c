/* Rows for the mbox reader: separators, quoting, limits. */
#include "run/mbox.h"
#include "tests/tap.h"

enum { MAX_MESSAGES = 4 };

static const struct {
    const char *label;
    struct str in;
    unsigned want;
    struct str messages[MAX_MESSAGES];
} rows[] = {
    {"one message", STR_INIT("From a Mon\nA: b\n\nbody\n"), 1, {STR_INIT("A: b\n\nbody\n")}},
    {"two messages, the empty line between belongs to neither",
     STR_INIT("From a\nA: 1\n\nx\n\nFrom b\nA: 2\n\ny\n"),
     2,
     {STR_INIT("A: 1\n\nx\n"), STR_INIT("A: 2\n\ny\n")}},
    {"From inside a paragraph is text",
     STR_INIT("From a\nA: 1\n\nx\nFrom here on\n"),
     1,
     {STR_INIT("A: 1\n\nx\nFrom here on\n")}},
    {"quoted From lines lose one >",
     STR_INIT("From a\nA: 1\n\n>From x\n>>From y\n>Fro\n"),
     1,
     {STR_INIT("A: 1\n\nFrom x\n>From y\n>Fro\n")}},
    {"CRLF separators; the last empty line is a separator too",
     STR_INIT("From a\r\nA: 1\r\n\r\nx\r\n\r\nFrom b\r\nA: 2\r\n\r\n"),
     2,
     {STR_INIT("A: 1\r\n\r\nx\r\n"), STR_INIT("A: 2\r\n")}},
    {"an empty body, then the next",
     STR_INIT("From a\nA: 1\n\n\nFrom b\nA: 2\n"),
     2,
     {STR_INIT("A: 1\n\n"), STR_INIT("A: 2\n")}},
    {"no line end at the end", STR_INIT("From a\nA: 1\n\nx"), 1, {STR_INIT("A: 1\n\nx")}},
    {"NUL in the text", STR_INIT("From a\nA: 1\n\nx\0y\n"), 1, {STR_INIT("A: 1\n\nx\0y\n")}},
    {"only a separator", STR_INIT("From a\n"), 1, {STR_INIT("")}},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        FILE *f = tmpfile();
        struct mbox m = {.file = f};
        struct buf b;
        unsigned n = 0;
        buf_init(&b, 1 << 20);
        tap_case("mbox: %s", rows[i].label);
        tap_ok(f != NULL && fwrite(rows[i].in.p, 1, rows[i].in.n, f) == rows[i].in.n);
        rewind(f);
        while (mbox_next(&m, &b)) {
            if (n < MAX_MESSAGES && n < rows[i].want)
                tap_str(buf_str(&b), rows[i].messages[n]);
            n++;
            tap_int(m.number, n);
        }
        tap_int(n, rows[i].want);
        buf_clear(&b);
        fclose(f);
    }
}

static void test_long_line(void)
{
    enum { LONG = 100000 };
    FILE *f = tmpfile();
    struct mbox m = {.file = f};
    struct buf b;
    tap_case("mbox: a line longer than any piece stays one line");
    fputs("From a\nA: 1\n\n", f);
    for (int i = 0; i < LONG; i++)
        fputc('x', f);
    fputs("From b\n", f);
    rewind(f);
    buf_init(&b, 1 << 20);
    tap_ok(mbox_next(&m, &b));
    tap_int(b.n, strlen("A: 1\n\n") + LONG + strlen("From b\n"));
    tap_ok(!mbox_next(&m, &b));
    buf_clear(&b);
    tap_case("mbox: a message above the maximum is cut and says so");
    rewind(f);
    m = (struct mbox){.file = f};
    buf_init(&b, 1000);
    tap_ok(mbox_next(&m, &b));
    tap_ok(b.failed && b.n <= 1000);
    buf_clear(&b);
    fclose(f);
}

static void test_sniff(void)
{
    static const struct {
        const char *in;
        bool want;
    } sniffs[] = {{"From a@b Mon\nReceived: x\n", true},
                  {"From a@b\r\nSubject: x\r\n", true},
                  {"From: a@b\nSubject: x\n", false},
                  {"From a@b\n\nno field\n", false},
                  {"From a@b\n", false},
                  {"", false}};
    for (size_t i = 0; i < ARRAY_LEN(sniffs); i++) {
        tap_case("mbox sniff row %zu", i);
        tap_int(mbox_sniff(str_from(sniffs[i].in)), sniffs[i].want);
    }
}

int main(void)
{
    test_rows();
    test_long_line();
    test_sniff();
    return tap_done();
}
