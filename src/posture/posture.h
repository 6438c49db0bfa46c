/* The audit of one domain: all checks over one set of answers and facts. */
#ifndef MP_POSTURE_POSTURE_H
#define MP_POSTURE_POSTURE_H

#include "auth/bimi.h"
#include "auth/dkim_key.h"
#include "auth/dmarc.h"
#include "auth/spf_audit.h"
#include "posture/facts.h"
#include "posture/fix.h"
#include "transport/tls_policy.h"
#include "transport/tls_rpt.h"

enum {
    POSTURE_MAX_MX = 50,
    POSTURE_MAX_ADDRESSES = 16, /* of one host */
    POSTURE_MAX_SELECTORS = 200,
    POSTURE_MAX_DNSBL = 50,
    POSTURE_CERT_WARN_DAYS = 21,
    POSTURE_CERT_HIGH_DAYS = 7,
    POSTURE_DKIM_MIN_BITS = 2048
};

enum posture_profile { PROFILE_AUTO, PROFILE_SENDING, PROFILE_RECEIVING, PROFILE_PARKED };
/* sending: sends and receives; receiving: never sends; parked: neither. auto decides by what is
 * published: parked without a way to receive mail, receiving when SPF lets nobody send. */
const char *posture_profile_name(enum posture_profile p);
bool posture_profile_by_name(struct str s, enum posture_profile *out);

struct posture_config {
    enum posture_profile profile;
    const struct str *selectors; /* DKIM; n == 0: the built-in list of known ones is tried */
    size_t n_selectors;
    const struct str *dnsbl; /* zones to ask about MX addresses; none by default */
    size_t n_dnsbl;
    bool allow_private;  /* private and loopback addresses are no fault (inner networks, tests) */
    bool https, connect; /* may HTTPS files be fetched, MX hosts be connected to */
    uint16_t smtp_port;  /* 25 */
    unsigned spf_broad_prefix_v4, spf_broad_prefix_v6; /* as auth_config */
    unsigned cert_warn_days, cert_high_days;
    enum dmarc_discovery discovery;
};
void posture_config_init(struct posture_config *c);

struct posture_mx {
    struct str host;
    unsigned preference;
    enum dns_status status;    /* worst that matters: of A, AAAA */
    bool is_alias, is_address; /* CNAME (RFC 2181 10.3), IP literal as name */
    struct ip addresses[POSTURE_MAX_ADDRESSES];
    size_t n_addresses, n_dropped; /* n_dropped: beyond POSTURE_MAX_ADDRESSES */
    enum dnssec dnssec;            /* of its addresses */
    struct dane dane;
    struct tls_decision decision; /* what a sender would do; .by NULL: not judged */
};

struct posture_key { /* one DKIM selector with a record */
    struct str selector, name, type;
    unsigned bits;
    bool revoked, testing, broken;
    bool strict; /* t=s: not for i= of a subdomain */
};

/* What the checks found out, for reports and for later checks. Filled in order; ready flags say
 * that the part is complete in this run. */
struct posture {
    struct str domain; /* A-label form */
    struct str organizational_domain;
    enum posture_profile profile;                              /* decided */
    bool mx_ready, mx_failed, null_mx, implicit_mx, mx_secure; /* failed: MX is not known */
    bool dane_ready; /* .dane of all hosts holds what DNS says */
    struct posture_mx mx[POSTURE_MAX_MX];
    size_t n_mx;
    bool spf_ready;
    struct spf_audit spf;
    struct posture_key keys[POSTURE_MAX_SELECTORS];
    size_t n_keys;
    bool dmarc_ready;
    struct dmarc_record dmarc; /* the record that applies; .text empty: none */
    struct str dmarc_at;       /* domain where it stands */
    enum dmarc_applies dmarc_applies;
    enum dmarc_policy dmarc_policy, dmarc_subdomain_policy, dmarc_nonexistent_policy;
    bool sts_ready, has_sts_policy; /* ready: false also when the policy is not known */
    enum mta_sts_presence sts_presence;
    struct mta_sts_record sts_record;
    struct mta_sts_policy sts;
    struct tls_rpt_record tls_rpt;
    enum bimi_presence bimi_presence;
    struct bimi_record bimi;
    enum dnssec dnssec; /* of the domain's own answers */
    const char *grade;  /* "A+", "A", "B", "C", "D", "F" */
    struct str grade_reason;
};

/* The bench of a check. Every run starts with empty lists. */
struct posture_ctx {
    struct arena *arena;
    struct dns_view *dns;
    struct fact_view *facts;
    const struct posture_config *config;
    struct auth_ctx auth; /* for spf_audit, dmarc_organizational; msg NULL */
    struct check_list checks;
    struct finding_list findings;
    struct fix_list fixes;
    int64_t now_s;
    struct posture *out;
};

/* One check: opens its checks (group = its title: "MX", "SPF", "DKIM", "DMARC", "MTA-STS",
 * "TLS-RPT", "DANE", "DNSSEC", "BIMI", "CAA", "SRV", "Reverse DNS", "DNS lists", "Parked"), adds
 * findings with fixes. MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT.
 * A finding's evidence names the record or host. Whatever can be said as records gets a fix; else
 * the catalogue's remedy says what to do. An answer that failed (SERVFAIL, TIMEOUT, BOGUS) makes
 * the check undecided, with posture.dns.failed or posture.dns.bogus. */
int posture_check_mx(struct posture_ctx *c, struct mp_err *err);
int posture_check_spf(struct posture_ctx *c, struct mp_err *err);
int posture_check_dkim(struct posture_ctx *c, struct mp_err *err);
int posture_check_dmarc(struct posture_ctx *c, struct mp_err *err);
int posture_check_sts(struct posture_ctx *c, struct mp_err *err);
int posture_check_tls_rpt(struct posture_ctx *c, struct mp_err *err);
int posture_check_dane(struct posture_ctx *c, struct mp_err *err);
int posture_check_dnssec(struct posture_ctx *c, struct mp_err *err);
int posture_check_bimi(struct posture_ctx *c, struct mp_err *err);
int posture_check_caa(struct posture_ctx *c, struct mp_err *err);
int posture_check_srv(struct posture_ctx *c, struct mp_err *err);
int posture_check_ptr(struct posture_ctx *c, struct mp_err *err);
int posture_check_dnsbl(struct posture_ctx *c, struct mp_err *err);
int posture_check_parked(struct posture_ctx *c, struct mp_err *err);

/* Run all checks of the profile over the two views. Texts live in the arena. MP_WAIT: fill both,
 * call again with the same views (lists and `out` are made afresh). `domain`: any form; MP_E_USAGE
 * when it is no domain name. The struct is large: on the heap. */
int posture_run(struct posture_ctx *c, struct arena *arena, struct dns_view *dns,
                struct fact_view *facts, const struct posture_config *config, struct str domain,
                int64_t now_s, struct posture *out, struct mp_err *err);

/* Try every fix: run the audit on answers with the edits applied; `verified` when its finding is
 * gone and nothing as severe or worse is new. Answers that only the overlay needs are asked through
 * c->dns: MP_WAIT as above (the lists are kept). */
int posture_verify(struct posture_ctx *c, struct mp_err *err);

#endif
