/* Transcripts: marks, masks, limits, and text that no terminal obeys. */
#include "smtp/transcript.h"

#include "base/utf8.h"
#include "tests/tap.h"

static struct arena arena;

static struct str shown(const struct transcript *t)
{
    struct buf b;
    buf_init(&b, 8u << 20);
    transcript_write(&b, t);
    struct str text = arena_copy(&arena, buf_str(&b));
    buf_clear(&b);
    return text;
}

static const struct {
    const char *label;
    enum transcript_kind kind;
    bool in_tls;
    struct str bytes;
    const char *want;
} rows[] = {
    {"information", TRANSCRIPT_INFO, false, STR_INIT("Connected"), "=== Connected\n"},
    {"information in TLS", TRANSCRIPT_INFO, true, STR_INIT("TLS"), "=== TLS\n"},
    {"sent", TRANSCRIPT_SENT, false, STR_INIT("EHLO a\r\n"), " -> EHLO a\n"},
    {"sent in TLS", TRANSCRIPT_SENT, true, STR_INIT("EHLO a\r\n"), " ~> EHLO a\n"},
    {"received", TRANSCRIPT_RECEIVED, false, STR_INIT("250-a\r\n250 b\r\n"),
     "<-  250-a\n<-  250 b\n"},
    {"received in TLS", TRANSCRIPT_RECEIVED, true, STR_INIT("250 a\r\n"), "<~  250 a\n"},
    {"unexpected", TRANSCRIPT_UNEXPECTED, false, STR_INIT("550 a\r\n"), "<** 550 a\n"},
    {"unexpected in TLS", TRANSCRIPT_UNEXPECTED, true, STR_INIT("550 a\r\n"), "<~* 550 a\n"},
    {"error", TRANSCRIPT_ERROR, false, STR_INIT("gone"), "*** gone\n"},
    {"error in TLS", TRANSCRIPT_ERROR, true, STR_INIT("gone"), "*** gone\n"},
    {"nothing", TRANSCRIPT_SENT, false, STR_INIT(""), ""},
    {"an empty line", TRANSCRIPT_SENT, false, STR_INIT("\r\n"), " -> \n"},
    {"bare LF", TRANSCRIPT_SENT, false, STR_INIT("a\nb"), " -> a\n -> b\n"},
    {"terminal commands", TRANSCRIPT_RECEIVED, false, STR_INIT("250 \x1b[2J\a\r\n"),
     "<-  250 \\x1b[2J\\x07\n"},
    {"NUL and bare CR", TRANSCRIPT_RECEIVED, false, STR_INIT("250 \0\r!\r\n"),
     "<-  250 \\x00\\x0d!\n"},
    {"C1 and bidi", TRANSCRIPT_RECEIVED, false, STR_INIT("250 \xc2\x9b\xe2\x80\xae\r\n"),
     "<-  250 \\x9b\\u{202e}\n"},
    {"no UTF-8", TRANSCRIPT_RECEIVED, false, STR_INIT("250 \xff\r\n"), "<-  250 \xef\xbf\xbd\n"},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct transcript t;
        transcript_init(&t, &arena);
        tap_case("transcript: %s", rows[i].label);
        transcript_add(&t, rows[i].kind, rows[i].in_tls, 5, rows[i].bytes);
        tap_str(shown(&t), str_from(rows[i].want));
    }
    struct str every = arena_copy(&arena, STR_NONE);
    char *bytes = arena_new(&arena, char, 256);
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    every = str_make(bytes, 256);
    struct transcript t;
    transcript_init(&t, &arena);
    tap_case("transcript: every octet, none reaches a terminal as a control");
    transcript_add(&t, TRANSCRIPT_RECEIVED, false, 0, every);
    struct str text = shown(&t);
    size_t controls = 0;
    for (size_t i = 0; i < text.n; i++)
        controls += ((unsigned char)text.p[i] < 0x20 && text.p[i] != '\n') || text.p[i] == 0x7f;
    tap_int(controls, 0);
    tap_ok(utf8_valid(text));
}

static void test_masked(void)
{
    struct transcript t;
    transcript_init(&t, &arena);
    tap_case("masked: the length is all that is told");
    transcript_add_masked(&t, TRANSCRIPT_SENT, true, 0, STR("AUTH PLAIN"), 32);
    transcript_add_masked(&t, TRANSCRIPT_SENT, false, 0, STR(""), 8);
    tap_str(shown(&t), STR(" ~> AUTH PLAIN <masked, 32 bytes>\n -> <masked, 8 bytes>\n"));
}

static void test_limits(void)
{
    struct transcript t;
    char *mb = arena_new(&arena, char, 1 << 20);
    memset(mb, 'a', 1 << 20);
    transcript_init(&t, &arena);
    tap_case("limits: bytes");
    for (size_t i = 0; i < 6; i++)
        transcript_add(&t, TRANSCRIPT_RECEIVED, false, 0, str_make(mb, 1 << 20));
    tap_int(t.n, TRANSCRIPT_MAX_BYTES >> 20);
    tap_int(t.dropped, 2);
    tap_ok(t.bytes <= TRANSCRIPT_MAX_BYTES);
    struct str text = shown(&t);
    tap_ok(text.n < 5 * 4200);
    tap_ok(str_ends(text, STR("*** 2 more lines were not kept\n")));
    transcript_init(&t, &arena);
    tap_case("limits: lines");
    for (size_t i = 0; i < TRANSCRIPT_MAX_LINES + 7; i++)
        transcript_add(&t, TRANSCRIPT_RECEIVED, false, 0, STR("x"));
    tap_int(t.n, TRANSCRIPT_MAX_LINES);
    tap_int(t.dropped, 7);
    struct arena none;
    arena_init(&none, 0);
    transcript_init(&t, &none);
    tap_case("limits: no memory");
    transcript_add(&t, TRANSCRIPT_RECEIVED, false, 0, STR("x"));
    transcript_add_masked(&t, TRANSCRIPT_SENT, false, 0, STR("AUTH"), 1);
    tap_int(t.n, 0);
    tap_int(t.dropped, 2);
}

int main(void)
{
    arena_init(&arena, 64u << 20);
    test_rows();
    test_masked();
    test_limits();
    arena_clear(&arena);
    return tap_done();
}
