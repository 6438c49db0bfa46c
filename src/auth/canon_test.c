/* Canonicalization: rows from the RFC's words, and every chunking against a slow reference. */
#include "auth/dkim_canon.h"
#include "tests/tap.h"

static struct arena arena;

struct body_row {
    const char *label;
    struct str in, simple, relaxed;
};

static const struct body_row rows[] = {
    {"empty", STR_INIT(""), STR_INIT("\r\n"), STR_INIT("")},
    {"one empty line", STR_INIT("\r\n"), STR_INIT("\r\n"), STR_INIT("")},
    {"only empty lines", STR_INIT("\r\n\r\n\r\n"), STR_INIT("\r\n"), STR_INIT("")},
    {"only white space", STR_INIT(" \t \r\n\t\r\n"), STR_INIT(" \t \r\n\t\r\n"), STR_INIT("")},
    {"white space without end", STR_INIT(" \t"), STR_INIT(" \t\r\n"), STR_INIT("")},
    {"the example of RFC 6376 3.4.5", STR_INIT(" C \r\nD \t E\r\n\r\n\r\n"),
     STR_INIT(" C \r\nD \t E\r\n"), STR_INIT(" C\r\nD E\r\n")},
    {"no final CRLF", STR_INIT("text"), STR_INIT("text\r\n"), STR_INIT("text\r\n")},
    {"space, no final CRLF", STR_INIT("text  "), STR_INIT("text  \r\n"), STR_INIT("text\r\n")},
    {"leading empty lines stay", STR_INIT("\r\n\r\na\r\n\r\n"), STR_INIT("\r\n\r\na\r\n"),
     STR_INIT("\r\n\r\na\r\n")},
    {"leading white space is one", STR_INIT(" \t a\r\n"), STR_INIT(" \t a\r\n"),
     STR_INIT(" a\r\n")},
    {"bare CR at the end", STR_INIT("a\r"), STR_INIT("a\r\r\n"), STR_INIT("a\r\r\n")},
    {"bare CR is an octet", STR_INIT("a \rb\r\n"), STR_INIT("a \rb\r\n"), STR_INIT("a \rb\r\n")},
    {"space, CR, space", STR_INIT("a  \r  b"), STR_INIT("a  \r  b\r\n"), STR_INIT("a \r b\r\n")},
    {"space and CR at the end", STR_INIT("a \r"), STR_INIT("a \r\r\n"), STR_INIT("a \r\r\n")},
    {"CR CR LF", STR_INIT("a \r\r\n"), STR_INIT("a \r\r\n"), STR_INIT("a \r\r\n")},
    {"bare LF is an octet", STR_INIT("a \n\nb\n"), STR_INIT("a \n\nb\n\r\n"),
     STR_INIT("a \n\nb\n\r\n")},
    {"empty line of spaces within", STR_INIT("a\r\n  \r\nb"), STR_INIT("a\r\n  \r\nb\r\n"),
     STR_INIT("a\r\n\r\nb\r\n")},
    {"VT and FF are no white space", STR_INIT("a \v\f b\r\n"), STR_INIT("a \v\f b\r\n"),
     STR_INIT("a \v\f b\r\n")},
    {"NUL and 8 bit", STR_INIT("\0 \xff\t\0\r\n"), STR_INIT("\0 \xff\t\0\r\n"),
     STR_INIT("\0 \xff \0\r\n")},
    {"only a CR", STR_INIT("\r"), STR_INIT("\r\r\n"), STR_INIT("\r\r\n")},
    {"only an LF", STR_INIT("\n"), STR_INIT("\n\r\n"), STR_INIT("\n\r\n")},
};

static struct str hash_of(struct str bytes)
{
    unsigned char digest[DIGEST_MAX_BYTES];
    tap_ok(digest_once(DIGEST_SHA256, bytes, digest));
    return arena_copy(&arena, str_make((const char *)digest, 32));
}

/* `pieces` cut points, ascending. */
static struct str hash_pieces(struct str body, enum canon canon, uint64_t limit, const size_t *cuts,
                              size_t n_cuts, uint64_t *canonical)
{
    struct body_hasher h;
    unsigned char digest[DIGEST_MAX_BYTES];
    size_t from = 0;
    tap_ok(body_hasher_start(&h, canon, DIGEST_SHA256, limit));
    for (size_t i = 0; i <= n_cuts; i++) {
        size_t to = i == n_cuts ? body.n : cuts[i];
        body_hasher_update(&h, str_slice(body, from, to));
        from = to;
    }
    tap_ok(body_hasher_final(&h, digest));
    *canonical = h.canonical_bytes;
    return arena_copy(&arena, str_make((const char *)digest, 32));
}

