/* The form of one cached policy, apart from where it lies: for its test and its fuzz target. */
#ifndef MP_IO_STS_CACHE_INTERNAL_H
#define MP_IO_STS_CACHE_INTERNAL_H

#include "base/buf.h"
#include "io/sts_cache.h"

enum { STS_FILE_MAX_BYTES = STS_CACHE_BODY_MAX + 1024 };

/* The whole file, as sts_cache_write made it for that domain (lower case). Views into the file.
 * False: broken in any way, or another domain's. */
bool sts_cache_parse(struct str file, struct str domain, struct sts_cached *out);
/* False: what could not be read again (see sts_cache_store). */
bool sts_cache_write(struct buf *out, struct str domain, const struct sts_cached *entry);

/* Where a domain lies: the hash of its name. False when it is no domain name, or too long a
 * directory. `lower` gets the name in lower case. */
enum { STS_PATH_MAX = 4096, STS_DOMAIN_TEXT_MAX = 256 };
bool sts_cache_path(const char *dir, struct str domain, char path[STS_PATH_MAX],
                    char lower[STS_DOMAIN_TEXT_MAX]);

#endif
