/* Where DMARC reports go: addresses that can be read, organizations that agreed (RFC 9990 4),
 * domains that take mail. */
#include "base/psl.h"
#include "base/uri.h"
#include "posture/dmarc_check.h"

static const struct str group = STR_INIT("DMARC");

enum { TARGETS_MAX = 2 * DMARC_MAX_URIS };

/* One element of rua= or ruf=. */
struct target {
    struct str tag, uri; /* as published, trimmed */
    struct str domain;   /* A-label; empty when the URI cannot be used */
    bool external;       /* of another organization */
    bool unknown;        /* whether external */
    bool repeated;       /* its domain was judged before */
    const struct dns_answer *consent, *mx, *addresses[2]; /* consent: when external */
};

struct targets {
    const struct dmarc_finder *f;
    struct target at[TARGETS_MAX];
    size_t n;
    bool cut;
};

/* ---- reading ---- */

/* The domain of a mailto: URI that may be used; empty else. */
static struct str domain_of(struct arena *a, struct str uri)
{
    struct str rest = dmarc_uri_without_size(uri), domain;
    if (uri_mailto_fault(rest) != URI_OK)
        return STR("");
    str_cut(&rest, ':');
    rest = str_cut(&rest, '?');
    struct str name = str_slice(rest, str_rfind(rest, '@') + 1, rest.n);
    return idna_to_ascii(a, name, &domain) && domain_is_ldh(domain) ? domain : STR("");
}

static void add_target(struct targets *t, struct str tag, struct str uri)
{
    if (t->n == TARGETS_MAX) {
        t->cut = true;
        return;
    }
    struct target *x = &t->at[t->n++];
    *x = (struct target){.tag = tag, .uri = uri, .domain = domain_of(t->f->c->arena, uri)};
    for (size_t i = 0; i + 1 < t->n; i++)
        x->repeated |= domain_eq(t->at[i].domain, x->domain);
}

static void read_targets(struct targets *t)
{
    static const struct str names[] = {STR_INIT("rua"), STR_INIT("ruf")};
    struct tags tags;
    tags_split(t->f->own->record->text, &tags);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t at = tags_find(&tags, names[i]);
        struct str list = at < tags.n ? tags.at[at].value : STR_NONE;
        while (list.p != NULL)
            add_target(t, names[i], str_trim(str_cut(&list, ',')));
    }
}

/* ---- asking ---- */

/* The organizational domain by the configured method; empty when it is not known. */
static int organization(struct posture_ctx *c, struct str domain, struct str *out,
                        struct mp_err *err)
{
    bool failed = false;
    *out = STR("");
    if (c->config->discovery == DMARC_TREE_WALK)
        return dmarc_organizational(&c->auth, domain, out, &failed, err);
    *out = psl_registrable(c->arena, domain);
    *out = out->n == 0 ? domain : *out;
    return MP_OK;
}

/* "good.test._report._dmarc.reports.test" */
static struct str consent_name(const struct targets *t, const struct target *x)
{
    return arena_join(t->f->c->arena,
                      (struct str[]){t->f->own->domain, STR("._report._dmarc."), x->domain}, 3);
}

static int ask_target(struct targets *t, struct target *x, struct mp_err *err)
{
    struct posture_ctx *c = t->f->c;
    struct str org;
    int st[5] = {organization(c, x->domain, &org, err),
                 posture_ask(c, x->domain, DNS_MX, &x->mx, err),
                 posture_ask(c, x->domain, DNS_A, &x->addresses[0], err),
                 posture_ask(c, x->domain, DNS_AAAA, &x->addresses[1], err), MP_OK};
    if (st[0] == MP_OK && !domain_eq(x->domain, t->f->own->domain)) {
        x->unknown = org.n == 0 || c->out->organizational_domain.n == 0;
        x->external = !domain_eq(org, c->out->organizational_domain);
    }
    if (x->external)
        st[4] = posture_ask(c, consent_name(t, x), DNS_TXT, &x->consent, err);
    int worst = MP_OK;
    for (size_t i = 0; i < ARRAY_LEN(st); i++) {
        if (st[i] < 0)
            return st[i];
        worst = st[i] == MP_WAIT ? MP_WAIT : worst;
    }
    return worst;
}

static int ask_targets(struct targets *t, struct mp_err *err)
{
    int worst = MP_OK;
    for (size_t i = 0; i < t->n; i++) {
        if (t->at[i].domain.n == 0 || t->at[i].repeated)
            continue;
        int st = ask_target(t, &t->at[i], err);
        if (st < 0)
            return st;
        worst = st == MP_WAIT ? st : worst;
    }
    return worst;
}

/* ---- judging ---- */

