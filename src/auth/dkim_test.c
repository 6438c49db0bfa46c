/* Verifying: each row of the grammar of signatures and key records decides as the RFC says. */
#include "tests/tap.h"

#include "auth/dkim_test_kit.h"

/* ---- signatures with tags of the test's choice ---- */

struct crafted {
    enum canon header_canon, body_canon;
    uint64_t limit; /* the l= that the tags say; UINT64_MAX: none */
    struct str names;
    const struct private_key *key;
};

/* The field "DKIM-Signature:" + tags, where "{bh}" stands for the body hash and "{b}" (anywhere)
 * for the signature: valid by arithmetic whatever the tags say. */
static struct str craft(const char *head, const char *body, const char *tags, struct crafted c)
{
    struct str text = str_from(tags), digest;
    struct message m, signed_m;
    uint64_t n;
    struct buf b, octets;
    struct mp_err err = {0};
    buf_init(&b, 1 << 20);
    buf_init(&octets, 4096);
    struct body_hashes *bodies = body_hashes_new(&arena, str_from(body));
    tap_ok(body_hash_get(bodies, c.body_canon, DIGEST_SHA256, c.limit, &digest, &n));
    size_t at = str_search(text, STR("{bh}"));
    buf_addz(&b, "DKIM-Signature:");
    buf_add(&b, str_slice(text, 0, at));
    if (at < text.n)
        base64_encode(&b, digest);
    buf_add(&b, str_slice(text, at + 4, text.n));
    struct str field = arena_copy(&arena, buf_str(&b));
    size_t hole = str_search(field, STR("{b}"));
    buf_reset(&b);
    buf_add(&b, str_slice(field, 0, hole));
    buf_add(&b, str_slice(field, hole + 3, field.n));
    buf_addz(&b, "\r\n");
    buf_addz(&b, head);
    buf_addf(&b, "\r\n%s", body);
    struct str unsigned_raw = arena_copy(&arena, buf_str(&b));
    tap_int(message_parse(&arena, unsigned_raw, &m, &err), MP_OK);
    struct str without = str_slice(unsigned_raw, m.headers[1].offset, unsigned_raw.n);
    tap_int(message_parse(&arena, without, &signed_m, &err), MP_OK);
    struct digest d;
    unsigned char hash[DIGEST_MAX_BYTES];
    struct header_selector *selector = header_selector_new(&arena, &signed_m);
    struct str names = c.names, name;
    tap_ok(digest_start(&d, DIGEST_SHA256));
    while (names.p != NULL) {
        name = str_trim(str_cut(&names, ':'));
        const struct header *h = header_select(selector, name);
        if (h != NULL)
            header_hash(&d, h, c.header_canon);
    }
    size_t from = hole - STR("DKIM-Signature:").n, to = from; /* with the white space around */
    struct str value = m.headers[0].value;
    while (from > 0 && is_fws(value.p[from - 1]))
        from--;
    while (to < value.n && is_fws(value.p[to]))
        to++;
    header_hash_without_b(&d, &m.headers[0], c.header_canon, from, to - from);
    tap_ok(digest_final(&d, hash));
    tap_int(private_key_sign(c.key, str_make((const char *)hash, 32), &octets, &err), MP_OK);
    buf_reset(&b);
    buf_add(&b, str_slice(field, 0, hole));
    if (hole < field.n)
        base64_encode(&b, buf_str(&octets));
    buf_add(&b, str_slice(field, hole + 3, field.n));
    buf_addz(&b, "\r\n");
    buf_add(&b, without);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    buf_clear(&octets);
    return copy;
}

static struct str craft_usual(const char *tags)
{
    return craft(plain_head, plain_body, tags,
                 (struct crafted){CANON_RELAXED, CANON_RELAXED, UINT64_MAX, STR("from:subject"),
                                  ed25519});
}

#define USUAL  "a=ed25519-sha256; c=relaxed/relaxed; h=from:subject; bh={bh}; b={b}"
#define SIGNER "d=example.org; s=e; "

