/* Bytes of PDF as a flat list of nodes: names, numbers, strings, references, containers. */
#include "base/hex.h"
#include "pdf/pdf_internal.h"

enum { S = PDF_CHAR_SPACE, D = PDF_CHAR_DELIMITER }; /* all others are regular */

const unsigned char pdf_chars[256] = {
    [0] = S,   ['\t'] = S, ['\n'] = S, ['\f'] = S, ['\r'] = S, [' '] = S, ['('] = D, [')'] = D,
    ['<'] = D, ['>'] = D,  ['['] = D,  [']'] = D,  ['{'] = D,  ['}'] = D, ['/'] = D, ['%'] = D};

static const struct word {
    struct str text;
    bool relevant;
} words[PDF_WORD_COUNT] = {
#define PDF_WORDS_OF(n)
#define PDF_WORD(symbol, text, relevant) [PDF_W_##symbol] = {STR_INIT(text), relevant},
#include "pdf/words.def"
#undef PDF_WORD
#undef PDF_WORDS_OF
};

enum pdf_word pdf_word_of(struct str name)
{
    static const unsigned char first[] = {PDF_W_OF_1,  PDF_W_OF_1,  PDF_W_OF_2,  PDF_W_OF_3,
                                          PDF_W_OF_4,  PDF_W_OF_5,  PDF_W_OF_6,  PDF_W_OF_7,
                                          PDF_W_OF_8,  PDF_W_OF_9,  PDF_W_OF_10, PDF_W_OF_11,
                                          PDF_W_OF_12, PDF_W_OF_13, PDF_W_OF_14, PDF_W_OF_15,
                                          PDF_W_OF_16, PDF_W_OF_17};
    if (name.n == 0 || name.n + 1 >= sizeof first)
        return PDF_W_NONE;
    for (unsigned i = first[name.n]; i < first[name.n + 1]; i++)
        if (str_eq(words[i].text, name))
            return (enum pdf_word)i;
    return PDF_W_NONE;
}

static size_t skip_comment(struct str s, size_t at)
{
    while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
        at++;
    return at;
}

size_t pdf_skip_space(struct str s, size_t at)
{
    for (; at < s.n; at++)
        if (s.p[at] == '%')
            at = skip_comment(s, at) - 1;
        else if (pdf_char_of(s.p[at]) != PDF_CHAR_SPACE)
            break;
    return at;
}

size_t pdf_skip_string(struct str s, size_t at)
{
    size_t depth = 0;
    if (s.p[at] == '<') {
        const char *end = memchr(s.p + at, '>', s.n - at);
        return end == NULL ? s.n : (size_t)(end - s.p) + 1;
    }
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (c == '\\')
            at++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return at + 1;
    }
    return s.n;
}

struct tokens {
    struct pdf_reader *r;
    struct str s;
    size_t at;
    uint32_t open;  /* the innermost container that is not closed */
    uint32_t first; /* of the object */
    size_t object_at;
};

static struct pdf_node *add_node(struct tokens *t, enum pdf_node_kind kind)
{
    struct pdf_reader *r = t->r;
    if (r->n_nodes == PDF_MAX_NODES) {
        pdf_limit(r, PDF_LIMIT_NODES);
        return NULL;
    }
    if (r->n_nodes == r->cap_nodes) {
        size_t cap = r->cap_nodes == 0 ? 1024 : 2 * r->cap_nodes;
        void *p = arena_grow(&r->own, r->nodes, r->n_nodes, cap, sizeof *r->nodes);
        if (p == NULL) {
            r->starved = true;
            return NULL;
        }
        r->nodes = p;
        r->cap_nodes = cap;
    }
    struct pdf_node *n = &r->nodes[r->n_nodes++];
    *n = (struct pdf_node){.kind = (unsigned char)kind,
                           .parent = t->open,
                           .end = (uint32_t)r->n_nodes};
    return n;
}

