/* The dialogue through real sockets: what is answered, what is stored, what a client may not do. */
#include "sink/sink_test_kit.h"

/* ---- usual mail ---- */

static void test_delivery(void)
{
    struct world w;
    world_init(&w);
    world_start(&w);
    tap_case("a message: stored byte for byte, with all that is known about it");
    tap_ok(kit_play(&w, 0,
                    KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test> SIZE=100 RET=HDRS", "<250 2.1.0",
                              ">RCPT TO:<x@y.test>", "<250 2.1.5", ">RCPT TO:<Z@y.test>", "<250",
                              ">DATA", "<354",
                              "=Subject: hi\r\nMessage-ID: <1@b>\r\n\r\n..dot\r\n.\r\n",
                              "<250 2.0.0 Ok: stored as ", ">QUIT", "<221", ".")));
    struct store_page page = world_list(&w);
    if (tap_int(page.n, 1)) {
        struct store_delivery *d = world_get(&w, &page.items[0]);
        tap_str(world_raw(&w, d), STR("Subject: hi\r\nMessage-ID: <1@b>\r\n\r\n.dot\r\n"));
        tap_int(d->outcome, STORE_ACCEPTED);
        tap_str(d->mail_from, STR("a@b.test"));
        tap_int(d->n_rcpts, 2);
        tap_str(d->rcpts[1], STR("Z@y.test"));
        tap_str(d->helo, STR("c.test"));
        tap_str(d->client_ip, STR("127.0.0.1"));
        tap_str(d->protocol, STR("ESMTP"));
        tap_str(d->mail_params, STR("SIZE=100 RET=HDRS"));
        tap_str(d->stage, STR("end"));
        tap_int(d->reply_code, 250);
        tap_ok(str_starts(d->listener, STR("127.0.0.1:")));
        tap_ok(str_search(d->transcript, STR(" -> MAIL FROM:<a@b.test>")) < d->transcript.n);
        tap_ok(str_search(d->transcript, STR("<-  354 ")) < d->transcript.n);
        tap_ok(str_search(d->transcript, STR("hi\n")) == d->transcript.n); /* no message text */
    }
    tap_case("pipelining, and a second message on the same connection");
    tap_ok(kit_play(
        &w, 0,
        KIT_STEPS(KIT_HELLO, "=MAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n", "<250", "<250",
                  "<354", "=1\r\n.\r\nMAIL FROM:<c@d.test>\r\nRCPT TO:<a@b.test>\r\n", "<250",
                  "<250", "<250", ">DATA", "<354", "=2\r\n.\r\nQUIT\r\n", "<250", "<221", ".")));
    tap_int(world_list(&w).n, 3);
    tap_case("BDAT: two chunks, binary");
    tap_ok(kit_play(&w, 0,
                    KIT_STEPS(KIT_HELLO, ">MAIL FROM:<> BODY=BINARYMIME", "<250",
                              ">RCPT TO:<a@b.test>", "<250", "=BDAT 4\r\na\n.\n", "<250 2.0.0 4",
                              "=BDAT 3 LAST\r\nb\rc", "<250 2.0.0 Ok: stored", ">QUIT", "<221")));
    page = world_list(&w);
    tap_int(page.n, 4);
    tap_str(world_raw(&w, &page.items[page.n - 1]), STR("a\n.\nb\rc"));
    struct sink_counters c;
    sink_counters(w.sink, &c);
    tap_int(c.messages, 4);
    tap_int(c.recipients, 5);
    world_stop(&w);
}

static void test_lmtp(void)
{
    struct world w;
    world_init(&w);
    world_start(&w);
    tap_case("LMTP: a reply for each recipient that was taken");
    tap_ok(kit_play(&w, 1,
                    KIT_STEPS("<220", ">EHLO a", "<500", ">LHLO c.test", "<250-", ">MAIL FROM:<>",
                              "<250", ">RCPT TO:<a@b.test>", "<250", ">RCPT TO:<x+550@b.test>",
                              "<550", ">RCPT TO:<end-452@b.test>", "<250", ">DATA", "<354",
                              "=x\r\n.\r\n", "<250 2.0.0", "<452 4.0.0", ">QUIT", "<221", ".")));
    world_wait(&w, 3);
    struct store_page page = world_list(&w);
    if (tap_int(page.n, 3)) {
        unsigned accepted = 0, refused = 0, deferred = 0;
        for (size_t i = 0; i < page.n; i++) {
            accepted += page.items[i].outcome == STORE_ACCEPTED && page.items[i].n_rcpts == 1;
            refused += page.items[i].outcome == STORE_REFUSED;
            deferred += page.items[i].outcome == STORE_DEFERRED;
        }
        tap_ok(accepted == 1 && refused == 1 && deferred == 1);
    }
    world_stop(&w);
}

