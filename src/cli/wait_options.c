/* The option table of wait, and what each option means. */
#include "cli/wait_options.h"

#include <string.h>

#include "cli/secret.h"

enum wait_option_id {
    W_SINK = P_LAST,
    W_INBOX,
    W_USER,
    W_PASSWORD_ENV,
    W_PASSWORD_FILE,
    W_TOKEN_ENV,
    W_TOKEN_FILE,
    W_FOLDER,
    W_REQUIRE_TLS,
    W_INSECURE,
    W_TAG,
    W_MESSAGE_ID,
    W_TO,
    W_FROM,
    W_SUBJECT,
    W_WITHIN,
    W_WARN,
    W_CRIT,
    W_SETTLE,
    W_MUST_NOT,
    W_BOUNCE,
    W_STATUS,
    W_COPIES,
    W_EXPECT_FOLDER,
    W_SLOW_HOP,
    W_HOPS_TLS,
    W_AUTHENTIC,
    W_AUTHSERV_ID,
    W_SENT,
    W_EXTRACT,
    W_WRITE_MESSAGE,
    W_DELETE,
    W_JSON,
    W_VIA,
    W_MAIL_FROM,
    W_RCPT,
    W_MESSAGE,
    W_KEEP_MESSAGE,
    W_AUTH_PASSWORD_ENV
};

const char wait_short_options[] = ":s:t:f:h:o:v";

