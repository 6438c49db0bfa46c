/* Asking ahead: when a check must wait, all that the rest of its records may need is noted in the
 * view at once, so that the number of rounds is the depth of the tree and not its size. Hints only:
 * nothing here changes a result. Recursion follows include and redirect, each one of at most
 * SPF_MAX_LOOKUPS terms. */
#include "auth/spf_internal.h"

/* Stop where evaluation would: after as many lookups as are left, and behind a match that needs no
 * DNS. Returns true when the record would pass there. */
static bool prefetch_terms(struct spf_run *s, struct str domain, const struct spf_record *r,
                           size_t from, unsigned *left);

static bool prefetch_record(struct spf_run *s, struct str name, unsigned *left)
{
    const struct dns_answer *txt;
    if (dns_ask(s->ctx->dns, name, DNS_TXT, &txt, NULL) != MP_OK || txt->n == 0)
        return false;
    const struct spf_compiled *c = spf_record_of(txt);
    return c != NULL && c->status == SPF_RECORD_OK && prefetch_terms(s, name, &c->record, 0, left);
}

static void prefetch_mx(struct spf_run *s, struct str name)
{
    const struct dns_answer *mx;
    if (dns_ask(s->ctx->dns, name, DNS_MX, &mx, NULL) != MP_OK || mx->n > SPF_MAX_NAMES)
        return;
    for (size_t i = 0; i < mx->n; i++) {
        if (spf_can_be_asked(mx->records[i].name))
            dns_prefetch(s->ctx->dns, mx->records[i].name, spf_address_type(s));
    }
}

/* Note the first questions of a term. True for an include that passes without further ones. */
static bool prefetch_term(struct spf_run *s, struct str domain, const struct spf_term *t,
                          unsigned *left)
{
    struct str name;
    const struct dns_answer *ptr;
    if (spf_target_name(s, domain, &t->target, &name) != MP_OK || name.n == 0)
        return false;
    switch (t->mech) {
    case SPF_INCLUDE:
        return prefetch_record(s, name, left);
    case SPF_MX:
        prefetch_mx(s, name);
        return false;
    case SPF_PTR:
        spf_client_names(s, &ptr);
        return false;
    case SPF_A:
        dns_prefetch(s->ctx->dns, name, spf_address_type(s));
        return false;
    case SPF_EXISTS:
        dns_prefetch(s->ctx->dns, name, DNS_A);
        return false;
    case SPF_ALL:
    case SPF_IP4:
    case SPF_IP6:
    case SPF_MECH_COUNT:
        break;
    }
    return false;
}

static bool prefetch_terms(struct spf_run *s, struct str domain, const struct spf_record *r,
                           size_t from, unsigned *left)
{
    for (size_t i = from; i < r->n; i++) {
        const struct spf_term *t = &r->terms[i];
        if (!spf_is_lookup(t->mech)) {
            if (spf_matches_alone(s, t))
                return t->result == SPF_PASS;
            continue;
        }
        if (*left == 0)
            return false;
        --*left;
        if (prefetch_term(s, domain, t, left))
            return t->result == SPF_PASS;
    }
    struct str name;
    if (r->has_all || r->redirect.n == 0 || *left == 0)
        return false;
    --*left;
    return spf_target_name(s, domain, &r->redirect, &name) == MP_OK && name.n != 0 &&
           prefetch_record(s, name, left);
}

void spf_prefetch_rest(struct spf_run *s, struct str domain, const struct spf_record *r,
                       size_t from)
{
    unsigned left = s->lookups < SPF_MAX_LOOKUPS ? SPF_MAX_LOOKUPS - s->lookups : 0;
    struct mp_err *err = s->err;
    s->err = NULL; /* what goes wrong here is met again, or not needed */
    prefetch_terms(s, domain, r, from, &left);
    s->err = err;
}
