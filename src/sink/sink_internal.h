/* What the files of the server share: the loop, and one connection with its dialogue. */
#ifndef MP_SINK_SINK_INTERNAL_H
#define MP_SINK_SINK_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

#include "io/tls_server.h"
#include "sink/sink.h"
#include "smtp/data_reader.h"
#include "smtp/request.h"
#include "smtp/sasl_server.h"
#include "smtp/transcript.h"

enum {
    SINK_READ_BYTES = 64 * 1024,
    SINK_TX_ARENA_BYTES = 32 << 20, /* recipients and parameters of one transaction */
    SINK_OUT_MAX = 64 * 1024,       /* replies that a client does not read; then no more commands */
    SINK_KEPT_RAW_BYTES = 256 * 1024, /* of a message buffer, for the next message */
    SINK_ADDRESS_TEXT = 128
};

/* ---- how often somebody tried (attempts.c) ---- */

struct attempts;
struct attempts *attempts_new(void); /* NULL: no memory or randomness */
void attempts_free(struct attempts *a);
/* Counts one more and returns which it is, from 1. */
unsigned attempts_count(struct attempts *a, struct str from, struct str rcpt, struct str client);

/* ---- the loop ---- */

struct conn;
struct pending;

struct listener {
    struct sink *sink;
    struct sink_listener config;
    int fd;
    uint16_t port;
    char text[SINK_ADDRESS_TEXT];
    struct event event;
    bool listening;
};

struct sink {
    struct sink_config config;
    struct store *store;
    struct inboxes *inboxes;
    struct tls_server *tls; /* NULL: off everywhere */
    struct sasl_users *users;
    struct attempts *attempts;
    struct listener listeners[SINK_MAX_LISTENERS];
    struct event_base *base;
    pthread_t thread;
    bool has_thread;

    struct event wake, tick;
    int wake_fd;
    pthread_mutex_t done_lock;
    struct pending *done; /* whose outcome is known */
    atomic_uint outstanding;
    atomic_int stop_grace_ms; /* -1: runs */
    bool stopping;
    int64_t stop_at_us;

    struct conn *conns; /* all, newest first */
    size_t n_conns;
    int64_t now_us;        /* read once a round of events */
    int64_t now_ms;        /* wall clock, the same */
    size_t memory;         /* of messages in the making */
    struct conn *favoured; /* may go on although the budget is spent */
    char *scratch;         /* SINK_READ_BYTES */

    struct {
        atomic_ullong connections, open_connections, messages, recipients, refused, deferred,
            dropped, bytes, tls_handshakes, tls_failures, auth_ok, auth_failed, protocol_errors;
    } count;
};
#define SINK_COUNT(sink, what)                                                                     \
    atomic_fetch_add_explicit(&(sink)->count.what, 1, memory_order_relaxed)

/* ---- one connection ---- */

enum block {
    BLOCK_DELAY = 1,  /* a script lets the reply wait */
    BLOCK_STORE = 2,  /* until the message is stored */
    BLOCK_MEMORY = 4, /* the budget is spent */
    BLOCK_OUT = 8,    /* the client does not read its replies */
    BLOCK_THROTTLE = 16
};
enum input { INPUT_COMMAND, INPUT_AUTH, INPUT_DATA, INPUT_CHUNK };
enum ending { OPEN, CLOSE_CLEAN, CLOSE_LINGER, CLOSE_NOW }; /* once the replies are out */

struct rcpt {
    struct str address;
    struct str inbox;
    unsigned attempt;
    unsigned code; /* LMTP: of its reply at the end */
    struct str text;
};
/* A recipient that was refused at RCPT. */
struct refused {
    struct str address, inbox, text;
    unsigned code;
};

/* What becomes of a chunk: its bytes are taken off the wire in any case. */
enum chunk_fate { CHUNK_TAKEN, CHUNK_NO_MAIL, CHUNK_NO_RCPT, CHUNK_SCRIPTED };

/* From MAIL to the end; texts in `arena`, which goes with it. */
struct transaction {
    bool open;
    struct arena arena;
    struct str from, params;
    enum smtp_body body;
    bool smtputf8, by_chunks;
    struct rcpt *rcpts;
    size_t n_rcpts, cap_rcpts;
    struct refused *refused;
    size_t n_refused, not_kept;
    struct smtp_data_reader data;
    struct smtp_chunk_reader chunk;
    bool too_big, no_memory; /* thrown away; answered at the end */
    enum chunk_fate chunk_fate;
    uint64_t chunk_bytes; /* of the chunk at hand */
    int64_t data_from_us;
};

struct conn {
    struct sink *sink;
    struct conn *next, *prev;
    const struct listener *listener;
    int fd;
    struct event read_event, write_event, timer;
    bool reading, writing, timing; /* which of them are added */
    bool no_more;                  /* the client has ended its stream */
    unsigned blocks;
    enum ending ending;
    int64_t opened_us, last_us, line_from_us, linger_from_us, pause_from_us;
    bool drop_at_timer;
    size_t charged; /* of sink->memory */
    unsigned throttle_bytes_s;

