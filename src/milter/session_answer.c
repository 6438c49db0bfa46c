/* What the driver answers, as packets for the MTA, and where that leaves the session. */
#include "milter/session.h"

#include "milter/session_internal.h"

/* Nothing of an answer that failed is sent. */
static int undo(struct milter_session *s, size_t start, int st)
{
    s->out.n = start;
    s->out.failed = false;
    return st;
}

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "milter: no memory for an answer");
}

static int nothing_waits(struct mp_err *err)
{
    return mp_fail(err, MP_E_USAGE, 0, "milter: nothing waits for this answer");
}

/* An answer was written that ends what the event was about: the message, or one recipient. */
static void ended(struct milter_session *s)
{
    if (s->waiting == MILTER_EVENT_RCPT)
        s->n_rcpts--;
    else if (s->waiting != MILTER_EVENT_CONNECT && s->waiting != MILTER_EVENT_HELO)
        milter_end_message(s);
    s->waiting = MILTER_EVENT_NONE;
}

static bool waits_for_word(const struct milter_session *s)
{
    return s->waiting != MILTER_EVENT_NONE && s->waiting != MILTER_EVENT_MESSAGE;
}

int milter_answer_continue(struct milter_session *s, struct mp_err *err)
{
    size_t start = s->out.n;
    if (!waits_for_word(s))
        return nothing_waits(err);
    if (!milter_say(s, MILTER_CONTINUE))
        return undo(s, start, no_memory(err));
    s->waiting = MILTER_EVENT_NONE;
    return MP_OK;
}

int milter_answer_accept(struct milter_session *s, struct mp_err *err)
{
    size_t start = s->out.n;
    if (!waits_for_word(s))
        return nothing_waits(err);
    if (!milter_say(s, MILTER_ACCEPT))
        return undo(s, start, no_memory(err));
    if (s->waiting == MILTER_EVENT_RCPT)
        milter_end_message(s);
    else
        ended(s);
    s->waiting = MILTER_EVENT_NONE;
    return MP_OK;
}

int milter_answer_refuse(struct milter_session *s, const struct milter_refusal *refusal,
                         struct mp_err *err)
{
    size_t start = s->out.n;
    if (!waits_for_word(s))
        return nothing_waits(err);
    int st = milter_refusal_write(&s->out, refusal, err);
    if (st != MP_OK)
        return undo(s, start, st);
    ended(s);
    return MP_OK;
}

/* Did the MTA agree to all that the verdict asks for? */
static int check_actions(const struct milter_session *s, const struct milter_verdict *v,
                         struct mp_err *err)
{
    uint32_t needed = v->quarantine.p != NULL ? MILTER_CAN_QUARANTINE : 0;
    for (size_t i = 0; i < v->n_edits; i++) {
        enum milter_edit_kind kind = v->edits[i].kind;
        bool adds = kind == MILTER_EDIT_INSERT || kind == MILTER_EDIT_APPEND;
        needed |= adds ? MILTER_CAN_ADD_HEADERS : MILTER_CAN_CHANGE_HEADERS;
    }
    if ((needed & ~s->agreed.actions) != 0)
        return mp_fail(err, MP_E_USAGE, needed & ~s->agreed.actions,
                       "milter: the MTA was not asked for action 0x%x",
                       needed & ~s->agreed.actions);
    return MP_OK;
}

static int write_accepted(struct milter_session *s, const struct milter_verdict *v,
                          struct mp_err *err)
{
    int st = check_actions(s, v, err);
    if (st == MP_OK)
        st = milter_edits_write(&s->out, v->edits, v->n_edits,
                                (s->agreed.steps & MILTER_LEADING_SPACE) != 0, err);
    if (st != MP_OK)
        return st;
    if (v->quarantine.p != NULL)
        milter_quarantine_write(&s->out, v->quarantine);
    return milter_say(s, MILTER_CONTINUE) ? MP_OK : no_memory(err);
}

int milter_answer_message(struct milter_session *s, const struct milter_verdict *verdict,
                          struct mp_err *err)
{
    size_t start = s->out.n;
    if (s->waiting != MILTER_EVENT_MESSAGE)
        return nothing_waits(err);
    int st = verdict->refusal != NULL ? milter_refusal_write(&s->out, verdict->refusal, err)
                                      : write_accepted(s, verdict, err);
    if (st != MP_OK)
        return undo(s, start, st);
    ended(s);
    return MP_OK;
}

int milter_answer_fault(struct milter_session *s)
{
    size_t start = s->out.n;
    if (s->waiting == MILTER_EVENT_NONE)
        return MP_E_USAGE;
    if (!milter_say(s, MILTER_TEMPFAIL))
        return undo(s, start, MP_E_NOMEM);
    ended(s);
    return MP_OK;
}

int milter_session_progress(struct milter_session *s, struct mp_err *err)
{
    size_t start = s->out.n;
    if (s->waiting != MILTER_EVENT_MESSAGE)
        return nothing_waits(err);
    return milter_say(s, MILTER_PROGRESS) ? MP_OK : undo(s, start, no_memory(err));
}
