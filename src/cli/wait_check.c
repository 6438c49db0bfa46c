/* After the options of wait: what contradicts itself or is missing; what they need is opened. */
#include <string.h>

#include "cli/secret.h"
#include "cli/wait_options.h"

/* ---- what was said ---- */

/* It would be shown in reports and logs; so it is not even told back. */
static bool has_login(struct str url)
{
    size_t scheme = str_search(url, STR("://"));
    struct str rest = str_slice(url, scheme < url.n ? scheme + 3 : url.n, url.n);
    return str_has(str_slice(rest, 0, str_find(rest, '/')), '@');
}

static int check_urls(struct wait_command *c)
{
    const char *const urls[] = {c->mailbox, c->sink, c->via};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        if (urls[i] != NULL && has_login(str_from(urls[i])))
            return usage_error("wait", "a URL holds no user and no password: use --user and "
                                       "--password-env, or --auth-user and --auth-password-env");
    return EXIT_PASSED;
}

static int check_mailbox(struct wait_command *c)
{
    struct mailbox_config *m = &c->proof.mailbox;
    if (c->mailbox != NULL && c->sink != NULL)
        return usage_error("wait", "a MAILBOX and --sink: one of both");
    if (c->mailbox == NULL && c->sink == NULL)
        return usage_error("wait", "where to look? Name a MAILBOX (imaps://HOST, pop3s://HOST, "
                                   "maildir:/PATH), or --sink URL");
    m->url = str_from(c->sink != NULL ? c->sink : c->mailbox);
    bool is_sink = str_istarts(m->url, STR("http://")) || str_istarts(m->url, STR("https://"));
    bool is_maildir = str_istarts(m->url, STR("maildir:"));
    if (c->sink != NULL && !is_sink)
        return usage_error("wait", "--sink %s: expected a URL like http://127.0.0.1:8025", c->sink);
    if (m->inbox.n > 0 && !is_sink)
        return usage_error("wait", "--inbox belongs to --sink; folders of a mailbox are --folder");
    if (m->n_folders > 0 && is_sink)
        return usage_error("wait", "--folder belongs to IMAP and Maildir; a sink has --inbox");
    if (c->mailbox_login && (is_sink || is_maildir))
        return usage_error("wait", "--user and its password belong to IMAP and POP3%s",
                           is_sink ? "; a sink has --token-env and --token-file" : "");
    return EXIT_PASSED;
}

static int check_times(struct wait_command *c)
{
    unsigned within = c->proof.wait.within_ms;
    if ((c->crit_ms > 0 && c->crit_ms > within) || (c->warn_ms > 0 && c->warn_ms > within) ||
        (c->warn_ms > 0 && c->crit_ms > 0 && c->warn_ms > c->crit_ms))
        return usage_error("wait", "--warn, --crit and --within: each at most the next");
    c->proof.expect.warn_ms = c->warn_ms;
    c->proof.expect.crit_ms = c->crit_ms;
    if (c->proof.expect.copies > 0 && !c->settle_given)
        c->proof.wait.settle_ms = WAIT_SETTLE_MS;
    return EXIT_PASSED;
}

static int check_expectations(const struct wait_command *c)
{
    const struct arrival_expect *e = &c->proof.expect;
    bool of_arrival = e->copies > 0 || e->folder.n > 0 || e->slow_hop_s > 0 || e->hops_tls ||
                      e->authentic || c->n_extracts > 0 || c->warn_ms > 0 || c->crit_ms > 0;
    if (e->must_not_arrive && of_arrival)
        return usage_error("wait", "--must-not-arrive: what does not arrive can have no copies, "
                                   "folder, hops, authentication, links or times");
    if (e->bounce && (e->authentic || c->n_extracts > 0 || c->sent_file != NULL))
        return usage_error("wait", "--bounce: a report has no author, links or codes, and is "
                                   "compared with nothing");
    if (e->by_receiver && !e->authentic)
        return usage_error("wait", "--authserv-id says whose words --authentic believes: it is "
                                   "missing");
    if (e->copies > 0 && e->must_not_arrive)
        return usage_error("wait", "--must-not-arrive and --copies contradict each other");
    return EXIT_PASSED;
}

