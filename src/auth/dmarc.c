/* The DMARC verdict (RFC 9989 5.3): which record applies, what aligns, what the policy asks. */
#include "auth/dmarc_internal.h"

#include <assert.h>

#include "base/idna.h"

const char *dmarc_result_name(enum dmarc_result r)
{
    static const char *const names[] = {"none", "pass", "fail", "temperror", "permerror"};
    return names[r];
}

const char *dmarc_policy_name(enum dmarc_policy p)
{
    static const char *const names[] = {"none", "quarantine", "reject", ""};
    return names[p];
}

/* A domain that SPF or DKIM proved, or may have proved had DNS answered. */
struct identifier {
    struct str domain;
    struct dkim_signature *sig; /* NULL: SPF */
    enum dmarc_alignment alignment;
};

struct check {
    struct auth_ctx *ctx;
    struct dmarc_outcome *out;
    const struct spf_outcome *spf;
    struct dkim_outcome *dkim;
    struct dmarc_walk walk;
    const struct dmarc_site *site; /* whose record applies */
    struct dmarc_aligner aligner;
    struct identifier *passed, *undecided; /* proven; temperror */
    size_t n_passed, n_undecided;
    bool existence_failed; /* and it matters */
    struct mp_err *err;
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

/* The worse of two, so that all names a run needs are noted before it waits. */
static int keep_going(int before, int now)
{
    return now < MP_OK || before == MP_OK ? now : before;
}

/* ---- identifiers ---- */

static void add_identifier(struct check *c, struct identifier *list, size_t *n, struct str domain,
                           struct dkim_signature *sig)
{
    if (dmarc_identifier(c->ctx, domain, &list[*n].domain))
        list[(*n)++].sig = sig;
}

/* SPF first: it must not fall to the cap because of many signatures (N38). */
static int collect_identifiers(struct check *c)
{
    size_t max = 1 + (c->dkim == NULL ? 0 : c->dkim->n);
    c->passed = arena_new(c->ctx->arena, struct identifier, max);
    c->undecided = arena_new(c->ctx->arena, struct identifier, max);
    if (c->passed == NULL || c->undecided == NULL)
        return no_memory(c->err);
    if (c->spf != NULL && c->spf->result == SPF_PASS)
        add_identifier(c, c->passed, &c->n_passed, c->spf->domain, NULL);
    if (c->spf != NULL && c->spf->result == SPF_TEMPERROR)
        add_identifier(c, c->undecided, &c->n_undecided, c->spf->domain, NULL);
    for (size_t i = 0; c->dkim != NULL && i < c->dkim->n; i++) {
        struct dkim_signature *sig = &c->dkim->sigs[i];
        if (sig->result == DKIM_PASS)
            add_identifier(c, c->passed, &c->n_passed, sig->domain, sig);
        if (sig->result == DKIM_TEMPERROR)
            add_identifier(c, c->undecided, &c->n_undecided, sig->domain, sig);
    }
    return MP_OK;
}

/* What will probably be needed behind the author's walk, in the same round: the walks of names that
 * share two labels with it; for the list method, the walk it is compared with. Only a hint. */
static void prefetch_more(struct check *c)
{
    struct str author = c->out->author_domain, tail = domain_tail(author, 2);
    if (c->out->discovery == DMARC_PSL) {
        dmarc_walk_prefetch(c->ctx, author);
        return;
    }
    for (size_t i = 0; i < c->n_passed && i < DMARC_MAX_IDENTIFIERS; i++) {
        struct str domain = c->passed[i].domain;
        if (domain_is_below(domain, tail) && !domain_eq(domain, author))
            dmarc_walk_prefetch(c->ctx, domain);
    }
}

static int align_all(struct check *c, struct identifier *list, size_t n)
{
    int result = MP_OK;
    for (size_t i = 0; i < n; i++) {
        const struct dmarc_record *r = c->site->record;
        bool strict = list[i].sig == NULL ? r->strict_spf : r->strict_dkim;
        int st = dmarc_align(&c->aligner, list[i].domain, strict, &list[i].alignment, c->err);
        if (st < MP_OK)
            return st;
        result = keep_going(result, st);
    }
    return result;
}

static const struct identifier *first_with(const struct identifier *list, size_t n,
                                           enum dmarc_alignment least)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].alignment == least || (least == ALIGN_MAYBE && list[i].alignment == ALIGN_YES))
            return &list[i];
    }
    return NULL;
}

