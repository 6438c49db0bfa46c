/* Hosts and domains made by hand, for the tests and the fuzz target of this room: a good one, one
 * with every outcome, one compared with a saved audit, a hostile one. */
#ifndef MP_REPORT_SUBJECT_SAMPLES_H
#define MP_REPORT_SUBJECT_SAMPLES_H

#include "report/subject.h"

enum { SAMPLE_FINDINGS_MAX = 40, SAMPLE_METRICS_MAX = 8 };

/* A subject and what it borrows. subject_sample_init, then one of the fillers, then
 * subject_sample_clear. */
struct subject_sample {
    struct subject subject;
    struct arena arena;
    struct finding_list findings;
    struct check_list checks;
    struct remedy remedies[SAMPLE_FINDINGS_MAX];
    bool known[SAMPLE_FINDINGS_MAX];
    struct metric metrics[SAMPLE_METRICS_MAX];
    struct str evil;
};
typedef void subject_filler(struct subject_sample *s);

static inline void subject_sample_init(struct subject_sample *s)
{
    *s = (struct subject_sample){0};
    arena_init(&s->arena, 64 << 20);
    finding_list_init(&s->findings, &s->arena);
    check_list_init(&s->checks, &s->arena, &s->findings);
    s->subject = (struct subject){.kind = "audit",
                                  .name = STR("good.test"),
                                  .checks = &s->checks,
                                  .started_s = 1795460419,
                                  .elapsed_us = 1234567,
                                  .metrics = s->metrics,
                                  .remedies = s->remedies};
}

static inline void subject_sample_clear(struct subject_sample *s)
{
    arena_clear(&s->arena);
}

static inline struct metric *subject_sample_metric(struct subject_sample *s, const char *name,
                                                   const char *help, double value)
{
    struct metric *m = &s->metrics[s->subject.n_metrics++];
    *m = (struct metric){.name = name, .help = help, .value = value};
    return m;
}

static inline void subject_sample_label(struct metric *m, const char *name, struct str value)
{
    m->labels[m->n_labels].name = name;
    m->labels[m->n_labels++].value = value;
}

/* Nothing to do; an info, and a check that was not asked for. */
static inline void subject_good(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    s->subject.headline = STR("grade A: nothing to correct");
    check_begin(c, STR("SPF"), "record");
    check_end(c, 1500, "v=spf1 ip4:192.0.2.0/24 -all");
    check_begin(c, STR("DKIM"), "keys");
    check_add(c, FINDING_AUTH_SPF_NOT_CHECKED, "no client address");
    check_end(c, 32000, "2 selectors: sel1, sel2");
    check_skip(c, STR("DKIM"), "rotation", "no saved audit to compare with");
    subject_sample_label(subject_sample_metric(s, "mailproof_audit_duration_seconds",
                                               "How long the audit took.", 1.234567),
                         "domain", STR("good.test"));
    s->metrics[0].perf = STR("time");
    s->metrics[0].unit = "s";
    s->metrics[0].warn = STR("10");
    s->metrics[0].crit = STR("30");
}

static inline void subject_poor_metrics(struct subject_sample *s)
{
    struct metric *m =
        subject_sample_metric(s, "mailproof_probe_stage_seconds", "Time of each stage.", 0.0123);
    subject_sample_label(m, "host", STR("mx1.poor.test"));
    subject_sample_label(m, "stage", STR("connect"));
    m->perf = STR("mx1 connect");
    m->unit = "s";
    m = subject_sample_metric(s, "mailproof_tls_cert_not_after_timestamp_seconds",
                              "When the certificate expires, Unix time.", 1795460419);
    subject_sample_label(m, "host", STR("mx1.poor.test"));
    m = subject_sample_metric(s, "mailproof_probe_stage_seconds", "Time of each stage.", 2.5);
    subject_sample_label(m, "host", STR("mx2.poor.test"));
    subject_sample_label(m, "stage", STR("connect"));
}

