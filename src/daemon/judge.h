/* What the daemon makes of one mail: the engine's verdict, by the mode of the listener, as an
 * answer to the MTA. One thread each. */
#ifndef MP_DAEMON_JUDGE_H
#define MP_DAEMON_JUDGE_H

#include "base/json.h"
#include "daemon/config.h"
#include "ipc/mail_answer.h"
#include "run/run.h"
#include "signer/table.h"

/* Shared by all threads of a worker; read-only. */
struct judge_setup {
    const struct serve_config *config;
    struct job_config job; /* of inbound mail */
    struct dns_source source;
    const struct signing_table *signing; /* NULL: nothing is signed */
    const char *signer_path;             /* socket of the process with the keys */
};

struct judge;
struct judge *mail_judge_new(const struct judge_setup *setup); /* NULL: no memory */
void mail_judge_free(struct judge *j);

/* Judge `raw` and append the answer's frame to `out`. Always an answer, whatever fails: then it is
 * ANSWER_FAILED with a reason. `request`: a frame of the front, hostile. */
void judge_answer(struct judge *j, struct str request, struct str raw, struct buf *out);

/* judge_edits.c: the edits of inbound mail, in the order in which they are made. MP_OK, MP_E_NOMEM,
 * MP_E_LIMIT. */
int judge_edits(struct arena *arena, struct job *job, const struct serve_milter *listener,
                struct mail_answer *answer, struct mp_err *err);
/* The edits as the member "edits" of the report. */
void judge_edits_json(struct json *j, const struct mail_answer *answer);
/* One more at the end. MP_E_LIMIT: ANSWER_MAX_EDITS. */
int judge_add_edit(struct mail_answer *answer, enum edit_kind kind, struct str name,
                   struct str value, uint32_t occurrence, struct mp_err *err);

#endif
