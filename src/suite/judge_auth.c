/* SPF, DKIM, DMARC and ARC of a message against what a suite expects: as judged here, or as the
 * receiver's own field says. */
#include "base/idna.h"
#include "suite/runner_internal.h"

/* What both sources come to. */
struct auth_seen {
    bool by_field; /* of a receiver: `none` then means that it does not say */
    struct str spf, dmarc, arc, dmarc_policy;
    struct str spf_reason, dmarc_reason; /* why it is so, for people; may be empty */
    struct auth_signature {
        struct str result, domain, selector;
    } * dkim;
    size_t n_dkim;
    struct str author_domain, spf_domain;
    bool spf_known, aligned;
};

/* ---- words ---- */

static bool is_open(const struct suite_list *l, struct str result)
{
    return str_ieq(result, STR("temperror")) && !suite_list_matches(l, result);
}

static struct judged judge_result(struct work *w, const struct suite_list *l, struct str result,
                                  struct str reason)
{
    struct str got = reason.n == 0
                         ? result
                         : arena_fmt(w->arena, "%.*s (%.*s)", STR_ARG(result), STR_ARG(reason));
    struct judged j = judged_one_of(w, l, result);
    if (is_open(l, result))
        return judged_open(j.expected, got);
    j.got = got;
    return j;
}

static struct judged judge_spf(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    if (!s->spf_known)
        return judged_open(judge_list_text(w, &e->spf), STR("no address of a client is known"));
    return judge_result(w, &e->spf, s->spf, s->spf_reason);
}

static struct judged judge_dmarc(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    return judge_result(w, &e->dmarc, s->dmarc, s->dmarc_reason);
}

static struct judged judge_arc(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    return judge_result(w, &e->arc, s->arc, STR(""));
}

static bool fits(const struct suite_expect_auth *e, const struct auth_signature *sig)
{
    bool domain = !SUITE_GIVEN(e->dkim_domain) || suite_glob(e->dkim_domain.text, sig->domain);
    bool selector =
        !SUITE_GIVEN(e->dkim_selector) || suite_glob(e->dkim_selector.text, sig->selector);
    return domain && selector;
}

static struct str signatures_text(struct work *w, const struct auth_seen *s)
{
    struct str text = STR("");
    for (size_t i = 0; i < s->n_dkim; i++)
        text = arena_fmt(w->arena, "%.*s%s%.*s (d=%.*s s=%.*s)", STR_ARG(text), i > 0 ? ", " : "",
                         STR_ARG(s->dkim[i].result), STR_ARG(s->dkim[i].domain),
                         STR_ARG(s->dkim[i].selector));
    return text.n > 0 ? text : STR("none");
}

static struct str signature_wanted(struct work *w, const struct suite_expect_auth *e)
{
    struct str text = SUITE_GIVEN(e->dkim) ? judge_list_text(w, &e->dkim) : STR("a signature");
    if (SUITE_GIVEN(e->dkim_domain))
        text = arena_fmt(w->arena, "%.*s of d=%.*s", STR_ARG(text), STR_ARG(e->dkim_domain.text));
    if (SUITE_GIVEN(e->dkim_selector))
        text = arena_fmt(w->arena, "%.*s s=%.*s", STR_ARG(text), STR_ARG(e->dkim_selector.text));
    return text;
}

/* Some signature has the result, the domain and the selector; without any: "none". */
static struct judged judge_dkim(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    struct str wanted = signature_wanted(w, e), got = signatures_text(w, s);
    bool found = false, open = false, any = false;
    for (size_t i = 0; i < s->n_dkim; i++) {
        if (!fits(e, &s->dkim[i]))
            continue;
        any = true;
        found |= !SUITE_GIVEN(e->dkim) || suite_list_matches(&e->dkim, s->dkim[i].result);
        open |= SUITE_GIVEN(e->dkim) && is_open(&e->dkim, s->dkim[i].result);
    }
    bool none =
        !any && SUITE_GIVEN(e->dkim) && (e->dkim.none || suite_list_matches(&e->dkim, STR("none")));
    return !found && open ? judged_open(wanted, got) : judged_if(found || none, wanted, got);
}

/* The domain and the selector alone, where no result is asked for. */
static struct judged judge_dkim_names(struct work *w, const void *expect, const void *seen)
{
    return judge_dkim(w, expect, seen);
}

static struct judged judge_dmarc_policy(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    (void)w;
    if (s->by_field && s->dmarc_policy.n == 0)
        return judged_open(e->dmarc_policy.text, STR("the receiver's field does not tell"));
    return judged_glob(&e->dmarc_policy, s->dmarc_policy);
}

/* Strict: what passes is of the author's very domain (RFC 9989 4.4.1, 4.4.2). */
static struct judged judge_alignment(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_auth *e = expect;
    const struct auth_seen *s = seen;
    bool strict = e->alignment.value == SUITE_ALIGN_STRICT;
    struct str wanted = strict ? STR("strict") : STR("relaxed");
    bool spf = str_eq(s->spf, STR("pass")) && domain_eq(s->spf_domain, s->author_domain);
    bool dkim = false;
    for (size_t i = 0; i < s->n_dkim; i++)
        dkim |= str_eq(s->dkim[i].result, STR("pass")) &&
                domain_eq(s->dkim[i].domain, s->author_domain);
    if (str_eq(s->dmarc, STR("temperror")))
        return judged_open(wanted, s->dmarc_reason);
    if (s->author_domain.n == 0)
        return judged_open(wanted, STR("the author's domain is not told"));
    struct str got = spf && dkim  ? STR("strict, by SPF and DKIM")
                     : dkim       ? STR("strict, by DKIM")
                     : spf        ? STR("strict, by SPF")
                     : s->aligned ? STR("relaxed")
                                  : arena_fmt(w->arena, "nothing that passes is aligned with %.*s",
                                              STR_ARG(s->author_domain));
    return judged_if(spf || dkim || (!strict && s->aligned), wanted, got);
}

