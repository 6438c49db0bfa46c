/* HTTP for feeds and services: request after request of one chain of redirects, each judged anew.
 */
#include "io/fetch.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "io/curl_trip.h"
#include "io/ip_special.h"

enum { LINE_MAX_BYTES = 8192 /* of a header that we send */ };

/* Headers of a reply that are told. */
enum told { ETAG, LAST_MODIFIED, ADDED_LAST, LIMIT, REMAINING, RESET, RETRY_AFTER, TOLD_COUNT };

static const struct {
    struct str name;
    enum told told;
} told_names[] = {
    {STR_INIT("ETag"), ETAG},
    {STR_INIT("Last-Modified"), LAST_MODIFIED},
    {STR_INIT("X-TAXII-Date-Added-Last"), ADDED_LAST},
    {STR_INIT("X-RateLimit-Limit"), LIMIT},
    {STR_INIT("RateLimit-Limit"), LIMIT},
    {STR_INIT("X-RateLimit-Remaining"), REMAINING},
    {STR_INIT("RateLimit-Remaining"), REMAINING},
    {STR_INIT("X-RateLimit-Reset"), RESET},
    {STR_INIT("RateLimit-Reset"), RESET},
    {STR_INIT("Retry-After"), RETRY_AFTER},
};

struct transfer {
    struct curl_trip trip; /* of the request that is under way */
    struct arena *arena;
    const struct fetch_request *req;
    struct curl_slist *headers, *resolve;
    size_t max_bytes;
    struct buf body;
    uint64_t bytes; /* of the body, this request's */
    size_t header_bytes;
    struct str told[TOLD_COUNT];
    bool too_large, headers_too_large, no_http, stopped, no_memory;
    int write_errno;
    /* of the request before */
    bool was_public, is_away; /* is_away: with a secret, and at another host now */
    struct str first_host;
    uint16_t first_port;
};

/* ---- what is sent ---- */

static bool is_token(struct str s) /* RFC 9110 5.6.2 */
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
            return false;
    return s.n > 0;
}

/* Nothing that could end a header or begin another. */
static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

static int add_header(struct transfer *t, struct str name, struct str value, struct mp_err *err)
{
    struct buf line;
    if (!is_token(name) || !is_value(value))
        return mp_fail(err, MP_E_USAGE, 0, "a header holds what no header may: " STR_FMT,
                       STR_ARG(is_token(name) ? str_slice(name, 0, 100) : STR("its name")));
    value = str_trim(value);
    buf_init(&line, LINE_MAX_BYTES);
    buf_add(&line, name);
    buf_addz(&line, value.n == 0 ? ";" : ": "); /* libcurl's form of an empty one */
    buf_add(&line, value);
    buf_addc(&line, '\0');
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(t->headers, line.p);
    buf_clear(&line);
    if (more == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "header " STR_FMT " is longer than %d bytes",
                       STR_ARG(str_slice(name, 0, 100)), LINE_MAX_BYTES);
    t->headers = more;
    return MP_OK;
}

/* What goes along to another host than the one that a secret was meant for. */
static bool is_open(struct str name)
{
    return str_ieq(name, STR("Accept")) || str_ieq(name, STR("User-Agent"));
}

static int make_headers(struct transfer *t, struct mp_err *err)
{
    const struct fetch_request *q = t->req;
    struct {
        struct str name, value;
    } own[] = {{STR("If-None-Match"), q->etag},
               {STR("If-Modified-Since"), q->last_modified},
               {STR("Content-Type"), q->body.p != NULL ? q->content_type : STR_NONE}};
    int st = MP_OK;
    if (q->n_headers > FETCH_MAX_HEADERS)
        return mp_fail(err, MP_E_USAGE, FETCH_MAX_HEADERS, "more than %d headers",
                       FETCH_MAX_HEADERS);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    for (size_t i = 0; st == MP_OK && i < q->n_headers; i++)
        if (!t->is_away || is_open(q->headers[i].name))
            st = add_header(t, q->headers[i].name, q->headers[i].value, err);
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(own); i++)
        if (own[i].value.n > 0)
            st = add_header(t, own[i].name, own[i].value, err);
    if (st != MP_OK || q->body.p == NULL)
        return st;
    struct curl_slist *more = curl_slist_append(t->headers, "Expect:"); /* never waited for */
    if (more == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for headers");
    t->headers = more;
    return MP_OK;
}

