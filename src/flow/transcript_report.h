/* A conversation told: for people and for programs. Secrets are masked in it already. */
#ifndef MP_FLOW_TRANSCRIPT_REPORT_H
#define MP_FLOW_TRANSCRIPT_REPORT_H

#include "base/json.h"
#include "report/text_flow.h"
#include "smtp/reply.h"
#include "smtp/transcript.h"

/* A member: {"code", "text"}, or null when there was none (code 0). */
void reply_json(struct json *j, const char *key, const struct smtp_reply *r);
/* [{"kind", "tls", "at_us", "text"} ...] */
void transcript_json(struct json *j, const struct transcript *t);
/* A line each, with the marks of swaks. */
void transcript_lines(struct flow *f, const struct transcript *t);

#endif
