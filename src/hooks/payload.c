/* What an event says: Standard Webhooks' type, timestamp and data; of a mail what its summary has.
 */
#include "base/json.h"
#include "hooks/hooks_internal.h"

void payload_write(struct buf *out, enum hook_type type, int64_t time_ms, struct str data)
{
    struct json j;
    json_init(&j, out, 0);
    json_object_begin(&j);
    json_kword(&j, "type", hook_type_name(type));
    json_ktime_ms(&j, "timestamp", time_ms);
    json_key(&j, "data");
    json_raw(&j, data);
    json_object_end(&j);
}

/* With no_addresses: "@example.org". */
static struct str address(const struct hooks_config *c, struct str s)
{
    return c->no_addresses ? str_slice(s, str_rfind(s, '@'), s.n) : s;
}

/* Evidence quotes subjects and addresses. That of feeds was shared with us, perhaps under a TLP
 * that does not let it out: the id and the gravity are our own words. */
static void write_finding(struct json *j, const struct hooks_config *c,
                          const struct summary_finding *f)
{
    bool quiet = c->no_addresses || c->no_subjects || str_starts(f->id, STR("intel."));
    json_object_begin(j);
    json_kstr(j, "id", f->id);
    json_kword(j, "severity", severity_name(f->severity));
    json_kint(j, "count", f->count);
    if (!quiet)
        json_kopt(j, "evidence", f->evidence);
    json_object_end(j);
}

/* Both events: which mail it is. */
static void write_mail(struct json *j, const struct hooks_config *c, const struct mail_summary *s)
{
    char client[IP_TEXT_MAX] = "";
    if (s->client.family != IP_NONE)
        ip_write(&s->client, client);
    json_ktext(j, "id", s->id);
    json_ktime_ms(j, "time", s->time_ms);
    json_ktext(j, "mode", s->mode);
    json_kopt(j, "listener", s->listener);
    json_kopt(j, "queue_id", s->queue_id);
    json_kopt(j, "client_ip", str_from(client));
    json_kopt(j, "mail_from", address(c, s->mail_from));
    json_kopt(j, "from", address(c, s->from));
    json_kopt(j, "from_domain", s->from_domain);
    json_kopt(j, "message_id", s->message_id);
    if (!c->no_subjects)
        json_ktext(j, "subject", s->subject);
    json_kword(j, "action", action_name(s->action));
    json_kopt(j, "done", s->done);
    json_kbool(j, "complete", s->complete);
}

static void write_rcpts(struct json *j, const struct hooks_config *c, const struct mail_summary *s)
{
    json_key(j, "rcpt_to");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_rcpts; i++)
        json_str(j, address(c, s->rcpt_to[i]));
    json_array_end(j);
    json_kint(j, "rcpt_count", s->n_rcpt_to);
}

static void write_auth(struct json *j, const struct mail_summary *s)
{
    json_key(j, "authentication");
    json_object_begin(j);
    json_kopt(j, "spf", s->spf);
    json_kopt(j, "dmarc", s->dmarc);
    json_kopt(j, "arc", s->arc);
    json_key(j, "dkim");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_dkim; i++) {
        json_object_begin(j);
        json_kstr(j, "domain", s->dkim[i].domain);
        json_kstr(j, "selector", s->dkim[i].selector);
        json_kstr(j, "result", s->dkim[i].result);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void write_verdict(struct json *j, const struct hooks_config *c,
                          const struct mail_summary *s)
{
    size_t n = s->n_findings < HOOKS_FINDINGS ? s->n_findings : HOOKS_FINDINGS;
    write_rcpts(j, c, s);
    json_kint(j, "size", (int64_t)(s->size_bytes < INT64_MAX ? s->size_bytes : INT64_MAX));
    /* A reply may quote what was found. */
    bool quiet = c->no_addresses || c->no_subjects;
    json_kopt(j, "reply", quiet ? str_slice(s->reply, 0, 9) : s->reply);
    write_auth(j, s);
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < n; i++)
        write_finding(j, c, &s->findings[i]);
    json_array_end(j);
    json_kint(j, "finding_count", (int64_t)s->n_findings);
}

void payload_mail(struct buf *out, const struct hooks_config *c, const struct hook_subject *s)
{
    struct json j;
    struct buf data;
    buf_init(&data, HOOKS_PAYLOAD_MAX_BYTES);
    json_init(&j, &data, 0);
    json_object_begin(&j);
    write_mail(&j, c, s->mail);
    if (s->type == HOOK_MAIL_VERDICT) {
        write_verdict(&j, c, s->mail);
    } else {
        json_key(&j, "finding");
        write_finding(&j, c, &s->mail->findings[s->finding]);
    }
    json_object_end(&j);
    payload_write(out, s->type, s->mail->time_ms, buf_str(&data));
    out->failed = out->failed || data.failed;
    buf_clear(&data);
}
