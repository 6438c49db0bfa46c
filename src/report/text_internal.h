/* What the pages for people share: styles of words, columns, and the verbose half. */
#ifndef MP_REPORT_TEXT_INTERNAL_H
#define MP_REPORT_TEXT_INTERNAL_H

#include "report/report_internal.h"
#include "report/text_flow.h"

enum { COLUMN_NAME = 2, COLUMN_RESULT = 9, COLUMN_DETAIL = 20, COLUMN_FINDING = 10 };

enum flow_style severity_style(enum severity s);
enum flow_style action_style(enum verdict_action a);

/* "pass", "fail", ... as every result word of the RFCs is coloured. */
enum flow_style result_style(const char *result);

/* SPF tree, signatures, ARC sets, hops, DNS answers (text_verbose.c). */
void text_verbose(struct flow *f, struct arena *scratch, const struct job *job);

#endif
