/* Hosts and sinks: those that the suite names, and those that stand where they are used. */
#include "arrival/arrival.h"
#include "flow/target.h"
#include "suite/suite_internal.h"

/* What the table fills; the rest is decided here. */
struct raw_host {
    struct suite_host host;
    const char *maildir;
    const struct suite_sink *sink;
    struct suite_place auth_at;
};

static const struct word xclient_words[] = {{"allowed", true}, {"never", false}, {NULL, 0}};
static const struct word proxy_words[] = {{"v1", 1}, {"v2", 2}, {NULL, 0}};

#define H(member)  offsetof(struct suite_host, member)
#define HR(member) offsetof(struct raw_host, member)

static const struct key auth_keys[] = {
    {STR_INIT("user"), &type_line, H(user), .required = true, .doc = "The name to log in with."},
    {STR_INIT("password"), &type_secret, H(password), .doc = "Its password, by reference."},
    {STR_INIT("token"), &type_secret, H(token),
     .doc = "A token instead: XOAUTH2 or OAUTHBEARER, or the bearer token of a running sink."},
    {STR_INIT("mech"), &type_mechs, H(mechs), H(n_mechs),
     .doc = "Only these mechanisms; otherwise the strongest that is offered."},
    {STR_INIT("authorize-as"), &type_line, H(authorize_as), .doc = "Act as somebody else."},
    {STR_INIT("plaintext"), &type_bool, H(auth_plaintext),
     .doc = "Also without TLS, with mechanisms that show the secret."},
};
const struct context context_auth = {"auth", "a login", auth_keys, ARRAY_LEN(auth_keys)};

static bool read_auth(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    struct raw_host *raw = (void *)base;
    raw->host.has_auth = true;
    raw->auth_at = n->at;
    return decode(d, n, k->context, &raw->host);
}
static const struct value_type type_auth = {"mapping", NULL, read_auth};

static const struct key host_keys[] = {
    {STR_INIT("url"), &type_url, H(url),
     .doc = "`smtp://`, `smtp+starttls://`, `smtps://`, `submission://`, `lmtp://`, "
            "`lmtp+unix:///path`, or a domain for its MX hosts; a mailbox is `imaps://`, "
            "`imap://`, `pop3s://`, `pop3://`, or the `http://` of a running sink."},
    {STR_INIT("maildir"), &type_path, HR(maildir), .doc = "A Maildir instead of a URL."},
    {STR_INIT("sink"), &type_sink, HR(sink), .doc = "A sink of this suite instead of a URL."},
    {STR_INIT("auth"), &type_auth, .context = &context_auth, .doc = "How to log in."},
    {STR_INIT("folders"), &type_lines, H(folders), H(n_folders), .max = ARRIVAL_MAX_FOLDERS,
     .doc = "Folders to look into (IMAP, Maildir); otherwise the inbox."},
    {STR_INIT("inbox"), &type_line, H(inbox), .doc = "The disposable inbox of a running sink."},
    {STR_INIT("xclient"), &type_bool, H(xclient), .words = xclient_words,
     .doc = "`allowed`: the server trusts our XCLIENT, so tests may use `as` here."},
    {STR_INIT("helo"), &type_line, H(helo), .doc = "Our name in EHLO."},
    {STR_INIT("proxy"), &type_enum, H(proxy.version), .words = proxy_words,
     .doc = "Begin with a PROXY header; its source is the address of `as`."},
    {STR_INIT("local"), &type_ip, H(local), .doc = "The address that we connect from."},
    {STR_INIT("ca"), &type_path, H(ca_file), .doc = "Anchors of trust, PEM."},
    {STR_INIT("tls-verify"), &type_bool, H(tls_verify),
     .doc = "Send nothing unless the certificate verifies for the host."},
    {STR_INIT("insecure"), &type_bool, H(insecure),
     .doc = "Do not verify the certificate of a mailbox; for tests only."},
    {STR_INIT("require-tls"), &type_bool, H(require_tls), .doc = "No mailbox without TLS."},
    {STR_INIT("authserv-id"), &type_line, H(authserv_id),
     .doc = "Believe the Authentication-Results of this name in that mailbox."},
};
const struct context context_host = {"host", "a host", host_keys, ARRAY_LEN(host_keys)};

/* ---- what a host is ---- */

static bool has_scheme(struct str url, const char *const *schemes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_istarts(url, str_from(schemes[i])))
            return true;
    return false;
}

static bool is_mailbox_url(struct str url)
{
    static const char *const schemes[] = {"imap://",  "imaps://", "pop3://", "pop3s://",
                                          "maildir:", "http://",  "https://"};
    return has_scheme(url, schemes, ARRAY_LEN(schemes));
}

static bool check_mailbox(struct decoder *d, const struct suite_host *h, bool unset)
{
    struct mailbox_config c = {.url = h->url,
                               .user = h->user,
                               .password = h->password,
                               .token = h->token,
                               .folders = h->folders,
                               .n_folders = h->n_folders,
                               .inbox = h->inbox};
    struct mailbox_reader *m = NULL;
    struct mp_err err = {0};
    if (unset || !d->reading)
        return true;
    int st = mailbox_open(&c, 0, &m, &err);
    mailbox_close(m);
    if (st != MP_OK)
        problem(d, &h->at, "%s", err.text);
    return st == MP_OK;
}

