/* Any bytes as the records and DNS answers of an SPF tree: the audit ends, within its limits, and
 * says the same twice. */
#include <assert.h>
#include <stdlib.h>

#include "auth/spf_audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of the input, "kind text", answer the questions: which one is decided by the question, so
 * that the same is answered the same. N no such name, S failure, * twelve records, else one. */
static struct dns_answer *answer(void *ctx, struct str name, enum dns_type type)
{
    struct str lines = *(const struct str *)ctx, all = lines, line;
    size_t n_lines = 1, at = (size_t)str_hash(name) % 251 + (size_t)type;
    for (size_t i = 0; i < all.n; i++)
        n_lines += all.p[i] == '\n';
    at = str_eq(name, STR("a.test")) && type == DNS_TXT ? 0 : at % n_lines;
    do
        line = str_cut(&lines, '\n');
    while (at-- > 0);
    struct str text = str_slice(line, 1, line.n);
    char kind = line.n != 0 ? line.p[0] : 'N';
    enum dns_status status = kind == 'S' ? DNS_SERVFAIL : kind == 'N' ? DNS_NXDOMAIN : DNS_DATA;
    struct dns_record records[12] = {{.ttl_s = 0}};
    size_t n = status != DNS_DATA ? 0 : kind == '*' ? ARRAY_LEN(records) : 1;
    for (size_t i = 0; i < n; i++) {
        records[i].data = records[i].name = text;
        if (!ip_parse_keep_mapped(text, &records[i].ip))
            records[i].ip = (struct ip){.family = type == DNS_AAAA ? IP_V6 : IP_V4};
    }
    return dns_answer_new(status, name, type, DNSSEC_UNKNOWN, 60, name, STR(""), records, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct mp_err err = {0};
    struct auth_config config;
    struct spf_audit out = {0}, again = {0};
    struct str lines = str_make((const char *)data, size);
    arena_init(&arena, 64 * 1024 * 1024);
    auth_config_init(&config);
    struct auth_ctx ctx = {.arena = &arena,
                           .dns = dns_view_new_large(&arena, answer, &lines),
                           .config = &config};
    int st = spf_audit(&ctx, STR("a.test"), &out, &err);
    assert(st == MP_OK || st == MP_E_NOMEM || st == MP_E_LIMIT);
    assert(out.n_nodes <= SPF_AUDIT_MAX_NODES);
    assert(out.n_problems <= (size_t)SPF_AUDIT_MAX_PER_KIND * SPF_PROBLEM_KIND_COUNT);
    assert(dns_view_count(ctx.dns) <= SPF_AUDIT_MAX_QUESTIONS);
    assert(out.addresses4 <= (uint64_t)UINT32_MAX + 1);
    assert(out.voids4 <= out.voids);
    assert(!out.sends_nothing || out.addresses4 == 0);
    unsigned sum = 0;
    for (size_t i = 0; i < out.n_nodes; i++) {
        assert(out.nodes[i].depth < SPF_AUDIT_MAX_RECORDS);
        sum += out.nodes[i].depth == 0 ? out.nodes[i].lookups : 0;
    }
    assert(sum == out.lookups || out.n_nodes == SPF_AUDIT_MAX_NODES);
    if (st == MP_OK) {
        assert(spf_audit(&ctx, STR("a.test"), &again, &err) == MP_OK);
        assert(again.n_nodes == out.n_nodes && again.lookups == out.lookups &&
               again.voids == out.voids && again.n_problems == out.n_problems);
    }
    dns_view_release(ctx.dns);
    arena_clear(&arena);
    return 0;
}
