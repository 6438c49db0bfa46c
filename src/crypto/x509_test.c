/* Certificates made once (tests/keys/tls/README): facts, names, paths, TLSA data, channel binding.
 */
#include "crypto/x509.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "tests/tap.h"

enum { NOW_S = 1767225600 /* 2026-01-01 */, NAME_MAX_BYTES = 200 };

static struct arena arena;

static struct str der_of(const char *name)
{
    char path[NAME_MAX_BYTES];
    struct str *ders = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "tests/keys/tls/%s.pem", name);
    if (x509_read_pem(&arena, tap_source_file(path), &ders, &n, NULL) != MP_OK || n != 1)
        abort();
    return ders[0];
}

static struct x509_facts facts_of(const char *name)
{
    struct x509_facts f = {0};
    if (x509_read(&arena, der_of(name), &f, NULL) != MP_OK)
        abort();
    return f;
}

static const struct {
    const char *name, *subject, *issuer, *cn, *key, *signature;
    unsigned bits;
    size_t names;
    bool self_signed, is_ca;
} facts_rows[] = {
    {"root", "CN=Mailproof Test Root,O=Mailproof Tests", "CN=Mailproof Test Root,O=Mailproof Tests",
     "Mailproof Test Root", "RSA", "sha256WithRSAEncryption", 2048, 0, true, true},
    {"intermediate", "CN=Mailproof Test Intermediate,O=Mailproof Tests",
     "CN=Mailproof Test Root,O=Mailproof Tests", "Mailproof Test Intermediate", "EC P-256",
     "sha256WithRSAEncryption", 256, 0, false, true},
    {"good", "CN=mx.good.test", "CN=Mailproof Test Intermediate,O=Mailproof Tests", "mx.good.test",
     "EC P-256", "ecdsa-with-SHA256", 256, 2, false, false},
    {"cn-only", "CN=mx.cn.test,CN=old.cn.test,O=first", "CN=Mailproof Test Root,O=Mailproof Tests",
     "mx.cn.test", "RSA", "rsassaPss", 2048, 0, false, false},
    {"self", "CN=self.test", "CN=self.test", "self.test", "Ed25519", "ED25519", 256, 1, true,
     false},
    {"rsa512", "CN=mx.good.test", "CN=Mailproof Test Root,O=Mailproof Tests", "mx.good.test", "RSA",
     "sha256WithRSAEncryption", 512, 1, false, false},
    {"sha1", "CN=mx.good.test", "CN=Mailproof Test Root,O=Mailproof Tests", "mx.good.test",
     "EC P-256", "sha1WithRSAEncryption", 256, 1, false, false},
};

static void test_facts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(facts_rows); i++) {
        struct x509_facts f = facts_of(facts_rows[i].name);
        tap_case("facts: %s", facts_rows[i].name);
        tap_str(f.subject, str_from(facts_rows[i].subject));
        tap_str(f.issuer, str_from(facts_rows[i].issuer));
        tap_str(f.common_name, str_from(facts_rows[i].cn));
        tap_str(f.key_type, str_from(facts_rows[i].key));
        tap_str(f.signature, str_from(facts_rows[i].signature));
        tap_int(f.key_bits, facts_rows[i].bits);
        tap_int(f.n_dns_names, facts_rows[i].names);
        tap_int(f.self_signed, facts_rows[i].self_signed);
        tap_int(f.is_ca, facts_rows[i].is_ca);
        tap_int(f.not_before_s, 1577836800);
        tap_int(f.not_after_s, 4733510400);
    }
    tap_case("facts: serial, names and digests of good");
    struct x509_facts f = facts_of("good");
    tap_str(f.serial, STR("1004"));
    tap_str(f.dns_names[0], STR("mx.good.test"));
    tap_str(f.dns_names[1], STR("MX2.Good.Test"));
    tap_str(str_make((char *)f.sha256, 32), x509_association(&arena, der_of("good"), 0, 1));
    tap_str(str_make((char *)f.spki_sha256, 32), x509_association(&arena, der_of("good"), 1, 1));
    tap_case("facts: names beyond the limit are counted");
    f = facts_of("many");
    tap_int(f.n_dns_names, X509_MAX_NAMES);
    tap_int(f.dropped_names, 5);
    tap_case("facts: a NUL in a name stays where it is");
    f = facts_of("nul-san");
    tap_str(f.dns_names[0], STR("mx.good.test\0bad.test"));
}

