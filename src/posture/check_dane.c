/* DANE (RFC 7672): the TLSA records of the MX hosts, whether the hosts show what they promise, and
 * what a sender that knows DANE and MTA-STS does in the end. */
#include "base/hex.h"
#include "posture/tls_internal.h"

enum { USAGE_TA = 2, USAGE_EE = 3, SELECTOR_CERTIFICATE = 0, SELECTOR_KEY = 1, SHA256 = 1 };

static const struct str group = STR_INIT("DANE");

struct host {
    struct posture_mx *mx;
    struct str name;               /* of its TLSA records */
    const struct dns_answer *tlsa; /* NULL: not asked for */
    const struct smtp_fact *fact;
    enum posture_seen seen;
};

struct bench {
    struct posture_ctx *c;
    const struct dns_answer *mx;
    struct posture_hosts facts;
    struct host hosts[POSTURE_MAX_MX];
    size_t n;
};

/* Do records count for this host, whatever they are? */
static bool applies(const struct host *h)
{
    return h->mx->dane.verdict != DANE_NONE && h->mx->dane.verdict != DANE_FAILED;
}

static size_t count_usable(const struct dane *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->records[i].usable;
    return n;
}

/* ---- remedies ---- */

/* RDATA in presentation form; p == NULL when there is none. */
static struct str rdata_text(struct arena *a, unsigned usage, unsigned selector, unsigned matching,
                             struct str data)
{
    if (data.n == 0)
        return STR_NONE;
    struct str hex = hex_encode(a, data);
    return arena_fmt(a, "%u %u %u " STR_FMT, usage, selector, matching, STR_ARG(hex));
}

static struct str record_text(const struct bench *b, const struct tlsa *t)
{
    return rdata_text(b->c->arena, t->usage, t->selector, t->matching, t->data);
}

/* "3 1 1" of the key that the host has shown; p == NULL when it has shown none. */
static struct str key_text(const struct bench *b, const struct host *h)
{
    if (h->seen != SEEN_TLS || !h->fact->tls.has_leaf)
        return STR_NONE;
    const unsigned char *digest = h->fact->tls.leaf.spki_sha256;
    return rdata_text(b->c->arena, USAGE_EE, SELECTOR_KEY, SHA256,
                      str_make((const char *)digest, sizeof h->fact->tls.leaf.spki_sha256));
}

/* "2 1 1" of the CA above it, where the host sends its certificate (RFC 7671 5.2.1). */
static struct str authority_text(const struct bench *b, const struct host *h)
{
    if (h->seen != SEEN_TLS || h->fact->tls.n_chain < 2 || h->fact->tls.pkix != X509_OK)
        return STR_NONE;
    struct str digest = x509_association(b->c->arena, h->fact->tls.chain[1], SELECTOR_KEY, SHA256);
    return rdata_text(b->c->arena, USAGE_TA, SELECTOR_KEY, SHA256, digest);
}

/* A fix that edits the records of the host; NULL when they are another's. */
static struct fix *fix_of(const struct bench *b, const struct host *h, const struct finding *f)
{
    return posture_is_ours(b->c, h->name) ? posture_fix(b->c, f) : NULL;
}

static bool is_published(const struct bench *b, const struct host *h, struct str text)
{
    for (size_t i = 0; i < h->mx->dane.n; i++)
        if (str_eq(record_text(b, &h->mx->dane.records[i]), text))
            return true;
    return false;
}

static void add_record(const struct bench *b, const struct host *h, struct fix *x, struct str text)
{
    if (!is_published(b, h, text))
        fix_edit_add(x, FIX_ADD, h->name, DNS_TLSA, text);
}

static bool is_alias(const struct host *h)
{
    return !str_eq(h->tlsa->canonical, h->tlsa->name);
}

static void remove_record(const struct bench *b, const struct host *h, struct fix *x,
                          const struct tlsa *t)
{
    fix_edit_add(x, FIX_REMOVE, h->name, DNS_TLSA, record_text(b, t));
}

