/* Any bytes as a message: fields, parts, decoded bodies, trace fields, encoded words. */
#include "message/encoded_word.h"
#include "message/mime.h"
#include "message/received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct message m;
    struct mime_tree tree = {0};
    struct received r;
    size_t bad;
    arena_init(&arena, 64u << 20);
    if (message_parse(&arena, str_make((const char *)data, size), &m, NULL) == MP_OK) {
        header_hidden(&m, STR("From"));
        header_count_lenient(&m, STR("From"));
        for (size_t i = 0; i < m.n_headers; i++) {
            received_parse(m.headers[i].value, &r);
            encoded_word_decode(&arena, m.headers[i].value, NULL);
            header_unfold(&arena, m.headers[i].value);
        }
        mime_parse(&arena, &m, &tree, NULL);
        for (size_t i = 0; i < tree.n; i++) {
            const struct mime_part *p = &tree.parts[i];
            if (p->body_offset + p->body_length > m.raw.n)
                __builtin_trap();
            transfer_decode(&arena, str_make(m.raw.p + p->body_offset, p->body_length), p->encoding,
                            &bad);
        }
    }
    arena_clear(&arena);
    return 0;
}
