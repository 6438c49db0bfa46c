/* From the collected entries to the bytes of the file. */
#include <stdlib.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "intel/snapshot_builder.h"

/* Pieces of whole huge pages: file systems that have them then keep the file in such. */
enum { OUT_BYTES = 4 << 20, AHEAD = 16 /* entries whose bytes are fetched early */ };

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for a store of indicators");
}

/* ---- what is made before a byte is written ---- */

struct label {
    uint64_t hash;
    uint32_t at;
    uint32_t n; /* 0: none */
};

struct plan {
    struct snapshot_builder *b;
    size_t n, n_hashed; /* all entries; those that are found by their hash come first */
    struct file_head head;
    struct slot *slots;
    size_t n_slots;
    struct buf text;
    struct label *labels; /* a table of a power of two of places */
    size_t labels_room, labels_n;
    uint64_t records_units;
    struct ranges v4, v6;
    void *range_memory[2];
};

static void plan_clear(struct plan *p)
{
    free(p->slots);
    free(p->labels);
    free(p->range_memory[0]);
    free(p->range_memory[1]);
    buf_clear(&p->text);
}

/* Entries lie in memory in the order in which they came; what is needed soon is fetched early. */
static void fetch(const struct entry *e, size_t i, size_t n)
{
    const char *r = (const char *)e[i + AHEAD < n ? i + AHEAD : i].record;
    __builtin_prefetch(r);
    __builtin_prefetch(r + 64);
}

/* The key of the file is made of all that is in it: one file for the same entries, and nobody who
 * writes a list knows it before he has chosen what to write. */
static int make_key(const struct entry *entries, size_t n, struct siphash_key *key,
                    struct mp_err *err)
{
    enum { STEP = 512 };
    uint64_t hashes[STEP];
    unsigned char sum[DIGEST_MAX_BYTES];
    struct digest d;
    if (!digest_start(&d, DIGEST_SHA256))
        return mp_fail(err, MP_E_CRYPTO, 0, "no SHA-256");
    digest_update(&d, STR(SNAPSHOT_MAGIC));
    for (size_t i = 0; i < n; i += STEP) {
        size_t step = n - i < STEP ? n - i : STEP;
        for (size_t k = 0; k < step; k++)
            hashes[k] = entries[i + k].hash;
        digest_update(&d, str_make((const char *)hashes, step * sizeof *hashes));
    }
    if (!digest_final(&d, sum))
        return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 failed");
    memcpy(key, sum, sizeof *key);
    return MP_OK;
}

/* Hashes by the key of the file; entries that have expired are dropped, ranges go to the end. */
static void rehash(struct plan *p, int64_t built_s)
{
    struct entry *e = p->b->entries;
    size_t n = p->n, kept = 0;
    for (size_t i = 0; i < n; i++) {
        fetch(e, i, n);
        struct record *r = e[i].record;
        if (r->valid_until_s != 0 && (int64_t)r->valid_until_s < built_s)
            continue;
        uint64_t hash =
            snapshot_hash(&p->head.key, (enum indicator_kind)record_kind(r), entry_key(r));
        p->head.counts[record_kind(r)]++;
        p->b->rows[r->feed].entries++;
        e[kept++] = (struct entry){hash, r};
    }
    p->n = kept;
    p->n_hashed = kept;
    for (size_t i = 0; i < p->n_hashed;) { /* the last one comes here and is looked at next */
        fetch(e, i, p->n_hashed);
        if (!entry_is_range(e[i].record)) {
            i++;
            continue;
        }
        struct entry range = e[i];
        e[i] = e[--p->n_hashed];
        e[p->n_hashed] = range;
    }
}

static bool labels_grow(struct plan *p)
{
    size_t room = p->labels_room == 0 ? 1024 : 2 * p->labels_room;
    struct label *more = calloc(room, sizeof *more);
    if (more == NULL)
        return false;
    for (size_t i = 0; i < p->labels_room; i++) {
        size_t at = (size_t)p->labels[i].hash & (room - 1);
        if (p->labels[i].n == 0)
            continue;
        while (more[at].n != 0)
            at = (at + 1) & (room - 1);
        more[at] = p->labels[i];
    }
    free(p->labels);
    p->labels = more;
    p->labels_room = room;
    return true;
}

