/* The store as it is read: checked when it is opened, looked up in place. */
#include "intel/snapshot.h"

#include <stdlib.h>

#include "intel/snapshot_internal.h"

enum { SUM_BYTES = 8, PIECE_BYTES = 1 << 20 };

/* ---- opening ---- */

static int broken(struct mp_err *err, uint64_t at, const char *what)
{
    return mp_fail(err, MP_E_SYNTAX, (int64_t)at, "offset %llu: %s", (unsigned long long)at, what);
}

static int check_head(struct str bytes, struct mp_err *err)
{
    struct file_head h;
    if (bytes.n < sizeof h + SUM_BYTES)
        return broken(err, bytes.n, "the file ends within its head");
    memcpy(&h, bytes.p, sizeof h);
    if (memcmp(h.magic, SNAPSHOT_MAGIC, sizeof h.magic) != 0)
        return broken(err, 0, "not a store of indicators");
    if (h.order != SNAPSHOT_ORDER)
        return broken(err, 0, "made on another kind of machine");
    if (h.version != SNAPSHOT_VERSION)
        return mp_fail(err, MP_E_SYNTAX, 0, "version %lu of the store; this program reads %d",
                       (unsigned long)h.version, SNAPSHOT_VERSION);
    if (h.file_bytes != bytes.n)
        return mp_fail(err, MP_E_SYNTAX, (int64_t)bytes.n,
                       "the file has %zu bytes and should have %llu", bytes.n,
                       (unsigned long long)h.file_bytes);
    uint64_t end = bytes.n - SUM_BYTES, at = sizeof h;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        struct file_span s = h.sections[i];
        if (s.at < at || s.at > end || s.bytes > end - s.at || s.at % SNAPSHOT_UNIT != 0)
            return broken(err, at, "a section lies outside of its place");
        at = s.at + s.bytes;
    }
    return MP_OK;
}

static int check_sum(struct str bytes, struct mp_err *err)
{
    struct snapshot_sum sum;
    uint64_t told;
    size_t end = bytes.n - SUM_BYTES;
    snapshot_sum_start(&sum);
    for (size_t at = 0; at < end; at += PIECE_BYTES)
        snapshot_sum_add(&sum,
                         str_slice(bytes, at, at + PIECE_BYTES < end ? at + PIECE_BYTES : end));
    memcpy(&told, bytes.p + end, sizeof told);
    return told == snapshot_sum_end(&sum)
               ? MP_OK
               : broken(err, end, "the checksum is not that of the file");
}

static const void *section(const struct snapshot *s, enum snapshot_section which)
{
    return (const char *)s->head + s->head->sections[which].at;
}

/* The elements of a section of whole ones; false otherwise. */
static bool elements(const struct snapshot *s, enum snapshot_section which, size_t size, size_t *n)
{
    uint64_t bytes = s->head->sections[which].bytes;
    *n = (size_t)(bytes / size);
    return bytes % size == 0;
}

static bool open_ranges(const struct snapshot *s, enum snapshot_section from, struct ranges *r)
{
    size_t n_last, n_up, n_at;
    bool whole = elements(s, from, sizeof(struct wide), &r->n) &&
                 elements(s, from + 1, sizeof(struct wide), &n_last) &&
                 elements(s, from + 2, sizeof(uint32_t), &n_up) &&
                 elements(s, from + 3, sizeof(uint32_t), &n_at);
    if (!whole || r->n >= SNAPSHOT_NO_RANGE || n_last != ranges_levels(r) || n_up != r->n ||
        n_at != r->n)
        return false;
    r->first = section(s, from);
    r->last = section(s, from + 1);
    r->up = section(s, from + 2);
    r->at = section(s, from + 3);
    return true;
}

static bool check_feeds(const struct snapshot *s)
{
    for (size_t i = 0; i < s->n_feeds; i++)
        for (size_t k = 0; k < 4; k++)
            if (s->feeds[i].at[k] > s->text.n || s->feeds[i].n[k] > s->text.n - s->feeds[i].at[k])
                return false;
    return s->n_feeds <= SNAPSHOT_MAX_FEEDS;
}

