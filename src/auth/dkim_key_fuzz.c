/* Key records of strangers: one record, and an answer of several split at NUL. */
#include <assert.h>

#include "auth/dkim_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size);
    struct dns_record records[4] = {0};
    struct dkim_key key;
    size_t n = 0;
    bool several;
    assert(dkim_key_parse(rest, &key) == (key.status == DKIM_KEY_OK));
    dkim_key_clear(&key);
    while (rest.p != NULL && n < ARRAY_LEN(records))
        records[n++].data = str_cut(&rest, '\0');
    struct dns_answer *a = dns_answer_new(DNS_DATA, STR("k._domainkey.a.test"), DNS_TXT,
                                          DNSSEC_UNKNOWN, 1, STR_NONE, STR_NONE, records, n);
    const struct dkim_key *k = a == NULL ? NULL : dkim_key_of(a, &several);
    assert(k == NULL || dkim_key_of(a, &several) == k);
    dns_answer_unref(a);
    return 0;
}
