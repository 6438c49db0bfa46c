/* Paths from a server's certificate to an anchor: OpenSSL's verification, its errors sorted. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "crypto/x509_internal.h"

enum { AUTH_LEVEL = 1 };

const char *x509_verdict_name(enum x509_verdict v)
{
    static const char *const names[] = {
        [X509_OK] = "ok",
        [X509_EMPTY] = "empty",
        [X509_BROKEN] = "broken",
        [X509_EXPIRED] = "expired",
        [X509_NOT_YET_VALID] = "not-yet-valid",
        [X509_SELF_SIGNED] = "self-signed",
        [X509_UNKNOWN_CA] = "unknown-ca",
        [X509_WEAK] = "weak",
        [X509_WRONG_PURPOSE] = "wrong-purpose",
        [X509_BAD_SIGNATURE] = "bad-signature",
        [X509_OTHER] = "other",
    };
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "other";
}

static const struct {
    int error;
    enum x509_verdict verdict;
} verdicts[] = {
    {X509_V_OK, X509_OK},
    {X509_V_ERR_CERT_HAS_EXPIRED, X509_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, X509_NOT_YET_VALID},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_UNKNOWN_CA},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_UNKNOWN_CA},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_UNKNOWN_CA},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_UNKNOWN_CA},
    {X509_V_ERR_CERT_UNTRUSTED, X509_UNKNOWN_CA},
    {X509_V_ERR_EE_KEY_TOO_SMALL, X509_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, X509_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, X509_WEAK},
    {X509_V_ERR_INVALID_PURPOSE, X509_WRONG_PURPOSE},
    {X509_V_ERR_INVALID_CA, X509_WRONG_PURPOSE},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_WRONG_PURPOSE},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_WRONG_PURPOSE},
    {X509_V_ERR_CERT_REJECTED, X509_WRONG_PURPOSE},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_BAD_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, X509_BAD_SIGNATURE},
};

struct x509_store {
    X509_STORE *store;
};

static int load_file(X509_STORE *store, const char *file, struct mp_err *err)
{
    int st = MP_OK;
    size_t n = 0;
    errno = 0;
    BIO *bio = BIO_new_file(file, "r");
    if (bio == NULL) {
        st = mp_fail(err, MP_E_IO, errno, "%s: %s", file,
                     errno != 0 ? strerror(errno) : "cannot be opened");
        goto out;
    }
    for (X509 *cert; st == MP_OK && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        if (++n > X509_ANCHORS_MAX)
            st = mp_fail(err, MP_E_LIMIT, X509_ANCHORS_MAX, "%s: more than %d certificates", file,
                         X509_ANCHORS_MAX);
        else if (X509_STORE_add_cert(store, cert) != 1)
            st = mp_fail(err, MP_E_CRYPTO, 0, "%s: certificate %zu cannot be used", file, n);
        X509_free(cert);
    }
    unsigned long why = ERR_peek_last_error(); /* NO_START_LINE is how the end shows */
    if (st == MP_OK && (n == 0 || (why != 0 && ERR_GET_REASON(why) != PEM_R_NO_START_LINE)))
        st = mp_fail(err, MP_E_SYNTAX, (int64_t)n + 1, "%s: %s", file,
                     n == 0 ? "no certificate in PEM form" : "a certificate in it is broken");
out:
    BIO_free(bio);
    ERR_clear_error();
    return st;
}

int x509_store_new(const char *ca_file, struct x509_store **out, struct mp_err *err)
{
    struct x509_store *s = calloc(1, sizeof *s);
    int st = MP_OK;
    ERR_clear_error();
    if (s == NULL || (s->store = X509_STORE_new()) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for trust anchors");
    else if (ca_file != NULL)
        st = load_file(s->store, ca_file, err);
    else if (X509_STORE_set_default_paths(s->store) != 1)
        st = mp_fail(err, MP_E_IO, 0, "the system's trust anchors cannot be loaded");
    ERR_clear_error();
    if (st == MP_OK)
        *out = s;
    else
        x509_store_free(s);
    return st;
}

void x509_store_free(struct x509_store *s)
{
    if (s == NULL)
        return;
    X509_STORE_free(s->store);
    free(s);
}

static void chain_free(STACK_OF(X509) * chain)
{
    sk_X509_pop_free(chain, X509_free);
}

/* OpenSSL would only say that it finds no issuer. */
static bool has_broken_extensions(X509 *cert)
{
    return (X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0;
}

/* NULL: one of them cannot be read. */
static STACK_OF(X509) * chain_parse(const struct str *ders, size_t n)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (size_t i = 0; chain != NULL && i < n && i < X509_CHAIN_MAX; i++) {
        X509 *cert = x509_parse(ders[i]);
        bool broken = cert == NULL || (i == 0 && has_broken_extensions(cert));
        if (broken || sk_X509_push(chain, cert) <= 0) {
            X509_free(cert);
            chain_free(chain);
            return NULL;
        }
    }
    return chain;
}

static enum x509_verdict sort_error(int error)
{
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
        if (verdicts[i].error == error)
            return verdicts[i].verdict;
    return X509_OTHER;
}

static void explain(struct arena *a, X509_STORE_CTX *ctx, struct str *why)
{
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    const char *text = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
    *why = depth == 0 ? arena_fmt(a, "%s", text)
                      : arena_fmt(a, "%s (certificate %d of the path)", text, depth + 1);
}

static enum x509_verdict verify(struct arena *a, X509_STORE *store, unsigned long flags,
                                STACK_OF(X509) * chain, int64_t now_s, struct str *why)
{
    enum x509_verdict verdict = X509_OTHER;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx != NULL && X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) == 1 &&
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        X509_VERIFY_PARAM_set_depth(param, X509_CHAIN_MAX);
        X509_VERIFY_PARAM_set_flags(param, flags);
        int ok = X509_verify_cert(ctx);
        verdict = sort_error(X509_STORE_CTX_get_error(ctx));
        if (ok != 1 && verdict == X509_OK) /* it failed without saying why: never a pass */
            verdict = X509_OTHER;
        explain(a, ctx, why);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return verdict;
}

