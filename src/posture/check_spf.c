/* SPF: is there one record, can it be evaluated within its limits, whom does it let pass? What the
 * tree of records holds is found by auth/spf_audit; here it becomes findings with remedies. */
#include "posture/spf_fix.h"

static const struct str group = STR_INIT("SPF");

enum part { PART_RECORD, PART_LOOKUPS, PART_POLICY, PART_FORM };

/* Whose record must have the problem for it to be a finding, and how severe is it elsewhere? */
enum scope {
    OF_US,    /* records of others are their business */
    OF_ALL,   /* it strikes whoever includes the record */
    INFO_ELSE /* a fact to know, when it is of others */
};

static const struct rule {
    enum finding_id id;
    enum part part;
    enum scope scope;
    bool in_use_only; /* a parked domain has a check of its own */
} rules[SPF_PROBLEM_KIND_COUNT] = {
    [SPF_PROBLEM_SYNTAX] = {FINDING_POSTURE_SPF_SYNTAX, PART_RECORD, OF_US, false},
    [SPF_PROBLEM_SEVERAL] = {FINDING_POSTURE_SPF_SEVERAL, PART_RECORD, OF_US, false},
    [SPF_PROBLEM_TYPE99] = {FINDING_POSTURE_SPF_TYPE99, PART_RECORD, OF_US, false},
    [SPF_PROBLEM_LOOKUPS] = {FINDING_POSTURE_SPF_LOOKUPS, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_VOIDS] = {FINDING_POSTURE_SPF_VOIDS, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_MX_NAMES] = {FINDING_POSTURE_SPF_MX_NAMES, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_LOOP] = {FINDING_POSTURE_SPF_LOOP, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_NO_RECORD] = {FINDING_POSTURE_SPF_INCLUDE_BROKEN, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_DNS] = {FINDING_POSTURE_DNS_FAILED, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_BY_CLIENT] = {FINDING_POSTURE_SPF_BY_CLIENT, PART_LOOKUPS, OF_ALL, false},
    [SPF_PROBLEM_PLUS_ALL] = {FINDING_POSTURE_SPF_PLUS_ALL, PART_POLICY, OF_ALL, false},
    [SPF_PROBLEM_NO_ALL] = {FINDING_POSTURE_SPF_NO_ALL, PART_POLICY, OF_ALL, true},
    [SPF_PROBLEM_NEUTRAL_ALL] = {FINDING_POSTURE_SPF_NEUTRAL_ALL, PART_POLICY, OF_ALL, true},
    [SPF_PROBLEM_BROAD] = {FINDING_POSTURE_SPF_BROAD, PART_POLICY, INFO_ELSE, false},
    [SPF_PROBLEM_PTR] = {FINDING_POSTURE_SPF_PTR, PART_POLICY, OF_US, false},
    [SPF_PROBLEM_PRIVATE] = {FINDING_POSTURE_SPF_PRIVATE, PART_POLICY, OF_US, false},
    [SPF_PROBLEM_AFTER_ALL] = {FINDING_POSTURE_SPF_AFTER_ALL, PART_FORM, OF_US, false},
    [SPF_PROBLEM_REDIRECT_ALL] = {FINDING_POSTURE_SPF_REDIRECT_ALL, PART_FORM, OF_US, false},
    [SPF_PROBLEM_DUPLICATE] = {FINDING_POSTURE_SPF_DUPLICATE, PART_FORM, OF_US, false},
    [SPF_PROBLEM_LONG] = {FINDING_POSTURE_SPF_LONG, PART_FORM, OF_US, false},
    [SPF_PROBLEM_UNKNOWN_MODIFIER] = {FINDING_POSTURE_SPF_UNKNOWN_MODIFIER, PART_FORM, OF_US,
                                      false},
};

/* ---- problems ---- */

static void replace_txt(struct posture_ctx *c, const struct finding *f, struct str at,
                        struct str before, struct str after)
{
    struct fix *x = posture_fix(c, f);
    fix_edit_add(x, FIX_REMOVE, at, DNS_TXT, before);
    fix_edit_add(x, FIX_ADD, at, DNS_TXT, after);
}

