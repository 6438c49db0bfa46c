/* Disposable inboxes and their scripts. */
#include <jansson.h>
#include <stdlib.h>

#include "capture/capture_internal.h"
#include "httpd/query.h"

enum { NAME_MAX_BYTES = 200 };

static int counts_of(struct capture *c, struct str inbox, struct arena *a, struct store_page *page,
                     struct mp_err *err)
{
    struct store_query query = {.in_inbox = true, .inbox = inbox, .limit = 1};
    return store_list(c->c.store, &query, a, page, err);
}

static struct str address_of(struct capture *c, struct arena *a, struct str id)
{
    return id.n == 0 ? arena_fmt(a, "anything@" STR_FMT, STR_ARG(c->c.domain))
                     : arena_fmt(a, STR_FMT "@" STR_FMT, STR_ARG(id), STR_ARG(c->c.domain));
}

/* `token` is empty but for a new one. */
static int inbox_json(struct capture *c, struct json *j, const struct store_inbox *in,
                      struct str token, struct arena *a, struct mp_err *err)
{
    struct store_page page;
    int st = counts_of(c, in->id, a, &page, err);
    if (st != MP_OK)
        return st;
    json_object_begin(j);
    json_kstr(j, "id", inbox_name(in->id));
    json_ktext(j, "name", in->name);
    json_kstr(j, "address", address_of(c, a, in->id));
    if (token.n != 0)
        json_kstr(j, "token", token);
    json_ktime_ms(j, "created", in->created_ms);
    json_ktime_ms(j, "expires", in->expires_ms);
    json_key(j, "max_messages");
    if (in->max_messages == 0)
        json_write_null(j);
    else
        json_uint(j, in->max_messages);
    json_kbool(j, "has_script", in->script.n != 0);
    json_kint(j, "messages", (int64_t)page.total);
    json_kint(j, "unseen", (int64_t)page.unseen);
    json_object_end(j);
    return MP_OK;
}

int api_inboxes(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct arena *a = httpd_arena(q);
    struct store_inbox *all;
    size_t n, shown = 0;
    int st = httpd_query_known(q, NULL, 0, err);
    if (st == MP_OK)
        st = inboxes_list(c->c.inboxes, a, &all, &n, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "inboxes");
    json_array_begin(j);
    for (size_t i = n; i-- > 0 && shown < CAPTURE_INBOXES_MAX && st == MP_OK;) {
        if (all[i].id.n == 0 || (!access_is_admin(q) && !str_eq(all[i].id, httpd_who(q))))
            continue;
        st = inbox_json(c, j, &all[i], STR_NONE, a, err);
        shown++;
    }
    if (st != MP_OK)
        return st;
    json_array_end(j);
    json_object_end(j);
    return MP_OK;
}

/* ---- making one ---- */

static struct str text_of(const json_t *v)
{
    return str_make(json_string_value(v), json_string_length(v));
}

static int wrong(struct mp_err *err, const char *member, const char *what)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: %s", member, what);
}

static int read_ttl(const json_t *v, uint32_t *ttl_s, struct mp_err *err)
{
    unsigned ms;
    if (json_is_string(v) && str_eq(text_of(v), STR("never"))) {
        *ttl_s = UINT32_MAX;
        return MP_OK;
    }
    if (!json_is_string(v) || !query_duration(text_of(v), &ms) || ms < 1000)
        return wrong(err, "ttl", "a duration such as \"90s\", \"10m\", \"24h\", or \"never\"");
    *ttl_s = ms / 1000;
    return MP_OK;
}

