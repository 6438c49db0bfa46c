/* The pool as its users see it: begin, finish, start, free. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sandbox/pool_internal.h"

enum { LOAD_MS = 20000 };

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > SANDBOX_MAX_WORKERS ? SANDBOX_MAX_WORKERS : (unsigned)n;
}

static struct sandbox_config with_defaults(const struct sandbox_config *given)
{
    struct sandbox_config c = *given;
    /* localtime would look for the zone's file anew each time, and a worker opens none. */
    static char utc[] = "TZ=UTC0";
    static char *const plain_env[] = {utc, NULL};
    c.path = c.path == NULL ? "/proc/self/exe" : c.path;
    c.env = c.env == NULL ? plain_env : c.env;
    c.max_workers = c.max_workers == 0 ? processors() : c.max_workers;
    c.max_requests = c.max_requests == 0 ? SANDBOX_MAX_REQUESTS : c.max_requests;
    c.wall_ms = c.wall_ms == 0 ? CONTENT_WORKER_WALL_MS : c.wall_ms;
    c.cpu_s = c.cpu_s == 0 ? CONTENT_WORKER_CPU_S : c.cpu_s;
    c.load_ms = c.load_ms == 0 ? LOAD_MS : c.load_ms;
    c.memory_bytes = c.memory_bytes == 0 ? CONTENT_WORKER_MEMORY_BYTES : c.memory_bytes;
    return c;
}

