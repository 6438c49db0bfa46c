/* The decision: each finding asks for an action, the strongest one wins, doubt is never a pass. */
#include "verdict/verdict.h"

#include <assert.h>

static const char *const action_names[] = {"accept", "tag", "quarantine", "reject", "tempfail"};

/* How far an action keeps a mail from the reader. Tempfail stands below reject: a final refusal by
 * evidence is not asked again, everything milder waits for the retry. */
static const unsigned strength[] = {[ACTION_ACCEPT] = 0,
                                    [ACTION_TAG] = 1,
                                    [ACTION_QUARANTINE] = 2,
                                    [ACTION_TEMPFAIL] = 3,
                                    [ACTION_REJECT] = 4};

const char *action_name(enum verdict_action a)
{
    return action_names[a];
}

bool action_by_name(struct str s, enum verdict_action *out)
{
    for (size_t i = 0; i < ARRAY_LEN(action_names); i++) {
        if (str_ieq(str_from(action_names[i]), s)) {
            *out = (enum verdict_action)i;
            return true;
        }
    }
    return false;
}

void policy_default(struct policy *p)
{
    *p = (struct policy){.by_severity = {[SEV_INFO] = ACTION_ACCEPT,
                                         [SEV_LOW] = ACTION_ACCEPT,
                                         [SEV_MEDIUM] = ACTION_TAG,
                                         [SEV_HIGH] = ACTION_QUARANTINE,
                                         [SEV_CRITICAL] = ACTION_REJECT},
                         .undecided = ACTION_TEMPFAIL,
                         .follow_dmarc = true};
}

bool policy_pattern_matches(struct str pattern, struct str name)
{
    if (str_eq(pattern, STR("*")))
        return true;
    if (str_ends(pattern, STR(".*")))
        return str_starts(name, str_slice(pattern, 0, pattern.n - 1));
    return str_eq(pattern, name);
}

/* Each setting comes from the last rule that matches and names it, so that a late narrow rule may
 * change the action and leave the severity of an earlier broad one. */
struct ruling {
    bool has_action;
    enum verdict_action action;
};

static struct ruling apply_rules(const struct policy *p, struct finding *f)
{
    struct ruling ruling = {0};
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct policy_rule *r = &p->rules[i];
        if (!policy_pattern_matches(r->pattern, finding_kind(f->id)->name))
            continue;
        if (r->has_severity)
            f->severity = r->severity;
        if (r->has_action)
            ruling = (struct ruling){true, r->action};
    }
    return ruling;
}

/* What the author domain asks for. While something is undecided, a published "reject" weighs as
 * "quarantine": the missing answer may be the chain that explains the failure (N44), and a refusal
 * cannot be taken back. */
static enum verdict_action requested_action(enum dmarc_request request, bool complete)
{
    return request == DMARC_REQUEST_REJECT && complete ? ACTION_REJECT : ACTION_QUARANTINE;
}

/* p=none and an explained failure ask for nothing (RFC 9989 5.4): then the severity decides, which
 * is medium and low for them. */
static enum verdict_action action_of(const struct policy *p, const struct finding *f,
                                     struct ruling ruling, enum dmarc_request request,
                                     bool complete)
{
    if (ruling.has_action)
        return ruling.action;
    if (f->id == FINDING_AUTH_DMARC_FAIL && p->follow_dmarc && request != DMARC_REQUEST_NONE)
        return requested_action(request, complete);
    return p->by_severity[f->severity];
}

/* Findings that say why something could not be decided: by stage or by last word of the id. */
static bool tells_doubt(enum finding_id id)
{
    struct str name = finding_kind(id)->name;
    if (id == FINDING_LIMIT_FINDINGS)
        return false; /* every finding was weighed or is one of a kind that was */
    return str_starts(name, STR("limit.")) || str_starts(name, STR("dns.")) ||
           str_ends(name, STR(".temperror"));
}

static void add_reason(struct verdict *out, enum finding_id id)
{
    for (size_t i = 0; i < out->n_reasons; i++)
        if (out->reasons[i] == id)
            return;
    if (out->n_reasons < VERDICT_MAX_REASONS)
        out->reasons[out->n_reasons++] = id;
}

/* The findings that ask for the action taken, the most severe first; when doubt decided, also
 * those that tell the doubt. Plain acceptance needs no reason. */
static void collect_reasons(const struct finding_list *findings, const enum verdict_action *actions,
                            bool by_doubt, struct verdict *out)
{
    for (int severity = SEV_CRITICAL; severity >= SEV_INFO; severity--) {
        for (size_t i = 0; i < findings->n; i++) {
            const struct finding *f = &findings->items[i];
            bool asked = actions[i] == out->action && out->action != ACTION_ACCEPT;
            if ((int)f->severity == severity && (asked || (by_doubt && tells_doubt(f->id))))
                add_reason(out, f->id);
        }
    }
}

void verdict_decide(const struct policy *p, struct finding_list *findings,
                    enum dmarc_request request, bool complete, struct verdict *out)
{
    enum verdict_action actions[FINDINGS_MAX];
    assert(findings->n <= FINDINGS_MAX);
    *out = (struct verdict){
        .action = ACTION_ACCEPT, .complete = complete, .worst = SEV_INFO, .any = findings->n > 0};
    for (size_t i = 0; i < findings->n; i++) {
        struct finding *f = &findings->items[i];
        struct ruling ruling = apply_rules(p, f);
        actions[i] = action_of(p, f, ruling, request, complete);
        if (strength[actions[i]] > strength[out->action])
            out->action = actions[i];
        if (f->severity > out->worst)
            out->worst = f->severity;
    }
    bool by_doubt = !complete && strength[p->undecided] >= strength[out->action];
    if (by_doubt)
        out->action = p->undecided;
    collect_reasons(findings, actions, by_doubt, out);
}
