/* The store of indicators: one read-only file, looked up in place; and how it is made. */
#ifndef MP_INTEL_SNAPSHOT_H
#define MP_INTEL_SNAPSHOT_H

#include "finding/finding.h"
#include "intel/indicator.h"

enum {
    SNAPSHOT_MAX_FEEDS = 1024,
    SNAPSHOT_MAX_HITS = 16,        /* records of one key that are given out */
    SNAPSHOT_MAX_NESTED = 4096,    /* ranges that hold one address and are looked at */
    SNAPSHOT_MAX_TEXT_BYTES = 1024 /* name, title, licence or reference of a feed: cut */
};

/* What is told of a feed beside its entries. Views into the snapshot. */
struct snapshot_feed {
    struct str name, title, licence, reference;
    enum tlp tlp;
    enum severity severity;
    int64_t fetched_s; /* when its entries came */
    int64_t stale_s;   /* older than that it counts as missing; 0: never */
    uint64_t entries;  /* counted when it is built */
};

struct snapshot; /* borrows the bytes it was opened over */

/* Check magic, version, the length told, that all sections lie within the file, and the checksum:
 * one pass over all of it, at the speed of memory (5 million entries, 0.5 GB: 0.1 to 0.2 s).
 * The checksum finds accidents; an attacker can make one. So what lookups follow is compared with
 * its bounds again when it is used: whatever the bytes, nothing outside of them is read.
 * `bytes` (a file, mapped) must outlive it, 8-aligned.
 * MP_OK; MP_E_SYNTAX: what is wrong and where (detail: the offset); MP_E_NOMEM; MP_E_USAGE. Free
 * with snapshot_close. */
int snapshot_open(struct str bytes, struct snapshot **out, struct mp_err *err);
void snapshot_close(struct snapshot *s); /* accepts NULL */

/* Entries of that key, in the order of feeds. What expired before `now_s` is left out. Returns how
 * many were written to `out`. No memory, no lock; any thread. A TLP that the entry does not tell is
 * the feed's. Times are kept from 1970 to 2106. */
size_t snapshot_find(const struct snapshot *s, enum indicator_kind kind, struct str key,
                     int64_t now_s, struct indicator *out, size_t max);
size_t snapshot_find_hash(const struct snapshot *s, enum indicator_kind kind,
                          const unsigned char *hash, int64_t now_s, struct indicator *out,
                          size_t max);
/* Every range that holds the address, the narrowest first, also when they lie in each other or
 * overlap; of more than `max` some of each feed, as far as there is room. Of more than
 * SNAPSHOT_MAX_NESTED those that begin nearest to it. */
size_t snapshot_find_ip(const struct snapshot *s, const struct ip *ip, int64_t now_s,
                        struct indicator *out, size_t max);

/* Many keys at once, which is many times as fast as one by one when the store is larger than the
 * cache of the machine: all that a mail has. `key` of hashes: their 16, 20 or 32 octets; of IP: the
 * 4 or 16 of the address. What is no key of its kind finds nothing. `hit` is called in the order of
 * the keys, at most SNAPSHOT_MAX_HITS times for each; its views live as long as the store. Returns
 * how often. */
typedef void snapshot_hit_fn(void *ctx, size_t which, const struct indicator *hit);
size_t snapshot_find_many(const struct snapshot *s, const struct intel_key *keys, size_t n,
                          int64_t now_s, snapshot_hit_fn *hit, void *ctx);

size_t snapshot_feeds(const struct snapshot *s);
bool snapshot_feed_at(const struct snapshot *s, size_t i, struct snapshot_feed *out);
uint64_t snapshot_count(const struct snapshot *s, enum indicator_kind kind);
int64_t snapshot_built_s(const struct snapshot *s);
/* All of them, in the order of the file; `*cursor` starts at 0. */
bool snapshot_next(const struct snapshot *s, uint64_t *cursor, struct indicator *out);

/* ---- making one ---- */

struct snapshot_builder;

/* MP_OK or MP_E_NOMEM. `max_entries`: MP_E_LIMIT above. */
int snapshot_builder_new(uint64_t max_entries, struct snapshot_builder **out, struct mp_err *err);
void snapshot_builder_free(struct snapshot_builder *b); /* accepts NULL */
/* The number that entries of this feed carry in indicator.feed. Copies. */
int snapshot_builder_feed(struct snapshot_builder *b, const struct snapshot_feed *feed,
                          uint16_t *number, struct mp_err *err);
/* Copies. The same value of the same feed twice is one entry: the earlier first seen, the later
 * last seen and valid until (not told: for ever), the higher confidence, the stricter TLP; id and
 * label of the one seen last. MP_OK; MP_E_USAGE: no such feed, no value; MP_E_LIMIT; MP_E_NOMEM. */
int snapshot_builder_add(struct snapshot_builder *b, const struct indicator *i, struct mp_err *err);
/* The file's bytes are handed to `write` in order, each call a piece; a failure of it ends all.
 * What expired before `built_s` is left out. Deterministic: the same entries in any order give the
 * same file. The builder is empty afterwards, but for its feeds. */
typedef int snapshot_write_fn(void *ctx, struct str piece, struct mp_err *err);
int snapshot_builder_write(struct snapshot_builder *b, int64_t built_s, snapshot_write_fn *write,
                           void *ctx, struct mp_err *err);

#endif
