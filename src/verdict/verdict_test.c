/* The decision table: findings, what DMARC asks and doubt on one side, action and reasons on the
 * other. */
#include "tests/tap.h"
#include "verdict/verdict.h"

enum { MAX_IDS = 6 };

struct row {
    const char *label;
    enum dmarc_request request;
    bool complete;
    enum finding_id ids[MAX_IDS];
    size_t n_ids;
    enum verdict_action want;
    enum finding_id reasons[MAX_IDS];
    size_t n_reasons;
    enum severity worst;
};

#define IDS(...) {__VA_ARGS__}, sizeof((enum finding_id[]){__VA_ARGS__}) / sizeof(enum finding_id)
#define NO_IDS   {0}, 0

static const struct row default_rows[] = {
    {"nothing found", DMARC_REQUEST_NONE, true, NO_IDS, ACTION_ACCEPT, NO_IDS, SEV_INFO},
    {"info and low are accepted", DMARC_REQUEST_NONE, true,
     IDS(FINDING_MESSAGE_LF_ONLY, FINDING_AUTH_SPF_SOFTFAIL), ACTION_ACCEPT, NO_IDS, SEV_LOW},
    {"medium tags", DMARC_REQUEST_NONE, true, IDS(FINDING_AUTH_SPF_FAIL, FINDING_AUTH_L_TAG),
     ACTION_TAG, IDS(FINDING_AUTH_SPF_FAIL), SEV_MEDIUM},
    {"high quarantines", DMARC_REQUEST_NONE, true,
     IDS(FINDING_AUTH_SPF_FAIL, FINDING_MESSAGE_SMUGGLING, FINDING_AUTH_NO_FROM), ACTION_QUARANTINE,
     IDS(FINDING_MESSAGE_SMUGGLING, FINDING_AUTH_NO_FROM), SEV_HIGH},
    {"p=reject rejects", DMARC_REQUEST_REJECT, true,
     IDS(FINDING_AUTH_SPF_FAIL, FINDING_AUTH_DMARC_FAIL), ACTION_REJECT,
     IDS(FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
    {"p=quarantine quarantines", DMARC_REQUEST_QUARANTINE, true, IDS(FINDING_AUTH_DMARC_FAIL),
     ACTION_QUARANTINE, IDS(FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
    {"without a request the severity decides", DMARC_REQUEST_NONE, true,
     IDS(FINDING_AUTH_DMARC_FAIL), ACTION_QUARANTINE, IDS(FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
    {"a request without a failure is nothing", DMARC_REQUEST_REJECT, true, NO_IDS, ACTION_ACCEPT,
     NO_IDS, SEV_INFO},
    {"undecided waits", DMARC_REQUEST_NONE, false, IDS(FINDING_AUTH_DMARC_TEMPERROR),
     ACTION_TEMPFAIL, IDS(FINDING_AUTH_DMARC_TEMPERROR), SEV_MEDIUM},
    {"undecided without a finding waits too", DMARC_REQUEST_NONE, false, NO_IDS, ACTION_TEMPFAIL,
     NO_IDS, SEV_INFO},
    {"quarantine and doubt: ask again", DMARC_REQUEST_NONE, false,
     IDS(FINDING_AUTH_NO_FROM, FINDING_LIMIT_MEMORY), ACTION_TEMPFAIL, IDS(FINDING_LIMIT_MEMORY),
     SEV_HIGH},
    {"a DMARC reject is not final while something is missing", DMARC_REQUEST_REJECT, false,
     IDS(FINDING_AUTH_DMARC_FAIL, FINDING_AUTH_ARC_TEMPERROR), ACTION_TEMPFAIL,
     IDS(FINDING_AUTH_ARC_TEMPERROR), SEV_HIGH},
    {"a temperror that changes nothing is no doubt", DMARC_REQUEST_NONE, true,
     IDS(FINDING_AUTH_SPF_TEMPERROR), ACTION_TAG, IDS(FINDING_AUTH_SPF_TEMPERROR), SEV_MEDIUM},
    {"reasons stand once, the worst first", DMARC_REQUEST_QUARANTINE, true,
     IDS(FINDING_AUTH_SPF_PLUS_ALL, FINDING_AUTH_DMARC_FAIL, FINDING_AUTH_SPF_PLUS_ALL),
     ACTION_QUARANTINE, IDS(FINDING_AUTH_SPF_PLUS_ALL, FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
};

static void fill(struct finding_list *list, struct arena *arena, const enum finding_id *ids,
                 size_t n)
{
    finding_list_init(list, arena);
    for (size_t i = 0; i < n; i++)
        finding_add(list, ids[i], NOWHERE, "seen");
}

static void check_row(const struct policy *policy, const struct row *row)
{
    struct arena arena;
    struct finding_list list;
    struct verdict v;
    arena_init(&arena, 1 << 20);
    fill(&list, &arena, row->ids, row->n_ids);
    verdict_decide(policy, &list, row->request, row->complete, &v);
    tap_cstr(action_name(v.action), action_name(row->want));
    tap_int(v.complete, row->complete);
    tap_int(v.any, row->n_ids > 0);
    tap_int(v.worst, row->worst);
    if (tap_int(v.n_reasons, row->n_reasons))
        for (size_t i = 0; i < row->n_reasons; i++)
            tap_str(finding_kind(v.reasons[i])->name, finding_kind(row->reasons[i])->name);
    arena_clear(&arena);
}

static void defaults(void)
{
    struct policy policy;
    policy_default(&policy);
    for (size_t i = 0; i < ARRAY_LEN(default_rows); i++) {
        tap_case("default: %s", default_rows[i].label);
        check_row(&policy, &default_rows[i]);
    }
}

static struct policy_rule rule_action(const char *pattern, enum verdict_action a)
{
    return (struct policy_rule){.pattern = str_from(pattern), .has_action = true, .action = a};
}

static struct policy_rule rule_severity(const char *pattern, enum severity s)
{
    return (struct policy_rule){.pattern = str_from(pattern), .has_severity = true, .severity = s};
}

static void rules(void)
{
    struct policy p;
    policy_default(&p);
    p.rules[p.n_rules++] = rule_action("auth.*", ACTION_REJECT);
    p.rules[p.n_rules++] = rule_severity("auth.spf.*", SEV_CRITICAL);
    p.rules[p.n_rules++] = rule_action("auth.spf.*", ACTION_ACCEPT);
    p.rules[p.n_rules++] = rule_action("auth.dmarc.fail", ACTION_QUARANTINE);
    p.rules[p.n_rules++] = rule_severity("message.*", SEV_INFO);
    static const struct row rows[] = {
        {"the last match names the action, the severity stays", DMARC_REQUEST_NONE, true,
         IDS(FINDING_AUTH_SPF_FAIL), ACTION_ACCEPT, NO_IDS, SEV_CRITICAL},
        {"a rule goes before the author domain's wish", DMARC_REQUEST_REJECT, true,
         IDS(FINDING_AUTH_DMARC_FAIL), ACTION_QUARANTINE, IDS(FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
        {"a severity rule changes the action by severity", DMARC_REQUEST_NONE, true,
         IDS(FINDING_MESSAGE_SMUGGLING), ACTION_ACCEPT, NO_IDS, SEV_INFO},
        {"a pattern takes all below it, not a longer word", DMARC_REQUEST_NONE, true,
         IDS(FINDING_AUTH_SPF_PLUS_ALL), ACTION_REJECT, IDS(FINDING_AUTH_SPF_PLUS_ALL), SEV_HIGH},
        {"a reject by rule is final, also when something is missing", DMARC_REQUEST_NONE, false,
         IDS(FINDING_AUTH_NO_FROM, FINDING_DNS_UNAVAILABLE), ACTION_REJECT,
         IDS(FINDING_AUTH_NO_FROM), SEV_HIGH},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("rules: %s", rows[i].label);
        check_row(&p, &rows[i]);
    }
}

static void settings(void)
{
    struct policy p;
    policy_default(&p);
    p.follow_dmarc = false;
    p.undecided = ACTION_TAG;
    p.by_severity[SEV_CRITICAL] = ACTION_TEMPFAIL;
    static const struct row rows[] = {
        {"without follow_dmarc the severity decides", DMARC_REQUEST_REJECT, true,
         IDS(FINDING_AUTH_DMARC_FAIL), ACTION_QUARANTINE, IDS(FINDING_AUTH_DMARC_FAIL), SEV_HIGH},
        {"undecided: tag joins in, it does not soften", DMARC_REQUEST_NONE, false,
         IDS(FINDING_AUTH_NO_FROM, FINDING_LIMIT_DNS), ACTION_QUARANTINE, IDS(FINDING_AUTH_NO_FROM),
         SEV_HIGH},
        {"undecided: tag tags what else would be accepted", DMARC_REQUEST_NONE, false, NO_IDS,
         ACTION_TAG, NO_IDS, SEV_INFO},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("settings: %s", rows[i].label);
        check_row(&p, &rows[i]);
    }
}

/* The DMARC stage lowers the severity of a failure that asks for nothing. */
static void lowered(void)
{
    static const struct {
        const char *label;
        enum severity severity;
        enum dmarc_request request;
        enum verdict_action want;
        size_t n_reasons;
    } rows[] = {
        {"p=none: medium, tagged", SEV_MEDIUM, DMARC_REQUEST_NONE, ACTION_TAG, 1},
        {"explained by a trusted chain: low, accepted", SEV_LOW, DMARC_REQUEST_NONE, ACTION_ACCEPT,
         0},
        {"a request counts whatever the severity", SEV_LOW, DMARC_REQUEST_REJECT, ACTION_REJECT, 1},
    };
    struct policy p;
    policy_default(&p);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct finding_list list;
        struct verdict v;
        tap_case("dmarc: %s", rows[i].label);
        arena_init(&arena, 1 << 20);
        fill(&list, &arena, (enum finding_id[]){FINDING_AUTH_DMARC_FAIL}, 1);
        list.items[0].severity = rows[i].severity;
        verdict_decide(&p, &list, rows[i].request, true, &v);
        tap_cstr(action_name(v.action), action_name(rows[i].want));
        tap_int(v.worst, rows[i].severity);
        tap_int(v.n_reasons, rows[i].n_reasons);
        arena_clear(&arena);
    }
}

static void patterns(void)
{
    static const struct {
        const char *pattern, *name;
        bool want;
    } rows[] = {
        {"auth.dmarc.fail", "auth.dmarc.fail", true},
        {"auth.dmarc.fail", "auth.dmarc.none", false},
        {"auth.*", "auth.dmarc.fail", true},
        {"auth.*", "authentic.x", false},
        {"auth.spf.*", "auth.spf-plus-all", false},
        {"*", "limit.size", true},
        {"auth*", "auth.dmarc.fail", false},
        {"", "auth.dmarc.fail", false},
        {".*", "auth.dmarc.fail", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("pattern: '%s' and %s", rows[i].pattern, rows[i].name);
        tap_int(policy_pattern_matches(str_from(rows[i].pattern), str_from(rows[i].name)),
                rows[i].want);
    }
}

/* Whatever is found: adding a finding never makes the action weaker, doubt is never a pass, and
 * the same input gives the same answer. */
static void properties(void)
{
    static const enum verdict_action order[] = {ACTION_ACCEPT, ACTION_TAG, ACTION_QUARANTINE,
                                                ACTION_TEMPFAIL, ACTION_REJECT};
    unsigned rank[ARRAY_LEN(order)];
    struct policy p;
    policy_default(&p);
    for (unsigned i = 0; i < ARRAY_LEN(order); i++)
        rank[order[i]] = i;
    tap_case("property: more findings, never a weaker action; doubt is never accepted");
    for (int a = 0; a < FINDING_COUNT; a++) {
        for (int b = 0; b < FINDING_COUNT; b++) {
            struct arena arena;
            struct finding_list one, two;
            struct verdict v1, v2, doubt;
            arena_init(&arena, 1 << 20);
            fill(&one, &arena, (enum finding_id[]){(enum finding_id)a}, 1);
            fill(&two, &arena, (enum finding_id[]){(enum finding_id)a, (enum finding_id)b}, 2);
            enum dmarc_request request = (enum dmarc_request)((a + b) % 3);
            verdict_decide(&p, &one, request, true, &v1);
            verdict_decide(&p, &two, request, true, &v2);
            verdict_decide(&p, &two, request, false, &doubt);
            tap_ok(rank[v2.action] >= rank[v1.action]);
            tap_ok(doubt.action == ACTION_TEMPFAIL || doubt.action == ACTION_REJECT);
            arena_clear(&arena);
        }
    }
}

static void names(void)
{
    tap_case("names of actions read back");
    for (int a = ACTION_ACCEPT; a <= ACTION_TEMPFAIL; a++) {
        enum verdict_action back = ACTION_ACCEPT;
        tap_ok(action_by_name(str_from(action_name((enum verdict_action)a)), &back));
        tap_int(back, a);
    }
    enum verdict_action none;
    tap_ok(!action_by_name(STR("drop"), &none));
    tap_ok(!action_by_name(STR(""), &none));
}

static void full_list(void)
{
    struct arena arena;
    struct finding_list list;
    struct policy p;
    struct verdict v;
    policy_default(&p);
    p.by_severity[SEV_INFO] = p.by_severity[SEV_LOW] = ACTION_TAG;
    tap_case("a full list: reasons are cut at their number, each once");
    arena_init(&arena, 16 << 20);
    finding_list_init(&list, &arena);
    for (unsigned i = 0; i < 2 * FINDINGS_MAX; i++)
        finding_add(&list, (enum finding_id)(i % FINDING_COUNT), NOWHERE, "x");
    while (p.n_rules < POLICY_MAX_RULES)
        p.rules[p.n_rules++] = rule_action("*", ACTION_REJECT);
    verdict_decide(&p, &list, DMARC_REQUEST_NONE, true, &v);
    tap_int(v.action, ACTION_REJECT);
    tap_int(v.n_reasons, VERDICT_MAX_REASONS);
    for (size_t i = 0; i < v.n_reasons; i++)
        for (size_t j = 0; j < i; j++)
            tap_ok(v.reasons[i] != v.reasons[j]);
    arena_clear(&arena);
}

int main(void)
{
    defaults();
    rules();
    settings();
    lowered();
    patterns();
    properties();
    names();
    full_list();
    return tap_done();
}
