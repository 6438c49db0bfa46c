/* Small texts of documents: times, optional members, header values. */
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "capture/capture_internal.h"

void outcome_members(struct json *j, const struct store_delivery *d)
{
    json_kstr(j, "outcome", str_from(store_outcome_name(d->outcome)));
    json_ktext(j, "stage", d->stage);
    json_key(j, "reply");
    json_object_begin(j);
    json_key(j, "code");
    if (d->reply_code == 0)
        json_write_null(j);
    else
        json_uint(j, d->reply_code);
    json_ktext(j, "text", d->reply_text);
    json_object_end(j);
}

int64_t now_ms(void)
{
    return clock_wall_s() * 1000;
}

/* Characters that stand for themselves in both forms of a file name. */
static bool is_plain(char c)
{
    return is_alnum(c) || (c != '\0' && memchr("-_.", c, 3) != NULL);
}

/* Without folders: what stands behind the last slash of either kind. */
static struct str last_piece(struct str name)
{
    size_t slash = str_rfind(name, '/');
    if (slash < name.n)
        name = str_slice(name, slash + 1, name.n);
    slash = str_rfind(name, '\\');
    return slash < name.n ? str_slice(name, slash + 1, name.n) : name;
}

struct str disposition_value(struct arena *a, const char *kind, struct str filename)
{
    struct buf plain, full;
    buf_init(&plain, 1 << 12);
    buf_init(&full, 1 << 14);
    filename = str_slice(last_piece(filename), 0, 255);
    bool is_ascii = true;
    for (size_t i = 0; i < filename.n; i++) {
        char c = filename.p[i];
        bool ok = is_plain(c) || c == ' ';
        is_ascii = is_ascii && ok;
        buf_addc(&plain, ok ? c : '_');
        if (is_plain(c))
            buf_addc(&full, c);
        else
            buf_addf(&full, "%%%02X", (unsigned)(unsigned char)c);
    }
    struct str out = arena_fmt(a, "%s", kind);
    if (filename.n != 0)
        out = arena_fmt(a, "%s; filename=\"" STR_FMT "\"", kind, STR_ARG(buf_str(&plain)));
    if (!is_ascii && utf8_valid(filename))
        out = arena_fmt(a, STR_FMT "; filename*=UTF-8''" STR_FMT, STR_ARG(out),
                        STR_ARG(buf_str(&full)));
    buf_clear(&plain);
    buf_clear(&full);
    return out;
}
