/* Aggregate reports of a day: each domain asked who wants them, and sent once to each. */
#include "arrival/reports.h"
#include "base/clock.h"
#include "base/idna.h"
#include "flow/flow_dns.h"

enum { DOMAIN_ARENA_BYTES = 512 << 20, LIST_ARENA_BYTES = 64 << 20 };

const char *reports_step_name(enum reports_step s)
{
    static const char *const names[REPORTS_STEP_COUNT] = {"sent",    "already",   "nobody",
                                                          "refused", "too-large", "undecided",
                                                          "failed"};
    return s < REPORTS_STEP_COUNT ? names[s] : "?";
}

struct sending {
    const struct reports_outbox *o;
    size_t *counts;
    struct arena arena; /* of one domain */
    struct str domain;
    struct mp_err *err;
};

static void tell(struct sending *s, enum reports_step step, struct str address, struct str why)
{
    s->counts[step]++;
    if (s->o->told != NULL)
        s->o->told(s->o->ctx, step, s->domain, address, why);
}

/* ---- who wants it ---- */

static int find_destinations(struct sending *s, struct report_destinations *out)
{
    struct auth_config config;
    const struct dns_source *source = s->o->dns;
    struct flow_dns dns = {.source = source};
    unsigned wait_ms = source->deadline_ms != 0 ? source->deadline_ms : RUN_DEADLINE_MS;
    auth_config_init(&config);
    dns.deadline_us = clock_mono_us() + (int64_t)wait_ms * 1000;
    dns.view = flow_dns_view(source, &s->arena);
    if (dns.view == NULL)
        return mp_fail(s->err, MP_E_NOMEM, 0, "no memory for DNS");
    struct auth_ctx ctx = {
        .arena = &s->arena, .dns = dns.view, .config = &config, .now_s = s->o->now_s};
    int st;
    while ((st = report_destinations_find(&ctx, s->domain, out, s->err)) == MP_WAIT)
        if ((st = flow_dns_fill(&dns, s->err)) != MP_OK)
            break;
    for (size_t i = 0; st == MP_OK && i < out->n; i++) { /* the view goes */
        struct report_destination *d = &out->items[i];
        d->uri = arena_copy(&s->arena, d->uri);
        if (d->uri.p == NULL)
            st = mp_fail(s->err, MP_E_NOMEM, 0, "no memory for a destination");
    }
    dns_view_release(dns.view);
    return st;
}

/* ---- one report ---- */

static int give(struct sending *s, const struct report_destination *d, struct dmarc_aggregate *r)
{
    const struct reports_outbox *o = s->o;
    struct report_mail mail;
    struct str why = STR("");
    bool taken = false;
    int st = report_compose(&s->arena, &o->sender, r, d->address, o->now_s, &mail, s->err);
    if (st == MP_E_LIMIT) {
        tell(s, REPORTS_TOO_LARGE, d->address, str_from(s->err->text));
        return MP_OK;
    }
    if (st != MP_OK)
        return st;
    if (d->max_bytes != 0 && mail.bytes.n > d->max_bytes) {
        tell(s, REPORTS_TOO_LARGE, d->address, STR("larger than the address takes"));
    } else {
        st = o->send(o->ctx, &s->arena, d, &mail, &taken, &why, s->err);
        if (st == MP_OK && taken && o->mark)
            st = feedback_seen_mark_sent(o->store, o->day_s, s->domain, d->address, mail.report_id,
                                         o->now_s, s->err);
        if (st == MP_OK)
            tell(s, taken ? REPORTS_SENT : REPORTS_FAILED, d->address, why);
    }
    report_mail_clear(&mail);
    return st;
}

static int serve(struct sending *s, const struct report_destination *d, struct dmarc_aggregate *r)
{
    bool sent = false;
    if (d->state == DESTINATION_UNDECIDED)
        tell(s, REPORTS_UNDECIDED, d->address, d->reason);
    else if (d->state != DESTINATION_OK)
        tell(s, REPORTS_REFUSED, d->address.n > 0 ? d->address : d->uri, d->reason);
    if (d->state != DESTINATION_OK)
        return MP_OK;
    int st = feedback_seen_is_sent(s->o->store, s->o->day_s, s->domain, d->address, &sent, s->err);
    if (st == MP_OK && sent && s->o->mark)
        tell(s, REPORTS_ALREADY, d->address, STR(""));
    else if (st == MP_OK)
        st = give(s, d, r);
    return st;
}

static int send_domain(struct sending *s)
{
    struct report_destinations to = {0};
    struct dmarc_aggregate r;
    int st = find_destinations(s, &to);
    if (st == MP_OK && (to.undecided || to.n == 0)) {
        tell(s, to.undecided ? REPORTS_UNDECIDED : REPORTS_NOBODY, STR(""),
             to.undecided    ? STR("its DMARC record cannot be had")
             : to.has_record ? STR("no rua= in its record")
                             : STR("no DMARC record"));
        return MP_OK;
    }
    if (st == MP_OK)
        st = feedback_seen_rows(s->o->store, s->o->day_s, s->domain, &s->arena, &r, s->err);
    for (size_t i = 0; st == MP_OK && i < to.n; i++)
        st = serve(s, &to.items[i], &r);
    return st;
}

int reports_send(const struct reports_outbox *o, size_t counts[REPORTS_STEP_COUNT],
                 struct mp_err *err)
{
    struct sending s = {.o = o, .counts = counts, .err = err};
    struct feedback_day_domain_list list = {0};
    struct arena names = {0};
    arena_init(&s.arena, DOMAIN_ARENA_BYTES);
    arena_init(&names, LIST_ARENA_BYTES);
    int st = report_sender_check(&s.arena, &o->sender, err);
    if (st == MP_OK)
        st = feedback_seen_domains(o->store, o->day_s, &names, &list, err);
    for (size_t i = 0; st == MP_OK && i < list.n; i++) {
        s.domain = list.items[i].domain;
        if (o->only.n > 0 && !domain_eq(o->only, s.domain))
            continue;
        arena_reset(&s.arena);
        st = send_domain(&s);
    }
    arena_clear(&names);
    arena_clear(&s.arena);
    return st;
}
