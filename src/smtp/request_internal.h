/* What the files of the command reader share. */
#ifndef MP_SMTP_REQUEST_INTERNAL_H
#define MP_SMTP_REQUEST_INTERNAL_H

#include "smtp/request.h"

bool smtp_refuse(struct smtp_refusal *why, unsigned code, const char *enhanced, const char *text);

/* The argument of MAIL and RCPT: path and parameters (envelope.c). */
bool smtp_read_mail(const struct smtp_offer *offer, struct smtp_request *r,
                    struct smtp_refusal *why);
bool smtp_read_rcpt(const struct smtp_offer *offer, struct smtp_request *r,
                    struct smtp_refusal *why);

/* The path at the front of *text, which moves behind it (path.c). */
bool smtp_path_take(struct str *text, bool null_allowed, bool bare_postmaster,
                    struct smtp_path *out, const char **why);

#endif
