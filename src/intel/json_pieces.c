/* JSON piece by piece: brackets, quotes and commas are followed, what is between is for jansson. */
#include "intel/json_pieces.h"

#include "base/vec.h"

static struct str skip_space(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_fws(s.p[n]))
        n++;
    return str_slice(s, n, s.n);
}

/* How long is the string that begins at s.p[0], quotes included? 0: it does not end. */
static size_t string_length(struct str s)
{
    for (size_t i = 1; i < s.n; i += 2) { /* an escape takes two */
        i += vec_find(s.p + i, s.n - i, '"', '\\');
        if (i < s.n && s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

static size_t word_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '+' || s.p[n] == '.'))
        n++;
    return n;
}

/* The same of an array or object, whatever is in it. */
static size_t container_length(struct str s)
{
    char closers[JSON_PIECES_MAX_DEPTH];
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"') {
            size_t n = string_length(str_slice(s, i, s.n));
            if (n == 0)
                return 0;
            i += n - 1;
        } else if (c == '[' || c == '{') {
            if (depth == JSON_PIECES_MAX_DEPTH)
                return 0;
            closers[depth++] = c == '[' ? ']' : '}';
        } else if (c == ']' || c == '}') {
            if (c != closers[--depth])
                return 0;
            if (depth == 0)
                return i + 1;
        }
    }
    return 0;
}

/* At the first byte of a value. */
static enum json_step take_value(struct str *rest, struct str *value)
{
    size_t n = 0;
    if (rest->n > 0 && rest->p[0] == '"')
        n = string_length(*rest);
    else if (rest->n > 0 && (rest->p[0] == '[' || rest->p[0] == '{'))
        n = container_length(*rest);
    else
        n = word_length(*rest);
    if (n == 0)
        return JSON_BROKEN;
    *value = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->n);
    return JSON_PIECE;
}

enum json_step json_take(struct str *rest, struct str *value)
{
    *rest = skip_space(*rest);
    return rest->n == 0 ? JSON_END : take_value(rest, value);
}

bool json_open(struct str value, struct json_within *w)
{
    if (value.n < 2 || (value.p[0] != '[' && value.p[0] != '{'))
        return false;
    *w =
        (struct json_within){.rest = str_slice(value, 1, value.n - 1), .object = value.p[0] == '{'};
    return true;
}

enum json_step json_next(struct json_within *w, struct str *key, struct str *value)
{
    struct str s = skip_space(w->rest);
    *key = STR_NONE;
    if (s.n == 0)
        return JSON_END;
    if (w->begun) {
        if (s.p[0] != ',')
            return JSON_BROKEN;
        s = skip_space(str_slice(s, 1, s.n));
    }
    w->begun = true;
    if (w->object) {
        size_t n = s.n > 0 && s.p[0] == '"' ? string_length(s) : 0;
        if (n == 0)
            return JSON_BROKEN;
        *key = str_slice(s, 1, n - 1);
        s = skip_space(str_slice(s, n, s.n));
        if (s.n == 0 || s.p[0] != ':')
            return JSON_BROKEN;
        s = skip_space(str_slice(s, 1, s.n));
    }
    enum json_step step = take_value(&s, value);
    w->rest = s;
    return step;
}

void json_members(struct str object, const struct str *names, size_t n, struct str *out)
{
    struct json_within w;
    struct str key, value;
    for (size_t i = 0; i < n; i++)
        out[i] = STR_NONE;
    if (!json_open(object, &w) || !w.object)
        return;
    while (json_next(&w, &key, &value) == JSON_PIECE)
        for (size_t i = 0; i < n; i++)
            if (str_eq(key, names[i]))
                out[i] = value;
}

struct str json_member(struct str object, struct str name)
{
    struct str found;
    json_members(object, &name, 1, &found);
    return found;
}

struct str json_bare(struct str value)
{
    if (value.n < 2 || value.p[0] != '"')
        return STR_NONE;
    return str_slice(value, 1, value.n - 1);
}
