/* ARC: chains that we seal are verified, altered in every way, and judged by who sealed them. */
#include "auth/arc_internal.h"
#include "base/base64.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum { BUDGET = 64 * 1024 * 1024, OUT_MAX = 8 * 1024 * 1024, SETS_MAX = 3 };

static const int64_t now_s = 1700000000;
static const char *const domains[SETS_MAX] = {"a.test", "b.test", "c.test"};

#define RSA_512                                                                                    \
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMJEMLauIkPYxFzSrqFF2P3jyp2UtZXFwkOwxJxB56keY0Ie"             \
    "aw9HDjVk/Z3zJ/n9fLvRSZkGaLi15fOb3+QQYMMCAwEAAQ=="
#define ED25519_BASE_POINT "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY="

static struct private_key *rsa_key, *ed25519_key;
static struct dns_zone *zone;
static struct arena keep; /* texts of the whole test */

static const char body_of_all[] = "Date: Mon, 13 Nov 2023 10:00:00 +0000\r\n"
                                  "From: Jo <jo@author.test>\r\n"
                                  "Subject: news\r\n"
                                  "Message-ID: <1@author.test>\r\n"
                                  "\r\n"
                                  "Hello list.\r\n";

/* ---- a bench of our own for each row ---- */

struct bench {
    struct arena arena;
    struct message msg;
    struct finding_list findings;
    struct auth_config config;
    struct auth_ctx ctx;
    struct mp_err err;
};

static void bench_start(struct bench *b, struct str raw, dns_ready_fn *ready)
{
    *b = (struct bench){0};
    arena_init(&b->arena, BUDGET);
    auth_config_init(&b->config);
    finding_list_init(&b->findings, &b->arena);
    tap_int(message_parse(&b->arena, raw, &b->msg, &b->err), MP_OK);
    b->ctx = (struct auth_ctx){.arena = &b->arena,
                               .msg = &b->msg,
                               .dns = dns_view_new(&b->arena, ready, zone),
                               .findings = &b->findings,
                               .config = &b->config,
                               .bodies = body_hashes_new(&b->arena, b->msg.body),
                               .now_s = now_s};
}

static void bench_clear(struct bench *b)
{
    dns_view_release(b->ctx.dns);
    arena_clear(&b->arena);
}

/* Only the verdict, and what holds for each. */
static enum arc_result verdict(struct str raw)
{
    struct bench b;
    struct arc_outcome out = {0};
    bench_start(&b, raw, dns_zone_lookup);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(out.sets != NULL, out.result != ARC_NONE);
    tap_int(out.reason.n != 0, out.result == ARC_FAIL);
    bench_clear(&b);
    return out.result;
}

static void add_key(const struct private_key *key, const char *k, const char *name)
{
    struct mp_err err = {0};
    struct buf octets, text;
    buf_init(&octets, 4096);
    buf_init(&text, 4096);
    tap_int(private_key_public_octets(key, &octets, &err), MP_OK);
    buf_addf(&text, "v=DKIM1; k=%s; p=", k);
    base64_encode(&text, buf_str(&octets));
    tap_int(dns_zone_add_txt(zone, str_from(name), buf_str(&text), &err), MP_OK);
    buf_clear(&octets);
    buf_clear(&text);
}

static struct arc_sealer sealer_of(const char *domain)
{
    return (struct arc_sealer){.domain = str_from(domain),
                               .selector = STR("s"),
                               .authserv_id = STR("mx.test"),
                               .key = private_key_signer(rsa_key),
                               .signed_at_s = now_s};
}

/* The message with one more set on top. */
static struct str sealed(struct str raw, const struct arc_sealer *sealer, struct str results)
{
    struct bench b;
    struct arc_outcome chain = {0};
    struct buf out;
    buf_init(&out, OUT_MAX);
    bench_start(&b, raw, dns_zone_lookup);
    tap_int(arc_verify(&b.ctx, &chain, &b.err), MP_OK);
    tap_int(arc_seal(&b.arena, &b.msg, b.ctx.bodies, &chain, results, sealer, &out, &b.err), MP_OK);
    buf_add(&out, raw);
    struct str text = arena_copy(&keep, buf_str(&out));
    buf_clear(&out);
    bench_clear(&b);
    return text;
}

