/* What the options of probe mean: words, addresses, files into the options of the flow room. */
#include <string.h>
#include <strings.h>

#include "cli/probe_options.h"
#include "cli/secret.h"

/* ---- words ---- */

/* `stage`: whose reply is not waited for when the connection is dropped behind the command. */
struct stop_word {
    struct str word;
    enum probe_stop stop;
    enum smtp_stage stage;
};

static const struct stop_word *stop_word_find(struct str word)
{
    static const struct stop_word words[] = {
        {STR_INIT("CONNECT"), PROBE_STOP_CONNECT, SMTP_STAGE_BANNER},
        {STR_INIT("BANNER"), PROBE_STOP_CONNECT, SMTP_STAGE_BANNER},
        {STR_INIT("PROXY"), PROBE_STOP_CONNECT, SMTP_STAGE_BANNER},
        {STR_INIT("FIRST-HELO"), PROBE_STOP_EHLO, SMTP_STAGE_EHLO},
        {STR_INIT("FIRST-EHLO"), PROBE_STOP_EHLO, SMTP_STAGE_EHLO},
        {STR_INIT("FIRST-LHLO"), PROBE_STOP_EHLO, SMTP_STAGE_EHLO},
        {STR_INIT("XCLIENT"), PROBE_STOP_TLS, SMTP_STAGE_XCLIENT},
        {STR_INIT("XCLIENT-HELO"), PROBE_STOP_TLS, SMTP_STAGE_XCLIENT},
        {STR_INIT("TLS"), PROBE_STOP_TLS, SMTP_STAGE_STARTTLS},
        {STR_INIT("HELO"), PROBE_STOP_TLS, SMTP_STAGE_EHLO_TLS},
        {STR_INIT("EHLO"), PROBE_STOP_TLS, SMTP_STAGE_EHLO_TLS},
        {STR_INIT("LHLO"), PROBE_STOP_TLS, SMTP_STAGE_EHLO_TLS},
        {STR_INIT("AUTH"), PROBE_STOP_AUTH, SMTP_STAGE_AUTH},
        {STR_INIT("MAIL"), PROBE_STOP_MAIL, SMTP_STAGE_MAIL},
        {STR_INIT("FROM"), PROBE_STOP_MAIL, SMTP_STAGE_MAIL},
        {STR_INIT("RCPT"), PROBE_STOP_RCPT, SMTP_STAGE_RCPT},
        {STR_INIT("TO"), PROBE_STOP_RCPT, SMTP_STAGE_RCPT},
        {STR_INIT("DATA"), PROBE_STOP_DATA, SMTP_STAGE_DATA},
        {STR_INIT("DOT"), PROBE_STOP_END, SMTP_STAGE_END},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_ieq(words[i].word, word))
            return &words[i];
    return NULL;
}

static int set_stop(struct probe_command *c, int option, const char *arg)
{
    const struct stop_word *w = stop_word_find(str_from(arg));
    bool drops = option != P_STOP, is_end = w != NULL && w->stop == PROBE_STOP_END;
    if (w == NULL || (is_end && !drops))
        return usage_error(c->common.command,
                           "--%s %s: expected CONNECT, FIRST-EHLO, TLS, AUTH, MAIL, RCPT%s",
                           drops ? "drop-after" : "stop-after", arg,
                           drops ? ", DATA or DOT" : " or DATA");
    c->options.stop = w->stop;
    c->options.hang_up = drops;
    c->options.hang_up_at = option == P_DROP_SENT ? w->stage : SMTP_STAGE_CONNECT;
    c->wants_message = c->wants_message || is_end;
    return EXIT_PASSED;
}

/* swaks: [E]SMTP[S][A], SSMTP[A], LMTP[S][A]. S is STARTTLS, SSMTP is TLS on connect, A is AUTH. */
static int set_protocol(struct probe_command *c, const char *arg)
{
    struct str s = str_from(arg);
    bool implicit = str_ieq(s, STR("SSMTP")) || str_ieq(s, STR("SSMTPA"));
    bool lmtp = str_istarts(s, STR("LMTP"));
    struct str rest = implicit                              ? str_slice(s, 5, s.n)
                      : lmtp || str_istarts(s, STR("SMTP")) ? str_slice(s, 4, s.n)
                      : str_istarts(s, STR("ESMTP"))        ? str_slice(s, 5, s.n)
                                                            : STR("?");
    bool starttls = !implicit && rest.n > 0 && to_lower(rest.p[0]) == 's';
    rest = str_slice(rest, starttls, rest.n);
    if (rest.n > 1 || (rest.n == 1 && to_lower(rest.p[0]) != 'a'))
        return usage_error(c->common.command,
                           "--protocol %s: expected SMTP, ESMTP, ESMTPS, ESMTPSA, SSMTP, "
                           "LMTP, LMTPS or the like",
                           arg);
    c->options.lmtp = lmtp;
    c->options.force_helo = str_istarts(s, STR("SMTP"));
    c->wants_auth = c->wants_auth || rest.n == 1;
    if (implicit || starttls)
        c->options.tls_mode = implicit ? TARGET_TLS_IMPLICIT : TARGET_TLS_STARTTLS;
    return EXIT_PASSED;
}

