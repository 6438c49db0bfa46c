/* TAP output: one line a row, notes for each failed check in it. */
#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { LABEL_MAX = 200, PATH_MAX_BYTES = 4096, SHOWN_MAX = 400 };

static struct {
    char label[LABEL_MAX];
    bool open, failed, skipped;
    char reason[LABEL_MAX];
    unsigned rows, rows_failed, rows_skipped, checks;
} tap;

static void close_row(void)
{
    if (!tap.open)
        return;
    tap.rows++;
    tap.rows_failed += tap.failed;
    tap.rows_skipped += tap.skipped && !tap.failed;
    printf("%s %u - %s", tap.failed ? "not ok" : "ok", tap.rows, tap.label);
    if (tap.skipped && !tap.failed)
        printf(" # SKIP %s", tap.reason);
    printf("\n");
    fflush(stdout);
    tap.open = tap.failed = tap.skipped = false;
}

static void clean_label(char *label)
{
    for (char *c = label; *c != '\0'; c++)
        if (*c == '#' || (unsigned char)*c < 0x20)
            *c = '_';
}

void tap_case(const char *fmt, ...)
{
    close_row();
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(tap.label, sizeof tap.label, fmt, ap);
    va_end(ap);
    clean_label(tap.label);
    tap.open = true;
}

static void check(bool ok)
{
    if (!tap.open)
        tap_case("unnamed");
    tap.checks++;
    tap.failed = tap.failed || !ok;
}

void tap_note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("# ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
}

void tap_skip(const char *fmt, ...)
{
    if (!tap.open)
        tap_case("unnamed");
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(tap.reason, sizeof tap.reason, fmt, ap);
    va_end(ap);
    clean_label(tap.reason);
    tap.skipped = true;
}

bool tap_ok_at(bool ok, const char *what, const char *file, int line)
{
    check(ok);
    if (!ok)
        tap_note("%s: %s:%d: false: %s", tap.label, file, line, what);
    return ok;
}

bool tap_int_at(long long got, long long want, const char *what, const char *file, int line)
{
    check(got == want);
    if (got != want)
        tap_note("%s: %s:%d: %s is %lld, wanted %lld", tap.label, file, line, what, got, want);
    return got == want;
}

static void show(const char *word, struct str s)
{
    struct buf b;
    buf_init(&b, 16 * SHOWN_MAX);
    utf8_add_printable(&b, s, SHOWN_MAX);
    tap_note("    %s (%zu bytes) " STR_FMT, word, s.n, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

bool tap_str_at(struct str got, struct str want, const char *what, const char *file, int line)
{
    bool ok = str_eq(got, want);
    check(ok);
    if (!ok) {
        tap_note("%s: %s:%d: %s", tap.label, file, line, what);
        show("got   ", got);
        show("wanted", want);
    }
    return ok;
}

int tap_done(void)
{
    close_row();
    printf("1..%u\n", tap.rows);
    if (tap.rows == 0 || tap.checks + tap.rows_skipped == 0) {
        printf("# nothing was checked\n");
        return 1;
    }
    return tap.rows_failed == 0 ? 0 : 1;
}

/* What lives until the process ends stays reachable, so that a leak checker does not name it. */
static void *keep(void *p)
{
    struct kept {
        struct kept *next;
        void *p;
    };
    static struct kept *all;
    struct kept *k = malloc(sizeof *k);
    if (k == NULL)
        abort();
    *k = (struct kept){all, p};
    all = k;
    return p;
}

struct str tap_read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct str out = STR_NONE;
    struct stat sb;
    if (f == NULL)
        return STR_NONE;
    if (fstat(fileno(f), &sb) == 0 && S_ISREG(sb.st_mode)) {
        char *p = keep(malloc((size_t)sb.st_size + 1));
        size_t n = p == NULL ? 0 : fread(p, 1, (size_t)sb.st_size, f);
        if (p != NULL)
            p[n] = '\0';
        out = str_make(p, n);
    }
    fclose(f);
    return out;
}

static const char *joined(const char *dir, const char *name)
{
    char *path = keep(malloc(PATH_MAX_BYTES));
    if (path == NULL || snprintf(path, PATH_MAX_BYTES, "%s/%s", dir, name) >= PATH_MAX_BYTES)
        abort();
    return path;
}

static const char *source_root(void)
{
    const char *root = getenv("MP_SOURCE_ROOT");
    return root == NULL ? "." : root;
}

const char *tap_source_path(const char *name)
{
    return joined(source_root(), name);
}

struct str tap_source_file(const char *name)
{
    const char *path = tap_source_path(name);
    struct str s = tap_read_file(path);
    if (s.p == NULL) {
        fprintf(stderr, "cannot read %s: run the tests through meson, or set MP_SOURCE_ROOT\n",
                path);
        abort();
    }
    return s;
}

const char *tap_shared_path(const char *name)
{
    const char *dir = getenv("MAILPROOF_SHARED");
    const char *path = dir != NULL && *dir != '\0'
                           ? joined(dir, name)
                           : joined(joined(source_root(), "../shared"), name);
    struct stat sb;
    return stat(path, &sb) == 0 ? path : NULL;
}
