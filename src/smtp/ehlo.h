/* What a server's EHLO reply offers (RFC 5321 4.1.1.1 and the extensions' own RFCs). */
#ifndef MP_SMTP_EHLO_H
#define MP_SMTP_EHLO_H

#include "smtp/reply.h"

enum smtp_extension {
    SMTP_EXT_PIPELINING = 1 << 0,          /* RFC 2920 */
    SMTP_EXT_8BITMIME = 1 << 1,            /* RFC 6152 */
    SMTP_EXT_SMTPUTF8 = 1 << 2,            /* RFC 6531 */
    SMTP_EXT_CHUNKING = 1 << 3,            /* RFC 3030 */
    SMTP_EXT_BINARYMIME = 1 << 4,          /* RFC 3030 */
    SMTP_EXT_DSN = 1 << 5,                 /* RFC 3461 */
    SMTP_EXT_SIZE = 1 << 6,                /* RFC 1870 */
    SMTP_EXT_STARTTLS = 1 << 7,            /* RFC 3207 */
    SMTP_EXT_AUTH = 1 << 8,                /* RFC 4954 */
    SMTP_EXT_ENHANCEDSTATUSCODES = 1 << 9, /* RFC 2034 */
    SMTP_EXT_REQUIRETLS = 1 << 10,         /* RFC 8689 */
    SMTP_EXT_XCLIENT = 1 << 11,
    SMTP_EXT_VRFY = 1 << 12,
    SMTP_EXT_ETRN = 1 << 13,
    SMTP_EXT_DELIVERBY = 1 << 14,     /* RFC 2852 */
    SMTP_EXT_MT_PRIORITY = 1 << 15,   /* RFC 6710 */
    SMTP_EXT_LIMITS = 1 << 16,        /* RFC 9422 */
    SMTP_EXT_FUTURERELEASE = 1 << 17, /* RFC 4865 */
    SMTP_EXT_PRDR = 1 << 18,
    SMTP_EXT_XFORWARD = 1 << 19
};

enum { SMTP_EHLO_MAX_MECHS = 40, SMTP_EHLO_MAX_KEYWORDS = 100 };

struct smtp_ehlo {
    bool extended;            /* EHLO or LHLO was taken; after HELO the caller sets false */
    unsigned extensions;      /* enum smtp_extension */
    uint64_t size_bytes;      /* SIZE; 0: no limit told */
    struct str greeting_name; /* first word of the first line, any bytes */
    struct str *mechs;        /* AUTH mechanisms, upper case, each once (also from "AUTH=") */
    size_t n_mechs;
    struct str *keywords; /* every keyword line as sent, for reports */
    size_t n_keywords;
    struct str xclient; /* attributes offered */
};

/* From an accepted reply. Views into the reply or `a`; unknown keywords are only listed, lines and
 * mechanisms beyond the limits (or without memory) are left out. */
void smtp_ehlo_parse(struct arena *a, const struct smtp_reply *r, struct smtp_ehlo *out);
/* Name of one extension bit, "PIPELINING"; NULL for an unknown one. */
const char *smtp_extension_name(unsigned bit);

#endif
