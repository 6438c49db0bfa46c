/* Rows for address lists and SMTP paths; and any bytes. */
#include "message/address.h"

#include "base/buf.h"

#include "message/limits.h"
#include "tests/tap.h"

static struct arena arena;

/* Lists are compared as text: "local@domain" joined by " | ", quotes shown for quoted locals. */
static struct str as_text(const struct address_list *list)
{
    struct str out = STR("");
    for (size_t i = 0; i < list->n; i++) {
        const struct mailbox *m = &list->items[i];
        const char *quote = m->local_quoted ? "\"" : "";
        out = arena_fmt(&arena, STR_FMT "%s%s" STR_FMT "%s%s" STR_FMT, STR_ARG(out),
                        i == 0 ? "" : " | ", quote, STR_ARG(m->local), quote,
                        m->null_address ? "<>" : "@", STR_ARG(m->domain));
    }
    return out;
}

static const struct {
    const char *label;
    struct str value;
    enum address_status status;
    const char *want;
} lists[] = {
    {"bare", STR_INIT(" a@b.example"), ADDRESS_OK, "a@b.example"},
    {"angle", STR_INIT("<a@b.example>"), ADDRESS_OK, "a@b.example"},
    {"name", STR_INIT("Ann B. Cole <a@b.example>"), ADDRESS_OK, "a@b.example"},
    {"quoted name", STR_INIT("\"a, <b@c>; \\\"d\\\"\" <a@b.example>"), ADDRESS_OK, "a@b.example"},
    {"two", STR_INIT("a@b.example, C <c@d.example>"), ADDRESS_OK, "a@b.example | c@d.example"},
    {"empty elements", STR_INIT(", ,a@b.example,,"), ADDRESS_OK, "a@b.example"},
    {"nothing", STR_INIT(""), ADDRESS_EMPTY, ""},
    {"comment only", STR_INIT(" (a@b.example) "), ADDRESS_EMPTY, ""},
    {"null address", STR_INIT("<>"), ADDRESS_EMPTY, "<>"},
    {"group", STR_INIT("G: a@b.example, <c@d.example> ;"), ADDRESS_OK, "a@b.example | c@d.example"},
    {"empty group", STR_INIT("undisclosed recipients:;"), ADDRESS_EMPTY, ""},
    {"group and more", STR_INIT("G:a@b.example;, c@d.example"), ADDRESS_OK,
     "a@b.example | c@d.example"},
    {"group in a group", STR_INIT("G: H: a@b.example;;"), ADDRESS_INVALID, ""},
    {"open group", STR_INIT("G: a@b.example"), ADDRESS_INVALID, "a@b.example"},
    {"quoted local", STR_INIT("\"a@b\"@c.example"), ADDRESS_OK, "\"a@b\"@c.example"},
    {"quoted pairs", STR_INIT("\"a\\\"\\\\b\"@c.example"), ADDRESS_OK, "\"a\"\\b\"@c.example"},
    {"words of a local part", STR_INIT("a . \"b c\" .d@e.example"), ADDRESS_OK,
     "\"a.b c.d\"@e.example"},
    {"dots in a row", STR_INIT("a..b.@c.example"), ADDRESS_OK, "a..b.@c.example"},
    {"comment in the domain", STR_INIT("<a@b(x).example>"), ADDRESS_OK, "a@b.example"},
    {"fold in the domain", STR_INIT("<a@b\r\n\t.example>"), ADDRESS_OK, "a@b.example"},
    {"comments all over", STR_INIT("(1)N(2)<(3)a(4)@(5)b(6).(7)example(8)>(9)"), ADDRESS_OK,
     "a@b.example"},
    {"nested comment", STR_INIT("(a(b)\\)c)a@b.example"), ADDRESS_OK, "a@b.example"},
    {"final dot", STR_INIT("a@b.example."), ADDRESS_OK, "a@b.example."},
    {"two dots", STR_INIT("a@b..example"), ADDRESS_INVALID, ""},
    {"first dot", STR_INIT("a@.example"), ADDRESS_INVALID, ""},
    {"literal", STR_INIT("a@[192.0.2.1]"), ADDRESS_OK, "a@[192.0.2.1]"},
    {"open literal", STR_INIT("a@[192.0.2.1"), ADDRESS_INVALID, ""},
    {"route", STR_INIT("<@x.example,@y.example:a@b.example>"), ADDRESS_OK, "a@b.example"},
    {"broken route", STR_INIT("<@x.example a@b.example>"), ADDRESS_INVALID, ""},
    {"U-label", STR_INIT("\xc3\xa9@\xc3\xbc.example"), ADDRESS_OK, "\xc3\xa9@\xc3\xbc.example"},
    {"no domain", STR_INIT("root"), ADDRESS_INVALID, ""},
    {"no domain in brackets", STR_INIT("<root>"), ADDRESS_INVALID, ""},
    {"no local part", STR_INIT("@b.example"), ADDRESS_INVALID, ""},
    {"two at signs", STR_INIT("a@b.example@c.example"), ADDRESS_INVALID, ""},
    {"text behind", STR_INIT("<a@b.example>c@d.example"), ADDRESS_INVALID, ""},
    {"two angles", STR_INIT("<a@b.example> <c@d.example>"), ADDRESS_INVALID, ""},
    {"its own address as a name", STR_INIT("a@b.example <c@B.example> (x), d@e.example"),
     ADDRESS_OK, "c@B.example | d@e.example"},
    {"its own address in apostrophes as a name", STR_INIT("'a@b.example' <a@b.example>"),
     ADDRESS_OK, "a@b.example"},
    {"another domain in apostrophes", STR_INIT("'a@c.example' <a@b.example>"), ADDRESS_INVALID, ""},
    {"words and an address as a name", STR_INIT("Ann a@b.example <a@b.example>"), ADDRESS_INVALID,
     ""},
    {"address before two angles", STR_INIT("a@b.example <a@b.example> <c@d.example>"),
     ADDRESS_INVALID, ""},
    {"literal before an angle", STR_INIT("a@[192.0.2.1] <a@[192.0.2.1]>"), ADDRESS_INVALID, ""},
    {"address before an empty angle", STR_INIT("a@b.example <>"), ADDRESS_INVALID, ""},
    {"address before a route", STR_INIT("a@b.example <@c.example:a@b.example>"), ADDRESS_INVALID,
     ""},
    {"address before an angle", STR_INIT("a@b.example <c@d.example>"), ADDRESS_INVALID, ""},
    {"semicolon", STR_INIT("a@b.example; c@d.example"), ADDRESS_INVALID, "a@b.example"},
    {"words before an address", STR_INIT("A B a@b.example"), ADDRESS_INVALID, ""},
    {"backslash", STR_INIT("a@b.example\\,<c@d.example>"), ADDRESS_INVALID, ""},
    {"open quote", STR_INIT("\"a@b.example <c@d.example>"), ADDRESS_INVALID, ""},
    {"open comment", STR_INIT("a@b.example (c"), ADDRESS_INVALID, ""},
    {"open angle", STR_INIT("<a@b.example"), ADDRESS_INVALID, ""},
    {"NUL", STR_INIT("<a@b.example\0c@d.example>"), ADDRESS_INVALID, ""},
    {"NUL in a quote", STR_INIT("\"a\0\" <a@b.example>"), ADDRESS_INVALID, ""},
    {"bare LF", STR_INIT("a@b.example,\nc@d.example"), ADDRESS_INVALID, "a@b.example"},
    {"bare CR in a comment", STR_INIT("(a\r)a@b.example"), ADDRESS_INVALID, ""},
    {"control", STR_INIT("a\x01@b.example"), ADDRESS_INVALID, ""},
    {"encoded word with a colon", STR_INIT("=?utf-8?Q?a:b,c?= <a@b.example>"), ADDRESS_OK,
     "a@b.example"},
    {"encoded word with an angle", STR_INIT("=?utf-8?Q?<a@b.example>,?= <c@d.example>"), ADDRESS_OK,
     "a@b.example | c@d.example"},
};