/* Each makes `good` into something that is no certificate. */
static void test_broken(void)
{
    struct str good = der_of("good");
    struct x509_facts f;
    struct mp_err err = {0};
    tap_case("broken: every truncation");
    size_t accepted = 0;
    for (size_t n = 0; n < good.n; n++)
        accepted += x509_read(&arena, str_slice(good, 0, n), &f, NULL) != MP_E_SYNTAX;
    tap_int(accepted, 0);
    tap_case("broken: one octet behind it");
    struct str more[] = {good, STR("\0")};
    tap_int(x509_read(&arena, arena_join(&arena, more, 2), &f, &err), MP_E_SYNTAX);
    tap_case("broken: two certificates");
    struct str twice[] = {good, good};
    tap_int(x509_read(&arena, arena_join(&arena, twice, 2), &f, NULL), MP_E_SYNTAX);
    tap_case("broken: names that are no list");
    tap_int(x509_read(&arena, der_of("bad-san"), &f, NULL), MP_E_SYNTAX);
    tap_case("broken: text");
    tap_int(x509_read(&arena, STR("-----BEGIN CERTIFICATE-----"), &f, NULL), MP_E_SYNTAX);
    tap_case("broken: larger than X509_MAX_BYTES");
    char *big = arena_new(&arena, char, X509_MAX_BYTES + 10);
    memcpy(big, "\x30\x83\x01\x00\x01", 5);
    tap_int(x509_read(&arena, str_make(big, X509_MAX_BYTES + 6), &f, NULL), MP_E_SYNTAX);
    tap_case("broken: indefinite length is no DER");
    tap_int(x509_read(&arena, STR("\x30\x80\x00\x00"), &f, NULL), MP_E_SYNTAX);
    tap_case("broken: no memory is said as such");
    struct arena small;
    arena_init(&small, 64);
    tap_int(x509_read(&small, good, &f, &err), MP_E_NOMEM);
    arena_clear(&small);
}

static const struct {
    const char *label, *host, *names[3], *cn;
    bool matches, by_cn;
} match_rows[] = {
    {"the name", "mx.a.test", {"mx.a.test"}, "", true, false},
    {"without case", "MX.a.TEST", {"mx.A.test"}, "", true, false},
    {"the second name", "mx.a.test", {"b.test", "mx.a.test"}, "", true, false},
    {"a final dot of the host", "mx.a.test.", {"mx.a.test"}, "", true, false},
    {"a final dot of the name", "mx.a.test", {"mx.a.test."}, "", false, false},
    {"another name", "mx.a.test", {"mx.b.test"}, "", false, false},
    {"a suffix only", "evil-mx.a.test", {"mx.a.test"}, "", false, false},
    {"wildcard", "mx.a.test", {"*.a.test"}, "", true, false},
    {"wildcard is for one label", "x.mx.a.test", {"*.a.test"}, "", false, false},
    {"wildcard is for one label at least", "a.test", {"*.a.test"}, "", false, false},
    {"wildcard below a TLD", "a.test", {"*.test"}, "", false, false},
    {"wildcard alone", "test", {"*"}, "", false, false},
    {"wildcard in the middle", "mx.b.a.test", {"mx.*.a.test"}, "", false, false},
    {"part of a label", "mx1.a.test", {"mx*.a.test"}, "", false, false},
    {"two wildcards", "x.y.a.test", {"*.*.a.test"}, "", false, false},
    {"wildcard over an A-label", "xn--bcher-kva.a.test", {"*.a.test"}, "", true, false},
    {"host is a wildcard", "*.a.test", {"*.a.test"}, "", false, false},
    {"empty host", "", {""}, "", false, false},
    {"empty label before the wildcard's rest", ".a.test", {"*.a.test"}, "", false, false},
    {"address", "192.0.2.1", {"192.0.2.1"}, "", false, false},
    {"address under a wildcard", "192.0.2.1", {"*.0.2.1"}, "", false, false},
    {"CN without names", "mx.a.test", {NULL}, "mx.a.test", true, true},
    {"wildcard CN", "mx.a.test", {NULL}, "*.a.test", true, true},
    {"CN beside another name", "mx.a.test", {"b.test"}, "mx.a.test", false, false},
    {"no CN", "mx.a.test", {NULL}, "", false, false},
};

