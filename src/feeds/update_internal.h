/* Inside of a run: what its files share. source.c: one request; pages.c: all of a feed; entries.c:
 * sets of entries; build.c: the store. */
#ifndef MP_FEEDS_UPDATE_INTERNAL_H
#define MP_FEEDS_UPDATE_INTERNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "feeds/parse.h"
#include "feeds/state.h"
#include "feeds/update.h"

enum { UPDATE_PATH_MAX = 4096 };

struct feed_run;
struct vault_lock;

struct update {
    const struct update_options *o;
    struct update_result *result;
    char states[UPDATE_PATH_MAX]; /* the directory of the feeds' states */
    struct vault_lock *vault;     /* NULL in a dry run */
    struct feed_run *runs;        /* one for each of the result, in its order */
    pthread_mutex_t lock;         /* of all below, and of o->progress and o->secret */
    size_t next;                  /* feed that nobody has taken */
    bool stopped;
    int status; /* of the first that cannot go on */
    struct mp_err err;
};

/* False: the run ends. `entries`: so far. */
bool update_tell(struct feed_run *r, enum update_phase phase, uint64_t bytes, uint64_t total,
                 uint64_t entries);

bool update_is_stopped(struct update *u);

/* What came of an attempt: `reason` without a secret. */
struct attempt {
    enum update_outcome outcome;
    struct str reason;
    int64_t retry_after_s; /* -1: not told */
};
/* Printable, in the arena of the run. Returns MP_OK or MP_E_NOMEM. */
int attempt_fail(struct feed_run *r, struct attempt *a, enum update_outcome outcome,
                 struct mp_err *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* ---- source.c ---- */

struct source_ask {
    struct str url;
    struct str body;                /* p != NULL: POST */
    struct str etag, last_modified; /* of the copy */
    size_t max_bytes;
    uint64_t so_far; /* bytes, of pages before */
};

struct source {
    struct attempt attempt; /* UPDATE_CHANGED: there are bytes; UPDATE_NOT_MODIFIED; or a failure */
    struct str bytes;       /* mapped */
    void *map;
    size_t map_bytes;
    struct str etag, last_modified, added_last;
};

bool source_is_file(struct str url, struct str *path);
/* MP_OK also for what attempt tells; MP_E_NOMEM, MP_E_IO (no place for a file). */
int source_get(struct feed_run *r, const struct source_ask *ask, struct source *out,
               struct mp_err *err);
void source_close(struct source *s);

/* ---- pages.c ---- */

/* All that a feed sent. */
struct pages {
    struct attempt attempt;
    struct str packed;   /* entries */
    struct arena memory; /* of one page; or ... */
    struct buf joined;   /* ... of several */
    struct feed_counts counts;
    struct str why;
    unsigned n;
    uint64_t bytes;
    struct str etag, last_modified, cursor, source;
};
/* One feed of one run; one thread at a time. */
struct feed_run {
    struct update *u;
    const struct feed *feed;
    struct update_feed *out;
    struct arena *arena; /* texts; lives as long as the result */
    struct feed_state state;
    struct str key;        /* p == NULL: it needs none */
    bool has_old, is_news; /* there is a copy; only what is new is asked for */
    bool redefined;        /* the copy was read by another definition */
    struct feed_copy old;
    int64_t deadline_us;
    struct pages pages;
    struct buf joined; /* copy and news together */
    struct str fresh;  /* the new copy; kept until the end of a dry run */
    bool is_fresh;
};

/* May this feed be asked for news alone? */
bool feed_tells_news(const struct feed *feed);
/* MP_OK also for what attempt tells. pages_close in any case. */
int pages_get(struct feed_run *r, struct pages *out, struct mp_err *err);
void pages_close(struct pages *p);

/* ---- entries.c ---- */

/* Hashes of kind and value, sorted, each once. Free with free(). */
struct entry_set {
    uint64_t *items;
    size_t n;
};
/* MP_E_SYNTAX: the bytes are damaged; MP_E_NOMEM. */
int entry_set_of(struct str packed, struct entry_set *out, struct mp_err *err);
struct entry_change {
    uint64_t added, removed, kept;
};
struct entry_change entry_sets_compare(const struct entry_set *before, const struct entry_set *now);
/* Those of `before` that are not in `news` and not expired, then all of news. */
int entries_join(const struct feed *feed, struct str before, int64_t before_s, struct str news,
                 const struct entry_set *in_news, int64_t now_s, struct buf *out,
                 struct mp_err *err);
/* Is it to be dropped now? `copied_s`: when the copy was the present one. */
bool entry_is_expired(const struct feed *feed, const struct indicator *i, int64_t copied_s,
                      int64_t now_s);

/* ---- build.c ---- */

/* Of the last good copies of all enabled feeds. Fills the counts of the result. */
int update_build(struct update *u, struct mp_err *err);
/* What the store holds now, into the result: twins of a feed are one. MP_OK, MP_E_IO, MP_E_NOMEM.
 */
int update_count(struct update *u, struct mp_err *err);
/* Is there a store, made of this configuration? */
bool update_store_fits(struct update *u);

#endif
