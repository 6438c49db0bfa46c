/* What every check of this room is given, and the rules they all keep. */
#ifndef MP_AUTH_AUTH_H
#define MP_AUTH_AUTH_H

#include "dns/dns.h"
#include "finding/finding.h"
#include "message/message.h"

enum dmarc_discovery { DMARC_TREE_WALK, DMARC_PSL };

enum l_tag_policy {
    L_TAG_REFUSE_TAIL,
    L_TAG_ACCEPT
}; /* l= with an unsigned tail: policy or pass */

/* Read-only while messages are checked; strings borrowed from whoever made it. */
struct auth_config {
    struct str authserv_id;            /* ours; "" when none is set: nothing is stripped */
    struct str receiver;               /* host name for %{r}, Received-SPF */
    const struct str *trusted_sealers; /* d= domains whose ARC we trust (N34) */
    size_t n_trusted_sealers;
    enum dmarc_discovery discovery;
    enum l_tag_policy l_tag;
    unsigned max_signatures;      /* evaluated; default DKIM_MAX_SIGNATURES */
    unsigned clock_skew_s;        /* allowance for t= and x=; default 300 */
    unsigned spf_broad_prefix_v4; /* a matched ip4 prefix shorter than this is flagged; 16 */
    unsigned spf_broad_prefix_v6; /* 32 */
};

/* Defaults as written above, empty strings. */
void auth_config_init(struct auth_config *c);

struct body_hashes;

/* The bench a check works at. Checks are repeatable: same view, same answer; on MP_WAIT nothing is
 * kept but what body_hashes and verification results hold. Findings that a waiting run added are
 * taken back by the engine. One thread at a time. */
struct auth_ctx {
    struct arena *arena;       /* of the message; outlives all results */
    const struct message *msg; /* NULL when only an envelope is checked */
    struct dns_view *dns;
    struct finding_list *findings;
    const struct auth_config *config;
    struct body_hashes *bodies; /* shared by DKIM and ARC: each canonical body hashed once */
    int64_t now_s;
};

#endif
