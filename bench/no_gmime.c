/* Where GMime is not installed: the column stays empty. */
#include "bench/content_bench.h"

const bool bench_has_gmime = false;

void bench_gmime(struct str raw, bool decode)
{
    (void)raw;
    (void)decode;
}
