/* Authentication-Results: read by the grammar, written without leaks, stripped when forged. */
#include "auth/authres.h"
#include "base/buf.h"
#include "tests/tap.h"

enum { BUDGET = 256 * 1024 * 1024, ROUNDS = 3000 };

static struct arena arena;

static void start(void)
{
    arena_clear(&arena);
    arena_init(&arena, BUDGET);
}

/* ---- reading ---- */

/* What was read, in one line: "id/version method/v=result?reason ptype.prop=value; ..." */
static struct str shown(const struct authres *a)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, a->authserv_id);
    if (a->version.p != NULL)
        buf_addf(&b, "/" STR_FMT, STR_ARG(a->version));
    for (size_t i = 0; i < a->n; i++) {
        const struct authres_result *r = &a->results[i];
        buf_addf(&b, "; " STR_FMT, STR_ARG(r->method));
        if (r->version.p != NULL)
            buf_addf(&b, "/" STR_FMT, STR_ARG(r->version));
        buf_addf(&b, "=" STR_FMT, STR_ARG(r->result));
        if (r->reason.p != NULL)
            buf_addf(&b, "?" STR_FMT, STR_ARG(r->reason));
        for (size_t k = 0; k < r->n_props; k++)
            buf_addf(&b, " " STR_FMT "." STR_FMT "=" STR_FMT, STR_ARG(r->props[k].ptype),
                     STR_ARG(r->props[k].property), STR_ARG(r->props[k].value));
    }
    struct str copy = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return copy;
}

static const struct {
    const char *label, *value, *want; /* want NULL: refused */
} read_rows[] = {
    {"nothing done", "mx.test; none", "mx.test"},
    {"nothing done, any case", "mx.test 1 ; NoNe", "mx.test/1"},
    {"one result", "mx.test; SPF=Pass smtp.MailFrom=A@b.test",
     "mx.test; spf=pass smtp.mailfrom=A@b.test"},
    {"comments wherever they may stand",
     "(a)mx.test(b)1(c);(d)spf(e)/(f)1(g)=(h)pass(i)reason(j)=(k)x(l)smtp(m).(n)helo(o)=(p)y(q)",
     "mx.test/1; spf/1=pass?x smtp.helo=y"},
    {"folds wherever they may stand",
     "\r\n mx.test\r\n\t;\r\n spf=\r\n pass\r\n \r\n smtp.helo=\r\n\ty",
     "mx.test; spf=pass smtp.helo=y"},
    {"a quoted id with a quoted pair", "\"m\\x.test\"; none", "mx.test"},
    {"a quoted value over a fold", "mx.test; x=pass reason=\"a\r\n b\" p.q=\"\"",
     "mx.test; x=pass?a b p.q="},
    {"an address literal", "[192.0.2.1]; none", "[192.0.2.1]"},
    {"a quoted local part keeps its quotes", "mx.test; x=pass smtp.mailfrom=\"a b\"@c.test",
     "mx.test; x=pass smtp.mailfrom=\"a b\"@c.test"},
    {"base64 without quotes",
     "mx.test; dkim=pass header.b=a/b+c==", "mx.test; dkim=pass header.b=a/b+c=="},
    {"U-label", "b\303\274cher.test; x=pass header.d=\303\274.test",
     "b\303\274cher.test; x=pass header.d=\303\274.test"},
    {"properties after a quoted value without space", "mx.test; x=pass p.q=\"r\"p.s=t",
     "mx.test; x=pass p.q=r p.s=t"},
    {"a comment is no property", "mx.test; x=fail (p.q=\"; x=pass) p.q=v", "mx.test; x=fail p.q=v"},
    {"another version is read, to be ignored", "mx.test 2; x=pass", "mx.test/2; x=pass"},
    {"empty", "", NULL},
    {"id alone", "mx.test", NULL},
    {"id and semicolon alone", "mx.test;", NULL},
    {"empty quoted id", "\"\"; none", NULL},
    {"no semicolon", "mx.test spf=pass", NULL},
    {"version that is no number", "mx.test 1a; none", NULL},
    {"two ids", "mx.test other.test; none", NULL},
    {"empty element", "mx.test; ; spf=pass", NULL},
    {"method alone", "mx.test; spf", NULL},
    {"no result", "mx.test; spf=", NULL},
    {"no result, then a property", "mx.test; spf= smtp.helo=x", NULL},
    {"property without a type", "mx.test; spf=pass helo=x", NULL},
    {"property without a value", "mx.test; spf=pass smtp.helo=", NULL},
    {"property without =", "mx.test; spf=pass smtp.helo", NULL},
    {"reason behind a property", "mx.test; spf=pass smtp.helo=x reason=y", NULL},
    {"two reasons", "mx.test; spf=pass reason=x reason=y", NULL},
    {"method in parentheses", "mx.test; (null)=pass", NULL},
    {"open comment", "mx.test; spf=pass (a (b)", NULL},
    {"open comment in front", "(mx.test; spf=pass", NULL},
    {"open quote", "mx.test; spf=pass reason=\"x", NULL},
    {"backslash at the end of a quote", "mx.test; spf=pass reason=\"x\\", NULL},
    {"stray closing parenthesis", "mx.test; spf=pass ) smtp.helo=x", NULL},
    {"angle brackets", "mx.test; spf=pass smtp.mailfrom=<a@b.test>", NULL},
    {"bare LF", "mx.test;\n spf=pass", NULL},
    {"CRLF without white space behind it", "mx.test;\r\nspf=pass", NULL},
    {"control in a comment", "mx.test (\001); none", NULL},
    {"not UTF-8", "mx.test (\377); none", NULL},
};

