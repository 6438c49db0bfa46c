/* A signing identity from one option. */
#include "cli/key_option.h"

#include "base/buf.h"

int key_option_parse(const char *command, const char *arg, struct key_option *out)
{
    struct mp_err err = {0};
    struct str rest = str_from(arg);
    struct buf pem;
    out->domain = str_cut(&rest, ':');
    out->selector = str_cut(&rest, ':');
    if (out->domain.n == 0 || out->selector.n == 0 || rest.n == 0)
        return usage_error(command, "--key %s: expected DOMAIN:SELECTOR:FILE", arg);
    int st = read_whole(rest.p, KEY_FILE_MAX_BYTES, &pem, &err);
    if (st == MP_OK)
        st = private_key_load(buf_str(&pem), rest.p, &out->key, &err);
    if (pem.p != NULL)
        explicit_bzero(pem.p, pem.cap);
    buf_clear(&pem);
    return st == MP_OK ? EXIT_PASSED : report_failure(command, &err);
}