/* The key that is there, in place of usable records that name none. */
static void fix_mismatch(const struct bench *b, const struct host *h, const struct finding *f)
{
    const struct dane *d = &h->mx->dane;
    struct str key = key_text(b, h);
    struct fix *x = key.p == NULL ? NULL : fix_of(b, h, f);
    if (x != NULL && is_alias(h)) {
        fix_edit_add(x, FIX_REMOVE_ALL, h->name, DNS_CNAME, STR(""));
        fix_edit_add(x, FIX_ADD, h->name, DNS_TLSA, key);
        return;
    }
    for (size_t i = 0; i < d->n && x != NULL; i++)
        if (d->records[i].usable && !d->records[i].matches)
            remove_record(b, h, x, &d->records[i]);
    add_record(b, h, x, key);
}

/* Out with one record; where no other can be used, in with the key. */
static void fix_record(const struct bench *b, const struct host *h, const struct finding *f,
                       const struct tlsa *t)
{
    struct str key = key_text(b, h);
    bool needs_key = t->usable ? t->matches : count_usable(&h->mx->dane) == 0;
    if (record_text(b, t).p == NULL || is_alias(h) || (needs_key && key.p == NULL))
        return;
    struct fix *x = fix_of(b, h, f);
    remove_record(b, h, x, t);
    if (needs_key)
        add_record(b, h, x, key);
}

/* ---- the records ---- */

/* A SHA-256 record beside a SHA-512 record is passed over, but not broken. */
static bool is_whole(const struct tlsa *t)
{
    enum { SHA256_BYTES = 32 };
    return t->usable ||
           ((t->usage == USAGE_TA || t->usage == USAGE_EE) && t->selector <= SELECTOR_KEY &&
            t->matching == SHA256 && t->data.n == SHA256_BYTES);
}

static void judge_record(const struct bench *b, const struct host *h, const struct tlsa *t)
{
    struct posture_ctx *c = b->c;
    struct str text = record_text(b, t);
    if (!is_whole(t)) {
        enum severity severity = count_usable(&h->mx->dane) == 0 ? SEV_MEDIUM : SEV_LOW;
        fix_record(b, h,
                   check_add_as(&c->checks, severity, FINDING_POSTURE_DANE_UNUSABLE,
                                STR_FMT ": %s: " STR_FMT, STR_ARG(h->mx->host), t->why,
                                STR_ARG(text)),
                   t);
    } else if (t->usable && t->usage == USAGE_EE && t->selector == SELECTOR_CERTIFICATE) {
        const struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_DANE_WHOLE_CERTIFICATE, STR_FMT ": " STR_FMT,
                      STR_ARG(h->mx->host), STR_ARG(text));
        if (t->matches) /* else it may be for the next one */
            fix_record(b, h, f, t);
    }
}

static void judge_failure(const struct bench *b, const struct host *h)
{
    struct posture_ctx *c = b->c;
    const struct dane *d = &h->mx->dane;
    check_undecided(&c->checks);
    if (posture_answer_failed(c, h->tlsa)) {
        /* No answer in time says nothing about the zone; the others are what senders meet too. */
        if (h->tlsa->status != DNS_TIMEOUT)
            check_add(&c->checks, FINDING_POSTURE_DANE_FAILED, STR_FMT ": " STR_FMT,
                      STR_ARG(h->mx->host), STR_ARG(d->reason));
    } else if (h->tlsa->n > DANE_MAX_RECORDS) {
        posture_cut(c, "TLSA records", DANE_MAX_RECORDS);
    }
}

