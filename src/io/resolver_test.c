/* The resolver against a hostile DNS server of our own, on loopback, over UDP and TCP. */
#include "io/resolver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/tap.h"

enum { PACKET_MAX = 65535, THREADS = 8, SEEN_MAX = 4096, LONG_TIMEOUT_MS = 60000 };

/* ---- the server ---- */

struct server {
    pthread_t thread;
    int udp, tcp, stop[2];
    unsigned port;
    pthread_mutex_t lock;
    pthread_cond_t released;
    bool hold; /* answers to "hold." wait */
    char seen[SEEN_MAX][64];
    size_t n_seen;
};

struct query {
    unsigned id, type;
    struct str question; /* name, type and class as sent */
    char name[256], first[64];
};

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, TC = 0x0200 };

static void put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v >> 8));
    buf_addc(b, (char)v);
}

static void put_name(struct buf *b, const char *name)
{
    struct str s = str_from(name);
    while (s.n != 0) {
        struct str label = str_cut(&s, '.');
        buf_addc(b, (char)label.n);
        buf_add(b, label);
    }
    buf_addc(b, 0);
}

static void put_rr(struct buf *b, const char *owner, unsigned type, unsigned ttl_s,
                   struct str rdata)
{
    put_name(b, owner);
    put16(b, type);
    put16(b, 1);
    put16(b, 0);
    put16(b, ttl_s);
    put16(b, (unsigned)rdata.n);
    buf_add(b, rdata);
}

static void put_header(struct buf *b, const struct query *q, unsigned flags, unsigned answers,
                       unsigned authority)
{
    put16(b, q->id);
    put16(b, 0x8180 | flags); /* QR RD RA */
    put16(b, 1);
    put16(b, answers);
    put16(b, authority);
    put16(b, 0);
    buf_add(b, q->question);
}

static void put_soa(struct buf *b, const char *owner)
{
    struct buf rdata;
    buf_init(&rdata, 512);
    put_name(&rdata, "ns.example");
    put_name(&rdata, "host.example");
    for (int i = 0; i < 5; i++) {
        put16(&rdata, 0);
        put16(&rdata, 77);
    }
    put_rr(b, owner, DNS_SOA, 300, buf_str(&rdata));
    buf_clear(&rdata);
}

static bool read_query(struct str packet, struct query *q)
{
    size_t at = 12, n = 0;
    if (packet.n < 17)
        return false;
    *q = (struct query){.id =
                            (unsigned)(unsigned char)packet.p[0] << 8 | (unsigned char)packet.p[1]};
    while (at < packet.n && packet.p[at] != 0) {
        size_t len = (unsigned char)packet.p[at++];
        if (len > 63 || len > packet.n - at || n + len + 2 > sizeof q->name)
            return false;
        if (n != 0)
            q->name[n++] = '.';
        memcpy(q->name + n, packet.p + at, len);
        n += len;
        at += len;
    }
    if (packet.n - at < 5)
        return false;
    q->question = str_slice(packet, 12, at + 5);
    q->type = (unsigned)(unsigned char)packet.p[at + 1] << 8 | (unsigned char)packet.p[at + 2];
    struct str rest = str_from(q->name), first = str_cut(&rest, '.');
    snprintf(q->first, sizeof q->first, STR_FMT, STR_ARG(first));
    return true;
}

static bool is(const struct query *q, const char *first)
{
    return strcmp(q->first, first) == 0;
}

static void put_target(struct buf *b, const struct query *q, const char *target)
{
    struct buf rdata;
    buf_init(&rdata, 512);
    put_name(&rdata, target);
    put_rr(b, q->name, DNS_CNAME, 50, buf_str(&rdata));
    buf_clear(&rdata);
}

/* 250 strings of 250 octets: 62,750 octets in one record. */
static void put_big(struct buf *b, const struct query *q)
{
    struct buf rdata;
    buf_init(&rdata, PACKET_MAX);
    for (int i = 0; i < 250; i++) {
        buf_addc(&rdata, (char)250);
        for (int k = 0; k < 250; k++)
            buf_addc(&rdata, 'x');
    }
    put_header(b, q, 0, 1, 0);
    put_rr(b, q->name, DNS_TXT, 300, buf_str(&rdata));
    buf_clear(&rdata);
}

