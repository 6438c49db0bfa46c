/* Received and Return-Path fields as a source of the envelope. */
#include "run/envelope.h"

#include "message/limits.h"

/* RFC 6890, the blocks that mail from outside cannot come from. */
static const struct {
    const char *net;
    unsigned bits;
} special[] = {{"0.0.0.0", 8},      {"10.0.0.0", 8},    {"100.64.0.0", 10},  {"127.0.0.0", 8},
               {"169.254.0.0", 16}, {"172.16.0.0", 12}, {"192.168.0.0", 16}, {"224.0.0.0", 3},
               {"::", 127},         {"fc00::", 7},      {"fe80::", 10},      {"ff00::", 8}};

bool ip_is_public(const struct ip *ip)
{
    if (ip->family == IP_NONE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(special); i++) {
        struct ip net;
        if (ip_parse(str_from(special[i].net), &net) && ip_in_prefix(ip, &net, special[i].bits))
            return false;
    }
    return true;
}

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
