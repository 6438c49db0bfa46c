/* Messages signed and sealed by the table: by whom, with what, and why not. */
#include "signer/signer_test_kit.h"

static const char table_text[] =
    "keys: {rsa: rsa.pem, ed: ed.pem}\n"
    "domains:\n"
    "  example.org:\n"
    "    keys: [{selector: r, key: rsa}, {selector: e, key: ed}]\n"
    "  '*.example.org': {as: example.org, keys: [{selector: r, key: rsa}]}\n"
    "  past.test: {keys: [{selector: s, key: ed, until: 2020-01-01}]}\n"
    "seal: {domain: lists.example, keys: [{selector: a, key: rsa, until: 2027-01-01}]}\n"
    "expire: 1d\n";

enum { NOW_S = 1790000000, LATER_S = 1900000000, OUT_MAX = 1 << 20 };

static struct author author_of(const struct message *m)
{
    struct auth_config config;
    struct author a;
    auth_config_init(&config);
    struct auth_ctx ctx = {.arena = &arena, .msg = m, .config = &config, .now_s = NOW_S};
    author_check(&ctx, &a);
    return a;
}

/* Keys that are there by name, or nobody to be asked. */
static int find_none(void *ctx, struct arena *a, struct str name, struct sign_key *out,
                     struct mp_err *e)
{
    (void)a;
    if (ctx != NULL && str_eq(name, STR("ed"))) {
        *out = private_key_signer(signer_keys_find(ctx, name));
        return MP_OK;
    }
    *out = (struct sign_key){.sign = NULL};
    return ctx != NULL ? MP_OK : mp_fail(e, MP_E_TIMEOUT, 0, "nobody answers");
}

static int sign_text(const struct signing_table *t, const struct signing_keys *k, const char *text,
                     struct buf *out, struct signing_report *r)
{
    struct message m;
    tap_int(message_parse(&arena, str_from(text), &m, &err), MP_OK);
    struct author a = author_of(&m);
    return signing_sign(t, k, &arena, &m, &a, NOW_S, out, r, &err);
}

static void test_who(const struct signing_table *t, const struct signer_keys *keys)
{
    static const struct {
        const char *label, *head, *by, *reason;
    } rows[] = {
        {"the author's domain, by two keys", "From: a@example.org\r\n",
         "example.org:r example.org:e", ""},
        {"any letters", "From: a@EXAMPLE.org\r\n", "example.org:r example.org:e", ""},
        {"a subdomain by its parent", "From: a@news.example.org\r\n", "example.org:r", ""},
        {"a stranger", "From: a@example.net\r\n", "", "example.net is not in the signing table"},
        {"Sender does not count", "From: a@example.net\r\nSender: b@example.org\r\n", "",
         "example.net is not in the signing table"},
        {"a display name does not count", "From: \"a@example.org\" <a@example.net>\r\n", "",
         "example.net is not in the signing table"},
        {"no key that signs now", "From: a@past.test\r\n", "",
         "past.test has no key that signs at this time"},
        {"two From", "From: a@example.org\r\nFrom: b@example.org\r\n", "", "From"},
        {"authors of two domains", "From: a@example.org, b@example.net\r\n", "", "domains"},
        {"no From", "Subject: x\r\n", "", "From"},
        {"a line that is no field", "From: a@example.org\r\nhello\r\n", "",
         "not signed: a line in the header that is no field"},
    };
    struct signing_keys k = signing_keys_here(keys);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signing_report r;
        struct buf out;
        buf_init(&out, OUT_MAX);
        buf_addz(&out, "before");
        tap_case("sign: %s", rows[i].label);
        tap_int(sign_text(t, &k, arena_fmt(&arena, "%s\r\nbody\r\n", rows[i].head).p, &out, &r),
                MP_OK);
        tap_str(r.signed_by, str_from(rows[i].by));
        size_t at = str_search(r.reason, str_from(rows[i].reason));
        if (!tap_ok(rows[i].reason[0] == '\0' ? r.reason.n == 0 : at < r.reason.n))
            tap_note(STR_FMT, STR_ARG(r.reason));
        tap_int(r.signatures == 0, out.n == strlen("before"));
        buf_clear(&out);
    }
}

/* The key that is there signs, the report tells of the other; nobody to ask is our own failure. */
static void test_lacking(const struct signing_table *t, struct signer_keys *keys)
{
    static const char text[] = "From: a@example.org\r\n\r\nbody\r\n";
    struct signing_keys one = {.find = find_none, .ctx = keys}, none = {.find = find_none};
    struct signing_report r;
    struct buf out;
    buf_init(&out, OUT_MAX);
    tap_case("sign: one of two keys is not loaded");
    tap_int(sign_text(t, &one, text, &out, &r), MP_OK);
    tap_str(r.signed_by, STR("example.org:e"));
    tap_str(r.reason, STR("key 'rsa' of selector r is not loaded"));
    tap_case("sign: nobody to ask fails, and nothing is written");
    buf_reset(&out);
    tap_int(sign_text(t, &none, text, &out, &r), MP_E_TIMEOUT);
    tap_int(out.n, 0);
    buf_clear(&out);
}

