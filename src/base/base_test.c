/* Rows for the small tools of base. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/charset.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/idna.h"
#include "base/inflate.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "tests/tap.h"

static struct arena arena;

static void test_cut(void)
{
    static const struct {
        const char *label, *in;
        unsigned pieces;
    } rows[] = {
        {"empty is one piece", "", 1}, {"one", "a", 1}, {"two", "a;b", 2}, {"trailing", "a;", 2}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str s = str_from(rows[i].in);
        unsigned n = 0;
        tap_case("str_cut: %s", rows[i].label);
        while (s.p != NULL) {
            str_cut(&s, ';');
            n++;
        }
        tap_int(n, rows[i].pieces);
    }
}

static void test_isearch(void)
{
    static const struct {
        const char *in, *needle;
        size_t at;
    } rows[] = {{"a Boundary", "bOUNDARY", 2},
                {"bound", "boundary", 5},
                {"", "b", 0},
                {"bbo", "bo", 1},
                {"boundar\xd9", "y", 8},
                {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaB Bound", "bound", 32},
                {"x", "", 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("str_isearch: '%s' in row %zu", rows[i].needle, i);
        tap_int((long long)str_isearch(str_from(rows[i].in), str_from(rows[i].needle)),
                (long long)rows[i].at);
    }
}

static void test_numbers(void)
{
    static const struct {
        const char *in;
        uint64_t max;
        bool ok;
        uint64_t want;
    } rows[] = {{"0", 9, true, 0},
                {"10", 9, false, 0},
                {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
                {"18446744073709551616", UINT64_MAX, false, 0},
                {"", 9, false, 0},
                {"-1", 9, false, 0},
                {" 1", 9, false, 0},
                {"1a", 99, false, 0},
                {"9", 3, false, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t got = 0;
        tap_case("str_to_u64: '%s' up to %llu", rows[i].in, (unsigned long long)rows[i].max);
        tap_int(str_to_u64(str_from(rows[i].in), rows[i].max, &got), rows[i].ok);
        tap_ok(got == rows[i].want);
    }
}

static void test_arena(void)
{
    struct arena a;
    tap_case("arena: the budget is a wall, and reset opens it again");
    arena_init(&a, 1024);
    tap_ok(arena_alloc(&a, 1, 1000) != NULL);
    tap_ok(arena_alloc(&a, 1, 1000) == NULL);
    tap_ok(arena_alloc(&a, SIZE_MAX / 2, 3) == NULL);
    arena_reset(&a);
    tap_ok(arena_alloc(&a, 1, 1000) != NULL);
    arena_clear(&a);
    tap_case("arena: parts are joined, empty ones too, or nothing is");
    arena_init(&a, 64);
    const struct str parts[] = {STR("a"), STR_NONE, STR("bc"), STR("")};
    tap_str(arena_join(&a, parts, ARRAY_LEN(parts)), STR("abc"));
    tap_str(arena_join(&a, parts, 0), STR(""));
    a.budget_bytes = a.used_bytes;
    tap_ok(arena_join(&a, parts, ARRAY_LEN(parts)).p == NULL);
    arena_clear(&a);
    tap_case("arena: memory is zeroed after a reset");
    arena_init(&a, 1 << 20);
    char *p = arena_new(&a, char, 100);
    memset(p, 'x', 100);
    arena_reset(&a);
    p = arena_new(&a, char, 100);
    tap_ok(p[0] == 0 && p[99] == 0);
    arena_clear(&a);
    tap_case("arena: much memory too, also where less was used");
    const size_t much = 5 << 20;
    arena_init(&a, 32 << 20);
    for (size_t i = 0; i < 4; i++) {
        unsigned any = 0;
        p = arena_new(&a, char, much - i);
        for (size_t k = 0; k < much - i; k++)
            any |= (unsigned char)p[k];
        tap_int(any, 0);
        memset(p, 'x', much - i);
        if (i == 1)
            arena_reset(&a); /* the first block is used again */
    }
    arena_clear(&a);
}

