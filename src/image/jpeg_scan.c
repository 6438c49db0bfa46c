/* JPEG: the entropy-coded data of scans (ITU-T T.81 F.2 and G.2). */
#include "image/jpeg_internal.h"

bool jpeg_huffman_make(struct jpeg_huffman *h, const unsigned char *counts, struct str symbols)
{
    int32_t code = 0, index = 0;
    memset(h, 0, sizeof *h);
    memcpy(h->symbols, symbols.p, symbols.n < 256 ? symbols.n : 256);
    for (unsigned bits = 1; bits <= JPEG_MAX_CODE_BITS; bits++, code <<= 1) {
        int32_t n = counts[bits - 1];
        h->offset[bits] = index - code;
        if (code + n > 1 << bits || index + n > 256)
            return false;
        for (int32_t i = 0; i < n && bits <= JPEG_FAST_BITS; i++) {
            size_t width = (size_t)1 << (JPEG_FAST_BITS - bits), at = (size_t)(code + i) * width;
            for (size_t k = 0; k < width; k++)
                h->fast[at + k] = (uint16_t)(bits << 8 | h->symbols[index + i]);
        }
        code += n;
        index += n;
        h->last[bits] = n == 0 ? -1 : code - 1;
    }
    h->set = index > 0;
    return h->set;
}

/* At least 48 bits into the accumulator; zeros where a marker or the end stands. */
static void fill(struct jpeg_bits *b)
{
    while (b->n <= 48) {
        unsigned octet = 0;
        bool marker = b->p < b->end && *b->p == 0xff && (b->p + 1 >= b->end || b->p[1] != 0);
        if (b->p < b->end && !marker) {
            octet = *b->p;
            b->p += octet == 0xff ? 2 : 1;
        } else {
            b->lacking += 8;
        }
        b->acc = b->acc << 8 | octet;
        b->n += 8;
    }
}

/* Have bits been used that were not there? */
static bool overdrawn(const struct jpeg_bits *b)
{
    return b->lacking > b->n;
}

static inline unsigned take(struct jpeg_bits *b, unsigned n)
{
    if (b->n < n)
        fill(b);
    b->n -= n;
    return (unsigned)(b->acc >> b->n) & ((1u << n) - 1);
}

/* A value of `n` bits, the first half of them negative (T.81 F.2.2.1). */
static inline int signed_value(struct jpeg_bits *b, unsigned n)
{
    if (n == 0)
        return 0;
    int v = (int)take(b, n);
    return v < 1 << (n - 1) ? v - (1 << n) + 1 : v;
}

/* The next symbol, or -1. */
static inline int symbol(struct jpeg_bits *b, const struct jpeg_huffman *h)
{
    if (b->n < JPEG_MAX_CODE_BITS)
        fill(b);
    unsigned look = h->fast[b->acc >> (b->n - JPEG_FAST_BITS) & ((1u << JPEG_FAST_BITS) - 1)];
    if (look != 0) {
        b->n -= look >> 8;
        return (int)(look & 255);
    }
    for (unsigned bits = JPEG_FAST_BITS + 1; bits <= JPEG_MAX_CODE_BITS; bits++) {
        int32_t code = (int32_t)(b->acc >> (b->n - bits) & ((1u << bits) - 1));
        if (code > h->last[bits])
            continue;
        b->n -= bits;
        return h->symbols[(code + h->offset[bits]) & 255];
    }
    return -1;
}

static bool next_dc(struct jpeg *j, struct jpeg_component *c)
{
    int n = symbol(&j->bits, c->dc);
    if (n < 0 || n > 15)
        return false;
    int v = c->prediction + signed_value(&j->bits, (unsigned)n);
    c->prediction = v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v;
    return true;
}

/* A block of a sequential picture; `out` is NULL when nobody wants it. */
static bool sequential(struct jpeg *j, struct jpeg_component *c, int16_t *out)
{
    if (!next_dc(j, c))
        return false;
    if (out != NULL)
        out[0] = (int16_t)c->prediction;
    for (unsigned k = 1; k < JPEG_BLOCK; k++) {
        int rs = symbol(&j->bits, c->ac);
        if (rs < 0)
            return false;
        unsigned run = (unsigned)rs >> 4, size = (unsigned)rs & 15;
        if (size == 0 && run != 15)
            break;
        k += run;
        if (k >= JPEG_BLOCK)
            return false;
        int v = signed_value(&j->bits, size);
        if (out != NULL)
            out[jpeg_zigzag[k]] = (int16_t)v;
    }
    return true;
}

static bool dc_of_progressive(struct jpeg *j, struct jpeg_component *c, int16_t *out)
{
    int16_t nowhere;
    out = out == NULL ? &nowhere : out;
    if (j->high != 0) {
        *out = (int16_t)(*out | (int16_t)(take(&j->bits, 1) << j->low));
        return true;
    }
    if (!next_dc(j, c))
        return false;
    *out = (int16_t)(c->prediction * (1 << j->low));
    return true;
}

static bool ac_first(struct jpeg *j, const struct jpeg_component *c, int16_t *out)
{
    for (unsigned k = j->from; k <= j->to; k++) {
        int rs = symbol(&j->bits, c->ac);
        if (rs < 0)
            return false;
        unsigned run = (unsigned)rs >> 4, size = (unsigned)rs & 15;
        if (size == 0 && run != 15) {
            j->eob_run = (1u << run) - 1 + (run == 0 ? 0 : take(&j->bits, run));
            break;
        }
        k += run;
        if (k > j->to)
            return false;
        int v = signed_value(&j->bits, size);
        out[jpeg_zigzag[k]] = (int16_t)(v * (1 << j->low));
    }
    return true;
}

