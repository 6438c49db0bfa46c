/* The classic address forms by which open relays were found, made from one foreign address. */
#ifndef MP_SMTP_FORMS_H
#define MP_SMTP_FORMS_H

#include "base/arena.h"

struct relay_form {
    const char *name;    /* "plain", "percent-hack", "bang-path": stable */
    struct str from, to; /* paths without < >; to may hold a source route */
};
enum { RELAY_FORMS_MAX = 20 };

/* For the target `user@domain`, the server's own domain, its host name and its address text. The
 * forms are filled in; returns how many. */
size_t relay_forms(struct arena *a, struct str target, struct str own_domain, struct str host,
                   struct str ip_text, struct str sender, struct relay_form out[RELAY_FORMS_MAX]);

#endif
