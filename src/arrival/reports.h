/* Reports of other receivers between mailboxes, the room that reads and writes them, and SMTP. */
#ifndef MP_ARRIVAL_REPORTS_H
#define MP_ARRIVAL_REPORTS_H

#include "arrival/arrival.h"
#include "feedback/compose.h"
#include "feedback/feedback_store.h"
#include "feedback/parse.h"

struct reports_inbox { /* borrowed */
    struct mailbox_config mailbox;
    struct sandbox *sandbox; /* that reads reports: feedback_sandbox_config */
    struct feedback_store *store;
    bool remove; /* what was put into the store is deleted from the mailbox, and nothing else */
    int64_t deadline_us, now_s;
    /* Each message, when it was read; NULL: nobody is told. */
    void (*told)(void *ctx, struct str label, const struct feedback_content *content);
    void *ctx;
};

struct reports_counts {
    size_t messages, without; /* without: no report, or a refused one */
    size_t lost;              /* nothing is known of it: its worker failed */
    size_t removed;
    struct feedback_put put;
};

/* Every message of the mailbox, once. A message is deleted only when its reports are stored.
 * *out is added to, also on failure. MP_E_IO, MP_E_TIMEOUT: the mailbox; MP_E_USAGE: its URL;
 * MP_E_NOMEM, and what feedback_store_put says. */
int reports_collect(const struct reports_inbox *in, struct reports_counts *out, struct mp_err *err);

/* ---- sending: one report a domain, day and address, never without consent ---- */

enum reports_step {
    REPORTS_SENT,
    REPORTS_ALREADY,   /* it was sent before */
    REPORTS_NOBODY,    /* the domain wants no reports */
    REPORTS_REFUSED,   /* another organization, which has not agreed; or no address */
    REPORTS_TOO_LARGE, /* larger than the address takes */
    REPORTS_UNDECIDED, /* DNS did not answer: to be tried again */
    REPORTS_FAILED,    /* the server did not take it: to be tried again */
    REPORTS_STEP_COUNT
};
const char *reports_step_name(enum reports_step s); /* "sent", "already", ... */

struct reports_outbox { /* borrowed */
    struct feedback_store *store;
    const struct dns_source *dns;
    struct report_sender sender;
    int64_t day_s, now_s; /* day_s: the beginning of a UTC day that is over */
    struct str only;      /* this policy domain alone; empty: all */
    /* Give it away. MP_OK with *taken false: not now, and `why` (printable) says so. */
    int (*send)(void *ctx, struct arena *a, const struct report_destination *to,
                const struct report_mail *mail, bool *taken, struct str *why, struct mp_err *err);
    bool mark; /* remember what was given away: not for copies in a directory */
    void (*told)(void *ctx, enum reports_step step, struct str domain, struct str address,
                 struct str why);
    void *ctx; /* of both */
};

/* counts[] is added to, also on failure. MP_OK whatever became of single reports; MP_E_USAGE: the
 * sender; MP_E_NOMEM, MP_E_IO, MP_E_CRYPTO. */
int reports_send(const struct reports_outbox *o, size_t counts[REPORTS_STEP_COUNT],
                 struct mp_err *err);

#endif
