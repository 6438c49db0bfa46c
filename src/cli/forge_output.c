/* Forged messages as files, streams, mbox and JSON lines. */
#include "cli/forge_output.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/json.h"
#include "message/date.h"
#include "run/write_file.h"

enum { FORGE_ARENA_BYTES = 1 << 30, PATH_BYTES = 4096 };

struct forged {
    const struct forge_kind *kind;
    struct str ip;
    struct forge_envelope envelope;
    struct str message;
};

/* ---- one message ---- */

static void write_envelope(struct json *j, const struct forge_options *o, const struct forged *f)
{
    struct str to = o->to.n > 0 ? o->to : forge_default_to();
    json_kstr(j, "ip", f->ip);
    json_kstr(j, "helo", f->envelope.helo);
    json_kstr(j, "mail_from", f->envelope.mail_from);
    json_key(j, "rcpt_to");
    json_array_begin(j);
    json_str(j, to);
    json_array_end(j);
    json_kint(j, "time", o->now_s);
}

/* {"kind":…,"expect":…, the envelope, "message_base64":…} */
static void write_json(struct buf *out, const struct forge_options *o, const struct forged *f,
                       bool with_message)
{
    struct json j;
    json_init(&j, out, 0);
    json_object_begin(&j);
    json_kstr(&j, "kind", str_from(f->kind->name));
    json_kstr(&j, "group", str_from(f->kind->group));
    json_kstr(&j, "expect", str_from(f->kind->expect));
    write_envelope(&j, o, f);
    if (with_message) {
        struct buf text;
        buf_init(&text, (size_t)FORGE_MAX_BYTES * 2);
        base64_encode(&text, f->message);
        json_kstr(&j, "message_base64", buf_str(&text));
        out->failed = out->failed || text.failed;
        buf_clear(&text);
    }
    json_object_end(&j);
    buf_addc(out, '\n');
}

/* mboxrd: LF line ends, ">" before every line of ">"s and "From ". */
static void write_mbox(struct buf *out, const struct forge_options *o, const struct forged *f)
{
    char date[DATE_TEXT_MAX];
    struct str rest = f->message;
    date_write(o->now_s,
               date); /* "Mon, 23 Nov 2026 19:00:19 +0000" to "Mon Nov 23 19:00:19 2026" */
    buf_addf(out, "From mailproof %.3s %.3s %.2s %.8s %.4s\n", date, date + 8, date + 5, date + 17,
             date + 12);
    while (rest.n > 0) {
        size_t end = str_find(rest, '\n');
        struct str line = str_slice(rest, 0, end), marks = line;
        rest = str_slice(rest, end + 1, rest.n);
        while (marks.n > 0 && marks.p[0] == '>')
            marks = str_slice(marks, 1, marks.n);
        if (str_starts(marks, STR("From ")))
            buf_addc(out, '>');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        buf_add(out, line);
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
}

/* ---- where to ---- */

static bool is_directory(const char *path)
{
    struct stat sb;
    size_t n = path != NULL ? strlen(path) : 0;
    return n > 0 && (path[n - 1] == '/' || (stat(path, &sb) == 0 && S_ISDIR(sb.st_mode)));
}

static int write_in(const char *directory, const char *name, const char *suffix, struct str bytes,
                    struct mp_err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s%s", directory, name, suffix);
    if (n < 0 || (size_t)n >= sizeof path)
        return mp_fail(err, MP_E_USAGE, 0, "%s: the path is too long", directory);
    return write_file(path, bytes, err);
}

/* A line of batch.jsonl. */
static void add_batch_line(struct buf *list, const char *directory, const struct forge_options *o,
                           const struct forged *f)
{
    char path[PATH_BYTES];
    struct json j;
    snprintf(path, sizeof path, "%s/%s.eml", directory, f->kind->name);
    json_init(&j, list, 0);
    json_object_begin(&j);
    json_kstr(&j, "file", str_from(path));
    write_envelope(&j, o, f);
    json_object_end(&j);
    buf_addc(list, '\n');
}

struct writing {
    const struct forge_output *to;
    const struct forge_options *o;
    struct buf stream; /* for standard output or one file */
    struct buf batch;
    bool directory;
};

static int take(struct writing *w, const struct forged *f, struct mp_err *err)
{
    if (w->to->tell_envelope) {
        struct buf line;
        buf_init(&line, FORGE_MAX_BYTES);
        write_json(&line, w->o, f, false);
        fwrite(line.p, 1, line.n, stderr);
        buf_clear(&line);
    }
    if (w->directory) {
        add_batch_line(&w->batch, w->to->path, w->o, f);
        return write_in(w->to->path, f->kind->name, ".eml", f->message, err);
    }
    if (w->to->format == FORGE_JSONL)
        write_json(&w->stream, w->o, f, true);
    else if (w->to->format == FORGE_MBOX)
        write_mbox(&w->stream, w->o, f);
    else
        buf_add(&w->stream, f->message);
    return MP_OK;
}

static int make_all(struct writing *w, const struct forge_kind *const *kinds, size_t n,
                    struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < n; i++) {
        struct arena arena;
        struct buf message;
        struct forged f = {.kind = kinds[i],
                           .ip = forge_kind_from_victim(kinds[i]) ? w->to->victim_ip
                                                                  : w->to->attacker_ip};
        arena_init(&arena, FORGE_ARENA_BYTES);
        buf_init(&message, FORGE_MAX_BYTES);
        st = forge_make(&arena, kinds[i], w->o, &message, &f.envelope, err);
        f.message = buf_str(&message);
        if (st == MP_OK)
            st = take(w, &f, err);
        buf_clear(&message);
        arena_clear(&arena);
    }
    return st;
}