/* ---- policy ---- */

/* Does the author domain exist (RFC 9989 3.2, RFC 8020)? NXDOMAIN for any one type says that it
 * does not. At the end of a CNAME it speaks of the target: the author's name holds the CNAME. */
static int author_exists(struct check *c, bool *exists, bool *failed)
{
    const struct dns_answer *a;
    int st = dns_ask(c->ctx->dns, c->out->author_domain, DNS_A, &a, c->err);
    if (st != MP_OK)
        return st;
    *exists = a->status != DNS_NXDOMAIN || !str_eq(a->name, a->canonical);
    *failed = a->status != DNS_DATA && a->status != DNS_NODATA && a->status != DNS_NXDOMAIN;
    return MP_OK;
}

/* t=y: one step lower (RFC 9989 4.7). */
static enum dmarc_policy after_testing(const struct dmarc_record *r, enum dmarc_policy p)
{
    if (!r->testing || p == DMARC_P_NONE)
        return p;
    return p == DMARC_P_REJECT ? DMARC_P_QUARANTINE : DMARC_P_NONE;
}

static void apply_tag(struct dmarc_outcome *out, enum dmarc_applies tag, enum dmarc_policy p)
{
    out->applies = tag;
    out->published = p;
    out->policy = after_testing(out->record, p);
}

/* p= for the record's own name; below it np= for a name that does not exist, else sp=, else p=
 * (RFC 9989 4.10.1). Existence is asked only for np=, and only missed where np= differs. */
static int choose_policy(struct check *c)
{
    const struct dmarc_record *r = c->site->record;
    struct dmarc_outcome *out = c->out;
    apply_tag(out, DMARC_APPLIES_P, r->p);
    if (domain_eq(out->author_domain, c->site->domain))
        return MP_OK;
    if (r->sp != DMARC_P_UNSET)
        apply_tag(out, DMARC_APPLIES_SP, r->sp);
    if (r->np == DMARC_P_UNSET)
        return MP_OK;
    bool exists = true, failed = false;
    int st = author_exists(c, &exists, &failed);
    if (st != MP_OK)
        return st;
    c->existence_failed = failed && after_testing(r, r->np) != out->policy;
    if (!exists)
        apply_tag(out, DMARC_APPLIES_NP, r->np);
    return MP_OK;
}

/* ---- reasons ---- */

static struct str mode_text(const struct dmarc_record *r)
{
    if (r->strict_spf != r->strict_dkim)
        return r->strict_spf ? STR("SPF strict, DKIM relaxed") : STR("SPF relaxed, DKIM strict");
    return r->strict_spf ? STR("strict") : STR("relaxed");
}

/* "a.example", "a.example and 2 more", "none". */
static struct str dkim_text(const struct check *c, size_t first)
{
    size_t n = c->n_passed - first;
    if (n == 0)
        return STR("none");
    if (n == 1)
        return c->passed[first].domain;
    return arena_fmt(c->ctx->arena, STR_FMT " and %zu more", STR_ARG(c->passed[first].domain),
                     n - 1);
}

