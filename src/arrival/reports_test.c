/* Reports taken out of a mailbox, and sent to those who want them. */
#include "arrival/reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum { DAY_0 = 1700006400, NOW = DAY_0 + 90000, N_REPORTS = 45, N_OTHER = 3, PATH_BYTES = 200 };

static struct arena arena;
static struct mp_err err;

/* ---- a Maildir ---- */

static char folder[64];

static void make_file(int n, const char *text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/new/%d", folder, n);
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void make_maildir(void)
{
    static const char *const subs[] = {"tmp", "new", "cur"};
    char path[PATH_BYTES], text[1000];
    snprintf(folder, sizeof folder, "/tmp/mp-reports-XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, subs[i]);
        if (mkdir(path, 0700) != 0)
            abort();
    }
    for (int i = 0; i < N_REPORTS + N_OTHER; i++) {
        if (i < N_REPORTS)
            snprintf(text, sizeof text,
                     "From: d@big.test\nContent-Type: text/xml\n\n<feedback><report_metadata>"
                     "<org_name>big.test</org_name><report_id>%d</report_id></report_metadata>"
                     "<policy_published><domain>a.test</domain></policy_published><record><row>"
                     "<source_ip>192.0.2.1</source_ip><count>1</count></row></record></feedback>\n",
                     i);
        else
            snprintf(text, sizeof text, "From: x@y.test\nSubject: %d\n\nno report\n", i);
        make_file(i, text);
    }
}

static size_t left_over(bool remove)
{
    char path[PATH_BYTES];
    size_t n = 0;
    for (int i = 0; i < N_REPORTS + N_OTHER; i++) {
        snprintf(path, sizeof path, "%s/new/%d", folder, i);
        n += access(path, F_OK) == 0;
        if (remove)
            unlink(path);
    }
    return n;
}

static void remove_maildir(void)
{
    static const char *const subs[] = {"/tmp", "/new", "/cur", ""};
    char path[PATH_BYTES];
    left_over(true);
    for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
        snprintf(path, sizeof path, "%s%s", folder, subs[i]);
        tap_ok(rmdir(path) == 0);
    }
}

static struct sandbox *reader_of(char *word)
{
    enum { MOST = 8 };
    static char *argv[3], *env[MOST + 1];
    static char program[] = "reports-test", utc[] = "TZ=UTC0";
    struct sandbox *sb = NULL;
    size_t n = 0;
    argv[0] = program;
    argv[1] = word;
    env[n++] = utc;
    for (char **e = environ; *e != NULL && n < MOST; e++)
        if (strstr(*e, "SAN_OPTIONS=") != NULL)
            env[n++] = *e;
    env[n] = NULL;
    struct sandbox_config config = feedback_sandbox_config(argv);
    config.env = env;
    config.max_workers = 1;
    if (sandbox_new(&config, &sb, &err) != MP_OK)
        abort();
    return sb;
}

static struct feedback_store *store_new(void)
{
    struct feedback_store *s = NULL;
    if (feedback_store_open(&(struct feedback_store_config){0}, &s, &err) != MP_OK)
        abort();
    return s;
}

static struct reports_counts collect(struct sandbox *sb, struct feedback_store *s, bool remove)
{
    struct reports_counts n = {0};
    struct reports_inbox in = {.mailbox.url = arena_fmt(&arena, "maildir:%s", folder),
                               .sandbox = sb,
                               .store = s,
                               .remove = remove,
                               .deadline_us = clock_mono_us() + 120 * (int64_t)1000000,
                               .now_s = NOW};
    if (!tap_int(reports_collect(&in, &n, &err), MP_OK))
        tap_note("%s", err.text);
    return n;
}

static void test_collect(void)
{
    static char honest[] = "report-worker", crashing[] = "bad-worker";
    struct sandbox *sb = reader_of(honest);
    struct feedback_store *s = store_new();
    make_maildir();
    tap_case("collect: every message once, more than one look gives");
    struct reports_counts n = collect(sb, s, false);
    tap_int(n.messages, N_REPORTS + N_OTHER);
    tap_int(n.put.added, N_REPORTS);
    tap_int(n.without, N_OTHER);
    tap_int(left_over(false), N_REPORTS + N_OTHER);
    tap_case("collect: what is known is deleted, too, what is no report stays");
    n = collect(sb, s, true);
    tap_int(n.put.added, 0);
    tap_int(n.put.known, N_REPORTS);
    tap_int(n.removed, N_REPORTS);
    tap_int(left_over(false), N_OTHER);
    sandbox_free(sb);
    remove_maildir();
    tap_case("collect: where the reader fails nothing is deleted");
    make_maildir();
    sb = reader_of(crashing);
    n = collect(sb, s, true);
    tap_int(n.lost, N_REPORTS + N_OTHER);
    tap_int(n.removed, 0);
    tap_int(left_over(false), N_REPORTS + N_OTHER);
    sandbox_free(sb);
    remove_maildir();
    feedback_store_close(s);
}

