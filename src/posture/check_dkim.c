/* DKIM: which selectors have keys, and is each key one that receivers accept? DNS does not list
 * selectors, so those that many services use are tried when none was given. */
#include "posture/dkim_fix.h"
#include "posture/posture_internal.h"
#include "posture/rewrite.h"

static const struct str group = STR_INIT("DKIM");

/* In use by many: what software and services publish by default. */
static const char *const known_selectors[] = {
    "default",
    "dkim",
    "dkim1",
    "dkim2",
    "mail",
    "mail1",
    "mail2",
    "email",
    "smtp",
    "mx",
    "key",
    "key1",
    "key2",
    "k1",
    "k2",
    "k3",
    "s1",
    "s2",
    "s3",
    "s1024",
    "s2048",
    "selector",
    "selector1",
    "selector2",
    "sel1",
    "sel2",
    "rsa",
    "rsa1",
    "ed25519",
    "ed1",
    "dkim-rsa",
    "dkim-ed25519",
    "private",
    "sign",
    "dk",
    "google",
    "sig1",
    "fm1",
    "fm2",
    "fm3",
    "protonmail",
    "protonmail2",
    "protonmail3",
    "zoho",
    "zmail",
    "mailo",
    "mandrill",
    "mte1",
    "mte2",
    "mg",
    "krs",
    "pic",
    "mta",
    "smtpapi",
    "sm",
    "pm",
    "mailjet",
    "brevo1",
    "brevo2",
    "sib",
    "cm",
    "hs1",
    "hs2",
    "ctct1",
    "ctct2",
    "litesrv",
    "ml",
    "turbo-smtp",
    "mxvault",
    "everlytickey1",
    "everlytickey2",
    "amazonses",
    "sendgrid",
    "postmark",
    "sparkpost",
    "mailgun",
    "20161025",
    "20230601",
    "2024",
    "2025",
    "2026",
};
_Static_assert(ARRAY_LEN(known_selectors) <= POSTURE_MAX_SELECTORS, "all are tried");

/* Nobody has this selector: what answers to it is a wildcard. */
#define NOBODYS_SELECTOR "mailproof-wildcard-test"

/* ---- asking ---- */

struct selector {
    struct str name;   /* "s1" */
    struct str record; /* "s1._domainkey.good.test" */
    const struct dns_answer *txt;
};

struct work {
    struct posture_ctx *c;
    bool given; /* by whoever runs the audit: in use for certain */
    struct selector *at;
    size_t n;
    const struct dns_answer *parent, *nobody; /* "_domainkey", and the wildcard */
    size_t usable, rsa;                       /* keys that can verify, and those of RSA */
};

static struct str selector_name(struct posture_ctx *c, struct str selector)
{
    return arena_join(c->arena, (struct str[]){selector, STR("._domainkey."), c->out->domain}, 3);
}

static int ask_all(struct work *w, struct mp_err *err)
{
    struct posture_ctx *c = w->c;
    const struct posture_config *config = c->config;
    w->given = config->n_selectors != 0;
    w->n = w->given ? config->n_selectors : ARRAY_LEN(known_selectors);
    w->n = w->n < POSTURE_MAX_SELECTORS ? w->n : POSTURE_MAX_SELECTORS;
    w->at = arena_new(c->arena, struct selector, w->n);
    if (w->at == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for selectors");
    int st = posture_ask_below(c, "_domainkey", DNS_TXT, &w->parent, err);
    int worst = posture_ask_below(c, NOBODYS_SELECTOR "._domainkey", DNS_TXT, &w->nobody, err);
    if (st < 0 || worst < 0)
        return st < 0 ? st : worst;
    worst = st == MP_WAIT ? st : worst;
    for (size_t i = 0; i < w->n; i++) {
        struct selector *s = &w->at[i];
        s->name = w->given ? config->selectors[i] : str_from(known_selectors[i]);
        s->record = selector_name(c, s->name);
        st = posture_ask(c, s->record, DNS_TXT, &s->txt, err);
        if (st < 0)
            return st;
        worst = st == MP_WAIT ? st : worst;
    }
    return worst;
}

/* ---- records ---- */

/* A key, or meant as one: p=, or a version of DKIM in any case. */
static bool is_key(struct str text)
{
    struct tags t;
    tags_split(text, &t);
    size_t v = tags_find(&t, STR("v"));
    if (v < t.n && v == 0)
        return str_istarts(t.at[v].value, STR("DKIM"));
    return tags_find(&t, STR("p")) < t.n;
}

static size_t count_keys(const struct dns_answer *txt)
{
    size_t n = 0;
    for (size_t i = 0; i < txt->n; i++)
        n += is_key(txt->records[i].data);
    return n;
}

static bool same_answer(const struct dns_answer *a, const struct dns_answer *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = false;
        for (size_t k = 0; k < b->n; k++)
            same |= str_eq(a->records[i].data, b->records[k].data);
    }
    return same;
}

