/* The runner: each word of expectation holds, does not hold, and cannot be decided, against a sink
 * in this process, DNS from a zone, and servers that play a script. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/auth.h"
#include "dns/zone.h"
#include "suite/runner.h"
#include "suite/suite_test_kit.h"
#include "tests/script_server.h"

static const char zone_text[] = "$TTL 300\n"
                                "1.0.0.127.in-addr.arpa. PTR client.test.\n"
                                "client.test. A 127.0.0.1\n"
                                "other.test. A 192.0.2.1\n"
                                "fails.test. SERVFAIL\n"
                                "1.0.0.127.listed.test. A 127.0.0.2\n"
                                "1.0.0.127.unlisted.test. NXDOMAIN\n"
                                "2.0.0.127.unlisted.test. A 127.0.0.2\n"
                                "1.0.0.127.dead.test. NXDOMAIN\n"
                                "2.0.0.127.dead.test. NXDOMAIN\n"
                                "1.0.0.127.shut.test. A 127.255.255.254\n"
                                "1.0.0.127.sold.test. A 192.0.2.7\n"
                                "1.0.0.127.fails.test. SERVFAIL\n"
                                "good.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"\n"
                                "good.test. MX 10 mx.good.test.\n"
                                "mx.good.test. A 127.0.0.1\n"
                                "_dmarc.good.test. TXT \"v=DMARC1; p=reject\"\n"
                                "foreign.test. TXT \"v=spf1 -all\"\n"
                                "_dmarc.foreign.test. TXT \"v=DMARC1; p=none\"\n"
                                "open.test. SERVFAIL TXT\n"
                                "null.test. MX 0 .\n"
                                "gone.test. SERVFAIL\n";

static struct dns_zone *zone;
static struct dns_source source;
static struct policy policy;
static struct job_config job_config = {.policy = &policy};
static struct suite_world world = {.helo = STR_INIT("client.test"), .job_config = &job_config};

static void open_world(void)
{
    struct mp_err err = {0};
    zone = dns_zone_new();
    policy_default(&policy);
    auth_config_init(&job_config.auth);
    job_config.auth.authserv_id = job_config.auth.receiver = STR("client.test");
    if (dns_zone_load(zone, str_from(zone_text), "zone", &err) != MP_OK ||
        tls_client_new(&(struct tls_settings){0}, &world.tls, &err) != MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    source = (struct dns_source){.zone = zone, .deadline_ms = 5000};
    world.dns = &source;
}

/* ---- a suite of one text ---- */

struct played {
    struct suite suite;
    struct suite_results results;
    char text[256 * 1024];
};
static struct played played;

static const char head[] =
    "mailproof: 1\nname: t\n"
    "sinks:\n"
    "  out: {listen: \"127.0.0.1:0\", domains: [sink.test], hostname: mx.sink.test}\n"
    "  login: {listen: \"127.0.0.1:0\", auth: any, auth-required: true}\n"
    "tests:\n";

static bool play(const char *text, unsigned jobs)
{
    const struct kit_value files[] = {{"t.yaml", text}, {NULL, NULL}};
    static const struct kit_value env[] = {{"PW", "correct horse"}, {NULL, NULL}};
    struct kit_outside k = {.files = files, .env = env};
    struct suite_outside outside = {kit_env, kit_file, kit_readable, &k};
    struct suite_options o = {.outside = &outside};
    struct suite_run_options run = {.jobs = jobs};
    struct suite_problems problems;
    struct mp_err err = {0};
    int st = suite_read("t.yaml", &o, &played.suite, &problems, &err);
    for (size_t i = 0; i < problems.n; i++)
        if (!problems.items[i].warning)
            tap_note("%u:%u: " STR_FMT, problems.items[i].at.line, problems.items[i].at.column,
                     STR_ARG(problems.items[i].text));
    if (st == MP_OK)
        st = suite_run(&played.suite, &world, &run, &played.results, &err);
    if (st != MP_OK)
        tap_note("%s", err.text);
    return st == MP_OK;
}

static void clear(void)
{
    suite_results_clear(&played.results);
    suite_clear(&played.suite);
}

static const struct check *check_of(const struct suite_result *r, const char *name)
{
    for (size_t i = 0; i < r->checks.n; i++)
        if (strcmp(r->checks.items[i].name, name) == 0)
            return &r->checks.items[i];
    return NULL;
}

static void note_checks(const struct suite_result *r)
{
    for (size_t i = 0; i < r->checks.n; i++) {
        const struct check *c = &r->checks.items[i];
        tap_note(STR_FMT " %s: %s: " STR_FMT, STR_ARG(c->group), c->name,
                 check_status_name(check_status_of(c)), STR_ARG(c->detail));
    }
}

/* ---- the words ---- */

struct word_row {
    const char *step, *expect; /* expect: of the last step; NULL: none */
    const char *check;         /* that the word becomes */
    enum check_status status;
};

