/* SMTP smuggling: what a server does with each malformed end of DATA.
 * A, stepwise: the sequence, then silence: a reply says that it ended the message. B, in one write:
 * the sequence with a second transaction behind it; a 354 in the answers and a 2xx behind that say
 * that the second one was taken. Only what we see on our own side decides. */
#include "flow/probe_internal.h"

enum { ANSWERS_MAX = 12 /* to B: end, MAIL, RCPT, DATA, end, QUIT, and errors between */ };

enum step { STEP_CONTENT, STEP_REFUSED, STEP_ENDS, STEP_UNDECIDED };

/* One sequence on its way through A and B. */
struct attempt {
    struct prober *prober;
    struct probe_server *server;
    const struct smuggle_sequence *sequence;
    struct smtp_client client;
    struct str why; /* in the scratch arena */
};

/* ---- a transaction that waits for its text ---- */

static bool refuse(struct attempt *t, const char *what)
{
    t->why = arena_fmt(&t->prober->scratch, "%s: %.*s", what,
                       STR_ARG(probe_reply_text(&t->prober->scratch, &t->client.last)));
    return false;
}

static bool begin(struct attempt *t)
{
    struct prober *p = t->prober;
    struct smtp_client *c = &t->client;
    struct mp_err err = {0};
    int st;
    *c = (struct smtp_client){0};
    if (!probe_talk_again(p, t->server, true, &p->scratch, c, &t->why))
        return false;
    st = smtp_mail(c, probe_from(p), &(struct smtp_mail_params){0}, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last))
        return refuse(t, "MAIL");
    if (st == MP_OK)
        st = smtp_rcpt(c, p->options->rcpts[0], &(struct smtp_rcpt_params){0}, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last))
        return refuse(t, "RCPT");
    if (st == MP_OK)
        st = smtp_data(c, &err);
    if (st != MP_OK) {
        t->why = probe_sentence(&p->scratch, &err);
        return false;
    }
    return c->last.code == 354 || refuse(t, "DATA");
}

static void add_text(struct buf *out, const struct attempt *t, const char *step)
{
    const struct prober *p = t->prober;
    buf_addf(out,
             "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: mailproof: smuggling test %s, %s\r\n"
             "Message-ID: <%.*s.%s.%s@%.*s>\r\n\r\n"
             "A test of SMTP smuggling; a mail that says \"smuggled\" in its subject was.",
             STR_ARG(probe_from(p)), STR_ARG(p->options->rcpts[0]), t->sequence->name, step,
             STR_ARG(p->random), t->sequence->name, step, STR_ARG(p->options->helo));
    buf_add(out, t->sequence->bytes);
}

static bool send_bytes(struct attempt *t, struct buf *bytes)
{
    struct mp_err err = {0};
    bool ok =
        !bytes->failed && smtp_send_raw(&t->client, buf_str(bytes), SMTP_STAGE_BODY, &err) == MP_OK;
    if (!ok)
        t->why = probe_sentence(&t->prober->scratch, &err);
    buf_clear(bytes);
    return ok;
}

/* MP_OK with a reply, MP_E_TIMEOUT for silence (the conversation lives), else it is over. */
static int await(struct attempt *t, unsigned wait_ms)
{
    struct mp_err err = {0};
    int st = smtp_read_reply(&t->client, SMTP_STAGE_END, wait_ms, &err);
    if (st != MP_OK)
        t->why = probe_sentence(&t->prober->scratch, &err);
    return st == MP_E_TIMEOUT && t->client.fault != SMTP_FAULT_NONE ? MP_E_IO : st;
}

/* ---- A ---- */

/* A server that hangs up, or answers with an error, has refused. */
static enum step step_of_end(const struct attempt *t, int st)
{
    if (st == MP_OK)
        return smtp_reply_ok(&t->client.last) ? STEP_ENDS : STEP_REFUSED;
    return t->client.fault == SMTP_FAULT_CLOSED ? STEP_REFUSED : STEP_UNDECIDED;
}

/* One reply came behind the true end. Was it to that, or to the sequence and late? Then "more text"
 * was a command, and its error stands before the reply to QUIT. */
static enum step content_or_late(struct attempt *t)
{
    struct mp_err err = {0};
    if (smtp_send_raw(&t->client, STR("QUIT\r\n"), SMTP_STAGE_QUIT, &err) != MP_OK ||
        await(t, PROBE_SMUGGLE_ANSWER_MS) != MP_OK)
        return STEP_CONTENT;
    return t->client.last.code == 221 ? STEP_CONTENT : STEP_ENDS;
}

