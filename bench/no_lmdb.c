/* Where LMDB is not installed: its columns stay out. */
#include "bench/intel_bench.h"

const struct bench_rival bench_lmdb = {.name = "LMDB"};
