/* Entries and pages on their way from a worker: what goes in comes out, and damage is seen. */
#include <stdlib.h>

#include "base/buf.h"
#include "intel/feed.h"
#include "tests/tap.h"

static struct arena arena;

static bool same(const struct indicator *a, const struct indicator *b)
{
    bool times = a->first_seen_s == b->first_seen_s && a->last_seen_s == b->last_seen_s &&
                 a->valid_until_s == b->valid_until_s;
    bool value = str_eq(a->key, b->key) && ip_eq(&a->first, &b->first) &&
                 ip_eq(&a->last, &b->last) && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
    return a->kind == b->kind && a->confidence == b->confidence && a->tlp == b->tlp && times &&
           value && str_eq(a->id, b->id) && str_eq(a->label, b->label);
}

static const char *const values[] = {
    "http://example.com/a?b=c",
    "a.example.com",
    "192.0.2.0/24",
    "192.0.2.1 - 192.0.2.9",
    "2001:db8::/32",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "joe@example.com",
};

static struct indicator made(size_t n)
{
    struct mp_err err = {0};
    struct indicator i = {.confidence = n % 2 ? INDICATOR_NO_CONFIDENCE : (uint8_t)(10 * n),
                          .tlp = (enum tlp)(n % TLP_COUNT),
                          .first_seen_s = (int64_t)n,
                          .last_seen_s = INT64_MAX,
                          .valid_until_s = n % 3 ? 0 : 1764424366,
                          .id = n % 2 ? STR_NONE : STR("indicator--1"),
                          .label = STR("Some \xc3\xa4 RAT")};
    tap_int(indicator_read(&arena, INDICATOR_KIND_COUNT, str_from(values[n]), &i, &err), MP_OK);
    return i;
}

static void round_trip(void)
{
    struct buf b;
    struct mp_err err = {0};
    tap_case("entries of all kinds, one behind the other");
    buf_init(&b, 1 << 20);
    for (size_t n = 0; n < ARRAY_LEN(values); n++) {
        struct indicator i = made(n);
        indicator_pack(&b, &i);
    }
    struct str left = buf_str(&b);
    for (size_t n = 0; n < ARRAY_LEN(values); n++) {
        struct indicator want = made(n), got;
        tap_int(indicator_unpack(&left, &got, &err), MP_OK);
        tap_ok(same(&want, &got));
    }
    tap_int((int64_t)left.n, 0);
    tap_case("a page");
    struct feed_page page = {.counts = {1, 2, 3, 4, 5, 6, UINT64_MAX, true},
                             .why = STR("line 7: x"),
                             .more = true,
                             .next = STR("a\0b"),
                             .newest_s = 9},
                     got;
    buf_reset(&b);
    feed_page_pack(&b, &page);
    left = buf_str(&b);
    tap_int(feed_page_unpack(&left, &got, &err), MP_OK);
    tap_ok(got.counts.entries == 1 && got.counts.lines == 2 && got.counts.refused == 3 &&
           got.counts.expired == 4 && got.counts.low == 5 && got.counts.revoked == 6 &&
           got.counts.compound == UINT64_MAX && got.counts.cut);
    tap_str(got.why, page.why);
    tap_str(got.next, page.next);
    tap_ok(got.more && got.newest_s == 9 && left.n == 0);
    buf_clear(&b);
}

static void cut_short(void)
{
    struct buf b;
    struct mp_err err = {0};
    buf_init(&b, 1 << 20);
    for (size_t n = 0; n < ARRAY_LEN(values); n++) {
        struct indicator i = made(n), got = {.confidence = 7};
        buf_reset(&b);
        indicator_pack(&b, &i);
        tap_case("cut at each byte: %s", values[n]);
        for (size_t at = 0; at < b.n; at++) {
            char *copy = malloc(at + 1);
            memcpy(copy, b.p, at);
            struct str left = str_make(copy, at);
            tap_int(indicator_unpack(&left, &got, &err), MP_E_SYNTAX);
            tap_int((int64_t)left.n, (int64_t)at);
            free(copy);
        }
        tap_int(got.confidence, 7);
    }
    buf_clear(&b);
}

/* One octet of a packed domain or address is another. */
static void damaged(void)
{
    static const struct {
        const char *label;
        size_t value, at;
        int octet;
    } rows[] = {
        {"a kind that is none", 1, 0, INDICATOR_KIND_COUNT},
        {"a confidence above all", 1, 1, 101},
        {"a label of TLP that is none", 1, 2, TLP_COUNT},
        {"a time before 1970", 1, 10, 0x80},
        {"an empty key", 1, 27, 0},
        {"a key longer than all", 1, 28, 0x40},
        {"a blank in a key", 1, 30, ' '},
        {"a key that is no UTF-8", 1, 30, 0xff},
        {"a family of addresses that is none", 2, 27, 5},
        {"a range that ends before it begins", 2, 28, 193},
    };
    struct buf b;
    struct mp_err err = {0};
    buf_init(&b, 4096);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct indicator in = made(rows[i].value), got;
        buf_reset(&b);
        indicator_pack(&b, &in);
        struct str left = buf_str(&b);
        tap_case("damage: %s", rows[i].label);
        tap_int(indicator_unpack(&left, &got, &err), MP_OK);
        b.p[rows[i].at] = (char)rows[i].octet;
        left = buf_str(&b);
        tap_int(indicator_unpack(&left, &got, &err), MP_E_SYNTAX);
    }
    tap_case("damage: a label that is no UTF-8, of a page too");
    struct indicator in = made(1), got;
    buf_reset(&b);
    indicator_pack(&b, &in);
    b.p[b.n - 1] = (char)0xff;
    struct str left = buf_str(&b);
    tap_int(indicator_unpack(&left, &got, &err), MP_E_SYNTAX);
    struct feed_page page = {.why = STR("x")}, page_got;
    buf_reset(&b);
    feed_page_pack(&b, &page);
    b.p[b.n - 3] = (char)0xff;
    left = buf_str(&b);
    tap_int(feed_page_unpack(&left, &page_got, &err), MP_E_SYNTAX);
    buf_clear(&b);
}

static void too_long(void)
{
    char many[2 * INDICATOR_MAX_LABEL_BYTES];
    struct buf b;
    struct mp_err err = {0};
    memset(many, 'a', sizeof many);
    memcpy(many + INDICATOR_MAX_LABEL_BYTES - 1, "\xc3\xa4", 2);
    struct indicator in = made(1), got;
    in.id = in.label = str_make(many, sizeof many);
    buf_init(&b, 4096);
    indicator_pack(&b, &in);
    struct str left = buf_str(&b);
    tap_case("texts that are too long are cut, no character in two");
    tap_int(indicator_unpack(&left, &got, &err), MP_OK);
    tap_int((int64_t)got.label.n, INDICATOR_MAX_LABEL_BYTES - 1);
    buf_clear(&b);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    round_trip();
    cut_short();
    damaged();
    too_long();
    arena_clear(&arena);
    return tap_done();
}
