/* Values as sources write them, their one form, and the keys under which links are looked up. */
#include "intel/indicator.h"

#include "base/buf.h"
#include "tests/tap.h"

enum {
    ANY = INDICATOR_KIND_COUNT,
    URL = INDICATOR_URL,
    HOST = INDICATOR_HOST,
    DOMAIN = INDICATOR_DOMAIN,
    IP = INDICATOR_IP,
    MD5 = INDICATOR_MD5,
    SHA1 = INDICATOR_SHA1,
    SHA256 = INDICATOR_SHA256,
    EMAIL = INDICATOR_EMAIL,
    NONE = -1 /* refused */
};

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX20 HEX16 "01234567"
#define HEX32 HEX16 HEX16

static const struct {
    int said;
    const char *text;
    int kind;
    const char *want;
} values[] = {
    /* links: scheme, user, fragment and the ports of the web go */
    {URL, "http://Evil.Example/a", URL, "evil.example/a"},
    {URL, "https://evil.example/a", URL, "evil.example/a"},
    {URL, "evil.example", URL, "evil.example/"},
    {URL, "//evil.example/a", URL, "evil.example/a"},
    {URL, "tcp://evil.example:4444", URL, "evil.example:4444/"},
    {URL, "ftp://evil.example:21/a", URL, "evil.example/a"},
    {URL, "http://joe:pw@evil.example/a#top", URL, "evil.example/a"},
    {URL, "http://evil.example:80/", URL, "evil.example/"},
    {URL, "https://evil.example:80/", URL, "evil.example/"},
    {URL, "http://evil.example:443/", URL, "evil.example/"},
    {URL, "http://evil.example:8080/a", URL, "evil.example:8080/a"},
    {URL, "http://evil.example./a", URL, "evil.example/a"},
    {URL, "  http://evil.example/a\r\n", URL, "evil.example/a"},
    {URL, "http:\\\\evil.example\\a", URL, "evil.example/a"},
    /* paths: dots, escapes of unreserved characters, upper case of the others */
    {URL, "http://evil.example/a/./b/../c", URL, "evil.example/a/c"},
    {URL, "http://evil.example/%61/%2e%2E/b", URL, "evil.example/b"},
    {URL, "http://evil.example/%7euser/%2f", URL, "evil.example/~user/%2F"},
    {URL, "http://evil.example/A%41", URL, "evil.example/AA"},
    {URL, "http://evil.example/%252e%252e/b", URL, "evil.example/%252e%252e/b"},
    {URL, "http://evil.example/%2%65/b", URL, "evil.example/%252e/b"},
    {URL, "http://evil.example/100%", URL, "evil.example/100%25"},
    {URL, "http://evil.example/a b", URL, "evil.example/a%20b"},
    {URL, "http://evil.example/\xc3\xa9", URL, "evil.example/%C3%A9"},
    {URL, "http://evil.example//a//", URL, "evil.example//a//"},
    {URL, "http://evil.example/a?", URL, "evil.example/a"},
    {URL, "http://evil.example?x=%41+b", URL, "evil.example/?x=A+b"},
    {URL, "http://evil.example/a?u=http://x.example/#f", URL, "evil.example/a?u=http://x.example/"},
    /* hosts: IDN, addresses in all the forms that browsers take */
    {URL,
     "http://b\xc3\xbc"
     "cher.example/",
     URL, "xn--bcher-kva.example/"},
    {URL, "http://XN--BCHER-KVA.example/", URL, "xn--bcher-kva.example/"},
    {URL, "http://ev%69l.example/", URL, "evil.example/"},
    {URL, "http://0xC0.0.2.1/a", URL, "192.0.2.1/a"},
    {URL, "http://3221225985/a", URL, "192.0.2.1/a"},
    {URL, "http://[2001:DB8::1]:81/a", URL, "[2001:db8::1]:81/a"},
    {URL, "192.0.2.1:8080/a", URL, "192.0.2.1:8080/a"},
    /* made harmless */
    {URL, "hxxp://evil[.]example/a", URL, "evil.example/a"},
    {URL, "hXXps[:]//evil(dot)example/a[.]php", URL, "evil.example/a.php"},
    {URL, "h**p[://]www[.evil.]example/", URL, "www.evil.example/"},
    {URL, "evil[.]example[/]a", URL, "evil.example/a"},
    {URL, "http://evil.example/a[.]b", URL, "evil.example/a[.]b"},
    {URL, "http://evil.example/?q=joe[at]x", URL, "evil.example/?q=joe[at]x"},
    {URL, "hxxp://[2001:db8::1]/", URL, "[2001:db8::1]/"},
    /* no links */
    {URL, "", NONE, NULL},
    {URL, "localhost/a", NONE, NULL},
    {URL, "12345", NONE, NULL},
    {URL, "file:///etc/passwd", NONE, NULL},
    {URL, "mailto:joe@evil.example", NONE, NULL},
    {URL, "joe@evil.example/a", NONE, NULL},
    {URL, "javascript:alert(1)", NONE, NULL},
    {URL, "http://evil!.example/", NONE, NULL},
    {URL, "http://evil..example/", NONE, NULL},
    {URL, "http://evil.example:99999/", NONE, NULL},
    {URL, "http://1.2.3.4.5/", NONE, NULL},
    /* names */
    {DOMAIN, "Evil.Example.", DOMAIN, "evil.example"},
    {DOMAIN, "*.evil.example", DOMAIN, "evil.example"},
    {HOST, "*.evil.example", DOMAIN, "evil.example"},
    {HOST, ".evil.example", DOMAIN, "evil.example"},
    {HOST, "www.evil.example", HOST, "www.evil.example"},
    {HOST, "evil.example:8080", HOST, "evil.example"},
    {HOST, "http://evil.example/", HOST, "evil.example"},
    {DOMAIN, "_dmarc.evil.example", DOMAIN, "_dmarc.evil.example"},
    {DOMAIN,
     "evil\xe3\x80\x82"
     "example",
     DOMAIN, "evil.example"},
    {DOMAIN, "evil[.]co[.]uk", DOMAIN, "evil.co.uk"},
    {DOMAIN, "co.uk", NONE, NULL},
    {DOMAIN, "*.co.uk", NONE, NULL},
    {HOST, "*.github.io", NONE, NULL},
    {DOMAIN, "github.io", NONE, NULL},
    {HOST, "github.io", HOST, "github.io"},
    {DOMAIN, "joe.github.io", DOMAIN, "joe.github.io"},
    {DOMAIN, "example", NONE, NULL},
    {HOST, "localhost", NONE, NULL},
    {DOMAIN, "evil.example/a", NONE, NULL},
    {DOMAIN, "evil.example?a", NONE, NULL},
    {DOMAIN, "joe@evil.example", NONE, NULL},
    {DOMAIN, "*evil.example", NONE, NULL},
    {DOMAIN, "*.192.0.2.1", NONE, NULL},
    {DOMAIN, "1.2.3", NONE, NULL},
    {DOMAIN, "192.0.2.1-9", NONE, NULL},
    {DOMAIN, "evil.1x", NONE, NULL},
    {HOST, "192.0.2.1-static.isp.example", HOST, "192.0.2.1-static.isp.example"},
    {ANY, "192.0.2.1-static.isp.example", DOMAIN, "192.0.2.1-static.isp.example"},
    {HOST, "192.0.2.1", IP, "192.0.2.1"},
    {DOMAIN, "http://192.0.2.1:80/", IP, "192.0.2.1"},
    /* addresses */
    {IP, "192.0.2.1", IP, "192.0.2.1"},
    {IP, "192[.]0[.]2[.]1:8080", IP, "192.0.2.1"},
    {IP, "192.0.2.77/24", IP, "192.0.2.0/24"},
    {IP, "192.0.2.77/32", IP, "192.0.2.77"},
    {IP, "192.0.2.4 - 192.0.2.9", IP, "192.0.2.4-192.0.2.9"},
    {IP, "192.0.2.0-192.0.2.255", IP, "192.0.2.0/24"},
    {IP, "2001:DB8:0::/32", IP, "2001:db8::/32"},
    {IP, "2001:db8::1-2001:db8::2", IP, "2001:db8::1-2001:db8::2"},
    {IP, "[2001:db8::1]:443", IP, "2001:db8::1"},
    {IP, "[2001:db8::1]", IP, "2001:db8::1"},
    {IP, "::ffff:192.0.2.1", IP, "192.0.2.1"},
    {IP, "::ffff:192.0.2.0/120", IP, "192.0.2.0/24"},
    {IP, "tcp://192.0.2.1:4444", IP, "192.0.2.1"},
    {IP, "128.0.0.0/1", IP, "128.0.0.0/1"},
    {IP, "0.0.0.0/0", NONE, NULL},
    {IP, "0.0.0.0-128.0.0.0", NONE, NULL},
    {IP, "1.0.0.0-255.255.255.255", NONE, NULL},
    {IP, "2000::/3", NONE, NULL},
    {IP, "fc00::/7", IP, "fc00::/7"},
    {IP, "::/0", NONE, NULL},
    {IP, "192.0.2.1/33", NONE, NULL},
    {IP, "192.0.2.9-192.0.2.1", NONE, NULL},
    {IP, "192.0.2.1-9", NONE, NULL},
    {IP, "192.0.2.1-2001:db8::1", NONE, NULL},
    {IP, "192.0.2.1:99999", NONE, NULL},
    {IP, "192.0.2.01", NONE, NULL},
    {IP, "192.0.2", NONE, NULL},
    {IP, "evil.example", NONE, NULL},
    {IP, "http://192.0.2.1/a", NONE, NULL},
    /* hashes */
    {MD5, "00112233445566778899AABBCCDDEEFF", MD5, HEX16},
    {SHA1, "sha-1:" HEX20, SHA1, HEX20},
    {SHA256, "SHA256: " HEX32, SHA256, HEX32},
    {MD5, HEX20, NONE, NULL},
    {MD5, "0011223344556677889 aabbccddeeff", NONE, NULL},
    {SHA256, "md5:" HEX16, NONE, NULL},
    {MD5, "d41d8cd98f00b204e9800998ecf8427e", NONE, NULL},
    {SHA1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", NONE, NULL},
    {SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NONE, NULL},
    /* mail */
    {EMAIL, "Joe.Doe+x@Evil.Example", EMAIL, "joe.doe+x@evil.example"},
    {EMAIL, "joe[@]evil[.]example", EMAIL, "joe@evil.example"},
    {EMAIL, "joe(at)evil(dot)example", EMAIL, "joe@evil.example"},
    {EMAIL, "Joe Doe <joe@evil.example>", EMAIL, "joe@evil.example"},
    {EMAIL, "mailto:joe@evil.example?subject=x", EMAIL, "joe@evil.example"},
    {EMAIL,
     "joe@b\xc3\xbc"
     "cher.example",
     EMAIL, "joe@xn--bcher-kva.example"},
    {EMAIL, "@evil.example", NONE, NULL},
    {EMAIL, "joe@localhost", NONE, NULL},
    {EMAIL, "joe@x@evil.example", NONE, NULL},
    {EMAIL, "joe doe@evil.example", NONE, NULL},
    {EMAIL, "evil.example", NONE, NULL},
    {EMAIL, "joe@[192.0.2.1]", NONE, NULL},
    /* without being told */
    {ANY, "hxxp://evil[.]example", URL, "evil.example/"},
    {ANY, "evil.example/a", URL, "evil.example/a"},
    {ANY, "192.0.2.1/a", URL, "192.0.2.1/a"},
    {ANY, "evil.example", DOMAIN, "evil.example"},
    {ANY, "evil[.]example:8080", DOMAIN, "evil.example"},
    {ANY, "192.0.2.0/24", IP, "192.0.2.0/24"},
    {ANY, "192.0.2.1:80", IP, "192.0.2.1"},
    {ANY, "2001:db8::1", IP, "2001:db8::1"},
    {ANY, "0.0.0.0/0", NONE, NULL},
    {ANY, "192.0.2.1/99", NONE, NULL},
    {ANY, HEX16, MD5, HEX16},
    {ANY, HEX20, SHA1, HEX20},
    {ANY, HEX32, SHA256, HEX32},
    {ANY, "md5:" HEX16, MD5, HEX16},
    {ANY, "joe@evil.example", EMAIL, "joe@evil.example"},
    {ANY, "joe[at]evil.example", EMAIL, "joe@evil.example"},
    {ANY, "http://joe@evil.example", URL, "evil.example/"},
    {ANY, "co.uk", NONE, NULL},
    {ANY, "word", NONE, NULL},
    {ANY, "1234", NONE, NULL},
    {ANY, "either/or", NONE, NULL},
    {ANY, "", NONE, NULL},
};

static void test_values(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct indicator got = {.kind = INDICATOR_KIND_COUNT, .feed = 7}, again = {0};
        struct mp_err err = {0};
        tap_case("value %d: %s", values[i].said, values[i].text);
        int st = indicator_read(&a, (enum indicator_kind)values[i].said, str_from(values[i].text),
                                &got, &err);
        if (values[i].kind == NONE) {
            tap_int(st, MP_E_SYNTAX);
            tap_ok(err.text[0] != '\0');
            continue;
        }
        tap_int(st, MP_OK);
        tap_int(got.kind, values[i].kind);
        struct str text = indicator_text(&a, &got);
        tap_str(text, str_from(values[i].want));
        tap_int(got.feed, 7);
        tap_int(indicator_read(&a, got.kind, text, &again, NULL), MP_OK);
        tap_str(indicator_text(&a, &again), text);
        arena_reset(&a);
    }
    arena_clear(&a);
}

