/* Targets: what each word means, and what is refused with which reason. */
#include "flow/target.h"

#include "tests/tap.h"

static const struct {
    const char *text;
    enum target_kind kind;
    const char *name; /* or address, or path */
    unsigned port;
    bool port_given;
    enum target_tls tls;
    bool lmtp, submission;
} good[] = {
    {"example.org", TARGET_DOMAIN, "example.org", 25, false, TARGET_TLS_AUTO, false, false},
    {"Example.ORG.", TARGET_DOMAIN, "example.org", 25, false, TARGET_TLS_AUTO, false, false},
    {"b\xc3\xbc"
     "cher.test",
     TARGET_DOMAIN, "xn--bcher-kva.test", 25, false, TARGET_TLS_AUTO, false, false},
    {"localhost", TARGET_DOMAIN, "localhost", 25, false, TARGET_TLS_AUTO, false, false},
    {"_x.a-b.test", TARGET_DOMAIN, "_x.a-b.test", 25, false, TARGET_TLS_AUTO, false, false},
    {"mx.test:2525", TARGET_HOST, "mx.test", 2525, true, TARGET_TLS_AUTO, false, false},
    {"192.0.2.1", TARGET_ADDRESS, "192.0.2.1", 25, false, TARGET_TLS_AUTO, false, false},
    {"192.0.2.1:26", TARGET_ADDRESS, "192.0.2.1", 26, true, TARGET_TLS_AUTO, false, false},
    {"[192.0.2.1]", TARGET_ADDRESS, "192.0.2.1", 25, false, TARGET_TLS_AUTO, false, false},
    {"2001:db8::1", TARGET_ADDRESS, "2001:db8::1", 25, false, TARGET_TLS_AUTO, false, false},
    {"[2001:db8::1]:587", TARGET_ADDRESS, "2001:db8::1", 587, true, TARGET_TLS_AUTO, false, false},
    {"[IPv6:2001:DB8::1]", TARGET_ADDRESS, "2001:db8::1", 25, false, TARGET_TLS_AUTO, false, false},
    {"::1", TARGET_ADDRESS, "::1", 25, false, TARGET_TLS_AUTO, false, false},
    {"smtp://mx.test", TARGET_HOST, "mx.test", 25, false, TARGET_TLS_AUTO, false, false},
    {"SMTP://mx.test/", TARGET_HOST, "mx.test", 25, false, TARGET_TLS_AUTO, false, false},
    {"smtp+starttls://mx.test:26", TARGET_HOST, "mx.test", 26, true, TARGET_TLS_STARTTLS, false,
     false},
    {"smtps://mx.test", TARGET_HOST, "mx.test", 465, false, TARGET_TLS_IMPLICIT, false, false},
    {"submission://mx.test", TARGET_HOST, "mx.test", 587, false, TARGET_TLS_STARTTLS, false, true},
    {"submissions://[::1]:1465", TARGET_ADDRESS, "::1", 1465, true, TARGET_TLS_IMPLICIT, false,
     true},
    {"lmtp://mx.test", TARGET_HOST, "mx.test", 24, false, TARGET_TLS_AUTO, true, false},
    {"lmtp+unix:///run/lmtp", TARGET_SOCKET, "/run/lmtp", 24, false, TARGET_TLS_AUTO, true, false},
    {"smtp+unix:///run/smtp", TARGET_SOCKET, "/run/smtp", 25, false, TARGET_TLS_AUTO, false, false},
    {"/run/smtp socket", TARGET_SOCKET, "/run/smtp socket", 25, false, TARGET_TLS_AUTO, false,
     false},
};

static struct str text_of(const struct target *t, char text[IP_TEXT_MAX])
{
    if (t->kind == TARGET_ADDRESS)
        return str_make(text, ip_write(&t->ip, text));
    return t->kind == TARGET_SOCKET ? str_from(t->path) : t->name;
}

