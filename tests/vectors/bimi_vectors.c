/* conformance/records, kinds of BIMI: records, and the logos beside them. */
#include "auth/bimi.h"
#include "tests/vectors/vectors.h"

enum { BUDGET_BYTES = 8 << 20 };

/* null: no usable record; {"declined":true}; the URIs that are there. */
static json_t *record_json(enum bimi_presence presence, const struct bimi_record *r)
{
    if (presence == BIMI_DECLINED)
        return json_pack("{sb}", "declined", 1);
    json_t *got = presence == BIMI_PRESENT ? json_pack("{}") : json_pack("n");
    if (presence == BIMI_PRESENT)
        json_object_set_new(got, "l", json_stringn(r->location.p, r->location.n));
    if (presence == BIMI_PRESENT && r->authority.n != 0)
        json_object_set_new(got, "a", json_stringn(r->authority.p, r->authority.n));
    return got;
}

static json_t *read_record(const json_t *c, bool *ok)
{
    struct mp_err err = {0};
    struct bimi_record r;
    struct dns_zone *z = dns_zone_new();
    const json_t *expect = json_object_get(c, "expect");
    size_t i;
    json_t *text;
    json_array_foreach(json_object_get(c, "input"), i, text)
        dns_zone_add_txt(z, STR("r.test"),
                         str_make(json_string_value(text), json_string_length(text)), &err);
    struct dns_answer *txt = dns_zone_lookup(z, STR("r.test"), DNS_TXT);
    enum bimi_presence presence = bimi_record_of(txt, &r);
    json_t *got = record_json(presence, &r);
    *ok = json_equal(got, (json_t *)(uintptr_t)expect) == 1;
    if (str_eq(vectors_str(expect, "flag"), STR("ssrf"))) /* never offered to a fetcher */
        *ok = presence == BIMI_MALFORMED && r.location.n == 0 && r.problem[0] != '\0';
    dns_answer_unref(txt);
    dns_zone_free(z);
    return got;
}

static json_t *read_logo(const json_t *c, bool *ok)
{
    struct arena arena;
    struct bimi_svg svg = {.verdict = BIMI_SVG_BAD};
    arena_init(&arena, BUDGET_BYTES);
    int st = bimi_svg_check(&arena, vectors_file("records", vectors_str(c, "file").p), &svg, NULL);
    json_t *got = st != MP_OK                    ? json_pack("n")
                  : svg.verdict == BIMI_SVG_WARN ? json_pack("s", "warn")
                                                 : json_pack("b", svg.verdict == BIMI_SVG_OK);
    for (size_t i = 0; i < svg.n_problems; i++)
        tap_note(STR_FMT, STR_ARG(svg.problems[i]));
    *ok = json_equal(got, json_object_get(c, "expect")) == 1;
    arena_clear(&arena);
    return got;
}

static void run(const json_t *c, json_t *(*read)(const json_t *c, bool *ok))
{
    struct str id = vectors_str(c, "id");
    bool ok = false;
    tap_case("records: " STR_FMT, STR_ARG(id));
    json_t *got = read(c, &ok);
    char *shown = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
    tap_vector("records-bimi", id.p, ok, shown, json_object_get(c, "expect"));
    free(shown);
    json_decref(got);
}

int main(void)
{
    json_t *cases = vectors_load("records-bimi", "records/cases.json");
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c)
    {
        if (str_eq(vectors_str(c, "kind"), STR("bimi-txt")))
            run(c, read_record);
        if (str_eq(vectors_str(c, "kind"), STR("bimi-svg")))
            run(c, read_logo);
    }
    json_decref(cases);
    return vectors_done("records-bimi");
}
