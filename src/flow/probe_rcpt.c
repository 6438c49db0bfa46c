/* Sender and recipients: accepted, refused, deferred, greylisted; catch-all; VRFY. */
#include "base/clock.h"
#include "flow/probe_internal.h"

const char *rcpt_class_name(enum rcpt_class c)
{
    static const char *const names[] = {
        [RCPT_ACCEPTED] = "accepted",   [RCPT_REFUSED] = "refused",
        [RCPT_DEFERRED] = "deferred",   [RCPT_GREYLISTED] = "greylisted",
        [RCPT_UNDECIDED] = "undecided",
    };
    return (size_t)c < ARRAY_LEN(names) ? names[c] : "undecided";
}

/* ---- what a reply to RCPT means ---- */

static bool has_word(struct str text, const char *word)
{
    struct str w = str_from(word);
    for (size_t i = 0; i + w.n <= text.n; i++)
        if (str_ieq(str_slice(text, i, i + w.n), w))
            return true;
    return false;
}

/* Servers say it in their own words; without the word itself the codes must fit as well: policy
 * (X.7.0, X.7.1 of RFC 6647 2.1) with a wish to come again, or what postscreen says to newcomers.
 */
static bool is_greylisting(const struct smtp_reply *r)
{
    static const char *const words[] = {"greylist",  "graylist",  "grey-list", "gray-list",
                                        "grey list", "gray list", "postgrey"};
    static const char *const wishes[] = {"try again", "come back", "retry",
                                         "later",     "seconds",   "minutes"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (has_word(r->text, words[i]))
            return true;
    if (r->code == 450 && r->class_ == 4 && r->subject == 3 && r->detail == 2)
        return true;
    if ((r->code != 450 && r->code != 451) || r->class_ != 4 || r->subject != 7 || r->detail > 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
        if (has_word(r->text, wishes[i]))
            return true;
    return false;
}

static enum rcpt_class class_of_reply(const struct smtp_reply *r)
{
    if (smtp_reply_ok(r))
        return RCPT_ACCEPTED;
    if (smtp_reply_permanent(r))
        return RCPT_REFUSED;
    if (smtp_reply_temporary(r))
        return is_greylisting(r) ? RCPT_GREYLISTED : RCPT_DEFERRED;
    return RCPT_UNDECIDED;
}

/* What was deferred at first and accepted when we came again was greylisted, whatever was said. */
static enum rcpt_class class_of(const struct probe_rcpt *r)
{
    enum rcpt_class again = class_of_reply(&r->second);
    if (r->second.code == 0)
        return class_of_reply(&r->reply);
    return again == RCPT_ACCEPTED && r->reply.code != 0 ? RCPT_GREYLISTED : again;
}

static bool is_accepted(const struct probe_rcpt *r)
{
    return smtp_reply_ok(r->second.code != 0 ? &r->second : &r->reply);
}

/* ---- the transaction: false when the conversation is over ---- */

static bool went(struct prober *p, struct probe_server *s, int st, const struct mp_err *err)
{
    if (st != MP_OK)
        s->notes->fault_text = probe_sentence(&p->probe->arena, err);
    return st == MP_OK;
}

static bool reset(struct prober *p, struct probe_server *s)
{
    struct mp_err err = {0};
    return went(p, s, smtp_command(&s->client, STR("RSET"), SMTP_STAGE_OTHER, &err), &err);
}

static bool say_mail(struct prober *p, struct probe_server *s, struct smtp_reply *reply)
{
    struct mp_err err = {0};
    const struct smtp_mail_params *params = &p->options->mail_params;
    if (!went(p, s, smtp_mail(&s->client, probe_from(p), params, &err), &err))
        return false;
    *reply = s->client.last;
    probe_note_reply(s, reply, SMTP_STAGE_MAIL);
    return true;
}

static bool say_rcpts(struct prober *p, struct probe_server *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++) {
        struct mp_err err = {0};
        struct probe_rcpt *r = &s->rcpts[i];
        const struct smtp_rcpt_params *params = &p->options->rcpt_params;
        if (!went(p, s, smtp_rcpt(&s->client, r->address, params, &err), &err))
            return false;
        r->reply = s->client.last;
        probe_note_reply(s, &r->reply, SMTP_STAGE_RCPT);
    }
    return true;
}

static size_t count_accepted(const struct probe_server *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_rcpts; i++)
        n += is_accepted(&s->rcpts[i]);
    return n;
}

