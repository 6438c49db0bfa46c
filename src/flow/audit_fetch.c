/* Facts of an audit: a file over HTTPS, and what an MX host shows on port 25. */
#include "flow/audit_internal.h"

#include "base/clock.h"
#include "io/https.h"
#include "io/smtp_client.h"

static void fetch_https(struct audit_fact *f)
{
    const struct audit_options *o = f->options;
    struct https_reply reply;
    struct mp_err err = {0};
    struct https_request request = {.url = f->question.key,
                                    .addresses = f->addresses,
                                    .n_addresses = f->n_addresses,
                                    .port_override = o->https_port,
                                    .ca_file = o->ca_file,
                                    .max_bytes = HTTPS_MAX_BYTES,
                                    .allow_private = o->allow_private_https,
                                    .deadline_us = f->deadline_us};
    if (https_get(&f->arena, &request, &reply, &err) != MP_OK) {
        f->https = (struct https_fact){.fault = "error",
                                       .temporary = true,
                                       .reason = arena_copy(&f->arena, str_from(err.text))};
        return;
    }
    f->https =
        (struct https_fact){.fetched = reply.fault == HTTPS_OK,
                            .fault = reply.fault == HTTPS_OK ? "" : https_fault_name(reply.fault),
                            .certificate = reply.fault == HTTPS_CERTIFICATE,
                            .temporary = reply.fault == HTTPS_TIMEOUT ||
                                         reply.fault == HTTPS_CONNECT ||
                                         (reply.fault == HTTPS_STATUS && reply.status >= 500),
                            .status = reply.status,
                            .body = reply.body,
                            .content_type = reply.content_type,
                            .reason = reply.reason,
                            .cert_not_after_s = reply.cert_not_after_s};
}

static void take_reply(struct smtp_fact *fact, const struct smtp_client *c, const char *word)
{
    fact->fault = word;
    fact->temporary = smtp_reply_temporary(&c->last);
    fact->reason = c->last.text;
}

/* One conversation: banner, EHLO, STARTTLS. True: the host answered, the fact is whole. */
static bool talk(struct audit_fact *f, struct smtp_client *c, const struct ip *ip)
{
    const struct audit_options *o = f->options;
    struct smtp_fact *fact = &f->smtp;
    struct mp_err err = {0};
    struct smtp_client_config config = {
        .target = {.ip = *ip, .port = o->posture.smtp_port},
        .tls = o->tls,
        .sni = f->question.key,
        .helo = o->helo,
        .deadline_us = f->deadline_us,
        .now_s = o->now_s,
    };
    fact->ip = *ip;
    int st = smtp_open(c, &config, &f->arena, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last)) {
        take_reply(fact, c, "refused-by-banner");
        return false;
    }
    if (st == MP_OK)
        st = smtp_ehlo(c, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last)) {
        take_reply(fact, c, "refused-ehlo");
        return false;
    }
    bool answered = st == MP_OK;
    if (answered) {
        fact->greeting_name = c->ehlo.greeting_name;
        fact->starttls = (c->ehlo.extensions & SMTP_EXT_STARTTLS) != 0;
        if (fact->starttls)
            st = smtp_starttls(c, &err);
        fact->tls = c->tls;
    }
    fact->answered = answered;
    fact->fault = st == MP_OK ? "" : smtp_fault_name(c->fault);
    fact->temporary = c->fault == SMTP_FAULT_TIMEOUT || c->fault == SMTP_FAULT_UNREACHABLE;
    if (st != MP_OK)
        fact->reason = arena_copy(&f->arena, str_from(err.text));
    return answered;
}

static void fetch_smtp(struct audit_fact *f)
{
    f->smtp = (struct smtp_fact){.fault = "no-address",
                                 .temporary = f->dns_failed,
                                 .reason = STR("it has no address")};
    for (size_t i = 0; i < f->n_addresses; i++) {
        struct smtp_client c = {0};
        bool done = talk(f, &c, &f->addresses[i]);
        smtp_quit(&c);
        if (done)
            return;
    }
}

void audit_fetch(struct audit_fact *f)
{
    if (f->question.kind == FACT_HTTPS)
        fetch_https(f);
    else
        fetch_smtp(f);
}
