/* The HTTP API with a small daemon behind it, all in one process: webapi_server ZONE DIR OPTION...
 * judges with the answers of the zone file, keeps history with reports in DIR, and prints its port.
 * Ends when standard input does: prints "ending", drains, and
 * prints "drained". OPTION: tls CERT KEY; rate N (a
 * minute); scans N; slow (each scan waits until DIR/go is there). Tokens: NAME-token-0123456789. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/zone.h"
#include "report/report.h"
#include "report/summary.h"
#include "run/read_file.h"
#include "run/run.h"
#include "webapi/webapi.h"

enum { FILE_MAX_BYTES = 1 << 20, DRAIN_MS = 60000, GO_STEP_US = 1000 };

struct server {
    struct policy policy;
    struct dns_source source;
    struct webapi_config c;
    struct webapi_token tokens[4];
    struct webapi *api;
    struct buf cert, key;
    char go[300]; /* scans wait for this file; empty: they do not */
};

static void fail(const struct mp_err *err)
{
    fprintf(stderr, "webapi_server: %s\n", err->text);
    exit(2);
}

/* ---- judging ---- */

static int run_one(struct server *s, const struct mail_request *r, struct str message,
                   struct job *job, struct mp_err *err)
{
    struct envelope e = {.client = r->client,
                         .helo = r->helo,
                         .mail_from = r->mail_from,
                         .has_mail_from = r->has_mail_from,
                         .rcpt_to = r->rcpt_to,
                         .n_rcpt_to = r->n_rcpt_to};
    int st = run_start(job, &s->source, r->id, message, &e, r->now_s, err);
    if (st == MP_OK)
        st = job_describe(job, err);
    return st == MP_OK ? run_job(job, &s->source, err) : st;
}

static int answer(const struct mail_request *r, struct job *job, struct arena *a,
                  struct mail_answer *out, struct mp_err *err)
{
    struct buf report;
    struct json j;
    struct mail_summary s = {0};
    buf_init(&report, ANSWER_MAX_REPORT_BYTES);
    json_init(&j, &report, 0);
    report_json(&j, job);
    out->report = arena_copy(a, buf_str(&report));
    buf_clear(&report);
    out->action = job->verdict.action;
    out->code = out->action == ACTION_REJECT ? 550 : out->action == ACTION_TEMPFAIL ? 451 : 250;
    out->text = STR("refused by policy");
    report_summary(&job->arena, job, &s);
    s.id = r->id;
    s.mode = str_from(mail_mode_name(r->mode));
    s.listener = r->listener;
    s.queue_id = r->queue_id;
    s.client_name = r->client_name;
    s.auth_user = r->auth_user;
    s.done = str_from(action_name(out->action));
    s.time_ms = clock_wall_ms();
    return mail_summary_copy(a, &s, &out->summary, err);
}

static int scan(void *ctx, const struct mail_request *r, struct str message, struct arena *a,
                struct mail_answer *out, struct mp_err *err)
{
    struct server *s = ctx;
    struct policy policy = s->policy;
    struct job_config config = {.policy = &policy};
    struct job job = {0};
    while (s->go[0] != '\0' && access(s->go, F_OK) < 0)
        usleep(GO_STEP_US);
    int st = r->policy.n == 0 ? MP_OK : policy_load(a, r->policy, "policy", &policy, err);
    if (st != MP_OK)
        return st;
    job_init(&job, &config);
    st = run_one(s, r, message, &job, err);
    if (st == MP_OK)
        st = answer(r, &job, a, out, err);
    job_clear(&job);
    if (st == MP_OK && r->policy.n == 0) {
        history_add(s->c.history, &out->summary, out->report, STR_NONE);
        history_flush(s->c.history);
        webapi_mail(s->api, &out->summary);
    }
    return st;
}

static void status(void *ctx, struct json *j)
{
    (void)ctx;
    json_kword(j, "version", MP_VERSION);
}

static void metrics(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_addz(out, "# HELP mailproof_up It is.\n# TYPE mailproof_up gauge\nmailproof_up 1\n");
}

/* ---- starting ---- */

static void load(const char *path, struct buf *out)
{
    struct mp_err err = {0};
    buf_init(out, FILE_MAX_BYTES);
    if (read_file(path, out, &err) != MP_OK)
        fail(&err);
}

static void add_tokens(struct server *s)
{
    static const struct {
        const char *name, *secret;
        unsigned scopes;
    } rows[] = {{"scan", "scan-token-0123456789", WEBAPI_SCAN},
                {"read", "read-token-0123456789", WEBAPI_READ},
                {"metrics", "metrics-token-0123456789", WEBAPI_METRICS},
                {"admin", "admin-token-0123456789", WEBAPI_ADMIN}};
    struct mp_err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        s->tokens[i] =
            (struct webapi_token){.name = str_from(rows[i].name), .scopes = rows[i].scopes};
        if (webapi_token_of(str_from(rows[i].secret), s->tokens[i].sha256, &err) != MP_OK)
            fail(&err);
    }
    s->c.tokens = s->tokens;
    s->c.n_tokens = ARRAY_LEN(rows);
}

static void read_options(struct server *s, const char *dir, char **word)
{
    for (; *word != NULL; word++) {
        if (strcmp(*word, "slow") == 0) {
            snprintf(s->go, sizeof s->go, "%s/go", dir);
        } else if (strcmp(*word, "rate") == 0) {
            s->c.rate_per_min = (unsigned)strtoul(*++word, NULL, 10);
        } else if (strcmp(*word, "scans") == 0) {
            s->c.scans = (unsigned)strtoul(*++word, NULL, 10);
        } else {
            load(*++word, &s->cert);
            load(*++word, &s->key);
            buf_addc(&s->cert, '\0');
            buf_addc(&s->key, '\0');
            s->c.cert_pem = s->cert.p;
            s->c.key_pem = s->key.p;
        }
    }
}

int main(int argc, char **argv)
{
    static struct server s;
    struct mp_err err = {0};
    struct buf zone;
    if (argc < 3)
        return 2;
    load(argv[1], &zone);
    policy_default(&s.policy);
    s.source.zone = dns_zone_new();
    if (s.source.zone == NULL ||
        dns_zone_load(s.source.zone, buf_str(&zone), argv[1], &err) != MP_OK)
        fail(&err);
    s.c = (struct webapi_config){.ip = {IP_V4, {127, 0, 0, 1}}, .rspamd = true};
    s.c.service = (struct webapi_service){&s, scan, status, NULL, metrics};
    s.c.page = STR("<!doctype html><title>page</title>");
    s.c.page_csp = STR("default-src 'none'");
    add_tokens(&s);
    read_options(&s, argv[2], argv + 3);
    if (history_open(&(struct history_config){.dir = argv[2], .keep_reports = 1}, &s.c.history,
                     &err) != MP_OK ||
        webapi_start(&s.c, &s.api, &err) != MP_OK)
        fail(&err);
    printf("%u\n", webapi_port(s.api));
    fflush(stdout);
    while (getchar() != EOF) {}
    printf("ending\n");
    fflush(stdout);
    printf("%s\n", webapi_drain(s.api, DRAIN_MS) ? "drained" : "not drained");
    webapi_stop(s.api);
    history_close(s.c.history);
    dns_zone_free(s.source.zone);
    buf_clear(&zone);
    buf_clear(&s.cert);
    buf_clear(&s.key);
    return 0;
}
