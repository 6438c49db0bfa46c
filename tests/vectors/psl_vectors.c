/* conformance/psl: the registrable domain of a name, or none for a public suffix. */
#include "base/idna.h"
#include "base/psl.h"
#include "tests/vectors/vectors.h"

/* The suite answers in the form it asks in; we answer in A-labels. */
static void run(const json_t *c)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    struct str id = vectors_str(c, "id"), want = vectors_str(c, "expect");
    struct str got = psl_registrable(&a, vectors_str(c, "input"));
    if (want.n != 0)
        tap_ok(idna_to_ascii(&a, want, &want));
    tap_case("psl: " STR_FMT, STR_ARG(id));
    tap_vector("psl", id.p, str_eq(got, want), arena_copy(&a, got).p, json_object_get(c, "expect"));
    arena_clear(&a);
}

int main(void)
{
    json_t *cases = vectors_load("psl", "psl/cases.json");
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c) run(c);
    json_decref(cases);
    return vectors_done("psl");
}