static void test_fields(const struct signer_keys *keys)
{
    static const struct {
        const char *label, *table, *want;
    } rows[] = {
        {"as often as it stands, and once more", "headers: [From, X-Own, X-None]\n",
         "h=From:From:X-Own:X-Own:X-Own:X-None;"},
        {"as often as it stands", "headers: [From, X-Own, X-None]\noversign: false\n",
         "h=From:X-Own:X-Own;"},
        {"the default, with expiry and canonicalization",
         "expire: 2h\ncanonicalization: simple/simple\n", "c=simple/simple;"},
    };
    struct signing_keys k = signing_keys_here(keys);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signing_table t;
        struct signing_report r;
        struct buf out;
        buf_init(&out, OUT_MAX);
        tap_case("fields: %s", rows[i].label);
        load_table(arena_fmt(&arena,
                             "keys: {ed: ed.pem}\n"
                             "domains: {a.test: {keys: [{selector: s, key: ed}]}}\n%s",
                             rows[i].table)
                       .p,
                   &t);
        tap_int(sign_text(&t, &k, "From: a@a.test\r\nX-Own: 1\r\nX-Own: 2\r\n\r\nbody\r\n", &out,
                          &r),
                MP_OK);
        size_t at = str_search(buf_str(&out), str_from(rows[i].want));
        if (!tap_ok(at < out.n))
            tap_note(STR_FMT, STR_ARG(buf_str(&out)));
        struct str expiry = arena_fmt(&arena, "x=%d;", NOW_S + 7200);
        tap_int(str_search(buf_str(&out), expiry) < out.n, t.lifetime_s != 0);
        buf_clear(&out);
    }
}

/* The same bytes whether the keys are here or in the other process. */
static void test_far(const struct signing_table *t, const struct signer_keys *keys)
{
    static const char text[] = "From: a@example.org\r\nSubject: s\r\n\r\nbody\r\n";
    struct signing_keys here = signing_keys_here(keys);
    struct signer_client *c = NULL;
    struct signing_report r, far;
    struct process p;
    struct buf a, b;
    buf_init(&a, OUT_MAX);
    buf_init(&b, OUT_MAX);
    process_start(&p, keys, NULL, 0);
    tap_int(signer_client_new(path_of("socket"), 60000, &c, &err), MP_OK);
    struct signing_keys there = signer_client_keys(c);
    tap_case("sign: the same by the process of the keys");
    tap_int(sign_text(t, &here, text, &a, &r), MP_OK);
    tap_int(sign_text(t, &there, text, &b, &far), MP_OK);
    tap_str(buf_str(&b), buf_str(&a));
    tap_str(far.signed_by, r.signed_by);
    tap_int(far.signatures, 2);
    signer_client_free(c);
    process_end(&p);
    buf_clear(&a);
    buf_clear(&b);
}

static void test_seal(const struct signing_table *t, const struct signer_keys *keys)
{
    static const struct {
        const char *label;
        enum arc_result chain;
        bool closed;
        int64_t now_s;
        const char *results, *by, *reason;
    } rows[] = {
        {"the first set", ARC_NONE, false, NOW_S, "spf=pass", "lists.example:a", ""},
        {"a closed chain", ARC_FAIL, true, NOW_S, "spf=pass", "", "the chain is closed"},
        {"an undecided chain", ARC_TEMPERROR, false, NOW_S, "spf=pass", "", "undecided"},
        {"nothing to say", ARC_NONE, false, NOW_S, "", "", "no results"},
        {"no key that seals now", ARC_NONE, false, LATER_S, "spf=pass", "",
         "lists.example has no key"},
    };
    struct signing_keys k = signing_keys_here(keys);
    struct message m;
    struct signing_report r;
    struct buf out;
    buf_init(&out, OUT_MAX);
    tap_int(message_parse(&arena, STR("From: a@example.org\r\n\r\nbody\r\n"), &m, &err), MP_OK);
    struct arc_outcome chain = {.result = ARC_NONE};
    struct signing_arrival a = {.message = &m,
                                .bodies = body_hashes_new(&arena, m.body),
                                .chain = &chain,
                                .authserv_id = STR("mx.test")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("seal: %s", rows[i].label);
        chain = (struct arc_outcome){.result = rows[i].chain, .closed = rows[i].closed};
        a.results = str_from(rows[i].results);
        buf_reset(&out);
        tap_int(signing_seal(t, &k, &arena, &a, rows[i].now_s, &out, &r, &err), MP_OK);
        tap_str(r.signed_by, str_from(rows[i].by));
        tap_int(out.n > 0, r.signatures == 1);
        size_t at = str_search(r.reason, str_from(rows[i].reason));
        if (!tap_ok(rows[i].reason[0] == '\0' ? r.reason.n == 0 : at < r.reason.n))
            tap_note(STR_FMT, STR_ARG(r.reason));
    }
    struct signing_table none;
    struct signing_keys nobody = {.find = find_none};
    load_table("{}\n", &none);
    chain = (struct arc_outcome){.result = ARC_NONE};
    a.results = STR("spf=pass");
    buf_reset(&out);
    tap_case("seal: a table without");
    tap_int(signing_seal(&none, &k, &arena, &a, NOW_S, &out, &r, &err), MP_OK);
    tap_ok(out.n == 0 && r.reason.n > 0);
    tap_case("seal: nobody to ask fails");
    tap_int(signing_seal(t, &nobody, &arena, &a, NOW_S, &out, &r, &err), MP_E_TIMEOUT);
    tap_int(out.n, 0);
    buf_clear(&out);
}

int main(void)
{
    struct signing_table t;
    struct signer_keys *keys = NULL;
    kit_open();
    load_table(table_text, &t);
    tap_int(signer_keys_load(&t, &keys, &err), MP_OK);
    test_who(&t, keys);
    test_lacking(&t, keys);
    test_fields(keys);
    test_far(&t, keys);
    test_seal(&t, keys);
    signer_keys_free(keys);
    return kit_close();
}
