/* SASL: the table of mechanisms, and those of one or two messages; SCRAM is in sasl_scram.c. */
#include "base/hex.h"
#include "smtp/sasl_internal.h"

static int plain_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                       struct mp_err *err);
static int oauth_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                       struct mp_err *err);
static int nothing_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                         struct mp_err *err);
static int no_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);
static int login_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);
static int cram_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);
static int oauth_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err);

static const struct {
    const char *name;
    bool shows_secret;
    int (*start)(struct sasl *, const struct sasl_credentials *, struct str, struct mp_err *);
    int (*step)(struct sasl *, struct str, struct str *, struct mp_err *);
} mechs[SASL_MECH_COUNT] = {
    [SASL_SCRAM_SHA_256_PLUS] = {"SCRAM-SHA-256-PLUS", false, scram_start, scram_step},
    [SASL_SCRAM_SHA_1_PLUS] = {"SCRAM-SHA-1-PLUS", false, scram_start, scram_step},
    [SASL_SCRAM_SHA_256] = {"SCRAM-SHA-256", false, scram_start, scram_step}, /* RFC 7677 */
    [SASL_SCRAM_SHA_1] = {"SCRAM-SHA-1", false, scram_start, scram_step},     /* RFC 5802 */
    [SASL_CRAM_MD5] = {"CRAM-MD5", false, nothing_start, cram_step},          /* RFC 2195 */
    [SASL_OAUTHBEARER] = {"OAUTHBEARER", true, oauth_start, oauth_step},      /* RFC 7628 */
    [SASL_XOAUTH2] = {"XOAUTH2", true, oauth_start, oauth_step},
    [SASL_PLAIN] = {"PLAIN", true, plain_start, no_step}, /* RFC 4616 */
    [SASL_LOGIN] = {"LOGIN", true, nothing_start, login_step},
};

const char *sasl_mech_name(enum sasl_mech m)
{
    return (size_t)m < ARRAY_LEN(mechs) ? mechs[m].name : "?";
}

bool sasl_mech_by_name(struct str name, enum sasl_mech *out)
{
    for (size_t i = 0; i < ARRAY_LEN(mechs); i++)
        if (str_ieq(name, str_from(mechs[i].name))) {
            *out = (enum sasl_mech)i;
            return true;
        }
    return false;
}

bool sasl_mech_shows_secret(enum sasl_mech m)
{
    return (size_t)m >= ARRAY_LEN(mechs) || mechs[m].shows_secret;
}

static struct str remember(struct sasl *s, struct str made)
{
    if (made.p == NULL)
        return STR_NONE;
    if (s->n_secrets == ARRAY_LEN(s->secrets)) { /* never more of them than an exchange makes */
        crypto_wipe((char *)made.p, made.n);
        return STR_NONE;
    }
    s->secrets[s->n_secrets++] = made;
    return made;
}

struct str sasl_secret(struct sasl *s, struct str text)
{
    return remember(s, arena_copy(s->arena, text));
}

struct str sasl_secret_join(struct sasl *s, const struct str *parts, size_t n)
{
    return remember(s, arena_join(s->arena, parts, n));
}

struct str sasl_name(struct sasl *s, struct str name)
{
    char *p = arena_alloc(s->arena, name.n, 3);
    size_t n = 0;
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < name.n; i++) {
        bool special = name.p[i] == ',' || name.p[i] == '=';
        memcpy(p + n, name.p[i] == ',' ? "=2C" : special ? "=3D" : &name.p[i], special ? 3 : 1);
        n += special ? 3 : 1;
    }
    return str_make(p, n);
}

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the login");
}

/* RFC 4616 2: authzid NUL authcid NUL passwd. UTF-8 as it is: the server prepares it. */
static int plain_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                       struct mp_err *err)
{
    (void)c;
    (void)nonce;
    struct str nul = str_make("", 1), parts[] = {s->authorize_as, nul, s->user, nul, s->password};
    s->initial = sasl_secret_join(s, parts, ARRAY_LEN(parts));
    s->finished = true;
    return s->initial.p == NULL ? no_memory(err) : MP_OK;
}

