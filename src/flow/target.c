/* The words for what is to be probed: names, addresses, URLs, paths. */
#include "flow/target.h"

#include "base/idna.h"

enum { TARGET_TEXT_MAX = 1024, TARGET_PATH_MAX = 107 /* sun_path of unix(7) with its NUL */ };
enum { SMTP_PORT = 25, LMTP_PORT = 24, SMTPS_PORT = 465, SUBMISSION_PORT = 587 };

static const struct scheme {
    struct str name;
    uint16_t port;
    enum target_tls tls;
    bool lmtp, submission, is_socket;
} schemes[] = {
    {STR_INIT("smtp"), SMTP_PORT, TARGET_TLS_AUTO, false, false, false},
    {STR_INIT("smtp+starttls"), SMTP_PORT, TARGET_TLS_STARTTLS, false, false, false},
    {STR_INIT("smtps"), SMTPS_PORT, TARGET_TLS_IMPLICIT, false, false, false},
    {STR_INIT("submission"), SUBMISSION_PORT, TARGET_TLS_STARTTLS, false, true, false},
    {STR_INIT("submissions"), SMTPS_PORT, TARGET_TLS_IMPLICIT, false, true, false}, /* RFC 8314 */
    {STR_INIT("lmtp"), LMTP_PORT, TARGET_TLS_AUTO, true, false, false},
    {STR_INIT("smtp+unix"), SMTP_PORT, TARGET_TLS_AUTO, false, false, true},
    {STR_INIT("lmtp+unix"), LMTP_PORT, TARGET_TLS_AUTO, true, false, true},
};

static int refuse(struct str text, struct mp_err *err, const char *why)
{
    return mp_fail(err, MP_E_USAGE, 0, "%.*s: %s", STR_ARG(text), why);
}

static int set_path(struct arena *a, struct str path, struct target *t, struct mp_err *err)
{
    if (path.n < 2 || path.p[0] != '/' || str_has(path, '\0'))
        return refuse(t->text, err, "expected the absolute path of a unix socket");
    if (path.n > TARGET_PATH_MAX)
        return refuse(t->text, err, "the path of a unix socket has at most 107 bytes");
    struct str copy = arena_copy(a, path);
    if (copy.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a target");
    t->kind = TARGET_SOCKET;
    t->path = copy.p;
    return MP_OK;
}

/* "[192.0.2.1]", "[2001:db8::1]", and the address literal of SMTP, "[IPv6:2001:db8::1]". */
static bool read_literal(struct str s, struct ip *out)
{
    s = str_slice(s, 1, s.n - 1);
    return ip_parse(str_istarts(s, STR("IPv6:")) ? str_slice(s, STR("IPv6:").n, s.n) : s, out);
}

/* Cut the port off the host; false: what stands behind the colon is none. */
static bool cut_port(struct str *host, struct target *t)
{
    size_t bracket = str_rfind(*host, ']'), colon = str_rfind(*host, ':');
    uint64_t port;
    bool is_bracketed = host->n > 0 && host->p[0] == '[' && bracket < host->n;
    if (colon == host->n || (is_bracketed && colon < bracket))
        return true;
    if (!is_bracketed && str_find(*host, ':') != colon) /* an IPv6 address without brackets */
        return true;
    if (!str_to_u64(str_slice(*host, colon + 1, host->n), UINT16_MAX, &port) || port == 0)
        return false;
    *host = str_slice(*host, 0, colon);
    t->port = (uint16_t)port;
    t->port_given = true;
    return true;
}

static bool is_number(struct str label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!is_digit(label.p[i]))
            return false;
    return label.n > 0;
}

static int set_name(struct arena *a, struct str host, struct target *t, struct mp_err *err)
{
    if (host.n > TARGET_TEXT_MAX || !idna_to_ascii(a, host, &t->name) || !domain_is_ldh(t->name))
        return refuse(t->text, err, "is no domain, host, address or URL that could be probed");
    if (is_number(domain_tail(t->name, 1)))
        return refuse(t->text, err, "looks like an IP address, but is none");
    return MP_OK;
}

static int set_host(struct arena *a, struct str host, struct target *t, struct mp_err *err)
{
    if (host.n == 0)
        return refuse(t->text, err, "the host is missing");
    if (str_has(host, '@'))
        return refuse(t->text, err, "is a mailbox: probe its domain, with --to for the mailbox");
    if (!cut_port(&host, t))
        return refuse(t->text, err, "expected a port from 1 to 65535 behind the colon");
    bool is_literal = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (is_literal ? read_literal(host, &t->ip) : ip_parse(host, &t->ip)) {
        t->kind = TARGET_ADDRESS;
        return MP_OK;
    }
    if (is_literal || str_has(host, ':') || str_has(host, '['))
        return refuse(t->text, err, "what stands there for an IP address is none");
    t->kind = t->port_given ? TARGET_HOST : TARGET_DOMAIN;
    return set_name(a, host, t, err);
}

static int parse_url(struct arena *a, struct str scheme, struct str rest, struct target *t,
                     struct mp_err *err)
{
    const struct scheme *s = NULL;
    for (size_t i = 0; s == NULL && i < ARRAY_LEN(schemes); i++)
        if (str_ieq(schemes[i].name, scheme))
            s = &schemes[i];
    if (s == NULL)
        return refuse(t->text, err,
                      "expected smtp, smtp+starttls, smtps, submission, submissions, lmtp, "
                      "smtp+unix or lmtp+unix before ://");
    t->port = s->port;
    t->tls = s->tls;
    t->lmtp = s->lmtp;
    t->submission = s->submission;
    if (s->is_socket)
        return set_path(a, rest, t, err);
    if (rest.n > 0 && rest.p[rest.n - 1] == '/')
        rest.n--;
    if (str_has(rest, '/') || str_has(rest, '?') || str_has(rest, '#'))
        return refuse(t->text, err, "a URL of a mail server ends with its host and port");
    int st = set_host(a, rest, t, err);
    if (st == MP_OK && t->kind == TARGET_DOMAIN)
        t->kind = TARGET_HOST;
    return st;
}

int target_parse(struct arena *a, struct str text, struct target *out, struct mp_err *err)
{
    struct target t = {.text = arena_copy(a, str_slice(text, 0, TARGET_TEXT_MAX)),
                       .port = SMTP_PORT};
    size_t colon = str_search(text, STR("://"));
    int st;
    if (t.text.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a target");
    if (text.n > TARGET_TEXT_MAX)
        return refuse(t.text, err, "a target has at most 1024 bytes");
    if (text.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "the target is empty");
    if (colon < text.n)
        st = parse_url(a, str_slice(text, 0, colon), str_slice(text, colon + 3, text.n), &t, err);
    else if (text.p[0] == '/')
        st = set_path(a, text, &t, err);
    else
        st = set_host(a, text, &t, err);
    if (st == MP_OK)
        *out = t;
    return st;
}