/* DATA and no message: only hanging up takes it back. */
static void stop_in_data(struct prober *p, struct probe_server *s)
{
    struct mp_err err = {0};
    if (went(p, s, smtp_data(&s->client, &err), &err))
        s->notes->data = s->client.last;
    smtp_close(&s->client);
}

/* True: the conversation lives and is between transactions. */
static bool first_transaction(struct prober *p, struct probe_server *s)
{
    const struct probe_options *o = p->options;
    if (!say_mail(p, s, &s->notes->mail) || o->stop == PROBE_STOP_MAIL)
        return false;
    if (!smtp_reply_ok(&s->notes->mail))
        return true;
    s->notes->rcpt_us = clock_mono_us();
    if (!say_rcpts(p, s) || o->stop == PROBE_STOP_RCPT)
        return false;
    size_t accepted = count_accepted(s);
    if (o->stop == PROBE_STOP_DATA) {
        stop_in_data(p, s);
        return false;
    }
    if (o->has_message && accepted > 0) {
        probe_send(p, s, &s->client, accepted);
        return s->client.fault == SMTP_FAULT_NONE && !s->notes->message_broke;
    }
    return reset(p, s);
}

/* ---- catch-all and VRFY ---- */

static struct str domain_of(struct str address)
{
    size_t at = str_rfind(address, '@');
    return str_slice(address, at < address.n ? at + 1 : 0, address.n);
}

static void put_catch_all(struct probe_server *s, struct str domain, unsigned code)
{
    for (size_t i = 0; i < s->n_rcpts; i++)
        if (is_accepted(&s->rcpts[i]) && str_ieq(domain_of(s->rcpts[i].address), domain)) {
            s->rcpts[i].catch_all_code = code;
            s->rcpts[i].catch_all = code >= 200 && code < 300;
        }
}

static bool ask_random(struct prober *p, struct probe_server *s, struct str domain)
{
    struct smtp_reply mail;
    struct mp_err err = {0};
    struct str address =
        arena_fmt(&p->probe->arena, "mailproof-%.*s@%.*s", STR_ARG(p->random), STR_ARG(domain));
    if (address.p == NULL || !say_mail(p, s, &mail))
        return false;
    if (!smtp_reply_ok(&mail))
        return reset(p, s);
    if (!went(p, s, smtp_rcpt(&s->client, address, &(struct smtp_rcpt_params){0}, &err), &err))
        return false;
    put_catch_all(s, domain, s->client.last.code);
    return reset(p, s);
}

static bool ask_catch_all(struct prober *p, struct probe_server *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++) {
        const struct probe_rcpt *r = &s->rcpts[i];
        bool wanted = p->options->catch_all && is_accepted(r) && r->catch_all_code == 0 &&
                      str_has(r->address, '@');
        if (wanted && !ask_random(p, s, domain_of(r->address)))
            return false;
    }
    return true;
}

static bool ask_vrfy(struct prober *p, struct probe_server *s)
{
    for (size_t i = 0; p->options->vrfy && i < s->n_rcpts; i++) {
        struct mp_err err = {0};
        struct str line = arena_fmt(&p->probe->arena, "VRFY %.*s", STR_ARG(s->rcpts[i].address));
        if (line.p == NULL ||
            !went(p, s, smtp_command(&s->client, line, SMTP_STAGE_OTHER, &err), &err))
            return false;
        s->rcpts[i].vrfy_code = s->client.last.code;
    }
    return true;
}

static void classify(struct probe_server *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++)
        s->rcpts[i].class_ = class_of(&s->rcpts[i]);
}

