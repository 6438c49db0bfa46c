/* The DNS lists of a configuration, ready to be asked: their zones with the keys in them. */
#include "base/idna.h"
#include "intel/dns_list.h"

static const struct str key_mark = STR_INIT("{key}");

/* Is a text after "{key}" was put in a domain name that leaves room for what is asked? */
static bool zone_normal(struct arena *arena, struct str text, struct str *out)
{
    struct str zone;
    if (!idna_to_ascii(arena, text, &zone) || !domain_is_ldh(zone) ||
        zone.n > DNS_LIST_MAX_ZONE_BYTES)
        return false;
    *out = zone;
    return true;
}

static int zone_of(struct arena *arena, const struct dns_list *list, intel_secret_fn *secret,
                   void *ctx, struct dns_list_zone *out, struct mp_err *err)
{
    size_t at = str_search(list->zone, key_mark);
    struct str text = list->zone;
    *out = (struct dns_list_zone){.list = list};
    if (at < list->zone.n) {
        if (secret == NULL || !secret(ctx, arena, &list->key, &out->key) ||
            str_trim(out->key).n == 0) {
            out->key = STR_NONE;
            out->missing = "its key is not there";
            return MP_OK;
        }
        out->key = str_trim(out->key);
        text = arena_join(arena,
                          (struct str[]){str_slice(text, 0, at), out->key,
                                         str_slice(text, at + key_mark.n, text.n)},
                          3);
    }
    if (text.p == NULL && at < list->zone.n)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for DNS lists");
    if (!zone_normal(arena, text, &out->zone))
        return mp_fail(err, MP_E_SYNTAX, 0, "DNS list " STR_FMT ": its zone%s is no domain name",
                       STR_ARG(list->name), out->key.n > 0 ? " with its key" : "");
    return MP_OK;
}

int dns_lists_new(struct arena *arena, const struct intel_config *config, intel_secret_fn *secret,
                  void *ctx, struct dns_lists *out, struct mp_err *err)
{
    struct dns_lists lists = {.items =
                                  arena_new(arena, struct dns_list_zone, config->n_dns_lists + 1)};
    if (lists.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for DNS lists");
    for (size_t i = 0; i < config->n_dns_lists && lists.n < INTEL_MAX_DNS_LISTS; i++) {
        if (!config->dns_lists[i].enabled)
            continue;
        int st = zone_of(arena, &config->dns_lists[i], secret, ctx, &lists.items[lists.n], err);
        if (st != MP_OK)
            return st;
        lists.n++;
    }
    *out = lists;
    return MP_OK;
}

bool dns_lists_have(const struct dns_lists *lists, struct str name)
{
    for (size_t i = 0; lists != NULL && i < lists->n; i++) {
        struct str zone = lists->items[i].zone;
        if (zone.n > 0 && name.n > zone.n && name.p[name.n - zone.n - 1] == '.' &&
            str_ends(name, zone))
            return true;
    }
    return false;
}
