/* Signing: DKIM-Signature fields (RFC 6376, RFC 8463). */
#ifndef MAILPROOF_SIGN_H
#define MAILPROOF_SIGN_H

#include <mailproof/mailproof.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A private key with the names it signs for. Read-only after making: any thread. */
struct mp_signer;

/* `pem`: PKCS#8 or PKCS#1, RSA of 1024 to 4096 bits or Ed25519, unencrypted; copied, wiped on free.
 */
MP_API int mp_signer_new(const char *domain, const char *selector, const char *pem,
                         struct mp_signer **out, struct mp_error *error);
MP_API void mp_signer_free(struct mp_signer *s); /* accepts NULL */

/* The DKIM-Signature field for the message, folded, with its final CRLF: write it in front of the
 * message. relaxed/relaxed, oversigned, t= set to `time_s` (0: now). *out is malloc'd text with
 * a final NUL, for free(). MP_CODE_SYNTAX when the message must not be signed: not one From, or
 * line ends and NULs in the head that readers disagree about. MP_CODE_USAGE when domain or selector
 * are none. Threads: any number may sign with one signer at once. */
MP_API int mp_sign(const struct mp_signer *s, const void *message, size_t length, int64_t time_s,
                   char **out, struct mp_error *error);

#ifdef __cplusplus
}
#endif

#endif
