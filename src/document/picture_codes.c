/* What a QR code holds: a link that a phone would open, or text, which may have links in it. */
#include "content/found.h"
#include "content/place.h"
#include "document/picture.h"
#include "document/readers.h"
#include "url/url.h"

/* What a phone offers to open, of the schemes that lead somewhere. */
static bool is_link(const struct url *u)
{
    switch (u->kind) {
    case URL_NONE:
    case URL_OTHER:
    case URL_CID:
        return false;
    default:
        return true;
    }
}

/* "example.com/path": no scheme, no blanks, a name with letters behind its last dot, and a path. */
static bool is_bare(struct str text)
{
    size_t slash = str_find(text, '/');
    struct str host = str_slice(text, 0, slash);
    size_t dot = str_rfind(host, '.');
    if (slash == text.n || dot >= host.n || dot == 0 || host.n - dot < 3)
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (!is_alnum(host.p[i]) && host.p[i] != '.' && host.p[i] != '-')
            return false;
    for (size_t i = dot + 1; i < host.n; i++)
        if (!is_alpha(host.p[i]))
            return false;
    return !str_has(text, ' ') && !str_has(text, '\n');
}

static bool is_told(const struct content *c, size_t index, struct str text)
{
    const struct content_report *r = c->report;
    for (size_t i = 0; i < r->n_links; i++)
        if (r->links[i].object == index && r->links[i].source == LINK_QR &&
            str_eq(r->links[i].url, text))
            return true;
    for (size_t i = 0; i < r->n_texts; i++)
        if (r->texts[i].object == index && r->texts[i].kind == TEXT_QR &&
            str_eq(r->texts[i].text, text))
            return true;
    return false;
}

static int add_link(struct content *c, size_t index, struct str url, struct mp_err *err)
{
    struct content_link l = {.object = (uint32_t)index, .source = LINK_QR, .url = url};
    return content_add_link(c, &l, err);
}

/* A text, and what is a link in it. */
static int add_text(struct content *c, size_t index, struct str text, struct mp_err *err)
{
    struct content_text t = {.object = (uint32_t)index, .kind = TEXT_QR, .text = text};
    int st = content_add_text(c, &t, err);
    return st == MP_OK ? add_written_links(c, index, LINK_QR, text, err) : st;
}

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for what a QR code holds");
}

static int add_code(struct content *c, size_t index, struct str text, struct mp_err *err)
{
    struct url u;
    struct str shown = str_trim(text);
    int st = url_parse(c->arena, shown, NULL, &u, err);
    if (st == MP_OK && is_link(&u))
        return add_link(c, index, shown, err);
    if (st == MP_OK && is_bare(shown)) {
        struct str url = arena_join(c->arena, (struct str[]){STR("http://"), shown}, 2);
        return url.p == NULL ? no_memory(err) : add_link(c, index, url, err);
    }
    return st == MP_OK ? add_text(c, index, text, err) : st;
}

int picture_add_codes(struct content *c, size_t index, const struct qr_found *found,
                      enum finding_id id, const char *how, struct mp_err *err)
{
    int st = MP_OK;
    if (found->limited)
        content_cut(c, index, "more in a picture looks like QR codes than is tried");
    for (size_t i = 0; st == MP_OK && i < found->n; i++) {
        struct str text = arena_copy(c->arena, found->codes[i].text);
        if (text.p == NULL)
            return no_memory(err);
        if (is_told(c, index, str_trim(text)) || is_told(c, index, text))
            continue;
        if (id != FINDING_COUNT)
            finding_add(&c->report->findings, id, content_place(&c->report->objects[index]),
                        "%s: " STR_FMT, how, STR_ARG(text));
        st = add_code(c, index, text, err);
    }
    return st;
}
