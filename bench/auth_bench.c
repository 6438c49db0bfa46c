/* Authentication against the ideal and against libopendkim: same messages, same run, in turns.
 *
 * usage: auth_bench [ROUNDS [LARGE [SMALL [NAME]]]]     NAME: only this contestant, for perf
 * Prints medians over the rounds. CPU is what the threads used; a ratio is the median of the ratios
 * within each round, so that a slow minute of the machine slows both sides of it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/contest.h"
#include "bench/measure.h"

enum {
    DEFAULT_ROUNDS = 7,
    DEFAULT_LARGE = 2000,
    DEFAULT_SMALL = 8000,
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

enum { IDEAL, MAILPROOF, N_CONTESTANTS = (int)ARRAY_LEN(contestants) };

/* What was asked for on the command line. */
struct plan {
    size_t rounds;
    struct str only; /* empty: everyone */
};

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

/* How many times the CPU of `other` is that of `mine`, in the median. */
static double ratio(const struct round *other, const struct round *mine, size_t n)
{
    double v[MAX_ROUNDS];
    for (size_t i = 0; i < n; i++)
        v[i] = other[i].cpu_s / mine[i].cpu_s;
    return measure_median(v, n);
}

static void print_result(const struct bench_set *set, const char *name, size_t threads,
                         const struct round *rounds, size_t n)
{
    double cpu[MAX_ROUNDS], wall[MAX_ROUNDS];
    for (size_t i = 0; i < n; i++) {
        cpu[i] = rounds[i].cpu_s;
        wall[i] = rounds[i].wall_s;
    }
    double wall_s = measure_median(wall, n);
    printf("%-12s %zu thread%s %8.0f messages/s %6.0f MB/s %8.4f CPU ms a message", name, threads,
           threads == 1 ? " " : "s", (double)set->n / wall_s, (double)set->bytes / 1e6 / wall_s,
           measure_median(cpu, n) * 1e3 / (double)set->n);
}

static bool takes_part(const struct plan *plan, size_t c)
{
    return plan->only.n == 0 || str_eq(plan->only, str_from(contestants[c]->name));
}

static void contest(const struct bench_set *set, size_t threads, const struct plan *plan)
{
    static struct round results[N_CONTESTANTS][MAX_ROUNDS];
    void *states[N_CONTESTANTS][MAX_THREADS] = {{NULL}};
    for (size_t c = 0; c < N_CONTESTANTS; c++) {
        if (!takes_part(plan, c))
            continue;
        for (size_t t = 0; t < threads; t++)
            if ((states[c][t] = contestants[c]->open(set)) == NULL)
                bench_fail(contestants[c]->name);
        run_round(contestants[c], set, states[c], threads); /* warm up */
    }
    for (size_t r = 0; r < plan->rounds; r++)
        for (size_t c = 0; c < N_CONTESTANTS; c++)
            if (takes_part(plan, c))
                results[c][r] = run_round(contestants[c], set, states[c], threads);
    for (size_t c = 0; c < N_CONTESTANTS; c++) {
        if (!takes_part(plan, c))
            continue;
        print_result(set, contestants[c]->name, threads, results[c], plan->rounds);
        if (plan->only.n == 0)
            printf("   %5.1f %% of the ideal's speed, %5.2f of mailproof's",
                   100 * ratio(results[IDEAL], results[c], plan->rounds),
                   ratio(results[MAILPROOF], results[c], plan->rounds));
        printf("\n");
        for (size_t t = 0; t < threads; t++)
            contestants[c]->close(states[c][t]);
    }
}

static void run_set(const char *name, const struct bench_size *sizes, size_t n,
                    const struct plan *plan)
{
    struct bench_set set;
    if (n == 0)
        return;
    bench_set_make(&set, name, sizes, n, SEED);
    printf("\n%s: %zu messages, mean %.1f KB, %zu signatures, %zu of them Ed25519; median of %zu "
           "rounds\n",
           name, set.n, (double)set.bytes / 1e3 / (double)set.n, set.n_signatures, set.n_ed25519,
           plan->rounds);
    for (size_t threads = 1; threads <= MAX_THREADS; threads++)
        contest(&set, threads, plan);
    bench_set_clear(&set);
}

static size_t argument(int argc, char **argv, int i, size_t fallback, size_t max)
{
    uint64_t n = fallback;
    if (i < argc && !str_to_u64(str_from(argv[i]), max, &n))
        bench_fail("usage: auth_bench [ROUNDS [LARGE [SMALL [NAME]]]]");
    return (size_t)n;
}

int main(int argc, char **argv)
{
    const struct plan plan = {.rounds = argument(argc, argv, 1, DEFAULT_ROUNDS, MAX_ROUNDS),
                              .only = str_from(argc > 4 ? argv[4] : NULL)};
    if (plan.rounds == 0)
        bench_fail("at least one round");
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_set("large", bench_large, argument(argc, argv, 2, DEFAULT_LARGE, COUNT_MAX), &plan);
    run_set("small", bench_small, argument(argc, argv, 3, DEFAULT_SMALL, COUNT_MAX), &plan);
    return 0;
}
