/* Text as it is seen: white space as one blank, lines by blocks, nothing without a glyph. */
#include "base/utf8.h"
#include "base/vec.h"
#include "html/entity.h"
#include "html/html_internal.h"

enum { ROOM = 16 /* a break and two code points */, NUMERIC_RUN = 10 };
enum { SHORT_WORD = 8, SHORT_SYLLABLE = 2 /* nobody hyphenates below */ };

/* Bytes that are copied as they are: ASCII with a glyph, but "&". */
static const bool plain[256] = {
    ['!'] = 1, ['"'] = 1, ['#'] = 1,  ['$'] = 1, ['%'] = 1, ['\''] = 1, ['('] = 1, [')'] = 1,
    ['*'] = 1, ['+'] = 1, [','] = 1,  ['-'] = 1, ['.'] = 1, ['/'] = 1,  ['0'] = 1, ['1'] = 1,
    ['2'] = 1, ['3'] = 1, ['4'] = 1,  ['5'] = 1, ['6'] = 1, ['7'] = 1,  ['8'] = 1, ['9'] = 1,
    [':'] = 1, [';'] = 1, ['<'] = 1,  ['='] = 1, ['>'] = 1, ['?'] = 1,  ['@'] = 1, ['A'] = 1,
    ['B'] = 1, ['C'] = 1, ['D'] = 1,  ['E'] = 1, ['F'] = 1, ['G'] = 1,  ['H'] = 1, ['I'] = 1,
    ['J'] = 1, ['K'] = 1, ['L'] = 1,  ['M'] = 1, ['N'] = 1, ['O'] = 1,  ['P'] = 1, ['Q'] = 1,
    ['R'] = 1, ['S'] = 1, ['T'] = 1,  ['U'] = 1, ['V'] = 1, ['W'] = 1,  ['X'] = 1, ['Y'] = 1,
    ['Z'] = 1, ['['] = 1, ['\\'] = 1, [']'] = 1, ['^'] = 1, ['_'] = 1,  ['`'] = 1, ['a'] = 1,
    ['b'] = 1, ['c'] = 1, ['d'] = 1,  ['e'] = 1, ['f'] = 1, ['g'] = 1,  ['h'] = 1, ['i'] = 1,
    ['j'] = 1, ['k'] = 1, ['l'] = 1,  ['m'] = 1, ['n'] = 1, ['o'] = 1,  ['p'] = 1, ['q'] = 1,
    ['r'] = 1, ['s'] = 1, ['t'] = 1,  ['u'] = 1, ['v'] = 1, ['w'] = 1,  ['x'] = 1, ['y'] = 1,
    ['z'] = 1, ['{'] = 1, ['|'] = 1,  ['}'] = 1, ['~'] = 1,
};

/* ---- words that are cut by what has no glyph ---- */

static bool is_latin(int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c < 0x250);
}

/* Latin letters at the end of what was written since `from`. */
static unsigned letters_at_end(const struct html_out *o, size_t from)
{
    unsigned n = 0;
    size_t i = o->n;
    while (i > from && n < 64) {
        unsigned char c = (unsigned char)o->p[i - 1];
        if (is_alpha((char)c)) {
            i--;
        } else if (c >= 0x80 && c < 0xc0 && i >= from + 2 && (unsigned char)o->p[i - 2] >= 0xc3 &&
                   (unsigned char)o->p[i - 2] <= 0xc9) {
            i -= 2;
        } else {
            break;
        }
        n++;
    }
    return n;
}

static unsigned letters_from(const struct html_out *o, size_t at)
{
    struct str s = str_make(o->p + at, o->n - at);
    unsigned n = 0;
    while (n < 64 && is_latin(utf8_next(&s)))
        n++;
    return n;
}

/* Soft hyphens are for long words, between syllables; other such characters for none. */
static void end_split(struct html_reader *r)
{
    struct html_split *w = &r->split;
    if (!w->open)
        return;
    w->open = false;
    unsigned last = letters_from(&r->text, w->at);
    w->shortest = last < w->shortest ? last : w->shortest;
    bool syllables = w->shortest >= SHORT_SYLLABLE && w->letters + last >= SHORT_WORD;
    if (last > 0 && (w->hard || !syllables))
        r->facts->split_words++;
}

static void cut_word(struct html_reader *r, int32_t c)
{
    struct html_split *w = &r->split;
    struct html_out *o = &r->text;
    if (o->blank || o->line)
        end_split(r);
    unsigned n = o->blank || o->line ? 0 : letters_at_end(o, w->open ? w->at : 0);
    if (w->open && n == 0 && w->at < o->n) /* another word */
        end_split(r);
    if (n > 0) {
        if (!w->open)
            *w = (struct html_split){.open = true, .shortest = n};
        w->letters += n;
        w->shortest = n < w->shortest ? n : w->shortest;
        w->at = o->n;
    }
    w->hard |= w->open && c != 0xad;
}

