/* The dialogue: lines to commands, and the commands that carry no mail. */
#include <stdio.h>
#include <sys/socket.h>

#include "sink/sink_internal.h"

/* ---- ends ---- */

void session_reset(struct conn *c)
{
    struct transaction *t = &c->tx;
    arena_reset(&t->arena);
    struct arena kept = t->arena;
    *t = (struct transaction){.arena = kept};
    buf_reset(&c->raw);
    buf_reset(&c->log);
    if (c->raw.cap > SINK_KEPT_RAW_BYTES)
        buf_clear(&c->raw);
    c->throttle_bytes_s = 0;
    c->input = INPUT_COMMAND;
    conn_charge(c);
    if (c->sink->favoured == c)
        c->sink->favoured = NULL;
}

void session_end(struct conn *c, unsigned code, const char *enhanced, const char *text)
{
    struct answer a = {code, enhanced, str_from(text)};
    if (c->ending != OPEN)
        return;
    answer_line(c, a);
    if (c->tx.open)
        delivery_attempt(c, STORE_DROPPED, c->input == INPUT_COMMAND ? "command" : "data", code,
                         a.text);
    session_reset(c);
    c->ending = CLOSE_LINGER;
}

void session_closed(struct conn *c)
{
    if (c->tx.open && c->pending == NULL) {
        delivery_attempt(c, STORE_DROPPED, c->input == INPUT_COMMAND ? "command" : "data", 0,
                         STR(""));
        session_reset(c);
    }
}

/* RSET, EHLO, QUIT: the client gives up what it began; refused recipients were attempts. */
static void give_up(struct conn *c)
{
    if (c->tx.open)
        delivery_refused_rcpts(c);
    session_reset(c);
}

/* ---- greeting ---- */

