/* Small files, read whole. */
#include "daemon/file.h"

#include "crypto/hmac.h"
#include "run/read_file.h"

int file_read(struct arena *arena, struct str path, size_t max_bytes, struct str *out,
              struct mp_err *err)
{
    struct buf text;
    struct str name = arena_copy(arena, path); /* with a NUL */
    buf_init(&text, max_bytes);
    int st =
        name.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : read_file(name.p, &text, err);
    struct str copy = st == MP_OK ? arena_copy(arena, buf_str(&text)) : STR_NONE;
    if (st == MP_OK && copy.p == NULL && text.n > 0)
        st = mp_fail(err, MP_E_NOMEM, 0, STR_FMT ": no memory", STR_ARG(path));
    if (st == MP_OK)
        *out = copy;
    if (text.p != NULL)
        crypto_wipe(text.p, text.n); /* it may be a secret */
    buf_clear(&text);
    return st;
}
