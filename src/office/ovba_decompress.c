/* The compression of MS-OVBA 2.4.1: chunks of at most 4096 octets, copies within a chunk. */
#include "base/bytes.h"
#include "office/ovba.h"

enum {
    SIGNATURE = 1,
    HEADER_BYTES = 2,
    CHUNK_BYTES = 4096, /* that come out of one */
    CHUNK_SIGNATURE = 3,
    TOKENS = 8,
    COPY_MIN_BYTES = 3
};

/* How many bits of a copy token are the offset, by the place in the chunk (2.4.1.3.19.1). */
static unsigned offset_bits(size_t at)
{
    unsigned bits = 4;
    while (bits < 12 && (size_t)1 << bits < at)
        bits++;
    return bits;
}

/* False: the token leads in front of the chunk. */
static bool copy(char *chunk, size_t *n, unsigned token)
{
    unsigned bits = offset_bits(*n);
    size_t back = (token >> (16 - bits)) + 1, len = (token & (0xffffu >> bits)) + COPY_MIN_BYTES;
    if (back > *n)
        return false;
    for (; len > 0 && *n < CHUNK_BYTES; len--, ++*n)
        chunk[*n] = chunk[*n - back];
    return len == 0;
}

/* One chunk of tokens, `in` without its header. */
static bool unpack(char *chunk, size_t *n, struct str in)
{
    size_t at = 0;
    while (at < in.n) {
        unsigned flags = byte_at(in, at++);
        for (unsigned i = 0; i < TOKENS && at < in.n; i++) {
            if ((flags >> i & 1) == 0) {
                if (*n == CHUNK_BYTES)
                    return false;
                chunk[(*n)++] = in.p[at++];
            } else {
                if (at + 2 > in.n || !copy(chunk, n, le16_at(in, at)))
                    return false;
                at += 2;
            }
        }
    }
    return true;
}

bool ovba_decompress(struct buf *out, struct str in, size_t max)
{
    size_t at = 1, start = out->n;
    char chunk[CHUNK_BYTES];
    if (byte_at(in, 0) != SIGNATURE || in.n < 1 + HEADER_BYTES)
        return false;
    while (at + HEADER_BYTES <= in.n && out->n - start < max) {
        unsigned header = le16_at(in, at);
        size_t size = (header & 0xfff) + 3, n = 0;
        struct str packed = str_slice(in, at + HEADER_BYTES, at + size);
        bool whole = size <= in.n - at, sound = (header >> 12 & 7) == CHUNK_SIGNATURE;
        if (!sound)
            return at > 1 && header == 0; /* zeros behind the last chunk fill a sector */
        if (header >> 15 != 0)
            sound = unpack(chunk, &n, packed);
        else
            memcpy(chunk, packed.p, n = packed.n < CHUNK_BYTES ? packed.n : CHUNK_BYTES);
        n = n < max - (out->n - start) ? n : max - (out->n - start);
        buf_add(out, str_make(chunk, n));
        if (!sound || !whole)
            return false;
        at += size;
    }
    return true;
}
