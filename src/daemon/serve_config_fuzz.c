/* Any bytes as the daemon's configuration: refused with a place, or within its limits. */
#include <stdlib.h>

#include "daemon/config.h"

/* As in policy_fuzz.c: libfyaml loses a scratch buffer of broken quoted scalars. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct serve_config c;
    struct arena arena;
    struct mp_err err = {0};
    arena_init(&arena, 64 << 20);
    int st = serve_config_load(&arena, str_make((const char *)data, size), "/f/c.yaml", &c, &err);
    bool bad = st == MP_OK ? c.n_milters > SERVE_MAX_MILTERS || c.state_dir.n == 0 : !err.text[0];
    if (bad)
        abort();
    arena_clear(&arena);
    return 0;
}
