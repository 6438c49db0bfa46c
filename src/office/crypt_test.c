/* Encrypted documents, made by another program by the letter of [MS-OFFCRYPTO]: opened with the
 * right password alone. */
#include "office/crypt.h"

#include "office/office_test_kit.h"
#include "tests/tap.h"

static struct arena arena;

static const struct {
    const char *label, *password;
    struct str info, package;
} packages[] = {
    {"standard, 128 bits", "VelvetSweatshop",
     STR_INIT("\x03\x00\x02\x00\x24\x00\x00\x00\x28\x00\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x0e"
              "\x66\x00\x00\x04\x80\x00\x00\x80\x00\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x41\x00\x45\x00\x53\x00\x00\x00\x10\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07"
              "\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x7c\x43\xc7\x36\xd8\x2a\xd7\xb1\x38\x5c\xe2\x9f"
              "\xaa\x86\x8b\xc5\x14\x00\x00\x00\x06\x1d\x0e\x79\x10\xa1\xe0\x33\x0e\xc5\x1b\x85\x05"
              "\x86\x24\x0c\x74\xd3\xbc\x26\xf5\xf2\xa7\xb1\x4c\x79\x66\x5d\x34\x32\x08\x83"),
     STR_INIT("\x18\x00\x00\x00\x00\x00\x00\x00\x01\x71\x86\x97\x8c\x4a\xbc\x5a\xb9\xf0\x4b\xa6\xb5"
              "\x65\x03\xfd\x98\x31\x9e\x7e\x2a\xf6\xe0\xa0\x30\xac\xc4\xf2\x20\x82\x1c\x76")},
    {"standard, 256 bits",
     "p\xc3\xa4"
     "ss",
     STR_INIT("\x03\x00\x02\x00\x24\x00\x00\x00\x28\x00\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x10"
              "\x66\x00\x00\x04\x80\x00\x00\x00\x01\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x41\x00\x45\x00\x53\x00\x00\x00\x10\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07"
              "\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x2f\xa8\xa1\x4a\x55\x72\xe4\xa9\x06\x87\x41\x41"
              "\x16\xdd\x36\x55\x14\x00\x00\x00\xa0\x69\x52\x71\x0f\xbb\xa9\xff\x58\x1b\x68\xaa\x53"
              "\x2e\xca\x1a\xf0\x50\xbc\x05\xe1\xc1\xff\x34\xc8\x05\x12\x10\x04\x4f\xdd\x99"),
     STR_INIT("\x18\x00\x00\x00\x00\x00\x00\x00\xf9\x02\xee\x8c\x76\x55\x25\x83\x07\xb3\xd8\x26\xb5"
              "\x4b\x4c\x7d\x7e\xa6\x86\x0a\xe3\xe5\x08\x2b\x2a\x9d\xf5\x5a\x36\x58\xa8\xf3")},
    {"agile, SHA1", "1234",
     STR_INIT("\4\0\4\0\x40\0\0\0"
              "<encryption><keyData saltSize=\"16\" blockSize=\"16\" keyBits=\"128\" hashSize="
              "\"32\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm="
              "\"SHA1\" saltValue=\"MjM0NTY3ODk6Ozw9Pj9AQQ==\"/><keyEncryptors><keyEncryptor><p"
              ":encryptedKey spinCount=\"1000\" saltSize=\"16\" blockSize=\"16\" keyBits=\"128"
              "\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm=\"SH"
              "A1\" saltValue=\"AQIDBAUGBwgJCgsMDQ4PEA==\" encryptedVerifierHashInput=\"EK8ST9h"
              "mQJaSpGZ4Vy6uYA==\" encryptedVerifierHashValue=\"xmX0xcz/N2cpFhh47gNaAgA6KR50hRT"
              "y22kg9Ps57qE=\" encryptedKeyValue=\"Xq4Gf/YvUlxNgLNJB5r+ew==\"/></keyEncryptor><"
              "/keyEncryptors></encryption>"),
     STR_INIT("\x18\x00\x00\x00\x00\x00\x00\x00\x2f\x4d\xf9\x77\x71\xc1\x82\x07\x56\xa6\xe4\xe4\xbf"
              "\x99\x26\xe6\x8b\x22\x5f\x0d\xeb\xee\xa3\x6b\x97\x9d\xa5\x22\x58\x05\x48\x12")},
    {"agile, SHA512", "1234",
     STR_INIT("\4\0\4\0\x40\0\0\0"
              "<encryption><keyData saltSize=\"16\" blockSize=\"16\" keyBits=\"256\" hashSize="
              "\"64\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm="
              "\"SHA512\" saltValue=\"MjM0NTY3ODk6Ozw9Pj9AQQ==\"/><keyEncryptors><keyEncryptor>"
              "<p:encryptedKey spinCount=\"1000\" saltSize=\"16\" blockSize=\"16\" keyBits=\"25"
              "6\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm=\"S"
              "HA512\" saltValue=\"AQIDBAUGBwgJCgsMDQ4PEA==\" encryptedVerifierHashInput=\"suaa"
              "+cE4nqz4EV8yKTqejA==\" encryptedVerifierHashValue=\"kqXiqLk+bW2nxZfQpHkWREPYXhZ1"
              "u1AHCoRSzqG9fvg1vGvPIKJDZSRJLDS7+Vi2gzb748ph223c9q32pF9S8Q==\" encryptedKeyValue"
              "=\"V9+hPeB/YbCIz8rUHXAbO/yWhiVWKmlNophq6o98utE=\"/></keyEncryptor></keyEncryptor"
              "s></encryption>"),
     STR_INIT("\x18\x00\x00\x00\x00\x00\x00\x00\xd5\xc9\x59\xa2\x33\x90\x7e\xf6\x20\x86\x2a\x00\x18"
              "\x09\xa6\x09\xf3\x07\x91\x15\xd0\xf9\xe4\xe6\xd3\xdf\xfe\x2f\x08\xd7\x70\xec")},
    {"agile, SHA-384", MK_PASSWORD, STR_INIT(MK_AGILE_INFO), STR_INIT(MK_AGILE_PACKAGE)},
};