/* Undo #xx, and note it where it hides something. */
static bool add_name(struct tokens *t, struct str raw)
{
    struct pdf_node *n = add_node(t, PDF_NODE_NAME);
    if (n == NULL)
        return false;
    n->text = raw;
    n->word = (unsigned char)pdf_word_of(raw);
    if (n->word != PDF_W_NONE || !str_has(raw, '#'))
        return true;
    char *p = arena_alloc(&t->r->own, raw.n, 1);
    if (p == NULL) {
        t->r->starved = true;
        return false;
    }
    n->text = str_make(p, 0);
    for (size_t i = 0; i < raw.n; i++) {
        int octet = raw.p[i] == '#' ? hex_octet(raw, i + 1) : -1;
        p[n->text.n++] = octet < 0 ? raw.p[i] : (char)octet;
        i += octet < 0 ? 0 : 2;
    }
    n->word = (unsigned char)pdf_word_of(n->text);
    struct pdf *pdf = t->r->pdf;
    if (!words[n->word].relevant)
        return true;
    if (pdf->n_obfuscated < PDF_MAX_OBFUSCATED)
        pdf->obfuscated[pdf->n_obfuscated] = arena_copy(t->r->arena, raw);
    pdf->n_obfuscated++;
    return true;
}

static bool open_container(struct tokens *t, enum pdf_node_kind kind)
{
    if (add_node(t, kind) == NULL)
        return false;
    t->open = (uint32_t)t->r->n_nodes - 1;
    return true;
}

static void close_container(struct tokens *t)
{
    t->r->nodes[t->open].end = (uint32_t)t->r->n_nodes;
    t->open = t->r->nodes[t->open].parent;
}

/* An end closes the innermost of its kind, with what is open in it; an end of nothing is none. */
static void close_kind(struct tokens *t, enum pdf_node_kind kind)
{
    if (kind == PDF_NODE_ARRAY && !pdf_is(t->r, t->open, PDF_NODE_ARRAY))
        return;
    while (pdf_is(t->r, t->open, PDF_NODE_ARRAY) && kind == PDF_NODE_DICT)
        close_container(t);
    if (t->open != PDF_NO_NODE)
        close_container(t);
}

/* An integer, or the integer part of a real number. */
static bool number_of(struct str word, int64_t *out)
{
    size_t sign = word.p[0] == '-' || word.p[0] == '+', digits = 0, points = 0;
    int64_t v = 0;
    for (size_t i = sign; i < word.n; i++) {
        if (word.p[i] == '.') {
            points++;
            continue;
        }
        if (!is_digit(word.p[i]))
            return false;
        digits++;
        if (points == 0 && v < INT64_MAX / 100)
            v = v * 10 + (word.p[i] - '0');
    }
    *out = word.p[0] == '-' ? -v : v;
    return digits > 0 && points <= 1;
}

/* Are the last two nodes numbers, side by side? */
static bool ends_in_numbers(const struct tokens *t)
{
    size_t n = t->r->n_nodes;
    return n >= t->first + 2 && t->r->nodes[n - 1].kind == PDF_NODE_NUMBER &&
           t->r->nodes[n - 2].kind == PDF_NODE_NUMBER &&
           t->r->nodes[n - 1].parent == t->r->nodes[n - 2].parent;
}

static bool add_word(struct tokens *t, struct str word)
{
    int64_t v;
    if (str_eq(word, STR("R")) && ends_in_numbers(t)) {
        struct pdf_node *n = &t->r->nodes[t->r->n_nodes - 2];
        n->kind = PDF_NODE_REF;
        t->r->n_nodes--;
        return true;
    }
    bool number = number_of(word, &v);
    struct pdf_node *n = add_node(t, number ? PDF_NODE_NUMBER : PDF_NODE_WORD);
    if (n == NULL)
        return false;
    if (number)
        n->number = v;
    else
        n->text = word;
    return true;
}

static size_t word_end(struct str s, size_t at)
{
    while (at < s.n && pdf_char_of(s.p[at]) == PDF_CHAR_REGULAR)
        at++;
    return at;
}

