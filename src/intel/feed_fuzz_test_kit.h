/* For fuzz targets of feeds: any bytes are refused with a reason, or give entries that come whole
 * out of what a worker sends. */
#ifndef MP_INTEL_FEED_FUZZ_TEST_KIT_H
#define MP_INTEL_FEED_FUZZ_TEST_KIT_H

#include <stdlib.h>

#include "base/buf.h"
#include "intel/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int fuzz_entry(void *ctx, const struct indicator *i, struct mp_err *err)
{
    uint64_t *entries = ctx;
    struct indicator back;
    struct buf b;
    buf_init(&b, 8192);
    indicator_pack(&b, i);
    struct str left = buf_str(&b);
    if (indicator_unpack(&left, &back, err) != MP_OK || left.n != 0 || back.kind != i->kind ||
        !str_eq(back.key, i->key))
        abort();
    buf_clear(&b);
    ++*entries;
    return MP_OK;
}

static inline int fuzz_feed(struct feed feed, const uint8_t *data, size_t size)
{
    struct arena arena;
    struct feed_page page, back;
    struct mp_err err = {0};
    struct buf b;
    uint64_t entries = 0;
    arena_init(&arena, 16 << 20);
    buf_init(&b, 8192);
    int st = feed_read(&arena, &feed, str_make((const char *)data, size), 1764424366, fuzz_entry,
                       &entries, &page, &err);
    if (st == MP_OK ? page.counts.entries != entries : err.text[0] == '\0')
        abort();
    if (st == MP_OK) {
        feed_page_pack(&b, &page);
        struct str left = buf_str(&b);
        if (feed_page_unpack(&left, &back, &err) != MP_OK || left.n != 0)
            abort();
    }
    buf_clear(&b);
    arena_clear(&arena);
    return 0;
}

#endif
