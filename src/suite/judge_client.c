/* The client that delivered to a sink of the suite: its names in DNS, its TLS, lists of senders. */
#include "base/clock.h"
#include "base/idna.h"
#include "flow/flow_dns.h"
#include "suite/arrive_internal.h"

enum { CLIENT_DNS_MS = 15000, CLIENT_MAX_PTR = 10 };

/* What one word needs: the delivery, and DNS with a deadline. */
struct client_seen {
    const struct store_delivery *delivery;
    struct ip ip;
    struct flow_dns dns;
};

/* An answer of DNS that decides nothing. */
static bool is_failure(enum dns_status s)
{
    return s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS;
}

/* NULL: the question could not be asked. */
static const struct dns_answer *ask(struct client_seen *s, struct str name, enum dns_type type)
{
    const struct dns_answer *answer = NULL;
    return flow_dns_ask(&s->dns, name, type, &answer, NULL) == MP_OK ? answer : NULL;
}

enum found { FOUND_NO, FOUND_YES, FOUND_OPEN };

/* Does the name have this address? */
static enum found leads_to(struct client_seen *s, struct str name)
{
    const struct dns_answer *a = ask(s, name, s->ip.family == IP_V6 ? DNS_AAAA : DNS_A);
    if (a == NULL || is_failure(a->status))
        return FOUND_OPEN;
    for (size_t i = 0; i < a->n; i++)
        if (ip_eq(&a->records[i].ip, &s->ip))
            return FOUND_YES;
    return FOUND_NO;
}

static struct judged judge_found(const struct suite_flag *f, enum found found, const char *yes,
                                 const char *no)
{
    return found == FOUND_OPEN
               ? judged_open(str_from(f->value ? yes : no), STR("DNS did not answer"))
               : judged_flag(f, found == FOUND_YES, yes, no);
}

static struct judged judge_fcrdns(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_client *e = expect;
    struct client_seen *s = (struct client_seen *)(uintptr_t)seen; /* ours: DNS is asked */
    const struct dns_answer *ptr = ask(s, dns_reverse_name(w->arena, &s->ip), DNS_PTR);
    enum found found = ptr == NULL || is_failure(ptr->status) ? FOUND_OPEN : FOUND_NO;
    for (size_t i = 0; ptr != NULL && i < ptr->n && i < CLIENT_MAX_PTR; i++) {
        enum found one = leads_to(s, ptr->records[i].name);
        if (one != FOUND_NO)
            found = found == FOUND_YES ? FOUND_YES : one;
    }
    return judge_found(&e->fcrdns, found, "a name that leads back", "no name that leads back");
}

static struct judged judge_helo_matches(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_client *e = expect;
    struct client_seen *s = (struct client_seen *)(uintptr_t)seen;
    struct str name;
    enum found found = FOUND_NO; /* a literal or nonsense names no host */
    if (idna_to_ascii(w->arena, s->delivery->helo, &name) && domain_is_ldh(name))
        found = leads_to(s, name);
    struct judged j = judge_found(&e->helo_matches, found, "HELO names its address",
                                  "HELO does not name its address");
    if (j.verdict == JUDGE_UNMET)
        j.got = arena_fmt(w->arena, "%.*s: HELO %.*s", STR_ARG(j.got), STR_ARG(s->delivery->helo));
    return j;
}

static struct judged judge_tls(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_client *e = expect;
    struct str version = ((const struct client_seen *)seen)->delivery->tls_version;
    (void)w;
    return judged_compare(&e->tls, suite_tls_version(version),
                          version.n > 0 ? version : STR("no TLS"));
}

static struct judged judge_ip(struct work *w, const void *expect, const void *seen)
{
    (void)w;
    return judged_glob(&((const struct suite_expect_client *)expect)->ip,
                       ((const struct client_seen *)seen)->delivery->client_ip);
}

static struct judged judge_helo(struct work *w, const void *expect, const void *seen)
{
    (void)w;
    return judged_glob(&((const struct suite_expect_client *)expect)->helo,
                       ((const struct client_seen *)seen)->delivery->helo);
}

/* "2.0.0.127.dnsbl.test" (RFC 5782 2.1, 2.4): the reversed address in front of the zone. */
static struct str list_name(struct work *w, const struct ip *ip, struct str zone)
{
    struct str reverse = dns_reverse_name(w->arena, ip);
    struct str tail = ip->family == IP_V6 ? STR(".ip6.arpa") : STR(".in-addr.arpa");
    if (!str_iends(reverse, tail))
        return STR_NONE;
    return arena_fmt(w->arena, "%.*s.%.*s", STR_ARG(str_slice(reverse, 0, reverse.n - tail.n)),
                     STR_ARG(zone));
}

