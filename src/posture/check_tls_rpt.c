/* TLS-RPT (RFC 8460): does anybody hear of the faults that MTA-STS and DANE turn into lost mail? */
#include "base/uri.h"
#include "posture/tls_internal.h"

static const struct str group = STR_INIT("TLS-RPT");
static const char word[] = "tlsrptv1";

/* ---- remedies ---- */

/* A place for reports, also where "mailto:" was forgotten; p == NULL: none that can be used. */
static struct str mended_uri(struct arena *a, struct str uri)
{
    if (str_has(uri, '!'))
        return STR_NONE;
    if (uri_mailto_fault(uri) == URI_OK || uri_https_fault(uri) == URI_OK)
        return uri;
    struct str with = arena_fmt(a, "mailto:" STR_FMT, STR_ARG(uri));
    return uri_mailto_fault(with) == URI_OK ? with : STR_NONE;
}

/* The places of one rua=, behind those that were found before. */
static struct str add_places(struct arena *a, struct str places, struct str value)
{
    for (size_t n = 0; value.p != NULL && n < TLS_RPT_MAX_RUA; n++) {
        struct str uri = mended_uri(a, str_trim_wsp(str_cut(&value, ',')));
        if (uri.p != NULL)
            places = arena_fmt(a, STR_FMT "%s" STR_FMT, STR_ARG(places), places.n > 0 ? "," : "",
                               STR_ARG(uri));
    }
    return places;
}

/* The record as it was meant: the places that can be used, or the postmaster. */
static struct str mended(struct posture_ctx *c, struct str text)
{
    struct tls_rpt_record r;
    struct str places = STR("");
    while (text.p != NULL && places.n == 0) {
        struct str value = str_cut(&text, ';'), name = str_trim_wsp(str_cut(&value, '='));
        if (str_ieq(name, STR("rua")))
            places = add_places(c->arena, places, value);
    }
    struct str out = arena_fmt(c->arena, "v=TLSRPTv1; rua=" STR_FMT, STR_ARG(places));
    bool is_good = out.p != NULL && tls_rpt_record_parse(out, &r) && r.problem[0] == '\0';
    return is_good ? out : posture_tls_rpt_text(c);
}

/* The first by text that can be used, whatever the order of the answer. */
static struct str best_record(struct posture_ctx *c, const struct dns_answer *txt)
{
    struct tls_rpt_record r;
    struct str best = STR_NONE;
    for (size_t i = 0; i < txt->n; i++)
        if (tls_rpt_record_parse(txt->records[i].data, &r) && r.problem[0] == '\0' &&
            (best.p == NULL || str_cmp(r.text, best) < 0))
            best = r.text;
    return best.p != NULL ? best : posture_tls_rpt_text(c);
}

static struct str first_mentioned(const struct dns_answer *txt)
{
    size_t i = 0;
    while (i + 1 < txt->n && !posture_mentions(txt->records[i].data, word))
        i++;
    return txt->records[i].data;
}

/* ---- the record ---- */

/* Is there a policy whose faults would be reported? NULL: none. */
static const char *reason_to_report(const struct posture *p)
{
    if (p->sts_presence == MTA_STS_PRESENT && !(p->has_sts_policy && p->sts.mode == MTA_STS_NONE))
        return "MTA-STS is used";
    for (size_t i = 0; i < p->n_mx; i++)
        if (p->mx[i].dane.verdict != DANE_NONE && p->mx[i].dane.verdict != DANE_FAILED)
            return "DANE is used";
    return NULL;
}

static void judge(struct posture_ctx *c, const struct dns_answer *txt, enum tls_rpt_presence is)
{
    const struct tls_rpt_record *r = &c->out->tls_rpt;
    const char *reason = reason_to_report(c->out);
    const struct finding *f;
    struct str text;
    if (is == TLS_RPT_SEVERAL) {
        f = check_add(&c->checks, FINDING_POSTURE_TLSRPT_SEVERAL, STR_FMT, STR_ARG(txt->name));
        text = best_record(c, txt);
    } else if (is == TLS_RPT_MALFORMED) {
        f = check_add(&c->checks, FINDING_POSTURE_TLSRPT_RECORD, "%s: \"" STR_FMT "\"", r->problem,
                      STR_ARG(r->text));
        text = mended(c, r->text);
    } else if (is == TLS_RPT_ABSENT && posture_any_mentions(txt, word)) {
        f = check_add(&c->checks, FINDING_POSTURE_TLSRPT_RECORD,
                      STR_FMT ": it does not begin with v=TLSRPTv1", STR_ARG(txt->name));
        text = mended(c, first_mentioned(txt));
    } else if (is == TLS_RPT_ABSENT && reason != NULL) {
        f = check_add(&c->checks, FINDING_POSTURE_TLSRPT_MISSING, STR_FMT ": %s",
                      STR_ARG(txt->name), reason);
        text = posture_tls_rpt_text(c);
    } else {
        return;
    }
    posture_replace_txt(posture_fix(c, f), txt, word, text);
}

int posture_check_tls_rpt(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    const struct dns_answer *txt;
    int st = posture_ask_below(c, "_smtp._tls", DNS_TXT, &txt, err);
    if (st < 0)
        return st;
    if (st == MP_WAIT || !p->mx_ready)
        return MP_WAIT;
    st = posture_find_dane(c, err);
    if (st != MP_OK)
        return st;
    const char *no_mail = p->mx_failed ? NULL : posture_no_mail(p);
    if (no_mail != NULL) {
        check_skip(&c->checks, group, "tlsrpt.record", "%s", no_mail);
        return MP_OK;
    }
    check_begin(&c->checks, group, "tlsrpt.record");
    enum tls_rpt_presence is = tls_rpt_record_of(txt, &p->tls_rpt);
    if (!posture_answer_failed(c, txt))
        judge(c, txt, is);
    check_end(&c->checks, -1, is == TLS_RPT_PRESENT ? "reports go to %zu places" : "no reports",
              p->tls_rpt.n_rua);
    return MP_OK;
}