/* The domain's own record, and not one that a term of it leads to? */
static bool is_own_record(const struct posture_ctx *c, const struct spf_problem *p)
{
    return p->term.n == 0 && domain_eq(p->domain, c->out->domain);
}

static struct rule rule_of(const struct posture_ctx *c, const struct spf_problem *p)
{
    struct rule r = rules[p->kind];
    if ((p->kind == SPF_PROBLEM_SYNTAX || p->kind == SPF_PROBLEM_SEVERAL) && !is_own_record(c, p))
        r = rules[SPF_PROBLEM_NO_RECORD];
    return r;
}

static enum severity severity_of(const struct posture_ctx *c, const struct spf_problem *p,
                                 const struct rule *r)
{
    if (r->scope == INFO_ELSE && !posture_is_ours(c, p->domain))
        return SEV_INFO;
    /* Only who comes by IPv6 meets the voids of hosts without such an address. */
    if (p->kind == SPF_PROBLEM_VOIDS && c->out->spf.voids4 <= SPF_MAX_VOID_LOOKUPS)
        return SEV_LOW;
    return finding_kind(r->id)->severity;
}

/* RFC 6652 3: where reports of failures go. */
static bool is_report_modifier(struct str term)
{
    return str_istarts(term, STR("ra=")) || str_istarts(term, STR("rp=")) ||
           str_istarts(term, STR("rr="));
}

static bool is_no_fault(const struct posture_ctx *c, const struct spf_problem *p,
                        const struct rule *r)
{
    return (r->scope == OF_US && !posture_is_ours(c, p->domain)) ||
           (r->in_use_only && c->out->profile == PROFILE_PARKED) ||
           (p->kind == SPF_PROBLEM_PRIVATE && c->config->allow_private) ||
           (p->kind == SPF_PROBLEM_UNKNOWN_MODIFIER && is_report_modifier(p->term));
}

/* A term that leads to a record that is broken has to go from the record it stands in. */
static bool mend(struct posture_ctx *c, const struct spf_problem *p, struct spf_change *out)
{
    struct spf_problem at = *p;
    bool broken = p->kind == SPF_PROBLEM_SYNTAX || p->kind == SPF_PROBLEM_SEVERAL;
    if (spf_mend(c, p, out))
        return true;
    at.kind = SPF_PROBLEM_NO_RECORD;
    at.domain = c->out->domain;
    return broken && !is_own_record(c, p) && spf_mend(c, &at, out);
}

static void take_problem(struct posture_ctx *c, const struct spf_problem *p, const struct rule *r)
{
    struct spf_change change;
    struct finding *f;
    enum severity severity = severity_of(c, p, r);
    if (p->answer != NULL) {
        posture_answer_failed(c, p->answer);
        return;
    }
    if (p->term.n == 0)
        f = check_add_as(&c->checks, severity, r->id, "%.*s: %.*s", STR_ARG(p->domain),
                         STR_ARG(p->text));
    else
        f = check_add_as(&c->checks, severity, r->id, "'%.*s' in the record of %.*s: %.*s",
                         STR_ARG(str_slice(p->term, 0, 80)), STR_ARG(p->domain), STR_ARG(p->text));
    if (f != NULL && mend(c, p, &change))
        replace_txt(c, f, change.at, change.before, change.after);
}

static void take_problems(struct posture_ctx *c, enum part part)
{
    const struct spf_audit *a = &c->out->spf;
    for (size_t i = 0; i < a->n_problems; i++) {
        struct rule r = rule_of(c, &a->problems[i]);
        if (r.part == part && !is_no_fault(c, &a->problems[i], &r))
            take_problem(c, &a->problems[i], &r);
    }
}

/* ---- the record ---- */

struct answers {
    const struct dns_answer *txt, *spf; /* spf: of the type 99 */
};

