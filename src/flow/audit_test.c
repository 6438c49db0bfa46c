/* Audits as a whole: good and bad domains, hosts and files of our own, a zone file, what has
 * changed, and what the reports say of it. */
#include "flow/audit_test_kit.h"

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/key.h"
#include "report/subject_checks.h"
#include "tests/schema_check.h"
#include "tests/script_server.h"

enum { DAY_S = 86400, SHORT_MS = 300, HTTP_MAX_BYTES = 4096 };

static json_t *schema;

/* ---- zones ---- */

/* What a domain publishes that does nothing wrong but what `hosts` says. @key becomes a DKIM key,
 * @tlsa the digest of the good certificate. */
#define COMMON                                                                                     \
    "$SECURE\n$TTL 3600\n"                                                                         \
    "good.test SOA ns.good.test h.good.test 1 2 3 4 300\n"                                         \
    "good.test NS ns.good.test\n"                                                                  \
    "good.test TXT \"v=spf1 mx -all\"\n"                                                           \
    "good.test CAA 0 issue \"ca.test\"\ngood.test CAA 0 issuemail \"ca.test\"\n"                   \
    "s1._domainkey.good.test TXT \"v=DKIM1; k=rsa; p=\" @key\n"                                    \
    "_dmarc.good.test TXT \"v=DMARC1; p=reject; rua=mailto:d@good.test\"\n"                        \
    "_smtp._tls.good.test TXT \"v=TLSRPTv1; rua=mailto:t@good.test\"\n"                            \
    "1.0.0.127.in-addr.arpa PTR mx.good.test\n"
#define MX   "good.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1\n"
#define STS  "_mta-sts.good.test TXT \"v=STSv1; id=1\"\nmta-sts.good.test A 127.0.0.1\n"
#define MX2  "good.test MX 20 mx2.good.test\nmx2.good.test A 127.0.0.2\n"
#define TLSA "@port._tcp.mx.good.test TLSA 3 1 1 @tlsa\n"
#define DNS  COMMON MX
#define BAD                                                                                        \
    "good.test TXT \"v=spf1 +all\"\ngood.test TXT \"v=DMARC1; p=reject\"\n"                        \
    "good.test MX 10 alias.good.test\nalias.good.test CNAME mx.good.test\n"                        \
    "mx.good.test A 192.0.2.1\ngood.test MX 20 gone.good.test\n"

static struct kit_tls *tls_good, *tls_other;
static struct tls_client *trust;

static void append_key(struct buf *out)
{
    struct private_key *k;
    struct buf octets, b64;
    enum { STRING_BYTES = 200 };
    buf_init(&octets, 4096);
    buf_init(&b64, 8192);
    if (private_key_load(tap_source_file("tests/keys/rsa2048.pem"), "key", &k, NULL) != MP_OK ||
        private_key_public_octets(k, &octets, NULL) != MP_OK)
        abort();
    base64_encode(&b64, buf_str(&octets));
    for (size_t at = 0; at < b64.n; at += STRING_BYTES) {
        buf_addz(out, " \"");
        buf_add(out, str_slice(buf_str(&b64), at, at + STRING_BYTES));
        buf_addc(out, '"');
    }
    private_key_free(k);
    buf_clear(&octets);
    buf_clear(&b64);
}

/* The zone with its words replaced; a C string in the arena. */
static const char *zone_text(struct arena *a, const char *zone, uint16_t port)
{
    struct str rest = str_from(zone);
    struct buf out;
    buf_init(&out, 1 << 20);
    while (rest.p != NULL) {
        struct str part = str_cut(&rest, '@');
        buf_add(&out, part);
        if (rest.p == NULL)
            break;
        size_t used = 0;
        if (str_starts(rest, STR("key"))) {
            append_key(&out);
            used = 3;
        } else if (str_starts(rest, STR("tlsa"))) {
            struct str digest = x509_association(a, kit_tls_leaf(tls_good), 1, 1);
            buf_add(&out, hex_encode(a, digest));
            used = 4;
        } else if (str_starts(rest, STR("port"))) {
            buf_addf(&out, "_%u", port);
            used = 4;
        } else {
            buf_addc(&out, '@');
        }
        rest = str_slice(rest, used, rest.n);
    }
    struct str text = arena_copy(a, buf_str(&out));
    buf_clear(&out);
    return text.p;
}

