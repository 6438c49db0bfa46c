/* One mail in short as JSON: the API, its events, whoever else tells of mails. */
#include "ipc/summary_json.h"

static void put_ip(struct json *j, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    if (ip->family == IP_NONE)
        json_kstr(j, key, STR_NONE);
    else
        json_kstr(j, key, str_make(text, ip_write(ip, text)));
}

static void put_spf(struct json *j, const struct mail_summary *s)
{
    json_key(j, "spf");
    json_object_begin(j);
    json_kopt(j, "result", s->spf);
    json_kopt(j, "domain", s->spf_domain);
    json_kopt(j, "scope", s->spf_scope);
    json_kbool(j, "aligned", s->spf_aligned);
    json_object_end(j);
}

static void put_dkim(struct json *j, const struct mail_summary *s)
{
    json_key(j, "dkim");
    json_object_begin(j);
    json_kbool(j, "aligned", s->dkim_aligned);
    json_key(j, "signatures");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_dkim; i++) {
        json_object_begin(j);
        json_kopt(j, "domain", s->dkim[i].domain);
        json_kopt(j, "selector", s->dkim[i].selector);
        json_kopt(j, "result", s->dkim[i].result);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void put_policy(struct json *j, const struct summary_policy *p)
{
    json_object_begin(j);
    json_kopt(j, "p", p->p);
    json_kopt(j, "sp", p->sp);
    json_kopt(j, "np", p->np);
    json_kopt(j, "adkim", p->adkim);
    json_kopt(j, "aspf", p->aspf);
    json_kbool(j, "testing", p->testing);
    json_kopt(j, "discovery", p->discovery);
    json_kopt(j, "disposition", p->disposition);
    json_kopt(j, "override", p->override);
    json_kopt(j, "comment", p->comment);
    json_object_end(j);
}

static void put_authentication(struct json *j, const struct mail_summary *s)
{
    json_key(j, "authentication");
    json_object_begin(j);
    put_spf(j, s);
    put_dkim(j, s);
    json_kopt(j, "arc", s->arc);
    json_key(j, "dmarc");
    json_object_begin(j);
    json_kopt(j, "result", s->dmarc);
    json_kopt(j, "domain", s->dmarc_domain);
    json_key(j, "policy");
    if (s->dmarc_domain.n != 0)
        put_policy(j, &s->policy);
    else
        json_write_null(j);
    json_object_end(j);
    json_object_end(j);
}

static void put_findings(struct json *j, const struct mail_summary *s)
{
    enum finding_id id;
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_findings; i++) {
        const struct summary_finding *f = &s->findings[i];
        json_object_begin(j);
        json_kstr(j, "id", f->id);
        json_kword(j, "severity", severity_name(f->severity));
        json_kword(j, "title", finding_by_name(f->id, &id) ? finding_kind(id)->title : NULL);
        json_kint(j, "count", f->count);
        json_ktext(j, "evidence", f->evidence);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_signed_by(struct json *j, struct str list)
{
    json_key(j, "signed_by");
    json_array_begin(j);
    while (list.n != 0) {
        struct str one = str_cut(&list, ' ');
        if (one.n != 0)
            json_str(j, one);
    }
    json_array_end(j);
}

static void put_envelope(struct json *j, const struct mail_summary *s)
{
    json_kopt(j, "mode", s->mode);
    json_kopt(j, "listener", s->listener);
    json_kopt(j, "queue_id", s->queue_id);
    json_key(j, "client");
    json_object_begin(j);
    put_ip(j, "ip", &s->client);
    json_kopt(j, "name", s->client_name);
    json_object_end(j);
    json_kopt(j, "helo", s->helo);
    json_kopt(j, "tls", s->tls);
    json_kopt(j, "auth_user", s->auth_user);
    if (s->has_mail_from)
        json_ktext(j, "mail_from", s->mail_from);
    else
        json_kstr(j, "mail_from", STR_NONE);
    json_kstrs(j, "rcpt_to", s->rcpt_to, s->n_rcpts);
    json_kint(j, "rcpt_count", s->n_rcpt_to);
}

void summary_json(struct json *j, const struct mail_summary *s)
{
    json_object_begin(j);
    json_ktext(j, "id", s->id);
    json_ktime_ms(j, "time", s->time_ms);
    json_kint(j, "elapsed_us", s->elapsed_us);
    put_envelope(j, s);
    json_kopt(j, "from", s->from);
    json_kopt(j, "from_domain", s->from_domain);
    json_kopt(j, "subject", s->subject);
    json_kopt(j, "message_id", s->message_id);
    json_key(j, "size");
    json_uint(j, s->size_bytes);
    json_kopt(j, "sha256", s->sha256);
    json_kword(j, "action", action_name(s->action));
    json_kopt(j, "done", s->done);
    json_kbool(j, "complete", s->complete);
    json_kopt(j, "reply", s->reply);
    put_authentication(j, s);
    put_findings(j, s);
    put_signed_by(j, s->signed_by);
    json_object_end(j);
}
