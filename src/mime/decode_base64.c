/* Base64 (RFC 2045 6.8) in every way in which readers of mail decode it. */
#include "mime/decode.h"

enum { BAD = 0x80, PAD = 0x81, BLANK = 0x82 };

/* Values of the alphabet; what is above 0x7f is none.
 * clang-format off */
static const unsigned char values[256] = {
#define B BAD
#define P PAD
#define W BLANK
    B,  B,  B,  B,  B,  B,  B,  B,  B,  W,  W,  B,  B,  W,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  W,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  62, B,  B,  B,  63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, B,  B,  B,  P,  B,  B,  B,  0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, B,  B,  B,  B,  B,
    B,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
    B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,  B,
#undef B
#undef P
#undef W
};
/* clang-format on */

struct base64_run {
    const struct base64_way *way;
    char *out;
    size_t n, line_start; /* written; written when the line began */
    uint32_t bits;
    unsigned held;    /* digits held: 0..3 */
    unsigned in_line; /* digits of this line, modulo 4 */
    bool line_digits; /* this line holds some */
    bool stopped;
    unsigned odd;
    unsigned pending; /* of what is odd when data follows: padding, a ragged or an empty line */
};

static void put_quad(char *out, uint32_t v)
{
    out[0] = (char)(unsigned char)(v >> 16);
    out[1] = (char)(unsigned char)(v >> 8);
    out[2] = (char)(unsigned char)v;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
typedef uint32_t vec_quads __attribute__((vector_size(VEC_BYTES)));

/* Sixteen digits become twelve octets, and two more are written behind them: base64_room() has
 * them. False: not all are digits. */
static inline bool put_four_quads(char *out, const char *p)
{
    vec v = vec_load(p);
    if (vec_any(base64_not_digits(v)))
        return false;
    vec small = (vec)(v >= 'a'), large = (vec)(v >= 'A') & ~small, digit = (vec)(v <= '9');
    vec value = v - (small & ('a' - 26)) - (large & 'A') + (digit & (52 - '0')) +
                ((vec)(v == '+') & (62 - '+' - (52 - '0'))) +
                ((vec)(v == '/') & (63 - '/' - (52 - '0')));
    vec_quads x = (vec_quads)value;
    x = (x << 2 & 0xfc) | (x >> 12 & 0x03) | (x << 4 & 0xf000) | (x >> 10 & 0x0f00) |
        (x << 6 & 0xc00000) | (x >> 8 & 0x3f0000);
    vec_words w = (vec_words)x;
    w = (w & 0xffffff) | (w >> 8 & 0xffffff000000);
    uint64_t left = w[0], right = w[1];
    memcpy(out, &left, sizeof left);
    memcpy(out + 6, &right, sizeof right);
    return true;
}
#else
static inline bool put_four_quads(char *out, const char *p)
{
    (void)out, (void)p;
    return false;
}
#endif

/* Whole quads without anything else between them: the common case. Returns digits consumed. */
static size_t fast_quads(struct base64_run *r, const unsigned char *p, size_t n)
{
    size_t i = 0;
    char *out = r->out + r->n;
    if (n >= VEC_BYTES && ((values[p[1]] | values[p[2]] | values[p[4]] | values[p[7]]) & 0x80) == 0)
        for (; i + VEC_BYTES <= n && put_four_quads(out, (const char *)p + i); i += VEC_BYTES)
            out += VEC_BYTES / 4 * 3;
    for (; i + 4 <= n; i += 4, out += 3) {
        uint32_t a = values[p[i]], b = values[p[i + 1]], c = values[p[i + 2]], d = values[p[i + 3]];
        if ((a | b | c | d) & 0x80)
            break;
        put_quad(out, a << 18 | b << 12 | c << 6 | d);
    }
    r->n = (size_t)(out - r->out);
    return i;
}

/* Digits held when data ends or begins anew: two give one octet, three give two. */
static void flush(struct base64_run *r)
{
    if (r->held == 1)
        r->odd |= ODD_LENGTH;
    if (r->held >= 2)
        r->out[r->n++] = (char)(unsigned char)(r->bits >> (r->held * 6 - 8) & 0xff);
    if (r->held == 3)
        r->out[r->n++] = (char)(unsigned char)(r->bits >> 2 & 0xff);
    r->held = 0;
    r->bits = 0;
}

/* Data goes on: what stood before it was not the end. */
static inline void data_follows(struct base64_run *r)
{
    r->odd |= r->pending;
    r->pending = 0;
}

static inline void digit(struct base64_run *r, unsigned value)
{
    data_follows(r);
    r->bits = r->bits << 6 | value;
    r->line_digits = true;
    r->in_line = (r->in_line + 1) & 3;
    if (++r->held < 4)
        return;
    put_quad(r->out + r->n, r->bits);
    r->n += 3;
    r->held = 0;
    r->bits = 0;
}

static inline void line_ends(struct base64_run *r)
{
    r->pending |= !r->line_digits && r->n + r->held > 0 ? ODD_PARAGRAPH : 0;
    r->pending |= r->in_line != 0 ? ODD_RAGGED : 0;
    if (r->way->by_line) {
        r->held = 0;
        r->bits = 0;
    }
    r->in_line = 0;
    r->line_digits = false;
    r->line_start = r->n;
}

static void pad(struct base64_run *r)
{
    if (r->way->pad == PAD_SKIPPED) {
        r->pending |= ODD_PAD;
        return;
    }
    if (r->held < 2) /* "=" where none can stand */
        r->odd |= (r->pending & ODD_PAD) != 0 && r->held == 0 ? 0 : ODD_PAD;
    if (r->held != 0)
        flush(r);
    r->in_line = 0;
    r->pending &= ~(unsigned)ODD_RAGGED;
    r->pending |= ODD_PAD;
    r->stopped = r->way->pad == PAD_STOPS;
}

/* Behind where the decoder stopped: would others have gone on? */
static unsigned rest_odd(struct str rest)
{
    unsigned odd = 0;
    for (size_t i = 0; i < rest.n; i++) {
        unsigned v = values[(unsigned char)rest.p[i]];
        if (v < 0x80)
            return odd | ODD_PAD;
        odd |= v == BAD ? ODD_JUNK : 0;
    }
    return odd;
}

/* One byte that the fast path does not take. Returns how far to go. */
static inline size_t slow_byte(struct base64_run *r, struct str in, size_t i, unsigned v)
{
    if (v < 0x80) {
        digit(r, v);
    } else if (v == PAD) {
        pad(r);
    } else if (v == BLANK) {
        if (in.p[i] == '\n')
            line_ends(r);
        else if (in.p[i] != '\r' || i + 1 == in.n || in.p[i + 1] != '\n')
            r->odd |= ODD_JUNK * (unsigned)(in.p[i] == '\r');
    } else {
        r->odd |= ODD_JUNK;
        if (r->way->junk == JUNK_STOPS)
            r->stopped = true;
        if (r->way->junk == JUNK_DROPS_LINE) {
            r->n = r->line_start;
            r->held = 0;
            r->bits = 0;
            r->in_line = 0;
            return i + str_find(str_slice(in, i, in.n), '\n');
        }
    }
    return i + 1;
}

size_t base64_read(struct str in, const struct base64_way *way, char *out, unsigned *odd)
{
    struct base64_run r = {.way = way, .out = out};
    size_t i = 0;
    while (i < in.n && !r.stopped) {
        unsigned v = values[(unsigned char)in.p[i]];
        size_t taken = 0;
        if (v < 0x80 && r.held == 0)
            taken = fast_quads(&r, (const unsigned char *)in.p + i, in.n - i);
        if (taken == 0) {
            i = slow_byte(&r, in, i, v);
            continue;
        }
        i += taken;
        data_follows(&r);
        r.line_digits = true;
    }
    if (r.held == 1)
        r.odd |= ODD_LENGTH;
    if (r.held >= 2 && !r.stopped)
        r.odd |= ODD_LENGTH; /* padding is missing: some readers drop the rest */
    if (!way->by_line)
        flush(&r);
    if (r.stopped)
        r.odd |= rest_odd(str_slice(in, i, in.n));
    *odd = r.odd;
    return r.n;
}
