/* A delivery proof whole: a message is sent (or was), waited for, judged, and told as a subject. */
#ifndef MP_ARRIVAL_PROOF_H
#define MP_ARRIVAL_PROOF_H

#include "arrival/arrival.h"
#include "arrival/deliver.h"
#include "report/subject.h"

enum { PROOF_MAX_METRICS = 140 };

struct proof_request { /* borrowed until proof_clear */
    struct mailbox_config mailbox;
    /* NULL: what is waited for was sent by others. Else the message is sent first: its tag (its
     * Message-ID, with send->keep_raw) is what is waited for, its bytes are compared. */
    const struct deliver_request *send;
    struct arrival_request wait; /* with `send`: match, sent, sent_ms are filled here */
    struct arrival_expect expect;
    bool remove; /* delete what arrived, all copies */
};

struct proof {
    const struct proof_request *request;
    struct arena arena;
    struct deliver_result sent; /* with request->send */
    bool waited;                /* `arrival` was filled */
    struct arrival arrival;
    struct mailbox_match match; /* what was waited for */
    struct finding_list findings;
    struct check_list checks;
    struct metric metrics[PROOF_MAX_METRICS];
    size_t n_metrics;
    struct str name, headline;
    int64_t started_s, elapsed_us;
};

/* MP_OK whatever happened to the message. MP_E_USAGE: what the mailbox or the sending lacks (then
 * nothing was sent), or what may not be reached; MP_E_NOMEM, MP_E_LIMIT. Blocking.
 * A message that nobody took is not waited for, unless it must not arrive. proof_clear always. */
int proof_run(struct proof *p, const struct proof_request *r, struct mp_err *err);
void proof_clear(struct proof *p);

/* Kind "wait": `p` must outlive *out. Members of the document: docs/schema/wait-1.schema.json. */
void proof_subject(const struct proof *p, struct subject *out);

/* The check "sent" of the server that was talked to. `may_refuse`: a refusal for good is no fault.
 * What demanded TLS, a certificate or a login and did not get it fails; what could not be tried
 * (network, 4xx, XCLIENT) is undecided. */
void deliver_judge(struct check_list *checks, const struct deliver_result *d, bool may_refuse);

#endif
