/* Tests of the public library: what a program sees through include/mailproof. */
#include <mailproof/mailproof.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/tap.h"

static const char mail[] = "From: a@own.example\r\nSubject: x\r\n\r\nhello\r\n";
static const char records[] = "own.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
                              "_dmarc.own.example. TXT \"v=DMARC1; p=reject\"\n"
                              "slow.example. TIMEOUT\n_dmarc.slow.example. TIMEOUT\n";

static struct str words(struct mp_text t)
{
    return str_make(t.bytes, t.length);
}

static struct mp_verifier *verifier(const char *zone, const char *policy, const char *id)
{
    struct mp_options o = MP_OPTIONS_INIT;
    struct mp_verifier *v = NULL;
    struct mp_error error = {0};
    o.zone = zone;
    o.policy = policy;
    o.authserv_id = id;
    if (mp_verifier_new(&o, &v, &error) != MP_CODE_OK)
        tap_note("%s", error.text);
    return v;
}

static struct mp_result *verified(struct mp_verifier *v, const char *ip, const char *from,
                                  struct str message)
{
    struct mp_envelope e = MP_ENVELOPE_INIT;
    struct mp_result *r = NULL;
    e.client_ip = ip;
    e.mail_from = from;
    e.time_s = 1795392000;
    mp_verify(v, &e, message.p, message.n, &r, NULL);
    return r;
}

static void test_results(void)
{
    static const struct {
        const char *label, *ip, *from, *message, *spf, *dmarc, *action;
        int complete;
    } rows[] = {
        {"an aligned pass", "192.0.2.1", "a@own.example", mail, "pass", "pass", "accept", 1},
        {"a spoof", "203.0.113.1", "a@own.example", mail, "fail", "fail", "reject", 1},
        {"no envelope: unproven", NULL, NULL, mail, "none", "fail", "reject", 1},
        {"DNS is silent", "192.0.2.1", "a@slow.example", "From: a@slow.example\r\n\r\nx\r\n",
         "temperror", "temperror", "tempfail", 0},
        {"not a mail at all", "192.0.2.1", "a@own.example", "", "pass", "permerror", "quarantine",
         1},
    };
    struct mp_verifier *v = verifier(records, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("verify: %s", rows[i].label);
        struct mp_result *r = verified(v, rows[i].ip, rows[i].from, str_from(rows[i].message));
        if (!tap_ok(r != NULL))
            continue;
        tap_cstr(mp_result_spf(r), rows[i].spf);
        tap_cstr(mp_result_dmarc(r), rows[i].dmarc);
        tap_cstr(mp_result_action(r), rows[i].action);
        tap_int(mp_result_complete(r), rows[i].complete);
        tap_ok(str_starts(words(mp_result_authentication_results(r)), STR("localhost;")));
        tap_ok(str_search(words(mp_result_json(r)), STR("mailproof/report/1")) <
               mp_result_json(r).length);
        mp_result_free(r);
    }
    mp_verifier_free(v);
}

static void test_findings(void)
{
    struct mp_verifier *v = verifier(records, NULL, NULL);
    struct mp_result *r = verified(v, "203.0.113.1", "a@own.example", str_from(mail));
    struct mp_finding f = {0};
    bool seen = false;
    size_t n = mp_result_findings(r);
    tap_case("findings: listed, and no further");
    for (size_t i = 0; i < n; i++) {
        tap_ok(mp_result_finding(r, i, &f) != 0);
        tap_ok(f.title[0] != '\0' && f.remedy[0] != '\0');
        seen |= str_eq(str_from(f.id), STR("auth.dmarc.fail")) && f.severity == MP_HIGH;
    }
    tap_ok(seen);
    tap_int(mp_result_finding(r, n, &f), 0);
    tap_str(words(mp_result_author_domain(r)), STR("own.example"));
    tap_ok(mp_result_reason(r).length != 0);
    mp_result_free(r);
    mp_verifier_free(v);
}

/* The names of a policy count as on the command line. */
static void test_policy(void)
{
    static const char policy[] = "authserv_id: mx.policy.example\n"
                                 "rules: [{finding: auth.dmarc.fail, action: tag}]\n";
    static const struct {
        const char *label, *id, *begins;
    } rows[] = {{"its name is ours", NULL, "mx.policy.example;"},
                {"the options go before it", "mx.options.example", "mx.options.example;"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("policy: %s", rows[i].label);
        struct mp_verifier *v = verifier(records, policy, rows[i].id);
        struct mp_result *r = verified(v, "203.0.113.1", "a@own.example", str_from(mail));
        tap_ok(str_starts(words(mp_result_authentication_results(r)), str_from(rows[i].begins)));
        tap_cstr(mp_result_action(r), "tag");
        mp_result_free(r);
        mp_verifier_free(v);
    }
}

/* A forwarder explains a failure when the options or the policy trust it. */
static void test_sealers(void)
{
    static const char *const list[] = {"lists.example", NULL};
    static const struct {
        const char *label, *policy;
        const char *const *sealers;
        const char *action;
    } rows[] = {{"trusted by nobody", NULL, NULL, "reject"},
                {"by the options", NULL, list, "tag"},
                {"by the policy", "trusted_sealers: [lists.example]\n", NULL, "tag"}};
    struct str zone = tap_source_file("examples/demo/zone.db");
    char *text = strndup(zone.p, zone.n);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mp_options o = MP_OPTIONS_INIT;
        struct mp_verifier *v = NULL;
        tap_case("sealer: %s", rows[i].label);
        o.zone = text;
        o.policy = rows[i].policy;
        o.trusted_sealers = rows[i].sealers;
        tap_int(mp_verifier_new(&o, &v, NULL), MP_CODE_OK);
        struct mp_result *r = verified(v, "203.0.113.5", "billing-bounces@lists.example",
                                       tap_source_file("examples/demo/2-forwarded.eml"));
        tap_cstr(mp_result_arc(r), "pass");
        tap_cstr(mp_result_dmarc(r), "fail");
        tap_cstr(mp_result_action(r), rows[i].action);
        mp_result_free(r);
        mp_verifier_free(v);
    }
    free(text);
}

