/* What the DMARC check knows when its records have been found, between its files. */
#ifndef MP_POSTURE_DMARC_CHECK_H
#define MP_POSTURE_DMARC_CHECK_H

#include "posture/dmarc_text.h"
#include "posture/posture_internal.h"

/* One name of the tree walk (RFC 9989 4.10). */
struct dmarc_place {
    struct str domain, name; /* "good.test", "_dmarc.good.test" */
    const struct dns_answer *txt;
    enum dmarc_presence presence;
    const struct dmarc_record *record; /* NULL unless present */
};

struct dmarc_finder {
    struct posture_ctx *c;
    struct dmarc_place places[DMARC_MAX_QUERIES]; /* the domain itself first */
    size_t n;
    const struct dmarc_place *own, *org, *at; /* org: NULL when not known; at: what applies */
    bool exists;                              /* the domain, in DNS */
    bool hidden;                              /* a failure hides which record applies */
};

/* Find the records. MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int dmarc_find(struct posture_ctx *c, struct dmarc_finder *out, struct mp_err *err);

/* What c->out tells of DMARC. */
void dmarc_tell(const struct dmarc_finder *f);

/* Replace the text of the domain's own record. */
void dmarc_replace(const struct dmarc_finder *f, const struct finding *finding, struct str before,
                   struct str after);

/* Does anybody read mail to the domain: then its postmaster does (RFC 5321 4.5.1). */
struct str dmarc_postmaster(const struct posture_ctx *c);

/* The report addresses of the domain's own record. MP_OK, MP_WAIT, ... */
int dmarc_check_reports(const struct dmarc_finder *f, struct mp_err *err);

#endif