const struct option wait_long_options[] = {LONG_VALUE("sink", W_SINK),
                                           LONG_VALUE("inbox", W_INBOX),
                                           LONG_VALUE("user", W_USER),
                                           LONG_VALUE("password-env", W_PASSWORD_ENV),
                                           LONG_VALUE("password-file", W_PASSWORD_FILE),
                                           LONG_VALUE("token-env", W_TOKEN_ENV),
                                           LONG_VALUE("token-file", W_TOKEN_FILE),
                                           LONG_VALUE("folder", W_FOLDER),
                                           LONG_FLAG("require-tls", W_REQUIRE_TLS),
                                           LONG_FLAG("insecure", W_INSECURE),
                                           LONG_VALUE("tag", W_TAG),
                                           LONG_VALUE("message-id", W_MESSAGE_ID),
                                           LONG_VALUE("to", W_TO),
                                           LONG_VALUE("from", W_FROM),
                                           LONG_VALUE("subject", W_SUBJECT),
                                           LONG_VALUE("within", W_WITHIN),
                                           LONG_VALUE("warn", W_WARN),
                                           LONG_VALUE("crit", W_CRIT),
                                           LONG_VALUE("settle", W_SETTLE),
                                           LONG_FLAG("must-not-arrive", W_MUST_NOT),
                                           LONG_FLAG("bounce", W_BOUNCE),
                                           LONG_VALUE("status", W_STATUS),
                                           LONG_VALUE("copies", W_COPIES),
                                           LONG_VALUE("expect-folder", W_EXPECT_FOLDER),
                                           LONG_VALUE("slow-hop", W_SLOW_HOP),
                                           LONG_FLAG("hops-tls", W_HOPS_TLS),
                                           LONG_FLAG("authentic", W_AUTHENTIC),
                                           LONG_VALUE("authserv-id", W_AUTHSERV_ID),
                                           LONG_VALUE("sent", W_SENT),
                                           LONG_VALUE("extract", W_EXTRACT),
                                           LONG_VALUE("write-message", W_WRITE_MESSAGE),
                                           LONG_FLAG("delete", W_DELETE),
                                           LONG_VALUE("via", W_VIA),
                                           LONG_VALUE("mail-from", W_MAIL_FROM),
                                           LONG_VALUE("rcpt", W_RCPT),
                                           LONG_VALUE("message", W_MESSAGE),
                                           LONG_FLAG("keep-message", W_KEEP_MESSAGE),
                                           LONG_VALUE("body", P_BODY),
                                           LONG_VALUE("attach", P_ATTACH),
                                           LONG_VALUE("header", P_HEADER),
                                           LONG_VALUE("helo", P_HELO),
                                           LONG_VALUE("auth-user", P_AUTH_USER),
                                           LONG_VALUE("auth-mech", P_AUTH),
                                           LONG_VALUE("auth-password-env", W_AUTH_PASSWORD_ENV),
                                           LONG_VALUE("auth-password-file", P_AUTH_PASSWORD_FILE),
                                           LONG_FLAG("auth-plaintext", P_AUTH_PLAINTEXT),
                                           LONG_FLAG("no-tls", P_NO_TLS),
                                           LONG_FLAG("tls-verify", P_TLS_VERIFY),
                                           LONG_VALUE("tls-cert", P_TLS_CERT),
                                           LONG_VALUE("tls-key", P_TLS_KEY),
                                           LONG_FLAG("chunking", P_CHUNKING),
                                           LONG_FLAG("8bitmime", P_8BITMIME),
                                           LONG_FLAG("smtputf8", P_SMTPUTF8),
                                           LONG_FLAG("requiretls", P_REQUIRETLS),
                                           LONG_VALUE("dsn", P_DSN),
                                           LONG_VALUE("ret", P_RET),
                                           LONG_VALUE("envid", P_ENVID),
                                           LONG_VALUE("orcpt", P_ORCPT),
                                           LONG_VALUE("source-address", P_LOCAL),
                                           LONG_VALUE("stage-timeout", P_STAGE_TIMEOUT),
                                           LONG_VALUE("proxy", P_PROXY),
                                           LONG_VALUE("xclient-addr", P_XCLIENT_ADDR),
                                           LONG_VALUE("xclient-name", P_XCLIENT_NAME),
                                           LONG_VALUE("xclient-port", P_XCLIENT_PORT),
                                           LONG_VALUE("xclient-proto", P_XCLIENT_PROTO),
                                           LONG_VALUE("xclient-helo", P_XCLIENT_HELO),
                                           LONG_VALUE("xclient-login", P_XCLIENT_LOGIN),
                                           LONG_VALUE("xclient-destaddr", P_XCLIENT_DESTADDR),
                                           LONG_VALUE("xclient-destport", P_XCLIENT_DESTPORT),
                                           LONG_VALUE("xclient-reverse-name",
                                                      P_XCLIENT_REVERSE_NAME),
                                           LONG_VALUE("resolver", SUBJECT_RESOLVER),
                                           LONG_VALUE("zone", SUBJECT_ZONE),
                                           LONG_VALUE("trust-anchor", SUBJECT_ANCHOR),
                                           LONG_VALUE("ca-file", SUBJECT_CA_FILE),
                                           LONG_VALUE("timeout", SUBJECT_TIMEOUT),
                                           LONG_VALUE("fail-on", SUBJECT_FAIL_ON),
                                           LONG_VALUE("format", SUBJECT_FORMAT),
                                           LONG_FLAG("json", W_JSON),
                                           LONG_VALUE("output", SUBJECT_OUTPUT),
                                           LONG_FLAG("verbose", SUBJECT_VERBOSE),
                                           LONG_VALUE("color", SUBJECT_COLOUR),
                                           LONG_VALUE("colour", SUBJECT_COLOUR),
                                           LONG_VALUE("textfile", SUBJECT_TEXTFILE),
                                           LONG_VALUE("exit", SUBJECT_EXIT),
                                           /* The words of swaks. */
                                           LONG_VALUE("send", W_VIA),
                                           LONG_VALUE("server", W_VIA),
                                           LONG_VALUE("au", P_AUTH_USER),
                                           LONG_VALUE("ehlo", P_HELO),
                                           {NULL, 0, NULL, 0}};

void wait_command_init(struct wait_command *c)
{
    subject_options_init(&c->send.common, "wait");
    probe_options_init(&c->send.options);
    policy_default(&c->policy);
    c->proof.wait.within_ms = WAIT_WITHIN_MS;
}

void wait_command_clear(struct wait_command *c)
{
    subject_options_clear(&c->send.common);
}

/* ---- values ---- */

static int set_time(const char *name, const char *arg, unsigned *out)
{
    return parse_duration(arg, out)
               ? EXIT_PASSED
               : usage_error("wait", "--%s %s: expected a time like 10s, 500ms, 5m", name, arg);
}

static int set_slow_hop(struct wait_command *c, const char *arg)
{
    unsigned ms;
    if (!parse_duration(arg, &ms) || ms % 1000 != 0)
        return usage_error("wait", "--slow-hop %s: expected whole seconds, as servers note them",
                           arg);
    c->proof.expect.slow_hop_s = ms / 1000;
    return EXIT_PASSED;
}

