/* The option table of sink: addresses, sizes, who may send. */
#include "cli/sink_options.h"

#include <string.h>

enum {
    S_LISTEN = SINK_HTTP_LAST,
    S_LMTP,
    S_TLS_LISTEN,
    S_STORE,
    S_MEMORY,
    S_MAX_MESSAGES,
    S_MAX_AGE,
    S_MAX_BYTES,
    S_MAX_SIZE,
    S_MAX_RCPTS,
    S_MAX_CONNECTIONS,
    S_IDLE_TIMEOUT,
    S_HOSTNAME,
    S_DOMAIN,
    S_TLS,
    S_CERT,
    S_KEY,
    S_AUTH,
    S_AUTH_REQUIRED,
    S_AUTH_PLAINTEXT,
    S_LENIENT,
    S_XCLIENT,
    S_NO_ATTEMPTS,
    S_SCRIPT,
    S_WAIT_FILE,
    S_OPEN,
    S_FORMAT,
    S_QUIET
};

const struct option sink_long_options[] = {LONG_VALUE("listen", S_LISTEN),
                                           LONG_VALUE("lmtp", S_LMTP),
                                           LONG_VALUE("tls-listen", S_TLS_LISTEN),
                                           LONG_VALUE("store", S_STORE),
                                           LONG_FLAG("memory", S_MEMORY),
                                           LONG_VALUE("max-messages", S_MAX_MESSAGES),
                                           LONG_VALUE("max-age", S_MAX_AGE),
                                           LONG_VALUE("max-bytes", S_MAX_BYTES),
                                           LONG_VALUE("max-size", S_MAX_SIZE),
                                           LONG_VALUE("max-rcpts", S_MAX_RCPTS),
                                           LONG_VALUE("max-connections", S_MAX_CONNECTIONS),
                                           LONG_VALUE("idle-timeout", S_IDLE_TIMEOUT),
                                           LONG_VALUE("hostname", S_HOSTNAME),
                                           LONG_VALUE("domain", S_DOMAIN),
                                           LONG_VALUE("tls", S_TLS),
                                           LONG_VALUE("cert", S_CERT),
                                           LONG_VALUE("key", S_KEY),
                                           LONG_VALUE("auth", S_AUTH),
                                           LONG_FLAG("auth-required", S_AUTH_REQUIRED),
                                           LONG_FLAG("auth-plaintext", S_AUTH_PLAINTEXT),
                                           LONG_FLAG("lenient", S_LENIENT),
                                           LONG_FLAG("xclient", S_XCLIENT),
                                           LONG_FLAG("no-attempts", S_NO_ATTEMPTS),
                                           LONG_VALUE("script", S_SCRIPT),
                                           LONG_VALUE("wait-file", S_WAIT_FILE),
                                           LONG_FLAG("open", S_OPEN),
                                           LONG_VALUE("format", S_FORMAT),
                                           LONG_FLAG("quiet", S_QUIET),
                                           SINK_HTTP_LONG_OPTIONS,
                                           {NULL, 0, NULL, 0}};

