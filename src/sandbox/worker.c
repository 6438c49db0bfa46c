/* A worker: takes a request, inspects, answers; nothing else is possible to it. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "sandbox/frame.h"
#include "sandbox/sandbox_internal.h"

enum {
    FD_PARENT = SANDBOX_WORKER_FD,
    FD_IN = 0,
    FD_OUT = 1,
    EXIT_CONFINED = 3,
    CPU_LIFE_SPENT = 12,                 /* of CPU_LIFE_REQUESTS: time to go */
    GROWTH_MAX_BYTES = 256 * 1024 * 1024 /* resident, since the fork */
};

struct worker {
    const struct sandbox_worker *program;
    const struct content_lists *lists;
    const struct parcel *setup;
    struct arena arena;
    uint64_t resident_first;
};

/* One request as it is worked on. */
struct task {
    struct parcel ask;
    int fds[PARCEL_MAX_FDS];
    const char *in;
    size_t in_n;
    struct frame_request request;
    struct buf frame;
};

static void usage(uint64_t *resident_bytes, int64_t *cpu_s)
{
    struct rusage u = {0};
    getrusage(RUSAGE_SELF, &u);
    *resident_bytes = (uint64_t)u.ru_maxrss * 1024;
    *cpu_s = u.ru_utime.tv_sec + u.ru_stime.tv_sec;
}

/* SIGPROF ends the process: it has no handler, and whoever takes it away meets RLIMIT_CPU and the
 * parent's clock. */
static void set_cpu_timer(unsigned seconds)
{
    struct itimerval t = {.it_value = {.tv_sec = (time_t)seconds}};
    setitimer(ITIMER_PROF, &t, NULL);
}

static int open_request(struct worker *w, struct task *t, struct mp_err *err)
{
    uint64_t n = memfd_size(t->fds[FD_IN]);
    if (n == 0 || n > SIZE_MAX || t->ask.frame_bytes > n ||
        t->ask.object_bytes != n - t->ask.frame_bytes)
        return mp_fail(err, MP_E_SYNTAX, 0, "the request is not as long as it says");
    t->in = memfd_map(t->fds[FD_IN], (size_t)n);
    if (t->in == NULL)
        return mp_fail(err, MP_E_NOMEM, errno, "no memory to look at the object");
    t->in_n = (size_t)n;
    struct str all = str_make(t->in, t->in_n);
    size_t cut = (size_t)t->ask.frame_bytes;
    int st = frame_request_read(&w->arena, str_slice(all, 0, cut), str_slice(all, cut, all.n),
                                &t->request, err);
    if (st == MP_OK)
        t->request.content.lists = w->lists;
    return st;
}

/* The frame and the members' bytes into the memory that the parent made for them. */
static int write_answer(struct task *t, int status, const struct mp_err *why, struct parcel *answer,
                        struct mp_err *err)
{
    const struct content *c = &t->request.content;
    const uint32_t *same = NULL;
    int st = frame_report_plan(c, &same, err);
    if (st == MP_OK)
        st = frame_report_write(&t->frame, c, same, status, str_from(why->text), err);
    if (st != MP_OK)
        return st;
    uint64_t bytes_n = frame_report_bytes(c, same), total = t->frame.n + bytes_n;
    if (total > memfd_size(t->fds[FD_OUT]))
        return mp_fail(err, MP_E_LIMIT, 0, "the members are larger than the budget");
    char *to = memfd_map_writable(t->fds[FD_OUT], (size_t)total);
    if (to == NULL)
        return mp_fail(err, MP_E_NOMEM, errno, "no memory for the answer");
    size_t at = t->frame.n;
    memcpy(to, t->frame.p, at);
    for (size_t i = 1; i < c->report->n; i++) {
        struct str own = frame_report_own(c, same, i);
        if (own.n > 0)
            memcpy(to + at, own.p, own.n);
        at += own.n;
    }
    memfd_unmap(to, (size_t)total);
    answer->frame_bytes = t->frame.n;
    answer->object_bytes = bytes_n;
    return MP_OK;
}

static int inspect(struct worker *w, struct task *t, struct parcel *answer, struct mp_err *err)
{
    int st = open_request(w, t, err);
    if (st != MP_OK)
        return st;
    st = w->program->inspect(w->program->data, &t->request.content, err);
    return write_answer(t, st > 0 ? MP_E_INTERNAL : st, err, answer, err);
}

/* Is this a good moment for another worker to take over? */
static bool is_worn(const struct worker *w, const struct task *t, int status)
{
    uint64_t resident;
    int64_t cpu_s;
    usage(&resident, &cpu_s);
    return status != MP_OK || !t->request.report.complete ||
           resident > w->resident_first + GROWTH_MAX_BYTES ||
           cpu_s >= (int64_t)w->setup->cpu_s * CPU_LIFE_SPENT;
}

static void work(struct worker *w, struct task *t)
{
    struct parcel answer = {.type = PARCEL_ANSWER, .serial = t->ask.serial};
    struct mp_err err = {0};
    buf_init(&t->frame, FRAME_MAX_BYTES);
    set_cpu_timer(w->setup->cpu_s);
    answer.status = inspect(w, t, &answer, &err);
    set_cpu_timer(0);
    answer.retire = is_worn(w, t, answer.status);
    buf_clear(&t->frame);
    memfd_unmap(t->in, t->in_n);
    arena_reset(&w->arena);
    close(t->fds[FD_IN]);
    close(t->fds[FD_OUT]);
    if (!channel_send(FD_PARENT, &answer, NULL, 0))
        _exit(0);
}

void worker_run(const struct sandbox_worker *program, const struct content_lists *lists,
                const struct parcel *setup, struct sandbox_facts facts)
{
    struct worker w = {.program = program, .lists = lists, .setup = setup};
    struct mp_err err = {0};
    int64_t cpu_s;
    usage(&w.resident_first, &cpu_s);
    arena_init(&w.arena, (size_t)setup->memory_bytes);
    facts.worker_pid = getpid();
    int st = confine_worker(setup, &facts, &err);
    if (!channel_hello(st, &err, &facts) || st != MP_OK)
        _exit(EXIT_CONFINED);
    for (;;) {
        struct task t = {.fds = {-1, -1}};
        if (channel_recv(FD_PARENT, &t.ask, t.fds, PARCEL_MAX_FDS) != CHANNEL_GOT ||
            t.ask.type != PARCEL_REQUEST || t.fds[FD_OUT] < 0)
            _exit(0);
        work(&w, &t);
    }
}