static const struct {
    const char *link, *keys[INDICATOR_MAX_KEYS];
} links[] = {
    {"https://Evil.Example/",
     {"url exact evil.example/", "host host evil.example", "domain host evil.example"}},
    {"http://www.evil.co.uk:8080/a/b/c?q=1#f",
     {"url exact www.evil.co.uk:8080/a/b/c?q=1", "url no-query www.evil.co.uk:8080/a/b/c",
      "url below www.evil.co.uk:8080/a/b/", "url below www.evil.co.uk:8080/a/",
      "host host www.evil.co.uk", "domain host www.evil.co.uk", "domain parent evil.co.uk"}},
    {"http://evil.example/a/",
     {"url exact evil.example/a/", "host host evil.example", "domain host evil.example"}},
    {"http://evil.example/a/?q",
     {"url exact evil.example/a/?q", "url no-query evil.example/a/", "host host evil.example",
      "domain host evil.example"}},
    {"http://evil.example///x",
     {"url exact evil.example///x", "host host evil.example", "domain host evil.example"}},
    {"http://evil.example//a/x",
     {"url exact evil.example//a/x", "url below evil.example//a/", "host host evil.example",
      "domain host evil.example"}},
    {"http://evil.example/a/b/c/d/e/f",
     {"url exact evil.example/a/b/c/d/e/f", "url below evil.example/a/b/c/d/",
      "url below evil.example/a/b/c/", "url below evil.example/a/b/", "url below evil.example/a/",
      "host host evil.example", "domain host evil.example"}},
    {"http://evil.example/?a=/b/c",
     {"url exact evil.example/?a=/b/c", "url no-query evil.example/", "host host evil.example",
      "domain host evil.example"}},
    {"http://github.io/a", {"url exact github.io/a", "host host github.io"}},
    {"http://x.joe.github.io/a",
     {"url exact x.joe.github.io/a", "host host x.joe.github.io", "domain host x.joe.github.io",
      "domain parent joe.github.io"}},
    {"http://192.0.2.1/a/b", {"url exact 192.0.2.1/a/b", "url below 192.0.2.1/a/"}},
    {"http://[2001:db8::1]/", {"url exact [2001:db8::1]/"}},
    {"ftp://evil.example/a",
     {"url exact evil.example/a", "host host evil.example", "domain host evil.example"}},
    {"mailto:joe@evil.example", {NULL}},
    {"file://evil.example/a", {NULL}},
    {"http://evil..example/", {NULL}},
    {"http://localhost/", {NULL}},
    {"/a/b", {NULL}},
};