/* ---- writing ---- */

static bool has_room(struct html_reader *r, struct html_out *o)
{
    if (o->cap - o->n >= ROOM)
        return true;
    if (o->n >= HTML_MAX_TEXT_BYTES) {
        r->facts->limits |= HTML_LIMIT_TEXT;
        return false;
    }
    size_t cap = o->cap == 0 ? 1024 : o->cap * 2;
    char *p = arena_grow(r->arena, o->p, o->n, cap, 1);
    if (p == NULL) {
        r->no_memory = true;
        return false;
    }
    o->p = p;
    o->cap = cap;
    return true;
}

/* What is owed goes out before a letter. */
static void pay(struct html_reader *r, struct html_out *o)
{
    if (o == &r->text) {
        if (r->breaks > r->facts->most_breaks)
            r->facts->most_breaks = r->breaks;
        if (r->empty > r->facts->most_empty + 1)
            r->facts->most_empty = r->empty - 1;
        r->breaks = r->empty = 0;
    }
    if (!o->line && !o->blank)
        return;
    if (o == &r->text)
        end_split(r);
    if (o->n > 0)
        o->p[o->n++] = o->line ? '\n' : ' ';
    o->line = o->blank = false;
}

static bool is_blank_character(uint32_t c)
{
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

struct piece {
    struct html_out *to;
    size_t letters;
    bool pre;
};

static void put(struct html_reader *r, struct piece *t, uint32_t c)
{
    struct html_out *o = t->to;
    if (c <= ' ' || c == 0x7f || is_blank_character(c)) {
        bool line = t->pre && c == '\n';
        o->line |= line;
        o->blank |= c == ' ' || (c >= '\t' && c <= '\r') || c > 0x7f;
    } else if (c >= 0xad && (c < 0x3165 || c >= 0xfe00) && utf8_is_invisible((int32_t)c)) {
        if (o == &r->text)
            cut_word(r, (int32_t)c);
    } else {
        pay(r, o);
        o->n += utf8_put((int32_t)c, o->p + o->n);
        t->letters++;
    }
}

static inline vec plain_of(vec v)
{
    return (vec)((vec)(v - '!') <= '~' - '!') & (vec)(v != '&');
}

/* Bytes of a comparison that hold. */
static inline size_t count_of(vec v)
{
    vec_words ones = (vec_words)(v & 1);
    return (size_t)((ones[0] + ones[1]) * UINT64_C(0x0101010101010101) >> 56);
}

/* A run of plain bytes at the front, as far as there is room. A blank between two of them goes with
 * them, but where it ends a word that is cut. */
static size_t copy_plain(struct html_reader *r, struct piece *t, const char *p, const char *end)
{
    struct html_out *o = t->to;
    size_t n = 0, blanks = 0;
    pay(r, o);
    bool with_blanks = o != &r->text || !r->split.open;
    size_t room = o->cap - o->n, left = (size_t)(end - p);
    left = left < room ? left : room;
    char *to = o->p + o->n;
    for (; with_blanks && left - n > VEC_BYTES + ROOM; n += VEC_BYTES) {
        vec v = vec_load(p + n), blank = (vec)(v == ' ');
        if (vec_any(~(plain_of(v) | (blank & plain_of(vec_load(p + n + 1))))))
            break;
        memcpy(to + n, &v, sizeof v);
        blanks += count_of(blank);
    }
    for (; n < left; n++) {
        if (!plain[(unsigned char)p[n]]) {
            if (p[n] != ' ' || !with_blanks || left - n <= ROOM || !plain[(unsigned char)p[n + 1]])
                break;
            blanks++;
        }
        to[n] = p[n];
    }
    o->n += n;
    t->letters += n - blanks;
    return n;
}

static size_t put_reference(struct html_reader *r, struct piece *t, const char *p, const char *end)
{
    struct entity e = entity_at(str_make(p, (size_t)(end - p)), false);
    if (e.used == 0) {
        put(r, t, '&');
        return 1;
    }
    if (e.numeric && e.first < 0x80 && is_alpha((char)e.first))
        r->facts->numeric_runs += ++r->numeric == NUMERIC_RUN;
    else if (e.first != ' ')
        r->numeric = 0;
    put(r, t, e.first);
    if (e.second != 0)
        put(r, t, e.second);
    return e.used;
}

static void write_piece(struct html_reader *r, struct piece *t, struct str s, bool references)
{
    const char *p = s.p, *end = s.p + s.n;
    while (p < end && has_room(r, t->to)) {
        unsigned char c = (unsigned char)*p;
        if (plain[c]) {
            r->numeric = 0;
            p += copy_plain(r, t, p, end);
        } else if (c == '&' && references) {
            p += put_reference(r, t, p, end);
        } else if (c < 0x80) {
            put(r, t, c);
            p++;
        } else {
            struct str rest = str_make(p, (size_t)(end - p));
            int32_t code = utf8_next(&rest);
            r->numeric = 0;
            put(r, t, code == UTF8_BAD ? 0xfffd : (uint32_t)code);
            p = rest.p;
        }
    }
}

/* ---- pieces of hidden text ---- */

/* Text that is not seen goes on in the last piece, or begins one. */
static struct html_hidden *hidden_piece(struct html_reader *r, uint16_t unseen)
{
    struct html_facts *f = r->facts;
    bool early = f->seen_letters == 0;
    struct html_hidden *last = f->n_hidden > 0 ? &f->hidden[f->n_hidden - 1] : NULL;
    if (last != NULL && last->unseen == unseen && last->early == early)
        return last;
    if (last != NULL && f->n_hidden == HTML_MAX_HIDDEN)
        return last;
    if (!reader_room(r, &f->hidden, f->n_hidden, &r->hidden_cap, sizeof *f->hidden))
        return NULL;
    last = &f->hidden[f->n_hidden++];
    r->dark.blank = r->dark.line = false;
    r->hidden_from = r->dark.n;
    /* Offsets until html_read makes them views. */
    *last = (struct html_hidden){.unseen = unseen, .early = early};
    last->text = str_make(NULL, r->dark.n);
    return last;
}

static bool is_blank_text(struct str s)
{
    size_t i = 0;
    while (i < s.n && is_html_space(s.p[i]))
        i++;
    return i == s.n;
}

static uint16_t unseen_here(struct html_reader *r)
{
    return (uint16_t)(reader_top(r)->seen.unseen |
                      (r->outer_end != NULL ? HTML_UNSEEN_OUTLOOK : 0));
}

void text_add(struct html_reader *r, struct str s, bool references)
{
    uint16_t unseen = unseen_here(r);
    struct html_facts *f = r->facts;
    const struct html_open *top = reader_top(r);
    struct piece t = {.to = unseen != 0 ? &r->dark : &r->text,
                      .pre = (html_tag_flags[top->tag] & IS_PRE) != 0 || r->counts[TAG_PRE] > 0};
    if (s.n == 0)
        return;
    if (!t.pre && is_blank_text(s)) {
        t.to->blank = true;
        return;
    }
    if (unseen != 0 && hidden_piece(r, unseen) == NULL)
        return;
    write_piece(r, &t, s, references);
    if (unseen == 0) {
        f->seen_letters += t.letters;
        if (r->link >= 0 && top->seen.rtl && t.letters > 0)
            f->links[r->link].rtl = true;
        return;
    }
    if ((unseen & ~HTML_UNSEEN_TRICKS) == 0) {
        f->hidden_letters += t.letters;
        f->early_letters += f->seen_letters == 0 ? t.letters : 0;
        f->unseen |= t.letters > 0 ? unseen : 0;
    }
}

void text_break(struct html_reader *r)
{
    r->text.line = r->dark.line = true;
}

/* Pieces become views, white space at their ends off. */
void text_end(struct html_reader *r)
{
    struct html_facts *f = r->facts;
    end_split(r);
    f->text = str_make(r->text.p, r->text.n);
    size_t kept = 0;
    for (size_t i = 0; i < f->n_hidden; i++) {
        size_t from = f->hidden[i].text.n;
        size_t to = i + 1 < f->n_hidden ? f->hidden[i + 1].text.n : r->dark.n;
        struct html_hidden h = f->hidden[i];
        h.text = str_trim(str_slice(str_make(r->dark.p, r->dark.n), from, to));
        /* `text.n` of the next one is read before it is written over: kept <= i. */
        if (h.text.n > 0)
            f->hidden[kept++] = h;
    }
    f->n_hidden = kept;
}

struct str text_decode(struct html_reader *r, struct str s, bool in_attribute)
{
    if (!str_has(s, '&'))
        return s;
    char *out = arena_new(r->arena, char, ENTITY_GROWTH(s.n));
    if (out == NULL) {
        r->no_memory = true;
        return STR_NONE;
    }
    return str_make(out, entity_decode(s, in_attribute, out));
}
