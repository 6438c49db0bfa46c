/* `mailproof intel lookup` and `stats`: what is known, and how well. */
#include <stdlib.h>

#include "flow/intel_checks.h"
#include "flow/intel_lookup.h"

#include "cli/intel_command.h"

enum { STATS_ARENA_BYTES = 64 << 20 };

static int look_up_all(struct intel_command *c, char **argv, int argc)
{
    struct subject_outputs out;
    const struct intel_lookup_options options = {.source = &c->source,
                                                 .dns = c->common.source.zone != NULL ||
                                                                c->common.source.resolver != NULL
                                                            ? &c->common.source
                                                            : NULL,
                                                 .deadline_ms = c->common.deadline_ms,
                                                 .now_s = c->common.now_s};
    struct intel_lookup *all = calloc((size_t)argc, sizeof *all);
    int code = all == NULL ? usage_error("intel", "no memory")
                           : subject_outputs_open(&out, &c->common, (size_t)argc);
    if (code != EXIT_PASSED) {
        free(all);
        return code;
    }
    for (int i = 0; i < argc; i++) {
        struct mp_err err = {0};
        struct subject s;
        subject_progress(&out, argv[i]);
        if (intel_lookup_run(&all[i], &options, str_from(argv[i]), &err) != MP_OK) {
            subject_outputs_error(&out, argv[i], &err);
            continue;
        }
        intel_lookup_subject(&all[i], &s);
        subject_outputs_add(&out, &s);
    }
    code = subject_outputs_close(&out); /* subjects may be kept until here */
    for (int i = 0; i < argc; i++)
        intel_lookup_clear(&all[i]);
    free(all);
    return code;
}

int intel_lookup_command(struct intel_command *c, char **argv, int argc)
{
    if (argc > SUBJECT_MAX_TARGETS)
        return usage_error("intel", "lookup: more than %d values", SUBJECT_MAX_TARGETS);
    int code = intel_command_open(c, true);
    if (code != EXIT_PASSED)
        return code;
    return intel_source_is_any(&c->source) ? look_up_all(c, argv, argc)
                                           : intel_options_nobody(&c->intel);
}

/* ---- stats ---- */

struct stats {
    struct arena arena;
    struct finding_list findings;
    struct check_list checks;
    struct metric_list metrics;
};

static int fill_stats(struct intel_command *c, struct stats *s, struct mp_err *err)
{
    static const struct metric_outcome_names outcomes = {
        "mailproof_intel_findings", "Findings about threat intelligence.", "mailproof_intel_checks",
        "Checks of threat intelligence, by outcome."};
    const struct intel_checks checks = {.config = &c->intel.config,
                                        .source = &c->source,
                                        .store_dir =
                                            c->intel.store_dir.n > 0 ? c->intel.store_dir.p : NULL,
                                        .now_s = c->common.now_s};
    s->metrics =
        (struct metric_list){.cap = c->intel.config.n_feeds * INTEL_FEED_METRICS +
                                    SERVICE_COUNT * INTEL_SERVICE_METRICS + METRIC_OUTCOMES + 1,
                             .label = "subject",
                             .value = STR("intel")};
    s->metrics.items = arena_new(&s->arena, struct metric, s->metrics.cap);
    if (s->metrics.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    intel_check_store(&checks, &s->checks);
    int st = intel_check_feeds(&checks, &s->arena, &s->checks, &s->metrics, err);
    intel_check_services(&checks, &s->arena, &s->checks, &s->metrics);
    metric_outcomes(&s->metrics, &outcomes, &s->checks);
    metric_success(&s->metrics, &s->checks);
    return st;
}

int intel_stats_command(struct intel_command *c)
{
    struct subject_outputs out;
    struct stats s = {.arena = {.budget_bytes = 0}};
    struct mp_err err = {0};
    int code = intel_command_open(c, false);
    if (code == EXIT_PASSED)
        code = subject_outputs_open(&out, &c->common, 1);
    if (code != EXIT_PASSED)
        return code;
    arena_init(&s.arena, STATS_ARENA_BYTES);
    finding_list_init(&s.findings, &s.arena);
    check_list_init(&s.checks, &s.arena, &s.findings);
    if (fill_stats(c, &s, &err) == MP_OK)
        subject_outputs_add(&out, &(struct subject){.kind = "intel",
                                                    .name = STR("stats"),
                                                    .headline = c->intel.store_dir,
                                                    .checks = &s.checks,
                                                    .started_s = c->common.now_s,
                                                    .metrics = s.metrics.items,
                                                    .n_metrics = s.metrics.n});
    else
        subject_outputs_error(&out, "intel", &err);
    code = subject_outputs_close(&out);
    arena_clear(&s.arena);
    return code;
}
