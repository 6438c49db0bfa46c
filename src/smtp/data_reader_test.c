/* DATA and BDAT in pieces: the end, the dots, the odd bytes, wherever the pieces are cut. */
#include "smtp/data_reader.h"

#include "smtp/command.h"
#include "smtp/smuggle.h"
#include "tests/tap.h"

enum { ROOM = 100000 };

static const struct {
    const char *label;
    struct str in, want;
    bool ended;
    uint64_t odd[SMTP_ODD_COUNT];
    size_t rest; /* bytes behind the end */
} rows[] = {
    {"empty message", STR_INIT(".\r\n"), STR_INIT(""), true, {0}, 0},
    {"one line", STR_INIT("a\r\n.\r\n"), STR_INIT("a\r\n"), true, {0}, 0},
    {"commands behind", STR_INIT("a\r\n.\r\nQUIT\r\n"), STR_INIT("a\r\n"), true, {0}, 6},
    {"stuffed dots",
     STR_INIT("..a\r\n..\r\n...\r\n.\r\n"),
     STR_INIT(".a\r\n.\r\n..\r\n"),
     true,
     {0},
     0},
    {"a dot that was not stuffed", STR_INIT(".a\r\n.\r\n"), STR_INIT("a\r\n"), true, {0}, 0},
    {"dot and space", STR_INIT("a\r\n. \r\n.\r\n"), STR_INIT("a\r\n \r\n"), true, {0}, 0},
    {"dots inside", STR_INIT("a.b\r\n a.\r\n.\r\n"), STR_INIT("a.b\r\n a.\r\n"), true, {0}, 0},
    {"not ended", STR_INIT("a\r\n."), STR_INIT("a\r\n"), false, {0}, 0},
    {"bare LF", STR_INIT("a\nb\r\n.\r\n"), STR_INIT("a\nb\r\n"), true, {1, 0, 0}, 0},
    {"bare CR", STR_INIT("a\rb\r\n.\r\n"), STR_INIT("a\rb\r\n"), true, {0, 1, 0}, 0},
    {"CR CR LF", STR_INIT("a\r\r\n.\r\n"), STR_INIT("a\r\r\n"), true, {0, 1, 0}, 0},
    {"NUL", STR_INIT("a\0b\r\n.\r\n"), STR_INIT("a\0b\r\n"), true, {0, 0, 1}, 0},
    {"LF.LF does not end",
     STR_INIT("a\n.\nb\r\n.\r\n"),
     STR_INIT("a\n.\nb\r\n"),
     true,
     {2, 0, 0},
     0},
    {"CRLF.LF does not end",
     STR_INIT("a\r\n.\nb\r\n.\r\n"),
     STR_INIT("a\r\n\nb\r\n"),
     true,
     {1, 0, 0},
     0},
    {"LF.CRLF does not end",
     STR_INIT("a\n.\r\nb\r\n.\r\n"),
     STR_INIT("a\n.\r\nb\r\n"),
     true,
     {1, 0, 0},
     0},
    {"CRLF.CR CRLF does not end",
     STR_INIT("a\r\n.\r\r\n.\r\n"),
     STR_INIT("a\r\n\r\r\n"),
     true,
     {0, 1, 0},
     0},
    {"CRLF.CR x", STR_INIT("a\r\n.\rx\r\n.\r\n"), STR_INIT("a\r\n\rx\r\n"), true, {0, 1, 0}, 0},
    {"8 bit", STR_INIT("\xff\xfe\r\n.\r\n"), STR_INIT("\xff\xfe\r\n"), true, {0}, 0},
};

/* Read `in` in pieces of `step` bytes. */
static size_t read_in_steps(struct smtp_data_reader *r, struct str in, size_t step, struct buf *out)
{
    size_t at = 0;
    while (at < in.n && !r->ended) {
        struct str piece = str_slice(in, at, at + step);
        size_t used = smtp_data_read(r, piece, out);
        tap_ok(used == piece.n || r->ended);
        at += used;
    }
    return at;
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("data: %s", rows[i].label);
        for (size_t step = 1; step <= rows[i].in.n; step++) {
            struct smtp_data_reader r = {0};
            struct buf out;
            buf_init(&out, ROOM);
            size_t used = read_in_steps(&r, rows[i].in, step, &out);
            tap_int(r.ended, rows[i].ended);
            tap_int(rows[i].in.n - used, rows[i].rest);
            tap_str(buf_str(&out), rows[i].want);
            for (size_t o = 0; o < SMTP_ODD_COUNT; o++)
                tap_int(r.line_ends.odd[o].count, rows[i].odd[o]);
            tap_int(r.line_ends.bytes, rows[i].want.n);
            buf_clear(&out);
        }
    }
}

