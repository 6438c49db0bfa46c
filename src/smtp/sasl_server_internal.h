/* What the files of the server side of SASL share. */
#ifndef MP_SMTP_SASL_SERVER_INTERNAL_H
#define MP_SMTP_SASL_SERVER_INTERNAL_H

#include "crypto/hmac.h"
#include "smtp/sasl_server.h"

enum { SCRAM_SALT_BYTES = 16, SASL_USER_MAX_BYTES = 320 };

/* What SCRAM needs of a password (RFC 5802 3); made at the first login, 4096 rounds are slow. */
struct scram_keys {
    bool made;
    unsigned char stored[HMAC_MAX_BYTES], server[HMAC_MAX_BYTES];
};
struct sasl_user {
    struct str name, password; /* in the table's own memory */
    struct scram_keys keys[2]; /* SHA-1, SHA-256 */
};
struct sasl_users {
    char *text;
    size_t text_bytes;
    struct sasl_user *items; /* by name */
    size_t n;
    unsigned char secret[32]; /* salts come from it, also those of users that do not exist */
};
struct sasl_user *sasl_users_find(const struct sasl_users *u, struct str name);
/* Constant time in the password; a user that does not exist costs the same. */
bool sasl_users_check(const struct sasl_users *u, struct str name, struct str password);

struct sasl_server {
    struct arena *arena;
    enum sasl_mech mech;
    struct sasl_users *users; /* NULL: anybody */
    struct str user, nonce, hostname;
    struct str challenge; /* CRAM-MD5 */
    unsigned steps;
    enum sasl_outcome told; /* SCRAM: how the proof was judged; the client then says nothing */
    bool finished;

    /* SCRAM */
    enum hmac_alg hash;
    struct str gs2_header, first_bare, server_first;
    struct sasl_user *account;
};

/* Is `text` something to call a user by: UTF-8 without controls, not too long? */
bool sasl_user_name_ok(struct str text);

enum sasl_outcome scram_server_step(struct sasl_server *s, struct str response,
                                    struct str *challenge);

#endif