/* The record with another URI in the place of this one, or without it (after.p NULL). */
static struct str with_uri(const struct targets *t, const struct target *x, struct str after)
{
    struct arena *a = t->f->c->arena;
    struct str list = STR("");
    for (size_t i = 0; i < t->n; i++) {
        const struct target *y = &t->at[i];
        struct str uri = y == x ? after : y->uri;
        if (!str_eq(y->tag, x->tag) || uri.n == 0)
            continue;
        list = arena_join(a, (struct str[]){list, list.n == 0 ? STR("") : STR(","), uri}, 3);
        if (list.p == NULL)
            return STR_NONE;
    }
    return dmarc_text_with(a, t->f->own->record->text, x->tag, list.n == 0 ? STR_NONE : list);
}

/* "reports@good.test" lacks its scheme. */
static struct str uri_meant(struct arena *a, struct str uri)
{
    struct str meant = arena_fmt(a, "mailto:%.*s", STR_ARG(uri));
    return meant.p != NULL && !str_has(uri, ':') && uri_mailto_fault(meant) == URI_OK ? meant
                                                                                      : STR_NONE;
}

static void judge_uri(const struct targets *t, const struct target *x)
{
    struct posture_ctx *c = t->f->c;
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_DMARC_URI, "%.*s=%.*s",
                                  STR_ARG(x->tag), STR_ARG(x->uri));
    dmarc_replace(t->f, f, t->f->own->record->text, with_uri(t, x, uri_meant(c->arena, x->uri)));
}

static bool consents(const struct dns_answer *txt)
{
    for (size_t i = 0; i < txt->n; i++)
        if (dmarc_text_is_record(txt->records[i].data))
            return true;
    return false;
}

static void judge_external(const struct targets *t, const struct target *x)
{
    struct posture_ctx *c = t->f->c;
    if (!x->external || posture_answer_failed(c, x->consent) || consents(x->consent))
        return;
    if (x->unknown) {
        check_undecided(&c->checks);
        return;
    }
    struct finding *f =
        check_add(&c->checks, FINDING_POSTURE_DMARC_EXTERNAL, "%.*s=%.*s: no record at %.*s",
                  STR_ARG(x->tag), STR_ARG(x->uri), STR_ARG(x->consent->name));
    if (x->consent->name.n <= DOMAIN_MAX_OCTETS)
        fix_edit_add(posture_fix(c, f), FIX_ADD, x->consent->name, DNS_TXT, STR("v=DMARC1;"));
}

static void judge_mailbox(const struct targets *t, const struct target *x)
{
    struct posture_ctx *c = t->f->c;
    const struct dns_answer *a = x->addresses[0], *aaaa = x->addresses[1];
    bool null_mx = x->mx->n == 1 && x->mx->records[0].name.n == 0;
    if (posture_answer_failed(c, x->mx) || (x->mx->n > 0 && !null_mx))
        return;
    if (!null_mx &&
        (a->n + aaaa->n > 0 || posture_answer_failed(c, a) || posture_answer_failed(c, aaaa)))
        return;
    size_t others = 0;
    for (size_t i = 0; i < t->n; i++)
        others += str_eq(t->at[i].tag, x->tag) && t->at[i].domain.n > 0 &&
                  !domain_eq(t->at[i].domain, x->domain);
    struct finding *f =
        check_add(&c->checks, FINDING_POSTURE_DMARC_NO_MAILBOX, "%.*s=%.*s: %s", STR_ARG(x->tag),
                  STR_ARG(x->uri), null_mx ? "null MX" : "neither MX nor address");
    if (others > 0)
        dmarc_replace(t->f, f, t->f->own->record->text, with_uri(t, x, STR_NONE));
}

static void check_rua(const struct targets *t)
{
    struct posture_ctx *c = t->f->c;
    const struct dmarc_record *r = t->f->own->record;
    struct str rua = dmarc_postmaster(c);
    if (c->out->profile == PROFILE_PARKED || (t->n > 0 && str_eq(t->at[0].tag, STR("rua"))))
        return;
    struct finding *f =
        check_add(&c->checks, FINDING_POSTURE_DMARC_NO_RUA, "%.*s", STR_ARG(r->text));
    if (rua.p != NULL)
        dmarc_replace(t->f, f, r->text, dmarc_text_with(c->arena, r->text, STR("rua"), rua));
}

int dmarc_check_reports(const struct dmarc_finder *f, struct mp_err *err)
{
    struct posture_ctx *c = f->c;
    struct targets *t = arena_new(c->arena, struct targets, 1);
    if (t == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for report addresses");
    t->f = f;
    read_targets(t);
    int st = ask_targets(t, err);
    if (st != MP_OK)
        return st;
    check_begin(&c->checks, group, "dmarc.reports");
    if (t->cut)
        posture_cut(c, "report addresses", TARGETS_MAX);
    check_rua(t);
    for (size_t i = 0; i < t->n; i++) {
        if (t->at[i].domain.n == 0) {
            judge_uri(t, &t->at[i]);
        } else if (!t->at[i].repeated) {
            judge_external(t, &t->at[i]);
            judge_mailbox(t, &t->at[i]);
        }
    }
    check_end(&c->checks, -1, "%zu addresses", t->n);
    return MP_OK;
}
