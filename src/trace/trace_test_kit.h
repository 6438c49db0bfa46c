/* What the tests of this room share: an arena, and messages parsed into it. */
#ifndef MP_TRACE_TRACE_TEST_KIT_H
#define MP_TRACE_TRACE_TEST_KIT_H

#include "tests/tap.h"
#include "trace/trace.h"

static struct arena arena;

static inline struct message parsed(const char *text)
{
    struct message m = {0};
    struct mp_err err = {0};
    arena_clear(&arena);
    arena_init(&arena, 256u << 20);
    tap_int(message_parse(&arena, str_from(text), &m, &err), MP_OK);
    return m;
}

#endif