/* Returns how many texts are nearly SPF. */
static size_t check_nearly(struct posture_ctx *c, const struct dns_answer *txt)
{
    bool has_record = c->out->spf.presence != SPF_RECORDS_NONE;
    size_t n = 0;
    for (size_t i = 0; i < txt->n; i++) {
        struct str text = txt->records[i].data, after;
        if (!spf_is_nearly(c, text, &after))
            continue;
        n++;
        struct finding *f =
            check_add_as(&c->checks, has_record ? SEV_LOW : SEV_HIGH, FINDING_POSTURE_SPF_NEARLY,
                         "%.*s: %.*s", STR_ARG(txt->name), STR_ARG(text));
        if (!posture_is_ours(c, txt->canonical) || (after.p == NULL && !has_record))
            continue;
        struct fix *x = posture_fix(c, f);
        fix_edit_add(x, FIX_REMOVE, txt->canonical, DNS_TXT, text);
        if (!has_record)
            fix_edit_add(x, FIX_ADD, txt->canonical, DNS_TXT, after);
    }
    return n;
}

static void check_none(struct posture_ctx *c, const struct answers *a)
{
    struct str first = STR_NONE;
    struct finding *f =
        check_add(&c->checks, FINDING_POSTURE_SPF_NONE, "%.*s", STR_ARG(c->out->domain));
    for (size_t i = 0; i < a->spf->n && first.p == NULL; i++)
        if (spf_record_valid(a->spf->records[i].data))
            first = a->spf->records[i].data;
    if (first.p == NULL)
        first = spf_first(c);
    if (first.p != NULL && domain_eq(a->txt->canonical, a->txt->name))
        fix_edit_add(posture_fix(c, f), FIX_ADD, c->out->domain, DNS_TXT, first);
}

static void check_several(struct posture_ctx *c, const struct spf_problem *p,
                          const struct dns_answer *txt)
{
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_SPF_SEVERAL, "%.*s: %.*s",
                                  STR_ARG(p->domain), STR_ARG(p->text));
    struct str merged = spf_merge(c, txt);
    if (merged.p == NULL || !posture_is_ours(c, txt->canonical))
        return;
    struct fix *x = posture_fix(c, f);
    for (size_t i = 0; i < txt->n; i++)
        if (words_is_spf(txt->records[i].data) && !str_eq(txt->records[i].data, merged))
            fix_edit_add(x, FIX_REMOVE, txt->canonical, DNS_TXT, txt->records[i].data);
    fix_edit_add(x, FIX_ADD, txt->canonical, DNS_TXT, merged);
}

static void check_type99(struct posture_ctx *c, const struct spf_problem *p)
{
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_SPF_TYPE99, "%.*s: %.*s",
                                  STR_ARG(p->domain), STR_ARG(p->text));
    fix_edit_add(posture_fix(c, f), FIX_REMOVE_ALL, p->domain, DNS_SPF, STR_NONE);
}

static void check_record(struct posture_ctx *c, const struct answers *a)
{
    const struct spf_audit *s = &c->out->spf;
    check_begin(&c->checks, group, "spf.record");
    if (posture_answer_failed(c, a->txt)) {
        check_end(&c->checks, -1, "the record could not be looked up");
        return;
    }
    size_t nearly = check_nearly(c, a->txt);
    if (s->presence == SPF_RECORDS_NONE && nearly == 0 && c->out->profile != PROFILE_PARKED)
        check_none(c, a);
    for (size_t i = 0; i < s->n_problems; i++) {
        const struct spf_problem *p = &s->problems[i];
        struct rule r = rule_of(c, p);
        if (r.part != PART_RECORD)
            continue;
        if (p->kind == SPF_PROBLEM_SEVERAL)
            check_several(c, p, a->txt);
        else if (p->kind == SPF_PROBLEM_TYPE99)
            check_type99(c, p);
        else
            take_problem(c, p, &r);
    }
    if (s->presence == SPF_RECORDS_ONE)
        check_end(&c->checks, -1, "%.*s", STR_ARG(s->record));
    else
        check_end(&c->checks, -1, "%s",
                  s->presence == SPF_RECORDS_NONE ? "no record" : "several records");
}

