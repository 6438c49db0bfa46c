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
    tap_case("aes: a key of another length");
    tap_ok(!aes_start(&aes, str_make(key, 20)));
    aes_end(&aes);
    arena_clear(&arena);
    return tap_done();
}
