/* Indicators and pages as bytes, for the way from a worker to us. Little-endian; what is read is
 * checked as if a stranger had written it. */
#include "base/buf.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "intel/feed.h"

enum {
    PAGE_MORE = 1, /* bits of a page */
    PAGE_CUT = 2
};

static const size_t hash_octets[INDICATOR_KIND_COUNT] = {
    [INDICATOR_MD5] = 16, [INDICATOR_SHA1] = 20, [INDICATOR_SHA256] = 32};

/* ---- writing ---- */

static void put(struct buf *out, uint64_t v, size_t octets)
{
    for (size_t i = 0; i < octets; i++)
        buf_addc(out, (char)(v >> 8 * i & 0xff));
}

static void put_text(struct buf *out, struct str s)
{
    put(out, s.n, 2);
    buf_add(out, s);
}

static size_t ip_octets(enum ip_family family)
{
    return family == IP_V4 ? 4 : family == IP_V6 ? 16 : 0;
}

static void put_value(struct buf *out, const struct indicator *i)
{
    if (i->kind == INDICATOR_IP) {
        size_t n = ip_octets(i->first.family);
        put(out, i->first.family, 1);
        buf_add(out, str_make((const char *)i->first.octets, n));
        buf_add(out, str_make((const char *)i->last.octets, n));
    } else if (hash_octets[i->kind] != 0) {
        buf_add(out, str_make((const char *)i->hash, hash_octets[i->kind]));
    } else {
        put_text(out, i->key);
    }
}

void indicator_pack(struct buf *out, const struct indicator *i)
{
    put(out, i->kind, 1);
    put(out, i->confidence, 1);
    put(out, i->tlp, 1);
    put(out, (uint64_t)i->first_seen_s, 8);
    put(out, (uint64_t)i->last_seen_s, 8);
    put(out, (uint64_t)i->valid_until_s, 8);
    put_value(out, i);
    put_text(out, utf8_cut(i->id, INDICATOR_MAX_LABEL_BYTES));
    put_text(out, utf8_cut(i->label, INDICATOR_MAX_LABEL_BYTES));
}

void feed_page_pack(struct buf *out, const struct feed_page *page)
{
    const struct feed_counts *c = &page->counts;
    const uint64_t counts[] = {c->entries, c->lines,   c->refused, c->expired,
                               c->low,     c->revoked, c->compound};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        put(out, counts[i], 8);
    put(out, (page->more ? PAGE_MORE : 0u) | (c->cut ? PAGE_CUT : 0u), 1);
    put(out, (uint64_t)page->newest_s, 8);
    put_text(out, utf8_cut(page->why, FEED_MAX_WHY_BYTES));
    put_text(out, page->next.n <= FEED_MAX_NEXT_BYTES ? page->next : STR_NONE);
}

/* ---- reading ---- */

/* What is left of the input; `bad` once something was not there. */
struct input {
    struct str left;
    bool bad;
};

static struct str take(struct input *in, size_t n)
{
    if (in->bad || in->left.n < n) {
        in->bad = true;
        return STR_NONE;
    }
    struct str s = str_slice(in->left, 0, n);
    in->left = str_slice(in->left, n, in->left.n);
    return s;
}

static uint64_t take_number(struct input *in, size_t octets)
{
    return le64_at(take(in, octets), 0); /* what lies outside reads as zero */
}

static int64_t take_time(struct input *in)
{
    uint64_t v = take_number(in, 8);
    if (v > INT64_MAX)
        in->bad = true;
    return in->bad ? 0 : (int64_t)v;
}

static struct str take_text(struct input *in, size_t max)
{
    size_t n = (size_t)take_number(in, 2);
    if (n > max)
        in->bad = true;
    return take(in, n);
}

/* Of a normal form: there is no space and no control character in any. */
static bool key_ok(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] <= ' ' || key.p[i] == 0x7f)
            return false;
    return key.n > 0 && utf8_valid(key);
}

static void take_range(struct input *in, struct indicator *i)
{
    enum ip_family family = (enum ip_family)take_number(in, 1);
    size_t n = ip_octets(family);
    struct str first = take(in, n), last = take(in, n);
    if (n == 0 || in->bad || str_cmp(first, last) > 0) {
        in->bad = true;
        return;
    }
    i->first.family = i->last.family = family;
    memcpy(i->first.octets, first.p, n);
    memcpy(i->last.octets, last.p, n);
}

static void take_value(struct input *in, struct indicator *i)
{
    if (i->kind == INDICATOR_IP) {
        take_range(in, i);
    } else if (hash_octets[i->kind] != 0) {
        struct str hash = take(in, hash_octets[i->kind]);
        if (!in->bad)
            memcpy(i->hash, hash.p, hash.n);
    } else {
        i->key = take_text(in, INDICATOR_MAX_KEY_BYTES);
        in->bad |= !key_ok(i->key);
    }
}

int indicator_unpack(struct str *left, struct indicator *out, struct mp_err *err)
{
    struct input in = {.left = *left};
    struct indicator i = {0};
    uint64_t kind = take_number(&in, 1);
    i.confidence = (uint8_t)take_number(&in, 1);
    uint64_t tlp = take_number(&in, 1);
    i.first_seen_s = take_time(&in);
    i.last_seen_s = take_time(&in);
    i.valid_until_s = take_time(&in);
    in.bad |= kind >= INDICATOR_KIND_COUNT || tlp >= TLP_COUNT ||
              (i.confidence > 100 && i.confidence != INDICATOR_NO_CONFIDENCE);
    if (!in.bad) {
        i.kind = (enum indicator_kind)kind;
        i.tlp = (enum tlp)tlp;
        take_value(&in, &i);
    }
    i.id = take_text(&in, INDICATOR_MAX_LABEL_BYTES);
    i.label = take_text(&in, INDICATOR_MAX_LABEL_BYTES);
    if (in.bad || !utf8_valid(i.id) || !utf8_valid(i.label))
        return mp_fail(err, MP_E_SYNTAX, 0, "an entry of a worker is damaged");
    *out = i;
    *left = in.left;
    return MP_OK;
}

int feed_page_unpack(struct str *left, struct feed_page *out, struct mp_err *err)
{
    struct input in = {.left = *left};
    struct feed_page page = {0};
    struct feed_counts *c = &page.counts;
    uint64_t *const counts[] = {&c->entries, &c->lines,   &c->refused, &c->expired,
                                &c->low,     &c->revoked, &c->compound};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        *counts[i] = take_number(&in, 8);
    uint64_t bits = take_number(&in, 1);
    page.more = bits & PAGE_MORE;
    c->cut = bits & PAGE_CUT;
    page.newest_s = take_time(&in);
    page.why = take_text(&in, FEED_MAX_WHY_BYTES);
    page.next = take_text(&in, FEED_MAX_NEXT_BYTES);
    if (in.bad || bits > (PAGE_MORE | PAGE_CUT) || !utf8_valid(page.why))
        return mp_fail(err, MP_E_SYNTAX, 0, "the counts of a worker are damaged");
    *out = page;
    *left = in.left;
    return MP_OK;
}