static int nothing_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                         struct mp_err *err)
{
    (void)c;
    (void)nonce;
    if (s->authorize_as.n > 0)
        return mp_fail(err, MP_E_USAGE, 0, "%s cannot act for another user",
                       sasl_mech_name(s->mech));
    return MP_OK;
}

static int no_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    (void)challenge;
    (void)out;
    return mp_fail(err, MP_E_SYNTAX, 0, "the server sends a challenge where %s has none",
                   sasl_mech_name(s->mech));
}

/* Whatever the two questions are: servers word them in many ways. */
static int login_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    (void)challenge;
    (void)err;
    *out = s->steps == 0 ? s->user : s->password;
    s->finished = s->steps == 1;
    return MP_OK;
}

/* RFC 2195 2: user SP hex(HMAC-MD5(password, challenge)). */
static int cram_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    unsigned char mac[HMAC_MAX_BYTES];
    if (challenge.n == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "the challenge of CRAM-MD5 is empty");
    if (!hmac_once(HMAC_MD5, s->password, challenge, mac))
        return mp_fail(err, MP_E_CRYPTO, 0, "HMAC-MD5 is not available here");
    struct str hex = hex_encode(s->arena, str_make((char *)mac, hmac_bytes(HMAC_MD5)));
    struct str parts[] = {s->user, STR(" "), hex};
    struct str made = hex.p == NULL ? STR_NONE : arena_join(s->arena, parts, ARRAY_LEN(parts));
    if (made.p == NULL)
        return no_memory(err);
    s->finished = true;
    *out = made;
    return MP_OK;
}

/* A ^A ends a field of both OAuth mechanisms, so no value may hold it, nor other controls; a token
 * has no spaces either (RFC 6750 2.1). */
static bool is_field(struct str text, bool is_token)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < ' ' || c == 0x7f || (is_token && (c == ' ' || c > 0x7e)))
            return false;
    }
    return true;
}

/* RFC 7628 3.1: gs2-header ^A host= ^A port= ^A auth=Bearer ... ^A ^A */
static struct str oauthbearer(struct sasl *s, const struct sasl_credentials *c)
{
    struct str who = sasl_name(s, s->authorize_as.n > 0 ? s->authorize_as : s->user);
    struct str port = c->port == 0 ? STR("") : arena_fmt(s->arena, "port=%u\x01", c->port);
    bool has_host = c->host.n > 0;
    struct str parts[] = {who.n > 0 ? STR("n,a=") : STR("n,"),
                          who,
                          STR(",\x01"),
                          has_host ? STR("host=") : STR(""),
                          c->host,
                          has_host ? STR("\x01") : STR(""),
                          port,
                          STR("auth=Bearer "),
                          s->password,
                          STR("\x01\x01")};
    if (who.p == NULL || port.p == NULL)
        return STR_NONE;
    return sasl_secret_join(s, parts, ARRAY_LEN(parts));
}

static int oauth_start(struct sasl *s, const struct sasl_credentials *c, struct str nonce,
                       struct mp_err *err)
{
    (void)nonce;
    if (!is_field(s->user, false) || !is_field(s->authorize_as, false) || !is_field(c->host, false))
        return mp_fail(err, MP_E_USAGE, 0, "the user or host holds a control character");
    if (!is_field(s->password, true))
        return mp_fail(err, MP_E_USAGE, 0, "the token holds a space, a control or no ASCII");
    struct str parts[] = {STR("user="), s->user,
                          STR("\x01"
                              "auth=Bearer "),
                          s->password, STR("\x01\x01")};
    s->initial = s->mech == SASL_OAUTHBEARER ? oauthbearer(s, c)
                                             : sasl_secret_join(s, parts, ARRAY_LEN(parts));
    return s->initial.p == NULL ? no_memory(err) : MP_OK;
}