static void put_good(struct buf *b, const struct query *q)
{
    static const char address[] = {(char)192, 0, 2, 7};
    if (q->type == DNS_A) {
        put_header(b, q, 0, 1, 0);
        put_rr(b, q->name, DNS_A, 300, str_make(address, 4));
    } else if (q->type == DNS_TXT) {
        put_header(b, q, 0, 1, 0);
        put_rr(b, q->name, DNS_TXT, 120, STR("\3two\6 words"));
    } else {
        put_header(b, q, 0, 0, 1);
        put_soa(b, "example");
    }
}

/* The packet that answers, when the question is not one of the special ones. */
static void put_answer(struct buf *b, const struct query *q, bool over_tcp)
{
    if (is(q, "nx")) {
        put_header(b, q, RCODE_NXDOMAIN, 0, 1);
        put_soa(b, "example");
    } else if (is(q, "nodata")) {
        put_header(b, q, 0, 0, 1);
        put_soa(b, "example");
    } else if (is(q, "nosoa")) {
        put_header(b, q, 0, 0, 0);
    } else if (is(q, "servfail")) {
        put_header(b, q, RCODE_SERVFAIL, 0, 0);
    } else if (is(q, "refused")) {
        put_header(b, q, RCODE_REFUSED, 0, 0);
    } else if ((is(q, "tc") || is(q, "big") || is(q, "short")) && !over_tcp) {
        put_header(b, q, TC, 0, 0);
    } else if (is(q, "big")) {
        put_big(b, q);
    } else if (is(q, "alias")) {
        put_header(b, q, 0, 1, 0);
        put_target(b, q, "good.example");
    } else if (is(q, "aliasnx")) {
        put_header(b, q, 0, 1, 0);
        put_target(b, q, "nx.example");
    } else if (is(q, "loop1") || is(q, "loop2")) {
        put_header(b, q, 0, 1, 0);
        put_target(b, q, is(q, "loop1") ? "loop2.example" : "loop1.example");
    } else if (is(q, "lie")) {
        put_header(b, q, 0, 1, 0);
        put_rr(b, q->name, q->type, 300, STR("1234"));
        b->p[b->n - 5] = 100; /* RDLENGTH */
    } else {
        put_good(b, q);
    }
}

/* How often the same question came before. */
static unsigned note_seen(struct server *s, const struct query *q)
{
    char text[sizeof s->seen[0]];
    unsigned before = 0;
    snprintf(text, sizeof text, "%.50s/%u", q->name, q->type);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_seen; i++)
        before += strcmp(s->seen[i], text) == 0;
    if (s->n_seen < SEEN_MAX)
        memcpy(s->seen[s->n_seen++], text, sizeof text);
    while (s->hold && is(q, "hold"))
        pthread_cond_wait(&s->released, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return before;
}

static void send_udp(struct server *s, struct buf *b, const struct sockaddr_in *to)
{
    (void)sendto(s->udp, b->p, b->n, 0, (const struct sockaddr *)to, sizeof *to);
    buf_reset(b);
}

/* What comes before the true answer: forged ones, with an address that must not be seen. */
static void send_forgery(struct server *s, struct buf *b, struct query q,
                         const struct sockaddr_in *to)
{
    if (is(&q, "wrongid"))
        q.id ^= 1;
    put_header(b, &q, 0, 1, 0);
    put_rr(b, q.name, DNS_A, 300, STR("evil"));
    if (is(&q, "wrongname"))
        b->p[13] ^= 1;
    send_udp(s, b, to);
}