static enum step run_stepwise(struct attempt *t)
{
    struct buf bytes;
    if (!begin(t))
        return STEP_UNDECIDED;
    buf_init(&bytes, SMTP_COMMAND_MAX_BYTES);
    add_text(&bytes, t, "alone");
    if (!send_bytes(t, &bytes))
        return t->client.fault == SMTP_FAULT_CLOSED ? STEP_REFUSED : STEP_UNDECIDED;
    t->prober->deadline_us += (int64_t)PROBE_SMUGGLE_WAIT_MS * 1000;
    int st = await(t, PROBE_SMUGGLE_WAIT_MS);
    if (st != MP_E_TIMEOUT)
        return step_of_end(t, st);
    buf_init(&bytes, SMTP_COMMAND_MAX_BYTES);
    buf_addz(&bytes, "more text\r\n.\r\n"); /* no CR or LF first: it would lengthen the sequence */
    if (!send_bytes(t, &bytes))
        return t->client.fault == SMTP_FAULT_CLOSED ? STEP_REFUSED : STEP_UNDECIDED;
    enum step end = step_of_end(t, await(t, PROBE_SMUGGLE_ANSWER_MS));
    return end == STEP_ENDS ? content_or_late(t) : end;
}

/* ---- B ---- */

static void add_second(struct buf *out, const struct attempt *t)
{
    const struct prober *p = t->prober;
    struct str from = probe_from(p), to = p->options->rcpts[0];
    buf_addf(out,
             "MAIL FROM:<%.*s>\r\nRCPT TO:<%.*s>\r\nDATA\r\n"
             "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: mailproof: smuggled by %s\r\n"
             "Message-ID: <%.*s.%s.smuggled@%.*s>\r\n\r\nThis message was smuggled.\r\n.\r\n",
             STR_ARG(from), STR_ARG(to), STR_ARG(from), STR_ARG(to), t->sequence->name,
             STR_ARG(p->random), t->sequence->name, STR_ARG(p->options->helo));
}

/* Read all answers. QUIT is said only behind the first, so that nothing but the second transaction
 * itself is in the server's way; its 221 ends the list. */
static size_t read_codes(struct attempt *t, unsigned codes[ANSWERS_MAX])
{
    struct mp_err err = {0};
    size_t n = 0;
    while (n < ANSWERS_MAX && await(t, PROBE_SMUGGLE_ANSWER_MS) == MP_OK) {
        codes[n] = t->client.last.code;
        if (codes[n++] == 221)
            break;
        if (n == 1 && smtp_send_raw(&t->client, STR("QUIT\r\n"), SMTP_STAGE_QUIT, &err) != MP_OK)
            continue; /* it hung up: what it said before can still be read */
    }
    return n;
}

/* Messages that were taken: a first 2xx is one; 354 and then 2xx is another. */
static unsigned count_messages(const unsigned *codes, size_t n)
{
    unsigned taken = n > 0 && codes[0] / 100 == 2 && codes[0] != 221;
    for (size_t i = 1; i < n; i++)
        taken += codes[i - 1] == 354 && codes[i] / 100 == 2;
    return taken;
}

static bool run_at_once(struct attempt *t, struct probe_smuggle *out)
{
    unsigned codes[ANSWERS_MAX];
    struct arena *a = &t->prober->probe->arena;
    struct buf bytes;
    if (!begin(t))
        return false;
    buf_init(&bytes, SMTP_COMMAND_MAX_BYTES);
    add_text(&bytes, t, "at once");
    add_second(&bytes, t);
    if (!send_bytes(t, &bytes))
        return t->client.fault == SMTP_FAULT_CLOSED;
    size_t n = read_codes(t, codes);
    out->accepted = count_messages(codes, n);
    out->evidence = STR("answers to one write:");
    for (size_t i = 0; i < n; i++)
        out->evidence = arena_fmt(a, "%.*s %u", STR_ARG(out->evidence), codes[i]);
    return n > 0 || t->client.fault == SMTP_FAULT_CLOSED;
}

/* ---- both ---- */

static enum smuggle_verdict verdict_of(enum step step)
{
    static const enum smuggle_verdict verdicts[] = {
        [STEP_CONTENT] = SMUGGLE_CONTENT,
        [STEP_REFUSED] = SMUGGLE_REFUSED,
        [STEP_ENDS] = SMUGGLE_ENDS,
        [STEP_UNDECIDED] = SMUGGLE_UNDECIDED,
    };
    return verdicts[step];
}

