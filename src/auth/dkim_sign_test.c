/* Signing: what we sign verifies, no changed bit does, and what we must not sign is refused. */
#include "tests/tap.h"

#include "auth/dkim_test_kit.h"

static void test_sign_and_verify(void)
{
    static const char *const bodies[] = {"", "\r\n", "x", "x\r\n", plain_body, " \t", "a \r b\r"};
    const struct {
        const struct private_key *key;
        const char *selector;
    } keys[] = {{rsa1024, "r1"}, {rsa2048, "r2"}, {ed25519, "e"}};
    publish_all();
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
        for (unsigned canon = 0; canon < 4; canon++)
            for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
                struct dkim_signer s = signer(keys[k].key, keys[k].selector);
                s.header_canon = (enum canon)(canon & 1);
                s.body_canon = (enum canon)(canon >> 1);
                tap_case("sign and verify: %s, %s/%s, body %zu", keys[k].selector,
                         canon_name(s.header_canon), canon_name(s.body_canon), b);
                struct str whole = sign_message(plain_head, bodies[b], &s, 1, 1000);
                check(whole, DKIM_PASS);
                tap_str(sign_message(plain_head, bodies[b], &s, 1, 1), whole);
            }
}

static void test_two_keys(void)
{
    struct dkim_signer both[2] = {signer(rsa2048, "r2"), signer(ed25519, "e")};
    both[1].body_canon = CANON_SIMPLE;
    both[1].identity = STR("al;i=ce@sub.example.org");
    both[1].lifetime_s = 3600;
    publish_all();
    tap_case("two keys at once: both verify, and are told apart (RFC 8463 3)");
    struct verified v = verify(sign_message(plain_head, plain_body, both, 2, 7));
    tap_int(v.out.n, 2);
    tap_int(v.out.sigs[0].result, DKIM_PASS);
    tap_int(v.out.sigs[1].result, DKIM_PASS);
    tap_str(v.out.sigs[0].algorithm, STR("rsa-sha256"));
    tap_str(v.out.sigs[1].algorithm, STR("ed25519-sha256"));
    tap_str(v.out.sigs[0].identity, STR("@example.org"));
    tap_str(v.out.sigs[1].identity, STR("al;i=ce@sub.example.org"));
    tap_int(v.out.sigs[0].key_bits, 2048);
    tap_int(v.out.sigs[1].key_bits, 256);
    tap_int(v.out.sigs[1].expires_at_s, NOW_S - 100 + 3600);
    tap_int(v.out.sigs[0].b_prefix.n, 8);
    tap_int(v.out.sigs[0].body_hash, DKIM_PART_OK);
    tap_int(v.out.sigs[0].signature, DKIM_PART_OK);
    tap_int(v.findings.n, 0);
}

static void test_field_shape(void)
{
    struct dkim_signer s = signer(rsa2048, "r2");
    tap_case("our field: no line above 78 columns, names oversigned, deterministic");
    struct str raw = sign_message(plain_head, plain_body, &s, 1, 50);
    struct str field = str_slice(raw, 0, str_search(raw, STR("\r\nFrom:"))), rest = field;
    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');
        size_t columns = line.n + (line.n > 0 && line.p[0] == '\t' ? 7 : 0);
        tap_ok(columns <= 79); /* with its CR */
    }
    tap_ok(str_search(field, STR("h=From:From:Subject:Subject:Date:Date:To:To:Cc:")) < field.n);
    tap_str(sign_message(plain_head, plain_body, &s, 1, 3), raw);
}

/* Every bit of a signed message: with "simple" nothing may change at all, with "relaxed" only the
 * case of field names. */
static void test_flipped_bits(void)
{
    for (int canon = CANON_SIMPLE; canon <= CANON_RELAXED; canon++) {
        struct dkim_signer s = signer(rsa1024, "r1");
        s.header_canon = s.body_canon = (enum canon)canon;
        publish_all();
        tap_case("one flipped bit anywhere fails: %s", canon_name((enum canon)canon));
        struct str raw = sign_message(plain_head, plain_body, &s, 1, 1000);
        char *p = (char *)(uintptr_t)raw.p;
        size_t passed = 0, names = 0;
        for (size_t i = 0; i < raw.n; i++)
            for (unsigned bit = 0; bit < 8; bit++) {
                struct arena small;
                struct message m;
                struct dkim_outcome out = {0};
                arena_init(&small, 1 << 20);
                p[i] = (char)(p[i] ^ (1 << bit));
                struct dns_view *view = dns_view_new(&small, ready, NULL);
                struct auth_ctx ctx = {
                    .arena = &small, .msg = &m, .dns = view, .config = &config, .now_s = NOW_S};
                if (message_parse(&small, raw, &m, NULL) == MP_OK &&
                    dkim_verify(&ctx, STR_NONE, &out, NULL) == MP_OK && out.result == DKIM_PASS)
                    passed++;
                dns_view_release(view);
                arena_clear(&small);
                p[i] = (char)(p[i] ^ (1 << bit));
            }
        struct message m;
        message_parse(&arena, raw, &m, NULL);
        for (size_t i = 0; i < m.n_headers; i++)
            for (size_t k = 0; k < m.headers[i].name.n; k++)
                names += is_alpha(m.headers[i].name.p[k]);
        tap_int(passed, canon == CANON_RELAXED ? names : 0);
        check(raw, DKIM_PASS);
    }
}

