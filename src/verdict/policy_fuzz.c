/* Any bytes as a policy file: refused with a place, or a policy within its limits. */
#include <stdlib.h>

#include "verdict/verdict.h"

/* libfyaml 0.7.12 loses a scratch buffer when a quoted scalar of several lines ends in an error: a
 * few kilobytes for each broken policy file. Ours are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy p;
    struct arena arena;
    struct mp_err err = {0};
    arena_init(&arena, 4 * POLICY_MAX_BYTES);
    int st = policy_load(&arena, str_make((const char *)data, size), "fuzz.yaml", &p, &err);
    bool in_limits = p.n_rules <= POLICY_MAX_RULES && p.n_trusted_sealers <= POLICY_MAX_SEALERS;
    if (st == MP_OK ? !in_limits : err.text[0] == '\0')
        abort();
    arena_clear(&arena);
    return 0;
}
