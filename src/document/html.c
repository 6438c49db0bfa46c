/* Pages: what they show and hide, where they lead, what is packed in them. */
#include "base/utf8.h"
#include "content/found.h"
#include "document/page.h"
#include "document/readers.h"

static bool is_subtype(const struct content_object *o, struct str type, struct str subtype)
{
    return str_ieq(o->type, type) && str_istarts(o->subtype, subtype);
}

/* Of one of its names; what systems cut off behind an extension is no part of it. */
static bool has_extension(const struct content_object *o, const struct str *extensions, size_t n)
{
    for (size_t i = 0; i < o->n_names; i++) {
        struct str name = o->names[i].text;
        while (name.n > 0 && (name.p[name.n - 1] == '.' || name.p[name.n - 1] == ' ' ||
                              name.p[name.n - 1] == '"'))
            name.n--;
        for (size_t k = 0; k < n; k++)
            if (str_iends(name, extensions[k]))
                return true;
    }
    return false;
}

static bool is_svg(const struct content_object *o)
{
    static const struct str extensions[] = {STR_INIT(".svg")};
    return o->kind == FILE_SVG || is_subtype(o, STR("image"), STR("svg")) ||
           (o->kind != FILE_HTML && has_extension(o, extensions, ARRAY_LEN(extensions)));
}

/* Browsers go by the name of a file and the declared type where the bytes say nothing. */
bool html_is(const struct content_object *o)
{
    static const struct str extensions[] = {STR_INIT(".html"),  STR_INIT(".htm"),
                                            STR_INIT(".xhtml"), STR_INIT(".shtml"),
                                            STR_INIT(".xht"),   STR_INIT(".svg")};
    if (o->kind == FILE_HTML || o->kind == FILE_SVG || o->kind == FILE_HTA)
        return true;
    bool silent = o->kind == FILE_TEXT || o->kind == FILE_UNKNOWN || o->kind == FILE_XML ||
                  o->kind == FILE_SCRIPT || o->kind == FILE_MAIL;
    return silent && (is_subtype(o, STR("text"), STR("html")) ||
                      is_subtype(o, STR("application"), STR("xhtml")) ||
                      is_subtype(o, STR("image"), STR("svg")) ||
                      has_extension(o, extensions, ARRAY_LEN(extensions)));
}

/* ---- the page as UTF-8 ---- */

static int no_memory(struct page *p)
{
    return mp_fail(p->err, MP_E_NOMEM, 0, "no memory for a page");
}

static int to_utf8(struct page *p, struct str *out)
{
    const struct content_object *o = &p->object;
    struct str unknown;
    int st = html_to_utf8(p->c->arena, o->bytes, o->charset, out, &unknown, p->err);
    if (st != MP_OK || unknown.n == 0)
        return st;
    *out = text_as_utf8(p->c->arena, unknown, o->bytes);
    return out->p == NULL ? no_memory(p) : MP_OK;
}

/* ---- links ---- */

static enum link_source source_of(enum html_source s)
{
    switch (s) {
    case HTML_FROM_A:
    case HTML_FROM_AREA:
    case HTML_FROM_SVG:
        return LINK_HREF;
    case HTML_FROM_FORM:
    case HTML_FROM_BUTTON:
        return LINK_FORM;
    case HTML_FROM_REFRESH:
        return LINK_REFRESH;
    default:
        return LINK_LOADED;
    }
}

/* Parts of the mail, places in the page itself, and pictures that are written out lead nowhere. */
static bool leads_nowhere(const struct html_link *l)
{
    return l->url.n == 0 || l->url.p[0] == '#' || str_istarts(l->url, STR("cid:")) ||
           (str_istarts(l->url, STR("data:")) && source_of(l->source) == LINK_LOADED &&
            l->source != HTML_FROM_FRAME && l->source != HTML_FROM_OBJECT);
}

/* By the base of the page, when the address is no whole one. */
static int resolve(struct page *p, struct str *address)
{
    struct url u;
    if (!p->has_base)
        return MP_OK;
    int st = url_parse(p->c->arena, *address, NULL, &u, p->err);
    bool guessed = str_istarts(*address, STR("www.")); /* for browsers it is a file */
    if (st != MP_OK || (u.kind != URL_NONE && !guessed))
        return st;
    st = url_parse(p->c->arena, *address, &p->base, &u, p->err);
    if (st != MP_OK || u.kind == URL_NONE)
        return st;
    struct str href = url_href(p->c->arena, &u);
    if (href.p == NULL)
        return no_memory(p);
    *address = href;
    return MP_OK;
}

static int add_link(struct page *p, const struct html_link *l)
{
    struct content_link link = {.object = (uint32_t)p->index,
                                .source = source_of(l->source),
                                .url = str_slice(l->url, 0, CONTENT_MAX_LINK_BYTES),
                                .text = l->text,
                                .hidden = !l->visible};
    if (l->cut)
        content_cut(p->c, p->index, "an address of a page is too long");
    int st = resolve(p, &link.url);
    return st == MP_OK ? content_add_link(p->c, &link, p->err) : st;
}

/* The first <base> with an address is the base of the whole page. */
static int read_base(struct page *p)
{
    p->has_base = false;
    for (size_t i = 0; i < p->facts.n_links; i++) {
        if (p->facts.links[i].source != HTML_FROM_BASE)
            continue;
        p->base_text = p->facts.links[i].url;
        int st = url_parse(p->c->arena, p->base_text, NULL, &p->base, p->err);
        p->has_base = st == MP_OK && url_is_web(&p->base);
        return st;
    }
    return MP_OK;
}

