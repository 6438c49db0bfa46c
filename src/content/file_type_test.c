/* Each kind of content by the least that makes it one, beside what only nearly is. */
#include "content/file_type.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "content/zip_tail.h"
#include "tests/tap.h"

/* `head` at 0, `more` at `at`, zeros elsewhere, `total` bytes when that is longer. */
static const struct {
    const char *label;
    struct str head;
    size_t at;
    struct str more;
    size_t total;
    enum file_type want;
} rows[] = {
#define ROW(label, head, at, more, total, type)                                                    \
    {label, STR_INIT(head), at, STR_INIT(more), total, FILE_##type},
#include "content/file_type_rows.def"
#undef ROW
};

static struct str bytes_of(size_t i)
{
    size_t n = rows[i].head.n, end = rows[i].more.n == 0 ? 0 : rows[i].at + rows[i].more.n;
    n = end > n ? end : n;
    n = rows[i].total > n ? rows[i].total : n;
    char *p = calloc(n + 1, 1);
    if (p == NULL)
        abort();
    memcpy(p, rows[i].head.p, rows[i].head.n);
    if (rows[i].more.n > 0)
        memcpy(p + rows[i].at, rows[i].more.p, rows[i].more.n);
    return str_make(p, n);
}

/* Every kind but those that need bigger files has a row that gives it, and each its near miss. */
static void test_rows(void)
{
    bool seen[FILE_TYPE_COUNT] = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("type: %s", rows[i].label);
        struct str bytes = bytes_of(i);
        tap_cstr(file_type_name(file_type_of(bytes)), file_type_name(rows[i].want));
        seen[rows[i].want] = true;
        free((void *)(uintptr_t)bytes.p);
    }
    for (size_t t = 0; t < FILE_TYPE_COUNT; t++) {
        tap_case("a row gives %s", file_type_name((enum file_type)t));
        tap_ok(seen[t]);
    }
}

/* A type never depends on bytes outside of the view, and every cut of a file has one. */
static void test_cuts(void)
{
    tap_case("every cut of every row has a type");
    unsigned bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str whole = bytes_of(i);
        for (size_t n = 0; n < whole.n && n < 600; n++) {
            char *exact = malloc(n == 0 ? 1 : n);
            if (exact == NULL)
                abort();
            memcpy(exact, whole.p, n);
            bad += file_type_of(str_make(exact, n)) >= FILE_TYPE_COUNT;
            free(exact);
        }
        free((void *)(uintptr_t)whole.p);
    }
    tap_int(bad, 0);
}

#define LOCAL   "PK\3\4\12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0a"
#define ZEROS8  "\0\0\0\0\0\0\0\0"
#define ENTRY   "PK\1\2\12\0\12" ZEROS8 ZEROS8 "\0\0\0\0\0\1" ZEROS8 "\0\0\0\0\0"
#define END(at) "PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0" at "\0\0\0"

static const struct {
    const char *label;
    struct str bytes;
    bool found;
    size_t first_local, trailing;
} tails[] = {
    {"plain", STR_INIT(LOCAL ENTRY "\0\0\0\0a" END("\x1f") "\0\0"), true, 0, 0},
    {"comment", STR_INIT(LOCAL ENTRY "\0\0\0\0a" END("\x1f") "\3\0PK!"), true, 0, 0},
    {"bytes behind", STR_INIT(LOCAL ENTRY "\0\0\0\0a" END("\x1f") "\0\0xyz"), true, 0, 3},
    {"bytes before", STR_INIT("GIF89a" LOCAL ENTRY "\0\0\0\0a" END("\x1f") "\0\0"), true, 6, 0},
    {"bytes before, offsets mended", STR_INIT("GIF89a" LOCAL ENTRY "\6\0\0\0a" END("\x25") "\0\0"),
     true, 6, 0},
    {"no directory", STR_INIT(LOCAL END("\x1f") "\0\0"), false, 0, 0},
    {"directory elsewhere", STR_INIT(LOCAL ENTRY "\0\0\0\0a!" END("\x1f") "\0\0"), false, 0, 0},
    {"leads nowhere", STR_INIT(LOCAL ENTRY "\2\0\0\0a" END("\x1f") "\0\0"), false, 0, 0},
    {"cut", STR_INIT(LOCAL ENTRY "\0\0\0\0a" END("\x1f")), false, 0, 0},
    {"nothing", STR_INIT(""), false, 0, 0},
};

static void test_tails(void)
{
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        struct zip_tail tail = {0};
        tap_case("end of a ZIP: %s", tails[i].label);
        tap_int(zip_tail_find(tails[i].bytes, &tail), tails[i].found);
        if (tails[i].found) {
            tap_int(tail.first_local, tails[i].first_local);
            tap_int(tail.trailing, tails[i].trailing);
        }
    }
}

int main(void)
{
    test_rows();
    test_cuts();
    test_tails();
    return tap_done();
}