#define PROBE   "probe: {host: out, to: [x@sink.test]}"
#define NOBODY  "probe: {url: \"smtp://127.0.0.1:1\"}"
#define SEND    "send: {via: out, from: a@good.test, to: x@sink.test}"
#define REFUSED "send: {via: out, from: a@good.test, to: x+550-5.7.1@sink.test}"
#define LATER   "send: {via: out, from: a@good.test, to: x+451-4.7.1@sink.test}"
#define AT_DATA "send: {via: out, from: a@good.test, to: data-554@sink.test}"
#define AT_END  "send: {via: out, from: a@good.test, to: end-552@sink.test}"
#define DROPS   "send: {via: out, from: a@good.test, to: end-drop@sink.test}"
#define NONE    "send: {via: {url: \"smtp://127.0.0.1:1\"}, from: a@good.test, to: x@sink.test}"
#define BODY    "body: \"Your code is 482913: https://a.test/x\""
#define FROM(f)                                                                                    \
    "send: {via: out, from: " f ", to: \"x+${tag}@sink.test\", subject: hello, " BODY "}\n"        \
    "    arrive: {in: out, within: 20s, settle: 100ms, expect: %}"
#define ARRIVES FROM("a@good.test")
/* A hop in the clear, whose clock is years behind. */
#define HOPPED                                                                                     \
    "send: {via: out, from: a@good.test, to: \"x+${tag}@sink.test\", headers: {Received: \"from "  \
    "a.test (a.test [192.0.2.1]) by b.test with ESMTP; Mon, 2 Mar 2020 10:00:00 +0000\"}}\n"       \
    "    arrive: {in: out, within: 20s, expect: %}"
#define SCAN(ip, from) "scan: {kind: good, from: " from ", to: x@sink.test, ip: " ip ", seed: 1}"
#define RELAY          "relay-test: {host: out, to: someone@elsewhere.test}"

