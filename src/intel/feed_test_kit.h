/* For tests of feeds: what a feed is read into, one line an entry. */
#ifndef MP_INTEL_FEED_TEST_KIT_H
#define MP_INTEL_FEED_TEST_KIT_H

#include "base/buf.h"
#include "intel/feed.h"
#include "tests/tap.h"

enum { KIT_NOW_S = 1764424366 /* 2025-11-29T13:52:46Z */ };

struct feed_kit {
    struct arena arena;
    struct buf got; /* "ip 192.0.2.1\n" ... */
    struct feed_page page;
    struct mp_err err;
    bool details; /* lines with " id=", " label=", " first=", ... of what is told */
    uint64_t stop_after;
};

static inline void kit_begin(struct feed_kit *k)
{
    *k = (struct feed_kit){.details = false};
    arena_init(&k->arena, 16 << 20);
    buf_init(&k->got, 16 << 20);
}

static inline void kit_end(struct feed_kit *k)
{
    arena_clear(&k->arena);
    buf_clear(&k->got);
}

static inline struct feed kit_feed(enum feed_format format, enum indicator_kind kind)
{
    return (struct feed){
        .name = STR("test"), .format = format, .kind = kind, .confidence = INDICATOR_NO_CONFIDENCE};
}

static inline void kit_time(struct buf *b, const char *what, int64_t t)
{
    if (t != 0)
        buf_addf(b, " %s=%lld", what, (long long)t);
}

static inline int kit_entry(void *ctx, const struct indicator *i, struct mp_err *err)
{
    struct feed_kit *k = ctx;
    struct str text = indicator_text(&k->arena, i);
    buf_addf(&k->got, "%s " STR_FMT, indicator_kind_name(i->kind), STR_ARG(text));
    if (k->details) {
        if (i->id.n > 0)
            buf_addf(&k->got, " id=" STR_FMT, STR_ARG(i->id));
        if (i->label.n > 0)
            buf_addf(&k->got, " label=" STR_FMT, STR_ARG(i->label));
        kit_time(&k->got, "first", i->first_seen_s);
        kit_time(&k->got, "last", i->last_seen_s);
        kit_time(&k->got, "until", i->valid_until_s);
        if (i->confidence != INDICATOR_NO_CONFIDENCE)
            buf_addf(&k->got, " confidence=%u", i->confidence);
        if (i->tlp != TLP_UNKNOWN)
            buf_addf(&k->got, " tlp=%s", tlp_name(i->tlp));
    }
    buf_addc(&k->got, '\n');
    if (k->stop_after > 0 && --k->stop_after == 0)
        return mp_fail(err, MP_E_LIMIT, 7, "enough");
    return MP_OK;
}

static inline int kit_read(struct feed_kit *k, const struct feed *feed, struct str bytes)
{
    arena_reset(&k->arena);
    buf_reset(&k->got);
    k->err = (struct mp_err){0};
    k->page = (struct feed_page){.newest_s = -1};
    return feed_read(&k->arena, feed, bytes, KIT_NOW_S, kit_entry, k, &k->page, &k->err);
}

/* The feed gives these entries, and refuses so many records. */
static inline void kit_want(struct feed_kit *k, const struct feed *feed, struct str bytes,
                            const char *want, uint64_t refused)
{
    if (!tap_int(kit_read(k, feed, bytes), MP_OK))
        tap_note("%s", k->err.text);
    tap_str(buf_str(&k->got), str_from(want));
    if (!tap_int((int64_t)k->page.counts.refused, (int64_t)refused))
        tap_note("why: " STR_FMT, STR_ARG(k->page.why));
}

/* It is refused as a whole. */
static inline void kit_fail(struct feed_kit *k, const struct feed *feed, struct str bytes,
                            const char *want)
{
    tap_int(kit_read(k, feed, bytes), MP_E_SYNTAX);
    tap_cstr(k->err.text, want);
    tap_int(k->page.newest_s, -1); /* nothing was written */
}

#endif
