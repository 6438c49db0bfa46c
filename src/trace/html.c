/* A walk through HTML that never looks back: text, links, entities; no tree. */
#include "base/utf8.h"
#include "trace/trace_internal.h"

enum { ENTITY_MAX_BYTES = 10, HTML_TAG_NAME_MAX = 16 };

/* ---- entities ---- */

/* Those that stand in mails; others stay as written. */
static const struct {
    struct str name;
    int32_t code_point;
} entities[] = {
    {STR_INIT("amp"), '&'},      {STR_INIT("lt"), '<'},       {STR_INIT("gt"), '>'},
    {STR_INIT("quot"), '"'},     {STR_INIT("apos"), '\''},    {STR_INIT("nbsp"), ' '},
    {STR_INIT("copy"), 0xa9},    {STR_INIT("reg"), 0xae},     {STR_INIT("ndash"), 0x2013},
    {STR_INIT("mdash"), 0x2014}, {STR_INIT("lsquo"), 0x2018}, {STR_INIT("rsquo"), 0x2019},
    {STR_INIT("ldquo"), 0x201c}, {STR_INIT("rdquo"), 0x201d}, {STR_INIT("hellip"), 0x2026},
    {STR_INIT("bull"), 0x2022},  {STR_INIT("middot"), 0xb7},  {STR_INIT("euro"), 0x20ac},
    {STR_INIT("auml"), 0xe4},    {STR_INIT("ouml"), 0xf6},    {STR_INIT("uuml"), 0xfc},
    {STR_INIT("Auml"), 0xc4},    {STR_INIT("Ouml"), 0xd6},    {STR_INIT("Uuml"), 0xdc},
    {STR_INIT("szlig"), 0xdf},   {STR_INIT("eacute"), 0xe9},  {STR_INIT("egrave"), 0xe8},
    {STR_INIT("agrave"), 0xe0},  {STR_INIT("ccedil"), 0xe7},  {STR_INIT("zwnj"), 0x200c},
    {STR_INIT("zwj"), 0x200d},   {STR_INIT("shy"), 0xad},
};

static int32_t numeric_entity(struct str digits)
{
    bool is_hex = digits.n > 0 && to_lower(digits.p[0]) == 'x';
    int32_t value = 0;
    for (size_t i = is_hex; i < digits.n; i++) {
        char c = to_lower(digits.p[i]);
        int32_t digit = is_digit(c) ? c - '0' : is_hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * (is_hex ? 16 : 10) + digit;
        if (value > 0x10ffff)
            return -1;
    }
    bool is_scalar = value > 0 && (value < 0xd800 || value > 0xdfff);
    return digits.n > (size_t)is_hex && is_scalar ? value : -1;
}

/* At "&": the code point and how many bytes it took; -1: just an ampersand. */
static int32_t entity_at(struct str s, size_t *used)
{
    size_t n = 1;
    while (n < s.n && n <= ENTITY_MAX_BYTES && (is_alnum(s.p[n]) || s.p[n] == '#'))
        n++;
    struct str word = str_slice(s, 1, n);
    *used = n + (n < s.n && s.p[n] == ';');
    if (word.n > 1 && word.p[0] == '#')
        return numeric_entity(str_slice(word, 1, word.n));
    if (*used == n) /* a name needs its semicolon: "?a=1&copy=2" is a link's */
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (str_eq(word, entities[i].name))
            return entities[i].code_point;
    return -1;
}

size_t html_unescape(struct str s, char *out, size_t max_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < max_bytes;) {
        size_t used = 1;
        int32_t c = s.p[i] == '&' ? entity_at(str_slice(s, i, s.n), &used) : -1;
        char bytes[4] = {s.p[i]};
        size_t length = c < 0 ? 1 : utf8_put(c, bytes);
        if (n + length > max_bytes)
            break;
        memcpy(out + n, bytes, length);
        n += length;
        i += c < 0 ? 1 : used;
    }
    return n;
}

/* ---- tags ---- */

struct walk {
    struct str html;
    size_t at;
    const struct html_sink *to;
    bool line_break; /* before the next text */
};

static bool is_one_of(struct str name, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(name, list[i]))
            return true;
    return false;
}

static bool breaks_line(struct str name)
{
    static const struct str names[] = {
        STR_INIT("br"), STR_INIT("p"),  STR_INIT("div"), STR_INIT("tr"),        STR_INIT("li"),
        STR_INIT("h1"), STR_INIT("h2"), STR_INIT("h3"),  STR_INIT("h4"),        STR_INIT("h5"),
        STR_INIT("h6"), STR_INIT("ul"), STR_INIT("ol"),  STR_INIT("table"),     STR_INIT("hr"),
        STR_INIT("td"), STR_INIT("th"), STR_INIT("pre"), STR_INIT("blockquote")};
    return is_one_of(name, names, ARRAY_LEN(names));
}