/* ---- what it says ---- */

static void check_lookups(struct posture_ctx *c)
{
    const struct spf_audit *s = &c->out->spf;
    check_begin(&c->checks, group, "spf.lookups");
    bool failed = false;
    for (size_t i = 0; i < s->n_problems; i++)
        failed |= s->problems[i].answer != NULL;
    take_problems(c, PART_LOOKUPS);
    if (s->incomplete && !failed)
        posture_cut(c, "SPF records", SPF_AUDIT_MAX_RECORDS);
    check_end(&c->checks, -1, "%u of %d look-ups, %u of %d void", s->lookups, SPF_MAX_LOOKUPS,
              s->voids, SPF_MAX_VOID_LOOKUPS);
}

/* ~all is right while senders are still being found. */
static void check_softfail(struct posture_ctx *c, const struct dns_answer *txt)
{
    struct words w;
    struct str record = c->out->spf.record;
    bool sends = c->out->profile == PROFILE_SENDING;
    words_split(record, &w);
    size_t i = words_all(&w);
    struct finding *f = check_add_as(&c->checks, sends ? SEV_INFO : SEV_LOW,
                                     FINDING_POSTURE_SPF_SOFTFAIL, "%.*s", STR_ARG(record));
    if (i == w.n || !posture_is_ours(c, txt->canonical))
        return;
    w.at[i] = STR("-all");
    replace_txt(c, f, txt->canonical, record, words_join(c->arena, &w));
}

static void check_policy(struct posture_ctx *c, const struct dns_answer *txt)
{
    const struct spf_audit *s = &c->out->spf;
    check_begin(&c->checks, group, "spf.policy");
    take_problems(c, PART_POLICY);
    if (c->out->profile != PROFILE_PARKED && s->has_all && s->all == SPF_SOFTFAIL)
        check_softfail(c, txt);
    if (c->out->profile == PROFILE_SENDING && s->sends_nothing)
        check_add(&c->checks, FINDING_POSTURE_SPF_NOBODY, "%.*s", STR_ARG(s->record));
    check_end(&c->checks, -1, "%s for who is not listed; %llu IPv4 addresses pass",
              spf_result_name(s->all), (unsigned long long)s->addresses4);
}

static void check_form(struct posture_ctx *c)
{
    check_begin(&c->checks, group, "spf.form");
    take_problems(c, PART_FORM);
    check_end(&c->checks, -1, "%zu octets", c->out->spf.record.n);
}

/* One record, and it can be read. */
static bool is_readable(const struct posture_ctx *c)
{
    const struct spf_audit *s = &c->out->spf;
    bool ok = s->presence == SPF_RECORDS_ONE;
    for (size_t i = 0; i < s->n_problems; i++)
        ok &= s->problems[i].kind != SPF_PROBLEM_SYNTAX || !is_own_record(c, &s->problems[i]);
    return ok;
}

int posture_check_spf(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    struct answers a;
    int st = spf_audit(&c->auth, p->domain, &p->spf, err);
    int txt = posture_ask(c, p->domain, DNS_TXT, &a.txt, err);
    int spf = posture_ask(c, p->domain, DNS_SPF, &a.spf, err);
    if (st < 0 || txt < 0 || spf < 0)
        return st < 0 ? st : txt < 0 ? txt : spf;
    if (st == MP_WAIT || txt == MP_WAIT || spf == MP_WAIT || !p->mx_ready)
        return MP_WAIT;
    p->spf_ready = true;
    check_record(c, &a);
    if (is_readable(c)) {
        check_lookups(c);
        check_policy(c, a.txt);
        check_form(c);
    } else {
        static const char *const names[] = {"spf.lookups", "spf.policy", "spf.form"};
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            check_skip(&c->checks, group, names[i], "there is no record to judge");
    }
    return MP_OK;
}
