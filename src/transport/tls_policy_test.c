/* DANE and MTA-STS together: every DANE verdict, policy mode and kind of session (RFC 8461 2). */
#include "transport/tls_policy.h"

#include <stdio.h>

#include "tests/tap.h"

static struct arena arena;

/* Kinds of session with mx.a.test, and what RFC 8461 4.1 says of each. */
static const struct session {
    const char *label;
    bool established, has_leaf;
    enum x509_verdict pkix;
    const char *dns_name, *common_name;
    bool satisfies;
} sessions[] = {
    {"no TLS", false, false, X509_EMPTY, NULL, "", false},
    {"good certificate", true, true, X509_OK, "mx.a.test", "x", true},
    {"wildcard certificate", true, true, X509_OK, "*.a.test", "x", true},
    {"other name", true, true, X509_OK, "mx.b.test", "x", false},
    {"name in the CN only", true, true, X509_OK, NULL, "mx.a.test", false},
    {"expired", true, true, X509_EXPIRED, "mx.a.test", "x", false},
    {"self-signed", true, true, X509_SELF_SIGNED, "mx.a.test", "x", false},
    {"unknown authority", true, true, X509_UNKNOWN_CA, "mx.a.test", "x", false},
    {"no leaf", true, false, X509_BROKEN, NULL, "", false},
    {"no leaf, path said to be good", true, false, X509_OK, NULL, "", false},
};

enum policy_kind { NO_POLICY, MODE_NONE, TESTING, ENFORCE, TESTING_OTHER, ENFORCE_OTHER };
static const char *const policy_labels[] = {
    "no policy", "mode none", "testing", "enforce", "testing, other hosts", "enforce, other hosts"};

/* What the sender does, one column a kind of policy: 'a'uthenticated, 'e'ncrypted, 'p'lain,
 * 'r'efused, by 'd'ane, 's'ts, 'o'pportunistic. Three rows a DANE verdict: no TLS; TLS that would
 * satisfy MTA-STS; TLS that would not. */
static const struct {
    enum dane_verdict dane;
    const char *no_tls[6], *good[6], *bad[6];
} table[] = {
    {DANE_NONE,
     {"po", "po", "po", "rs", "po", "rs"},
     {"eo", "eo", "eo", "as", "eo", "rs"},
     {"eo", "eo", "eo", "rs", "eo", "rs"}},
    {DANE_VERIFIED,
     {"rd", "rd", "rd", "rd", "rd", "rd"}, /* dane_judge never says so */
     {"ad", "ad", "ad", "ad", "ad", "rs"},
     {"ad", "ad", "ad", "rs", "ad", "rs"}},
    {DANE_MISMATCH,
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"}},
    {DANE_NO_STARTTLS,
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"}},
    {DANE_UNUSABLE,
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"ed", "ed", "ed", "as", "ed", "rs"},
     {"ed", "ed", "ed", "rs", "ed", "rs"}},
    {DANE_FAILED,
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"},
     {"rd", "rd", "rd", "rd", "rd", "rd"}},
};

static struct tls_facts session_facts(const struct session *s, struct str *name)
{
    struct tls_facts f = {.established = s->established, .has_leaf = s->has_leaf, .pkix = s->pkix};
    *name = str_from(s->dns_name);
    f.leaf.common_name = str_from(s->common_name);
    f.leaf.dns_names = name;
    f.leaf.n_dns_names = s->dns_name != NULL;
    return f;
}

static const struct mta_sts_policy *policy_of(enum policy_kind kind, struct mta_sts_policy *p)
{
    static const enum mta_sts_mode modes[] = {[MODE_NONE] = MTA_STS_NONE,
                                              [TESTING] = MTA_STS_TESTING,
                                              [ENFORCE] = MTA_STS_ENFORCE,
                                              [TESTING_OTHER] = MTA_STS_TESTING,
                                              [ENFORCE_OTHER] = MTA_STS_ENFORCE};
    bool lists_host = kind == TESTING || kind == ENFORCE;
    *p = (struct mta_sts_policy){.mode = modes[kind], .max_age_s = 86400, .n_mx = 1};
    p->mx[0] = lists_host ? STR("*.a.test") : STR("mx.c.test");
    return kind == NO_POLICY ? NULL : p;
}

static void check(const char *want, const struct tls_decision *d)
{
    tap_int(tls_delivery_name(d->delivery)[0], want[0]);
    tap_int(str_eq(str_from(d->by), STR("mta-sts")) ? 's' : d->by[0], want[1]);
    tap_ok(d->reason.n != 0);
}

static void test_cell(size_t row, size_t session, enum policy_kind kind)
{
    const struct session *s = &sessions[session];
    struct mta_sts_policy storage;
    struct tls_decision d;
    struct str name;
    const struct mta_sts_policy *policy = policy_of(kind, &storage);
    struct tls_facts facts = session_facts(s, &name);
    struct dane dane = {.verdict = table[row].dane, .reason = STR("what DANE said")};
    const char *const *cells = !s->established ? table[row].no_tls
                               : s->satisfies  ? table[row].good
                                               : table[row].bad;
    bool counts = kind >= TESTING;
    bool lists_host = kind == TESTING || kind == ENFORCE;
    tap_case("dane %s, %s, %s", dane_verdict_name(dane.verdict), policy_labels[kind], s->label);
    tls_decide(&arena, &dane, policy, &facts, STR("mx.a.test"), &d);
    check(cells[kind], &d);
    tap_int(d.sts_would_refuse, counts && !(lists_host && s->satisfies));
    if (!s->established) {
        tls_decide(&arena, &dane, policy, NULL, STR("mx.a.test"), &d);
        check(cells[kind], &d);
    }
    if (table[row].dane == DANE_NONE) {
        tls_decide(&arena, NULL, policy, &facts, STR("mx.a.test"), &d);
        check(cells[kind], &d);
    }
}

/* MTA-STS may tighten what DANE says, never loosen it: a refusal by DANE stands whatever the
 * policy, and where DANE demands TLS nothing is delivered in plain. */
static void test_never_loosened(void)
{
    static const char letters[] = {'p', 'e', 'a', 'r'};
    tap_case("the table never loosens");
    for (size_t row = 0; row < ARRAY_LEN(table); row++) {
        const char *const *columns[] = {table[row].no_tls, table[row].good, table[row].bad};
        for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
            for (size_t kind = MODE_NONE; kind <= ENFORCE_OTHER; kind++) {
                const char *without = memchr(letters, columns[c][NO_POLICY][0], sizeof letters);
                const char *with = memchr(letters, columns[c][kind][0], sizeof letters);
                tap_ok(without != NULL && with != NULL && with >= without);
            }
        }
    }
}

