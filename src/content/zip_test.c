/* The views of ZIP archives: what is listed, what is hidden, what they disagree on. */
#include <stdio.h>

#include "content/zip_test_kit.h"
#include "tests/tap.h"

static struct arena arena;

/* Which of the findings of this room's first half are there, as letters: D directory-differs, H
 * hidden-local, C concatenated, O overlap. */
static const char *look(struct str bytes, char names[256])
{
    static char letters[8];
    struct finding_list list;
    struct zip z;
    struct mp_err err = {0};
    struct arena scratch;
    finding_list_init(&list, &arena);
    arena_init(&scratch, 64 * 1024 * 1024);
    struct archive_site site = {.arena = &arena, .findings = &list};
    size_t n = 0;
    names[0] = '\0';
    if (zip_read(&scratch, bytes, 10000, &z, &err) != MP_OK || zip_seal(&z, &err) != MP_OK)
        return "error";
    struct zip_entry *hidden = NULL;
    while (zip_next_hidden(&z, &hidden, &err) == MP_OK && hidden != NULL)
        zip_tell_hidden(&z, hidden, &site);
    if (zip_compare(&z, &site, &err) != MP_OK)
        return "error";
    for (size_t i = 0; i < z.n && n < 200; i++) {
        struct str all[ZIP_NAMES];
        for (size_t k = 0, count = zip_names(&z.entries[i], all); k < count; k++)
            n += (size_t)snprintf(names + n, 256 - n, "%s" STR_FMT,
                                  k > 0   ? "="
                                  : n > 0 ? " "
                                          : "",
                                  STR_ARG(str_slice(all[k], 0, 20)));
    }
    arena_clear(&scratch);
    snprintf(letters, sizeof letters, "%s%s%s%s",
             finding_has(&list, FINDING_ARCHIVE_DIRECTORY_DIFFERS) ? "D" : "",
             finding_has(&list, FINDING_ARCHIVE_HIDDEN_LOCAL) ? "H" : "",
             finding_has(&list, FINDING_ARCHIVE_CONCATENATED) ? "C" : "",
             finding_has(&list, FINDING_ARCHIVE_OVERLAP) ? "O" : "");
    return letters;
}

#define PLAIN                                                                                      \
    {                                                                                              \
        .zip64 = false                                                                             \
    }
#define TEXT STR_INIT("Dear all, please find the report attached. Dear all, dear all, dear all.")

