/* The mail filter protocol: a filter that lets everything through, ours and libmilter's, each a
 * process of its own at a unix socket, by turns; the load is ours, an MTA like Postfix.
 *
 *     milter_bench [MESSAGES [ROUNDS [ours|libmilter]]]
 *
 * Of each: messages a second, and CPU of the filter's process for a message (medians of rounds). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/milter_bench.h"
#include "milter/client.h"
#include "milter/session.h"

enum { READ_BYTES = 65536, EVENTS = 256, OUT_MAX = 1 << 20, ROUNDS_MAX = 99, LISTEN_MAX = 1024 };

static void fatal(const char *what)
{
    perror(what);
    exit(1);
}

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_of_s(pid_t pid)
{
    struct timespec t = {0, 0};
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        fatal("clock of the filter");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    return sa;
}

static void watch(int epoll, int fd, uint32_t events, void *what)
{
    struct epoll_event e = {.events = events, .data.ptr = what};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        fatal("epoll_ctl");
}

/* ---- our filter ---------------------------------------------------------------------------------
 */

struct filter {
    int fd;
    struct milter_session *session;
    uint64_t bytes;
};

static bool count(void *arg, struct str bytes)
{
    struct filter *f = arg;
    f->bytes += bytes.n;
    return true;
}

static struct filter *filter_new(int fd)
{
    const struct milter_config config = {
        .actions = MILTER_CAN_ADD_HEADERS | MILTER_CAN_CHANGE_HEADERS | MILTER_CAN_QUARANTINE};
    struct filter *f = calloc(1, sizeof *f);
    if (f == NULL)
        fatal("calloc");
    f->fd = fd;
    f->session = milter_session_new(&config, (struct milter_sink){count, f});
    if (f->session == NULL)
        fatal("session");
    return f;
}

static bool filter_serve(struct filter *f)
{
    static char bytes[READ_BYTES];
    static const struct milter_verdict accepted = {.refusal = NULL};
    struct milter_event event;
    struct mp_err err = {0};
    ssize_t n = read(f->fd, bytes, sizeof bytes);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    struct str in = str_make(bytes, (size_t)n);
    int st;
    while ((st = milter_session_take(f->session, &in, &event, &err)) == MP_OK &&
           event.type != MILTER_EVENT_NONE && event.type != MILTER_EVENT_QUIT)
        if (event.wants_answer && milter_answer_message(f->session, &accepted, &err) != MP_OK)
            return false;
    struct str out = milter_session_output(f->session);
    if (out.n > 0 && (n = write(f->fd, out.p, out.n)) > 0)
        milter_session_sent(f->session, (size_t)n);
    return st == MP_OK && event.type != MILTER_EVENT_QUIT;
}