static void test_matches(void)
{
    for (size_t i = 0; i < ARRAY_LEN(match_rows); i++) {
        struct str names[3];
        struct x509_facts f = {.dns_names = names, .common_name = str_from(match_rows[i].cn)};
        for (; f.n_dns_names < 3 && match_rows[i].names[f.n_dns_names] != NULL; f.n_dns_names++)
            names[f.n_dns_names] = str_from(match_rows[i].names[f.n_dns_names]);
        bool by_cn = !match_rows[i].by_cn;
        tap_case("match: %s", match_rows[i].label);
        tap_int(x509_matches(&f, str_from(match_rows[i].host), &by_cn), match_rows[i].matches);
        tap_int(by_cn, match_rows[i].by_cn);
    }
    bool by_cn;
    struct x509_facts nul = facts_of("nul-san"), many = facts_of("many"), none = {0};
    tap_case("match: a name that goes on behind NUL");
    tap_ok(!x509_matches(&nul, STR("mx.good.test"), &by_cn));
    tap_ok(!x509_matches(&nul, STR("mx.good.test\0bad.test"), &by_cn));
    tap_case("match: CN that goes on behind NUL");
    none.common_name = STR("mx.a.test\0.b.test");
    tap_ok(!x509_matches(&none, STR("mx.a.test"), &by_cn));
    tap_case("match: the CN does not count when names were only dropped");
    none.common_name = STR("mx.a.test");
    none.dropped_names = 1;
    tap_ok(!x509_matches(&none, STR("mx.a.test"), &by_cn));
    tap_case("match: the last name that is kept, the first that is not");
    tap_ok(x509_matches(&many, STR("h1000.test"), &by_cn));
    tap_ok(!x509_matches(&many, STR("h1001.test"), &by_cn));
}

/* Chains by name, leaf first; `anchors`: file of the store. */
static const struct {
    const char *label, *chain[3], *anchors;
    int64_t now_s;
    enum x509_verdict want;
} verify_rows[] = {
    {"good", {"good", "intermediate"}, "root", NOW_S, X509_OK},
    {"good, the root sent too", {"good", "intermediate", "root"}, "root", NOW_S, X509_OK},
    {"good, out of order", {"good", "root", "intermediate"}, "root", NOW_S, X509_OK},
    {"no intermediate", {"good"}, "root", NOW_S, X509_UNKNOWN_CA},
    {"other anchor", {"good", "intermediate"}, "other-root", NOW_S, X509_UNKNOWN_CA},
    {"other anchor, the root sent",
     {"good", "intermediate", "root"},
     "other-root",
     NOW_S,
     X509_UNKNOWN_CA},
    {"self-signed", {"self"}, "root", NOW_S, X509_SELF_SIGNED},
    {"self-signed, trusted", {"self"}, "self", NOW_S, X509_OK},
    {"expired", {"expired", "intermediate"}, "root", NOW_S, X509_EXPIRED},
    {"expired, in its time", {"expired", "intermediate"}, "root", 1600000000, X509_OK},
    {"last second", {"expired", "intermediate"}, "root", 1609459199, X509_OK},
    {"notAfter itself is over for OpenSSL",
     {"expired", "intermediate"},
     "root",
     1609459200,
     X509_EXPIRED},
    {"not yet valid", {"future", "intermediate"}, "root", NOW_S, X509_NOT_YET_VALID},
    {"before all", {"good", "intermediate"}, "root", 0, X509_NOT_YET_VALID},
    {"for clients", {"client", "intermediate"}, "root", NOW_S, X509_WRONG_PURPOSE},
    {"issuer is no CA", {"below-leaf", "good", "intermediate"}, "root", NOW_S, X509_WRONG_PURPOSE},
    {"short key", {"rsa512"}, "root", NOW_S, X509_WEAK},
    {"weak digest", {"sha1"}, "root", NOW_S, X509_WEAK},
    {"RSA-PSS", {"cn-only"}, "root", NOW_S, X509_OK},
    {"unreadable names", {"bad-san", "intermediate"}, "root", NOW_S, X509_BROKEN},
};

