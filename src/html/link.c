/* What a start tag links to, sends to and runs. */
#include "html/entity.h"
#include "html/html_internal.h"

enum { FEW_PIXELS = 3, NUMERIC_HREF = 3 };

const char *html_source_name(enum html_source source)
{
    static const char *const names[HTML_SOURCES] = {"a",       "area",  "form",       "button",
                                                    "img",     "frame", "object",     "base",
                                                    "refresh", "link",  "background", "media",
                                                    "script",  "svg",   "css"};
    return names[source];
}

void html_unseen_write(uint16_t unseen, char *out, size_t size)
{
    static const char *const names[] = {"display:none",
                                        "visibility:hidden",
                                        "opacity",
                                        "font-size",
                                        "clip",
                                        "out of the page",
                                        "a box without size",
                                        "the colour of its background",
                                        "an element that shows nothing",
                                        "for Outlook only"};
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t length = strlen(names[i]);
        if ((unseen >> i & 1) == 0 || n + length + 3 > size)
            continue;
        if (n > 0) {
            memcpy(out + n, ", ", 2);
            n += 2;
        }
        memcpy(out + n, names[i], length + 1);
        n += length;
    }
}

bool reader_room(struct html_reader *r, void *items, size_t n, size_t *cap, size_t size)
{
    void *old, *more;
    if (n < *cap)
        return true;
    memcpy(&old, items, sizeof old); /* any pointer to an array */
    size_t new_cap = *cap == 0 ? 8 : *cap * 2;
    more = arena_grow(r->arena, old, n, new_cap, size);
    if (more == NULL) {
        r->no_memory = true;
        return false;
    }
    memcpy(items, &more, sizeof more);
    *cap = new_cap;
    return true;
}

/* ---- addresses ---- */

