/* The file of indicators, as it lies on the disk and in memory; made and read on machines of one
 * kind (numbers in their own byte order, which the head tells).
 *
 *   head      sizes, the key of the hash, where each section lies
 *   FEEDS     an array of feed_row
 *   TEXT      names of feeds and labels of entries, which rows and records point into
 *   SLOTS     an array of slot: by the upper half of a key's hash, where its records begin
 *   RECORDS   those of the slots, in the order of their hashes; then those of ranges
 *   V4_*, V6_*  ranges of more than one address by where they begin; what lies in what
 *   checksum  over all before it
 *
 * Each section begins at a multiple of 8. Nothing that is read from the file is followed before it
 * is compared with the bounds of its section: the checksum finds accidents, not attackers. */
#ifndef MP_INTEL_SNAPSHOT_INTERNAL_H
#define MP_INTEL_SNAPSHOT_INTERNAL_H

#include "base/siphash.h"
#include "intel/snapshot.h"

#define SNAPSHOT_MAGIC "mp-intel"

enum {
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_ORDER = 0x01020304,
    SNAPSHOT_UNIT = 8,       /* places of records are counted in these */
    SNAPSHOT_SLOT_LOAD = 1,  /* records of a slot, on average */
    SNAPSHOT_FAN = 16,       /* elements of a level that one of the next stands for */
    SNAPSHOT_MAX_LEVELS = 9, /* 16^8 ranges and more are not made */
    SNAPSHOT_SUM_LANES = 4,
    SNAPSHOT_SUM_BLOCK = SNAPSHOT_SUM_LANES * 8
};

#define SNAPSHOT_NO_RANGE UINT32_MAX

enum snapshot_section {
    SECTION_FEEDS,
    SECTION_TEXT,
    SECTION_SLOTS,
    SECTION_RECORDS,
    SECTION_V4_FIRST,
    SECTION_V4_LAST,
    SECTION_V4_UP,
    SECTION_V4_AT,
    SECTION_V6_FIRST,
    SECTION_V6_LAST,
    SECTION_V6_UP,
    SECTION_V6_AT,
    SECTION_COUNT
};

struct file_span {
    uint64_t at, bytes;
};

struct file_head {
    char magic[8];
    uint32_t version, order;
    uint64_t file_bytes;
    struct siphash_key key;
    int64_t built_s;
    uint64_t counts[INDICATOR_KIND_COUNT];
    uint64_t ranges_at; /* in RECORDS: where those of ranges begin */
    struct file_span sections[SECTION_COUNT];
};

struct feed_row {
    uint32_t at[4], n[4]; /* of name, title, licence, reference in TEXT */
    int64_t fetched_s, stale_s;
    uint64_t entries;
    uint32_t tlp, severity;
};

/* `seen` has a bit for the lower five bits of each record's hash: most keys that are not there are
 * known by that alone. One slot more than there are stands behind the last. */
struct slot {
    uint32_t at, seen;
};

/* Behind it: key_n bytes of key, id_n of id, zeros up to the next multiple of 8. */
struct record {
    uint32_t first_seen_s, last_seen_s, valid_until_s;
    uint32_t label_at; /* in TEXT */
    uint16_t feed;
    uint16_t form; /* the length of the key in the lower twelve bits, the kind above */
    uint8_t confidence, tlp, id_n, label_n;
};

_Static_assert(sizeof(struct file_head) % SNAPSHOT_UNIT == 0, "sections begin at multiples of 8");
_Static_assert(sizeof(struct record) == 24,
               "that of a SHA-256 and a short id: a line of the cache");
_Static_assert(INDICATOR_MAX_KEY_BYTES < 1 << 12 && INDICATOR_KIND_COUNT <= 16, "a form has room");

static inline uint16_t record_form(enum indicator_kind kind, size_t key_n)
{
    return (uint16_t)((unsigned)kind << 12 | (unsigned)key_n);
}

static inline unsigned record_kind(const struct record *r)
{
    return r->form >> 12;
}

static inline size_t record_key_n(const struct record *r)
{
    return r->form & 0xfff;
}

/* An address as a number; an IPv4 one fills the lower 32 bits. */
struct wide {
    uint64_t high, low;
};

static inline bool wide_less(struct wide a, struct wide b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

/* Ranges by where they begin, of those that begin together the widest first. up[i]: the nearest
 * before `i` that reaches as far as the beginning of `i`, or SNAPSHOT_NO_RANGE. `last` has levels:
 * the ends, then the greatest of every 16 of them, then of every 16 of those, down to one. */
struct ranges {
    size_t n;
    const struct wide *first, *last;
    const uint32_t *up, *at;
    size_t level[SNAPSHOT_MAX_LEVELS]; /* where each level begins in `last` */
    unsigned levels;
};

struct snapshot {
    const struct file_head *head;
    const struct feed_row *feeds;
    struct str text;
    const struct slot *slots;
    const unsigned char *records;
    uint64_t n_slots, records_bytes;
    size_t n_feeds;
    struct ranges v4, v6;
};

struct snapshot_sum {
    uint64_t lane[SNAPSHOT_SUM_LANES];
    uint64_t bytes;
};

void snapshot_sum_start(struct snapshot_sum *s);
/* Every piece but the last is a multiple of SNAPSHOT_SUM_BLOCK long. */
void snapshot_sum_add(struct snapshot_sum *s, struct str piece);
uint64_t snapshot_sum_end(const struct snapshot_sum *s);

static inline uint64_t snapshot_hash(const struct siphash_key *k, enum indicator_kind kind,
                                     struct str key)
{
    return siphash(k, key, (uint64_t)kind);
}

/* Equal shares of the upper half of the hash, in its order. */
static inline uint64_t snapshot_slot(uint64_t hash, uint64_t n_slots)
{
    return ((hash >> 32) * n_slots) >> 32;
}

static inline size_t record_bytes(size_t key_n, size_t id_n)
{
    return (sizeof(struct record) + key_n + id_n + SNAPSHOT_UNIT - 1) &
           ~(size_t)(SNAPSHOT_UNIT - 1);
}

static inline size_t snapshot_hash_octets(enum indicator_kind k)
{
    return k == INDICATOR_MD5 ? 16 : k == INDICATOR_SHA1 ? 20 : k == INDICATOR_SHA256 ? 32 : 0;
}

/* Sets level[] and levels for r->n; how many elements all have together. */
size_t ranges_levels(struct ranges *r);
/* The last that begins at or before `x`; SNAPSHOT_NO_RANGE. */
uint32_t ranges_start(const struct ranges *r, struct wide x);
/* The nearest at or before `i` that reaches `x`; SNAPSHOT_NO_RANGE. */
uint32_t ranges_reaching(const struct ranges *r, uint32_t i, struct wide x);

struct wide ip_to_wide(const struct ip *ip);
/* The octets of an address, as keys of records have them; room for 16. Returns how many. */
size_t ip_octets(const struct ip *ip);

#endif
