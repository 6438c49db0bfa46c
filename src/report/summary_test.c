/* The summary of a mail: what it was called, who sent it, what came of it. */
#include "report/summary.h"

#include "dns/zone.h"
#include "tests/tap.h"

static const char zone_text[] = "good.example. TXT \"v=spf1 ip4:192.0.2.8 -all\"\n"
                                "_dmarc.good.example. TXT \"v=DMARC1; p=reject; aspf=s; t=y\"\n";
static const char mail[] = "From: Ann <a@good.example>\r\nSubject: =?utf-8?Q?R=C3=A9sum=C3=A9?=\r\n"
                           "Message-ID: <1@good.example>\r\n\r\nhello\r\n";

static struct str rcpts[SUMMARY_MAX_RCPTS + 10];

static void run(struct arena *a, const char *ip, struct mail_summary *out)
{
    static struct policy policy;
    static struct job_config config;
    static struct job job;
    struct mp_err err = {0};
    struct dns_zone *zone = dns_zone_new();
    struct envelope e = {.helo = STR("mx\x1b.good.example"),
                         .mail_from = STR("a@good.example"),
                         .has_mail_from = true,
                         .rcpt_to = rcpts,
                         .n_rcpt_to = sizeof rcpts / sizeof rcpts[0]};
    for (size_t i = 0; i < e.n_rcpt_to; i++)
        rcpts[i] = STR("b@example.org");
    policy_default(&policy);
    config = (struct job_config){.policy = &policy};
    auth_config_init(&config.auth);
    tap_int(dns_zone_load(zone, str_from(zone_text), "zone", &err), MP_OK);
    tap_ok(ip_parse(str_from(ip), &e.client));
    job_init(&job, &config);
    tap_int(job_start(&job, STR("x"), str_from(mail), &e, 1700000000, dns_zone_lookup, zone, &err),
            MP_OK);
    tap_int(engine_run(&job, &err), MP_OK);
    report_summary(a, &job, out);
    tap_int(mail_summary_copy(a, out, out, &err), MP_OK);
    job_clear(&job);
    dns_zone_free(zone);
}

static void check_pass(struct arena *a)
{
    struct mail_summary s;
    tap_case("summary: a mail that passes");
    run(a, "192.0.2.8", &s);
    tap_str(s.subject, STR("R\xc3\xa9sum\xc3\xa9"));
    tap_str(s.from, STR("a@good.example"));
    tap_str(s.from_domain, STR("good.example"));
    tap_str(s.message_id, STR("<1@good.example>"));
    tap_str(s.spf, STR("pass"));
    tap_str(s.dmarc, STR("pass"));
    tap_str(s.policy.p, STR("reject"));
    tap_str(s.policy.aspf, STR("s"));
    tap_str(s.policy.sp, STR(""));
    tap_ok(s.spf_aligned && !s.dkim_aligned && s.policy.testing && s.complete);
    tap_int(s.size_bytes, sizeof mail - 1);
    tap_case("summary: recipients are counted, and the first named");
    tap_int(s.n_rcpts, SUMMARY_MAX_RCPTS);
    tap_int(s.n_rcpt_to, SUMMARY_MAX_RCPTS + 10);
    tap_case("summary: what a client says is made printable");
    tap_str(s.helo, STR("mx\\x1b.good.example"));
}

static void check_fail(struct arena *a)
{
    struct mail_summary s;
    bool told = false;
    tap_case("summary: a forged mail and its findings, the gravest first");
    run(a, "203.0.113.9", &s);
    tap_str(s.spf, STR("fail"));
    tap_str(s.dmarc, STR("fail"));
    for (size_t i = 0; i < s.n_findings; i++) {
        told = told || str_eq(s.findings[i].id, STR("auth.dmarc.fail"));
        tap_ok(i == 0 || s.findings[i].severity <= s.findings[i - 1].severity);
        tap_ok(s.findings[i].count > 0);
    }
    tap_ok(told);
}

int main(void)
{
    struct arena a;
    arena_init(&a, 16 << 20);
    check_pass(&a);
    check_fail(&a);
    arena_clear(&a);
    return tap_done();
}
