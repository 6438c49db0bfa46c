/* Links in the one form in which they are looked up, and the keys of links and hosts. */
#include "base/hex.h"
#include "base/idna.h"
#include "base/psl.h"
#include "intel/indicator_internal.h"

enum { MAX_FOLDERS = 4 };

static int refuse(struct mp_err *err, const char *why, struct str text)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: " STR_FMT, why, STR_ARG(str_slice(text, 0, 80)));
}

/* ---- reading ---- */

static const struct str web_schemes[] = {STR_INIT("http"), STR_INIT("https"), STR_INIT("ws"),
                                         STR_INIT("wss"), STR_INIT("ftp")};

static bool is_web_scheme(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(web_schemes); i++)
        if (str_ieq(name, web_schemes[i]))
            return true;
    return false;
}

/* What stands before ":", "hxxp" and "h**p" too; empty when it is no scheme. */
static struct str scheme_of(struct str text)
{
    size_t i = 0;
    while (i < text.n && (is_alnum(text.p[i]) || str_has(STR("+-*"), text.p[i])))
        i++;
    bool has = i > 0 && i < text.n && text.p[i] == ':' && is_alpha(text.p[0]);
    return str_slice(text, 0, has ? i : 0);
}

static bool names_scheme(struct str text)
{
    struct str scheme = scheme_of(text);
    return is_web_scheme(scheme) ||
           (scheme.n != 0 && str_starts(str_slice(text, scheme.n, text.n), STR("://")));
}

/* With a scheme that browsers know, for it is not part of the key and any may stand there. */
static struct str with_scheme(struct arena *arena, struct str text)
{
    struct str scheme = scheme_of(text);
    if (is_web_scheme(scheme) || (names_scheme(text) && str_ieq(scheme, STR("file"))))
        return text;
    size_t from = names_scheme(text) ? scheme.n + STR("://").n : 0;
    struct str parts[] = {STR("http://"), str_slice(text, from, text.n)};
    return arena_join(arena, parts, 2);
}

bool intel_is_name(struct str host)
{
    struct str top = domain_tail(host, 1);
    return domain_is_ldh(host) && top.n < host.n && is_alpha(top.p[0]);
}

static bool has_host(const struct url *u)
{
    return url_is_special(u) && u->kind != URL_FILE && u->host.n != 0 &&
           (u->flags & (URL_HOST_BAD | URL_PORT_BAD)) == 0 &&
           (u->ip.family != IP_NONE || intel_is_name(u->host));
}

int intel_web_read(struct arena *arena, struct str text, struct url *out, struct mp_err *err)
{
    struct url u;
    struct str whole = with_scheme(arena, text);
    if (whole.p == NULL)
        return intel_no_memory(err);
    int st = url_parse(arena, whole, NULL, &u, err);
    if (st != MP_OK)
        return st;
    unsigned odd = names_scheme(text) ? 0 : u.flags & (URL_USERINFO | URL_IP_ENCODED);
    if ((u.flags & URL_CUT) != 0)
        return refuse(err, "too long", text);
    if (!has_host(&u) || odd != 0)
        return refuse(err, "no host that can be asked for", text);
    *out = u;
    return MP_OK;
}

/* ---- the normal form ---- */

static bool is_unreserved(int octet)
{
    return octet >= 0 && octet < 0x80 &&
           (is_alnum((char)octet) || str_has(STR("-._~"), (char)octet));
}

/* %-escapes of unreserved characters undone, the others in upper case; a "%" that begins none is
 * "%25", so that undoing one never makes another (RFC 3986 6.2.2). */
static struct str one_escape(struct arena *arena, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    if (!str_has(s, '%'))
        return s;
    char *to = arena_new(arena, char, 3 * s.n);
    size_t n = 0;
    for (size_t i = 0; to != NULL && i < s.n; i++) {
        int octet = s.p[i] == '%' ? hex_octet(s, i + 1) : -1;
        if (s.p[i] != '%') {
            to[n++] = s.p[i];
            continue;
        }
        i += octet >= 0 ? 2 : 0;
        if (is_unreserved(octet)) {
            to[n++] = (char)octet;
            continue;
        }
        octet = octet >= 0 ? octet : '%';
        to[n++] = '%';
        to[n++] = digits[octet >> 4];
        to[n++] = digits[octet & 15];
    }
    return to == NULL ? STR_NONE : str_make(to, n);
}

/* 80 and 443 go whatever the scheme, which is not part of the key. */
static int32_t port_of(int32_t port)
{
    return port == 80 || port == 443 ? URL_PORT_NONE : port;
}

