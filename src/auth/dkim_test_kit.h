/* What the tests of signing and verifying share: keys, a small zone, a message, both ways.
 * The test that includes this has included tests/tap.h before. */
#ifndef MP_AUTH_DKIM_TEST_KIT_H
#define MP_AUTH_DKIM_TEST_KIT_H

#include <stdio.h>

#include "auth/dkim.h"
#include "auth/dkim_key.h"
#include "base/base64.h"

enum { NOW_S = 1700000100, ANSWERS_MAX = 8 };

static struct arena arena;
static struct private_key *rsa512, *rsa1024, *rsa2048, *ed25519;
static struct auth_config config;

static inline struct private_key *load(const char *name)
{
    char path[64];
    struct private_key *k = NULL;
    snprintf(path, sizeof path, "tests/keys/%s.pem", name);
    tap_case("key %s", name);
    tap_int(private_key_load(tap_source_file(path), path, &k, NULL), MP_OK);
    return k;
}

/* ---- the zone of a test: a few names, each with TXT records or a failure ---- */

struct answer {
    const char *name;
    enum dns_status status;
    struct str txt[3];
    size_t n;
};

static struct answer answers[ANSWERS_MAX];
static size_t n_answers;

static inline void publish(const char *name, struct str txt)
{
    for (size_t i = 0; i < n_answers; i++)
        if (str_eq(str_from(answers[i].name), str_from(name))) {
            answers[i].txt[answers[i].n++] = txt;
            return;
        }
    answers[n_answers++] = (struct answer){.name = name, .txt = {txt}, .n = 1};
}

static inline void publish_failure(const char *name, enum dns_status status)
{
    answers[n_answers++] = (struct answer){.name = name, .status = status};
}

static inline struct dns_answer *ready(void *ctx, struct str name, enum dns_type type)
{
    (void)ctx;
    for (size_t i = 0; i < n_answers; i++) {
        struct dns_record records[3] = {0};
        const struct answer *a = &answers[i];
        if (!str_eq(name, str_from(a->name)))
            continue;
        for (size_t k = 0; k < a->n; k++)
            records[k] = (struct dns_record){.data = a->txt[k], .ttl_s = 60};
        return dns_answer_new(a->status, name, type, DNSSEC_UNKNOWN, 60, STR_NONE, STR_NONE,
                              records, a->n);
    }
    return dns_answer_new(DNS_NXDOMAIN, name, type, DNSSEC_UNKNOWN, 60, STR_NONE, STR_NONE, NULL,
                          0);
}

static inline struct str octets_base64(const struct private_key *k)
{
    struct buf octets, text;
    buf_init(&octets, 4096);
    buf_init(&text, 8192);
    tap_int(private_key_public_octets(k, &octets, NULL), MP_OK);
    base64_encode(&text, buf_str(&octets));
    struct str copy = arena_copy(&arena, buf_str(&text));
    buf_clear(&octets);
    buf_clear(&text);
    return copy;
}

static inline struct str record(const char *before, const struct private_key *k, const char *after)
{
    return arena_fmt(&arena, "%sp=" STR_FMT "%s", before, STR_ARG(octets_base64(k)), after);
}

static inline void publish_key(const char *name, const struct private_key *k)
{
    publish(name,
            record(private_key_type(k) == KEY_RSA ? "v=DKIM1; " : "v=DKIM1; k=ed25519; ", k, ""));
}

/* ---- one message through the verifier ---- */

struct verified {
    struct dkim_outcome out;
    struct finding_list findings;
    struct message msg;
    int status;
};

static inline struct verified verify_for(struct str raw, struct str author_domain)
{
    struct verified v = {0};
    struct mp_err err = {0};
    struct dns_view *view = dns_view_new(&arena, ready, NULL);
    struct auth_ctx ctx = {.arena = &arena,
                           .msg = &v.msg,
                           .dns = view,
                           .findings = &v.findings,
                           .config = &config,
                           .now_s = NOW_S};
    finding_list_init(&v.findings, &arena);
    tap_int(message_parse(&arena, raw, &v.msg, &err), MP_OK);
    v.status = dkim_verify(&ctx, author_domain, &v.out, &err);
    if (v.status == MP_OK)
        dkim_findings(&ctx, &v.out);
    else
        tap_note("%s", err.text);
    dns_view_release(view);
    return v;
}

static inline struct verified verify(struct str raw)
{
    return verify_for(raw, STR("example.org"));
}

static inline void check(struct str raw, enum dkim_result want)
{
    struct verified v = verify(raw);
    tap_int(v.status, MP_OK);
    if (!tap_cstr(dkim_result_name(v.out.result), dkim_result_name(want)) && v.out.n > 0)
        tap_note("reason: " STR_FMT, STR_ARG(v.out.sigs[0].reason));
}

/* ---- signing by our signer ---- */

static const char plain_head[] __attribute__((unused)) =
    "From: Alice <alice@example.org>\r\n"
    "To: bob@example.net,\r\n\tcarol@example.net\r\n"
    "Subject:  a  subject\t\r\n"
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    "Message-ID: <1@example.org>\r\n";
static const char plain_body[] __attribute__((unused)) =
    "Hello Bob,\r\n\r\n  this is  text \r\n\tand more.\r\n\r\n\r\n";

static inline struct str sign_message(const char *head, const char *body,
                                      const struct dkim_signer *signers, size_t n, size_t chunk)
{
    struct message m;
    struct dkim_signing *s = NULL;
    struct mp_err err = {0};
    struct buf out;
    struct str raw = arena_fmt(&arena, "%s\r\n%s", head, body), rest = str_from(body);
    buf_init(&out, 1 << 20);
    tap_int(message_parse(&arena, raw, &m, &err), MP_OK);
    if (!tap_int(dkim_signing_new(&arena, &m, signers, n, &s, &err), MP_OK)) {
        tap_note("%s", err.text);
        return STR_NONE;
    }
    while (rest.n > 0) {
        dkim_signing_body(s, str_slice(rest, 0, chunk));
        rest = str_slice(rest, chunk, rest.n);
    }
    tap_int(dkim_signing_finish(s, &out, &err), MP_OK);
    buf_add(&out, raw);
    struct str copy = arena_copy(&arena, buf_str(&out));
    buf_clear(&out);
    return copy;
}

static inline struct dkim_signer signer(const struct private_key *key, const char *selector)
{
    return (struct dkim_signer){.domain = STR("example.org"),
                                .selector = str_from(selector),
                                .key = private_key_signer(key),
                                .header_canon = CANON_RELAXED,
                                .body_canon = CANON_RELAXED,
                                .signed_at_s = NOW_S - 100};
}

static inline void publish_all(void)
{
    n_answers = 0;
    publish_key("r1._domainkey.example.org", rsa1024);
    publish_key("r2._domainkey.example.org", rsa2048);
    publish_key("r0._domainkey.example.org", rsa512);
    publish_key("e._domainkey.example.org", ed25519);
}

static inline void kit_open(void)
{
    arena_init(&arena, (size_t)512 << 20);
    auth_config_init(&config);
    rsa512 = load("rsa512");
    rsa1024 = load("rsa1024");
    rsa2048 = load("rsa2048");
    ed25519 = load("ed25519");
}

static inline int kit_close(void)
{
    private_key_free(rsa512);
    private_key_free(rsa1024);
    private_key_free(rsa2048);
    private_key_free(ed25519);
    arena_clear(&arena);
    return tap_done();
}

#endif
