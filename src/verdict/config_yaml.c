/* The policy file: YAML, checked against one table of keys. */
#include <stdlib.h>

#include "base/idna.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "finding/severity_yaml.h"
#include "verdict/verdict.h"

enum { AUTHSERV_ID_MAX = 253 };

/* ---- values ---- */

static int read_action(struct yaml *y, void *into)
{
    struct str word;
    int st = yaml_next_scalar(y, "an action (accept, tag, quarantine, reject, tempfail)", &word);
    if (st != MP_OK || action_by_name(word, into))
        return st;
    struct nearest nearest = {.wanted = word};
    for (int a = ACTION_ACCEPT; a <= ACTION_TEMPFAIL; a++)
        nearest_try(&nearest, str_from(action_name((enum verdict_action)a)));
    return yaml_fail_unknown(y, "action", &nearest);
}

/* RFC 8601 2.2: the name under which we report. Written into headers, so printable and short. */
static int read_authserv_id(struct yaml *y, void *into)
{
    struct str id;
    int st = yaml_next_scalar(y, "a host name", &id);
    if (st != MP_OK)
        return st;
    bool plain = id.n > 0 && id.n <= AUTHSERV_ID_MAX && utf8_valid(id);
    for (struct str rest = id; plain && rest.n > 0;) {
        int32_t cp = utf8_next(&rest);
        plain = cp > 0x20 && (cp < 0x7f || cp > 0xa0) && !utf8_is_invisible(cp);
    }
    if (!plain)
        return yaml_fail(y, MP_E_SYNTAX, "authserv_id wants 1 to %d printable characters, no space",
                         AUTHSERV_ID_MAX);
    return yaml_copy(y, id, into);
}

static int read_sealer(struct yaml *y, void *into)
{
    char word[4 * YAML_SHOWN_BYTES];
    struct str text, domain;
    struct policy *p = into;
    int st = yaml_scalar(y, "a domain", &text);
    if (st != MP_OK)
        return st;
    if (p->n_trusted_sealers == POLICY_MAX_SEALERS)
        return yaml_fail(y, MP_E_LIMIT, "more than %d trusted sealers", POLICY_MAX_SEALERS);
    if (!idna_to_ascii(y->arena, text, &domain) || !domain_is_ldh(domain))
        return yaml_fail(y, MP_E_SYNTAX, "'%s' is not a domain name", yaml_shown(text, word));
    return yaml_copy(y, domain, &p->trusted_sealers[p->n_trusted_sealers++]);
}

static int read_sealers(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of domains", read_sealer, into);
}

static const struct yaml_key severity_keys[] = {
    {STR_INIT("critical"), read_action, SEV_CRITICAL * sizeof(enum verdict_action)},
    {STR_INIT("high"), read_action, SEV_HIGH * sizeof(enum verdict_action)},
    {STR_INIT("medium"), read_action, SEV_MEDIUM * sizeof(enum verdict_action)},
    {STR_INIT("low"), read_action, SEV_LOW * sizeof(enum verdict_action)},
    {STR_INIT("info"), read_action, SEV_INFO * sizeof(enum verdict_action)},
};

static int read_actions(struct yaml *y, void *into)
{
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping of severities to actions");
    return st == MP_OK ? yaml_map(y, severity_keys, ARRAY_LEN(severity_keys), &seen, into) : st;
}

/* ---- rules ---- */

/* A pattern that names no finding would be a rule that never works: refused, as a typing error. */
static int read_pattern(struct yaml *y, void *into)
{
    struct str pattern;
    int st = yaml_next_scalar(y, "a finding id or a pattern like auth.*", &pattern);
    if (st != MP_OK)
        return st;
    struct nearest nearest = {.wanted = pattern};
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        struct str name = finding_kind((enum finding_id)i)->name;
        if (policy_pattern_matches(pattern, name))
            return yaml_copy(y, pattern, into);
        nearest_try(&nearest, name);
    }
    return yaml_fail_unknown(y, "finding", &nearest);
}

enum { RULE_FINDING, RULE_SEVERITY, RULE_ACTION };
static const struct yaml_key rule_keys[] = {
    [RULE_FINDING] = {STR_INIT("finding"), read_pattern, offsetof(struct policy_rule, pattern)},
    [RULE_SEVERITY] = {STR_INIT("severity"), severity_read_yaml,
                       offsetof(struct policy_rule, severity)},
    [RULE_ACTION] = {STR_INIT("action"), read_action, offsetof(struct policy_rule, action)},
};

static int read_rule(struct yaml *y, void *into)
{
    uint32_t seen = 0;
    struct policy_rule rule = {0};
    struct policy *p = into;
    int st = yaml_expect(y, YAML_MAP, "a rule (finding, severity, action)");
    if (st == MP_OK && p->n_rules == POLICY_MAX_RULES)
        return yaml_fail(y, MP_E_LIMIT, "more than %d rules", POLICY_MAX_RULES);
    if (st == MP_OK)
        st = yaml_map(y, rule_keys, ARRAY_LEN(rule_keys), &seen, &rule);
    if (st != MP_OK)
        return st;
    rule.has_severity = seen >> RULE_SEVERITY & 1;
    rule.has_action = seen >> RULE_ACTION & 1;
    if (rule.pattern.p == NULL)
        return yaml_fail(y, MP_E_SYNTAX, "the rule that ends here names no finding");
    if (!rule.has_severity && !rule.has_action)
        return yaml_fail(y, MP_E_SYNTAX,
                         "the rule that ends here gives neither a severity nor an action");
    p->rules[p->n_rules++] = rule;
    return MP_OK;
}

static int read_rules(struct yaml *y, void *into)
{
    return yaml_next_list(y, "a list of rules", read_rule, into);
}

/* ---- the document ---- */

static const struct yaml_key policy_keys[] = {
    {STR_INIT("authserv_id"), read_authserv_id, offsetof(struct policy, authserv_id)},
    {STR_INIT("trusted_sealers"), read_sealers, 0},
    {STR_INIT("follow_dmarc"), yaml_read_bool, offsetof(struct policy, follow_dmarc)},
    {STR_INIT("undecided"), read_action, offsetof(struct policy, undecided)},
    {STR_INIT("actions"), read_actions, offsetof(struct policy, by_severity)},
    {STR_INIT("rules"), read_rules, 0},
};

int policy_load(struct arena *arena, struct str yaml, const char *file, struct policy *p,
                struct mp_err *err)
{
    struct policy *policy = malloc(sizeof *policy);
    if (policy == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory to read the policy", file);
    policy_default(policy);
    struct yaml y = {.arena = arena, .file = file, .what = "policy", .err = err};
    int st =
        yaml_read_file(&y, yaml, POLICY_MAX_BYTES, policy_keys, ARRAY_LEN(policy_keys), policy);
    if (st == MP_OK)
        *p = *policy;
    free(policy);
    return st;
}
