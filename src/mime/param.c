/* Parameters as readers read them: with quotes, half quotes, escapes, comments, missing semicolons
 * and the pieces of RFC 2231 in any order. No grammar: each place where the name stands before a
 * "=" is one, and its text is cut in each way that some reader cuts it. */
#include "mime/param.h"

#include "base/hex.h"
#include "message/charset.h"

enum {
    PARAM_FOUND_MAX = 24,
    PARAM_CUT_MAX = 8, /* of those found, cut in all ways */
    PARAM_TEXT_MAX = 2048,
    PIECE_NUMBER_MAX = 9999
};

struct found {
    struct str text; /* what stands behind "=", to the end of the value or PARAM_TEXT_MAX */
    struct str word; /* of it, as the RFC has it: unquoted */
    bool numbered, extended;
    unsigned number;
};

struct forms {
    struct str value;
    size_t offset;
    const struct param_taker *taker;
    struct found found[PARAM_FOUND_MAX];
    size_t n;
    bool enough;
    struct buf words; /* unquoted texts of what was found */
    struct buf joined;
    char work[PARAM_TEXT_MAX];
};

static void give(struct forms *f, struct str text, const struct found *at, struct param_form form)
{
    form.text = text;
    form.offset = f->offset + (size_t)(at->text.p - f->value.p);
    if (!f->enough)
        f->enough = !f->taker->take(f->taker->context, &form);
}

/* So much is looked at once more: is it still within bounds? */
static bool may_spend(struct forms *f, size_t bytes)
{
    size_t *left = f->taker->work;
    bool enough = *left > bytes;
    *left = enough ? *left - bytes : 0;
    return enough && !f->enough;
}

/* ---- where the name stands ---- */

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* White space and comments, as long as they are closed; an unclosed "(" is one byte. */
static size_t skip_cfws(struct str s, size_t i)
{
    size_t depth = 0, start = i;
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (depth == 0 && !is_space(c) && c != '(')
            return i;
        if (depth == 0)
            start = i;
        depth += c == '(';
        depth -= c == ')' && depth > 0;
    }
    return depth == 0 ? i : start;
}

/* At the byte behind a name: "*0*" and "=". */
static bool parse_tail(struct str v, size_t i, struct found *out)
{
    *out = (struct found){0};
    if (i < v.n && v.p[i] == '*') {
        size_t digits = ++i;
        uint64_t number;
        while (i < v.n && is_digit(v.p[i]))
            i++;
        out->numbered = str_to_u64(str_slice(v, digits, i), PIECE_NUMBER_MAX, &number);
        out->number = out->numbered ? (unsigned)number : 0;
        out->extended = !out->numbered;
        if (i < v.n && v.p[i] == '*') {
            out->extended = true;
            i++;
        }
    }
    i = skip_cfws(v, i);
    while (i < v.n && v.p[i] == '\\')
        i++;
    if (i == v.n || v.p[i] != '=')
        return false;
    out->text = str_slice(v, i + 1, i + 1 + PARAM_TEXT_MAX);
    return true;
}

/* ---- how its text is cut ---- */

/* Behind the quote at `i`: to its partner, or the end. */
static size_t quoted_end(struct str s, size_t i)
{
    for (; i < s.n && s.p[i] != '"'; i++)
        i += s.p[i] == '\\' && i + 1 < s.n;
    return i;
}

/* The text with bytes left out: quotes, backslashes (or only the escaping ones), comments, line
 * ends. */
enum {
    WITHOUT_QUOTES = 1,
    WITHOUT_ESCAPES = 2,
    WITHOUT_COMMENTS = 4,
    WITHOUT_BREAKS = 8,
    WITHOUT_BACKSLASHES = 16
};

static struct str strip(struct forms *f, struct str s, unsigned what)
{
    char *out = f->work;
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < s.n && n < sizeof f->work; i++) {
        char c = s.p[i];
        if ((what & WITHOUT_COMMENTS) && (c == '(' || depth > 0)) {
            depth += c == '(';
            depth -= c == ')';
            continue;
        }
        if (c == '\\' && (what & WITHOUT_ESCAPES) && i + 1 < s.n) {
            out[n++] = s.p[++i];
            continue;
        }
        if ((c == '"' && (what & WITHOUT_QUOTES)) || (c == '\\' && (what & WITHOUT_BACKSLASHES)) ||
            ((c == '\r' || c == '\n') && (what & WITHOUT_BREAKS)))
            continue;
        out[n++] = c;
    }
    return str_make(out, n);
}

