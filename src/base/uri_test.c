/* URIs: the parts of good ones, and what a record must not ask for. */
#include "base/uri.h"

#include <stdlib.h>

#include "tests/tap.h"

static const struct {
    const char *label, *text;
    bool ok;
    const char *scheme, *userinfo, *host, *port, *rest;
} parts[] = {
    {"whole", "https://a.example:8443/x?y#z", true, "https", "", "a.example", "8443", "/x?y#z"},
    {"no path", "HTTPS://a.example", true, "HTTPS", "", "a.example", "", ""},
    {"query at once", "https://a.example?q", true, "https", "", "a.example", "", "?q"},
    {"user information", "https://u:p@a.example/", true, "https", "u:p", "a.example", "", "/"},
    {"two at signs", "https://u@b@a.example/", true, "https", "u@b", "a.example", "", "/"},
    {"IPv6", "https://[2001:db8::1]:1/", true, "https", "", "2001:db8::1", "1", "/"},
    {"without authority", "mailto:a@b.example", true, "mailto", "", "", "", "a@b.example"},
    {"percent", "https://a.example/%2F", true, "https", "", "a.example", "", "/%2F"},
    {"empty port", "https://a.example:/", true, "https", "", "a.example", "", "/"},
    {"no scheme", "a.example/x", false, "", "", "", "", ""},
    {"empty scheme", "://a.example", false, "", "", "", "", ""},
    {"digit first", "1a:b", false, "", "", "", "", ""},
    {"space", "https://a.example/ x", false, "", "", "", "", ""},
    {"quote", "https://a.example/\"", false, "", "", "", "", ""},
    {"backslash", "https://a.example\\@b", false, "", "", "", "", ""},
    {"UTF-8", "https://a.example/\xc3\xbc", false, "", "", "", "", ""},
    {"cut percent", "https://a.example/%2", false, "", "", "", "", ""},
    {"percent without hex", "https://a.example/%zz", false, "", "", "", "", ""},
    {"port too large", "https://a.example:65536/", false, "", "", "", "", ""},
    {"port no number", "https://a.example:x/", false, "", "", "", "", ""},
    {"open bracket", "https://[2001:db8::1/", false, "", "", "", "", ""},
    {"text behind the bracket", "https://[::1]x/", false, "", "", "", "", ""},
    {"empty", "", false, "", "", "", "", ""},
};

static const struct {
    const char *label, *text;
    enum uri_fault https, mailto;
} uses[] = {
    {"https", "https://a.example/x.svg", URI_OK, URI_SCHEME},
    {"https in capitals", "HTTPS://A.EXAMPLE", URI_OK, URI_SCHEME},
    {"http", "http://a.example/", URI_SCHEME, URI_SCHEME},
    {"no host", "https:///x", URI_HOST, URI_SCHEME},
    {"no authority", "https:x", URI_HOST, URI_SCHEME},
    {"password", "https://u:p@a.example/", URI_USER, URI_SCHEME},
    {"empty user", "https://@a.example/", URI_USER, URI_SCHEME},
    {"IPv4", "https://169.254.169.254/", URI_ADDRESS, URI_SCHEME},
    {"IPv6", "https://[::1]/", URI_ADDRESS, URI_SCHEME},
    {"a number for an address", "https://2852039166/", URI_ADDRESS, URI_SCHEME},
    {"an address in hex", "https://0xa9.0xfe.0xa9.0xfe/", URI_ADDRESS, URI_SCHEME},
    {"an address in octal", "https://0251.0376.0251.0376/", URI_ADDRESS, URI_SCHEME},
    {"an address with a final dot", "https://169.254.169.254./", URI_ADDRESS, URI_SCHEME},
    {"a label of digits inside", "https://1.a.example/", URI_OK, URI_SCHEME},
    {"encoded host", "https://%61.example/", URI_HOST, URI_SCHEME},
    {"empty label", "https://a..example/", URI_HOST, URI_SCHEME},
    {"mail", "mailto:a@b.example", URI_SCHEME, URI_OK},
    {"mail with a subject", "mailto:a@b.example?subject=x", URI_SCHEME, URI_OK},
    {"mail without address", "mailto:", URI_SCHEME, URI_HOST},
    {"mail without local part", "mailto:@b.example", URI_SCHEME, URI_HOST},
    {"mail without domain", "mailto:a@", URI_SCHEME, URI_HOST},
    {"address in the query only", "mailto:?to=a@b.example", URI_SCHEME, URI_HOST},
    {"no URI", "a@b.example", URI_BROKEN, URI_BROKEN},
};

static void test_length(void)
{
    static const char head[] = "https://a.example/";
    struct uri u;
    char *text = malloc(URI_MAX_OCTETS + 1);
    if (text == NULL)
        abort();
    memset(text, 'x', URI_MAX_OCTETS + 1);
    memcpy(text, head, sizeof head - 1);
    tap_case("uri: up to the limit, not beyond");
    tap_ok(uri_parse(str_make(text, URI_MAX_OCTETS), &u));
    tap_ok(!uri_parse(str_make(text, URI_MAX_OCTETS + 1), &u));
    tap_ok(!uri_parse(STR("https://a.example/\0"), &u));
    free(text);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct uri u = {.port = STR_NONE};
        tap_case("uri: %s", parts[i].label);
        tap_int(uri_parse(str_from(parts[i].text), &u), parts[i].ok);
        tap_str(u.scheme, str_from(parts[i].scheme));
        tap_str(u.userinfo, str_from(parts[i].userinfo));
        tap_str(u.host, str_from(parts[i].host));
        tap_str(u.port, str_from(parts[i].port));
        tap_str(u.rest, str_from(parts[i].rest));
    }
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        tap_case("uri in a record: %s", uses[i].label);
        tap_int(uri_https_fault(str_from(uses[i].text)), uses[i].https);
        tap_int(uri_mailto_fault(str_from(uses[i].text)), uses[i].mailto);
    }
    test_length();
    return tap_done();
}
