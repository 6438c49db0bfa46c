/* What the files of the SASL mechanisms share. */
#ifndef MP_SMTP_SASL_INTERNAL_H
#define MP_SMTP_SASL_INTERNAL_H

#include "crypto/hmac.h"
#include "smtp/sasl.h"

enum { SASL_SECRETS_MAX = 12, SASL_NONCE_BYTES = 24 };

struct sasl {
    struct arena *arena;
    enum sasl_mech mech;
    struct str user, password, authorize_as; /* copies; prepared for SCRAM */
    struct str initial;
    unsigned steps;          /* challenges answered */
    bool finished, proved;   /* no further challenge is expected; SCRAM's signature was right */
    bool told_error;         /* a challenge told an error instead of going on */
    struct str server_error; /* its words */

    /* SCRAM (RFC 5802 5) */
    enum hmac_alg hash;
    struct str gs2_header, binding, first_bare, nonce;
    unsigned char server_signature[HMAC_MAX_BYTES];

    struct str secrets[SASL_SECRETS_MAX]; /* memory of the arena that sasl_done wipes */
    size_t n_secrets;
};

/* A copy that sasl_done wipes; p == NULL without memory. */
struct str sasl_secret(struct sasl *s, struct str text);
/* The parts one behind the other, wiped by sasl_done. */
struct str sasl_secret_join(struct sasl *s, const struct str *parts, size_t n);

/* SASLprep (RFC 4013) of what needs no NFKC tables: maps spaces and what disappears, refuses
 * prohibited code points and those that normalization might change. MP_E_USAGE names `what`.
 * `*out` is wiped by sasl_done. */
int sasl_prep(struct sasl *s, const char *what, struct str text, struct str *out,
              struct mp_err *err);

int scram_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                struct mp_err *err);
int scram_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);

/* saslname: "," and "=" written as =2C and =3D (RFC 5802 5.1). */
struct str sasl_name(struct sasl *s, struct str name);

#endif
