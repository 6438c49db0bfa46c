/* Matching paths against patterns, segment by segment. */
#include "httpd/router.h"

#include "httpd/query.h"

/* How well a segment fits; more is better. A path's rank is these, the leftmost weighing most. */
enum fit { FIT_NOT, FIT_REST, FIT_PARAM, FIT_SUFFIX, FIT_LITERAL };
enum { FIT_BITS = 3 };

static bool is_param(struct str segment)
{
    return segment.n != 0 && segment.p[0] == '{';
}

static bool is_rest(struct str segment)
{
    return str_ends(segment, STR("*}"));
}

/* Name and what stands behind the brace. */
static struct str param_name(struct str segment, struct str *suffix)
{
    size_t end = str_find(segment, '}');
    *suffix = str_slice(segment, end + 1, segment.n);
    return str_slice(segment, 1, is_rest(segment) ? end - 1 : end);
}

static enum fit segment_fit(struct str pattern, struct str text)
{
    struct str suffix;
    if (!is_param(pattern))
        return str_eq(pattern, text) ? FIT_LITERAL : FIT_NOT;
    param_name(pattern, &suffix);
    if (text.n <= suffix.n || !str_ends(text, suffix))
        return FIT_NOT;
    return suffix.n != 0 ? FIT_SUFFIX : FIT_PARAM;
}

/* 0: it does not fit. */
static uint64_t path_rank(struct str pattern, struct str path)
{
    uint64_t rank = 0;
    for (unsigned i = 1; pattern.p != NULL; i++) {
        if (path.p == NULL || i > ROUTER_MAX_SEGMENTS)
            return 0;
        struct str segment = str_cut(&pattern, '/');
        enum fit fit = FIT_REST;
        if (is_param(segment) && is_rest(segment)) {
            fit = path.n != 0 ? FIT_REST : FIT_NOT;
            path = STR_NONE;
        } else {
            fit = segment_fit(segment, str_cut(&path, '/'));
        }
        if (fit == FIT_NOT)
            return 0;
        rank |= (uint64_t)fit << (FIT_BITS * (ROUTER_MAX_SEGMENTS - i));
    }
    return path.p == NULL ? rank : 0;
}

/* A route of the pattern that fits best; NULL: none does. */
static const struct httpd_route *best_pattern(const struct httpd_route *routes, size_t n,
                                              struct str path)
{
    const struct httpd_route *best = NULL;
    uint64_t rank = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = path_rank(str_from(routes[i].path), path);
        if (r > rank) {
            rank = r;
            best = &routes[i];
        }
    }
    return best;
}

static int take_params(struct str pattern, struct str path, struct arena *a,
                       struct route_match *out, struct mp_err *err)
{
    while (pattern.p != NULL) {
        struct str segment = str_cut(&pattern, '/'), suffix;
        struct str text = is_rest(segment) ? path : str_cut(&path, '/');
        if (!is_param(segment))
            continue;
        struct route_param *p = &out->params[out->n_params++];
        p->name = param_name(segment, &suffix);
        text.n -= suffix.n;
        int st = percent_decode(a, text, false, &p->value, err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

int router_find(const struct httpd_route *routes, size_t n, struct str method, struct str path,
                struct arena *a, struct route_match *out, struct mp_err *err)
{
    *out = (struct route_match){0};
    if (str_eq(method, STR("HEAD")))
        method = STR("GET");
    const struct httpd_route *best = best_pattern(routes, n, path);
    if (best == NULL)
        return MP_OK;
    out->known = true;
    for (size_t i = 0; i < n && out->route == NULL; i++)
        if (strcmp(routes[i].path, best->path) == 0 && str_eq(str_from(routes[i].method), method))
            out->route = &routes[i];
    return out->route == NULL ? MP_OK : take_params(str_from(best->path), path, a, out, err);
}

struct str router_allow(const struct httpd_route *routes, size_t n, struct str path,
                        struct arena *a)
{
    const struct httpd_route *best = best_pattern(routes, n, path);
    struct str all = {NULL, 0};
    for (size_t i = 0; best != NULL && i < n; i++) {
        const char *method = routes[i].method;
        if (strcmp(routes[i].path, best->path) == 0)
            all = arena_fmt(a, STR_FMT "%s%s, ", STR_ARG(all), method,
                            strcmp(method, "GET") == 0 ? ", HEAD" : "");
    }
    return best == NULL ? STR_NONE : arena_fmt(a, STR_FMT "OPTIONS", STR_ARG(all));
}

static bool is_good_pattern(struct str pattern)
{
    size_t n_segments = 0, n_params = 0;
    if (!str_starts(pattern, STR("/")))
        return false;
    while (pattern.p != NULL) {
        struct str segment = str_cut(&pattern, '/');
        n_segments++;
        if (!is_param(segment)) {
            if (str_has(segment, '{') || str_has(segment, '}'))
                return false;
            continue;
        }
        struct str suffix, name = param_name(segment, &suffix);
        n_params++;
        if (!str_has(segment, '}') || name.n == 0 || (is_rest(segment) && pattern.p != NULL))
            return false;
    }
    return n_segments <= ROUTER_MAX_SEGMENTS && n_params <= HTTPD_MAX_PARAMS;
}

int router_check(const struct httpd_route *routes, size_t n, struct mp_err *err)
{
    if (n > HTTPD_MAX_ROUTES)
        return mp_fail(err, MP_E_USAGE, HTTPD_MAX_ROUTES, "more than %d routes", HTTPD_MAX_ROUTES);
    for (size_t i = 0; i < n; i++) {
        if (!is_good_pattern(str_from(routes[i].path)) ||
            routes[i].max_body_bytes > HTTPD_MAX_BODY_BYTES)
            return mp_fail(err, MP_E_USAGE, 0, "route %s %s is not well formed", routes[i].method,
                           routes[i].path);
        for (size_t k = 0; k < i; k++)
            if (strcmp(routes[i].path, routes[k].path) == 0 &&
                strcmp(routes[i].method, routes[k].method) == 0)
                return mp_fail(err, MP_E_USAGE, 0, "route %s %s stands twice", routes[i].method,
                               routes[i].path);
    }
    return MP_OK;
}
