/* Rules about single lines of the body: delimiters with something behind or before them, and
 * encodings older than MIME. One pass over the body; the open boundaries are a sorted list, so a
 * line costs a few comparisons however many of them it resembles. */
#include "mime/lint_internal.h"

#include "message/limits.h"

enum { VECTOR_BYTES = 16, BLOCK_BYTES = 4 * VECTOR_BYTES };
enum {
    JUNK_MAX = 3,             /* octets before a delimiter that some readers pass over */
    SHORT_BOUNDARY = 4,       /* up to here it may be a word of a text */
    BOUNDARY_MAX = 255,       /* longer ones open nothing: message/mime.c */
    DELIMITER_LINE_MAX = 1000 /* neither are longer lines delimiters */
};
typedef unsigned char vec __attribute__((vector_size(VECTOR_BYTES)));
typedef uint64_t vec_words __attribute__((vector_size(VECTOR_BYTES)));

struct sweep {
    struct lint *l;
    struct str raw;
    size_t next;                       /* the part that begins next */
    int32_t open;                      /* the innermost that is open, or -1 */
    struct str sorted[MIME_MAX_DEPTH]; /* boundaries of the open multiparts */
    unsigned parent[MIME_MAX_DEPTH];   /* index + 1 of the longest other that it begins with */
    unsigned n;
};

/* ---- which parts are open ---- */

static struct str boundary_of(const struct mime_part *p)
{
    for (size_t i = 0; p->is_multipart && i < p->n_params; i++)
        if (str_eq(p->params[i].name, STR("boundary")))
            return p->params[i].value;
    return STR_NONE;
}

static void link_prefixes(struct sweep *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        unsigned k = i;
        while (k > 0 && !str_starts(s->sorted[i], s->sorted[k - 1]))
            k = s->parent[k - 1];
        s->parent[i] = k;
    }
}

static void add_boundary(struct sweep *s, struct str boundary)
{
    if (boundary.n == 0 || boundary.n > BOUNDARY_MAX || s->n == MIME_MAX_DEPTH)
        return;
    unsigned i = s->n++;
    for (; i > 0 && str_cmp(s->sorted[i - 1], boundary) > 0; i--)
        s->sorted[i] = s->sorted[i - 1];
    s->sorted[i] = boundary;
    link_prefixes(s);
}

static void drop_boundary(struct sweep *s, struct str boundary)
{
    unsigned i = 0;
    while (i < s->n && !str_eq(s->sorted[i], boundary))
        i++;
    if (i == s->n)
        return;
    s->n--;
    memmove(&s->sorted[i], &s->sorted[i + 1], (s->n - i) * sizeof s->sorted[0]);
    link_prefixes(s);
}

/* Open and close what begins and ends up to `pos`. Parts come in the order of their bytes, a part
 * before what stands in it. */
static void move_to(struct sweep *s, size_t pos)
{
    const struct mime_tree *t = s->l->tree;
    for (;;) {
        const struct mime_part *open = s->open < 0 ? NULL : &t->parts[s->open];
        const struct mime_part *next = s->next < t->n ? &t->parts[s->next] : NULL;
        if (next != NULL && next->parent == s->open && next->body_offset <= pos) {
            add_boundary(s, boundary_of(next));
            s->open = (int32_t)s->next++;
        } else if (open != NULL && open->body_offset + open->body_length <= pos) {
            while (s->next < t->n && t->parts[s->next].depth > open->depth)
                s->next++;
            drop_boundary(s, boundary_of(open));
            s->open = open->parent;
        } else {
            return;
        }
    }
}

static const struct mime_part *innermost(const struct sweep *s)
{
    return &s->l->tree->parts[s->open < 0 ? 0 : s->open];
}

/* ---- delimiters ---- */

