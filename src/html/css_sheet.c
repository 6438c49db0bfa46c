/* Rules of <style> elements whose selectors look at one element: by tag, class or id. */
#include "html/css_internal.h"
#include "html/words_internal.h"

enum { SHEET_BUCKETS = 1024, SPECIFICITY_TAG = 1, SPECIFICITY_CLASS = 256, SPECIFICITY_ID = 65536 };
enum { MAX_CHAIN = 16 /* of one bucket: names can be made to meet there */ };

/* ---- the table ---- */

static uint32_t hash_of_tag(struct str tag)
{
    uint32_t h = 0;
    for (size_t i = 0; i < tag.n; i++)
        h = (h ^ (unsigned char)to_lower(tag.p[i])) * 16777619u;
    return h;
}

static uint32_t bucket_of(uint32_t tag, char kind, uint32_t name)
{
    uint32_t h = (name ^ (uint32_t)(unsigned char)kind * 0x9e3779b1u) + tag * 0x85ebca6bu;
    return (h ^ h >> 15) % SHEET_BUCKETS;
}

static bool is_same_rule(const struct css_rule *a, const struct css_rule *b)
{
    return a->kind == b->kind && str_eq(a->name, b->name) && str_ieq(a->tag, b->tag) &&
           str_eq(a->other, b->other);
}

static bool grow(struct arena *arena, struct css_sheet *sheet)
{
    if (sheet->heads == NULL)
        sheet->heads = arena_new(arena, uint32_t, SHEET_BUCKETS);
    if (sheet->n < sheet->cap)
        return sheet->heads != NULL;
    uint32_t cap = sheet->cap == 0 ? 32 : sheet->cap * 2;
    struct css_rule *rules = arena_grow(arena, sheet->rules, sheet->n, cap, sizeof *sheet->rules);
    if (rules == NULL)
        return false;
    sheet->rules = rules;
    sheet->cap = cap;
    return sheet->heads != NULL;
}

/* Rules of one selector are one rule: later declarations on top. */
static bool add_rule(struct arena *arena, struct css_sheet *sheet, const struct css_rule *rule,
                     const struct css_style *style)
{
    if (!grow(arena, sheet))
        return false;
    uint32_t *head =
        &sheet->heads[bucket_of(hash_of_tag(rule->tag), rule->kind, entity_hash(rule->name))];
    unsigned chain = 0;
    for (uint32_t at = *head; at != 0; at = sheet->rules[at - 1].next, chain++) {
        struct css_rule *known = &sheet->rules[at - 1];
        if (!is_same_rule(known, rule))
            continue;
        css_style_merge(&known->style, style);
        known->order = rule->order;
        return true;
    }
    if (sheet->n == CSS_MAX_RULES || chain == MAX_CHAIN) {
        sheet->full = true;
        return true;
    }
    struct css_rule *new = &sheet->rules[sheet->n];
    *new = *rule;
    new->style = *style;
    new->next = *head;
    *head = ++sheet->n;
    return true;
}

/* ---- selectors ---- */

static size_t ident_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '_' || (s.p[n] & 0x80) != 0))
        n++;
    return n;
}

/* "body .x" is ".x": every element is in these. */
static struct str without_roots(struct str s)
{
    static const struct str roots[] = {STR_INIT("html"), STR_INIT("body"), STR_INIT("*")};
    for (;;) {
        size_t i = 0;
        while (i < ARRAY_LEN(roots) &&
               !(str_istarts(s, roots[i]) && s.n > roots[i].n && is_fws(s.p[roots[i].n])))
            i++;
        if (i == ARRAY_LEN(roots))
            return s;
        s = css_trim(str_slice(s, roots[i].n, s.n));
    }
}

