/* Others' reports, and hostile ones: conformance/dmarc-aggregate, tls-rpt and arf, read in place.
 */
#include <stdio.h>

#include "feedback/report.h"
#include "tests/vectors/vectors.h"

static struct arena arena;

static struct str text_at(const json_t *object, const char *key)
{
    struct str s = vectors_str(object, key);
    return s.p == NULL ? STR("") : str_trim(s);
}

/* What the suite's reader has as null was not looked at, or is not there. */
static void same(const char *what, struct str got, const json_t *object, const char *key)
{
    struct str want = text_at(object, key);
    if (!str_eq(got, want))
        tap_note("%s: '" STR_FMT "', wanted '" STR_FMT "'", what, STR_ARG(got), STR_ARG(want));
    tap_ok(str_eq(got, want));
}

static void same_word(const char *what, const char *got, const json_t *object, const char *key)
{
    struct str want = text_at(object, key);
    bool equal = want.n == 0 || str_ieq(str_from(got), want);
    if (!equal)
        tap_note("%s: %s, wanted " STR_FMT, what, got, STR_ARG(want));
    tap_ok(equal);
}

/* "1337270400.0" */
static void same_time(int64_t got, struct str want)
{
    uint64_t seconds = 0;
    tap_ok(str_to_u64(str_cut(&want, '.'), INT64_MAX, &seconds));
    tap_int(got, seconds);
}

/* ---- aggregate ---- */

static void same_results(const struct dmarc_auth *list, size_t n, const json_t *want,
                         size_t at_result)
{
    tap_int(n, json_array_size(want));
    for (size_t i = 0; i < n && i < json_array_size(want); i++) {
        const json_t *row = json_array_get(want, i);
        const json_t *word = json_array_get(row, at_result);
        struct str result = json_is_string(word) ? str_from(json_string_value(word)) : STR("");
        const json_t *domain = json_array_get(row, 0);
        tap_ok(str_ieq(list[i].result, result));
        tap_str(list[i].domain,
                json_is_string(domain) ? str_from(json_string_value(domain)) : STR(""));
    }
}

static void same_rows(const struct dmarc_aggregate *r, const json_t *want)
{
    for (size_t i = 0; i < json_array_size(want); i++) {
        const json_t *w = json_array_get(want, i);
        const struct dmarc_row *row = &r->rows[i];
        char ip[IP_TEXT_MAX];
        tap_int(row->count, json_integer_value(json_object_get(w, "count")));
        same("source_ip", str_make(ip, ip_write(&row->source, ip)), w, "source_ip");
        same("header_from", row->header_from, w, "header_from");
        same_word("disposition", feedback_disposition_name(row->disposition), w, "disposition");
        same_word("dkim", feedback_aligned_name(row->dkim), w, "dkim");
        same_word("spf", feedback_aligned_name(row->spf), w, "spf");
        same_results(row->dkim_results, row->n_dkim, json_object_get(w, "auth_dkim"), 2);
        same_results(row->spf_results, row->n_spf, json_object_get(w, "auth_spf"), 1);
        tap_int(row->n_reasons, json_array_size(json_object_get(w, "reasons")));
    }
}

static void same_aggregate(const struct feedback_content *c, const json_t *want)
{
    if (!tap_int(c->n, 1) || !tap_int(c->items[0].kind, FEEDBACK_AGGREGATE))
        return;
    const struct dmarc_aggregate *r = c->items[0].aggregate;
    same("org_name", r->org_name, want, "org_name");
    same("report_id", r->report_id, want, "report_id");
    same("domain", r->published.domain, want, "domain");
    same("p", r->published.p, want, "p");
    same("sp", r->published.sp, want, "sp");
    same("np", r->published.np, want, "np");
    same("version", r->version, want, "version");
    same("testing", r->published.testing, want, "testing");
    same("discovery_method", r->published.discovery_method, want, "discovery_method");
    same_time(r->begin_s, text_at(want, "begin"));
    same_time(r->end_s, text_at(want, "end"));
    tap_int(r->n_rows, json_integer_value(json_object_get(want, "records")));
    tap_int(r->messages, json_integer_value(json_object_get(want, "messages")));
    if (r->n_rows >= json_array_size(json_object_get(want, "first_records")))
        same_rows(r, json_object_get(want, "first_records"));
}

/* ---- TLS ---- */

