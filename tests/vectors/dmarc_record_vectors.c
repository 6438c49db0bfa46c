/* conformance/records, kind "dmarc": one TXT string into its tags. */
#include "auth/dmarc.h"
#include "tests/vectors/vectors.h"

static const char *word_or(enum dmarc_policy p)
{
    return p == DMARC_P_UNSET ? NULL : dmarc_policy_name(p);
}

static json_t *uris(const struct str *list, size_t n)
{
    json_t *array = json_pack("[]"); /* json_array, json_null: names of base/json.h here */
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_stringn(list[i].p, list[i].n));
    return array;
}

static json_t *as_json(const struct dmarc_record *r)
{
    static const char *const psd[] = {"u", "y", "n"};
    return json_pack("{ss? ss? ss? ss ss ss ss ss so so}", "p", word_or(r->p), "sp", word_or(r->sp),
                     "np", word_or(r->np), "adkim", r->strict_dkim ? "s" : "r", "aspf",
                     r->strict_spf ? "s" : "r", "fo", r->fo.p, "psd", psd[r->psd], "t",
                     r->testing ? "y" : "n", "rua", uris(r->rua, r->n_rua), "ruf",
                     uris(r->ruf, r->n_ruf));
}

/* Every key of the expectation, so that one with fewer keys asserts less. */
static bool agrees(const json_t *got, const json_t *expect)
{
    if (json_is_null(got) || json_is_null(expect))
        return json_is_null(got) && json_is_null(expect);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)expect, key, value)
    {
        if (!json_equal(json_object_get(got, key), value))
            return false;
    }
    return true;
}

static void run(const json_t *c)
{
    struct str id = vectors_str(c, "id"), text = vectors_str(c, "input");
    const json_t *expect = json_object_get(c, "expect");
    struct dmarc_record r;
    bool usable = dmarc_record_parse(text, &r) && r.usable;
    json_t *got = usable ? as_json(&r) : json_pack("n");
    char *shown = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
    tap_case("records: " STR_FMT, STR_ARG(id));
    tap_vector("records-dmarc", id.p, agrees(got, expect), shown, expect);
    free(shown);
    json_decref(got);
}

int main(void)
{
    json_t *cases = vectors_load("records-dmarc", "records/cases.json");
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c)
    {
        if (str_eq(vectors_str(c, "kind"), STR("dmarc")))
            run(c);
    }
    json_decref(cases);
    return vectors_done("records-dmarc");
}
