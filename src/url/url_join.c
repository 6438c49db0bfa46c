/* A relative reference and its base: the absolute text of both (WHATWG 4.4, RFC 3986 5.2). */
#include "url/url_internal.h"

/* All of the base up to its path. */
static struct str front_of(const struct url *base)
{
    return base->path.p == NULL ? base->text
                                : str_slice(base->text, 0, (size_t)(base->path.p - base->text.p));
}

/* The path up to its last slash. */
static struct str folder_of(const struct url *base)
{
    size_t end = base->path.n;
    while (end > 0 && !url_is_slash(base->path.p[end - 1], url_is_special(base)))
        end--;
    return end == 0 ? STR("/") : str_slice(base->path, 0, end);
}

static size_t count_slashes(struct str s, bool special)
{
    size_t n = 0;
    while (n < s.n && n < 2 && url_is_slash(s.p[n], special))
        n++;
    return n;
}

/* "https:page" below an https base is relative to it: what stands behind the scheme. */
static bool is_own(const struct url *base, struct str text, struct str *relative)
{
    struct str scheme = url_scheme_of(text);
    *relative = text;
    if (scheme.n == 0)
        return false;
    *relative = str_slice(text, scheme.n + 1, text.n);
    bool same = url_is_special(base) && base->kind != URL_FILE && str_ieq(scheme, base->scheme);
    return !same || count_slashes(*relative, true) == 2;
}

struct str url_join(struct arena *arena, const struct url *base, struct str text)
{
    struct str rest;
    if (is_own(base, text, &rest))
        return text;
    bool opaque = !url_is_special(base) && base->host.n == 0 && !str_starts(base->path, STR("/"));
    if (opaque && !str_starts(rest, STR("#")))
        return text;
    struct str parts[4] = {front_of(base), STR_NONE, STR_NONE, rest};
    size_t slashes = count_slashes(rest, url_is_special(base));
    if (slashes == 2) {
        parts[0] = base->scheme;
        parts[1] = STR(":");
    } else if (slashes == 0) {
        bool keeps_path = rest.n == 0 || rest.p[0] == '?' || rest.p[0] == '#';
        parts[1] = keeps_path ? base->path : folder_of(base);
        bool keeps_query =
            keeps_path && !(rest.n != 0 && rest.p[0] == '?') && base->query.p != NULL;
        if (keeps_query)
            parts[2] = str_make(base->query.p - 1, base->query.n + 1);
    }
    return arena_join(arena, parts, 4);
}
