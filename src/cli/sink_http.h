/* The options of `mailproof sink` that concern its HTTP API, and the API that they describe. */
#ifndef MP_CLI_SINK_HTTP_H
#define MP_CLI_SINK_HTTP_H

#include "capture/capture.h"
#include "cli/check_options.h"

enum {
    SINK_HTTP_MAX_HOSTS = 32,
    SINK_HTTP_MAX_ALLOW = 100,
    SINK_HTTP_HOST_MAX = 253, /* octets of a host's name */
    SINK_HTTP_TOKEN_MIN_BYTES = 16,
    SINK_HTTP_PEM_MAX_BYTES = 1 << 20
};

/* Strings are those of argv. sink_http_init, then sink_http_set for each option, open, start;
 * sink_http_stop ends what was started and frees the rest. */
struct sink_http {
    struct check_options check; /* the source of DNS, and what messages are judged with */
    struct job_config job_config;
    bool on, no_dns;
    struct ip ip;
    uint16_t port;
    struct capture_relay relay;
    char relay_host[SINK_HTTP_HOST_MAX + 1];
    const char *token_file, *cert_file, *key_file;
    struct buf token, cert, key;
    const char *hosts[SINK_HTTP_MAX_HOSTS];
    struct str allow[SINK_HTTP_MAX_ALLOW];
    size_t n_hosts, n_allow;
    struct capture *capture;
};

enum sink_http_option {
    SINK_HTTP_LISTEN = CHECK_LAST,
    SINK_HTTP_HOST,
    SINK_HTTP_CERT,
    SINK_HTTP_KEY,
    SINK_HTTP_TOKEN_FILE,
    SINK_HTTP_RELEASE_VIA,
    SINK_HTTP_RELEASE_ALLOW,
    SINK_HTTP_RELEASE_TLS,
    SINK_HTTP_RELEASE_CA,
    SINK_HTTP_NO_DNS,
    SINK_HTTP_LAST
};

/* For the option table of getopt_long; those of CHECK_* that concern the judgement are in it. */
#define SINK_HTTP_LONG_OPTIONS                                                                     \
    {"http", required_argument, NULL, SINK_HTTP_LISTEN},                                           \
        {"http-host", required_argument, NULL, SINK_HTTP_HOST},                                    \
        {"http-cert", required_argument, NULL, SINK_HTTP_CERT},                                    \
        {"http-key", required_argument, NULL, SINK_HTTP_KEY},                                      \
        {"token-file", required_argument, NULL, SINK_HTTP_TOKEN_FILE},                             \
        {"release-via", required_argument, NULL, SINK_HTTP_RELEASE_VIA},                           \
        {"release-allow", required_argument, NULL, SINK_HTTP_RELEASE_ALLOW},                       \
        {"release-tls", required_argument, NULL, SINK_HTTP_RELEASE_TLS},                           \
        {"release-ca", required_argument, NULL, SINK_HTTP_RELEASE_CA},                             \
        {"no-dns", no_argument, NULL, SINK_HTTP_NO_DNS},                                           \
        {"resolver", required_argument, NULL, CHECK_RESOLVER},                                     \
        {"zone", required_argument, NULL, CHECK_ZONE},                                             \
        {"trust-anchor", required_argument, NULL, CHECK_ANCHOR},                                   \
        {"authserv-id", required_argument, NULL, CHECK_AUTHSERV_ID},                               \
        {"trust-sealer", required_argument, NULL, CHECK_SEALER},                                   \
    {                                                                                              \
        "policy", required_argument, NULL, CHECK_POLICY                                            \
    }

/* Their lines in `mailproof help sink`. */
#define SINK_HTTP_HELP                                                                             \
    "API and page:\n"                                                                              \
    "  --http ADDRESS:PORT     serve them there; port 0: any free one\n"                           \
    "  --token-file FILE       its first line is the admin token; needed beyond loopback\n"        \
    "  --http-host NAME        a host name that requests may use for it; repeatable\n"             \
    "  --http-cert FILE        serve HTTPS with this PEM certificate\n"                            \
    "  --http-key FILE         and its key\n"                                                      \
    "  --release-via HOST:PORT  messages may be released to real recipients by this relay\n"       \
    "  --release-allow WHOM    user@domain, domain, or .domain for what is below; repeatable\n"    \
    "  --release-tls WORD      auto: STARTTLS when offered (default); verify: only to a server\n"  \
    "                          whose certificate proves its name; implicit: so, TLS from the "     \
    "start\n"                                                                                      \
    "  --release-ca FILE       trust these authorities (PEM) for that, not the system's\n"         \
    "Judgement of messages, as scan does it:\n"                                                    \
    "  --resolver HOST[:PORT]  ask this DNS server instead of those of /etc/resolv.conf\n"         \
    "  --zone FILE             answer from this zone file, nothing from the network; repeatable\n" \
    "  --no-dns                do not judge: the API says so\n"                                    \
    "  --trust-anchor FILE     DNSSEC root key: validate answers with it\n"                        \
    "  --authserv-id ID        our name in Authentication-Results (default: host name)\n"          \
    "  --trust-sealer DOMAIN   believe ARC chains of this forwarder; repeatable\n"                 \
    "  --policy FILE           YAML policy\n"

void sink_http_init(struct sink_http *h);
/* Is it one of ours? Then sink_http_set takes it; an exit code, EXIT_PASSED goes on. */
static inline bool sink_http_has(int option)
{
    return option >= CHECK_IP && option < SINK_HTTP_LAST;
}
int sink_http_set(struct sink_http *h, int option, const char *arg);
/* After the last option: reads the files, opens the source of DNS. An exit code. */
int sink_http_open(struct sink_http *h);

/* What the rest of the sink brings. */
struct sink_http_world {
    struct store *store;
    struct inboxes *inboxes;
    struct sink *sink;
    const struct sink_config *sink_config;
    struct str domain, common_script;
};
/* Serves, when --http was given. Fails as capture_start. */
int sink_http_start(struct sink_http *h, const struct sink_http_world *w, struct mp_err *err);
/* "http://127.0.0.1:8025", with a final NUL; empty when it is off. */
enum { SINK_HTTP_URL_MAX = 80 };
void sink_http_url(const struct sink_http *h, char out[SINK_HTTP_URL_MAX]);
void sink_http_stop(struct sink_http *h); /* before the sink, the inboxes and the store end */

/* "127.0.0.1:25", "[::1]:25". False: it is none. */
bool parse_ip_port(struct str text, struct ip *ip, uint16_t *port);

#endif
