/* libFuzzer: any bytes as the fields of an abuse report. */
#include "feedback/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, FEEDBACK_ARENA_MAX_BYTES);
    struct feedback_problems problems = {.arena = &arena};
    struct failure_report out;
    arf_read(&arena, str_make((const char *)data, size), &problems, &out, NULL);
    arena_clear(&arena);
    return 0;
}
