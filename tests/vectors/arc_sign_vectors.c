/* The suite "arc-sign": sets added to messages, byte for byte but for white space. */
#include <libfyaml.h>
#include <stdlib.h>

#include "auth/arc.h"
#include "auth/authres.h"
#include "tests/vectors/vectors.h"

enum { BUDGET = 64 * 1024 * 1024, NAMES_MAX = 50, OUT_MAX = 1024 * 1024 };

/* What all cases of one YAML document share. */
struct suite {
    struct str domain, selector;
    struct private_key *key;
    struct dns_zone *zone;
};

static struct str member(struct fy_node *mapping, const char *key)
{
    size_t n = 0;
    struct fy_node *node = fy_node_mapping_lookup_by_string(mapping, key, FY_NT);
    const char *p = node == NULL ? NULL : fy_node_get_scalar(node, &n);
    return str_make(p, n);
}

static bool same_but_space(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && is_fws(a.p[i]))
            i++;
        while (k < b.n && is_fws(b.p[k]))
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

/* The sealer's own earlier findings: our Authentication-Results, joined top to bottom. */
static void merge_results(struct arena *arena, const struct message *msg, struct str id,
                          struct buf *out)
{
    for (size_t i = 0; i < msg->n_headers; i++) {
        struct str value = msg->headers[i].value;
        if (!str_ieq(msg->headers[i].name, STR("Authentication-Results")) ||
            !authres_claims(arena, value, id))
            continue;
        str_cut(&value, ';');
        if (out->n != 0)
            buf_addz(out, ";\r\n ");
        buf_add(out, str_trim(value));
    }
}

static size_t split_names(struct str list, struct str names[NAMES_MAX])
{
    size_t n = 0;
    while (n < NAMES_MAX && list.p != NULL)
        names[n++] = str_trim(str_cut(&list, ':'));
    return n;
}

static bool compare(struct arena *arena, struct str sealed, struct fy_node *test)
{
    static const char *const keys[] = {"AS", "AMS", "AAR"};
    struct message fields;
    bool same = tap_int(message_parse(arena, sealed, &fields, NULL), MP_OK) &&
                tap_int(fields.n_headers, ARRAY_LEN(keys));
    for (size_t i = 0; same && i < ARRAY_LEN(keys); i++) {
        same = same_but_space(fields.headers[i].value, member(test, keys[i]));
        if (!same)
            tap_note("%s: got" STR_FMT, keys[i], STR_ARG(fields.headers[i].value));
    }
    return same;
}

static void run_case(const struct suite *suite, const char *id, struct fy_node *test)
{
    struct arena arena;
    struct message msg;
    struct auth_config config;
    struct finding_list findings;
    struct arc_outcome chain = {0};
    struct mp_err err = {0};
    struct str names[NAMES_MAX];
    struct buf results, out;
    uint64_t t = 0;

    arena_init(&arena, BUDGET);
    buf_init(&results, OUT_MAX);
    buf_init(&out, OUT_MAX);
    auth_config_init(&config);
    finding_list_init(&findings, &arena);
    tap_case("arc-sign: %s", id);
    tap_int(message_parse(&arena, member(test, "message"), &msg, &err), MP_OK);
    tap_ok(str_to_u64(member(test, "t"), INT64_MAX, &t));
    struct auth_ctx ctx = {.arena = &arena,
                           .msg = &msg,
                           .dns = dns_view_new(&arena, dns_zone_lookup, suite->zone),
                           .findings = &findings,
                           .config = &config,
                           .bodies = body_hashes_new(&arena, msg.body),
                           .now_s = (int64_t)t};
    tap_int(arc_verify(&ctx, &chain, &err), MP_OK);
    if (chain.result != ARC_PASS)
        tap_note("chain: %s " STR_FMT, arc_result_name(chain.result), STR_ARG(chain.reason));
    merge_results(&arena, &msg, member(test, "srv-id"), &results);
    struct str said = buf_str(&results);
    if (str_search(said, STR("arc=fail")) < said.n)
        chain.result = ARC_FAIL; /* what the case says the sealer has found */
    struct arc_sealer sealer = {.domain = suite->domain,
                                .selector = suite->selector,
                                .authserv_id = member(test, "srv-id"),
                                .key = private_key_signer(suite->key),
                                .header_names = names,
                                .n_header_names = split_names(member(test, "sig-headers"), names),
                                .signed_at_s = (int64_t)t};
    int st = arc_seal(&arena, &msg, ctx.bodies, &chain, said, &sealer, &out, &err);
    bool same = st == MP_OK && compare(&arena, buf_str(&out), test);
    tap_vector("arc-sign", id, same, st == MP_OK ? "other fields" : err.text, NULL);
    dns_view_release(ctx.dns);
    buf_clear(&results);
    buf_clear(&out);
    arena_clear(&arena);
}

/* The lines of a record are the strings of one TXT. */
static void add_record(struct dns_zone *zone, struct fy_node_pair *pair)
{
    size_t name_n, n;
    struct mp_err err = {0};
    struct buf joined;
    const char *name = fy_node_get_scalar(fy_node_pair_key(pair), &name_n);
    const char *text = fy_node_get_scalar(fy_node_pair_value(pair), &n);
    struct str lines = str_make(text, n);
    buf_init(&joined, OUT_MAX);
    while (lines.p != NULL)
        buf_add(&joined, str_cut(&lines, '\n'));
    tap_int(dns_zone_add_txt(zone, str_make(name, name_n), buf_str(&joined), &err), MP_OK);
    buf_clear(&joined);
}

static void run_document(struct fy_node *root)
{
    struct mp_err err = {0};
    struct suite suite = {.domain = member(root, "domain"),
                          .selector = member(root, "sel"),
                          .zone = dns_zone_new()};
    struct fy_node *txt = fy_node_mapping_lookup_by_string(root, "txt-records", FY_NT);
    struct fy_node *tests = fy_node_mapping_lookup_by_string(root, "tests", FY_NT);
    struct fy_node_pair *pair;
    tap_case("arc-sign: keys of \"" STR_FMT "\"", STR_ARG(member(root, "description")));
    tap_int(private_key_load(member(root, "privatekey"), "privatekey", &suite.key, &err), MP_OK);
    for (void *it = NULL; (pair = fy_node_mapping_iterate(txt, &it)) != NULL;)
        add_record(suite.zone, pair);
    for (void *it = NULL; (pair = fy_node_mapping_iterate(tests, &it)) != NULL;) {
        size_t n;
        const char *key = fy_node_get_scalar(fy_node_pair_key(pair), &n);
        char *id = strndup(key, n);
        run_case(&suite, id, fy_node_pair_value(pair));
        free(id);
    }
    private_key_free(suite.key);
    dns_zone_free(suite.zone);
}

int main(void)
{
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_PARSE};
    const char *path = tap_shared_path("conformance/arc/arc-draft-sign-tests.give.yml");
    if (path == NULL) {
        tap_case("arc-sign: conformance data");
        tap_skip("no shared data: set MAILPROOF_SHARED or put it at ../shared");
        return tap_done();
    }
    struct fy_parser *parser = fy_parser_create(&cfg);
    fy_parser_set_input_file(parser, path);
    for (struct fy_document *doc; (doc = fy_parse_load_document(parser)) != NULL;) {
        run_document(fy_document_root(doc));
        fy_parse_document_destroy(parser, doc);
    }
    fy_parser_destroy(parser);
    return vectors_done("arc-sign");
}
