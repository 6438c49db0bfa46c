/* What the files of a proof share. */
#ifndef MP_ARRIVAL_PROOF_INTERNAL_H
#define MP_ARRIVAL_PROOF_INTERNAL_H

#include "arrival/deliver_internal.h"
#include "arrival/proof.h"

/* proof_metrics.c: the headline and the numbers. MP_E_NOMEM. */
int proof_describe(struct proof *p, struct mp_err *err);
/* proof_json.c, proof_text.c */
void proof_json(struct json *j, const void *proof);
void proof_lines(struct flow *f, const void *proof);
void proof_verbose(struct flow *f, const void *proof);

/* A field of what arrived, unfolded and decoded; empty when it is not there. */
struct str proof_field(struct arena *a, const struct message *m, struct str name);

#endif
