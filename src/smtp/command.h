/* Commands, each one line with CRLF, built so that no argument can end it (RFC 5321 4.1). */
#ifndef MP_SMTP_COMMAND_H
#define MP_SMTP_COMMAND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"

enum { SMTP_COMMAND_MAX_BYTES = 12288 /* AUTH of RFC 4954 4; others are 512 and extensions */ };

/* All append to `out`, a whole line or nothing. MP_E_USAGE: an argument holds CR, LF, NUL or a
 * space where none may be: the error names it. MP_E_LIMIT: the line would be longer than
 * SMTP_COMMAND_MAX_BYTES. MP_E_NOMEM: `out` is full. Addresses are written as given between < >, so
 * that tests can send odd ones; only bytes that would end the path or the line are refused. */
int smtp_write_verb(struct buf *out, const char *verb, struct str argument, struct mp_err *err);

enum smtp_body { SMTP_BODY_NONE, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };

struct smtp_mail_params {      /* parameters of MAIL FROM; zero: none is written */
    uint64_t size_bytes;       /* RFC 1870 */
    enum smtp_body body;       /* RFC 6152, RFC 3030 */
    bool smtputf8, requiretls; /* RFC 6531, RFC 8689 */
    const char *ret;           /* "FULL", "HDRS" or NULL (RFC 3461 4.3) */
    struct str envid;          /* xtext-encoded by us */
    struct str auth;           /* AUTH=, RFC 4954 5; "<>", or an address: xtext-encoded by us */
    struct str extra;          /* written as it is, after a space; no CR LF */
};
int smtp_write_mail(struct buf *out, struct str from, const struct smtp_mail_params *p,
                    struct mp_err *err);

struct smtp_rcpt_params {
    struct str notify; /* "NEVER" or a list (RFC 3461 4.1) */
    struct str orcpt;  /* address; written as rfc822;xtext or utf-8; (RFC 3461 4.2, RFC 6533) */
    struct str extra;
};
int smtp_write_rcpt(struct buf *out, struct str to, const struct smtp_rcpt_params *p,
                    struct mp_err *err);

/* BDAT length [LAST] (RFC 3030 2). */
void smtp_write_bdat(struct buf *out, uint64_t length, bool last);

/* XCLIENT NAME=VALUE pairs, values as xtext (Postfix's XCLIENT_README). */
struct smtp_attribute {
    struct str name, value;
};
int smtp_write_xclient(struct buf *out, const struct smtp_attribute *attrs, size_t n,
                       struct mp_err *err);

/* Dot-stuff `message` and end it with CRLF.CRLF (RFC 5321 4.5.2). Line ends (also a bare LF or CR)
 * become CRLF unless `as_is` (then only lines that begin with a dot after CRLF are stuffed). */
void smtp_write_data(struct buf *out, struct str message, bool as_is);

/* xtext of RFC 3461 4. */
void smtp_write_xtext(struct buf *out, struct str s);

/* PROXY protocol header, v1 text or v2 binary (haproxy's proxy-protocol.txt). Families must agree,
 * else MP_E_USAGE. `local`: v1 UNKNOWN, v2 LOCAL, without addresses. Version 0 writes nothing. */
struct smtp_proxy {
    int version; /* 0: none; 1, 2 */
    bool local;
    struct ip source, target;
    uint16_t source_port, target_port;
};
int smtp_write_proxy(struct buf *out, const struct smtp_proxy *p, struct mp_err *err);

#endif