/* Of the key streams of two blocks the first octets. */
static const struct {
    const char *label, *password;
    struct str file_pass, first, second;
} books[] = {
    {"RC4 of MD5", "VelvetSweatshop",
     STR_INIT("\x01\x00\x01\x00\x01\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
              "\x10\xc3\x27\x23\x8d\x18\xc0\xc0\x99\x60\xc6\xbd\x7b\xe0\x24\x3e\xa7\xaa\x00\x66\xf8"
              "\xd7\xcf\x16\x0d\xed\x8f\x08\xc2\x3c\x4b\x78\xe0"),
     STR_INIT("\xa7\x42\x45\xea\x70\xa9\xaa\xf2"), STR_INIT("\xfe\x47\x1d\x9a\x78\x5a\xa9\xc9")},
    {"RC4 of CryptoAPI, 128 bits", "VelvetSweatshop",
     STR_INIT("\x01\x00\x04\x00\x02\x00\x04\x00\x00\x00\x20\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x68\x00\x00\x04\x80\x00\x00\x80\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x10\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
              "\x0e\x0f\x10\x02\xfe\x47\x41\x7e\x9d\xe0\x3d\xe4\x2b\x73\x81\x51\x6c\xd3\x84\x14\x00"
              "\x00\x00\x85\x0a\xf7\xa9\x49\x88\x05\xcb\xb9\x8b\x81\x62\x6c\x08\xd6\xa8\xa3\x01\x32"
              "\x09"),
     STR_INIT("\x66\x9b\x21\x26\x16\xf4\x8a\x56"), STR_INIT("\xe7\x92\x94\x7f\x54\xf9\xce\x40")},
    {"RC4 of CryptoAPI, 40 bits", "1234",
     STR_INIT("\x01\x00\x04\x00\x02\x00\x04\x00\x00\x00\x20\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x68\x00\x00\x04\x80\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x10\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
              "\x0e\x0f\x10\x8d\x64\x6b\x6f\xf4\x8e\xf1\xf7\x59\xe4\x2b\xce\x37\x77\xc4\x01\x14\x00"
              "\x00\x00\xe2\xd8\x2d\xf8\x26\x97\x4a\x40\x41\x74\xaf\x83\x64\x89\xb7\x8a\x55\x50\x60"
              "\xfe"),
     STR_INIT("\xe9\x01\x0d\x08\x9c\xe7\x9b\x9c"), STR_INIT("\x01\x98\x19\x27\x34\x14\x41\x09")},
};

