/* Key octets of strangers: the reader stays inside its input and keys that it makes are sane. */
#include <assert.h>

#include "crypto/der.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hash[32];
    struct str in = str_make((const char *)data, size);
    for (int type = KEY_RSA; type <= KEY_ED25519; type++) {
        struct public_key *k = NULL;
        bool valid = true;
        if (public_key_new((enum key_type)type, in, &k, NULL) != MP_OK)
            continue;
        assert(public_key_bits(k) <= KEY_RSA_MAX_BITS);
        struct str signature = str_slice(in, 0, (public_key_bits(k) + 7) / 8);
        assert(public_key_verify(k, str_make(hash, sizeof hash), signature, &valid, NULL) == MP_OK);
        public_key_free(k);
    }
    return 0;
}
