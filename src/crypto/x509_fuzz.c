/* Any octets as a certificate, as an anchor and as a name: facts, matching, associations, paths. */
#include <assert.h>

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_facts(struct arena *a, struct str der)
{
    struct x509_facts f;
    struct str out = STR_NONE, why = STR_NONE;
    bool by_cn;
    if (x509_read(a, der, &f, NULL) != MP_OK)
        return;
    assert(f.n_dns_names <= X509_MAX_NAMES);
    for (size_t i = 0; i < f.n_dns_names && i < 4; i++)
        x509_matches(&f, f.dns_names[i], &by_cn);
    x509_matches(&f, f.common_name, &by_cn);
    x509_matches(&f, STR("mx.good.test"), &by_cn);
    assert(x509_association(a, der, 0, 0).n == der.n);
    struct str spki = x509_association(a, der, 1, 0);
    assert(spki.p != NULL && spki.n < der.n && x509_association(a, der, 1, 2).n == 64);
    x509_channel_binding(a, der, &out);
    x509_verify_anchor(a, der, false, &der, 1, 1767225600, &why);
    x509_verify_anchor(a, spki, true, &der, 1, 1767225600, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str in = str_make((const char *)data, size), *ders;
    struct str names[1] = {in};
    struct x509_facts named = {.dns_names = names, .n_dns_names = 1, .common_name = in};
    size_t n;
    bool by_cn;
    arena_init(&arena, 8u << 20);
    use_facts(&arena, in);
    if (x509_read_pem(&arena, in, &ders, &n, NULL) == MP_OK)
        use_facts(&arena, ders[0]);
    x509_matches(&named, STR("a.b.test"), &by_cn);
    x509_matches(&named, in, &by_cn);
    arena_clear(&arena);
    return 0;
}