static int bench_ours(const char *path)
{
    struct sockaddr_un sa = address_of(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
    if (bind(listener, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(listener, LISTEN_MAX) != 0)
        fatal(path);
    watch(epoll, listener, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    for (int n, fd; (n = epoll_wait(epoll, events, EVENTS, -1)) > 0;) {
        for (int i = 0; i < n; i++) {
            struct filter *f = events[i].data.ptr;
            while (f == NULL && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
                watch(epoll, fd, EPOLLIN, filter_new(fd));
            if (f == NULL || filter_serve(f))
                continue;
            close(f->fd);
            milter_session_free(f->session);
            free(f);
        }
    }
    return 1;
}

/* ---- the load
 * -------------------------------------------------------------------------------------- */

enum step { STEP_OPTIONS, STEP_CONNECT, STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_MESSAGE };

struct mta {
    int fd;
    enum step step;
    unsigned to_send; /* messages of this connection */
    struct milter_client client;
    struct milter_client_message message;
    struct buf in, out;
    size_t sent;
};

struct load {
    const char *path;
    int epoll;
    struct str text;
    unsigned per_connection;
    size_t to_begin, done, messages; /* messages */
};

static void write_command(struct mta *m)
{
    static const struct str pairs[] = {STR_INIT("i"), STR_INIT("4XyZ0123456789"),
                                       STR_INIT("{mail_addr}"), STR_INIT("alice@sender.test")};
    static const struct str helo = STR_INIT("mail.sender.test"), rcpt = STR_INIT("<b@here.test>");
    static const struct str mail[] = {STR_INIT("<alice@sender.test>"), STR_INIT("SIZE=8000")};
    if (m->step == STEP_CONNECT) {
        milter_client_macros(&m->out, MILTER_CONNECT, pairs, 4);
        milter_client_connect(&m->out, STR("mail.sender.test"), MILTER_FAMILY_INET, 4321,
                              STR("192.0.2.1"));
    } else if (m->step == STEP_HELO) {
        milter_client_words(&m->out, MILTER_HELO, &helo, 1);
    } else if (m->step == STEP_MAIL) {
        milter_client_macros(&m->out, MILTER_MAIL, pairs, 4);
        milter_client_words(&m->out, MILTER_MAIL, mail, 2);
    } else if (m->step == STEP_RCPT) {
        milter_client_words(&m->out, MILTER_RCPT, &rcpt, 1);
    }
}

/* Write up to what is answered. */
static void go_on(const struct load *load, struct mta *m)
{
    static const enum milter_command commands[] = {[STEP_CONNECT] = MILTER_CONNECT,
                                                   [STEP_HELO] = MILTER_HELO,
                                                   [STEP_MAIL] = MILTER_MAIL,
                                                   [STEP_RCPT] = MILTER_RCPT};
    while (m->step != STEP_MESSAGE) {
        m->step++;
        if (m->step == STEP_MESSAGE) {
            m->message = (struct milter_client_message){.rest = load->text, .body_in_end = true};
            break;
        }
        write_command(m);
        if (milter_client_awaits(&m->client, commands[m->step]))
            return;
    }
    milter_client_next(&m->client, &m->message, &m->out);
}

/* A connection for more messages, if there are any to send. */
static bool begin(struct load *load, struct mta *m)
{
    static const struct milter_options offer = {
        MILTER_VERSION, MILTER_CAN_ALL, MILTER_STEPS_ALL, {NULL, 0}};
    struct sockaddr_un sa = address_of(load->path);
    unsigned n =
        load->to_begin < load->per_connection ? (unsigned)load->to_begin : load->per_connection;
    if (n == 0)
        return false;
    load->to_begin -= n;
    m->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (m->fd < 0 || connect(m->fd, (struct sockaddr *)&sa, sizeof sa) != 0 ||
        fcntl(m->fd, F_SETFL, O_NONBLOCK) != 0)
        fatal("connect");
    m->to_send = n;
    m->step = STEP_OPTIONS;
    buf_reset(&m->in);
    buf_reset(&m->out);
    m->sent = 0;
    milter_client_begin(&m->client, &offer, &m->out);
    watch(load->epoll, m->fd, EPOLLIN | EPOLLOUT | EPOLLET, m);
    return true;
}

static void flush(struct mta *m)
{
    ssize_t n;
    while (m->sent < m->out.n && (n = write(m->fd, m->out.p + m->sent, m->out.n - m->sent)) > 0)
        m->sent += (size_t)n;
    if (m->sent == m->out.n) {
        buf_reset(&m->out);
        m->sent = 0;
    }
}

/* An answer of the filter's. False: the connection has sent all that it should. */
static bool answered(struct load *load, struct mta *m, const struct milter_packet *p)
{
    struct mp_err err = {0};
    if (m->step == STEP_OPTIONS && milter_client_agree(&m->client, p, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    if (m->step != STEP_OPTIONS && p->command != MILTER_CONTINUE) {
        fprintf(stderr, "answer 0x%02x at step %d\n", p->command, m->step);
        exit(1);
    }
    if (m->step == STEP_MESSAGE && m->message.ended) {
        load->done++;
        if (--m->to_send == 0)
            return false;
        m->step = STEP_HELO;
    }
    go_on(load, m);
    return true;
}

static void serve(struct load *load, struct mta *m)
{
    static char bytes[READ_BYTES];
    struct milter_packet p;
    ssize_t n;
    while ((n = read(m->fd, bytes, sizeof bytes)) > 0)
        buf_add(&m->in, str_make(bytes, (size_t)n));
    if (n == 0) {
        fprintf(stderr, "the filter has closed a connection\n");
        exit(1);
    }
    struct str in = buf_str(&m->in);
    while (milter_packet_next(&in, MILTER_ANSWER_MAX_BYTES, &p, NULL) == MP_OK) {
        if (answered(load, m, &p))
            continue;
        milter_packet_write(&m->out, MILTER_QUIT, STR_NONE);
        flush(m);
        close(m->fd);
        if (!begin(load, m))
            m->fd = -1;
        return;
    }
    if (in.n == 0)
        buf_reset(&m->in);
    flush(m);
}

static void run_load(struct load *load, unsigned connections)
{
    struct mta *mtas = calloc(connections, sizeof *mtas);
    if (mtas == NULL)
        fatal("calloc");
    load->epoll = epoll_create1(0);
    for (unsigned i = 0; i < connections; i++) {
        buf_init(&mtas[i].in, OUT_MAX);
        buf_init(&mtas[i].out, OUT_MAX);
        (void)begin(load, &mtas[i]);
    }
    while (load->done < load->messages) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(load->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct mta *m = events[i].data.ptr;
            if (m->fd >= 0 && m->sent < m->out.n)
                flush(m);
            if (m->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP)) != 0)
                serve(load, m);
        }
    }
    for (unsigned i = 0; i < connections; i++) {
        buf_clear(&mtas[i].in);
        buf_clear(&mtas[i].out);
    }
    close(load->epoll);
    free(mtas);
}

/* ---- measuring
 * -------------------------------------------------------------------------------------- */

struct result {
    double per_s, cpu_us;
};

static pid_t start(const char *path, int (*filter)(const char *path))
{
    struct sockaddr_un sa = address_of(path);
    unlink(path);
    pid_t pid = fork();
    if (pid == 0)
        _exit(filter(path));
    for (;;) { /* until it listens */
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        bool there = connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0;
        close(fd);
        if (there)
            return pid;
        if (waitpid(pid, NULL, WNOHANG) == pid)
            fatal("the filter has ended");
        usleep(1000);
    }
}

static struct result measure(int (*filter)(const char *path), struct str text, size_t messages,
                             unsigned connections, unsigned per_connection)
{
    char path[100];
    snprintf(path, sizeof path, P_tmpdir "/milter-bench.%ld", (long)getpid());
    pid_t pid = start(path, filter);
    struct load warm = {path, -1, text, per_connection, messages / 10, 0, messages / 10};
    struct load load = {path, -1, text, per_connection, messages, 0, messages};
    run_load(&warm, connections);
    double cpu = cpu_of_s(pid), begun = wall_s();
    run_load(&load, connections);
    double took = wall_s() - begun;
    struct result r = {(double)messages / took, (cpu_of_s(pid) - cpu) * 1e6 / (double)messages};
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
    return r;
}

static void compare(struct str text, size_t messages, unsigned rounds, unsigned connections,
                    unsigned per_connection, const char *only)
{
    static const struct {
        const char *name;
        int (*filter)(const char *path);
    } filters[] = {{"ours", bench_ours}, {"libmilter", bench_libmilter}};
    double per_s[2][ROUNDS_MAX], cpu_us[2][ROUNDS_MAX];
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned f = 0; f < (bench_has_libmilter ? 2 : 1); f++) {
            struct result got = {0, 0};
            if (only == NULL || strcmp(only, filters[f].name) == 0)
                got = measure(filters[f].filter, text, messages, connections, per_connection);
            per_s[f][r] = got.per_s;
            cpu_us[f][r] = got.cpu_us;
        }
    }
    for (unsigned f = 0; f < (bench_has_libmilter ? 2 : 1); f++)
        printf("%-10s %5u connections, %2u messages each: %8.0f messages/s, %7.2f us CPU a "
               "message\n",
               filters[f].name, connections, per_connection, measure_median(per_s[f], rounds),
               measure_median(cpu_us[f], rounds));
}

/* 20 fields, and a body of 7 KB. */
static void make_text(struct buf *out)
{
    buf_init(out, OUT_MAX);
    for (unsigned i = 0; i < 20; i++)
        buf_addf(out,
                 "X-Field-%u: some words that make a value of a usual length\r\n\tand more\r\n", i);
    buf_addz(out, "\r\n");
    for (unsigned i = 0; i < 100; i++)
        buf_addz(out, "A line of text as it is usual in mail, no longer than seventy bytes.\r\n");
}

int main(int argc, char **argv)
{
    static const unsigned connections[] = {1, 16, 64, 1000}, each[] = {1, 20};
    struct rlimit files;
    struct buf text;
    uint64_t messages = 20000, rounds = 3;
    if ((argc > 1 && !str_to_u64(str_from(argv[1]), 100000000, &messages)) ||
        (argc > 2 && !str_to_u64(str_from(argv[2]), ROUNDS_MAX, &rounds)) || rounds == 0)
        return 2;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    make_text(&text);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("milter: messages of %zu bytes, %llu of them, medians of %llu rounds\n", text.n,
           (unsigned long long)messages, (unsigned long long)rounds);
    if (!bench_has_libmilter)
        printf("without libmilter: libmilter-dev is not installed\n");
    for (size_t i = 0; i < ARRAY_LEN(each); i++)
        for (size_t j = 0; j < ARRAY_LEN(connections); j++)
            compare(buf_str(&text), (size_t)messages, (unsigned)rounds, connections[j], each[i],
                    argc > 3 ? argv[3] : NULL);
    buf_clear(&text);
    return 0;
}
