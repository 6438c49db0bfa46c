/* The option table of probe: ours first, then swaks' words for the same. */
#include "cli/probe_options.h"

#include <string.h>

#include "base/hex.h"
#include "crypto/hmac.h"

const char probe_short_options[] = ":s:p:t:f:h:q:a::d:46nSo:v";

const struct option probe_long_options[] = {
    SUBJECT_LONG_OPTIONS,
    LONG_VALUE("server", P_SERVER),
    LONG_VALUE("port", P_PORT),
    LONG_VALUE("to", P_TO),
    LONG_VALUE("from", P_FROM),
    LONG_VALUE("helo", P_HELO),
    LONG_VALUE("stop-after", P_STOP),
    LONG_FLAG("starttls", P_STARTTLS),
    LONG_FLAG("implicit-tls", P_IMPLICIT_TLS),
    LONG_FLAG("no-tls", P_NO_TLS),
    LONG_FLAG("tls-verify", P_TLS_VERIFY),
    LONG_VALUE("verify-name", P_VERIFY_NAME),
    LONG_VALUE("sni", P_SNI),
    LONG_VALUE("tls-cert", P_TLS_CERT),
    LONG_VALUE("tls-key", P_TLS_KEY),
    LONG_VALUE("tls-version", P_TLS_VERSION),
    LONG_VALUE("tls-cipher", P_TLS_CIPHER),
    LONG_VALUE("show-cert", P_SHOW_CERT),
    LONG_VALUE("auth-mech", P_AUTH),
    LONG_VALUE("auth-user", P_AUTH_USER),
    LONG_VALUE("auth-password-file", P_AUTH_PASSWORD_FILE),
    LONG_FLAG("auth-optional", P_AUTH_OPTIONAL),
    LONG_FLAG("auth-plaintext", P_AUTH_PLAINTEXT),
    LONG_FLAG("lmtp", P_LMTP),
    LONG_FLAG("pipeline", P_PIPELINE),
    LONG_FLAG("chunking", P_CHUNKING),
    LONG_VALUE("xclient-addr", P_XCLIENT_ADDR),
    LONG_VALUE("xclient-name", P_XCLIENT_NAME),
    LONG_VALUE("xclient-port", P_XCLIENT_PORT),
    LONG_VALUE("xclient-proto", P_XCLIENT_PROTO),
    LONG_VALUE("xclient-helo", P_XCLIENT_HELO),
    LONG_VALUE("xclient-login", P_XCLIENT_LOGIN),
    LONG_VALUE("xclient-destaddr", P_XCLIENT_DESTADDR),
    LONG_VALUE("xclient-destport", P_XCLIENT_DESTPORT),
    LONG_VALUE("xclient-reverse-name", P_XCLIENT_REVERSE_NAME),
    LONG_VALUE("proxy", P_PROXY),
    LONG_VALUE("proxy-version", P_PROXY_VERSION),
    LONG_VALUE("proxy-family", P_PROXY_FAMILY),
    LONG_VALUE("proxy-source", P_PROXY_SOURCE),
    LONG_VALUE("proxy-source-port", P_PROXY_SOURCE_PORT),
    LONG_VALUE("proxy-dest", P_PROXY_DEST),
    LONG_VALUE("proxy-dest-port", P_PROXY_DEST_PORT),
    LONG_FLAG("send", P_SEND),
    LONG_VALUE("data", P_DATA),
    LONG_VALUE("body", P_BODY),
    LONG_VALUE("attach", P_ATTACH),
    LONG_VALUE("header", P_HEADER),
    LONG_VALUE("source-address", P_LOCAL),
    LONG_FLAG("hide-data", P_HIDE_DATA),
    LONG_FLAG("no-dane", P_NO_DANE),
    LONG_FLAG("no-mta-sts", P_NO_STS),
    LONG_FLAG("no-ptr", P_NO_PTR),
    LONG_FLAG("no-injection-test", P_NO_INJECTION),
    LONG_VALUE("sts-cache", P_STS_CACHE),
    LONG_FLAG("no-catch-all", P_NO_CATCH_ALL),
    LONG_FLAG("vrfy", P_VRFY),
    LONG_VALUE("retry-after", P_RETRY_AFTER),
    LONG_FLAG("relay-test", P_RELAY_TEST),
    LONG_VALUE("relay-to", P_RELAY_TO),
    LONG_FLAG("smuggle", P_SMUGGLE),
    LONG_VALUE("sequences", P_SEQUENCES),
    LONG_FLAG("first", P_FIRST),
    LONG_VALUE("stage-timeout", P_STAGE_TIMEOUT),
    LONG_VALUE("dsn", P_DSN),
    LONG_VALUE("ret", P_RET),
    LONG_VALUE("envid", P_ENVID),
    LONG_VALUE("orcpt", P_ORCPT),
    LONG_FLAG("smtputf8", P_SMTPUTF8),
    LONG_FLAG("requiretls", P_REQUIRETLS),
    LONG_FLAG("8bitmime", P_8BITMIME),
    LONG_VALUE("size", P_SIZE),
    /* The words of swaks. */
    LONG_VALUE("ehlo", P_HELO),
    LONG_VALUE("lhlo", P_HELO),
    LONG_VALUE("cc", P_TO),
    LONG_VALUE("bcc", P_TO),
    LONG_VALUE("quit", P_STOP),
    LONG_VALUE("quit-after", P_STOP),
    LONG_VALUE("da", P_DROP),
    LONG_VALUE("drop-after", P_DROP),
    LONG_VALUE("das", P_DROP_SENT),
    LONG_VALUE("drop-after-send", P_DROP_SENT),
    LONG_FLAG("tls", P_STARTTLS),
    LONG_FLAG("tlsc", P_IMPLICIT_TLS),
    LONG_FLAG("tls-on-connect", P_IMPLICIT_TLS),
    LONG_FLAG("tlso", P_TLS_OPTIONAL),
    LONG_FLAG("tls-optional", P_TLS_OPTIONAL),
    LONG_FLAG("tlsos", P_TLS_OPTIONAL_STRICT),
    LONG_FLAG("tls-optional-strict", P_TLS_OPTIONAL_STRICT),
    LONG_VALUE("tls-verify-ca", SUBJECT_CA_FILE),
    LONG_VALUE("tls-ca-path", SUBJECT_CA_FILE),
    LONG_FLAG("tls-verify-host", P_TLS_VERIFY),
    LONG_VALUE("tls-verify-target", P_VERIFY_NAME),
    LONG_VALUE("tls-chain", P_TLS_CERT),
    LONG_VALUE("tls-sni", P_SNI),
    LONG_VALUE("tlsp", P_TLS_VERSION),
    LONG_VALUE("tls-protocol", P_TLS_VERSION),
    LONG_VALUE("tls-get-peer-cert", P_SHOW_CERT),
    {"auth", optional_argument, NULL, P_AUTH},
    {"ao", optional_argument, NULL, P_AUTH_OPTIONAL},
    {"aos", optional_argument, NULL, P_AUTH_OPTIONAL},
    {"auth-optional-strict", optional_argument, NULL, P_AUTH_OPTIONAL},
    LONG_VALUE("au", P_AUTH_USER),
    LONG_VALUE("ap", P_AUTH_PASSWORD),
    LONG_VALUE("auth-password", P_AUTH_PASSWORD),
    {"ahp", optional_argument, NULL, P_AUTH_HIDE},
    {"auth-hide-password", optional_argument, NULL, P_AUTH_HIDE},
    LONG_VALUE("protocol", P_PROTOCOL),
    LONG_VALUE("li", P_LOCAL),
    LONG_VALUE("local-interface", P_LOCAL),
    LONG_VALUE("copy-routing", P_COPY_ROUTING),
    LONG_FLAG("suppress-data", P_HIDE_DATA),
    LONG_FLAG("silent", P_SILENCE),
    LONG_VALUE("ah", P_HEADER),
    LONG_VALUE("add-header", P_HEADER),
    LONG_VALUE("output-file", SUBJECT_OUTPUT),
    LONG_VALUE("xclient", P_XCLIENT),
    LONG_FLAG("xclient-optional", P_XCLIENT_OPTIONAL),
    LONG_FLAG("xclient-optional-strict", P_XCLIENT_OPTIONAL_STRICT),
    LONG_FLAG("xclient-no-verify", P_XCLIENT_NO_VERIFY),
    LONG_VALUE("proxy-protocol", P_PROXY_PROTOCOL),
    LONG_VALUE("proxy-command", P_PROXY_COMMAND),
    {NULL, 0, NULL, 0}};