static void same_tls(const struct feedback_content *c, const json_t *want)
{
    const json_t *policies = json_object_get(want, "policies");
    if (!tap_int(c->n, 1) || !tap_int(c->items[0].kind, FEEDBACK_TLS))
        return;
    const struct tls_report *r = c->items[0].tls;
    same("org", r->org_name, want, "org");
    same("report_id", r->report_id, want, "report_id");
    same("begin", r->begin, want, "begin");
    same("end", r->end, want, "end");
    tap_ok(r->begin_s > 0 && r->end_s >= r->begin_s);
    if (!tap_int(r->n_results, json_array_size(policies)))
        return;
    for (size_t i = 0; i < r->n_results; i++) {
        const struct tls_result *p = &r->results[i];
        const json_t *w = json_array_get(policies, i), *details = json_object_get(w, "details");
        same("type", p->policy_type, w, "type");
        same("domain", p->domain, w, "domain");
        tap_int(p->successful, json_integer_value(json_object_get(w, "ok")));
        tap_int(p->failed, json_integer_value(json_object_get(w, "failed")));
        if (!tap_int(p->n_failures, json_array_size(details)))
            continue;
        for (size_t k = 0; k < p->n_failures; k++) {
            const json_t *d = json_array_get(details, k);
            tap_str(p->failures[k].result_type, str_from(json_string_value(json_array_get(d, 0))));
            tap_int(p->failures[k].count, json_integer_value(json_array_get(d, 1)));
        }
    }
}

/* ---- failure ---- */

/* Where the suite's reader found no fields (it does not undo base64), nothing is compared. */
static void same_failure(const struct feedback_content *c, const json_t *want)
{
    const json_t *original = json_object_get(want, "original");
    if (!tap_int(c->n, 1) || !tap_int(c->items[0].kind, FEEDBACK_FAILURE))
        return;
    const struct failure_report *r = c->items[0].failure;
    if (json_is_string(json_object_get(want, "feedback_type"))) {
        same("feedback_type", r->feedback_type, want, "feedback_type");
        same("user_agent", r->user_agent, want, "user_agent");
        same("version", r->version, want, "version");
        same("source_ip", r->source, want, "source_ip");
        same("arrival_date", r->arrival_date, want, "arrival_date");
        same("original_mail_from", r->mail_from, want, "original_mail_from");
        same("auth_failure", r->auth_failure, want, "auth_failure");
        same("delivery_result", r->delivery_result, want, "delivery_result");
        same("dkim_domain", r->dkim_domain, want, "dkim_domain");
        tap_int(r->n_domains, json_array_size(json_object_get(want, "reported_domain")));
        tap_ok(r->source.n == 0 || r->ip.family != IP_NONE);
    }
    if (!json_is_object(original))
        return;
    same("part", r->original_part, original, "part");
    same("subject", r->subject, original, "subject");
    same("message_id", r->message_id, original, "message_id");
    same("from_", r->from, original, "from_");
}

/* ---- suites ---- */

/* What must be, of hostile and broken ones. "accept or refuse", "bounded": that it comes back. */
static void judge_error(const struct feedback_content *c, struct str error)
{
    bool refused = c->n == 0 && c->problems.worst == GRAVITY_REFUSED;
    bool partial = c->problems.worst >= GRAVITY_PARTIAL;
    if (str_eq(error, STR("accept")))
        tap_ok(c->n == 1 && !partial);
    else if (str_eq(error, STR("accept with warning")))
        tap_ok(c->n == 1 && c->problems.n > 0);
    else if (str_eq(error, STR("refuse record")) || str_starts(error, STR("refuse or")))
        tap_ok(refused || partial);
    else if (str_starts(error, STR("accept or")) || str_eq(error, STR("bounded")) ||
             str_starts(error, STR("BadGzipFile"))) /* its reader takes no line end before gzip */
        tap_ok(refused || c->n == 1);
    else
        tap_ok(refused);
}

static void run_suite(const char *suite,
                      void (*compare)(const struct feedback_content *, const json_t *))
{
    char path[64];
    snprintf(path, sizeof path, "%s/cases.json", suite);
    json_t *cases = vectors_load(suite, path);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *x = json_array_get(cases, i);
        struct feedback_content c = {0};
        struct mp_err err = {0};
        tap_case("%s: %s", suite, json_string_value(json_object_get(x, "id")));
        struct str bytes = vectors_file(suite, json_string_value(json_object_get(x, "file")));
        if (!tap_int(feedback_read(&arena, bytes, &c, &err), MP_OK))
            tap_note("%s", err.text);
        const json_t *want = json_object_get(x, "expect");
        if (json_is_object(want))
            compare(&c, want);
        else
            judge_error(&c, text_at(x, "error"));
        for (size_t k = 0; k < c.problems.n; k++)
            tap_note("%s, %s: " STR_FMT ": " STR_FMT,
                     feedback_gravity_name(c.problems.items[k].gravity),
                     feedback_problem_name(c.problems.items[k].kind),
                     STR_ARG(c.problems.items[k].where), STR_ARG(c.problems.items[k].text));
        arena_reset(&arena);
    }
    json_decref(cases);
}

int main(void)
{
    arena_init(&arena, FEEDBACK_ARENA_MAX_BYTES);
    run_suite("dmarc-aggregate", same_aggregate);
    run_suite("tls-rpt", same_tls);
    run_suite("arf", same_failure);
    arena_clear(&arena);
    return tap_done();
}
