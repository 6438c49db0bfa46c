/* The streams of `mailproof run`. */
#include "cli/run_outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 60, PROGRESS_MAX_BYTES = 300 };

/* ---- opening ---- */

static struct run_stream *add_stream(struct run_outputs *o, enum report_format format)
{
    if (o->n == RUN_MAX_STREAMS)
        return NULL;
    struct run_stream *s = &o->streams[o->n++];
    *s = (struct run_stream){.format = format};
    buf_init(&s->text, SUBJECT_REPORT_MAX_BYTES);
    return s;
}

int run_outputs_want(struct run_outputs *o, enum report_format format, const char *path)
{
    struct run_stream *s = add_stream(o, format);
    if (s == NULL)
        return usage_error("run", "more than %d outputs", RUN_MAX_STREAMS);
    s->path = path;
    return EXIT_PASSED;
}

static size_t count_on_stdout(const struct run_outputs *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++)
        n += o->streams[i].path != NULL && strcmp(o->streams[i].path, "-") == 0;
    return n;
}

static int add_live(struct run_outputs *o, enum report_format format, FILE *live)
{
    struct run_stream *s = add_stream(o, format);
    if (s == NULL)
        return usage_error("run", "more than %d outputs", RUN_MAX_STREAMS);
    s->live = live;
    return EXIT_PASSED;
}

/* In GitHub Actions annotations and the summary of the step come by themselves. */
static int add_github(struct run_outputs *o, FILE *human)
{
    const char *inside = getenv("GITHUB_ACTIONS"), *summary = getenv("GITHUB_STEP_SUMMARY");
    bool is_inside = inside != NULL && strcmp(inside, "true") == 0;
    int code = o->github || is_inside ? add_live(o, REPORT_GITHUB, human) : EXIT_PASSED;
    if (code != EXIT_PASSED || !is_inside || summary == NULL || *summary == '\0')
        return code;
    code = run_outputs_want(o, REPORT_MARKDOWN, summary);
    if (code == EXIT_PASSED)
        o->streams[o->n - 1].append = true;
    return code;
}

static int open_stream(struct run_outputs *o, struct run_stream *s)
{
    struct report_options options = {.format = s->format, .fail_on = SEV_HIGH};
    bool valid = true;
    if (s->format == REPORT_TEXT) {
        options.verbose = o->verbose;
        options.colour = want_colour(o->colour, s->live, &valid);
        options.width = terminal_width(s->live);
    }
    if (!valid)
        return usage_error("run", "--color %s: expected auto, always or never", o->colour);
    s->report = report_new(&options, &s->text, 0); /* 0: an array, also of one */
    return s->report != NULL ? EXIT_PASSED : usage_error("run", "no memory");
}

/* A monitor wants to know when a case passed last, also when it did not now. */
static void read_old_metrics(struct run_outputs *o)
{
    struct mp_err err = {0};
    for (size_t i = 0; i < o->n; i++) {
        const struct run_stream *s = &o->streams[i];
        if (s->format != REPORT_PROMETHEUS || strcmp(s->path, "-") == 0 ||
            access(s->path, R_OK) != 0 || o->old_metrics.p != NULL)
            continue;
        if (read_whole(s->path, SUBJECT_REPORT_MAX_BYTES, &o->old_metrics, &err) != MP_OK)
            buf_reset(&o->old_metrics);
    }
}

int run_outputs_open(struct run_outputs *o, struct suite_command *c)
{
    size_t taken = count_on_stdout(o);
    FILE *human = taken > 0 ? stderr : stdout;
    o->command = c;
    if (taken > 1)
        return usage_error("run", "only one output can go to standard output (-)");
    if (o->transcripts != NULL && mkdir(o->transcripts, 0700) != 0 && errno != EEXIST)
        return usage_error("run", "%s: %s", o->transcripts, strerror(errno));
    int code = add_live(o, REPORT_TEXT, human);
    if (code == EXIT_PASSED)
        code = add_github(o, human);
    for (size_t i = 0; code == EXIT_PASSED && i < o->n; i++)
        code = open_stream(o, &o->streams[i]);
    if (code == EXIT_PASSED)
        read_old_metrics(o);
    return code;
}

/* ---- as it goes ---- */

static void wipe_progress(struct run_outputs *o)
{
    if (o->progress_shown)
        fputs("\r\033[K", stderr);
    o->progress_shown = false;
}

void run_outputs_progress(void *ctx, const struct suite_result *r, const char *text)
{
    struct run_outputs *o = ctx;
    struct buf line;
    if (o->quiet)
        return;
    buf_init(&line, 64 * PROGRESS_MAX_BYTES);
    buf_addf(&line, "[%zu/%zu] ", o->done + 1, o->command->n_cases);
    buf_add(&line, str_slice(r->name, 0, NAME_MAX_BYTES));
    buf_addf(&line, ": %s", text);
    o->progress_shown |= show_progress(buf_str(&line));
    buf_clear(&line);
}

static void flush_live(struct run_outputs *o, struct run_stream *s)
{
    wipe_progress(o);
    if (s->text.n > 0)
        fwrite(s->text.p, 1, s->text.n, s->live);
    o->failed |= s->text.failed || fflush(s->live) != 0;
    buf_reset(&s->text);
}

