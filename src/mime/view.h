/* MIME as its readers see it. RFC 2045-2047, 2183 and 2231 say what a message means; programs
 * disagree where it is broken, and attackers live there. So each entity is read in up to four ways,
 * and the union of what any of them gives is what gets inspected. */
#ifndef MP_MIME_VIEW_H
#define MP_MIME_VIEW_H

#include "crypto/digest.h"
#include "finding/finding.h"
#include "message/message.h"
#include "mime/limits.h"

enum mime_view {
    VIEW_STRICT,  /* the letter of the RFCs */
    VIEW_FIRST,   /* of what stands twice the first wins */
    VIEW_LAST,    /* the last wins */
    VIEW_LENIENT, /* every delimiter that any reader takes for one, encodings by what is there */
    VIEW_COUNT
};

/* Where a name of an attachment was written, and how it was read. */
enum mime_name_form {
    NAME_DISPOSITION,      /* filename= of Content-Disposition, as it stands */
    NAME_DISPOSITION_2231, /* filename*=, filename*0*= */
    NAME_DISPOSITION_2047, /* encoded words in filename=, decoded */
    NAME_TYPE,             /* name= of Content-Type */
    NAME_TYPE_2231,
    NAME_TYPE_2047,
    NAME_LAST,    /* of a parameter that stands twice, the last */
    NAME_LENIENT, /* what only forgiving readers see: comments, half quotes, escapes */
    NAME_ENCODED, /* in the encoding itself: uuencode, yEnc, BinHex */
    NAME_FORM_COUNT
};

struct mime_name {
    enum mime_name_form form;
    struct str text; /* decoded to UTF-8 where the charset is known, else as it stands */
    size_t offset;   /* of its bytes in the raw message */
};

/* One body that some reader hands to its user. Leaves only: inner messages are taken apart. */
struct mime_payload {
    /* "2.1": the part's number in the first view that gave it; of what VIEW_LENIENT alone gives the
     * part that it stands in or behind */
    struct str path;
    struct str bytes;                       /* decoded; in the arena or in the raw message */
    unsigned char sha256[DIGEST_MAX_BYTES]; /* of `bytes` */
    unsigned views; /* bits 1u << enum mime_view: who sees exactly these bytes */
    /* Of the encoded bytes in the raw message; of the container's when it was decoded first. */
    size_t offset, length;
    struct str encoding;      /* "7bit", "base64", "quoted-printable", "uuencode", "yenc", ... */
    struct str type, subtype; /* lower case, as declared in that view; text/plain when absent */
    struct str charset;       /* as declared, empty when absent */
    struct str method;        /* the same, of calendars: what is asked for */
    struct str disposition;   /* lower case; empty when absent */
    struct mime_name *names;
    size_t n_names;
    unsigned message_depth; /* messages around it: 0 in the message itself */
};

struct mime_union {
    /* in the order of the raw message, distinct by sha256 and place */
    struct mime_payload *payloads;
    size_t n;
    bool ambiguous; /* views differ: mime.view-diff was raised */
    bool complete;  /* false: a limit cut it, and a limit.* finding says which */
};

/* Take `m` apart in every view and raise mime.view-diff where they differ (with both hashes).
 * Owns: everything lives in `arena`. Borrows: m->raw must outlive `out`.
 * Returns MP_OK (cut or not) or MP_E_NOMEM. Time is linear in the message.
 * Threads: any, each with its own arena. */
int mime_union_read(struct arena *arena, const struct message *m, struct finding_list *findings,
                    struct mime_union *out, struct mp_err *err);

const char *mime_view_name(enum mime_view v);
const char *mime_name_form_name(enum mime_name_form f);

#endif
