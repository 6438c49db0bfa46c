/* What the writers share about cases of suites (subject_is_case). */
#ifndef MP_REPORT_CASE_INTERNAL_H
#define MP_REPORT_CASE_INTERNAL_H

#include "report/subject_internal.h"

/* As report_subject_exit_code; CASE_SKIPPED when every check was. */
int case_outcome(const struct subject *s, enum severity fail_on);

/* All below: any bytes, the caller makes them harmless. */
void case_add_name(struct buf *out, const struct subject *s);       /* "gate: no open relay" */
void case_add_check(struct buf *out, const struct subject_case *c); /* "send refused" */
/* "send refused: expected 550 at data, got 250 2.0.0 queued" */
void case_add_reason(struct buf *out, const struct subject_case *c);
/* The reasons of all checks with that outcome, "; " between. */
void case_add_why(struct buf *out, const struct subject *s, enum severity fail_on, int outcome);

/* Does the reason of its check say all that the finding says? */
bool case_told(const struct subject *s, size_t finding);

/* Where a check was asked for, or the case; line 0: not known. */
struct str case_file(const struct subject *s, const struct check *c);
size_t case_line(const struct subject *s, const struct check *c);

/* Is it the first case of its suite in this stream? */
bool case_opens_suite(const struct report *r, const struct subject *s);

/* The page for people (case_text.c). */
void text_case(struct report *r, const struct subject *s, int outcome);

#endif
