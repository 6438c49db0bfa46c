/* The conversation with the relay: where it is, who it is, what it says to the message. */
#include "capture/relay.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "io/host.h"

enum { RELAY_DEADLINE_MS = 60000 };

int relay_tls_new(const struct capture_relay *r, struct tls_client **out, struct mp_err *err)
{
    return tls_client_new(&(struct tls_settings){.ca_file = r->ca_file}, out, err);
}

/* ---- who it is ---- */

static int check_certificate(const struct capture_relay *r, const struct tls_facts *t,
                             struct mp_err *err)
{
    bool by_cn;
    if (t->pkix != X509_OK)
        return mp_fail(err, MP_E_CRYPTO, (int64_t)t->pkix,
                       "the certificate of the relay %s is not to be trusted (%s): nothing was "
                       "sent",
                       r->host, x509_verdict_name(t->pkix));
    if (!t->has_leaf || !x509_matches(&t->leaf, str_from(r->host), &by_cn))
        return mp_fail(err, MP_E_CRYPTO, 0,
                       "the certificate of the relay %s is for another name: nothing was sent",
                       r->host);
    return MP_OK;
}

static bool refused(const struct smtp_client *s, struct relay_outcome *o)
{
    o->end = s->last;
    return !smtp_reply_ok(&s->last);
}

/* STARTTLS as it is wanted; behind it the relay is who it must be. */
static int secure(struct smtp_client *s, const struct capture_relay *r, struct mp_err *err)
{
    bool must = r->tls == CAPTURE_RELAY_VERIFY;
    int st = MP_OK;
    if ((s->ehlo.extensions & SMTP_EXT_STARTTLS) != 0)
        st = smtp_starttls(s, err);
    else if (must)
        return mp_fail(err, MP_E_CRYPTO, 0, "the relay %s offers no STARTTLS: nothing was sent",
                       r->host);
    if (st != MP_OK || !must)
        return st;
    if (!s->has_tls)
        return mp_fail(err, MP_E_CRYPTO, 0, "the relay %s refuses STARTTLS: nothing was sent",
                       r->host);
    return check_certificate(r, &s->tls, err);
}

/* ---- the message ---- */

static int submit(struct smtp_client *s, const struct relay_mail *m, struct relay_outcome *o,
                  struct mp_err *err)
{
    struct smtp_mail_params mail = {0};
    struct smtp_rcpt_params rcpt = {0};
    int st;
    if (!str_is_ascii(m->raw) && (s->ehlo.extensions & SMTP_EXT_8BITMIME) != 0)
        mail.body = SMTP_BODY_8BITMIME;
    if ((st = smtp_mail(s, m->from, &mail, err)) != MP_OK || refused(s, o))
        return st;
    for (size_t i = 0; i < m->n_to; i++) {
        if ((st = smtp_rcpt(s, m->to[i], &rcpt, err)) != MP_OK)
            return st;
        o->rcpts[i] = o->end = s->last;
        o->n_taken += smtp_reply_ok(&s->last);
    }
    if (o->n_taken == 0)
        return MP_OK;
    st = smtp_data(s, err);
    o->end = s->last;
    if (st != MP_OK || s->last.code != 354) {
        o->n_taken = 0;
        return st;
    }
    st = smtp_message(s, m->raw, false, NULL, 0, err);
    if (st != MP_OK || refused(s, o))
        o->n_taken = 0;
    return st;
}

static int converse(struct smtp_client *s, const struct capture_relay *r,
                    const struct relay_mail *m, struct relay_outcome *o, struct mp_err *err)
{
    int st = MP_OK;
    if (r->tls == CAPTURE_RELAY_IMPLICIT)
        st = check_certificate(r, &s->tls, err);
    if (st != MP_OK || refused(s, o) || (st = smtp_ehlo(s, err)) != MP_OK || refused(s, o))
        return st;
    if (!s->has_tls)
        st = secure(s, r, err);
    return st == MP_OK ? submit(s, m, o, err) : st;
}

/* ---- where it is ---- */

/* The next address may do better. */
static bool not_reached(const struct smtp_client *s)
{
    return s->fault_stage == SMTP_STAGE_CONNECT &&
           (s->fault == SMTP_FAULT_REFUSED || s->fault == SMTP_FAULT_UNREACHABLE ||
            s->fault == SMTP_FAULT_TIMEOUT);
}

int relay_send(const struct capture_relay *r, struct tls_client *tls, struct str helo,
               const struct relay_mail *m, struct arena *a, struct relay_outcome *o,
               struct mp_err *err)
{
    struct ip ips[HOST_MAX_ADDRESSES], literal;
    struct smtp_client s = {0};
    struct smtp_client_config config = {.implicit_tls = r->tls == CAPTURE_RELAY_IMPLICIT,
                                        .tls = tls,
                                        .sni = str_from(r->host),
                                        .helo = helo,
                                        .deadline_us =
                                            clock_mono_us() + (int64_t)RELAY_DEADLINE_MS * 1000,
                                        .now_s = clock_wall_s()};
    size_t n = 0;
    if (ip_parse(config.sni, &literal))
        config.sni = STR("");
    *o = (struct relay_outcome){0};
    int st = host_addresses(r->host, ips, &n, err);
    for (size_t i = 0; i < n; i++) {
        config.target = (struct conn_target){.ip = ips[i], .port = r->port};
        st = smtp_open(&s, &config, a, err);
        if (st == MP_OK || !not_reached(&s) || i + 1 == n)
            break;
        smtp_close(&s);
        s = (struct smtp_client){0};
    }
    if (n > 0) {
        if (st == MP_OK)
            st = converse(&s, r, m, o, err);
        smtp_quit(&s);
        smtp_close(&s);
    }
    return st;
}
