/* DMARC: which record applies, is it well-formed, how strict is it, and where do reports go? */
#include "base/psl.h"
#include "posture/dmarc_check.h"

static const struct str group = STR_INIT("DMARC");

void dmarc_replace(const struct dmarc_finder *f, const struct finding *finding, struct str before,
                   struct str after)
{
    struct posture_ctx *c = f->c;
    struct str at = f->own->txt->canonical;
    if (after.p == NULL || str_eq(before, after) || !posture_is_ours(c, at))
        return;
    struct fix *x = posture_fix(c, finding);
    fix_edit_add(x, FIX_REMOVE, at, DNS_TXT, before);
    fix_edit_add(x, FIX_ADD, at, DNS_TXT, after);
}

struct str dmarc_postmaster(const struct posture_ctx *c)
{
    return posture_takes_mail(c->out)
               ? arena_fmt(c->arena, "mailto:postmaster@%.*s", STR_ARG(c->out->domain))
               : STR_NONE;
}

/* ---- the record ---- */

/* What stands for a policy that cannot be read, and what a first record says: nothing is refused
 * before somebody has looked at reports; who never sends has nothing to lose. */
static enum dmarc_policy first_policy(const struct posture_ctx *c)
{
    return c->out->profile == PROFILE_SENDING ? DMARC_P_NONE : DMARC_P_REJECT;
}

static struct str first_record(const struct posture_ctx *c)
{
    struct str rua = dmarc_postmaster(c);
    return arena_fmt(c->arena, "v=DMARC1; p=%s;%s%.*s%s", dmarc_policy_name(first_policy(c)),
                     rua.p != NULL ? " rua=" : "", STR_ARG(rua), rua.p != NULL ? ";" : "");
}

static void check_none(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    struct finding *finding =
        check_add(&c->checks, FINDING_POSTURE_DMARC_NONE, "%.*s", STR_ARG(c->out->domain));
    if (domain_eq(f->own->txt->canonical, f->own->name))
        fix_edit_add(posture_fix(c, finding), FIX_ADD, f->own->name, DNS_TXT, first_record(c));
}

/* Returns how many texts are nearly DMARC. */
static size_t check_nearly(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    const struct dns_answer *txt = f->own->txt;
    bool has_record = f->own->presence != DMARC_ABSENT;
    size_t n = 0;
    for (size_t i = 0; i < txt->n; i++) {
        struct str text = txt->records[i].data, after;
        if (!dmarc_text_is_nearly(c->arena, text, first_policy(c), &after))
            continue;
        n++;
        struct finding *finding =
            check_add_as(&c->checks, has_record ? SEV_LOW : SEV_HIGH, FINDING_POSTURE_DMARC_NEARLY,
                         "%.*s: %.*s", STR_ARG(f->own->name), STR_ARG(text));
        if (!has_record) {
            dmarc_replace(f, finding, text, after);
        } else if (posture_is_ours(c, txt->canonical)) {
            fix_edit_add(posture_fix(c, finding), FIX_REMOVE, txt->canonical, DNS_TXT, text);
        }
    }
    return n;
}

static enum dmarc_policy policy_of(struct str text)
{
    struct dmarc_record r;
    return dmarc_record_parse(text, &r) ? r.p : DMARC_P_UNSET;
}

/* The mildest of them, so that nothing is lost that arrives today; by its bytes when several are:
 * the order in which a server sends records is chance. */
static struct str mildest(const struct dns_answer *txt)
{
    struct str best = STR_NONE;
    for (size_t i = 0; i < txt->n; i++) {
        struct str text = txt->records[i].data;
        if (!dmarc_text_usable(text))
            continue;
        bool milder = best.p == NULL || policy_of(text) < policy_of(best) ||
                      (policy_of(text) == policy_of(best) && str_cmp(text, best) < 0);
        best = milder ? text : best;
    }
    return best;
}

static void check_several(const struct dmarc_finder *f, const struct dmarc_place *p)
{
    struct posture_ctx *c = f->c;
    struct str keep = mildest(p->txt);
    struct finding *finding =
        check_add(&c->checks, FINDING_POSTURE_DMARC_SEVERAL, "%.*s", STR_ARG(p->name));
    if (keep.p == NULL || p != f->own || !posture_is_ours(c, p->txt->canonical))
        return;
    struct fix *x = posture_fix(c, finding);
    for (size_t i = 0; i < p->txt->n; i++) {
        struct str text = p->txt->records[i].data;
        if (dmarc_text_is_record(text) && !str_eq(text, keep))
            fix_edit_add(x, FIX_REMOVE, p->txt->canonical, DNS_TXT, text);
    }
}

