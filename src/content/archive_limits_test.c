/* Archives made to exhaust: each is stopped by a limit, tells which, and stays within 64 MiB. */
#include <stdio.h>

#include "content/archive_test_kit.h"
#include "content/inspect_internal.h"

enum { MIB = 1024 * 1024 };

static struct arena arena;

static struct str fill(size_t n, char c)
{
    char *p = arena_alloc(&arena, 1, n);
    if (p == NULL)
        abort();
    memset(p, c, n);
    return str_make(p, n);
}

/* `noise` bytes that do not compress, then zeros. */
static struct str noisy(size_t n, size_t noise)
{
    struct str s = fill(n, 0);
    uint32_t x = 1;
    for (size_t i = 0; i < noise; i++) {
        x = x * 1664525 + 1013904223;
        ((char *)(uintptr_t)s.p)[i] = (char)(x >> 24);
    }
    return s;
}

static struct str zip_of(const char *name, struct str data, unsigned method)
{
    struct kit_member m = {.name = name, .method = method, .data = data};
    return kit_zip(&arena, &m, 1, NULL);
}

static void expect(struct kit_run *r, struct str bytes, const char *findings, bool complete)
{
    kit_inspect(r, STR("a.zip"), bytes, NULL, 0);
    tap_int(r->status, MP_OK);
    tap_str(kit_findings(r), str_from(findings));
    tap_ok(r->report.complete == complete);
    tap_ok(r->arena.used_bytes <= KIT_MEMORY_BYTES);
}

static void ratio_tests(void)
{
    struct kit_run r;
    tap_case("limits: 12 MiB of zeros");
    expect(&r, zip_of("zeros.bin", fill(12 * MIB, 0), 8), "limit.content bomb", false);
    tap_str(kit_members(&r), STR("zeros.bin+~"));
    tap_int(r.report.objects[1].bytes.n, INSPECT_BOMB_HEAD_BYTES);
    tap_int(r.report.objects[1].size_bytes, 12 * MIB);
    kit_clear(&r);

    tap_case("limits: 9 MiB of zeros are no bomb");
    expect(&r, zip_of("zeros.bin", fill(9 * MIB, 0), 8), "", true);
    kit_clear(&r);

    tap_case("limits: 12 MiB at one to hundred are no bomb");
    expect(&r, zip_of("log.txt", noisy(12 * MIB, 110000), 8), "", true);
    tap_int(r.report.objects[1].bytes.n, 12 * MIB);
    kit_clear(&r);

    tap_case("limits: a size that is only told");
    struct kit_member liar = {.name = "a", .raw = true, .size = 1u << 31, .data = STR("x")};
    expect(&r, kit_zip(&arena, &liar, 1, NULL), "bomb damaged", true);
    kit_clear(&r);

    tap_case("limits: a program made large by zeros is still a program");
    struct str exe =
        kit_join(&arena, STR("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0"), fill(20 * MIB, 0));
    expect(&r, zip_of("setup.exe", exe, 8), "limit.content executable bomb", false);
    tap_ok(file_type_class(r.report.objects[1].kind) == FILE_CLASS_EXECUTABLE);
    kit_clear(&r);
}

/* Many small members that are a bomb only together, and bombs in bombs. */
static void sum_tests(void)
{
    struct kit_run r;
    struct kit_member many[40];
    char names[40][16];
    tap_case("limits: forty members of 1 MiB of zeros");
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        many[i] = (struct kit_member){.name = names[i], .method = 8, .data = fill(MIB, (char)i)};
    }
    expect(&r, kit_zip(&arena, many, ARRAY_LEN(many), NULL), "limit.content bomb", false);
    tap_int(r.report.n, 1 + ARRAY_LEN(many));
    kit_clear(&r);

    tap_case("limits: bombs within archives within archives");
    struct kit_member inner[16];
    for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
        struct str bottom = zip_of("bottom", fill(11 * MIB, (char)i), 8);
        inner[i] = (struct kit_member){.name = names[i], .method = 8, .data = bottom};
    }
    struct str middle = kit_zip(&arena, inner, ARRAY_LEN(inner), NULL);
    expect(&r, zip_of("middle.zip", middle, 8), "limit.content bomb", false);
    kit_clear(&r);
}

/* `n` members, each with a header of its own and data up to the end of the last: they overlap. */
static struct str overlapping(size_t n, size_t kernel_n)
{
    struct kit_member *m = calloc(n, sizeof *m);
    char(*names)[16] = calloc(n, sizeof *names);
    if (m == NULL || names == NULL)
        abort();
    size_t header = ZIP_LOCAL_HEADER_BYTES + 6;
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%06zu", i);
        size_t behind = (n - 1 - i) * header + kernel_n;
        m[i] = (struct kit_member){.name = names[i],
                                   .raw = true,
                                   .size = behind,
                                   .local_packed_add = (int64_t)behind,
                                   .dir_packed_add = (int64_t)behind,
                                   .data = STR("")};
    }
    m[n - 1].data = fill(kernel_n, 'k');
    m[n - 1].local_packed_add = m[n - 1].dir_packed_add = 0;
    struct str bytes = kit_zip(&arena, m, n, NULL);
    free(m);
    free(names);
    return bytes;
}

static void overlap_tests(void)
{
    struct kit_run r;
    tap_case("limits: members that share the same megabyte");
    expect(&r, overlapping(900, MIB), "limit.content overlap bomb depth damaged", false);
    kit_clear(&r);

    tap_case("limits: 65,535 members at one local header");
    size_t n = 65535;
    struct kit_member *m = calloc(n, sizeof *m);
    for (size_t i = 0; i < n; i++)
        m[i] = (struct kit_member){
            .name = "a", .same_as = i > 0, .method = 8, .data = STR("hello hello hello")};
    expect(&r, kit_zip(&arena, m, n, NULL), "limit.content overlap duplicate-member", false);
    tap_int(r.report.n, 1 + CONTENT_MAX_LISTED);
    free(m);
    kit_clear(&r);
}

