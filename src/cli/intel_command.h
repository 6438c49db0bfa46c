/* What the verbs of `mailproof intel` share. */
#ifndef MP_CLI_INTEL_COMMAND_H
#define MP_CLI_INTEL_COMMAND_H

#include "cli/intel_options.h"
#include "cli/subject_options.h"

enum { INTEL_MAX_NAMED = 100 }; /* feeds named by --feed */

enum intel_export_format { EXPORT_CSV, EXPORT_JSONL, EXPORT_PLAIN };

struct intel_command {
    const char *verb;
    struct subject_options common;
    struct intel_options intel;
    struct intel_source source;
    struct str feeds[INTEL_MAX_NAMED]; /* --feed */
    size_t n_feeds;
    bool force, dry_run;
    enum indicator_kind kind; /* export: INDICATOR_KIND_COUNT: all */
    enum tlp tlp;             /* export: up to that */
    enum intel_export_format export_format;
};

/* Each an exit code. `argv` is what stands behind the options. */
int intel_update_command(struct intel_command *c);
int intel_lookup_command(struct intel_command *c, char **argv, int argc);
int intel_stats_command(struct intel_command *c);
int intel_export_command(struct intel_command *c);

/* Opens c->source; `needs_dns`: and a resolver, when DNS lists are enabled. An exit code. */
int intel_command_open(struct intel_command *c, bool needs_dns);

#endif
