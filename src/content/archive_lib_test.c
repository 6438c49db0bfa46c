/* Archives that libarchive opens, made by its writers here (RAR, CAB and LZH by hand, octet by
 * octet), and encrypted ZIPs of another maker than our reader. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

#include "content/archive_hand_test_kit.h"
#include "content/archive_lib.h"
#include "content/archive_test_kit.h"

static struct arena arena;

static const struct str text = STR_INIT("Dear all, please find the report attached. Dear all.\n");

struct made {
    const char *name;
    struct str data;
    const char *link;
};

struct how {
    int (*format)(struct archive *);
    int (*filters[5])(struct archive *);
    const char *options, *passphrase;
};

static la_ssize_t grow(struct archive *a, void *ctx, const void *p, size_t n)
{
    (void)a;
    buf_add(ctx, str_make(p, n));
    return (la_ssize_t)n;
}

static struct str make(const struct how *how, const struct made *m, size_t n)
{
    struct buf out;
    buf_init(&out, KIT_MAX_BYTES);
    struct archive *a = archive_write_new();
    how->format(a);
    for (size_t i = 0; i < ARRAY_LEN(how->filters) && how->filters[i] != NULL; i++)
        how->filters[i](a);
    archive_write_set_bytes_in_last_block(a, 1);
    if (how->options != NULL && archive_write_set_options(a, how->options) != ARCHIVE_OK)
        tap_note("%s", archive_error_string(a));
    if (how->passphrase != NULL)
        archive_write_set_passphrase(a, how->passphrase);
    if (archive_write_open2(a, &out, NULL, grow, NULL, NULL) != ARCHIVE_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname_utf8(e, m[i].name);
        archive_entry_set_filetype(e, m[i].link != NULL ? AE_IFLNK : AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)m[i].data.n);
        if (m[i].link != NULL)
            archive_entry_set_symlink(e, m[i].link);
        if (archive_write_header(a, e) != ARCHIVE_OK)
            tap_note("%s", archive_error_string(a));
        archive_write_data(a, m[i].data.p, m[i].data.n);
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
    struct str bytes = arena_copy(&arena, buf_str(&out));
    buf_clear(&out);
    return bytes;
}

/* What is found in `bytes`, and which members. */
static void expect(const char *name, struct str bytes, const char *findings, const char *members)
{
    struct kit_run r;
    kit_inspect(&r, str_from(name), bytes, NULL, 0);
    tap_int(r.status, MP_OK);
    tap_str(kit_findings(&r), str_from(findings));
    tap_str(kit_members(&r), str_from(members));
    kit_clear(&r);
}

#define TEXT STR_INIT("Dear all, please find the report attached. Dear all.\n")

