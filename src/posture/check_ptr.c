/* Forward-confirmed reverse DNS of the MX addresses (RFC 8601 3 calls it iprev). */
#include "posture/posture_internal.h"

enum {
    PTR_MAX_ADDRESSES = 100, /* of all hosts */
    PTR_MAX_NAMES = 10       /* of one address: more are never looked at */
};

static const struct str group = STR_INIT("Reverse DNS");

struct reverse {
    struct str host, name; /* reverse name */
    struct ip ip;
    const struct dns_answer *ptr, *forward[PTR_MAX_NAMES];
    size_t n;
};

static bool is_known(const struct reverse *list, size_t n, const struct ip *ip)
{
    for (size_t i = 0; i < n; i++)
        if (ip_eq(&list[i].ip, ip))
            return true;
    return false;
}

/* Each address once, of the host with the best preference. Inner ones are nobody's on the outside.
 */
static size_t collect(const struct posture_ctx *c, struct reverse *list, bool *cut)
{
    size_t n = 0;
    for (size_t i = 0; i < c->out->n_mx; i++) {
        const struct posture_mx *m = &c->out->mx[i];
        for (size_t k = 0; k < m->n_addresses; k++) {
            const struct ip *ip = &m->addresses[k];
            if (is_known(list, n, ip) || (!c->config->allow_private && !ip_is_public(ip)))
                continue;
            *cut |= n == PTR_MAX_ADDRESSES;
            if (n < PTR_MAX_ADDRESSES)
                list[n++] = (struct reverse){.host = m->host, .ip = *ip};
        }
    }
    return n;
}

static int ask(struct posture_ctx *c, struct reverse *r, struct mp_err *err)
{
    r->name = dns_reverse_name(c->arena, &r->ip);
    int st = posture_ask(c, r->name, DNS_PTR, &r->ptr, err);
    if (st != MP_OK)
        return st;
    enum dns_type type = r->ip.family == IP_V4 ? DNS_A : DNS_AAAA;
    r->n = r->ptr->n < PTR_MAX_NAMES ? r->ptr->n : PTR_MAX_NAMES;
    for (size_t i = 0; i < r->n; i++) {
        int asked = posture_ask(c, r->ptr->records[i].name, type, &r->forward[i], err);
        if (asked < 0)
            return asked;
        st = asked == MP_WAIT ? asked : st;
    }
    return st;
}

static bool leads_back(const struct reverse *r)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->forward[i]->n; k++)
            if (ip_eq(&r->forward[i]->records[k].ip, &r->ip))
                return true;
    return false;
}

/* The record stands in a zone of the owner of the address; it is told all the same. */
static void fix_name(struct posture_ctx *c, const struct finding *f, const struct reverse *r)
{
    struct fix *x = posture_fix(c, f);
    if (r->ptr->n > 0)
        fix_edit_add(x, FIX_REMOVE_ALL, r->name, DNS_PTR, STR_NONE);
    fix_edit_add(x, FIX_ADD, r->name, DNS_PTR, posture_target(c->arena, r->host));
}

/* True: confirmed. */
static bool judge(struct posture_ctx *c, const struct reverse *r)
{
    struct str ip = posture_ip(c->arena, &r->ip);
    if (posture_answer_failed(c, r->ptr))
        return false;
    if (r->ptr->n == 0) {
        fix_name(c,
                 check_add(&c->checks, FINDING_POSTURE_PTR_MISSING, "%.*s (%.*s)", STR_ARG(ip),
                           STR_ARG(r->host)),
                 r);
        return false;
    }
    if (leads_back(r))
        return true;
    bool failed = false;
    for (size_t i = 0; i < r->n; i++)
        failed |= posture_answer_failed(c, r->forward[i]);
    if (!failed)
        fix_name(c,
                 check_add(&c->checks, FINDING_POSTURE_PTR_MISMATCH, "%.*s is %.*s, which is not",
                           STR_ARG(ip), STR_ARG(r->ptr->records[0].name)),
                 r);
    return false;
}

int posture_check_ptr(struct posture_ctx *c, struct mp_err *err)
{
    bool cut = false;
    int waiting = MP_OK;
    if (!c->out->mx_ready)
        return MP_WAIT;
    if (posture_no_mail(c->out) != NULL) {
        check_skip(&c->checks, group, "ptr.confirmed", "%s", posture_no_mail(c->out));
        return MP_OK;
    }
    struct reverse *list = arena_new(c->arena, struct reverse, PTR_MAX_ADDRESSES);
    if (list == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reverse names");
    size_t n = collect(c, list, &cut), confirmed = 0;
    for (size_t i = 0; i < n; i++) {
        int st = ask(c, &list[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK)
        return waiting;
    check_begin(&c->checks, group, "ptr.confirmed");
    if (cut)
        posture_cut(c, "MX addresses", PTR_MAX_ADDRESSES);
    for (size_t i = 0; i < n; i++)
        confirmed += judge(c, &list[i]);
    check_end(&c->checks, -1, "%zu of %zu addresses have a name that leads back", confirmed, n);
    return MP_OK;
}
