/* Deflate (RFC 1951) with fixed codes and a small window: one block, the same on every machine. */
#include "forge/forge_internal.h"

enum {
    MIN_MATCH = 3,
    MAX_MATCH = 258,
    WINDOW_BYTES = 32 * 1024,
    HASH_SLOTS = 4096,
    END_OF_BLOCK = 256
};

struct bits {
    struct buf *out;
    uint32_t value;
    unsigned n;
};

/* RFC 1951 3.1.1: from the lowest bit on. */
static void put(struct bits *b, uint32_t value, unsigned n)
{
    b->value |= value << b->n;
    for (b->n += n; b->n >= 8; b->n -= 8) {
        buf_addc(b->out, (char)(b->value & 0xff));
        b->value >>= 8;
    }
}

/* Huffman codes stand with their highest bit first. */
static void put_code(struct bits *b, uint32_t code, unsigned n)
{
    uint32_t turned = 0;
    for (unsigned i = 0; i < n; i++)
        turned |= ((code >> i) & 1) << (n - 1 - i);
    put(b, turned, n);
}

/* RFC 1951 3.2.6. */
static void put_symbol(struct bits *b, unsigned symbol)
{
    if (symbol < 144)
        put_code(b, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(b, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(b, symbol - 256, 7);
    else
        put_code(b, 0xc0 + symbol - 280, 8);
}

/* RFC 1951 3.2.5: lengths in groups of four codes, distances in groups of two, each group with one
 * extra bit more than the one before. */
static void put_length(struct bits *b, unsigned length)
{
    unsigned code = 257, extra = 0, base = MIN_MATCH;
    if (length == MAX_MATCH) {
        put_symbol(b, 285);
        return;
    }
    while (length >= base + (1u << extra)) {
        base += 1u << extra;
        code++;
        extra = code < 265 ? 0 : (code - 261) / 4;
    }
    put_symbol(b, code);
    put(b, length - base, extra);
}

static void put_distance(struct bits *b, unsigned distance)
{
    unsigned code = 0, extra = 0, base = 1;
    while (distance >= base + (1u << extra)) {
        base += 1u << extra;
        code++;
        extra = code < 4 ? 0 : code / 2 - 1;
    }
    put_code(b, code, 5);
    put(b, distance - base, extra);
}

static size_t hash_at(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    return (p[0] * 506832829u + p[1] * 2654435u + p[2] * 40503u) % HASH_SLOTS;
}

static unsigned match_length(struct str s, size_t old, size_t at)
{
    unsigned n = 0;
    while (n < MAX_MATCH && at + n < s.n && s.p[old + n] == s.p[at + n])
        n++;
    return n;
}

void forge_deflate(struct buf *out, struct str s)
{
    size_t last[HASH_SLOTS] = {0}; /* place + 1 of the last three bytes with that hash */
    struct bits b = {.out = out};
    put(&b, 1, 1); /* the last block */
    put(&b, 1, 2); /* fixed codes */
    for (size_t at = 0; at < s.n;) {
        size_t *slot = at + MIN_MATCH <= s.n ? &last[hash_at(s, at)] : NULL;
        size_t old = slot != NULL ? *slot : 0;
        unsigned n = old != 0 && at - (old - 1) <= WINDOW_BYTES ? match_length(s, old - 1, at) : 0;
        if (slot != NULL)
            *slot = at + 1;
        if (n >= MIN_MATCH) {
            put_length(&b, n);
            put_distance(&b, (unsigned)(at - (old - 1)));
            at += n;
        } else {
            put_symbol(&b, (unsigned char)s.p[at]);
            at++;
        }
    }
    put_symbol(&b, END_OF_BLOCK);
    put(&b, 0, 7); /* the last bits out */
}
