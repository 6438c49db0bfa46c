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
    {LIST_EXTENSIONS_DANGEROUS, "exe", true},   {LIST_EXTENSIONS_DANGEROUS, "lnk", true},
    {LIST_EXTENSIONS_DANGEROUS, "ex", false},   {LIST_EXTENSIONS_DANGEROUS, "exee", false},
    {LIST_EXTENSIONS_DANGEROUS, "pdf", false},  {LIST_EXTENSIONS_DANGEROUS, "", false},
    {LIST_EXTENSIONS_RISKY, "iso", true},       {LIST_EXTENSIONS_RISKY, "library-ms", true},
    {LIST_EXTENSIONS_RISKY, "ics", false},      {LIST_EXTENSIONS_DECOY, "docx", true},
    {LIST_EXTENSIONS_DECOY, "exe", false},      {LIST_EXTENSIONS_MACRO, "xlsm", true},
    {LIST_EXTENSIONS_MACRO, "xlsx", false},     {LIST_SHORTCUT_COMMANDS, "powershell", true},
    {LIST_SHORTCUT_COMMANDS, "notepad", false},
};

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
        tap_ok(content_list_text((enum content_list)i).n > 100);
        tap_ok(content_lists_count(lists, (enum content_list)i) > 10);
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

#define A32  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEAD "language: any\nsource: us\ndate: 2026-01-31\n"

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
    {"not UTF-8", "extensions-risky.list", HEAD "f\xe9\n", MP_E_SYNTAX,
     "extensions-risky.list: not UTF-8", NULL},
};

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
        enum content_list list =
            str_eq(str_from(files[i].file), STR("mime-types.list"))        ? LIST_MIME_TYPES
            : str_eq(str_from(files[i].file), STR("extension-types.list")) ? LIST_EXTENSION_TYPES
                                                                           : LIST_EXTENSIONS_RISKY;
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
    test_files();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
