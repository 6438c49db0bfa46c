/* A store in memory, inboxes, a zone and the API around them, for the tests of the API. */
#ifndef MP_CAPTURE_CAPTURE_TEST_KIT_H
#define MP_CAPTURE_CAPTURE_TEST_KIT_H

#include <jansson.h>
#include <sched.h>

#include "capture/capture.h"
#include "dns/zone.h"
#include "httpd/httpd_test_kit.h"
#include "store/store_test_kit.h"
#include "tests/tap.h"

#define KIT_UNTIL(cond)                                                                            \
    while (!(cond))                                                                                \
    sched_yield()

struct rig {
    struct store *store;
    struct inboxes *inboxes;
    struct dns_zone *zone;
    struct dns_source source;
    struct policy policy;
    struct job_config job_config;
    struct capture_config config;
    struct capture *capture;
    uint16_t port;
};

/* good.test may send from 192.0.2.1; its DMARC policy is reject. */
static inline void rig_zone(struct rig *r)
{
    struct mp_err err = {0};
    r->zone = dns_zone_new();
    if (dns_zone_load(r->zone,
                      STR("$ORIGIN test.\n"
                          "good TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
                          "_dmarc.good TXT \"v=DMARC1; p=reject\"\n"),
                      "zone", &err) != MP_OK)
        abort();
    r->source.zone = r->zone;
}

/* Settings to change before rig_start are in r->config. */
static inline void rig_init(struct rig *r)
{
    static const struct store_config memory = {0};
    struct mp_err err = {0};
    *r = (struct rig){0};
    rig_zone(r);
    r->store = kit_open(&memory);
    if (inboxes_new(r->store, STR("sink.test"), &r->inboxes, &err) != MP_OK)
        abort();
    policy_default(&r->policy);
    auth_config_init(&r->job_config.auth);
    r->job_config.policy = &r->policy;
    r->config = (struct capture_config){.store = r->store,
                                        .inboxes = r->inboxes,
                                        .domain = STR("sink.test"),
                                        .dns_source = &r->source,
                                        .job_config = &r->job_config};
    ip_parse(STR("127.0.0.1"), &r->config.ip);
}

