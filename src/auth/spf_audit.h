/* An SPF record seen as a whole, for no client in particular: the tree of all its records, what
 * each term costs at worst, and what is wrong or risky in it (RFC 7208; counts as 4.6.4 says). */
#ifndef MP_AUTH_SPF_AUDIT_H
#define MP_AUTH_SPF_AUDIT_H

#include "auth/spf.h"

enum {
    SPF_AUDIT_MAX_NODES = 500,   /* terms that are listed; more are still counted */
    SPF_AUDIT_MAX_RECORDS = 100, /* read in one walk, one twice named counts twice */
    SPF_AUDIT_MAX_TERMS = 4000,
    SPF_AUDIT_MAX_QUESTIONS = 1000, /* asked of DNS */
    SPF_AUDIT_MAX_RANGES = 5000,    /* of IPv4, for the sum of addresses */
    SPF_AUDIT_MAX_PER_KIND = 8      /* problems of one kind, so that none pushes out another */
};

enum spf_presence { SPF_RECORDS_NONE, SPF_RECORDS_ONE, SPF_RECORDS_SEVERAL };

/* One term of one record, in order, depth first. */
struct spf_node {
    unsigned depth;
    struct str domain;         /* whose record */
    struct str term;           /* as published */
    unsigned lookups;          /* its own and below, at worst: no early match */
    unsigned voids;            /* answers without records, its own and below, as `voids` below */
    unsigned names, addresses; /* mx: hosts; a, mx: addresses found */
    struct str note;           /* "no such name", "depends on the client (macro)", ... */
};

enum spf_problem_kind {
    SPF_PROBLEM_SEVERAL,      /* two v=spf1 records at one name: permerror (4.5) */
    SPF_PROBLEM_SYNTAX,       /* permerror (4.6) */
    SPF_PROBLEM_LOOKUPS,      /* more than 10 */
    SPF_PROBLEM_VOIDS,        /* more than 2 */
    SPF_PROBLEM_MX_NAMES,     /* more than 10 hosts of one mx */
    SPF_PROBLEM_LOOP,         /* include or redirect back to a record above */
    SPF_PROBLEM_NO_RECORD,    /* include or redirect to a name without record: permerror */
    SPF_PROBLEM_DNS,          /* could not be looked up: undecided */
    SPF_PROBLEM_PLUS_ALL,     /* +all, also in an included record */
    SPF_PROBLEM_NO_ALL,       /* ends in neither all nor redirect: neutral */
    SPF_PROBLEM_NEUTRAL_ALL,  /* ?all */
    SPF_PROBLEM_BROAD,        /* a pass for a range broader than the config says */
    SPF_PROBLEM_PTR,          /* ptr should not be used (5.5) */
    SPF_PROBLEM_AFTER_ALL,    /* terms behind all are never seen (5.1) */
    SPF_PROBLEM_REDIRECT_ALL, /* redirect= beside all is ignored (6.1) */
    SPF_PROBLEM_TYPE99,       /* record of type SPF only or beside (3.1) */
    SPF_PROBLEM_DUPLICATE,    /* the same term twice in the tree */
    SPF_PROBLEM_LONG,         /* TXT answer beyond 450 octets: risky in UDP (3.4) */
    SPF_PROBLEM_PRIVATE,      /* passes private, loopback or otherwise special addresses */
    SPF_PROBLEM_UNKNOWN_MODIFIER,
    SPF_PROBLEM_BY_CLIENT, /* include, redirect or mx of a name that only the client or the sender
                            * makes: nobody can see ahead what it authorises and costs */
    SPF_PROBLEM_KIND_COUNT
};

struct spf_problem {
    enum spf_problem_kind kind;
    struct str domain, term;         /* where; the term may be empty */
    struct str text;                 /* what was seen, for people */
    const struct dns_answer *answer; /* of SPF_PROBLEM_DNS: the one that failed */
};

struct spf_audit {
    enum spf_presence presence; /* at the domain itself */
    struct str record;          /* its text, as published */
    enum dns_status status;     /* of the TXT question */
    bool has_all;               /* after redirect */
    enum spf_result all;        /* what everybody else gets: of the final all; neutral without,
                                 * an error when the last record has one, none when there is none */
    bool sends_nothing;         /* authorises no address at all: "v=spf1 -all" and its like */
    unsigned lookups;           /* at worst, over the whole tree; not cut at the limits */
    unsigned voids, voids4;     /* the same, for any client; for IPv4 clients: who comes by IPv6
                                 * asks AAAA, and meets voids where hosts have IPv4 only */
    uint64_t addresses4;        /* IPv4 addresses that pass, as far as written (capped at 2^32) */
    bool incomplete;            /* DNS failed somewhere, or a limit of ours cut the walk */
    struct spf_node *nodes;
    size_t n_nodes;
    struct spf_problem *problems;
    size_t n_problems;
};

/* Walk the whole tree. `domain` in A-label form; what is no domain name of two labels has no
 * record. Asks all it can in parallel. MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int spf_audit(struct auth_ctx *ctx, struct str domain, struct spf_audit *out, struct mp_err *err);

/* Is the text a well-formed record (4.6)? For remedies, before they are told. */
bool spf_record_valid(struct str text);

#endif
