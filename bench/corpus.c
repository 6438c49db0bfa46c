/* Writes a generated set to files, to measure whole programs: messages, zone, and jobs for --batch.
 *
 * usage: corpus DIRECTORY COUNT [small]     then:
 *        mailproof scan --zone DIRECTORY/zone.db --batch DIRECTORY/jobs.jsonl */
#include <stdio.h>
#include <stdlib.h>

#include "bench/contest.h"

enum { PATH_BYTES = 4096, ZONE_MAX_BYTES = 16 * 1024 * 1024, COUNT_MAX = 1000000, SEED = 7 };

_Noreturn void bench_fail(const char *what)
{
    fprintf(stderr, "corpus: %s\n", what);
    exit(2);
}

static void write_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
        bench_fail(path);
}

static void write_zone(const struct bench_set *set, const char *dir)
{
    char path[PATH_BYTES];
    struct buf zone;
    buf_init(&zone, ZONE_MAX_BYTES);
    for (size_t i = 0; i < set->n_names; i++) {
        struct dns_answer *a = dns_zone_lookup(set->zone, set->names[i], DNS_TXT);
        if (a == NULL)
            bench_fail("out of memory");
        dns_zone_write(&zone, a);
        dns_answer_unref(a);
    }
    if (zone.failed)
        bench_fail("the zone is too large");
    snprintf(path, sizeof path, "%s/zone.db", dir);
    write_file(path, buf_str(&zone));
    buf_clear(&zone);
}

int main(int argc, char **argv)
{
    static struct bench_set set;
    char path[PATH_BYTES];
    uint64_t n;
    if (argc < 3 || !str_to_u64(str_from(argv[2]), COUNT_MAX, &n))
        bench_fail("usage: corpus DIRECTORY COUNT [small]");
    bench_set_make(&set, "corpus", argc > 3 ? bench_small : bench_large, (size_t)n, SEED);
    write_zone(&set, argv[1]);
    snprintf(path, sizeof path, "%s/jobs.jsonl", argv[1]);
    FILE *jobs = fopen(path, "wb");
    if (jobs == NULL)
        bench_fail(path);
    for (size_t i = 0; i < set.n; i++) {
        snprintf(path, sizeof path, "%s/%06zu.eml", argv[1], i);
        write_file(path, set.mails[i].raw);
        fprintf(jobs,
                "{\"file\":\"%s\",\"ip\":\"192.0.2.77\",\"helo\":\"" STR_FMT
                "\",\"mail_from\":\"" STR_FMT "\",\"time\":%d}\n",
                path, STR_ARG(set.mails[i].helo), STR_ARG(set.mails[i].mail_from), BENCH_NOW_S);
    }
    if (fclose(jobs) != 0)
        bench_fail("jobs.jsonl");
    bench_set_clear(&set);
    return 0;
}
