/* The scanning crew: workers take inputs in turn and report in the same turn. */
#include "run/scan.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "run/envelope.h"
#include "run/extract.h"
#include "run/rewrite.h"
#include "run/write_file.h"

enum { PROGRESS_EVERY_US = 200000, RECORD_MAX_BYTES = 512 * 1024 * 1024 };

struct crew {
    const struct scan_options *options;
    struct inputs *inputs;
    struct report *report;
    struct buf text; /* of the report, flushed after each message */
    struct scan_totals totals;
    pthread_mutex_t lock;
    pthread_cond_t turn_changed;
    size_t tickets, turn; /* next to give out, next to report */
    size_t files;
    bool ended;
    int64_t progress_at_us;
    int status; /* first failure of ours */
    struct mp_err err;
};

static void fail_crew(struct crew *c, int status, const struct mp_err *err)
{
    if (c->status != MP_OK)
        return;
    c->status = status;
    c->err = *err;
}

/* ---- output, by whoever's turn it is ---- */

static void flush_report(struct crew *c)
{
    struct mp_err err = {0};
    struct str s = buf_str(&c->text);
    if (c->text.failed)
        fail_crew(c, mp_fail(&err, MP_E_NOMEM, 0, "no memory for the report"), &err);
    else if (fwrite(s.p == NULL ? "" : s.p, 1, s.n, c->options->out) != s.n)
        fail_crew(c, mp_fail(&err, MP_E_IO, errno, "cannot write the report: %s", strerror(errno)),
                  &err);
    buf_reset(&c->text);
}

static void show_progress(struct crew *c)
{
    int64_t now = clock_mono_us();
    if (c->options->progress == NULL || now < c->progress_at_us)
        return;
    c->progress_at_us = now + PROGRESS_EVERY_US;
    fprintf(c->options->progress, "\r%zu", c->totals.messages);
    if (c->files > 1)
        fprintf(c->options->progress, " of %zu", c->files);
    fprintf(c->options->progress, " checked, %zu failed, %zu undecided\033[K", c->totals.failed,
            c->totals.undecided);
    fflush(c->options->progress);
}

static void end_progress(struct crew *c)
{
    if (c->options->progress != NULL && c->progress_at_us != 0)
        fprintf(c->options->progress, "\r\033[K");
}

/* `shared` stands for "-": the stream of the reports, which stays open. */
static int write_extra(const char *path, FILE *shared, struct str bytes, struct mp_err *err)
{
    if (strcmp(path, "-") != 0)
        return write_file(path, bytes, err);
    bool ok = fwrite(bytes.p == NULL ? "" : bytes.p, 1, bytes.n, shared) == bytes.n;
    return fflush(shared) == 0 && ok
               ? MP_OK
               : mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
}

static void write_extras(struct crew *c, struct job *job)
{
    const struct scan_options *o = c->options;
    struct mp_err err = {0};
    struct buf b;
    int st = MP_OK;
    buf_init(&b, RECORD_MAX_BYTES);
    if (o->record_path != NULL && c->totals.messages > 1)
        st = mp_fail(&err, MP_E_USAGE, 0, "--record takes one message, there are more");
    else if (o->rewrite_path != NULL && c->totals.messages > 1)
        st = mp_fail(&err, MP_E_USAGE, 0, "--write-message takes one message, there are more");
    if (st == MP_OK && o->record_path != NULL) {
        world_write(&b, job);
        st = b.failed ? mp_fail(&err, MP_E_NOMEM, 0, "no memory to record")
                      : write_extra(o->record_path, o->out, buf_str(&b), &err);
    }
    buf_reset(&b);
    if (st == MP_OK && o->rewrite_path != NULL) {
        st = rewrite_message(job, &b, &err);
        if (st == MP_OK)
            st = write_extra(o->rewrite_path, o->out, buf_str(&b), &err);
    }
    if (st != MP_OK)
        fail_crew(c, st, &err);
    buf_clear(&b);
}

static void extract(struct crew *c, const struct job *job)
{
    struct mp_err err = {0};
    size_t n;
    int st = c->options->extract_dir == NULL
                 ? MP_OK
                 : extract_objects(job, c->options->extract_dir, &n, &err);
    if (st != MP_OK)
        fail_crew(c, st, &err);
}

static void count(struct crew *c, const struct job *job)
{
    switch (report_exit_code(job, c->options->report.fail_on)) {
    case 0:
        c->totals.passed++;
        break;
    case 1:
        c->totals.failed++;
        break;
    default:
        c->totals.undecided++;
        break;
    }
}

static void report_input_error(struct crew *c, const struct input *in, const char *text)
{
    struct report_error e = {.source = in->label, .text = str_from(text)};
    c->totals.unreadable++;
    report_error(c->report, &e);
}

static void report_world(struct crew *c, const struct input *in, struct job *job)
{
    struct str wrong = world_mismatch(&job->arena, in->world, job);
    report_expected(c->report, job, wrong.n == 0);
    if (wrong.n == 0) {
        c->totals.passed++;
        return;
    }
    c->totals.failed++;
    report_error(c->report, &(struct report_error){in->label, wrong});
}