static const struct word_row words[] = {
    /* servers */
    {PROBE, "{answers: true}", "answers", CHECK_PASS},
    {PROBE, "{answers: false}", "answers", CHECK_FAIL},
    {NOBODY, "{answers: false}", "answers", CHECK_PASS},
    {NOBODY, "{answers: true}", "answers", CHECK_FAIL},
    {NOBODY, "{tls: \">=1.2\"}", "answers", CHECK_FAIL},
    {PROBE, "{banner: \"220 mx.sink.test*\"}", "banner", CHECK_PASS},
    {PROBE, "{banner: \"220 other*\"}", "banner", CHECK_FAIL},
    {PROBE, "{tls: \">=1.2\"}", "tls", CHECK_PASS},
    {PROBE, "{tls: \"=1.1\"}", "tls", CHECK_FAIL},
    {PROBE, "{starttls: offered}", "starttls", CHECK_PASS},
    {PROBE, "{starttls: none}", "starttls", CHECK_FAIL},
    {PROBE, "{starttls: required}", "starttls", CHECK_FAIL},
    {PROBE, "{auth-before-tls: []}", "auth-before-tls", CHECK_PASS},
    {PROBE, "{auth-before-tls: [PLAIN]}", "auth-before-tls", CHECK_FAIL},
    {PROBE, "{auth: [PLAIN]}", "auth", CHECK_FAIL},
    {PROBE, "{ehlo: [PIPELINING, \"SIZE 5*\", 8bitmime]}", "ehlo", CHECK_PASS},
    {PROBE, "{ehlo: [PIPELINING, ETRN]}", "ehlo", CHECK_FAIL},
    {PROBE, "{ehlo-lacks: [VRFY, ETRN]}", "ehlo-lacks", CHECK_PASS},
    {PROBE, "{ehlo-lacks: [PIPELINING]}", "ehlo-lacks", CHECK_FAIL},
    {PROBE, "{size: \">=10M\"}", "size", CHECK_PASS},
    {PROBE, "{size: \"<10M\"}", "size", CHECK_FAIL},
    {PROBE, "{time: \"<60s\"}", "time", CHECK_PASS},
    {PROBE, "{time: \">60s\"}", "time", CHECK_FAIL},
    {PROBE, "{cert: {days-left: \">1\"}}", "cert.days-left", CHECK_PASS},
    {PROBE, "{cert: {days-left: \">100000\"}}", "cert.days-left", CHECK_FAIL},
    {PROBE, "{cert: {days-left: {warn: 100000, crit: 1}}}", "cert.days-left", CHECK_WARN},
    {PROBE, "{cert: {days-left: {warn: 100000, crit: 99999}}}", "cert.days-left", CHECK_FAIL},
    {PROBE, "{cert: {valid: false}}", "cert.valid", CHECK_PASS},
    {PROBE, "{cert: {valid: true}}", "cert.valid", CHECK_FAIL},
    {PROBE, "{cert: {names: [mx.sink.test]}}", "cert.names", CHECK_PASS},
    {PROBE, "{cert: {names: [mx.sink.test, mx.other.test]}}", "cert.names", CHECK_FAIL},
    {PROBE, "{cert: {issuer: \"CN=mailproof*\"}}", "cert.issuer", CHECK_PASS},
    {PROBE, "{cert: {issuer: \"*Nobody*\"}}", "cert.issuer", CHECK_FAIL},
    {PROBE, "{dane: none}", "dane", CHECK_PASS},
    {PROBE, "{dane: verified}", "dane", CHECK_FAIL},
    {PROBE, "{fcrdns: true}", "fcrdns", CHECK_PASS},
    {PROBE, "{fcrdns: false}", "fcrdns", CHECK_FAIL},
    {PROBE, "{rcpt: accepted}", "rcpt", CHECK_PASS},
    {PROBE, "{rcpt: refused}", "rcpt", CHECK_FAIL},
    {PROBE, "{code: \"250\"}", "code", CHECK_PASS},
    {PROBE, "{code: 5*}", "code", CHECK_FAIL},
    {PROBE, "{enhanced: 2.1.*}", "enhanced", CHECK_PASS},
    {PROBE, "{enhanced: 5.*}", "enhanced", CHECK_FAIL},
    {PROBE, "{catch-all: true}", "catch-all", CHECK_PASS},
    {PROBE, "{catch-all: false}", "catch-all", CHECK_FAIL},
    {PROBE, "{all-mx: {tls: \">=1.2\"}}", "tls", CHECK_PASS},
    {PROBE, "{any-mx: {tls: \">=1.2\", size: \">1M\"}}", "any-mx", CHECK_PASS},
    {PROBE, "{any-mx: {tls: \">=1.2\", size: \">1G\"}}", "any-mx", CHECK_FAIL},
    {PROBE, "{servers: \"=1\"}", "servers", CHECK_PASS},
    {PROBE, "{servers: \"=2\"}", "servers", CHECK_FAIL},
    {"probe: {mx-of: null.test}", "{null-mx: true}", "null-mx", CHECK_PASS},
    {"probe: {mx-of: null.test}", "{null-mx: false}", "null-mx", CHECK_FAIL},
    {"probe: {mx-of: null.test}", "{all-mx: {tls: \">=1.2\"}}", "servers", CHECK_FAIL},
    {"probe: {mx-of: gone.test}", "{null-mx: false}", "null-mx", CHECK_UNDECIDED},
    {"probe: {mx-of: gone.test}", "{all-mx: {tls: \">=1.2\"}}", "servers", CHECK_UNDECIDED},
    {"probe: {mx-of: gone.test}", "{servers: \"=0\"}", "servers", CHECK_UNDECIDED},
    {"probe: {mx-of: gone.test}", "{any-mx: {tls: \">=1.2\"}}", "any-mx", CHECK_UNDECIDED},
    {"probe: {mx-of: gone.test}", "{answers: false}", "servers", CHECK_UNDECIDED},
    {"probe: {mx-of: gone.test}", NULL, "fail-on", CHECK_UNDECIDED},
    {PROBE, "{mta-sts: {mode: none}}", "mta-sts.mode", CHECK_PASS},
    {PROBE, "{mta-sts: {mode: enforce}}", "mta-sts.mode", CHECK_FAIL},
    {PROBE, "{forbid: [flow.relay.*]}", "forbid", CHECK_PASS},
    {PROBE, "{forbid: [flow.cert.*]}", "forbid", CHECK_FAIL},
    {PROBE, "{require: [flow.cert.*]}", "require", CHECK_PASS},
    {PROBE, "{require: [flow.relay.open]}", "require", CHECK_FAIL},
    {PROBE, "{fail-on: critical}", "fail-on", CHECK_PASS},
    {PROBE, "{fail-on: info}", "fail-on", CHECK_FAIL},
    /* sending */
    {SEND, NULL, "accepted", CHECK_PASS},
    {REFUSED, NULL, "accepted", CHECK_FAIL},
    {LATER, NULL, "accepted", CHECK_FAIL},
    {NONE, NULL, "accepted", CHECK_UNDECIDED},
    {DROPS, NULL, "accepted", CHECK_UNDECIDED},
    {SEND, "{accepted: any}", "answered", CHECK_PASS},
    {REFUSED, "{accepted: any}", "answered", CHECK_PASS},
    {NONE, "{accepted: any}", "answered", CHECK_UNDECIDED},
    {REFUSED, "{refused: true}", "refused", CHECK_PASS},
    {SEND, "{refused: true}", "refused", CHECK_FAIL},
    {LATER, "{refused: true}", "refused", CHECK_FAIL},
    {DROPS, "{refused: true}", "refused", CHECK_UNDECIDED},
    {LATER, "{deferred: true}", "deferred", CHECK_PASS},
    {REFUSED, "{deferred: true}", "deferred", CHECK_FAIL},
    {REFUSED, "{refused: {at: rcpt}}", "at", CHECK_PASS},
    {AT_DATA, "{refused: {at: data}}", "at", CHECK_PASS},
    {AT_END, "{refused: {at: data}}", "at", CHECK_PASS},
    {REFUSED, "{refused: {at: data}}", "at", CHECK_FAIL},
    {REFUSED, "{refused: {at: [rcpt, data]}}", "at", CHECK_PASS},
    {REFUSED, "{refused: {code: \"550\"}}", "code", CHECK_PASS},
    {REFUSED, "{refused: {code: [\"551\", 554]}}", "code", CHECK_FAIL},
    {REFUSED, "{refused: {enhanced: 5.7.*}}", "enhanced", CHECK_PASS},
    {REFUSED, "{refused: {enhanced: 5.1.*}}", "enhanced", CHECK_FAIL},
    {REFUSED, "{refused: {text: \"550 5.7.1 *\"}}", "text", CHECK_PASS},
    {REFUSED, "{refused: {text: \"*go away*\"}}", "text", CHECK_FAIL},
    {SEND, "{sent: {tls: \">=1.2\"}}", "tls", CHECK_PASS},
    {SEND, "{sent: {tls: none}}", "tls", CHECK_FAIL},
    {SEND, "{sent: {time: \"<60s\"}}", "time", CHECK_PASS},
    {SEND, "{sent: {time: \">60s\"}}", "time", CHECK_FAIL},
    /* arriving */
    {ARRIVES, "{folder: default}", "folder", CHECK_PASS},
    {ARRIVES, "{folder: [Junk, x*]}", "folder", CHECK_FAIL},
    {ARRIVES, "{time: \"<60s\"}", "time", CHECK_PASS},
    {ARRIVES, "{time: \">60s\"}", "time", CHECK_FAIL},
    {ARRIVES, "{copies: \"=1\"}", "copies", CHECK_PASS},
    {ARRIVES, "{copies: \"=2\"}", "copies", CHECK_FAIL},
    {ARRIVES, "{attempts: \"=1\"}", "attempts", CHECK_PASS},
    {ARRIVES, "{attempts: \">1\"}", "attempts", CHECK_FAIL},
    {ARRIVES, "{auth: {spf: pass}}", "auth.spf", CHECK_PASS},
    {ARRIVES, "{auth: {spf: [fail, softfail]}}", "auth.spf", CHECK_FAIL},
    {FROM("a@foreign.test"), "{auth: {spf: fail}}", "auth.spf", CHECK_PASS},
    {FROM("a@foreign.test"), "{auth: {spf: pass}}", "auth.spf", CHECK_FAIL},
    {FROM("a@open.test"), "{auth: {spf: pass}}", "auth.spf", CHECK_UNDECIDED},
    {FROM("a@open.test"), "{auth: {spf: temperror}}", "auth.spf", CHECK_PASS},
    {ARRIVES, "{auth: {dkim: none}}", "auth.dkim", CHECK_PASS},
    {ARRIVES, "{auth: {dkim: pass}}", "auth.dkim", CHECK_FAIL},
    {ARRIVES, "{auth: {dkim: {result: pass, domain: good.test}}}", "auth.dkim", CHECK_FAIL},
    {ARRIVES, "{auth: {dmarc: pass}}", "auth.dmarc", CHECK_PASS},
    {ARRIVES, "{auth: {dmarc: fail}}", "auth.dmarc", CHECK_FAIL},
    {FROM("a@open.test"), "{auth: {dmarc: pass}}", "auth.dmarc", CHECK_FAIL},
    {ARRIVES, "{auth: {dmarc: {result: pass, policy: reject}}}", "auth.dmarc.policy", CHECK_PASS},
    {ARRIVES, "{auth: {dmarc: {result: pass, policy: none}}}", "auth.dmarc.policy", CHECK_FAIL},
    {ARRIVES, "{auth: {arc: none}}", "auth.arc", CHECK_PASS},
    {ARRIVES, "{auth: {arc: pass}}", "auth.arc", CHECK_FAIL},
    {ARRIVES, "{auth: {alignment: strict}}", "auth.alignment", CHECK_PASS},
    {FROM("a@foreign.test"), "{auth: {alignment: relaxed}}", "auth.alignment", CHECK_FAIL},
    {ARRIVES, "{authserv-id: mx.sink.test, auth: {spf: pass}}", "auth", CHECK_FAIL},
    {ARRIVES, "{hops: {count: \"=0\"}}", "hops.count", CHECK_PASS},
    {ARRIVES, "{hops: {count: \">=1\"}}", "hops.count", CHECK_FAIL},
    {ARRIVES, "{hops: {slowest: \"<5s\"}}", "hops.slowest", CHECK_UNDECIDED},
    {ARRIVES, "{hops: {total: \"<60s\"}}", "hops.total", CHECK_PASS},
    {ARRIVES, "{hops: {total: \">60s\"}}", "hops.total", CHECK_FAIL},
    {ARRIVES, "{hops: {skew: \"<=0s\"}}", "hops.skew", CHECK_UNDECIDED},
    {ARRIVES, "{hops: {tls: all}}", "hops.tls", CHECK_UNDECIDED},
    {HOPPED, "{hops: {skew: \">1s\"}}", "hops.skew", CHECK_PASS},
    {HOPPED, "{hops: {skew: \"<=1s\"}}", "hops.skew", CHECK_FAIL},
    {HOPPED, "{hops: {tls: none}}", "hops.tls", CHECK_PASS},
    {HOPPED, "{hops: {tls: all}}", "hops.tls", CHECK_FAIL},
    {ARRIVES, "{altered: {body: none}}", "altered.body", CHECK_PASS},
    {ARRIVES, "{altered: {parts: none}}", "altered.parts", CHECK_PASS},
    {ARRIVES, "{altered: {headers-added: none}}", "altered.headers-added", CHECK_PASS},
    {ARRIVES, "{altered: {headers-removed: none}}", "altered.headers-removed", CHECK_PASS},
    {ARRIVES, "{altered: {headers-changed: none}}", "altered.headers-changed", CHECK_PASS},
    {ARRIVES, "{client: {fcrdns: true}}", "client.fcrdns", CHECK_PASS},
    {ARRIVES, "{client: {fcrdns: false}}", "client.fcrdns", CHECK_FAIL},
    {ARRIVES, "{client: {helo-matches: true}}", "client.helo-matches", CHECK_PASS},
    {ARRIVES, "{client: {helo-matches: false}}", "client.helo-matches", CHECK_FAIL},
    {ARRIVES, "{client: {tls: \">=1.2\"}}", "client.tls", CHECK_PASS},
    {ARRIVES, "{client: {tls: none}}", "client.tls", CHECK_FAIL},
    {ARRIVES, "{client: {ip: 127.*}}", "client.ip", CHECK_PASS},
    {ARRIVES, "{client: {ip: 192.*}}", "client.ip", CHECK_FAIL},
    {ARRIVES, "{client: {helo: client.test}}", "client.helo", CHECK_PASS},
    {ARRIVES, "{client: {helo: other.test}}", "client.helo", CHECK_FAIL},
    {ARRIVES, "{client: {dnsbl: {lists: [unlisted.test], listed: false}}}", "client.dnsbl",
     CHECK_PASS},
    {ARRIVES, "{client: {dnsbl: {lists: [unlisted.test, listed.test], listed: false}}}",
     "client.dnsbl", CHECK_FAIL},
    {ARRIVES, "{client: {dnsbl: {lists: [fails.test], listed: false}}}", "client.dnsbl",
     CHECK_UNDECIDED},
    {ARRIVES, "{client: {dnsbl: {lists: [fails.test, listed.test], listed: true}}}", "client.dnsbl",
     CHECK_PASS},
    {ARRIVES, "{client: {dnsbl: {lists: [dead.test], listed: false}}}", "client.dnsbl",
     CHECK_UNDECIDED},
    {ARRIVES, "{client: {dnsbl: {lists: [shut.test], listed: true}}}", "client.dnsbl",
     CHECK_UNDECIDED},
    {ARRIVES, "{client: {dnsbl: {lists: [sold.test], listed: true}}}", "client.dnsbl",
     CHECK_UNDECIDED},
    {ARRIVES, "{subject: \"hello*\"}", "subject", CHECK_PASS},
    {ARRIVES, "{subject: \"bye*\"}", "subject", CHECK_FAIL},
    {ARRIVES, "{contains: [code, 482913]}", "contains", CHECK_PASS},
    {ARRIVES, "{contains: [code, 999999]}", "contains", CHECK_FAIL},
    {ARRIVES, "{links: \"=1\"}", "links", CHECK_PASS},
    {ARRIVES, "{links: \"=0\"}", "links", CHECK_FAIL},
    {ARRIVES, "{codes: \">=1\"}", "codes", CHECK_PASS},
    {ARRIVES, "{codes: \"=0\"}", "codes", CHECK_FAIL},
    {ARRIVES, "{headers: {Subject: \"hello*\"}}", "header", CHECK_PASS},
    {ARRIVES, "{headers: {Subject: \"bye*\"}}", "header", CHECK_FAIL},
    {ARRIVES, "{headers: {X-Spam: null}}", "header", CHECK_PASS},
    {ARRIVES, "{headers: {Subject: null}}", "header", CHECK_FAIL},
    {ARRIVES, "{forbid: [auth.spf.*]}", "forbid", CHECK_PASS},
    {FROM("a@foreign.test"), "{forbid: [auth.spf.*]}", "forbid", CHECK_FAIL},
    {FROM("a@open.test"), "{forbid: [message.*]}", "forbid", CHECK_UNDECIDED},
    {REFUSED "\n    not-arrive: {in: out, within: 200ms}", "{refused: true}", "arrival",
     CHECK_PASS},
    {SEND "\n    not-arrive: {in: out, within: 5s}", NULL, "arrival", CHECK_FAIL},
    {NONE "\n    not-arrive: {in: out, within: 200ms}", NULL, "arrival", CHECK_SKIPPED},
    {NONE "\n    arrive: {in: out, within: 200ms}", NULL, "arrival", CHECK_SKIPPED},
    {DROPS "\n    arrive: {in: out, within: 200ms}", NULL, "accepted", CHECK_UNDECIDED},
    {REFUSED "\n    arrive: {in: out, within: 200ms}", "{accepted: any}", "arrival",
     CHECK_UNDECIDED},
    {REFUSED "\n    not-arrive: {in: out, within: 200ms}", NULL, "answered", CHECK_PASS},
    {LATER "\n    not-arrive: {in: out, within: 200ms}", NULL, "answered", CHECK_UNDECIDED},
    {LATER "\n    not-arrive: {in: out, within: 200ms}", "{deferred: true}", "deferred",
     CHECK_PASS},
    {LATER "\n    not-arrive: {in: out, within: 200ms}", "{accepted: any}", "answered", CHECK_PASS},
    {"arrive: {in: out, within: 200ms, subject: nothing}", NULL, "arrival", CHECK_FAIL},
    /* relaying and smuggling */
    {RELAY, NULL, "refused", CHECK_FAIL},
    {RELAY, "{refused: none}", "refused", CHECK_FAIL},
    {RELAY, "{enhanced: 9.9.9}", "enhanced", CHECK_FAIL},
    {"relay-test: {host: {url: \"smtp://other.test\"}, to: a@else.test}", NULL, "made",
     CHECK_UNDECIDED},
    {"smuggle: {host: out, from: a@good.test, to: x@sink.test, sequences: [LF.LF]}", NULL,
     "smuggled", CHECK_PASS},
    {"smuggle: {host: out, from: a@good.test, to: x+550@sink.test, sequences: [LF.LF]}", NULL,
     "smuggled", CHECK_UNDECIDED},
    /* scanning */
    {SCAN("127.0.0.1", "a@good.test"), "{auth: {spf: pass, dmarc: pass}}", "auth.dmarc",
     CHECK_PASS},
    {SCAN("192.0.2.9", "a@good.test"), "{auth: {spf: pass, dmarc: pass}}", "auth.dmarc",
     CHECK_FAIL},
    {SCAN("192.0.2.9", "a@good.test"), "{auth: {spf: pass, dmarc: pass}}", "auth.spf", CHECK_FAIL},
    {SCAN("192.0.2.9", "a@open.test"), "{auth: {spf: pass}}", "auth.spf", CHECK_UNDECIDED},
    {SCAN("127.0.0.1", "a@good.test"), "{action: accept}", "action", CHECK_PASS},
    {SCAN("192.0.2.9", "a@good.test"), "{action: accept}", "action", CHECK_FAIL},
    {SCAN("192.0.2.9", "a@good.test"), "{action: [reject, quarantine]}", "action", CHECK_PASS},
    {SCAN("192.0.2.9", "a@good.test"), "{require: [auth.dmarc.fail]}", "require", CHECK_PASS},
    /* domains */
    {"audit: {domain: good.test, connect: false, https: false}", "{level: \">=F\"}", "level",
     CHECK_PASS},
    {"audit: {domain: good.test, connect: false, https: false}", "{level: \">=A+\"}", "level",
     CHECK_FAIL},
    {"audit: {domain: gone.test, connect: false, https: false}", "{level: \">=F\"}", "level",
     CHECK_UNDECIDED},
    {"audit: {domain: good.test, connect: false, https: false}", "{dmarc: {policy: quarantine}}",
     "dmarc.policy", CHECK_PASS},
    {"audit: {domain: foreign.test, connect: false, https: false}", "{dmarc: {policy: quarantine}}",
     "dmarc.policy", CHECK_FAIL},
    {"audit: {domain: good.test, connect: false, https: false}", "{spf: {lookups: \"<=10\"}}",
     "spf.lookups", CHECK_PASS},
    {"audit: {domain: good.test, connect: false, https: false}", "{spf: {lookups: \">0\"}}",
     "spf.lookups", CHECK_FAIL},
    {"audit: {domain: good.test, connect: false, https: false}", "{mta-sts: {mode: none}}",
     "mta-sts.mode", CHECK_PASS},
    {"audit: {domain: good.test, connect: false, https: false}", "{mta-sts: {mode: enforce}}",
     "mta-sts.mode", CHECK_FAIL},
    {"audit: {domain: good.test, connect: false, https: false}", "{cert: {days-left: \">1\"}}",
     "cert.days-left", CHECK_UNDECIDED},
    {"audit: {domain: good.test, connect: false, https: false}", "{dane: {valid: true}}",
     "dane.valid", CHECK_FAIL},
    {"audit: {domain: null.test, connect: false, https: false, profile: parked}",
     "{dane: {valid: true}}", "dane.valid", CHECK_SKIPPED},
    {"audit: {domain: good.test, connect: false, https: false}", "{dnssec: true}", "dnssec",
     CHECK_UNDECIDED},
    {"audit: {domain: good.test, connect: false, https: false}", "{forbid: [posture.spf.none]}",
     "forbid", CHECK_PASS},
    {"audit: {domain: good.test, connect: false, https: false}", "{changed-since-last: warn}",
     "changed-since-last", CHECK_SKIPPED},
    {"audit: {domain: good.test, connect: false, https: false}", "{changed-since-last: fail}",
     "changed-since-last", CHECK_UNDECIDED},
};