/* ---- what comes ---- */

static long status_of(const struct transfer *t)
{
    long status = 0;
    return curl_easy_getinfo(t->trip.curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status
                                                                                        : 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct str piece = str_make(bytes, size * n);
    bool is_file = status_of(t) == 200, to_file = t->req->to_file && is_file;
    size_t max = t->req->to_file && !is_file && t->max_bytes > FETCH_MAX_REFUSAL_BYTES
                     ? FETCH_MAX_REFUSAL_BYTES
                     : t->max_bytes;
    if (piece.n > max - t->bytes) {
        t->too_large = true;
        return 0;
    }
    t->bytes += piece.n;
    if (to_file && !fd_write(t->req->fd, piece)) {
        t->write_errno = errno != 0 ? errno : EIO;
        return 0;
    }
    if (!to_file)
        buf_add(&t->body, piece);
    t->no_memory = t->no_memory || t->body.failed;
    return t->body.failed ? 0 : piece.n;
}

static void take_told(struct transfer *t, struct str line)
{
    struct str name = str_cut(&line, ':'), value = str_trim(line);
    if (value.n == 0 || value.n > FETCH_MAX_VALUE_BYTES || !is_value(value))
        return;
    for (size_t i = 0; i < ARRAY_LEN(told_names); i++)
        if (str_ieq(name, told_names[i].name)) {
            struct str copy = arena_copy(t->arena, value);
            t->no_memory = t->no_memory || copy.p == NULL;
            t->told[told_names[i].told] = copy;
        }
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct str line = str_make(bytes, size * n);
    t->header_bytes += line.n;
    t->headers_too_large = t->header_bytes > CURL_HEADERS_MAX_BYTES;
    t->no_http = t->no_http || curl_trip_is_nonsense(line);
    if (t->headers_too_large || t->no_http)
        return 0;
    if (str_istarts(line, STR("HTTP/"))) /* "100 Continue" and its like came before */
        memset(t->told, 0, sizeof t->told);
    else
        take_told(t, line);
    return t->no_memory ? 0 : line.n;
}

static int take_progress(void *ctx, curl_off_t total, curl_off_t got, curl_off_t up_total,
                         curl_off_t up)
{
    struct transfer *t = ctx;
    (void)up_total;
    (void)up;
    t->stopped =
        t->stopped || !t->req->progress(t->req->progress_ctx, (uint64_t)(got > 0 ? got : 0),
                                        (uint64_t)(total > 0 ? total : 0));
    return t->stopped;
}

/* ---- settings ---- */

static CURLcode set_body(struct transfer *t)
{
    CURL *c = t->trip.curl;
    if (t->req->body.p == NULL)
        return CURLE_OK;
    CURLcode st = curl_easy_setopt(c, CURLOPT_POST, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req->body.n);
    return st ? st : curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->req->body.p);
}

static CURLcode set_limits(struct transfer *t, int64_t left_ms)
{
    CURL *c = t->trip.curl;
    long limit_ms = left_ms > INT32_MAX ? INT32_MAX : (long)left_ms;
    long slow_s = t->req->slow_s != 0 ? (long)t->req->slow_s : FETCH_SLOW_S;
    CURLcode st = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_SLOW_BYTES_S);
    st = st ? st : curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, slow_s);
    /* the system's resolver may take its time: we do not wait for it */
    st = st ? st : curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max_bytes);
    return st;
}

static CURLcode set_transfer(struct transfer *t)
{
    CURL *c = t->trip.curl;
    CURLcode st = curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    st = st ? st : curl_easy_setopt(c, CURLOPT_RESOLVE, t->resolve);
    st = st ? st : curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    if (t->req->progress != NULL) {
        st = st ? st : curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        st = st ? st : curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, take_progress);
        st = st ? st : curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    }
    return st;
}

