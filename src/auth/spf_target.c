/* From a term's domain-spec to the name that is asked: macro values, the client's validated names
 * (RFC 7208 4.8, 5.5, 7.3). */
#include "auth/spf_internal.h"
#include "base/idna.h"

bool spf_can_be_asked(struct str name)
{
    if (name.n == 0 || name.n > DOMAIN_MAX_OCTETS)
        return false;
    while (name.p != NULL) {
        struct str label = str_cut(&name, '.');
        if (label.n == 0 || label.n > DOMAIN_LABEL_MAX_OCTETS)
            return false;
    }
    return true;
}

enum dns_type spf_address_type(const struct spf_run *s)
{
    return s->env.client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

bool spf_holds_client(const struct spf_run *s, const struct dns_answer *a, unsigned prefix)
{
    for (size_t i = 0; i < a->n; i++) {
        if (ip_in_prefix(&s->env.client, &a->records[i].ip, prefix))
            return true;
    }
    return false;
}

int spf_client_names(struct spf_run *s, const struct dns_answer **ptr)
{
    struct str reverse = dns_reverse_name(s->ctx->arena, &s->env.client);
    if (reverse.p == NULL)
        return mp_fail(s->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    int st = dns_ask(s->ctx->dns, reverse, DNS_PTR, ptr, s->err);
    if (st != MP_OK || s->names_known)
        return st;
    s->n_names = 0;
    for (size_t i = 0; i < (*ptr)->n && i < SPF_MAX_NAMES; i++) {
        const struct dns_answer *a;
        struct str name = (*ptr)->records[i].name;
        if (!spf_can_be_asked(name))
            continue;
        int one = dns_ask(s->ctx->dns, name, spf_address_type(s), &a, s->err);
        if (one < 0)
            return one;
        if (one == MP_WAIT)
            st = MP_WAIT;
        else if (spf_holds_client(s, a, 128))
            s->names[s->n_names++] = name;
    }
    s->names_known = st == MP_OK;
    return st;
}

/* %{p}: the domain itself, else a name below it, else any (7.3). */
static struct str choose_validated(const struct spf_run *s, struct str domain)
{
    struct str best = s->n_names != 0 ? s->names[0] : STR("unknown");
    for (size_t i = s->n_names; i-- > 0;) {
        if (domain_is_below(s->names[i], domain))
            best = s->names[i];
    }
    for (size_t i = 0; i < s->n_names; i++) {
        if (domain_eq(s->names[i], domain))
            best = s->names[i];
    }
    return best;
}

int spf_prepare_env(struct spf_run *s, struct str domain, const struct spf_macro *m)
{
    const struct dns_answer *ptr;
    s->env.domain = domain;
    if (!spf_macro_uses(m, "p"))
        return MP_OK;
    int st = spf_client_names(s, &ptr);
    if (st == MP_OK)
        s->env.validated = choose_validated(s, domain);
    return st;
}

int spf_target_name(struct spf_run *s, struct str domain, const struct spf_macro *m,
                    struct str *name)
{
    *name = domain;
    if (m->n == 0)
        return MP_OK;
    int st = spf_prepare_env(s, domain, m);
    if (st != MP_OK)
        return st;
    struct str got = spf_expand_name(s->ctx->arena, &s->env, m);
    if (got.p == NULL)
        return mp_fail(s->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    *name = got;
    if (!s->local_is_ascii && spf_macro_uses(m, "sl")) {
        s->note = STR("the local part is not ASCII");
        *name = STR("");
    } else if (!spf_can_be_asked(got)) {
        s->note = STR("expands to no DNS name");
        *name = STR("");
    }
    return MP_OK;
}