/* "p", ".a", "#a", "p.a", "p#a", ".a.b", "p.a.b", "*". */
static bool selector_parse(struct str s, struct css_rule *out)
{
    s = without_roots(css_trim(s));
    *out = (struct css_rule){0};
    size_t n = ident_length(s);
    bool any = n > 0 || (s.n > 0 && s.p[0] == '*');
    out->tag = str_slice(s, 0, n);
    out->specificity = n > 0 ? SPECIFICITY_TAG : 0;
    s = str_slice(s, any && n == 0 ? 1 : n, s.n);
    while (s.n > 0) {
        char kind = s.p[0];
        n = ident_length(str_slice(s, 1, s.n));
        struct str name = str_slice(s, 1, n + 1);
        if ((kind != '.' && kind != '#') || n == 0 || out->other.n > 0)
            return false;
        if (out->name.n == 0) {
            out->kind = kind;
            out->name = name;
        } else if (kind == '.' && out->kind == '.') {
            out->other = name;
        } else {
            return false;
        }
        out->specificity += kind == '#' ? SPECIFICITY_ID : SPECIFICITY_CLASS;
        any = true;
        s = str_slice(s, n + 1, s.n);
    }
    return any;
}

/* ---- sheets ---- */

struct reader {
    struct arena *arena;
    struct css_sheet *sheet;
    unsigned depth; /* at-rules around */
};

static bool add_selectors(struct reader *r, struct str selectors, const struct css_style *style)
{
    for (struct str rest = selectors; rest.n > 0;) {
        size_t n = css_find(rest, CSS_STOP_COMMA);
        struct css_rule rule;
        if (selector_parse(str_slice(rest, 0, n), &rule)) {
            rule.order = ++r->sheet->order;
            if (!add_rule(r->arena, r->sheet, &rule, style))
                return false;
        }
        rest = str_slice(rest, n + 1, rest.n);
    }
    return true;
}

bool css_is_for_screen(struct str media)
{
    bool any = css_trim(media).n == 0;
    for (struct str word; (word = css_cut_word(&media)).n > 0;) {
        if (str_has(word, '(') || str_ieq(word, STR("not")) || str_ieq(word, STR("print")))
            return false;
        any |= str_istarts(word, STR("screen")) || str_istarts(word, STR("all"));
    }
    return any;
}

/* Does the block of the at-rule `prelude` hold rules that apply? */
static bool is_entered(struct str prelude)
{
    if (str_istarts(prelude, STR("@media")))
        return css_is_for_screen(str_slice(prelude, 6, prelude.n));
    return str_istarts(prelude, STR("@supports")) || str_istarts(prelude, STR("@layer"));
}

/* Behind "{": the block is cut off the front, without the "}" that ends it. */
static struct str cut_block(struct str *s)
{
    unsigned depth = 1;
    size_t i = 0;
    while ((i += css_find(str_slice(*s, i, s->n), CSS_STOP_BRACE)) < s->n) {
        depth = s->p[i] == '{' ? depth + 1 : depth - 1;
        if (depth == 0)
            break;
        i++;
    }
    struct str block = str_slice(*s, 0, i);
    *s = str_slice(*s, i + 1, s->n);
    return block;
}

/* Comment marks of old HTML around a sheet, and stray ends. */
static struct str skip_noise(struct str s)
{
    for (;;) {
        while (s.n > 0 && (is_fws(s.p[0]) || s.p[0] == '\f' || s.p[0] == ';'))
            s = str_slice(s, 1, s.n);
        if (str_starts(s, STR("<!--")))
            s = str_slice(s, 4, s.n);
        else if (str_starts(s, STR("-->")))
            s = str_slice(s, 3, s.n);
        else if (str_starts(s, STR("/*"))) {
            size_t end = str_search(s, STR("*/"));
            s = str_slice(s, end + 2, s.n);
        } else
            return s;
    }
}

