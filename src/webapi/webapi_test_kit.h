/* An API over loopback whose daemon is a fake: what it is asked and what it answers is the test's.
 * The test that includes this has included tests/tap.h before. */
#ifndef MP_WEBAPI_WEBAPI_TEST_KIT_H
#define MP_WEBAPI_WEBAPI_TEST_KIT_H

#include <jansson.h>
#include <pthread.h>
#include <sched.h>

#include "httpd/httpd.h"
#include "httpd/httpd_test_kit.h"
#include "webapi/webapi.h"

#define KIT_READ  "Authorization: Bearer reader-0123456789\r\n"
#define KIT_SCAN  "Authorization: Bearer scanner-0123456789\r\n"
#define KIT_ADMIN "Authorization: Bearer admin-0123456789\r\n"

/* The daemon: answers "reject" to whatever holds "bad", "tempfail"-like failures to words below. */
struct kit {
    struct webapi_config c;
    struct webapi_token tokens[4];
    struct webapi *w;
    uint16_t port;
    pthread_mutex_t lock;
    bool hold; /* scans wait until it is false */
    unsigned started, ended;
    struct buf asked; /* of the last scan, as text */
    bool ready;
};

static inline void kit_note(struct kit *k, const struct mail_request *r, struct str message)
{
    char ip[IP_TEXT_MAX] = "none";
    if (r->client.family != IP_NONE)
        ip_write(&r->client, ip);
    buf_reset(&k->asked);
    buf_addf(&k->asked,
             "mode=%s ip=%s helo=" STR_FMT " from=%s" STR_FMT " name=" STR_FMT " user=" STR_FMT
             " queue=" STR_FMT " tls=" STR_FMT " rcpt=",
             mail_mode_name(r->mode), ip, STR_ARG(r->helo), r->has_mail_from ? "" : "?",
             STR_ARG(r->mail_from), STR_ARG(r->client_name), STR_ARG(r->auth_user),
             STR_ARG(r->queue_id), STR_ARG(r->tls));
    for (size_t i = 0; i < r->n_rcpt_to; i++)
        buf_addf(&k->asked, "[" STR_FMT "]", STR_ARG(r->rcpt_to[i]));
    buf_addf(&k->asked, " policy=%zu ms=%u local=%d edits=%d message=" STR_FMT, r->policy.n,
             r->deadline_ms, r->local, r->want_edits, STR_ARG(str_slice(message, 0, 200)));
}

static struct mail_edit kit_edits[] = {
    {EDIT_REMOVE, STR_INIT("Authentication-Results"), STR_INIT(""), 1},
    {EDIT_REMOVE, STR_INIT("authentication-results"), STR_INIT(""), 3},
    {EDIT_REPLACE, STR_INIT("Subject"), STR_INIT(" [tag]\r\n x"), 1},
    {EDIT_PREPEND, STR_INIT("Authentication-Results"), STR_INIT(" mx.test;\r\n\tspf=pass"), 0},
    {EDIT_PREPEND, STR_INIT("X-Two"), STR_INIT(" 1"), 0},
    {EDIT_PREPEND, STR_INIT("X-Two"), STR_INIT(" 2"), 0}};

static inline void kit_judged(const struct mail_request *r, struct str message, struct arena *a,
                              struct mail_answer *out)
{
    bool bad = str_search(message, STR("bad")) < message.n;
    struct mail_summary *s = &out->summary;
    out->action = bad ? ACTION_REJECT : ACTION_ACCEPT;
    out->code = bad ? 550 : 250;
    out->text = bad ? STR("5.7.1 rejected by policy") : STR("ok");
    out->report = arena_fmt(a,
                            "{\"schema\":\"mailproof/report/1\",\"source\":\"" STR_FMT
                            "\",\"findings\":[{\"id\":\"auth.dmarc.fail\",\"severity\":\"high\","
                            "\"evidence\":\"e\"}],\"verdict\":{\"action\":\"%s\",\"complete\":true,"
                            "\"reasons\":[]}}",
                            STR_ARG(r->id), action_name(out->action));
    if (r->want_edits) {
        out->edits = kit_edits;
        out->n_edits = ARRAY_LEN(kit_edits);
    }
    s->id = r->id;
    s->spf = STR("pass");
    s->spf_domain = STR("example.org");
    s->dmarc = bad ? STR("fail") : STR("pass");
    s->policy.disposition = STR("reject");
    s->message_id = STR("<1@example.org>");
    s->elapsed_us = 1234;
    s->findings[0] = (struct summary_finding){STR("auth.dmarc.fail"), SEV_HIGH, 1, STR("why")};
    s->n_findings = bad;
}

