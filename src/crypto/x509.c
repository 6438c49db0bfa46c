/* What a certificate says: facts, associations for TLSA, channel binding, host names. */
#include "crypto/x509.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/idna.h"
#include "base/ip.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/x509_internal.h"

enum { DER_EXPLICIT_0 = 0xa0, OID_TEXT_MAX = 80, GROUP_NAME_MAX = 80 };

/* The SubjectPublicKeyInfo with its header, as it stands in the certificate: selector 1 of RFC 6698
 * is about these octets, not about what a library would write again (RFC 5280 4.1). */
static bool find_spki(struct str der, struct str *spki)
{
    static const unsigned char before[] = {DER_INTEGER, DER_SEQUENCE, DER_SEQUENCE, DER_SEQUENCE,
                                           DER_SEQUENCE};
    struct str cert, tbs, skipped;
    if (der.n > X509_MAX_BYTES || !der_next(&der, DER_SEQUENCE, &cert) || der.n != 0 ||
        !der_next(&cert, DER_SEQUENCE, &tbs))
        return false;
    der_next(&tbs, DER_EXPLICIT_0, &skipped); /* the version; absent in version 1 */
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        if (!der_next(&tbs, before[i], &skipped))
            return false;
    struct str from = tbs;
    if (!der_next(&tbs, DER_SEQUENCE, &skipped))
        return false;
    *spki = str_slice(from, 0, from.n - tbs.n);
    return true;
}

X509 *x509_parse(struct str der)
{
    struct str spki;
    if (!find_spki(der, &spki))
        return NULL;
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *cert = d2i_X509(NULL, &p, (long)der.n);
    if (cert != NULL && p != (const unsigned char *)der.p + der.n) {
        X509_free(cert);
        cert = NULL;
    }
    ERR_clear_error();
    return cert;
}

static bool name_text(struct arena *a, X509_NAME *name, struct str *out)
{
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0;
    long n = ok ? BIO_get_mem_data(bio, &data) : 0;
    *out = arena_copy(a, str_make(data, n > 0 ? (size_t)n : 0));
    BIO_free(bio);
    return ok && out->p != NULL;
}

/* The last CN is the most specific one; text that cannot be made UTF-8 is kept as it is. */
static bool common_name(struct arena *a, X509_NAME *name, struct str *out)
{
    int last = -1;
    for (int i; (i = X509_NAME_get_index_by_NID(name, NID_commonName, last)) >= 0;)
        last = i;
    *out = STR_NONE;
    if (last < 0)
        return true;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
    unsigned char *text = NULL;
    int n = ASN1_STRING_to_UTF8(&text, value);
    if (n >= 0)
        *out = arena_copy(a, str_make((char *)text, (size_t)n));
    else
        *out = arena_copy(a, str_make((const char *)ASN1_STRING_get0_data(value),
                                      (size_t)ASN1_STRING_length(value)));
    OPENSSL_free(text);
    return out->p != NULL;
}

static bool keep_dns_names(struct arena *a, const GENERAL_NAMES *names, struct x509_facts *out)
{
    int total = sk_GENERAL_NAME_num(names);
    size_t room = total < X509_MAX_NAMES ? (size_t)total : X509_MAX_NAMES;
    out->dns_names = arena_new(a, struct str, room);
    if (out->dns_names == NULL)
        return false;
    for (int i = 0; i < total; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        if (out->n_dns_names == room) {
            out->dropped_names++;
            continue;
        }
        struct str text =
            arena_copy(a, str_make((const char *)ASN1_STRING_get0_data(name->d.dNSName),
                                   (size_t)ASN1_STRING_length(name->d.dNSName)));
        if (text.p == NULL)
            return false;
        out->dns_names[out->n_dns_names++] = text;
    }
    return true;
}

static int read_dns_names(struct arena *a, const X509 *cert, struct x509_facts *out)
{
    int critical = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    if (names == NULL) /* -1: there is none; else it is broken or there are two */
        return critical == -1 ? MP_OK : MP_E_SYNTAX;
    bool kept = keep_dns_names(a, names, out);
    GENERAL_NAMES_free(names);
    return kept ? MP_OK : MP_E_NOMEM;
}

