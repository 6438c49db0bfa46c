/* Any bytes as a message for the lint: each finding must stand within the message. */
#include "mime/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct message m;
    struct mime_tree tree;
    struct finding_list list;
    arena_init(&arena, 64u << 20);
    finding_list_init(&list, &arena);
    if (message_parse(&arena, str_make((const char *)data, size), &m, NULL) == MP_OK &&
        mime_parse(&arena, &m, &tree, NULL) == MP_OK)
        mime_lint(&arena, &m, &tree, &list, NULL);
    for (size_t i = 0; i < list.n; i++)
        if (list.items[i].where.offset + list.items[i].where.length > m.raw.n)
            __builtin_trap();
    arena_clear(&arena);
    return 0;
}