static bool is_wildcard(const struct work *w, const struct selector *s)
{
    return w->nobody->n != 0 && same_answer(w->nobody, s->txt);
}

/* ---- remedies ---- */

static void replace(const struct work *w, const struct finding *f, const struct selector *s,
                    struct str before, struct str after)
{
    if (!posture_is_ours(w->c, s->txt->canonical) || str_eq(before, after))
        return;
    struct fix *x = posture_fix(w->c, f);
    fix_edit_add(x, FIX_REMOVE, s->txt->canonical, DNS_TXT, before);
    fix_edit_add(x, FIX_ADD, s->txt->canonical, DNS_TXT, after);
}

/* ---- one key ---- */

static struct finding *say(const struct work *w, const struct selector *s, enum finding_id id,
                           const char *what)
{
    return check_add(&w->c->checks, id, "%.*s: %s", STR_ARG(s->record), what);
}

static bool has_good_version(struct str text)
{
    struct tags t;
    tags_split(text, &t);
    size_t v = tags_find(&t, STR("v"));
    return v == t.n || (v == 0 && str_eq(t.at[v].value, STR("DKIM1")));
}

static void judge_broken(const struct work *w, const struct selector *s, struct str text,
                         const struct dkim_key *k)
{
    struct str after = dkim_text_mended(w->c->arena, text);
    struct finding *f = has_good_version(text)
                            ? say(w, s, FINDING_POSTURE_DKIM_BROKEN, k->reason)
                            : check_add(&w->c->checks, FINDING_POSTURE_DKIM_VERSION, "%.*s: %.*s",
                                        STR_ARG(s->record), STR_ARG(str_slice(text, 0, 60)));
    if (after.p != NULL)
        replace(w, f, s, text, after);
}

/* What can be used, but should not be as it is. */
static void judge_usable(struct work *w, const struct selector *s, struct str text,
                         const struct dkim_key *k)
{
    struct posture_ctx *c = w->c;
    bool rsa = k->type == KEY_RSA;
    w->usable++;
    w->rsa += rsa;
    if (rsa && k->bits < KEY_RSA_MIN_BITS)
        check_add(&c->checks, FINDING_POSTURE_DKIM_WEAK, "%.*s: %u bits", STR_ARG(s->record),
                  k->bits);
    else if (rsa && k->bits < POSTURE_DKIM_MIN_BITS)
        check_add(&c->checks, FINDING_POSTURE_DKIM_SHORT, "%.*s: %u bits", STR_ARG(s->record),
                  k->bits);
    if (!k->sha256_allowed)
        replace(w, say(w, s, FINDING_POSTURE_DKIM_SHA1, "h= does not hold sha256"), s, text,
                dkim_text_without(c->arena, text, "h"));
    if (k->testing)
        replace(w, say(w, s, FINDING_POSTURE_DKIM_TESTING, "t=y"), s, text,
                dkim_text_without_testing(c->arena, text));
}

/* Who still signs with a revoked key has a fault; else it is a step of changing keys. */
static void judge_revoked(const struct work *w, const struct selector *s, struct str text)
{
    struct posture_ctx *c = w->c;
    if (c->out->profile == PROFILE_PARKED)
        return;
    bool used = w->given && c->out->profile == PROFILE_SENDING;
    struct finding *f = check_add_as(&c->checks, used ? SEV_HIGH : SEV_INFO,
                                     FINDING_POSTURE_DKIM_REVOKED, "%.*s", STR_ARG(s->record));
    if (!used && !str_eq(s->name, STR("*")) && posture_is_ours(c, s->txt->canonical))
        fix_edit_add(posture_fix(c, f), FIX_REMOVE, s->txt->canonical, DNS_TXT, text);
}

