/* The tokenizer: every byte is looked at once, and what is found is a view of it. */
#include "html/token.h"

#include "base/vec.h"

const uint16_t html_tag_flags[TAG_COUNT] = {
#define TAG(symbol, name, flags) [TAG_##symbol] = (flags),
#include "html/tags.def"
#undef TAG
};

void html_tokenizer_init(struct html_tokenizer *t, struct str input, bool xml)
{
    const char *p = input.n == 0 ? "" : input.p;
    *t = (struct html_tokenizer){.p = p, .end = p + input.n, .xml = xml, .foreign = xml};
}

struct str html_token_value(const struct html_token *t, enum html_attribute_id id)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->attributes[i].id == id)
            return t->attributes[i].value;
    return STR_NONE;
}

static struct str between(const char *from, const char *to)
{
    return str_make(from, (size_t)(to - from));
}

/* The first `c`, or the end. */
static const char *find(const char *p, const char *end, char c)
{
    const char *hit = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
    return hit == NULL ? end : hit;
}

static bool starts(const char *p, const char *end, struct str lower)
{
    return (size_t)(end - p) >= lower.n && str_istarts(str_make(p, lower.n), lower);
}

/* ---- tags ---- */

/* Bytes that end the name of a tag (1) or of an attribute (2). */
static const uint8_t name_ends[256] = {
    [' '] = 3, ['\t'] = 3, ['\n'] = 3, ['\r'] = 3, ['\f'] = 3, ['/'] = 3, ['>'] = 3, ['='] = 2,
};

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_html_space(*p))
        p++;
    return p;
}

/* "Attribute name state": a "=" in front belongs to the name. */
static const char *read_name(const char *p, const char *end)
{
    p += p < end && *p == '=';
    while (p < end && !(name_ends[(unsigned char)*p] & 2))
        p++;
    return p;
}

/* Behind the "=". NULL: the input ends within the value. */
static const char *read_value(const char *p, const char *end, struct str *value)
{
    p = skip_space(p, end);
    if (p == end)
        return NULL;
    if (*p == '"' || *p == '\'') {
        const char *from = p + 1, *to = find(from, end, *p);
        *value = between(from, to);
        return to == end ? NULL : to + 1;
    }
    const char *from = p;
    while (p < end && *p != '>' && !is_html_space(*p))
        p++;
    *value = between(from, p);
    return p;
}

struct seen {
    uint64_t ids;
    unsigned n; /* all that were read */
};

static void keep(struct html_tokenizer *t, struct html_token *out, struct seen *seen,
                 const struct html_attribute *a)
{
    bool handler = a->id == ATTR_OTHER && a->name.n > 2 && to_lower(a->name.p[0]) == 'o' &&
                   to_lower(a->name.p[1]) == 'n';
    if (seen->n++ >= HTML_MAX_ATTRIBUTES) {
        t->too_many_attributes = true;
        return;
    }
    if ((!handler && (a->id == ATTR_OTHER || (seen->ids >> a->id & 1) != 0)))
        return;
    out->handlers += handler;
    seen->ids |= UINT64_C(1) << a->id;
    if (out->n < HTML_MAX_KEPT)
        out->attributes[out->n++] = *a;
    else
        t->too_many_attributes = true;
}

_Static_assert(ATTR_COUNT <= 64, "one bit an attribute");

/* Behind the name of the tag: the attributes, to behind the ">". False: the input ended first. */
static bool read_attributes(struct html_tokenizer *t, struct html_token *out)
{
    const char *p = t->p, *end = t->end;
    struct seen seen = {0};
    for (;;) {
        p = skip_space(p, end);
        if (p == end)
            return false;
        if (*p == '>') {
            t->p = p + 1;
            return true;
        }
        if (*p == '/') {
            out->self_closing = p + 1 < end && p[1] == '>';
            p++;
            continue;
        }
        struct html_attribute a = {.name = between(p, read_name(p, end)), .value = {"", 0}};
        p = skip_space(p + a.name.n, end);
        if (p < end && *p == '=' && (p = read_value(p + 1, end, &a.value)) == NULL)
            return false;
        a.id = (enum html_attribute_id)words_find(&html_attribute_words, a.name);
        if (a.id == ATTR_OTHER && str_iends(a.name, STR(":href"))) /* any prefix of XLink's */
            a.id = ATTR_XLINK_HREF;
        keep(t, out, &seen, &a);
    }
}

/* At "<" or "</" and a letter. */
static void read_tag(struct html_tokenizer *t, const char *name, struct html_token *out)
{
    const char *p = name, *end = t->end;
    while (p < end && !(name_ends[(unsigned char)*p] & 1))
        p++;
    out->kind = name[-1] == '/' ? TOKEN_CLOSE : TOKEN_START;
    out->text = between(name, p);
    struct str known = out->text;
    if (t->xml) /* "svg:script" */
        known = str_slice(known, str_rfind(known, ':') % known.n + str_has(known, ':'), known.n);
    out->tag = (enum html_tag)words_find(&html_tag_words, known);
    out->n = out->handlers = 0;
    out->self_closing = false;
    t->p = p;
    if (!read_attributes(t, out)) {
        t->p = end;
        out->kind = TOKEN_END;
        return;
    }
    uint16_t flags = html_tag_flags[out->tag];
    if (out->kind != TOKEN_START || t->foreign)
        return;
    if ((flags & (IS_RAW | IS_RCDATA | IS_SCRIPT)) != 0) {
        t->raw = out->tag;
        t->raw_references = (flags & IS_RCDATA) != 0;
    }
    if (out->tag == TAG_PLAINTEXT)
        t->raw = TAG_PLAINTEXT;
}

