/* A probe as a subject: members of its JSON document, and the verbose lines for people. */
#include "flow/probe_internal.h"
#include "flow/transcript_report.h"

/* ---- JSON: small parts ---- */

static const char *dnssec_word(enum dnssec d)
{
    return d == DNSSEC_SECURE ? "secure" : d == DNSSEC_INSECURE ? "insecure" : "unknown";
}

static void kip(struct json *j, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    if (ip->family == IP_NONE)
        json_kstr(j, key, STR_NONE);
    else
        json_kstr(j, key, str_make(text, ip_write(ip, text)));
}

static void khash(struct json *j, const char *key, const unsigned char digest[32])
{
    static const char digits[] = "0123456789abcdef";
    char text[64];
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    json_kstr(j, key, str_make(text, sizeof text));
}

/* ---- JSON: target and route ---- */

static void target_json(struct json *j, const struct target *t)
{
    static const char *const kinds[] = {[TARGET_DOMAIN] = "domain",
                                        [TARGET_HOST] = "host",
                                        [TARGET_ADDRESS] = "address",
                                        [TARGET_SOCKET] = "socket"};
    json_key(j, "target");
    json_object_begin(j);
    json_kword(j, "kind", kinds[t->kind]);
    json_kstr(j, "text", t->text);
    json_kopt(j, "name", t->name);
    json_kint(j, "port", t->port);
    json_kbool(j, "lmtp", t->lmtp);
    json_object_end(j);
}

static void host_json(struct json *j, const struct route_host *h)
{
    json_object_begin(j);
    json_kstr(j, "name", h->name);
    json_kint(j, "preference", h->preference);
    json_kword(j, "status", dns_status_name(h->status));
    json_kword(j, "dnssec", dnssec_word(h->dnssec));
    json_kstr(j, "alias_of", h->is_alias ? h->alias_of : STR_NONE);
    json_key(j, "addresses");
    json_array_begin(j);
    for (size_t i = 0; i < h->n_addresses; i++) {
        char text[IP_TEXT_MAX];
        json_str(j, str_make(text, ip_write(&h->addresses[i], text)));
    }
    json_array_end(j);
    json_object_end(j);
}

static void route_json(struct json *j, const struct route *r)
{
    static const char *const kinds[] = {
        [ROUTE_MX] = "mx",     [ROUTE_IMPLICIT] = "implicit", [ROUTE_NULL_MX] = "null-mx",
        [ROUTE_NONE] = "none", [ROUTE_FAILED] = "failed",     [ROUTE_DIRECT] = "direct"};
    json_key(j, "route");
    json_object_begin(j);
    json_kword(j, "kind", kinds[r->kind]);
    json_kword(j, "dnssec", dnssec_word(r->mx_dnssec));
    json_kopt(j, "reason", r->reason);
    json_key(j, "hosts");
    json_array_begin(j);
    for (size_t i = 0; i < r->n_hosts; i++)
        host_json(j, &r->hosts[i]);
    json_array_end(j);
    json_object_end(j);
}

static void sts_json(struct json *j, const struct probe *p)
{
    json_key(j, "mta_sts");
    json_object_begin(j);
    json_kword(j, "mode", p->has_sts ? mta_sts_mode_name(p->sts.mode) : NULL);
    json_kstrs(j, "mx", p->sts.mx, p->has_sts ? p->sts.n_mx : 0);
    json_kopt(j, "reason", p->sts_reason);
    json_object_end(j);
}

/* ---- JSON: one server ---- */

static void ehlo_json(struct json *j, const char *key, const struct smtp_ehlo *e)
{
    json_key(j, key);
    json_object_begin(j);
    json_kbool(j, "extended", e->extended);
    json_kopt(j, "name", e->greeting_name);
    json_kint(j, "size", (int64_t)(e->size_bytes > INT64_MAX ? INT64_MAX : e->size_bytes));
    json_kstrs(j, "keywords", e->keywords, e->n_keywords);
    json_kstrs(j, "auth", e->mechs, e->n_mechs);
    json_object_end(j);
}

static void certificate_json(struct json *j, const struct tls_facts *t)
{
    const struct x509_facts *f = &t->leaf;
    json_key(j, "certificate");
    if (!t->has_leaf) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_kstr(j, "subject", f->subject);
    json_kstr(j, "issuer", f->issuer);
    json_kstrs(j, "names", f->dns_names, f->n_dns_names);
    json_kint(j, "not_before", f->not_before_s);
    json_kint(j, "not_after", f->not_after_s);
    json_kstr(j, "key", f->key_type);
    json_kint(j, "key_bits", f->key_bits);
    json_kstr(j, "signature", f->signature);
    khash(j, "sha256", f->sha256);
    khash(j, "spki_sha256", f->spki_sha256);
    json_kword(j, "verdict", x509_verdict_name(t->pkix));
    json_kopt(j, "reason", t->pkix_reason);
    json_object_end(j);
}

