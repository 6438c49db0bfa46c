/* Any bytes as a script and as an address: what is taken can be obeyed, replies are one line. */
#include <assert.h>

#include "sink/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_action(const struct script_action *a)
{
    assert(a->reply_code == 0 || (a->reply_code >= 200 && a->reply_code <= 599));
    assert(a->reply_text.n <= SCRIPT_MAX_REPLY && a->delay_ms <= SCRIPT_MAX_DELAY_MS);
    for (size_t i = 0; i < a->reply_text.n; i++)
        assert((unsigned char)a->reply_text.p[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size), address = str_cut(&in, '\n');
    struct script *s = NULL;
    struct mp_err err = {0};
    char room[SCRIPT_MAGIC_ROOM];
    int st = in.p == NULL ? MP_E_SYNTAX : script_parse(in, &s, &err);
    assert((st == MP_OK) == (s != NULL) && (st == MP_OK || in.p == NULL || err.text[0] != '\0'));
    for (int stage = 0; stage < SCRIPT_STAGE_COUNT; stage++) {
        struct script_event e = {.stage = (enum script_stage)stage,
                                 .from = address,
                                 .rcpt = address,
                                 .client = STR("::1"),
                                 .attempt = 1};
        struct script_action a = {0};
        if (s != NULL)
            script_decide(s, &e, &a);
        check_action(&a);
        script_magic(address, e.stage, room, &a);
        check_action(&a);
    }
    script_done(s);
    return 0;
}