static void test_lists(void)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct address_list list;
        address_parse(&arena, lists[i].value, &list);
        tap_case("list: %s", lists[i].label);
        tap_int(list.status, lists[i].status);
        tap_str(as_text(&list), str_from(lists[i].want));
        tap_ok((list.reason != NULL) == (list.status == ADDRESS_INVALID));
    }
}

static void test_places(void)
{
    struct address_list list;
    struct str value = STR(" G (x): Ann <a@b.example> (c), d@e.example(f);");
    address_parse(&arena, value, &list);
    tap_case("list: names, comments, groups and places");
    tap_int(list.n, 2);
    tap_int(list.groups, 1);
    if (list.n != 2)
        return;
    tap_str(list.items[0].display, STR("Ann"));
    tap_str(list.items[0].comment, STR("c"));
    tap_str(list.items[0].group, STR("G"));
    tap_str(str_slice(value, list.items[0].offset, list.items[0].offset + list.items[0].length),
            STR("Ann <a@b.example>"));
    tap_str(list.items[1].display, STR(""));
    tap_str(list.items[1].comment, STR("f"));
    tap_str(str_slice(value, list.items[1].offset, list.items[1].offset + list.items[1].length),
            STR("d@e.example"));
    tap_case("list: what is obsolete, what is encoded");
    address_parse(&arena, STR("a@b.example"), &list);
    tap_ok(!list.obsolete && !list.encoded_word_as_address);
    address_parse(&arena, STR("<@r.example:a@b.example>"), &list);
    tap_ok(list.obsolete && list.items[0].has_route);
    address_parse(&arena, STR("=?utf-8?B?PGFAYi5leGFtcGxlPg==?=,<a@b.example>"), &list);
    tap_ok(list.encoded_word_as_address && list.status == ADDRESS_INVALID);
    address_parse(&arena, STR("=?utf-8?Q?a=40b.example=3E?=@c.example"), &list);
    tap_ok(list.encoded_word_as_address && list.status == ADDRESS_OK);
}