static bool parse_mechs(struct probe_command *c, struct str list)
{
    enum sasl_mech mechs[SASL_MECH_COUNT];
    size_t n = 0;
    while (list.p != NULL) {
        struct str word = str_cut(&list, ',');
        if (n == ARRAY_LEN(mechs) || !sasl_mech_by_name(word, &mechs[n]))
            return false;
        n++;
    }
    memcpy(c->mechs, mechs, n * sizeof *mechs);
    c->options.mechs = c->mechs;
    c->options.n_mechs = n;
    return true;
}

/* swaks' -a may stand alone, or before a list of mechanisms. */
int probe_set_auth(struct probe_command *c, int option, const char *arg, int argc, char **argv)
{
    c->wants_auth = true;
    c->options.auth_optional = c->options.auth_optional || option == P_AUTH_OPTIONAL;
    if (arg == NULL && optind < argc && parse_mechs(c, str_from(argv[optind]))) {
        optind++;
        return EXIT_PASSED;
    }
    if (arg != NULL && !parse_mechs(c, str_from(arg)))
        return usage_error(c->common.command,
                           "--auth-mech %s: expected a list of PLAIN, LOGIN, CRAM-MD5, "
                           "SCRAM-SHA-1, SCRAM-SHA-256 (-PLUS), XOAUTH2, OAUTHBEARER",
                           arg);
    return EXIT_PASSED;
}

int probe_set_login(struct probe_command *c, int option, const char *arg)
{
    c->wants_auth = true;
    switch (option) {
    case P_AUTH_USER:
        c->options.credentials.user = str_from(arg);
        break;
    case P_AUTH_PASSWORD:
        c->options.credentials.password = str_from(arg);
        break;
    case P_AUTH_PASSWORD_FILE:
        return secret_of_file(c->common.command, arg, &c->common.arena,
                              &c->options.credentials.password);
    default:
        c->options.auth_plaintext = true;
        break;
    }
    return EXIT_PASSED;
}

/* ---- TLS ---- */

int probe_set_tls(struct probe_command *c, int option, const char *arg)
{
    struct probe_options *o = &c->options;
    switch (option) {
    case P_STARTTLS:
        o->tls_mode = TARGET_TLS_STARTTLS;
        break;
    case P_IMPLICIT_TLS:
        o->tls_mode = TARGET_TLS_IMPLICIT;
        break;
    case P_NO_TLS:
        o->tls_mode = TARGET_TLS_NONE;
        break;
    case P_TLS_OPTIONAL:
        o->tls_optional = true;
        break;
    case P_TLS_OPTIONAL_STRICT:
        break; /* what we do by default */
    case P_TLS_VERIFY:
        o->tls_verify = true;
        break;
    case P_VERIFY_NAME:
        o->tls_verify = true;
        o->verify_name = str_from(arg);
        break;
    case P_SNI:
        o->sni = str_from(arg);
        break;
    case P_TLS_CERT:
        c->common.tls.cert_file = arg;
        break;
    case P_TLS_KEY:
        c->common.tls.key_file = arg;
        break;
    case P_TLS_CIPHER:
        c->common.tls.ciphers = arg;
        break;
    default:
        c->show_certificate = arg;
        break;
    }
    return EXIT_PASSED;
}

