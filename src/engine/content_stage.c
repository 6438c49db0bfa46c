/* The content of a message: its payloads, what stands in them, and what scanners say of both. */
#include "engine/content_stage.h"

#include "content/attach.h"
#include "content/inspect.h"
#include "engine/job.h"
#include "mime/lint.h"

enum {
    PASSWORD_TEXTS_MAX = 16,             /* payloads that are searched for passwords */
    PASSWORD_TEXT_MAX_BYTES = 64 * 1024, /* of each of them */
    FIRST_ASKS = 16
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

/* ---- reading ---- */

static struct content_object object_of(const struct mime_payload *p)
{
    struct content_object o = {.part = p->path,
                               .parent = -1,
                               .bytes = p->bytes,
                               .has_bytes = true,
                               .size_bytes = p->bytes.n,
                               .type = p->type,
                               .subtype = p->subtype,
                               .disposition = p->disposition,
                               .names = p->names,
                               .n_names = p->n_names,
                               .kind = file_type_of(p->bytes),
                               .offset = p->offset,
                               .length = p->length};
    memcpy(o.sha256, p->sha256, sizeof o.sha256);
    return o;
}

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
    s->n_passwords =
        password_candidates(&job->arena, texts, n, s->passwords, CONTENT_MAX_PASSWORDS);
}

static int read_payloads(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    const struct content_settings *settings = job->config->content;
    struct content c = {.arena = &job->arena,
                        .lists = settings->lists,
                        .limits = &settings->limits,
                        .budget = &s->budget,
                        .report = &s->found};
    s->found.objects = arena_new(&job->arena, struct content_object, s->payloads.n);
    if (s->found.objects == NULL)
        return no_memory(err);
    s->found.cap = s->payloads.n;
    for (size_t i = 0; i < s->payloads.n; i++) {
        s->found.objects[s->found.n++] = object_of(&s->payloads.payloads[i]);
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
    s->budget = (struct content_budget){.objects_left = l->max_objects,
                                        .depth_left = l->max_depth,
                                        .bytes_left = l->max_decoded_bytes};
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
    collect_passwords(job);
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
            return no_memory(err);
        s->asks = grown;
    }
    s->asks[s->n_asks++] = *question;
    return MP_OK;
}

static int ask_workers(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    const struct content_settings *settings = job->config->content;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < s->found.n; i++) {
        const struct content_object *o = &s->found.objects[i];
        if (o->bytes.n == 0 || !(settings->open_all || content_is_heavy(o)))
            continue;
        st = ask(job,
                 &(struct scan_ask){
                     .by = SCAN_BY_WORKER, .objects = o, .n_objects = 1, .index = (int32_t)i},
                 err);
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
    if (f->n + more > f->cap) {
        struct content_object *grown =
            arena_grow(&job->arena, f->objects, f->n, f->n + more, sizeof *f->objects);
        if (grown == NULL)
            return no_memory(err);
        f->objects = grown;
        f->cap = f->n + more;
    }
    for (size_t i = 1; i < r->n; i++) {
        f->objects[f->n] = r->objects[i];
        f->objects[f->n].parent =
            r->objects[i].parent <= 0 ? payload : r->objects[i].parent + shift;
        f->n++;
    }
    return MP_OK;
}

static int merge_answers(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    for (; s->n_merged < s->n_asks; s->n_merged++) {
        const struct scan_ask *a = &s->asks[s->n_merged];
        const struct content_report *r = &a->report;
        s->found.complete &= r->complete;
        for (size_t i = 0; i < r->findings.n; i++)
            finding_copy(&s->found.findings, &r->findings.items[i]);
        if (a->by == SCAN_BY_WORKER && merge_objects(job, r, a->index, err) != MP_OK)
            return MP_E_NOMEM;
    }
    return MP_OK;
}

static void hand_over(struct job *job)
{
    const struct content_stage *s = &job->content;
    for (size_t i = 0; i < s->found.findings.n; i++)
        finding_copy(&job->findings, &s->found.findings.items[i]);
    job->findings.dropped += s->found.findings.dropped;
    job->findings.starved |= s->found.findings.starved;
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
        if (st == MP_OK)
            st = ask_workers(job, err);
        s->read = true;
    }
    if (st == MP_OK && is_open(s))
        return MP_WAIT;
    if (st == MP_OK)
        st = merge_answers(job, err);
    if (st == MP_OK && job->config->content->clamd && !s->clamd_asked) {
        st = ask_clamd(job, err);
        if (st == MP_OK)
            return MP_WAIT;
    }
    hand_over(job);
    return st;
}