static struct str trim_controls(struct str s)
{
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
        s = str_slice(s, 1, s.n);
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

static unsigned count_numeric(struct str raw)
{
    unsigned n = 0;
    for (size_t at; (at = str_find(raw, '&')) < raw.n;) {
        struct entity e = entity_at(str_slice(raw, at, raw.n), true);
        n += e.numeric && e.first < 0x80 && is_alnum((char)e.first);
        raw = str_slice(raw, at + (e.used > 0 ? e.used : 1), raw.n);
    }
    return n > UINT16_MAX ? UINT16_MAX : n;
}

/* "javascript:" and "vbscript:", as browsers read them: blanks and controls in it do not count. */
static bool is_script_address(struct str url)
{
    static const struct str schemes[] = {STR_INIT("javascript:"), STR_INIT("vbscript:"),
                                         STR_INIT("livescript:")};
    for (size_t k = 0; k < ARRAY_LEN(schemes); k++) {
        size_t n = 0;
        for (size_t i = 0; i < url.n && n < schemes[k].n; i++) {
            if ((unsigned char)url.p[i] <= ' ')
                continue;
            if (to_lower(url.p[i]) != schemes[k].p[n])
                break;
            n++;
        }
        if (n == schemes[k].n)
            return true;
    }
    return false;
}

static bool is_image_source(enum html_source source)
{
    return source == HTML_FROM_IMG || source == HTML_FROM_BACKGROUND || source == HTML_FROM_CSS ||
           source == HTML_FROM_MEDIA;
}

static uint16_t unseen_of(struct html_reader *r)
{
    const struct html_seen *s = &reader_top(r)->seen;
    return (uint16_t)(s->unseen | (r->outer_end != NULL ? HTML_UNSEEN_OUTLOOK : 0));
}

static struct html_link *add(struct html_reader *r, struct str url, enum html_source source,
                             uint16_t unseen)
{
    struct html_facts *f = r->facts;
    struct str trimmed = trim_controls(url);
    if (trimmed.n == 0 && source != HTML_FROM_A)
        return NULL;
    if (f->n_links == HTML_MAX_LINKS) {
        f->limits |= HTML_LIMIT_LINKS;
        return NULL;
    }
    if (!reader_room(r, &f->links, f->n_links, &r->links_cap, sizeof *f->links))
        return NULL;
    struct html_link *l = &f->links[f->n_links++];
    *l = (struct html_link){.url = trimmed, .source = source, .unseen = unseen, .form = -1};
    bool whole = str_istarts(trimmed, STR("data:")) || is_script_address(trimmed);
    if (!whole && trimmed.n > HTML_MAX_LINK_BYTES) {
        l->url = str_slice(trimmed, 0, HTML_MAX_LINK_BYTES);
        l->cut = true;
    }
    if (is_script_address(trimmed))
        script_add(r, HTML_SCRIPT_ADDRESS, STR_NONE, trimmed);
    /* Colour and size of letters do not hide what is no text. */
    uint16_t matters =
        is_image_source(source) ? (uint16_t) ~(HTML_UNSEEN_COLOR | HTML_UNSEEN_FONT) : UINT16_MAX;
    matters &= (uint16_t)~HTML_UNSEEN_OUTLOOK; /* somebody sees it */
    l->visible = (unseen & matters) == 0;
    return l;
}

static struct html_link *add_raw(struct html_reader *r, struct str raw, enum html_source source,
                                 uint16_t unseen)
{
    struct html_link *l = add(r, text_decode(r, raw, true), source, unseen);
    if (l != NULL && str_has(raw, '&')) {
        l->numeric = (uint16_t)count_numeric(raw);
        r->facts->numeric_href += l->numeric >= NUMERIC_HREF;
    }
    return l;
}

void link_add(struct html_reader *r, struct str url, enum html_source source)
{
    add(r, url, source, unseen_of(r));
}

void link_add_css(struct html_reader *r, struct str css, bool sheet)
{
    struct str url, rest = css;
    while (css_url_next(&rest, &url))
        link_add(r, url, HTML_FROM_CSS);
    for (rest = css; sheet && css_import_next(&rest, &url);)
        link_add(r, url, HTML_FROM_CSS);
}

/* ---- scripts ---- */

void script_add(struct html_reader *r, enum html_script_kind kind, struct str name, struct str text)
{
    struct html_facts *f = r->facts;
    if (f->n_scripts == HTML_MAX_SCRIPTS) {
        f->limits |= HTML_LIMIT_LINKS;
        return;
    }
    if (!reader_room(r, &f->scripts, f->n_scripts, &r->scripts_cap, sizeof *f->scripts))
        return;
    struct str tag = kind == HTML_SCRIPT_ELEMENT ? STR("script") : r->token.text;
    f->scripts[f->n_scripts++] =
        (struct html_script){.kind = kind, .name = name, .tag = tag, .text = text};
}

/* ---- links with a content ---- */

static void link_begin(struct html_reader *r, struct str href)
{
    link_end(r);
    struct html_link *l = add_raw(r, href, HTML_FROM_A, unseen_of(r));
    if (l == NULL)
        return;
    r->link = (int32_t)(r->facts->n_links - 1);
    r->link_depth = r->depth;
    r->link_text = r->outer_end != NULL ? r->dark.n : r->text.n;
}

/* Until link_finish the text of a link is its length, and `form` where it begins: -2 - offset in
 * what is not seen, for Outlook's. */
void link_end(struct html_reader *r)
{
    if (r->link < 0)
        return;
    struct html_link *l = &r->facts->links[r->link];
    bool outlook = r->outer_end != NULL;
    l->text = str_make(NULL, (outlook ? r->dark.n : r->text.n) - r->link_text);
    l->form = outlook ? -2 - (int32_t)r->link_text : (int32_t)r->link_text;
    bool shown = !outlook || (l->unseen & ~HTML_UNSEEN_OUTLOOK) == 0;
    l->visible = (shown && l->text.n > 0) || l->has_image;
    r->link = -1;
}

void link_finish(struct html_reader *r)
{
    struct html_facts *f = r->facts;
    link_end(r);
    for (size_t i = 0; i < f->n_links; i++) {
        struct html_link *l = &f->links[i];
        if (l->source != HTML_FROM_A)
            continue;
        const struct html_out *o = l->form < 0 ? &r->dark : &r->text;
        size_t from = (size_t)(l->form < 0 ? -2 - l->form : l->form);
        l->text = str_trim(str_slice(str_make(o->p, o->n), from, from + l->text.n));
        l->form = -1;
    }
}

/* ---- which attribute of which element is an address ---- */

static const struct {
    enum html_attribute_id attribute;
    enum html_tag tag; /* TAG_OTHER: any other */
    enum html_source source;
} addresses[] = {
    {ATTR_HREF, TAG_AREA, HTML_FROM_AREA},
    {ATTR_HREF, TAG_BASE, HTML_FROM_BASE},
    {ATTR_HREF, TAG_LINK, HTML_FROM_LINK},
    {ATTR_HREF, TAG_IMAGE, HTML_FROM_IMG},
    {ATTR_HREF, TAG_SCRIPT, HTML_FROM_SCRIPT},
    {ATTR_HREF, TAG_OTHER, HTML_FROM_SVG},
    {ATTR_XLINK_HREF, TAG_IMAGE, HTML_FROM_IMG},
    {ATTR_XLINK_HREF, TAG_SCRIPT, HTML_FROM_SCRIPT},
    {ATTR_XLINK_HREF, TAG_OTHER, HTML_FROM_SVG},
    {ATTR_SRC, TAG_IFRAME, HTML_FROM_FRAME},
    {ATTR_SRC, TAG_FRAME, HTML_FROM_FRAME},
    {ATTR_SRC, TAG_EMBED, HTML_FROM_OBJECT},
    {ATTR_SRC, TAG_SCRIPT, HTML_FROM_SCRIPT},
    {ATTR_SRC, TAG_VIDEO, HTML_FROM_MEDIA},
    {ATTR_SRC, TAG_AUDIO, HTML_FROM_MEDIA},
    {ATTR_SRC, TAG_SOURCE, HTML_FROM_MEDIA},
    {ATTR_SRC, TAG_TRACK, HTML_FROM_MEDIA},
    {ATTR_SRC, TAG_BGSOUND, HTML_FROM_MEDIA},
    {ATTR_SRC, TAG_OTHER, HTML_FROM_IMG},
    {ATTR_ACTION, TAG_FORM, HTML_FROM_FORM},
    {ATTR_FORMACTION, TAG_OTHER, HTML_FROM_BUTTON},
    {ATTR_DATA, TAG_OBJECT, HTML_FROM_OBJECT},
    {ATTR_CODEBASE, TAG_OTHER, HTML_FROM_OBJECT},
    {ATTR_BACKGROUND, TAG_OTHER, HTML_FROM_BACKGROUND},
    {ATTR_POSTER, TAG_OTHER, HTML_FROM_MEDIA},
    {ATTR_LOWSRC, TAG_OTHER, HTML_FROM_IMG},
    {ATTR_DYNSRC, TAG_OTHER, HTML_FROM_IMG},
    {ATTR_LONGDESC, TAG_OTHER, HTML_FROM_IMG},
    {ATTR_CITE, TAG_OTHER, HTML_FROM_LINK},
};

#define BIT(id) (UINT64_C(1) << (id))
static const uint64_t address_attributes =
    BIT(ATTR_HREF) | BIT(ATTR_XLINK_HREF) | BIT(ATTR_SRC) | BIT(ATTR_ACTION) |
    BIT(ATTR_FORMACTION) | BIT(ATTR_DATA) | BIT(ATTR_CODEBASE) | BIT(ATTR_BACKGROUND) |
    BIT(ATTR_POSTER) | BIT(ATTR_LOWSRC) | BIT(ATTR_DYNSRC) | BIT(ATTR_LONGDESC) | BIT(ATTR_CITE);

static bool source_of(enum html_attribute_id attribute, enum html_tag tag, enum html_source *out)
{
    if ((address_attributes >> attribute & 1) == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        if (addresses[i].attribute == attribute &&
            (addresses[i].tag == tag || addresses[i].tag == TAG_OTHER)) {
            *out = addresses[i].source;
            return true;
        }
    return false;
}

/* ---- elements of their own kind ---- */

/* A side by attribute or style of at most a few pixels: a picture that counts readers. */
static bool is_tiny(struct html_reader *r, const struct css_style *own)
{
    static const struct {
        enum html_attribute_id attribute;
        enum css_slot slot;
    } sides[] = {{ATTR_WIDTH, CSS_WIDTH}, {ATTR_HEIGHT, CSS_HEIGHT}};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        struct str s = html_token_value(&r->token, sides[i].attribute);
        uint64_t pixels;
        if (css_has(own, sides[i].slot)) {
            if (own->value[sides[i].slot] <= FEW_PIXELS * CSS_PX)
                return true;
        } else if (str_to_u64(str_slice(s, 0, s.n - (s.n > 2 && str_iends(s, STR("px")) ? 2 : 0)),
                              UINT32_MAX, &pixels) &&
                   pixels <= FEW_PIXELS) {
            return true;
        }
    }
    return false;
}

static void read_image(struct html_reader *r, const struct css_style *own, size_t first)
{
    struct html_facts *f = r->facts;
    uint16_t hidden =
        reader_top(r)->seen.unseen & (uint16_t) ~(HTML_UNSEEN_COLOR | HTML_UNSEEN_FONT);
    bool shown = hidden == 0 && !is_tiny(r, own);
    for (size_t i = first; i < f->n_links; i++)
        f->links[i].visible = shown && f->links[i].visible;
    if (r->link < 0 || !shown)
        return;
    f->images_in_links++;
    f->links[r->link].has_image = true;
}

static void read_srcset(struct html_reader *r)
{
    struct str set = trim_controls(html_token_value(&r->token, ATTR_SRCSET));
    size_t n = 0;
    while (n < set.n && !is_html_space(set.p[n]))
        n++;
    if (n > 0 && set.p[n - 1] == ',')
        n--;
    add_raw(r, str_slice(set, 0, n), HTML_FROM_IMG, unseen_of(r));
}

/* "5; URL='address'". */
static void read_refresh(struct html_reader *r)
{
    struct str s = text_decode(r, html_token_value(&r->token, ATTR_CONTENT), true);
    s = trim_controls(s);
    while (s.n > 0 && (is_digit(s.p[0]) || s.p[0] == '.'))
        s = str_slice(s, 1, s.n);
    while (s.n > 0 && (is_html_space(s.p[0]) || s.p[0] == ';' || s.p[0] == ','))
        s = str_slice(s, 1, s.n);
    if (str_istarts(s, STR("url"))) {
        struct str behind = trim_controls(str_slice(s, 3, s.n));
        if (behind.n > 0 && behind.p[0] == '=')
            s = trim_controls(str_slice(behind, 1, behind.n));
    }
    if (s.n > 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
        char quote = s.p[0];
        s = str_slice(s, 1, s.n);
        s = str_slice(s, 0, str_find(s, quote));
    }
    link_add(r, s, HTML_FROM_REFRESH);
}

static void read_form(struct html_reader *r)
{
    struct html_facts *f = r->facts;
    if (r->form >= 0 && !r->xml)
        return; /* within another one: as if it were not there */
    if (f->n_forms == HTML_MAX_FORMS) {
        f->limits |= HTML_LIMIT_LINKS;
        return;
    }
    if (!reader_room(r, &f->forms, f->n_forms, &r->forms_cap, sizeof *f->forms))
        return;
    struct str action = text_decode(r, html_token_value(&r->token, ATTR_ACTION), true);
    f->forms[f->n_forms] = (struct html_form){.action = trim_controls(action)};
    r->form = (int32_t)f->n_forms++;
}

static void read_input(struct html_reader *r, const struct css_style *own)
{
    struct html_facts *f = r->facts;
    struct str type = str_trim(text_decode(r, html_token_value(&r->token, ATTR_TYPE), true));
    bool masked = css_has(own, CSS_TEXT_SECURITY) && own->value[CSS_TEXT_SECURITY] != CSS_WORD_NONE;
    bool password = str_ieq(type, STR("password")) || masked;
    f->passwords += password;
    if (r->form >= 0 && r->form < (int32_t)f->n_forms) {
        f->forms[r->form].inputs++;
        f->forms[r->form].passwords += password;
    }
    static const struct str no_text[] = {STR_INIT("hidden"),   STR_INIT("password"),
                                         STR_INIT("checkbox"), STR_INIT("radio"),
                                         STR_INIT("image"),    STR_INIT("file"),
                                         STR_INIT("color"),    STR_INIT("range")};
    bool shows = !masked;
    for (size_t i = 0; i < ARRAY_LEN(no_text); i++)
        shows = shows && !str_ieq(type, no_text[i]);
    struct str value = html_token_value(&r->token, ATTR_VALUE);
    struct str hint = html_token_value(&r->token, ATTR_PLACEHOLDER);
    if (str_ieq(type, STR("hidden")))
        return;
    struct str shown[2] = {shows ? value : STR_NONE, hint};
    for (unsigned i = 0; i < 2; i++) {
        if (shown[i].n == 0)
            continue;
        text_break(r);
        text_add(r, shown[i], true);
        text_break(r);
    }
}

static void read_param(struct html_reader *r)
{
    static const struct str names[] = {STR_INIT("movie"), STR_INIT("src"), STR_INIT("url"),
                                       STR_INIT("filename"), STR_INIT("data")};
    struct str name = html_token_value(&r->token, ATTR_NAME);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(name, names[i])) {
            struct str value = html_token_value(&r->token, ATTR_VALUE);
            struct html_link *l = add_raw(r, value, HTML_FROM_OBJECT, unseen_of(r));
            if (l != NULL)
                l->visible = false;
        }
}