static void add_case(struct buf *out, size_t i)
{
    struct str step = str_from(words[i].step);
    size_t hole = str_find(step, '%');
    const char *expect = words[i].expect;
    buf_addf(out, "  - name: row %zu\n    ", i);
    buf_add(out, str_slice(step, 0, hole));
    if (hole < step.n)
        buf_addf(out, "%s" STR_FMT "\n", expect, STR_ARG(str_slice(step, hole + 1, step.n)));
    else if (expect != NULL)
        buf_addf(out, "\n    expect: %s\n", expect);
    else
        buf_addz(out, "\n");
}

/* All in one suite, several at a time: each becomes a check, and comes out as the row says. */
static void test_words(void)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_addz(&text, head);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        add_case(&text, i);
    buf_addc(&text, '\0');
    bool ran = play(text.p, 8);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const struct word_row *row = &words[i];
        tap_case("%s: %s is %s", row->check, row->expect == NULL ? row->step : row->expect,
                 check_status_name(row->status));
        if (!tap_ok(ran && played.results.n == ARRAY_LEN(words)))
            break;
        const struct suite_result *r = &played.results.items[i];
        const struct check *c = check_of(r, row->check);
        bool ok = tap_ok(c != NULL) && tap_int(check_status_of(c), row->status);
        if (ok && row->expect != NULL)
            ok = tap_ok(c->line > 0 && str_eq(c->file, STR("t.yaml")));
        if (!ok)
            note_checks(r);
    }
    clear();
    buf_clear(&text);
}

