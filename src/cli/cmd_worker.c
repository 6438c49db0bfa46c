/* What a sandbox starts: our own program as the zygote of workers. Not for people, so it stands in
 * no list of commands: src/sandbox/sandbox.h tells what it is. */
#include <getopt.h>
#include <stdlib.h>

#include "cli/content_options.h"
#include "cli/scan_content.h"
#include "content/inspect.h"
#include "document/document.h"
#include "run/content_files.h"
#include "sandbox/worker.h"

struct worker_program {
    struct content_options options;
    struct arena arena;
    struct yara_rules *rules;
    struct yara_scanner *scanner; /* NULL without rules; each worker has a copy of its own */
};

/* In the zygote, while files can still be opened. */
static int load(void *data, const struct content_lists **lists, struct mp_err *err)
{
    struct worker_program *p = data;
    struct content_lists *mine = NULL;
    archive_warm_up();
    int st = content_options_lists(&p->options, &p->arena, &mine, err);
    if (st == MP_OK && p->options.n_yara > 0) {
        st = content_files_yara(p->options.yara, p->options.n_yara, &p->rules, err);
        if (st == MP_OK)
            st = yara_scanner_new(p->rules, &p->scanner, err);
    }
    *lists = mine;
    return st;
}

static int inspect(void *data, struct content *c, struct mp_err *err)
{
    struct worker_program *p = data;
    int st = document_inspect(c, err);
    for (size_t i = 0; st == MP_OK && p->scanner != NULL && i < c->report->n; i++)
        yara_scan(p->scanner, c, i);
    return st;
}

int cmd_worker(int argc, char **argv)
{
    static const struct option long_options[] = {CONTENT_LONG_OPTIONS,
                                                 {"own-domain", required_argument, NULL,
                                                  CONTENT_OWN_DOMAIN},
                                                 {NULL, 0, NULL, 0}};
    struct worker_program *p = calloc(1, sizeof *p);
    int code = EXIT_PASSED;
    if (p == NULL)
        return usage_error(WORKER_COMMAND, "no memory");
    content_options_init(&p->options, WORKER_COMMAND);
    arena_init(&p->arena, CONTENT_FILES_LISTS_BYTES);
    for (int o;
         code == EXIT_PASSED && (o = getopt_long(argc, argv, ":", long_options, NULL)) != -1;)
        code = o == '?' || o == ':' ? bad_option(WORKER_COMMAND, o, argv)
                                    : content_options_set(&p->options, o, optarg);
    if (code == EXIT_PASSED) {
        code = sandbox_worker_main(&(struct sandbox_worker){load, inspect, p});
        if (code == EXIT_USAGE_ERROR)
            usage_error(WORKER_COMMAND, "mailproof calls this itself, to look into mail");
    }
    yara_scanner_free(p->scanner);
    yara_rules_free(p->rules);
    arena_clear(&p->arena);
    free(p);
    return code;
}
