/* Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1, as QR codes use it: Berlekamp-Massey,
 * Chien's search, Forney's values. */
#include "image/qr_internal.h"

enum { GF_ORDER = 255, GF_POLYNOMIAL = 0x11d };

struct gf {
    unsigned char exp[2 * GF_ORDER], log[GF_ORDER + 1];
};

static void gf_make(struct gf *f)
{
    unsigned v = 1;
    for (unsigned i = 0; i < GF_ORDER; i++) {
        f->exp[i] = f->exp[i + GF_ORDER] = (unsigned char)v;
        f->log[v] = (unsigned char)i;
        v = v << 1 ^ (v & 0x80 ? GF_POLYNOMIAL : 0);
    }
    f->log[0] = 0;
}

static unsigned char mul(const struct gf *f, unsigned a, unsigned b)
{
    return a == 0 || b == 0 ? 0 : f->exp[f->log[a] + f->log[b]];
}

static unsigned char over(const struct gf *f, unsigned a, unsigned b)
{
    return a == 0 ? 0 : f->exp[f->log[a] + GF_ORDER - f->log[b]];
}

/* The value of the polynomial p[0] + p[1] x + … at alpha^power. */
static unsigned char value_at(const struct gf *f, const unsigned char *p, size_t n, unsigned power)
{
    unsigned char sum = 0;
    for (size_t i = n; i-- > 0;)
        sum = (unsigned char)(mul(f, sum, f->exp[power]) ^ p[i]);
    return sum;
}

/* The polynomial whose roots tell where the errors are; its degree. */
static size_t locator(const struct gf *f, const unsigned char *syndrome, size_t ec,
                      unsigned char *sigma)
{
    unsigned char before[QR_MAX_EC + 1] = {1}, copy[QR_MAX_EC + 1];
    unsigned char last = 1;
    size_t errors = 0, shift = 1;
    memset(sigma, 0, QR_MAX_EC + 1);
    sigma[0] = 1;
    for (size_t n = 0; n < ec; n++, shift++) {
        unsigned char gap = syndrome[n];
        for (size_t i = 1; i <= errors; i++)
            gap ^= mul(f, sigma[i], syndrome[n - i]);
        if (gap == 0)
            continue;
        unsigned char scale = over(f, gap, last);
        memcpy(copy, sigma, sizeof copy);
        for (size_t i = 0; i + shift <= QR_MAX_EC; i++)
            sigma[i + shift] ^= mul(f, scale, before[i]);
        if (2 * errors > n)
            continue;
        memcpy(before, copy, sizeof before);
        last = gap;
        errors = n + 1 - errors;
        shift = 0;
    }
    return errors;
}

/* The error at the place with the locator alpha^place (Forney). */
static unsigned char error_value(const struct gf *f, const unsigned char *syndrome, size_t errors,
                                 const unsigned char *sigma, unsigned place)
{
    unsigned char omega[QR_MAX_EC] = {0}, slope = 0;
    unsigned inverse = (GF_ORDER - place) % GF_ORDER;
    for (size_t i = 0; i < errors; i++)
        for (size_t k = 0; k <= i; k++)
            omega[i] ^= mul(f, syndrome[i - k], sigma[k]);
    for (size_t i = 1; i <= errors; i += 2)
        slope ^= mul(f, sigma[i], f->exp[inverse * (i - 1) % GF_ORDER]);
    if (slope == 0)
        return 0;
    unsigned char v = over(f, value_at(f, omega, errors, inverse), slope);
    return mul(f, v, f->exp[place]); /* the first root of the generator is alpha^0 */
}

static bool syndromes(const struct gf *f, const unsigned char *block, size_t n, size_t ec,
                      unsigned char *out)
{
    unsigned char any = 0;
    for (unsigned i = 0; i < ec; i++) {
        unsigned char sum = 0;
        for (size_t k = 0; k < n; k++)
            sum = (unsigned char)(mul(f, sum, f->exp[i]) ^ block[k]);
        out[i] = sum;
        any |= sum;
    }
    return any != 0;
}

int qr_rs_mend(unsigned char *block, size_t n, size_t ec)
{
    struct gf f;
    unsigned char s[QR_MAX_EC], sigma[QR_MAX_EC + 1], fixed[QR_MAX_BLOCK];
    gf_make(&f);
    if (ec > QR_MAX_EC || n > QR_MAX_BLOCK || !syndromes(&f, block, n, ec, s))
        return ec > QR_MAX_EC || n > QR_MAX_BLOCK ? -1 : 0;
    size_t errors = locator(&f, s, ec, sigma), found = 0;
    if (2 * errors > ec)
        return -1;
    memcpy(fixed, block, n);
    for (unsigned place = 0; place < n; place++) {
        if (value_at(&f, sigma, errors + 1, (GF_ORDER - place) % GF_ORDER) != 0)
            continue;
        fixed[n - 1 - place] ^= error_value(&f, s, errors, sigma, place);
        found++;
    }
    if (found != errors || syndromes(&f, fixed, n, ec, s))
        return -1;
    memcpy(block, fixed, n);
    return (int)errors;
}