/* Every outcome of a check; a remedy that was tried out, one that was not, one of many bytes. */
static inline void subject_poor(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    struct str host = STR("mx1.poor.test [192.0.2.1]:25");
    struct buf record;
    buf_init(&record, 1 << 16);
    buf_addz(&record, "poor.test. 3600 IN TXT \"v=spf1");
    for (unsigned i = 1; i < 40; i++)
        buf_addf(&record, " ip4:192.0.2.%u", i);
    buf_addz(&record, " -all\"");
    s->subject.kind = "probe";
    s->subject.name = STR("poor.test");
    s->subject.headline = STR("1 of 2 hosts answers");
    check_begin(c, STR("poor.test"), "route");
    check_end(c, 800, "10 mx1.poor.test, 20 mx2.poor.test");
    check_begin(c, host, "connect");
    check_end(c, 12300, "220 mx1.poor.test ESMTP");
    check_begin(c, host, "tls.certificate");
    check_add(c, FINDING_AUTH_KEY_WEAK, "mx1.poor.test: 1024 bits");
    check_add(c, FINDING_AUTH_SPF_PLUS_ALL, "v=spf1 +all");
    check_end(c, 45600, "CN=mx1.poor.test, 3 days left");
    check_begin(c, host, "smtp.extensions");
    check_add(c, FINDING_AUTH_SPF_BROAD_RANGE, "ip4:0.0.0.0/1");
    check_end(c, -1,
              "PIPELINING, 8BITMIME, a very long list of further words that cannot stand "
              "on one line of a terminal");
    check_skip(c, host, "relay", "not asked for");
    check_begin(c, STR("mx2.poor.test [2001:db8::2]:25"), "connect");
    check_add(c, FINDING_DNS_UNAVAILABLE, "mx2.poor.test: no answer within 30 s");
    check_undecided(c);
    check_end(c, 30000000, "timeout");
    s->remedies[1] =
        (struct remedy){.text = STR("poor.test. 3600 IN TXT \"v=spf1 mx -all\"\n"
                                    "_dmarc.poor.test. 3600 IN TXT \"v=DMARC1; p=reject\""),
                        .verified = true};
    s->remedies[2].text = arena_copy(&s->arena, buf_str(&record));
    buf_clear(&record);
    subject_poor_metrics(s);
}

static inline void subject_gone_lines(struct flow *f, const void *ctx)
{
    (void)ctx;
    flow_line(f, 2, 4);
    flow_putz(f, FLOW_GOOD, "gone since 2026-11-22T19:00:19Z: auth.key-weak");
    flow_end(f);
}

/* Compared with a saved audit: what was there fails nothing any more; in a zone file. */
static inline void subject_known(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    s->subject.name = STR("known.test");
    s->subject.file = STR("zones/known.test.zone");
    s->subject.headline = STR("grade F: +all; since 2026-11-22T19:00:19Z: 1 new, 1 known, 1 gone");
    s->subject.lines = subject_gone_lines;
    check_begin(c, STR("SPF"), "record");
    check_add(c, FINDING_AUTH_SPF_PLUS_ALL, "v=spf1 +all");
    check_end(c, 1500, "v=spf1 +all");
    check_begin(c, STR("DKIM"), "keys");
    check_add(c, FINDING_AUTH_SPF_BROAD_RANGE, "new today");
    check_end(c, 32000, "1 selector: sel1");
    s->known[0] = true;
    s->subject.known = s->known;
    s->subject.metrics = NULL;
}

static inline void subject_undecided(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    s->subject.name = STR("slow.test");
    s->subject.headline = STR("grade ?");
    check_begin(c, STR("SPF"), "record");
    check_undecided(c);
    check_end(c, 5000000, "slow.test TXT: timeout");
    check_begin(c, STR("DMARC"), "record");
    check_end(c, 900, "v=DMARC1; p=none");
    s->subject.remedies = NULL;
}

/* ---- cases of suites ---- */

static inline void subject_case_init(struct subject_sample *s, const char *suite, const char *file,
                                     const char *name, size_t line)
{
    s->subject.kind = "run";
    s->subject.suite = str_from(suite);
    s->subject.file = str_from(file);
    s->subject.name = str_from(name);
    s->subject.line = line;
    s->subject.remedies = NULL;
    subject_sample_label(subject_sample_metric(s, "mailproof_flow_success",
                                               "1 when the case passed.", line % 2 == 0 ? 1 : 0),
                         "suite", str_from(suite));
    subject_sample_label(s->metrics, "case", str_from(name));
    s->metrics[0].perf = STR("success");
    s->metrics[0].unit = "";
}

/* Passed, with a warning. */
static inline void subject_case_good(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    subject_case_init(s, "smoke", "mail/smoke.yaml", "a mail arrives", 12);
    check_begin(c, STR("send"), "accepted");
    check_expect(c, STR("mail/smoke.yaml"), 13, STR("accepted"), STR("250 2.0.0 queued"));
    check_end(c, 410000, "250 2.0.0 queued as 4F2");
    check_begin(c, STR("arrive"), "time");
    check_add(c, FINDING_FLOW_ARRIVE_LATE, "12.5 s, warned from 10 s on");
    check_expect(c, STR("mail/smoke.yaml"), 17, STR("<10 s"), STR("12.5 s"));
    check_end(c, -1, "12.5 s");
}

