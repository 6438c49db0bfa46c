/* Words of VBA source, by a table: one pass that knows comments, literals and what is joined. */
#include "office/macro.h"

enum where { IN_CODE = 1, IN_TEXT = 2, ANYWHERE = 3 };
enum how { WORD, BEGINS, ENDS };

static const struct row {
    enum macro_sort sort;
    enum where where;
    enum how how;
    struct str word;
} rows[] = {
#define MACRO(sort, where, how, word) {sort, where, how, STR_INIT(word)},
#include "office/macro_words.def"
#undef MACRO
};

enum { TOKEN_BYTES = 64, REVERSED_MIN_BYTES = 6 };

struct token {
    char p[TOKEN_BYTES];
    size_t n; /* may pass TOKEN_BYTES: then the rest was not kept */
};

enum { ROW_COUNT = ARRAY_LEN(rows), LETTERS = 128 };
_Static_assert((int)ROW_COUNT < UINT8_MAX, "an index of a row is an octet");

struct scan {
    struct macro_hits *hits;
    uint8_t first[LETTERS], next[ROW_COUNT]; /* rows by their first letter, plus one; 0: no more */
    struct token code, text;
    bool text_open; /* a literal ended, and may go on behind "&" */
};

static void hit(struct scan *s, const struct row *r)
{
    struct macro_hits *h = s->hits;
    for (unsigned i = 0; i < h->n[r->sort]; i++)
        if (h->words[r->sort][i] == r->word.p)
            return;
    if (h->n[r->sort] < MACRO_MAX_HITS)
        h->words[r->sort][h->n[r->sort]++] = r->word.p;
}

static bool matches(const struct row *r, struct str word)
{
    if (r->word.n > word.n || (r->how == WORD && r->word.n != word.n))
        return false;
    size_t at = r->how == ENDS ? word.n - r->word.n : 0;
    return word.p[at] == r->word.p[0] && memcmp(word.p + at, r->word.p, r->word.n) == 0;
}

static void look_under(struct scan *s, char letter, struct str word, enum where where)
{
    for (unsigned i = s->first[(unsigned char)letter % LETTERS]; i != 0; i = s->next[i - 1])
        if ((rows[i - 1].where & where) != 0 && matches(&rows[i - 1], word))
            hit(s, &rows[i - 1]);
}

static void look_up(struct scan *s, struct str word, enum where where)
{
    static const struct str exe = STR_INIT(".exe");
    look_under(s, word.p[0], word, where);
    if (word.p[0] != '_' && str_has(word, '_'))
        look_under(s, '_', word, where); /* rows that are ends */
    if (where == IN_TEXT && word.n > exe.n && str_ends(word, exe))
        look_under(s, word.p[0], str_slice(word, 0, word.n - exe.n), where);
}

static void index_rows(struct scan *s)
{
    for (unsigned i = ROW_COUNT; i > 0; i--) {
        uint8_t *first = &s->first[(unsigned char)rows[i - 1].word.p[0] % LETTERS];
        s->next[i - 1] = *first;
        *first = (uint8_t)i;
    }
}

static void add(struct token *t, char c)
{
    if (t->n < TOKEN_BYTES)
        t->p[t->n] = to_lower(c);
    t->n++;
}

static void end_token(struct scan *s, struct token *t, enum where where)
{
    char reversed[TOKEN_BYTES];
    size_t n = t->n < TOKEN_BYTES ? t->n : TOKEN_BYTES;
    t->n = 0;
    if (n == 0)
        return;
    look_up(s, str_make(t->p, n), where);
    if (where != IN_TEXT || n < REVERSED_MIN_BYTES)
        return;
    for (size_t i = 0; i < n; i++)
        reversed[i] = t->p[n - 1 - i];
    look_up(s, str_make(reversed, n), where);
}

static void end_text(struct scan *s)
{
    end_token(s, &s->text, IN_TEXT);
    s->text_open = false;
}

/* A letter of a literal: words there hold dots ("WScript.Shell"). */
static void add_text(struct scan *s, char c)
{
    if (is_alnum(c) || c == '_' || c == '.')
        add(&s->text, c);
    else if (c != '^' && c != '`') /* what shells take out of "p^ower^shell" */
        end_token(s, &s->text, IN_TEXT);
}

/* From behind the opening quote; "" is a quote. Returns what is behind the closing one. */
static size_t read_literal(struct scan *s, struct str source, size_t at)
{
    for (; at < source.n && source.p[at] != '\n' && source.p[at] != '\r'; at++) {
        if (source.p[at] == '"') {
            if (at + 1 >= source.n || source.p[at + 1] != '"')
                return at + 1;
            at++;
        }
        add_text(s, source.p[at]);
    }
    return at;
}

/* Chr(65), ChrW$(&H41) and the like, from behind the name: the letter. False: it is no number. */
static bool read_chr(struct str source, size_t *at, char *out)
{
    unsigned value = 0, digits = 0, base = 10;
    size_t i = *at;
    i += i < source.n && source.p[i] == '$';
    if (i >= source.n || source.p[i++] != '(')
        return false;
    if (str_istarts(str_slice(source, i, source.n), STR("&h"))) {
        base = 16;
        i += 2;
    }
    for (; i < source.n && digits < 4; i++, digits++) {
        char c = to_lower(source.p[i]);
        if (is_digit(c))
            value = value * base + (unsigned)(c - '0');
        else if (base == 16 && c >= 'a' && c <= 'f')
            value = value * base + (unsigned)(c - 'a') + 10;
        else
            break;
    }
    if (digits == 0 || i >= source.n || source.p[i] != ')' || value > 0x7f)
        return false;
    *at = i + 1;
    *out = (char)value;
    return true;
}

static size_t end_of_line(struct str source, size_t at)
{
    return at + str_find(str_slice(source, at, source.n), '\n');
}

/* From the first letter of a name. */
static size_t read_word(struct scan *s, struct str source, size_t at)
{
    char c = 0;
    size_t from = at;
    while (at < source.n && (is_alnum(source.p[at]) || source.p[at] == '_'))
        add(&s->code, source.p[at++]);
    struct str word = str_slice(source, from, at);
    bool joins = str_ieq(word, STR("_"));
    if (str_ieq(word, STR("rem"))) {
        s->code.n = 0;
        return end_of_line(source, at);
    }
    if ((str_ieq(word, STR("chr")) || str_ieq(word, STR("chrw")) || str_ieq(word, STR("chrb"))) &&
        read_chr(source, &at, &c)) {
        s->code.n = 0;
        add_text(s, c);
        s->text_open = true;
        return at;
    }
    if (!joins)
        end_text(s);
    end_token(s, &s->code, IN_CODE);
    return at;
}

static bool is_joint(char c)
{
    return c == '&' || c == '+' || is_fws(c);
}

void macro_scan(struct str source, struct macro_hits *hits)
{
    struct scan s = {.hits = hits};
    index_rows(&s);
    for (size_t at = 0; at < source.n;) {
        char c = source.p[at];
        if (c == '"') {
            at = read_literal(&s, source, at + 1);
            s.text_open = true;
        } else if (c == '\'') {
            end_text(&s);
            at = end_of_line(source, at);
        } else if (is_alnum(c) || c == '_') {
            at = read_word(&s, source, at);
        } else {
            if (!is_joint(c))
                end_text(&s);
            at++;
        }
    }
    end_text(&s);
}
