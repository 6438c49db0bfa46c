/* Numbers of CSS with their units, and the functions that compute them. */
#include "html/css_internal.h"

static const int64_t max_milli = INT64_C(1000000000); /* a million pixels */

static int64_t clamped(int64_t v)
{
    return v > max_milli ? max_milli : v < -max_milli ? -max_milli : v;
}

static const struct {
    struct str name;
    enum css_unit unit;
    int64_t milli; /* one of it */
} units[] = {
    {STR_INIT("px"), CSS_UNIT_LENGTH, 1000},   {STR_INIT("%"), CSS_UNIT_PERCENT, 1000},
    {STR_INIT("pt"), CSS_UNIT_LENGTH, 1333},   {STR_INIT("em"), CSS_UNIT_EM, 1000},
    {STR_INIT("rem"), CSS_UNIT_LENGTH, 16000}, {STR_INIT("vw"), CSS_UNIT_LENGTH, 10000},
    {STR_INIT("vh"), CSS_UNIT_LENGTH, 8000},   {STR_INIT("in"), CSS_UNIT_LENGTH, 96000},
    {STR_INIT("cm"), CSS_UNIT_LENGTH, 37795},  {STR_INIT("mm"), CSS_UNIT_LENGTH, 3780},
    {STR_INIT("q"), CSS_UNIT_LENGTH, 945},     {STR_INIT("pc"), CSS_UNIT_LENGTH, 16000},
    {STR_INIT("ex"), CSS_UNIT_EM, 500},        {STR_INIT("ch"), CSS_UNIT_EM, 500},
    {STR_INIT("vmin"), CSS_UNIT_LENGTH, 8000}, {STR_INIT("vmax"), CSS_UNIT_LENGTH, 10000},
};

/* Thousandths of the digits at the front, with a point and an exponent. */
static bool read_digits(struct str *s, int64_t *out)
{
    size_t i = 0;
    bool minus = s->n > 0 && s->p[0] == '-', any = false;
    int64_t value = 0, scale = 1000;
    i += s->n > 0 && (s->p[0] == '-' || s->p[0] == '+');
    for (; i < s->n && is_digit(s->p[i]); i++, any = true)
        value = clamped(value * 10 + (s->p[i] - '0') * 1000);
    if (i + 1 < s->n && s->p[i] == '.' && is_digit(s->p[i + 1]))
        for (i++; i < s->n && is_digit(s->p[i]); i++, any = true)
            value += (s->p[i] - '0') * (scale /= 10);
    if (!any)
        return false;
    size_t e = i + 1;
    bool small = e < s->n && s->p[e] == '-';
    e += e < s->n && (s->p[e] == '-' || s->p[e] == '+');
    if (i < s->n && to_lower(s->p[i]) == 'e' && e < s->n && is_digit(s->p[e])) {
        unsigned exponent = 0;
        for (; e < s->n && is_digit(s->p[e]); e++)
            exponent = exponent < 20 ? exponent * 10 + (unsigned)(s->p[e] - '0') : exponent;
        for (; exponent > 0 && value != 0; exponent--)
            value = small ? value / 10 : clamped(value * 10);
        i = e;
    }
    *out = minus ? -value : value;
    *s = str_slice(*s, i, s->n);
    return true;
}

static bool read_plain(struct str *s, struct css_number *out)
{
    struct str at = *s;
    int64_t value;
    if (!read_digits(&at, &value))
        return false;
    size_t n = 0;
    while (n < at.n && (is_alpha(at.p[n]) || at.p[n] == '%'))
        n++;
    struct css_number got = {.milli = value, .unit = CSS_UNIT_NONE};
    bool known = n == 0;
    for (size_t i = 0; i < ARRAY_LEN(units) && !known; i++)
        if (str_ieq(str_slice(at, 0, n), units[i].name)) {
            got = (struct css_number){clamped(value * units[i].milli / 1000), units[i].unit};
            known = true;
        }
    if (!known)
        return false;
    *s = str_slice(at, n, at.n);
    *out = got;
    return true;
}

/* Operands of different units: on a screen of common size, with letters of common size. */
static struct css_number comparable(struct css_number v, enum css_unit with)
{
    if (v.unit == with || v.unit == CSS_UNIT_NONE || with == CSS_UNIT_NONE)
        return v;
    if (v.unit == CSS_UNIT_EM)
        v.milli *= 16;
    if (v.unit == CSS_UNIT_PERCENT)
        v.milli *= 10;
    return (struct css_number){clamped(v.milli), CSS_UNIT_LENGTH};
}

