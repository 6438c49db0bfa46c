/* Ranges of addresses: all that hold one, whatever lies in what. A search by where ranges begin
 * alone would miss the wide one that begins earlier; here a level of maxima over another leads to
 * each that reaches far enough, and to no other. */
#include "intel/snapshot_internal.h"

static uint64_t number_at(const unsigned char *p)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | p[i];
    return n;
}

struct wide ip_to_wide(const struct ip *ip)
{
    struct wide w = {number_at(ip->octets), number_at(ip->octets + 8)};
    return ip->family == IP_V6 ? w : (struct wide){0, w.high >> 32};
}

size_t ip_octets(const struct ip *ip)
{
    return ip->family == IP_V6 ? 16 : 4;
}

size_t ranges_levels(struct ranges *r)
{
    size_t all = 0;
    r->levels = 0;
    for (size_t n = r->n; n != 0; n = (n + SNAPSHOT_FAN - 1) / SNAPSHOT_FAN) {
        if (r->levels == SNAPSHOT_MAX_LEVELS)
            return 0;
        r->level[r->levels++] = all;
        all += n;
        if (n == 1)
            break;
    }
    return all;
}

/* Without a branch that would be guessed wrong half of the time, and with both places that may come
 * next on their way. */
uint32_t ranges_start(const struct ranges *r, struct wide x)
{
    size_t low = 0, n = r->n;
    while (n > 1) {
        size_t half = n / 2;
        __builtin_prefetch(&r->first[low + half / 2]);
        __builtin_prefetch(&r->first[low + half + half / 2]);
        struct wide w = r->first[low + half];
        low += half * (size_t)((w.high < x.high) | ((w.high == x.high) & (w.low <= x.low)));
        n -= half;
    }
    return n == 0 || wide_less(x, r->first[low]) ? SNAPSHOT_NO_RANGE : (uint32_t)low;
}

/* The nearest at or before `i` within its sixteen. */
static uint32_t in_block(const struct ranges *r, unsigned level, size_t i, struct wide x)
{
    const struct wide *of = r->last + r->level[level];
    for (size_t k = i;; k--) {
        if (!wide_less(of[k], x))
            return (uint32_t)k;
        if (k % SNAPSHOT_FAN == 0)
            return SNAPSHOT_NO_RANGE;
    }
}

static size_t level_n(const struct ranges *r, unsigned level)
{
    size_t n = r->n;
    while (level-- > 0)
        n = (n + SNAPSHOT_FAN - 1) / SNAPSHOT_FAN;
    return n;
}

uint32_t ranges_reaching(const struct ranges *r, uint32_t i, struct wide x)
{
    unsigned level = 0;
    uint32_t found = in_block(r, 0, i, x);
    size_t at = i;
    while (found == SNAPSHOT_NO_RANGE) { /* up: blocks before this one */
        at /= SNAPSHOT_FAN;
        if (at == 0 || ++level >= r->levels)
            return SNAPSHOT_NO_RANGE;
        found = in_block(r, level, --at, x);
    }
    while (level-- > 0) { /* down: a maximum that reaches stands for one that does */
        size_t end = ((size_t)found + 1) * SNAPSHOT_FAN, n = level_n(r, level);
        found = in_block(r, level, (end < n ? end : n) - 1, x);
        if (found == SNAPSHOT_NO_RANGE) /* the file says otherwise */
            return SNAPSHOT_NO_RANGE;
    }
    return found;
}