/* To the semicolon that is not within quotes. */
static struct str to_semicolon(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ';')
            return str_slice(s, 0, i);
        if (s.p[i] == '"')
            i = quoted_end(s, i + 1);
    }
    return s;
}

static struct str to_any(struct str s, const char *ends, size_t n)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != '\0' && memchr(ends, s.p[i], n) == NULL)
        i++;
    return str_slice(s, 0, i);
}

/* As the RFC reads it: a token, or a quoted text without its escapes. */
static struct str rfc_word(struct forms *f, struct str text)
{
    struct str s = str_slice(text, skip_cfws(text, 0), text.n);
    if (s.n == 0 || s.p[0] != '"')
        return str_trim(to_any(s, " \t\r\n;", 5));
    struct str inner = str_slice(s, 1, quoted_end(s, 1));
    if (!str_has(inner, '\\') && !str_has(inner, '\n') && !str_has(inner, '\r'))
        return inner;
    size_t at = f->words.n;
    if (f->words.cap == 0) /* all at once: what was unquoted before must stay where it is */
        buf_reserve(&f->words, f->words.max_bytes);
    buf_add(&f->words, strip(f, inner, WITHOUT_ESCAPES | WITHOUT_BREAKS));
    return f->words.failed ? inner : str_make(f->words.p + at, f->words.n - at);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (memchr("\"\\()'<>=%", s.p[i], 9) != NULL || (unsigned char)s.p[i] <= ' ' ||
            (unsigned char)s.p[i] >= 0x7f)
            return false;
    return true;
}

/* Is it a token or a quoted text with nothing remarkable, and ";" or the end behind it? */
static bool is_simple(struct str text, struct str word)
{
    struct str s = str_slice(text, skip_cfws(text, 0), text.n);
    bool quoted = s.n > 0 && s.p[0] == '"';
    for (size_t i = 0; quoted && i < word.n; i++)
        if (memchr("\"\\;\0", word.p[i], 4) != NULL || (unsigned char)word.p[i] < ' ')
            return false;
    if (!quoted && !is_plain(word))
        return false;
    size_t end = quoted ? quoted_end(s, 1) + 1 : word.n;
    struct str rest = str_trim(str_slice(s, end, s.n));
    return end <= s.n && (rest.n == 0 || rest.p[0] == ';') &&
           (!quoted || memcmp(s.p + 1, word.p, word.n) == 0);
}

enum { CUTS = 13 /* passes over a text, for the account of work */ };

/* All the ways to cut what is not simple. */
static void give_cuts(struct forms *f, const struct found *at, struct param_form form)
{
    struct str t = str_trim(at->text);
    struct str extents[] = {to_semicolon(t), to_any(t, ";", 1), to_any(t, "\r\n", 2), t};
    form.lenient = true;
    for (size_t i = 0; i < ARRAY_LEN(extents); i++) {
        struct str s = str_trim(extents[i]);
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again |= str_trim(extents[k]).n == s.n;
        if (again || !may_spend(f, CUTS * s.n))
            continue;
        give(f, s, at, form);
        if (s.n > 0 && s.p[0] == '"') {
            size_t end = quoted_end(s, 1);
            give(f, str_slice(s, 1, end), at, form);
            give(f, str_slice(s, 1, 1 + str_find(str_slice(s, 1, s.n), '"')), at, form);
            give(f, str_slice(s, 1, s.n - (s.n > 1 && s.p[s.n - 1] == '"')), at, form);
        }
        give(f, strip(f, s, WITHOUT_QUOTES | WITHOUT_ESCAPES | WITHOUT_BREAKS), at, form);
        give(f, strip(f, s, WITHOUT_QUOTES | WITHOUT_BREAKS), at, form);
        give(f, strip(f, s, WITHOUT_ESCAPES | WITHOUT_BREAKS), at, form);
        give(f, str_trim(strip(f, s, WITHOUT_COMMENTS | WITHOUT_QUOTES | WITHOUT_BREAKS)), at,
             form);
        give(f, strip(f, s, WITHOUT_QUOTES | WITHOUT_BACKSLASHES | WITHOUT_BREAKS), at, form);
        give(f, to_any(s, " \t\r\n", 4), at, form);
        give(f, to_any(s, "\"(", 2), at, form);
        give(f, to_any(s, " \t\r\n,\"'();\\", 11), at, form);
        if (s.n > 1 && s.p[0] == '\'')
            give(f, to_any(str_slice(s, 1, s.n), "'", 1), at, form);
    }
}