static struct str chain_of(unsigned n)
{
    struct str raw = STR(body_of_all);
    for (unsigned i = 0; i < n; i++) {
        struct arc_sealer s = sealer_of(domains[i]);
        raw = sealed(raw, &s, arena_fmt(&keep, "spf=pass smtp.helo=hop%u.test", i + 1));
    }
    return raw;
}

/* ---- whole and altered chains ---- */

static void test_chains(void)
{
    tap_case("verify: a message without ARC");
    tap_int(verdict(STR(body_of_all)), ARC_NONE);
    for (unsigned n = 1; n <= SETS_MAX; n++) {
        struct bench b;
        struct arc_outcome out = {0};
        tap_case("verify: %u sets of ours pass", n);
        bench_start(&b, chain_of(n), dns_zone_lookup);
        tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
        tap_int(out.result, ARC_PASS);
        tap_int(out.instances, n);
        tap_int(out.oldest_pass, 0);
        for (unsigned i = 0; i < n && out.result == ARC_PASS; i++) {
            tap_str(out.sets[i].sealer, str_from(domains[i]));
            tap_str(out.sets[i].cv, i == 0 ? STR("none") : STR("pass"));
            tap_int(out.sets[i].seal_ok, DKIM_PART_OK);
            tap_int(out.sets[i].ams_ok, DKIM_PART_OK);
        }
        bench_clear(&b);
    }
}

/* One bit of every third byte, the whole message over: nothing in it is outside the chain. */
static void test_flips(void)
{
    struct str raw = chain_of(2);
    char *copy = arena_new(&keep, char, raw.n);
    tap_case("verify: a flipped bit anywhere breaks the chain");
    for (size_t i = 0; i < raw.n; i += 3) {
        memcpy(copy, raw.p, raw.n);
        copy[i] ^= 1;
        if (!tap_ok(verdict(str_make(copy, raw.n)) == ARC_FAIL)) {
            tap_note("byte %zu", i);
            return;
        }
    }
}

/* The message again from its fields, the field `skip` left out, `twice` doubled, or reversed. */
static struct str rebuilt(struct str raw, size_t skip, size_t twice, bool reversed)
{
    struct bench b;
    struct buf out;
    buf_init(&out, OUT_MAX);
    bench_start(&b, raw, dns_zone_lookup);
    for (size_t i = 0; i < b.msg.n_headers; i++) {
        size_t at = reversed ? b.msg.n_headers - 1 - i : i;
        for (int n = at == twice ? 2 : at == skip ? 0 : 1; n > 0; n--)
            buf_add(&out, b.msg.headers[at].raw);
    }
    buf_addz(&out, "\r\n");
    buf_add(&out, b.msg.body);
    struct str text = arena_copy(&keep, buf_str(&out));
    buf_clear(&out);
    bench_clear(&b);
    return text;
}

static void test_parts(void)
{
    struct str raw = chain_of(3);
    tap_case("verify: the order of ARC fields says nothing");
    tap_int(verdict(rebuilt(raw, SIZE_MAX, SIZE_MAX, true)), ARC_PASS);
    tap_case("verify: a missing part fails");
    for (size_t i = 0; i < 9; i++)
        tap_int(verdict(rebuilt(raw, i, SIZE_MAX, false)), ARC_FAIL);
    tap_case("verify: a doubled part fails");
    for (size_t i = 0; i < 9; i++)
        tap_int(verdict(rebuilt(raw, SIZE_MAX, i, false)), ARC_FAIL);
}

static struct str replaced(struct str raw, struct str old, struct str new)
{
    size_t at = str_search(raw, old);
    struct buf out;
    buf_init(&out, OUT_MAX);
    tap_ok(at < raw.n);
    buf_add(&out, str_slice(raw, 0, at));
    buf_add(&out, new);
    buf_add(&out, str_slice(raw, at + old.n, raw.n));
    struct str text = arena_copy(&keep, buf_str(&out));
    buf_clear(&out);
    return text;
}

