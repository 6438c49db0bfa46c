/* DANE for SMTP, the DNS side: where the TLSA records of a host are (RFC 7672 2.2), and which of
 * them a sender can use (RFC 7671, 7672 3.1). */
#include "transport/dane.h"

#include "crypto/der.h"

enum { MATCHING_FULL = 0, MATCHING_SHA256 = 1, MATCHING_SHA512 = 2 };

const char *dane_verdict_name(enum dane_verdict v)
{
    static const char *const names[] = {
        [DANE_NONE] = "none",         [DANE_VERIFIED] = "verified",
        [DANE_MISMATCH] = "mismatch", [DANE_NO_STARTTLS] = "no-starttls",
        [DANE_UNUSABLE] = "unusable", [DANE_FAILED] = "failed",
    };
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "?";
}

/* ---- one record ---- */

/* Why a sender passes over a record with these fields, or NULL. */
static const char *unusable_why(const struct tlsa *t)
{
    static const size_t digest_bytes[] = {[MATCHING_SHA256] = 32, [MATCHING_SHA512] = 64};
    struct str rest = t->data, content;
    if (t->usage <= 1) /* RFC 7672 3.1.3 */
        return "PKIX-TA(0) and PKIX-EE(1) are not for SMTP";
    if (t->usage > 3)
        return "the certificate usage is unknown";
    if (t->selector > 1)
        return "the selector is unknown";
    if (t->matching > MATCHING_SHA512)
        return "the matching type is unknown";
    if (t->matching != MATCHING_FULL)
        return t->data.n == digest_bytes[t->matching]
                   ? NULL
                   : "the digest has not the length of its matching type";
    if (!der_next(&rest, DER_SEQUENCE, &content) || rest.n != 0)
        return "the data is no certificate and no public key";
    return NULL;
}

bool tlsa_parse(struct str rdata, struct tlsa *out)
{
    if (rdata.n < 3)
        return false;
    struct tlsa t = {.usage = (unsigned char)rdata.p[0],
                     .selector = (unsigned char)rdata.p[1],
                     .matching = (unsigned char)rdata.p[2],
                     .data = str_slice(rdata, 3, rdata.n),
                     .why = ""};
    const char *why = unusable_why(&t);
    t.usable = why == NULL;
    if (why != NULL)
        t.why = why;
    *out = t;
    return true;
}

/* RFC 7671 9: of the digests with one usage and selector only the strongest counts. */
static void pass_over_weak(struct tlsa *records, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tlsa *t = &records[i];
        for (size_t k = 0; k < n && t->usable && t->matching == MATCHING_SHA256; k++) {
            const struct tlsa *other = &records[k];
            if (other->usable && other->matching == MATCHING_SHA512 && other->usage == t->usage &&
                other->selector == t->selector) {
                t->usable = false;
                t->why = "a SHA2-512 record with the same usage and selector stands before it";
            }
        }
    }
}

static int read_records(struct arena *a, const struct dns_answer *tlsa, struct dane *d)
{
    d->n = tlsa->n < DANE_MAX_RECORDS ? tlsa->n : DANE_MAX_RECORDS;
    d->records = arena_new(a, struct tlsa, d->n);
    if (d->records == NULL)
        return MP_E_NOMEM;
    for (size_t i = 0; i < d->n; i++) {
        if (!tlsa_parse(tlsa->records[i].data, &d->records[i]))
            d->records[i].why = "the record is shorter than its three fields";
    }
    pass_over_weak(d->records, d->n);
    return MP_OK;
}

/* ---- finding them ---- */

/* What the address look-ups say about the host. */
struct address_facts {
    const struct dns_answer *data;   /* an answer with addresses, or NULL */
    const struct dns_answer *failed; /* a look-up that failed, or NULL */
    bool secure;                     /* all addresses are validated */
};

struct search {
    struct dns_view *dns;
    struct arena *a;
    struct str host;
    uint16_t port;
    struct dane *out;
    struct mp_err *err;
    struct str unsigned_base; /* where records without DNSSEC stand; p == NULL: none met */
};

static bool has_failed(const struct dns_answer *answer)
{
    return answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT ||
           answer->status == DNS_BOGUS;
}

static bool is_secure(const struct dns_answer *answer)
{
    return answer->dnssec == DNSSEC_SECURE;
}

static int no_memory(const struct search *s)
{
    return mp_fail(s->err, MP_E_NOMEM, 0, "DANE of a host needs more memory than allowed");
}

static int settle(struct search *s, enum dane_verdict verdict, struct str reason)
{
    s->out->verdict = verdict;
    s->out->reason = reason;
    return reason.p == NULL ? no_memory(s) : MP_OK;
}

static int settle_failed(struct search *s, const struct dns_answer *answer)
{
    return settle(s, DANE_FAILED,
                  arena_fmt(s->a, "the look-up of " STR_FMT " %s failed: %s%s" STR_FMT,
                            STR_ARG(answer->name), dns_type_name(answer->type),
                            dns_status_name(answer->status), answer->why.n != 0 ? ", " : "",
                            STR_ARG(answer->why)));
}

static struct str tlsa_name(const struct search *s, struct str base)
{
    return arena_fmt(s->a, "_%u._tcp." STR_FMT, (unsigned)s->port, STR_ARG(base));
}

static int ask_addresses(struct search *s, struct address_facts *out)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    int waits = MP_OK;
    *out = (struct address_facts){.secure = true};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct dns_answer *answer;
        int st = dns_ask(s->dns, s->host, types[i], &answer, s->err);
        if (st == MP_WAIT)
            waits = MP_WAIT;
        if (st != MP_OK && st != MP_WAIT)
            return st;
        if (st != MP_OK)
            continue;
        if (answer->status == DNS_DATA) {
            out->data = answer;
            out->secure = out->secure && is_secure(answer);
        } else if (has_failed(answer)) {
            out->failed = answer;
        }
    }
    return waits;
}