/* Elements whose content is not shown. */
static bool is_hidden(struct str name)
{
    static const struct str names[] = {STR_INIT("script"), STR_INIT("style"), STR_INIT("title"),
                                       STR_INIT("template"), STR_INIT("textarea")};
    return is_one_of(name, names, ARRAY_LEN(names));
}

/* To behind "-->", or the end. */
static void skip_comment(struct walk *w)
{
    struct str rest = str_slice(w->html, w->at, w->html.n);
    size_t end = str_search(rest, STR("-->"));
    w->at = end < rest.n ? w->at + end + 3 : w->html.n;
}

/* One attribute of a tag: name and value (raw). False: the tag is at its end. */
static bool next_attribute(struct walk *w, struct str *name, struct str *value)
{
    struct str s = w->html;
    size_t at = w->at;
    while (at < s.n && (is_fws(s.p[at]) || s.p[at] == '/' || s.p[at] == '='))
        at++;
    size_t start = at;
    while (at < s.n && !is_fws(s.p[at]) && s.p[at] != '=' && s.p[at] != '>' && s.p[at] != '/')
        at++;
    *name = str_slice(s, start, at);
    *value = STR("");
    while (at < s.n && is_fws(s.p[at]))
        at++;
    if (at < s.n && s.p[at] == '=' && name->n > 0) {
        at++;
        while (at < s.n && is_fws(s.p[at]))
            at++;
        char quote = at < s.n && (s.p[at] == '"' || s.p[at] == '\'') ? s.p[at] : 0;
        start = at += quote != 0;
        while (at < s.n && (quote != 0 ? s.p[at] != quote : !is_fws(s.p[at]) && s.p[at] != '>'))
            at++;
        *value = str_slice(s, start, at);
        at += quote != 0 && at < s.n;
    }
    w->at = at;
    return name->n > 0;
}

/* Behind an opening tag whose content is raw text: to its end tag. */
static void skip_content(struct walk *w, struct str name)
{
    while (w->at < w->html.n) {
        struct str rest = str_slice(w->html, w->at, w->html.n);
        size_t end = str_search(rest, STR("</"));
        w->at = end < rest.n ? w->at + end + 2 : w->html.n;
        if (str_istarts(str_slice(w->html, w->at, w->html.n), name)) {
            w->at -= 2; /* the tag itself is read as any other */
            return;
        }
    }
}

static bool is_link(struct str tag, struct str attribute)
{
    static const struct str tags[] = {STR_INIT("a"), STR_INIT("area")};
    return (is_one_of(tag, tags, ARRAY_LEN(tags)) && str_ieq(attribute, STR("href"))) ||
           (str_ieq(tag, STR("form")) && str_ieq(attribute, STR("action")));
}

/* At "<" of a tag. */
static void read_tag(struct walk *w)
{
    struct str s = w->html;
    bool closing = w->at + 1 < s.n && s.p[w->at + 1] == '/';
    size_t start = w->at += 1 + (size_t)closing;
    while (w->at < s.n && is_alnum(s.p[w->at]))
        w->at++;
    struct str tag = str_slice(s, start, w->at), name, value;
    while (next_attribute(w, &name, &value))
        if (!closing && w->to->link != NULL && is_link(tag, name))
            w->to->link(w->to->ctx, value);
    w->at += w->at < s.n && s.p[w->at] == '>';
    w->line_break |= breaks_line(tag);
    if (!closing && is_hidden(tag))
        skip_content(w, tag);
}

void html_walk(struct str html, const struct html_sink *to)
{
    struct walk w = {.html = html, .to = to};
    while (w.at < html.n) {
        struct str rest = str_slice(html, w.at, html.n);
        bool is_tag = rest.n > 1 && rest.p[0] == '<' && (is_alpha(rest.p[1]) || rest.p[1] == '/');
        if (str_starts(rest, STR("<!--"))) {
            w.at += 4;
            skip_comment(&w);
        } else if (rest.n > 1 && rest.p[0] == '<' && (rest.p[1] == '!' || rest.p[1] == '?')) {
            size_t end = str_find(rest, '>');
            w.at += end < rest.n ? end + 1 : end;
        } else if (is_tag) {
            read_tag(&w);
        } else {
            size_t n = 1 + str_find(str_slice(rest, 1, rest.n), '<');
            if (to->text != NULL)
                to->text(to->ctx, str_slice(rest, 0, n), w.line_break);
            w.line_break = false;
            w.at += n;
        }
    }
}
