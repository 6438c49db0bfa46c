/* What the files of the public front door share. */
#ifndef MP_API_API_INTERNAL_H
#define MP_API_API_INTERNAL_H

#include <mailproof/mailproof.h>

#include "base/err.h"

/* Our error as the caller's; returns its code. `error` may be NULL. */
int api_fail(struct mp_error *error, const struct mp_err *err);

#endif
