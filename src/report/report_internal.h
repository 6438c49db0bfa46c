/* What the formats of this room share: the stream's state, and facts read from a job. */
#ifndef MP_REPORT_REPORT_INTERNAL_H
#define MP_REPORT_REPORT_INTERNAL_H

#include "base/utf8.h"
#include "report/subject.h"

enum {
    SHOWN_MAX_BYTES = 300,           /* of one text of a mail, in forms for people */
    WHOLE_MAX_BYTES = 64 << 10,      /* of one line that people copy: a record to publish */
    SCRATCH_BUDGET_BYTES = 32 << 20, /* decoded texts of one message */
    SIDE_MAX_BYTES = 512 << 20,      /* what must wait for the end: see `side` */
    TIME_TEXT_MAX = 24,              /* "2026-11-23T19:00:19Z" */
    EXIT_PASSED = 0,                 /* report_exit_code */
    EXIT_FAILED = 1,
    EXIT_UNDECIDED = 3,
    CASE_SKIPPED = 4 /* an outcome of checks only */
};

/* One row a format. `outcome` is report_exit_code of the job, report_subject_exit_code of the
 * subject. */
struct report_ops {
    void (*begin)(struct report *r);
    void (*message)(struct report *r, const struct job *job, int outcome);
    void (*subject)(struct report *r, const struct subject *s, int outcome);
    void (*error)(struct report *r, const struct report_error *e);
    void (*end)(struct report *r);
};

/* Test cases of JUnit and test points of TAP: a message is one, a subject has one a check. */
struct tally {
    size_t n, failed, errors, skipped;
};

struct report {
    struct report_options options;
    const struct report_ops *ops;
    struct buf *out; /* borrowed */
    size_t expected;
    struct arena scratch;    /* reset before each message */
    struct buf side;         /* JUnit: cases, JSON: the first document, SARIF: notifications */
    struct json json;        /* SARIF: the open document */
    struct metrics *metrics; /* Prometheus: series that wait for the end */
    size_t entries, passed, failed, undecided, skipped, unreadable;
    size_t subjects;   /* of the entries; the others are messages */
    size_t n_cases;    /* of the subjects: cases of suites */
    struct buf suite;  /* that the last case belonged to */
    size_t incomplete; /* entries with something undecided, whatever else they are */
    struct tally cases;
    struct {
        struct buf whole; /* suites that are written */
        struct tally before;
        int64_t before_us, started_s;
    } suites;        /* JUnit: and what was counted before the one whose cases stand in `side` */
    size_t left_out; /* JUnit: cases that `side` had no room for */
    int64_t elapsed_us;
};

extern const struct report_ops report_text_ops, report_json_ops, report_jsonl_ops, report_sarif_ops,
    report_junit_ops, report_tap_ops, report_github_ops, report_markdown_ops, report_prometheus_ops;

/* What a reader of the mail sees of it; decoded, any bytes, p == NULL when absent. In `arena`. */
struct facts {
    struct str from, subject, message_id; /* from: the topmost From field */
    struct str *addresses;                /* local@domain of each mailbox in it */
    size_t n_addresses;
    bool has_date;
    int64_t date_s;
};
void facts_of(struct arena *arena, const struct job *job, struct facts *out);

/* Objects, links and macros of a message (json_content.c). */
void report_json_content(struct json *j, struct arena *arena, const struct content_stage *s);
void report_json_intel(struct json *j, struct arena *arena, const struct intel_stage *s);

/* RFC 3339 in UTC; false, and "" written, outside the years 1 to 9999. */
bool time_text(int64_t unix_s, char out[TIME_TEXT_MAX]);

/* Indexes of the findings, the most severe first, otherwise as found. Returns how many. */
size_t findings_by_severity(const struct finding_list *list, size_t order[FINDINGS_MAX]);

/* The line (from 1) of each finding that has an offset, 0 for the others: the same number in the
 * file and with CRLF. One pass over the message. */
void finding_lines(const struct job *job, size_t lines[FINDINGS_MAX]);

/* "passed", "failed", "undecided", "skipped". */
const char *outcome_name(int outcome);

/* Made printable, then written as a JSON string, which is a YAML double-quoted scalar too. */
void add_quoted(struct buf *out, struct str s);
/* The same without a cut but a far one: what must be copied whole. */
void add_quoted_whole(struct buf *out, struct str s);

/* "fail; auth.dmarc.fail (high), ..." : one line for a failed or undecided message. */
void add_why(struct buf *out, const struct job *job, enum severity fail_on, int outcome);

#endif