static struct x509_store *store_of(const char *name)
{
    char path[NAME_MAX_BYTES];
    struct x509_store *store = NULL;
    struct mp_err err = {0};
    snprintf(path, sizeof path, "tests/keys/tls/%s.pem", name);
    if (x509_store_new(tap_source_path(path), &store, &err) != MP_OK)
        tap_note("%s", err.text);
    return store;
}

static void test_verify(void)
{
    for (size_t i = 0; i < ARRAY_LEN(verify_rows); i++) {
        struct str chain[3], why = STR_NONE;
        size_t n = 0;
        struct x509_store *store = store_of(verify_rows[i].anchors);
        for (; n < 3 && verify_rows[i].chain[n] != NULL; n++)
            chain[n] = der_of(verify_rows[i].chain[n]);
        tap_case("verify: %s", verify_rows[i].label);
        enum x509_verdict got = x509_verify(&arena, store, chain, n, verify_rows[i].now_s, &why);
        tap_cstr(x509_verdict_name(got), x509_verdict_name(verify_rows[i].want));
        tap_ok(why.n > 0);
        x509_store_free(store);
    }
}

static void test_verify_odd(void)
{
    struct x509_store *store = store_of("root");
    struct str why, good = der_of("good");
    struct str chain[40] = {good, der_of("intermediate")};
    tap_case("verify: empty chain");
    tap_int(x509_verify(&arena, store, chain, 0, NOW_S, &why), X509_EMPTY);
    tap_case("verify: garbage as leaf, as helper");
    struct str bad[] = {STR("garbage"), good}, late[] = {good, STR("garbage")};
    tap_int(x509_verify(&arena, store, bad, 2, NOW_S, &why), X509_BROKEN);
    tap_int(x509_verify(&arena, store, late, 2, NOW_S, &why), X509_BROKEN);
    tap_case("verify: a signature with one bit changed");
    struct str changed = arena_copy(&arena, good);
    ((char *)changed.p)[changed.n - 1] ^= 1;
    chain[0] = changed;
    tap_int(x509_verify(&arena, store, chain, 2, NOW_S, &why), X509_BAD_SIGNATURE);
    tap_case("verify: of a long chain only the first X509_CHAIN_MAX count");
    for (size_t i = 0; i < 40; i++)
        chain[i] = good;
    chain[X509_CHAIN_MAX - 1] = der_of("intermediate");
    tap_int(x509_verify(&arena, store, chain, 40, NOW_S, &why), X509_OK);
    chain[X509_CHAIN_MAX - 1] = good;
    chain[X509_CHAIN_MAX] = der_of("intermediate");
    tap_int(x509_verify(&arena, store, chain, 40, NOW_S, &why), X509_UNKNOWN_CA);
    tap_case("verify: which certificate it was is told");
    struct str old[] = {good, der_of("intermediate")};
    tap_int(x509_verify(&arena, store, old, 2, 4733510401, &why), X509_EXPIRED);
    tap_ok(str_search(why, STR("expired")) < why.n);
    x509_store_free(store);
    x509_store_free(NULL);
    tap_case("verify: names of the verdicts");
    tap_cstr(x509_verdict_name(X509_OK), "ok");
    tap_cstr(x509_verdict_name((enum x509_verdict)99), "other");
}