static void test_oldest_pass(void)
{
    struct bench b;
    struct arc_outcome out = {0};
    struct arc_sealer s = sealer_of("b.test");
    struct str changed = replaced(chain_of(1), STR("Subject: news"), STR("Subject: [list] news"));

    tap_case("verify: a change after set 1 fails while nobody sealed it");
    tap_int(verdict(changed), ARC_FAIL);

    tap_case("verify: a change that the next hop sealed as pass tells how far back it reaches");
    bench_start(&b, chain_of(1), dns_zone_lookup);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    struct bench c;
    struct buf set;
    buf_init(&set, OUT_MAX);
    bench_start(&c, changed, dns_zone_lookup);
    tap_int(arc_seal(&c.arena, &c.msg, c.ctx.bodies, &out, STR("spf=pass"), &s, &set, &c.err),
            MP_OK);
    buf_add(&set, changed);
    struct bench d;
    bench_start(&d, buf_str(&set), dns_zone_lookup);
    tap_int(arc_verify(&d.ctx, &out, &d.err), MP_OK);
    tap_int(out.result, ARC_PASS);
    tap_int(out.oldest_pass, 2);
    tap_int(out.sets[0].ams_ok, DKIM_PART_MISMATCH);
    bench_clear(&d);
    bench_clear(&c);
    bench_clear(&b);
    buf_clear(&set);
}

/* ---- hostile heads: the verdict is fail, whatever stands there ---- */

static const struct {
    const char *label, *head;
} hostile_rows[] = {
    {"an instance above all numbers", "ARC-Seal: i=99999999999; cv=none\r\n"},
    {"an instance of 20 digits", "ARC-Authentication-Results: i=18446744073709551617; x; none\r\n"},
    {"instance 51", "ARC-Message-Signature: i=51; a=rsa-sha256\r\n"},
    {"instance 0", "ARC-Seal: i=0; cv=none\r\n"},
    {"a minus", "ARC-Seal: i=-1; cv=none\r\n"},
    {"a leading zero", "ARC-Seal: i=01; cv=none\r\n"},
    {"a bare token", "ARC-Seal: x\r\n"},
    {"an empty field", "ARC-Seal:\r\n"},
    {"an AAR alone", "ARC-Authentication-Results: i=2; mx.test; none\r\n"},
    {"an AAR without semicolon", "ARC-Authentication-Results: i=1\r\n"},
    {"an AAR with an open comment", "ARC-Authentication-Results: (i=1; mx.test; none\r\n"},
    {"c= with one word and no more", "ARC-Message-Signature: i=1; c=relaxed\r\n"},
    {"a control character", "ARC-Seal: i=1;\001 cv=none\r\n"},
};

static void test_hostile(void)
{
    struct buf many;
    for (size_t i = 0; i < ARRAY_LEN(hostile_rows); i++) {
        tap_case("hostile: %s", hostile_rows[i].label);
        tap_int(verdict(arena_fmt(&keep, "%s%s", hostile_rows[i].head, body_of_all)), ARC_FAIL);
    }
    buf_init(&many, OUT_MAX);
    tap_case("hostile: 20,000 seals");
    for (int i = 0; i < 20000; i++)
        buf_addz(&many, "ARC-Seal: i=1; cv=none\r\n");
    buf_addz(&many, body_of_all);
    tap_int(verdict(buf_str(&many)), ARC_FAIL);

    tap_case("seal: nothing is added beyond the limits");
    struct bench b;
    struct arc_outcome out = {0};
    struct arc_sealer s = sealer_of("a.test");
    struct buf set;
    buf_init(&set, OUT_MAX);
    bench_start(&b, buf_str(&many), dns_zone_lookup);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(arc_seal(&b.arena, &b.msg, b.ctx.bodies, &out, STR("none"), &s, &set, &b.err),
            MP_E_USAGE);
    buf_clear(&set);
    bench_clear(&b);

    tap_case("hostile: an AAR of two megabytes");
    buf_reset(&many);
    buf_addz(&many, "ARC-Authentication-Results: i=1; mx.test; x=pass (");
    for (int i = 0; i < 200000; i++)
        buf_addz(&many, "(((((((((\\");
    buf_addz(&many, "\r\n");
    buf_addz(&many, body_of_all);
    tap_int(verdict(buf_str(&many)), ARC_FAIL);
    buf_clear(&many);
}

