/* SASLprep of names and passwords (RFC 4013) as far as it goes without normalization tables. */
#include "base/utf8.h"
#include "smtp/sasl_internal.h"

struct range {
    int32_t first, last;
};

/* Mapped to a space: non-ASCII spaces, RFC 3454 C.1.2 (without U+200B, which is in B.1 too). */
static const struct range spaces[] = {
    {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* Mapped to nothing: RFC 3454 B.1. */
static const struct range nothing[] = {
    {0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806}, {0x180b, 0x180d},
    {0x200b, 0x200d}, {0x2060, 0x2060}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
};

/* Letters, digits and signs that stay as they are: no normalization form changes them or joins them
 * with a neighbour, nothing in RFC 3454 C prohibits them, and they are written from left to right
 * (so the bidi rules of RFC 3454 6 hold). All else beyond ASCII is refused rather than sent in a
 * form that the server might not have hashed. The last row is unassigned in Unicode 3.2, which
 * query strings may hold (RFC 5802 5.1). */
static const struct range kept[] = {
    {0xa1, 0xa7},     {0xa9, 0xa9},       {0xab, 0xac},       {0xae, 0xae},     {0xb0, 0xb1},
    {0xb6, 0xb7},     {0xbb, 0xbb},       {0xbf, 0x131},      {0x134, 0x13e},   {0x141, 0x148},
    {0x14a, 0x17e},   {0x180, 0x1c3},     {0x1cd, 0x1f0},     {0x1f4, 0x220},   {0x222, 0x233},
    {0x250, 0x2ad},   {0x386, 0x386},     {0x388, 0x38a},     {0x38c, 0x38c},   {0x38e, 0x3a1},
    {0x3a3, 0x3ce},   {0x400, 0x482},     {0x48a, 0x4ce},     {0x4d0, 0x4f5},   {0x4f8, 0x4f9},
    {0x531, 0x556},   {0x561, 0x586},     {0x10d0, 0x10f0},   {0x1e00, 0x1e99}, {0x1ea0, 0x1ef9},
    {0x2018, 0x2023}, {0x20a0, 0x20a7},   {0x20a9, 0x20b1},   {0x2190, 0x222b}, {0x3001, 0x3029},
    {0x3041, 0x3096}, {0x30a0, 0x30fe},   {0x3105, 0x312c},   {0x3400, 0x4db5}, {0x4e00, 0x9fa5},
    {0xac00, 0xd7a3}, {0x20000, 0x2a6d6}, {0x1f300, 0x1faff},
};

static bool is_in(const struct range *table, size_t n, int32_t cp)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= table[i].first && cp <= table[i].last)
            return true;
    return false;
}

int sasl_prep(struct sasl *s, const char *what, struct str text, struct str *out,
              struct mp_err *err)
{
    struct str copy = sasl_secret(s, text); /* mapping never makes it longer */
    if (copy.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the %s", what);
    char *p = (char *)copy.p;
    size_t n = 0;
    for (struct str rest = text;;) {
        struct str at = rest;
        int32_t cp = utf8_next(&rest);
        if (cp == UTF8_END)
            break;
        if (cp < 0x20 || cp == 0x7f) /* UTF8_BAD is below zero */
            return mp_fail(err, MP_E_USAGE, 0, "the %s %s (SASLprep, RFC 4013)", what,
                           cp == UTF8_BAD ? "is not UTF-8" : "holds a control character");
        if (is_in(nothing, ARRAY_LEN(nothing), cp))
            continue;
        if (is_in(spaces, ARRAY_LEN(spaces), cp)) {
            p[n++] = ' ';
            continue;
        }
        if (cp > 0x7f && !is_in(kept, ARRAY_LEN(kept), cp))
            return mp_fail(err, MP_E_USAGE, cp,
                           "the %s holds a character that SASLprep (RFC 4013) prohibits or that "
                           "would have to be normalized, which we cannot do; PLAIN sends it as "
                           "it is",
                           what);
        memcpy(p + n, at.p, at.n - rest.n);
        n += at.n - rest.n;
    }
    if (n == 0 && text.n > 0)
        return mp_fail(err, MP_E_USAGE, 0, "nothing of the %s is left after SASLprep (RFC 4013)",
                       what);
    *out = str_make(p, n);
    return MP_OK;
}
