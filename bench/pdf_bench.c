/* Reading PDFs: those in the mail of others, as a worker reads them.
 *
 * usage: pdf_bench ROUNDS DIRECTORY...      the PDFs in the mail of all files below the directories
 * Prints MB/s and PDFs/s of one core (the median over the rounds), and the slowest of all. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/mails.h"
#include "bench/measure.h"
#include "content/file_type.h"
#include "mime/view.h"
#include "pdf/pdf.h"

enum { MAX_ROUNDS = 99, MAX_PDFS = 20000, ARENA_BYTES = 1 << 30 };

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

static void take_pdfs(void *ctx, const char *path, struct str raw)
{
    struct arena *arena = ctx;
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

int main(int argc, char **argv)
{
    static double rounds[MAX_ROUNDS];
    size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 0, worst = 0;
    double worst_s = 0;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    if (argc < 3 || n < 1 || n > MAX_ROUNDS)
        fail("usage: pdf_bench ROUNDS DIRECTORY...");
    mails_each(argv + 2, take_pdfs, &arena);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < n_pdfs; i++) {
            static const struct str password = STR_INIT("123");
            struct pdf *p;
            arena_reset(&arena);
            double start = measure_now_s();
            if (pdf_read(&arena, pdfs[i].bytes, &password, 1, &p, NULL) != MP_OK)
                fail(pdfs[i].path);
            double s = measure_now_s() - start;
            rounds[r] += s;
            if (s > worst_s) {
                worst_s = s;
                worst = i;
            }
        }
    double median = measure_median(rounds, n);
    if (n_pdfs == 0)
        fail("no PDFs in there");
    printf("%zu PDFs, %.1f MB, %zu rounds, one core\n", n_pdfs, (double)n_bytes / 1e6, n);
    printf("  pdf_read: %.1f MB/s, %.0f PDFs/s\n", (double)n_bytes / 1e6 / median,
           (double)n_pdfs / median);
    printf("  slowest: %.2f ms, %zu bytes, %s\n", worst_s * 1e3, pdfs[worst].bytes.n,
           pdfs[worst].path);
    arena_clear(&arena);
    return 0;
}
