/* Bytes as author, SPF and DKIM domains and as the answers on the way: verdicts stay in bounds. */
#include "auth/dmarc.h"

#include <assert.h>

/* Which line answers a name follows from the name alone; its first byte is the status. */
static struct dns_answer *answer(void *ctx, struct str name, enum dns_type type)
{
    struct str lines = *(const struct str *)ctx, line = lines;
    for (uint64_t skip = str_hash(name) % 8; skip > 0 && lines.p != NULL; skip--)
        line = str_cut(&lines, '\n');
    struct dns_record record = {.data = str_slice(line, 1, line.n), .ttl_s = 300};
    enum dns_status status = line.n == 0 ? DNS_NXDOMAIN : (enum dns_status)(line.p[0] & 3);
    size_t n = status == DNS_DATA && type == DNS_TXT;
    if (status == DNS_DATA && n == 0)
        status = DNS_NODATA;
    return dns_answer_new(status, name, type, DNSSEC_UNKNOWN, 300, name, STR_NONE, &record, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    arena_init(&a, 4 << 20);
    struct str rest = str_make((const char *)data, size);
    struct author author = {.status = AUTHOR_OK, .domain = str_cut(&rest, '\n')};
    struct spf_outcome spf = {.result = SPF_PASS, .domain = str_cut(&rest, '\n')};
    struct dkim_signature sig = {.result = DKIM_PASS, .domain = str_cut(&rest, '\n')};
    struct dkim_outcome dkim = {.sigs = &sig, .n = 1};
    struct auth_config config = {.discovery = size & 1 ? DMARC_PSL : DMARC_TREE_WALK};
    struct finding_list list = {0};
    finding_list_init(&list, &a);
    struct auth_ctx ctx = {&a, NULL, dns_view_new(&a, answer, &rest), &list, &config, NULL, 0};
    struct dmarc_outcome o;
    if (dmarc_check(&ctx, &author, &spf, &dkim, NULL, &o, NULL) == MP_OK) {
        assert((o.result == DMARC_PASS) == (o.spf_aligned || o.dkim_aligned));
        assert(o.n_walk <= DMARC_MAX_QUERIES && o.reason.n != 0);
        dmarc_findings(&ctx, &o);
    }
    dns_view_release(ctx.dns);
    arena_clear(&a);
    return 0;
}
