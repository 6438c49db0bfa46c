/* Plain text: what a person reads of it. */
#include "base/buf.h"
#include "content/found.h"
#include "document/picture_text.h"
#include "document/readers.h"
#include "message/charset.h"
#include "url/url.h"

struct str text_as_utf8(struct arena *arena, struct str charset, struct str bytes)
{
    enum { LONGEST = 4, SPARE = 1 << 20 /* TSCII makes twelve bytes of one */ };
    struct buf b;
    if (charset_is_utf8(charset, bytes))
        return bytes;
    buf_init(&b, LONGEST * bytes.n + SPARE);
    bool known = charset_add_utf8(&b, charset, bytes) && !b.failed;
    struct str made = known ? arena_copy(arena, buf_str(&b)) : bytes;
    buf_clear(&b);
    return made;
}

struct str object_text(struct content *c, const struct content_object *o, size_t max_bytes)
{
    return text_as_utf8(c->arena, o->charset, str_slice(o->bytes, 0, max_bytes));
}

int add_written_links(struct content *c, size_t index, enum link_source source, struct str text,
                      struct mp_err *err)
{
    struct content_link link = {.object = (uint32_t)index, .source = source};
    int st = MP_OK;
    for (size_t at = 0; st == MP_OK && url_find(text, &at, &link.url);)
        st = content_add_link(c, &link, err);
    return st;
}

int text_read(struct content *c, size_t index, struct mp_err *err)
{
    struct content_text t = {.object = (uint32_t)index, .kind = TEXT_SEEN};
    t.text = object_text(c, &c->report->objects[index], CONTENT_MAX_TEXT_BYTES);
    if (t.text.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the text of a message");
    int st = content_add_text(c, &t, err);
    if (st == MP_OK)
        st = add_written_links(c, index, LINK_TEXT, t.text, err);
    return st == MP_OK ? drawn_in_text(c, index, t.text, err) : st;
}
