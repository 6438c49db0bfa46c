/* A delivery proof from its first byte to its verdict. */
#include "arrival/proof_internal.h"
#include "base/clock.h"

enum { PROOF_ARENA_BYTES = 1 << 30, REMOVE_DEADLINE_US = 30 * 1000000 };

static const struct str group = STR_INIT("mailbox");

/* With the bytes as they are there is no tag to look for. */
static int check_identity(struct proof *p, const struct deliver_request *send, struct mp_err *err)
{
    struct deliver_result trial = {0};
    if (!send->keep_raw)
        return MP_OK;
    int st = deliver_compose(send, &p->arena, &trial, err);
    return st != MP_OK || trial.message_id.n > 0
               ? st
               : mp_fail(err, MP_E_USAGE, 0,
                         "the message has no Message-ID to look for, and no tag may be added");
}

static int send(struct proof *p, const struct deliver_request *send, bool may_refuse,
                struct mp_err *err)
{
    struct mailbox_match by_id = {.bounce = p->match.bounce};
    int st = check_identity(p, send, err);
    st = st == MP_OK ? deliver(send, &p->arena, &p->sent, err) : st;
    if (st != MP_OK)
        return st;
    if (send->keep_raw)
        by_id.message_id = p->sent.message_id;
    else
        by_id.tag = p->sent.tag;
    p->match = by_id;
    deliver_judge(&p->checks, &p->sent, may_refuse);
    return MP_OK;
}

/* Nobody has it: it cannot come. What was refused may come all the same, where it must not. */
static bool is_worth_waiting(const struct proof *p)
{
    const struct deliver_result *d = &p->sent;
    if (p->request->send == NULL || d->n_delivered > 0)
        return true;
    if (p->request->expect.must_not_arrive)
        return d->outcome == DELIVER_REFUSED || d->outcome == DELIVER_DEFERRED ||
               d->outcome == DELIVER_UNDECIDED;
    return d->outcome == DELIVER_UNDECIDED && d->client.fault != SMTP_FAULT_REFUSED && d->talked;
}

static void remove_all(struct proof *p, struct mailbox_reader *m)
{
    struct mp_err err = {0};
    const struct arrival *x = &p->arrival;
    int st = MP_OK;
    check_begin(&p->checks, group, "delete");
    for (size_t i = 0; st == MP_OK && i < x->n_copies; i++)
        st = mailbox_delete(m, &x->copies[i], clock_mono_us() + REMOVE_DEADLINE_US, &err);
    if (st != MP_OK)
        check_undecided(&p->checks);
    check_end(&p->checks, -1, "%s", st == MP_OK ? "done" : err.text);
}

static int wait_and_judge(struct proof *p, struct mailbox_reader *m, struct mp_err *err)
{
    const struct proof_request *r = p->request;
    struct arrival_request wait = r->wait;
    wait.match = p->match;
    if (r->send != NULL) {
        wait.sent = p->sent.bytes;
        wait.sent_ms = p->sent.sent_ms;
        wait.since_ms = r->send->keep_raw && !r->expect.must_not_arrive ? p->sent.sent_ms : 0;
    }
    p->waited = true;
    int st = arrival_wait(m, &wait, &p->arena, &p->arrival, err);
    if (st != MP_OK)
        return st;
    arrival_judge(&p->checks, group, &p->arrival, &r->expect);
    if (r->remove && p->arrival.n_copies > 0)
        remove_all(p, m);
    return MP_OK;
}

static void tell_not_waited(struct proof *p)
{
    if (!p->request->expect.must_not_arrive) {
        check_skip(&p->checks, group, "arrival", "nothing was sent");
        return;
    }
    check_begin(&p->checks, group, "arrival");
    check_undecided(&p->checks);
    check_end(&p->checks, -1, "nothing was sent, so that nothing came proves nothing");
}

static int run(struct proof *p, struct mp_err *err)
{
    const struct proof_request *r = p->request;
    struct mailbox_reader *m = NULL;
    int st = mailbox_open(&r->mailbox, 0, &m, err);
    if (st == MP_OK && r->send != NULL)
        st = send(p, r->send, r->expect.must_not_arrive, err);
    if (st == MP_OK && is_worth_waiting(p))
        st = wait_and_judge(p, m, err);
    else if (st == MP_OK)
        tell_not_waited(p);
    mailbox_close(m);
    return st;
}

int proof_run(struct proof *p, const struct proof_request *r, struct mp_err *err)
{
    int64_t started_us = clock_mono_us();
    *p = (struct proof){.request = r,
                        .match = r->wait.match,
                        .name = r->mailbox.url.n > 0 ? r->mailbox.url : STR("sink"),
                        .started_s = clock_wall_s()};
    p->match.bounce = r->expect.bounce;
    arena_init(&p->arena, PROOF_ARENA_BYTES);
    finding_list_init(&p->findings, &p->arena);
    check_list_init(&p->checks, &p->arena, &p->findings);
    int st = run(p, err);
    p->elapsed_us = clock_mono_us() - started_us;
    return st == MP_OK ? proof_describe(p, err) : st;
}

void proof_clear(struct proof *p)
{
    arrival_clear(&p->arrival);
    arena_clear(&p->arena);
}