static void test_reading(void)
{
    for (size_t i = 0; i < ARRAY_LEN(read_rows); i++) {
        struct authres a;
        const char *reason = NULL;
        start();
        tap_case("read: %s", read_rows[i].label);
        bool ok = authres_parse(&arena, str_from(read_rows[i].value), &a, &reason);
        tap_ok(ok == (read_rows[i].want != NULL));
        if (ok && read_rows[i].want != NULL)
            tap_str(shown(&a), str_from(read_rows[i].want));
        if (!ok)
            tap_ok(reason != NULL && reason[0] != '\0');
    }
    struct authres a;
    const char *reason;
    tap_case("read: NUL in the id");
    tap_ok(!authres_parse(&arena, STR("mx.test\0.evil; none"), &a, &reason));
}

static void repeat(struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addz(b, text);
}

static void test_size(void)
{
    struct authres a;
    const char *reason;
    struct buf b;
    buf_init(&b, 64 << 20);
    start();
    tap_case("read: 20,000 results of three properties");
    buf_addz(&b, "mx.test");
    repeat(&b, "; dkim=pass header.d=a.test header.s=\"s\" header.i=@a.test", 20000);
    tap_ok(authres_parse(&arena, buf_str(&b), &a, &reason));
    tap_int(a.n, 20000);
    tap_int(a.results[19999].n_props, 3);
    tap_str(a.results[19999].props[2].value, STR("@a.test"));

    tap_case("read: a comment 200,000 deep");
    buf_reset(&b);
    repeat(&b, "(", 200000);
    repeat(&b, ")", 200000);
    buf_addz(&b, "mx.test; none");
    tap_ok(authres_parse(&arena, buf_str(&b), &a, &reason));
    tap_ok(authres_claims(&arena, buf_str(&b), STR("mx.test")));

    tap_case("read: 2,000,000 comments never closed");
    buf_reset(&b);
    repeat(&b, "(", 2000000);
    tap_ok(!authres_parse(&arena, buf_str(&b), &a, &reason));
    tap_ok(!authres_claims(&arena, buf_str(&b), STR("mx.test")));
    buf_clear(&b);
}

/* ---- writing ---- */

static const struct {
    const char *label, *value, *want;
} value_rows[] = {
    {"token", "a.b-c", "a.b-c"},
    {"empty", "", "\"\""},
    {"semicolon", "a; dmarc=pass", "\"a; dmarc=pass\""},
    {"quote and backslash", "a\"\\", "\"a\\\"\\\\\""},
    {"line break", "a\r\nB: c", "\"a??B: c\""},
    {"parenthesis", "example.net(.example.com", "\"example.net(.example.com\""},
    {"UTF-8", "\303\274", "\"\303\274\""},
    {"half a character", "\303", "\"?\""},
    {"C1 control", "\302\205", "\"?\""},
};

