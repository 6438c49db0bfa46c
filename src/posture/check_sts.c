/* MTA-STS (RFC 8461): the record, the policy file, and whether the MX hosts keep what the policy
 * promises. */
#include "base/buf.h"
#include "base/clock.h"
#include "posture/tls_internal.h"

enum {
    DAY_S = 86400,
    WEEK_S = 7 * DAY_S,
    ADVISED_AGE_S = 4 * WEEK_S /* RFC 8461 10: as long as one can live with */
};

static const struct str group = STR_INIT("MTA-STS");
static const char word[] = "stsv1";

struct sts {
    struct posture_ctx *c;
    const struct dns_answer *txt;
    struct str url;
    struct posture_hosts hosts;
    size_t met, refused; /* hosts that keep to the policy; that surely do not */
};

/* ---- remedies ---- */

/* The policy as a file, if our own reader takes it; else p == NULL. */
static struct str policy_text(struct arena *a, const struct mta_sts_policy *p)
{
    struct mta_sts_policy again;
    struct buf out;
    buf_init(&out, MTA_STS_POLICY_MAX_BYTES);
    buf_addf(&out, "version: STSv1\r\nmode: %s\r\n", mta_sts_mode_name(p->mode));
    for (size_t i = 0; i < p->n_mx; i++)
        buf_addf(&out, "mx: " STR_FMT "\r\n", STR_ARG(p->mx[i]));
    buf_addf(&out, "max_age: %u\r\n", p->max_age_s);
    struct str text = out.failed ? STR_NONE : arena_copy(a, buf_str(&out));
    buf_clear(&out);
    return text.p != NULL && mta_sts_policy_parse(text, &again, NULL) == MP_OK ? text : STR_NONE;
}

/* An id that was not used before: the time of day, as most people write it. */
static struct str record_text(const struct sts *s)
{
    int year, month, day, hour, minute, second;
    unix_to_civil(s->c->now_s, &year, &month, &day, &hour, &minute, &second);
    struct arena *a = s->c->arena;
    struct str id =
        arena_fmt(a, "%04d%02d%02d%02d%02d%02d", year, month, day, hour, minute, second);
    return arena_fmt(a, "v=STSv1; id=" STR_FMT "%s;", STR_ARG(id),
                     str_eq(id, s->c->out->sts_record.id) ? "1" : "");
}

/* The policy, served, and a new id that tells of it. */
static struct fix *fix_policy(const struct sts *s, const struct finding *f,
                              const struct mta_sts_policy *policy)
{
    struct str text = policy_text(s->c->arena, policy);
    if (text.p == NULL)
        return NULL;
    struct fix *x = posture_fix(s->c, f);
    fix_edit_add(x, FIX_FILE, s->url, DNS_TXT, text);
    posture_replace_txt(x, s->txt, word, record_text(s));
    return x;
}

/* What one begins with: it hurts nobody, and senders report what it would refuse. */
static struct mta_sts_policy first_policy(const struct posture *p)
{
    struct mta_sts_policy policy = {.mode = MTA_STS_TESTING, .max_age_s = ADVISED_AGE_S};
    for (size_t i = 0; i < p->n_mx; i++)
        policy.mx[policy.n_mx++] = p->mx[i].host;
    return policy;
}

static void fix_beginning(const struct sts *s, const struct finding *f)
{
    struct mta_sts_policy policy = first_policy(s->c->out);
    posture_fix_tls_rpt(s->c, fix_policy(s, f, &policy));
}

/* Records alone, to a policy that may be there. */
static void fix_record(const struct sts *s, const struct finding *f, struct str text)
{
    posture_replace_txt(posture_fix(s->c, f), s->txt, word, text);
}

/* ---- the record ---- */

/* The one with the greatest id that can be used: ids are dates with nearly everybody. */
static struct str best_record(const struct sts *s)
{
    struct mta_sts_record best = {.problem = ""}, r;
    for (size_t i = 0; i < s->txt->n; i++)
        if (mta_sts_record_parse(s->txt->records[i].data, &r) && r.problem[0] == '\0' &&
            (best.id.n == 0 || str_cmp(r.id, best.id) > 0))
            best = r;
    return best.id.n == 0 ? record_text(s) : best.text;
}

