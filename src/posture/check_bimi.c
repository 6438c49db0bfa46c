/* BIMI (draft-brand-indicators-for-message-identification): record, DMARC behind it, logo, mark
 * certificate. A domain without a record is asked for nothing. */
#include "posture/rewrite.h"
#include "posture/tls_internal.h"

enum { PROBLEMS_SHOWN_BYTES = 180 };

static const struct str group = STR_INIT("BIMI");
static const char word[] = "bimi1";

/* ---- the record ---- */

/* "http:" becomes "https:"; all else stays. */
static struct str as_https(struct arena *a, struct str url)
{
    if (!str_istarts(url, STR("http:")))
        return url;
    struct str rest = str_slice(url, sizeof "http" - 1, url.n);
    return arena_fmt(a, "https" STR_FMT, STR_ARG(rest));
}

/* The record as it was meant; p == NULL when that cannot be told. */
static struct str mended(struct posture_ctx *c, struct str text)
{
    static const struct str names[] = {STR_INIT("l"), STR_INIT("a")};
    struct bimi_record r;
    struct tags t;
    struct str out = STR("v=BIMI1;");
    tags_split(text, &t);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t at = tags_find(&t, names[i]);
        struct str url = at < t.n ? as_https(c->arena, t.at[at].value) : STR("");
        if (i == 0 || url.n > 0)
            out = arena_fmt(c->arena, STR_FMT " " STR_FMT "=" STR_FMT ";", STR_ARG(out),
                            STR_ARG(names[i]), STR_ARG(url));
    }
    bool is_good = out.p != NULL && bimi_record_parse(out, &r) && r.problem[0] == '\0';
    return is_good && r.location.n > 0 ? out : STR_NONE;
}

/* The first by text that can be used, whatever the order of the answer; p == NULL: none. */
static struct str best_record(const struct dns_answer *txt)
{
    struct bimi_record r;
    struct str best = STR_NONE;
    for (size_t i = 0; i < txt->n; i++)
        if (bimi_record_parse(txt->records[i].data, &r) && r.location.n > 0 &&
            r.problem[0] == '\0' && (best.p == NULL || str_cmp(r.text, best) < 0))
            best = r.text;
    return best;
}

static struct str first_mentioned(const struct dns_answer *txt)
{
    size_t i = 0;
    while (i + 1 < txt->n && !posture_mentions(txt->records[i].data, word))
        i++;
    return txt->records[i].data;
}

static void judge_record(struct posture_ctx *c, const struct dns_answer *txt)
{
    struct posture *p = c->out;
    const struct finding *f = NULL;
    struct str text = STR_NONE;
    p->bimi_presence = bimi_record_of(txt, &p->bimi);
    if (p->bimi_presence == BIMI_SEVERAL) {
        f = check_add(&c->checks, FINDING_POSTURE_BIMI_SEVERAL, STR_FMT, STR_ARG(txt->name));
        text = best_record(txt);
    } else if (p->bimi_presence == BIMI_MALFORMED) {
        f = check_add(&c->checks, FINDING_POSTURE_BIMI_RECORD, "%s: \"" STR_FMT "\"",
                      p->bimi.problem, STR_ARG(p->bimi.text));
        text = mended(c, p->bimi.text);
    } else if (p->bimi_presence == BIMI_DECLINED) {
        check_add(&c->checks, FINDING_POSTURE_BIMI_DECLINED, STR_FMT, STR_ARG(txt->name));
    } else if (p->bimi_presence == BIMI_ABSENT) {
        f = check_add(&c->checks, FINDING_POSTURE_BIMI_RECORD,
                      STR_FMT ": it does not begin with v=BIMI1", STR_ARG(txt->name));
        text = mended(c, first_mentioned(txt));
    }
    if (text.p != NULL)
        posture_replace_txt(posture_fix(c, f), txt, word, text);
}

/* True: there is a record to go on with. */
static bool check_record(struct posture_ctx *c, const struct dns_answer *txt)
{
    if (!posture_failed(txt) && !posture_any_mentions(txt, word)) {
        check_skip(&c->checks, group, "bimi.record", "there is no record");
        return false;
    }
    check_begin(&c->checks, group, "bimi.record");
    if (!posture_answer_failed(c, txt))
        judge_record(c, txt);
    check_end(&c->checks, -1, "l=" STR_FMT, STR_ARG(c->out->bimi.location));
    return c->out->bimi_presence == BIMI_PRESENT;
}

/* ---- DMARC ---- */

/* Why mailbox providers do not take the policy for one that is enforced; NULL: they do. */
static const char *why_weak(const struct dmarc_record *r)
{
    if (r == NULL || r->text.n == 0)
        return "there is no record";
    if (!r->usable)
        return "the record cannot be used";
    if (r->forced_none || (r->p != DMARC_P_QUARANTINE && r->p != DMARC_P_REJECT))
        return "p=none";
    if (r->sp == DMARC_P_NONE)
        return "sp=none";
    return r->testing ? "t=y: the policy is only tested" : NULL;
}

