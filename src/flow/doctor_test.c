/* The doctor, against peers that do well and peers that do not. */
#include "flow/doctor_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "content/yara.h"
#include "dns/zone.h"
#include "io/clamd_test_kit.h"
#include "tests/tap.h"
/* after tap.h */
#include "tests/schema_check.h"

enum { NOON = 1795428000 /* of FAKE_DATED */, DAY = 86400, LONG_MS = 20000 };

#define STATS(state, queued)                                                                       \
    "POOLS: 1\n\nSTATE: " state "\nTHREADS: live 1  idle 0 max 2 idle-timeout 30\n"                \
    "QUEUE: " queued " items\n\nEND"
#define TOLD "Heuristics.Limits.Exceeded.MaxRecursion FOUND"

/* A check by its name: status, and its first finding (-1: none). */
static enum check_status status_of(const struct doctor *d, const char *name, int *finding,
                                   enum severity *severity)
{
    *finding = -1;
    for (size_t i = 0; i < d->checks.n; i++) {
        const struct check *c = &d->checks.items[i];
        if (strcmp(c->name, name) != 0)
            continue;
        if (c->n_findings > 0) {
            *finding = (int)d->findings.items[c->first_finding].id;
            *severity = d->findings.items[c->first_finding].severity;
        }
        return check_status_of(c);
    }
    tap_note("there is no check %s", name);
    return CHECK_SKIPPED;
}

static const struct {
    const char *label;
    struct fake fake;
    int64_t now_s;
    const char *check;
    enum check_status want;
    int finding;
    enum severity severity;
} peers[] = {
    {"it answers", {.ping = "PONG"}, NOON, "answer", CHECK_PASS, -1, SEV_INFO},
    {"it is another server",
     {.ping = "220 mx"},
     NOON,
     "answer",
     CHECK_FAIL,
     FINDING_AV_UNAVAILABLE,
     SEV_HIGH},
    {"databases of today", {.ping = "PONG"}, NOON + DAY, "database", CHECK_PASS, -1, SEV_INFO},
    {"databases of tomorrow", {.ping = "PONG"}, NOON - DAY, "database", CHECK_PASS, -1, SEV_INFO},
    {"almost old",
     {.ping = "PONG"},
     NOON + DOCTOR_OLD_DAYS *DAY - 1,
     "database",
     CHECK_PASS,
     -1,
     SEV_INFO},
    {"old",
     {.ping = "PONG"},
     NOON + DOCTOR_OLD_DAYS *DAY,
     "database",
     CHECK_WARN,
     FINDING_AV_DATABASE_OLD,
     SEV_MEDIUM},
    {"very old",
     {.ping = "PONG"},
     NOON + DOCTOR_VERY_OLD_DAYS *DAY,
     "database",
     CHECK_FAIL,
     FINDING_AV_DATABASE_OLD,
     SEV_HIGH},
    {"no official databases",
     {.ping = "PONG", .version = "ClamAV 1.4.6"},
     NOON,
     "database",
     CHECK_WARN,
     FINDING_AV_DATABASE_UNKNOWN,
     SEV_LOW},
    {"databases of an unknown day",
     {.ping = "PONG", .version = "ClamAV 1.4.6/1/x"},
     NOON,
     "database",
     CHECK_UNDECIDED,
     -1,
     SEV_INFO},
    {"nothing waits",
     {.ping = "PONG", .stats = STATS("VALID PRIMARY", "0")},
     NOON,
     "queue",
     CHECK_PASS,
     -1,
     SEV_INFO},
    {"as many as threads",
     {.ping = "PONG", .stats = STATS("VALID PRIMARY", "2")},
     NOON,
     "queue",
     CHECK_PASS,
     -1,
     SEV_INFO},
    {"more wait than there are threads",
     {.ping = "PONG", .stats = STATS("VALID PRIMARY", "3")},
     NOON,
     "queue",
     CHECK_WARN,
     FINDING_AV_QUEUE,
     SEV_MEDIUM},
    {"it ends",
     {.ping = "PONG", .stats = STATS("EXIT", "0")},
     NOON,
     "queue",
     CHECK_UNDECIDED,
     -1,
     SEV_INFO},
    {"no stats",
     {.ping = "PONG", .stats = "UNKNOWN COMMAND"},
     NOON,
     "queue",
     CHECK_UNDECIDED,
     -1,
     SEV_INFO},
    {"limits are told", {.ping = "PONG", .nested = TOLD}, NOON, "limits", CHECK_PASS, -1, SEV_INFO},
    {"limits are silent",
     {.ping = "PONG", .nested = "OK"},
     NOON,
     "limits",
     CHECK_FAIL,
     FINDING_AV_LIMITS_SILENT,
     SEV_HIGH},
    {"limits are not known",
     {.ping = "PONG", .nested = "Can't scan ERROR"},
     NOON,
     "limits",
     CHECK_UNDECIDED,
     -1,
     SEV_INFO},
};

