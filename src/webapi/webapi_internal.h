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
struct gate *gate_new(const struct webapi_config *c);
void gate_free(struct gate *g);
enum gate_answer { GATE_OPEN, GATE_WRONG, GATE_LATER };
struct gate_pass {
    enum gate_answer answer;
    const struct webapi_token *token; /* of GATE_OPEN */
    unsigned after_s;                 /* of GATE_LATER: when to ask again */
    const char *why;                  /* the same: for people */
};
struct gate_pass gate_ask(struct gate *g, struct str token, const struct ip *client,
                          int64_t now_us);
unsigned tokens_authorize(void *ctx, struct str token, struct httpd_request *q);
unsigned token_scopes(const struct webapi_token *t); /* with what they imply */

/* ---- query.c: what queries hold ---- */

/* RFC 3339, seconds since 1970, or "24h", "7d" back from now. False: none of these. */
bool time_parse(struct str text, int64_t now_ms, int64_t *out_ms);
/* `since` (default: default_s back) and `until` (default: now), since < until. */
int query_range(struct httpd_request *q, int64_t default_s, int64_t *since_ms, int64_t *until_ms,
                struct mp_err *err);
int query_limit(struct httpd_request *q, size_t *out, struct mp_err *err);
int query_flag(struct httpd_request *q, const char *name, bool *out, struct mp_err *err);
/* One of the words; *out untouched when absent. */
int query_word(struct httpd_request *q, const char *name, const char *const *words, size_t n,
               size_t *out, struct mp_err *err);
int query_mode(struct httpd_request *q, struct str *out, struct mp_err *err);
int query_severity(struct httpd_request *q, enum severity *out, bool *has, struct mp_err *err);
int query_action(struct httpd_request *q, const char *name, enum verdict_action *out, bool *has,
                 struct mp_err *err);
/* What stands for a list of those that are asked for "what" when the daemon has none: 404. */
int not_kept(struct httpd_request *q, const char *what);

/* ---- request.c: messages with their envelopes ---- */

struct scan_input {
    struct mail_request r; /* texts live in the request */
    struct str message;
    char id[MAIL_ID_BYTES];
    json_t *held; /* of a JSON body: views point into it */
};
/* Texts of an envelope, from a query, JSON or form: each once. */
struct envelope_fields;
/* *ok false: a reply stands (415, 413). For scan_input_clear, also after a failure. */
int scan_input_read(struct webapi *w, struct httpd_request *q, struct scan_input *in, bool *ok,
                    struct mp_err *err);
void scan_input_clear(struct scan_input *in);
/* Of JSON with `message` or `message_base64`, and `envelope`; no other member but those in `more`.
 * The object is the caller's. */
int scan_input_json(struct webapi *w, struct httpd_request *q, const json_t *object,
                    const char *const *more, size_t n_more, struct scan_input *in,
                    struct mp_err *err);
/* The rest of a request: id, time, deadline, listener. MP_E_IO: no randomness. */
int scan_input_finish(struct webapi *w, struct httpd_request *q, enum mail_mode mode,
                      struct scan_input *in, struct mp_err *err);
/* One text of an envelope as clients write it. MP_E_SYNTAX: control characters, too long. */
int envelope_text(const char *name, struct str text, struct str *out, struct mp_err *err);
/* The same without <>. */
int envelope_address(const char *name, struct str text, struct str *out, struct mp_err *err);
int json_body(struct httpd_request *q, json_t **out, bool *ok, struct mp_err *err);
struct str json_text(const json_t *v);

/* ---- multipart.c ---- */

struct form_part {
    struct str name, body;
};
struct form {
    struct form_part *parts;
    size_t n;
};
/* "form-data" of RFC 7578; views into `body`. MP_E_SYNTAX, MP_E_NOMEM. */
int multipart_read(struct arena *a, struct str content_type, struct str body, struct form *out,
                   struct mp_err *err);
/* The media type, lower case, without parameters. */
struct str media_type(struct arena *a, struct str content_type);

/* ---- api_scan.c: places ---- */

enum place { PLACE_TAKEN, PLACE_WAITS, PLACE_NONE };
enum place place_take(struct webapi *w, struct httpd_request *q);
void place_free(struct webapi *w, struct httpd_request *q);
/* Asks the daemon; MP_OK: judged. Counts. */
int judge(struct webapi *w, const struct scan_input *in, struct arena *a, struct mail_answer *out,
          struct mp_err *err);
unsigned judge_status(int st); /* of its failures, for problem documents */

/* ---- async.c ---- */

int async_start(struct webapi *w, struct mp_err *err);
/* No new ones; waits until all are done or the time is over. */
bool async_drain(struct async *a, unsigned timeout_ms);
void async_stop(struct async *a);
/* Copies what it needs. False: no room. */
bool async_add(struct async *a, struct httpd *h, const struct scan_input *in, struct str who);
/* The object Scan. Found false: there is none of that id for `who`. done: it will not change. */
void async_write(struct async *a, struct str id, struct str who, bool all, struct json *j,
                 bool *found, bool *done);
void async_counts(struct async *a, unsigned *waiting, unsigned *kept);

/* ---- api_metrics.c: what mails were counted as ---- */

struct traffic *traffic_new(void);
void traffic_free(struct traffic *t);
void traffic_add(struct traffic *t, const struct mail_summary *s);
void traffic_write(struct traffic *t, struct buf *out);

/* One JSON value, or null when `text` is none. */
void json_embed(struct json *j, const char *key, struct str text);
/* api_rspamd.c: the reply for an answer that judged, or for none. */
void rspamd_reply(struct json *j, struct arena *a, const struct mail_answer *answer);
void rspamd_later(struct json *j, struct str why);

extern const struct httpd_route webapi_routes[];
extern const size_t webapi_n_routes;

httpd_handler api_page, api_openapi, api_health, api_ready, api_metrics, api_session, api_scan,
    api_scan_result, api_messages, api_message, api_events, api_traffic, api_domains,
    api_top_findings, api_status, api_findings, api_finding, api_policy_test, api_monitor,
    api_monitor_suite, api_audits, api_audit, api_reports_dmarc, api_reports_tls, api_rspamd;

#endif
