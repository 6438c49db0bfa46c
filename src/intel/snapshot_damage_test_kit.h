/* Stores that an attacker made: the checksum is right, nothing else need be. */
#ifndef MP_INTEL_SNAPSHOT_DAMAGE_TEST_KIT_H
#define MP_INTEL_SNAPSHOT_DAMAGE_TEST_KIT_H

#include "intel/snapshot_internal.h"
#include "intel/snapshot_test_kit.h"

/* Make magic, length and checksum right again. */
static inline void kit_repair(unsigned char *p, size_t n)
{
    struct snapshot_sum sum;
    struct file_head *h = (struct file_head *)(void *)p;
    if (n < sizeof *h + sizeof(uint64_t))
        return;
    h->file_bytes = n;
    memcpy(h->magic, SNAPSHOT_MAGIC, sizeof h->magic);
    h->version = SNAPSHOT_VERSION;
    h->order = SNAPSHOT_ORDER;
    snapshot_sum_start(&sum);
    snapshot_sum_add(&sum, str_make((const char *)p, n - sizeof(uint64_t)));
    uint64_t end = snapshot_sum_end(&sum);
    memcpy(p + n - sizeof end, &end, sizeof end);
}

/* Everything that can be asked. Was it opened? */
static inline bool kit_read_all(struct str bytes)
{
    struct indicator hits[SNAPSHOT_MAX_HITS], i;
    struct snapshot_feed feed;
    struct snapshot *s = NULL;
    struct arena a = {0};
    uint64_t cursor = 0;
    if (snapshot_open(bytes, &s, NULL) != MP_OK)
        return false;
    arena_init(&a, 1 << 20);
    for (size_t f = 0; snapshot_feed_at(s, f, &feed) && f < 3; f++)
        arena_copy(&a, feed.name);
    for (unsigned n = 0; snapshot_next(s, &cursor, &i) && n < 100; n++) {
        arena_copy(&a, i.key); /* reads it */
        arena_copy(&a, i.label);
        snapshot_find(s, i.kind, i.key, 0, hits, SNAPSHOT_MAX_HITS);
        snapshot_find_hash(s, i.kind, i.hash, 0, hits, SNAPSHOT_MAX_HITS);
        if (i.kind == INDICATOR_IP)
            snapshot_find_ip(s, &i.last, 0, hits, SNAPSHOT_MAX_HITS);
    }
    for (unsigned n = 0; n < 24; n++) {
        i = kit_indicator(&a, (enum indicator_kind)(n % INDICATOR_KIND_COUNT), n);
        snapshot_find(s, i.kind, i.key, 0, hits, SNAPSHOT_MAX_HITS);
        snapshot_find_hash(s, i.kind, i.hash, 0, hits, SNAPSHOT_MAX_HITS);
        snapshot_find_ip(s, &i.first, 0, hits, SNAPSHOT_MAX_HITS);
    }
    i.first = kit_ip("2001:db8::1");
    snapshot_find_ip(s, &i.first, 0, hits, SNAPSHOT_MAX_HITS);
    snapshot_close(s);
    arena_clear(&a);
    return true;
}

#endif
