/* What is wrong with the MIME structure of a message, with its place: the findings mime.*. */
#ifndef MP_MIME_LINT_H
#define MP_MIME_LINT_H

#include "finding/finding.h"
#include "message/mime.h"

/* Raises every mime.* finding but mime.view-diff, each with part, offset and length in the raw
 * message. Time is linear in the message. Returns MP_OK or MP_E_NOMEM. */
int mime_lint(struct arena *arena, const struct message *m, const struct mime_tree *tree,
              struct finding_list *findings, struct mp_err *err);

#endif
