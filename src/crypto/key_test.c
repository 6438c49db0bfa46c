/* Keys: our DER reader beside OpenSSL's, hostile keys and signatures, and the signing side. */
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/ed25519_point.h"
#include "tests/tap.h"

static struct arena arena;

static struct str hex(const char *text)
{
    struct buf b;
    unsigned value = 0, digits = 0;
    buf_init(&b, 4096);
    for (const char *c = text; *c != '\0'; c++) {
        value = value << 4 | (unsigned)(is_digit(*c) ? *c - '0' : (*c | 0x20) - 'a' + 10);
        if (++digits % 2 == 0)
            buf_addc(&b, (char)value);
    }
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static struct private_key *load(const char *name)
{
    struct private_key *k = NULL;
    struct mp_err err = {0};
    char path[64];
    snprintf(path, sizeof path, "tests/keys/%s.pem", name);
    if (!tap_int(private_key_load(tap_source_file(path), path, &k, &err), MP_OK))
        tap_note("%s", err.text);
    return k;
}

static struct str public_octets(const struct private_key *k)
{
    struct buf b;
    buf_init(&b, 4096);
    tap_int(private_key_public_octets(k, &b, NULL), MP_OK);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static struct str sign(const struct private_key *k, struct str hash)
{
    struct buf b;
    buf_init(&b, 4096);
    tap_int(private_key_sign(k, hash, &b, NULL), MP_OK);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static bool verifies(struct public_key *k, struct str hash, struct str signature)
{
    bool valid = false;
    tap_int(public_key_verify(k, hash, signature, &valid, NULL), MP_OK);
    return valid;
}

/* A copy in a block of exactly its size, so that the sanitizer sees a read behind it. */
static struct str exact(struct str s)
{
    char *p = malloc(s.n == 0 ? 1 : s.n);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return str_make(p, s.n);
}

static struct str changed(struct str s, size_t at, unsigned char mask)
{
    struct str copy = arena_copy(&arena, s);
    ((char *)(uintptr_t)copy.p)[at] = (char)(copy.p[at] ^ mask);
    return copy;
}

/* ---- DER ---- */

static struct str element(unsigned char tag, struct str content)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_addc(&b, (char)tag);
    if (content.n < 0x80) {
        buf_addc(&b, (char)content.n);
    } else if (content.n < 0x100) {
        buf_addf(&b, "\x81%c", (int)content.n);
    } else {
        buf_addc(&b, (char)0x82);
        buf_addc(&b, (char)(content.n >> 8));
        buf_addc(&b, (char)content.n);
    }
    buf_add(&b, content);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static struct str join(struct str a, struct str b)
{
    struct buf joined;
    buf_init(&joined, 1 << 16);
    buf_add(&joined, a);
    buf_add(&joined, b);
    struct str copy = arena_copy(&arena, buf_str(&joined));
    buf_clear(&joined);
    return copy;
}

static const struct {
    const char *label, *der;
    bool ok;
} der_rows[] = {
    {"a modulus without its sign octet", "300602018f020103", false},
    {"n = 143, e = 3, whole", "30070202008f020103", true},
    {"one octet behind", "30070202008f02010300", false},
    {"one octet behind inside", "30080202008f02010300", false},
    {"length beyond the end", "30080202008f020103", false},
    {"indefinite length", "30800202008f0201030000", false},
    {"length not minimal", "3081070202008f020103", false},
    {"length of five octets", "3085000000000702 02008f020103", false},
    {"modulus padded", "30080203 00008f020103", false},
    {"needless sign octet", "3007020200 7f020103", false},
    {"zero", "3006020100020103", false},
    {"empty integer", "30050200020103", false},
    {"no exponent", "30040202008f", false},
    {"octet string for sequence", "04070202008f020103", false},
    {"empty", "", false},
    {"a tag alone", "30", false},
    {"SPKI", "301b300d06092a864886f70d0101010500030a0030070202008f020103", true},
    {"SPKI without NULL", "3019300b06092a864886f70d010101030a0030070202008f020103", true},
    {"SPKI, unused bits", "301b300d06092a864886f70d0101010500030a0430070202008f020103", false},
    {"SPKI, RSASSA-PSS", "301b300d06092a864886f70d01010a0500030a0030070202008f020103", false},
    {"SPKI, empty bit string", "3011300d06092a864886f70d01010105000300", false},
    {"SPKI, junk behind", "301c300d06092a864886f70d0101010500030a0030070202008f02010300", false},
};

static void test_der(void)
{
    for (size_t i = 0; i < ARRAY_LEN(der_rows); i++) {
        char compact[256];
        size_t n = 0;
        for (const char *c = der_rows[i].der; *c != '\0'; c++)
            if (*c != ' ')
                compact[n++] = *c;
        compact[n] = '\0';
        struct str modulus, exponent, der = exact(hex(compact));
        tap_case("der: %s", der_rows[i].label);
        bool ok = der_rsa_public(der, &modulus, &exponent);
        tap_int(ok, der_rows[i].ok);
        if (ok) {
            tap_str(modulus, STR("\x8f"));
            tap_str(exponent, STR("\x03"));
            tap_int(der_bits(modulus), 8);
            tap_int(der_bits(exponent), 2);
        }
        free((void *)(uintptr_t)der.p);
    }
}

/* What we accept OpenSSL accepts too, and reads the same numbers from it. */
static void same_as_openssl(struct str der)
{
    struct str modulus, exponent;
    if (!der_rsa_public(der, &modulus, &exponent) || der_bits(modulus) < 512)
        return;
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
    BIGNUM *n = NULL, *e = NULL, *ours = NULL;
    if (!tap_ok(pkey != NULL))
        return;
    tap_ok(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    tap_ok(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1);
    ours = BN_bin2bn((const unsigned char *)modulus.p, (int)modulus.n, NULL);
    tap_ok(BN_cmp(n, ours) == 0);
    tap_int(BN_num_bits(n), der_bits(modulus));
    BN_bin2bn((const unsigned char *)exponent.p, (int)exponent.n, ours);
    tap_ok(BN_cmp(e, ours) == 0);
    BN_free(ours);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(pkey);
}

static void test_der_beside_openssl(void)
{
    tap_case("der: every SPKI we accept, also with a changed bit, OpenSSL reads alike");
    struct private_key *k = load("rsa1024");
    struct str der = public_octets(k);
    same_as_openssl(der);
    for (size_t i = 0; i < der.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct str broken = changed(der, i, (unsigned char)(1u << bit));
            same_as_openssl(broken);
        }
    tap_case("der: every truncation is refused");
    for (size_t n = 0; n < der.n; n++) {
        struct str modulus, exponent, cut = exact(str_slice(der, 0, n));
        tap_ok(!der_rsa_public(cut, &modulus, &exponent));
        free((void *)(uintptr_t)cut.p);
    }
    private_key_free(k);
}

/* ---- RSA keys ---- */

static struct str rsa_key(size_t bits, const char *exponent_hex)
{
    struct buf n;
    buf_init(&n, 8192);
    buf_addc(&n, 0);
    for (size_t i = 0; i < bits / 8; i++)
        buf_addc(&n, (char)0xff);
    struct str number = element(DER_INTEGER, buf_str(&n));
    buf_clear(&n);
    return element(DER_SEQUENCE, join(number, element(DER_INTEGER, hex(exponent_hex))));
}

static const struct {
    const char *label, *exponent;
    size_t bits;
    int want;
} size_rows[] = {
    {"1024 bits", "010001", 1024, MP_OK},
    {"512 bits are made: the caller judges", "010001", 512, MP_OK},
    {"4096 bits", "010001", 4096, MP_OK},
    {"4104 bits", "010001", 4104, MP_E_LIMIT},
    {"8192 bits", "010001", 8192, MP_E_LIMIT},
    {"32768 bits", "010001", 32768, MP_E_LIMIT},
    {"exponent 1", "01", 2048, MP_E_SYNTAX},
    {"exponent 2", "02", 2048, MP_E_SYNTAX},
    {"exponent 3", "03", 2048, MP_OK},
    {"even exponent", "010000", 2048, MP_E_SYNTAX},
    {"exponent of 64 bits", "008000000000000001", 2048, MP_OK},
    {"exponent of 65 bits", "010000000000000001", 2048, MP_E_SYNTAX},
    {"exponent above the modulus", "010001", 8, MP_E_SYNTAX},
};

static void test_rsa_sizes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(size_rows); i++) {
        struct public_key *k = NULL;
        struct mp_err err = {0};
        tap_case("rsa: %s", size_rows[i].label);
        tap_int(public_key_new(KEY_RSA, rsa_key(size_rows[i].bits, size_rows[i].exponent), &k,
                               &err),
                size_rows[i].want);
        if (size_rows[i].want == MP_OK) {
            tap_int(public_key_bits(k), size_rows[i].bits);
            tap_int(public_key_type(k), KEY_RSA);
            tap_ok(!verifies(k,
                             hex("00000000000000000000000000000000"
                                 "00000000000000000000000000000000"),
                             arena_copy(&arena, str_slice(rsa_key(4096, "03"), 9,
                                                          9 + size_rows[i].bits / 8))));
        } else if (size_rows[i].want == MP_E_LIMIT) {
            tap_int(err.detail, size_rows[i].bits);
        }
        public_key_free(k);
    }
    tap_case("rsa: an even modulus is no key");
    struct public_key *k = NULL;
    struct str even = rsa_key(1024, "03");
    even = changed(even, even.n - 4, 1);
    tap_int(public_key_new(KEY_RSA, even, &k, NULL), MP_E_SYNTAX);
}

static void test_rsa_signatures(void)
{
    struct private_key *private = load("rsa2048");
    struct public_key *k = NULL;
    unsigned char digest[DIGEST_MAX_BYTES];
    tap_case("rsa: sign and verify");
    tap_ok(digest_once(DIGEST_SHA256, STR("text"), digest));
    struct str hash = str_make((const char *)digest, 32), signature = sign(private, hash);
    struct str der = public_octets(private);
    tap_int(public_key_new(KEY_RSA, der, &k, NULL), MP_OK);
    tap_int(public_key_bits(k), 2048);
    tap_int(signature.n, 256);
    tap_ok(verifies(k, hash, signature));
    tap_ok(verifies(k, hash, signature));
    tap_str(sign(private, hash), signature);
    tap_case("rsa: any changed bit breaks");
    for (size_t i = 0; i < signature.n; i += 5)
        tap_ok(!verifies(k, hash, changed(signature, i, (unsigned char)(1u << i % 8))));
    for (size_t i = 0; i < hash.n; i++)
        tap_ok(!verifies(k, changed(hash, i, (unsigned char)(1u << i % 8)), signature));
    tap_case("rsa: the signature is as long as the modulus, no octet more or less");
    tap_ok(!verifies(k, hash, join(STR("\0"), signature)));
    tap_ok(!verifies(k, hash, join(signature, STR("\0"))));
    tap_ok(!verifies(k, hash, str_slice(signature, 0, 255)));
    tap_ok(!verifies(k, hash, str_slice(signature, 1, 256)));
    tap_ok(!verifies(k, hash, STR_NONE));
    tap_case("rsa: a hash of another length is misuse");
    bool valid;
    tap_int(public_key_verify(k, STR("short"), signature, &valid, NULL), MP_E_USAGE);
    tap_case("rsa: PKCS#1 RSAPublicKey is the same key");
    struct str modulus, exponent;
    struct public_key *bare = NULL;
    tap_ok(der_rsa_public(der, &modulus, &exponent));
    struct str numbers =
        join(element(DER_INTEGER, join(STR("\0"), modulus)), element(DER_INTEGER, exponent));
    tap_int(public_key_new(KEY_RSA, element(DER_SEQUENCE, numbers), &bare, NULL), MP_OK);
    tap_ok(verifies(bare, hash, signature));
    public_key_free(bare);
    public_key_free(k);
    private_key_free(private);
}

/* Bleichenbacher's forgery of 2006: with e = 3 a cube root gives a block that begins rightly and
 * ends in garbage. A verifier that stops after the hash takes it. */
static void test_cube_root_forgery(void)
{
    tap_case("rsa: a cube root with garbage behind the hash is no signature (N23)");
    struct public_key *k = NULL;
    struct str hash = hex("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
    struct str block =
        join(hex("0001ffffffffffffffff003031300d060960864801650304020105000420"), hash);
    char padded[256] = {0};
    memcpy(padded, block.p, block.n);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *target = BN_bin2bn((const unsigned char *)padded, sizeof padded, NULL);
    BIGNUM *low = BN_new(), *middle = BN_new(), *cube = BN_new();
    BN_zero(low);
    for (int bit = 700; bit >= 0; bit--) { /* the largest number whose cube is not above */
        BN_copy(middle, low);
        BN_set_bit(middle, bit);
        BN_sqr(cube, middle, ctx);
        BN_mul(cube, cube, middle, ctx);
        if (BN_cmp(cube, target) <= 0)
            BN_copy(low, middle);
    }
    BN_add_word(low, 1);
    BN_sqr(cube, low, ctx);
    BN_mul(cube, cube, low, ctx);
    unsigned char forged[256], opened[256];
    tap_int(BN_bn2binpad(low, forged, sizeof forged), 256);
    tap_int(BN_bn2binpad(cube, opened, sizeof opened), 256);
    tap_ok(memcmp(opened, block.p, block.n) == 0); /* the forgery is a real one */
    tap_int(public_key_new(KEY_RSA, rsa_key(2048, "03"), &k, NULL), MP_OK);
    tap_ok(!verifies(k, hash, str_make((const char *)forged, sizeof forged)));
    public_key_free(k);
    BN_free(target);
    BN_free(low);
    BN_free(middle);
    BN_free(cube);
    BN_CTX_free(ctx);
}

/* ---- threads ---- */

struct shared {
    struct public_key *key;
    struct str hash, signature;
    bool wrong; /* of one thread */
};

static void *verify_often(void *arg)
{
    struct shared *s = arg;
    struct str other = str_make(s->signature.p, 32);
    for (unsigned i = 0; i < 300; i++) {
        bool good = false, bad = true;
        if (public_key_verify(s->key, s->hash, s->signature, &good, NULL) != MP_OK ||
            public_key_verify(s->key, other, s->signature, &bad, NULL) != MP_OK || !good || bad)
            s->wrong = true;
    }
    return NULL;
}

static void test_threads(void)
{
    struct private_key *private = load("rsa1024");
    struct public_key *k = NULL;
    unsigned char digest[DIGEST_MAX_BYTES];
    pthread_t threads[4];
    struct shared shared[4];
    tap_case("rsa: one key, four threads");
    tap_ok(digest_once(DIGEST_SHA256, STR("text"), digest));
    struct str hash = str_make((const char *)digest, 32), signature = sign(private, hash);
    tap_int(public_key_new(KEY_RSA, public_octets(private), &k, NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        shared[i] = (struct shared){k, hash, signature, false};
        tap_int(pthread_create(&threads[i], NULL, verify_often, &shared[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        tap_int(pthread_join(threads[i], NULL), 0);
        tap_ok(!shared[i].wrong);
    }
    public_key_free(k);
    private_key_free(private);
}

/* ---- Ed25519 ---- */

static const struct {
    const char *label, *key;
    enum ed25519_point want;
} point_rows[] = {
    {"order 1", "0100000000000000000000000000000000000000000000000000000000000000",
     ED25519_POINT_SMALL_ORDER},
    {"order 1, sign set", "0100000000000000000000000000000000000000000000000000000000000080",
     ED25519_POINT_SMALL_ORDER},
    {"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     ED25519_POINT_SMALL_ORDER},
    {"order 4", "0000000000000000000000000000000000000000000000000000000000000000",
     ED25519_POINT_SMALL_ORDER},
    {"order 4, other", "0000000000000000000000000000000000000000000000000000000000000080",
     ED25519_POINT_SMALL_ORDER},
    {"order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
     ED25519_POINT_SMALL_ORDER},
    {"order 8, other sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
     ED25519_POINT_SMALL_ORDER},
    {"order 8, other", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
     ED25519_POINT_SMALL_ORDER},
    {"order 8, fourth", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     ED25519_POINT_SMALL_ORDER},
    {"y = p, an alias of 0", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     ED25519_POINT_OFF_CURVE},
    {"y = p + 1, an alias of 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     ED25519_POINT_OFF_CURVE},
    {"y = 2", "0200000000000000000000000000000000000000000000000000000000000000",
     ED25519_POINT_OFF_CURVE},
    {"the base point", "5866666666666666666666666666666666666666666666666666666666666666",
     ED25519_POINT_OK},
};

static void test_points(void)
{
    for (size_t i = 0; i < ARRAY_LEN(point_rows); i++) {
        struct public_key *k = NULL;
        struct str raw = hex(point_rows[i].key);
        tap_case("ed25519 key: %s", point_rows[i].label);
        tap_int(ed25519_point_check((const unsigned char *)raw.p), point_rows[i].want);
        tap_int(public_key_new(KEY_ED25519, raw, &k, NULL),
                point_rows[i].want == ED25519_POINT_OK ? MP_OK : MP_E_SYNTAX);
        public_key_free(k);
    }
    tap_case("ed25519 key: half of all numbers are points, as on the curve");
    unsigned on = 0;
    for (unsigned i = 0; i < 200; i++) {
        unsigned char digest[DIGEST_MAX_BYTES];
        digest_once(DIGEST_SHA256, str_make((const char *)&i, sizeof i), digest);
        on += ed25519_point_check(digest) == ED25519_POINT_OK;
    }
    tap_ok(on > 60 && on < 140);
}

static void test_ed25519(void)
{
    struct private_key *private = load("ed25519");
    struct public_key *k = NULL;
    unsigned char digest[DIGEST_MAX_BYTES];
    tap_case("ed25519: sign and verify");
    tap_ok(digest_once(DIGEST_SHA256, STR("text"), digest));
    struct str hash = str_make((const char *)digest, 32), signature = sign(private, hash);
    struct str raw = public_octets(private);
    tap_int(raw.n, 32);
    tap_int(private_key_bits(private), 256);
    tap_int(public_key_new(KEY_ED25519, raw, &k, NULL), MP_OK);
    tap_int(public_key_type(k), KEY_ED25519);
    tap_ok(verifies(k, hash, signature));
    tap_str(sign(private, hash), signature);
    for (size_t i = 0; i < signature.n; i++)
        tap_ok(!verifies(k, hash, changed(signature, i, (unsigned char)(1u << i % 8))));
    tap_case("ed25519: S + L is the same number modulo L, and refused (N21)");
    BIGNUM *s = BN_lebin2bn((const unsigned char *)signature.p + 32, 32, NULL), *order = BN_new();
    unsigned char malleated[64];
    memcpy(malleated, signature.p, 32);
    BN_hex2bn(&order, "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    tap_ok(ed25519_scalar_is_reduced((const unsigned char *)signature.p + 32));
    BN_add(s, s, order);
    tap_int(BN_bn2lebinpad(s, malleated + 32, 32), 32);
    tap_ok(!ed25519_scalar_is_reduced(malleated + 32));
    tap_ok(!verifies(k, hash, str_make((const char *)malleated, 64)));
    tap_case("ed25519: L itself is not below L, L - 1 is");
    BN_bn2lebinpad(order, malleated, 32);
    tap_ok(!ed25519_scalar_is_reduced(malleated));
    BN_sub_word(order, 1);
    BN_bn2lebinpad(order, malleated, 32);
    tap_ok(ed25519_scalar_is_reduced(malleated));
    BN_free(s);
    BN_free(order);
    tap_case("ed25519: lengths of signature and key");
    tap_ok(!verifies(k, hash, str_slice(signature, 0, 63)));
    tap_ok(!verifies(k, hash, join(signature, STR("\0"))));
    public_key_free(k);
    tap_int(public_key_new(KEY_ED25519, str_slice(raw, 0, 31), &k, NULL), MP_E_SYNTAX);
    tap_int(public_key_new(KEY_ED25519, join(raw, STR("\0")), &k, NULL), MP_E_SYNTAX);
    tap_int(public_key_new(KEY_RSA, raw, &k, NULL), MP_E_SYNTAX);
    private_key_free(private);
}

/* ---- private keys ---- */

static const struct {
    const char *name;
    int want;
    enum key_type type;
    unsigned bits;
} pem_rows[] = {{"rsa512", MP_OK, KEY_RSA, 512},
                {"rsa1024", MP_OK, KEY_RSA, 1024},
                {"rsa2048", MP_OK, KEY_RSA, 2048},
                {"rsa2048.pkcs8", MP_OK, KEY_RSA, 2048},
                {"ed25519", MP_OK, KEY_ED25519, 256},
                {"ec", MP_E_SYNTAX, KEY_RSA, 0},
                {"rsa1024.locked", MP_E_SYNTAX, KEY_RSA, 0}};

static void test_pem(void)
{
    struct private_key *k = NULL;
    for (size_t i = 0; i < ARRAY_LEN(pem_rows); i++) {
        char path[64];
        snprintf(path, sizeof path, "tests/keys/%s.pem", pem_rows[i].name);
        tap_case("pem: %s", pem_rows[i].name);
        k = NULL;
        tap_int(private_key_load(tap_source_file(path), path, &k, NULL), pem_rows[i].want);
        if (k == NULL)
            continue;
        tap_int(private_key_type(k), pem_rows[i].type);
        tap_int(private_key_bits(k), pem_rows[i].bits);
        struct buf text;
        struct private_key *again = NULL;
        buf_init(&text, 1 << 14);
        tap_int(private_key_pem(k, &text, NULL), MP_OK);
        tap_int(private_key_load(buf_str(&text), "again", &again, NULL), MP_OK);
        tap_str(public_octets(again), public_octets(k));
        private_key_free(again);
        private_key_free(k);
        buf_clear(&text);
    }
    static const struct str junk[] = {STR_INIT(""), STR_INIT("hello"),
                                      STR_INIT("-----BEGIN PRIVATE KEY-----\nAAAA\n")};
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        struct mp_err err = {0};
        tap_case("pem: junk %zu", i);
        tap_int(private_key_load(junk[i], "junk.pem", &k, &err), MP_E_SYNTAX);
        tap_ok(str_search(str_from(err.text), STR("junk.pem")) == 0);
    }
}

static void test_generate(void)
{
    struct private_key *k = NULL;
    tap_case("generate: both types; sizes outside 1024..4096 are refused");
    tap_int(private_key_generate(KEY_ED25519, 0, &k, NULL), MP_OK);
    tap_int(private_key_type(k), KEY_ED25519);
    private_key_free(k);
    tap_int(private_key_generate(KEY_RSA, 1024, &k, NULL), MP_OK);
    tap_int(private_key_bits(k), 1024);
    private_key_free(k);
    tap_int(private_key_generate(KEY_RSA, 1023, &k, NULL), MP_E_USAGE);
    tap_int(private_key_generate(KEY_RSA, 4097, &k, NULL), MP_E_USAGE);
}

/* ---- keys that sign elsewhere ---- */

struct far {
    const struct private_key *key;
    size_t cut, more; /* what goes wrong with its signatures */
    bool fails;
};

static int sign_far(const void *ctx, struct str sha256, struct buf *out, struct mp_err *err)
{
    const struct far *f = ctx;
    if (private_key_sign(f->key, sha256, out, err) != MP_OK)
        return MP_E_CRYPTO;
    out->n -= f->cut;
    for (size_t i = 0; i < f->more; i++)
        buf_addc(out, 0);
    return f->fails ? mp_fail(err, MP_E_TIMEOUT, 0, "nobody answers") : MP_OK;
}

static void test_sign_keys(void)
{
    static const struct {
        const char *label;
        size_t cut, more;
        bool fails;
        int want;
    } rows[] = {{"whole", 0, 0, false, MP_OK},
                {"a byte short", 1, 0, false, MP_E_CRYPTO},
                {"a byte too long", 0, 1, false, MP_E_CRYPTO},
                {"nothing at all", 64, 0, false, MP_E_CRYPTO},
                {"that fails", 0, 0, true, MP_E_TIMEOUT}};
    for (int type = KEY_RSA; type <= KEY_ED25519; type++) {
        struct private_key *k = NULL;
        struct buf here, there;
        buf_init(&here, 4096);
        buf_init(&there, 4096);
        tap_case("sign_key: a key of this process, and none");
        tap_int(private_key_generate((enum key_type)type, 1032, &k, NULL), MP_OK);
        struct sign_key own = private_key_signer(k);
        struct str hash = STR("01234567890123456789012345678901");
        tap_int(own.type, type);
        tap_int(own.bits, private_key_bits(k));
        tap_int(sign_key_sign(&own, hash, &here, NULL), MP_OK);
        tap_ok(private_key_signer(NULL).sign == NULL);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct far far = {k, rows[i].cut, rows[i].more, rows[i].fails};
            struct sign_key s = own;
            s.sign = sign_far;
            s.ctx = &far;
            buf_reset(&there);
            tap_case("sign_key: a signature from elsewhere, %s", rows[i].label);
            tap_int(sign_key_sign(&s, hash, &there, NULL), rows[i].want);
            tap_str(buf_str(&there), rows[i].want == MP_OK ? buf_str(&here) : STR(""));
        }
        private_key_free(k);
        buf_clear(&here);
        buf_clear(&there);
    }
}

/* ---- hashes ---- */

static void test_digest(void)
{
    static const struct {
        enum digest_alg alg;
        const char *in, *want;
    } rows[] = {
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"}};
    unsigned char out[DIGEST_MAX_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("digest: row %zu", i);
        tap_ok(digest_once(rows[i].alg, str_from(rows[i].in), out));
        tap_str(str_make((const char *)out, digest_bytes(rows[i].alg)), hex(rows[i].want));
    }
    tap_case("digest: many at once, given back in any order, and one cancelled");
    struct digest many[40];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        tap_ok(digest_start(&many[i], DIGEST_SHA256));
    digest_cancel(&many[7]);
    tap_ok(!digest_final(&many[7], out));
    for (size_t i = ARRAY_LEN(many); i-- > 0;) {
        if (i == 7)
            continue;
        digest_update(&many[i], STR("a"));
        digest_update(&many[i], STR("bc"));
        tap_ok(digest_final(&many[i], out));
        tap_str(str_make((const char *)out, 32), hex(rows[0].want));
    }
    tap_case("digest_equal");
    tap_ok(digest_equal(STR("ab"), STR("ab")) && digest_equal(STR_NONE, STR_NONE));
    tap_ok(!digest_equal(STR("ab"), STR("ac")) && !digest_equal(STR("ab"), STR("abc")));
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_der();
    test_der_beside_openssl();
    test_rsa_sizes();
    test_rsa_signatures();
    test_cube_root_forgery();
    test_threads();
    test_points();
    test_ed25519();
    test_pem();
    test_generate();
    test_sign_keys();
    test_digest();
    arena_clear(&arena);
    return tap_done();
}