static void judge_record(const struct sts *s)
{
    struct posture_ctx *c = s->c;
    struct posture *p = c->out;
    p->sts_presence = mta_sts_record_of(s->txt, &p->sts_record);
    if (p->sts_presence == MTA_STS_SEVERAL)
        fix_record(
            s, check_add(&c->checks, FINDING_POSTURE_STS_SEVERAL, STR_FMT, STR_ARG(s->txt->name)),
            best_record(s));
    else if (p->sts_presence == MTA_STS_MALFORMED)
        fix_record(s,
                   check_add(&c->checks, FINDING_POSTURE_STS_RECORD, "%s: \"" STR_FMT "\"",
                             p->sts_record.problem, STR_ARG(p->sts_record.text)),
                   record_text(s));
    else if (p->sts_presence == MTA_STS_ABSENT && posture_any_mentions(s->txt, word))
        fix_record(s,
                   check_add(&c->checks, FINDING_POSTURE_STS_RECORD,
                             STR_FMT ": it does not begin with v=STSv1", STR_ARG(s->txt->name)),
                   record_text(s));
    else if (p->sts_presence == MTA_STS_ABSENT)
        fix_beginning(s, check_add(&c->checks, FINDING_POSTURE_STS_MISSING, STR_FMT,
                                   STR_ARG(s->txt->name)));
}

static void check_record(const struct sts *s)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    check_begin(&c->checks, group, "sts.record");
    if (!posture_answer_failed(c, s->txt))
        judge_record(s);
    check_end(&c->checks, -1, p->sts_presence == MTA_STS_PRESENT ? "id " STR_FMT : "no policy",
              STR_ARG(p->sts_record.id));
}

/* ---- the file ---- */

static void judge_fault(const struct sts *s, const struct https_fact *f)
{
    struct posture_ctx *c = s->c;
    enum finding_id id =
        f->certificate ? FINDING_POSTURE_STS_CERTIFICATE : FINDING_POSTURE_STS_UNREACHABLE;
    const char *colon = f->reason.n > 0 ? ": " : "";
    if (f->temporary) {
        check_add_as(&c->checks, SEV_LOW, id, STR_FMT ": %s%s" STR_FMT, STR_ARG(s->url), f->fault,
                     colon, STR_ARG(f->reason));
        check_undecided(&c->checks);
        return;
    }
    const struct finding *found = check_add(&c->checks, id, STR_FMT ": %s%s" STR_FMT,
                                            STR_ARG(s->url), f->fault, colon, STR_ARG(f->reason));
    c->out->sts_ready = true; /* senders act as without a policy */
    if (!f->certificate)
        fix_beginning(s, found);
}

/* "text/plain", with or without parameters. */
static bool is_plain_text(struct str content_type)
{
    return str_ieq(str_trim_wsp(str_cut(&content_type, ';')), STR("text/plain"));
}

/* A policy that nobody could read becomes one that can be, in the mode that it names, if any. */
static void fix_broken(const struct sts *s, const struct finding *f, struct str body)
{
    struct mta_sts_policy policy = first_policy(s->c->out);
    if (posture_mentions(body, "enforce"))
        policy.mode = MTA_STS_ENFORCE;
    posture_fix_tls_rpt(s->c, fix_policy(s, f, &policy));
}

static void judge_body(const struct sts *s, const struct https_fact *f)
{
    struct posture_ctx *c = s->c;
    struct posture *p = c->out;
    struct mp_err why = {0};
    p->sts_ready = true;
    if (mta_sts_policy_parse(f->body, &p->sts, &why) != MP_OK) {
        fix_broken(s, check_add(&c->checks, FINDING_POSTURE_STS_POLICY, "%s", why.text), f->body);
        return;
    }
    p->has_sts_policy = true;
    if (p->sts.blank_lines)
        fix_policy(s,
                   check_add(&c->checks, FINDING_POSTURE_STS_BLANK_LINES, STR_FMT, STR_ARG(s->url)),
                   &p->sts);
    if (p->sts.lf_only)
        fix_policy(s, check_add(&c->checks, FINDING_POSTURE_STS_LF, STR_FMT, STR_ARG(s->url)),
                   &p->sts);
}

static void judge_file(const struct sts *s, const struct https_fact *f)
{
    struct posture_ctx *c = s->c;
    int64_t days = posture_days(c->now_s, f->cert_not_after_s);
    if (f->cert_not_after_s != 0 && days < c->config->cert_warn_days)
        check_add_as(&c->checks, days < c->config->cert_high_days ? SEV_MEDIUM : SEV_LOW,
                     FINDING_POSTURE_STS_EXPIRES, "mta-sts." STR_FMT ": in %lld days",
                     STR_ARG(c->out->domain), (long long)days);
    if (!is_plain_text(f->content_type))
        check_add(&c->checks, FINDING_POSTURE_STS_CONTENT_TYPE, "\"" STR_FMT "\"",
                  STR_ARG(f->content_type));
    judge_body(s, f);
}

