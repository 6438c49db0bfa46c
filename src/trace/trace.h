/* What a received message tells about its way: hops with delays and TLS, what was altered against
 * what was sent, what a bounce says, links and codes in it. Pure functions of bytes. */
#ifndef MP_TRACE_TRACE_H
#define MP_TRACE_TRACE_H

#include "base/json.h"
#include "finding/finding.h"
#include "message/mime.h"
#include "message/received.h"

enum { TRACE_MAX_HOPS = 100, TRACE_MAX_CHANGES = 500, TRACE_MAX_LINKS = 500, TRACE_MAX_CODES = 50 };

/* ---- hops.c: Received fields, oldest first ---- */

struct trace_hop {
    const struct header *field;
    struct received received;
    bool has_time;
    int64_t at_s;
    bool has_delay;
    int64_t delay_s; /* since the hop before (or since the send time); negative: clock skew */
    bool tls;
    bool internal; /* same host: from and by are one, or loopback */
};
struct trace_hops {
    struct trace_hop *items;
    size_t n;
    size_t slowest; /* index; n when no delay is known */
    size_t n_plain; /* hops between hosts without TLS */
    bool skewed;    /* some delay is negative */
    int64_t skew_s; /* the most negative delay, as a positive number */
    bool has_total;
    int64_t total_s; /* first to last time */
    bool cut;        /* TRACE_MAX_HOPS hit */
};
/* `sent_s`, `arrived_s`: -1 when not known; they add the first and the last delay. */
int trace_hops(struct arena *a, const struct message *m, int64_t sent_s, int64_t arrived_s,
               struct trace_hops *out, struct mp_err *err);

/* ---- altered.c: received against sent ---- */

enum trace_change_kind {
    TRACE_HEADER_ADDED,
    TRACE_HEADER_REMOVED,
    TRACE_HEADER_CHANGED,
    TRACE_HEADER_REFOLDED, /* same text, other white space */
    TRACE_HEADER_MOVED,
    TRACE_BODY_LINE_ENDS,  /* only CR and LF differ */
    TRACE_BODY_WHITESPACE, /* trailing white space, empty lines at the end */
    TRACE_BODY_ENCODING,   /* another transfer encoding, decoded the same */
    TRACE_BODY_APPENDED,   /* the sent body is whole, text follows (footers of lists) */
    TRACE_BODY_CHANGED,
    TRACE_PART_ADDED,
    TRACE_PART_REMOVED,
    TRACE_PART_CHANGED /* decoded bytes differ; `detail` has both SHA-256 */
};
const char *trace_change_name(enum trace_change_kind k); /* "header-added" */
struct trace_change {
    enum trace_change_kind kind;
    struct str name;   /* header field, or part path */
    struct str detail; /* printable, cut: from what to what */
    size_t sent_offset, received_offset;
};
struct trace_altered {
    bool identical;   /* byte for byte */
    bool body_intact; /* decoded content of every part is the same */
    struct trace_change *items;
    size_t n;
    bool cut;
};
int trace_altered(struct arena *a, struct str sent, struct str received, struct trace_altered *out,
                  struct mp_err *err);

/* ---- dsn.c: delivery status notifications (RFC 3464) ---- */

struct trace_dsn_rcpt {
    struct str final_rcpt, original_rcpt, action, status, diagnostic, remote_mta;
};
struct trace_dsn {
    bool is_dsn;
    struct str reporting_mta, original_message_id, envid;
    struct trace_dsn_rcpt *rcpts;
    size_t n_rcpts;
    struct str original; /* returned message or its head: views */
};
int trace_dsn(struct arena *a, const struct message *m, struct trace_dsn *out, struct mp_err *err);

/* ---- extract.c: what a test clicks on or types ---- */

struct trace_extract {
    struct str
        *links; /* http and https, from HTML hrefs and plain text, entities decoded, each once */
    size_t n_links;
    struct str *codes; /* one-time codes: 4 to 10 digits, or letters and digits beside a word such
                          as "code", most likely first */
    size_t n_codes;
    struct str text; /* the plain text, or that of the HTML */
};
int trace_extract(struct arena *a, const struct message *m, struct trace_extract *out,
                  struct mp_err *err);

/* Members of JSON documents (docs/schema/message-1.schema.json). */
void trace_hops_json(struct json *j, const struct trace_hops *h);
void trace_altered_json(struct json *j, const struct trace_altered *t);
void trace_dsn_json(struct json *j, const struct trace_dsn *d);

#endif
