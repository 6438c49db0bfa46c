/* AES on single blocks against FIPS 197, and keys that are none. */
#include "crypto/aes.h"

#include "base/hex.h"
#include "tests/tap.h"

static const struct {
    const char *label;
    size_t key_n;
    const char *want;
} rows[] = {
    {"128", 16, "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {"192", 24, "dda97ca4864cdfe06eaf70a0ec0d7191"},
    {"256", 32, "8ea2b7ca516745bfeafc49904b496089"},
};

int main(void)
{
    struct arena arena;
    char key[32];
    unsigned char in[2 * AES_BLOCK_BYTES], out[sizeof in];
    struct aes aes;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (char)i;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i % 16 * 0x11);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("aes: FIPS 197 appendix C, %s bits", rows[i].label);
        tap_ok(aes_start(&aes, str_make(key, rows[i].key_n)));
        tap_ok(aes_blocks(&aes, in, out, 2));
        aes_end(&aes);
        tap_str(hex_encode(&arena, str_make((const char *)out, 16)), str_from(rows[i].want));
        tap_ok(memcmp(out, out + 16, 16) == 0);
    }
    /* NIST SP 800-38A F.2.1 and F.2.5, first block; the second is a chain of it. */
    static const struct {
        const char *label, *key, *want;
    } chains[] = {{"128", "2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"},
                  {"256", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                   "f58c4c04d6e5f1ba779eabfb5f7bfbd6"}};
    static const char text[] = "6bc1bee22e409f96e93d7e117393172a";
    for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
        unsigned char back[sizeof in], iv[AES_BLOCK_BYTES];
        struct str hex = str_from(chains[i].key);
        struct str k = str_make(key, hex.n / 2);
        for (size_t j = 0; j < hex.n / 2; j++)
            key[j] = (char)hex_octet(hex, 2 * j);
        for (size_t j = 0; j < sizeof in; j++)
            in[j] = (unsigned char)hex_octet(str_from(text), j % 16 * 2);
        for (size_t j = 0; j < sizeof iv; j++)
            iv[j] = (unsigned char)j;
        tap_case("aes: CBC of SP 800-38A, %s bits", chains[i].label);
        tap_ok(aes_cbc_encrypt(k, iv, in, out, sizeof in));
        tap_str(hex_encode(&arena, str_make((const char *)out, 16)), str_from(chains[i].want));
        tap_ok(memcmp(out, out + 16, 16) != 0);
        tap_ok(aes_cbc_decrypt(k, iv, out, back, sizeof back));
        tap_ok(memcmp(in, back, sizeof in) == 0);
        tap_ok(!aes_cbc_decrypt(k, iv, out, back, sizeof back - 1));
    }
    tap_case("aes: a key of another length");
    tap_ok(!aes_cbc_encrypt(str_make(key, 20), in, in, out, 16));
    tap_ok(!aes_start(&aes, str_make(key, 20)));
    aes_end(&aes);
    arena_clear(&arena);
    return tap_done();
}