/* Each label lies in the text once. */
static bool place_label(struct plan *p, struct record *r)
{
    struct str label = entry_label(r);
    if (label.n == 0)
        return true;
    if (2 * p->labels_n >= p->labels_room && !labels_grow(p))
        return false;
    uint64_t hash = siphash(&p->head.key, label, INDICATOR_KIND_COUNT);
    size_t at = (size_t)hash & (p->labels_room - 1);
    while (p->labels[at].n != 0 && (p->labels[at].hash != hash || p->labels[at].n != label.n ||
                                    memcmp(p->text.p + p->labels[at].at, label.p, label.n) != 0))
        at = (at + 1) & (p->labels_room - 1);
    if (p->labels[at].n == 0) {
        p->labels[at] = (struct label){hash, (uint32_t)p->text.n, (uint32_t)label.n};
        p->labels_n++;
        buf_add(&p->text, label);
    }
    r->label_at = p->labels[at].at;
    return true;
}

static int place_feeds(struct plan *p, struct mp_err *err)
{
    for (size_t i = 0; i < p->b->n_feeds; i++) {
        struct feed_row *row = &p->b->rows[i];
        for (size_t k = 0; k < 4; k++) {
            const char *from = p->b->texts[i];
            for (size_t before = 0; before < k; before++)
                from += row->n[before];
            row->at[k] = (uint32_t)p->text.n;
            buf_add(&p->text, str_make(from, row->n[k]));
        }
    }
    return p->text.failed ? no_memory(err) : MP_OK;
}

/* Labels, the place of each record, and the slots that lead there. */
static int place_records(struct plan *p, uint32_t *range_at, struct mp_err *err)
{
    uint64_t at = 0;
    size_t slot = 0;
    for (size_t i = 0; i < p->n; i++) {
        fetch(p->b->entries, i, p->n);
        struct entry *e = &p->b->entries[i];
        if (at > UINT32_MAX || p->text.n > UINT32_MAX - INDICATOR_MAX_LABEL_BYTES)
            return mp_fail(err, MP_E_LIMIT, (int64_t)i, "the store is longer than can be told");
        if (!place_label(p, e->record))
            return no_memory(err);
        if (i < p->n_hashed) {
            for (size_t own = snapshot_slot(e->hash, p->n_slots); slot < own;)
                p->slots[++slot].at = (uint32_t)at;
            p->slots[slot].seen |= 1u << (e->hash & 31);
        } else {
            range_at[i - p->n_hashed] = (uint32_t)at;
        }
        at += record_bytes(record_key_n(e->record), e->record->id_n) / SNAPSHOT_UNIT;
        if (i + 1 == p->n_hashed) {
            while (slot < p->n_slots)
                p->slots[++slot].at = (uint32_t)at;
            p->head.ranges_at = at * SNAPSHOT_UNIT;
        }
    }
    p->records_units = at;
    return p->text.failed ? no_memory(err) : MP_OK;
}

static struct wide end_of(const struct record *r, bool last)
{
    size_t octets = record_key_n(r) / 2;
    struct ip ip = {.family = octets == 16 ? IP_V6 : IP_V4};
    memcpy(ip.octets, (const char *)(r + 1) + (last ? octets : 0), octets);
    return ip_to_wide(&ip);
}

/* Maxima of sixteen, of sixteen of those, and so on. */
static void fill_levels(struct ranges *r, struct wide *last)
{
    size_t n = r->n;
    for (unsigned level = 1; level < r->levels; level++) {
        const struct wide *from = last + r->level[level - 1];
        struct wide *to = last + r->level[level];
        for (size_t i = 0; i < n; i++)
            if (i % SNAPSHOT_FAN == 0 || wide_less(to[i / SNAPSHOT_FAN], from[i]))
                to[i / SNAPSHOT_FAN] = from[i];
        n = (n + SNAPSHOT_FAN - 1) / SNAPSHOT_FAN;
    }
}

