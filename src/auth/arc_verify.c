/* Chain validation (RFC 8617 5.2): structure first, then keys in one round, then signatures. */
#include "auth/arc_internal.h"
#include "auth/dkim_key.h"
#include "base/idna.h"
#include "crypto/digest.h"

/* All that is known of the chain while it is judged. */
struct chain {
    struct auth_ctx *ctx;
    struct arc_outcome *out;
    struct mp_err *err;
    struct arc_field fields[ARC_MAX_INSTANCES][ARC_KINDS]; /* h == NULL: not there */
    const char *ams_broken[ARC_MAX_INSTANCES];             /* why, in an older set; else NULL */
    struct buf canon; /* relaxed AAR, AMS, AS of set 1, 2, ...: what the seals cover */
    size_t seal_at[ARC_MAX_INSTANCES];
    struct str undecided; /* the first DNS failure that the result hangs on; p == NULL: none */
    size_t hashed_bytes;  /* of fields under AMS */
};

const char *arc_result_name(enum arc_result r)
{
    static const char *const names[] = {[ARC_NONE] = "none",
                                        [ARC_PASS] = "pass",
                                        [ARC_FAIL] = "fail",
                                        [ARC_TEMPERROR] = "temperror"};
    return names[r];
}

static int no_memory(struct chain *c)
{
    return mp_fail(c->err, MP_E_NOMEM, 0, "message needs more memory than allowed");
}

static struct str sentence(struct chain *c, enum arc_kind kind, unsigned instance, const char *why)
{
    struct str name = arc_field_name(kind);
    if (instance == 0)
        return arena_fmt(c->ctx->arena, STR_FMT ": %s", STR_ARG(name), why);
    return arena_fmt(c->ctx->arena, STR_FMT " of instance %u: %s", STR_ARG(name), instance, why);
}

/* The first reason stays. */
static void fail(struct chain *c, enum arc_kind kind, unsigned instance, const char *why)
{
    if (c->out->result == ARC_FAIL)
        return;
    c->out->result = ARC_FAIL;
    c->out->reason = sentence(c, kind, instance, why);
}

/* ---- structure ---- */

/* Fields and bytes are counted before any is parsed. */
static bool within_limits(struct chain *c)
{
    size_t bytes = 0;
    for (enum arc_kind kind = ARC_AAR; kind < ARC_KINDS; kind++) {
        size_t n = 0;
        const struct header *h = header_last(c->ctx->msg, arc_field_name(kind));
        for (; h != NULL; h = header_above(c->ctx->msg, h), n++)
            bytes += h->raw.n;
        if (n > ARC_MAX_INSTANCES)
            fail(c, kind, 0, "more than 50 of them");
    }
    if (bytes > ARC_MAX_BYTES)
        fail(c, ARC_SEAL, 0, "the ARC fields are too long in all");
    if (c->out->result == ARC_FAIL)
        c->out->closed = true;
    return c->out->result != ARC_FAIL;
}

static void collect(struct chain *c, enum arc_kind kind)
{
    const struct header *h = header_last(c->ctx->msg, arc_field_name(kind));
    for (; h != NULL; h = header_above(c->ctx->msg, h)) {
        struct arc_field f;
        const char *why;
        if (!arc_field_read(c->ctx->arena, kind, h, &f, &why))
            fail(c, kind, f.instance, why);
        if (f.instance == 0)
            continue;
        struct arc_field *slot = &c->fields[f.instance - 1][kind];
        if (slot->h != NULL)
            fail(c, kind, f.instance, "stands twice");
        *slot = f;
        if (f.instance > c->out->instances)
            c->out->instances = f.instance;
    }
}

static struct str tag_text(const struct arc_field *f, struct str name)
{
    const struct tag *t = f->h == NULL ? NULL : tag_find(&f->tags, name);
    return t == NULL ? STR_NONE : t->value;
}

/* What people see of each set, also of a broken chain. */
static bool show_sets(struct chain *c)
{
    c->out->sets = arena_new(c->ctx->arena, struct arc_set, c->out->instances);
    if (c->out->sets == NULL)
        return false;
    for (unsigned i = 0; i < c->out->instances; i++) {
        const struct arc_field *f = c->fields[i];
        c->out->sets[i] = (struct arc_set){.aar = f[ARC_AAR].h,
                                           .ams = f[ARC_AMS].h,
                                           .seal = f[ARC_SEAL].h,
                                           .sealer = tag_text(&f[ARC_SEAL], STR("d")),
                                           .selector = tag_text(&f[ARC_SEAL], STR("s")),
                                           .cv = tag_text(&f[ARC_SEAL], STR("cv"))};
    }
    return true;
}

