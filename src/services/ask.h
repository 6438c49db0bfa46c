/* Asking services: who may be asked now, what leaves the machine, one request for all that want to
 * know the same, and an answer or the reason why there is none by a deadline. */
#ifndef MP_SERVICES_ASK_H
#define MP_SERVICES_ASK_H

#include "services/cache.h"
#include "services/service.h"

enum {
    SERVICES_MAX_FLIGHTS = 256, /* questions under way or waiting; more get no answer */
    SERVICES_MAX_THREADS = 16,
    SERVICES_THREADS = 4,
    SERVICES_TIMEOUT_MS = 10 * 1000 /* of one request, whoever waits for it */
};

/* The two clocks, for tests: microseconds that only grow, and Unix seconds. */
typedef void services_clock_fn(void *ctx, int64_t *mono_us, int64_t *wall_s);

struct services_options {
    bool send_urls; /* whole URLs may leave the machine too: VirusTotal's id of one, Web Risk */
    const struct str *own_domains; /* never asked about, nor what is below them */
    size_t n_own_domains;
    unsigned threads;    /* 0: SERVICES_THREADS */
    int64_t timeout_ms;  /* 0: SERVICES_TIMEOUT_MS */
    const char *ca_file; /* NULL: the system's */
    bool allow_private; /* services may be on private addresses; on loopback ones they always may */
    struct str resolve_host; /* tests: this host is at that address */
    struct ip resolve_ip;
    services_clock_fn *now; /* NULL: the real ones */
    void *now_ctx;
    uint32_t seed; /* of the chance in back-off; 0: the system's */
};

struct services;

/* Reads the keys of those that are enabled; one without a key is off, and says so. Nothing is sent.
 * Copies what it needs of `config` and `options`. `cache` is borrowed until services_free; NULL:
 * one in memory. MP_OK; MP_E_NOMEM; MP_E_USAGE: the configuration has an own domain that is none.
 */
int services_new(const struct intel_config *config, intel_secret_fn *secret, void *secret_ctx,
                 struct service_cache *cache, const struct services_options *options,
                 struct services **out, struct mp_err *err);
/* Ends what is under way. No thread may be inside of another call. Accepts NULL. */
void services_free(struct services *s);

/* A thing to ask one service about, and its word. */
struct services_ask {
    struct service_question question; /* `what` is borrowed */
    bool is_grave; /* of mail that is grave already: the reserve of the day's quota is for it */
    struct service_word word;
};

/* Would the question be asked, or its answer known, as far as kind and privacy go? *why: static
 * text when not. No lock, no cache. */
bool services_would_ask(const struct services *s, const struct service_question *q,
                        const char **why);

/* Fills the words of all, together, by `deadline_us` (clock_mono_us, the real one). What is not
 * answered then is WORD_ERROR "no answer in time"; its answer still goes into the cache when it
 * comes. MP_OK; MP_E_NOMEM: the words of all are WORD_ERROR. Threads: any. */
int services_fill(struct services *s, struct services_ask *asks, size_t n, int64_t deadline_us,
                  struct mp_err *err);
/* The same of one. */
int services_one(struct services *s, struct services_ask *ask, int64_t deadline_us,
                 struct mp_err *err);

struct service_status {
    enum intel_service service;
    const char *name, *title; /* "virustotal", "VirusTotal" */
    bool enabled, needs_key, has_key;
    bool is_on;           /* may be asked at all */
    bool sends_urls_only; /* and URLs are not sent: on, but never asked */
    unsigned per_minute, per_day, reserve_percent;
    uint64_t used_today;
    int64_t left_today, left_for_any;   /* with and without the reserve; -1: no limit */
    int64_t paused_until_s;             /* 0: not paused */
    unsigned failures;                  /* in a row */
    uint64_t asked, from_cache, joined; /* of this run */
    char why[WORD_TEXT_BYTES];          /* it is off, paused or failing; "" */
};
/* False: no such service. */
bool services_status(struct services *s, enum intel_service service, struct service_status *out);

/* intel.feed-key for one that lacks a key or whose key is refused, intel.quota for one whose day is
 * used up but for a tenth, intel.unavailable for one that fails. Pure. */
void service_status_findings(const struct service_status *status, struct finding_list *findings);

#endif
