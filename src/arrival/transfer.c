/* libcurl for mailboxes and sinks: bounded in time and bytes, no proxy, no redirect. */
#include "arrival/transfer.h"

#include <pthread.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/uri.h"
#include "io/quiet.h"

enum { TRANSFER_LONGEST_MS = 60000 }; /* one exchange, whatever the deadline */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void start_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    buf_add(&t->body, str_make(bytes, size * n));
    t->too_large = t->body.failed;
    return t->too_large ? 0 : size * n;
}

static bool is_loopback(struct str url)
{
    struct uri u;
    struct ip ip;
    if (!uri_parse(url, &u))
        return false;
    if (str_ieq(u.host, STR("localhost")))
        return true;
    return ip_parse(u.host, &ip) &&
           (ip.family == IP_V4 ? ip.octets[0] == 127 : str_eq(u.host, STR("::1")));
}

/* Without TLS a password goes to this machine only, unless the caller trusts the network. */
static long tls_level(const struct mailbox_config *c)
{
    bool may_be_clear = is_loopback(c->url) || c->insecure;
    return c->require_tls || !may_be_clear ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

int transfer_init(struct transfer *t, const struct mailbox_config *c, const char *protocols,
                  struct mp_err *err)
{
    *t = (struct transfer){.config = c};
    pthread_once(&curl_once, start_curl);
    t->curl = curl_ready == CURLE_OK ? curl_easy_init() : NULL;
    if (t->curl == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "libcurl cannot be used");
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(t->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_USE_SSL, tls_level(c));
    if (c->ca_file != NULL)
        curl_easy_setopt(t->curl, CURLOPT_CAINFO, c->ca_file);
    if (c->insecure) {
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return MP_OK;
}

void transfer_clear(struct transfer *t)
{
    struct quiet pipe;
    quiet_begin(&pipe);
    if (t->curl != NULL)
        curl_easy_cleanup(t->curl); /* says goodbye */
    quiet_end(&pipe);
    curl_slist_free_all(t->headers);
    buf_clear(&t->body);
    *t = (struct transfer){0};
}

static int explain(struct transfer *t, size_t max_bytes, const char *what, struct mp_err *err)
{
    /* libcurl says the same of a folder that cannot be selected; that one may come to be. */
    t->no_folder = t->code == CURLE_LOGIN_DENIED && strcmp(t->error, "Select failed") == 0;
    bool no_login = t->code == CURLE_LOGIN_DENIED && !t->no_folder;
    const char *why = no_login              ? "the login was refused"
                      : t->no_folder        ? "the folder cannot be selected"
                      : t->error[0] != '\0' ? t->error
                                            : curl_easy_strerror(t->code);
    if (t->too_large)
        return mp_fail(err, MP_E_LIMIT, (int64_t)max_bytes, "%s: longer than %zu bytes", what,
                       max_bytes);
    if (t->code == CURLE_OUT_OF_MEMORY)
        return mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", what);
    /* A wrong password tried again and again locks accounts; a certificate stays what it is. */
    bool is_final = no_login || t->code == CURLE_PEER_FAILED_VERIFICATION ||
                    t->code == CURLE_USE_SSL_FAILED || t->code == CURLE_SSL_CACERT_BADFILE;
    return mp_fail(err, t->code == CURLE_OPERATION_TIMEDOUT ? MP_E_TIMEOUT : MP_E_IO,
                   is_final ? MAILBOX_FAULT_FINAL : (int64_t)t->code, "%s: %s", what, why);
}

int transfer_run(struct transfer *t, struct str url, const char *command, bool quiet,
                 size_t max_bytes, int64_t deadline_us, const char *what, struct mp_err *err)
{
    char text[4096];
    int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
    if (url.n >= sizeof text || str_has(url, '\0'))
        return mp_fail(err, MP_E_USAGE, 0, "%s: the URL is too long", what);
    if (left_ms <= 0)
        return mp_fail(err, MP_E_TIMEOUT, 0, "%s: no answer in time", what);
    memcpy(text, url.p, url.n);
    text[url.n] = '\0';
    t->error[0] = '\0';
    t->too_large = false;
    t->status = 0;
    buf_clear(&t->body);
    buf_init(&t->body, max_bytes);
    curl_easy_setopt(t->curl, CURLOPT_URL, text);
    curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, command);
    curl_easy_setopt(t->curl, CURLOPT_NOBODY, quiet ? 1L : 0L);
    curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS,
                     (long)(left_ms < TRANSFER_LONGEST_MS ? left_ms : TRANSFER_LONGEST_MS));
    if (t->headers != NULL)
        curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    struct quiet pipe;
    quiet_begin(&pipe);
    t->code = curl_easy_perform(t->curl);
    quiet_end(&pipe);
    if (t->code != CURLE_OK)
        return explain(t, max_bytes, what, err);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
    return MP_OK;
}
