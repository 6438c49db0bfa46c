/* A client of clamd: bytes in, what its engine says of them out. What is not an answer about the
 * bytes (an error, silence, a broken connection) is never read as clean. */
#ifndef MP_IO_CLAMD_H
#define MP_IO_CLAMD_H

#include "base/err.h"
#include "base/str.h"

enum {
    CLAMD_MAX_ADDRESSES = 8,
    CLAMD_ADDRESS_MAX = 300,   /* octets of one, with its NUL */
    CLAMD_DEADLINE_MS = 30000, /* for one call of clamd_scan */
    CLAMD_CONNECT_MS = 5000,   /* of it, for one connection */
    CLAMD_DOWN_MS = 5000,      /* an address that failed is not the first choice for so long */
    CLAMD_IDLE_MAX = 16,       /* connections kept for the next message, an address ... */
    CLAMD_IDLE_S = 10,         /* ... and how long: clamd's IdleTimeout is 30 s */
    CLAMD_UNANSWERED_MAX = 16, /* items in one session at a time: clamd's MaxQueue is 100 */
    CLAMD_TRIES = 2,           /* of an item, each on a connection of its own */
    CLAMD_TEXT_MAX = 256,
    CLAMD_REPLY_MAX_BYTES = 64 * 1024,
    CLAMD_VERSION_S = 60, /* how long the version of the databases is believed */
    CLAMD_CACHE_S = 3600,
    CLAMD_CACHE_ENTRIES = 16384,
};

struct clamd_config {
    const char *const *addresses; /* "unix:/path", "host:port", "[v6]:port"; copied */
    size_t n_addresses;
    unsigned deadline_ms; /* 0: CLAMD_DEADLINE_MS */
    bool no_cache;
    bool no_file_passing; /* INSTREAM on unix sockets too */
};

struct clamd;

/* Connects to nothing yet. MP_E_USAGE: an address is none, and what is wrong with it; MP_E_NOMEM.
 * Threads: all calls below from any number at once, but clamd_free. */
int clamd_new(const struct clamd_config *config, struct clamd **out, struct mp_err *err);
void clamd_free(struct clamd *c); /* accepts NULL */

enum clamd_verdict {
    CLAMD_CLEAN,       /* OK: the only one that says so */
    CLAMD_FOUND,       /* `text` is the name of the signature, also of Heuristics.* and PUA.* */
    CLAMD_LIMIT,       /* longer than clamd takes from a stream */
    CLAMD_ERROR,       /* clamd could not scan it; `text` is what it said */
    CLAMD_UNAVAILABLE, /* no connection, or it broke off before the answer */
    CLAMD_TIMEOUT      /* no answer until the deadline */
};
const char *clamd_verdict_name(enum clamd_verdict v); /* "clean", "found", "limit", ... */

struct clamd_item {
    struct str bytes;
    unsigned char sha256[32];
    bool has_sha256; /* else its answer is not kept in the cache */
};

struct clamd_answer {
    enum clamd_verdict verdict;
    bool is_cached;
    char text[CLAMD_TEXT_MAX]; /* a stranger's bytes, without NUL; "" for clean */
};

/* Scan `n` items; blocks until all have an answer, at most until `deadline_us` (clock_mono_us; 0:
 * the configured deadline from now). Each item is sent at most twice, the second time on another
 * connection, to another address if there is one. Verdicts are kept for an hour by (SHA-256,
 * version of the databases); nothing is kept of a clamd that does not tell its databases. */
void clamd_scan(struct clamd *c, const struct clamd_item *items, size_t n, int64_t deadline_us,
                struct clamd_answer *answers);

/* ---- how it does ---- */

/* "ClamAV 1.4.6/27123/Mon Nov 23 10:00:00 2026" */
struct clamd_version {
    char engine[64];    /* "1.4.6" */
    uint32_t database;  /* 0: it has none of the official ones */
    int64_t database_s; /* Unix seconds, within a day (in clamd's own time zone); 0: unknown */
};

struct clamd_stats {
    unsigned pools, threads_live, threads_idle, threads_max, queued;
    bool is_valid; /* its state is VALID: databases are loaded */
};

struct clamd_status {
    struct clamd_version version;
    struct clamd_stats stats;
    bool has_stats;
    int64_t ping_us; /* connection and PING */
};

size_t clamd_addresses(const struct clamd *c);
const char *clamd_address(const struct clamd *c, size_t i); /* as it was named */

/* PING, VERSION and STATS on a connection of its own to the i-th address. MP_E_IO, MP_E_TIMEOUT,
 * MP_E_SYNTAX: an answer that is not clamd's. */
int clamd_status(struct clamd *c, size_t i, int64_t deadline_us, struct clamd_status *out,
                 struct mp_err *err);

/* What becomes of a file that goes beyond the limits of clamd. Without "AlertExceedsMax yes" it is
 * passed as clean, unseen. */
enum clamd_limits { CLAMD_LIMITS_TOLD, CLAMD_LIMITS_SILENT, CLAMD_LIMITS_UNKNOWN };

/* Asks by example: a small file that is nested more deeply than any clamd may be configured to
 * look. MP_OK with *out, and in `text` what clamd said of it; else as clamd_status. */
int clamd_limits(struct clamd *c, size_t i, int64_t deadline_us, enum clamd_limits *out,
                 char text[CLAMD_TEXT_MAX], struct mp_err *err);

#endif
