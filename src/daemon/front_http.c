/* The web's side of the front: room webapi with what it needs of the daemon. */
#include "webapi/webapi.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memfd.h"
#include "daemon/file.h"
#include "daemon/front_book.h"
#include "daemon/front_status.h"
#include "webapi/page.h"

enum { PEM_MAX_BYTES = 256 * 1024, TOKEN_FILE_MAX_BYTES = 4096, DRAIN_HTTP_MS = 5000 };

struct front_http {
    struct webapi *api;
    pthread_mutex_t lock; /* of peers */
    struct buf peers, schedules;
    struct webapi_token tokens[SERVE_MAX_TOKENS];
    const char *names[SERVE_MAX_NAMES];
    atomic_ullong next_number;
};

/* ---- scans ---- */

/* Numbers of this kind do not meet those of the loop: an answer never fits another question. */
static uint64_t next_number(struct front *f)
{
    static const uint64_t of_http = UINT64_C(1) << 63;
    return of_http | atomic_fetch_add_explicit(&f->http->next_number, 1, memory_order_relaxed);
}

static int scan(void *ctx, const struct mail_request *r, struct str message, struct arena *a,
                struct mail_answer *out, struct mp_err *err)
{
    struct front *f = ctx;
    struct mail_request request = *r;
    int fd = message.n == 0 ? -1 : memfd_sealed(&message, 1);
    if (message.n > 0 && fd < 0)
        return mp_fail(err, MP_E_IO, errno, "no memory for a message of %zu bytes: %s", message.n,
                       strerror(errno));
    request.number = next_number(f);
    request.message_bytes = message.n;
    int st = crew_ask_and_wait(f->work_path.p, &request, fd, a, out, err);
    bool judged = st == MP_OK && out->status == ANSWER_JUDGED;
    if (request.kind == MAIL_JUDGE && request.policy.n == 0)
        front_book_mail(f, &request, judged ? out : NULL, judged ? fd : -1,
                        judged ? action_name(out->action) : "tempfail",
                        judged        ? NULL
                        : st == MP_OK ? "a worker could not judge it"
                                      : err->text);
    if (fd >= 0)
        close(fd);
    return st;
}

void front_http_mail(struct front *f, const struct mail_summary *s)
{
    if (f->http != NULL)
        webapi_mail(f->http->api, s);
}

void front_http_monitor(struct front *f, struct str change)
{
    if (f->http != NULL)
        webapi_monitor(f->http->api, change);
}

/* ---- state ---- */

static void keep_text(struct front *f, struct buf *kept, struct str text)
{
    pthread_mutex_lock(&f->http->lock);
    buf_reset(kept);
    buf_add(kept, text);
    pthread_mutex_unlock(&f->http->lock);
}

void front_http_peers(struct front *f, struct str peers)
{
    if (f->http != NULL)
        keep_text(f, &f->http->peers, peers);
}

void front_http_schedules(struct front *f, struct str lines)
{
    if (f->http != NULL)
        keep_text(f, &f->http->schedules, lines);
}

static void schedules(void *ctx, void (*add)(void *of, const struct webapi_schedule *s), void *of)
{
    struct front *f = ctx;
    pthread_mutex_lock(&f->http->lock);
    for (struct str lines = buf_str(&f->http->schedules); lines.n > 0;) {
        struct str suite = str_cut(&lines, '\n');
        add(of, &(struct webapi_schedule){suite, str_cut(&lines, '\n')});
    }
    pthread_mutex_unlock(&f->http->lock);
}

static void status(void *ctx, struct json *j)
{
    struct front *f = ctx;
    struct buf copy;
    buf_init(&copy, CONTROL_TEXT_BYTES);
    pthread_mutex_lock(&f->http->lock);
    buf_add(&copy, buf_str(&f->http->peers));
    pthread_mutex_unlock(&f->http->lock);
    front_status(f, buf_str(&copy), j);
    buf_clear(&copy);
}

static bool ready(void *ctx, struct json *j)
{
    return front_ready(ctx, j);
}

static void metrics(void *ctx, struct buf *out)
{
    front_metrics(ctx, out);
}

/* ---- opening ---- */

