/* Where intelligence is kept and who is asked, as the options and the configuration say. */
#include "cli/intel_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/hmac.h"

void intel_options_init(struct intel_options *o, const char *command)
{
    *o = (struct intel_options){.command = command};
    arena_init(&o->arena, INTEL_OPTIONS_BYTES);
}

void intel_options_clear(struct intel_options *o)
{
    arena_clear(&o->arena);
}

static int set_once(struct intel_options *o, const char *option, const char *arg, const char **out)
{
    if (*out != NULL)
        return usage_error(o->command, "%s %s: there is one already", option, arg);
    *out = arg;
    return EXIT_PASSED;
}

int intel_options_set(struct intel_options *o, int option, const char *arg)
{
    switch (option) {
    case INTEL_STORE:
        o->none = strcmp(arg, "none") == 0;
        return set_once(o, "--intel-store", arg, &o->store);
    case INTEL_CONFIG:
        return set_once(o, "--intel-config", arg, &o->config_file);
    case INTEL_SEND_URLS:
        o->send_urls = true;
        return EXIT_PASSED;
    case INTEL_REQUIRE:
        o->require = true;
        return EXIT_PASSED;
    default:
        return EXIT_USAGE_ERROR; /* every option of the table has its case */
    }
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int read_config(struct intel_options *o, const char *path, struct mp_err *err)
{
    struct buf text;
    int st = read_whole(path, INTEL_CONFIG_MAX_BYTES, &text, err);
    if (st == MP_OK) {
        struct str copy = arena_copy(&o->arena, buf_str(&text)); /* its values are views */
        st = copy.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", path)
                            : intel_config_load(&o->arena, copy, path, &o->config, err);
    }
    buf_clear(&text);
    return st;
}

/* What is named without its folder stands beside the configuration at `path`. `mark` is before it:
 * "file:"; or nothing is. */
static bool put_beside(struct arena *arena, const char *path, struct str mark, struct str *value)
{
    struct str dir = str_from(path), name = str_slice(*value, mark.n, value->n);
    dir = str_slice(dir, 0, str_rfind(dir, '/') < dir.n ? str_rfind(dir, '/') + 1 : 0);
    if (!str_starts(*value, mark) || name.n == 0 || str_starts(name, STR("/")) || dir.n == 0)
        return true;
    *value = arena_join(arena, (struct str[]){mark, dir, name}, 3);
    return value->p != NULL;
}

static bool put_keys_beside(struct intel_options *o, const char *path)
{
    bool ok = true;
    for (size_t i = 0; i < o->config.n_feeds; i++)
        ok = put_beside(&o->arena, path, STR(""), &o->config.feeds[i].key.file) && ok;
    for (size_t i = 0; i < o->config.n_dns_lists; i++)
        ok = put_beside(&o->arena, path, STR(""), &o->config.dns_lists[i].key.file) && ok;
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        ok = put_beside(&o->arena, path, STR(""), &o->config.services[i].key.file) && ok;
    return ok;
}

static int put_files_beside(struct intel_options *o, const char *path, struct mp_err *err)
{
    static const struct str mark = STR_INIT("file:");
    bool ok = put_keys_beside(o, path);
    for (size_t i = 0; i < o->config.n_feeds; i++)
        ok = put_beside(&o->arena, path, mark, &o->config.feeds[i].url) && ok;
    for (size_t i = 0; i < o->config.n_allow; i++)
        ok = put_beside(&o->arena, path, mark, &o->config.allow[i]) && ok;
    return ok ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", path);
}

/* Somebody wants a store: that it was not made yet is told, and not passed over. */
static bool any_feed(const struct intel_config *config)
{
    for (size_t i = 0; i < config->n_feeds; i++)
        if (config->feeds[i].enabled)
            return true;
    return false;
}

int intel_options_read(struct intel_options *o)
{
    struct mp_err err = {0};
    const char *file = o->config_file;
    const char *usual = o->default_store == NULL ? INTEL_STORE_DEFAULT : o->default_store;
    if (file == NULL && is_there(INTEL_CONFIG_DEFAULT))
        file = INTEL_CONFIG_DEFAULT;
    int st = intel_config_default(&o->arena, &o->config, &err);
    if (st == MP_OK && file != NULL)
        st = read_config(o, file, &err);
    if (st == MP_OK && file != NULL)
        st = put_files_beside(o, file, &err);
    if (st != MP_OK)
        return report_failure(o->command, &err);
    if (o->store != NULL && !o->none)
        o->store_dir = str_from(o->store);
    else if (!o->none && (is_there(usual) || any_feed(&o->config)))
        o->store_dir = str_from(usual);
    return EXIT_PASSED;
}

int intel_options_open(struct intel_options *o, const char *const *own, size_t n_own,
                       struct intel_source *out)
{
    struct mp_err err = {0};
    struct str domains[INTEL_SOURCE_MAX_OWN];
    struct intel_source_options options = {.config = &o->config,
                                           .store_dir = o->store_dir.n > 0 ? o->store_dir.p : NULL,
                                           .store_optional = o->store == NULL,
                                           .secret = intel_options_secret,
                                           .require = o->require,
                                           .send_urls = o->send_urls,
                                           .own_domains = domains};
    while (options.n_own_domains < n_own && options.n_own_domains < INTEL_SOURCE_MAX_OWN) {
        domains[options.n_own_domains] = str_from(own[options.n_own_domains]);
        options.n_own_domains++;
    }
    return intel_source_open(&o->arena, &options, out, &err) == MP_OK
               ? EXIT_PASSED
               : report_failure(o->command, &err);
}

int intel_options_nobody(const struct intel_options *o)
{
    return usage_error(o->command,
                       "there is no store, and no DNS list or service is enabled: run `mailproof "
                       "intel update`, or name them by --intel-store and --intel-config");
}

bool intel_options_secret(void *ctx, struct arena *arena, const struct intel_secret *s,
                          struct str *out)
{
    struct mp_err err = {0};
    struct buf text;
    (void)ctx;
    if (s->env.n > 0) {
        struct str name = arena_copy(arena, s->env); /* with a NUL behind it */
        const char *value = name.p == NULL ? NULL : getenv(name.p);
        *out = value == NULL ? STR_NONE : str_trim(str_from(value));
        return out->n > 0;
    }
    struct str path = arena_copy(arena, s->file);
    *out = STR_NONE;
    if (path.n == 0)
        return false;
    if (read_whole(path.p, INTEL_SECRET_MAX_BYTES, &text, &err) == MP_OK) {
        struct str all = buf_str(&text);
        *out = arena_copy(arena, str_trim(str_cut(&all, '\n')));
        crypto_wipe(text.p, text.n);
    }
    buf_clear(&text);
    return out->n > 0;
}
