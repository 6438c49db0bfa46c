/* The doctor: what is built in, data and rules that load, the resolver, each clamd. */
#include "flow/doctor_internal.h"

#include "base/clock.h"
#include "run/content_files.h"

void doctor_options_init(struct doctor_options *o)
{
    *o = (struct doctor_options){.deadline_ms = DOCTOR_DEADLINE_MS, .ask = STR_INIT("arpa")};
}

static void say(const struct doctor *d, const char *text)
{
    if (d->options->progress != NULL)
        d->options->progress(d->options->progress_ctx, text);
}

int64_t doctor_deadline_us(const struct doctor *d)
{
    return clock_mono_us() + (int64_t)d->options->deadline_ms * 1000;
}

static void check_version(struct doctor *d)
{
    const char *yara = yara_version();
    check_begin(&d->checks, STR("mailproof"), "version");
    check_end(&d->checks, -1, "%s, %s%s", MP_VERSION, yara == NULL ? "built without YARA" : "YARA ",
              yara == NULL ? "" : yara);
}

/* ---- data and rules ---- */

static void check_lists(struct doctor *d)
{
    struct arena arena = {.budget_bytes = 0};
    struct content_lists *lists = NULL;
    struct mp_err err = {0};
    const char *dir = d->options->data_dir;
    size_t n = 0;
    int64_t begun_us = clock_mono_us();
    arena_init(&arena, CONTENT_FILES_LISTS_BYTES);
    check_begin(&d->checks, STR("data"), "lists");
    int st = content_files_lists(&arena, dir, &lists, &n, &err);
    if (st != MP_OK)
        check_add(&d->checks, FINDING_ENGINE_LISTS, "%s", err.text);
    if (st != MP_OK)
        check_end(&d->checks, clock_mono_us() - begun_us, "not read");
    else if (dir == NULL)
        check_end(&d->checks, clock_mono_us() - begun_us, "%d lists, as built in",
                  CONTENT_LIST_COUNT);
    else
        check_end(&d->checks, clock_mono_us() - begun_us, "%d lists, %zu files of %s",
                  CONTENT_LIST_COUNT, n, dir);
    arena_clear(&arena);
}

static void check_rules(struct doctor *d)
{
    struct yara_rules *r = NULL;
    struct mp_err err = {0};
    size_t n_warnings;
    int64_t begun_us = clock_mono_us();
    if (d->options->n_yara == 0) {
        check_skip(&d->checks, STR("YARA"), "rules", "none were named");
        return;
    }
    check_begin(&d->checks, STR("YARA"), "rules");
    int st = content_files_yara(d->options->yara, d->options->n_yara, &r, &err);
    int64_t elapsed_us = clock_mono_us() - begun_us;
    if (st != MP_OK) {
        check_add(&d->checks, FINDING_YARA_RULES, "%s", err.text);
        check_end(&d->checks, elapsed_us, "they do not compile");
        return;
    }
    const char *warning = yara_rules_warning(r, &n_warnings);
    if (n_warnings > 0)
        check_add(&d->checks, FINDING_YARA_WARNING, "%s", warning);
    check_end(&d->checks, elapsed_us, "%zu rules, %zu warnings", yara_rules_count(r), n_warnings);
    yara_rules_free(r);
}

/* ---- DNS ---- */

static void judge_answer(struct doctor *d, const struct dns_answer *a, int64_t elapsed_us)
{
    static const char *const words[] = {[DNSSEC_UNKNOWN] = "DNSSEC unknown",
                                        [DNSSEC_INSECURE] = "not signed",
                                        [DNSSEC_SECURE] = "secure by DNSSEC"};
    bool answers = a->status == DNS_DATA || a->status == DNS_NODATA || a->status == DNS_NXDOMAIN;
    if (!answers)
        check_add(&d->checks, FINDING_ENGINE_RESOLVER, STR_FMT " NS: %s%s" STR_FMT,
                  STR_ARG(a->name), dns_status_name(a->status), a->why.n > 0 ? ": " : "",
                  STR_ARG(a->why));
    check_end(&d->checks, elapsed_us, STR_FMT " NS: %s, %zu records, %s", STR_ARG(a->name),
              dns_status_name(a->status), a->n, words[a->dnssec]);
}

