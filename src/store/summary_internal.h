/* What lists show of a message: decoded, UTF-8, on one line, cut. */
#ifndef MP_STORE_SUMMARY_INTERNAL_H
#define MP_STORE_SUMMARY_INTERNAL_H

#include "message/mime.h"

enum {
    SUMMARY_HEAD_BYTES = 256 * 1024,   /* fields behind are not seen */
    SUMMARY_BODY_BYTES = 16 << 20,     /* attachments that begin behind are not counted */
    SUMMARY_FIELD_MAX = 500,           /* bytes of a decoded field */
    SUMMARY_SNIPPET_MAX = 200,         /* bytes */
    SUMMARY_SNIPPET_SOURCE = 8 * 1024, /* encoded bytes that the snippet is made of */
    SUMMARY_PART_MAX = 16 << 20        /* encoded bytes of a part that a search looks at */
};

struct summary {
    struct str message_id, subject, from, to, tag, snippet;
    unsigned n_attachments;
};
/* Any bytes. What does not fit into `a` stays empty. */
void summary_make(struct arena *a, struct str raw, struct summary *out);

/* Text of a part: transfer encoding and charset undone, tags of HTML left out. At most
 * `max_encoded` bytes of it are read. Empty: no text, or no memory. */
struct str part_text(struct arena *a, const struct message *m, const struct mime_part *p,
                     size_t max_encoded);

/* Does any text part hold `needle` (without case)? */
bool body_has(struct arena *a, struct str raw, struct str needle);

/* `text` holds `needle`, letters compared without case (ASCII, Latin, Greek, Cyrillic). The needle
 * is folded already. */
bool text_has(struct str text, struct str folded);
struct str text_fold(struct arena *a, struct str text); /* p == NULL: no memory */

#endif