/* Where tests have a server of their own. */
static bool is_pinned(const struct transfer *t)
{
    return t->req->resolve_ip.family != IP_NONE && str_ieq(t->req->resolve_host, t->trip.host);
}

static bool set_resolve(struct transfer *t)
{
    const struct fetch_request *q = t->req;
    char text[512], address[IP_TEXT_MAX];
    if (!is_pinned(t))
        return true;
    ip_write(&q->resolve_ip, address);
    snprintf(text, sizeof text,
             q->resolve_ip.family == IP_V6 ? STR_FMT ":%u:[%s]" : STR_FMT ":%u:%s",
             STR_ARG(t->trip.host), t->trip.port, address);
    t->resolve = curl_slist_append(NULL, text);
    return t->resolve != NULL;
}

/* ---- what came of it ---- */

static void say(struct transfer *t, struct fetch_reply *out, enum https_fault fault,
                const char *what, const char *detail)
{
    /* a stranger's host name may be the secret */
    struct str host = t->is_away ? t->first_host : t->trip.host;
    out->fault = fault;
    out->reason = arena_fmt(t->arena, STR_FMT ": %s%s%s", STR_ARG(host), what,
                            detail[0] != '\0' ? ": " : "", detail);
    t->no_memory = t->no_memory || out->reason.p == NULL;
}

static void judge_transfer(struct transfer *t, CURLcode code, struct fetch_reply *out)
{
    char slow[80];
    const char *what = "it sends more than is taken", *detail = "";
    enum https_fault fault = HTTPS_TOO_LARGE;
    snprintf(slow, sizeof slow, "less than %d bytes a second", FETCH_SLOW_BYTES_S);
    if (t->too_large)
        detail = "the body is larger than the limit";
    else if (t->headers_too_large)
        detail = "the header has no end";
    else if (t->no_http) {
        fault = HTTPS_OTHER;
        what = "its answer is no HTTP";
    } else if (t->stopped) {
        fault = HTTPS_OTHER;
        what = "stopped by the caller";
    } else {
        fault = curl_trip_fault(&t->trip, code, &what, &detail);
        if (t->is_away)
            detail = "where it redirects to"; /* libcurl tells names */
        if (fault == HTTPS_TIMEOUT && clock_mono_us() < t->req->deadline_us) {
            what = "it is too slow";
            detail = slow;
        }
    }
    say(t, out, fault, what, detail);
}

static void judge_status(struct transfer *t, struct fetch_reply *out)
{
    char detail[64];
    bool conditional = t->req->etag.n > 0 || t->req->last_modified.n > 0;
    snprintf(detail, sizeof detail, "it answers %u", out->status);
    out->not_modified = out->status == 304 && conditional;
    if (out->status >= 300 && out->status < 400 && out->status != 304)
        say(t, out, HTTPS_REDIRECT, "a redirect that leads nowhere", detail);
    else if (out->status != 200 && !out->not_modified)
        say(t, out, HTTPS_STATUS, "not what was asked for, but a refusal", detail);
}

static int64_t number_of(struct str s)
{
    uint64_t n;
    s = str_trim(str_cut(&s, ',')); /* "100, 100;window=60" of a draft of RateLimit */
    s = str_trim(str_cut(&s, ';'));
    return str_to_u64(s, INT32_MAX, &n) ? (int64_t)n : -1;
}

/* Seconds from now, of seconds, of Unix time in seconds or milliseconds, and of a date. */
static int64_t seconds_of(struct str s)
{
    enum { YEAR_2001 = 1000000000 }; /* more seconds than anyone is asked to wait */
    uint64_t n;
    int64_t now_s = clock_wall_s(), at_s = -1;
    if (s.n == 0)
        return -1;
    if (str_to_u64(s, INT64_MAX, &n)) {
        if (n < YEAR_2001)
            return (int64_t)n;
        at_s = n < 1000ULL * YEAR_2001 ? (int64_t)n : (int64_t)(n / 1000);
    } else {
        at_s = (int64_t)curl_getdate(s.p, NULL); /* its copy ends with NUL */
    }
    return at_s < 0 ? -1 : at_s < now_s ? 0 : at_s - now_s;
}

