/* Any bytes as a URL that holds others and addresses, and as text that looks like other text. */
#include "url/inside.h"
#include "url/lookalike.h"
#include "url/skeleton.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str known[] = {STR_INIT("joe@corp.example"), STR_INIT("example.com")};
    struct arena arena;
    struct url u, nested[URL_MAX_NESTED];
    struct url_unwrapped unwrapped;
    struct url_address address;
    struct lookalikes *set;
    struct lookalike look;
    size_t n;
    struct str in = str_make((const char *)data, size);
    arena_init(&arena, 1u << 20);
    if (url_parse(&arena, in, NULL, &u, NULL) == MP_OK) {
        url_unwrap(&arena, &u, &unwrapped, NULL);
        url_nested(&arena, &u, nested, &n, NULL);
        url_find_address(&arena, &u, known, ARRAY_LEN(known), &address, NULL);
    }
    skeleton(&arena, in, SKELETON_DIGITS);
    if (lookalikes_new(&arena, known + 1, 1, &set, NULL) == MP_OK)
        lookalike_find(&arena, set, in, &look, NULL);
    arena_clear(&arena);
    return 0;
}