static const struct {
    const char *label;
    size_t session;
    enum policy_kind kind;
    enum dane_verdict dane;
    const char *reason;
} reasons[] = {
    {"not listed", 1, ENFORCE_OTHER, DANE_NONE,
     "the host is not in the mx lines of the MTA-STS policy"},
    {"no TLS", 0, ENFORCE, DANE_NONE, "the MTA-STS policy demands TLS, and there is none"},
    {"expired", 5, ENFORCE, DANE_NONE,
     "the certificate is not trusted (expired), as the MTA-STS policy demands"},
    {"other name", 3, ENFORCE, DANE_NONE,
     "the certificate is not for the host, as the MTA-STS policy demands"},
    {"CN", 4, ENFORCE, DANE_NONE,
     "the certificate names the host in its CN only; MTA-STS demands a dNSName"},
    {"met", 1, ENFORCE, DANE_NONE, "the MTA-STS policy is met"},
    {"testing, met", 1, TESTING, DANE_NONE, "the MTA-STS policy is in testing mode and is met"},
    {"testing, not met", 3, TESTING, DANE_NONE,
     "the MTA-STS policy is in testing mode; enforced, it would refuse"},
    {"offered", 1, NO_POLICY, DANE_NONE, "TLS is used because it is offered; nothing asks for it"},
    {"plain", 0, NO_POLICY, DANE_NONE, "nothing asks for TLS, and there is none"},
    {"DANE", 1, ENFORCE, DANE_MISMATCH, "what DANE said"},
    {"unusable, no TLS", 0, ENFORCE, DANE_UNUSABLE,
     "there are TLSA records, so TLS is required, and there is none"},
    {"unusable", 1, TESTING, DANE_UNUSABLE,
     "no TLSA record can be used: TLS is required, the host is not verified"},
};

static void test_reasons(void)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        struct mta_sts_policy storage;
        struct tls_decision d;
        struct str name;
        struct tls_facts facts = session_facts(&sessions[reasons[i].session], &name);
        struct dane dane = {.verdict = reasons[i].dane, .reason = STR("what DANE said")};
        tap_case("reason: %s", reasons[i].label);
        tls_decide(&arena, &dane, policy_of(reasons[i].kind, &storage), &facts, STR("mx.a.test."),
                   &d);
        tap_str(d.reason, str_from(reasons[i].reason));
    }
}

static void test_no_memory(void)
{
    struct mta_sts_policy storage;
    struct tls_decision d;
    struct str name;
    struct arena none;
    struct tls_facts facts = session_facts(&sessions[5], &name);
    arena_init(&none, 0);
    tap_case("without memory the decision is the same");
    tls_decide(&none, NULL, policy_of(ENFORCE, &storage), &facts, STR("mx.a.test"), &d);
    check("rs", &d);
    arena_clear(&none);
    tap_case("delivery: names");
    tap_cstr(tls_delivery_name(TLS_DELIVERY_AUTHENTICATED), "authenticated");
    tap_cstr(tls_delivery_name((enum tls_delivery)9), "?");
}

int main(void)
{
    arena_init(&arena, 8 << 20);
    for (size_t row = 0; row < ARRAY_LEN(table); row++)
        for (size_t session = 0; session < ARRAY_LEN(sessions); session++)
            for (size_t kind = NO_POLICY; kind <= ENFORCE_OTHER; kind++)
                test_cell(row, session, (enum policy_kind)kind);
    test_never_loosened();
    test_reasons();
    test_no_memory();
    arena_clear(&arena);
    return tap_done();
}
