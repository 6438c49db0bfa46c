/* Any bytes as a URL, as one below another, and as text with links in it. */
#include "url/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct url base, u, again;
    struct str in = str_make((const char *)data, size), link;
    arena_init(&arena, 1u << 20);
    if (url_parse(&arena, in, NULL, &base, NULL) == MP_OK && base.kind != URL_NONE &&
        url_parse(&arena, url_href(&arena, &base), NULL, &again, NULL) == MP_OK) {
        if (!str_eq(url_href(&arena, &base), url_href(&arena, &again)) && base.flags == 0)
            __builtin_trap();
        url_parse(&arena, str_slice(in, size / 2, size), &base, &u, NULL);
        url_site(&arena, &base);
    }
    for (size_t at = 0, before = 0; url_find(in, &at, &link); before = at)
        if (at <= before || link.n == 0 || link.p < in.p || link.p + link.n > in.p + in.n)
            __builtin_trap();
    arena_clear(&arena);
    return 0;
}
