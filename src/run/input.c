/* Where messages come from: one list of paths, opened one after another. */
#include "run/input.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message/limits.h"
#include "run/batch.h"
#include "run/mbox.h"

enum { SNIFF_BYTES = 512, INPUT_ARENA_BYTES = 64 * 1024 * 1024 };

struct inputs {
    char **paths;
    size_t n, cap, next;
    size_t arguments; /* as given, before directories were walked */
    bool walked;      /* at least one of them was a directory */
    enum input_form form;
    struct mbox mbox; /* open while ->file is not NULL */
    char *mbox_path;
    FILE *batch;
    char *batch_path;
    unsigned batch_line;
};

void input_clear(struct input *in)
{
    if (in->world != NULL)
        world_free(in->world);
    buf_clear(&in->bytes);
    arena_clear(&in->arena);
    *in = (struct input){0};
}

static void input_fail(struct input *in, const char *path, const char *why)
{
    in->failed = true;
    mp_fail(&in->err, MP_E_IO, errno, "%s: %s", path, why);
}

/* ---- the list of paths ---- */

static int add_path(struct inputs *in, const char *path, struct mp_err *err)
{
    if (in->n == INPUT_MAX_PATHS)
        return mp_fail(err, MP_E_LIMIT, INPUT_MAX_PATHS, "more than %d files", INPUT_MAX_PATHS);
    if (in->n == in->cap) {
        size_t cap = in->cap == 0 ? 64 : in->cap * 2;
        char **paths = reallocarray(in->paths, cap, sizeof *paths);
        if (paths == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for %zu paths", cap);
        in->paths = paths;
        in->cap = cap;
    }
    in->paths[in->n] = strdup(path);
    if (in->paths[in->n] == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for paths");
    in->n++;
    return MP_OK;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The `tmp` of a Maildir holds half-written mail (maildir(5)). */
static bool is_maildir_tmp(const FTSENT *e)
{
    struct stat sb;
    char path[4096];
    if (strcmp(e->fts_name, "tmp") != 0 || e->fts_parent == NULL)
        return false;
    int n = snprintf(path, sizeof path, "%.*s/cur", (int)(e->fts_pathlen - 4), e->fts_path);
    return n > 0 && (size_t)n < sizeof path && stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static int walk(struct inputs *in, const char *path, struct mp_err *err)
{
    char *copy = strdup(path), *roots[2] = {copy, NULL};
    FTS *fts = copy == NULL ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    int st = MP_OK;
    if (fts == NULL)
        st = mp_fail(err, MP_E_NOMEM, errno, "%s: cannot walk the directory", path);
    for (FTSENT *e; st == MP_OK && (e = fts_read(fts)) != NULL;) {
        if (e->fts_info == FTS_D && is_maildir_tmp(e))
            fts_set(fts, e, FTS_SKIP);
        else if (e->fts_info == FTS_F || e->fts_info == FTS_DNR || e->fts_info == FTS_ERR ||
                 e->fts_info == FTS_NS)
            st = add_path(in, e->fts_path, err); /* what cannot be read fails when it is opened */
    }
    if (fts != NULL)
        fts_close(fts);
    free(copy);
    return st;
}

int inputs_new(const char *const *paths, size_t n, enum input_form form, struct inputs **out,
               struct mp_err *err)
{
    struct inputs *in = calloc(1, sizeof *in);
    int st = MP_OK;
    if (in == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    in->form = form;
    in->arguments = n;
    for (size_t i = 0; i < n && st == MP_OK; i++) {
        struct stat sb;
        if (strcmp(paths[i], "-") != 0 && stat(paths[i], &sb) == 0 && S_ISDIR(sb.st_mode)) {
            in->walked = true;
            st = walk(in, paths[i], err);
        } else {
            st = add_path(in, paths[i], err);
        }
    }
    if (st != MP_OK) {
        inputs_free(in);
        return st;
    }
    *out = in;
    return MP_OK;
}

int inputs_batch(const char *path, struct inputs **out, struct mp_err *err)
{
    struct inputs *in = calloc(1, sizeof *in);
    if (in == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    in->batch = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    in->batch_path = strdup(path);
    if (in->batch == NULL) {
        int st = mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
        inputs_free(in);
        return st;
    }
    *out = in;
    return MP_OK;
}

static void close_file(FILE *f)
{
    if (f != NULL && f != stdin)
        fclose(f);
}

void inputs_free(struct inputs *in)
{
    if (in == NULL)
        return;
    for (size_t i = 0; i < in->n; i++)
        free(in->paths[i]);
    free(in->paths);
    close_file(in->mbox.file);
    free(in->mbox_path);
    close_file(in->batch);
    free(in->batch_path);
    free(in);
}

/* ---- reading one ---- */

/* A named pipe or a device is opened without waiting and refused: only what has an end is read. */
static FILE *open_input(const char *path, struct input *in)
{
    struct stat sb;
    if (strcmp(path, "-") == 0)
        return stdin;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &sb) < 0) {
        input_fail(in, path, strerror(errno));
    } else if (S_ISDIR(sb.st_mode)) {
        input_fail(in, path, "this directory cannot be read");
    } else if (!S_ISREG(sb.st_mode) && !S_ISFIFO(sb.st_mode)) {
        input_fail(in, path, "not a regular file");
    } else {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        FILE *f = fdopen(fd, "r");
        if (f != NULL)
            return f;
        input_fail(in, path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* All of the file up to one byte above the message limit, so that the limit is seen. */
static bool read_all(FILE *f, struct buf *out)
{
    enum { CHUNK = 64 * 1024 };
    struct stat sb;
    if (fstat(fileno(f), &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0 &&
        (size_t)sb.st_size < out->max_bytes)
        buf_reserve(out, (size_t)sb.st_size + 1);
    while (out->n < out->max_bytes) {
        size_t room = out->max_bytes - out->n;
        size_t want = out->cap > out->n ? out->cap - out->n : CHUNK;
        want = want < room ? want : room;
        char *to = buf_reserve(out, want);
        if (to == NULL)
            return false;
        size_t n = fread(to, 1, want, f);
        out->n += n;
        if (n < want)
            break;
    }
    return !ferror(f);
}

static void next_of_mbox(struct inputs *in, struct input *out)
{
    buf_init(&out->bytes, MESSAGE_MAX_BYTES + 1);
    bool got = mbox_next(&in->mbox, &out->bytes);
    out->label = arena_fmt(&out->arena, "%s:%u", in->mbox_path, in->mbox.number);
    if (!got)
        input_fail(out, in->mbox_path, "cannot read the mbox");
    else if (out->bytes.failed)
        input_fail(out, in->mbox_path, "a message is longer than the limit");
    if (in->mbox.ended) {
        close_file(in->mbox.file);
        in->mbox = (struct mbox){0};
    }
}

static void read_world(struct input *out, const char *path)
{
    if (world_parse(&out->arena, buf_str(&out->bytes), path, &out->world, &out->err) != MP_OK) {
        out->failed = true;
        return;
    }
    out->has_envelope = true;
    out->envelope = out->world->envelope;
    out->has_time = out->world->has_time;
    out->time_s = out->world->time_s;
}

/* The first bytes; standard input cannot be rewound, so whoever reads on puts them in front. */
static struct str peek(FILE *f, char *bytes, size_t size)
{
    size_t n = 0;
    for (int c; n < size && (c = getc(f)) != EOF;)
        bytes[n++] = (char)c;
    return str_make(bytes, n);
}

static void read_file(struct inputs *in, const char *path, struct input *out)
{
    char head_bytes[SNIFF_BYTES];
    FILE *f = open_input(path, out);
    out->label = arena_copy(&out->arena, str_from(path));
    if (f == NULL)
        return;
    buf_init(&out->bytes, MESSAGE_MAX_BYTES + 1);
    struct str head = peek(f, head_bytes, sizeof head_bytes);
    bool as_mbox = in->form == INPUT_MBOX || (in->form == INPUT_AUTO && mbox_sniff(head));
    if (as_mbox) {
        free(in->mbox_path);
        in->mbox_path = strdup(path);
        in->mbox = (struct mbox){.file = f};
        mbox_prime(&in->mbox, head);
        next_of_mbox(in, out);
        return;
    }
    buf_add(&out->bytes, head);
    if (!read_all(f, &out->bytes))
        input_fail(out, path, strerror(errno));
    else if (in->form == INPUT_AUTO && world_sniff(head))
        read_world(out, path);
    close_file(f);
}

static void read_batch_line(struct inputs *in, struct str line, struct input *out)
{
    struct batch_entry entry;
    in->batch_line++;
    if (line.n > BATCH_LINE_MAX_BYTES)
        line.n = BATCH_LINE_MAX_BYTES; /* so the JSON is not closed, and that is what is reported */
    if (!batch_parse(&out->arena, line, in->batch_path, in->batch_line, &entry, &out->err)) {
        out->failed = true;
        out->label = arena_fmt(&out->arena, "%s:%u", in->batch_path, in->batch_line);
        return;
    }
    struct inputs one = {.form = INPUT_MESSAGE};
    read_file(&one, entry.file.p, out);
    out->has_envelope = true;
    out->envelope = entry.envelope;
    out->has_time = entry.has_time;
    out->time_s = entry.time_s;
}

static bool next_of_batch(struct inputs *in, struct input *out)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, in->batch)) > 0) {
        struct str text = str_trim(str_make(line, (size_t)n));
        if (text.n != 0)
            break;
        in->batch_line++;
    }
    if (n > 0)
        read_batch_line(in, str_trim(str_make(line, (size_t)n)), out);
    free(line);
    return n > 0;
}

bool inputs_next(struct inputs *in, struct input *out)
{
    input_clear(out);
    arena_init(&out->arena, INPUT_ARENA_BYTES);
    if (in->batch != NULL)
        return next_of_batch(in, out);
    if (in->mbox.file != NULL) {
        next_of_mbox(in, out);
        return true;
    }
    if (in->next == in->n)
        return false;
    read_file(in, in->paths[in->next++], out);
    return true;
}

size_t inputs_files(const struct inputs *in)
{
    return in->batch != NULL ? 0 : in->n;
}

bool inputs_single(struct inputs *in)
{
    char head_bytes[SNIFF_BYTES];
    if (in->batch != NULL || in->walked || in->n != 1 || in->form == INPUT_MBOX)
        return false;
    if (in->form == INPUT_MESSAGE || strcmp(in->paths[0], "-") == 0)
        return true;
    struct input probe = {0};
    struct stat sb;
    if (stat(in->paths[0], &sb) != 0 || !S_ISREG(sb.st_mode))
        return true; /* a pipe is read once */
    FILE *f = open_input(in->paths[0], &probe);
    if (f == NULL)
        return true;
    bool mbox = mbox_sniff(peek(f, head_bytes, sizeof head_bytes));
    close_file(f);
    return !mbox;
}