/* ---- RFC 2231 ---- */

/* "utf-8'en'text": takes charset and language off. */
static struct str cut_charset(struct str *s)
{
    struct str rest = *s, charset = str_cut(&rest, '\'');
    if (rest.p == NULL || (str_cut(&rest, '\''), rest.p == NULL))
        return STR_NONE;
    *s = rest;
    return charset;
}

/* UTF-16 that says no byte order is read in either by some reader. */
static void give_text(struct forms *f, struct str bytes, struct str charset, const struct found *at,
                      struct param_form form)
{
    static const struct str both[] = {STR_INIT("UTF-16LE"), STR_INIT("UTF-16BE")};
    struct buf b;
    buf_init(&b, 4 * PARAM_TEXT_MAX);
    bool wide = str_istarts(charset, STR("utf-16"));
    for (size_t i = 0; i < (wide ? 3u : 1u); i++) {
        buf_reset(&b);
        if (charset.n == 0 || !charset_add_utf8(&b, i == 0 ? charset : both[i - 1], bytes))
            continue;
        give(f, buf_str(&b), at, form);
    }
    buf_clear(&b);
    give(f, bytes, at, form);
}

/* How pieces are joined: which, in what order, what is undone. */
struct join {
    bool sorted;    /* by number, else as they stand */
    bool no_gaps;   /* stop at the first number that is missing */
    bool plain_too; /* what has no star comes first, as if it were piece 0 */
    bool all_bytes; /* undo percent signs in every piece, not in extended ones alone */
    enum { CHARSET_FIRST, CHARSET_ANY, CHARSET_KEPT } charset; /* where it is taken off */
};

static const struct join joins[] = {
    {true, true, false, false, CHARSET_FIRST},   {true, false, false, false, CHARSET_FIRST},
    {false, false, false, false, CHARSET_FIRST}, {true, false, true, false, CHARSET_FIRST},
    {false, false, true, false, CHARSET_FIRST},  {true, false, false, true, CHARSET_FIRST},
    {true, false, false, false, CHARSET_ANY},    {false, false, false, false, CHARSET_ANY},
    {true, false, true, false, CHARSET_ANY},     {true, false, false, false, CHARSET_KEPT},
};

static size_t collect(const struct forms *f, const struct join *j, const struct found **list)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct found *p = &f->found[i];
        if (!p->numbered && !(j->plain_too && !p->extended))
            continue;
        size_t at = n++;
        for (; j->sorted && at > 0 && list[at - 1]->number > p->number; at--)
            list[at] = list[at - 1];
        list[at] = p;
    }
    for (size_t i = 0; j->no_gaps && i < n; i++)
        if (list[i]->number != i)
            return i;
    return n;
}

static void give_join(struct forms *f, const struct join *j, struct param_form form)
{
    const struct found *list[PARAM_FOUND_MAX];
    size_t n = collect(f, j, list), bytes = 0, used = 0;
    struct str charset = STR_NONE;
    for (size_t i = 0; i < n; i++)
        bytes += list[i]->word.n;
    buf_reset(&f->joined);
    char *out = n == 0 || !may_spend(f, bytes) ? NULL : buf_reserve(&f->joined, bytes + 1);
    for (size_t i = 0; out != NULL && i < n; i++) {
        struct str w = list[i]->word;
        if ((list[i]->extended && i == 0 && j->charset == CHARSET_FIRST) ||
            j->charset == CHARSET_ANY) {
            struct str named = cut_charset(&w);
            charset = charset.n == 0 ? named : charset;
        }
        if (list[i]->extended || j->all_bytes)
            used += percent_undo(w, out + used);
        else
            memcpy(out + used, w.p, w.n), used += w.n;
    }
    if (out != NULL)
        give_text(f, str_make(out, used), charset, list[0], form);
}

