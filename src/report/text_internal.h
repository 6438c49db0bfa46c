/* What the pages for people share: styles of words, columns, and the verbose half. */
#ifndef MP_REPORT_TEXT_INTERNAL_H
#define MP_REPORT_TEXT_INTERNAL_H

#include "report/subject_internal.h"
#include "report/text_flow.h"

enum { COLUMN_NAME = 2, COLUMN_RESULT = 9, COLUMN_DETAIL = 20, COLUMN_FINDING = 10 };

enum flow_style severity_style(enum severity s);
enum flow_style action_style(enum verdict_action a);

/* "pass", "fail", ... as every result word of the RFCs is coloured. */
enum flow_style result_style(const char *result);

void text_upper(struct flow *f, enum flow_style style, const char *word);
/* A number and its words, dim when there is none. */
void text_count(struct flow *f, enum flow_style style, size_t n, const char *what);

/* A finding: its head and what was seen; lines that begin with a label; what to do. */
void text_finding_head(struct flow *f, const struct finding *item, bool known);
void text_labelled(struct flow *f, const char *label);
void text_finding_remedy(struct flow *f, const struct finding *item);
void text_findings_dropped(struct flow *f, size_t dropped);

/* A host or a domain (subject_text.c). */
void text_subject(struct report *r, const struct subject *s, int outcome);

/* In the verbose half: what begins a section, what stands in its lines. */
enum { INDENT_HEAD = 2, INDENT = 4, INDENT_HANG = 8, STEP_INDENT = 2, PARTS_DEPTH_SHOWN_MAX = 8 };
void text_heading(struct flow *f, const char *words);
void text_pair(struct flow *f, const char *words, struct str value); /* nothing when it is empty */
void text_counted(struct flow *f, const char *words, uint64_t n);

/* Objects, links, macros (text_content.c). */
void text_content(struct flow *f, struct arena *scratch, const struct content_stage *s);

/* What feeds, DNS lists and services say (text_intel.c). */
void text_intel(struct flow *f, struct arena *scratch, const struct intel_stage *s);

/* SPF tree, signatures, ARC sets, hops, DNS answers (text_verbose.c). */
void text_verbose(struct flow *f, struct arena *scratch, const struct job *job);

#endif
