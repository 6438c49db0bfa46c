/* DKIM keys: each finding, and that its remedy clears it. Keys stand in the zones by name: @rsa1024
 * becomes the base64 of that key, as strings of a TXT record. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define HOST           "good.test. MX 10 mx1.good.test.\nmx1.good.test. A 192.0.2.1\n"
#define S1             "s1._domainkey.good.test. TXT "
#define S2             "s2._domainkey.good.test. TXT "
#define GOOD           S1 "\"v=DKIM1; p=\" @rsa2048\n"
#define KEY(tags, key) S1 "\"" tags " p=\" @" key "\n"

static const struct kit_row rows[] = {
    {.label = "no key at all",
     .id = FINDING_POSTURE_DKIM_NONE,
     .evidence = "_domainkey.good.test does not exist",
     .world = {HOST},
     .after = {HOST GOOD},
     .check = "dkim.selectors",
     .status = CHECK_FAIL},
    {.label = "no key is needed by who never sends",
     .id = FINDING_POSTURE_DKIM_NONE,
     .world = {HOST},
     .profile = PROFILE_RECEIVING,
     .absent = true,
     .check = "dkim.keys",
     .status = CHECK_SKIPPED},
    {.label = "keys under names nobody told",
     .id = FINDING_POSTURE_DKIM_SELECTORS,
     .world = {HOST "xyzzy._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa2048\n"},
     .after = {HOST GOOD},
     .check = "dkim.selectors",
     .status = CHECK_PASS},
    {.label = "a wildcard of other texts tells nothing",
     .id = FINDING_POSTURE_DKIM_SELECTORS,
     .world = {HOST "*.good.test. TXT \"v=spf1 -all\"\n"},
     .after = {HOST GOOD}},
    {.label = "the parent fails: undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_domainkey.good.test TXT: SERVFAIL",
     .world = {HOST "_domainkey.good.test. SERVFAIL\n"},
     .after = {HOST GOOD},
     .check = "dkim.selectors",
     .status = CHECK_UNDECIDED},
    {.label = "a selector fails: undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "google._domainkey.good.test TXT: TIMEOUT",
     .world = {HOST GOOD "google._domainkey.good.test. TIMEOUT TXT\n"},
     .after = {HOST GOOD},
     .check = "dkim.selectors",
     .status = CHECK_UNDECIDED},
    {.label = "an alias of nothing",
     .id = FINDING_POSTURE_DKIM_DANGLING,
     .evidence = "k1._domainkey.good.test is an alias of dkim.gone.test",
     .world = {HOST GOOD "k1._domainkey.good.test. CNAME dkim.gone.test.\n"},
     .fix = "remove k1._domainkey.good.test. CNAME"},
    {.label = "an alias of a key",
     .id = FINDING_POSTURE_DKIM_DANGLING,
     .world = {HOST "k1._domainkey.good.test. CNAME dkim.there.test.\n"
                    "dkim.there.test. TXT \"v=DKIM1; p=\" @rsa2048\n"},
     .absent = true,
     .check = "dkim.keys",
     .status = CHECK_PASS},
    {.label = "two keys, one of them no key",
     .id = FINDING_POSTURE_DKIM_SEVERAL,
     .world = {HOST GOOD S1 "\"v=DKIM1; p=\"\n"},
     .fix = "remove s1._domainkey.good.test. TXT \"v=DKIM1; p=\"",
     .check = "dkim.keys",
     .status = CHECK_FAIL},
    {.label = "two keys, both good",
     .id = FINDING_POSTURE_DKIM_SEVERAL,
     .world = {HOST GOOD S1 "\"v=DKIM1; k=ed25519; p=\" @ed25519\n"},
     .after = {HOST GOOD S2 "\"v=DKIM1; k=ed25519; p=\" @ed25519\n"}},
    {.label = "a text of others beside the key",
     .id = FINDING_POSTURE_DKIM_SEVERAL,
     .world = {HOST GOOD S1 "\"v=spf1 -all\"\n"},
     .absent = true},
    {.label = "not base64",
     .id = FINDING_POSTURE_DKIM_BROKEN,
     .evidence = "p= is not base64",
     .world = {HOST S1 "\"v=DKIM1; p=!!!\"\n"},
     .after = {HOST GOOD},
     .check = "dkim.keys",
     .status = CHECK_FAIL},
    {.label = "a key cut short",
     .id = FINDING_POSTURE_DKIM_BROKEN,
     .evidence = "not an RSA public key",
     .world = {HOST S1 "\"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCAAAAA\"\n"},
     .after = {HOST GOOD}},
    {.label = "quotes of a zone file",
     .id = FINDING_POSTURE_DKIM_BROKEN,
     .world = {HOST S1 "\"v=DKIM1; k=rsa; p=\\\"\" @rsa2048 \"\\\"\"\n"},
     .fix = "\"v=DKIM1; k=rsa; p=MII"},
    {.label = "backslashes and quotes of a zone file",
     .id = FINDING_POSTURE_DKIM_TYPE,
     .world = {HOST S1 "\"v=DKIM1; k=rsa\\\\; p=\\\"\" @rsa2048 \"\\\"\"\n"},
     .fix = "\"v=DKIM1; k=rsa; p=MII"},
    {.label = "a tag twice",
     .id = FINDING_POSTURE_DKIM_BROKEN,
     .world = {HOST KEY("v=DKIM1; k=rsa; k=rsa;", "rsa2048")},
     .fix = "\"v=DKIM1; k=rsa; p=MII"},
    {.label = "a key of a broken record of others",
     .id = FINDING_POSTURE_DKIM_BROKEN,
     .world = {HOST "s1._domainkey.good.test. CNAME k.there.test.\n"
                    "k.there.test. TXT \"v=DKIM1; k=rsa; k=rsa; p=\" @rsa2048\n"},
     .after = {HOST GOOD}},
    {.label = "a version of its own",
     .id = FINDING_POSTURE_DKIM_VERSION,
     .world = {HOST KEY("v=dkim1; k=rsa;", "rsa2048")},
     .fix = "\"v=DKIM1; k=rsa; p=MII",
     .check = "dkim.keys",
     .status = CHECK_FAIL},
    {.label = "the version behind",
     .id = FINDING_POSTURE_DKIM_VERSION,
     .world = {HOST KEY("k=rsa; v=DKIM1;", "rsa2048")},
     .fix = "\"v=DKIM1; k=rsa; p=MII"},
    {.label = "no version is none too few",
     .id = FINDING_POSTURE_DKIM_VERSION,
     .world = {HOST KEY("", "rsa2048")},
     .absent = true,
     .check = "dkim.keys",
     .status = CHECK_PASS},
    {.label = "revoked, and replaced",
     .id = FINDING_POSTURE_DKIM_REVOKED,
     .world = {HOST GOOD S2 "\"v=DKIM1; p=\"\n"},
     .fix = "remove s2._domainkey.good.test. TXT \"v=DKIM1; p=\"",
     .check = "dkim.keys",
     .status = CHECK_PASS},
    {.label = "revoked by wildcard, as a parked domain should",
     .id = FINDING_POSTURE_DKIM_REVOKED,
     .world = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 -all\"\n"
               "*._domainkey.good.test. TXT \"v=DKIM1; p=\"\n"},
     .profile = PROFILE_PARKED,
     .absent = true},
    {.label = "too weak",
     .id = FINDING_POSTURE_DKIM_WEAK,
     .evidence = "s1._domainkey.good.test: 512 bits",
     .world = {HOST KEY("v=DKIM1;", "rsa512")},
     .after = {HOST GOOD},
     .check = "dkim.keys",
     .status = CHECK_FAIL},
    {.label = "short",
     .id = FINDING_POSTURE_DKIM_SHORT,
     .evidence = "1024 bits",
     .world = {HOST KEY("v=DKIM1;", "rsa1024")},
     .after = {HOST GOOD},
     .check = "dkim.keys",
     .status = CHECK_WARN},
    {.label = "long enough",
     .id = FINDING_POSTURE_DKIM_SHORT,
     .world = {HOST GOOD},
     .absent = true,
     .check = "dkim.keys",
     .status = CHECK_PASS},
    {.label = "too large",
     .id = FINDING_POSTURE_DKIM_TOO_LARGE,
     .world = {HOST KEY("v=DKIM1;", "rsa8192")},
     .after = {HOST GOOD},
     .check = "dkim.keys",
     .status = CHECK_FAIL},
    {.label = "of an unknown type",
     .id = FINDING_POSTURE_DKIM_TYPE,
     .world = {HOST S1 "\"v=DKIM1; k=dsa; p=AAAA\"\n"},
     .after = {HOST GOOD}},
    {.label = "RSA under another name",
     .id = FINDING_POSTURE_DKIM_TYPE,
     .world = {HOST KEY("v=DKIM1; k=rsa2048;", "rsa2048")},
     .fix = "\"v=DKIM1; p=MII"},
    {.label = "testing",
     .id = FINDING_POSTURE_DKIM_TESTING,
     .world = {HOST KEY("v=DKIM1; t=y;", "rsa2048")},
     .fix = "\"v=DKIM1; p=MII"},
    {.label = "testing and strict",
     .id = FINDING_POSTURE_DKIM_TESTING,
     .world = {HOST KEY("v=DKIM1; t=s:y;", "rsa2048")},
     .fix = "; t=s;"},
    {.label = "SHA-1 only",
     .id = FINDING_POSTURE_DKIM_SHA1,
     .world = {HOST KEY("v=DKIM1; h=sha1;", "rsa2048")},
     .fix = "\"v=DKIM1; p=MII"},
    {.label = "SHA-1 too",
     .id = FINDING_POSTURE_DKIM_SHA1,
     .world = {HOST KEY("v=DKIM1; h=sha1:sha256;", "rsa2048")},
     .absent = true},
    {.label = "not for mail",
     .id = FINDING_POSTURE_DKIM_NOT_EMAIL,
     .world = {HOST KEY("v=DKIM1; s=tlsrpt;", "rsa2048")},
     .fix = "\"v=DKIM1; p=MII"},
    {.label = "Ed25519 only",
     .id = FINDING_POSTURE_DKIM_ED25519_ONLY,
     .world = {HOST KEY("v=DKIM1; k=ed25519;", "ed25519")},
     .after = {HOST GOOD S2 "\"v=DKIM1; k=ed25519; p=\" @ed25519\n"}},
};

/* With selectors that are in use for certain: "mine" and "s1". */
static const struct kit_row given_rows[] = {
    {.label = "given: no such key",
     .id = FINDING_POSTURE_DKIM_MISSING,
     .evidence = "mine._domainkey.good.test",
     .world = {HOST GOOD},
     .after = {HOST GOOD "mine._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa2048\n"},
     .check = "dkim.selectors",
     .status = CHECK_FAIL},
    {.label = "given: an alias of nothing",
     .id = FINDING_POSTURE_DKIM_MISSING,
     .evidence = "mine._domainkey.good.test, an alias of gone.test",
     .world = {HOST GOOD "mine._domainkey.good.test. CNAME gone.test.\n"},
     .after = {HOST GOOD "mine._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa2048\n"}},
    {.label = "given: others are not tried",
     .id = FINDING_POSTURE_DKIM_SHORT,
     .world = {HOST GOOD "mine._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa2048\n"
                         "google._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa1024\n"},
     .absent = true,
     .check = "dkim.keys",
     .status = CHECK_PASS},
    {.label = "given: revoked",
     .id = FINDING_POSTURE_DKIM_REVOKED,
     .world = {HOST GOOD "mine._domainkey.good.test. TXT \"v=DKIM1; p=\"\n"},
     .after = {HOST GOOD "mine._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa2048\n"},
     .severity = SEV_HIGH},
};

