/* DANE: where the records are, and which of them a sender can use (RFC 7671, 7672 2). */
#include "transport/dane.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

static struct arena arena;

#define D256 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- one record ---- */

static const struct {
    const char *label;
    struct str rdata;
    bool readable;
    const char *why;
} readings[] = {
    {"empty", STR_INIT(""), false, ""},
    {"two octets", STR_INIT("\3\1"), false, ""},
    {"no data", STR_INIT("\3\1\1"), true, "the digest has not the length of its matching type"},
    {"3 1 1", STR_INIT("\3\1\1" D256), true, "the digest has not the length of its matching type"},
    {"3 1 1, right",
     STR_INIT("\3\1\1"
              "0123456789abcdef0123456789abcdef"),
     true, ""},
    {"3 1 1, one more",
     STR_INIT("\3\1\1"
              "0123456789abcdef0123456789abcdef!"),
     true, "the digest has not the length of its matching type"},
    {"3 1 2 with 32",
     STR_INIT("\3\1\2"
              "0123456789abcdef0123456789abcdef"),
     true, "the digest has not the length of its matching type"},
    {"2 0 2, right", STR_INIT("\2\0\2" D256), true, ""},
    {"PKIX-TA",
     STR_INIT("\0\0\1"
              "0123456789abcdef0123456789abcdef"),
     true, "PKIX-TA(0) and PKIX-EE(1) are not for SMTP"},
    {"PKIX-EE",
     STR_INIT("\1\1\1"
              "0123456789abcdef0123456789abcdef"),
     true, "PKIX-TA(0) and PKIX-EE(1) are not for SMTP"},
    {"usage 4",
     STR_INIT("\4\1\1"
              "0123456789abcdef0123456789abcdef"),
     true, "the certificate usage is unknown"},
    {"usage 255",
     STR_INIT("\377\1\1"
              "0123456789abcdef0123456789abcdef"),
     true, "the certificate usage is unknown"},
    {"selector 2",
     STR_INIT("\3\2\1"
              "0123456789abcdef0123456789abcdef"),
     true, "the selector is unknown"},
    {"matching 3",
     STR_INIT("\3\1\3"
              "0123456789abcdef0123456789abcdef"),
     true, "the matching type is unknown"},
    {"full, one element",
     STR_INIT("\3\1\0"
              "\x30\x03\x02\x01\x05"),
     true, ""},
    {"full, cut",
     STR_INIT("\3\1\0"
              "\x30\x04\x02\x01\x05"),
     true, "the data is no certificate and no public key"},
    {"full, bytes behind",
     STR_INIT("\3\1\0"
              "\x30\x03\x02\x01\x05!"),
     true, "the data is no certificate and no public key"},
    {"full, nothing", STR_INIT("\3\0\0"), true, "the data is no certificate and no public key"},
};

static void test_reading(void)
{
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        struct tlsa t = {.why = ""};
        tap_case("record: %s", readings[i].label);
        tap_int(tlsa_parse(readings[i].rdata, &t), readings[i].readable);
        tap_cstr(t.why, readings[i].why);
        tap_int(t.usable, readings[i].readable && readings[i].why[0] == '\0');
        tap_ok(!t.matches);
    }
    tap_case("verdict: names");
    tap_cstr(dane_verdict_name(DANE_NO_STARTTLS), "no-starttls");
    tap_cstr(dane_verdict_name((enum dane_verdict)99), "?");
}

/* ---- finding ---- */