/* None of the fourteen ends the message, and all but the harmless one are noticed. */
static void test_smuggling(void)
{
    for (size_t i = 0; i < SMUGGLE_SEQUENCES; i++) {
        struct smtp_data_reader r = {0};
        struct buf in;
        buf_init(&in, ROOM);
        buf_addz(&in, "Subject: a\r\n\r\nfirst");
        buf_add(&in, smuggle_sequences[i].bytes);
        buf_addz(&in, "MAIL FROM:<x@y.test>\r\nsecond\r\n.\r\n");
        tap_case("smuggling: %s", smuggle_sequences[i].name);
        tap_int(smtp_data_read(&r, buf_str(&in), NULL), in.n);
        tap_ok(r.ended);
        tap_int(smtp_line_ends_ok(&r.line_ends),
                strcmp(smuggle_sequences[i].name, "CRLF.SPCRLF") == 0);
        buf_clear(&in);
    }
}

/* Read(write(x)) == x for every short message over the bytes that matter. */
static void test_round_trip(void)
{
    static const char letters[] = {'.', '\r', '\n', 'a', '\0'};
    enum { LENGTH = 6 };
    size_t bad = 0, n = 1;
    tap_case("round trip: all messages of six bytes that end a line");
    for (size_t i = 0; i < LENGTH; i++)
        n *= sizeof letters;
    for (size_t i = 0; i < n; i++) {
        char text[LENGTH + 2];
        size_t code = i;
        for (size_t k = 0; k < LENGTH; k++, code /= sizeof letters)
            text[k] = letters[code % sizeof letters];
        memcpy(text + LENGTH, "\r\n", 2);
        struct str message = str_make(text, sizeof text);
        struct smtp_data_reader r = {0};
        struct buf wire, out;
        buf_init(&wire, ROOM);
        buf_init(&out, ROOM);
        smtp_write_data(&wire, message, true);
        smtp_data_read(&r, buf_str(&wire), &out);
        bad += !r.ended || !str_eq(buf_str(&out), message);
        buf_clear(&wire);
        buf_clear(&out);
    }
    tap_int(bad, 0);
}

static void test_offsets(void)
{
    struct smtp_data_reader r = {0};
    tap_case("where the first odd byte is");
    smtp_data_read(&r, STR("ab\r\n..\ncd\re\0\r\n.\r\n"), NULL);
    tap_int(r.line_ends.odd[SMTP_ODD_BARE_LF].first_offset, 5);
    tap_int(r.line_ends.odd[SMTP_ODD_BARE_CR].first_offset, 8);
    tap_int(r.line_ends.odd[SMTP_ODD_NUL].first_offset, 10);
    tap_case("a full buffer tells, and reading goes on to the end");
    struct buf small;
    buf_init(&small, 3);
    r = (struct smtp_data_reader){0};
    smtp_data_read(&r, STR("abcdef\r\n.\r\n"), &small);
    tap_ok(small.failed && r.ended);
    tap_int(r.line_ends.bytes, 8);
    buf_clear(&small);
}

static void test_chunks(void)
{
    struct str text = STR("a\r\n.\r\nb\nc\rd");
    tap_case("chunks: bytes as they are, line ends over all of them");
    for (size_t cut = 0; cut <= text.n; cut++) {
        struct smtp_chunk_reader r = {0};
        struct buf out;
        buf_init(&out, ROOM);
        smtp_chunk_begin(&r, cut, false);
        tap_int(smtp_chunk_read(&r, text, &out), cut);
        tap_int(r.left, 0);
        smtp_chunk_begin(&r, text.n - cut, true);
        for (size_t at = cut; at < text.n; at++)
            tap_int(smtp_chunk_read(&r, str_slice(text, at, at + 1), &out), 1);
        if (cut == text.n)
            smtp_chunk_read(&r, STR(""), &out);
        tap_str(buf_str(&out), text);
        tap_int(r.total, text.n);
        tap_int(r.line_ends.odd[SMTP_ODD_BARE_LF].count, 1);
        tap_int(r.line_ends.odd[SMTP_ODD_BARE_CR].count, 1);
        buf_clear(&out);
    }
    tap_case("chunks: the sum does not wrap");
    struct smtp_chunk_reader r = {0};
    smtp_chunk_begin(&r, UINT64_MAX - 1, false);
    smtp_chunk_begin(&r, 5, false);
    tap_ok(r.total == UINT64_MAX);
    tap_case("chunks: a CR at the very end is bare");
    r = (struct smtp_chunk_reader){0};
    smtp_chunk_begin(&r, 2, true);
    smtp_chunk_read(&r, STR("a\r"), NULL);
    tap_int(r.line_ends.odd[SMTP_ODD_BARE_CR].count, 1);
}

int main(void)
{
    test_rows();
    test_smuggling();
    test_round_trip();
    test_offsets();
    test_chunks();
    return tap_done();
}
