/* Clocks, and calendar arithmetic without the C library's time zone. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { DAYS_PER_ERA = 146097, EPOCH_SHIFT_DAYS = 719468, SECONDS_PER_DAY = 86400 };

int64_t clock_wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec;
}

int64_t clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Eras of 400 years that begin on 1 March, so that the leap day is the last of its year. */
int64_t civil_to_unix(int year, int month, int day, int hour, int minute, int second)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT_DAYS;
    return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
}

void unix_to_civil(int64_t unix_s, int *year, int *month, int *day, int *hour, int *minute,
                   int *second)
{
    int64_t days = unix_s / SECONDS_PER_DAY, rest = unix_s % SECONDS_PER_DAY;
    if (rest < 0) {
        rest += SECONDS_PER_DAY;
        days--;
    }
    days += EPOCH_SHIFT_DAYS;
    int64_t era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
    int64_t doe = days - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
    *hour = (int)(rest / 3600);
    *minute = (int)(rest / 60 % 60);
    *second = (int)(rest % 60);
}

size_t clock_ms_text(int64_t unix_ms, char *out, size_t room)
{
    static const int64_t year_10000_ms = 253402300800000;
    int year, month, day, hour, minute, second;
    if (room > 0)
        out[0] = '\0';
    if (unix_ms < 0 || unix_ms >= year_10000_ms || room < sizeof "2026-11-23T10:00:00.250Z")
        return 0;
    unix_to_civil(unix_ms / 1000, &year, &month, &day, &hour, &minute, &second);
    int n = snprintf(out, room, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, hour,
                     minute, second, (int)(unix_ms % 1000));
    return n > 0 ? (size_t)n : 0;
}
