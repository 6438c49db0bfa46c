/* Reading PDFs: those in the mail of others, as a worker reads them.
 *
 * usage: pdf_bench ROUNDS DIRECTORY...      the PDFs in the mail of all files below the directories
 * Prints MB/s and PDFs/s of one core (the median over the rounds), and the slowest of all. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "content/file_type.h"
#include "mime/view.h"
#include "pdf/pdf.h"

enum { MAX_ROUNDS = 99, MAX_PDFS = 20000, MAIL_MAX_BYTES = 64 << 20, ARENA_BYTES = 1 << 30 };

struct input {
    struct str bytes;
    char *path;
};

static struct input pdfs[MAX_PDFS];
static size_t n_pdfs;
static uint64_t n_bytes;

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "pdf_bench: %s\n", what);
    exit(2);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct str read_whole(const char *path, off_t size)
{
    FILE *f = fopen(path, "re");
    char *p = f == NULL || size > MAIL_MAX_BYTES ? NULL : malloc((size_t)size + 1);
    if (p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size)
        fail(path);
    fclose(f);
    return str_make(p, (size_t)size);
}

static void take_pdfs(struct arena *arena, struct str raw, const char *path)
{
    struct message m;
    struct mime_union u;
    struct finding_list found;
    arena_reset(arena);
    finding_list_init(&found, arena);
    if (message_parse(arena, raw, &m, NULL) != MP_OK ||
        mime_union_read(arena, &m, &found, &u, NULL) != MP_OK)
        return;
    for (size_t i = 0; i < u.n && n_pdfs < MAX_PDFS; i++) {
        struct str bytes = u.payloads[i].bytes;
        char *p = file_type_of(bytes) == FILE_PDF ? malloc(bytes.n) : NULL;
        if (p == NULL)
            continue;
        memcpy(p, bytes.p, bytes.n);
        pdfs[n_pdfs++] = (struct input){str_make(p, bytes.n), strdup(path)};
        n_bytes += bytes.n;
    }
}

static void read_inputs(struct arena *arena, char **roots)
{
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        fail("cannot walk the directories");
    for (FTSENT *e; (e = fts_read(walk)) != NULL;) {
        if (e->fts_info != FTS_F || e->fts_statp->st_size == 0)
            continue;
        struct str raw = read_whole(e->fts_path, e->fts_statp->st_size);
        take_pdfs(arena, raw, e->fts_path);
        free((char *)(uintptr_t)raw.p);
    }
    fts_close(walk);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static double rounds[MAX_ROUNDS];
    size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 0, worst = 0;
    double worst_s = 0;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    if (argc < 3 || n < 1 || n > MAX_ROUNDS)
        fail("usage: pdf_bench ROUNDS DIRECTORY...");
    read_inputs(&arena, argv + 2);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < n_pdfs; i++) {
            static const struct str password = STR_INIT("123");
            struct pdf *p;
            arena_reset(&arena);
            double start = now_s();
            if (pdf_read(&arena, pdfs[i].bytes, &password, 1, &p, NULL) != MP_OK)
                fail(pdfs[i].path);
            double s = now_s() - start;
            rounds[r] += s;
            if (s > worst_s) {
                worst_s = s;
                worst = i;
            }
        }
    qsort(rounds, n, sizeof *rounds, by_value);
    if (n_pdfs == 0)
        fail("no PDFs in there");
    printf("%zu PDFs, %.1f MB, %zu rounds, one core\n", n_pdfs, (double)n_bytes / 1e6, n);
    printf("  pdf_read: %.1f MB/s, %.0f PDFs/s\n", (double)n_bytes / 1e6 / rounds[n / 2],
           (double)n_pdfs / rounds[n / 2]);
    printf("  slowest: %.2f ms, %zu bytes, %s\n", worst_s * 1e3, pdfs[worst].bytes.n,
           pdfs[worst].path);
    arena_clear(&arena);
    return 0;
}
