/* One GET by libcurl: our addresses, our trust, no redirect, no proxy, bounded in time and bytes.
 */
#include "io/https.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/idna.h"
#include "crypto/x509.h"
#include "io/ip_special.h"
#include "io/quiet.h"

enum {
    HEADERS_MAX_BYTES = 64 * 1024,
    ROUTE_MAX_BYTES = 2048 /* "host:port:address,address,..." for libcurl */
};

struct fetch {
    struct arena *arena;
    const struct https_request *req;
    CURL *curl;
    CURLU *url;
    struct curl_slist *resolve, *connect_to;
    struct str host; /* A-label form, or an address */
    uint16_t port;
    struct ip addresses[HTTPS_MAX_ADDRESSES]; /* those that may be used */
    size_t n_addresses;
    const char *refused_kind; /* of an address that may not */
    struct buf body;
    size_t header_bytes;
    bool is_literal, no_memory, too_large, headers_too_large, strayed;
    char error[CURL_ERROR_SIZE];
};

const char *https_fault_name(enum https_fault f)
{
    static const char *const names[] = {
        [HTTPS_OK] = "ok",
        [HTTPS_CONNECT] = "connect",
        [HTTPS_TIMEOUT] = "timeout",
        [HTTPS_CERTIFICATE] = "certificate",
        [HTTPS_TLS] = "tls",
        [HTTPS_TOO_LARGE] = "too-large",
        [HTTPS_REDIRECT] = "redirect",
        [HTTPS_STATUS] = "status",
        [HTTPS_PRIVATE] = "private-address",
        [HTTPS_OTHER] = "other",
    };
    return (size_t)f < ARRAY_LEN(names) ? names[f] : "?";
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void start_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the URL ---- */

static int bad_url(const struct fetch *f, struct mp_err *err, const char *why)
{
    struct str url = f->req->url;
    if (f->no_memory)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a URL");
    return mp_fail(err, MP_E_USAGE, 0, "URL " STR_FMT ": %s", STR_ARG(str_slice(url, 0, 300)), why);
}

/* One part in the arena; p == NULL when the URL has none. */
static struct str url_part(struct fetch *f, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(f->url, part, &text, flags) != CURLUE_OK)
        return STR_NONE;
    struct str out = arena_copy(f->arena, str_from(text));
    f->no_memory = f->no_memory || out.p == NULL;
    curl_free(text);
    return out;
}

