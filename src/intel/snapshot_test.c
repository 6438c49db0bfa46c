/* The store: all and only what was put in, compared with a plain list. */
#include "intel/snapshot.h"

#include <stdlib.h>

#include "intel/snapshot_test_kit.h"
#include "tests/tap.h"

enum { MODEL_MAX = 4000, FILE_MAX_BYTES = 8 << 20, FEEDS = 5, HITS = 8192 };

struct model {
    struct indicator items[MODEL_MAX];
    size_t n;
    struct arena arena;
    struct buf file;
    struct snapshot *s;
    struct indicator hits[HITS], want[HITS];
};

static void start(struct model *m)
{
    m->n = 0;
    m->s = NULL;
    arena_init(&m->arena, 64 << 20);
    buf_init(&m->file, FILE_MAX_BYTES);
}

static void stop(struct model *m)
{
    snapshot_close(m->s);
    buf_clear(&m->file);
    arena_clear(&m->arena);
}

static void add(struct model *m, struct indicator i)
{
    m->items[m->n++] = i;
}

/* With the items in the order first, first + step, ... */
static void build_in_order(struct model *m, struct buf *file, int64_t built_s, size_t first,
                           size_t step)
{
    struct snapshot_builder *b = NULL;
    uint16_t number;
    tap_int(snapshot_builder_new(MODEL_MAX, &b, NULL), MP_OK);
    for (unsigned f = 0; f < FEEDS; f++) {
        struct snapshot_feed feed = {.name = arena_fmt(&m->arena, "feed-%u", f),
                                     .title = STR("A feed"),
                                     .licence = STR("CC0-1.0"),
                                     .tlp = TLP_GREEN,
                                     .severity = SEV_LOW,
                                     .fetched_s = 1000 + f};
        tap_int(snapshot_builder_feed(b, &feed, &number, NULL), MP_OK);
        tap_int(number, f);
    }
    bool added = true;
    for (size_t k = 0; k < m->n; k++)
        added &= snapshot_builder_add(b, &m->items[(first + k * step) % m->n], NULL) == MP_OK;
    tap_ok(added);
    tap_int(snapshot_builder_write(b, built_s, kit_write, file, NULL), MP_OK);
    snapshot_builder_free(b);
}

static void build(struct model *m, int64_t built_s)
{
    struct mp_err err = {0};
    build_in_order(m, &m->file, built_s, 0, 1);
    if (!tap_int(snapshot_open(buf_str(&m->file), &m->s, &err), MP_OK))
        tap_note("%s", err.text);
}

static bool same_value(const struct indicator *a, const struct indicator *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case INDICATOR_IP:
        return ip_eq(&a->first, &b->first) && ip_eq(&a->last, &b->last);
    case INDICATOR_MD5:
        return memcmp(a->hash, b->hash, 16) == 0;
    case INDICATOR_SHA1:
        return memcmp(a->hash, b->hash, 20) == 0;
    case INDICATOR_SHA256:
        return memcmp(a->hash, b->hash, 32) == 0;
    default:
        return str_eq(a->key, b->key);
    }
}

static bool same(const struct indicator *a, const struct indicator *b)
{
    return same_value(a, b) && a->feed == b->feed && a->confidence == b->confidence &&
           a->tlp == b->tlp && a->first_seen_s == b->first_seen_s &&
           a->last_seen_s == b->last_seen_s && a->valid_until_s == b->valid_until_s &&
           str_eq(a->id, b->id) && str_eq(a->label, b->label);
}

/* ---- values that are found by their hash ---- */

static struct indicator told(struct model *m, enum indicator_kind kind, unsigned n, uint16_t feed)
{
    struct indicator i = kit_indicator(&m->arena, kind, n);
    i.feed = feed;
    i.confidence = (uint8_t)(n % 101);
    i.tlp = (enum tlp)(1 + n % (TLP_COUNT - 1));
    i.first_seen_s = n;
    i.last_seen_s = 2 * n;
    i.valid_until_s = n % 3 == 0 ? 0 : 10000 + n;
    i.id = n % 4 == 0 ? STR_NONE : arena_fmt(&m->arena, "id-%u", n);
    i.label = n % 5 == 0 ? STR_NONE : arena_fmt(&m->arena, "label %u", n % 9);
    return i;
}

