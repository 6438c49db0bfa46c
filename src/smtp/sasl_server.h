/* SASL mechanisms for SMTP AUTH, server side (RFC 4954, 4616, 2195, 5802, 7677, 7628, XOAUTH2). */
#ifndef MP_SMTP_SASL_SERVER_H
#define MP_SMTP_SASL_SERVER_H

#include "smtp/sasl.h"

enum { SASL_USERS_MAX = 10000, SASL_SERVER_ITERATIONS = 4096 };

/* Who may log in: "user:password" a line, "#" comments, blank lines. Read-only afterwards but for
 * a cache of SCRAM keys: one thread at a time. */
struct sasl_users;
/* MP_E_SYNTAX: "line 3: ..." (no password is in the text). MP_E_LIMIT, MP_E_NOMEM. */
int sasl_users_parse(struct str text, struct sasl_users **out, struct mp_err *err);
void sasl_users_free(struct sasl_users *u); /* wipes; accepts NULL */

/* Mechanisms that can be offered: with `users` NULL anybody is let in whatever the secret, which
 * SCRAM cannot do: there the server proves that it knows the password too. */
bool sasl_server_has(enum sasl_mech m, const struct sasl_users *users);

enum sasl_outcome {
    SASL_CONTINUE,  /* send the challenge, 334 */
    SASL_SUCCESS,   /* 235: sasl_server_user */
    SASL_WRONG,     /* 535: the user or the secret is wrong, and it is not told which */
    SASL_MALFORMED, /* 501: the response is not what the mechanism says */
    SASL_BROKEN     /* 454: memory, randomness, a hash that is disabled */
};

struct sasl_server; /* one exchange, in the arena; no secret is copied */
/* `hostname`: of CRAM-MD5's challenge. `nonce`: for tests; empty: random. MP_E_USAGE: the mechanism
 * cannot be offered. */
int sasl_server_start(struct arena *a, enum sasl_mech m, struct sasl_users *users,
                      struct str hostname, struct str nonce, struct sasl_server **out,
                      struct mp_err *err);
/* Without an initial response the first call has `response`.p NULL. Both sides decoded: base64 is
 * the caller's. The challenge may be empty; it lives in the arena. After anything but SASL_CONTINUE
 * the exchange is over. */
enum sasl_outcome sasl_server_step(struct sasl_server *s, struct str response,
                                   struct str *challenge);
struct str sasl_server_user(const struct sasl_server *s); /* who logged in; any UTF-8 */

#endif