static void tls_json(struct json *j, const struct probe_server *s)
{
    const struct tls_facts *t = &s->client.tls;
    json_key(j, "tls");
    if (!t->established) {
        json_write_null(j);
        return;
    }
    json_object_begin(j);
    json_kstr(j, "version", t->version);
    json_kstr(j, "cipher", t->cipher);
    json_kint(j, "cipher_bits", t->cipher_bits);
    json_kopt(j, "group", t->group);
    json_kopt(j, "sni", t->sni);
    json_kint(j, "handshake_us", t->handshake_us);
    json_kint(j, "chain_length", (int64_t)t->n_chain);
    certificate_json(j, t);
    json_object_end(j);
}

static void policies_json(struct json *j, const struct probe_server *s)
{
    json_kword(j, "dane", s->has_decision ? dane_verdict_name(s->dane.verdict) : NULL);
    json_kword(j, "delivery", s->has_decision ? tls_delivery_name(s->decision.delivery) : NULL);
    json_kword(j, "delivery_by", s->has_decision ? s->decision.by : NULL);
    json_kstr(j, "delivery_reason", s->has_decision ? s->decision.reason : STR_NONE);
    json_kstr(j, "ptr", s->fcrdns ? s->ptr_name : STR_NONE);
    json_kword(j, "auth_mechanism", s->auth_mech);
}

static void rcpts_json(struct json *j, const struct probe_server *s)
{
    json_key(j, "recipients");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_rcpts; i++) {
        const struct probe_rcpt *r = &s->rcpts[i];
        json_object_begin(j);
        json_kstr(j, "address", r->address);
        json_kword(j, "class", rcpt_class_name(r->class_));
        reply_json(j, "reply", &r->reply);
        reply_json(j, "second", &r->second);
        json_kbool(j, "catch_all", r->catch_all);
        json_object_end(j);
    }
    json_array_end(j);
}

static void tests_json(struct json *j, const struct probe_server *s)
{
    json_key(j, "relay");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_relay; i++) {
        const struct probe_relay *r = &s->relay[i];
        json_object_begin(j);
        json_kword(j, "form", r->form);
        json_kstr(j, "from", r->from);
        json_kstr(j, "to", r->to);
        json_kint(j, "code", r->code);
        json_kbool(j, "accepted", r->accepted);
        json_kbool(j, "local", r->is_local);
        json_object_end(j);
    }
    json_array_end(j);
    json_key(j, "smuggling");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_smuggle; i++) {
        const struct probe_smuggle *x = &s->smuggle[i];
        json_object_begin(j);
        json_kword(j, "sequence", x->sequence->name);
        json_kword(j, "verdict", smuggle_verdict_name(x->verdict));
        json_kword(j, "alone", smuggle_verdict_name(x->stepwise));
        json_kint(j, "accepted", x->accepted);
        json_kopt(j, "evidence", x->evidence);
        json_object_end(j);
    }
    json_array_end(j);
    json_kint(j, "message_code", s->message_code);
}

static void stages_json(struct json *j, const struct probe_server *s)
{
    json_key(j, "stages_us");
    json_object_begin(j);
    for (int i = 0; i < SMTP_STAGE_COUNT; i++)
        if (s->client.stage_us[i] >= 0)
            json_kint(j, smtp_stage_name((enum smtp_stage)i), s->client.stage_us[i]);
    json_object_end(j);
}

static void server_json(struct json *j, const struct probe_server *s)
{
    bool broke = s->fault != SMTP_FAULT_NONE;
    json_object_begin(j);
    json_kstr(j, "group", s->group);
    json_kstr(j, "host", s->host->name);
    kip(j, "address", &s->ip);
    json_kint(j, "port", s->port);
    json_kbool(j, "answered", s->answered);
    json_kword(j, "fault", broke ? smtp_fault_name(s->fault) : NULL);
    json_kword(j, "fault_stage", broke ? smtp_stage_name(s->fault_stage) : NULL);
    reply_json(j, "banner", &s->client.banner);
    ehlo_json(j, "ehlo", &s->client.ehlo);
    ehlo_json(j, "ehlo_before_tls", &s->client.ehlo_plain);
    tls_json(j, s);
    policies_json(j, s);
    rcpts_json(j, s);
    tests_json(j, s);
    stages_json(j, s);
    json_key(j, "transcripts");
    json_array_begin(j);
    transcript_json(j, &s->client.transcript);
    for (size_t i = 0; i < s->n_transcripts; i++)
        transcript_json(j, &s->transcripts[i]);
    json_array_end(j);
    json_object_end(j);
}

