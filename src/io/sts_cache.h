/* MTA-STS policies kept between runs (RFC 8461 3.3): one small file a domain, written whole. */
#ifndef MP_IO_STS_CACHE_H
#define MP_IO_STS_CACHE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    STS_CACHE_BODY_MAX = 64 * 1024, /* RFC 8461 3.3 suggests this limit for a policy */
    STS_CACHE_ID_MAX = 32,
    STS_CACHE_MAX_AGE_S = 31557600 /* 3.2: a policy may not live longer */
};

struct sts_cached {
    struct str id, body; /* of the record, of the policy file, as fetched */
    int64_t fetched_s;
    uint32_t max_age_s;
};

/* A domain is one file, named after the hash of its name: no name can leave the directory.
 * *found is false when there is none, it is too old (fetched + max_age <= now) or from the future,
 * the domain is none, or the file is broken (that counts as none, and the next store replaces it).
 * MP_E_IO: the directory cannot be used, or someone else could write into it and so choose policies
 * for us. One that is absent is empty. */
int sts_cache_load(struct arena *a, const char *dir, struct str domain, int64_t now_s,
                   struct sts_cached *out, bool *found, struct mp_err *err);
/* `dir` is made (0700) when absent. Written beside, fsynced, renamed: a reader sees the old one or
 * the new one. MP_E_USAGE: no domain name, no id (1 to 32 letters and digits), a body, age or time
 * beyond the limits. */
int sts_cache_store(const char *dir, struct str domain, const struct sts_cached *entry,
                    struct mp_err *err);

#endif