/* Letters, digits and dashes of a name, for a file. */
static void add_slug(struct buf *out, struct str name)
{
    size_t from = out->n;
    for (size_t i = 0; i < name.n && out->n - from < NAME_MAX_BYTES; i++) {
        bool dash = out->n == from || out->p[out->n - 1] == '-';
        if (is_alnum(name.p[i]) || name.p[i] == '.' || name.p[i] == '_')
            buf_addc(out, to_lower(name.p[i]));
        else if (!dash)
            buf_addc(out, '-');
    }
    while (out->n > from && (out->p[out->n - 1] == '-' || out->p[out->n - 1] == '.'))
        out->n--;
}

/* DIR/gate-003-no-open-relay-1-send-mx1.good.test.txt */
static void write_transcripts(struct run_outputs *o, const struct suite_result *r)
{
    for (size_t i = 0; o->transcripts != NULL && i < r->n_transcripts; i++) {
        struct mp_err err = {0};
        struct buf path;
        buf_init(&path, 1 << 16);
        buf_addf(&path, "%s/", o->transcripts);
        add_slug(&path, r->suite->name);
        buf_addf(&path, "-%03zu-", r->index + 1);
        add_slug(&path, r->name);
        buf_addf(&path, "-%zu-", i + 1);
        add_slug(&path, r->transcripts[i].name);
        buf_addz(&path, ".txt");
        buf_addc(&path, '\0');
        if (path.failed || write_whole(path.p, r->transcripts[i].text, &err) != MP_OK) {
            wipe_progress(o);
            fprintf(stderr, "mailproof run: %s\n", err.text);
            o->failed = true;
        }
        buf_clear(&path);
    }
}

/* The series is there for every case, from its first run on. */
static void add_last_success(const struct run_outputs *o, const struct subject *s,
                             struct metric *metrics)
{
    struct metric *last = &metrics[s->n_metrics];
    *last = (struct metric){.name = "mailproof_flow_last_success_timestamp_seconds",
                            .help = "When the case passed last, Unix time.",
                            .n_labels = 2,
                            .labels = {{"suite", s->suite}, {"case", s->name}}};
    double value;
    if (report_metric_find(buf_str(&o->old_metrics), last, &value))
        last->value = value;
}

static bool has_metric(const struct subject *s, const char *name)
{
    for (size_t i = 0; i < s->n_metrics; i++)
        if (strcmp(s->metrics[i].name, name) == 0)
            return true;
    return false;
}

static void report_metrics(struct run_outputs *o, struct run_stream *s, struct subject subject)
{
    struct metric *metrics = calloc(subject.n_metrics + 1, sizeof *metrics);
    if (metrics == NULL) {
        o->failed = true;
        return;
    }
    if (subject.n_metrics > 0)
        memcpy(metrics, subject.metrics, subject.n_metrics * sizeof *metrics);
    if (!has_metric(&subject, "mailproof_flow_last_success_timestamp_seconds")) {
        add_last_success(o, &subject, metrics);
        subject.n_metrics++;
    }
    subject.metrics = metrics;
    report_subject(s->report, &subject);
    free(metrics);
}

void run_outputs_done(void *ctx, const struct suite_result *r)
{
    struct run_outputs *o = ctx;
    struct subject subject;
    suite_subject(r, &subject);
    for (size_t i = 0; i < o->n; i++) {
        struct run_stream *s = &o->streams[i];
        if (s->format == REPORT_PROMETHEUS)
            report_metrics(o, s, subject);
        else
            report_subject(s->report, &subject);
        if (s->live != NULL)
            flush_live(o, s);
    }
    write_transcripts(o, r);
    o->done++;
}

/* ---- the end ---- */

static int append_whole(const char *path, struct str bytes, struct mp_err *err)
{
    FILE *f = fopen(path, "ae");
    bool ok = f != NULL && (bytes.n == 0 || fwrite(bytes.p, 1, bytes.n, f) == bytes.n);
    if (f != NULL && fclose(f) != 0)
        ok = false;
    return ok ? MP_OK : mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
}

static bool write_stream(const struct run_stream *s)
{
    struct mp_err err = {0};
    struct str bytes = s->text.n > 0 ? buf_str(&s->text) : STR("");
    int st = s->text.failed ? mp_fail(&err, MP_E_NOMEM, 0, "%s: no memory for it", s->path)
             : s->append    ? append_whole(s->path, bytes, &err)
                            : write_whole(s->path, bytes, &err);
    if (st != MP_OK)
        fprintf(stderr, "mailproof run: %s\n", err.text);
    return st == MP_OK;
}

int run_outputs_close(struct run_outputs *o, int code)
{
    for (size_t i = 0; i < o->n; i++) {
        struct run_stream *s = &o->streams[i];
        if (s->report != NULL && code != EXIT_USAGE_ERROR) {
            report_end(s->report);
            if (s->live != NULL)
                flush_live(o, s);
            else
                o->failed |= !write_stream(s);
        }
        report_free(s->report);
        buf_clear(&s->text);
    }
    wipe_progress(o);
    buf_clear(&o->old_metrics);
    return o->failed && code != EXIT_FAILED ? EXIT_USAGE_ERROR : code;
}
