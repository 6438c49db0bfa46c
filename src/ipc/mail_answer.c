/* An answer as bytes. */
#include "ipc/mail_answer.h"

void mail_answer_write(struct buf *out, const struct mail_answer *a)
{
    wire_put_u64(out, a->number);
    wire_put_u32(out, a->status);
    wire_put_str(out, a->reason);
    wire_put_u32(out, a->action);
    wire_put_u32(out, a->code);
    wire_put_str(out, a->enhanced);
    wire_put_str(out, a->text);
    wire_put_str(out, a->quarantine);
    wire_put_u32(out, (uint32_t)a->n_edits);
    for (size_t i = 0; i < a->n_edits; i++) {
        wire_put_u32(out, a->edits[i].kind);
        wire_put_str(out, a->edits[i].name);
        wire_put_str(out, a->edits[i].value);
        wire_put_u32(out, a->edits[i].occurrence);
    }
    mail_summary_write(out, &a->summary);
    wire_put_str(out, a->report);
}

static void read_edits(struct arena *arena, struct wire_in *in, struct mail_answer *a)
{
    enum { LEAST_BYTES = 4 * sizeof(uint32_t) };
    uint32_t n = wire_get_count(in, ANSWER_MAX_EDITS, LEAST_BYTES, "edits");
    a->edits = n == 0 ? NULL : arena_new(arena, struct mail_edit, n);
    wire_expect_memory(in, n == 0 || a->edits != NULL);
    for (uint32_t i = 0; in->bad == NULL && i < n; i++) {
        struct mail_edit *e = &a->edits[a->n_edits++];
        e->kind = (enum edit_kind)wire_get_u32(in, EDIT_PREPEND, "kind of edit");
        e->name = wire_get_str(in, SUMMARY_MAX_TEXT_BYTES, "name of a field");
        e->value = wire_get_str(in, ANSWER_MAX_EDIT_BYTES, "value of a field");
        e->occurrence = wire_get_u32(in, UINT32_MAX, "occurrence");
    }
}

int mail_answer_read(struct arena *arena, struct str frame, struct mail_answer *out,
                     struct mp_err *err)
{
    struct wire_in in = {.left = frame};
    struct mail_answer a = {.number = wire_get_u64(&in, UINT64_MAX, "number")};
    a.status = (enum answer_status)wire_get_u32(&in, ANSWER_FAILED, "status");
    a.reason = wire_get_str(&in, SUMMARY_MAX_TEXT_BYTES, "reason");
    a.action = (enum verdict_action)wire_get_u32(&in, ACTION_TEMPFAIL, "action");
    a.code = wire_get_u32(&in, 599, "code");
    a.enhanced = wire_get_str(&in, SUMMARY_MAX_TEXT_BYTES, "enhanced code");
    a.text = wire_get_str(&in, SUMMARY_MAX_TEXT_BYTES, "text");
    a.quarantine = wire_get_str(&in, SUMMARY_MAX_TEXT_BYTES, "reason to quarantine");
    read_edits(arena, &in, &a);
    mail_summary_read(&in, &a.summary);
    a.report = wire_get_str(&in, ANSWER_MAX_REPORT_BYTES, "report");
    wire_expect(&in, in.left.n == 0, "bytes behind the end");
    if (in.bad == NULL) {
        *out = a;
        return MP_OK;
    }
    return mp_fail(err, in.starved ? MP_E_NOMEM : MP_E_SYNTAX, 0, "answer of a worker: %s", in.bad);
}