static void test_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(value_rows); i++) {
        struct buf b;
        buf_init(&b, 1000);
        tap_case("write: %s", value_rows[i].label);
        authres_write_value(&b, str_from(value_rows[i].value));
        tap_str(buf_str(&b), str_from(value_rows[i].want));
        buf_clear(&b);
    }
}

static uint64_t seed = 1;

static size_t random_below(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

/* Text that wants to break out, and what may be read back of it. */
struct piece {
    struct str raw, safe;
};

static const struct piece pieces[] = {
    {STR_INIT("a"), STR_INIT("a")},
    {STR_INIT(" "), STR_INIT(" ")},
    {STR_INIT("."), STR_INIT(".")},
    {STR_INIT("@"), STR_INIT("@")},
    {STR_INIT("b.test"), STR_INIT("b.test")},
    {STR_INIT(";"), STR_INIT(";")},
    {STR_INIT("; dmarc=pass header.from=legit.test"),
     STR_INIT("; dmarc=pass header.from=legit.test")},
    {STR_INIT("\""), STR_INIT("\"")},
    {STR_INIT("\\"), STR_INIT("\\")},
    {STR_INIT("("), STR_INIT("(")},
    {STR_INIT(")"), STR_INIT(")")},
    {STR_INIT("<>[]:,=/?"), STR_INIT("<>[]:,=/?")},
    {STR_INIT("\r\n"), STR_INIT("??")},
    {STR_INIT("\n"), STR_INIT("?")},
    {STR_INIT("\0"), STR_INIT("?")},
    {STR_INIT("\t"), STR_INIT("?")},
    {STR_INIT("\177"), STR_INIT("?")},
    {STR_INIT("\377"), STR_INIT("?")},
    {STR_INIT("\303\274"), STR_INIT("\303\274")},
};

static struct piece random_text(void)
{
    struct buf raw, safe;
    buf_init(&raw, 10000);
    buf_init(&safe, 10000);
    buf_addc(&raw, 'x');
    buf_addc(&safe, 'x');
    for (size_t n = random_below(8); n > 0; n--) {
        const struct piece *p = &pieces[random_below(ARRAY_LEN(pieces))];
        buf_add(&raw, p->raw);
        buf_add(&safe, p->safe);
    }
    struct piece out = {arena_copy(&arena, buf_str(&raw)), arena_copy(&arena, buf_str(&safe))};
    buf_clear(&raw);
    buf_clear(&safe);
    return out;
}

static bool lines_are_sound(struct str s)
{
    size_t column = 0;
    for (size_t i = 0; i < s.n; i++, column++) {
        bool crlf = s.p[i] == '\r' && i + 2 < s.n && s.p[i + 1] == '\n' && s.p[i + 2] == '\t';
        if (crlf) {
            i++;
            column = 0;
        } else if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0' || column > 990) {
            return false;
        }
    }
    return true;
}

static struct str prop(const struct authres_result *r, const char *ptype, const char *property)
{
    for (size_t i = 0; i < r->n_props; i++)
        if (str_eq(r->props[i].ptype, str_from(ptype)) &&
            str_eq(r->props[i].property, str_from(property)))
            return r->props[i].value;
    return STR_NONE;
}

/* One round: every text of every result is hostile; the four results must come back as they were.
 */
