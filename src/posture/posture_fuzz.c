/* Bytes as zone text, files and MX hosts: the audit ends, says the same twice, and tries out every
 * remedy within bounds. */
#include <assert.h>

#include "dns/zone.h"
#include "posture/posture_internal.h"

enum { ROUNDS = 60, NOW_S = 1800000000, ARENA_BYTES = 64 << 20 };

/* Zone text, then file bodies, then a certificate; between them lines of "%%". */
struct input {
    struct arena arena;
    struct dns_zone *zone;
    struct str body[3];
    struct str chain[1];
    struct tls_facts tls;
    unsigned flags;
};

static struct str section(struct str *rest)
{
    struct str mark = STR("\n%%\n");
    size_t at = str_search(*rest, mark);
    struct str s = str_slice(*rest, 0, at);
    *rest = str_slice(*rest, at + mark.n, rest->n);
    return s;
}

static void read_input(struct input *in, struct str rest)
{
    arena_init(&in->arena, ARENA_BYTES);
    in->zone = dns_zone_new();
    in->flags = (unsigned)str_hash(rest);
    (void)dns_zone_load(in->zone, section(&rest), "fuzz", NULL);
    for (size_t i = 0; i < ARRAY_LEN(in->body); i++)
        in->body[i] = section(&rest);
    in->chain[0] = rest;
    in->tls = (struct tls_facts){.established = true,
                                 .chain = in->chain,
                                 .n_chain = 1,
                                 .pkix = in->flags & 1 ? X509_OK : X509_UNKNOWN_CA};
    in->tls.has_leaf = x509_read(&in->arena, rest, &in->tls.leaf, NULL) == MP_OK;
}

static void put_fact(struct input *in, struct fact_view *v, const struct fact_question *q)
{
    unsigned pick = (unsigned)str_hash(q->key) + in->flags;
    if (q->kind == FACT_HTTPS) {
        struct https_fact f = {.fetched = pick % 5 != 0,
                               .fault = pick % 5 == 0 ? "status" : "",
                               .temporary = pick % 10 == 0,
                               .status = 200,
                               .body = in->body[pick % ARRAY_LEN(in->body)],
                               .content_type = pick % 7 == 0 ? STR("") : STR("text/plain"),
                               .cert_not_after_s = pick % 3 == 0 ? NOW_S + 86400 : 0};
        (void)fact_put_https(v, q->key, &f);
    } else {
        struct smtp_fact f = {.answered = pick % 5 != 0,
                              .fault = pick % 5 == 0 ? "timeout" : "",
                              .temporary = pick % 10 == 0,
                              .starttls = pick % 5 > 1};
        if (pick % 5 > 2)
            f.tls = in->tls;
        (void)fact_put_smtp(v, q->key, &f);
    }
}

static bool fill(struct input *in, struct fact_view *facts)
{
    struct fact_question q;
    bool any = false;
    for (size_t at = 0; fact_missing(facts, &at, &q); any = true)
        put_fact(in, facts, &q);
    return any;
}

static void check_fixes(struct posture_ctx *c)
{
    for (size_t i = 0; i < c->fixes.n; i++) {
        const struct fix *x = &c->fixes.items[i];
        assert(x->finding < c->findings.n && x->n <= FIX_MAX_EDITS);
        assert(x->n == 0 || x->tried);
        assert(!x->verified || x->n > 0);
        (void)fix_text(c->arena, x);
    }
}

static void audit(struct input *in, struct posture_ctx *c, struct posture *out)
{
    static const struct str lists[] = {STR_INIT("bl.test")};
    struct posture_config config;
    posture_config_init(&config);
    config.profile = (enum posture_profile)(in->flags >> 4 & 3);
    config.dnsbl = lists;
    config.n_dnsbl = in->flags >> 6 & 1;
    struct dns_view *dns = dns_view_new_large(&in->arena, dns_zone_lookup, in->zone);
    struct fact_view *facts = fact_view_new(&in->arena);
    int st, rounds = 0;
    size_t n = 0;
    for (int twice = 0; twice < 2; twice++) {
        while ((st = posture_run(c, &in->arena, dns, facts, &config, STR("good.test"), NOW_S, out,
                                 NULL)) == MP_WAIT) {
            bool any = fill(in, facts);
            assert(any && ++rounds < ROUNDS);
        }
        assert(st == MP_OK || st == MP_E_NOMEM || st == MP_E_LIMIT);
        assert(twice == 0 || st != MP_OK || n == c->findings.n);
        n = c->findings.n;
    }
    while (st == MP_OK && posture_verify(c, NULL) == MP_WAIT) {
        bool any = fill(in, facts);
        assert(any && ++rounds < 2 * ROUNDS);
    }
    if (st == MP_OK) {
        assert(out->grade != NULL && out->grade_reason.n > 0);
        check_fixes(c);
    }
    dns_view_release(dns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct posture_ctx c;
    static struct posture out;
    struct input in = {0};
    read_input(&in, str_make((const char *)data, size));
    audit(&in, &c, &out);
    dns_zone_free(in.zone);
    arena_clear(&in.arena);
    return 0;
}