static void test_good(void)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena a = {0};
        struct target t = {0};
        struct mp_err err = {0};
        char text[IP_TEXT_MAX];
        arena_init(&a, 1 << 16);
        tap_case("target: %s", good[i].text);
        tap_int(target_parse(&a, str_from(good[i].text), &t, &err), MP_OK);
        tap_str(t.text, str_from(good[i].text));
        tap_int(t.kind, good[i].kind);
        tap_str(text_of(&t, text), str_from(good[i].name));
        tap_int(t.port, good[i].port);
        tap_int(t.port_given, good[i].port_given);
        tap_int(t.tls, good[i].tls);
        tap_int(t.lmtp, good[i].lmtp);
        tap_int(t.submission, good[i].submission);
        arena_clear(&a);
    }
}

static const struct {
    struct str text;
    const char *why; /* a part of it */
} bad[] = {
    {STR_INIT(""), "empty"},
    {STR_INIT("mx.test:"), "port"},
    {STR_INIT("mx.test:0"), "port"},
    {STR_INIT("mx.test:65536"), "port"},
    {STR_INIT("mx.test:smtp"), "port"},
    {STR_INIT("[::1]:-1"), "port"},
    {STR_INIT(":25"), "no domain"},
    {STR_INIT("smtp://"), "host is missing"},
    {STR_INIT("smtp:///"), "host is missing"},
    {STR_INIT("[]"), "for an IP address is none"},
    {STR_INIT("[mx.test]"), "for an IP address is none"},
    {STR_INIT("[::1"), "for an IP address is none"},
    {STR_INIT("1:2:3"), "for an IP address is none"},
    {STR_INIT("256.1.1.1"), "looks like an IP address"},
    {STR_INIT("1.2.3"), "looks like an IP address"},
    {STR_INIT("alice@good.test"), "is a mailbox"},
    {STR_INIT("smtp://alice:secret@good.test"), "is a mailbox"},
    {STR_INIT("a b.test"), "no domain"},
    {STR_INIT("a..test"), "no domain"},
    {STR_INIT("a.test\0.x"), "no domain"},
    {STR_INIT("\xff\xfe.test"), "no domain"},
    {STR_INIT("a/b"), "no domain"},
    {STR_INIT("https://mx.test"), "expected smtp"},
    {STR_INIT("://mx.test"), "expected smtp"},
    {STR_INIT("smtp://mx.test/path"), "ends with its host"},
    {STR_INIT("smtp://mx.test?x"), "ends with its host"},
    {STR_INIT("lmtp+unix://relative"), "absolute path"},
    {STR_INIT("lmtp+unix:///"), "absolute path"},
    {STR_INIT("/"), "absolute path"},
    {STR_INIT("/a\0b"), "absolute path"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = {0};
        struct target t = {.port = 1};
        struct mp_err err = {0};
        arena_init(&a, 1 << 16);
        tap_case("target refused: %s", bad[i].text.p);
        tap_int(target_parse(&a, bad[i].text, &t, &err), MP_E_USAGE);
        struct str got = str_from(err.text);
        if (!tap_ok(str_search(got, str_from(bad[i].why)) < got.n))
            tap_note("%s", err.text);
        tap_int(t.port, 1); /* nothing is written */
        arena_clear(&a);
    }
}

static void test_limits(void)
{
    static char text[4000];
    struct arena a = {0};
    struct target t = {0};
    struct mp_err err = {0};
    memset(text, 'a', sizeof text);
    arena_init(&a, 1 << 16);
    tap_case("target: too long for a target, a label, a path");
    tap_int(target_parse(&a, str_make(text, sizeof text), &t, &err), MP_E_USAGE);
    tap_int(target_parse(&a, str_make(text, 64), &t, &err), MP_E_USAGE);
    tap_int(target_parse(&a, str_make(text, 63), &t, &err), MP_OK);
    text[0] = '/';
    tap_int(target_parse(&a, str_make(text, 107), &t, &err), MP_OK);
    tap_int(target_parse(&a, str_make(text, 108), &t, &err), MP_E_USAGE);
    arena_clear(&a);
    tap_case("target: without memory");
    arena_init(&a, 4);
    tap_int(target_parse(&a, STR("example.org"), &t, &err), MP_E_NOMEM);
    arena_clear(&a);
}

int main(void)
{
    test_good();
    test_bad();
    test_limits();
    return tap_done();
}
