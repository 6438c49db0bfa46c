/* Any bytes as a DMARC record. */
#include "auth/dmarc.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dmarc_record r;
    if (!dmarc_record_parse(str_make((const char *)data, size), &r))
        return 0;
    assert(str_starts(str_make((const char *)data, size), STR("v")));
    assert(r.n_rua <= DMARC_MAX_URIS && r.n_ruf <= DMARC_MAX_URIS);
    assert(r.usable || r.p == DMARC_P_UNSET);
    assert(!r.usable || r.p != DMARC_P_UNSET);
    assert(!r.forced_none || (r.usable && r.p == DMARC_P_NONE && r.n_rua != 0));
    for (size_t i = 0; i < r.n_rua; i++)
        assert(r.rua[i].n >= 3 && !str_has(r.rua[i], ',') && !str_has(r.rua[i], '!'));
    return 0;
}
