/* Workbooks of BIFF, encrypted with RC4 ([MS-OFFCRYPTO] 2.3.5 and 2.3.6): a key for each 1024
 * octets of the stream. */
#include "base/bytes.h"
#include "crypto/rc4.h"
#include "office/crypt_internal.h"

enum {
    TYPE_RC4 = 1,
    BLOCK_BYTES = 1024,
    VERIFIER_BYTES = 16,
    KEY_40_BYTES = 5,
    RC4_KEY_BYTES = 16
};

struct book_crypt {
    bool by_sha1; /* "CryptoAPI"; else MD5 */
    size_t key_bytes;
    struct str salt, verifier, verifier_hash;
    unsigned char base[CRYPT_HASH_MAX]; /* what keys are made of, by the password */
    size_t base_n;
};

static bool read_file_pass(struct str s, struct book_crypt *c)
{
    unsigned major = le16_at(s, 2), minor = le16_at(s, 4);
    if (le16_at(s, 0) != TYPE_RC4)
        return false;
    if (major == 1 && minor == 1) {
        c->salt = str_slice(s, 6, 22);
        c->verifier = str_slice(s, 22, 38);
        c->verifier_hash = str_slice(s, 38, 54);
        return c->verifier_hash.n == 16;
    }
    size_t header = le32_at(s, 10), at = 14 + header;
    if (major < 2 || major > 4 || minor != 2 || header > s.n)
        return false;
    size_t bits = le32_at(s, 14 + 16);
    c->by_sha1 = true;
    c->key_bytes = bits == 0 ? KEY_40_BYTES : bits / 8;
    c->salt = str_slice(s, at + 4, at + 20);
    c->verifier = str_slice(s, at + 20, at + 36);
    c->verifier_hash = str_slice(s, at + 40, at + 60);
    return le32_at(s, at) == 16 && c->verifier_hash.n == 20 && c->key_bytes >= KEY_40_BYTES &&
           c->key_bytes <= RC4_KEY_BYTES;
}

/* 2.3.6.2: five octets of the hash, sixteen times with the salt, hashed. */
static size_t base_of_md5(const struct book_crypt *c, struct str password, unsigned char *out)
{
    enum { TIMES = 16 };
    unsigned char first[CRYPT_HASH_MAX];
    char all[TIMES * (KEY_40_BYTES + VERIFIER_BYTES)];
    if (crypt_hash(CRYPT_MD5, password, STR_NONE, first) == 0 || c->salt.n != VERIFIER_BYTES)
        return 0;
    for (size_t i = 0; i < sizeof all; i += KEY_40_BYTES + VERIFIER_BYTES) {
        memcpy(all + i, first, KEY_40_BYTES);
        memcpy(all + i + KEY_40_BYTES, c->salt.p, VERIFIER_BYTES);
    }
    return crypt_hash(CRYPT_MD5, str_make(all, sizeof all), STR_NONE, out) == 0 ? 0 : KEY_40_BYTES;
}

static void start_block(const struct book_crypt *c, uint32_t block, struct rc4 *r)
{
    unsigned char number[4], made[CRYPT_HASH_MAX] = {0};
    crypt_le32(number, block);
    crypt_hash(c->by_sha1 ? CRYPT_SHA1 : CRYPT_MD5, crypt_str(c->base, c->base_n),
               crypt_str(number, 4), made);
    if (c->by_sha1 && c->key_bytes == KEY_40_BYTES)
        memset(made + KEY_40_BYTES, 0, RC4_KEY_BYTES - KEY_40_BYTES);
    bool full = !c->by_sha1 || c->key_bytes == KEY_40_BYTES;
    rc4_start(r, crypt_str(made, full ? (size_t)RC4_KEY_BYTES : c->key_bytes));
}

static bool is_password(struct book_crypt *c, struct str password)
{
    unsigned char input[VERIFIER_BYTES], told[CRYPT_HASH_MAX], is[CRYPT_HASH_MAX];
    struct rc4 r;
    c->base_n = c->by_sha1 ? crypt_hash(CRYPT_SHA1, c->salt, password, c->base)
                           : base_of_md5(c, password, c->base);
    if (c->base_n == 0)
        return false;
    start_block(c, 0, &r);
    rc4_apply(&r, (const unsigned char *)c->verifier.p, input, VERIFIER_BYTES);
    rc4_apply(&r, (const unsigned char *)c->verifier_hash.p, told, c->verifier_hash.n);
    size_t n = crypt_hash(c->by_sha1 ? CRYPT_SHA1 : CRYPT_MD5, crypt_str(input, VERIFIER_BYTES),
                          STR_NONE, is);
    return n == c->verifier_hash.n && memcmp(is, told, n) == 0;
}

static bool decrypt(struct arena *arena, const struct book_crypt *c, struct str stream,
                    struct str *out)
{
    unsigned char *plain = arena_new(arena, unsigned char, stream.n + 1);
    if (plain == NULL)
        return false;
    for (size_t at = 0; at < stream.n; at += BLOCK_BYTES) {
        struct rc4 r;
        size_t n = stream.n - at < BLOCK_BYTES ? stream.n - at : BLOCK_BYTES;
        start_block(c, (uint32_t)(at / BLOCK_BYTES), &r);
        rc4_apply(&r, (const unsigned char *)stream.p + at, plain + at, n);
    }
    *out = crypt_str(plain, stream.n);
    return true;
}

bool crypt_open_book(struct arena *arena, struct str file_pass, struct str stream,
                     struct crypt_passwords passwords, struct str *out, size_t *which)
{
    struct book_crypt c = {.by_sha1 = false};
    if (!read_file_pass(file_pass, &c))
        return false;
    for (size_t i = 0; i < passwords.n; i++) {
        unsigned char wide[CRYPT_WIDE_MAX];
        size_t n;
        if (!crypt_wide(passwords.list[i], wide, &n) || !is_password(&c, crypt_str(wide, n)))
            continue;
        *which = i;
        return decrypt(arena, &c, stream, out);
    }
    return false;
}
