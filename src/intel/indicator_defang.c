/* Values that somebody made harmless to click: "hxxp://evil[.]example", "joe[at]evil(dot)example".
 */
#include "intel/indicator_internal.h"

static const struct {
    struct str written, meant;
} fangs[] = {
    {STR_INIT("[://]"), STR_INIT("://")}, {STR_INIT("[:]"), STR_INIT(":")},
    {STR_INIT("[.]"), STR_INIT(".")},     {STR_INIT("(.)"), STR_INIT(".")},
    {STR_INIT("{.}"), STR_INIT(".")},     {STR_INIT("[dot]"), STR_INIT(".")},
    {STR_INIT("(dot)"), STR_INIT(".")},   {STR_INIT("{dot}"), STR_INIT(".")},
    {STR_INIT("[@]"), STR_INIT("@")},     {STR_INIT("(@)"), STR_INIT("@")},
    {STR_INIT("{@}"), STR_INIT("@")},     {STR_INIT("[at]"), STR_INIT("@")},
    {STR_INIT("(at)"), STR_INIT("@")},    {STR_INIT("{at}"), STR_INIT("@")},
    {STR_INIT("[/]"), STR_INIT("/")},     {STR_INIT("[."), STR_INIT(".")},
    {STR_INIT(".]"), STR_INIT(".")},
};

/* The row of what begins `s`, or ARRAY_LEN(fangs). */
static size_t fang_at(struct str s)
{
    size_t i = 0;
    if (!str_has(STR("[({."), s.p[0]))
        return ARRAY_LEN(fangs);
    while (i < ARRAY_LEN(fangs) && !str_istarts(s, fangs[i].written))
        i++;
    return i;
}

/* Does the last byte of what was written end the front, as the first slash behind "//" does? */
static bool ends_front(const char *out, size_t n, bool *slashes)
{
    char c = out[n - 1];
    if (c == '?' || c == '#')
        return true;
    if (c != '/')
        return false;
    if (!*slashes && n >= 2 && out[n - 2] == ':')
        return false;
    if (!*slashes && n >= 3 && out[n - 2] == '/' && out[n - 3] == ':') {
        *slashes = true;
        return false;
    }
    return true;
}

static struct str trim(struct str s)
{
    size_t from = 0, to = s.n;
    while (from < to && (unsigned char)s.p[from] <= ' ')
        from++;
    while (to > from && (unsigned char)s.p[to - 1] <= ' ')
        to--;
    return str_slice(s, from, to);
}

struct str intel_refang(struct arena *arena, struct str text)
{
    bool front = true, slashes = false, undone = false;
    struct str in = trim(text);
    char *out = arena_new(arena, char, in.n + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < in.n;) {
        struct str rest = str_slice(in, i, in.n);
        size_t fang = front || undone ? fang_at(rest) : ARRAY_LEN(fangs);
        struct str add = fang < ARRAY_LEN(fangs) ? fangs[fang].meant : str_slice(rest, 0, 1);
        i += fang < ARRAY_LEN(fangs) ? fangs[fang].written.n : 1;
        undone |= fang < ARRAY_LEN(fangs);
        for (size_t k = 0; k < add.n; k++) {
            out[n++] = add.p[k];
            front = front && !ends_front(out, n, &slashes);
        }
    }
    return out == NULL ? STR_NONE : str_make(out, n);
}
