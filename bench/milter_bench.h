/* The filter that the benchmark of the mail filter protocol is beside, where it is there. */
#ifndef MP_BENCH_MILTER_BENCH_H
#define MP_BENCH_MILTER_BENCH_H

#include <stdbool.h>

extern const bool bench_has_libmilter;

/* Serve the unix socket `path` until the process is ended: every event is seen, none is answered
 * but by "continue", those that an MTA lets go unanswered are not. */
int bench_libmilter(const char *path);

#endif
