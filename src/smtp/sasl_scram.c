/* SCRAM-SHA-1 and SCRAM-SHA-256, with channel binding or without (RFC 5802, RFC 7677). */
#include "base/base64.h"
#include "crypto/digest.h"
#include "smtp/sasl_internal.h"

enum { NONCE_MAX_BYTES = 1024, SALT_MAX_BYTES = 1024 };

static int broken(struct mp_err *err, const char *why)
{
    return mp_fail(err, MP_E_SYNTAX, 0, "SCRAM: %s", why);
}

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the login");
}

/* Printable ASCII without a comma (RFC 5802 7). */
static bool is_nonce(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
            return false;
    return s.n > 0 && s.n <= NONCE_MAX_BYTES;
}

static struct str encode(struct arena *a, struct str bytes)
{
    struct buf b;
    buf_init(&b, 2 * SASL_MAX_BYTES + 8);
    base64_encode(&b, bytes);
    struct str text = b.failed ? STR_NONE : arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return text;
}

static int make_nonce(struct sasl *s, struct str given, struct mp_err *err)
{
    char octets[SASL_NONCE_BYTES];
    if (given.n > 0 && !is_nonce(given))
        return mp_fail(err, MP_E_USAGE, 0, "SCRAM: not a nonce");
    if (given.n == 0 && !crypto_random(octets, sizeof octets))
        return mp_fail(err, MP_E_CRYPTO, 0, "no random numbers are to be had");
    s->nonce = given.n > 0 ? arena_copy(s->arena, given)
                           : encode(s->arena, str_make(octets, sizeof octets));
    return s->nonce.p == NULL ? no_memory(err) : MP_OK;
}

/* The first letter of the gs2 header (RFC 5802 6): "p" binds; "y" says that we could and that the
 * server did not offer it, so that it notices when someone struck its offer out; "n" we cannot, or
 * did not want to. */
static int make_header(struct sasl *s, const struct sasl_credentials *c, struct mp_err *err)
{
    bool plus = s->mech == SASL_SCRAM_SHA_1_PLUS || s->mech == SASL_SCRAM_SHA_256_PLUS;
    struct str type = str_from(c->binding_type);
    if (plus && (c->binding.n == 0 || type.n == 0))
        return mp_fail(err, MP_E_USAGE, 0, "%s needs a TLS session to bind to",
                       sasl_mech_name(s->mech));
    struct str who = STR_NONE;
    int st = c->authorize_as.n == 0 ? MP_OK
                                    : sasl_prep(s, "user to act for", s->authorize_as, &who, err);
    if (st != MP_OK)
        return st;
    who = sasl_name(s, who);
    struct str flag = plus                                         ? STR("p=")
                      : c->binding.n > 0 && !c->server_offers_plus ? STR("y")
                                                                   : STR("n");
    struct str parts[] = {flag,     plus ? type : STR(""),
                          STR(","), who.n > 0 ? STR("a=") : STR(""),
                          who,      STR(",")};
    s->gs2_header = arena_join(s->arena, parts, ARRAY_LEN(parts));
    s->binding = plus ? c->binding : STR_NONE;
    return s->gs2_header.p == NULL ? no_memory(err) : MP_OK;
}

int scram_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                struct mp_err *err)
{
    bool sha1 = s->mech == SASL_SCRAM_SHA_1 || s->mech == SASL_SCRAM_SHA_1_PLUS;
    s->hash = sha1 ? HMAC_SHA1 : HMAC_SHA256;
    struct str user;
    int st = sasl_prep(s, "user", s->user, &user, err);
    if (st == MP_OK)
        st = sasl_prep(s, "password", s->password, &s->password, err);
    if (st == MP_OK)
        st = make_nonce(s, nonce, err);
    if (st == MP_OK)
        st = make_header(s, c, err);
    if (st != MP_OK)
        return st;
    struct str name = sasl_name(s, user);
    struct str bare[] = {STR("n="), name, STR(",r="), s->nonce};
    if (name.p != NULL)
        s->first_bare = arena_join(s->arena, bare, ARRAY_LEN(bare));
    if (s->first_bare.p == NULL)
        return no_memory(err);
    struct str whole[] = {s->gs2_header, s->first_bare};
    s->initial = arena_join(s->arena, whole, ARRAY_LEN(whole));
    return s->initial.p == NULL ? no_memory(err) : MP_OK;
}

/* The next attribute of a message, which must be `letter`. */
static bool take(struct str *message, char letter, struct str *value)
{
    struct str attribute = str_cut(message, ',');
    if (attribute.n < 2 || attribute.p[0] != letter || attribute.p[1] != '=')
        return false;
    *value = str_slice(attribute, 2, attribute.n);
    return true;
}

struct server_first {
    struct str nonce, salt;
    uint32_t iterations;
};

