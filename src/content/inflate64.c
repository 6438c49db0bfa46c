/* Deflate64 (method 9 of ZIP), which zlib does not have: Windows and 7-Zip open it. RFC 1951 with
 * a window of 64 KiB, lengths up to 65,538 and two more distance codes. */
#include "base/bytes.h"
#include "content/inspect_internal.h"

enum {
    MAX_BITS = 15,
    LITERALS = 288,
    DISTANCES = 32,
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    LENGTHS = 29,
    MAX_MATCH = 65538,
    ROOM = UNPACK_STEP_BYTES + MAX_MATCH
};

struct bits {
    struct str s;
    size_t at; /* next octet */
    uint64_t hold;
    unsigned n;
    bool short_of; /* the input ended */
};

/* A canonical code: of each length the first value behind its codes, and where its symbols are. */
struct code {
    uint32_t limit[MAX_BITS + 1];
    int32_t base[MAX_BITS + 1];
    uint16_t symbol[LITERALS];
};

struct stream {
    struct inspector *in;
    struct bits bits;
    struct code literal, distance;
    size_t pending; /* octets made behind in->out, not yet counted */
    enum unpacked how;
};

static uint32_t take(struct bits *b, unsigned n)
{
    while (b->n < n) {
        b->short_of |= b->at >= b->s.n;
        b->hold |= (uint64_t)byte_at(b->s, b->at) << b->n;
        b->at += b->at < b->s.n;
        b->n += 8;
    }
    uint32_t v = (uint32_t)(b->hold & ((1u << n) - 1));
    b->hold >>= n;
    b->n -= n;
    return v;
}

