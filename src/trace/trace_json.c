/* Members of JSON documents: hops, changes, bounces. */
#include "trace/trace_internal.h"

static void optional_int(struct json *j, const char *key, bool has, int64_t v)
{
    json_key(j, key);
    if (has)
        json_int(j, v);
    else
        json_write_null(j);
}

static void optional_str(struct json *j, const char *key, struct str s)
{
    json_kstr(j, key, s.n > 0 ? s : STR_NONE);
}

static void optional_ip(struct json *j, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    json_key(j, key);
    if (ip->family == IP_NONE)
        json_write_null(j);
    else
        json_str(j, str_make(text, ip_write(ip, text)));
}

static void hop_json(struct json *j, const struct trace_hop *hop)
{
    const struct received *r = &hop->received;
    json_object_begin(j);
    optional_str(j, "from", r->from_name);
    optional_str(j, "from_rdns", r->from_rdns);
    optional_ip(j, "from_ip", &r->from_ip);
    optional_str(j, "by", r->by_name);
    optional_str(j, "with", r->with);
    optional_str(j, "id", r->id);
    optional_str(j, "for", r->for_addr);
    json_kbool(j, "tls", hop->tls);
    optional_str(j, "tls_version", r->tls_version);
    optional_str(j, "tls_cipher", r->tls_cipher);
    json_kbool(j, "authenticated", r->authenticated);
    json_kbool(j, "internal", hop->internal);
    optional_int(j, "time_s", hop->has_time, hop->at_s);
    optional_int(j, "delay_s", hop->has_delay, hop->delay_s);
    json_object_end(j);
}

void trace_hops_json(struct json *j, const struct trace_hops *h)
{
    json_object_begin(j);
    json_kint(j, "count", (int64_t)h->n);
    optional_int(j, "total_s", h->has_total, h->total_s);
    optional_int(j, "slowest", h->slowest < h->n, (int64_t)h->slowest);
    json_kint(j, "plain", (int64_t)h->n_plain);
    optional_int(j, "skew_s", h->skewed, h->skew_s);
    json_kbool(j, "cut", h->cut);
    json_key(j, "items");
    json_array_begin(j);
    for (size_t i = 0; i < h->n; i++)
        hop_json(j, &h->items[i]);
    json_array_end(j);
    json_object_end(j);
}

void trace_altered_json(struct json *j, const struct trace_altered *t)
{
    json_object_begin(j);
    json_kbool(j, "identical", t->identical);
    json_kbool(j, "body_intact", t->body_intact);
    json_kbool(j, "cut", t->cut);
    json_key(j, "changes");
    json_array_begin(j);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_change *c = &t->items[i];
        json_object_begin(j);
        json_kstr(j, "kind", str_from(trace_change_name(c->kind)));
        json_kstr(j, "name", c->name.p == NULL ? STR("") : c->name);
        json_kstr(j, "detail", c->detail.p == NULL ? STR("") : c->detail);
        json_kint(j, "sent_offset", (int64_t)c->sent_offset);
        json_kint(j, "received_offset", (int64_t)c->received_offset);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

void trace_dsn_json(struct json *j, const struct trace_dsn *d)
{
    if (!d->is_dsn) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    optional_str(j, "reporting_mta", d->reporting_mta);
    optional_str(j, "envelope_id", d->envid);
    optional_str(j, "original_message_id", d->original_message_id);
    json_key(j, "recipients");
    json_array_begin(j);
    for (size_t i = 0; i < d->n_rcpts; i++) {
        const struct trace_dsn_rcpt *r = &d->rcpts[i];
        json_object_begin(j);
        optional_str(j, "final", r->final_rcpt);
        optional_str(j, "original", r->original_rcpt);
        optional_str(j, "action", r->action);
        optional_str(j, "status", r->status);
        optional_str(j, "diagnostic", r->diagnostic);
        optional_str(j, "remote_mta", r->remote_mta);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}