static const struct judge_row rows[] = {
    {"auth.spf", offsetof(struct suite_expect_auth, spf.at), judge_spf},
    {"auth.dkim", offsetof(struct suite_expect_auth, dkim.at), judge_dkim},
    {"auth.dmarc", offsetof(struct suite_expect_auth, dmarc.at), judge_dmarc},
    {"auth.arc", offsetof(struct suite_expect_auth, arc.at), judge_arc},
    {"auth.dmarc.policy", offsetof(struct suite_expect_auth, dmarc_policy.at), judge_dmarc_policy},
    {"auth.alignment", offsetof(struct suite_expect_auth, alignment.at), judge_alignment},
};
static const struct judge_row names_row[] = {
    {"auth.dkim.domain", offsetof(struct suite_expect_auth, dkim_domain.at), judge_dkim_names},
    {"auth.dkim.selector", offsetof(struct suite_expect_auth, dkim_selector.at), judge_dkim_names},
};

bool judge_auth_given(const struct suite_expect_auth *e)
{
    return judge_any_given(rows, ARRAY_LEN(rows), e) ||
           judge_any_given(names_row, ARRAY_LEN(names_row), e);
}

static void judge(struct work *w, struct str group, const struct suite_expect_auth *e,
                  const struct auth_seen *s)
{
    judge_rows(w, group, rows, ARRAY_LEN(rows), e, s);
    if (!SUITE_GIVEN(e->dkim)) /* else they are part of it */
        judge_rows(w, group, names_row, ARRAY_LEN(names_row), e, s);
}

/* ---- as judged here ---- */

void judge_auth(struct work *w, struct str group, const struct suite_expect_auth *e,
                const struct job *job)
{
    struct auth_seen s = {
        .spf = str_from(spf_result_name(job->spf.result)),
        .spf_reason = job->spf.reason,
        .spf_known = job->spf_checked,
        .spf_domain = job->spf.domain,
        .dmarc = str_from(dmarc_result_name(job->dmarc.result)),
        .dmarc_reason = job->dmarc.reason,
        .dmarc_policy = str_from(dmarc_policy_name(job->dmarc.published)),
        .arc = str_from(arc_result_name(job->arc.result)),
        .author_domain = job->dmarc.author_domain,
        .aligned = job->dmarc.spf_aligned || job->dmarc.dkim_aligned,
    };
    s.dkim = arena_new(w->arena, struct auth_signature, job->dkim.n + 1);
    for (size_t i = 0; s.dkim != NULL && i < job->dkim.n; i++)
        s.dkim[s.n_dkim++] =
            (struct auth_signature){str_from(dkim_result_name(job->dkim.sigs[i].result)),
                                    job->dkim.sigs[i].domain, job->dkim.sigs[i].selector};
    judge(w, group, e, &s);
}

/* ---- as the receiver says ---- */

static struct str property(const struct authres_result *r, const char *ptype, const char *name)
{
    for (size_t i = 0; i < r->n_props; i++)
        if (str_eq(r->props[i].ptype, str_from(ptype)) &&
            str_eq(r->props[i].property, str_from(name)))
            return r->props[i].value;
    return STR("");
}

static struct str domain_part(struct str address)
{
    size_t at = str_rfind(address, '@');
    return at < address.n ? str_slice(address, at + 1, address.n) : address;
}

void judge_auth_by(struct work *w, struct str group, const struct suite_expect_auth *e,
                   const struct authres *own)
{
    struct str none = STR("none");
    struct auth_seen s = {.by_field = true, .spf = none, .dmarc = none, .arc = none};
    s.spf_known = true;
    s.dkim = arena_new(w->arena, struct auth_signature, own->n + 1);
    for (size_t i = 0; s.dkim != NULL && i < own->n; i++) {
        const struct authres_result *r = &own->results[i];
        if (str_eq(r->method, STR("spf"))) {
            s.spf = r->result;
            s.spf_domain = domain_part(property(r, "smtp", "mailfrom"));
        } else if (str_eq(r->method, STR("dmarc"))) {
            s.dmarc = r->result;
            s.author_domain = property(r, "header", "from");
            s.dmarc_policy = property(r, "policy", "published-domain-policy");
            s.aligned = str_eq(r->result, STR("pass"));
        } else if (str_eq(r->method, STR("arc"))) {
            s.arc = r->result;
        } else if (str_eq(r->method, STR("dkim")) && !str_eq(r->result, none)) {
            s.dkim[s.n_dkim++] = (struct auth_signature){r->result, property(r, "header", "d"),
                                                         property(r, "header", "s")};
        }
    }
    judge(w, group, e, &s);
}