/* The one-letter options of swaks and ours. */
static int letter_option(int option)
{
    static const struct {
        int letter, option;
    } letters[] = {{'s', P_SERVER},  {'p', P_PORT},         {'t', P_TO},
                   {'f', P_FROM},    {'h', P_HELO},         {'q', P_STOP},
                   {'a', P_AUTH},    {'d', P_DATA},         {'n', P_HIDE_DATA},
                   {'S', P_SILENCE}, {'o', SUBJECT_OUTPUT}, {'v', SUBJECT_VERBOSE}};
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == option)
            return letters[i].option;
    return option;
}

int probe_option_set(struct probe_command *c, int option, const char *arg, int argc, char **argv)
{
    option = letter_option(option);
    if (option >= SUBJECT_RESOLVER && option < SUBJECT_LAST)
        return subject_options_set(&c->common, option, arg);
    if (option == P_AUTH || option == P_AUTH_OPTIONAL)
        return probe_set_auth(c, option, arg, argc, argv);
    if (option == P_TLS_VERSION || option == P_AUTH_HIDE || option == P_PROTOCOL ||
        (option >= P_STOP && option <= P_DROP_SENT))
        return probe_set_word(c, option, arg);
    if (option >= P_STARTTLS && option <= P_SHOW_CERT)
        return probe_set_tls(c, option, arg);
    if (option >= P_AUTH_USER && option <= P_AUTH_PLAINTEXT)
        return probe_set_login(c, option, arg);
    if (option >= P_XCLIENT_ADDR && option <= P_XCLIENT_NO_VERIFY)
        return probe_set_xclient(c, option, arg);
    if (option >= P_PROXY && option <= P_PROXY_DEST_PORT)
        return probe_set_proxy(c, option, arg);
    if (option >= P_DATA && option <= P_SEND)
        return probe_set_message(c, option, arg);
    if ((option >= P_NO_DANE && option <= P_STAGE_TIMEOUT))
        return probe_set_tests(c, option, arg);
    if (option >= P_DSN && option <= P_SIZE)
        return probe_set_parameters(c, option, arg);
    if ((option >= P_SERVER && option <= P_HELO) || option == P_LOCAL || option == P_COPY_ROUTING ||
        (option >= P_LMTP && option <= P_CHUNKING))
        return probe_set_connection(c, option, arg);
    return probe_set_word(c, option, arg);
}

