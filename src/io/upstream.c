/* libunbound in one thread (event API): its settings, DNSSEC by trust anchor, wire into answers.
 *
 * Validation. With a trust anchor in the configuration everything is validated, come what may: a
 * server that strips signatures makes signed names DNS_BOGUS. Without one, Debian's root key is
 * used only when the server proves that it hands signatures on: at the start the root's DNSKEY is
 * asked for and must validate. Else answers are taken as they are, DNSSEC_UNKNOWN, and the question
 * is put again each RESOLVER_PROBE_AGAIN_S; a home router that knows nothing of DNSSEC must not
 * turn all mail into temporary errors. Who needs certainty against a forged server (DANE) names the
 * anchor.
 *
 * Patience. The server is a resolver that may need seconds for a slow name although it answers
 * others at once. So libunbound is told to be slow to repeat a question and to call the server
 * dead: a few names of an attacker, delayed on purpose, would else make every other question
 * fail. The waiting threads have deadlines of their own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "dns/packet.h"
#include "io/resolver_internal.h"

static const char root_key_file[] = "/usr/share/dns/root.key"; /* Debian: dns-root-data */

enum { RCODE_OK = 0, TYPE_DNSKEY = 48, CLASS_IN = 1 };
enum { SEC_BOGUS = 1, SEC_SECURE = 2 }; /* the callback's `sec` */

/* ---- settings ---- */

static const struct {
    const char *name, *value;
} options[] = {
    {"num-queries-per-thread:", "2048"},
    {"do-not-query-localhost:", "no"},
    {"edns-buffer-size:", "1232"},
    {"unblock-lan-zones:", "yes"}, /* PTR of private addresses are the server's to answer */
    {"insecure-lan-zones:", "yes"},
    {"cache-max-ttl:", "86400"},
    {"unknown-server-time-limit:", "500"},
    {"infra-cache-min-rtt:", "500"}, /* measured on cached answers, needed for uncached ones */
    {"infra-keep-probing:", "yes"},
    {"infra-host-ttl:", "60"},
    {"outbound-msg-retry:", "4"}, /* 0.5 + 1 + 2 + 4 s: longer than the deadline */
    {"discard-timeout:", "0"},
};

/* Sockets for questions on their way; the default chokes at 1,400 questions a second. Some file
 * descriptors stay for the program. */
static int set_outgoing_range(struct ub_ctx *ctx)
{
    enum { WANTED = 950, OTHERS = 160, LEAST = 64 };
    struct rlimit files = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    rlim_t range = files.rlim_cur > OTHERS + LEAST ? files.rlim_cur - OTHERS : LEAST;
    char text[16];
    snprintf(text, sizeof text, "%u", (unsigned)(range < WANTED ? range : WANTED));
    return ub_ctx_set_option(ctx, "outgoing-range:", text);
}

static int refused(struct mp_err *err, const char *what, const char *value, int code)
{
    return mp_fail(err, code == UB_NOMEM ? MP_E_NOMEM : MP_E_IO, code, "%s %s: %s", what, value,
                   ub_strerror(code));
}

static int set_options(struct ub_ctx *ctx, struct mp_err *err)
{
    int code = set_outgoing_range(ctx);
    if (code != 0)
        return refused(err, "libunbound", "outgoing-range:", code);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        code = ub_ctx_set_option(ctx, options[i].name, options[i].value);
        if (code != 0)
            return refused(err, "libunbound", options[i].name, code);
    }
    return MP_OK;
}

static int set_server(struct ub_ctx *ctx, const char *server, struct mp_err *err)
{
    bool named = server[0] != '\0';
    int code = named ? ub_ctx_set_fwd(ctx, server) : ub_ctx_resolvconf(ctx, NULL);
    return code == 0 ? MP_OK : refused(err, "resolver", named ? server : "/etc/resolv.conf", code);
}

/* Names that libunbound answers itself (RFC 6761, 6303) but a server of a test or an office may
 * know. This also ends the configuration: an anchor file that cannot be used is noticed here. */
static int open_names(struct ub_ctx *ctx, const char *anchor, struct mp_err *err)
{
    static const char *const names[] = {"test.", "invalid.", "127.in-addr.arpa."};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int code = ub_ctx_zone_remove(ctx, names[i]);
        if (code != 0)
            return anchor != NULL ? refused(err, "trust anchor", anchor, code)
                                  : refused(err, "libunbound", names[i], code);
    }
    return MP_OK;
}

static int new_context(struct resolver *r, const char *anchor, struct ub_ctx **out,
                       struct mp_err *err)
{
    struct ub_ctx *ctx = ub_ctx_create_event(r->base);
    if (ctx == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "libunbound does not start");
    (void)ub_ctx_debugout(ctx, NULL); /* it must not write to our standard error */
    int st = set_options(ctx, err);
    if (st == MP_OK)
        st = set_server(ctx, r->server, err);
    int code = st == MP_OK && anchor != NULL ? ub_ctx_add_ta_file(ctx, anchor) : 0;
    if (code != 0)
        st = refused(err, "trust anchor", anchor, code);
    if (st == MP_OK)
        st = open_names(ctx, anchor, err);
    if (st == MP_OK)
        *out = ctx;
    else
        ub_ctx_delete(ctx);
    return st;
}

