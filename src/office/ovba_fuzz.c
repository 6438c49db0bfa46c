/* Any bytes as compressed source of macros, and as source. */
#include "office/macro.h"
#include "office/ovba.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX = 1 << 20 };
    struct str bytes = str_make((const char *)data, size);
    struct macro_hits h = {0};
    struct buf b;
    buf_init(&b, MAX);
    ovba_decompress(&b, bytes, MAX);
    if (b.failed || b.n > MAX)
        __builtin_trap();
    macro_scan(buf_str(&b), &h);
    macro_scan(bytes, &h);
    buf_clear(&b);
    return 0;
}
