/* Parameters of queries, base64 as URLs carry it, URLs in URLs. */
#include "url/inside.h"

#include "url/url_internal.h"

struct str url_parameter(const struct url *u, struct str name)
{
    for (struct str rest = u->query; rest.p != NULL;) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');
        if (str_starts(key, STR("amp;"))) /* of links whose "&amp;" nobody undid */
            key = str_slice(key, 4, key.n);
        if (value.p != NULL && str_ieq(key, name))
            return value;
    }
    return STR_NONE;
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

size_t url_base64_undo(struct str text, char *to)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < text.n; i++) {
        int digit = digit_value(text.p[i]);
        if (digit < 0)
            break;
        bits = (bits << 6 | (unsigned)digit) & 0xffffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[n++] = (char)(bits >> held);
        }
    }
    return n;
}

struct str url_base64(struct arena *arena, struct str text)
{
    char *to = arena_alloc(arena, text.n + 1, 1);
    return to == NULL ? STR_NONE : str_make(to, url_base64_undo(text, to));
}

/* Where an absolute http or https URL begins; s.n when none does. */
static size_t absolute_start(struct str s)
{
    size_t from = 0;
    for (;;) {
        size_t colon = from + str_find(str_slice(s, from, s.n), ':');
        if (colon >= s.n)
            return s.n;
        struct str before = str_slice(s, 0, colon), behind = str_slice(s, colon + 1, s.n);
        size_t n = str_iends(before, STR("https")) ? 5 : str_iends(before, STR("http")) ? 4 : 0;
        bool slash = behind.n > 1 && url_is_slash(behind.p[0], true);
        if (n != 0 && slash && (colon == n || !is_alnum(s.p[colon - n - 1])))
            return colon - n;
        from = colon + 1;
    }
}

/* "aHR0c" begins "http" in base64, "YUhSMGN" begins that once more. */
static size_t encoded_start(struct str s)
{
    size_t once = str_search(s, STR("aHR0c")), twice = str_search(s, STR("YUhSMGN"));
    return once < twice ? once : twice;
}

struct finder {
    struct arena *arena;
    struct url *out;
    size_t n;
};

static int keep(struct finder *f, struct str text, struct mp_err *err)
{
    struct url found;
    int st = url_parse(f->arena, text, NULL, &found, err);
    if (st == MP_OK && url_is_web(&found) && (found.flags & URL_HOST_BAD) == 0)
        f->out[f->n++] = found;
    return st;
}

/* The first URL in one piece, layer by layer. `value`: it stands behind "=", so "//host" counts. */
static int search_piece(struct finder *f, struct str piece, bool value, struct mp_err *err)
{
    for (unsigned layer = 0; layer <= URL_MAX_DECODINGS && piece.n > 4; layer++) {
        size_t start = absolute_start(piece);
        if (start < piece.n)
            return keep(f, str_slice(piece, start, piece.n), err);
        bool two = value && url_is_slash(piece.p[0], true) && url_is_slash(piece.p[1], true);
        if (two && str_has(piece, '.'))
            return keep(f, piece, err);
        start = encoded_start(piece);
        if (start < piece.n)
            piece = url_base64(f->arena, str_slice(piece, start, piece.n));
        else if (str_has(piece, '%'))
            piece = url_unescape(f->arena, piece);
        else
            return MP_OK;
        if (piece.p == NULL)
            return url_no_memory(err);
    }
    return MP_OK;
}

/* "a=1&b=2", piece by piece. */
static int search_pieces(struct finder *f, struct str rest, struct mp_err *err)
{
    int st = MP_OK;
    while (st == MP_OK && rest.p != NULL && f->n < URL_MAX_NESTED) {
        struct str value = str_cut(&rest, '&'), whole = value;
        str_cut(&value, '=');
        bool has_value = value.p != NULL;
        st = search_piece(f, has_value ? value : whole, has_value, err);
    }
    return st;
}

int url_nested(struct arena *arena, const struct url *u, struct url out[URL_MAX_NESTED], size_t *n,
               struct mp_err *err)
{
    struct finder f = {.arena = arena, .out = out};
    int st = search_piece(&f, u->path, false, err);
    if (st == MP_OK)
        st = search_pieces(&f, u->query, err);
    if (st == MP_OK)
        st = search_pieces(&f, u->fragment, err);
    *n = st == MP_OK ? f.n : 0;
    return st;
}
