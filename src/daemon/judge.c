/* One mail after another: request, engine, answer. */
#include "daemon/judge_sign.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ipc/mail_request.h"
#include "message/limits.h"
#include "report/report.h"
#include "report/summary.h"

enum { ANSWER_ARENA_BYTES = 96 << 20, REPLY_IDS_MAX = 3 };

struct judge {
    const struct judge_setup *setup;
    struct job job;
    struct job_config config; /* of the mail at hand */
    struct policy policy;     /* that a request brought */
    struct arena arena;       /* of the answer */
    struct buf report;
    struct signer_client *signer; /* NULL: nothing is signed */
    struct intel_source known;    /* the setup's, with the snapshot of the mail at hand */
    struct mail_edit edits[ANSWER_MAX_EDITS];
};

struct judge *mail_judge_new(const struct judge_setup *setup)
{
    struct judge *j = calloc(1, sizeof *j);
    if (j == NULL)
        return NULL;
    j->setup = setup;
    j->config = setup->job;
    arena_init(&j->arena, ANSWER_ARENA_BYTES);
    buf_init(&j->report, ANSWER_MAX_REPORT_BYTES);
    job_init(&j->job, &j->config);
    if (setup->signing != NULL &&
        signer_client_new(setup->signer_path, JUDGE_SIGN_MS, &j->signer, NULL) != MP_OK) {
        mail_judge_free(j);
        return NULL;
    }
    return j;
}

void mail_judge_free(struct judge *j)
{
    if (j == NULL)
        return;
    signer_client_free(j->signer);
    job_clear(&j->job);
    buf_clear(&j->report);
    arena_clear(&j->arena);
    free(j);
}

static const struct serve_milter *listener_of(const struct serve_config *c, struct str name)
{
    for (size_t i = 0; i < c->n_milters; i++)
        if (str_eq(c->milters[i].name, name))
            return &c->milters[i];
    return NULL;
}

/* ---- before ---- */

static int choose_policy(struct judge *j, const struct mail_request *r, struct mp_err *err)
{
    j->config = j->setup->job;
    j->config.skip_auth = j->config.skip_auth || r->mode == MAIL_OUTBOUND;
    if (r->policy.n == 0)
        return MP_OK;
    policy_default(&j->policy);
    int st = policy_load(&j->arena, r->policy, "policy", &j->policy, err);
    j->config.policy = &j->policy;
    return st;
}

static struct envelope envelope_of(const struct mail_request *r)
{
    return (struct envelope){.client = r->client,
                             .helo = r->helo,
                             .mail_from = r->mail_from,
                             .has_mail_from = r->has_mail_from,
                             .rcpt_to = r->rcpt_to,
                             .n_rcpt_to = r->n_rcpt_to};
}

static int run(struct judge *j, const struct mail_request *r, struct str raw, struct mp_err *err)
{
    struct dns_source source = j->setup->source;
    struct envelope envelope = envelope_of(r);
    if (source.intel != NULL)
        source.intel = &j->known;
    if (r->deadline_ms > 0 && r->deadline_ms < source.deadline_ms)
        source.deadline_ms = r->deadline_ms;
    int st = run_start(&j->job, &source, r->id, raw, &envelope, r->now_s, err);
    if (st != MP_OK)
        return st;
    job_describe(&j->job, err); /* a failure has left its finding, and the checks go on */
    st = run_job(&j->job, &source, err);
    return j->job.finished ? MP_OK : st; /* cut, but with a verdict that says so */
}

/* ---- what the MTA is told ---- */

/* Why, by the findings that led to it, and where an operator finds the rest. */
static struct str reply_text(struct judge *j, const struct mail_request *r, const char *what)
{
    struct buf b;
    const struct verdict *v = &j->job.verdict;
    buf_init(&b, SUMMARY_MAX_TEXT_BYTES);
    buf_addf(&b, "%s", what);
    for (size_t i = 0; i < v->n_reasons && i < REPLY_IDS_MAX; i++)
        buf_addf(&b, "%s" STR_FMT, i == 0 ? ": " : ", ",
                 STR_ARG(finding_kind(v->reasons[i])->name));
    buf_addf(&b, " (id " STR_FMT ")", STR_ARG(r->id));
    struct str s = b.failed ? str_from(what) : arena_copy(&j->arena, buf_str(&b));
    buf_clear(&b);
    return s.p == NULL ? str_from(what) : s;
}

