/* The domains that others imitate: ours, our partners', and those of brands. */
#ifndef MP_PHISH_NAMES_H
#define MP_PHISH_NAMES_H

#include "content/lists.h"
#include "url/lookalike.h"

enum phish_owner { OWNER_NONE, OWNER_SELF, OWNER_PARTNER, OWNER_BRAND };

/* One of them. */
struct phish_name {
    struct str domain;
    enum phish_owner owner;
    const struct content_entry *brand; /* one of its names; NULL when it is no brand's */
};

struct phish_names;

/* What a domain is, or is near to. */
struct phish_near {
    enum lookalike_kind kind;
    const struct phish_name *name; /* NULL: near to none */
};

/* Index all of `lists`, once for many messages. Owns: all lives in `arena`; borrows `lists`.
 * Read-only afterwards: any thread. MP_OK or MP_E_NOMEM. */
int phish_names_new(struct arena *arena, const struct content_lists *lists,
                    struct phish_names **out, struct mp_err *err);

/* `site`: a registrable domain, lower-case A-labels. MP_OK or MP_E_NOMEM. */
int phish_names_find(struct arena *arena, const struct phish_names *names, struct str site,
                     struct phish_near *out, struct mp_err *err);

/* The domain itself, without near ones; NULL when it is none of them. */
const struct phish_name *phish_names_exact(const struct phish_names *names, struct str site);

/* Do both belong to the same brand, or to us? */
bool phish_same_owner(const struct phish_name *a, const struct phish_name *b);

#endif
