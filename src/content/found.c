/* Links and texts of objects. */
#include "content/found.h"

#include "base/grow.h"
#include "base/utf8.h"
#include "content/place.h"

const char *link_source_name(enum link_source s)
{
    static const char *const names[LINK_SOURCE_COUNT] = {
        [LINK_TEXT] = "text",         [LINK_HREF] = "href",
        [LINK_FORM] = "form",         [LINK_LOADED] = "loaded",
        [LINK_REFRESH] = "refresh",   [LINK_SCRIPT] = "script",
        [LINK_CALENDAR] = "calendar", [LINK_PDF] = "pdf",
        [LINK_OFFICE] = "office",     [LINK_OFFICE_PART] = "office-part",
        [LINK_SHORTCUT] = "shortcut", [LINK_QR] = "qr",
    };
    return names[s];
}

void content_cut(struct content *c, size_t object, const char *why)
{
    finding_add(&c->report->findings, FINDING_LIMIT_CONTENT,
                content_place(&c->report->objects[object]), "%s", why);
    c->report->complete = false;
}

int content_add_link(struct content *c, const struct content_link *link, struct mp_err *err)
{
    struct content_report *r = c->report;
    if (link->url.n == 0)
        return MP_OK;
    if (r->n_links >= CONTENT_MAX_LINKS || link->url.n > CONTENT_MAX_LINK_BYTES) {
        content_cut(c, link->object,
                    r->n_links >= CONTENT_MAX_LINKS ? "too many links" : "a link is too long");
        return MP_OK;
    }
    struct content_link *links =
        list_room(c->arena, r->links, r->n_links, &r->cap_links, sizeof *links);
    if (links == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the links of a message");
    r->links = links;
    links[r->n_links] = *link;
    links[r->n_links++].text = utf8_cut(link->text, CONTENT_MAX_LINK_BYTES);
    return MP_OK;
}

int content_add_text(struct content *c, const struct content_text *text, struct mp_err *err)
{
    struct content_report *r = c->report;
    bool is_macro = text->kind == TEXT_MACRO;
    size_t max = is_macro ? CONTENT_MAX_MACRO_BYTES : CONTENT_MAX_TEXT_BYTES;
    if (text->text.n == 0)
        return MP_OK;
    if (r->n_texts >= CONTENT_MAX_TEXTS) {
        content_cut(c, text->object, "too many texts");
        return MP_OK;
    }
    if (is_macro && text->text.n > max)
        content_cut(c, text->object, "a macro is too long to be shown whole");
    struct content_text *texts =
        list_room(c->arena, r->texts, r->n_texts, &r->cap_texts, sizeof *texts);
    if (texts == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the texts of a message");
    r->texts = texts;
    texts[r->n_texts] = *text;
    texts[r->n_texts++].text = utf8_cut(text->text, max);
    return MP_OK;
}

int content_append_found(struct content *c, const struct content_report *from, size_t first,
                         size_t base, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < from->n_links; i++) {
        struct content_link l = from->links[i];
        l.object = (uint32_t)(l.object == 0 ? first : base + l.object - 1);
        st = content_add_link(c, &l, err);
    }
    for (size_t i = 0; st == MP_OK && i < from->n_texts; i++) {
        struct content_text t = from->texts[i];
        t.object = (uint32_t)(t.object == 0 ? first : base + t.object - 1);
        st = content_add_text(c, &t, err);
    }
    return st;
}
