/* URIs: taken apart in one pass, no decoding, no copies. */
#include "base/uri.h"

#include "base/idna.h"
#include "base/ip.h"

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
        struct ip ip;
        u->port = host;
        u->host = str_cut(&u->port, ':');
        u->host_is_ip = ip_parse(u->host, &ip);
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

const char *uri_https_problem(struct str text)
{
    struct uri u;
    if (!uri_parse(text, &u))
        return "is not a valid URI";
    if (!str_ieq(u.scheme, STR("https")))
        return "is not an https: URI";
    if (u.userinfo.p != NULL)
        return "holds a user name or password";
    if (u.host_is_ip)
        return "names an IP address instead of a host";
    return domain_is_ldh(u.host) ? NULL : "has no valid host name";
}

const char *uri_mailto_problem(struct str text)
{
    struct uri u;
    if (!uri_parse(text, &u))
        return "is not a valid URI";
    if (!str_ieq(u.scheme, STR("mailto")))
        return "is not a mailto: URI";
    struct str to = str_cut(&u.rest, '?');
    size_t at = str_rfind(to, '@');
    bool is_address = at > 0 && at < to.n && domain_is_ldh(str_slice(to, at + 1, to.n));
    return is_address ? NULL : "holds no mail address";
}
