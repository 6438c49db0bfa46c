/* What an instruction of a field does: start a program by DDE, fetch a file, lead to a page. */
#include "office/field.h"

static bool is_blank(char c)
{
    return is_fws(c) || c == '{' || c == '}' || c == '"' || (unsigned char)c < ' ';
}

static struct str skip_blanks(struct str s)
{
    while (s.n > 0 && is_blank(*s.p))
        s = str_slice(s, 1, s.n);
    return s;
}

static bool is_word_char(char c)
{
    return is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The word at the front of `*s`, taken off. */
static struct str take_word(struct str *s)
{
    size_t n = 0;
    *s = skip_blanks(*s);
    while (n < s->n && is_word_char(s->p[n]))
        n++;
    n += n == 0 && s->n > 0;
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return word;
}

static bool is_dde(struct str word)
{
    return str_ieq(word, STR("DDE")) || str_ieq(word, STR("DDEAUTO"));
}

/* Fields with an address for an argument; how the rules of relationships name them. */
static const struct {
    struct str word, type;
    bool class_first; /* the address is the second argument */
} addresses[] = {
    {STR_INIT("HYPERLINK"), STR_INIT("hyperlink"), false},
    {STR_INIT("INCLUDEPICTURE"), STR_INIT("image"), false},
    {STR_INIT("IMPORT"), STR_INIT("image"), false},
    {STR_INIT("INCLUDETEXT"), STR_INIT("subDocument"), false},
    {STR_INIT("INCLUDE"), STR_INIT("subDocument"), false},
    {STR_INIT("RD"), STR_INIT("subDocument"), false},
    {STR_INIT("LINK"), STR_INIT("oleObject"), true},
};

/* The first argument, in quotes or up to a blank; switches (\l, \o) are no argument. */
static struct str argument(struct reader *r, struct str s, bool class_first)
{
    s = str_trim(s);
    if (class_first)
        str_cut(&s, ' ');
    s = str_trim(s);
    while (s.n > 1 && *s.p == '\\' && s.p[1] != '\\') {
        str_cut(&s, ' ');
        s = str_trim(s);
    }
    bool quoted = s.n > 0 && *s.p == '"';
    s = quoted ? str_slice(s, 1, s.n) : s;
    s = str_slice(s, 0, str_find(s, quoted ? '"' : ' '));
    return arena_copy(r->arena, s);
}

/* `QUOTE 68 68 69`: the letters of these numbers. */
static struct str quoted_letters(struct reader *r, struct str s)
{
    struct buf b;
    buf_init(&b, s.n + 1);
    for (struct str word; (word = take_word(&s)).n > 0;) {
        uint64_t v;
        if (str_to_u64(word, 0x7f, &v))
            buf_addc(&b, (char)v);
        else
            buf_add(&b, word);
    }
    struct str out = arena_copy(r->arena, buf_str(&b));
    r->failed |= out.p == NULL;
    buf_clear(&b);
    return out;
}

/* \bDDE(AUTO)?\b anywhere but in arguments of fields that only name a place. */
static bool has_dde_word(struct str s)
{
    for (struct str word; (word = take_word(&s)).n > 0;)
        if (is_dde(word))
            return true;
    return false;
}

/* Their texts are names and words for people. */
static bool is_talk(struct str word)
{
    static const struct str words[] = {STR_INIT("HYPERLINK"),
                                       STR_INIT("REF"),
                                       STR_INIT("PAGEREF"),
                                       STR_INIT("NOTEREF"),
                                       STR_INIT("TOC"),
                                       STR_INIT("TC"),
                                       STR_INIT("XE"),
                                       STR_INIT("INDEX"),
                                       STR_INIT("TITLE"),
                                       STR_INIT("SUBJECT"),
                                       STR_INIT("KEYWORDS"),
                                       STR_INIT("COMMENTS"),
                                       STR_INIT("FILENAME"),
                                       STR_INIT("STYLEREF"),
                                       STR_INIT("SEQ"),
                                       STR_INIT("CITATION"),
                                       STR_INIT("INCLUDEPICTURE"),
                                       STR_INIT("ADDIN"),
                                       STR_INIT("DOCPROPERTY"),
                                       STR_INIT("MERGEFIELD"),
                                       STR_INIT("EMBED"),
                                       STR_INIT("FORMTEXT")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_ieq(words[i], word))
            return true;
    return false;
}

static void tell_dde(struct reader *r, struct str what)
{
    struct str kept = arena_copy(r->arena, str_slice(str_trim(what), 0, OFFICE_MAX_TEXT_BYTES));
    r->failed |= kept.p == NULL;
    add_dde(r, kept);
}

void field_read(struct reader *r, struct str instruction)
{
    struct str rest = instruction, word = take_word(&rest);
    if (is_dde(word)) {
        tell_dde(r, instruction);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        if (!str_ieq(word, addresses[i].word))
            continue;
        struct str target = argument(r, rest, addresses[i].class_first);
        r->failed |= target.p == NULL;
        if (target.n > 0)
            add_link(r, addresses[i].type, target, true);
    }
    if (str_ieq(word, STR("QUOTE"))) {
        struct str letters = quoted_letters(r, rest);
        if (str_isearch(letters, STR("DDE")) < letters.n)
            tell_dde(r, letters);
    } else if (!is_talk(word) && has_dde_word(rest)) {
        tell_dde(r, instruction);
    }
}

/* ---- put together ---- */

void fields_start(struct fields *f, struct reader *r)
{
    *f = (struct fields){.r = r};
    buf_init(&f->text, FIELD_TEXT_BYTES);
}

static bool in_instruction(const struct fields *f)
{
    return f->depth > 0 && f->depth <= FIELD_DEPTH && !f->open[f->depth - 1].result;
}

/* What has been said so far is judged and forgotten, so that there is room for what follows. */
static void forget(struct fields *f)
{
    unsigned depth = f->depth < FIELD_DEPTH ? f->depth : FIELD_DEPTH;
    size_t start = depth > 0 ? f->open[depth - 1].start : 0;
    if (in_instruction(f))
        field_read(f->r, str_slice(buf_str(&f->text), start, f->text.n));
    for (unsigned i = 0; i < depth; i++)
        f->open[i].start = 0;
    buf_reset(&f->text);
}

void field_begin(struct fields *f)
{
    if (f->text.n > FIELD_TEXT_BYTES / 2)
        forget(f);
    field_text(f, STR(" "));
    if (f->depth++ >= FIELD_DEPTH)
        return;
    f->open[f->depth - 1].start = f->text.n;
    f->open[f->depth - 1].result = false;
}

/* Of an instruction that is longer than Word takes (citations hold whole records) its beginning is
 * judged. */
void field_text(struct fields *f, struct str text)
{
    if (in_instruction(f))
        buf_add(&f->text, str_slice(text, 0, FIELD_TEXT_BYTES - f->text.n));
}

void field_result(struct fields *f)
{
    if (!in_instruction(f))
        return;
    size_t start = f->open[f->depth - 1].start;
    field_read(f->r, str_slice(buf_str(&f->text), start, f->text.n));
    f->open[f->depth - 1].result = true;
}

void field_end(struct fields *f)
{
    field_result(f);
    if (f->depth == 0)
        return;
    if (f->depth-- > FIELD_DEPTH)
        return;
    if (in_instruction(f)) /* its instruction belongs to the one around it */
        field_text(f, STR(" "));
    else
        f->text.n = f->open[f->depth].start;
}

void fields_done(struct fields *f)
{
    while (f->depth > 0)
        field_end(f);
    buf_clear(&f->text);
}
