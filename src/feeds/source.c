/* One request of a feed: over HTTP, or from a file of this machine. */
#include "feeds/update_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "io/fetch.h"

enum { COPY_STEP_BYTES = 32 * 1024, ANSWER_ARENA_BYTES = 2 * 1024 * 1024 };

int attempt_fail(struct feed_run *r, struct attempt *a, enum update_outcome outcome,
                 struct mp_err *err, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    struct mp_err printable = {0};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mp_fail(&printable, MP_OK, 0, "%s", text);
    a->outcome = outcome;
    a->reason = arena_copy(r->arena, str_from(printable.text));
    return a->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

/* ---- where it is kept meanwhile ---- */

/* A file without a name, in memory when the store's directory has no room for such. */
static int open_nameless(const struct feed_run *r)
{
    int fd = open(r->u->o->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("mailproof-feed", MFD_CLOEXEC);
}

static int map_file(int fd, struct source *s, struct mp_err *err)
{
    struct stat sb;
    if (fstat(fd, &sb) < 0)
        return mp_fail(err, MP_E_IO, errno, "what was fetched: %s", strerror(errno));
    s->bytes = STR("");
    if (sb.st_size == 0)
        return MP_OK;
    s->map_bytes = (size_t)sb.st_size;
    s->map = mmap(NULL, s->map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for what was fetched");
    }
    s->bytes = str_make(s->map, s->map_bytes);
    return MP_OK;
}

void source_close(struct source *s)
{
    if (s->map != NULL)
        munmap(s->map, s->map_bytes);
    s->map = NULL;
}

/* ---- HTTP ---- */

struct watch {
    struct feed_run *run;
    uint64_t so_far;
};

static bool watch_bytes(void *ctx, uint64_t got, uint64_t total)
{
    const struct watch *w = ctx;
    return update_tell(w->run, UPDATE_FETCHING, w->so_far + got, total, 0);
}

static bool add_header(struct fetch_request *q, const char *name, struct str value)
{
    if (q->n_headers == FETCH_MAX_HEADERS || value.p == NULL)
        return false;
    q->headers[q->n_headers++] = (struct fetch_header){str_from(name), value};
    return true;
}

static bool set_headers(struct feed_run *r, struct fetch_request *q)
{
    const struct feed *f = r->feed;
    bool ok = true;
    if (f->format == FEED_TAXII) /* TAXII 2.1, 1.6.8 */
        ok = add_header(q, "Accept", STR("application/taxii+json;version=2.1"));
    else if (f->format == FEED_MISP)
        ok = add_header(q, "Accept", STR("application/json"));
    if (r->key.p != NULL && f->key_header.n > 0) {
        struct str name = arena_copy(r->arena, f->key_header);
        struct str value = arena_join(r->arena, (struct str[]){f->key_prefix, r->key}, 2);
        ok = ok && name.p != NULL && add_header(q, name.p, value);
    }
    return ok;
}

static struct fetch_request request_of(struct feed_run *r, const struct source_ask *ask, int fd)
{
    const struct update_options *o = r->u->o;
    struct fetch_request q = {.url = ask->url,
                              .has_secret = r->key.p != NULL,
                              .body = ask->body,
                              .content_type = STR("application/json"),
                              .etag = ask->etag,
                              .last_modified = ask->last_modified,
                              .max_bytes = ask->max_bytes,
                              .to_file = true,
                              .fd = fd,
                              .ca_file = o->ca_file,
                              .allow_private = o->allow_private,
                              .resolve_host = o->resolve_host,
                              .resolve_ip = o->resolve_ip,
                              .deadline_us = r->deadline_us};
    return q;
}

/* An answer that is no file. */
static int take_fault(struct feed_run *r, const struct fetch_reply *reply, struct attempt *a,
                      struct mp_err *err)
{
    enum update_outcome outcome = UPDATE_FAILED;
    if (reply->fault == HTTPS_TOO_LARGE)
        outcome = UPDATE_REFUSED;
    else if (reply->fault == HTTPS_STATUS && (reply->status == 401 || reply->status == 403))
        outcome = r->feed->key.env.n + r->feed->key.file.n > 0 ? UPDATE_NO_KEY : UPDATE_FAILED;
    if (update_is_stopped(r->u))
        outcome = UPDATE_STOPPED;
    a->retry_after_s = reply->retry_after_s;
    if (a->retry_after_s < 0 && reply->status == 429)
        a->retry_after_s = reply->rate_reset_s;
    return attempt_fail(r, a, outcome, err, STR_FMT, STR_ARG(reply->reason));
}

/* What stays when the arena of the request goes. */
static int keep_texts(struct feed_run *r, const struct fetch_reply *reply, struct source *s,
                      struct mp_err *err)
{
    s->etag = arena_copy(r->arena, reply->etag);
    s->last_modified = arena_copy(r->arena, reply->last_modified);
    s->added_last = arena_copy(r->arena, reply->added_last);
    if (s->etag.p == NULL || s->last_modified.p == NULL || s->added_last.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer");
    return MP_OK;
}

static int get_http(struct feed_run *r, const struct source_ask *ask, int fd, struct source *s,
                    struct mp_err *err)
{
    struct arena arena;
    struct fetch_reply reply;
    struct mp_err why = {0};
    struct watch watch = {r, ask->so_far};
    struct fetch_request q = request_of(r, ask, fd);
    if (!set_headers(r, &q))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a request");
    q.progress = watch_bytes;
    q.progress_ctx = &watch;
    arena_init(&arena, ANSWER_ARENA_BYTES);
    int st = fetch(&arena, &q, &reply, &why);
    if (st == MP_E_USAGE)
        st = attempt_fail(r, &s->attempt, UPDATE_FAILED, err, "%s", why.text);
    else if (st != MP_OK)
        mp_fail(err, st, why.detail, "%s", why.text);
    else if (reply.fault != HTTPS_OK)
        st = take_fault(r, &reply, &s->attempt, err);
    else if (reply.not_modified)
        s->attempt.outcome = UPDATE_NOT_MODIFIED;
    else if ((st = keep_texts(r, &reply, s, err)) == MP_OK)
        st = map_file(fd, s, err);
    arena_clear(&arena);
    return st;
}

/* ---- files ---- */

bool source_is_file(struct str url, struct str *path)
{
    if (!str_istarts(url, STR("file:")) && !str_starts(url, STR("/")))
        return false;
    struct str rest = str_istarts(url, STR("file:")) ? str_slice(url, 5, url.n) : url;
    if (str_starts(rest, STR("///"))) /* RFC 8089: no host */
        rest = str_slice(rest, 2, rest.n);
    *path = rest;
    return true;
}

/* It may be written to while we read: what is read is a copy. */
static int copy_file(struct feed_run *r, const struct source_ask *ask, int from, int to,
                     struct attempt *a, struct mp_err *err)
{
    char step[COPY_STEP_BYTES];
    uint64_t n = 0;
    for (ssize_t got; (got = read(from, step, sizeof step)) != 0;) {
        if (got < 0)
            return attempt_fail(r, a, UPDATE_FAILED, err, "%s", strerror(errno));
        n += (size_t)got;
        if (n > ask->max_bytes)
            return attempt_fail(r, a, UPDATE_REFUSED, err, "it is longer than %zu bytes",
                                ask->max_bytes);
        if (!fd_write(to, str_make(step, (size_t)got)))
            return mp_fail(err, MP_E_IO, errno, "a feed cannot be copied: %s", strerror(errno));
    }
    if (!update_tell(r, UPDATE_FETCHING, n, n, 0))
        a->outcome = UPDATE_STOPPED;
    return MP_OK;
}

/* A file that has not changed has the same of all this. */
static struct str file_tag(struct feed_run *r, const struct stat *sb)
{
    return arena_fmt(r->arena, "file %llu %lld %lld.%09ld", (unsigned long long)sb->st_ino,
                     (long long)sb->st_size, (long long)sb->st_mtim.tv_sec, sb->st_mtim.tv_nsec);
}

static int get_file(struct feed_run *r, const struct source_ask *ask, struct str path, int to,
                    struct source *s, struct mp_err *err)
{
    struct stat sb;
    struct str name = arena_copy(r->arena, path);
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a file name");
    int st, fd = str_has(path, '\0') ? -1 : open(name.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &sb) < 0) {
        st = attempt_fail(r, &s->attempt, UPDATE_FAILED, err, "%s: %s", name.p, strerror(errno));
    } else if (!S_ISREG(sb.st_mode)) {
        st = attempt_fail(r, &s->attempt, UPDATE_FAILED, err, "%s: it is no regular file", name.p);
    } else {
        s->etag = file_tag(r, &sb);
        s->last_modified = s->added_last = STR_NONE;
        bool same = ask->etag.n > 0 && str_eq(ask->etag, s->etag);
        s->attempt.outcome = same ? UPDATE_NOT_MODIFIED : UPDATE_CHANGED;
        st = s->etag.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a file")
             : same            ? MP_OK
                               : copy_file(r, ask, fd, to, &s->attempt, err);
        if (st == MP_OK && s->attempt.outcome == UPDATE_CHANGED)
            st = map_file(to, s, err);
    }
    if (fd >= 0)
        close(fd);
    return st;
}

int source_get(struct feed_run *r, const struct source_ask *ask, struct source *out,
               struct mp_err *err)
{
    struct str path;
    int fd = open_nameless(r);
    *out = (struct source){.attempt = {.outcome = UPDATE_CHANGED, .retry_after_s = -1}};
    if (fd < 0)
        return mp_fail(err, MP_E_IO, errno, "no place for what is fetched: %s", strerror(errno));
    int st = source_is_file(ask->url, &path) ? get_file(r, ask, path, fd, out, err)
                                             : get_http(r, ask, fd, out, err);
    close(fd);
    return st;
}