static const struct {
    const char *label, *tags;
    enum dkim_result want;
    const char *reason; /* somewhere in it; "" for anything */
} tag_rows[] = {
    {"usual", "v=1; " SIGNER USUAL, DKIM_PASS, ""},
    {"trailing semicolon", "v=1; " SIGNER USUAL ";", DKIM_PASS, ""},
    {"b= first", "b={b};v=1;" SIGNER "a=ed25519-sha256;c=relaxed/relaxed;h=from:subject;bh={bh}",
     DKIM_PASS, ""},
    {"b= folded around",
     "v=1; " SIGNER "a=ed25519-sha256; c=relaxed/relaxed; h=from:subject; "
     "bh={bh}; b = {b} ;z=x",
     DKIM_PASS, ""},
    {"unknown tags", "v=1; xb=1; bb=2; B=3; " SIGNER USUAL, DKIM_PASS, ""},
    {"folds everywhere",
     "\r\n\tv\r\n = 1;\r\n " SIGNER "a=ed25519-sha256;c=relaxed/relaxed;"
     "h=\r\n from\r\n :\r\n subject\r\n ;bh={bh};b={b}",
     DKIM_PASS, ""},
    {"v= missing", SIGNER USUAL, DKIM_PERMERROR, "v="},
    {"v=2", "v=2; " SIGNER USUAL, DKIM_PERMERROR, "v="},
    {"v=1.0", "v=1.0; " SIGNER USUAL, DKIM_PERMERROR, "v="},
    {"V= is not v=", "V=1; " SIGNER USUAL, DKIM_PERMERROR, "v="},
    {"d= missing", "v=1; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= empty", "v=1; d=; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= of one label", "v=1; d=org; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with a final dot", "v=1; d=example.org.; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with an empty label", "v=1; d=example..org; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with a parenthesis", "v=1; d=example.org(.x.test; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with a quote", "v=1; d=\"example.org; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with a space", "v=1; d=example .org; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= with an address", "v=1; d=a@example.org; s=e; " USUAL, DKIM_PERMERROR, "d="},
    {"d= in other case", "v=1; d=EXAMPLE.Org; s=E; " USUAL, DKIM_PASS, ""},
    {"d= not UTF-8",
     "v=1; d=b\xfc"
     "cher.example; s=e; " USUAL,
     DKIM_PERMERROR, "list"},
    {"d= twice", "v=1; d=example.org; " SIGNER USUAL, DKIM_PERMERROR, "twice"},
    {"s= missing", "v=1; d=example.org; " USUAL, DKIM_PERMERROR, "s="},
    {"s= empty", "v=1; d=example.org; s=; " USUAL, DKIM_PERMERROR, "s="},
    {"s= with a hash", "v=1; d=example.org; s=e#; " USUAL, DKIM_PERMERROR, "s="},
    {"s= of several labels", "v=1; d=example.org; s=e.f; " USUAL, DKIM_PERMERROR, "no key"},
    {"a= missing", "v=1; " SIGNER "h=from; bh={bh}; b={b}", DKIM_PERMERROR, "a="},
    {"a= unknown", "v=1; " SIGNER "a=rsa-sha512; h=from; bh={bh}; b={b}", DKIM_PERMERROR, "a="},
    {"a=rsa-sha1", "v=1; " SIGNER "a=rsa-sha1; h=from; bh={bh}; b={b}", DKIM_POLICY, "sha1"},
    {"a= in other case",
     "v=1; " SIGNER "a=ED25519-SHA256; c=relaxed/relaxed; h=from:subject; "
     "bh={bh}; b={b}",
     DKIM_PASS, ""},
    {"a= of another key type",
     "v=1; " SIGNER "a=rsa-sha256; c=relaxed/relaxed; h=from:subject; "
     "bh={bh}; b={b}",
     DKIM_PERMERROR, "type"},
    {"c= unknown", "v=1; " SIGNER "a=ed25519-sha256; c=nofws; h=from; bh={bh}; b={b}",
     DKIM_PERMERROR, "c="},
    {"q= with dns/txt", "v=1; q=dns/mx : dns/txt; " SIGNER USUAL, DKIM_PASS, ""},
    {"q= without dns/txt", "v=1; q=http; " SIGNER USUAL, DKIM_PERMERROR, "q="},
    {"h= missing", "v=1; " SIGNER "a=ed25519-sha256; bh={bh}; b={b}", DKIM_PERMERROR, "h="},
    {"h= empty", "v=1; " SIGNER "a=ed25519-sha256; h=; bh={bh}; b={b}", DKIM_PERMERROR, "h="},
    {"h= without From", "v=1; " SIGNER "a=ed25519-sha256; h=subject:to; bh={bh}; b={b}",
     DKIM_PERMERROR, "From"},
    {"h= with an empty name", "v=1; " SIGNER "a=ed25519-sha256; h=from::to; bh={bh}; b={b}",
     DKIM_PERMERROR, "h="},
    {"h= with a space in a name", "v=1; " SIGNER "a=ed25519-sha256; h=from:a b; bh={bh}; b={b}",
     DKIM_PERMERROR, "h="},
    {"bh= missing", "v=1; " SIGNER "a=ed25519-sha256; h=from; b={b}", DKIM_PERMERROR, "bh="},
    {"bh= not base64", "v=1; " SIGNER "a=ed25519-sha256; h=from; bh=???; b={b}", DKIM_PERMERROR,
     "bh="},
    {"bh= of 16 octets",
     "v=1; " SIGNER "a=ed25519-sha256; h=from; bh=AAAAAAAAAAAAAAAAAAAAAA==; "
     "b={b}",
     DKIM_FAIL, "body"},
    {"bh= of another body",
     "v=1; " SIGNER "a=ed25519-sha256; h=from; "
     "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={b}",
     DKIM_FAIL, "body"},
    {"b= missing", "v=1; " SIGNER "a=ed25519-sha256; h=from; bh={bh}", DKIM_PERMERROR, "b="},
    {"b= empty", "v=1; " SIGNER "a=ed25519-sha256; h=from; bh={bh}; b=", DKIM_PERMERROR, "b="},
    {"b= not base64", "v=1; " SIGNER "a=ed25519-sha256; h=from; bh={bh}; b=A", DKIM_PERMERROR,
     "b="},
    {"b= of nothing good",
     "v=1; " SIGNER "a=ed25519-sha256; c=relaxed/relaxed; h=from:subject; "
     "bh={bh}; b=AAAA",
     DKIM_FAIL, "b="},
    {"i= same", "v=1; i=a@example.org; " SIGNER USUAL, DKIM_PASS, ""},
    {"i= without local part", "v=1; i=@example.org; " SIGNER USUAL, DKIM_PASS, ""},
    {"i= below", "v=1; i=@x.y.EXAMPLE.org; " SIGNER USUAL, DKIM_PASS, ""},
    {"i= above", "v=1; i=@org; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= beside", "v=1; i=@example.net; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= ends in the text of d=", "v=1; i=@badexample.org; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= without @", "v=1; i=example.org; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= with two @", "v=1; i=a@b@example.org; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= with a quoted @", "v=1; i=\"a@b\"@example.org; " SIGNER USUAL, DKIM_PASS, ""},
    {"i= with a hidden @", "v=1; i=a=40x.test=40@example.org; " SIGNER USUAL, DKIM_PERMERROR, "i="},
    {"i= with UTF-8", "v=1; i=\xc3\xbc@example.org; " SIGNER USUAL, DKIM_PASS, ""},
    {"t= ahead is only flagged", "v=1; t=1800000000; " SIGNER USUAL, DKIM_PASS, ""},
    {"t= not a number", "v=1; t=12a; " SIGNER USUAL, DKIM_PERMERROR, "time"},
    {"t= of 13 digits", "v=1; t=1000000000000; " SIGNER USUAL, DKIM_PERMERROR, "time"},
    {"x= ahead", "v=1; t=1700000000; x=1700009999; " SIGNER USUAL, DKIM_PASS, ""},
    {"x= within the allowance", "v=1; x=1699999801; " SIGNER USUAL, DKIM_PASS, ""},
    {"x= past", "v=1; x=1699999799; " SIGNER USUAL, DKIM_POLICY, "expired"},
    {"x= equals t=", "v=1; t=1700000000; x=1700000000; " SIGNER USUAL, DKIM_PERMERROR, "x="},
    {"x= before t=, written first", "v=1; x=1700000000; t=1700000001; " SIGNER USUAL,
     DKIM_PERMERROR, "x="},
    {"x= negative", "v=1; x=-1; " SIGNER USUAL, DKIM_PERMERROR, "time"},
    {"l= negative", "v=1; l=-1; " SIGNER USUAL, DKIM_PERMERROR, "l="},
    {"l= of 77 digits",
     "v=1; l=1000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000; " SIGNER USUAL,
     DKIM_PERMERROR, "l="},
    {"l= of 2^64", "v=1; l=18446744073709551616; " SIGNER USUAL, DKIM_PERMERROR, "l="},
    {"l= of 2^64 - 1", "v=1; l=18446744073709551615; " SIGNER USUAL, DKIM_PERMERROR, "l="},
    {"no equals sign", "v=1; junk; " SIGNER USUAL, DKIM_PERMERROR, "list"},
    {"empty element", "v=1;; " SIGNER USUAL, DKIM_PERMERROR, "list"},
    {"control character", "v=1; z=\x01; " SIGNER USUAL, DKIM_PERMERROR, "list"},
    {"empty field", "", DKIM_PERMERROR, "list"},
};

