/* What a winmail.dat carries: files as members, looked at like those of an archive, and the text.
 */
#include "content/found.h"
#include "content/inspect.h"
#include "document/readers.h"
#include "document/tnef.h"

enum { OBJECT_HEAD = 16, NAME_MAX_BYTES = 1024 };

/* The attachment that is being read. */
struct tnef_reading {
    struct content *c;
    size_t index;
    struct str title, name, data;
    struct mp_err *err;
};

static int no_memory(struct tnef_reading *r)
{
    return mp_fail(r->err, MP_E_NOMEM, 0, "no memory for a winmail.dat");
}

/* Without the zeros behind it; UTF-8 where it is known. p == NULL: no memory. */
static struct str text_of(struct tnef_reading *r, const struct mapi_property *p, size_t max)
{
    struct str text = str_slice(p->value, 0, max);
    if (p->type == MAPI_UTF16)
        text = text_as_utf8(r->c->arena, STR("utf-16le"), text);
    while (text.n > 0 && text.p[text.n - 1] == '\0')
        text.n--;
    return text;
}

static struct str without_zeros(struct str s)
{
    return str_slice(s, 0, str_find(s, '\0'));
}

static int keep_attachment(struct tnef_reading *r)
{
    struct str name = r->name.n > 0 ? r->name : r->title, data = r->data;
    r->title = r->name = r->data = STR_NONE;
    return data.n == 0 ? MP_OK : content_add_member(r->c, r->index, name, data, r->err);
}

static int read_attachment_property(struct tnef_reading *r, const struct mapi_property *p)
{
    if (p->id == MAPI_ATTACHMENT_LONG_NAME || (p->id == MAPI_ATTACHMENT_NAME && r->name.n == 0)) {
        struct str name = text_of(r, p, NAME_MAX_BYTES);
        if (name.p == NULL)
            return no_memory(r);
        r->name = name;
    }
    if (p->id == MAPI_ATTACHMENT_DATA && r->data.n == 0)
        r->data = p->type == MAPI_OBJECT ? str_slice(p->value, OBJECT_HEAD, p->value.n) : p->value;
    return MP_OK;
}

static int add_text(struct tnef_reading *r, struct str text)
{
    struct content_text t = {.object = (uint32_t)r->index, .kind = TEXT_SEEN, .text = text};
    return content_add_text(r->c, &t, r->err);
}

static int read_message_property(struct tnef_reading *r, const struct mapi_property *p)
{
    struct str bytes = p->value;
    if (p->id == MAPI_BODY) {
        struct str text = text_of(r, p, CONTENT_MAX_TEXT_BYTES);
        return text.p == NULL ? no_memory(r) : add_text(r, text);
    }
    if (p->id != MAPI_BODY_HTML && p->id != MAPI_RTF_COMPRESSED)
        return MP_OK;
    if (p->id == MAPI_RTF_COMPRESSED)
        bytes = tnef_rtf(r->c->arena, bytes);
    if (bytes.p == NULL)
        return no_memory(r);
    return bytes.n == 0 ? MP_OK : content_add_member(r->c, r->index, STR(""), bytes, r->err);
}

static int read_properties(struct tnef_reading *r, struct str data,
                           int (*read)(struct tnef_reading *, const struct mapi_property *))
{
    struct tnef in;
    struct mapi_property p;
    int st = MP_OK;
    mapi_open(data, &in);
    while (st == MP_OK && mapi_next(&in, &p))
        st = read(r, &p);
    return st;
}

static int read_attribute(struct tnef_reading *r, const struct tnef_attribute *a)
{
    switch (a->id) {
    case TNEF_ATTACHMENT:
        return keep_attachment(r);
    case TNEF_ATTACHMENT_TITLE:
        r->title = without_zeros(str_slice(a->data, 0, NAME_MAX_BYTES));
        return MP_OK;
    case TNEF_ATTACHMENT_DATA:
        r->data = a->data;
        return MP_OK;
    case TNEF_ATTACHMENT_PROPERTIES:
        return read_properties(r, a->data, read_attachment_property);
    case TNEF_MESSAGE_PROPERTIES:
        return read_properties(r, a->data, read_message_property);
    case TNEF_BODY:
        return add_text(r, without_zeros(a->data));
    default:
        return MP_OK;
    }
}

int tnef_read(struct content *c, size_t index, struct mp_err *err)
{
    struct tnef_reading r = {.c = c, .index = index, .err = err};
    struct tnef in;
    struct tnef_attribute a;
    int st = MP_OK;
    if (!tnef_open(c->report->objects[index].bytes, &in))
        return MP_OK;
    while (st == MP_OK && tnef_next(&in, &a))
        st = read_attribute(&r, &a);
    return st == MP_OK ? keep_attachment(&r) : st;
}