/* ---- a domain with its hosts ---- */

#define BANNER   "220 mx.good.test ESMTP\r\n"
#define EHLO_TLS "250-mx.good.test\r\n250 STARTTLS\r\n"

struct town {
    struct rig rig;
    struct script_server *mx, *web;
    struct script_step smtp[12], https[8];
    char response[HTTP_MAX_BYTES];
};

static struct script_step said(const char *text)
{
    return (struct script_step){.op = SCRIPT_OP_SAY, .text = text, .n = strlen(text)};
}

/* `mx_tls` NULL: it stalls before its banner. */
static void town_serve(struct town *t, const struct kit_tls *mx_tls, const char *policy)
{
    size_t n = 0;
    if (mx_tls == NULL)
        t->smtp[n++] = (struct script_step){.op = SCRIPT_OP_STALL};
    else {
        t->smtp[n++] = said(BANNER);
        t->smtp[n++] = (struct script_step)SCRIPT_EXPECT("EHLO audit.test");
        t->smtp[n++] = said(EHLO_TLS);
        t->smtp[n++] = (struct script_step)SCRIPT_EXPECT("STARTTLS");
        t->smtp[n++] = said("220 go\r\n");
        t->smtp[n++] = (struct script_step)SCRIPT_TLS(mx_tls);
        t->smtp[n++] = (struct script_step)SCRIPT_EXPECT("EHLO audit.test");
        t->smtp[n++] = said("250 mx.good.test\r\n");
        t->smtp[n++] = (struct script_step)SCRIPT_EXPECT("QUIT");
    }
    t->smtp[n] = (struct script_step)SCRIPT_END;
    snprintf(t->response, sizeof t->response,
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(policy), policy);
    t->https[0] = (struct script_step)SCRIPT_TLS(tls_good);
    t->https[1] = (struct script_step)SCRIPT_REQUEST;
    t->https[2] = said(t->response);
    t->https[3] = (struct script_step)SCRIPT_END;
    t->mx = script_play(t->smtp);
    t->web = script_play(t->https);
}

static void town_open(struct town *t, const char *zone, const struct kit_tls *mx_tls,
                      const char *policy)
{
    static const struct str selectors[] = {STR_INIT("s1")};
    struct arena a = {0};
    *t = (struct town){0};
    arena_init(&a, 1 << 22);
    town_serve(t, mx_tls, policy);
    rig_open(&t->rig, zone_text(&a, zone, script_port(t->mx)), NULL);
    arena_clear(&a);
    struct audit_options *o = &t->rig.options;
    o->tls = trust;
    o->ca_file = kit_ca_file();
    o->https_port = script_port(t->web);
    o->allow_private_https = o->posture.allow_private = true;
    o->posture.connect = o->posture.https = true;
    o->posture.smtp_port = script_port(t->mx);
    o->posture.selectors = selectors;
    o->posture.n_selectors = ARRAY_LEN(selectors);
}

static void town_close(struct town *t)
{
    rig_close(&t->rig);
    script_free(t->mx);
    script_free(t->web);
}

/* ---- reports ---- */

static json_t *document(struct rig *r)
{
    struct str text = rig_report(r, REPORT_JSON, 1);
    tap_ok(is_good_json(text));
    json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (doc == NULL)
        abort();
    tap_ok(schema_fits_subject(schema, doc));
    tap_cstr(json_string_value(json_object_get(doc, "schema")), "mailproof/audit/1");
    return doc;
}

/* Every format, whatever was found. */
static void check_formats(struct rig *r)
{
    json_decref(document(r));
    tap_ok(is_good_jsonl(rig_report(r, REPORT_JSONL, 1)));
    tap_ok(is_good_json(rig_report(r, REPORT_SARIF, 1)));
    tap_ok(is_good_xml(rig_report(r, REPORT_JUNIT, 1)));
    tap_ok(is_good_tap(rig_report(r, REPORT_TAP, 1), true));
    tap_ok(is_good_github(rig_report(r, REPORT_GITHUB, 1)));
    tap_ok(is_good_prometheus(rig_report(r, REPORT_PROMETHEUS, 1)));
    tap_ok(is_good_page(rig_report(r, REPORT_TEXT, 1), 200));
}

