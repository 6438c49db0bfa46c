/* A test message from a template, headers, a body and attachments (RFC 5322, RFC 2045). */
#ifndef MP_FLOW_COMPOSE_H
#define MP_FLOW_COMPOSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { COMPOSE_MAX_BYTES = 64 << 20, COMPOSE_MAX_PARTS = 50, COMPOSE_MAX_HEADERS = 100 };

struct compose_part {
    struct str name; /* file name, for the reader */
    struct str type; /* "application/octet-stream" */
    struct str bytes;
};

/* All borrowed. Tokens in `data`: %DATE% %FROM_ADDRESS% %TO_ADDRESS% %MESSAGEID% %NEW_HEADERS%
 * %BODY%; "\n" written as two characters is a line end there and in the body. */
struct compose {
    struct str data;           /* whole message; p == NULL: the built-in template */
    bool is_raw;               /* `data` came from a file: no tokens but the same six, no "\n" */
    struct str body;           /* p == NULL: one built-in line */
    const struct str *headers; /* "Name: value"; one that the template has replaces it */
    size_t n_headers;
    const struct compose_part *parts;
    size_t n_parts;
    struct str from, to; /* to: all recipients, with ", " between */
    struct str id;       /* left side of Message-ID, unguessable */
    struct str host;     /* its right side */
    int64_t now_s;
};

/* CRLF line ends throughout. MP_E_USAGE: a header holds a line break or no colon; MP_E_LIMIT. */
int compose_message(const struct compose *c, struct buf *out, struct mp_err *err);

/* "Tue, 24 Nov 2026 06:20:00 +0000" (RFC 5322 3.3). */
struct str compose_date(struct arena *a, int64_t unix_s);

#endif
