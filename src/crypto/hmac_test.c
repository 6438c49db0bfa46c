/* HMAC and PBKDF2 against the RFCs' own vectors, and what must not pass. */
#include "crypto/hmac.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "tests/tap.h"

static struct arena arena;

static struct str hex_of(const unsigned char *p, enum hmac_alg alg)
{
    return hex_encode(&arena, str_make((const char *)p, hmac_bytes(alg)));
}

/* RFC 2202 and RFC 4231. */
static const struct {
    const char *label;
    enum hmac_alg alg;
    struct str key, data;
    const char *want;
} mac_rows[] = {
    {"MD5, Jefe", HMAC_MD5, STR_INIT("Jefe"), STR_INIT("what do ya want for nothing?"),
     "750c783e6ab0b503eaa86e310a5db738"},
    {"SHA-1, Jefe", HMAC_SHA1, STR_INIT("Jefe"), STR_INIT("what do ya want for nothing?"),
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {"SHA-256, Jefe", HMAC_SHA256, STR_INIT("Jefe"), STR_INIT("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"SHA-256, empty key and data", HMAC_SHA256, STR_INIT(""), STR_INIT(""),
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

/* RFC 6070; RFC 7914 11 (first 32 octets). */
static const struct {
    const char *label;
    enum hmac_alg alg;
    struct str password, salt;
    uint32_t iterations;
    const char *want;
} kdf_rows[] = {
    {"SHA-1, once", HMAC_SHA1, STR_INIT("password"), STR_INIT("salt"), 1,
     "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {"SHA-1, 4096", HMAC_SHA1, STR_INIT("password"), STR_INIT("salt"), 4096,
     "4b007901b765489abead49d926f721d065a429c1"},
    {"SHA-256, once", HMAC_SHA256, STR_INIT("passwd"), STR_INIT("salt"), 1,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
};

int main(void)
{
    unsigned char out[HMAC_MAX_BYTES];
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(mac_rows); i++) {
        tap_case("hmac: %s", mac_rows[i].label);
        tap_ok(hmac_once(mac_rows[i].alg, mac_rows[i].key, mac_rows[i].data, out));
        tap_str(hex_of(out, mac_rows[i].alg), str_from(mac_rows[i].want));
    }
    tap_case("pbkdf2: longer than one hash (RFC 6070)");
    unsigned char longer[25];
    tap_ok(hmac_pbkdf2_long(HMAC_SHA1, STR("passwordPASSWORDpassword"),
                            STR("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096, longer,
                            sizeof longer));
    tap_str(hex_encode(&arena, str_make((const char *)longer, sizeof longer)),
            STR("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"));
    for (size_t i = 0; i < ARRAY_LEN(kdf_rows); i++) {
        tap_case("pbkdf2: %s", kdf_rows[i].label);
        tap_ok(hmac_pbkdf2(kdf_rows[i].alg, kdf_rows[i].password, kdf_rows[i].salt,
                           kdf_rows[i].iterations, out));
        tap_str(hex_of(out, kdf_rows[i].alg), str_from(kdf_rows[i].want));
    }
    tap_case("pbkdf2: no iterations, too many");
    tap_ok(!hmac_pbkdf2(HMAC_SHA1, STR("p"), STR("s"), 0, out));
    tap_ok(!hmac_pbkdf2(HMAC_SHA1, STR("p"), STR("s"), UINT32_MAX, out));
    tap_case("hash: of nothing");
    tap_ok(hmac_hash(HMAC_SHA1, STR_NONE, out));
    tap_str(hex_of(out, HMAC_SHA1), STR("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    tap_case("random: two are not the same");
    unsigned char a[32] = {0}, b[32] = {0};
    tap_ok(crypto_random(a, sizeof a) && crypto_random(b, sizeof b));
    tap_ok(!digest_equal(str_make((char *)a, sizeof a), str_make((char *)b, sizeof b)));
    tap_case("wipe: nothing is left; NULL is allowed");
    crypto_wipe(a, sizeof a);
    crypto_wipe(NULL, 0);
    memset(b, 0, sizeof b);
    tap_ok(memcmp(a, b, sizeof a) == 0);
    arena_clear(&arena);
    return tap_done();
}
