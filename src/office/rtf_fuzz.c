/* Any bytes as RTF, and the objects in it. */
#include "office/office_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct office o = {.arena = &a};
    struct reader r = {.o = &o, .arena = &a, .unpack_left = 1 << 20, .later_left = 1 << 20};
    arena_init(&a, 64u << 20);
    read_rtf(&r, str_make((const char *)data, size));
    for (size_t i = 0; i < o.n_objects; i++)
        if (o.objects[i].bytes.n > size)
            __builtin_trap();
    for (size_t i = 0; i < r.n_later && i < 4; i++)
        read_compound(&r, r.later[i]);
    arena_clear(&a);
    return 0;
}