static int open_sections(struct snapshot *s, struct mp_err *err)
{
    const struct file_head *h = s->head;
    size_t n_slots;
    s->feeds = section(s, SECTION_FEEDS);
    s->text = str_make(section(s, SECTION_TEXT), (size_t)h->sections[SECTION_TEXT].bytes);
    s->slots = section(s, SECTION_SLOTS);
    s->records = section(s, SECTION_RECORDS);
    s->records_bytes = h->sections[SECTION_RECORDS].bytes;
    if (!elements(s, SECTION_FEEDS, sizeof(struct feed_row), &s->n_feeds) || !check_feeds(s))
        return broken(err, h->sections[SECTION_FEEDS].at, "the feeds are not whole");
    if (!elements(s, SECTION_SLOTS, sizeof(struct slot), &n_slots) || n_slots < 2 ||
        n_slots > UINT32_MAX)
        return broken(err, h->sections[SECTION_SLOTS].at, "the index is not whole");
    s->n_slots = n_slots - 1;
    if (s->records_bytes % SNAPSHOT_UNIT != 0 || h->ranges_at > s->records_bytes)
        return broken(err, h->sections[SECTION_RECORDS].at, "the entries are not whole");
    if (!open_ranges(s, SECTION_V4_FIRST, &s->v4) || !open_ranges(s, SECTION_V6_FIRST, &s->v6))
        return broken(err, h->sections[SECTION_V4_FIRST].at, "the ranges are not whole");
    return MP_OK;
}

