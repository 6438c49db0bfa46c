/* Where the links of a mail lead, seen from its sender. */
#ifndef MP_PHISH_LEADS_H
#define MP_PHISH_LEADS_H

#include "content/content.h"

enum { LEADS_MAX_LINKS = 500 }; /* looked at: more make no difference */

/* Of links that a reader can follow, pictures and the like left out. */
struct phish_leads {
    size_t web;          /* http and https */
    bool sender, others; /* some lead to the sender's site, or one of its house; elsewhere */
    struct str other;    /* the first host elsewhere */
    bool pictures;       /* it loads something, as advertisements do */
};

#endif
