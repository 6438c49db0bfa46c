/* Replies as servers send them, as they should not, and cut at every byte. */
#include "smtp/reply.h"

#include <stdlib.h>

#include "tests/tap.h"

static struct arena arena;

#define MORE    SMTP_PARSE_MORE
#define DONE    SMTP_PARSE_DONE
#define GARBAGE SMTP_PARSE_GARBAGE

static const struct {
    const char *label;
    struct str in;
    enum smtp_parse want;
    size_t used;
    unsigned code;
    const char *enhanced; /* "5.1.1" or "" */
    struct str text;
    bool bare_lf, code_changed, foreign;
} rows[] = {
    {"one line", STR_INIT("250 ok\r\n"), DONE, 8, 250, "", STR_INIT("ok"), 0, 0, 0},
    {"what follows is left", STR_INIT("250 ok\r\n550 no\r\n"), DONE, 8, 250, "", STR_INIT("ok"), 0,
     0, 0},
    {"two lines", STR_INIT("250-a\r\n250 b\r\n"), DONE, 14, 250, "", STR_INIT("a\nb"), 0, 0, 0},
    {"no text", STR_INIT("250\r\n"), DONE, 5, 250, "", STR_INIT(""), 0, 0, 0},
    {"no text, a space", STR_INIT("250 \r\n"), DONE, 6, 250, "", STR_INIT(""), 0, 0, 0},
    {"hyphen without text", STR_INIT("250-\r\n250 x\r\n"), DONE, 13, 250, "", STR_INIT("\nx"), 0, 0,
     0},
    {"354", STR_INIT("354 go on\r\n"), DONE, 11, 354, "", STR_INIT("go on"), 0, 0, 0},
    {"lowest and highest code", STR_INIT("200-a\r\n599 b\r\n"), DONE, 14, 599, "", STR_INIT("a\nb"),
     0, 1, 0},
    {"enhanced code", STR_INIT("550 5.1.1 unknown\r\n"), DONE, 19, 550, "5.1.1",
     STR_INIT("5.1.1 unknown"), 0, 0, 0},
    {"only an enhanced code", STR_INIT("250 2.0.0\r\n"), DONE, 11, 250, "2.0.0", STR_INIT("2.0.0"),
     0, 0, 0},
    {"enhanced code and colon", STR_INIT("550 5.7.26: no\r\n"), DONE, 16, 550, "5.7.26",
     STR_INIT("5.7.26: no"), 0, 0, 0},
    {"enhanced code inside the text", STR_INIT("550 no 5.1.1 x\r\n"), DONE, 16, 550, "",
     STR_INIT("no 5.1.1 x"), 0, 0, 0},
    {"enhanced code of the last line", STR_INIT("550-5.1.1 a\r\n550 5.2.2 b\r\n"), DONE, 26, 550,
     "5.2.2", STR_INIT("5.1.1 a\n5.2.2 b"), 0, 0, 0},
    {"enhanced code of the first line only", STR_INIT("550-5.1.1 a\r\n550 b\r\n"), DONE, 20, 550,
     "5.1.1", STR_INIT("5.1.1 a\nb"), 0, 0, 0},
    {"an address is no enhanced code", STR_INIT("220 2.0.0.1 here\r\n"), DONE, 18, 220, "",
     STR_INIT("2.0.0.1 here"), 0, 0, 0},
    {"class 3", STR_INIT("354 3.0.0 x\r\n"), DONE, 13, 354, "", STR_INIT("3.0.0 x"), 0, 0, 0},
    {"enhanced code too long", STR_INIT("550 5.1000.1 x\r\n"), DONE, 16, 550, "",
     STR_INIT("5.1000.1 x"), 0, 0, 0},
    {"enhanced code cut short", STR_INIT("550 5.1 x\r\n"), DONE, 11, 550, "", STR_INIT("5.1 x"), 0,
     0, 0},
    {"letters behind an enhanced code", STR_INIT("550 5.1.1x\r\n"), DONE, 12, 550, "",
     STR_INIT("5.1.1x"), 0, 0, 0},
    {"bare LF", STR_INIT("250 ok\n"), DONE, 7, 250, "", STR_INIT("ok"), 1, 0, 0},
    {"bare LF once", STR_INIT("250-a\n250 b\r\n"), DONE, 13, 250, "", STR_INIT("a\nb"), 1, 0, 0},
    {"no text, bare LF", STR_INIT("250\n"), DONE, 4, 250, "", STR_INIT(""), 1, 0, 0},
    {"codes change", STR_INIT("250-a\r\n550 b\r\n"), DONE, 14, 550, "", STR_INIT("a\nb"), 0, 1, 0},
    {"codes change and back", STR_INIT("250-a\r\n421-b\r\n250 c\r\n"), DONE, 21, 250, "",
     STR_INIT("a\nb\nc"), 0, 1, 0},
    {"NUL", STR_INIT("250 a\0b\r\n"), DONE, 9, 250, "", STR_INIT("a\0b"), 0, 0, 1},
    {"escape sequence", STR_INIT("250 \x1b[31m\r\n"), DONE, 11, 250, "", STR_INIT("\x1b[31m"), 0, 0,
     1},
    {"bare CR", STR_INIT("250 a\rb\r\n"), DONE, 9, 250, "", STR_INIT("a\rb"), 0, 0, 1},
    {"two CR", STR_INIT("250 a\r\r\n"), DONE, 8, 250, "", STR_INIT("a\r"), 0, 0, 1},
    {"DEL", STR_INIT("250 \x7f\r\n"), DONE, 7, 250, "", STR_INIT("\x7f"), 0, 0, 1},
    {"C1 as UTF-8", STR_INIT("250 \xc2\x9b\r\n"), DONE, 8, 250, "", STR_INIT("\xc2\x9b"), 0, 0, 1},
    {"Latin-1", STR_INIT("250 \xfc\r\n"), DONE, 7, 250, "", STR_INIT("\xfc"), 0, 0, 1},
    {"UTF-8", STR_INIT("250 \xc3\xbc\r\n"), DONE, 8, 250, "", STR_INIT("\xc3\xbc"), 0, 0, 0},
    {"tab", STR_INIT("250 a\tb\r\n"), DONE, 9, 250, "", STR_INIT("a\tb"), 0, 0, 0},
    {"nothing", STR_INIT(""), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"half a code", STR_INIT("25"), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"code alone", STR_INIT("250"), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"code and CR", STR_INIT("250\r"), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"no line end", STR_INIT("250 ok"), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"continuation", STR_INIT("250-ok\r\n"), MORE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"empty line", STR_INIT("\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"LF", STR_INIT("\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"SSH", STR_INIT("SSH-2.0-OpenSSH_9.2\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"HTTP, begun", STR_INIT("HTTP"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"IMAP", STR_INIT("* OK ready\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"TLS alert", STR_INIT("\x15\x03\x01\x00\x02\x02\x46"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0,
     0},
    {"code and letter", STR_INIT("250x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"code of four", STR_INIT("2500 ok\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"code of two", STR_INIT("25\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"code of two and text", STR_INIT("25 ok\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"1xx", STR_INIT("150 x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"199", STR_INIT("199 x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"600", STR_INIT("600 x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"000", STR_INIT("000 x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"minus", STR_INIT("-25 x\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"tab behind the code", STR_INIT("250\tok\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"CR and more behind the code", STR_INIT("250\rx\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0,
     0},
    {"NUL behind the code", STR_INIT("250\0\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0, 0, 0},
    {"garbage on the second line", STR_INIT("250-a\r\nb\r\n"), GARBAGE, 0, 0, "", STR_INIT(""), 0,
     0, 0},
};

static const char *enhanced_text(const struct smtp_reply *r)
{
    return r->class_ == 0 ? "" : arena_fmt(&arena, "%u.%u.%u", r->class_, r->subject, r->detail).p;
}

/* What was decided of a piece is what is decided of the whole. */
static void test_pieces(struct str in, enum smtp_parse want)
{
    bool decided = false, steady = true;
    for (size_t n = 0; n <= in.n; n++) {
        struct smtp_reply r;
        size_t used;
        const char *why;
        enum smtp_parse st = smtp_reply_parse(&arena, str_slice(in, 0, n), &r, &used, &why);
        decided = decided || st != MORE;
        steady = steady && (decided ? st == want : st == MORE);
    }
    tap_ok(steady);
    tap_int(decided, want != MORE);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct smtp_reply r = {0};
        size_t used = 0;
        const char *why = NULL;
        tap_case("reply: %s", rows[i].label);
        tap_int(smtp_reply_parse(&arena, rows[i].in, &r, &used, &why), rows[i].want);
        tap_int(used, rows[i].used);
        tap_int(r.code, rows[i].code);
        tap_cstr(enhanced_text(&r), rows[i].enhanced);
        tap_str(r.text, rows[i].text);
        tap_int(r.bare_lf, rows[i].bare_lf);
        tap_int(r.code_changed, rows[i].code_changed);
        tap_int(r.foreign_bytes, rows[i].foreign);
        tap_int(*why != '\0', rows[i].want == GARBAGE);
        test_pieces(rows[i].in, rows[i].want);
    }
}

/* `n` times `line`, then `last`. */
static struct str repeated(const char *line, size_t n, const char *last)
{
    struct str *parts = arena_new(&arena, struct str, n + 1);
    for (size_t i = 0; i < n; i++)
        parts[i] = str_from(line);
    parts[n] = str_from(last);
    return arena_join(&arena, parts, n + 1);
}

static enum smtp_parse parse(struct str in)
{
    struct smtp_reply r;
    size_t used;
    const char *why;
    return smtp_reply_parse(&arena, in, &r, &used, &why);
}

static struct str line_of(size_t total)
{
    char *p = arena_new(&arena, char, total);
    memset(p, 'a', total);
    memcpy(p, "250 ", 4);
    memcpy(p + total - 2, "\r\n", 2);
    return str_make(p, total);
}

static void test_limits(void)
{
    tap_case("limits: the longest line, and one byte more");
    tap_int(parse(line_of(SMTP_REPLY_LINE_MAX)), DONE);
    tap_int(parse(line_of(SMTP_REPLY_LINE_MAX + 1)), SMTP_PARSE_LONG_LINE);
    tap_case("limits: a line of 1 MB, whole and begun");
    struct str mb = line_of(1 << 20);
    tap_int(parse(mb), SMTP_PARSE_LONG_LINE);
    tap_int(parse(str_slice(mb, 0, SMTP_REPLY_LINE_MAX - 1)), MORE);
    tap_int(parse(str_slice(mb, 0, SMTP_REPLY_LINE_MAX)), SMTP_PARSE_LONG_LINE);
    tap_case("limits: 1 MB without a line end that is no reply at all");
    tap_int(parse(repeated("a", 1 << 20, "")), GARBAGE);
    tap_case("limits: the most lines, and one more");
    tap_int(parse(repeated("250-a\r\n", SMTP_REPLY_LINES_MAX - 1, "250 b\r\n")), DONE);
    tap_int(parse(repeated("250-a\r\n", SMTP_REPLY_LINES_MAX, "250 b\r\n")), SMTP_PARSE_TOO_MANY);
    tap_case("limits: continuation lines without end");
    tap_int(parse(repeated("250-a\r\n", 100000, "")), SMTP_PARSE_TOO_MANY);
    tap_case("limits: too many bytes in few lines");
    struct str line = line_of(4000);
    ((char *)line.p)[3] = '-';
    struct str many[20];
    for (size_t i = 0; i < 20; i++)
        many[i] = line;
    struct str all = arena_join(&arena, many, 20);
    tap_int(parse(all), SMTP_PARSE_TOO_MANY);
    tap_int(parse(str_slice(all, 0, SMTP_REPLY_MAX_BYTES)), SMTP_PARSE_TOO_MANY);
    tap_int(parse(str_slice(all, 0, SMTP_REPLY_MAX_BYTES - 1)), MORE);
    tap_case("limits: no memory");
    struct arena small;
    struct smtp_reply r;
    size_t used;
    const char *why;
    arena_init(&small, 8);
    tap_int(smtp_reply_parse(&small, STR("250 ok\r\n"), &r, &used, &why), SMTP_PARSE_NO_MEMORY);
    arena_clear(&small);
}

static void test_classes(void)
{
    static const struct {
        unsigned code;
        bool ok, temporary, permanent;
    } classes[] = {{200, 1, 0, 0}, {299, 1, 0, 0}, {354, 0, 0, 0},
                   {421, 0, 1, 0}, {499, 0, 1, 0}, {500, 0, 0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        struct smtp_reply r = {.code = classes[i].code};
        tap_case("class: %u", r.code);
        tap_int(smtp_reply_ok(&r), classes[i].ok);
        tap_int(smtp_reply_temporary(&r), classes[i].temporary);
        tap_int(smtp_reply_permanent(&r), classes[i].permanent);
    }
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_rows();
    test_limits();
    test_classes();
    arena_clear(&arena);
    return tap_done();
}
