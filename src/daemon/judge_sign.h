/* Signatures and seals as edits of the header, by keys in the signer's process. */
#ifndef MP_DAEMON_JUDGE_SIGN_H
#define MP_DAEMON_JUDGE_SIGN_H

#include "daemon/judge.h"
#include "signer/client.h"

enum { JUDGE_SIGN_MS = 5000 /* the signer may take so long for one signature */ };

/* Outbound: DKIM by the table. What is not to be signed is none of our failures: the log says why,
 * and summary.signed_by stays empty. A failure: a signer that cannot be asked, no memory. */
int judge_sign(const struct signing_table *t, struct signer_client *client, struct arena *arena,
               struct job *job, struct mail_answer *answer, struct mp_err *err);
/* Inbound, behind the verdict: the next ARC set. */
int judge_seal(const struct signing_table *t, struct signer_client *client, struct arena *arena,
               struct job *job, struct mail_answer *answer, struct mp_err *err);

#endif
