/* From findings and authentication results to one decision, by a policy; a pure function. */
#ifndef MP_VERDICT_VERDICT_H
#define MP_VERDICT_VERDICT_H

#include "base/err.h"
#include "finding/finding.h"

enum verdict_action {
    ACTION_ACCEPT,
    ACTION_TAG,
    ACTION_QUARANTINE,
    ACTION_REJECT,
    ACTION_TEMPFAIL
};
const char *action_name(enum verdict_action a);
bool action_by_name(struct str s, enum verdict_action *out);

enum {
    VERDICT_MAX_REASONS = 32,
    POLICY_MAX_RULES = 256,
    POLICY_MAX_SEALERS = 64,
    POLICY_MAX_BYTES = 1024 * 1024
};

/* One line of a policy: findings whose id matches get this severity and this action. Each of the
 * two comes from the last rule that matches and names it. */
struct policy_rule {
    struct str pattern; /* "auth.dmarc.fail" or "auth.*" */
    bool has_severity, has_action;
    enum severity severity;
    enum verdict_action action;
};

/* Read-only once loaded. */
struct policy {
    struct policy_rule rules[POLICY_MAX_RULES]; /* the last match wins */
    size_t n_rules;
    enum verdict_action by_severity[SEV_CRITICAL + 1]; /* for findings no rule names */
    enum verdict_action undecided;                     /* when not complete: default tempfail */
    bool follow_dmarc; /* p=reject / quarantine decide a DMARC fail (default true) */
    struct str trusted_sealers[POLICY_MAX_SEALERS]; /* d= domains as A-labels, lower case */
    size_t n_trusted_sealers;
    struct str authserv_id;
};

/* What holds without a policy file. Actions by severity: critical reject, high quarantine, medium
 * tag, low and info accept; what the author domain's DMARC policy asks is followed; undecided:
 * tempfail. */
void policy_default(struct policy *p);

/* "auth.dmarc.fail", "auth.*" (everything below auth) or "*". */
bool policy_pattern_matches(struct str pattern, struct str finding_name);

/* YAML text (docs/policy.md) over the defaults; an empty text gives them. Read event by event: no
 * tree, no recursion, aliases refused. Strings are copied into `arena`.
 * MP_OK; MP_E_SYNTAX "file:line:col: unknown key 'x', did you mean 'y'?" (detail: the line);
 * MP_E_LIMIT (POLICY_MAX_BYTES, POLICY_MAX_RULES, POLICY_MAX_SEALERS); MP_E_NOMEM.
 * `p` is written only on success. Threads: any number at once. */
int policy_load(struct arena *arena, struct str yaml, const char *file, struct policy *p,
                struct mp_err *err);

/* What the published policy of the author domain asks (filled by the engine from DMARC). */
enum dmarc_request { DMARC_REQUEST_NONE, DMARC_REQUEST_QUARANTINE, DMARC_REQUEST_REJECT };

struct verdict {
    enum verdict_action action;
    bool complete;       /* false: something could not be decided or was cut by a limit */
    enum severity worst; /* of all findings; SEV_INFO without any */
    bool any;            /* any finding at all */
    enum finding_id
        reasons[VERDICT_MAX_REASONS]; /* the findings that led to the action, each once */
    size_t n_reasons;
};

/* Applies severity rules to the list in place, then decides. `complete` false on temperror,
 * limits, missing answers.
 * A finding asks for the action of its rule; auth.dmarc.fail without one for what the published
 * policy requests; any other for the action of its severity. The strongest wins: accept < tag <
 * quarantine < tempfail < reject. When not complete the policy's `undecided` action joins in, and
 * a DMARC reject weighs as quarantine, because what is missing may explain the failure.
 * A pure function: no memory, no clock, same input, same answer. */
void verdict_decide(const struct policy *p, struct finding_list *findings,
                    enum dmarc_request request, bool complete, struct verdict *out);

#endif
