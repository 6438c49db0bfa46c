/* SCRAM as a server (RFC 5802, RFC 7677), without channel binding. */
#include "base/base64.h"
#include "crypto/digest.h"
#include "smtp/sasl_server_internal.h"

enum { NONCE_MAX_BYTES = 1024 };

static struct str view(const unsigned char *p, enum hmac_alg alg)
{
    return str_make((const char *)p, hmac_bytes(alg));
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

static bool take(struct str *message, char letter, struct str *value)
{
    struct str attribute = str_cut(message, ',');
    if (attribute.n < 2 || attribute.p[0] != letter || attribute.p[1] != '=')
        return false;
    *value = str_slice(attribute, 2, attribute.n);
    return true;
}

static bool is_nonce(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
            return false;
    return s.n > 0 && s.n <= NONCE_MAX_BYTES;
}

/* saslname: =2C is a comma, =3D an equals sign, no other "=" (RFC 5802 5.1). */
static struct str read_name(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        struct str code = str_slice(s, i, i + 3);
        if (s.p[i] != '=') {
            p[n++] = s.p[i];
            continue;
        }
        if (!str_eq(code, STR("=2C")) && !str_eq(code, STR("=3D")))
            return STR_NONE;
        p[n++] = code.p[2] == 'C' ? ',' : '=';
        i += 2;
    }
    return str_make(p, n);
}

/* The same name has the same salt for the life of the table, whether it exists or not. */
static bool salt_of(const struct sasl_server *s, struct str name, unsigned char out[HMAC_MAX_BYTES])
{
    return hmac_once(HMAC_SHA256, str_make((const char *)s->users->secret, sizeof s->users->secret),
                     name, out);
}

static bool make_keys(struct sasl_user *user, enum hmac_alg alg, struct str salt)
{
    struct scram_keys *k = &user->keys[alg == HMAC_SHA256];
    unsigned char salted[HMAC_MAX_BYTES], client[HMAC_MAX_BYTES];
    if (!k->made)
        k->made = hmac_pbkdf2(alg, user->password, salt, SASL_SERVER_ITERATIONS, salted) &&
                  hmac_once(alg, view(salted, alg), STR("Client Key"), client) &&
                  hmac_hash(alg, view(client, alg), k->stored) &&
                  hmac_once(alg, view(salted, alg), STR("Server Key"), k->server);
    crypto_wipe(salted, sizeof salted);
    crypto_wipe(client, sizeof client);
    return k->made;
}

/* gs2-header client-first-bare: "n,[a=..]," then n=NAME,r=NONCE. */
static enum sasl_outcome read_first(struct sasl_server *s, struct str message, struct str *nonce)
{
    struct str rest = message, flag = str_cut(&rest, ','), who = str_cut(&rest, ','), name;
    /* "y": the client could bind, and thinks that we cannot, which is so */
    if (rest.p == NULL || (!str_eq(flag, STR("n")) && !str_eq(flag, STR("y"))))
        return SASL_MALFORMED;
    s->gs2_header = arena_copy(s->arena, str_make(message.p, (size_t)(rest.p - message.p)));
    s->first_bare = arena_copy(s->arena, rest);
    if (s->gs2_header.p == NULL || s->first_bare.p == NULL)
        return SASL_BROKEN;
    if (!take(&rest, 'n', &name) || !take(&rest, 'r', nonce) || !is_nonce(*nonce))
        return SASL_MALFORMED;
    s->user = read_name(s->arena, name);
    if (!sasl_user_name_ok(s->user))
        return SASL_MALFORMED;
    if (who.n == 0)
        return SASL_CONTINUE;
    struct str as =
        str_starts(who, STR("a=")) ? read_name(s->arena, str_slice(who, 2, who.n)) : STR_NONE;
    return as.p == NULL ? SASL_MALFORMED : str_eq(as, s->user) ? SASL_CONTINUE : SASL_WRONG;
}