/* Of sorted ranges of one family. `*memory` holds all of it. */
static int make_ranges(const struct entry *e, size_t n, const uint32_t *at, struct ranges *r,
                       void **memory, struct mp_err *err)
{
    r->n = n;
    size_t all = ranges_levels(r);
    struct wide *first = n == 0 ? NULL : malloc((n + all) * sizeof *first + 2 * n * sizeof *at);
    if (n == 0)
        return MP_OK;
    if (first == NULL)
        return no_memory(err);
    *memory = first;
    struct wide *last = first + n;
    uint32_t *up = (uint32_t *)(last + all), *to = up + n;
    for (size_t i = 0; i < n; i++) {
        first[i] = end_of(e[i].record, false);
        last[i] = end_of(e[i].record, true);
        to[i] = at[i];
        uint32_t before = i == 0 ? SNAPSHOT_NO_RANGE : (uint32_t)(i - 1);
        while (before != SNAPSHOT_NO_RANGE && wide_less(last[before], first[i]))
            before = up[before]; /* what does not reach this one reaches none behind it */
        up[i] = before;
    }
    fill_levels(r, last);
    r->first = first;
    r->last = last;
    r->up = up;
    r->at = to;
    return MP_OK;
}

static int place_ranges(struct plan *p, const uint32_t *range_at, struct mp_err *err)
{
    const struct entry *e = p->b->entries + p->n_hashed;
    size_t n = p->n - p->n_hashed, n_v4 = 0;
    while (n_v4 < n && e[n_v4].record->form == record_form(INDICATOR_IP, 8))
        n_v4++;
    int st = make_ranges(e, n_v4, range_at, &p->v4, &p->range_memory[0], err);
    return st == MP_OK
               ? make_ranges(e + n_v4, n - n_v4, range_at + n_v4, &p->v6, &p->range_memory[1], err)
               : st;
}

static int make_plan(struct plan *p, int64_t built_s, struct mp_err *err)
{
    struct entry *e = p->b->entries;
    int st = entries_sort(e, (size_t)p->b->n, err);
    if (st != MP_OK)
        return st;
    p->n = entries_merge(e, (size_t)p->b->n);
    if (p->n >= SNAPSHOT_NO_RANGE)
        return mp_fail(err, MP_E_LIMIT, 0, "too many indicators for a store");
    st = make_key(e, p->n, &p->head.key, err);
    if (st != MP_OK)
        return st;
    rehash(p, built_s);
    st = entries_sort(e, p->n_hashed, err);
    if (st != MP_OK)
        return st;
    entries_sort_ranges(e + p->n_hashed, p->n - p->n_hashed);
    p->n_slots = p->n_hashed / SNAPSHOT_SLOT_LOAD + 1;
    p->slots = calloc(p->n_slots + 1, sizeof *p->slots);
    uint32_t *range_at = calloc(p->n - p->n_hashed + 1, sizeof *range_at);
    st = p->slots == NULL || range_at == NULL ? no_memory(err) : place_feeds(p, err);
    if (st == MP_OK)
        st = place_records(p, range_at, err);
    if (st == MP_OK)
        st = place_ranges(p, range_at, err);
    free(range_at);
    return st;
}

/* ---- writing ---- */

struct out {
    snapshot_write_fn *write;
    void *ctx;
    struct mp_err *err;
    struct snapshot_sum sum;
    uint64_t bytes;
    size_t n;
    int st;
    char *piece; /* OUT_BYTES */
};

static void flush(struct out *o)
{
    if (o->st == MP_OK && o->n != 0)
        o->st = o->write(o->ctx, str_make(o->piece, o->n), o->err);
    o->n = 0;
}

static void put(struct out *o, const void *from, size_t n)
{
    o->bytes += n;
    while (n != 0 && o->st == MP_OK) {
        size_t room = OUT_BYTES - o->n, step = n < room ? n : room;
        memcpy(o->piece + o->n, from, step);
        o->n += step;
        from = (const char *)from + step;
        n -= step;
        if (o->n < OUT_BYTES)
            continue;
        snapshot_sum_add(&o->sum, str_make(o->piece, o->n));
        flush(o);
    }
}

