/* What our requests by libcurl have in common: URLs, the guard over addresses, TLS, failures. */
#include "io/curl_trip.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/idna.h"
#include "io/ip_special.h"
#include "io/quiet.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void start_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool curl_trip_open(struct curl_trip *t, struct arena *arena)
{
    *t = (struct curl_trip){.arena = arena};
    pthread_once(&curl_once, start_curl);
    t->curl = curl_ready == CURLE_OK ? curl_easy_init() : NULL;
    t->url = curl_url();
    return t->curl != NULL && t->url != NULL;
}

void curl_trip_close(struct curl_trip *t)
{
    curl_easy_cleanup(t->curl);
    curl_url_cleanup(t->url);
    t->curl = NULL;
    t->url = NULL;
}

/* ---- the URL ---- */

struct url_check {
    struct curl_trip *trip;
    struct str url;
    unsigned rules;
    struct mp_err *err;
};

static int bad_url(const struct url_check *c, const char *why)
{
    if (c->trip->no_memory)
        return mp_fail(c->err, MP_E_NOMEM, 0, "no memory for a URL");
    if ((c->rules & CURL_URL_SECRET) != 0)
        return mp_fail(c->err, MP_E_USAGE, 0, "a URL with a key in it: %s", why);
    return mp_fail(c->err, MP_E_USAGE, 0, "URL " STR_FMT ": %s", STR_ARG(str_slice(c->url, 0, 300)),
                   why);
}

/* One part in the arena; p == NULL when the URL has none. */
static struct str url_part(struct curl_trip *t, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(t->url, part, &text, flags) != CURLUE_OK)
        return STR_NONE;
    struct str out = arena_copy(t->arena, str_from(text));
    t->no_memory = t->no_memory || out.p == NULL;
    curl_free(text);
    return out;
}

/* libcurl must get the very host that we checked: it would map other spellings by itself. */
static int take_host(const struct url_check *c)
{
    struct curl_trip *t = c->trip;
    struct str host = url_part(t, CURLUPART_HOST, 0), name;
    struct ip literal;
    bool in_brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (host.n == 0)
        return bad_url(c, "it has no host");
    if (ip_parse_keep_mapped(in_brackets ? str_slice(host, 1, host.n - 1) : host, &literal)) {
        t->host = host;
        t->literal = literal;
        t->is_literal = true;
        return MP_OK;
    }
    if (!idna_to_ascii(t->arena, host, &name) || !domain_is_ldh(name))
        return bad_url(c, "its host is no domain name");
    t->host = arena_copy(t->arena, name);
    if (t->host.p == NULL)
        return mp_fail(c->err, MP_E_NOMEM, 0, "no memory for a URL");
    if (curl_url_set(t->url, CURLUPART_HOST, t->host.p, 0) != CURLUE_OK)
        return bad_url(c, "its host cannot be used");
    return MP_OK;
}

