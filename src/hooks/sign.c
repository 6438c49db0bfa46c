/* The header webhook-signature: HMAC-SHA256 over "id.timestamp.body", with every secret. */
#include <stdio.h>

#include "base/base64.h"
#include "crypto/hmac.h"
#include "hooks/hooks_internal.h"

enum { SIGNED_MAX_BYTES = HOOKS_PAYLOAD_MAX_BYTES + 256 };

bool hook_secret(struct str text, unsigned char out[HOOKS_SECRET_BYTES], size_t *n)
{
    struct arena a;
    struct str bytes = STR_NONE;
    const struct str prefix = STR("whsec_");
    arena_init(&a, 4096);
    bool good = str_starts(text, prefix) && text.n < 1024 &&
                base64_decode(&a, str_slice(text, prefix.n, text.n), BASE64_STRICT, &bytes) &&
                bytes.n >= HOOKS_SECRET_MIN && bytes.n <= HOOKS_SECRET_BYTES;
    if (good) {
        memcpy(out, bytes.p, bytes.n);
        *n = bytes.n;
    }
    if (bytes.p != NULL)
        crypto_wipe((void *)(uintptr_t)bytes.p, bytes.n); /* of our own arena */
    arena_clear(&a);
    return good;
}

static int sign_with(struct str secret, struct str data, struct buf *out, struct mp_err *err)
{
    unsigned char key[HOOKS_SECRET_BYTES], mac[HMAC_MAX_BYTES];
    size_t n = 0;
    if (!hook_secret(secret, key, &n))
        return mp_fail(err, MP_E_USAGE, 0,
                       "a secret is not \"whsec_\" and base64 of %d to %d bytes", HOOKS_SECRET_MIN,
                       HOOKS_SECRET_BYTES);
    bool done = hmac_once(HMAC_SHA256, str_make((const char *)key, n), data, mac);
    crypto_wipe(key, sizeof key);
    if (!done)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a signature");
    buf_addz(out, out->n == 0 ? "v1," : " v1,");
    base64_encode(out, str_make((const char *)mac, hmac_bytes(HMAC_SHA256)));
    return MP_OK;
}

int hook_sign(const struct str *secrets, size_t n, struct str id, int64_t timestamp_s,
              struct str body, struct buf *out, struct mp_err *err)
{
    struct buf data;
    int st = MP_OK;
    buf_init(&data, SIGNED_MAX_BYTES);
    buf_addf(&data, STR_FMT ".%lld.", STR_ARG(id), (long long)timestamp_s);
    buf_add(&data, body);
    if (data.failed || n == 0)
        st = mp_fail(err, data.failed ? MP_E_NOMEM : MP_E_USAGE, 0,
                     data.failed ? "no memory for a signature" : "no secret to sign with");
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = sign_with(secrets[i], buf_str(&data), out, err);
    if (st == MP_OK && out->failed)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a signature");
    buf_clear(&data);
    return st;
}
