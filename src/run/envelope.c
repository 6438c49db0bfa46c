/* Received and Return-Path fields as a source of the envelope. */
#include "run/envelope.h"

#include "message/limits.h"

static void take_received(const struct message *msg, struct envelope *out)
{
    size_t seen = 0;
    for (size_t i = 0; i < msg->n_headers && seen < RECEIVED_MAX_FIELDS; i++) {
        struct received r;
        if (!str_ieq(msg->headers[i].name, STR("Received")))
            continue;
        seen++;
        received_parse(msg->headers[i].value, &r);
        if (!ip_is_public(&r.from_ip))
            continue;
        out->client = r.from_ip;
        if (out->helo.n == 0)
            out->helo = r.from_name;
        return;
    }
}

void envelope_from_headers(struct arena *arena, const struct message *msg, struct envelope *out)
{
    if (out->client.family == IP_NONE)
        take_received(msg, out);
    const struct header *path = header_first(msg, STR("Return-Path"));
    if (out->has_mail_from || path == NULL)
        return;
    out->mail_from = str_trim(header_unfold(arena, path->value));
    out->has_mail_from = true;
}

bool envelope_received_time(const struct message *msg, int64_t *unix_s)
{
    const struct header *h = header_first(msg, STR("Received"));
    struct received r;
    if (h == NULL)
        return false;
    received_parse(h->value, &r);
    if (r.has_date)
        *unix_s = r.date.unix_s;
    return r.has_date;
}
