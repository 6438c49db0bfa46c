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

const signed char url_base64_digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
    ['-'] = 63, ['_'] = 64,
};

size_t url_base64_undo(struct str text, char *to)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < text.n; i++) {
        int digit = url_base64_value(text.p[i]);
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