/* One unmet expectation, one that a rule of the catalogue names, one that is open. */
static inline void subject_case_failed(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    subject_case_init(s, "gate", "mail/gate.yaml", "spoofed From is refused [two-from]", 27);
    check_begin(c, STR("send"), "refused.code");
    check_expect(c, STR("mail/gate.yaml"), 33, STR("550"),
                 STR("250 2.0.0 Ok: queued as 4F2 ::error::x"));
    check_add(c, FINDING_FLOW_SUITE_UNMET,
              "expected 550, got 250 2.0.0 Ok: queued as 4F2 ::error::x");
    check_end(c, 410000, "250 2.0.0 Ok: queued as 4F2 ::error::x");
    check_begin(c, STR("not-arrive"), "arrival");
    check_expect(c, STR("mail/gate.yaml"), 34, STR("nothing within 3 s"), STR("1 message"));
    check_add(c, FINDING_FLOW_ARRIVE_UNEXPECTED, "in INBOX after 0.8 s");
    check_end(c, 800000, "in INBOX after 0.8 s");
    check_begin(c, STR("audit good.test"), "mta-sts.mode");
    check_undecided(c);
    check_expect(c, STR("mail/gate.yaml"), 40, STR("enforce"), STR(""));
    check_end(c, -1, "the policy could not be fetched");
}

static inline void subject_case_open(struct subject_sample *s)
{
    struct check_list *c = &s->checks;
    subject_case_init(s, "gate", "mail/gate.yaml", "no smuggling", 44);
    check_begin(c, STR("smuggle"), "smuggled");
    check_undecided(c);
    check_expect(c, STR("mail/gate.yaml"), 46, STR("none"), STR(""));
    check_end(c, 30000000, "mx1.good.test [192.0.2.1]:25: no answer within 30 s");
    check_skip(c, STR("arrive"), "arrival", "nothing was sent");
}

static inline void subject_case_skipped(struct subject_sample *s)
{
    subject_case_init(s, "nightly", "mail/nightly.yaml", "certificates", 9);
    check_skip(&s->checks, STR("audit"), "not run", "a case before it failed (--fail-fast)");
}

static inline void subject_evil_json(struct json *j, const void *ctx)
{
    const struct subject_sample *s = ctx;
    json_kstr(j, "evil", s->evil);
}

static inline void subject_evil_verbose(struct flow *f, const void *ctx)
{
    const struct subject_sample *s = ctx;
    flow_line(f, 2, 4);
    flow_put(f, FLOW_PLAIN, s->evil);
    flow_end(f);
}

static inline void subject_hostile_metrics(struct subject_sample *s)
{
    static const double values[] = {1e300, -1e-300, 0, 12345678901234.5};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct metric *m = subject_sample_metric(s, i % 2 == 0 ? "mailproof_a" : "mailproof_b",
                                                 "A \\ \"help\"\nof two lines.", values[i]);
        subject_sample_label(m, "evil", s->evil);
        subject_sample_label(m, "also", i < 2 ? STR("") : s->evil);
        m->perf = s->evil;
        m->unit = "s";
        m->warn = m->crit = s->evil;
    }
}

/* Everything that can hold foreign text holds `evil`, worse than the lists would let through. */
static inline void subject_hostile(struct subject_sample *s, struct str evil)
{
    struct check_list *c = &s->checks;
    s->evil = evil;
    s->subject.name = s->subject.headline = evil;
    s->subject.file = evil.n % 2 == 0 ? evil : STR_NONE;
    s->subject.started_s = evil.n % 3 == 0 ? INT64_MAX : 0;
    if (evil.n % 7 < 3) { /* a case of a suite */
        s->subject.kind = "run";
        s->subject.suite = evil;
        s->subject.line = evil.n % 4;
    }
    s->subject.json = subject_evil_json;
    s->subject.lines = subject_evil_verbose;
    s->subject.verbose = subject_evil_verbose;
    s->subject.ctx = s;
    for (int i = 0; i < 3; i++) {
        check_begin(c, evil, "evil.check");
        if (i != 1)
            check_add(c, i == 0 ? FINDING_AUTH_SPF_PLUS_ALL : FINDING_AUTH_KEY_WEAK, "x");
        if (i == 1)
            check_undecided(c);
        check_end(c, i == 0 ? INT64_MAX : -1, "x");
    }
    check_skip(c, evil, "skipped", "x");
    for (size_t i = 0; i < c->n; i++) {
        c->items[i].group = c->items[i].detail = evil;
        c->items[i].file = c->items[i].expected = c->items[i].got = evil;
        c->items[i].line = i;
    }
    for (size_t i = 0; i < s->findings.n; i++) {
        s->findings.items[i].evidence = evil;
        s->remedies[i] = (struct remedy){.text = evil, .verified = i == 0};
    }
    s->findings.dropped = 3;
    s->subject.known = evil.n % 5 == 0 ? s->known : NULL;
    subject_hostile_metrics(s);
}

#endif
