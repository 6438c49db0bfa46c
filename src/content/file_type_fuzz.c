/* Any bytes have a type, and it is one of ours. */
#include "content/file_type.h"
#include "content/zip_tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct zip_tail tail;
    enum file_type t = file_type_of(bytes);
    if (t >= FILE_TYPE_COUNT || file_type_name(t)[0] == 0)
        __builtin_trap();
    if (zip_tail_find(bytes, &tail) && (tail.end_record >= size || tail.first_local >= size))
        __builtin_trap();
    return 0;
}