static size_t find(const struct model *m, const struct indicator *i, int64_t now_s,
                   struct indicator *out)
{
    if (i->kind == INDICATOR_IP)
        return snapshot_find_ip(m->s, &i->first, now_s, out, HITS);
    if (i->kind == INDICATOR_MD5 || i->kind == INDICATOR_SHA1 || i->kind == INDICATOR_SHA256)
        return snapshot_find_hash(m->s, i->kind, i->hash, now_s, out, HITS);
    return snapshot_find(m->s, i->kind, i->key, now_s, out, HITS);
}

/* Of the list, in the order of feeds. */
static size_t expected(struct model *m, const struct indicator *i, int64_t now_s)
{
    size_t n = 0;
    for (uint16_t feed = 0; feed < FEEDS; feed++)
        for (size_t k = 0; k < m->n; k++)
            if (m->items[k].feed == feed && same_value(&m->items[k], i) &&
                (m->items[k].valid_until_s == 0 || m->items[k].valid_until_s >= now_s))
                m->want[n++] = m->items[k];
    return n;
}

static bool finds(struct model *m, const struct indicator *i, int64_t now_s)
{
    size_t n = find(m, i, now_s, m->hits), want = expected(m, i, now_s);
    if (n != want)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!same(&m->hits[k], &m->want[k]))
            return false;
    return true;
}

static void test_values(struct model *m)
{
    uint64_t seed = 7, cursor = 0;
    struct indicator got;
    size_t all = 0, right = 0, feed_entries = 0;
    tap_case("values of each kind in several feeds");
    start(m);
    for (unsigned n = 0; n < 400; n++)
        for (uint16_t feed = 0; feed < FEEDS; feed++)
            if (kit_random(&seed) % 3 == 0 && m->n < MODEL_MAX)
                add(m, told(m, (enum indicator_kind)(n % INDICATOR_KIND_COUNT), n, feed));
    build(m, 5);
    tap_int(snapshot_built_s(m->s), 5);
    for (unsigned n = 0; n < 800; n++) { /* the upper half is not there */
        struct indicator i = told(m, (enum indicator_kind)(n % INDICATOR_KIND_COUNT), n, 0);
        right += finds(m, &i, 0) && finds(m, &i, 10600);
    }
    tap_int(right, 800);

    tap_case("each kind by itself");
    right = 0;
    for (unsigned n = 0; n < 400; n++)
        for (unsigned k = 0; k < INDICATOR_KIND_COUNT; k++) {
            struct indicator i = told(m, (enum indicator_kind)k, n, 0);
            right += finds(m, &i, 0);
        }
    tap_int(right, 400 * INDICATOR_KIND_COUNT);

    tap_case("all of them, one after the other");
    for (right = 0; snapshot_next(m->s, &cursor, &got); all++)
        for (size_t k = 0; k < m->n; k++)
            right += same(&m->items[k], &got);
    tap_int(all, m->n);
    tap_int(right, m->n);

    tap_case("what is told of feeds");
    tap_int(snapshot_feeds(m->s), FEEDS);
    for (size_t f = 0; f < FEEDS; f++) {
        struct snapshot_feed feed;
        tap_ok(snapshot_feed_at(m->s, f, &feed));
        tap_str(feed.name, arena_fmt(&m->arena, "feed-%zu", f));
        tap_str(feed.title, STR("A feed"));
        tap_str(feed.licence, STR("CC0-1.0"));
        tap_str(feed.reference, STR(""));
        tap_int(feed.tlp, TLP_GREEN);
        tap_int(feed.severity, SEV_LOW);
        tap_int(feed.fetched_s, 1000 + f);
        feed_entries += feed.entries;
    }
    tap_int(feed_entries, m->n);
    tap_ok(!snapshot_feed_at(m->s, FEEDS, &(struct snapshot_feed){0}));
    for (unsigned k = 0; k < INDICATOR_KIND_COUNT; k++) {
        for (size_t i = all = 0; i < m->n; i++)
            all += m->items[i].kind == k;
        tap_int(snapshot_count(m->s, (enum indicator_kind)k), all);
    }
    tap_case("no more than asked for");
    for (right = 0; right < m->n && find(m, &m->items[right], 0, m->hits) < 2;)
        right++;
    tap_int(snapshot_find(m->s, m->items[right].kind, m->items[right].key, 0, m->hits, 0), 0);
    struct buf again;
    buf_init(&again, FILE_MAX_BYTES);
    tap_case("the same file in any order");
    build_in_order(m, &again, 5, 17, m->n % 7 == 0 ? 11 : 7);
    tap_ok(str_eq(buf_str(&again), buf_str(&m->file)));
    buf_clear(&again);
    stop(m);
}

