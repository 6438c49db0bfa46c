/* Any bytes as a TXT string, a policy file, a pattern and a host. */
#include "transport/mta_sts.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mta_sts_policy p;
    struct mta_sts_record r;
    struct mp_err err = {0};
    struct str text = str_make((const char *)data, size), host = text;
    if (mta_sts_record_parse(text, &r))
        assert((r.id.n != 0) == (r.problem[0] == '\0') && r.id.n <= MTA_STS_ID_MAX);
    int st = mta_sts_policy_parse(text, &p, &err);
    assert(st == MP_OK || (st == MP_E_SYNTAX && err.text[0] != '\0'));
    if (st == MP_OK) {
        assert(p.n_mx <= MTA_STS_MAX_MX && p.max_age_s <= MTA_STS_MAX_AGE_S);
        assert(p.mode == MTA_STS_NONE || p.n_mx != 0);
        for (size_t i = 0; i < p.n_mx; i++) /* a pattern names at least itself */
            assert(mta_sts_matches(p.mx[i], p.mx[i]) && mta_sts_allows(&p, p.mx[i]));
    }
    struct str pattern = str_cut(&host, '\n');
    if (mta_sts_matches(pattern, host))
        assert(host.n != 0 && pattern.n != 0);
    return 0;
}
