/* One session with clamd (IDSESSION): items are sent while answers come back in any order. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/clamd_internal.h"
#include "io/host.h"
#include "io/net_internal.h"

enum { READ_BYTES = 8192, CHUNK_MAX_BYTES = 1 << 30, PARTS = 3 };

struct clamd_session {
    struct conn *conn;
    uint32_t last_id;
    bool can_send;
    struct buf in; /* what came and is not taken yet */
    int64_t idle_since_us;
};

/* What is being sent: up to three pieces, and a descriptor that goes with the last. */
struct sending {
    struct clamd_task *task; /* NULL: nothing is */
    char head[24];
    struct iovec parts[PARTS];
    size_t part;     /* PARTS: all is sent */
    int fd;          /* -1: none */
    struct str left; /* of the item, behind the chunk that is being sent */
};

/* One call of clamd_session_scan. */
struct scan {
    struct clamd_session *s;
    struct clamd_task *tasks;
    size_t n, next;
    struct clamd_task *waiting[CLAMD_UNANSWERED_MAX];
    size_t n_waiting;
    struct sending out;
    size_t limit_bytes;
};

/* ---- life ---- */

static int connect_one(const struct conn_target *to, int64_t deadline_us, struct conn **out,
                       struct mp_err *err)
{
    enum conn_fault fault;
    return conn_open(to, deadline_us, out, &fault, err);
}

static int connect_host(const struct clamd_peer *p, int64_t deadline_us, struct conn **out,
                        struct mp_err *err)
{
    struct ip at[HOST_MAX_ADDRESSES];
    size_t n = 0;
    int st = host_addresses(p->host, at, &n, err);
    for (size_t i = 0; i < n; i++) {
        struct conn_target to = {.ip = at[i], .port = p->port};
        st = connect_one(&to, deadline_us, out, err);
        if (st == MP_OK)
            break;
    }
    return st;
}

int clamd_session_open(const struct clamd_peer *p, int64_t deadline_us, struct clamd_session **out,
                       struct mp_err *err)
{
    struct clamd_session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a session with clamd");
    struct conn_target to = {.unix_path = p->host};
    buf_init(&s->in, CLAMD_REPLY_MAX_BYTES);
    s->can_send = true;
    int st = p->is_unix ? connect_one(&to, deadline_us, &s->conn, err)
                        : connect_host(p, deadline_us, &s->conn, err);
    if (st == MP_OK)
        st = conn_write(s->conn, STR("zIDSESSION\0"), deadline_us, err);
    if (st != MP_OK) {
        clamd_session_close(s);
        return st;
    }
    *out = s;
    return MP_OK;
}

void clamd_session_close(struct clamd_session *s)
{
    static const char end[] = "zEND"; /* with its NUL */
    if (s == NULL)
        return;
    if (s->conn != NULL && s->can_send)
        conn_raw_write(s->conn, end, sizeof end); /* a courtesy: it takes it or not */
    conn_close(s->conn);
    buf_clear(&s->in);
    free(s);
}

