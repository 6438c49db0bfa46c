/* Any bytes as a field: what is read can be written and read again; the border filter sees it. */
#include "auth/authres.h"

#include <stdlib.h>

static void write_back(struct buf *out, const struct authres *a)
{
    authres_write_value(out, a->authserv_id);
    buf_addz(out, a->n == 0 ? "; none" : "");
    for (size_t i = 0; i < a->n; i++) {
        const struct authres_result *r = &a->results[i];
        buf_addf(out, ";\r\n\t" STR_FMT "=" STR_FMT, STR_ARG(r->method), STR_ARG(r->result));
        if (r->reason.p != NULL) {
            buf_addz(out, " reason=");
            authres_write_value(out, r->reason);
        }
        for (size_t k = 0; k < r->n_props; k++) {
            buf_addf(out, " " STR_FMT "." STR_FMT "=", STR_ARG(r->props[k].ptype),
                     STR_ARG(r->props[k].property));
            authres_write_value(out, r->props[k].value);
        }
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct arena arena;
    struct authres a, again;
    const char *reason;
    struct str value = str_make((const char *)data, size);
    arena_init(&arena, 64 << 20);
    bool claims = authres_claims(&arena, value, STR("mx.test"));
    if (authres_parse(&arena, value, &a, &reason)) {
        struct buf out;
        buf_init(&out, 16 << 20);
        write_back(&out, &a);
        if (out.failed || !authres_parse(&arena, buf_str(&out), &again, &reason) || again.n != a.n)
            abort();
        for (size_t i = 0; i < a.n; i++)
            if (again.results[i].n_props != a.results[i].n_props)
                abort();
        if (str_ieq(a.authserv_id, STR("mx.test")) && !claims)
            abort();
        buf_clear(&out);
    }
    arena_clear(&arena);
    return 0;
}
