/* One finished job in short: what history keeps, events carry and aggregate reports count. */
#ifndef MP_REPORT_SUMMARY_H
#define MP_REPORT_SUMMARY_H

#include "engine/job.h"
#include "ipc/mail_summary.h"

/* Fill `out` with what the job knows; id, mode, listener, queue_id, tls, auth_user, client_name,
 * done, reply and signed_by are the caller's. Texts are printable and live in `arena`; one that
 * there is no memory for is empty. */
void report_summary(struct arena *arena, const struct job *job, struct mail_summary *out);
/* Text of a stranger as a summary has it: printable UTF-8, cut. */
struct str summary_text(struct arena *arena, struct str s);

#endif
