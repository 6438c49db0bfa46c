/* Verify DKIM signatures: parse all, choose, ask for all keys at once, cheap checks first. */
#include "auth/dkim_internal.h"
#include "auth/dkim_key.h"
#include "base/idna.h"

enum { SHA256_BYTES = 32 };

static const char *const result_names[] = {
    [DKIM_NONE] = "none",           [DKIM_PASS] = "pass",       [DKIM_FAIL] = "fail",
    [DKIM_POLICY] = "policy",       [DKIM_NEUTRAL] = "neutral", [DKIM_TEMPERROR] = "temperror",
    [DKIM_PERMERROR] = "permerror",
};

const char *dkim_result_name(enum dkim_result r)
{
    return result_names[r];
}

static void decide(struct dkim_signature *sig, enum dkim_result result, const char *reason)
{
    sig->result = result;
    sig->reason = str_from(reason);
}

/* ---- choosing ---- */

/* The topmost DKIM_MAX_PARSED fields: those were added last, nearest to us. */
static int parse_all(struct auth_ctx *ctx, struct dkim_outcome *out, struct dkim_parsed **parsed,
                     struct mp_err *err)
{
    out->seen = header_count(ctx->msg, STR("DKIM-Signature"));
    size_t n = out->seen < DKIM_MAX_PARSED ? out->seen : DKIM_MAX_PARSED;
    out->sigs = arena_new(ctx->arena, struct dkim_signature, n + 1);
    *parsed = arena_new(ctx->arena, struct dkim_parsed, n + 1);
    if (out->sigs == NULL || *parsed == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    const struct header *h = header_last(ctx->msg, STR("DKIM-Signature"));
    for (size_t i = out->seen; h != NULL && i-- > 0; h = header_above(ctx->msg, h)) {
        if (i >= n)
            continue;
        int st = dkim_field_parse(ctx->arena, h, ctx->now_s, ctx->config->clock_skew_s,
                                  &(*parsed)[i], &out->sigs[i], err);
        if (st != MP_OK)
            return st;
    }
    out->n = n;
    return MP_OK;
}

/* Could this signature align? The organizational domain is not known here, and need not be. */
static bool may_align(const struct dkim_signature *sig, struct str author_domain)
{
    return author_domain.n > 0 && (domain_is_below(author_domain, sig->domain) ||
                                   domain_is_below(sig->domain, author_domain));
}

/* Only signatures that still need a key count against the cap (N30). */
static void apply_cap(struct dkim_parsed *parsed, size_t n, unsigned cap, struct str author_domain)
{
    for (int aligned = 1; aligned >= 0; aligned--) {
        for (size_t i = 0; i < n; i++) {
            struct dkim_parsed *p = &parsed[i];
            if (!p->alive || may_align(p->sig, author_domain) != (aligned == 1))
                continue;
            if (cap > 0) {
                cap--;
                continue;
            }
            p->alive = false;
            p->sig->over_limit = true;
            decide(p->sig, DKIM_NEUTRAL, "not evaluated: the message has too many signatures");
        }
    }
}

/* All questions are noted before the first wait, so that one round brings all keys. */
static int ask_keys(struct auth_ctx *ctx, struct dkim_parsed *parsed, size_t n, struct mp_err *err)
{
    int result = MP_OK;
    for (size_t i = 0; i < n; i++) {
        if (!parsed[i].alive)
            continue;
        int st = dns_ask(ctx->dns, parsed[i].key_name, DNS_TXT, &parsed[i].key_answer, err);
        if (st < 0)
            return st;
        if (st == MP_WAIT)
            result = MP_WAIT;
    }
    return result;
}

/* ---- one signature ---- */

/* SHA-256 over the chosen fields and the signature field itself (RFC 6376 3.7). */
static int hash_header(struct auth_ctx *ctx, const struct dkim_parsed *p,
                       unsigned char out[DIGEST_MAX_BYTES], struct mp_err *err)
{
    const struct dkim_signature *sig = p->sig;
    struct header_selector *selector = header_selector_new(ctx->arena, ctx->msg);
    struct digest d;
    struct str rest = sig->header_names, name;
    if (selector == NULL || !digest_start(&d, DIGEST_SHA256))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to hash the header");
    while (colon_list_next(&rest, &name)) {
        const struct header *h = header_select(selector, name);
        if (h == sig->field) /* "DKIM-Signature" in h= means others, never this one (3.5) */
            h = header_select(selector, name);
        if (h != NULL)
            header_hash(&d, h, sig->header_canon);
    }
    header_hash_without_b(&d, sig->field, sig->header_canon, p->b_offset, p->b_length);
    return digest_final(&d, out) ? MP_OK : mp_fail(err, MP_E_CRYPTO, 0, "hashing failed");
}

/* What the key record alone forbids; NULL when it may be used. */
static const char *key_unsuitable(const struct dkim_parsed *p, const struct dkim_key *key)
{
    if (key->status != DKIM_KEY_OK)
        return key->reason;
    if (key->type != p->key_type)
        return "the key is not of the type that a= names";
    if (!key->sha256_allowed)
        return "the key does not allow sha256 (h=)";
    if (key->strict_domain && p->identity_below)
        return "the key forbids an i= below d= (t=s)";
    return NULL;
}

/* Fills body_hash, body_length, unsigned_tail; false when the verdict stands. */
static bool check_body(struct auth_ctx *ctx, struct dkim_parsed *p)
{
    struct dkim_signature *sig = p->sig;
    struct str digest;
    uint64_t limit = sig->has_length ? sig->length : UINT64_MAX;
    if (!body_hash_get(ctx->bodies, sig->body_canon, DIGEST_SHA256, limit, &digest,
                       &sig->body_length)) {
        decide(sig, DKIM_NEUTRAL, "not evaluated: too many different body hashes");
        return false;
    }
    sig->unsigned_tail = sig->has_length && sig->body_length > sig->length;
    if (sig->has_length && sig->length > sig->body_length) {
        decide(sig, DKIM_PERMERROR, "l= is more than the body has");
        return false;
    }
    bool equal = digest_equal(digest, p->body_hash);
    sig->body_hash = equal ? DKIM_PART_OK : DKIM_PART_MISMATCH;
    if (!equal)
        decide(sig, DKIM_FAIL, "the body was changed after signing (bh=)");
    return equal;
}

/* Valid by arithmetic and acceptable? */
static void accept(struct auth_ctx *ctx, struct dkim_signature *sig)
{
    sig->signature = DKIM_PART_OK;
    if (sig->unsigned_tail && ctx->config->l_tag == L_TAG_REFUSE_TAIL)
        decide(sig, DKIM_POLICY, "l= leaves part of the body unsigned");
    else
        decide(sig, DKIM_PASS, "");
}

static int try_key(struct auth_ctx *ctx, struct dkim_parsed *p, const struct dkim_key *key,
                   struct str header_hash, struct mp_err *err)
{
    struct dkim_signature *sig = p->sig;
    bool valid = false;
    sig->key_bits = key->bits;
    sig->key_testing = key->testing;
    const char *why = key_unsuitable(p, key);
    if (why != NULL) {
        decide(sig, DKIM_PERMERROR, why);
        return MP_OK;
    }
    if (key->type == KEY_RSA && key->bits < KEY_RSA_MIN_BITS) {
        decide(sig, DKIM_POLICY, "the RSA key is shorter than 1024 bits (RFC 8301)");
        return MP_OK;
    }
    int st = public_key_verify(key->key, header_hash, p->signature, &valid, err);
    if (st != MP_OK)
        return st;
    sig->signature = DKIM_PART_MISMATCH;
    if (valid)
        accept(ctx, sig);
    else
        decide(sig, DKIM_FAIL, "the signature does not fit the header and the key (b=)");
    return MP_OK;
}

/* The key's own faults come before any hashing, the body before the public-key operation. */
static int check_with_keys(struct auth_ctx *ctx, struct dkim_parsed *p, const struct dkim_key *keys,
                           struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    const struct dkim_key *usable = keys;
    while (usable->next != NULL && key_unsuitable(p, usable) != NULL)
        usable = usable->next;
    if (key_unsuitable(p, usable) != NULL)
        return try_key(ctx, p, usable, STR_NONE, err);
    p->sig->key_bits = usable->bits;
    p->sig->key_testing = usable->testing;
    if (!check_body(ctx, p))
        return MP_OK;
    int st = hash_header(ctx, p, hash, err);
    for (const struct dkim_key *k = usable; st == MP_OK && k != NULL; k = k->next) {
        if (k != usable && key_unsuitable(p, k) != NULL)
            continue;
        st = try_key(ctx, p, k, str_make((const char *)hash, SHA256_BYTES), err);
        if (p->sig->signature == DKIM_PART_OK)
            break;
    }
    return st;
}

static int check_signature(struct auth_ctx *ctx, struct dkim_parsed *p, struct mp_err *err)
{
    switch (p->key_answer->status) {
    case DNS_SERVFAIL:
    case DNS_BOGUS:
        decide(p->sig, DKIM_TEMPERROR, "DNS could not answer for the key");
        return MP_OK;
    case DNS_TIMEOUT:
        decide(p->sig, DKIM_TEMPERROR, "DNS did not answer in time for the key");
        return MP_OK;
    case DNS_DATA:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        break;
    }
    const struct dkim_key *keys = dkim_key_of(p->key_answer, &p->sig->key_several);
    if (keys == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a key");
    return check_with_keys(ctx, p, keys, err);
}

/* ---- the message ---- */

/* Without a pass: first what more knowledge could turn into one, then what says most. */
static enum dkim_result overall(const struct dkim_outcome *out)
{
    static const enum dkim_result order[] = {DKIM_PASS,   DKIM_TEMPERROR, DKIM_FAIL,
                                             DKIM_POLICY, DKIM_PERMERROR, DKIM_NEUTRAL};
    for (size_t k = 0; k < ARRAY_LEN(order); k++)
        for (size_t i = 0; i < out->n; i++)
            if (out->sigs[i].result == order[k])
                return order[k];
    return DKIM_NONE;
}

int dkim_verify(struct auth_ctx *ctx, struct str author_domain, struct dkim_outcome *out,
                struct mp_err *err)
{
    struct dkim_outcome found = {0};
    struct dkim_parsed *parsed = NULL;
    int st = parse_all(ctx, &found, &parsed, err);
    if (st != MP_OK)
        return st;
    apply_cap(parsed, found.n, ctx->config->max_signatures, author_domain);
    st = ask_keys(ctx, parsed, found.n, err);
    if (st != MP_OK)
        return st;
    if (ctx->bodies == NULL)
        ctx->bodies = body_hashes_new(ctx->arena, ctx->msg->body);
    if (ctx->bodies == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    for (size_t i = 0; st == MP_OK && i < found.n; i++)
        if (parsed[i].alive)
            st = check_signature(ctx, &parsed[i], err);
    if (st != MP_OK)
        return st;
    found.result = overall(&found);
    *out = found;
    return MP_OK;
}
