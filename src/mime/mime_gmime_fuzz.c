/* Any bytes as a message: each leaf that GMime extracts, the union of our views has. */
#include "mime/gmime_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct message m;
    struct mime_union u;
    struct finding_list list;
    arena_init(&arena, 256u << 20);
    finding_list_init(&list, &arena);
    if (message_parse(&arena, str_make((const char *)data, size), &m, NULL) == MP_OK &&
        mime_union_read(&arena, &m, &list, &u, NULL) == MP_OK && u.complete) {
        struct oracle o = {.u = &u, .parts_of_texts = true};
        oracle_run(&o, m.raw);
        if (o.missing != 0)
            __builtin_trap();
    }
    arena_clear(&arena);
    return 0;
}