static const char zone_text[] =
    "$SECURE\n"
    "plain.test. A 192.0.2.1\n"
    "plain.test. AAAA 2001:db8::1\n"
    "_25._tcp.plain.test. TLSA 3 1 1 " D256 "\n"
    "_465._tcp.plain.test. TLSA 3 0 1 " D256 "\n"
    "_465._tcp.plain.test. TLSA 2 0 1 " D256 "\n"
    "six.test. AAAA 2001:db8::6\n"
    "_25._tcp.six.test. TLSA 3 1 1 " D256 "\n"
    "bare.test. A 192.0.2.1\n"
    "homeless.test. TXT x\n"
    "target.test. A 192.0.2.2\n"
    "_25._tcp.target.test. TLSA 3 1 1 " D256 "\n"
    "alias.test. CNAME target.test.\n"
    "_25._tcp.alias.test. TLSA 2 1 1 " D256 "\n"
    "keeps.test. CNAME bare.test.\n" /* the target has none */
    "_25._tcp.keeps.test. TLSA 3 1 1 " D256 "\n"
    "leaves.test. CNAME far.test.\n" /* a signed alias of an unsigned host */
    "_25._tcp.leaves.test. TLSA 3 1 1 " D256 "\n"
    "leaves-bare.test. CNAME far.test.\n"
    "sick-target.test. A 192.0.2.3\n"
    "_25._tcp.sick-target.test. SERVFAIL \"no key\"\n"
    "to-sick.test. CNAME sick-target.test.\n"
    "_25._tcp.to-sick.test. TLSA 3 1 1 " D256 "\n"
    "bogus.test. A 192.0.2.3\n"
    "_25._tcp.bogus.test. BOGUS\n"
    "slow.test. A 192.0.2.3\n"
    "_25._tcp.slow.test. TIMEOUT\n"
    "lost.test. SERVFAIL\n"
    "bogus-address.test. BOGUS\n"
    "_25._tcp.bogus-address.test. TLSA 3 1 1 " D256 "\n"
    "half.test. A 192.0.2.4\n"
    "half.test. SERVFAIL AAAA\n"
    "_25._tcp.half.test. TLSA 3 1 1 " D256 "\n"
    "points.test. A 192.0.2.5\n"
    "_25._tcp.points.test. CNAME shared.test.\n"
    "shared.test. TLSA 3 1 1 " D256 "\n"
    "pkix.test. A 192.0.2.6\n"
    "_25._tcp.pkix.test. TLSA 0 0 1 " D256 "\n"
    "_25._tcp.pkix.test. TLSA 1 1 1 " D256 "\n"
    "short.test. A 192.0.2.6\n"
    "_25._tcp.short.test. TYPE52 \\# 2 0301\n"
    "mixed.test. A 192.0.2.6\n"
    "_25._tcp.mixed.test. TLSA 1 1 1 " D256 "\n"
    "_25._tcp.mixed.test. TLSA 3 1 1 " D256 "\n"
    "agile.test. A 192.0.2.6\n"
    "_25._tcp.agile.test. TLSA 3 1 1 " D256 "\n"
    "_25._tcp.agile.test. TLSA 3 1 2 " D256 D256 "\n"
    "_25._tcp.agile.test. TLSA 3 0 1 " D256 "\n"
    "_25._tcp.agile.test. TLSA 2 1 1 " D256 "\n"
    "part.test. A 192.0.2.7\n"
    "nocname.test. ALIAS A far.test.\n" /* an alias by its answer, whose CNAME cannot be asked */
    "nocname.test. SERVFAIL CNAME\n"
    "$INSECURE\n"
    "part.test. AAAA 2001:db8::7\n"
    "_25._tcp.part.test. TLSA 3 1 1 " D256 "\n"
    "far.test. A 198.51.100.1\n"
    "_25._tcp.far.test. TLSA 3 1 1 " D256 "\n"
    "unsigned.test. A 198.51.100.2\n"
    "_25._tcp.unsigned.test. TLSA 3 1 1 " D256 "\n"
    "unsigned-sick.test. A 198.51.100.2\n"
    "_25._tcp.unsigned-sick.test. SERVFAIL\n"
    "weak-alias.test. CNAME target.test.\n"
    "_25._tcp.bare.test. TLSA 3 1 1 " D256 "\n"
    "$UNKNOWN\n"
    "unknown.test. A 198.51.100.3\n"
    "_25._tcp.unknown.test. TLSA 3 1 1 " D256 "\n";

#define NO_EFFECT(name) "; the TLSA records at " name " have no effect"

