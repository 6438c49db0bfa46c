/* Names of a server: reverse DNS that leads back (FCrDNS), and the name it introduces itself by. */
#include "base/idna.h"
#include "flow/probe_internal.h"

enum { PTR_MAX_NAMES = 10 };

static bool is_failure(enum dns_status s)
{
    return s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS;
}

static enum dns_type address_type(const struct ip *ip)
{
    return ip->family == IP_V6 ? DNS_AAAA : DNS_A;
}

static bool holds(const struct dns_answer *a, const struct ip *ip)
{
    for (size_t i = 0; i < a->n; i++)
        if (ip_eq(&a->records[i].ip, ip))
            return true;
    return false;
}

/* ---- reverse DNS ---- */

static int confirm(struct prober *p, struct probe_server *s, const struct dns_answer *ptr,
                   struct mp_err *err)
{
    enum dns_type type = address_type(&s->ip);
    size_t n = ptr->n < PTR_MAX_NAMES ? ptr->n : PTR_MAX_NAMES;
    for (size_t i = 0; i < n; i++)
        dns_prefetch(p->dns.view, ptr->records[i].name, type);
    for (size_t i = 0; i < n; i++) {
        const struct dns_answer *forward;
        int st = flow_dns_ask(&p->dns, ptr->records[i].name, type, &forward, err);
        if (st != MP_OK)
            return st;
        s->notes->names.ptr_failed |= is_failure(forward->status);
        if (!s->fcrdns && holds(forward, &s->ip)) {
            s->fcrdns = true;
            s->ptr_name = arena_copy(&p->probe->arena, ptr->records[i].name);
        }
    }
    return MP_OK;
}

static int find_ptr(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    struct probe_names *out = &s->notes->names;
    struct arena *a = &p->probe->arena;
    const struct dns_answer *ptr;
    struct str name = dns_reverse_name(a, &s->ip);
    if (name.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a name");
    int st = flow_dns_ask(&p->dns, name, DNS_PTR, &ptr, err);
    if (st != MP_OK)
        return st;
    out->ptr_asked = true;
    out->ptr_failed = is_failure(ptr->status);
    out->n_ptr = ptr->n;
    if (ptr->n > 0)
        out->first_ptr = arena_copy(a, ptr->records[0].name);
    return confirm(p, s, ptr, err);
}

/* ---- the name in the reply to EHLO, or in the banner ---- */

static struct str own_name(const struct smtp_client *c)
{
    struct str text = c->banner.n_lines > 0 ? c->banner.lines[0] : STR("");
    return c->ehlo.greeting_name.n > 0 ? c->ehlo.greeting_name : str_cut(&text, ' ');
}

/* An address literal is allowed to machines without a name (RFC 5321 4.1.3). */
static bool is_host_name(struct str name)
{
    static const struct str locals[] = {STR_INIT("localhost"), STR_INIT("localhost.localdomain"),
                                        STR_INIT("localdomain"), STR_INIT("local")};
    struct ip ip;
    if (!domain_is_ldh(name) || domain_labels(name) < 2 || str_has(name, '_') ||
        ip_parse(name, &ip))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(locals); i++)
        if (domain_eq(name, locals[i]))
            return false;
    return true;
}

static int find_helo(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_AAAA, DNS_A};
    struct probe_names *out = &s->notes->names;
    out->helo = own_name(&s->client);
    out->helo_is_name = is_host_name(out->helo);
    if (!out->helo_is_name)
        return MP_OK;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        dns_prefetch(p->dns.view, out->helo, types[i]);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct dns_answer *answer;
        int st = flow_dns_ask(&p->dns, out->helo, types[i], &answer, err);
        if (st != MP_OK)
            return st;
        out->helo_failed |= is_failure(answer->status);
        out->helo_addresses += answer->n;
        out->helo_matches |= holds(answer, &s->ip);
    }
    return MP_OK;
}

int probe_find_names(struct prober *p, struct probe_server *s, struct mp_err *err)
{
    if (p->options->no_ptr || s->ip.family == IP_NONE || !s->answered)
        return MP_OK;
    int st = find_ptr(p, s, err);
    return st == MP_OK && s->notes->ehlo_ok ? find_helo(p, s, err) : st;
}

/* ---- judgement ---- */

static void judge_ptr(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_names *n = &s->notes->names;
    char ip[IP_TEXT_MAX];
    ip_write(&s->ip, ip);
    check_begin(checks, s->group, "ptr");
    if (s->fcrdns)
        check_end(checks, -1, "%.*s leads back to %s", STR_ARG(s->ptr_name), ip);
    else if (n->ptr_failed) {
        check_undecided(checks);
        check_end(checks, -1, "DNS did not answer about %s", ip);
    } else if (n->n_ptr == 0) {
        check_add(checks, FINDING_FLOW_PTR_MISSING, "%s", ip);
        check_end(checks, -1, "no name");
    } else {
        check_add(checks, FINDING_FLOW_PTR_MISMATCH, "%s: %.*s", ip, STR_ARG(n->first_ptr));
        check_end(checks, -1, "%.*s does not lead back to %s", STR_ARG(n->first_ptr), ip);
    }
}

static void judge_helo(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_names *n = &s->notes->names;
    struct str name = n->helo.n > 0 ? n->helo : STR("(none)");
    check_begin(checks, s->group, "helo");
    if (!n->helo_is_name)
        check_add(checks, FINDING_FLOW_HELO_NAME, "%.*s", STR_ARG(name));
    else if (n->helo_failed && !n->helo_matches)
        check_undecided(checks);
    else if (n->helo_addresses == 0)
        check_add(checks, FINDING_FLOW_HELO_NO_ADDRESS, "%.*s", STR_ARG(name));
    else if (!n->helo_matches)
        check_add(checks, FINDING_FLOW_HELO_MISMATCH, "%.*s", STR_ARG(name));
    check_end(checks, -1, "%.*s", STR_ARG(name));
}

void probe_judge_names(struct prober *p, const struct probe_server *s)
{
    if (!s->notes->names.ptr_asked)
        return;
    judge_ptr(p, s);
    if (s->notes->ehlo_ok)
        judge_helo(p, s);
}
