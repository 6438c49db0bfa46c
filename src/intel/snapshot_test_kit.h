/* Snapshots in memory, for the tests and the fuzz target of this room. */
#ifndef MP_INTEL_SNAPSHOT_TEST_KIT_H
#define MP_INTEL_SNAPSHOT_TEST_KIT_H

#include "base/buf.h"
#include "intel/snapshot.h"

static inline int kit_write(void *ctx, struct str piece, struct mp_err *err)
{
    struct buf *b = ctx;
    buf_add(b, piece);
    return b->failed ? mp_fail(err, MP_E_NOMEM, 0, "the buffer is full") : MP_OK;
}

static inline uint32_t kit_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static inline struct ip kit_ip(const char *text)
{
    struct ip ip = {0};
    ip_parse(str_from(text), &ip);
    return ip;
}

/* A value of `kind`: the `n`th one. */
static inline struct indicator kit_indicator(struct arena *a, enum indicator_kind kind, unsigned n)
{
    struct indicator i = {.kind = kind, .confidence = INDICATOR_NO_CONFIDENCE};
    struct ip ip = {.family = IP_V4,
                    .octets = {198, 18, (unsigned char)(n >> 8), (unsigned char)n}};
    i.first = i.last = ip;
    memcpy(i.hash, &n, sizeof n);
    if (kind == INDICATOR_URL)
        i.key = arena_fmt(a, "host%u.example/path/%u?q", n % 7, n);
    else if (kind == INDICATOR_EMAIL)
        i.key = arena_fmt(a, "joe%u@evil.example", n);
    else if (kind == INDICATOR_HOST || kind == INDICATOR_DOMAIN)
        i.key = arena_fmt(a, "h%u.evil.example", n);
    return i;
}

#endif