/* ---- keys by name ---- */

static struct arena texts;

static struct str public_octets(const char *name)
{
    static char large[6 + 4 + 1 + 1024 + 5];
    char path[64];
    struct private_key *k = NULL;
    static struct buf octets;
    if (strcmp(name, "rsa8192") == 0) { /* RSAPublicKey of a modulus that nobody made */
        static const unsigned char head[] = {0x30, 0x82, 0x04, 0x0a, 0x02, 0x82, 0x04, 0x01, 0x00};
        static const unsigned char tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
        memset(large, 0xc5, sizeof large);
        memcpy(large, head, sizeof head);
        memcpy(large + sizeof head + 1024, tail, sizeof tail);
        return str_make(large, sizeof head + 1024 + sizeof tail);
    }
    snprintf(path, sizeof path, "tests/keys/%s.pem", name);
    buf_clear(&octets);
    buf_init(&octets, 4096);
    if (private_key_load(tap_source_file(path), path, &k, NULL) != MP_OK ||
        private_key_public_octets(k, &octets, NULL) != MP_OK)
        abort();
    private_key_free(k);
    return buf_str(&octets);
}

static void add_key(struct buf *out, const char *name)
{
    struct buf b64;
    enum { CHUNK = 200 };
    buf_init(&b64, 8192);
    base64_encode(&b64, public_octets(name));
    for (size_t at = 0; at < b64.n; at += CHUNK) {
        buf_addz(out, " \"");
        buf_add(out, str_slice(buf_str(&b64), at, at + CHUNK));
        buf_addc(out, '"');
    }
    buf_clear(&b64);
}