static void check(struct str body, enum canon canon, struct str want)
{
    uint64_t n;
    struct str hash = hash_of(want);
    tap_str(hash_pieces(body, canon, UINT64_MAX, NULL, 0, &n), hash);
    tap_int(n, want.n);
    for (size_t i = 0; i <= body.n; i++) {
        tap_str(hash_pieces(body, canon, UINT64_MAX, &i, 1, &n), hash);
        tap_int(n, want.n);
        for (size_t k = i; k <= body.n; k++)
            tap_str(hash_pieces(body, canon, UINT64_MAX, (size_t[]){i, k}, 2, &n), hash);
    }
    for (size_t limit = 0; limit <= want.n + 1; limit++) {
        size_t cut = limit / 2 < body.n ? limit / 2 : body.n;
        tap_str(hash_pieces(body, canon, limit, &cut, 1, &n), hash_of(str_slice(want, 0, limit)));
        tap_int(n, want.n);
    }
}

/* The words of RFC 6376 3.4.3 and 3.4.4, line by line, without any cleverness. */
static struct str reference(struct str body, enum canon canon)
{
    struct buf out;
    buf_init(&out, body.n * 2 + 16);
    for (size_t i = 0; i < body.n;) {
        size_t end = str_search(str_slice(body, i, body.n), STR("\r\n")) + i;
        struct str line = str_slice(body, i, end);
        if (canon == CANON_RELAXED) {
            while (line.n > 0 && is_wsp(line.p[line.n - 1]))
                line.n--;
            for (size_t k = 0; k < line.n; k++)
                if (!is_wsp(line.p[k]))
                    buf_addc(&out, line.p[k]);
                else if (k + 1 == line.n || !is_wsp(line.p[k + 1]))
                    buf_addc(&out, ' ');
        } else {
            buf_add(&out, line);
        }
        buf_add(&out, STR("\r\n"));
        i = end + 2;
    }
    while (str_ends(buf_str(&out), STR("\r\n\r\n")))
        out.n -= 2;
    if (str_eq(buf_str(&out), STR("\r\n")) && canon == CANON_RELAXED)
        out.n = 0;
    if (out.n == 0 && canon == CANON_SIMPLE)
        buf_add(&out, STR("\r\n"));
    struct str copy = arena_copy(&arena, buf_str(&out));
    buf_clear(&out);
    return copy;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void test_random_bodies(void)
{
    static const char alphabet[] = "a \t\r\n\r\n b";
    uint32_t seed = 7;
    tap_case("canon: random bodies, random cuts, against the reference");
    for (unsigned round = 0; round < 3000; round++) {
        char body[4096];
        size_t n = next_random(&seed) % (round % 50 == 0 ? sizeof body : 70), cuts[3];
        unsigned letters = 1 + next_random(&seed) % 9;
        for (size_t i = 0; i < n; i++) {
            char letter = (char)('a' + next_random(&seed) % letters);
            bool blank = letters == 1 || next_random(&seed) % 4 == 0;
            body[i] = blank ? alphabet[next_random(&seed) % (sizeof alphabet - 1)] : letter;
        }
        for (size_t i = 0; i < 3; i++)
            cuts[i] = next_random(&seed) % (n + 1);
        for (size_t i = 0; i < 2; i++)
            cuts[i + 1] = cuts[i + 1] < cuts[i] ? cuts[i] : cuts[i + 1];
        for (int canon = CANON_SIMPLE; canon <= CANON_RELAXED; canon++) {
            uint64_t canonical;
            struct str in = str_make(body, n), want = reference(in, (enum canon)canon);
            tap_str(hash_pieces(in, (enum canon)canon, UINT64_MAX, cuts, 3, &canonical),
                    hash_of(want));
            tap_int(canonical, want.n);
        }
        arena_reset(&arena);
    }
}

static void test_large_body(void)
{
    tap_case("canon: runs longer than any window or block");
    struct buf body;
    uint32_t seed = 3;
    buf_init(&body, 1 << 20);
    for (unsigned i = 0; i < 9000; i++) {
        buf_addf(&body, "line %u of a long body", i);
        if (next_random(&seed) % 300 == 0)
            buf_addz(&body, "  and\ttwo ");
        buf_addz(&body, "\r\n");
    }
    for (int canon = CANON_SIMPLE; canon <= CANON_RELAXED; canon++) {
        uint64_t n;
        struct str want = hash_of(reference(buf_str(&body), (enum canon)canon));
        for (size_t cut = 0; cut < body.n; cut += 4093)
            tap_str(hash_pieces(buf_str(&body), (enum canon)canon, UINT64_MAX, &cut, 1, &n), want);
    }
    buf_clear(&body);
}

static void test_shared_hashes(void)
{
    tap_case("body hashes: each kind once, and no more kinds than the limit");
    struct str digest, again;
    uint64_t n = 0;
    struct body_hashes *b = body_hashes_new(&arena, STR("one  two\r\n"));
    tap_ok(body_hash_get(b, CANON_RELAXED, DIGEST_SHA256, UINT64_MAX, &digest, &n));
    tap_str(digest, hash_of(STR("one two\r\n")));
    tap_int(n, 9);
    tap_ok(body_hash_get(b, CANON_RELAXED, DIGEST_SHA256, UINT64_MAX, &again, &n));
    tap_ok(again.p == digest.p);
    for (uint64_t i = 1; i < BODY_HASHES_MAX; i++)
        tap_ok(body_hash_get(b, CANON_SIMPLE, DIGEST_SHA256, i, &digest, &n));
    tap_ok(!body_hash_get(b, CANON_SIMPLE, DIGEST_SHA256, BODY_HASHES_MAX, &digest, &n));
    tap_ok(body_hash_get(b, CANON_SIMPLE, DIGEST_SHA256, 5, &digest, &n));
    tap_str(digest, hash_of(STR("one  ")));
}

static void test_names(void)
{
    static const struct {
        const char *in;
        bool ok;
        enum canon header, body;
    } names[] = {{"simple", true, CANON_SIMPLE, CANON_SIMPLE},
                 {"relaxed", true, CANON_RELAXED, CANON_SIMPLE},
                 {"relaxed/relaxed", true, CANON_RELAXED, CANON_RELAXED},
                 {"Simple/Relaxed", true, CANON_SIMPLE, CANON_RELAXED},
                 {"", false, CANON_SIMPLE, CANON_SIMPLE},
                 {"relaxed/", false, CANON_SIMPLE, CANON_SIMPLE},
                 {"/relaxed", false, CANON_SIMPLE, CANON_SIMPLE},
                 {"relaxed/simple/simple", false, CANON_SIMPLE, CANON_SIMPLE},
                 {"nowsp", false, CANON_SIMPLE, CANON_SIMPLE}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum canon header = CANON_SIMPLE, body = CANON_SIMPLE;
        tap_case("c=%s", names[i].in);
        tap_int(canon_parse(str_from(names[i].in), &header, &body), names[i].ok);
        tap_int(header, names[i].header);
        tap_int(body, names[i].body);
    }
}

/* ---- header ---- */

static const struct {
    const char *label;
    struct str in, relaxed;
} fields[] = {
    {"the example of RFC 6376 3.4.5, A", STR_INIT("A: X\r\n"), STR_INIT("a:X\r\n")},
    {"the example of RFC 6376 3.4.5, B", STR_INIT("B : Y\t\r\n\tZ  \r\n"), STR_INIT("b:Y Z\r\n")},
    {"empty", STR_INIT("Subject:\r\n"), STR_INIT("subject:\r\n")},
    {"white space only", STR_INIT("Subject: \t\r\n \r\n"), STR_INIT("subject:\r\n")},
    {"fold first", STR_INIT("Subject:\r\n a\r\n\t b\r\n"), STR_INIT("subject:a b\r\n")},
    {"bare CR and LF stay", STR_INIT("X: a \r b \n c\r\n"), STR_INIT("x:a \r b \n c\r\n")},
    {"VT is no white space", STR_INIT("X: \v a\v \r\n"), STR_INIT("x:\v a\v\r\n")},
    {"NUL and 8 bit", STR_INIT("X: \0  \xe9\r\n"), STR_INIT("x:\0 \xe9\r\n")},
};

static void test_fields(void)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct message m;
        struct digest d;
        unsigned char digest[DIGEST_MAX_BYTES];
        struct buf text;
        buf_init(&text, 4096);
        buf_add(&text, fields[i].in);
        buf_addz(&text, "\r\n");
        struct str raw = arena_copy(&arena, buf_str(&text));
        tap_case("field: %s", fields[i].label);
        tap_int(message_parse(&arena, raw, &m, NULL), MP_OK);
        tap_int(m.n_headers, 1);
        for (int canon = CANON_SIMPLE; canon <= CANON_RELAXED; canon++) {
            struct str want = canon == CANON_SIMPLE ? fields[i].in : fields[i].relaxed;
            tap_ok(digest_start(&d, DIGEST_SHA256));
            header_hash(&d, &m.headers[0], (enum canon)canon);
            tap_ok(digest_final(&d, digest));
            tap_str(str_make((const char *)digest, 32), hash_of(want));
        }
        buf_reset(&text);
        header_canon_write(&text, m.headers[0].name, m.headers[0].value, CANON_RELAXED);
        tap_str(buf_str(&text), fields[i].relaxed);
        buf_clear(&text);
    }
}

