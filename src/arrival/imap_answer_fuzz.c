/* Answers of a stranger's IMAP server, and arguments made of any bytes: one line, always. */
#include "arrival/mailbox_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        if ((unsigned char)b->p[i] < ' ' || (unsigned char)b->p[i] > '~')
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct mp_err err = {0};
    struct str in = str_make((const char *)data, size);
    uint32_t *uids;
    size_t n = 0;
    int64_t at;
    struct buf b;
    arena_init(&a, 16u << 20);
    buf_init(&b, 1u << 20);
    if (imap_search_parse(&a, in, &uids, &n, &err) == MP_OK)
        for (size_t i = 0; i < n; i++)
            if (uids[i] == 0)
                __builtin_trap();
    imap_internaldate_parse(in, &at);
    imap_quote(&b, in);
    check_line(&b);
    buf_reset(&b);
    imap_folder_name(&b, in);
    check_line(&b);
    buf_reset(&b);
    imap_search_write(&b, &(struct mailbox_match){.tag = in, .message_id = in, .from = in},
                      (int64_t)size);
    check_line(&b);
    buf_clear(&b);
    arena_clear(&a);
    return 0;
}
