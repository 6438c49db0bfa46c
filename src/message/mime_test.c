/* Rows for the tree of parts, parameters and transfer encodings. */
#include "message/mime.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "message/limits.h"
#include "tests/tap.h"

static struct arena arena;

static struct mime_tree tree_of(struct str raw, struct message *m)
{
    struct mime_tree tree = {0};
    struct mp_err err = {0};
    arena_reset(&arena);
    tap_int(message_parse(&arena, raw, m, &err), MP_OK);
    tap_int(mime_parse(&arena, m, &tree, &err), MP_OK);
    return tree;
}

/* "path type/subtype [body]" of each part, joined by " | ". */
static struct str as_text(const struct message *m, const struct mime_tree *tree)
{
    struct str out = STR("");
    for (size_t i = 0; i < tree->n; i++) {
        const struct mime_part *p = &tree->parts[i];
        struct str body = str_slice(m->raw, p->body_offset, p->body_offset + p->body_length);
        out = arena_fmt(&arena, STR_FMT "%s" STR_FMT " " STR_FMT "/" STR_FMT "%s", STR_ARG(out),
                        i == 0 ? "" : " | ", STR_ARG(p->path), STR_ARG(p->type),
                        STR_ARG(p->subtype), p->boundary_unclosed ? "!" : "");
        if (p->n_children == 0)
            out = arena_fmt(&arena, STR_FMT " [" STR_FMT "]", STR_ARG(out), STR_ARG(body));
    }
    return out;
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n"

static const struct {
    const char *label;
    struct str raw;
    const char *want;
} trees[] = {
    {"no type", STR_INIT("A: b\r\n\r\nx\r\n"), " text/plain [x\r\n]"},
    {"empty", STR_INIT(""), " text/plain []"},
    {"type and case", STR_INIT("content-TYPE: Text/HTML ; charset=x\r\n\r\nx"), " text/html [x]"},
    {"broken type", STR_INIT("Content-Type: text\r\n\r\nx"), " text/plain [x]"},
    {"two parts",
     STR_INIT(MIXED "\r\npre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: a/b\r\n\r\ntwo\r\n--b--\r\n"
                    "post\r\n"),
     " multipart/mixed | 1 text/plain [one] | 2 a/b [two]"},
    {"unclosed", STR_INIT(MIXED "\r\n--b\r\n\r\none\r\n"),
     " multipart/mixed! | 1 text/plain [one\r\n]"},
    {"no delimiter at all", STR_INIT(MIXED "\r\none\r\n"), " multipart/mixed! [one\r\n]"},
    {"no boundary", STR_INIT("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\none\r\n"),
     " multipart/mixed [--b\r\n\r\none\r\n]"},
    {"delimiter at once", STR_INIT(MIXED "\r\n--b\r\n--b\r\n\r\n--b--"),
     " multipart/mixed | 1 text/plain [] | 2 text/plain []"},
    {"white space behind the delimiter", STR_INIT(MIXED "\r\n--b \t\r\n\r\none\r\n--b-- \r\n"),
     " multipart/mixed | 1 text/plain [one]"},
    {"longer than the delimiter", STR_INIT(MIXED "\r\n--b\r\n\r\n--bc\r\n--b--\r\n"),
     " multipart/mixed | 1 text/plain [--bc]"},
    {"delimiter within a line", STR_INIT(MIXED "\r\n--b\r\n\r\nx --b\r\n--b--\r\n"),
     " multipart/mixed | 1 text/plain [x --b]"},
    {"head without empty line", STR_INIT(MIXED "\r\n--b\r\nContent-Type: a/b\r\n--b--\r\n"),
     " multipart/mixed | 1 a/b []"},
    {"head ends in a bare CR", STR_INIT(MIXED "\r\n--b\r\nA: b\n\r"),
     " multipart/mixed! | 1 text/plain []"},
    {"folded field", STR_INIT(MIXED "\r\n--b\r\nContent-Type:\r\n a/b\r\n\r\nx\r\n--b--\r\n"),
     " multipart/mixed | 1 a/b [x]"},
    {"nested",
     STR_INIT(MIXED
              "\r\n--b\r\nContent-Type: multipart/x; boundary=\"c d\"\r\n\r\n--c d\r\n\r\n1\r\n"
              "--c d\r\n\r\n2\r\n--c d--\r\n--b\r\n\r\n3\r\n--b--\r\n"),
     " multipart/mixed | 1 multipart/x | 1.1 text/plain [1] | 1.2 text/plain [2] |"
     " 2 text/plain [3]"},
    {"inner one unclosed",
     STR_INIT(MIXED "\r\n--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\n1\r\n"
                    "--b\r\n\r\n3\r\n--b--\r\n"),
     " multipart/mixed | 1 multipart/x! | 1.1 text/plain [1] | 2 text/plain [3]"},
    {"message within",
     STR_INIT(MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nin\r\n"
                    "--b--\r\n"),
     " multipart/mixed | 1 message/rfc822 | 1.1 text/plain [in]"},
    {"multipart in a message within",
     STR_INIT(MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
                    "Content-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\nin\r\n--c--\r\n"
                    "--b--\r\n"),
     " multipart/mixed | 1 message/rfc822 | 1 multipart/x | 1.1 text/plain [in]"},
    {"digest",
     STR_INIT("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\nin\r\n"
              "--b--\r\n"),
     " multipart/digest | 1 message/rfc822 | 1.1 text/plain [in]"},
    {"encoded message is not opened",
     STR_INIT("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg=="),
     " message/rfc822 [QTogYg==]"},
    {"Unix file", STR_INIT("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n"),
     " multipart/mixed | 1 text/plain [one]"},
};

static void test_trees(void)
{
    for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
        struct message m;
        tap_case("tree: %s", trees[i].label);
        struct mime_tree tree = tree_of(trees[i].raw, &m);
        tap_str(as_text(&m, &tree), str_from(trees[i].want));
        tap_ok(tree.complete);
    }
}

