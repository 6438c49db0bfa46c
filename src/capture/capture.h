/* The HTTP API of the capture server: inboxes, messages, waiting by identity, verdicts, the page.
 * What each address answers: openapi.json, docs/sink-api.md. */
#ifndef MP_CAPTURE_CAPTURE_H
#define MP_CAPTURE_CAPTURE_H

#include "base/ip.h"
#include "run/run.h"
#include "sink/inbox.h"
#include "sink/sink.h"
#include "store/store.h"

enum {
    CAPTURE_MAX_TOKEN_BYTES = 512,
    CAPTURE_MAX_RELEASE_RCPTS = 100,
    CAPTURE_PAGE_DEFAULT = 50,
    CAPTURE_PAGE_MAX = 500,              /* `limit` of a list */
    CAPTURE_COUNT_MAX = 100,             /* `count` of a wait */
    CAPTURE_INBOXES_MAX = 1000,          /* of a list, the newest */
    CAPTURE_HEADERS_MAX = 2000,          /* of a document */
    CAPTURE_JSON_MAX_BYTES = 256 * 1024, /* body of a request */
    CAPTURE_WAIT_DEFAULT_MS = 30000,
    CAPTURE_SENT_KEPT_S = 86400,              /* originals to compare with */
    CAPTURE_SENT_MAX_BYTES = 50 << 20,        /* of one */
    CAPTURE_MESSAGE_BUDGET_BYTES = 512 << 20, /* memory of one parsed message */
    CAPTURE_TEXT_MAX_BYTES = 2 << 20,         /* `text` and `html` of the document */
    CAPTURE_PREVIEW_MAX_BYTES = 32 << 20,     /* HTML with the images that it refers to */
    CAPTURE_VERDICT_CACHE = 256               /* judged messages kept */
};

/* The server that released messages go through. */
enum capture_relay_tls {
    CAPTURE_RELAY_AUTO,    /* STARTTLS when it is offered, whoever answers */
    CAPTURE_RELAY_VERIFY,  /* STARTTLS, with a certificate for `host` of an authority that is
                              trusted; else nothing is sent */
    CAPTURE_RELAY_IMPLICIT /* the same, with TLS from the first byte */
};
struct capture_relay {
    const char *host; /* a name (needed to verify) or an address; NULL: nothing is released */
    uint16_t port;
    enum capture_relay_tls tls;
    const char *ca_file; /* PEM; NULL: the system's authorities */
};

struct capture_config { /* borrowed until capture_stop */
    struct ip ip;
    uint16_t port; /* 0: any free one */
    struct store *store;
    struct inboxes *inboxes;
    struct sink *sink;                     /* NULL: no counters */
    const struct sink_config *sink_config; /* NULL, or what `sink` was started with */
    struct str domain;                     /* of the inboxes' addresses */
    struct str common_script;              /* JSON that the inboxes were given at the start */
    struct str admin_token;                /* empty: allowed on loopback addresses only */
    const char *const *host_names;         /* that requests may name, besides localhost and IPs */
    size_t n_host_names;
    const struct dns_source *dns_source; /* NULL: messages are not judged, and say so */
    const struct job_config *job_config; /* needed with dns_source */
    /* Releasing: both or none. */
    struct capture_relay relay;
    const struct str *release_allow; /* "good.test" (and only it), ".good.test" (and below),
                                        "user@good.test" */
    size_t n_release_allow;
    const char *cert_pem, *key_pem; /* text; NULL: plain HTTP */
};

struct capture;
/* Listens, starts its threads. MP_E_USAGE: a wider bind without an admin token, or half a release
 * configuration; MP_E_IO: "127.0.0.1:8025: Address already in use". */
int capture_start(const struct capture_config *c, struct capture **out, struct mp_err *err);
/* Ends waits and streams. Before inboxes, sink and store are closed. Accepts NULL. */
void capture_stop(struct capture *c);
uint16_t capture_port(const struct capture *c);

#endif