static const struct {
    const char *label, *name;
    struct how how;
    struct made members[3];
    const char *findings, *list;
} rows[] = {
    {"7z",
     "a.7z",
     {.format = archive_write_set_format_7zip},
     {{"a.txt", TEXT, NULL}, {"d/b", TEXT, NULL}},
     "",
     "a.txt+ d/b+"},
    {"7z, LZMA2",
     "a.7z",
     {.format = archive_write_set_format_7zip, .options = "7zip:compression=lzma2"},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"7z, a name outside of ASCII",
     "a.7z",
     {.format = archive_write_set_format_7zip},
     {{"\xe2\x80\xae"
       "txt.a",
       TEXT, NULL}},
     "member-name",
     "\\u{202e}txt.a+"},
    {"ISO 9660",
     "a.iso",
     {.format = archive_write_set_format_iso9660, .options = "iso9660:!pad"},
     {{"readme.txt", TEXT, NULL}},
     "",
     "readme.txt+"},
    {"tar",
     "a.tar",
     {.format = archive_write_set_format_ustar},
     {{"a.txt", TEXT, NULL}, {"d/b", TEXT, NULL}},
     "",
     "a.txt+ d/b+"},
    {"tar with pax headers",
     "a.tar",
     {.format = archive_write_set_format_pax},
     {{"caf\xc3\xa9.txt", TEXT, NULL}},
     "",
     "caf\xc3\xa9.txt+"},
    {"tar.gz",
     "a.tgz",
     {.format = archive_write_set_format_ustar, .filters = {archive_write_add_filter_gzip}},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"tar.xz",
     "a.tar.xz",
     {.format = archive_write_set_format_ustar, .filters = {archive_write_add_filter_xz}},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"tar.zst",
     "a.tar.zst",
     {.format = archive_write_set_format_ustar, .filters = {archive_write_add_filter_zstd}},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"tar.lz4",
     "a.tar.lz4",
     {.format = archive_write_set_format_ustar, .filters = {archive_write_add_filter_lz4}},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"tar.Z",
     "a.tar.Z",
     {.format = archive_write_set_format_ustar, .filters = {archive_write_add_filter_compress}},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"cpio",
     "a.cpio",
     {.format = archive_write_set_format_cpio_newc},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"ar",
     "a.a",
     {.format = archive_write_set_format_ar_svr4},
     {{"a.txt", TEXT, NULL}},
     "",
     "a.txt+"},
    {"ar with a table of long names",
     "a.a",
     {.format = archive_write_set_format_ar_svr4},
     {{"//", STR_INIT("a_name_that_is_long.o/\n"), NULL}, {"a.txt", TEXT, NULL}},
     "",
     "//+ a.txt+"},
    {"one compressed file: named like the archive",
     "report.txt.bz2",
     {.format = archive_write_set_format_raw, .filters = {archive_write_add_filter_bzip2}},
     {{"x", TEXT, NULL}},
     "",
     "report.txt+"},
    {"four compressions around each other",
     "a.xz",
     {.format = archive_write_set_format_raw,
      .filters = {archive_write_add_filter_gzip, archive_write_add_filter_xz,
                  archive_write_add_filter_gzip, archive_write_add_filter_xz}},
     {{"x", TEXT, NULL}},
     "depth",
     "a+"},
    {"three compressions around each other",
     "a.gz",
     {.format = archive_write_set_format_raw,
      .filters = {archive_write_add_filter_gzip, archive_write_add_filter_xz,
                  archive_write_add_filter_gzip}},
     {{"x", TEXT, NULL}},
     "",
     "a+"},
    {"a path that leaves its folder",
     "a.tar",
     {.format = archive_write_set_format_ustar},
     {{"../a.txt", TEXT, NULL}},
     "traversal",
     "../a.txt+"},
    {"colons are letters on Unix",
     "a.tar",
     {.format = archive_write_set_format_ustar},
     {{"Mail::Internet.3pm", TEXT, NULL}, {"a", TEXT, NULL}, {"A", TEXT, NULL}},
     "",
     "Mail::Internet.3pm+ a+ A+"},
    {"and streams in 7z, where case counts for nothing",
     "a.7z",
     {.format = archive_write_set_format_7zip},
     {{"a.txt:x", TEXT, NULL}, {"a", TEXT, NULL}, {"A", TEXT, NULL}},
     "traversal duplicate-member",
     "a.txt:x+ a+ A+"},
    {"a link that leads out",
     "a.tar",
     {.format = archive_write_set_format_ustar},
     {{"d/l", STR_INIT(""), "../../etc"}},
     "traversal",
     "d/l"},
    {"a link within",
     "a.tar",
     {.format = archive_write_set_format_ustar},
     {{"d/l", STR_INIT(""), "../lib/x"}},
     "",
     "d/l"},
};

static void row_tests(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = 0;
        while (n < ARRAY_LEN(rows[i].members) && rows[i].members[n].name != NULL)
            n++;
        tap_case("archive: %s", rows[i].label);
        expect(rows[i].name, make(&rows[i].how, rows[i].members, n), rows[i].findings,
               rows[i].list);
    }
}

