/* RC4 against the key streams of RFC 6229 and the classic pairs of text; the longer SHA-2. */
#include "crypto/rc4.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "tests/tap.h"

static const struct {
    const char *label;
    struct str key, text;
    const char *want;
} rows[] = {
    {"key of 3", STR_INIT("Key"), STR_INIT("Plaintext"), "bbf316e8d940af0ad3"},
    {"key of 4", STR_INIT("Wiki"), STR_INIT("pedia"), "1021bf0420"},
    {"RFC 6229, 40 bits", STR_INIT("\1\2\3\4\5"), STR_INIT("\0\0\0\0\0\0\0\0"), "b2396305f03dc027"},
    {"RFC 6229, 128 bits", STR_INIT("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20"),
     STR_INIT("\0\0\0\0\0\0\0\0"), "9ac7cc9a609d1ef7"},
};

int main(void)
{
    struct arena arena;
    unsigned char out[DIGEST_SHA2_BYTES];
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rc4 r;
        size_t n = rows[i].text.n, half = n / 2;
        const unsigned char *in = (const unsigned char *)rows[i].text.p;
        tap_case("rc4: %s", rows[i].label);
        rc4_start(&r, rows[i].key);
        rc4_apply(&r, in, out, half);
        rc4_apply(&r, in + half, out + half, n - half);
        tap_str(hex_encode(&arena, str_make((const char *)out, n)), str_from(rows[i].want));
    }
    /* FIPS 180-4, "abc" */
    static const struct {
        unsigned bits;
        const char *want;
    } hashes[] = {{256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                  {384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        "8086072ba1e7cc2358baeca134c825a7"},
                  {512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"}};
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        unsigned char hash[DIGEST_SHA2_BYTES];
        tap_case("sha2: %u bits", hashes[i].bits);
        tap_ok(digest_sha2(hashes[i].bits, STR("abc"), hash));
        tap_str(hex_encode(&arena, str_make((const char *)hash, hashes[i].bits / 8)),
                str_from(hashes[i].want));
    }
    tap_case("sha2: other bits");
    tap_ok(!digest_sha2(1, STR("abc"), out));
    arena_clear(&arena);
    return tap_done();
}
