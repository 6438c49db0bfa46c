/* STIX patterns (STIX 2.1, 9): words, and a machine that knows what may come next. */
#include "intel/stix_pattern.h"

#include "base/grow.h"

enum { PATH_MAX_BYTES = 64, SHOWN_BYTES = 60 };

/* ---- words ---- */

enum token_type {
    TOKEN_END,
    TOKEN_OPEN,  /* [ */
    TOKEN_CLOSE, /* ] */
    TOKEN_LEFT,  /* ( */
    TOKEN_RIGHT, /* ) */
    TOKEN_COMMA,
    TOKEN_OPERATOR, /* = == != <> < <= > >= */
    TOKEN_STRING,   /* without its quotes, escapes still in it */
    TOKEN_WORD,     /* OR, IN, 12, true */
    TOKEN_PATH,     /* url:value */
    TOKEN_BAD
};

struct token {
    enum token_type type;
    struct str text;
};

struct reading {
    struct arena *arena;
    struct str rest;
    struct token token;
    struct stix_pattern out;
    bool escaped;                      /* the token is a string with backslashes */
    bool within, parens, ands;         /* within brackets; any of them at all */
    size_t depth, inner;               /* open parentheses, outside and inside of brackets */
    size_t term, term_compound, chain; /* where values of the alternative begin */
    bool term_and, chain_and;
    struct mp_err *err;
};

static bool is_word(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

/* 'a\'b': from behind the first quote to behind the last. */
static struct token take_string(struct reading *r, struct str s)
{
    r->escaped = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'') {
            r->rest = str_slice(s, i + 1, s.n);
            return (struct token){TOKEN_STRING, str_slice(s, 0, i)};
        }
        if (s.p[i] == '\\') {
            r->escaped = true;
            i++;
        }
    }
    return (struct token){TOKEN_BAD, str_slice(s, 0, SHOWN_BYTES)};
}

/* What follows the type in "file:hashes.'SHA-256'", "x:refs[*].value". */
static size_t path_length(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        if (is_word(s.p[i]) || s.p[i] == '.' || s.p[i] == ':') {
            i++;
        } else if (s.p[i] == '\'' && i > 0 && s.p[i - 1] == '.') {
            size_t n = str_find(str_slice(s, i + 1, s.n), '\'');
            i += n + 2;
        } else if (s.p[i] == '[' && i > 0) {
            i += str_find(str_slice(s, i, s.n), ']') + 1;
        } else {
            break;
        }
    }
    return i < s.n ? i : s.n;
}

static struct token take_word(struct reading *r, struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_word(s.p[n]) || s.p[n] == '.'))
        n++;
    enum token_type type = n == 0 ? TOKEN_BAD : TOKEN_WORD;
    if (n < s.n && n > 0 && s.p[n] == ':') {
        n += 1 + path_length(str_slice(s, n + 1, s.n));
        type = TOKEN_PATH;
    }
    r->rest = str_slice(s, n, s.n);
    return (struct token){type, str_slice(s, 0, n == 0 ? SHOWN_BYTES : n)};
}

