/* Who a mail is from and to, as the rules compare them. */
#ifndef MP_PHISH_PEOPLE_H
#define MP_PHISH_PEOPLE_H

#include "content/lists.h"
#include "message/address.h"

enum {
    PEOPLE_MAX_RECIPIENTS = 100, /* of the envelope, To and Cc together */
    PEOPLE_MAX_NAME = 1024       /* bytes of a name or subject that rules look at */
};

/* A mailbox; all empty when there is none. */
struct phish_box {
    struct str address; /* "local@domain": the local part in lower case, the domain as A-labels */
    struct str local, domain;
    struct str site; /* registrable part of the domain; the domain itself when it has none */
    bool freemail;   /* anybody may have one there */
    bool own;        /* of a domain of ours */
};

struct phish_people {
    struct phish_box from, reply, envelope; /* the first of From and of Reply-To; MAIL FROM */
    struct str name, subject;               /* decoded, UTF-8 */
    struct str folded_name;                 /* base/fold.h */
    const struct str *recipients;           /* addresses, as in a box */
    size_t n_recipients;
    const struct str *own_sites; /* where they are: what we take for ours without a list */
    size_t n_own_sites;
    bool is_list;   /* some List-* field: sent to many who asked for it */
    bool is_forum;  /* List-Id or List-Post: what others wrote is passed on, and changed */
    bool is_answer; /* References or In-Reply-To */
};

struct phish_input;

/* MP_OK or MP_E_NOMEM; everything in `arena` or borrowed. */
int phish_people_read(struct arena *arena, const struct phish_input *in, struct phish_people *out,
                      struct mp_err *err);

/* Ours by the list; where that is empty, by the envelope's recipients. `domain` as A-labels. */
bool phish_is_own(const struct phish_people *p, const struct content_lists *lists,
                  struct str domain);

#endif
