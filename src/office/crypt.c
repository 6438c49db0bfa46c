/* Packages, encrypted in the two ways of Office: "standard" (2007) and "agile" (since 2010). */
#include "base/base64.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "crypto/aes.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"
#include "office/crypt_internal.h"
#include "office/xml.h"

enum { SIZE_BYTES = 8, SEGMENT_BYTES = 4096, KEY_MAX_BYTES = 32, PAD = 0x36 };

/* ---- hashes ---- */

size_t crypt_hash(enum crypt_hash alg, struct str a, struct str b,
                  unsigned char out[CRYPT_HASH_MAX])
{
    enum { TOGETHER_MAX = 1024 };
    static const unsigned bits[] = {128, 160, 256, 384, 512};
    char both[TOGETHER_MAX];
    if (a.n > TOGETHER_MAX || b.n > TOGETHER_MAX - a.n)
        return 0;
    if (a.n > 0)
        memcpy(both, a.p, a.n);
    if (b.n > 0)
        memcpy(both + a.n, b.p, b.n);
    struct str s = str_make(both, a.n + b.n);
    bool made = alg >= CRYPT_SHA256 ? digest_sha2(bits[alg], s, out)
                                    : hmac_hash(alg == CRYPT_MD5 ? HMAC_MD5 : HMAC_SHA1, s, out);
    return made ? bits[alg] / 8 : 0;
}

bool crypt_wide(struct str password, unsigned char out[CRYPT_WIDE_MAX], size_t *n)
{
    *n = 0;
    if (password.n > CRYPT_MAX_PASSWORD_BYTES)
        return false;
    for (int32_t c; (c = utf8_next(&password)) != UTF8_END;) {
        if (c == UTF8_BAD || c > 0xffff)
            return false;
        out[(*n)++] = (unsigned char)c;
        out[(*n)++] = (unsigned char)(c >> 8);
    }
    return true;
}

/* H(salt, password), then H(i, H) as often as asked for. 0: it failed. */
static size_t spin(enum crypt_hash alg, struct str salt, struct str password, uint32_t times,
                   unsigned char out[CRYPT_HASH_MAX])
{
    unsigned char counter[4];
    size_t n = crypt_hash(alg, salt, password, out);
    for (uint32_t i = 0; i < times && n > 0; i++) {
        crypt_le32(counter, i);
        n = crypt_hash(alg, crypt_str(counter, 4), crypt_str(out, n), out);
    }
    return n;
}

/* ---- agile, 2.3.4.10 ---- */

struct agile_part {
    enum crypt_hash hash;
    struct str salt;
    size_t key_bytes;
};

struct agile {
    struct agile_part data, password;
    uint32_t spins;
    struct str verifier, verifier_hash, key;
    bool has_data, has_password;
};

static bool hash_named(struct str name, enum crypt_hash *out)
{
    static const struct str names[] = {STR_INIT("MD5"), STR_INIT("SHA1"), STR_INIT("SHA256"),
                                       STR_INIT("SHA384"), STR_INIT("SHA512")};
    static const struct str others[] = {STR_INIT(""), STR_INIT("SHA-1"), STR_INIT("SHA-256"),
                                        STR_INIT("SHA-384"), STR_INIT("SHA-512")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!str_eq(name, names[i]) && (others[i].n == 0 || !str_eq(name, others[i])))
            continue;
        *out = (enum crypt_hash)i;
        return true;
    }
    return false;
}

static bool read_octets(struct arena *arena, struct str attrs, struct str name, struct str *out)
{
    struct str text = xml_attr(attrs, name);
    return text.n > 0 && base64_decode(arena, text, BASE64_IGNORE_FWS, out);
}

static bool read_part(struct arena *arena, struct str attrs, struct agile_part *out)
{
    uint64_t bits;
    if (!hash_named(xml_attr(attrs, STR("hashAlgorithm")), &out->hash) ||
        !str_to_u64(xml_attr(attrs, STR("keyBits")), (uint64_t)KEY_MAX_BYTES * 8, &bits) ||
        !str_eq(xml_attr(attrs, STR("cipherAlgorithm")), STR("AES")) ||
        !str_eq(xml_attr(attrs, STR("cipherChaining")), STR("ChainingModeCBC")))
        return false;
    out->key_bytes = (size_t)bits / 8;
    return read_octets(arena, attrs, STR("saltValue"), &out->salt);
}

static bool read_encrypted_key(struct arena *arena, struct str attrs, struct agile *a)
{
    uint64_t spins;
    if (!read_part(arena, attrs, &a->password) ||
        !str_to_u64(xml_attr(attrs, STR("spinCount")), CRYPT_MAX_SPINS, &spins) ||
        !read_octets(arena, attrs, STR("encryptedVerifierHashInput"), &a->verifier) ||
        !read_octets(arena, attrs, STR("encryptedVerifierHashValue"), &a->verifier_hash) ||
        !read_octets(arena, attrs, STR("encryptedKeyValue"), &a->key))
        return false;
    a->spins = (uint32_t)spins;
    return true;
}