struct str intel_url_key(struct arena *arena, const struct url *u)
{
    struct url bare = {.kind = URL_HTTP, .scheme = STR("http"), .host = u->host, .ip = u->ip};
    bare.port = port_of(u->port);
    bare.path = u->path;
    bare.query = u->query.n != 0 ? u->query : STR_NONE;
    struct str href = url_href(arena, &bare);
    if (href.p == NULL)
        return STR_NONE;
    return one_escape(arena, str_slice(href, STR("http://").n, href.n));
}

/* ---- the keys of a link ---- */

struct keys {
    struct intel_key *out;
    size_t n;
};

static void add(struct keys *k, enum indicator_kind kind, enum key_match match, struct str key)
{
    if (key.n > INDICATOR_MAX_KEY_BYTES || k->n == INDICATOR_MAX_KEYS)
        return;
    k->out[k->n++] = (struct intel_key){kind, match, key};
}

/* The folders that lie nearest to the host, as those who list folders write them; not what has
 * only slashes: that is the host. `page`: the key up to the query. */
static void add_folders(struct keys *k, struct str page)
{
    size_t ends[MAX_FOLDERS], n = 0, at = str_find(page, '/') + 1;
    bool has_name = false;
    for (; at < page.n && n < MAX_FOLDERS; at++) {
        if (page.p[at] != '/')
            has_name = true;
        else if (has_name && at + 1 < page.n)
            ends[n++] = at + 1;
    }
    while (n > 0)
        add(k, INDICATOR_URL, KEY_BELOW, str_slice(page, 0, ends[--n]));
}

/* `whole`: the end was not cut off; otherwise only what surely is part of the link. */
static void add_urls(struct keys *k, struct str key, bool whole)
{
    struct str page = str_slice(key, 0, str_find(key, '?'));
    bool query = page.n < key.n;
    if (whole)
        add(k, INDICATOR_URL, KEY_EXACT, key);
    if (query)
        add(k, INDICATOR_URL, KEY_NO_QUERY, page);
    add_folders(k, page);
}

/* HOST, then DOMAIN from the host to the registrable domain. Of very many the host and those
 * nearest to the registrable one are kept. */
static void add_hosts(struct keys *k, struct arena *arena, struct str host)
{
    struct str registrable = psl_registrable(arena, host);
    add(k, INDICATOR_HOST, KEY_HOST, host);
    if (registrable.n == 0 || registrable.n > host.n)
        return;
    add(k, INDICATOR_DOMAIN, KEY_HOST, host);
    unsigned least = domain_labels(registrable), labels = domain_labels(host);
    size_t room = INDICATOR_MAX_KEYS - k->n;
    if (labels - least > room)
        labels = least + (unsigned)room - 1;
    else if (labels > least)
        labels--;
    else
        return;
    for (; labels >= least; labels--)
        add(k, INDICATOR_DOMAIN, KEY_PARENT, domain_tail(host, labels));
}

int intel_keys_of_url(struct arena *arena, const struct url *u,
                      struct intel_key out[INDICATOR_MAX_KEYS], size_t *n, struct mp_err *err)
{
    struct keys k = {.out = out};
    bool whole = (u->flags & URL_CUT) == 0 || u->fragment.p != NULL;
    if (!has_host(u)) {
        *n = 0;
        return MP_OK;
    }
    struct str key = intel_url_key(arena, u);
    if (key.p == NULL)
        return intel_no_memory(err);
    add_urls(&k, key, whole);
    if (u->ip.family == IP_NONE)
        add_hosts(&k, arena, u->host);
    *n = k.n;
    return MP_OK;
}

int intel_keys_of_host(struct arena *arena, struct str host,
                       struct intel_key out[INDICATOR_MAX_KEYS], size_t *n, struct mp_err *err)
{
    struct keys k = {.out = out};
    struct url u = {.kind = URL_NONE};
    bool bare = host.n != 0;
    for (size_t i = 0; i < host.n; i++)
        bare = bare && (unsigned char)host.p[i] > ' ' && !str_has(STR(":/\\@?#%[]"), host.p[i]);
    int st = bare ? intel_web_read(arena, host, &u, err) : MP_E_SYNTAX;
    if (st == MP_E_NOMEM)
        return st;
    if (st == MP_OK && u.ip.family == IP_NONE)
        add_hosts(&k, arena, u.host);
    *n = k.n;
    return MP_OK;
}
