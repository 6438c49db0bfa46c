/* DANE: what records say about a chain (RFC 7671 5, 7672 3), with certificates of tests/keys/tls.
 */
#include "transport/dane.h"

#include <stdio.h>
#include <stdlib.h>

#include "dns/zone.h"
#include "tests/tap.h"

static struct arena arena;

enum { NOW = 1795000000 }; /* November 2026 */
enum { CHAIN_MAX = 5, RECORDS_MAX = 4 };

struct spec {
    unsigned usage, selector, matching;
    const char *certificate; /* in tests/keys/tls; NULL ends the list; "-": some other data */
};

static struct str certificate(const char *name)
{
    char path[64];
    struct str *ders;
    size_t n = 0;
    struct mp_err err = {0};
    snprintf(path, sizeof path, "tests/keys/tls/%s.pem", name);
    if (x509_read_pem(&arena, tap_source_file(path), &ders, &n, &err) != MP_OK) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        abort();
    }
    return ders[0];
}

static const struct {
    const char *label;
    const char *chain[CHAIN_MAX];
    const char *name; /* reference identifier */
    struct spec records[RECORDS_MAX];
    enum dane_verdict want;
    bool by_ta;
    unsigned matches; /* bits of the records */
    const char *reason;
} judgements[] = {
#define EE_REASON   "the certificate is the one of a DANE-EE(3) record"
#define TA_REASON   "the certificate was issued by the authority of a DANE-TA(2) record"
#define NONE_OF(n)  "none of the " n " usable TLSA records matches the certificates of the server"
#define OTHER_NAMES "a DANE-TA(2) record matches, but the certificate is for other names"
#define TA_IS_LEAF                                                                                 \
    "a DANE-TA(2) record names the server's own certificate or key, which is for DANE-EE(3)"
    {"3 1 1",
     {"good", "intermediate"},
     "mx.good.test",
     {{3, 1, 1, "good"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"3 1 2", {"good"}, "mx.good.test", {{3, 1, 2, "good"}}, DANE_VERIFIED, false, 1, EE_REASON},
    {"3 1 0", {"good"}, "mx.good.test", {{3, 1, 0, "good"}}, DANE_VERIFIED, false, 1, EE_REASON},
    {"3 0 1", {"good"}, "mx.good.test", {{3, 0, 1, "good"}}, DANE_VERIFIED, false, 1, EE_REASON},
    {"3 0 2", {"good"}, "mx.good.test", {{3, 0, 2, "good"}}, DANE_VERIFIED, false, 1, EE_REASON},
    {"3 0 0", {"good"}, "mx.good.test", {{3, 0, 0, "good"}}, DANE_VERIFIED, false, 1, EE_REASON},
    {"EE: another name",
     {"good"},
     "else.test",
     {{3, 1, 1, "good"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"EE: expired",
     {"expired"},
     "mx.good.test",
     {{3, 1, 1, "expired"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"EE: of the future",
     {"future"},
     "mx.good.test",
     {{3, 0, 1, "future"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"EE: self-signed",
     {"self"},
     "mx.test",
     {{3, 1, 1, "self"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"EE: weak key",
     {"rsa512"},
     "mx.test",
     {{3, 1, 1, "rsa512"}},
     DANE_VERIFIED,
     false,
     1,
     EE_REASON},
    {"EE: one of a roll-over",
     {"good"},
     "mx.good.test",
     {{3, 1, 1, "self"}, {3, 1, 1, "good"}},
     DANE_VERIFIED,
     false,
     2,
     EE_REASON},
    {"EE: another certificate",
     {"good", "intermediate"},
     "mx.good.test",
     {{3, 1, 1, "self"}},
     DANE_MISMATCH,
     false,
     0,
     NONE_OF("1")},
    {"EE: only the leaf counts",
     {"good", "intermediate"},
     "mx.good.test",
     {{3, 1, 1, "intermediate"}, {3, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     NONE_OF("2")},
    {"EE: key of the leaf, digest of the certificate",
     {"good"},
     "mx.good.test",
     {{3, 0, 1, "-"}},
     DANE_MISMATCH,
     false,
     0,
     NONE_OF("1")},

    {"2 0 1",
     {"good", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"2 1 2",
     {"good", "intermediate"},
     "MX.GOOD.TEST",
     {{2, 1, 2, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"2 1 1 of the root that is sent",
     {"good", "intermediate", "root"},
     "mx.good.test",
     {{2, 1, 1, "root"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"TA: the second name",
     {"good", "intermediate"},
     "mx2.good.test",
     {{2, 0, 1, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"TA: the CN when there is no dNSName",
     {"cn-only", "root"},
     "mx.cn.test",
     {{2, 0, 1, "root"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"TA: wildcard",
     {"wildcard", "intermediate"},
     "mx.wild.test",
     {{2, 0, 1, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"2 0 0 that is not sent",
     {"good"},
     "mx.good.test",
     {{2, 0, 0, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"2 1 0 that is not sent",
     {"good"},
     "mx.good.test",
     {{2, 1, 0, "intermediate"}},
     DANE_VERIFIED,
     true,
     1,
     TA_REASON},
    {"2 0 1 that is not sent",
     {"good"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     NONE_OF("1")},
    {"TA: another name",
     {"good", "intermediate"},
     "else.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     OTHER_NAMES},
    {"TA: no name to compare",
     {"good", "intermediate"},
     NULL,
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     OTHER_NAMES},
    {"TA: the CN beside a dNSName",
     {"wildcard", "intermediate"},
     "ignored.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     OTHER_NAMES},
    {"TA: the leaf is no authority",
     {"good", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "good"}},
     DANE_MISMATCH,
     false,
     0,
     TA_IS_LEAF},
    {"TA: a self-signed leaf in full",
     {"self"},
     "self.test",
     {{2, 0, 0, "self"}},
     DANE_MISMATCH,
     false,
     0,
     TA_IS_LEAF},
    {"TA: did not sign",
     {"good", "intermediate", "other-root"},
     "mx.good.test",
     {{2, 0, 1, "other-root"}},
     DANE_MISMATCH,
     false,
     0,
     NULL},
    {"TA: expired",
     {"expired", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     NULL},
    {"TA: of the future",
     {"future", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     NULL},
    {"TA: gap in the chain",
     {"good", "root"},
     "mx.good.test",
     {{2, 0, 1, "root"}},
     DANE_MISMATCH,
     false,
     0,
     NULL},
    {"TA: issued by a certificate that is no CA",
     {"below-leaf", "good", "intermediate"},
     "below.test",
     {{2, 0, 1, "intermediate"}},
     DANE_MISMATCH,
     false,
     0,
     NULL},

    {"TA and EE: EE says it",
     {"good", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}, {3, 1, 1, "good"}},
     DANE_VERIFIED,
     false,
     3,
     EE_REASON},
    {"TA fails, EE holds",
     {"expired", "intermediate"},
     "mx.good.test",
     {{2, 0, 1, "intermediate"}, {3, 1, 1, "expired"}},
     DANE_VERIFIED,
     false,
     2,
     EE_REASON},
    {"EE fails, TA holds",
     {"good", "intermediate"},
     "mx.good.test",
     {{3, 1, 1, "self"}, {2, 0, 1, "intermediate"}},
     DANE_VERIFIED,
     true,
     2,
     TA_REASON},
    {"PKIX-EE that would match",
     {"good"},
     "mx.good.test",
     {{1, 1, 1, "good"}, {3, 1, 1, "self"}},
     DANE_MISMATCH,
     false,
     0,
     NONE_OF("1")},
    {"PKIX only",
     {"good", "intermediate"},
     "mx.good.test",
     {{0, 0, 1, "intermediate"}, {1, 1, 1, "good"}},
     DANE_UNUSABLE,
     false,
     0,
     "none of the TLSA records can be used for SMTP"},
    {"no certificate",
     {NULL},
     "mx.good.test",
     {{3, 1, 1, "good"}},
     DANE_MISMATCH,
     false,
     0,
     "the server showed no certificate"},
};

static void make_records(size_t i, struct dane *d)
{
    *d = (struct dane){.verdict = DANE_MISMATCH};
    d->records = arena_new(&arena, struct tlsa, RECORDS_MAX);
    for (size_t k = 0; k < RECORDS_MAX && judgements[i].records[k].certificate != NULL; k++) {
        const struct spec *s = &judgements[i].records[k];
        bool other = strcmp(s->certificate, "-") == 0;
        struct str data = x509_association(&arena, certificate(other ? "good" : s->certificate),
                                           other ? !s->selector : s->selector, s->matching);
        char fields[3] = {(char)s->usage, (char)s->selector, (char)s->matching};
        struct str parts[] = {str_make(fields, 3), data};
        tap_ok(data.n != 0 && tlsa_parse(arena_join(&arena, parts, 2), &d->records[d->n++]));
    }
}

static void make_facts(const char *const chain[CHAIN_MAX], struct tls_facts *facts)
{
    *facts = (struct tls_facts){.established = true, .pkix = X509_UNKNOWN_CA};
    facts->chain = arena_new(&arena, struct str, CHAIN_MAX);
    for (size_t k = 0; k < CHAIN_MAX && chain[k] != NULL; k++)
        facts->chain[facts->n_chain++] = certificate(chain[k]);
    facts->has_leaf =
        facts->n_chain != 0 && x509_read(&arena, facts->chain[0], &facts->leaf, NULL) == MP_OK;
}

static void check_judged(size_t i, const struct dane *d)
{
    unsigned matches = 0;
    for (size_t k = 0; k < d->n; k++)
        matches |= (unsigned)d->records[k].matches << k;
    tap_cstr(dane_verdict_name(d->verdict), dane_verdict_name(judgements[i].want));
    tap_int(d->by_ta, judgements[i].by_ta);
    tap_int(matches, judgements[i].matches);
    if (judgements[i].reason != NULL)
        tap_str(d->reason, str_from(judgements[i].reason));
    else
        tap_ok(str_starts(d->reason,
                          STR("a DANE-TA(2) record matches, but the chain does not verify: ")));
}

static void test_judging(void)
{
    for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
        struct dane d;
        struct tls_facts facts;
        struct str name = str_from(judgements[i].name);
        tap_case("judge: %s", judgements[i].label);
        make_records(i, &d);
        make_facts(judgements[i].chain, &facts);
        dane_judge(&d, &arena, &facts, &name, name.p != NULL, NOW);
        check_judged(i, &d);
        dane_judge(&d, &arena, &facts, &name, name.p != NULL, NOW); /* another address, say */
        check_judged(i, &d);

        facts.established = false;
        dane_judge(&d, &arena, &facts, &name, 1, NOW);
        tap_int(d.verdict, DANE_NO_STARTTLS);
        dane_judge(&d, &arena, NULL, &name, 1, NOW);
        tap_int(d.verdict, DANE_NO_STARTTLS);
        tap_ok(!d.by_ta && d.n != 0 && !d.records[0].matches);
    }
}

/* What needs no certificate to be decided stays as it is. */
static void test_settled(void)
{
    static const enum dane_verdict settled[] = {DANE_NONE, DANE_FAILED};
    static const char *const chain[CHAIN_MAX] = {"good"};
    struct tls_facts facts;
    make_facts(chain, &facts);
    for (size_t i = 0; i < ARRAY_LEN(settled); i++) {
        struct dane d;
        make_records(0, &d);
        d.verdict = settled[i];
        d.reason = STR("why");
        tap_case("judge: %s stays", dane_verdict_name(settled[i]));
        dane_judge(&d, &arena, &facts, NULL, 0, NOW);
        tap_int(d.verdict, settled[i]);
        dane_judge(&d, &arena, NULL, NULL, 0, NOW);
        tap_int(d.verdict, settled[i]);
        tap_str(d.reason, STR("why"));
        tap_ok(!d.records[0].matches);
    }
}

/* Digests that OpenSSL's command line made, not our own code. */
static void test_known_digests(void)
{
    static const char text[] = "$SECURE\nmx.good.test. A 192.0.2.1\n"
                               "_25._tcp.mx.good.test. TLSA 3 1 1 "
                               "0a8c678ea04256e9dbea491fb25ef18cca8c7846fe05044cb93efa13d7bc4e3f\n";
    static const char *const chain[CHAIN_MAX] = {"good"};
    struct dns_zone *z = dns_zone_new();
    struct dane d = {.verdict = DANE_NONE};
    struct tls_facts facts;
    struct mp_err err = {0};
    tap_case("judge: from zone to verdict");
    tap_int(dns_zone_load(z, str_from(text), "zone", &err), MP_OK);
    struct dns_view *v = dns_view_new(&arena, dns_zone_lookup, z);
    tap_int(dane_find(v, &arena, STR("mx.good.test"), 25, true, &d, NULL), MP_OK);
    make_facts(chain, &facts);
    dane_judge(&d, &arena, &facts, NULL, 0, NOW);
    tap_int(d.verdict, DANE_VERIFIED);
    dns_view_release(v);
    dns_zone_free(z);
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_judging();
    test_settled();
    test_known_digests();
    arena_clear(&arena);
    return tap_done();
}