/* The record of the organizational domain, where another stands below it. */
static int ask_organizational(struct posture_ctx *c, const struct dmarc_record **out,
                              bool *has_other, struct mp_err *err)
{
    const struct posture *p = c->out;
    const struct dns_answer *txt;
    enum dmarc_presence presence;
    *has_other = p->dmarc.text.n > 0 && p->organizational_domain.n > 0 &&
                 !domain_eq(p->dmarc_at, p->organizational_domain);
    if (!*has_other)
        return MP_OK;
    int st = posture_ask(c, posture_below(c->arena, "_dmarc", p->organizational_domain), DNS_TXT,
                         &txt, err);
    if (st != MP_OK)
        return st;
    if (posture_answer_failed(c, txt))
        *has_other = false;
    return dmarc_record_of(txt, &presence, out);
}

static int check_dmarc(struct posture_ctx *c, struct mp_err *err)
{
    const struct posture *p = c->out;
    const struct dmarc_record *above = NULL;
    bool has_other = false;
    check_begin(&c->checks, group, "bimi.dmarc");
    if (!p->dmarc_ready)
        check_undecided(&c->checks);
    int st = p->dmarc_ready ? ask_organizational(c, &above, &has_other, err) : MP_OK;
    const char *weak = why_weak(&p->dmarc);
    const char *weak_above = has_other ? why_weak(above) : NULL;
    if (p->dmarc_ready && weak != NULL)
        check_add(&c->checks, FINDING_POSTURE_BIMI_DMARC, "_dmarc." STR_FMT ": %s",
                  STR_ARG(p->dmarc.text.n > 0 ? p->dmarc_at : p->domain), weak);
    else if (weak_above != NULL)
        check_add(&c->checks, FINDING_POSTURE_BIMI_DMARC, "_dmarc." STR_FMT ": %s",
                  STR_ARG(p->organizational_domain), weak_above);
    check_end(&c->checks, -1, "policy %s",
              p->dmarc.text.n > 0 ? dmarc_policy_name(p->dmarc.p) : "none");
    return st;
}

/* ---- files ---- */

/* Opens the check when there is a file to judge. MP_OK with *out NULL: it is over. */
static int fetch(struct posture_ctx *c, const char *name, struct str url, enum finding_id id,
                 const struct https_fact **out, struct mp_err *err)
{
    const struct https_fact *f;
    *out = NULL;
    if (!c->config->https) {
        check_skip(&c->checks, group, name, "files are not fetched");
        return MP_OK;
    }
    int st = fact_https(c->facts, url, &f, err);
    if (st != MP_OK)
        return st;
    if (f->skipped) {
        check_skip(&c->checks, group, name, "the file was not fetched");
        return MP_OK;
    }
    check_begin(&c->checks, group, name);
    if (f->fetched) {
        *out = f;
        return MP_OK;
    }
    check_add_as(&c->checks, f->temporary ? SEV_LOW : finding_kind(id)->severity, id,
                 STR_FMT ": %s%s" STR_FMT, STR_ARG(url), f->fault, f->reason.n > 0 ? ": " : "",
                 STR_ARG(f->reason));
    if (f->temporary)
        check_undecided(&c->checks);
    check_end(&c->checks, -1, "not fetched");
    return MP_OK;
}

/* All that only warns, or all that does not, in one line; p == NULL: nothing. */
static struct str problems_text(struct arena *a, const struct bimi_svg *svg, bool only_warns)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < svg->n_problems; i++) {
        if (svg->only_warns[i] != only_warns)
            continue;
        if (text.n + svg->problems[i].n > PROBLEMS_SHOWN_BYTES && text.n > 0)
            return arena_fmt(a, STR_FMT "; and more", STR_ARG(text));
        text = arena_fmt(a, STR_FMT "%s" STR_FMT, STR_ARG(text), text.n > 0 ? "; " : "",
                         STR_ARG(svg->problems[i]));
    }
    return text;
}

static bool is_svg_type(struct str content_type)
{
    return str_ieq(str_trim_wsp(str_cut(&content_type, ';')), STR("image/svg+xml"));
}