/* ---- dialogues that store nothing, each on its own connection ---- */

static const struct {
    const char *label;
    const char *const steps[24];
} dialogues[] = {
    {"order", {"<220", ">MAIL FROM:<>",
               "<503", ">EHLO c",
               "<250", ">RCPT TO:<a@b>",
               "<503", ">DATA",
               "<503", ">BDAT 0 LAST",
               "<503", ">MAIL FROM:<>",
               "<250", ">MAIL FROM:<>",
               "<503", ">DATA",
               "<503", ">RSET",
               "<250", ">QUIT",
               "<221", "."}},
    {"HELO has no parameters",
     {"<220", ">HELO c", "<250 sink.test", ">MAIL FROM:<> SIZE=1", "<555", ">QUIT", "<221", "."}},
    {"LHLO is for LMTP", {"<220", ">LHLO c", "<500 5.5.1", ">QUIT", "<221", "."}},
    {"the small commands",
     {"<220", ">NOOP",   "<250", ">HELP",   "<214", ">VRFY a", "<503", ">EHLO c",
      "<250", ">VRFY a", "<252", ">EXPN a", "<502", ">FOO",    "<500", ">XCLIENT ADDR=192.0.2.1",
      "<550", ">QUIT",   "<221", "."}},
    {"AUTH only in TLS",
     {"<220", ">EHLO c", "<250", ">AUTH PLAIN AGEAYg==", "<538 5.7.11", ">QUIT", "<221", "."}},
    {"SIZE too large",
     {"<220", ">EHLO c", "<250", ">MAIL FROM:<> SIZE=99999999999", "<552 5.3.4", ">MAIL FROM:<>",
      "<250", ">QUIT", "<221", "."}},
    {"SMTPUTF8 is asked for",
     {"<220", ">EHLO c", "<250", ">MAIL FROM:<>", "<250", ">RCPT TO:<\xc3\xbc@b.test>",
      "<553 5.6.7", ">QUIT", "<221", "."}},
    {"bare LF ends no command",
     {"<220", "=EHLO c\n", "<500 5.5.2", ">EHLO c", "<250", ">QUIT", "<221", "."}},
    {"NUL in a command", {"<220", "=NOOP \001\r\n", "<500", ">QUIT", "<221", "."}},
    {"STARTTLS with a command behind",
     {"<220", ">EHLO c", "<250", "=STARTTLS\r\nNOOP\r\n", "<554 5.5.1", "."}},
    {"refused chunks are read",
     {"<220", ">EHLO c", "<250", "=BDAT 6\r\nQUIT\r\n", "<503", "=BDAT 6 LAST\r\nQUIT\r\n", "<503",
      ">NOOP", "<250", ">QUIT", "<221", "."}},
    {"BINARYMIME needs BDAT",
     {"<220", ">EHLO c", "<250", ">MAIL FROM:<> BODY=BINARYMIME", "<250", ">RCPT TO:<a@b>", "<250",
      ">DATA", "<503", ">RSET", "<250", ">QUIT", "<221", "."}},
    {"half-close is answered to the end",
     {"=", "<220", "=EHLO c\r\nNOOP\r\nFOO\r\n", "!", "<250", "<250", "<500", "."}},
    {"a line begun and half-closed", {"<220", "=EHLO", "!", "."}},
};

static void test_dialogues(void)
{
    struct world w;
    world_init(&w);
    world_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(dialogues); i++) {
        tap_case("dialogue: %s", dialogues[i].label);
        tap_ok(kit_play(&w, 0, dialogues[i].steps));
    }
    tap_case("dialogues: nothing was stored");
    tap_int(world_list(&w).n, 0);
    world_stop(&w);
}

/* ---- bad input ---- */

static void test_never_ending_line(struct world *w)
{
    static char flood[SINK_LINE_MAX * 2];
    char room[1000];
    memset(flood, 'a', sizeof flood);
    tap_case("a line that never ends: 500, closed");
    int fd = kit_connect(w, 0);
    tap_ok(str_starts(kit_reply(fd, room, sizeof room), STR("220")));
    kit_send(fd, str_make(flood, sizeof flood));
    tap_ok(str_starts(kit_reply(fd, room, sizeof room), STR("500 5.5.6")));
    tap_int(kit_reply(fd, room, sizeof room).n, 0);
    close(fd);
    tap_case("a line of just the allowed length");
    memcpy(flood, "NOOP ", 5);
    memcpy(flood + SINK_LINE_MAX - 2, "\r\n", 2);
    fd = kit_connect(w, 0);
    kit_reply(fd, room, sizeof room);
    kit_send(fd, str_make(flood, SINK_LINE_MAX));
    tap_ok(str_starts(kit_reply(fd, room, sizeof room), STR("250")));
    close(fd);
}

