/* Stored reports as JSON. */
#include "feedback/show_internal.h"

static void key_ip(struct json *j, const char *key, const struct ip *ip)
{
    char room[IP_TEXT_MAX];
    json_kopt(j, key, ip->family == IP_NONE ? STR("") : str_make(room, ip_write(ip, room)));
}

static void key_u64(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_uint(j, v);
}

static void key_time(struct json *j, const char *key, int64_t unix_s)
{
    bool fits = unix_s > 0 && unix_s < INT64_MAX / 1000;
    json_ktime_ms(j, key, fits ? unix_s * 1000 : 0);
}

static void key_sums(struct json *j, const struct feedback_sums *s)
{
    key_u64(j, "messages", s->messages);
    key_u64(j, "passed", s->passed);
    key_u64(j, "failed", s->messages - s->passed);
    key_u64(j, "dkim_aligned", s->dkim_aligned);
    key_u64(j, "spf_aligned", s->spf_aligned);
    key_u64(j, "quarantined", s->quarantined);
    key_u64(j, "rejected", s->rejected);
}

static void key_range(struct json *j, int64_t begin_s, int64_t end_s)
{
    key_time(j, "begin", begin_s);
    key_time(j, "end", end_s);
}

void feedback_json_report(struct json *j, const struct feedback_stored *x)
{
    const struct dmarc_published *p = &x->published;
    const struct {
        const char *key;
        struct str value;
    } policy[] = {
        {"p", p->p},         {"sp", p->sp},           {"np", p->np},
        {"adkim", p->adkim}, {"aspf", p->aspf},       {"fo", p->fo},
        {"pct", p->pct},     {"testing", p->testing}, {"discovery_method", p->discovery_method}};
    json_object_begin(j);
    json_kint(j, "id", x->id);
    json_kword(j, "kind", feedback_kind_name(x->kind));
    json_ktext(j, "org", x->org);
    json_kopt(j, "email", x->email);
    json_ktext(j, "report_id", x->report_id);
    json_ktext(j, "domain", x->domain);
    key_range(j, x->begin_s, x->end_s);
    key_time(j, "received", x->received_s);
    json_kopt(j, "version", x->version);
    json_kopt(j, "source", x->source);
    if (x->kind == FEEDBACK_AGGREGATE) {
        json_key(j, "policy");
        json_object_begin(j);
        for (size_t i = 0; i < ARRAY_LEN(policy); i++)
            json_kopt(j, policy[i].key, policy[i].value);
        json_object_end(j);
    }
    key_u64(j, x->kind == FEEDBACK_TLS ? "sessions" : "messages", x->messages);
    key_u64(j, "failed", x->failed);
    key_u64(j, "problems", x->problems);
    json_object_end(j);
}

void feedback_json_domain(struct json *j, const struct feedback_domain *x)
{
    json_object_begin(j);
    json_ktext(j, "domain", x->domain);
    json_kopt(j, "policy", x->policy);
    key_sums(j, &x->sums);
    key_u64(j, "reports", x->reports);
    key_u64(j, "sources", x->sources);
    key_u64(j, "tls_successful", x->tls_ok);
    key_u64(j, "tls_failed", x->tls_failed);
    key_u64(j, "failure_reports", x->failure_reports);
    key_range(j, x->first_s, x->last_s);
    json_object_end(j);
}

void feedback_json_source(struct json *j, const struct feedback_source *x)
{
    json_object_begin(j);
    json_ktext(j, "domain", x->domain);
    key_ip(j, "source_ip", &x->ip);
    key_sums(j, &x->sums);
    key_u64(j, "dkim_passed", x->dkim_passed);
    key_u64(j, "spf_passed", x->spf_passed);
    json_kopt(j, "header_from", x->header_from);
    json_kopt(j, "dkim_domain", x->dkim_domain);
    json_kopt(j, "spf_domain", x->spf_domain);
    json_kopt(j, "override", x->reason);
    key_u64(j, "reports", x->reports);
    key_range(j, x->first_s, x->last_s);
    json_object_end(j);
}

static const char *dmarc_word(const struct feedback_row *x)
{
    return x->dkim == ALIGNED_PASS || x->spf == ALIGNED_PASS         ? "pass"
           : x->dkim == ALIGNED_UNKNOWN && x->spf == ALIGNED_UNKNOWN ? "unknown"
                                                                     : "fail";
}