/* libcurl must get the very host that we checked: it would map other spellings by itself. */
static int take_host(struct fetch *f, struct mp_err *err)
{
    struct str host = url_part(f, CURLUPART_HOST, 0), name;
    struct ip literal;
    bool in_brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (host.n == 0)
        return bad_url(f, err, "it has no host");
    if (ip_parse_keep_mapped(in_brackets ? str_slice(host, 1, host.n - 1) : host, &literal)) {
        f->host = host;
        f->addresses[0] = literal;
        f->is_literal = true;
        return MP_OK;
    }
    if (!idna_to_ascii(f->arena, host, &name) || !domain_is_ldh(name))
        return bad_url(f, err, "its host is no domain name");
    f->host = arena_copy(f->arena, name);
    if (f->host.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a URL");
    if (curl_url_set(f->url, CURLUPART_HOST, f->host.p, 0) != CURLUE_OK)
        return bad_url(f, err, "its host cannot be used");
    return MP_OK;
}

static int take_url(struct fetch *f, struct mp_err *err)
{
    struct str url = f->req->url, text = arena_copy(f->arena, url);
    uint64_t port = 0;
    if (text.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a URL");
    if (str_has(url, '\0') || !str_istarts(url, STR("https://")))
        return bad_url(f, err, "only https is fetched");
    if (str_istarts(url, STR("https:///")) ||
        curl_url_set(f->url, CURLUPART_URL, text.p, 0) != CURLUE_OK)
        return bad_url(f, err, "it is broken");
    if (url_part(f, CURLUPART_USER, 0).p != NULL || url_part(f, CURLUPART_PASSWORD, 0).p != NULL)
        return bad_url(f, err, "user names and passwords are not sent");
    if (!str_to_u64(url_part(f, CURLUPART_PORT, CURLU_DEFAULT_PORT), 65535, &port) || port == 0)
        return bad_url(f, err, "its port is none");
    f->port = (uint16_t)port;
    return take_host(f, err);
}

/* ---- addresses ---- */

/* Keep what may be connected to: all when private ones are allowed. */
static void take_addresses(struct fetch *f)
{
    const struct ip *from = f->req->addresses;
    size_t n = f->req->n_addresses;
    struct ip literal = f->addresses[0];
    if (f->is_literal) { /* the URL names it: then that one alone */
        from = &literal;
        n = 1;
    }
    for (size_t i = 0; i < n && f->n_addresses < HTTPS_MAX_ADDRESSES; i++) {
        const char *kind = f->req->allow_private ? NULL : ip_special(&from[i]);
        if (kind == NULL && from[i].family != IP_NONE)
            f->addresses[f->n_addresses++] = from[i];
        else
            f->refused_kind = kind;
    }
}

static bool same_address(const struct ip *ip, const struct sockaddr *to)
{
    if (ip->family == IP_V4 && to->sa_family == AF_INET)
        return memcmp(ip->octets, &((const struct sockaddr_in *)(const void *)to)->sin_addr, 4) ==
               0;
    if (ip->family == IP_V6 && to->sa_family == AF_INET6)
        return memcmp(ip->octets, &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr,
                      16) == 0;
    return false;
}

/* The last word on where we connect to, whatever libcurl made of the URL. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct fetch *f = ctx;
    (void)purpose;
    for (size_t i = 0; i < f->n_addresses; i++)
        if (same_address(&f->addresses[i], &to->addr))
            return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    f->strayed = true;
    return CURL_SOCKET_BAD;
}

/* libcurl's own resolver is never asked: the name has our addresses. */
static bool set_route(struct fetch *f)
{
    struct buf text;
    uint16_t port = f->req->port_override != 0 ? f->req->port_override : f->port;
    buf_init(&text, ROUTE_MAX_BYTES);
    buf_addf(&text, STR_FMT ":%u:" STR_FMT ":%u", STR_ARG(f->host), f->port, STR_ARG(f->host),
             port);
    buf_addc(&text, '\0');
    f->connect_to = text.failed ? NULL : curl_slist_append(NULL, text.p);
    if (f->is_literal) { /* nothing to resolve */
        buf_clear(&text);
        return f->connect_to != NULL;
    }
    buf_reset(&text);
    buf_addf(&text, STR_FMT ":%u:", STR_ARG(f->host), port);
    for (size_t i = 0; i < f->n_addresses; i++) {
        char address[IP_TEXT_MAX];
        ip_write(&f->addresses[i], address);
        buf_addf(&text, f->addresses[i].family == IP_V6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
                 address);
    }
    buf_addc(&text, '\0');
    f->resolve = text.failed ? NULL : curl_slist_append(NULL, text.p);
    buf_clear(&text);
    return f->connect_to != NULL && f->resolve != NULL;
}

/* ---- bytes that come ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct fetch *f = ctx;
    buf_add(&f->body, str_make(bytes, size * n));
    f->too_large = f->body.failed;
    return f->too_large ? 0 : size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct fetch *f = ctx;
    (void)bytes;
    f->header_bytes += size * n;
    f->headers_too_large = f->header_bytes > HEADERS_MAX_BYTES;
    return f->headers_too_large ? 0 : size * n;
}

/* ---- settings ---- */

static CURLcode set_rules(struct fetch *f)
{
    CURL *c = f->curl;
    CURLcode st = curl_easy_setopt(c, CURLOPT_CURLU, f->url);
    st = st ? st : curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    st = st ? st : curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not even from the environment */
    st = st ? st : curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    st = st ? st : curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_USERAGENT, "mailproof/" MP_VERSION);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
    if (f->req->ca_file != NULL) {
        st = st ? st : curl_easy_setopt(c, CURLOPT_CAINFO, f->req->ca_file);
        st = st ? st : curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    return st;
}

static CURLcode set_transfer(struct fetch *f, int64_t left_ms)
{
    CURL *c = f->curl;
    long limit_ms = left_ms > INT32_MAX ? INT32_MAX : (long)left_ms;
    CURLcode st = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_RESOLVE, f->resolve);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CONNECT_TO, f->connect_to);
    st = st ? st : curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    st = st ? st : curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
    st = st ? st : curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->error);
    return st;
}

/* ---- what came of it ---- */

static void say(struct fetch *f, struct https_reply *out, enum https_fault fault, const char *what,
                const char *detail)
{
    out->fault = fault;
    out->reason = arena_fmt(f->arena, STR_FMT ": %s%s%s", STR_ARG(f->host), what,
                            detail[0] != '\0' ? ": " : "", detail);
}

/* libcurl has one code for every distrust; its text tells them apart. */
static void say_certificate(struct fetch *f, struct https_reply *out)
{
    static const char prefix[] = "SSL certificate problem: ";
    struct str text = str_from(f->error);
    if (str_search(text, STR("subject name")) < text.n ||
        str_search(text, STR("host name")) < text.n)
        say(f, out, HTTPS_CERTIFICATE, "the certificate is for another name", "");
    else
        say(f, out, HTTPS_CERTIFICATE, "the certificate is not trusted",
            str_starts(text, str_from(prefix)) ? f->error + sizeof prefix - 1 : f->error);
}