static void test_tags(void)
{
    publish_all();
    for (size_t i = 0; i < ARRAY_LEN(tag_rows); i++) {
        tap_case("signature: %s", tag_rows[i].label);
        struct verified v = verify(craft_usual(tag_rows[i].tags));
        tap_int(v.status, MP_OK);
        if (!tap_int(v.out.n, 1))
            continue;
        tap_cstr(dkim_result_name(v.out.sigs[0].result), dkim_result_name(tag_rows[i].want));
        if (!tap_ok(str_search(v.out.sigs[0].reason, str_from(tag_rows[i].reason)) <
                        v.out.sigs[0].reason.n ||
                    *tag_rows[i].reason == '\0'))
            tap_note("reason: " STR_FMT, STR_ARG(v.out.sigs[0].reason));
        tap_int(v.out.sigs[0].reason.n == 0, tag_rows[i].want == DKIM_PASS);
    }
    tap_case("signature: DKIM-Signature in h= means the others, never itself");
    check(craft(plain_head, plain_body,
                "v=1; " SIGNER "a=ed25519-sha256; c=relaxed/relaxed; "
                "h=from:dkim-signature; bh={bh}; b={b}",
                (struct crafted){CANON_RELAXED, CANON_RELAXED, UINT64_MAX, STR("from"), ed25519}),
          DKIM_PASS);
    tap_case("signature: U-labels are asked as A-labels and hashed as written (RFC 8616)");
    publish_key("e._domainkey.xn--bcher-kva.example", ed25519);
    check(craft_usual("v=1; d=b\xc3\xbc"
                      "cher.example; s=e; i=@a.b\xc3\xbc"
                      "cher.example; " USUAL),
          DKIM_PASS);
    tap_case("signature: s= and d= too long for one name");
    struct buf b;
    buf_init(&b, 4096);
    buf_addz(&b, "v=1; s=");
    for (unsigned i = 0; i < 4; i++)
        buf_addf(&b, "%060u.", i);
    buf_addz(&b, "e; d=example.org; " USUAL);
    buf_addc(&b, '\0');
    check(craft_usual(b.p), DKIM_PERMERROR);
    buf_clear(&b);
}

