/* Where the results of `mailproof run` go: text as it comes, any number of formats at once. */
#ifndef MP_CLI_RUN_OUTPUTS_H
#define MP_CLI_RUN_OUTPUTS_H

#include "cli/suite_options.h"

enum { RUN_MAX_STREAMS = 16 };

struct run_stream {
    enum report_format format;
    const char *path; /* NULL: it is written as it comes, to `live` */
    FILE *live;
    bool append; /* to the file instead of anew: the summary of a step */
    struct buf text;
    struct report *report;
};

struct run_outputs {
    struct suite_command *command;
    struct run_stream streams[RUN_MAX_STREAMS];
    size_t n;
    const char *transcripts; /* directory; NULL */
    bool verbose, github, quiet;
    const char *colour;
    struct buf old_metrics; /* what the text file of metrics had */
    size_t done;            /* cases */
    bool progress_shown, failed;
};

/* One of --junit FILE and its like. An exit code. */
int run_outputs_want(struct run_outputs *o, enum report_format format, const char *path);
/* After the last option: text, annotations, streams. An exit code. */
int run_outputs_open(struct run_outputs *o, struct suite_command *c);
/* For suite_run_options: ctx is the run_outputs. */
void run_outputs_done(void *ctx, const struct suite_result *r);
void run_outputs_progress(void *ctx, const struct suite_result *r, const char *text);
/* Writes the files. `code`; EXIT_USAGE_ERROR when one could not be written, and no case failed. */
int run_outputs_close(struct run_outputs *o, int code);

/* --dry-run: the plan, and every address it would touch. */
int run_plan_write(const struct suite_command *c, FILE *out);

#endif
