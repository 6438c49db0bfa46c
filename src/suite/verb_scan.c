/* scan: a message, a recorded world, or one made for the occasion, judged as `mailproof scan` does.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "dns/zone.h"
#include "run/world.h"
#include "suite/runner_internal.h"

enum { SCAN_KEY_MAX_BYTES = 64 << 10, SCAN_ZONE_MAX_BYTES = 256 << 20 };

/* What a judgement needs, and what must be released. */
struct scanning {
    struct work *w;
    const struct suite_scan *asked;
    struct str raw;
    struct envelope envelope;
    struct job_config config;
    struct policy policy;
    struct dns_source source;
    struct dns_zone *zone;
    struct world *world;
    int64_t now_s;
    struct private_key *key, *attacker_key;
};

/* ---- the message ---- */

static int load_key(struct scanning *x, const char *file, bool needed, struct private_key **out,
                    struct mp_err *err)
{
    struct str pem;
    if (file == NULL)
        return needed ? private_key_generate(KEY_ED25519, 0, out, err) : MP_OK;
    int st = work_read_file(x->w, str_from(file), SCAN_KEY_MAX_BYTES, &pem, err);
    return st == MP_OK ? private_key_load(pem, file, out, err) : st;
}

static int make_message(struct scanning *x, struct mp_err *err)
{
    const struct suite_scan *a = x->asked;
    struct forge_envelope envelope;
    struct buf bytes;
    struct forge_options o = {.from = a->from,
                              .to = a->to,
                              .attacker = a->attacker,
                              .selector = a->selector.n > 0 ? a->selector : STR("mailproof"),
                              .attacker_selector = a->attacker_selector.n > 0 ? a->attacker_selector
                                                                              : STR("mailproof"),
                              .seed = a->seed,
                              .now_s = x->now_s};
    int st = load_key(x, a->key_file, a->kind->needs_key, &x->key, err);
    if (st == MP_OK)
        st = load_key(x, a->attacker_key_file, a->kind->needs_attacker_key, &x->attacker_key, err);
    o.key = x->key;
    o.attacker_key = x->attacker_key;
    buf_init(&bytes, FORGE_MAX_BYTES);
    st = st == MP_OK ? forge_make(x->w->arena, a->kind, &o, &bytes, &envelope, err) : st;
    if (st == MP_OK) {
        x->raw = arena_copy(x->w->arena, buf_str(&bytes));
        x->envelope.helo = envelope.helo;
        x->envelope.mail_from = envelope.mail_from;
        x->envelope.has_mail_from = true;
        st = x->raw.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    }
    buf_clear(&bytes);
    return st;
}

static int read_world(struct scanning *x, struct mp_err *err)
{
    struct str name = arena_copy(x->w->arena, x->asked->path);
    int st = world_parse(x->w->arena, x->raw, name.p, &x->world, err);
    if (st != MP_OK)
        return st;
    x->raw = x->world->message;
    x->envelope = x->world->envelope;
    x->source = (struct dns_source){.zone = x->world->zone};
    x->now_s = x->world->has_time ? x->world->time_s : x->now_s;
    x->config.auth = world_config(x->world, &x->config.auth);
    return MP_OK;
}

static int take_message(struct scanning *x, struct mp_err *err)
{
    if (x->asked->kind != NULL)
        return make_message(x, err);
    int st = work_read_file(x->w, x->asked->path, SUITE_FILE_MAX_BYTES, &x->raw, err);
    return st == MP_OK && world_sniff(x->raw) ? read_world(x, err) : st;
}

/* ---- how it is judged ---- */