static void serve_udp(struct server *s)
{
    char in[4096];
    struct sockaddr_in from;
    socklen_t from_n = sizeof from;
    struct query q;
    struct buf b;
    ssize_t n = recvfrom(s->udp, in, sizeof in, 0, (struct sockaddr *)&from, &from_n);
    if (n <= 0 || !read_query(str_make(in, (size_t)n), &q))
        return;
    unsigned before = note_seen(s, &q);
    if (is(&q, "silent"))
        return;
    buf_init(&b, PACKET_MAX);
    if (before == 0 && (is(&q, "wrongid") || is(&q, "wrongname")))
        send_forgery(s, &b, q, &from);
    put_answer(&b, &q, false);
    send_udp(s, &b, &from);
    buf_clear(&b);
}

static void serve_tcp(struct server *s)
{
    const struct timeval patience = {.tv_sec = 5};
    char in[4096];
    struct query q;
    struct buf b, framed;
    int fd = accept(s->tcp, NULL, NULL);
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t n = recv(fd, in, 2, MSG_WAITALL);
    size_t want = n == 2 ? (size_t)(unsigned char)in[0] << 8 | (unsigned char)in[1] : 0;
    buf_init(&b, PACKET_MAX);
    buf_init(&framed, PACKET_MAX + 2);
    if (want >= 12 && want < sizeof in && recv(fd, in, want, MSG_WAITALL) == (ssize_t)want &&
        read_query(str_make(in, want), &q)) {
        (void)note_seen(s, &q);
        put_answer(&b, &q, true);
        put16(&framed, (unsigned)(is(&q, "short") ? 7 : b.n));
        buf_add(&framed, buf_str(&b));
        (void)send(fd, framed.p, framed.n, MSG_NOSIGNAL);
    }
    buf_clear(&framed);
    buf_clear(&b);
    close(fd);
}

static void *serve(void *arg)
{
    struct server *s = arg;
    for (;;) {
        struct pollfd fds[] = {{.fd = s->stop[0], .events = POLLIN},
                               {.fd = s->udp, .events = POLLIN},
                               {.fd = s->tcp, .events = POLLIN}};
        if (poll(fds, 3, -1) < 0)
            continue;
        if (fds[0].revents != 0)
            return NULL;
        if (fds[1].revents != 0)
            serve_udp(s);
        if (fds[2].revents != 0)
            serve_tcp(s);
    }
}

static bool bind_both(struct server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    s->udp = socket(AF_INET, SOCK_DGRAM, 0);
    s->tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (s->udp < 0 || s->tcp < 0 || bind(s->tcp, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(s->tcp, (struct sockaddr *)&a, &n) != 0 ||
        bind(s->udp, (struct sockaddr *)&a, sizeof a) != 0 || listen(s->tcp, 16) != 0) {
        close(s->udp);
        close(s->tcp);
        return false;
    }
    s->port = ntohs(a.sin_port);
    return true;
}

static struct server *server_start(void)
{
    struct server *s = calloc(1, sizeof *s);
    int tries = 0;
    while (s != NULL && !bind_both(s))
        if (++tries == 20)
            abort();
    if (s == NULL || pipe(s->stop) != 0)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->released, NULL);
    if (pthread_create(&s->thread, NULL, serve, s) != 0)
        abort();
    return s;
}

static void server_release(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->hold = false;
    pthread_cond_broadcast(&s->released);
    pthread_mutex_unlock(&s->lock);
}

static void server_stop(struct server *s)
{
    server_release(s);
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->udp);
    close(s->tcp);
    pthread_cond_destroy(&s->released);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static unsigned server_count(struct server *s, const char *what)
{
    unsigned n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_seen; i++)
        n += strcmp(s->seen[i], what) == 0;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- asking ---- */

static struct resolver *new_resolver(const struct server *s, unsigned timeout_ms)
{
    struct resolver_config c;
    struct resolver *r = NULL;
    struct mp_err err = {0};
    char server[32];
    resolver_config_init(&c);
    snprintf(server, sizeof server, "127.0.0.1:%u", s->port);
    c.server = str_from(server);
    c.timeout_ms = timeout_ms;
    if (resolver_new(&c, &r, &err) != MP_OK)
        tap_note("%s", err.text);
    return r;
}

