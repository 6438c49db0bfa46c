/* Signatures: right ones by the signer of room auth, wrong ones by hand, and what breaks them. */
#include "auth/dkim.h"
#include "forge/forge_internal.h"

enum { FIELD_MAX_BYTES = 64 * 1024, MANY_SIGNATURES = 100 };

/* ---- by hand ---- */

#define TAGS  "a={algorithm}; c=relaxed/relaxed; "
#define HASH  "h=from:to:subject:date; bh={bh}; b={b}"
#define NAMES STR_INIT("from:to:subject:date")

const struct forge_raw_signature forge_raw_nul = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={attacker}.\0.any; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_paren = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}(.{attacker}; s={selector}; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_quote = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}\".{attacker}; s={selector}; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_twice = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; d={attacker}; s={selector}; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_identity = {
    .tags = STR_INIT("v=1; " TAGS "d={attacker}; i={from}; s={selector}; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_wrong_key = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={victim-selector}; " HASH),
    .names = NAMES,
    .attacker = true};
const struct forge_raw_signature forge_raw_no_from = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={selector}; h=to:subject:date; bh={bh}; b={b}"),
    .names = STR_INIT("to:subject:date")};
const struct forge_raw_signature forge_raw_plain = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={selector}; " HASH), .names = NAMES};
const struct forge_raw_signature forge_raw_length = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={selector}; l={length}; " HASH), .names = NAMES};
const struct forge_raw_signature forge_raw_length_zero = {
    .tags = STR_INIT("v=1; " TAGS "d={domain}; s={selector}; l=0; " HASH),
    .names = NAMES,
    .empty_body = true};

struct raw_values {
    struct str algorithm, signer, selector, victim_selector, length, body_hash, b;
};

static struct str base64_of(struct arena *a, struct str octets)
{
    struct buf b;
    buf_init(&b, FIELD_MAX_BYTES);
    base64_encode(&b, octets);
    struct str copy = b.failed ? STR_NONE : arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return copy;
}

/* The tags with their values, on one line: the names of forge_expand, and those of signatures. */
static void raw_tags(const struct forging *f, struct buf *out, struct str text,
                     const struct raw_values *v)
{
    const struct {
        struct str name, value;
    } own[] = {{STR("{algorithm}"), v->algorithm},
               {STR("{signer}"), v->signer},
               {STR("{selector}"), v->selector},
               {STR("{victim-selector}"), v->victim_selector},
               {STR("{length}"), v->length},
               {STR("{bh}"), v->body_hash},
               {STR("{b}"), v->b}};
    while (text.n > 0) {
        size_t at = str_find(text, '{'), i = 0;
        buf_add(out, str_slice(text, 0, at));
        text = str_slice(text, at, text.n);
        while (i < ARRAY_LEN(own) && !str_starts(text, own[i].name))
            i++;
        size_t end = str_find(text, '}') + 1;
        if (i < ARRAY_LEN(own))
            buf_add(out, own[i].value);
        else
            forge_expand(f, out, str_slice(text, 0, end));
        text = str_slice(text, end, text.n);
    }
}

/* The hash of the named fields and of our own field without its value of b=, which stands last. */
static bool raw_hash(struct arena *a, const struct message *m, struct str names, struct str field,
                     unsigned char out[DIGEST_MAX_BYTES])
{
    struct digest d;
    size_t name_bytes = STR("DKIM-Signature").n;
    struct header own = {.name = str_slice(field, 0, name_bytes),
                         .value = str_slice(field, name_bytes + 1, field.n),
                         .raw = field};
    struct header_selector *selector = header_selector_new(a, m);
    if (selector == NULL || !digest_start(&d, DIGEST_SHA256))
        return false;
    while (names.p != NULL) {
        const struct header *h = header_select(selector, str_cut(&names, ':'));
        if (h != NULL)
            header_hash(&d, h, CANON_RELAXED);
    }
    header_hash_without_b(&d, &own, CANON_RELAXED, own.value.n, 0);
    return digest_final(&d, out);
}