static bool read_agile(struct arena *arena, struct str text, struct agile *a)
{
    struct xml x = xml_of(text);
    for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
        if (e == XML_OPEN && str_eq(x.name, STR("keyData")))
            a->has_data = read_part(arena, x.attrs, &a->data);
        else if (e == XML_OPEN && str_eq(x.name, STR("encryptedKey")) && !a->has_password)
            a->has_password = read_encrypted_key(arena, x.attrs, a);
    }
    return a->has_data && a->has_password;
}

/* Salts and hashes that are shorter than what they are used for are filled up. */
static void fit(struct str s, unsigned char *out, size_t n)
{
    memset(out, PAD, n);
    if (s.n > 0)
        memcpy(out, s.p, s.n < n ? s.n : n);
}

/* One of the values that stand in an encrypted key; `block` says which. `out` has room for all. */
static bool open_value(const struct agile *a, struct str hash, struct str block, struct str value,
                       unsigned char out[CRYPT_HASH_MAX])
{
    unsigned char derived[CRYPT_HASH_MAX], key[KEY_MAX_BYTES], iv[AES_BLOCK_BYTES];
    size_t n = crypt_hash(a->password.hash, hash, block, derived);
    if (n == 0 || value.n > CRYPT_HASH_MAX)
        return false;
    fit(crypt_str(derived, n), key, a->password.key_bytes);
    fit(a->password.salt, iv, sizeof iv);
    return aes_cbc_decrypt(crypt_str(key, a->password.key_bytes), iv,
                           (const unsigned char *)value.p, out, value.n);
}

static bool agile_key(const struct agile *a, struct str password, unsigned char key[CRYPT_HASH_MAX])
{
    unsigned char h[CRYPT_HASH_MAX], input[CRYPT_HASH_MAX], told[CRYPT_HASH_MAX];
    unsigned char is[CRYPT_HASH_MAX];
    size_t n = spin(a->password.hash, a->password.salt, password, a->spins, h);
    struct str hash = crypt_str(h, n);
    if (n == 0 || a->verifier_hash.n < n ||
        !open_value(a, hash, STR("\xfe\xa7\xd2\x76\x3b\x4b\x9e\x79"), a->verifier, input) ||
        !open_value(a, hash, STR("\xd7\xaa\x0f\x6d\x30\x61\x34\x4e"), a->verifier_hash, told) ||
        crypt_hash(a->password.hash, crypt_str(input, a->verifier.n), STR_NONE, is) != n)
        return false;
    return memcmp(is, told, n) == 0 && a->key.n >= a->data.key_bytes &&
           open_value(a, hash, STR("\x14\x6e\x0b\xe7\xab\xac\xd0\xd6"), a->key, key);
}

/* The length of the package, of whole blocks that are there. */
static size_t package_bytes(struct str package, size_t *blocks)
{
    uint64_t told = le64_at(package, 0);
    size_t is = package.n > SIZE_BYTES ? package.n - SIZE_BYTES : 0;
    *blocks = is / AES_BLOCK_BYTES * AES_BLOCK_BYTES;
    return told < *blocks ? (size_t)told : *blocks;
}

static bool agile_package(struct arena *arena, const struct agile *a, const unsigned char *key,
                          struct str package, struct str *out)
{
    size_t blocks, size = package_bytes(package, &blocks);
    unsigned char *plain = arena_new(arena, unsigned char, blocks + 1);
    struct str in = str_slice(package, SIZE_BYTES, package.n);
    if (plain == NULL || blocks == 0)
        return false;
    for (size_t at = 0; at < size; at += SEGMENT_BYTES) {
        unsigned char counter[4], hash[CRYPT_HASH_MAX], iv[AES_BLOCK_BYTES];
        size_t n = blocks - at < SEGMENT_BYTES ? blocks - at : SEGMENT_BYTES;
        crypt_le32(counter, (uint32_t)(at / SEGMENT_BYTES));
        size_t hash_n = crypt_hash(a->data.hash, a->data.salt, crypt_str(counter, 4), hash);
        fit(crypt_str(hash, hash_n), iv, sizeof iv);
        if (hash_n == 0 || !aes_cbc_decrypt(crypt_str(key, a->data.key_bytes), iv,
                                            (const unsigned char *)in.p + at, plain + at, n))
            return false;
    }
    *out = crypt_str(plain, size);
    return true;
}

/* ---- standard, 2.3.4.5 to 2.3.4.9: SHA-1, AES block by block ---- */

