/* The option table of probe: ours first, then swaks' words for the same. */
#include "cli/probe_options.h"

#include <string.h>

#include "base/hex.h"
#include "crypto/hmac.h"

const char probe_short_options[] = ":s:p:t:f:h:q:a::d:46nSo:v";

#define FLAG(name, id)                                                                             \
    {                                                                                              \
        name, no_argument, NULL, id                                                                \
    }
#define VALUE(name, id)                                                                            \
    {                                                                                              \
        name, required_argument, NULL, id                                                          \
    }
const struct option probe_long_options[] = {
    SUBJECT_LONG_OPTIONS,
    VALUE("server", P_SERVER),
    VALUE("port", P_PORT),
    VALUE("to", P_TO),
    VALUE("from", P_FROM),
    VALUE("helo", P_HELO),
    VALUE("stop-after", P_STOP),
    FLAG("starttls", P_STARTTLS),
    FLAG("implicit-tls", P_IMPLICIT_TLS),
    FLAG("no-tls", P_NO_TLS),
    FLAG("tls-verify", P_TLS_VERIFY),
    VALUE("verify-name", P_VERIFY_NAME),
    VALUE("sni", P_SNI),
    VALUE("tls-cert", P_TLS_CERT),
    VALUE("tls-key", P_TLS_KEY),
    VALUE("tls-version", P_TLS_VERSION),
    VALUE("tls-cipher", P_TLS_CIPHER),
    VALUE("show-cert", P_SHOW_CERT),
    VALUE("auth-mech", P_AUTH),
    VALUE("auth-user", P_AUTH_USER),
    VALUE("auth-password-file", P_AUTH_PASSWORD_FILE),
    FLAG("auth-optional", P_AUTH_OPTIONAL),
    FLAG("auth-plaintext", P_AUTH_PLAINTEXT),
    FLAG("lmtp", P_LMTP),
    FLAG("pipeline", P_PIPELINE),
    FLAG("chunking", P_CHUNKING),
    VALUE("xclient-addr", P_XCLIENT_ADDR),
    VALUE("xclient-name", P_XCLIENT_NAME),
    VALUE("xclient-port", P_XCLIENT_PORT),
    VALUE("xclient-proto", P_XCLIENT_PROTO),
    VALUE("xclient-helo", P_XCLIENT_HELO),
    VALUE("xclient-login", P_XCLIENT_LOGIN),
    VALUE("xclient-destaddr", P_XCLIENT_DESTADDR),
    VALUE("xclient-destport", P_XCLIENT_DESTPORT),
    VALUE("xclient-reverse-name", P_XCLIENT_REVERSE_NAME),
    VALUE("proxy", P_PROXY),
    VALUE("proxy-version", P_PROXY_VERSION),
    VALUE("proxy-family", P_PROXY_FAMILY),
    VALUE("proxy-source", P_PROXY_SOURCE),
    VALUE("proxy-source-port", P_PROXY_SOURCE_PORT),
    VALUE("proxy-dest", P_PROXY_DEST),
    VALUE("proxy-dest-port", P_PROXY_DEST_PORT),
    FLAG("send", P_SEND),
    VALUE("data", P_DATA),
    VALUE("body", P_BODY),
    VALUE("attach", P_ATTACH),
    VALUE("header", P_HEADER),
    VALUE("source-address", P_LOCAL),
    FLAG("hide-data", P_HIDE_DATA),
    FLAG("no-dane", P_NO_DANE),
    FLAG("no-mta-sts", P_NO_STS),
    FLAG("no-ptr", P_NO_PTR),
    FLAG("no-injection-test", P_NO_INJECTION),
    VALUE("sts-cache", P_STS_CACHE),
    FLAG("no-catch-all", P_NO_CATCH_ALL),
    FLAG("vrfy", P_VRFY),
    VALUE("retry-after", P_RETRY_AFTER),
    FLAG("relay-test", P_RELAY_TEST),
    VALUE("relay-to", P_RELAY_TO),
    FLAG("smuggle", P_SMUGGLE),
    VALUE("sequences", P_SEQUENCES),
    FLAG("first", P_FIRST),
    VALUE("stage-timeout", P_STAGE_TIMEOUT),
    VALUE("dsn", P_DSN),
    VALUE("ret", P_RET),
    VALUE("envid", P_ENVID),
    VALUE("orcpt", P_ORCPT),
    FLAG("smtputf8", P_SMTPUTF8),
    FLAG("requiretls", P_REQUIRETLS),
    FLAG("8bitmime", P_8BITMIME),
    VALUE("size", P_SIZE),
    /* The words of swaks. */
    VALUE("ehlo", P_HELO),
    VALUE("lhlo", P_HELO),
    VALUE("cc", P_TO),
    VALUE("bcc", P_TO),
    VALUE("quit", P_STOP),
    VALUE("quit-after", P_STOP),
    VALUE("da", P_DROP),
    VALUE("drop-after", P_DROP),
    VALUE("das", P_DROP_SENT),
    VALUE("drop-after-send", P_DROP_SENT),
    FLAG("tls", P_STARTTLS),
    FLAG("tlsc", P_IMPLICIT_TLS),
    FLAG("tls-on-connect", P_IMPLICIT_TLS),
    FLAG("tlso", P_TLS_OPTIONAL),
    FLAG("tls-optional", P_TLS_OPTIONAL),
    FLAG("tlsos", P_TLS_OPTIONAL_STRICT),
    FLAG("tls-optional-strict", P_TLS_OPTIONAL_STRICT),
    VALUE("tls-verify-ca", SUBJECT_CA_FILE),
    VALUE("tls-ca-path", SUBJECT_CA_FILE),
    FLAG("tls-verify-host", P_TLS_VERIFY),
    VALUE("tls-verify-target", P_VERIFY_NAME),
    VALUE("tls-chain", P_TLS_CERT),
    VALUE("tls-sni", P_SNI),
    VALUE("tlsp", P_TLS_VERSION),
    VALUE("tls-protocol", P_TLS_VERSION),
    VALUE("tls-get-peer-cert", P_SHOW_CERT),
    {"auth", optional_argument, NULL, P_AUTH},
    {"ao", optional_argument, NULL, P_AUTH_OPTIONAL},
    {"aos", optional_argument, NULL, P_AUTH_OPTIONAL},
    {"auth-optional-strict", optional_argument, NULL, P_AUTH_OPTIONAL},
    VALUE("au", P_AUTH_USER),
    VALUE("ap", P_AUTH_PASSWORD),
    VALUE("auth-password", P_AUTH_PASSWORD),
    {"ahp", optional_argument, NULL, P_AUTH_HIDE},
    {"auth-hide-password", optional_argument, NULL, P_AUTH_HIDE},
    VALUE("protocol", P_PROTOCOL),
    VALUE("li", P_LOCAL),
    VALUE("local-interface", P_LOCAL),
    VALUE("copy-routing", P_COPY_ROUTING),
    FLAG("suppress-data", P_HIDE_DATA),
    FLAG("silent", P_SILENCE),
    VALUE("ah", P_HEADER),
    VALUE("add-header", P_HEADER),
    VALUE("output-file", SUBJECT_OUTPUT),
    VALUE("xclient", P_XCLIENT),
    FLAG("xclient-optional", P_XCLIENT_OPTIONAL),
    FLAG("xclient-optional-strict", P_XCLIENT_OPTIONAL_STRICT),
    FLAG("xclient-no-verify", P_XCLIENT_NO_VERIFY),
    VALUE("proxy-protocol", P_PROXY_PROTOCOL),
    VALUE("proxy-command", P_PROXY_COMMAND),
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
