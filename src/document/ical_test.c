/* Lines, parameters and texts of calendars. */
#include "document/ical.h"

#include <stdlib.h>

#include "base/buf.h"

#include "tests/tap.h"

static struct arena arena;

static const struct {
    const char *label;
    struct str text, want; /* "NAME|params|value" of each line, "/" between */
} lines[] = {
    {"nothing", STR_INIT(""), STR_INIT("")},
    {"one", STR_INIT("A:b\r\n"), STR_INIT("A||b")},
    {"no line end", STR_INIT("A:b"), STR_INIT("A||b")},
    {"a fold", STR_INIT("SUMMARY:a\r\n b\r\n\tc\r\nX:d"), STR_INIT("SUMMARY||abc/X||d")},
    {"a fold in a name", STR_INIT("SUM\r\n MARY:a"), STR_INIT("SUMMARY||a")},
    {"other line ends", STR_INIT("A:b\nC:d\rE:f\n g"), STR_INIT("A||b/C||d/E||fg")},
    {"parameters", STR_INIT("A;B=c;D=\"e:f;g\":h:i"), STR_INIT("A|;B=c;D=\"e:f;g\"|h:i")},
    {"a quote that never ends", STR_INIT("A;B=\"c:d"), STR_INIT("A|;B=\"c|d")},
    {"a group", STR_INIT("item1.URL:x"), STR_INIT("URL||x")},
    {"blanks before the colon", STR_INIT("A :b"), STR_INIT("A||b")},
    {"lines that are none", STR_INIT("foo\n:bar\n;B=c:d\n =:\nA:b\nC"), STR_INIT("A||b")},
    {"an empty value", STR_INIT("A:\nB:c"), STR_INIT("A||/B||c")},
    {"NUL", STR_INIT("A:b\0c"), STR_INIT("A||b\0c")},
};

static void test_lines(void)
{
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        char *text = malloc(lines[i].text.n + 1);
        struct str got = STR("");
        struct ical in;
        struct ical_line l;
        memcpy(text, lines[i].text.p, lines[i].text.n);
        tap_case("lines: %s", lines[i].label);
        tap_ok(ical_open(&arena, str_make(text, lines[i].text.n), &in));
        while (ical_next(&in, &l)) {
            struct str parts[] = {
                got, got.n > 0 ? STR("/") : STR(""), l.name, STR("|"), l.params, STR("|"), l.value};
            got = arena_join(&arena, parts, ARRAY_LEN(parts));
        }
        tap_str(got, lines[i].want);
        tap_ok(!in.cut);
        free(text);
    }
}

static const struct {
    const char *line, *name, *want; /* NULL: not there */
} params[] = {
    {"A;CN=b:c", "cn", "b"},
    {"A;X=\"1;CN=2\";CN=\"3:4\":c", "CN", "3:4"},
    {"A;CN=:c", "CN", ""},
    {"A;CNX=1:c", "CN", NULL},
    {"A:CN=1", "CN", NULL},
    {"A; cn = b :c", "CN", "b"},
    {"A;CN=first;CN=2:c", "CN", "first"},
    {"A;CN:c", "CN", NULL},
};

static const struct {
    const char *in, *want;
} texts[] = {
    {"", ""},       {"plain", "plain"}, {"a\\nb\\Nc", "a\nb\nc"}, {"a\\,b\\;c\\\\n", "a,b;c\\n"},
    {"a\\", "a\\"}, {"\\x", "x"},
};

static void test_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(params); i++) {
        struct ical in;
        struct ical_line l;
        tap_case("parameter %s of %s", params[i].name, params[i].line);
        tap_ok(ical_open(&arena, str_from(params[i].line), &in) && ical_next(&in, &l));
        struct str got = ical_param(&l, str_from(params[i].name));
        tap_int(got.p != NULL, params[i].want != NULL);
        tap_str(got, params[i].want == NULL ? STR("") : str_from(params[i].want));
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        tap_case("text: %s", texts[i].in);
        tap_str(ical_text(&arena, str_from(texts[i].in)), str_from(texts[i].want));
    }
}

static void test_limits(void)
{
    struct buf b;
    struct ical in;
    struct ical_line l;
    size_t n = 0;
    buf_init(&b, 16u << 20);
    for (size_t i = 0; i <= ICAL_MAX_LINES; i++)
        buf_addz(&b, "A:b\n");
    tap_case("too many lines are cut, and it says so");
    tap_ok(ical_open(&arena, buf_str(&b), &in));
    while (ical_next(&in, &l))
        n++;
    tap_int((long long)n, ICAL_MAX_LINES);
    tap_ok(in.cut);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_lines();
    test_values();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