/* <animate attributeName="href" to="...">: addresses that come later. */
static void read_animation(struct html_reader *r)
{
    static const enum html_attribute_id values[] = {ATTR_TO, ATTR_FROM, ATTR_VALUES};
    struct str name = html_token_value(&r->token, ATTR_ATTRIBUTE_NAME);
    bool href = str_iends(name, STR("href"));
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct str value = html_token_value(&r->token, values[i]);
        struct str text = trim_controls(text_decode(r, value, true));
        if (href || is_script_address(text))
            link_add(r, text, HTML_FROM_SVG);
    }
}

static void read_kind(struct html_reader *r, const struct css_style *own)
{
    switch (r->token.tag) {
    case TAG_FORM:
        read_form(r);
        break;
    case TAG_INPUT:
        read_input(r, own);
        break;
    case TAG_META:
        if (str_ieq(str_trim(html_token_value(&r->token, ATTR_HTTP_EQUIV)), STR("refresh")))
            read_refresh(r);
        break;
    case TAG_PARAM:
        read_param(r);
        break;
    case TAG_ANIMATE:
    case TAG_SET:
        read_animation(r);
        break;
    default:
        break;
    }
}

/* ---- one tag ---- */

static void read_address(struct html_reader *r, const struct html_attribute *a,
                         enum html_source source)
{
    struct html_link *l = add_raw(r, a->value, source, unseen_of(r));
    if (l == NULL)
        return;
    if (source == HTML_FROM_FORM)
        l->form = r->form;
    if (source == HTML_FROM_BASE || source == HTML_FROM_LINK || source == HTML_FROM_SCRIPT ||
        source == HTML_FROM_OBJECT)
        l->visible = false;
}