static struct css_number combine(struct css_number a, char operator, struct css_number b)
{
    if (operator== '*')
        return (struct css_number){clamped(a.milli * b.milli / 1000),
                                   a.unit != CSS_UNIT_NONE ? a.unit : b.unit};
    if (operator== '/')
        return (struct css_number){b.milli == 0 ? max_milli : clamped(a.milli * 1000 / b.milli),
                                   a.unit};
    a = comparable(a, b.unit);
    b = comparable(b, a.unit);
    enum css_unit unit = a.unit != CSS_UNIT_NONE ? a.unit : b.unit;
    int64_t sum = operator== '-' ? a.milli - b.milli : a.milli + b.milli;
    int64_t smaller = a.milli < b.milli ? a.milli : b.milli;
    int64_t larger = a.milli < b.milli ? b.milli : a.milli;
    return (struct css_number){operator== '<' ? smaller :
                               operator== '>' ? larger
                                              : clamped(sum),
                               unit};
}

/* One open bracket of an expression: what it has so far. */
struct level {
    char function; /* 'c' calc or bracket, '<' min, '>' max, 'k' clamp */
    bool has_sum, has_product, has_done, wants_operator;
    char sum_operator, product_operator;
    struct css_number sum, product, done;
    unsigned arguments;
    struct css_number low; /* of clamp */
};

static void take_product(struct level *l)
{
    if (l->has_product)
        l->sum = l->has_sum ? combine(l->sum, l->sum_operator, l->product) : l->product;
    l->has_sum |= l->has_product;
    l->has_product = false;
}

static void take_value(struct level *l, struct css_number v)
{
    l->product = l->has_product ? combine(l->product, l->product_operator, v) : v;
    l->has_product = l->wants_operator = true;
}

/* At "," or ")". clamp(a, b, c) is max(a, min(b, c)). */
static bool take_argument(struct level *l)
{
    take_product(l);
    if (!l->has_sum)
        return false;
    if (l->function == 'k' && l->arguments == 0)
        l->low = l->sum;
    else if (!l->has_done)
        l->done = l->sum;
    else
        l->done = combine(l->done, l->function == 'k' ? '<' : l->function, l->sum);
    l->has_done |= l->function != 'k' || l->arguments > 0;
    l->arguments++;
    l->has_sum = l->wants_operator = false;
    return true;
}

static bool open_level(struct str *s, struct level *l)
{
    static const struct {
        struct str name;
        char function;
    } functions[] = {{STR_INIT("calc("), 'c'},
                     {STR_INIT("("), 'c'},
                     {STR_INIT("min("), '<'},
                     {STR_INIT("max("), '>'},
                     {STR_INIT("clamp("), 'k'}};
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (str_istarts(*s, functions[i].name)) {
            *l = (struct level){.function = functions[i].function};
            *s = str_slice(*s, functions[i].name.n, s->n);
            return true;
        }
    return false;
}

static bool take_operator(struct level *l, char c)
{
    if (c == ',')
        return take_argument(l);
    if (c == '*' || c == '/') {
        l->product_operator = c;
    } else {
        take_product(l);
        l->sum_operator = c;
    }
    l->wants_operator = false;
    return true;
}

bool css_number_read(struct str *s, struct css_number *out)
{
    struct level levels[CSS_MAX_NESTING];
    unsigned n = 0;
    struct str at = *s;
    if (!open_level(&at, &levels[0]))
        return read_plain(s, out);
    for (n = 1; n > 0;) {
        struct level *l = &levels[n - 1];
        struct css_number v;
        at = css_trim(at);
        char c = at.n > 0 ? at.p[0] : '\0';
        if (c == ')') {
            if (!take_argument(l))
                return false;
            v = l->has_done ? l->done : l->low;
            v = l->function == 'k' && l->has_done ? combine(l->low, '>', v) : v;
            at = str_slice(at, 1, at.n);
            if (--n == 0)
                *out = v;
            else
                take_value(&levels[n - 1], v);
        } else if (!l->wants_operator && n < CSS_MAX_NESTING && open_level(&at, &levels[n])) {
            n++;
        } else if (!l->wants_operator && read_plain(&at, &v)) {
            take_value(l, v);
        } else if (l->wants_operator && c != '\0' && memchr("+-*/,", c, 5) != NULL) {
            if (!take_operator(l, c))
                return false;
            at = str_slice(at, 1, at.n);
        } else {
            return false;
        }
    }
    *s = at;
    return true;
}
