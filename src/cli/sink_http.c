/* The HTTP API of `mailproof sink`: options, files, starting. */
#include "cli/sink_http.h"

#include "smtp/request.h"

static const char command[] = "sink";

void sink_http_init(struct sink_http *h)
{
    *h = (struct sink_http){0};
    check_options_init(&h->check, command);
    buf_init(&h->token, CAPTURE_MAX_TOKEN_BYTES + 2);
    buf_init(&h->cert, SINK_HTTP_PEM_MAX_BYTES);
    buf_init(&h->key, SINK_HTTP_PEM_MAX_BYTES);
}

bool parse_ip_port(struct str text, struct ip *ip, uint16_t *port)
{
    uint64_t number;
    size_t colon = str_rfind(text, ':');
    struct str host = str_slice(text, 0, colon);
    bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (colon == text.n || !str_to_u64(str_slice(text, colon + 1, text.n), 65535, &number))
        return false;
    if (bracketed)
        host = str_slice(host, 1, host.n - 1);
    if (!ip_parse(host, ip) || (ip->family == IP_V6) != bracketed)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* "good.test", ".good.test", "user@good.test": something that can be met. */
static bool is_allow_row(struct str row)
{
    size_t at = str_rfind(row, '@');
    struct str domain = at < row.n ? str_slice(row, at + 1, row.n) : row;
    if (at == 0 || domain.n == 0 || str_eq(domain, STR(".")))
        return false;
    for (size_t i = 0; i < row.n; i++)
        if ((unsigned char)row.p[i] <= ' ' || row.p[i] == '*')
            return false;
    return true;
}

/* "relay.test:25", "192.0.2.25:25", "[2001:db8::25]:25" */
static bool set_relay(struct sink_http *h, struct str text)
{
    struct ip ip;
    uint64_t port;
    size_t colon = str_rfind(text, ':');
    struct str host = str_slice(text, 0, colon);
    if (parse_ip_port(text, &ip, &h->relay.port)) {
        if (ip.family == IP_V6)
            host = str_slice(host, 1, host.n - 1);
    } else if (colon == text.n || str_has(host, ':') || !smtp_helo_ok(host) ||
               !str_to_u64(str_slice(text, colon + 1, text.n), UINT16_MAX, &port)) {
        return false;
    } else {
        h->relay.port = (uint16_t)port;
    }
    if (host.n == 0 || host.n > SINK_HTTP_HOST_MAX || h->relay.port == 0)
        return false;
    memcpy(h->relay_host, host.p, host.n);
    h->relay_host[host.n] = '\0';
    h->relay.host = h->relay_host;
    return true;
}

static int set_relay_tls(struct sink_http *h, const char *arg)
{
    static const char *const words[] = {[CAPTURE_RELAY_AUTO] = "auto",
                                        [CAPTURE_RELAY_VERIFY] = "verify",
                                        [CAPTURE_RELAY_IMPLICIT] = "implicit"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(arg, words[i]) == 0) {
            h->relay.tls = (enum capture_relay_tls)i;
            return EXIT_PASSED;
        }
    return usage_error(command, "--release-tls %s: expected auto, verify or implicit", arg);
}

static int set_allow(struct sink_http *h, const char *arg)
{
    if (h->n_allow == SINK_HTTP_MAX_ALLOW)
        return usage_error(command, "--release-allow: more than %d", SINK_HTTP_MAX_ALLOW);
    if (!is_allow_row(str_from(arg)))
        return usage_error(command, "--release-allow %s: expected user@domain, domain or .domain",
                           arg);
    h->allow[h->n_allow++] = str_from(arg);
    return EXIT_PASSED;
}

static int set_release(struct sink_http *h, int option, const char *arg)
{
    switch (option) {
    case SINK_HTTP_RELEASE_VIA:
        if (!set_relay(h, str_from(arg)))
            return usage_error(command, "--release-via %s: expected HOST:PORT of a relay", arg);
        return EXIT_PASSED;
    case SINK_HTTP_RELEASE_TLS:
        return set_relay_tls(h, arg);
    case SINK_HTTP_RELEASE_CA:
        h->relay.ca_file = arg;
        return EXIT_PASSED;
    default:
        return set_allow(h, arg);
    }
}

static int set_http(struct sink_http *h, int option, const char *arg)
{
    switch (option) {
    case SINK_HTTP_LISTEN:
        h->on = parse_ip_port(str_from(arg), &h->ip, &h->port);
        if (!h->on)
            return usage_error(command, "--http %s: expected ADDRESS:PORT, such as 127.0.0.1:8025",
                               arg);
        return EXIT_PASSED;
    case SINK_HTTP_HOST:
        if (h->n_hosts == SINK_HTTP_MAX_HOSTS)
            return usage_error(command, "--http-host: more than %d", SINK_HTTP_MAX_HOSTS);
        h->hosts[h->n_hosts++] = arg;
        return EXIT_PASSED;
    case SINK_HTTP_CERT:
        h->cert_file = arg;
        return EXIT_PASSED;
    case SINK_HTTP_KEY:
        h->key_file = arg;
        return EXIT_PASSED;
    default:
        h->token_file = arg;
        return EXIT_PASSED;
    }
}

int sink_http_set(struct sink_http *h, int option, const char *arg)
{
    switch (option) {
    case SINK_HTTP_RELEASE_VIA:
    case SINK_HTTP_RELEASE_ALLOW:
    case SINK_HTTP_RELEASE_TLS:
    case SINK_HTTP_RELEASE_CA:
        return set_release(h, option, arg);
    case SINK_HTTP_NO_DNS:
        h->no_dns = true;
        return EXIT_PASSED;
    default:
        return option < CHECK_LAST ? check_options_set(&h->check, option, arg)
                                   : set_http(h, option, arg);
    }
}

/* ---- files ---- */

static int read_file(const char *path, size_t max_bytes, struct buf *out)
{
    struct mp_err err = {0};
    if (path == NULL)
        return EXIT_PASSED;
    buf_clear(out);
    if (read_whole(path, max_bytes, out, &err) != MP_OK) {
        report_failure(command, &err);
        return EXIT_USAGE_ERROR;
    }
    return EXIT_PASSED;
}

/* The first line, which must be all that is there. */
static int read_token(struct sink_http *h)
{
    int code = read_file(h->token_file, CAPTURE_MAX_TOKEN_BYTES + 2, &h->token);
    if (code != EXIT_PASSED || h->token_file == NULL)
        return code;
    h->token.n = str_trim(buf_str(&h->token)).n; /* a line end behind it */
    for (size_t i = 0; i < h->token.n; i++)
        if (h->token.p[i] <= ' ' || h->token.p[i] > '~')
            return usage_error(command, "%s: a token is one line of printable ASCII without spaces",
                               h->token_file);
    if (h->token.n < SINK_HTTP_TOKEN_MIN_BYTES)
        return usage_error(command, "%s: the token is shorter than %d bytes", h->token_file,
                           SINK_HTTP_TOKEN_MIN_BYTES);
    return EXIT_PASSED;
}

static int check_release(const struct sink_http *h)
{
    struct ip ip;
    bool verify = h->relay.tls != CAPTURE_RELAY_AUTO;
    if ((h->relay.host != NULL) != (h->n_allow != 0))
        return usage_error(command, "--release-via and --release-allow go together");
    if (h->relay.host == NULL && (verify || h->relay.ca_file != NULL))
        return usage_error(command, "--release-tls and --release-ca need --release-via");
    if (verify && ip_parse(str_from(h->relay.host), &ip))
        return usage_error(command, "--release-tls: a certificate proves a name: name the host of "
                                    "--release-via");
    if (!verify && h->relay.ca_file != NULL)
        return usage_error(command, "--release-ca needs --release-tls verify or implicit");
    return EXIT_PASSED;
}

static int check_together(const struct sink_http *h)
{
    if ((h->cert_file != NULL) != (h->key_file != NULL))
        return usage_error(command, "--http-cert and --http-key go together");
    if (h->no_dns && (h->check.source.zone != NULL || h->check.resolver.server.n != 0))
        return usage_error(command, "--no-dns: there is a source of DNS already");
    return check_release(h);
}

int sink_http_open(struct sink_http *h)
{
    int code = check_together(h);
    if (code == EXIT_PASSED)
        code = read_token(h);
    if (code == EXIT_PASSED)
        code = read_file(h->cert_file, SINK_HTTP_PEM_MAX_BYTES, &h->cert);
    if (code == EXIT_PASSED)
        code = read_file(h->key_file, SINK_HTTP_PEM_MAX_BYTES, &h->key);
    if (code != EXIT_PASSED || !h->on || h->no_dns)
        return code;
    code = check_options_open(&h->check);
    h->job_config = (struct job_config){.auth = h->check.auth, .policy = &h->check.policy};
    return code;
}

/* ---- serving ---- */

int sink_http_start(struct sink_http *h, const struct sink_http_world *w, struct mp_err *err)
{
    if (!h->on)
        return MP_OK;
    buf_addc(&h->cert, '\0');
    buf_addc(&h->key, '\0');
    struct capture_config c = {.ip = h->ip,
                               .port = h->port,
                               .store = w->store,
                               .inboxes = w->inboxes,
                               .sink = w->sink,
                               .sink_config = w->sink_config,
                               .domain = w->domain,
                               .common_script = w->common_script,
                               .admin_token = buf_str(&h->token),
                               .host_names = h->hosts,
                               .n_host_names = h->n_hosts,
                               .dns_source = h->no_dns ? NULL : &h->check.source,
                               .job_config = &h->job_config,
                               .relay = h->relay,
                               .release_allow = h->allow,
                               .n_release_allow = h->n_allow,
                               .cert_pem = h->cert_file == NULL ? NULL : h->cert.p,
                               .key_pem = h->key_file == NULL ? NULL : h->key.p};
    return capture_start(&c, &h->capture, err);
}

void sink_http_url(const struct sink_http *h, char out[SINK_HTTP_URL_MAX])
{
    char ip[IP_TEXT_MAX];
    out[0] = '\0';
    if (h->capture == NULL)
        return;
    ip_write(&h->ip, ip);
    snprintf(out, SINK_HTTP_URL_MAX, h->ip.family == IP_V6 ? "%s://[%s]:%u" : "%s://%s:%u",
             h->cert_file == NULL ? "http" : "https", ip, capture_port(h->capture));
}

void sink_http_stop(struct sink_http *h)
{
    capture_stop(h->capture);
    h->capture = NULL;
    check_options_clear(&h->check);
    buf_clear(&h->token);
    buf_clear(&h->cert);
    buf_clear(&h->key);
}
