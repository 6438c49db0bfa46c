/* SRV records by which mail programs find submission, IMAP and POP (RFC 6186, RFC 8314 5.1). */
#include "posture/posture_internal.h"

enum { SRV_MAX_RECORDS = 20 /* of one service */ };

static const struct str group = STR_INIT("SRV");

enum service { SUBMISSIONS, SUBMISSION, IMAPS, IMAP, POP3S, POP3, SERVICES };

static const struct {
    const char *label;
    uint16_t port;
    enum service implicit; /* the same with TLS from the first octet */
} services[SERVICES] = {
    [SUBMISSIONS] = {"_submissions._tcp", 465, SUBMISSIONS},
    [SUBMISSION] = {"_submission._tcp", 587, SUBMISSIONS},
    [IMAPS] = {"_imaps._tcp", 993, IMAPS},
    [IMAP] = {"_imap._tcp", 143, IMAPS},
    [POP3S] = {"_pop3s._tcp", 995, POP3S},
    [POP3] = {"_pop3._tcp", 110, POP3S},
};

struct announced {
    struct str name;
    const struct dns_answer *srv;
    const struct dns_answer *a[SRV_MAX_RECORDS], *aaaa[SRV_MAX_RECORDS];
    size_t n, offered; /* offered: targets other than "." */
};

static int ask(struct posture_ctx *c, enum service s, struct announced *out, struct mp_err *err)
{
    out->name = posture_below(c->arena, services[s].label, c->out->domain);
    int st = posture_ask(c, out->name, DNS_SRV, &out->srv, err);
    if (st != MP_OK)
        return st;
    out->n = out->srv->n < SRV_MAX_RECORDS ? out->srv->n : SRV_MAX_RECORDS;
    for (size_t i = 0; i < out->n; i++) {
        struct str host = out->srv->records[i].name;
        if (host.n == 0)
            continue;
        int a = posture_ask(c, host, DNS_A, &out->a[i], err);
        int aaaa = posture_ask(c, host, DNS_AAAA, &out->aaaa[i], err);
        if (a < 0 || aaaa < 0)
            return a < 0 ? a : aaaa;
        st = a != MP_OK || aaaa != MP_OK ? MP_WAIT : st;
        out->offered++;
    }
    return st;
}

static struct str rdata(struct arena *a, const struct dns_record *r, uint16_t port,
                        struct str target)
{
    struct str text = posture_target(a, target);
    if (text.p == NULL)
        return text;
    return arena_fmt(a, "%u %u %u %.*s", r->preference, r->weight, port,
                     STR_ARG(target.n == 0 ? STR(".") : text));
}

static void replace(struct posture_ctx *c, const struct finding *f, const struct announced *x,
                    const struct dns_record *r, struct str by)
{
    struct fix *fix = posture_fix(c, f);
    fix_edit_add(fix, FIX_REMOVE, x->name, DNS_SRV, rdata(c->arena, r, r->port, r->name));
    if (by.n > 0)
        fix_edit_add(fix, FIX_ADD, x->name, DNS_SRV, by);
}

static void judge_target(struct posture_ctx *c, const struct announced *x, size_t i)
{
    const struct dns_record *r = &x->srv->records[i];
    const struct dns_answer *a = x->a[i], *aaaa = x->aaaa[i];
    if (posture_either_failed(c, a, aaaa))
        return;
    if (a->n + aaaa->n == 0) {
        replace(c,
                check_add(&c->checks, FINDING_POSTURE_SRV_NO_ADDRESS, "%.*s: %.*s",
                          STR_ARG(x->name), STR_ARG(r->name)),
                x, r, STR(""));
        return;
    }
    const struct dns_answer *known = a->n > 0 ? a : aaaa;
    if (str_eq(known->canonical, known->name))
        return;
    replace(c,
            check_add(&c->checks, FINDING_POSTURE_SRV_ALIAS, "%.*s: %.*s is %.*s", STR_ARG(x->name),
                      STR_ARG(r->name), STR_ARG(known->canonical)),
            x, r, rdata(c->arena, r, r->port, known->canonical));
}

/* A port that another mail service owns; other odd ports are somebody's choice. */
static bool is_others_port(enum service s, uint16_t port)
{
    bool is_others = port == 25;
    for (size_t i = 0; i < SERVICES; i++)
        is_others |= services[i].port == port && i != s;
    return is_others;
}

static void judge(struct posture_ctx *c, enum service s, const struct announced *x)
{
    if (posture_answer_failed(c, x->srv))
        return;
    if (x->srv->n > SRV_MAX_RECORDS)
        posture_cut(c, "SRV records of a service", SRV_MAX_RECORDS);
    for (size_t i = 0; i < x->n; i++) {
        const struct dns_record *r = &x->srv->records[i];
        if (r->name.n > 0) {
            judge_target(c, x, i);
        } else if (x->offered > 0) {
            replace(c, check_add(&c->checks, FINDING_POSTURE_SRV_MIXED, "%.*s", STR_ARG(x->name)),
                    x, r, STR(""));
            continue;
        }
        if (r->name.n > 0 && is_others_port(s, r->port))
            replace(c,
                    check_add(&c->checks, FINDING_POSTURE_SRV_PORT, "%.*s: port %u, not %u",
                              STR_ARG(x->name), r->port, services[s].port),
                    x, r, rdata(c->arena, r, services[s].port, r->name));
    }
}

static void judge_implicit(struct posture_ctx *c, const struct announced *all)
{
    for (size_t s = 0; s < SERVICES; s++) {
        const struct announced *tls = &all[services[s].implicit];
        if (all[s].offered > 0 && tls->offered == 0 && !posture_failed(tls->srv))
            check_add(&c->checks, FINDING_POSTURE_SRV_NO_TLS, "%.*s without %s",
                      STR_ARG(all[s].name), services[services[s].implicit].label);
    }
}

int posture_check_srv(struct posture_ctx *c, struct mp_err *err)
{
    int waiting = MP_OK;
    size_t n = 0;
    struct announced *all = arena_new(c->arena, struct announced, SERVICES);
    if (all == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for SRV records");
    for (size_t s = 0; s < SERVICES; s++) {
        int st = ask(c, (enum service)s, &all[s], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
        n += all[s].offered > 0;
    }
    if (waiting != MP_OK)
        return waiting;
    check_begin(&c->checks, group, "srv.services");
    for (size_t s = 0; s < SERVICES; s++)
        judge(c, (enum service)s, &all[s]);
    judge_implicit(c, all);
    check_end(&c->checks, -1, "%zu services announced", n);
    return MP_OK;
}
