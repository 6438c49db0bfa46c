/* Scripts of domain labels by code point ranges, and the letters that look Latin. */
#include "base/confusable.h"

#include "base/idna.h"
#include "base/utf8.h"

/* UTS 39 5.2, "highly restrictive": a label is of one script, or Latin beside East Asian ones. */
enum script {
    SCRIPT_NONE = 0, /* digits, hyphen, combining accents, symbols */
    SCRIPT_LATIN = 1,
    SCRIPT_CYRILLIC = 2,
    SCRIPT_GREEK = 4,
    SCRIPT_ARMENIAN = 8,
    SCRIPT_EAST_ASIAN = 16, /* Han, Kana, Bopomofo, Hangul: mixed with each other by usage */
    SCRIPT_OTHER = 32       /* all others, not told apart */
};

static const struct {
    int32_t first, last;
    enum script script;
} ranges[] = {
    {0, 0x40, SCRIPT_NONE},
    {'A', 'Z', SCRIPT_LATIN},
    {0x5b, 0x60, SCRIPT_NONE},
    {'a', 'z', SCRIPT_LATIN},
    {0x7b, 0xbf, SCRIPT_NONE},
    {0x00c0, 0x02af, SCRIPT_LATIN},
    {0x02b0, 0x036f, SCRIPT_NONE},
    {0x0370, 0x03e1, SCRIPT_GREEK},
    {0x03f0, 0x03ff, SCRIPT_GREEK},
    {0x0400, 0x052f, SCRIPT_CYRILLIC},
    {0x0531, 0x0587, SCRIPT_ARMENIAN},
    {0x1100, 0x11ff, SCRIPT_EAST_ASIAN},
    {0x1c80, 0x1c8f, SCRIPT_CYRILLIC},
    {0x1d00, 0x1d25, SCRIPT_LATIN},
    {0x1e00, 0x1eff, SCRIPT_LATIN},
    {0x1f00, 0x1fff, SCRIPT_GREEK},
    {0x2000, 0x2bff, SCRIPT_NONE},
    {0x2de0, 0x2dff, SCRIPT_CYRILLIC},
    {0x2e80, 0x31ff, SCRIPT_EAST_ASIAN},
    {0x3400, 0x4dbf, SCRIPT_EAST_ASIAN},
    {0x4e00, 0x9fff, SCRIPT_EAST_ASIAN},
    {0xa640, 0xa69f, SCRIPT_CYRILLIC},
    {0xa722, 0xa7ff, SCRIPT_LATIN},
    {0xa960, 0xa97f, SCRIPT_EAST_ASIAN},
    {0xab30, 0xab6f, SCRIPT_LATIN},
    {0xac00, 0xd7ff, SCRIPT_EAST_ASIAN},
    {0xf900, 0xfaff, SCRIPT_EAST_ASIAN},
    {0xff00, 0xffef, SCRIPT_EAST_ASIAN},
    {0x1f000, 0x1faff, SCRIPT_NONE},
    {0x20000, 0x3ffff, SCRIPT_EAST_ASIAN},
};

/* Lower-case letters (domains are folded) drawn like a basic Latin one in common fonts. */
static const uint16_t lookalikes[] = {
    /* Cyrillic: a e o p c y x s i j h l d q w v k b g r n u */
    0x0430, 0x0435, 0x043e, 0x0440, 0x0441, 0x0443, 0x0445, 0x0455, 0x0456, 0x0458, 0x04bb, 0x04cf,
    0x0501, 0x051b, 0x051d, 0x0475, 0x043a, 0x044c, 0x050d, 0x0433, 0x043f, 0x0438,
    /* Greek: a o v p u i k y x w n c j t e */
    0x03b1, 0x03bf, 0x03bd, 0x03c1, 0x03c5, 0x03b9, 0x03ba, 0x03b3, 0x03c7, 0x03c9, 0x03b7, 0x03f2,
    0x03f3, 0x03c4, 0x03b5,
    /* Armenian: o u n h g q j l w */
    0x0585, 0x057d, 0x0578, 0x0570, 0x0581, 0x0566, 0x0575, 0x056c, 0x0561,
    /* Latin of phonetics: a g i and the small capitals come as a range below */
    0x0251, 0x0261, 0x0269, 0x026a};

enum { SMALL_CAPITALS_FIRST = 0x1d00, SMALL_CAPITALS_LAST = 0x1d25 };

static enum script script_of(int32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].script;
    return SCRIPT_OTHER;
}

static bool looks_latin(int32_t c)
{
    if (c >= SMALL_CAPITALS_FIRST && c <= SMALL_CAPITALS_LAST)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(lookalikes); i++)
        if (c == lookalikes[i])
            return true;
    return false;
}

struct label {
    unsigned scripts;
    bool all_look_latin, phonetic;
};

static struct label look_at(struct str text)
{
    struct label label = {.all_look_latin = true};
    for (int32_t c; (c = utf8_next(&text)) != UTF8_END;) {
        enum script script = script_of(c);
        bool lookalike = looks_latin(c);
        label.scripts |= script;
        label.phonetic |= script == SCRIPT_LATIN && lookalike;
        if (c >= 0x80 && !lookalike)
            label.all_look_latin = false;
    }
    return label;
}

static bool may_stand_together(unsigned scripts)
{
    return (scripts & (scripts - 1)) == 0 || scripts == (SCRIPT_LATIN | SCRIPT_EAST_ASIAN);
}

const char *domain_confusable(struct arena *arena, struct str domain, struct str *shown)
{
    struct str rest = idna_to_unicode(arena, domain), top = domain_tail(rest, 1);
    if (str_is_ascii(rest) || !utf8_valid(rest))
        return NULL;
    unsigned top_scripts = look_at(top).scripts;
    while (rest.p != NULL) {
        *shown = str_cut(&rest, '.');
        struct label label = look_at(*shown);
        if (!may_stand_together(label.scripts))
            return "a label mixes scripts";
        if (label.phonetic)
            return "a label holds phonetic letters that look like basic Latin";
        unsigned alike = SCRIPT_CYRILLIC | SCRIPT_GREEK | SCRIPT_ARMENIAN;
        if ((label.scripts & alike) != 0 && label.scripts != top_scripts && label.all_look_latin)
            return "a label is written wholly in letters that look Latin";
    }
    return NULL;
}