static void report_result(struct crew *c, const struct input *in, struct job *job, int status,
                          const struct mp_err *err)
{
    c->totals.messages++;
    if (in->failed || (status != MP_OK && !job->finished)) {
        report_input_error(c, in, in->failed ? in->err.text : err->text);
    } else {
        if (in->world != NULL && in->world->n_expects != 0) {
            report_world(c, in, job);
        } else {
            report_message(c->report, job);
            count(c, job);
        }
        write_extras(c, job);
        extract(c, job);
    }
    flush_report(c);
    show_progress(c);
}

/* ---- one message ---- */

static int64_t time_for(const struct scan_options *o, const struct input *in,
                        const struct message *msg)
{
    int64_t t = clock_wall_s();
    if (in->has_time)
        return in->time_s;
    if (o->clock == SCAN_CLOCK_FIXED)
        return o->time_s;
    if (o->clock == SCAN_CLOCK_RECEIVED)
        envelope_received_time(msg, &t);
    return t;
}

static int check_one(const struct scan_options *o, const struct input *in,
                     struct job_config *config, struct job *job, struct mp_err *err)
{
    struct dns_source source = o->source;
    const struct envelope *given = in->has_envelope ? &in->envelope : &o->envelope;
    *config = o->config;
    if (in->world != NULL) {
        config->auth = world_config(in->world, &o->config.auth);
        source.zone = in->world->zone;
        config->intel = NULL; /* a world has all that is known of it */
    }
    struct str raw = in->world != NULL ? in->world->message : buf_str(&in->bytes);
    int st = run_start(job, &source, in->label, raw, given, 0, err);
    if (st != MP_OK)
        return st;
    job->now_s = job->auth.now_s = time_for(o, in, &job->message);
    if (o->envelope_from_headers && !in->has_envelope) {
        envelope_from_headers(&job->arena, &job->message, &job->envelope);
        job_envelope_changed(job);
    }
    job_describe(job, err); /* a failure has left its finding, and the checks go on */
    return run_job(job, &source, err);
}

static bool take_input(struct crew *c, struct input *in, size_t *ticket)
{
    bool got;
    pthread_mutex_lock(&c->lock);
    got = !c->ended && c->status == MP_OK && inputs_next(c->inputs, in);
    c->ended = !got;
    if (got)
        *ticket = c->tickets++;
    pthread_mutex_unlock(&c->lock);
    return got;
}

static void *worker(void *arg)
{
    struct crew *c = arg;
    struct job_config config = c->options->config;
    struct job job;
    struct input in = {0};
    size_t ticket = 0;
    job_init(&job, &config);
    while (take_input(c, &in, &ticket)) {
        struct mp_err err = {0};
        int st = in.failed ? MP_E_IO : check_one(c->options, &in, &config, &job, &err);
        pthread_mutex_lock(&c->lock);
        while (c->turn != ticket)
            pthread_cond_wait(&c->turn_changed, &c->lock);
        report_result(c, &in, &job, st, &err);
        c->turn++;
        pthread_cond_broadcast(&c->turn_changed);
        pthread_mutex_unlock(&c->lock);
    }
    job_clear(&job);
    input_clear(&in);
    return NULL;
}

static int run_workers(struct crew *c, unsigned n, struct mp_err *err)
{
    pthread_t threads[SCAN_MAX_JOBS];
    unsigned started = 0;
    n = n > SCAN_MAX_JOBS ? SCAN_MAX_JOBS : n;
    if (n <= 1) {
        worker(c);
        return MP_OK;
    }
    while (started < n && pthread_create(&threads[started], NULL, worker, c) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started > 0 ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
}

int scan_run(const struct scan_options *options, struct inputs *inputs, struct scan_totals *totals,
             struct mp_err *err)
{
    struct crew c = {.options = options, .inputs = inputs, .files = inputs_files(inputs)};
    buf_init(&c.text, SCAN_REPORT_MAX_BYTES);
    c.report = report_new(&options->report, &c.text, inputs_single(inputs) ? 1 : 2);
    if (c.report == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the report");
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.turn_changed, NULL);
    int st = run_workers(&c, options->jobs, err);
    report_end(c.report);
    flush_report(&c);
    end_progress(&c);
    if (fflush(options->out) != 0 && c.status == MP_OK)
        c.status = mp_fail(&c.err, MP_E_IO, errno, "cannot write the report: %s", strerror(errno));
    if (st == MP_OK && c.status != MP_OK) {
        st = c.status;
        if (err != NULL)
            *err = c.err;
    }
    report_free(c.report);
    buf_clear(&c.text);
    pthread_cond_destroy(&c.turn_changed);
    pthread_mutex_destroy(&c.lock);
    *totals = c.totals;
    return st;
}

int scan_exit_code(const struct scan_totals *t)
{
    if (t->failed > 0)
        return 1;
    if (t->unreadable > 0)
        return 2;
    return t->undecided > 0 ? 3 : 0;
}
