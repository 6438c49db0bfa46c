/* DMARC (RFC 9989): record, tree walk, alignment, policy; RFC 7489's list method as an option. */
#ifndef MP_AUTH_DMARC_H
#define MP_AUTH_DMARC_H

#include "auth/arc.h"
#include "auth/author.h"
#include "auth/dkim.h"
#include "auth/spf.h"

enum dmarc_result { DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR };
const char *dmarc_result_name(enum dmarc_result r);

enum dmarc_policy { DMARC_P_NONE, DMARC_P_QUARANTINE, DMARC_P_REJECT, DMARC_P_UNSET };
const char *dmarc_policy_name(enum dmarc_policy p);

enum dmarc_psd { DMARC_PSD_U, DMARC_PSD_Y, DMARC_PSD_N };

enum { DMARC_MAX_QUERIES = 8, DMARC_MAX_IDENTIFIERS = 10, DMARC_MAX_URIS = 20 };

/* A parsed record: views into the text it was made of, nothing else to free. */
struct dmarc_record {
    bool usable;                 /* p/sp/np rules of N41 allow processing */
    bool forced_none;            /* p invalid or missing, but a valid rua: act as p=none */
    enum dmarc_policy p, sp, np; /* sp, np may be DMARC_P_UNSET */
    bool strict_dkim, strict_spf, testing;
    enum dmarc_psd psd;
    struct str fo;
    struct str rua[DMARC_MAX_URIS], ruf[DMARC_MAX_URIS];
    size_t n_rua, n_ruf;
    struct str text;
};

/* Parse one TXT string (RFC 9989 4.7, 4.8): linear, no memory. False: not a DMARC record at all
 * (does not start with v=DMARC1), or a tag of ours stands twice, which makes a tag list invalid
 * (RFC 6376 3.2). Other errors give defaults; see `usable`. `text` must outlive `out`. */
bool dmarc_record_parse(struct str text, struct dmarc_record *out);

/* What a TXT answer holds. */
enum dmarc_presence {
    DMARC_ABSENT,
    DMARC_PRESENT,
    DMARC_SEVERAL,  /* more than one record: all discarded (RFC 9989 4.10) */
    DMARC_MALFORMED /* one, with a tag written twice: discarded */
};

/* The record of an answer: parsed on first use, then shared with the answer by all threads.
 * *record is NULL unless DMARC_PRESENT and lives as long as the answer. MP_OK or MP_E_NOMEM. */
int dmarc_record_of(const struct dns_answer *txt, enum dmarc_presence *presence,
                    const struct dmarc_record **record);

enum dmarc_applies { DMARC_APPLIES_P, DMARC_APPLIES_SP, DMARC_APPLIES_NP };

struct dmarc_outcome {
    enum dmarc_result result;
    struct str author_domain, organizational_domain, policy_domain;
    enum dmarc_policy published; /* the tag that applies, as published */
    enum dmarc_policy policy;    /* after t= */
    enum dmarc_applies applies;
    bool testing;
    bool spf_aligned, dkim_aligned;
    enum dmarc_discovery discovery;
    struct str reason;         /* one sentence */
    struct str psl_difference; /* what the other discovery method would say, when it differs */
    const struct dmarc_record *record; /* NULL when none */
    enum dmarc_policy disposition; /* what the policy asks for this message: none when it passes */
    struct str
        override_reason; /* "trusted_forwarder" with the sealer, when ARC explains (N34, N44) */
    bool tld_record;     /* a one-label record without psd=y became organizational (N39) */
    struct str record_problem; /* which record on the way is broken, and how; may be empty */
    /* Domains whose _dmarc record decided about the author domain, in the order of the walk. */
    struct str walk[DMARC_MAX_QUERIES];
    size_t n_walk;
};

/* Inputs are the finished results; sigs[].aligned is filled for signatures that pass.
 * Texts live in the arena, `record` until the view is released.
 * MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int dmarc_check(struct auth_ctx *ctx, const struct author *author, const struct spf_outcome *spf,
                struct dkim_outcome *dkim, const struct arc_outcome *arc, struct dmarc_outcome *out,
                struct mp_err *err);
void dmarc_findings(struct auth_ctx *ctx, const struct dmarc_outcome *out);

/* Note the names of the author's walk in the view, to be fetched with everything else. */
void dmarc_prefetch(struct auth_ctx *ctx, struct str author_domain);

/* Organizational Domain by walk (RFC 9989 4.10). `domain` in A-label form. On MP_OK *org is empty
 * when a DNS failure hides it and *failed is true. */
int dmarc_organizational(struct auth_ctx *ctx, struct str domain, struct str *org, bool *failed,
                         struct mp_err *err);

#endif