static int set_copies(struct wait_command *c, const char *arg)
{
    uint64_t n;
    if (!str_to_u64(str_from(arg), ARRIVAL_MAX_COPIES - 1, &n) || n == 0)
        return usage_error("wait", "--copies %s: expected 1 to %d", arg, ARRIVAL_MAX_COPIES - 1);
    c->proof.expect.copies = (size_t)n;
    c->proof.wait.min_copies = (size_t)n;
    return EXIT_PASSED;
}

/* "5.1.1", "5.7.*", "4": classes 2, 4 and 5 (RFC 3463 2). */
static bool is_status(struct str s)
{
    size_t parts = 0;
    while (s.p != NULL) {
        struct str part = str_cut(&s, '.');
        uint64_t n;
        bool any = parts > 0 && str_eq(part, STR("*"));
        if (++parts > 3 || (!any && !str_to_u64(part, 999, &n)) ||
            (parts == 1 && !str_eq(part, STR("2")) && !str_eq(part, STR("4")) &&
             !str_eq(part, STR("5"))))
            return false;
    }
    return true;
}

static int set_status(struct wait_command *c, const char *arg)
{
    if (!is_status(str_from(arg)))
        return usage_error("wait", "--status %s: expected a status like 5.1.1 or 5.7.*", arg);
    c->proof.expect.bounce = true;
    c->proof.expect.bounce_status = str_from(arg);
    return EXIT_PASSED;
}

static int add_folder(struct wait_command *c, const char *arg)
{
    struct mailbox_config *m = &c->proof.mailbox;
    if (m->n_folders == ARRIVAL_MAX_FOLDERS)
        return usage_error("wait", "--folder: more than %d", ARRIVAL_MAX_FOLDERS);
    c->folders[m->n_folders++] = str_from(arg);
    m->folders = c->folders;
    return EXIT_PASSED;
}

static int add_rcpt(struct wait_command *c, const char *arg)
{
    c->has_rcpts = true;
    return probe_option_set(&c->send, P_TO, arg, 0, NULL);
}

static int set_extract(struct wait_command *c, const char *arg)
{
    static const struct {
        struct str word;
        enum wait_extract_kind kind;
    } words[] = {{STR_INIT("link"), EXTRACT_LINK},  {STR_INIT("links"), EXTRACT_LINKS},
                 {STR_INIT("otp"), EXTRACT_CODE},   {STR_INIT("code"), EXTRACT_CODE},
                 {STR_INIT("otps"), EXTRACT_CODES}, {STR_INIT("codes"), EXTRACT_CODES}};
    struct str rest = str_from(arg);
    while (rest.p != NULL) {
        struct str with = str_trim(str_cut(&rest, ','));
        struct str word = str_cut(&with, '=');
        size_t i = 0;
        while (i < ARRAY_LEN(words) && !str_eq(words[i].word, word))
            i++;
        bool is_link = i < ARRAY_LEN(words) && words[i].kind <= EXTRACT_LINKS;
        if (i == ARRAY_LEN(words) || (with.p != NULL && (with.n == 0 || !is_link)))
            return usage_error("wait",
                               "--extract %s: expected a list of link, links, otp, otps; "
                               "link=TEXT is the first link that contains TEXT",
                               arg);
        if (c->n_extracts == WAIT_MAX_EXTRACTS)
            return usage_error("wait", "--extract: more than %d", WAIT_MAX_EXTRACTS);
        c->extracts[c->n_extracts++] =
            (struct wait_extract){words[i].kind, with.p != NULL ? with : STR("")};
    }
    return EXIT_PASSED;
}

/* ---- groups of options ---- */

static int set_mailbox(struct wait_command *c, int option, const char *arg)
{
    struct mailbox_config *m = &c->proof.mailbox;
    struct arena *a = &c->send.common.arena;
    c->mailbox_login |= option >= W_USER && option <= W_PASSWORD_FILE;
    switch (option) {
    case W_SINK:
        c->sink = arg;
        break;
    case W_INBOX:
        m->inbox = str_from(arg);
        break;
    case W_USER:
        m->user = str_from(arg);
        break;
    case W_PASSWORD_ENV:
        return secret_of_variable("wait", "--password-env", arg, &m->password);
    case W_PASSWORD_FILE:
        return secret_of_file("wait", arg, a, &m->password);
    case W_TOKEN_ENV:
        return secret_of_variable("wait", "--token-env", arg, &m->token);
    case W_TOKEN_FILE:
        return secret_of_file("wait", arg, a, &m->token);
    case W_FOLDER:
        return add_folder(c, arg);
    case W_REQUIRE_TLS:
        m->require_tls = true;
        break;
    default:
        m->insecure = true;
        break;
    }
    return EXIT_PASSED;
}

