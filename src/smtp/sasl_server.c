/* A table of mechanisms; each reads one response and answers. */
#include "smtp/sasl_server.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "smtp/sasl_server_internal.h"

typedef enum sasl_outcome step_fn(struct sasl_server *s, struct str response,
                                  struct str *challenge);

static enum sasl_outcome judge(struct sasl_server *s, struct str name, struct str password)
{
    s->user = arena_copy(s->arena, name);
    if (s->user.p == NULL)
        return SASL_BROKEN;
    return s->users == NULL || sasl_users_check(s->users, name, password) ? SASL_SUCCESS
                                                                          : SASL_WRONG;
}

/* RFC 4616 2: [authzid] NUL authcid NUL passwd. Nobody may act for somebody else. */
static enum sasl_outcome plain(struct sasl_server *s, struct str response, struct str *challenge)
{
    *challenge = STR("");
    if (response.p == NULL)
        return SASL_CONTINUE;
    struct str rest = response, authorize_as = str_cut(&rest, '\0'), name = str_cut(&rest, '\0');
    if (rest.p == NULL || rest.n == 0 || str_has(rest, '\0') || !sasl_user_name_ok(name) ||
        !utf8_valid(rest) || (authorize_as.n > 0 && !sasl_user_name_ok(authorize_as)))
        return SASL_MALFORMED;
    if (s->users != NULL && authorize_as.n > 0 && !str_eq(authorize_as, name))
        return SASL_WRONG;
    return judge(s, name, rest);
}

/* Two questions; some clients send the name as the initial response. */
static enum sasl_outcome login(struct sasl_server *s, struct str response, struct str *challenge)
{
    bool has_name = s->user.p != NULL;
    if (response.p == NULL) {
        *challenge = STR("Username:");
        return SASL_CONTINUE;
    }
    if (has_name)
        return str_has(response, '\0') ? SASL_MALFORMED : judge(s, s->user, response);
    if (!sasl_user_name_ok(response))
        return SASL_MALFORMED;
    s->user = arena_copy(s->arena, response);
    *challenge = STR("Password:");
    return s->user.p == NULL ? SASL_BROKEN : SASL_CONTINUE;
}

/* RFC 2195: the challenge looks like a message id; user SP hex(HMAC-MD5(password, challenge)). */
static enum sasl_outcome cram(struct sasl_server *s, struct str response, struct str *challenge)
{
    unsigned char mac[HMAC_MAX_BYTES];
    if (s->challenge.p == NULL) {
        if (response.p != NULL)
            return SASL_MALFORMED; /* this mechanism has no initial response */
        *challenge = s->challenge = arena_fmt(s->arena, "<" STR_FMT "@" STR_FMT ">",
                                              STR_ARG(s->nonce), STR_ARG(s->hostname));
        return challenge->p == NULL ? SASL_BROKEN : SASL_CONTINUE;
    }
    size_t space = str_rfind(response, ' ');
    struct str name = str_slice(response, 0, space);
    struct str proof = str_slice(response, space + 1, response.n);
    if (space == response.n || proof.n != 2 * hmac_bytes(HMAC_MD5) || !sasl_user_name_ok(name))
        return SASL_MALFORMED;
    if ((s->user = arena_copy(s->arena, name)).p == NULL)
        return SASL_BROKEN;
    if (s->users == NULL)
        return SASL_SUCCESS;
    const struct sasl_user *user = sasl_users_find(s->users, name);
    if (!hmac_once(HMAC_MD5, user == NULL ? s->nonce : user->password, s->challenge, mac))
        return SASL_BROKEN;
    struct str want = hex_encode(s->arena, str_make((char *)mac, hmac_bytes(HMAC_MD5)));
    bool right = want.p != NULL && digest_equal(want, proof);
    return right && user != NULL ? SASL_SUCCESS : SASL_WRONG;
}

/* The next "name=value" that ^A ends. */
static bool take_field(struct str *rest, const char *name, struct str *value)
{
    struct str look = *rest, field = str_cut(&look, '\x01');
    if (look.p == NULL || !str_istarts(field, str_from(name)))
        return false;
    *value = str_slice(field, strlen(name), field.n);
    *rest = look;
    return true;
}

static bool token_ok(struct str auth)
{
    struct str token = str_slice(auth, 7, auth.n);
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] > 0x7e)
            return false;
    return str_istarts(auth, STR("Bearer ")) && token.n > 0;
}