/* ---- many at once ---- */

struct many {
    struct model *m;
    size_t which, n; /* the key that is at hand; hits of all */
    bool same;
};

static struct intel_key key_of(const struct indicator *i)
{
    struct intel_key k = {.kind = i->kind, .key = i->key};
    if (i->kind == INDICATOR_IP)
        k.key = str_make((const char *)i->first.octets, i->first.family == IP_V6 ? 16 : 4);
    else if (i->key.n == 0)
        k.key = str_make((const char *)i->hash, i->kind == INDICATOR_MD5    ? 16
                                                : i->kind == INDICATOR_SHA1 ? 20
                                                                            : 32);
    return k;
}

/* The same as one by one: what was found is kept one behind the other in `want`. */
static void take_hit(void *ctx, size_t which, const struct indicator *hit)
{
    struct many *x = ctx;
    x->same &= which >= x->which && x->n < HITS && same(hit, &x->m->want[x->n]) &&
               (size_t)x->m->want[x->n].first_seen_s == x->m->n + which;
    x->which = which;
    x->n++;
}

static void no_hit(void *ctx, size_t which, const struct indicator *hit)
{
    (void)which;
    (void)hit;
    *(bool *)ctx = true;
}

static void test_many(struct model *m)
{
    enum { KEYS = 333 };
    struct intel_key keys[KEYS];
    struct indicator asked[KEYS];
    struct many x = {.m = m, .same = true};
    size_t want = 0;
    tap_case("many at once find what each finds by itself");
    start(m);
    for (unsigned n = 0; n < KEYS; n++) { /* each third is not there */
        asked[n] = told(m, (enum indicator_kind)(n % INDICATOR_KIND_COUNT), n, 0);
        for (uint16_t feed = 0; feed < n % 3; feed++) {
            struct indicator i = asked[n];
            i.first_seen_s = 555 + n; /* m->n is 333 in the end: see below */
            i.feed = feed;
            add(m, i);
        }
        keys[n] = key_of(&asked[n]);
    }
    for (size_t k = 0; k < m->n; k++)
        m->items[k].first_seen_s += (int64_t)m->n - 555;
    struct indicator range = told(m, INDICATOR_IP, 0, 1);
    range.last.octets[2] = 0xff;
    range.valid_until_s = 5;
    size_t without = m->n;
    add(m, range);
    build(m, 0);
    m->n = without; /* the range has expired */
    for (size_t k = 0; k < KEYS; k++) {
        size_t got = find(m, &asked[k], 6, m->hits);
        memcpy(m->want + want, m->hits, got * sizeof *m->hits);
        want += got;
    }
    tap_int(snapshot_find_many(m->s, keys, KEYS, 6, take_hit, &x), want);
    tap_int(x.n, want);
    tap_int(want, m->n);
    tap_ok(x.same);

    tap_case("what is no key of its kind");
    static const struct intel_key none[] = {{INDICATOR_URL, KEY_EXACT, {NULL, 0}},
                                            {INDICATOR_MD5, KEY_EXACT, STR_INIT("short")},
                                            {INDICATOR_IP, KEY_EXACT, STR_INIT("abcde")},
                                            {INDICATOR_KIND_COUNT, KEY_EXACT, STR_INIT("x")},
                                            {INDICATOR_SHA256, KEY_EXACT, STR_INIT("short")}};
    bool hit = false;
    tap_int(snapshot_find_many(m->s, none, ARRAY_LEN(none), 0, no_hit, &hit), 0);
    tap_int(snapshot_find_many(m->s, NULL, 0, 0, no_hit, &hit), 0);
    tap_ok(!hit);
    stop(m);
}

/* ---- ranges ---- */