static int check_resolver(struct doctor *d, struct mp_err *err)
{
    const struct doctor_options *o = d->options;
    if (o->dns == NULL) {
        check_skip(&d->checks, STR("DNS"), "resolver", "none was named");
        return MP_OK;
    }
    int64_t begun_us = clock_mono_us();
    struct str parts[] = {STR("DNS "), o->resolver};
    struct str group = arena_join(&d->arena, parts, ARRAY_LEN(parts));
    struct flow_dns dns = {.source = o->dns,
                           .view = flow_dns_view(o->dns, &d->arena),
                           .deadline_us = doctor_deadline_us(d)};
    const struct dns_answer *a = NULL;
    if (dns.view == NULL || group.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to ask DNS");
    check_begin(&d->checks, group, "resolver");
    int st = flow_dns_ask(&dns, o->ask, DNS_NS, &a, err);
    if (st == MP_OK)
        judge_answer(d, a, clock_mono_us() - begun_us);
    dns_view_release(dns.view);
    return st;
}

/* ---- intelligence ---- */

/* DNS lists are asked through a resolver that was named, or not at all. */
static int check_lists_of_dns(struct doctor *d, struct mp_err *err)
{
    const struct doctor_options *o = d->options;
    if (o->dns == NULL || o->intel->source->lists.n == 0) {
        check_skip(&d->checks, STR("DNS lists"), "self-test",
                   o->dns == NULL ? "no resolver was named" : "none is enabled");
        return MP_OK;
    }
    struct flow_dns dns = {.source = o->dns,
                           .view = flow_dns_view(o->dns, &d->arena),
                           .deadline_us = doctor_deadline_us(d)};
    if (dns.view == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to ask DNS");
    int st = intel_check_lists(o->intel, &dns, &d->arena, &d->checks, err);
    dns_view_release(dns.view);
    return st;
}

static int check_intel(struct doctor *d, struct metric_list *metrics, struct mp_err *err)
{
    const struct intel_checks *c = d->options->intel;
    if (c == NULL)
        return MP_OK;
    intel_check_store(c, &d->checks);
    int st = intel_check_feeds(c, &d->arena, &d->checks, metrics, err);
    if (st == MP_OK)
        st = check_lists_of_dns(d, err);
    intel_check_services(c, &d->arena, &d->checks, metrics);
    return st;
}

/* ---- the whole ---- */

static void describe(struct doctor *d, struct metric_list *metrics)
{
    static const struct metric_outcome_names outcomes = {"mailproof_doctor_findings",
                                                         "Findings of the doctor.",
                                                         "mailproof_doctor_checks",
                                                         "Checks of the doctor, by outcome."};
    size_t counts[CHECK_FAIL + 1] = {0};
    for (size_t i = 0; i < d->checks.n; i++)
        counts[check_status_of(&d->checks.items[i])]++;
    metric_outcomes(metrics, &outcomes, &d->checks);
    metric_success(metrics, &d->checks);
    d->metrics = metrics->items;
    d->n_metrics = metrics->n;
    d->headline = arena_fmt(&d->arena, "%zu checks passed, %zu warned, %zu failed, %zu undecided",
                            counts[CHECK_PASS], counts[CHECK_WARN], counts[CHECK_FAIL],
                            counts[CHECK_UNDECIDED]);
}

int doctor_run(struct doctor *d, const struct doctor_options *o, struct mp_err *err)
{
    int64_t begun_us = clock_mono_us();
    size_t n_clamd = o->clamd == NULL ? 0 : clamd_addresses(o->clamd);
    *d = (struct doctor){.options = o, .started_s = o->now_s};
    arena_init(&d->arena, DOCTOR_ARENA_BYTES);
    finding_list_init(&d->findings, &d->arena);
    check_list_init(&d->checks, &d->arena, &d->findings);
    size_t n_feeds = o->intel == NULL ? 0 : o->intel->config->n_feeds;
    struct metric_list metrics = {.cap =
                                      n_clamd * DOCTOR_PEER_METRICS + n_feeds * INTEL_FEED_METRICS +
                                      SERVICE_COUNT * INTEL_SERVICE_METRICS + METRIC_OUTCOMES + 1,
                                  .label = "address"};
    metrics.items = arena_new(&d->arena, struct metric, metrics.cap);
    if (metrics.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the doctor");
    check_version(d);
    check_lists(d);
    check_rules(d);
    doctor_sandbox(d);
    say(d, "asking DNS");
    int st = check_resolver(d, err);
    if (n_clamd == 0)
        check_skip(&d->checks, STR("clamd"), "answer", "none was named");
    for (size_t i = 0; st == MP_OK && i < n_clamd; i++) {
        say(d, "asking clamd");
        doctor_clamd(d, i, &metrics);
    }
    metrics.value = STR("mailproof");
    metrics.label = "subject";
    if (st == MP_OK)
        st = check_intel(d, &metrics, err);
    describe(d, &metrics);
    d->elapsed_us = clock_mono_us() - begun_us;
    return st;
}

void doctor_subject(const struct doctor *d, struct subject *out)
{
    *out = (struct subject){.kind = "doctor",
                            .name = STR_INIT("mailproof"),
                            .headline = d->headline,
                            .checks = &d->checks,
                            .started_s = d->started_s,
                            .elapsed_us = d->elapsed_us,
                            .metrics = d->metrics,
                            .n_metrics = d->n_metrics};
}

void doctor_clear(struct doctor *d)
{
    arena_clear(&d->arena);
}
