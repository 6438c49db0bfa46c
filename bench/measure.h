/* What every benchmark measures with. */
#ifndef MP_BENCH_MEASURE_H
#define MP_BENCH_MEASURE_H

#include <stdlib.h>
#include <time.h>

/* CPU time of this process. */
static inline double measure_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int measure_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `v`, which has at least one. */
static inline double measure_median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, measure_by_value);
    return v[n / 2];
}

#endif
