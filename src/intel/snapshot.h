/* The store of indicators: one read-only file, looked up in place; and how it is made. */
#ifndef MP_INTEL_SNAPSHOT_H
#define MP_INTEL_SNAPSHOT_H

#include "finding/finding.h"
#include "intel/indicator.h"

enum {
    SNAPSHOT_MAX_FEEDS = 1024,
    SNAPSHOT_MAX_HITS = 16 /* records of one key that are given out */
};

/* What is told of a feed beside its entries. Views into the snapshot. */
struct snapshot_feed {
    struct str name, title, licence, reference;
    enum tlp tlp;
    enum severity severity;
    int64_t fetched_s; /* when its entries came */
    int64_t stale_s;   /* older than that it counts as missing; 0: never */
    uint64_t entries;
};

struct snapshot; /* borrows the bytes it was opened over */

/* Check all that a lookup relies on: magic, version, lengths, every offset, the checksum. Nothing
 * of a damaged file is ever followed. `bytes` (a file, mapped) must outlive it, 8-aligned.
 * MP_OK; MP_E_SYNTAX: what is wrong and where; MP_E_NOMEM. Free with snapshot_close. */
int snapshot_open(struct str bytes, struct snapshot **out, struct mp_err *err);
void snapshot_close(struct snapshot *s); /* accepts NULL */

/* Entries of that key. What expired before `now_s` is left out. Returns how many were written to
 * `out`. No memory, no lock; any thread. */
size_t snapshot_find(const struct snapshot *s, enum indicator_kind kind, struct str key,
                     int64_t now_s, struct indicator *out, size_t max);
size_t snapshot_find_hash(const struct snapshot *s, enum indicator_kind kind,
                          const unsigned char *hash, int64_t now_s, struct indicator *out,
                          size_t max);
/* Every range that holds the address, the narrowest first, also when they lie in each other. */
size_t snapshot_find_ip(const struct snapshot *s, const struct ip *ip, int64_t now_s,
                        struct indicator *out, size_t max);

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
/* Copies. The same value of the same feed twice is one entry: the later times and the higher
 * confidence hold. */
int snapshot_builder_add(struct snapshot_builder *b, const struct indicator *i, struct mp_err *err);
/* The file's bytes are handed to `write` in order, each call a piece; a failure of it ends all.
 * Deterministic: the same entries in any order give the same file. */
typedef int snapshot_write_fn(void *ctx, struct str piece, struct mp_err *err);
int snapshot_builder_write(struct snapshot_builder *b, int64_t built_s, snapshot_write_fn *write,
                           void *ctx, struct mp_err *err);

#endif