static void take_numbers(struct transfer *t, struct fetch_reply *out)
{
    out->rate_limit = number_of(t->told[LIMIT]);
    out->rate_remaining = number_of(t->told[REMAINING]);
    out->rate_reset_s = seconds_of(t->told[RESET]);
    out->retry_after_s = seconds_of(t->told[RETRY_AFTER]);
    out->etag = t->told[ETAG];
    out->last_modified = t->told[LAST_MODIFIED];
    out->added_last = t->told[ADDED_LAST];
}

static int take_answer(struct transfer *t, CURLcode code, struct fetch_reply *out,
                       struct mp_err *err)
{
    const char *type = NULL;
    out->status = t->no_http ? 0 : (unsigned)status_of(t);
    if (curl_easy_getinfo(t->trip.curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
        out->content_type =
            arena_copy(t->arena, str_slice(str_from(type), 0, FETCH_MAX_VALUE_BYTES));
    take_numbers(t, out);
    if (code != CURLE_OK)
        judge_transfer(t, code, out);
    else
        judge_status(t, out);
    out->bytes = t->bytes;
    out->body = arena_copy(t->arena, buf_str(&t->body));
    if (t->write_errno != 0)
        return mp_fail(err, MP_E_IO, t->write_errno, "what was fetched cannot be written: %s",
                       strerror(t->write_errno));
    if (t->no_memory || out->body.p == NULL || (type != NULL && out->content_type.p == NULL))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a file of %zu bytes", t->body.n);
    return MP_OK;
}

/* ---- one request, and where it leads ---- */

static int ask(struct transfer *t, struct str url, struct fetch_reply *out, struct mp_err *err)
{
    const struct fetch_request *q = t->req;
    bool is_first = t->first_host.p == NULL;
    unsigned rules = (q->allow_private && is_first ? CURL_URL_HTTP : 0u) |
                     (q->has_secret || !is_first ? CURL_URL_SECRET : 0u);
    *out = (struct fetch_reply){
        .rate_limit = -1, .rate_remaining = -1, .rate_reset_s = -1, .retry_after_s = -1};
    buf_reset(&t->body);
    memset(t->told, 0, sizeof t->told);
    t->bytes = t->header_bytes = 0;
    if (!curl_trip_open(&t->trip, t->arena))
        return mp_fail(err, MP_E_NOMEM, 0, "libcurl does not start");
    int st = curl_trip_url(&t->trip, url, rules, err);
    if (st != MP_OK)
        return st;
    bool is_named =
        is_first || (str_eq(t->trip.host, t->first_host) && t->trip.port == t->first_port);
    t->trip.allow_special = (q->allow_private && is_named && !t->was_public) || is_pinned(t);
    int64_t left_us = q->deadline_us - clock_mono_us();
    if (left_us <= 0) {
        say(t, out, HTTPS_TIMEOUT, "no time is left to ask it", "");
        return t->no_memory ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
    }
    if (!set_resolve(t) || curl_trip_rules(&t->trip, q->ca_file) != CURLE_OK ||
        set_transfer(t) != CURLE_OK || set_limits(t, (left_us + 999) / 1000) != CURLE_OK ||
        set_body(t) != CURLE_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "libcurl takes no settings: no memory");
    return take_answer(t, curl_trip_perform(&t->trip), out, err);
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The address that a redirect names, when it may be followed; else *out says why not. */
static struct str redirect_of(struct transfer *t, unsigned hop, struct fetch_reply *out)
{
    const char *url = NULL, *why = NULL;
    bool repeats = out->status == 307 || out->status == 308;
    if (out->fault != HTTPS_REDIRECT || !is_redirect(out->status) ||
        curl_easy_getinfo(t->trip.curl, CURLINFO_REDIRECT_URL, &url) != CURLE_OK || url == NULL)
        return STR_NONE;
    if (t->req->no_redirects)
        why = "it redirects, which is not followed here";
    else if (hop >= FETCH_MAX_REDIRECTS)
        why = "it redirects again and again";
    else if (!str_istarts(str_from(url), STR("https://")))
        why = "it redirects to what is not https";
    else if (t->req->body.p != NULL && !repeats)
        why = "it redirects a POST to a GET";
    if (why != NULL) {
        say(t, out, HTTPS_REDIRECT, why, "");
        return STR_NONE;
    }
    struct str copy = arena_copy(t->arena, str_from(url));
    t->no_memory = t->no_memory || copy.p == NULL;
    return copy;
}

/* Is `url` at another host than the one that the secret was meant for? */
static bool leads_away(struct transfer *t, struct str url)
{
    struct curl_trip next;
    bool same = curl_trip_open(&next, t->arena) &&
                curl_trip_url(&next, url, CURL_URL_SECRET, NULL) == MP_OK &&
                str_eq(next.host, t->first_host) && next.port == t->first_port;
    curl_trip_close(&next);
    return !same;
}

/* A secret in a header stays here, one in a URL was for that URL; a body may hold one anywhere. */
static struct str guard_secret(struct transfer *t, struct str next, struct fetch_reply *out)
{
    if (next.p == NULL || !t->req->has_secret || t->is_away || !leads_away(t, next))
        return next;
    if (t->req->body.p != NULL) {
        say(t, out, HTTPS_REDIRECT, "it redirects to another host, which gets no key of ours", "");
        return STR_NONE;
    }
    t->is_away = true;
    return next;
}

static void leave(struct transfer *t)
{
    curl_trip_close(&t->trip);
    curl_slist_free_all(t->resolve);
    t->resolve = NULL;
}

/* A redirect to a URL that cannot be used is the server's fault, not our caller's. */
static int blame_server(struct transfer *t, int st, struct fetch_reply *out, struct mp_err *err)
{
    if (st != MP_E_USAGE || t->first_host.p == NULL)
        return st;
    out->fault = HTTPS_REDIRECT;
    out->reason = arena_fmt(t->arena, STR_FMT ": it redirects to a URL that cannot be used",
                            STR_ARG(t->first_host));
    return out->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

static int follow(struct transfer *t, struct fetch_reply *out, struct mp_err *err)
{
    struct str url = t->req->url;
    for (unsigned hop = 0;; hop++) {
        int st = make_headers(t, err);
        if (st == MP_OK)
            st = blame_server(t, ask(t, url, out, err), out, err);
        if (hop == 0 && st == MP_OK) {
            t->first_host = t->trip.host;
            t->first_port = t->trip.port;
        }
        url = st == MP_OK ? guard_secret(t, redirect_of(t, hop, out), out) : STR_NONE;
        t->was_public = t->was_public || is_pinned(t) || ip_special(&t->trip.peer) == NULL;
        leave(t);
        if (st == MP_OK && t->no_memory)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for a redirect");
        if (url.p == NULL)
            return st;
    }
}

int fetch(struct arena *a, const struct fetch_request *req, struct fetch_reply *out,
          struct mp_err *err)
{
    struct transfer t = {.arena = a, .req = req};
    struct fetch_reply reply;
    int64_t started_us = clock_mono_us();
    size_t max = req->max_bytes == 0 ? FETCH_DEFAULT_BYTES : req->max_bytes;
    t.max_bytes = max < FETCH_MAX_BYTES ? max : FETCH_MAX_BYTES;
    buf_init(&t.body, t.max_bytes);
    int st = follow(&t, &reply, err);
    curl_slist_free_all(t.headers);
    buf_clear(&t.body);
    if (st != MP_OK)
        return st;
    reply.elapsed_us = clock_mono_us() - started_us;
    *out = reply;
    return MP_OK;
}