static const char *match_name(enum key_match m)
{
    static const char *const names[] = {"exact", "no-query", "below", "host", "parent"};
    return names[m];
}

static void check_keys(struct arena *a, const struct intel_key *keys, size_t n,
                       const char *const want[INDICATOR_MAX_KEYS])
{
    for (size_t k = 0; k < INDICATOR_MAX_KEYS; k++) {
        if (k >= n) {
            tap_ok(want[k] == NULL);
            continue;
        }
        tap_str(arena_fmt(a, "%s %s " STR_FMT, indicator_kind_name(keys[k].kind),
                          match_name(keys[k].match), STR_ARG(keys[k].key)),
                str_from(want[k]));
    }
}

static void test_links(void)
{
    struct intel_key keys[INDICATOR_MAX_KEYS];
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        struct url u;
        size_t n = 99;
        tap_case("keys: %s", links[i].link);
        tap_int(url_parse(&a, str_from(links[i].link), NULL, &u, NULL), MP_OK);
        tap_int(intel_keys_of_url(&a, &u, keys, &n, NULL), MP_OK);
        check_keys(&a, keys, n, links[i].keys);
        arena_reset(&a);
    }
    arena_clear(&a);
}

static const struct {
    const char *host, *keys[INDICATOR_MAX_KEYS];
} hosts[] = {
    {"Mail.Evil.Example.",
     {"host host mail.evil.example", "domain host mail.evil.example",
      "domain parent evil.example"}},
    {"b\xc3\xbc"
     "cher.example",
     {"host host xn--bcher-kva.example", "domain host xn--bcher-kva.example"}},
    {"co.uk", {"host host co.uk"}},
    {"192.0.2.1", {NULL}},
    {"0x7f.1", {NULL}},
    {"localhost", {NULL}},
    {"evil.example/a", {NULL}},
    {"joe@evil.example", {NULL}},
    {"evil.example:25", {NULL}},
    {"a b.example", {NULL}},
    {"", {NULL}},
};

