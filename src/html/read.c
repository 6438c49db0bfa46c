/* A page read once: tokens in, facts out. */
#include "html/html_internal.h"

/* ---- start tags ---- */

static void count_bidi(struct html_reader *r, const struct css_style *own)
{
    bool override =
        r->token.tag == TAG_BDO ||
        (css_has(own, CSS_UNICODE_BIDI) && own->value[CSS_UNICODE_BIDI] == CSS_WORD_BIDI_OVERRIDE);
    r->facts->bidi += override && reader_top(r)->seen.rtl;
}

static void count_tag(struct html_reader *r)
{
    struct html_facts *f = r->facts;
    switch (r->token.tag) {
    case TAG_BR:
        r->breaks++;
        break;
    case TAG_P:
        r->empty++;
        break;
    case TAG_SVG:
        f->has_svg = true;
        break;
    case TAG_FORM:
    case TAG_IFRAME:
    case TAG_INPUT:
    case TAG_EMBED:
    case TAG_OBJECT:
    case TAG_BODY:
        f->foreign += r->counts[TAG_FOREIGN_OBJECT] > 0;
        break;
    default:
        break;
    }
}

/* What a start tag closes before it opens. */
static void end_before(struct html_reader *r, uint16_t flags)
{
    enum html_tag tag = r->token.tag;
    if (r->xml)
        return;
    if (r->tokens.foreign && (flags & IS_BREAKOUT) != 0)
        while (r->depth > r->floor && open_is_foreign(r))
            open_pop_to(r, r->depth - 1);
    if (r->tokens.foreign)
        return;
    if (tag == TAG_A && r->counts[TAG_A] > 0)
        open_close(r, TAG_A, STR_NONE);
    open_imply(r, tag);
}

static bool has_no_content(const struct html_reader *r, uint16_t flags)
{
    bool foreign = r->tokens.foreign || r->xml || (flags & IS_FOREIGN) != 0;
    if (foreign)
        return r->token.self_closing;
    return (flags & IS_VOID) != 0 || ((flags & IS_ROOT) != 0 && r->counts[r->token.tag] > 0);
}

static void start_tag(struct html_reader *r)
{
    struct html_token *t = &r->token;
    struct css_style own;
    if (t->tag == TAG_IMAGE && !r->tokens.foreign)
        t->tag = TAG_IMG;
    uint16_t flags = html_tag_flags[t->tag];
    end_before(r, flags);
    if ((flags & (IS_BLOCK | IS_LINE)) != 0 || t->tag == TAG_BR)
        text_break(r);
    count_tag(r);
    bool styled = (t->n > 0 || r->sheet.heads != NULL) && style_read(r, &own);
    if (!styled || t->tag == TAG_HEAD)
        own.set = own.important = 0;
    bool empty = has_no_content(r, flags);
    unsigned depth = r->depth, beyond = r->beyond;
    open_push(r, &own, own.set != 0);
    if (t->n > 0 || r->link >= 0 || t->tag == TAG_FORM || t->tag == TAG_INPUT || t->tag == TAG_IMG)
        link_read(r, &own);
    count_bidi(r, &own);
    if (empty) {
        open_pop_to(r, depth);
        r->beyond = beyond;
    } else if (!r->tokens.foreign && !r->xml) {
        r->content = r->tokens.raw;
    }
}

/* ---- end tags ---- */

static void end_tag(struct html_reader *r)
{
    enum html_tag tag = r->token.tag;
    uint16_t flags = html_tag_flags[tag];
    if (tag == TAG_A && r->link >= 0)
        link_end(r);
    if (tag == TAG_FORM)
        r->form = -1;
    bool closed = open_close(r, tag, r->token.text);
    if (!closed && !r->tokens.foreign && (tag == TAG_P || tag == TAG_BR))
        count_tag(r); /* "</p>" alone is an empty one, "</br>" a <br> */
    if ((flags & (IS_BLOCK | IS_LINE)) != 0 || tag == TAG_BR)
        text_break(r);
}

/* ---- text ---- */

static void style_text(struct html_reader *r)
{
    struct html_facts *f = r->facts;
    struct str text = r->token.text;
    link_add_css(r, text, true);
    if (r->again || r->outer_end != NULL ||
        !css_is_for_screen(html_token_value(&r->token, ATTR_MEDIA)))
        return;
    uint32_t before = r->sheet.order;
    if (!css_sheet_read(r->arena, &r->sheet, text))
        r->no_memory = true;
    r->late_rules |= r->sheet.order != before && f->seen_letters + f->hidden_letters > 0;
}

static void content_text(struct html_reader *r, enum html_tag of)
{
    struct html_token *t = &r->token;
    bool references = t->kind == TOKEN_TEXT;
    switch (of) {
    case TAG_STYLE:
        style_text(r);
        break;
    case TAG_SCRIPT:
        script_add(r, HTML_SCRIPT_ELEMENT, STR_NONE,
                   references ? text_decode(r, t->text, false) : t->text);
        break;
    case TAG_TITLE:
        if (r->facts->title.n == 0)
            r->facts->title = str_trim(text_decode(r, t->text, false));
        break;
    case TAG_IFRAME:
    case TAG_NOEMBED:
    case TAG_NOFRAMES:
        break;
    default:
        text_add(r, t->text, references);
        break;
    }
}

