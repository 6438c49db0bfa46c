/* One GET by libcurl: our addresses, our trust, no redirect, no proxy, bounded in time and bytes.
 */
#include "io/https.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/x509.h"
#include "io/curl_trip.h"
#include "io/ip_special.h"

enum { ROUTE_MAX_BYTES = 2048 /* "host:port:address,address,..." for libcurl */ };

struct visit {
    struct curl_trip trip;
    const struct https_request *req;
    struct curl_slist *resolve, *connect_to;
    struct ip addresses[HTTPS_MAX_ADDRESSES]; /* those that may be used */
    struct buf body;
    size_t header_bytes;
    bool too_large, headers_too_large, no_http;
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

/* ---- addresses ---- */

/* Keep what may be connected to: all when private ones are allowed. */
static void take_addresses(struct visit *v)
{
    const struct ip *from = v->req->addresses;
    size_t n = v->req->n_addresses;
    if (v->trip.is_literal) { /* the URL names it: then that one alone */
        from = &v->trip.literal;
        n = 1;
    }
    for (size_t i = 0; i < n && v->trip.n_addresses < HTTPS_MAX_ADDRESSES; i++) {
        const char *kind = v->req->allow_private ? NULL : ip_special(&from[i]);
        if (kind == NULL && from[i].family != IP_NONE)
            v->addresses[v->trip.n_addresses++] = from[i];
        else
            v->trip.refused_kind = kind;
    }
    if (v->trip.n_addresses > 0)
        v->trip.refused_kind = NULL;
    v->trip.addresses = v->addresses;
    v->trip.allow_special = v->req->allow_private;
}

/* libcurl's own resolver is never asked: the name has our addresses. */
static bool set_route(struct visit *v)
{
    struct buf text;
    uint16_t port = v->req->port_override != 0 ? v->req->port_override : v->trip.port;
    buf_init(&text, ROUTE_MAX_BYTES);
    buf_addf(&text, STR_FMT ":%u:" STR_FMT ":%u", STR_ARG(v->trip.host), v->trip.port,
             STR_ARG(v->trip.host), port);
    buf_addc(&text, '\0');
    v->connect_to = text.failed ? NULL : curl_slist_append(NULL, text.p);
    if (v->trip.is_literal) { /* nothing to resolve */
        buf_clear(&text);
        return v->connect_to != NULL;
    }
    buf_reset(&text);
    buf_addf(&text, STR_FMT ":%u:", STR_ARG(v->trip.host), port);
    for (size_t i = 0; i < v->trip.n_addresses; i++) {
        char address[IP_TEXT_MAX];
        ip_write(&v->addresses[i], address);
        buf_addf(&text, v->addresses[i].family == IP_V6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
                 address);
    }
    buf_addc(&text, '\0');
    v->resolve = text.failed ? NULL : curl_slist_append(NULL, text.p);
    buf_clear(&text);
    return v->connect_to != NULL && v->resolve != NULL;
}

/* ---- bytes that come ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct visit *v = ctx;
    buf_add(&v->body, str_make(bytes, size * n));
    v->too_large = v->body.failed;
    return v->too_large ? 0 : size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct visit *v = ctx;
    v->no_http = v->no_http || curl_trip_is_nonsense(str_make(bytes, size * n));
    v->header_bytes += size * n;
    v->headers_too_large = v->header_bytes > CURL_HEADERS_MAX_BYTES;
    return v->headers_too_large || v->no_http ? 0 : size * n;
}

/* ---- settings ---- */

static CURLcode set_transfer(struct visit *v, int64_t left_ms)
{
    CURL *c = v->trip.curl;
    long limit_ms = left_ms > INT32_MAX ? INT32_MAX : (long)left_ms;
    CURLcode st = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);
    st = st ? st : curl_easy_setopt(c, CURLOPT_RESOLVE, v->resolve);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CONNECT_TO, v->connect_to);
    st = st ? st : curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    st = st ? st : curl_easy_setopt(c, CURLOPT_WRITEDATA, v);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    st = st ? st : curl_easy_setopt(c, CURLOPT_HEADERDATA, v);
    return st;
}

/* ---- what came of it ---- */

static void say(struct visit *v, struct https_reply *out, enum https_fault fault, const char *what,
                const char *detail)
{
    out->fault = fault;
    out->reason = arena_fmt(v->trip.arena, STR_FMT ": %s%s%s", STR_ARG(v->trip.host), what,
                            detail[0] != '\0' ? ": " : "", detail);
}