/* RFC 8617 5.2 steps 2 and 3. */
static void check_structure(struct chain *c)
{
    unsigned n = c->out->instances;
    c->out->closed = n != 0 && str_ieq(c->out->sets[n - 1].cv, STR("fail"));
    if (c->out->closed)
        fail(c, ARC_SEAL, n, "says that the chain had failed before");
    for (unsigned i = 1; i <= n; i++) {
        for (enum arc_kind kind = ARC_AAR; kind < ARC_KINDS; kind++)
            if (c->fields[i - 1][kind].h == NULL)
                fail(c, kind, i, "is missing");
        if (!str_ieq(c->out->sets[i - 1].cv, i == 1 ? STR("none") : STR("pass")))
            fail(c, ARC_SEAL, i, i == 1 ? "cv= is not none" : "cv= is not pass");
    }
}

/* An older AMS with bad tags is one that does not verify; every other field must be right. */
static void read_signatures(struct chain *c)
{
    unsigned n = c->out->instances;
    for (unsigned i = 1; i <= n && c->out->result != ARC_FAIL; i++) {
        const char *why;
        struct arc_field *ams = &c->fields[i - 1][ARC_AMS], *seal = &c->fields[i - 1][ARC_SEAL];
        if (!arc_signature_read(c->ctx, ARC_SEAL, seal, &why)) {
            fail(c, ARC_SEAL, i, why);
            return;
        }
        c->out->sets[i - 1].sealer = seal->domain;
        c->out->sets[i - 1].selector = seal->selector;
        if (arc_signature_read(c->ctx, ARC_AMS, ams, &why))
            continue;
        c->ams_broken[i - 1] = why;
        c->out->sets[i - 1].ams_ok = DKIM_PART_MISMATCH;
        if (i == n)
            fail(c, ARC_AMS, i, why);
    }
}

/* ---- keys ---- */

static int ask_key(struct chain *c, struct arc_field *f)
{
    struct str name = arena_fmt(c->ctx->arena, STR_FMT "._domainkey." STR_FMT, STR_ARG(f->selector),
                                STR_ARG(f->domain));
    if (name.p == NULL)
        return no_memory(c);
    return dns_ask(c->ctx->dns, name, DNS_TXT, &f->key, c->err);
}

/* Every key is asked for before anyone waits. */
static int ask_all(struct chain *c)
{
    int result = MP_OK;
    for (unsigned i = c->out->instances; i > 0; i--) {
        for (enum arc_kind kind = ARC_AMS; kind < ARC_KINDS; kind++) {
            if (kind == ARC_AMS && c->ams_broken[i - 1] != NULL)
                continue;
            int st = ask_key(c, &c->fields[i - 1][kind]);
            if (st < 0)
                return st;
            if (st == MP_WAIT)
                result = MP_WAIT;
        }
    }
    return result;
}

/* ---- signatures ---- */

/* What came of checking one signature. */
enum how { GOOD, BAD, UNDECIDED };
struct judged {
    enum how how;
    const char *why; /* static text */
};

static int says(struct judged *f, enum how how, const char *why)
{
    *f = (struct judged){how, why};
    return MP_OK;
}

static const char *key_complaint(const struct dkim_key *k, enum key_type type)
{
    if (k->status != DKIM_KEY_OK)
        return k->reason;
    if (k->type != type)
        return "the key is of another kind than a= says";
    if (!k->sha256_allowed)
        return "the key does not allow SHA-256";
    if (type == KEY_RSA && k->bits < KEY_RSA_MIN_BITS)
        return "the key is shorter than 1024 bits"; /* RFC 8301 3.2 */
    return NULL;
}

/* Try the signature with each usable key of the name. */
static int check_signature(struct chain *c, const struct arc_field *f, struct str sha256,
                           struct judged *found)
{
    bool several;
    if (f->key->status != DNS_DATA && f->key->status != DNS_NODATA &&
        f->key->status != DNS_NXDOMAIN)
        return says(found, UNDECIDED, "DNS did not answer for the key");
    if (f->key->status != DNS_DATA)
        return says(found, BAD, "no key in DNS");
    const struct dkim_key *k = dkim_key_of(f->key, &several);
    if (k == NULL)
        return no_memory(c);
    says(found, BAD, "the signature does not match");
    for (; k != NULL; k = k->next) {
        bool valid = false;
        const char *complaint = key_complaint(k, f->type);
        if (complaint != NULL) {
            found->why = complaint;
            continue;
        }
        int st = public_key_verify(k->key, sha256, f->signature, &valid, c->err);
        if (st != MP_OK)
            return st;
        if (valid)
            return says(found, GOOD, "");
        found->why = "the signature does not match";
    }
    return MP_OK;
}

