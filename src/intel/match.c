/* Links, hosts, addresses, mailboxes and files of a mail, looked up in the store. */
#include "intel/match.h"

#include "intel/match_internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/utf8.h"

enum {
    SHOWN_BYTES = 80, /* of the value in a finding */
    LABEL_BYTES = 40, /* of what the feed says of it */
    OTHERS_SHOWN = 3, /* feeds that have it too */
    DATE_TEXT = 10,   /* "2026-11-29" */
    ASKED_AT_ONCE = 8 * KEYS_OF_ITEM
};

const char *key_match_name(enum key_match m)
{
    static const char *const names[] = {[KEY_EXACT] = "exact",
                                        [KEY_NO_QUERY] = "without-query",
                                        [KEY_BELOW] = "folder",
                                        [KEY_HOST] = "host",
                                        [KEY_PARENT] = "parent-domain"};
    return names[m];
}

/* Findings that hits are told as, in the order of one item's. */
static const enum finding_id told_ids[] = {FINDING_INTEL_URL, FINDING_INTEL_DOMAIN,
                                           FINDING_INTEL_IP, FINDING_INTEL_HASH,
                                           FINDING_INTEL_EMAIL};
enum { TOLD_IDS = sizeof told_ids / sizeof told_ids[0] };

/* Of one of them: as many as there will be findings. Were these simply the first ones, a mail could
 * hide what is grave behind links that are known to be a little bad. */
struct told {
    struct intel_hit hits[FINDINGS_PER_KIND_MAX];
    size_t n;
    bool has_worst;
    struct intel_hit worst; /* of the item at hand */
};

/* What the store is asked in one go. */
struct asked {
    struct intel_key keys[ASKED_AT_ONCE];
    size_t items[ASKED_AT_ONCE]; /* whose they are */
};

struct matcher {
    struct arena *arena;
    const struct snapshot *s;
    const struct intel_item *items;
    int64_t now_s;
    struct finding_list *findings;
    struct intel_hits *out;
    struct told told[TOLD_IDS];
    const struct asked *asked;
    size_t current; /* the item at hand */
    int status;
    struct mp_err *err;
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for what is known about the message");
}

/* ---- collecting ---- */

