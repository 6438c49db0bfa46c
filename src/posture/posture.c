/* The audit as a whole: the table of checks, the profile, and what checks share. */
#include "posture/posture_internal.h"
#include "posture/rewrite.h"

/* ---- names and configuration ---- */

static const char *const profile_names[] = {[PROFILE_AUTO] = "auto",
                                            [PROFILE_SENDING] = "sending",
                                            [PROFILE_RECEIVING] = "receiving",
                                            [PROFILE_PARKED] = "parked"};

const char *posture_profile_name(enum posture_profile p)
{
    return (size_t)p < ARRAY_LEN(profile_names) ? profile_names[p] : "?";
}

bool posture_profile_by_name(struct str s, enum posture_profile *out)
{
    for (size_t i = 0; i < ARRAY_LEN(profile_names); i++) {
        if (str_ieq(s, str_from(profile_names[i]))) {
            *out = (enum posture_profile)i;
            return true;
        }
    }
    return false;
}

void posture_config_init(struct posture_config *c)
{
    struct auth_config auth;
    auth_config_init(&auth);
    *c = (struct posture_config){.profile = PROFILE_AUTO,
                                 .https = true,
                                 .connect = true,
                                 .smtp_port = 25,
                                 .spf_broad_prefix_v4 = auth.spf_broad_prefix_v4,
                                 .spf_broad_prefix_v6 = auth.spf_broad_prefix_v6,
                                 .cert_warn_days = POSTURE_CERT_WARN_DAYS,
                                 .cert_high_days = POSTURE_CERT_HIGH_DAYS,
                                 .discovery = auth.discovery};
}

/* ---- what checks share ---- */

int posture_ask(struct posture_ctx *c, struct str name, enum dns_type type,
                const struct dns_answer **out, struct mp_err *err)
{
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a name to ask about");
    return dns_ask(c->dns, name, type, out, err);
}

int posture_ask_below(struct posture_ctx *c, const char *label, enum dns_type type,
                      const struct dns_answer **out, struct mp_err *err)
{
    return posture_ask(c, posture_below(c->arena, label, c->out->domain), type, out, err);
}

/* A zone that fails, fails for every name in it, and each is asked by several checks: it is told
 * once, and so counts once for the grade. */
static bool is_told(const struct posture_ctx *c, enum finding_id id, struct str evidence)
{
    struct str name = str_cut(&evidence, ' ');
    for (size_t i = 0; i < c->findings.n; i++) {
        struct str told = c->findings.items[i].evidence;
        told = str_cut(&told, ' ');
        if (c->findings.items[i].id == id && (str_eq(name, told) || domain_is_below(name, told)))
            return true;
    }
    return false;
}

bool posture_answer_failed(struct posture_ctx *c, const struct dns_answer *a)
{
    if (!posture_failed(a))
        return false;
    check_undecided(&c->checks);
    enum finding_id id =
        a->status == DNS_BOGUS ? FINDING_POSTURE_DNS_BOGUS : FINDING_POSTURE_DNS_FAILED;
    struct finding_list seen;
    finding_list_init(&seen, c->arena);
    const struct finding *f = finding_add(&seen, id, NOWHERE, "%.*s %s: %s%s%.*s", STR_ARG(a->name),
                                          dns_type_name(a->type), dns_status_name(a->status),
                                          a->why.n > 0 ? ", " : "", STR_ARG(a->why));
    if (f == NULL || !is_told(c, id, f->evidence))
        check_add(&c->checks, id, "%.*s", STR_ARG(f == NULL ? a->name : f->evidence));
    return true;
}

bool posture_either_failed(struct posture_ctx *c, const struct dns_answer *a,
                           const struct dns_answer *b)
{
    bool first = posture_answer_failed(c, a), second = posture_answer_failed(c, b);
    return first || second;
}

void posture_cut(struct posture_ctx *c, const char *what, size_t limit)
{
    check_add(&c->checks, FINDING_POSTURE_LIMIT, "more than %zu %s: only the first are looked at",
              limit, what);
    check_undecided(&c->checks);
}

struct str posture_below(struct arena *a, const char *label, struct str name)
{
    return arena_join(a, (struct str[]){str_from(label), STR("."), name}, 3);
}