static int check_logo(struct posture_ctx *c, struct mp_err *err)
{
    const struct https_fact *f;
    struct bimi_svg svg;
    int st = fetch(c, "bimi.logo", c->out->bimi.location, FINDING_POSTURE_BIMI_LOGO, &f, err);
    if (st != MP_OK || f == NULL)
        return st;
    if (!is_svg_type(f->content_type))
        check_add(&c->checks, FINDING_POSTURE_BIMI_CONTENT_TYPE, "\"" STR_FMT "\"",
                  STR_ARG(f->content_type));
    st = bimi_svg_check(c->arena, f->body, &svg, err);
    if (st == MP_OK) {
        struct str faults = problems_text(c->arena, &svg, false);
        struct str advice = problems_text(c->arena, &svg, true);
        if (svg.verdict == BIMI_SVG_BAD)
            check_add(&c->checks, FINDING_POSTURE_BIMI_SVG, STR_FMT, STR_ARG(faults));
        if (advice.n > 0)
            check_add(&c->checks, FINDING_POSTURE_BIMI_SVG_ADVICE, STR_FMT, STR_ARG(advice));
    }
    check_end(&c->checks, -1, "%zu octets", f->body.n);
    return st;
}

/* ---- the mark certificate ---- */

/* The domain, or a selector of it: "default._bimi.example.org". */
static bool names_domain(struct str name, struct str domain)
{
    struct str rest = name;
    if (domain_eq(name, domain))
        return true;
    str_cut(&rest, '.');
    return str_istarts(rest, STR("_bimi.")) &&
           domain_eq(str_slice(rest, sizeof "_bimi." - 1, rest.n), domain);
}

/* Names beyond our limit might be the right one. */
static bool is_for_others(const struct posture *p, const struct x509_facts *leaf)
{
    for (size_t i = 0; i < leaf->n_dns_names; i++)
        if (names_domain(leaf->dns_names[i], p->domain) ||
            (p->organizational_domain.n > 0 &&
             names_domain(leaf->dns_names[i], p->organizational_domain)))
            return false;
    return leaf->n_dns_names > 0 && leaf->dropped_names == 0;
}

static void judge_leaf(struct posture_ctx *c, const struct x509_facts *leaf)
{
    int64_t days = posture_days(c->now_s, leaf->not_after_s);
    const char *fault = leaf->is_ca ? "the first certificate of the file is a CA's"
                        : leaf->not_before_s > c->now_s ? "it is not valid yet"
                        : is_for_others(c->out, leaf)   ? "it is for other domains"
                                                        : NULL;
    if (fault != NULL)
        check_add(&c->checks, FINDING_POSTURE_BIMI_CERTIFICATE, "%s: " STR_FMT, fault,
                  STR_ARG(leaf->subject));
    if (leaf->not_after_s < c->now_s)
        check_add(&c->checks, FINDING_POSTURE_BIMI_EXPIRES, "%lld days ago", (long long)-days);
    else if (days < c->config->cert_warn_days)
        check_add_as(&c->checks, SEV_LOW, FINDING_POSTURE_BIMI_EXPIRES, "in %lld days",
                     (long long)days);
}

static int check_certificate(struct posture_ctx *c, struct mp_err *err)
{
    const struct https_fact *f;
    struct x509_facts leaf;
    struct mp_err why = {0};
    struct str url = c->out->bimi.authority, *ders;
    size_t n = 0;
    if (url.n == 0) {
        check_begin(&c->checks, group, "bimi.certificate");
        check_add(&c->checks, FINDING_POSTURE_BIMI_NO_CERTIFICATE, STR_FMT,
                  STR_ARG(c->out->bimi.text));
        check_end(&c->checks, -1, "none");
        return MP_OK;
    }
    int st = fetch(c, "bimi.certificate", url, FINDING_POSTURE_BIMI_CERTIFICATE, &f, err);
    if (st != MP_OK || f == NULL)
        return st;
    st = x509_read_pem(c->arena, f->body, &ders, &n, &why);
    if (st == MP_OK)
        st = x509_read(c->arena, ders[0], &leaf, &why);
    if (st == MP_E_NOMEM)
        return mp_fail(err, st, 0, "%s", why.text);
    if (st == MP_OK)
        judge_leaf(c, &leaf);
    else
        check_add(&c->checks, FINDING_POSTURE_BIMI_CERTIFICATE, STR_FMT ": %s", STR_ARG(url),
                  why.text);
    check_end(&c->checks, -1, "%zu certificates", n);
    return MP_OK;
}

/* ---- all of it ---- */

int posture_check_bimi(struct posture_ctx *c, struct mp_err *err)
{
    const struct dns_answer *txt;
    int st = posture_ask_below(c, "default._bimi", DNS_TXT, &txt, err);
    if (st != MP_OK || !check_record(c, txt))
        return st;
    /* Each asks for what it misses, so that all of it is fetched in one round. */
    int dmarc = check_dmarc(c, err);
    int logo = dmarc < 0 ? dmarc : check_logo(c, err);
    int certificate = logo < 0 ? logo : check_certificate(c, err);
    if (certificate < 0)
        return certificate;
    return dmarc == MP_WAIT || logo == MP_WAIT || certificate == MP_WAIT ? MP_WAIT : MP_OK;
}
