/* The public verifier: a resolver or a zone, and one job a call. */
#include <mailproof/mailproof.h>

#include <stdlib.h>

#include "api/api_internal.h"
#include "base/clock.h"
#include "dns/zone.h"
#include "report/report.h"
#include "run/run.h"

enum { VERIFIER_ARENA_BYTES = 64 * 1024 * 1024, JSON_MAX_BYTES = 256 * 1024 * 1024 };

struct mp_verifier {
    struct arena arena; /* texts of the options and the policy */
    struct policy policy;
    struct job_config config;
    struct dns_source source;
};

struct mp_result {
    struct job job;
    struct buf message, json;
};

const char *mp_version(void)
{
    return MP_VERSION;
}

int api_fail(struct mp_error *error, const struct mp_err *err)
{
    if (error != NULL) {
        error->code = err->code;
        memcpy(error->text, err->text, sizeof error->text);
    }
    return err->code;
}

static struct str copied(struct arena *a, const char *text, const char *otherwise)
{
    return arena_copy(a, str_from(text == NULL ? otherwise : text));
}

/* Those of the options and those of the policy, as the command does. */
static int join_sealers(struct mp_verifier *v, const char *const *list, struct mp_err *err)
{
    size_t n = 0, more = v->policy.n_trusted_sealers;
    while (list != NULL && list[n] != NULL)
        n++;
    struct str *sealers = arena_new(&v->arena, struct str, n + more + 1);
    if (sealers == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for %zu sealers", n + more);
    for (size_t i = 0; i < n; i++)
        sealers[i] = copied(&v->arena, list[i], "");
    for (size_t i = 0; i < more; i++)
        sealers[n + i] = v->policy.trusted_sealers[i];
    v->config.auth.trusted_sealers = sealers;
    v->config.auth.n_trusted_sealers = n + more;
    return MP_OK;
}

static int open_source(struct mp_verifier *v, const struct mp_options *o, struct mp_err *err)
{
    struct resolver_config rc;
    v->source.deadline_ms = o->timeout_ms == 0 ? RUN_DEADLINE_MS : o->timeout_ms;
    if (o->zone != NULL) {
        v->source.zone = dns_zone_new();
        return v->source.zone == NULL
                   ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the zone")
                   : dns_zone_load(v->source.zone, str_from(o->zone), "zone", err);
    }
    resolver_config_init(&rc);
    rc.server = copied(&v->arena, o->resolver, "");
    if (rc.timeout_ms > v->source.deadline_ms)
        rc.timeout_ms = v->source.deadline_ms;
    return resolver_new(&rc, &v->source.resolver, err);
}

static int configure(struct mp_verifier *v, const struct mp_options *o, struct mp_err *err)
{
    auth_config_init(&v->config.auth);
    policy_default(&v->policy);
    v->config.policy = &v->policy;
    int st = MP_OK;
    if (o->policy != NULL)
        st = policy_load(&v->arena, str_from(o->policy), "policy", &v->policy, err);
    if (st == MP_OK)
        st = join_sealers(v, o->trusted_sealers, err);
    v->config.auth.authserv_id = o->authserv_id == NULL && v->policy.authserv_id.n != 0
                                     ? v->policy.authserv_id
                                     : copied(&v->arena, o->authserv_id, "localhost");
    v->config.auth.receiver = v->config.auth.authserv_id;
    return st == MP_OK ? open_source(v, o, err) : st;
}

int mp_verifier_new(const struct mp_options *options, struct mp_verifier **out,
                    struct mp_error *error)
{
    struct mp_err err = {0};
    if (options == NULL || options->size != sizeof *options) {
        mp_fail(&err, MP_E_USAGE, 0, "options must be made with MP_OPTIONS_INIT");
        return api_fail(error, &err);
    }
    struct mp_verifier *v = calloc(1, sizeof *v);
    if (v == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory for a verifier");
        return api_fail(error, &err);
    }
    arena_init(&v->arena, VERIFIER_ARENA_BYTES);
    if (configure(v, options, &err) != MP_OK) {
        mp_verifier_free(v);
        return api_fail(error, &err);
    }
    *out = v;
    return MP_CODE_OK;
}

void mp_verifier_free(struct mp_verifier *v)
{
    if (v == NULL)
        return;
    resolver_free(v->source.resolver);
    dns_zone_free(v->source.zone);
    arena_clear(&v->arena);
    free(v);
}

/* Texts of the envelope must live as long as the job: they are kept behind the message. */
static struct str kept(struct buf *b, const char *text)
{
    size_t at = b->n, n = text == NULL ? 0 : strlen(text);
    buf_add(b, str_make(text, n));
    return str_make(b->p + at, n);
}

static int read_envelope(const struct mp_envelope *in, struct buf *texts, struct envelope *out,
                         struct mp_err *err)
{
    *out = (struct envelope){0};
    if (in == NULL)
        return MP_OK;
    if (in->size != sizeof *in)
        return mp_fail(err, MP_E_USAGE, 0, "envelope must be made with MP_ENVELOPE_INIT");
    if (in->client_ip != NULL && !ip_parse(str_from(in->client_ip), &out->client))
        return mp_fail(err, MP_E_USAGE, 0, "client_ip '%s' is not an IP address", in->client_ip);
    out->helo = kept(texts, in->helo);
    out->mail_from = kept(texts, in->mail_from);
    out->has_mail_from = in->mail_from != NULL;
    return MP_OK;
}

static int check(struct mp_verifier *v, const struct mp_envelope *envelope, struct mp_result *r,
                 struct str message, struct mp_err *err)
{
    struct envelope e;
    size_t names = envelope == NULL
                       ? 0
                       : strlen(envelope->helo == NULL ? "" : envelope->helo) +
                             strlen(envelope->mail_from == NULL ? "" : envelope->mail_from);
    buf_init(&r->message, message.n + names + 1);
    if (buf_reserve(&r->message, message.n + names + 1) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a message of %zu bytes", message.n);
    buf_add(&r->message, message);
    int st = read_envelope(envelope, &r->message, &e, err);
    int64_t now = envelope != NULL && envelope->time_s != 0 ? envelope->time_s : clock_wall_s();
    if (st == MP_OK)
        st = run_start(&r->job, &v->source, STR("message"), str_make(r->message.p, message.n), &e,
                       now, err);
    if (st == MP_OK) {
        job_describe(&r->job, err);
        st = run_job(&r->job, &v->source, err);
    }
    return r->job.finished ? MP_OK : st;
}

int mp_verify(struct mp_verifier *v, const struct mp_envelope *envelope, const void *message,
              size_t length, struct mp_result **out, struct mp_error *error)
{
    struct mp_err err = {0};
    struct mp_result *r = calloc(1, sizeof *r);
    if (r == NULL) {
        mp_fail(&err, MP_E_NOMEM, 0, "no memory for a result");
        return api_fail(error, &err);
    }
    job_init(&r->job, &v->config);
    buf_init(&r->json, JSON_MAX_BYTES);
    if (check(v, envelope, r, str_make(message, length), &err) != MP_OK) {
        mp_result_free(r);
        return api_fail(error, &err);
    }
    *out = r;
    return MP_CODE_OK;
}

void mp_result_free(struct mp_result *r)
{
    if (r == NULL)
        return;
    job_clear(&r->job);
    buf_clear(&r->message);
    buf_clear(&r->json);
    free(r);
}

const char *mp_result_spf(const struct mp_result *r)
{
    return spf_result_name(r->job.spf.result);
}

const char *mp_result_dkim(const struct mp_result *r)
{
    return dkim_result_name(r->job.dkim.result);
}

const char *mp_result_arc(const struct mp_result *r)
{
    return arc_result_name(r->job.arc.result);
}

const char *mp_result_dmarc(const struct mp_result *r)
{
    return dmarc_result_name(r->job.dmarc.result);
}

const char *mp_result_action(const struct mp_result *r)
{
    return action_name(r->job.verdict.action);
}

int mp_result_complete(const struct mp_result *r)
{
    return r->job.verdict.complete;
}

static struct mp_text text_of(struct str s)
{
    return (struct mp_text){s.p, s.n};
}

struct mp_text mp_result_author_domain(const struct mp_result *r)
{
    return text_of(r->job.author.domain);
}

struct mp_text mp_result_reason(const struct mp_result *r)
{
    return text_of(r->job.dmarc.reason);
}

struct mp_text mp_result_authentication_results(const struct mp_result *r)
{
    return text_of(r->job.authentication_results);
}

struct mp_text mp_result_json(struct mp_result *r)
{
    if (r->json.n == 0) {
        struct json j;
        json_init(&j, &r->json, 2);
        report_json(&j, &r->job);
    }
    return r->json.failed ? (struct mp_text){NULL, 0} : text_of(buf_str(&r->json));
}

size_t mp_result_findings(const struct mp_result *r)
{
    return r->job.findings.n;
}

int mp_result_finding(const struct mp_result *r, size_t i, struct mp_finding *out)
{
    if (i >= r->job.findings.n)
        return 0;
    const struct finding *f = &r->job.findings.items[i];
    const struct finding_kind *k = finding_kind(f->id);
    *out = (struct mp_finding){.id = k->name.p,
                               .severity = (enum mp_severity)f->severity,
                               .title = k->title,
                               .remedy = k->remedy,
                               .reference = k->reference,
                               .evidence = text_of(f->evidence),
                               .header = text_of(f->where.header),
                               .offset = f->where.has_offset ? (int64_t)f->where.offset : -1};
    return 1;
}