/* "HOST", "HOST:PORT", "[v6]", "[v6]:PORT" or a bare IPv6 address, into "IP@PORT". */
static int server_text(struct str text, char out[RESOLVER_SERVER_TEXT_MAX], struct mp_err *err)
{
    struct str host = text, port = STR("53");
    struct ip ip;
    uint64_t number;
    char ip_text[IP_TEXT_MAX];
    if (text.n != 0 && text.p[0] == '[') {
        size_t close = str_find(text, ']');
        host = str_slice(text, 1, close);
        struct str rest = str_slice(text, close + 1, text.n);
        if (close == text.n || (rest.n != 0 && rest.p[0] != ':'))
            host = STR_NONE;
        else if (rest.n != 0)
            port = str_slice(rest, 1, rest.n);
    } else if (str_find(text, ':') == str_rfind(text, ':') && str_has(text, ':')) {
        port = text;
        host = str_cut(&port, ':');
    }
    if (!ip_parse_keep_mapped(host, &ip) || !str_to_u64(port, 65535, &number) || number == 0)
        return mp_fail(err, MP_E_USAGE, 0,
                       "resolver \"" STR_FMT "\": want an address with an optional port, like "
                       "192.0.2.53:53 or [2001:db8::53]:53",
                       STR_ARG(str_slice(text, 0, 100)));
    ip_write(&ip, ip_text);
    snprintf(out, RESOLVER_SERVER_TEXT_MAX, "%s@%u", ip_text, (unsigned)number);
    return MP_OK;
}

/* ---- questions and answers, in the thread ---- */

static struct dns_answer *from_unbound(const struct flight *f, int rcode, const void *packet,
                                       int len, int sec, const char *why_bogus)
{
    bool truncated;
    if (sec == SEC_BOGUS) /* first: a bogus packet looks like any other */
        return dns_answer_new(DNS_BOGUS, f->name, f->type, DNSSEC_UNKNOWN, 0, STR_NONE,
                              str_from(why_bogus), NULL, 0);
    if (rcode != RCODE_OK || packet == NULL || len <= 0)
        return dns_answer_new(DNS_SERVFAIL, f->name, f->type, DNSSEC_UNKNOWN, 0, STR_NONE,
                              STR("no server gave a usable answer"), NULL, 0);
    enum dnssec state = !f->validates       ? DNSSEC_UNKNOWN
                        : sec == SEC_SECURE ? DNSSEC_SECURE
                                            : DNSSEC_INSECURE;
    return dns_packet_parse(str_make(packet, (size_t)len), -1, f->name, f->type, state, &truncated);
}

static void on_answer(void *arg, int rcode, void *packet, int len, int sec, char *why_bogus,
                      int was_ratelimited)
{
    struct flight *f = arg;
    (void)was_ratelimited;
    resolver_land(f, from_unbound(f, rcode, packet, len, sec, why_bogus));
}

static void dispatch(struct resolver *r, struct flight *f)
{
    char name[DNS_NAME_TEXT_MAX];
    int code = UB_INITFAIL;
    f->validates = r->current == r->validating;
    if (r->current != NULL && dns_name_text(f->name, name, sizeof name) != 0)
        code = ub_resolve_event(r->current, name, (int)f->type, CLASS_IN, f, on_answer, NULL);
    if (code != 0) /* else `f` may have landed already */
        resolver_land(f, dns_answer_new(DNS_SERVFAIL, f->name, f->type, DNSSEC_UNKNOWN, 0, STR_NONE,
                                        str_from(ub_strerror(code)), NULL, 0));
}

static void dispatch_all(struct resolver *r, struct flight *f)
{
    while (f != NULL) {
        struct flight *next = f->queue_next;
        dispatch(r, f);
        f = next;
    }
}

/* ---- does the server hand signatures on? ---- */

static void use_plain(struct resolver *r)
{
    if (r->plain == NULL) /* the same settings worked once; without memory all is SERVFAIL */
        (void)new_context(r, NULL, &r->plain, NULL);
    r->current = r->plain;
}

static void end_first_probe(struct resolver *r)
{
    struct flight *held = r->held;
    r->held = NULL;
    evtimer_del(r->probe_timer);
    dispatch_all(r, held);
}

static void on_probe(void *arg, int rcode, void *packet, int len, int sec, char *why_bogus,
                     int was_ratelimited)
{
    struct resolver *r = arg;
    enum probe probe = r->probe;
    (void)rcode, (void)packet, (void)len, (void)why_bogus, (void)was_ratelimited;
    r->probe = PROBE_NONE;
    if (sec == SEC_SECURE)
        r->current = r->validating;
    else if (probe == PROBE_FIRST)
        use_plain(r);
    if (probe == PROBE_FIRST)
        end_first_probe(r);
}