static bool round_trip(void)
{
    struct piece id = random_text(), from = random_text(), domain = random_text(),
                 identity = random_text(), selector = random_text(), why = random_text(),
                 author = random_text();
    struct spf_request req = {.mail_from = from.raw};
    struct spf_outcome spf = {.result = SPF_PERMERROR, .identity = SPF_MAILFROM, .reason = why.raw};
    struct dkim_signature sig = {.result = DKIM_FAIL,
                                 .domain = domain.raw,
                                 .identity = identity.raw,
                                 .selector = selector.raw,
                                 .algorithm = STR("rsa-sha256"),
                                 .reason = why.raw,
                                 .b_prefix = selector.raw};
    struct dkim_outcome dkim = {.result = DKIM_FAIL, .sigs = &sig, .n = 1};
    struct arc_outcome arc = {.result = ARC_PASS, .oldest_pass = 2};
    struct dmarc_record record = {0};
    struct dmarc_outcome dmarc = {.result = DMARC_FAIL,
                                  .author_domain = author.raw,
                                  .policy = DMARC_P_REJECT,
                                  .record = &record,
                                  .override_reason = why.raw};
    struct authres_input in = {.authserv_id = id.raw,
                               .spf_request = &req,
                               .spf = &spf,
                               .dkim = &dkim,
                               .arc = &arc,
                               .dmarc = &dmarc};
    struct buf out;
    struct authres a;
    const char *reason;
    ip_parse(STR("2001:db8::1"), &req.client);
    buf_init(&out, 1 << 20);
    authres_write(&out, &in);
    bool ok = tap_ok(lines_are_sound(buf_str(&out))) &&
              tap_ok(authres_parse(&arena, buf_str(&out), &a, &reason)) && tap_int(a.n, 4);
    if (ok) {
        const struct authres_result *r = a.results;
        ok = tap_str(a.authserv_id, id.safe) && tap_str(r[0].reason, why.safe) &&
             tap_str(prop(&r[0], "smtp", "mailfrom"), from.safe) &&
             tap_str(prop(&r[1], "header", "d"), domain.safe) &&
             tap_str(prop(&r[1], "header", "i"), identity.safe) &&
             tap_str(prop(&r[1], "header", "s"), selector.safe) &&
             tap_str(prop(&r[1], "header", "b"), selector.safe) &&
             tap_str(prop(&r[2], "smtp", "remote-ip"), STR("2001:db8::1")) &&
             tap_str(prop(&r[2], "header", "oldest-pass"), STR("2")) &&
             tap_str(prop(&r[3], "header", "from"), author.safe) &&
             tap_str(prop(&r[3], "policy", "dmarc"), STR("reject")) &&
             tap_str(prop(&r[3], "policy", "override"), why.safe);
    }
    buf_clear(&out);
    return ok;
}

static void test_round_trip(void)
{
    tap_case("write: hostile text in every place comes back as text, %d rounds", ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        start();
        if (!round_trip()) {
            tap_note("round %d", i);
            return;
        }
    }
}

static struct str written(const struct authres_input *in)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    authres_write(&b, in);
    struct str out = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

static void test_written(void)
{
    struct spf_request req = {.helo = STR("mail.b.test"), .mail_from = STR("<jo@b.test>")};
    struct spf_outcome spf = {.result = SPF_PASS,
                              .identity = SPF_MAILFROM,
                              .domain = STR("b.test")};
    struct dkim_outcome dkim = {.result = DKIM_NONE};
    struct authres_input in = {.authserv_id = STR("mx.test")};
    char long_domain[5000];

    start();
    tap_case("write: nothing was checked");
    tap_str(written(&in), STR("mx.test; none"));

    tap_case("write: a mailbox stands without quotes and angles");
    in.spf = &spf;
    in.spf_request = &req;
    tap_str(written(&in), STR("mx.test;\r\n\tspf=pass smtp.mailfrom=jo@b.test"));
    tap_ok(authres_claims(&arena, written(&in), STR("mx.test")));

    tap_case("write: the null sender is judged by HELO");
    spf.identity = SPF_HELO;
    in.dkim = &dkim;
    tap_str(written(&in), STR("mx.test;\r\n\tspf=pass smtp.helo=mail.b.test;\r\n\tdkim=none"));

    tap_case("write: an endless name is cut at a character");
    memset(long_domain, 'a', sizeof long_domain);
    for (size_t i = 1; i + 1 < sizeof long_domain; i += 2)
        memcpy(long_domain + i, "\303\274", 2);
    req.helo = str_make(long_domain, sizeof long_domain);
    struct str out = written(&in);
    struct authres a;
    const char *reason;
    tap_ok(lines_are_sound(out));
    tap_ok(authres_parse(&arena, out, &a, &reason));
    tap_ok(str_ends(a.results[0].props[0].value, STR("...")));
}

/* ---- the border ---- */

