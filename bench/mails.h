/* The mail of others, as input of benchmarks. */
#ifndef MP_BENCH_MAILS_H
#define MP_BENCH_MAILS_H

#include "base/str.h"

/* Call `take` with each file below the directories but lists and notes (.md, .tsv, .json); `bytes`
 * lives as long as the call. Ends the program with 2 when something cannot be read. */
void mails_each(char **roots, void (*take)(void *ctx, const char *path, struct str bytes),
                void *ctx);

#endif
