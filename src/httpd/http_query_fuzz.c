/* Any bytes as the target of a request: what is decoded is UTF-8 without NUL, names are unique,
 * and a path is found by the route that was made for it. */
#include <stdlib.h>

#include "base/utf8.h"
#include "httpd/query.h"
#include "httpd/router.h"

static int nothing(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)q;
    (void)err;
    return MP_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/", nothing, 0, 0},
    {"GET", "/v1/messages/{id}", nothing, 0, 0},
    {"GET", "/v1/messages/wait", nothing, 0, 0},
    {"PUT", "/v1/messages/{id}/seen", nothing, 0, 0},
    {"GET", "/view/{id}.txt", nothing, 0, 0},
    {"GET", "/files/{id}/{path*}", nothing, 0, 0},
};

static void check_text(struct str s)
{
    if (!utf8_valid(s) || str_has(s, '\0'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct query q = {0};
    struct route_match m = {0};
    struct mp_err err = {0};
    arena_init(&a, 1 << 22);
    struct str query = str_make((const char *)data, size), path = str_cut(&query, '?');
    int st = query_parse(&a, query, NULL, 0, &q, &err);
    if (st != MP_OK && (err.text[0] == '\0' || q.n != 0))
        abort();
    for (size_t i = 0; i < q.n; i++) {
        check_text(q.pairs[i].name);
        check_text(q.pairs[i].value);
        if (query_find(&q, q.pairs[i].name) != &q.pairs[i].value)
            abort();
        unsigned ms;
        query_duration(q.pairs[i].value, &ms);
    }
    st = router_find(routes, ARRAY_LEN(routes), STR("GET"), path, &a, &m, &err);
    for (size_t i = 0; st == MP_OK && i < m.n_params; i++)
        check_text(m.params[i].value);
    if (st == MP_OK && m.route != NULL &&
        (!m.known || router_allow(routes, ARRAY_LEN(routes), path, &a).n == 0))
        abort();
    arena_clear(&a);
    return 0;
}