/* One more bit for a coefficient that is not zero. */
static void refine(struct jpeg *j, int16_t *v)
{
    int bit = 1 << j->low;
    if (take(&j->bits, 1) != 0 && (*v & bit) == 0)
        *v = (int16_t)(*v < 0 ? *v - bit : *v + bit);
}

static bool ac_refine(struct jpeg *j, const struct jpeg_component *c, int16_t *out)
{
    unsigned k = j->from;
    while (j->eob_run == 0 && k <= j->to) {
        int rs = symbol(&j->bits, c->ac), fresh = 0;
        if (rs < 0)
            return false;
        unsigned run = (unsigned)rs >> 4, size = (unsigned)rs & 15;
        if (size == 0 && run != 15) {
            j->eob_run = (1u << run) + (run == 0 ? 0 : take(&j->bits, run));
            break;
        }
        if (size != 0)
            fresh = take(&j->bits, 1) != 0 ? 1 << j->low : -(1 << j->low);
        for (; k <= j->to; k++) {
            int16_t *v = &out[jpeg_zigzag[k]];
            if (*v != 0)
                refine(j, v);
            else if (run-- == 0)
                break;
        }
        if (k <= j->to && fresh != 0)
            out[jpeg_zigzag[k]] = (int16_t)fresh;
        k++;
    }
    if (j->eob_run == 0)
        return true;
    for (; k <= j->to; k++)
        if (out[jpeg_zigzag[k]] != 0)
            refine(j, &out[jpeg_zigzag[k]]);
    j->eob_run--;
    return true;
}

static bool progressive(struct jpeg *j, struct jpeg_component *c, int16_t *out)
{
    if (j->from == 0)
        return dc_of_progressive(j, c, out);
    if (j->high != 0)
        return ac_refine(j, c, out);
    if (j->eob_run == 0)
        return ac_first(j, c, out);
    j->eob_run--;
    return true;
}

/* The block at (x, y) of a component, and its pixels when the picture is sequential. */
static bool block(struct jpeg *j, struct jpeg_component *c, size_t x, size_t y)
{
    int16_t here[JPEG_BLOCK] = {0};
    size_t at = y * c->blocks_x + x;
    bool ok;
    if (j->progressive)
        return progressive(j, c, c->wanted ? c->coefficients + at * JPEG_BLOCK : NULL);
    ok = sequential(j, c, c->wanted ? here : NULL);
    if (c->wanted && ok)
        jpeg_block(here, j->quant[c->quant], j->side,
                   c->plane + (y * c->blocks_x * j->side + x) * j->side, c->blocks_x * j->side);
    return ok;
}

/* MCU number `n`: of a scan of one component a block, else all their blocks. */
static bool mcu(struct jpeg *j, size_t n)
{
    struct jpeg_component *c = j->scan[0];
    if (j->n_scan == 1)
        return block(j, c, n % c->own_x, n / c->own_x);
    for (unsigned i = 0; i < j->n_scan; i++) {
        c = j->scan[i];
        for (size_t k = 0; k < (size_t)c->h * c->v; k++)
            if (!block(j, c, n % j->mcus_x * c->h + k % c->h, n / j->mcus_x * c->v + k / c->h))
                return false;
    }
    return true;
}

/* To the next marker: j->bits.p at its 0xff. False: there is none. */
static bool find_marker(struct jpeg_bits *b)
{
    while (b->p + 1 < b->end && !(b->p[0] == 0xff && b->p[1] != 0 && b->p[1] != 0xff))
        b->p++;
    return b->p + 1 < b->end;
}

static bool at_restart(const struct jpeg_bits *b)
{
    return b->p[1] >= 0xd0 && b->p[1] <= 0xd7;
}

static void restart(struct jpeg *j)
{
    j->bits.acc = 0;
    j->bits.n = j->bits.lacking = 0;
    j->eob_run = 0;
    for (unsigned i = 0; i < j->n_scan; i++)
        j->scan[i]->prediction = 0;
}

/* MCUs [from, to), as far as they can be read. */
static bool interval(struct jpeg *j, size_t from, size_t to)
{
    unsigned blocks = 0;
    for (unsigned i = 0; i < j->n_scan; i++)
        blocks += j->n_scan == 1 ? 1 : j->scan[i]->h * j->scan[i]->v;
    restart(j);
    for (size_t n = from; n < to; n++) {
        if (j->visits_left < blocks)
            return false;
        j->visits_left -= blocks;
        if (!mcu(j, n) || overdrawn(&j->bits))
            return false;
    }
    return true;
}

bool jpeg_scan(struct jpeg *j)
{
    const struct jpeg_component *c = j->scan[0];
    size_t total = j->n_scan == 1 ? c->own_x * c->own_y : j->mcus_x * j->mcus_y;
    size_t step = j->restart_every == 0 ? total : j->restart_every;
    bool wanted = false, ok = true, more = true;
    j->bits = (struct jpeg_bits){.p = (const unsigned char *)j->rest.p,
                                 .end = (const unsigned char *)j->rest.p + j->rest.n};
    for (unsigned i = 0; i < j->n_scan; i++)
        wanted |= j->scan[i]->wanted;
    for (size_t n = 0; wanted && more && n < total; n += step) {
        size_t to = total - n < step ? total : n + step;
        ok &= interval(j, n, to);
        more = find_marker(&j->bits) && at_restart(&j->bits);
        ok &= more || to == total;
        j->bits.p += more ? 2 : 0;
    }
    while (find_marker(&j->bits) && at_restart(&j->bits))
        j->bits.p += 2;
    j->rest = str_slice(j->rest, (size_t)(j->bits.p - (const unsigned char *)j->rest.p), j->rest.n);
    return ok;
}
