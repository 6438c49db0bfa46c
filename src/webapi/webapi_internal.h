/* The insides of the API, shared by its files. */
#ifndef MP_WEBAPI_WEBAPI_INTERNAL_H
#define MP_WEBAPI_WEBAPI_INTERNAL_H

#include <jansson.h>
#include <pthread.h>

#include "httpd/httpd.h"
#include "ipc/summary_json.h"
#include "webapi/webapi.h"

enum {
    WEBAPI_MAX_ROUTES = 40,
    MAIL_ID_BYTES = 33, /* 32 digits, NUL */
    PAGE_DEFAULT = 50,
    STATUS_MAX_BYTES = 1 << 20,
    ASYNC_WAIT_MAX_MS = 60000
};

struct gate;
struct async;
struct traffic;

/* Places for scans in handlers. */
struct places {
    pthread_mutex_t lock;
    unsigned running, waiting, max;
    uint64_t scans, refused, late, failed; /* ever */
};

struct webapi {
    struct webapi_config c;
    struct httpd *httpd;
    struct httpd_route routes[WEBAPI_MAX_ROUTES];
    int64_t started_us;
    struct places places;
    struct gate *gate;
    struct async *async;
    struct traffic *traffic;
};

/* ---- tokens.c: who may, and how often ---- */

/* One thread uses it: the I/O thread of httpd. */
struct gate *webapi_gate_new(const struct webapi_config *c);
void webapi_gate_free(struct gate *g);
enum gate_answer { GATE_OPEN, GATE_WRONG, GATE_LATER };
struct gate_pass {
    enum gate_answer answer;
    const struct webapi_token *token; /* of GATE_OPEN */
    unsigned after_s;                 /* of GATE_LATER: when to ask again */
    const char *why;                  /* the same: for people */
};
struct gate_pass webapi_gate_ask(struct gate *g, struct str token, const struct ip *client,
                                 int64_t now_us);
unsigned webapi_authorize(void *ctx, struct str token, struct httpd_request *q);
unsigned webapi_token_scopes(const struct webapi_token *t); /* with what they imply */

/* ---- query.c: what queries hold ---- */

/* RFC 3339, seconds since 1970, or "24h", "7d" back from now. False: none of these. */
bool webapi_time_parse(struct str text, int64_t now_ms, int64_t *out_ms);
/* `since` (default: default_s back) and `until` (default: now), since < until. */
int webapi_query_range(struct httpd_request *q, int64_t default_s, int64_t *since_ms,
                       int64_t *until_ms, struct mp_err *err);
int webapi_query_limit(struct httpd_request *q, size_t *out, struct mp_err *err);
int webapi_query_flag(struct httpd_request *q, const char *name, bool *out, struct mp_err *err);
/* One of the words; *out untouched when absent. */
int webapi_query_word(struct httpd_request *q, const char *name, const char *const *words, size_t n,
                      size_t *out, struct mp_err *err);
int webapi_query_mode(struct httpd_request *q, struct str *out, struct mp_err *err);
int webapi_query_severity(struct httpd_request *q, enum severity *out, bool *has,
                          struct mp_err *err);
int webapi_query_action(struct httpd_request *q, const char *name, enum verdict_action *out,
                        bool *has, struct mp_err *err);
/* What stands for a list of those that are asked for "what" when the daemon has none: 404. */
int webapi_not_kept(struct httpd_request *q, const char *what);

/* ---- request.c: messages with their envelopes ---- */

struct scan_input {
    struct mail_request r; /* texts live in the request */
    struct str message;
    char id[MAIL_ID_BYTES];
    json_t *held; /* of a JSON body: views point into it */
};
/* Texts of an envelope, from a query, JSON or form: each once. */
struct envelope_fields;
/* *ok false: a reply stands (415, 413). For webapi_input_clear, also after a failure. */
int webapi_input_read(struct webapi *w, struct httpd_request *q, struct scan_input *in, bool *ok,
                      struct mp_err *err);
void webapi_input_clear(struct scan_input *in);
/* Of JSON with `message` or `message_base64`, and `envelope`; no other member but those in `more`.
 * The object is the caller's. */
