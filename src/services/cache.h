/* What services said, kept between runs: SQLite, each kind of answer with its own life; and how
 * often each was asked today. */
#ifndef MP_SERVICES_CACHE_H
#define MP_SERVICES_CACHE_H

#include "intel/service_word.h"

enum {
    SERVICE_CACHE_MAX_ROWS = 100 * 1000, /* the oldest go */
    SERVICE_CACHE_BUSY_MS = 250          /* how long another process is waited for */
};

struct service_cache; /* any thread */

/* "services.db" in `dir`, which is made (0700) when absent; dir NULL: in memory. Both must be ours
 * and no other's to write. A damaged file is moved to "services.db.damaged", see
 * service_cache_note. `max_rows` 0: SERVICE_CACHE_MAX_ROWS. MP_OK; MP_E_IO: cannot be used, or is
 * another program's; MP_E_NOMEM. Then service_cache_close. */
int service_cache_open(const char *dir, size_t max_rows, struct service_cache **out,
                       struct mp_err *err);
void service_cache_close(struct service_cache *c); /* accepts NULL */

/* What is being kept: a service, and a value in the form in which it is asked for. Values that may
 * name people (URLs, e-mail) are stored as hashes. */
struct service_cache_key {
    enum intel_service service;
    enum indicator_kind kind;
    struct str value;
};

/* False: nothing, too old, or not readable. */
bool service_cache_get(struct service_cache *c, const struct service_cache_key *key, int64_t now_s,
                       struct service_word *out);
/* Keeps it until then; a failure shows in service_cache_note alone. */
void service_cache_put(struct service_cache *c, const struct service_cache_key *key,
                       const struct service_word *w, int64_t now_s, int64_t expires_s);
uint64_t service_cache_rows(struct service_cache *c);

/* How often a service was asked, by all processes that share the file. */
struct service_quota {
    int64_t day; /* since 1970 */
    uint64_t used;
    int64_t paused_until_s;
};
/* False: none is known. */
bool service_cache_quota(struct service_cache *c, enum intel_service service,
                         struct service_quota *out);
/* Count `delta` more of that day; *used is what all have asked. False: not counted. */
bool service_cache_count(struct service_cache *c, enum intel_service service, int64_t day,
                         int delta, uint64_t *used);
void service_cache_pause(struct service_cache *c, enum intel_service service, int64_t until_s);

/* The last thing that went wrong with it: "" when nothing did. */
enum { SERVICE_CACHE_NOTE_BYTES = 256 };
void service_cache_note(struct service_cache *c, char out[SERVICE_CACHE_NOTE_BYTES]);

#endif