/* ---- l= ---- */

static void test_length(void)
{
    static const struct {
        const char *label, *l, *body;
        uint64_t limit;
        enum dkim_result want, accepting;
        bool tail;
    } rows[] = {
        {"covers all", "10", "12345678\r\n", 10, DKIM_PASS, DKIM_PASS, false},
        {"leading zeros", "0010", "12345678\r\n", 10, DKIM_PASS, DKIM_PASS, false},
        {"a tail", "8", "12345678\r\n", 8, DKIM_POLICY, DKIM_PASS, true},
        {"nothing of the body", "0", "12345678\r\n", 0, DKIM_POLICY, DKIM_PASS, true},
        {"nothing of nothing", "0", "", 0, DKIM_PASS, DKIM_PASS, false},
        {"more than the body", "11", "12345678\r\n", 11, DKIM_PERMERROR, DKIM_PERMERROR, false},
        {"empty lines at the end are no tail", "10", "12345678\r\n\r\n\r\n", 10, DKIM_PASS,
         DKIM_PASS, false},
    };
    publish_all();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str tags = arena_fmt(&arena, "v=1; l=%s; " SIGNER USUAL, rows[i].l);
        struct str raw = craft(plain_head, rows[i].body, tags.p,
                               (struct crafted){CANON_RELAXED, CANON_RELAXED, rows[i].limit,
                                                STR("from:subject"), ed25519});
        tap_case("l=: %s", rows[i].label);
        struct verified v = verify(raw);
        tap_cstr(dkim_result_name(v.out.result), dkim_result_name(rows[i].want));
        tap_int(v.out.sigs[0].unsigned_tail, rows[i].tail);
        tap_int(finding_has(&v.findings, FINDING_AUTH_L_TAG_UNSIGNED_TAIL), rows[i].tail);
        tap_ok(finding_has(&v.findings, FINDING_AUTH_L_TAG));
        config.l_tag = L_TAG_ACCEPT;
        check(raw, rows[i].accepting);
        config.l_tag = L_TAG_REFUSE_TAIL;
    }
}