/* ---- tags ---- */

#define AMS_REST  "a=rsa-sha256; d=a.test; s=s; b=QUJD; h=from; bh=" HASH_TEXT
#define HASH_TEXT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static const struct {
    const char *label;
    enum arc_kind kind;
    const char *value;
    bool ok;
} tag_rows[] = {
    {"a plain AMS", ARC_AMS, "i=1; " AMS_REST, true},
    {"an unknown tag", ARC_AMS, "i=1; zz=1; " AMS_REST, true},
    {"t= and x= ahead", ARC_AMS, "i=1; t=1700000000; x=1700000900; " AMS_REST, true},
    {"x= just past, within the allowance", ARC_AMS, "i=1; x=1699999800; " AMS_REST, true},
    {"x= past", ARC_AMS, "i=1; x=1699999000; " AMS_REST, false},
    {"x= not later than t=", ARC_AMS, "i=1; t=1800000000; x=1800000000; " AMS_REST, false},
    {"x= no number", ARC_AMS, "i=1; x=soon; " AMS_REST, false},
    {"t= of 13 digits", ARC_AMS, "i=1; t=1700000000000; " AMS_REST, false},
    {"c= unknown", ARC_AMS, "i=1; c=relaxed/odd; " AMS_REST, false},
    {"l= negative", ARC_AMS, "i=1; l=-1; " AMS_REST, false},
    {"l= beyond all bodies", ARC_AMS, "i=1; l=99999999999999999999; " AMS_REST, false},
    {"bh= too long", ARC_AMS, "i=1; a=rsa-sha256; d=a.test; s=s; b=QUJD; h=from; bh=QUJD" HASH_TEXT,
     false},
    {"h= without From", ARC_AMS, "i=1; a=rsa-sha256; d=a.test; s=s; b=QUJD; h=to; bh=" HASH_TEXT,
     false},
    {"h= with ARC-Seal", ARC_AMS,
     "i=1; a=rsa-sha256; d=a.test; s=s; b=QUJD; h=from: ARC-seal ; bh=" HASH_TEXT, false},
    {"a plain seal", ARC_SEAL, "i=1; a=RSA-SHA256; d=a.test; s=s; b=QUJD; cv=none", true},
    {"Ed25519", ARC_SEAL, "i=1; a=ed25519-sha256; d=a.test; s=s; b=QUJD; cv=none", true},
    {"SHA-1", ARC_SEAL, "i=1; a=rsa-sha1; d=a.test; s=s; b=QUJD; cv=none", false},
    {"h= in a seal", ARC_SEAL, "i=1; a=rsa-sha256; d=a.test; s=s; b=QUJD; h=from; cv=none", false},
    {"d= no name", ARC_SEAL, "i=1; a=rsa-sha256; d=a(.test; s=s; b=QUJD; cv=none", false},
    {"s= no name", ARC_SEAL, "i=1; a=rsa-sha256; d=a.test; s=s..t; b=QUJD; cv=none", false},
    {"b= empty", ARC_SEAL, "i=1; a=rsa-sha256; d=a.test; s=s; b=; cv=none", false},
    {"b= not base64", ARC_SEAL, "i=1; a=rsa-sha256; d=a.test; s=s; b=!; cv=none", false},
};

static void test_tags(void)
{
    for (size_t i = 0; i < ARRAY_LEN(tag_rows); i++) {
        struct bench b;
        struct arc_field f;
        const char *why = NULL;
        struct header h = {.name = arc_field_name(tag_rows[i].kind),
                           .value = str_from(tag_rows[i].value)};
        tap_case("tags: %s", tag_rows[i].label);
        bench_start(&b, STR(body_of_all), dns_zone_lookup);
        tap_ok(arc_field_read(&b.arena, tag_rows[i].kind, &h, &f, &why));
        tap_int(arc_signature_read(&b.ctx, tag_rows[i].kind, &f, &why), tag_rows[i].ok);
        tap_ok(why != NULL && why[0] != '\0');
        bench_clear(&b);
    }
}