static int take_zone(struct scanning *x, struct mp_err *err)
{
    const char *file = x->asked->zone_file;
    struct str text;
    if (file == NULL)
        return MP_OK;
    int st = work_read_file(x->w, str_from(file), SCAN_ZONE_MAX_BYTES, &text, err);
    if (st == MP_OK && (x->zone = dns_zone_new()) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a zone");
    if (st == MP_OK)
        st = dns_zone_load(x->zone, text, file, err);
    x->source = (struct dns_source){.zone = x->zone};
    return st;
}

static int take_policy(struct scanning *x, struct mp_err *err)
{
    const char *file = x->asked->policy_file;
    struct str text;
    if (file == NULL)
        return MP_OK;
    policy_default(&x->policy);
    int st = work_read_file(x->w, str_from(file), POLICY_MAX_BYTES, &text, err);
    st = st == MP_OK ? policy_load(x->w->arena, text, file, &x->policy, err) : st;
    x->config.policy = &x->policy;
    return st;
}

static void take_envelope(struct scanning *x)
{
    const struct suite_scan *a = x->asked;
    if (a->ip.family != IP_NONE)
        x->envelope.client = a->ip;
    if (a->helo.n > 0)
        x->envelope.helo = a->helo;
    if (a->has_mail_from) {
        x->envelope.mail_from = a->mail_from;
        x->envelope.has_mail_from = true;
    }
    if (a->to.n > 0) {
        x->envelope.rcpt_to = &a->to;
        x->envelope.n_rcpt_to = 1;
    }
    if (a->authserv_id.n > 0)
        x->config.auth.authserv_id = x->config.auth.receiver = a->authserv_id;
}

static int prepare(struct scanning *x, struct mp_err *err)
{
    x->now_s = x->asked->has_time ? x->asked->time_s : x->w->now_s;
    x->config = *x->w->world->job_config;
    x->source = *x->w->world->dns;
    int st = take_zone(x, err);
    st = st == MP_OK ? take_message(x, err) : st;
    st = st == MP_OK ? take_policy(x, err) : st;
    if (st == MP_OK)
        take_envelope(x);
    return st;
}

/* ---- judgement ---- */

static void judge(struct work *w, const struct suite_step *step, const struct job *job)
{
    const struct suite_expect_scan *e = &step->scan->expect;
    struct str group = STR("scan");
    bool complete = job->finished && job->verdict.complete;
    if (SUITE_GIVEN(e->action)) {
        struct judged j = judged_one_of(w, &e->action, str_from(action_name(job->verdict.action)));
        if (!complete && job->verdict.action == ACTION_TEMPFAIL && j.verdict == JUDGE_UNMET)
            j = judged_open(j.expected, STR("not everything could be checked"));
        judge_tell(w, group, "action", e->action.at, &j);
    }
    judge_auth(w, group, &e->auth, job);
    judge_findings(w, group, &e->findings, &job->findings, complete);
    struct suite_expect_findings usual = {.tolerate = e->findings.tolerate,
                                          .fail_on = {.at = step->at, .value = SEV_HIGH}};
    if (!SUITE_GIVEN(e->action) && !judge_auth_given(&e->auth) &&
        !judge_findings_given(&e->findings))
        judge_findings(w, group, &usual, &job->findings, complete);
}

/* A world brings its expectations. */
static void judge_world(struct work *w, const struct suite_step *step, const struct scanning *x,
                        const struct job *job)
{
    if (x->world == NULL || x->world->n_expects == 0)
        return;
    struct str other = world_mismatch(w->arena, x->world, job);
    struct judged j =
        judged_if(other.n == 0, STR("what the world expects"), other.n == 0 ? STR("that") : other);
    judge_tell(w, STR("scan"), "world", step->at, &j);
}

static int run(struct scanning *x, struct job *job, struct mp_err *err)
{
    struct str label = x->asked->kind != NULL ? str_from(x->asked->kind->name) : x->asked->path;
    job_init(job, &x->config);
    int st = run_start(job, &x->source, label, x->raw, &x->envelope, x->now_s, err);
    return st == MP_OK ? run_job(job, &x->source, err) : st;
}

int verb_scan(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    struct scanning x = {.w = w, .asked = step->scan};
    struct job *job = calloc(1, sizeof *job); /* large */
    int st = job == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a message") : MP_OK;
    st = st == MP_OK ? prepare(&x, err) : st;
    if (st == MP_OK) {
        st = run(&x, job, err);
        if (st == MP_OK) {
            judge(w, step, job);
            judge_world(w, step, &x, job);
        }
        job_clear(job);
    }
    free(job);
    world_free(x.world);
    dns_zone_free(x.zone);
    private_key_free(x.key);
    private_key_free(x.attacker_key);
    return st;
}