static void test_errors(struct world *w)
{
    char room[1000];
    struct str last = STR_NONE;
    tap_case("too many errors: 421, closed");
    int fd = kit_connect(w, 0);
    kit_reply(fd, room, sizeof room);
    for (unsigned i = 0; i < SINK_MAX_ERRORS; i++) {
        kit_send(fd, STR("FOO\r\n"));
        last = kit_reply(fd, room, sizeof room);
    }
    tap_ok(str_starts(last, STR("500")));
    tap_ok(str_starts(kit_reply(fd, room, sizeof room), STR("421 4.7.0")));
    tap_int(kit_reply(fd, room, sizeof room).n, 0);
    close(fd);
}

static void test_line_ends(struct world *w)
{
    static const char *const bodies[] = {"=a\nb\r\n.\r\n", "=a\rb\r\n.\r\n", "=a\n.\nb\r\n.\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        tap_case("line ends %zu: refused, and kept as an attempt", i);
        size_t before = world_list(w).n;
        tap_ok(kit_play(w, 0,
                        KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test>", "<250", ">RCPT TO:<a@b.test>",
                                  "<250", ">DATA", "<354", bodies[i], "<550 5.6.11", ">QUIT",
                                  "<221", ".")));
        world_wait(w, before + 1);
        struct store_page page = world_list(w);
        if (tap_int(page.n, before + 1)) {
            tap_int(page.items[before].outcome, STORE_REFUSED);
            tap_str(page.items[before].stage, STR("end"));
            tap_int(page.items[before].reply_code, 550);
        }
    }
    tap_case("line ends: NUL");
    int fd = kit_connect(w, 0);
    tap_ok(kit_play_fd(fd, KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test>", "<250",
                                     ">RCPT TO:<a@b.test>", "<250", ">DATA", "<354")));
    kit_send(fd, STR("a\0b\r\n.\r\n"));
    tap_ok(kit_play_fd(fd, KIT_STEPS("<550 5.6.11")));
    close(fd);
}

/* 100 MB where 50 are allowed: 552 behind the last dot, and the connection goes on. */
static void test_large(struct world *w)
{
    enum { LINE = 1000 };
    static char block[LINE * 100];
    char room[1000];
    tap_case("100 MB: 552 5.3.4, nothing stored, the connection goes on");
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = i % LINE == LINE - 2 ? '\r' : i % LINE == LINE - 1 ? '\n' : 'x';
    int fd = kit_connect(w, 0);
    tap_ok(kit_play_fd(fd, KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test>", "<250",
                                     ">RCPT TO:<a@b.test>", "<250", ">DATA", "<354")));
    for (unsigned i = 0; i < 1000; i++)
        kit_send(fd, str_make(block, sizeof block));
    kit_send(fd, STR(".\r\n"));
    tap_ok(str_starts(kit_reply(fd, room, sizeof room), STR("552 5.3.4")));
    tap_ok(kit_play_fd(fd, KIT_STEPS(">NOOP", "<250", ">MAIL FROM:<>", "<250", ">QUIT", "<221")));
    close(fd);
    tap_case("100 MB announced by BDAT");
    fd = kit_connect(w, 0);
    tap_ok(kit_play_fd(fd, KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test>", "<250",
                                     ">RCPT TO:<a@b.test>", "<250", ">BDAT 100000000 LAST")));
    for (unsigned i = 0; i < 1000; i++)
        kit_send(fd, str_make(block, sizeof block));
    tap_ok(kit_play_fd(fd, KIT_STEPS("<552 5.3.4", ">QUIT", "<221")));
    close(fd);
}

static void test_many_rcpts(void)
{
    struct world w;
    char line[100], room[1000];
    unsigned taken = 0, too_many = 0;
    world_init(&w);
    w.config.max_rcpts = STORE_MAX_RCPTS;
    world_start(&w);
    tap_case("10,000 recipients, and 50 more: 452 4.5.3 for those");
    int fd = kit_connect(&w, 0);
    tap_ok(kit_play_fd(fd, KIT_STEPS(KIT_HELLO, ">MAIL FROM:<a@b.test>", "<250")));
    for (unsigned i = 0; i < STORE_MAX_RCPTS + 50; i++) {
        int n = snprintf(line, sizeof line, "RCPT TO:<u%u@b.test>\r\n", i);
        kit_send(fd, str_make(line, (size_t)n));
        struct str reply = kit_reply(fd, room, sizeof room);
        taken += str_starts(reply, STR("250 "));
        too_many += str_starts(reply, STR("452 4.5.3"));
    }
    tap_int(taken, STORE_MAX_RCPTS);
    tap_int(too_many, 50);
    tap_ok(kit_play_fd(fd, KIT_STEPS(">DATA", "<354", "=x\r\n.\r\n", "<250", ">QUIT", "<221")));
    close(fd);
    struct store_page page = world_list(&w);
    if (tap_int(page.n, 1))
        tap_int(page.items[0].n_rcpts, STORE_MAX_RCPTS);
    world_stop(&w);
}

