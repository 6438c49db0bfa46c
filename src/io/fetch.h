/* HTTP for feeds and services: one request, one bounded reply, by libcurl behind our rules. For the
 * small files of MTA-STS and BIMI, with their stricter rules, see https.h. */
#ifndef MP_IO_FETCH_H
#define MP_IO_FETCH_H

#include "base/arena.h"
#include "base/err.h"
#include "io/https.h"

enum {
    FETCH_MAX_BYTES = 512 * 1024 * 1024, /* more than that is never asked for */
    FETCH_MAX_HEADERS = 8,
    FETCH_MAX_REDIRECTS = 3,  /* to https and public addresses alone, the same host with a secret */
    FETCH_SLOW_BYTES_S = 100, /* slower than that for FETCH_SLOW_S seconds ends it */
    FETCH_SLOW_S = 30
};

struct fetch_header {
    struct str name, value; /* no line ends: MP_E_USAGE */
};

struct fetch_request {
    struct str url; /* https; http only to a loopback address and with allow_private */
    struct fetch_header headers[FETCH_MAX_HEADERS];
    size_t n_headers;
    bool has_secret; /* in a header or the URL: no redirect leaves the host, no text has it */
    struct str body; /* p != NULL: POST */
    struct str content_type;
    struct str etag, last_modified; /* of the copy that is there: asks whether it is still good */
    size_t max_bytes;               /* of the body, undone compression included; 0: 8 MB */
    bool to_file;                   /* the body goes to `fd` instead of the arena */
    int fd;
    const char *ca_file; /* NULL: the system's */
    bool allow_private;  /* else special addresses are refused, also after redirects: SSRF guard */
    struct str resolve_host; /* tests: this host is at ... */
    struct ip resolve_ip;    /* ... this address; IP_NONE: by the system's resolver */
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
    /* As services tell them; -1: not told. Reset is made seconds from now whatever its form. */
    int64_t rate_limit, rate_remaining, rate_reset_s, retry_after_s;
    uint64_t bytes;
    struct str reason; /* for people, when fault; never holds a secret */
    int64_t elapsed_us;
};

/* MP_OK also for every fault: `body` is what came, also with HTTPS_STATUS. MP_E_NOMEM, MP_E_USAGE
 * (a broken URL, a header with a line end). No cookie, no proxy but the environment's none.
 * User-Agent is mailproof/VERSION. Threads: any. */
int fetch(struct arena *a, const struct fetch_request *req, struct fetch_reply *out,
          struct mp_err *err);

#endif
