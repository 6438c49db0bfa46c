/* One message: its document, bytes, parts, preview, transcript; and what was sent. */
#include <jansson.h>

#include "capture/capture_internal.h"

enum { TAG_MAX_BYTES = 200 };

static int no_bytes(struct httpd_request *q)
{
    return httpd_problem(q, 404, "the message has no bytes: it was refused before, or is gone");
}

int api_message(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_delivery *d;
    bool found;
    int st = access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    st = document_write(c, d, httpd_json(q, 200), &found, err);
    return st == MP_OK && !found ? no_bytes(q) : st;
}

int api_message_delete(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_delivery *d;
    int st = access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    struct str id = str_from(d->id);
    st = store_delete(c->c.store, &id, 1, NULL, err);
    if (st == MP_OK)
        httpd_empty(q, 204);
    return st;
}

int api_raw(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_delivery *d;
    bool found;
    int st = access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    st = store_raw(c->c.store, str_from(d->id), httpd_buf(q, 200, "message/rfc822"), &found, err);
    if (st != MP_OK || !found)
        return st != MP_OK ? st : no_bytes(q);
    httpd_reply_header(q, "Content-Disposition",
                       disposition_value(httpd_arena(q), "attachment",
                                         arena_fmt(httpd_arena(q), "%s.eml", d->id)));
    return MP_OK;
}

int api_transcript(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct store_delivery *d;
    int st = access_message(ctx, q, &d, err);
    if (st == MP_OK && d != NULL)
        httpd_bytes(q, 200, "text/plain; charset=utf-8", d->transcript);
    return st;
}

/* The parsed message of the path's {id}. *found false: the reply stands. parsed_clear always. */
static int load(struct capture *c, struct httpd_request *q, struct parsed *p, bool *found,
                struct mp_err *err)
{
    struct store_delivery *d;
    *p = (struct parsed){0};
    *found = false;
    int st = access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    st = parsed_load(c, str_from(d->id), p, found, err);
    return st == MP_OK && !*found ? no_bytes(q) : st;
}

int api_html(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct parsed p;
    bool found;
    int st = load(ctx, q, &p, &found, err);
    if (st == MP_OK && found && p.html == NULL)
        st = httpd_problem(q, 404, "the message has no HTML");
    else if (st == MP_OK && found) {
        st = preview_write(&p, httpd_buf(q, 200, "text/html; charset=utf-8"), err);
        httpd_reply_header(q, "Content-Security-Policy", str_from(preview_policy));
    }
    parsed_clear(&p);
    return st;
}

/* As a download: a browser shows nothing of it, whatever its type claims. */
int api_part(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct parsed p;
    bool found;
    int st = load(ctx, q, &p, &found, err);
    const struct parsed_part *part = found ? parsed_find(&p, httpd_path_param(q, "path")) : NULL;
    if (st == MP_OK && part != NULL) {
        httpd_bytes(q, 200, "application/octet-stream", parsed_body(&p, part, &p.arena));
        httpd_reply_header(q, "Content-Disposition",
                           disposition_value(httpd_arena(q), "attachment", part->mime->filename));
        httpd_reply_header(q, "Content-Security-Policy", STR("default-src 'none'; sandbox"));
        httpd_reply_header(q, "X-Part-Type", parsed_type(part, httpd_arena(q)));
    } else if (st == MP_OK && found) {
        st = httpd_problem(q, 404, "the message has no such part");
    }
    parsed_clear(&p);
    return st;
}

int api_seen(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_delivery *d;
    int st = access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    struct str body = httpd_body(q), id = str_from(d->id);
    json_t *root = json_loadb(body.n == 0 ? "" : body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *seen = json_object_get(root, "seen");
    bool ok = json_is_boolean(seen) && json_object_size(root) == 1, value = json_is_true(seen);
    json_decref(root);
    if (!ok)
        return mp_fail(err, MP_E_SYNTAX, 0, "the body must be {\"seen\": true} or false");
    st = store_mark_seen(c->c.store, &id, 1, value, err);
    if (st == MP_OK)
        httpd_empty(q, 204);
    return st;
}

int api_sent_put(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct str tag = httpd_path_param(q, "tag"), who = httpd_who(q);
    if (tag.n > TAG_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, TAG_MAX_BYTES, "the tag is longer than %d bytes",
                       TAG_MAX_BYTES);
    if (httpd_body(q).n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "the body is empty: put the message as it was sent");
    if (!access_is_admin(q))
        tag = arena_fmt(httpd_arena(q), STR_FMT "/" STR_FMT, STR_ARG(who), STR_ARG(tag));
    int st = store_sent_put(c->c.store, tag, httpd_body(q),
                            now_ms() + (int64_t)CAPTURE_SENT_KEPT_S * 1000, err);
    if (st == MP_OK)
        httpd_empty(q, 204);
    return st;
}