static void give_extended(struct forms *f, const struct found *p, struct param_form form)
{
    struct str w = p->word, charset = cut_charset(&w);
    buf_reset(&f->joined);
    char *out = may_spend(f, w.n) ? buf_reserve(&f->joined, w.n + 1) : NULL;
    if (out == NULL)
        return;
    give_text(f, str_make(out, percent_undo(w, out)), charset, p, form);
    form.lenient = true;
    give(f, p->word, p, form);
}

/* A plain parameter and one piece behind it. */
static void give_glued(struct forms *f, struct param_form form)
{
    const struct found *plain = NULL;
    for (size_t i = 0; i < f->n && plain == NULL; i++)
        if (!f->found[i].numbered && !f->found[i].extended)
            plain = &f->found[i];
    for (size_t i = 0; i < f->n && plain != NULL; i++) {
        struct str w = f->found[i].word;
        if (!f->found[i].numbered)
            continue;
        cut_charset(&w);
        buf_reset(&f->joined);
        char *out = may_spend(f, plain->word.n + w.n)
                        ? buf_reserve(&f->joined, plain->word.n + w.n + 1)
                        : NULL;
        if (out == NULL)
            return;
        memcpy(out, plain->word.p, plain->word.n);
        give(f, str_make(out, plain->word.n + percent_undo(w, out + plain->word.n)), plain, form);
    }
}

static void give_pieces(struct forms *f)
{
    struct param_form form = {.extended = true};
    size_t numbered = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct found *p = &f->found[i];
        numbered += p->numbered;
        if (!p->numbered && p->extended)
            give_extended(f, p, form);
    }
    for (size_t i = 0; numbered > 0 && i < ARRAY_LEN(joins); i++) {
        form.lenient = i > 0;
        give_join(f, &joins[i], form);
    }
    form.lenient = true;
    for (size_t i = 0; i < f->n; i++) /* one piece alone, as readers that know no pieces */
        if (f->found[i].numbered)
            give_extended(f, &f->found[i], form);
    give_glued(f, form);
}

/* ---- all ---- */

static void take_at(struct forms *f, size_t i)
{
    struct found *p = &f->found[f->n];
    if (f->n == PARAM_FOUND_MAX || !parse_tail(f->value, i, p))
        return;
    p->word = rfc_word(f, p->text);
    f->n++;
}

static void find_all(struct forms *f, struct str name)
{
    struct str v = f->value;
    bool is_name = name.n == 4; /* "name" is the end of "filename" too: that is another one */
    for (size_t i = 0; i + name.n <= v.n; i++) {
        if (to_lower(v.p[i]) != name.p[0] || !str_istarts(str_slice(v, i, v.n), name))
            continue;
        bool within = i > 0 && (is_alnum(v.p[i - 1]) || v.p[i - 1] == '-' || v.p[i - 1] == '_');
        if (!(within && is_name))
            take_at(f, i + name.n);
    }
}

void param_forms(struct str value, size_t offset, struct str name, const struct param_taker *taker)
{
    struct forms f;
    bool pieces = false;
    size_t plain = 0;
    f.value = value;
    f.offset = offset;
    f.taker = taker;
    f.n = 0;
    f.enough = false;
    buf_init(&f.words, PARAM_FOUND_MAX * PARAM_TEXT_MAX);
    buf_init(&f.joined, PARAM_FOUND_MAX * PARAM_TEXT_MAX);
    find_all(&f, name);
    for (size_t i = 0; i < f.n; i++) {
        struct found *p = &f.found[i];
        pieces |= p->numbered || p->extended;
        if (p->numbered || p->extended)
            continue;
        struct param_form form = {.again = plain > 0};
        give(&f, p->word, p, form);
        if (plain++ < PARAM_CUT_MAX && !is_simple(p->text, p->word))
            give_cuts(&f, p, form);
    }
    if (pieces)
        give_pieces(&f);
    buf_clear(&f.words);
    buf_clear(&f.joined);
}
