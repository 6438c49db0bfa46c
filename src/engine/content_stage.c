/* The content of a message: its payloads, what stands in them, and what scanners say of both. */
#include "engine/content_stage.h"

#include "content/attach.h"
#include "content/found.h"
#include "content/inspect.h"
#include "content/place.h"
#include "document/document.h"
#include "engine/content_internal.h"
#include "mime/lint.h"

enum {
    PASSWORD_TEXTS_MAX = 16,             /* payloads that are searched for passwords */
    PASSWORD_TEXT_MAX_BYTES = 64 * 1024, /* of each of them */
    FIRST_ASKS = 16
};

int content_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

/* ---- reading ---- */

static void collect_passwords(struct job *job)
{
    struct content_stage *s = &job->content;
    struct str texts[PASSWORD_TEXTS_MAX];
    size_t n = 0;
    const struct header *subject = header_first(&job->message, STR("Subject"));
    if (subject != NULL)
        texts[n++] = subject->value;
    for (size_t i = 0; i < s->payloads.n && n < PASSWORD_TEXTS_MAX; i++)
        if (str_eq(s->payloads.payloads[i].type, STR("text")))
            texts[n++] = str_slice(s->payloads.payloads[i].bytes, 0, PASSWORD_TEXT_MAX_BYTES);
    s->n_passwords = password_candidates(texts, n, s->passwords, CONTENT_MAX_PASSWORDS);
    s->has_passwords = true;
}

struct content content_of_job(struct job *job)
{
    struct content_stage *s = &job->content;
    const struct content_settings *settings = job->config->content;
    return (struct content){.arena = &job->arena,
                            .lists = settings->lists,
                            .limits = &settings->limits,
                            .budget = &s->budget,
                            .report = &s->found};
}

int content_make_room(struct job *job, size_t more, struct mp_err *err)
{
    struct content_report *f = &job->content.found;
    if (more <= f->cap - f->n)
        return MP_OK;
    size_t cap = f->n + (more > f->n ? more : f->n);
    struct content_object *grown = arena_grow(&job->arena, f->objects, f->n, cap, sizeof *grown);
    if (grown == NULL)
        return content_no_memory(err);
    f->objects = grown;
    f->cap = cap;
    return MP_OK;
}

static int read_payloads(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    struct content c = content_of_job(job);
    if (content_make_room(job, s->payloads.n, err) != MP_OK)
        return MP_E_NOMEM;
    for (size_t i = 0; i < s->payloads.n; i++) {
        s->found.objects[s->found.n++] = content_object_of(&s->payloads.payloads[i]);
        attach_check(&c, &s->found.objects[i]);
    }
    return MP_OK;
}

static int read_message(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    const struct content_limits *l = &job->config->content->limits;
    struct mime_tree tree = job->mime;
    int st = MP_OK;
    finding_list_init(&s->found.findings, &job->arena);
    s->budget = content_budget_of(l);
    if (tree.n == 0)
        st = mime_parse(&job->arena, &job->message, &tree, err);
    if (st == MP_OK)
        st = mime_lint(&job->arena, &job->message, &tree, &s->found.findings, err);
    if (st == MP_OK)
        st = mime_union_read(&job->arena, &job->message, &s->found.findings, &s->payloads, err);
    if (st == MP_OK)
        st = read_payloads(job, err);
    if (st != MP_OK)
        return st;
    s->found.complete = s->payloads.complete;
    return MP_OK;
}

/* ---- asking ---- */

static int ask(struct job *job, const struct scan_ask *question, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    size_t n = s->n_asks;
    if (n == 0 || (n >= FIRST_ASKS && (n & (n - 1)) == 0)) {
        size_t cap = n == 0 ? FIRST_ASKS : 2 * n;
        struct scan_ask *grown = arena_grow(&job->arena, s->asks, n, cap, sizeof *s->asks);
        if (grown == NULL)
            return content_no_memory(err);
        s->asks = grown;
    }
    s->asks[s->n_asks++] = *question;
    return MP_OK;
}