/* Everything is signed, and TLSA records would count; they do not help a host without TLS. */
static void judge_missing(const struct bench *b, const struct host *h)
{
    const struct posture_mx *m = h->mx;
    if (!b->c->out->mx_secure || m->dnssec != DNSSEC_SECURE || m->n_addresses == 0 ||
        h->seen == SEEN_NO_TLS || posture_failed(h->tlsa))
        return;
    const struct finding *f =
        check_add(&b->c->checks, FINDING_POSTURE_DANE_MISSING, STR_FMT, STR_ARG(m->host));
    struct str key = key_text(b, h), authority = authority_text(b, h);
    struct fix *x = key.p == NULL ? NULL : fix_of(b, h, f);
    fix_edit_add(x, FIX_ADD, h->name, DNS_TLSA, key);
    if (authority.p != NULL)
        fix_edit_add(x, FIX_ADD, h->name, DNS_TLSA, authority);
    posture_fix_tls_rpt(b->c, x);
}

static void judge_records(const struct bench *b, const struct host *h)
{
    const struct dane *d = &h->mx->dane;
    if (d->verdict == DANE_FAILED)
        judge_failure(b, h);
    else if (d->verdict == DANE_NONE && d->n > 0)
        check_add(&b->c->checks, FINDING_POSTURE_DANE_INSECURE, STR_FMT ": " STR_FMT,
                  STR_ARG(h->mx->host), STR_ARG(d->reason));
    else if (d->verdict == DANE_NONE)
        judge_missing(b, h);
    for (size_t i = 0; i < d->n && applies(h); i++)
        judge_record(b, h, &d->records[i]);
}

static void check_records(const struct bench *b)
{
    struct posture_ctx *c = b->c;
    size_t n = 0;
    if (!c->out->mx_failed && b->mx->dnssec == DNSSEC_UNKNOWN) {
        check_skip(&c->checks, group, "dane.records", "the resolver does not validate");
        return;
    }
    check_begin(&c->checks, group, "dane.records");
    for (size_t i = 0; i < b->n; i++) {
        judge_records(b, &b->hosts[i]);
        n += applies(&b->hosts[i]);
    }
    if (c->out->mx_failed)
        check_undecided(&c->checks);
    check_end(&c->checks, -1, "%zu of %zu hosts have TLSA records that count", n, b->n);
}

/* ---- the hosts ---- */

/* Is the next key, or the CA of all keys, published as well? */
static bool is_ready_for_change(const struct dane *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->records[i].usable && d->records[i].matches == (d->records[i].usage == USAGE_TA))
            return true;
    return false;
}

static void judge_host(const struct bench *b, const struct host *h)
{
    struct posture_ctx *c = b->c;
    const struct dane *d = &h->mx->dane;
    if (d->verdict == DANE_MISMATCH) {
        fix_mismatch(b, h,
                     check_add(&c->checks, FINDING_POSTURE_DANE_MISMATCH, STR_FMT ": " STR_FMT,
                               STR_ARG(h->mx->host), STR_ARG(d->reason)));
    } else if (d->verdict == DANE_NO_STARTTLS) {
        check_add(&c->checks, FINDING_POSTURE_DANE_NO_STARTTLS, STR_FMT ": " STR_FMT,
                  STR_ARG(h->mx->host), STR_ARG(d->reason));
    } else if (d->verdict == DANE_VERIFIED && !is_ready_for_change(d)) {
        const struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_DANE_ROLLOVER, STR_FMT, STR_ARG(h->mx->host));
        struct str authority = authority_text(b, h);
        if (authority.p != NULL && !is_alias(h))
            add_record(b, h, fix_of(b, h, f), authority);
    }
}

static void check_hosts(const struct bench *b)
{
    struct posture_ctx *c = b->c;
    size_t n = 0, asked = 0, verified = 0;
    for (size_t i = 0; i < b->n; i++) {
        n += applies(&b->hosts[i]);
        asked += applies(&b->hosts[i]) && b->hosts[i].seen != SEEN_NOTHING;
    }
    if (asked == 0) {
        check_skip(&c->checks, group, "dane.tls",
                   n == 0 ? "no host has TLSA records that count" : "hosts were not connected to");
        return;
    }
    check_begin(&c->checks, group, "dane.tls");
    for (size_t i = 0; i < b->n; i++) {
        const struct host *h = &b->hosts[i];
        if (!applies(h))
            continue;
        if (h->seen >= SEEN_NO_TLS)
            judge_host(b, h);
        else
            check_undecided(&c->checks);
        verified += h->mx->dane.verdict == DANE_VERIFIED;
    }
    check_end(&c->checks, -1, "%zu of %zu hosts verified", verified, n);
}

