/* Lists of messages and attempts, deleting by search, events. */
#include "capture/capture_internal.h"

static void summary_members(struct json *j, const struct store_delivery *d)
{
    json_kstr(j, "id", str_from(d->id));
    json_kint(j, "seq", d->seq);
    json_kstr(j, "inbox", inbox_name(d->inbox));
    json_ktime_ms(j, "received", d->received_ms);
    json_ktext(j, "mail_from", d->mail_from);
    json_kstrs(j, "rcpt_to", d->rcpts, d->n_rcpts);
    json_ktext(j, "from", d->from);
    json_ktext(j, "to", d->to);
    json_ktext(j, "subject", d->subject);
    json_kstr(j, "message_id", d->message_id.n == 0 ? STR("") : bare_id(d->message_id));
    json_ktext(j, "tag", d->tag);
    json_ktext(j, "snippet", d->snippet);
    json_kint(j, "attachments", d->n_attachments);
    json_kint(j, "size", (int64_t)d->size_bytes);
    json_kbool(j, "seen", d->seen);
    json_kopt(j, "tls", d->tls_version);
    json_ktext(j, "client", d->client_ip);
}

void delivery_json(struct json *j, const struct store_delivery *d)
{
    json_object_begin(j);
    summary_members(j, d);
    json_object_end(j);
}

static void attempt_json(struct json *j, const struct store_delivery *d)
{
    json_object_begin(j);
    summary_members(j, d);
    outcome_members(j, d);
    json_ktext(j, "helo", d->helo);
    json_ktext(j, "protocol", d->protocol);
    json_object_end(j);
}

int list_terms(struct httpd_request *q, const char *param, struct store_query *query,
               struct mp_err *err)
{
    struct str words;
    struct store_term *terms;
    if (!httpd_query(q, param, &words))
        return MP_OK;
    int st = store_search_parse(httpd_arena(q), words, now_ms(), &terms, &query->n_terms, err);
    if (st == MP_E_LIMIT)
        st = MP_E_SYNTAX; /* 400: the words are wrong, not the body */
    if (st == MP_OK)
        query->terms = terms;
    return st;
}

static int read_page(struct httpd_request *q, struct store_query *query, size_t *limit,
                     struct mp_err *err)
{
    static const char *const known[] = {"q", "limit", "cursor", "after"};
    uint64_t n = CAPTURE_PAGE_DEFAULT, after = 0, before = 0;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "limit", CAPTURE_PAGE_MAX, &n, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "cursor", INT64_MAX, &before, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "after", INT64_MAX, &after, err);
    if (st == MP_OK)
        st = list_terms(q, "q", query, err);
    if (st == MP_OK && n == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "limit: from 1 to %d", CAPTURE_PAGE_MAX);
    query->after_seq = (int64_t)after;
    query->before_seq = (int64_t)before;
    query->limit = (size_t)n + 1; /* one more shows whether there is a next page */
    *limit = (size_t)n;
    return st;
}

/* One page, newest first. */
static int list(struct capture *c, struct httpd_request *q, struct store_query *query,
                struct mp_err *err)
{
    struct store_page page;
    size_t limit;
    int st = read_page(q, query, &limit, err);
    if (st == MP_OK)
        st = store_list(c->c.store, query, httpd_arena(q), &page, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, query->attempts ? "attempts" : "messages");
    json_array_begin(j);
    for (size_t i = 0; i < page.n && i < limit; i++)
        if (query->attempts)
            attempt_json(j, &page.items[i]);
        else
            delivery_json(j, &page.items[i]);
    json_array_end(j);
    json_kint(j, "total", (int64_t)page.total);
    if (!query->attempts)
        json_kint(j, "unseen", (int64_t)page.unseen);
    json_kstr(j, "next",
              page.n <= limit
                  ? STR_NONE
                  : arena_fmt(httpd_arena(q), "%lld", (long long)page.items[limit - 1].seq));
    json_object_end(j);
    return MP_OK;
}

/* Of the path's inbox. *found false: the reply stands. */
static int bind_inbox(struct capture *c, struct httpd_request *q, struct store_query *query,
                      bool *found, struct mp_err *err)
{
    struct store_inbox in;
    int st = access_inbox(c, q, &in, found, err);
    if (st == MP_OK && *found) {
        query->in_inbox = true;
        query->inbox = in.id;
    }
    return st;
}

static int list_of_inbox(struct capture *c, struct httpd_request *q, bool attempts,
                         struct mp_err *err)
{
    struct store_query query = {.attempts = attempts};
    bool found;
    int st = bind_inbox(c, q, &query, &found, err);
    return st != MP_OK || !found ? st : list(c, q, &query, err);
}

static int list_of_all(struct capture *c, struct httpd_request *q, bool attempts,
                       struct mp_err *err)
{
    struct store_query query = {.attempts = attempts};
    access_bind(q, &query);
    return list(c, q, &query, err);
}

int api_messages(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return list_of_all(ctx, q, false, err);
}

int api_attempts(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return list_of_all(ctx, q, true, err);
}

int api_inbox_messages(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return list_of_inbox(ctx, q, false, err);
}

int api_inbox_attempts(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return list_of_inbox(ctx, q, true, err);
}

/* ---- deleting ---- */

static int reply_deleted(struct capture *c, struct httpd_request *q, struct store_query *query,
                         struct mp_err *err)
{
    static const char *const known[] = {"q"};
    uint64_t deleted = 0;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = list_terms(q, "q", query, err);
    query->attempts = true; /* what is cleared is cleared: refused transactions go too */
    if (st == MP_OK)
        st = store_delete_matching(c->c.store, query, &deleted, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kint(j, "deleted", (int64_t)deleted);
    json_object_end(j);
    return MP_OK;
}

int api_messages_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct store_query query = {0};
    access_bind(q, &query);
    return reply_deleted(ctx, q, &query, err);
}

int api_inbox_messages_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct store_query query = {0};
    bool found;
    int st = bind_inbox(ctx, q, &query, &found, err);
    return st != MP_OK || !found ? st : reply_deleted(ctx, q, &query, err);
}

/* ---- events ---- */

int api_events(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"inbox"};
    struct str inbox = STR_NONE;
    (void)ctx;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st != MP_OK)
        return st;
    bool asked = httpd_query(q, "inbox", &inbox);
    if (!access_is_admin(q)) {
        if (asked && !str_eq(inbox, httpd_who(q)))
            return httpd_problem(q, 404, "there is no such inbox");
        inbox = httpd_who(q);
    }
    httpd_stream(q, inbox);
    return MP_OK;
}
