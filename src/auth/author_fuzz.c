/* Any bytes as a message: the author's domain is a DNS name or empty, findings never crash. */
#include "auth/author.h"
#include "base/idna.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct message m;
    struct finding_list findings;
    struct author author;
    arena_init(&arena, 64u << 20);
    finding_list_init(&findings, &arena);
    struct auth_ctx ctx = {.arena = &arena, .msg = &m, .findings = &findings, .now_s = 1700000000};
    if (message_parse(&arena, str_make((const char *)data, size), &m, NULL) == MP_OK) {
        author_check(&ctx, &author);
        author_findings(&ctx, &author);
        structure_findings(&ctx);
        field_findings(&ctx);
        if (author.status == AUTHOR_OK ? !domain_is_ldh(author.domain) : author.domain.n != 0)
            __builtin_trap();
    }
    arena_clear(&arena);
    return 0;
}
