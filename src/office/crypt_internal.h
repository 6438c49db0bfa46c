/* Hashes and passwords, for crypt*.c alone. */
#ifndef MP_OFFICE_CRYPT_INTERNAL_H
#define MP_OFFICE_CRYPT_INTERNAL_H

#include "office/crypt.h"

enum { CRYPT_HASH_MAX = 64, CRYPT_WIDE_MAX = CRYPT_MAX_PASSWORD_BYTES * 2 };

enum crypt_hash { CRYPT_MD5, CRYPT_SHA1, CRYPT_SHA256, CRYPT_SHA384, CRYPT_SHA512 };

/* Of both pieces, one behind the other. 0: they are too long, or there is no such algorithm here.
 */
size_t crypt_hash(enum crypt_hash alg, struct str a, struct str b,
                  unsigned char out[CRYPT_HASH_MAX]);

/* UTF-16, little end first. False: too long, or no UTF-8. */
bool crypt_wide(struct str password, unsigned char out[CRYPT_WIDE_MAX], size_t *n);

static inline struct str crypt_str(const unsigned char *p, size_t n)
{
    return str_make((const char *)p, n);
}

static inline void crypt_le32(unsigned char out[4], uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (unsigned char)(v >> 8 * i);
}

#endif
