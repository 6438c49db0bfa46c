/* Any bytes as a message: its chain is judged, with a key under every name that no signature fits.
 */
#include "auth/arc.h"
#include "auth/authres.h"
#include "dns/zone.h"

#include <stdlib.h>

static struct dns_answer *one_key(void *ctx, struct str name, enum dns_type type)
{
    /* made for this file: RSA, 1024 bits */
    static const struct str text =
        STR_INIT("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCnMHA+g5OQ9CHz75fMdgWqOl"
                 "rExh8Ew89u6YhfC0U831Snp4NApNACLNJyveceZB0xkwYtVryxmxF/ZhJQXzsX0DYXkZY6l0GlmBP++h"
                 "EId3yp0oWbwZKQKquCgDoTPEHetZHRF+nsHb5whuW7jqQb8tKCtQFySp/iXMJDC3PfpwIDAQAB");
    struct dns_record record = {.data = text, .ttl_s = 60};
    (void)ctx;
    return dns_answer_new(DNS_DATA, name, type, DNSSEC_UNKNOWN, 60, name, STR_NONE, &record, 1);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct arena arena;
    struct message msg;
    struct finding_list findings;
    struct auth_config config;
    struct arc_outcome out;
    arena_init(&arena, 64 << 20);
    auth_config_init(&config);
    finding_list_init(&findings, &arena);
    if (message_parse(&arena, str_make((const char *)data, size), &msg, NULL) == MP_OK) {
        struct auth_ctx ctx = {.arena = &arena,
                               .msg = &msg,
                               .dns = dns_view_new(&arena, one_key, NULL),
                               .findings = &findings,
                               .config = &config,
                               .bodies = body_hashes_new(&arena, msg.body),
                               .now_s = 1700000000};
        if (arc_verify(&ctx, &out, NULL) == MP_OK) {
            if (out.result == ARC_PASS && out.instances == 0)
                abort();
            arc_findings(&ctx, &out);
            authres_findings(&ctx);
        }
        dns_view_release(ctx.dns);
    }
    arena_clear(&arena);
    return 0;
}