static void test_limits(void)
{
    struct buf b;
    struct address_list list;
    buf_init(&b, 1 << 24);
    for (size_t i = 0; i < ADDRESS_MAX_MAILBOXES + 1; i++)
        buf_addf(&b, "a%zu@b.example,", i);
    address_parse(&arena, buf_str(&b), &list);
    tap_case("limits: too many mailboxes");
    tap_int(list.status, ADDRESS_LIMIT);
    tap_int(list.n, ADDRESS_MAX_MAILBOXES);
    for (size_t depth = ADDRESS_MAX_COMMENT_DEPTH; depth <= ADDRESS_MAX_COMMENT_DEPTH + 1;
         depth++) {
        buf_reset(&b);
        for (size_t i = 0; i < depth; i++)
            buf_addc(&b, '(');
        for (size_t i = 0; i < depth; i++)
            buf_addc(&b, ')');
        buf_addz(&b, "a@b.example");
        address_parse(&arena, buf_str(&b), &list);
        tap_case("limits: %zu nested comments", depth);
        tap_int(list.status, depth > ADDRESS_MAX_COMMENT_DEPTH ? ADDRESS_INVALID : ADDRESS_OK);
    }
    buf_clear(&b);
}

static const struct {
    const char *label;
    struct str path;
    bool ok, null_path;
    const char *local, *domain;
} paths[] = {
    {"plain", STR_INIT("a@b.example"), true, false, "a", "b.example"},
    {"angle", STR_INIT("<a@b.example>"), true, false, "a", "b.example"},
    {"null", STR_INIT("<>"), true, true, "", ""},
    {"empty", STR_INIT(""), true, true, "", ""},
    {"quoted", STR_INIT("\"a b@c\"@d.example"), true, false, "a b@c", "d.example"},
    {"quoted pair", STR_INIT("\"a\\\"\"@d.example"), true, false, "a\"", "d.example"},
    {"literal", STR_INIT("<a@[IPv6:2001:db8::1]>"), true, false, "a", "[IPv6:2001:db8::1]"},
    {"route", STR_INIT("<@x.example,@y.example:a@b.example>"), true, false, "a", "b.example"},
    {"apostrophe", STR_INIT("'any@b.example"), true, false, "'any", "b.example"},
    {"underscore", STR_INIT("a@_b.example"), true, false, "a", "_b.example"},
    {"UTF-8", STR_INIT("\xc3\xa9@\xc3\xbc.example"), true, false, "\xc3\xa9", "\xc3\xbc.example"},
    {"route without brackets", STR_INIT("@x.example:a@b.example"), false, false, "", ""},
    {"open bracket", STR_INIT("<a@b.example"), false, false, "", ""},
    {"parenthesis", STR_INIT("(a@b.example"), false, false, "", ""},
    {"comment", STR_INIT("a@b.example(c)"), false, false, "", ""},
    {"space", STR_INIT("a @b.example"), false, false, "", ""},
    {"space around", STR_INIT("<a@b.example >"), false, false, "", ""},
    {"NUL", STR_INIT("a@b.example\0"), false, false, "", ""},
    {"NUL in quotes", STR_INIT("\"a\0\"@b.example"), false, false, "", ""},
    {"two at signs", STR_INIT("a@b@c.example"), false, false, "", ""},
    {"final dot", STR_INIT("a@b.example."), false, false, "", ""},
    {"two dots", STR_INIT("a@b..example"), false, false, "", ""},
    {"no local part", STR_INIT("@b.example"), false, false, "", ""},
    {"no domain", STR_INIT("a@"), false, false, "", ""},
    {"no at sign", STR_INIT("postmaster"), false, false, "", ""},
    {"text behind a quote", STR_INIT("\"a\"b@c.example"), false, false, "", ""},
};

