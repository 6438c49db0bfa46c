/* A message signed or sealed by the table. */
#include "signer/sign.h"

#include "base/grow.h"
#include "signer/keys.h"

/* ---- keys of this process ---- */

static int find_here(void *ctx, struct arena *arena, struct str name, struct sign_key *out,
                     struct mp_err *err)
{
    (void)arena;
    (void)err;
    *out = private_key_signer(signer_keys_find(ctx, name));
    return MP_OK;
}

struct signing_keys signing_keys_here(const struct signer_keys *k)
{
    return (struct signing_keys){.find = find_here, .ctx = (void *)(uintptr_t)k};
}

/* ---- what both need ---- */

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

/* The texts of a report end in the arena or nowhere. */
static int reason(struct arena *arena, struct signing_report *r, struct str text,
                  struct mp_err *err)
{
    r->reason = text;
    if (text.p != NULL && text.n > 0)
        r->reason = arena_copy(arena, text);
    return r->reason.p == NULL ? no_memory(err) : MP_OK;
}

/* A refusal of ours is no failure: the message goes as it is, and the report says why. */
static int refused(struct arena *arena, struct signing_report *r, const struct mp_err *why,
                   struct mp_err *err)
{
    if (why->code == MP_E_SYNTAX || why->code == MP_E_USAGE)
        return reason(arena, r, str_from(why->text), err);
    return mp_fail(err, why->code, why->detail, "%s", why->text);
}

static int why_not(struct arena *arena, const struct signing_choice *c, struct str domain,
                   struct signing_report *r, struct mp_err *err)
{
    const char *text = c->status == SIGNING_NO_ENTRY ? "is not in the signing table"
                                                     : "has no key that signs at this time";
    return reason(arena, r, arena_fmt(arena, STR_FMT " %s", STR_ARG(domain), text), err);
}

/* MP_OK; without a key *reason tells. */
static int find_key(const struct signing_keys *keys, struct arena *arena,
                    const struct signing_selector *s, struct sign_key *out,
                    struct signing_report *r, struct mp_err *err)
{
    int st = keys->find(keys->ctx, arena, s->key, out, err);
    if (st == MP_OK && out->sign == NULL)
        st = reason(arena, r,
                    arena_fmt(arena, "key '" STR_FMT "' of selector " STR_FMT " is not loaded",
                              STR_ARG(s->key), STR_ARG(s->selector)),
                    err);
    return st;
}

/* ---- DKIM ---- */

/* The table's fields, each as often as it stands, and once more to keep others out. */
static int name_fields(const struct signing_table *t, struct arena *arena, const struct message *m,
                       struct dkim_signer *s, struct mp_err *err)
{
    struct str *names = NULL;
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < t->n_header_names; i++) {
        size_t times = header_count(m, t->header_names[i]) + t->oversign;
        for (; times > 0 && n <= DKIM_MAX_HEADER_NAMES; times--) {
            names = list_room(arena, names, n, &cap, sizeof *names);
            if (names == NULL)
                return no_memory(err);
            names[n++] = t->header_names[i];
        }
    }
    s->header_names = names;
    s->n_header_names = n;
    return MP_OK;
}

static int sign_with(struct arena *arena, const struct message *m, const struct dkim_signer *s,
                     size_t n, struct buf *out, struct mp_err *err)
{
    struct dkim_signing *g;
    int st = dkim_signing_new(arena, m, s, n, &g, err);
    if (st != MP_OK)
        return st;
    dkim_signing_body(g, m->body);
    return dkim_signing_finish(g, out, err);
}

/* "example.org:r2026 example.org:e2026" */
static int tell_signed(struct arena *arena, const struct dkim_signer *s, size_t n,
                       struct signing_report *r, struct mp_err *err)
{
    struct str text = STR("");
    for (size_t i = 0; i < n; i++) {
        text = arena_fmt(arena, STR_FMT "%s" STR_FMT ":" STR_FMT, STR_ARG(text), i > 0 ? " " : "",
                         STR_ARG(s[i].domain), STR_ARG(s[i].selector));
        if (text.p == NULL)
            return no_memory(err);
    }
    r->signed_by = text;
    r->signatures = (unsigned)n;
    return MP_OK;
}