int probe_envelope(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    int st = MP_OK;
    bool lives = false;
    probe_progress(p, "%.*s: recipients", STR_ARG(s->group));
    s->notes->rcpts_asked = true;
    probe_note_unsupported(p, s);
    if (probe_wants_pipeline(p, s))
        st = probe_send_pipelined(p, s, &lives, err);
    else
        lives = first_transaction(p, s);
    if (lives && ask_catch_all(p, s))
        (void)ask_vrfy(p, s);
    classify(s);
    return st;
}

/* ---- the second try ---- */

bool probe_is_deferred(const struct probe_server *s)
{
    bool deferred = smtp_reply_temporary(&s->notes->mail);
    for (size_t i = 0; i < s->n_rcpts; i++)
        deferred |= smtp_reply_temporary(&s->rcpts[i].reply);
    return deferred && s->n_rcpts > 0;
}

static bool is_waiting(const struct probe_rcpt *r)
{
    return r->reply.code == 0 || smtp_reply_temporary(&r->reply);
}

/* The message goes to those who were greylisted when nobody had it yet. */
static void retry_transaction(struct prober *p, struct probe_server *s, struct smtp_client *c)
{
    const struct probe_options *o = p->options;
    struct mp_err err = {0};
    size_t accepted = 0;
    if (smtp_mail(c, probe_from(p), &o->mail_params, &err) != MP_OK)
        return;
    if (smtp_reply_temporary(&s->notes->mail))
        s->notes->mail = c->last;
    if (!smtp_reply_ok(&c->last))
        return;
    for (size_t i = 0; i < s->n_rcpts; i++) {
        struct probe_rcpt *r = &s->rcpts[i];
        if (!is_waiting(r))
            continue;
        if (smtp_rcpt(c, r->address, &o->rcpt_params, &err) != MP_OK)
            return;
        r->second = c->last;
        accepted += smtp_reply_ok(&c->last);
    }
    bool was_sent = s->notes->data.code != 0 || s->notes->end.code != 0;
    if (o->has_message && o->stop == PROBE_STOP_END && accepted > 0 && !was_sent)
        probe_send(p, s, c, accepted);
}

void probe_retry(struct prober *p, struct probe_server *s)
{
    struct smtp_client c = {0};
    struct str why = STR("");
    probe_progress(p, "%.*s: deferred recipients again", STR_ARG(s->group));
    if (probe_talk_again(p, s, true, &p->probe->arena, &c, &why))
        retry_transaction(p, s, &c);
    probe_keep_transcript(s, &c);
    smtp_quit(&c);
    classify(s);
}

/* ---- judgement ---- */

static void judge_mail(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct smtp_reply *r = &s->notes->mail;
    struct str from = probe_from(p), text = probe_reply_text(&p->probe->arena, r);
    check_begin(checks, s->group, "mail");
    if (smtp_reply_permanent(r)) {
        check_add(checks, FINDING_FLOW_MAIL_REFUSED, "<%.*s>: %.*s", STR_ARG(from), STR_ARG(text));
    } else if (r->code != 0 && !smtp_reply_ok(r)) {
        check_add(checks, FINDING_FLOW_MAIL_DEFERRED, "<%.*s>: %.*s", STR_ARG(from), STR_ARG(text));
        check_undecided(checks);
    } else if (r->code == 0) {
        check_undecided(checks);
    }
    check_end(checks, s->client.stage_us[SMTP_STAGE_MAIL], "<%.*s>: %.*s", STR_ARG(from),
              STR_ARG(r->code == 0 ? STR("no reply") : text));
}

static void add_rcpt_findings(struct prober *p, const struct probe_rcpt *r, struct str text)
{
    struct check_list *checks = &p->probe->checks;
    static const struct {
        enum finding_id id;
        bool is_open;
    } rows[] = {
        [RCPT_REFUSED] = {FINDING_FLOW_RCPT_REFUSED, false},
        [RCPT_DEFERRED] = {FINDING_FLOW_RCPT_DEFERRED, true},
        [RCPT_GREYLISTED] = {FINDING_FLOW_RCPT_GREYLISTED, true},
        [RCPT_UNDECIDED] = {FINDING_FLOW_RCPT_UNDECIDED, true},
    };
    if (r->class_ == RCPT_ACCEPTED)
        return;
    check_add(checks, rows[r->class_].id, "<%.*s>: %.*s", STR_ARG(r->address), STR_ARG(text));
    if (rows[r->class_].is_open && !is_accepted(r))
        check_undecided(checks);
}

