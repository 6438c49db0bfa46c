/* Load for a filter daemon: messages over many connections at once, and how long each took.
 *
 * usage: serve_load milter|http|rspamd ADDRESS LIST CONNECTIONS PER_SECOND SECONDS
 *
 * ADDRESS: the path of a unix socket (milter), or a port of 127.0.0.1. LIST: a line for each
 * message, "PATH IP HELO MAIL_FROM". PER_SECOND 0: each connection sends its next message when the
 * answer is there. Else messages fall due at even times, and what one waits for a connection
 * counts. SECONDS 0: every message once. milter: a connection for each message, as from a mail
 * server with many clients; http (POST /v1/scan) and rspamd (POST /checkv2): kept where the server
 * keeps them. Prints JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "milter/client.h"

enum { MAX_CONNECTIONS = 1000, MAX_MAILS = 100000, EVENTS = 256, READ_BYTES = 65536 };
enum { OUT_MAX = 64 << 20, MAX_TIMES = 4 << 20, LINE_BYTES = 4096 };
enum kind { KIND_MILTER, KIND_HTTP, KIND_RSPAMD };
enum step { STEP_OPTIONS, STEP_CONNECT, STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_MESSAGE };

struct mail {
    struct str raw, ip, helo, mail_from;
};

struct connection {
    int fd;
    bool busy, writing; /* writing: told when there is room */
    const struct mail *mail;
    int64_t due_us;
    struct buf in, out;
    size_t sent;
    /* milter */
    enum step step;
    struct milter_client client;
    struct milter_client_message message;
};

struct load {
    enum kind kind;
    const char *address;
    struct mail *mails;
    size_t n_mails, next_mail;
    int epoll;
    double interval_us; /* 0: as fast as answers come */
    int64_t begun_us, end_us;
    uint64_t most, begun, done, accepted; /* messages */
    uint32_t *times_us;
    struct connection *connections;
    unsigned n;
};

_Noreturn static void fatal(const char *what)
{
    fprintf(stderr, "serve_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- the messages ---- */

static struct str read_file(const char *path)
{
    struct buf b;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fatal(path);
    buf_init(&b, OUT_MAX);
    char bytes[READ_BYTES];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
        buf_add(&b, str_make(bytes, n));
    fclose(f);
    if (b.failed)
        fatal(path);
    return buf_str(&b);
}

static void read_list(struct load *l, const char *path)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "r");
    l->mails = calloc(MAX_MAILS, sizeof *l->mails);
    if (f == NULL || l->mails == NULL)
        fatal(path);
    while (l->n_mails < MAX_MAILS && fgets(line, sizeof line, f) != NULL) {
        char *words[4] = {line}, *at = line;
        for (size_t i = 1; i < ARRAY_LEN(words); i++, at++) {
            if ((at = strchr(at, ' ')) == NULL)
                fatal("a line of the list");
            *at = '\0';
            words[i] = at + 1;
        }
        words[3][strcspn(words[3], "\n")] = '\0';
        l->mails[l->n_mails++] =
            (struct mail){read_file(words[0]), str_from(strdup(words[1])),
                          str_from(strdup(words[2])), str_from(strdup(words[3]))};
    }
    fclose(f);
    if (l->n_mails == 0)
        fatal("no messages");
}

/* ---- connections ---- */

