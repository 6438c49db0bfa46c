/* The content of a message: its payloads, what stands in them, and what scanners say of both. */
#include "engine/content_stage.h"

#include "base/utf8.h"
#include "content/attach.h"
#include "content/found.h"
#include "content/inspect.h"
#include "content/place.h"
#include "document/document.h"
#include "engine/job.h"
#include "message/limits.h"
#include "mime/lint.h"

enum {
    PASSWORD_TEXTS_MAX = 16,             /* payloads that are searched for passwords */
    PASSWORD_TEXT_MAX_BYTES = 64 * 1024, /* of each of them */
    FIRST_ASKS = 16,
    MAIL_MEMORY_FACTOR = 8, /* what reading a mail within takes, of its length ... */
    MAIL_MEMORY_MIN_BYTES = 4 * 1024 * 1024 /* ... and at least */
};

static int no_memory(struct mp_err *err)
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
}

static struct content content_of(struct job *job)
{
    struct content_stage *s = &job->content;
    const struct content_settings *settings = job->config->content;
    return (struct content){.arena = &job->arena,
                            .lists = settings->lists,
                            .limits = &settings->limits,
                            .budget = &s->budget,
                            .report = &s->found};
}

static int make_room(struct job *job, size_t more, struct mp_err *err)
{
    struct content_report *f = &job->content.found;
    if (more <= f->cap - f->n)
        return MP_OK;
    size_t cap = f->n + (more > f->n ? more : f->n);
    struct content_object *grown = arena_grow(&job->arena, f->objects, f->n, cap, sizeof *grown);
    if (grown == NULL)
        return no_memory(err);
    f->objects = grown;
    f->cap = cap;
    return MP_OK;
}