static void judge_transfer(struct fetch *f, CURLcode st, struct https_reply *out)
{
    const char *detail = f->error[0] != '\0' ? f->error : curl_easy_strerror(st);
    if (f->too_large || f->headers_too_large)
        say(f, out, HTTPS_TOO_LARGE, "it sends more than is taken",
            f->too_large ? "the body has no end" : "the header has no end");
    else if (f->strayed)
        say(f, out, HTTPS_PRIVATE, "another address than its own would have been connected to", "");
    else
        switch (st) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
            say(f, out, HTTPS_CONNECT, "no connection", detail);
            return;
        case CURLE_OPERATION_TIMEDOUT:
            say(f, out, HTTPS_TIMEOUT, "no whole answer in time", "");
            return;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
            say_certificate(f, out);
            return;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_SHUTDOWN_FAILED:
            say(f, out, HTTPS_TLS, "TLS failed", detail);
            return;
        case CURLE_FILESIZE_EXCEEDED:
            say(f, out, HTTPS_TOO_LARGE, "it sends more than is taken", "");
            return;
        default:
            say(f, out, HTTPS_OTHER, "the transfer failed", detail);
            return;
        }
}

static void judge_status(struct fetch *f, struct https_reply *out)
{
    char detail[64];
    snprintf(detail, sizeof detail, "it answers %u", out->status);
    if (out->status >= 300 && out->status < 400)
        say(f, out, HTTPS_REDIRECT, "a redirect, which is not followed", detail);
    else if (out->status != 200)
        say(f, out, HTTPS_STATUS, "not the file, but a refusal", detail);
}

static int64_t certificate_end(struct fetch *f)
{
    struct curl_certinfo *info = NULL;
    struct str *ders;
    size_t n;
    struct x509_facts facts;
    if (curl_easy_getinfo(f->curl, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next)
        if (str_starts(str_from(line->data), STR("Cert:")) &&
            x509_read_pem(f->arena, str_from(line->data + 5), &ders, &n, NULL) == MP_OK && n > 0 &&
            x509_read(f->arena, ders[0], &facts, NULL) == MP_OK)
            return facts.not_after_s;
    return 0;
}

static int take_answer(struct fetch *f, CURLcode st, struct https_reply *out, struct mp_err *err)
{
    long status = 0;
    const char *type = NULL;
    if (curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0)
        out->status = (unsigned)status;
    if (curl_easy_getinfo(f->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
        out->content_type = arena_copy(f->arena, str_from(type));
    out->cert_not_after_s = certificate_end(f);
    if (st != CURLE_OK)
        judge_transfer(f, st, out);
    else
        judge_status(f, out);
    out->body = arena_copy(f->arena, buf_str(&f->body));
    if (out->body.p == NULL || (out->fault != HTTPS_OK && out->reason.p == NULL))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a file of %zu bytes", f->body.n);
    return MP_OK;
}

/* A server that leaves may cost us SIGPIPE in some builds of libcurl. */
static CURLcode perform(CURL *curl)
{
    struct quiet q;
    quiet_begin(&q);
    CURLcode st = curl_easy_perform(curl);
    quiet_end(&q);
    return st;
}

static int run(struct fetch *f, struct https_reply *out, struct mp_err *err)
{
    int st = take_url(f, err);
    if (st != MP_OK)
        return st;
    take_addresses(f);
    int64_t left_us = f->req->deadline_us - clock_mono_us();
    if (f->n_addresses == 0) {
        if (f->refused_kind != NULL)
            say(f, out, HTTPS_PRIVATE, "its address is not public, and is not connected to",
                f->refused_kind);
        else
            say(f, out, HTTPS_CONNECT, "it has no address", "");
    } else if (left_us <= 0) {
        say(f, out, HTTPS_TIMEOUT, "no time is left to ask it", "");
    } else if (!set_route(f) || set_rules(f) != CURLE_OK ||
               set_transfer(f, (left_us + 999) / 1000) != CURLE_OK) {
        return mp_fail(err, MP_E_NOMEM, 0, "libcurl takes no settings: no memory");
    } else {
        return take_answer(f, perform(f->curl), out, err);
    }
    return out->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

int https_get(struct arena *a, const struct https_request *req, struct https_reply *out,
              struct mp_err *err)
{
    struct fetch f = {.arena = a, .req = req};
    struct https_reply reply = {.fault = HTTPS_OK};
    int64_t started_us = clock_mono_us();
    size_t max_bytes = req->max_bytes - 1 < HTTPS_MAX_BYTES ? req->max_bytes : HTTPS_MAX_BYTES;
    pthread_once(&curl_once, start_curl);
    buf_init(&f.body, max_bytes);
    f.curl = curl_ready == CURLE_OK ? curl_easy_init() : NULL;
    f.url = curl_url();
    int st = f.curl == NULL || f.url == NULL ? mp_fail(err, MP_E_NOMEM, 0, "libcurl does not start")
                                             : run(&f, &reply, err);
    curl_easy_cleanup(f.curl);
    curl_url_cleanup(f.url);
    curl_slist_free_all(f.resolve);
    curl_slist_free_all(f.connect_to);
    buf_clear(&f.body);
    reply.elapsed_us = clock_mono_us() - started_us;
    if (st == MP_OK)
        *out = reply;
    return st;
}
