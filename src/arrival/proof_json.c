/* A delivery proof as members of its document (docs/schema/wait-1.schema.json). */
#include <stdio.h>

#include "arrival/proof_internal.h"
#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "flow/transcript_report.h"
#include "message/encoded_word.h"

enum { SCRATCH_BYTES = 64 << 20 };

/* ---- small parts ---- */

static void ksha256(struct json *j, const char *key, struct str bytes)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct arena a = {0};
    arena_init(&a, 4096);
    bool ok = digest_once(DIGEST_SHA256, bytes, hash);
    json_kstr(j, key, ok ? hex_encode(&a, str_make((const char *)hash, sizeof hash)) : STR_NONE);
    arena_clear(&a);
}

static void ktls(struct json *j, bool has, struct str version, struct str cipher)
{
    json_key(j, "tls");
    if (!has) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_ktext(j, "version", version);
    json_kopt(j, "cipher", cipher);
    json_object_end(j);
}

/* ---- what was asked for ---- */

static void mailbox_json(struct json *j, const struct proof *p)
{
    const struct mailbox_config *c = &p->request->mailbox;
    json_key(j, "mailbox");
    json_object_begin(j);
    json_kopt(j, "url", c->url);
    json_kstrs(j, "folders", c->folders, c->n_folders);
    json_kopt(j, "inbox", c->inbox);
    json_object_end(j);
    json_key(j, "looked_for");
    json_object_begin(j);
    json_kopt(j, "tag", p->match.tag);
    json_kopt(j, "message_id", p->match.message_id);
    json_kopt(j, "to", p->match.to);
    json_kopt(j, "from", p->match.from);
    json_kopt(j, "subject", p->match.subject);
    json_kbool(j, "bounce", p->match.bounce);
    json_object_end(j);
}

static void recipients_json(struct json *j, const struct deliver_result *d)
{
    json_key(j, "recipients");
    json_array_begin(j);
    for (size_t i = 0; i < d->n_rcpts; i++) {
        json_object_begin(j);
        json_ktext(j, "address", d->rcpts[i].address);
        json_kbool(j, "delivered", d->rcpts[i].delivered);
        reply_json(j, "reply", &d->rcpts[i].reply);
        reply_json(j, "end", &d->rcpts[i].end);
        json_object_end(j);
    }
    json_array_end(j);
}

static void sent_json(struct json *j, const struct proof *p)
{
    const struct deliver_result *d = &p->sent;
    char text[IP_TEXT_MAX];
    bool has_ip = d->ip.family != IP_NONE;
    json_key(j, "sent");
    if (p->request->send == NULL) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_kstr(j, "outcome", str_from(deliver_outcome_name(d->outcome)));
    json_kstr(j, "stage", str_from(smtp_stage_name(d->at)));
    reply_json(j, "reply", &d->reply);
    json_kopt(j, "reason", d->reason);
    json_kopt(j, "host", d->host);
    json_kstr(j, "address", has_ip ? str_make(text, ip_write(&d->ip, text)) : STR_NONE);
    json_kint(j, "port", d->port);
    ktls(j, d->client.has_tls, d->client.tls.version, d->client.tls.cipher);
    json_kstr(j, "auth_mechanism", d->auth_mech == NULL ? STR_NONE : str_from(d->auth_mech));
    json_ktext(j, "mail_from", p->request->send->mail_from);
    recipients_json(j, d);
    json_kopt(j, "tag", d->tag);
    json_kopt(j, "message_id", d->message_id);
    json_kint(j, "size", (int64_t)d->bytes.n);
    ksha256(j, "sha256", d->bytes);
    json_ktime_ms(j, "at", d->sent_ms);
    json_kint(j, "elapsed_us", d->elapsed_us);
    json_key(j, "transcript");
    transcript_json(j, &d->client.transcript);
    json_object_end(j);
}

/* ---- what arrived ---- */