static int check_file(const struct sts *s, struct mp_err *err)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    const struct https_fact *f;
    if (!c->config->https) {
        check_skip(&c->checks, group, "sts.policy", "files are not fetched");
        return MP_OK;
    }
    int st = fact_https(c->facts, s->url, &f, err);
    if (st != MP_OK)
        return st;
    if (f->skipped) {
        check_skip(&c->checks, group, "sts.policy", "the file was not fetched");
        return MP_OK;
    }
    check_begin(&c->checks, group, "sts.policy");
    if (f->fetched)
        judge_file(s, f);
    else
        judge_fault(s, f);
    if (p->has_sts_policy)
        check_end(&c->checks, -1, "mode %s, %zu mx, max_age %u", mta_sts_mode_name(p->sts.mode),
                  p->sts.n_mx, p->sts.max_age_s);
    else
        check_end(&c->checks, -1, "no policy");
    return MP_OK;
}

/* ---- the hosts ---- */

static enum severity as_enforced(const struct posture *p, enum severity severity)
{
    return p->sts.mode == MTA_STS_ENFORCE ? severity : (enum severity)(severity - 1);
}

static void judge_host_name(const struct sts *s, struct str host)
{
    const struct posture *p = s->c->out;
    struct finding *f = check_add_as(&s->c->checks, as_enforced(p, SEV_HIGH),
                                     FINDING_POSTURE_STS_MX, STR_FMT, STR_ARG(host));
    struct mta_sts_policy more = p->sts;
    if (more.n_mx < MTA_STS_MAX_MX) {
        more.mx[more.n_mx++] = host;
        fix_policy(s, f, &more);
    }
}

static bool is_used(const struct posture *p, struct str pattern)
{
    for (size_t i = 0; i < p->n_mx; i++)
        if (mta_sts_matches(pattern, p->mx[i].host))
            return true;
    return false;
}

/* The policy without the lines of this pattern; false when the line was told before. */
static bool without(const struct mta_sts_policy *p, size_t at, struct mta_sts_policy *out)
{
    *out = *p;
    out->n_mx = 0;
    for (size_t i = 0; i < p->n_mx; i++) {
        if (!str_ieq(p->mx[i], p->mx[at]))
            out->mx[out->n_mx++] = p->mx[i];
        else if (i < at)
            return false;
    }
    return true;
}

static void check_names(const struct sts *s)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    check_begin(&c->checks, group, "sts.mx");
    for (size_t i = 0; i < p->n_mx; i++)
        if (!p->mx[i].is_address && !mta_sts_allows(&p->sts, p->mx[i].host))
            judge_host_name(s, p->mx[i].host);
    for (size_t i = 0; i < p->sts.n_mx && !p->mx_failed; i++) {
        struct mta_sts_policy less;
        if (!is_used(p, p->sts.mx[i]) && without(&p->sts, i, &less))
            fix_policy(s,
                       check_add(&c->checks, FINDING_POSTURE_STS_MX_UNUSED, STR_FMT,
                                 STR_ARG(p->sts.mx[i])),
                       &less);
    }
    if (p->mx_failed)
        check_undecided(&c->checks);
    check_end(&c->checks, -1, "%zu mx lines for %zu hosts", p->sts.n_mx, p->n_mx);
}

/* What MTA-STS says to this host if the policy names it; by the one place that knows. */
static bool is_refused(const struct sts *s, struct str host, const struct smtp_fact *f,
                       struct str *why)
{
    const struct mta_sts_policy only = {.mode = MTA_STS_ENFORCE, .mx = {host}, .n_mx = 1};
    struct tls_decision d;
    tls_decide(s->c->arena, NULL, &only, f->starttls ? &f->tls : NULL, host, &d);
    *why = d.reason;
    return d.delivery == TLS_DELIVERY_REFUSED;
}

static void judge_expiry(const struct sts *s, struct str host, const struct tls_facts *tls)
{
    struct posture_ctx *c = s->c;
    int64_t days = posture_days(c->now_s, tls->leaf.not_after_s);
    if (days < c->config->cert_warn_days)
        check_add_as(&c->checks,
                     as_enforced(c->out, days < c->config->cert_high_days ? SEV_HIGH : SEV_MEDIUM),
                     FINDING_POSTURE_STS_EXPIRES, STR_FMT ": in %lld days", STR_ARG(host),
                     (long long)days);
}