/* One question through a view of its own; the caller owns the answer. */
static struct dns_answer *ask(struct resolver *r, const char *name, enum dns_type type)
{
    struct arena arena;
    struct mp_err err = {0};
    arena_init(&arena, 1 << 20);
    struct dns_view *v = dns_view_new(&arena, resolver_ready, r);
    dns_prefetch(v, str_from(name), type);
    if (resolver_fill(r, v, INT64_MAX, &err) != MP_OK)
        tap_note("%s", err.text);
    const struct dns_answer *a = dns_view_at(v, 0);
    struct dns_answer *kept = a == NULL ? NULL : dns_answer_ref((struct dns_answer *)(uintptr_t)a);
    dns_view_release(v);
    arena_clear(&arena);
    return kept;
}

static const struct {
    const char *label, *name;
    enum dns_type type;
    enum dns_status want;
    unsigned records, ttl_s;
    const char *canonical;
} rows[] = {
    {"an address", "good.example", DNS_A, DNS_DATA, 1, 300, NULL},
    {"a text of two strings", "good.example", DNS_TXT, DNS_DATA, 1, 120, NULL},
    {"a name that is not there", "nx.example", DNS_TXT, DNS_NXDOMAIN, 0, 77, NULL},
    {"a type that is not there", "nodata.example", DNS_TXT, DNS_NODATA, 0, 77, NULL},
    {"a denial without SOA", "nosoa.example", DNS_TXT, DNS_NODATA, 0, 0, NULL},
    {"SERVFAIL", "servfail.example", DNS_TXT, DNS_SERVFAIL, 0, 0, NULL},
    {"REFUSED", "refused.example", DNS_TXT, DNS_SERVFAIL, 0, 0, NULL},
    {"truncated: TCP", "tc.example", DNS_TXT, DNS_DATA, 1, 120, NULL},
    {"64 KB over TCP", "big.example", DNS_TXT, DNS_DATA, 1, 300, NULL},
    {"a TCP length that is too short", "short.example", DNS_TXT, DNS_SERVFAIL, 0, 0, NULL},
    {"a forged id comes first", "wrongid.example", DNS_A, DNS_DATA, 1, 300, NULL},
    {"a forged question comes first", "wrongname.example", DNS_A, DNS_DATA, 1, 300, NULL},
    {"an alias", "alias.example", DNS_A, DNS_DATA, 1, 50, "good.example"},
    {"an alias to nowhere", "aliasnx.example", DNS_A, DNS_NXDOMAIN, 0, 50, "nx.example"},
    {"an alias loop", "loop1.example", DNS_A, DNS_SERVFAIL, 0, 0, NULL},
    {"RDLENGTH over the packet", "lie.example", DNS_A, DNS_SERVFAIL, 0, 0, NULL},
    {"names below test. are asked", "good.test", DNS_A, DNS_DATA, 1, 300, NULL},
    {"names below invalid. are asked", "good.invalid", DNS_A, DNS_DATA, 1, 300, NULL},
    {"private addresses are asked", "good.1.168.192.in-addr.arpa", DNS_TXT, DNS_DATA, 1, 120, NULL},
    {"any octets can be asked", "good.a b\\c\x01\xff(\".example", DNS_TXT, DNS_DATA, 1, 120, NULL},
};

static void test_rows(struct server *s)
{
    struct resolver *r = new_resolver(s, LONG_TIMEOUT_MS);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("resolver: %s", rows[i].label);
        struct dns_answer *a = ask(r, rows[i].name, rows[i].type);
        tap_cstr(dns_status_name(a->status), dns_status_name(rows[i].want));
        tap_int(a->n, rows[i].records);
        tap_str(a->name, str_from(rows[i].name));
        tap_str(a->canonical,
                str_from(rows[i].canonical != NULL ? rows[i].canonical : rows[i].name));
        tap_ok(a->ttl_s <= rows[i].ttl_s && a->ttl_s + 60 >= rows[i].ttl_s);
        tap_int(a->dnssec, DNSSEC_UNKNOWN); /* this server has no signatures */
        tap_ok(a->status != DNS_SERVFAIL || a->why.n != 0);
        if (a->n != 0 && a->type == DNS_A)
            tap_ok(memcmp(a->records[0].ip.octets, "\300\0\2\7", 4) == 0);
        if (a->n != 0 && a->type == DNS_TXT && a->ttl_s <= 120)
            tap_str(a->records[0].data, STR("two words"));
        if (strcmp(rows[i].name, "big.example") == 0 && a->n != 0)
            tap_int(a->records[0].data.n, 250 * 250);
        dns_answer_unref(a);
    }
    tap_case("resolver: the server was asked whether it can DNSSEC");
    tap_ok(server_count(s, "/48") > 0);
    resolver_free(r);
}

