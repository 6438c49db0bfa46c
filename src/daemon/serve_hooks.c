/* From `webhooks:` of the configuration to endpoints. */
#include "daemon/serve_hooks.h"

#include "daemon/file.h"

enum { SECRET_MAX_BYTES = 4096 };

/* The lines of a file, all of which sign, or a variable of the environment. */
static int read_secrets(struct role *r, const struct serve_webhook *w, struct hook_endpoint *e,
                        struct mp_err *err)
{
    struct str text = STR_NONE, name = arena_copy(&r->arena, w->secret_env);
    if (w->secret_file.n > 0) {
        int st = file_read(&r->arena, w->secret_file, SECRET_MAX_BYTES, &text, err);
        if (st != MP_OK)
            return st;
    } else if (name.p != NULL && r->env != NULL && r->env(name.p) != NULL) {
        text = str_from(r->env(name.p));
    }
    while (text.n > 0) {
        struct str line = str_trim(str_cut(&text, '\n'));
        if (line.n > 0 && e->n_secrets == HOOKS_MAX_SECRETS)
            return mp_fail(err, MP_E_LIMIT, HOOKS_MAX_SECRETS,
                           "webhook " STR_FMT ": more than %d secrets", STR_ARG(w->name),
                           HOOKS_MAX_SECRETS);
        if (line.n > 0)
            e->secrets[e->n_secrets++] = line;
    }
    return e->n_secrets > 0 ? MP_OK
                            : mp_fail(err, MP_E_USAGE, 0,
                                      "webhook " STR_FMT ": its secret is empty", STR_ARG(w->name));
}

static int fill_types(const struct serve_webhook *w, struct hook_endpoint *e, struct mp_err *err)
{
    for (size_t i = 0; i < HOOK_TYPE_COUNT; i++)
        e->types[i] = w->n_events == 0;
    for (size_t i = 0; i < w->n_events; i++) {
        enum hook_type t;
        if (!hook_type_by_name(w->events[i], &t))
            return mp_fail(err, MP_E_USAGE, 0, "webhook " STR_FMT ": no event '" STR_FMT "'",
                           STR_ARG(w->name), STR_ARG(w->events[i]));
        e->types[t] = true;
    }
    return MP_OK;
}

static int fill(struct role *r, const struct serve_webhook *w, struct hook_endpoint *e,
                struct mp_err *err)
{
    *e = (struct hook_endpoint){.name = w->name,
                                .url = w->url,
                                .has_severity = w->has_severity,
                                .severity = w->severity,
                                .allow_private = w->allow_private};
    for (int a = ACTION_ACCEPT; a <= ACTION_TEMPFAIL; a++)
        e->actions[a] = a >= (int)w->min_action;
    for (; e->n_findings < w->n_findings && e->n_findings < HOOKS_MAX_PATTERNS; e->n_findings++)
        e->findings[e->n_findings] = w->findings[e->n_findings];
    int st = fill_types(w, e, err);
    return st == MP_OK ? read_secrets(r, w, e, err) : st;
}

int serve_hooks_open(struct role *r, struct hooks **out, struct mp_err *err)
{
    const struct serve_config *c = r->config;
    struct hook_endpoint *endpoints = arena_new(&r->arena, struct hook_endpoint, c->n_webhooks);
    struct str dir = arena_fmt(&r->arena, STR_FMT "/webhooks", STR_ARG(c->state_dir));
    int st = endpoints == NULL || dir.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory") : MP_OK;
    for (size_t i = 0; st == MP_OK && i < c->n_webhooks; i++)
        st = fill(r, &c->webhooks[i], &endpoints[i], err);
    const struct hooks_config config = {.dir = dir.p,
                                        .endpoints = endpoints,
                                        .n_endpoints = c->n_webhooks,
                                        .no_subjects = c->history.omit_subjects,
                                        .no_addresses = c->history.hash_addresses};
    return st == MP_OK ? hooks_open(&config, out, err) : st;
}