/* ---- key records ---- */

static const struct {
    const char *label, *before; /* p= of the right key follows, then after */
    const char *after;
    enum dkim_result want;
} key_rows[] = {
    {"usual", "v=DKIM1; k=ed25519; ", "", DKIM_PASS},
    {"without v=", "k=ed25519; ", "", DKIM_PASS},
    {"v= not first", "k=ed25519; v=DKIM1; ", "", DKIM_PERMERROR},
    {"v=DKIM1.0", "v=DKIM1.0; k=ed25519; ", "", DKIM_PERMERROR},
    {"v=DKIM2", "v=DKIM2; k=ed25519; ", "", DKIM_PERMERROR},
    {"v=dkim1", "v=dkim1; k=ed25519; ", "", DKIM_PERMERROR},
    {"k= absent means rsa", "v=DKIM1; ", "", DKIM_PERMERROR},
    {"k=rsa for another key", "v=DKIM1; k=rsa; ", "", DKIM_PERMERROR},
    {"k= unknown", "v=DKIM1; k=ecdsa; ", "", DKIM_PERMERROR},
    {"h=sha256", "v=DKIM1; h=sha256; k=ed25519; ", "", DKIM_PASS},
    {"h=sha1:sha256", "v=DKIM1; h = sha1 : sha256; k=ed25519; ", "", DKIM_PASS},
    {"h=sha1", "v=DKIM1; h=sha1; k=ed25519; ", "", DKIM_PERMERROR},
    {"h= empty", "v=DKIM1; h=; k=ed25519; ", "", DKIM_PERMERROR},
    {"s=email", "v=DKIM1; s=email; k=ed25519; ", "", DKIM_PASS},
    {"s=*", "v=DKIM1; s=*; k=ed25519; ", "", DKIM_PASS},
    {"s=tlsrpt:email", "v=DKIM1; s=tlsrpt:email; k=ed25519; ", "", DKIM_PASS},
    {"s=tlsrpt", "v=DKIM1; s=tlsrpt; k=ed25519; ", "", DKIM_PERMERROR},
    {"s=emailx", "v=DKIM1; s=emailx; k=ed25519; ", "", DKIM_PERMERROR},
    {"t=y", "v=DKIM1; t=y; k=ed25519; ", "", DKIM_PASS},
    {"t=s without i=", "v=DKIM1; t=s; k=ed25519; ", "", DKIM_PASS},
    {"t= unknown flag", "v=DKIM1; t=q; k=ed25519; ", "", DKIM_PASS},
    {"g= is nothing any more", "v=DKIM1; g=nobody; k=ed25519; ", "", DKIM_PASS},
    {"n= notes", "v=DKIM1; n=a note, with things=in it; k=ed25519; ", "", DKIM_PASS},
    {"unknown tag", "v=DKIM1; zz=1; k=ed25519; ", "", DKIM_PASS},
    {"trailing semicolon and space", "v=DKIM1; k=ed25519; ", " ; ", DKIM_PASS},
    {"white space", " v = DKIM1 ; k = ed25519 ;\t", " ", DKIM_PASS},
    {"no semicolon after v=", "v=DKIM1 k=ed25519; ", "", DKIM_PERMERROR},
    {"k= twice", "v=DKIM1; k=ed25519; k=ed25519; ", "", DKIM_PERMERROR},
    {"junk behind the padding", "v=DKIM1; k=ed25519; ", "AAAA", DKIM_PERMERROR},
    {"too much padding", "v=DKIM1; k=ed25519; ", "=", DKIM_PERMERROR},
    {"not base64", "v=DKIM1; k=ed25519; ", "!", DKIM_PERMERROR},
    {"control character", "v=DKIM1; n=\x02; k=ed25519; ", "", DKIM_PERMERROR},
    {"no p= of its own", "v=DKIM1; k=ed25519; x", "", DKIM_PERMERROR},
};

