/* What is in a mail, against the store: findings intel.url, intel.domain, intel.ip, intel.hash and
 * intel.email. */
#ifndef MP_INTEL_MATCH_H
#define MP_INTEL_MATCH_H

#include "finding/finding.h"
#include "intel/snapshot.h"

enum {
    INTEL_MAX_HITS = 200,  /* of one message that are kept; more are counted */
    INTEL_MAX_ITEMS = 4000 /* of one message that are looked up */
};

enum intel_item_kind { ITEM_LINK, ITEM_HOST, ITEM_ADDRESS, ITEM_MAILBOX, ITEM_FILE };

enum { INTEL_MD5_BYTES = 16, INTEL_SHA1_BYTES = 20, INTEL_SHA256_BYTES = 32 };

/* Something that is looked up. Borrowed. */
struct intel_item {
    enum intel_item_kind kind;
    const char *role; /* static, for the evidence: "link", "client", "From", "attachment" */
    struct finding_where where;
    struct str text; /* as it is shown; of HOST and MAILBOX also what is looked up */
    struct url url;  /* LINK */
    struct ip ip;    /* ADDRESS */
    bool has_sha256, has_md5, has_sha1; /* FILE: which of these are there */
    unsigned char sha256[INTEL_SHA256_BYTES], sha1[INTEL_SHA1_BYTES], md5[INTEL_MD5_BYTES];
};

struct intel_hit {
    struct indicator indicator; /* views into the snapshot */
    struct snapshot_feed feed;
    enum key_match match;
    size_t item; /* which one */
    bool stale;  /* its feed is older than its entries hold */
};

struct intel_hits {
    struct intel_hit *items;
    size_t n, cap, dropped;
};

/* Look all items up and raise what is listed: one finding for each item and kind, as severe as the
 * gravest feed says, with the evidence of that feed and the names of the others. The same value in
 * several items is told once; of more than there may be findings, or hits, the gravest are told.
 * Linear in items; everything lives in `arena`, hits borrow `s`. MP_OK or MP_E_NOMEM. Threads: any,
 * each with its own arena. */
int intel_match(struct arena *arena, const struct snapshot *s, const struct intel_item *items,
                size_t n, int64_t now_s, struct finding_list *findings, struct intel_hits *out,
                struct mp_err *err);

/* Feeds of the store that are older than they may be: intel.stale, one finding for all. False: all
 * are fresh. */
bool intel_stale(const struct snapshot *s, int64_t now_s, struct finding_list *findings);

const char *key_match_name(enum key_match m); /* "exact", "without-query", "folder", ... */

#endif