static void test_stores(void)
{
    struct x509_store *store = NULL;
    struct mp_err err = {0};
    tap_case("store: no such file");
    tap_int(x509_store_new("tests/keys/tls/none.pem", &store, &err), MP_E_IO);
    tap_ok(store == NULL && str_search(str_from(err.text), STR("none.pem")) < strlen(err.text));
    tap_case("store: a file without certificates");
    tap_int(x509_store_new(tap_source_path("tests/keys/tls/good.key"), &store, &err), MP_E_SYNTAX);
    tap_case("store: a directory");
    tap_ok(x509_store_new(tap_source_path("tests/keys/tls"), &store, &err) < 0);
    tap_ok(store == NULL);
    tap_case("store: the system's, whatever it holds, does not know our root");
    struct str chain[] = {der_of("good"), der_of("intermediate")}, why;
    if (tap_int(x509_store_new(NULL, &store, &err), MP_OK))
        tap_int(x509_verify(&arena, store, chain, 2, NOW_S, &why), X509_UNKNOWN_CA);
    x509_store_free(store);
}

static const struct {
    const char *label, *anchor;
    bool key;
    const char *chain[3];
    int64_t now_s;
    enum x509_verdict want;
} anchor_rows[] = {
    {"root, not sent", "root", false, {"good", "intermediate"}, NOW_S, X509_OK},
    {"intermediate", "intermediate", false, {"good"}, NOW_S, X509_OK},
    {"the leaf itself", "good", false, {"good"}, NOW_S, X509_OK},
    {"self-signed leaf", "self", false, {"self"}, NOW_S, X509_OK},
    {"other root", "other-root", false, {"good", "intermediate"}, NOW_S, X509_UNKNOWN_CA},
    {"dates count", "intermediate", false, {"expired"}, NOW_S, X509_EXPIRED},
    {"purpose counts", "intermediate", false, {"client"}, NOW_S, X509_WRONG_PURPOSE},
    {"key of the root", "root", true, {"good", "intermediate"}, NOW_S, X509_OK},
    {"key of the intermediate", "intermediate", true, {"good", "intermediate"}, NOW_S, X509_OK},
    {"key of the intermediate, only the leaf sent", "intermediate", true, {"good"}, NOW_S, X509_OK},
    {"key, dates count", "intermediate", true, {"expired"}, NOW_S, X509_EXPIRED},
    {"key of the root, gap", "root", true, {"good"}, NOW_S, X509_UNKNOWN_CA},
    {"other key", "other-root", true, {"good", "intermediate"}, NOW_S, X509_UNKNOWN_CA},
    {"the leaf's own key", "good", true, {"good", "intermediate"}, NOW_S, X509_UNKNOWN_CA},
};

static void test_anchors(void)
{
    for (size_t i = 0; i < ARRAY_LEN(anchor_rows); i++) {
        struct str chain[3], why = STR_NONE, anchor = der_of(anchor_rows[i].anchor);
        size_t n = 0;
        if (anchor_rows[i].key)
            anchor = x509_association(&arena, anchor, 1, 0);
        for (; n < 3 && anchor_rows[i].chain[n] != NULL; n++)
            chain[n] = der_of(anchor_rows[i].chain[n]);
        tap_case("anchor: %s", anchor_rows[i].label);
        enum x509_verdict got = x509_verify_anchor(&arena, anchor, anchor_rows[i].key, chain, n,
                                                   anchor_rows[i].now_s, &why);
        tap_cstr(x509_verdict_name(got), x509_verdict_name(anchor_rows[i].want));
        tap_ok(why.n > 0);
    }
    struct str chain[] = {der_of("good")}, why, spki = x509_association(&arena, chain[0], 1, 0);
    struct str longer[] = {spki, STR("\0")};
    tap_case("anchor: garbage");
    tap_int(x509_verify_anchor(&arena, STR("x"), false, chain, 1, NOW_S, &why), X509_BROKEN);
    tap_int(x509_verify_anchor(&arena, STR("x"), true, chain, 1, NOW_S, &why), X509_BROKEN);
    tap_int(x509_verify_anchor(&arena, STR_NONE, true, chain, 1, NOW_S, &why), X509_BROKEN);
    tap_int(x509_verify_anchor(&arena, arena_join(&arena, longer, 2), true, chain, 1, NOW_S, &why),
            X509_BROKEN);
    tap_int(x509_verify_anchor(&arena, spki, true, chain, 0, NOW_S, &why), X509_EMPTY);
}

