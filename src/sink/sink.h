/* The capture server: SMTP, ESMTP and LMTP on an event loop in a thread of its own. What it answers
 * 250 behind the final dot is in the store by then; it never passes anything on. */
#ifndef MP_SINK_SINK_H
#define MP_SINK_SINK_H

#include "base/ip.h"
#include "sink/inbox.h"
#include "store/store.h"

enum {
    SINK_MAX_LISTENERS = 16,
    SINK_MAX_CONNECTIONS = 10000,
    SINK_LINE_MAX = 12288,  /* of a command: AUTH, RFC 4954 4; longer: 500, then closed */
    SINK_TEXT_LINE_MAX = 0, /* DATA lines have no limit but the message's */
    SINK_MAX_MESSAGE_BYTES = 50 << 20, /* default of --max-size; announced as SIZE */
    SINK_MAX_RCPTS = 1000,             /* default; the next one is 452 4.5.3 */
    SINK_MAX_ERRORS = 50,              /* bad commands of one connection, then 421 */
    SINK_IDLE_TIMEOUT_MS = 300000,     /* RFC 5321 4.5.3.2.7 */
    SINK_CONNECTION_MAX_MS = 3600000,
    SINK_MIN_BYTES_S = 100,           /* of a message, once the idle time is over; slower: 421 */
    SINK_LINGER_MS = 2000,            /* after a 421 or 5xx that ends a connection, to be read */
    SINK_MAX_REFUSED_KEPT = 100,      /* refused recipients of a transaction that are stored */
    SINK_BUDGET_BYTES = 512 << 20,    /* all messages in the making; then reading pauses */
    SINK_PAUSE_MAX_MS = 60000,        /* such a pause; then 452 */
    SINK_TRANSCRIPT_HEAD_MAX = 16384, /* kept of a connection's head */
    SINK_TRANSCRIPT_MAX = 256 * 1024, /* and of a transaction */
    SINK_ATTEMPTS_KEPT = 65536        /* sender, recipient, client whose attempts are counted */
};

enum sink_tls { SINK_TLS_OFF, SINK_TLS_OFFERED, SINK_TLS_REQUIRED, SINK_TLS_IMPLICIT };
enum sink_auth { SINK_AUTH_OFF, SINK_AUTH_ANY, SINK_AUTH_FILE };

struct sink_listener {
    struct ip ip;  /* IP_NONE: unix_path */
    uint16_t port; /* 0: any free one, see sink_listener_port */
    const char *unix_path;
    enum sink_tls tls;
    bool lmtp;
    int fd; /* > 0: an open listening socket (systemd); then ip and port only describe it */
};

struct sink_config { /* borrowed while it runs */
    const struct sink_listener *listeners;
    size_t n_listeners;
    const char *hostname;             /* of banner and EHLO */
    const char *cert_file, *key_file; /* NULL: a certificate is made for `hostname`, in memory */
    enum sink_auth auth;
    const char *auth_file; /* "user:password" a line, # comments */
    bool auth_required, auth_without_tls;
    bool lenient_line_ends; /* commands may end in LF alone; messages with bare LF, CR or NUL are
                             * taken and the transcript tells where. Only CRLF.CRLF ends one.
                             * Default: refuse, 500 5.5.2 and 550 5.6.11 */
    uint64_t max_message_bytes;
    unsigned max_rcpts, max_connections, idle_timeout_ms;
    bool keep_attempts; /* refused and dropped transactions too; default true */
    bool xclient;       /* offer XCLIENT to loopback clients */
};
void sink_config_init(struct sink_config *c);

struct sink;
/* Listens, starts the thread. MP_E_IO: "127.0.0.1:25: Permission denied ..."; MP_E_SYNTAX: files.
 */
int sink_start(const struct sink_config *c, struct store *store, struct inboxes *inboxes,
               struct sink **out, struct mp_err *err);
/* No new connection; open transactions get up to `grace_ms`, then 421. Accepts NULL. */
void sink_stop(struct sink *s, unsigned grace_ms);
uint16_t sink_listener_port(const struct sink *s, size_t i);
/* PEM of the certificate in use, for clients that shall trust it; lives as long as the sink. */
struct str sink_certificate_pem(const struct sink *s);

struct sink_counters {
    uint64_t connections, open_connections, messages, recipients, refused, deferred, dropped, bytes,
        tls_handshakes, tls_failures, auth_ok, auth_failed, protocol_errors;
};
void sink_counters(const struct sink *s, struct sink_counters *out); /* any thread */

#endif