static int raw_body_hash(struct forging *f, const struct forge_raw_signature *s,
                         const struct message *m, struct raw_values *v, struct mp_err *err)
{
    struct str digest;
    uint64_t length;
    struct body_hashes *hashes = body_hashes_new(f->arena, m->body);
    if (hashes == NULL || !body_hash_get(hashes, CANON_RELAXED, DIGEST_SHA256,
                                         s->empty_body ? 0 : UINT64_MAX, &digest, &length))
        return forge_no_memory(err);
    v->body_hash = base64_of(f->arena, digest);
    v->length = arena_fmt(f->arena, "%llu", (unsigned long long)length);
    return v->body_hash.p == NULL || v->length.p == NULL ? forge_no_memory(err) : MP_OK;
}

static int raw_field(struct forging *f, const struct forge_raw_signature *s,
                     const struct message *m, struct buf *field, struct mp_err *err)
{
    const struct forge_options *o = f->o;
    const struct private_key *key = s->attacker ? o->attacker_key : o->key;
    unsigned char hash[DIGEST_MAX_BYTES];
    struct buf octets;
    struct raw_values v = {.algorithm = private_key_type(key) == KEY_RSA ? STR("rsa-sha256")
                                                                         : STR("ed25519-sha256"),
                           .signer = o->sign_domain.n > 0 ? o->sign_domain : f->domain,
                           .selector = s->attacker ? o->attacker_selector : o->selector,
                           .victim_selector = o->selector.n > 0 ? o->selector : STR("mail")};
    int st = raw_body_hash(f, s, m, &v, err);
    if (st != MP_OK)
        return st;
    buf_addz(field, "DKIM-Signature: ");
    raw_tags(f, field, s->tags, &v);
    if (field->failed || !raw_hash(f->arena, m, s->names, buf_str(field), hash))
        return forge_no_memory(err);
    buf_init(&octets, FIELD_MAX_BYTES);
    st = private_key_sign(key, str_make((const char *)hash, digest_bytes(DIGEST_SHA256)), &octets,
                          err);
    base64_encode(field, buf_str(&octets));
    buf_addz(field, "\r\n");
    buf_clear(&octets);
    return st;
}

/* ---- by the signer ---- */

static int signer_field(struct forging *f, const struct message *m, bool attacker,
                        struct buf *field, struct mp_err *err)
{
    const struct forge_options *o = f->o;
    struct dkim_signing *signing;
    struct str domain = o->sign_domain.n > 0 ? o->sign_domain : f->domain;
    struct dkim_signer s = {.domain = attacker ? f->attacker : domain,
                            .selector = attacker ? o->attacker_selector : o->selector,
                            .key = private_key_signer(attacker ? o->attacker_key : o->key),
                            .header_canon = CANON_RELAXED,
                            .body_canon = CANON_RELAXED,
                            .signed_at_s = o->now_s - f->recipe->signed_before_s,
                            .lifetime_s = f->recipe->lifetime_s};
    int st = dkim_signing_new(f->arena, m, &s, 1, &signing, err);
    if (st != MP_OK)
        return st;
    dkim_signing_body(signing, m->body);
    return dkim_signing_finish(signing, field, err);
}

/* Put `bytes` into the message at `at`. */
static void insert(struct forging *f, size_t at, struct str bytes)
{
    struct buf whole;
    buf_init(&whole, FORGE_MAX_BYTES);
    buf_add(&whole, str_slice(buf_str(&f->message), 0, at));
    buf_add(&whole, bytes);
    buf_add(&whole, str_slice(buf_str(&f->message), at, f->message.n));
    whole.failed = whole.failed || f->message.failed;
    buf_clear(&f->message);
    f->message = whole;
}