static int open_socket(const struct load *l)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_local = l->kind == KIND_MILTER;
    int on = 1, fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(local.sun_path, sizeof local.sun_path, "%s", l->address);
    inet.sin_port = htons((uint16_t)strtoul(l->address, NULL, 10));
    int failed = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                          : connect(fd, (struct sockaddr *)&inet, sizeof inet);
    if (fd < 0 || failed != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        fatal(l->address);
    if (!is_local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void watch(const struct load *l, struct connection *c, int how)
{
    struct epoll_event e = {.events = EPOLLIN | (c->writing ? (uint32_t)EPOLLOUT : 0),
                            .data.ptr = c};
    if (epoll_ctl(l->epoll, how, c->fd, &e) != 0)
        fatal("epoll_ctl");
}

static void connect_it(const struct load *l, struct connection *c)
{
    c->fd = open_socket(l);
    c->writing = false;
    watch(l, c, EPOLL_CTL_ADD);
}

static void disconnect(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void flush(const struct load *l, struct connection *c)
{
    ssize_t n;
    while (c->sent < c->out.n &&
           (n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL)) > 0)
        c->sent += (size_t)n;
    bool more = c->sent < c->out.n;
    if (!more) {
        buf_reset(&c->out);
        c->sent = 0;
    }
    if (more != c->writing) {
        c->writing = more;
        watch(l, c, EPOLL_CTL_MOD);
    }
}

/* ---- milter ---- */

static void milter_command(struct connection *c)
{
    static const struct str id[] = {STR_INIT("i"), STR_INIT("4XyZ0123456789")};
    static const struct str rcpt = STR_INIT("<b@here.test>");
    const struct mail *m = c->mail;
    struct str at[] = {STR("<"), m->mail_from, STR(">")};
    char from[LINE_BYTES];
    snprintf(from, sizeof from, STR_FMT STR_FMT STR_FMT, STR_ARG(at[0]), STR_ARG(at[1]),
             STR_ARG(at[2]));
    struct str address = str_from(from);
    if (c->step == STEP_CONNECT) {
        milter_client_connect(&c->out, m->helo, MILTER_FAMILY_INET, 4321, m->ip);
    } else if (c->step == STEP_HELO) {
        milter_client_words(&c->out, MILTER_HELO, &m->helo, 1);
    } else if (c->step == STEP_MAIL) {
        milter_client_macros(&c->out, MILTER_MAIL, id, 2);
        milter_client_words(&c->out, MILTER_MAIL, &address, 1);
    } else if (c->step == STEP_RCPT) {
        milter_client_words(&c->out, MILTER_RCPT, &rcpt, 1);
    }
}

/* Write up to what is answered. */
static void milter_go_on(struct connection *c)
{
    static const enum milter_command commands[] = {[STEP_CONNECT] = MILTER_CONNECT,
                                                   [STEP_HELO] = MILTER_HELO,
                                                   [STEP_MAIL] = MILTER_MAIL,
                                                   [STEP_RCPT] = MILTER_RCPT};
    while (c->step != STEP_MESSAGE) {
        c->step++;
        if (c->step == STEP_MESSAGE) {
            c->message = (struct milter_client_message){.rest = c->mail->raw, .body_in_end = true};
            break;
        }
        milter_command(c);
        if (milter_client_awaits(&c->client, commands[c->step]))
            return;
    }
    milter_client_next(&c->client, &c->message, &c->out);
}

static void milter_begin(struct connection *c)
{
    static const struct milter_options offer = {
        MILTER_VERSION, MILTER_CAN_ALL, MILTER_STEPS_ALL, {NULL, 0}};
    c->step = STEP_OPTIONS;
    milter_client_begin(&c->client, &offer, &c->out);
}

/* True: the message is decided. */
static bool milter_answer(struct connection *c, const struct milter_packet *p, bool *accepted)
{
    struct mp_err err = {0};
    if (c->step == STEP_OPTIONS) {
        if (milter_client_agree(&c->client, p, &err) != MP_OK)
            fatal(err.text);
    } else if (milter_client_meaning((char)p->command) != MILTER_MEANS_WORD) {
        return false;
    } else if (p->command != MILTER_CONTINUE || (c->step == STEP_MESSAGE && c->message.ended)) {
        *accepted = p->command == MILTER_CONTINUE || p->command == MILTER_ACCEPT;
        return true;
    }
    milter_go_on(c);
    return false;
}

static bool milter_read(struct connection *c, bool *accepted)
{
    struct str in = buf_str(&c->in);
    struct milter_packet p;
    while (milter_packet_next(&in, MILTER_ANSWER_MAX_BYTES, &p, NULL) == MP_OK)
        if (milter_answer(c, &p, accepted))
            return true;
    size_t n = in.n;
    if (n > 0)
        memmove(c->in.p, in.p, n);
    c->in.n = n;
    return false;
}

/* ---- HTTP ---- */

static void http_begin(const struct load *l, struct connection *c)
{
    const struct mail *m = c->mail;
    if (l->kind == KIND_HTTP)
        buf_addf(&c->out,
                 "POST /v1/scan?ip=" STR_FMT "&helo=" STR_FMT "&mail_from=" STR_FMT
                 "&rcpt=b@here.test HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
                 "Content-Type: message/rfc822\r\n",
                 STR_ARG(m->ip), STR_ARG(m->helo), STR_ARG(m->mail_from), l->address);
    else
        buf_addf(&c->out,
                 "POST /checkv2 HTTP/1.1\r\nHost: 127.0.0.1\r\nIP: " STR_FMT "\r\nHelo: " STR_FMT
                 "\r\nFrom: " STR_FMT "\r\nRcpt: b@here.test\r\nConnection: keep-alive\r\n",
                 STR_ARG(m->ip), STR_ARG(m->helo), STR_ARG(m->mail_from));
    buf_addf(&c->out, "Content-Length: %zu\r\n\r\n", m->raw.n);
    buf_add(&c->out, m->raw);
}

/* The answer is there: 200, and for rspamd no error in it. */
static bool http_read(const struct connection *c, bool *accepted, bool *closes)
{
    static const struct str length = STR_INIT("\ncontent-length:"), end = STR_INIT("\r\n\r\n");
    struct str in = buf_str(&c->in);
    size_t head = str_search(in, end), bytes = SIZE_MAX;
    if (head >= in.n)
        return false;
    *closes = false;
    for (size_t i = 0; i < head; i++) {
        if (in.p[i] != '\n')
            continue;
        if (strncasecmp(in.p + i, length.p, length.n) == 0)
            bytes = strtoul(in.p + i + length.n, NULL, 10);
        else if (strncasecmp(in.p + i, "\nconnection: close", 18) == 0)
            *closes = true;
    }
    if (bytes == SIZE_MAX)
        fatal("an answer without its length");
    *accepted = strncmp(in.p, "HTTP/1.1 200", 12) == 0;
    return in.n >= head + end.n + bytes;
}

/* ---- the load ---- */

static void begin(struct load *l, struct connection *c, int64_t due_us)
{
    c->mail = &l->mails[l->next_mail];
    l->next_mail = (l->next_mail + 1) % l->n_mails;
    l->begun++;
    c->busy = true;
    c->due_us = due_us;
    buf_reset(&c->in);
    if (c->fd < 0)
        connect_it(l, c);
    if (l->kind == KIND_MILTER)
        milter_begin(c);
    else
        http_begin(l, c);
    flush(l, c);
}

/* What is due, to those that are free; how long until the next is, in ms, or -1. */
static int begin_due(struct load *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct connection *c = &l->connections[i];
        int64_t now_us = clock_mono_us(), due_us = now_us;
        if (l->interval_us > 0)
            due_us = l->begun_us + (int64_t)(l->interval_us * (double)l->begun);
        if (due_us >= l->end_us || l->begun >= l->most)
            return 100;
        if (due_us > now_us)
            return (int)((due_us - now_us) / 1000);
        if (!c->busy)
            begin(l, c, due_us);
    }
    return 100;
}

static void finish(struct load *l, struct connection *c, bool accepted, bool closes)
{
    int64_t took_us = clock_mono_us() - c->due_us;
    if (l->done < MAX_TIMES)
        l->times_us[l->done] = (uint32_t)took_us;
    l->done++;
    l->accepted += accepted;
    c->busy = false;
    if (l->kind == KIND_MILTER) {
        milter_packet_write(&c->out, MILTER_QUIT, STR_NONE);
        flush(l, c);
    }
    if (closes)
        disconnect(c);
}

static void serve(struct load *l, struct connection *c)
{
    static char bytes[READ_BYTES];
    bool accepted = false, closes = l->kind == KIND_MILTER;
    ssize_t n;
    while ((n = read(c->fd, bytes, sizeof bytes)) > 0)
        buf_add(&c->in, str_make(bytes, (size_t)n));
    if (n < 0 && errno != EAGAIN)
        fatal("read");
    if (c->busy &&
        (l->kind == KIND_MILTER ? milter_read(c, &accepted) : http_read(c, &accepted, &closes))) {
        finish(l, c, accepted, closes || n == 0);
    } else if (n == 0) {
        if (c->busy)
            fatal("the server has closed a connection");
        disconnect(c);
    } else {
        flush(l, c);
    }
}

static void run(struct load *l)
{
    struct epoll_event events[EVENTS];
    while ((clock_mono_us() < l->end_us && l->begun < l->most) || l->done < l->begun) {
        int wait_ms = clock_mono_us() < l->end_us ? begin_due(l) : 100;
        int n = epoll_wait(l->epoll, events, EVENTS, wait_ms);
        if (n < 0 && errno != EINTR)
            fatal("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->fd >= 0 && (events[i].events & EPOLLOUT) != 0)
                flush(l, c);
            if (c->fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                serve(l, c);
        }
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print(struct load *l, double took_s)
{
    size_t n = l->done < MAX_TIMES ? (size_t)l->done : MAX_TIMES;
    if (n == 0)
        fatal("no message was answered");
    qsort(l->times_us, n, sizeof *l->times_us, by_value);
    printf("{\"messages\":%llu,\"accepted\":%llu,\"seconds\":%.3f,\"per_s\":%.1f,\"p50_ms\":%.3f,"
           "\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           (unsigned long long)l->done, (unsigned long long)l->accepted, took_s,
           (double)l->done / took_s, l->times_us[n / 2] / 1e3, l->times_us[n * 99 / 100] / 1e3,
           l->times_us[n - 1] / 1e3);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"milter", "http", "rspamd"};
    static struct connection connections[MAX_CONNECTIONS];
    struct load l = {.connections = connections,
                     .most = UINT64_MAX,
                     .epoll = epoll_create1(EPOLL_CLOEXEC)};
    while (argc == 7 && l.kind < KIND_RSPAMD && strcmp(argv[1], kinds[l.kind]) != 0)
        l.kind++;
    l.n = argc == 7 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
    double rate = argc == 7 ? strtod(argv[5], NULL) : 0;
    double seconds = argc == 7 ? strtod(argv[6], NULL) : 0;
    if (l.n == 0 || l.n > MAX_CONNECTIONS || rate < 0) {
        fprintf(stderr, "usage: serve_load milter|http|rspamd ADDRESS LIST CONNECTIONS PER_SECOND "
                        "SECONDS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    l.address = argv[2];
    read_list(&l, argv[3]);
    l.times_us = calloc(MAX_TIMES, sizeof *l.times_us);
    if (l.times_us == NULL)
        fatal("memory");
    for (unsigned i = 0; i < l.n; i++) {
        connections[i].fd = -1;
        buf_init(&connections[i].in, OUT_MAX);
        buf_init(&connections[i].out, OUT_MAX);
    }
    l.interval_us = rate > 0 ? 1e6 / rate : 0;
    l.begun_us = clock_mono_us();
    l.end_us = l.begun_us + (int64_t)(seconds * 1e6);
    if (seconds <= 0) {
        l.end_us = INT64_MAX;
        l.most = l.n_mails;
    }
    run(&l);
    print(&l, (double)(clock_mono_us() - l.begun_us) / 1e6);
    return 0;
}
