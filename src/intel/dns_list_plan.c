/* What a mail asks of which DNS list: names, limits, and the tests that go with them. */
#include "base/hex.h"
#include "base/idna.h"
#include "base/psl.h"
#include "intel/dns_list_internal.h"

/* ---- the tests of a list ---- */

static struct str test_text(const struct dns_list *l, bool must)
{
    struct str told = must ? l->test_listed : l->test_unlisted;
    if (str_eq(told, STR("-")))
        return STR("");
    if (told.n > 0)
        return told;
    if ((l->asks & (DNS_LIST_IP | DNS_LIST_LINK_IP)) != 0)
        return must ? STR("127.0.0.2") : STR("127.0.0.1");
    if ((l->asks & DNS_LIST_DOMAIN) != 0)
        return must ? STR("test") : STR("invalid");
    return must ? STR("") : STR("00000000000000000000000000000000"); /* of no known file */
}

static struct str name_in(const struct dns_list_run *r, size_t list, struct str what)
{
    return arena_join(r->arena, (struct str[]){what, STR("."), r->lists->items[list].zone}, 3);
}

static bool test_name(const struct dns_list_run *r, size_t list, bool must, struct str *out)
{
    struct str text = test_text(list_at(r, list), must);
    struct ip ip;
    *out = STR_NONE;
    if (text.n == 0)
        return true;
    if (ip_parse_keep_mapped(text, &ip))
        *out = listing_name(r->arena, &ip, r->lists->items[list].zone);
    else
        *out = name_in(r, list, text);
    return out->p != NULL;
}

/* ---- what is asked ---- */

/* The tests of a list are asked with its first question. False: they are above the limit. */
static int add_tests(struct dns_list_run *r, size_t list, bool *added, struct mp_err *err)
{
    struct dns_list_seen *s = &r->seen[list];
    struct str must = test_text(list_at(r, list), true);
    size_t n = (size_t)(must.n > 0) + (test_text(list_at(r, list), false).n > 0);
    struct ip ip;
    *added = r->room > n;
    if (!*added)
        return MP_OK;
    if (!test_name(r, list, true, &s->must) || !test_name(r, list, false, &s->must_not))
        return dns_list_no_memory(err);
    s->test_as = ip_parse(must, &ip) ? DNS_LIST_IP : DNS_LIST_DOMAIN;
    s->is_tested = true;
    r->room -= n;
    return MP_OK;
}

/* The mail has something for this list. */
static int want(struct dns_list_run *r, size_t list, struct mp_err *err)
{
    struct dns_list_seen *s = &r->seen[list];
    int st = MP_OK;
    if (s->wanted)
        return MP_OK;
    s->wanted = s->is_asked = true;
    if (r->lists->items[list].missing != NULL || s->before.state == DNS_LIST_DISABLED ||
        s->before.state == DNS_LIST_UNREACHABLE)
        s->is_asked = false;
    else if (s->before.state == DNS_LIST_UNTESTED)
        st = add_tests(r, list, &s->wanted, err);
    return st;
}

static bool is_noted(const struct dns_list_run *r, size_t list, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->questions[i].list == list && str_eq(r->questions[i].name, name))
            return true;
    return false;
}

static int note(struct dns_list_run *r, struct dns_list_question q, struct mp_err *err)
{
    if (q.name.p == NULL || q.asked.p == NULL)
        return dns_list_no_memory(err);
    if (is_noted(r, q.list, q.name))
        return MP_OK;
    int st = want(r, q.list, err);
    const struct dns_list_seen *s = &r->seen[q.list];
    if (st != MP_OK || !s->is_asked)
        return st;
    if (!s->wanted || r->room == 0) {
        r->cut++;
        return MP_OK;
    }
    r->room--;
    r->questions[r->n++] = q;
    return MP_OK;
}