static int write_directory_files(struct writing *w, struct mp_err *err)
{
    struct buf zone;
    buf_init(&zone, FORGE_MAX_BYTES);
    int st = w->batch.failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the batch list") : MP_OK;
    if (st == MP_OK)
        st = write_in(w->to->path, "batch", ".jsonl", buf_str(&w->batch), err);
    if (st == MP_OK)
        st = forge_zone(w->o, w->to->victim_ip, w->to->attacker_ip, &zone, err);
    if (st == MP_OK)
        st = write_in(w->to->path, "zone", ".db", buf_str(&zone), err);
    buf_clear(&zone);
    return st;
}

static int open_directory(struct writing *w, size_t n)
{
    const struct forge_output *to = w->to;
    bool several = n > 1 && to->format == FORGE_EML;
    w->directory =
        to->format == FORGE_BATCH || several || (to->format == FORGE_EML && is_directory(to->path));
    if (w->directory && (to->path == NULL || strcmp(to->path, "-") == 0))
        return usage_error("forge", "%s: give -o DIRECTORY, or --format mbox or jsonl",
                           several ? "several messages" : "--format batch");
    if (w->directory && mkdir(to->path, 0777) != 0 && errno != EEXIST)
        return usage_error("forge", "%s: %s", to->path, strerror(errno));
    return EXIT_PASSED;
}

int forge_output(const struct forge_output *to, const struct forge_options *options,
                 const struct forge_kind *const *kinds, size_t n)
{
    struct mp_err err = {0};
    struct writing w = {.to = to, .o = options};
    int code = open_directory(&w, n);
    if (code != EXIT_PASSED)
        return code;
    buf_init(&w.stream, SIZE_MAX / 2);
    buf_init(&w.batch, FORGE_MAX_BYTES);
    int st = make_all(&w, kinds, n, &err);
    if (st == MP_OK && w.directory)
        st = write_directory_files(&w, &err);
    else if (st == MP_OK && w.stream.failed)
        st = mp_fail(&err, MP_E_NOMEM, 0, "no memory for the messages");
    else if (st == MP_OK)
        st = write_whole(to->path, buf_str(&w.stream), &err);
    buf_clear(&w.batch);
    buf_clear(&w.stream);
    return st == MP_OK ? EXIT_PASSED : report_failure("forge", &err);
}
