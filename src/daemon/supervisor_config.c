/* The configuration, as a start and a reload read it. */
#include "base/clock.h"
#include "daemon/file.h"
#include "daemon/supervisor_internal.h"
#include "signer/table.h"

enum { CHECK_ARENA_BYTES = 64 << 20, KEYS_WARN_DAYS = 14, DAY_S = 86400 };

int supervisor_load(struct arena *arena, const char *path, struct serve_config **out,
                    struct str *text, struct mp_err *err)
{
    struct serve_config *c = arena_new(arena, struct serve_config, 1);
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the configuration");
    int st = file_read(arena, str_from(path), SERVE_CONFIG_MAX_BYTES, text, err);
    if (st == MP_OK)
        st = serve_config_load(arena, *text, path, c, err);
    if (st == MP_OK)
        st = serve_config_check(arena, c, err);
    if (st == MP_OK)
        *out = c;
    return st;
}

/* An entry that runs out of keys signs nothing from then on: that is told before. */
static void warn_keys(const struct signing_table *t, int64_t now_s, struct buf *out)
{
    for (size_t i = 0; t != NULL && i < t->n_domains; i++) {
        const struct signing_domain *d = &t->domains[i];
        int64_t left_s = signing_covered_until(d, now_s) - now_s;
        const char *star = d->wildcard ? "*." : "";
        if (left_s <= 0)
            buf_addf(out, "signing: %s" STR_FMT " has no key that signs now\n", star,
                     STR_ARG(d->name));
        else if (left_s < KEYS_WARN_DAYS * DAY_S)
            buf_addf(out, "signing: %s" STR_FMT " has no key that signs in %lld days\n", star,
                     STR_ARG(d->name), (long long)(left_s / DAY_S));
    }
}

void supervisor_warnings(struct arena *arena, const struct serve_config *c, struct buf *out)
{
    warn_keys(c->signing, clock_wall_s(), out);
    for (size_t i = 0; i < c->monitor.n_suites; i++)
        if (serve_suite_has_webhook(arena, c->monitor.suites[i]))
            buf_addf(out,
                     "monitor: " STR_FMT
                     ": its own webhook is not used by the daemon, those of `webhooks` are\n",
                     STR_ARG(c->monitor.suites[i]));
}

int supervisor_check(const char *path, struct buf *warnings, struct mp_err *err)
{
    struct arena arena;
    struct serve_config *c = NULL;
    struct str text;
    arena_init(&arena, CHECK_ARENA_BYTES);
    int st = supervisor_load(&arena, path, &c, &text, err);
    if (st == MP_OK)
        supervisor_warnings(&arena, c, warnings);
    arena_clear(&arena);
    return st;
}