/* RFC 7372 for what authentication refuses, RFC 3463 for the rest. */
static struct str enhanced_code(const struct verdict *v)
{
    static const struct {
        struct str prefix, code;
    } codes[] = {{STR_INIT("auth.spf."), STR_INIT("5.7.23")},
                 {STR_INIT("auth.dkim."), STR_INIT("5.7.20")},
                 {STR_INIT("auth.arc."), STR_INIT("5.7.29")}};
    struct str first = v->n_reasons > 0 ? finding_kind(v->reasons[0])->name : STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (str_starts(first, codes[i].prefix))
            return codes[i].code;
    return STR("5.7.1");
}

static void tell(struct judge *j, const struct mail_request *r, const struct serve_milter *l,
                 struct mail_answer *a)
{
    enum verdict_action action = j->job.verdict.action;
    if (r->mode == MAIL_MONITOR)
        action = ACTION_ACCEPT;
    if (action == ACTION_QUARANTINE && !l->quarantine)
        action = ACTION_TAG;
    a->action = action;
    a->code = 250;
    if (action == ACTION_REJECT) {
        a->code = 550;
        a->enhanced = enhanced_code(&j->job.verdict);
        a->text = reply_text(j, r, "refused by policy");
    } else if (action == ACTION_TEMPFAIL) {
        a->code = 451;
        a->enhanced = STR("4.7.1");
        a->text = reply_text(j, r, "cannot be judged now, try again later");
    } else if (action == ACTION_QUARANTINE) {
        a->quarantine = reply_text(j, r, "mailproof");
    }
}

static void tell_done(struct judge *j, struct mail_answer *a)
{
    a->summary.done = str_from(action_name(a->action));
    if (a->text.n > 0)
        a->summary.reply = arena_fmt(&j->arena, "%u " STR_FMT " " STR_FMT, a->code,
                                     STR_ARG(a->enhanced), STR_ARG(a->text));
}

static void summarize(struct judge *j, const struct mail_request *r, struct mail_answer *a)
{
    struct mail_summary *s = &a->summary;
    report_summary(&j->arena, &j->job, s);
    s->id = r->id;
    s->mode = str_from(mail_mode_name(r->mode));
    s->listener = summary_text(&j->arena, r->listener);
    s->queue_id = summary_text(&j->arena, r->queue_id);
    s->client_name = summary_text(&j->arena, r->client_name);
    s->tls = summary_text(&j->arena, r->tls);
    s->auth_user = summary_text(&j->arena, r->auth_user);
    tell_done(j, a);
}

static bool is_taken(const struct mail_answer *a)
{
    return a->action != ACTION_REJECT && a->action != ACTION_TEMPFAIL;
}

/* It would never pass, however often it is tried again: who sends so much of it is told so. */
static int refuse_overdone(struct judge *j, const struct mail_request *r, struct mail_answer *a)
{
    a->n_edits = 0;
    a->quarantine = STR_NONE;
    a->action = ACTION_REJECT;
    a->code = 550;
    a->enhanced = STR("5.6.0");
    a->text =
        arena_fmt(&j->arena,
                  "refused: more than %d fields of the header would have to be changed (id " STR_FMT
                  ")",
                  ANSWER_MAX_EDITS, STR_ARG(r->id));
    a->summary.signed_by = STR_NONE;
    tell_done(j, a);
    return MP_OK;
}

