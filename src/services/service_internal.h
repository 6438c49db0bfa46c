/* What the services' files share: their rows, and reading JSON. */
#ifndef MP_SERVICES_SERVICE_INTERNAL_H
#define MP_SERVICES_SERVICE_INTERNAL_H

#include <jansson.h>

#include "services/service.h"

extern const struct service_kind service_virustotal, service_abuseipdb, service_circl,
    service_web_risk;

/* The object of the body; NULL, and the word says why, when it is none. json_decref it. */
json_t *service_json(struct str body, struct service_word *w);
/* A member as text; p == NULL when it is none. Lives as long as `object`. */
struct str service_text(const json_t *object, const char *key);
/* A member as a number from 0 to `max`, also written as text. False: there is none. */
bool service_number(const json_t *object, const char *key, uint64_t max, uint64_t *out);
/* RFC 3339 in Unix seconds; 0 for anything else. */
int64_t service_time(struct str text);
/* A member is there and names something else than `value`, without case. */
bool service_differs(const json_t *object, const char *key, struct str value);

void service_error(struct service_word *w, const char *why);
/* "https://root" + path; the %-escapes of a query's value. p == NULL without memory. */
struct str service_escape(struct arena *arena, struct str value);
bool service_header(struct service_request *r, struct str name, struct str value);

/* Threats of a file are called by one of these digests. */
static inline bool service_is_hash(enum indicator_kind k)
{
    return k == INDICATOR_MD5 || k == INDICATOR_SHA1 || k == INDICATOR_SHA256;
}

#endif