static size_t common_prefix(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

/* Index + 1 of the longest open boundary that `text` begins with. Everything it begins with sorts
 * at or before it, and is a beginning of its predecessor. */
static unsigned longest_match(const struct sweep *s, struct str text)
{
    unsigned low = 0, high = s->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (str_cmp(s->sorted[middle], text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    size_t common = common_prefix(s->sorted[low - 1], text);
    while (low > 0 && s->sorted[low - 1].n > common)
        low = s->parent[low - 1];
    return low;
}

/* Is the line one of RFC 2046 5.1.1 for any open boundary that it begins with? `text` has no white
 * space at its end. */
static bool is_delimiter(const struct sweep *s, struct str text, unsigned match)
{
    for (; match > 0; match = s->parent[match - 1]) {
        struct str rest = str_slice(text, s->sorted[match - 1].n, text.n);
        if (rest.n == 0 || str_eq(rest, STR("--")))
            return true;
    }
    return false;
}

/* The octets between the line end and `pos`, at most JUNK_MAX; false: no reader sees a line begin
 * here. A CR alone is a line end for some. */
static bool line_begins(const struct sweep *s, size_t pos, size_t *junk)
{
    size_t from = s->l->m->body_offset, n = 0;
    bool cr = false;
    while (n <= JUNK_MAX && pos - n > from && s->raw.p[pos - n - 1] != '\n') {
        char c = s->raw.p[pos - n - 1];
        if ((unsigned char)c > ' ' && c != '(')
            break;
        cr |= c == '\r';
        n++;
    }
    bool begins = n <= JUNK_MAX && (pos - n == from || s->raw.p[pos - n - 1] == '\n');
    *junk = n;
    return begins || cr;
}

static void check_dashes(struct sweep *s, size_t pos)
{
    size_t junk;
    if (s->n == 0 || !line_begins(s, pos, &junk))
        return;
    struct str line = lint_line(str_slice(s->raw, 0, pos + DELIMITER_LINE_MAX), pos);
    struct str text = str_slice(line, 2, line.n);
    unsigned match = longest_match(s, text);
    if (match == 0)
        return;
    while (text.n > 0 && is_wsp(text.p[text.n - 1]))
        text.n--;
    struct lint_at at = {.part = innermost(s), .offset = pos, .length = line.n};
    bool proper = is_delimiter(s, text, match);
    if (junk > 0) {
        at.offset -= junk;
        at.length += junk;
        if (proper || s->sorted[match - 1].n > SHORT_BOUNDARY)
            lint_add(s->l, FINDING_MIME_DELIMITER_LEADING_TEXT, at,
                     "%zu octets stand before a delimiter", junk);
    } else if (!proper || line.n == DELIMITER_LINE_MAX) {
        lint_add(s->l, FINDING_MIME_DELIMITER_TRAILING_TEXT, at,
                 "text stands behind the delimiter of \"" STR_FMT "\"",
                 STR_ARG(s->sorted[match - 1]));
    } else if (text.n + 2 != line.n) {
        lint_add(s->l, FINDING_MIME_DELIMITER_TRAILING_SPACE, at, "white space behind a delimiter");
    }
}

/* ---- encodings older than MIME ---- */

static bool is_begin_line(struct str line)
{
    struct str rest = str_slice(line, 6, line.n);
    for (size_t i = 0; i < 3; i++)
        if (rest.n < 4 || rest.p[i] < '0' || rest.p[i] > '7')
            return false;
    return str_starts(line, STR("begin ")) && rest.p[3] == ' ';
}

static void check_legacy(struct sweep *s, size_t pos)
{
    static const struct str binhex = STR_INIT("(This file must be converted with BinHex");
    struct str line = lint_line(str_slice(s->raw, 0, pos + DELIMITER_LINE_MAX), pos);
    const char *what = is_begin_line(line)                 ? "uuencode"
                       : str_starts(line, STR("=ybegin ")) ? "yEnc"
                       : str_starts(line, binhex)          ? "BinHex"
                                                           : NULL;
    if (what == NULL || innermost(s)->encoding == MIME_BASE64)
        return;
    struct lint_at at = {.part = innermost(s), .offset = pos, .length = line.n};
    lint_add(s->l, FINDING_MIME_LEGACY_ENCODING, at, "%s within text", what);
}

/* ---- the pass ---- */

static inline vec load(const char *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline bool any(vec v)
{
    vec_words w = (vec_words)v;
    return (w[0] | w[1]) != 0;
}

/* What the two functions above begin with: two dashes behind a blank, a control octet or "(", and
 * "be", "=y", "(T" behind a line end. */
static inline vec interesting(const char *p)
{
    vec before = load(p - 1), v = load(p), after = load(p + 1);
    vec dashes =
        (vec)(v == '-') & (vec)(after == '-') & ((vec)(before <= ' ') | (vec)(before == '('));
    vec old = ((vec)(v == 'b') & (vec)(after == 'e')) | ((vec)(v == '=') & (vec)(after == 'y')) |
              ((vec)(v == '(') & (vec)(after == 'T'));
    return dashes | (old & ((vec)(before == '\n') | (vec)(before == '\r')));
}

static void check_byte(struct sweep *s, size_t pos)
{
    const char *p = s->raw.p + pos;
    bool start = pos == s->l->m->body_offset;
    if (p[0] == '-' && p[1] == '-' && (start || (unsigned char)p[-1] <= ' ' || p[-1] == '(')) {
        move_to(s, pos);
        check_dashes(s, pos);
    } else if ((p[0] == 'b' || p[0] == '=' || p[0] == '(') &&
               (start || p[-1] == '\n' || p[-1] == '\r')) {
        move_to(s, pos);
        check_legacy(s, pos);
    }
}

void lint_lines(struct lint *l)
{
    struct str raw = l->m->raw;
    size_t pos = l->m->body_offset;
    struct sweep s = {.l = l, .raw = raw, .open = -1};
    if (pos + 1 < raw.n)
        check_byte(&s, pos++);
    for (; pos + BLOCK_BYTES < raw.n; pos += BLOCK_BYTES) {
        const char *p = raw.p + pos;
        if (!any((interesting(p) | interesting(p + VECTOR_BYTES)) |
                 (interesting(p + 2 * VECTOR_BYTES) | interesting(p + 3 * VECTOR_BYTES))))
            continue;
        for (size_t i = 0; i < BLOCK_BYTES; i++)
            check_byte(&s, pos + i);
    }
    for (; pos + 1 < raw.n; pos++)
        check_byte(&s, pos);
}
