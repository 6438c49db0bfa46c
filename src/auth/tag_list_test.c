/* Tag lists: rows of the grammar of RFC 6376 3.2, and every truncation of a good one. */
#include "auth/tag_list.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

static struct arena arena;

static const struct {
    const char *label;
    struct str in;
    enum tag_list_status want;
    size_t n;
} rows[] = {
    {"one", STR_INIT("a=1"), TAG_LIST_OK, 1},
    {"two", STR_INIT("a=1;b=2"), TAG_LIST_OK, 2},
    {"final semicolon", STR_INIT("a=1;"), TAG_LIST_OK, 1},
    {"final semicolon and space", STR_INIT("a=1; \t"), TAG_LIST_OK, 1},
    {"empty value", STR_INIT("a=;b="), TAG_LIST_OK, 2},
    {"equals signs in the value", STR_INIT("a=b=c=="), TAG_LIST_OK, 1},
    {"folds", STR_INIT("\r\n a\r\n\t=\r\n 1\r\n 2 ;\r\n b=3"), TAG_LIST_OK, 2},
    {"underscore and digits", STR_INIT("a_1=x"), TAG_LIST_OK, 1},
    {"case makes another name", STR_INIT("a=1;A=2"), TAG_LIST_OK, 2},
    {"UTF-8", STR_INIT("a=\xc3\xbc"), TAG_LIST_OK, 1},
    {"empty", STR_INIT(""), TAG_LIST_SYNTAX, 0},
    {"space", STR_INIT("  "), TAG_LIST_SYNTAX, 0},
    {"semicolon", STR_INIT(";"), TAG_LIST_SYNTAX, 0},
    {"two final semicolons", STR_INIT("a=1;;"), TAG_LIST_SYNTAX, 1},
    {"empty element", STR_INIT("a=1;;b=2"), TAG_LIST_SYNTAX, 1},
    {"no equals sign", STR_INIT("a=1;b"), TAG_LIST_SYNTAX, 1},
    {"no name", STR_INIT("=1"), TAG_LIST_SYNTAX, 0},
    {"name begins with a digit", STR_INIT("1a=1"), TAG_LIST_SYNTAX, 0},
    {"name with a hyphen", STR_INIT("a-b=1"), TAG_LIST_SYNTAX, 0},
    {"name with a space", STR_INIT("a b=1"), TAG_LIST_SYNTAX, 0},
    {"name with UTF-8", STR_INIT("\xc3\xbc=1"), TAG_LIST_SYNTAX, 0},
    {"NUL in a value", STR_INIT("a=\0"), TAG_LIST_SYNTAX, 0},
    {"DEL in a value", STR_INIT("a=\x7f"), TAG_LIST_SYNTAX, 0},
    {"VT is no white space", STR_INIT("a=\v1"), TAG_LIST_SYNTAX, 0},
    {"bare LF", STR_INIT("a=1\n b"), TAG_LIST_SYNTAX, 0},
    {"bare CR", STR_INIT("a=1\r b"), TAG_LIST_SYNTAX, 0},
    {"CRLF without space", STR_INIT("a=1\r\nb"), TAG_LIST_SYNTAX, 0},
    {"not UTF-8", STR_INIT("a=\xfc"), TAG_LIST_SYNTAX, 0},
    {"twice", STR_INIT("a=1;b=2;a=1"), TAG_LIST_DUPLICATE, 3},
};

static void test_values(void)
{
    struct tag_list list;
    struct str text = STR("v=1; b = x y\r\n z ; bh=;c= last ");
    tap_case("values: trimmed, and the place of the whole");
    tap_int(tag_list_parse(&arena, text, &list), TAG_LIST_OK);
    const struct tag *b = tag_find(&list, STR("b")), *bh = tag_find(&list, STR("bh"));
    tap_str(b->value, STR("x y\r\n z"));
    tap_str(str_slice(text, b->value_offset, b->value_offset + b->value_length),
            STR(" x y\r\n z "));
    tap_int(bh->value.n, 0);
    tap_int(bh->value_length, 0);
    tap_str(tag_find(&list, STR("c"))->value, STR("last"));
    tap_ok(tag_find(&list, STR("V")) == NULL && tag_find(&list, STR("")) == NULL);
}

static struct str numbered(unsigned n, const char *more)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "t%u=%u;", i, i);
    buf_addz(&b, more);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static void test_many(void)
{
    struct tag_list list;
    tap_case("many: up to the limit, not beyond");
    tap_int(tag_list_parse(&arena, numbered(TAG_LIST_MAX, ""), &list), TAG_LIST_OK);
    tap_int(list.n, TAG_LIST_MAX);
    tap_int(tag_list_parse(&arena, numbered(TAG_LIST_MAX, "x=1"), &list), TAG_LIST_LIMIT);
    tap_int(tag_list_parse(&arena, numbered(100000, ""), &list), TAG_LIST_LIMIT);
    tap_case("many: a duplicate is found among few and among many");
    for (unsigned n = 1; n < 200; n += 7)
        tap_int(tag_list_parse(&arena, numbered(n, "t0=again"), &list), TAG_LIST_DUPLICATE);
}

static void test_no_memory(void)
{
    struct arena tiny;
    struct tag_list list;
    tap_case("no memory is a limit, not a verdict");
    arena_init(&tiny, 64);
    tap_int(tag_list_parse(&tiny, STR("a=1;b=2;c=3;d=4"), &list), TAG_LIST_LIMIT);
    arena_clear(&tiny);
}

static void test_truncations(void)
{
    static const char good[] =
        "v=1; a=rsa-sha256;\r\n\td=\xc3\xbc.example; b=AB\r\n CD==; h=from:to;";
    tap_case("every truncation, in a block of exactly its size");
    for (size_t n = 0; n < sizeof good; n++) {
        char *p = malloc(n == 0 ? 1 : n);
        struct tag_list list;
        memcpy(p, good, n);
        tag_list_parse(&arena, str_make(p, n), &list);
        for (size_t i = 0; i < list.n; i++)
            tap_ok(list.tags[i].value_offset + list.tags[i].value_length <= n);
        free(p);
    }
}

static void test_colon_list(void)
{
    static const struct {
        const char *in;
        const char *items[4];
        size_t n;
    } lists[] = {{"a:b : c", {"a", "b", "c"}, 3},
                 {"a", {"a"}, 1},
                 {"a::b", {"a", "", "b"}, 3},
                 {"\r\n a\r\n :b:", {"a", "b", ""}, 3}};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct str rest = str_from(lists[i].in), item;
        size_t n = 0;
        tap_case("colon list %zu", i);
        while (colon_list_next(&rest, &item)) {
            tap_ok(n < lists[i].n && str_eq(item, str_from(lists[i].items[n])));
            n++;
        }
        tap_int(n, lists[i].n);
    }
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tag_list list;
        tap_case("tag list: %s", rows[i].label);
        enum tag_list_status got = tag_list_parse(&arena, rows[i].in, &list);
        tap_cstr(tag_list_status_text(got), tag_list_status_text(rows[i].want));
        tap_int(list.n, rows[i].n);
    }
    test_values();
    test_many();
    test_no_memory();
    test_truncations();
    test_colon_list();
    arena_clear(&arena);
    return tap_done();
}
