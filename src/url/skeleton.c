/* Skeletons: a table of letters that look alike, by code point. */
#include "url/skeleton.h"

#include "base/utf8.h"

enum { LOOK_MAX_BYTES = 7 };

struct look {
    uint32_t code_point;
    char as[LOOK_MAX_BYTES + 1];
};

static const struct look looks[] = {
#include "url/skeleton.def"
};

/* Marks over and under letters, by block. */
static const struct {
    int32_t first, last;
} marks[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},
             {0x64b, 0x65f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
             {0x2de0, 0x2dff}, {0xfe20, 0xfe2f}};

static bool is_mark(int32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (c >= marks[i].first && c <= marks[i].last)
            return true;
    return false;
}

static struct str look_of(int32_t c)
{
    size_t from = 0, to = ARRAY_LEN(looks);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (looks[middle].code_point < (uint32_t)c)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < ARRAY_LEN(looks) && looks[from].code_point == (uint32_t)c)
        return str_make(looks[from].as, strnlen(looks[from].as, LOOK_MAX_BYTES));
    return STR_NONE;
}

/* In the order of the alphabet that leet writes: the sign, and the letter. */
static const char leet[][2] = {{'2', 'z'}, {'3', 'e'}, {'4', 'a'}, {'5', 's'},
                               {'6', 'g'}, {'7', 't'}, {'8', 'b'}, {'9', 'g'},
                               {'@', 'a'}, {'$', 's'}, {'!', 'l'}, {'+', 't'}};

static char letter_of(char c)
{
    for (size_t i = 0; i < ARRAY_LEN(leet); i++)
        if (leet[i][0] == c)
            return leet[i][1];
    return c;
}

/* Append one ASCII byte; "m" takes two. `out` has room. */
static size_t put_ascii(char *out, size_t n, char c, enum skeleton_mode mode)
{
    c = to_lower(c);
    c = c == '0' ? 'o' : c == '1' || c == '|' ? 'l' : c == '`' ? '\'' : c;
    if (mode == SKELETON_DIGITS)
        c = letter_of(c);
    if (c == 'm') {
        out[n++] = 'r';
        c = 'n';
    }
    if (mode == SKELETON_DIGITS && c == 'v' && n > 0 && out[n - 1] == 'v') {
        out[n - 1] = 'w';
        return n;
    }
    out[n++] = c;
    return n;
}

static size_t put_wide(char *out, size_t n, struct str bytes, int32_t c, enum skeleton_mode mode)
{
    if (utf8_is_invisible(c) || is_mark(c))
        return n;
    struct str look = look_of(c);
    if (look.n == 0) {
        memcpy(out + n, bytes.p, bytes.n);
        return n + bytes.n;
    }
    for (size_t i = 0; i < look.n; i++) {
        if ((unsigned char)look.p[i] < 0x80 && look.p[i] != 'm')
            n = put_ascii(out, n, look.p[i], mode);
        else
            out[n++] = look.p[i];
    }
    return n;
}

struct str skeleton(struct arena *arena, struct str text, enum skeleton_mode mode)
{
    /* a letter of two bytes or more becomes LOOK_MAX_BYTES at most, one of ASCII two */
    char *out = arena_alloc(arena, text.n + 1, (LOOK_MAX_BYTES + 1) / 2);
    size_t n = 0;
    if (out == NULL)
        return STR_NONE;
    for (struct str rest = text; rest.n != 0;) {
        struct str bytes = rest;
        int32_t c = utf8_next(&rest);
        bytes.n -= rest.n;
        if (c == UTF8_BAD)
            out[n++] = bytes.p[0];
        else if (c < 0x80)
            n = put_ascii(out, n, (char)c, mode);
        else
            n = put_wide(out, n, bytes, c, mode);
    }
    return str_make(out, n);
}
