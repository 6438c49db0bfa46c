/* Names of files: what is decoded, dropped, folded and cut before a system looks at the
 * extension. */
#include "content/name.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "content/content.h"

enum { GROWTH = 4 }; /* of UTF-8, by any step */

bool name_is_bidi(int32_t cp)
{
    return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e ||
           cp == 0x200f;
}

bool name_is_blank(int32_t cp)
{
    return cp == ' ' || cp == '\t' || cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200a) ||
           cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Letters without case and accent, U+00C0 to U+017F: programs lose either. 0: not a letter. */
static char latin_base(int32_t cp)
{
    static const char first[] = "aaaaaaaceeeeiiiidnooooo\0ouuuuyts"
                                "aaaaaaaceeeeiiiidnooooo\0ouuuuyty";
    static const char second[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkk"
                                 "llllllllllnnnnnnnnnoooooooorrrrrrsssssssstttttt"
                                 "uuuuuuuuuuuuwwyyyzzzzzzs";
    _Static_assert(sizeof first == 0x40 + 1 && sizeof second == 0x80 + 1, "one for each letter");
    if (cp >= 0xc0 && cp < 0x100)
        return first[cp - 0xc0];
    return cp >= 0x100 && cp < 0x180 ? second[cp - 0x100] : 0;
}

/* Lower case as far as names need it: Latin, Greek, Cyrillic; full-width forms and the dot leader
 * as what they show. */
static int32_t fold(int32_t cp)
{
    if (cp >= 0xff01 && cp <= 0xff5e)
        cp -= 0xff01 - '!';
    if (cp < 0x80)
        return (unsigned char)to_lower((char)cp);
    if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7)
        return cp + 0x20;
    if ((cp >= 0x100 && cp <= 0x12f) || (cp >= 0x132 && cp <= 0x137) ||
        (cp >= 0x14a && cp <= 0x177))
        return cp | 1;
    if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17e))
        return cp + (cp & 1);
    if ((cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
        return cp + 0x20;
    if (cp >= 0x400 && cp <= 0x40f)
        return cp + 0x50;
    return cp == 0x2024 ? '.' : cp == 0x212a ? 'k' : cp == 0x17f ? 's' : cp;
}

/* Code point, or a byte that is no UTF-8 as 0x110000 + byte: so it survives. */
enum { RAW_BYTE = 0x110000 };

static int32_t next(struct str *s)
{
    unsigned char byte = s->n > 0 ? (unsigned char)*s->p : 0;
    int32_t cp = utf8_next(s);
    return cp == UTF8_BAD ? RAW_BYTE + byte : cp;
}

static void add(struct buf *b, int32_t cp)
{
    if (cp >= RAW_BYTE)
        buf_addc(b, (char)(cp - RAW_BYTE));
    else
        utf8_add(b, cp);
}

static struct str keep(struct arena *arena, struct buf *b)
{
    struct str kept = b->failed ? STR_NONE : arena_copy(arena, buf_str(b));
    buf_clear(b);
    return kept;
}

static struct str without_percent(struct arena *arena, struct str s)
{
    char *p = arena_new(arena, char, s.n);
    return str_make(p, p == NULL ? 0 : percent_undo(s, p));
}

/* Joiners and variation selectors are part of emoji and of scripts from Hebrew to Myanmar. */
static bool is_at_home(int32_t cp, int32_t before)
{
    enum { FIRST_SCRIPT = 0x590, LAST_SCRIPT = 0x109f, FIRST_SYMBOL = 0x2190, BRAILLE = 0x2800 };
    bool selector = (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef);
    bool joiner = cp == 0x200c || cp == 0x200d;
    bool script = before >= FIRST_SCRIPT && before <= LAST_SCRIPT;
    bool symbol = before >= FIRST_SYMBOL && before != BRAILLE && before < RAW_BYTE;
    return (joiner && (script || symbol)) ||
           (selector && (symbol || (cp >= 0xfe0e && before == 0xa9)));
}

/* Look at what shows nothing, before it goes. */
static void scan(struct name *n, struct str s)
{
    size_t run = 0, longest = 0;
    int32_t before = 0;
    for (int32_t cp; (cp = next(&s)) != UTF8_END;) {
        bool bidi = name_is_bidi(cp);
        bool hidden = !bidi && (cp == 0x2800 || utf8_is_invisible(cp)) && !is_at_home(cp, before);
        if (bidi && n->bidi == 0)
            n->bidi = cp;
        if (hidden && n->hidden == 0)
            n->hidden = cp;
        run = name_is_blank(cp) ? run + 1 : 0;
        longest = run > longest ? run : longest;
        if (fold(cp) == '.')
            n->blanks = longest;
        before = utf8_is_invisible(cp) ? before : cp;
    }
}

static bool is_trailing(char c)
{
    return c == '.' || c == ' ' || c == '\t' || c == '"' || c == '\'' || c == ';';
}

/* The last part of the path, without what systems cut off its end. */
static struct str last_part(struct str s)
{
    size_t at = str_search(s, STR("::$"));
    s = str_slice(s, 0, at);
    for (at = s.n; at > 0 && s.p[at - 1] != '/' && s.p[at - 1] != '\\';)
        at--;
    s = str_slice(s, at, s.n);
    while (s.n > 0 && is_trailing(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && (is_wsp(*s.p) || *s.p == '"'))
        s = str_slice(s, 1, s.n);
    return s;
}

static struct str behind_dot(struct str s, struct str *head)
{
    size_t dot = str_rfind(s, '.');
    *head = str_slice(s, 0, dot);
    return dot < s.n ? str_slice(s, dot + 1, s.n) : STR("");
}

static struct str cut_filler(struct str s)
{
    while (s.n > 0 && (is_wsp(s.p[s.n - 1]) || s.p[s.n - 1] == '.' || s.p[s.n - 1] == '_'))
        s.n--;
    return s;
}

static struct str fold_name(struct arena *arena, struct str s)
{
    struct buf b;
    buf_init(&b, s.n * GROWTH + 1);
    for (int32_t cp; (cp = next(&s)) != UTF8_END;) {
        if (cp < ' ' || cp == 0x7f || cp == 0x2800 || utf8_is_invisible(cp))
            continue;
        add(&b, name_is_blank(cp) ? ' ' : fold(cp));
    }
    return keep(arena, &b);
}

bool name_read(struct arena *arena, struct str text, struct name *out)
{
    struct name n = {.text = text};
    size_t from = text.n > CONTENT_MAX_NAME_BYTES ? text.n - CONTENT_MAX_NAME_BYTES : 0;
    struct str s = str_slice(text, from, text.n), head;
    for (unsigned i = 0; i < NAME_MAX_PERCENT_ROUNDS && str_has(s, '%'); i++)
        if ((s = without_percent(arena, s)).p == NULL)
            return false;
    scan(&n, s);
    s = fold_name(arena, s);
    if (s.p == NULL)
        return false;
    n.folder = s.n > 0 && (s.p[s.n - 1] == '/' || s.p[s.n - 1] == '\\');
    n.clean = last_part(s);
    n.extension = behind_dot(n.clean, &head);
    n.previous = behind_dot(cut_filler(head), &head);
    *out = n;
    return true;
}

/* Compared in this form: accents off, one "_" for what separates. With `ascii` only letters, digits
 * and dots of ASCII. */
static struct str comparable(struct arena *arena, struct str s, bool ascii)
{
    struct buf b;
    buf_init(&b, s.n * GROWTH + 1);
    bool gap = false;
    for (int32_t cp; (cp = next(&s)) != UTF8_END;) {
        char base = latin_base(cp);
        bool mark = cp >= 0x300 && cp <= 0x36f;
        bool separates = cp == ' ' || cp == '_' || cp == '+' || cp == '-';
        bool plain = cp < 0x80 && (is_alnum((char)cp) || cp == '.');
        if (mark || cp == '"' || cp == '\'' || (ascii && !plain))
            continue;
        if (separates && !gap)
            buf_addc(&b, '_');
        if (!separates)
            add(&b, base != 0 ? base : cp);
        gap = separates;
    }
    return keep(arena, &b);
}

bool name_is_same(struct arena *arena, const struct name *a, const struct name *b)
{
    if (str_eq(a->clean, b->clean))
        return true;
    struct str x = comparable(arena, a->clean, false), y = comparable(arena, b->clean, false);
    if (x.p != NULL && str_eq(x, y))
        return true;
    if (str_is_ascii(a->clean) && str_is_ascii(b->clean))
        return false;
    x = comparable(arena, a->clean, true);
    y = comparable(arena, b->clean, true);
    struct str stem = str_slice(x, 0, str_find(x, '.'));
    return x.p != NULL && stem.n > 0 && str_eq(x, y);
}

struct str name_fold_path(struct arena *arena, struct str path)
{
    struct buf b;
    buf_init(&b, path.n * GROWTH + 1);
    for (int32_t cp; (cp = next(&path)) != UTF8_END;)
        add(&b, cp == '\\' ? '/' : fold(cp));
    return keep(arena, &b);
}

struct str name_show(struct arena *arena, struct str text)
{
    enum { SHOWN_BLANKS = 3, MAX_BYTES = 400 };
    struct buf b;
    buf_init(&b, MAX_BYTES * GROWTH);
    while (text.n > 0 && b.n < MAX_BYTES) {
        size_t blanks = 0;
        struct str rest = text;
        while (name_is_blank(next(&rest))) {
            text = rest;
            blanks++;
        }
        if (blanks > SHOWN_BLANKS)
            buf_addf(&b, "[%zu blanks]", blanks);
        for (; blanks > 0 && blanks <= SHOWN_BLANKS; blanks--)
            buf_addc(&b, ' ');
        int32_t cp = text.n > 0 ? next(&text) : UTF8_END;
        if (cp == 0x2800 || (cp >= 0 && utf8_is_invisible(cp)))
            buf_addf(&b, "\\u{%x}", (unsigned)cp);
        else if (cp != UTF8_END)
            add(&b, cp);
    }
    return keep(arena, &b);
}
