/* The client that delivered to a sink of the suite: its names in DNS, its TLS, lists of senders. */
#include "base/clock.h"
#include "base/idna.h"
#include "dns/listing.h"
#include "flow/flow_dns.h"
#include "suite/arrive_internal.h"

enum { CLIENT_DNS_MS = 15000, CLIENT_MAX_PTR = 10 };

/* What one word needs: the delivery, and DNS with a deadline. */
struct client_seen {
    const struct store_delivery *delivery;
    struct ip ip;
    struct flow_dns dns;
};

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
    if (a == NULL || dns_answer_failed(a))
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
    enum found found = ptr == NULL || dns_answer_failed(ptr) ? FOUND_OPEN : FOUND_NO;
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

/* What a list says of an address; RFC 5782 2.1. Nothing is believed of one that does not answer, or
 * not as lists do. */
static enum listing_word word_of(struct work *w, struct client_seen *s, const struct ip *ip,
                                 struct str zone)
{
    struct str name = listing_name(w->arena, ip, zone);
    const struct dns_answer *a = name.n == 0 ? NULL : ask(s, name, DNS_A);
    return a == NULL ? LISTING_FAILED : listing_of(a);
}

/* A list that lists nothing at all is dead, or its name is wrong: 127.0.0.2 proves that it lives
 * (RFC 5782 5). */
static enum listing_word ask_list(struct work *w, struct client_seen *s, struct str zone)
{
    struct ip proof;
    enum listing_word word = word_of(w, s, &s->ip, zone);
    if (word != LISTING_NONE)
        return word;
    (void)ip_parse_keep_mapped(s->ip.family == IP_V6 ? STR("::ffff:7f00:2") : STR("127.0.0.2"),
                               &proof);
    return word_of(w, s, &proof, zone) == LISTING_LISTED ? LISTING_NONE : LISTING_FAILED;
}

static struct judged judge_listed(struct work *w, const void *expect, const void *seen)
{
    const struct suite_expect_client *e = expect;
    struct client_seen *s = (struct client_seen *)(uintptr_t)seen;
    struct str on = STR(""), open = STR("");
    for (size_t i = 0; i < e->dnsbl_lists.n; i++) {
        struct str zone = e->dnsbl_lists.items[i];
        enum listing_word word = ask_list(w, s, zone);
        struct str *which = word == LISTING_LISTED ? &on : &open;
        if (word != LISTING_NONE)
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
