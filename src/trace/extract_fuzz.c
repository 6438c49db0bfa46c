/* Any bytes as a message with text with links and codes. */
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct message m;
    struct trace_extract x;
    struct mp_err err = {0};
    arena_init(&a, 64u << 20);
    if (message_parse(&a, str_make((const char *)data, size), &m, &err) == MP_OK &&
        trace_extract(&a, &m, &x, &err) == MP_OK) {
        if (x.n_links > TRACE_MAX_LINKS || x.n_codes > TRACE_MAX_CODES)
            __builtin_trap();
    }
    arena_clear(&a);
    return 0;
}