static struct str fail_text(const struct check *c)
{
    struct arena *a = c->ctx->arena;
    bool spf = c->n_passed != 0 && c->passed[0].sig == NULL;
    const char *word = spf_result_name(c->spf == NULL ? SPF_NONE : c->spf->result);
    if (c->n_passed == 0)
        return arena_fmt(a, "SPF gave %s and no DKIM signature passed", word);
    struct str dkim = dkim_text(c, spf), mode = mode_text(c->site->record);
    struct str who =
        spf ? arena_fmt(a, "SPF passed for " STR_FMT " and DKIM for " STR_FMT,
                        STR_ARG(c->passed[0].domain), STR_ARG(dkim))
            : arena_fmt(a, "SPF gave %s and DKIM passed for " STR_FMT, word, STR_ARG(dkim));
    struct str text = arena_fmt(a, STR_FMT "; neither is aligned with " STR_FMT " (" STR_FMT ")",
                                STR_ARG(who), STR_ARG(c->out->author_domain), STR_ARG(mode));
    if (c->aligner.skipped != 0)
        text =
            arena_fmt(a, STR_FMT "; %zu more were not compared", STR_ARG(text), c->aligner.skipped);
    return text;
}

static struct str pass_text(const struct check *c)
{
    const struct identifier *id = first_with(c->passed, c->n_passed, ALIGN_YES);
    struct str author = c->out->author_domain;
    assert(id != NULL); /* judge saw one */
    bool identical = domain_eq(id->domain, author);
    bool both = c->out->spf_aligned && c->out->dkim_aligned;
    const struct str parts[] = {id->sig == NULL ? STR("SPF") : STR("DKIM"),
                                STR(" passed for "),
                                id->domain,
                                identical ? STR(", the author domain ") : STR(", aligned with "),
                                identical ? STR("itself") : author,
                                both ? STR("; DKIM is aligned too") : STR("")};
    return arena_join(c->ctx->arena, parts, ARRAY_LEN(parts));
}

/* ---- verdict ---- */

static void note_sites(struct check *c)
{
    struct dmarc_outcome *out = c->out;
    for (size_t i = 0; i < c->walk.n; i++) {
        const struct dmarc_site *s = &c->walk.sites[i];
        out->walk[out->n_walk++] = s->domain;
        if (out->record_problem.n != 0 || s->presence < DMARC_SEVERAL)
            continue;
        out->record_problem = arena_fmt(c->ctx->arena, "_dmarc." STR_FMT ": %s", STR_ARG(s->domain),
                                        s->presence == DMARC_SEVERAL
                                            ? "several DMARC records, all ignored"
                                            : "a tag stands twice in the record, which is ignored");
    }
    if (c->walk.n_orgs == 1)
        out->organizational_domain = c->walk.orgs[0];
}

static void note_record(struct check *c)
{
    struct dmarc_outcome *out = c->out;
    out->record = c->site->record;
    out->policy_domain = c->site->domain;
    out->testing = out->record->testing;
    if (!out->record->usable || out->record->forced_none)
        out->record_problem =
            arena_fmt(c->ctx->arena, "_dmarc." STR_FMT ": %s", STR_ARG(c->site->domain),
                      out->record->usable
                          ? "p= is missing, or p=, sp= or np= is invalid: it counts as p=none"
                          : "p= is missing, or p=, sp= or np= is invalid, and no rua= asks for "
                            "reports: the record is not used");
    const struct dmarc_site *org = dmarc_site_of(&c->walk, out->organizational_domain);
    out->tld_record = out->discovery == DMARC_TREE_WALK && org != NULL &&
                      org->state == SITE_RECORD && domain_labels(org->domain) == 1 &&
                      org->record->psd != DMARC_PSD_Y && domain_labels(out->author_domain) > 1;
}

