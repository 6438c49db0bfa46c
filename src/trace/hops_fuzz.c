/* Any bytes as a message with a way: also as JSON. */
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct message m;
    struct trace_hops x;
    struct mp_err err = {0};
    struct buf b;
    struct json j;
    arena_init(&a, 64u << 20);
    buf_init(&b, 64u << 20);
    json_init(&j, &b, 0);
    if (message_parse(&a, str_make((const char *)data, size), &m, &err) == MP_OK &&
        trace_hops(&a, &m, 0, 1, &x, &err) == MP_OK) {
        if (x.n > TRACE_MAX_HOPS || x.slowest > x.n)
            __builtin_trap();
        trace_hops_json(&j, &x);
    }
    buf_clear(&b);
    arena_clear(&a);
    return 0;
}
