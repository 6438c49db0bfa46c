/* The certificate of a server that was given none. */
#include "io/tls_made_cert.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { DAY_S = 86400, SERIAL_BITS = 127 };

static bool host_ok(struct str host)
{
    for (size_t i = 0; i < host.n; i++)
        if (!is_alnum(host.p[i]) && host.p[i] != '-' && host.p[i] != '.' && host.p[i] != '_')
            return false;
    return host.n > 0 && host.n < TLS_SERVER_NAME_MAX;
}

static bool add_name(GENERAL_NAMES *names, int type, struct str octets)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    if (name == NULL || value == NULL || ASN1_STRING_set(value, octets.p, (int)octets.n) != 1) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool add_ip(GENERAL_NAMES *names, const struct ip *ip)
{
    return ip->family == IP_NONE ||
           add_name(names, GEN_IPADD,
                    str_make((const char *)ip->octets, ip->family == IP_V6 ? 16 : 4));
}

static bool add_names(X509 *cert, const struct tls_server_settings *s)
{
    static const struct ip loopback[] = {{IP_V4, {127, 0, 0, 1}}, {IP_V6, {[15] = 1}}};
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    struct str host = str_from(s->hostname);
    bool ok = names != NULL && add_name(names, GEN_DNS, host) &&
              (str_ieq(host, STR("localhost")) || add_name(names, GEN_DNS, STR("localhost")));
    for (size_t i = 0; ok && i < ARRAY_LEN(loopback); i++)
        ok = add_ip(names, &loopback[i]);
    for (size_t i = 0; ok && i < s->n_ips && i < TLS_SERVER_MAX_IPS; i++)
        if (!ip_eq(&s->ips[i], &loopback[0]) && !ip_eq(&s->ips[i], &loopback[1]))
            ok = add_ip(names, &s->ips[i]);
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
    return ok;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool set_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    bool ok = number != NULL &&
              BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct tls_server_settings *s)
{
    static const char common_name[] = "mailproof sink";
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_set_version(cert, 2) == 1 && set_serial(cert) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(cert), (long)TLS_SERVER_CERT_DAYS * DAY_S) != NULL &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
           add_extension(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(cert, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
           add_extension(cert, NID_ext_key_usage, "serverAuth") &&
           add_extension(cert, NID_subject_key_identifier, "hash") && add_names(cert, s) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

int tls_make_certificate(const struct tls_server_settings *s, X509 **cert, EVP_PKEY **key,
                         struct mp_err *err)
{
    if (!host_ok(str_from(s->hostname)))
        return mp_fail(err, MP_E_USAGE, 0,
                       "'%s' is no host name that a certificate can be made for",
                       s->hostname == NULL ? "" : s->hostname);
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *c = X509_new();
    if (k == NULL || c == NULL || !fill(c, k, s)) {
        X509_free(c);
        EVP_PKEY_free(k);
        ERR_clear_error();
        return mp_fail(err, MP_E_CRYPTO, 0, "OpenSSL could not make a certificate");
    }
    *cert = c;
    *key = k;
    return MP_OK;
}