static void next(struct reading *r)
{
    static const char marks[] = "[](),";
    static const enum token_type types[] = {TOKEN_OPEN, TOKEN_CLOSE, TOKEN_LEFT, TOKEN_RIGHT,
                                            TOKEN_COMMA};
    struct str s = str_trim(r->rest);
    r->token = (struct token){TOKEN_END, s};
    if (s.n == 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (s.p[0] == marks[i]) {
            r->token = (struct token){types[i], str_slice(s, 0, 1)};
            r->rest = str_slice(s, 1, s.n);
            return;
        }
    size_t n = 0;
    while (n < s.n && n < 2 && str_has(STR("=!<>"), s.p[n]))
        n++;
    if (n > 0) {
        r->token = (struct token){TOKEN_OPERATOR, str_slice(s, 0, n)};
        r->rest = str_slice(s, n, s.n);
    } else if (s.p[0] == '\'') {
        r->token = take_string(r, str_slice(s, 1, s.n));
    } else {
        r->token = take_word(r, s);
    }
}

static bool at_word(const struct reading *r, const char *word)
{
    return r->token.type == TOKEN_WORD && str_eq(r->token.text, str_from(word));
}

static int refuse(struct reading *r, const char *why)
{
    return mp_fail(r->err, MP_E_SYNTAX, 0, "STIX pattern: %s: " STR_FMT, why,
                   STR_ARG(str_slice(r->token.text, 0, SHOWN_BYTES)));
}

/* ---- comparisons ---- */

/* What a mail can have. Quotes are left out, and letters of hashes are without case. */
static const struct {
    struct str path;
    enum indicator_kind kind;
} paths[] = {
    {STR_INIT("url:value"), INDICATOR_URL},
    {STR_INIT("domain-name:value"), INDICATOR_DOMAIN},
    {STR_INIT("ipv4-addr:value"), INDICATOR_IP},
    {STR_INIT("ipv6-addr:value"), INDICATOR_IP},
    {STR_INIT("email-addr:value"), INDICATOR_EMAIL},
    {STR_INIT("email-message:sender_ref.value"), INDICATOR_EMAIL},
    {STR_INIT("email-message:from_ref.value"), INDICATOR_EMAIL},
    {STR_INIT("file:hashes.MD5"), INDICATOR_MD5},
    {STR_INIT("file:hashes.SHA-1"), INDICATOR_SHA1},
    {STR_INIT("file:hashes.SHA-256"), INDICATOR_SHA256},
    {STR_INIT("file:hashes.SHA1"),
     INDICATOR_SHA1}, /* not of the vocabulary, and met all the same */
    {STR_INIT("file:hashes.SHA256"), INDICATOR_SHA256},
};

static enum indicator_kind kind_of(struct str path)
{
    char text[PATH_MAX_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < path.n && n < sizeof text; i++)
        if (path.p[i] != '\'')
            text[n++] = path.p[i];
    for (size_t i = 0; i < ARRAY_LEN(paths) && n < sizeof text; i++) {
        bool hash = str_starts(paths[i].path, STR("file:"));
        struct str p = str_make(text, n);
        if (str_eq(p, paths[i].path) || (hash && str_ieq(p, paths[i].path)))
            return paths[i].kind;
    }
    return INDICATOR_KIND_COUNT;
}

/* "\'" and "\\" are the two escapes there are. */
static bool undo_escapes(struct reading *r, struct str *text)
{
    if (!r->escaped)
        return true;
    char *out = arena_alloc(r->arena, text->n, 1);
    size_t n = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < text->n; i++) {
        bool escape = text->p[i] == '\\' && i + 1 < text->n &&
                      (text->p[i + 1] == '\'' || text->p[i + 1] == '\\');
        i += escape;
        out[n++] = text->p[i];
    }
    *text = str_make(out, n);
    return true;
}

/* The current token is a string. */
static int add(struct reading *r, struct str path, enum indicator_kind kind)
{
    struct stix_pattern *p = &r->out;
    struct str text = r->token.text;
    if (kind == INDICATOR_KIND_COUNT) {
        if (p->foreign++ == 0)
            p->other = path;
        return MP_OK;
    }
    struct stix_value *values = list_room(r->arena, p->values, p->n, &p->cap, sizeof *values);
    if (values == NULL || !undo_escapes(r, &text))
        return mp_fail(r->err, MP_E_NOMEM, 0, "no memory to read a STIX pattern");
    p->values = values;
    values[p->n++] = (struct stix_value){kind, text};
    return MP_OK;
}

/* ('a', 'b'): behind IN. */
static int read_set(struct reading *r, struct str path, enum indicator_kind kind)
{
    next(r);
    if (r->token.type != TOKEN_LEFT)
        return refuse(r, "a set is wanted behind IN");
    do {
        next(r);
        bool constant = r->token.type == TOKEN_STRING ||
                        (kind == INDICATOR_KIND_COUNT && r->token.type == TOKEN_WORD);
        int st = constant ? add(r, path, kind) : refuse(r, "a text is wanted here");
        if (st != MP_OK)
            return st;
        next(r);
    } while (r->token.type == TOKEN_COMMA);
    return r->token.type == TOKEN_RIGHT ? MP_OK : refuse(r, "a comma is wanted here");
}