static bool read_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1 || tm.tm_year + 1900 < 1)
        return false;
    *out = civil_to_unix(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                         tm.tm_sec);
    return true;
}

/* "EC P-256" for the curves that have such a name, else OpenSSL's word for it. */
static struct str ec_name(struct arena *a, EVP_PKEY *key)
{
    static const char *const curves[][2] = {{"prime256v1", "EC P-256"},
                                            {"secp384r1", "EC P-384"},
                                            {"secp521r1", "EC P-521"}};
    char group[GROUP_NAME_MAX] = "";
    size_t n = 0;
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) !=
        1)
        return STR("EC");
    for (size_t i = 0; i < ARRAY_LEN(curves); i++)
        if (str_eq(str_from(group), str_from(curves[i][0])))
            return str_from(curves[i][1]);
    return arena_fmt(a, "EC %s", group);
}

static struct str oid_text(struct arena *a, const ASN1_OBJECT *object)
{
    char text[OID_TEXT_MAX];
    int nid = OBJ_obj2nid(object);
    if (nid != NID_undef)
        return str_from(OBJ_nid2ln(nid));
    int n = OBJ_obj2txt(text, sizeof text, object, 1);
    return n > 0 ? arena_fmt(a, "%s", text) : STR("unknown");
}

static bool read_key(struct arena *a, const X509 *cert, struct x509_facts *out)
{
    static const struct {
        int id;
        struct str name;
    } types[] = {{EVP_PKEY_RSA, STR_INIT("RSA")},
                 {EVP_PKEY_RSA_PSS, STR_INIT("RSA-PSS")},
                 {EVP_PKEY_ED25519, STR_INIT("Ed25519")},
                 {EVP_PKEY_ED448, STR_INIT("Ed448")},
                 {EVP_PKEY_DSA, STR_INIT("DSA")}};
    EVP_PKEY *key = X509_get0_pubkey(cert);
    ASN1_OBJECT *algorithm = NULL;
    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(cert));
    out->key_type = STR_NONE;
    int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
    out->key_bits = bits > 0 ? (unsigned)bits : 0;
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        out->key_type = ec_name(a, key);
    for (size_t i = 0; key != NULL && i < ARRAY_LEN(types); i++)
        if (EVP_PKEY_get_base_id(key) == types[i].id)
            out->key_type = types[i].name;
    if (out->key_type.p == NULL)
        out->key_type = oid_text(a, algorithm);
    return out->key_type.p != NULL;
}

static int read_facts(struct arena *a, struct str der, X509 *cert, struct x509_facts *out)
{
    struct str spki;
    struct x509_facts f = {0};
    X509_NAME *subject = X509_get_subject_name(cert);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

    if (!find_spki(der, &spki) || !read_time(X509_get0_notBefore(cert), &f.not_before_s) ||
        !read_time(X509_get0_notAfter(cert), &f.not_after_s))
        return MP_E_SYNTAX;
    int st = read_dns_names(a, cert, &f);
    if (st != MP_OK)
        return st;
    X509_get0_signature(NULL, &algorithm, cert);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    f.signature = oid_text(a, object);
    f.serial = hex_encode(a, str_make((const char *)ASN1_STRING_get0_data(serial),
                                      (size_t)ASN1_STRING_length(serial)));
    f.self_signed = X509_self_signed(cert, 1) == 1;
    f.is_ca = (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    if (!name_text(a, subject, &f.subject) ||
        !name_text(a, X509_get_issuer_name(cert), &f.issuer) ||
        !common_name(a, subject, &f.common_name) || !read_key(a, cert, &f) ||
        f.signature.p == NULL || f.serial.p == NULL || !digest_once(DIGEST_SHA256, der, f.sha256) ||
        !digest_once(DIGEST_SHA256, spki, f.spki_sha256))
        return MP_E_NOMEM;
    *out = f;
    return MP_OK;
}

int x509_read(struct arena *a, struct str der, struct x509_facts *out, struct mp_err *err)
{
    X509 *cert = x509_parse(der);
    int st = cert == NULL ? MP_E_SYNTAX : read_facts(a, der, cert, out);
    X509_free(cert);
    ERR_clear_error();
    if (st == MP_E_NOMEM)
        return mp_fail(err, st, 0, "no memory to read a certificate");
    if (st != MP_OK)
        return mp_fail(err, st, 0,
                       "%zu bytes are no X.509 certificate in DER, or one with broken names or "
                       "dates",
                       der.n);
    return MP_OK;
}

static struct str hashed(struct arena *a, const EVP_MD *md, struct str bytes)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (md == NULL || EVP_Digest(bytes.p, bytes.n, out, &n, md, NULL) != 1)
        return STR_NONE;
    return arena_copy(a, str_make((const char *)out, n));
}