/* Encrypted ZIPs: which passwords open them. */
static void password_tests(void)
{
    static const struct {
        const char *label, *options;
        struct str passwords[3];
        const char *findings, *list;
    } zips[] = {
        {"PKWARE",
         "zip:encryption=zipcrypt",
         {STR_INIT("wrong"), STR_INIT("S3cret")},
         "encrypted password-in-message",
         "a.txt+* b+*"},
        {"PKWARE, wrong ones",
         "zip:encryption=zipcrypt",
         {STR_INIT("wrong"), STR_INIT("s3cret")},
         "encrypted",
         "a.txt~* b~*"},
        {"AES-128",
         "zip:encryption=aes128",
         {STR_INIT("S3cret"), STR_INIT("wrong")},
         "encrypted password-in-message",
         "a.txt+* b+*"},
        {"AES-256",
         "zip:encryption=aes256",
         {STR_INIT("wrong"), STR_INIT("S3cret")},
         "encrypted password-in-message",
         "a.txt+* b+*"},
        {"AES-256, wrong ones",
         "zip:encryption=aes256",
         {STR_INIT("wrong"), STR_INIT("S3cret ")},
         "encrypted",
         "a.txt~* b~*"},
    };
    for (size_t i = 0; i < ARRAY_LEN(zips); i++) {
        struct kit_run r;
        struct how how = {.format = archive_write_set_format_zip,
                          .options = zips[i].options,
                          .passphrase = "S3cret"};
        struct made members[] = {{"a.txt", text, NULL}, {"b", STR("second"), NULL}};
        tap_case("archive: ZIP, %s", zips[i].label);
        kit_inspect(&r, STR("a.zip"), make(&how, members, 2), zips[i].passwords, 2);
        tap_str(kit_findings(&r), str_from(zips[i].findings));
        tap_str(kit_members(&r), str_from(zips[i].list));
        tap_ok(finding_has(&r.report.findings, FINDING_ARCHIVE_PASSWORD_IN_MESSAGE) ==
               r.report.objects[1].has_bytes);
        if (r.report.n > 2 && r.report.objects[1].has_bytes)
            tap_str(r.report.objects[1].bytes, text);
        kit_clear(&r);
    }
}

/* Members of a ZIP by methods of other libraries. */
static void method_tests(void)
{
    static const struct {
        const char *label;
        unsigned method;
        int (*filter)(struct archive *);
    } methods[] = {
        {"bzip2", ZIP_BZIP2, archive_write_add_filter_bzip2},
        {"xz", ZIP_XZ, archive_write_add_filter_xz},
        {"Zstandard", ZIP_ZSTD, archive_write_add_filter_zstd},
    };
    struct made one = {"x", text, NULL};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct how how = {.format = archive_write_set_format_raw, .filters = {methods[i].filter}};
        struct kit_member m = {.name = "a.txt",
                               .raw = true,
                               .method = methods[i].method,
                               .data = make(&how, &one, 1),
                               .size = text.n,
                               .crc = (uint32_t)crc32_z(0, (const Bytef *)text.p, text.n)};
        tap_case("archive: ZIP, member by %s", methods[i].label);
        expect("a.zip", kit_zip(&arena, &m, 1, NULL), "", "a.txt+");
        tap_case("archive: ZIP, broken member by %s", methods[i].label);
        m.data = STR("these are no packed bytes");
        expect("a.zip", kit_zip(&arena, &m, 1, NULL), "damaged", "a.txt~");
    }
}

/* LZMA as ZIP has it: a version, the properties with their size, the stream. */
static void lzma_test(void)
{
    struct made one = {"x", text, NULL};
    struct how how = {.format = archive_write_set_format_raw,
                      .filters = {archive_write_add_filter_lzma}};
    struct str alone = make(&how, &one, 1);
    struct str parts[] = {STR("\x09\x14\x05\0"), str_slice(alone, 0, 5),
                          str_slice(alone, 13, alone.n)};
    struct kit_member m = {.name = "a.txt",
                           .raw = true,
                           .method = ZIP_LZMA,
                           .flags = 2, /* the stream has an end mark */
                           .data = arena_join(&arena, parts, 3),
                           .size = text.n,
                           .crc = (uint32_t)crc32_z(0, (const Bytef *)text.p, text.n)};
    tap_case("archive: ZIP, member by LZMA");
    expect("a.zip", kit_zip(&arena, &m, 1, NULL), "", "a.txt+");
}

