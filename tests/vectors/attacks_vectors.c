/* The attack suite end to end: every case through the whole engine, as scan would run it. */
#include "base/idna.h"
#include "run/rewrite.h"
#include "run/run.h"
#include "tests/vectors/vectors.h"

enum { TEXT_MAX = 1024 };

static bool flagged(const struct job *job, const char *flag)
{
    char suffix[TEXT_MAX];
    snprintf(suffix, sizeof suffix, ".%s", flag);
    for (size_t i = 0; i < job->findings.n; i++)
        if (str_ends(finding_kind(job->findings.items[i].id)->name, str_from(suffix)))
            return true;
    return false;
}

static void check_flags(const struct job *job, const json_t *flags)
{
    size_t i;
    json_t *flag;
    json_array_foreach(flags, i, flag)
    {
        if (!tap_ok(flagged(job, json_string_value(flag))))
            tap_note("required warning is missing: %s", json_string_value(flag));
    }
}

/* With `strip`, the border filter leaves no field that claims our id but the one it adds; with
 * strip = false every Authentication-Results of the message stays. */
static void check_strip(struct job *job, const json_t *strip)
{
    static const struct str name = STR_INIT("Authentication-Results");
    struct message after;
    struct mp_err err = {0};
    struct buf out;
    const struct header **forged = NULL;
    size_t n = 0;
    if (!json_is_boolean(strip))
        return;
    buf_init(&out, 64 << 20);
    tap_int(rewrite_message(job, &out, &err), MP_OK);
    tap_int(message_parse(&job->arena, buf_str(&out), &after, &err), MP_OK);
    tap_int(authres_forged(&job->arena, &after, job->config->auth.authserv_id, &forged, &n, &err),
            MP_OK);
    tap_int(n, 1);
    tap_ok(n == 1 && forged[0]->index == 0);
    size_t before = header_count(&job->message, name), left = header_count(&after, name) - 1;
    if (json_is_true(strip))
        tap_ok(left < before);
    else
        tap_int(left, before);
    buf_clear(&out);
}

static void run_case(struct job *job, const json_t *c, struct job_config *config)
{
    const json_t *envelope = json_object_get(c, "envelope"), *expect = json_object_get(c, "expect");
    const char *id = json_string_value(json_object_get(c, "id"));
    struct dns_zone *zone = vectors_zone(json_object_get(c, "zone"));
    struct dns_source source = {.zone = zone};
    struct envelope e = {.helo = vectors_str(envelope, "helo"),
                         .mail_from = vectors_str(envelope, "mail_from"),
                         .has_mail_from = true};
    struct mp_err err = {0};
    struct str raw = vectors_file("attacks", json_string_value(json_object_get(c, "file")));
    int64_t now = json_integer_value(json_object_get(c, "now"));
    struct str authserv_id = vectors_str(c, "authserv_id");
    config->auth.authserv_id = authserv_id.n == 0 ? STR("mx.test") : authserv_id;
    tap_case("attacks: %s", id);
    tap_ok(ip_parse(vectors_str(envelope, "ip"), &e.client));
    tap_int(run_start(job, &source, STR("case"), raw, &e, now, &err), MP_OK);
    tap_int(run_job(job, &source, &err), MP_OK);
    const char *dmarc = dmarc_result_name(job->dmarc.result);
    tap_vector("attacks", id, vectors_accepts(json_object_get(expect, "dmarc"), dmarc), dmarc,
               json_object_get(expect, "dmarc"));
    const json_t *spf = json_object_get(expect, "spf");
    if (spf != NULL)
        tap_ok(vectors_accepts(spf, spf_result_name(job->spf.result)));
    if (job->dmarc.result == DMARC_PASS)
        tap_ok(!domain_is_below(job->author.domain, STR("legit.example")) ||
               strcmp(id, "P07-ipv4-mapped") == 0);
    check_flags(job, json_object_get(c, "must_flag"));
    check_strip(job, json_object_get(c, "strip"));
    dns_view_release(job->dns);
    job->dns = NULL;
    dns_zone_free(zone);
}

int main(void)
{
    struct policy policy;
    struct job_config config = {.policy = &policy};
    struct job job;
    json_t *cases = vectors_load("attacks", "attacks/cases.json"), *c;
    size_t i;
    policy_default(&policy);
    auth_config_init(&config.auth);
    job_init(&job, &config);
    json_array_foreach(cases, i, c) run_case(&job, c, &config);
    job_clear(&job);
    json_decref(cases);
    return vectors_done("attacks");
}
