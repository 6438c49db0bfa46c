/* The built-in lists hold together; files of an operator take their place or are refused. */
#include "content/lists.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/tap.h"

static struct arena arena;

static struct content_lists *built_in(void)
{
    struct content_lists *lists = NULL;
    struct mp_err err = {0};
    arena_reset(&arena);
    if (content_lists_new(&arena, &lists, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return lists;
}

static const struct {
    enum content_list list;
    const char *key;
    bool want;
} members[] = {
    {LIST_EXTENSIONS_DANGEROUS, "exe", true},
    {LIST_EXTENSIONS_DANGEROUS, "lnk", true},
    {LIST_EXTENSIONS_DANGEROUS, "ex", false},
    {LIST_EXTENSIONS_DANGEROUS, "exee", false},
    {LIST_EXTENSIONS_DANGEROUS, "pdf", false},
    {LIST_EXTENSIONS_DANGEROUS, "", false},
    {LIST_EXTENSIONS_RISKY, "iso", true},
    {LIST_EXTENSIONS_RISKY, "library-ms", true},
    {LIST_EXTENSIONS_RISKY, "ics", false},
    {LIST_EXTENSIONS_DECOY, "docx", true},
    {LIST_EXTENSIONS_DECOY, "exe", false},
    {LIST_EXTENSIONS_MACRO, "xlsm", true},
    {LIST_EXTENSIONS_MACRO, "xlsx", false},
    {LIST_SHORTCUT_COMMANDS, "powershell", true},
    {LIST_SHORTCUT_COMMANDS, "notepad", false},
    {LIST_BRANDS, "paypal", true},
    {LIST_BRANDS, "pay pal", true},
    {LIST_BRANDS, "pal", false},
    {LIST_FREEMAIL, "gmail.com", true},
    {LIST_FREEMAIL, "example.com", false},
    {LIST_SHORTENERS, "bit.ly", true},
    {LIST_FREE_HOSTS, "web.app", true},
    {LIST_REDIRECTORS, "google.com/url", true},
    {LIST_REDIRECTORS, "google.com", false},
    {LIST_TLDS_ABUSED, "top", true},
    {LIST_TLDS_ABUSED, "com", false},
    {LIST_WORDS, "gift card", true},
    {LIST_WORDS, "kundenkonto", true},
    {LIST_WORDS, "zeitung", false},
};

/* Built in without entries: every house has its own. */
static bool is_of_the_house(enum content_list list)
{
    return list == LIST_VIPS || list == LIST_DOMAINS_OWN || list == LIST_DOMAINS_PARTNER;
}

static void test_members(void)
{
    struct content_lists *lists = built_in();
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        tap_case("%s: \"%s\"", content_list_file(members[i].list), members[i].key);
        tap_int(content_lists_has(lists, members[i].list, str_from(members[i].key)),
                members[i].want);
    }
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++) {
        tap_case("%s is built in", content_list_file((enum content_list)i));
        size_t n = content_lists_count(lists, (enum content_list)i);
        tap_ok(is_of_the_house((enum content_list)i) ? n == 0 : n > 10);
    }
}

static void test_types(void)
{
    struct content_lists *lists = built_in();
    const struct file_type_set *pdf = content_lists_types(lists, LIST_EXTENSION_TYPES, STR("pdf"));
    const struct file_type_set *png = content_lists_types(lists, LIST_MIME_TYPES, STR("image/png"));
    tap_case("types behind an extension");
    tap_ok(pdf != NULL && file_type_set_has(pdf, FILE_PDF) && !file_type_set_has(pdf, FILE_PE));
    tap_case("types behind a declared type");
    tap_ok(png != NULL && file_type_set_has(png, FILE_PNG) && !file_type_set_has(png, FILE_FONT));
    tap_case("octet-stream claims nothing");
    tap_ok(content_lists_types(lists, LIST_MIME_TYPES, STR("application/octet-stream")) == NULL);
}

static bool has_value(const struct content_entry *e, const char *value)
{
    for (size_t i = 0; e != NULL && i < e->n_values; i++)
        if (str_eq(e->values[i], str_from(value)))
            return true;
    return false;
}