static void start_probe(struct resolver *r, enum probe probe)
{
    r->probe = probe;
    r->probed_us = clock_mono_us();
    if (ub_resolve_event(r->validating, ".", TYPE_DNSKEY, CLASS_IN, r, on_probe, NULL) != 0)
        on_probe(r, RCODE_OK, NULL, 0, 0, NULL, 0);
}

/* No word yet: go on without validation; the word may still come. */
static void on_probe_timer(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;
    (void)fd, (void)what;
    if (r->probe != PROBE_FIRST)
        return;
    r->probe = PROBE_AGAIN;
    use_plain(r);
    end_first_probe(r);
}

/* ---- the thread ---- */

static struct flight *joined(struct flight *front, struct flight *back)
{
    struct flight *f = front;
    if (front == NULL)
        return back;
    while (f->queue_next != NULL)
        f = f->queue_next;
    f->queue_next = back;
    return front;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;
    uint64_t count;
    bool stopping;
    (void)what;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    struct flight *queue = resolver_take_queue(r, &stopping);
    if (stopping) {
        event_base_loopbreak(r->base);
    } else if (r->probe == PROBE_FIRST) {
        r->held = joined(queue, r->held); /* `queue` is the shorter one */
    } else {
        dispatch_all(r, queue);
        int64_t since_us = clock_mono_us() - r->probed_us;
        if (r->validating != NULL && r->current != r->validating && r->probe == PROBE_NONE &&
            since_us > RESOLVER_PROBE_AGAIN_S * INT64_C(1000000))
            start_probe(r, PROBE_AGAIN);
    }
}

static void *run(void *arg)
{
    struct resolver *r = arg;
    const struct timeval wait = {.tv_sec = RESOLVER_PROBE_WAIT_MS / 1000,
                                 .tv_usec = RESOLVER_PROBE_WAIT_MS % 1000 * 1000};
    if (r->current == NULL) {
        evtimer_add(r->probe_timer, &wait);
        start_probe(r, PROBE_FIRST);
    }
    event_base_loop(r->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

void upstream_wake(struct resolver *r)
{
    const uint64_t one = 1;
    ssize_t n;
    do
        n = write(r->wake_fd, &one, sizeof one); /* EAGAIN: it is awake already */
    while (n < 0 && errno == EINTR);
}

static int start_thread(struct resolver *r, struct mp_err *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for the program's own threads */
    int code = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    r->has_thread = code == 0;
    return code == 0 ? MP_OK : mp_fail(err, MP_E_IO, code, "no thread: %s", strerror(code));
}

static int open_loop(struct resolver *r, struct mp_err *err)
{
    r->base = event_base_new();
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->base == NULL || r->wake_fd < 0)
        return mp_fail(err, MP_E_IO, errno, "no event loop: %s", strerror(errno));
    r->wake_event = event_new(r->base, r->wake_fd, EV_READ | EV_PERSIST, on_wake, r);
    r->probe_timer = evtimer_new(r->base, on_probe_timer, r);
    if (r->wake_event == NULL || r->probe_timer == NULL || event_add(r->wake_event, NULL) != 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the event loop");
    return MP_OK;
}

int upstream_start(struct resolver *r, const struct resolver_config *c, struct mp_err *err)
{
    const char *anchor = c->trust_anchor;
    const char *root_key = c->root_key != NULL ? c->root_key : root_key_file;
    int st = c->server.n == 0 ? MP_OK : server_text(c->server, r->server, err);
    if (st == MP_OK && anchor != NULL && access(anchor, R_OK) != 0)
        st = mp_fail(err, MP_E_IO, errno, "trust anchor %s: %s", anchor, strerror(errno));
    if (anchor == NULL && access(root_key, R_OK) == 0)
        anchor = root_key;
    if (st == MP_OK)
        st = open_loop(r, err);
    if (st == MP_OK)
        st = new_context(r, anchor, anchor != NULL ? &r->validating : &r->plain, err);
    if (st != MP_OK)
        return st;
    bool must_probe = anchor != NULL && c->trust_anchor == NULL;
    r->current = must_probe ? NULL : anchor != NULL ? r->validating : r->plain;
    return start_thread(r, err);
}

void upstream_stop(struct resolver *r)
{
    if (r->has_thread) {
        upstream_wake(r);
        pthread_join(r->thread, NULL);
    }
    ub_ctx_delete(r->validating); /* accepts NULL; questions on their way are forgotten */
    ub_ctx_delete(r->plain);
    if (r->wake_event != NULL)
        event_free(r->wake_event);
    if (r->probe_timer != NULL)
        event_free(r->probe_timer);
    if (r->base != NULL)
        event_base_free(r->base);
    if (r->wake_fd >= 0)
        close(r->wake_fd);
}