static inline void rig_start(struct rig *r)
{
    struct mp_err err = {0};
    if (capture_start(&r->config, &r->capture, &err) != MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    r->port = capture_port(r->capture);
}

static inline void rig_stop(struct rig *r)
{
    capture_stop(r->capture);
    inboxes_free(r->inboxes);
    store_close(r->store);
    dns_zone_free(r->zone);
}

/* ---- mail ---- */

struct rig_mail {
    const char *inbox, *rcpt, *raw,
        *tls; /* NULL: the common one, alice@sink.test, RIG_PLAIN, none */
    enum store_outcome outcome;
};

#define RIG_PLAIN                                                                                  \
    "From: =?utf-8?q?Caf=C3=A9?= <bob@good.test>\r\nTo: alice@sink.test\r\n"                       \
    "Subject: Your code\r\nMessage-ID: <1@good.test>\r\n"                                          \
    "Date: Sat, 28 Nov 2026 20:00:00 +0000\r\nX-Mailproof-Tag: mp-1\r\n\r\n"                       \
    "Your code is 123456. See https://good.test/confirm?x=1\r\n"

#define RIG_RICH                                                                                   \
    "From: bob@good.test\r\nTo: alice@sink.test\r\nCc: carol@sink.test\r\nSubject: Rich\r\n"       \
    "Message-ID: <2@good.test>\r\nMIME-Version: 1.0\r\n"                                           \
    "Content-Type: multipart/mixed; boundary=m\r\n\r\n"                                            \
    "--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"                                   \
    "--r\r\nContent-Type: text/html; charset=iso-8859-1\r\n"                                       \
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"                                          \
    "<p>Caf=E9</p><script>alert(1)</script><img src=3D\"cid:logo@good.test\">"                     \
    "<img src=3D\"http://evil.test/x.png\">\r\n"                                                   \
    "--r\r\nContent-Type: image/png\r\nContent-ID: <logo@good.test>\r\n"                           \
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--r--\r\n"                               \
    "--m\r\nContent-Type: application/pdf; name=\"r.pdf\"\r\n"                                     \
    "Content-Disposition: attachment; filename*=UTF-8''..%2F%E2%82%AC%20\"r.pdf\r\n"               \
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--m--\r\n"

/* Stored when it returns; its id is in `done`. */
static inline void rig_deliver(struct rig *r, const struct rig_mail *m, struct kit_done *done)
{
    struct str rcpt = str_from(m->rcpt == NULL ? "alice@sink.test" : m->rcpt);
    struct store_delivery d = {
        .inbox = str_from(m->inbox == NULL ? "" : m->inbox),
        .outcome = m->outcome,
        .received_ms = 1795896000000,
        .mail_from = STR("bob@good.test"),
        .rcpts = &rcpt,
        .n_rcpts = 1,
        .helo = STR("mx.good.test"),
        .client_ip = STR("192.0.2.1"),
        .client_port = 40000,
        .listener = STR("127.0.0.1:2525"),
        .protocol = m->tls == NULL ? STR("ESMTP") : STR("ESMTPS"),
        .tls_version = str_from(m->tls == NULL ? "" : m->tls),
        .tls_cipher = str_from(m->tls == NULL ? "" : "TLS_AES_256_GCM_SHA384"),
        .stage = m->outcome == STORE_ACCEPTED ? STR("end") : STR("rcpt"),
        .reply_code = m->outcome == STORE_ACCEPTED ? 250 : 451,
        .reply_text = STR("2.0.0 Ok"),
        .transcript = STR("<-  220 sink.test\n -> EHLO mx.good.test\n"),
        .raw =
            m->outcome == STORE_ACCEPTED ? str_from(m->raw == NULL ? RIG_PLAIN : m->raw) : STR_NONE,
    };
    if (kit_put(r->store, &d, done) != MP_OK)
        abort();
}

/* ---- requests ---- */

static inline struct buf rig_ask(const struct rig *r, const char *line, const char *token,
                                 struct str body)
{
    char head[512] = "";
    if (token != NULL)
        snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", token);
    return kit_http(r->port, line, head, body);
}

/* The status; the JSON of the answer in *out (json_decref), when it is wanted. */
static inline unsigned rig_json(const struct rig *r, const char *line, const char *token,
                                const char *body, json_t **out)
{
    struct buf a = rig_ask(r, line, token, str_from(body));
    unsigned status = kit_status(&a);
    struct str text = kit_body(&a);
    if (out != NULL && (*out = json_loadb(text.p, text.n, JSON_DECODE_ANY, NULL)) == NULL)
        tap_note("%s: %.*s", line, (int)a.n, a.p);
    buf_clear(&a);
    return status;
}

static inline unsigned rig_status(const struct rig *r, const char *line, const char *token)
{
    return rig_json(r, line, token, NULL, NULL);
}

/* "messages/0/subject"; "" when it is no text. */
static inline const json_t *rig_at(const json_t *v, const char *path)
{
    struct str rest = str_from(path);
    while (rest.n != 0) {
        struct str step = str_cut(&rest, '/');
        uint64_t i;
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)step.n, step.p);
        v = str_to_u64(step, 1000000, &i) ? json_array_get(v, (size_t)i) : json_object_get(v, key);
    }
    return v;
}

static inline struct str rig_text(const json_t *v, const char *path)
{
    return str_from(json_string_value(rig_at(v, path)));
}

static inline long long rig_int(const json_t *v, const char *path)
{
    return json_integer_value(rig_at(v, path));
}

/* A new inbox of that id, and its token. */
static inline void rig_inbox(const struct rig *r, const char *id, const char *admin,
                             char token[128])
{
    char body[128];
    json_t *v;
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", id);
    if (rig_json(r, "POST /v1/inboxes", admin, body, &v) != 201)
        abort();
    snprintf(token, 128, "%s", json_string_value(json_object_get(v, "token")));
    json_decref(v);
}

#endif