static bool check_server(struct decoder *d, const struct suite_host *h)
{
    struct target target;
    struct mp_err err = {0};
    if (target_parse(d->arena, h->url, &target, &err) == MP_OK)
        return true;
    problem(d, &h->at, "%s", err.text);
    return false;
}

static bool check_login(struct decoder *d, const struct raw_host *raw)
{
    const struct suite_host *h = &raw->host;
    if (!raw->host.has_auth || (h->password.n > 0) != (h->token.n > 0))
        return true;
    problem(d, &raw->auth_at,
            h->password.n > 0 ? "a login has a password or a token, not both"
                              : "a login needs a password or a token");
    return false;
}

static bool finish_host(struct decoder *d, struct raw_host *raw, struct str name)
{
    struct suite_host *h = &raw->host;
    int ways = (h->url.n > 0) + (raw->maildir != NULL) + (raw->sink != NULL);
    bool unset = d->suite->has_unset; /* then a mailbox may lack what it needs */
    if (ways != 1) {
        problem(d, &h->at, "a host is one of 'url', 'maildir' and 'sink'");
        return false;
    }
    if (raw->maildir != NULL) {
        h->url = arena_fmt(d->arena, "maildir:%s", raw->maildir);
        if (h->url.p == NULL)
            return out_of_memory(d) == MP_OK;
    }
    h->sink = raw->sink;
    h->name = name.n > 0 ? name : raw->sink != NULL ? raw->sink->name : h->url;
    h->kind = raw->sink != NULL        ? SUITE_HOST_SINK
              : is_mailbox_url(h->url) ? SUITE_HOST_MAILBOX
                                       : SUITE_HOST_SERVER;
    if (!check_login(d, raw))
        return false;
    if (h->kind == SUITE_HOST_MAILBOX)
        return check_mailbox(d, h, unset);
    unset = str_search(h->url, STR("${")) < h->url.n;
    return h->kind == SUITE_HOST_SINK || unset || check_server(d, h);
}

bool host_make(struct decoder *d, const struct node *n, struct str name, struct suite_host *out)
{
    struct raw_host raw = {.host.at = n->at};
    bool ok = decode(d, n, &context_host, &raw) && finish_host(d, &raw, name);
    *out = raw.host; /* as far as it goes: another mistake in its users is still found */
    return ok;
}

/* ---- hosts where they are used ---- */

static bool unknown_host(struct decoder *d, const struct node *n, struct str name)
{
    struct nearest nearest = {.wanted = name};
    for (size_t i = 0; i < d->suite->n_hosts; i++)
        nearest_try(&nearest, d->source->hosts[i].name);
    for (size_t i = 0; i < d->suite->n_sinks; i++)
        nearest_try(&nearest, d->source->sinks[i].name);
    problem_unknown(d, &n->at, "host", &nearest);
    return false;
}

static bool host_by_name(struct decoder *d, const struct node *n, struct str name,
                         const struct suite_host **out)
{
    struct suite_source *s = d->source;
    for (size_t i = 0; i < d->suite->n_hosts; i++)
        if (str_eq(s->hosts[i].name, name)) {
            if (d->reading)
                s->host_used[i] = true;
            *out = &s->hosts[i];
            return true;
        }
    for (size_t i = 0; i < d->suite->n_sinks; i++)
        if (str_eq(s->sinks[i].name, name)) {
            if (d->reading)
                s->sink_used[i] = true;
            *out = &s->sink_hosts[i];
            return true;
        }
    return unknown_host(d, n, name);
}

bool host_of(struct decoder *d, const struct node *n, const struct suite_host **out)
{
    struct resolved r;
    struct raw_host raw = {.host.at = n->at};
    if (n->kind == NODE_SCALAR) {
        if (!take_shown(d, n, "the name of a host", &r))
            return false;
        if (!r.unset && str_search(r.text, STR("://")) == r.text.n)
            return host_by_name(d, n, r.text, out);
    }
    struct suite_host *h = arena_new(d->arena, struct suite_host, 1);
    if (h == NULL)
        return out_of_memory(d) == MP_OK;
    *out = h;
    if (n->kind != NODE_SCALAR)
        return host_make(d, n, STR_NONE, h);
    static const struct key url_key = {STR_INIT("url"), &type_url, H(url)};
    bool ok = type_url.read(d, n, &url_key, (char *)&raw.host) && finish_host(d, &raw, STR_NONE);
    *h = raw.host;
    return ok;
}

bool sink_of(struct decoder *d, const struct node *n, const struct suite_sink **out)
{
    struct nearest nearest = {0};
    if (!take_text(d, n, "the name of a sink", &nearest.wanted))
        return false;
    for (size_t i = 0; i < d->suite->n_sinks; i++) {
        if (str_eq(d->source->sinks[i].name, nearest.wanted)) {
            if (d->reading)
                d->source->sink_used[i] = true;
            *out = &d->source->sinks[i];
            return true;
        }
        nearest_try(&nearest, d->source->sinks[i].name);
    }
    problem_unknown(d, &n->at, "sink", &nearest);
    return false;
}

