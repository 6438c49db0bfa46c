/* Any octets as a response: the answer always keeps its promises. First octet: the type. */
#include <stdlib.h>

#include "dns/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A,   DNS_TXT,  DNS_MX,  DNS_PTR, DNS_CNAME,
                                          DNS_SRV, DNS_TLSA, DNS_CAA, DNS_SOA, DNS_AAAA};
    bool truncated;
    if (size == 0)
        return 0;
    struct dns_answer *a =
        dns_packet_parse(str_make((const char *)data + 1, size - 1), -1, STR("a.example"),
                         types[data[0] % ARRAY_LEN(types)], DNSSEC_SECURE, &truncated);
    if (a == NULL || (a->status == DNS_DATA) != (a->n != 0) || a->n > DNS_MAX_RECORDS ||
        (a->status == DNS_SERVFAIL && a->why.n == 0) || a->canonical.n == 0 ||
        a->canonical.n > 253 || a->size_bytes > 2 * DNS_ANSWER_MAX_BYTES)
        abort();
    for (size_t i = 0; i < a->n; i++)
        if (str_has(a->records[i].name, '\0') || a->records[i].name.n > 253 ||
            a->ttl_s > a->records[i].ttl_s)
            abort();
    dns_answer_unref(a);
    return 0;
}