static struct clamd *client_of(const char *address)
{
    struct clamd *c = NULL;
    struct mp_err err = {0};
    if (clamd_new(&(struct clamd_config){.addresses = &address, .n_addresses = 1}, &c, &err) !=
        MP_OK)
        abort();
    return c;
}

static void test_clamd(void)
{
    for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
        struct fake fake = peers[i].fake;
        struct fake_clamd at;
        struct doctor_options o;
        struct doctor d;
        struct mp_err err = {0};
        int finding;
        enum severity severity = SEV_INFO;
        fake.stats = fake.stats != NULL ? fake.stats : STATS("VALID PRIMARY", "0");
        fake.nested = fake.nested != NULL ? fake.nested : TOLD;
        fake_serve(&at, &fake, NULL, NULL);
        doctor_options_init(&o);
        o.clamd = client_of(at.address);
        o.now_s = peers[i].now_s;
        o.deadline_ms = LONG_MS;
        tap_case("clamd: %s", peers[i].label);
        tap_int(doctor_run(&d, &o, &err), MP_OK);
        tap_cstr(check_status_name(status_of(&d, peers[i].check, &finding, &severity)),
                 check_status_name(peers[i].want));
        tap_int(finding, peers[i].finding);
        tap_int(severity, peers[i].severity);
        doctor_clear(&d);
        clamd_free(o.clamd);
        script_free(at.server);
    }
}

/* ---- what needs no peer ---- */

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void test_rules(void)
{
    static const struct {
        const char *label, *text;
        enum check_status want;
        int finding;
    } rows[] = {
        {"rules that compile", "rule Own { condition: true }", CHECK_PASS, -1},
        {"a mistake", "rule Own { condition: }", CHECK_FAIL, FINDING_YARA_RULES},
        {"a slow rule", "rule Own { strings: $a = /.*x/ condition: $a }", CHECK_WARN,
         FINDING_YARA_WARNING},
    };
    char path[64];
    const char *paths[1] = {path};
    snprintf(path, sizeof path, "/tmp/mailproof-doctor-test-%d.yar", (int)getpid());
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doctor_options o;
        struct doctor d;
        struct mp_err err = {0};
        int finding;
        enum severity severity;
        write_text(path, rows[i].text);
        doctor_options_init(&o);
        o.yara = paths;
        o.n_yara = 1;
        tap_case("YARA: %s", rows[i].label);
        tap_int(doctor_run(&d, &o, &err), MP_OK);
        if (yara_version() == NULL) {
            tap_cstr(check_status_name(status_of(&d, "rules", &finding, &severity)), "fail");
        } else {
            tap_cstr(check_status_name(status_of(&d, "rules", &finding, &severity)),
                     check_status_name(rows[i].want));
            tap_int(finding, rows[i].finding);
        }
        doctor_clear(&d);
    }
    unlink(path);
}