static int read_tokens(struct front *f, struct mp_err *err)
{
    const struct serve_http *c = &f->config->http;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < c->n_tokens; i++) {
        struct webapi_token *t = &f->http->tokens[i];
        struct str text = STR_NONE;
        *t = (struct webapi_token){.name = c->tokens[i].name, .scopes = c->tokens[i].scopes};
        if (c->tokens[i].file.n > 0) {
            st = file_read(&f->role->arena, c->tokens[i].file, TOKEN_FILE_MAX_BYTES, &text, err);
            st = st == MP_OK ? webapi_token_of(text, t->sha256, err) : st;
        } else if (!webapi_token_hash(c->tokens[i].sha256, t->sha256)) {
            st = mp_fail(err, MP_E_USAGE, 0, "http: token " STR_FMT ": sha256 is no hash",
                         STR_ARG(t->name));
        }
    }
    return st;
}

static int read_pem(struct front *f, struct str file, const char **out, struct mp_err *err)
{
    struct str text;
    if (file.n == 0)
        return MP_OK;
    int st = file_read(&f->role->arena, file, PEM_MAX_BYTES, &text, err);
    if (st == MP_OK)
        *out = text.p; /* with a NUL behind it */
    return st;
}

static int make_config(struct front *f, struct webapi_config *w, struct mp_err *err)
{
    const struct serve_http *c = &f->config->http;
    for (size_t i = 0; i < c->n_names; i++)
        f->http->names[i] = arena_copy(&f->role->arena, c->names[i]).p;
    *w = (struct webapi_config){.ip = c->listen.ip,
                                .port = c->listen.port,
                                .has_listen_fd = true,
                                .listen_fd = role_fd(f->role, "http"),
                                .host_names = f->http->names,
                                .n_host_names = c->n_names,
                                .tokens = f->http->tokens,
                                .n_tokens = c->n_tokens,
                                .rate_per_min = c->rate_per_min,
                                .open_metrics = c->open_metrics,
                                .scans = c->max_scans,
                                .max_message_bytes = c->max_message_bytes,
                                .rspamd = c->rspamd,
                                .service = {.ctx = f,
                                            .scan = scan,
                                            .status = status,
                                            .ready = ready,
                                            .schedules = schedules,
                                            .metrics = metrics},
                                .history = f->book->history,
                                .feedback = f->book->feedback};
    if (c->dashboard) {
        w->page = webapi_page();
        w->page_csp = webapi_page_csp();
    }
    int st = read_tokens(f, err);
    if (st == MP_OK)
        st = read_pem(f, c->cert_file, &w->cert_pem, err);
    return st == MP_OK ? read_pem(f, c->key_file, &w->key_pem, err) : st;
}

static int open_http(struct front *f, struct mp_err *err)
{
    if (!f->config->http.enabled)
        return MP_OK;
    f->http = calloc(1, sizeof *f->http);
    if (f->http == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for HTTP");
    pthread_mutex_init(&f->http->lock, NULL);
    buf_init(&f->http->peers, CONTROL_TEXT_BYTES);
    buf_init(&f->http->schedules, CONTROL_TEXT_BYTES);
    return MP_OK;
}

int front_http_start(struct front *f, struct mp_err *err)
{
    struct webapi_config config;
    int st = open_http(f, err);
    if (st != MP_OK || f->http == NULL)
        return st;
    st = make_config(f, &config, err);
    return st == MP_OK ? webapi_start(&config, &f->http->api, err) : st;
}

void front_http_drain(struct front *f)
{
    if (f->http != NULL && f->http->api != NULL)
        webapi_drain(f->http->api, 0); /* nobody waits here: MTAs are served by this thread */
}

void front_http_stop(struct front *f)
{
    if (f->http == NULL)
        return;
    if (f->http->api != NULL)
        webapi_drain(f->http->api, DRAIN_HTTP_MS);
    webapi_stop(f->http->api);
    f->http->api = NULL;
    buf_clear(&f->http->peers);
    buf_clear(&f->http->schedules);
    pthread_mutex_destroy(&f->http->lock);
    free(f->http);
    f->http = NULL;
}