static int ask_worker(struct job *job, size_t index, struct mp_err *err)
{
    struct content_object *alone = arena_new(&job->arena, struct content_object, 1);
    if (alone == NULL)
        return content_no_memory(err);
    if (!job->content.has_passwords)
        collect_passwords(job);
    *alone = job->content.found.objects[index];
    alone->before = document_before(&job->content.found, index);
    alone->parent = -1;
    return ask(job,
               &(struct scan_ask){
                   .by = SCAN_BY_WORKER, .objects = alone, .n_objects = 1, .index = (int32_t)index},
               err);
}

/* At each object that is new, also at those that this adds. */
static int look(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    const struct content_settings *settings = job->config->content;
    struct content c = content_of_job(job);
    int st = MP_OK;
    for (; st == MP_OK && s->n_looked < s->found.n; s->n_looked++) {
        const struct content_object *o = &s->found.objects[s->n_looked];
        if (o->bytes.n > 0 && !o->inspected && (settings->open_all || document_is_heavy(o)))
            st = ask_worker(job, s->n_looked, err);
        if (st == MP_OK)
            st = document_read(&c, s->n_looked, err);
        if (st == MP_OK && content_is_mail(&s->found.objects[s->n_looked]))
            st = content_open_mail(job, s->n_looked, err);
    }
    return st;
}

/* When all objects are known: one session for all of them. */
static int ask_clamd(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    s->clamd_asked = true;
    return ask(job,
               &(struct scan_ask){.by = SCAN_BY_CLAMD,
                                  .objects = s->found.objects,
                                  .n_objects = s->found.n,
                                  .index = -1},
               err);
}

static bool is_open(const struct content_stage *s)
{
    for (size_t i = 0; i < s->n_asks; i++)
        if (!s->asks[i].answered)
            return true;
    return false;
}

/* ---- answers ---- */

/* Members that a worker found join the payloads; objects[0] of its report is the payload itself. */
static int merge_objects(struct job *job, const struct content_report *r, int32_t payload,
                         struct mp_err *err)
{
    struct content_report *f = &job->content.found;
    size_t more = r->n > 0 ? r->n - 1 : 0;
    int32_t shift = (int32_t)f->n - 1;
    if (content_make_room(job, more, err) != MP_OK)
        return MP_E_NOMEM;
    for (size_t i = 1; i < r->n; i++) {
        f->objects[f->n] = r->objects[i];
        f->objects[f->n].inspected = true;
        f->objects[f->n].parent =
            r->objects[i].parent <= 0 ? payload : r->objects[i].parent + shift;
        f->n++;
    }
    return MP_OK;
}

static int merge_answers(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    struct content c = content_of_job(job);
    for (; s->n_merged < s->n_asks; s->n_merged++) {
        const struct scan_ask *a = &s->asks[s->n_merged];
        const struct content_report *r = &a->report;
        s->found.complete &= r->complete;
        finding_append(&s->found.findings, &r->findings);
        size_t base = s->found.n;
        if (a->by == SCAN_BY_WORKER &&
            (merge_objects(job, r, a->index, err) != MP_OK ||
             content_append_found(&c, r, (size_t)a->index, base, err) != MP_OK))
            return MP_E_NOMEM;
    }
    return MP_OK;
}

static void hand_over(struct job *job)
{
    const struct content_stage *s = &job->content;
    if (!job->config->only_facts)
        finding_append(&job->findings, &s->found.findings);
    job->cut |= !s->found.complete;
}

int content_stage_run(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    int st = MP_OK;
    if (job->config->content == NULL)
        return MP_OK;
    if (!s->read) {
        st = read_message(job, err);
        s->read = true;
    }
    if (st == MP_OK && is_open(s))
        return MP_WAIT;
    if (st == MP_OK)
        st = merge_answers(job, err);
    if (st == MP_OK)
        st = look(job, err);
    if (st == MP_OK && is_open(s))
        return MP_WAIT;
    if (st == MP_OK && job->config->content->clamd && !s->clamd_asked) {
        st = ask_clamd(job, err);
        if (st == MP_OK)
            return MP_WAIT;
    }
    hand_over(job);
    return st;
}
