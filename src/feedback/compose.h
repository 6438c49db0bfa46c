/* Aggregate reports of our own (RFC 9990, readable for those of RFC 7489): XML, gzip, mail; and who
 * has agreed to get them. */
#ifndef MP_FEEDBACK_COMPOSE_H
#define MP_FEEDBACK_COMPOSE_H

#include "auth/dmarc.h"
#include "base/buf.h"
#include "feedback/report.h"

enum {
    REPORT_MAX_BYTES = 64 * 1024 * 1024, /* of the mail */
    REPORT_MAX_DESTINATIONS = 10         /* addresses of a domain that get one */
};

enum report_form {
    REPORT_FORM_9990,
    REPORT_FORM_7489 /* no namespace, nothing that came later, "none" for what passed */
};

/* One XML document; texts that XML cannot hold become U+FFFD. */
void dmarc_xml_write(struct buf *out, const struct dmarc_aggregate *r, enum report_form form);

/* A gzip member without a time: equal bytes for equal ones. MP_E_NOMEM, MP_E_LIMIT. */
int report_gzip(struct str bytes, struct buf *out, struct mp_err *err);

/* Who reports. Borrowed. */
struct report_sender {
    struct str org;            /* a domain name, A-labels */
    struct str email, contact; /* contact may be empty */
    enum report_form form;
};
/* MP_E_USAGE: org is no domain, email no address. */
int report_sender_check(struct arena *a, const struct report_sender *s, struct mp_err *err);

struct report_mail {      /* in the arena; bytes in heap memory: report_mail_clear */
    struct str report_id; /* the same each time for a domain and day */
    struct str filename;  /* "org!domain!begin!end!id.xml.gz" */
    struct buf xml, bytes;
};
/* The report `r` of feedback_seen_rows, whose metadata is filled here, to `to`. The sender was
 * checked. MP_E_NOMEM, MP_E_LIMIT, MP_E_CRYPTO. */
int report_compose(struct arena *a, const struct report_sender *s, struct dmarc_aggregate *r,
                   struct str to, int64_t now_s, struct report_mail *out, struct mp_err *err);
void report_mail_clear(struct report_mail *m);

/* ---- destinations (RFC 7489 7.1, RFC 9990 4) ---- */

enum destination_state {
    DESTINATION_OK,
    DESTINATION_REFUSED,  /* another organization, which has not agreed */
    DESTINATION_UNUSABLE, /* no mailto:, or no address in it */
    DESTINATION_UNDECIDED /* DNS did not answer: to be tried again */
};
const char *destination_state_name(enum destination_state s);

struct report_destination { /* in the arena */
    enum destination_state state;
    struct str uri, address, domain;
    uint64_t max_bytes; /* of "!10m"; 0: none */
    bool external;
    struct str reason; /* not OK: a sentence */
};

struct report_destinations {
    bool undecided; /* the record itself could not be had */
    bool has_record;
    struct report_destination items[REPORT_MAX_DESTINATIONS];
    size_t n;
    bool more; /* further ones get nothing */
};

/* What the record of `policy_domain` says now. MP_OK, MP_WAIT (fill the view, call again),
 * MP_E_NOMEM, MP_E_LIMIT. */
int report_destinations_find(struct auth_ctx *ctx, struct str policy_domain,
                             struct report_destinations *out, struct mp_err *err);

/* "mailto:dmarc@example.org!10m": the address, and the size; false: none of these. Percent-encoded
 * octets are decoded, a query is dropped. */
bool report_uri_parse(struct arena *a, struct str uri, struct str *address, uint64_t *max_bytes);

#endif
