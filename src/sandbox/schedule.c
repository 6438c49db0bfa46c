/* Who gets which worker, what is overdue. All under the lock of the sandbox. */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/pool_internal.h"

static unsigned count_slots(const struct sandbox *sb, enum slot_state state)
{
    unsigned n = 0;
    for (unsigned i = 0; i < sb->config.max_workers; i++)
        n += sb->slots[i].state == state;
    return n;
}

unsigned pool_alive(const struct sandbox *sb)
{
    return count_slots(sb, SLOT_IDLE) + count_slots(sb, SLOT_BUSY);
}

void pool_arm(struct sandbox *sb, int64_t at_us)
{
    enum { PER_S = 1000000 };
    if (at_us >= sb->armed_us)
        return;
    at_us = at_us < 1 ? 1 : at_us; /* zero would disarm it */
    struct itimerspec t = {
        .it_value = {.tv_sec = (time_t)(at_us / PER_S), .tv_nsec = (long)(at_us % PER_S) * 1000}};
    if (timerfd_settime(sb->timer, TFD_TIMER_ABSTIME, &t, NULL) == 0)
        sb->armed_us = at_us;
}

/* ---- to a worker ---- */

static bool send_request(struct slot *w, struct sandbox_call *call)
{
    struct parcel m = {.type = PARCEL_REQUEST,
                       .serial = call->serial,
                       .frame_bytes = call->frame_bytes,
                       .object_bytes = call->object_bytes};
    const int fds[PARCEL_MAX_FDS] = {call->in_fd, call->out_fd};
    return channel_send(w->fd, &m, fds, PARCEL_MAX_FDS);
}

/* A new memfd each time: another worker may still be writing into the last. */
static bool make_room(struct sandbox_call *call)
{
    if (call->out_fd >= 0)
        close(call->out_fd);
    call->out_fd = memfd_answer(FRAME_MAX_BYTES + call->sent.bytes_left);
    return call->out_fd >= 0;
}

/* False: the worker is no more; `call` is as it was. */
bool worker_assign(struct sandbox *sb, struct slot *w, struct sandbox_call *call)
{
    call->serial = sb->next_serial++;
    if (!make_room(call)) {
        call_done(call, SANDBOX_UNAVAILABLE, "no memory for an answer: %s", strerror(errno));
        return true;
    }
    if (!send_request(w, call)) {
        worker_end(sb, w);
        return false;
    }
    call->state = CALL_RUNNING;
    call->started_us = clock_mono_us();
    call->worker = w->serial;
    call->was_fresh = w->n_requests == 0;
    w->n_requests++;
    w->state = SLOT_BUSY;
    w->call = call;
    w->until_us = call->started_us + (int64_t)sb->config.wall_ms * 1000;
    if (w->until_us > call->deadline_us)
        w->until_us = call->deadline_us;
    pool_arm(sb, w->until_us);
    return true;
}

/* Once more by a worker without a past, or that was it. */
void call_failed(struct sandbox *sb, struct sandbox_call *call, enum sandbox_outcome outcome,
                 const char *text)
{
    bool again = !call->was_fresh && !call->needs_fresh && !call->abandoned;
    if (!again) {
        call_done(call, outcome, "%s", text);
        return;
    }
    call->needs_fresh = true;
    sb->counts.retried++;
    queue_add(sb, call, true);
}

/* ---- the queue ---- */

static struct slot *find_slot(struct sandbox *sb, enum slot_state state, bool fresh)
{
    for (unsigned i = 0; i < sb->config.max_workers; i++) {
        struct slot *w = &sb->slots[i];
        if (w->state == state && (!fresh || w->n_requests == 0))
            return w;
    }
    return NULL;
}

/* Whoever may take a used worker does, so that fresh ones are there for those who may not. */
struct slot *worker_choose(struct sandbox *sb, const struct sandbox_call *call)
{
    if (call->needs_fresh || call->is_start)
        return find_slot(sb, SLOT_IDLE, call->needs_fresh);
    struct slot *best = NULL;
    for (unsigned i = 0; i < sb->config.max_workers; i++) {
        struct slot *w = &sb->slots[i];
        if (w->state == SLOT_IDLE && (best == NULL || w->n_requests > best->n_requests))
            best = w;
    }
    return best;
}