static inline int kit_scan(void *ctx, const struct mail_request *r, struct str message,
                           struct arena *a, struct mail_answer *out, struct mp_err *err)
{
    struct kit *k = ctx;
    bool hold = true;
    pthread_mutex_lock(&k->lock);
    kit_note(k, r, message);
    k->started++;
    pthread_mutex_unlock(&k->lock);
    while (hold) {
        pthread_mutex_lock(&k->lock);
        hold = k->hold;
        pthread_mutex_unlock(&k->lock);
        sched_yield();
    }
    pthread_mutex_lock(&k->lock);
    k->ended++;
    pthread_mutex_unlock(&k->lock);
    if (str_search(message, STR("late")) < message.n)
        return mp_fail(err, MP_E_TIMEOUT, 0, "the checks did not end in time");
    if (str_search(message, STR("dead")) < message.n)
        return mp_fail(err, MP_E_IO, 0, "no worker is there");
    if (str_search(message, STR("failed")) < message.n) {
        out->status = ANSWER_FAILED;
        out->reason = STR("the worker has no memory");
        return MP_OK;
    }
    if (str_search(message, STR("reportless")) == message.n)
        kit_judged(r, message, a, out);
    return MP_OK;
}

static inline void kit_status_members(void *ctx, struct json *j)
{
    (void)ctx;
    json_kword(j, "version", "test");
}

static inline bool kit_ready(void *ctx, struct json *j)
{
    struct kit *k = ctx;
    json_object_begin(j);
    json_kword(j, "name", "workers");
    json_kbool(j, "ok", k->ready);
    json_kword(j, "detail", "");
    json_object_end(j);
    return k->ready;
}

static inline void kit_metrics(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_addz(out, "mailproof_fake 1\n");
}

static inline void kit_token(struct kit *k, const char *secret, unsigned scopes, const char *name)
{
    struct mp_err err = {0};
    struct webapi_token *t = &k->tokens[k->c.n_tokens++];
    *t = (struct webapi_token){.name = str_from(name), .scopes = scopes};
    if (webapi_token_of(str_from(secret), t->sha256, &err) != MP_OK)
        abort();
}

static inline void kit_init(struct kit *k)
{
    *k = (struct kit){.ready = true};
    pthread_mutex_init(&k->lock, NULL);
    buf_init(&k->asked, 1 << 20);
    k->c = (struct webapi_config){.tokens = k->tokens, .rspamd = true};
    k->c.service = (struct webapi_service){k, kit_scan, kit_status_members, kit_ready, kit_metrics};
    kit_token(k, "reader-0123456789", WEBAPI_READ, "reader");
    kit_token(k, "scanner-0123456789", WEBAPI_SCAN, "scanner");
    kit_token(k, "admin-0123456789", WEBAPI_ADMIN, "admin");
    kit_token(k, "prometheus-0123456789", WEBAPI_METRICS, "prometheus");
    if (!ip_parse(STR("127.0.0.1"), &k->c.ip))
        abort();
}

static inline void kit_start(struct kit *k)
{
    struct mp_err err = {0};
    if (webapi_start(&k->c, &k->w, &err) != MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    k->port = webapi_port(k->w);
}

static inline void kit_end(struct kit *k)
{
    webapi_stop(k->w);
    pthread_mutex_destroy(&k->lock);
    buf_clear(&k->asked);
}

static inline void kit_set_hold(struct kit *k, bool hold)
{
    pthread_mutex_lock(&k->lock);
    k->hold = hold;
    pthread_mutex_unlock(&k->lock);
}

static inline unsigned kit_count(struct kit *k, const unsigned *n)
{
    pthread_mutex_lock(&k->lock);
    unsigned value = *n;
    pthread_mutex_unlock(&k->lock);
    return value;
}

#endif
