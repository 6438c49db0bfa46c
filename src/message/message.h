/* A message as bytes with places: header fields and body, zero-copy, strict about line ends. */
#ifndef MP_MESSAGE_MESSAGE_H
#define MP_MESSAGE_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"

/* One header field (RFC 5322 2.2). All views point into the raw message. Fields end at CRLF not
 * followed by SP or HTAB; a bare CR or LF does not end a field (it is an ordinary octet for
 * hashing, RFC 6376 2.8, and flagged as an anomaly). */
struct header {
    struct str name;  /* as written, obsolete white space before the colon taken off */
    struct str value; /* all between the colon and the final CRLF, folds and all */
    struct str raw;   /* name, colon, value and final CRLF: the bytes that "simple" hashes; the CRLF
                         is missing only where the message ends within the field */
    size_t offset;    /* of raw in the message */
    uint32_t index;   /* 0 = topmost */
    uint32_t above;   /* index + 1 of the next field of the same name above this one; 0 = none */
    bool space_before_colon; /* "From :" (RFC 5322 4.5), still that field */
};

enum anomaly {
    ANOMALY_BARE_LF_HEADER, /* LF without CR among the fields */
    ANOMALY_BARE_CR_HEADER, /* CR without LF among the fields */
    ANOMALY_BARE_LF_BODY,
    ANOMALY_BARE_CR_BODY,
    ANOMALY_NUL_HEADER,
    ANOMALY_NUL_BODY,
    ANOMALY_CONTROL_HEADER,    /* other C0 control or DEL in a field */
    ANOMALY_SMUGGLING,         /* <LF>.<CRLF>, <LF>.<LF>, <CR>.<CR>, <CRLF>.<CR>, ... in the body */
    ANOMALY_NO_COLON,          /* a line among the fields that is no field; its bytes are skipped */
    ANOMALY_FIRST_LINE_FOLDED, /* the first line begins with SP or HTAB */
    ANOMALY_NAME_FOLDED,       /* the line break stands between the name and the colon */
    ANOMALY_BAD_NAME,          /* a name with bytes outside %d33-57 / %d59-126 */
    ANOMALY_BLANK_FOLD,        /* a continuation line of white space only */
    ANOMALY_SPACE_COLON,       /* "From :" */
    ANOMALY_NO_HEAD,           /* the message begins with an empty line or is empty */
    ANOMALY_NO_BODY_SEPARATOR, /* the fields are not ended by an empty line */
    ANOMALY_MBOX_LINE,         /* first line "From " as mbox has it: skipped */
    ANOMALY_HEAD_8BIT,         /* bytes >= 0x80 that are not UTF-8 among the fields */
    ANOMALY_LONG_LINE,         /* a line above 998 octets without CRLF (RFC 5322 2.1.1) */
    ANOMALY_LF_ONLY,           /* no CRLF anywhere: line ends were normalised to CRLF */
    ANOMALY_TOO_MANY_FIELDS,   /* MESSAGE_MAX_FIELDS hit: the rest was not parsed */
    ANOMALY_HEAD_TOO_LONG,     /* MESSAGE_MAX_HEAD_BYTES hit */
    ANOMALY_HIDDEN_FIELD,      /* reading bare CR or LF as line ends would show a further From,
                                  Subject, To, Date or DKIM-Signature field */
    ANOMALY_COUNT
};

/* The fields of one name: sorted by hash, then name. Private to message.c. */
struct header_key {
    uint64_t hash;
    uint32_t top, bottom, count;
};

/* Everything borrowed from `raw`; arrays in the arena. Read-only after parsing: any thread. */
struct message {
    struct str raw, head, body; /* head without the empty line; body without the separator */
    size_t body_offset;
    struct header *headers;
    size_t n_headers;
    bool has_body_separator;
    struct {
        size_t count, first_offset;
    } anomalies[ANOMALY_COUNT];
    /* one entry a distinct name, sorted: a hash table could be flooded; see header_last */
    struct header_key *keys;
    size_t n_keys;
};

/* Parse (RFC 5322 2.1, 2.2, 4.5). Any bytes are a message; only our limits and memory can fail.
 * A message with LF and no CRLF at all is a file on disk: it is copied with CRLF first (and says
 * ANOMALY_LF_ONLY); otherwise nothing is copied.
 * Owns: arrays live in `arena`. Borrows: `raw` must outlive `out`.
 * Returns MP_OK, MP_E_NOMEM, MP_E_LIMIT (longer than MESSAGE_MAX_BYTES). Time is linear. */
int message_parse(struct arena *arena, struct str raw, struct message *out, struct mp_err *err);

bool message_has(const struct message *m, enum anomaly a);
const char *anomaly_name(enum anomaly a);

/* Bottom-most field of that name (any case), or NULL: O(log n). Then upwards: O(1). */
const struct header *header_last(const struct message *m, struct str name);
const struct header *header_above(const struct message *m, const struct header *h);
/* Topmost field of that name, or NULL; and how many there are: O(log n). */
const struct header *header_first(const struct message *m, struct str name);
size_t header_count(const struct message *m, struct str name);

/* Value with folds taken out: CRLF before SP or HTAB goes, ends are trimmed. Copies only when it
 * must. p == NULL when memory is spent. */
struct str header_unfold(struct arena *arena, struct str value);

/* How often would a reader that takes any CR or LF as line end, and ends the head at the first
 * empty line so read, see a field of that name? Differs from header_count in attacks only. */
size_t header_count_lenient(const struct message *m, struct str name);

/* Might some reader see a field of that name besides those of header_count? It may hide behind a
 * bare CR or LF, in a name with foreign bytes ("From<NUL>:"), in a line with its name folded off
 * or in a folded first line. Linear in the head; at once false for a head without anomalies. */
bool header_hidden(const struct message *m, struct str name);

#endif