static enum sasl_outcome answer_first(struct sasl_server *s, struct str message,
                                      struct str *challenge)
{
    struct str nonce;
    unsigned char salt[HMAC_MAX_BYTES];
    enum sasl_outcome o = read_first(s, message, &nonce);
    if (o != SASL_CONTINUE)
        return o;
    if (!salt_of(s, s->user, salt))
        return SASL_BROKEN;
    struct str salt_view = str_make((char *)salt, SCRAM_SALT_BYTES);
    s->account = sasl_users_find(s->users, s->user);
    if (s->account != NULL && !make_keys(s->account, s->hash, salt_view))
        return SASL_BROKEN;
    struct str parts[] = {nonce, s->nonce};
    s->nonce = arena_join(s->arena, parts, ARRAY_LEN(parts));
    struct str text = encode(s->arena, salt_view);
    if (s->nonce.p == NULL || text.p == NULL)
        return SASL_BROKEN;
    s->server_first = arena_fmt(s->arena, "r=" STR_FMT ",s=" STR_FMT ",i=%d", STR_ARG(s->nonce),
                                STR_ARG(text), SASL_SERVER_ITERATIONS);
    *challenge = s->server_first;
    return challenge->p == NULL ? SASL_BROKEN : SASL_CONTINUE;
}

/* Is the proof that of StoredKey? And our own signature, for the client to see that we know it. */
static enum sasl_outcome check_proof(struct sasl_server *s, struct str without_proof,
                                     struct str proof, struct str *challenge)
{
    const struct scram_keys *k = &s->account->keys[s->hash == HMAC_SHA256];
    unsigned char signature[HMAC_MAX_BYTES], client[HMAC_MAX_BYTES], stored[HMAC_MAX_BYTES];
    struct str all[] = {s->first_bare, STR(","), s->server_first, STR(","), without_proof};
    struct str message = arena_join(s->arena, all, ARRAY_LEN(all));
    if (message.p == NULL || !hmac_once(s->hash, view(k->stored, s->hash), message, signature))
        return SASL_BROKEN;
    for (size_t i = 0; i < hmac_bytes(s->hash); i++)
        client[i] = (unsigned char)(signature[i] ^ (unsigned char)proof.p[i]);
    if (!hmac_hash(s->hash, view(client, s->hash), stored))
        return SASL_BROKEN;
    if (!digest_equal(view(stored, s->hash), view(k->stored, s->hash)))
        return SASL_WRONG;
    if (!hmac_once(s->hash, view(k->server, s->hash), message, signature))
        return SASL_BROKEN;
    struct str text = encode(s->arena, view(signature, s->hash));
    *challenge = text.p == NULL ? STR_NONE : arena_fmt(s->arena, "v=" STR_FMT, STR_ARG(text));
    return challenge->p == NULL ? SASL_BROKEN : SASL_CONTINUE;
}

static enum sasl_outcome answer_final(struct sasl_server *s, struct str message,
                                      struct str *challenge)
{
    struct str rest = message, binding, nonce, header, proof, text;
    size_t before = str_search(message, STR(",p="));
    if (!take(&rest, 'c', &binding) || !take(&rest, 'r', &nonce) || before == message.n)
        return SASL_MALFORMED;
    text = str_slice(message, before + 3, message.n);
    if (!base64_decode(s->arena, binding, BASE64_STRICT, &header) ||
        !base64_decode(s->arena, text, BASE64_STRICT, &proof) || proof.n != hmac_bytes(s->hash))
        return SASL_MALFORMED;
    if (!str_eq(header, s->gs2_header) || !str_eq(nonce, s->nonce) || s->account == NULL)
        return SASL_WRONG;
    return check_proof(s, str_slice(message, 0, before), proof, challenge);
}

enum sasl_outcome scram_server_step(struct sasl_server *s, struct str response,
                                    struct str *challenge)
{
    if (response.p == NULL && s->steps == 0 && s->first_bare.p == NULL)
        return SASL_CONTINUE; /* no initial response: an empty challenge asks for it */
    if (s->first_bare.p == NULL)
        return answer_first(s, response, challenge);
    if (s->told == SASL_CONTINUE) {
        enum sasl_outcome o = answer_final(s, response, challenge);
        s->told = o == SASL_CONTINUE ? SASL_SUCCESS : o;
        return o;
    }
    return response.n == 0 ? SASL_SUCCESS : SASL_MALFORMED;
}
