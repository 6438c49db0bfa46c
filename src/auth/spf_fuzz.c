/* Any bytes as envelope, records and DNS answers of an SPF check: it ends, within its limits. */
#include <assert.h>
#include <stdlib.h>

#include "auth/spf_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of the input: client, HELO, MAIL FROM, then "kind text" lines that answer questions
 * in turn: N no such name, S failure, * twelve records, anything else one. */
struct script {
    struct str lines, rest;
};

static struct dns_answer *answer(void *ctx, struct str name, enum dns_type type)
{
    struct script *s = ctx;
    if (s->rest.p == NULL || s->rest.n == 0)
        s->rest = s->lines;
    struct str line = str_cut(&s->rest, '\n'), text = str_slice(line, 1, line.n);
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
    struct spf_outcome out = {0};
    struct spf_request req = {0};
    struct script script = {.lines = str_make((const char *)data, size)};
    struct str client = str_cut(&script.lines, '\n');
    struct buf field;
    if (!ip_parse(client, &req.client))
        ip_parse(STR("192.0.2.1"), &req.client);
    req.helo = str_cut(&script.lines, '\n');
    req.mail_from = str_cut(&script.lines, '\n');
    arena_init(&arena, 16 * 1024 * 1024);
    auth_config_init(&config);
    buf_init(&field, 64 * 1024);
    struct auth_ctx ctx = {.arena = &arena,
                           .dns = dns_view_new(&arena, answer, &script),
                           .config = &config};
    int st = spf_check(&ctx, &req, &out, &err);
    assert(st == MP_OK || st == MP_E_NOMEM || st == MP_E_LIMIT);
    assert(st != MP_OK || out.explanation.n == 0 || out.result == SPF_FAIL);
    assert(out.lookups <= SPF_MAX_LOOKUPS + 1 && out.n_trace <= SPF_TRACE_MAX);
    received_spf_write(&field, &req, &out, req.helo);
    assert(!field.failed);
    for (size_t i = 0; i < field.n; i++) /* line ends are ours, and folded */
        assert((field.p[i] == '\r') ==
               (i + 2 < field.n && field.p[i + 1] == '\n' && field.p[i + 2] == '\t'));
    buf_clear(&field);
    dns_view_release(ctx.dns);
    arena_clear(&arena);
    return 0;
}