/* ---- raw content ---- */

/* Is `p` at "</name" or "<name" (of length `skip` in front of the name) and what ends a name? */
static bool at_name(const char *p, const char *end, size_t skip, struct str name)
{
    return (size_t)(end - p) > skip + name.n && starts(p + skip, end, name) &&
           (name_ends[(unsigned char)p[skip + name.n]] & 1) != 0;
}

static const char *raw_end(const char *p, const char *end, struct str name)
{
    for (; (p = find(p, end, '<')) < end; p++)
        if (p + 1 < end && p[1] == '/' && at_name(p, end, 2, name))
            return p;
    return end;
}

/* "Script data" and its escaped states: "<!--" hides one "</script" for each "<script" in it. */
static const char *script_end(const char *p, const char *end)
{
    const struct str name = STR("script");
    enum { DATA, ESCAPED, DOUBLE } state = DATA;
    for (; p < end; p++) {
        if (state == DATA && (p = find(p, end, '<')) == end)
            break;
        if (state != DATA && *p == '-' && starts(p, end, STR("-->"))) {
            state = DATA;
        } else if (*p != '<') {
            continue;
        } else if (state == DATA && starts(p, end, STR("<!--"))) {
            state = ESCAPED;
            p += 1; /* the dashes may end it again: "<!-->" */
        } else if (p + 1 < end && p[1] == '/' && at_name(p, end, 2, name)) {
            if (state != DOUBLE)
                return p;
            state = ESCAPED;
        } else if (state == ESCAPED && at_name(p, end, 1, name)) {
            state = DOUBLE;
        }
    }
    return end;
}

static bool read_raw(struct html_tokenizer *t, struct html_token *out)
{
    enum html_tag tag = t->raw;
    const char *to = tag == TAG_PLAINTEXT ? t->end
                     : tag == TAG_SCRIPT  ? script_end(t->p, t->end)
                                          : raw_end(t->p, t->end, html_tag_words.names[tag]);
    t->raw = TAG_OTHER;
    out->kind = t->raw_references ? TOKEN_TEXT : TOKEN_RAW;
    t->raw_references = false;
    out->text = between(t->p, to);
    t->p = to;
    return out->text.n > 0;
}

/* ---- comments and declarations ---- */

/* Behind "<!--": to behind "-->", "--!>", or the end; ">" and "->" end it at once. */
static void read_comment(struct html_tokenizer *t, struct html_token *out)
{
    const char *p = t->p, *end = t->end;
    out->kind = TOKEN_COMMENT;
    out->text = between(p, end);
    t->p = end;
    for (const char *start = p; (p = find(p, end, '>')) < end; p++) {
        size_t n = (size_t)(p - start);
        size_t tail = n <= 1 && (n == 0 || *start == '-')                      ? n
                      : n >= 2 && p[-1] == '-' && p[-2] == '-'                 ? 2
                      : n >= 3 && p[-1] == '!' && p[-2] == '-' && p[-3] == '-' ? 3
                                                                               : SIZE_MAX;
        if (tail == SIZE_MAX)
            continue;
        out->text = between(start, p - tail);
        t->p = p + 1;
        return;
    }
}

/* To behind the next `last`, a string; or the end. */
static void read_until(struct html_tokenizer *t, struct html_token *out, struct str last)
{
    struct str rest = between(t->p, t->end);
    size_t n = str_search(rest, last);
    out->text = str_slice(rest, 0, n);
    t->p = n == rest.n ? t->end : t->p + n + last.n;
}

/* A document type of XML may hold declarations: "<!DOCTYPE svg [ ... ]>". */
static void read_declaration(struct html_tokenizer *t, struct html_token *out)
{
    const char *close = find(t->p, t->end, '>');
    bool subset = t->xml && find(t->p, close, '[') < close;
    out->kind = TOKEN_OTHER;
    read_until(t, out, subset ? STR("]>") : STR(">"));
}

/* At "<" and "!", "?" or "/" without a letter behind it. */
static void read_markup(struct html_tokenizer *t, struct html_token *out)
{
    const char *p = t->p, *end = t->end;
    if (starts(p, end, STR("<!--"))) {
        t->p = p + 4;
        read_comment(t, out);
    } else if (t->foreign && starts(p, end, STR("<![cdata["))) {
        t->p = p + 9;
        out->kind = TOKEN_RAW;
        read_until(t, out, STR("]]>"));
    } else if (p[1] == '?' && t->xml) {
        t->p = p + 2;
        out->kind = TOKEN_OTHER;
        read_until(t, out, STR("?>"));
    } else {
        t->p = p + 1;
        read_declaration(t, out);
    }
}

/* Does markup begin at "<"? "</>" is nothing at all, and "</" at the very end is text. */
static bool is_markup(const char *p, const char *end)
{
    if (p + 1 >= end)
        return false;
    return is_alpha(p[1]) || p[1] == '!' || p[1] == '?' || (p[1] == '/' && p + 2 < end);
}

void html_token_next(struct html_tokenizer *t, struct html_token *out)
{
    out->tag = TAG_OTHER;
    if (t->raw != TAG_OTHER && read_raw(t, out))
        return;
    const char *p = t->p, *end = t->end;
    if (p >= end) {
        out->kind = TOKEN_END;
        return;
    }
    if (*p == '<' && is_markup(p, end)) {
        const char *name = p + 1 + (p[1] == '/');
        if (is_alpha(*name))
            read_tag(t, name, out);
        else
            read_markup(t, out);
        return;
    }
    do
        p = find(p + 1, end, '<');
    while (p < end && !is_markup(p, end));
    out->kind = TOKEN_TEXT;
    out->text = between(t->p, p);
    t->p = p;
}