enum listing { LISTING_NO, LISTING_YES, LISTING_OPEN };

/* RFC 5782 2.1: 127.0.0.0/8 lists; 127.255.255.0/24 is how the large ones say "not you"; anything
 * else is a domain that has been left to others. */
static enum listing listing_of(const struct dns_answer *a)
{
    enum listing found = LISTING_NO;
    if (a == NULL || is_failure(a->status))
        return LISTING_OPEN;
    for (size_t i = 0; i < a->n; i++) {
        const unsigned char *o = a->records[i].ip.octets;
        if (o[0] != 127 || (o[1] == 255 && o[2] == 255))
            return LISTING_OPEN;
        found = LISTING_YES;
    }
    return found;
}

/* A list that lists nothing at all is dead, or its name is wrong: 127.0.0.2 proves that it lives
 * (RFC 5782 5). */
static enum listing ask_list(struct work *w, struct client_seen *s, struct str zone)
{
    struct ip proof;
    struct str name = list_name(w, &s->ip, zone);
    enum listing found = name.n == 0 ? LISTING_OPEN : listing_of(ask(s, name, DNS_A));
    if (found != LISTING_NO)
        return found;
    (void)ip_parse_keep_mapped(s->ip.family == IP_V6 ? STR("::ffff:7f00:2") : STR("127.0.0.2"),
                               &proof);
    name = list_name(w, &proof, zone);
    return name.n > 0 && listing_of(ask(s, name, DNS_A)) == LISTING_YES ? LISTING_NO : LISTING_OPEN;
}

static struct judged judge_listed(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_client *e = expect;
    struct client_seen *s = (struct client_seen *)(uintptr_t)seen;
    struct str on = STR(""), open = STR("");
    for (size_t i = 0; i < e->dnsbl_lists.n; i++) {
        struct str zone = e->dnsbl_lists.items[i];
        enum listing found = ask_list(w, s, zone);
        struct str *which = found == LISTING_OPEN ? &open : found == LISTING_YES ? &on : NULL;
        if (which != NULL)
            *which = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(*which), which->n > 0 ? ", " : "",
                               STR_ARG(zone));
    }
    bool wanted = SUITE_GIVEN(e->dnsbl_listed) && e->dnsbl_listed.value;
    struct str expected = wanted ? STR("listed") : STR("not listed");
    if (on.n == 0 && open.n > 0)
        return judged_open(expected, arena_fmt(w->arena, "%.*s gave no answer that can be believed",
                                               STR_ARG(open)));
    return judged_if((on.n > 0) == wanted, expected,
                     on.n == 0 ? STR("not listed")
                               : arena_fmt(w->arena, "listed by %.*s", STR_ARG(on)));
}

static const struct judge_row rows[] = {
    {"client.fcrdns", offsetof(struct suite_expect_client, fcrdns.at), judge_fcrdns},
    {"client.helo-matches", offsetof(struct suite_expect_client, helo_matches.at),
     judge_helo_matches},
    {"client.tls", offsetof(struct suite_expect_client, tls.at), judge_tls},
    {"client.ip", offsetof(struct suite_expect_client, ip.at), judge_ip},
    {"client.helo", offsetof(struct suite_expect_client, helo.at), judge_helo},
    {"client.dnsbl", offsetof(struct suite_expect_client, dnsbl_lists.at), judge_listed},
};

void judge_client(struct work *w, struct str group, const struct suite_expect_client *e,
                  struct suite_place at, const struct arrival_seen *seen)
{
    struct client_seen s = {.delivery = &seen->hit->delivery};
    at = SUITE_GIVEN(*e) ? e->at : at;
    if (!judge_any_given(rows, ARRAY_LEN(rows), e))
        return;
    if (!seen->hit->has_delivery) {
        judge_open(w, group, "client", at, STR("only a sink knows who delivered"));
        return;
    }
    if (!ip_parse(s.delivery->client_ip, &s.ip)) {
        judge_open(w, group, "client", at, STR("it came by a socket, not from an address"));
        return;
    }
    s.dns = (struct flow_dns){w->world->dns, flow_dns_view(w->world->dns, w->arena),
                              clock_mono_us() + (int64_t)CLIENT_DNS_MS * 1000};
    if (s.dns.view == NULL) {
        judge_open(w, group, "client", at, STR("no memory for DNS"));
        return;
    }
    judge_rows(w, group, rows, ARRAY_LEN(rows), e, &s);
    dns_view_release(s.dns.view);
}