static void test_values(void)
{
    struct content_lists *lists = built_in();
    const struct content_entry *e = content_lists_find(lists, LIST_BRANDS, STR("pay pal"));
    tap_case("domains behind another name of a brand");
    tap_ok(has_value(e, "paypal.com") && !has_value(e, "paypal.example") && !e->whole);
    tap_case("a name in quotes counts as a whole");
    e = content_lists_find(lists, LIST_BRANDS, STR("apple"));
    tap_ok(e != NULL && e->whole && has_value(e, "icloud.com"));
    tap_case("groups of a word, and its language");
    e = content_lists_find(lists, LIST_WORDS, STR("kundenkonto"));
    tap_ok(e != NULL && e->groups == 1u << WORD_CREDENTIAL && str_eq(e->language, STR("de")));
    tap_case("a word with endings");
    e = content_lists_find(lists, LIST_WORDS, STR("deactivat"));
    tap_ok(e != NULL && e->stem);
    unsigned all = 0;
    size_t n;
    const struct content_entry *words = content_lists_entries(lists, LIST_WORDS, &n);
    for (size_t i = 0; i < n; i++)
        all |= words[i].groups;
    tap_case("each group has words");
    tap_int(all, (1u << WORD_GROUP_COUNT) - 1);
}

static const struct {
    const char *domain, *want;
} below[] = {
    {"gmail.com", "gmail.com"},
    {"a.b.gmail.com", "gmail.com"},
    {"xgmail.com", NULL},
    {"com", NULL},
    {"", NULL},
    {"gmail.com.example", NULL},
};

static void test_domains(void)
{
    struct content_lists *lists = built_in();
    struct mp_err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(below); i++) {
        const struct content_entry *e =
            content_lists_domain(lists, LIST_FREEMAIL, str_from(below[i].domain));
        tap_case("domain or above: \"%s\"", below[i].domain);
        if (below[i].want == NULL)
            tap_ok(e == NULL);
        else
            tap_ok(e != NULL && str_eq(e->key, str_from(below[i].want)));
    }
    tap_case("a domain is added, as DNS has it, more than once");
    for (int i = 0; i < 2; i++)
        tap_int(content_lists_add_domain(&arena, LIST_DOMAINS_OWN, STR("B\xc3\xbcro.example"),
                                         lists, &err),
                MP_OK);
    tap_int(content_lists_count(lists, LIST_DOMAINS_OWN), 1);
    tap_ok(content_lists_domain(lists, LIST_DOMAINS_OWN, STR("a.xn--bro-hoa.example")) != NULL);
    static const char *const bad[] = {"", "example", "a..example", "a b.example",
                                      "http://a.example"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        tap_case("no domain: \"%s\"", bad[i]);
        tap_int(content_lists_add_domain(&arena, LIST_DOMAINS_OWN, str_from(bad[i]), lists, &err),
                MP_E_USAGE);
        tap_int(content_lists_count(lists, LIST_DOMAINS_OWN), 1);
    }
}

#define A32               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEAD_OF(language) "language: " language "\nsource: us\ndate: 2026-01-31\n"
#define HEAD              HEAD_OF("any")