struct str posture_target(struct arena *a, struct str host)
{
    char text[DNS_NAME_TEXT_MAX];
    return arena_copy(a, str_make(text, dns_name_text(host, text, sizeof text)));
}

struct str posture_mx_rdata(struct arena *a, unsigned preference, struct str host)
{
    struct str target = posture_target(a, host);
    return target.p == NULL ? target : arena_fmt(a, "%u %.*s", preference, STR_ARG(target));
}

struct str posture_ip(struct arena *a, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    return arena_copy(a, str_make(text, ip_write(ip, text)));
}

const char *posture_no_mail(const struct posture *p)
{
    if (p->null_mx)
        return "the domain takes no mail (null MX)";
    return p->n_mx == 0 ? "the domain has no mail server" : NULL;
}

/* ---- the profile ---- */

/* Whatever stands behind -all is never looked at. */
bool posture_is_closed_spf(struct str text)
{
    struct str version = str_trim_wsp(str_cut(&text, ' '));
    if (!str_ieq(version, STR("v=spf1")))
        return false;
    text = str_trim_wsp(text);
    return str_ieq(str_cut(&text, ' '), STR("-all"));
}

/* What SPF says about sending: somebody may, nobody may, or it says nothing. */
enum spf_word { SPF_OPEN, SPF_CLOSED, SPF_SILENT };

static enum spf_word spf_word_of(const struct dns_answer *txt)
{
    enum spf_word word = posture_failed(txt) ? SPF_OPEN : SPF_SILENT;
    for (size_t i = 0; i < txt->n && word != SPF_OPEN; i++)
        if (words_is_spf(txt->records[i].data))
            word = posture_is_closed_spf(txt->records[i].data) ? SPF_CLOSED : SPF_OPEN;
    return word;
}

/* Parked: a null MX unless SPF lets somebody send, or nothing that takes mail and SPF that lets
 * nobody. Whatever is not known is taken for a sign of use. */
static bool is_parked(const struct dns_answer *mx, const struct dns_answer *txt,
                      const struct dns_answer *a, const struct dns_answer *aaaa)
{
    enum spf_word spf = spf_word_of(txt);
    if (mx->n > 0)
        return mx->n == 1 && mx->records[0].name.n == 0 && spf != SPF_OPEN;
    bool known = !posture_failed(mx) && !posture_failed(a) && !posture_failed(aaaa);
    return known && a->n + aaaa->n == 0 && spf == SPF_CLOSED;
}

static int decide_profile(struct posture_ctx *c, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_MX, DNS_TXT, DNS_A, DNS_AAAA};
    const struct dns_answer *answers[ARRAY_LEN(types)];
    int waiting = MP_OK;
    c->out->profile = c->config->profile;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        int st = posture_ask(c, c->out->domain, types[i], &answers[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK || c->config->profile != PROFILE_AUTO)
        return waiting;
    if (is_parked(answers[0], answers[1], answers[2], answers[3]))
        c->out->profile = PROFILE_PARKED;
    else /* whoever lets nobody send does not send */
        c->out->profile =
            spf_word_of(answers[1]) == SPF_CLOSED ? PROFILE_RECEIVING : PROFILE_SENDING;
    return MP_OK;
}

/* ---- the checks ---- */

enum { SENDING = 1 << PROFILE_SENDING, RECEIVING = 1 << PROFILE_RECEIVING };
enum { PARKED = 1 << PROFILE_PARKED, MAIL = SENDING | RECEIVING, ALL = MAIL | PARKED };

/* In this order: later ones read what earlier ones found out. */
static const struct {
    int (*check)(struct posture_ctx *, struct mp_err *);
    unsigned profiles;
    const char *title; /* its group, when it cannot be made */
} checks[] = {
    {posture_check_mx, ALL, "MX"},
    {posture_check_spf, ALL, "SPF"},
    {posture_check_dkim, ALL, "DKIM"},
    {posture_check_dmarc, ALL, "DMARC"},
    {posture_check_sts, MAIL, "MTA-STS"},
    {posture_check_tls_rpt, MAIL, "TLS-RPT"},
    {posture_check_dane, MAIL, "DANE"},
    {posture_check_dnssec, ALL, "DNSSEC"},
    {posture_check_bimi, MAIL, "BIMI"},
    {posture_check_caa, ALL, "CAA"},
    {posture_check_srv, MAIL, "SRV"},
    {posture_check_ptr, SENDING, "Reverse DNS"},
    {posture_check_dnsbl, MAIL, "DNS lists"},
    {posture_check_parked, PARKED, "Parked"},
};