static int check_output(struct wait_command *c)
{
    struct subject_options *s = &c->send.common;
    bool is_json = s->report.format == REPORT_JSON || s->report.format == REPORT_JSONL;
    if (c->n_extracts == 0)
        return EXIT_PASSED;
    if (s->exit_style == EXIT_STYLE_NAGIOS)
        return usage_error("wait", "--extract and --exit nagios: standard output has one line");
    if (s->output == NULL && s->report.format != REPORT_TEXT && !is_json)
        return usage_error("wait", "--extract writes to standard output: give the report a file "
                                   "with --output");
    s->on_stderr = s->output == NULL && !is_json;
    for (size_t i = 0; i < c->n_extracts; i++) {
        bool is_link = c->extracts[i].kind <= EXTRACT_LINKS;
        c->proof.expect.code |= !is_link;
        if (is_link)
            c->links[c->proof.expect.n_links++] = c->extracts[i].with;
    }
    c->proof.expect.links = c->links;
    return EXIT_PASSED;
}

static int check_match(const struct wait_command *c)
{
    const struct mailbox_match *m = &c->proof.wait.match;
    bool any = m->tag.n + m->message_id.n + m->to.n + m->from.n + m->subject.n > 0;
    if (!any && c->via == NULL && c->proof.mailbox.inbox.n == 0 && !c->proof.expect.bounce)
        return usage_error("wait", "what to wait for? Name --tag, --message-id, --to, --from or "
                                   "--subject; or send it with --via");
    return EXIT_PASSED;
}

/* ---- what is sent ---- */

static int check_sending(const struct wait_command *c)
{
    bool composed = c->send.message.n_parts > 0 || c->send.message.n_headers > 0 ||
                    c->send.message.body.p != NULL;
    if (c->via == NULL && (c->sending_word || composed))
        return usage_error("wait", "an option of sending without --via SERVER");
    if (c->via == NULL)
        return EXIT_PASSED;
    if (c->sent_file != NULL || c->proof.wait.match.message_id.n > 0)
        return usage_error("wait", "--via: what is sent is known; --sent and --message-id are for "
                                   "what others sent");
    if (c->message_file != NULL && composed)
        return usage_error("wait", "--message and --body, --attach or --header: one of both");
    if (c->deliver.keep_raw && c->message_file == NULL)
        return usage_error("wait", "--keep-message belongs to --message");
    if (!c->has_rcpts && c->proof.wait.match.to.n == 0)
        return usage_error("wait", "--via needs a recipient: --to ADDRESS, or --rcpt");
    if (c->send.wants_auth && c->send.options.credentials.user.n == 0)
        return usage_error("wait", "AUTH needs a user: --auth-user NAME");
    return EXIT_PASSED;
}

static int read_file(struct wait_command *c, const char *path, struct str *out)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, WAIT_SENT_MAX_BYTES, &text, &err);
    if (st == MP_OK) {
        *out = arena_copy(&c->send.common.arena, text.n == 0 ? STR("") : buf_str(&text));
        if (out->p == NULL)
            st = mp_fail(&err, MP_E_NOMEM, 0, "%s: no memory", path);
    }
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure("wait", &err);
}

/* A file whose lines end as Unix has it stands for the message with CRLF, as it travels. */
static int read_sent(struct wait_command *c)
{
    struct str *sent = &c->proof.wait.sent;
    int code = read_file(c, c->sent_file, sent);
    if (code != EXIT_PASSED || str_search(*sent, STR("\r\n")) < sent->n)
        return code;
    *sent = deliver_line_ends(&c->send.common.arena, *sent);
    return sent->p != NULL ? EXIT_PASSED : usage_error("wait", "no memory for %s", c->sent_file);
}

/* --from, --to and --subject describe what is sent; its tag alone is looked for. */
static int fill_message(struct wait_command *c)
{
    struct probe_command *s = &c->send;
    struct mailbox_match *m = &c->proof.wait.match;
    struct deliver_request *d = &c->deliver;
    struct arena *a = &s->common.arena;
    d->tag = m->tag;
    d->message = s->message;
    d->message.from = m->from;
    d->message.to = m->to;
    if (m->subject.n > 0) {
        struct str line = arena_fmt(a, "Subject: %.*s", STR_ARG(m->subject));
        if (line.p == NULL || probe_option_set(s, P_HEADER, line.p, 0, NULL) != EXIT_PASSED)
            return usage_error("wait", "--subject: too many fields");
        d->message.headers = s->message.headers;
        d->message.n_headers = s->message.n_headers;
    }
    const char *from = c->mail_from;
    d->mail_from = from == NULL ? m->from : strcmp(from, "<>") == 0 ? STR("") : str_from(from);
    *m = (struct mailbox_match){0};
    return c->message_file != NULL ? read_file(c, c->message_file, &d->raw) : EXIT_PASSED;
}

