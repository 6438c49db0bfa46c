/* Waiting for a message by its identity: a long poll that costs no thread. */
#include "capture/capture_internal.h"

/* What may be asked for, and the condition that it is. */
static const struct {
    const char *param;
    enum store_field field;
} identities[] = {{"tag", STORE_F_TAG},
                  {"message-id", STORE_F_MESSAGE_ID},
                  {"to", STORE_F_RCPT},
                  {"from", STORE_F_FROM},
                  {"subject", STORE_F_SUBJECT}};

/* The identities and the words of `q`, in one list. */
static int wait_terms(struct httpd_request *q, struct store_query *query, struct mp_err *err)
{
    struct str text;
    int st = list_terms(q, "q", query, err);
    if (st != MP_OK)
        return st;
    size_t n = query->n_terms;
    struct store_term *all =
        arena_new(httpd_arena(q), struct store_term, n + ARRAY_LEN(identities));
    if (all == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    for (size_t i = 0; i < n; i++)
        all[i] = query->terms[i];
    for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
        if (!httpd_query(q, identities[i].param, &text))
            continue;
        if (text.n == 0)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: is empty", identities[i].param);
        if (identities[i].field == STORE_F_MESSAGE_ID)
            text = bare_id(text);
        all[n++] = (struct store_term){.field = identities[i].field, .text = text};
    }
    query->terms = all;
    query->n_terms = n;
    return MP_OK;
}

struct wait {
    struct store_query query;
    uint64_t count;
    bool many;    /* `count` was given: the answer is a list */
    bool summary; /* of lines as in a listing: nothing is parsed or judged for it */
    unsigned timeout_ms;
};

static int read_form(struct httpd_request *q, struct wait *w, struct mp_err *err)
{
    struct str form;
    if (!httpd_query(q, "form", &form))
        return MP_OK;
    w->summary = str_eq(form, STR("summary"));
    return w->summary || str_eq(form, STR("whole"))
               ? MP_OK
               : mp_fail(err, MP_E_SYNTAX, 0, "form: whole or summary");
}

static int read_wait(struct httpd_request *q, struct wait *w, struct mp_err *err)
{
    static const char *const known[] = {"tag", "message-id", "to",    "from",    "subject",
                                        "q",   "after",      "count", "timeout", "form"};
    struct str text;
    uint64_t after = 0;
    w->count = 1;
    w->many = httpd_query(q, "count", &text);
    w->timeout_ms = CAPTURE_WAIT_DEFAULT_MS;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = wait_terms(q, &w->query, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "after", INT64_MAX, &after, err);
    if (st == MP_OK)
        st = httpd_query_uint(q, "count", CAPTURE_COUNT_MAX, &w->count, err);
    if (st == MP_OK)
        st = httpd_query_duration(q, "timeout", &w->timeout_ms, err);
    if (st == MP_OK)
        st = read_form(q, w, err);
    if (st == MP_OK && w->count == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "count: from 1 to %d", CAPTURE_COUNT_MAX);
    w->query.after_seq = (int64_t)after;
    w->query.oldest_first = true;
    w->query.limit = w->summary ? CAPTURE_COUNT_MAX : (size_t)w->count;
    return st;
}

static void reply_summaries(struct httpd_request *q, const struct store_page *page)
{
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "messages");
    json_array_begin(j);
    for (size_t i = 0; i < page->n; i++)
        delivery_json(j, &page->items[i]);
    json_array_end(j);
    json_object_end(j);
}

/* *gone: a message was deleted since it was listed, so the answer would be short. */
static int reply_found(struct capture *c, struct httpd_request *q, const struct wait *w,
                       const struct store_page *page, bool *gone, struct mp_err *err)
{
    struct json *j = httpd_json(q, 200);
    *gone = false;
    if (w->many) {
        json_object_begin(j);
        json_key(j, "messages");
        json_array_begin(j);
    }
    for (size_t i = 0; i < page->n && !*gone; i++) {
        bool found;
        struct store_delivery *d;
        int st = store_get(c->c.store, str_from(page->items[i].id), httpd_arena(q), &d, err);
        if (st == MP_OK && d != NULL)
            st = document_write(c, d, j, &found, err);
        if (st != MP_OK)
            return st;
        *gone = d == NULL || !found;
    }
    if (w->many) {
        json_array_end(j);
        json_object_end(j);
    }
    return MP_OK;
}

static int wait_for(struct capture *c, struct httpd_request *q, struct wait *w, struct mp_err *err)
{
    struct store_page page;
    bool gone = false;
    int st = read_wait(q, w, err);
    if (st == MP_OK)
        st = store_list(c->c.store, &w->query, httpd_arena(q), &page, err);
    if (st != MP_OK)
        return st;
    if (page.n >= w->count && w->summary) {
        reply_summaries(q, &page);
        return MP_OK;
    }
    if (page.n >= w->count) {
        st = reply_found(c, q, w, &page, &gone, err);
        if (st != MP_OK || !gone)
            return st;
    }
    if (w->timeout_ms == 0 || httpd_timed_out(q))
        httpd_empty(q, 204);
    else
        httpd_wait(q, w->query.in_inbox ? inbox_name(w->query.inbox) : STR_NONE, w->timeout_ms);
    return MP_OK;
}

int api_inbox_wait(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct wait w = {0};
    struct store_inbox in;
    bool found;
    int st = access_inbox(c, q, &in, &found, err);
    if (st != MP_OK || !found)
        return st;
    w.query.in_inbox = true;
    w.query.inbox = in.id;
    return wait_for(c, q, &w, err);
}

int api_wait(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct wait w = {0};
    access_bind(q, &w.query);
    if (w.query.in_inbox) {
        struct store_inbox in;
        bool found;
        int st = inboxes_get(c->c.inboxes, w.query.inbox, httpd_arena(q), &in, &found, err);
        if (st != MP_OK)
            return st;
        if (!found)
            return httpd_problem(q, 410, "the inbox ended");
    }
    return wait_for(c, q, &w, err);
}
