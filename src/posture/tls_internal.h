/* What the checks of MTA-STS, TLS-RPT, DANE and BIMI share: records that are replaced, the MX hosts
 * as they answered, and their TLSA records. */
#ifndef MP_POSTURE_TLS_INTERNAL_H
#define MP_POSTURE_TLS_INTERNAL_H

#include "posture/posture_internal.h"

/* Does the text hold the word, in any case? People write "V=stsv1" and mean it. `word`: lower. */
bool posture_mentions(struct str text, const char *word);
/* Does one of the strings? A record that nobody takes for one is told as broken, not as missing. */
bool posture_any_mentions(const struct dns_answer *txt, const char *word);

/* Edits that leave `text` as the only TXT record that mentions the word; an alias at the name goes,
 * for nothing may stand beside it. Accepts x == NULL. */
void posture_replace_txt(struct fix *x, const struct dns_answer *txt, const char *word,
                         struct str text);

/* "v=TLSRPTv1; ..." to the domain's postmaster, who exists (RFC 5321 4.5.1). */
struct str posture_tls_rpt_text(struct posture_ctx *c);
/* A record of TLS-RPT beside a policy that is new; none when there is one, or when it is not
 * known. */
void posture_fix_tls_rpt(struct posture_ctx *c, struct fix *x);

/* What the MX hosts showed, by index; NULL: has no address, or is not to be connected to. MP_OK,
 * MP_WAIT, or an error. */
struct posture_hosts {
    const struct smtp_fact *facts[POSTURE_MAX_MX];
};
int posture_ask_hosts(struct posture_ctx *c, struct posture_hosts *out, struct mp_err *err);

/* What can be said about the TLS of one host. */
enum posture_seen {
    SEEN_NOTHING, /* it was not asked, or we were told not to */
    SEEN_FAILURE, /* it did not answer, or TLS broke off for now: undecided */
    SEEN_NO_TLS,  /* it answered, and has no TLS that works */
    SEEN_TLS
};
enum posture_seen posture_seen_of(const struct smtp_fact *f);

/* Fill p->mx[].dane, unless that was done in this run (p->dane_ready). */
int posture_find_dane(struct posture_ctx *c, struct mp_err *err);

/* certificates.c: those of the hosts, after MTA-STS and DANE had their say. */
void posture_check_certificates(struct posture_ctx *c, const struct posture_hosts *hosts);

#endif