static void test_paths(void)
{
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct mailbox m = {0};
        bool null_path = false;
        tap_case("path: %s", paths[i].label);
        tap_int(smtp_path_parse(&arena, paths[i].path, &m, &null_path), paths[i].ok);
        tap_int(null_path, paths[i].null_path);
        tap_str(m.local, str_from(paths[i].local));
        tap_str(m.domain, str_from(paths[i].domain));
    }
}

/* What was read from any bytes, written plainly again, reads the same. */
static void test_written_again(void)
{
    static const char letters[] = "aaaaaaaaaaaabbbb..@@@@@@<>(), \t\"\\\xc3\xa9";
    enum { ROUNDS = 50000, LONGEST = 16 };
    uint32_t state = 7;
    unsigned parsed = 0, same = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[LONGEST];
        struct address_list list, again;
        arena_reset(&arena);
        for (size_t i = 0; i < LONGEST; i++) {
            state = state * 1664525u + 1013904223u;
            text[i] = letters[(state >> 8) % (sizeof letters - 1)];
        }
        address_parse(&arena, str_make(text, (state >> 4) % LONGEST), &list);
        if (list.status != ADDRESS_OK || list.n != 1 || list.items[0].local_quoted)
            continue;
        struct str plain = arena_fmt(&arena, STR_FMT "@" STR_FMT, STR_ARG(list.items[0].local),
                                     STR_ARG(list.items[0].domain));
        parsed++;
        address_parse(&arena, plain, &again);
        same += again.n == 1 && str_eq(again.items[0].local, list.items[0].local) &&
                str_eq(again.items[0].domain, list.items[0].domain);
    }
    tap_case("any bytes: an address reads the same when written plainly");
    tap_ok(parsed > 100);
    tap_int(same, parsed);
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_lists();
    test_places();
    test_limits();
    test_paths();
    test_written_again();
    arena_clear(&arena);
    return tap_done();
}
