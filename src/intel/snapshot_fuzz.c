/* Any bytes as a store, as they are and with a checksum that is right. */
#include <stdlib.h>

#include "intel/snapshot_damage_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size + 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    kit_read_all(str_make((const char *)copy, size));
    kit_repair(copy, size);
    kit_read_all(str_make((const char *)copy, size));
    free(copy);
    return 0;
}