static void test_key_records(void)
{
    struct str raw = craft_usual("v=1; " SIGNER USUAL);
    for (size_t i = 0; i < ARRAY_LEN(key_rows); i++) {
        n_answers = 0;
        publish("e._domainkey.example.org", record(key_rows[i].before, ed25519, key_rows[i].after));
        tap_case("key record: %s", key_rows[i].label);
        check(raw, key_rows[i].want);
    }
}

static void test_key_names(void)
{
    struct str raw = craft_usual("v=1; " SIGNER USUAL);
    struct str right = record("v=DKIM1; k=ed25519; ", ed25519, "");
    static const struct str foreign[] = {STR_INIT("v=spf1 -all"), STR_INIT("google-site=abc"),
                                         STR_INIT("")};
    static const struct {
        const char *label;
        enum dns_status status;
        enum dkim_result want;
    } failures[] = {{"SERVFAIL", DNS_SERVFAIL, DKIM_TEMPERROR},
                    {"timeout", DNS_TIMEOUT, DKIM_TEMPERROR},
                    {"bogus", DNS_BOGUS, DKIM_TEMPERROR},
                    {"NXDOMAIN", DNS_NXDOMAIN, DKIM_PERMERROR},
                    {"NODATA", DNS_NODATA, DKIM_PERMERROR}};
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        n_answers = 0;
        publish_failure("e._domainkey.example.org", failures[i].status);
        tap_case("key name: %s", failures[i].label);
        check(raw, failures[i].want);
    }
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        n_answers = 0;
        publish("e._domainkey.example.org", foreign[i]);
        tap_case("key name: a foreign record alone, %zu", i);
        check(raw, DKIM_PERMERROR);
        publish("e._domainkey.example.org", right);
        tap_case("key name: a foreign record beside, %zu", i);
        struct verified v = verify(raw);
        tap_int(v.out.result, DKIM_PASS);
        tap_ok(!finding_has(&v.findings, FINDING_AUTH_KEY_SEVERAL));
    }
    tap_case("key name: revoked");
    n_answers = 0;
    publish("e._domainkey.example.org", STR("v=DKIM1; k=ed25519; p="));
    check(raw, DKIM_PERMERROR);
}

static void test_several_keys(void)
{
    struct str raw = craft_usual("v=1; " SIGNER USUAL);
    struct str right = record("v=DKIM1; k=ed25519; ", ed25519, "");
    const struct str others[] = {
        record("v=DKIM1; ", rsa2048, ""), STR("v=DKIM1; k=ed25519; p="),
        STR("v=DKIM1; k=ed25519; p=WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY="),
        STR("v=DKIM1; k=ed25519; p=!")};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        for (unsigned order = 0; order < 2; order++) {
            n_answers = 0;
            publish("e._domainkey.example.org", order == 0 ? right : others[i]);
            publish("e._domainkey.example.org", order == 0 ? others[i] : right);
            tap_case("several keys: the right one counts wherever it stands, %zu %u", i, order);
            struct verified v = verify(raw);
            tap_int(v.out.result, DKIM_PASS);
            tap_ok(finding_has(&v.findings, FINDING_AUTH_KEY_SEVERAL));
        }
}

static void test_key_sizes(void)
{
    static const struct crafted base = {CANON_RELAXED, CANON_RELAXED, UINT64_MAX,
                                        STR_INIT("from:subject"), NULL};
    const struct {
        const struct private_key *key;
        const char *selector;
        enum dkim_result want;
        bool weak;
    } rows[] = {{rsa512, "r0", DKIM_POLICY, true},
                {rsa1024, "r1", DKIM_PASS, true},
                {rsa2048, "r2", DKIM_PASS, false},
                {ed25519, "e", DKIM_PASS, false}};
    publish_all();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crafted c = base;
        c.key = rows[i].key;
        struct str tags =
            arena_fmt(&arena,
                      "v=1; d=example.org; s=%s; a=%s; c=relaxed/relaxed; "
                      "h=from:subject; bh={bh}; b={b}",
                      rows[i].selector, rows[i].key == ed25519 ? "ed25519-sha256" : "rsa-sha256");
        tap_case("key size: %s", rows[i].selector);
        struct verified v = verify(craft(plain_head, plain_body, tags.p, c));
        tap_cstr(dkim_result_name(v.out.result), dkim_result_name(rows[i].want));
        tap_int(finding_has(&v.findings, FINDING_AUTH_KEY_WEAK), rows[i].weak);
        tap_int(finding_has(&v.findings, FINDING_AUTH_DKIM_POLICY), rows[i].want == DKIM_POLICY);
    }
}

