/* Plain text: what a person reads of it. */
#include "base/buf.h"
#include "content/found.h"
#include "document/readers.h"
#include "message/charset.h"

/* UTF-8 in c->arena; of an unknown charset the bytes as they stand. p == NULL without memory. */
static struct str as_utf8(struct content *c, const struct content_object *o)
{
    enum { LONGEST = 4 };
    struct str bytes = str_slice(o->bytes, 0, CONTENT_MAX_TEXT_BYTES);
    struct buf b;
    buf_init(&b, LONGEST * bytes.n);
    if (!charset_add_utf8(&b, o->charset, bytes) && !b.failed)
        buf_add(&b, bytes);
    struct str made = b.failed ? STR_NONE : arena_copy(c->arena, buf_str(&b));
    buf_clear(&b);
    return made;
}

int text_read(struct content *c, size_t index, struct mp_err *err)
{
    struct content_text t = {.object = (uint32_t)index, .kind = TEXT_SEEN};
    t.text = as_utf8(c, &c->report->objects[index]);
    if (t.text.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the text of a message");
    return content_add_text(c, &t, err);
}