static void test_worker(void)
{
    static const struct {
        const char *label;
        struct sandbox_facts facts;
        enum check_status want;
        size_t n_findings;
        const char *detail;
    } rows[] = {
        {"held by all",
         {.landlock_abi = 3,
          .strict = true,
          .no_network = true,
          .other_user = true,
          .memory_limited = true},
         CHECK_PASS,
         0,
         "seccomp, Landlock 3, a network of its own, as nobody, memory limited"},
        {"no Landlock",
         {.strict = true, .memory_limited = true},
         CHECK_PASS,
         1,
         "seccomp, no Landlock, memory limited"},
        {"sanitized", {.landlock_abi = 1}, CHECK_WARN, 1, "seccomp, Landlock 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {.budget_bytes = 0};
        struct finding_list findings = {.arena = NULL};
        struct check_list checks = {.arena = NULL};
        arena_init(&arena, 1 << 20);
        finding_list_init(&findings, &arena);
        check_list_init(&checks, &arena, &findings);
        doctor_judge_worker(&checks, &rows[i].facts, 1000);
        tap_case("worker: %s", rows[i].label);
        tap_cstr(check_status_name(check_status_of(&checks.items[0])),
                 check_status_name(rows[i].want));
        tap_int(findings.n, rows[i].n_findings);
        if (findings.n > 0)
            tap_int(findings.items[0].id, FINDING_ENGINE_SANDBOX_WEAK);
        tap_str(checks.items[0].detail, str_from(rows[i].detail));
        arena_clear(&arena);
    }
}

/* A program that is no worker. */
static void test_no_worker(void)
{
    static char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    struct doctor_options o;
    struct doctor d;
    struct mp_err err = {0};
    int finding;
    enum severity severity = SEV_INFO;
    doctor_options_init(&o);
    o.deadline_ms = LONG_MS;
    struct sandbox_config config = {.path = "/bin/true", .argv = argv, .load_ms = LONG_MS};
    tap_case("worker: it does not start");
    tap_int(sandbox_new(&config, &o.sandbox, &err), MP_OK);
    tap_int(doctor_run(&d, &o, &err), MP_OK);
    tap_cstr(check_status_name(status_of(&d, "worker", &finding, &severity)), "fail");
    tap_int(finding, FINDING_ENGINE_UNAVAILABLE);
    tap_int(severity, SEV_HIGH);
    doctor_clear(&d);
    sandbox_free(o.sandbox);
}

static void test_lists(void)
{
    struct doctor_options o;
    struct doctor d;
    struct mp_err err = {0};
    int finding;
    enum severity severity;
    doctor_options_init(&o);
    o.data_dir = "/nonexistent/lists";
    tap_case("data lists that cannot be read");
    tap_int(doctor_run(&d, &o, &err), MP_OK);
    tap_cstr(check_status_name(status_of(&d, "lists", &finding, &severity)), "fail");
    tap_int(finding, FINDING_ENGINE_LISTS);
    doctor_clear(&d);
}

static void test_resolver(void)
{
    static const struct {
        const char *label, *zone, *ask;
        enum check_status want;
    } rows[] = {
        {"it answers", "good.test. 60 IN NS ns.good.test.\n", "good.test", CHECK_PASS},
        {"no such name is an answer", "good.test. 60 IN NS ns.good.test.\n", "bad.test",
         CHECK_PASS},
        {"it fails", "good.test. 60 SERVFAIL\n", "good.test", CHECK_FAIL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_source source = {.zone = dns_zone_new(), .deadline_ms = LONG_MS};
        struct doctor_options o;
        struct doctor d;
        struct mp_err err = {0};
        int finding;
        enum severity severity;
        tap_case("DNS: %s", rows[i].label);
        tap_int(dns_zone_load(source.zone, str_from(rows[i].zone), "zone", &err), MP_OK);
        doctor_options_init(&o);
        o.dns = &source;
        o.resolver = STR("127.0.0.1");
        o.ask = str_from(rows[i].ask);
        tap_int(doctor_run(&d, &o, &err), MP_OK);
        tap_cstr(check_status_name(status_of(&d, "resolver", &finding, &severity)),
                 check_status_name(rows[i].want));
        tap_int(finding, rows[i].want == CHECK_FAIL ? (int)FINDING_ENGINE_RESOLVER : -1);
        doctor_clear(&d);
        dns_zone_free(source.zone);
    }
}

static void test_nothing_named(void)
{
    static const char *const skipped[] = {"rules", "worker", "resolver", "answer"};
    struct doctor_options o;
    struct doctor d;
    struct subject s;
    struct buf text;
    struct mp_err err = {0};
    int finding;
    enum severity severity;
    doctor_options_init(&o);
    tap_case("nothing was named: nothing is asked");
    tap_int(doctor_run(&d, &o, &err), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
        tap_cstr(check_status_name(status_of(&d, skipped[i], &finding, &severity)), "skipped");
    doctor_subject(&d, &s);
    tap_int(report_subject_exit_code(&s, SEV_LOW), 0);
    tap_case("the document fits its schema");
    buf_init(&text, 1 << 20);
    struct report *r = report_new(&(struct report_options){.format = REPORT_JSON}, &text, 1);
    report_subject(r, &s);
    report_end(r);
    report_free(r);
    json_t *doc = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    json_t *schema = schema_load("docs/schema/subject-1.schema.json");
    tap_ok(doc != NULL && schema_fits(schema, schema_part(schema, "subject"), doc, "document"));
    tap_cstr(json_string_value(json_object_get(doc, "schema")), "mailproof/doctor/1");
    json_decref(doc);
    json_decref(schema);
    buf_clear(&text);
    doctor_clear(&d);
}

int main(void)
{
    test_clamd();
    test_rules();
    test_worker();
    test_no_worker();
    test_lists();
    test_resolver();
    test_nothing_named();
    return tap_done();
}