static void test_associations(void)
{
    struct str good = der_of("good");
    tap_case("association: whole, and its hashes");
    tap_str(x509_association(&arena, good, 0, 0), good);
    tap_int(x509_association(&arena, good, 0, 1).n, 32);
    tap_int(x509_association(&arena, good, 0, 2).n, 64);
    tap_case(
        "association: the key, by openssl x509 -pubkey | openssl pkey -outform DER | sha256sum");
    tap_str(hex_encode(&arena, x509_association(&arena, good, 1, 1)),
            STR("0a8c678ea04256e9dbea491fb25ef18cca8c7846fe05044cb93efa13d7bc4e3f"));
    tap_str(str_slice(x509_association(&arena, good, 1, 0), 0, 2), STR("\x30\x59"));
    tap_int(x509_association(&arena, good, 1, 2).n, 64);
    tap_case("association: unknown numbers, no certificate");
    tap_ok(x509_association(&arena, good, 2, 1).p == NULL);
    tap_ok(x509_association(&arena, good, 0, 3).p == NULL);
    tap_ok(x509_association(&arena, STR("x"), 0, 0).p == NULL);
    tap_ok(x509_association(&arena, str_slice(good, 0, good.n - 1), 0, 0).p == NULL);
}

static const struct {
    const char *name;
    size_t octets; /* 0: none is defined */
} binding_rows[] = {
    {"good", 32},
    {"sha1", 32},
    {"cn-only", 48},
    {"self", 0},
};

static void test_bindings(void)
{
    for (size_t i = 0; i < ARRAY_LEN(binding_rows); i++) {
        struct str binding = STR_NONE, der = der_of(binding_rows[i].name);
        tap_case("binding: %s", binding_rows[i].name);
        tap_int(x509_channel_binding(&arena, der, &binding), binding_rows[i].octets > 0);
        tap_int(binding.n, binding_rows[i].octets);
        if (binding_rows[i].octets == 32)
            tap_str(binding, x509_association(&arena, der, 0, 1));
    }
    struct str binding = STR("kept");
    tap_case("binding: garbage");
    tap_ok(!x509_channel_binding(&arena, STR("x"), &binding));
    tap_str(binding, STR("kept"));
}

static void test_pem(void)
{
    struct str good = tap_source_file("tests/keys/tls/good.pem"), *ders;
    struct str key = tap_source_file("tests/keys/tls/good.key");
    struct str three[] = {STR("text\n"), good, key, good, STR("more")};
    size_t n = 0;
    tap_case("PEM: two among others");
    tap_int(x509_read_pem(&arena, arena_join(&arena, three, 5), &ders, &n, NULL), MP_OK);
    tap_int(n, 2);
    tap_str(ders[0], ders[1]);
    tap_case("PEM: none");
    tap_int(x509_read_pem(&arena, key, &ders, &n, NULL), MP_E_SYNTAX);
    tap_int(x509_read_pem(&arena, STR(""), &ders, &n, NULL), MP_E_SYNTAX);
    tap_case("PEM: no end, no base64");
    tap_int(x509_read_pem(&arena, str_slice(good, 0, good.n - 5), &ders, &n, NULL), MP_E_SYNTAX);
    tap_int(x509_read_pem(&arena,
                          STR("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), &ders,
                          &n, NULL),
            MP_E_SYNTAX);
    tap_case("PEM: one too many");
    struct str many[X509_CHAIN_MAX + 1];
    for (size_t i = 0; i <= X509_CHAIN_MAX; i++)
        many[i] = good;
    tap_int(x509_read_pem(&arena, arena_join(&arena, many, X509_CHAIN_MAX), &ders, &n, NULL),
            MP_OK);
    tap_int(n, X509_CHAIN_MAX);
    tap_int(x509_read_pem(&arena, arena_join(&arena, many, X509_CHAIN_MAX + 1), &ders, &n, NULL),
            MP_E_LIMIT);
}

int main(void)
{
    arena_init(&arena, 256u << 20);
    test_facts();
    test_broken();
    test_matches();
    test_verify();
    test_verify_odd();
    test_stores();
    test_anchors();
    test_associations();
    test_bindings();
    test_pem();
    arena_clear(&arena);
    return tap_done();
}
