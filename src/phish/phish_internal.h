/* The facts that the rules of this room share. */
#ifndef MP_PHISH_PHISH_INTERNAL_H
#define MP_PHISH_PHISH_INTERNAL_H

#include "message/address.h"
#include "phish/leads.h"
#include "phish/people.h"
#include "phish/phish.h"
#include "phish/text.h"

struct phish {
    struct arena *arena;
    const struct phish_input *in;
    struct finding_list *findings;
    const struct phish_names *names;
    const struct mailbox *from; /* the first mailbox of From, or NULL */
    struct phish_people people;
    struct phish_text text;
    const struct seen_link *links; /* url_links.h; those that no rule looks at too */
    size_t n_links;
    struct phish_leads leads;
    bool unproven; /* nobody has proven the sender, ourselves or who took the mail in */
};

/* The topmost field of that name, for a finding. */
struct finding_where phish_where(const struct phish *p, struct str field);

/* Are both registrable domains of one brand, of us, or the same? */
bool phish_same_house(const struct phish *p, struct str a, struct str b);

/* The facts, before all rules. MP_OK or MP_E_NOMEM. */
int url_links_read(struct phish *p, struct mp_err *err);   /* every link, taken apart once */
int phish_leads_read(struct phish *p, struct mp_err *err); /* of these and of people */

/* The rules; each MP_OK or MP_E_NOMEM. */
int url_check(struct phish *p, struct mp_err *err);            /* url.*, qr.*, html.form.external */
int hidden_address_check(struct phish *p, struct mp_err *err); /* url.recipient, of anybody */
int organizer_check(struct phish *p, struct mp_err *err);      /* calendar.organizer */
int recorded_check(struct phish *p, struct mp_err *err);       /* sender.recorded-fail */
int sender_name_check(struct phish *p, struct mp_err *err);
int sender_address_check(struct phish *p, struct mp_err *err);
int social_check(struct phish *p, struct mp_err *err);
void social_thread_check(struct phish *p);            /* social.fake-thread, for social_check */
int combo_check(struct phish *p, struct mp_err *err); /* phish.*, when all others are done */

#endif
