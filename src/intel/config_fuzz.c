/* Any bytes as a configuration: refused with a place, or tables within their limits. */
#include <stdlib.h>

#include "intel/config.h"

/* As in policy_fuzz.c: libfyaml loses a scratch buffer of broken quoted scalars. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct intel_config c = {0};
    struct mp_err err = {0};
    struct str text = str_make((const char *)data, size);
    arena_init(&arena, 64 << 20);
    int st = intel_config_load(&arena, text, "fuzz.yaml", &c, &err);
    if (st == MP_OK)
        st = intel_allow_read(&arena, text, "fuzz.txt", &c, &err);
    if (c.n_feeds > INTEL_MAX_FEEDS || c.n_allow > INTEL_MAX_ALLOW || (st != MP_OK && !err.text[0]))
        abort();
    arena_clear(&arena);
    return 0;
}
