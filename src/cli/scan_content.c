/* What scan looks into mails with. */
#include "cli/scan_content.h"

#include "run/content_files.h"

static char *word(const char *text)
{
    return (char *)(uintptr_t)text; /* execve takes them so, and changes nothing */
}

/* The workers load the same files again, each generation of them on its own. */
static void worker_arguments(struct scan_content *s, const struct content_options *o)
{
    size_t n = 0;
    s->worker_argv[n++] = word("mailproof");
    s->worker_argv[n++] = word(WORKER_COMMAND);
    if (o->data_dir != NULL) {
        s->worker_argv[n++] = word("--data");
        s->worker_argv[n++] = word(o->data_dir);
    }
    for (size_t i = 0; i < o->n_yara; i++) {
        s->worker_argv[n++] = word("--yara");
        s->worker_argv[n++] = word(o->yara[i]);
    }
    for (size_t i = 0; i < o->n_own_domains; i++) {
        s->worker_argv[n++] = word("--own-domain");
        s->worker_argv[n++] = word(o->own_domains[i]);
    }
}

/* Rules with a mistake are told here, once, and not by each worker. */
static int try_rules(const struct content_options *o, struct mp_err *err)
{
    struct yara_rules *rules = NULL;
    int st = o->n_yara == 0 ? MP_OK : content_files_yara(o->yara, o->n_yara, &rules, err);
    yara_rules_free(rules);
    return st;
}

int scan_content_workers(struct scan_content *s, const struct content_options *o, unsigned workers,
                         struct mp_err *err)
{
    worker_arguments(s, o);
    const struct sandbox_config config = {.argv = s->worker_argv, .max_workers = workers};
    return sandbox_new(&config, &s->scanners.sandbox, err);
}

int scan_content_open(struct scan_content *s, const struct content_options *o, unsigned workers)
{
    struct mp_err err = {0};
    struct phish_names *names = NULL;
    *s = (struct scan_content){0};
    arena_init(&s->arena, CONTENT_FILES_LISTS_BYTES);
    int st = content_options_lists(o, &s->arena, &s->lists, &err);
    if (st == MP_OK)
        st = phish_names_new(&s->arena, s->lists, &names, &err);
    if (st == MP_OK)
        st = try_rules(o, &err);
    if (st == MP_OK)
        st = scan_content_workers(s, o, workers, &err);
    if (st != MP_OK)
        return report_failure(o->command, &err);
    s->scanners.clamd = o->client;
    s->settings = (struct content_settings){.lists = s->lists,
                                            .names = names,
                                            .limits = content_limits_default(),
                                            .open_all = o->n_yara > 0,
                                            .clamd = o->client != NULL};
    return EXIT_PASSED;
}

void scan_content_clear(struct scan_content *s)
{
    sandbox_free(s->scanners.sandbox);
    arena_clear(&s->arena);
}
