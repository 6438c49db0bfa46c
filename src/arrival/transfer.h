/* libcurl for mailboxes and sinks: bounded in time and bytes, no proxy, no redirect. */
#ifndef MP_ARRIVAL_TRANSFER_H
#define MP_ARRIVAL_TRANSFER_H

#include <curl/curl.h>

#include "arrival/arrival.h"

struct transfer {
    CURL *curl;
    struct buf body;
    bool too_large;
    bool no_folder; /* IMAP: the folder could not be selected */
    long status;    /* of HTTP */
    CURLcode code;
    const struct mailbox_config *config;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

/* `protocols`: "imap,imaps". Login and TLS as the mailbox says. MP_E_NOMEM. */
int transfer_init(struct transfer *t, const struct mailbox_config *c, const char *protocols,
                  struct mp_err *err);
void transfer_clear(struct transfer *t); /* ends the connection in order; may be called twice */

/* One exchange; what came is in t->body. `command`: instead of the protocol's own; NULL. `quiet`:
 * nothing follows but the final line. MP_E_TIMEOUT, MP_E_IO, MP_E_LIMIT: a sentence with `what`. */
int transfer_run(struct transfer *t, struct str url, const char *command, bool quiet,
                 size_t max_bytes, int64_t deadline_us, const char *what, struct mp_err *err);

#endif