/* user=NAME ^A auth=Bearer TOKEN ^A ^A */
static enum sasl_outcome xoauth2(struct sasl_server *s, struct str response, struct str *challenge)
{
    struct str name, auth;
    *challenge = STR("");
    if (response.p == NULL)
        return SASL_CONTINUE;
    if (!take_field(&response, "user=", &name) || !take_field(&response, "auth=", &auth) ||
        !str_eq(response, STR("\x01")) || !sasl_user_name_ok(name) || !token_ok(auth))
        return SASL_MALFORMED;
    return judge(s, name, auth);
}

/* n,[a=NAME], ^A [host=.. ^A] [port=.. ^A] auth=Bearer TOKEN ^A ^A (RFC 7628 3.1) */
static enum sasl_outcome oauthbearer(struct sasl_server *s, struct str response,
                                     struct str *challenge)
{
    struct str header, skip, auth = STR_NONE, name = STR("oauth");
    *challenge = STR("");
    if (response.p == NULL)
        return SASL_CONTINUE;
    header = str_cut(&response, '\x01');
    if (!str_starts(header, STR("n,")) || !str_ends(header, STR(",")) || response.p == NULL)
        return SASL_MALFORMED;
    header = str_slice(header, 2, header.n - 1);
    if (header.n > 0 && !str_starts(header, STR("a=")))
        return SASL_MALFORMED;
    if (header.n > 0)
        name = str_slice(header, 2, header.n);
    for (bool more = true; more && response.n > 0 && response.p[0] != '\x01';)
        more = take_field(&response, "auth=", &auth) || take_field(&response, "host=", &skip) ||
               take_field(&response, "port=", &skip);
    if (!str_eq(response, STR("\x01")) || !sasl_user_name_ok(name) || !token_ok(auth))
        return SASL_MALFORMED;
    return judge(s, name, auth);
}

static const struct mech {
    step_fn *step;
    bool for_anybody, for_users;
} mechs[SASL_MECH_COUNT] = {
    [SASL_SCRAM_SHA_256] = {scram_server_step, false, true},
    [SASL_SCRAM_SHA_1] = {scram_server_step, false, true},
    [SASL_CRAM_MD5] = {cram, true, true},
    [SASL_OAUTHBEARER] = {oauthbearer, true, false}, /* there is nobody to ask about a token */
    [SASL_XOAUTH2] = {xoauth2, true, false},
    [SASL_PLAIN] = {plain, true, true},
    [SASL_LOGIN] = {login, true, true},
};

bool sasl_server_has(enum sasl_mech m, const struct sasl_users *users)
{
    return (size_t)m < ARRAY_LEN(mechs) && mechs[m].step != NULL &&
           (users == NULL ? mechs[m].for_anybody : mechs[m].for_users);
}

int sasl_server_start(struct arena *a, enum sasl_mech m, struct sasl_users *users,
                      struct str hostname, struct str nonce, struct sasl_server **out,
                      struct mp_err *err)
{
    unsigned char octets[18];
    if (!sasl_server_has(m, users))
        return mp_fail(err, MP_E_USAGE, m, "this mechanism is not offered");
    struct sasl_server *s = arena_new(a, struct sasl_server, 1);
    if (s == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a login");
    *s = (struct sasl_server){.arena = a, .mech = m, .users = users, .hostname = hostname};
    s->hash = m == SASL_SCRAM_SHA_1 ? HMAC_SHA1 : HMAC_SHA256;
    if (nonce.n == 0 && !crypto_random(octets, sizeof octets))
        return mp_fail(err, MP_E_CRYPTO, 0, "no random numbers are to be had");
    s->nonce =
        nonce.n > 0 ? arena_copy(a, nonce) : hex_encode(a, str_make((char *)octets, sizeof octets));
    if (s->nonce.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a login");
    *out = s;
    return MP_OK;
}

enum sasl_outcome sasl_server_step(struct sasl_server *s, struct str response,
                                   struct str *challenge)
{
    *challenge = STR("");
    if (s->finished || response.n > SASL_MAX_BYTES)
        return SASL_MALFORMED;
    enum sasl_outcome o = mechs[s->mech].step(s, response, challenge);
    s->finished = o != SASL_CONTINUE;
    s->steps++;
    return o;
}

struct str sasl_server_user(const struct sasl_server *s)
{
    return s->user;
}