/* "TLSv1.2" is this one alone, "TLSv1.2+" this or later; swaks writes tlsv1_2. */
static int set_tls_version(struct probe_command *c, const char *arg)
{
    static const struct {
        struct str word;
        const char *name;
    } words[] = {{STR_INIT("tlsv1"), "TLSv1"},     {STR_INIT("tlsv1.0"), "TLSv1"},
                 {STR_INIT("tlsv1.1"), "TLSv1.1"}, {STR_INIT("tlsv1_1"), "TLSv1.1"},
                 {STR_INIT("tlsv1.2"), "TLSv1.2"}, {STR_INIT("tlsv1_2"), "TLSv1.2"},
                 {STR_INIT("tlsv1.3"), "TLSv1.3"}, {STR_INIT("tlsv1_3"), "TLSv1.3"}};
    struct str s = str_from(arg);
    bool or_later = str_ends(s, STR("+"));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!str_ieq(words[i].word, str_slice(s, 0, s.n - or_later)))
            continue;
        c->common.tls.min_version = words[i].name;
        c->common.tls.max_version = or_later ? NULL : words[i].name;
        return EXIT_PASSED;
    }
    return usage_error(c->common.command,
                       "--tls-version %s: expected TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3, with a + "
                       "for this and later ones",
                       arg);
}

/* ---- XCLIENT and PROXY ---- */

static int add_attribute(struct probe_command *c, struct str name, struct str value)
{
    if (c->options.n_xclient == PROBE_MAX_XCLIENT)
        return usage_error(c->common.command, "more than %d XCLIENT attributes", PROBE_MAX_XCLIENT);
    c->xclient[c->options.n_xclient++] = (struct smtp_attribute){name, value};
    c->options.xclient = c->xclient;
    return EXIT_PASSED;
}

/* swaks: --xclient "ADDR=192.0.2.8 NAME=mx.test". */
static int add_attributes(struct probe_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    int code = EXIT_PASSED;
    while (code == EXIT_PASSED && rest.p != NULL) {
        struct str value = str_cut(&rest, ' '), name = str_cut(&value, '=');
        if (name.n == 0 || value.n == 0)
            return usage_error(c->common.command, "--xclient %s: expected \"ADDR=... NAME=...\"",
                               arg);
        code = add_attribute(c, name, value);
    }
    return code;
}

int probe_set_xclient(struct probe_command *c, int option, const char *arg)
{
    static const char *const names[] = {"ADDR",  "NAME",     "PORT",     "PROTO",       "HELO",
                                        "LOGIN", "DESTADDR", "DESTPORT", "REVERSE_NAME"};
    struct str value = str_from(arg);
    if (option == P_XCLIENT)
        return add_attributes(c, arg);
    if (option > P_XCLIENT) {
        c->options.xclient_optional = c->options.xclient_optional || option == P_XCLIENT_OPTIONAL;
        c->options.xclient_if_offered =
            c->options.xclient_if_offered || option == P_XCLIENT_OPTIONAL_STRICT;
        c->options.xclient_blind = c->options.xclient_blind || option == P_XCLIENT_NO_VERIFY;
        return EXIT_PASSED;
    }
    if (option == P_XCLIENT_ADDR && str_has(value, ':') && !str_istarts(value, STR("IPV6:")))
        value = arena_fmt(&c->common.arena, "IPV6:%s", arg);
    return add_attribute(c, str_from(names[option - P_XCLIENT_ADDR]), value);
}

/* swaks: --proxy "TCP4 192.0.2.9 127.0.25.1 4321 25" (as version 1 writes it). */
static int parse_proxy(struct probe_command *c, const char *arg)
{
    struct smtp_proxy *p = &c->options.proxy;
    struct str rest = str_from(arg), words[5] = {{0}};
    size_t n = 0;
    uint64_t source_port, target_port;
    while (rest.p != NULL && n < ARRAY_LEN(words))
        words[n++] = str_cut(&rest, ' ');
    if (n == 1 && (str_ieq(words[0], STR("UNKNOWN")) || str_ieq(words[0], STR("LOCAL")))) {
        p->local = true;
        return EXIT_PASSED;
    }
    if (n != 5 || rest.p != NULL || !ip_parse(words[1], &p->source) ||
        !ip_parse(words[2], &p->target) || !str_to_u64(words[3], UINT16_MAX, &source_port) ||
        !str_to_u64(words[4], UINT16_MAX, &target_port))
        return usage_error(c->common.command,
                           "--proxy %s: expected TCP4 SOURCE DEST SOURCE-PORT DEST-PORT", arg);
    p->source_port = (uint16_t)source_port;
    p->target_port = (uint16_t)target_port;
    return EXIT_PASSED;
}

