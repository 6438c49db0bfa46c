/* What is kept and told of each mail: history, the log, events, webhooks, reports to others. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memfd.h"
#include "daemon/front_book.h"
#include "daemon/serve_stores.h"

static int open_history(struct front *f, struct mp_err *err)
{
    return serve_history_open(f->role, &f->book->history, err);
}

static int open_hooks(struct front *f, struct mp_err *err)
{
    if (f->config->n_webhooks == 0)
        return MP_OK;
    return serve_hooks_open(f->role, &f->book->hooks, err);
}

static int open_reports(struct front *f, struct mp_err *err)
{
    int st = serve_reports_open(f->role, &f->book->feedback, err);
    bool observes = f->book->feedback != NULL && f->config->reports.observe;
    return st == MP_OK && observes ? observer_new(f->book->feedback, &f->book->observer, err) : st;
}

/* What cannot be opened holds up no mail: it is told in the log and on the status page, and is
 * tried again at the next start. Only a configuration that is wrong ends the process, so that a
 * reload is taken back. */
int front_book_open(struct front *f, struct mp_err *err)
{
    static const struct {
        const char *event;
        int (*open)(struct front *f, struct mp_err *err);
    } parts[BOOK_PARTS] = {[BOOK_HISTORY] = {"history.failed", open_history},
                           [BOOK_HOOKS] = {"webhooks.failed", open_hooks},
                           [BOOK_REPORTS] = {"reports.failed", open_reports}};
    f->book = calloc(1, sizeof *f->book);
    if (f->book == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    for (size_t i = 0; i < BOOK_PARTS; i++) {
        struct mp_err why = {0};
        int st = parts[i].open(f, &why);
        if (st == MP_E_USAGE || st == MP_E_NOMEM)
            return mp_fail(err, st, 0, "%s", why.text);
        if (st == MP_OK)
            continue;
        f->book->failed[i] = why;
        log_note(LOG_ERROR_LEVEL, parts[i].event, "mail goes on without: %s", why.text);
    }
    return MP_OK;
}

void front_book_close(struct front *f)
{
    struct front_book *b = f->book;
    if (b == NULL)
        return;
    observer_free(b->observer);
    feedback_store_close(b->feedback);
    hooks_close(b->hooks);
    history_close(b->history);
    free(b);
    f->book = NULL;
}

/* ---- one mail ---- */

static void log_mail(const struct front *f, const struct mail_summary *s, const char *why_not)
{
    struct log_event e;
    char ip[IP_TEXT_MAX];
    if (!f->config->log_mails && why_not == NULL)
        return;
    log_begin(&e, why_not == NULL ? LOG_INFO_LEVEL : LOG_ERROR_LEVEL, "mail.verdict");
    log_str(&e, "id", s->id);
    log_str(&e, "queue_id", s->queue_id);
    log_str(&e, "listener", s->listener);
    log_str(&e, "mode", s->mode);
    if (s->client.family != IP_NONE)
        log_str(&e, "client", str_make(ip, ip_write(&s->client, ip)));
    log_str(&e, "mail_from", s->mail_from);
    log_str(&e, "from_domain", s->from_domain);
    log_str(&e, "message_id", s->message_id);
    log_int(&e, "size", (int64_t)s->size_bytes);
    log_str(&e, "done", s->done);
    log_word(&e, "complete", s->complete ? "yes" : "no");
    if (s->dmarc.n > 0)
        log_str(&e, "dmarc", s->dmarc);
    if (s->n_findings > 0)
        log_str(&e, "finding", s->findings[0].id);
    if (s->signed_by.n > 0)
        log_str(&e, "signed_by", s->signed_by);
    if (s->reply.n > 0)
        log_str(&e, "reply", s->reply);
    if (why_not != NULL)
        log_word(&e, "error", why_not);
    log_int(&e, "elapsed_us", s->elapsed_us);
    log_end(&e);
}

static void count(struct front *f, const struct mail_summary *s, bool judged)
{
    if (!judged)
        FRONT_COUNT(f, failed);
    if (s->signed_by.n > 0)
        FRONT_COUNT(f, signed_mails);
}

/* Nobody has looked at the message: what is known of it is what its MTA said. */
static void summarize_unjudged(struct arena *a, const struct mail_request *r, const char *did,
                               struct mail_summary *s)
{
    *s = (struct mail_summary){.id = r->id,
                               .time_ms = clock_wall_ms(),
                               .mode = str_from(mail_mode_name(r->mode)),
                               .listener = summary_text(a, r->listener),
                               .queue_id = summary_text(a, r->queue_id),
                               .client = r->client,
                               .client_name = summary_text(a, r->client_name),
                               .helo = summary_text(a, r->helo),
                               .tls = summary_text(a, r->tls),
                               .auth_user = summary_text(a, r->auth_user),
                               .mail_from = summary_text(a, r->mail_from),
                               .has_mail_from = r->has_mail_from,
                               .n_rcpt_to = (uint32_t)r->n_rcpt_to,
                               .size_bytes = r->message_bytes,
                               .action = ACTION_TEMPFAIL,
                               .done = str_from(did)};
    for (size_t i = 0; i < r->n_rcpt_to && i < SUMMARY_MAX_RCPTS; i++)
        s->rcpt_to[s->n_rcpts++] = summary_text(a, r->rcpt_to[i]);
}

static void keep_history(struct front *f, const struct mail_summary *s, struct str report, int fd)
{
    size_t n = fd < 0 || !f->config->history.keep_messages ? 0 : (size_t)memfd_size(fd);
    const char *message = n == 0 ? NULL : memfd_map(fd, n);
    history_add(f->book->history, s, report, str_make(message, message == NULL ? 0 : n));
    if (message != NULL)
        memfd_unmap(message, n);
}

static void keep(struct front *f, const struct mail_summary *s, struct str report, int fd)
{
    struct front_book *b = f->book;
    if (b->history != NULL)
        keep_history(f, s, report, fd);
    if (b->hooks != NULL)
        hooks_put_mail(b->hooks, s);
    observer_add(b->observer, s);
    front_http_mail(f, s);
}

void front_book_mail(struct front *f, const struct mail_request *request,
                     const struct mail_answer *answer, int message_fd, const char *did,
                     const char *why_not)
{
    struct arena arena;
    struct mail_summary s;
    arena_init(&arena, 1 << 20);
    if (answer != NULL) {
        s = answer->summary;
        s.done = str_from(did);
    } else {
        summarize_unjudged(&arena, request, did, &s);
    }
    count(f, &s, answer != NULL);
    log_mail(f, &s, why_not);
    keep(f, &s, answer == NULL ? STR_NONE : answer->report, message_fd);
    arena_clear(&arena);
}
