/* What `mailproof report` was told, and its two halves. */
#ifndef MP_CLI_REPORT_COMMAND_H
#define MP_CLI_REPORT_COMMAND_H

#include "arrival/reports.h"
#include "cli/subject_options.h"
#include "feedback/show.h"

enum { REPORT_TIMEOUT_MS = 600 * 1000, REPORT_KEEP_MAX_DAYS = 36500 };

struct report_command {
    struct subject_options common; /* answers, trust, time, --timeout */
    int64_t keep_s;                /* 0: the store's default */
    const char *store, *output;    /* NULL: in memory; standard output */
    /* Reading. */
    struct feedback_show show;
    bool has_format, ptr, remove;
    unsigned fail_above;           /* thousandths; above 1000: never */
    struct mailbox_config mailbox; /* url.n == 0: none */
    struct str folders[ARRIVAL_MAX_FOLDERS];
    /* Generating. */
    const char *out_dir, *via;
    struct str org, email, contact, only;
    int64_t day_s; /* -1: not told */
    enum report_form form;
};

/* Each returns an exit code. */
int report_read_command(struct report_command *c, char **argv, int argc);
int report_generate_command(struct report_command *c);

#endif
