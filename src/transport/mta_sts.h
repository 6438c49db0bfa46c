/* MTA-STS (RFC 8461): TXT record, policy file, matching of MX hosts. */
#ifndef MP_TRANSPORT_MTA_STS_H
#define MP_TRANSPORT_MTA_STS_H

#include "base/arena.h"
#include "dns/dns.h"

enum {
    MTA_STS_POLICY_MAX_BYTES = 64 * 1024,
    MTA_STS_MAX_MX = 100,
    MTA_STS_ID_MAX = 32,
    MTA_STS_MAX_AGE_S = 31557600
};

enum mta_sts_presence {
    MTA_STS_ABSENT,
    MTA_STS_PRESENT,
    MTA_STS_SEVERAL,  /* more than one v=STSv1 record: as if there were none (3.1) */
    MTA_STS_MALFORMED /* begins with v=STSv1 and cannot be used: as if there were none */
};

struct mta_sts_record {
    struct str id, text;
    const char *problem; /* static, when malformed; else "" */
};

/* One TXT string. False when it does not begin as an STSv1 record; see `problem` otherwise. */
bool mta_sts_record_parse(struct str text, struct mta_sts_record *out);
enum mta_sts_presence mta_sts_record_of(const struct dns_answer *txt, struct mta_sts_record *out);

enum mta_sts_mode { MTA_STS_NONE, MTA_STS_TESTING, MTA_STS_ENFORCE };
const char *mta_sts_mode_name(enum mta_sts_mode m);

struct mta_sts_policy {
    enum mta_sts_mode mode;
    uint32_t max_age_s;
    struct str mx[MTA_STS_MAX_MX];
    size_t n_mx;
    bool lf_only;     /* lines end in LF: allowed by the grammar, worth a remark */
    bool blank_lines; /* not in the grammar of 3.2; read past, worth a remark */
};

/* 3.2, N49: first duplicate counts, exact words, digits only. MP_E_SYNTAX: `err` names the line
 * (err->detail, 0: the whole file); also for a file too long or with more than MTA_STS_MAX_MX mx
 * lines. Views point into `body`. */
int mta_sts_policy_parse(struct str body, struct mta_sts_policy *out, struct mp_err *err);
/* Does the host match one pattern? A wildcard is one whole leftmost label (4.1). */
bool mta_sts_matches(struct str pattern, struct str host);
bool mta_sts_allows(const struct mta_sts_policy *p, struct str host);

#endif
