/* What is kept of a feed between runs: a small text file, and the entries of its last good copy
 * beside it. */
#ifndef MP_FEEDS_STATE_H
#define MP_FEEDS_STATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    FEED_STATE_MAX_BYTES = 64 * 1024,
    FEED_STATE_MAX_VALUE_BYTES = 2048 /* of one line; what is longer is not kept */
};

/* All zero and empty: never asked. */
struct feed_state {
    struct str definition;          /* SHA-256 of what the copy was read by */
    struct str etag, last_modified; /* of the copy, for the next request */
    struct str cursor; /* TAXII: added_after of the next request; MISP and "{since}": Unix time */
    struct str copy;   /* SHA-256 of the file of entries; empty: there is none */
    struct str source; /* SHA-256 of what was fetched */
    struct str reason; /* why the last attempt failed; empty: it did not */
    int64_t checked_s; /* the last attempt */
    int64_t success_s; /* the last time when the copy was known to be the feed's present one */
    int64_t whole_s; /* of feeds that tell only news: the last time it was fetched from the start */
    int64_t next_s;  /* not asked before */
    int64_t failures; /* in a row */
    int64_t outcome;  /* of the last attempt: enum update_outcome */
    int64_t entries;  /* in the copy */
    int64_t copy_bytes;
};

/* `name` of letters, digits and "-"; `dir` is where the states of all feeds are. *out is zero when
 * there is none, or it is broken (then all is fetched anew). Texts in `arena`. MP_E_NOMEM; MP_E_IO:
 * the directory is not ours alone. */
int feed_state_load(struct arena *arena, const char *dir, struct str name, struct feed_state *out,
                    struct mp_err *err);

/* `packed`: the new copy, whose hash and length are then filled in; NULL: that of before stays.
 * Killed at any point, state and copy belong together. The directory is made when absent.
 * MP_E_IO, MP_E_NOMEM, MP_E_CRYPTO. */
int feed_state_save(struct arena *arena, const char *dir, struct str name, struct feed_state *state,
                    const struct str *packed, struct mp_err *err);

/* Take away what a run that was killed left half written. For whoever holds the lock of a run. */
void feed_state_sweep(const char *dir);

/* The last good copy, mapped. */
struct feed_copy {
    struct str packed;
    void *map;
    size_t map_bytes;
};
/* False: there is none, or it is not the one that the state tells. */
bool feed_copy_open(const char *dir, struct str name, const struct feed_state *state,
                    struct feed_copy *out);
void feed_copy_close(struct feed_copy *copy); /* accepts one that was never opened, all zero */

#endif