/* The reasons that need no OpenSSL. True: `*verdict` is set. */
static bool decided_early(const struct str *ders, size_t n, STACK_OF(X509) * *chain,
                          enum x509_verdict *verdict, struct str *why)
{
    if (n == 0) {
        *verdict = X509_EMPTY;
        *why = STR("the server sent no certificate");
        return true;
    }
    *chain = chain_parse(ders, n);
    if (*chain == NULL) {
        *verdict = X509_BROKEN;
        *why = STR("a certificate of the chain cannot be read");
    }
    return *chain == NULL;
}

enum x509_verdict x509_verify(struct arena *a, const struct x509_store *store,
                              const struct str *chain, size_t n, int64_t now_s, struct str *why)
{
    STACK_OF(X509) *certs = NULL;
    enum x509_verdict verdict;
    if (decided_early(chain, n, &certs, &verdict, why))
        return verdict;
    verdict = verify(a, store->store, 0, certs, now_s, why);
    chain_free(certs);
    return verdict;
}

/* `anchor` alone is trusted, wherever it stands in the path. */
static enum x509_verdict verify_below(struct arena *a, X509 *anchor, STACK_OF(X509) * certs,
                                      int64_t now_s, struct str *why)
{
    enum x509_verdict verdict = X509_OTHER;
    X509_STORE *store = X509_STORE_new();
    if (store != NULL && X509_STORE_add_cert(store, anchor) == 1)
        verdict = verify(a, store, X509_V_FLAG_PARTIAL_CHAIN, certs, now_s, why);
    X509_STORE_free(store);
    return verdict;
}

/* Every certificate that the key signed is an anchor in its turn. */
static enum x509_verdict verify_key(struct arena *a, struct str spki, STACK_OF(X509) * certs,
                                    int64_t now_s, struct str *why)
{
    enum x509_verdict verdict = X509_UNKNOWN_CA;
    const unsigned char *p = (const unsigned char *)spki.p;
    EVP_PKEY *key = spki.n > X509_MAX_BYTES ? NULL : d2i_PUBKEY(NULL, &p, (long)spki.n);
    if (key == NULL || p != (const unsigned char *)spki.p + spki.n) {
        *why = STR("the anchor is no public key");
        verdict = X509_BROKEN;
        goto out;
    }
    *why = STR("the anchor's key signed no certificate of the chain");
    for (int i = 0; i < sk_X509_num(certs) && verdict != X509_OK; i++)
        if (X509_verify(sk_X509_value(certs, i), key) == 1)
            verdict = verify_below(a, sk_X509_value(certs, i), certs, now_s, why);
out:
    EVP_PKEY_free(key);
    ERR_clear_error();
    return verdict;
}

enum x509_verdict x509_verify_anchor(struct arena *a, struct str anchor, bool anchor_is_key,
                                     const struct str *chain, size_t n, int64_t now_s,
                                     struct str *why)
{
    STACK_OF(X509) *certs = NULL;
    enum x509_verdict verdict;
    if (decided_early(chain, n, &certs, &verdict, why))
        return verdict;
    *why = STR("the anchor cannot be read");
    X509 *cert = anchor_is_key ? NULL : x509_parse(anchor);
    if (anchor_is_key)
        verdict = verify_key(a, anchor, certs, now_s, why);
    else if (cert == NULL)
        verdict = X509_BROKEN;
    else
        verdict = verify_below(a, cert, certs, now_s, why);
    X509_free(cert);
    chain_free(certs);
    return verdict;
}
