/* The configuration, as a start and a reload read it. */
#include "base/clock.h"
#include "daemon/file.h"
#include "daemon/supervisor_internal.h"

enum { CHECK_ARENA_BYTES = 64 << 20 };

int supervisor_load(struct arena *arena, const char *path, struct serve_config **out,
                    struct str *text, struct mp_err *err)
{
    struct serve_config *c = arena_new(arena, struct serve_config, 1);
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the configuration");
    int st = file_read(arena, str_from(path), SERVE_CONFIG_MAX_BYTES, text, err);
    if (st == MP_OK)
        st = serve_config_load(arena, *text, path, c, err);
    if (st == MP_OK)
        st = serve_config_check(arena, c, err);
    if (st == MP_OK)
        *out = c;
    return st;
}

int supervisor_check(const char *path, struct mp_err *err)
{
    struct arena arena;
    struct serve_config *c = NULL;
    struct str text;
    arena_init(&arena, CHECK_ARENA_BYTES);
    int st = supervisor_load(&arena, path, &c, &text, err);
    arena_clear(&arena);
    return st;
}
