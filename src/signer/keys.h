/* The private keys, inside the process that keeps them. */
#ifndef MP_SIGNER_KEYS_H
#define MP_SIGNER_KEYS_H

#include "signer/table.h"
#include "signer/wire.h"

/* Read-only after loading: any thread may sign. */
struct signer_keys;

/* All key files of the table. A file is refused that others than its owner may read or write, or
 * that is neither ours nor root's; root takes also those of the user that it will become. MP_OK;
 * MP_E_IO, MP_E_SYNTAX, MP_E_LIMIT, MP_E_USAGE "FILE: what, and what to do"; MP_E_NOMEM. */
int signer_keys_load(const struct signing_table *t, struct signer_keys **out, struct mp_err *err);
void signer_keys_free(struct signer_keys *k); /* wiped; accepts NULL */

/* Sorted by name. */
const struct signer_key_info *signer_keys_infos(const struct signer_keys *k, size_t *n);
/* NULL: there is none of that name. */
const struct private_key *signer_keys_find(const struct signer_keys *k, struct str name);

/* Do keys and table fit: is `algorithm` what the key is, is each long enough, is the one that seals
 * RSA? MP_OK; MP_E_USAGE "file:line:column: ...". */
int signing_check_keys(const struct signing_table *t, const struct signer_key_info *keys, size_t n,
                       struct mp_err *err);

#endif