static int judge_record(struct work *w, const struct selector *s, struct str text,
                        struct posture_key *out, struct mp_err *err)
{
    struct posture_ctx *c = w->c;
    struct dkim_key k;
    dkim_key_parse(text, &k);
    switch (k.status) {
    case DKIM_KEY_OK:
        judge_usable(w, s, text, &k);
        break;
    case DKIM_KEY_REVOKED:
        judge_revoked(w, s, text);
        break;
    case DKIM_KEY_NOT_EMAIL:
        replace(w, say(w, s, FINDING_POSTURE_DKIM_NOT_EMAIL, "s= holds neither email nor *"), s,
                text, dkim_text_without(c->arena, text, "s"));
        break;
    case DKIM_KEY_UNSUPPORTED: {
        struct finding *f = say(w, s, FINDING_POSTURE_DKIM_TYPE, k.reason);
        struct str after = dkim_text_without(c->arena, text, "k");
        if (!dkim_text_usable(after))
            after = dkim_text_mended(c->arena, text);
        if (after.p != NULL)
            replace(w, f, s, text, after);
        break;
    }
    case DKIM_KEY_TOO_LARGE:
        say(w, s, FINDING_POSTURE_DKIM_TOO_LARGE, k.reason);
        break;
    case DKIM_KEY_SYNTAX:
    case DKIM_KEY_NONE:
        judge_broken(w, s, text, &k);
        break;
    case DKIM_KEY_NO_MEMORY:
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a key");
    }
    bool ok = k.status == DKIM_KEY_OK;
    if (ok || out->type.n == 0)
        *out = (struct posture_key){.selector = s->name,
                                    .name = s->record,
                                    .type = !ok                 ? STR("?")
                                            : k.type == KEY_RSA ? STR("rsa")
                                                                : STR("ed25519"),
                                    .bits = k.bits,
                                    .revoked = k.status == DKIM_KEY_REVOKED,
                                    .testing = k.testing,
                                    .strict = k.strict_domain,
                                    .broken = !ok && k.status != DKIM_KEY_REVOKED};
    dkim_key_clear(&k);
    return MP_OK;
}

/* When one of them can be used, it is the one to stay. */
static void judge_several(const struct work *w, const struct selector *s)
{
    struct posture_ctx *c = w->c;
    size_t usable = 0;
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_DKIM_SEVERAL, "%.*s: %zu records",
                                  STR_ARG(s->record), count_keys(s->txt));
    for (size_t i = 0; i < s->txt->n; i++)
        usable += dkim_text_usable(s->txt->records[i].data);
    if (usable != 1 || !posture_is_ours(c, s->txt->canonical))
        return;
    struct fix *x = posture_fix(c, f);
    for (size_t i = 0; i < s->txt->n; i++) {
        struct str text = s->txt->records[i].data;
        if (is_key(text) && !dkim_text_usable(text))
            fix_edit_add(x, FIX_REMOVE, s->txt->canonical, DNS_TXT, text);
    }
}

static int judge_selector(struct work *w, const struct selector *s, struct mp_err *err)
{
    struct posture *p = w->c->out;
    struct posture_key key = {.bits = 0};
    int st = MP_OK;
    if (count_keys(s->txt) == 0)
        return MP_OK;
    if (count_keys(s->txt) > 1)
        judge_several(w, s);
    for (size_t i = 0; i < s->txt->n && st == MP_OK; i++)
        if (is_key(s->txt->records[i].data))
            st = judge_record(w, s, s->txt->records[i].data, &key, err);
    if (st == MP_OK && p->n_keys < POSTURE_MAX_SELECTORS)
        p->keys[p->n_keys++] = key;
    return st;
}

/* ---- the checks ---- */

static bool is_absent(const struct selector *s)
{
    return !posture_failed(s->txt) && count_keys(s->txt) == 0;
}

