/* Any bytes as a picture: PNG, GIF, BMP or JPEG by how they begin, and codes in what it shows. */
#include <assert.h>

#include "image/qr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct image im = {.luma = NULL};
    struct qr_found f = {.n = 0};
    struct str bytes = str_make((const char *)data, size);
    struct image_options o = {.background = size % 2 ? IMAGE_WHITE : IMAGE_BLACK,
                              .last_frame = size % 3 == 0};
    arena_init(&a, 4 * 1024 * 1024);
    int st = image_read(&a, bytes, o, &im, NULL);
    assert(st == MP_E_NOMEM || (im.luma == NULL) == (im.state > IMAGE_PARTLY));
    if (im.luma != NULL && (uint64_t)im.width * im.height < 10000)
        qr_find(&a, &im, &f, NULL);
    arena_clear(&a);
    return 0;
}