static void test_hosts(void)
{
    struct intel_key keys[INDICATOR_MAX_KEYS];
    struct arena a = {0};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        size_t n = 99;
        tap_case("keys of host: %s", hosts[i].host);
        tap_int(intel_keys_of_host(&a, str_from(hosts[i].host), keys, &n, NULL), MP_OK);
        check_keys(&a, keys, n, hosts[i].keys);
        arena_reset(&a);
    }
    arena_clear(&a);
}

/* A name of a hundred labels: its ends are asked for. */
static void test_deep(void)
{
    struct intel_key keys[INDICATOR_MAX_KEYS];
    struct arena a = {0};
    struct url u;
    struct buf b;
    size_t n = 0;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 16);
    buf_addz(&b, "http://");
    for (int i = 0; i < 100; i++)
        buf_addz(&b, "a.");
    buf_addz(&b, "evil.example/1/2/3/4/5/6?q");
    tap_case("a name of a hundred labels");
    tap_int(url_parse(&a, buf_str(&b), NULL, &u, NULL), MP_OK);
    tap_int(intel_keys_of_url(&a, &u, keys, &n, NULL), MP_OK);
    tap_int(n, INDICATOR_MAX_KEYS);
    tap_str(keys[n - 1].key, STR("evil.example"));
    tap_int(keys[n - 1].match, KEY_PARENT);
    tap_str(keys[n - 2].key, STR("a.evil.example"));
    tap_int(keys[7].match, KEY_HOST);
    tap_str(keys[7].key, u.host);

    tap_case("the same as a host");
    tap_int(intel_keys_of_host(&a, u.host, keys, &n, NULL), MP_OK);
    tap_int(n, INDICATOR_MAX_KEYS);
    tap_str(keys[n - 1].key, STR("evil.example"));
    buf_clear(&b);
    arena_clear(&a);
}

