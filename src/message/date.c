/* Dates of mail to Unix time and back. */
#include "message/date.h"

#include <stdio.h>

#include "base/clock.h"
#include "message/message_internal.h"

enum { YEAR_MIN = 1900, YEAR_MAX = 9999, MINUTES_A_DAY = 24 * 60 };

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char days[] = "sunmontuewedthufrisat";

struct cursor {
    struct str s;
    size_t pos;
    struct mail_date *out;
};

static void skip(struct cursor *c)
{
    struct str comment = STR_NONE;
    cfws_skip(c->s, &c->pos, &comment);
    c->out->obsolete |= comment.p != NULL;
}

/* Take `mark` and the white space before it. */
static bool take_mark(struct cursor *c, char mark)
{
    skip(c);
    if (c->pos == c->s.n || c->s.p[c->pos] != mark)
        return false;
    c->pos++;
    return true;
}

static bool take_number(struct cursor *c, size_t min_digits, size_t max_digits, int *value,
                        size_t *digits)
{
    uint64_t number = 0;
    skip(c);
    size_t start = c->pos;
    while (c->pos < c->s.n && is_digit(c->s.p[c->pos]) && c->pos - start < max_digits + 1)
        c->pos++;
    struct str text = str_slice(c->s, start, c->pos);
    if (text.n < min_digits || text.n > max_digits || !str_to_u64(text, 99999, &number))
        return false;
    *value = (int)number;
    if (digits != NULL)
        *digits = text.n;
    return true;
}

static struct str take_letters(struct cursor *c)
{
    skip(c);
    size_t start = c->pos;
    while (c->pos < c->s.n && is_alpha(c->s.p[c->pos]))
        c->pos++;
    return str_slice(c->s, start, c->pos);
}

/* Index of a three-letter word in a table of such words, or -1. */
static int three_letters(struct str word, const char *table, int n)
{
    for (int i = 0; word.n == 3 && i < n; i++)
        if (str_ieq(word, str_make(table + 3 * i, 3)))
            return i;
    return -1;
}

/* RFC 5322 4.3: two digits are 2000..2049 and 1950..1999, three are added to 1900. */
static bool take_year(struct cursor *c, int *year)
{
    size_t digits = 0;
    if (!take_number(c, 2, 4, year, &digits))
        return false;
    if (digits == 2)
        *year += *year < 50 ? 2000 : 1900;
    else if (digits == 3)
        *year += 1900;
    c->out->obsolete |= digits < 4;
    return *year >= YEAR_MIN && *year <= YEAR_MAX;
}

static bool take_clock(struct cursor *c, int *hour, int *minute, int *second)
{
    size_t digits = 0;
    if (!take_number(c, 1, 2, hour, &digits) || !take_mark(c, ':') ||
        !take_number(c, 2, 2, minute, NULL))
        return false;
    c->out->obsolete |= digits == 1;
    *second = 0;
    if (take_mark(c, ':') && !take_number(c, 2, 2, second, NULL))
        return false;
    return *hour < 24 && *minute < 60 && *second <= 60; /* 60: a leap second */
}

/* RFC 5322 4.3: military letters and unknown names say nothing about the zone. */
static bool take_zone_name(struct cursor *c)
{
    static const struct {
        struct str name;
        int hours;
    } zones[] = {{STR_INIT("UT"), 0},   {STR_INIT("GMT"), 0},  {STR_INIT("UTC"), 0},
                 {STR_INIT("Z"), 0},    {STR_INIT("EST"), -5}, {STR_INIT("EDT"), -4},
                 {STR_INIT("CST"), -6}, {STR_INIT("CDT"), -5}, {STR_INIT("MST"), -7},
                 {STR_INIT("MDT"), -6}, {STR_INIT("PST"), -8}, {STR_INIT("PDT"), -7}};
    struct str word = take_letters(c);
    c->out->obsolete = true;
    c->out->zone_unknown = true;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        if (!str_ieq(word, zones[i].name))
            continue;
        c->out->zone_minutes = zones[i].hours * 60;
        c->out->zone_unknown = false;
    }
    return word.n > 0 && word.n <= 5;
}

static bool take_zone(struct cursor *c)
{
    int zone = 0;
    skip(c);
    char sign = c->pos < c->s.n ? c->s.p[c->pos] : '\0';
    if (sign != '+' && sign != '-')
        return take_zone_name(c);
    c->pos++;
    if (c->pos < c->s.n && !is_digit(c->s.p[c->pos]))
        return false;
    if (!take_number(c, 4, 4, &zone, NULL) || zone % 100 >= 60)
        return false;
    int minutes = zone / 100 * 60 + zone % 100;
    c->out->zone_minutes = sign == '-' ? -minutes : minutes;
    c->out->zone_unknown = sign == '-' && zone == 0; /* RFC 5322 3.3 */
    return minutes < MINUTES_A_DAY;
}

static bool day_exists(int year, int month, int day)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && day <= length[month - 1] + (month == 2 && leap);
}

bool date_parse(struct str value, struct mail_date *out)
{
    struct mail_date date = {0};
    struct cursor c = {.s = value, .out = &date};
    int day, year, hour, minute, second;
    struct str name = take_letters(&c);
    if (name.n != 0 && (three_letters(name, days, 7) < 0 || !take_mark(&c, ',')))
        return false;
    if (!take_number(&c, 1, 2, &day, NULL))
        return false;
    int month = three_letters(take_letters(&c), months, 12) + 1;
    if (month == 0 || !take_year(&c, &year) || !day_exists(year, month, day))
        return false;
    if (!take_clock(&c, &hour, &minute, &second) || !take_zone(&c))
        return false;
    skip(&c);
    if (c.pos != value.n)
        return false;
    date.unix_s = civil_to_unix(year, month, day, hour, minute, second < 60 ? second : 59) -
                  (int64_t)date.zone_minutes * 60;
    *out = date;
    return true;
}

size_t date_write(int64_t unix_s, char out[DATE_TEXT_MAX])
{
    enum { DAY_S = 86400 };
    static const char day_names[] = "Sun\0Mon\0Tue\0Wed\0Thu\0Fri\0Sat";
    static const char month_names[] = "Jan\0Feb\0Mar\0Apr\0May\0Jun\0Jul\0Aug\0Sep\0Oct\0Nov\0Dec";
    const int64_t first = civil_to_unix(1, 1, 1, 0, 0, 0);
    const int64_t last = civil_to_unix(YEAR_MAX, 12, 31, 23, 59, 59);
    int year, month, day, hour, minute, second;
    unix_s = unix_s < first ? first : unix_s > last ? last : unix_s;
    unix_to_civil(unix_s, &year, &month, &day, &hour, &minute, &second);
    int64_t day_number = (unix_s - first) / DAY_S; /* 1 January of year 1 was a Monday */
    int n = snprintf(out, DATE_TEXT_MAX, "%s, %d %s %04d %02d:%02d:%02d +0000",
                     day_names + 4 * ((day_number + 1) % 7), day, month_names + 4 * (month - 1),
                     year, hour, minute, second);
    return n < 0 ? 0 : (size_t)n;
}