static bool is_id(struct str s)
{
    if (s.n == 0 || s.n > INBOX_ID_MAX || str_eq(s, STR("default")) || str_eq(s, STR("wait")))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') &&
            !(i > 0 && (s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-')))
            return false;
    return true;
}

static int read_member(struct arena *a, const char *key, const json_t *v, struct inbox_request *r,
                       struct mp_err *err)
{
    if (strcmp(key, "name") == 0) {
        if (!json_is_string(v) || json_string_length(v) > NAME_MAX_BYTES)
            return wrong(err, key, "a text of at most 200 bytes");
        r->name = arena_copy(a, text_of(v));
    } else if (strcmp(key, "id") == 0) {
        if (!json_is_string(v) || !is_id(text_of(v)))
            return wrong(err, key, "lower-case letters, digits, and . _ - inside; at most 64");
        r->id = arena_copy(a, text_of(v));
    } else if (strcmp(key, "ttl") == 0) {
        return read_ttl(v, &r->ttl_s, err);
    } else if (strcmp(key, "max_messages") == 0) {
        if (!json_is_integer(v) || json_integer_value(v) < 1)
            return wrong(err, key, "a whole number from 1");
        r->max_messages = (uint64_t)json_integer_value(v);
    } else if (strcmp(key, "script") == 0) {
        char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
        r->script = arena_copy(a, str_from(text));
        free(text);
    } else {
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "unknown member '%.100s': it is one of id, name, ttl, max_messages, script",
                       key);
    }
    return MP_OK;
}

static int read_request(struct httpd_request *q, struct inbox_request *r, struct mp_err *err)
{
    struct str body = httpd_body(q);
    const char *key;
    json_error_t e;
    json_t *v;
    int st = MP_OK;
    *r = (struct inbox_request){0};
    if (body.n == 0)
        return MP_OK;
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &e);
    if (!json_is_object(root)) {
        st = mp_fail(err, MP_E_SYNTAX, e.line, "the body is not a JSON object: %s",
                     root == NULL ? e.text : "something else");
        json_decref(root);
        return st;
    }
    json_object_foreach(root, key, v) if (st == MP_OK) st =
        read_member(httpd_arena(q), key, v, r, err);
    json_decref(root);
    return st;
}

int api_inbox_create(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct arena *a = httpd_arena(q);
    struct inbox_request r;
    struct store_inbox made = {0}, old;
    struct str address, token;
    bool exists = false;
    int st = read_request(q, &r, err);
    if (st == MP_OK && r.id.n != 0)
        st = inboxes_get(c->c.inboxes, r.id, a, &old, &exists, err);
    if (st == MP_OK && exists)
        return httpd_problem(q, 409, "there is an inbox with the id '" STR_FMT "'", STR_ARG(r.id));
    if (st == MP_OK)
        st = inboxes_create(c->c.inboxes, &r, a, &made, &address, &token, err);
    if (st == MP_E_LIMIT)
        return httpd_problem(q, 503, "%s", err->text);
    if (st != MP_OK)
        return st;
    st = inbox_json(c, httpd_json(q, 201), &made, token, a, err);
    if (st == MP_OK)
        httpd_reply_header(q, "Location", arena_fmt(a, "/v1/inboxes/" STR_FMT, STR_ARG(made.id)));
    return st;
}

/* ---- one ---- */

int api_inbox(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_inbox in;
    bool found;
    int st = access_inbox(c, q, &in, &found, err);
    return st != MP_OK || !found
               ? st
               : inbox_json(c, httpd_json(q, 200), &in, STR_NONE, httpd_arena(q), err);
}

int api_inbox_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_inbox in;
    bool found;
    int st = access_inbox(c, q, &in, &found, err);
    if (st != MP_OK || !found)
        return st;
    if (in.id.n == 0)
        return httpd_problem(q, 409, "the common inbox stays: delete its messages instead");
    st = inboxes_delete(c->c.inboxes, in.id, &found, err);
    httpd_wake(httpd_of(q), in.id);
    if (st == MP_OK)
        httpd_empty(q, 204);
    return st;
}

int api_script(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_inbox in;
    bool found;
    int st = access_inbox(c, q, &in, &found, err);
    if (st == MP_OK && found)
        httpd_bytes(q, 200, "application/json", in.script.n == 0 ? STR("[]") : in.script);
    return st;
}

static int set_script(struct capture *c, struct httpd_request *q, struct str script,
                      struct mp_err *err)
{
    struct store_inbox in;
    bool found;
    int st = access_inbox(c, q, &in, &found, err);
    if (st != MP_OK || !found)
        return st;
    pthread_mutex_lock(&c->script_lock); /* so that the text is that of the script */
    st = inboxes_script(c->c.inboxes, in.id, script, &found, err);
    if (st == MP_OK && in.id.n == 0) {
        buf_reset(&c->common_script);
        buf_add(&c->common_script, script);
    }
    pthread_mutex_unlock(&c->script_lock);
    if (st == MP_OK)
        httpd_empty(q, 204);
    return st;
}

int api_script_put(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    if (httpd_body(q).n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "the body is empty: a script is a JSON array of rules");
    return set_script(ctx, q, httpd_body(q), err);
}

int api_script_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return set_script(ctx, q, STR_NONE, err);
}