static int fill_sending(struct wait_command *c)
{
    struct probe_command *s = &c->send;
    struct probe_options *o = &s->options;
    struct deliver_request *d = &c->deliver;
    struct str to = c->proof.wait.match.to;
    int code = c->has_rcpts ? EXIT_PASSED : probe_option_set(s, P_TO, to.p, 0, NULL);
    if (code == EXIT_PASSED)
        code = fill_message(c);
    if (code == EXIT_PASSED && s->wants_auth && o->credentials.password.n == 0)
        code = secret_find("wait", "--auth-password-env or --auth-password-file",
                           o->credentials.user, &s->common.arena, &o->credentials.password);
    d->server = str_from(c->via);
    d->local = o->local;
    d->proxy = o->proxy;
    d->xclient = o->xclient;
    d->n_xclient = o->n_xclient;
    d->credentials = o->credentials;
    d->has_credentials = s->wants_auth;
    d->auth_plaintext = o->auth_plaintext;
    d->mechs = o->mechs;
    d->n_mechs = o->n_mechs;
    d->rcpts = o->rcpts;
    d->n_rcpts = o->n_rcpts;
    d->mail_params = o->mail_params;
    d->rcpt_params = o->rcpt_params;
    d->chunking = o->chunking;
    d->tls_verify = o->tls_verify;
    d->stage_timeout_ms = o->stage_timeout_ms;
    d->deadline_ms = s->common.deadline_ms;
    c->proof.send = d;
    return code;
}

/* ---- what it needs ---- */

static int find_password(struct wait_command *c)
{
    struct mailbox_config *m = &c->proof.mailbox;
    if (m->user.n == 0 || m->password.n > 0 || m->token.n > 0)
        return EXIT_PASSED;
    return secret_find("wait", "--password-env or --password-file", m->user, &c->send.common.arena,
                       &m->password);
}

static int open_world(struct wait_command *c)
{
    struct subject_options *s = &c->send.common;
    bool judges = c->proof.expect.authentic;
    c->proof.mailbox.ca_file = s->tls.ca_file;
    if (c->via == NULL && !judges)
        return EXIT_PASSED; /* no DNS, no TLS of ours */
    int code = subject_options_open(s);
    if (code != EXIT_PASSED)
        return code;
    c->deliver.helo = s->helo;
    c->deliver.dns = &s->source;
    c->deliver.tls = c->send.options.tls_mode == TARGET_TLS_NONE ? NULL : s->tls_client;
    if (!judges)
        return EXIT_PASSED;
    auth_config_init(&c->job_config.auth);
    c->job_config.auth.authserv_id = c->job_config.auth.receiver = s->helo;
    c->job_config.policy = &c->policy;
    c->proof.wait.dns = &s->source;
    c->proof.wait.job_config = &c->job_config;
    return EXIT_PASSED;
}

int wait_options_finish(struct wait_command *c, int argc, char **argv)
{
    int (*const checks[])(struct wait_command *) = {check_urls, check_mailbox, check_times,
                                                    check_output};
    int code = EXIT_PASSED;
    if (argc > 1)
        return usage_error("wait", "'%s': one MAILBOX at a time", argv[1]);
    c->mailbox = argc > 0 ? argv[0] : NULL;
    for (size_t i = 0; code == EXIT_PASSED && i < ARRAY_LEN(checks); i++)
        code = checks[i](c);
    if (code == EXIT_PASSED)
        code = check_match(c);
    if (code == EXIT_PASSED)
        code = check_expectations(c);
    if (code == EXIT_PASSED)
        code = check_sending(c);
    if (code == EXIT_PASSED)
        code = find_password(c);
    if (code == EXIT_PASSED && c->via != NULL)
        code = fill_sending(c);
    if (code == EXIT_PASSED && c->sent_file != NULL)
        code = read_sent(c);
    return code == EXIT_PASSED ? open_world(c) : code;
}
