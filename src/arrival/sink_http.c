/* Messages of a running capture server by its API (src/capture/openapi.json). The short form of a
 * wait is asked for: for the long one the sink would judge each message, which asks DNS. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "arrival/mailbox_internal.h"
#include "arrival/transfer.h"
#include "base/clock.h"

enum {
    LIST_MAX_BYTES = 64 << 20,
    FULL_URL_MAX_BYTES = 3900,
    LIST_LIMIT = 100,
    WAIT_MAX_MS = 25000
};
enum { HTTP_OK = 200, HTTP_NO_CONTENT = 204, HTTP_NOT_FOUND = 404 };

struct sink_http {
    struct transfer transfer;
    struct str base;            /* "http://127.0.0.1:8025/v1" */
    struct str place;           /* "/inboxes/ID" or "/messages" */
    struct str listing;         /* where its messages are listed */
    struct str attempts;        /* and its transactions */
    int64_t last_seq;           /* the newest that was seen */
    struct mailbox_match match; /* of the last look; texts in the reader's arena */
    bool has_match;
};

static void add_encoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            buf_addc(out, c);
        else
            buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

static int http_open(struct mailbox_reader *m, struct mp_err *err)
{
    struct sink_http *x = calloc(1, sizeof *x);
    struct str url = m->config.url;
    struct buf inbox;
    m->state = x;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    while (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    if (str_has(url, '@') || str_has(url, '?') || str_has(url, '#'))
        return mp_fail(err, MP_E_USAGE, 0, "the URL of a sink is http://HOST:PORT");
    buf_init(&inbox, FULL_URL_MAX_BYTES);
    add_encoded(&inbox, m->config.inbox);
    bool own = m->config.inbox.n > 0;
    x->base = arena_fmt(&m->arena, "%.*s/v1", STR_ARG(url));
    x->place =
        own ? arena_fmt(&m->arena, "/inboxes/%.*s", STR_ARG(buf_str(&inbox))) : STR("/messages");
    x->listing = own ? arena_fmt(&m->arena, "%.*s/messages", STR_ARG(x->place)) : x->place;
    x->attempts = own ? arena_fmt(&m->arena, "%.*s/attempts", STR_ARG(x->place)) : STR("/attempts");
    buf_clear(&inbox);
    if (x->base.p == NULL || x->place.p == NULL || x->listing.p == NULL || x->attempts.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    int st = transfer_init(&x->transfer, &m->config, "http,https", err);
    if (st == MP_OK && m->config.token.n > 0) {
        struct str line =
            arena_fmt(&m->arena, "Authorization: Bearer %.*s", STR_ARG(m->config.token));
        x->transfer.headers = line.p == NULL ? NULL : curl_slist_append(NULL, line.p);
        if (x->transfer.headers == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for a token");
    }
    return st;
}

/* GET base + path, and the status. */
static int get(struct sink_http *x, struct str path, const char *method, size_t max_bytes,
               int64_t deadline_us, struct mp_err *err)
{
    struct buf url;
    buf_init(&url, FULL_URL_MAX_BYTES);
    buf_add(&url, x->base);
    buf_add(&url, path);
    curl_easy_setopt(x->transfer.curl, CURLOPT_HTTPGET, 1L);
    int st = url.failed ? mp_fail(err, MP_E_USAGE, 0, "sink: what is looked for is too long")
                        : transfer_run(&x->transfer, buf_str(&url), method, false, max_bytes,
                                       deadline_us, "sink", err);
    buf_clear(&url);
    return st;
}

/* The problem document's own words (RFC 9457), else the status alone. */
static int problem(const struct transfer *t, struct mp_err *err)
{
    json_t *root = json_loadb(t->body.p, t->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *detail = json_string_value(json_object_get(root, "detail"));
    const char *title = json_string_value(json_object_get(root, "title"));
    const char *why = detail != NULL ? detail : title != NULL ? title : "no reason was told";
    bool is_final = t->status >= 400 && t->status < 500 && t->status != 429;
    int st = mp_fail(err, MP_E_IO, is_final ? MAILBOX_FAULT_FINAL : t->status,
                     "the sink answered %ld: %s", t->status, why);
    json_decref(root);
    return st;
}

/* ---- the query ---- */

static void add_parameter(struct buf *out, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    buf_addf(out, "&%s=", name);
    add_encoded(out, value);
}

static void add_match(struct buf *out, const struct mailbox_match *x)
{
    add_parameter(out, "tag", x->tag);
    add_parameter(out, "message-id", x->message_id);
    add_parameter(out, "to", x->to);
    add_parameter(out, "from", x->from);
    add_parameter(out, "subject", x->subject);
}

/* Bounces are not known by their identity: all are listed and looked at. */
static void write_query(struct buf *out, const struct sink_http *x,
                        const struct mailbox_match *match)
{
    if (match->bounce) {
        buf_add(out, x->listing);
        buf_addf(out, "?limit=%d", LIST_LIMIT);
        return;
    }
    buf_add(out, x->place);
    buf_addz(out, "/wait?timeout=0&form=summary");
    add_match(out, match);
}

/* ---- looking ---- */

/* What a listing does not tell and a judgement wants: the name the client gave, the protocol, and
 * how many transactions to the first recipient there were. An older sink's silence is no fault. */
static int read_attempts(struct sink_http *x, struct arena *a, struct mailbox_hit *hit,
                         int64_t deadline_us, struct mp_err *err)
{
    struct store_delivery *d = &hit->delivery;
    struct buf query;
    struct str words;
    if (d->n_rcpts == 0 || str_has(d->rcpts[0], '"') || str_has(d->rcpts[0], '\\'))
        return MP_OK;
    words = arena_fmt(a, "rcpt:\"%.*s\"", STR_ARG(d->rcpts[0]));
    buf_init(&query, FULL_URL_MAX_BYTES);
    buf_add(&query, x->attempts);
    buf_addf(&query, "?limit=1&cursor=%" PRId64 "&q=", d->seq < INT64_MAX ? d->seq + 1 : d->seq);
    add_encoded(&query, words);
    int st = query.failed || words.p == NULL
                 ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a query")
                 : get(x, buf_str(&query), NULL, LIST_MAX_BYTES, deadline_us, err);
    buf_clear(&query);
    if (st != MP_OK || x->transfer.status == HTTP_NOT_FOUND)
        return st;
    if (x->transfer.status != HTTP_OK)
        return problem(&x->transfer, err);
    return sink_attempts_read(a, buf_str(&x->transfer.body), hit, err);
}

static int look_at(struct mailbox_reader *m, struct mailbox_hits *hits, struct mailbox_hit *hit,
                   int64_t deadline_us, struct mp_err *err)
{
    struct sink_http *x = m->state;
    struct buf path;
    size_t before = hits->n;
    hit->id = str_from(hit->delivery.id);
    x->last_seq = hit->delivery.seq > x->last_seq ? hit->delivery.seq : x->last_seq;
    if (seen_has(&m->seen, hit->folder, hit->id))
        return MP_OK;
    buf_init(&path, FULL_URL_MAX_BYTES);
    buf_addz(&path, "/messages/");
    add_encoded(&path, hit->id);
    buf_addz(&path, "/raw");
    int st = get(x, buf_str(&path), NULL, ARRIVAL_MAX_MESSAGE_BYTES, deadline_us, err);
    buf_clear(&path);
    if (st != MP_OK || x->transfer.status == HTTP_NOT_FOUND)
        return st; /* deleted meanwhile */
    if (x->transfer.status != HTTP_OK)
        return problem(&x->transfer, err);
    hit->raw = buf_str(&x->transfer.body);
    st = mailbox_offer(m, hits, hit, err);
    if (st != MP_OK || hits->n == before)
        return st;
    return read_attempts(x, hits->arena, &hits->items[before], deadline_us, err);
}

static int http_find(struct mailbox_reader *m, const struct mailbox_match *match,
                     struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct sink_http *x = m->state;
    struct mailbox_hit *list = NULL;
    size_t n = 0;
    struct buf query;
    buf_init(&query, FULL_URL_MAX_BYTES);
    write_query(&query, x, match);
    int st = query.failed ? mp_fail(err, MP_E_USAGE, 0, "sink: what is looked for is too long")
                          : get(x, buf_str(&query), NULL, LIST_MAX_BYTES, deadline_us, err);
    buf_clear(&query);
    x->match = *match; /* borrowed until the next look, as the caller keeps it */
    x->has_match = true;
    if (st != MP_OK || x->transfer.status == HTTP_NO_CONTENT)
        return st;
    if (x->transfer.status != HTTP_OK)
        return problem(&x->transfer, err);
    st = sink_messages_read(hits->arena, buf_str(&x->transfer.body), &list, &n, err);
    for (size_t i = 0; i < n && st == MP_OK; i++) /* bounces are listed, newest first */
        st = look_at(m, hits, &list[match->bounce ? n - 1 - i : i], deadline_us, err);
    return st;
}

static int http_remove(struct mailbox_reader *m, const struct mailbox_hit *hit, int64_t deadline_us,
                       struct mp_err *err)
{
    struct sink_http *x = m->state;
    struct buf path;
    buf_init(&path, FULL_URL_MAX_BYTES);
    buf_addz(&path, "/messages/");
    add_encoded(&path, hit->id);
    int st = get(x, buf_str(&path), "DELETE", LIST_MAX_BYTES, deadline_us, err);
    buf_clear(&path);
    if (st != MP_OK || x->transfer.status == HTTP_NO_CONTENT || x->transfer.status == HTTP_OK ||
        x->transfer.status == HTTP_NOT_FOUND)
        return st;
    return problem(&x->transfer, err);
}

/* A long poll for what comes behind all that was seen. */
static int http_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    struct sink_http *x = m->state;
    struct buf query;
    int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
    if (!x->has_match || x->match.bounce || left_ms <= 0) {
        mailbox_pause(deadline_us);
        return MP_OK;
    }
    buf_init(&query, FULL_URL_MAX_BYTES);
    buf_add(&query, x->place);
    buf_addf(&query, "/wait?timeout=%" PRId64 "ms&form=summary&after=%" PRId64,
             left_ms < WAIT_MAX_MS ? left_ms : WAIT_MAX_MS, x->last_seq);
    add_match(&query, &x->match);
    int st = get(x, buf_str(&query), NULL, LIST_MAX_BYTES, deadline_us + WAIT_MAX_MS * 1000, err);
    buf_clear(&query);
    if (st != MP_OK || x->transfer.status == HTTP_OK || x->transfer.status == HTTP_NO_CONTENT)
        return st;
    return problem(&x->transfer, err);
}

static void http_close(struct mailbox_reader *m)
{
    struct sink_http *x = m->state;
    if (x != NULL)
        transfer_clear(&x->transfer);
    free(x);
}

const struct mailbox_kind mailbox_sink_http = {http_open, http_find, http_remove, http_wait,
                                               http_close};