static double metric_of(const struct rig *r, const char *name, const char *label)
{
    for (size_t i = 0; i < r->audit->n_metrics; i++) {
        const struct metric *m = &r->audit->metrics[i];
        size_t last = m->n_labels - 1;
        if (strcmp(m->name, name) == 0 &&
            (label == NULL || str_eq(m->labels[last].value, str_from(label))))
            return m->value;
    }
    return -1;
}

/* ---- whole audits ---- */

#define POLICY(mx) "version: STSv1\r\nmode: enforce\r\nmx: " mx "\r\nmax_age: 2419200\r\n"

static void test_good(void)
{
    static struct town t;
    struct rig *r = &t.rig;
    tap_case("a good domain, its host, its policy");
    town_open(&t, DNS STS TLSA, tls_good, POLICY("mx.good.test"));
    rig_run(r, NULL);
    tap_int(report_subject_exit_code(&r->subject, SEV_LOW), PASSED);
    tap_cstr(r->audit->posture.grade, "A+");
    tap_ok(str_starts(r->subject.headline, STR("grade A+: ")));
    tap_cstr(tls_delivery_name(r->audit->posture.mx[0].decision.delivery), "authenticated");
    tap_cstr(dane_verdict_name(r->audit->posture.mx[0].dane.verdict), "verified");
    tap_ok(r->audit->posture.has_sts_policy);
    if (r->audit->posture.grade[1] != '+')
        rig_show(r);

    tap_case("a good domain: reports and metrics");
    check_formats(r);
    tap_ok(metric_of(r, "mailproof_tls_cert_not_after_timestamp_seconds", "mx.good.test") >
           (double)(clock_wall_s() + 80 * (int64_t)DAY_S));
    tap_ok(metric_of(r, "mailproof_audit_findings", "high") == 0);
    tap_ok(metric_of(r, "mailproof_audit_checks", "pass") > 10);
    tap_ok(metric_of(r, "mailproof_audit_timestamp_seconds", NULL) == (double)r->options.now_s);
    tap_ok(metric_of(r, "mailproof_audit_duration_seconds", NULL) > 0);
    json_t *doc = document(r);
    const json_t *mx = json_array_get(json_object_get(doc, "mx"), 0);
    tap_cstr(json_string_value(json_object_get(mx, "host")), "mx.good.test");
    tap_cstr(json_string_value(json_object_get(mx, "delivery")), "authenticated");
    tap_ok(json_object_get(doc, "changes") == NULL);
    json_decref(doc);

    tap_case("a good domain: each server was asked once, and well");
    script_stop(t.mx);
    script_stop(t.web);
    tap_int((long long)script_connections(t.mx), 1);
    tap_int((long long)script_connections(t.web), 1);
    tap_cstr(script_log(t.mx, 0)->problem, "");
    tap_cstr(script_log(t.web, 0)->problem, "");
    tap_cstr(script_log(t.mx, 0)->sni, "mx.good.test");
    tap_cstr(script_log(t.web, 0)->sni, "mta-sts.good.test");
    tap_ok(rig_has(script_log(t.web, 0)->received, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
    town_close(&t);
}

static const struct remedy *remedy_of(const struct rig *r, enum finding_id id)
{
    const struct finding *f = rig_finding(r, id);
    return f == NULL ? NULL : &r->audit->remedies[f - r->audit->ctx.findings.items];
}

static void count_words(void *ctx, const char *text)
{
    tap_ok(text[0] != '\0');
    ++*(unsigned *)ctx;
}

static void test_bad(void)
{
    static struct rig r;
    unsigned words = 0;
    tap_case("a bad domain");
    rig_open(&r, BAD, NULL);
    r.options.progress = count_words;
    r.options.progress_ctx = &words;
    rig_run(&r, NULL);
    tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), FAILED);
    tap_cstr(r.audit->posture.grade, "F");
    tap_ok(rig_finding(&r, FINDING_POSTURE_SPF_PLUS_ALL) != NULL);
    tap_ok(rig_finding(&r, FINDING_POSTURE_MX_ALIAS) != NULL);
    tap_ok(rig_finding(&r, FINDING_POSTURE_MX_NO_ADDRESS) != NULL);

    tap_case("a bad domain: remedies were tried out");
    const struct remedy *x = remedy_of(&r, FINDING_POSTURE_SPF_PLUS_ALL);
    tap_ok(x != NULL && x->verified && rig_has(x->text, "good.test. TXT \"v=spf1"));
    x = remedy_of(&r, FINDING_POSTURE_MX_NO_ADDRESS);
    tap_ok(x != NULL && x->verified && rig_has(x->text, "remove good.test. MX 20"));
    tap_ok(rig_has(rig_report(&r, REPORT_TEXT, 1), "tried out, the finding is gone"));
    tap_int(words, 2); /* DNS, remedies: nobody was connected to */

    tap_case("a bad domain: reports and metrics");
    check_formats(&r);
    tap_ok(metric_of(&r, "mailproof_audit_findings", "high") >= 1);
    tap_ok(metric_of(&r, "mailproof_audit_checks", "fail") >= 1);
    rig_close(&r);
}