/* ---- before and after the options ---- */

char **probe_rewrite_arguments(struct arena *a, int argc, char **argv, int *n)
{
    char **out = arena_new(a, char *, 2 * (size_t)argc + 2);
    if (out == NULL)
        return NULL;
    int at = 0;
    for (int i = 0; i < argc; i++) {
        struct str word = str_from(argv[i]), name = STR_NONE;
        if (str_starts(word, STR("--h-")))
            name = str_slice(word, 4, word.n);
        else if (str_starts(word, STR("--header-")))
            name = str_slice(word, 9, word.n);
        if (name.n == 0 || i + 1 == argc) {
            out[at++] = argv[i];
            continue;
        }
        static char header_word[] = "--header";
        struct str line = arena_fmt(a, "%.*s: %s", STR_ARG(name), argv[++i]);
        if (line.p == NULL)
            return NULL;
        out[at++] = header_word;
        out[at++] = (char *)(uintptr_t)line.p;
    }
    *n = at;
    return out;
}

static int choose_targets(struct probe_command *c, int argc, char **argv)
{
    if (c->server != NULL)
        c->targets[c->n_targets++] = c->server;
    else if (c->copy_routing != NULL)
        c->targets[c->n_targets++] = c->copy_routing;
    for (int i = 0; i < argc; i++) {
        if (c->n_targets == SUBJECT_MAX_TARGETS)
            return usage_error("probe", "more than %d targets", SUBJECT_MAX_TARGETS);
        c->targets[c->n_targets++] = argv[i];
    }
    if (c->n_targets == 0 && c->options.n_rcpts > 0) { /* as swaks: where its mail goes */
        struct str to = c->rcpts[0], domain = str_slice(to, str_rfind(to, '@') + 1, to.n);
        struct str copy = arena_copy(&c->common.arena, domain);
        if (copy.n > 0)
            c->targets[c->n_targets++] = copy.p;
    }
    if (c->n_targets == 0)
        return usage_error("probe", "nothing to probe: name a domain, a host or a URL");
    return EXIT_PASSED;
}

static int compose(struct probe_command *c)
{
    struct mp_err err = {0};
    struct buf out;
    unsigned char id[12];
    struct arena *a = &c->common.arena;
    struct compose *m = &c->message;
    struct buf to;
    buf_init(&to, COMPOSE_MAX_BYTES);
    for (size_t i = 0; i < c->options.n_rcpts; i++)
        buf_addf(&to, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(c->rcpts[i]));
    m->to = arena_copy(a, to.n == 0 ? STR("") : buf_str(&to));
    buf_clear(&to);
    if (!crypto_random(id, sizeof id))
        return usage_error("probe", "no random numbers");
    m->id = hex_encode(a, str_make((const char *)id, sizeof id));
    m->from = c->options.mail_from;
    m->host = c->common.helo;
    m->now_s = c->common.now_s;
    buf_init(&out, COMPOSE_MAX_BYTES);
    int st = compose_message(m, &out, &err);
    if (st == MP_OK)
        c->options.message = arena_copy(a, buf_str(&out));
    c->options.has_message = st == MP_OK && c->options.message.p != NULL;
    buf_clear(&out);
    return c->options.has_message ? EXIT_PASSED : report_failure("probe", &err);
}

static int check_combination(const struct probe_command *c)
{
    const struct probe_options *o = &c->options;
    if ((o->smuggle || c->wants_message) && o->n_rcpts == 0)
        return usage_error("probe", "%s needs a recipient: --to ADDRESS",
                           o->smuggle ? "--smuggle" : "--send");
    if (o->only_v4 && o->only_v6)
        return usage_error("probe", "-4 and -6 leave no address");
    if (c->wants_auth && o->credentials.user.n == 0)
        return usage_error("probe", "AUTH needs a user: --auth-user NAME");
    if (o->proxy.version != 0 && !o->proxy.local &&
        o->proxy.source.family != o->proxy.target.family)
        return usage_error("probe", "PROXY protocol: source and destination must both be given, of "
                                    "one family");
    return EXIT_PASSED;
}

int probe_options_finish(struct probe_command *c, int argc, char **argv)
{
    int code = choose_targets(c, argc, argv);
    if (code == EXIT_PASSED)
        code = check_combination(c);
    c->options.has_credentials = c->wants_auth;
    if (code == EXIT_PASSED && c->wants_message)
        code = compose(c);
    return code;
}
