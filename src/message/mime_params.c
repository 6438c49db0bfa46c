/* Parameters of MIME fields: tokens, quoted strings, and the pieces of RFC 2231. */
#include "message/mime_params.h"

#include "message/limits.h"
#include "message/message_internal.h"

/* A parameter as it stands: "name*1*" is base "name", piece 1, extended. */
struct piece {
    struct str base, value;
    unsigned number;
    bool numbered, extended, taken;
};

enum { PIECE_NUMBER_MAX = 9999 };

struct str mime_param(const struct mime_param *params, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(params[i].name, name))
            return params[i].value;
    return STR_NONE;
}

static bool is_token_end(char c)
{
    return is_fws(c) || c == ';' || c == '=' || c == '/' || c == '(' || c == '"';
}

static struct str take_token(struct str s, size_t *pos, bool (*ends)(char))
{
    cfws_skip(s, pos, NULL);
    size_t start = *pos;
    while (*pos < s.n && !ends(s.p[*pos]))
        ++*pos;
    return str_slice(s, start, *pos);
}

static bool is_value_end(char c)
{
    return is_fws(c) || c == ';';
}

/* At the opening quote; an unclosed one runs to the end. */
static bool take_quoted(struct arena *arena, struct str s, size_t *pos, struct str *out)
{
    size_t start = *pos + 1, i = start, n = 0;
    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' ? 2 : 1;
    i = i < s.n ? i : s.n;
    *pos = i + (i < s.n);
    struct str inner = str_slice(s, start, i);
    *out = inner;
    if (!str_has(inner, '\\') && !str_has(inner, '\n'))
        return true;
    char *p = arena_new(arena, char, inner.n);
    if (p == NULL)
        return false;
    for (size_t k = 0; k < inner.n; k++) {
        if (inner.p[k] == '\\' && k + 1 < inner.n)
            p[n++] = inner.p[++k];
        else if (inner.p[k] != '\r' && inner.p[k] != '\n')
            p[n++] = inner.p[k];
    }
    *out = str_make(p, n);
    return true;
}

/* RFC 2231 3 and 4: "*" and a number, "*" at the end. */
static void split_name(struct str name, struct piece *p)
{
    uint64_t number = 0;
    p->base = name;
    if (name.n > 1 && name.p[name.n - 1] == '*') {
        p->extended = true;
        p->base = str_slice(name, 0, name.n - 1);
    }
    size_t star = str_rfind(p->base, '*');
    if (star > 0 && star < p->base.n &&
        str_to_u64(str_slice(p->base, star + 1, p->base.n), PIECE_NUMBER_MAX, &number)) {
        p->numbered = true;
        p->number = (unsigned)number;
        p->base = str_slice(p->base, 0, star);
    }
}

/* False: no memory. `*found` tells whether a parameter was there. */
static bool take_param(struct arena *arena, struct str s, size_t *pos, struct piece *p, bool *found)
{
    struct str name = take_token(s, pos, is_token_end);
    *p = (struct piece){0};
    *found = false;
    cfws_skip(s, pos, NULL);
    if (name.n == 0 || *pos == s.n || s.p[*pos] != '=')
        return true;
    ++*pos;
    cfws_skip(s, pos, NULL);
    *found = true;
    split_name(name, p);
    if (*pos < s.n && s.p[*pos] == '"')
        return take_quoted(arena, s, pos, &p->value);
    p->value = take_token(s, pos, is_value_end);
    return true;
}

/* To behind the next semicolon outside of quotes. */
static void skip_to_next(struct str s, size_t *pos)
{
    bool quoted = false;
    for (; *pos < s.n; ++*pos) {
        char c = s.p[*pos];
        if (quoted && c == '\\' && *pos + 1 < s.n)
            ++*pos;
        else if (c == '"')
            quoted = !quoted;
        else if (c == ';' && !quoted)
            break;
    }
    *pos += *pos < s.n;
}

/* "utf-8'en'%e2%82%ac": the first piece tells charset and language, all have percent signs. */
static size_t add_extended(struct str value, bool first, char *out)
{
    struct str rest = value;
    if (first && str_cut(&rest, '\'').n != value.n && (str_cut(&rest, '\''), rest.p != NULL))
        value = rest;
    return percent_undo(value, out);
}

static void sort_pieces(struct piece **list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct piece *p = list[i];
        size_t at = i;
        for (; at > 0 && list[at - 1]->number > p->number; at--)
            list[at] = list[at - 1];
        list[at] = p;
    }
}

/* All pieces of the parameter that `first` belongs to, in order, joined and decoded. */
static bool join(struct arena *arena, struct piece *pieces, size_t n, struct piece *first,
                 struct str *out)
{
    struct piece *mine[MIME_MAX_PARAMS];
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        struct piece *p = &pieces[i];
        if (p != first && !(first->numbered && p->numbered && str_ieq(p->base, first->base)))
            continue;
        p->taken = true;
        bytes += p->value.n;
        mine[count++] = p;
    }
    *out = first->value;
    if (count == 1 && !first->extended)
        return true;
    char *to = arena_new(arena, char, bytes);
    if (to == NULL)
        return false;
    sort_pieces(mine, count);
    bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (mine[i]->extended) {
            bytes += add_extended(mine[i]->value, i == 0, to + bytes);
            continue;
        }
        memcpy(to + bytes, mine[i]->value.p, mine[i]->value.n);
        bytes += mine[i]->value.n;
    }
    *out = str_make(to, bytes);
    return true;
}

static bool keep_params(struct arena *arena, struct piece *pieces, size_t n, struct mime_value *v)
{
    v->params = arena_new(arena, struct mime_param, n);
    if (v->params == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct mime_param *to = &v->params[v->n];
        if (pieces[i].taken)
            continue;
        to->name = arena_lower(arena, pieces[i].base);
        if (to->name.p == NULL || !join(arena, pieces, n, &pieces[i], &to->value))
            return false;
        v->n++;
    }
    return true;
}

bool mime_value_parse(struct arena *arena, struct str value, struct mime_value *out)
{
    struct mime_value v = {0};
    struct piece pieces[MIME_MAX_PARAMS];
    size_t n = 0, pos = 0, tries = 0;
    v.word = arena_lower(arena, take_token(value, &pos, is_token_end));
    cfws_skip(value, &pos, NULL);
    if (pos < value.n && value.p[pos] == '/') {
        pos++;
        v.after_slash = arena_lower(arena, take_token(value, &pos, is_token_end));
    }
    skip_to_next(value, &pos);
    for (; pos < value.n && n < MIME_MAX_PARAMS && tries < 2 * MIME_MAX_PARAMS; tries++) {
        bool found = false;
        if (!take_param(arena, value, &pos, &pieces[n], &found))
            return false;
        n += found;
        skip_to_next(value, &pos);
    }
    v.cut = pos < value.n;
    if (v.word.p == NULL || !keep_params(arena, pieces, n, &v))
        return false;
    *out = v;
    return true;
}
