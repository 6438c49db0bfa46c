/* What the files of the sending half share. */
#ifndef MP_ARRIVAL_DELIVER_INTERNAL_H
#define MP_ARRIVAL_DELIVER_INTERNAL_H

#include "arrival/deliver.h"

/* The bytes to send, with the tag in them: out->tag, message_id, bytes. MP_E_USAGE, MP_E_LIMIT,
 * MP_E_NOMEM. */
int deliver_compose(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
                    struct mp_err *err);

#endif