static bool is_data_page(struct str url)
{
    return str_istarts(url, STR("data:text/html")) || str_istarts(url, STR("data:image/svg")) ||
           str_istarts(url, STR("data:application/xhtml")) || str_istarts(url, STR("data:,")) ||
           str_istarts(url, STR("data:;"));
}

/* A page in an address, with %-escapes; those in base64 are found as payloads. */
static int add_data_page(struct page *p, struct str url)
{
    size_t comma = str_find(url, ',');
    bool encoded = str_isearch(str_slice(url, 0, comma), STR(";base64")) < comma;
    struct str text = str_slice(url, comma + 1, url.n);
    if (encoded || text.n == 0)
        return MP_OK;
    char *out = arena_new(p->c->arena, char, text.n);
    if (out == NULL)
        return no_memory(p);
    page_add(p, str_make(out, page_unescape(text, out)));
    return MP_OK;
}

static int add_links(struct page *p)
{
    const struct html_facts *f = &p->facts;
    int st = read_base(p);
    for (size_t i = 0; i < f->n_links && st == MP_OK; i++) {
        const struct html_link *l = &f->links[i];
        bool shown = l->source != HTML_FROM_IMG && l->source != HTML_FROM_CSS &&
                     l->source != HTML_FROM_BACKGROUND;
        if (shown && is_data_page(l->url))
            st = add_data_page(p, l->url);
        if (st == MP_OK && l->source != HTML_FROM_BASE && !leads_nowhere(l))
            st = add_link(p, l);
    }
    for (size_t i = 0; i < f->n_srcdocs; i++)
        page_add(p, f->srcdocs[i]);
    return st;
}

/* ---- texts ---- */

static int add_text(struct page *p, enum text_kind kind, struct str name, struct str text)
{
    struct content_text t = {
        .object = (uint32_t)p->index, .kind = kind, .name = name, .text = text};
    return content_add_text(p->c, &t, p->err);
}

/* All that is not seen, piece by piece; what is for Outlook is seen there. */
static int add_hidden(struct page *p)
{
    const struct html_facts *f = &p->facts;
    size_t n = 0;
    struct buf b;
    buf_init(&b, CONTENT_MAX_TEXT_BYTES);
    for (size_t i = 0; i < f->n_hidden; i++) {
        if (b.n + f->hidden[i].text.n >= CONTENT_MAX_TEXT_BYTES)
            break;
        buf_add(&b, f->hidden[i].text);
        buf_addc(&b, '\n');
        n++;
    }
    struct str text = n == 0 ? STR("") : arena_copy(p->c->arena, buf_str(&b));
    bool failed = text.p == NULL || b.failed;
    buf_clear(&b);
    return failed ? no_memory(p) : add_text(p, TEXT_HIDDEN, STR(""), text);
}

static int add_texts(struct page *p)
{
    const struct html_facts *f = &p->facts;
    int st = p->body ? MP_OK : add_text(p, TEXT_SEEN, STR(""), f->title);
    if (st == MP_OK)
        st = add_text(p, TEXT_SEEN, STR(""), f->text);
    if (st == MP_OK && f->n_hidden > 0)
        st = add_hidden(p);
    for (size_t i = 0; i < f->n_scripts && st == MP_OK; i++)
        if (f->scripts[i].kind == HTML_SCRIPT_ELEMENT)
            st = add_text(p, TEXT_MACRO, STR("script"), /* whole ones were looked at */
                          utf8_cut(str_trim(f->scripts[i].text), CONTENT_MAX_MACRO_BYTES));
    return st;
}

/* ---- pages in turn ---- */

void page_add(struct page *p, struct str utf8)
{
    if (p->n_within == PAGE_MAX_WITHIN)
        content_cut(p->c, p->index, "too many pages within a page");
    else if (utf8.n > 0)
        p->within[p->n_within++] = utf8;
}

static void tell_limits(struct page *p)
{
    static const struct {
        unsigned limit;
        const char *what;
    } limits[] = {{HTML_LIMIT_TAGS, "a page has too many tags"},
                  {HTML_LIMIT_DEPTH, "elements of a page are nested too deeply"},
                  {HTML_LIMIT_ATTRIBUTES, "a tag has too many attributes"},
                  {HTML_LIMIT_TEXT, "a page has too much text"},
                  {HTML_LIMIT_LINKS, "a page has too many addresses or scripts"},
                  {HTML_LIMIT_RULES, "a page has too many rules of style"}};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if ((p->facts.limits & limits[i].limit) != 0)
            content_cut(p->c, p->index, limits[i].what);
}

static int read_one(struct page *p, struct str utf8)
{
    struct html_options options = {.xml = p->begun_within == 0 && p->svg};
    int st = html_read(p->c->arena, utf8, &options, &p->facts, p->err);
    if (st != MP_OK)
        return st;
    tell_limits(p);
    st = add_links(p);
    if (st == MP_OK)
        st = page_payloads(p, utf8);
    if (st == MP_OK)
        st = add_texts(p);
    if (st == MP_OK)
        st = page_scripts(p);
    return st == MP_OK ? page_rules(p) : st;
}

int html_read_object(struct content *c, size_t index, struct mp_err *err)
{
    struct page *p = arena_new(c->arena, struct page, 1);
    if (p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a page");
    *p = (struct page){.c = c, .index = index, .object = c->report->objects[index], .err = err};
    p->body = object_is_body(&p->object);
    p->svg = is_svg(&p->object);
    struct str utf8;
    int st = to_utf8(p, &utf8);
    if (st == MP_OK)
        st = read_one(p, utf8);
    while (st == MP_OK && p->begun_within < p->n_within)
        st = read_one(p, p->within[p->begun_within++]);
    if (st == MP_OK)
        page_rules_at_end(p);
    return st;
}
