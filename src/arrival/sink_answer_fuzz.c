/* Answers of what may be no sink at all. */
#include "arrival/mailbox_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct mp_err err = {0};
    struct str in = str_make((const char *)data, size);
    struct mailbox_hit *hits = NULL, one = {0};
    size_t n = 0;
    arena_init(&a, 64u << 20);
    if (sink_messages_read(&a, in, &hits, &n, &err) == MP_OK)
        for (size_t i = 0; i < n; i++)
            if (!hits[i].has_delivery || hits[i].folder.n == 0 || hits[i].delivery.rcpts == NULL)
                __builtin_trap();
    sink_attempts_read(&a, in, n > 0 ? &hits[0] : &one, &err);
    arena_clear(&a);
    return 0;
}
