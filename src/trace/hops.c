/* Received fields as a way from hop to hop: how long each took, over TLS or not, whose clock errs.
 */
#include "trace/trace.h"

/* ---- one hop ---- */

static bool is_loopback(const struct ip *ip)
{
    static const unsigned char v6[15] = {0};
    if (ip->family == IP_V4)
        return ip->octets[0] == 127;
    return ip->family == IP_V6 && memcmp(ip->octets, v6, sizeof v6) == 0 && ip->octets[15] == 1;
}

/* Handed over inside one machine: nothing was on a wire. */
static bool is_internal(const struct received *r)
{
    if (is_loopback(&r->from_ip))
        return true;
    if (r->from_ip.family != IP_NONE)
        return false;
    if (r->from_name.n == 0 && r->from_rdns.n == 0)
        return true; /* "by host (Postfix, from userid 1000)", "(qmail 123 invoked by uid 0)" */
    return str_ieq(r->from_name, STR("localhost")) ||
           (r->by_name.n > 0 && str_ieq(r->from_name, r->by_name));
}

static void read_hop(const struct header *field, struct trace_hop *hop)
{
    hop->field = field;
    received_parse(field->value, &hop->received);
    hop->has_time = hop->received.has_date;
    hop->at_s = hop->received.date.unix_s;
    hop->tls = hop->received.tls;
    hop->internal = is_internal(&hop->received);
}

/* ---- all ---- */

/* Times without their date field are bridged: the next hop's delay is then since the last known. */
static void measure(struct trace_hops *h, int64_t sent_s, int64_t arrived_s)
{
    bool has_last = sent_s >= 0;
    int64_t last = sent_s, first = sent_s;
    bool has_first = has_last;
    h->slowest = h->n;
    for (size_t i = 0; i < h->n; i++) {
        struct trace_hop *hop = &h->items[i];
        h->n_plain += !hop->tls && !hop->internal;
        if (!hop->has_time)
            continue;
        hop->has_delay = has_last;
        hop->delay_s = has_last ? hop->at_s - last : 0;
        if (hop->has_delay && (h->slowest == h->n || hop->delay_s > h->items[h->slowest].delay_s))
            h->slowest = i;
        if (hop->delay_s < 0) {
            h->skewed = true;
            h->skew_s = -hop->delay_s > h->skew_s ? -hop->delay_s : h->skew_s;
        }
        first = has_first ? first : hop->at_s;
        has_first = has_last = true;
        last = hop->at_s;
    }
    if (arrived_s >= 0 && has_last && arrived_s < last) {
        h->skewed = true; /* the last server's clock is ahead of the mailbox's */
        h->skew_s = last - arrived_s > h->skew_s ? last - arrived_s : h->skew_s;
    }
    h->has_total = has_first && (arrived_s >= 0 || h->n > 0);
    if (h->has_total)
        h->total_s = (arrived_s >= 0 ? arrived_s : last) - first;
}

int trace_hops(struct arena *a, const struct message *m, int64_t sent_s, int64_t arrived_s,
               struct trace_hops *out, struct mp_err *err)
{
    struct trace_hops h = {0};
    size_t count = header_count(m, STR("Received"));
    h.cut = count > TRACE_MAX_HOPS;
    h.n = h.cut ? TRACE_MAX_HOPS : count;
    h.items = arena_new(a, struct trace_hop, h.n + 1);
    if (h.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the hops of a message");
    /* With too many the newest are kept: those our own side wrote. */
    const struct header *field = header_last(m, STR("Received"));
    for (size_t skip = count - h.n; field != NULL && skip > 0; skip--)
        field = header_above(m, field);
    for (size_t i = 0; i < h.n && field != NULL; i++, field = header_above(m, field))
        read_hop(field, &h.items[i]);
    measure(&h, h.cut ? -1 : sent_s, arrived_s);
    *out = h;
    return MP_OK;
}
