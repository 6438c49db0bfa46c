/* Rules about parameters of Content-Type and Content-Disposition: what one reader takes and another
 * does not (RFC 2045 5.1, RFC 2046 5.1.1, RFC 2231). */
#include "mime/lint_internal.h"

#include <stdlib.h>

#include "base/hex.h"
#include "message/charset.h"
#include "message/encoded_word.h"
#include "mime/limits.h"

enum {
    CONVERSIONS_MAX = 32, /* of charsets, a message: above it bytes are compared */
    COMPARED_MAX = 4096,  /* of a value; longer ones are told as different */
    BOUNDARY_SYNTAX_MAX = 70
};

struct params {
    struct lint *l;
    const struct mime_part *part;
    const struct lint_field *f;
    const struct lint_value *v;
    bool is_type;
    /* The pairs by base, then number, then place: all forms of a parameter lie side by side. */
    const struct lint_param *sorted[MIME_FIELD_MAX_PARAMS];
    size_t n_sorted;
};

/* One base: sorted[from] to sorted[to - 1]; those from `plain` on have no marks. */
struct group {
    size_t from, plain, to;
};

static struct lint_at place(const struct params *ps, struct str bytes)
{
    size_t offset = (size_t)(bytes.p - ps->l->m->raw.p);
    return (struct lint_at){ps->part, ps->f->name, offset, bytes.n};
}

static bool is_named(const struct lint_param *p, struct str name)
{
    return p->is_pair && str_ieq(p->base, name);
}

/* ---- one parameter ---- */

static void check_invalid(const struct params *ps)
{
    const struct lint_param *invalid = NULL;
    for (size_t i = 0; i < ps->v->n; i++) {
        const struct lint_param *p = &ps->v->params[i];
        if (!p->is_pair && invalid == NULL)
            invalid = p;
        if (!p->is_pair || invalid == NULL)
            continue;
        lint_add(ps->l, FINDING_MIME_PARAM_INVALID, place(ps, invalid->text),
                 "parameters stand behind one that cannot be read");
        return;
    }
}

/* "=?…?…?…?=" anywhere, whatever stands around it. */
static bool holds_encoded_word(struct str s)
{
    size_t start = str_search(s, STR("=?"));
    s = str_slice(s, start + 2, s.n);
    str_cut(&s, '?');
    str_cut(&s, '?');
    return s.p != NULL && str_search(s, STR("?=")) < s.n;
}

static void check_each(const struct params *ps)
{
    for (size_t i = 0; i < ps->v->n; i++) {
        const struct lint_param *p = &ps->v->params[i];
        if (!p->is_pair)
            continue;
        if (p->spaced)
            lint_add(ps->l, FINDING_MIME_PARAM_EQUALS_SPACE, place(ps, p->text),
                     "white space around the equals sign");
        if (!holds_encoded_word(p->value))
            continue;
        struct finding *f = lint_add(ps->l, FINDING_MIME_PARAM_ENCODED_WORD, place(ps, p->text),
                                     "an encoded word within a parameter");
        if (ps->is_type && is_named(p, STR("boundary")))
            finding_raise(f, SEV_HIGH);
    }
}

/* ---- several forms of one parameter ---- */

static int param_cmp(const void *left, const void *right)
{
    const struct lint_param *a = *(const struct lint_param *const *)left;
    const struct lint_param *b = *(const struct lint_param *const *)right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    int d = str_icmp(a->base, b->base);
    if (d == 0)
        d = (a->number > b->number) - (a->number < b->number);
    return d != 0 ? d : (a > b) - (a < b);
}

static void sort_params(struct params *ps)
{
    for (size_t i = 0; i < ps->v->n; i++)
        if (ps->v->params[i].is_pair)
            ps->sorted[ps->n_sorted++] = &ps->v->params[i];
    if (ps->n_sorted > 1)
        qsort(ps->sorted, ps->n_sorted, sizeof(struct lint_param *), param_cmp);
}

static bool next_group(const struct params *ps, struct group *g)
{
    size_t i = g->from = g->to;
    g->plain = ps->n_sorted;
    for (; i < ps->n_sorted; i++) {
        const struct lint_param *p = ps->sorted[i], *first = ps->sorted[g->from];
        if (p->hash != first->hash || !str_ieq(p->base, first->base))
            break;
        if (p->number == LINT_PLAIN && i < g->plain)
            g->plain = i;
    }
    g->to = i;
    g->plain = g->plain < i ? g->plain : i;
    return g->from < g->to;
}

