/* Host, Origin, Authorization and the fields that frame a request, judged as texts. */
#include "httpd/guard.h"

#include "base/base64.h"
#include "base/ip.h"

static bool is_port(struct str s)
{
    uint64_t port;
    return str_to_u64(s, 65535, &port);
}

/* "[::1]:80" or "[::1]" */
static bool is_bracketed_ip(struct str host)
{
    size_t end = str_find(host, ']');
    struct str rest = str_slice(host, end + 1, host.n);
    struct ip ip;
    return end < host.n && ip_parse(str_slice(host, 1, end), &ip) &&
           (rest.n == 0 || (rest.p[0] == ':' && is_port(str_slice(rest, 1, rest.n))));
}

bool guard_host_ok(struct str host, const char *const *names, size_t n_names)
{
    struct ip ip;
    host = str_trim_wsp(host);
    if (str_starts(host, STR("[")))
        return is_bracketed_ip(host);
    size_t colon = str_find(host, ':');
    if (colon < host.n && !is_port(str_slice(host, colon + 1, host.n)))
        return false;
    struct str name = str_slice(host, 0, colon);
    if (str_ends(name, STR(".")))
        name.n--;
    if (str_ieq(name, STR("localhost")) || ip_parse(name, &ip))
        return true;
    for (size_t i = 0; i < n_names; i++)
        if (str_ieq(name, str_from(names[i])))
            return true;
    return false;
}

/* Without the port that the scheme implies. */
static struct str without_default_port(struct str host, bool tls)
{
    struct str port = tls ? STR(":443") : STR(":80");
    return str_ends(host, port) ? str_slice(host, 0, host.n - port.n) : host;
}

bool guard_origin_ok(struct str sec_fetch_site, struct str origin, struct str host, bool tls)
{
    if (sec_fetch_site.n != 0)
        return str_ieq(sec_fetch_site, STR("same-origin")) || str_ieq(sec_fetch_site, STR("none"));
    if (origin.n == 0)
        return true;
    struct str scheme = tls ? STR("https://") : STR("http://");
    if (!str_istarts(origin, scheme))
        return false;
    return str_ieq(without_default_port(str_slice(origin, scheme.n, origin.n), tls),
                   without_default_port(str_trim_wsp(host), tls));
}

struct str guard_token(struct arena *a, struct str authorization)
{
    struct str rest = str_trim_wsp(authorization), pair;
    struct str scheme = str_cut(&rest, ' ');
    rest = str_trim_wsp(rest);
    if (str_ieq(scheme, STR("Bearer")))
        return rest;
    if (!str_ieq(scheme, STR("Basic")) || !base64_decode(a, rest, BASE64_STRICT, &pair))
        return STR_NONE;
    str_cut(&pair, ':');
    return pair;
}

/* RFC 9110 5.6.2: what a name is made of. */
static bool is_token(struct str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && memchr(marks, s.p[i], sizeof marks - 1) == NULL)
            return false;
    return s.n != 0;
}

void guard_head_add(struct guard_head *g, struct str name, struct str value)
{
    g->bad_name |= !is_token(name);
    g->hosts += str_ieq(name, STR("Host"));
    g->lengths += str_ieq(name, STR("Content-Length"));
    if (!str_ieq(name, STR("Transfer-Encoding")))
        return;
    g->codings++;
    g->odd_coding |= !str_ieq(str_trim_wsp(value), STR("chunked"));
}

const char *guard_head_fault(const struct guard_head *g)
{
    if (g->bad_name)
        return "a header field has a name that is none: no blanks stand before the colon";
    if (g->hosts > 1)
        return "there is more than one Host field";
    if (g->lengths > 1)
        return "there is more than one Content-Length field";
    if (g->codings > 1 || g->odd_coding)
        return "the only transfer coding that is taken is chunked, once";
    if (g->codings != 0 && g->lengths != 0)
        return "Content-Length and Transfer-Encoding exclude each other";
    return NULL;
}