/* ---- sinks ---- */

static const struct word tls_words[] = {
    {"auto", SINK_TLS_OFFERED},      {"offered", SINK_TLS_OFFERED},   {"off", SINK_TLS_OFF},
    {"required", SINK_TLS_REQUIRED}, {"implicit", SINK_TLS_IMPLICIT}, {NULL, 0}};
static const struct word sink_auth_words[] = {{"off", SINK_AUTH_OFF},
                                              {"any", SINK_AUTH_ANY},
                                              {NULL, 0}};

struct raw_sink {
    struct suite_sink sink;
    struct str hostname;
    bool lmtp, open;
};
#define S(member) offsetof(struct raw_sink, member)

static const struct key sink_keys[] = {
    {STR_INIT("listen"), &type_listen, S(sink.listener),
     .doc = "Address and port, `unix:/path` for LMTP; otherwise any free port of 127.0.0.1."},
    {STR_INIT("hostname"), &type_line, S(hostname),
     .doc = "Its name in banner and EHLO; otherwise the first of `domains`."},
    {STR_INIT("tls"), &type_enum, S(sink.listener.tls), .words = tls_words,
     .doc = "`auto` and `offered`: STARTTLS is offered; `required`; `implicit`; `off`."},
    {STR_INIT("cert"), &type_path, S(sink.cert_file),
     .doc = "Its certificate, PEM; otherwise one is made."},
    {STR_INIT("key"), &type_path, S(sink.key_file), .doc = "The key of the certificate, PEM."},
    {STR_INIT("domains"), &type_domains, S(sink.domains), S(sink.n_domains),
     .doc = "Domains whose mail ends here: tests may always send to them."},
    {STR_INIT("script"), &type_script, S(sink.script),
     .doc = "How it answers, rule by rule ([sink](sink.md))."},
    {STR_INIT("auth"), &type_enum, S(sink.auth), .words = sink_auth_words,
     .doc = "`any`: AUTH is offered, and every login is right."},
    {STR_INIT("auth-file"), &type_path, S(sink.auth_file),
     .doc = "AUTH is offered to these: `user:password` a line."},
    {STR_INIT("auth-required"), &type_bool, S(sink.auth_required), .doc = "No mail without AUTH."},
    {STR_INIT("lmtp"), &type_bool, S(lmtp), .doc = "Speak LMTP."},
    {STR_INIT("xclient"), &type_bool, S(sink.xclient), .words = xclient_words,
     .doc = "`allowed`: XCLIENT is offered to loopback clients."},
    {STR_INIT("lenient-line-ends"), &type_bool, S(sink.lenient_line_ends),
     .doc = "Take bare CR and LF, which are refused otherwise."},
    {STR_INIT("max-size"), &type_size, S(sink.max_message_bytes),
     .doc = "The longest message it takes."},
    {STR_INIT("open"), &type_bool, S(open),
     .doc = "Let anybody send who reaches a bind wider than loopback."},
};
const struct context context_sink = {"sink", "a sink", sink_keys, ARRAY_LEN(sink_keys)};

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v6 = {.family = IP_V6, .octets = {[15] = 1}};
    return ip->family == IP_V4 ? ip->octets[0] == 127 : ip_eq(ip, &v6);
}

static bool finish_sink(struct decoder *d, struct raw_sink *raw)
{
    struct suite_sink *s = &raw->sink;
    struct sink_listener *l = &s->listener;
    l->lmtp = raw->lmtp;
    if ((s->cert_file == NULL) != (s->key_file == NULL)) {
        problem(d, &s->at, "'cert' and 'key' stand together");
        return false;
    }
    if (s->auth_file != NULL)
        s->auth = SINK_AUTH_FILE;
    if (l->unix_path == NULL && l->ip.family == IP_NONE)
        ip_parse(STR("127.0.0.1"), &l->ip);
    if (l->unix_path != NULL && !raw->lmtp) {
        problem(d, &s->at, "a unix socket speaks LMTP: write 'lmtp: true'");
        return false;
    }
    if (l->unix_path == NULL && !is_loopback(&l->ip) && !raw->open && s->auth != SINK_AUTH_FILE) {
        problem(d, &s->at,
                "this sink listens beyond loopback: it needs 'auth-file', or 'open: true'");
        return false;
    }
    if (raw->hostname.n == 0)
        raw->hostname = s->n_domains > 0 ? s->domains[0] : STR("sink.test");
    struct str hostname = arena_copy(d->arena, raw->hostname);
    s->hostname = hostname.p;
    return hostname.p != NULL || out_of_memory(d) == MP_OK;
}

bool sink_make(struct decoder *d, const struct node *n, struct str name, struct suite_sink *out)
{
    struct raw_sink raw = {.sink.at = n->at, .sink.name = name};
    raw.sink.listener.tls = SINK_TLS_OFFERED;
    bool ok = (node_is_null(n) || decode(d, n, &context_sink, &raw)) && finish_sink(d, &raw);
    *out = raw.sink;
    return ok;
}