static void test_base64(void)
{
    static const struct {
        const char *in;
        enum base64_mode mode;
        bool ok;
        const char *want;
    } rows[] = {
        {"", BASE64_STRICT, true, ""},           {"QQ==", BASE64_STRICT, true, "A"},
        {"QUI=", BASE64_STRICT, true, "AB"},     {"QUJD", BASE64_STRICT, true, "ABC"},
        {"QQ=", BASE64_STRICT, false, ""},       {"QQ", BASE64_STRICT, false, ""},
        {"Q", BASE64_STRICT, false, ""},         {"QR==", BASE64_STRICT, false, ""},
        {"QQ==QQ==", BASE64_STRICT, false, ""},  {"QUJD====", BASE64_STRICT, false, ""},
        {"QU\r\n JD", BASE64_STRICT, false, ""}, {"QU\r\n JD", BASE64_IGNORE_FWS, true, "ABC"},
        {"QU*D", BASE64_IGNORE_FWS, false, ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str out = STR_NONE;
        tap_case("base64 row %zu", i);
        tap_int(base64_decode(&arena, str_from(rows[i].in), rows[i].mode, &out), rows[i].ok);
        if (rows[i].ok)
            tap_str(out, str_from(rows[i].want));
    }
    tap_case("base64: just the 64 letters are digits, wherever they stand in a group");
    for (unsigned c = 0; c < 256; c++)
        for (unsigned at = 0; at < 8; at++) {
            char text[] = "AAAAAAAA";
            struct str out;
            bool letter = is_alnum((char)c) || c == '+' || c == '/';
            text[at] = (char)c;
            tap_int(base64_decode(&arena, STR(text), BASE64_STRICT, &out),
                    letter || (c == '=' && at == 7));
            tap_int(base64_decode(&arena, STR(text), BASE64_IGNORE_FWS, &out),
                    letter || (c == '=' && at == 7));
        }
    tap_case("base64: a fold at any place changes nothing");
    for (size_t at = 0; at <= 12; at++) {
        static const char whole[] = "SGVsbG8gQm8=";
        struct str out = STR_NONE;
        struct str folded = arena_fmt(&arena, "%.*s\r\n\t%s", (int)at, whole, whole + at);
        tap_ok(base64_decode(&arena, folded, BASE64_IGNORE_FWS, &out));
        tap_str(out, STR("Hello Bo"));
        tap_ok(!base64_decode(&arena, folded, BASE64_STRICT, &out));
    }
    tap_case("base64: decode of encode is the identity for every length to 64");
    for (size_t n = 0; n <= 64; n++) {
        char raw[64];
        struct buf b;
        struct str out;
        for (size_t i = 0; i < n; i++)
            raw[i] = (char)(i * 37 + n);
        buf_init(&b, 1000);
        base64_encode(&b, str_make(raw, n));
        tap_ok(base64_decode(&arena, buf_str(&b), BASE64_STRICT, &out) &&
               str_eq(out, str_make(raw, n)));
        buf_clear(&b);
    }
}

static void test_utf8(void)
{
    static const struct {
        const char *label;
        struct str in;
        bool ok;
    } rows[] = {{"ascii", STR_INIT("abc"), true},
                {"two bytes", STR_INIT("\xc3\xa9"), true},
                {"overlong slash", STR_INIT("\xc0\xaf"), false},
                {"overlong three", STR_INIT("\xe0\x80\xaf"), false},
                {"surrogate", STR_INIT("\xed\xa0\x80"), false},
                {"above the last", STR_INIT("\xf4\x90\x80\x80"), false},
                {"cut short", STR_INIT("\xe2\x82"), false},
                {"lone continuation", STR_INIT("\x80"), false},
                {"last", STR_INIT("\xf4\x8f\xbf\xbf"), true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("utf8: %s", rows[i].label);
        tap_int(utf8_valid(rows[i].in), rows[i].ok);
    }
    tap_case("utf8: shown text has no control, bidi or invalid bytes");
    struct buf b;
    buf_init(&b, 1000);
    utf8_add_printable(&b, STR("a\x1b[31m\xe2\x80\xae\xff\r\n"), 100);
    tap_str(buf_str(&b), STR("a\\x1b[31m\\u{202e}\xef\xbf\xbd\\x0d\\x0a"));
    buf_reset(&b);
    tap_case("utf8: shown text has no line separators and no noncharacters");
    utf8_add_printable(&b, STR("\xe2\x80\xa8\xef\xbf\xbf\xef\xbf\xbe\xef\xb7\x90\xef\xbf\xbd"),
                       100);
    tap_str(buf_str(&b), STR("\\u{2028}\\u{ffff}\\u{fffe}\\u{fdd0}\xef\xbf\xbd"));
    buf_clear(&b);
}

static void test_charset(void)
{
    static const struct {
        const char *label;
        struct str in;
        bool big;
        int32_t want[4];
    } rows[] = {{"little end first", STR_INIT("a\0\xac\x20"), false, {'a', 0x20ac, UTF8_END}},
                {"big end first", STR_INIT("\0a\x20\xac"), true, {'a', 0x20ac, UTF8_END}},
                {"a pair", STR_INIT("\xd8\x3d\xde\0\0a"), true, {0x1f600, 'a', UTF8_END}},
                {"the last pair", STR_INIT("\xff\xdb\xff\xdf"), false, {0x10ffff, UTF8_END}},
                {"first half alone", STR_INIT("\xd8\x3d\0a"), true, {UTF8_BAD, 'a', UTF8_END}},
                {"second half alone", STR_INIT("\xde\0\0a"), true, {UTF8_BAD, 'a', UTF8_END}},
                {"two first halves",
                 STR_INIT("\xd8\x3d\xd8\x3d\xde\0"),
                 true,
                 {UTF8_BAD, 0x1f600, UTF8_END}},
                {"half at the end", STR_INIT("\xd8\x3d\xde"), true, {UTF8_BAD, UTF8_END}},
                {"an odd octet", STR_INIT("a\0b"), false, {'a', UTF8_END}},
                {"nothing", STR_INIT(""), true, {UTF8_END}}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str s = rows[i].in;
        tap_case("utf-16: %s", rows[i].label);
        for (size_t k = 0; k == 0 || rows[i].want[k - 1] != UTF8_END; k++)
            tap_int(utf16_next(&s, rows[i].big), rows[i].want[k]);
    }
    tap_case("windows-1252: letters, and five octets that mean nothing");
    tap_int(windows_1252('a'), 'a');
    tap_int(windows_1252(0x80), 0x20ac);
    tap_int(windows_1252(0x9f), 0x0178);
    tap_int(windows_1252(0x81), 0);
    tap_int(windows_1252(0xe9), 0xe9);
}

static void test_inflate(void)
{
    /* "abcabcabc..." of 30 bytes. */
    static const struct str raw = STR_INIT("\x4b\x4c\x4a\x4e\xc4\x8d\x00");
    static const struct str zlib = STR_INIT("\x78\x9c\x4b\x4c\x4a\x4e\xc4\x8d\x00\xb2\x0c\x0b\x7d");
    static const struct {
        const char *label;
        enum inflate_form form;
        size_t n, max;
        enum inflated how;
        size_t got;
    } rows[] = {
        {"whole", INFLATE_ZLIB, 13, 100, INFLATED_WHOLE, 30},
        {"up to a bound", INFLATE_ZLIB, 13, 20, INFLATED_CUT, 20},
        {"no room", INFLATE_ZLIB, 13, 0, INFLATED_CUT, 0},
        {"ends early", INFLATE_ZLIB, 6, 100, INFLATED_DAMAGED, 3},
        {"nothing", INFLATE_ZLIB, 0, 100, INFLATED_DAMAGED, 0},
        {"another form", INFLATE_GZIP, 13, 100, INFLATED_DAMAGED, 0},
        {"raw", INFLATE_RAW, 7, 100, INFLATED_WHOLE, 30},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b;
        buf_init(&b, 1000);
        struct str in = rows[i].form == INFLATE_RAW ? raw : str_slice(zlib, 0, rows[i].n);
        tap_case("inflate: %s", rows[i].label);
        tap_int(inflate_add(in, rows[i].form, rows[i].max, &b), rows[i].how);
        tap_int(b.n, rows[i].got);
        tap_ok(str_eq(buf_str(&b), str_slice(STR("abcabcabcabcabcabcabcabcabcabc"), 0, b.n)));
        buf_clear(&b);
    }
}

#define LABEL_63 "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff-123"

static void test_idna(void)
{
    static const struct {
        const char *in;
        bool ok;
        const char *want;
    } rows[] = {{"Example.COM.", true, "example.com"},
                {"b\xc3\xbc"
                 "cher.example",
                 true, "xn--bcher-kva.example"},
                {"a..b", false, ""},
                {"", false, ""},
                {".", false, ""},
                {".a", false, ""},
                {"a..", false, ""},
                {LABEL_63 ".b." LABEL_63, true, LABEL_63 ".b." LABEL_63},
                {"b." LABEL_63 "a", false, ""},
                {LABEL_63 "a.b", false, ""},
                {"legit\xe3\x80\x82"
                 "example",
                 true, "legit.example"},
                {"\xff.example", false, ""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str out = STR_NONE;
        tap_case("idna row %zu", i);
        tap_int(idna_to_ascii(&arena, str_from(rows[i].in), &out), rows[i].ok);
        if (rows[i].ok)
            tap_str(out, str_from(rows[i].want));
    }
    static const struct {
        const char *in, *want;
    } shown[] = {{"example.com", "example.com"},
                 {"XN--bcher-kva.example", "b\xc3\xbc"
                                           "cher.example"},
                 {"a--b.example", "a--b.example"},
                 {"xn--a-.example", "xn--a-.example"},
                 {"", ""}};
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        tap_case("idna shown row %zu", i);
        tap_str(idna_to_unicode(&arena, str_from(shown[i].in)), str_from(shown[i].want));
    }
    tap_case("domain labels");
    tap_ok(domain_is_below(STR("a.Example.com"), STR("example.COM.")));
    tap_ok(!domain_is_below(STR("badexample.com"), STR("example.com")));
    tap_ok(!domain_is_below(STR("example.com"), STR("")));
    tap_str(domain_tail(STR("a.b.c"), 2), STR("b.c"));
    tap_str(domain_tail(STR("a.b.c"), 9), STR("a.b.c"));
    tap_int(domain_labels(STR("a.b.c")), 3);
}

static void test_ip(void)
{
    struct ip ip, net;
    char text[IP_TEXT_MAX];
    tap_case("ip: mapped IPv4 is IPv4");
    tap_ok(ip_parse(STR("::ffff:192.0.2.1"), &ip));
    tap_int(ip.family, IP_V4);
    ip_write(&ip, text);
    tap_cstr(text, "192.0.2.1");
    static const char *const v4[] = {"0.0.0.0", "9.10.99.100", "255.255.255.255", "10.200.101.7"};
    for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
        tap_case("ip: %s is written as it was read", v4[i]);
        tap_ok(ip_parse(str_from(v4[i]), &ip));
        tap_int(ip_write(&ip, text), strlen(v4[i]));
        tap_cstr(text, v4[i]);
    }
    tap_case("ip: kept mapped it is IPv6");
    tap_ok(ip_parse_keep_mapped(STR("::ffff:192.0.2.1"), &ip));
    tap_int(ip.family, IP_V6);
    tap_case("ip: prefixes");
    tap_ok(ip_parse(STR("192.0.2.200"), &ip) && ip_parse(STR("192.0.2.128"), &net));
    tap_ok(ip_in_prefix(&ip, &net, 25));
    tap_ok(!ip_in_prefix(&ip, &net, 26));
    tap_ok(ip_in_prefix(&ip, &net, 0));
    tap_case("ip: not addresses");
    tap_ok(!ip_parse(STR("192.0.2"), &ip));
    tap_ok(!ip_parse(STR("192.0.2.01"), &ip));
    tap_ok(!ip_parse(STR("192.0.2.1\0"), &ip));
    tap_ok(!ip_parse(STR("1.2.3.4 "), &ip));
}

static void test_clock(void)
{
    tap_case("clock: civil time and back");
    for (int64_t t = -62135596800; t < 253402300799; t += 86400 * 37 + 12345) {
        int y, mo, d, h, mi, s;
        unix_to_civil(t, &y, &mo, &d, &h, &mi, &s);
        if (!tap_ok(civil_to_unix(y, mo, d, h, mi, s) == t))
            break;
    }
    tap_ok(civil_to_unix(2026, 11, 23, 0, 0, 0) == 1795392000);
}

static void test_glob(void)
{
    static const struct {
        const char *pattern, *text;
        bool any_one, want;
    } rows[] = {{"*@A.test", "x@a.TEST", false, true},
                {"a?", "ab", false, false},
                {"a?", "A?", false, true},
                {"a?", "ab", true, true},
                {"a?", "a", true, false},
                {"*a*b*", "xaxbx", false, true},
                {"*a*b", "xaxbx", false, false},
                {"", "", false, true},
                {"*", "", false, true},
                {"", "x", false, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("glob: '%s' and '%s'", rows[i].pattern, rows[i].text);
        tap_int(str_glob(str_from(rows[i].pattern), str_from(rows[i].text), rows[i].any_one),
                rows[i].want);
    }
}

static void test_json(void)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1000);
    tap_case("json: order, nesting, escapes, bad UTF-8");
    json_init(&j, &b, 0);
    json_object_begin(&j);
    json_kstr(&j, "a", STR("x\"\\\n\x01\xff"));
    json_key(&j, "b");
    json_array_begin(&j);
    json_int(&j, -1);
    json_bool(&j, true);
    json_write_null(&j);
    json_array_end(&j);
    json_kstr(&j, "c", STR_NONE);
    json_object_end(&j);
    tap_str(buf_str(&b), STR("{\"a\":\"x\\\"\\\\\\n\\u0001\xef\xbf\xbd\",\"b\":[-1,true,null],"
                             "\"c\":null}"));
    buf_reset(&b);
    tap_case("json: members that may be absent, lists, times");
    const struct str words[] = {STR("x"), STR("")};
    json_init(&j, &b, 0);
    json_object_begin(&j);
    json_kword(&j, "a", NULL);
    json_kopt(&j, "b", STR(""));
    json_ktext(&j, "c", STR_NONE);
    json_kstrs(&j, "d", words, ARRAY_LEN(words));
    json_ktime_ms(&j, "e", 1795428045250);
    json_ktime_ms(&j, "f", 0);
    json_ktime_ms(&j, "g", 253402300799999);
    json_ktime_ms(&j, "h", 253402300800000);
    json_object_end(&j);
    tap_str(buf_str(&b), STR("{\"a\":null,\"b\":null,\"c\":\"\",\"d\":[\"x\",\"\"],"
                             "\"e\":\"2026-11-23T10:00:45.250Z\",\"f\":null,"
                             "\"g\":\"9999-12-31T23:59:59.999Z\",\"h\":null}"));
    buf_reset(&b);
    tap_case("json: what others take for line ends is escaped");
    json_init(&j, &b, 0);
    json_str(&j, STR("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\x7f"));
    tap_str(buf_str(&b), STR("\"\\u0085\\u2028\\u2029\\u007f\""));
    buf_reset(&b);
    tap_case("json: what a build server takes for a command is escaped");
    json_init(&j, &b, 0);
    json_str(&j, STR("##x###[error]#"));
    tap_str(buf_str(&b), STR("\"##x#\\u0023#[error]#\""));
    buf_clear(&b);
}

