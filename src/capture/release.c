/* Passing a captured message on to real recipients: only when the operator has named a relay and
 * whom it may reach, and only when every recipient is among those. */
#include <jansson.h>
#include <string.h>

#include "capture/capture_internal.h"
#include "message/address.h"

enum { RELEASE_ARENA_BYTES = 64 << 20 };

/* One row of the list: "user@good.test", "good.test", or ".good.test" for what lies below. */
static bool row_allows(struct str row, struct str address)
{
    size_t at = str_rfind(address, '@');
    struct str domain = str_slice(address, at + 1, address.n);
    if (at == address.n || at == 0 || domain.n == 0)
        return false;
    if (str_has(row, '@'))
        return str_ieq(row, address);
    if (str_starts(row, STR(".")))
        return domain.n > row.n && str_iends(domain, row);
    return row.n != 0 && str_ieq(row, domain);
}

bool release_allowed(const struct str *allow, size_t n, struct str address)
{
    for (size_t i = 0; i < n; i++)
        if (row_allows(allow[i], address))
            return true;
    return false;
}

struct release {
    struct str from;
    struct str to[CAPTURE_MAX_RELEASE_RCPTS];
    size_t n_to;
};

static bool is_path(struct arena *a, struct str address)
{
    struct mailbox m;
    bool null_path;
    return smtp_path_parse(a, address, &m, &null_path) && !null_path && m.domain.n != 0 &&
           !str_has(address, '<');
}

static int read_rcpts(struct arena *a, const json_t *to, struct release *r, struct mp_err *err)
{
    size_t n = json_array_size(to);
    if (n == 0 || n > CAPTURE_MAX_RELEASE_RCPTS)
        return mp_fail(err, MP_E_SYNTAX, 0, "to: an array of 1 to %d addresses",
                       CAPTURE_MAX_RELEASE_RCPTS);
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(to, i);
        struct str address = str_make(json_string_value(v), json_string_length(v));
        if (!json_is_string(v) || !is_path(a, address))
            return mp_fail(err, MP_E_SYNTAX, 0, "to: entry %zu is not an address", i + 1);
        r->to[r->n_to++] = arena_copy(a, address);
    }
    return MP_OK;
}

static int read_release(struct httpd_request *q, const struct store_delivery *d, struct release *r,
                        struct mp_err *err)
{
    struct str body = httpd_body(q);
    struct arena *a = httpd_arena(q);
    json_t *root = json_loadb(body.n == 0 ? "" : body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *from = json_object_get(root, "from"), *to = json_object_get(root, "to");
    int st = MP_OK;
    r->n_to = 0;
    r->from = d->mail_from;
    if (from != NULL)
        r->from = arena_copy(a, str_make(json_string_value(from), json_string_length(from)));
    if (json_object_size(root) != 1U + (from != NULL) || to == NULL ||
        (from != NULL && !json_is_string(from)))
        st = mp_fail(err, MP_E_SYNTAX, 0,
                     "the body must be {\"to\": [addresses], \"from\": address}");
    else if (r->from.n != 0 && !is_path(a, r->from))
        st = mp_fail(err, MP_E_SYNTAX, 0, "from: is not an address");
    else
        st = read_rcpts(a, to, r, err);
    json_decref(root);
    return st;
}

static int reply_relayed(struct capture *c, struct httpd_request *q, const struct release *r,
                         const struct relay_outcome *o)
{
    const char *host = c->c.relay.host;
    if (o->n_taken == 0)
        return httpd_problem(q, 502, "the relay %s did not take it: %u " STR_FMT, host, o->end.code,
                             STR_ARG(o->end.text));
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kstr(j, "relay",
              arena_fmt(httpd_arena(q), strchr(host, ':') == NULL ? "%s:%u" : "[%s]:%u", host,
                        c->c.relay.port));
    json_key(j, "accepted");
    json_array_begin(j);
    for (size_t i = 0; i < r->n_to; i++)
        if (smtp_reply_ok(&o->rcpts[i]))
            json_str(j, r->to[i]);
    json_array_end(j);
    json_key(j, "refused");
    json_array_begin(j);
    for (size_t i = 0; i < r->n_to; i++) {
        if (smtp_reply_ok(&o->rcpts[i]))
            continue;
        json_object_begin(j);
        json_kstr(j, "to", r->to[i]);
        json_kint(j, "code", o->rcpts[i].code);
        json_kstr(j, "text", o->rcpts[i].text);
        json_object_end(j);
    }
    json_array_end(j);
    json_kint(j, "code", o->end.code);
    json_kstr(j, "text", o->end.text);
    json_object_end(j);
    return MP_OK;
}

static int relay(struct capture *c, struct httpd_request *q, const struct release *r,
                 struct str raw, struct mp_err *err)
{
    struct arena a = {0};
    struct relay_outcome *o = arena_new(httpd_arena(q), struct relay_outcome, 1);
    const struct relay_mail m = {.from = r->from, .raw = raw, .to = r->to, .n_to = r->n_to};
    if (o == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    arena_init(&a, RELEASE_ARENA_BYTES);
    int st = relay_send(&c->c.relay, c->relay_tls,
                        c->c.domain.n != 0 ? c->c.domain : STR("localhost"), &m, &a, o, err);
    st = st == MP_OK ? reply_relayed(c, q, r, o) : httpd_problem(q, 502, "%s", err->text);
    arena_clear(&a);
    return st;
}

int api_release(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_delivery *d;
    struct buf raw;
    struct release *r = arena_new(httpd_arena(q), struct release, 1);
    bool found = false;
    int st = r == NULL ? mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed")
                       : access_message(c, q, &d, err);
    if (st != MP_OK || d == NULL)
        return st;
    if (c->c.relay.host == NULL)
        return httpd_problem(q, 403,
                             "this server releases nothing: it was started without "
                             "--release-via and --release-allow");
    st = read_release(q, d, r, err);
    for (size_t i = 0; st == MP_OK && i < r->n_to; i++)
        if (!release_allowed(c->c.release_allow, c->c.n_release_allow, r->to[i]))
            return httpd_problem(q, 403, "'" STR_FMT "' is not on the list of --release-allow",
                                 STR_ARG(r->to[i]));
    buf_init(&raw, SMTP_MESSAGE_MAX_BYTES);
    if (st == MP_OK)
        st = store_raw(c->c.store, str_from(d->id), &raw, &found, err);
    if (st == MP_OK)
        st = found ? relay(c, q, r, buf_str(&raw), err)
                   : httpd_problem(q, 404, "the message has no bytes");
    buf_clear(&raw);
    return st;
}