/* ---- DNS ---- */

/* The zone, but one name does not answer. */
static struct str silent;
static struct dns_answer *partly(void *ctx, struct str name, enum dns_type type)
{
    if (!str_ieq(name, silent))
        return dns_zone_lookup(ctx, name, type);
    return dns_answer_new(DNS_TIMEOUT, name, type, DNSSEC_UNKNOWN, 0, name, STR_NONE, NULL, 0);
}

static void test_dns_trouble(void)
{
    static const struct {
        const char *label, *silent;
        bool broken;
        enum arc_result want;
    } rows[] = {
        {"the newest key is silent", "s._domainkey.c.test", false, ARC_TEMPERROR},
        {"the oldest key is silent", "s._domainkey.a.test", false, ARC_TEMPERROR},
        {"a key is silent, another seal is wrong", "s._domainkey.c.test", true, ARC_FAIL},
        {"a name of nobody is silent", "s._domainkey.x.test", false, ARC_PASS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bench b;
        struct arc_outcome out = {0};
        struct str raw = chain_of(3);
        if (rows[i].broken)
            raw = replaced(raw, STR("hop1.test"), STR("hop9.test"));
        silent = str_from(rows[i].silent);
        tap_case("dns: %s", rows[i].label);
        bench_start(&b, raw, partly);
        tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
        tap_int(out.result, rows[i].want);
        tap_int(out.reason.n != 0, rows[i].want != ARC_PASS);
        arc_findings(&b.ctx, &out);
        tap_int(finding_has(&b.findings, FINDING_AUTH_ARC_TEMPERROR), out.result == ARC_TEMPERROR);
        tap_int(finding_has(&b.findings, FINDING_AUTH_ARC_FAIL), out.result == ARC_FAIL);
        bench_clear(&b);
    }
}

static void test_waiting(void)
{
    struct bench b;
    struct arc_outcome out = {0};
    struct dns_question q;
    size_t cursor = 0, asked = 0;
    tap_case("dns: all keys are asked for in the first round");
    bench_start(&b, chain_of(3), NULL);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_WAIT);
    while (dns_view_missing(b.ctx.dns, &cursor, &q)) {
        asked++;
        dns_view_put(b.ctx.dns, q.name, q.type, dns_zone_lookup(zone, q.name, q.type));
    }
    tap_int(asked, 3);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(out.result, ARC_PASS);
    bench_clear(&b);

    tap_case("dns: a chain broken by its structure asks for nothing");
    cursor = 0;
    bench_start(&b, replaced(chain_of(2), STR("cv=pass"), STR("cv=none")), NULL);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(out.result, ARC_FAIL);
    tap_ok(!dns_view_missing(b.ctx.dns, &cursor, &q));
    bench_clear(&b);
}

/* ---- why a set does not count ---- */

static bool reason_has(struct bench *b, struct str raw, const char *text)
{
    struct arc_outcome out = {0};
    tap_int(message_parse(&b->arena, raw, &b->msg, &b->err), MP_OK);
    b->ctx.bodies = body_hashes_new(&b->arena, b->msg.body);
    tap_int(arc_verify(&b->ctx, &out, &b->err), MP_OK);
    tap_int(out.result, ARC_FAIL);
    tap_note("reason: " STR_FMT, STR_ARG(out.reason));
    return str_search(out.reason, str_from(text)) < out.reason.n;
}

/* The signature is by the key of all rows; the record is what DNS says of k<n>.test. */
static const struct {
    const char *label, *record, *reason;
} key_rows[] = {
    {"512 bits", "v=DKIM1; p=" RSA_512, "shorter than 1024 bits"},
    {"revoked", "v=DKIM1; p=", "revoked"},
    {"not for mail", "v=DKIM1; s=tlsrpt; p=" ED25519_BASE_POINT, "mail"},
    {"another kind", "v=DKIM1; k=ed25519; p=" ED25519_BASE_POINT, "another kind"},
    {"no SHA-256", "v=DKIM1; h=sha1; p=" RSA_512, "SHA-256"},
    {"no key record", "v=spf1 -all", "key"},
};