/* Our id is mx.test, unless the row says another. */
static const struct {
    const char *label;
    struct str value;
    bool claims;
    const char *ours;
} claim_rows[] = {
    {"plain", STR_INIT("mx.test; dmarc=pass"), true, NULL},
    {"case", STR_INIT(" MX.Test; x"), true, NULL},
    {"trailing dot", STR_INIT("mx.test.; x"), true, NULL},
    {"version", STR_INIT("mx.test 1; x"), true, NULL},
    {"nothing behind it", STR_INIT("mx.test"), true, NULL},
    {"space before the semicolon", STR_INIT("\tmx.test \t; x"), true, NULL},
    {"no semicolon", STR_INIT("mx.test dmarc=pass"), true, NULL},
    {"equals sign", STR_INIT("mx.test=pass"), true, NULL},
    {"slash", STR_INIT("mx.test/1; x"), true, NULL},
    {"comma", STR_INIT("mx.test, x"), true, NULL},
    {"folds", STR_INIT("\r\n\tmx.test;\r\n\tdmarc=pass"), true, NULL},
    {"fold inside", STR_INIT("mx.te\r\n\tst; x"), true, NULL},
    {"bare LF in front", STR_INIT("\n\n mx.test; x"), true, NULL},
    {"bare CR inside", STR_INIT("mx.\rtest; x"), true, NULL},
    {"comment", STR_INIT("(a) mx.test (b); x"), true, NULL},
    {"comment glued to it", STR_INIT("(a)mx.test(b); x"), true, NULL},
    {"comment inside", STR_INIT("mx.te(c)st; x"), true, NULL},
    {"comments around the dot", STR_INIT("mx (a) . (b) test; x"), true, NULL},
    {"nested comment", STR_INIT("(a (b) c) mx.test; x"), true, NULL},
    {"comment closed early for some", STR_INIT("(a (b) mx.test; x"), true, NULL},
    {"comment closed late for some", STR_INIT("(a \\) mx.test; x"), true, NULL},
    {"comment never closed behind it", STR_INIT("mx.test( ; x"), true, NULL},
    {"comment never closed in front", STR_INIT("( mx.test; x"), true, NULL},
    {"quoted", STR_INIT("\"mx.test\"; x"), true, NULL},
    {"quoted with spaces", STR_INIT("\" mx.test \"; x"), true, NULL},
    {"quoted pair", STR_INIT("\"m\\x.te\\st\"; x"), true, NULL},
    {"quoted pair without quotes", STR_INIT("m\\x.test; x"), true, NULL},
    {"quote never closed", STR_INIT("\"mx.test; x"), true, NULL},
    {"quotes in the middle", STR_INIT("mx.\"test\"; x"), true, NULL},
    {"empty quotes in front", STR_INIT("\"\" mx.test; x"), true, NULL},
    {"NUL behind it", STR_INIT("mx.test\0.evil; x"), true, NULL},
    {"NUL inside", STR_INIT("mx\0.test; x"), true, NULL},
    {"control in front", STR_INIT("\001mx.test; x"), true, NULL},
    {"semicolon in front", STR_INIT("; mx.test; x"), true, NULL},
    {"angle brackets", STR_INIT("<mx.test>; x"), true, NULL},
    {"no-break space", STR_INIT("\302\240mx.test\302\240; x"), true, NULL},
    {"zero-width space", STR_INIT("mx\342\200\213.test; x"), true, NULL},
    {"soft hyphen", STR_INIT("mx\302\255.test; x"), true, NULL},
    {"full-width letters", STR_INIT("\357\275\215\357\275\230.test; x"), true, NULL},
    {"ideographic full stop", STR_INIT("mx\343\200\202test; x"), true, NULL},
    {"encoded word", STR_INIT("=?utf-8?q?mx.test?=; x"), true, NULL},
    {"encoded word, base64", STR_INIT("=?us-ascii?B?bXgudGVzdA==?=; x"), true, NULL},
    {"our U-label as A-label", STR_INIT("xn--bcher-kva.test; x"), true, "b\303\274cher.test"},
    {"our A-label as U-label", STR_INIT("B\303\274cher.test; x"), true, "xn--bcher-kva.test"},
    {"quoted U-label", STR_INIT("\"b\\\303\274cher.test\"; x"), true, "xn--bcher-kva.test"},
    {"our address literal", STR_INIT("[192.0.2.1]; x"), true, "[192.0.2.1]"},
    {"our name has a final dot", STR_INIT("mx.test; x"), true, "mx.test."},

    {"foreign", STR_INIT("other.example; x"), false, NULL},
    {"below us", STR_INIT("a.mx.test; x"), false, NULL},
    {"we are its beginning", STR_INIT("mx.test.evil; x"), false, NULL},
    {"we are its beginning, hyphen", STR_INIT("mx.test-evil; x"), false, NULL},
    {"we are its end", STR_INIT("xmx.test; x"), false, NULL},
    {"we are in its comment", STR_INIT("other.example (mx.test); x"), false, NULL},
    {"we are its second word", STR_INIT("other.example mx.test; x"), false, NULL},
    {"we are a value", STR_INIT("other.example; spf=pass smtp.helo=mx.test"), false, NULL},
    {"we are in the comment in front", STR_INIT("(mx.test) other.example; x"), false, NULL},
    {"lookalike", STR_INIT("m\321\205.test; x"), false, NULL},
    {"empty", STR_INIT(""), false, NULL},
    {"empty id", STR_INIT(" ; x"), false, NULL},
    {"no id of ours is set", STR_INIT("mx.test; x"), false, ""},
    {"another literal", STR_INIT("[192.0.2.10]; x"), false, "[192.0.2.1]"},
};

