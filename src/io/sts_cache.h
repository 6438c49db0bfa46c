/* MTA-STS policies kept between runs (RFC 8461 3.3): one small file a domain, written whole. */
#ifndef MP_IO_STS_CACHE_H
#define MP_IO_STS_CACHE_H

#include "base/arena.h"
#include "base/err.h"

struct sts_cached {
    struct str id, body; /* of the record, of the policy file, as fetched */
    int64_t fetched_s;
    uint32_t max_age_s;
};

/* `dir` is made (0700) when absent. A domain is one file; its name cannot leave the directory.
 * *found is false when there is none, it is too old (fetched + max_age <= now), or broken (a broken
 * file counts as none and is replaced by the next store). MP_E_IO only for the directory. */
int sts_cache_load(struct arena *a, const char *dir, struct str domain, int64_t now_s,
                   struct sts_cached *out, bool *found, struct mp_err *err);
/* Written beside, fsynced, renamed: a reader sees the old one or the new one. */
int sts_cache_store(const char *dir, struct str domain, const struct sts_cached *entry,
                    struct mp_err *err);

#endif
