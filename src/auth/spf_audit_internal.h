/* Between the files of the SPF audit: the walk, its counters, and what it has seen. */
#ifndef MP_AUTH_SPF_AUDIT_INTERNAL_H
#define MP_AUTH_SPF_AUDIT_INTERNAL_H

#include "auth/spf_audit.h"
#include "auth/spf_internal.h"

enum { SPF_NO_NODE = SPF_AUDIT_MAX_NODES };

/* Counted since the start of the walk; a node's cost is the difference of two. */
struct spf_cost {
    unsigned lookups, voids4, voids6; /* voids that a client of that family meets */
};

/* A record that is being read. */
struct spf_frame {
    struct str domain;
    const struct spf_record *record;
    size_t next;            /* term */
    size_t node;            /* that led here; SPF_NO_NODE for the first, and beyond the list */
    struct spf_cost before; /* that node */
    bool passes;            /* a pass here is a pass of the domain: no -include: on the way */
    bool final;             /* the domain's own record, or where its redirects lead */
    bool ended, redirected; /* all was met; redirect= was followed */
    bool repeated;          /* below a term that is a duplicate: its terms need no telling */
};

struct spf_range {
    uint32_t first, last;
};

/* What a listed term stands for, so that the same one is known again. */
struct spf_seen {
    uint64_t hash;
    enum spf_mech mech;
    enum spf_result result;
    unsigned cidr4, cidr6;
    struct ip net;
    struct str name;
};

/* One walk, made afresh on every run. */
struct spf_walk {
    struct auth_ctx *ctx;
    struct mp_err *err;
    struct spf_audit *out;
    struct spf_env env; /* without client: for the macros of a record that need none */
    int status;         /* first negative one; or MP_WAIT once an answer is missing */
    struct spf_cost cost;
    size_t n_records, n_terms, n_questions;
    struct spf_frame *frames; /* SPF_AUDIT_MAX_RECORDS of them */
    size_t n_frames;
    size_t node_cap, problem_cap, range_cap;
    struct spf_seen *seen; /* beside out->nodes */
    struct spf_range *ranges;
    size_t n_ranges;
    unsigned per_kind[SPF_PROBLEM_KIND_COUNT];
    bool passes_something; /* any client may pass by something */
};

/* The array in the arena with room for one more; NULL (and w->status) without memory. */
void *spf_walk_grow(struct spf_walk *w, void *array, size_t n, size_t *cap, size_t size);
/* Remember the first failure; MP_WAIT only when there is none. */
void spf_walk_fail(struct spf_walk *w, int status);

/* ---- problems, spf_audit_problems.c ---- */

/* NULL when it is not kept: enough of its kind, or no memory (w->status). */
struct spf_problem *spf_problem_add(struct spf_walk *w, enum spf_problem_kind kind,
                                    struct str domain, struct str term, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* A record as text, in whatever place it stands: length, modifiers, terms behind all. */
void spf_judge_record(struct spf_walk *w, const struct spf_frame *f, const struct dns_answer *txt,
                      struct str text);
/* A term that was just listed: seen before? `name`: its target, empty when it has none. */
bool spf_judge_repeat(struct spf_walk *w, const struct spf_frame *f, const struct spf_term *t,
                      size_t node, struct str name);
/* A range that passes: too broad, or not of the public Internet? Its IPv4 addresses are summed. */
void spf_judge_range(struct spf_walk *w, const struct spf_frame *f, const struct spf_term *t,
                     const struct ip *net, unsigned prefix);
/* At the end: limits, the final all, the sum of addresses. */
void spf_judge_whole(struct spf_walk *w);

/* ---- terms, spf_audit_terms.c ---- */

/* Ask. NULL: nothing to judge now (waiting, failed: w->status; or our limit: incomplete). */
const struct dns_answer *spf_walk_ask(struct spf_walk *w, struct str name, enum dns_type type);
/* Did the answer fail? Then it is a problem, and the walk incomplete. */
bool spf_walk_dns_failed(struct spf_walk *w, const struct spf_frame *f, struct str term,
                         const struct dns_answer *a);
/* The name of a term; false when it depends on the client or cannot be asked (*name is empty
 * then, *by_client tells). */
bool spf_walk_target(struct spf_walk *w, const struct spf_frame *f, const struct spf_macro *m,
                     struct str *name, bool *by_client);
/* All that need no further record: a, mx, ptr, ip4, ip6, exists, all. `node` is theirs. */
void spf_walk_term(struct spf_walk *w, struct spf_frame *f, const struct spf_term *t, size_t node);
/* Its node, or one to throw away. */
struct spf_node *spf_walk_node(struct spf_walk *w, size_t node, struct spf_node *scrap);

#endif
