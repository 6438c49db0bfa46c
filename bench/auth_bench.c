/* Authentication against the ideal and against libopendkim: same messages, same run, in turns.
 *
 * usage: auth_bench [ROUNDS [LARGE [SMALL]]]
 * Prints medians over the rounds. CPU is what the threads used; the ratios come from it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/contest.h"

enum {
    DEFAULT_ROUNDS = 7,
    DEFAULT_LARGE = 2000,
    DEFAULT_SMALL = 20000,
    MAX_ROUNDS = 99,
    MAX_THREADS = 2,
    COUNT_MAX = 1000000,
    SEED = 7
};

static const struct contestant *const contestants[] = {
    &contest_ideal,
    &contest_mailproof,
#ifdef BENCH_OPENDKIM
    &contest_opendkim,
#endif
};

enum { N_CONTESTANTS = (int)ARRAY_LEN(contestants) };

_Noreturn void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(2);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One thread's share: every `step`-th message from `first` on. */
struct share {
    pthread_t thread;
    const struct contestant *who;
    const struct bench_set *set;
    void *state;
    size_t first, step, failed;
    double cpu_s;
};

static void *run_share(void *arg)
{
    struct share *s = arg;
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = s->first; i < s->set->n; i += s->step)
        s->failed += !s->who->verify(s->state, &s->set->mails[i]);
    s->cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    return NULL;
}

struct round {
    double cpu_s, wall_s;
};

/* States are kept over the rounds, as a server keeps them over its messages. */
static struct round run_round(const struct contestant *who, const struct bench_set *set,
                              void *const *states, size_t threads)
{
    struct share shares[MAX_THREADS];
    struct round r = {0};
    size_t failed = 0;
    double start = seconds(CLOCK_MONOTONIC);
    for (size_t t = 0; t < threads; t++) {
        shares[t] =
            (struct share){.who = who, .set = set, .state = states[t], .first = t, .step = threads};
        if (pthread_create(&shares[t].thread, NULL, run_share, &shares[t]) != 0)
            bench_fail("no thread");
    }
    for (size_t t = 0; t < threads; t++) {
        pthread_join(shares[t].thread, NULL);
        r.cpu_s += shares[t].cpu_s;
        failed += shares[t].failed;
    }
    r.wall_s = seconds(CLOCK_MONOTONIC) - start;
    if (failed != 0) {
        fprintf(stderr, "bench: %s did not find %zu of %zu messages valid\n", who->name, failed,
                set->n);
        exit(1);
    }
    return r;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct round *rounds, size_t n, bool wall)
{
    double v[MAX_ROUNDS];
    for (size_t i = 0; i < n; i++)
        v[i] = wall ? rounds[i].wall_s : rounds[i].cpu_s;
    qsort(v, n, sizeof v[0], by_value);
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The turns alternate, so that a slow minute of the machine slows everyone. */
static void contest(const struct bench_set *set, size_t threads, size_t rounds)
{
    static struct round results[N_CONTESTANTS][MAX_ROUNDS];
    void *states[N_CONTESTANTS][MAX_THREADS];
    for (size_t c = 0; c < N_CONTESTANTS; c++) {
        for (size_t t = 0; t < threads; t++)
            if ((states[c][t] = contestants[c]->open(set)) == NULL)
                bench_fail(contestants[c]->name);
        run_round(contestants[c], set, states[c], threads); /* warm up */
    }
    for (size_t r = 0; r < rounds; r++)
        for (size_t c = 0; c < N_CONTESTANTS; c++)
            results[c][r] = run_round(contestants[c], set, states[c], threads);
    double ideal = median(results[0], rounds, false), ours = median(results[1], rounds, false);
    for (size_t c = 0; c < N_CONTESTANTS; c++) {
        double cpu = median(results[c], rounds, false), wall = median(results[c], rounds, true);
        printf("%-12s %zu thread%s %9.0f messages/s %8.4f CPU ms a message %6.0f MB/s"
               "   speed: %5.1f %% of the ideal, %5.2f of mailproof\n",
               contestants[c]->name, threads, threads == 1 ? " " : "s", (double)set->n / wall,
               cpu * 1e3 / (double)set->n, (double)set->bytes / 1e6 / wall, 100 * ideal / cpu,
               ours / cpu);
        for (size_t t = 0; t < threads; t++)
            contestants[c]->close(states[c][t]);
    }
}

static void run_set(const char *name, const struct bench_size *sizes, size_t n, size_t rounds)
{
    struct bench_set set;
    if (n == 0)
        return;
    bench_set_make(&set, name, sizes, n, SEED);
    printf("\n%s: %zu messages, mean %.1f KB, %zu signatures, %zu of them Ed25519; median of %zu "
           "rounds\n",
           name, set.n, (double)set.bytes / 1e3 / (double)set.n, set.n_signatures, set.n_ed25519,
           rounds);
    for (size_t threads = 1; threads <= MAX_THREADS; threads++)
        contest(&set, threads, rounds);
    bench_set_clear(&set);
}

static size_t argument(int argc, char **argv, int i, size_t fallback, size_t max)
{
    uint64_t n = fallback;
    if (i < argc && !str_to_u64(str_from(argv[i]), max, &n))
        bench_fail("usage: auth_bench [ROUNDS [LARGE [SMALL]]]");
    return (size_t)n;
}

int main(int argc, char **argv)
{
    size_t rounds = argument(argc, argv, 1, DEFAULT_ROUNDS, MAX_ROUNDS);
    if (rounds == 0)
        bench_fail("at least one round");
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_set("large", bench_large, argument(argc, argv, 2, DEFAULT_LARGE, COUNT_MAX), rounds);
    run_set("small", bench_small, argument(argc, argv, 3, DEFAULT_SMALL, COUNT_MAX), rounds);
    return 0;
}
