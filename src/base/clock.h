/* The only place that reads a clock; below io/ time is an argument. */
#ifndef MP_BASE_CLOCK_H
#define MP_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_s(void);  /* Unix seconds, may jump */
int64_t clock_wall_ms(void); /* the same in milliseconds */
int64_t clock_mono_us(void); /* monotonic microseconds, for durations and deadlines */

/* Proleptic Gregorian calendar in UTC <-> Unix seconds, for all years 1..9999. */
int64_t civil_to_unix(int year, int month, int day, int hour, int minute, int second);
void unix_to_civil(int64_t unix_s, int *year, int *month, int *day, int *hour, int *minute,
                   int *second);

#endif
