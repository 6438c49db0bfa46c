/* Content inspection for a command: lists, workers and clamd, opened as the options say. */
#ifndef MP_CLI_SCAN_CONTENT_H
#define MP_CLI_SCAN_CONTENT_H

#include "cli/content_options.h"
#include "run/run.h"

enum { WORKER_ARGS = 2 + 2 + 2 * CONTENT_MAX_YARA + 2 * CONTENT_MAX_OWN_DOMAINS + 1 };

struct scan_content {
    struct arena arena;
    struct content_lists *lists;
    struct content_settings settings;
    struct scanners scanners;
    char *worker_argv[WORKER_ARGS];
};

/* Starts no worker: the first container does. `workers`: how many at a time; 0 for one a processor.
 * An exit code; what is wrong was told. Clear it in any case. */
int scan_content_open(struct scan_content *s, const struct content_options *o, unsigned workers);
/* The workers alone, also where lists and rules have mistakes: what they make of them is told by
 * the first that does not start. MP_E_NOMEM, MP_E_IO. */
int scan_content_workers(struct scan_content *s, const struct content_options *o, unsigned workers,
                         struct mp_err *err);
void scan_content_clear(struct scan_content *s); /* accepts one that was zeroed */

#endif
