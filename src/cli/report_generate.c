/* `mailproof report generate`: aggregate reports of the mail seen on a day, sent or written. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "arrival/deliver.h"
#include "base/utf8.h"
#include "cli/report_command.h"

enum { DAY_S = 86400, PATH_BYTES = 4096, TOLD_BYTES = 1000 };

struct generating {
    struct report_command *c;
    struct report_sender sender;
};

/* ---- where a report goes ---- */

/* Named by the domain and the address that it is for: nothing of it can be a path. */
static int write_copy(const char *dir, const struct report_destination *to,
                      const struct report_mail *mail, struct mp_err *err)
{
    char path[PATH_BYTES];
    int n =
        snprintf(path, sizeof path, "%s/" STR_FMT "!" STR_FMT ".eml", dir,
                 STR_ARG(str_slice(mail->filename, 0, mail->filename.n - 7)), STR_ARG(to->domain));
    if (n < 0 || n >= (int)sizeof path)
        return mp_fail(err, MP_E_IO, 0, "%s: the path is too long", dir);
    return write_whole(path, buf_str(&mail->bytes), err);
}

static int send_mail(const struct generating *g, struct arena *a,
                     const struct report_destination *to, const struct report_mail *mail,
                     bool *taken, struct str *why, struct mp_err *err)
{
    const struct subject_options *o = &g->c->common;
    struct deliver_result result;
    struct deliver_request r = {.server = str_from(g->c->via),
                                .dns = &o->source,
                                .tls = o->tls_client,
                                .helo = o->helo,
                                .mail_from = g->sender.email,
                                .rcpts = &to->address,
                                .n_rcpts = 1,
                                .raw = buf_str(&mail->bytes),
                                .keep_raw = true,
                                .deadline_ms = o->deadline_ms};
    int st = deliver(&r, a, &result, err);
    if (st != MP_OK)
        return st;
    *taken = result.outcome == DELIVER_SENT;
    *why = result.reason;
    return MP_OK;
}

static int give(void *ctx, struct arena *a, const struct report_destination *to,
                const struct report_mail *mail, bool *taken, struct str *why, struct mp_err *err)
{
    const struct generating *g = ctx;
    if (g->c->via != NULL)
        return send_mail(g, a, to, mail, taken, why, err);
    *taken = true;
    return write_copy(g->c->out_dir, to, mail, err);
}

/* ---- telling ---- */

static void tell(void *ctx, enum reports_step step, struct str domain, struct str address,
                 struct str why)
{
    const struct generating *g = ctx;
    bool plain = step == REPORTS_ALREADY || step == REPORTS_NOBODY;
    const char *word =
        step == REPORTS_SENT && g->c->via == NULL ? "written" : reports_step_name(step);
    struct buf line;
    if (plain && !g->c->common.report.verbose)
        return;
    buf_init(&line, 16 * TOLD_BYTES);
    buf_addf(&line, "%-10s ", word);
    utf8_add_printable(&line, domain, TOLD_BYTES);
    if (address.n > 0) {
        buf_add(&line, STR(" to "));
        utf8_add_printable(&line, address, TOLD_BYTES);
    }
    if (why.n > 0) {
        buf_add(&line, STR(": "));
        utf8_add_printable(&line, why, TOLD_BYTES);
    }
    printf("%.*s\n", STR_ARG(buf_str(&line)));
    buf_clear(&line);
}

static int sum_up(const size_t counts[REPORTS_STEP_COUNT], const char *sent)
{
    printf("%zu %s, %zu already sent, %zu domains without rua=, %zu addresses refused, %zu too "
           "large, %zu undecided, %zu failed\n",
           counts[REPORTS_SENT], sent, counts[REPORTS_ALREADY], counts[REPORTS_NOBODY],
           counts[REPORTS_REFUSED], counts[REPORTS_TOO_LARGE], counts[REPORTS_UNDECIDED],
           counts[REPORTS_FAILED]);
    return counts[REPORTS_UNDECIDED] + counts[REPORTS_FAILED] > 0 ? EXIT_UNDECIDED : EXIT_PASSED;
}

/* ---- the whole ---- */

static int check(struct report_command *c)
{
    if (c->store == NULL)
        return usage_error("report", "generate: --store DIR is needed: where mail seen is kept");
    if (c->org.n == 0 || c->email.n == 0)
        return usage_error("report", "generate: --org DOMAIN and --email ADDRESS are needed");
    if ((c->via == NULL) == (c->out_dir == NULL))
        return usage_error("report", "generate: one of --via SERVER and --out DIR is needed");
    struct stat sb;
    if (c->out_dir != NULL && (stat(c->out_dir, &sb) != 0 || !S_ISDIR(sb.st_mode)))
        return usage_error("report", "--out %s: there is no such directory", c->out_dir);
    int64_t today_s = c->common.now_s - c->common.now_s % DAY_S;
    if (c->day_s < 0)
        c->day_s = today_s - DAY_S;
    if (c->day_s >= today_s)
        return usage_error("report", "--date: that day is not over yet (UTC)");
    return EXIT_PASSED;
}

int report_generate_command(struct report_command *c)
{
    struct mp_err err = {0};
    struct feedback_store *store = NULL;
    size_t counts[REPORTS_STEP_COUNT] = {0};
    int code = check(c);
    if (code == EXIT_PASSED)
        code = subject_options_open(&c->common);
    if (code != EXIT_PASSED)
        return code;
    struct generating g = {.c = c, .sender = {c->org, c->email, c->contact, c->form}};
    int st = feedback_store_open(&(struct feedback_store_config){.dir = c->store}, &store, &err);
    const struct reports_outbox o = {.store = store,
                                     .dns = &c->common.source,
                                     .sender = g.sender,
                                     .day_s = c->day_s,
                                     .now_s = c->common.now_s,
                                     .only = c->only,
                                     .send = give,
                                     .mark = c->via != NULL,
                                     .told = tell,
                                     .ctx = &g};
    if (st == MP_OK)
        st = reports_send(&o, counts, &err);
    feedback_store_close(store);
    code = sum_up(counts, c->via != NULL ? "sent" : "written");
    return st == MP_OK ? code : report_failure("report", &err);
}