static const struct {
    const char *label, *file, *text;
    int want;
    const char *message; /* what it begins with */
    const char *key;     /* stands in the list afterwards */
} files[] = {
    {"whole", "extensions-risky.list", HEAD "\n# a\nfoo\nBAR\r\n", MP_OK, "", "bar"},
    {"whole path", "/a/b/extensions-risky.list", HEAD "foo", MP_OK, "", "foo"},
    {"head alone", "extensions-risky.list", HEAD, MP_OK, "", NULL},
    {"added", "extensions-risky.list", HEAD "mode: add\nfoo\niso\n", MP_OK, "", "vhdx"},
    {"with types", "extension-types.list", HEAD "foo = pdf  7z\n", MP_OK, "", "foo"},
    {"MIME", "mime-types.list", HEAD "A/B=pdf\n", MP_OK, "", "a/b"},
    {"no list", "extensions.list", HEAD "foo\n", MP_E_USAGE, "extensions.list: no list", NULL},
    {"empty", "extensions-risky.list", "", MP_E_SYNTAX,
     "extensions-risky.list:1: the head has no line for: \"language\"", NULL},
    {"no date", "extensions-risky.list", "language: any\nsource: us\nfoo\n", MP_E_SYNTAX,
     "extensions-risky.list:3: the head has no line for: \"date\"", NULL},
    {"no such day", "extensions-risky.list", "language: any\nsource: us\ndate: today\nfoo\n",
     MP_E_SYNTAX, "extensions-risky.list:3: a date is", NULL},
    {"source says nothing", "extensions-risky.list", "source:\n", MP_E_SYNTAX,
     "extensions-risky.list:1: this line of the head says nothing: \"source\"", NULL},
    {"head twice", "extensions-risky.list", HEAD "source: us\n", MP_E_SYNTAX,
     "extensions-risky.list:4: this line of the head stands twice", NULL},
    {"head of another", "extensions-risky.list", "author: me\n", MP_E_SYNTAX,
     "extensions-risky.list:1: the head knows", NULL},
    {"mode of another", "extensions-risky.list", HEAD "mode: remove\n", MP_E_SYNTAX,
     "extensions-risky.list:4: mode is", NULL},
    {"twice", "extensions-risky.list", HEAD "foo\nbar\nFOO\n", MP_E_SYNTAX,
     "extensions-risky.list:6: stands twice: \"foo\"", NULL},
    {"with its dot", "extensions-risky.list", HEAD ".foo\n", MP_E_SYNTAX,
     "extensions-risky.list:4: no extension (without its dot): \".foo\"", NULL},
    {"two on a line", "extensions-risky.list", HEAD "foo bar\n", MP_E_SYNTAX,
     "extensions-risky.list:4: no extension", NULL},
    {"too long", "extensions-risky.list", HEAD A32 A32 A32 A32 "a\n", MP_E_SYNTAX,
     "extensions-risky.list:4: no extension", NULL},
    {"types where none belong", "extensions-risky.list", HEAD "foo = pdf\n", MP_E_SYNTAX,
     "extensions-risky.list:4: nothing stands behind", NULL},
    {"types missing", "extension-types.list", HEAD "foo\n", MP_E_SYNTAX,
     "extension-types.list:4: \"=\" and types", NULL},
    {"types empty", "extension-types.list", HEAD "foo =\n", MP_E_SYNTAX,
     "extension-types.list:4: a type stands behind", NULL},
    {"no such type", "extension-types.list", HEAD "foo = pdf pdg\n", MP_E_SYNTAX,
     "extension-types.list:4: no type of file has this name: \"pdg\"", NULL},
    {"no MIME type", "mime-types.list", HEAD "pdf = pdf\n", MP_E_SYNTAX,
     "mime-types.list:4: no MIME type: \"pdf\"", NULL},
    {"two slashes", "mime-types.list", HEAD "a/b/c = pdf\n", MP_E_SYNTAX,
     "mime-types.list:4: no MIME type", NULL},
    {"a brand", "brands.list", HEAD "Example  Bank, \"Exa\" = example.com B\xc3\xbcro.example\n",
     MP_OK, "", "example bank"},
    {"a brand without domains", "brands.list", HEAD "foo = \n", MP_E_SYNTAX,
     "brands.list:4: a domain stands behind", NULL},
    {"a brand and no domain", "brands.list", HEAD "foo = example.com a..b\n", MP_E_SYNTAX,
     "brands.list:4: no domain: \"a..b\"", NULL},
    {"a name that is empty", "brands.list", HEAD "foo,,bar = example.com\n", MP_E_SYNTAX,
     "brands.list:4: no name: \"\"", NULL},
    {"the same name twice", "brands.list", HEAD "foo, FOO = example.com\n", MP_E_SYNTAX,
     "brands.list:4: stands twice: \"foo\"", NULL},
    {"people", "vips.list", HEAD "Jane Doe, Doe Jane = Jane@Example.com\n", MP_OK, "", "doe jane"},
    {"people without addresses", "vips.list", HEAD "Jane Doe = example.com\n", MP_E_SYNTAX,
     "vips.list:4: no address: \"example.com\"", NULL},
    {"own domains", "domains-own.list", HEAD "Example.COM\n", MP_OK, "", "example.com"},
    {"no own domain", "domains-own.list", HEAD "a.example\nhttp://example.com\n", MP_E_SYNTAX,
     "domains-own.list:5: no domain: \"http://example.com\"", NULL},
    {"places", "redirectors.list", HEAD "Example.com/Go\n", MP_OK, "", "example.com/Go"},
    {"no place", "redirectors.list", HEAD "/go\n", MP_E_SYNTAX, "redirectors.list:4: no domain",
     NULL},
    {"words of a language that is built in", "lure-words.de.list",
     HEAD_OF("de") "foo  bar* = bank change\n", MP_OK, "", "foo bar"},
    {"words of another", "lure-words.pl.list", HEAD_OF("pl") "has\xc5\x82o = credential\n", MP_OK,
     "", "has\xc5\x82o"},
    {"words of a language that the name does not say", "lure-words.pl.list", HEAD, MP_E_SYNTAX,
     "lure-words.pl.list:1: the name of the file says another language", NULL},
    {"words of no language", "lure-words.list", HEAD, MP_E_USAGE, "lure-words.list: no list", NULL},
    {"a word too short to go on", "lure-words.pl.list", HEAD_OF("pl") "abc* = bank\n", MP_E_SYNTAX,
     "lure-words.pl.list:4: no word or phrase: \"abc*\"", NULL},
    {"signs and no word", "lure-words.pl.list", HEAD_OF("pl") "+++ = bank\n", MP_E_SYNTAX,
     "lure-words.pl.list:4: no word or phrase", NULL},
    {"words of no group", "lure-words.pl.list", HEAD_OF("pl") "foo = bank banc\n", MP_E_SYNTAX,
     "lure-words.pl.list:4: no group has this name: \"banc\"", NULL},
    {"not UTF-8", "extensions-risky.list", HEAD "f\xe9\n", MP_E_SYNTAX,
     "extensions-risky.list: not UTF-8", NULL},
};

