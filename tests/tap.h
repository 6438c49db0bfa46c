/* Our test harness: rows that name themselves, Test Anything Protocol 13 on standard output. */
#ifndef MP_TESTS_TAP_H
#define MP_TESTS_TAP_H

#include "base/str.h"

/* Name the row that the next checks belong to. Checks before the first row get their own line. */
void tap_case(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Each check belongs to the current row; a failed one prints what was got, wanted and where. */
#define tap_ok(cond)        tap_ok_at((cond), #cond, __FILE__, __LINE__)
#define tap_int(is, want)   tap_int_at((long long)(is), (long long)(want), #is, __FILE__, __LINE__)
#define tap_str(got, want)  tap_str_at((got), (want), #got, __FILE__, __LINE__)
#define tap_cstr(got, want) tap_str_at(str_from(got), str_from(want), #got, __FILE__, __LINE__)

/* Print a line of explanation for the current row. */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Mark the current row as skipped (data that is not here). It counts as skipped, never as ok. */
void tap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print the plan; the exit code is 0 only when every row passed and at least one row was run. */
int tap_done(void);

bool tap_ok_at(bool ok, const char *what, const char *file, int line);
bool tap_int_at(long long got, long long want, const char *what, const char *file, int line);
bool tap_str_at(struct str got, struct str want, const char *what, const char *file, int line);

/* A whole file of the test data: name relative to the project's root (MP_SOURCE_ROOT, which the
 * build sets). Aborts when the file cannot be read. The bytes live until the process ends. */
struct str tap_source_file(const char *name);
const char *tap_source_path(const char *name);

/* The shared conformance data: directory from MAILPROOF_SHARED, else ../shared beside the source
 * root. NULL when absent: then the test says tap_skip. */
const char *tap_shared_path(const char *name);
struct str tap_read_file(const char *path); /* p == NULL when it cannot be read */

#endif
