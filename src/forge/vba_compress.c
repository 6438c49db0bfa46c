/* The compression of MS-OVBA 2.4.1, for texts of one chunk. */
#include "forge/forge_internal.h"

enum { SIGNATURE = 1, CHUNK_SIGNATURE = 3, COMPRESSED = 1, TOKENS = 8, MIN_LENGTH = 3 };

/* MS-OVBA 2.4.1.3.19.1: how many bits of a copy token are the offset, by the place in the chunk. */
static unsigned offset_bits(size_t at)
{
    unsigned bits = 4;
    while ((size_t)1 << bits < at)
        bits++;
    return bits;
}

struct match {
    size_t offset, length;
};

static struct match longest(struct str s, size_t at, size_t max)
{
    struct match best = {0, 0};
    for (size_t old = at; old-- > 0;) {
        size_t n = 0;
        while (n < max && at + n < s.n && s.p[old + n] == s.p[at + n])
            n++;
        if (n > best.length)
            best = (struct match){at - old, n};
    }
    return best;
}

/* One token; the bytes of the text that it stands for. */
static size_t put_token(struct buf *out, struct str s, size_t at, bool *copy)
{
    unsigned bits = offset_bits(at);
    struct match m = longest(s, at, (0xffffu >> bits) + MIN_LENGTH);
    *copy = m.length >= MIN_LENGTH;
    if (!*copy) {
        buf_addc(out, s.p[at]);
        return 1;
    }
    unsigned token = (unsigned)((m.offset - 1) << (16 - bits) | (m.length - MIN_LENGTH));
    buf_addc(out, (char)(token & 0xff));
    buf_addc(out, (char)(token >> 8));
    return m.length;
}

void forge_vba_compress(struct buf *out, struct str text)
{
    struct buf chunk, tokens;
    buf_init(&chunk, FORGE_VBA_CHUNK_BYTES * 2);
    buf_init(&tokens, FORGE_VBA_CHUNK_BYTES);
    for (size_t at = 0; at < text.n;) {
        unsigned flags = 0;
        tokens.n = 0;
        for (unsigned i = 0; i < TOKENS && at < text.n; i++) {
            bool copy;
            at += put_token(&tokens, text, at, &copy);
            flags |= (unsigned)copy << i;
        }
        buf_addc(&chunk, (char)flags);
        buf_add(&chunk, buf_str(&tokens));
    }
    unsigned header =
        (unsigned)(chunk.n + 2 - 3) | CHUNK_SIGNATURE << 12 | (unsigned)COMPRESSED << 15;
    buf_addc(out, SIGNATURE);
    buf_addc(out, (char)(header & 0xff));
    buf_addc(out, (char)(header >> 8));
    buf_add(out, buf_str(&chunk));
    out->failed = out->failed || chunk.failed || tokens.failed || text.n > FORGE_VBA_CHUNK_BYTES ||
                  chunk.n > FORGE_VBA_CHUNK_BYTES;
    buf_clear(&tokens);
    buf_clear(&chunk);
}