static struct ip numbered(bool v6, uint32_t n)
{
    struct ip ip = {.family = v6 ? IP_V6 : IP_V4};
    size_t at = v6 ? 6 : 0;
    for (size_t i = 0; i < 4; i++)
        ip.octets[at + i] = (unsigned char)(n >> (24 - 8 * i));
    return ip;
}

static uint32_t number_of(const struct ip *ip)
{
    const unsigned char *o = ip->octets + (ip->family == IP_V6 ? 6 : 0);
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

static bool holds(const struct indicator *i, const struct ip *ip)
{
    size_t octets = ip->family == IP_V6 ? 16 : 4;
    return i->first.family == ip->family && memcmp(i->first.octets, ip->octets, octets) <= 0 &&
           memcmp(i->last.octets, ip->octets, octets) >= 0;
}

/* All of the list that hold it are found, nothing else is, and none before a narrower one. */
static bool finds_ip(struct model *m, const struct ip *ip, int64_t now_s)
{
    size_t n = snapshot_find_ip(m->s, ip, now_s, m->hits, HITS), want = 0, found = 0;
    uint32_t before = 0;
    for (size_t k = 0; k < m->n; k++)
        if (holds(&m->items[k], ip) &&
            (m->items[k].valid_until_s == 0 || m->items[k].valid_until_s >= now_s)) {
            want++;
            for (size_t h = 0; h < n; h++)
                found += same(&m->hits[h], &m->items[k]);
        }
    for (size_t h = 0; h < n; h++) {
        uint32_t width = number_of(&m->hits[h].last) - number_of(&m->hits[h].first);
        if (width < before)
            return false;
        before = width;
    }
    return n == want && found == want;
}

/* `shape` 0: networks; 1: any ranges, many wide; 2: each within the one before it; 3: one wide
 * before many addresses. */
static void add_ranges(struct model *m, bool v6, unsigned shape, uint64_t *seed)
{
    for (uint32_t n = 0; n < 600; n++) {
        struct indicator i = {.kind = INDICATOR_IP, .feed = (uint16_t)(n % FEEDS), .tlp = TLP_RED};
        uint32_t base = 0x0a000000, from = kit_random(seed) % 4096, wide = kit_random(seed) % 1024;
        if (shape == 0) {
            wide = (1u << kit_random(seed) % 12) - 1;
            from &= ~wide;
        } else if (shape == 2) {
            from = n;
            wide = 4096 - 2 * n;
        } else if (shape == 3) {
            from = n == 0 ? 0 : n * 3;
            wide = n == 0 ? 100000 : 0;
        }
        i.first = numbered(v6, base + from);
        i.last = numbered(v6, base + from + wide);
        i.first_seen_s = n; /* tells them apart */
        i.valid_until_s = n % 4 == 1 ? 500 : 0;
        bool is_new = true;
        for (size_t k = 0; k < m->n; k++)
            is_new &= !(same_value(&m->items[k], &i) && m->items[k].feed == i.feed);
        if (is_new)
            add(m, i);
    }
}

static void test_ranges(struct model *m)
{
    uint64_t seed = 99;
    for (unsigned shape = 0; shape < 4; shape++) {
        tap_case("ranges of shape %u", shape);
        start(m);
        add_ranges(m, false, shape, &seed);
        add_ranges(m, true, shape, &seed);
        build(m, 0);
        size_t right = 0, asked = 0;
        for (uint32_t n = 0; n < 6000; n += 5)
            for (unsigned v6 = 0; v6 < 2; v6++, asked++) {
                struct ip ip = numbered(v6 != 0, 0x0a000000 - 100 + n);
                right += finds_ip(m, &ip, n % 2 == 0 ? 0 : 501);
            }
        tap_int(right, asked);
        stop(m);
    }
}

static void test_wide_before(struct model *m)
{
    static const char *const ranges[][2] = {{"10.0.0.0", "10.255.255.255"},
                                            {"10.1.0.0", "10.1.255.255"},
                                            {"10.2.0.0", "10.2.0.0"},
                                            {"0.0.0.0", "127.255.255.255"},
                                            {"255.255.255.0", "255.255.255.255"},
                                            {"::", "::ffff"},
                                            {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}};
    static const struct {
        const char *ip;
        size_t hits;
    } asked[] = {{"10.3.0.0", 2},        {"10.1.2.3", 3},
                 {"10.2.0.0", 3},        {"11.0.0.0", 1},
                 {"128.0.0.0", 0},       {"0.0.0.0", 1},
                 {"255.255.255.255", 1}, {"::1", 1},
                 {"::1:0", 0},           {"fe80::1", 0},
                 {"ff02::1", 1},         {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1}};
    start(m);
    tap_case("build");
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        add(m, (struct indicator){.kind = INDICATOR_IP,
                                  .first = kit_ip(ranges[i][0]),
                                  .last = kit_ip(ranges[i][1])});
    build(m, 0);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        struct ip ip = kit_ip(asked[i].ip);
        tap_case("%s lies in %zu", asked[i].ip, asked[i].hits);
        tap_int(snapshot_find_ip(m->s, &ip, 0, m->hits, HITS), asked[i].hits);
        tap_int(snapshot_find_ip(m->s, &ip, 0, m->hits, 1), asked[i].hits != 0);
    }
    stop(m);
}

