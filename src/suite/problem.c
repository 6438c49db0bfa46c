/* Mistakes of a suite, each with its place. Reading goes on behind one, so that all are told. */
#include "base/utf8.h"
#include "suite/suite_internal.h"

const char *shown(struct str s, struct shown *room)
{
    struct buf b;
    buf_init(&b, 16 * SHOWN_MAX);
    utf8_add_printable(&b, s, SHOWN_MAX);
    snprintf(room->text, sizeof room->text, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
    return room->text;
}

int out_of_memory(struct decoder *d)
{
    if (d->fatal == MP_OK)
        d->fatal = mp_fail(d->err, MP_E_NOMEM, 0, "%s: no memory to read the suite",
                           d->suite->file == NULL ? "suite" : d->suite->file);
    return d->fatal;
}

static bool same_place(const struct suite_place *a, const struct suite_place *b)
{
    return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* A mistake in a test of many cases is one mistake. */
static bool is_known(const struct suite_problems *p, const struct suite_place *at, struct str text)
{
    for (size_t i = 0; i < p->n; i++)
        if (same_place(&p->items[i].at, at) && str_eq(p->items[i].text, text))
            return true;
    return false;
}

static void add(struct decoder *d, const struct suite_place *at, bool is_warning, const char *text)
{
    struct suite_problems *p = d->problems;
    struct arena *a = &d->suite->arena;
    if (is_known(p, at, str_from(text)))
        return;
    p->n_errors += !is_warning;
    if (p->items == NULL)
        p->items = arena_new(a, struct suite_problem, SUITE_MAX_PROBLEMS);
    struct str copy = arena_copy(a, str_from(text));
    if (p->items == NULL || copy.p == NULL) {
        out_of_memory(d);
        return;
    }
    if (p->n == SUITE_MAX_PROBLEMS) {
        p->cut = true;
        return;
    }
    p->items[p->n++] = (struct suite_problem){*at, copy, is_warning};
}

void problem(struct decoder *d, const struct suite_place *at, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (d->fatal != MP_OK)
        return;
    if (d->n_errors++ == 0 && d->err != NULL && at->line == 0)
        mp_fail(d->err, MP_E_SYNTAX, 0, "%s: %s", at->file, text);
    else if (d->n_errors == 1 && d->err != NULL)
        mp_fail(d->err, MP_E_SYNTAX, at->line, "%s:%u:%u: %s", at->file, at->line, at->column,
                text);
    if (d->problems != NULL)
        add(d, at, false, text);
}

void warning(struct decoder *d, const struct suite_place *at, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (d->problems != NULL && d->fatal == MP_OK)
        add(d, at, true, text);
}

void problem_unknown(struct decoder *d, const struct suite_place *at, const char *what,
                     const struct nearest *n)
{
    struct shown word;
    if (n->best.p == NULL)
        problem(d, at, "unknown %s '%s'", what, shown(n->wanted, &word));
    else
        problem(d, at, "unknown %s '%s', did you mean '" STR_FMT "'?", what,
                shown(n->wanted, &word), STR_ARG(n->best));
}