struct str x509_association(struct arena *a, struct str der, unsigned selector, unsigned matching)
{
    struct str spki;
    if (selector > 1 || matching > 2 || !find_spki(der, &spki))
        return STR_NONE;
    struct str bytes = selector == 0 ? der : spki;
    if (matching == 0)
        return arena_copy(a, bytes);
    return hashed(a, matching == 1 ? EVP_sha256() : EVP_sha512(), bytes);
}

bool x509_channel_binding(struct arena *a, struct str der, struct str *out)
{
    int md = NID_undef;
    X509 *cert = x509_parse(der);
    bool ok = cert != NULL && X509_get_signature_info(cert, &md, NULL, NULL, NULL) == 1 &&
              md != NID_undef;
    struct str binding = STR_NONE;
    if (ok)
        binding =
            hashed(a, md == NID_md5 || md == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(md),
                   der);
    X509_free(cert);
    ERR_clear_error();
    if (binding.p != NULL)
        *out = binding;
    return binding.p != NULL;
}

/* `name` of the certificate, `host` checked before: letters, digits, hyphens, dots. */
static bool name_matches(struct str name, struct str host)
{
    if (!str_starts(name, STR("*.")))
        return str_ieq(name, host);
    struct str below = str_slice(name, 2, name.n);
    size_t first = str_find(host, '.');
    return domain_labels(below) >= 2 && first > 0 && first < host.n &&
           str_ieq(below, str_slice(host, first + 1, host.n));
}

bool x509_matches(const struct x509_facts *f, struct str host, bool *by_cn)
{
    struct ip ip;
    *by_cn = false;
    if (str_ends(host, STR(".")))
        host = str_slice(host, 0, host.n - 1);
    if (!domain_is_ldh(host) || ip_parse(host, &ip))
        return false;
    for (size_t i = 0; i < f->n_dns_names; i++)
        if (name_matches(f->dns_names[i], host))
            return true;
    if (f->n_dns_names + f->dropped_names > 0 || !name_matches(f->common_name, host))
        return false;
    *by_cn = true;
    return true;
}

int x509_read_pem(struct arena *a, struct str pem, struct str **ders, size_t *n, struct mp_err *err)
{
    static const struct str begin = STR_INIT("-----BEGIN CERTIFICATE-----"),
                            end = STR_INIT("-----END CERTIFICATE-----");
    size_t count = 0;
    struct str *out = arena_new(a, struct str, X509_CHAIN_MAX);
    if (out == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for certificates");
    for (size_t at; (at = str_search(pem, begin)) < pem.n;) {
        pem = str_slice(pem, at + begin.n, pem.n);
        size_t stop = str_search(pem, end);
        if (count == X509_CHAIN_MAX)
            return mp_fail(err, MP_E_LIMIT, X509_CHAIN_MAX, "more than %d certificates",
                           X509_CHAIN_MAX);
        if (stop == pem.n ||
            !base64_decode(a, str_slice(pem, 0, stop), BASE64_IGNORE_FWS, &out[count]))
            return mp_fail(err, MP_E_SYNTAX, (int64_t)count + 1,
                           "certificate %zu has no end or is no base64", count + 1);
        count++;
        pem = str_slice(pem, stop + end.n, pem.n);
    }
    if (count == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "no certificate in PEM form");
    *ders = out;
    *n = count;
    return MP_OK;
}
