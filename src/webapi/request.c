/* Messages with their envelopes, as clients send them: raw with a query, JSON, or a form. */
#include <sys/random.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "webapi/webapi_internal.h"

static const struct str no_memory = STR_INIT("the request needs more memory than allowed");

/* What a client may say about a message; the same names everywhere. */
enum field { F_IP, F_HELO, F_MAIL_FROM, F_CLIENT_NAME, F_USER, F_QUEUE_ID, F_COUNT };
static const char *const names[F_COUNT] = {"ip",          "helo", "mail_from",
                                           "client_name", "user", "queue_id"};

struct envelope_fields {
    struct str text[F_COUNT];
    bool has[F_COUNT], has_rcpts;
    struct str *rcpts;
    size_t n_rcpts;
};

struct str webapi_json_text(const json_t *v)
{
    return str_make(json_string_value(v), json_string_length(v));
}

int webapi_envelope_text(const char *name, struct str text, struct str *out, struct mp_err *err)
{
    if (text.n > WEBAPI_MAX_TEXT_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "%s is longer than %d bytes", name,
                       WEBAPI_MAX_TEXT_BYTES);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return mp_fail(err, MP_E_SYNTAX, (int64_t)i, "%s has a control character", name);
    *out = text;
    return MP_OK;
}

int webapi_envelope_address(const char *name, struct str text, struct str *out, struct mp_err *err)
{
    text = str_trim_wsp(text);
    if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
        text = str_slice(text, 1, text.n - 1);
    return webapi_envelope_text(name, text, out, err);
}

static int set_field(struct envelope_fields *e, enum field f, struct str text, struct mp_err *err)
{
    if (e->has[f])
        return mp_fail(err, MP_E_SYNTAX, 0, "%s is given twice", names[f]);
    e->has[f] = true;
    return f == F_MAIL_FROM ? webapi_envelope_address(names[f], text, &e->text[f], err)
                            : webapi_envelope_text(names[f], text, &e->text[f], err);
}

static int add_rcpt(struct arena *a, struct envelope_fields *e, struct str text, struct mp_err *err)
{
    if (e->rcpts == NULL && (e->rcpts = arena_new(a, struct str, WEBAPI_MAX_RCPTS)) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "%s", no_memory.p);
    if (e->n_rcpts == WEBAPI_MAX_RCPTS)
        return mp_fail(err, MP_E_SYNTAX, WEBAPI_MAX_RCPTS, "more than %d recipients",
                       WEBAPI_MAX_RCPTS);
    return webapi_envelope_address("rcpt", text, &e->rcpts[e->n_rcpts++], err);
}

/* ---- from a query ---- */

static int read_query(struct httpd_request *q, struct envelope_fields *e, struct mp_err *err)
{
    struct str text, *rcpts;
    size_t n;
    int st = MP_OK;
    for (size_t f = 0; st == MP_OK && f < F_COUNT; f++)
        if (httpd_query(q, names[f], &text))
            st = set_field(e, (enum field)f, text, err);
    if (st == MP_OK)
        st = httpd_query_all(q, "rcpt", &rcpts, &n, err);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        st = add_rcpt(httpd_arena(q), e, rcpts[i], err);
    return st;
}

/* ---- from JSON ---- */

static int wrong(struct mp_err *err, const char *member, const char *what)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: %s", member, what);
}

static int read_json_rcpts(struct arena *a, const json_t *v, struct envelope_fields *e,
                           struct mp_err *err)
{
    const json_t *item;
    size_t i;
    int st = MP_OK;
    if (e->n_rcpts != 0)
        return wrong(err, "rcpt", "is given twice");
    if (json_is_string(v))
        return add_rcpt(a, e, webapi_json_text(v), err);
    if (!json_is_array(v))
        return wrong(err, "rcpt", "a text, or a list of texts");
    json_array_foreach(v, i, item)
    {
        if (st == MP_OK)
            st = json_is_string(item) ? add_rcpt(a, e, webapi_json_text(item), err)
                                      : wrong(err, "rcpt", "a list of texts");
    }
    return st;
}

