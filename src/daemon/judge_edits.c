/* How inbound mail is marked: what was forged goes, our results come on top. */
#include "base/utf8.h"
#include "daemon/judge.h"
#include "message/encoded_word.h"
#include "report/summary.h"

enum { FOLD_AT = 72, MARK_MAX_BYTES = 8 * 1024 };

static const struct str mark_prefix = STR_INIT("X-Mailproof-");

int judge_add_edit(struct mail_answer *answer, enum edit_kind kind, struct str name,
                   struct str value, uint32_t occurrence, struct mp_err *err)
{
    if (answer->n_edits == ANSWER_MAX_EDITS)
        return mp_fail(err, MP_E_LIMIT, ANSWER_MAX_EDITS,
                       "more than %d changes of the header would be needed", ANSWER_MAX_EDITS);
    answer->edits[answer->n_edits++] = (struct mail_edit){kind, name, value, occurrence};
    return MP_OK;
}

/* From 1, as MTAs count the fields of one name. */
static uint32_t occurrence_of(const struct message *m, const struct header *h)
{
    uint32_t n = 1;
    while ((h = header_above(m, h)) != NULL)
        n++;
    return n;
}

static int remove_field(const struct message *m, const struct header *h, struct mail_answer *answer,
                        struct mp_err *err)
{
    return judge_add_edit(answer, EDIT_REMOVE, h->name, STR_NONE, occurrence_of(m, h), err);
}

/* RFC 8601 5: what claims to be ours and is not. */
static int remove_results(struct arena *arena, struct job *job, struct mail_answer *answer,
                          struct mp_err *err)
{
    const struct header **forged = NULL;
    size_t n = 0;
    int st = authres_forged(arena, &job->message, job->config->auth.authserv_id, &forged, &n, err);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = remove_field(&job->message, forged[i], answer, err);
    return st;
}

static int remove_marks(struct job *job, struct mail_answer *answer, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = job->message.n_headers; st == MP_OK && i > 0; i--) {
        const struct header *h = &job->message.headers[i - 1];
        if (str_istarts(h->name, mark_prefix))
            st = remove_field(&job->message, h, answer, err);
    }
    return st;
}

/* ---- our marks ---- */

static void add_word(struct buf *b, size_t *line, struct str word, const char *behind)
{
    if (*line + word.n > FOLD_AT) {
        buf_addz(b, "\r\n\t");
        *line = 8;
    } else if (b->n > 0) {
        buf_addc(b, ' ');
    }
    buf_add(b, word);
    buf_addz(b, behind);
    *line += word.n + 2;
}

static int add_mark(struct arena *arena, const char *name, struct buf *b,
                    struct mail_answer *answer, struct mp_err *err)
{
    struct str value = b->failed ? STR_NONE : arena_copy(arena, buf_str(b));
    if (value.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for %s", name);
    return judge_add_edit(answer, EDIT_PREPEND, str_from(name), value, 0, err);
}

static int mark_findings(struct arena *arena, struct mail_answer *answer, struct mp_err *err)
{
    const struct mail_summary *s = &answer->summary;
    struct buf b;
    size_t line = sizeof "X-Mailproof-Findings:", n = 0;
    int st = MP_OK;
    buf_init(&b, MARK_MAX_BYTES);
    while (n < s->n_findings && s->findings[n].severity >= SEV_LOW)
        n++;
    for (size_t i = 0; i < n; i++) {
        struct str word = arena_fmt(arena, STR_FMT " (%s)", STR_ARG(s->findings[i].id),
                                    severity_name(s->findings[i].severity));
        add_word(&b, &line, word, i + 1 < n ? "," : "");
    }
    if (n > 0)
        st = add_mark(arena, "X-Mailproof-Findings", &b, answer, err);
    buf_clear(&b);
    return st;
}

static int mark_verdict(struct arena *arena, struct mail_answer *answer, struct mp_err *err)
{
    const struct mail_summary *s = &answer->summary;
    struct buf b;
    buf_init(&b, MARK_MAX_BYTES);
    buf_addf(&b, "%s; complete=%s; id=" STR_FMT, action_name(answer->action),
             s->complete ? "yes" : "no", STR_ARG(s->id));
    int st = add_mark(arena, "X-Mailproof-Verdict", &b, answer, err);
    buf_clear(&b);
    return st;
}

/* Before the subject as people see it; once. A subject of several, or of none, is left to the
 * findings that tell of it: the first is what most readers show. */
static int tag_subject(struct arena *arena, struct job *job, struct str tag,
                       struct mail_answer *answer, struct mp_err *err)
{
    const struct header *h = header_first(&job->message, STR("Subject"));
    struct str old = h == NULL ? STR_NONE : str_trim(h->value);
    struct str shown = h == NULL ? STR_NONE : encoded_word_decode(arena, old, NULL);
    if (str_starts(shown, str_trim(tag)))
        return MP_OK;
    struct str value = arena_join(arena, (struct str[]){str_trim(tag), STR(" "), old}, 3);
    if (value.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to tag the subject");
    return h == NULL ? judge_add_edit(answer, EDIT_PREPEND, STR("Subject"), value, 0, err)
                     : judge_add_edit(answer, EDIT_REPLACE, h->name, value, 1, err);
}

static int add_results(struct job *job, struct mail_answer *answer, struct mp_err *err)
{
    if (job->authentication_results.n == 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for Authentication-Results");
    return judge_add_edit(answer, EDIT_PREPEND, STR("Authentication-Results"),
                          job->authentication_results, 0, err);
}

static bool is_tagged(const struct serve_milter *l, const struct mail_answer *answer)
{
    return l->subject_tag.n > 0 &&
           (answer->action == ACTION_TAG || answer->action == ACTION_QUARANTINE);
}

int judge_edits(struct arena *arena, struct job *job, const struct serve_milter *l,
                struct mail_answer *answer, struct mp_err *err)
{
    int st = MP_OK;
    if (l->strip_results)
        st = remove_results(arena, job, answer, err);
    if (st == MP_OK && l->add_headers)
        st = remove_marks(job, answer, err);
    if (st == MP_OK && is_tagged(l, answer))
        st = tag_subject(arena, job, l->subject_tag, answer, err);
    if (st == MP_OK && l->add_headers)
        st = mark_findings(arena, answer, err);
    if (st == MP_OK && l->add_headers)
        st = mark_verdict(arena, answer, err);
    return st == MP_OK && !job->auth_skipped ? add_results(job, answer, err) : st;
}

void judge_edits_json(struct json *j, const struct mail_answer *answer)
{
    static const char *const kinds[] = {
        [EDIT_REMOVE] = "remove", [EDIT_REPLACE] = "replace", [EDIT_PREPEND] = "prepend"};
    json_key(j, "edits");
    json_array_begin(j);
    for (size_t i = 0; i < answer->n_edits; i++) {
        const struct mail_edit *e = &answer->edits[i];
        json_object_begin(j);
        json_kword(j, "kind", kinds[e->kind]);
        json_kstr(j, "name", e->name);
        json_kopt(j, "value", e->value);
        if (e->kind == EDIT_PREPEND)
            json_kword(j, "occurrence", NULL);
        else
            json_kint(j, "occurrence", e->occurrence);
        json_object_end(j);
    }
    json_array_end(j);
}
