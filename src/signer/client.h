/* Asking the process that keeps the private keys: blocking, with a deadline, reconnecting. */
#ifndef MP_SIGNER_CLIENT_H
#define MP_SIGNER_CLIENT_H

#include "signer/sign.h"
#include "signer/wire.h"

/* One connection. One thread at a time. */
struct signer_client;

/* Connects when first asked. `socket_path`: unix SOCK_SEQPACKET, shorter than 108 bytes.
 * `timeout_ms`: for each request, connecting counted. MP_OK, MP_E_USAGE, MP_E_NOMEM. */
int signer_client_new(const char *socket_path, unsigned timeout_ms, struct signer_client **out,
                      struct mp_err *err);
void signer_client_free(struct signer_client *c); /* accepts NULL */

/* What keys are there: asked once, and again after a reconnect. Lives until the next call.
 * MP_OK; MP_E_IO: nobody is there, or it answers nonsense; MP_E_TIMEOUT; MP_E_NOMEM. */
int signer_client_list(struct signer_client *c, const struct signer_key_info **keys, size_t *n,
                       struct mp_err *err);
/* Append the signature by key `name` over the SHA-256 hash. A connection that was lost meanwhile is
 * made again, once. As before, and MP_E_USAGE: there is no such key; MP_E_CRYPTO. */
int signer_client_sign(struct signer_client *c, struct str name, struct str sha256, struct buf *out,
                       struct mp_err *err);

/* For signing_sign and signing_seal. Borrows the client. */
struct signing_keys signer_client_keys(struct signer_client *c);

#endif