static const struct {
    const char *head, *charset, *filename, *disposition;
    enum mime_encoding encoding;
} fields[] = {
    {"Content-Type: text/plain; charset=\"utf-8\"; name=a.txt", "utf-8", "a.txt", "", MIME_7BIT},
    {"Content-Type: text/plain; x; =y; (c) charset = (d) utf-8", "utf-8", "", "", MIME_7BIT},
    {"Content-Disposition: ATTACHMENT; filename=\"a;\\\"b\"", "", "a;\"b", "attachment", MIME_7BIT},
    {"Content-Disposition: inline; filename*=utf-8'en'%e2%82%ac%20x", "", "\xe2\x82\xac x",
     "inline", MIME_7BIT},
    {"Content-Disposition: x; filename*1=\"b.e\"; filename*0=a; filename*2*=x%65", "", "ab.exe",
     "x", MIME_7BIT},
    {"Content-Disposition: x; filename*0*=utf-8''%41; filename*1=%41", "", "A%41", "x", MIME_7BIT},
    {"Content-Disposition: x; filename=\"=?utf-8?Q?=C3=A9?=\"", "", "\xc3\xa9", "x", MIME_7BIT},
    {"Content-Transfer-Encoding: Quoted-Printable (c)", "", "", "", MIME_QP},
    {"Content-Transfer-Encoding: (c) base64", "", "", "", MIME_BASE64},
    {"Content-Transfer-Encoding: 8bit", "", "", "", MIME_8BIT},
    {"Content-Transfer-Encoding: binary", "", "", "", MIME_BINARY},
    {"Content-Transfer-Encoding: x-uuencode", "", "", "", MIME_UNKNOWN},
    {"Content-Type: text/plain; charset=\"open", "open", "", "", MIME_7BIT},
};

static void test_fields(void)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct message m;
        char raw[256];
        int n = snprintf(raw, sizeof raw, "%s\r\n\r\nx", fields[i].head);
        tap_case("fields: %s", fields[i].head);
        struct mime_tree tree = tree_of(str_make(raw, (size_t)n), &m);
        tap_str(tree.parts[0].charset, str_from(fields[i].charset));
        tap_str(tree.parts[0].filename, str_from(fields[i].filename));
        tap_str(tree.parts[0].disposition, str_from(fields[i].disposition));
        tap_int(tree.parts[0].encoding, fields[i].encoding);
    }
}