static const struct {
    const char *label, *host;
    unsigned port;
    bool mx_secure;
    enum dane_verdict want;
    const char *base;
    unsigned n, usable;
    const char *reason;
} findings[] = {
    {"plain", "plain.test", 25, true, DANE_MISMATCH, "plain.test", 1, 1,
     "not compared with a certificate"},
    {"any case, final dot", "PLAIN.test.", 25, true, DANE_MISMATCH, "plain.test", 1, 1,
     "not compared with a certificate"},
    {"another port", "plain.test", 465, true, DANE_MISMATCH, "plain.test", 2, 2,
     "not compared with a certificate"},
    {"no records at the port", "plain.test", 587, true, DANE_NONE, "plain.test", 0, 0,
     "there are no TLSA records"},
    {"IPv6 only", "six.test", 25, true, DANE_MISMATCH, "six.test", 1, 1,
     "not compared with a certificate"},
    {"unsigned MX", "plain.test", 25, false, DANE_NONE, "plain.test", 1, 1,
     "the MX records are not signed (DNSSEC)" NO_EFFECT("_25._tcp.plain.test")},
    {"unsigned MX, no records", "six.test", 26, false, DANE_NONE, "six.test", 0, 0,
     "the MX records are not signed (DNSSEC)"},
    {"unsigned MX, lost host", "lost.test", 25, false, DANE_NONE, "lost.test", 0, 0,
     "the MX records are not signed (DNSSEC)"},
    {"no addresses", "homeless.test", 25, true, DANE_NONE, "homeless.test", 0, 0,
     "the host has no addresses"},
    {"no such host", "nowhere.test", 25, true, DANE_NONE, "nowhere.test", 0, 0,
     "the host has no addresses"},
    {"alias: its target first", "alias.test", 25, true, DANE_MISMATCH, "target.test", 1, 1,
     "not compared with a certificate"},
    {"alias: then itself", "keeps.test", 25, true, DANE_MISMATCH, "keeps.test", 1, 1,
     "not compared with a certificate"},
    {"signed alias of an unsigned host", "leaves.test", 25, true, DANE_MISMATCH, "leaves.test", 1,
     1, "not compared with a certificate"},
    {"the same without records", "leaves-bare.test", 25, true, DANE_NONE, "leaves-bare.test", 0, 0,
     "there are no TLSA records"},
    {"unsigned alias of a signed host", "weak-alias.test", 25, true, DANE_NONE, "weak-alias.test",
     0, 0, "the addresses of the host are not signed (DNSSEC)"},
    {"alias that cannot be asked", "nocname.test", 25, true, DANE_FAILED, "nocname.test", 0, 0,
     "the look-up of nocname.test CNAME failed: SERVFAIL"},
    {"the target's look-up fails", "to-sick.test", 25, true, DANE_FAILED, "sick-target.test", 0, 0,
     "the look-up of _25._tcp.sick-target.test TLSA failed: SERVFAIL, no key"},
    {"bogus records", "bogus.test", 25, true, DANE_FAILED, "bogus.test", 0, 0,
     "the look-up of _25._tcp.bogus.test TLSA failed: BOGUS"},
    {"records time out", "slow.test", 25, true, DANE_FAILED, "slow.test", 0, 0,
     "the look-up of _25._tcp.slow.test TLSA failed: TIMEOUT"},
    {"addresses fail", "lost.test", 25, true, DANE_FAILED, "lost.test", 0, 0,
     "the look-up of lost.test AAAA failed: SERVFAIL"},
    {"bogus addresses", "bogus-address.test", 25, true, DANE_FAILED, "bogus-address.test", 0, 0,
     "the look-up of bogus-address.test AAAA failed: BOGUS"},
    {"one kind of address fails", "half.test", 25, true, DANE_MISMATCH, "half.test", 1, 1,
     "not compared with a certificate"},
    {"one kind of address unsigned", "part.test", 25, true, DANE_NONE, "part.test", 1, 1,
     "the addresses of the host are not signed (DNSSEC)" NO_EFFECT("_25._tcp.part.test")},
    {"records behind an alias", "points.test", 25, true, DANE_MISMATCH, "points.test", 1, 1,
     "not compared with a certificate"},
    {"unsigned host", "unsigned.test", 25, true, DANE_NONE, "unsigned.test", 1, 1,
     "the addresses of the host are not signed (DNSSEC)" NO_EFFECT("_25._tcp.unsigned.test")},
    {"unsigned host, records fail", "unsigned-sick.test", 25, true, DANE_NONE, "unsigned-sick.test",
     0, 0, "the addresses of the host are not signed (DNSSEC)"},
    {"nobody validated", "unknown.test", 25, true, DANE_NONE, "unknown.test", 1, 1,
     "the addresses of the host are not signed (DNSSEC)" NO_EFFECT("_25._tcp.unknown.test")},
    {"unsigned records", "bare.test", 25, true, DANE_NONE, "bare.test", 1, 1,
     "the TLSA records are not signed (DNSSEC)" NO_EFFECT("_25._tcp.bare.test")},
    {"PKIX only", "pkix.test", 25, true, DANE_UNUSABLE, "pkix.test", 2, 0,
     "none of the TLSA records can be used for SMTP"},
    {"too short", "short.test", 25, true, DANE_UNUSABLE, "short.test", 1, 0,
     "none of the TLSA records can be used for SMTP"},
    {"one of two", "mixed.test", 25, true, DANE_MISMATCH, "mixed.test", 2, 1,
     "not compared with a certificate"},
    {"the stronger digest stands before", "agile.test", 25, true, DANE_MISMATCH, "agile.test", 4, 3,
     "not compared with a certificate"},
    {"no name", "", 25, true, DANE_FAILED, "", 0, 0, "the name of the host cannot be asked in DNS"},
    {"a name with an empty label", "a..test", 25, true, DANE_FAILED, "", 0, 0,
     "the name of the host cannot be asked in DNS"},
};

