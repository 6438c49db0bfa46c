/* Rows for what was altered: "kind name" of each change, and properties that hold for any message.
 */
#include "trace/trace_test_kit.h"

#define HEAD "From: a@good.test\r\nTo: b@far.test\r\nSubject: hello\r\n"
#define MIME(type, encoding)                                                                       \
    "Content-Type: " type "\r\nContent-Transfer-Encoding: " encoding "\r\n\r\n"
#define PLAIN     HEAD "\r\nOne line.\r\nTwo lines.\r\n"
#define PART_TEXT "--x\r\nContent-Type: text/plain\r\n\r\nHello there.\r\n"
#define PART_FILE(base64)                                                                          \
    "--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n"    \
    "\r\n" base64 "\r\n"
#define MULTI HEAD "Content-Type: multipart/mixed; boundary=x\r\n\r\n"

static const struct {
    const char *label, *sent, *received, *want;
    bool body_intact;
} rows[] = {
    {"nothing", PLAIN, PLAIN, "", true},
    {"a field on top", PLAIN, "Received: by mx.test; x\r\n" PLAIN, "header-added Received", true},
    {"a field below", PLAIN, HEAD "X-Spam: no\r\n\r\nOne line.\r\nTwo lines.\r\n",
     "header-added X-Spam", true},
    {"the same field twice: the upper one is new", "X: 1\r\n" PLAIN, "X: 1\r\nX: 1\r\n" PLAIN,
     "header-added X", true},
    {"a field is gone", "X-Gone: 1\r\n" PLAIN, PLAIN, "header-removed X-Gone", true},
    {"Bcc is gone and Received came", "Bcc: c@far.test\r\n" PLAIN, "Received: x\r\n" PLAIN,
     "header-added Received, header-removed Bcc", true},
    {"another subject", PLAIN,
     "From: a@good.test\r\nTo: b@far.test\r\nSubject: [list] hello\r\n"
     "\r\nOne line.\r\nTwo lines.\r\n",
     "header-changed Subject", true},
    {"folded anew", "Subject: a b c\r\n\r\nx\r\n", "Subject: a b\r\n c\r\n\r\nx\r\n",
     "header-refolded Subject", true},
    {"the name in other letters", "SUBJECT: a\r\n\r\nx\r\n", "Subject: a\r\n\r\nx\r\n",
     "header-refolded Subject", true},
    {"one field moved", "A: 1\r\nB: 2\r\nC: 3\r\n\r\nx\r\n", "C: 3\r\nA: 1\r\nB: 2\r\n\r\nx\r\n",
     "header-moved C", true},
    {"moved and changed", "A: 1\r\nB: 2\r\nC: 3\r\n\r\nx\r\n", "C: 4\r\nA: 1\r\nB: 2\r\n\r\nx\r\n",
     "header-changed C, header-moved C", true},
    {"LF alone", PLAIN,
     "From: a@good.test\nTo: b@far.test\nSubject: hello\n\nOne line.\nTwo lines.\n",
     "body-line-ends", true},
    {"a bare LF became CRLF", HEAD "\r\none\ntwo\r\n", HEAD "\r\none\r\ntwo\r\n", "body-line-ends",
     true},
    {"white space at the ends of lines", PLAIN, HEAD "\r\nOne line. \r\nTwo lines.\t\r\n",
     "body-whitespace", true},
    {"empty lines at the end", PLAIN, PLAIN "\r\n\r\n", "body-whitespace", true},
    {"a footer", PLAIN, PLAIN "-- \r\nlist@far.test\r\n", "body-appended", false},
    {"other words", PLAIN, HEAD "\r\nOne line.\r\nThree lines.\r\n", "body-changed", false},
    {"8bit became quoted-printable",
     HEAD MIME("text/plain; charset=utf-8", "8bit") "K\xc3\xa4se\r\n",
     HEAD MIME("text/plain; charset=utf-8", "quoted-printable") "K=C3=A4se\r\n",
     "header-changed Content-Transfer-Encoding, body-encoding", true},
    {"the encoding is told otherwise, the bytes are the same",
     HEAD MIME("text/plain", "7bit") "a=41\r\n",
     HEAD MIME("text/plain", "quoted-printable") "a=41\r\n",
     "header-changed Content-Transfer-Encoding, body-changed", false},
    {"another boundary", MULTI PART_TEXT "--x--\r\n",
     HEAD "Content-Type: multipart/mixed; boundary=y\r\n\r\n"
          "--y\r\nContent-Type: text/plain\r\n\r\nHello there.\r\n--y--\r\n",
     "header-changed Content-Type, body-encoding", true},
    {"a part more", MULTI PART_TEXT "--x--\r\n", MULTI PART_TEXT PART_FILE("QUJD") "--x--\r\n",
     "part-added 2", false},
    {"a part less", MULTI PART_TEXT PART_FILE("QUJD") "--x--\r\n", MULTI PART_TEXT "--x--\r\n",
     "part-removed 2", false},
    {"another file", MULTI PART_TEXT PART_FILE("QUJD") "--x--\r\n",
     MULTI PART_TEXT PART_FILE("QUJE") "--x--\r\n", "part-changed 2", false},
    {"the same file in other lines", MULTI PART_TEXT PART_FILE("QUJDREVG") "--x--\r\n",
     MULTI PART_TEXT PART_FILE("QUJD\r\nREVG") "--x--\r\n", "body-encoding", true},
    {"parts in another order", MULTI PART_TEXT PART_FILE("QUJD") "--x--\r\n",
     MULTI PART_FILE("QUJD") PART_TEXT "--x--\r\n", "body-encoding", true},
    {"a footer in a part", MULTI PART_TEXT PART_FILE("QUJD") "--x--\r\n",
     MULTI PART_TEXT "footer\r\n" PART_FILE("QUJD") "--x--\r\n", "body-appended 1", false},
    {"the head of an attached message",
     MULTI "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--x--\r\n",
     MULTI "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: IN\r\n\r\nx\r\n--x--\r\n",
     "body-changed 1", false},
    {"emptied", PLAIN, "",
     "header-removed From, header-removed To, header-removed Subject, "
     "body-changed",
     false},
    {"out of nothing", "", PLAIN,
     "header-added From, header-added To, header-added Subject, "
     "body-changed",
     false},
};

