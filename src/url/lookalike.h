/* Domains made to be taken for others: near misses of names that are known, found by hash. */
#ifndef MP_URL_LOOKALIKE_H
#define MP_URL_LOOKALIKE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    LOOKALIKE_MAX_DOMAINS = 20000,
    LOOKALIKE_MIN_LABEL = 4, /* shorter ones are only compared as wholes */
    LOOKALIKE_MIN_EDIT = 5,  /* from here on a letter may be missing or another one */
    LOOKALIKE_MIN_FREE = 7,  /* from here on any letter, not only a neighbour on the keyboard */
    LOOKALIKE_MAX_WORDS = 8  /* of a label with hyphens */
};

enum lookalike_kind {
    LOOKALIKE_NONE,
    LOOKALIKE_SAME,        /* it is one of the known domains */
    LOOKALIKE_GLYPH,       /* other letters, the same look */
    LOOKALIKE_SWAP,        /* two letters exchanged */
    LOOKALIKE_REPETITION,  /* a letter twice, or once instead of twice */
    LOOKALIKE_OMISSION,    /* a letter missing */
    LOOKALIKE_ADDITION,    /* one too many */
    LOOKALIKE_HYPHEN,      /* a hyphen more or less */
    LOOKALIKE_VOWEL,       /* another vowel */
    LOOKALIKE_REPLACEMENT, /* another letter */
    LOOKALIKE_SUFFIX,      /* the same label below another public suffix */
    LOOKALIKE_WORD         /* the label beside other words: "bank-login" */
};

struct lookalikes;

struct lookalike {
    enum lookalike_kind kind;
    size_t domain; /* index of the known domain */
};

/* Index `domains` (any form; not registrable ones are left out; of more than LOOKALIKE_MAX_DOMAINS
 * the rest). Owns: all lives in `arena`, about 20 slots of 8 bytes a domain; borrows `domains`.
 * Read-only afterwards: any thread. MP_OK or MP_E_NOMEM. */
int lookalikes_new(struct arena *arena, const struct str *domains, size_t n,
                   struct lookalikes **out, struct mp_err *err);

/* What `site`, a registrable domain of lower-case A-labels, may be taken for. A domain that is
 * known is LOOKALIKE_SAME whatever else it is near. Linear in the label, whatever the number of
 * domains. MP_OK or MP_E_NOMEM. */
int lookalike_find(struct arena *arena, const struct lookalikes *set, struct str site,
                   struct lookalike *out, struct mp_err *err);

/* Is `site` a known domain itself? */
bool lookalike_is_known(const struct lookalikes *set, struct str site, size_t *domain);

/* "a letter is missing": for people. */
const char *lookalike_text(enum lookalike_kind kind);

#endif