static void test_cache(struct server *s)
{
    struct resolver_stats before, after;
    struct resolver *r = new_resolver(s, LONG_TIMEOUT_MS);
    tap_case("resolver: what is cached is not asked again");
    struct dns_answer *first = ask(r, "good.cached.example", DNS_A);
    resolver_stats(r, &before);
    struct dns_answer *second = ask(r, "good.cached.example", DNS_A);
    resolver_stats(r, &after);
    tap_ok(first == second);
    tap_int(after.queries, before.queries);
    tap_int(after.hits, before.hits + 1);
    dns_answer_unref(first);
    dns_answer_unref(second);
    tap_case("resolver: failures are counted, and kept for a moment");
    struct dns_answer *failed = ask(r, "servfail.cached.example", DNS_A);
    resolver_stats(r, &after);
    tap_int(failed->status, DNS_SERVFAIL);
    tap_int(after.failures, before.failures + 1);
    dns_answer_unref(failed);
    resolver_free(r);
}

static void test_silence(struct server *s)
{
    struct resolver *r = new_resolver(s, 200);
    struct resolver_stats stats;
    tap_case("resolver: silence ends with the deadline");
    struct dns_answer *a = ask(r, "silent.example", DNS_TXT);
    tap_cstr(dns_status_name(a->status), "TIMEOUT");
    tap_ok(a->why.n != 0);
    resolver_stats(r, &stats);
    tap_int(stats.timeouts, 1);
    dns_answer_unref(a);

    tap_case("resolver: a deadline in the past asks nothing");
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct dns_view *v = dns_view_new(&arena, resolver_ready, r);
    dns_prefetch(v, STR("good.late.example"), DNS_A);
    tap_int(resolver_fill(r, v, clock_mono_us() - 1, NULL), MP_OK);
    tap_cstr(dns_status_name(dns_view_at(v, 0)->status), "TIMEOUT");
    tap_int(server_count(s, "good.late.example/1"), 0);
    dns_view_release(v);
    arena_clear(&arena);
    resolver_free(r);
}

/* ---- many threads ---- */

struct asker {
    pthread_t thread;
    struct resolver *resolver;
    const char *name;
    struct dns_answer *answer;
};

static void *run_asker(void *arg)
{
    struct asker *a = arg;
    a->answer = ask(a->resolver, a->name, DNS_A);
    return NULL;
}

static void wait_for_stats(struct resolver *r, uint64_t queries, uint64_t shared)
{
    struct resolver_stats stats;
    do {
        sched_yield();
        resolver_stats(r, &stats);
    } while (stats.queries < queries || stats.shared < shared);
}

static void test_single_flight(struct server *s)
{
    struct resolver *r = new_resolver(s, LONG_TIMEOUT_MS);
    struct asker askers[THREADS] = {0};
    struct resolver_stats stats;
    tap_case("resolver: threads with the same question share one flight");
    pthread_mutex_lock(&s->lock);
    s->hold = true;
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < THREADS; i++) {
        askers[i].resolver = r;
        askers[i].name = "hold.example";
        pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]);
    }
    wait_for_stats(r, 1, THREADS - 1);
    server_release(s);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        tap_cstr(dns_status_name(askers[i].answer->status), "DATA");
        tap_ok(askers[i].answer == askers[0].answer);
    }
    for (int i = 0; i < THREADS; i++)
        dns_answer_unref(askers[i].answer);
    resolver_stats(r, &stats);
    tap_int(stats.queries, 1);
    tap_int(stats.shared, THREADS - 1);
    resolver_free(r);
}