int probe_set_proxy(struct probe_command *c, int option, const char *arg)
{
    struct smtp_proxy *p = &c->options.proxy;
    bool ok = true;
    if (p->version == 0)
        p->version = 1;
    switch (option) {
    case P_PROXY:
        return parse_proxy(c, arg);
    case P_PROXY_VERSION:
        ok = strcmp(arg, "1") == 0 || strcmp(arg, "2") == 0;
        p->version = arg[0] == '2' ? 2 : 1;
        break;
    case P_PROXY_FAMILY: /* told by the addresses */
        break;
    case P_PROXY_PROTOCOL: /* SMTP has no other */
        ok = strcasecmp(arg, "STREAM") == 0;
        break;
    case P_PROXY_COMMAND:
        p->local = strcasecmp(arg, "LOCAL") == 0;
        ok = p->local || strcasecmp(arg, "PROXY") == 0;
        break;
    case P_PROXY_SOURCE:
        ok = ip_parse(str_from(arg), &p->source);
        break;
    case P_PROXY_SOURCE_PORT:
        ok = parse_port(arg, &p->source_port);
        break;
    case P_PROXY_DEST:
        ok = ip_parse(str_from(arg), &p->target);
        break;
    default:
        ok = parse_port(arg, &p->target_port);
        break;
    }
    return ok ? EXIT_PASSED
              : usage_error(c->common.command,
                            "PROXY protocol: '%s' is no version, address, port or known word", arg);
}

/* ---- message ---- */

static int read_text(struct probe_command *c, const char *path, struct str *out)
{
    struct mp_err err = {0};
    struct buf text;
    int st = read_whole(path, PROBE_FILE_MAX_BYTES, &text, &err);
    if (st == MP_OK) {
        *out = arena_copy(&c->common.arena, text.n == 0 ? STR("") : buf_str(&text));
        if (out->p == NULL)
            st = mp_fail(&err, MP_E_NOMEM, 0, "%s: no memory", path);
    }
    buf_clear(&text);
    return st == MP_OK ? EXIT_PASSED : report_failure(c->common.command, &err);
}

static int attach(struct probe_command *c, const char *arg)
{
    const char *path = arg[0] == '@' ? arg + 1 : arg, *slash = strrchr(path, '/');
    if (c->message.n_parts == PROBE_MAX_PARTS)
        return usage_error(c->common.command, "--attach: more than %d files", PROBE_MAX_PARTS);
    struct compose_part *p = &c->parts[c->message.n_parts++];
    *p = (struct compose_part){.name = str_from(slash == NULL ? path : slash + 1),
                               .type = STR("application/octet-stream")};
    c->message.parts = c->parts;
    return read_text(c, path, &p->bytes);
}

int probe_set_message(struct probe_command *c, int option, const char *arg)
{
    c->wants_message = true;
    switch (option) {
    case P_DATA:
        if (arg[0] != '@' && strcmp(arg, "-") != 0) {
            c->message.data = str_from(arg);
            return EXIT_PASSED;
        }
        c->message.is_raw = true;
        return read_text(c, arg[0] == '@' ? arg + 1 : arg, &c->message.data);
    case P_BODY:
        if (arg[0] == '@')
            return read_text(c, arg + 1, &c->message.body);
        c->message.body = str_from(arg);
        break;
    case P_ATTACH:
        return attach(c, arg);
    case P_HEADER:
        if (c->message.n_headers == PROBE_MAX_HEADERS)
            return usage_error(c->common.command, "--header: more than %d", PROBE_MAX_HEADERS);
        c->headers[c->message.n_headers++] = str_from(arg);
        c->message.headers = c->headers;
        break;
    default:
        break;
    }
    return EXIT_PASSED;
}

/* ---- envelope and tests ---- */

static int add_recipients(struct probe_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    while (rest.p != NULL) {
        struct str one = str_trim(str_cut(&rest, ','));
        if (one.n == 0)
            continue;
        if (c->options.n_rcpts == PROBE_MAX_RCPTS)
            return usage_error(c->common.command, "--to: more than %d recipients", PROBE_MAX_RCPTS);
        c->rcpts[c->options.n_rcpts++] = one;
        c->options.rcpts = c->rcpts;
    }
    return EXIT_PASSED;
}

static int set_sequences(struct probe_command *c, const char *arg)
{
    struct str rest = str_from(arg);
    c->options.n_sequences = 0;
    while (rest.p != NULL) {
        struct str word = str_cut(&rest, ',');
        const struct smuggle_sequence *s = smuggle_by_name(word);
        if (s == NULL || c->options.n_sequences == SMUGGLE_SEQUENCES)
            return usage_error(c->common.command,
                               "--sequences %.*s: no sequence of that name, as LF.CRLF is",
                               STR_ARG(word));
        c->sequences[c->options.n_sequences++] = s;
    }
    c->options.smuggle = true;
    c->options.sequences = c->sequences;
    return EXIT_PASSED;
}

