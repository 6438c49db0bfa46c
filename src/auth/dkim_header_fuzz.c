/* A whole message of strangers through the verifier; text before a NUL is the key record. */
#include <assert.h>

#include "auth/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dns_answer *key_record(void *ctx, struct str name, enum dns_type type)
{
    const struct str *text = ctx;
    struct dns_record record = {.data = *text};
    return dns_answer_new(DNS_DATA, name, type, DNSSEC_UNKNOWN, 1, STR_NONE, STR_NONE, &record, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = str_make((const char *)data, size), key = str_cut(&raw, '\0');
    struct arena arena;
    struct message msg;
    struct finding_list findings;
    struct auth_config config;
    struct dkim_outcome out = {0};
    arena_init(&arena, 16 << 20);
    auth_config_init(&config);
    finding_list_init(&findings, &arena);
    struct dns_view *view = dns_view_new(&arena, key_record, &key);
    struct auth_ctx ctx = {&arena, &msg, view, &findings, &config, NULL, 1700000000};
    if (message_parse(&arena, raw, &msg, NULL) == MP_OK &&
        dkim_verify(&ctx, STR("example.org"), &out, NULL) == MP_OK)
        dkim_findings(&ctx, &out);
    for (size_t i = 0; i < out.n; i++)
        assert(out.sigs[i].result != DKIM_NONE);
    dns_view_release(view);
    arena_clear(&arena);
    return 0;
}
