/* Between the files of DMARC: what a walk found, and what it says about the organization. */
#ifndef MP_AUTH_DMARC_INTERNAL_H
#define MP_AUTH_DMARC_INTERNAL_H

#include "auth/dmarc.h"

enum { DMARC_MAX_ORGS = 2 * DMARC_MAX_QUERIES + 1 };

enum dmarc_site_state { SITE_EMPTY, SITE_RECORD, SITE_FAILED };

/* One name of a walk. */
struct dmarc_site {
    struct str domain;
    enum dmarc_site_state state;
    enum dmarc_presence presence;      /* of SITE_EMPTY: why records were discarded */
    const struct dmarc_record *record; /* of SITE_RECORD */
    const char *why;                   /* of SITE_FAILED: "SERVFAIL" */
};

/* The sites that count, longest name first: a psd=y or psd=n ends the list. `orgs` are all domains
 * that can be the organizational one given what failed, as tails of `domain`: exactly one when
 * nothing failed. */
struct dmarc_walk {
    struct str domain;
    struct dmarc_site sites[DMARC_MAX_QUERIES];
    size_t n;
    struct str orgs[DMARC_MAX_ORGS];
    size_t n_orgs;
    bool failed; /* any site */
};

/* RFC 9989 4.10. Notes all names at once, then judges. MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int dmarc_walk_tree(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                    struct mp_err *err);
void dmarc_walk_prefetch(struct auth_ctx *ctx, struct str domain);

/* RFC 7489 3.2, 6.6.3: the author domain and the registrable domain above it. */
int dmarc_walk_list(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                    struct mp_err *err);

/* By the configured method. */
int dmarc_walk_any(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                   struct mp_err *err);

/* The registrable domain, or the domain itself when it is a public suffix. */
struct str dmarc_list_org(struct auth_ctx *ctx, struct str domain);

/* The site of a domain, or NULL when it was not visited. */
const struct dmarc_site *dmarc_site_of(const struct dmarc_walk *w, struct str domain);

/* Does a failure hide which record applies? Then *site is its site. Otherwise *site is the one
 * whose record applies, or NULL. */
bool dmarc_policy_hidden(const struct dmarc_walk *w, enum dmarc_discovery method,
                         const struct dmarc_site **site);

/* ---- alignment (dmarc_align.c) ---- */

enum dmarc_alignment { ALIGN_NO, ALIGN_YES, ALIGN_MAYBE };

/* Judges identifiers against one author domain; counts walks. */
struct dmarc_aligner {
    struct auth_ctx *ctx;
    const struct dmarc_walk *author;
    struct {
        struct str domain;
        enum dmarc_alignment relaxed;
    } known[DMARC_MAX_IDENTIFIERS];
    size_t n_known;
    size_t skipped; /* identifiers beyond the cap */
};

/* In lower-case A-label form; false: cannot be a name that was authenticated. */
bool dmarc_identifier(struct auth_ctx *ctx, struct str domain, struct str *out);

/* `domain` from dmarc_identifier. MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int dmarc_align(struct dmarc_aligner *a, struct str domain, bool strict, enum dmarc_alignment *out,
                struct mp_err *err);

/* ---- ARC (dmarc_arc.c) ---- */

/* Does the trusted seal say that the author domain was proven at its hop (RFC 8617 7.2, N34)?
 * Then *reason is the text for override_reason; else it is empty. MP_OK, MP_WAIT, ... */
int dmarc_arc_override(struct dmarc_aligner *a, const struct arc_outcome *arc,
                       const struct dmarc_record *record, struct str *reason, struct mp_err *err);

#endif
