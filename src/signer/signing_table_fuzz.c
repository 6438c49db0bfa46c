/* Any bytes as a signing table: refused with a place, or one whose choice is aligned. */
#include <assert.h>

#include "base/idna.h"
#include "signer/table.h"

/* libfyaml 0.7.12 loses a scratch buffer when a quoted scalar of several lines ends in an error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str author = STR_INIT("news.example.org");
    struct signing_table t;
    struct signing_choice c;
    struct arena arena;
    struct mp_err err = {0};
    arena_init(&arena, 16 << 20);
    if (signing_read_file(&arena, str_make((const char *)data, size), "f", &t, &err) == MP_OK) {
        signing_choose(&t, &arena, author, 1790000000, &c);
        assert(c.status != SIGNING_FOUND || (c.n > 0 && domain_is_below(author, c.domain)));
    } else
        assert(err.text[0] != '\0');
    arena_clear(&arena);
    return 0;
}
