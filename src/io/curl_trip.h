/* One request by libcurl as all of ours are made: what is checked of a URL, where it may connect
 * to, whom it trusts, and what its failures are called. For https.c and fetch.c alone. */
#ifndef MP_IO_CURL_TRIP_H
#define MP_IO_CURL_TRIP_H

#include <curl/curl.h>

#include "io/https.h"

enum { CURL_HEADERS_MAX_BYTES = 64 * 1024 /* of one reply */ };

struct curl_trip {
    struct arena *arena;
    CURL *curl;
    CURLU *url;
    struct str host; /* A-label form, or an address */
    uint16_t port;
    bool is_http, is_literal; /* without TLS; the host is an address: `literal` */
    struct ip literal;

    /* Where it may connect to, asked for each address as it is used: to one of `addresses` when
     * there are any, else to what is public, or special too. */
    const struct ip *addresses;
    size_t n_addresses;
    bool allow_special;

    const char *refused_kind; /* of the last address that it may not connect to; static */
    bool strayed;             /* it was none of `addresses` */
    struct ip peer;           /* the last that it was let to */
    bool no_memory;
    char error[CURL_ERROR_SIZE];
};

/* False: no memory. Close it in any case. */
bool curl_trip_open(struct curl_trip *t, struct arena *arena);
void curl_trip_close(struct curl_trip *t);

enum curl_url_rules {
    CURL_URL_HTTP = 1,  /* http too: to loopback addresses alone */
    CURL_URL_SECRET = 2 /* no error tells the URL */
};
/* Take apart and check: scheme, host, port, no user. MP_OK; MP_E_USAGE, MP_E_NOMEM. */
int curl_trip_url(struct curl_trip *t, struct str url, unsigned rules, struct mp_err *err);

/* No proxy, no redirect, no cookie, HTTP/1.1, TLS 1.2 at least, names and trust checked. `ca_file`
 * NULL: the system's. */
CURLcode curl_trip_rules(struct curl_trip *t, const char *ca_file);
CURLcode curl_trip_perform(struct curl_trip *t); /* without SIGPIPE */

/* libcurl takes "HTTP/anything" for "200 OK". Is this line of the header a status line that is
 * none? */
bool curl_trip_is_nonsense(struct str line);

/* What a failed transfer is called; `detail` may be empty. Not of CURLE_OK. */
enum https_fault curl_trip_fault(const struct curl_trip *t, CURLcode code, const char **what,
                                 const char **detail);

#endif
