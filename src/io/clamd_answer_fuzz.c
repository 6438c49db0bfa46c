/* Any bytes as answers of clamd: only what ends in OK is clean, and VERSION and STATS hold. */
#include <stdlib.h>

#include "io/clamd_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), line;
    struct clamd_version version;
    struct clamd_stats stats;
    clamd_stats_parse(rest, &stats);
    while (clamd_reply_next(&rest, &line)) {
        struct clamd_reply r = clamd_reply_parse(line);
        if (r.kind == CLAMD_REPLY_OK && !str_ends(line, STR(": OK")))
            abort();
        if (clamd_version_parse(line, &version) && version.engine[0] == '\0')
            abort();
    }
    return 0;
}
