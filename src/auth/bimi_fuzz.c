/* Any bytes as a BIMI record. */
#include "auth/bimi.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bimi_record r;
    if (!bimi_record_parse(str_make((const char *)data, size), &r))
        return 0;
    assert(r.text.n == size);
    assert(r.problem[0] == '\0' || (r.location.n == 0 && r.authority.n == 0));
    assert(r.location.n != 0 || r.authority.n == 0);
    if (r.location.n != 0)
        assert(str_istarts(r.location, STR("https://")) && !str_has(r.location, ';') &&
               !str_has(r.location, ' '));
    if (r.authority.n != 0)
        assert(str_istarts(r.authority, STR("https://")) && !str_has(r.authority, ';') &&
               !str_has(r.authority, ' '));
    return 0;
}
