/* `lint`: what was read, as lines and as subjects. */
#include "suite/lint.h"

#include "base/clock.h"
#include "base/utf8.h"

enum { LINT_ARENA_BYTES = 64 << 20, TEXT_MAX = 4096 };

struct lint_subject { /* what a subject borrows */
    struct check_list checks;
    struct finding_list findings;
    struct suite_place at;
};

static void write_column(struct json *j, const void *ctx)
{
    const struct lint_subject *own = ctx;
    json_key(j, "column");
    if (own->at.line == 0)
        json_write_null(j);
    else
        json_uint(j, own->at.column);
}

static struct lint_subject *begin(struct suite_lint *l, struct str name,
                                  const struct suite_place *at)
{
    struct lint_subject *own = arena_new(&l->arena, struct lint_subject, 1);
    struct subject *s = &l->subjects[l->n++];
    if (own == NULL)
        return NULL;
    own->at = *at;
    finding_list_init(&own->findings, &l->arena);
    check_list_init(&own->checks, &l->arena, &own->findings);
    *s = (struct subject){.kind = "lint",
                          .name = name,
                          .file = str_from(at->file),
                          .suite = l->suite.name,
                          .line = at->line,
                          .checks = &own->checks,
                          .started_s = clock_wall_s(),
                          .json = write_column,
                          .ctx = own};
    check_begin(&own->checks, STR_NONE, "lint");
    check_expect(&own->checks, s->file, at->line, STR_NONE, STR_NONE);
    return own;
}

static bool add_problem(struct suite_lint *l, const struct suite_problem *p)
{
    struct str name = p->at.line == 0 ? STR("the file")
                                      : arena_fmt(&l->arena, "%s line %u, column %u", p->at.file,
                                                  p->at.line, p->at.column);
    struct lint_subject *own = begin(l, name, &p->at);
    if (own == NULL || name.p == NULL)
        return false;
    check_add(&own->checks, p->warning ? FINDING_FLOW_SUITE_ODD : FINDING_FLOW_SUITE_MISTAKE,
              STR_FMT, STR_ARG(p->text));
    check_end(&own->checks, -1, STR_FMT, STR_ARG(p->text));
    l->subjects[l->n - 1].headline = p->text;
    return !own->findings.starved && !own->checks.starved;
}

static bool add_suite(struct suite_lint *l)
{
    struct suite_place at = {.file = l->suite.file, .line = 1, .column = 1};
    struct lint_subject *own = begin(l, STR("the suite"), &at);
    struct str cases =
        arena_fmt(&l->arena, "%zu case%s", l->suite.n_cases, l->suite.n_cases == 1 ? "" : "s");
    if (own == NULL || cases.p == NULL)
        return false;
    check_end(&own->checks, -1, STR_FMT, STR_ARG(cases));
    l->subjects[l->n - 1].headline = cases;
    return !own->checks.starved;
}

int suite_lint(const char *path, const struct suite_options *o, struct suite_lint *out,
               struct mp_err *err)
{
    *out = (struct suite_lint){0};
    arena_init(&out->arena, LINT_ARENA_BYTES);
    int st = suite_read(path, o, &out->suite, &out->problems, err);
    if (st != MP_OK && st != MP_E_SYNTAX)
        return st;
    bool ok = true;
    out->subjects = arena_new(&out->arena, struct subject, out->problems.n + 1);
    if (out->subjects == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to tell the mistakes of %s", path);
    if (st == MP_OK)
        ok = add_suite(out);
    for (size_t i = 0; i < out->problems.n && ok; i++)
        ok = add_problem(out, &out->problems.items[i]);
    return ok ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory to tell the mistakes of %s", path);
}

void suite_lint_clear(struct suite_lint *l)
{
    arena_clear(&l->arena);
    suite_clear(&l->suite);
    *l = (struct suite_lint){0};
}

void suite_problem_line(const struct suite_problem *p, struct buf *out)
{
    utf8_add_printable(out, str_from(p->at.file), TEXT_MAX);
    if (p->at.line > 0)
        buf_addf(out, ":%u:%u", p->at.line, p->at.column);
    buf_addz(out, p->warning ? ": warning: " : ": ");
    utf8_add_printable(out, p->text, TEXT_MAX);
    buf_addc(out, '\n');
}

void suite_lint_text(const struct suite_lint *l, bool verbose, struct buf *out)
{
    const struct suite *s = &l->suite;
    for (size_t i = 0; i < l->problems.n; i++)
        suite_problem_line(&l->problems.items[i], out);
    if (l->problems.cut)
        buf_addf(out, "%s: %zu mistakes in all\n", s->file, l->problems.n_errors);
    if (l->problems.n_errors > 0)
        return;
    buf_addf(out, "%s: %zu case%s, no mistake%s\n", s->file, s->n_cases, s->n_cases == 1 ? "" : "s",
             s->has_unset ? " (some references have no value here)" : "");
    for (size_t i = 0; verbose && i < s->n_cases; i++) {
        buf_addf(out, "  %u: ", s->cases[i].at.line);
        utf8_add_printable(out, s->cases[i].name, TEXT_MAX);
        buf_addc(out, '\n');
    }
}
