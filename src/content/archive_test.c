/* Archives opened: members, what they cost, what is wrong with them. */
#include <stdio.h>

#include "content/archive_test_kit.h"

static struct arena arena;

#define TEXT STR_INIT("Dear all, please find the report attached. Dear all, dear all, dear all.")

static const struct {
    const char *label;
    struct kit_member members[4];
    const char *findings, *list;
} rows[] = {
    {"honest",
     {{.name = "a.txt", .data = TEXT},
      {.name = "d/"},
      {.name = "d/b.txt", .method = 8, .data = TEXT}},
     "",
     "a.txt+ d/b.txt+"},
    {"name differs: one member with both names",
     {{.name = "report.pdf", .local_name = "report.txt", .data = TEXT}},
     "directory-differs",
     "report.pdf+"},
    {"method differs: both readings",
     {{.name = "a", .method = 8, .dir_method = 1, .data = TEXT}},
     "directory-differs",
     "a+ a+"},
    {"sizes differ: both readings",
     {{.name = "a", .local_packed_add = -5, .local_size_add = -5, .data = TEXT}},
     "directory-differs",
     "a+ a+"},
    {"hidden member behind a descriptor",
     {{.name = "a", .data = TEXT},
      {.name = "evil", .unlisted = true, .flags = 8, .method = 8, .data = TEXT}},
     "hidden-local",
     "a+ evil+"},
    {"wrong checksum in both views",
     {{.name = "a", .raw = true, .size = 72, .crc = 1, .data = TEXT}},
     "damaged",
     "a+"},
    {"size that is not what comes out",
     {{.name = "a", .raw = true, .size = 71, .crc = 1, .data = TEXT}},
     "damaged",
     "a+"},
    {"broken deflate stream",
     {{.name = "a", .raw = true, .method = 8, .size = 71, .data = STR_INIT("\xff\xff\xff\xff")}},
     "damaged",
     "a~"},
    {"unknown method",
     {{.name = "a", .raw = true, .method = 18, .size = 71, .data = TEXT}},
     "unsupported",
     "a~"},
    {"absolute path", {{.name = "/etc/passwd", .data = TEXT}}, "traversal", "/etc/passwd+"},
    {"absolute path with a backslash", {{.name = "\\x", .data = TEXT}}, "traversal", "\\x+"},
    {"drive", {{.name = "C:evil.txt", .data = TEXT}}, "traversal", "C:evil.txt+"},
    {"parent", {{.name = "a/../../b", .data = TEXT}}, "traversal", "a/../../b+"},
    {"parent with backslashes", {{.name = "a\\..\\b", .data = TEXT}}, "traversal", "a\\..\\b+"},
    {"parent at the member only",
     {{.name = "a", .local_name = "../a", .data = TEXT}},
     "directory-differs traversal",
     "a+"},
    {"parent as a folder", {{.name = "../"}}, "traversal", ""},
    {"stream", {{.name = "a.txt:evil", .data = TEXT}}, "traversal", "a.txt:evil+"},
    {"dots that are no parent",
     {{.name = "a..b/..c/d../...", .data = TEXT}},
     "",
     "a..b/..c/d../...+"},
    {"same name",
     {{.name = "a", .data = TEXT}, {.name = "a", .data = TEXT}},
     "duplicate-member",
     "a+ a+"},
    {"same file: case, separator, dots",
     {{.name = "Dir/Read.me", .data = TEXT}, {.name = "dir\\.\\READ.ME. ", .data = TEXT}},
     "duplicate-member",
     "Dir/Read.me+ dir\\.\\READ.ME. +"},
    {"a file and a folder that differ in case",
     {{.name = "LICENSE", .data = TEXT}, {.name = "license/"}},
     "",
     "LICENSE+"},
    {"same name in other folders",
     {{.name = "a/x", .data = TEXT},
      {.name = "b/x", .data = TEXT},
      {.name = "a/x.y", .data = TEXT}},
     "",
     "a/x+ b/x+ a/x.y+"},
    {"encrypted in both views, and no password",
     {{.name = "a", .flags = 1, .data = TEXT}},
     "encrypted",
     "a~*"},
    {"encrypted in one view",
     {{.name = "a", .dir_flags_xor = 1, .data = TEXT}},
     "directory-differs encrypted",
     "a~* a+"},
};

static void row_tests(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = 0;
        struct kit_run r;
        while (n < ARRAY_LEN(rows[i].members) && rows[i].members[n].name != NULL)
            n++;
        tap_case("archive: %s", rows[i].label);
        kit_inspect(&r, STR("a.zip"), kit_zip(&arena, rows[i].members, n, NULL), NULL, 0);
        tap_int(r.status, MP_OK);
        tap_str(kit_findings(&r), str_from(rows[i].findings));
        tap_str(kit_members(&r), str_from(rows[i].list));
        kit_clear(&r);
    }
}

/* Letters of a small alphabet: dense in short matches. */
static struct str letters(size_t n)
{
    char *p = arena_alloc(&arena, 1, n);
    uint32_t x = 7;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = "acgt"[x >> 30];
    }
    return str_make(p, n);
}

static void expect_member(struct kit_member m, struct str want)
{
    struct kit_run r;
    m.name = "a";
    m.raw = true;
    m.size = want.n;
    m.crc = (uint32_t)crc32_z(0, (const Bytef *)want.p, want.n);
    kit_inspect(&r, STR("a.zip"), kit_zip(&arena, &m, 1, NULL), NULL, 0);
    tap_str(kit_findings(&r), STR(""));
    tap_ok(r.report.n == 2 && str_eq(r.report.objects[1].bytes, want));
    kit_clear(&r);
}

/* Deflate64 is deflate but for the longest match and what lies further back than 32 KiB. */
static void deflate64_tests(void)
{
    struct str text = letters(300000);
    tap_case("archive: deflate64, dynamic codes");
    expect_member((struct kit_member){.method = 9, .data = kit_deflate(&arena, text)}, text);

    tap_case("archive: deflate64, a stored block");
    struct str stored = STR("\1\5\0\xfa\xffhello");
    expect_member((struct kit_member){.method = 9, .data = stored}, STR("hello"));

    /* Fixed codes: "a", length code 285 with 16 bits (65,535 more than 3), distance 1, the end. */
    tap_case("archive: deflate64, a match of 65,538");
    char *as = arena_alloc(&arena, 1, 65539);
    memset(as, 'a', 65539);
    struct str longest = STR("\x4b\x1c\xfd\xff\x07\x00");
    expect_member((struct kit_member){.method = 9, .data = longest}, str_make(as, 65539));
}

int main(void)
{
    arena_init(&arena, 256 * 1024 * 1024);
    row_tests();
    deflate64_tests();
    arena_clear(&arena);
    return tap_done();
}