static int read_server_first(struct sasl *s, struct str message, struct server_first *out,
                             struct mp_err *err)
{
    struct str salt, iterations;
    uint64_t n = 0;
    if (str_starts(message, STR("m=")))
        return broken(err, "the server demands an extension that we do not know");
    if (!take(&message, 'r', &out->nonce) || !is_nonce(out->nonce) || !take(&message, 's', &salt) ||
        !take(&message, 'i', &iterations))
        return broken(err, "the server's first message is not r=,s=,i=");
    if (!str_starts(out->nonce, s->nonce) || out->nonce.n == s->nonce.n)
        return broken(err, "the server's nonce does not continue ours");
    if (!base64_decode(s->arena, salt, BASE64_STRICT, &out->salt) || out->salt.n == 0 ||
        out->salt.n > SALT_MAX_BYTES)
        return broken(err, "the salt is empty, too long or no base64");
    if (!str_to_u64(iterations, UINT64_MAX, &n) || iterations.p[0] == '0')
        return broken(err, "the iteration count is no number");
    if (n < SASL_SCRAM_MIN_ITERATIONS || n > SASL_SCRAM_MAX_ITERATIONS)
        return mp_fail(err, MP_E_SYNTAX, (int64_t)(n & INT64_MAX),
                       "SCRAM: the server wants %llu iterations, we do %d to %d",
                       (unsigned long long)n, SASL_SCRAM_MIN_ITERATIONS, SASL_SCRAM_MAX_ITERATIONS);
    out->iterations = (uint32_t)n;
    return MP_OK;
}

struct keys {
    unsigned char salted[HMAC_MAX_BYTES], client[HMAC_MAX_BYTES], stored[HMAC_MAX_BYTES],
        server[HMAC_MAX_BYTES], signature[HMAC_MAX_BYTES];
};

static struct str view(const unsigned char *p, enum hmac_alg alg)
{
    return str_make((const char *)p, hmac_bytes(alg));
}

/* RFC 5802 3: `proof` for the server; its own signature is kept to compare with. */
static bool prove(struct sasl *s, const struct server_first *first, struct str message,
                  unsigned char proof[HMAC_MAX_BYTES])
{
    struct keys k;
    enum hmac_alg alg = s->hash;
    bool ok = hmac_pbkdf2(alg, s->password, first->salt, first->iterations, k.salted) &&
              hmac_once(alg, view(k.salted, alg), STR("Client Key"), k.client) &&
              hmac_hash(alg, view(k.client, alg), k.stored) &&
              hmac_once(alg, view(k.stored, alg), message, k.signature) &&
              hmac_once(alg, view(k.salted, alg), STR("Server Key"), k.server) &&
              hmac_once(alg, view(k.server, alg), message, s->server_signature);
    for (size_t i = 0; ok && i < hmac_bytes(alg); i++)
        proof[i] = (unsigned char)(k.client[i] ^ k.signature[i]);
    crypto_wipe(&k, sizeof k);
    return ok;
}

static int answer_first(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    struct server_first first = {0};
    unsigned char proof[HMAC_MAX_BYTES];
    int st = read_server_first(s, challenge, &first, err);
    if (st != MP_OK)
        return st;
    struct str bound[] = {s->gs2_header, s->binding};
    struct str binding = arena_join(s->arena, bound, ARRAY_LEN(bound));
    binding = binding.p == NULL ? binding : encode(s->arena, binding);
    if (binding.p == NULL)
        return no_memory(err);
    struct str final[] = {STR("c="), binding, STR(",r="), first.nonce};
    struct str without_proof = arena_join(s->arena, final, ARRAY_LEN(final));
    struct str all[] = {s->first_bare, STR(","), challenge, STR(","), without_proof};
    struct str message = arena_join(s->arena, all, ARRAY_LEN(all));
    if (without_proof.p == NULL || message.p == NULL)
        return no_memory(err);
    if (!prove(s, &first, message, proof))
        return mp_fail(err, MP_E_CRYPTO, 0, "%s: its hash is not available here",
                       sasl_mech_name(s->mech));
    struct str text = encode(s->arena, view(proof, s->hash));
    struct str parts[] = {without_proof, STR(",p="), text};
    struct str made = text.p == NULL ? STR_NONE : arena_join(s->arena, parts, ARRAY_LEN(parts));
    if (made.p == NULL)
        return no_memory(err);
    *out = made;
    return MP_OK;
}

static int check_final(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    struct str value, signature;
    s->finished = true;
    if (str_starts(challenge, STR("e="))) {
        s->told_error = true;
        s->server_error = arena_copy(s->arena, str_slice(challenge, 2, challenge.n));
        *out = STR("");
        return s->server_error.p == NULL ? no_memory(err) : MP_OK;
    }
    if (!take(&challenge, 'v', &value) ||
        !base64_decode(s->arena, value, BASE64_STRICT, &signature))
        return broken(err, "the server's last message is not v=");
    if (!digest_equal(signature, view(s->server_signature, s->hash)))
        return broken(err, "the server does not know the password: its signature is wrong");
    s->proved = true;
    *out = STR("");
    return MP_OK;
}

int scram_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    return s->steps == 0 ? answer_first(s, challenge, out, err)
                         : check_final(s, challenge, out, err);
}
