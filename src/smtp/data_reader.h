/* The message as a server receives it: DATA and BDAT, in pieces of any size (RFC 5321 4.5.2,
 * RFC 3030). Only CRLF.CRLF ends DATA; no byte is changed but the stuffed dots. */
#ifndef MP_SMTP_DATA_READER_H
#define MP_SMTP_DATA_READER_H

#include "base/buf.h"

/* Bytes that line-oriented mail must not hold (RFC 5321 2.3.8, 4.1.1.4), each a way to smuggle. */
enum smtp_odd { SMTP_ODD_BARE_LF, SMTP_ODD_BARE_CR, SMTP_ODD_NUL, SMTP_ODD_COUNT };
const char *smtp_odd_name(enum smtp_odd o); /* "bare LF", "bare CR", "NUL" */

struct smtp_oddity {
    uint64_t count;
    uint64_t first_offset; /* in the message as it is kept */
};

/* Counts them over a stream of pieces. Zero-initialise. */
struct smtp_line_ends {
    uint64_t bytes; /* seen so far */
    bool after_cr;  /* the last byte was one: what follows decides */
    struct smtp_oddity odd[SMTP_ODD_COUNT];
};
void smtp_line_ends_add(struct smtp_line_ends *l, struct str piece);
void smtp_line_ends_finish(struct smtp_line_ends *l); /* a CR at the very end is bare */
bool smtp_line_ends_ok(const struct smtp_line_ends *l);

/* Behind 354. Zero-initialise: the CRLF of the DATA command counts as the one before the dot. */
struct smtp_data_reader {
    unsigned char state;
    bool ended; /* CRLF.CRLF was read */
    struct smtp_line_ends line_ends;
};
/* Takes from the front of `in`, at most until the end of the message, and appends to `out` (NULL:
 * thrown away, still checked and counted in line_ends.bytes). Returns how many bytes were taken:
 * all of them unless r->ended. out->failed is the caller's to look at. */
size_t smtp_data_read(struct smtp_data_reader *r, struct str in, struct buf *out);

/* BDAT: chunks by count. Zero-initialise. */
struct smtp_chunk_reader {
    uint64_t left;  /* of the chunk at hand */
    uint64_t total; /* announced so far, this chunk included */
    bool last, active;
    struct smtp_line_ends line_ends; /* of all chunks */
};
void smtp_chunk_begin(struct smtp_chunk_reader *r, uint64_t bytes, bool last);
/* As smtp_data_read; when r->left is 0 the chunk is whole. */
size_t smtp_chunk_read(struct smtp_chunk_reader *r, struct str in, struct buf *out);

#endif