const char sink_help[] =
    "Where:\n"
    "  --listen ADDRESS:PORT      SMTP; repeatable (default 127.0.0.1:2525; port 0: any free one)\n"
    "  --lmtp ADDRESS:PORT        LMTP; repeatable; also unix:PATH\n"
    "  --tls-listen ADDRESS:PORT  SMTP in TLS from the first byte; repeatable\n"
    "  --hostname NAME            in greeting and certificate (default localhost)\n"
    "  --domain NAME              of the inboxes' addresses (default sink.test)\n"
    "  --open                     let anybody send who reaches a bind wider than loopback\n"
    "Keeping:\n"
    "  --store DIR                keep mail in this directory; 250 means that it is on disk\n"
    "  --memory                   keep mail in memory only (the default)\n"
    "  --max-messages N           the oldest go; also --max-age, --max-bytes\n"
    "  --max-age TIME             30s, 20m, 12h, 7d\n"
    "  --max-bytes SIZE           500k, 10M, 2G\n"
    "  --no-attempts              do not keep transactions that were refused or dropped\n"
    "Limits:\n"
    "  --max-size SIZE            of a message (default 50M)\n"
    "  --max-rcpts N              of a message (default 1000, at most 10000)\n"
    "  --max-connections N        at once (default 10000)\n"
    "  --idle-timeout TIME        a client may be silent (default 5m)\n"
    "Who and how:\n"
    "  --tls WORD                 auto (STARTTLS is offered, default), off, required\n"
    "  --cert FILE                certificate chain, PEM (default: one is made)\n"
    "  --key FILE                 its key (default: in --cert)\n"
    "  --auth WORD|FILE           any (every login is right, default), off, or a file of\n"
    "                             user:password lines\n"
    "  --auth-required            no mail without a login\n"
    "  --auth-plaintext           offer AUTH without TLS too\n"
    "  --lenient                  take bare LF, CR and NUL, and note where they were\n"
    "  --xclient                  obey XCLIENT of clients on this machine\n"
    "  --script FILE              rules for answers, JSON (docs/sink.md)\n" SINK_HTTP_HELP
    "With others:\n"
    "  --wait-file FILE           write MAILPROOF_SINK_... lines there when ready\n"
    "  --format WORD              each message on standard output: text (default), jsonl, none\n"
    "  --quiet                    nothing on standard error but errors\n"
    "  -- COMMAND...              run it with those variables, end when it ends, with its code\n";

void sink_command_init(struct sink_command *c)
{
    *c = (struct sink_command){.domain = "sink.test", .tls = SINK_TLS_OFFERED};
    sink_config_init(&c->config);
    sink_http_init(&c->http);
}

/* ---- values ---- */