/* ---- servers that play a script ---- */

#define HELLO(reply)                                                                               \
    SCRIPT_SAY("220 mx.test ESMTP\r\n"), SCRIPT_EXPECT("EHLO client.test"), SCRIPT_SAY(reply)
#define BYE SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"), SCRIPT_END

static const struct script_step stalls[] = {SCRIPT_STALL, SCRIPT_END};
static const struct script_step closes[] = {SCRIPT_CLOSE};
static const struct script_step no_smtp[] = {SCRIPT_SAY("HTTP/1.1 400 Bad Request\r\n\r\n"),
                                             SCRIPT_END};
static const struct script_step busy[] = {SCRIPT_SAY("421 4.3.2 busy\r\n"), BYE};
static const struct script_step stalls_later[] = {SCRIPT_SAY("220 mx.test\r\n"),
                                                  SCRIPT_EXPECT("EHLO"), SCRIPT_STALL, SCRIPT_END};
static const struct script_step plain[] = {HELLO("250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n"), BYE};
static const struct script_step no_login[] = {HELLO("250-mx.test\r\n250 AUTH PLAIN\r\n"),
                                              SCRIPT_EXPECT("AUTH PLAIN"),
                                              SCRIPT_SAY("535 5.7.8 no\r\n"), BYE};