static void test_refusals(void)
{
    struct mp_options o = MP_OPTIONS_INIT, sized = {.size = 1};
    struct mp_envelope e = MP_ENVELOPE_INIT;
    struct mp_verifier *v = NULL;
    struct mp_result *r = NULL;
    struct mp_error error = {0};
    tap_case("refused: a size of no version");
    tap_int(mp_verifier_new(&sized, &v, &error), MP_CODE_USAGE);
    tap_case("refused: a zone with a mistake, by line");
    o.zone = "a.example. A 192.0.2.1\nb.example. A 1.2.3\n";
    tap_int(mp_verifier_new(&o, &v, &error), MP_CODE_SYNTAX);
    tap_ok(str_starts(str_from(error.text), STR("zone:2:")));
    tap_case("refused: a policy with a mistake, by line and column");
    o.zone = records;
    o.policy = "actions: {high: explode}\n";
    tap_int(mp_verifier_new(&o, &v, NULL), MP_CODE_SYNTAX);
    tap_ok(v == NULL);
    tap_case("refused: a client address that is none");
    v = verifier(records, NULL, NULL);
    e.client_ip = "1.2.3";
    tap_int(mp_verify(v, &e, mail, sizeof mail - 1, &r, &error), MP_CODE_USAGE);
    tap_ok(r == NULL);
    mp_verifier_free(v);
    tap_case("freeing nothing is allowed");
    mp_verifier_free(NULL);
    mp_result_free(NULL);
    mp_signer_free(NULL);
    tap_ok(mp_version()[0] != '\0');
}

static char *signed_by(struct mp_signer *s, struct str message)
{
    struct buf b;
    char *field = NULL;
    tap_int(mp_sign(s, message.p, message.n, 1795392000, &field, NULL), MP_CODE_OK);
    buf_init(&b, 1 << 20);
    buf_addz(&b, field == NULL ? "" : field);
    buf_add(&b, message);
    buf_addc(&b, '\0');
    free(field);
    return b.p;
}

/* A signature of ours is one of RFC 6376; without its key in DNS it proves nothing. */
static void test_sign(void)
{
    struct str pem = tap_source_file("tests/keys/ed25519.pem");
    char *text = strndup(pem.p, pem.n), *out = NULL;
    struct mp_signer *s = NULL;
    struct mp_error error = {0};
    tap_case("sign: refusals");
    tap_int(mp_signer_new("own.example", "s", "no key", &s, &error), MP_CODE_SYNTAX);
    tap_int(mp_signer_new("own.example", NULL, text, &s, &error), MP_CODE_USAGE);
    tap_case("sign: the field, and a verifier that finds no key");
    if (tap_int(mp_signer_new("own.example", "s", text, &s, &error), MP_CODE_OK)) {
        char *whole = signed_by(s, str_from(mail));
        struct mp_verifier *v = verifier(records, NULL, NULL);
        struct mp_result *r = verified(v, "192.0.2.1", "a@own.example", str_from(whole));
        tap_ok(str_starts(str_from(whole), STR("DKIM-Signature: v=1; a=ed25519-sha256;")));
        tap_cstr(mp_result_dkim(r), "permerror");
        tap_int(mp_sign(s, "\r\nx", 3, 0, &out, &error), MP_CODE_SYNTAX);
        tap_ok(out == NULL);
        mp_result_free(r);
        mp_verifier_free(v);
        free(whole);
    }
    mp_signer_free(s);
    free(text);
}

static void *verify_many(void *arg)
{
    size_t passed = 0;
    for (int i = 0; i < 50; i++) {
        struct mp_result *r = verified(arg, "192.0.2.1", "a@own.example", str_from(mail));
        passed += r != NULL && str_eq(str_from(mp_result_dmarc(r)), STR("pass"));
        mp_result_free(r);
    }
    return (void *)passed;
}

static void test_threads(void)
{
    pthread_t threads[4];
    struct mp_verifier *v = verifier(records, NULL, NULL);
    tap_case("threads: one verifier for all");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        tap_int(pthread_create(&threads[i], NULL, verify_many, v), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *passed = NULL;
        pthread_join(threads[i], &passed);
        tap_int((size_t)passed, 50);
    }
    mp_verifier_free(v);
}

int main(void)
{
    test_results();
    test_findings();
    test_policy();
    test_sealers();
    test_refusals();
    test_sign();
    test_threads();
    return tap_done();
}
