/* Numbers and lengths of an SVG root: only as much as it takes to see whether it is square. */
#include <math.h>
#include <stdlib.h>

#include "auth/bimi_svg_internal.h"

enum { NUMBER_MAX_BYTES = 40 };

/* Bytes of the number at the front: sign, digits, fraction, exponent (SVG Tiny 1.2 4.2). */
static size_t number_bytes(struct str s)
{
    size_t i = s.n != 0 && (s.p[0] == '+' || s.p[0] == '-'), digits = 0;
    for (; i < s.n && (is_digit(s.p[i]) || s.p[i] == '.'); i++)
        digits += s.p[i] != '.';
    size_t e = i + 1;
    if (digits == 0 || i == s.n || (s.p[i] != 'e' && s.p[i] != 'E'))
        return digits == 0 ? 0 : i;
    e += e < s.n && (s.p[e] == '+' || s.p[e] == '-');
    if (e == s.n || !is_digit(s.p[e])) /* "1em" */
        return i;
    while (e < s.n && is_digit(s.p[e]))
        e++;
    return e;
}

/* One number off the front; `*unit` is what follows up to the next separator. */
static bool number_take(struct str *rest, double *out, struct str *unit)
{
    char digits[NUMBER_MAX_BYTES + 1];
    char *end;
    *rest = str_trim(*rest);
    size_t n = number_bytes(*rest), behind = n;
    if (n == 0 || n > NUMBER_MAX_BYTES)
        return false;
    memcpy(digits, rest->p, n);
    digits[n] = '\0';
    *out = strtod(digits, &end);
    if (*end != '\0' || !isfinite(*out)) /* two points, too large */
        return false;
    while (behind < rest->n && !is_fws(rest->p[behind]) && rest->p[behind] != ',')
        behind++;
    *unit = str_slice(*rest, n, behind);
    *rest = str_trim(str_slice(*rest, behind, rest->n));
    return true;
}

enum svg_box svg_view_box(struct str value)
{
    double numbers[4];
    struct str rest = value, unit;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (i != 0 && rest.n != 0 && rest.p[0] == ',')
            rest = str_slice(rest, 1, rest.n);
        if (!number_take(&rest, &numbers[i], &unit) || unit.n != 0)
            return SVG_BOX_BROKEN;
    }
    if (rest.n != 0)
        return SVG_BOX_BROKEN;
    if (numbers[2] <= 0 || numbers[3] <= 0)
        return SVG_BOX_EMPTY;
    return islessgreater(numbers[2], numbers[3]) ? SVG_BOX_OBLONG : SVG_BOX_SQUARE;
}

bool svg_same_length(struct str a, struct str b)
{
    double x, y;
    struct str x_unit, y_unit;
    return number_take(&a, &x, &x_unit) && number_take(&b, &y, &y_unit) && a.n == 0 && b.n == 0 &&
           str_eq(x_unit, y_unit) && !islessgreater(x, y);
}