static int read_payloads(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    struct content c = content_of(job);
    if (make_room(job, s->payloads.n, err) != MP_OK)
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
    s->budget = (struct content_budget){.objects_left = l->max_objects,
                                        .depth_left = l->max_depth,
                                        .pictures_left = l->max_pictures,
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

/* ---- mails that are attached as files, or packed in archives ---- */

static bool is_mail_within(const struct content_object *o)
{
    return o->kind == FILE_MAIL && o->has_bytes && !o->cut;
}

static void cut_mail(struct job *job, const struct content_object *o, const char *why)
{
    struct content_report *f = &job->content.found;
    finding_add(&f->findings, FINDING_LIMIT_CONTENT, content_place(o), "a mail within: %s", why);
    f->complete = false;
}

/* NULL: `o` may be opened. */
static const char *why_closed(const struct job *job, const struct content_object *o)
{
    const struct content_budget *b = &job->content.budget;
    size_t left = job->arena.budget_bytes - job->arena.used_bytes;
    if (o->depth >= b->depth_left)
        return "nested too deep";
    if (o->bytes.n > b->bytes_left || o->bytes.n > MESSAGE_MAX_BYTES)
        return "too many bytes";
    if (left < MAIL_MEMORY_MIN_BYTES || left / MAIL_MEMORY_FACTOR < o->bytes.n)
        return "too little memory";
    return NULL;
}

/* "a.zip/mail.eml/2.1", printable. p == NULL when memory is spent. */
static struct str path_within(struct job *job, const struct content_object *mail, struct str path)
{
    struct str outer = mail->member;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    if (outer.n == 0 && mail->n_names > 0)
        outer = str_slice(mail->names[0].text, 0, CONTENT_MAX_NAME_BYTES);
    if (outer.n == 0)
        outer = STR("mail.eml");
    utf8_add_printable(&b, outer, SIZE_MAX);
    buf_add(&b, STR("/"));
    utf8_add_printable(&b, path.n > 0 ? path : STR("1"), SIZE_MAX);
    struct str made = b.failed ? STR_NONE : arena_copy(&job->arena, buf_str(&b));
    buf_clear(&b);
    return made;
}

/* A payload of a mail within is checked as a payload: only its place is that of a member. */
static void check_within(struct job *job, const struct content_object *o)
{
    struct finding_list *findings = &job->content.found.findings;
    struct content c = content_of(job);
    struct content_object as_payload = *o;
    size_t before = findings->n;
    as_payload.member = STR("");
    attach_check(&c, &as_payload);
    for (size_t i = before; i < findings->n; i++)
        findings->items[i].where = content_place(o);
}

static int add_within(struct job *job, size_t index, const struct mime_payload *p,
                      struct mp_err *err)
{
    struct content_report *f = &job->content.found;
    if (make_room(job, 1, err) != MP_OK)
        return MP_E_NOMEM;
    const struct content_object *mail = &f->objects[index];
    struct content_object o = content_object_of(p);
    o.part = mail->part;
    o.member = path_within(job, mail, p->path);
    o.parent = (int32_t)index;
    o.depth = mail->depth + 1;
    o.message_depth = mail->message_depth + 1 + p->message_depth;
    o.offset = mail->offset;
    o.length = mail->length;
    for (size_t i = 0; i < p->n_names; i++)
        p->names[i].offset = mail->offset; /* it was a place in the mail within */
    if (o.member.p == NULL)
        return no_memory(err);
    f->objects[f->n++] = o;
    check_within(job, &f->objects[f->n - 1]);
    return MP_OK;
}

static int add_all_within(struct job *job, size_t index, const struct mime_union *inner,
                          struct mp_err *err)
{
    struct content_stage *s = &job->content;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < inner->n; i++) {
        const struct mime_payload *p = &inner->payloads[i];
        if (p->bytes.n == 0 && p->n_names == 0)
            continue;
        if (s->budget.objects_left == 0 || p->bytes.n > s->budget.bytes_left) {
            cut_mail(job, &s->found.objects[index], "too many parts or bytes");
            return MP_OK;
        }
        s->budget.objects_left--;
        s->budget.bytes_left -= p->bytes.n;
        st = add_within(job, index, p, err);
    }
    return st;
}

static int open_mail(struct job *job, size_t index, struct mp_err *err)
{
    struct content_report *f = &job->content.found;
    const struct content_object o = f->objects[index]; /* the list moves as it grows */
    const char *why = why_closed(job, &o);
    struct message *m = arena_new(&job->arena, struct message, 1); /* payloads may borrow from it */
    struct finding_list inner_findings = {0};
    struct mime_union inner = {0};
    if (why != NULL) {
        cut_mail(job, &o, why);
        return MP_OK;
    }
    if (m == NULL)
        return no_memory(err);
    finding_list_init(&inner_findings, &job->arena);
    int st = message_parse(&job->arena, o.bytes, m, err);
    if (st == MP_OK)
        st = mime_union_read(&job->arena, m, &inner_findings, &inner, err);
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < inner_findings.n; i++)
        inner_findings.items[i].where = content_place(&o);
    finding_append(&f->findings, &inner_findings);
    f->complete &= inner.complete;
    return add_all_within(job, index, &inner, err);
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

static int ask_worker(struct job *job, size_t index, struct mp_err *err)
{
    struct content_object *alone = arena_new(&job->arena, struct content_object, 1);
    if (alone == NULL)
        return no_memory(err);
    *alone = job->content.found.objects[index];
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
    struct content c = content_of(job);
    int st = MP_OK;
    for (; st == MP_OK && s->n_looked < s->found.n; s->n_looked++) {
        const struct content_object *o = &s->found.objects[s->n_looked];
        if (o->bytes.n > 0 && !o->inspected && (settings->open_all || document_is_heavy(o)))
            st = ask_worker(job, s->n_looked, err);
        if (st == MP_OK)
            st = document_read(&c, s->n_looked, err);
        if (st == MP_OK && is_mail_within(&s->found.objects[s->n_looked]))
            st = open_mail(job, s->n_looked, err);
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
    if (make_room(job, more, err) != MP_OK)
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

/* Links and texts of objects that merge_objects has put at `base` and behind. */
static int merge_found(struct job *job, const struct content_report *r, int32_t payload,
                       size_t base, struct mp_err *err)
{
    struct content c = content_of(job);
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < r->n_links; i++) {
        struct content_link l = r->links[i];
        l.object = (uint32_t)(l.object == 0 ? (size_t)payload : base + l.object - 1);
        st = content_add_link(&c, &l, err);
    }
    for (size_t i = 0; st == MP_OK && i < r->n_texts; i++) {
        struct content_text t = r->texts[i];
        t.object = (uint32_t)(t.object == 0 ? (size_t)payload : base + t.object - 1);
        st = content_add_text(&c, &t, err);
    }
    return st;
}

static int merge_answers(struct job *job, struct mp_err *err)
{
    struct content_stage *s = &job->content;
    for (; s->n_merged < s->n_asks; s->n_merged++) {
        const struct scan_ask *a = &s->asks[s->n_merged];
        const struct content_report *r = &a->report;
        s->found.complete &= r->complete;
        finding_append(&s->found.findings, &r->findings);
        size_t base = s->found.n;
        if (a->by == SCAN_BY_WORKER && (merge_objects(job, r, a->index, err) != MP_OK ||
                                        merge_found(job, r, a->index, base, err) != MP_OK))
            return MP_E_NOMEM;
    }
    return MP_OK;
}

static void hand_over(struct job *job)
{
    const struct content_stage *s = &job->content;
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
