/* Which route answers a path: a table of patterns, the most literal one wins. */
#ifndef MP_HTTPD_ROUTER_H
#define MP_HTTPD_ROUTER_H

#include "httpd/httpd.h"

enum { ROUTER_MAX_SEGMENTS = 16 };

struct route_param {
    struct str name, value; /* name: in the pattern; value: decoded */
};
struct route_match {
    const struct httpd_route *route; /* NULL: see `known` */
    bool known;                      /* the path exists, its methods are others */
    struct route_param params[HTTPD_MAX_PARAMS];
    size_t n_params;
};

/* Patterns begin with '/'; a segment is literal, "{name}", "{name}.suffix", or, as the last one,
 * "{name*}". MP_E_USAGE tells which route is not like that, or stands twice. */
int router_check(const struct httpd_route *routes, size_t n, struct mp_err *err);

/* `path` as it was sent (not decoded); HEAD is answered by the route of GET.
 * MP_E_SYNTAX: a broken escape in a parameter. Finding nothing is MP_OK. */
int router_find(const struct httpd_route *routes, size_t n, struct str method, struct str path,
                struct arena *a, struct route_match *out, struct mp_err *err);

/* "GET, HEAD, DELETE, OPTIONS": what the path knows; empty for an unknown one. */
struct str router_allow(const struct httpd_route *routes, size_t n, struct str path,
                        struct arena *a);

#endif