/* The socket is listened on before the server runs, so the client is early for sure. */
static void test_early_talker(void)
{
    struct world w;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    world_init(&w);
    tap_case("who speaks before the greeting: 554, closed");
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&at, n) != 0 || listen(listening, 10) != 0 ||
        getsockname(listening, (struct sockaddr *)&at, &n) != 0)
        abort();
    int fd = kit_connect_port(ntohs(at.sin_port));
    kit_send(fd, STR("EHLO c.test\r\n"));
    w.listeners[0].fd = listening;
    w.config.n_listeners = 1;
    world_start(&w);
    tap_int(sink_listener_port(w.sink, 0), ntohs(at.sin_port));
    tap_ok(kit_play_fd(fd, KIT_STEPS("<554 5.5.1", ".")));
    close(fd);
    world_stop(&w);
}

static void test_vanishing(struct world *w)
{
    tap_case("a client that vanishes in its message: an attempt that was dropped");
    size_t before = world_list(w).n;
    tap_ok(kit_play(w, 0,
                    KIT_STEPS(KIT_HELLO, ">MAIL FROM:<gone@b.test>", "<250", ">RCPT TO:<a@b.test>",
                              "<250", ">DATA", "<354", "=half a mess", "!", ".")));
    world_wait(w, before + 1);
    struct store_page page = world_list(w);
    if (tap_int(page.n, before + 1)) {
        tap_int(page.items[before].outcome, STORE_DROPPED);
        tap_str(page.items[before].mail_from, STR("gone@b.test"));
    }
}

static void test_lenient(void)
{
    struct world w;
    world_init(&w);
    w.config.lenient_line_ends = true;
    world_start(&w);
    tap_case("lenient: taken byte for byte, and the transcript tells where");
    tap_ok(kit_play(&w, 0,
                    KIT_STEPS("<220", "=EHLO c\n", "<250", ">MAIL FROM:<a@b.test>", "<250",
                              ">RCPT TO:<a@b.test>", "<250", ">DATA", "<354", "=a\n.\nb\r\n.\r\n",
                              "<250", ">QUIT", "<221", ".")));
    struct store_page page = world_list(&w);
    if (tap_int(page.n, 1)) {
        tap_str(world_raw(&w, &page.items[0]), STR("a\n.\nb\r\n"));
        struct str t = world_get(&w, &page.items[0])->transcript;
        tap_ok(str_search(t, STR("=== odd line ends, taken: 2 bare LF (first at octet 1)")) < t.n);
    }
    world_stop(&w);
}

static void test_limits(void)
{
    struct world w;
    char room[200];
    world_init(&w);
    w.config.max_connections = 2;
    w.config.idle_timeout_ms = 300;
    world_start(&w);
    tap_case("connections beyond the limit: 421");
    int a = kit_connect(&w, 0), b = kit_connect(&w, 0);
    tap_ok(str_starts(kit_reply(a, room, sizeof room), STR("220")));
    tap_ok(str_starts(kit_reply(b, room, sizeof room), STR("220")));
    tap_ok(kit_play(&w, 0, KIT_STEPS("<421 4.3.2", ".")));
    tap_case("an idle client: 421, closed");
    tap_ok(kit_play_fd(a, KIT_STEPS("<421 4.4.2", ".")));
    close(a);
    close(b);
    world_stop(&w);
    tap_case("a server that stops: 421 to who waits");
    world_init(&w);
    world_start(&w);
    a = kit_connect(&w, 0);
    tap_ok(kit_play_fd(a, KIT_STEPS(KIT_HELLO, ">MAIL FROM:<>", "<250")));
    sink_stop(w.sink, 0);
    w.sink = NULL;
    tap_ok(kit_play_fd(a, KIT_STEPS("<421 4.3.2", ".")));
    close(a);
    world_stop(&w);
}

int main(void)
{
    struct world w;
    test_delivery();
    test_lmtp();
    test_dialogues();
    world_init(&w);
    world_start(&w);
    test_never_ending_line(&w);
    test_errors(&w);
    test_line_ends(&w);
    test_large(&w);
    test_vanishing(&w);
    world_stop(&w);
    test_many_rcpts();
    test_early_talker();
    test_lenient();
    test_limits();
    return tap_done();
}
