/* The checksum of a snapshot: four lanes of xor, rotate and multiply, at the speed of memory. Each
 * step is a bijection of its lane, so that any change within one word of a lane is found; others
 * with all but a chance of 2^-64. It finds accidents; it is no signature. */
#include "intel/snapshot_internal.h"

static const uint64_t odd[SNAPSHOT_SUM_LANES] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu,
                                                 0x165667b19e3779f9u, 0xd6e8feb86659fd93u};

static uint64_t step(uint64_t lane, uint64_t word, uint64_t factor)
{
    return siphash_rotate(lane ^ word, 29) * factor;
}

void snapshot_sum_start(struct snapshot_sum *s)
{
    *s = (struct snapshot_sum){{odd[0], odd[1], odd[2], odd[3]}, 0};
}

static void add_blocks(struct snapshot_sum *s, const char *p, size_t n)
{
    uint64_t a = s->lane[0], b = s->lane[1], c = s->lane[2], d = s->lane[3], word[4];
    for (size_t i = 0; i < n; i += SNAPSHOT_SUM_BLOCK) {
        memcpy(word, p + i, sizeof word);
        a = step(a, word[0], odd[0]);
        b = step(b, word[1], odd[1]);
        c = step(c, word[2], odd[2]);
        d = step(d, word[3], odd[3]);
    }
    *s = (struct snapshot_sum){{a, b, c, d}, s->bytes};
}

void snapshot_sum_add(struct snapshot_sum *s, struct str piece)
{
    size_t whole = piece.n - piece.n % SNAPSHOT_SUM_BLOCK;
    char last[SNAPSHOT_SUM_BLOCK] = {0};
    s->bytes += piece.n;
    if (whole != 0)
        add_blocks(s, piece.p, whole);
    if (whole == piece.n)
        return;
    memcpy(last, piece.p + whole, piece.n - whole);
    add_blocks(s, last, sizeof last);
}

uint64_t snapshot_sum_end(const struct snapshot_sum *s)
{
    uint64_t sum = step(odd[0], s->bytes, odd[1]);
    for (size_t i = 0; i < SNAPSHOT_SUM_LANES; i++)
        sum = step(sum, s->lane[i], odd[2]);
    return sum ^ sum >> 32;
}
