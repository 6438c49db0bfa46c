/* The suite "authres": fields read, and forged ones found in whole messages. */
#include "auth/authres.h"
#include "tests/vectors/vectors.h"

enum { BUDGET = 64 * 1024 * 1024 };

static bool same_text(struct str got, const json_t *want)
{
    if (!json_is_string(want))
        return got.p == NULL;
    return str_eq(got, str_make(json_string_value(want), json_string_length(want)));
}

static bool same_prop(const struct authres_prop *got, const json_t *want)
{
    return same_text(got->ptype, json_array_get(want, 0)) &&
           same_text(got->property, json_array_get(want, 1)) &&
           same_text(got->value, json_array_get(want, 2));
}

static bool same_result(const struct authres_result *got, const json_t *want)
{
    const json_t *props = json_object_get(want, "props");
    bool same = same_text(got->method, json_object_get(want, "method")) &&
                same_text(got->version, json_object_get(want, "version")) &&
                same_text(got->result, json_object_get(want, "result")) &&
                same_text(got->reason, json_object_get(want, "reason")) &&
                got->n_props == json_array_size(props);
    for (size_t i = 0; same && i < got->n_props; i++)
        same = same_prop(&got->props[i], json_array_get(props, i));
    return same;
}

static bool same_field(const struct authres *got, const json_t *want)
{
    const json_t *results = json_object_get(want, "results");
    bool same = same_text(got->authserv_id, json_object_get(want, "authserv_id")) &&
                same_text(got->version, json_object_get(want, "version")) &&
                got->n == json_array_size(results);
    for (size_t i = 0; same && i < got->n; i++)
        same = same_result(&got->results[i], json_array_get(results, i));
    return same;
}

static void read_case(const json_t *c)
{
    struct arena arena;
    struct authres got;
    const char *reason;
    const char *id = vectors_str(c, "id").p;
    const json_t *want = json_object_get(c, "expect");
    arena_init(&arena, BUDGET);
    tap_case("authres: %s", id);
    bool read = authres_parse(&arena, vectors_str(c, "value"), &got, &reason);
    bool ok = read ? json_is_object(want) && same_field(&got, want) : json_is_null(want);
    tap_vector("authres", id, ok, read ? "a field" : reason, want);
    arena_clear(&arena);
}

/* Forged fields of the attack messages go, foreign ones stay. */
static void strip_case(const json_t *c)
{
    struct arena arena;
    struct message msg;
    struct mp_err err = {0};
    const struct header **forged;
    size_t n;
    const char *id = vectors_str(c, "id").p;
    struct str ours = vectors_str(c, "authserv_id");
    const json_t *strip = json_object_get(c, "strip");
    if (ours.p == NULL || !json_is_boolean(strip))
        return;
    arena_init(&arena, BUDGET);
    tap_case("attacks: %s", id);
    struct str raw = vectors_file("attacks", vectors_str(c, "file").p);
    tap_int(message_parse(&arena, raw, &msg, &err), MP_OK);
    tap_int(authres_forged(&arena, &msg, ours, &forged, &n, &err), MP_OK);
    size_t fields = header_count(&msg, STR("Authentication-Results")), foreign = 0;
    for (size_t i = 0; i < msg.n_headers; i++)
        foreign += str_istarts(str_trim(msg.headers[i].value), STR("other"));
    bool ok = json_is_true(strip) ? n != 0 && n + foreign == fields : n == 0;
    tap_vector("authres", id, ok, n == 0 ? "nothing stripped" : "stripped", strip);
    arena_clear(&arena);
}

int main(void)
{
    size_t i;
    json_t *c, *cases = vectors_load("authres", "authres/cases.json");
    if (cases == NULL)
        return tap_done();
    json_array_foreach(cases, i, c) read_case(c);
    json_decref(cases);
    cases = vectors_load("authres", "attacks/cases.json");
    json_array_foreach(cases, i, c) strip_case(c);
    json_decref(cases);
    return vectors_done("authres");
}