static void test_strict_key(void)
{
    tap_case("t=s forbids an i= below d=, not one at d=");
    n_answers = 0;
    publish("e._domainkey.example.org", record("v=DKIM1; t=y:s; k=ed25519; ", ed25519, ""));
    check(craft_usual("v=1; i=@sub.example.org; " SIGNER USUAL), DKIM_PERMERROR);
    struct verified v = verify(craft_usual("v=1; i=x@example.org; " SIGNER USUAL));
    tap_int(v.out.result, DKIM_PASS);
    tap_ok(v.out.sigs[0].key_testing);
    tap_ok(finding_has(&v.findings, FINDING_AUTH_KEY_TESTING));
}

/* ---- several signatures, and waiting ---- */

static void test_waiting(void)
{
    struct dns_view *view = dns_view_new(&arena, NULL, NULL);
    struct message m;
    struct dkim_outcome out = {0};
    struct mp_err err = {0};
    struct str good = craft_usual("v=1; " SIGNER USUAL);
    struct str raw = arena_fmt(
        &arena,
        "DKIM-Signature: v=1; d=a.test; s=1; a=rsa-sha256; h=from; bh=AAAA; b=AAAA\r\n"
        "DKIM-Signature: v=1; d=b.test; s=2; a=rsa-sha256; h=from; bh=AAAA; b=AAAA\r\n"
        "DKIM-Signature: v=1; d=c.test; s=3; a=rsa-sha1; h=from; bh=AAAA; b=AAAA\r\n" STR_FMT,
        STR_ARG(good));
    struct auth_ctx ctx = {
        .arena = &arena, .msg = &m, .dns = view, .config = &config, .now_s = NOW_S};
    publish_all();
    tap_case("waiting: all keys are asked in one round, none for a dead signature");
    tap_int(message_parse(&arena, raw, &m, &err), MP_OK);
    tap_int(dkim_verify(&ctx, STR("example.org"), &out, &err), MP_WAIT);
    size_t cursor = 0, asked = 0;
    struct dns_question q;
    while (dns_view_missing(view, &cursor, &q)) {
        asked++;
        tap_int(q.type, DNS_TXT);
        tap_int(dns_view_put(view, q.name, q.type, ready(NULL, q.name, q.type)), MP_OK);
    }
    tap_int(asked, 3);
    tap_int(dkim_verify(&ctx, STR("example.org"), &out, &err), MP_OK);
    tap_int(out.result, DKIM_PASS);
    tap_int(out.n, 4);
    tap_int(out.sigs[0].result, DKIM_PERMERROR);
    tap_int(out.sigs[2].result, DKIM_POLICY);
    tap_int(out.sigs[3].result, DKIM_PASS);
    dns_view_release(view);
}

