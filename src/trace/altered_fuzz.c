/* Two messages, the first up to a line "====": changes lie within them, none to itself. */
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct trace_altered t;
    struct mp_err err = {0};
    struct str in = str_make((const char *)data, size), mark = STR("\n====\n");
    size_t cut = str_search(in, mark);
    struct str sent = str_slice(in, 0, cut), received = str_slice(in, cut + mark.n, in.n);
    arena_init(&a, 64u << 20);
    if (trace_altered(&a, sent, received, &t, &err) == MP_OK)
        for (size_t i = 0; i < t.n; i++)
            if (t.items[i].sent_offset > 2 * sent.n || t.items[i].received_offset > 2 * received.n)
                __builtin_trap(); /* twice: a message with LF alone is read with CRLF */
    if (trace_altered(&a, sent, sent, &t, &err) == MP_OK && (!t.identical || t.n > 0))
        __builtin_trap();
    arena_clear(&a);
    return 0;
}
