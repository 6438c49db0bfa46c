/* Feeds that come packed: one compressed file, or a ZIP with one file in it. */
#ifndef MP_FEEDS_UNPACK_H
#define MP_FEEDS_UNPACK_H

#include "base/buf.h"
#include "base/err.h"

enum { UNPACK_MAX_FILTERS = 2 /* compressions around each other */ };

/* Is it gzip, bzip2, xz, zstd or ZIP by its first bytes? No text of a feed begins so. */
bool feed_is_packed(struct str bytes);

/* What is packed in it, into `out` (its maximum bounds it). For workers: libarchive reads it.
 * MP_OK; MP_E_SYNTAX: damaged, cut, encrypted, or not one file; MP_E_LIMIT: more than `out` takes;
 * MP_E_NOMEM. */
int feed_unpack(struct str bytes, struct buf *out, struct mp_err *err);

#endif
