/* The only place that reads a clock; below io/ time is an argument. */
#ifndef MP_BASE_CLOCK_H
#define MP_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_s(void);  /* Unix seconds, may jump */
int64_t clock_wall_ms(void); /* the same in milliseconds */
int64_t clock_mono_us(void); /* monotonic microseconds, for durations and deadlines */

/* Proleptic Gregorian calendar in UTC <-> Unix seconds, for all years 1..9999. */
int64_t civil_to_unix(int year, int month, int day, int hour, int minute, int second);
void unix_to_civil(int64_t unix_s, int *year, int *month, int *day, int *hour, int *minute,
                   int *second);
/* "2026-11-23T10:00:00.250Z" (RFC 3339) with a NUL: 25 bytes. Returns the length; 0, and an empty
 * text, for a time before 1970 or behind the year 9999, and for less room. */
size_t clock_ms_text(int64_t unix_ms, char *out, size_t room);

#endif
