/* Inside of the client of clamd: answers as text, one session, addresses and their connections. */
#ifndef MP_IO_CLAMD_INTERNAL_H
#define MP_IO_CLAMD_INTERNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "io/clamd.h"
#include "io/net.h"

/* ---- answers: pure (clamd_answer.c) ---- */

enum clamd_reply_kind {
    CLAMD_REPLY_OK,
    CLAMD_REPLY_FOUND,
    CLAMD_REPLY_LIMIT,
    CLAMD_REPLY_ERROR, /* all else */
};

/* One answer without its NUL: "2: stream: Win.Test(44d8...:68) FOUND". Views into it. */
struct clamd_reply {
    uint32_t id; /* in the session; 0: none was said */
    enum clamd_reply_kind kind;
    struct str text; /* the signature's name without hash and size; or the words of the error */
};

/* Takes one answer off the front of `bytes`, up to the NUL that ends it. False: no NUL yet. */
bool clamd_reply_next(struct str *bytes, struct str *line);
struct clamd_reply clamd_reply_parse(struct str line);
/* Only the number: "3: PONG" gives 3 and "PONG". 0 and all of it when there is none. */
uint32_t clamd_reply_id(struct str *line);

bool clamd_version_parse(struct str text, struct clamd_version *out);
bool clamd_stats_parse(struct str text, struct clamd_stats *out);

/* ---- addresses (clamd_pool.c) ---- */

struct clamd_session;

struct clamd_peer {
    char text[CLAMD_ADDRESS_MAX]; /* as named */
    char host[CLAMD_ADDRESS_MAX]; /* or the path of the socket */
    bool is_unix;
    uint16_t port;
    /* The lock of struct clamd is held for these. */
    struct clamd_session *idle[CLAMD_IDLE_MAX];
    size_t n_idle;
    int64_t down_until_us, version_at_us; /* 0: never asked */
    char version[CLAMD_TEXT_MAX];
    bool no_file_passing; /* it refused descriptors, and took a stream */
};

int clamd_peer_parse(const char *text, struct clamd_peer *out, struct mp_err *err);

struct clamd_cache;

struct clamd {
    pthread_mutex_t lock;
    struct clamd_peer peers[CLAMD_MAX_ADDRESSES];
    size_t n_peers;
    size_t turn; /* which address the next call begins with */
    unsigned deadline_ms;
    bool no_file_passing;
    struct clamd_cache *cache; /* NULL: none */
};

/* A connection that is alive, an idle one first; *deadline_us bounds a new one, and so does
 * CLAMD_CONNECT_MS. */
int clamd_take(struct clamd *c, struct clamd_peer *p, int64_t deadline_us,
               struct clamd_session **out, struct mp_err *err);
void clamd_give(struct clamd *c, struct clamd_peer *p, struct clamd_session *s);

/* ---- a session (clamd_conn.c) ---- */

enum clamd_task_state { CLAMD_TASK_OPEN, CLAMD_TASK_SENT, CLAMD_TASK_ANSWERED };

/* One item on its way. */
struct clamd_task {
    const struct clamd_item *item;
    struct clamd_answer *answer;
    enum clamd_task_state state;
    unsigned tries;
    uint32_t id; /* in this session, when sent */
    bool by_stream;
};

int clamd_session_open(const struct clamd_peer *p, int64_t deadline_us, struct clamd_session **out,
                       struct mp_err *err);
void clamd_session_close(struct clamd_session *s); /* accepts NULL */
/* Has it been silent, as it should, and is it still there? */
bool clamd_session_is_alive(struct clamd_session *s);
int64_t *clamd_session_idle_since_us(struct clamd_session *s);

/* As much of it as there is room for, with a NUL behind it. */
void clamd_copy_text(char *out, size_t room, struct str text);
/* One command that is answered at once: "PING". The answer without id, made of at most `room`
 * octets with its NUL. */
int clamd_session_ask(struct clamd_session *s, const char *command, char *answer, size_t room,
                      int64_t deadline_us, struct mp_err *err);

/* Send the open tasks, take their answers in whatever order they come. MP_OK: all are answered,
 * and the session may be used again. Else it is over, and tasks that were sent are not answered:
 * MP_E_TIMEOUT, MP_E_IO, MP_E_SYNTAX (what came is not an answer to what was asked). A stream over
 * the limit ends a session by clamd's way: *limit_bytes is then the size of it, and what was left
 * behind is no fault of its own. */
int clamd_session_scan(struct clamd_session *s, struct clamd_task *tasks, size_t n,
                       int64_t deadline_us, size_t *limit_bytes, struct mp_err *err);

/* ---- verdicts that are known (clamd_cache.c); any thread ---- */

struct clamd_cache *clamd_cache_new(size_t entries);
void clamd_cache_free(struct clamd_cache *c); /* accepts NULL */
bool clamd_cache_get(struct clamd_cache *c, const unsigned char sha256[32], struct str version,
                     int64_t now_s, struct clamd_answer *out);
/* Keeps clean and found only. */
void clamd_cache_put(struct clamd_cache *c, const unsigned char sha256[32], struct str version,
                     int64_t now_s, const struct clamd_answer *answer);

#endif
