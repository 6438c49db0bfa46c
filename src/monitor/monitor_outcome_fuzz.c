/* Any bytes as what a run wrote: cases sorted, each once, their texts within limits. */
#include <assert.h>

#include "monitor/outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome o;
    struct mp_err err = {0};
    struct arena arena;
    arena_init(&arena, 64 << 20);
    enum monitor_kind kind = size % 2 == 0 ? MONITOR_SUITE : MONITOR_AUDIT;
    int st = outcome_read(&arena, kind, str_make((const char *)data, size), &o, &err);
    assert(st == MP_OK || err.text[0] != '\0');
    for (size_t i = 0; i < o.n; i++) {
        assert(o.cases[i].name.n > 0 && o.cases[i].name.n <= MONITOR_MAX_NAME_BYTES);
        assert(o.cases[i].text.n <= MONITOR_MAX_TEXT_BYTES && o.cases[i].result != MONITOR_UNKNOWN);
        assert(i == 0 || str_cmp(o.cases[i - 1].name, o.cases[i].name) < 0);
    }
    arena_clear(&arena);
    return 0;
}