static int note_ip(struct dns_list_run *r, struct ip ip, enum dns_list_asks as,
                   struct finding_where where, struct mp_err *err)
{
    char text[IP_TEXT_MAX];
    (void)ip_parse(str_make(text, ip_write(&ip, text)), &ip); /* a mapped one is IPv4 */
    struct str asked = arena_copy(r->arena, str_make(text, ip_write(&ip, text)));
    if (ip.family == IP_NONE || (!ip_is_public(&ip) && !r->facts->private_too))
        return MP_OK;
    for (size_t i = 0; i < r->lists->n; i++) {
        const struct dns_list *l = list_at(r, i);
        if ((l->asks & as) == 0 || (ip.family == IP_V6 && !l->speaks_v6))
            continue;
        struct str name = listing_name(r->arena, &ip, r->lists->items[i].zone);
        int st = note(r,
                      (struct dns_list_question){
                          .list = i, .as = as, .asked = asked, .name = name, .where = where},
                      err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

/* As much of the end of a host as is a name that lists can have: browsers follow hosts with signs
 * in a label, where whoever owns the domain answers for all of them. Not a name that ends in a
 * number: that is an address, written badly, which lists of domains must not be asked for. */
static bool name_of(struct arena *arena, struct str host, struct str *out)
{
    enum { TRIED_LABELS = 16, TRIED_BYTES = 4 * DOMAIN_MAX_OCTETS };
    struct str name = {0};
    bool is_good = false, is_number = true;
    host = str_slice(host, host.n - (host.n < TRIED_BYTES ? host.n : TRIED_BYTES), host.n);
    for (int i = 0; i < TRIED_LABELS && host.n > 0 && !is_good; i++) {
        is_good = idna_to_ascii(arena, host, &name) && domain_is_ldh(name);
        (void)str_cut(&host, '.');
    }
    struct str last = domain_tail(name, 1);
    for (size_t i = 0; i < last.n && is_number; i++)
        is_number = is_digit(last.p[i]);
    *out = name;
    return is_good && domain_labels(name) > 1 && !is_number;
}

static int note_name(struct dns_list_run *r, struct str host, struct finding_where where,
                     struct mp_err *err)
{
    struct str site = psl_registrable(r->arena, host);
    for (size_t i = 0; i < r->lists->n; i++) {
        const struct dns_list *l = list_at(r, i);
        struct str asked = l->registrable_only ? site : host;
        if ((l->asks & DNS_LIST_DOMAIN) == 0 || asked.n == 0)
            continue;
        size_t room = DOMAIN_MAX_OCTETS - 1 - r->lists->items[i].zone.n;
        while (asked.n > room) /* lists have domains: the labels in front matter least */
            asked = str_slice(asked, str_find(asked, '.') + 1, asked.n);
        int st = note(r,
                      (struct dns_list_question){.list = i,
                                                 .as = DNS_LIST_DOMAIN,
                                                 .asked = asked,
                                                 .name = name_in(r, i, asked),
                                                 .where = where},
                      err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

static int note_host(struct dns_list_run *r, const struct dns_list_host *h, struct mp_err *err)
{
    struct str text = str_trim(h->name), name;
    struct ip ip;
    if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = str_slice(text, 1, text.n - 1);
    if (ip_parse(text, &ip))
        return note_ip(r, ip, DNS_LIST_LINK_IP, h->where, err);
    if (!name_of(r->arena, text, &name))
        return MP_OK;
    return note_name(r, name, h->where, err);
}

/* Each spelling once, the first DNS_LIST_MAX_HOSTS of them. */
static int note_hosts(struct dns_list_run *r, struct mp_err *err)
{
    const struct dns_list_host *kept[DNS_LIST_MAX_HOSTS];
    size_t n = 0;
    for (size_t i = 0; i < r->facts->n_hosts; i++) {
        const struct dns_list_host *h = &r->facts->hosts[i];
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = str_ieq(kept[k]->name, h->name);
        if (known)
            continue;
        if (n == DNS_LIST_MAX_HOSTS) {
            r->hosts_cut = r->facts->n_hosts - i;
            break;
        }
        kept[n++] = h;
        int st = note_host(r, h, err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

static int note_hashes(struct dns_list_run *r, struct mp_err *err)
{
    size_t taken = 0;
    for (size_t i = 0; i < r->facts->n_hashes; i++) {
        const struct dns_list_hash *h = &r->facts->hashes[i];
        size_t size = h->kind == INDICATOR_MD5 ? 16 : h->kind == INDICATOR_SHA1 ? 20 : 0;
        if (size == 0)
            continue;
        if (taken++ == DNS_LIST_MAX_HASHES) {
            r->cut += r->facts->n_hashes - i;
            break;
        }
        struct str asked = hex_encode(r->arena, str_make((const char *)h->octets, size));
        for (size_t k = 0; k < r->lists->n; k++) {
            if ((list_at(r, k)->asks & DNS_LIST_HASH) == 0)
                continue;
            int st = note(r,
                          (struct dns_list_question){.list = k,
                                                     .as = DNS_LIST_HASH,
                                                     .asked = asked,
                                                     .name = name_in(r, k, asked),
                                                     .where = h->where},
                          err);
            if (st != MP_OK)
                return st;
        }
    }
    return MP_OK;
}

/* How many questions there can be. */
static size_t most(const struct dns_list_run *r)
{
    size_t hosts = r->facts->n_hosts < DNS_LIST_MAX_HOSTS ? r->facts->n_hosts : DNS_LIST_MAX_HOSTS;
    size_t hashes =
        r->facts->n_hashes < DNS_LIST_MAX_HASHES ? r->facts->n_hashes : DNS_LIST_MAX_HASHES;
    size_t n = (1 + hosts + hashes) * r->lists->n;
    return n < DNS_LIST_MAX_QUESTIONS ? n : DNS_LIST_MAX_QUESTIONS;
}

int dns_list_plan(struct dns_list_run *r, struct dns_list_health *health, int64_t now_s,
                  struct mp_err *err)
{
    int st = MP_OK;
    r->seen = arena_new(r->arena, struct dns_list_seen, r->lists->n + 1);
    r->questions = arena_new(r->arena, struct dns_list_question, most(r) + 1);
    if (r->seen == NULL || r->questions == NULL)
        return dns_list_no_memory(err);
    for (size_t i = 0; i < r->lists->n; i++)
        r->seen[i].before = dns_list_health_at(health, i, now_s);
    st = note_ip(r, r->facts->client, DNS_LIST_IP, r->facts->client_where, err);
    if (st == MP_OK)
        st = note_hashes(r, err);
    if (st == MP_OK)
        st = note_hosts(r, err);
    for (size_t i = 0; i < r->lists->n && st == MP_OK && r->facts->test_all; i++) {
        st = want(r, i, err);
        r->cut += !r->seen[i].wanted;
    }
    return st;
}