static void start(struct posture_ctx *c, struct arena *arena, const struct posture_config *config)
{
    check_list_init(&c->checks, arena, &c->findings);
    finding_list_init(&c->findings, arena);
    fix_list_init(&c->fixes, arena);
    c->arena = arena;
    c->config = config;
    memset(c->out, 0, sizeof *c->out);
}

static int start_auth(struct posture_ctx *c, struct mp_err *err)
{
    struct auth_config *auth = arena_new(c->arena, struct auth_config, 1);
    if (auth == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an audit");
    auth_config_init(auth);
    auth->spf_broad_prefix_v4 = c->config->spf_broad_prefix_v4;
    auth->spf_broad_prefix_v6 = c->config->spf_broad_prefix_v6;
    auth->discovery = c->config->discovery;
    c->auth = (struct auth_ctx){.arena = c->arena,
                                .dns = c->dns,
                                .findings = &c->findings,
                                .config = auth,
                                .now_s = c->now_s};
    return MP_OK;
}

/* A limit of ours: this check is undecided, the others go on. */
static void cut_short(struct posture_ctx *c, const char *title, const char *why)
{
    check_begin(&c->checks, str_from(title), "limit");
    check_add(&c->checks, FINDING_POSTURE_LIMIT, "%s", why);
    check_undecided(&c->checks);
    check_end(&c->checks, -1, "not made to the end");
}

bool posture_is_missing(const struct posture_ctx *c)
{
    struct dns_question q;
    struct fact_question fact;
    size_t dns = 0, facts = 0;
    return dns_view_missing(c->dns, &dns, &q) || fact_missing(c->facts, &facts, &fact);
}

/* All of them in each run, so that all they miss is fetched in one round. What a check added before
 * it had to wait is taken back. */
static int run_checks(struct posture_ctx *c, struct mp_err *err)
{
    bool waiting = false;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if ((checks[i].profiles & 1u << c->out->profile) == 0)
            continue;
        struct mp_err own = {0};
        struct check_mark mark = check_mark(&c->checks);
        size_t fixes = c->fixes.n;
        int st = checks[i].check(c, &own);
        if (st < 0 && st != MP_E_LIMIT)
            return mp_fail(err, st, own.detail, "%s", own.text);
        if (st == MP_OK)
            continue;
        waiting |= st == MP_WAIT;
        check_rewind(&c->checks, mark);
        c->fixes.n = fixes;
        if (st == MP_E_LIMIT)
            cut_short(c, checks[i].title, own.text);
    }
    /* One that waits for the result of another, which hit a limit, would wait for ever. */
    if (waiting && !posture_is_missing(c))
        return mp_fail(err, MP_E_LIMIT, 0, "the domain publishes more than an audit looks at");
    return waiting ? MP_WAIT : MP_OK;
}

int posture_run(struct posture_ctx *c, struct arena *arena, struct dns_view *dns,
                struct fact_view *facts, const struct posture_config *config, struct str domain,
                int64_t now_s, struct posture *out, struct mp_err *err)
{
    struct ip ip;
    *c = (struct posture_ctx){.dns = dns, .facts = facts, .now_s = now_s, .out = out};
    start(c, arena, config);
    if (ip_parse(domain, &ip) || !idna_to_ascii(arena, domain, &out->domain) ||
        !domain_is_ldh(out->domain))
        return mp_fail(err, MP_E_USAGE, 0, "%.*s: not a domain name", STR_ARG(domain));
    int st = start_auth(c, err);
    if (st == MP_OK)
        st = decide_profile(c, err);
    /* Without a profile the checks of a domain in use are run for their questions only. */
    if (st == MP_WAIT && out->profile == PROFILE_AUTO)
        out->profile = PROFILE_SENDING;
    if (st < 0)
        return st;
    int checked = run_checks(c, err);
    if (checked < 0)
        return checked;
    if (st == MP_WAIT || checked == MP_WAIT)
        return MP_WAIT;
    if (c->checks.starved || c->findings.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for what the audit found");
    posture_grade(c);
    return MP_OK;
}
