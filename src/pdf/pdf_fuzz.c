/* Any bytes as a PDF: read within its limits, facts within the input's reach. */
#include <assert.h>

#include "pdf/pdf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str passwords[] = {STR_INIT("123"), STR_INIT("secret")};
    struct arena arena;
    struct pdf *p;
    arena_init(&arena, 256u << 20);
    if (pdf_read(&arena, str_make((const char *)data, size), passwords, 2, &p, NULL) == MP_OK) {
        assert(p->n_links <= PDF_MAX_LINKS && p->text.n <= PDF_MAX_TEXT_BYTES);
        for (size_t i = 0; i < p->n_images && i < 4; i++) {
            struct str samples, grey;
            enum pdf_filter format;
            if (pdf_image_read(&arena, &p->images[i], 1u << 20, &samples, &format) &&
                format == PDF_FILTER_NONE)
                pdf_image_grey(&arena, &p->images[i], samples, 1u << 20, &grey);
        }
    }
    arena_clear(&arena);
    return 0;
}