int forge_sign(struct forging *f, struct mp_err *err)
{
    const struct forge_recipe *r = f->recipe;
    struct message m;
    struct buf field;
    bool wanted = r->sign == FORGE_SIGN || r->sign == FORGE_SIGN_ATTACKER ||
                  (r->sign == FORGE_SIGN_IF_KEY && f->o->key != NULL);
    if (!wanted && r->raw_signature == NULL)
        return MP_OK;
    int st = message_parse(f->arena, buf_str(&f->message), &m, err);
    if (st != MP_OK)
        return st;
    buf_init(&field, FIELD_MAX_BYTES);
    st = r->raw_signature != NULL
             ? raw_field(f, r->raw_signature, &m, &field, err)
             : signer_field(f, &m, r->sign == FORGE_SIGN_ATTACKER, &field, err);
    if (st == MP_OK && field.failed)
        st = forge_no_memory(err);
    if (st == MP_OK)
        insert(f, 0, buf_str(&field));
    buf_clear(&field);
    return st;
}

/* ---- what happens to a signed message ---- */

int forge_alter_body(struct forging *f, struct mp_err *err)
{
    (void)err;
    size_t at = str_search(buf_str(&f->message), STR("\r\n\r\n"));
    insert(f, at + 4, STR("This line was not there when the message was signed.\r\n"));
    return MP_OK;
}

int forge_append_body(struct forging *f, struct mp_err *err)
{
    (void)err;
    buf_addz(&f->message, "This line stands behind what the signature covers.\r\n");
    return MP_OK;
}

int forge_alter_subject(struct forging *f, struct mp_err *err)
{
    (void)err;
    size_t at = str_search(buf_str(&f->message), STR("\r\nSubject: "));
    insert(f, at + STR("\r\nSubject: ").n, STR("[list] "));
    return MP_OK;
}

int forge_second_subject(struct forging *f, struct mp_err *err)
{
    (void)err;
    insert(f, 0, STR("Subject: This subject was not signed\r\n"));
    return MP_OK;
}

/* The first `from` of the message becomes `to`. */
static int replace(struct forging *f, struct str from, struct str to, struct mp_err *err)
{
    size_t at = str_search(buf_str(&f->message), from);
    struct buf whole;
    if (at == f->message.n)
        return mp_fail(err, MP_E_INTERNAL, 0, "kind %s: nothing to alter", f->kind->name);
    buf_init(&whole, FORGE_MAX_BYTES);
    buf_add(&whole, str_slice(buf_str(&f->message), 0, at));
    buf_add(&whole, to);
    buf_add(&whole, str_slice(buf_str(&f->message), at + from.n, f->message.n));
    buf_clear(&f->message);
    f->message = whole;
    return MP_OK;
}

int forge_claim_sha1(struct forging *f, struct mp_err *err)
{
    bool rsa = private_key_type(f->o->key) == KEY_RSA;
    return replace(f, rsa ? STR("a=rsa-sha256") : STR("a=ed25519-sha256"), STR("a=rsa-sha1"), err);
}

int forge_other_selector(struct forging *f, struct mp_err *err)
{
    struct str right = arena_fmt(f->arena, "s=%.*s;", STR_ARG(f->o->selector));
    return right.p == NULL ? forge_no_memory(err)
                           : replace(f, right, STR("s=no-such-selector;"), err);
}

int forge_many_signatures(struct forging *f, struct mp_err *err)
{
    struct buf b;
    buf_init(&b, FORGE_MAX_BYTES);
    for (unsigned i = 0; i < MANY_SIGNATURES; i++)
        buf_addf(&b,
                 "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=s%u.%.*s; s=mail;\r\n"
                 "\th=from; bh=AAAA; b=AAAA\r\n",
                 i, STR_ARG(f->attacker));
    bool failed = b.failed;
    insert(f, 0, buf_str(&b));
    buf_clear(&b);
    return failed ? forge_no_memory(err) : MP_OK;
}
