/* URIs: taken apart in one pass, no decoding, no copies. */
#include "base/uri.h"

#include "base/idna.h"

enum { PORT_MAX = 65535 };

static bool is_hex(char c)
{
    char l = to_lower(c);
    return is_digit(c) || (l >= 'a' && l <= 'f');
}

/* RFC 3986 3.1 */
static bool is_scheme(struct str s)
{
    if (s.n == 0 || !is_alpha(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    }
    return true;
}

/* unreserved, gen-delims, sub-delims, and "%" with two hex digits (2.1 to 2.3). */
static bool has_uri_characters(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%' && !(s.n - i > 2 && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2])))
            return false;
        if (!is_alnum(c) && !str_has(STR("-._~:/?#[]@!$&'()*+,;=%"), c))
            return false;
    }
    return true;
}

/* Also the forms that resolvers of old take for an address: numbers, octal, hexadecimal. A host
 * name does not end in such a label (WHATWG URL 3.5; RFC 3696 2). */
static bool is_address(struct str host)
{
    host = str_ends(host, STR(".")) ? str_slice(host, 0, host.n - 1) : host;
    size_t dot = str_rfind(host, '.');
    struct str last = str_slice(host, dot == host.n ? 0 : dot + 1, host.n);
    bool hex = str_istarts(last, STR("0x"));
    for (size_t i = hex ? 2 : 0; i < last.n; i++) {
        if (hex ? !is_hex(last.p[i]) : !is_digit(last.p[i]))
            return false;
    }
    return last.n != 0;
}

static bool authority_parse(struct uri *u)
{
    struct str host = u->authority;
    size_t at = str_rfind(host, '@');
    uint64_t port;
    if (at < host.n) {
        u->userinfo = str_slice(host, 0, at);
        host = str_slice(host, at + 1, host.n);
    }
    if (host.n != 0 && host.p[0] == '[') {
        size_t close = str_find(host, ']');
        struct str behind = str_slice(host, close + 1, host.n);
        if (close == host.n || (behind.n != 0 && behind.p[0] != ':'))
            return false;
        u->host = str_slice(host, 1, close);
        u->port = str_slice(behind, 1, behind.n);
        u->host_is_ip = true;
    } else {
        u->port = host;
        u->host = str_cut(&u->port, ':');
        u->host_is_ip = is_address(u->host);
    }
    return u->port.n == 0 || str_to_u64(u->port, PORT_MAX, &port);
}

bool uri_parse(struct str text, struct uri *out)
{
    struct uri u = {.rest = text};
    u.scheme = str_cut(&u.rest, ':');
    if (text.n > URI_MAX_OCTETS || u.rest.p == NULL || !is_scheme(u.scheme) ||
        !has_uri_characters(u.rest))
        return false;
    if (str_starts(u.rest, STR("//"))) {
        size_t end = 2;
        while (end < u.rest.n && !str_has(STR("/?#"), u.rest.p[end]))
            end++;
        u.authority = str_slice(u.rest, 2, end);
        u.rest = str_slice(u.rest, end, u.rest.n);
        if (!authority_parse(&u))
            return false;
    }
    *out = u;
    return true;
}

enum uri_fault uri_https_fault(struct str text)
{
    struct uri u;
    if (!uri_parse(text, &u))
        return URI_BROKEN;
    if (!str_ieq(u.scheme, STR("https")))
        return URI_SCHEME;
    if (u.userinfo.p != NULL)
        return URI_USER;
    if (u.host_is_ip)
        return URI_ADDRESS;
    return domain_is_ldh(u.host) ? URI_OK : URI_HOST;
}

enum uri_fault uri_mailto_fault(struct str text)
{
    struct uri u;
    if (!uri_parse(text, &u))
        return URI_BROKEN;
    if (!str_ieq(u.scheme, STR("mailto")))
        return URI_SCHEME;
    struct str to = str_cut(&u.rest, '?');
    size_t at = str_rfind(to, '@');
    bool is_address = at > 0 && at < to.n && domain_is_ldh(str_slice(to, at + 1, to.n));
    return is_address ? URI_OK : URI_HOST;
}
