/* Reading Authentication-Results by the grammar of RFC 8601 2.2: refuse the whole or read it all.
 *
 * Wider than the grammar where the wild is and nothing can be hidden by it: a final ";", "none"
 * beside results, a method version that is a keyword, "_" in keywords, and an unquoted pvalue or
 * authserv-id with the bytes of addresses and address literals ("2001:db8::1", base64). */
#include "auth/authres.h"
#include "auth/authres_internal.h"
#include "base/utf8.h"

struct reader {
    struct arena *arena;
    struct str in;
    size_t at;
    const char *why; /* set once, at the first thing that is wrong */
    bool bare_words; /* "action=none" is passed over, not refused */
};

static bool bad(struct reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return false;
}

/* ---- comments and folds ---- */

/* SP, HTAB, or CRLF before one of them. */
static size_t fws_bytes(struct str s, size_t at)
{
    if (at < s.n && is_wsp(s.p[at]))
        return 1;
    bool fold = at + 2 < s.n && s.p[at] == '\r' && s.p[at + 1] == '\n' && is_wsp(s.p[at + 2]);
    return fold ? 3 : 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* A backslash and what it quotes; 0 when that is no quoted-pair (RFC 5322 3.2.1). */
static size_t quoted_pair_bytes(struct str s, size_t at)
{
    bool pair = at + 1 < s.n && s.p[at] == '\\';
    return pair && (s.p[at + 1] == '\t' || !is_control(s.p[at + 1])) ? 2 : 0;
}

/* Depth is a number, not a stack: 5,000 open parentheses cost as much as 5,000 letters. */
static bool comment_skip(struct str s, size_t *at, const char **why)
{
    size_t depth = 0;
    do {
        if (*at >= s.n) {
            *why = "a comment is not closed";
            return false;
        }
        size_t step = fws_bytes(s, *at);
        if (step == 0)
            step = quoted_pair_bytes(s, *at);
        if (step == 0) {
            char c = s.p[*at];
            if (is_control(c) || c == '\\') {
                *why = "a comment holds a control character";
                return false;
            }
            depth += c == '(';
            depth -= c == ')';
            step = 1;
        }
        *at += step;
    } while (depth != 0);
    return true;
}

bool authres_skip_cfws(struct str s, size_t *at, const char **why)
{
    while (*at < s.n) {
        size_t step = fws_bytes(s, *at);
        if (step != 0)
            *at += step;
        else if (s.p[*at] != '(')
            break;
        else if (!comment_skip(s, at, why))
            return false;
    }
    return true;
}

static bool skip(struct reader *r)
{
    const char *why = NULL;
    return authres_skip_cfws(r->in, &r->at, &why) || bad(r, why);
}

/* ---- words ---- */

static bool is_one_of(char c, const char *set, size_t n)
{
    return memchr(set, c, n) != NULL;
}

bool is_token_byte(char c)
{
    static const char tspecials[] = {'(', ')', '<', '>',  '@', ',', ';', ':',
                                     '"', '/', '[', '\\', ']', '?', '='};
    return is_alnum(c) ||
           (c != ' ' && !is_control(c) && !is_one_of(c, tspecials, sizeof tspecials));
}

bool is_pvalue_byte(char c)
{
    static const char never[] = {'(', ')', '<', '>', ',', ';', '\\', '"'};
    return is_alnum(c) || (c != ' ' && !is_control(c) && !is_one_of(c, never, sizeof never));
}

static bool is_id_byte(char c)
{
    return is_token_byte(c) || c == '[' || c == ']' || c == ':';
}

static bool is_keyword_byte(char c)
{
    return is_alnum(c) || c == '-' || c == '_';
}

static bool next_is(const struct reader *r, char c)
{
    return r->at < r->in.n && r->in.p[r->at] == c;
}

static bool at_end(const struct reader *r)
{
    return r->at >= r->in.n;
}

static bool take(struct reader *r, char c, const char *why)
{
    if (!next_is(r, c))
        return bad(r, why);
    r->at++;
    return true;
}

static bool run(struct reader *r, bool (*is_byte)(char), struct str *out, const char *why)
{
    size_t from = r->at;
    while (r->at < r->in.n && is_byte(r->in.p[r->at]))
        r->at++;
    if (r->at == from)
        return bad(r, why);
    *out = str_slice(r->in, from, r->at);
    return true;
}

/* Content without quotes, quoted-pairs undone, line breaks of folds gone (RFC 5322 3.2.4). */
static bool quoted_string(struct reader *r, struct str *out)
{
    size_t from = ++r->at;
    bool as_written = true;
    while (!next_is(r, '"')) {
        if (at_end(r))
            return bad(r, "a quoted string is not closed");
        size_t step = fws_bytes(r->in, r->at);
        if (step == 0)
            step = quoted_pair_bytes(r->in, r->at);
        if (step == 0 && (is_control(r->in.p[r->at]) || r->in.p[r->at] == '\\'))
            return bad(r, "a quoted string holds a control character");
        as_written = as_written && step <= 1;
        r->at += step == 0 ? 1 : step;
    }
    struct str inner = str_slice(r->in, from, r->at++);
    *out = inner;
    if (as_written)
        return true;
    char *to = arena_new(r->arena, char, inner.n);
    if (to == NULL)
        return bad(r, "not enough memory");
    size_t n = 0;
    for (size_t i = 0; i < inner.n; i++) {
        if (inner.p[i] == '\r' || inner.p[i] == '\n')
            continue;
        if (inner.p[i] == '\\')
            i++;
        to[n++] = inner.p[i];
    }
    *out = str_make(to, n);
    return true;
}

static bool keyword(struct reader *r, struct str *out, const char *why)
{
    struct str as_written;
    if (!run(r, is_keyword_byte, &as_written, why))
        return false;
    bool upper = false;
    for (size_t i = 0; i < as_written.n; i++)
        upper |= to_lower(as_written.p[i]) != as_written.p[i];
    *out = as_written;
    if (!upper)
        return true;
    char *to = arena_new(r->arena, char, as_written.n);
    if (to == NULL)
        return bad(r, "not enough memory");
    for (size_t i = 0; i < as_written.n; i++)
        to[i] = to_lower(as_written.p[i]);
    *out = str_make(to, as_written.n);
    return true;
}

/* pvalue: a value, or [[local-part] "@"] domain; a quoted local part keeps its quotes, since the
 * address would mean something else without them. */
static bool pvalue(struct reader *r, struct str *out)
{
    size_t from = r->at;
    if (!next_is(r, '"'))
        return run(r, is_pvalue_byte, out, "a property has no value");
    if (!quoted_string(r, out))
        return false;
    if (!next_is(r, '@'))
        return true;
    struct str domain;
    if (!run(r, is_pvalue_byte, &domain, "a property has no value"))
        return false;
    *out = str_slice(r->in, from, r->at);
    return true;
}

/* ---- the field ---- */

/* Grows by doubling; the properties of all results lie in one array until the end. */
struct pile {
    void *items;
    size_t n, cap;
};

static void *pile_add(struct reader *r, struct pile *p, size_t size)
{
    if (p->n == p->cap) {
        size_t cap = p->cap == 0 ? 8 : p->cap * 2;
        void *items = arena_grow(r->arena, p->items, p->n, cap, size);
        if (items == NULL) {
            bad(r, "not enough memory");
            return NULL;
        }
        p->items = items;
        p->cap = cap;
    }
    return (char *)p->items + p->n++ * size;
}

/* [CFWS] "=" [CFWS] */
static bool equals(struct reader *r, const char *why)
{
    return skip(r) && take(r, '=', why) && skip(r);
}

static bool reason(struct reader *r, struct authres_result *res)
{
    if (!equals(r, "reason without ="))
        return false;
    return next_is(r, '"') ? quoted_string(r, &res->reason)
                           : run(r, is_token_byte, &res->reason, "reason without a value");
}

static bool property(struct reader *r, struct pile *props, struct str ptype)
{
    struct authres_prop p = {.ptype = ptype};
    size_t after_word = r->at;
    if (r->bare_words && skip(r) && next_is(r, '='))
        return equals(r, "") && pvalue(r, &p.value);
    r->at = after_word;
    if (!skip(r) || !take(r, '.', "a word that is no property") || !skip(r) ||
        !keyword(r, &p.property, "a property has no name") || !equals(r, "a property without =") ||
        !pvalue(r, &p.value))
        return false;
    struct authres_prop *slot = pile_add(r, props, sizeof p);
    if (slot == NULL)
        return false;
    *slot = p;
    return true;
}

/* [CFWS reasonspec] [CFWS 1*propspec] up to ";" or the end. Words end where the next cannot
 * begin, so white space between them needs no check of its own. */
static bool details(struct reader *r, struct authres_result *res, struct pile *props)
{
    for (bool first = true;; first = false) {
        struct str word;
        if (!skip(r))
            return false;
        if (at_end(r) || next_is(r, ';'))
            return true;
        if (!keyword(r, &word, "something that is neither reason nor property"))
            return false;
        size_t after_word = r->at;
        if (!skip(r))
            return false;
        bool is_reason = str_eq(word, STR("reason")) && next_is(r, '=');
        r->at = after_word;
        if (is_reason && !first)
            return bad(r, "a reason that does not stand first");
        if (is_reason ? !reason(r, res) : !property(r, props, word))
            return false;
    }
}

/* methodspec and what follows it. `*none`: it was the word "none" alone. */
static bool element(struct reader *r, struct pile *results, struct pile *props, bool *none)
{
    struct authres_result res = {.reason = STR_NONE, .version = STR_NONE};
    if (!keyword(r, &res.method, "no method") || !skip(r))
        return false;
    if (str_eq(res.method, STR("none")) && (at_end(r) || next_is(r, ';'))) {
        *none = true;
        return true;
    }
    if (next_is(r, '/')) {
        r->at++;
        if (!skip(r) || !run(r, is_keyword_byte, &res.version, "no method version"))
            return false;
    }
    size_t first_prop = props->n;
    if (!equals(r, "a method without =") || !keyword(r, &res.result, "no result") ||
        !details(r, &res, props))
        return false;
    res.n_props = props->n - first_prop;
    struct authres_result *slot = pile_add(r, results, sizeof res);
    if (slot == NULL)
        return false;
    *slot = res;
    return true;
}

static bool identifier(struct reader *r, struct authres *out)
{
    if (!skip(r))
        return false;
    if (next_is(r, '"') ? !quoted_string(r, &out->authserv_id)
                        : !run(r, is_id_byte, &out->authserv_id, "no authserv-id"))
        return false;
    if (out->authserv_id.n == 0)
        return bad(r, "no authserv-id");
    size_t after_id = r->at;
    if (!skip(r))
        return false;
    if (r->at > after_id && !at_end(r) && is_digit(r->in.p[r->at]))
        return run(r, is_digit, &out->version, "no version") && skip(r);
    return true;
}

static bool payload(struct reader *r, struct authres *out, struct pile *results, struct pile *props)
{
    bool none = false;
    if (!identifier(r, out))
        return false;
    if (at_end(r))
        return bad(r, "an authserv-id and nothing else");
    while (!at_end(r)) {
        if (!take(r, ';', "no ; where one must be") || !skip(r))
            return false;
        bool final_semicolon = at_end(r) && (none || results->n != 0);
        if (!final_semicolon && !element(r, results, props, &none))
            return false;
    }
    return true;
}

static bool parse(struct arena *arena, struct str value, bool bare_words, struct authres *out,
                  const char **reason)
{
    struct reader r = {.arena = arena, .in = value, .bare_words = bare_words};
    struct authres a = {.version = STR_NONE};
    struct pile results = {0}, props = {0};
    if (!utf8_valid(value))
        bad(&r, "not UTF-8");
    else
        payload(&r, &a, &results, &props);
    if (r.why != NULL) {
        *reason = r.why;
        return false;
    }
    a.results = results.items;
    a.n = results.n;
    struct authres_prop *prop = props.items;
    for (size_t i = 0; i < a.n; i++) {
        a.results[i].props = prop;
        prop = prop == NULL ? NULL : prop + a.results[i].n_props;
    }
    *out = a;
    *reason = "";
    return true;
}

bool authres_parse(struct arena *arena, struct str value, struct authres *out, const char **reason)
{
    return parse(arena, value, false, out, reason);
}

bool authres_parse_sealed(struct arena *arena, struct str value, struct authres *out,
                          const char **reason)
{
    return parse(arena, value, true, out, reason);
}
