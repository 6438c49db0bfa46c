/* RC4, to read what others wrote with it. */
#include "crypto/rc4.h"

static void swap(struct rc4 *r)
{
    unsigned char kept = r->s[r->i];
    r->s[r->i] = r->s[r->j];
    r->s[r->j] = kept;
}

void rc4_start(struct rc4 *r, struct str key)
{
    if (key.n == 0)
        key = str_make("", 1);
    for (unsigned i = 0; i < 256; i++)
        r->s[i] = (unsigned char)i;
    r->j = 0;
    for (unsigned i = 0; i < 256; i++) {
        r->i = (unsigned char)i;
        r->j = (unsigned char)(r->j + r->s[i] + (unsigned char)key.p[i % key.n]);
        swap(r);
    }
    r->i = r->j = 0;
}

void rc4_apply(struct rc4 *r, const unsigned char *in, unsigned char *out, size_t n)
{
    unsigned char i = r->i, j = r->j; /* in registers: twice as fast */
    for (size_t k = 0; k < n; k++) {
        unsigned char a = r->s[++i], b;
        j = (unsigned char)(j + a);
        b = r->s[j];
        r->s[i] = b;
        r->s[j] = a;
        out[k] = in[k] ^ r->s[(unsigned char)(a + b)];
    }
    r->i = i;
    r->j = j;
}