/* At the path. */
static int read_comparison(struct reading *r)
{
    struct str path = r->token.text;
    enum indicator_kind kind = kind_of(path);
    next(r);
    if (at_word(r, "IN"))
        return read_set(r, path, kind);
    bool equal = r->token.type == TOKEN_OPERATOR &&
                 (str_eq(r->token.text, STR("=")) || str_eq(r->token.text, STR("==")));
    bool subset = at_word(r, "ISSUBSET") && kind == INDICATOR_IP;
    if (!equal && !subset)
        return refuse(r, "this comparison is not looked up");
    next(r);
    bool constant = r->token.type == TOKEN_STRING ||
                    (kind == INDICATOR_KIND_COUNT && r->token.type == TOKEN_WORD);
    return constant ? add(r, path, kind) : refuse(r, "a text is wanted here");
}

/* ---- alternatives ---- */

/* Behind the last of what AND joins: these values alone say nothing. */
static void end_chain(struct reading *r)
{
    if (r->chain_and) {
        r->out.n = r->chain;
        r->out.compound++;
    }
    r->chain = r->out.n;
    r->chain_and = false;
}

static void end_term(struct reading *r)
{
    if (r->term_and) {
        r->out.n = r->term;
        r->out.compound = r->term_compound + 1;
    }
    r->term = r->chain = r->out.n;
    r->term_compound = r->out.compound;
    r->term_and = false;
}

static void skip_left(struct reading *r, size_t *depth)
{
    for (; r->token.type == TOKEN_LEFT; next(r)) {
        r->parens = true;
        ++*depth;
    }
}

/* One comparison, with what opens before it. */
static int read_operand(struct reading *r)
{
    if (!r->within) {
        skip_left(r, &r->depth);
        if (r->token.type != TOKEN_OPEN)
            return refuse(r, "a [ is wanted here");
        r->within = true;
        next(r);
    }
    skip_left(r, &r->inner);
    if (r->token.type != TOKEN_PATH)
        return refuse(r, at_word(r, "NOT") || at_word(r, "EXISTS") ? "this is not looked up"
                                                                   : "a path is wanted here");
    int st = read_comparison(r);
    if (st == MP_OK)
        next(r);
    return st;
}

/* What stands behind an operand, up to AND or OR, or the end (*done). */
static int read_behind(struct reading *r, bool *done)
{
    for (;; next(r)) {
        size_t *depth = r->within ? &r->inner : &r->depth;
        if (r->token.type == TOKEN_RIGHT && *depth > 0) {
            --*depth;
        } else if (r->within && r->token.type == TOKEN_CLOSE && r->inner == 0) {
            end_chain(r);
            r->within = false;
        } else {
            break;
        }
    }
    *done = r->token.type == TOKEN_END && !r->within && r->depth == 0;
    if (*done)
        return MP_OK;
    bool is_and = at_word(r, "AND");
    if (!is_and && !at_word(r, "OR"))
        return refuse(r, "this is not looked up");
    r->ands |= is_and;
    if (r->within && is_and)
        r->chain_and = true;
    else if (r->within)
        end_chain(r);
    else if (is_and)
        r->term_and = true;
    else
        end_term(r);
    next(r);
    return MP_OK;
}

int stix_pattern_read(struct arena *arena, struct str pattern, struct stix_pattern *out,
                      struct mp_err *err)
{
    struct reading r = {.arena = arena, .rest = str_trim(pattern), .err = err};
    bool done = false;
    int st = MP_OK;
    next(&r);
    while (st == MP_OK && !done) {
        st = read_operand(&r);
        if (st == MP_OK)
            st = read_behind(&r, &done);
    }
    if (st != MP_OK)
        return st;
    end_term(&r);
    if (r.parens && r.ands) { /* what AND joins is not followed through parentheses */
        r.out.n = 0;
        r.out.compound = 1;
    }
    *out = r.out;
    return MP_OK;
}
