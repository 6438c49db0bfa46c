/* What the readers share: texts, times, domains of addresses. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "feedback/read_internal.h"

struct str feedback_text(struct arena *a, struct str s)
{
    s = str_trim(s);
    if (utf8_valid(s))
        return arena_copy(a, utf8_cut(s, FEEDBACK_MAX_TEXT_BYTES));
    struct buf b;
    buf_init(&b, 2 * FEEDBACK_MAX_TEXT_BYTES);
    s = str_slice(s, 0, FEEDBACK_MAX_TEXT_BYTES);
    while (s.n > 0) { /* a broken byte becomes U+FFFD */
        int32_t c = utf8_next(&s);
        utf8_add(&b, c < 0 ? 0xfffd : c);
    }
    struct str out = b.failed && b.n == 0
                         ? STR_NONE
                         : arena_copy(a, utf8_cut(buf_str(&b), FEEDBACK_MAX_TEXT_BYTES));
    buf_clear(&b);
    return out;
}

struct str feedback_address_domain(struct str s)
{
    size_t at = str_rfind(s, '@');
    s = str_slice(s, at < s.n ? at + 1 : s.n, s.n);
    size_t n = 0;
    while (n < s.n && !is_fws(s.p[n]) && s.p[n] != '>' && s.p[n] != '"' && s.p[n] != ')' &&
           s.p[n] != ',' && s.p[n] != ';')
        n++;
    return str_slice(s, 0, n);
}

/* ---- times ---- */

/* `digits` of them at the front, and the sign behind them where there is to be one. */
static bool take(struct str *s, size_t digits, char behind, int *out)
{
    uint64_t v;
    if (s->n < digits || !str_to_u64(str_slice(*s, 0, digits), 9999, &v))
        return false;
    *s = str_slice(*s, digits, s->n);
    *out = (int)v;
    if (behind == '\0')
        return true;
    if (s->n == 0 || s->p[0] != behind)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

/* "", "Z", "+02:00", "-0130" */
static bool take_zone(struct str s, int *minutes)
{
    int hour = 0, minute = 0;
    *minutes = 0;
    if (s.n == 0 || str_ieq(s, STR("Z")))
        return true;
    bool east = s.p[0] == '+';
    if (!east && s.p[0] != '-')
        return false;
    s = str_slice(s, 1, s.n);
    if (!take(&s, 2, '\0', &hour))
        return false;
    if (s.n > 0 && s.p[0] == ':')
        s = str_slice(s, 1, s.n);
    if ((s.n > 0 && !take(&s, 2, '\0', &minute)) || s.n > 0 || hour > 23 || minute > 59)
        return false;
    *minutes = (east ? 1 : -1) * (60 * hour + minute);
    return true;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (leap && month == 2);
}

/* Digits behind a dot say nothing that counts here. */
static struct str without_fraction(struct str s)
{
    size_t n = 1;
    if (s.n == 0 || s.p[0] != '.')
        return s;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    return str_slice(s, n, s.n);
}

bool feedback_time_parse(struct str s, int64_t *out)
{
    static const int64_t last_s = 253402300799; /* of the year 9999 */
    int year, month, day, hour = 0, minute = 0, second = 0, zone = 0;
    uint64_t unix_s;
    s = str_trim(s);
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    if (n > 4 && without_fraction(str_slice(s, n, s.n)).n == 0) {
        if (!str_to_u64(str_slice(s, 0, n), (uint64_t)last_s, &unix_s))
            return false;
        *out = (int64_t)unix_s;
        return true;
    }
    if (n > 0 && n <= 4 && n == s.n && str_to_u64(s, 9999, &unix_s)) {
        *out = (int64_t)unix_s;
        return true;
    }
    if (!take(&s, 4, '-', &year) || !take(&s, 2, '-', &month) || !take(&s, 2, '\0', &day) ||
        !is_day(year, month, day))
        return false;
    if (s.n > 0 && (s.p[0] == 'T' || s.p[0] == 't' || s.p[0] == ' ')) {
        s = str_slice(s, 1, s.n);
        if (!take(&s, 2, ':', &hour) || !take(&s, 2, '\0', &minute))
            return false;
        if (s.n > 0 && s.p[0] == ':') {
            s = str_slice(s, 1, s.n);
            if (!take(&s, 2, '\0', &second))
                return false;
        }
        s = without_fraction(s);
        if (hour > 24 || minute > 59 || second > 60 || !take_zone(str_trim(s), &zone))
            return false;
    } else if (s.n > 0) {
        return false;
    }
    int64_t t = civil_to_unix(year, month, day, hour, minute, second) - 60 * (int64_t)zone;
    if (t < 0 || t > last_s)
        return false;
    *out = t;
    return true;
}