static void test_usage(void)
{
    static const char *const names[] = {"", ".", "a..b", "192.0.2.1", "not a name"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        static struct rig r;
        tap_case("no domain: \"%s\"", names[i]);
        rig_open(&r, DNS, NULL);
        tap_int(audit_run(r.audit, str_from(names[i]), &r.options, NULL, &r.err), MP_E_USAGE);
        tap_ok(r.err.text[0] != '\0');
        audit_clear(r.audit);
        rig_close(&r); /* which clears it again */
    }
}

/* ---- hosts that are not as they should be ---- */

enum { NO_TIME = 1 << 30 }; /* of a row: the time is over when the audit begins */

static const struct {
    const char *label, *zone, *policy;
    int tls;                       /* of the host: 0 stalls, 1 good, 2 for another name */
    unsigned fact_ms, deadline_ms; /* 0: the usual */
    bool no_tls_client, inner;
    enum finding_id id; /* of COUNT: none that matters */
    const char *check;
    enum check_status status;
    int exit_code; /* for high */
} hosts[] = {
    {"silent: undecided", DNS, "", 0, SHORT_MS, 0, false, false, FINDING_POSTURE_MX_NO_ANSWER,
     "mx.tls", CHECK_UNDECIDED, UNDECIDED},
    {"silent, and the audit's time is up", DNS, "", 0, 0, SHORT_MS, false, false,
     FINDING_POSTURE_MX_NO_ANSWER, "mx.tls", CHECK_UNDECIDED, UNDECIDED},
    {"no time at all", DNS STS, POLICY("mx.good.test"), 1, 0, NO_TIME, false, false,
     FINDING_POSTURE_STS_UNREACHABLE, "sts.policy", CHECK_UNDECIDED, UNDECIDED},
    {"the other one does not listen", DNS MX2, "", 1, 0, 0, false, false,
     FINDING_POSTURE_MX_NO_ANSWER, "mx.tls", CHECK_UNDECIDED, UNDECIDED},
    {"a certificate for another name, and nobody cares", DNS, "", 2, 0, 0, false, false,
     FINDING_COUNT, "mx.tls", CHECK_PASS, PASSED},
    {"a certificate for another name under an enforced policy", DNS STS, POLICY("mx.good.test"), 2,
     0, 0, false, false, FINDING_POSTURE_STS_TLS, "sts.tls", CHECK_FAIL, FAILED},
    {"a key that DANE does not know", DNS TLSA, "", 2, 0, 0, false, false,
     FINDING_POSTURE_DANE_MISMATCH, "dane.tls", CHECK_FAIL, FAILED},
    {"a policy for other hosts", DNS STS, POLICY("mx.other.test"), 1, 0, 0, false, false,
     FINDING_POSTURE_STS_MX, "sts.mx", CHECK_FAIL, FAILED},
    {"a policy that is none", DNS STS, "hello", 1, 0, 0, false, false, FINDING_POSTURE_STS_POLICY,
     "sts.policy", CHECK_WARN, PASSED},
    {"a policy host that does not exist", DNS "_mta-sts.good.test TXT \"v=STSv1; id=1\"\n", "", 1,
     0, 0, false, false, FINDING_POSTURE_STS_UNREACHABLE, "sts.policy", CHECK_WARN, PASSED},
    {"without TLS of our own nobody is connected to", DNS, "", 0, 0, 0, true, false, FINDING_COUNT,
     "mx.tls", CHECK_SKIPPED, PASSED},
    {"inner hosts are not connected to unless that is asked for", DNS, "", 0, 0, 0, false, true,
     FINDING_POSTURE_MX_PRIVATE, "mx.tls", CHECK_PASS, FAILED},
};

