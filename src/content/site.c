/* The path of a member through the archives around it, made printable. */
#include "content/site.h"

#include "base/utf8.h"

struct finding_where site_member(const struct archive_site *s, struct str name)
{
    struct finding_where where = s->where;
    struct buf path;
    buf_init(&path, 2 * CONTENT_MAX_NAME_BYTES);
    buf_add(&path, str_slice(where.member, 0, CONTENT_MAX_NAME_BYTES));
    if (path.n > 0)
        buf_addc(&path, '/');
    if (path.n < CONTENT_MAX_NAME_BYTES)
        utf8_add_printable(&path, name, CONTENT_MAX_NAME_BYTES - path.n);
    struct str copy = path.failed ? STR_NONE : arena_copy(s->arena, buf_str(&path));
    if (copy.p != NULL)
        where.member = copy;
    buf_clear(&path);
    return where;
}