int webapi_input_json(struct webapi *w, struct httpd_request *q, const json_t *object,
                      const char *const *more, size_t n_more, struct scan_input *in,
                      struct mp_err *err);
/* The rest of a request: id, time, deadline, listener. MP_E_IO: no randomness. */
int webapi_input_finish(struct webapi *w, struct httpd_request *q, enum mail_mode mode,
                        struct scan_input *in, struct mp_err *err);
/* One text of an envelope as clients write it. MP_E_SYNTAX: control characters, too long. */
int webapi_envelope_text(const char *name, struct str text, struct str *out, struct mp_err *err);
/* The same without <>. */
int webapi_envelope_address(const char *name, struct str text, struct str *out, struct mp_err *err);
int webapi_json_body(struct httpd_request *q, json_t **out, bool *ok, struct mp_err *err);
struct str webapi_json_text(const json_t *v);

/* ---- multipart.c ---- */

struct form_part {
    struct str name, body;
};
struct form {
    struct form_part *parts;
    size_t n;
};
/* "form-data" of RFC 7578; views into `body`. MP_E_SYNTAX, MP_E_NOMEM. */
int webapi_multipart_read(struct arena *a, struct str content_type, struct str body,
                          struct form *out, struct mp_err *err);
/* The media type, lower case, without parameters. */
struct str webapi_media_type(struct arena *a, struct str content_type);

/* ---- api_scan.c: places ---- */

enum place { PLACE_TAKEN, PLACE_WAITS, PLACE_NONE };
enum place scan_place_take(struct webapi *w, struct httpd_request *q);
void scan_place_free(struct webapi *w, struct httpd_request *q);
/* Asks the daemon; MP_OK: judged. Counts. */
int scan_judge(struct webapi *w, const struct scan_input *in, struct arena *a,
               struct mail_answer *out, struct mp_err *err);
unsigned scan_failure_status(int st); /* of its failures, for problem documents */

/* ---- async.c ---- */

int webapi_async_start(struct webapi *w, struct mp_err *err);
/* No new ones; waits until all are done or the time is over. */
bool webapi_async_drain(struct async *a, unsigned timeout_ms);
void webapi_async_stop(struct async *a);
/* Copies what it needs. False: no room. */
bool webapi_async_add(struct async *a, struct httpd *h, const struct scan_input *in,
                      struct str who);
/* The object Scan. Found false: there is none of that id for `who`. done: it will not change. */
void webapi_async_write(struct async *a, struct str id, struct str who, bool all, struct json *j,
                        bool *found, bool *done);
void webapi_async_counts(struct async *a, unsigned *waiting, unsigned *kept);

/* ---- api_metrics.c: what mails were counted as ---- */

struct traffic *webapi_traffic_new(void);
void webapi_traffic_free(struct traffic *t);
void webapi_traffic_add(struct traffic *t, const struct mail_summary *s);
void webapi_traffic_write(struct traffic *t, struct buf *out);

/* One JSON value, or null when `text` is none. */
void webapi_json_embed(struct json *j, const char *key, struct str text);
/* api_rspamd.c: the reply for an answer that judged, or for none. */
void webapi_rspamd_reply(struct json *j, struct arena *a, const struct mail_answer *answer);
void webapi_rspamd_later(struct json *j, struct str why);

extern const struct httpd_route webapi_routes[];
extern const size_t webapi_n_routes;

httpd_handler webapi_handle_page, webapi_handle_openapi, webapi_handle_health, webapi_handle_ready,
    webapi_handle_metrics, webapi_handle_session, webapi_handle_scan, webapi_handle_scan_result,
    webapi_handle_messages, webapi_handle_message, webapi_handle_events, webapi_handle_traffic,
    webapi_handle_domains, webapi_handle_top_findings, webapi_handle_status, webapi_handle_findings,
    webapi_handle_finding, webapi_handle_policy_test, webapi_handle_monitor,
    webapi_handle_monitor_suite, webapi_handle_audits, webapi_handle_audit,
    webapi_handle_reports_dmarc, webapi_handle_reports_tls, webapi_handle_rspamd;

#endif
