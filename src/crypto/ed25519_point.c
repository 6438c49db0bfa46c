/* Checks of Ed25519 points by the curve equation -x^2 + y^2 = 1 + d x^2 y^2 over 2^255 - 19. */
#include "crypto/ed25519_point.h"

#include <openssl/bn.h>
#include <string.h>

/* The numbers of one check; all live in one BN_CTX frame. */
struct field {
    BN_CTX *ctx;
    BIGNUM *p, *d, *y, *y2, *u, *v, *t;
};

/* p = 2^255 - 19, d = -121665 / 121666. */
static bool field_start(struct field *f)
{
    f->p = BN_CTX_get(f->ctx);
    f->d = BN_CTX_get(f->ctx);
    f->y = BN_CTX_get(f->ctx);
    f->y2 = BN_CTX_get(f->ctx);
    f->u = BN_CTX_get(f->ctx);
    f->v = BN_CTX_get(f->ctx);
    f->t = BN_CTX_get(f->ctx);
    return f->t != NULL && BN_set_bit(f->p, 255) && BN_sub_word(f->p, 19) &&
           BN_set_word(f->t, 121666) && BN_mod_inverse(f->d, f->t, f->p, f->ctx) != NULL &&
           BN_mul_word(f->d, 121665) && BN_mod(f->t, f->d, f->p, f->ctx) &&
           BN_sub(f->d, f->p, f->t);
}

/* u = y^2 - 1 and v = d y^2 + 1, so that x^2 = u / v. */
static bool field_load(struct field *f, const unsigned char encoded[32])
{
    unsigned char y[32];
    memcpy(y, encoded, sizeof y);
    y[31] &= 0x7f; /* the sign of x */
    return BN_lebin2bn(y, sizeof y, f->y) != NULL && BN_mod_sqr(f->y2, f->y, f->p, f->ctx) &&
           BN_copy(f->u, f->y2) != NULL && BN_sub_word(f->u, 1) &&
           BN_nnmod(f->u, f->u, f->p, f->ctx) && BN_mod_mul(f->v, f->d, f->y2, f->p, f->ctx) &&
           BN_add_word(f->v, 1);
}

/* Order 1, 2: y = 1, -1 (u = 0); order 4: y = 0; order 8: twice it has y = 0, that is
 * x^2 + y^2 = 0, so u + v y^2 = 0. */
static enum ed25519_point judge(struct field *f)
{
    if (BN_cmp(f->y, f->p) >= 0)
        return ED25519_POINT_OFF_CURVE;
    if (BN_is_zero(f->y) || BN_is_zero(f->u))
        return ED25519_POINT_SMALL_ORDER;
    if (!BN_mod_mul(f->t, f->v, f->y2, f->p, f->ctx) || !BN_mod_add(f->t, f->t, f->u, f->p, f->ctx))
        return ED25519_POINT_NO_MEMORY;
    bool doubles_to_order_4 = BN_is_zero(f->t);
    /* u / v is a square exactly when u v is: no inversion needed. */
    if (!BN_mod_mul(f->t, f->u, f->v, f->p, f->ctx))
        return ED25519_POINT_NO_MEMORY;
    int symbol = BN_kronecker(f->t, f->p, f->ctx);
    if (symbol == -2)
        return ED25519_POINT_NO_MEMORY;
    if (symbol != 1)
        return ED25519_POINT_OFF_CURVE;
    return doubles_to_order_4 ? ED25519_POINT_SMALL_ORDER : ED25519_POINT_OK;
}

enum ed25519_point ed25519_point_check(const unsigned char encoded[32])
{
    struct field f = {.ctx = BN_CTX_new()};
    enum ed25519_point result = ED25519_POINT_NO_MEMORY;
    if (f.ctx == NULL)
        return result;
    BN_CTX_start(f.ctx);
    if (field_start(&f) && field_load(&f, encoded))
        result = judge(&f);
    BN_CTX_end(f.ctx);
    BN_CTX_free(f.ctx);
    return result;
}

bool ed25519_scalar_is_reduced(const unsigned char s[32])
{
    /* L = 2^252 + 27742317777372353535851937790883648493, most significant octet last */
    static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                            0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                            0,    0,    0,    0,    0,    0,    0,    0,
                                            0,    0,    0,    0,    0,    0,    0,    0x10};
    for (int i = 31; i >= 0; i--)
        if (s[i] != order[i])
            return s[i] < order[i];
    return false;
}