/* The zone with keys in it, for the life of the test. */
static const char *expanded(const char *zone)
{
    static const char *const names[] = {"rsa512", "rsa1024", "rsa2048", "rsa8192", "ed25519"};
    struct buf out;
    struct str rest = str_from(zone);
    if (zone == NULL)
        return NULL;
    buf_init(&out, 64 * 1024);
    while (rest.p != NULL) {
        buf_add(&out, str_cut(&rest, '@'));
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (rest.p == NULL || !str_starts(rest, str_from(names[i])))
                continue;
            add_key(&out, names[i]);
            rest = str_slice(rest, strlen(names[i]), rest.n);
            break;
        }
    }
    const char *text = arena_copy(&texts, buf_str(&out)).p;
    buf_clear(&out);
    return text;
}

static void run_rows(const struct kit_row *from, size_t n, const struct posture_config *config)
{
    for (size_t i = 0; i < n; i++) {
        struct kit_row row = from[i];
        row.world.zone = expanded(row.world.zone);
        row.after.zone = expanded(row.after.zone);
        kit_rows(&row, 1, config);
    }
}

/* ---- what reports are told ---- */

static void check_keys_told(void)
{
    static struct kit k;
    struct kit_world w = {expanded(HOST GOOD S2 "\"v=DKIM1; k=ed25519; t=y:s; p=\" @ed25519\n"
                                                "k1._domainkey.good.test. TXT \"v=DKIM1; p=\"\n"
                                                "k2._domainkey.good.test. TXT \"v=DKIM1; p=x\"\n")};
    tap_case("the keys are told");
    kit_open(&k, &w, NULL);
    kit_run(&k);
    const struct check *c = kit_check(&k, "dkim.keys");
    if (tap_ok(c != NULL))
        tap_cstr(c->detail.p, "k1 revoked, k2 broken, s1 rsa 2048, s2 ed25519 t=s");
    if (tap_int(k.out->n_keys, 4)) {
        tap_ok(k.out->keys[0].revoked && !k.out->keys[0].broken);
        tap_ok(k.out->keys[1].broken && !k.out->keys[1].revoked);
        tap_int(k.out->keys[2].bits, 2048);
        tap_str(k.out->keys[2].name, STR("s1._domainkey.good.test"));
        tap_ok(k.out->keys[3].testing && k.out->keys[3].strict);
        tap_ok(!k.out->keys[2].testing && !k.out->keys[2].strict);
    }
    kit_close(&k);
}

