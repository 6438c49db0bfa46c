/* The front's life: one loop for the MTAs, room httpd's threads for the web. */
#include "daemon/front.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/front_internal.h"

enum { EXIT_OK = 0 };

static void end_if_empty(struct front *f)
{
    if (f->draining && !front_has_mtas(f))
        event_base_loopbreak(f->base);
}

static void drain(struct front *f, bool soon)
{
    f->draining = true;
    f->soon = f->soon || soon;
    front_stop_listening(f);
    front_http_drain(f);
    front_milter_tick(f);
    end_if_empty(f);
}

static void count_monitor(atomic_ullong *counts, uint32_t result)
{
    if (result < FRONT_MONITOR_RESULTS)
        atomic_fetch_add_explicit(&counts[result], 1, memory_order_relaxed);
}

static void obey(struct front *f, const struct control *c)
{
    switch (c->word) {
    case CONTROL_PING:
        control_send(ROLE_CONTROL_FD, CONTROL_PONG, 0, STR_NONE);
        return;
    case CONTROL_SCHEDULES:
        front_http_schedules(f, str_make(c->text, c->text_bytes));
        return;
    case CONTROL_PEERS:
        front_http_peers(f, str_make(c->text, c->text_bytes));
        return;
    case CONTROL_RAN:
        count_monitor(f->count.monitor_runs, c->value);
        return;
    case CONTROL_MONITOR:
        count_monitor(f->count.monitor_changes, c->value);
        front_http_monitor(f, str_make(c->text, c->text_bytes));
        return;
    case CONTROL_DRAIN:
        drain(f, c->value == 1);
        return;
    case CONTROL_STOP:
        event_base_loopbreak(f->base);
        return;
    default:
        return;
    }
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    static struct control c; /* too large for a stack; the loop's thread alone comes here */
    struct front *f = arg;
    enum fd_pass_status st;
    (void)what;
    while ((st = control_recv(fd, &c)) == FD_PASS_GOT)
        obey(f, &c);
    if (st != FD_PASS_NOTHING) /* the supervisor is gone: nobody would restart our workers */
        event_base_loopbreak(f->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct front *f = arg;
    (void)fd, (void)what;
    f->now_ms = clock_mono_us() / 1000;
    front_milter_tick(f);
    end_if_empty(f);
}

static int open_loop(struct front *f, struct mp_err *err)
{
    static const struct timeval second = {.tv_usec = FRONT_TICK_MS % 1000 * 1000,
                                          .tv_sec = FRONT_TICK_MS / 1000};
    struct event_config *c = event_config_new();
    if (c != NULL)
        event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK);
    f->base = c == NULL ? NULL : event_base_new_with_config(c);
    f->scratch = malloc(FRONT_READ_BYTES);
    if (c != NULL)
        event_config_free(c);
    if (f->base == NULL || f->scratch == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the loop");
    fcntl(ROLE_CONTROL_FD, F_SETFL, fcntl(ROLE_CONTROL_FD, F_GETFL) | O_NONBLOCK);
    event_assign(&f->control, f->base, ROLE_CONTROL_FD, EV_READ | EV_PERSIST, on_control, f);
    event_assign(&f->tick, f->base, -1, EV_PERSIST, on_tick, f);
    event_add(&f->control, NULL);
    event_add(&f->tick, &second);
    return MP_OK;
}

static int open_front(struct front *f, struct role *r, struct mp_err *err)
{
    struct confine_facts facts;
    f->role = r;
    f->config = r->config;
    f->started_s = clock_wall_s();
    f->now_ms = clock_mono_us() / 1000;
    f->work_path = role_socket_path(&r->arena, r->config, r->generation, ROLE_WORK_SOCKET);
    int st = role_become(r, &facts, err);
    if (st == MP_OK && f->work_path.p == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory");
    if (st == MP_OK)
        st = open_loop(f, err);
    if (st == MP_OK)
        st = role_confine(r, &facts, err); /* before threads are started */
    if (st == MP_OK)
        st = front_book_open(f, err);
    if (st == MP_OK)
        st = front_http_start(f, err);
    return st == MP_OK ? front_listen(f, err) : st;
}

static void close_front(struct front *f)
{
    front_stop_listening(f);
    front_close_mtas(f);
    front_http_stop(f);
    front_book_close(f);
    if (f->base != NULL) {
        event_del(&f->control);
        event_del(&f->tick);
        event_base_free(f->base);
    }
    free(f->scratch);
    free(f);
}

int front_run(struct role *r)
{
    struct mp_err err = {0};
    struct front *f = calloc(1, sizeof *f);
    int code = EXIT_OK;
    if (f == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory for the front");
        return role_failed(&err);
    }
    if (open_front(f, r, &err) == MP_OK) {
        role_ready();
        event_base_dispatch(f->base);
    } else {
        code = role_failed(&err);
    }
    close_front(f);
    return code;
}
