/* Where forged messages go: a stream, an mbox, JSON lines, or a directory with its batch list. */
#ifndef MP_CLI_FORGE_OUTPUT_H
#define MP_CLI_FORGE_OUTPUT_H

#include "cli/cli.h"
#include "forge/forge.h"

enum forge_format { FORGE_EML, FORGE_MBOX, FORGE_JSONL, FORGE_BATCH };

struct forge_output {
    enum forge_format format;
    const char *path; /* NULL: standard output */
    bool tell_envelope;
    struct str victim_ip, attacker_ip;
};

/* Make and write each kind. An exit code; what went wrong was told. */
int forge_output(const struct forge_output *to, const struct forge_options *options,
                 const struct forge_kind *const *kinds, size_t n);

#endif
