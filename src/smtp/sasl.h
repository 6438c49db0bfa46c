/* SASL mechanisms for SMTP AUTH, client side (RFC 4954, 4616, 2195, 5802, 7677, 7628, XOAUTH2). */
#ifndef MP_SMTP_SASL_H
#define MP_SMTP_SASL_H

#include "base/arena.h"
#include "base/err.h"

enum sasl_mech {
    SASL_SCRAM_SHA_256_PLUS, /* strongest first: the order of choice */
    SASL_SCRAM_SHA_1_PLUS,
    SASL_SCRAM_SHA_256,
    SASL_SCRAM_SHA_1,
    SASL_CRAM_MD5,
    SASL_OAUTHBEARER,
    SASL_XOAUTH2,
    SASL_PLAIN,
    SASL_LOGIN,
    SASL_MECH_COUNT
};
const char *sasl_mech_name(enum sasl_mech m);
bool sasl_mech_by_name(struct str name, enum sasl_mech *out);
/* Does it show the secret to whoever reads the line (PLAIN, LOGIN, the tokens)? Then only in TLS.
 */
bool sasl_mech_shows_secret(enum sasl_mech m);

enum {
    SASL_SCRAM_MIN_ITERATIONS = 4096,
    SASL_SCRAM_MAX_ITERATIONS = 1000000,
    SASL_MAX_BYTES = 9000
};

struct sasl_credentials {
    struct str user, password; /* or token for the OAuth ones */
    struct str authorize_as;   /* authzid; usually empty */
    struct str host;           /* OAUTHBEARER host= */
    uint16_t port;
    /* Channel binding of the TLS session; empty without TLS. `type` "tls-exporter" or
     * "tls-server-end-point". The server offers -PLUS: say so (RFC 5802 6, gs2 "y" defence). */
    const char *binding_type;
    struct str binding;
    bool server_offers_plus;
};

/* One exchange, in the arena; secrets and what was made of them are wiped by sasl_done, so outputs
 * die with it. */
struct sasl;
/* `nonce`: for tests; empty: random. MP_E_USAGE: user or password cannot be used with this
 * mechanism (empty, NUL, longer than SASL_MAX_BYTES, missing binding; for SCRAM what SASLprep
 * prohibits, and what is not known to be normalized already: we have no NFKC). MP_E_CRYPTO: no
 * random octets. Strings of `c` are copied but for the binding, which must outlive the exchange. */
int sasl_start(struct arena *a, enum sasl_mech m, const struct sasl_credentials *c,
               struct str nonce, struct sasl **out, struct mp_err *err);
/* The initial response, not yet base64; *has is false when the mechanism has none (LOGIN, CRAM). */
void sasl_initial(struct sasl *s, struct str *out, bool *has);
/* Answer a challenge (decoded from base64) that came after the initial response, or after AUTH when
 * there is none. MP_OK with *out (may be empty); MP_E_SYNTAX: the challenge is not what the
 * mechanism says, or the server could not prove itself: cancel with "*". MP_E_CRYPTO: the hash is
 * disabled here (MD5 in FIPS mode). A challenge that tells an error (JSON of the OAuth mechanisms,
 * "e=" of SCRAM) is answered as the RFCs say, with MP_OK: the server's 5xx follows. */
int sasl_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);
/* The server said 235: may it be believed? SCRAM: only after its signature was right; others:
 * unless a challenge told an error. */
bool sasl_proved(const struct sasl *s);
/* The error that a challenge told, as it came: any bytes. Empty: none did. */
struct str sasl_server_error(const struct sasl *s);
void sasl_done(struct sasl *s); /* accepts NULL */

#endif