static const struct {
    enum mime_encoding encoding;
    struct str body, want;
    size_t bad;
} decoded[] = {
    {MIME_7BIT, STR_INIT("a=41"), STR_INIT("a=41"), 0},
    {MIME_BASE64, STR_INIT("aGVs\r\nbG8="), STR_INIT("hello"), 0},
    {MIME_BASE64, STR_INIT("aGVs*bG8"), STR_INIT("hello"), 1},
    {MIME_BASE64, STR_INIT("aGU=\r\nbGxv"), STR_INIT("hello"), 0},
    {MIME_BASE64, STR_INIT(""), STR_INIT(""), 0},
    {MIME_BASE64, STR_INIT("a"), STR_INIT(""), 0},
    {MIME_QP, STR_INIT("a=3D=e9_b"), STR_INIT("a=\xe9_b"), 0},
    {MIME_QP, STR_INIT("a=\r\nb= \t\r\nc=\nd"), STR_INIT("abcd"), 0},
    {MIME_QP, STR_INIT("a \t\r\n=20 \r\nb  \n"), STR_INIT("a\r\n \r\nb\n"), 0},
    {MIME_QP, STR_INIT("a=4"), STR_INIT("a=4"), 1},
    {MIME_QP, STR_INIT("a=XY="), STR_INIT("a=XY="), 2},
    {MIME_UNKNOWN, STR_INIT("x"), STR_INIT("x"), 0},
};

static void test_decoded(void)
{
    for (size_t i = 0; i < ARRAY_LEN(decoded); i++) {
        size_t bad = 99;
        tap_case("decoded: " STR_FMT, STR_ARG(decoded[i].body));
        tap_str(transfer_decode(&arena, decoded[i].body, decoded[i].encoding, &bad),
                decoded[i].want);
        tap_int(bad, decoded[i].bad);
    }
}

static void add_nested(struct buf *b, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        buf_addf(b, "Content-Type: multipart/x; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
}

static void test_limits(void)
{
    struct message m;
    struct buf b;
    buf_init(&b, 64 << 20);
    tap_case("limits: depth");
    add_nested(&b, 5000);
    struct mime_tree tree = tree_of(buf_str(&b), &m);
    tap_ok(!tree.complete);
    tap_int(tree.n, MIME_MAX_DEPTH);

    tap_case("limits: messages in messages");
    buf_reset(&b);
    for (int i = 0; i < 5000; i++)
        buf_addz(&b, "Content-Type: message/rfc822\r\n\r\n");
    tree = tree_of(buf_str(&b), &m);
    tap_ok(!tree.complete);
    tap_int(tree.n, MIME_MAX_DEPTH);

    tap_case("limits: parts");
    buf_reset(&b);
    buf_addz(&b, MIXED "\r\n");
    for (int i = 0; i < 3 * MIME_MAX_PARTS; i++)
        buf_addz(&b, "--b\r\n\r\nx\r\n");
    tree = tree_of(buf_str(&b), &m);
    tap_ok(!tree.complete);
    tap_int(tree.n, MIME_MAX_PARTS);
    tap_int(tree.parts[0].body_offset + tree.parts[0].body_length, m.raw.n);

    tap_case("limits: parameters");
    buf_reset(&b);
    buf_addz(&b, "Content-Type: a/b");
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, ";(x%d=y", i);
    buf_addz(&b, "\r\n\r\n");
    tree = tree_of(buf_str(&b), &m);
    tap_ok(!tree.complete);
    tap_ok(tree.parts[0].n_params <= MIME_MAX_PARAMS);
    buf_clear(&b);

    tap_case("limits: no memory");
    struct arena small;
    struct mp_err err = {0};
    arena_init(&small, 1000);
    m = (struct message){.raw = STR("A: b\r\n\r\n")};
    tap_int(mime_parse(&small, &m, &tree, &err), MP_E_NOMEM);
    arena_clear(&small);
}

int main(void)
{
    arena_init(&arena, 512u << 20);
    test_trees();
    test_fields();
    test_decoded();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
