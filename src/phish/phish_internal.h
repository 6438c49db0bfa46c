/* The facts that the rules of this room share. */
#ifndef MP_PHISH_PHISH_INTERNAL_H
#define MP_PHISH_PHISH_INTERNAL_H

#include "message/address.h"
#include "phish/phish.h"

struct phish {
    struct arena *arena;
    const struct phish_input *in;
    struct finding_list *findings;
    const struct phish_names *names;
    const struct mailbox *from;   /* the first mailbox of From, or NULL */
    struct address_list reply_to; /* of the first Reply-To; empty without one */
};

/* The rules; each MP_OK or MP_E_NOMEM. */
int url_check(struct phish *p, struct mp_err *err); /* url.*, qr.*, html.form.external */

#endif
