/* The live stream: what the daemon tells goes to those who listen, by what they asked for. */
#include "base/clock.h"
#include "webapi/webapi_internal.h"

enum { EVENT_MAIL = 1, EVENT_MONITOR = 2, EVENT_STATUS = 4, EVENT_ALL = 7 };
static const char *const event_names[] = {"mail", "monitor", "status"};

/* What a stream wants, as it stands in front of its filter; the domain is behind it. */
struct wish {
    unsigned types, actions, modes; /* bits; 0 of the last two: all */
};

/* One event, by what wishes ask for. */
struct happening {
    unsigned type, action, mode; /* bits */
    struct str domain;
};

static bool wants(void *ctx, struct str filter)
{
    const struct happening *h = ctx;
    struct wish wish;
    if (filter.n < sizeof wish)
        return false;
    memcpy(&wish, filter.p, sizeof wish);
    struct str domain = str_slice(filter, sizeof wish, filter.n);
    if ((wish.types & h->type) == 0)
        return false;
    if (h->type != EVENT_MAIL)
        return true;
    return (wish.actions == 0 || (wish.actions & h->action) != 0) &&
           (wish.modes == 0 || (wish.modes & h->mode) != 0) &&
           (domain.n == 0 || str_ieq(domain, h->domain));
}

static void publish(struct webapi *w, const char *name, struct buf *json, struct happening *h)
{
    if (json->failed) /* too long: told as lost */
        httpd_publish(w->httpd, "lost", STR("{}"), wants, h);
    else
        httpd_publish(w->httpd, name, buf_str(json), wants, h);
}

void webapi_mail(struct webapi *w, const struct mail_summary *s)
{
    struct happening h = {.type = EVENT_MAIL, .domain = s->from_domain};
    enum verdict_action done = s->action;
    enum mail_mode mode;
    struct buf text;
    struct json j;
    if (w == NULL)
        return;
    webapi_traffic_add(w->traffic, s);
    if (!httpd_has_streams(w->httpd))
        return;
    action_by_name(s->done, &done);
    h.action = 1U << done;
    h.mode = mail_mode_by_name(s->mode, &mode) ? 1U << mode : 0;
    buf_init(&text, WEBAPI_EVENT_MAX_BYTES);
    json_init(&j, &text, 0);
    summary_json(&j, s);
    publish(w, "mail", &text, &h);
    buf_clear(&text);
}

void webapi_monitor(struct webapi *w, struct str json)
{
    struct happening h = {.type = EVENT_MONITOR};
    if (w != NULL && httpd_has_streams(w->httpd) && json.n <= WEBAPI_EVENT_MAX_BYTES)
        httpd_publish(w->httpd, "monitor", json, wants, &h);
}

void webapi_status(struct webapi *w, const char *part, const char *state, struct str detail)
{
    struct happening h = {.type = EVENT_STATUS};
    struct buf text;
    struct json j;
    if (w == NULL || !httpd_has_streams(w->httpd))
        return;
    buf_init(&text, WEBAPI_EVENT_MAX_BYTES);
    json_init(&j, &text, 0);
    json_object_begin(&j);
    json_ktime_ms(&j, "time", clock_wall_ms());
    json_kword(&j, "part", part);
    json_kword(&j, "state", state);
    json_ktext(&j, "detail", detail);
    json_object_end(&j);
    publish(w, "status", &text, &h);
    buf_clear(&text);
}

/* "mail,status" as bits of words. */
static int read_words(struct httpd_request *q, const char *name, const char *const *words, size_t n,
                      unsigned *bits, struct mp_err *err)
{
    struct str list;
    if (!httpd_query(q, name, &list))
        return MP_OK;
    *bits = 0;
    while (list.p != NULL) {
        struct str one = str_trim_wsp(str_cut(&list, ','));
        size_t i = 0;
        while (i < n && !str_eq(one, str_from(words[i])))
            i++;
        if (i == n)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: '" STR_FMT "' is none of its words (%s ...)",
                           name, STR_ARG(str_slice(one, 0, 60)), words[0]);
        *bits |= 1U << i;
    }
    return MP_OK;
}

int webapi_handle_events(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"types", "action", "mode", "domain"};
    const char *actions[ACTION_TEMPFAIL + 1], *modes[MAIL_MODES];
    struct wish wish = {.types = EVENT_ALL};
    struct str domain = STR("");
    struct httpd_counters now;
    (void)ctx;
    httpd_counters(httpd_of(q), &now);
    if (now.streams >= WEBAPI_MAX_STREAMS)
        return httpd_problem(q, 503, "%d streams are open already", WEBAPI_MAX_STREAMS);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        actions[i] = action_name((enum verdict_action)i);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        modes[i] = mail_mode_name((enum mail_mode)i);
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = read_words(q, "types", event_names, ARRAY_LEN(event_names), &wish.types, err);
    if (st == MP_OK)
        st = read_words(q, "action", actions, ARRAY_LEN(actions), &wish.actions, err);
    if (st == MP_OK)
        st = read_words(q, "mode", modes, ARRAY_LEN(modes), &wish.modes, err);
    if (st != MP_OK)
        return st;
    httpd_query(q, "domain", &domain);
    struct str parts[] = {{(const char *)&wish, sizeof wish}, domain};
    struct str filter = arena_join(httpd_arena(q), parts, ARRAY_LEN(parts));
    if (filter.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    httpd_stream(q, filter);
    return MP_OK;
}