static int crypto_failure(struct chain *c)
{
    return mp_fail(c->err, MP_E_CRYPTO, 0, "SHA-256 failed");
}

static int check_header_hash(struct chain *c, const struct arc_field *f, struct judged *found)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct digest d;
    struct str rest = f->header_names, name;
    struct header_selector *select = header_selector_new(c->ctx->arena, c->ctx->msg);
    if (select == NULL)
        return no_memory(c);
    if (!digest_start(&d, DIGEST_SHA256))
        return crypto_failure(c);
    while (colon_list_next(&rest, &name)) {
        const struct header *h = header_select(select, name);
        if (h == NULL)
            continue;
        header_hash(&d, h, f->header_canon);
        c->hashed_bytes += h->raw.n;
    }
    header_hash_without_b(&d, f->h, f->header_canon, f->b->value_offset, f->b->value_length);
    if (!digest_final(&d, hash))
        return crypto_failure(c);
    return check_signature(c, f, str_make((const char *)hash, digest_bytes(DIGEST_SHA256)), found);
}

/* Body hash first: it is there already when DKIM ran, and costs less than a key. */
static int check_ams(struct chain *c, const struct arc_field *f, struct judged *found)
{
    struct str hash;
    uint64_t canonical_bytes;
    if (!body_hash_get(c->ctx->bodies, f->body_canon, DIGEST_SHA256, f->length, &hash,
                       &canonical_bytes))
        return says(found, BAD, "too many different body hashes in one message");
    if (f->length != UINT64_MAX && f->length > canonical_bytes)
        return says(found, BAD, "l= is larger than the body");
    if (f->length < canonical_bytes && c->ctx->config->l_tag == L_TAG_REFUSE_TAIL)
        return says(found, BAD, "l= leaves the end of the body unsigned");
    if (!digest_equal(hash, f->body_hash))
        return says(found, BAD, "the body hash does not match");
    return check_header_hash(c, f, found);
}

/* The seals sign what lies before them in one canonical stream, so the fields are brought into
 * canonical form once and not once for each seal. */
static bool canonical_stream(struct chain *c)
{
    for (unsigned i = 0; i < c->out->instances; i++) {
        for (enum arc_kind kind = ARC_AAR; kind < ARC_KINDS; kind++) {
            const struct header *h = c->fields[i][kind].h;
            c->seal_at[i] = c->canon.n;
            header_canon_write(&c->canon, h->name, h->value, CANON_RELAXED);
        }
    }
    return !c->canon.failed;
}

/* RFC 8617 5.1.1: always relaxed; all sets up to this one, its own b= emptied. */
static int check_seal(struct chain *c, unsigned instance, struct judged *found)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct digest d;
    const struct arc_field *f = &c->fields[instance - 1][ARC_SEAL];
    if (!digest_start(&d, DIGEST_SHA256))
        return crypto_failure(c);
    digest_update(&d, str_slice(buf_str(&c->canon), 0, c->seal_at[instance - 1]));
    header_hash_without_b(&d, f->h, CANON_RELAXED, f->b->value_offset, f->b->value_length);
    if (!digest_final(&d, hash))
        return crypto_failure(c);
    return check_signature(c, f, str_make((const char *)hash, digest_bytes(DIGEST_SHA256)), found);
}

/* ---- the chain ---- */

static enum dkim_part part_of(const struct judged *f)
{
    return f->how == GOOD ? DKIM_PART_OK : f->how == BAD ? DKIM_PART_MISMATCH : DKIM_PART_UNCHECKED;
}

/* A field that the result hangs on. */
static void must_be_good(struct chain *c, enum arc_kind kind, unsigned instance,
                         const struct judged *f)
{
    if (f->how == BAD)
        fail(c, kind, instance, f->why);
    else if (f->how == UNDECIDED && c->undecided.p == NULL) {
        c->undecided = sentence(c, kind, instance, f->why);
        if (c->undecided.p == NULL) /* no memory for the sentence: undecided all the same */
            c->undecided = str_from(f->why);
    }
}

/* RFC 8617 5.2 steps 4 and 6: the newest AMS, then the seals from the newest down. */
static int check_chain(struct chain *c)
{
    unsigned n = c->out->instances;
    struct judged found;
    int st = check_ams(c, &c->fields[n - 1][ARC_AMS], &found);
    if (st != MP_OK)
        return st;
    c->out->sets[n - 1].ams_ok = part_of(&found);
    must_be_good(c, ARC_AMS, n, &found);
    for (unsigned i = n; i > 0 && c->out->result != ARC_FAIL; i--) {
        if ((st = check_seal(c, i, &found)) != MP_OK)
            return st;
        c->out->sets[i - 1].seal_ok = part_of(&found);
        must_be_good(c, ARC_SEAL, i, &found);
    }
    if (c->out->result == ARC_FAIL)
        return MP_OK;
    c->out->result = c->undecided.p == NULL ? ARC_PASS : ARC_TEMPERROR;
    c->out->reason = c->undecided;
    return MP_OK;
}