/* A picture that is no <img>: what a link around it shows. */
static bool is_shown_picture(struct html_reader *r, const struct css_style *own)
{
    static const enum html_tag pictures[] = {TAG_SVG, TAG_OBJECT, TAG_EMBED, TAG_VIDEO, TAG_IFRAME};
    const uint16_t letters_only = HTML_UNSEEN_COLOR | HTML_UNSEEN_FONT;
    bool picture = css_has(own, CSS_IMAGE) && own->value[CSS_IMAGE] != 0;
    for (size_t i = 0; i < ARRAY_LEN(pictures); i++)
        picture |= r->token.tag == pictures[i];
    return picture && (reader_top(r)->seen.unseen & ~letters_only) == 0;
}

void link_read(struct html_reader *r, const struct css_style *own)
{
    const struct html_token *t = &r->token;
    size_t first = r->facts->n_links;
    bool is_a = t->tag == TAG_A;
    read_kind(r, own);
    for (unsigned i = 0; i < t->n; i++) {
        const struct html_attribute *a = &t->attributes[i];
        enum html_source source;
        if (a->id == ATTR_OTHER)
            script_add(r, HTML_SCRIPT_HANDLER, a->name, text_decode(r, a->value, true));
        else if (a->id == ATTR_SRCSET)
            read_srcset(r);
        else if (a->id == ATTR_SRCDOC && reader_room(r, &r->facts->srcdocs, r->facts->n_srcdocs,
                                                     &r->srcdocs_cap, sizeof *r->facts->srcdocs))
            r->facts->srcdocs[r->facts->n_srcdocs++] = text_decode(r, a->value, true);
        else if (a->id == ATTR_STYLE && str_has(a->value, '('))
            link_add_css(r, text_decode(r, a->value, true), false);
        else if (!(is_a && (a->id == ATTR_HREF || a->id == ATTR_XLINK_HREF)) &&
                 source_of(a->id, t->tag, &source))
            read_address(r, a, source);
    }
    if (t->tag == TAG_IMG || t->tag == TAG_IMAGE ||
        (t->tag == TAG_INPUT && r->facts->n_links > first))
        read_image(r, own, first);
    if (!is_a) {
        if (r->link >= 0 && is_shown_picture(r, own))
            r->facts->links[r->link].has_image = true;
        return;
    }
    struct str href = html_token_value(t, ATTR_HREF);
    if (href.p == NULL)
        href = html_token_value(t, ATTR_XLINK_HREF);
    if (href.p != NULL) {
        link_begin(r, href);
        if (r->link >= 0 && is_shown_picture(r, own))
            r->facts->links[r->link].has_image = true;
    } else {
        link_end(r); /* "<a name=...>" ends an open one too */
    }
}