/* The only challenge is JSON about a failure: RFC 7628 3.2.3 wants a ^A, XOAUTH2 an empty line. */
static int oauth_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    struct str told = arena_copy(s->arena, challenge);
    s->finished = s->told_error = true;
    if (told.p == NULL)
        return no_memory(err);
    s->server_error = told;
    *out = s->mech == SASL_OAUTHBEARER ? STR("\x01") : STR("");
    return MP_OK;
}

/* What no mechanism can carry. */
static int check_credentials(enum sasl_mech m, const struct sasl_credentials *c, struct mp_err *err)
{
    bool is_oauth = m == SASL_OAUTHBEARER || m == SASL_XOAUTH2;
    if (c->user.n == 0 && m != SASL_OAUTHBEARER)
        return mp_fail(err, MP_E_USAGE, 0, "%s needs a user", sasl_mech_name(m));
    if (c->password.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "%s needs a %s", sasl_mech_name(m),
                       is_oauth ? "token" : "password");
    if (str_has(c->user, '\0') || str_has(c->password, '\0') || str_has(c->authorize_as, '\0'))
        return mp_fail(err, MP_E_USAGE, 0, "the user or password holds NUL");
    size_t total = c->user.n;
    const struct str more[] = {c->password, c->authorize_as, c->host, c->binding};
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        total = more[i].n > SASL_MAX_BYTES ? SIZE_MAX / 2 : total + more[i].n;
    if (total > SASL_MAX_BYTES)
        return mp_fail(err, MP_E_USAGE, SASL_MAX_BYTES,
                       "user and password are longer than %d bytes", SASL_MAX_BYTES);
    return MP_OK;
}

int sasl_start(struct arena *a, enum sasl_mech m, const struct sasl_credentials *c,
               struct str nonce, struct sasl **out, struct mp_err *err)
{
    if ((size_t)m >= ARRAY_LEN(mechs))
        return mp_fail(err, MP_E_USAGE, m, "no such mechanism");
    int st = check_credentials(m, c, err);
    if (st != MP_OK)
        return st;
    struct sasl *s = arena_new(a, struct sasl, 1);
    if (s == NULL)
        return no_memory(err);
    s->arena = a;
    s->mech = m;
    s->user = arena_copy(a, c->user);
    s->authorize_as = arena_copy(a, c->authorize_as);
    s->password = sasl_secret(s, c->password);
    if (s->user.p == NULL || s->authorize_as.p == NULL || s->password.p == NULL)
        st = no_memory(err);
    else
        st = mechs[m].start(s, c, nonce, err);
    if (st == MP_OK)
        *out = s;
    else
        sasl_done(s);
    return st;
}

void sasl_initial(struct sasl *s, struct str *out, bool *has)
{
    *out = s->initial;
    *has = s->initial.n > 0;
}

int sasl_step(struct sasl *s, struct str challenge, struct str *out, struct mp_err *err)
{
    if (challenge.n > SASL_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, SASL_MAX_BYTES, "a challenge is longer than %d bytes",
                       SASL_MAX_BYTES);
    if (s->finished)
        return no_step(s, challenge, out, err);
    int st = mechs[s->mech].step(s, challenge, out, err);
    s->steps++;
    if (st != MP_OK)
        s->finished = true;
    return st;
}

bool sasl_proved(const struct sasl *s)
{
    if (mechs[s->mech].step == scram_step)
        return s->proved;
    return !s->told_error;
}

struct str sasl_server_error(const struct sasl *s)
{
    return s->server_error;
}

void sasl_done(struct sasl *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_secrets; i++)
        crypto_wipe((char *)s->secrets[i].p, s->secrets[i].n);
    s->n_secrets = 0;
    s->finished = true;
    crypto_wipe(s->server_signature, sizeof s->server_signature);
}
