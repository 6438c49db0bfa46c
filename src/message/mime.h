/* The MIME structure of a message (RFC 2045, 2046, 2183, 2231) as a flat list of parts. */
#ifndef MP_MESSAGE_MIME_H
#define MP_MESSAGE_MIME_H

#include "message/message.h"

struct mime_param {
    struct str name, value; /* value unquoted; RFC 2231 pieces joined and decoded to bytes */
};

enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QP, MIME_BASE64, MIME_UNKNOWN };

struct mime_part {
    struct str path; /* "1", "1.2": IMAP section numbers; "" for the whole message; a multipart
                        right within a message part has that part's number */
    int32_t parent;  /* index, -1 for the root */
    unsigned depth;
    size_t head_offset, body_offset, body_length; /* in the raw message, body still encoded */
    struct str type, subtype;                     /* lower case; text/plain when absent */
    struct str charset, filename, disposition;
    enum mime_encoding encoding;
    struct mime_param *params; /* of Content-Type */
    size_t n_params;
    unsigned n_children;
    bool is_multipart, is_message, boundary_unclosed;
};

struct mime_tree {
    struct mime_part *parts; /* depth first, root first */
    size_t n;
    bool complete; /* false when a limit cut it */
};

/* No recursion; linear in the size of the message times MIME_MAX_DEPTH at worst.
 * Returns MP_OK (with complete = false on limits) or MP_E_NOMEM. */
int mime_parse(struct arena *arena, const struct message *m, struct mime_tree *out,
               struct mp_err *err);

/* Body of a part decoded by its transfer encoding (transfer_decode.c); bad bytes are skipped and
 * counted. p == NULL when memory is spent. */
struct str transfer_decode(struct arena *arena, struct str body, enum mime_encoding encoding,
                           size_t *bad_bytes);

#endif
