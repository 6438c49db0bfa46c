/* Any bits as a matrix of cells, as a picture, or as the codewords of a text. */
#include <assert.h>

#include "base/utf8.h"
#include "image/qr_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes 0 and 1: width, and version; the rest: bits of cells, or codewords. */
static void as_text(const uint8_t *data, size_t size)
{
    struct qr_data d = {.version = data[1] % QR_MAX_VERSION + 1u};
    const struct qr_data *all[2] = {&d, &d};
    struct buf out;
    d.n = size - 2 < sizeof d.bytes ? size - 2 : sizeof d.bytes;
    memcpy(d.bytes, data + 2, d.n);
    qr_text_parts(&d);
    buf_init(&out, QR_MAX_TEXT_BYTES);
    assert(!qr_text(all, 2, &out) || utf8_valid(buf_str(&out)));
    buf_clear(&out);
}

static void as_cells(const uint8_t *data, size_t size, struct arena *a)
{
    size_t width = data[0] / 2 + 21u, height = (size - 2) * 8 / width;
    unsigned char *cells = arena_new(a, unsigned char, width *height + 1);
    struct qr_found f = {.n = 0};
    for (size_t i = 0; i < width * height; i++)
        cells[i] = data[2 + i / 8] >> i % 8 & 1;
    qr_from_matrix(a, cells, (uint32_t)width, (uint32_t)height, &f, NULL);
    for (size_t i = 0; i < f.n; i++)
        assert(utf8_valid(f.codes[i].text) && f.codes[i].version <= QR_MAX_VERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    if (size < 2 || size > 8192)
        return 0;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    if (data[0] % 2 == 0)
        as_text(data, size);
    else
        as_cells(data, size, &a);
    arena_clear(&a);
    return 0;
}
