/* The services as a table: what each takes, how it is asked, how its answer is read. Pure. */
#ifndef MP_SERVICES_SERVICE_H
#define MP_SERVICES_SERVICE_H

#include "intel/service_word.h"
#include "io/fetch.h"

enum {
    SERVICE_MAX_BODY_BYTES = 4 << 20, /* of an answer: reports of VirusTotal may have a megabyte */
    SERVICE_MAX_KEY_BYTES = 4096
};

struct service_request {
    struct str url;
    struct fetch_header headers[2];
    size_t n_headers;
};

/* An answer as it came. */
struct service_answer {
    unsigned status;
    struct str body;
};

struct service_kind {
    const char *root; /* of its API, when the configuration names no other */
    unsigned takes;   /* 1 << enum indicator_kind */
    bool needs_key;
    /* `root` without a final slash. MP_OK, MP_E_NOMEM. */
    int (*ask)(struct arena *arena, struct str root, struct str key,
               const struct service_question *q, struct service_request *out, struct mp_err *err);
    /* The body of a 200. Fills `w`: an answer that cannot be read, or is about something else, is
     * WORD_ERROR. `threshold`: min_malicious of the configuration. */
    void (*read)(const struct service_question *q, unsigned threshold, struct str body,
                 struct service_word *w);
    /* The body of a status that the common table does not know or that says different things. */
    void (*read_refusal)(const struct service_answer *a, struct service_word *w);
};

const struct service_kind *service_kind(enum intel_service s);
bool service_takes(enum intel_service s, enum indicator_kind kind);

/* The value as it is asked for: hexadecimal digits, a name, an address, a URL. p == NULL: a kind or
 * range that no service is asked for, or no memory. */
struct str service_value(struct arena *arena, const struct service_question *q);

int service_ask(struct arena *arena, const struct service *config, struct str key,
                const struct service_question *q, struct service_request *out, struct mp_err *err);

/* Any status and any bytes into a word. Linear; bounded memory. */
void service_read(const struct service_question *q, unsigned threshold,
                  const struct service_answer *a, struct service_word *w);

#endif
