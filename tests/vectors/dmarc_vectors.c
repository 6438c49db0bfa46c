/* conformance/dmarc: DNS, author domain, SPF and DKIM results in; the DMARC verdict out. */
#include "auth/dmarc.h"
#include "base/idna.h"
#include "tests/vectors/vectors.h"

static enum spf_result spf_by_name(struct str word)
{
    for (int r = SPF_NONE; r <= SPF_PERMERROR; r++) {
        if (str_eq(word, str_from(spf_result_name((enum spf_result)r))))
            return (enum spf_result)r;
    }
    return SPF_NONE;
}

static enum dkim_result dkim_by_name(struct str word)
{
    for (int r = DKIM_NONE; r <= DKIM_PERMERROR; r++) {
        if (str_eq(word, str_from(dkim_result_name((enum dkim_result)r))))
            return (enum dkim_result)r;
    }
    return DKIM_NONE;
}

/* What author_check would give, and a name it refuses as it was written (case "label-64"). */
static struct str author_domain(struct arena *a, struct str written)
{
    struct str out;
    return idna_to_ascii(a, written, &out) ? out : written;
}

static void signatures(struct arena *a, const json_t *list, struct dkim_outcome *out)
{
    out->sigs = arena_new(a, struct dkim_signature, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        out->sigs[out->n++] =
            (struct dkim_signature){.result = dkim_by_name(vectors_str(s, "result")),
                                    .domain = vectors_str(s, "domain")};
    }
}

static bool bool_agrees(const json_t *expect, const char *key, bool got)
{
    const json_t *v = json_object_get(expect, key);
    return v == NULL || json_is_null(v) || json_is_true(v) == got;
}

static bool text_agrees(const json_t *expect, const char *key, struct str got)
{
    const json_t *v = json_object_get(expect, key);
    if (v == NULL)
        return true;
    return json_is_null(v) ? got.n == 0 : str_eq(vectors_str(expect, key), got);
}

static bool walk_agrees(const json_t *queries, const struct dmarc_outcome *o)
{
    if (queries == NULL)
        return true;
    bool same = json_array_size(queries) == o->n_walk;
    for (size_t i = 0; same && i < o->n_walk; i++) {
        struct str want = str_from(json_string_value(json_array_get(queries, i)));
        same = str_starts(want, STR("_dmarc.")) && str_eq(str_slice(want, 7, want.n), o->walk[i]);
    }
    return same;
}

/* A result that the case calls lenient is as good, and then the policy is not asserted. */
static bool agrees(const json_t *c, const struct dmarc_outcome *o)
{
    const json_t *expect = json_object_get(c, "expect");
    const char *result = dmarc_result_name(o->result);
    if (!vectors_accepts(json_object_get(expect, "result"), result))
        return vectors_accepts(json_object_get(c, "lenient"), result);
    return text_agrees(expect, "policy", str_from(dmarc_policy_name(o->policy))) &&
           text_agrees(expect, "policy_domain", o->policy_domain) &&
           text_agrees(expect, "org_domain", o->organizational_domain) &&
           bool_agrees(expect, "aligned_spf", o->spf_aligned) &&
           bool_agrees(expect, "aligned_dkim", o->dkim_aligned) &&
           walk_agrees(json_object_get(c, "queries"), o);
}

static bool flag_raised(struct auth_ctx *ctx, const json_t *c, const struct dmarc_outcome *o)
{
    struct str flag = vectors_str(c, "flag");
    dmarc_findings(ctx, o);
    for (size_t i = 0; i < ctx->findings->n; i++) {
        if (str_ends(finding_kind(ctx->findings->items[i].id)->name, flag))
            return true;
    }
    return flag.n == 0;
}

static void run(const json_t *c)
{
    struct arena a = {0};
    arena_init(&a, 16 << 20);
    struct dns_zone *zone = vectors_zone(json_object_get(c, "zone"));
    struct auth_config config = {0};
    struct finding_list findings = {0};
    finding_list_init(&findings, &a);
    struct auth_ctx ctx = {.arena = &a,
                           .dns = dns_view_new(&a, dns_zone_lookup, zone),
                           .findings = &findings,
                           .config = &config};
    const json_t *from = json_object_get(c, "spf");
    struct spf_outcome spf = {.result = spf_by_name(vectors_str(from, "result")),
                              .domain = vectors_str(from, "domain")};
    struct dkim_outcome dkim = {0};
    signatures(&a, json_object_get(c, "dkim"), &dkim);
    struct author author = {.status = AUTHOR_OK,
                            .domain = author_domain(&a, vectors_str(c, "from_domain"))};
    struct arc_outcome arc = {0};
    struct dmarc_outcome o = {0};
    struct str id = vectors_str(c, "id");
    tap_case("dmarc: " STR_FMT, STR_ARG(id));
    tap_int(dmarc_check(&ctx, &author, &spf, &dkim, &arc, &o, NULL), MP_OK);
    struct str got =
        arena_fmt(&a, "%s policy=%s at " STR_FMT ", organization " STR_FMT " (" STR_FMT ")",
                  dmarc_result_name(o.result), dmarc_policy_name(o.policy),
                  STR_ARG(o.policy_domain), STR_ARG(o.organizational_domain), STR_ARG(o.reason));
    tap_vector("dmarc", id.p, agrees(c, &o) && flag_raised(&ctx, c, &o), got.p,
               json_object_get(c, "expect"));
    dns_view_release(ctx.dns);
    dns_zone_free(zone);
    arena_clear(&a);
}

int main(void)
{
    json_t *cases = vectors_load("dmarc", "dmarc/cases.json");
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c) run(c);
    json_decref(cases);
    return vectors_done("dmarc");
}