static void test_err(void)
{
    struct mp_err err;
    tap_case("err: one line whatever is put in");
    tap_int(mp_fail(&err, MP_E_IO, 2, "%s: no\nsuch", "a\rb"), MP_E_IO);
    tap_cstr(err.text, "a?b: no?such");
    tap_int(mp_fail(NULL, MP_E_LIMIT, 0, "x"), MP_E_LIMIT);
}

static void test_nearest(void)
{
    static const struct {
        const char *wanted, *want;
    } rows[] = {{"expct", "expect"},     {"EXPECT", "expect"}, {"arive", "arrive"}, {"snd", "send"},
                {"entirely else", NULL}, {"", NULL},           {"sed", "send"}};
    static const char *const words[] = {"send", "expect", "arrive", "sends"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct nearest n = {.wanted = str_from(rows[i].wanted)};
        tap_case("nearest: '%s'", rows[i].wanted);
        for (size_t j = 0; j < ARRAY_LEN(words); j++)
            nearest_try(&n, str_from(words[j]));
        tap_str(n.best, str_from(rows[i].want));
    }
    static char longer[NEAREST_WORD_BYTES + 1];
    memset(longer, 'a', sizeof longer);
    struct nearest n = {.wanted = str_make(longer, sizeof longer)};
    tap_case("nearest: a longer word is like nothing");
    nearest_try(&n, n.wanted);
    tap_ok(n.best.p == NULL);
}