int snapshot_open(struct str bytes, struct snapshot **out, struct mp_err *err)
{
    if ((uintptr_t)bytes.p % SNAPSHOT_UNIT != 0)
        return mp_fail(err, MP_E_USAGE, 0, "a store must lie at a multiple of %d", SNAPSHOT_UNIT);
    int st = check_head(bytes, err);
    if (st == MP_OK)
        st = check_sum(bytes, err);
    if (st != MP_OK)
        return st;
    struct snapshot *s = calloc(1, sizeof *s);
    if (s == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a store of indicators");
    s->head = (const struct file_head *)(const void *)bytes.p;
    st = open_sections(s, err);
    if (st == MP_OK)
        *out = s;
    else
        free(s);
    return st;
}

void snapshot_close(struct snapshot *s)
{
    free(s);
}

/* ---- records ---- */

/* The record at `at` (in bytes) when all of it lies within the section and can be one; or NULL. */
static const struct record *record_at(const struct snapshot *s, uint64_t at)
{
    if (at > s->records_bytes || s->records_bytes - at < sizeof(struct record))
        return NULL;
    const struct record *r = (const struct record *)(const void *)(s->records + at);
    if (record_bytes(record_key_n(r), r->id_n) > s->records_bytes - at || r->feed >= s->n_feeds ||
        record_kind(r) >= INDICATOR_KIND_COUNT)
        return NULL;
    return r;
}

static struct str key_of(const struct record *r)
{
    return str_make((const char *)(r + 1), record_key_n(r));
}

static bool is_expired(const struct record *r, int64_t now_s)
{
    return r->valid_until_s != 0 && (int64_t)r->valid_until_s < now_s;
}

/* One address, or the two ends of a range. False: neither. */
static bool take_ips(struct str key, struct indicator *out)
{
    bool v6 = key.n == 16 || key.n == 32;
    size_t n = v6 ? 16 : 4;
    if (key.n != n && key.n != 2 * n)
        return false;
    out->first.family = out->last.family = v6 ? IP_V6 : IP_V4;
    memcpy(out->first.octets, key.p, n);
    memcpy(out->last.octets, key.p + key.n - n, n);
    return true;
}

static bool take(const struct snapshot *s, const struct record *r, struct indicator *out)
{
    struct str key = key_of(r);
    enum indicator_kind kind = (enum indicator_kind)record_kind(r);
    *out = (struct indicator){.kind = kind, .feed = r->feed, .confidence = r->confidence};
    size_t octets = snapshot_hash_octets(kind);
    if (octets != 0 ? key.n != octets : kind == INDICATOR_IP && !take_ips(key, out))
        return false;
    if (octets != 0)
        memcpy(out->hash, key.p, octets);
    else if (kind != INDICATOR_IP)
        out->key = key;
    out->tlp = r->tlp < TLP_COUNT ? (enum tlp)r->tlp : TLP_RED;
    out->first_seen_s = r->first_seen_s;
    out->last_seen_s = r->last_seen_s;
    out->valid_until_s = r->valid_until_s;
    out->id = str_make(key.p + key.n, r->id_n);
    out->label = str_slice(s->text, r->label_at, (size_t)r->label_at + r->label_n);
    return true;
}

/* A lookup in three steps. Between them others can be started: the machine then fetches for all of
 * them at once what would be waited for one by one. */
struct probe {
    uint64_t hash;
    const struct slot *slot; /* NULL: nothing to be found */
};

static struct probe probe_start(const struct snapshot *s, enum indicator_kind kind, struct str key)
{
    uint64_t hash = snapshot_hash(&s->head->key, kind, key);
    const struct slot *slot = s->slots + snapshot_slot(hash, s->n_slots);
    __builtin_prefetch(slot);
    return (struct probe){hash, slot};
}

/* A record and the one before it mostly lie within three lines of the cache. */
static void probe_aim(const struct snapshot *s, struct probe *p)
{
    enum { LINE = 64, LINES = 2 };
    if ((p->slot->seen >> (p->hash & 31) & 1) == 0) {
        p->slot = NULL;
        return;
    }
    uint64_t at = (uint64_t)p->slot->at * SNAPSHOT_UNIT;
    for (unsigned i = 0; i < LINES && at < s->records_bytes; i++, at += LINE)
        __builtin_prefetch(s->records + at);
}

static size_t probe_end(const struct snapshot *s, const struct probe *p, enum indicator_kind kind,
                        struct str key, int64_t now_s, struct indicator *out, size_t max)
{
    const struct record *r;
    uint16_t form = record_form(kind, key.n);
    size_t n = 0;
    if (p->slot == NULL || key.n > INDICATOR_MAX_KEY_BYTES)
        return 0;
    uint64_t at = (uint64_t)p->slot[0].at * SNAPSHOT_UNIT;
    uint64_t end = (uint64_t)p->slot[1].at * SNAPSHOT_UNIT;
    for (; at < end && n < max && (r = record_at(s, at)) != NULL;
         at += record_bytes(record_key_n(r), r->id_n))
        if (r->form == form && memcmp(r + 1, key.p, key.n) == 0 && !is_expired(r, now_s))
            n += take(s, r, &out[n]);
    return n;
}

static size_t find(const struct snapshot *s, enum indicator_kind kind, struct str key,
                   int64_t now_s, struct indicator *out, size_t max)
{
    struct probe p = probe_start(s, kind, key);
    probe_aim(s, &p);
    return probe_end(s, &p, kind, key, now_s, out, max);
}

size_t snapshot_find(const struct snapshot *s, enum indicator_kind kind, struct str key,
                     int64_t now_s, struct indicator *out, size_t max)
{
    return kind == INDICATOR_IP || snapshot_hash_octets(kind) != 0 || key.n == 0
               ? 0
               : find(s, kind, key, now_s, out, max);
}

size_t snapshot_find_hash(const struct snapshot *s, enum indicator_kind kind,
                          const unsigned char *hash, int64_t now_s, struct indicator *out,
                          size_t max)
{
    size_t n = snapshot_hash_octets(kind);
    return n == 0 ? 0 : find(s, kind, str_make((const char *)hash, n), now_s, out, max);
}

/* ---- ranges ---- */

static struct wide width_of(const struct indicator *i)
{
    struct wide first = ip_to_wide(&i->first), last = ip_to_wide(&i->last);
    return (struct wide){last.high - first.high - (last.low < first.low), last.low - first.low};
}

/* The widest of them that is of this feed; `n`: there is none. */
static size_t widest_of(const struct indicator *out, size_t n, uint16_t feed)
{
    for (size_t i = n; i > 0; i--)
        if (out[i - 1].feed == feed)
            return i - 1;
    return n;
}

/* What goes when another one comes to a full list: the widest of its own feed; one of a new feed
 * takes the place of the widest of a feed that has several. So no feed hides another by many narrow
 * ranges. `n`: none, when each has one. */
static size_t place_for(const struct indicator *out, size_t n, uint16_t feed)
{
    size_t own = widest_of(out, n, feed);
    for (size_t i = n; own == n && i > 0; i--)
        if (widest_of(out, i - 1, out[i - 1].feed) < i - 1)
            return i - 1;
    return own;
}

/* Into its place by width, behind those that are as wide. */
static size_t insert(struct indicator *out, size_t n, size_t max, const struct indicator *i)
{
    if (n == max) {
        size_t gone = place_for(out, n, i->feed);
        bool same = gone < n && out[gone].feed == i->feed;
        if (gone == n || (same && !wide_less(width_of(i), width_of(&out[gone]))))
            return n;
        n--;
        memmove(out + gone, out + gone + 1, (n - gone) * sizeof *out);
    }
    size_t at = n;
    while (at > 0 && wide_less(width_of(i), width_of(&out[at - 1])))
        at--;
    memmove(out + at + 1, out + at, (n - at) * sizeof *out);
    out[at] = *i;
    return n + 1;
}

static size_t find_ranges(const struct snapshot *s, const struct ranges *r, const struct ip *ip,
                          int64_t now_s, struct indicator *out, size_t n, size_t max)
{
    struct wide x = ip_to_wide(ip);
    uint32_t i = r->n == 0 ? SNAPSHOT_NO_RANGE : ranges_start(r, x);
    for (size_t seen = 0; i != SNAPSHOT_NO_RANGE && seen < SNAPSHOT_MAX_NESTED; seen++) {
        struct indicator hit;
        const struct record *rec;
        if (!wide_less(r->last[i], x)) {
            rec = record_at(s, (uint64_t)r->at[i] * SNAPSHOT_UNIT);
            if (rec != NULL && record_kind(rec) == INDICATOR_IP && !is_expired(rec, now_s) &&
                take(s, rec, &hit) && hit.first.family == ip->family)
                n = insert(out, n, max, &hit);
        }
        if (r->up[i] >= i) /* the end, or not true */
            break;
        i = ranges_reaching(r, r->up[i], x);
    }
    return n;
}

size_t snapshot_find_ip(const struct snapshot *s, const struct ip *ip, int64_t now_s,
                        struct indicator *out, size_t max)
{
    struct str key = str_make((const char *)ip->octets, ip_octets(ip));
    if (ip->family == IP_NONE || max == 0)
        return 0;
    size_t n = find(s, INDICATOR_IP, key, now_s, out, max);
    return find_ranges(s, ip->family == IP_V6 ? &s->v6 : &s->v4, ip, now_s, out, n, max);
}

/* ---- many at once ---- */

static bool is_key(const struct intel_key *k)
{
    size_t octets = snapshot_hash_octets(k->kind);
    if (k->kind == INDICATOR_IP)
        return k->key.n == 4 || k->key.n == 16;
    return (unsigned)k->kind < INDICATOR_KIND_COUNT &&
           (octets != 0 ? k->key.n == octets : k->key.n != 0);
}

static size_t end_of_many(const struct snapshot *s, const struct probe *p,
                          const struct intel_key *k, int64_t now_s,
                          struct indicator out[SNAPSHOT_MAX_HITS])
{
    size_t n = probe_end(s, p, k->kind, k->key, now_s, out, SNAPSHOT_MAX_HITS);
    struct ip ip = {.family = k->key.n == 4 ? IP_V4 : IP_V6};
    if (k->kind != INDICATOR_IP)
        return n;
    memcpy(ip.octets, k->key.p, k->key.n);
    return find_ranges(s, ip.family == IP_V6 ? &s->v6 : &s->v4, &ip, now_s, out, n,
                       SNAPSHOT_MAX_HITS);
}

size_t snapshot_find_many(const struct snapshot *s, const struct intel_key *keys, size_t n,
                          int64_t now_s, snapshot_hit_fn *hit, void *ctx)
{
    enum { TOGETHER = 32 }; /* about as many as a core can wait for */
    struct indicator hits[SNAPSHOT_MAX_HITS];
    struct probe probes[TOGETHER];
    size_t found = 0;
    for (size_t from = 0; from < n; from += TOGETHER) {
        size_t group = n - from < TOGETHER ? n - from : TOGETHER;
        const struct intel_key *k = keys + from;
        for (size_t i = 0; i < group; i++)
            probes[i] = is_key(&k[i]) ? probe_start(s, k[i].kind, k[i].key) : (struct probe){0};
        for (size_t i = 0; i < group; i++)
            if (probes[i].slot != NULL)
                probe_aim(s, &probes[i]);
        for (size_t i = 0; i < group; i++) {
            size_t got = is_key(&k[i]) ? end_of_many(s, &probes[i], &k[i], now_s, hits) : 0;
            for (size_t h = 0; h < got; h++)
                hit(ctx, from + i, &hits[h]);
            found += got;
        }
    }
    return found;
}

/* ---- what it is ---- */

size_t snapshot_feeds(const struct snapshot *s)
{
    return s->n_feeds;
}

bool snapshot_feed_at(const struct snapshot *s, size_t i, struct snapshot_feed *out)
{
    if (i >= s->n_feeds)
        return false;
    const struct feed_row *row = &s->feeds[i];
    struct str text[4];
    for (size_t k = 0; k < 4; k++)
        text[k] = str_slice(s->text, row->at[k], (size_t)row->at[k] + row->n[k]);
    *out = (struct snapshot_feed){.name = text[0],
                                  .title = text[1],
                                  .licence = text[2],
                                  .reference = text[3],
                                  .tlp = row->tlp < TLP_COUNT ? (enum tlp)row->tlp : TLP_RED,
                                  .severity = row->severity <= SEV_CRITICAL
                                                  ? (enum severity)row->severity
                                                  : SEV_HIGH,
                                  .fetched_s = row->fetched_s,
                                  .stale_s = row->stale_s,
                                  .entries = row->entries};
    return true;
}

uint64_t snapshot_count(const struct snapshot *s, enum indicator_kind kind)
{
    return (unsigned)kind < INDICATOR_KIND_COUNT ? s->head->counts[kind] : 0;
}

int64_t snapshot_built_s(const struct snapshot *s)
{
    return s->head->built_s;
}

bool snapshot_next(const struct snapshot *s, uint64_t *cursor, struct indicator *out)
{
    const struct record *r;
    while (*cursor % SNAPSHOT_UNIT == 0 && (r = record_at(s, *cursor)) != NULL) {
        *cursor += record_bytes(record_key_n(r), r->id_n);
        if (take(s, r, out))
            return true;
    }
    return false;
}