static const struct script_step login[] = {HELLO("250-mx.test\r\n250 AUTH PLAIN\r\n"),
                                           SCRIPT_EXPECT("AUTH PLAIN"),
                                           SCRIPT_SAY("235 2.7.0 ok\r\n"), BYE};
static const struct script_step no_xclient[] = {HELLO("250-mx.test\r\n250 XCLIENT ADDR NAME\r\n"),
                                                SCRIPT_EXPECT("XCLIENT"),
                                                SCRIPT_SAY("550 5.7.0 not from you\r\n"), BYE};
static const struct script_step stalls_at_end[] = {HELLO("250 mx.test\r\n"),
                                                   SCRIPT_EXPECT("MAIL"),
                                                   SCRIPT_SAY("250 ok\r\n"),
                                                   SCRIPT_EXPECT("RCPT"),
                                                   SCRIPT_SAY("250 ok\r\n"),
                                                   SCRIPT_EXPECT("DATA"),
                                                   SCRIPT_SAY("354 go\r\n"),
                                                   SCRIPT_MESSAGE,
                                                   SCRIPT_STALL,
                                                   SCRIPT_END};

#define ASK   "probe: {host: mx}"
#define LOGIN "probe: {host: mx, login: true}"
#define POST  "send: {via: mx, from: a@good.test, to: x@sink.test}"
#define PLAY  "send: {via: mx, as: {addr: 192.0.2.66}, from: a@good.test, to: x@sink.test}"