static void hand_made_tests(void)
{
    struct str name = STR("report.txt");
    tap_case("archive: RAR 4");
    expect("a.rar", hand_rar4(&arena, name, text, HAND_PLAIN), "", "report.txt+");
    tap_case("archive: RAR 4, encrypted member");
    expect("a.rar", hand_rar4(&arena, name, text, HAND_FILE_ENCRYPTED), "encrypted",
           "report.txt~*");
    tap_case("archive: RAR 4, encrypted headers");
    expect("a.rar", hand_rar4(&arena, name, text, HAND_HEADERS_ENCRYPTED), "encrypted", "");
    tap_case("archive: RAR 5");
    expect("a.rar", hand_rar5(&arena, name, text, HAND_PLAIN), "", "report.txt+");
    tap_case("archive: RAR 5, encrypted member");
    expect("a.rar", hand_rar5(&arena, name, text, HAND_FILE_ENCRYPTED), "encrypted",
           "report.txt~*");
    tap_case("archive: RAR 5, encrypted headers");
    expect("a.rar", hand_rar5(&arena, name, text, HAND_HEADERS_ENCRYPTED), "encrypted", "");
    tap_case("archive: CAB");
    expect("a.cab", hand_cab_of(&arena, name, STR("b"), text, false), "", "report.txt+ b+");
    tap_case("archive: CAB, broken: the rest is listed");
    expect("a.cab", hand_cab_of(&arena, name, STR("b"), text, true), "damaged", "report.txt~ b~");
    tap_case("archive: LZH");
    expect("a.lzh", hand_lzh(&arena, name, text), "", "report.txt+");
}

/* The first finding of a kind: its member, and what it says. */
static void expect_finding(const char *name, struct str bytes, enum finding_id id,
                           const char *member, const char *evidence)
{
    struct kit_run r;
    kit_inspect(&r, str_from(name), bytes, NULL, 0);
    const struct finding *f = kit_find(&r, id);
    if (tap_ok(f != NULL)) {
        tap_str(f->where.part, STR("2"));
        tap_str(f->where.member, str_from(member));
        tap_int(f->where.offset, 100);
        tap_ok(str_search(f->evidence, str_from(evidence)) < f->evidence.n);
    }
    kit_clear(&r);
}

static void damaged_tests(void)
{
    struct made one = {"a.txt", text, NULL};
    struct how tar = {.format = archive_write_set_format_ustar};
    struct how seven = {.format = archive_write_set_format_7zip};
    char noise[4096];
    for (size_t i = 0, x = 1; i < sizeof noise; i++, x = x * 1103515245 + 12345)
        noise[i] = (char)(x >> 16);
    struct made large = {"a.bin", str_make(noise, sizeof noise), NULL};
    struct str bytes = make(&tar, &large, 1);
    tap_case("archive: cut off within a member");
    expect("a.tar", str_slice(bytes, 0, 512 + 1000), "damaged", "a.bin+~");
    expect_finding("a.tar", str_slice(bytes, 0, 512 + 1000), FINDING_ARCHIVE_DAMAGED, "a.bin", "");

    bytes = make(&seven, &one, 1);

    struct how tgz = {.format = archive_write_set_format_ustar,
                      .filters = {archive_write_add_filter_gzip}};
    struct str packed = make(&tgz, &large, 1);
    tap_case("archive: tar.gz cut off: what gunzip would leave is looked at");
    expect("a.tar.gz", str_slice(packed, 0, packed.n / 2), "damaged", "a.tar+~ a.tar/a.bin+~");

    tap_case("archive: gzip cut off in its header");
    expect("a.gz", STR("\x1f\x8b\x08\x1c\0\0\0\0\0\3\xff\xff"), "damaged", "");

    tap_case("archive: 7z without its end");
    expect("a.7z", str_slice(bytes, 0, bytes.n - 10), "damaged", "");

    tap_case("archive: RAR without members");
    expect("a.rar", str_slice(hand_rar4(&arena, STR("a"), text, HAND_PLAIN), 0, 20), "damaged", "");

    tap_case("archive: kinds that are known and not unpacked");
    expect_finding("a.ace", STR("\0\0\0\0\0\0\0**ACE**"), FINDING_ARCHIVE_UNSUPPORTED, "", "ace");
    expect("a.ace", STR("\0\0\0\0\0\0\0**ACE**"), "unsupported", "");
    expect("a.ex_", STR("SZDD\210\360\047\063A"), "unsupported", "");
}

#define JPEG     STR_INIT("\xff\xd8\xff\xe0\0\20JFIF\0\1\1\0\0\1\0\1\0\0")
#define PROGRAM  STR_INIT("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0")
#define NO_RAR   STR_INIT("Rar!\x1a\7\0\0\0\x73\0\0\15\0\0\0\0\0\0\0")
#define NO_RAR_8 NO_RAR, NO_RAR, NO_RAR, NO_RAR, NO_RAR, NO_RAR, NO_RAR, NO_RAR