enum { STANDARD_SPINS = 50000, HEADER_AT = 12, KEY_BITS_AT = 16, HALF_BYTES = 64 };

struct standard {
    size_t key_bytes;
    struct str salt, verifier, verifier_hash;
};

static bool read_standard(struct str info, struct standard *s)
{
    size_t header = le32_at(info, 8), at = HEADER_AT + header;
    if (header > info.n)
        return false;
    s->key_bytes = le32_at(info, HEADER_AT + KEY_BITS_AT) / 8;
    size_t salt = le32_at(info, at);
    s->salt = str_slice(info, at + 4, at + 4 + (salt < 64 ? salt : 64));
    at += 4 + s->salt.n;
    s->verifier = str_slice(info, at, at + 16);
    s->verifier_hash = str_slice(info, at + 20, at + 52);
    return s->verifier.n == 16 && s->verifier_hash.n == 32 &&
           (s->key_bytes == 16 || s->key_bytes == 24 || s->key_bytes == 32);
}

/* Blocks on their own: chained decryption with the chain taken out again. */
static bool decrypt_blocks(struct str key, struct str in, unsigned char *out, size_t room)
{
    static const unsigned char none[AES_BLOCK_BYTES];
    if (in.n > room || !aes_cbc_decrypt(key, none, (const unsigned char *)in.p, out, in.n))
        return false;
    for (size_t i = AES_BLOCK_BYTES; i < in.n; i++)
        out[i] ^= (unsigned char)in.p[i - AES_BLOCK_BYTES];
    return true;
}

static bool standard_key(const struct standard *s, struct str password, unsigned char key[40])
{
    static const unsigned char zero[4];
    unsigned char h[CRYPT_HASH_MAX], half[HALF_BYTES], made[CRYPT_HASH_MAX];
    unsigned char input[16], told[32];
    size_t n = spin(CRYPT_SHA1, s->salt, password, STANDARD_SPINS, h);
    n = n == 0 ? 0 : crypt_hash(CRYPT_SHA1, crypt_str(h, n), crypt_str(zero, 4), h);
    for (unsigned i = 0; i < 2 && n > 0; i++) {
        memset(half, i == 0 ? 0x36 : 0x5c, sizeof half);
        for (size_t k = 0; k < n; k++)
            half[k] ^= h[k];
        if (crypt_hash(CRYPT_SHA1, crypt_str(half, sizeof half), STR_NONE, made) != n)
            return false;
        memcpy(key + i * 20, made, 20);
    }
    struct str k = crypt_str(key, s->key_bytes);
    return n > 0 && decrypt_blocks(k, s->verifier, input, sizeof input) &&
           decrypt_blocks(k, s->verifier_hash, told, sizeof told) &&
           crypt_hash(CRYPT_SHA1, crypt_str(input, 16), STR_NONE, made) == n &&
           memcmp(made, told, n) == 0;
}

static bool standard_package(struct arena *arena, struct str key, struct str package,
                             struct str *out)
{
    size_t blocks, size = package_bytes(package, &blocks);
    unsigned char *plain = arena_new(arena, unsigned char, blocks + 1);
    struct str in = str_slice(package, SIZE_BYTES, SIZE_BYTES + blocks);
    if (plain == NULL || blocks == 0 || !decrypt_blocks(key, in, plain, blocks))
        return false;
    *out = crypt_str(plain, size);
    return true;
}

/* ---- both ---- */

static bool is_agile(struct str info)
{
    return le16_at(info, 0) == 4 && le16_at(info, 2) == 4;
}

static bool is_standard(struct str info)
{
    unsigned major = le16_at(info, 0);
    return major >= 2 && major <= 4 && le16_at(info, 2) == 2;
}

bool crypt_open_package(struct arena *arena, struct str info, struct str package,
                        struct crypt_passwords passwords, struct str *out, size_t *which)
{
    struct agile a = {.spins = 0};
    struct standard s = {.key_bytes = 0};
    bool agile = is_agile(info) && read_agile(arena, str_slice(info, 8, info.n), &a);
    bool standard = is_standard(info) && read_standard(info, &s);
    for (size_t i = 0; i < passwords.n && (agile || standard); i++) {
        unsigned char wide[CRYPT_WIDE_MAX], key[CRYPT_HASH_MAX];
        size_t n;
        if (!crypt_wide(passwords.list[i], wide, &n))
            continue;
        struct str password = crypt_str(wide, n);
        *which = i;
        if (agile && agile_key(&a, password, key))
            return agile_package(arena, &a, key, package, out);
        if (standard && standard_key(&s, password, key))
            return standard_package(arena, crypt_str(key, s.key_bytes), package, out);
    }
    return false;
}