int sandbox_new(const struct sandbox_config *config, struct sandbox **out, struct mp_err *err)
{
    if (config->argv == NULL || config->argv[0] == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "a sandbox needs the arguments of its program");
    if (config->max_workers > SANDBOX_MAX_WORKERS)
        return mp_fail(err, MP_E_USAGE, SANDBOX_MAX_WORKERS, "at most %d workers",
                       SANDBOX_MAX_WORKERS);
    struct sandbox *sb = calloc(1, sizeof *sb);
    if (sb == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a sandbox");
    sb->config = with_defaults(config);
    sb->epoll = sb->wake = sb->timer = sb->zygote_fd = sb->zygote_pidfd = -1;
    sb->armed_us = INT64_MAX;
    sb->next_serial = TAG_FIRST_WORKER;
    pthread_mutex_init(&sb->lock, NULL);
    *out = sb;
    return MP_OK;
}

void sandbox_free(struct sandbox *sb)
{
    if (sb == NULL)
        return;
    loop_stop(sb);
    pthread_mutex_destroy(&sb->lock);
    free(sb);
}

/* ---- calls ---- */

void call_free(struct sandbox_call *call)
{
    if (call->in_fd >= 0)
        close(call->in_fd);
    if (call->out_fd >= 0)
        close(call->out_fd);
    pthread_cond_destroy(&call->is_done);
    free(call);
}

static struct sandbox_call *call_new(struct sandbox *sb, int64_t deadline_us)
{
    struct sandbox_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->sb = sb;
    call->in_fd = call->out_fd = -1;
    call->deadline_us = deadline_us;
    pthread_cond_init(&call->is_done, NULL);
    return call;
}

void call_done(struct sandbox_call *call, enum sandbox_outcome outcome, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(call->result.text, sizeof call->result.text, fmt, ap);
    va_end(ap);
    call->result.outcome = outcome;
    call->result.elapsed_us = call->started_us == 0 ? 0 : clock_mono_us() - call->started_us;
    call->state = CALL_DONE;
    if (call->abandoned)
        call_free(call);
    else
        pthread_cond_broadcast(&call->is_done);
}

void queue_add(struct sandbox *sb, struct sandbox_call *call, bool in_front)
{
    call->state = CALL_QUEUED;
    call->next = in_front ? sb->first : NULL;
    if (sb->first == NULL)
        sb->first = sb->last = call;
    else if (in_front)
        sb->first = call;
    else
        sb->last = sb->last->next = call;
}

void queue_fail(struct sandbox *sb, const char *why)
{
    struct sandbox_call *call = sb->first, *next;
    sb->first = sb->last = NULL;
    for (; call != NULL; call = next) {
        next = call->next;
        call_done(call, SANDBOX_UNAVAILABLE, "%s", why);
    }
}

/* What never gets to a worker is done when it is begun. */
static void give_up(struct sandbox_call *call, enum sandbox_outcome outcome, const char *why)
{
    pthread_mutex_lock(&call->sb->lock);
    call_done(call, outcome, "%s", why);
    pthread_mutex_unlock(&call->sb->lock);
}

/* The request in sealed memory. */
static void prepare(struct sandbox_call *call, const struct content *c, size_t object)
{
    struct mp_err err = {0};
    const struct content_object *o = &c->report->objects[object];
    struct buf frame;
    buf_init(&frame, FRAME_MAX_BYTES);
    call->object = object;
    call->sent = *c->budget;
    if (frame_request_write(&frame, c, object, &err) != MP_OK) {
        give_up(call, SANDBOX_NO_MEMORY, err.text);
    } else {
        call->frame_bytes = frame.n;
        call->object_bytes = o->bytes.n + o->before.n;
        call->in_fd = memfd_sealed((struct str[]){buf_str(&frame), o->bytes, o->before}, 3);
        if (call->in_fd < 0) {
            mp_fail(&err, MP_E_IO, errno, "no memory to hand over: %s", strerror(errno));
            give_up(call, SANDBOX_UNAVAILABLE, err.text);
        }
    }
    buf_clear(&frame);
}

/* To a worker at once, without a turn of the loop, when nobody waits before it. */
static void submit(struct sandbox_call *call)
{
    struct sandbox *sb = call->sb;
    struct mp_err err = {0};
    pthread_mutex_lock(&sb->lock);
    sb->counts.requests += !call->is_start;
    if (!sb->has_thread && loop_start(sb, &err) != MP_OK) {
        call_done(call, SANDBOX_UNAVAILABLE, "%s", err.text);
    } else {
        struct slot *w = sb->first == NULL && !call->is_start ? worker_choose(sb, call) : NULL;
        if (w == NULL || !worker_assign(sb, w, call)) {
            queue_add(sb, call, false);
            loop_wake(sb);
        }
    }
    pthread_mutex_unlock(&sb->lock);
}

int sandbox_begin(struct sandbox *sb, const struct content *c, size_t object, int64_t deadline_us,
                  struct sandbox_call **out, struct mp_err *err)
{
    struct sandbox_call *call = call_new(sb, deadline_us);
    if (call == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a request to a worker");
    prepare(call, c, object);
    if (call->state != CALL_DONE)
        submit(call);
    *out = call;
    return MP_OK;
}

static void wait_for(struct sandbox_call *call)
{
    pthread_mutex_lock(&call->sb->lock);
    while (call->state != CALL_DONE)
        pthread_cond_wait(&call->is_done, &call->sb->lock);
    pthread_mutex_unlock(&call->sb->lock);
}

/* Copies of what the worker wrote: it may still be writing. */
static int take_answer(struct sandbox_call *call, struct content *c, struct frame_answer *answer,
                       struct mp_err *err)
{
    size_t frame_n = (size_t)call->answer_frame_bytes, bytes_n = (size_t)call->answer_object_bytes;
    char *frame = arena_new(c->arena, char, frame_n), *bytes = arena_new(c->arena, char, bytes_n);
    if (frame == NULL || bytes == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for what a worker found");
    if (!memfd_read(call->out_fd, 0, frame, frame_n) ||
        !memfd_read(call->out_fd, frame_n, bytes, bytes_n))
        return mp_fail(err, MP_E_SYNTAX, errno, "the answer cannot be read");
    return frame_report_read(str_make(frame, frame_n), str_make(bytes, bytes_n), &call->sent, c,
                             call->object, answer, err);
}

/* The worker that answers nonsense serves nobody else; the object is asked for once more when the
 * nonsense may be the doing of another. */
static bool refuse_answer(struct sandbox_call *call, const char *why)
{
    struct sandbox *sb = call->sb;
    pthread_mutex_lock(&sb->lock);
    sb->counts.bad_answers++;
    struct slot *w = slot_by_serial(sb, call->worker);
    struct sandbox_call *other = w == NULL ? NULL : w->call;
    if (w != NULL && w->state != SLOT_GONE) {
        w->call = NULL;
        worker_end(sb, w);
        if (other != NULL)
            call_failed(sb, other, SANDBOX_BAD_ANSWER, "its worker answered nonsense to others");
    }
    call_failed(sb, call, SANDBOX_BAD_ANSWER, why);
    bool again = call->state != CALL_DONE;
    loop_wake(sb);
    pthread_mutex_unlock(&sb->lock);
    return again;
}

/* What the status of an inspection that was not finished means. */
static void judge_status(struct sandbox_call *call, const struct frame_answer *answer)
{
    struct buf b;
    if (answer->status == MP_OK)
        return;
    bool memory = answer->status == MP_E_NOMEM || answer->status == MP_E_LIMIT;
    buf_init(&b, 4 * sizeof call->result.text);
    utf8_add_printable(&b, answer->reason, sizeof call->result.text - 32);
    call->result.outcome = memory ? SANDBOX_NO_MEMORY : SANDBOX_BAD_ANSWER;
    snprintf(call->result.text, sizeof call->result.text, STR_FMT, STR_ARG(buf_str(&b)));
    buf_clear(&b);
}

int sandbox_finish(struct sandbox_call *call, struct content *c, struct sandbox_result *out,
                   struct mp_err *err)
{
    struct frame_answer answer = {0};
    struct mp_err why = {0};
    int st;
    do {
        st = MP_OK;
        wait_for(call);
        if (call->result.outcome == SANDBOX_OK)
            st = take_answer(call, c, &answer, &why);
    } while (st == MP_E_SYNTAX && refuse_answer(call, why.text));
    if (st == MP_OK)
        judge_status(call, &answer);
    if (st == MP_OK || st == MP_E_SYNTAX) {
        c->report->complete &= call->result.outcome == SANDBOX_OK;
        *out = call->result;
        st = MP_OK;
    } else {
        st = mp_fail(err, st, why.detail, "%s", why.text);
    }
    call_free(call);
    return st;
}

bool sandbox_is_done(struct sandbox_call *call)
{
    pthread_mutex_lock(&call->sb->lock);
    bool done = call->state == CALL_DONE;
    pthread_mutex_unlock(&call->sb->lock);
    return done;
}

static void queue_remove(struct sandbox *sb, struct sandbox_call *call)
{
    struct sandbox_call *before = NULL, *it = sb->first;
    for (; it != NULL && it != call; it = it->next)
        before = it;
    if (it == NULL)
        return;
    if (before == NULL)
        sb->first = call->next;
    else
        before->next = call->next;
    if (sb->last == call)
        sb->last = before;
}

void sandbox_cancel(struct sandbox_call *call)
{
    if (call == NULL)
        return;
    struct sandbox *sb = call->sb;
    pthread_mutex_lock(&sb->lock);
    if (call->state == CALL_QUEUED)
        queue_remove(sb, call);
    if (call->state == CALL_RUNNING)
        call->abandoned = true;
    else
        call_free(call);
    pthread_mutex_unlock(&sb->lock);
}

int sandbox_inspect(struct sandbox *sb, struct content *c, size_t object, int64_t deadline_us,
                    struct sandbox_result *out, struct mp_err *err)
{
    struct sandbox_call *call = NULL;
    int st = sandbox_begin(sb, c, object, deadline_us, &call, err);
    return st == MP_OK ? sandbox_finish(call, c, out, err) : st;
}

int sandbox_start(struct sandbox *sb, int64_t deadline_us, struct sandbox_facts *out,
                  struct mp_err *err)
{
    struct sandbox_call *call = call_new(sb, deadline_us);
    if (call == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a request to a worker");
    call->is_start = true;
    submit(call);
    wait_for(call);
    int st = MP_OK;
    pthread_mutex_lock(&sb->lock);
    struct slot *w = slot_by_serial(sb, call->worker);
    if (call->result.outcome != SANDBOX_OK)
        st = mp_fail(err, MP_E_IO, 0, "no worker: %s", call->result.text);
    else if (w != NULL)
        *out = w->facts;
    else
        st = mp_fail(err, MP_E_IO, 0, "the worker died as soon as it was there");
    pthread_mutex_unlock(&sb->lock);
    call_free(call);
    return st;
}

void sandbox_counts(struct sandbox *sb, struct sandbox_counts *out)
{
    pthread_mutex_lock(&sb->lock);
    *out = sb->counts;
    out->alive = pool_alive(sb);
    pthread_mutex_unlock(&sb->lock);
}