static void end_attempt(struct attempt *t, struct probe_smuggle *out, bool decided)
{
    if (!decided && out->evidence.n == 0)
        out->evidence = arena_copy(&t->prober->probe->arena, t->why);
    smtp_close(&t->client);
    arena_reset(&t->prober->scratch);
    t->why = STR("");
}

static void try_sequence(struct prober *p, struct probe_server *s, struct probe_smuggle *out)
{
    struct attempt t = {.prober = p, .server = s, .sequence = out->sequence};
    probe_progress(p, "%.*s: smuggling %s", STR_ARG(s->group), out->sequence->name);
    out->stepwise = verdict_of(run_stepwise(&t));
    end_attempt(&t, out, out->stepwise != SMUGGLE_UNDECIDED);
    bool decided = run_at_once(&t, out);
    end_attempt(&t, out, decided);
    out->verdict = out->accepted > 1 ? SMUGGLE_SMUGGLED
                   : !decided        ? SMUGGLE_UNDECIDED
                                     : out->stepwise;
}

static bool is_possible(const struct prober *p, const struct probe_server *s)
{
    return p->options->smuggle && p->options->n_rcpts > 0 && p->options->stop == PROBE_STOP_END &&
           s->n_rcpts > 0 && s->notes->rcpts_asked;
}

int probe_smuggle(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    size_t n = o->n_sequences > 0 ? o->n_sequences : SMUGGLE_SEQUENCES;
    if (!is_possible(p, s))
        return MP_OK;
    const struct probe_rcpt *first = &s->rcpts[0];
    if (!smtp_reply_ok(first->second.code != 0 ? &first->second : &first->reply)) {
        s->notes->smuggle_text = STR("the first recipient was not accepted");
        return MP_OK;
    }
    s->smuggle = arena_new(&p->probe->arena, struct probe_smuggle, n);
    if (s->smuggle == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the smuggling test");
    s->n_smuggle = n;
    for (size_t i = 0; i < n; i++) {
        s->smuggle[i] = (struct probe_smuggle){
            .sequence = o->n_sequences > 0 ? o->sequences[i] : &smuggle_sequences[i]};
        try_sequence(p, s, &s->smuggle[i]);
    }
    return MP_OK;
}

/* ---- judgement: a row a sequence ---- */

static void judge_sequence(struct prober *p, const struct probe_smuggle *x, struct str group)
{
    struct check_list *checks = &p->probe->checks;
    const char *name = x->sequence->name;
    struct str evidence = x->evidence.n > 0 ? x->evidence : STR("no answers");
    check_begin(checks, group, name);
    if (x->verdict == SMUGGLE_SMUGGLED)
        check_add(checks, FINDING_FLOW_SMUGGLE_SMUGGLED, "%s: %.*s", name, STR_ARG(evidence));
    if (x->verdict == SMUGGLE_ENDS)
        check_add(checks, FINDING_FLOW_SMUGGLE_ENDS, "%s: %.*s", name, STR_ARG(evidence));
    if (x->verdict == SMUGGLE_UNDECIDED) {
        check_add(checks, FINDING_FLOW_SMUGGLE_UNDECIDED, "%s: %.*s", name, STR_ARG(evidence));
        check_undecided(checks);
    }
    check_end(checks, -1, "%s; alone: %s; %.*s", smuggle_verdict_name(x->verdict),
              smuggle_verdict_name(x->stepwise), STR_ARG(evidence));
}

void probe_judge_smuggle(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct str parts[] = {s->group, STR(" smuggling")};
    struct str group = arena_join(&p->probe->arena, parts, ARRAY_LEN(parts));
    for (size_t i = 0; i < s->n_smuggle; i++)
        judge_sequence(p, &s->smuggle[i], group);
    if (!p->options->smuggle || s->n_smuggle > 0 || !s->answered)
        return;
    check_begin(checks, s->group, "smuggling");
    struct str why = s->notes->smuggle_text.n > 0 ? s->notes->smuggle_text
                                                  : STR("the conversation did not get so far");
    check_add(checks, FINDING_FLOW_SMUGGLE_UNDECIDED, "%.*s", STR_ARG(why));
    check_undecided(checks);
    check_end(checks, -1, "%.*s", STR_ARG(why));
}