static void envelope_json(struct json *j, const struct mailbox_hit *hit)
{
    const struct store_delivery *d = &hit->delivery;
    json_key(j, "envelope");
    if (!hit->has_delivery) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_ktext(j, "mail_from", d->mail_from);
    json_kstrs(j, "rcpt_to", d->rcpts, d->n_rcpts);
    json_kopt(j, "helo", d->helo);
    json_kopt(j, "client", d->client_ip);
    json_kopt(j, "protocol", d->protocol);
    ktls(j, d->tls_version.n > 0, d->tls_version, d->tls_cipher);
    json_key(j, "attempts");
    if (hit->attempts > 0)
        json_uint(j, hit->attempts);
    else
        json_write_null(j);
    json_object_end(j);
}

static void copies_json(struct json *j, const struct arrival *x)
{
    json_key(j, "copies");
    json_array_begin(j);
    for (size_t i = 0; i < x->n_copies; i++) {
        const struct mailbox_hit *hit = &x->copies[i];
        json_object_begin(j);
        json_ktext(j, "folder", hit->folder);
        json_ktext(j, "id", hit->id);
        json_kint(j, "size", (int64_t)hit->raw.n);
        ksha256(j, "sha256", hit->raw);
        json_ktime_ms(j, "received", hit->arrived_ms);
        envelope_json(j, hit);
        json_object_end(j);
    }
    json_array_end(j);
}

struct str proof_field(struct arena *a, const struct message *m, struct str name)
{
    const struct header *h = header_first(m, name);
    struct str s = h == NULL ? STR_NONE : header_unfold(a, h->value);
    return s.p == NULL ? STR("") : str_trim(encoded_word_decode(a, s, NULL));
}

static void message_json(struct json *j, const struct arrival *x)
{
    struct arena a = {0};
    json_key(j, "message");
    if (!x->arrived) {
        json_write_null(j);
        return;
    }
    arena_init(&a, SCRATCH_BYTES);
    json_object_begin(j);
    json_kopt(j, "message_id", proof_field(&a, &x->message, STR("Message-ID")));
    json_kopt(j, "from", proof_field(&a, &x->message, STR("From")));
    json_kopt(j, "to", proof_field(&a, &x->message, STR("To")));
    json_kopt(j, "subject", proof_field(&a, &x->message, STR("Subject")));
    json_kopt(j, "date", proof_field(&a, &x->message, STR("Date")));
    json_object_end(j);
    arena_clear(&a);
}

static void receiver_json(struct json *j, const struct arrival *x)
{
    json_key(j, "receiver_results");
    if (!x->has_own_results) {
        json_write_null(j);
        return;
    }
    json_array_begin(j);
    for (size_t i = 0; i < x->own_results.n; i++) {
        json_object_begin(j);
        json_ktext(j, "method", x->own_results.results[i].method);
        json_ktext(j, "result", x->own_results.results[i].result);
        json_kopt(j, "reason", x->own_results.results[i].reason);
        json_object_end(j);
    }
    json_array_end(j);
}

/* A member that is there when the message is. */
static bool begin_part(struct json *j, const char *key, bool has)
{
    json_key(j, key);
    if (!has)
        json_write_null(j);
    return has;
}

static void way_json(struct json *j, const struct arrival *x)
{
    if (begin_part(j, "hops", x->arrived))
        trace_hops_json(j, &x->hops);
    if (begin_part(j, "altered", x->compared))
        trace_altered_json(j, &x->altered);
    if (begin_part(j, "dsn", x->arrived))
        trace_dsn_json(j, &x->dsn);
    if (begin_part(j, "authentication", x->judged))
        report_json_authentication(j, &x->job);
    receiver_json(j, x);
    json_kstrs(j, "links", x->extract.links, x->extract.n_links);
    json_kstrs(j, "codes", x->extract.codes, x->extract.n_codes);
}

void proof_json(struct json *j, const void *proof)
{
    const struct proof *p = proof;
    const struct arrival *x = &p->arrival;
    mailbox_json(j, p);
    sent_json(j, p);
    json_kbool(j, "arrived", x->arrived);
    if (begin_part(j, "took_ms", x->arrived))
        json_int(j, x->took_ms);
    json_kopt(j, "reason", x->reason);
    copies_json(j, x);
    message_json(j, x);
    way_json(j, x);
}
