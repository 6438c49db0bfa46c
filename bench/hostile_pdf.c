/* PDFs made to cost as much as they can: rows of the hostile set of content_bench. */
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "bench/content_bench.h"

enum { PDF_MAX_MADE = 64 * 1024 * 1024, REPEATED = 100000, OBJECTS = 10000, ZEROS = 64 << 20 };

static struct str repeat(const char *before, const char *unit, size_t n, const char *after)
{
    struct buf b;
    buf_init(&b, PDF_MAX_MADE);
    buf_addz(&b, "%PDF-1.7\n");
    buf_addz(&b, before);
    for (size_t i = 0; i < n; i++)
        buf_addz(&b, unit);
    buf_addz(&b, after);
    return b.failed ? STR_NONE : buf_str(&b); /* the caller frees it */
}

struct str hostile_pdf_strings(void)
{
    return repeat("", "1 0 obj(", REPEATED, "");
}

struct str hostile_pdf_streams(void)
{
    return repeat("", "1 0 obj<</Type/ObjStm/N 99/First 9/Contents 1 0 R/JS 1 0 R>>stream\n",
                  OBJECTS, "");
}

struct str hostile_pdf_loops(void)
{
    return repeat("1 0 obj[", "<</S/Launch/F 1 0 R/URI 1 0 R/EF 1 0 R/Next 1 0 R>>", REPEATED / 5,
                  "]endobj 1 0 obj 1 0 R endobj");
}

struct str hostile_pdf_dictionary(void)
{
    return repeat("1 0 obj<<", "/S/Launch", REPEATED, ">>endobj");
}

struct str hostile_pdf_bomb(void)
{
    struct buf b;
    uLong n = compressBound(ZEROS);
    Bytef *packed = malloc(n), *zeros = calloc(ZEROS, 1);
    buf_init(&b, PDF_MAX_MADE);
    if (packed == NULL || zeros == NULL || compress2(packed, &n, zeros, ZEROS, 6) != Z_OK)
        return STR_NONE;
    buf_addz(&b, "%PDF-1.7\n1 0 obj<</Type/Page/Contents 2 0 R/JS 3 0 R/EF<</F 4 0 R>>>>endobj\n");
    for (unsigned i = 2; i < 5; i++) {
        buf_addf(&b, "%u 0 obj<</Filter/FlateDecode/Length %lu>>stream\n", i, n);
        buf_add(&b, str_make((const char *)packed, n));
        buf_addz(&b, "\nendstream endobj\n");
    }
    free(packed);
    free(zeros);
    return b.failed ? STR_NONE : buf_str(&b);
}