/* Words that end an object. "endobj7" too: readers are that kind. */
static bool is_stop(struct tokens *t, struct str word, enum pdf_stop *stop)
{
    if (word.n < 3 || word.p[0] < 'e' || word.p[0] > 'x')
        return false;
    if (str_starts(word, STR("endobj")) || str_starts(word, STR("endstream")))
        *stop = PDF_STOP_ENDOBJ;
    else if (str_eq(word, STR("stream")))
        *stop = PDF_STOP_STREAM;
    else if (str_eq(word, STR("startxref")) || str_eq(word, STR("xref")) ||
             str_eq(word, STR("trailer")))
        *stop = PDF_STOP_END;
    else if (str_eq(word, STR("obj")) && ends_in_numbers(t))
        *stop = PDF_STOP_OBJ;
    else
        return false;
    if (*stop == PDF_STOP_OBJ)
        t->r->n_nodes -= 2;
    return true;
}

/* One token that begins with a delimiter. */
static bool read_delimited(struct tokens *t)
{
    struct str s = t->s;
    size_t at = t->at;
    char c = s.p[at], next = at + 1 < s.n ? s.p[at + 1] : 0;
    if (c == '/') {
        t->at = word_end(s, at + 1);
        return add_name(t, str_slice(s, at + 1, t->at));
    }
    if (c == '(' || (c == '<' && next != '<')) {
        size_t end = pdf_skip_string(s, at);
        bool whole = end > at + 1 && s.p[end - 1] == (c == '(' ? ')' : '>');
        struct pdf_node *n = add_node(t, c == '(' ? PDF_NODE_STRING : PDF_NODE_HEX);
        t->at = end;
        if (n != NULL)
            n->text = str_slice(s, at + 1, end - whole);
        return n != NULL;
    }
    t->at = at + (c == next && (c == '<' || c == '>') ? 2 : 1);
    if (c == '<' || c == '[')
        return open_container(t, c == '<' ? PDF_NODE_DICT : PDF_NODE_ARRAY);
    if (c == ']' || (c == '>' && next == '>'))
        close_kind(t, c == ']' ? PDF_NODE_ARRAY : PDF_NODE_DICT);
    return true;
}

static enum pdf_stop read_all(struct tokens *t, bool one_value)
{
    enum pdf_stop stop = PDF_STOP_END;
    while ((t->at = pdf_skip_space(t->s, t->at)) < t->s.n) {
        bool more = true;
        if (pdf_char_of(t->s.p[t->at]) == PDF_CHAR_DELIMITER) {
            more = read_delimited(t);
        } else {
            size_t end = word_end(t->s, t->at);
            struct str word = str_slice(t->s, t->at, end);
            t->at = end;
            if (is_stop(t, word, &stop))
                return stop;
            more = add_word(t, word);
        }
        if (!more)
            return PDF_STOP_END;
        if (one_value && t->open == PDF_NO_NODE && t->r->n_nodes > t->first)
            return PDF_STOP_VALUE;
    }
    return PDF_STOP_END;
}

enum pdf_stop pdf_tokens(struct pdf_reader *r, struct str s, size_t *at, bool one_value,
                         struct pdf_object *o)
{
    uint32_t first = (uint32_t)r->n_nodes;
    struct tokens t = {.r = r, .s = s, .at = *at, .open = PDF_NO_NODE, .first = first};
    if (t.s.n - *at > r->work_left)
        t.s.n = *at + (size_t)r->work_left;
    enum pdf_stop stop = read_all(&t, one_value);
    if (t.s.n < s.n && t.at >= t.s.n)
        pdf_limit(r, PDF_LIMIT_WORK);
    r->work_left -= t.at - *at < r->work_left ? t.at - *at : r->work_left;
    while (t.open != PDF_NO_NODE)
        close_container(&t);
    *at = t.at;
    o->first = first;
    o->end = (uint32_t)r->n_nodes;
    return stop;
}