static const struct {
    const char *label;
    struct kit_member members[4];
    struct kit_archive how;
    const char *letters, *names;
} rows[] = {
    {"honest",
     {{.name = "a.txt", .data = TEXT}, {.name = "b.txt", .method = 8, .data = TEXT}},
     PLAIN,
     "",
     "a.txt b.txt"},
    {"sizes behind the data",
     {{.name = "a.txt", .method = 8, .flags = 8, .data = TEXT},
      {.name = "b", .flags = 8, .data = TEXT}},
     PLAIN,
     "",
     "a.txt b"},
    {"ZIP64 in the headers", {{.name = "a.txt", .zip64 = true, .data = TEXT}}, PLAIN, "", "a.txt"},
    {"ZIP64 end", {{.name = "a.txt", .data = TEXT}}, {.zip64 = true}, "", "a.txt"},
    {"ZIP64 end behind a prefix",
     {{.name = "a.txt", .data = TEXT}},
     {.zip64 = true, .count_prefix = true, .prefix = STR_INIT("#!/bin/sh\n")},
     "",
     "a.txt"},
    {"empty member and directory", {{.name = "d/"}, {.name = "d/a"}}, PLAIN, "", "d/ d/a"},
    {"prefix, offsets from behind it",
     {{.name = "a", .data = TEXT}},
     {.prefix = STR_INIT("MZ stub PK\3\4 PK\1\2 PK\5\6")},
     "",
     "a"},
    {"prefix, offsets from the start",
     {{.name = "a", .data = TEXT}},
     {.prefix = STR_INIT("MZ stub"), .count_prefix = true},
     "",
     "a"},
    {"signatures in a comment",
     {{.name = "a", .data = TEXT}},
     {.comment = STR_INIT("PK\3\4 and PK\1\2 and PK\5\6 are words")},
     "",
     "a"},
    {"name differs",
     {{.name = "report.pdf", .local_name = "report.exe", .data = TEXT}},
     PLAIN,
     "D",
     "report.pdf=report.exe"},
    {"name differs in case",
     {{.name = "report.pdf", .local_name = "Report.pdf", .data = TEXT}},
     PLAIN,
     "D",
     "report.pdf=Report.pdf"},
    {"method differs in the directory",
     {{.name = "a", .method = 8, .dir_method = 1, .data = TEXT}},
     PLAIN,
     "D",
     "a"},
    {"method differs at the member",
     {{.name = "a", .method = 8, .local_method = 1, .data = TEXT}},
     PLAIN,
     "D",
     "a"},
    {"encrypted in the directory only",
     {{.name = "a", .dir_flags_xor = 1, .data = TEXT}},
     PLAIN,
     "D",
     "a"},
    {"encrypted at the member only",
     {{.name = "a", .local_flags_xor = 1, .data = TEXT}},
     PLAIN,
     "D",
     "a"},
    {"unpacked size differs", {{.name = "a", .dir_size_add = 5, .data = TEXT}}, PLAIN, "D", "a"},
    {"packed size differs", {{.name = "a", .dir_packed_add = -5, .data = TEXT}}, PLAIN, "D", "a"},
    {"CRC differs", {{.name = "a", .crc_xor = 1, .data = TEXT}}, PLAIN, "D", "a"},
    {"sizes differ where the local ones do not count",
     {{.name = "a", .flags = 8, .method = 8, .crc_xor = 1, .data = TEXT}},
     PLAIN,
     "",
     "a"},
    {"nothing where the directory points",
     {{.name = "b", .data = TEXT}, {.name = "a", .no_local = true}},
     PLAIN,
     "D",
     "b a"},
    {"more members than the end says",
     {{.name = "a", .data = TEXT}, {.name = "b", .data = TEXT}},
     {.declared_add = -1},
     "D",
     "a b"},
    {"hidden member",
     {{.name = "evil.exe", .unlisted = true, .method = 8, .data = TEXT},
      {.name = "a", .data = TEXT}},
     PLAIN,
     "H",
     "a evil.exe"},
    {"hidden member at the end, sizes behind the data",
     {{.name = "a", .data = TEXT},
      {.name = "evil.exe", .unlisted = true, .flags = 8, .method = 8, .data = TEXT}},
     PLAIN,
     "H",
     "a evil.exe"},
    {"two hidden members",
     {{.name = "x", .unlisted = true, .data = TEXT},
      {.name = "y", .unlisted = true, .data = TEXT},
      {.name = "a", .data = TEXT}},
     PLAIN,
     "H",
     "a x y"},
    {"bytes of no header between",
     {{.name = "a", .data = TEXT}},
     {.gap = STR_INIT("APK Sig Block 42 PK")},
     "",
     "a"},
    {"two names of one member",
     {{.name = "a", .data = TEXT}, {.name = "b", .local_name = "a", .same_as = 1, .data = TEXT}},
     PLAIN,
     "DO",
     "a b=a"},
};

static void row_tests(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = 0;
        char names[256];
        while (n < ARRAY_LEN(rows[i].members) && rows[i].members[n].name != NULL)
            n++;
        tap_case("zip: %s", rows[i].label);
        tap_cstr(look(kit_zip(&arena, rows[i].members, n, &rows[i].how), names), rows[i].letters);
        if (rows[i].names != NULL)
            tap_cstr(names, rows[i].names);
    }
}