/* ---- what senders do ---- */

/* DANE stands before MTA-STS; where it says nothing, the policy must be known. */
static bool can_decide(const struct bench *b, const struct host *h)
{
    const struct dane *d = &h->mx->dane;
    if (d->verdict == DANE_FAILED)
        return posture_failed(h->tlsa) && h->tlsa->status != DNS_TIMEOUT;
    if (h->seen < SEEN_NO_TLS || (d->n > 0 && b->mx->dnssec == DNSSEC_UNKNOWN))
        return false;
    return b->c->out->sts_ready || (d->verdict != DANE_NONE && d->verdict != DANE_UNUSABLE);
}

static void decide(const struct bench *b, const struct host *h)
{
    const struct posture *p = b->c->out;
    bool has_tls = h->seen >= SEEN_NO_TLS && h->fact->starttls;
    if (can_decide(b, h))
        tls_decide(b->c->arena, &h->mx->dane, p->has_sts_policy ? &p->sts : NULL,
                   has_tls ? &h->fact->tls : NULL, h->mx->host, &h->mx->decision);
}

/* ---- all of it ---- */

static int ask_tlsa(struct bench *b, struct host *h, struct mp_err *err)
{
    struct str base = h->mx->dane.base.n > 0 ? h->mx->dane.base : h->mx->host;
    h->name = arena_fmt(b->c->arena, "_%u._tcp." STR_FMT, (unsigned)b->c->config->smtp_port,
                        STR_ARG(base));
    return posture_ask(b->c, h->name, DNS_TLSA, &h->tlsa, err);
}

static int ask(struct bench *b, struct mp_err *err)
{
    struct posture *p = b->c->out;
    bool waiting = false;
    int st = posture_ask(b->c, p->domain, DNS_MX, &b->mx, err);
    if (st == MP_OK)
        st = p->mx_ready ? posture_find_dane(b->c, err) : MP_WAIT;
    if (st == MP_OK)
        st = posture_ask_hosts(b->c, &b->facts, err);
    for (size_t i = 0; i < p->n_mx && st == MP_OK; i++) {
        if (p->mx[i].is_address)
            continue;
        struct host *h = &b->hosts[b->n++];
        *h = (struct host){.mx = &p->mx[i],
                           .fact = b->facts.facts[i],
                           .seen = posture_seen_of(b->facts.facts[i])};
        int asked = ask_tlsa(b, h, err);
        if (asked < 0)
            return asked;
        waiting |= asked == MP_WAIT;
    }
    return waiting ? MP_WAIT : st;
}

/* RFC 7672 3.2.2: what a certificate below a DANE-TA record must name. */
static void judge(const struct bench *b, const struct host *h)
{
    struct dane *d = &h->mx->dane;
    const struct str names[] = {d->base, b->c->out->domain};
    if (h->seen >= SEEN_NO_TLS)
        dane_judge(d, b->c->arena, h->fact->starttls ? &h->fact->tls : NULL, names,
                   ARRAY_LEN(names), b->c->now_s);
}

int posture_check_dane(struct posture_ctx *c, struct mp_err *err)
{
    const struct posture *p = c->out;
    struct bench b = {.c = c};
    int st = ask(&b, err);
    if (st != MP_OK)
        return st;
    const char *no_mail = p->mx_failed ? NULL : posture_no_mail(p);
    if (no_mail != NULL) {
        check_skip(&c->checks, group, "dane.records", "%s", no_mail);
        return MP_OK;
    }
    for (size_t i = 0; i < b.n; i++)
        judge(&b, &b.hosts[i]);
    check_records(&b);
    check_hosts(&b);
    for (size_t i = 0; i < b.n; i++)
        decide(&b, &b.hosts[i]);
    posture_check_certificates(c, &b.facts);
    return MP_OK;
}
