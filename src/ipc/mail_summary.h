/* One mail in short, as the worker tells it: what history keeps, events carry and aggregate reports
 * count. No body, no text of the message but its subject. */
#ifndef MP_IPC_MAIL_SUMMARY_H
#define MP_IPC_MAIL_SUMMARY_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/wire.h"
#include "verdict/verdict.h"

enum {
    SUMMARY_MAX_RCPTS = 50, /* named; n_rcpt_to counts all */
    SUMMARY_MAX_SIGNATURES = 8,
    SUMMARY_MAX_FINDINGS = 64,    /* kinds; the gravest */
    SUMMARY_MAX_TEXT_BYTES = 1000 /* of each text: addresses, subject, ids; longer ones are cut */
};

struct summary_signature {
    struct str domain, selector, result; /* A-labels; a word of RFC 8601 */
};
struct summary_finding {
    struct str id; /* of the catalogue */
    enum severity severity;
    uint32_t count;
    struct str evidence; /* of the first; printable, FINDING_EVIDENCE_MAX */
};

/* What a domain asked for and got (RFC 9990 3.1): only with dmarc_domain. */
struct summary_policy {
    struct str p, sp, np;         /* "none", "quarantine", "reject"; empty: not published */
    struct str adkim, aspf;       /* "r" or "s" */
    bool testing;                 /* t=y */
    bool wants_reports;           /* its record has rua= */
    struct str discovery;         /* "treewalk" or "psl" */
    struct str disposition;       /* asked for this mail: "none", "quarantine", "reject" */
    struct str override, comment; /* type and comment of RFC 9990, when our action is another */
};

/* Texts are UTF-8 made printable. Empty: absent or not known. */
struct mail_summary {
    struct str id;   /* of this scan: 32 hex digits */
    int64_t time_ms; /* when the verdict stood, wall clock */
    uint32_t elapsed_us;
    struct str mode;     /* "inbound", "outbound", "monitor", "scan" */
    struct str listener; /* its name in the config; "http" */
    struct str queue_id; /* of the MTA */

    struct ip client;
    struct str client_name, helo, tls, auth_user; /* tls: "TLSv1.3" */
    struct str mail_from;
    bool has_mail_from;
    struct str rcpt_to[SUMMARY_MAX_RCPTS];
    size_t n_rcpts;     /* named here */
    uint32_t n_rcpt_to; /* in all */

    struct str from, from_domain; /* author address, and its domain as A-labels */
    struct str subject, message_id;
    uint64_t size_bytes;
    struct str sha256;

    enum verdict_action action; /* of the policy; `done` is what the MTA was told */
    struct str done;            /* "accept", "tag", "quarantine", "reject", "tempfail" */
    bool complete;
    struct str reply; /* "550 5.7.1 ...", when refused */

    struct str spf, spf_domain, spf_scope; /* scope: "mfrom" or "helo" */
    struct summary_signature dkim[SUMMARY_MAX_SIGNATURES];
    size_t n_dkim;
    struct str arc;
    struct str dmarc, dmarc_domain; /* result; the domain whose policy was applied */
    bool spf_aligned, dkim_aligned;
    struct summary_policy policy;

    struct summary_finding findings[SUMMARY_MAX_FINDINGS]; /* gravest first */
    size_t n_findings;
    struct str signed_by; /* outbound: "example.org:s1 example.org:s2" */
};

void mail_summary_write(struct buf *out, const struct mail_summary *s);
/* Views into the frame. What is wrong is in in->bad; then *s is not to be used. */
void mail_summary_read(struct wire_in *in, struct mail_summary *s);
/* All texts copied into the arena. MP_OK, MP_E_NOMEM. */
int mail_summary_copy(struct arena *a, const struct mail_summary *from, struct mail_summary *to,
                      struct mp_err *err);

#endif
