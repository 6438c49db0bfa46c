/* Where a suite may send, and what it must not show. */
#include "base/base64.h"
#include "base/idna.h"
#include "base/json.h"
#include "flow/target.h"
#include "message/address.h"
#include "suite/plan.h"

enum { ADDRESS_ARENA_BYTES = 64 * 1024 };

/* ---- hosts ---- */

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v6 = {.family = IP_V6, .octets = {[15] = 1}};
    return ip->family == IP_V4 ? ip->octets[0] == 127 : ip_eq(ip, &v6);
}

static bool in_domains(const struct str *domains, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (domain_is_below(name, domains[i]))
            return true;
    return false;
}

static bool in_networks(const struct suite_allow *a, const struct ip *ip)
{
    for (size_t i = 0; i < a->n_networks; i++)
        if (ip_in_prefix(ip, &a->networks[i].net, a->networks[i].prefix_bits))
            return true;
    return a->at.line == 0 && is_loopback(ip);
}

static bool is_own_sink(const struct suite *s, const struct ip *ip)
{
    for (size_t i = 0; i < s->n_sinks; i++)
        if (s->sinks[i].listener.ip.family != IP_NONE && ip_eq(&s->sinks[i].listener.ip, ip))
            return true;
    return false;
}

bool suite_allows(void *ctx, struct str host, struct ip ip)
{
    const struct suite *s = ctx;
    if (ip.family == IP_NONE)
        return true;
    return (host.n > 0 && in_domains(s->allow.domains, s->allow.n_domains, host)) ||
           in_networks(&s->allow, &ip) || is_own_sink(s, &ip);
}

/* ---- recipients ---- */

/* RFC 2606, RFC 6761: nobody's mail. */
static bool is_reserved(struct str domain)
{
    static const struct str names[] = {STR_INIT("test"),        STR_INIT("example"),
                                       STR_INIT("invalid"),     STR_INIT("localhost"),
                                       STR_INIT("example.com"), STR_INIT("example.net"),
                                       STR_INIT("example.org")};
    return in_domains(names, ARRAY_LEN(names), domain);
}

static bool allows_domain(const struct suite *s, struct str domain)
{
    if (in_domains(s->allow.domains, s->allow.n_domains, domain))
        return true;
    for (size_t i = 0; i < s->n_sinks; i++)
        if (in_domains(s->sinks[i].domains, s->sinks[i].n_domains, domain))
            return true;
    return s->allow.at.line == 0 && is_reserved(domain);
}

static bool allows_literal(const struct suite *s, struct str literal)
{
    struct ip ip;
    struct str inside = str_slice(literal, 1, literal.n - 1);
    if (str_istarts(inside, STR("IPv6:")))
        inside = str_slice(inside, STR("IPv6:").n, inside.n);
    return ip_parse(inside, &ip) && (in_networks(&s->allow, &ip) || is_own_sink(s, &ip));
}

/* A local part with "%" or "!" asks some servers to send further: it is outside, always. */
static bool is_routed(struct str local)
{
    return str_has(local, '%') || str_has(local, '!') || str_has(local, '@');
}

bool suite_allows_rcpt(const struct suite *s, struct str address)
{
    struct arena scratch;
    struct mailbox m;
    struct str domain;
    bool null_path, yes = false;
    arena_init(&scratch, ADDRESS_ARENA_BYTES);
    if (smtp_path_parse(&scratch, address, &m, &null_path) && !null_path && !m.has_route &&
        m.domain.n > 0 && !is_routed(m.local))
        yes = m.domain_is_literal
                  ? allows_literal(s, m.domain)
                  : idna_to_ascii(&scratch, m.domain, &domain) && allows_domain(s, domain);
    arena_clear(&scratch);
    return yes;
}

/* ---- at planning, as far as it is known ---- */

/* What a name leads to is known at the run only: an address may be in an allowed network. */
static bool may_be_allowed(const struct suite *s, const struct target *t)
{
    if (t->kind == TARGET_SOCKET)
        return true;
    if (t->kind == TARGET_ADDRESS)
        return suite_allows((void *)(uintptr_t)s, STR_NONE, t->ip);
    return in_domains(s->allow.domains, s->allow.n_domains, t->name) || s->allow.at.line == 0 ||
           s->allow.n_networks > 0 || s->n_sinks > 0;
}

bool plan_allows_host(struct decoder *d, const struct suite_place *at, const struct suite_host *h)
{
    struct target t;
    struct shown name;
    if (h == NULL || h->kind != SUITE_HOST_SERVER || str_search(h->url, STR("${")) < h->url.n ||
        target_parse(d->arena, h->url, &t, NULL) != MP_OK || may_be_allowed(d->suite, &t))
        return true;
    problem(d, at, "nothing may be sent to '%s': %s", shown(h->url, &name),
            d->suite->allow.at.line == 0 ? "without 'allow' that is loopback and own sinks only"
                                         : "it is not in 'allow'");
    return false;
}

bool plan_allows_rcpt(struct decoder *d, const struct suite_place *at, struct str address)
{
    struct shown name;
    if (address.n == 0 || str_search(address, STR("${env:")) < address.n ||
        str_search(address, STR("${file:")) < address.n || suite_allows_rcpt(d->suite, address))
        return true;
    problem(d, at, "nothing may be sent to '%s': %s", shown(address, &name),
            d->suite->allow.at.line == 0
                ? "without 'allow' that is names of tests and domains of own sinks only"
                : "its domain is neither in 'allow' nor a sink's");
    return false;
}

/* ---- masking ---- */

void suite_mask_begin(const struct suite *s, struct str text, size_t max_bytes, struct buf *out)
{
    size_t left = text.n < max_bytes ? text.n : max_bytes;
    size_t longest = s->n_secrets > 0 ? s->secrets[0].n : 0; /* one may begin before the cut */
    text = str_slice(text, 0, left + longest);
    while (left > 0) {
        size_t at = left, length = 0;
        for (size_t i = 0; i < s->n_secrets; i++) { /* longest first: it wins at one place */
            size_t found = str_search(text, s->secrets[i]);
            if (found < at) {
                at = found;
                length = s->secrets[i].n;
            }
        }
        buf_add(out, str_slice(text, 0, at));
        if (length == 0)
            return;
        buf_addz(out, "***");
        text = str_slice(text, at + length, text.n);
        left = at + length < left ? left - at - length : 0;
    }
}

void suite_mask(const struct suite *s, struct str text, struct buf *out)
{
    suite_mask_begin(s, text, text.n, out);
}