static const struct {
    const char *label;
    const struct script_step *steps;
    const char *step, *expect, *check;
    enum check_status status;
} servers[] = {
    {"no banner", stalls, ASK, "{answers: true}", "answers", CHECK_UNDECIDED},
    {"no banner", stalls, ASK, "{ehlo: [SIZE]}", "answers", CHECK_UNDECIDED},
    {"no banner", stalls, ASK, NULL, "fail-on", CHECK_FAIL},
    {"hangs up", closes, ASK, "{ehlo: [SIZE]}", "answers", CHECK_FAIL},
    {"no SMTP", no_smtp, ASK, "{ehlo: [SIZE]}", "answers", CHECK_FAIL},
    {"no answer to EHLO", stalls_later, ASK, "{ehlo: [SIZE]}", "ehlo", CHECK_UNDECIDED},
    {"no answer to EHLO", stalls_later, ASK, "{tls: \">=1.2\"}", "tls", CHECK_UNDECIDED},
    {"no answer to EHLO", stalls_later, ASK, "{starttls: offered}", "starttls", CHECK_UNDECIDED},
    {"busy", busy, POST, NULL, "accepted", CHECK_FAIL},
    {"busy", busy, POST, "{deferred: {at: connect}}", "at", CHECK_PASS},
    {"AUTH without TLS", plain, ASK, "{auth-before-tls: []}", "auth-before-tls", CHECK_FAIL},
    {"AUTH without TLS", plain, ASK, "{auth-before-tls: [LOGIN, PLAIN]}", "auth-before-tls",
     CHECK_PASS},
    {"AUTH without TLS", plain, ASK, "{auth: [PLAIN]}", "auth", CHECK_PASS},
    {"AUTH without TLS", plain, ASK, "{tls: none}", "tls", CHECK_PASS},
    {"AUTH without TLS", plain, ASK, "{cert: {valid: true}}", "cert.valid", CHECK_FAIL},
    {"refuses the login", no_login, LOGIN, "{login: refused}", "login", CHECK_PASS},
    {"refuses the login", no_login, LOGIN, "{login: accepted}", "login", CHECK_FAIL},
    {"refuses the login", no_login, POST, NULL, "accepted", CHECK_FAIL},
    {"refuses the login", no_login, POST, "{refused: {at: auth, code: \"535\"}}", "at", CHECK_PASS},
    {"refuses the login", no_login, POST, "{refused: {code: \"535\"}}", "refused", CHECK_PASS},
    {"refuses the login", no_login, POST, "{refused: true}", "refused", CHECK_UNDECIDED},
    {"refuses the login", no_login, POST "\n    not-arrive: {in: out, within: 200ms}", NULL,
     "answered", CHECK_UNDECIDED},
    {"no banner", stalls, ASK, "{servers: \"=0\"}", "servers", CHECK_UNDECIDED},
    {"no banner", stalls, ASK, "{servers: \"<=1\"}", "servers", CHECK_PASS},
    {"refuses XCLIENT", no_xclient, PLAY, "{refused: true}", "refused", CHECK_UNDECIDED},
    {"refuses XCLIENT", no_xclient, PLAY, "{refused: {at: xclient}}", "refused", CHECK_PASS},
    {"refuses XCLIENT", no_xclient, PLAY "\n    not-arrive: {in: out, within: 200ms}", NULL,
     "answered", CHECK_UNDECIDED},
    {"takes the login", login, LOGIN, "{login: accepted}", "login", CHECK_PASS},
    {"takes the login", login, LOGIN, "{login: refused}", "login", CHECK_FAIL},
    {"no answer to the message", stalls_at_end, POST, NULL, "accepted", CHECK_UNDECIDED},
    {"no answer to the message", stalls_at_end, POST, "{refused: {at: data}}", "refused",
     CHECK_UNDECIDED},
};

