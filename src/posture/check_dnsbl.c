/* Are MX addresses on DNS block lists (RFC 5782)? Only lists that prove themselves are believed. */
#include "dns/listing.h"
#include "posture/posture_internal.h"

enum {
    DNSBL_MAX_ADDRESSES = 40, /* asked of each list */
    DNSBL_REASON_MAX = 100    /* octets of the TXT record that are shown */
};

static const struct str group = STR_INIT("DNS lists");

/* RFC 5782 5: must be listed, must not be; and for lists of IPv6 addresses. */
static const char *const test_addresses[] = {"127.0.0.2", "127.0.0.1", "::ffff:7f00:2"};
enum { TEST_LISTED, TEST_UNLISTED, TEST_LISTED6, TESTS };

struct list {
    struct str zone;
    const struct dns_answer *tests[TESTS];
    bool speaks_v6;
};

static int ask_tests(struct posture_ctx *c, struct list *l, struct mp_err *err)
{
    int waiting = MP_OK;
    for (size_t i = 0; i < TESTS; i++) {
        struct ip ip;
        (void)ip_parse_keep_mapped(str_from(test_addresses[i]), &ip);
        int st = posture_ask(c, listing_name(c->arena, &ip, l->zone), DNS_A, &l->tests[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting == MP_OK)
        l->speaks_v6 = listing_of(l->tests[TEST_LISTED6]) == LISTING_LISTED;
    return waiting;
}

/* ---- one address in one list ---- */

struct listing {
    const struct list *list;
    struct str ip;
    const struct dns_answer *answer, *reason;
};

static int ask(struct posture_ctx *c, const struct ip *ip, struct listing *out, struct mp_err *err)
{
    struct str name = listing_name(c->arena, ip, out->list->zone);
    out->ip = posture_ip(c->arena, ip);
    int st = posture_ask(c, name, DNS_A, &out->answer, err);
    if (st == MP_OK && listing_of(out->answer) == LISTING_LISTED)
        st = posture_ask(c, name, DNS_TXT, &out->reason, err);
    return st;
}

static void refused(struct posture_ctx *c, struct str zone, const struct dns_answer *a)
{
    struct str code = a->n == 0 ? STR("no answer") : posture_ip(c->arena, &a->records[0].ip);
    check_add(&c->checks, FINDING_POSTURE_DNSBL_REFUSED, "%.*s: %.*s", STR_ARG(zone),
              STR_ARG(code));
    check_undecided(&c->checks);
}

static void broken(struct posture_ctx *c, struct str zone, const char *why)
{
    check_add(&c->checks, FINDING_POSTURE_DNSBL_BROKEN, "%.*s: %s", STR_ARG(zone), why);
    check_undecided(&c->checks);
}

/* True: the list works, and is open to us. */
static bool judge_list(struct posture_ctx *c, const struct list *l)
{
    enum listing_word yes = listing_of(l->tests[TEST_LISTED]),
                      no = listing_of(l->tests[TEST_UNLISTED]);
    switch (listing_test(yes, no)) {
    case LISTING_TEST_PASSED:
        return true;
    case LISTING_TEST_FAILED:
        posture_answer_failed(c, l->tests[yes == LISTING_FAILED ? TEST_LISTED : TEST_UNLISTED]);
        break;
    case LISTING_TEST_REFUSED:
        refused(c, l->zone, l->tests[yes == LISTING_REFUSED ? TEST_LISTED : TEST_UNLISTED]);
        break;
    case LISTING_TEST_EVERYTHING:
        broken(c, l->zone, "lists 127.0.0.1, as if everything were listed");
        break;
    case LISTING_TEST_NOTHING:
        broken(c, l->zone, "does not list 127.0.0.2");
        break;
    }
    return false;
}

static void judge(struct posture_ctx *c, const struct listing *x)
{
    enum listing_word w = listing_of(x->answer);
    if (posture_answer_failed(c, x->answer))
        return;
    if (w == LISTING_REFUSED)
        refused(c, x->list->zone, x->answer);
    if (w == LISTING_NONSENSE)
        broken(c, x->list->zone, "answers with an address outside of 127.0.0.0/8");
    if (w != LISTING_LISTED)
        return;
    struct str code = posture_ip(c->arena, &x->answer->records[0].ip);
    struct str reason =
        x->reason->n == 0 ? STR("") : str_slice(x->reason->records[0].data, 0, DNSBL_REASON_MAX);
    check_add(&c->checks, FINDING_POSTURE_DNSBL_LISTED, "%.*s in %.*s: %.*s%s%.*s", STR_ARG(x->ip),
              STR_ARG(x->list->zone), STR_ARG(code), reason.n > 0 ? ", " : "", STR_ARG(reason));
}

/* ---- all of them ---- */

static size_t collect(const struct posture_ctx *c, struct ip *list, bool *cut)
{
    size_t n = 0;
    for (size_t i = 0; i < c->out->n_mx; i++) {
        const struct posture_mx *m = &c->out->mx[i];
        for (size_t k = 0; k < m->n_addresses; k++) {
            bool known = !ip_is_public(&m->addresses[k]) && !c->config->allow_private;
            for (size_t j = 0; j < n && !known; j++)
                known = ip_eq(&list[j], &m->addresses[k]);
            *cut |= !known && n == DNSBL_MAX_ADDRESSES;
            if (!known && n < DNSBL_MAX_ADDRESSES)
                list[n++] = m->addresses[k];
        }
    }
    return n;
}

static int ask_list(struct posture_ctx *c, struct list *l, const struct ip *ips, size_t n_ips,
                    struct listing *out, size_t *n, struct mp_err *err)
{
    int waiting = ask_tests(c, l, err);
    for (size_t i = 0; i < n_ips && waiting >= MP_OK; i++) {
        if (ips[i].family == IP_V6 && (waiting == MP_WAIT || !l->speaks_v6))
            continue;
        out[*n] = (struct listing){.list = l};
        int st = ask(c, &ips[i], &out[(*n)++], err);
        waiting = st != MP_OK ? st : waiting;
    }
    return waiting;
}

static void judge_all(struct posture_ctx *c, const struct list *lists, size_t n_lists,
                      const struct listing *found, size_t n)
{
    size_t working = 0;
    for (size_t i = 0; i < n_lists; i++) {
        if (!judge_list(c, &lists[i]))
            continue;
        working++;
        for (size_t k = 0; k < n; k++)
            if (found[k].list == &lists[i])
                judge(c, &found[k]);
    }
    check_end(&c->checks, -1, "%zu of %zu lists answer", working, n_lists);
}

int posture_check_dnsbl(struct posture_ctx *c, struct mp_err *err)
{
    struct ip ips[DNSBL_MAX_ADDRESSES];
    size_t n_lists =
        c->config->n_dnsbl < POSTURE_MAX_DNSBL ? c->config->n_dnsbl : POSTURE_MAX_DNSBL;
    bool cut = false;
    if (!c->out->mx_ready)
        return MP_WAIT;
    if (n_lists == 0 || c->out->n_mx == 0) {
        check_skip(&c->checks, group, "dnsbl.lists", "%s",
                   n_lists == 0 ? "no list was named" : posture_no_mail(c->out));
        return MP_OK;
    }
    size_t n_ips = collect(c, ips, &cut), n = 0;
    struct list *lists = arena_new(c->arena, struct list, n_lists);
    struct listing *found = arena_new(c->arena, struct listing, n_lists * n_ips + 1);
    if (lists == NULL || found == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for DNS lists");
    int waiting = MP_OK;
    for (size_t i = 0; i < n_lists; i++) {
        lists[i].zone = c->config->dnsbl[i];
        int st = ask_list(c, &lists[i], ips, n_ips, found, &n, err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK)
        return waiting;
    check_begin(&c->checks, group, "dnsbl.lists");
    if (cut)
        posture_cut(c, "MX addresses", DNSBL_MAX_ADDRESSES);
    judge_all(c, lists, n_lists, found, n);
    return MP_OK;
}