static const char *syntax_fault(const struct dmarc_place *p)
{
    const struct dmarc_record *r = p->record;
    if (p->presence == DMARC_MALFORMED)
        return "a tag stands twice";
    if (r == NULL || (r->usable && !r->forced_none))
        return NULL;
    return r->forced_none ? "p=, sp= or np= cannot be read, so p=none counts"
                          : "p=, sp= or np= cannot be read, so there is no policy";
}

static void check_syntax(const struct dmarc_finder *f, const struct dmarc_place *p,
                         const char *fault)
{
    struct posture_ctx *c = f->c;
    struct finding *finding =
        check_add(&c->checks, FINDING_POSTURE_DMARC_SYNTAX, "%.*s: %s", STR_ARG(p->name), fault);
    for (size_t i = 0; p == f->own && i < p->txt->n; i++) {
        struct str text = p->txt->records[i].data;
        if (dmarc_text_is_record(text))
            dmarc_replace(f, finding, text, dmarc_text_mended(c->arena, text, first_policy(c)));
    }
}

/* A record that stands alone at the name. */
static void check_tags(const struct dmarc_finder *f, struct str text)
{
    struct posture_ctx *c = f->c;
    struct tags t;
    struct str seen, modern = dmarc_text_modern(c->arena, text, &seen);
    tags_split(text, &t);
    if (modern.p != NULL)
        dmarc_replace(
            f, check_add(&c->checks, FINDING_POSTURE_DMARC_REMOVED_TAG, "%.*s", STR_ARG(seen)),
            text, modern);
    for (size_t i = 0; i < t.n; i++) {
        const char *fault = dmarc_tag_fault(&t, i);
        if (fault == NULL)
            continue;
        struct tags rest = t;
        struct finding *finding =
            check_add(&c->checks, FINDING_POSTURE_DMARC_TAG, "'%.*s%s%.*s': %s",
                      STR_ARG(t.at[i].name), t.at[i].value.p != NULL ? "=" : "",
                      STR_ARG(t.at[i].value), fault);
        /* fo=0:1 of RFC 7489 meant the "any failure" that is left. */
        if (str_eq(t.at[i].name, STR("fo")) && str_has(t.at[i].value, '1'))
            rest.at[i].value = STR("1");
        else
            tags_remove(&rest, i);
        dmarc_replace(f, finding, text, tags_join(c->arena, &rest));
    }
}

/* A record with this place that does not count, though it should. */
static bool check_place(const struct dmarc_finder *f, const struct dmarc_place *p)
{
    const char *fault = syntax_fault(p);
    if (p->presence == DMARC_SEVERAL)
        check_several(f, p);
    else if (fault != NULL)
        check_syntax(f, p, fault);
    return p->presence == DMARC_SEVERAL || fault != NULL;
}

static void fail_places(const struct dmarc_finder *f)
{
    bool own = posture_answer_failed(f->c, f->own->txt);
    for (size_t i = 1; i < f->n && !own && f->hidden; i++)
        posture_answer_failed(f->c, f->places[i].txt);
}

static void check_record(const struct dmarc_finder *f)
{
    static const char *const applies[] = {
        [DMARC_APPLIES_P] = "p", [DMARC_APPLIES_SP] = "sp", [DMARC_APPLIES_NP] = "np"};
    struct posture_ctx *c = f->c;
    check_begin(&c->checks, group, "dmarc.record");
    fail_places(f);
    if (f->hidden) {
        check_undecided(&c->checks);
        check_end(&c->checks, -1, "the record could not be looked up");
        return;
    }
    size_t nearly = check_nearly(f);
    bool broken = check_place(f, f->own);
    if (f->own->record == NULL && f->org != f->own)
        check_place(f, f->org);
    if (f->at == NULL && nearly == 0 && !broken && c->out->profile != PROFILE_PARKED)
        check_none(f);
    if (f->own->record != NULL)
        check_tags(f, f->own->record->text);
    if (f->at == NULL)
        check_end(&c->checks, -1, "no record applies");
    else
        check_end(&c->checks, -1, "%.*s: %.*s (%s= applies)", STR_ARG(f->at->name),
                  STR_ARG(f->at->record->text), applies[c->out->dmarc_applies]);
}

/* ---- the policy ---- */

/* Is what a policy builds on in place: SPF that can be evaluated, and a key? */
static bool is_ready_for_policy(const struct posture_ctx *c)
{
    const struct posture *p = c->out;
    bool key = false, spf = p->spf_ready && p->spf.presence == SPF_RECORDS_ONE;
    for (size_t i = 0; i < p->n_keys; i++)
        key |= !p->keys[i].revoked && !p->keys[i].broken;
    for (size_t i = 0; i < c->findings.n; i++) {
        const struct finding *f = &c->findings.items[i];
        spf &=
            f->severity < SEV_HIGH || !str_starts(finding_kind(f->id)->name, STR("posture.spf."));
    }
    return key && spf;
}

