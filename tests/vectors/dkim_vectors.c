/* The DKIM suite: overall verdict of each message with its zone and clock, and required flags. */
#include "auth/author.h"
#include "auth/dkim.h"
#include "tests/vectors/vectors.h"

enum { BUDGET_BYTES = 64 * 1024 * 1024 };

/* Flags are findings by the last part of their id. */
static bool flagged(const struct finding_list *list, struct str flag)
{
    for (size_t i = 0; i < list->n; i++) {
        struct str name = finding_kind(list->items[i].id)->name;
        if (str_ends(name, flag) && name.n > flag.n && name.p[name.n - flag.n - 1] == '.')
            return true;
    }
    return false;
}

static void check_flags(const char *id, const struct finding_list *list, const json_t *flags)
{
    size_t i;
    json_t *flag;
    if (json_is_string(flags)) {
        tap_case("dkim: %s: flag %s", id, json_string_value(flags));
        tap_ok(flagged(list, str_from(json_string_value(flags))));
        return;
    }
    json_array_foreach(flags, i, flag)
    {
        tap_case("dkim: %s: flag %s", id, json_string_value(flag));
        tap_ok(flagged(list, str_from(json_string_value(flag))));
    }
}

static void run(const json_t *item)
{
    struct arena arena;
    struct message msg;
    struct auth_config config;
    struct finding_list findings;
    struct author author;
    struct dkim_outcome out = {0};
    struct mp_err err = {0};
    const char *id = json_string_value(json_object_get(item, "id"));
    struct str raw = vectors_file("dkim", json_string_value(json_object_get(item, "file")));
    struct dns_zone *zone = vectors_zone(json_object_get(item, "dns"));
    arena_init(&arena, BUDGET_BYTES);
    auth_config_init(&config);
    finding_list_init(&findings, &arena);
    struct dns_view *view = dns_view_new(&arena, dns_zone_lookup, zone);
    struct auth_ctx ctx = {.arena = &arena,
                           .msg = &msg,
                           .dns = view,
                           .findings = &findings,
                           .config = &config,
                           .now_s = json_integer_value(json_object_get(item, "now"))};
    int st = message_parse(&arena, raw, &msg, &err);
    if (st == MP_OK)
        author_check(&ctx, &author);
    if (st == MP_OK)
        st = dkim_verify(&ctx, author.domain, &out, &err);
    tap_case("dkim: %s", id);
    tap_int(st, MP_OK);
    const json_t *expect = json_object_get(item, "expect");
    const char *got = st == MP_OK ? dkim_result_name(out.result) : mp_status_name(st);
    tap_vector("dkim", id, vectors_accepts(expect, got), got, expect);
    for (size_t i = 0; i < out.n; i++)
        tap_note("d=" STR_FMT ": %s " STR_FMT, STR_ARG(out.sigs[i].domain),
                 dkim_result_name(out.sigs[i].result), STR_ARG(out.sigs[i].reason));
    if (st == MP_OK) {
        author_findings(&ctx, &author);
        structure_findings(&ctx);
        dkim_findings(&ctx, &out);
        check_flags(id, &findings, json_object_get(item, "flag"));
    }
    dns_view_release(view);
    dns_zone_free(zone);
    arena_clear(&arena);
}

int main(void)
{
    json_t *suite = vectors_load("dkim", "dkim/cases.json"), *item;
    size_t i;
    if (suite == NULL)
        return tap_done();
    json_array_foreach(suite, i, item) run(item);
    json_decref(suite);
    return vectors_done("dkim");
}
