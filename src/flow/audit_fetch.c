/* Facts of an audit: a file over HTTPS, and what an MX host shows on port 25. */
#include "flow/audit_internal.h"

#include "base/clock.h"
#include "base/idna.h"
#include "io/https.h"
#include "io/smtp_client.h"

/* ---- a file ---- */

/* Only where https_get would ask too: it refuses user names, and takes an address as it stands. */
struct str audit_url_host(struct arena *a, struct str url)
{
    static const struct str ends = STR_INIT("/?#\\");
    struct str host, name;
    struct ip literal;
    size_t n = STR("https://").n, start = n;
    if (!str_istarts(url, STR("https://")))
        return STR("");
    while (n < url.n && !str_has(ends, url.p[n]))
        n++;
    host = str_slice(url, start, n);
    if (str_has(host, '@') || str_has(host, '['))
        return STR("");
    host = str_cut(&host, ':');
    if (ip_parse(host, &literal) || !idna_to_ascii(a, host, &name) || !domain_is_ldh(name))
        return STR("");
    return name;
}

/* Would it be another time? A name that DNS denies, a file that is not there, or a broken URL is
 * the same tomorrow. */
static bool is_temporary(const struct audit_fact *f, const struct https_reply *r)
{
    if (r->fault == HTTPS_CONNECT && f->n_addresses == 0)
        return f->dns_failed;
    return r->fault == HTTPS_TIMEOUT || r->fault == HTTPS_CONNECT ||
           (r->fault == HTTPS_STATUS && r->status >= 500);
}

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
    int st = https_get(&f->arena, &request, &reply, &err);
    if (st != MP_OK) {
        f->https = (struct https_fact){.fault = st == MP_E_USAGE ? "url" : "error",
                                       .temporary = st != MP_E_USAGE,
                                       .reason = arena_copy(&f->arena, str_from(err.text))};
        return;
    }
    f->https =
        (struct https_fact){.fetched = reply.fault == HTTPS_OK,
                            .fault = reply.fault == HTTPS_OK ? "" : https_fault_name(reply.fault),
                            .certificate = reply.fault == HTTPS_CERTIFICATE,
                            .temporary = is_temporary(f, &reply),
                            .status = reply.status,
                            .body = reply.body,
                            .content_type = reply.content_type,
                            .reason = reply.reason,
                            .cert_not_after_s = reply.cert_not_after_s};
}

/* ---- a host ---- */

static void take_refusal(struct smtp_fact *fact, const struct smtp_client *c, const char *word)
{
    fact->fault = word;
    fact->temporary = smtp_reply_temporary(&c->last);
    fact->reason = c->last.text;
}

static void take_fault(struct audit_fact *f, const struct smtp_client *c, const struct mp_err *err)
{
    f->smtp.fault = smtp_fault_name(c->fault);
    f->smtp.temporary = c->fault == SMTP_FAULT_TIMEOUT || c->fault == SMTP_FAULT_UNREACHABLE ||
                        c->fault == SMTP_FAULT_LOCAL;
    f->smtp.reason = arena_copy(&f->arena, str_from(err->text));
}

/* Into TLS, when it is offered; what came of it is in the fact. */
static void look_at_tls(struct audit_fact *f, struct smtp_client *c)
{
    struct smtp_fact *fact = &f->smtp;
    struct mp_err err = {0};
    fact->answered = true;
    fact->fault = "";
    fact->greeting_name = c->ehlo.greeting_name;
    fact->starttls = (c->ehlo.extensions & SMTP_EXT_STARTTLS) != 0;
    if (!fact->starttls)
        return;
    if (smtp_starttls(c, &err) != MP_OK)
        take_fault(f, c, &err);
    else if (!c->has_tls)
        take_refusal(fact, c, "refused-starttls");
    fact->tls = c->tls;
}

/* One conversation: banner, EHLO, STARTTLS. True: the host answered, the fact is whole. */
static bool talk(struct audit_fact *f, struct smtp_client *c, const struct ip *ip,
                 int64_t deadline_us)
{
    const struct audit_options *o = f->options;
    struct smtp_fact *fact = &f->smtp;
    struct mp_err err = {0};
    struct smtp_client_config config = {
        .target = {.ip = *ip, .port = o->posture.smtp_port},
        .tls = o->tls,
        .sni = f->question.key,
        .helo = o->helo,
        .deadline_us = deadline_us,
        .now_s = o->now_s,
    };
    *fact = (struct smtp_fact){.ip = *ip};
    int st = smtp_open(c, &config, &f->arena, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last)) {
        take_refusal(fact, c, "refused-by-banner");
        return false;
    }
    if (st == MP_OK)
        st = smtp_ehlo(c, &err);
    if (st == MP_OK && !smtp_reply_ok(&c->last)) {
        take_refusal(fact, c, "refused-ehlo");
        return false;
    }
    if (st == MP_OK)
        look_at_tls(f, c);
    else
        take_fault(f, c, &err);
    return st == MP_OK;
}

/* Inner hosts are none of a stranger's business: the MX check says that their address is private.
 */
static void leave_out_private(struct audit_fact *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_addresses; i++)
        if (ip_is_public(&f->addresses[i]))
            f->addresses[n++] = f->addresses[i];
    f->smtp.skipped = n == 0 && f->n_addresses > 0;
    f->n_addresses = n;
}

/* Address by address, each with its share of the time that is left. */
static void fetch_smtp(struct audit_fact *f)
{
    bool temporary = f->dns_failed;
    f->smtp = (struct smtp_fact){.fault = "no-address",
                                 .temporary = temporary,
                                 .reason = STR("it has no address")};
    if (!f->options->posture.allow_private)
        leave_out_private(f);
    for (size_t i = 0; i < f->n_addresses; i++) {
        struct smtp_client c = {0};
        int64_t now_us = clock_mono_us(), left_us = f->deadline_us - now_us;
        int64_t share_us = left_us / (int64_t)(f->n_addresses - i);
        bool done = talk(f, &c, &f->addresses[i], now_us + share_us);
        smtp_quit(&c);
        if (done)
            return;
        temporary |= f->smtp.temporary; /* another address may answer another time */
        f->smtp.temporary = temporary;
    }
}

void audit_fetch(struct audit_fact *f)
{
    int64_t own_us = clock_mono_us() + (int64_t)f->options->fact_deadline_ms * 1000;
    f->deadline_us = own_us < f->deadline_us ? own_us : f->deadline_us;
    if (f->question.kind == FACT_HTTPS)
        fetch_https(f);
    else
        fetch_smtp(f);
}