/* 2.2.2: of an alias whose addresses are not signed the alias itself may be. */
static int ask_alias(struct search *s, bool *secure_alias, bool *settled)
{
    const struct dns_answer *cname;
    int st = dns_ask(s->dns, s->host, DNS_CNAME, &cname, s->err);
    if (st != MP_OK)
        return st;
    *settled = has_failed(cname);
    *secure_alias = cname->status == DNS_DATA && is_secure(cname);
    return *settled ? settle_failed(s, cname) : MP_OK;
}

/* Usable records, none judged; or only such as no sender can use. */
static int settle_records(struct search *s, struct str base, const struct dns_answer *tlsa)
{
    size_t usable = 0;
    s->out->base = base;
    if (read_records(s->a, tlsa, s->out) != MP_OK)
        return no_memory(s);
    if (tlsa->n > DANE_MAX_RECORDS)
        return settle(s, DANE_FAILED,
                      arena_fmt(s->a, "there are %zu TLSA records; at most %d are judged", tlsa->n,
                                DANE_MAX_RECORDS));
    for (size_t i = 0; i < s->out->n; i++)
        usable += s->out->records[i].usable;
    if (usable == 0)
        return settle(s, DANE_UNUSABLE, STR("none of the TLSA records can be used for SMTP"));
    return settle(s, DANE_MISMATCH, STR("not compared with a certificate"));
}

/* One candidate for the TLSA base domain (2.2.3). */
static int try_base(struct search *s, struct str base, bool *settled)
{
    const struct dns_answer *tlsa;
    struct str name = tlsa_name(s, base);
    if (name.p == NULL)
        return no_memory(s);
    int st = dns_ask(s->dns, name, DNS_TLSA, &tlsa, s->err);
    if (st != MP_OK)
        return st;
    *settled = true;
    if (has_failed(tlsa)) {
        s->out->base = base;
        return settle_failed(s, tlsa);
    }
    if (tlsa->status == DNS_DATA && is_secure(tlsa))
        return settle_records(s, base, tlsa);
    if (tlsa->status == DNS_DATA)
        s->unsigned_base = base;
    *settled = false;
    return MP_OK;
}

/* DANE does not apply. Records that stand there all the same are shown, and told apart: people
 * publish TLSA and forget to sign. What that look-up comes to changes nothing. */
static int settle_none(struct search *s, const char *why)
{
    const struct dns_answer *tlsa;
    struct str base = s->unsigned_base.p != NULL ? s->unsigned_base : s->host;
    struct str name = tlsa_name(s, base);
    if (name.p == NULL)
        return no_memory(s);
    int st = dns_ask(s->dns, name, DNS_TLSA, &tlsa, s->err);
    if (st != MP_OK)
        return st;
    s->out->base = base;
    if (tlsa->status != DNS_DATA)
        return settle(s, DANE_NONE, str_from(why));
    if (read_records(s->a, tlsa, s->out) != MP_OK)
        return no_memory(s);
    return settle(s, DANE_NONE,
                  arena_fmt(s->a, "%s; the TLSA records at " STR_FMT " have no effect", why,
                            STR_ARG(name)));
}

/* 2.2.2, 2.2.3 for a host whose MX record is secure. */
static int search_bases(struct search *s, const struct address_facts *addresses)
{
    bool is_alias = !str_eq(addresses->data->canonical, s->host), settled = false;
    int st = MP_OK;
    if (!addresses->secure) {
        bool secure_alias = false;
        if (is_alias)
            st = ask_alias(s, &secure_alias, &settled);
        if (st != MP_OK || settled)
            return st;
        if (!secure_alias)
            return settle_none(s, "the addresses of the host are not signed (DNSSEC)");
    } else if (is_alias) {
        st = try_base(s, addresses->data->canonical, &settled);
    }
    if (st == MP_OK && !settled)
        st = try_base(s, s->host, &settled);
    if (st != MP_OK || settled)
        return st;
    return settle_none(s, s->unsigned_base.p != NULL ? "the TLSA records are not signed (DNSSEC)"
                                                     : "there are no TLSA records");
}

int dane_find(struct dns_view *dns, struct arena *a, struct str host, uint16_t port, bool mx_secure,
              struct dane *out, struct mp_err *err)
{
    struct dane found = {.verdict = DANE_NONE};
    struct search s = {.dns = dns, .a = a, .port = port, .out = &found, .err = err};
    struct address_facts addresses;
    int st;
    if (!dns_name_normal(a, host, &s.host)) { /* also when it finds no memory: ask for as much */
        st = arena_new(a, char, DNS_NAME_MAX + 1) == NULL
                 ? no_memory(&s)
                 : settle(&s, DANE_FAILED, STR("the name of the host cannot be asked in DNS"));
    } else {
        dns_prefetch(dns, tlsa_name(&s, s.host), DNS_TLSA);
        found.base = s.host;
        st = ask_addresses(&s, &addresses);
        if (st == MP_OK && !mx_secure)
            st = settle_none(&s, "the MX records are not signed (DNSSEC)");
        else if (st == MP_OK && addresses.data != NULL)
            st = search_bases(&s, &addresses);
        else if (st == MP_OK && addresses.failed != NULL)
            st = settle_failed(&s, addresses.failed);
        else if (st == MP_OK)
            st = settle_none(&s, "the host has no addresses");
    }
    if (st == MP_OK)
        *out = found;
    return st;
}
