/* MAIL, RCPT and XCLIENT: who writes to whom, and who says so. */
#include "sink/sink_internal.h"

enum { RCPTS_FIRST = 4 };

/* The transaction is over before it was one. */
static void refuse_mail(struct conn *c, unsigned code)
{
    const struct script_action *d = &c->decision.action;
    delivery_attempt(c,
                     code == 0    ? STORE_DROPPED
                     : code < 500 ? STORE_DEFERRED
                                  : STORE_REFUSED,
                     "mail", code, d->reply_text);
    session_reset(c);
}

void session_mail(struct conn *c)
{
    const struct smtp_request *r = &c->request;
    struct transaction *t = &c->tx;
    if (t->open) {
        answer_error(c, 503, "5.5.1", "MAIL was said already: RSET to begin again");
        return;
    }
    t->from = arena_copy(&t->arena, r->path.mailbox);
    t->params = arena_copy(&t->arena, r->params_text);
    if (t->from.p == NULL || t->params.p == NULL) {
        answer_line(c, ANSWER(452, "4.3.1", "no memory is left, come back later"));
        session_reset(c);
        return;
    }
    t->open = true;
    t->body = r->body;
    t->smtputf8 = r->smtputf8;
    c->transactions++;
    unsigned code = answer(c, SCRIPT_MAIL, NULL, ANSWER(250, "2.1.0", "Ok"));
    if (code < 200 || code > 299)
        refuse_mail(c, code);
}

/* ---- RCPT ---- */

static struct rcpt *add_rcpt(struct conn *c, struct str address)
{
    struct transaction *t = &c->tx;
    char inbox[INBOX_ID_MAX + 1];
    if (t->n_rcpts == t->cap_rcpts) {
        size_t cap = t->cap_rcpts == 0 ? RCPTS_FIRST : t->cap_rcpts * 2;
        struct rcpt *p = arena_grow(&t->arena, t->rcpts, t->n_rcpts, cap, sizeof *p);
        if (p == NULL)
            return NULL;
        t->rcpts = p;
        t->cap_rcpts = cap;
    }
    struct rcpt *r = &t->rcpts[t->n_rcpts];
    *r = (struct rcpt){.address = arena_copy(&t->arena, address), .inbox = STR("")};
    if (inboxes_route(c->sink->inboxes, address, c->sink->now_ms, inbox))
        r->inbox = arena_copy(&t->arena, str_from(inbox));
    return r->address.p == NULL || r->inbox.p == NULL ? NULL : r;
}

/* A refused recipient is an attempt; beyond a number they are only counted. */
static void keep_refused(struct conn *c, const struct rcpt *r, unsigned code, struct str text)
{
    struct transaction *t = &c->tx;
    if (t->refused == NULL)
        t->refused = arena_new(&t->arena, struct refused, SINK_MAX_REFUSED_KEPT);
    struct str copy = arena_copy(&t->arena, text);
    if (t->refused == NULL || copy.p == NULL || t->n_refused == SINK_MAX_REFUSED_KEPT) {
        t->not_kept++;
        return;
    }
    t->refused[t->n_refused++] =
        (struct refused){.address = r->address, .inbox = r->inbox, .text = copy, .code = code};
}

void session_rcpt(struct conn *c)
{
    struct transaction *t = &c->tx;
    const struct smtp_request *q = &c->request;
    if (t->by_chunks) {
        answer_error(c, 503, "5.5.1", "RCPT cannot come behind BDAT");
        return;
    }
    if (q->path.utf8 && !t->smtputf8) {
        answer_error(c, 553, "5.6.7", "the address is not ASCII: say SMTPUTF8 with MAIL");
        return;
    }
    if (t->n_rcpts >= c->sink->config.max_rcpts) {
        answer_line(c, ANSWER(452, "4.5.3", "too many recipients"));
        return;
    }
    struct rcpt *r = c->sink->memory > SINK_BUDGET_BYTES ? NULL : add_rcpt(c, q->path.mailbox);
    if (r == NULL) {
        answer_line(c, ANSWER(452, "4.3.1", "no memory is left for another recipient"));
        return;
    }
    r->attempt = attempts_count(c->sink->attempts, t->from, r->address, c->client_ip);
    unsigned code = answer(c, SCRIPT_RCPT, r, ANSWER(250, "2.1.5", "Ok"));
    if (code >= 200 && code < 300) {
        t->n_rcpts++;
    } else if (code == 0) { /* dropped: the recipient at hand belongs to what is told */
        t->n_rcpts++;
        delivery_attempt(c, STORE_DROPPED, "rcpt", 0, STR(""));
        session_reset(c);
    } else {
        keep_refused(c, r, code, c->decision.action.reply_text);
    }
    conn_charge(c);
}

/* ---- XCLIENT ---- */

static bool set_attribute(struct conn *c, struct str name, struct str value)
{
    struct ip ip;
    uint64_t port;
    bool none = str_ieq(value, STR("[UNAVAILABLE]")) || str_ieq(value, STR("[TEMPUNAVAIL]"));
    if (str_ieq(name, STR("ADDR"))) {
        struct str text = str_istarts(value, STR("IPv6:")) ? str_slice(value, 5, value.n) : value;
        if (!none && !ip_parse(text, &ip))
            return false;
        c->client_ip = none ? STR("unknown") : text;
    } else if (str_ieq(name, STR("PORT"))) {
        if (!none && !str_to_u64(value, UINT16_MAX, &port))
            return false;
        c->client_port = none ? 0 : (uint16_t)port;
    } else if (str_ieq(name, STR("LOGIN"))) {
        c->auth_user = none ? STR_NONE : value;
    } else if (str_ieq(name, STR("HELO"))) {
        c->helo = none ? STR_NONE : value;
    } else {
        return str_ieq(name, STR("NAME")) || str_ieq(name, STR("PROTO")) ||
               str_ieq(name, STR("DESTADDR")) || str_ieq(name, STR("DESTPORT")) ||
               str_ieq(name, STR("REVERSE_NAME"));
    }
    return true;
}

void session_xclient(struct conn *c)
{
    if (c->tx.open) {
        answer_error(c, 503, "5.5.1", "not inside of a transaction: RSET first");
        return;
    }
    for (size_t i = 0; i < c->request.n_attributes; i++) {
        struct smtp_param p = c->request.attributes[i];
        struct str value = smtp_read_xtext(&c->arena, p.value);
        if (value.p == NULL || !set_attribute(c, p.name, value)) {
            answer_error(c, 501, "5.5.4", "an attribute is not known, or its value is none");
            return;
        }
    }
    c->said_helo = c->extended = false;
    session_reset(c);
    c->greeted = true;
    answer_line(c, (struct answer){220, NULL, str_from(c->sink->config.hostname)});
}
