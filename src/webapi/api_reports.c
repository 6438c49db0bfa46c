/* What other receivers tell: DMARC aggregate reports by domain and source, TLS reports. */
#include "feedback/feedback_store.h"
#include "webapi/webapi_internal.h"

enum { RANGE_DEFAULT_S = 30 * 86400 };

static int read_filter(struct httpd_request *q, const char *const *known, size_t n_known,
                       struct feedback_filter *f, int64_t range_ms[2], struct mp_err *err)
{
    int st = httpd_query_known(q, known, n_known, err);
    f->limit = FEEDBACK_LIST_LIMIT;
    if (st == MP_OK)
        st = webapi_query_range(q, RANGE_DEFAULT_S, &range_ms[0], &range_ms[1], err);
    if (st == MP_OK)
        st = webapi_query_limit(q, &f->limit, err);
    if (st == MP_OK)
        st = webapi_query_flag(q, "failing", &f->failing, err);
    if (st != MP_OK)
        return st;
    httpd_query(q, "domain", &f->domain);
    f->from_s = range_ms[0] / 1000;
    f->to_s = (range_ms[1] + 999) / 1000;
    return MP_OK;
}

static void begin(struct json *j, const int64_t range_ms[2])
{
    json_object_begin(j);
    json_ktime_ms(j, "since", range_ms[0]);
    json_ktime_ms(j, "until", range_ms[1]);
}

static void put_uint(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_uint(j, v);
}

static void put_sums(struct json *j, const struct feedback_sums *s)
{
    put_uint(j, "messages", s->messages);
    put_uint(j, "passed", s->passed);
    put_uint(j, "dkim_aligned", s->dkim_aligned);
    put_uint(j, "spf_aligned", s->spf_aligned);
    put_uint(j, "quarantined", s->quarantined);
    put_uint(j, "rejected", s->rejected);
}

static void put_domains(struct json *j, const struct feedback_domain_list *list)
{
    json_key(j, "domains");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        const struct feedback_domain *d = &list->items[i];
        json_object_begin(j);
        json_kstr(j, "domain", d->domain);
        json_kopt(j, "policy", d->policy);
        put_sums(j, &d->sums);
        put_uint(j, "reports", d->reports);
        put_uint(j, "sources", d->sources);
        json_ktime_ms(j, "first", d->first_s * 1000);
        json_ktime_ms(j, "last", d->last_s * 1000);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_ip(struct json *j, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    json_kstr(j, key, ip->family == IP_NONE ? STR_NONE : str_make(text, ip_write(ip, text)));
}

static void put_sources(struct json *j, const struct feedback_source_list *list)
{
    json_key(j, "sources");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        const struct feedback_source *s = &list->items[i];
        json_object_begin(j);
        json_kstr(j, "domain", s->domain);
        put_ip(j, "ip", &s->ip);
        put_sums(j, &s->sums);
        put_uint(j, "reports", s->reports);
        put_uint(j, "dkim_passed", s->dkim_passed);
        put_uint(j, "spf_passed", s->spf_passed);
        json_kopt(j, "header_from", s->header_from);
        json_kopt(j, "dkim_domain", s->dkim_domain);
        json_kopt(j, "spf_domain", s->spf_domain);
        json_kopt(j, "reason", s->reason);
        json_ktime_ms(j, "first", s->first_s * 1000);
        json_ktime_ms(j, "last", s->last_s * 1000);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_days(struct json *j, const struct feedback_day_list *list)
{
    json_key(j, "days");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        json_object_begin(j);
        json_ktime_ms(j, "day", list->items[i].day_s * 1000);
        put_sums(j, &list->items[i].sums);
        json_object_end(j);
    }
    json_array_end(j);
}

int webapi_handle_reports_dmarc(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"since", "until", "domain", "failing", "limit"};
    struct webapi *w = ctx;
    struct feedback_filter f = {.limit = 0};
    struct feedback_domain_list domains = {0};
    struct feedback_source_list sources = {0};
    struct feedback_day_list days = {0};
    int64_t range_ms[2];
    if (w->c.feedback == NULL)
        return webapi_not_kept(q, "reports of others");
    int st = read_filter(q, known, ARRAY_LEN(known), &f, range_ms, err);
    if (st == MP_OK)
        st = feedback_store_domains(w->c.feedback, &f, httpd_arena(q), &domains, err);
    if (st == MP_OK)
        st = feedback_store_sources(w->c.feedback, &f, httpd_arena(q), &sources, err);
    f.limit = FEEDBACK_LIST_MAX;
    if (st == MP_OK)
        st = feedback_store_days(w->c.feedback, &f, httpd_arena(q), &days, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    begin(j, range_ms);
    put_domains(j, &domains);
    put_sources(j, &sources);
    put_days(j, &days);
    json_kbool(j, "more", domains.more || sources.more || days.more);
    json_object_end(j);
    return MP_OK;
}

/* ---- TLS ---- */

static void put_policies(struct json *j, const struct feedback_tls_list *list)
{
    json_key(j, "policies");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        const struct feedback_tls_row *r = &list->items[i];
        json_object_begin(j);
        json_kstr(j, "domain", r->domain);
        json_kopt(j, "org", r->org);
        json_kopt(j, "policy_type", r->policy_type);
        json_ktime_ms(j, "begin", r->begin_s * 1000);
        json_ktime_ms(j, "end", r->end_s * 1000);
        put_uint(j, "successful", r->successful);
        put_uint(j, "failed", r->failed);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_failures(struct json *j, const struct feedback_tls_list *list)
{
    json_key(j, "failures");
    json_array_begin(j);
    for (size_t i = 0; i < list->n; i++) {
        const struct feedback_tls_row *r = &list->items[i];
        json_object_begin(j);
        json_kstr(j, "domain", r->domain);
        json_kopt(j, "org", r->org);
        json_kopt(j, "result_type", r->result_type);
        json_kopt(j, "sending_ip", r->sending_ip);
        json_kopt(j, "receiving_mx", r->receiving_mx);
        json_kopt(j, "receiving_ip", r->receiving_ip);
        json_kopt(j, "reason", r->reason);
        put_uint(j, "sessions", r->failed);
        json_ktime_ms(j, "begin", r->begin_s * 1000);
        json_ktime_ms(j, "end", r->end_s * 1000);
        json_object_end(j);
    }
    json_array_end(j);
}

int webapi_handle_reports_tls(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"since", "until", "domain", "limit"};
    struct webapi *w = ctx;
    struct feedback_filter f = {.limit = 0};
    struct feedback_tls_list policies = {0}, failures = {0};
    int64_t range_ms[2];
    if (w->c.feedback == NULL)
        return webapi_not_kept(q, "reports of others");
    int st = read_filter(q, known, ARRAY_LEN(known), &f, range_ms, err);
    if (st == MP_OK)
        st = feedback_store_tls(w->c.feedback, &f, httpd_arena(q), &policies, err);
    if (st == MP_OK)
        st = feedback_store_tls_failures(w->c.feedback, &f, httpd_arena(q), &failures, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    begin(j, range_ms);
    put_policies(j, &policies);
    put_failures(j, &failures);
    json_kbool(j, "more", policies.more || failures.more);
    json_object_end(j);
    return MP_OK;
}