/* ---- sending ---- */

static const char zone_text[] =
    "_dmarc.a.test. TXT \"v=DMARC1; p=none; rua=mailto:d@a.test,mailto:small@a.test!1,"
    "mailto:x@silent.test\"\n_dmarc.silent.test. TXT \"v=DMARC1; p=none\"\n"
    "_dmarc.quiet.test. TXT \"v=DMARC1; p=none\"\n_dmarc.down.test. SERVFAIL\n";

struct post {
    bool takes;
    size_t given, told[REPORTS_STEP_COUNT];
};

static int take(void *ctx, struct arena *a, const struct report_destination *to,
                const struct report_mail *mail, bool *taken, struct str *why, struct mp_err *e)
{
    struct post *p = ctx;
    struct feedback_content c;
    (void)a, (void)e;
    p->given++;
    *taken = p->takes;
    *why = p->takes ? STR("") : STR("not now");
    tap_str(to->address, STR("d@a.test"));
    tap_int(feedback_read(&arena, buf_str(&mail->bytes), &c, &err), MP_OK);
    if (tap_int(c.n, 1))
        tap_int(c.items[0].aggregate->messages, 3);
    return MP_OK;
}

static void told(void *ctx, enum reports_step step, struct str domain, struct str address,
                 struct str why)
{
    struct post *p = ctx;
    (void)address;
    tap_ok(domain.n > 0);
    tap_ok(step == REPORTS_SENT || step == REPORTS_ALREADY || why.n > 0);
    p->told[step]++;
}

static void see(struct feedback_store *s, const char *domain, uint64_t count)
{
    struct feedback_seen x = {.time_s = DAY_0 + 100,
                              .published = {.domain = str_from(domain), .p = STR("none")},
                              .row = {.count = count, .header_from = str_from(domain)}};
    ip_parse(STR("192.0.2.1"), &x.row.source);
    if (feedback_observe(s, &x, 1, &err) != MP_OK)
        abort();
}

static const struct {
    const char *label;
    bool takes, mark;
    const char *only;
    size_t counts[REPORTS_STEP_COUNT]; /* sent already nobody refused large undecided failed */
} sends[] = {
    {"a copy for somebody to look at", true, false, "", {1, 0, 2, 1, 1, 1, 0}},
    {"the server does not take it", false, true, "", {0, 0, 2, 1, 1, 1, 1}},
    {"it is tried again", true, true, "", {1, 0, 2, 1, 1, 1, 0}},
    {"and not a second time", true, true, "", {0, 1, 2, 1, 1, 1, 0}},
    {"one domain alone", true, true, "Quiet.test", {0, 0, 1, 0, 0, 0, 0}},
};

static void test_send(void)
{
    struct feedback_store *s = store_new();
    struct dns_zone *zone = dns_zone_new();
    if (zone == NULL || dns_zone_load(zone, str_from(zone_text), "test", &err) != MP_OK)
        abort();
    struct dns_source dns = {.zone = zone, .deadline_ms = RUN_DEADLINE_MS};
    see(s, "a.test", 3);
    see(s, "quiet.test", 1);
    see(s, "absent.test", 1);
    see(s, "down.test", 1);
    for (size_t i = 0; i < ARRAY_LEN(sends); i++) {
        struct post post = {.takes = sends[i].takes};
        size_t counts[REPORTS_STEP_COUNT] = {0};
        struct reports_outbox o = {.store = s,
                                   .dns = &dns,
                                   .sender = {STR("rcv.test"), STR("d@rcv.test"), STR(""),
                                              REPORT_FORM_9990},
                                   .day_s = DAY_0,
                                   .now_s = NOW,
                                   .only = str_from(sends[i].only),
                                   .send = take,
                                   .mark = sends[i].mark,
                                   .told = told,
                                   .ctx = &post};
        tap_case("send: %s", sends[i].label);
        tap_int(reports_send(&o, counts, &err), MP_OK);
        for (size_t k = 0; k < REPORTS_STEP_COUNT; k++) {
            tap_int(counts[k], sends[i].counts[k]);
            tap_int(post.told[k], sends[i].counts[k]);
        }
        tap_int(post.given, counts[REPORTS_SENT] + counts[REPORTS_FAILED]);
    }
    tap_case("send: whoever is no domain reports nothing");
    struct reports_outbox o = {.store = s, .dns = &dns, .sender = {STR("a b"), STR("d@r.test")}};
    size_t counts[REPORTS_STEP_COUNT] = {0};
    tap_int(reports_send(&o, counts, &err), MP_E_USAGE);
    dns_zone_free(zone);
    feedback_store_close(s);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "report-worker") == 0)
        return feedback_worker_main();
    if (argc > 1 && strcmp(argv[1], "bad-worker") == 0)
        return 1;
    arena_init(&arena, 1 << 30);
    test_collect();
    test_send();
    arena_clear(&arena);
    return tap_done();
}