static const struct {
    const char *label, *in;
    size_t offset, length;
    const char *simple, *relaxed;
} unsigned_fields[] = {
    {"last tag", "DKIM-Signature: a=1; b=xyz\r\n\r\n", 8, 3,
     "DKIM-Signature: a=1; b=", "dkim-signature:a=1; b="},
    {"folded, in the middle", "DKIM-Signature: b= x\r\n yz ; a=1\r\n\r\n", 3, 8,
     "DKIM-Signature: b=; a=1", "dkim-signature:b=; a=1"},
    {"already empty", "DKIM-Signature: b=\r\n\r\n", 3, 0,
     "DKIM-Signature: b=", "dkim-signature:b="},
};

static void test_without_b(void)
{
    for (size_t i = 0; i < ARRAY_LEN(unsigned_fields); i++) {
        struct message m;
        tap_case("field without b=: %s", unsigned_fields[i].label);
        tap_int(message_parse(&arena, str_from(unsigned_fields[i].in), &m, NULL), MP_OK);
        for (int canon = CANON_SIMPLE; canon <= CANON_RELAXED; canon++) {
            struct digest d;
            unsigned char digest[DIGEST_MAX_BYTES];
            tap_ok(digest_start(&d, DIGEST_SHA256));
            header_hash_without_b(&d, &m.headers[0], (enum canon)canon, unsigned_fields[i].offset,
                                  unsigned_fields[i].length);
            tap_ok(digest_final(&d, digest));
            tap_str(str_make((const char *)digest, 32),
                    hash_of(str_from(canon == CANON_SIMPLE ? unsigned_fields[i].simple
                                                           : unsigned_fields[i].relaxed)));
        }
    }
}