/* One feed has more ranges around an address than are given out, another has a wide one. */
static void test_crowd(struct model *m)
{
    enum { NARROW = 20, ROOM = 6 };
    for (uint16_t wide = 0; wide < FEEDS; wide += FEEDS - 1) {
        uint16_t other = wide == 0 ? 1 : 0;
        size_t narrow = 0, from_wide = 0;
        struct ip ip = kit_ip("10.0.0.100"), first = kit_ip("10.0.0.100"), last = first;
        start(m);
        tap_case("many ranges of feed %u hide none of feed %u", other, wide);
        for (int i = 0; i < NARROW; i++) {
            first.octets[3] = (unsigned char)(100 - i);
            last.octets[3] = (unsigned char)(100 + i);
            add(m, (struct indicator){
                       .kind = INDICATOR_IP, .feed = other, .first = first, .last = last});
        }
        add(m, (struct indicator){.kind = INDICATOR_IP,
                                  .feed = wide,
                                  .first = kit_ip("10.0.0.0"),
                                  .last = kit_ip("10.0.0.255")});
        build(m, 0);
        size_t n = snapshot_find_ip(m->s, &ip, 0, m->hits, ROOM);
        tap_int((long long)n, ROOM);
        for (size_t i = 0; i < n; i++) {
            narrow += m->hits[i].feed == other;
            from_wide += m->hits[i].feed == wide;
        }
        tap_int((long long)from_wide, 1);
        tap_int((long long)narrow, ROOM - 1);
        tap_ok(ip_eq(&m->hits[0].first, &m->hits[0].last) && m->hits[n - 1].feed == wide);
        stop(m);
    }
}

/* ---- the rules of the builder ---- */

static void test_merge(struct model *m)
{
    struct indicator a = {.kind = INDICATOR_DOMAIN, .confidence = INDICATOR_NO_CONFIDENCE}, b;
    start(m);
    a.key = STR("evil.example");
    a.first_seen_s = 50;
    a.last_seen_s = 60;
    a.valid_until_s = 700;
    a.label = STR("old");
    a.tlp = TLP_AMBER;
    b = a;
    b.first_seen_s = 0;
    b.last_seen_s = 80;
    b.valid_until_s = 900;
    b.confidence = 10;
    b.label = STR("new");
    b.tlp = TLP_CLEAR;
    tap_case("the same value of a feed twice is one entry");
    add(m, a);
    add(m, b);
    b.confidence = 90;
    b.last_seen_s = 70;
    add(m, b);
    b.feed = 1;
    b.valid_until_s = 0;
    add(m, b);
    build(m, 0);
    tap_int(snapshot_find(m->s, INDICATOR_DOMAIN, a.key, 0, m->hits, HITS), 2);
    tap_int(m->hits[0].first_seen_s, 50);
    tap_int(m->hits[0].last_seen_s, 80);
    tap_int(m->hits[0].valid_until_s, 900);
    tap_int(m->hits[0].confidence, 90);
    tap_int(m->hits[0].tlp, TLP_AMBER);
    tap_str(m->hits[0].label, STR("new"));
    tap_int(m->hits[1].feed, 1);
    tap_int(m->hits[1].valid_until_s, 0);
    tap_case("an entry holds until its last second");
    tap_int(snapshot_find(m->s, INDICATOR_DOMAIN, a.key, 900, m->hits, HITS), 2);
    tap_int(snapshot_find(m->s, INDICATOR_DOMAIN, a.key, 901, m->hits, HITS), 1);
    stop(m);

    tap_case("what had expired is not in it");
    start(m);
    add(m, a);
    b.valid_until_s = 699;
    add(m, b);
    build(m, 700);
    tap_int(snapshot_count(m->s, INDICATOR_DOMAIN), 1);
    tap_int(snapshot_find(m->s, INDICATOR_DOMAIN, a.key, 0, m->hits, HITS), 1);
    stop(m);
}

