/* A URL written as browsers write it: one spelling for all that mean the same (WHATWG 4.5). */
#include "base/buf.h"
#include "url/url_internal.h"

enum { HREF_MAX_BYTES = 4 * URL_MAX_BYTES };

/* The signs that each part has %-encoded beyond controls, DEL and what is not ASCII. */
#define FRAGMENT_SET " \"<>`"
#define QUERY_SET    " \"#<>"
#define PATH_SET     QUERY_SET "?^`{}"
#define USERINFO_SET PATH_SET "/:;=@[\\]|"

static void add_encoded(struct buf *b, struct str s, struct str set)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= ' ' && c < 0x7f && !str_has(set, s.p[i]))
            continue;
        buf_add(b, str_slice(s, from, i));
        buf_addc(b, '%');
        buf_addc(b, digits[c >> 4]);
        buf_addc(b, digits[c & 15]);
        from = i + 1;
    }
    buf_add(b, str_slice(s, from, s.n));
}

/* How many dots a segment is made of, "%2e" counted: 1 and 2 mean something; 0 otherwise. */
static unsigned dots(struct str s)
{
    unsigned n = 0;
    while (s.n != 0 && n <= 2) {
        size_t dot = s.p[0] == '.' ? 1 : str_istarts(s, STR("%2e")) ? 3 : 0;
        if (dot == 0)
            return 0;
        s = str_slice(s, dot, s.n);
        n++;
    }
    return n <= 2 ? n : 0;
}

/* Take the last segment off what was written behind `start`. */
static void pop(struct buf *b, size_t start)
{
    while (b->n > start && b->p[b->n - 1] != '/')
        b->n--;
    b->n -= b->n > start;
}

static void add_path(struct buf *b, const struct url *u)
{
    bool special = url_is_special(u);
    size_t start = b->n, at = 0;
    struct str path = u->path;
    if (!special && u->host.p == NULL && !str_starts(path, STR("/"))) {
        add_encoded(b, path, STR(""));
        return;
    }
    if (path.n == 0 && !special)
        return;
    at += path.n != 0 && url_is_slash(path.p[0], special);
    for (bool more = true; more && !b->failed;) {
        size_t end = at;
        while (end < path.n && !url_is_slash(path.p[end], special))
            end++;
        struct str segment = str_slice(path, at, end);
        unsigned n = dots(segment);
        more = end < path.n;
        if (n == 2)
            pop(b, start);
        if (n == 0 || !more)
            buf_addc(b, '/');
        if (n == 0)
            add_encoded(b, segment, STR(PATH_SET));
        at = end + 1;
    }
}

static void add_userinfo(struct buf *b, struct str userinfo)
{
    struct str password = userinfo, name = str_cut(&password, ':');
    if (userinfo.n == 0 || (name.n == 0 && password.n == 0))
        return;
    add_encoded(b, name, STR(USERINFO_SET));
    if (password.n != 0) {
        buf_addc(b, ':');
        add_encoded(b, password, STR(USERINFO_SET));
    }
    buf_addc(b, '@');
}

/* A path of two slashes without a host is written "/.//", so that it is not read as a host. */
static void part_from_authority(struct buf *b, size_t path)
{
    if (b->n - path < 2 || memcmp(b->p + path, "//", 2) != 0 || buf_reserve(b, 2) == NULL)
        return;
    memmove(b->p + path + 2, b->p + path, b->n - path);
    memcpy(b->p + path, "/.", 2);
    b->n += 2;
}

static void add_url(struct buf *b, const struct url *u)
{
    bool special = url_is_special(u);
    buf_add(b, u->scheme);
    buf_addc(b, ':');
    bool authority = special || u->host.p != NULL;
    if (authority) {
        buf_addz(b, "//");
        add_userinfo(b, u->userinfo);
        if (special)
            buf_add(b, u->host);
        else
            add_encoded(b, u->host, STR(""));
        if (u->port != URL_PORT_NONE)
            buf_addf(b, ":%d", (int)u->port);
    }
    size_t path = b->n;
    add_path(b, u);
    if (!authority)
        part_from_authority(b, path);
    if (u->query.p != NULL) {
        buf_addc(b, '?');
        add_encoded(b, u->query, special ? STR(QUERY_SET "'") : STR(QUERY_SET));
    }
    if (u->fragment.p != NULL) {
        buf_addc(b, '#');
        add_encoded(b, u->fragment, STR(FRAGMENT_SET));
    }
}

struct str url_href(struct arena *arena, const struct url *u)
{
    struct buf b;
    buf_init(&b, HREF_MAX_BYTES);
    add_url(&b, u);
    struct str out = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}