static void test_hex(void)
{
    static const struct {
        const char *label, *in, *undone;
        int octet; /* of the two digits behind the first byte */
    } rows[] = {{"upper", "%4A", "J", 0x4a},      {"lower", "%4a", "J", 0x4a},
                {"one digit", "%4", "%4", -1},    {"no digit", "%", "%", -1},
                {"not hex", "%4g", "%4g", -1},    {"above 127", "%ff", "\xff", 0xff},
                {"within", "a%20b%", "a b%", -1}, {"twice", "%2541", "%41", 0x25}};
    char out[16];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str in = str_from(rows[i].in);
        tap_case("hex: %s", rows[i].label);
        tap_int(hex_octet(in, 1), rows[i].octet);
        tap_str(str_make(out, percent_undo(in, out)), str_from(rows[i].undone));
        tap_int(hex_octet(in, in.n), -1);
    }
    tap_case("hex: a run, and a digit that is left over");
    tap_str(str_make(out, hex_undo(STR("4a6B7"), out)), STR("Jk"));
}

static void test_fd(void)
{
    enum { MANY = 300000 };
    static char bytes[MANY], got[MANY];
    int fd = memfd_create("base_test", 0), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    tap_case("fd: all is written, or errno tells");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i % 251);
    tap_ok(fd_write(fd, str_make(bytes, sizeof bytes)));
    tap_int(pread(fd, got, sizeof got, 0), MANY);
    tap_ok(memcmp(bytes, got, sizeof got) == 0);
    tap_ok(fd_write(fd, STR_NONE));
    tap_ok(!fd_write(full, STR("x")));
    tap_int(errno, ENOSPC);
    close(fd);
    close(full);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_cut();
    test_isearch();
    test_numbers();
    test_arena();
    test_base64();
    test_utf8();
    test_charset();
    test_inflate();
    test_idna();
    test_ip();
    test_clock();
    test_glob();
    test_json();
    test_err();
    test_nearest();
    test_hex();
    test_fd();
    arena_clear(&arena);
    return tap_done();
}