static void check_p_none(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    const struct dmarc_record *r = f->at->record;
    struct finding *finding = check_add(&c->checks, FINDING_POSTURE_DMARC_P_NONE, "%.*s: %.*s",
                                        STR_ARG(f->at->name), STR_ARG(r->text));
    struct str policy = STR_NONE;
    if (c->out->profile != PROFILE_SENDING)
        policy = STR("reject");
    else if (r->n_rua > 0 && is_ready_for_policy(c))
        policy = STR("quarantine");
    if (policy.p == NULL || !r->usable)
        return;
    if (f->at == f->own)
        dmarc_replace(f, finding, r->text, dmarc_text_with(c->arena, r->text, STR("p"), policy));
    else
        fix_edit_add(posture_fix(c, finding), FIX_ADD, f->own->name, DNS_TXT,
                     arena_fmt(c->arena, "v=DMARC1; p=%.*s;", STR_ARG(policy)));
}

/* sp= and np= of a record that speaks for subdomains. */
static void check_below(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    const struct dmarc_record *r = f->own->record;
    if (r->sp != DMARC_P_UNSET && r->sp < r->p)
        dmarc_replace(f,
                      check_add(&c->checks, FINDING_POSTURE_DMARC_SUBDOMAINS, "sp=%s, p=%s",
                                dmarc_policy_name(r->sp), dmarc_policy_name(r->p)),
                      r->text, dmarc_text_with(c->arena, r->text, STR("sp"), STR_NONE));
    if (r->np != DMARC_P_UNSET && r->np < r->p)
        dmarc_replace(f,
                      check_add(&c->checks, FINDING_POSTURE_DMARC_NONEXISTENT, "np=%s, p=%s",
                                dmarc_policy_name(r->np), dmarc_policy_name(r->p)),
                      r->text, dmarc_text_with(c->arena, r->text, STR("np"), STR("reject")));
}

static void check_own_policy(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    const struct dmarc_record *r = f->own->record;
    if (r->testing)
        dmarc_replace(
            f, check_add(&c->checks, FINDING_POSTURE_DMARC_TESTING, "%.*s", STR_ARG(r->text)),
            r->text, dmarc_text_with(c->arena, r->text, STR("t"), STR_NONE));
    if (r->psd == DMARC_PSD_Y && psl_registrable(c->arena, c->out->domain).n > 0)
        dmarc_replace(f, check_add(&c->checks, FINDING_POSTURE_DMARC_PSD, "%.*s", STR_ARG(r->text)),
                      r->text, dmarc_text_with(c->arena, r->text, STR("psd"), STR_NONE));
    if (f->own == f->org && r->usable && !r->forced_none)
        check_below(f);
}

static void check_policy(const struct dmarc_finder *f)
{
    struct posture_ctx *c = f->c;
    const struct posture *p = c->out;
    const struct dmarc_record *r = f->at->record;
    check_begin(&c->checks, group, "dmarc.policy");
    if (p->dmarc_policy == DMARC_P_NONE && !r->forced_none && p->profile != PROFILE_PARKED)
        check_p_none(f);
    if (f->at == f->own)
        check_own_policy(f);
    check_end(&c->checks, -1, "%s; subdomains %s, names that do not exist %s",
              dmarc_policy_name(p->dmarc_policy), dmarc_policy_name(p->dmarc_subdomain_policy),
              dmarc_policy_name(p->dmarc_nonexistent_policy));
}

int posture_check_dmarc(struct posture_ctx *c, struct mp_err *err)
{
    struct dmarc_finder f;
    int st = dmarc_find(c, &f, err);
    if (st != MP_OK)
        return st;
    if (!c->out->mx_ready)
        return MP_WAIT;
    dmarc_tell(&f);
    check_record(&f);
    if (f.at == NULL) {
        check_skip(&c->checks, group, "dmarc.policy", "no record applies, or none is known");
        check_skip(&c->checks, group, "dmarc.reports", "no record applies, or none is known");
        return MP_OK;
    }
    if (f.at->record->usable)
        check_policy(&f);
    else
        check_skip(&c->checks, group, "dmarc.policy", "the policy cannot be read");
    if (f.at == f.own)
        return dmarc_check_reports(&f, err);
    check_skip(&c->checks, group, "dmarc.reports", "the record is of %.*s", STR_ARG(f.at->domain));
    return MP_OK;
}
