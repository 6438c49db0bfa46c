/* Rules about single lines of the body: delimiters with something behind or before them, and
 * encodings older than MIME. One pass over the lines looks at the first octets of each; the open
 * boundaries are a sorted list, so a line costs a few comparisons however many it resembles. */
#include "base/vec.h"
#include "mime/lint_internal.h"

#include "message/limits.h"
#include "mime/prefix_list.h"

enum {
    JUNK_MAX = 3,             /* octets before a delimiter that some readers pass over */
    SHORT_BOUNDARY = 4,       /* up to here it may be a word of a text */
    BOUNDARY_MAX = 255,       /* longer ones open nothing: message/mime.c */
    DELIMITER_LINE_MAX = 1000 /* neither are longer lines delimiters */
};

struct sweep {
    struct lint *l;
    struct str raw;
    size_t next;                       /* the part that begins next */
    int32_t open;                      /* the innermost that is open, or -1 */
    struct str sorted[MIME_MAX_DEPTH]; /* boundaries of the open multiparts */
    uint32_t shorter[MIME_MAX_DEPTH];
    struct prefix_list boundaries; /* these two */
    bool begins[256];              /* with that octet any boundary of the message */
};

/* ---- which parts are open ---- */

static void add_boundary(struct sweep *s, struct str boundary)
{
    if (boundary.n != 0 && boundary.n <= BOUNDARY_MAX && s->boundaries.n < MIME_MAX_DEPTH)
        prefix_list_add(&s->boundaries, boundary);
}

static void drop_boundary(struct sweep *s, struct str boundary)
{
    size_t i = 0;
    while (i < s->boundaries.n && !str_eq(s->sorted[i], boundary))
        i++;
    if (i < s->boundaries.n)
        prefix_list_drop(&s->boundaries, i);
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
            add_boundary(s, lint_boundary(next));
            s->open = (int32_t)s->next++;
        } else if (open != NULL && open->body_offset + open->body_length <= pos) {
            while (s->next < t->n && t->parts[s->next].depth > open->depth)
                s->next++;
            drop_boundary(s, lint_boundary(open));
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

/* Is the line one of RFC 2046 5.1.1 for any open boundary that it begins with? `text` has no white
 * space at its end. */
static bool is_delimiter(const struct sweep *s, struct str text, size_t match)
{
    for (; match > 0; match = s->shorter[match - 1]) {
        struct str rest = str_slice(text, s->sorted[match - 1].n, text.n);
        if (rest.n == 0 || str_eq(rest, STR("--")))
            return true;
    }
    return false;
}

/* At two dashes, `junk` octets behind the start of the line. */
static void check_dashes(struct sweep *s, size_t pos, size_t junk)
{
    if (pos + 2 >= s->raw.n || !s->begins[(unsigned char)s->raw.p[pos + 2]])
        return;
    move_to(s, pos);
    size_t match =
        prefix_list_match(&s->boundaries, str_slice(s->raw, pos + 2, pos + 2 + BOUNDARY_MAX));
    if (match == 0)
        return;
    struct str line = lint_line(str_slice(s->raw, 0, pos + DELIMITER_LINE_MAX), pos);
    struct str text = str_slice(line, 2, line.n);
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
    move_to(s, pos);
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

static bool is_junk(char c)
{
    return ((unsigned char)c <= ' ' && c != '\n') || c == '(';
}

static bool starts_at(const struct sweep *s, size_t pos, char first, char second)
{
    return pos + 1 < s->raw.n && s->raw.p[pos] == first && s->raw.p[pos + 1] == second;
}

/* `before`: octets before `pos` that belong to the line for readers that end it at LF only. */
static void check_start(struct sweep *s, size_t pos, size_t before)
{
    size_t junk = 0;
    while (junk < JUNK_MAX - before && pos + junk < s->raw.n && is_junk(s->raw.p[pos + junk]))
        junk++;
    if (starts_at(s, pos + junk, '-', '-'))
        check_dashes(s, pos + junk, before + junk);
    else if (starts_at(s, pos, 'b', 'e') || starts_at(s, pos, '=', 'y') ||
             starts_at(s, pos, '(', 'T'))
        check_legacy(s, pos);
}

/* A CR alone is a line end for some readers. Within the junk at the start of a line it was seen. */
static void check_bare_cr(struct sweep *s, size_t pos)
{
    size_t n = 0, from = s->l->m->body_offset;
    while (n < JUNK_MAX && pos - n > from && is_junk(s->raw.p[pos - n - 1]))
        n++;
    bool at_start = pos - n == from || s->raw.p[pos - n - 1] == '\n';
    if (!at_start)
        check_start(s, pos + 1, 1);
}

static void sweep_init(struct sweep *s, struct lint *l)
{
    *s = (struct sweep){.l = l, .raw = l->m->raw, .open = -1};
    s->boundaries = (struct prefix_list){.items = s->sorted, .shorter = s->shorter};
    for (size_t i = 0; i < l->tree->n; i++) {
        struct str boundary = lint_boundary(&l->tree->parts[i]);
        if (boundary.n != 0)
            s->begins[(unsigned char)boundary.p[0]] = true;
    }
}

/* That line end, and behind it junk or what begins a line that is looked at. */
static inline vec start_that_counts(const char *p, char end)
{
    vec first = vec_load(p + 1), second = vec_load(p + 2);
    vec junk = ((vec)(first <= ' ') & (vec)(first != '\n')) | (vec)(first == '(');
    return (vec)(vec_load(p) == (unsigned char)end) &
           (junk | ((vec)(first == '-') & (vec)(second == '-')) |
            ((vec)(first == 'b') & (vec)(second == 'e')) |
            ((vec)(first == '=') & (vec)(second == 'y')));
}

/* The next line end at or behind `pos` with a start behind it that may matter. */
static size_t next_end(struct str raw, size_t pos, char end)
{
    for (; raw.n - pos > VEC_BYTES + 1; pos += VEC_BYTES) {
        vec hit = start_that_counts(raw.p + pos, end);
        if (vec_any(hit))
            return pos + vec_first(hit);
    }
    return pos + vec_find(raw.p + pos, raw.n - pos, end, end);
}

void lint_lines(struct lint *l)
{
    struct sweep s;
    sweep_init(&s, l);
    size_t n = s.raw.n;
    for (size_t pos = l->m->body_offset; pos < n; pos = next_end(s.raw, pos, '\n') + 1)
        check_start(&s, pos, 0);
    if (!message_has(l->m, ANOMALY_BARE_CR_BODY))
        return;
    sweep_init(&s, l);
    for (size_t pos = l->m->body_offset; (pos = next_end(s.raw, pos, '\r')) < n; pos++)
        if (pos + 1 < n && s.raw.p[pos + 1] != '\n' && s.raw.p[pos + 1] != '\r')
            check_bare_cr(&s, pos);
}
