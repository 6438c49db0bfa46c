/* Any lines as responses: nobody is let in without the password, challenges stay short.
 *
 * The first octet chooses the mechanism, and whether there is a password file. */
#include <assert.h>

#include "smtp/sasl_server.h"

enum { STEPS_MAX = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(struct sasl_server *s, struct str lines, bool password_is_told)
{
    struct str challenge;
    for (size_t i = 0; i < STEPS_MAX && lines.p != NULL; i++) {
        struct str response = str_cut(&lines, '\n');
        enum sasl_outcome o = sasl_server_step(s, response, &challenge);
        assert(challenge.n < 2 * SASL_MAX_BYTES);
        assert(o != SASL_SUCCESS || password_is_told);
        assert(o != SASL_SUCCESS || sasl_server_user(s).n > 0);
        if (o != SASL_CONTINUE)
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct sasl_users *users = NULL;
    struct sasl_server *s = NULL;
    if (size == 0)
        return 0;
    struct str in = str_make((const char *)data + 1, size - 1);
    bool anybody = (data[0] & 128) != 0;
    if (!anybody && sasl_users_parse(STR("user:pencil"), &users, NULL) != MP_OK)
        return 0;
    arena_init(&arena, 1u << 20);
    if (sasl_server_start(&arena, (enum sasl_mech)(data[0] % 128 % SASL_MECH_COUNT), users,
                          STR("mx.test"), STR("nonce"), &s, NULL) == MP_OK)
        talk(s, in, anybody || str_search(in, STR("pencil")) < in.n);
    arena_clear(&arena);
    sasl_users_free(users);
    return 0;
}
