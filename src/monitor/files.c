/* The states of targets as files of a directory of ours. */
#include <stdio.h>

#include "crypto/digest.h"
#include "io/own_dir.h"
#include "monitor/monitor.h"

enum { PATH_MAX_BYTES = 4096 };

/* A hash for a name: keys have paths in them. */
static int path_of(const char *dir, struct str key, char path[PATH_MAX_BYTES], struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    char digits[2 * DIGEST_MAX_BYTES + 1];
    if (!digest_once(DIGEST_SHA256, key, hash))
        return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 failed");
    for (size_t i = 0; i < DIGEST_MAX_BYTES; i++)
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    int n = snprintf(path, PATH_MAX_BYTES, "%s/%s.state", dir, digits);
    return n > 0 && n < PATH_MAX_BYTES
               ? MP_OK
               : mp_fail(err, MP_E_LIMIT, 0, "%s: the path is too long", dir);
}

int monitor_file_load(void *ctx, struct str key, struct buf *out, struct mp_err *err)
{
    const struct own_dir dir = {ctx, "the monitor's states"};
    char path[PATH_MAX_BYTES];
    bool absent = false;
    struct arena arena;
    int st = own_dir_check(&dir, &absent, err);
    if (st == MP_OK)
        st = path_of(dir.path, key, path, err);
    if (st != MP_OK || absent)
        return st;
    arena_init(&arena, MONITOR_MAX_STATE_BYTES + 65536);
    struct str text = own_file_read(&arena, path, MONITOR_MAX_STATE_BYTES);
    if (text.n > MONITOR_MAX_STATE_BYTES)
        st = mp_fail(err, MP_E_LIMIT, 0, "%s: longer than %d bytes", path, MONITOR_MAX_STATE_BYTES);
    else
        buf_add(out, text);
    arena_clear(&arena);
    return st == MP_OK && out->failed ? mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", path) : st;
}

int monitor_file_save(void *ctx, struct str key, struct str state, struct mp_err *err)
{
    const struct own_dir dir = {ctx, "the monitor's states"};
    char path[PATH_MAX_BYTES];
    int st = own_dir_make(&dir, err);
    if (st == MP_OK)
        st = path_of(dir.path, key, path, err);
    return st == MP_OK ? own_dir_replace(&dir, path, &state, 1, err) : st;
}