static void text(struct html_reader *r)
{
    const struct html_open *top = reader_top(r);
    enum html_tag of = r->content;
    if (of == TAG_OTHER && (top->tag == TAG_SCRIPT || top->tag == TAG_STYLE))
        of = top->tag;
    content_text(r, of);
}

/* ---- comments for Outlook ---- */

/* "<!--[if mso]> ... <![endif]-->": only Outlook shows it, and it is read as what Outlook shows. */
static void comment(struct html_reader *r)
{
    struct str text = str_trim(r->token.text);
    size_t open = str_search(text, STR("]>"));
    if (!str_istarts(text, STR("[if")) || open == text.n || r->outer_end != NULL)
        return;
    struct str body = str_slice(text, open + 2, text.n);
    size_t end = body.n;
    while (end > 0 && body.p[end - 1] != '<')
        end--;
    if (end > 0 && str_istarts(str_slice(body, end - 1, body.n), STR("<![endif")))
        body.n = end - 1;
    r->outer_end = r->tokens.end;
    r->outer_next = r->tokens.p;
    r->outer_link = r->link;
    r->outer_form = r->form;
    r->outer_depth = r->link_depth;
    r->outer_text = r->link_text;
    r->link = r->form = -1;
    r->floor = r->depth;
    r->tokens.p = body.p;
    r->tokens.end = body.p + body.n;
}

static void comment_leave(struct html_reader *r)
{
    link_end(r);
    open_pop_to(r, r->floor);
    r->floor = 0;
    r->link = r->outer_link;
    r->form = r->outer_form;
    r->link_depth = r->outer_depth;
    r->link_text = r->outer_text;
    r->tokens.p = r->outer_next;
    r->tokens.end = r->outer_end;
    r->tokens.raw = r->content = TAG_OTHER;
    r->outer_end = NULL;
}

/* ---- the page ---- */

static void take(struct html_reader *r)
{
    switch (r->token.kind) {
    case TOKEN_START:
        r->content = TAG_OTHER;
        start_tag(r);
        break;
    case TOKEN_CLOSE:
        r->content = TAG_OTHER;
        end_tag(r);
        break;
    case TOKEN_TEXT:
    case TOKEN_RAW:
        text(r);
        break;
    case TOKEN_COMMENT:
        comment(r);
        break;
    case TOKEN_OTHER:
        r->facts->has_entities |=
            r->xml && str_isearch(r->token.text, STR("<!ENTITY")) < r->token.text.n;
        break;
    case TOKEN_END:
        break;
    }
}

static void read_all(struct html_reader *r)
{
    for (;;) {
        html_token_next(&r->tokens, &r->token);
        if (r->token.kind == TOKEN_END && r->outer_end == NULL)
            break;
        if (r->token.kind == TOKEN_END)
            comment_leave(r);
        else if (r->token.kind == TOKEN_START && ++r->facts->tags > HTML_MAX_TAGS)
            break;
        else if (r->token.kind == TOKEN_CLOSE && ++r->end_tags > HTML_MAX_TAGS)
            break;
        else
            take(r);
        if (r->no_memory)
            return;
    }
    if (r->facts->tags > HTML_MAX_TAGS || r->end_tags > HTML_MAX_TAGS)
        r->facts->limits |= HTML_LIMIT_TAGS;
    if (r->tokens.too_many_attributes)
        r->facts->limits |= HTML_LIMIT_ATTRIBUTES;
    if (r->sheet.full)
        r->facts->limits |= HTML_LIMIT_RULES;
    link_finish(r);
    text_end(r);
}

static void begin(struct html_reader *r, struct str page, bool xml)
{
    html_tokenizer_init(&r->tokens, page, xml);
    r->xml = xml;
    r->link = r->form = -1;
    r->open[0] = (struct html_open){.seen = seen_of_page()};
}

/* The second reading knows the rules that stood behind the text, and nothing else of the first. */
static void begin_again(struct html_reader *r, struct str page, bool xml)
{
    struct html_reader first = *r;
    *r = (struct html_reader){.arena = first.arena,
                              .facts = first.facts,
                              .open = first.open,
                              .open_cap = first.open_cap,
                              .styles = first.styles,
                              .known = first.known,
                              .sheet = first.sheet,
                              .again = true};
    *r->facts = (struct html_facts){0};
    begin(r, page, xml);
}

int html_read(struct arena *arena, struct str page, const struct html_options *options,
              struct html_facts *out, struct mp_err *err)
{
    struct html_facts facts = {0};
    struct html_reader *r = arena_new(arena, struct html_reader, 1);
    struct html_open *open = arena_new(arena, struct html_open, HTML_FIRST_OPEN);
    struct css_style **styles = arena_new(arena, struct css_style *, HTML_FIRST_OPEN);
    struct html_style *known = arena_new(arena, struct html_style, HTML_STYLES_KEPT);
    if (r == NULL || open == NULL || styles == NULL || known == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "a page needs more memory than allowed");
    *r = (struct html_reader){.arena = arena,
                              .facts = &facts,
                              .open = open,
                              .open_cap = HTML_FIRST_OPEN,
                              .styles = styles,
                              .known = known};
    begin(r, page, options->xml);
    read_all(r);
    if (r->late_rules && !r->no_memory) {
        begin_again(r, page, options->xml);
        read_all(r);
    }
    if (r->no_memory)
        return mp_fail(err, MP_E_NOMEM, 0, "a page needs more memory than allowed");
    *out = facts;
    return MP_OK;
}