int curl_trip_url(struct curl_trip *t, struct str url, unsigned rules, struct mp_err *err)
{
    struct url_check c = {t, url, rules, err};
    struct str text = arena_copy(t->arena, url);
    bool http = (rules & CURL_URL_HTTP) != 0;
    uint64_t port = 0;
    if (text.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a URL");
    t->is_http = http && str_istarts(url, STR("http://"));
    if (str_has(url, '\0') || (!t->is_http && !str_istarts(url, STR("https://"))))
        return bad_url(&c, http ? "only https is fetched, and http of this machine"
                                : "only https is fetched");
    if (str_istarts(url, STR("https:///")) || str_istarts(url, STR("http:///")) ||
        curl_url_set(t->url, CURLUPART_URL, text.p, 0) != CURLUE_OK)
        return bad_url(&c, "it is broken");
    if (url_part(t, CURLUPART_USER, 0).p != NULL || url_part(t, CURLUPART_PASSWORD, 0).p != NULL)
        return bad_url(&c, "user names and passwords are not sent");
    if (!str_to_u64(url_part(t, CURLUPART_PORT, CURLU_DEFAULT_PORT), 65535, &port) || port == 0)
        return bad_url(&c, "its port is none");
    t->port = (uint16_t)port;
    return take_host(&c);
}

/* ---- addresses ---- */

static struct ip ip_of(const struct sockaddr *from)
{
    struct ip ip = {.family = IP_NONE};
    if (from->sa_family == AF_INET) {
        ip.family = IP_V4;
        memcpy(ip.octets, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        ip.family = IP_V6;
        memcpy(ip.octets, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    }
    return ip;
}

static bool is_loopback(const struct ip *ip)
{
    static const unsigned char one[16] = {[15] = 1};
    return ip->family == IP_V4 ? ip->octets[0] == 127
                               : ip->family == IP_V6 && memcmp(ip->octets, one, sizeof one) == 0;
}

static bool may_connect(struct curl_trip *t, const struct ip *ip)
{
    bool listed = t->n_addresses == 0;
    for (size_t i = 0; !listed && i < t->n_addresses; i++)
        listed = ip_eq(&t->addresses[i], ip);
    t->strayed = t->strayed || !listed;
    if (t->is_http && !is_loopback(ip))
        t->refused_kind = "without TLS only this machine is asked";
    else if (listed && (t->allow_special || ip_special(ip) == NULL))
        return true;
    else if (listed)
        t->refused_kind = ip_special(ip);
    return false;
}

/* The last word on where we connect to, whatever libcurl made of the URL and whatever was resolved
 * before: the address that is judged is the one that is used. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct curl_trip *t = ctx;
    struct ip ip = ip_of(&to->addr);
    (void)purpose;
    if (!may_connect(t, &ip))
        return CURL_SOCKET_BAD;
    t->peer = ip;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- settings ---- */

CURLcode curl_trip_rules(struct curl_trip *t, const char *ca_file)
{
    CURL *c = t->curl;
    CURLcode st = curl_easy_setopt(c, CURLOPT_CURLU, t->url);
    st = st ? st : curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, t->is_http ? "http" : "https");
    st = st ? st : curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not even from the environment */
    st = st ? st : curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    st = st ? st : curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_USERAGENT, "mailproof/" MP_VERSION);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    st = st ? st : curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    st = st ? st : curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    if (ca_file != NULL) {
        st = st ? st : curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
        st = st ? st : curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    return st;
}

/* A server that leaves may cost us SIGPIPE in some builds of libcurl. */
CURLcode curl_trip_perform(struct curl_trip *t)
{
    struct quiet q;
    quiet_begin(&q);
    CURLcode st = curl_easy_perform(t->curl);
    quiet_end(&q);
    return st;
}

/* RFC 9112 4: "HTTP/1.1 200", and a space or the end. */
bool curl_trip_is_nonsense(struct str line)
{
    static const char form[] = "HTTP/1.d ddd";
    if (!str_istarts(line, STR("HTTP/")))
        return false;
    for (size_t i = 0; i + 1 < sizeof form; i++)
        if (i >= line.n ||
            (form[i] == 'd' ? !is_digit(line.p[i]) : to_lower(line.p[i]) != to_lower(form[i])))
            return true;
    return line.n >= sizeof form && !is_fws(line.p[sizeof form - 1]);
}

/* ---- what failures are called ---- */

static const struct fault_row {
    CURLcode code;
    enum https_fault fault;
    const char *what;
    bool has_detail;
} faults[] = {
    {CURLE_COULDNT_CONNECT, HTTPS_CONNECT, "no connection", true},
    {CURLE_COULDNT_RESOLVE_HOST, HTTPS_CONNECT, "no connection", true},
    {CURLE_OPERATION_TIMEDOUT, HTTPS_TIMEOUT, "no whole answer in time", false},
    {CURLE_SSL_CONNECT_ERROR, HTTPS_TLS, "TLS failed", true},
    {CURLE_SSL_CIPHER, HTTPS_TLS, "TLS failed", true},
    {CURLE_SSL_SHUTDOWN_FAILED, HTTPS_TLS, "TLS failed", true},
    {CURLE_FILESIZE_EXCEEDED, HTTPS_TOO_LARGE, "it sends more than is taken", false},
};

/* libcurl has one code for every distrust; its text tells them apart. */
static enum https_fault certificate_fault(const struct curl_trip *t, const char **what,
                                          const char **detail)
{
    static const char prefix[] = "SSL certificate problem: ";
    struct str text = str_from(t->error);
    bool of_name = str_search(text, STR("subject name")) < text.n ||
                   str_search(text, STR("host name")) < text.n;
    bool known = str_starts(text, str_from(prefix));
    *what = of_name ? "the certificate is for another name" : "the certificate is not trusted";
    *detail = of_name ? "" : known ? t->error + sizeof prefix - 1 : t->error;
    return HTTPS_CERTIFICATE;
}

enum https_fault curl_trip_fault(const struct curl_trip *t, CURLcode code, const char **what,
                                 const char **detail)
{
    const char *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    *detail = "";
    if (code == CURLE_COULDNT_CONNECT && t->refused_kind != NULL && t->peer.family == IP_NONE) {
        *what = "its address is not public, and is not connected to";
        *detail = t->refused_kind;
        return HTTPS_PRIVATE;
    }
    if (t->strayed) {
        *what = "another address than its own would have been connected to";
        return HTTPS_PRIVATE;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
        return certificate_fault(t, what, detail);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        if (faults[i].code == code) {
            *what = faults[i].what;
            *detail = faults[i].has_detail ? text : "";
            return faults[i].fault;
        }
    *what = "the transfer failed";
    *detail = text;
    return HTTPS_OTHER;
}
