/* Any bytes as a compound file: its directory, its streams, its macros, and all that is in it. */
#include "office/office.h"
#include "office/ovba.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct arena a = {0};
    struct office o;
    struct cfb c;
    uint64_t total = 0;
    arena_init(&a, 64u << 20);
    if (cfb_open(&a, bytes, &c, NULL) == MP_OK)
        for (size_t i = 0; i < c.n; i++)
            total += cfb_read(&a, &c, &c.entries[i]).n;
    if (total > (uint64_t)size * (CFB_READ_FACTOR + 1))
        __builtin_trap();
    office_read(&a, bytes, (struct office_how){.as = OFFICE_BY_BYTES}, &o, NULL);
    arena_clear(&a);
    return 0;
}
