/* The stages over whole messages: waiting, order of answers, completeness, the verdict. */
#include "dns/zone.h"
#include "engine/job.h"

#include "base/buf.h"
#include "base/hex.h"
#include "message/limits.h"
#include "tests/tap.h"

#include <stdio.h>

static const char zone_text[] = "good.example. TXT \"v=spf1 include:spf.good.example mx -all\"\n"
                                "spf.good.example. TXT \"v=spf1 a:out.good.example ?all\"\n"
                                "out.good.example. A 192.0.2.7\n"
                                "good.example. MX 10 mx.good.example.\n"
                                "mx.good.example. A 192.0.2.8\n"
                                "_dmarc.good.example. TXT \"v=DMARC1; p=reject; sp=quarantine\"\n"
                                "mail.good.example. A 192.0.2.9\n"
                                "slow.example. TIMEOUT\n"
                                "_dmarc.slow.example. TIMEOUT\n"
                                "broken.example. TXT \"v=spf1 include:none.example -all\"\n"
                                "_dmarc.broken.example. TXT \"v=DMARC1; p=quarantine\"\n"
                                "bogus.example. BOGUS\n"
                                "_dmarc.bogus.example. BOGUS\n";

static const struct {
    const char *label, *from, *mail_from, *ip;
    enum spf_result spf;
    enum dmarc_result dmarc;
    enum verdict_action action;
    bool complete;
} rows[] = {
    {"aligned SPF", "a@good.example", "a@good.example", "192.0.2.8", SPF_PASS, DMARC_PASS,
     ACTION_ACCEPT, true},
    {"by include", "a@good.example", "a@good.example", "192.0.2.7", SPF_PASS, DMARC_PASS,
     ACTION_ACCEPT, true},
    {"forged, p=reject", "a@good.example", "a@good.example", "203.0.113.1", SPF_FAIL, DMARC_FAIL,
     ACTION_REJECT, true},
    {"forged subdomain, sp=quarantine", "a@mail.good.example", "a@x.example", "203.0.113.1",
     SPF_NONE, DMARC_FAIL, ACTION_QUARANTINE, true},
    {"DNS silent", "a@slow.example", "a@slow.example", "192.0.2.8", SPF_TEMPERROR, DMARC_TEMPERROR,
     ACTION_TEMPFAIL, false},
    {"DNSSEC bogus", "a@bogus.example", "a@bogus.example", "192.0.2.8", SPF_TEMPERROR,
     DMARC_TEMPERROR, ACTION_TEMPFAIL, false},
    {"permerror", "a@broken.example", "a@broken.example", "192.0.2.8", SPF_PERMERROR, DMARC_FAIL,
     ACTION_QUARANTINE, true},
};

static struct policy policy;
static struct job_config config;

static void start(struct job *job, size_t row, char *raw, size_t size, struct dns_zone *ready)
{
    struct envelope e = {.helo = STR("mx.good.example"),
                         .mail_from = str_from(rows[row].mail_from),
                         .has_mail_from = true};
    struct mp_err err = {0};
    int n = snprintf(raw, size, "From: %s\r\nSubject: x\r\n\r\nhello\r\n", rows[row].from);
    tap_ok(ip_parse(str_from(rows[row].ip), &e.client));
    tap_int(job_start(job, STR("row"), str_make(raw, (size_t)n), &e, 1700000000,
                      ready == NULL ? NULL : dns_zone_lookup, ready, &err),
            MP_OK);
}

static void check_row(const struct job *job, size_t row)
{
    tap_int(job->spf.result, rows[row].spf);
    tap_int(job->dmarc.result, rows[row].dmarc);
    tap_int(job->verdict.action, rows[row].action);
    tap_int(job->verdict.complete, rows[row].complete);
}

static void test_ready(struct job *job, struct dns_zone *zone)
{
    char raw[1024];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("ready answers: %s", rows[i].label);
        start(job, i, raw, sizeof raw, zone);
        tap_int(engine_run(job, NULL), MP_OK);
        check_row(job, i);
    }
    tap_case("a bogus answer leaves a finding");
    start(job, 5, raw, sizeof raw, zone);
    engine_run(job, NULL);
    tap_ok(finding_has(&job->findings, FINDING_DNS_BOGUS_ANSWER));
    tap_case("a silent server leaves a finding");
    start(job, 4, raw, sizeof raw, zone);
    engine_run(job, NULL);
    tap_ok(finding_has(&job->findings, FINDING_DNS_UNAVAILABLE));
}