bool clamd_session_is_alive(struct clamd_session *s)
{
    char byte;
    return s->can_send && s->in.n == 0 && recv(s->conn->fd, &byte, 1, MSG_PEEK) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

int64_t *clamd_session_idle_since_us(struct clamd_session *s)
{
    return &s->idle_since_us;
}

/* ---- reading ---- */

static void forget(struct buf *in, size_t n)
{
    memmove(in->p, in->p + n, in->n - n);
    in->n -= n;
}

/* What is there now. MP_E_IO at the end of the stream too. */
static int read_some(struct clamd_session *s, struct mp_err *err)
{
    char *to = buf_reserve(&s->in, READ_BYTES);
    if (to == NULL)
        return mp_fail(err,
                       s->in.n >= CLAMD_REPLY_MAX_BYTES - READ_BYTES ? MP_E_SYNTAX : MP_E_NOMEM,
                       CLAMD_REPLY_MAX_BYTES, "%s: an answer without an end", s->conn->peer_text);
    ssize_t n = conn_raw_read(s->conn, to, READ_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return MP_OK;
    if (n < 0)
        return conn_fail_errno(s->conn, errno, err);
    if (n == 0)
        return mp_fail(err, MP_E_IO, 0, "%s ended the session before it had answered",
                       s->conn->peer_text);
    s->in.n += (size_t)n;
    return MP_OK;
}

void clamd_copy_text(char *out, size_t room, struct str text)
{
    text = str_slice(text, 0, room - 1);
    if (text.n > 0)
        memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

int clamd_session_ask(struct clamd_session *s, const char *command, char *answer, size_t room,
                      int64_t deadline_us, struct mp_err *err)
{
    struct str rest, line;
    char text[32];
    size_t n = strlen(command);
    if (n + 2 > sizeof text)
        return mp_fail(err, MP_E_USAGE, 0, "clamd: there is no command %s", command);
    text[0] = 'z';
    memcpy(text + 1, command, n + 1);
    uint32_t id = ++s->last_id;
    int st = conn_write(s->conn, str_make(text, n + 2), deadline_us, err);
    while (st == MP_OK && (rest = buf_str(&s->in), !clamd_reply_next(&rest, &line))) {
        st = conn_wait(s->conn, false, deadline_us);
        st = st == MP_OK ? read_some(s, err) : conn_fail_wait(s->conn, st, err);
    }
    if (st == MP_OK && clamd_reply_id(&line) != id)
        st = mp_fail(err, MP_E_SYNTAX, 0, "%s answers %s with \"" STR_FMT "\"", s->conn->peer_text,
                     command, STR_ARG(str_slice(line, 0, CLAMD_TEXT_MAX)));
    if (st == MP_OK)
        clamd_copy_text(answer, room, line);
    if (st == MP_OK)
        forget(&s->in, s->in.n - rest.n);
    else
        s->can_send = false;
    return st;
}

/* ---- sending ---- */

/* The bytes as a file in memory that nobody can change any more; -1: there is no way here. */
static int sealed_file(struct str bytes)
{
    int fd = memfd_create("mailproof", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 ||
        (fd_write(fd, bytes) && lseek(fd, 0, SEEK_SET) == 0 &&
         fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0))
        return fd;
    close(fd);
    return -1;
}

static struct iovec piece(const void *p, size_t n)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = n};
}

/* The next chunk of a stream, and the end behind the last. */
static void load_chunk(struct sending *o, size_t at)
{
    static const unsigned char end[4] = {0};
    struct str chunk = str_slice(o->left, 0, CHUNK_MAX_BYTES);
    o->left = str_slice(o->left, chunk.n, o->left.n);
    for (size_t i = 0; chunk.n > 0 && i < 4; i++)
        o->head[at++] = (char)(chunk.n >> (24 - 8 * i) & 255);
    o->parts[0] = piece(o->head, at);
    o->parts[1] = piece(chunk.p, chunk.n);
    o->parts[2] = piece(end, o->left.n == 0 ? sizeof end : 0);
    o->part = 0;
}

static void load(struct scan *x, struct clamd_task *t)
{
    static const char stream[] = "zINSTREAM", file[] = "zFILDES"; /* with their NUL */
    struct sending *o = &x->out;
    *o = (struct sending){.task = t, .fd = -1};
    if (!t->by_stream)
        o->fd = sealed_file(t->item->bytes);
    if (o->fd >= 0) {
        o->parts[0] = piece(file, sizeof file);
        o->parts[PARTS - 1] = piece("x", 1); /* a descriptor needs one octet to go with */
    } else {
        memcpy(o->head, stream, sizeof stream);
        o->left = t->item->bytes;
        load_chunk(o, sizeof stream);
    }
    t->id = ++x->s->last_id;
    t->state = CLAMD_TASK_SENT;
    x->waiting[x->n_waiting++] = t;
}

static void unload(struct sending *o)
{
    if (o->task != NULL && o->fd >= 0)
        close(o->fd);
    *o = (struct sending){.fd = -1};
}

/* Is there something to send? Takes the next open task when there is room for its answer. */
static bool has_more(struct scan *x)
{
    if (!x->s->can_send)
        return false;
    if (x->out.task != NULL)
        return true;
    while (x->next < x->n && x->tasks[x->next].state != CLAMD_TASK_OPEN)
        x->next++;
    if (x->next == x->n || x->n_waiting == CLAMD_UNANSWERED_MAX)
        return false;
    load(x, &x->tasks[x->next++]);
    return true;
}

static ssize_t send_parts(struct conn *c, struct iovec *parts, size_t n, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = n};
    if (fd >= 0) {
        m.msg_control = control.room;
        m.msg_controllen = sizeof control.room;
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(h), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* One write. A peer that takes no more may have said why: that is read, so it is no failure. */
static void send_some(struct scan *x)
{
    struct sending *o = &x->out;
    bool passes = o->fd >= 0 && o->part == PARTS - 1;
    size_t n = o->fd >= 0 && !passes ? PARTS - 1 - o->part : PARTS - o->part;
    ssize_t sent = send_parts(x->s->conn, &o->parts[o->part], n, passes ? o->fd : -1);
    if (sent < 0) {
        x->s->can_send = errno == EAGAIN || errno == EWOULDBLOCK;
        return;
    }
    size_t left = (size_t)sent;
    while (o->part < PARTS && left >= o->parts[o->part].iov_len)
        left -= o->parts[o->part++].iov_len;
    if (o->part < PARTS)
        o->parts[o->part] =
            piece((char *)o->parts[o->part].iov_base + left, o->parts[o->part].iov_len - left);
    else if (o->left.n > 0)
        load_chunk(o, 0);
    else
        unload(o);
}

/* ---- answers ---- */

/* NULL: nothing with this id waits for an answer. An answer without id can only belong to a task
 * that is alone. */
static struct clamd_task *take_waiting(struct scan *x, uint32_t id)
{
    for (size_t i = 0; i < x->n_waiting; i++) {
        struct clamd_task *t = x->waiting[i];
        if (t->id != id && (id != 0 || x->n_waiting != 1))
            continue;
        x->waiting[i] = x->waiting[--x->n_waiting];
        return t;
    }
    return NULL;
}

static int take_answer(struct scan *x, struct str line, struct mp_err *err)
{
    static const enum clamd_verdict verdicts[] = {[CLAMD_REPLY_OK] = CLAMD_CLEAN,
                                                  [CLAMD_REPLY_FOUND] = CLAMD_FOUND,
                                                  [CLAMD_REPLY_LIMIT] = CLAMD_LIMIT,
                                                  [CLAMD_REPLY_ERROR] = CLAMD_ERROR};
    struct clamd_reply r = clamd_reply_parse(line);
    struct clamd_task *t = take_waiting(x, r.id);
    bool in_full = t != NULL && t != x->out.task;
    if (t == NULL || (!in_full && (r.kind == CLAMD_REPLY_OK || r.kind == CLAMD_REPLY_FOUND)))
        return mp_fail(err, MP_E_SYNTAX, r.id, "%s answers what was not asked: \"" STR_FMT "\"",
                       x->s->conn->peer_text, STR_ARG(str_slice(line, 0, CLAMD_TEXT_MAX)));
    *t->answer = (struct clamd_answer){.verdict = verdicts[r.kind]};
    t->state = CLAMD_TASK_ANSWERED;
    if (r.kind != CLAMD_REPLY_OK)
        clamd_copy_text(t->answer->text, sizeof t->answer->text, r.text);
    if (r.kind == CLAMD_REPLY_LIMIT)
        x->limit_bytes = t->item->bytes.n;
    if (r.kind == CLAMD_REPLY_LIMIT || !in_full) { /* clamd hears no more in this session */
        x->s->can_send = false;
        unload(&x->out);
    }
    return MP_OK;
}

static int take_answers(struct scan *x, struct mp_err *err)
{
    struct str rest, line;
    int read = read_some(x->s, err), st = MP_OK;
    rest = buf_str(&x->s->in);
    while (st == MP_OK && clamd_reply_next(&rest, &line))
        st = take_answer(x, line, err);
    if (st == MP_OK && x->s->in.n > 0)
        forget(&x->s->in, x->s->in.n - rest.n);
    return st != MP_OK ? st : read;
}

int clamd_session_scan(struct clamd_session *s, struct clamd_task *tasks, size_t n,
                       int64_t deadline_us, size_t *limit_bytes, struct mp_err *err)
{
    struct scan x = {.s = s, .tasks = tasks, .n = n, .out = {.fd = -1}};
    int st = MP_OK;
    for (;;) {
        short events = 0;
        bool to_send = has_more(&x);
        if (!to_send && x.n_waiting == 0)
            break;
        st = conn_poll(s->conn, to_send ? POLLIN | POLLOUT : POLLIN, deadline_us, &events);
        if (st != MP_OK)
            st = conn_fail_wait(s->conn, st, err);
        else if ((events & ~POLLOUT) != 0)
            st = take_answers(&x, err);
        if (st != MP_OK)
            break;
        if ((events & POLLOUT) != 0 && x.out.task != NULL)
            send_some(&x);
    }
    if (st == MP_OK && !s->can_send)
        st = mp_fail(err, MP_E_IO, 0, "%s takes no more", s->conn->peer_text);
    if (st != MP_OK)
        s->can_send = false;
    unload(&x.out);
    *limit_bytes = x.limit_bytes;
    return st;
}
