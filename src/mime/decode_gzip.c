/* Gzip within base64 ("x-gzip64"): inflated within a bound. */
#include "base/inflate.h"
#include "mime/decode.h"

enum { GZIP_MIN_BYTES = 18 /* head and tail, RFC 1952 2.3.1 */ };

bool gunzip(struct str in, struct buf *out)
{
    return in.n >= GZIP_MIN_BYTES &&
           inflate_add(in, INFLATE_GZIP, out->max_bytes, out) == INFLATED_WHOLE;
}