/* Answer one missing question a round, chosen by `seed`. */
static bool answer_one(struct job *job, struct dns_zone *zone, unsigned *seed)
{
    struct dns_question q, chosen = {.name = STR_NONE};
    size_t cursor = 0, n = 0;
    while (dns_view_missing(job->dns, &cursor, &q)) {
        n++;
        *seed = *seed * 1103515245 + 12345;
        if ((*seed >> 16) % n == 0)
            chosen = q;
    }
    if (n == 0)
        return false;
    struct dns_answer *a = dns_zone_lookup(zone, chosen.name, chosen.type);
    return dns_view_put(job->dns, chosen.name, chosen.type, a) == MP_OK;
}

static void test_order(struct job *job, struct dns_zone *zone)
{
    enum { SEEDS = 20 };
    char raw[1024];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("answers in any order, one a round: %s", rows[i].label);
        for (unsigned seed = 1; seed <= SEEDS; seed++) {
            unsigned s = seed;
            int st;
            start(job, i, raw, sizeof raw, NULL);
            while ((st = engine_run(job, NULL)) == MP_WAIT)
                if (!tap_ok(answer_one(job, zone, &s)))
                    return;
            tap_int(st, MP_OK);
            check_row(job, i);
        }
    }
}

static void test_limits(struct job *job, struct dns_zone *zone)
{
    enum { HUGE_BYTES = MESSAGE_MAX_BYTES + 1 };
    struct envelope none = {0};
    tap_case("a message above the limit is cut, never passed");
    static char raw[HUGE_BYTES];
    tap_int(job_start(job, STR("huge"), str_make(raw, sizeof raw), &none, 0, dns_zone_lookup, zone,
                      NULL),
            MP_OK);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(!job->verdict.complete);
    tap_ok(finding_has(&job->findings, FINDING_LIMIT_SIZE));
    tap_case("a spent memory budget is undecided, with a finding or an error");
    struct job_config small = config;
    struct job tight;
    char text[1024];
    small.budget_bytes = 40 * 1024;
    job_init(&tight, &small);
    start(&tight, 0, text, sizeof text, zone);
    if (engine_run(&tight, NULL) != MP_OK)
        tap_ok(!tight.verdict.complete);
    job_clear(&tight);
    tap_case("nothing at all is not a mail");
    tap_int(job_start(job, STR("e"), STR_NONE, &none, 0, dns_zone_lookup, zone, NULL), MP_OK);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(finding_has(&job->findings, FINDING_MESSAGE_NOT_MAIL));
    tap_ok(job->verdict.action != ACTION_ACCEPT);
}

/* Whatever memory runs out at: a forged mail is refused, or undecided, or an error. It has so many
 * findings that the list must grow for the one that DMARC adds. */
static void test_budgets(struct dns_zone *zone)
{
    enum { FIRST = 1024, LAST = 64 * 1024, STEP = 16 };
    static const char raw[] =
        "From: a@good.example\r\nTo: a\r\nTo: b\r\nCc: a\r\nCc: b\r\nBcc: a\r\nBcc: b\r\n"
        "Sender: a\r\nSender: b\r\nReply-To: a\r\nReply-To: b\r\nSubject: a\r\nSubject: b\r\n"
        "Message-ID: a\r\nMessage-ID: b\r\nDKIM-Signature: x\r\nDKIM-Signature: x\r\n"
        "DKIM-Signature: x\r\nDKIM-Signature: x\r\nDKIM-Signature: x\r\nDKIM-Signature: x\r\n"
        "DKIM-Signature: x\r\nDKIM-Signature: x\r\n\r\nhello\r\n";
    struct envelope e = {.mail_from = STR("a@good.example"), .has_mail_from = true};
    struct job_config small = config;
    struct job tight;
    unsigned refused = 0, undecided = 0;
    tap_case("a spent memory budget never turns a refusal into a pass");
    tap_ok(ip_parse(STR("203.0.113.1"), &e.client));
    job_init(&tight, &small);
    for (size_t budget = FIRST; budget < LAST; budget += STEP) {
        small.budget_bytes = budget;
        if (job_start(&tight, STR("row"), STR(raw), &e, 1700000000, dns_zone_lookup, zone, NULL) !=
            MP_OK)
            continue;
        engine_run(&tight, NULL);
        bool decided = tight.verdict.complete;
        refused += decided;
        undecided += !decided;
        if (!tap_ok(!decided || tight.verdict.action == ACTION_REJECT))
            tap_note("budget of %zu bytes: %s", budget, action_name(tight.verdict.action));
    }
    tap_ok(refused > 0 && undecided > 0);
    job_clear(&tight);
}

