/* The author domain: what From really says (RFC 5322 3.6.2, RFC 9989 4.1, N25, N42). */
#ifndef MP_AUTH_AUTHOR_H
#define MP_AUTH_AUTHOR_H

#include "auth/auth.h"
#include "message/address.h"

enum author_status {
    AUTHOR_OK,               /* exactly one author domain, from one From field */
    AUTHOR_NONE,             /* no From, or one without a mailbox */
    AUTHOR_MULTIPLE_FIELDS,  /* several From fields, also when a lenient reader would see several */
    AUTHOR_MULTIPLE_DOMAINS, /* one field, mailboxes of several domains */
    AUTHOR_LITERAL,          /* an address literal: no DNS name */
    AUTHOR_INVALID           /* not an address list, or a domain that cannot be a DNS name */
};

struct author {
    enum author_status status;
    struct str domain;          /* A-label, lower case; empty unless AUTHOR_OK */
    struct address_list list;   /* of the first From field */
    const struct header *field; /* the topmost From, or NULL */
    struct str reason;          /* why not OK, for people */
};

const char *author_status_name(enum author_status s);

/* Judge From. Adds no findings. */
void author_check(struct auth_ctx *ctx, struct author *out);

/* The warnings beside the verdicts that headers and line ends alone give: multiple-from, no-from,
 * from-syntax, display-name-address, bare-lf-*, smuggling-sequence, duplicate-header, ... */
void author_findings(struct auth_ctx *ctx, const struct author *author);
void structure_findings(struct auth_ctx *ctx);
/* Those about the program that wrote the head: no-date, bad-message-id, odd-mailer, ... */
void field_findings(struct auth_ctx *ctx);

#endif
