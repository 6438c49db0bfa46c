/* One edit between two labels (optimal string alignment of distance 1), by its name. */
#include "url/lookalike_internal.h"

/* The rows of a keyboard; letters that lie beside each other are mistaken for each other. */
static const struct str rows[] = {STR_INIT("1234567890"), STR_INIT("qwertyuiop"),
                                  STR_INIT("asdfghjkl"),  STR_INIT("zxcvbnm"),
                                  STR_INIT("qwertzuiop"), STR_INIT("yxcvbnm"),
                                  STR_INIT("azertyuiop"), STR_INIT("qsdfghjklm")};
/* One below the other, on any of those keyboards. */
static const struct str columns[] = {STR_INIT("1q"), STR_INIT("2w"), STR_INIT("3e"), STR_INIT("4r"),
                                     STR_INIT("5t"), STR_INIT("6y"), STR_INIT("7u"), STR_INIT("8i"),
                                     STR_INIT("9o"), STR_INIT("0p"), STR_INIT("qa"), STR_INIT("ws"),
                                     STR_INIT("ed"), STR_INIT("rf"), STR_INIT("tg"), STR_INIT("yh"),
                                     STR_INIT("uj"), STR_INIT("ik"), STR_INIT("ol"), STR_INIT("az"),
                                     STR_INIT("sx"), STR_INIT("dc"), STR_INIT("fv"), STR_INIT("gb"),
                                     STR_INIT("hn"), STR_INIT("jm")};

static bool beside(const struct str *lines, size_t n, char a, char b)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = str_find(lines[i], a);
        if (at < lines[i].n && ((at > 0 && lines[i].p[at - 1] == b) ||
                                (at + 1 < lines[i].n && lines[i].p[at + 1] == b)))
            return true;
    }
    return false;
}

static bool are_neighbours(char a, char b)
{
    return beside(rows, ARRAY_LEN(rows), a, b) || beside(columns, ARRAY_LEN(columns), a, b);
}

static bool is_vowel(char c)
{
    return str_has(STR("aeiou"), c);
}

/* Letters that are drawn alike although they are not the same. */
static bool look_alike(char a, char b)
{
    static const struct str alike[] = {STR_INIT("il1j"), STR_INIT("o0q"), STR_INIT("uv"),
                                       STR_INIT("nh"),   STR_INIT("ce"),  STR_INIT("gq9"),
                                       STR_INIT("bd6"),  STR_INIT("nm"),  STR_INIT("vy"),
                                       STR_INIT("ft"),   STR_INIT("s5z2")};
    for (size_t i = 0; i < ARRAY_LEN(alike); i++)
        if (str_has(alike[i], a) && str_has(alike[i], b))
            return true;
    return false;
}

/* The letter at `at` of `longer` is the one that is too many. */
static enum lookalike_kind one_more(struct str longer, size_t at, enum lookalike_kind otherwise)
{
    char c = longer.p[at];
    if (c == '-')
        return LOOKALIKE_HYPHEN;
    bool twice = (at > 0 && longer.p[at - 1] == c) || (at + 1 < longer.n && longer.p[at + 1] == c);
    return twice ? LOOKALIKE_REPETITION : otherwise;
}

/* One letter, a in the known label and b in the other. */
static enum lookalike_kind another(struct str known, char a, char b)
{
    if (look_alike(a, b))
        return LOOKALIKE_GLYPH;
    if (is_vowel(a) && is_vowel(b))
        return LOOKALIKE_VOWEL;
    bool counts = known.n >= LOOKALIKE_MIN_FREE || are_neighbours(a, b);
    return counts && !is_digit(b) == !is_digit(a) ? LOOKALIKE_REPLACEMENT : LOOKALIKE_NONE;
}

static enum lookalike_kind name_edit(struct str known, struct str label, size_t at)
{
    struct str k = str_slice(known, at, known.n), l = str_slice(label, at, label.n);
    if (k.n + 1 == l.n)
        return str_eq(k, str_slice(l, 1, l.n)) ? one_more(label, at, LOOKALIKE_ADDITION)
                                               : LOOKALIKE_NONE;
    if (k.n == l.n + 1)
        return str_eq(str_slice(k, 1, k.n), l) ? one_more(known, at, LOOKALIKE_OMISSION)
                                               : LOOKALIKE_NONE;
    if (k.n != l.n || k.n == 0)
        return LOOKALIKE_NONE;
    if (str_eq(str_slice(k, 1, k.n), str_slice(l, 1, l.n)))
        return another(known, k.p[0], l.p[0]);
    bool swapped = k.n >= 2 && k.p[0] == l.p[1] && k.p[1] == l.p[0] &&
                   str_eq(str_slice(k, 2, k.n), str_slice(l, 2, l.n));
    return swapped ? LOOKALIKE_SWAP : LOOKALIKE_NONE;
}

/* Short labels are near too many words: there the edit must be one that the eye does not see. */
static bool counts_in_short(enum lookalike_kind kind)
{
    return kind == LOOKALIKE_SWAP || kind == LOOKALIKE_REPETITION || kind == LOOKALIKE_HYPHEN;
}

enum lookalike_kind lookalike_edit(struct str known, struct str label)
{
    size_t at = 0;
    while (at < known.n && at < label.n && known.p[at] == label.p[at])
        at++;
    enum lookalike_kind kind = name_edit(known, label, at);
    if (known.n < LOOKALIKE_MIN_EDIT && !counts_in_short(kind))
        return LOOKALIKE_NONE;
    return kind;
}
