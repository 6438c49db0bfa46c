/* The SPF suite: RFC 7208's public tests, those of other implementations, and more (333 cases). */
#include <stdio.h>
#include <stdlib.h>

#include "auth/spf.h"
#include "base/idna.h"
#include "tests/vectors/vectors.h"

enum { BUDGET_BYTES = 64 * 1024 * 1024, RDATA_MAX = 512 };

static void must(int status, const struct mp_err *err, const char *name)
{
    if (status == MP_OK)
        return;
    fprintf(stderr, "spf zone, %s: %s\n", name, err->text);
    abort();
}

/* ---- one scenario's zone ---- */

static bool is_text(const json_t *v, const char *word)
{
    return json_is_string(v) && strcmp(json_string_value(v), word) == 0;
}

/* A TXT or SPF value: a text, or the strings of one record. */
static void add_txt(struct dns_zone *z, const char *name, const json_t *v)
{
    struct mp_err err = {0};
    struct buf b;
    size_t i;
    json_t *part;
    buf_init(&b, 1024 * 1024);
    if (json_is_string(v))
        buf_add(&b, str_make(json_string_value(v), json_string_length(v)));
    json_array_foreach(v, i, part)
    {
        buf_add(&b, str_make(json_string_value(part), json_string_length(part)));
    }
    must(dns_zone_add_txt(z, str_from(name), buf_str(&b), &err), &err, name);
    buf_clear(&b);
}

/* RDATA of the suite to presentation form: MX is [preference, target]; names are absolute. */
static void add_record(struct dns_zone *z, const char *name, enum dns_type type, const json_t *v)
{
    struct mp_err err = {0};
    char rdata[RDATA_MAX];
    const char *text = json_string_value(json_is_array(v) ? json_array_get(v, 1) : v);
    size_t n = strlen(text);
    const char *dot = type == DNS_A || type == DNS_AAAA || (n > 0 && text[n - 1] == '.') ? "" : ".";
    if (json_is_array(v))
        snprintf(rdata, sizeof rdata, "%lld %s%s",
                 (long long)json_integer_value(json_array_get(v, 0)), text, dot);
    else
        snprintf(rdata, sizeof rdata, "%s%s", text, dot);
    must(dns_zone_add(z, str_from(name), type, 300, str_from(rdata), &err), &err, name);
}

static const enum dns_type asked_types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT};

/* Some zones hold names that no DNS can have, to see that nothing is asked for them. */
static bool can_exist(struct str name)
{
    if (name.n > DOMAIN_MAX_OCTETS)
        return false;
    while (name.p != NULL) {
        if (str_cut(&name, '.').n > DOMAIN_LABEL_MAX_OCTETS)
            return false;
    }
    return true;
}

/* SPF records stand in for TXT where a name has none and `TXT: NONE` does not forbid it; TIMEOUT
 * fails the types that the name has no record of. */
static void add_name(struct dns_zone *z, const char *name, const json_t *records)
{
    struct mp_err err = {0};
    bool has[DNS_CAA + 1] = {false}, has_txt_key = false, times_out = false;
    size_t i;
    json_t *entry, *value;
    const char *type_name;
    json_array_foreach(records, i, entry)
    {
        times_out = times_out || is_text(entry, "TIMEOUT");
        has_txt_key = has_txt_key || json_object_get(entry, "TXT") != NULL;
    }
    json_array_foreach(records, i, entry)
    {
        json_object_foreach(entry, type_name, value)
        {
            enum dns_type type = DNS_TXT;
            bool is_spf = strcmp(type_name, "SPF") == 0;
            if (!is_spf && !dns_type_by_name(str_from(type_name), &type))
                abort();
            if (is_text(value, "NONE") || (is_spf && has_txt_key))
                continue;
            has[type] = true;
            if (is_text(value, "TIMEOUT"))
                must(dns_zone_add_failure(z, str_from(name), (int)type, DNS_TIMEOUT, &err), &err,
                     name);
            else if (type == DNS_TXT)
                add_txt(z, name, value);
            else
                add_record(z, name, type, value);
        }
    }
    for (i = 0; times_out && i < ARRAY_LEN(asked_types); i++) {
        if (!has[asked_types[i]])
            must(dns_zone_add_failure(z, str_from(name), (int)asked_types[i], DNS_TIMEOUT, &err),
                 &err, name);
    }
}

/* Names that begin with "error." time out, whatever the zone holds. */
static struct dns_answer *lookup(void *zone, struct str name, enum dns_type type)
{
    if (str_istarts(name, STR("error.")))
        return dns_answer_new(DNS_TIMEOUT, name, type, DNSSEC_UNKNOWN, 0, name, STR("error."), NULL,
                              0);
    return dns_zone_lookup(zone, name, type);
}

/* ---- cases ---- */

/* "DEFAULT": there is no explanation of the domain's own. */
static bool explanation_ok(const json_t *test, const struct spf_outcome *out)
{
    struct str want = vectors_str(test, "explanation");
    if (want.p == NULL)
        return true;
    return str_eq(want, STR("DEFAULT")) ? out->explanation.n == 0 : str_eq(want, out->explanation);
}

static void run_test(struct dns_zone *zone, const char *id, const json_t *test)
{
    struct arena arena;
    struct mp_err err = {0};
    struct auth_config config;
    struct spf_outcome out = {0};
    struct spf_request req = {.helo = vectors_str(test, "helo"),
                              .mail_from = vectors_str(test, "mailfrom")};
    arena_init(&arena, BUDGET_BYTES);
    auth_config_init(&config);
    tap_case("spf: %s", id);
    if (!ip_parse(vectors_str(test, "host"), &req.client))
        abort();
    struct dns_view *view = dns_view_new(&arena, lookup, zone);
    struct auth_ctx ctx = {.arena = &arena, .dns = view, .config = &config, .now_s = 1790000000};
    int st = spf_check(&ctx, &req, &out, &err);
    const char *got = st == MP_OK ? spf_result_name(out.result) : mp_status_name(st);
    bool ok = st == MP_OK && vectors_accepts(json_object_get(test, "result"), got) &&
              explanation_ok(test, &out);
    tap_vector("spf", id, ok, got, json_object_get(test, "result"));
    if (!ok)
        tap_note("reason: " STR_FMT "; explanation: " STR_FMT, STR_ARG(out.reason),
                 STR_ARG(out.explanation));
    dns_view_release(view);
    arena_clear(&arena);
}

static void run_scenario(const json_t *scenario)
{
    const char *name, *id;
    json_t *records, *test;
    struct dns_zone *zone = dns_zone_new();
    if (zone == NULL)
        abort();
    json_object_foreach(json_object_get(scenario, "zonedata"), name, records)
    {
        if (can_exist(str_from(name)))
            add_name(zone, name, records);
    }
    json_object_foreach(json_object_get(scenario, "tests"), id, test)
    {
        run_test(zone, id, test);
    }
    dns_zone_free(zone);
}

int main(void)
{
    size_t i;
    json_t *scenario, *all = vectors_load("spf", "spf/scenarios.json");
    if (all == NULL)
        return tap_done();
    json_array_foreach(all, i, scenario)
    {
        run_scenario(scenario);
    }
    json_decref(all);
    return vectors_done("spf");
}
