/* Any lines as challenges, or as user and password: no answer without a proof, no line too long.
 *
 * The first octet chooses the mechanism; from 128 up the lines are credentials. */
#include <assert.h>

#include "smtp/sasl.h"

enum { STEPS_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(struct sasl *s, struct str lines)
{
    struct str out;
    bool has;
    sasl_initial(s, &out, &has);
    assert(has == (out.n > 0) && out.n < 4 * SASL_MAX_BYTES);
    for (size_t i = 0; i < STEPS_MAX && lines.p != NULL; i++) {
        struct str challenge = str_cut(&lines, '\n');
        int st = sasl_step(s, challenge, &out, NULL);
        assert(st == MP_OK || st == MP_E_SYNTAX || st == MP_E_NOMEM);
        assert(st != MP_OK || out.n < 4 * SASL_MAX_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct sasl *s = NULL;
    struct sasl_credentials c = {.user = STR("user"), .password = STR("pencil")};
    if (size == 0)
        return 0;
    enum sasl_mech mech = (enum sasl_mech)(data[0] % SASL_MECH_COUNT);
    struct str in = str_make((const char *)data + 1, size - 1);
    c.binding_type = "tls-exporter";
    c.binding = STR("b");
    if (data[0] >= 128) {
        c.user = str_cut(&in, '\n');
        c.password = str_cut(&in, '\n');
        c.authorize_as = str_cut(&in, '\n');
        c.host = str_cut(&in, '\n');
        in = STR("r=clientnonce+server,s=c2FsdHNhbHQ=,i=4096");
    }
    arena_init(&arena, 1u << 20);
    if (sasl_start(&arena, mech, &c, STR("clientnonce"), &s, NULL) == MP_OK)
        talk(s, in);
    sasl_done(s);
    arena_clear(&arena);
    return 0;
}