int probe_set_tests(struct probe_command *c, int option, const char *arg)
{
    struct probe_options *o = &c->options;
    switch (option) {
    case P_RETRY_AFTER:
        return parse_duration(arg, &o->retry_after_ms)
                   ? EXIT_PASSED
                   : usage_error(c->common.command,
                                 "--retry-after %s: expected a time like 60s, 5m", arg);
    case P_STAGE_TIMEOUT:
        return parse_duration(arg, &o->stage_timeout_ms)
                   ? EXIT_PASSED
                   : usage_error(c->common.command, "--stage-timeout %s: expected a time like 30s",
                                 arg);
    case P_SEQUENCES:
        return set_sequences(c, arg);
    case P_RELAY_TO:
        o->relay_target = str_from(arg);
        o->relay_test = true;
        break;
    case P_STS_CACHE:
        o->sts_cache = arg;
        break;
    default:
        o->relay_test = o->relay_test || option == P_RELAY_TEST;
        o->smuggle = o->smuggle || option == P_SMUGGLE;
        o->no_dane = o->no_dane || option == P_NO_DANE;
        o->no_sts = o->no_sts || option == P_NO_STS;
        o->no_ptr = o->no_ptr || option == P_NO_PTR;
        o->injection_test = o->injection_test && option != P_NO_INJECTION;
        o->catch_all = o->catch_all && option != P_NO_CATCH_ALL;
        o->vrfy = o->vrfy || option == P_VRFY;
        o->first_only = o->first_only || option == P_FIRST;
        break;
    }
    return EXIT_PASSED;
}

int probe_set_parameters(struct probe_command *c, int option, const char *arg)
{
    struct smtp_mail_params *m = &c->options.mail_params;
    switch (option) {
    case P_DSN:
        c->options.rcpt_params.notify = str_from(arg);
        break;
    case P_ORCPT:
        c->options.rcpt_params.orcpt = str_from(arg);
        break;
    case P_RET:
        if (strcmp(arg, "FULL") != 0 && strcmp(arg, "HDRS") != 0)
            return usage_error(c->common.command, "--ret %s: expected FULL or HDRS", arg);
        m->ret = arg;
        break;
    case P_ENVID:
        m->envid = str_from(arg);
        break;
    case P_SIZE:
        if (!str_to_u64(str_from(arg), UINT64_MAX, &m->size_bytes))
            return usage_error(c->common.command, "--size %s: expected a number of bytes", arg);
        break;
    case P_SMTPUTF8:
        m->smtputf8 = true;
        break;
    case P_REQUIRETLS:
        m->requiretls = true;
        break;
    default:
        m->body = SMTP_BODY_8BITMIME;
        break;
    }
    return EXIT_PASSED;
}

int probe_set_connection(struct probe_command *c, int option, const char *arg)
{
    struct probe_options *o = &c->options;
    switch (option) {
    case P_SERVER:
        c->server = arg;
        break;
    case P_PORT:
        if (!parse_port(arg, &o->port))
            return usage_error(c->common.command, "--port %s: expected 1 to 65535", arg);
        break;
    case P_TO:
        return add_recipients(c, arg);
    case P_FROM:
        o->mail_from = str_from(strcmp(arg, "<>") == 0 ? "" : arg);
        o->has_mail_from = true;
        break;
    case P_HELO:
        c->common.helo = str_from(arg);
        break;
    case P_LOCAL:
        if (!ip_parse(str_from(arg), &o->local))
            return usage_error(c->common.command, "--source-address %s: not an IP address", arg);
        break;
    case P_COPY_ROUTING:
        c->copy_routing = arg;
        break;
    case P_LMTP:
        o->lmtp = true;
        break;
    case P_PIPELINE:
        o->pipeline = true;
        break;
    default:
        o->chunking = true;
        break;
    }
    return EXIT_PASSED;
}

int probe_set_word(struct probe_command *c, int option, const char *arg)
{
    switch (option) {
    case '4':
        c->options.only_v4 = true;
        break;
    case '6':
        c->options.only_v6 = true;
        break;
    case P_STOP:
    case P_DROP:
    case P_DROP_SENT:
        return set_stop(c, option, arg);
    case P_PROTOCOL:
        return set_protocol(c, arg);
    case P_TLS_VERSION:
        return set_tls_version(c, arg);
    case P_HIDE_DATA:
        c->options.hide_data = true;
        break;
    case P_SILENCE:
        c->common.quiet = true;
        break;
    case P_AUTH_HIDE: /* secrets are always masked */
        break;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
    return EXIT_PASSED;
}