/* What is too long is not cut into something else. */
static void test_long(void)
{
    static const char *const ends[] = {"", "?q", "#f"};
    struct intel_key keys[INDICATOR_MAX_KEYS];
    struct arena a = {0};
    struct indicator i;
    struct url u;
    struct buf b;
    size_t n = 0;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 16);
    for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
        buf_reset(&b);
        buf_addz(&b, "http://");
        while (b.n < URL_MAX_BYTES - 22 - strlen(ends[e]))
            buf_addc(&b, 'u');
        buf_addf(&b, "@evil.example/a/pag%s|cut", ends[e]);
        tap_case("a link that is cut behind its page%s", ends[e]);
        tap_int(url_parse(&a, buf_str(&b), NULL, &u, NULL), MP_OK);
        tap_int(u.flags & URL_CUT, URL_CUT);
        tap_int(intel_keys_of_url(&a, &u, keys, &n, NULL), MP_OK);
        tap_str(keys[0].key, e == 0 ? STR("evil.example/a/") : STR("evil.example/a/pag"));
        tap_int(indicator_read(&a, INDICATOR_URL, buf_str(&b), &i, NULL), MP_E_SYNTAX);
        arena_reset(&a);
    }
    tap_case("a link whose form is longer than a key may be");
    buf_reset(&b);
    buf_addz(&b, "http://evil.example/a/?");
    while (b.n < INDICATOR_MAX_KEY_BYTES + 50)
        buf_addc(&b, 'q');
    tap_int(url_parse(&a, buf_str(&b), NULL, &u, NULL), MP_OK);
    tap_int(intel_keys_of_url(&a, &u, keys, &n, NULL), MP_OK);
    tap_str(keys[0].key, STR("evil.example/a/"));
    tap_int(indicator_read(&a, INDICATOR_URL, buf_str(&b), &i, NULL), MP_E_SYNTAX);
    buf_clear(&b);
    arena_clear(&a);
}