/* 127.0.0.1:25, [::1]:25, localhost:25, *:25 */
static bool read_address(const char *text, struct ip *ip, uint16_t *port)
{
    struct str s = str_from(text);
    size_t colon = str_rfind(s, ':');
    struct str host = str_slice(s, 0, colon);
    uint64_t number;
    if (colon == s.n || !str_to_u64(str_slice(s, colon + 1, s.n), UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        return ip_parse_keep_mapped(str_slice(host, 1, host.n - 1), ip) && ip->family == IP_V6;
    if (str_eq(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (str_eq(host, STR("*")))
        host = STR("0.0.0.0");
    return ip_parse(host, ip) && ip->family == IP_V4;
}

static int add_listener(struct sink_command *c, const char *name, const char *arg, bool lmtp,
                        enum sink_tls tls)
{
    struct sink_listener l = {.lmtp = lmtp, .tls = tls};
    if (c->n_listeners == SINK_MAX_LISTENERS)
        return usage_error("sink", "%s %s: at most %d addresses", name, arg, SINK_MAX_LISTENERS);
    if (lmtp && strncmp(arg, "unix:", 5) == 0)
        l.unix_path = arg + 5;
    else if (!read_address(arg, &l.ip, &l.port))
        return usage_error("sink",
                           "%s %s: expected an address and a port, such as 127.0.0.1:2525 "
                           "or [::1]:2525",
                           name, arg);
    c->listeners[c->n_listeners++] = l;
    return EXIT_PASSED;
}

static const struct unit {
    char letter;
    uint64_t factor;
} sizes[] = {{'k', 1024}, {'K', 1024}, {'M', 1024 * 1024}, {'G', 1024ull * 1024 * 1024}},
  times[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

/* A number and one letter; without a letter, sizes are bytes and times are refused. */
static bool read_unit(const char *text, const struct unit *units, size_t n, bool bare,
                      uint64_t *out)
{
    struct str s = str_from(text);
    uint64_t factor = bare ? 1 : 0, number;
    for (size_t i = 0; i < n && s.n > 0; i++)
        if (s.p[s.n - 1] == units[i].letter) {
            factor = units[i].factor;
            s.n--;
            break;
        }
    if (factor == 0 || !str_to_u64(s, UINT64_MAX / factor, &number) || number == 0)
        return false;
    *out = number * factor;
    return true;
}

static int set_number(const char *name, const char *arg, uint64_t most, uint64_t *out)
{
    if (!str_to_u64(str_from(arg), most, out) || *out == 0)
        return usage_error("sink", "%s %s: expected a whole number from 1 to %llu", name, arg,
                           (unsigned long long)most);
    return EXIT_PASSED;
}

static int set_size(const char *name, const char *arg, uint64_t *out)
{
    return read_unit(arg, sizes, ARRAY_LEN(sizes), true, out)
               ? EXIT_PASSED
               : usage_error("sink", "%s %s: expected a size such as 500k, 10M or 2G", name, arg);
}

static int set_time(const char *name, const char *arg, uint64_t most, uint64_t *out)
{
    return read_unit(arg, times, ARRAY_LEN(times), false, out) && *out <= most
               ? EXIT_PASSED
               : usage_error("sink", "%s %s: expected a time such as 30s, 20m, 12h or 7d", name,
                             arg);
}

static int set_tls(struct sink_command *c, const char *arg)
{
    static const struct {
        const char *word;
        enum sink_tls tls;
    } words[] = {{"auto", SINK_TLS_OFFERED},
                 {"off", SINK_TLS_OFF},
                 {"required", SINK_TLS_REQUIRED}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(arg, words[i].word) == 0) {
            c->tls = words[i].tls;
            return EXIT_PASSED;
        }
    return usage_error("sink", "--tls %s: expected auto, off or required", arg);
}

static int set_auth(struct sink_command *c, const char *arg)
{
    c->config.auth = strcmp(arg, "off") == 0   ? SINK_AUTH_OFF
                     : strcmp(arg, "any") == 0 ? SINK_AUTH_ANY
                                               : SINK_AUTH_FILE;
    c->config.auth_file = c->config.auth == SINK_AUTH_FILE ? arg : NULL;
    return EXIT_PASSED;
}

static int set_format(struct sink_command *c, const char *arg)
{
    static const char *const words[] = {"text", "jsonl", "none"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(arg, words[i]) == 0) {
            c->format = (enum sink_format)i;
            return EXIT_PASSED;
        }
    return usage_error("sink", "--format %s: expected text, jsonl or none", arg);
}

/* ---- options ---- */

static int set_limit(struct sink_command *c, int option, const char *arg)
{
    uint64_t n = 0;
    int code;
    switch (option) {
    case S_MAX_MESSAGES:
        return set_number("--max-messages", arg, INT64_MAX, &c->store.max_messages);
    case S_MAX_AGE:
        return set_time("--max-age", arg, INT32_MAX, &c->store.max_age_s);
    case S_MAX_BYTES:
        return set_size("--max-bytes", arg, &c->store.max_bytes);
    case S_MAX_SIZE:
        return set_size("--max-size", arg, &c->config.max_message_bytes);
    case S_MAX_RCPTS:
        code = set_number("--max-rcpts", arg, STORE_MAX_RCPTS, &n);
        c->config.max_rcpts = (unsigned)n;
        return code;
    case S_MAX_CONNECTIONS:
        code = set_number("--max-connections", arg, SINK_MAX_CONNECTIONS, &n);
        c->config.max_connections = (unsigned)n;
        return code;
    default:
        code = set_time("--idle-timeout", arg, SINK_CONNECTION_MAX_MS / 1000, &n);
        c->config.idle_timeout_ms = (unsigned)(n * 1000);
        return code;
    }
}

static int set_flag(struct sink_command *c, int option)
{
    bool *const flags[] = {
        [S_MEMORY - S_LISTEN] = &c->memory,
        [S_AUTH_REQUIRED - S_LISTEN] = &c->config.auth_required,
        [S_AUTH_PLAINTEXT - S_LISTEN] = &c->config.auth_without_tls,
        [S_LENIENT - S_LISTEN] = &c->config.lenient_line_ends,
        [S_XCLIENT - S_LISTEN] = &c->config.xclient,
        [S_OPEN - S_LISTEN] = &c->open,
        [S_QUIET - S_LISTEN] = &c->quiet,
    };
    if (option == S_NO_ATTEMPTS)
        c->config.keep_attempts = false;
    else
        *flags[option - S_LISTEN] = true;
    return EXIT_PASSED;
}

static int set_text(struct sink_command *c, int option, const char *arg)
{
    const char **const texts[] = {
        [S_STORE - S_LISTEN] = &c->store.dir,     [S_HOSTNAME - S_LISTEN] = &c->config.hostname,
        [S_DOMAIN - S_LISTEN] = &c->domain,       [S_CERT - S_LISTEN] = &c->config.cert_file,
        [S_KEY - S_LISTEN] = &c->config.key_file, [S_SCRIPT - S_LISTEN] = &c->script_file,
        [S_WAIT_FILE - S_LISTEN] = &c->wait_file,
    };
    *texts[option - S_LISTEN] = arg;
    return EXIT_PASSED;
}

int sink_option_set(struct sink_command *c, int option, const char *arg)
{
    if (sink_http_has(option))
        return sink_http_set(&c->http, option, arg);
    switch (option) {
    case S_LISTEN:
        return add_listener(c, "--listen", arg, false, SINK_TLS_OFFERED);
    case S_LMTP:
        return add_listener(c, "--lmtp", arg, true, SINK_TLS_OFFERED);
    case S_TLS_LISTEN:
        return add_listener(c, "--tls-listen", arg, false, SINK_TLS_IMPLICIT);
    case S_TLS:
        return set_tls(c, arg);
    case S_AUTH:
        return set_auth(c, arg);
    case S_FORMAT:
        return set_format(c, arg);
    case S_STORE:
    case S_HOSTNAME:
    case S_DOMAIN:
    case S_CERT:
    case S_KEY:
    case S_SCRIPT:
    case S_WAIT_FILE:
        return set_text(c, option, arg);
    default:
        return arg == NULL ? set_flag(c, option) : set_limit(c, option, arg);
    }
}

/* Is it for this machine only? */
static bool is_private(const struct sink_listener *l)
{
    static const struct ip net4 = {IP_V4, {127}}, host6 = {IP_V6, {[15] = 1}};
    return l->ip.family == IP_NONE || ip_in_prefix(&l->ip, &net4, 8) || ip_eq(&l->ip, &host6);
}

int sink_options_check(struct sink_command *c)
{
    if (c->n_listeners == 0)
        add_listener(c, "--listen", "127.0.0.1:2525", false, SINK_TLS_OFFERED);
    bool guarded = c->config.auth == SINK_AUTH_FILE && c->config.auth_required;
    for (size_t i = 0; i < c->n_listeners; i++) {
        if (c->listeners[i].tls != SINK_TLS_IMPLICIT)
            c->listeners[i].tls = c->tls;
        if (!is_private(&c->listeners[i]) && !guarded && !c->open)
            return usage_error("sink",
                               "other machines could reach one of the addresses and fill the "
                               "store: say --auth FILE and --auth-required, or --open");
    }
    if (c->memory && c->store.dir != NULL)
        return usage_error("sink", "--memory and --store: one of them");
    if (c->config.auth_required && c->config.auth == SINK_AUTH_OFF)
        return usage_error("sink", "--auth-required needs --auth any or --auth FILE");
    if (c->config.key_file != NULL && c->config.cert_file == NULL)
        return usage_error("sink", "--key needs --cert");
    c->config.listeners = c->listeners;
    c->config.n_listeners = c->n_listeners;
    return EXIT_PASSED;
}