static void test_claims(void)
{
    for (size_t i = 0; i < ARRAY_LEN(claim_rows); i++) {
        const char *ours = claim_rows[i].ours == NULL ? "mx.test" : claim_rows[i].ours;
        start();
        tap_case("claims: %s", claim_rows[i].label);
        tap_int(authres_claims(&arena, claim_rows[i].value, str_from(ours)), claim_rows[i].claims);
    }
}

static const struct {
    const char *label, *head;
    const char *want; /* indexes, descending */
} border_rows[] = {
    {"between foreign ones",
     "Authentication-Results: a.test; none\r\nAuthentication-Results: mx.test; none\r\n"
     "Authentication-Results: b.test; none\r\nauthentication-results: MX.TEST; none\r\n",
     "3 1 "},
    {"space before the colon", "Authentication-Results : mx.test; none\r\nFrom: a@b.test\r\n",
     "0 "},
    {"behind a bare LF in a foreign one",
     "Authentication-Results: a.test; none\nAuthentication-Results: mx.test; none\r\n", "0 "},
    {"behind a bare CR in another field",
     "Subject: x\r\nX-Note: a\rAuthentication-Results: mx.test; none\r\n", "1 "},
    {"folded behind a bare LF", "X-Note: a\nAuthentication-Results:\n mx.test; none\r\n", "0 "},
    {"foreign behind a bare LF", "X-Note: a\nAuthentication-Results: a.test; none\r\n", ""},
    {"other fields may name us",
     "Received: by mx.test; now\r\nX-Authentication-Results: mx.test\r\n", ""},
};

static void test_border(void)
{
    for (size_t i = 0; i < ARRAY_LEN(border_rows); i++) {
        struct message msg;
        const struct header **forged = NULL;
        struct mp_err err = {0};
        struct buf got;
        size_t n = 0;
        start();
        tap_case("border: %s", border_rows[i].label);
        struct str raw = arena_fmt(&arena, "%s\r\nbody\r\n", border_rows[i].head);
        tap_int(message_parse(&arena, raw, &msg, &err), MP_OK);
        tap_int(authres_forged(&arena, &msg, STR("mx.test"), &forged, &n, &err), MP_OK);
        buf_init(&got, 1000);
        for (size_t k = 0; k < n; k++)
            buf_addf(&got, "%u ", forged[k]->index);
        tap_str(buf_str(&got), str_from(border_rows[i].want));
        buf_clear(&got);
    }
}

static void test_findings(void)
{
    struct message msg;
    struct finding_list findings;
    struct auth_config config = {.authserv_id = STR("mx.test")};
    struct auth_ctx ctx = {.arena = &arena, .msg = &msg, .findings = &findings, .config = &config};
    start();
    tap_case("border: a forged field is a finding at its place");
    finding_list_init(&findings, &arena);
    message_parse(&arena, STR("To: x\r\nAuthentication-Results: mx.test; dmarc=pass\r\n\r\n"), &msg,
                  NULL);
    authres_findings(&ctx);
    tap_int(findings.n, 1);
    tap_int(findings.items[0].id, FINDING_AUTH_FORGED_AUTHRES);
    tap_int(findings.items[0].where.offset, 7);
    tap_str(findings.items[0].evidence, STR("mx.test; dmarc=pass"));
}

int main(void)
{
    test_reading();
    test_size();
    test_values();
    test_round_trip();
    test_written();
    test_claims();
    test_border();
    test_findings();
    arena_clear(&arena);
    return tap_done();
}
