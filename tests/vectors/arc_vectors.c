/* The suite "arc": chains validated, oldest-pass and the warning about untrusted sealers. */
#include "auth/arc.h"
#include "tests/vectors/vectors.h"

enum { BUDGET = 64 * 1024 * 1024 };

static const int64_t default_now_s = 1700000000; /* cases without "now" have no expiry */

static void run_case(const json_t *c)
{
    struct arena arena;
    struct message msg;
    struct finding_list findings;
    struct auth_config config;
    struct arc_outcome got = {0};
    struct mp_err err = {0};
    const char *id = vectors_str(c, "id").p;
    const json_t *now = json_object_get(c, "now"), *oldest = json_object_get(c, "oldest_pass");
    struct str flag = vectors_str(c, "flag");
    struct dns_zone *zone = vectors_zone(json_object_get(c, "dns"));

    arena_init(&arena, BUDGET);
    auth_config_init(&config);
    finding_list_init(&findings, &arena);
    tap_case("arc: %s", id);
    struct str raw = vectors_file("arc", vectors_str(c, "file").p);
    tap_int(message_parse(&arena, raw, &msg, &err), MP_OK);
    struct auth_ctx ctx = {.arena = &arena,
                           .msg = &msg,
                           .dns = dns_view_new(&arena, dns_zone_lookup, zone),
                           .findings = &findings,
                           .config = &config,
                           .bodies = body_hashes_new(&arena, msg.body),
                           .now_s = json_is_integer(now) ? json_integer_value(now) : default_now_s};
    tap_int(arc_verify(&ctx, &got, &err), MP_OK);
    arc_findings(&ctx, &got);
    const char *word = arc_result_name(got.result);
    const json_t *expect = json_object_get(c, "expect");
    if (got.reason.n != 0)
        tap_note("%s: " STR_FMT, word, STR_ARG(got.reason));
    tap_vector("arc", id, vectors_accepts(expect, word), word, expect);
    if (json_is_integer(oldest))
        tap_int(got.oldest_pass, json_integer_value(oldest));
    if (flag.p != NULL) {
        tap_str(flag, STR("untrusted-sealer"));
        tap_ok(finding_has(&findings, FINDING_AUTH_UNTRUSTED_SEALER));
    }
    dns_view_release(ctx.dns);
    dns_zone_free(zone);
    arena_clear(&arena);
}

int main(void)
{
    size_t i;
    json_t *c, *cases = vectors_load("arc", "arc/cases.json");
    if (cases == NULL)
        return tap_done();
    json_array_foreach(cases, i, c) run_case(c);
    json_decref(cases);
    return vectors_done("arc");
}