/* Signed and sealed last: over what we have said of it. */
static int edit(struct judge *j, const struct mail_request *r, const struct serve_milter *l,
                struct mail_answer *a, struct mp_err *err)
{
    const struct judge_setup *s = j->setup;
    int st = MP_OK;
    if (!r->want_edits || !is_taken(a) || r->mode == MAIL_MONITOR)
        return MP_OK;
    if (r->mode == MAIL_INBOUND)
        st = judge_edits(&j->arena, &j->job, l, a, err);
    if (st == MP_OK && r->mode == MAIL_INBOUND && l->seal && j->signer != NULL)
        st = judge_seal(s->signing, j->signer, &j->arena, &j->job, a, err);
    if (st == MP_OK && r->mode == MAIL_OUTBOUND && j->signer != NULL)
        st = judge_sign(s->signing, j->signer, &j->arena, &j->job, a, err);
    return st == MP_E_LIMIT && a->n_edits == ANSWER_MAX_EDITS ? refuse_overdone(j, r, a) : st;
}

static void report(struct judge *j, const struct mail_request *r, struct mail_answer *a)
{
    struct json json;
    if (!r->want_report)
        return;
    json_init(&json, &j->report, 0);
    report_json_open(&json, &j->job);
    judge_edits_json(&json, a);
    json_object_end(&json);
    if (!j->report.failed)
        a->report = buf_str(&j->report);
}

/* What a sender publishes is fetched; of the verdict only what SPF alone decides is told. */
static int warm(struct judge *j, const struct mail_request *r, struct mp_err *err)
{
    struct str raw = arena_fmt(&j->arena, "From: <" STR_FMT ">\r\n\r\n", STR_ARG(r->mail_from));
    if (raw.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    j->config.content = NULL;
    j->config.intel = NULL;
    return run(j, r, raw, err);
}

/* Of a sender alone: what else the verdict has, it has of a message that is none. */
static bool is_refused_by_spf(const struct verdict *v)
{
    for (size_t i = 0; i < v->n_reasons; i++)
        if (str_starts(finding_kind(v->reasons[i])->name, STR("auth.spf.")))
            return true;
    return false;
}
/* How mail is marked that came by HTTP: clients of rspamd's protocol ask for it. */
static const struct serve_milter by_http = {.quarantine = true,
                                            .add_headers = true,
                                            .strip_results = true};

static int judge(struct judge *j, const struct mail_request *r, struct str raw,
                 struct mail_answer *a, struct mp_err *err)
{
    const struct serve_milter *l = listener_of(j->setup->config, r->listener);
    if (l == NULL)
        l = &by_http;
    int st = choose_policy(j, r, err);
    if (st == MP_OK)
        st = r->kind == MAIL_WARM ? warm(j, r, err) : run(j, r, raw, err);
    if (st != MP_OK)
        return st;
    if (r->kind == MAIL_WARM && !is_refused_by_spf(&j->job.verdict))
        j->job.verdict.action = ACTION_ACCEPT;
    tell(j, r, l, a);
    summarize(j, r, a);
    st = edit(j, r, l, a, err);
    report(j, r, a);
    return st;
}

/* One snapshot for one mail, whatever is published meanwhile. */
static void hold_intel(struct judge *j)
{
    if (j->setup->source.intel == NULL)
        return;
    j->known = *j->setup->source.intel;
    if (j->known.vault != NULL)
        j->known.hold = vault_current(j->known.vault);
}

static void release_intel(struct judge *j)
{
    if (j->setup->source.intel != NULL && j->known.vault != NULL)
        vault_release(j->known.hold);
    j->known.hold = NULL;
}

void judge_answer(struct judge *j, struct str frame, struct str raw, struct buf *out)
{
    struct mail_request r = {0};
    struct mail_answer a = {.edits = j->edits};
    struct mp_err err = {0};
    arena_reset(&j->arena);
    buf_reset(&j->report);
    int st = mail_request_read(&j->arena, frame, &r, &err);
    if (st == MP_OK && r.message_bytes != raw.n)
        st = mp_fail(&err, MP_E_SYNTAX, 0, "a message of another length than was told");
    hold_intel(j);
    if (st == MP_OK)
        st = judge(j, &r, raw, &a, &err);
    if (st != MP_OK)
        a = (struct mail_answer){.status = ANSWER_FAILED,
                                 .reason = str_from(err.text),
                                 .action = ACTION_TEMPFAIL,
                                 .summary = {.id = r.id}};
    a.number = r.number;
    mail_answer_write(out, &a);
    release_intel(j);
}
