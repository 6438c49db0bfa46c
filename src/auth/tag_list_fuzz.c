/* Tag lists of strangers: views stay inside the input, names of a good list differ. */
#include <assert.h>

#include "auth/tag_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct tag_list list;
    arena_init(&arena, 1 << 20);
    enum tag_list_status st = tag_list_parse(&arena, str_make((const char *)data, size), &list);
    for (size_t i = 0; i < list.n; i++) {
        assert(list.tags[i].value_offset + list.tags[i].value_length <= size);
        assert(st != TAG_LIST_OK || tag_find(&list, list.tags[i].name) == &list.tags[i]);
    }
    arena_clear(&arena);
    return 0;
}
