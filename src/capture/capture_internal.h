/* The insides of the API, shared by its files. */
#ifndef MP_CAPTURE_CAPTURE_INTERNAL_H
#define MP_CAPTURE_CAPTURE_INTERNAL_H

#include <pthread.h>

#include "capture/relay.h"
#include "crypto/digest.h"
#include "httpd/httpd.h"
#include "message/mime.h"

/* What a token opens: one inbox, or all. */
enum { SCOPE_OPEN = 0, SCOPE_INBOX = 1, SCOPE_ADMIN = 2 };

struct judge;
struct capture {
    struct capture_config c;
    struct httpd *httpd;
    struct store_watch *watch;
    struct judge *judge;
    struct tls_client *relay_tls;   /* NULL: nothing is released */
    int64_t started_us, started_ms; /* monotonic; Unix */
    unsigned char admin_hash[DIGEST_MAX_BYTES];
    pthread_mutex_t script_lock;
    struct buf common_script; /* the text: the inboxes keep what it means only */
};

/* routes.c */
extern const struct httpd_route capture_routes[];
extern const size_t capture_n_routes;

/* ---- access.c: what the caller's token opens ---- */

unsigned access_authorize(void *ctx, struct str token, struct httpd_request *q);
bool access_is_admin(const struct httpd_request *q);
/* The inbox of the path ("default" is ""). *found false: the reply is 404 (or 410 for one that
 * ended while its request waited). */
int access_inbox(struct capture *c, struct httpd_request *q, struct store_inbox *out, bool *found,
                 struct mp_err *err);
/* The delivery of the path's {id}, or of `id`; NULL: the reply is 404. */
int access_message(struct capture *c, struct httpd_request *q, struct store_delivery **out,
                   struct mp_err *err);
int access_message_id(struct capture *c, struct httpd_request *q, struct str id,
                      struct store_delivery **out, struct mp_err *err);
/* An inbox token sees its inbox only. */
void access_bind(const struct httpd_request *q, struct store_query *query);
/* "default" for the common one; and back. */
struct str inbox_name(struct str id);
struct str inbox_id(struct str name);

/* ---- texts.c ---- */

/* How the transaction ended: "outcome", "stage", "reply". */
void outcome_members(struct json *j, const struct store_delivery *d);
int64_t now_ms(void);
/* The value of Content-Disposition: the name as ASCII, and by RFC 8187 when it is more. */
struct str disposition_value(struct arena *a, const char *kind, struct str filename);

/* ---- lists ---- */

void delivery_json(struct json *j, const struct store_delivery *d);
/* `q` of the request as terms of the query. */
int list_terms(struct httpd_request *q, const char *param, struct store_query *query,
               struct mp_err *err);

/* ---- parsed.c: a message for documents ---- */

struct parsed_part {
    const struct mime_part *mime;
    struct str path; /* as the API names it: "1" for a message of one part */
    struct str content_id;
    bool attachment, inlined, is_leaf;
};
struct parsed {
    struct arena arena;
    struct buf raw;
    struct message message;
    struct mime_tree mime;
    struct parsed_part *parts;             /* one for each of mime.parts */
    const struct parsed_part *html, *text; /* those that are shown; NULL: none */
};
/* *found false: the bytes are gone. parsed_clear always. */
int parsed_load(struct capture *c, struct str id, struct parsed *out, bool *found,
                struct mp_err *err);
void parsed_clear(struct parsed *p);
struct str parsed_body(struct parsed *p, const struct parsed_part *part, struct arena *a);
/* Decoded and as UTF-8, appended. */
void parsed_text(struct parsed *p, const struct parsed_part *part, struct buf *out);
const struct parsed_part *parsed_find(const struct parsed *p, struct str path);
struct str parsed_type(const struct parsed_part *part, struct arena *a); /* "text/html" */
/* Value of the topmost field, decoded; p == NULL: there is none. */
struct str parsed_field(struct parsed *p, const char *name);
struct str bare_id(struct str message_id); /* without the angle brackets */
struct address_item {
    struct str name, address;
};
/* Of a field's value as it stands. */
size_t addresses_of(struct arena *a, struct str value, struct address_item **out);

/* ---- judge.c: what `scan` says, kept for a while ---- */

struct judgement { /* JSON values, in the arena given */
    struct str authentication, findings, verdict, not_judged;
};
struct judge *judge_new(void);
void judge_free(struct judge *g);
int judge_message(struct capture *c, const struct store_delivery *d, struct str raw,
                  struct arena *a, struct judgement *out, struct mp_err *err);

/* ---- document.c, preview.c, release.c ---- */

/* mailproof/message/1 as one value. *found false: the bytes are gone, and nothing was written. */
int document_write(struct capture *c, const struct store_delivery *d, struct json *j, bool *found,
                   struct mp_err *err);
/* The message's HTML made harmless to look at (see preview.c). */
int preview_write(struct parsed *p, struct buf *out, struct mp_err *err);
extern const char preview_policy[]; /* Content-Security-Policy */
/* Harmless form of `html`, UTF-8; `resolve` gives a data: URL for a Content-ID, or "". */
void preview_clean(struct str html, struct str (*resolve)(void *ctx, struct str content_id),
                   void *ctx, struct buf *out);
bool release_allowed(const struct str *allow, size_t n, struct str address);

/* ---- handlers, by file ---- */

httpd_handler api_page, api_openapi, api_health, api_ready, api_info, api_metrics;
httpd_handler api_inboxes, api_inbox_create, api_inbox, api_inbox_delete, api_script,
    api_script_put, api_script_delete;
httpd_handler api_messages, api_messages_delete, api_inbox_messages, api_inbox_messages_delete,
    api_attempts, api_inbox_attempts, api_events;
httpd_handler api_wait, api_inbox_wait;
httpd_handler api_message, api_message_delete, api_raw, api_html, api_transcript, api_part,
    api_seen, api_release, api_sent_put;
httpd_handler mailpit_info, mailpit_messages, mailpit_messages_put, mailpit_messages_delete,
    mailpit_search, mailpit_search_delete, mailpit_message, mailpit_headers, mailpit_raw,
    mailpit_part, mailpit_tags, mailpit_webui, mailpit_alive, mailpit_view_html, mailpit_view_text;

#endif