/* Who speaks before the greeting is no mail server, or a worm that does not listen. */
static bool talks_early(struct conn *c)
{
    char byte;
    return !c->in_tls && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void session_greet(struct conn *c)
{
    char text[300];
    int n = snprintf(text, sizeof text, "%s %s mailproof sink", c->sink->config.hostname,
                     c->lmtp ? "LMTP" : "ESMTP");
    if (!c->asked) {
        c->asked = true;
        answer_ask(c, SCRIPT_CONNECT, NULL);
        unsigned delay_ms = c->decision.action.delay_ms;
        c->decision.action.delay_ms = 0;
        if (delay_ms > 0) {
            conn_block_for(c, delay_ms, BLOCK_DELAY);
            return;
        }
    }
    c->greeted = true;
    if (talks_early(c)) {
        SINK_COUNT(c->sink, protocol_errors);
        session_end(c, 554, "5.5.1", "you spoke before the greeting, closing");
        return;
    }
    unsigned code = answer_decided(
        c, (struct answer){220, NULL, str_make(text, (size_t)n < sizeof text ? (size_t)n : 299)});
    if (code >= 400) {
        delivery_attempt(c, code < 500 ? STORE_DEFERRED : STORE_REFUSED, "connect", code,
                         c->decision.action.reply_text);
        c->ending = c->ending == OPEN ? CLOSE_LINGER : c->ending;
    } else if (code == 0) {
        delivery_attempt(c, STORE_DROPPED, "connect", 0, STR(""));
    }
}

void session_in_tls(struct conn *c)
{
    give_up(c);
    c->helo = STR_NONE;
    c->said_helo = c->extended = false;
    c->auth_user = STR_NONE;
    log_info(c, "TLS: %s, %s", tls_session_version(c->tls).p, tls_session_cipher(c->tls).p);
    if (!c->greeted)
        session_greet(c);
}

/* ---- EHLO ---- */

static void offer(struct conn *c, const char *keyword)
{
    answer_line(c, (struct answer){250, NULL, str_from(keyword)});
}

static void offer_auth(struct conn *c)
{
    char text[200] = "AUTH";
    size_t n = 4;
    for (int m = 0; m < SASL_MECH_COUNT; m++)
        if (sasl_server_has((enum sasl_mech)m, c->sink->users))
            n += (size_t)snprintf(text + n, sizeof text - n, " %s",
                                  sasl_mech_name((enum sasl_mech)m));
    offer(c, text);
}

/* Lines with "-" behind the code but for the last: written with a space, then corrected. */
static void join_lines(struct conn *c, size_t from)
{
    size_t last = from;
    for (size_t at = from; at + 1 < c->out.n; at++)
        if (c->out.p[at] == '\r' && c->out.p[at + 1] == '\n' && at + 2 < c->out.n) {
            c->out.p[last + 3] = '-';
            last = at + 2;
        }
}

static void offer_all(struct conn *c)
{
    static const char *const always[] = {"PIPELINING", "ENHANCEDSTATUSCODES",
                                         "8BITMIME",   "SMTPUTF8",
                                         "DSN",        "CHUNKING",
                                         "BINARYMIME"};
    const struct sink_config *config = &c->sink->config;
    char text[100];
    size_t from = c->out.n;
    offer(c, config->hostname);
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        offer(c, always[i]);
    snprintf(text, sizeof text, "SIZE %llu", (unsigned long long)config->max_message_bytes);
    offer(c, text);
    snprintf(text, sizeof text, "LIMITS RCPTMAX=%u", config->max_rcpts);
    offer(c, text);
    if (c->listener->config.tls != SINK_TLS_OFF && !c->in_tls)
        offer(c, "STARTTLS");
    if (c->in_tls)
        offer(c, "REQUIRETLS");
    if (session_auth_offered(c) && c->auth_user.n == 0)
        offer_auth(c);
    if (config->xclient && c->from_loopback)
        offer(c, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
    offer(c, "HELP");
    join_lines(c, from);
}

static void command_helo(struct conn *c)
{
    bool lhlo = c->request.verb == SMTP_LHLO;
    if (lhlo != c->lmtp) {
        answer_error(c, 500, "5.5.1", lhlo ? "this is SMTP: say EHLO" : "this is LMTP: say LHLO");
        return;
    }
    bool same = c->helo.p != NULL && str_eq(c->helo, c->request.argument);
    struct str name = same ? c->helo : arena_copy(&c->arena, c->request.argument);
    if (name.p == NULL) {
        session_end(c, 421, "4.7.0", "too many greetings, closing");
        return;
    }
    give_up(c);
    c->helo = name;
    answer_ask(c, SCRIPT_EHLO, NULL);
    const struct script_action *d = &c->decision.action;
    bool usual = d->reply_code == 0 && !d->drop && !d->cut && d->delay_ms == 0;
    bool extended = c->request.verb != SMTP_HELO;
    struct answer a = {250, NULL, str_from(c->sink->config.hostname)};
    if (usual && extended) {
        offer_all(c);
    } else if (d->reply_code == 0 && !d->drop && !d->cut && extended) {
        conn_flush(c);
        conn_block_for(c, d->delay_ms, BLOCK_DELAY);
        offer_all(c);
    } else {
        unsigned code = answer_decided(c, a);
        if (code < 200 || code > 299) {
            delivery_attempt(c,
                             code == 0    ? STORE_DROPPED
                             : code < 500 ? STORE_DEFERRED
                                          : STORE_REFUSED,
                             "ehlo", code, d->reply_text);
            return;
        }
    }
    c->said_helo = true;
    c->extended = extended;
}

/* ---- the rest ---- */

static void command_starttls(struct conn *c)
{
    if (c->listener->config.tls == SINK_TLS_OFF)
        answer_error(c, 502, "5.5.1", "TLS is not offered here");
    else if (c->in_tls)
        answer_error(c, 503, "5.5.1", "TLS is on already");
    else if (c->tx.open)
        answer_error(c, 503, "5.5.1", "not inside of a transaction: RSET first");
    else if (c->more_behind) /* CVE-2011-0411: it would be taken as said in TLS */
        session_end(c, 554, "5.5.1", "nothing may follow STARTTLS before TLS is on, closing");
    else if (answer(c, SCRIPT_STARTTLS, NULL, ANSWER(220, "2.0.0", "go ahead")) == 220) {
        conn_flush(c);
        c->tls = tls_session_new(c->sink->tls, c->fd);
        c->handshaking = c->tls != NULL;
        if (c->tls == NULL)
            c->ending = CLOSE_NOW;
    }
}

static void command_rset(struct conn *c)
{
    give_up(c);
    answer_line(c, ANSWER(250, "2.0.0", "Ok"));
}

static void command_noop(struct conn *c)
{
    answer_line(c, ANSWER(250, "2.0.0", "Ok"));
}

static void command_quit(struct conn *c)
{
    give_up(c);
    if (answer(c, SCRIPT_QUIT, NULL, ANSWER(221, "2.0.0", "bye")) != 0 && c->ending == OPEN)
        c->ending = CLOSE_CLEAN;
}

static void command_vrfy(struct conn *c)
{
    answer_line(c, ANSWER(252, "2.1.5", "anybody gets mail here; send some and see"));
}

static void command_expn(struct conn *c)
{
    answer_error(c, 502, "5.5.1", "there are no lists here");
}

static void command_help(struct conn *c)
{
    answer_line(c, ANSWER(214, "2.0.0",
                          "EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS "
                          "AUTH; all mail is kept here and none is passed on"));
}

static const struct {
    session_fn *run;
    bool needs_helo, needs_tls, needs_login, needs_open;
} commands[] = {
    [SMTP_HELO] = {command_helo, false, false, false, false},
    [SMTP_EHLO] = {command_helo, false, false, false, false},
    [SMTP_LHLO] = {command_helo, false, false, false, false},
    [SMTP_MAIL] = {session_mail, true, true, true, false},
    [SMTP_RCPT] = {session_rcpt, true, true, true, true},
    [SMTP_DATA] = {session_data, true, true, true, true},
    [SMTP_BDAT] = {session_bdat, false, false, false, false}, /* its bytes must be taken anyhow */
    [SMTP_RSET] = {command_rset, false, false, false, false},
    [SMTP_NOOP] = {command_noop, false, false, false, false},
    [SMTP_QUIT] = {command_quit, false, false, false, false},
    [SMTP_VRFY] = {command_vrfy, true, true, true, false},
    [SMTP_EXPN] = {command_expn, true, true, true, false},
    [SMTP_HELP] = {command_help, false, false, false, false},
    [SMTP_STARTTLS] = {command_starttls, false, false, false, false},
    [SMTP_AUTH] = {session_auth, true, true, false, false},
    [SMTP_XCLIENT] = {session_xclient, false, false, false, false},
};

/* What must have been before. */
static bool is_time(struct conn *c)
{
    enum smtp_verb v = c->request.verb;
    if (commands[v].needs_helo && !c->said_helo)
        answer_error(c, 503, "5.5.1", c->lmtp ? "say LHLO first" : "say EHLO first");
    else if (commands[v].needs_tls && c->listener->config.tls == SINK_TLS_REQUIRED && !c->in_tls)
        answer_error(c, 530, "5.7.0", "say STARTTLS first");
    else if (commands[v].needs_login && c->sink->config.auth_required && c->auth_user.n == 0)
        answer_error(c, 530, "5.7.0", "log in first (AUTH)");
    else if (commands[v].needs_open && !c->tx.open)
        answer_error(c, 503, "5.5.1", "say MAIL first");
    else
        return true;
    return false;
}

/* "POST / HTTP/1.1", which a browser can be made to send to any port. */
static bool is_http(struct str line)
{
    static const struct str version = STR_INIT(" HTTP/1.");
    return line.n > version.n &&
           str_eq(str_slice(line, line.n - version.n - 1, line.n - 1), version);
}

static void run_line(struct conn *c, struct str line)
{
    const struct sink_config *config = &c->sink->config;
    struct smtp_offer here = {.extended = c->extended,
                              .requiretls = c->in_tls,
                              .xclient = config->xclient && c->from_loopback,
                              .max_bytes = config->max_message_bytes};
    struct smtp_refusal why;
    bool ok = smtp_request_parse(line, &here, &c->request, &why);
    if (c->request.verb == SMTP_AUTH)
        log_masked(c, str_slice(line, 0, 5 + c->request.mechanism.n), c->request.initial.n);
    else
        log_client(c, line);
    if (!ok && is_http(line)) /* the body would be our commands: a page could send mail here */
        session_end(c, 554, "5.5.1", "this is no server of HTTP, closing");
    else if (!ok)
        answer_error(c, why.code, why.enhanced, why.text);
    else if (is_time(c))
        commands[c->request.verb].run(c);
}

/* One line of a client, or nothing yet. */
static size_t take_line(struct conn *c, struct str in)
{
    size_t end = str_find(in, '\n');
    if (end > SINK_LINE_MAX) {
        SINK_COUNT(c->sink, protocol_errors);
        session_end(c, 500, "5.5.6", "a line is longer than 12288 octets, closing");
        return in.n;
    }
    if (end == in.n)
        return 0;
    bool crlf = end > 0 && in.p[end - 1] == '\r';
    struct str line = str_slice(in, 0, crlf ? end - 1 : end);
    c->more_behind = end + 1 < in.n;
    bool taken = crlf || c->sink->config.lenient_line_ends;
    if (c->input == INPUT_AUTH) {
        log_masked(c, STR_NONE, line.n);
        session_auth_line(c, taken ? line : STR("*"));
    } else if (!taken) {
        log_client(c, line);
        answer_error(c, 500, "5.5.2", "the line ends in LF alone: CRLF it must be");
    } else {
        run_line(c, line);
    }
    return end + 1;
}

size_t session_take(struct conn *c, struct str in)
{
    switch (c->input) {
    case INPUT_DATA:
        return session_take_data(c, in);
    case INPUT_CHUNK:
        return session_take_chunk(c, in);
    default:
        return take_line(c, in);
    }
}
