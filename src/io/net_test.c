/* Connections: how they open, fail, wait and end. */
#include "io/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum { LONG_MS = 30000, SHORT_MS = 100 };

static int64_t in_ms(int64_t ms)
{
    return clock_mono_us() + ms * 1000;
}

static struct conn_target local_target(const char *address, uint16_t port)
{
    struct conn_target to = {.port = port};
    if (!ip_parse(str_from(address), &to.ip))
        abort();
    return to;
}

/* A port where nothing listens: one that was free a moment ago. */
static uint16_t closed_port(void)
{
    static const struct script_step steps[] = {SCRIPT_END};
    struct script_server *s = script_play(steps);
    uint16_t port = script_port(s);
    script_free(s);
    return port;
}

/* ---- opening ---- */

static void test_refusals(void)
{
    char long_path[300];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    struct ip four, six;
    ip_parse(STR("127.0.0.1"), &four);
    ip_parse(STR("::1"), &six);
    struct ip foreign;
    ip_parse(STR("192.0.2.77"), &foreign);
    const struct {
        const char *label;
        struct conn_target to;
        int status;
        enum conn_fault fault;
        const char *says;
    } rows[] = {
        {"nothing listens", {.ip = four, .port = closed_port()}, MP_E_IO, CONN_REFUSED, "refused"},
        {"no such unix socket",
         {.unix_path = "/nonexistent/mailproof"},
         MP_E_IO,
         CONN_REFUSED,
         "unix:/nonexistent/mailproof"},
        {"a path too long", {.unix_path = long_path}, MP_E_USAGE, CONN_OTHER, "107"},
        {"an empty path", {.unix_path = ""}, MP_E_USAGE, CONN_OTHER, "107"},
        {"no address", {.port = 25}, MP_E_USAGE, CONN_OTHER, "needed"},
        {"no port", {.ip = four}, MP_E_USAGE, CONN_OTHER, "needed"},
        {"source of another family",
         {.ip = four, .port = 25, .local = six},
         MP_E_USAGE,
         CONN_OTHER,
         "family"},
        {"a source address that is not ours",
         {.ip = four, .port = 25, .local = foreign},
         MP_E_IO,
         CONN_OTHER,
         "192.0.2.77"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conn *c = NULL;
        enum conn_fault fault = CONN_OK;
        struct mp_err err = {0};
        tap_case("open: %s", rows[i].label);
        tap_int(conn_open(&rows[i].to, in_ms(LONG_MS), &c, &fault, &err), rows[i].status);
        tap_cstr(conn_fault_name(fault), conn_fault_name(rows[i].fault));
        tap_ok(c == NULL);
        if (!tap_ok(str_search(str_from(err.text), str_from(rows[i].says)) < strlen(err.text)))
            tap_note("%s", err.text);
    }
}

/* The queue of a listener that nobody empties: the kernel drops what is more. */
static void test_connect_timeout(void)
{
    struct conn *waiting[8] = {NULL};
    struct conn_target to = local_target("127.0.0.1", 1);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tap_case("open: a full queue times out");
    if (!tap_ok(listener >= 0 && listen(listener, 0) == 0))
        return;
    unsigned char name[16] = {0};
    socklen_t n = sizeof name;
    getsockname(listener, (struct sockaddr *)(void *)name, &n);
    to.port = (uint16_t)(name[2] << 8 | name[3]);
    int st = MP_OK;
    enum conn_fault fault = CONN_OK;
    for (size_t i = 0; i < ARRAY_LEN(waiting) && st == MP_OK; i++)
        st = conn_open(&to, in_ms(SHORT_MS), &waiting[i], &fault, NULL);
    tap_int(st, MP_E_TIMEOUT);
    tap_int(fault, CONN_TIMED_OUT);
    for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
        conn_close(waiting[i]);
    close(listener);
}

static void check_greeting(const struct conn_target *to)
{
    struct conn *c = NULL;
    enum conn_fault fault;
    struct ip local, peer;
    uint16_t local_port, peer_port;
    char bytes[64];
    size_t n = 0;
    if (!tap_int(conn_open(to, in_ms(LONG_MS), &c, &fault, NULL), MP_OK))
        return;
    tap_int(fault, CONN_OK);
    tap_ok(!conn_in_tls(c));
    conn_addresses(c, &local, &local_port, &peer, &peer_port);
    tap_int(peer_port, to->port);
    tap_int(peer.family, to->ip.family);
    tap_ok(to->unix_path != NULL || (ip_eq(&peer, &to->ip) && local_port != 0));
    if (to->local.family != IP_NONE)
        tap_ok(ip_eq(&local, &to->local));
    tap_ok(conn_readable(c, in_ms(LONG_MS)));
    tap_int(conn_read(c, bytes, sizeof bytes, &n, in_ms(LONG_MS), NULL), MP_OK);
    tap_str(str_make(bytes, n), STR("hello\n"));
    tap_int(conn_write(c, STR("bye\n"), in_ms(LONG_MS), NULL), MP_OK);
    tap_int(conn_read(c, bytes, sizeof bytes, &n, in_ms(LONG_MS), NULL), MP_OK);
    tap_int(n, 0);
    tap_int(conn_last_fault(c), CONN_CLOSED);
    tap_ok(!conn_readable(c, in_ms(LONG_MS)));
    conn_close(c);
}

static void test_families(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("hello\n"), SCRIPT_EXPECT("bye"),
                                               SCRIPT_END};
    const struct script_step *const one[] = {steps};
    char path[64];
    snprintf(path, sizeof path, "/tmp/mailproof-net-test-%ld", (long)getpid());
    const struct {
        const char *label, *address, *unix_path, *local;
    } rows[] = {
        {"IPv4", "127.0.0.1", NULL, NULL},
        {"IPv4 from a chosen address", "127.0.0.1", NULL, "127.0.0.9"},
        {"IPv6", "::1", NULL, NULL},
        {"a unix socket", NULL, path, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script_options o = {.address = rows[i].address,
                                   .unix_path = rows[i].unix_path,
                                   .conversations = one,
                                   .n_conversations = 1};
        tap_case("talk: %s", rows[i].label);
        struct script_server *s = script_start(&o);
        if (s == NULL) {
            tap_skip("no %s here", rows[i].address);
            continue;
        }
        struct conn_target to = {.unix_path = rows[i].unix_path};
        if (rows[i].address != NULL)
            to = local_target(rows[i].address, script_port(s));
        if (rows[i].local != NULL)
            tap_ok(ip_parse(str_from(rows[i].local), &to.local));
        check_greeting(&to);
        script_stop(s);
        tap_cstr(script_log(s, 0)->problem, "");
        script_free(s);
    }
}

/* ---- bytes ---- */

static struct conn *open_to(struct script_server *s)
{
    struct conn_target to = local_target("127.0.0.1", script_port(s));
    struct conn *c = NULL;
    enum conn_fault fault;
    return conn_open(&to, in_ms(LONG_MS), &c, &fault, NULL) == MP_OK ? c : NULL;
}

static void test_silence(void)
{
    static const struct script_step steps[] = {SCRIPT_STALL, SCRIPT_END};
    struct script_server *s = script_play(steps);
    struct conn *c = open_to(s);
    char byte;
    size_t n = 77;
    tap_case("a silent peer: time-out, the connection lives on");
    tap_ok(!conn_readable(c, in_ms(SHORT_MS)));
    tap_ok(!conn_readable(c, 0));
    tap_int(conn_read(c, &byte, 1, &n, in_ms(SHORT_MS), NULL), MP_E_TIMEOUT);
    tap_int(conn_last_fault(c), CONN_TIMED_OUT);
    tap_int(n, 77);
    tap_int(conn_write(c, STR("still here\r\n"), in_ms(LONG_MS), NULL), MP_OK);
    tap_case("a deadline that is past");
    tap_int(conn_read(c, &byte, 1, &n, 0, NULL), MP_E_TIMEOUT);
    tap_int(conn_write(c, STR("x"), 0, NULL), MP_E_TIMEOUT);
    conn_close(c);
    script_stop(s);
    tap_str(script_log(s, 0)->received, STR("still here\r\n"));
    script_free(s);
}

/* A write to someone who has left must be an error, not a signal. */
static void test_reset(void)
{
    static const struct script_step steps[] = {SCRIPT_EXPECT("go"), SCRIPT_RESET};
    struct script_server *s = script_play(steps);
    struct conn *c = open_to(s);
    char byte;
    size_t n = 0;
    struct mp_err err = {0};
    tap_case("a reset: read and write say that it is closed");
    tap_int(conn_write(c, STR("go\n"), in_ms(LONG_MS), NULL), MP_OK);
    tap_int(conn_read(c, &byte, 1, &n, in_ms(LONG_MS), &err), MP_E_IO);
    tap_int(conn_last_fault(c), CONN_CLOSED);
    tap_ok(err.text[0] != '\0');
    tap_int(conn_write(c, STR("x"), in_ms(LONG_MS), &err), MP_E_IO);
    tap_int(conn_last_fault(c), CONN_CLOSED);
    tap_ok(!conn_readable(c, in_ms(LONG_MS)));
    conn_close(c);
    script_free(s);
}

/* A megabyte into buffers that hold less, to a peer that does not read: then one that does. */
static void test_large_write(void)
{
    enum { LARGE = 32 << 20 };
    static const struct script_step hungry[] = {SCRIPT_TAKE(LARGE), SCRIPT_SAY("ok\n"), SCRIPT_END};
    char *bytes = malloc(LARGE);
    if (bytes == NULL)
        abort();
    memset(bytes, 'x', LARGE);
    tap_case("a write larger than all buffers");
    struct script_server *s = script_play(hungry);
    struct conn *c = open_to(s);
    char answer[8];
    size_t n = 0;
    tap_int(conn_write(c, str_make(bytes, LARGE), in_ms(LONG_MS), NULL), MP_OK);
    tap_int(conn_read(c, answer, sizeof answer, &n, in_ms(LONG_MS), NULL), MP_OK);
    tap_str(str_make(answer, n), STR("ok\n"));
    conn_close(c);
    script_free(s);

    tap_case("a write that is never read");
    int pair[2];
    struct conn_target to = local_target("127.0.0.1", 1);
    pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned char name[16] = {0};
    socklen_t size = sizeof name;
    tap_ok(listen(pair[0], 1) == 0);
    getsockname(pair[0], (struct sockaddr *)(void *)name, &size);
    to.port = (uint16_t)(name[2] << 8 | name[3]);
    enum conn_fault fault;
    tap_int(conn_open(&to, in_ms(LONG_MS), &c, &fault, NULL), MP_OK);
    tap_int(conn_write(c, str_make(bytes, LARGE), in_ms(SHORT_MS), NULL), MP_E_TIMEOUT);
    tap_int(conn_last_fault(c), CONN_TIMED_OUT);
    conn_close(c);
    close(pair[0]);
    free(bytes);
}

int main(void)
{
    test_refusals();
    test_connect_timeout();
    test_families();
    test_silence();
    test_reset();
    test_large_write();
    tap_case("nothing to close");
    conn_close(NULL);
    tap_cstr(conn_fault_name((enum conn_fault)99), "?");
    return tap_done();
}
