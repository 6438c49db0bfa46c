/* Any bytes as a TLS-RPT record. */
#include "transport/tls_rpt.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_rpt_record r;
    if (!tls_rpt_record_parse(str_make((const char *)data, size), &r))
        return 0;
    assert((r.n_rua != 0) == (r.problem[0] == '\0') && r.n_rua <= TLS_RPT_MAX_RUA);
    for (size_t i = 0; i < r.n_rua; i++) {
        assert(str_istarts(r.rua[i], STR("mailto:")) || str_istarts(r.rua[i], STR("https:")));
        assert(!str_has(r.rua[i], ' ') && !str_has(r.rua[i], ',') && !str_has(r.rua[i], ';'));
    }
    return 0;
}