/* RFC 8617 5.2 step 5: how far back the message is as it was sealed. */
static int find_oldest_pass(struct chain *c)
{
    unsigned i = c->out->instances - 1;
    for (; i > 0 && c->ams_broken[i - 1] == NULL && c->hashed_bytes < ARC_MAX_OLD_BYTES; i--) {
        struct judged found;
        int st = check_ams(c, &c->fields[i - 1][ARC_AMS], &found);
        if (st != MP_OK)
            return st;
        c->out->sets[i - 1].ams_ok = part_of(&found);
        if (found.how != GOOD)
            break;
    }
    c->out->oldest_pass = i == 0 ? 0 : i + 1;
    return MP_OK;
}

static bool is_trusted(const struct auth_ctx *ctx, struct str sealer)
{
    for (size_t i = 0; i < ctx->config->n_trusted_sealers; i++) {
        struct str listed;
        if (idna_to_ascii(ctx->arena, ctx->config->trusted_sealers[i], &listed) &&
            domain_eq(listed, sealer))
            return true;
    }
    return false;
}

/* N34: see arc.h. */
static void judge_trust(struct chain *c)
{
    struct arc_outcome *out = c->out;
    unsigned i = out->instances;
    while (i > 0 && is_trusted(c->ctx, out->sets[i - 1].sealer))
        i--;
    if (i > 0)
        out->untrusted_sealer = out->sets[i - 1].sealer;
    if (i == out->instances)
        return;
    out->trusted = true;
    out->trusted_from = i + 1;
    out->aar_value = str_trim(c->fields[i][ARC_AAR].payload);
}

static int check_all(struct chain *c)
{
    int st = ask_all(c);
    if (st != MP_OK)
        return st;
    buf_init(&c->canon, ARC_MAX_BYTES + ARC_MAX_INSTANCES * ARC_KINDS * sizeof "\r\n");
    st = canonical_stream(c) ? check_chain(c) : no_memory(c);
    if (st == MP_OK && c->out->result == ARC_PASS)
        st = find_oldest_pass(c);
    buf_clear(&c->canon);
    if (st == MP_OK && c->out->result == ARC_PASS)
        judge_trust(c);
    return st;
}

static bool has_arc_field(const struct message *msg)
{
    for (enum arc_kind kind = ARC_AAR; kind < ARC_KINDS; kind++)
        if (header_last(msg, arc_field_name(kind)) != NULL)
            return true;
    return false;
}

int arc_verify(struct auth_ctx *ctx, struct arc_outcome *out, struct mp_err *err)
{
    struct arc_outcome result = {.result = ARC_NONE};
    if (!has_arc_field(ctx->msg)) {
        *out = result; /* most mail: nothing is allocated */
        return MP_OK;
    }
    struct chain *c = arena_new(ctx->arena, struct chain, 1);
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    c->ctx = ctx;
    c->out = &result;
    c->err = err;
    int st = MP_OK;
    bool readable = within_limits(c);
    for (enum arc_kind kind = ARC_AAR; readable && kind < ARC_KINDS; kind++)
        collect(c, kind);
    if (!show_sets(c))
        return no_memory(c);
    if (readable) {
        check_structure(c);
        read_signatures(c);
    }
    if (result.result != ARC_FAIL)
        st = check_all(c);
    if (st == MP_OK)
        *out = result;
    return st;
}

void arc_findings(struct auth_ctx *ctx, const struct arc_outcome *out)
{
    const struct header *newest =
        out->sets == NULL || out->instances == 0 ? NULL : out->sets[out->instances - 1].seal;
    struct finding_where where = NOWHERE;
    if (newest != NULL)
        where = (struct finding_where){.header = newest->name,
                                       .offset = newest->offset,
                                       .length = newest->raw.n,
                                       .has_offset = true};
    if (out->result == ARC_FAIL)
        finding_add(ctx->findings, FINDING_AUTH_ARC_FAIL, where, STR_FMT, STR_ARG(out->reason));
    else if (out->result == ARC_TEMPERROR)
        finding_add(ctx->findings, FINDING_AUTH_ARC_TEMPERROR, where, STR_FMT,
                    STR_ARG(out->reason));
    else if (out->result == ARC_PASS && !out->trusted)
        finding_add(ctx->findings, FINDING_AUTH_UNTRUSTED_SEALER, where, STR_FMT,
                    STR_ARG(out->untrusted_sealer));
}
