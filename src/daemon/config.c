/* The daemon's configuration: defaults, the document, and what only shows when all is read. */
#include "daemon/config.h"

#include <stdlib.h>

#include "daemon/config_internal.h"
#include "signer/table.h"

enum { DEADLINE_MOST_MS = 600000, DRAIN_MOST_MS = 86400000 };

/* ---- defaults ---- */

void serve_config_default(struct serve_config *c)
{
    *c = (struct serve_config){
        .user = STR("mailproof"),
        .group = STR("mailproof"),
        .runtime_dir = STR("/run/mailproof"),
        .state_dir = STR("/var/lib/mailproof"),
        .workers = SERVE_WORKERS,
        .threads = SERVE_THREADS,
        .deadline_ms = SERVE_DEADLINE_MS,
        .drain_ms = SERVE_DRAIN_MS,
        .log_format = SERVE_LOG_JSON,
        .log_mails = true,
        .dns = {.timeout_ms = 5000, .discovery = STR("tree-walk")},
        .content = {.enabled = true},
        .intel = {.enabled = true},
        .history = {.enabled = true,
                    .keep_days = 30,
                    .max_bytes = UINT64_C(1) << 30,
                    .keep_reports = true},
        .monitor = {.audit_every_s = 86400},
        .reports = {.observe = true, .imap_every_s = 900, .keep_days = 400},
    };
}

/* ---- small sections ---- */

static int read_workers(struct yaml *y, void *into)
{
    static const char what[] = "auto, or a number from 1 to 64,";
    char word[4 * YAML_SHOWN_BYTES];
    struct str text;
    uint64_t v;
    int st = yaml_next_scalar(y, what, &text);
    if (st != MP_OK)
        return st;
    if (str_eq(text, STR("auto")))
        v = SERVE_WORKERS;
    else if (!str_to_u64(text, SERVE_MAX_WORKERS, &v) || v == 0)
        return yaml_fail(y, MP_E_SYNTAX, "%s is wanted here, not '%s'", what,
                         yaml_shown(text, word));
    *(unsigned *)into = (unsigned)v;
    return MP_OK;
}

static int read_threads(struct yaml *y, void *into)
{
    return serve_take_count(
        y, (struct serve_range){"a number of threads from 1 to 256", 1, SERVE_MAX_THREADS}, into);
}

static int read_deadline(struct yaml *y, void *into)
{
    return serve_take_duration(
        y, (struct serve_range){"a duration from 1s to 10m", 1000, DEADLINE_MOST_MS}, 1, into);
}

static int read_drain(struct yaml *y, void *into)
{
    return serve_take_duration(
        y, (struct serve_range){"a duration from 0 to 1d (5m)", 0, DRAIN_MOST_MS}, 1, into);
}

static int read_log_format(struct yaml *y, void *into)
{
    static const struct serve_word formats[] = {{"json", SERVE_LOG_JSON},
                                                {"text", SERVE_LOG_TEXT},
                                                {NULL, 0}};
    int value;
    int st = serve_take_word(y, "format of logs", formats, &value);
    if (st == MP_OK)
        *(enum serve_log_format *)into = (enum serve_log_format)value;
    return st;
}

static int read_log(struct yaml *y, void *into)
{
    static const struct yaml_key keys[] = {
        {STR_INIT("format"), read_log_format, offsetof(struct serve_config, log_format)},
        {STR_INIT("mails"), yaml_read_bool, offsetof(struct serve_config, log_mails)},
    };
    uint32_t seen;
    int st = yaml_next_expected(y, YAML_MAP, "a mapping (format, mails)");
    return st == MP_OK ? yaml_map(y, keys, ARRAY_LEN(keys), &seen, into) : st;
}

static int read_signing(struct yaml *y, void *into)
{
    struct signing_table *t = arena_new(y->arena, struct signing_table, 1);
    if (t == NULL)
        return yaml_fail_memory(y);
    *(struct signing_table **)into = t;
    return signing_read(y, t);
}

/* ---- the document ---- */