static const struct {
    const char *label, *head;
    int want;
} refused_heads[] = {
    {"no From", "To: a@b.test\r\n", MP_E_SYNTAX},
    {"two From", "From: a@b.test\r\nFrom: c@d.test\r\n", MP_E_SYNTAX},
    {"bare LF", "From: a@b.test\r\nSubject: a\nb\r\n", MP_E_SYNTAX},
    {"bare CR", "From: a@b.test\r\nSubject: a\rb\r\n", MP_E_SYNTAX},
    {"a line that is no field", "From: a@b.test\r\nhello\r\n", MP_E_SYNTAX},
    {"good", "From: a@b.test\r\n", MP_OK},
};

static int try_signer(const char *head, const struct dkim_signer *s)
{
    struct message m;
    struct dkim_signing *g = NULL;
    struct str raw = arena_fmt(&arena, "%s\r\nbody\r\n", head);
    tap_int(message_parse(&arena, raw, &m, NULL), MP_OK);
    int st = dkim_signing_new(&arena, &m, s, 1, &g, NULL);
    dkim_signing_cancel(g);
    return st;
}

static void test_refused_signing(void)
{
    static const struct str without_from[] = {STR_INIT("Subject")};
    static const struct str broken[] = {STR_INIT("From"), STR_INIT("a:b")};
    for (size_t i = 0; i < ARRAY_LEN(refused_heads); i++) {
        struct dkim_signer s = signer(ed25519, "e");
        tap_case("signing a head: %s", refused_heads[i].label);
        tap_int(try_signer(refused_heads[i].head, &s), refused_heads[i].want);
    }
    const struct {
        const char *label, *domain, *selector, *identity;
        const struct private_key *key;
        const struct str *names;
        size_t n_names;
    } rows[] = {
        {"domain with a slash", "exa/mple.org", "e", "", ed25519, NULL, 0},
        {"domain of one label", "org", "e", "", ed25519, NULL, 0},
        {"empty domain", "", "e", "", ed25519, NULL, 0},
        {"selector with a semicolon", "example.org", "a;b", "", ed25519, NULL, 0},
        {"selector with a line end", "example.org", "a\r\n", "", ed25519, NULL, 0},
        {"empty selector", "example.org", "", "", ed25519, NULL, 0},
        {"no key", "example.org", "e", "", NULL, NULL, 0},
        {"RSA of 512 bits", "example.org", "e", "", rsa512, NULL, 0},
        {"i= elsewhere", "example.org", "e", "a@example.net", ed25519, NULL, 0},
        {"i= without @", "example.org", "e", "example.org", ed25519, NULL, 0},
        {"h= without From", "example.org", "e", "", ed25519, without_from, 1},
        {"h= with a colon", "example.org", "e", "", ed25519, broken, 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dkim_signer s = signer(rows[i].key, rows[i].selector);
        s.domain = str_from(rows[i].domain);
        s.identity = str_from(rows[i].identity);
        s.header_names = rows[i].names;
        s.n_header_names = rows[i].n_names;
        tap_case("signer refused: %s", rows[i].label);
        tap_int(try_signer("From: a@b.test\r\n", &s), MP_E_USAGE);
    }
}

static void test_given_names(void)
{
    static const struct str names[] = {STR_INIT("from"), STR_INIT("SUBJECT"), STR_INIT("X-Absent")};
    struct dkim_signer s = signer(ed25519, "e");
    s.header_names = names;
    s.n_header_names = ARRAY_LEN(names);
    s.domain = STR("EXAMPLE.org");
    publish_all();
    tap_case("signing fields of the caller's choice");
    struct str raw = sign_message(plain_head, plain_body, &s, 1, 50);
    tap_ok(str_search(raw, STR("h=from:SUBJECT:X-Absent;")) < raw.n);
    check(raw, DKIM_PASS);
}

int main(void)
{
    kit_open();
    test_sign_and_verify();
    test_two_keys();
    test_field_shape();
    test_flipped_bits();
    test_refused_signing();
    test_given_names();
    return kit_close();
}
