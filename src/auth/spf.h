/* SPF (RFC 7208, with the EAI rules of RFC 8616). */
#ifndef MP_AUTH_SPF_H
#define MP_AUTH_SPF_H

#include "auth/auth.h"
#include "base/buf.h"
#include "base/ip.h"

enum spf_result {
    SPF_NONE,
    SPF_NEUTRAL,
    SPF_PASS,
    SPF_FAIL,
    SPF_SOFTFAIL,
    SPF_TEMPERROR,
    SPF_PERMERROR
};
const char *spf_result_name(enum spf_result r);

enum spf_identity { SPF_MAILFROM, SPF_HELO };

enum {
    SPF_MAX_LOOKUPS = 10,     /* RFC 7208 4.6.4 */
    SPF_MAX_VOID_LOOKUPS = 2, /* RFC 7208 4.6.4 */
    SPF_MAX_NAMES = 10,       /* of one mx or ptr */
    SPF_RECORD_MAX_BYTES = 16 * 1024,
    SPF_RECORD_MAX_TERMS = 2000, /* ip4 terms of 16 KB; a 13 KB record in use has 900 */
    SPF_MAX_DEPTH = 12,          /* include and redirect; more cannot be within the lookup limit */
    SPF_EXPLANATION_MAX_BYTES = 500, /* longer texts are cut */
    SPF_TRACE_MAX = 200
};

struct spf_request {
    struct ip client;     /* IP_NONE: result none, reason "no client address" */
    struct str helo;      /* as given */
    struct str mail_from; /* as given, with or without angle brackets; "" is the null sender */
};

/* One evaluated term, in order, for `--verbose`: the tree and what each term cost. */
struct spf_step {
    unsigned depth;          /* 0 for the first record */
    struct str domain;       /* whose record */
    struct str term;         /* as published */
    unsigned lookups, voids; /* this term's own cost and below */
    bool matched;
    enum spf_result result; /* of an include or redirect, or the error it ended in; else SPF_NONE */
    struct str note;        /* "no such name", "3 addresses", ...; may be empty */
};

struct spf_outcome {
    enum spf_result result;
    enum spf_identity identity;
    struct str domain;      /* checked, A-label; as given when it is no domain */
    struct str sender;      /* local@domain as used for macros */
    struct str mechanism;   /* the directive that decided, as published; "default" when none */
    struct str matched_in;  /* domain of the record it stands in */
    struct str explanation; /* exp= text, printable ASCII, when result is fail */
    struct str reason;      /* for people: why permerror, temperror, none */
    unsigned lookups, void_lookups;
    struct spf_step *trace;
    size_t n_trace;
    bool plus_all;         /* passed by an explicit or implicit +all */
    unsigned broad_prefix; /* pass by a range broader than the config allows: its prefix, else 0 */
    struct str broad_term; /* with a pass by something narrower: a too broad range that a record */
    struct str broad_term_in; /* on the way authorises as well, and the domain of that record */
    bool exp_control;         /* the exp= text held control characters: it was not used */
};

/* check_host() for MAIL FROM, or for HELO when the reverse-path is null (RFC 7208 2.4).
 * MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT (the view is full). */
int spf_check(struct auth_ctx *ctx, const struct spf_request *req, struct spf_outcome *out,
              struct mp_err *err);
/* The HELO identity by itself (RFC 7208 2.3); never stands in for MAIL FROM (CVE-2019-20790). */
int spf_check_helo(struct auth_ctx *ctx, const struct spf_request *req, struct spf_outcome *out,
                   struct mp_err *err);

/* spf-plus-all, spf-broad-range, exp-control and what else the outcome shows. */
void spf_findings(struct auth_ctx *ctx, const struct spf_request *req,
                  const struct spf_outcome *out);

/* Field body of Received-SPF (RFC 7208 9.1), every value quoted (N47). */
void received_spf_write(struct buf *out, const struct spf_request *req,
                        const struct spf_outcome *spf, struct str receiver);

#endif