/* The signers of a choice, as far as their keys are there. */
static int gather(const struct signing_table *t, const struct signing_keys *keys,
                  struct arena *arena, const struct signing_choice *c, struct dkim_signer *common,
                  struct dkim_signer *signers, size_t *n, struct signing_report *r,
                  struct mp_err *err)
{
    int st = MP_OK;
    common->domain = c->domain;
    common->header_canon = t->header_canon;
    common->body_canon = t->body_canon;
    common->lifetime_s = t->lifetime_s;
    for (size_t i = 0; st == MP_OK && i < c->n; i++) {
        struct dkim_signer *s = &signers[*n];
        *s = *common;
        s->selector = c->selectors[i]->selector;
        st = find_key(keys, arena, c->selectors[i], &s->key, r, err);
        *n += st == MP_OK && s->key.sign != NULL;
    }
    return st;
}

int signing_sign(const struct signing_table *t, const struct signing_keys *keys,
                 struct arena *arena, const struct message *m, const struct author *author,
                 int64_t now_s, struct buf *out, struct signing_report *report, struct mp_err *err)
{
    struct signing_report r = {.signed_by = STR(""), .reason = STR("")};
    struct dkim_signer signers[SIGNING_MAX_SELECTORS], common = {.signed_at_s = now_s};
    struct signing_choice choice;
    struct mp_err why = {0};
    size_t n = 0, before = out->n;
    int st = MP_OK;
    if (author->status != AUTHOR_OK) {
        st = reason(arena, &r,
                    author->reason.n > 0 ? author->reason
                                         : str_from(author_status_name(author->status)),
                    err);
        goto out;
    }
    signing_choose(t, arena, author->domain, now_s, &choice);
    if (choice.status != SIGNING_FOUND) {
        st = why_not(arena, &choice, author->domain, &r, err);
        goto out;
    }
    if (t->n_header_names > 0)
        st = name_fields(t, arena, m, &common, err);
    if (st == MP_OK)
        st = gather(t, keys, arena, &choice, &common, signers, &n, &r, err);
    if (st != MP_OK || n == 0)
        goto out;
    if (sign_with(arena, m, signers, n, out, &why) == MP_OK)
        st = tell_signed(arena, signers, n, &r, err);
    else
        st = refused(arena, &r, &why, err);
out:
    if (st == MP_OK)
        *report = r;
    else
        out->n = before;
    return st;
}

/* ---- ARC ---- */

int signing_seal(const struct signing_table *t, const struct signing_keys *keys,
                 struct arena *arena, const struct signing_arrival *a, int64_t now_s,
                 struct buf *out, struct signing_report *report, struct mp_err *err)
{
    struct signing_report r = {.signed_by = STR(""), .reason = STR("")};
    struct signing_choice choice;
    struct mp_err why = {0};
    size_t before = out->n;
    int st;
    signing_choose_seal(t, now_s, &choice);
    if (choice.status != SIGNING_FOUND) {
        st = why_not(arena, &choice, t->seal == NULL ? STR("a domain that seals") : choice.domain,
                     &r, err);
        goto out;
    }
    struct arc_sealer sealer = {.domain = choice.domain,
                                .selector = choice.selectors[0]->selector,
                                .authserv_id = a->authserv_id,
                                .signed_at_s = now_s};
    st = find_key(keys, arena, choice.selectors[0], &sealer.key, &r, err);
    if (st != MP_OK || sealer.key.sign == NULL)
        goto out;
    if (arc_seal(arena, a->message, a->bodies, a->chain, a->results, &sealer, out, &why) == MP_OK) {
        struct dkim_signer as = {.domain = sealer.domain, .selector = sealer.selector};
        st = tell_signed(arena, &as, 1, &r, err);
    } else
        st = refused(arena, &r, &why, err);
out:
    if (st == MP_OK)
        *report = r;
    else
        out->n = before;
    return st;
}
