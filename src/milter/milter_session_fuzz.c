/* Any bytes from an MTA: whole or in pieces, the same events, the same message, the same answers.
 */
#include <assert.h>

#include "milter/milter_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct kit *k, const struct milter_config *config, struct str in, size_t step)
{
    static const struct milter_edit edits[] = {
        {MILTER_EDIT_INSERT, STR_INIT("X"), 0, STR_INIT("x")}};
    kit_init(k, config);
    k->verdict = (struct milter_verdict){.edits = edits, .n_edits = config->actions & 1};
    kit_feed(k, in, step);
    assert(k->message.n <= MILTER_MESSAGE_DEFAULT_BYTES);
    assert(milter_session_output(k->session).n == 0);
    assert(k->status == MP_OK || k->err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit whole, pieces;
    if (size < 2)
        return 0;
    const struct milter_config config = {.answers = data[0] & 0x1f,
                                         .actions = data[0] >> 5,
                                         .max_message_bytes = data[1] >> 6};
    struct str in = str_make((const char *)data + 2, size - 2);
    feed(&whole, &config, in, size);
    feed(&pieces, &config, in, 1 + data[1] % 64u);
    assert(str_eq(buf_str(&whole.log), buf_str(&pieces.log)));
    assert(str_eq(buf_str(&whole.message), buf_str(&pieces.message)));
    assert(str_eq(buf_str(&whole.out), buf_str(&pieces.out)));
    kit_clear(&whole);
    kit_clear(&pieces);
    return 0;
}
