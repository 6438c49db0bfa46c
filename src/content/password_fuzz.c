/* Any bytes as the text of a mail: candidates are views into it, distinct, within their limits. */
#include <assert.h>

#include "content/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), out[CONTENT_MAX_PASSWORDS];
    size_t n = password_candidates(&text, 1, out, ARRAY_LEN(out));
    assert(n <= ARRAY_LEN(out));
    for (size_t i = 0; i < n; i++) {
        assert(out[i].n >= 3 && out[i].n <= 32);
        assert(out[i].p >= text.p && out[i].p + out[i].n <= text.p + text.n);
        for (size_t k = 0; k < i; k++)
            assert(!str_eq(out[i], out[k]));
    }
    return 0;
}