static void test_selection(void)
{
    static const struct {
        const char *name, *want; /* NULL: none */
    } asked[] = {{"subject", "3"},  {"X", "x1"},       {"SUBJECT", "2"}, {"subject", "1"},
                 {"Subject", NULL}, {"subject", NULL}, {"absent", NULL}, {"x", NULL}};
    struct message m;
    tap_case("h= selects bottom-up, each field once, surplus names nothing");
    tap_int(message_parse(&arena, STR("Subject: 1\r\nX: x1\r\nsubject: 2\r\nSUBJECT: 3\r\n\r\n"),
                          &m, NULL),
            MP_OK);
    struct header_selector *s = header_selector_new(&arena, &m);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        const struct header *h = header_select(s, str_from(asked[i].name));
        tap_int(h != NULL, asked[i].want != NULL);
        if (h != NULL)
            tap_str(str_trim(h->value), str_from(asked[i].want));
    }
}

int main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("body: %s", rows[i].label);
        check(rows[i].in, CANON_SIMPLE, rows[i].simple);
        check(rows[i].in, CANON_RELAXED, rows[i].relaxed);
        arena_reset(&arena);
    }
    test_random_bodies();
    test_large_body();
    test_shared_hashes();
    test_names();
    test_fields();
    test_without_b();
    test_selection();
    arena_clear(&arena);
    return tap_done();
}
