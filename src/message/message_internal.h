/* What the files of this room share: notes on anomalies, lines, white space, decoders. */
#ifndef MP_MESSAGE_MESSAGE_INTERNAL_H
#define MP_MESSAGE_MESSAGE_INTERNAL_H

#include "base/hex.h"
#include "message/message.h"

void message_note(struct message *m, enum anomaly a, size_t offset);

/* Note the anomalies that single bytes and line lengths show, in head and body. */
void message_scan(struct message *m);

/* Lines as a reader sees them that takes CRLF, CR and LF alike as line end. False at the end. */
bool lenient_line(struct str text, size_t *pos, struct str *line);

/* At "(": to behind its partner. False when there is none, *pos then untouched. */
bool comment_skip(struct str s, size_t *pos);

/* White space, line ends of folds and comments are skipped; *comment (may be NULL) becomes the text
 * of the last comment. Stops at what it cannot skip, an unclosed comment too. */
void cfws_skip(struct str s, size_t *pos, struct str *comment);

/* Length of the encoded word at `pos`, or 0. RFC 2047 5 (3) allows few octets in those of phrases;
 * programs write more. Taken as one word only when nothing in it could begin an address, a quote
 * or a comment for a reader that does not know encoded words. */
size_t encoded_word_in_phrase(struct str s, size_t pos);

/* Both forgive: foreign bytes are left out (base64) or kept as they stand (quoted-printable), and
 * counted. `out` has room for in.n bytes; the length written is returned. */
size_t decode_base64(struct str in, char *out, size_t *bad_bytes);
enum qp_place { QP_BODY, QP_HEADER }; /* in headers "_" is a space (RFC 2047 4.2) */
size_t decode_qp(struct str in, enum qp_place place, char *out, size_t *bad_bytes);

#endif