static void check_duplicate(const struct params *ps, const struct group *g)
{
    for (size_t i = g->from + 1; i < g->to; i++) {
        const struct lint_param *p = ps->sorted[i], *q = ps->sorted[i - 1];
        if (p->number != q->number)
            continue;
        lint_add(ps->l, FINDING_MIME_PARAM_DUPLICATE, place(ps, p->text),
                 "a parameter that stood before at octet %zu",
                 (size_t)(q->text.p - ps->l->m->raw.p));
        return;
    }
}

/* RFC 2231 3 and 4: pieces 0 to n-1 in this order, charset and language in the first. Returns what
 * is wrong, or NULL. */
static const char *wrong_pieces(const struct params *ps, const struct group *g)
{
    const struct lint_param *first = ps->sorted[g->from], *last = NULL;
    struct str rest = first->value;
    str_cut(&rest, '\'');
    if (first->extended && (rest.p == NULL || (str_cut(&rest, '\''), rest.p == NULL)))
        return "no charset and language in the first piece";
    unsigned next = 0;
    for (size_t i = g->from; i < g->plain; i++) {
        const struct lint_param *p = ps->sorted[i];
        if (!p->numbered)
            continue;
        if (p->number != next++ || p < last)
            return "pieces of a parameter are missing or out of order";
        last = p;
    }
    return NULL;
}

static void check_pieces(const struct params *ps, const struct group *g)
{
    const char *wrong = g->from < g->plain ? wrong_pieces(ps, g) : NULL;
    if (wrong != NULL)
        lint_add(ps->l, FINDING_MIME_PARAM_PIECES, place(ps, ps->sorted[g->from]->text), "%s",
                 wrong);
}

/* Percent signs undone; the charset goes to `charset`. */
static void add_piece(struct buf *out, const struct lint_param *p, struct str *charset)
{
    struct str text = p->value, rest = text;
    if (!p->extended) {
        buf_add(out, text);
        return;
    }
    if (p->number == 0) {
        struct str name = str_cut(&rest, '\'');
        str_cut(&rest, '\'');
        *charset = rest.p == NULL ? *charset : name;
        text = rest.p == NULL ? text : rest;
    }
    char *to = buf_reserve(out, text.n);
    if (to != NULL)
        out->n += percent_undo(text, to);
}

static struct str converted(struct lint *l, struct str charset, struct str bytes)
{
    struct buf out;
    buf_init(&out, 8 * COMPARED_MAX);
    if (l->conversions++ < CONVERSIONS_MAX && charset_add_utf8(&out, charset, bytes))
        bytes = buf_str(&out);
    struct str kept = arena_copy(l->arena, bytes);
    l->no_memory |= kept.p == NULL;
    buf_clear(&out);
    return kept;
}

/* All pieces of the group, joined. *cut: it is too long to be compared. */
static struct str extended_value(const struct params *ps, const struct group *g, bool *cut)
{
    struct lint *l = ps->l;
    struct buf joined;
    struct str charset = STR_NONE;
    buf_init(&joined, COMPARED_MAX);
    for (size_t i = g->from; i < g->plain; i++)
        add_piece(&joined, ps->sorted[i], &charset);
    struct str value = charset.n == 0 ? arena_copy(l->arena, buf_str(&joined))
                                      : converted(l, charset, buf_str(&joined));
    *cut |= joined.failed;
    l->no_memory |= value.p == NULL;
    buf_clear(&joined);
    return value;
}

static struct str plain_value(struct lint *l, const struct lint_param *p, bool *cut)
{
    struct buf text;
    buf_init(&text, COMPARED_MAX);
    for (size_t i = 0; i < p->value.n; i++) {
        bool escaped = p->quoted && p->value.p[i] == '\\' && i + 1 < p->value.n;
        i += escaped;
        if (escaped || (p->value.p[i] != '\r' && p->value.p[i] != '\n'))
            buf_addc(&text, p->value.p[i]);
    }
    struct str value = buf_str(&text);
    value = has_encoded_word(value) && l->conversions++ < CONVERSIONS_MAX
                ? encoded_word_decode(l->arena, value, NULL)
                : arena_copy(l->arena, value);
    *cut |= text.failed;
    l->no_memory |= value.p == NULL;
    buf_clear(&text);
    return value;
}

