/* HTTP for feeds and services: one request, one bounded reply, by libcurl behind our rules. For the
 * small files of MTA-STS and BIMI, with their stricter rules, see https.h. */
#ifndef MP_IO_FETCH_H
#define MP_IO_FETCH_H

#include "base/arena.h"
#include "base/err.h"
#include "io/https.h"

enum {
    FETCH_MAX_BYTES = 512 * 1024 * 1024, /* more than that is never asked for */
    FETCH_DEFAULT_BYTES = 8 * 1024 * 1024,
    FETCH_MAX_REFUSAL_BYTES = 256 * 1024, /* of what is not the file, when that goes to a fd */
    FETCH_MAX_HEADERS = 8,
    FETCH_MAX_VALUE_BYTES = 1024, /* of a header of the reply that is told: longer is not there */
    FETCH_MAX_REDIRECTS = 3,      /* to https alone */
    FETCH_SLOW_BYTES_S = 100,     /* slower than that for FETCH_SLOW_S seconds ends it */
    FETCH_SLOW_S = 30
};

struct fetch_header {
    struct str name, value; /* no line ends: MP_E_USAGE */
};

struct fetch_request {
    struct str url; /* https; http only to a loopback address and with allow_private */
    struct fetch_header headers[FETCH_MAX_HEADERS];
    size_t n_headers;
    /* In a header, the URL or the body: no text has it. A redirect to another host or port takes
     * no header along but Accept and User-Agent; with a body it is not followed. */
    bool has_secret;
    struct str body; /* p != NULL: POST */
    struct str content_type;
    struct str etag, last_modified; /* of the copy that is there: asks whether it is still good */
    size_t max_bytes; /* of the body, its compression undone; 0: FETCH_DEFAULT_BYTES */
    bool to_file; /* the file goes to `fd` instead of the arena: what came of it, when a fault */
    int fd;
    const char *ca_file; /* NULL: the system's */
    /* Else special addresses are refused: SSRF guard, judged as each address is connected to. It
     * holds for the host and port of `url` alone: a redirect elsewhere leads to public ones. */
    bool allow_private;
    bool no_redirects;       /* each one is HTTPS_REDIRECT: an API does not move */
    unsigned slow_s;         /* 0: FETCH_SLOW_S */
    struct str resolve_host; /* tests: this host is at ... */
    struct ip resolve_ip;    /* ... this address, which counts as public; IP_NONE: by the system */
    int64_t deadline_us;     /* clock_mono_us */
    bool (*progress)(void *ctx, uint64_t got, uint64_t total); /* NULL; false ends it */
    void *progress_ctx;
};

struct fetch_reply {
    enum https_fault fault; /* HTTPS_OK also for 304: see not_modified */
    unsigned status;        /* 0: none came */
    bool not_modified;
    struct str body, content_type, etag, last_modified; /* in the arena */
    struct str added_last;                              /* X-TAXII-Date-Added-Last */
    /* As services tell them, "X-RateLimit-..." or "RateLimit-..."; -1: not told. Reset and
     * Retry-After are seconds from now, whatever their form: seconds, Unix time, a date. */
    int64_t rate_limit, rate_remaining, rate_reset_s, retry_after_s;
    uint64_t bytes;
    struct str reason; /* for people, when fault; never holds a secret */
    int64_t elapsed_us;
};

/* MP_OK also for every fault: `body` is what came, also with HTTPS_STATUS. Good are 200 and, when
 * asked with an etag or date, 304. GET repeats itself at a redirect; POST at 307 and 308 alone,
 * else it is HTTPS_REDIRECT. MP_E_NOMEM; MP_E_IO of `fd`; MP_E_USAGE (a broken URL, a header with a
 * line end). No cookie, no proxy, also not the environment's. User-Agent is mailproof/VERSION
 * unless a header names another. Threads: any. */
int fetch(struct arena *a, const struct fetch_request *req, struct fetch_reply *out,
          struct mp_err *err);

#endif
