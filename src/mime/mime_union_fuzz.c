/* Any bytes as a message for the views: payloads stand within it, and one walk is only held for
 * enough where all walks agree. */
#include "mime/view_internal.h"

enum { NARROW = 1 << VIEW_STRICT | 1 << VIEW_FIRST | 1 << VIEW_LAST };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct message m;
    struct mime_union u[2] = {0};
    struct finding_list list;
    arena_init(&arena, 256u << 20);
    finding_list_init(&list, &arena);
    bool ok = message_parse(&arena, str_make((const char *)data, size), &m, NULL) == MP_OK;
    for (int every = 0; every < 2 && ok; every++)
        ok = union_read(&arena, &m, every, &list, &u[every], NULL) == MP_OK;
    bool alike = true;
    for (size_t i = 0; ok && i < u[0].n; i++) {
        const struct mime_payload *p = &u[0].payloads[i];
        if (p->offset + p->length > m.raw.n || p->n_names > MIME_NAME_MAX_FORMS || p->views == 0)
            __builtin_trap();
        alike &= (p->views & NARROW) == NARROW;
    }
    for (size_t i = 0; ok && alike && u[1].complete && i < u[1].n; i++)
        if ((u[1].payloads[i].views & NARROW) != 0 && (u[1].payloads[i].views & NARROW) != NARROW)
            __builtin_trap();
    if (ok && u[1].complete && u[0].ambiguous != u[1].ambiguous)
        __builtin_trap();
    arena_clear(&arena);
    return 0;
}