static void judge_transfer(struct visit *v, CURLcode st, struct https_reply *out)
{
    const char *what = "it sends more than is taken", *detail = "the header has no end";
    enum https_fault fault = HTTPS_TOO_LARGE;
    if (v->no_http) {
        fault = HTTPS_OTHER;
        what = "the transfer failed";
        detail = "its answer is no HTTP";
    } else if (v->too_large)
        detail = "the body has no end";
    else if (!v->headers_too_large)
        fault = curl_trip_fault(&v->trip, st, &what, &detail);
    say(v, out, fault, what, detail);
}

static void judge_status(struct visit *v, struct https_reply *out)
{
    char detail[64];
    snprintf(detail, sizeof detail, "it answers %u", out->status);
    if (out->status >= 300 && out->status < 400)
        say(v, out, HTTPS_REDIRECT, "a redirect, which is not followed", detail);
    else if (out->status != 200)
        say(v, out, HTTPS_STATUS, "not the file, but a refusal", detail);
}

static int64_t certificate_end(struct visit *v)
{
    struct curl_certinfo *info = NULL;
    struct str *ders;
    size_t n;
    struct x509_facts facts;
    if (curl_easy_getinfo(v->trip.curl, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next)
        if (str_starts(str_from(line->data), STR("Cert:")) &&
            x509_read_pem(v->trip.arena, str_from(line->data + 5), &ders, &n, NULL) == MP_OK &&
            n > 0 && x509_read(v->trip.arena, ders[0], &facts, NULL) == MP_OK)
            return facts.not_after_s;
    return 0;
}

static int take_answer(struct visit *v, CURLcode st, struct https_reply *out, struct mp_err *err)
{
    long status = 0;
    const char *type = NULL;
    if (curl_easy_getinfo(v->trip.curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
        status > 0 && !v->no_http)
        out->status = (unsigned)status;
    if (curl_easy_getinfo(v->trip.curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
        out->content_type = arena_copy(v->trip.arena, str_from(type));
    out->cert_not_after_s = certificate_end(v);
    if (st != CURLE_OK)
        judge_transfer(v, st, out);
    else
        judge_status(v, out);
    out->body = arena_copy(v->trip.arena, buf_str(&v->body));
    if (out->body.p == NULL || (out->fault != HTTPS_OK && out->reason.p == NULL))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a file of %zu bytes", v->body.n);
    return MP_OK;
}

static int run(struct visit *v, struct https_reply *out, struct mp_err *err)
{
    int st = curl_trip_url(&v->trip, v->req->url, 0, err);
    if (st != MP_OK)
        return st;
    take_addresses(v);
    int64_t left_us = v->req->deadline_us - clock_mono_us();
    if (v->trip.n_addresses == 0) {
        if (v->trip.refused_kind != NULL)
            say(v, out, HTTPS_PRIVATE, "its address is not public, and is not connected to",
                v->trip.refused_kind);
        else
            say(v, out, HTTPS_CONNECT, "it has no address", "");
    } else if (left_us <= 0) {
        say(v, out, HTTPS_TIMEOUT, "no time is left to ask it", "");
    } else if (!set_route(v) || curl_trip_rules(&v->trip, v->req->ca_file) != CURLE_OK ||
               set_transfer(v, (left_us + 999) / 1000) != CURLE_OK) {
        return mp_fail(err, MP_E_NOMEM, 0, "libcurl takes no settings: no memory");
    } else {
        return take_answer(v, curl_trip_perform(&v->trip), out, err);
    }
    return out->reason.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a reason") : MP_OK;
}

int https_get(struct arena *a, const struct https_request *req, struct https_reply *out,
              struct mp_err *err)
{
    struct visit v = {.req = req};
    struct https_reply reply = {.fault = HTTPS_OK};
    int64_t started_us = clock_mono_us();
    size_t max_bytes = req->max_bytes - 1 < HTTPS_MAX_BYTES ? req->max_bytes : HTTPS_MAX_BYTES;
    buf_init(&v.body, max_bytes);
    int st = curl_trip_open(&v.trip, a) ? run(&v, &reply, err)
                                        : mp_fail(err, MP_E_NOMEM, 0, "libcurl does not start");
    curl_trip_close(&v.trip);
    curl_slist_free_all(v.resolve);
    curl_slist_free_all(v.connect_to);
    buf_clear(&v.body);
    reply.elapsed_us = clock_mono_us() - started_us;
    if (st == MP_OK)
        *out = reply;
    return st;
}
