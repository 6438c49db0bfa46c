/* `mailproof intel update`: one run over the feeds, with progress, and what came of it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/intel_command.h"
#include "feeds/parse.h"
#include "feeds/update.h"

enum { UPDATE_ARENA_BYTES = 64 << 20, PROGRESS_TEXT = 200 };

struct update_view {
    struct subject_outputs out;
    const struct update_result *result;
    struct arena arena;
    struct finding_list findings;
    struct check_list checks;
};

static bool show(void *ctx, const struct update_progress *p)
{
    struct update_view *v = ctx;
    char text[PROGRESS_TEXT];
    struct str feed = p->feed.n > 0 ? p->feed : STR("store");
    if (p->total > 0)
        snprintf(text, sizeof text, STR_FMT ": %s, %llu of %llu bytes", STR_ARG(feed),
                 update_phase_name(p->phase), (unsigned long long)p->bytes,
                 (unsigned long long)p->total);
    else
        snprintf(text, sizeof text, STR_FMT ": %s, %llu bytes, %llu entries", STR_ARG(feed),
                 update_phase_name(p->phase), (unsigned long long)p->bytes,
                 (unsigned long long)p->entries);
    subject_progress(&v->out, text);
    return true;
}

/* ---- what came of it ---- */

static void write_feed(struct json *j, const struct update_feed *f)
{
    json_object_begin(j);
    json_ktext(j, "name", f->name);
    json_kword(j, "outcome", update_outcome_name(f->outcome));
    json_kopt(j, "reason", f->reason);
    json_kint(j, "bytes", (int64_t)f->bytes);
    json_kint(j, "entries", (int64_t)f->entries);
    json_kint(j, "added", (int64_t)f->added);
    json_kint(j, "removed", (int64_t)f->removed);
    json_kint(j, "kept", (int64_t)f->kept);
    json_kint(j, "expired", (int64_t)(f->expired + f->counts.expired));
    json_kint(j, "allowed", (int64_t)f->allowed);
    json_kint(j, "refused", (int64_t)f->counts.refused);
    json_kopt(j, "refused_first", f->why);
    json_ktime_ms(j, "success", f->success_s * 1000);
    json_ktime_ms(j, "next", f->next_s * 1000);
    json_object_end(j);
}

static void write_json(struct json *j, const void *ctx)
{
    const struct update_view *v = ctx;
    json_kbool(j, "built", v->result->built);
    json_kint(j, "entries", (int64_t)v->result->entries);
    json_key(j, "feeds");
    json_array_begin(j);
    for (size_t i = 0; i < v->result->n; i++)
        write_feed(j, &v->result->feeds[i]);
    json_array_end(j);
}

static void tell(struct update_view *v, const struct intel_command *c, int64_t begun_us)
{
    const struct update_result *r = v->result;
    size_t changed = 0;
    for (size_t i = 0; i < r->n; i++)
        changed += r->feeds[i].outcome == UPDATE_CHANGED;
    arena_init(&v->arena, UPDATE_ARENA_BYTES);
    finding_list_init(&v->findings, &v->arena);
    check_list_init(&v->checks, &v->arena, &v->findings);
    update_check(r, &v->checks);
    struct str headline =
        arena_fmt(&v->arena, "%zu of %zu feeds changed; the store %s %llu entries%s", changed, r->n,
                  c->dry_run ? "would have up to" : "has", (unsigned long long)r->entries,
                  c->dry_run ? " (nothing was written)" : "");
    subject_outputs_add(&v->out, &(struct subject){.kind = "intel",
                                                   .name = STR("update"),
                                                   .headline = headline,
                                                   .checks = &v->checks,
                                                   .started_s = c->common.now_s,
                                                   .elapsed_us = clock_mono_us() - begun_us,
                                                   .json = write_json,
                                                   .ctx = v});
}

/* ---- the run ---- */

static size_t enabled_feeds(const struct intel_config *config)
{
    size_t n = 0;
    for (size_t i = 0; i < config->n_feeds; i++)
        n += config->feeds[i].enabled;
    return n;
}

static struct update_options options_of(const struct intel_command *c, struct sandbox *sandbox,
                                        struct update_view *v, int64_t begun_us)
{
    return (struct update_options){
        .dir = c->intel.store_dir.n > 0 ? c->intel.store_dir.p : INTEL_STORE_DEFAULT,
        .config = &c->intel.config,
        .sandbox = sandbox,
        .secret = intel_options_secret,
        .now_s = c->common.now_s,
        .deadline_us =
            c->common.deadline_ms == 0 ? 0 : begun_us + (int64_t)c->common.deadline_ms * 1000,
        .dry_run = c->dry_run,
        .force = c->force,
        .only = c->feeds,
        .n_only = c->n_feeds,
        .ca_file = c->common.tls.ca_file,
        .allow_private = c->common.allow_private,
        .progress = show,
        .progress_ctx = v};
}

static int update(struct intel_command *c, struct sandbox *sandbox)
{
    struct update_view v = {.result = NULL};
    struct update_result *result = NULL;
    struct mp_err err = {0};
    int64_t begun_us = clock_mono_us();
    int code = subject_outputs_open(&v.out, &c->common, 1);
    if (code != EXIT_PASSED)
        return code;
    const struct update_options options = options_of(c, sandbox, &v, begun_us);
    if (intel_update(&options, &result, &err) == MP_OK) {
        v.result = result;
        tell(&v, c, begun_us);
    } else {
        subject_outputs_error(&v.out, "update", &err);
    }
    code = subject_outputs_close(&v.out);
    arena_clear(&v.arena);
    update_result_free(result);
    return code;
}

int intel_update_command(struct intel_command *c)
{
    static char program[] = "mailproof", worker[] = FEED_WORKER_COMMAND;
    static char *const argv[] = {program, worker, NULL};
    const struct sandbox_config config = feed_sandbox_config(argv);
    struct sandbox *sandbox = NULL;
    struct mp_err err = {0};
    if (c->intel.none)
        return usage_error("intel", "update: --intel-store none leaves nothing to update");
    if (enabled_feeds(&c->intel.config) == 0)
        return usage_error("intel", "update: no feed is enabled: write\n"
                                    "  feeds: {urlhaus: {enabled: true}}\n"
                                    "into " INTEL_CONFIG_DEFAULT
                                    ", or into the file that --intel-config names");
    if (sandbox_new(&config, &sandbox, &err) != MP_OK)
        return report_failure("intel", &err);
    int code = update(c, sandbox);
    sandbox_free(sandbox);
    return code;
}