static void test_keys(void)
{
    struct mp_err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(key_rows); i++) {
        struct bench b;
        struct str domain = arena_fmt(&keep, "k%zu.test", i);
        struct str name = arena_fmt(&keep, "s._domainkey.k%zu.test", i);
        struct arc_sealer s = sealer_of(domain.p);
        tap_case("key: %s", key_rows[i].label);
        tap_int(dns_zone_add_txt(zone, name, str_from(key_rows[i].record), &err), MP_OK);
        bench_start(&b, STR(body_of_all), dns_zone_lookup);
        tap_ok(reason_has(&b, sealed(STR(body_of_all), &s, STR("none")), key_rows[i].reason));
        bench_clear(&b);
    }
}

static void test_length_tag(void)
{
    static const struct {
        const char *label, *tag;
        enum l_tag_policy policy;
        const char *reason;
    } rows[] = {
        {"a tail is not taken", "l=3", L_TAG_REFUSE_TAIL, "end of the body unsigned"},
        {"nothing signed is not taken", "l=0", L_TAG_REFUSE_TAIL, "end of the body unsigned"},
        {"a tail is taken when so configured", "l=3", L_TAG_ACCEPT, "body hash"},
        {"more than there is", "l=14", L_TAG_ACCEPT, "larger than the body"},
        {"the whole body", "l=13", L_TAG_REFUSE_TAIL, "signature"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bench b;
        struct str with = arena_fmt(&keep, "c=relaxed/relaxed; %s;", rows[i].tag);
        tap_case("l=: %s", rows[i].label);
        bench_start(&b, STR(body_of_all), dns_zone_lookup);
        b.config.l_tag = rows[i].policy;
        tap_ok(
            reason_has(&b, replaced(chain_of(1), STR("c=relaxed/relaxed;"), with), rows[i].reason));
        bench_clear(&b);
    }
}

/* ---- trust ---- */

static const struct {
    const char *label;
    const char *list[4];
    unsigned from; /* 0: not trusted */
    const char *untrusted;
} trust_rows[] = {
    {"nobody", {NULL}, 0, "c.test"},
    {"the newest", {"c.test"}, 3, "b.test"},
    {"the newest, other case and final dot", {"C.Test."}, 3, "b.test"},
    {"the newest two", {"b.test", "c.test"}, 2, "a.test"},
    {"all", {"a.test", "b.test", "c.test"}, 1, ""},
    {"all but the newest", {"a.test", "b.test"}, 0, "c.test"},
    {"a gap in the middle", {"a.test", "c.test"}, 3, "b.test"},
    {"names around ours", {"test", "x.c.test", "cc.test", "c.test.evil"}, 0, "c.test"},
};

static void test_trust(void)
{
    struct str raw = chain_of(3);
    for (size_t i = 0; i < ARRAY_LEN(trust_rows); i++) {
        struct bench b;
        struct arc_outcome out = {0};
        struct str list[4];
        size_t n = 0;
        for (; n < 4 && trust_rows[i].list[n] != NULL; n++)
            list[n] = str_from(trust_rows[i].list[n]);
        tap_case("trust: %s", trust_rows[i].label);
        bench_start(&b, raw, dns_zone_lookup);
        b.config.trusted_sealers = list;
        b.config.n_trusted_sealers = n;
        tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
        tap_int(out.result, ARC_PASS);
        tap_int(out.trusted, trust_rows[i].from != 0);
        tap_int(out.trusted_from, trust_rows[i].from);
        tap_str(out.untrusted_sealer, str_from(trust_rows[i].untrusted));
        struct str aar = trust_rows[i].from == 0
                             ? STR_NONE
                             : arena_fmt(&b.arena, "mx.test;\r\n\tspf=pass smtp.helo=hop%u.test",
                                         trust_rows[i].from);
        tap_str(out.aar_value, aar);
        arc_findings(&b.ctx, &out);
        tap_int(finding_has(&b.findings, FINDING_AUTH_UNTRUSTED_SEALER), !out.trusted);
        bench_clear(&b);
    }
}

static void test_trust_needs_pass(void)
{
    struct bench b;
    struct arc_outcome out = {0};
    static const struct str list[] = {STR_INIT("a.test"), STR_INIT("b.test")};
    tap_case("trust: a broken chain of trusted sealers is not trusted");
    bench_start(&b, replaced(chain_of(2), STR("Hello list"), STR("Hello lisp")), dns_zone_lookup);
    b.config.trusted_sealers = list;
    b.config.n_trusted_sealers = ARRAY_LEN(list);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(out.result, ARC_FAIL);
    tap_ok(!out.trusted);
    tap_int(out.aar_value.n, 0);
    bench_clear(&b);
}

/* ---- sealing ---- */

static void test_seal_after_failure(void)
{
    struct bench b;
    struct arc_outcome out = {0};
    struct buf more;
    struct arc_sealer s = sealer_of("c.test");
    struct str broken = replaced(chain_of(2), STR("Hello list"), STR("Hello lisp"));
    struct str raw = sealed(broken, &s, STR("arc=fail"));

    tap_case("seal: a broken chain gets one seal with cv=fail");
    bench_start(&b, raw, dns_zone_lookup);
    tap_int(arc_verify(&b.ctx, &out, &b.err), MP_OK);
    tap_int(out.result, ARC_FAIL);
    tap_int(out.instances, 3);
    tap_ok(out.closed);
    tap_str(out.sets[2].cv, STR("fail"));

    tap_case("seal: and never another");
    buf_init(&more, OUT_MAX);
    tap_int(arc_seal(&b.arena, &b.msg, b.ctx.bodies, &out, STR("arc=fail"), &s, &more, &b.err),
            MP_E_USAGE);
    tap_int(more.n, 0);
    buf_clear(&more);
    bench_clear(&b);
}

static void test_seal_refusals(void)
{
    static const struct str to[] = {STR_INIT("to")},
                            with_seal[] = {STR_INIT("from"), STR_INIT("arc-seal")},
                            injected[] = {STR_INIT("from"), STR_INIT("x; d=evil.test")};
    static const struct {
        const char *label, *domain, *selector, *id, *results;
        const struct str *names;
        size_t n_names;
        enum arc_result chain;
        unsigned instances;
        bool ed25519;
    } rows[] = {
        {"Ed25519", "a.test", "s", "mx.test", "spf=pass", NULL, 0, ARC_NONE, 0, true},
        {"an undecided chain", "a.test", "s", "mx.test", "spf=pass", NULL, 0, ARC_TEMPERROR, 1,
         false},
        {"50 sets", "a.test", "s", "mx.test", "spf=pass", NULL, 0, ARC_FAIL, 50, false},
        {"From unsigned", "a.test", "s", "mx.test", "spf=pass", to, 1, ARC_NONE, 0, false},
        {"a seal in h=", "a.test", "s", "mx.test", "spf=pass", with_seal, 2, ARC_NONE, 0, false},
        {"a tag in h=", "a.test", "s", "mx.test", "spf=pass", injected, 2, ARC_NONE, 0, false},
        {"a tag in the domain", "a.test; x=y", "s", "mx.test", "spf=pass", NULL, 0, ARC_NONE, 0,
         false},
        {"no domain", "", "s", "mx.test", "spf=pass", NULL, 0, ARC_NONE, 0, false},
        {"no selector", "a.test", "", "mx.test", "spf=pass", NULL, 0, ARC_NONE, 0, false},
        {"no authserv-id", "a.test", "s", "", "spf=pass", NULL, 0, ARC_NONE, 0, false},
        {"no results", "a.test", "s", "mx.test", "", NULL, 0, ARC_NONE, 0, false},
        {"a field in the results", "a.test", "s", "mx.test", "spf=pass\r\nBcc: x", NULL, 0,
         ARC_NONE, 0, false},
        {"a bare LF in the results", "a.test", "s", "mx.test", "spf=pass\nBcc: x", NULL, 0,
         ARC_NONE, 0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bench b;
        struct buf out;
        struct arc_outcome chain = {.result = rows[i].chain, .instances = rows[i].instances};
        struct arc_sealer s = {.domain = str_from(rows[i].domain),
                               .selector = str_from(rows[i].selector),
                               .authserv_id = str_from(rows[i].id),
                               .key = private_key_signer(rows[i].ed25519 ? ed25519_key : rsa_key),
                               .header_names = rows[i].names,
                               .n_header_names = rows[i].n_names,
                               .signed_at_s = now_s};
        tap_case("seal: refused: %s", rows[i].label);
        buf_init(&out, OUT_MAX);
        bench_start(&b, STR(body_of_all), dns_zone_lookup);
        tap_int(arc_seal(&b.arena, &b.msg, b.ctx.bodies, &chain, str_from(rows[i].results), &s,
                         &out, &b.err),
                MP_E_USAGE);
        tap_int(out.n, 0);
        tap_ok(b.err.text[0] != '\0');
        bench_clear(&b);
        buf_clear(&out);
    }
}

static void test_seal_form(void)
{
    struct arc_sealer s = sealer_of("a.test");
    s.signed_at_s = -1;
    struct str raw = sealed(STR(body_of_all), &s, STR("spf=pass"));
    tap_case("seal: three fields, newest first, no line too long, no t= when not wanted");
    size_t seal = str_search(raw, STR("ARC-Seal: a=rsa-sha256;\r\n\tb="));
    size_t ams = str_search(raw, STR("ARC-Message-Signature: a=rsa-sha256;\r\n\tb="));
    size_t aar =
        str_search(raw, STR("ARC-Authentication-Results: i=1; mx.test;\r\n\tspf=pass\r\n"));
    tap_int(seal, 0);
    tap_ok(seal < ams && ams < aar && aar < raw.n);
    tap_int(str_search(raw, STR("t=")), raw.n);
    for (struct str rest = raw; rest.p != NULL;)
        tap_ok(str_cut(&rest, '\n').n < 998);

    tap_case("seal: a second From breaks the set");
    tap_int(verdict(raw), ARC_PASS);
    tap_int(verdict(replaced(raw, STR("Date:"), STR("From: evil@x.test\r\nDate:"))), ARC_FAIL);

    tap_case("seal: an empty body");
    raw = sealed(STR("From: a@b.test\r\n\r\n"), &s, STR("none"));
    tap_int(verdict(raw), ARC_PASS);

    tap_case("seal: a hundred fields of one name and a long list of names");
    struct buf many;
    buf_init(&many, OUT_MAX);
    for (int i = 0; i < 100; i++)
        buf_addf(&many, "List-Id: <%d.test>\r\nDKIM-Signature: v=1; x\r\nReferences: <%d>\r\n", i,
                 i);
    buf_addz(&many, body_of_all);
    raw = sealed(buf_str(&many), &s, STR("none"));
    tap_int(verdict(raw), ARC_PASS);
    for (struct str rest = raw; rest.p != NULL;)
        tap_ok(str_cut(&rest, '\n').n < 998);
    buf_clear(&many);
}

int main(void)
{
    struct mp_err err = {0};
    arena_init(&keep, 1 << 30);
    tap_case("keys for all rows");
    zone = dns_zone_new();
    tap_int(private_key_generate(KEY_RSA, 1024, &rsa_key, &err), MP_OK);
    tap_int(private_key_generate(KEY_ED25519, 0, &ed25519_key, &err), MP_OK);
    for (size_t i = 0; i < SETS_MAX; i++) {
        struct str name = arena_fmt(&keep, "s._domainkey.%s", domains[i]);
        add_key(rsa_key, "rsa", name.p);
    }
    test_chains();
    test_flips();
    test_parts();
    test_oldest_pass();
    test_hostile();
    test_tags();
    test_dns_trouble();
    test_waiting();
    test_keys();
    test_length_tag();
    test_trust();
    test_trust_needs_pass();
    test_seal_after_failure();
    test_seal_refusals();
    test_seal_form();
    private_key_free(rsa_key);
    private_key_free(ed25519_key);
    dns_zone_free(zone);
    arena_clear(&keep);
    return tap_done();
}
