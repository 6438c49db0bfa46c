/* Mails that are attached as files or packed in archives: their payloads join the message's. */
#include "base/utf8.h"
#include "content/attach.h"
#include "content/place.h"
#include "engine/content_internal.h"
#include "message/limits.h"

enum {
    MAIL_MEMORY_FACTOR = 8, /* what reading a mail within takes, of its length ... */
    MAIL_MEMORY_MIN_BYTES = 4 * 1024 * 1024 /* ... and at least */
};

bool content_is_mail(const struct content_object *o)
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
    struct content c = content_of_job(job);
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
    if (content_make_room(job, 1, err) != MP_OK)
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
        return content_no_memory(err);
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

int content_open_mail(struct job *job, size_t index, struct mp_err *err)
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
        return content_no_memory(err);
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