static enum content_list list_of(const char *file)
{
    if (str_starts(str_from(file), STR("lure-words.")))
        return LIST_WORDS;
    for (unsigned i = 0; i < CONTENT_LIST_COUNT; i++)
        if (str_ends(str_from(file), str_from(content_list_file((enum content_list)i))))
            return (enum content_list)i;
    return LIST_EXTENSIONS_RISKY;
}

static void test_languages(void)
{
    struct content_lists *lists = built_in();
    struct mp_err err = {0};
    tap_case("a file of words takes the place of its language alone");
    tap_int(content_lists_parse(&arena, STR("lure-words.de.list"),
                                STR(HEAD_OF("de") "foo = bank\n"), lists, &err),
            MP_OK);
    tap_ok(content_lists_has(lists, LIST_WORDS, STR("foo")));
    tap_ok(!content_lists_has(lists, LIST_WORDS, STR("kundenkonto")));
    tap_ok(content_lists_has(lists, LIST_WORDS, STR("gift card")));
    tap_ok(content_lists_has(lists, LIST_WORDS, STR("mot de passe")));
}

static void test_files(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct content_lists *lists = built_in();
        struct mp_err err = {0};
        tap_case("file: %s", files[i].label);
        tap_int(content_lists_parse(&arena, str_from(files[i].file), str_from(files[i].text), lists,
                                    &err),
                files[i].want);
        if (!tap_ok(str_starts(str_from(err.text), str_from(files[i].message))))
            tap_note("%s", err.text);
        enum content_list list = list_of(files[i].file);
        if (files[i].key != NULL)
            tap_ok(content_lists_has(lists, list, str_from(files[i].key)));
        bool adds = str_search(str_from(files[i].text), STR("mode: add")) < strlen(files[i].text);
        bool kept = files[i].want != MP_OK || adds;
        tap_int(content_lists_has(lists, LIST_EXTENSIONS_RISKY, STR("iso")),
                kept || list != LIST_EXTENSIONS_RISKY);
    }
}

static void test_limits(void)
{
    enum { LONG = CONTENT_LIST_MAX_BYTES + 1 };
    struct content_lists *lists = built_in();
    struct mp_err err = {0};
    char *text = arena_new(&arena, char, LONG);
    memset(text, '#', LONG);
    tap_case("a file that is too long is refused");
    tap_int(content_lists_parse(&arena, STR("extensions-risky.list"), str_make(text, LONG), lists,
                                &err),
            MP_E_LIMIT);
    tap_ok(content_lists_has(lists, LIST_EXTENSIONS_RISKY, STR("iso")));
    tap_case("without memory nothing is given");
    struct arena small;
    arena_init(&small, 100);
    tap_int(content_lists_new(&small, &lists, &err), MP_E_NOMEM);
    arena_clear(&small);
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_members();
    test_types();
    test_values();
    test_domains();
    test_files();
    test_languages();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