static bool same_indicator(const struct indicator *a, const struct indicator *b)
{
    if (a->kind != b->kind || a->feed != b->feed || !str_eq(a->key, b->key))
        return false;
    if (a->kind == INDICATOR_IP)
        return ip_eq(&a->first, &b->first) && ip_eq(&a->last, &b->last);
    return memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

static bool is_known(const struct intel_hits *hits, const struct indicator *i)
{
    for (size_t k = 0; k < hits->n; k++)
        if (same_indicator(&hits->items[k].indicator, i))
            return true;
    return false;
}

static enum finding_id finding_of(enum indicator_kind kind)
{
    static const enum finding_id ids[INDICATOR_KIND_COUNT] = {
        [INDICATOR_URL] = FINDING_INTEL_URL,       [INDICATOR_HOST] = FINDING_INTEL_DOMAIN,
        [INDICATOR_DOMAIN] = FINDING_INTEL_DOMAIN, [INDICATOR_IP] = FINDING_INTEL_IP,
        [INDICATOR_MD5] = FINDING_INTEL_HASH,      [INDICATOR_SHA1] = FINDING_INTEL_HASH,
        [INDICATOR_SHA256] = FINDING_INTEL_HASH,   [INDICATOR_EMAIL] = FINDING_INTEL_EMAIL};
    return ids[kind];
}

/* Of the hits of one item: of each kind of finding the gravest. */
static void note_worst(struct matcher *m, const struct intel_hit *h)
{
    for (size_t k = 0; k < TOLD_IDS; k++) {
        struct told *t = &m->told[k];
        if (finding_of(h->indicator.kind) != told_ids[k] ||
            (t->has_worst && h->feed.severity <= t->worst.feed.severity))
            continue;
        t->worst = *h;
        t->has_worst = true;
    }
}

static int append(struct matcher *m, const struct intel_hit *h, struct mp_err *err)
{
    struct intel_hits *hits = m->out;
    if (hits->n == INTEL_MAX_HITS) {
        hits->dropped++;
        return MP_OK;
    }
    struct intel_hit *items = list_room(m->arena, hits->items, hits->n, &hits->cap, sizeof *items);
    if (items == NULL)
        return no_memory(err);
    hits->items = items;
    items[hits->n++] = *h;
    return MP_OK;
}

static void end_item(struct matcher *m);

/* A snapshot_hit_fn: in the order of items. */
static void keep(void *ctx, size_t which, const struct indicator *found)
{
    struct matcher *m = ctx;
    const struct asked *a = m->asked;
    struct intel_hit h = {.indicator = *found,
                          .match = a->keys[which].match,
                          .item = a->items[which]};
    if (h.item != m->current)
        end_item(m);
    m->current = h.item;
    if (m->status != MP_OK || is_known(m->out, found) ||
        !snapshot_feed_at(m->s, found->feed, &h.feed))
        return;
    h.stale = h.feed.stale_s > 0 && h.feed.fetched_s + h.feed.stale_s < m->now_s;
    note_worst(m, &h);
    m->status = append(m, &h, m->err);
}

/* The keys of many items at once: the store is faster then. */
static int find_all(struct matcher *m, size_t n)
{
    struct asked a;
    m->asked = &a;
    for (size_t i = 0; m->status == MP_OK && i < n;) {
        size_t keys = 0;
        for (; m->status == MP_OK && i < n && keys + KEYS_OF_ITEM <= ASKED_AT_ONCE; i++) {
            size_t more = 0;
            m->status = intel_keys_of_item(m->arena, &m->items[i], &a.keys[keys], &more, m->err);
            for (size_t k = 0; m->status == MP_OK && k < more; k++)
                a.items[keys + k] = i;
            keys += more;
        }
        if (m->status == MP_OK)
            snapshot_find_many(m->s, a.keys, keys, m->now_s, keep, m);
    }
    end_item(m);
    return m->status;
}

/* ---- telling ---- */

static void add_date(struct buf *b, const char *what, int64_t unix_s)
{
    char text[32];
    if (unix_s > 0 && unix_s < INT64_MAX / 1000 &&
        clock_ms_text(unix_s * 1000, text, sizeof text) > 0)
        buf_addf(b, ", %s %.*s", what, DATE_TEXT, text);
}

static void add_others(struct buf *b, const struct matcher *m, enum finding_id id,
                       const struct intel_hit *told)
{
    size_t n = 0;
    for (size_t i = 0; i < m->out->n && n < OTHERS_SHOWN; i++) {
        const struct intel_hit *h = &m->out->items[i];
        if (h->item != told->item || finding_of(h->indicator.kind) != id ||
            h->indicator.feed == told->indicator.feed)
            continue;
        buf_addz(b, n++ == 0 ? "; also by " : ", ");
        buf_add(b, h->feed.name);
    }
}

static void tell(struct matcher *m, enum finding_id id, const struct intel_hit *h)
{
    const struct intel_item *item = &m->items[h->item];
    const struct indicator *i = &h->indicator;
    struct str label = utf8_cut(i->label, LABEL_BYTES), value = indicator_text(m->arena, i);
    struct buf b;
    buf_init(&b, 2 * FINDING_EVIDENCE_MAX);
    buf_addf(&b, "%s " STR_FMT, item->role, STR_ARG(utf8_cut(item->text, SHOWN_BYTES)));
    if (!str_eq(value, item->text) && value.n <= SHOWN_BYTES && i->kind != INDICATOR_URL)
        buf_addf(&b, " (" STR_FMT ")", STR_ARG(value));
    buf_addf(&b, ": listed by " STR_FMT, STR_ARG(h->feed.name));
    if (label.n > 0)
        buf_addf(&b, " as " STR_FMT, STR_ARG(label));
    add_date(&b, "since", i->first_seen_s);
    add_date(&b, "seen", i->last_seen_s);
    if (i->confidence != INDICATOR_NO_CONFIDENCE)
        buf_addf(&b, ", confidence %u %%", i->confidence);
    if (i->id.n > 0)
        buf_addf(&b, ", id " STR_FMT, STR_ARG(utf8_cut(i->id, LABEL_BYTES)));
    if (h->feed.licence.n > 0)
        buf_addf(&b, ", " STR_FMT, STR_ARG(h->feed.licence));
    add_others(&b, m, id, h);
    finding_add_as(m->findings, h->feed.severity, id, item->where, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

/* Of what is too much the least grave goes, the latest first. */
static void choose(struct matcher *m, struct told *t)
{
    size_t least = 0;
    if (t->n == FINDINGS_PER_KIND_MAX) {
        for (size_t i = 1; i < t->n; i++)
            if (t->hits[i].feed.severity <= t->hits[least].feed.severity)
                least = i;
        m->findings->dropped++;
        if (t->worst.feed.severity <= t->hits[least].feed.severity)
            return;
        t->n--;
        memmove(&t->hits[least], &t->hits[least + 1], (t->n - least) * sizeof t->hits[0]);
    }
    t->hits[t->n++] = t->worst;
}

static void end_item(struct matcher *m)
{
    for (size_t k = 0; k < TOLD_IDS; k++) {
        struct told *t = &m->told[k];
        bool again = false; /* hits above their limit are not known again */
        for (size_t i = 0; i < t->n && t->has_worst; i++)
            again = again || same_indicator(&t->hits[i].indicator, &t->worst.indicator);
        if (t->has_worst && !again)
            choose(m, t);
        t->has_worst = false;
    }
}

/* In the order of items. */
static void tell_all(struct matcher *m)
{
    size_t at[TOLD_IDS] = {0};
    for (;;) {
        size_t next = TOLD_IDS;
        for (size_t k = 0; k < TOLD_IDS; k++)
            if (at[k] < m->told[k].n && (next == TOLD_IDS || m->told[k].hits[at[k]].item <
                                                                 m->told[next].hits[at[next]].item))
                next = k;
        if (next == TOLD_IDS)
            return;
        tell(m, told_ids[next], &m->told[next].hits[at[next]++]);
    }
}

int intel_match(struct arena *arena, const struct snapshot *s, const struct intel_item *items,
                size_t n, int64_t now_s, struct finding_list *findings, struct intel_hits *out,
                struct mp_err *err)
{
    struct matcher m = {.arena = arena,
                        .s = s,
                        .items = items,
                        .now_s = now_s,
                        .findings = findings,
                        .out = out,
                        .err = err};
    *out = (struct intel_hits){0};
    int st = find_all(&m, n);
    if (st == MP_OK)
        tell_all(&m);
    return st;
}

bool intel_stale(const struct snapshot *s, int64_t now_s, struct finding_list *findings)
{
    struct buf names;
    struct snapshot_feed feed;
    buf_init(&names, 2 * FINDING_EVIDENCE_MAX);
    for (size_t i = 0; snapshot_feed_at(s, i, &feed); i++)
        if (feed.stale_s > 0 && feed.fetched_s + feed.stale_s < now_s) {
            buf_addz(&names, names.n == 0 ? "" : ", ");
            buf_add(&names, feed.name);
            add_date(&names, "of", feed.fetched_s);
        }
    bool stale = names.n > 0 || names.failed;
    if (stale)
        finding_add(findings, FINDING_INTEL_STALE, NOWHERE, STR_FMT, STR_ARG(buf_str(&names)));
    buf_clear(&names);
    return stale;
}
