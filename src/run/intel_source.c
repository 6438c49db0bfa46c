/* The store is mapped, keys are read, and nobody is asked yet. */
#include "run/intel_source.h"

static int open_store(const char *dir, struct intel_source *s, struct mp_err *err)
{
    int st = vault_open(dir, &s->vault, err);
    if (st != MP_OK)
        return st;
    s->hold = vault_current(s->vault);
    s->n_faults = vault_faults(s->vault, s->faults, VAULT_MAX_FAULTS);
    s->settings.has_store = true;
    if (s->n_faults > 0)
        s->settings.store_fault = str_from(s->faults[0].why);
    return MP_OK;
}

static unsigned enabled_services(const struct intel_config *config)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        if (config->services[i].enabled)
            bits |= 1u << i;
    return bits;
}

static int open_services(const struct intel_source_options *o, struct intel_source *s,
                         struct mp_err *err)
{
    const struct services_options options = {.send_urls = o->send_urls,
                                             .own_domains = o->own_domains,
                                             .n_own_domains = o->n_own_domains};
    int st = service_cache_open(o->store_dir, 0, &s->cache, err);
    if (st == MP_E_IO && o->store_dir != NULL) /* a full disk, a folder of others: in memory */
        st = service_cache_open(NULL, 0, &s->cache, err);
    if (st == MP_OK)
        st = services_new(o->config, o->secret, o->secret_ctx, s->cache, &options, &s->services,
                          err);
    return st;
}

int intel_source_open(struct arena *arena, const struct intel_source_options *o,
                      struct intel_source *out, struct mp_err *err)
{
    *out = (struct intel_source){.settings = {.require = o->require}};
    struct mp_err local = {0};
    err = err == NULL ? &local : err;
    int st = o->store_dir == NULL ? MP_OK : open_store(o->store_dir, out, err);
    if (st == MP_E_IO && o->store_optional) {
        out->settings.has_store = true;
        out->settings.store_fault = arena_copy(arena, str_from(err->text));
        st = MP_OK;
    }
    if (st == MP_OK)
        st = dns_lists_new(arena, o->config, o->secret, o->secret_ctx, &out->lists, err);
    if (st == MP_OK && out->lists.n > 0) {
        st = dns_list_health_new(out->lists.n, &out->health, err);
        out->settings.dns_lists = &out->lists;
        out->settings.health = out->health;
    }
    out->settings.services = enabled_services(o->config);
    if (st == MP_OK && out->settings.services != 0)
        st = open_services(o, out, err);
    return st;
}

void intel_source_clear(struct intel_source *s)
{
    services_free(s->services);
    service_cache_close(s->cache);
    dns_list_health_free(s->health);
    vault_release(s->hold);
    vault_close(s->vault);
    *s = (struct intel_source){0};
}

bool intel_source_is_any(const struct intel_source *s)
{
    return s->settings.has_store || s->settings.dns_lists != NULL || s->settings.services != 0;
}

int intel_source_answer(const struct intel_source *s, struct job *job, int64_t deadline_us,
                        struct mp_err *err)
{
    struct intel_stage *stage = &job->intel;
    struct services_ask *asks = arena_new(&job->arena, struct services_ask, stage->n_asks);
    if (asks == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    for (size_t i = 0; i < stage->n_asks; i++)
        asks[i] = (struct services_ask){.question = stage->asks[i].question,
                                        .is_grave = stage->asks[i].is_grave};
    int st = services_fill(s->services, asks, stage->n_asks, deadline_us, err);
    for (size_t i = 0; i < stage->n_asks; i++) {
        stage->asks[i].word = asks[i].word;
        stage->asks[i].answered = true;
    }
    return st;
}