static int set_match(struct wait_command *c, int option, const char *arg)
{
    struct mailbox_match *m = &c->proof.wait.match;
    if (*arg == '\0')
        return usage_error("wait", "--tag, --message-id, --to, --from and --subject: not empty");
    switch (option) {
    case W_TAG:
        m->tag = str_from(arg);
        break;
    case W_MESSAGE_ID:
        m->message_id = str_from(arg);
        break;
    case W_TO:
        m->to = str_from(arg);
        break;
    case W_FROM:
        m->from = str_from(arg);
        break;
    default:
        m->subject = str_from(arg);
        break;
    }
    return EXIT_PASSED;
}

static int set_expectation(struct wait_command *c, int option, const char *arg)
{
    struct arrival_expect *e = &c->proof.expect;
    switch (option) {
    case W_WITHIN:
        return set_time("within", arg, &c->proof.wait.within_ms);
    case W_WARN:
        return set_time("warn", arg, &c->warn_ms);
    case W_CRIT:
        return set_time("crit", arg, &c->crit_ms);
    case W_SETTLE:
        c->settle_given = true;
        return set_time("settle", arg, &c->proof.wait.settle_ms);
    case W_MUST_NOT:
        e->must_not_arrive = true;
        break;
    case W_BOUNCE:
        e->bounce = true;
        break;
    case W_STATUS:
        return set_status(c, arg);
    case W_COPIES:
        return set_copies(c, arg);
    case W_EXPECT_FOLDER:
        e->folder = str_from(arg);
        break;
    case W_SLOW_HOP:
        return set_slow_hop(c, arg);
    case W_HOPS_TLS:
        e->hops_tls = true;
        break;
    case W_AUTHENTIC:
        e->authentic = true;
        break;
    default:
        c->proof.wait.own_authserv_id = str_from(arg);
        e->by_receiver = true;
        break;
    }
    return EXIT_PASSED;
}

static int set_result(struct wait_command *c, int option, const char *arg)
{
    switch (option) {
    case W_SENT:
        c->sent_file = arg;
        break;
    case W_EXTRACT:
        return set_extract(c, arg);
    case W_WRITE_MESSAGE:
        c->write_message = arg;
        break;
    case W_DELETE:
        c->proof.remove = true;
        break;
    default:
        c->has_format = true;
        c->send.common.report.format = REPORT_JSON;
        break;
    }
    return EXIT_PASSED;
}

static int set_sending(struct wait_command *c, int option, const char *arg)
{
    c->sending_word |= option != W_VIA;
    switch (option) {
    case W_VIA:
        c->via = arg;
        break;
    case W_MAIL_FROM:
        c->mail_from = arg;
        break;
    case W_RCPT:
        return add_rcpt(c, arg);
    case W_MESSAGE:
        c->message_file = arg;
        break;
    case W_KEEP_MESSAGE:
        c->deliver.keep_raw = c->deliver.as_is = true;
        break;
    default:
        c->send.wants_auth = true;
        return secret_of_variable("wait", "--auth-password-env", arg,
                                  &c->send.options.credentials.password);
    }
    return EXIT_PASSED;
}

static int letter_option(int option)
{
    static const struct {
        int letter, option;
    } letters[] = {{'s', W_VIA},  {'t', W_TO},           {'f', W_FROM},
                   {'h', P_HELO}, {'o', SUBJECT_OUTPUT}, {'v', SUBJECT_VERBOSE}};
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == option)
            return letters[i].option;
    return option;
}

int wait_option_set(struct wait_command *c, int option, const char *arg, int argc, char **argv)
{
    option = letter_option(option);
    c->has_format |= option == SUBJECT_FORMAT;
    if (option >= W_SINK && option <= W_INSECURE)
        return set_mailbox(c, option, arg);
    if (option >= W_TAG && option <= W_SUBJECT)
        return set_match(c, option, arg);
    if (option >= W_WITHIN && option <= W_AUTHSERV_ID)
        return set_expectation(c, option, arg);
    if (option >= W_SENT && option <= W_JSON)
        return set_result(c, option, arg);
    if (option >= W_VIA)
        return set_sending(c, option, arg);
    c->sending_word |= option >= P_SERVER;
    return probe_option_set(&c->send, option, arg, argc, argv);
}
