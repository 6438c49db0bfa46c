/* The builder of snapshots, between the file that collects and the one that writes. */
#ifndef MP_INTEL_SNAPSHOT_BUILDER_H
#define MP_INTEL_SNAPSHOT_BUILDER_H

#include "intel/snapshot_internal.h"

/* An entry as it was added: a record without the place of its label, then key, id and label. */
struct entry {
    uint64_t hash;
    struct record *record;
};

struct builder_chunk;

struct snapshot_builder {
    uint64_t max_entries, n, room;
    struct entry *entries;
    struct builder_chunk *chunk; /* the newest; each points to the one before it */
    struct feed_row rows[SNAPSHOT_MAX_FEEDS];
    char *texts[SNAPSHOT_MAX_FEEDS]; /* of each feed, one behind the other */
    size_t n_feeds;
};

static inline struct str entry_key(const struct record *r)
{
    return str_make((const char *)(r + 1), record_key_n(r));
}

static inline struct str entry_id(const struct record *r)
{
    return str_make((const char *)(r + 1) + record_key_n(r), r->id_n);
}

static inline struct str entry_label(const struct record *r)
{
    return str_make((const char *)(r + 1) + record_key_n(r) + r->id_n, r->label_n);
}

/* A range of more than one address. */
static inline bool entry_is_range(const struct record *r)
{
    return record_kind(r) == INDICATOR_IP && (record_key_n(r) == 8 || record_key_n(r) == 32);
}

/* Forget the entries. */
void snapshot_builder_empty(struct snapshot_builder *b);

/* By hash, and where that is equal by kind, key, feed and all the rest: a total order.
 * MP_OK or MP_E_NOMEM. */
int entries_sort(struct entry *entries, size_t n, struct mp_err *err);
/* The same value of the same feed is one entry; of sorted ones. Returns how many remain. */
size_t entries_merge(struct entry *entries, size_t n);
/* Ranges by where they begin, the widest first. */
void entries_sort_ranges(struct entry *entries, size_t n);

#endif