static void test_hosts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        static struct town t;
        const struct kit_tls *tls = hosts[i].tls == 0   ? NULL
                                    : hosts[i].tls == 1 ? tls_good
                                                        : tls_other;
        tap_case("hosts: %s", hosts[i].label);
        town_open(&t, hosts[i].zone, tls, hosts[i].policy);
        struct audit_options *o = &t.rig.options;
        o->fact_deadline_ms = hosts[i].fact_ms != 0 ? hosts[i].fact_ms : o->fact_deadline_ms;
        o->deadline_ms = hosts[i].deadline_ms != 0 ? hosts[i].deadline_ms : o->deadline_ms;
        o->deadline_ms = hosts[i].deadline_ms != NO_TIME ? o->deadline_ms : 0;
        o->tls = hosts[i].no_tls_client ? NULL : o->tls;
        o->posture.allow_private = !hosts[i].inner;
        rig_run(&t.rig, NULL);
        const struct check *c = rig_check(&t.rig, hosts[i].check);
        bool ok = tap_ok(c != NULL) && tap_cstr(check_status_name(check_status_of(c)),
                                                check_status_name(hosts[i].status));
        ok &= tap_ok(hosts[i].id == FINDING_COUNT || rig_finding(&t.rig, hosts[i].id) != NULL);
        ok &= tap_int(report_subject_exit_code(&t.rig.subject, SEV_HIGH), hosts[i].exit_code);
        if (!ok)
            rig_show(&t.rig);
        town_close(&t);
    }
}

/* A name server that never answers: the audit ends with its time, and says what it does not know.
 */
static void test_no_dns(const char *file)
{
    static struct rig r;
    struct resolver_config config;
    struct mp_err err = {0};
    tap_case("no DNS%s", file == NULL ? "" : ", and a zone file");
    rig_open(&r, "test. NS ns.test.\n", file);
    resolver_config_init(&config);
    config.server = STR("127.0.0.2:1"); /* nobody listens */
    config.root_key = "/dev/null";
    r.source.zone = NULL;
    if (!tap_int(resolver_new(&config, &r.source.resolver, &err), MP_OK))
        tap_note("%s", err.text);
    r.options.deadline_ms = SHORT_MS;
    rig_run(&r, NULL);
    tap_int(report_subject_exit_code(&r.subject, SEV_CRITICAL), UNDECIDED);
    tap_ok(rig_finding(&r, FINDING_POSTURE_DNS_FAILED) != NULL);
    check_formats(&r);
    audit_clear(r.audit);
    resolver_free(r.source.resolver);
    rig_close(&r);
}

/* More hosts than threads, each fetched once. */
static void test_crowd(void)
{
    enum { HOSTS = 3 * AUDIT_THREADS };
    static struct town t;
    struct buf zone;
    size_t answered = 0;
    tap_case("more hosts than threads");
    buf_init(&zone, 1 << 16);
    for (int i = 0; i < HOSTS; i++)
        buf_addf(&zone, "good.test MX %d mx%d.good.test\nmx%d.good.test A 127.0.0.1\n", i, i, i);
    buf_addc(&zone, '\0');
    town_open(&t, zone.p, tls_good, "");
    rig_run(&t.rig, NULL);
    for (const struct audit_fact *f = t.rig.audit->fetched; f != NULL; f = f->next)
        answered += f->question.kind == FACT_SMTP && f->smtp.tls.established;
    tap_int((long long)answered, HOSTS);
    script_stop(t.mx);
    tap_int((long long)script_connections(t.mx), HOSTS);
    tap_ok(is_good_prometheus(rig_report(&t.rig, REPORT_PROMETHEUS, 1)));
    town_close(&t);
    buf_clear(&zone);
}