/* What the other method would say, as far as the answers at hand tell (auth.md A5 1). */
static int note_difference(struct check *c, const struct dmarc_walk *other,
                           enum dmarc_discovery method)
{
    struct dmarc_outcome *out = c->out;
    const struct dmarc_site *site = NULL;
    if (other->n_orgs != 1 || c->walk.n_orgs != 1)
        return MP_OK;
    struct str org = other->orgs[0], policy = STR_NONE;
    bool hidden = dmarc_policy_hidden(other, method, &site);
    if (!hidden && site != NULL)
        policy = site->domain;
    bool same_policy = hidden || str_eq(policy, out->policy_domain);
    if (same_policy && domain_eq(org, c->walk.orgs[0]))
        return MP_OK;
    const char *by = method == DMARC_PSL ? "the public suffix list" : "the tree walk";
    struct str text =
        arena_fmt(c->ctx->arena, "by %s the organizational domain is " STR_FMT, by, STR_ARG(org));
    if (!same_policy && policy.n == 0)
        text = arena_fmt(c->ctx->arena, STR_FMT " and no record applies", STR_ARG(text));
    if (!same_policy && policy.n != 0)
        text = arena_fmt(c->ctx->arena, STR_FMT " and the record of " STR_FMT " applies",
                         STR_ARG(text), STR_ARG(policy));
    out->psl_difference = text;
    return text.p == NULL ? no_memory(c->err) : MP_OK;
}

/* The list method over the sites of the walk: asks nothing. False: a site was not visited. */
static bool list_from_walk(struct check *c, struct dmarc_walk *out)
{
    struct str org = dmarc_list_org(c->ctx, c->walk.domain);
    const struct dmarc_site *s = dmarc_site_of(&c->walk, org);
    *out = (struct dmarc_walk){.domain = c->walk.domain, .n = 1, .n_orgs = 1};
    out->sites[0] = c->walk.sites[0];
    out->orgs[0] = org;
    if (s != NULL && s != c->walk.sites)
        out->sites[out->n++] = *s;
    for (size_t i = 0; i < out->n; i++)
        out->failed |= out->sites[i].state == SITE_FAILED;
    return s != NULL || out->sites[0].state == SITE_RECORD;
}

static int compare_methods(struct check *c)
{
    struct dmarc_walk other;
    if (c->out->discovery == DMARC_TREE_WALK)
        return list_from_walk(c, &other) ? note_difference(c, &other, DMARC_PSL) : MP_OK;
    int st = dmarc_walk_tree(c->ctx, c->walk.domain, &other, c->err);
    return st == MP_OK ? note_difference(c, &other, DMARC_TREE_WALK) : st;
}

static struct str hidden_text(const struct check *c, const struct identifier *maybe)
{
    struct arena *a = c->ctx->arena;
    if (maybe != NULL)
        return arena_fmt(a, "DNS failed where alignment of " STR_FMT " with " STR_FMT " is decided",
                         STR_ARG(maybe->domain), STR_ARG(c->out->author_domain));
    return arena_fmt(a, "DNS failed for " STR_FMT ": whether the name exists decides the policy",
                     STR_ARG(c->out->author_domain));
}

static void set_undecided(struct check *c, struct str reason)
{
    c->out->result = DMARC_TEMPERROR;
    c->out->published = c->out->policy = DMARC_P_UNSET;
    c->out->reason = reason;
}

/* Nothing aligned for certain: fail, unless what DNS did not tell could have made it a pass or
 * changed the policy (RFC 9989 5.3.6, N43). */
static int judge_rest(struct check *c, const struct arc_outcome *arc)
{
    int st = align_all(c, c->undecided, c->n_undecided);
    if (st != MP_OK)
        return st;
    const struct identifier *maybe = first_with(c->passed, c->n_passed, ALIGN_MAYBE);
    const struct identifier *late = first_with(c->undecided, c->n_undecided, ALIGN_MAYBE);
    if (maybe == NULL && late != NULL) {
        set_undecided(c, arena_fmt(c->ctx->arena,
                                   "%s met a DNS failure for " STR_FMT
                                   ", which may be aligned with " STR_FMT,
                                   late->sig == NULL ? "SPF" : "DKIM", STR_ARG(late->domain),
                                   STR_ARG(c->out->author_domain)));
        return MP_OK;
    }
    if (maybe != NULL || c->existence_failed) {
        set_undecided(c, hidden_text(c, maybe));
        return MP_OK;
    }
    c->out->result = DMARC_FAIL;
    c->out->disposition = c->out->policy;
    c->out->reason = fail_text(c);
    if (c->out->policy == DMARC_P_NONE || arc == NULL)
        return MP_OK;
    st = dmarc_arc_override(&c->aligner, arc, c->site->record, &c->out->override_reason, c->err);
    if (st == MP_OK && c->out->override_reason.n != 0)
        c->out->disposition = DMARC_P_NONE; /* the result stays fail (N44) */
    return st;
}