/* An extra field with a Unicode name, and its checksum. */
static struct str unicode_extra(const char *name, const char *unicode, uint32_t crc_xor)
{
    struct buf b;
    buf_init(&b, 1024);
    kit_le(&b, 0x7075, 2);
    kit_le(&b, 5 + strlen(unicode), 2);
    kit_le(&b, 1, 1);
    kit_le(&b, crc32(0, (const Bytef *)name, (uInt)strlen(name)) ^ crc_xor, 4);
    kit_add(&b, str_from(unicode));
    struct str out = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

static void unicode_tests(void)
{
    static const struct {
        const char *label, *name, *unicode;
        uint32_t crc_xor;
        const char *letters, *names;
    } names[] = {
        {"another extension", "report.pdf", "report.exe", 0, "D", "report.pdf=report.exe"},
        {"transliterated", "r?sum?.pdf", "r\xc3\xa9sum\xc3\xa9.PDF", 0, "",
         "r?sum?.pdf=r\xc3\xa9sum\xc3\xa9.PDF"},
        {"of another name: readers ignore it", "report.pdf", "report.exe", 1, "", "report.pdf"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char found[256];
        struct kit_member m = {.name = names[i].name,
                               .data = TEXT,
                               .extra = unicode_extra(names[i].name, names[i].unicode,
                                                      names[i].crc_xor)};
        tap_case("zip: Unicode name, %s", names[i].label);
        tap_cstr(look(kit_zip(&arena, &m, 1, NULL), found), names[i].letters);
        tap_cstr(found, names[i].names);
    }
}

/* Archives within and behind each other. */
static void join_tests(void)
{
    char names[256];
    struct kit_member good = {.name = "good.txt", .data = TEXT};
    struct kit_member evil = {.name = "evil.exe", .method = 8, .data = TEXT};
    struct str a = kit_zip(&arena, &good, 1, NULL), b = kit_zip(&arena, &evil, 1, NULL);

    tap_case("zip: one archive behind another");
    tap_cstr(look(kit_join(&arena, a, b), names), "C");
    tap_cstr(names, "evil.exe good.txt");

    tap_case("zip: an archive in the comment");
    tap_cstr(look(kit_zip(&arena, &good, 1, &(struct kit_archive){.comment = b}), names), "C");

    tap_case("zip: an empty archive behind another");
    tap_cstr(look(kit_join(&arena, a, kit_zip(&arena, NULL, 0, NULL)), names), "C");

    tap_case("zip: an archive stored in another is content");
    struct kit_member nested[] = {{.name = "in.zip", .data = a}, {.name = "b", .data = TEXT}};
    tap_cstr(look(kit_zip(&arena, nested, 2, NULL), names), "");
    tap_cstr(names, "in.zip b");

    tap_case("zip: an archive before the directory, without a directory of its own, is hidden");
    struct kit_archive gap = {.gap = str_slice(b, 0, str_search(b, STR("PK\1\2")))};
    tap_cstr(look(kit_zip(&arena, &good, 1, &gap), names), "H");

    tap_case("zip: a directory claims bytes behind a member to hide another");
    struct kit_member wide[] = {{.name = "a", .data = TEXT, .dir_packed_add = 200}, evil};
    wide[1].unlisted = true;
    tap_cstr(look(kit_zip(&arena, wide, 2, NULL), names), "DH");
    tap_cstr(names, "a evil.exe");

    tap_case("zip: 64 KiB of other bytes behind the end");
    tap_ok(!zip_has_end(kit_join(&arena, a, str_make(arena_alloc(&arena, 1, 70000), 70000))));
    tap_ok(zip_has_end(a));
    tap_ok(zip_has_end(kit_join(&arena, STR("%PDF-1.4"), a)));
    tap_ok(!zip_has_end(STR("PK\5\6")));

    tap_case("zip: the beginning of another end behind the end");
    tap_ok(zip_has_end(kit_join(&arena, a, STR("PK\5\6"))));
}

/* What is made to cost time or memory: it is cut, and says so. */
static void hostile_tests(void)
{
    struct arena scratch;
    struct zip z;
    struct mp_err err = {0};
    struct buf b;
    arena_init(&scratch, 32 * 1024 * 1024);
    buf_init(&b, KIT_MAX_BYTES);

    tap_case("zip: 65,535 members at one local header");
    struct kit_member *many = calloc(65535, sizeof *many);
    for (size_t i = 0; i < 65535; i++)
        many[i] = (struct kit_member){.name = "a", .data = TEXT, .same_as = i > 0};
    struct str bytes = kit_zip(&arena, many, 65535, NULL);
    tap_int(zip_read(&scratch, bytes, 10000, &z, &err), MP_OK);
    tap_ok(z.cut);
    tap_int(z.n, 10000);
    free(many);
    arena_clear(&scratch);

    tap_case("zip: a million ends");
    for (size_t i = 0; i < 1000000; i++)
        buf_add(&b, STR("PK\5\6"));
    tap_int(zip_read(&scratch, buf_str(&b), 10000, &z, &err), MP_OK);
    tap_int(z.n, 0);

    tap_case("zip: a million ends of one directory each");
    buf_reset(&b);
    struct kit_member one = {.name = "a", .no_local = true};
    struct str small = kit_zip(&arena, &one, 1, NULL);
    for (size_t i = 0; i < 1000000; i++)
        buf_add(&b, small);
    tap_int(zip_read(&scratch, buf_str(&b), 10000, &z, &err), MP_OK);
    tap_ok(z.cut);
    tap_int(z.n_directories, ZIP_MAX_DIRECTORIES);
    arena_clear(&scratch);

    tap_case("zip: a million local headers");
    buf_reset(&b);
    struct kit_member hidden = {.name = "a", .flags = 8};
    struct str local = kit_zip(&arena, &hidden, 1, NULL);
    for (size_t i = 0; i < 1000000; i++)
        buf_add(&b, str_slice(local, 0, 31));
    tap_int(zip_read(&scratch, buf_str(&b), 10000, &z, &err), MP_OK);
    tap_int(zip_seal(&z, &err), MP_OK);
    struct zip_entry *e = NULL;
    while (zip_next_hidden(&z, &e, &err) == MP_OK && e != NULL)
        continue;
    tap_ok(z.cut);
    tap_int(z.n, 10000);
    arena_clear(&scratch);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, 256 * 1024 * 1024);
    row_tests();
    unicode_tests();
    join_tests();
    hostile_tests();
    arena_clear(&arena);
    return tap_done();
}