static void miss_selector(struct work *w, const struct selector *s)
{
    struct posture_ctx *c = w->c;
    bool alias = !str_eq(s->txt->canonical, s->txt->name);
    if (w->given && c->out->profile == PROFILE_SENDING) {
        check_add(&c->checks, FINDING_POSTURE_DKIM_MISSING, "%.*s%s%.*s", STR_ARG(s->record),
                  alias ? ", an alias of " : "", STR_ARG(alias ? s->txt->canonical : STR("")));
    } else if (!w->given && alias && s->txt->n == 0 && !is_wildcard(w, s)) {
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_DKIM_DANGLING, "%.*s is an alias of %.*s",
                      STR_ARG(s->record), STR_ARG(s->txt->canonical));
        fix_edit_add(posture_fix(c, f), FIX_REMOVE_ALL, s->record, DNS_CNAME, STR_NONE);
    }
}

/* A name below which nothing stands does not exist (RFC 8020): then there is no key at all. */
static void none_found(struct work *w)
{
    struct posture_ctx *c = w->c;
    if (posture_answer_failed(c, w->parent) || c->out->profile != PROFILE_SENDING || w->given)
        return;
    if (w->parent->status == DNS_NXDOMAIN)
        check_add(&c->checks, FINDING_POSTURE_DKIM_NONE, "_domainkey.%.*s does not exist",
                  STR_ARG(c->out->domain));
    else
        check_add(&c->checks, FINDING_POSTURE_DKIM_SELECTORS, "%zu selectors were tried", w->n);
}

/* Returns the number of names with keys. */
static size_t check_selectors(struct work *w)
{
    struct posture_ctx *c = w->c;
    size_t found = !w->given && count_keys(w->nobody) != 0;
    bool failed = false;
    check_begin(&c->checks, group, "dkim.selectors");
    if (c->config->n_selectors > POSTURE_MAX_SELECTORS)
        posture_cut(c, "selectors", POSTURE_MAX_SELECTORS);
    for (size_t i = 0; i < w->n; i++) {
        const struct selector *s = &w->at[i];
        found += count_keys(s->txt) != 0 && !is_wildcard(w, s);
        if (is_absent(s))
            miss_selector(w, s);
        else if (posture_failed(s->txt) && (w->given || !failed))
            failed |= posture_answer_failed(c, s->txt);
    }
    if (found == 0 && !failed)
        none_found(w);
    check_end(&c->checks, -1, "%zu of %zu %s selectors have a key", found, w->n,
              w->given ? "given" : "well-known");
    return found;
}

/* "google rsa 2048, s1 ed25519 t=s, s2 revoked" */
static struct str list_keys(const struct posture_ctx *c)
{
    struct str text = STR("");
    for (size_t i = 0; i < c->out->n_keys && text.n < CHECK_DETAIL_MAX; i++) {
        const struct posture_key *k = &c->out->keys[i];
        const char *state = k->revoked ? "revoked" : k->broken ? "broken" : k->type.p;
        text = arena_fmt(c->arena, "%.*s%s%.*s %s", STR_ARG(text), i == 0 ? "" : ", ",
                         STR_ARG(k->selector), state);
        if (!k->revoked && !k->broken && str_eq(k->type, STR("rsa")))
            text = arena_fmt(c->arena, "%.*s %u", STR_ARG(text), k->bits);
        if (k->strict)
            text = arena_fmt(c->arena, "%.*s t=s", STR_ARG(text));
    }
    return text;
}

static int check_keys(struct work *w, struct mp_err *err)
{
    struct posture_ctx *c = w->c;
    struct selector wildcard = {STR("*"), selector_name(c, STR("*")), w->nobody};
    check_begin(&c->checks, group, "dkim.keys");
    int st = w->given ? MP_OK : judge_selector(w, &wildcard, err);
    for (size_t i = 0; i < w->n && st == MP_OK; i++)
        if (w->given || !is_wildcard(w, &w->at[i]))
            st = judge_selector(w, &w->at[i], err);
    if (w->usable > 0 && w->rsa == 0)
        check_add(&c->checks, FINDING_POSTURE_DKIM_ED25519_ONLY, "%.*s", STR_ARG(c->out->domain));
    struct str keys = list_keys(c);
    check_end(&c->checks, -1, "%.*s", STR_ARG(keys));
    return st;
}

int posture_check_dkim(struct posture_ctx *c, struct mp_err *err)
{
    struct work w = {.c = c};
    int st = ask_all(&w, err);
    if (st != MP_OK)
        return st;
    c->out->n_keys = 0;
    if (check_selectors(&w) > 0)
        return check_keys(&w, err);
    check_skip(&c->checks, group, "dkim.keys", "no key is known");
    return MP_OK;
}