static void count_tests(void)
{
    struct kit_run r;
    size_t n = 10001;
    struct kit_member *m = calloc(n, sizeof *m);
    char(*names)[16] = calloc(n, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        m[i] = (struct kit_member){.name = names[i], .data = STR("x")};
    }
    tap_case("limits: 1,000 members");
    expect(&r, kit_zip(&arena, m, 1000, NULL), "", true);
    kit_clear(&r);

    tap_case("limits: 1,001 members: the last is only listed");
    expect(&r, kit_zip(&arena, m, 1001, NULL), "limit.content", false);
    tap_int(r.report.n, 1002);
    tap_ok(r.report.objects[1000].has_bytes && !r.report.objects[1001].has_bytes);
    kit_clear(&r);

    tap_case("limits: 1,001 members of the same bytes: the last is only listed, and that is told");
    struct kit_member *same = calloc(1001, sizeof *same);
    for (size_t i = 0; i < 1001; i++)
        same[i] = (struct kit_member){.name = "a", .same_as = i > 0, .data = STR("x")};
    expect(&r, kit_zip(&arena, same, 1001, NULL), "limit.content overlap duplicate-member", false);
    tap_int(r.report.n, 1002);
    tap_ok(r.report.objects[1000].has_bytes && !r.report.objects[1001].has_bytes);
    free(same);
    kit_clear(&r);

    tap_case("limits: 10,001 members");
    expect(&r, kit_zip(&arena, m, n, NULL), "limit.content", false);
    tap_int(r.report.n, 1 + CONTENT_MAX_LISTED);
    kit_clear(&r);

    tap_case("limits: names of 64 KiB");
    char *name = malloc(65536);
    memset(name, 'n', 65535);
    name[65535] = '\0';
    for (size_t i = 0; i < 1000; i++)
        m[i] = (struct kit_member){.name = name, .data = STR("x")};
    expect(&r, kit_zip(&arena, m, 1000, NULL), "limit.content duplicate-member", false);
    tap_int(r.report.objects[1].names[0].text.n, CONTENT_MAX_NAME_BYTES);
    free(name);
    free(names);
    free(m);
    kit_clear(&r);
}

static struct str nest(struct str bytes, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        bytes = zip_of("in.zip", bytes, 0);
    return bytes;
}

static void depth_tests(void)
{
    struct kit_run r;
    struct str leaf = zip_of("a.txt", STR("hello"), 0);
    tap_case("limits: three archives within each other");
    expect(&r, nest(leaf, 2), "", true);
    kit_clear(&r);

    tap_case("limits: four archives within each other");
    expect(&r, nest(leaf, 3), "depth", true);
    tap_str(kit_find(&r, FINDING_ARCHIVE_DEPTH)->where.member, STR("in.zip/in.zip/in.zip"));
    kit_clear(&r);

    tap_case("limits: a document is no archive that counts");
    struct kit_member docx[] = {{.name = "[Content_Types].xml", .data = STR("<Types/>")},
                                {.name = "word/document.xml", .data = STR("<w/>")}};
    struct kit_member named = {.name = "a.docx", .data = kit_zip(&arena, docx, 2, NULL)};
    expect(&r, nest(kit_zip(&arena, &named, 1, NULL), 2), "", true);
    kit_clear(&r);

    tap_case("limits: seven archives within each other: five are opened");
    expect(&r, nest(leaf, 6), "limit.content depth", false);
    tap_int(r.report.n, 6);
    tap_ok(kit_find(&r, FINDING_LIMIT_CONTENT) != NULL);
    kit_clear(&r);

    tap_case("limits: the same archive twice is opened once");
    struct kit_member twice[] = {{.name = "1.zip", .data = leaf}, {.name = "2.zip", .data = leaf}};
    expect(&r, kit_zip(&arena, twice, 2, NULL), "", true);
    tap_str(kit_members(&r), STR("1.zip+ 2.zip+ 1.zip/a.txt+"));
    kit_clear(&r);
}

static void behind_tests(void)
{
    static const struct {
        const char *label;
        struct str head;
    } heads[] = {
        {"a program", STR_INIT("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0")},
        {"a picture", STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")},
        {"a PDF", STR_INIT("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")},
        {"text", STR_INIT("Dear all,\n")},
    };
    struct str zip = zip_of("a.txt", STR("hello"), 0);
    struct kit_run plain;
    tap_case("archive: the signature of an end alone, in a program");
    expect(&plain, STR("MZ\x90\0\3\0\0\0 PK\5\6 and more text than an end record has"), "", true);
    tap_int(plain.report.n, 1);
    kit_clear(&plain);
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct kit_run r;
        tap_case("archive: a ZIP behind %s", heads[i].label);
        expect(&r, kit_join(&arena, heads[i].head, zip), "", true);
        tap_str(kit_members(&r), STR("a.txt+"));
        kit_clear(&r);
        tap_case("archive: %s alone needs no worker", heads[i].label);
        expect(&r, heads[i].head, "", true);
        tap_ok(!content_is_heavy(&r.report.objects[0]));
        kit_clear(&r);
    }
}

int main(void)
{
    arena_init(&arena, (size_t)1024 * MIB);
    ratio_tests();
    sum_tests();
    overlap_tests();
    count_tests();
    depth_tests();
    behind_tests();
    arena_clear(&arena);
    return tap_done();
}