static int judge(struct check *c, const struct arc_outcome *arc)
{
    c->aligner = (struct dmarc_aligner){.ctx = c->ctx, .author = &c->walk};
    int st = keep_going(choose_policy(c), align_all(c, c->passed, c->n_passed));
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < c->n_passed; i++) {
        bool yes = c->passed[i].alignment == ALIGN_YES;
        if (c->passed[i].sig == NULL) {
            c->out->spf_aligned = yes;
        } else {
            c->passed[i].sig->aligned = yes;
            c->out->dkim_aligned |= yes;
        }
    }
    if (!c->out->spf_aligned && !c->out->dkim_aligned)
        return judge_rest(c, arc);
    c->out->result = DMARC_PASS;
    c->out->reason = pass_text(c);
    /* RFC 9989 4.10.2: one common domain with a record is treated as the organization. */
    if (c->out->organizational_domain.n == 0)
        c->out->organizational_domain = c->out->author_domain;
    return MP_OK;
}

static int check_author(struct check *c, const struct arc_outcome *arc)
{
    struct dmarc_outcome *out = c->out;
    int st = collect_identifiers(c);
    if (st != MP_OK)
        return st;
    st = dmarc_walk_any(c->ctx, out->author_domain, &c->walk, c->err);
    if (st == MP_WAIT)
        prefetch_more(c);
    if (st != MP_OK)
        return st;
    note_sites(c);
    if (dmarc_policy_hidden(&c->walk, out->discovery, &c->site)) {
        set_undecided(c, arena_fmt(c->ctx->arena,
                                   "%s for _dmarc." STR_FMT " hides which DMARC record applies",
                                   c->site->why, STR_ARG(c->site->domain)));
        return MP_OK;
    }
    if (c->site == NULL) {
        out->reason = arena_fmt(c->ctx->arena, "no DMARC record applies to " STR_FMT,
                                STR_ARG(out->author_domain));
        return MP_OK;
    }
    note_record(c);
    if (!out->record->usable) {
        out->reason = out->record_problem;
        return MP_OK;
    }
    st = judge(c, arc);
    return st < MP_OK ? st : keep_going(st, compare_methods(c));
}

int dmarc_check(struct auth_ctx *ctx, const struct author *author, const struct spf_outcome *spf,
                struct dkim_outcome *dkim, const struct arc_outcome *arc, struct dmarc_outcome *out,
                struct mp_err *err)
{
    struct dmarc_outcome o = {.result = DMARC_NONE,
                              .published = DMARC_P_UNSET,
                              .policy = DMARC_P_UNSET,
                              .disposition = DMARC_P_NONE,
                              .discovery = ctx->config->discovery};
    struct check c = {.ctx = ctx, .out = &o, .spf = spf, .dkim = dkim, .err = err};
    int st = MP_OK;
    if (author->status != AUTHOR_OK || author->domain.n == 0) {
        o.result = DMARC_PERMERROR; /* RFC 9989 5.3.1: validation is not possible (N42) */
        o.reason = author->reason.n != 0 ? author->reason
                                         : STR("From does not name exactly one author domain");
    } else {
        o.author_domain = author->domain;
        st = check_author(&c, arc);
    }
    if (st == MP_OK && o.reason.p == NULL)
        st = no_memory(err);
    if (st == MP_OK)
        *out = o;
    return st;
}