static void test_free_in_flight(struct server *s)
{
    struct resolver *r = new_resolver(s, LONG_TIMEOUT_MS);
    struct asker asker = {.resolver = r, .name = "silent.forever.example"};
    tap_case("resolver: freeing it ends what is on its way");
    pthread_create(&asker.thread, NULL, run_asker, &asker);
    wait_for_stats(r, 1, 0);
    resolver_free(r);
    pthread_join(asker.thread, NULL);
    tap_cstr(dns_status_name(asker.answer->status), "TIMEOUT");
    dns_answer_unref(asker.answer);
}

static void test_many_names(struct server *s)
{
    enum { NAMES = 100 };
    struct resolver *r = new_resolver(s, LONG_TIMEOUT_MS);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct dns_view *v = dns_view_new(&arena, resolver_ready, r);
    tap_case("resolver: one round fetches all names of a view");
    for (unsigned i = 0; i < NAMES; i++)
        dns_prefetch(v, arena_fmt(&arena, "good.%u.many.example", i), DNS_A);
    tap_int(resolver_fill(r, v, INT64_MAX, NULL), MP_OK);
    unsigned good = 0;
    for (size_t i = 0; i < NAMES; i++)
        good += dns_view_at(v, i) != NULL && dns_view_at(v, i)->status == DNS_DATA;
    tap_int(good, NAMES);
    dns_view_release(v);
    arena_clear(&arena);
    resolver_free(r);
}

/* ---- configuration ---- */

static void test_config(void)
{
    static const struct {
        const char *label, *server, *anchor;
        const char *want; /* in the text of the error; NULL: works */
    } config_rows[] = {
        {"an address", "127.0.0.1", NULL, NULL},
        {"an address and a port", "127.0.0.1:5353", NULL, NULL},
        {"IPv6", "::1", NULL, NULL},
        {"IPv6 in brackets", "[::1]", NULL, NULL},
        {"IPv6 and a port", "[::1]:5353", NULL, NULL},
        {"the system's", "", NULL, NULL},
        {"a name", "dns.example", NULL, "resolver \"dns.example\""},
        {"port zero", "127.0.0.1:0", NULL, "resolver"},
        {"a port too high", "127.0.0.1:65536", NULL, "resolver"},
        {"a bracket open", "[::1", NULL, "resolver"},
        {"no colon after the bracket", "[::1]53", NULL, "resolver"},
        {"an empty port", "127.0.0.1:", NULL, "resolver"},
        {"an anchor that is not there", "127.0.0.1", "/nonexistent/anchor", "/nonexistent/anchor"},
        {"an anchor that is none", "127.0.0.1", "src/io/resolver_test.c", "resolver_test.c"},
    };
    for (size_t i = 0; i < ARRAY_LEN(config_rows); i++) {
        struct resolver_config c;
        struct resolver *r = NULL;
        struct mp_err err = {0};
        resolver_config_init(&c);
        c.server = str_from(config_rows[i].server);
        c.root_key = "/nonexistent"; /* without it nothing is sent before a question */
        if (config_rows[i].anchor != NULL)
            c.trust_anchor = config_rows[i].anchor[0] == '/'
                                 ? config_rows[i].anchor
                                 : tap_source_path(config_rows[i].anchor);
        tap_case("resolver config: %s", config_rows[i].label);
        int st = resolver_new(&c, &r, &err);
        if (config_rows[i].want == NULL) {
            tap_int(st, MP_OK);
        } else {
            tap_ok(st < 0);
            tap_ok(str_search(str_from(err.text), str_from(config_rows[i].want)) <
                   strlen(err.text));
            tap_ok(r == NULL);
        }
        resolver_free(r);
    }
    tap_case("resolver: free accepts NULL");
    resolver_free(NULL);
    tap_ok(true);
}

int main(void)
{
    struct server *s = server_start();
    test_config();
    test_rows(s);
    test_cache(s);
    test_silence(s);
    test_single_flight(s);
    test_many_names(s);
    test_free_in_flight(s);
    server_stop(s);
    return tap_done();
}
