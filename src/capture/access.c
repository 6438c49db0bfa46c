/* What a token opens. An inbox token opens its inbox; others look as if they were not there. */
#include "capture/capture_internal.h"

static const struct str common = STR_INIT("default");

struct str inbox_name(struct str id)
{
    return id.n == 0 ? common : id;
}

struct str inbox_id(struct str name)
{
    return str_eq(name, common) ? STR("") : name;
}

static bool is_admin_token(const struct capture *c, struct str token)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    return c->c.admin_token.n != 0 && token.n <= CAPTURE_MAX_TOKEN_BYTES &&
           digest_once(DIGEST_SHA256, token, hash) &&
           digest_equal(str_make((const char *)hash, sizeof hash),
                        str_make((const char *)c->admin_hash, sizeof c->admin_hash));
}

/* Without an admin token (on loopback only) whoever brings no token may do all; who brings one is
 * bound by it. */
unsigned access_authorize(void *ctx, struct str token, struct httpd_request *q)
{
    struct capture *c = ctx;
    struct str inbox;
    if (token.n == 0)
        return c->c.admin_token.n == 0 ? SCOPE_ADMIN | SCOPE_INBOX : 0;
    if (is_admin_token(c, token))
        return SCOPE_ADMIN | SCOPE_INBOX;
    if (token.n > CAPTURE_MAX_TOKEN_BYTES ||
        !inboxes_by_token(c->c.inboxes, token, httpd_arena(q), &inbox))
        return 0;
    httpd_set_who(q, inbox);
    return httpd_who(q).n != 0 ? SCOPE_INBOX : 0;
}

bool access_is_admin(const struct httpd_request *q)
{
    return (httpd_scopes(q) & SCOPE_ADMIN) != 0;
}

static int no_inbox(struct httpd_request *q)
{
    return httpd_has_waited(q) ? httpd_problem(q, 410, "the inbox ended while you waited")
                               : httpd_problem(q, 404, "there is no such inbox");
}

int access_inbox(struct capture *c, struct httpd_request *q, struct store_inbox *out, bool *found,
                 struct mp_err *err)
{
    struct str name = httpd_path_param(q, "id"), id = inbox_id(name);
    *found = false;
    if ((!access_is_admin(q) && !str_eq(id, httpd_who(q))) || name.n == 0)
        return no_inbox(q);
    *out = (struct store_inbox){.id = id, .created_ms = c->started_ms};
    if (id.n == 0) {
        pthread_mutex_lock(&c->script_lock);
        out->script = arena_copy(httpd_arena(q), buf_str(&c->common_script));
        pthread_mutex_unlock(&c->script_lock);
        *found = true;
        return MP_OK;
    }
    int st = inboxes_get(c->c.inboxes, id, httpd_arena(q), out, found, err);
    return st == MP_OK && !*found ? no_inbox(q) : st;
}

int access_message_id(struct capture *c, struct httpd_request *q, struct str id,
                      struct store_delivery **out, struct mp_err *err)
{
    int st = store_get(c->c.store, id, httpd_arena(q), out, err);
    if (st != MP_OK)
        return st;
    if (*out != NULL && !access_is_admin(q) && !str_eq((*out)->inbox, httpd_who(q)))
        *out = NULL;
    return *out != NULL ? MP_OK : httpd_problem(q, 404, "there is no such message");
}

int access_message(struct capture *c, struct httpd_request *q, struct store_delivery **out,
                   struct mp_err *err)
{
    return access_message_id(c, q, httpd_path_param(q, "id"), out, err);
}

void access_bind(const struct httpd_request *q, struct store_query *query)
{
    if (access_is_admin(q))
        return;
    query->in_inbox = true;
    query->inbox = httpd_who(q);
}
