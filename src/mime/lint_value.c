/* Values of MIME fields by the letter of RFC 2045 5.1 and RFC 2231: what is there, and what is
 * wrong with it. message/mime_params.h is the reader that forgives. */
#include "mime/limits.h"
#include "mime/lint_internal.h"
#include "mime/token.h"

struct cursor {
    struct str s;
    size_t pos;
    struct str comment; /* the first one */
    bool open_comment;
};

static bool at_end(const struct cursor *c)
{
    return c->pos >= c->s.n;
}

static bool at(const struct cursor *c, char want)
{
    return c->pos < c->s.n && c->s.p[c->pos] == want;
}

/* Comments nest: they are counted, not stacked. */
static void skip_comment(struct cursor *c)
{
    size_t start = c->pos, depth = 0;
    for (; c->pos < c->s.n; c->pos++) {
        char ch = c->s.p[c->pos];
        if (ch == '\\')
            c->pos++;
        else if (ch == '(')
            depth++;
        else if (ch == ')' && --depth == 0)
            break;
    }
    c->open_comment |= at_end(c);
    c->pos = at_end(c) ? c->s.n : c->pos + 1;
    if (c->comment.p == NULL)
        c->comment = str_slice(c->s, start, c->pos);
}

/* True: something was skipped. */
static bool skip_cfws(struct cursor *c)
{
    size_t start = c->pos;
    while (!at_end(c) && (is_fws(c->s.p[c->pos]) || c->s.p[c->pos] == '(')) {
        if (c->s.p[c->pos] == '(')
            skip_comment(c);
        else
            c->pos++;
    }
    return c->pos != start;
}

static struct str take_until(struct cursor *c, const char *ends)
{
    size_t start = c->pos;
    while (!at_end(c) && !is_fws(c->s.p[c->pos]) &&
           (c->s.p[c->pos] == '\0' || strchr(ends, c->s.p[c->pos]) == NULL))
        c->pos++;
    return str_slice(c->s, start, c->pos);
}

/* To the next semicolon outside of quotes. */
static void skip_segment(struct cursor *c)
{
    bool quoted = false;
    for (; !at_end(c); c->pos++) {
        char ch = c->s.p[c->pos];
        if (quoted && ch == '\\')
            c->pos++;
        else if (ch == '"')
            quoted = !quoted;
        else if (ch == '(' && !quoted && c->comment.p == NULL)
            c->comment = str_slice(c->s, c->pos, c->s.n);
        else if (ch == ';' && !quoted)
            return;
    }
    c->pos = c->s.n;
}

/* At the opening quote. False: it is never closed. */
static bool take_quoted(struct cursor *c, struct str *out)
{
    size_t start = ++c->pos;
    while (!at_end(c) && c->s.p[c->pos] != '"')
        c->pos += c->s.p[c->pos] == '\\' ? 2 : 1;
    bool closed = !at_end(c);
    *out = str_slice(c->s, start, c->pos);
    c->pos = closed ? c->pos + 1 : c->s.n;
    return closed;
}

static uint64_t lower_hash(struct str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)to_lower(s.p[i])) * 0x100000001b3u;
    return h;
}

/* RFC 2231 3 and 4: "name*", "name*1", "name*1*". */
static void split_name(struct lint_param *p)
{
    uint64_t number;
    p->base = p->name;
    p->number = LINT_PLAIN;
    if (p->base.n > 1 && p->base.p[p->base.n - 1] == '*') {
        p->extended = true;
        p->number = 0;
        p->base.n--;
    }
    size_t star = str_rfind(p->base, '*');
    if (star > 0 && star < p->base.n &&
        str_to_u64(str_slice(p->base, star + 1, p->base.n), LINT_PIECE_MAX, &number)) {
        p->numbered = true;
        p->number = (unsigned)number;
        p->base.n = star;
    }
    p->hash = lower_hash(p->base);
}

/* The value behind "=". Returns why it is not the grammar, or NULL. */
static const char *take_value(struct cursor *c, struct lint_param *p)
{
    p->quoted = at(c, '"');
    if (p->quoted) {
        if (!take_quoted(c, &p->value))
            return "a quote that is never closed";
    } else {
        size_t start = c->pos;
        p->value = take_until(c, ";");
        size_t open = str_find(p->value, '(');
        if (open < p->value.n && c->comment.p == NULL)
            c->comment = str_slice(c->s, start + open, c->pos);
    }
    p->is_pair = true;
    skip_cfws(c);
    if (!at_end(c) && !at(c, ';')) {
        p->is_pair = !p->quoted;
        return "text behind a value";
    }
    if (!p->quoted && !is_token(p->value))
        return p->value.n == 0 ? "an empty value" : "a value that needs quotes";
    return NULL;
}

static const char *take_pair(struct cursor *c, struct lint_param *p)
{
    p->name = take_until(c, ";=(\"");
    split_name(p);
    p->spaced = skip_cfws(c);
    if (!at(c, '='))
        return "no name=value";
    c->pos++;
    p->spaced |= skip_cfws(c);
    if (!is_token(p->name))
        return "a name that is no token";
    return take_value(c, p);
}

/* Behind a semicolon, to the next one. */
static const char *take_param(struct cursor *c, struct lint_param *p)
{
    size_t start = c->pos;
    *p = (struct lint_param){0};
    const char *wrong = take_pair(c, p);
    skip_segment(c);
    p->text = str_trim(str_slice(c->s, start, c->pos));
    return wrong;
}

static const char *take_words(struct cursor *c, bool has_slash, struct lint_value *v)
{
    skip_cfws(c);
    v->word = take_until(c, ";(/");
    skip_cfws(c);
    bool slash = at(c, '/');
    if (slash) {
        c->pos++;
        skip_cfws(c);
        v->after_slash = take_until(c, ";(");
        skip_cfws(c);
    }
    size_t start = c->pos;
    skip_segment(c);
    v->rest = str_slice(c->s, start, c->s.n);
    if (!is_token(v->word) || slash != has_slash || (slash && !is_token(v->after_slash)))
        return has_slash ? "no type/subtype" : "no token";
    return start != c->pos ? "text behind the word" : NULL;
}

void lint_value_read(struct str value, bool has_slash, struct lint_param *room,
                     struct lint_value *out)
{
    struct cursor c = {.s = value};
    struct lint_value v = {.params = room};
    v.wrong = take_words(&c, has_slash, &v);
    while (!at_end(&c) && v.n < MIME_FIELD_MAX_PARAMS) {
        c.pos++;
        skip_cfws(&c);
        if (at_end(&c))
            break; /* a semicolon may end the value */
        const char *wrong = take_param(&c, &v.params[v.n++]);
        v.wrong = v.wrong == NULL ? wrong : v.wrong;
    }
    if (c.open_comment && v.wrong == NULL)
        v.wrong = "a comment that is never closed";
    v.comment = c.comment;
    *out = v;
}
