/* Encrypted members of a ZIP, opened with what the mail itself offers as passwords: PKWARE's stream
 * cipher (APPNOTE 6.1) and WinZip's AES (AE-1, AE-2). */
#include <zlib.h>

#include "content/inspect_internal.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"

enum {
    PKWARE_HEADER_BYTES = 12,
    AES_VERIFIER_BYTES = 2,
    AES_MAC_BYTES = 10,
    AES_ITERATIONS = 1000,
    AES_KEY_MAX_BYTES = 32,
    COUNTERS = 256 /* blocks of key stream made at a time */
};

struct pkware {
    uint32_t key[3];
};

static uint32_t crc_step(uint32_t crc, unsigned char byte)
{
    return (uint32_t)get_crc_table()[(crc ^ byte) & 0xff] ^ (crc >> 8);
}

static void pkware_feed(struct pkware *k, unsigned char plain)
{
    k->key[0] = crc_step(k->key[0], plain);
    k->key[1] = (k->key[1] + (k->key[0] & 0xff)) * 134775813u + 1;
    k->key[2] = crc_step(k->key[2], (unsigned char)(k->key[1] >> 24));
}

static unsigned char pkware_next(struct pkware *k, char cipher)
{
    uint32_t t = (k->key[2] | 2) & 0xffff;
    unsigned char plain = (unsigned char)((unsigned char)cipher ^ ((t * (t ^ 1)) >> 8));
    pkware_feed(k, plain);
    return plain;
}

/* Is the password right, as far as the header of 12 bytes tells: one octet of it. */
static bool pkware_start(struct pkware *k, const struct zip_source *s, struct str password)
{
    unsigned char last = 0;
    *k = (struct pkware){{0x12345678, 0x23456789, 0x34567890}};
    for (size_t i = 0; i < password.n; i++)
        pkware_feed(k, (unsigned char)password.p[i]);
    for (size_t i = 0; i < PKWARE_HEADER_BYTES; i++)
        last = pkware_next(k, s->packed.p[i]);
    return last == s->check[0] || last == s->check[1];
}

static bool pkware_decrypt(const struct zip_source *s, struct str password, struct buf *plain)
{
    struct pkware k;
    if (s->packed.n < PKWARE_HEADER_BYTES || !pkware_start(&k, s, password))
        return false;
    struct str data = str_slice(s->packed, PKWARE_HEADER_BYTES, s->packed.n);
    char *out = buf_reserve(plain, data.n);
    if (out == NULL)
        return false;
    for (size_t i = 0; i < data.n; i++)
        out[i] = (char)pkware_next(&k, data.p[i]);
    plain->n = data.n;
    return true;
}

/* The counter of WinZip's AES is little-endian and begins at 1. */
static bool aes_xor(struct aes *aes, struct str cipher, char *out)
{
    unsigned char counters[COUNTERS * AES_BLOCK_BYTES] = {0}, stream[sizeof counters];
    uint64_t counter = 1;
    for (size_t at = 0; at < cipher.n; at += sizeof stream) {
        for (size_t b = 0; b < COUNTERS; b++, counter++)
            for (unsigned i = 0; i < 8; i++)
                counters[b * AES_BLOCK_BYTES + i] = (unsigned char)(counter >> (8 * i));
        if (!aes_blocks(aes, counters, stream, COUNTERS))
            return false;
        for (size_t i = 0; i < sizeof stream && i < cipher.n - at; i++)
            out[at + i] = (char)((unsigned char)cipher.p[at + i] ^ stream[i]);
    }
    return true;
}

static bool aes_decrypt(struct inspector *in, const struct zip_source *s, struct str password,
                        struct buf *plain)
{
    size_t key_n = 8 + 8 * (size_t)s->aes_strength, salt_n = key_n / 2;
    unsigned char keys[2 * AES_KEY_MAX_BYTES + AES_VERIFIER_BYTES], mac[HMAC_MAX_BYTES];
    struct str salt = str_slice(s->packed, 0, salt_n);
    struct aes aes;
    if (s->aes_strength > 3 || s->packed.n < salt_n + AES_VERIFIER_BYTES + AES_MAC_BYTES ||
        in->keys_left == 0)
        return false;
    in->keys_left--;
    struct str cipher =
        str_slice(s->packed, salt_n + AES_VERIFIER_BYTES, s->packed.n - AES_MAC_BYTES);
    struct str mac_key = str_make((const char *)keys + key_n, key_n);
    if (!hmac_pbkdf2_long(HMAC_SHA1, password, salt, AES_ITERATIONS, keys,
                          2 * key_n + AES_VERIFIER_BYTES) ||
        memcmp(keys + 2 * key_n, s->packed.p + salt_n, AES_VERIFIER_BYTES) != 0 ||
        !hmac_once(HMAC_SHA1, mac_key, cipher, mac) ||
        memcmp(mac, cipher.p + cipher.n, AES_MAC_BYTES) != 0)
        return false;
    char *out = buf_reserve(plain, cipher.n);
    if (out == NULL || !aes_start(&aes, str_make((const char *)keys, key_n)))
        return false;
    bool ok = aes_xor(&aes, cipher, out);
    plain->n = ok ? cipher.n : 0;
    aes_end(&aes);
    return ok;
}

/* One octet tells little, so what comes out of PKWARE's cipher must have the right checksum. */
static bool is_right(const struct inspector *in, const struct zip_source *s, enum unpacked how)
{
    if (s->aes_strength > 0 || how == UNPACKED_CUT)
        return true;
    return how == UNPACKED_WHOLE && in->out.n == s->size &&
           (uint32_t)crc32_z(0, (const Bytef *)in->out.p, in->out.n) == s->crc;
}

static enum unpacked try_password(struct inspector *in, const struct zip_source *s,
                                  struct str password, struct buf *plain)
{
    size_t used;
    buf_reset(plain);
    bool ok = s->aes_strength > 0 ? aes_decrypt(in, s, password, plain)
                                  : pkware_decrypt(s, password, plain);
    if (!ok)
        return UNPACKED_NOT;
    struct zip_source opened = *s;
    opened.packed = buf_str(plain);
    buf_reset(&in->out);
    in->out_n = 0;
    enum unpacked how = zip_unpack(in, &opened, &used);
    return how == UNPACKED_UNSUPPORTED || is_right(in, s, how) ? how : UNPACKED_NOT;
}

static void tell_opened(struct inspector *in, const struct zip_source *s, struct str password)
{
    in->password = password;
    if (in->told_password)
        return;
    in->told_password = true;
    finding_add(in->site.findings, FINDING_ARCHIVE_PASSWORD_IN_MESSAGE,
                site_member(&in->site, s->name), "\"" STR_FMT "\" opens it", STR_ARG(password));
}

enum unpacked zip_decrypt(struct inspector *in, const struct zip_source *s)
{
    struct buf plain;
    enum unpacked how = UNPACKED_NOT;
    buf_init(&plain, s->packed.n + 1);
    struct str password = in->password;
    if (password.n > 0)
        how = try_password(in, s, password, &plain);
    for (size_t i = 0; how == UNPACKED_NOT && i < in->c->n_passwords; i++) {
        password = in->c->passwords[i];
        if (!str_eq(password, in->password))
            how = try_password(in, s, password, &plain);
    }
    if (how != UNPACKED_NOT)
        tell_opened(in, s, password);
    buf_clear(&plain);
    return how;
}
