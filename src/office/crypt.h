/* Encrypted documents ([MS-OFFCRYPTO]), opened with passwords that are known: the one that Excel
 * tries by itself, and those of the mail. */
#ifndef MP_OFFICE_CRYPT_H
#define MP_OFFICE_CRYPT_H

#include "base/arena.h"

enum {
    CRYPT_MAX_SPINS = 200000, /* hashes a password, as the document asks for: 100,000 by Office */
    CRYPT_MAX_PASSWORD_BYTES = 255
};

/* Passwords to try, UTF-8. */
struct crypt_passwords {
    const struct str *list;
    size_t n;
};

/* The package that stands encrypted in the stream "EncryptedPackage", by the stream
 * "EncryptionInfo". False: none of the passwords, or another way of encryption, or no memory.
 * *which: the password that opened it. */
bool crypt_open_package(struct arena *arena, struct str info, struct str package,
                        struct crypt_passwords passwords, struct str *out, size_t *which);

/* A workbook of BIFF by the data of its record FILEPASS (RC4): all octets of the stream as they
 * come out; heads of records and some records were never encrypted. */
bool crypt_open_book(struct arena *arena, struct str file_pass, struct str stream,
                     struct crypt_passwords passwords, struct str *out, size_t *which);

#endif
