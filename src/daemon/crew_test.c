/* Packets between front and worker, and a crew whose workers answer, die, lie or are silent. */
#include "daemon/crew.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memfd.h"
#include "daemon/link.h"
#include "tests/tap.h"

/* ---- packets ---- */

static void test_link(void)
{
    int pair[2], message = -1;
    struct buf frame;
    tap_case("link: a small frame, a large one, and a message beside it");
    tap_ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    for (size_t n = 0; n <= 3 * IPC_MAX_FRAME_BYTES; n += IPC_MAX_FRAME_BYTES / 2) {
        char *bytes = malloc(n + 1);
        struct str sent = str_make(bytes, n), body = STR("From: x\r\n\r\n");
        memset(bytes, 'f', n + 1);
        int fd = memfd_sealed(&body, 1);
        buf_init(&frame, 1 << 20);
        tap_int(link_send(pair[0], sent, fd), 0);
        tap_int(link_recv(pair[1], &frame, &message), FD_PASS_GOT);
        tap_str(buf_str(&frame), sent);
        tap_ok(message >= 0 && memfd_is_sealed(message));
        close(fd);
        close(message);
        buf_clear(&frame);
        free(bytes);
    }
    tap_case("link: a frame above the reader's maximum is refused");
    char big[5000] = "";
    buf_init(&frame, 1000);
    tap_int(link_send(pair[0], str_make(big, sizeof big), -1), 0);
    tap_int(link_recv(pair[1], &frame, &message), FD_PASS_BROKEN);
    tap_int(message, -1);
    tap_case("link: what is no packet of ours is refused");
    tap_ok(send(pair[0], "hello", 5, 0) == 5);
    tap_int(link_recv(pair[1], &frame, &message), FD_PASS_BROKEN);
    tap_case("link: the end of the other side");
    close(pair[0]);
    tap_int(link_recv(pair[1], &frame, &message), FD_PASS_END);
    close(pair[1]);
    buf_clear(&frame);
}

/* ---- workers ---- */

enum deed { DEED_ANSWER, DEED_DIE, DEED_LIE, DEED_NONSENSE, DEED_SILENCE };

struct fake {
    int fd;
    const enum deed *deeds;
    size_t n;
};

static void answer(int conn, const struct mail_request *r, enum deed deed)
{
    const struct mail_answer a = {.number = r->number + (deed == DEED_LIE),
                                  .action = ACTION_TAG,
                                  .code = 250,
                                  .summary = {.id = r->id}};
    struct buf out;
    buf_init(&out, 1 << 20);
    if (deed == DEED_NONSENSE)
        buf_addz(&out, "nonsense");
    else
        mail_answer_write(&out, &a);
    link_send(conn, buf_str(&out), -1);
    buf_clear(&out);
}

/* One deed for each connection, in their order. */
static void *run_fake(void *arg)
{
    struct fake *f = arg;
    for (size_t i = 0; i < f->n; i++) {
        struct pollfd p = {.fd = f->fd, .events = POLLIN};
        poll(&p, 1, -1);
        int conn = accept(f->fd, NULL, NULL), message = -1;
        struct mail_request r;
        struct arena arena;
        struct buf frame;
        arena_init(&arena, 1 << 20);
        buf_init(&frame, 1 << 20);
        if (link_recv(conn, &frame, &message) == FD_PASS_GOT &&
            mail_request_read(&arena, buf_str(&frame), &r, NULL) == MP_OK &&
            f->deeds[i] != DEED_DIE) {
            if (f->deeds[i] == DEED_SILENCE) { /* until the other side gives up */
                p = (struct pollfd){.fd = conn, .events = POLLIN};
                poll(&p, 1, -1);
            } else
                answer(conn, &r, f->deeds[i]);
        }
        if (message >= 0)
            close(message);
        close(conn);
        buf_clear(&frame);
        arena_clear(&arena);
    }
    return NULL;
}

struct result {
    bool done, answered;
    enum verdict_action action;
    char why[512];
};

static void on_done(void *ctx, const struct mail_answer *a, const char *why_not)
{
    struct result *r = ctx;
    tap_ok(!r->done); /* once */
    r->done = true;
    r->answered = a != NULL;
    if (a != NULL)
        r->action = a->action;
    else
        snprintf(r->why, sizeof r->why, "%s", why_not);
}

static const struct {
    const char *label;
    enum deed deeds[2];
    size_t n;
    bool answered;
} rows[] = {
    {"an answer", {DEED_ANSWER}, 1, true},
    {"a worker dies, another one answers", {DEED_DIE, DEED_ANSWER}, 2, true},
    {"two workers die of it", {DEED_DIE, DEED_DIE}, 2, false},
    {"an answer to another question", {DEED_LIE}, 1, false},
    {"an answer that is none", {DEED_NONSENSE}, 1, false},
    {"no answer in time", {DEED_SILENCE}, 1, false},
};

static void in_loop(const char *path, const struct mail_request *r, struct result *out)
{
    struct event_base *base = event_base_new();
    tap_ok(crew_ask(base, path, r, -1, on_done, out) != NULL);
    event_base_dispatch(base); /* ends when nothing is waited for any more */
    event_base_free(base);
}

static void by_thread(const char *path, const struct mail_request *r, struct result *out)
{
    struct arena arena;
    struct mail_answer a = {0};
    struct mp_err err = {0};
    arena_init(&arena, 1 << 20);
    out->answered = crew_ask_and_wait(path, r, -1, &arena, &a, &err) == MP_OK;
    out->done = true;
    out->action = a.action;
    snprintf(out->why, sizeof out->why, "%s", err.text);
    arena_clear(&arena);
}

static void test_row(size_t i, const char *path, int fd, bool loop)
{
    struct fake fake = {fd, rows[i].deeds, rows[i].n};
    struct mail_request r = {.number = 9, .id = STR("id"), .deadline_ms = 1};
    struct result result = {0};
    pthread_t thread;
    tap_case("crew %s: %s", loop ? "in the loop" : "and a thread", rows[i].label);
    tap_ok(pthread_create(&thread, NULL, run_fake, &fake) == 0);
    if (loop)
        in_loop(path, &r, &result);
    else
        by_thread(path, &r, &result);
    pthread_join(thread, NULL);
    tap_ok(result.done);
    tap_int(result.answered, rows[i].answered);
    if (result.answered)
        tap_int(result.action, ACTION_TAG);
    else
        tap_ok(result.why[0] != '\0');
}

static void test_nobody(const char *path)
{
    struct mail_request r = {.number = 9, .deadline_ms = 1};
    struct result result = {0};
    tap_case("crew: nobody is there until the deadline");
    in_loop(path, &r, &result);
    tap_ok(result.done && !result.answered);
    result = (struct result){0};
    by_thread(path, &r, &result);
    tap_ok(!result.answered);
}

int main(void)
{
    char dir[] = "/tmp/mailproof-crew-XXXXXX", path[64];
    struct mp_err err = {0};
    test_link();
    tap_case("crew: a socket");
    tap_ok(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/work", dir);
    test_nobody(path);
    int fd = link_listen(path, &err);
    tap_ok(fd >= 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(i, path, fd, true);
        test_row(i, path, fd, false);
    }
    close(fd);
    unlink(path);
    rmdir(dir);
    return tap_done();
}