static int read_json_envelope(struct arena *a, json_t *v, struct envelope_fields *e,
                              struct mp_err *err)
{
    const char *key;
    json_t *member;
    if (!json_is_object(v))
        return wrong(err, "envelope", "an object");
    json_object_foreach(v, key, member)
    {
        size_t f = 0;
        int st;
        while (f < F_COUNT && strcmp(names[f], key) != 0)
            f++;
        if (strcmp(key, "rcpt") == 0)
            st = read_json_rcpts(a, member, e, err);
        else if (f == F_COUNT)
            st = mp_fail(err, MP_E_SYNTAX, 0, "the envelope has no member '%.60s'", key);
        else if (!json_is_string(member))
            st = wrong(err, key, "a text");
        else
            st = set_field(e, (enum field)f, webapi_json_text(member), err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

static int read_json_message(struct arena *a, const json_t *object, struct scan_input *in,
                             struct mp_err *err)
{
    const json_t *text = json_object_get(object, "message"),
                 *base64 = json_object_get(object, "message_base64");
    if ((text == NULL) == (base64 == NULL))
        return mp_fail(err, MP_E_SYNTAX, 0, "one of message and message_base64 is needed");
    if (!json_is_string(text != NULL ? text : base64))
        return wrong(err, text != NULL ? "message" : "message_base64", "a text");
    in->message = webapi_json_text(text != NULL ? text : base64);
    if (base64 != NULL && !base64_decode(a, in->message, BASE64_IGNORE_FWS, &in->message))
        return wrong(err, "message_base64", "is not base64 (RFC 4648 4)");
    return MP_OK;
}

int webapi_json_body(struct httpd_request *q, json_t **out, bool *ok, struct mp_err *err)
{
    struct str body = httpd_body(q);
    json_error_t e;
    *ok = false;
    if (body.n > WEBAPI_JSON_MAX_BYTES)
        return httpd_problem(q, 413, "JSON is longer than %d bytes: send it as message/rfc822",
                             WEBAPI_JSON_MAX_BYTES);
    json_t *v =
        json_loadb(body.n == 0 ? "" : body.p, body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
    if (v == NULL)
        return mp_fail(err, MP_E_SYNTAX, e.line, "the body is not JSON: line %d: %s", e.line,
                       e.text);
    if (!json_is_object(v)) {
        json_decref(v);
        return mp_fail(err, MP_E_SYNTAX, 0, "the body is not an object");
    }
    *ok = true;
    *out = v;
    return MP_OK;
}

/* ---- what all forms become ---- */

static int apply(const struct envelope_fields *e, struct scan_input *in, struct mp_err *err)
{
    struct mail_request *r = &in->r;
    if (e->has[F_IP] && !ip_parse(str_trim_wsp(e->text[F_IP]), &r->client))
        return wrong(err, "ip", "is no address");
    r->helo = e->text[F_HELO];
    r->mail_from = e->text[F_MAIL_FROM];
    r->has_mail_from = e->has[F_MAIL_FROM];
    r->client_name = e->text[F_CLIENT_NAME];
    r->auth_user = e->text[F_USER];
    r->queue_id = e->text[F_QUEUE_ID];
    r->rcpt_to = e->rcpts;
    r->n_rcpt_to = e->n_rcpts;
    r->local = r->auth_user.n != 0;
    return MP_OK;
}

int webapi_input_json(struct webapi *w, struct httpd_request *q, const json_t *object,
                      const char *const *more, size_t n_more, struct scan_input *in,
                      struct mp_err *err)
{
    struct envelope_fields e = {0};
    static const char *const known[] = {"message", "message_base64", "envelope"};
    const char *key;
    json_t *member, *envelope = json_object_get(object, "envelope");
    int st = MP_OK;
    (void)w;
    json_object_foreach((json_t *)(uintptr_t)object, key, member)
    {
        bool is_known = false;
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            is_known |= strcmp(key, known[i]) == 0;
        for (size_t i = 0; i < n_more; i++)
            is_known |= strcmp(key, more[i]) == 0;
        if (!is_known)
            return mp_fail(err, MP_E_SYNTAX, 0, "there is no member '%.60s'", key);
    }
    st = read_query(q, &e, err);
    if (st == MP_OK && envelope != NULL)
        st = read_json_envelope(httpd_arena(q), envelope, &e, err);
    if (st == MP_OK)
        st = read_json_message(httpd_arena(q), object, in, err);
    return st != MP_OK ? st : apply(&e, in, err);
}

static int read_form(struct httpd_request *q, struct envelope_fields *e, struct scan_input *in,
                     struct mp_err *err)
{
    struct form form;
    bool has_message = false, query_rcpts = e->n_rcpts != 0;
    int st = webapi_multipart_read(httpd_arena(q), httpd_header(q, "Content-Type"), httpd_body(q),
                                   &form, err);
    for (size_t i = 0; st == MP_OK && i < form.n; i++) {
        const struct form_part *p = &form.parts[i];
        size_t f = 0;
        while (f < F_COUNT && !str_eq(p->name, str_from(names[f])))
            f++;
        if (f < F_COUNT) {
            st = utf8_valid(p->body) ? set_field(e, (enum field)f, p->body, err)
                                     : wrong(err, names[f], "is not UTF-8");
        } else if (str_eq(p->name, STR("rcpt"))) {
            st = query_rcpts           ? wrong(err, "rcpt", "is given twice")
                 : utf8_valid(p->body) ? add_rcpt(httpd_arena(q), e, p->body, err)
                                       : wrong(err, "rcpt", "is not UTF-8");
        } else if (str_eq(p->name, STR("message")) && !has_message) {
            has_message = true;
            in->message = p->body;
        } else {
            st = mp_fail(err, MP_E_SYNTAX, 0, "a part '" STR_FMT "' is not known, or given twice",
                         STR_ARG(str_slice(p->name, 0, 60)));
        }
    }
    if (st == MP_OK && !has_message)
        st = mp_fail(err, MP_E_SYNTAX, 0, "the form has no part 'message'");
    return st;
}

static int read_json(struct webapi *w, struct httpd_request *q, struct scan_input *in, bool *ok,
                     struct mp_err *err)
{
    int st = webapi_json_body(q, &in->held, ok, err);
    return st != MP_OK || !*ok ? st : webapi_input_json(w, q, in->held, NULL, 0, in, err);
}

static bool is_raw(struct str type)
{
    static const char *const raw[] = {"",
                                      "message/rfc822",
                                      "message/global",
                                      "text/plain",
                                      "application/octet-stream",
                                      "application/x-www-form-urlencoded"}; /* curl's default */
    for (size_t i = 0; i < ARRAY_LEN(raw); i++)
        if (str_eq(type, str_from(raw[i])))
            return true;
    return false;
}

int webapi_input_read(struct webapi *w, struct httpd_request *q, struct scan_input *in, bool *ok,
                      struct mp_err *err)
{
    struct envelope_fields e = {0};
    struct str type = webapi_media_type(httpd_arena(q), httpd_header(q, "Content-Type"));
    bool json = str_eq(type, STR("application/json")),
         form = str_eq(type, STR("multipart/form-data"));
    *in = (struct scan_input){.held = NULL};
    *ok = true;
    int st = MP_OK;
    if (json) {
        st = read_json(w, q, in, ok, err);
    } else if (!form && !is_raw(type)) {
        *ok = false;
        return httpd_problem(q, 415,
                             "a message comes as message/rfc822, application/json or "
                             "multipart/form-data");
    } else {
        in->message = httpd_body(q);
        st = read_query(q, &e, err);
        if (st == MP_OK && form)
            st = read_form(q, &e, in, err);
        if (st == MP_OK)
            st = apply(&e, in, err);
    }
    if (st == MP_OK && *ok && in->message.n == 0)
        st = mp_fail(err, MP_E_SYNTAX, 0, "there is no message");
    if (st == MP_OK && *ok && in->message.n > w->c.max_message_bytes) {
        *ok = false;
        httpd_problem(q, 413, "the message is longer than %zu bytes", w->c.max_message_bytes);
    }
    return st;
}

void webapi_input_clear(struct scan_input *in)
{
    json_decref(in->held);
    in->held = NULL;
}

int webapi_input_finish(struct webapi *w, struct httpd_request *q, enum mail_mode mode,
                        struct scan_input *in, struct mp_err *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[(MAIL_ID_BYTES - 1) / 2];
    unsigned deadline_ms = WEBAPI_SCAN_DEADLINE_MS;
    int st = httpd_query_duration(q, "timeout", &deadline_ms, err);
    if (st == MP_OK && (deadline_ms == 0 || deadline_ms > WEBAPI_SCAN_MAX_DEADLINE_MS))
        st = mp_fail(err, MP_E_SYNTAX, 0, "timeout: at most %ds",
                     WEBAPI_SCAN_MAX_DEADLINE_MS / 1000);
    if (st == MP_OK && getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        st = mp_fail(err, MP_E_IO, 0, "no randomness for an id");
    if (st != MP_OK)
        return st;
    for (size_t i = 0; i < sizeof random; i++) {
        in->id[2 * i] = digits[random[i] >> 4];
        in->id[2 * i + 1] = digits[random[i] & 15];
    }
    struct mail_request *r = &in->r;
    r->kind = MAIL_JUDGE;
    r->mode = mode;
    r->id = str_make(in->id, sizeof in->id - 1);
    r->listener = w->c.listener;
    r->now_s = clock_wall_s();
    r->deadline_ms = deadline_ms;
    r->message_bytes = in->message.n;
    return MP_OK;
}
