/* Any bytes as DNS answers of a DANE host, and as the certificates that its server shows. */
#include <assert.h>

#include "transport/dane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input: two octets a block, its length; the first block is the host, then answers in turn (an
 * octet of status and DNSSEC, records cut at "|"), then certificates. */
struct script {
    struct str rest;
    unsigned asked;
};

static struct str block_take(struct script *s)
{
    size_t n = 0;
    if (s->rest.n >= 2)
        n = (size_t)(unsigned char)s->rest.p[0] << 8 | (unsigned char)s->rest.p[1];
    struct str block = str_slice(s->rest, 2, 2 + n);
    s->rest = str_slice(s->rest, 2 + n, s->rest.n);
    return block;
}

static struct dns_answer *answer(void *ctx, struct str name, enum dns_type type)
{
    struct script *s = ctx;
    struct str block = block_take(s), rest = str_slice(block, 1, block.n);
    unsigned kind = block.n != 0 ? (unsigned char)block.p[0] : 0x80;
    enum dns_status status = kind & 0x80 ? (enum dns_status)(kind % 6) : DNS_DATA;
    enum dnssec dnssec = kind & 0x40 ? DNSSEC_INSECURE : DNSSEC_SECURE;
    struct dns_record records[8] = {{.ttl_s = 60}};
    size_t n = 0;
    s->asked++;
    while (status == DNS_DATA && rest.p != NULL && n < ARRAY_LEN(records)) {
        struct str data = str_cut(&rest, '|');
        records[n++] = (struct dns_record){.data = data, .name = data, .ip = {.family = IP_V4}};
    }
    struct str canonical = kind & 0x20 && n != 0 ? records[0].name : name;
    return dns_answer_new(status, name, type, dnssec, 60, canonical, STR(""), records, n);
}

static void check(const struct dane *d)
{
    size_t matches = 0;
    assert(d->n <= DANE_MAX_RECORDS && d->reason.n != 0);
    for (size_t i = 0; i < d->n; i++) {
        const struct tlsa *t = &d->records[i];
        assert(t->usable == (t->why[0] == '\0') && (!t->matches || t->usable));
        assert(!t->usable || t->usage == 2 || t->usage == 3);
        matches += t->matches;
    }
    assert((d->verdict == DANE_VERIFIED) == (matches != 0));
    assert(!d->by_ta || d->verdict == DANE_VERIFIED);
}

static void judge(struct dane *d, struct arena *a, struct script *s)
{
    struct str chain[X509_CHAIN_MAX], name = STR("mx.good.test");
    struct tls_facts facts = {.established = true, .chain = chain};
    while (s->rest.n != 0 && facts.n_chain < X509_CHAIN_MAX)
        chain[facts.n_chain++] = block_take(s);
    facts.has_leaf = facts.n_chain != 0 && x509_read(a, chain[0], &facts.leaf, NULL) == MP_OK;
    dane_judge(d, a, &facts, &name, 1, 1795000000);
    check(d);
    dane_judge(d, a, NULL, &name, 1, 1795000000);
    check(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct mp_err err = {0};
    struct dane d = {.verdict = DANE_NONE};
    struct script script = {.rest = str_make((const char *)data, size)};
    struct str host = block_take(&script);
    arena_init(&arena, 16 << 20);
    struct dns_view *v = dns_view_new(&arena, answer, &script);
    int st = dane_find(v, &arena, host, 25, (size & 1) == 0, &d, &err);
    assert(st == MP_OK || st == MP_E_NOMEM || st == MP_E_LIMIT);
    assert(script.asked <= 8);
    if (st == MP_OK) {
        check(&d);
        judge(&d, &arena, &script);
    }
    dns_view_release(v);
    arena_clear(&arena);
    return 0;
}
