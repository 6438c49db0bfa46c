/* Any bytes as a value of any kind: what is read has one form, and the keys of a link include it.
 */
#include "intel/indicator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct intel_key keys[INDICATOR_MAX_KEYS];
    struct indicator i = {0}, again = {0};
    struct arena arena;
    struct url u;
    size_t n = 0;
    struct str in = str_slice(str_make((const char *)data, size), 1, size);
    arena_init(&arena, 1u << 20);
    if (size != 0 &&
        indicator_read(&arena, (enum indicator_kind)(data[0] % (INDICATOR_KIND_COUNT + 1)), in, &i,
                       NULL) == MP_OK) {
        struct str text = indicator_text(&arena, &i);
        if (indicator_read(&arena, i.kind, text, &again, NULL) != MP_OK || again.kind != i.kind ||
            !str_eq(indicator_text(&arena, &again), text))
            __builtin_trap();
    }
    if (url_parse(&arena, in, NULL, &u, NULL) == MP_OK)
        intel_keys_of_url(&arena, &u, keys, &n, NULL);
    for (size_t k = 0; k < n; k++)
        if (indicator_read(&arena, keys[k].kind, keys[k].key, &again, NULL) != MP_OK ||
            !str_eq(again.key, keys[k].key))
            __builtin_trap();
    arena_clear(&arena);
    return 0;
}
