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
    const char *label, *text, *https, *mailto;
} uses[] = {
    {"https", "https://a.example/x.svg", "", "is not a mailto: URI"},
    {"https in capitals", "HTTPS://A.EXAMPLE", "", "is not a mailto: URI"},
    {"http", "http://a.example/", "is not an https: URI", "is not a mailto: URI"},
    {"no host", "https:///x", "has no valid host name", "is not a mailto: URI"},
    {"no authority", "https:x", "has no valid host name", "is not a mailto: URI"},
    {"password", "https://u:p@a.example/", "holds a user name or password", "is not a mailto: URI"},
    {"empty user", "https://@a.example/", "holds a user name or password", "is not a mailto: URI"},
    {"IPv4", "https://169.254.169.254/", "names an IP address instead of a host",
     "is not a mailto: URI"},
    {"IPv6", "https://[::1]/", "names an IP address instead of a host", "is not a mailto: URI"},
    {"encoded host", "https://%61.example/", "has no valid host name", "is not a mailto: URI"},
    {"empty label", "https://a..example/", "has no valid host name", "is not a mailto: URI"},
    {"mail", "mailto:a@b.example", "is not an https: URI", ""},
    {"mail with a subject", "mailto:a@b.example?subject=x", "is not an https: URI", ""},
    {"mail without address", "mailto:", "is not an https: URI", "holds no mail address"},
    {"mail without local part", "mailto:@b.example", "is not an https: URI",
     "holds no mail address"},
    {"mail without domain", "mailto:a@", "is not an https: URI", "holds no mail address"},
    {"address in the query only", "mailto:?to=a@b.example", "is not an https: URI",
     "holds no mail address"},
    {"no URI", "a@b.example", "is not a valid URI", "is not a valid URI"},
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
        const char *https = uri_https_problem(str_from(uses[i].text));
        const char *mailto = uri_mailto_problem(str_from(uses[i].text));
        tap_case("uri in a record: %s", uses[i].label);
        tap_cstr(https == NULL ? "" : https, uses[i].https);
        tap_cstr(mailto == NULL ? "" : mailto, uses[i].mailto);
    }
    test_length();
    return tap_done();
}
