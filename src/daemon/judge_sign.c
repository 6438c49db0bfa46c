/* Signing in the daemon: the fields that the signer's room writes, on top of the message. */
#include "daemon/judge_sign.h"

#include "daemon/log.h"

enum { FIELDS_MAX_BYTES = 512 * 1024, RESULTS_MAX_BYTES = 256 * 1024 };

/* The room writes the topmost field first; of edits the last one made is on top. */
static int add_fields(struct arena *arena, struct str fields, struct mail_answer *answer,
                      struct mp_err *err)
{
    struct message m;
    struct str copy = arena_copy(arena, fields);
    int st = copy.p == NULL && fields.n > 0 ? mp_fail(err, MP_E_NOMEM, 0, "no memory to sign")
                                            : message_parse(arena, copy, &m, err);
    for (size_t i = st == MP_OK ? m.n_headers : 0; st == MP_OK && i > 0; i--)
        st = judge_add_edit(answer, EDIT_PREPEND, m.headers[i - 1].name,
                            str_trim(m.headers[i - 1].value), 0, err);
    return st;
}

static void say_unsigned(const struct mail_answer *answer, const char *what,
                         const struct signing_report *report)
{
    struct log_event e;
    if (report->reason.n == 0)
        return;
    log_begin(&e, report->signatures == 0 ? LOG_WARNING_LEVEL : LOG_INFO_LEVEL, what);
    log_str(&e, "id", answer->summary.id);
    log_str(&e, "from_domain", answer->summary.from_domain);
    log_str(&e, "why", report->reason);
    log_end(&e);
}

int judge_sign(const struct signing_table *t, struct signer_client *client, struct arena *arena,
               struct job *job, struct mail_answer *answer, struct mp_err *err)
{
    const struct signing_keys keys = signer_client_keys(client);
    struct signing_report report = {0};
    struct buf out;
    buf_init(&out, FIELDS_MAX_BYTES);
    int st =
        signing_sign(t, &keys, arena, &job->message, &job->author, job->now_s, &out, &report, err);
    if (st == MP_OK)
        st = add_fields(arena, buf_str(&out), answer, err);
    if (st == MP_OK) {
        answer->summary.signed_by = report.signed_by;
        say_unsigned(answer, "mail.unsigned", &report);
    }
    buf_clear(&out);
    return st;
}

static void write_results(const struct job *job, struct buf *out)
{
    const struct authres_input in = {.spf_request = &job->spf_request,
                                     .spf = job->spf_checked ? &job->spf : NULL,
                                     .dkim = &job->dkim,
                                     .arc = &job->arc,
                                     .dmarc = &job->dmarc};
    authres_write_results(out, &in);
}

int judge_seal(const struct signing_table *t, struct signer_client *client, struct arena *arena,
               struct job *job, struct mail_answer *answer, struct mp_err *err)
{
    const struct signing_keys keys = signer_client_keys(client);
    struct signing_report report = {0};
    struct buf out, results;
    buf_init(&out, FIELDS_MAX_BYTES);
    buf_init(&results, RESULTS_MAX_BYTES);
    write_results(job, &results);
    const struct signing_arrival arrival = {.message = &job->message,
                                            .bodies = job->auth.bodies,
                                            .chain = &job->arc,
                                            .authserv_id = job->config->auth.authserv_id,
                                            .results = buf_str(&results)};
    int st = results.failed
                 ? mp_fail(err, MP_E_NOMEM, 0, "no memory to seal")
                 : signing_seal(t, &keys, arena, &arrival, job->now_s, &out, &report, err);
    if (st == MP_OK)
        st = add_fields(arena, buf_str(&out), answer, err);
    if (st == MP_OK) {
        answer->summary.signed_by = report.signed_by;
        say_unsigned(answer, "mail.unsealed", &report);
    }
    buf_clear(&out);
    buf_clear(&results);
    return st;
}
