/* Any bytes as a STIX pattern. */
#include <stdlib.h>

#include "intel/stix_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct stix_pattern p = {0};
    struct mp_err err = {0};
    arena_init(&arena, 16 << 20);
    int st = stix_pattern_read(&arena, str_make((const char *)data, size), &p, &err);
    if (st != MP_OK ? err.text[0] == '\0' : p.n + p.compound + p.foreign == 0)
        abort();
    arena_clear(&arena);
    return 0;
}
