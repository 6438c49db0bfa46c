/* A finished job as bytes: text for people, and the forms machines read. */
#ifndef MP_REPORT_REPORT_H
#define MP_REPORT_REPORT_H

#include "base/json.h"
#include "engine/job.h"

enum report_format {
    REPORT_TEXT,
    REPORT_JSON,
    REPORT_JSONL,
    REPORT_SARIF,
    REPORT_JUNIT,
    REPORT_TAP,
    REPORT_GITHUB,
    REPORT_MARKDOWN,  /* a table: summaries of GitHub, pull requests */
    REPORT_PROMETHEUS /* hosts and domains only: see subject.h */
};
bool report_format_by_name(struct str s, enum report_format *out);
const char *report_format_name(enum report_format f);

struct report_options {
    enum report_format format;
    enum severity fail_on; /* a finding at least so severe fails its message */
    bool colour;           /* text: ANSI colours */
    bool verbose;          /* text: SPF tree with costs, every signature, DNS answers */
    unsigned width;        /* text: columns, 0 = 80 */
};

/* An input that could not be read or checked: a clear error beside the reports of the others. */
struct report_error {
    struct str source, text;
    const char *kind; /* "probe", "audit" for a host or a domain; NULL: a message */
};

/* Streaming: begin, one call a message, end. `out` is flushed by the caller between calls.
 * JSON: one document for one message, an array otherwise: decided by `expected` (1 or many).
 * Whatever a mail holds, the output is valid: UTF-8, JSON, XML 1.0, TAP, workflow commands. */
struct report;
struct report *report_new(const struct report_options *o, struct buf *out, size_t expected);
void report_message(struct report *r, const struct job *job);
/* For a message that brought its own expectations (a world): passed when they hold, else failed,
 * whatever the verdict is. */
void report_expected(struct report *r, const struct job *job, bool held);
void report_error(struct report *r, const struct report_error *e);
void report_end(struct report *r);
void report_free(struct report *r);

/* The result document mailproof/report/1 of one job (DESIGN.md 4). */
void report_json(struct json *j, const struct job *job);
/* The same without its end: members may follow, then json_object_end(). */
void report_json_open(struct json *j, const struct job *job);
/* The values of its members of those names. */
void report_json_authentication(struct json *j, const struct job *job);
void report_json_findings(struct json *j, const struct job *job);
void report_json_verdict(struct json *j, const struct job *job);

/* `explain`: all about one finding kind, for people. */
void report_explain(struct buf *out, enum finding_id id, bool colour, unsigned width);

/* Did the job pass under --fail-on (DESIGN.md 3)? In this order:
 * 1, failed: a finding is at least so severe, after the policy's changes. What is certain stays
 *    certain when something else is open.
 * 3, undecided: the verdict is not complete, or the engine did not finish.
 * 0, passed. The action does not count: a policy that tags may pass, one that accepts may not. */
int report_exit_code(const struct job *job, enum severity fail_on);

#endif
