/* Names as systems read them, and which of them are the same. */
#include "content/name.h"

#include "tests/tap.h"

static struct arena arena;

static const struct {
    const char *text, *clean, *extension, *previous;
} rows[] = {
    {"a.exe", "a.exe", "exe", ""},
    {"A.B.C", "a.b.c", "c", "b"},
    {"", "", "", ""},
    {".", "", "", ""},
    {".profile", ".profile", "profile", ""},
    {"a", "a", "", ""},
    {"a.", "a", "", ""},
    {"a.exe . .", "a.exe", "exe", ""},
    {"a.pdf  _.exe", "a.pdf  _.exe", "exe", "pdf"},
    {"  a.txt", "a.txt", "txt", ""},
    {"\"a.txt\"", "a.txt", "txt", ""},
    {"/x/y\\a.txt", "a.txt", "txt", ""},
    {"a.txt/", "", "", ""},
    {"a.txt::$DATA", "a.txt", "txt", ""},
    {"a%2etxt", "a.txt", "txt", ""},
    {"a%252etxt", "a.txt", "txt", ""},
    {"a%25252etxt", "a%2etxt", "", ""},
    {"100%.txt", "100%.txt", "txt", ""},
    {"%2", "%2", "", ""},
    {"x%2fa.txt", "a.txt", "txt", ""},
    {"a\xe2\x80\x8b.t\xc2\xadxt", "a.txt", "txt", ""},
    {"a\xef\xbc\x8e\xef\xbc\xb4xt", "a.txt", "txt", ""},
    {"a\xe2\x80\xa4txt", "a.txt", "txt", ""},
    {"a\r\n .txt", "a .txt", "txt", ""},
    {"\xc3\x84\xc3\x96.TXT", "\xc3\xa4\xc3\xb6.txt", "txt", ""},
    {"\xd0\x96.txt", "\xd0\xb6.txt", "txt", ""},
    {"\xff\xfe.txt", "\xff\xfe.txt", "txt", ""},
    {"a\xc2\xa0.txt", "a .txt", "txt", ""},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct name n;
        tap_case("name %s", rows[i].text);
        if (!tap_ok(name_read(&arena, str_from(rows[i].text), &n)))
            continue;
        tap_str(n.clean, str_from(rows[i].clean));
        tap_str(n.extension, str_from(rows[i].extension));
        tap_str(n.previous, str_from(rows[i].previous));
    }
}

static const struct {
    const char *a, *b;
    bool want;
} pairs[] = {
    {"a.pdf", "A.PDF", true},
    {"my file.pdf", "my_file.pdf", true},
    {"my - file.pdf", "my_file.pdf", true},
    {"x/a.pdf", "a.pdf", true},
    {"r\xc3\xa9sum\xc3\xa9.pdf", "re\xcc\x81sume\xcc\x81.pdf", true},
    {"r\xc3\xa9sum\xc3\xa9.pdf", "resume.pdf", true},
    {"r\xc3\xa9sum\xc3\xa9.pdf", "r\xe9sum\xe9.pdf", true},
    {"r\xc3\xa9sum\xc3\xa9.pdf", "r?sum?.pdf", true},
    {"\xe5\x90\x8d.pdf", "??.pdf", false},
    {"\xe5\x90\x8d.pdf", "\xe5\x89\x8d.pdf", false},
    {"a.pdf", "b.pdf", false},
    {"a.pdf", "a.exe", false},
    {"a?.pdf", "a.pdf", false},
    {"a.pdf", "a", false},
    {"\xc3\xa9.pdf", "\xc3\xa9.exe", false},
};

static void test_pairs(void)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct name a, b;
        tap_case("%s and %s", pairs[i].a, pairs[i].b);
        if (!tap_ok(name_read(&arena, str_from(pairs[i].a), &a) &&
                    name_read(&arena, str_from(pairs[i].b), &b)))
            continue;
        tap_int(name_is_same(&arena, &a, &b), pairs[i].want);
        tap_int(name_is_same(&arena, &b, &a), pairs[i].want);
        tap_ok(name_is_same(&arena, &a, &a));
    }
}

static const struct {
    const char *text, *want;
} shown[] = {
    {"a b   c", "a b   c"},
    {"a    b", "a[4 blanks]b"},
    {"a\xc2\xa0\xc2\xa0\xc2\xa0\xc2\xa0", "a[4 blanks]"},
    {"a\xe2\x80\xae"
     "b\xe2\xa0\x80",
     "a\\u{202e}b\\u{2800}"},
    {"\xff", "\xff"},
};

static void test_shown(void)
{
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        tap_case("shown %zu", i);
        tap_str(name_show(&arena, str_from(shown[i].text)), str_from(shown[i].want));
    }
}

int main(void)
{
    arena_init(&arena, 16u << 20);
    test_rows();
    test_pairs();
    test_shown();
    arena_clear(&arena);
    return tap_done();
}