static bool make_code(struct code *c, const uint8_t *lengths, unsigned n)
{
    unsigned count[MAX_BITS + 1] = {0}, place[MAX_BITS + 1];
    uint32_t value = 0;
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++)
        count[lengths[i]]++;
    for (unsigned len = 1; len <= MAX_BITS; len++) {
        value <<= 1;
        c->base[len] = (int32_t)sum - (int32_t)value;
        place[len] = sum;
        value += count[len];
        sum += count[len];
        c->limit[len] = value;
        if (value > 1u << len)
            return false;
    }
    for (unsigned i = 0; i < n; i++)
        if (lengths[i] != 0)
            c->symbol[place[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* -1: no such code. */
static int next_symbol(struct bits *b, const struct code *c)
{
    uint32_t value = 0;
    for (unsigned len = 1; len <= MAX_BITS; len++) {
        value = value << 1 | take(b, 1);
        if (value < c->limit[len])
            return c->symbol[(int32_t)value + c->base[len]];
    }
    return -1;
}

/* Count what is pending, and have room for one more match. */
static bool flush(struct stream *s)
{
    size_t n = s->pending;
    s->pending = 0;
    if (!out_more(s->in, n) || out_room(s->in, ROOM) == NULL) {
        s->how = UNPACKED_CUT;
        return false;
    }
    return true;
}

static bool put(struct stream *s, size_t n)
{
    s->pending += n;
    return s->pending < UNPACK_STEP_BYTES || flush(s);
}

static bool stored(struct stream *s)
{
    struct bits *b = &s->bits;
    take(b, b->n % 8);
    uint32_t n = take(b, 16), inverse = take(b, 16);
    if (b->short_of || (n ^ inverse) != 0xffff)
        return false;
    for (; n > 0; n--) {
        uint32_t octet = take(b, 8);
        if (b->short_of)
            return false;
        s->in->out.p[s->in->out.n + s->pending] = (char)octet;
        if (!put(s, 1))
            return false;
    }
    return true;
}

/* The size of a match behind its code: 3 to 258 as in RFC 1951, but for the last. */
static size_t match_length(struct bits *b, unsigned code)
{
    if (code == LENGTHS - 1)
        return 3 + take(b, 16);
    if (code < 8)
        return 3 + code;
    unsigned extra = code / 4 - 1;
    return 3 + (((size_t)4 + code % 4) << extra) + take(b, extra);
}

static size_t match_distance(struct bits *b, unsigned code)
{
    if (code < 4)
        return 1 + code;
    unsigned extra = code / 2 - 1;
    return 1 + (((size_t)2 + code % 2) << extra) + take(b, extra);
}

static bool copy_match(struct stream *s, unsigned code)
{
    size_t n = match_length(&s->bits, code);
    int symbol = next_symbol(&s->bits, &s->distance);
    if (symbol < 0 || s->bits.short_of)
        return false;
    size_t distance = match_distance(&s->bits, (unsigned)symbol);
    size_t made = s->in->out.n + s->pending;
    if (distance > made || s->bits.short_of)
        return false;
    char *to = s->in->out.p + made;
    const char *from = to - distance;
    for (size_t i = 0; i < n; i++) /* octet by octet: they may overlap */
        to[i] = from[i];
    return put(s, n);
}

static bool coded(struct stream *s)
{
    for (;;) {
        int symbol = next_symbol(&s->bits, &s->literal);
        if (symbol < 0 || s->bits.short_of)
            return false;
        if (symbol == END_OF_BLOCK)
            return true;
        if (symbol >= FIRST_LENGTH) {
            if (symbol >= FIRST_LENGTH + LENGTHS || !copy_match(s, (unsigned)symbol - FIRST_LENGTH))
                return false;
            continue;
        }
        s->in->out.p[s->in->out.n + s->pending] = (char)symbol;
        if (!put(s, 1))
            return false;
    }
}

static void fixed_codes(struct stream *s)
{
    uint8_t lengths[LITERALS];
    for (unsigned i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    make_code(&s->literal, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    make_code(&s->distance, lengths, DISTANCES);
}

/* The lengths of both codes, themselves coded (RFC 1951 3.2.7). */
static bool read_lengths(struct bits *b, const struct code *c, uint8_t *lengths, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        int symbol = next_symbol(b, c);
        if (symbol < 0 || b->short_of)
            return false;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        unsigned times = symbol == 16   ? 3 + take(b, 2)
                         : symbol == 17 ? 3 + take(b, 3)
                                        : 11 + take(b, 7);
        if ((symbol == 16 && i == 0) || times > n - i)
            return false;
        memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, times);
        i += times;
    }
    return true;
}

static bool dynamic_codes(struct stream *s)
{
    static const uint8_t order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                    11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + DISTANCES] = {0};
    struct code code;
    unsigned literals = 257 + take(&s->bits, 5), distances = 1 + take(&s->bits, 5);
    unsigned n = 4 + take(&s->bits, 4);
    for (unsigned i = 0; i < n; i++)
        lengths[order[i]] = (uint8_t)take(&s->bits, 3);
    if (literals > LITERALS || !make_code(&code, lengths, ARRAY_LEN(order)))
        return false;
    memset(lengths, 0, sizeof lengths);
    return read_lengths(&s->bits, &code, lengths, literals + distances) &&
           make_code(&s->literal, lengths, literals) &&
           make_code(&s->distance, lengths + literals, distances);
}

static bool next_block(struct stream *s, bool *last)
{
    *last = take(&s->bits, 1) != 0;
    switch (take(&s->bits, 2)) {
    case 0:
        return stored(s);
    case 1:
        fixed_codes(s);
        return coded(s);
    case 2:
        return dynamic_codes(s) && coded(s);
    default:
        return false;
    }
}

enum unpacked inflate64(struct inspector *in, struct str packed, size_t *used)
{
    struct stream s = {.in = in, .bits = {.s = packed}, .how = UNPACKED_DAMAGED};
    bool last = false, ok = flush(&s);
    while (ok && !last)
        ok = next_block(&s, &last) && !s.bits.short_of;
    *used = s.bits.at - s.bits.n / 8;
    if (s.how == UNPACKED_CUT || (s.pending > 0 && !flush(&s)))
        return UNPACKED_CUT;
    return ok ? UNPACKED_WHOLE : UNPACKED_DAMAGED;
}
