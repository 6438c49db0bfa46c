/* Any bytes as an address list and as an SMTP path: all views lie where they may. */
#include "message/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct address_list list;
    struct mailbox path;
    bool null_path;
    struct str in = str_make((const char *)data, size);
    arena_init(&arena, 16u << 20);
    address_parse(&arena, in, &list);
    for (size_t i = 0; i < list.n; i++)
        if (list.items[i].offset + list.items[i].length > size || list.items[i].local.n > size)
            __builtin_trap();
    smtp_path_parse(&arena, in, &path, &null_path);
    arena_clear(&arena);
    return 0;
}