/* ---- before publishing ---- */

static void test_zone_file(void)
{
    static struct rig r;
    tap_case("zone file: mended there, broken outside");
    rig_open(&r, BAD "_spf.provider.test TXT \"v=spf1 ip4:192.0.2.0/28 -all\"\n",
             "good.test TXT \"v=spf1 include:_spf.provider.test -all\"\n"
             "good.test MX 10 mx.good.test\nmx.good.test A 192.0.2.1\n");
    rig_run(&r, NULL);
    tap_ok(rig_finding(&r, FINDING_POSTURE_SPF_PLUS_ALL) == NULL);
    tap_ok(rig_finding(&r, FINDING_POSTURE_MX_ALIAS) == NULL);
    tap_ok(rig_finding(&r, FINDING_POSTURE_MX_NO_ADDRESS) == NULL);
    tap_str(r.audit->posture.spf.record, STR("v=spf1 include:_spf.provider.test -all"));
    tap_int((long long)r.audit->posture.spf.addresses4, 16);
    rig_close(&r);

    tap_case("zone file: keys and policies that are aliases to others");
    rig_open(&r, "dmarc.provider.test TXT \"v=DMARC1; p=quarantine\"\n",
             "good.test MX 10 mx.good.test\nmx.good.test A 192.0.2.1\n"
             "_dmarc.good.test CNAME dmarc.provider.test\n");
    rig_run(&r, NULL);
    tap_int(r.audit->posture.dmarc_policy, DMARC_P_QUARANTINE);
    rig_close(&r);

    tap_case("zone file: a remedy is tried out over it");
    rig_open(&r, DNS, BAD);
    rig_run(&r, NULL);
    const struct remedy *x = remedy_of(&r, FINDING_POSTURE_SPF_PLUS_ALL);
    tap_ok(x != NULL && x->verified);
    rig_close(&r);
}

/* ---- what has changed ---- */

/* Saved as the report writes it, alone or among others. */
static void save(struct rig *r, const char *zone, const char *others, struct saved_audit *out)
{
    struct rig then;
    struct mp_err err = {0};
    rig_open(&then, zone, NULL);
    then.options.now_s = 1795460419;
    rig_run(&then, NULL);
    struct str text = rig_report(&then, REPORT_JSON, 1);
    if (others != NULL)
        text = arena_fmt(&r->arena, "[%s,%.*s]", others, STR_ARG(text));
    if (!tap_int(audit_saved_read(&r->arena, text, "then.json", STR("good.test"), out, &err),
                 MP_OK))
        tap_note("%s", err.text);
    rig_close(&then);
}

static size_t new_in(const json_t *doc)
{
    return json_array_size(json_object_get(json_object_get(doc, "changes"), "new"));
}

static void test_same(void)
{
    static struct rig r;
    struct saved_audit then;
    tap_case("changes: none, so nothing fails");
    rig_open(&r, BAD, NULL);
    save(&r, BAD, "{\"schema\":\"mailproof/audit/1\",\"subject\":\"other.test\"}", &then);
    rig_run(&r, &then);
    tap_ok(r.audit->n_known == r.audit->ctx.findings.n && r.audit->n_known > 3);
    tap_ok(r.audit->n_new == 0 && r.audit->n_gone == 0);
    tap_int(report_subject_exit_code(&r.subject, SEV_LOW), PASSED);
    tap_cstr(r.audit->posture.grade, "F");
    tap_str(then.grade, STR("F"));
    tap_ok(rig_has(r.subject.headline, "; since 2026-11-23T19:00:19Z: 0 new, "));
    tap_ok(rig_has(r.subject.headline, " known, 0 gone"));
    tap_ok(!rig_has(r.subject.headline, ".;"));
    tap_ok(!rig_has(rig_report(&r, REPORT_TEXT, 1), "gone since"));
    json_t *doc = document(&r);
    tap_int((long long)new_in(doc), 0);
    json_decref(doc);
    rig_close(&r);
}