static void put_padded(struct out *o, const void *from, size_t n)
{
    static const char zeros[SNAPSHOT_UNIT] = {0};
    if (n != 0)
        put(o, from, n);
    put(o, zeros, (SNAPSHOT_UNIT - n % SNAPSHOT_UNIT) % SNAPSHOT_UNIT);
}

static void put_records(struct out *o, const struct plan *p)
{
    static const char zeros[SNAPSHOT_UNIT] = {0};
    for (size_t i = 0; i < p->n; i++) {
        fetch(p->b->entries, i, p->n);
        const struct record *r = p->b->entries[i].record;
        size_t used = sizeof *r + record_key_n(r) + r->id_n;
        put(o, r, used);
        put(o, zeros, record_bytes(record_key_n(r), r->id_n) - used);
    }
}

static void put_sum(struct out *o)
{
    if (o->n != 0)
        snapshot_sum_add(&o->sum, str_make(o->piece, o->n));
    flush(o);
    uint64_t sum = snapshot_sum_end(&o->sum);
    put(o, &sum, sizeof sum);
    flush(o);
}

struct part {
    const void *from; /* NULL: the records */
    uint64_t bytes;
};

static void list_ranges(const struct ranges *r, struct part part[4])
{
    struct ranges copy = *r;
    part[0] = (struct part){r->first, r->n * sizeof *r->first};
    part[1] = (struct part){r->last, ranges_levels(&copy) * sizeof *r->last};
    part[2] = (struct part){r->up, r->n * sizeof *r->up};
    part[3] = (struct part){r->at, r->n * sizeof *r->at};
}

static void write_plan(struct plan *p, struct out *o)
{
    struct part parts[SECTION_COUNT] = {
        [SECTION_FEEDS] = {p->b->rows, p->b->n_feeds * sizeof *p->b->rows},
        [SECTION_TEXT] = {p->text.p, p->text.n},
        [SECTION_SLOTS] = {p->slots, (p->n_slots + 1) * sizeof *p->slots},
        [SECTION_RECORDS] = {NULL, p->records_units * SNAPSHOT_UNIT},
    };
    uint64_t at = sizeof p->head;
    list_ranges(&p->v4, parts + SECTION_V4_FIRST);
    list_ranges(&p->v6, parts + SECTION_V6_FIRST);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        p->head.sections[i] = (struct file_span){at, parts[i].bytes};
        at += (parts[i].bytes + SNAPSHOT_UNIT - 1) & ~(uint64_t)(SNAPSHOT_UNIT - 1);
    }
    p->head.file_bytes = at + sizeof(uint64_t);
    snapshot_sum_start(&o->sum);
    put(o, &p->head, sizeof p->head);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (i == SECTION_RECORDS)
            put_records(o, p);
        else
            put_padded(o, parts[i].from, (size_t)parts[i].bytes);
    put_sum(o);
}

int snapshot_builder_write(struct snapshot_builder *b, int64_t built_s, snapshot_write_fn *write,
                           void *ctx, struct mp_err *err)
{
    struct plan p = {.b = b};
    struct out o = {.write = write, .ctx = ctx, .err = err, .piece = malloc(OUT_BYTES)};
    memcpy(p.head.magic, SNAPSHOT_MAGIC, sizeof p.head.magic);
    p.head.version = SNAPSHOT_VERSION;
    p.head.order = SNAPSHOT_ORDER;
    p.head.built_s = built_s;
    buf_init(&p.text, UINT32_MAX);
    for (size_t i = 0; i < b->n_feeds; i++)
        b->rows[i].entries = 0;
    if (b->entries == NULL)
        b->entries = malloc(sizeof *b->entries); /* of no entries: an array all the same */
    int st = o.piece == NULL || b->entries == NULL ? no_memory(err) : make_plan(&p, built_s, err);
    if (st == MP_OK) {
        write_plan(&p, &o);
        st = o.st;
    }
    plan_clear(&p);
    free(o.piece);
    snapshot_builder_empty(b);
    return st;
}
