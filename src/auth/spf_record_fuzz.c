/* Any bytes as an SPF record: compiled without reading outside, every view inside the text. */
#include <assert.h>
#include <stdlib.h>

#include "auth/spf_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct spf_compiled *c = spf_record_compile(text);
    if (c == NULL)
        return 0;
    assert((c->status == SPF_RECORD_BROKEN) == (c->reason[0] != '\0'));
    for (size_t i = 0; c->status == SPF_RECORD_OK && i < c->record.n; i++) {
        const struct spf_term *t = &c->record.terms[i];
        assert(t->text.n != 0 && t->text.p >= text.p && t->text.p + t->text.n <= text.p + text.n);
        assert(t->cidr4 <= 32 && t->cidr6 <= 128);
    }
    free(c);
    return 0;
}
