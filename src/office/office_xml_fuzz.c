/* Any bytes as XML of Office, as a table of text, as records of a workbook. */
#include "office/office_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct reader * r, struct str bytes) = {read_xml, read_csv,
                                                                           read_sylk, read_biff,
                                                                           read_biff12};
    struct str bytes = str_make((const char *)data, size);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        struct arena a = {0};
        struct office o = {.arena = &a};
        struct reader r = {.o = &o, .arena = &a, .unpack_left = 1 << 20, .later_left = 1 << 20};
        arena_init(&a, 64u << 20);
        readers[i](&r, bytes);
        if (o.n_links > OFFICE_MAX_LINKS || o.n_dde > OFFICE_MAX_FORMULAS)
            __builtin_trap();
        arena_clear(&a);
    }
    return 0;
}