#define AT(field) offsetof(struct serve_config, field)
static const struct yaml_key document[] = {
    {STR_INIT("user"), serve_read_account, AT(user)},
    {STR_INIT("group"), serve_read_account, AT(group)},
    {STR_INIT("signer_user"), serve_read_account, AT(signer_user)},
    {STR_INIT("runtime_dir"), serve_read_whole_path, AT(runtime_dir)},
    {STR_INIT("state_dir"), serve_read_whole_path, AT(state_dir)},
    {STR_INIT("host_name"), serve_read_domain, AT(host_name)},
    {STR_INIT("policy"), serve_read_path, AT(policy_file)},
    {STR_INIT("workers"), read_workers, AT(workers)},
    {STR_INIT("threads"), read_threads, AT(threads)},
    {STR_INIT("deadline"), read_deadline, AT(deadline_ms)},
    {STR_INIT("drain"), read_drain, AT(drain_ms)},
    {STR_INIT("log"), read_log, 0},
    {STR_INIT("dns"), serve_read_dns, 0},
    {STR_INIT("content"), serve_read_content, 0},
    {STR_INIT("intel"), serve_read_intel, 0},
    {STR_INIT("milters"), serve_read_milters, 0},
    {STR_INIT("http"), serve_read_http, 0},
    {STR_INIT("history"), serve_read_history, 0},
    {STR_INIT("webhooks"), serve_read_webhooks, 0},
    {STR_INIT("monitor"), serve_read_monitor, 0},
    {STR_INIT("reports"), serve_read_reports, 0},
    {STR_INIT("signing"), read_signing, AT(signing)},
};

/* ---- the whole ---- */

/* Two listeners at one address: one of them would not start. */
static int check_addresses(const struct serve_config *c, const char *file, struct mp_err *err)
{
    for (size_t i = 0; i < c->n_milters; i++) {
        struct str text = c->milters[i].listen.text;
        bool twice = c->http.enabled && str_eq(text, c->http.listen.text);
        for (size_t k = 0; k < i; k++)
            twice = twice || str_eq(text, c->milters[k].listen.text);
        if (twice)
            return mp_fail(err, MP_E_SYNTAX, 0, "%s: '" STR_FMT "' is the address of two listeners",
                           file, STR_ARG(text));
    }
    return MP_OK;
}

static int check_whole(const struct serve_config *c, const char *file, struct mp_err *err)
{
    if (c->n_milters == 0 && !c->http.enabled)
        return mp_fail(err, MP_E_SYNTAX, 0,
                       "%s: there is nothing to serve: neither 'milters' nor 'http' is there",
                       file);
    for (size_t i = 0; i < c->n_milters; i++)
        if (c->milters[i].seal && (c->signing == NULL || c->signing->seal == NULL))
            return mp_fail(err, MP_E_SYNTAX, 0,
                           "%s: milter '" STR_FMT
                           "' seals, and no 'seal' of 'signing' says with which key",
                           file, STR_ARG(c->milters[i].name));
    return check_addresses(c, file, err);
}

/* Directories that are not named stand below state_dir. */
static bool place_dirs(struct arena *arena, struct serve_config *c)
{
    const struct {
        struct str *dir;
        const char *name;
    } dirs[] = {{&c->history.dir, "history"},
                {&c->reports.dir, "reports"},
                {&c->intel.store_dir, "intel"}};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        if (dirs[i].dir->n > 0)
            continue;
        *dirs[i].dir = arena_fmt(arena, STR_FMT "/%s", STR_ARG(c->state_dir), dirs[i].name);
        if (dirs[i].dir->p == NULL)
            return false;
    }
    return true;
}

int serve_config_load(struct arena *arena, struct str yaml, const char *file,
                      struct serve_config *c, struct mp_err *err)
{
    struct yaml y = {.arena = arena, .file = file, .what = "configuration", .err = err};
    struct serve_config *next = malloc(sizeof *next);
    if (next == NULL)
        return yaml_fail_memory(&y);
    serve_config_default(next);
    int st = yaml_read_file(&y, yaml, SERVE_CONFIG_MAX_BYTES, document, ARRAY_LEN(document), next);
    if (st == MP_OK)
        st = check_whole(next, file, err);
    if (st == MP_OK && !place_dirs(arena, next))
        st = yaml_fail_memory(&y);
    if (st == MP_OK)
        *c = *next;
    free(next);
    return st;
}
