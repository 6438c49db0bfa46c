/* conformance/records, kinds of MTA-STS and TLS-RPT: records, policies, patterns. */
#include "tests/vectors/vectors.h"
#include "transport/mta_sts.h"
#include "transport/tls_rpt.h"

static json_t *text(struct str s)
{
    return json_stringn(s.p, s.n);
}

static json_t *texts(const struct str *list, size_t n)
{
    json_t *array = json_pack("[]"); /* json_array, json_null: names of base/json.h here */
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, text(list[i]));
    return array;
}

/* The list of TXT records of a case as the answer of a zone. */
static struct dns_answer *answer(struct dns_zone *z, const json_t *input)
{
    struct mp_err err = {0};
    size_t i;
    json_t *record;
    json_array_foreach((json_t *)(uintptr_t)input, i, record)
        dns_zone_add_txt(z, STR("r.test"),
                         str_make(json_string_value(record), json_string_length(record)), &err);
    return dns_zone_lookup(z, STR("r.test"), DNS_TXT);
}

static json_t *sts_txt(const json_t *input)
{
    struct mta_sts_record r;
    struct dns_zone *z = dns_zone_new();
    struct dns_answer *txt = answer(z, input);
    bool present = mta_sts_record_of(txt, &r) == MTA_STS_PRESENT;
    json_t *got = present ? json_pack("{so}", "id", text(r.id)) : json_pack("n");
    dns_answer_unref(txt);
    dns_zone_free(z);
    return got;
}

static json_t *sts_policy(const json_t *input)
{
    struct mta_sts_policy p;
    struct mp_err err = {0};
    struct str body = str_make(json_string_value(input), json_string_length(input));
    if (mta_sts_policy_parse(body, &p, &err) != MP_OK)
        return json_pack("n");
    return json_pack("{ss so si}", "mode", mta_sts_mode_name(p.mode), "mx", texts(p.mx, p.n_mx),
                     "max_age", (int)p.max_age_s);
}

static json_t *sts_mx(const json_t *input)
{
    bool matches = mta_sts_matches(vectors_str(input, "pattern"), vectors_str(input, "mx"));
    return json_pack("b", matches);
}

static json_t *tlsrpt_txt(const json_t *input)
{
    struct tls_rpt_record r;
    struct dns_zone *z = dns_zone_new();
    struct dns_answer *txt = answer(z, input);
    bool present = tls_rpt_record_of(txt, &r) == TLS_RPT_PRESENT;
    json_t *got = present ? json_pack("{so}", "rua", texts(r.rua, r.n_rua)) : json_pack("n");
    dns_answer_unref(txt);
    dns_zone_free(z);
    return got;
}

static const struct {
    const char *name;
    json_t *(*run)(const json_t *input);
} kinds[] = {{"mta-sts-txt", sts_txt},
             {"mta-sts-policy", sts_policy},
             {"mta-sts-mx", sts_mx},
             {"tlsrpt-txt", tlsrpt_txt}};

static void run(const json_t *c, json_t *(*read)(const json_t *input))
{
    struct str id = vectors_str(c, "id");
    const json_t *expect = json_object_get(c, "expect");
    json_t *got = read(json_object_get(c, "input"));
    char *shown = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
    tap_case("records: " STR_FMT, STR_ARG(id));
    tap_vector("records-transport", id.p, json_equal(got, (json_t *)(uintptr_t)expect) == 1, shown,
               expect);
    free(shown);
    json_decref(got);
}

int main(void)
{
    json_t *cases = vectors_load("records-transport", "records/cases.json");
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c)
    {
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            if (str_eq(vectors_str(c, "kind"), str_from(kinds[k].name)))
                run(c, kinds[k].run);
        }
    }
    json_decref(cases);
    return vectors_done("records-transport");
}