static bool read_rule(struct reader *r, struct str *s)
{
    bool at_rule = s->p[0] == '@';
    size_t n = css_find(*s, at_rule ? CSS_STOP_SEMICOLON | CSS_STOP_BRACE : CSS_STOP_BRACE);
    struct str prelude = str_slice(*s, 0, n);
    char stop = n < s->n ? s->p[n] : '\0';
    *s = str_slice(*s, n + 1, s->n);
    if (stop == '}' && r->depth > 0)
        r->depth--;
    if (stop != '{')
        return true;
    if (at_rule && r->depth < CSS_MAX_NESTING && is_entered(prelude)) {
        r->depth++;
        return true;
    }
    struct str block = cut_block(s);
    struct css_style style = {0};
    if (!at_rule)
        css_declarations_read(block, &style);
    return style.set == 0 || add_selectors(r, prelude, &style);
}

bool css_sheet_read(struct arena *arena, struct css_sheet *sheet, struct str text)
{
    struct reader r = {.arena = arena, .sheet = sheet};
    struct str s = skip_noise(text);
    while (s.n > 0) {
        if (!read_rule(&r, &s))
            return false;
        s = skip_noise(s);
    }
    return true;
}

/* ---- elements ---- */

struct matches {
    struct str classes[CSS_MAX_CLASSES];
    unsigned n_classes, n;
    const struct css_rule *rules[4 * CSS_MAX_CLASSES];
};

static bool has_class(const struct matches *m, struct str class)
{
    unsigned i = 0;
    while (i < m->n_classes && !str_eq(m->classes[i], class))
        i++;
    return i < m->n_classes;
}

static void read_classes(struct str text, struct matches *m)
{
    while (m->n_classes < CSS_MAX_CLASSES) {
        size_t n = 0;
        while (text.n > 0 && (is_fws(text.p[0]) || text.p[0] == '\f'))
            text = str_slice(text, 1, text.n);
        while (n < text.n && !is_fws(text.p[n]) && text.p[n] != '\f')
            n++;
        if (n == 0)
            return;
        if (!has_class(m, str_slice(text, 0, n)))
            m->classes[m->n_classes++] = str_slice(text, 0, n);
        text = str_slice(text, n, text.n);
    }
}

static bool is_lighter(const struct css_rule *a, const struct css_rule *b)
{
    return a->specificity < b->specificity ||
           (a->specificity == b->specificity && a->order < b->order);
}

struct key {
    struct str text;
    uint32_t hash;
};

/* The rules of a key, put where they belong by weight. */
static void gather(const struct css_sheet *sheet, struct key tag, char kind, struct key name,
                   struct matches *m)
{
    for (uint32_t at = sheet->heads[bucket_of(tag.hash, kind, name.hash)]; at != 0;) {
        const struct css_rule *r = &sheet->rules[at - 1];
        at = r->next;
        if (r->kind != kind || !str_eq(r->name, name.text) || !str_ieq(r->tag, tag.text) ||
            m->n == ARRAY_LEN(m->rules) || (r->other.n > 0 && !has_class(m, r->other)))
            continue;
        unsigned i = m->n++;
        for (; i > 0 && is_lighter(r, m->rules[i - 1]); i--)
            m->rules[i] = m->rules[i - 1];
        m->rules[i] = r;
    }
}

void css_sheet_apply(const struct css_sheet *sheet, const struct css_element *e,
                     struct css_style *out)
{
    struct matches m;
    m.n = m.n_classes = 0;
    if (sheet->heads == NULL)
        return;
    const struct key any = {STR_NONE, 0}, none = {STR_NONE, entity_hash(STR_NONE)};
    const struct key tag = {e->tag, hash_of_tag(e->tag)};
    read_classes(e->classes, &m);
    gather(sheet, any, 0, none, &m);
    gather(sheet, tag, 0, none, &m);
    for (unsigned i = 0; i < m.n_classes; i++) {
        const struct key class = {m.classes[i], entity_hash(m.classes[i])};
        gather(sheet, any, '.', class, &m);
        gather(sheet, tag, '.', class, &m);
    }
    if (e->id.n > 0) {
        const struct key id = {e->id, entity_hash(e->id)};
        gather(sheet, any, '#', id, &m);
        gather(sheet, tag, '#', id, &m);
    }
    for (unsigned i = 0; i < m.n; i++)
        css_style_merge(out, &m.rules[i]->style);
}