static struct trace_altered compare(struct str sent, struct str received)
{
    struct trace_altered t = {0};
    struct mp_err err = {0};
    arena_clear(&arena);
    arena_init(&arena, 512u << 20);
    tap_int(trace_altered(&arena, sent, received, &t, &err), MP_OK);
    return t;
}

static struct str as_text(const struct trace_altered *t)
{
    struct str s = STR("");
    for (size_t i = 0; i < t->n; i++)
        s = arena_fmt(&arena, "%.*s%s%s%s%.*s", STR_ARG(s), i == 0 ? "" : ", ",
                      trace_change_name(t->items[i].kind), t->items[i].name.n > 0 ? " " : "",
                      STR_ARG(t->items[i].name));
    return s;
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("altered: %s", rows[i].label);
        struct trace_altered t = compare(str_from(rows[i].sent), str_from(rows[i].received));
        tap_str(as_text(&t), str_from(rows[i].want));
        tap_int(t.body_intact, rows[i].body_intact);
        tap_int(t.identical, i == 0);
    }
}

/* Of each pair of rows: a message is itself, and a field put in at any place is found there. */
static void test_properties(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str sent = str_from(rows[i].received);
        tap_case("altered: nothing to itself (%s)", rows[i].label);
        struct trace_altered t = compare(sent, sent);
        tap_ok(t.identical && t.body_intact && t.n == 0);
    }
    struct str places[] = {STR("A: 1\r\n"), STR("B: 2\r\n"), STR("B: 2\r\n"), STR("C: 3\r\n"),
                           STR("\r\nbody\r\n")};
    for (size_t at = 0; at < ARRAY_LEN(places); at++) {
        struct buf b;
        size_t offset = 0;
        tap_case("altered: a field before place %zu is found", at);
        buf_init(&b, 1000);
        for (size_t k = 0; k < ARRAY_LEN(places); k++) {
            if (k == at) {
                offset = b.n;
                buf_addz(&b, "New: field\r\n");
            }
            buf_add(&b, places[k]);
        }
        struct trace_altered t =
            compare(STR("A: 1\r\nB: 2\r\nB: 2\r\nC: 3\r\n\r\nbody\r\n"), buf_str(&b));
        tap_str(as_text(&t), STR("header-added New"));
        tap_int(t.n > 0 ? t.items[0].received_offset : 0, offset);
        buf_clear(&b);
    }
}

static void test_details(void)
{
    tap_case("altered: what it was and is");
    struct trace_altered t =
        compare(STR("Subject: a\r\n\r\nx\r\n"), STR("Subject: b\x1b[0m\r\n\r\nx\r\n"));
    tap_str(t.items[0].detail, STR("from \"a\" to \"b\\x1b[0m\""));
    tap_case("altered: a changed part is told by both digests");
    t = compare(STR("Content-Type: image/png\r\n\r\nabc"),
                STR("Content-Type: image/png\r\n\r\nabd"));
    tap_str(t.items[0].detail,
            STR("SHA-256 from ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad to "
                "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"));
    tap_case("altered: as JSON");
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    trace_altered_json(&j, &t);
    tap_ok(str_starts(buf_str(&b), STR("{\"identical\":false,\"body_intact\":false,\"cut\":false,"
                                       "\"changes\":[{\"kind\":\"part-changed\",\"name\":\"\"")));
    buf_clear(&b);
}

/* Many fields of one name, in reverse: sorted, not compared each with each. */
static void test_hostile(void)
{
    struct buf was, is;
    enum { FIELDS = 60000 };
    tap_case("altered: 60,000 fields in reverse");
    buf_init(&was, 16 << 20);
    buf_init(&is, 16 << 20);
    for (int i = 0; i < FIELDS; i++) {
        buf_addf(&was, "X: %d\r\n", i);
        buf_addf(&is, "X: %d\r\n", FIELDS - i);
    }
    struct trace_altered t = compare(buf_str(&was), buf_str(&is));
    tap_ok(t.cut);
    tap_int(t.n, TRACE_MAX_CHANGES);
    buf_clear(&was);
    buf_clear(&is);
    tap_case("altered: memory is short");
    struct mp_err err = {0};
    arena_clear(&arena);
    arena_init(&arena, 4096);
    tap_int(trace_altered(&arena, STR(PLAIN), STR("X: 1\r\n" PLAIN), &t, &err), MP_E_NOMEM);
}

int main(void)
{
    test_rows();
    test_properties();
    test_details();
    test_hostile();
    arena_clear(&arena);
    return tap_done();
}
