/* Scanners, rules and data that were named. */
#include "cli/content_options.h"

#include "run/content_files.h"

void content_options_init(struct content_options *o, const char *command)
{
    *o = (struct content_options){.command = command};
}

void content_options_clear(struct content_options *o)
{
    clamd_free(o->client);
    o->client = NULL;
}

static int add(struct content_options *o, const char *option, const char *arg, const char **list,
               size_t *n, size_t max)
{
    if (*n == max)
        return usage_error(o->command, "%s %s: more than %zu of them", option, arg, max);
    list[(*n)++] = arg;
    return EXIT_PASSED;
}

static int set_once(struct content_options *o, const char *option, const char *arg,
                    const char **out)
{
    if (*out != NULL)
        return usage_error(o->command, "%s %s: there is one already", option, arg);
    *out = arg;
    return EXIT_PASSED;
}

int content_options_set(struct content_options *o, int option, const char *arg)
{
    switch (option) {
    case CONTENT_CLAMD:
        return add(o, "--clamd", arg, o->clamd, &o->n_clamd, CLAMD_MAX_ADDRESSES);
    case CONTENT_YARA:
        return add(o, "--yara", arg, o->yara, &o->n_yara, CONTENT_MAX_YARA);
    case CONTENT_DATA:
        return set_once(o, "--data", arg, &o->data_dir);
    case CONTENT_OWN_DOMAIN:
        return add(o, "--own-domain", arg, o->own_domains, &o->n_own_domains,
                   CONTENT_MAX_OWN_DOMAINS);
    case CONTENT_EXTRACT:
        return set_once(o, "--extract", arg, &o->extract_dir);
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
}

int content_options_open(struct content_options *o)
{
    struct mp_err err = {0};
    struct clamd_config config = {.addresses = o->clamd, .n_addresses = o->n_clamd};
    if (o->n_clamd > 0 && clamd_new(&config, &o->client, &err) != MP_OK)
        return report_failure(o->command, &err);
    return EXIT_PASSED;
}

int content_options_lists(const struct content_options *o, struct arena *arena,
                          struct content_lists **out, struct mp_err *err)
{
    struct content_lists *lists = NULL;
    size_t n_files;
    int st = content_files_lists(arena, o->data_dir, &lists, &n_files, err);
    for (size_t i = 0; st == MP_OK && i < o->n_own_domains; i++)
        st = content_lists_add_domain(arena, LIST_DOMAINS_OWN, str_from(o->own_domains[i]), lists,
                                      err);
    if (st == MP_OK)
        *out = lists;
    return st;
}