static void test_better(void)
{
    static struct rig r;
    struct saved_audit then;
    tap_case("changes: better, and what is gone is told always");
    rig_open(&r,
             "good.test TXT \"v=spf1 +all\"\n"
             "good.test MX 10 mx.good.test\nmx.good.test A 192.0.2.1\n",
             NULL);
    save(&r, BAD, NULL, &then);
    rig_run(&r, &then);
    tap_ok(r.audit->n_gone >= 2);
    tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), PASSED);
    struct str text = rig_report(&r, REPORT_TEXT, 1);
    tap_ok(rig_has(text, "gone since 2026-11-23T19:00:19Z, grade F then"));
    tap_ok(rig_has(text, "posture.mx.no-address  gone.good.test"));
    tap_ok(rig_has(text, "posture.mx.alias  alias.good.test is mx.good.test"));
    text = rig_report(&r, REPORT_TEXT, 2); /* among others it may be one line: with them */
    tap_ok(rig_has(text, "posture.mx.no-address  gone.good.test"));
    check_formats(&r);
    rig_close(&r);
}

static void test_worse(void)
{
    static struct rig r;
    struct saved_audit then;
    tap_case("changes: worse, and only that fails");
    rig_open(&r, BAD, NULL);
    save(&r,
         "good.test TXT \"v=spf1 mx -all\"\ngood.test MX 10 mx.good.test\n"
         "mx.good.test A 192.0.2.1\n",
         NULL, &then);
    rig_run(&r, &then);
    const struct finding *f = rig_finding(&r, FINDING_POSTURE_SPF_PLUS_ALL);
    tap_ok(f != NULL && !r.audit->known[f - r.audit->ctx.findings.items]);
    f = rig_finding(&r, FINDING_POSTURE_CAA_MISSING);
    tap_ok(f != NULL && r.audit->known[f - r.audit->ctx.findings.items]);
    tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), FAILED);
    json_t *doc = document(&r);
    tap_int((long long)new_in(doc), (long long)r.audit->n_new);
    json_decref(doc);
    rig_close(&r);
}

/* One line for a domain that has nothing to tell, and below it what is gone. */
static void test_quiet(void)
{
    static struct town t;
    struct saved_finding was = {STR("posture.mx.alias"),       STR("MX"),  STR("mx.hosts"),
                                STR("mx.good.test is x.test"), SEV_MEDIUM, false};
    const struct saved_audit then = {.started = STR(""), .findings = &was, .n = 1};
    tap_case("changes: told also where a good domain is one line");
    town_open(&t, DNS STS TLSA, tls_good, POLICY("mx.good.test"));
    rig_run(&t.rig, &then);
    struct str text = rig_report(&t.rig, REPORT_TEXT, 2);
    struct str first = text;
    first = str_cut(&first, '\n');
    if (!tap_ok(str_starts(first, STR("PASSED    good.test")) && !rig_has(text, "checks:")))
        tap_note("%.*s", STR_ARG(text));
    tap_ok(rig_has(text, "posture.mx.alias  mx.good.test is x.test"));
    tap_ok(rig_has(first, "since an earlier audit: "));
    tap_ok(rig_has(text, "\n  gone since an earlier audit\n"));
    town_close(&t);
}

int main(void)
{
    const struct tls_settings settings = {.ca_file = kit_ca_file()};
    schema = schema_load("docs/schema/audit-1.schema.json");
    tls_good = kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test", "mta-sts.good.test"},
                                                     .starts_in_s = -60,
                                                     .ends_in_s = 90 * DAY_S});
    tls_other = kit_tls_new(&(struct kit_tls_options){.names = {"mx.other.test"}});
    if (tls_client_new(&settings, &trust, NULL) != MP_OK)
        abort();
    test_good();
    test_bad();
    test_usage();
    test_hosts();
    test_no_dns(NULL);
    test_no_dns(
        "good.test TXT \"v=spf1 include:_spf.other.test -all\"\ngood.test MX 10 mx.other.test\n");
    test_crowd();
    test_zone_file();
    test_same();
    test_better();
    test_worse();
    test_quiet();
    tls_client_free(trust);
    kit_tls_free(tls_good);
    kit_tls_free(tls_other);
    json_decref(schema);
    return tap_done();
}