static struct str rcpt_text(struct arena *a, const struct probe_server *s,
                            const struct probe_rcpt *r)
{
    struct str first = probe_reply_text(a, &r->reply);
    if (r->second.code != 0)
        return arena_fmt(a, "%.*s; again: %.*s", STR_ARG(first),
                         STR_ARG(probe_reply_text(a, &r->second)));
    if (r->reply.code != 0)
        return first;
    return s->notes->fault_text.n > 0 ? s->notes->fault_text : STR("it was not asked about");
}

static void judge_catch_all(struct prober *p, const struct probe_rcpt *r, struct str group)
{
    struct check_list *checks = &p->probe->checks;
    check_begin(checks, group, "catch-all");
    if (r->catch_all)
        check_add(checks, FINDING_FLOW_RCPT_CATCH_ALL, "<mailproof-%.*s@%.*s>: %u",
                  STR_ARG(p->random), STR_ARG(domain_of(r->address)), r->catch_all_code);
    else if (r->catch_all_code < 500)
        check_undecided(checks);
    check_end(checks, -1,
              r->catch_all              ? "any recipient is accepted"
              : r->catch_all_code == 0  ? "a random recipient got no answer"
              : r->catch_all_code < 500 ? "a random recipient was deferred"
                                        : "a random recipient was refused");
}

static void judge_vrfy(struct prober *p, const struct probe_rcpt *r, struct str group)
{
    struct check_list *checks = &p->probe->checks;
    bool discloses = r->vrfy_code == 250 || r->vrfy_code == 251;
    check_begin(checks, group, "vrfy");
    if (discloses)
        check_add(checks, FINDING_FLOW_VRFY_DISCLOSES, "<%.*s>: %u", STR_ARG(r->address),
                  r->vrfy_code);
    if (r->vrfy_code == 0)
        check_undecided(checks);
    check_end(checks, -1, "reply %u", r->vrfy_code);
}

/* Why the recipients were not asked about is judged where it happened. */
static const char *why_not_asked(const struct probe_server *s)
{
    const struct probe_notes *n = s->notes;
    if (!n->banner_ok || !n->ehlo_ok)
        return s->answered ? "the server did not get so far" : "the server does not answer";
    if (n->halted != NULL)
        return n->halted;
    return n->mail.code != 0 && !smtp_reply_ok(&n->mail) ? "the sender was not accepted" : NULL;
}

static void judge_rcpt(struct prober *p, const struct probe_server *s, const struct probe_rcpt *r)
{
    struct check_list *checks = &p->probe->checks;
    struct arena *a = &p->probe->arena;
    const struct str parts[] = {s->group, STR(" "), r->address};
    struct str group = arena_join(a, parts, ARRAY_LEN(parts)), text = rcpt_text(a, s, r);
    const char *why = why_not_asked(s);
    if (why != NULL && r->reply.code == 0 && r->second.code == 0) {
        check_skip(checks, group, "rcpt", "%s", why);
        return;
    }
    check_begin(checks, group, "rcpt");
    add_rcpt_findings(p, r, text);
    check_end(checks, -1, "%s: %.*s", rcpt_class_name(r->class_), STR_ARG(text));
    if (p->options->catch_all && smtp_reply_ok(&r->reply) && p->options->stop == PROBE_STOP_END)
        judge_catch_all(p, r, group);
    if (p->options->vrfy && p->options->stop == PROBE_STOP_END)
        judge_vrfy(p, r, group);
}

void probe_judge_envelope(struct prober *p, const struct probe_server *s)
{
    if (s->notes->rcpts_asked)
        judge_mail(p, s);
    for (size_t i = 0; p->options->stop >= PROBE_STOP_RCPT && i < s->n_rcpts; i++)
        judge_rcpt(p, s, &s->rcpts[i]);
}
