/* What the checks share: asking with failures made findings, names and RDATA as text, remedies. */
#ifndef MP_POSTURE_POSTURE_INTERNAL_H
#define MP_POSTURE_POSTURE_INTERNAL_H

#include "base/idna.h"
#include "posture/posture.h"

/* ---- posture.c ---- */

/* dns_ask, noting the question when it must wait. */
int posture_ask(struct posture_ctx *c, struct str name, enum dns_type type,
                const struct dns_answer **out, struct mp_err *err);
/* The same for "label.domain" of the audited domain ("_dmarc"). */
int posture_ask_below(struct posture_ctx *c, const char *label, enum dns_type type,
                      const struct dns_answer **out, struct mp_err *err);

static inline bool posture_failed(const struct dns_answer *a)
{
    return a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT || a->status == DNS_BOGUS;
}
/* When the answer failed: posture.dns.failed or .bogus (once a zone, see posture.c), the open check
 * is undecided, and true. */
bool posture_answer_failed(struct posture_ctx *c, const struct dns_answer *a);
/* Did one of both? Both are told. */
bool posture_either_failed(struct posture_ctx *c, const struct dns_answer *a,
                           const struct dns_answer *b);

/* Is an answer or a fact missing? Else nobody has a reason to wait. */
bool posture_is_missing(const struct posture_ctx *c);

/* A limit of ours cut what the open check saw: posture.limit, and undecided. */
void posture_cut(struct posture_ctx *c, const char *what, size_t limit);

/* A fix for a finding of check_add, which may be NULL; so may the result. */
static inline struct fix *posture_fix(struct posture_ctx *c, const struct finding *f)
{
    return fix_new(&c->fixes, &c->findings, f);
}

/* "label.name" in the arena; p == NULL without memory. */
struct str posture_below(struct arena *a, const char *label, struct str name);
/* A host as RDATA: escaped, with a final dot. "mx1.example.org." */
struct str posture_target(struct arena *a, struct str host);
/* RDATA of an MX record: "10 mx1.example.org." */
struct str posture_mx_rdata(struct arena *a, unsigned preference, struct str host);
/* An address as text, in the arena. */
struct str posture_ip(struct arena *a, const struct ip *ip);

/* May edits be made at the name, as far as we can tell: at or below the audited domain. */
static inline bool posture_is_ours(const struct posture_ctx *c, struct str name)
{
    return domain_is_below(name, c->out->domain);
}

/* Does the domain take mail by MX or address? False for null MX and for nothing at all. */
static inline bool posture_takes_mail(const struct posture *p)
{
    return !p->null_mx && p->n_mx > 0;
}

/* Is the text "v=spf1 -all": the SPF record of who sends nothing? */
bool posture_is_closed_spf(struct str text);

/* Why a check about hosts or policies of incoming mail makes no sense; NULL when it does. */
const char *posture_no_mail(const struct posture *p);

/* Whole days from now until then; negative in the past. */
static inline int64_t posture_days(int64_t now_s, int64_t then_s)
{
    int64_t s = then_s - now_s;
    return s >= 0 ? s / 86400 : -1 - (-s - 1) / 86400;
}

/* ---- facts.c ---- */

/* The facts of `below` with the files of the fix served; questions are noted in `below`. */
struct fact_view *posture_fact_overlay(struct arena *a, struct fact_view *below,
                                       const struct fix *fix);

/* ---- overlay.c ---- */

struct posture_overlay;
/* The answers of `below` with the edits of the fix applied; what is missing is noted in `below`.
 * NULL without memory, or when an edit is no record. */
struct posture_overlay *posture_overlay_new(struct arena *a, struct dns_view *below,
                                            const struct fix *fix);
struct dns_view *posture_overlay_view(struct posture_overlay *o);
void posture_overlay_free(struct posture_overlay *o); /* accepts NULL; releases the view */

/* Is the finding of `before` gone in `after`, with nothing as severe or worse that is new, and
 * nothing more undecided? */
bool posture_is_cleared(const struct posture_ctx *before, const struct finding *f,
                        const struct posture_ctx *after);

/* ---- grade ---- */

/* By the worst findings and their number; see the table in grade.c. */
void posture_grade(struct posture_ctx *c);

#endif