static void judge_host(struct sts *s, size_t i)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    const struct smtp_fact *f = s->hosts.facts[i];
    struct str host = p->mx[i].host, why;
    enum posture_seen seen = posture_seen_of(f);
    bool is_named = mta_sts_allows(&p->sts, host);
    s->refused += !is_named && seen < SEEN_NO_TLS;
    if (seen == SEEN_FAILURE)
        check_undecided(&c->checks);
    if (seen < SEEN_NO_TLS)
        return;
    if (is_refused(s, host, f, &why)) {
        check_add_as(&c->checks, as_enforced(p, SEV_HIGH), FINDING_POSTURE_STS_TLS,
                     STR_FMT ": " STR_FMT, STR_ARG(host), STR_ARG(why));
        s->refused++;
        return;
    }
    judge_expiry(s, host, &f->tls);
    s->refused += !is_named;
    s->met += is_named;
}

static void check_tls(struct sts *s)
{
    struct posture_ctx *c = s->c;
    size_t asked = 0;
    for (size_t i = 0; i < c->out->n_mx; i++)
        asked += posture_seen_of(s->hosts.facts[i]) != SEEN_NOTHING;
    if (asked == 0)
        check_skip(&c->checks, group, "sts.tls", "hosts were not connected to");
    else
        check_begin(&c->checks, group, "sts.tls");
    for (size_t i = 0; i < c->out->n_mx; i++)
        judge_host(s, i);
    if (asked > 0)
        check_end(&c->checks, -1, "%zu of %zu hosts keep to the policy", s->met, c->out->n_mx);
}

/* ---- the mode ---- */

static void judge_mode(const struct sts *s)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    struct mta_sts_policy other = p->sts;
    if (p->sts.mode == MTA_STS_NONE) {
        fix_beginning(s, check_add(&c->checks, FINDING_POSTURE_STS_NONE, "mode: none"));
    } else if (p->sts.mode == MTA_STS_TESTING) {
        const struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_STS_TESTING,
                      "mode: testing; %zu of %zu hosts keep to it", s->met, p->n_mx);
        other.mode = MTA_STS_ENFORCE;
        if (p->n_mx > 0 && s->met == p->n_mx)
            fix_policy(s, f, &other);
    } else if (p->n_mx > 0 && s->refused == p->n_mx) {
        other.mode = MTA_STS_TESTING;
        fix_policy(
            s, check_add(&c->checks, FINDING_POSTURE_STS_REFUSES_ALL, STR_FMT, STR_ARG(p->domain)),
            &other);
    }
}

static void check_mode(const struct sts *s)
{
    struct posture_ctx *c = s->c;
    const struct posture *p = c->out;
    check_begin(&c->checks, group, "sts.mode");
    judge_mode(s);
    if (p->sts.mode != MTA_STS_NONE && p->sts.max_age_s < WEEK_S) {
        struct mta_sts_policy longer = p->sts;
        longer.max_age_s = ADVISED_AGE_S;
        fix_policy(s,
                   check_add_as(&c->checks, p->sts.max_age_s < DAY_S ? SEV_MEDIUM : SEV_LOW,
                                FINDING_POSTURE_STS_MAX_AGE, "max_age: %u", p->sts.max_age_s),
                   &longer);
    }
    check_end(&c->checks, -1, "mode %s", mta_sts_mode_name(p->sts.mode));
}

/* ---- all of it ---- */

static int ask(struct sts *s, struct mp_err *err)
{
    struct posture_ctx *c = s->c;
    const struct dns_answer *reports; /* for remedies */
    int st = posture_ask_below(c, "_mta-sts", DNS_TXT, &s->txt, err);
    int again = posture_ask_below(c, "_smtp._tls", DNS_TXT, &reports, err);
    if (st < 0 || again < 0)
        return st < 0 ? st : again;
    s->url = arena_fmt(c->arena, "https://mta-sts." STR_FMT "/.well-known/mta-sts.txt",
                       STR_ARG(c->out->domain));
    if (s->url.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a URL");
    return st == MP_WAIT || again == MP_WAIT || !c->out->mx_ready ? MP_WAIT : MP_OK;
}

int posture_check_sts(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    struct sts s = {.c = c};
    int st = ask(&s, err);
    if (st != MP_OK)
        return st;
    const char *no_mail = p->mx_failed ? NULL : posture_no_mail(p);
    if (no_mail != NULL) {
        check_skip(&c->checks, group, "sts.record", "%s", no_mail);
        p->sts_ready = true;
        return MP_OK;
    }
    check_record(&s);
    if (p->sts_presence != MTA_STS_PRESENT) {
        p->sts_ready = !posture_failed(s.txt);
        return MP_OK;
    }
    st = check_file(&s, err);
    if (st == MP_OK && p->has_sts_policy)
        st = posture_ask_hosts(c, &s.hosts, err);
    if (st != MP_OK || !p->has_sts_policy)
        return st;
    if (p->sts.mode != MTA_STS_NONE) {
        check_names(&s);
        check_tls(&s);
    }
    check_mode(&s);
    return MP_OK;
}
