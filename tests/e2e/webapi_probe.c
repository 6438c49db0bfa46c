/* The HTTP API over a history and reports of its own, for the dashboard in a browser:
 * webapi_probe DIR STATUS REPORT. DIR keeps the history, STATUS and REPORT are files of JSON: what
 * the daemon would tell of itself, and the report of the mails. Prints the port; each line on
 * standard input is a mail with that subject that passes now; ends with its input. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "feedback/feedback_store.h"
#include "run/read_file.h"
#include "webapi/page.h"
#include "webapi/webapi.h"

enum { FILE_MAX_BYTES = 1 << 20, LINE_MAX_BYTES = 2000, DAY_S = 86400 };
#define TOKEN "reader-of-the-dashboard"

struct probe {
    struct webapi_config c;
    struct webapi *w;
    struct buf status, report;
    unsigned mails;
};

static void must(int st, const struct mp_err *err)
{
    if (st == MP_OK)
        return;
    fprintf(stderr, "webapi_probe: %s\n", err->text);
    exit(1);
}

static void status_members(void *ctx, struct json *j)
{
    const struct probe *p = ctx;
    const char *key;
    json_t *value, *all = json_loadb(p->status.p, p->status.n, 0, NULL);
    json_object_foreach(all, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        if (text != NULL && strcmp(key, "http") != 0) {
            json_key(j, key);
            json_raw(j, str_from(text));
        }
        free(text);
    }
    json_decref(all);
}

static int nobody_judges(void *ctx, const struct mail_request *r, struct str message,
                         struct arena *a, struct mail_answer *out, struct mp_err *err)
{
    (void)ctx, (void)r, (void)message, (void)a, (void)out;
    return mp_fail(err, MP_E_IO, 0, "nobody judges here");
}

/* Every second one is refused, and watched only. */
static void pass(struct probe *p, struct str subject)
{
    char id[33];
    bool bad = p->mails % 2 != 0;
    snprintf(id, sizeof id, "%032x", ++p->mails);
    struct mail_summary s = {.id = str_from(id),
                             .time_ms = clock_wall_ms(),
                             .elapsed_us = 4200,
                             .mode = bad ? STR("monitor") : STR("inbound"),
                             .listener = STR("mx"),
                             .client = {IP_V4, {192, 0, 2, 7}},
                             .helo = STR("mail.bank.example"),
                             .has_mail_from = true,
                             .rcpt_to = {STR("ana@ours.example")},
                             .n_rcpts = 1,
                             .n_rcpt_to = 1,
                             .from = STR("billing@bank.example"),
                             .from_domain = STR("bank.example"),
                             .subject = subject,
                             .message_id = STR("<1@bank.example>"),
                             .size_bytes = 4711,
                             .action = bad ? ACTION_REJECT : ACTION_ACCEPT,
                             .done = STR("accept"),
                             .complete = true,
                             .spf = STR("fail"),
                             .spf_domain = STR("bank.example"),
                             .spf_scope = STR("mfrom"),
                             .arc = STR("none"),
                             .dmarc = STR("fail"),
                             .dmarc_domain = STR("bank.example"),
                             .policy = {.p = STR("reject"), .disposition = STR("reject")},
                             .n_findings = bad};
    s.findings[0] = (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 1, subject};
    if (!history_add(p->c.history, &s, bad ? buf_str(&p->report) : STR_NONE, STR_NONE))
        exit(1);
    history_flush(p->c.history);
    webapi_mail(p->w, &s);
}

static void keep_runs(struct probe *p)
{
    int64_t now_ms = clock_wall_ms();
    struct history_run run = {.suite = STR("routes"), .name = STR("first MX"), .duration_ms = 40};
    for (int i = 0; i < 3; i++) {
        run.time_ms = now_ms - (3 - i) * 60000;
        run.state = i == 2 ? HISTORY_FAILED : HISTORY_PASSED;
        run.text = i == 2 ? STR("got 451, wanted 250") : STR_NONE;
        history_add_run(p->c.history, &run);
    }
    struct history_audit audit = {.domain = STR("ours.example"),
                                  .grade = STR("A"),
                                  .score = 91,
                                  .time_ms = now_ms - 5000,
                                  .findings = STR("[]")};
    history_add_audit(p->c.history, &audit);
    audit.time_ms += 1000;
    audit.grade = STR("C");
    audit.findings = STR("[{\"id\":\"posture.dmarc.none\",\"severity\":\"high\"}]");
    history_add_audit(p->c.history, &audit);
}

static void keep_reports(struct probe *p)
{
    struct mp_err err = {0};
    struct feedback_put put = {0};
    int64_t now_s = clock_wall_ms() / 1000, begin_s = (now_s / DAY_S - 1) * DAY_S;
    struct dmarc_row row = {.source = {IP_V4, {203, 0, 113, 77}},
                            .count = 611,
                            .disposition = DISPOSITION_REJECT,
                            .dkim = ALIGNED_FAIL,
                            .spf = ALIGNED_FAIL,
                            .header_from = STR("ours.example")};
    struct dmarc_aggregate aggregate = {.org_name = STR("big.example"),
                                        .report_id = STR("1"),
                                        .begin_s = begin_s,
                                        .end_s = begin_s + DAY_S - 1,
                                        .published = {.domain = STR("ours.example"),
                                                      .p = STR("reject")},
                                        .rows = &row,
                                        .n_rows = 1,
                                        .messages = 611};
    struct feedback_item item = {.kind = FEEDBACK_AGGREGATE, .aggregate = &aggregate};
    struct feedback_content content = {.items = &item, .n = 1};
    must(feedback_store_put(p->c.feedback, &content, STR("probe"), now_s, &put, &err), &err);
}

static void start(struct probe *p, char **argv)
{
    static const struct webapi_schedule schedules[] = {{STR_INIT("routes"), STR_INIT("15m")}};
    static struct webapi_token token = {.name = STR_INIT("probe"), .scopes = WEBAPI_READ};
    struct mp_err err = {0};
    buf_init(&p->status, FILE_MAX_BYTES);
    buf_init(&p->report, FILE_MAX_BYTES);
    must(read_file(argv[2], &p->status, &err), &err);
    must(read_file(argv[3], &p->report, &err), &err);
    must(webapi_token_of(STR(TOKEN), token.sha256, &err), &err);
    must(history_open(&(struct history_config){.dir = argv[1], .keep_reports = 1}, &p->c.history,
                      &err),
         &err);
    must(feedback_store_open(&(struct feedback_store_config){.dir = NULL}, &p->c.feedback, &err),
         &err);
    p->c.tokens = &token;
    p->c.n_tokens = 1;
    p->c.schedules = schedules;
    p->c.n_schedules = ARRAY_LEN(schedules);
    p->c.service =
        (struct webapi_service){.ctx = p, .scan = nobody_judges, .status = status_members};
    p->c.page = webapi_page();
    p->c.page_csp = webapi_page_csp();
    if (!ip_parse(STR("127.0.0.1"), &p->c.ip))
        exit(1);
    keep_runs(p);
    keep_reports(p);
    must(webapi_start(&p->c, &p->w, &err), &err);
}

int main(int argc, char **argv)
{
    struct probe p = {0};
    char line[LINE_MAX_BYTES];
    if (argc != 4)
        return 2;
    start(&p, argv);
    printf("%u\n", webapi_port(p.w));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        pass(&p, str_trim(str_from(line)));
    webapi_stop(p.w);
    history_close(p.c.history);
    feedback_store_close(p.c.feedback);
    buf_clear(&p.status);
    buf_clear(&p.report);
    return 0;
}