void feedback_json_row(struct json *j, const struct feedback_row *x)
{
    json_object_begin(j);
    json_kword(j, "kind", feedback_kind_name(FEEDBACK_AGGREGATE));
    json_kint(j, "report", x->report);
    json_ktext(j, "domain", x->domain);
    json_ktext(j, "org", x->org);
    json_ktext(j, "report_id", x->report_id);
    key_range(j, x->begin_s, x->end_s);
    key_ip(j, "source_ip", &x->ip);
    key_u64(j, "count", x->count);
    json_kword(j, "dmarc", dmarc_word(x));
    json_kword(j, "dkim", feedback_aligned_name(x->dkim));
    json_kword(j, "spf", feedback_aligned_name(x->spf));
    json_kword(j, "disposition", feedback_disposition_name(x->disposition));
    json_kopt(j, "policy", x->policy);
    json_kopt(j, "header_from", x->header_from);
    json_kopt(j, "envelope_from", x->envelope_from);
    json_kopt(j, "envelope_to", x->envelope_to);
    json_kopt(j, "override", x->reasons);
    json_kopt(j, "dkim_results", x->dkim_results);
    json_kopt(j, "spf_results", x->spf_results);
    json_object_end(j);
}

void feedback_json_day(struct json *j, const struct feedback_day *x)
{
    json_object_begin(j);
    key_time(j, "day", x->day_s);
    key_sums(j, &x->sums);
    json_object_end(j);
}

static void tls_head(struct json *j, const struct feedback_tls_row *x)
{
    json_object_begin(j);
    json_kword(j, "kind", feedback_kind_name(FEEDBACK_TLS));
    json_kint(j, "report", x->report);
    json_ktext(j, "domain", x->domain);
    json_ktext(j, "org", x->org);
    key_range(j, x->begin_s, x->end_s);
    json_kopt(j, "policy_type", x->policy_type);
}

void feedback_json_tls(struct json *j, const struct feedback_tls_row *x)
{
    tls_head(j, x);
    key_u64(j, "successful", x->successful);
    key_u64(j, "failed", x->failed);
    json_object_end(j);
}

void feedback_json_tls_failure(struct json *j, const struct feedback_tls_row *x)
{
    tls_head(j, x);
    key_u64(j, "failed", x->failed);
    json_ktext(j, "result_type", x->result_type);
    json_kopt(j, "sending_ip", x->sending_ip);
    json_kopt(j, "receiving_mx", x->receiving_mx);
    json_kopt(j, "receiving_ip", x->receiving_ip);
    json_kopt(j, "reason", x->reason);
    json_kopt(j, "information", x->info);
    json_object_end(j);
}

void feedback_json_failure(struct json *j, const struct feedback_failure *x)
{
    json_object_begin(j);
    json_kword(j, "kind", feedback_kind_name(FEEDBACK_FAILURE));
    json_kint(j, "report", x->report);
    json_ktext(j, "domain", x->domain);
    json_kopt(j, "org", x->org);
    key_time(j, "time", x->time_s);
    json_ktext(j, "type", x->type);
    key_ip(j, "source_ip", &x->ip);
    key_u64(j, "incidents", x->incidents);
    json_kopt(j, "auth_failure", x->auth_failure);
    json_kopt(j, "delivery_result", x->delivery_result);
    json_kopt(j, "mail_from_domain", x->mail_from_domain);
    json_kopt(j, "from_domain", x->from_domain);
    json_kopt(j, "dkim_domain", x->dkim_domain);
    json_kopt(j, "dkim_selector", x->dkim_selector);
    json_kopt(j, "user_agent", x->user_agent);
    json_object_end(j);
}

/* ---- documents ---- */

#define LIST(name, list, write)                                                                    \
    do {                                                                                           \
        json_key(&j, name);                                                                        \
        json_array_begin(&j);                                                                      \
        for (size_t i = 0; i < (list).n; i++)                                                      \
            write(&j, &(list).items[i]);                                                           \
        json_array_end(&j);                                                                        \
        more |= (list).more;                                                                       \
    } while (0)

void feedback_show_json(struct buf *out, const struct feedback_shown *x)
{
    struct json j;
    bool more = false;
    json_init(&j, out, 2);
    json_object_begin(&j);
    json_ktext(&j, "schema", STR(FEEDBACK_SCHEMA_NAME));
    LIST("domains", x->domains, feedback_json_domain);
    LIST("sources", x->sources, feedback_json_source);
    LIST("days", x->days, feedback_json_day);
    LIST("reports", x->reports, feedback_json_report);
    LIST("rows", x->rows, feedback_json_row);
    LIST("tls", x->tls, feedback_json_tls);
    LIST("tls_failures", x->tls_failures, feedback_json_tls_failure);
    LIST("failures", x->failures, feedback_json_failure);
    json_kbool(&j, "more", more); /* a list was cut at its limit */
    json_object_end(&j);
    buf_addc(out, '\n');
}

#define LINES(list, write)                                                                         \
    for (size_t i = 0; i < (list).n; i++) {                                                        \
        json_init(&j, out, 0);                                                                     \
        write(&j, &(list).items[i]);                                                               \
        buf_addc(out, '\n');                                                                       \
    }

void feedback_show_jsonl(struct buf *out, const struct feedback_shown *x)
{
    struct json j;
    LINES(x->rows, feedback_json_row)
    LINES(x->tls_failures, feedback_json_tls_failure)
    LINES(x->failures, feedback_json_failure)
}
