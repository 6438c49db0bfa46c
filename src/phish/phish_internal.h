/* The facts that the rules of this room share. */
#ifndef MP_PHISH_PHISH_INTERNAL_H
#define MP_PHISH_PHISH_INTERNAL_H

#include "message/address.h"
#include "phish/people.h"
#include "phish/phish.h"
#include "phish/text.h"

struct phish {
    struct arena *arena;
    const struct phish_input *in;
    struct finding_list *findings;
    const struct phish_names *names;
    const struct mailbox *from;   /* the first mailbox of From, or NULL */
    struct address_list reply_to; /* of the first Reply-To; empty without one */
    struct phish_people people;
    struct phish_text text;
};

/* The topmost field of that name, for a finding. */
struct finding_where phish_where(const struct phish *p, struct str field);

/* Are both registrable domains of one brand, of us, or the same? */
bool phish_same_house(const struct phish *p, struct str a, struct str b);

/* The rules; each MP_OK or MP_E_NOMEM. */
int url_check(struct phish *p, struct mp_err *err);       /* url.*, qr.*, html.form.external */
int organizer_check(struct phish *p, struct mp_err *err); /* calendar.organizer */
int sender_name_check(struct phish *p, struct mp_err *err);
int sender_address_check(struct phish *p, struct mp_err *err);
int social_check(struct phish *p, struct mp_err *err);
void social_thread_check(struct phish *p);            /* social.fake-thread, for social_check */
int combo_check(struct phish *p, struct mp_err *err); /* phish.combo, when all others are done */

#endif
