/* Which reader is for what, and where it runs. */
#include "document/readers.h"

#include "content/inspect.h"
#include "document/document.h"
#include "document/picture.h"
#include "document/picture_text.h"

static bool is_text(const struct content_object *o)
{
    return !html_is(o) &&
           (o->kind == FILE_TEXT || (o->kind == FILE_UNKNOWN && str_eq(o->type, STR("text"))));
}

static bool is_calendar(const struct content_object *o)
{
    return o->kind == FILE_CALENDAR ||
           (is_text(o) && str_eq(o->type, STR("text")) && str_eq(o->subtype, STR("calendar")));
}

static bool is_tnef(const struct content_object *o)
{
    return o->kind == FILE_TNEF;
}

static const struct reader {
    bool (*is_for)(const struct content_object *o);
    int (*read)(struct content *c, size_t index, struct mp_err *err);
    bool heavy; /* in a worker only */
} readers[] = {
    {is_text, text_read, false},      {html_is, html_read_object, false},
    {office_is, office_open, true},   {is_calendar, calendar_read, false},
    {is_tnef, tnef_read, false},      {object_is_pdf, pdf_object_read, true},
    {picture_is, picture_read, true}, {drawn_is_page, drawn_read_page, false},
};

bool object_is_body(const struct content_object *o)
{
    return o->member.n == 0 && o->n_names == 0 && str_eq(o->type, STR("text")) &&
           !str_eq(o->disposition, STR("attachment"));
}

bool document_is_heavy(const struct content_object *o)
{
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        if (readers[i].heavy && readers[i].is_for(o))
            return true;
    return content_is_heavy(o);
}

static int read_one(struct content *c, size_t index, bool heavy, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(readers); i++) {
        const struct content_object *o = &c->report->objects[index];
        if (readers[i].heavy == heavy && o->has_bytes && o->bytes.n > 0 && readers[i].is_for(o))
            st = readers[i].read(c, index, err);
    }
    return st;
}

int document_read(struct content *c, size_t index, struct mp_err *err)
{
    return read_one(c, index, false, err);
}

int document_inspect(struct content *c, struct mp_err *err)
{
    const struct content_report *r = c->report;
    size_t opened = 0, seen = 0;
    int st = MP_OK;
    do {
        st = content_inspect(c, opened, err);
        opened = r->n;
        for (; st == MP_OK && seen < opened; seen++)
            st = read_one(c, seen, true, err);
    } while (st == MP_OK && opened < r->n);
    return st;
}
