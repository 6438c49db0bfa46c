/* A server for tests that plays a table of steps: each connection a conversation, by threads. */
#ifndef MP_TESTS_SCRIPT_SERVER_H
#define MP_TESTS_SCRIPT_SERVER_H

#include "tests/tls_kit.h"

enum script_op {
    SCRIPT_OP_END,     /* end the stream in order, and hear the rest out */
    SCRIPT_OP_EXPECT,  /* one line that begins with `text`, in any case */
    SCRIPT_OP_SAY,     /* `text`, of `n` bytes */
    SCRIPT_OP_FLOOD,   /* `text` again and again: `n` times, 0: until the client is gone */
    SCRIPT_OP_MESSAGE, /* lines up to a lone dot */
    SCRIPT_OP_REQUEST, /* of HTTP: lines up to an empty one */
    SCRIPT_OP_TAKE,    /* `n` bytes */
    SCRIPT_OP_STALL,   /* hear, and say nothing, until the client is gone */
    SCRIPT_OP_DEAF,    /* not even hear */
    SCRIPT_OP_CLOSE,   /* the connection, without a word */
    SCRIPT_OP_RESET,   /* the same with a TCP reset */
    SCRIPT_OP_TLS,     /* handshake as `tls` says; a failed one ends the conversation as played */
    SCRIPT_OP_CALL     /* a function of the test */
};

struct script_peer; /* one connection, inside of SCRIPT_CALL */

struct script_step {
    enum script_op op;
    const char *text;
    size_t n;
    const struct kit_tls *tls;
    bool (*call)(struct script_peer *p, void *ctx); /* false: the conversation went wrong */
    void *ctx;
};
#define SCRIPT_EXPECT(line)                                                                        \
    {                                                                                              \
        .op = SCRIPT_OP_EXPECT, .text = (line)                                                     \
    }
#define SCRIPT_SAY(lit)                                                                            \
    {                                                                                              \
        .op = SCRIPT_OP_SAY, .text = (lit), .n = sizeof(lit) - 1                                   \
    }
#define SCRIPT_FLOOD(lit, k)                                                                       \
    {                                                                                              \
        .op = SCRIPT_OP_FLOOD, .text = (lit), .n = (k)                                             \
    }
#define SCRIPT_MESSAGE                                                                             \
    {                                                                                              \
        .op = SCRIPT_OP_MESSAGE                                                                    \
    }
#define SCRIPT_REQUEST                                                                             \
    {                                                                                              \
        .op = SCRIPT_OP_REQUEST                                                                    \
    }
#define SCRIPT_TAKE(k)                                                                             \
    {                                                                                              \
        .op = SCRIPT_OP_TAKE, .n = (k)                                                             \
    }
#define SCRIPT_STALL                                                                               \
    {                                                                                              \
        .op = SCRIPT_OP_STALL                                                                      \
    }
#define SCRIPT_DEAF                                                                                \
    {                                                                                              \
        .op = SCRIPT_OP_DEAF                                                                       \
    }
#define SCRIPT_CLOSE                                                                               \
    {                                                                                              \
        .op = SCRIPT_OP_CLOSE                                                                      \
    }
#define SCRIPT_RESET                                                                               \
    {                                                                                              \
        .op = SCRIPT_OP_RESET                                                                      \
    }
#define SCRIPT_TLS(t)                                                                              \
    {                                                                                              \
        .op = SCRIPT_OP_TLS, .tls = (t)                                                            \
    }
#define SCRIPT_CALL(f, c)                                                                          \
    {                                                                                              \
        .op = SCRIPT_OP_CALL, .call = (f), .ctx = (c)                                              \
    }
#define SCRIPT_END                                                                                 \
    {                                                                                              \
        .op = SCRIPT_OP_END                                                                        \
    }

enum { SCRIPT_MAX_CONNECTIONS = 64, SCRIPT_MAX_STEPS = 1000, SCRIPT_PATIENCE_MS = 30000 };

struct script_options {
    const char *address; /* "127.0.0.1" when NULL; "::1"; "127.0.3.4" */
    uint16_t port;       /* 0: a free one */
    const char *unix_path;
    /* The k-th connection plays the k-th conversation, later ones the last. Each ends with
     * SCRIPT_END (or CLOSE, RESET). Borrowed until script_free. */
    const struct script_step *const *conversations;
    size_t n_conversations;
};

struct script_server;
/* NULL: this machine has no such address (IPv6). Aborts when anything else fails. */
struct script_server *script_start(const struct script_options *o);
/* The same on 127.0.0.1 for one conversation. */
struct script_server *script_play(const struct script_step *steps);
uint16_t script_port(const struct script_server *s);
/* End: what clients have sent so far is still heard. Afterwards the logs may be read. */
void script_stop(struct script_server *s);
void script_free(struct script_server *s); /* stops; accepts NULL */

struct script_log {
    struct str received; /* all that the client said, through TLS or not */
    bool played;         /* every step came about */
    char problem[200];   /* the first that did not: "" when played */
    bool did_tls, client_cert;
    char sni[256];
};
size_t script_connections(const struct script_server *s);
const struct script_log *script_log(const struct script_server *s,
                                    size_t i); /* after script_stop */

/* ---- inside of SCRIPT_CALL ---- */

/* One line without its line end; valid until the next call. False: none came. */
bool script_line(struct script_peer *p, struct str *line);
/* `n` bytes, the same. */
bool script_take(struct script_peer *p, size_t n, struct str *out);
bool script_say(struct script_peer *p, struct str bytes);
/* Channel bindings as the server sees them: tls-exporter; false without TLS. */
bool script_exporter(struct script_peer *p, unsigned char out[32]);

#endif