static struct dns_zone *zone(void)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (z == NULL || dns_zone_load(z, str_from(zone_text), "zone", &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return z;
}

static void check_found(size_t i, const struct dane *d)
{
    size_t usable = 0;
    for (size_t k = 0; k < d->n; k++)
        usable += d->records[k].usable;
    tap_cstr(dane_verdict_name(d->verdict), dane_verdict_name(findings[i].want));
    tap_str(d->base, str_from(findings[i].base));
    tap_int(d->n, findings[i].n);
    tap_int(usable, findings[i].usable);
    tap_str(d->reason, str_from(findings[i].reason));
    tap_ok(!d->by_ta);
}

static int find(struct dns_view *v, size_t i, struct dane *d)
{
    return dane_find(v, &arena, str_from(findings[i].host), (uint16_t)findings[i].port,
                     findings[i].mx_secure, d, NULL);
}

static void test_finding(void)
{
    struct dns_zone *z = zone();
    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        struct dns_view *v = dns_view_new(&arena, dns_zone_lookup, z);
        struct dane d = {.verdict = DANE_NONE};
        tap_case("find: %s", findings[i].label);
        tap_int(find(v, i, &d), MP_OK);
        check_found(i, &d);
        dns_view_release(v);
    }
    dns_zone_free(z);
}

/* Every answer comes late: the same result, in few rounds, and nothing written while waiting. */
static void test_waiting(void)
{
    struct dns_zone *z = zone();
    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        struct dns_view *v = dns_view_new(&arena, NULL, NULL);
        struct dane d = {.verdict = DANE_VERIFIED};
        struct dns_question q;
        unsigned rounds = 0;
        tap_case("wait: %s", findings[i].label);
        while (find(v, i, &d) == MP_WAIT && rounds++ < 5) {
            tap_int(d.verdict, DANE_VERIFIED);
            for (size_t cursor = 0; dns_view_missing(v, &cursor, &q);)
                dns_view_put(v, q.name, q.type, dns_zone_lookup(z, q.name, q.type));
        }
        tap_ok(rounds <= 3);
        check_found(i, &d);
        dns_view_release(v);
    }
    dns_zone_free(z);
}

static void test_many(void)
{
    struct dns_zone *z = dns_zone_new();
    struct buf b;
    struct dane d;
    buf_init(&b, 1 << 16);
    buf_addz(&b, "$SECURE\nmany.test. A 192.0.2.1\n");
    for (unsigned i = 0; i < DANE_MAX_RECORDS; i++)
        buf_addf(&b, "_25._tcp.many.test. TLSA 3 1 1 %064x\n", i);
    dns_zone_load(z, buf_str(&b), "zone", NULL);
    struct dns_view *v = dns_view_new(&arena, dns_zone_lookup, z);
    tap_case("find: 64 records");
    tap_int(dane_find(v, &arena, STR("many.test"), 25, true, &d, NULL), MP_OK);
    tap_int(d.verdict, DANE_MISMATCH);
    tap_int(d.n, DANE_MAX_RECORDS);
    dns_view_release(v);
    dns_zone_free(z);
    z = dns_zone_new();
    buf_addf(&b, "_25._tcp.many.test. TLSA 3 1 1 %064x\n", DANE_MAX_RECORDS);
    dns_zone_load(z, buf_str(&b), "zone", NULL);
    v = dns_view_new(&arena, dns_zone_lookup, z);
    tap_case("find: more are not judged, and not passed over");
    tap_int(dane_find(v, &arena, STR("many.test"), 25, true, &d, NULL), MP_OK);
    tap_int(d.verdict, DANE_FAILED);
    tap_str(d.reason, STR("there are 65 TLSA records; at most 64 are judged"));
    dns_view_release(v);
    dns_zone_free(z);
    buf_clear(&b);
}

static void test_no_memory(void)
{
    struct dns_zone *z = zone();
    unsigned failed = 0;
    tap_case("find: a spent budget is an error, never a verdict");
    for (size_t budget = 0; budget < 40000; budget += 512) {
        struct arena tiny;
        struct dane d = {.verdict = DANE_VERIFIED};
        arena_init(&tiny, budget);
        struct dns_view *v = dns_view_new(&arena, dns_zone_lookup, z);
        int st = dane_find(v, &tiny, STR("plain.test"), 25, true, &d, NULL);
        failed += st != MP_OK && d.verdict == DANE_VERIFIED;
        tap_int(d.verdict, st == MP_OK ? DANE_MISMATCH : DANE_VERIFIED);
        dns_view_release(v);
        arena_clear(&tiny);
    }
    tap_ok(failed != 0);
    dns_zone_free(z);
}

int main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_reading();
    test_finding();
    test_waiting();
    test_many();
    test_no_memory();
    arena_clear(&arena);
    return tap_done();
}