static struct str with_many(struct str good, unsigned n, const char *tags)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "DKIM-Signature: %s%u\r\n", tags, i);
    buf_add(&b, good);
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static void test_many(void)
{
    struct str good = craft_usual("v=1; " SIGNER USUAL);
    static const char formed[] =
        "v=1; d=other.test; s=e; a=rsa-sha256; h=from; bh=AAAA; b=AAAA; z=";
    publish_all();
    tap_case("many: signatures that cannot be parsed do not use the cap up");
    struct verified v = verify(with_many(good, 50, "junk"));
    tap_int(v.out.result, DKIM_PASS);
    tap_int(v.out.n, 51);
    tap_ok(!finding_has(&v.findings, FINDING_AUTH_SIGNATURE_LIMIT));
    tap_case("many: an aligned one is preferred, the rest is reported as not evaluated");
    v = verify(with_many(good, 30, formed));
    tap_int(v.out.result, DKIM_PASS);
    tap_int(v.out.sigs[30].result, DKIM_PASS);
    tap_int(v.out.sigs[0].result, DKIM_PERMERROR);
    tap_int(v.out.sigs[29].result, DKIM_NEUTRAL);
    tap_ok(v.out.sigs[29].over_limit && !v.out.sigs[8].over_limit && v.out.sigs[9].over_limit);
    tap_ok(finding_has(&v.findings, FINDING_AUTH_SIGNATURE_LIMIT));
    tap_case("many: without a preference the topmost are taken");
    v = verify_for(with_many(good, 30, formed), STR_NONE);
    tap_int(v.out.result, DKIM_PERMERROR);
    tap_case("many: more fields than are parsed");
    v = verify(with_many(good, DKIM_MAX_PARSED + 5, "junk"));
    tap_int(v.out.n, DKIM_MAX_PARSED);
    tap_int(v.out.seen, DKIM_MAX_PARSED + 6);
    tap_ok(finding_has(&v.findings, FINDING_AUTH_SIGNATURE_LIMIT));
    tap_case("many: none at all");
    v = verify(STR("From: a@b.test\r\n\r\nx\r\n"));
    tap_int(v.out.result, DKIM_NONE);
    tap_int(v.out.n, 0);
    tap_int(v.findings.n, 0);
}

/* ---- findings ---- */

static bool flags(struct str raw, enum finding_id id)
{
    struct verified v = verify(raw);
    return finding_has(&v.findings, id);
}

static struct str prefixed(const char *field, struct str raw)
{
    return arena_fmt(&arena, "%s" STR_FMT, field, STR_ARG(raw));
}

static void test_findings(void)
{
    publish_all();
    struct str good = craft_usual("v=1; " SIGNER USUAL);
    tap_case("finding: a second Subject above the signed one verifies and is flagged (N25)");
    struct str twice = prefixed("Subject: other\r\n", good);
    check(twice, DKIM_PASS);
    tap_ok(flags(twice, FINDING_AUTH_DUPLICATE_HEADER));
    tap_ok(!flags(good, FINDING_AUTH_DUPLICATE_HEADER));
    tap_case("finding: an unsigned field may stand twice, so may a trace field");
    tap_ok(!flags(prefixed("To: x@example.net\r\nX-A: 1\r\nX-A: 2\r\n", good),
                  FINDING_AUTH_DUPLICATE_HEADER));
    tap_case("finding: with oversigning the second one breaks the signature");
    struct dkim_signer s = signer(ed25519, "e");
    check(prefixed("Subject: other\r\n", sign_message(plain_head, plain_body, &s, 1, 99)),
          DKIM_FAIL);
    tap_case("finding: each verdict has one");
    tap_ok(flags(craft_usual("v=1; " SIGNER "a=ed25519-sha256; h=from; bh=AAAA; b={b}"),
                 FINDING_AUTH_DKIM_FAIL));
    tap_ok(flags(craft_usual("v=2; " SIGNER USUAL), FINDING_AUTH_DKIM_PERMERROR));
    publish_failure("t._domainkey.example.org", DNS_TIMEOUT);
    tap_ok(flags(craft_usual("v=1; d=example.org; s=t; " USUAL), FINDING_AUTH_DKIM_TEMPERROR));
    tap_case("finding: a time ahead, beyond the allowance");
    tap_ok(flags(craft_usual("v=1; t=1700000401; " SIGNER USUAL), FINDING_AUTH_FUTURE_T));
    tap_ok(!flags(craft_usual("v=1; t=1700000400; " SIGNER USUAL), FINDING_AUTH_FUTURE_T));
}

static void test_names(void)
{
    static const char *const words[] = {"none",    "pass",      "fail",     "policy",
                                        "neutral", "temperror", "permerror"};
    for (int r = DKIM_NONE; r <= DKIM_PERMERROR; r++) {
        tap_case("result name: %s", words[r]);
        tap_cstr(dkim_result_name((enum dkim_result)r), words[r]);
    }
}

int main(void)
{
    kit_open();
    test_tags();
    test_length();
    test_key_records();
    test_key_names();
    test_several_keys();
    test_key_sizes();
    test_strict_key();
    test_waiting();
    test_many();
    test_findings();
    test_names();
    return kit_close();
}
