/* Any bytes as a message with a bounce: also as JSON. */
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct message m;
    struct trace_dsn x;
    struct mp_err err = {0};
    struct buf b;
    struct json j;
    arena_init(&a, 64u << 20);
    buf_init(&b, 64u << 20);
    json_init(&j, &b, 0);
    if (message_parse(&a, str_make((const char *)data, size), &m, &err) == MP_OK &&
        trace_dsn(&a, &m, &x, &err) == MP_OK) {
        if (x.n_rcpts > 1000)
            __builtin_trap();
        trace_dsn_json(&j, &x);
    }
    buf_clear(&b);
    arena_clear(&a);
    return 0;
}