static void probe_json(struct json *j, const void *ctx)
{
    const struct probe *p = ctx;
    target_json(j, &p->target);
    route_json(j, &p->route);
    sts_json(j, p);
    json_key(j, "servers");
    json_array_begin(j);
    for (size_t i = 0; i < p->n_servers; i++)
        if (p->servers[i].tried)
            server_json(j, &p->servers[i]);
    json_array_end(j);
}

/* ---- verbose lines ---- */

static void title(struct flow *f, struct str group, const char *what)
{
    flow_line(f, 2, 4);
    flow_value(f, FLOW_BOLD, group);
    flow_putz(f, FLOW_DIM, " ");
    flow_putz(f, FLOW_DIM, what);
    flow_end(f);
}

static void certificate_lines(struct flow *f, const struct tls_facts *t)
{
    flow_line(f, 4, 8);
    flow_pair(f, FLOW_PLAIN, "subject ", t->leaf.subject);
    flow_end(f);
    flow_line(f, 4, 8);
    flow_pair(f, FLOW_PLAIN, "issuer ", t->leaf.issuer);
    flow_end(f);
    flow_line(f, 4, 8);
    flow_putz(f, FLOW_PLAIN, t->leaf.n_dns_names > 0 ? "names" : "no names");
    for (size_t i = 0; i < t->leaf.n_dns_names; i++) {
        flow_putz(f, FLOW_PLAIN, " ");
        flow_value(f, FLOW_PLAIN, t->leaf.dns_names[i]);
    }
    flow_end(f);
    flow_line(f, 4, 8);
    flow_pair(f, FLOW_PLAIN, "key ", t->leaf.key_type);
    flow_putz(f, FLOW_PLAIN, " ");
    flow_num(f, FLOW_PLAIN, t->leaf.key_bits);
    flow_pair(f, FLOW_PLAIN, ", signed with ", t->leaf.signature);
    flow_end(f);
}

static void tlsa_lines(struct flow *f, const struct dane *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct tlsa *r = &d->records[i];
        flow_line(f, 4, 8);
        flow_putz(f, FLOW_PLAIN, "TLSA ");
        flow_num(f, FLOW_PLAIN, r->usage);
        flow_putz(f, FLOW_PLAIN, " ");
        flow_num(f, FLOW_PLAIN, r->selector);
        flow_putz(f, FLOW_PLAIN, " ");
        flow_num(f, FLOW_PLAIN, r->matching);
        flow_putz(f, r->matches ? FLOW_GOOD : FLOW_WARN,
                  r->matches  ? " matches"
                  : r->usable ? " does not match"
                              : " cannot be used: ");
        if (!r->usable)
            flow_putz(f, FLOW_WARN, r->why);
        flow_end(f);
    }
}

static void server_lines(struct flow *f, const struct probe_server *s)
{
    if (s->client.tls.has_leaf) {
        title(f, s->group, "certificate");
        certificate_lines(f, &s->client.tls);
    }
    if (s->has_decision && s->dane.n > 0) {
        title(f, s->group, "TLSA records");
        tlsa_lines(f, &s->dane);
    }
    title(f, s->group, "conversation");
    transcript_lines(f, &s->client.transcript);
    for (size_t i = 0; i < s->n_transcripts; i++) {
        title(f, s->group, "further conversation");
        transcript_lines(f, &s->transcripts[i]);
    }
}

static void probe_verbose(struct flow *f, const void *ctx)
{
    const struct probe *p = ctx;
    for (size_t i = 0; i < p->n_servers; i++)
        if (p->servers[i].tried)
            server_lines(f, &p->servers[i]);
}

void probe_subject(const struct probe *p, struct subject *out)
{
    *out = (struct subject){.kind = "probe",
                            .name = p->target.text,
                            .headline = p->headline,
                            .checks = &p->checks,
                            .started_s = p->started_s,
                            .elapsed_us = p->elapsed_us,
                            .metrics = p->metrics,
                            .n_metrics = p->n_metrics,
                            .json = probe_json,
                            .verbose = probe_verbose,
                            .ctx = p};
}
