/* What passed: lists, one mail. */
#include "webapi/webapi_internal.h"

/* "1790000000123.4711": time and number of the last entry of the page before. */
static bool parse_cursor(struct str text, struct history_cursor *out)
{
    uint64_t time_ms, seq;
    struct str time = str_cut(&text, '.');
    if (!str_to_u64(time, INT64_MAX, &time_ms) || !str_to_u64(text, INT64_MAX, &seq))
        return false;
    *out = (struct history_cursor){(int64_t)time_ms, (int64_t)seq};
    return true;
}

static int set_role(struct httpd_request *q, struct history_query *h, struct mp_err *err)
{
    static const char *const words[] = {"from", "mail_from", "rcpt", "dkim", "any"};
    static const unsigned roles[] = {HISTORY_FROM, HISTORY_MAIL_FROM, HISTORY_RCPT, HISTORY_DKIM,
                                     0};
    size_t at = 0;
    int st = webapi_query_word(q, "role", words, ARRAY_LEN(words), &at, err);
    if (h->domain.n != 0)
        h->roles = roles[at];
    return st;
}

/* `from` and `rcpt`: an address, or a domain of that role. */
static int set_party(struct httpd_request *q, const char *name, unsigned role,
                     struct history_query *h, struct mp_err *err)
{
    struct str text;
    if (!httpd_query(q, name, &text))
        return MP_OK;
    struct str *to = str_has(text, '@') ? &h->address : &h->domain;
    if (to->n != 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "%s: there is one domain and one address in a query",
                       name);
    *to = text;
    if (to == &h->domain)
        h->roles = role;
    return MP_OK;
}

static int read_texts(struct httpd_request *q, struct history_query *h, struct mp_err *err)
{
    const struct {
        const char *name;
        struct str *to;
    } rows[] = {{"domain", &h->domain},     {"address", &h->address},
                {"finding", &h->finding},   {"message_id", &h->message_id},
                {"listener", &h->listener}, {"queue_id", &h->queue_id},
                {"ip", &h->client_ip},      {"q", &h->text}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!httpd_query(q, rows[i].name, rows[i].to))
            continue;
        if (rows[i].to->n == 0 || rows[i].to->n > HISTORY_TEXT_MAX_BYTES)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: 1 to %d bytes", rows[i].name,
                           HISTORY_TEXT_MAX_BYTES);
    }
    struct ip ip;
    char *canonical = arena_new(httpd_arena(q), char, IP_TEXT_MAX);
    if (h->client_ip.n == 0)
        return MP_OK;
    if (!ip_parse(h->client_ip, &ip) || canonical == NULL)
        return mp_fail(err, MP_E_SYNTAX, 0, "ip: is no address");
    h->client_ip = str_make(canonical, ip_write(&ip, canonical));
    return MP_OK;
}

static int read_query(struct httpd_request *q, struct history_query *h, struct mp_err *err)
{
    struct str cursor;
    int st = webapi_query_range(q, 86400, &h->from_ms, &h->to_ms, err);
    if (st == MP_OK)
        st = read_texts(q, h, err);
    if (st == MP_OK)
        st = set_role(q, h, err);
    if (st == MP_OK)
        st = set_party(q, "from", HISTORY_FROM, h, err);
    if (st == MP_OK)
        st = set_party(q, "rcpt", HISTORY_RCPT, h, err);
    if (st == MP_OK)
        st = webapi_query_action(q, "action", &h->action, &h->has_action, err);
    if (st == MP_OK)
        st = webapi_query_action(q, "done", &h->done, &h->has_done, err);
    if (st == MP_OK)
        st = webapi_query_severity(q, &h->severity, &h->has_severity, err);
    if (st == MP_OK)
        st = webapi_query_mode(q, &h->mode, err);
    if (st == MP_OK)
        st = webapi_query_limit(q, &h->limit, err);
    if (st == MP_OK && httpd_query(q, "cursor", &cursor)) {
        h->has_cursor = parse_cursor(cursor, &h->cursor);
        if (!h->has_cursor)
            st = mp_fail(err, MP_E_SYNTAX, 0, "cursor: it is `next` of the page before");
    }
    return st;
}

static bool write_mail(void *ctx, const struct history_message *m)
{
    summary_json(ctx, &m->s);
    return true;
}

int webapi_handle_messages(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"since",    "until",      "domain", "role",  "address",
                                        "from",     "rcpt",       "action", "done",  "severity",
                                        "finding",  "message_id", "ip",     "mode",  "listener",
                                        "queue_id", "q",          "limit",  "cursor"};
    struct webapi *w = ctx;
    struct history_query h = {.limit = PAGE_DEFAULT};
    struct history_page page = {0};
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history");
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = read_query(q, &h, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "messages");
    json_array_begin(j);
    st = history_search(w->c.history, &h, write_mail, j, &page, err);
    if (st != MP_OK)
        return st;
    json_array_end(j);
    json_kstr(j, "next",
              !page.more ? STR_NONE
                         : arena_fmt(httpd_arena(q), "%lld.%lld", (long long)page.last.time_ms,
                                     (long long)page.last.seq));
    json_object_end(j);
    return MP_OK;
}

void webapi_json_embed(struct json *j, const char *key, struct str text)
{
    json_t *v = text.n == 0 ? NULL : json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
    json_key(j, key);
    if (v == NULL)
        json_write_null(j);
    else
        json_raw(j, str_trim(text));
    json_decref(v);
}

int webapi_handle_message(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    struct str id = httpd_path_param(q, "id");
    struct buf report;
    bool found = false, has_report = false;
    int st = httpd_query_known(q, NULL, 0, err);
    if (st != MP_OK || w->c.history == NULL)
        return st != MP_OK ? st : webapi_not_kept(q, "history");
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "mail");
    st = history_get(w->c.history, id, write_mail, j, &found, err);
    if (st != MP_OK || !found)
        return st != MP_OK ? st : httpd_problem(q, 404, "history has no such mail (any more)");
    buf_init(&report, ANSWER_MAX_REPORT_BYTES);
    st = history_report(w->c.history, id, &report, &has_report, err);
    if (st == MP_OK) {
        webapi_json_embed(j, "report", has_report ? buf_str(&report) : STR_NONE);
        json_object_end(j);
    }
    buf_clear(&report);
    return st;
}