/* RAR and 7z behind other bytes. */
static void behind_tests(void)
{
    struct made one = {"a.txt", text, NULL};
    struct str name = STR("a.txt"),
               seven = make(&(struct how){.format = archive_write_set_format_7zip}, &one, 1);
    struct str rar4 = hand_rar4(&arena, name, text, HAND_PLAIN);
    struct str rar5 = hand_rar5(&arena, name, text, HAND_PLAIN);
    struct str locked = hand_rar5(&arena, name, text, HAND_HEADERS_ENCRYPTED);
    struct str hole = str_make(arena_alloc(&arena, 1, 1100000), 1100000);
    memset((char *)(uintptr_t)hole.p, 1, hole.n);
    const struct {
        const char *label, *name;
        struct str parts[18];
        const char *findings, *members;
        bool polyglot;
    } cases[] = {
        {"RAR 4 behind a picture", "a.jpg", {JPEG, rar4}, "", "a.txt+", true},
        {"RAR 5 behind a picture", "a.jpg", {JPEG, rar5}, "", "a.txt+", true},
        {"7z behind a picture", "a.jpg", {JPEG, seven}, "", "a.txt+", true},
        {"RAR with encrypted headers behind a picture",
         "a.jpg",
         {JPEG, locked},
         "encrypted",
         "",
         true},
        {"RAR behind junk", "a.rar", {STR("\1\2\3junk"), rar5}, "", "a.txt+", true},
        {"7z behind text", "a.txt", {STR("Dear all,\n"), seven}, "", "a.txt+", true},
        {"RAR behind what is none", "a.jpg", {JPEG, NO_RAR, rar5}, "", "a.txt+", true},
        {"RAR behind a PDF", "a.pdf", {STR("%PDF-1.4\n"), rar4}, "", "a.txt+", true},
        {"7z behind a PDF", "a.pdf", {STR("%PDF-1.4\n"), seven}, "", "a.txt+", true},
        {"RAR in a PDF", "a.pdf", {STR("%PDF-1.4\n"), rar5, STR("\n%%EOF")}, "", "a.txt+", false},
        {"7z in a PDF", "a.pdf", {STR("%PDF-1.4\n"), seven, STR("\n%%EOF")}, "", "a.txt+", false},
        {"RAR that unpacks itself", "a.exe", {PROGRAM, rar4}, "", "a.txt+", false},
        {"7z that unpacks itself", "a.exe", {PROGRAM, seven}, "", "a.txt+", false},
        {"RAR behind more than a MiB", "a.jpg", {JPEG, hole, rar5}, "", "", false},
        {"the signatures alone",
         "a.txt",
         {STR("RAR is Rar!\x1a\7\0 or Rar!\x1a\7\1\0, 7z is 7z\xbc\xaf\x27\x1c\0\4 and no more")},
         "",
         "",
         false},
        {"the signatures at the end", "a.jpg", {JPEG, STR("Rar!\x1a\7")}, "", "", false},
        {"headers that are none", "a.jpg", {JPEG, NO_RAR, NO_RAR}, "", "", false},
        {"more of them than are tried",
         "a.jpg",
         {JPEG, NO_RAR_8, NO_RAR_8, NO_RAR},
         "limit.content",
         "",
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str bytes = arena_join(&arena, cases[i].parts, ARRAY_LEN(cases[i].parts));
        struct kit_run r;
        tap_case("archive: %s", cases[i].label);
        expect(cases[i].name, bytes, cases[i].findings, cases[i].members);
        kit_inspect(&r, str_from(cases[i].name), bytes, NULL, 0);
        tap_int(r.report.findings.per_kind[FINDING_ATTACH_POLYGLOT], cases[i].polyglot);
        kit_clear(&r);
    }
}

int main(void)
{
    arena_init(&arena, 256 * 1024 * 1024);
    archive_warm_up();
    row_tests();
    password_tests();
    method_tests();
    lzma_test();
    hand_made_tests();
    damaged_tests();
    behind_tests();
    arena_clear(&arena);
    return tap_done();
}