/* As many signatures as are read, each with the longest names that are written. */
static void test_long_results(struct job *job, struct dns_zone *zone)
{
    enum { LONG = 500 };
    char quotes[LONG], backslashes[LONG];
    struct envelope none = {0};
    struct buf raw;
    memset(quotes, '"', sizeof quotes);
    memset(backslashes, '\\', sizeof backslashes);
    buf_init(&raw, 1 << 20);
    for (int i = 0; i < DKIM_MAX_PARSED; i++)
        buf_addf(&raw, "DKIM-Signature: v=1; a=rsa-sha256; d=%.*s; s=%.*s; b=AAAA\r\n", LONG,
                 quotes, LONG, backslashes);
    buf_addz(&raw, "From: a@good.example\r\n\r\nhello\r\n");
    tap_case("however much there is to say, results are written");
    tap_int(job_start(job, STR("long"), buf_str(&raw), &none, 0, dns_zone_lookup, zone, NULL),
            MP_OK);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(str_search(job->authentication_results, STR("dmarc=")) < job->authentication_results.n);
    buf_clear(&raw);
}

/* A multipart with more parts than are read. */
static void test_parts(struct job *job, struct dns_zone *zone)
{
    static const struct str part = STR_INIT("--b\r\n\r\nx\r\n");
    struct envelope none = {0};
    struct buf raw;
    buf_init(&raw, 1 << 20);
    buf_addz(&raw, "From: a@good.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (int i = 0; i < MIME_MAX_PARTS + 1; i++)
        buf_add(&raw, part);
    tap_case("parts above the limit leave a finding and no pass");
    tap_int(job_start(job, STR("parts"), buf_str(&raw), &none, 0, dns_zone_lookup, zone, NULL),
            MP_OK);
    job_describe(job, NULL);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(finding_has(&job->findings, FINDING_LIMIT_MIME));
    tap_ok(!job->verdict.complete);
    tap_int(job->sha256_hex.n, 64);
    tap_str(job->sha256_hex,
            hex_encode(&job->arena, str_make((const char *)job->sha256, sizeof job->sha256)));
    buf_clear(&raw);
}

/* More findings of one kind than are kept: they are counted, and that is told. */
static void test_many_findings(struct job *job, struct dns_zone *zone)
{
    struct envelope none = {0};
    struct buf raw;
    buf_init(&raw, 1 << 20);
    for (int i = 0; i < 4 * FINDINGS_PER_KIND_MAX; i++)
        buf_addz(&raw, "DKIM-Signature: v=1; broken\r\n");
    buf_addz(&raw, "From: a@good.example\r\n\r\nx\r\n");
    tap_case("findings above the limit are counted");
    tap_int(job_start(job, STR("many"), buf_str(&raw), &none, 0, dns_zone_lookup, zone, NULL),
            MP_OK);
    tap_int(engine_run(job, NULL), MP_OK);
    tap_ok(finding_has(&job->findings, FINDING_LIMIT_FINDINGS));
    tap_ok(job->findings.dropped > 0);
    buf_clear(&raw);
}

int main(void)
{
    struct dns_zone *zone = dns_zone_new();
    struct mp_err err = {0};
    struct job job;
    policy_default(&policy);
    auth_config_init(&config.auth);
    config.auth.authserv_id = STR("mx.test");
    config.policy = &policy;
    job_init(&job, &config);
    tap_case("the zone loads");
    if (!tap_int(dns_zone_load(zone, STR(zone_text), "zone", &err), MP_OK))
        tap_note("%s", err.text);
    test_ready(&job, zone);
    test_order(&job, zone);
    test_limits(&job, zone);
    test_budgets(zone);
    test_long_results(&job, zone);
    test_parts(&job, zone);
    test_many_findings(&job, zone);
    job_clear(&job);
    dns_zone_free(zone);
    return tap_done();
}