/* A plain name that only stands in for letters outside of ASCII: what is ASCII in `wanted` stands
 * in it in order, and the ending is the same. */
static bool is_fallback(struct lint *l, struct str plain, struct str wanted)
{
    size_t dot = str_rfind(wanted, '.'), plain_dot = str_rfind(plain, '.'), n = 0;
    struct str ending = str_slice(wanted, dot, wanted.n);
    char *pattern = arena_new(l->arena, char, wanted.n);
    l->no_memory |= pattern == NULL;
    if (pattern == NULL || !str_ieq(ending, str_slice(plain, plain_dot, plain.n)))
        return false;
    bool other = false;
    for (size_t i = 0; i < wanted.n; i++) {
        bool high = (unsigned char)wanted.p[i] >= 0x80;
        if (!high || n == 0 || pattern[n - 1] != '*')
            pattern[n++] = high ? '*' : wanted.p[i];
        other |= high;
    }
    return other && str_glob(str_make(pattern, n), plain, true);
}

static void check_forms(const struct params *ps, const struct group *g)
{
    struct lint *l = ps->l;
    bool cut = false;
    if (g->from == g->plain || g->plain == g->to ||
        l->findings->per_kind[FINDING_MIME_PARAM_FORMS_DIFFER] == FINDINGS_PER_KIND_MAX)
        return;
    struct str plain = plain_value(l, ps->sorted[g->plain], &cut);
    struct str other = extended_value(ps, g, &cut);
    if (cut || (!str_eq(plain, other) && !is_fallback(l, plain, other)))
        lint_add(l, FINDING_MIME_PARAM_FORMS_DIFFER, place(ps, ps->sorted[g->from]->text),
                 "\"" STR_FMT "\" by RFC 2045, \"" STR_FMT "\" by RFC 2231", STR_ARG(plain),
                 STR_ARG(other));
}

/* ---- boundaries ---- */

static bool is_boundary(struct str s)
{
    static const char marks[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && memchr(marks, s.p[i], sizeof marks - 1) == NULL)
            return false;
    return s.n != 0 && s.n <= BOUNDARY_SYNTAX_MAX && s.p[s.n - 1] != ' ';
}

static void check_boundary(const struct params *ps)
{
    bool multipart = str_ieq(ps->v->word, STR("multipart")), found = false;
    for (size_t i = 0; i < ps->v->n; i++) {
        const struct lint_param *p = &ps->v->params[i];
        if (!is_named(p, STR("boundary")))
            continue;
        found |= p->value.n != 0;
        if (p->number != LINT_PLAIN)
            lint_add(ps->l, FINDING_MIME_BOUNDARY_EXTENDED, place(ps, p->text),
                     "a boundary in the form of RFC 2231");
        else if (p->value.n != 0 && !is_boundary(p->value))
            lint_add(ps->l, FINDING_MIME_BOUNDARY_SYNTAX, place(ps, p->text),
                     "not 1 to 70 of the octets that a boundary may have");
        if (!multipart)
            lint_add(ps->l, FINDING_MIME_BOUNDARY_ON_LEAF, place(ps, p->text),
                     "a boundary, but the type is no multipart");
    }
    if (multipart && !found)
        lint_add(ps->l, FINDING_MIME_BOUNDARY_MISSING, place(ps, ps->f->value),
                 "a multipart without boundary");
}

void lint_params(struct lint *l, const struct mime_part *part, const struct lint_field *f,
                 const struct lint_value *v, bool is_type)
{
    struct params ps = {.l = l, .part = part, .f = f, .v = v, .is_type = is_type};
    check_invalid(&ps);
    check_each(&ps);
    sort_params(&ps);
    for (struct group g = {0}; next_group(&ps, &g);) {
        check_duplicate(&ps, &g);
        check_pieces(&ps, &g);
        check_forms(&ps, &g);
    }
    if (is_type)
        check_boundary(&ps);
}
