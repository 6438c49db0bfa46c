/* Times as sources of intelligence write them. */
#include "base/clock.h"
#include "intel/feed.h"

enum { EPOCH_MS_FROM_DIGITS = 12, DAY_S = 86400 };

/* Exactly `n` digits off the front. */
static bool take_digits(struct str *s, size_t n, int most, int *out)
{
    uint64_t v;
    if (!str_to_u64(str_slice(*s, 0, n), (uint64_t)most, &v) || s->n < n)
        return false;
    *out = (int)v;
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

static size_t count_digits(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    return n;
}

/* "2026-11-29" or "20261129". */
static bool take_date(struct str *s, int64_t *day)
{
    int y, m, d, y2, m2, d2, ignored;
    if (!take_digits(s, 4, 9999, &y))
        return false;
    bool dashes = take_char(s, '-');
    if (!take_digits(s, 2, 12, &m) || (dashes && !take_char(s, '-')) ||
        !take_digits(s, 2, 31, &d) || y == 0 || m == 0 || d == 0)
        return false;
    *day = civil_to_unix(y, m, d, 0, 0, 0);
    unix_to_civil(*day, &y2, &m2, &d2, &ignored, &ignored, &ignored);
    return y == y2 && m == m2 && d == d2; /* no 30 February */
}

/* "13:52", "13:52:46", "13:52:46.123", the same without colons. */
static bool take_clock(struct str *s, int64_t *of_day)
{
    bool colons = s->n > 2 && s->p[2] == ':';
    int h, m, sec = 0;
    if (!take_digits(s, 2, 24, &h) || (colons && !take_char(s, ':')) || !take_digits(s, 2, 59, &m))
        return false;
    bool more = colons ? take_char(s, ':') : count_digits(*s) >= 2;
    if (more && !take_digits(s, 2, 60, &sec))
        return false;
    if (more && (take_char(s, '.') || take_char(s, ','))) {
        size_t n = count_digits(*s);
        if (n == 0)
            return false;
        *s = str_slice(*s, n, s->n);
    }
    *of_day = h * 3600 + m * 60 + sec;
    return *of_day <= DAY_S;
}

/* "Z", "UTC", "GMT", "+01:00", "-0730", "+01", or nothing. */
static bool take_zone(struct str *s, int64_t *offset_s)
{
    int h, m = 0;
    *offset_s = 0;
    *s = str_trim_wsp(*s);
    if (s->n == 0 || str_ieq(*s, STR("Z")) || str_ieq(*s, STR("UTC")) || str_ieq(*s, STR("GMT"))) {
        *s = STR_NONE;
        return true;
    }
    bool east = take_char(s, '+');
    if ((!east && !take_char(s, '-')) || !take_digits(s, 2, 23, &h))
        return false;
    (void)take_char(s, ':');
    if (s->n > 0 && !take_digits(s, 2, 59, &m))
        return false;
    *offset_s = (east ? 1 : -1) * (int64_t)(h * 3600 + m * 60);
    return s->n == 0;
}

static int64_t epoch(struct str digits)
{
    uint64_t v;
    if (!str_to_u64(digits, INT64_MAX, &v))
        return 0;
    v /= digits.n >= EPOCH_MS_FROM_DIGITS ? 1000 : 1;
    return v <= (uint64_t)civil_to_unix(9999, 12, 31, 23, 59, 59) ? (int64_t)v : 0;
}

int64_t feed_time(struct str text)
{
    int64_t day, of_day = 0, offset = 0;
    struct str s = str_trim(text);
    size_t digits = count_digits(s);
    if (digits > 8 && (digits == s.n || s.p[digits] == '.'))
        return epoch(str_slice(s, 0, digits));
    if (!take_date(&s, &day))
        return 0;
    if (s.n > 1 && (to_lower(s.p[0]) == 't' || is_wsp(s.p[0])) && is_digit(s.p[1])) {
        s = str_slice(s, 1, s.n);
        if (!take_clock(&s, &of_day))
            return 0;
    }
    if (!take_zone(&s, &offset))
        return 0;
    int64_t unix_s = day + of_day - offset;
    return unix_s > 0 ? unix_s : 0;
}
