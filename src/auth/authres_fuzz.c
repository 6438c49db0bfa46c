/* Any bytes as a field: what is read stays readable; the border filter sees what the parser sees.
 */
#include "auth/authres.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct arena arena;
    struct authres a;
    const char *reason;
    struct str value = str_make((const char *)data, size);
    arena_init(&arena, 64 << 20);
    authres_claims(&arena, value, STR("mx.test"));
    if (authres_parse(&arena, value, &a, &reason)) {
        struct buf out;
        struct authres again;
        buf_init(&out, 1 << 20);
        authres_write_value(&out, a.authserv_id);
        buf_addz(&out, "; none");
        if (!out.failed && !authres_parse(&arena, buf_str(&out), &again, &reason))
            abort();
        if (str_ieq(a.authserv_id, STR("mx.test")) &&
            !authres_claims(&arena, value, STR("mx.test")))
            abort();
        buf_clear(&out);
    }
    arena_clear(&arena);
    return 0;
}
