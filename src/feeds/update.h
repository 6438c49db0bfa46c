/* One run over the feeds: what is due is fetched, read in a worker, believed or not, kept; then the
 * store is built anew and swapped under its readers. */
#ifndef MP_FEEDS_UPDATE_H
#define MP_FEEDS_UPDATE_H

#include "base/ip.h"
#include "finding/check.h"
#include "intel/feed.h"
#include "sandbox/sandbox.h"

enum {
    UPDATE_THREADS = 4, /* feeds that are fetched at a time */
    UPDATE_MAX_THREADS = 16,
    UPDATE_FEED_S = 900,             /* for one feed, all its pages */
    UPDATE_BACKOFF_S = 60,           /* after a failure, doubled with each further one ... */
    UPDATE_MAX_RETRY_S = 24 * 3600,  /* what a server may ask for */
    UPDATE_MAX_BACKOFF_S = 6 * 3600, /* ... up to this; a server may ask for more */
    UPDATE_LEAST_PERCENT = 50,       /* of the last number of entries: less is not believed ... */
    UPDATE_MOST_PERCENT = 300,       /* ... and more is not */
    UPDATE_WHOLE_S = 24 * 3600, /* feeds that tell only news are fetched from the start so often */
    UPDATE_MAX_PAGES = 10000,
    UPDATE_PAGE_ENTRIES = 1000,           /* asked for with each page of TAXII and MISP */
    UPDATE_MAX_ENTRIES = 20 * 1000 * 1000 /* in the store */
};

enum update_phase { UPDATE_FETCHING, UPDATE_READING, UPDATE_DONE, UPDATE_BUILDING };
const char *update_phase_name(enum update_phase p); /* "fetching", ... */

struct update_progress {
    struct str feed; /* empty: of the whole store */
    enum update_phase phase;
    uint64_t bytes, total; /* fetched; 0: not known */
    uint64_t entries;
};

struct update_options {
    const char *dir; /* of the store; what is kept of feeds is below it */
    const struct intel_config *config;
    struct sandbox *sandbox; /* by feed_sandbox_config */
    intel_secret_fn *secret;
    void *secret_ctx;
    int64_t now_s;          /* Unix */
    int64_t deadline_us;    /* of the whole run, clock_mono_us; 0: none */
    bool dry_run;           /* fetch and read, and write nothing */
    bool force;             /* whether due or not, and whatever the number of entries */
    const struct str *only; /* enabled feeds by name; n_only == 0: all of them */
    size_t n_only;
    unsigned threads;        /* 0: UPDATE_THREADS */
    const char *ca_file;     /* NULL: the system's */
    bool allow_private;      /* feeds at addresses that are not public, and http on this machine */
    struct str resolve_host; /* tests: see io/fetch.h */
    struct ip resolve_ip;
    bool (*progress)(void *ctx,
                     const struct update_progress *p); /* one at a time; false ends all */
    void *progress_ctx;
};

enum update_outcome {
    UPDATE_NOT_DUE,
    UPDATE_NOT_MODIFIED, /* the copy is still the present one */
    UPDATE_CHANGED,      /* there is a new copy */
    UPDATE_FAILED,       /* no answer, or none that helps */
    UPDATE_REFUSED,      /* an answer that is not believed */
    UPDATE_NO_KEY,       /* its key is missing, or the server does not take it */
    UPDATE_STOPPED       /* before it ended: the deadline of the run, or progress said so */
};
const char *update_outcome_name(enum update_outcome o); /* "not-due", "changed", ... */

struct update_feed {
    struct str name;
    enum update_outcome outcome;
    enum update_outcome last; /* of the last attempt, this one or one before it */
    struct str reason; /* FAILED, REFUSED, NO_KEY: printable, without secrets; NOT_DUE: of the last
                          failure */
    uint64_t bytes;    /* fetched, undone */
    unsigned pages;
    struct feed_counts counts; /* of what was fetched */
    struct str why;            /* of the first refused record */
    /* The new copy against the one before, when CHANGED. */
    uint64_t added, removed, kept;
    /* In the store as it was (or would be) built now. */
    uint64_t entries, expired, allowed;
    int64_t success_s, next_s; /* 0: never */
    int64_t failures;          /* in a row */
    bool stale;                /* older than the feed may be, or never fetched */
};

struct update_result {
    struct update_feed *feeds; /* those that were looked at, in the order of the configuration */
    size_t n;
    bool built;       /* a new store was published (dry_run: would have been) */
    uint64_t entries; /* in it */
    int64_t now_s;
};

/* MP_OK, also when every feed failed: the result tells. MP_E_IO: the directory cannot be used,
 * another run is under way (detail: EWOULDBLOCK), the store cannot be written; what was fetched
 * until then is kept. MP_E_USAGE: `only` names no enabled feed. MP_E_LIMIT: more entries
 * than a store takes; MP_E_NOMEM, MP_E_CRYPTO. Killed at any point, store and states are usable. */
int intel_update(const struct update_options *o, struct update_result **out, struct mp_err *err);
void update_result_free(struct update_result *r); /* accepts NULL */

/* How the enabled feeds stand, without asking anyone: outcome and reason of the last attempt
 * (UPDATE_NOT_DUE: it has never been asked), entries of the copy, ages. MP_OK, also without a
 * store; MP_E_IO: the directory is not ours alone; MP_E_NOMEM. */
int update_status(const char *dir, const struct intel_config *config, int64_t now_s,
                  struct update_result **out, struct mp_err *err);

/* A check for each feed: intel.feed-failed, intel.feed-refused, intel.feed-key, intel.stale. A feed
 * that could not be fetched is undecided, not passed, also while it waits to be asked again. */
void update_check(const struct update_result *r, struct check_list *checks);

#endif
