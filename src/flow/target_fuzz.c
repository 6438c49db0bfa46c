/* Any text as a target: what is taken has the shape that sockets and DNS can be asked with. */
#include <stdlib.h>

#include "base/idna.h"
#include "flow/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct target t = {0};
    struct mp_err err = {0};
    arena_init(&a, 1 << 20);
    int st = target_parse(&a, str_make((const char *)data, size), &t, &err);
    bool has_name = t.kind == TARGET_DOMAIN || t.kind == TARGET_HOST;
    if (st != MP_OK && (st != MP_E_USAGE || err.text[0] == '\0'))
        abort();
    if (st == MP_OK &&
        (t.port == 0 || has_name != (t.name.n > 0) || (has_name && !domain_is_ldh(t.name)) ||
         (t.kind == TARGET_ADDRESS) != (t.ip.family != IP_NONE) ||
         (t.kind == TARGET_SOCKET) != (t.path != NULL)))
        abort();
    arena_clear(&a);
    return 0;
}