static void hand_out(struct sandbox *sb)
{
    struct sandbox_call *call;
    struct slot *w;
    while ((call = sb->first) != NULL && (w = worker_choose(sb, call)) != NULL) {
        sb->first = call->next;
        if (sb->first == NULL)
            sb->last = NULL;
        if (call->is_start) {
            call->worker = w->serial;
            call_done(call, SANDBOX_OK, "%s", "");
        } else if (!worker_assign(sb, w, call)) {
            queue_add(sb, call, true);
        }
    }
}

/* As many workers as calls wait, within the limit; one idle one goes when the first call needs a
 * fresh one and there is no room for it. */
static void hire(struct sandbox *sb)
{
    unsigned waiting = 0, coming = count_slots(sb, SLOT_ASKED);
    for (struct sandbox_call *call = sb->first; call != NULL && waiting < SANDBOX_MAX_WORKERS;
         call = call->next)
        waiting++;
    struct slot *room;
    if (clock_mono_us() < sb->not_before_us)
        return;
    while (coming < waiting && (room = find_slot(sb, SLOT_FREE, false)) != NULL &&
           sb->zygote == ZYGOTE_READY) {
        worker_ask(sb, room);
        if (room->state != SLOT_ASKED)
            return;
        coming++;
    }
    struct slot *idle = find_slot(sb, SLOT_IDLE, false);
    if (coming == 0 && waiting > 0 && sb->first->needs_fresh && idle != NULL &&
        count_slots(sb, SLOT_GONE) == 0)
        worker_end(sb, idle);
}

void pool_schedule(struct sandbox *sb)
{
    hand_out(sb);
    if (sb->first == NULL)
        return;
    if (sb->zygote == ZYGOTE_NONE && clock_mono_us() >= sb->not_before_us)
        zygote_start(sb);
    else if (sb->zygote == ZYGOTE_NONE && sb->trouble[0] != '\0' && pool_alive(sb) == 0)
        queue_fail(sb, sb->trouble);
    hire(sb);
}

/* ---- time ---- */

static void overdue_slot(struct sandbox *sb, struct slot *w, int64_t now)
{
    struct sandbox_call *call = w->call;
    if (w->state == SLOT_FREE || w->state == SLOT_IDLE || now < w->until_us)
        return;
    if (w->state == SLOT_GONE) {
        zygote_lost(sb, "it does not reap its children");
        return;
    }
    if (w->state == SLOT_ASKED) {
        worker_end(sb, w);
        pool_trouble(sb, "a worker is not ready in time");
        return;
    }
    w->call = NULL;
    sb->counts.timeouts++;
    worker_end(sb, w);
    call_done(call, SANDBOX_TIMEOUT, "no answer within %lld ms",
              (long long)((now - call->started_us) / 1000));
}

static void overdue_queue(struct sandbox *sb, int64_t now)
{
    struct sandbox_call *call = sb->first, *next;
    sb->first = sb->last = NULL;
    for (; call != NULL; call = next) {
        next = call->next;
        if (call->deadline_us > now)
            queue_add(sb, call, false);
        else
            call_done(call, SANDBOX_UNAVAILABLE, "no worker was free in time%s%s",
                      sb->trouble[0] == '\0' ? "" : ": ", sb->trouble);
    }
}

void pool_overdue(struct sandbox *sb)
{
    int64_t now = clock_mono_us();
    for (unsigned i = 0; i < sb->config.max_workers; i++)
        overdue_slot(sb, &sb->slots[i], now);
    if (sb->zygote == ZYGOTE_LOADING && sb->zygote_until_us <= now)
        zygote_lost(sb, "it is not ready in time");
    overdue_queue(sb, now);
}

int64_t pool_next_us(struct sandbox *sb)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < sb->config.max_workers; i++) {
        const struct slot *w = &sb->slots[i];
        bool counts = w->state != SLOT_FREE && w->state != SLOT_IDLE;
        next = counts && w->until_us < next ? w->until_us : next;
    }
    for (const struct sandbox_call *call = sb->first; call != NULL; call = call->next)
        next = call->deadline_us < next ? call->deadline_us : next;
    if (sb->zygote == ZYGOTE_LOADING && sb->zygote_until_us < next)
        next = sb->zygote_until_us;
    bool later = sb->zygote != ZYGOTE_LOADING && sb->not_before_us > clock_mono_us();
    if (later && sb->first != NULL && sb->not_before_us < next)
        next = sb->not_before_us;
    return next;
}