    struct buf in;  /* received, not taken yet */
    struct buf out; /* replies that are not sent yet */
    size_t out_at;
    struct tls_session *tls;
    bool handshaking, in_tls;

    /* the dialogue */
    enum input input;
    bool asked, greeted, extended, said_helo, lmtp;
    bool more_behind;                      /* bytes have arrived behind the line at hand */
    struct str helo, client_ip, auth_user; /* in `arena` */
    uint16_t client_port;
    bool from_loopback;
    unsigned errors, transactions;
    struct arena arena; /* of the connection */
    struct arena login_arena;
    struct sasl_server *login;
    struct smtp_request request; /* the command at hand */
    struct transaction tx;
    struct buf raw;       /* the message */
    struct buf head, log; /* transcript: of the connection, of the transaction */
    struct inbox_decision decision;
    struct pending *pending;
};

/* conn.c: sockets */
struct conn *conn_new(struct sink *s, const struct listener *l, int fd);
void conn_start(struct conn *c, struct ip ip, uint16_t port);
void conn_free(struct conn *c);
/* Take what can be taken, send what can be sent, set the events. May free `c`. */
void conn_go_on(struct conn *c);
void conn_block_for(struct conn *c, unsigned delay_ms, enum block why);
void conn_unblock(struct conn *c, enum block why);
void conn_flush(struct conn *c);
void conn_charge(struct conn *c); /* count its memory again */
void conn_resume_paused(struct sink *s);
/* Once a second: deadlines. May free it. */
void conn_check_deadlines(struct conn *c);
void conn_say_goodbye(struct conn *c); /* 421 of a server that stops */

/* session.c: the dialogue. Returns how many bytes were taken. */
void session_greet(struct conn *c);
size_t session_take(struct conn *c, struct str in);
void session_closed(struct conn *c); /* the connection ends: what is open was dropped */
void session_reset(struct conn *c);  /* no transaction */
void session_in_tls(struct conn *c); /* behind the handshake: forget what was said (RFC 3207 4.2) */
/* Reply and close; `text` static. */
void session_end(struct conn *c, unsigned code, const char *enhanced, const char *text);

/* session_envelope.c, session_data.c, session_auth.c: one command each */
typedef void session_fn(struct conn *c);
session_fn session_mail, session_rcpt, session_data, session_bdat, session_auth, session_xclient;
size_t session_take_data(struct conn *c, struct str in);
size_t session_take_chunk(struct conn *c, struct str in);
void session_auth_line(struct conn *c, struct str line);
bool session_auth_offered(const struct conn *c);
void session_stored(struct conn *c); /* c->pending has the outcome */

/* answer.c: replies, with what scripts make of them, and the transcript */
struct answer {
    unsigned code;
    const char *enhanced; /* NULL: in the text */
    struct str text;
};
#define ANSWER(code, enhanced, lit) ((struct answer){(code), (enhanced), STR_INIT(lit)})
void answer_line(struct conn *c, struct answer a); /* no script is asked */
/* Ask the scripts (rcpt may be NULL), and say it. The code that was said; 0: dropped. */
unsigned answer(struct conn *c, enum script_stage stage, const struct rcpt *rcpt, struct answer a);
/* The two halves: ask only (into c->decision), and say what was decided. */
void answer_ask(struct conn *c, enum script_stage stage, const struct rcpt *rcpt);
unsigned answer_decided(struct conn *c, struct answer a);
/* A mistake of the client: counted, and too many end the connection. */
void answer_error(struct conn *c, unsigned code, const char *enhanced, const char *text);
void log_client(struct conn *c, struct str line);
void log_masked(struct conn *c, struct str head, size_t secret_bytes);
void log_info(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* delivery.c: into the store */
struct pending {
    struct pending *next;
    struct sink *sink;
    struct conn *conn; /* NULL: nobody waits */
    atomic_uint left;
    atomic_int status; /* of the first that failed */
    char id[STORE_ID_BYTES];
};
/* Every accepted recipient; c->pending is set and the connection waits. False: refused at once. */
bool delivery_accept(struct conn *c, int *status);
/* The transaction as an attempt, with what was refused of it; one recipient; only those refused.
 * Kept when the configuration says so, counted always. */
void delivery_attempt(struct conn *c, enum store_outcome outcome, const char *stage, unsigned code,
                      struct str text);
void delivery_attempt_rcpt(struct conn *c, const struct rcpt *r);
void delivery_refused_rcpts(struct conn *c);
enum store_outcome outcome_of(unsigned code); /* 0: dropped */
void delivery_collect(struct sink *s);        /* in the loop: outcomes that the store has told */

#endif
