/* Answers of a capture server's API as messages: summaries, and the transactions behind them. Pure;
 * what a member should be and is not is as if it were not there. */
#include <jansson.h>
#include <stdio.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"

struct reader {
    struct arena *arena;
    bool starved;
};

static struct str text_of(struct reader *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR("");
    struct str s =
        arena_copy(r->arena, str_make(json_string_value(value), json_string_length(value)));
    r->starved |= s.p == NULL;
    return s.p == NULL ? STR("") : s;
}

/* "2026-11-23T10:00:45.123Z"; 0: it is none. */
static int64_t time_of(struct str s)
{
    uint64_t part[7] = {0};
    static const unsigned char at[] = {0, 5, 8, 11, 14, 17, 20}, size[] = {4, 2, 2, 2, 2, 2, 3};
    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        if (!str_to_u64(str_slice(s, at[i], (size_t)at[i] + size[i]), 9999, &part[i]) && i < 6)
            return 0;
    if (part[0] == 0 || part[1] == 0 || part[1] > 12 || part[2] == 0 || part[2] > 31)
        return 0;
    return civil_to_unix((int)part[0], (int)part[1], (int)part[2], (int)part[3], (int)part[4],
                         (int)part[5]) *
               1000 +
           (int64_t)part[6];
}

static void read_rcpts(struct reader *r, const json_t *list, struct store_delivery *d)
{
    size_t n = json_array_size(list);
    struct str *rcpts = arena_new(r->arena, struct str, n + 1);
    r->starved |= rcpts == NULL;
    for (size_t i = 0; rcpts != NULL && i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        rcpts[i] = text == NULL ? STR("") : arena_copy(r->arena, str_from(text));
        r->starved |= rcpts[i].p == NULL;
    }
    d->rcpts = rcpts;
    d->n_rcpts = rcpts == NULL ? 0 : n;
}

static int read_summary(struct arena *a, const json_t *doc, struct mailbox_hit *hit,
                        struct mp_err *err)
{
    struct reader r = {.arena = a};
    struct store_delivery *d = &hit->delivery;
    d->inbox = text_of(&r, doc, "inbox");
    d->mail_from = text_of(&r, doc, "mail_from");
    d->client_ip = text_of(&r, doc, "client");
    d->tls_version = text_of(&r, doc, "tls");
    d->seq = json_integer_value(json_object_get(doc, "seq"));
    d->received_ms = time_of(text_of(&r, doc, "received"));
    int n = snprintf(d->id, sizeof d->id, "%.*s", STR_ARG(text_of(&r, doc, "id")));
    hit->has_delivery = true;
    hit->arrived_ms = d->received_ms;
    hit->folder = d->inbox.n > 0 ? d->inbox : STR("default");
    read_rcpts(&r, json_object_get(doc, "rcpt_to"), d);
    if (r.starved)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a list of messages");
    return n > 0 && (size_t)n < sizeof d->id
               ? MP_OK
               : mp_fail(err, MP_E_IO, 0, "the sink lists a message without an id");
}

int sink_messages_read(struct arena *a, struct str answer, struct mailbox_hit **out, size_t *n,
                       struct mp_err *err)
{
    json_t *root = json_loadb(answer.p, answer.n, 0, NULL);
    const json_t *list = json_object_get(root, "messages");
    size_t count = json_array_size(list);
    struct mailbox_hit *hits = NULL;
    int st = MP_OK;
    if (!json_is_array(list))
        st = mp_fail(err, MP_E_IO, 0, "the sink's answer is not understood");
    else if (count > SINK_ANSWER_MAX)
        st = mp_fail(err, MP_E_LIMIT, SINK_ANSWER_MAX, "the sink lists more than %d messages",
                     SINK_ANSWER_MAX);
    else if ((hits = arena_new(a, struct mailbox_hit, count + 1)) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a list of messages");
    for (size_t i = 0; st == MP_OK && i < count; i++)
        st = read_summary(a, json_array_get(list, i), &hits[i], err);
    json_decref(root);
    if (st != MP_OK)
        return st;
    *out = hits;
    *n = count;
    return MP_OK;
}

int sink_attempts_read(struct arena *a, struct str answer, struct mailbox_hit *hit,
                       struct mp_err *err)
{
    json_t *root = json_loadb(answer.p, answer.n, 0, NULL);
    const json_t *list = json_object_get(root, "attempts");
    const json_t *first = json_array_get(list, 0);
    json_int_t total = json_integer_value(json_object_get(root, "total"));
    struct reader r = {.arena = a};
    int st = MP_OK;
    if (!json_is_array(list))
        st = mp_fail(err, MP_E_IO, 0, "the sink's answer is not understood");
    if (st == MP_OK && total > 0 && total <= UINT32_MAX)
        hit->attempts = (unsigned)total;
    if (st == MP_OK && str_eq(text_of(&r, first, "id"), str_from(hit->delivery.id))) {
        hit->delivery.helo = text_of(&r, first, "helo");
        hit->delivery.protocol = text_of(&r, first, "protocol");
    }
    json_decref(root);
    return r.starved ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a transaction") : st;
}
