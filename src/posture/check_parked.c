/* A domain that is not used for mail: does it say so in every place where it can? */
#include "posture/posture_internal.h"
#include "posture/rewrite.h"

static const struct str group = STR_INIT("Parked");

static void check_null_mx(struct posture_ctx *c)
{
    const struct posture *p = c->out;
    check_begin(&c->checks, group, "parked.mx");
    if (p->mx_failed) {
        check_undecided(&c->checks);
    } else if (!p->null_mx) {
        struct finding *f = check_add(&c->checks, FINDING_POSTURE_PARKED_MX, "%s",
                                      p->n_mx == 0     ? "there is no MX record"
                                      : p->implicit_mx ? "there is no MX record, but an address"
                                                       : "there are MX records");
        struct fix *x = posture_fix(c, f);
        fix_edit_add(x, FIX_REMOVE_ALL, p->domain, DNS_MX, STR_NONE);
        fix_edit_add(x, FIX_ADD, p->domain, DNS_MX, STR("0 ."));
    }
    check_end(&c->checks, -1, "%s", p->null_mx ? "null MX" : "no null MX");
}

static void check_spf(struct posture_ctx *c, const struct dns_answer *txt)
{
    size_t n = 0;
    bool closed = false;
    check_begin(&c->checks, group, "parked.spf");
    for (size_t i = 0; i < txt->n; i++) {
        n += words_is_spf(txt->records[i].data);
        closed |= posture_is_closed_spf(txt->records[i].data);
    }
    closed &= n == 1;
    if (!posture_answer_failed(c, txt) && !closed) {
        struct finding *f = check_add(&c->checks, FINDING_POSTURE_PARKED_SPF, "%s",
                                      n == 0   ? "there is no SPF record"
                                      : n == 1 ? "the SPF record is not \"v=spf1 -all\""
                                               : "there are several SPF records");
        struct fix *x = posture_fix(c, f);
        for (size_t i = 0; i < txt->n; i++)
            if (words_is_spf(txt->records[i].data))
                fix_edit_add(x, FIX_REMOVE, c->out->domain, DNS_TXT, txt->records[i].data);
        fix_edit_add(x, FIX_ADD, c->out->domain, DNS_TXT, STR("v=spf1 -all"));
    }
    check_end(&c->checks, -1, "%s", closed ? "nobody may send" : "sending is not forbidden");
}

/* ---- DMARC ---- */

struct policies {
    const struct dns_answer *own, *above; /* above: of the organizational domain; NULL: the same */
    bool unknown;
};

static int ask_dmarc(struct posture_ctx *c, struct policies *out, struct mp_err *err)
{
    struct str org;
    bool failed = false;
    int st = posture_ask_below(c, "_dmarc", DNS_TXT, &out->own, err);
    int walked = dmarc_organizational(&c->auth, c->out->domain, &org, &failed, err);
    if (st != MP_OK || walked != MP_OK)
        return st != MP_OK ? st : walked;
    out->unknown = failed;
    out->above = NULL;
    if (org.n == 0 || domain_eq(org, c->out->domain))
        return MP_OK;
    return posture_ask(c, posture_below(c->arena, "_dmarc", org), DNS_TXT, &out->above, err);
}

/* What receivers are told, in the end: of the own record or of the one above. */
static int policy_of(const struct policies *p, enum dmarc_policy *out,
                     const struct dmarc_record **own)
{
    enum dmarc_presence presence;
    const struct dmarc_record *r;
    int st = dmarc_record_of(p->own, &presence, own);
    *out = DMARC_P_UNSET;
    if (st != MP_OK)
        return st;
    if (*own != NULL && (*own)->usable && !(*own)->testing)
        *out = (*own)->p;
    if (presence != DMARC_ABSENT || p->above == NULL)
        return MP_OK;
    st = dmarc_record_of(p->above, &presence, &r);
    if (st == MP_OK && r != NULL && r->usable && !r->testing)
        *out = r->sp != DMARC_P_UNSET ? r->sp : r->p;
    return st;
}

/* Reports that were asked for go on. */
static struct str reject_record(struct arena *a, const struct dmarc_record *own)
{
    struct str text = STR("v=DMARC1; p=reject;");
    for (size_t i = 0; own != NULL && i < own->n_rua; i++)
        text =
            arena_fmt(a, "%.*s%s%.*s", STR_ARG(text), i == 0 ? " rua=" : ",", STR_ARG(own->rua[i]));
    return text;
}

static int check_dmarc(struct posture_ctx *c, const struct policies *p, struct mp_err *err)
{
    enum dmarc_policy policy;
    const struct dmarc_record *own;
    if (policy_of(p, &policy, &own) != MP_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a DMARC record");
    check_begin(&c->checks, group, "parked.dmarc");
    bool failed = posture_answer_failed(c, p->own);
    if (p->above != NULL && policy != DMARC_P_REJECT && !failed)
        failed = posture_answer_failed(c, p->above);
    if (p->unknown && policy != DMARC_P_REJECT) {
        check_undecided(&c->checks);
    } else if (!failed && policy != DMARC_P_REJECT) {
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_PARKED_DMARC, "the policy is %s",
                      policy == DMARC_P_UNSET ? "not set" : dmarc_policy_name(policy));
        struct str name = posture_below(c->arena, "_dmarc", c->out->domain);
        struct fix *x = posture_fix(c, f);
        fix_edit_add(x, FIX_REMOVE_ALL, name, DNS_TXT, STR_NONE);
        fix_edit_add(x, FIX_ADD, name, DNS_TXT, reject_record(c->arena, own));
    }
    check_end(&c->checks, -1, "%s",
              policy == DMARC_P_REJECT ? "p=reject" : "mail in its name is not refused");
    return MP_OK;
}

/* ---- DKIM ---- */

/* Were there selectors that could not be looked up? */
static bool are_keys_unknown(const struct check_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].undecided && str_eq(list->items[i].group, STR("DKIM")))
            return true;
    return false;
}

static void check_keys(struct posture_ctx *c)
{
    const struct posture *p = c->out;
    size_t n = 0;
    bool unknown = are_keys_unknown(&c->checks);
    check_begin(&c->checks, group, "parked.dkim");
    if (unknown)
        check_undecided(&c->checks);
    for (size_t i = 0; i < p->n_keys; i++) {
        if (p->keys[i].revoked)
            continue;
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_PARKED_DKIM, "%.*s", STR_ARG(p->keys[i].name));
        fix_edit_add(posture_fix(c, f), FIX_REMOVE_ALL, p->keys[i].name, DNS_TXT, STR_NONE);
        n++;
    }
    check_end(&c->checks, -1, "%zu keys", n);
}

int posture_check_parked(struct posture_ctx *c, struct mp_err *err)
{
    struct policies policies;
    const struct dns_answer *txt;
    int st = ask_dmarc(c, &policies, err);
    int asked = posture_ask(c, c->out->domain, DNS_TXT, &txt, err);
    if (st != MP_OK || asked != MP_OK)
        return st < 0 ? st : asked < 0 ? asked : MP_WAIT;
    if (!c->out->mx_ready)
        return MP_WAIT;
    check_null_mx(c);
    check_spf(c, txt);
    st = check_dmarc(c, &policies, err);
    check_keys(c);
    return st;
}