static void test_limits(struct model *m)
{
    struct snapshot_builder *b = NULL;
    struct snapshot_feed feed = {.name = STR("one"), .tlp = TLP_AMBER};
    struct indicator i;
    char text[300];
    uint16_t number = 9;
    start(m);
    i = kit_indicator(&m->arena, INDICATOR_URL, 1);
    tap_case("refused by the builder");
    tap_int(snapshot_builder_new(1, &b, NULL), MP_OK);
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_USAGE); /* no feed */
    tap_int(snapshot_builder_feed(b, &feed, &number, NULL), MP_OK);
    i.key = STR_NONE;
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_USAGE);
    i.kind = INDICATOR_IP;
    i.first = kit_ip("192.0.2.2");
    i.last = kit_ip("192.0.2.1");
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_USAGE);
    i.last = kit_ip("2001:db8::1");
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_USAGE);
    i.kind = INDICATOR_KIND_COUNT;
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_USAGE);

    tap_case("long texts are cut, times kept in their span, the feed's TLP taken");
    memset(text, 'x', sizeof text);
    memcpy(text + INDICATOR_MAX_LABEL_BYTES - 1, "\xc3\xa9", 2);
    i = kit_indicator(&m->arena, INDICATOR_URL, 1);
    i.id = i.label = str_make(text, sizeof text);
    i.first_seen_s = -5;
    i.valid_until_s = INT64_MAX;
    tap_int(snapshot_builder_add(b, &i, NULL), MP_OK);
    tap_case("as many as allowed");
    tap_int(snapshot_builder_add(b, &i, NULL), MP_E_LIMIT);
    tap_int(snapshot_builder_write(b, 0, kit_write, &m->file, NULL), MP_OK);
    tap_int(snapshot_open(buf_str(&m->file), &m->s, NULL), MP_OK);
    tap_int(snapshot_find(m->s, INDICATOR_URL, i.key, 0, m->hits, HITS), 1);
    tap_int(m->hits[0].label.n, INDICATOR_MAX_LABEL_BYTES - 1);
    tap_int(m->hits[0].id.n, INDICATOR_MAX_LABEL_BYTES - 1);
    tap_int(m->hits[0].first_seen_s, 1);
    tap_int(m->hits[0].valid_until_s, UINT32_MAX);
    tap_int(m->hits[0].tlp, TLP_AMBER);

    tap_case("a builder is empty when it has written");
    buf_reset(&m->file);
    tap_int(snapshot_builder_write(b, 0, kit_write, &m->file, NULL), MP_OK);
    snapshot_close(m->s);
    tap_int(snapshot_open(buf_str(&m->file), &m->s, NULL), MP_OK);
    tap_int(snapshot_count(m->s, INDICATOR_URL), 0);
    tap_int(snapshot_feeds(m->s), 1);
    tap_int(snapshot_find(m->s, INDICATOR_URL, i.key, 0, m->hits, HITS), 0);
    tap_int(snapshot_find_ip(m->s, &i.first, 0, m->hits, HITS), 0);

    tap_case("a failure of the writer ends all");
    struct buf small;
    struct mp_err err = {0};
    buf_init(&small, 100);
    tap_int(snapshot_builder_write(b, 0, kit_write, &small, &err), MP_E_NOMEM);
    tap_cstr(err.text, "the buffer is full");
    buf_clear(&small);
    snapshot_builder_free(b);
    stop(m);
}

int main(void)
{
    struct model *m = calloc(1, sizeof *m);
    if (m == NULL)
        return 1;
    test_values(m);
    test_many(m);
    test_ranges(m);
    test_wide_before(m);
    test_crowd(m);
    test_merge(m);
    test_limits(m);
    free(m);
    return tap_done();
}
