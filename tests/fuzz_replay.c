/* Runs a fuzz target without libFuzzer: its seeds, their prefixes, and seeds with one octet
 * changed.
 *
 * usage: NAME_replay SEED_DIRECTORY — linked with one *_fuzz.c. It keeps the seeds of all targets
 * running in every build, with the compilers and sanitizers that have no fuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prefixes, and changed places, tried of one seed: spread evenly over longer ones. */
enum { VARIANTS_MAX = 200, SEED_PATH_MAX = 4096 };

/* The bytes lie at the end of their own allocation, so that ASan sees one octet too many. */
static void run(const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n == 0 ? 1 : n);
    if (copy == NULL)
        abort();
    if (n != 0)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void replay(struct str seed)
{
    static const char changes[] = {0, ' ', '\n', ';', ':', '=', '"', '(', (char)0xff};
    size_t step = seed.n / VARIANTS_MAX + 1;
    char *changed = malloc(seed.n + 1);
    if (changed == NULL)
        abort();
    run(seed.p, seed.n);
    for (size_t i = 0; i < seed.n; i += step) {
        run(seed.p, i);
        memcpy(changed, seed.p, seed.n);
        changed[i] = changes[(i / step) % sizeof changes];
        run(changed, seed.n);
    }
    free(changed);
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        fprintf(stderr, "usage: %s SEED_DIRECTORY\n", argv[0]);
        return 2;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[SEED_PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        struct str seed = tap_read_file(path);
        tap_case("%s", entry->d_name);
        if (tap_ok(seed.p != NULL))
            replay(seed);
    }
    closedir(dir);
    return tap_done();
}
