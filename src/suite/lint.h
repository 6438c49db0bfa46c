/* `lint`: a suite read for its mistakes alone, as text and as subjects for reports. */
#ifndef MP_SUITE_LINT_H
#define MP_SUITE_LINT_H

#include "report/subject.h"
#include "suite/suite.h"

struct suite_lint {
    struct suite suite;
    struct suite_problems problems;
    struct arena arena; /* of what follows */
    /* Kind "lint": the suite as a whole when it has no mistake, then one a problem, in the order of
     * the files. Each passes or fails alone, so that no report keeps just some of them. */
    struct subject *subjects;
    size_t n;
};

/* MP_OK, also with mistakes. MP_E_IO: the file cannot be read; MP_E_NOMEM, MP_E_LIMIT. Release with
 * suite_lint_clear always; the options must live until then. */
int suite_lint(const char *path, const struct suite_options *o, struct suite_lint *out,
               struct mp_err *err);
void suite_lint_clear(struct suite_lint *l);

/* "gate.yaml:12:5: unknown key 'expct', did you mean 'expect'?" a line each; else one line that
 * tells how many cases there are. `verbose`: all of them. */
void suite_lint_text(const struct suite_lint *l, bool verbose, struct buf *out);

/* Such a line of one problem, made printable. */
void suite_problem_line(const struct suite_problem *p, struct buf *out);

/* The JSON Schema of suites, from the table of keys (docs/schema/suite-1.schema.json). */
void suite_schema(struct buf *out);

#endif