static void test_names(void)
{
    enum indicator_kind kind;
    enum tlp tlp;
    tap_case("names of kinds");
    for (int k = 0; k < INDICATOR_KIND_COUNT; k++) {
        tap_ok(
            indicator_kind_by_name(str_from(indicator_kind_name((enum indicator_kind)k)), &kind));
        tap_int(kind, k);
    }
    tap_ok(!indicator_kind_by_name(STR("urls"), &kind));
    tap_case("names of TLP");
    for (int t = 0; t < TLP_COUNT; t++) {
        tap_ok(tlp_by_name(str_from(tlp_name((enum tlp)t)), &tlp));
        tap_int(tlp, t);
    }
    tap_ok(tlp_by_name(STR(" TLP:WHITE"), &tlp) && tlp == TLP_CLEAR);
    tap_ok(tlp_by_name(STR("tlp: Amber+Strict"), &tlp) && tlp == TLP_AMBER_STRICT);
    tap_ok(!tlp_by_name(STR("TLP:"), &tlp) && !tlp_by_name(STR("reddish"), &tlp));
}

static void test_memory(void)
{
    struct arena a = {0};
    struct indicator i;
    tap_case("without memory");
    for (size_t budget = 0; budget < 256; budget += 8) {
        arena_init(&a, budget);
        int st = indicator_read(&a, INDICATOR_URL, STR("hxxp://ev%69l.example/a%41"), &i, NULL);
        tap_ok(st == MP_OK || st == MP_E_NOMEM);
        if (budget == 0)
            tap_int(st, MP_E_NOMEM);
        arena_clear(&a);
    }
}

int main(void)
{
    test_values();
    test_links();
    test_hosts();
    test_deep();
    test_long();
    test_names();
    test_memory();
    return tap_done();
}