/* A wildcard is one key, not one of each selector. */
static void check_wildcard(void)
{
    static struct kit k;
    struct kit_world w = {expanded(HOST "*._domainkey.good.test. TXT \"v=DKIM1; p=\" @rsa1024\n")};
    tap_case("a wildcard is one key");
    kit_open(&k, &w, NULL);
    kit_run(&k);
    if (tap_int(k.out->n_keys, 1))
        tap_str(k.out->keys[0].name, STR("*._domainkey.good.test"));
    tap_int(k.ctx.findings.per_kind[FINDING_POSTURE_DKIM_SHORT], 1);
    kit_close(&k);
}

static void check_many_selectors(void)
{
    static struct kit k;
    static struct str many[POSTURE_MAX_SELECTORS + 1];
    struct posture_config config;
    struct kit_world w = {expanded(HOST GOOD)};
    tap_case("more selectors than are looked at");
    posture_config_init(&config);
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = STR("s1");
    config.selectors = many;
    config.n_selectors = ARRAY_LEN(many);
    kit_open(&k, &w, &config);
    kit_run(&k);
    tap_ok(kit_find(&k, FINDING_POSTURE_LIMIT) != NULL);
    if (tap_ok(kit_check(&k, "dkim.selectors") != NULL))
        tap_ok(kit_check(&k, "dkim.selectors")->undecided);
    tap_int(k.out->n_keys, POSTURE_MAX_SELECTORS);
    kit_close(&k);
}

int main(void)
{
    static const struct str given[] = {STR_INIT("mine"), STR_INIT("s1")};
    struct posture_config config;
    posture_config_init(&config);
    arena_init(&texts, 4 << 20);
    run_rows(rows, ARRAY_LEN(rows), NULL);
    config.selectors = given;
    config.n_selectors = ARRAY_LEN(given);
    run_rows(given_rows, ARRAY_LEN(given_rows), &config);
    check_keys_told();
    check_wildcard();
    check_many_selectors();
    arena_clear(&texts);
    return tap_done();
}
