/* A message signed or sealed by the table, with keys that may be in another process. */
#ifndef MP_SIGNER_SIGN_H
#define MP_SIGNER_SIGN_H

#include "auth/arc.h"
#include "auth/author.h"
#include "auth/dkim.h"
#include "signer/table.h"

struct signer_keys;

/* Where keys are found by their name. MP_OK, with out->sign == NULL when there is none of that
 * name; `arena` for what `out` needs, which lives as long; a failure when nobody could be asked. */
struct signing_keys {
    int (*find)(void *ctx, struct arena *arena, struct str name, struct sign_key *out,
                struct mp_err *err);
    void *ctx;
};
/* Those of this process. */
struct signing_keys signing_keys_here(const struct signer_keys *k);

struct signing_report {
    unsigned signatures;  /* written; 0: the message goes as it is, and `reason` says why */
    struct str signed_by; /* "example.org:r2026 example.org:e2026", or empty */
    struct str reason;    /* also beside signatures: what one of the keys lacked. May be empty */
};

/* Append the DKIM-Signature fields of the author's domain to `out`, one a key that signs now.
 * `author`: of author_check. Not signed, which is no failure: the author's domain is not clear or
 * not in the table, no key signs now, or verifiers would disagree about the message.
 * Owns: the report's texts in `arena`. MP_OK with *report; else our own fault, and `out` is as
 * before: MP_E_IO, MP_E_TIMEOUT (the keys' process), MP_E_CRYPTO, MP_E_NOMEM, MP_E_LIMIT. */
int signing_sign(const struct signing_table *t, const struct signing_keys *keys,
                 struct arena *arena, const struct message *m, const struct author *author,
                 int64_t now_s, struct buf *out, struct signing_report *report, struct mp_err *err);

/* What a seal says, and about what: as arc_seal takes it. */
struct signing_arrival {
    const struct message *message;
    struct body_hashes *bodies;
    const struct arc_outcome *chain;
    struct str authserv_id, results;
};

/* Append the next ARC set to `out`. Not sealed, which is no failure: the table has no `seal`, none
 * of its keys seals now, the chain is closed, full or undecided. As above. */
int signing_seal(const struct signing_table *t, const struct signing_keys *keys,
                 struct arena *arena, const struct signing_arrival *a, int64_t now_s,
                 struct buf *out, struct signing_report *report, struct mp_err *err);

#endif