static const struct str wrong[] = {STR_INIT("velvetsweatshop"), STR_INIT(""), STR_INIT("12345"),
                                   STR_INIT("\xff\xfe")};

static void check_package(size_t i)
{
    struct str tried[] = {STR("wrong"), str_from(packages[i].password)}, out = STR_NONE;
    struct crypt_passwords right = {tried, 2}, bad = {wrong, ARRAY_LEN(wrong)};
    size_t which = 0;
    tap_case("crypt: %s", packages[i].label);
    tap_ok(crypt_open_package(&arena, packages[i].info, packages[i].package, right, &out, &which));
    tap_int(which, 1);
    tap_str(out, STR("PK, and what follows it."));
    tap_ok(!crypt_open_package(&arena, packages[i].info, packages[i].package, bad, &out, &which));
    tap_case("crypt: %s, cut", packages[i].label);
    for (size_t n = 0; n < packages[i].package.n; n++) {
        char *exact = malloc(n + 1);
        if (exact == NULL)
            abort();
        memcpy(exact, packages[i].package.p, n);
        struct str cut = str_make(exact, n);
        bool opened =
            n % 8 == 0 && crypt_open_package(&arena, packages[i].info, cut, right, &out, &which);
        tap_ok(!opened || out.n <= n);
        free(exact);
    }
}

static void check_book(size_t i)
{
    enum { BLOCK = 1024 };
    static const char zeros[BLOCK + 8];
    struct str tried[] = {STR("wrong"), str_from(books[i].password)}, out = STR_NONE;
    struct crypt_passwords right = {tried, 2}, bad = {wrong, ARRAY_LEN(wrong)};
    struct str stream = str_make(zeros, sizeof zeros);
    size_t which = 0;
    tap_case("crypt: %s", books[i].label);
    tap_ok(crypt_open_book(&arena, books[i].file_pass, stream, right, &out, &which));
    tap_int(which, 1);
    tap_str(str_slice(out, 0, 8), books[i].first);
    tap_str(str_slice(out, BLOCK, BLOCK + 8), books[i].second);
    tap_ok(!crypt_open_book(&arena, books[i].file_pass, stream, bad, &out, &which));
    tap_case("crypt: %s, cut", books[i].label);
    for (size_t n = 0; n < books[i].file_pass.n; n++)
        tap_ok(!crypt_open_book(&arena, str_slice(books[i].file_pass, 0, n), stream, right, &out,
                                &which));
}

/* So many hashes that nobody waits for them. */
static void test_spins(void)
{
    struct str info = packages[ARRAY_LEN(packages) - 1].info, out;
    struct str password = STR("1234"), mark = STR("spinCount=\"10\"");
    size_t at = str_search(info, mark), which;
    tap_case("crypt: more hashes than are calculated");
    struct str parts[] = {str_slice(info, 0, at), STR("spinCount=\"200001\""),
                          str_slice(info, at + mark.n, info.n)};
    tap_ok(at < info.n);
    tap_ok(!crypt_open_package(&arena, arena_join(&arena, parts, 3),
                               packages[ARRAY_LEN(packages) - 1].package,
                               (struct crypt_passwords){&password, 1}, &out, &which));
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    for (size_t i = 0; i < ARRAY_LEN(packages); i++)
        check_package(i);
    for (size_t i = 0; i < ARRAY_LEN(books); i++)
        check_book(i);
    test_spins();
    arena_clear(&arena);
    return tap_done();
}
