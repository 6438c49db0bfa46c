/* Base64 of RFC 4648 section 4, strict, and lenient about white space where the RFC of use says so.
 */
#ifndef MP_BASE_BASE64_H
#define MP_BASE_BASE64_H

#include "base/arena.h"
#include "base/buf.h"

enum base64_mode {
    BASE64_STRICT,    /* the alphabet and padding only */
    BASE64_IGNORE_FWS /* SP, HTAB, CR, LF anywhere are skipped (RFC 6376 2.10) */
};

static inline size_t base64_encoded_bytes(size_t n)
{
    return (n + 2) / 3 * 4;
}

/* Decode into the arena. False, nothing written: foreign byte, wrong or missing padding, data
 * after padding, bits left over that are not zero, or no memory. */
bool base64_decode(struct arena *a, struct str in, enum base64_mode mode, struct str *out);

/* Append the encoding of `in`, without line breaks. */
void base64_encode(struct buf *b, struct str in);

#endif