static void test_servers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        struct script_server *server = script_play(servers[i].steps);
        const char *expect = servers[i].expect;
        char text[4096];
        snprintf(
            text, sizeof text,
            "mailproof: 1\nname: t\ndefaults: {timeout: 1s}\nhosts:\n  mx: {url: "
            "\"smtp://127.0.0.1:%u\", xclient: allowed%s}\nsinks:\n  out: {domains: [sink.test]}\n"
            "tests:\n  - name: case\n    %s\n%s%s\n",
            script_port(server),
            servers[i].steps == no_login || servers[i].steps == login
                ? ", auth: {user: a, password: \"${env:PW}\", plaintext: true}"
                : "",
            servers[i].step, expect == NULL ? "" : "    expect: ", expect == NULL ? "" : expect);
        tap_case("%s: %s is %s", servers[i].label, expect == NULL ? servers[i].step : expect,
                 check_status_name(servers[i].status));
        bool ran = tap_ok(play(text, 1)) && tap_int(played.results.n, 1);
        const struct check *c = ran ? check_of(&played.results.items[0], servers[i].check) : NULL;
        bool ok = tap_ok(c != NULL) && tap_int(check_status_of(c), servers[i].status);
        if (!ok && ran)
            note_checks(&played.results.items[0]);
        clear();
        script_free(server);
    }
}

/* ---- the run ---- */

struct order {
    size_t n;
    bool sorted;
};

static void on_done(void *ctx, const struct suite_result *r)
{
    struct order *o = ctx;
    o->sorted = o->sorted && r->index == o->n && r->finished;
    o->n++;
}

static void test_cancel(void)
{
    static const _Atomic bool yes = true;
    struct order order = {.sorted = true};
    struct suite_run_options run = {.jobs = 3, .cancel = &yes, .done = on_done, .ctx = &order};
    struct mp_err err = {0};
    char text[4096];
    snprintf(text, sizeof text, "%s  - name: a\n    " SEND "\n  - name: b\n    " SEND "\n", head);
    tap_case("a run that is stopped: what has not begun is undecided, and told in order");
    tap_ok(play(text, 1));
    suite_results_clear(&played.results);
    tap_int(suite_run(&played.suite, &world, &run, &played.results, &err), MP_OK);
    tap_int(played.results.undecided, 2);
    tap_int(suite_exit_code(&played.results), 3);
    tap_ok(order.sorted && order.n == 2);
    clear();
}

int main(void)
{
    open_world();
    test_words();
    test_servers();
    test_cancel();
    tls_client_free(world.tls);
    dns_zone_free(zone);
    return tap_done();
}
